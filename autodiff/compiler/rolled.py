"""A loop as one instruction among the scalars: its body runs on lanes, a block of them at a time.

The operands ``ix`` are slots of the call, for K lanes, S shared numbers and G gathered columns:

    results, d_results    K each: where the output of every lane goes, and its adjoint
    shared, d_shared      S each
    sources, d_sources    G·K each, row by row: what the lanes gather, and where its adjoint is added to
    d_sink                1

In place of ``count`` stands the address of a plan: the numbers named below, the slots that columns of constants and
gathered ones have on lanes, the adjoints of the latter, and the plan of the body, as ``vm`` has it.  All the room that
a loop takes lies behind the slots of the call.

The reverse sweep of a body needs the numbers of its forward sweep.  One block keeps them; of several all but the last
are gone, and are computed again.  Where the adjoints of the results are known but for one factor, the adjoint of the
sink, both sweeps go through each block together, and the factor comes last.
"""

from __future__ import annotations

from typing import Any

from numba import carray, float64, int64

from . import vm
from .cache import njit
from .memory import BUFFER, pointer

__all__ = ["backward", "forward", "forward_and_back", "plan", "scaled"]

_NUMBERS = 14
(
    _LANES,
    _SHARED,
    _GATHERED,
    _BLOCK,  # so many lanes at once
    _INPUTS,
    _DATA,  # address of the columns, and of the weights behind them
    _CALL,  # where the slots of the body's own call begin
    _SAMPLES,  # and its lanes
    _PARAMETERS,  # the shared numbers
    _GRADIENT,  # their adjoints
    _PARTIAL,
    _PARTIAL_SIZE,
    _COLUMNS,  # the adjoints of gathered columns
    _BODY,  # where the plan of the body begins in this one
) = range(_NUMBERS)


def plan(numbers: dict[str, int], constant: Any, gathered: Any, adjoints: Any, body: Any) -> Any:
    """The plan of a loop.

    Args:
        numbers: all but the last of the numbers above, by name.
        constant: the slots of the columns on lanes; -1 for those that are gathered.
        gathered: the slots of the others.
        adjoints: the slots of their adjoints; -1 where there is none.
        body: the plan of the body.
    """
    import numpy as np

    names = ["lanes", "shared", "gathered", "block", "inputs", "data", "call", "samples", "parameters", "gradient"]
    names += ["partial", "partial_size", "columns"]
    start = _NUMBERS + len(constant) + len(gathered) + len(adjoints)
    return np.concatenate([[*[numbers[name] for name in names], start], constant, gathered, adjoints, body])


_compiled = njit(nogil=True, error_model="numpy")


@_compiled
def _begin(U: Any, ix: Any, plan: Any) -> None:
    """What the body needs once."""
    parameters, shared = U[plan[_PARAMETERS] :], ix[2 * plan[_LANES] :]
    for i in range(plan[_SHARED]):
        parameters[i] = U[shared[i]]
    body, call = plan[plan[_BODY] :], U[plan[_CALL] :]
    vm.begin(body, call, parameters)
    vm.spread(body, call, U[plan[_SAMPLES] :])


