"""A ``Graph`` comes in, a ``Lowered`` program goes out: the code of each region, and how numbers pass between them.

What depends on parameters alone runs once in a call, on single numbers; what depends on an input runs on lanes, a block
of samples at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .adjoints import adjoints
from .graph import CONSTANT, PER_SAMPLE
from .instructions import instructions
from .regions import regions
from .schedule import schedule
from .slots import allocate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from .graph import Graph, Loop
    from .instructions import Code
    from .regions import Region

    Integers = NDArray[np.int64]

__all__ = ["Lowered", "lower"]


@dataclass(frozen=True)
class Lowered:
    """The code of both regions of a graph.

    Attributes:
        call, lanes: the code.
        call_slots: how many slots the call takes, those of ``constants`` included.
        constants: slots of the call that hold a constant, and their numbers.
        spread: slots that hold a number of the call in every lane, and those of the call where that is found.
        returned: slots of adjoints on lanes, and of the adjoints in the call that their sums are added to.
        bodies: the code of the loops of the call.
    """

    call: Code
    lanes: Code
    call_slots: int
    constants: tuple[Integers, NDArray[np.float64]]
    spread: tuple[Integers, Integers]
    returned: tuple[Integers, Integers]
    bodies: tuple[Lowered, ...]


def lower(graph: Graph, wrt: Integers) -> Lowered:
    """The code of a graph; its reverse sweep is for the derivatives with respect to the numbers ``wrt``."""
    in_call, on_lanes = regions(graph, wrt)
    call, lanes = _code(graph, in_call), _code(graph, on_lanes)
    only_lanes = [x for x in lanes.constants if x not in call.constants]
    named = call.constants | {x: call.size + i for i, x in enumerate(only_lanes)}  # by rules
    fixed = np.flatnonzero((in_call.given >= 0) & (graph.rate == CONSTANT))
    spread = np.flatnonzero((on_lanes.given >= 0) & (graph.rate < PER_SAMPLE))
    back = spread[lanes.slots.adjoint[spread] >= 0]  # not all that is needed: lanes may have met it in a truth only
    return Lowered(
        call,
        lanes,
        call.size + len(only_lanes),
        (_join(call.slots.value[fixed], named.values()), np.array([*graph.numbers[fixed], *named])),
        (
            _join(lanes.slots.value[spread], lanes.constants.values()),
            _join(call.slots.value[spread], [named[x] for x in lanes.constants]),
        ),
        (lanes.slots.adjoint[back], call.slots.adjoint[back]),
        tuple(lower(loop.body, _asked(loop, in_call.needed)) for loop in graph.loops),
    )


def _asked(loop: Loop, needed: NDArray[np.bool_]) -> Integers:
    """The numbers of a body whose adjoints are asked for."""
    gathered = loop.body.inputs[loop.gathered]
    return np.concatenate([loop.body.parameters[needed[loop.shared]], gathered[needed[loop.sources].any(axis=1)]])


def _code(graph: Graph, region: Region) -> Code:
    needs = adjoints(graph, region)
    runs = schedule(graph, region, needs)
    return instructions(graph, region, runs, allocate(graph, region, needs, runs))


def _join(slots: Integers, more: Iterable[int]) -> Integers:
    return np.concatenate([slots, np.array([*more], np.int64)])
