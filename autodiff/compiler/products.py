"""Sums of products among the scalars as one product of matrices: the same weights over several inputs.

Every input is a lane, and ``dense`` does the work, on room of the block's own behind the slots.  The operands ``ix``
begin with what ``dense`` takes, all of it in that room, and then have

    inputs in all, right-hand sides, lanes   N of the first, P of the second, P and as many as fill up a vector
    biased                                   whether there are biases
    weights, biases, x, s                    slots: outputs × N, outputs if biased, P × N, P × outputs
    d_weights, d_biases, d_x, d_s            those of their adjoints
"""

from __future__ import annotations

from typing import Any

from numba import carray, int64

from . import dense
from .cache import njit
from .memory import BUFFER, wide

__all__ = ["backward", "forward", "forward_in_order", "in_order"]

_compiled = njit(error_model="numpy")
_forward, _in_order = _compiled(dense.forward), _compiled(dense.forward_in_order)
_backward_inputs, _backward_weights = _compiled(dense.backward_inputs), _compiled(dense.backward_weights)


@_compiled
def _gather(V: Any, ix: Any) -> tuple[Any, Any, Any, Any]:
    """Bring weights, biases and x where ``dense`` finds them; where s is, and how much of all there is."""
    outputs, inputs = int64(ix[0]), int64(ix[1])
    at = dense.HEADER + 2 * (inputs + outputs)
    sides, lanes, biased = int64(ix[at]), int64(ix[at + 1]), int64(ix[at + 2])
    at += 3
    size = outputs * (inputs + biased)
    for i in range(size):
        V[ix[2] + i] = V[ix[at + i]]
    at += size
    for i in range(inputs):
        row = ix[dense.HEADER + i] * lanes
        for p in range(sides):
            V[row + p] = V[ix[at + p * inputs + i]]
    return at + sides * inputs, outputs, sides, lanes


@_compiled
def _scatter(V: Any, ix: Any, at: int, outputs: int, sides: int, lanes: int) -> None:
    for j in range(outputs):
        row = ix[dense.HEADER + ix[1] + j] * lanes
        for p in range(sides):
            V[ix[at + p * outputs + j]] = V[row + p]


def forward(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """S = W·X + b."""
    V, ix = carray(V_, (BUFFER,)), carray(ix_, (BUFFER,))
    at, outputs, sides, lanes = _gather(V, ix)
    _forward(V_, ix_, 0, 0, lanes, sides, lanes)
    _scatter(V, ix, at, outputs, sides, lanes)


def forward_in_order(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """The same, of chains."""
    V, ix = carray(V_, (BUFFER,)), carray(ix_, (BUFFER,))
    at, outputs, sides, lanes = _gather(V, ix)
    _in_order(V_, ix_, 0, 0, lanes, sides, lanes)
    _scatter(V, ix, at, outputs, sides, lanes)


def backward(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """W̄ += S̄·Xᵀ, b̄ += Σ S̄, X̄ += Wᵀ·S̄; what ``forward`` gathered is still there."""
    V, ix = carray(V_, (BUFFER,)), carray(ix_, (BUFFER,))
    outputs, inputs = int64(ix[0]), int64(ix[1])
    at = dense.HEADER + 2 * (inputs + outputs)
    sides, lanes, biased = int64(ix[at]), int64(ix[at + 1]), int64(ix[at + 2])
    size = outputs * (inputs + biased)
    d_weights = at + 3 + size + sides * (inputs + outputs)
    d_x = d_weights + size
    d_s = d_x + sides * inputs
    for i in range(outputs * (inputs + 1)):
        V[ix[4] + i] = 0.0
    for i in range(inputs):
        row = ix[dense.HEADER + inputs + 2 * outputs + i] * lanes
        for p in range(lanes):
            V[row + p] = 0.0
    for j in range(outputs):
        row = ix[dense.HEADER + inputs + outputs + j] * lanes
        for p in range(sides):
            V[row + p] = V[ix[d_s + p * outputs + j]]
        for p in range(sides, lanes):
            V[row + p] = 0.0
    _backward_inputs(V_, ix_, 0, 0, lanes, sides, lanes)
    _backward_weights(V_, ix_, 0, 0, lanes, sides, lanes)
    for i in range(size):
        V[ix[d_weights + i]] += V[ix[4] + i]
    for i in range(inputs):
        row = ix[dense.HEADER + inputs + 2 * outputs + i] * lanes
        for p in range(sides):
            V[ix[d_x + p * inputs + i]] += V[row + p]


def in_order(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """A chain alone, b + w·x + …, product by product: the slots of the w's, the x's and b."""
    wide()
    V = carray(V_, (BUFFER,))
    ix = carray(ix_, (BUFFER,))
    n = arity // 2
    for k in range(0, count * (arity + 1), arity + 1):
        z, bias = V[ix[k] * stride :], V[ix[k + arity] * stride :]
        if lanes == 1:
            total = bias[0]
            for i in range(k + 1, k + 1 + n):
                total += V[ix[i] * stride] * V[ix[i + n] * stride]
            z[0] = total
            continue
        for t in range(lanes):
            z[t] = bias[t]
        for i in range(k + 1, k + 1 + n):
            w, x = V[ix[i] * stride :], V[ix[i + n] * stride :]
            for t in range(lanes):
                z[t] += w[t] * x[t]
