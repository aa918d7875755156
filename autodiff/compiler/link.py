"""A ``Lowered`` program comes in, a ``Machine`` goes out: its code as one array of integers, the *plan* of ``vm``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from . import rolled, vm
from .graph import PER_SAMPLE, at
from .kernels import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .blocks import Block
    from .graph import Graph, Loop
    from .instructions import Code
    from .lower import Lowered

    Integers = NDArray[np.int64]

__all__ = ["Machine", "aligned", "link", "runs"]

LANES = 128
"""At most so many samples in a block."""

_IN_CACHE = 10_000  # numbers that a block may take, slots times lanes; a program with more slots gets shorter blocks
_LARGE = 100_000  # slots, from which on even 32 samples take more memory than a cache has


@dataclass(frozen=True)
class Machine:
    """A program with its machine code, ready to run.

    Attributes:
        lowered: the program, whose slots the plan has the addresses of.
        plan: what ``vm`` reads.
        precision: of the numbers on lanes.
        slots, lanes: how many there are of each in a buffer for samples.
        matrices: how many numbers the dense blocks take behind them.
        partial: how many numbers a chunk adds up.
        outputs: the slot of each output.
        per_sample: for each output whether it depends on an input.
        loops: those of the call.
    """

    lowered: Lowered
    plan: Integers
    precision: np.dtype[Any]
    slots: int
    lanes: int
    matrices: int
    partial: int
    outputs: Integers
    per_sample: NDArray[np.bool_]
    loops: tuple[_Loop, ...]

    def call_buffer(self) -> NDArray[np.float64]:
        """Room for the numbers of a call, its constants filled in."""
        buffer = aligned(self.call_size, np.dtype(np.float64))
        self.fill_in(buffer)
        return buffer

    @property
    def call_size(self) -> int:
        """How many numbers a call takes, those of its loops behind the others."""
        return self.loops[-1].end if self.loops else self.lowered.call_slots

    def fill_in(self, buffer: NDArray[np.float64]) -> None:
        """The constants of the call, and those of the bodies of loops."""
        slots, numbers = self.lowered.constants
        buffer[slots] = numbers
        for loop in self.loops:
            loop.body.fill_in(buffer[loop.start :])

    def sample_buffer(self) -> NDArray[Any]:
        """Room for the lanes of one thread."""
        return aligned(self.sample_size, self.precision)

    @property
    def sample_size(self) -> int:
        """How many numbers the lanes of one thread take."""
        return self.slots * self.lanes + self.matrices


def aligned(size: int, precision: np.dtype[Any]) -> NDArray[Any]:
    """So many zeros, the first at the beginning of a cache line."""
    buffer = np.zeros(size + 64, precision)
    start = -buffer.ctypes.data % 64 // buffer.itemsize  # rows on whole cache lines, measured up to 13 % faster
    return buffer[start : start + size]


@dataclass(frozen=True)
class _Loop:
    """A loop of the call: its body as a machine, its plan, and where its room begins and ends in the buffer."""

    body: Machine
    plan: Integers
    data: NDArray[np.float64]
    start: int
    end: int


def _linked(loop: Loop, lowered: Lowered, start: int) -> _Loop:
    """A loop whose room begins at ``start``."""
    lanes, shared, gathered = len(loop.results), len(loop.shared), len(loop.gathered)
    body = link(loop.body, lowered, "float64", lanes)
    data = np.concatenate([loop.columns.ravel(), loop.weights])
    columns = loop.body.inputs[loop.gathered]
    sample = lowered.lanes.slots
    sizes = {
        "call": body.call_size,
        "samples": body.slots * body.lanes + body.matrices,
        "parameters": shared,
        "gradient": shared,
        "partial": body.partial,
        "columns": gathered * lanes,
    }
    blocks = -(-lanes // body.lanes)
    block = -(-lanes // (8 * blocks)) * 8  # all alike, as far as whole vectors go
    numbers = {"lanes": lanes, "shared": shared, "gathered": gathered, "block": block}
    numbers |= {"inputs": len(loop.columns), "data": data.ctypes.data, "partial_size": body.partial}
    end = start
    for name, size in sizes.items():
        numbers[name] = end
        end += -(-size // 8) * 8
    constant = np.ones(len(loop.columns), np.bool_)
    constant[loop.gathered] = False
    plan = rolled.plan(
        numbers,
        np.where(constant, at(sample.value, loop.body.inputs), -1),
        at(sample.value, columns),
        at(sample.adjoint, columns),
        body.plan,
    )
    return _Loop(body, plan, data, start, end)


def link(graph: Graph, lowered: Lowered, precision: str, samples: int = LANES) -> Machine:
    """The program of a graph with its kernels, compiled or read from the disk.

    Args:
        graph: the graph.
        lowered: its code.
        precision: of the numbers on lanes.
        samples: how many there are, where that is known.
    """
    call, sample = lowered.call, lowered.lanes
    slots = sample.size
    lanes = max(32 if slots < _LARGE else 8, min(LANES, _IN_CACHE // slots // 32 * 32))
    lanes = min(lanes, -(-samples // 8) * 8)
    loops: list[_Loop] = []
    for loop, body in zip(graph.loops, lowered.bodies, strict=True):
        start = loops[-1].end if loops else -(-lowered.call_slots // 8) * 8
        loops.append(_linked(loop, body, start))
    plans = [loop.plan.ctypes.data for loop in loops]
    matrices = slots * lanes
    per_sample = graph.rate[graph.outputs] == PER_SAMPLE
    outputs = np.where(per_sample, sample.slots.value[graph.outputs], call.slots.value[graph.outputs])
    adjoints = np.where(per_sample, sample.slots.adjoint[graph.outputs], call.slots.adjoint[graph.outputs])
    nowhere = np.where(per_sample, sample.slots.nowhere, call.slots.nowhere)
    blocks = sample.blocks
    sizes = np.array([block.size for block in blocks], np.int64)
    starts = matrices + 2 * (np.cumsum(sizes) - sizes)
    sums = vm.FIRST_SUM + 2 * len(lowered.returned[0]) + np.cumsum(sizes) - sizes  # in a partial sum
    weights = _flat([block.weights for block in blocks])
    parameters = np.arange(len(graph.parameters))
    single = len(outputs) == 1
    sections = {
        vm.CALL_FORWARD: _addressed(call, call.forward, "float64", 0, plans),
        vm.CALL_BACKWARD: _addressed(call, call.backward, "float64", 0, plans),
        vm.SAMPLE_FORWARD: _addressed(sample, sample.forward, precision, matrices, []),
        vm.SAMPLE_BACKWARD: _addressed(sample, sample.backward, precision, matrices, []),
        vm.INPUTS: at(sample.slots.value, graph.inputs),
        vm.INPUT_ADJOINTS: at(sample.slots.adjoint, graph.inputs),
        vm.SPREAD: np.concatenate(lowered.spread),
        vm.RETURNED: np.concatenate(lowered.returned),
        vm.MATRICES: runs(_places(blocks, starts), call.slots.value[weights]),
        vm.MATRIX_ADJOINTS: runs(_places(blocks, sums), call.slots.adjoint[weights]),
        vm.BLOCKS: np.column_stack([starts + sizes, sizes]),
        vm.PARAMETERS: runs(parameters, at(call.slots.value, graph.parameters)),
        vm.PARAMETER_ADJOINTS: runs(parameters, at(call.slots.adjoint, graph.parameters)),
    }
    numbers = {
        vm.CALL_SUMS: call.slots.nowhere,
        vm.CALL_SUMS_END: call.slots.assigned,
        vm.SAMPLE_SUMS: sample.slots.nowhere,
        vm.SAMPLE_SUMS_END: sample.slots.assigned,
        vm.STRIDE: lanes,
        vm.OUTPUT: outputs[0] if single else 0,
        vm.OUTPUT_ADJOINT: max(adjoints[0], nowhere[0]) if single else 0,
        vm.OUTPUT_PER_SAMPLE: per_sample[0] if single else 0,
    }
    return Machine(
        lowered,
        vm.plan(sections, numbers),
        np.dtype(precision),
        slots,
        lanes,
        2 * int(sizes.sum()),
        vm.FIRST_SUM + 2 * len(lowered.returned[0]) + 2 * int(sizes.sum()),
        outputs,
        per_sample,
        tuple(loops),
    )


def _addressed(code: Code, instructions: Integers, precision: str, matrices: int, plans: list[int]) -> Integers:
    """Instructions with the addresses of their kernels and of their operands."""
    called, which = np.unique(instructions[:, 0], return_inverse=True)
    addresses = [kernel(*code.kernels[int(i)], code.form, precision) for i in called]
    kinds = np.array([code.kernels[int(i)][0] for i in called])[which]
    count = np.where(kinds == "dense", matrices, instructions[:, 2])  # a dense kernel is told where the matrices begin
    count[kinds == "loop"] = np.array(plans, np.int64)[count[kinds == "loop"]]
    starts = code.ix.ctypes.data + code.ix.itemsize * instructions[:, 1]
    return np.column_stack([np.array(addresses, np.int64)[which], starts, count, instructions[:, 3]])


def _flat(arrays: list[Integers]) -> Integers:
    return np.concatenate([np.zeros(0, np.int64), *[array.ravel() for array in arrays]])


def _places(blocks: tuple[Block, ...], starts: Integers) -> Integers:
    return _flat([start + block.places for start, block in zip(starts, blocks, strict=True)])


def runs(here: Integers, there: Integers) -> Integers:
    """Pairs of places, the second 0 or more, as runs of neighbours: where each begins, here and there; its length."""
    here, there = here[there >= 0], there[there >= 0]
    first = np.flatnonzero((np.diff(here, prepend=-9) != 1) | (np.diff(there, prepend=-9) != 1))
    return np.column_stack([here[first], there[first], np.diff(first, append=len(here))])
