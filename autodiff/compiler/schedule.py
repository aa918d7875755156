"""A ``Region`` and its ``Adjoints`` come in, ``Runs`` go out: operations of one kind together, operands first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .blocks import DOT, FEWEST
from .loops import compiled_if_large
from .rows import CHAIN, rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .adjoints import Adjoints
    from .graph import Graph
    from .regions import Region

    Integers = NDArray[np.int64]

__all__ = ["Runs", "schedule"]


@dataclass(frozen=True)
class Runs:
    """The nodes of a region in the order in which they run; a run of them has one operation, arity and ways.

    Attributes:
        nodes: in order.
        first: where each run begins among them.
        count: how many nodes each has.
        op, arity, ways: of each run.
    """

    nodes: Integers
    first: Integers
    count: Integers
    op: Integers
    arity: Integers
    ways: Integers

    def of(self, run: int) -> Integers:
        """The nodes of one run."""
        return self.nodes[self.first[run] : self.first[run] + self.count[run]]


def schedule(graph: Graph, region: Region, adjoints: Adjoints) -> Runs:
    """The runs of a region."""
    arity, ways = graph.arity, adjoints.ways
    span = int(arity.max(initial=0)) + 1
    found, which = _kinds(region.chosen, graph.op, ways, graph.start, span)
    rank = np.argsort(found)
    kinds, place = found[rank], np.empty(len(found), np.int32)
    place[rank] = np.arange(len(found))
    kind = place[which]
    late = np.zeros(len(kinds), np.bool_)
    if region.form == "scalars":
        late[_of_matrices(graph, region, kind)] = True
    chains = rows().chains[kinds // (256 * span)]
    nodes, first = _order(region.chosen, kind, chains, late, graph.start, graph.operands)
    heads = nodes[first]
    return Runs(nodes, first, np.diff(first, append=len(nodes)), graph.op[heads], arity[heads], ways[heads])


def _of_matrices(graph: Graph, region: Region, kind: Integers) -> Integers:
    """The kinds of sums of products that may be products of matrices: a factor stands first in several."""
    nodes = np.flatnonzero(region.chosen & ((graph.op == DOT) | (graph.op == CHAIN)))
    halves = graph.arity[nodes] // 2
    found = []
    for first in (graph.start[nodes], graph.start[nodes] + halves):
        pairs, times = np.unique(np.stack([kind[nodes], graph.operands[first]]), axis=1, return_counts=True)
        found.append(pairs[0, times >= FEWEST])
    return np.unique(np.concatenate(found))


@compiled_if_large
def _kinds(chosen: Any, op: Any, ways: Any, start: Any, span: int) -> tuple[Any, Any]:
    """The kinds there are, as (operation · 256 + ways) · span + arity, and for each node the place of its own.

    What is not chosen is of kind 0.
    """
    size = 2 * len(op) + 1
    table = np.zeros(size, np.int32)  # open: where a kind would be, or the next free place, one more than its number
    found, which = np.empty(len(op), np.int64), np.empty(len(op), np.int32)
    count = 0
    for node in range(len(op)):
        code = 0
        if chosen[node]:
            code = (op[node] * 256 + ways[node]) * span + start[node + 1] - start[node]
        place = code % size
        while table[place] > 0 and found[table[place] - 1] != code:
            place = (place + 1) % size
        if table[place] == 0:
            found[count] = code
            count += 1
            table[place] = count
        which[node] = table[place] - 1
    return found[:count], which


@compiled_if_large
def _order(chosen: Any, kind: Any, chains: Any, late: Any, start: Any, operands: Any) -> Any:
    """Order the chosen nodes in runs of one kind each, operands before what uses them.

    Of all nodes whose operands are done, those of the most frequent kind run next (Kahn's algorithm with a queue for
    every kind).  A kind that ``chains`` allows takes along what becomes ready meanwhile: a long sum is then one run,
    each operation taking the result of the one before.  A kind that is ``late`` waits for as long as there is another,
    and then the first layer of them is next: as many as may be are to run together, as one product of matrices.

    Args:
        chosen: for each node whether it is to run; what is not is taken to be known.
        kind: the kind of each node.
        chains: for each kind whether an operation may take the result of another in its run.
        late: for each kind whether it waits.
        start: as in ``Graph``.
        operands: as in ``Graph``.

    Returns:
        The nodes in order, and where each run begins.
    """
    nodes = len(kind)
    state = np.zeros((nodes, 2), np.int32)  # for how many operands a node waits, and its kind
    uses = np.zeros(nodes + 1, np.int32)
    layer = np.zeros(nodes, np.int32)  # how many late ones are on the way here
    total = 0
    for node in range(nodes):
        if chosen[node]:
            total += 1
            state[node, 1] = kind[node]
            for k in range(start[node], start[node + 1]):
                operand = operands[k]
                if operand < nodes and chosen[operand]:
                    state[node, 0] += 1
                    uses[operand] += 1
                    layer[node] = max(layer[node], layer[operand])
            if late[kind[node]]:
                layer[node] += 1
    for node in range(nodes):
        uses[node + 1] += uses[node]
    users = np.empty(uses[nodes], np.int32)  # those of each node behind those of the one before
    for node in range(nodes - 1, -1, -1):
        if chosen[node]:
            for k in range(start[node], start[node + 1]):
                operand = operands[k]
                if operand < nodes and chosen[operand]:
                    uses[operand] -= 1
                    users[uses[operand]] = node
    head = np.full(len(chains), -1, np.int64)  # a queue of ready nodes for every kind, linked through `after`
    tail = np.full(len(chains), -1, np.int64)
    ready = np.zeros(len(chains), np.int64)
    after = np.full(nodes, -1, np.int32)
    order = np.empty(total, np.int64)
    first = np.empty(total, np.int64)
    done = runs = 0
    for node in range(nodes):
        if chosen[node] and state[node, 0] == 0:
            which = kind[node]
            if ready[which] == 0:
                head[which] = node
            else:
                after[tail[which]] = node
            tail[which] = node
            ready[which] += 1
    while done < total:
        current = -1
        for which in range(len(chains)):
            if ready[which] > 0 and not late[which] and (current < 0 or ready[which] > ready[current]):
                current = which
        if current < 0:
            for which in range(len(chains)):
                if ready[which] > 0 and (current < 0 or layer[head[which]] < layer[head[current]]):
                    current = which
        first[runs] = done
        runs += 1
        left = ready[current]
        while ready[current] > 0 and (left > 0 or chains[current]):
            left -= 1
            node = head[current]
            head[current] = after[node]
            ready[current] -= 1
            order[done] = node
            done += 1
            for k in range(uses[node], uses[node + 1]):
                user = users[k]
                state[user, 0] -= 1
                if state[user, 0] == 0:
                    which = state[user, 1]
                    if ready[which] == 0:
                        head[which] = user
                    else:
                        after[tail[which]] = user
                    tail[which] = user
                    ready[which] += 1
    return order, first[:runs]