@_compiled
def _forward(U: Any, ix: Any, plan: Any, data: Any, low: int, high: int) -> int:
    """The forward sweep of one block; how many lanes it has with those that fill it up."""
    lanes_in_all, inputs, gathered = plan[_LANES], plan[_INPUTS], plan[_GATHERED]
    body, V = plan[plan[_BODY] :], U[plan[_SAMPLES] :]
    stride = body[vm.STRIDE]
    step = 32 if high - low > 16 else 8
    lanes = min((high - low + step - 1) // step * step, stride)
    slots, gathers = plan[_NUMBERS:], plan[_NUMBERS + inputs :]
    for i in range(inputs):
        if slots[i] >= 0:
            row, column = V[slots[i] * stride :], data[i * lanes_in_all :]
            for t in range(low, high):
                row[t - low] = column[t]
            for t in range(high - low, lanes):
                row[t] = column[high - 1]
    sources = ix[2 * lanes_in_all + 2 * plan[_SHARED] :]
    for g in range(gathered):
        row, source = V[gathers[g] * stride :], sources[g * lanes_in_all :]
        for t in range(low, high):
            row[t - low] = U[source[t]]
        for t in range(high - low, lanes):
            row[t] = row[high - low - 1]
    vm.sweep(vm.section(body, vm.SAMPLE_FORWARD), V.ctypes.data, lanes, high - low, stride)
    output = V[body[vm.OUTPUT] * stride :]
    for t in range(low, high):
        U[ix[t]] = output[t - low]
    return lanes


@_compiled
def _clear(U: Any, plan: Any) -> None:
    """Nothing is added up yet."""
    body, V = plan[plan[_BODY] :], U[plan[_SAMPLES] :]
    blocks = vm.section(body, vm.BLOCKS)
    for b in range(0, len(blocks), 2):
        vm.fill(V[blocks[b] :], blocks[b + 1], 0.0)
    vm.fill(U[plan[_PARTIAL] :], plan[_PARTIAL_SIZE], 0.0)


@_compiled
def _back(U: Any, plan: Any, lanes: int, low: int, high: int) -> None:
    """The reverse sweep of one block, the adjoints of whose results stand where the body expects them."""
    body, V = plan[plan[_BODY] :], U[plan[_SAMPLES] :]
    stride = body[vm.STRIDE]
    vm.sweep(vm.section(body, vm.SAMPLE_BACKWARD), V.ctypes.data, lanes, high - low, stride)
    returned, partial = vm.section(body, vm.RETURNED), U[plan[_PARTIAL] + vm.FIRST_SUM :]
    count = len(returned) // 2
    for k in range(count):
        vm.add_all_exactly(partial, k, count + k, V[returned[k] * stride :], high - low)
    gathered = plan[_GATHERED]
    slots = plan[_NUMBERS + plan[_INPUTS] + gathered :]
    for g in range(gathered):
        slot = slots[g]
        if slot >= 0:
            vm.copy(V[slot * stride :], U[plan[_COLUMNS] + g * plan[_LANES] + low :], high - low)


@_compiled
def _finish(U: Any, plan: Any) -> None:
    """The adjoints of what is shared."""
    body, V = plan[plan[_BODY] :], U[plan[_SAMPLES] :]
    blocks = vm.section(body, vm.BLOCKS)
    size = plan[_PARTIAL_SIZE]
    at = plan[_PARTIAL] + vm.FIRST_SUM + len(vm.section(body, vm.RETURNED))
    for b in range(0, len(blocks), 2):
        vm.copy(V[blocks[b] :], U[at:], blocks[b + 1])
        at += blocks[b + 1]
    partials = U[plan[_PARTIAL] : plan[_PARTIAL] + size].reshape(1, size)
    gradient = U[plan[_GRADIENT] : plan[_GRADIENT] + plan[_SHARED]]
    vm.finish(body, U[plan[_CALL] :], partials, 1.0, 1.0, gradient)


@_compiled
def _hand_over(U: Any, ix: Any, plan: Any, factor: float) -> None:
    """Add the adjoints to those of the call."""
    lanes, shared, gathered = plan[_LANES], plan[_SHARED], plan[_GATHERED]
    to, gradient = ix[2 * lanes + shared :], U[plan[_GRADIENT] :]
    for i in range(shared):
        U[to[i]] += factor * gradient[i]
    columns = U[plan[_COLUMNS] :]
    to = ix[2 * lanes + 2 * shared + gathered * lanes :]
    for g in range(gathered):
        if plan[_NUMBERS + plan[_INPUTS] + gathered + g] >= 0:
            for t in range(g * lanes, (g + 1) * lanes):
                U[to[t]] += factor * columns[t]


def forward(U_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """The output of every lane."""
    U, ix, plan = carray(U_, (BUFFER,)), carray(ix_, (BUFFER,)), carray(pointer(count), (BUFFER,), int64)
    data = carray(pointer(plan[_DATA]), (BUFFER,), float64)
    _begin(U, ix, plan)
    for low in range(0, plan[_LANES], plan[_BLOCK]):
        _forward(U, ix, plan, data, low, min(low + plan[_BLOCK], plan[_LANES]))


def backward(U_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """The adjoints of what the loop takes, from those of its results."""
    U, ix, plan = carray(U_, (BUFFER,)), carray(ix_, (BUFFER,)), carray(pointer(count), (BUFFER,), int64)
    data = carray(pointer(plan[_DATA]), (BUFFER,), float64)
    body, V, block = plan[plan[_BODY] :], U[plan[_SAMPLES] :], plan[_BLOCK]
    stride = body[vm.STRIDE]
    adjoint = V[body[vm.OUTPUT_ADJOINT] * stride :]
    _clear(U, plan)
    last = (plan[_LANES] - 1) // block * block
    for low in range(last, -1, -block):
        high = min(low + block, plan[_LANES])
        if low == last:  # its numbers are still there
            step = 32 if high - low > 16 else 8
            lanes = min((high - low + step - 1) // step * step, stride)
        else:
            lanes = _forward(U, ix, plan, data, low, high)
        sums = body[vm.SAMPLE_SUMS]
        for slot in range(sums, body[vm.SAMPLE_SUMS_END]):
            vm.fill(V[slot * stride :], lanes, 0.0)
        for t in range(low, high):
            adjoint[t - low] = U[ix[plan[_LANES] + t]]
        _back(U, plan, lanes, low, high)
    _finish(U, plan)
    _hand_over(U, ix, plan, 1.0)


def forward_and_back(U_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """The output of every lane, and the derivatives of the sink."""
    U, ix, plan = carray(U_, (BUFFER,)), carray(ix_, (BUFFER,)), carray(pointer(count), (BUFFER,), int64)
    data = carray(pointer(plan[_DATA]), (BUFFER,), float64)
    body, V, block = plan[plan[_BODY] :], U[plan[_SAMPLES] :], plan[_BLOCK]
    stride = body[vm.STRIDE]
    adjoint, weights = V[body[vm.OUTPUT_ADJOINT] * stride :], data[plan[_INPUTS] * plan[_LANES] :]
    _begin(U, ix, plan)
    _clear(U, plan)
    for low in range(0, plan[_LANES], block):
        high = min(low + block, plan[_LANES])
        lanes = _forward(U, ix, plan, data, low, high)
        for slot in range(body[vm.SAMPLE_SUMS], body[vm.SAMPLE_SUMS_END]):
            vm.fill(V[slot * stride :], lanes, 0.0)
        vm.copy(weights[low:], adjoint, high - low)
        _back(U, plan, lanes, low, high)
    _finish(U, plan)


def scaled(U_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """The adjoints of what the loop takes, from the derivatives of the sink and its adjoint."""
    U, ix, plan = carray(U_, (BUFFER,)), carray(ix_, (BUFFER,)), carray(pointer(count), (BUFFER,), int64)
    every = plan[_LANES] * 2 * (1 + plan[_GATHERED]) + 2 * plan[_SHARED]
    _hand_over(U, ix, plan, U[ix[every]])
