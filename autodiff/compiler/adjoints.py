"""A ``Region`` comes in, its ``Adjoints`` go out: who has an adjoint, who shares one, and which of them are sums.

An operand that has no other use, and to which the local derivative is 1, shares the gradient of the result, without an
instruction: so a sum costs nothing on the way back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .loops import compiled_if_large
from .rows import rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .graph import Graph
    from .regions import Region

    Integers = NDArray[np.int64]
    Flags = NDArray[np.bool_]

__all__ = ["Adjoints", "adjoints"]


@dataclass(frozen=True)
class Adjoints:
    """The adjoints of a region; number 0 takes what nobody asked for.

    Attributes:
        number: for each number of the graph that of its adjoint; -1 for what has none.
        is_sum: for each adjoint whether it is added to, and so begins at 0; any other is stored once.
        ways: for each node with fixed operands what it does to the adjoints of its first four operands: two bits each,
            1 to add, 2 to store.
    """

    number: Integers
    is_sum: Flags
    ways: Integers


def adjoints(graph: Graph, region: Region) -> Adjoints:
    """The adjoints that the reverse sweep of a region needs."""
    chosen, start, operands, table = region.chosen, graph.start, graph.operands, rows()
    wanted = region.needed & region.here
    number, is_sum = _number(chosen, graph.op, table.ones, table.nary, start, operands, wanted, region.kept)
    ways = _ways(chosen, graph.op, table.nary, start, operands, number, is_sum)
    return Adjoints(number, is_sum, ways)


@compiled_if_large
def _number(
    chosen: Any, op: Any, ones: Any, nary: Any, start: Any, operands: Any, needed: Any, kept: Any
) -> tuple[Any, Any]:
    """The number of an adjoint for everything that needs one, and for each adjoint whether it is a sum.

    Any operand with a single use has an adjoint that is no sum: what it is used for can store it.

    Args:
        chosen: the nodes of the region.
        op: the graph's, with ``start`` and ``operands``.
        ones: for each operation the operands, in bits, to which the local derivative is 1; -1 for all of them.
        nary: for each operation whether it takes a list, and adds to the adjoints of its operands in any case.
        start: as in ``Graph``.
        operands: as in ``Graph``.
        needed: whose adjoint is asked for.
        kept: what is used elsewhere too, and so has an adjoint at any rate.
    """
    adjoint = np.full(len(needed), -1, np.int64)
    uses = np.zeros(len(needed), np.int64)
    is_sum = np.ones(len(needed) + 1, np.bool_)
    free = 1
    for number in range(len(needed)):
        if kept[number]:
            uses[number] = 2
            if needed[number]:
                adjoint[number] = free
                free += 1
    for node in range(len(chosen)):
        if chosen[node] and needed[node]:
            for k in range(start[node], start[node + 1]):
                uses[operands[k]] += 1
    for node in range(len(chosen) - 1, -1, -1):
        if chosen[node] and needed[node]:
            if adjoint[node] < 0:
                adjoint[node] = free
                free += 1
            for k in range(start[node], start[node + 1]):
                operand = operands[k]
                if needed[operand] and adjoint[operand] < 0:
                    if uses[operand] == 1 and ones[op[node]] >> min(k - start[node], 62) & 1 == 1:
                        adjoint[operand] = adjoint[node]
                    else:
                        adjoint[operand] = free
                        if uses[operand] == 1 and not nary[op[node]]:
                            is_sum[free] = False
                        free += 1
    return adjoint, is_sum[:free]


@compiled_if_large
def _ways(chosen: Any, op: Any, nary: Any, start: Any, operands: Any, adjoint: Any, is_sum: Any) -> Any:
    """As in ``Adjoints``; 0 for an n-ary node, whose share of the reverse sweep is several instructions."""
    ways = np.zeros(len(chosen), np.int64)
    for node in range(len(chosen)):
        if chosen[node] and adjoint[node] >= 0 and not nary[op[node]]:
            for k in range(start[node], min(start[node + 1], start[node] + 4)):
                if adjoint[operands[k]] >= 0 and adjoint[operands[k]] != adjoint[node]:
                    ways[node] |= (1 if is_sum[adjoint[operands[k]]] else 2) << 2 * (k - start[node])
    return ways
