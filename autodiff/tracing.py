"""What a function asks of its Values while it is traced: truths that its branches hang on, and numbers that it reads.

``compile(f)`` traces ``f`` to know what its graph holds for.  A truth value is a guard: the graph holds for the samples
in which the guards come out alike.  A number that is read, ``v.data``, leaves the graph, and is frozen in it.

Tracing holds in the context that began it, and for all that is computed from its inputs: a function may start threads.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

from .pausing import is_grad_enabled, recording
from .sweep import recorded_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from .value import Value

__all__ = [
    "Guard",
    "Trace",
    "current_trace",
    "keeps_numbers_only",
    "note_read",
    "open_traces",
    "place_of_caller",
    "trace_of",
    "tracing",
]


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
        inputs: the Values that the function is given.
        guards: in the order in which they were asked.
        reads: the places where a number was read.
    """

    def __init__(self, inputs: Iterable[Value]) -> None:
        self.inputs = frozenset(inputs)
        self.first = min([x.serial for x in self.inputs], default=0)
        self.guards: list[Guard] = []
        self.reads: dict[str, None] = {}

    def reaches(self, v: Value) -> bool:
        """Whether a Value was computed from the inputs."""
        seen: set[Value] = set()
        waiting = [v]
        while waiting:
            node = waiting.pop()
            if node in self.inputs:
                return True
            if node.serial > self.first and node not in seen:
                seen.add(node)
                waiting.extend(recorded_from(node))
        return False

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


def keeps_numbers_only() -> bool:
    """Whether results are leaves here: inside ``no_grad()``, but for a trace, which keeps where they came from."""
    return not is_grad_enabled() and current_trace() is None


def trace_of(v: Any) -> Trace | None:
    """The trace under way in this context, or else that from whose inputs a Value was computed, in another thread."""
    if not open_traces:
        return None
    return _current.get() or next((trace for trace in [*open_traces] if trace.reaches(v)), None)


def note_read(v: Value) -> None:
    """Note, if a function is traced, that the number of a Value leaves the graph."""
    trace = trace_of(v)
    if trace is not None:
        trace.reads[place_of_caller()] = None


@contextmanager
def tracing(inputs: Iterable[Value] = ()) -> Iterator[Trace]:
    """Within it, what is asked of Values is noted, in the trace that this gives.

    >>> from autodiff import Value
    >>> with tracing() as trace:
    ...     y = Value(2.0) if Value(1.0) > 0 else Value(3.0)
    >>> [(guard.node.op.name, guard.truth) for guard in trace.guards]
    [('greater', True)]
    """
    trace = Trace(inputs)
    open_traces.add(trace)
    before = _current.set(trace)
    try:
        yield trace
    finally:
        open_traces.discard(trace)
        _current.reset(before)


_PASSED_OVER = (__package__, "copy")


def place_of_caller() -> str:
    """The file and line of the innermost call that was not made by this package, or for it by ``copy``."""
    frame: Any = sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _PASSED_OVER:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
