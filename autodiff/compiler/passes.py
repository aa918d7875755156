"""The loops over a graph that lowering makes: each visits every operand once.

A large graph has them compiled; for a small one that would take longer, a second or two at first, than to run them as
they are.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np

from .cache import njit

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "adjoint_slots",
    "compiled_if_large",
    "mark_operands",
    "operand_ways",
    "spread_need",
    "used_by",
    "write_reverse",
    "write_values",
]

_SMALL = 5_000  # numbers in the longest argument


def compiled_if_large(function: Callable[..., Any]) -> Callable[..., Any]:
    """Machine code where it pays."""
    machine_code = njit()(function)

    @wraps(function)
    def run(*arguments: Any) -> Any:
        small = max(x.size for x in arguments if isinstance(x, np.ndarray)) < _SMALL
        return (function if small else machine_code)(*arguments)

    return run


@compiled_if_large
def used_by(op: Any, start: Any, operands: Any, outputs: Any, count: int) -> Any:
    """Which numbers the outputs depend on."""
    used = np.zeros(count, np.bool_)
    for node in outputs:
        used[node] = True
    for node in range(len(op) - 1, -1, -1):
        if used[node] and op[node] >= 0:
            for k in range(start[node], start[node + 1]):
                used[operands[k]] = True
    return used


@compiled_if_large
def spread_need(op: Any, start: Any, operands: Any, needed: Any) -> None:
    """Mark every node that depends on one that is marked."""
    for node in range(len(op)):
        if op[node] >= 0:
            for k in range(start[node], start[node + 1]):
                needed[node] |= needed[operands[k]]


@compiled_if_large
def mark_operands(chosen: Any, start: Any, operands: Any, marked: Any) -> None:
    """Mark the operands of the chosen nodes."""
    for node in range(len(chosen)):
        if chosen[node]:
            for k in range(start[node], start[node + 1]):
                marked[operands[k]] = True


@compiled_if_large
def adjoint_slots(
    chosen: Any, op: Any, ones: Any, listed: Any, start: Any, operands: Any, needed: Any, uses: Any, free: int
) -> Any:
    """The number of an adjoint for everything that needs one, from ``free`` on, and for each number if it is a sum.

    An operand with no other use, to which the local derivative is 1, has the gradient of the result, and its adjoint.
    Any other operand with a single use has an adjoint that is no sum: what it is used for can store it.

    Args:
        chosen: the nodes of a part.
        op: the graph, with ``start`` and ``operands``.
        start: as in ``Recording``.
        operands: as in ``Recording``.
        ones: for each operation the operands, in bits, to which the local derivative is 1; -1 for all of them.
        listed: for each operation whether it takes a list, and adds to the adjoints of its operands in any case.
        needed: whose adjoint is asked for.
        uses: how often each number is used elsewhere, and so has an adjoint at any rate.
        free: the first number; those before it are sums.
    """
    adjoint = np.full(len(needed), -1, np.int64)
    is_sum = np.ones(len(needed) + free, np.bool_)
    for number in range(len(needed)):
        if needed[number] and uses[number] > 0:
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
                    if uses[operand] == 1 and ones[op[node]] >> min(k - start[node], 62) & 1:
                        adjoint[operand] = adjoint[node]
                    else:
                        adjoint[operand] = free
                        is_sum[free] = uses[operand] > 1 or listed[op[node]]
                        free += 1
    return adjoint, is_sum[:free]


@compiled_if_large
def operand_ways(chosen: Any, start: Any, operands: Any, adjoint: Any, is_sum: Any) -> Any:
    """For each chosen node what it does to the adjoints of its first operands: two bits each, 1 to add, 2 to store."""
    ways = np.zeros(len(chosen), np.int64)
    for node in range(len(chosen)):
        if chosen[node] and adjoint[node] >= 0:
            for k in range(start[node], min(start[node + 1], start[node] + 4)):
                if adjoint[operands[k]] >= 0 and adjoint[operands[k]] != adjoint[node]:
                    ways[node] |= (1 if is_sum[adjoint[operands[k]]] else 2) << 2 * (k - start[node])
    return ways


@compiled_if_large
def write_values(ix: Any, nodes: Any, start: Any, operands: Any, slot: Any) -> None:
    """For each node the slot of the result, and those of its operands."""
    at = 0
    for node in nodes:
        ix[at] = slot[node]
        at += 1
        for k in range(start[node], start[node + 1]):
            ix[at] = slot[operands[k]]
            at += 1


@compiled_if_large
def write_reverse(
    ix: Any,
    at: Any,
    nodes: Any,
    first: Any,
    count: Any,
    layouts: Any,
    start: Any,
    operands: Any,
    slot: Any,
    adjoint: Any,
) -> None:
    """For each node of some runs what its reverse instruction works on; ``adjoint`` has the slots of adjoints.

    A layout lists it by numbers: -1 for z̄, -2 for z, i for operand i, 16 + i for its adjoint; 99 ends it.
    """
    for run in range(len(first)):
        k = at[run]
        for i in range(first[run], first[run] + count[run]):
            node = nodes[i]
            for entry in layouts[run]:
                if entry == 99:
                    break
                if entry == -1:
                    ix[k] = adjoint[node]
                elif entry == -2:
                    ix[k] = slot[node]
                elif entry < 16:
                    ix[k] = slot[operands[start[node] + entry]]
                else:
                    ix[k] = adjoint[operands[start[node] + entry - 16]]
                k += 1


@compiled_if_large
def value_slots(nodes: Any, first: Any, start: Any, operands: Any, kept: Any, slot: Any, free: int) -> int:
    """Slots for the results of some runs, from ``free`` on; the slot of a number that is used no more is used again.

    A number gives its slot back after the run that uses it last, for an instruction may read it until then.

    Args:
        nodes: the nodes in order.
        first: where each run begins.
        start: as in ``Recording``.
        operands: as in ``Recording``.
        kept: for each number whether its slot stays its own.
        slot: receives the slots.
        free: the first slot not in use.

    Returns:
        The first slot that is not needed.
    """
    last = np.full(len(slot), -1, np.int64)  # the run that uses it last
    for run in range(len(first)):
        end = first[run + 1] if run + 1 < len(first) else len(nodes)
        for i in range(first[run], end):
            last[nodes[i]] = run  # if nothing uses it at all
            for k in range(start[nodes[i]], start[nodes[i] + 1]):
                last[operands[k]] = run
    given_back = np.empty(len(nodes), np.int64)
    count = 0
    for run in range(len(first)):
        end = first[run + 1] if run + 1 < len(first) else len(nodes)
        for i in range(first[run], end):
            if count > 0:
                count -= 1
                slot[nodes[i]] = given_back[count]
            else:
                slot[nodes[i]] = free
                free += 1
        for i in range(first[run], end):
            for k in range(start[nodes[i]], start[nodes[i] + 1]):
                operand = operands[k]
                if last[operand] == run and not kept[operand]:
                    last[operand] = -1  # once
                    given_back[count] = slot[operand]
                    count += 1
    return free
