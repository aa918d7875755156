"""``no_grad()``: blocks of a program in which operations record no graph.

A block holds in the context that entered it: not in another thread, nor in an asyncio task beside it.  A generator is
in the context of whoever runs it, so a block that it holds across a ``yield`` holds there too, until it leaves the
block or is closed.  Blocks need not end in the order in which they began, nor in the context where they began: one that
has ended no longer counts, wherever it is met.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

__all__ = ["is_grad_enabled", "no_grad", "paused_somewhere", "recording"]


class _Block:
    """A block that pauses recording, or resumes it, and the one around it."""

    __slots__ = ("around", "open", "pauses")

    def __init__(self, pauses: bool, around: _Block | None) -> None:
        self.pauses = pauses
        self.around = around
        self.open = True


_innermost: ContextVar[_Block | None] = ContextVar("innermost block", default=None)
innermost_block = _innermost.get
"""The block that was entered last in this context; it may have ended."""

paused_somewhere: set[_Block] = set()
"""The open ``no_grad()`` blocks of all contexts.  While it is empty, nobody need ask for the block of this one."""


def _enclosing() -> _Block | None:
    """The innermost block of this context that is still open."""
    block = _innermost.get()
    while block is not None and not block.open:
        block = block.around
    return block


def is_grad_enabled() -> bool:
    """Whether operations record a graph here: True outside of ``no_grad()``.

    >>> with no_grad():
    ...     is_grad_enabled()
    False
    """
    if not paused_somewhere:
        return True
    block = _enclosing()
    return block is None or not block.pauses


@contextmanager
def _block(pauses: bool) -> Iterator[bool]:
    """A block, which gives whether recording was paused around it."""
    around = _enclosing()
    block = _Block(pauses, around)
    _innermost.set(block)
    if pauses:
        paused_somewhere.add(block)
    try:
        yield around is not None and around.pauses
    finally:
        block.open = False
        paused_somewhere.discard(block)
        _innermost.set(_enclosing())


@contextmanager
def no_grad() -> Iterator[None]:
    """Within it, operations of this thread or asyncio task record no graph: their results are leaves.

    ``@no_grad()`` over a function does the same for its calls.

    >>> from autodiff import Value
    >>> x = Value(2.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.parents
    ()
    """
    with _block(pauses=True):
        yield


def recording() -> AbstractContextManager[bool]:
    """Within it, operations are recorded even inside ``no_grad()``: a transform needs the graph of its own function.

    Gives whether ``no_grad()`` held outside, where the results of the transform are to be leaves.
    """
    return _block(pauses=False) if paused_somewhere else _NOT_PAUSED


_NOT_PAUSED = nullcontext(False)
