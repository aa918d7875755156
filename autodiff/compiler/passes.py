"""The loops over a graph that lowering makes, compiled: each visits every operand once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = ["adjoint_slots", "mark_operands", "operand_masks", "spread_need", "used_by", "write_reverse", "write_values"]


@njit(cache=True)
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


@njit(cache=True)
def spread_need(op: Any, start: Any, operands: Any, needed: Any) -> None:
    """Mark every node that depends on one that is marked."""
    for node in range(len(op)):
        if op[node] >= 0:
            for k in range(start[node], start[node + 1]):
                needed[node] |= needed[operands[k]]


@njit(cache=True)
def mark_operands(chosen: Any, start: Any, operands: Any, marked: Any) -> None:
    """Mark the operands of the chosen nodes."""
    for node in range(len(chosen)):
        if chosen[node]:
            for k in range(start[node], start[node + 1]):
                marked[operands[k]] = True


@njit(cache=True)
def adjoint_slots(chosen: Any, op: Any, ones: Any, start: Any, operands: Any, needed: Any, uses: Any, free: int) -> Any:
    """A slot for the adjoint of every number that needs one, from slot ``free`` on, and the next one free.

    An operand with no other use, to which the local derivative is 1, has the gradient of the result, and its slot.

    Args:
        chosen: the nodes of a part.
        op: the graph, with ``start`` and ``operands``.
        start: as in ``Recording``.
        operands: as in ``Recording``.
        ones: for each operation the operands, in bits, to which the local derivative is 1; -1 for all of them.
        needed: whose adjoint is asked for.
        uses: how often each number is used elsewhere, and so has an adjoint at any rate.
        free: the first slot.
    """
    slots = np.full(len(needed), -1, np.int64)
    for number in range(len(needed)):
        if needed[number] and uses[number] > 0:
            slots[number] = free
            free += 1
    for node in range(len(chosen)):
        if chosen[node] and needed[node]:
            for k in range(start[node], start[node + 1]):
                uses[operands[k]] += 1
    for node in range(len(chosen) - 1, -1, -1):
        if chosen[node] and needed[node]:
            if slots[node] < 0:
                slots[node] = free
                free += 1
            for k in range(start[node], start[node + 1]):
                operand = operands[k]
                if needed[operand] and slots[operand] < 0:
                    if uses[operand] == 1 and ones[op[node]] >> min(k - start[node], 62) & 1:
                        slots[operand] = slots[node]
                    else:
                        slots[operand] = free
                        free += 1
    return slots, free


@njit(cache=True)
def operand_masks(chosen: Any, start: Any, operands: Any, adjoint: Any) -> Any:
    """For each chosen node those of its first operands, in bits, whose adjoint it has something to add to."""
    masks = np.zeros(len(chosen), np.int64)
    for node in range(len(chosen)):
        if chosen[node] and adjoint[node] >= 0:
            for k in range(start[node], min(start[node + 1], start[node] + 4)):
                if adjoint[operands[k]] >= 0 and adjoint[operands[k]] != adjoint[node]:
                    masks[node] |= 1 << (k - start[node])
    return masks


@njit(cache=True)
def write_values(ix: Any, nodes: Any, start: Any, operands: Any, slot: Any) -> None:
    """For each node the slot of the result, and those of its operands."""
    at = 0
    for node in nodes:
        ix[at] = slot[node]
        at += 1
        for k in range(start[node], start[node + 1]):
            ix[at] = slot[operands[k]]
            at += 1


@njit(cache=True)
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
