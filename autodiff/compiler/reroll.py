"""A ``Graph`` comes in, a ``Graph`` goes out in which the loops that a program unrolled are loops again.

Whoever writes a loop over 100 samples records 100 times the same operations on other numbers.  They are found in four
steps:

1. Every operation gets the number of its *kind*: operations are of a kind if they do the same to operands of the same
   kinds, all leaves and constants being one kind (``candidates.py``).
2. The topmost kinds with enough members are candidates.  The members are the *roots*, each the end of a *lane*.
3. An operation is *private* to a lane if nothing but that lane uses it.
4. All lanes are walked in lockstep, from the roots down (``lockstep.py``).  What is met at one place, a number of each
   lane, is a *column*: the same number in every lane is shared; private operations of one kind are an operation of the
   body, and the walk goes on to their operands; anything else is given to the body as an input.

The walk looks at every operand of every lane, so that nothing rests on how the candidates were found.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .candidates import LEAST_OPERATIONS, candidates, exact_operands, kinds_of, movable_in, owners, uses_of
from .graph import CONSTANT, LEAF, PER_CALL, PER_SAMPLE, Graph, Loop, at, rates
from .lockstep import INNER, INPUT, SHARED, Columns, walk
from .loops import compiled_if_large
from .rows import LANE, LOOP
from .sinks import sink

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

__all__ = ["reroll"]

MOST = 16
"""Loops in a graph: each takes another look at all of it."""


PER_GATHERED = 4
"""So many operations there must be in the body for each number that is gathered, and its adjoint scattered."""


def reroll(graph: Graph) -> Graph:
    """The graph with its loops, as long as there is one worth it."""
    for _ in range(MOST):
        found = _reroll_once(graph)
        if found is None:
            break
        graph = found
    return graph


def _reroll_once(graph: Graph) -> Graph | None:
    """The graph with one loop more, that which takes most operations out of it."""
    movable = movable_in(graph)
    if np.count_nonzero(movable) < LEAST_OPERATIONS:
        return None
    exact = exact_operands(graph)
    kinds = kinds_of(graph.op, graph.start, graph.operands, movable, exact)
    op, start, operands, bits = graph.op, graph.start, graph.operands, graph.numbers.view(np.int64)
    uses = uses_of(op, start, operands, graph.outputs, len(bits))
    for roots in candidates(graph, movable, kinds):
        owner = owners(op, start, operands, uses, roots)
        private = np.flatnonzero(movable & (owner[: len(op)] >= 0))
        if len(private) < LEAST_OPERATIONS:
            continue
        limit = int((graph.arity[private].sum() + len(private)) // len(roots)) + 16
        columns = Columns(*walk(roots, op, start, operands, movable, graph.rate, bits, owner, exact, limit))
        found = _loop(graph, roots, columns) if len(columns.order) else None
        rolled = _with_loop(graph, found) if found is not None else None
        if rolled is not None:
            return rolled
    return None


def _loop(graph: Graph, roots: Integers, columns: Columns) -> Loop | None:
    """The loop of these columns; None where it does not pay, or every lane does the same."""
    members, what, _, _, order = columns
    gathers = (what == INPUT) & (graph.rate[members] > CONSTANT).any(axis=1)
    operations = int(np.count_nonzero(what == INNER))
    if operations * len(roots) < LEAST_OPERATIONS or operations < PER_GATHERED * np.count_nonzero(gathers):
        return None
    same = np.arange(len(what))  # equal columns of constants are one input, equal constants one constant
    known: dict[bytes, int] = {}
    for column in np.flatnonzero((what == INPUT) & ~gathers).tolist():
        same[column] = known.setdefault(graph.numbers[members[column]].tobytes(), column)
    fixed = (what == SHARED) & (graph.rate[members[:, 0]] == CONSTANT)
    constants = np.flatnonzero(fixed)
    _, which, back = np.unique(
        graph.numbers.view(np.int64)[members[constants, 0]], return_index=True, return_inverse=True
    )
    same[constants] = constants[which[back]]
    nodes = order[(same[order] == order) & ~fixed[order]]
    body = _body(graph, columns, nodes, constants[which], same)
    if body.rate[body.outputs[0]] < PER_SAMPLE:
        return None
    inputs = nodes[what[nodes] == INPUT]
    gathered = np.flatnonzero(gathers[inputs])
    shared = members[nodes[what[nodes] == SHARED], 0]
    sources = members[inputs[gathered]]
    return Loop(body, -1, roots, shared, graph.numbers[members[inputs]], gathered, sources, -1, np.zeros(0))


def _body(graph: Graph, columns: Columns, nodes: Integers, constants: Integers, same: Integers) -> Graph:
    """The body: its nodes and its constants are columns, some of which stand for others that are the ``same``."""
    members, what, taken, first, order = columns
    head = members[:, 0]
    number = np.full(len(members), -1)
    number[np.concatenate([nodes, constants])] = np.arange(len(nodes) + len(constants))
    number = number[same]
    inner = what[nodes] == INNER
    op = np.where(inner, graph.op[np.where(inner, head[nodes], 0)], LEAF)
    lengths = np.diff(first)[nodes]
    start = np.concatenate([[0], np.cumsum(lengths)])
    operands = number[taken[np.repeat(first[nodes] - start[:-1], lengths) + np.arange(start[-1])]]
    inputs, shared = number[nodes[what[nodes] == INPUT]], number[nodes[what[nodes] == SHARED]]
    numbers = graph.numbers[np.concatenate([head[nodes], head[constants]])]
    given = np.full(len(numbers), CONSTANT)
    given[shared], given[inputs] = PER_CALL, PER_SAMPLE
    rate = rates(op, start, operands, given)
    origin = np.where(head[nodes] < len(graph.op), graph.origin[np.minimum(head[nodes], len(graph.op) - 1)], -1)
    return Graph(op, start, operands, numbers, rate, inputs, shared, number[order[-1:]], origin)


def _with_loop(graph: Graph, loop: Loop) -> Graph | None:
    """The graph in which LANE nodes take the place of the roots; None if a lane waits for another."""
    count = len(graph.op)
    takes = np.unique(np.concatenate([loop.shared, loop.sources.ravel()]))
    alive, after = _alive(graph.op, graph.start, graph.operands, graph.outputs, loop.results, takes, len(graph.numbers))
    if after[takes].any():
        return None
    is_root = np.zeros(count, np.bool_)
    is_root[loop.results] = True
    ahead = np.flatnonzero(alive[:count] & ~after[:count])
    behind = np.flatnonzero(alive[:count] & after[:count])
    constants = count + np.flatnonzero(alive[count:])
    number = np.full(len(graph.numbers) + 1, -1)  # the last for -1
    node = len(ahead)
    number[ahead] = np.arange(node)
    number[behind] = node + 1 + np.arange(len(behind))
    number[constants] = node + 1 + len(behind) + np.arange(len(constants))
    every = np.concatenate([ahead, behind])
    op = graph.op[every]
    op[is_root[every]] = LANE
    lengths = np.where(graph.op[every] == LEAF, 0, graph.arity[every])
    lengths[is_root[every]] = 1
    pieces, sizes = _operands(every, graph.start, graph.operands, lengths, is_root, number, node)
    split = int(sizes[: len(ahead)].sum())
    operands = np.concatenate([pieces[:split], number[takes], pieces[split:]])
    start = np.concatenate([[0], np.cumsum(np.insert(lengths, node, len(takes)))])
    numbers = np.concatenate([graph.numbers[ahead], [0.0], graph.numbers[behind], graph.numbers[constants]])
    rate = np.concatenate([graph.rate[ahead], [PER_CALL], graph.rate[behind], graph.rate[constants]])
    others = [
        replace(
            other,
            node=int(number[other.node]),
            results=number[other.results],
            shared=number[other.shared],
            sources=number[other.sources],
            sink=int(number[other.sink]),
        )
        for other in graph.loops
    ]
    loop = replace(
        loop, node=node, results=number[loop.results], shared=number[loop.shared], sources=number[loop.sources]
    )
    made = Graph(
        np.insert(op, node, LOOP),
        start,
        operands,
        numbers,
        rate,
        at(number, graph.inputs),
        at(number, graph.parameters),
        number[graph.outputs],
        np.insert(graph.origin[every], node, -1),
    )
    end, weights = sink(made, loop.results)
    return replace(made, loops=(*others, replace(loop, sink=end, weights=weights)))


@compiled_if_large
def _alive(op: Any, start: Any, operands: Any, outputs: Any, roots: Any, takes: Any, count: int) -> Any:
    """Which numbers are asked for when the roots are given, and which of them depend on a root."""
    alive, after = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    root = np.zeros(count, np.bool_)
    for number in outputs:
        alive[number] = True
    for number in takes:
        alive[number] = True
    for number in roots:
        alive[number] = root[number] = after[number] = True
    for node in range(len(op) - 1, -1, -1):
        if alive[node] and op[node] >= 0 and not root[node]:
            for k in range(start[node], start[node + 1]):
                alive[operands[k]] = True
    for node in range(len(op)):
        if alive[node] and op[node] >= 0 and not root[node]:
            for k in range(start[node], start[node + 1]):
                after[node] = after[node] or after[operands[k]]
    return alive, after


@compiled_if_large
def _operands(nodes: Any, start: Any, operands: Any, lengths: Any, is_root: Any, number: Any, loop: int) -> Any:
    """The operands of these nodes by their new numbers, that of a root being the loop; and how many each has."""
    end = 0
    for length in lengths:
        end += length
    pieces = np.empty(end, np.int64)
    end = 0
    for i in range(len(nodes)):
        for k in range(lengths[i]):
            pieces[end] = loop if is_root[nodes[i]] else number[operands[start[nodes[i]] + k]]
            end += 1
    return pieces, lengths
