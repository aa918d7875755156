"""Where loops may be: a graph comes in, roots of lanes go out that have the same structure below them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..ops import OPS
from .graph import PER_CALL
from .loops import compiled_if_large
from .rows import LANE, rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from .graph import Graph

    Integers = NDArray[np.int64]
    Flags = NDArray[np.bool_]

__all__ = ["LEAST_OPERATIONS", "candidates", "exact_operands", "kinds_of", "movable_in", "owners"]

LEAST_LANES = 8
"""Fewer lanes leave a vector half empty."""

LEAST_OPERATIONS = 200
"""So many must leave the graph, or a loop costs as much as it saves."""

_TRIED = 4  # candidates in a graph, those with most operations first


def movable_in(graph: Graph) -> Flags:
    """The operations that may become part of a loop: all of the call that are rows."""
    return (graph.op > LANE) & (graph.rate[: len(graph.op)] == PER_CALL)


def exact_operands(graph: Graph) -> Integers:
    """For each operand that has to be a constant, such as the component of a softmax, a number for its value; or -1."""
    found = np.full(len(graph.operands), -1)
    table = rows()
    for name in {op.name for op in OPS.values() if op.constants}:
        nodes = np.flatnonzero(graph.op == table.number[OPS[name]])
        if len(nodes):
            places = (graph.start[nodes][:, None] + np.array(OPS[name].constants)).ravel()
            found[places] = 0
    places = np.flatnonzero(found == 0)
    found[places] = np.unique(graph.numbers.view(np.int64)[graph.operands[places]], return_inverse=True)[1]
    return found


def candidates(graph: Graph, movable: Flags, kinds: Integers) -> Iterator[Integers]:
    """The roots of possible loops, those that may take most operations first."""
    members = np.bincount(kinds, minlength=1)
    members[0] = 0
    chosen = _topmost(graph.op, graph.start, graph.operands, movable, kinds, members, LEAST_LANES)
    last = np.zeros(len(members), np.int64)
    last[kinds] = np.arange(len(kinds))
    total, mark = np.count_nonzero(movable), np.zeros(len(graph.op), np.bool_)
    bounds = []
    for kind in chosen.tolist():
        most = total // members[kind] + 1
        below = _reach(graph.op, graph.start, graph.operands, movable, last[kind], most, mark)
        bounds.append((min(total, below * int(members[kind])), kind))
    for bound, kind in sorted(bounds, reverse=True)[:_TRIED]:
        if bound >= LEAST_OPERATIONS:
            yield np.flatnonzero(kinds == kind)


@compiled_if_large
def kinds_of(op: Any, start: Any, operands: Any, movable: Any, exact: Any) -> Any:
    """The kind of every node: 0 for what is not movable.

    A kind is known by a chain of pairs: (operation, arity), then (the number of that pair, kind of the first operand),
    and so on.  Each pair has a number, found in an open table, so that different kinds never share one.
    """
    size = 3 * (len(operands) + len(op)) // 2 + 1
    left, right, number = np.zeros(size, np.int32), np.zeros(size, np.int32), np.zeros(size, np.int32)
    kinds = np.zeros(len(op), np.int64)
    known = 0
    for node in range(len(op)):
        if not movable[node]:
            continue
        pair = -op[node] - 2  # of its own kind: below 0
        for k in range(start[node] - 1, start[node + 1]):
            if k < start[node]:
                other = start[node + 1] - start[node]
            elif exact[k] >= 0:
                other = -1 - exact[k]
            elif operands[k] < len(op):
                other = kinds[operands[k]]
            else:
                other = 0
            place = (pair * 40503 + other * 2654435761) % size
            while number[place] > 0 and (left[place] != pair or right[place] != other):
                place = (place + 1) % size
            if number[place] == 0:
                known += 1
                left[place], right[place], number[place] = pair, other, known
            pair = int(number[place])
        kinds[node] = pair
    return kinds


@compiled_if_large
def _topmost(op: Any, start: Any, operands: Any, movable: Any, kinds: Any, members: Any, least: int) -> Any:
    """The kinds with enough members, but for those found below them."""
    covered = np.zeros(len(op), np.bool_)
    chosen = np.zeros(len(members), np.bool_)
    found = np.empty(len(op), np.int64)
    count = 0
    for node in range(len(op) - 1, -1, -1):
        kind = kinds[node]
        if not movable[node]:
            continue
        if not covered[node] and members[kind] >= least and not chosen[kind]:
            chosen[kind] = True
            found[count] = kind
            count += 1
        if covered[node] or chosen[kind]:
            for k in range(start[node], start[node + 1]):
                if operands[k] < len(op):
                    covered[operands[k]] = True
    return found[:count]


@compiled_if_large
def _reach(op: Any, start: Any, operands: Any, movable: Any, root: int, most: int, mark: Any) -> Any:
    """How many movable operations a root depends on, itself included, but no more than ``most``."""
    met = np.empty(most, np.int64)
    met[0] = root
    mark[root] = True
    found = 1
    done = 0
    while done < found and found < most:
        node = met[done]
        done += 1
        for k in range(start[node], start[node + 1]):
            operand = operands[k]
            if operand < len(op) and movable[operand] and not mark[operand] and found < most:
                mark[operand] = True
                met[found] = operand
                found += 1
    for i in range(found):
        mark[met[i]] = False
    return found


@compiled_if_large
def owners(op: Any, start: Any, operands: Any, roots: Any, outputs: Any, count: Any) -> Any:
    """For each number the lane that alone uses it; -2 for what is used by several or by something else."""
    owner = np.full(count, -1, np.int64)
    root = np.zeros(count, np.bool_)
    for output in outputs:
        owner[output] = -2
    for lane in range(len(roots)):
        owner[roots[lane]] = lane
        root[roots[lane]] = True
    for node in range(len(op) - 1, -1, -1):
        if owner[node] == -1:
            owner[node] = -2
        if op[node] >= 0:
            for k in range(start[node], start[node + 1]):
                operand = operands[k]
                if not root[operand]:
                    if owner[operand] == -1:
                        owner[operand] = owner[node]
                    elif owner[operand] != owner[node]:
                        owner[operand] = -2
    return owner
