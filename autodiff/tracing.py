"""What a function asks of its Values while it is traced: truths that its branches hang on, and numbers that it reads.

``compile(f)`` traces ``f`` to know what its graph holds for.  A truth value is a guard: the graph holds for the samples
in which the guards come out alike.  A number that is read, ``v.data``, leaves the graph, and is frozen in it.

Tracing holds in the context that began it: not in another thread, nor in an asyncio task beside it.
"""

from __future__ import annotations

import copy
import os
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

from .pausing import recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from .value import Value

__all__ = ["Guard", "Trace", "current_trace", "note_read", "open_traces", "place_of_caller", "tracing"]


class Guard(NamedTuple):
    """A truth that a branch hung on.

    Attributes:
        node: 1.0 where it holds, 0.0 where not.
        truth: what it was.
        place: the file and the line that asked.
    """

    node: Value
    truth: bool
    place: str


class Trace:
    """What was asked so far.

    Attributes:
        guards: in the order in which they were asked.
        reads: the places where a number was read.
    """

    def __init__(self) -> None:
        self.guards: list[Guard] = []
        self.reads: dict[str, None] = {}

    def guard(self, recorded: Callable[[], Value], truth: bool) -> None:
        """Note a truth; ``recorded`` gives the node."""
        with recording():
            self.guards.append(Guard(recorded(), truth, place_of_caller()))


open_traces: set[Trace] = set()
"""Those of all contexts.  While it is empty, nobody need ask for that of this one."""

_current: ContextVar[Trace | None] = ContextVar("current trace", default=None)


def current_trace() -> Trace | None:
    """The trace under way in this context."""
    return _current.get() if open_traces else None


def note_read() -> None:
    """Note in the trace under way, if there is one, that a number leaves the graph."""
    trace = current_trace()
    if trace is not None:
        trace.reads[place_of_caller()] = None


@contextmanager
def tracing() -> Iterator[Trace]:
    """Within it, what is asked of Values is noted, in the trace that this gives.

    >>> from autodiff import Value
    >>> with tracing() as trace:
    ...     y = Value(2.0) if Value(1.0) > 0 else Value(3.0)
    >>> [(guard.node.op.name, guard.truth) for guard in trace.guards]
    [('greater', True)]
    """
    trace = Trace()
    open_traces.add(trace)
    before = _current.set(trace)
    try:
        yield trace
    finally:
        open_traces.discard(trace)
        _current.reset(before)


_PASSED_OVER = (os.path.dirname(__file__) + os.sep, copy.__file__)


def place_of_caller() -> str:
    """The file and line of the innermost call that was not made by this package, or for it by ``copy``."""
    frame: Any = sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PASSED_OVER):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
