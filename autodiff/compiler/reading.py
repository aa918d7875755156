"""The nodes of a graph as columns, which C reads where the node is in C: a tenth of the time."""

from __future__ import annotations

from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .. import native
from .rows import rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..value import Value

    Integers = NDArray[np.int64]

__all__ = ["Columns", "columns_of"]


class Columns(NamedTuple):
    """What nodes were made of.

    Attributes:
        serials: of each node.
        op: the number of its row.
        lengths: how many operands it has.
        operands: the serials of all operands, node after node; -1 for a constant.
        constants: the constants among them.
    """

    serials: Integers
    op: Integers
    lengths: Integers
    operands: Integers
    constants: NDArray[np.float64]


def columns_of(nodes: list[Value]) -> Columns:
    """Read the nodes."""
    if native.node is not None:
        *integers, constants = native.node.columns_of(nodes, rows().number)
        serials, op, lengths, operands = [np.frombuffer(column, np.int64) for column in integers]
        return Columns(serials, op, lengths, operands, np.frombuffer(constants))
    return _columns_in_python(nodes)


def _columns_in_python(nodes: list[Value]) -> Columns:
    operands = [*map(attrgetter("operands"), nodes)]
    flat = [*chain.from_iterable(operands)]
    return Columns(
        np.array([*map(attrgetter("serial"), nodes)], np.int64),
        np.array([rows().number[node.op] for node in nodes], np.int64),
        np.array([*map(len, operands)], np.int64),
        np.array([-1 if type(x) is float else x.serial for x in flat], np.int64),
        np.array([x for x in flat if type(x) is float], np.float64),
    )
