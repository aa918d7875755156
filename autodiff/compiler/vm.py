"""A plan and numbers come in, values and gradients go out: the virtual machine runs the instructions over blocks.

All that is fixed about a program stands in one array of integers, its *plan*, for what a call costs before any work is
done grows with the number of arrays handed over.  A chunk is a run of blocks whose gradients are added up in order; the
chunks too are added in order, so the result does not depend on how many threads shared them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .assembler import Driver
from .cache import njit
from .memory import call_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Numbers = NDArray[np.float64]
    Rows = NDArray[np.float64]
    Lanes = NDArray[Any]

__all__ = ["add_all_exactly", "begin", "copy", "differentiate", "differentiate_alone", "evaluate", "fill", "finish"]
__all__ += ["plan", "section", "spread", "sweep"]

CHUNKS = 8
"""At most so many sums are kept apart, to be added in order."""

FIRST_SUM = 2
"""Where in a partial sum the adjoints begin: before them are the sum of the outputs, and what rounding took from it.

Behind the adjoints stands what rounding took from each, and then come those of matrices in the same way."""

# What stands where in a plan: where each section begins and the last one ends, then single numbers, then the sections.
_SECTIONS = 13
(
    CALL_FORWARD,
    CALL_BACKWARD,
    SAMPLE_FORWARD,
    SAMPLE_BACKWARD,
    INPUTS,  # slots
    INPUT_ADJOINTS,  # slots
    SPREAD,  # slots, then where each is found in the call
    RETURNED,  # slots of adjoints, then those in the call
    MATRICES,  # in runs: place, slot in the call, length
    MATRIX_ADJOINTS,  # in runs: place in a partial sum, slot of the adjoint in the call, length
    BLOCKS,  # where the adjoints of each dense block begin, and how many they are
    PARAMETERS,  # in runs: number of the parameter, slot, length
    PARAMETER_ADJOINTS,  # the same for the slots of adjoints
) = range(_SECTIONS)
_NUMBERS = 8
(
    CALL_SUMS,  # the first slot that the reverse sweep adds to
    CALL_SUMS_END,
    SAMPLE_SUMS,
    SAMPLE_SUMS_END,
    STRIDE,  # lanes in a row
    OUTPUT,  # slot, of a single output
    OUTPUT_ADJOINT,
    OUTPUT_PER_SAMPLE,
) = range(_SECTIONS + 1, _SECTIONS + 1 + _NUMBERS)


def plan(sections: dict[int, Integers], numbers: dict[int, int]) -> Integers:
    """A plan of its sections and its single numbers."""
    flat = [sections[i].ravel() for i in range(_SECTIONS)]
    starts = _SECTIONS + 1 + _NUMBERS + np.cumsum([0, *map(len, flat)])
    single = [int(numbers[i]) for i in range(_SECTIONS + 1, _SECTIONS + 1 + _NUMBERS)]
    return np.concatenate([starts, np.array(single), *flat])


_compiled = njit(nogil=True, error_model="numpy")


@_compiled
def sweep(code: Any, buffer: int, lanes: int, real: int, stride: int) -> None:
    """Run instructions on a buffer."""
    for k in range(0, len(code), 4):
        call_kernel(code[k], buffer, code[k + 1], code[k + 2], code[k + 3], lanes, real, stride)


@_compiled
def section(plan: Any, which: int) -> Any:
    """A section of a plan."""
    return plan[plan[which] : plan[which + 1]]


# Loops in place of NumPy's assignment to slices, of which every use takes numba a quarter of a second to compile.


@_compiled
def fill(target: Any, count: int, x: float) -> None:
    """target[:count] = x."""
    for i in range(count):
        target[i] = x


@_compiled
def copy(source: Any, target: Any, count: int) -> None:
    """target[:count] = source[:count]."""
    for i in range(count):
        target[i] = source[i]


@_compiled
def _add(source: Any, target: Any, count: int) -> None:
    for i in range(count):
        target[i] += source[i]


@_compiled
def _add_exactly(sums: Any, x: float) -> None:
    """Add to a sum, and what rounding takes from it to the number behind (Knuth's two-sum)."""
    before = sums[0]
    total = before + x
    part = total - before
    sums[0] = total
    sums[1] += (before - (total - part)) + (x - part)


@_compiled
def add_all_exactly(sums: Any, place: int, lost: int, source: Any, count: int) -> None:
    """Add ``count`` numbers to the sum at ``place``, and what rounding takes from it to the number at ``lost``."""
    total, error = sums[place], sums[lost]
    for i in range(count):
        before, x = total, source[i]
        total = before + x
        part = total - before
        error += (before - (total - part)) + (x - part)
    sums[place], sums[lost] = total, error


@_compiled
def _add_each_exactly(sums: Any, lost: Any, source: Any, count: int) -> None:
    """Add numbers, each to its own sum, and what rounding takes from these to ``lost``."""
    for i in range(count):
        before, x = sums[i], source[i]
        total = before + x
        part = total - before
        sums[i] = total
        lost[i] += (before - (total - part)) + (x - part)


@_compiled
def _mean(total: float, lost: float, samples: float) -> float:
    """A sum, with what rounding took from it, over the samples; what stands beside an infinity is none."""
    return (total + lost if lost - lost == 0.0 else total) / samples


@Driver
@_compiled
def begin(plan: Integers, U: Numbers, parameters: Numbers) -> None:
    """Run what a call needs once."""
    runs = section(plan, PARAMETERS)
    for k in range(0, len(runs), 3):
        copy(parameters[runs[k] :], U[runs[k + 1] :], runs[k + 2])
    sweep(section(plan, CALL_FORWARD), U.ctypes.data, 1, 1, 1)


@Driver
@_compiled
def spread(plan: Integers, U: Numbers, V: Lanes) -> None:
    """Copy numbers of the call to where the lanes take them from."""
    stride = plan[STRIDE]
    slots = section(plan, SPREAD)
    count = len(slots) // 2
    for k in range(count):
        fill(V[slots[k] * stride :], stride, U[slots[count + k]])
    runs = section(plan, MATRICES)
    for k in range(0, len(runs), 3):
        copy(U[runs[k + 1] :], V[runs[k] :], runs[k + 2])


@_compiled
def _load(plan: Any, V: Any, X: Any, low: int, high: int) -> int:
    """One block of the inputs; its last sample fills it up to whole vectors, or four of them, as machine code likes."""
    stride = plan[STRIDE]
    step = 32 if high - low > 16 else 8
    lanes = min((high - low + step - 1) // step * step, stride)
    slots = section(plan, INPUTS)
    for i in range(len(slots)):
        if slots[i] >= 0:
            row = V[slots[i] * stride :]
            copy(X[i, low:], row, high - low)
            fill(row[high - low :], lanes - (high - low), row[high - low - 1])
    return lanes


@Driver
@_compiled
def evaluate(plan: Integers, V: Lanes, X: Rows, slots: Integers, Y: Rows, low: int, high: int, block: int) -> None:
    """The outputs of samples low to high."""
    stride = plan[STRIDE]
    code = section(plan, SAMPLE_FORWARD)
    for start in range(low, high, block):
        end = min(start + block, high)
        lanes = _load(plan, V, X, start, end)
        sweep(code, V.ctypes.data, lanes, end - start, stride)
        for i in range(len(slots)):
            if slots[i] >= 0:
                copy(V[slots[i] * stride :], Y[i, start:], end - start)


@Driver
@_compiled
def differentiate(
    plan: Integers,
    V: Lanes,
    X: Rows,
    seed: float,
    low: int,
    high: int,
    block: int,
    partial: Numbers,
    values: Numbers,
    dX: Rows,
) -> None:
    """Add up value and gradient of samples low to high, a chunk.

    ``partial`` receives the sum of the outputs and its error, then the adjoints of the spread numbers, their errors,
    and the adjoints of the matrices; room for the errors of these is behind them.
    ``values`` receives each output and ``dX`` the adjoints of the inputs, where they are not empty.
    """
    stride = plan[STRIDE]
    output, adjoint = plan[OUTPUT] * stride, plan[OUTPUT_ADJOINT] * stride
    forward, backward = section(plan, SAMPLE_FORWARD), section(plan, SAMPLE_BACKWARD)
    returned, blocks, inputs = section(plan, RETURNED), section(plan, BLOCKS), section(plan, INPUT_ADJOINTS)
    for b in range(0, len(blocks), 2):
        fill(V[blocks[b] :], blocks[b + 1], 0.0)
    count = len(returned) // 2
    fill(partial, FIRST_SUM + 2 * count, 0.0)
    for start in range(low, high, block):
        end = min(start + block, high)
        lanes = _load(plan, V, X, start, end)
        sweep(forward, V.ctypes.data, lanes, end - start, stride)
        for slot in range(plan[SAMPLE_SUMS], plan[SAMPLE_SUMS_END]):
            fill(V[slot * stride :], lanes, 0.0)
        for t in range(end - start):
            _add_exactly(partial, V[output + t])
        fill(V[adjoint:], end - start, seed)
        if len(values):
            copy(V[output:], values[start:], end - start)
        sweep(backward, V.ctypes.data, lanes, end - start, stride)
        for k in range(count):
            place = FIRST_SUM + k
            add_all_exactly(partial, place, place + count, V[returned[k] * stride :], end - start)
        for i in range(len(dX)):
            if inputs[i] >= 0:
                copy(V[inputs[i] * stride :], dX[i, start:], end - start)
    at = FIRST_SUM + 2 * count
    for b in range(0, len(blocks), 2):
        copy(V[blocks[b] :], partial[at:], blocks[b + 1])
        at += blocks[b + 1]


@Driver
@_compiled
def finish(plan: Integers, U: Numbers, partials: Rows, seed: float, samples: float, gradient: Numbers) -> float:
    """Add the chunks, in order, and go back through what was done once; the value, and the gradient in place.

    The value is the sum of the outputs as if in twice the digits; not finite where a partial sum is not.  The gradient
    is that sum's over ``samples``; partials[0, 1] is 0 if all of it is finite, else nan.
    """
    returned, matrices = section(plan, RETURNED), section(plan, MATRIX_ADJOINTS)
    total = partials[0]
    count = len(returned) // 2
    sums, at = total[FIRST_SUM:], FIRST_SUM + 2 * count
    size = (len(total) - at) // 2
    lost, weights, of_weights = total[FIRST_SUM + count :], total[at:], total[at + size :]
    fill(of_weights, size, 0.0)
    for chunk in range(1, len(partials)):
        more = partials[chunk]
        _add_exactly(total, more[0])
        total[1] += more[1]
        _add_each_exactly(sums, lost, more[FIRST_SUM:], count)
        _add(more[FIRST_SUM + count :], lost, count)
        _add_each_exactly(weights, of_weights, more[at:], size)
    fill(U[plan[CALL_SUMS] :], plan[CALL_SUMS_END] - plan[CALL_SUMS], 0.0)
    value = total[0] + total[1]
    if not plan[OUTPUT_PER_SAMPLE]:
        value = U[plan[OUTPUT]]
        U[plan[OUTPUT_ADJOINT]] = seed
    for k in range(count):
        U[returned[count + k]] += _mean(sums[k], lost[k], samples)
    for k in range(size):
        weights[k] = _mean(weights[k], of_weights[k], samples)
    for k in range(0, len(matrices), 3):
        _add(total[matrices[k] :], U[matrices[k + 1] :], matrices[k + 2])
    sweep(section(plan, CALL_BACKWARD), U.ctypes.data, 1, 1, 1)
    fill(gradient, len(gradient), 0.0)
    runs = section(plan, PARAMETER_ADJOINTS)
    for k in range(0, len(runs), 3):
        copy(U[runs[k + 1] :], gradient[runs[k] :], runs[k + 2])
    total[1] = 0.0
    for i in range(len(gradient)):
        total[1] += 0.0 * gradient[i]
    return value


@Driver
@_compiled
def differentiate_alone(
    plan: Integers,
    U: Numbers,
    V: Lanes,
    X: Rows,
    parameters: Numbers,
    mean: bool,
    block: int,
    length: int,
    partials: Rows,
    values: Numbers,
    dX: Rows,
    gradient: Numbers,
    seed: float = 1.0,
) -> float:
    """All of it on this thread, in one call; the sum of the outputs."""
    begin(plan, U, parameters)
    spread(plan, U, V)
    samples = X.shape[1]
    for chunk in range(len(partials)):
        low = chunk * length
        differentiate(plan, V, X, seed, low, min(low + length, samples), block, partials[chunk], values, dX)
    return finish(plan, U, partials, seed, float(samples) if mean else 1.0, gradient)
