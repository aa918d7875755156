"""A ``Graph`` comes in, two ``Region``s go out: the operations that run once in a call, and those that run on lanes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .blocks import DOT, weights_first
from .graph import CONSTANT, LEAF, PER_CALL, PER_SAMPLE
from .loops import compiled_if_large
from .rows import CHAIN, rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .graph import Graph

    Integers = NDArray[np.int64]
    Flags = NDArray[np.bool_]

__all__ = ["Region", "regions"]


@dataclass(frozen=True)
class Region:
    """Operations that run together, and what they have to do with the others.

    Attributes:
        form: "scalars", one number to a slot, or "lanes", a row of samples.
        chosen: for each node whether it runs here.
        given: for each number its place among those that come from outside, -1 for others; equal constants share one.
        kept: for each number whether it is asked for from outside: as an output, or by another region.
        needed: for each number of the graph whether its adjoint is asked for.
    """

    form: str
    chosen: Flags
    given: Integers
    kept: Flags
    needed: Flags

    @property
    def here(self) -> Flags:
        """For each number whether it has a place in this region."""
        here = self.given >= 0
        here[: len(self.chosen)] |= self.chosen
        return here


def regions(graph: Graph, wrt: Integers) -> tuple[Region, Region]:
    """What runs once in a call, and what runs on lanes, for derivatives with respect to the numbers ``wrt``."""
    count, nodes = len(graph.numbers), len(graph.op)
    used = _below(graph.op, graph.start, graph.operands, graph.outputs, count)
    flows = rows().flows
    open_to = np.where(flows[graph.op], graph.op, LEAF)  # the graph as a gradient sees it: it ends at a truth
    needed = _below(open_to, graph.start, graph.operands, graph.outputs, count) & _needed(graph, open_to, wrt)
    runs = used[:nodes] & (graph.op > LEAF)
    in_call, on_lanes = runs & (graph.rate[:nodes] == PER_CALL), runs & (graph.rate[:nodes] == PER_SAMPLE)
    outputs = np.zeros(count, np.bool_)
    outputs[graph.outputs] = True
    taken = _operands_of(graph.start, graph.operands, on_lanes, count)
    apart = _operands_of(graph.start, graph.operands, on_lanes & ~_in_blocks(graph, on_lanes), count)
    constants = np.flatnonzero(used & (graph.rate == CONSTANT))
    bits, which = np.unique(graph.numbers[constants].view(np.int64), return_inverse=True)
    for_call, for_lanes = np.full(count, -1), np.full(count, -1)
    for_call[constants] = which
    parameters, inputs = (numbers[numbers >= 0] for numbers in (graph.parameters, graph.inputs))
    for_call[parameters] = len(bits) + np.arange(len(parameters))
    spread = np.flatnonzero(apart & (graph.rate < PER_SAMPLE))  # a dense block has its weights elsewhere
    for_lanes[np.concatenate([inputs, spread])] = np.arange(len(inputs) + len(spread))
    return (
        Region("scalars", in_call, for_call, outputs | taken, needed),
        Region("lanes", on_lanes, for_lanes, outputs, needed),
    )


def _needed(graph: Graph, op: Integers, wrt: Integers) -> Flags:
    """Which numbers have an adjoint that leads to the numbers ``wrt``.

    A loop whose results have a sink takes the adjoint of that; what lies between is passed over.
    """
    passed = np.zeros(len(graph.op), np.bool_)
    needed = _above(op, graph.start, graph.operands, wrt, passed, len(graph.numbers))
    direct = [loop for loop in graph.loops if loop.sink >= 0 and needed[loop.node]]
    if not direct:
        return needed
    for loop in direct:
        passed[loop.results] = True
    wrt = np.concatenate([wrt, [loop.sink for loop in direct]])
    return _above(op, graph.start, graph.operands, wrt, passed, len(graph.numbers))


def _in_blocks(graph: Graph, chosen: Flags) -> Flags:
    """Which nodes are part of a dense block."""
    dots = chosen & ((graph.op == DOT) | (graph.op == CHAIN))
    found = np.zeros(len(chosen), np.bool_)
    for n in np.unique(graph.arity[dots]):
        nodes = np.flatnonzero(dots & (graph.arity == n))
        found[nodes] = weights_first(graph, graph.operands_of(nodes)) >= 0
    return found


@compiled_if_large
def _below(op: Any, start: Any, operands: Any, outputs: Any, count: int) -> Any:
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
def _above(op: Any, start: Any, operands: Any, numbers: Any, passed: Any, count: int) -> Any:
    """These numbers, and every node from which a gradient reaches one; but for those that are passed over."""
    needed = np.zeros(count, np.bool_)
    for number in numbers:
        needed[number] = True
    for node in range(len(op)):
        if op[node] >= 0 and not passed[node]:
            for k in range(start[node], start[node + 1]):
                needed[node] |= needed[operands[k]]
    return needed


@compiled_if_large
def _operands_of(start: Any, operands: Any, chosen: Any, count: int) -> Any:
    """Which numbers the chosen nodes are applied to."""
    taken = np.zeros(count, np.bool_)
    for node in range(len(chosen)):
        if chosen[node]:
            for k in range(start[node], start[node + 1]):
                taken[operands[k]] = True
    return taken
