"""A ``Graph`` comes in, a ``Graph`` goes out in which sums of products are one operation, a CHAIN.

Whoever writes a neuron as ``sum((w * x for …), b)`` records b, b + w·x, (b + w·x) + w·x, …  A CHAIN adds the same
products to the same b in the same order, each rounded as it was, and so has the same value to the last bit; its
operands are those of a ``dot``, so that all over the same x's are a dense block.

Nodes keep their numbers; those that a chain has swallowed are used by nothing any more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ops import OPS
from .blocks import FEWEST
from .graph import CONSTANT, PER_SAMPLE
from .loops import compiled_if_large
from .rows import CHAIN, rows

if TYPE_CHECKING:
    from .graph import Graph

__all__ = ["chains"]


def chains(graph: Graph) -> Graph:
    """The graph, and the bodies of its loops, with chains."""
    loops = tuple(replace(loop, body=chains(loop.body)) for loop in graph.loops)
    graph = replace(graph, loops=loops) if loops else graph
    number = rows().number
    add, mul = number[OPS["add"]], number[OPS["mul"]]
    before, product, length, head = _find(graph.op, graph.start, graph.operands, graph.rate, graph.outputs, add, mul)
    length[~_worth_it(graph, length, head)] = 0
    if not (length > 1).any():
        return graph
    zero = len(graph.numbers)  # -0.0 + x is x, to the sign of a zero: where a chain begins with a product
    op, start, operands = _written(
        graph.op, graph.start, graph.operands, graph.rate, before, product, length, zero, mul, CHAIN, PER_SAMPLE
    )
    return replace(
        graph,
        op=op,
        start=start,
        operands=operands,
        numbers=np.append(graph.numbers, -0.0),
        rate=np.append(graph.rate, CONSTANT),
    )


def _worth_it(graph: Graph, length: Any, head: Any) -> Any:
    """Which chains are on lanes, or may be part of a product of matrices: one factor stands first in several."""
    worth = graph.rate[: len(graph.op)] == PER_SAMPLE
    scalars = np.flatnonzero((length > 1) & ~worth)
    for i in (0, 1):
        factor = graph.operands[graph.start[head[scalars]] + i]
        _, which, times = np.unique(
            factor * (length.max(initial=0) + 1) + length[scalars], return_inverse=True, return_counts=True
        )
        worth[scalars[times[which] >= FEWEST]] = True
    return worth


@compiled_if_large
def _find(op: Any, start: Any, operands: Any, rate: Any, outputs: Any, add: int, mul: int) -> Any:
    """For each sum to which a product is added both; for the end of a chain how many there are, and the first."""
    count = len(op)
    uses = np.zeros(len(rate), np.int8)  # 2 are many
    for output in outputs:
        uses[output] = 2
    for node in range(count):
        if op[node] >= 0:
            for k in range(start[node], start[node + 1]):
                uses[operands[k]] = min(uses[operands[k]] + 1, 2)
    before, product = np.full(count, -1, np.int64), np.full(count, -1, np.int64)
    length, head = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for node in range(count):
        if op[node] == add and rate[node] > 0:
            left, right = operands[start[node]], operands[start[node] + 1]
            for total, x in ((left, right), (right, left)):
                if (
                    product[node] < 0
                    and x < count
                    and op[x] == mul
                    and rate[x] == rate[node]
                    and uses[x] == 1
                    and total != x
                ):
                    before[node], product[node] = total, x
            if product[node] >= 0:
                total = before[node]
                length[node], head[node] = 1, product[node]
                if total < count and rate[total] == rate[node] and uses[total] == 1:
                    if op[total] == add and product[total] >= 0:
                        length[node] += length[total]
                        length[total], head[node] = 0, head[total]
                    elif op[total] == mul:
                        length[node] += 1
                        head[node] = total
    return before, product, length, head


@compiled_if_large
def _written(
    op: Any,
    start: Any,
    operands: Any,
    rate: Any,
    before: Any,
    product: Any,
    length: Any,
    zero: int,
    mul: int,
    chain: int,
    per_sample: int,
) -> Any:
    """The graph's arrays with the chains in it: weights, what they weight, and what is there first."""
    count = len(op)
    made, begin = op.copy(), np.zeros(count + 1, np.int64)
    for node in range(count):
        size = start[node + 1] - start[node]
        if length[node] > 1:
            made[node] = chain
            size = 2 * length[node] + 1
        begin[node + 1] = begin[node] + size
    taken = np.empty(begin[count], np.int64)
    for node in range(count):
        if length[node] < 2:
            for k in range(start[node + 1] - start[node]):
                taken[begin[node] + k] = operands[start[node] + k]
            continue
        n, at = length[node], begin[node]
        total = node
        for i in range(n - 1, -1, -1):
            if i > 0 or product[total] >= 0:
                x = product[total]
                following = before[total]
            else:
                x, following = total, zero  # it begins with a product
            w, y = operands[start[x]], operands[start[x] + 1]
            if rate[w] == per_sample and rate[y] < per_sample:
                w, y = y, w
            taken[at + i], taken[at + n + i] = w, y
            total = following
        taken[at + 2 * n] = total
    return made, begin, taken
