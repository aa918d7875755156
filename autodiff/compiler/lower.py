"""From a recorded graph to flat programs: slots for the numbers, and the instructions that work on them.

There are two programs.  What depends on parameters alone runs once in a call, on single numbers; what depends on an
input runs on lanes, a block of samples at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .memory import FIRST
from .passes import spread_need, used_by
from .recording import CONSTANT, PER_CALL, PER_SAMPLE, Recording
from .sweeps import Block, Part, Sweeps

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

__all__ = ["Links", "Lowered", "lower"]


@dataclass
class Links:
    """How numbers pass from the per-call part to the lanes, and gradients back.

    Attributes:
        spread: slots of the per-sample part that hold a number of the call in every lane, and where that is found.
        returned: slots of adjoints on lanes, and of the per-call adjoints that their sums are added to.
    """

    spread: tuple[Integers, Integers]
    returned: tuple[Integers, Integers]


@dataclass
class Lowered:
    """Both programs of a recording.

    Attributes:
        per_call, per_sample: the programs.
        constants: the slots of constants in the per-call part, and their numbers.
        links: between the two.
        blocks: the dense blocks of the per-sample part.
        matrices: how many numbers these take.
    """

    per_call: Part
    per_sample: Part
    constants: tuple[Integers, NDArray[np.float64]]
    links: Links
    blocks: list[Block]
    matrices: int


def lower(recording: Recording, wrt: Iterable[int]) -> Lowered:
    """The programs of a recording, the reverse sweep for the derivatives with respect to the numbers ``wrt``."""
    count = len(recording.numbers)
    used = used_by(recording.op, recording.start, recording.operands, recording.outputs, count)
    needed = np.zeros(count, np.bool_)
    needed[np.array([*wrt], dtype=np.int64)] = True
    spread_need(recording.op, recording.start, recording.operands, needed)
    needed &= used
    call = Part("scalars", count, FIRST["scalars"])
    sample = Part("lanes", count, FIRST["lanes"])
    fixed = np.flatnonzero(used & (recording.stage == CONSTANT))
    bits, which = np.unique(recording.numbers[fixed].view(np.int64), return_inverse=True)
    call.slot[fixed] = call.allocate(len(bits))[which]  # equal constants share a slot
    for numbers, part in ((recording.parameters, call), (recording.inputs, sample)):
        here = numbers[numbers >= 0]
        part.slot[here] = part.allocate(len(here))
    constants: dict[float, int] = {}  # those that only a rule names
    on_lanes = Sweeps(recording, sample, PER_SAMPLE, used, needed, call, constants)
    passed = on_lanes.taken  # the numbers of the call that lanes use, whose gradient has an origin there
    in_call = Sweeps(recording, call, PER_CALL, used, needed, call, constants, passed)
    on_lanes.write()  # first, for it may need more constants
    in_call.write()
    spread = np.flatnonzero((sample.slot >= 0) & (recording.stage < PER_SAMPLE))
    back = spread[needed[spread]]
    return Lowered(
        call,
        sample,
        (
            np.array([*call.slot[fixed], *constants.values()], dtype=np.int64),
            np.array([*recording.numbers[fixed], *constants], dtype=np.float64),
        ),
        Links(
            (
                np.array([*sample.slot[spread], *on_lanes.constants.values()], dtype=np.int64),
                np.array([*call.slot[spread], *[constants[x] for x in on_lanes.constants]], dtype=np.int64),
            ),
            (sample.adjoint_slot(back), call.adjoint_slot(back)),
        ),
        on_lanes.blocks,
        on_lanes.matrices,
    )
