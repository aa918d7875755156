"""A recorded graph comes in, its nodes and their numbers as they are now go out: constants are read once.

Every form of a program takes the constants from here: its text, its machine code for each kind of derivative, a pickle.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple

from .. import native
from ..sweep import recorded_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..value import Value

__all__ = ["Frozen", "freeze"]


class Frozen(NamedTuple):
    """All that some outputs were computed from in topological order, and the number that each had when it was read."""

    nodes: list[Value]
    numbers: Sequence[float]


def freeze(outputs: Sequence[Value]) -> Frozen:
    """Read the graph below the outputs."""
    nodes = recorded_order(*outputs)
    if native.node is not None:
        return Frozen(nodes, array("d", native.node.numbers_of(nodes)))
    return Frozen(nodes, [node._data for node in nodes])
