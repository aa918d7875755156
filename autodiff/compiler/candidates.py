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

__all__ = ["LEAST_OPERATIONS", "candidates", "exact_operands", "kinds_of", "movable_in", "owners", "uses_of"]

LEAST_LANES = 8
"""Fewer lanes leave a vector half empty."""

LEAST_OPERATIONS = 200
"""So many must leave the graph, or a loop costs as much as it saves."""

_TRIED = 4  # candidates in a graph, those with most operations first


def movable_in(graph: Graph) -> Flags:
    """The operations that may become part of a loop: all of the call that are rows."""
    return (graph.op > LANE) & (graph.rate[: len(graph.op)] == PER_CALL)


def exact_operands(graph: Graph) -> NDArray[np.int32]:
    """For each operand that has to be a constant, such as the component of a softmax, a number for its value; or -1."""
    found = np.full(len(graph.operands), -1, np.int32)
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

    A node is looked up in an open table by a hash of what it is, and compared with the first node that has this hash,
    so that different kinds never share a number.
    """
    size = 16
    while size < 2 * len(op):
        size *= 2
    table = np.zeros((size, 2), np.int32)  # a kind, and the hash
    first = np.zeros(len(op) + 1, np.int32)  # the first node of each kind
    kinds = np.zeros(len(op), np.int32)
    count = 0
    for node in range(len(op)):
        if not movable[node]:
            continue
        arity = start[node + 1] - start[node]
        key = op[node] * 524287 + arity
        for k in range(start[node], start[node + 1]):
            other = -1 - exact[k] if exact[k] >= 0 else kinds[operands[k]] if operands[k] < len(op) else 0
            key = (key * 1000003 + other) % 2147483647
        place = (key * 40503) & (size - 1)
        looking = True
        while looking:
            kind = int(table[place, 0])
            alike = kind > 0 and table[place, 1] == key
            if alike:
                there = first[kind]
                alike = op[there] == op[node] and start[there + 1] - start[there] == arity
                i = 0
                while alike and i < arity:
                    left, right = start[node] + i, start[there] + i
                    alike = exact[left] == exact[right]
                    if alike and exact[left] < 0:
                        mine = kinds[operands[left]] if operands[left] < len(op) else 0
                        its = kinds[operands[right]] if operands[right] < len(op) else 0
                        alike = mine == its
                    i += 1
            looking = kind > 0 and not alike
            if looking:
                place = (place + 1) & (size - 1)
        if table[place, 0] == 0:
            count += 1
            table[place, 0], table[place, 1] = count, key
            first[count] = node
        kinds[node] = table[place, 0]
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
def owners(op: Any, start: Any, operands: Any, uses: Any, roots: Any) -> Any:
    """For each number the lane that alone uses it; -2 for what is used by several or by something else too.

    Every lane is followed from its root: what all ``uses`` of have been met in it is its own, and is followed in turn.
    """
    owner, met = np.full(len(uses), -1, np.int32), np.zeros(len(uses), np.int32)
    root = np.zeros(len(uses), np.bool_)
    waiting = np.empty(len(op), np.int32)
    for lane in range(len(roots)):
        root[roots[lane]] = True
    for lane in range(len(roots)):
        owner[roots[lane]] = lane
        waiting[0] = roots[lane]
        depth = 1
        while depth > 0:
            depth -= 1
            node = waiting[depth]
            for k in range(start[node], start[node + 1]):
                operand = operands[k]
                if root[operand]:
                    continue
                if met[operand] == 0:
                    owner[operand] = lane
                elif owner[operand] != lane:
                    owner[operand] = -2
                met[operand] += 1
                own = owner[operand] == lane and met[operand] == uses[operand]
                if own and operand < len(op) and op[operand] >= 0:
                    waiting[depth] = operand
                    depth += 1
    for number in range(len(uses)):
        if met[number] != uses[number] and not root[number]:
            owner[number] = -2
    return owner


@compiled_if_large
def uses_of(op: Any, start: Any, operands: Any, outputs: Any, count: int) -> Any:
    """How often each number is an operand; an output counts as used once more."""
    uses = np.zeros(count, np.int32)
    for output in outputs:
        uses[output] += 1
    for node in range(len(op)):
        if op[node] >= 0:
            for k in range(start[node], start[node + 1]):
                uses[operands[k]] += 1
    return uses
