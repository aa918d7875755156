"""``Adjoints`` and ``Runs`` come in, ``Slots`` go out: where in the buffer of a region every number and adjoint lies.

A buffer begins with what ``memory`` reserves; then come the numbers from outside, the results, and the adjoints, those
that are sums first.  Behind them is room for what single instructions need.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .loops import compiled_if_large
from .memory import FIRST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .adjoints import Adjoints
    from .graph import Graph
    from .regions import Region
    from .schedule import Runs

    Integers = NDArray[np.int64]

__all__ = ["Slots", "allocate"]


@dataclass(frozen=True)
class Slots:
    """Where numbers and adjoints are.

    Attributes:
        value: for each number of the graph its slot; -1 for what is not here.
        adjoint: the same for its adjoint.
        nowhere: the first slot of adjoints: for what nobody asked for.
        assigned: the first slot behind sums, which begin at 0, and so of adjoints that are stored.
        free: the first slot behind the adjoints.
    """

    value: Integers
    adjoint: Integers
    nowhere: int
    assigned: int
    free: int


def allocate(graph: Graph, region: Region, adjoints: Adjoints, runs: Runs) -> Slots:
    """A slot for every number and every adjoint of a region."""
    first = FIRST[region.form]
    value = np.where(region.given >= 0, first + region.given, -1)
    free = first + int(region.given.max(initial=-1)) + 1
    if region.form == "lanes" and not region.needed.any():  # no reverse sweep, which reads all results
        passing = ~region.kept
        passing[: len(region.chosen)] &= region.chosen
        passing[len(region.chosen) :] = False
        value, nowhere = _reuse(runs.nodes, runs.first, graph.start, graph.operands, passing, value, free)
    else:
        nowhere = free + len(runs.nodes)
        value[runs.nodes] = np.arange(free, nowhere)
    every = np.concatenate([[0], adjoints.number[runs.nodes[::-1]], np.arange(len(adjoints.is_sum))])
    slot = nowhere + _in_order(every, adjoints.is_sum)
    adjoint = np.where(adjoints.number >= 0, slot[adjoints.number], -1)
    return Slots(value, adjoint, nowhere, nowhere + int(adjoints.is_sum.sum()), nowhere + len(slot))


@compiled_if_large
def _in_order(every: Any, is_sum: Any) -> Any:
    """For each adjoint its place: sums before others, else as they come first among ``every``, in which -1 is none."""
    place = np.full(len(is_sum), -1, np.int64)
    sums = others = 0
    for adjoint in range(len(is_sum)):
        if is_sum[adjoint]:
            others += 1  # their places begin behind those of all sums
    for adjoint in every:
        if adjoint >= 0 and place[adjoint] < 0:
            if is_sum[adjoint]:
                place[adjoint] = sums
                sums += 1
            else:
                place[adjoint] = others
                others += 1
    return place


@compiled_if_large
def _reuse(nodes: Any, first: Any, start: Any, operands: Any, passing: Any, given: Any, free: int) -> tuple[Any, int]:
    """Slots for the results of some runs, from ``free`` on; the slot of a number that is used no more is used again.

    A number gives its slot back after the run that uses it last, for an instruction may read it until then.

    Args:
        nodes: the nodes in order.
        first: where each run begins.
        start: as in ``Graph``.
        operands: as in ``Graph``.
        passing: for each number whether its slot may go to another.
        given: the slots that numbers have already.
        free: the first slot not in use.

    Returns:
        The slots of all numbers, and the first slot that is not needed.
    """
    slot = given.copy()
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
                if last[operand] == run and passing[operand]:
                    last[operand] = -1  # once
                    given_back[count] = slot[operand]
                    count += 1
    return slot, free
