"""``group("head 2")``: the Values that are recorded inside belong together, and a picture draws them so.

A node has no field for it: those of a block are the ones with the serial numbers that were given out meanwhile.
"""

from __future__ import annotations

from bisect import bisect
from collections import deque
from contextlib import ContextDecorator
from contextvars import ContextVar
from typing import TYPE_CHECKING

from .errors import OperandError
from .sweep import next_serial

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .value import Value

__all__ = ["Block", "blocks_of", "group"]

_KEPT = 20_000
"""So many blocks are remembered, the last ones; what was recorded in others is in no group any more."""


class Block:
    """One run through a ``group``.

    Attributes:
        name: of the group.
        around: the block around it; None for an outermost one.
        first, last: the serial numbers between which its nodes lie; ``last`` is None while it is open.
    """

    __slots__ = ("around", "first", "last", "name")

    def __init__(self, name: str, around: Block | None) -> None:
        self.name = name
        self.around = around
        self.first = next_serial()
        self.last: int | None = None

    def around_it(self) -> list[Block]:
        """The blocks around it, outermost first, and itself."""
        found = [self]
        while (around := found[-1].around) is not None:
            found.append(around)
        return found[::-1]


_blocks: deque[Block] = deque(maxlen=_KEPT)
_innermost: ContextVar[Block | None] = ContextVar("innermost open group", default=None)


class group(ContextDecorator):
    """Within it, operations belong to the group of this name, which ``draw`` puts into one frame, or into one box.

    Groups may be nested.  Where a graph is too large to be drawn in full, all runs through a group, in a loop or for
    other samples, are one box, with "× 16".  ``@group("head 2")`` over a function does the same for its calls.  Values
    that another thread records meanwhile count too, and copies belong to no group.

    Args:
        name: what to call it in a picture.

    Raises:
        OperandError: ``name`` is not a text, or empty.

    >>> from autodiff import Value, draw
    >>> x, total = Value(0.5), Value(0.0)
    >>> for _ in range(16):
    ...     with group("step"):
    ...         total = total + x * total
    >>> draw(total, max_nodes=10)
    <Drawing: The graph of total: 34 values, in 1 group>
    """

    __slots__ = ("_block", "_token", "name")

    def __init__(self, name: str) -> None:
        if not isinstance(name, str) or not name:
            raise OperandError(f'group takes a name, as in group("head 2"), not {name!r:.40}')
        self.name = name

    def _recreate_cm(self) -> group:
        """Each call of a function that is decorated has a block of its own."""
        return group(self.name)

    def __enter__(self) -> None:
        self._block = Block(self.name, _innermost.get())
        self._token = _innermost.set(self._block)
        _blocks.append(self._block)

    def __exit__(self, *raised: object) -> None:
        self._block.last = next_serial()
        _innermost.reset(self._token)


def blocks_of(nodes: Iterable[Value]) -> dict[Value, Block]:
    """For each node that was recorded in a group, the innermost block around it."""
    starts, innermost = _stretches()
    if not starts:
        return {}
    return {
        node: block
        for node in nodes
        if (place := bisect(starts, node.serial)) and (block := innermost[place - 1]) is not None
    }


def _stretches() -> tuple[list[int], list[Block | None]]:
    """The serial numbers at which the innermost block changes, in order, and which it is from there on."""
    changes = sorted(
        [(block.first, 1, block) for block in _blocks]
        + [(block.last, 0, block) for block in _blocks if block.last is not None],
        key=lambda change: change[0],
    )
    starts: list[int] = []
    innermost: list[Block | None] = []
    around: list[Block] = []
    for serial, begins, block in changes:
        if begins:
            around.append(block)
        elif block in around:
            around.remove(block)
        starts.append(serial)
        innermost.append(around[-1] if around else None)
    return starts, innermost
