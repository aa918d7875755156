"""What the results of a loop are for: often a sum, whose derivative to each of them is known beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .candidates import uses_of
from .loops import compiled_if_large
from .rows import rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .graph import Graph

    Integers = NDArray[np.int64]

__all__ = ["sink"]

_LINEAR = {"add": 1, "sum": 1, "identity": 1, "sub": 2, "neg": 3, "mul": 4, "div": 5, "mean": 6, "dot": 7}


def sink(graph: Graph, results: Integers) -> tuple[int, NDArray[np.float64]]:
    """The first node that all results reach and nothing but through it, if the way there is linear; and its weights.

    It is one of the call, as the loop is; -1 if there is none.
    """
    how = np.array([_LINEAR.get(name, 0) for name in rows().names])
    uses = uses_of(graph.op, graph.start, graph.operands, graph.outputs, len(graph.numbers))
    return _linear(graph.op, graph.start, graph.operands, graph.numbers, graph.rate, uses, results, how)


@compiled_if_large
def _linear(op: Any, start: Any, operands: Any, numbers: Any, rate: Any, uses: Any, results: Any, how: Any) -> Any:
    """As above; ``how`` says for each operation in what way it is linear, 0 if it is not."""
    count = len(op)
    nothing = np.zeros(0)
    depends = np.zeros(len(numbers), np.bool_)
    waiting = 0  # uses of what depends on a result that are not met yet
    for result in results:
        depends[result] = True
        waiting += uses[result]
    sink = -1
    for node in range(results[0], count):
        if op[node] < 0 or depends[node]:
            continue
        met = others = 0
        for k in range(start[node], start[node + 1]):
            if depends[operands[k]]:
                met += 1
            elif rate[operands[k]] > 0:
                others += 1
        if met == 0:
            continue
        if rate[node] > 1:  # it runs on samples, and has no adjoint in the call
            return -1, nothing
        way = how[op[node]]
        if way == 0 or (way == 4 and (met > 1 or others > 0)):
            return -1, nothing
        if way == 5 and (depends[operands[start[node] + 1]] or others > 0):
            return -1, nothing
        if way == 7:
            half = (start[node + 1] - start[node]) // 2
            for k in range(start[node], start[node] + half):
                for x, y in ((operands[k], operands[k + half]), (operands[k + half], operands[k])):
                    if depends[x] and rate[y] > 0:
                        return -1, nothing
        depends[node] = True
        waiting -= met
        if waiting == 0:
            sink = node
            break
        waiting += uses[node]
    if sink < 0:
        return -1, nothing
    weight = np.zeros(len(numbers))
    weight[sink] = 1.0
    for node in range(sink, results[0], -1):
        if op[node] < 0 or not depends[node] or weight[node] == 0.0:
            continue
        way, here, first = how[op[node]], weight[node], start[node]
        arity = start[node + 1] - first
        for i in range(arity):
            operand = operands[first + i]
            if depends[operand]:
                if (way == 2 and i == 1) or way == 3:
                    weight[operand] -= here
                elif way == 4:
                    weight[operand] += here * numbers[operands[first + 1 - i]]
                elif way == 5:
                    weight[operand] += here / numbers[operands[first + 1]]
                elif way == 6:
                    weight[operand] += here / arity
                elif way == 7 and i < arity // 2 * 2:
                    weight[operand] += here * numbers[operands[first + (i + arity // 2) % (arity // 2 * 2)]]
                else:
                    weight[operand] += here
    found = np.empty(len(results))
    for i in range(len(results)):
        found[i] = weight[results[i]]
    return sink, found
