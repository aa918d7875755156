"""The virtual machine: runs the instructions of a program over blocks of samples, forward and back.

All that is fixed about a program stands in one array of integers, its *plan*, for what a call costs before any work is
done grows with the number of arrays handed over.  A chunk is a run of blocks whose gradients are added up in order; the
chunks too are added in order, so the result does not depend on how many threads shared them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .cache import njit
from .kernels import call_kernel, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .lower import Lowered
    from .sweeps import Part

__all__ = ["Machine", "begin", "differentiate", "differentiate_alone", "evaluate", "finish", "spread"]

LANES = 128
"""At most so many samples in a block."""

CHUNKS = 8
"""At most so many sums are kept apart, to be added in order."""

_IN_CACHE = 10_000  # numbers that a block may take, slots times lanes; a program with more slots gets shorter blocks
_LARGE = 100_000  # slots, from which on even 32 samples take more memory than a cache has

# What stands where in a plan: where each section begins and the last one ends, then single numbers, then the sections.
_SECTIONS = 13
(
    _CALL_FORWARD,
    _CALL_BACKWARD,
    _SAMPLE_FORWARD,
    _SAMPLE_BACKWARD,
    _INPUTS,  # slots
    _INPUT_ADJOINTS,  # slots
    _SPREAD,  # slots, then where each is found in the per-call part
    _RETURNED,  # slots of adjoints, then those in the per-call part
    _MATRICES,  # in runs: place, slot in the per-call part, length
    _MATRIX_ADJOINTS,  # in runs: place in a partial sum, slot of the adjoint in the per-call part, length
    _BLOCKS,  # where the adjoints of each dense block begin, and how many they are
    _PARAMETERS,  # in runs: number of the parameter, slot, length
    _PARAMETER_ADJOINTS,  # the same for the slots of adjoints
) = range(_SECTIONS)
_CALL_SLOTS, _CALL_SUMS, _SAMPLE_SLOTS, _SAMPLE_SUMS, _STRIDE, _OUTPUT, _OUTPUT_ADJOINT, _OUTPUT_PER_SAMPLE = range(
    _SECTIONS + 1, _SECTIONS + 9
)
_HEADER = _SECTIONS + 9


class Machine:
    """A lowered program with its machine code, ready to run.

    Args:
        lowered: the program.
        inputs, parameters, outputs: their numbers in the recording.
        per_sample: for each output whether it depends on an input.
        precision: "float64" or "float32", for the lanes.
        backward: whether to get ready for derivatives, which takes one output.
    """

    def __init__(
        self,
        lowered: Lowered,
        inputs: NDArray[np.int64],
        parameters: NDArray[np.int64],
        outputs: NDArray[np.int64],
        per_sample: NDArray[np.bool_],
        precision: str,
        backward: bool,
    ) -> None:
        call, sample = lowered.per_call, lowered.per_sample
        self.slots = sample.slots + (sample.adjoints if backward else 0)
        least = 32 if self.slots < _LARGE else 8
        self.lanes = max(least, min(LANES, _IN_CACHE // self.slots // 32 * 32))
        self.lowered = lowered
        self.precision = np.dtype(precision)
        self.matrices_at = self.slots * self.lanes
        self.output_slots = np.where(per_sample, sample.slot[outputs], call.slot[outputs])
        adjoints = np.where(per_sample, sample.adjoint_slot(outputs), call.adjoint_slot(outputs))
        blocks = lowered.blocks
        places = np.concatenate([[], *[block.at + block.places for block in blocks]])
        at = np.cumsum([1 + len(lowered.links.returned[0]), *[block.size for block in blocks]])  # in a partial sum
        summed = np.concatenate([[], *[start + block.places for start, block in zip(at[:-1], blocks, strict=True)]])
        weights = np.concatenate([[], *[block.sources for block in blocks]])
        back = np.concatenate(
            [[], *[np.where(call.adjoint[b.numbers] >= 0, call.adjoint_slot(b.numbers), -1) for b in blocks]]
        )
        numbers = np.arange(len(parameters))
        sections: list[Any] = [
            self._code(call, call.forward, "float64"),
            self._code(call, call.backward, "float64") if backward else [],
            self._code(sample, sample.forward, precision),
            self._code(sample, sample.backward, precision) if backward else [],
            np.where(inputs >= 0, sample.slot[inputs], -1),
            np.where((inputs >= 0) & (sample.adjoint[inputs] >= 0), sample.adjoint_slot(inputs), -1),
            np.concatenate(lowered.links.spread),
            np.concatenate(lowered.links.returned) if backward else [],
            _runs(self.matrices_at + places, weights),
            _runs(summed, back),
            np.array([(b.at + b.size + self.matrices_at, b.size) for b in blocks]),
            _runs(numbers, np.where(parameters >= 0, call.slot[parameters], -1)),
            _runs(
                numbers,
                np.where((parameters >= 0) & (call.adjoint[parameters] >= 0), call.adjoint_slot(parameters), -1),
            ),
        ]
        sections = [np.asarray(section, dtype=np.int64).ravel() for section in sections]
        single = len(outputs) == 1
        header = [call.slots, call.slots + call.sums, sample.slots, sample.slots + sample.sums, self.lanes]
        header += [int(self.output_slots[0]), int(adjoints[0]), int(per_sample[0])] if single else [0, 0, 0]
        starts = _HEADER + np.cumsum([0, *[len(section) for section in sections]])
        self.plan = np.concatenate([starts, header, *sections]).astype(np.int64)
        self.partial = int(at[-1])

    def _code(self, part: Part, code: NDArray[np.int64], precision: str) -> NDArray[np.int64]:
        """Instructions with the addresses of their kernels and of their operands."""
        if not len(code):
            return code
        keys = [*part.kernels]
        dense = np.array([kind == "dense" for kind, _ in keys])[code[:, 0]]
        addresses = {key: kernel(*keys[int(key)], part.form, precision) for key in np.unique(code[:, 0])}
        code = code.copy()
        code[dense, 2] = self.matrices_at
        code[:, 0] = [addresses[key] for key in code[:, 0]]
        code[:, 1] = part.ix.ctypes.data + part.ix.itemsize * code[:, 1]
        return code

    def call_buffer(self) -> NDArray[np.float64]:
        """Room for the numbers of a call, its constants filled in."""
        part = self.lowered.per_call
        buffer = np.zeros(part.slots + part.adjoints)
        slots, numbers = self.lowered.constants
        buffer[slots] = numbers
        return buffer

    def sample_buffer(self) -> NDArray[Any]:
        """Room for the lanes of one thread."""
        size = self.matrices_at + self.lowered.matrices
        buffer = np.zeros(size + 64, self.precision)
        start = -buffer.ctypes.data % 64 // buffer.itemsize  # rows on whole cache lines, measured up to 13 % faster
        return buffer[start : start + size]


def _runs(here: Any, there: Any) -> NDArray[np.int64]:
    """Pairs of places, the second 0 or more, as runs of neighbours: where each begins, here and there; its length."""
    here, there = (np.asarray(x, dtype=np.int64)[np.asarray(there) >= 0] for x in (here, there))
    first = np.flatnonzero((np.diff(here, prepend=-9) != 1) | (np.diff(there, prepend=-9) != 1))
    return np.column_stack([here[first], there[first], np.diff(first, append=len(here))])


@njit(nogil=True, error_model="numpy")
def _sweep(code: Any, buffer: int, lanes: int, real: int, stride: int) -> None:
    for k in range(0, len(code), 4):
        call_kernel(code[k], buffer, code[k + 1], code[k + 2], code[k + 3], lanes, real, stride)


# Loops in place of NumPy's assignment to slices, of which every use takes numba a quarter of a second to compile.


@njit(nogil=True, error_model="numpy")
def _fill(target: Any, count: int, x: float) -> None:
    for i in range(count):
        target[i] = x


@njit(nogil=True, error_model="numpy")
def _copy(source: Any, target: Any, count: int) -> None:
    for i in range(count):
        target[i] = source[i]


@njit(nogil=True, error_model="numpy")
def _add(source: Any, target: Any, count: int) -> None:
    for i in range(count):
        target[i] += source[i]


@njit(nogil=True, error_model="numpy")
def _total(source: Any, count: int) -> float:
    total = 0.0
    for i in range(count):
        total += source[i]
    return total


@njit(nogil=True, error_model="numpy")
def begin(plan: Any, U: Any, parameters: Any) -> None:
    """Run what a call needs once."""
    runs = plan[plan[_PARAMETERS] : plan[_PARAMETERS + 1]]
    for k in range(0, len(runs), 3):
        _copy(parameters[runs[k] :], U[runs[k + 1] :], runs[k + 2])
    _sweep(plan[plan[_CALL_FORWARD] : plan[_CALL_FORWARD + 1]], U.ctypes.data, 1, 1, 1)


@njit(nogil=True, error_model="numpy")
def spread(plan: Any, U: Any, V: Any) -> None:
    """Copy numbers of the call to where the lanes take them from."""
    stride = plan[_STRIDE]
    slots = plan[plan[_SPREAD] : plan[_SPREAD + 1]]
    count = len(slots) // 2
    for k in range(count):
        _fill(V[slots[k] * stride :], stride, U[slots[count + k]])
    runs = plan[plan[_MATRICES] : plan[_MATRICES + 1]]
    for k in range(0, len(runs), 3):
        _copy(U[runs[k + 1] :], V[runs[k] :], runs[k + 2])


@njit(nogil=True, error_model="numpy")
def _load(plan: Any, V: Any, X: Any, low: int, high: int) -> int:
    """One block of the inputs; its last sample fills it up to whole vectors, or four of them, as machine code likes."""
    stride = plan[_STRIDE]
    step = 32 if high - low > 16 else 8
    lanes = min((high - low + step - 1) // step * step, stride)
    slots = plan[plan[_INPUTS] : plan[_INPUTS + 1]]
    for i in range(len(slots)):
        if slots[i] >= 0:
            row = V[slots[i] * stride :]
            _copy(X[i, low:], row, high - low)
            _fill(row[high - low :], lanes - (high - low), row[high - low - 1])
    return lanes


@njit(nogil=True, error_model="numpy")
def evaluate(plan: Any, V: Any, X: Any, slots: Any, Y: Any, low: int, high: int, block: int) -> None:
    """The outputs of samples low to high."""
    stride = plan[_STRIDE]
    code = plan[plan[_SAMPLE_FORWARD] : plan[_SAMPLE_FORWARD + 1]]
    for start in range(low, high, block):
        end = min(start + block, high)
        lanes = _load(plan, V, X, start, end)
        _sweep(code, V.ctypes.data, lanes, end - start, stride)
        for i in range(len(slots)):
            if slots[i] >= 0:
                _copy(V[slots[i] * stride :], Y[i, start:], end - start)


@njit(nogil=True, error_model="numpy")
def differentiate(
    plan: Any, V: Any, X: Any, seed: float, low: int, high: int, block: int, partial: Any, values: Any, dX: Any
) -> None:
    """Add up value and gradient of samples low to high, a chunk.

    ``partial`` receives the sum of the outputs, then the adjoints of the spread numbers, then those of the matrices.
    ``values`` receives each output and ``dX`` the adjoints of the inputs, where they are not empty.
    """
    stride = plan[_STRIDE]
    output, adjoint = plan[_OUTPUT] * stride, plan[_OUTPUT_ADJOINT] * stride
    forward, backward = (
        plan[plan[_SAMPLE_FORWARD] : plan[_SAMPLE_FORWARD + 1]],
        plan[plan[_SAMPLE_BACKWARD] : plan[_SAMPLE_BACKWARD + 1]],
    )
    returned, blocks, inputs = (
        plan[plan[_RETURNED] : plan[_RETURNED + 1]],
        plan[plan[_BLOCKS] : plan[_BLOCKS + 1]],
        plan[plan[_INPUT_ADJOINTS] : plan[_INPUT_ADJOINTS + 1]],
    )
    for b in range(0, len(blocks), 2):
        _fill(V[blocks[b] :], blocks[b + 1], 0.0)
    count = len(returned) // 2
    _fill(partial, 1 + count, 0.0)
    for start in range(low, high, block):
        end = min(start + block, high)
        lanes = _load(plan, V, X, start, end)
        _sweep(forward, V.ctypes.data, lanes, end - start, stride)
        for slot in range(plan[_SAMPLE_SLOTS], plan[_SAMPLE_SUMS]):
            _fill(V[slot * stride :], lanes, 0.0)
        partial[0] += _total(V[output:], end - start)
        _fill(V[adjoint:], end - start, seed)
        if len(values):
            _copy(V[output:], values[start:], end - start)
        _sweep(backward, V.ctypes.data, lanes, end - start, stride)
        for k in range(count):
            partial[1 + k] += _total(V[returned[k] * stride :], end - start)
        for i in range(len(dX)):
            if inputs[i] >= 0:
                _copy(V[inputs[i] * stride :], dX[i, start:], end - start)
    at = 1 + count
    for b in range(0, len(blocks), 2):
        _copy(V[blocks[b] :], partial[at:], blocks[b + 1])
        at += blocks[b + 1]


@njit(nogil=True, error_model="numpy")
def finish(plan: Any, U: Any, partials: Any, seed: float, gradient: Any) -> float:
    """Add the chunks, in order, and go back through what was done once; the value, and the gradient in place."""
    returned, matrices = (
        plan[plan[_RETURNED] : plan[_RETURNED + 1]],
        plan[plan[_MATRIX_ADJOINTS] : plan[_MATRIX_ADJOINTS + 1]],
    )
    total = partials[0]
    for chunk in range(1, len(partials)):
        _add(partials[chunk], total, len(total))
    _fill(U[plan[_CALL_SLOTS] :], plan[_CALL_SUMS] - plan[_CALL_SLOTS], 0.0)
    value = total[0]
    if not plan[_OUTPUT_PER_SAMPLE]:
        value = U[plan[_OUTPUT]]
        U[plan[_OUTPUT_ADJOINT]] = seed
    count = len(returned) // 2
    for k in range(count):
        U[returned[count + k]] += total[1 + k]
    for k in range(0, len(matrices), 3):
        _add(total[matrices[k] :], U[matrices[k + 1] :], matrices[k + 2])
    _sweep(plan[plan[_CALL_BACKWARD] : plan[_CALL_BACKWARD + 1]], U.ctypes.data, 1, 1, 1)
    _fill(gradient, len(gradient), 0.0)
    runs = plan[plan[_PARAMETER_ADJOINTS] : plan[_PARAMETER_ADJOINTS + 1]]
    for k in range(0, len(runs), 3):
        _copy(U[runs[k + 1] :], gradient[runs[k] :], runs[k + 2])
    return value


@njit(nogil=True, error_model="numpy")
def differentiate_alone(
    plan: Any,
    U: Any,
    V: Any,
    X: Any,
    parameters: Any,
    mean: bool,
    block: int,
    length: int,
    partials: Any,
    values: Any,
    dX: Any,
    gradient: Any,
) -> float:
    """All of it on this thread, in one call; the sum of the outputs."""
    begin(plan, U, parameters)
    spread(plan, U, V)
    samples = X.shape[1]
    seed = 1.0 / samples if mean else 1.0
    for chunk in range(len(partials)):
        low = chunk * length
        differentiate(plan, V, X, seed, low, min(low + length, samples), block, partials[chunk], values, dX)
    return finish(plan, U, partials, 1.0, gradient)
