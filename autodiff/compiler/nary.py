"""The values of the rows with any number of operands, as kernels; their derivatives are built of other instructions.

The operands of operation k are ``ix[k]``, the slot of z, and then the slots of the x's.  ``softmax_all`` and
``direction_all`` give every component at once: as many slots of z's as of x's; so does ``products_of_others``.  Sums
are compensated (Neumaier's variant of Kahan's), since eager ones are exact.
"""

from __future__ import annotations

import math
from typing import Any

from numba import carray, float64

from .. import formulas
from .machine import NAMESPACE, bound, compiled
from .memory import BUFFER, SCRATCH, wide

__all__ = ["direction_all", "dot", "logsumexp", "max", "mean", "min", "norm", "prod"]
__all__ += ["products_of_others", "select", "softmax_all", "sum"]

exp, log1p = NAMESPACE["exp"], NAMESPACE["log1p"]
difference_error = bound(formulas.difference_error)


@compiled
def lost(total: float, before: float, x: float) -> float:
    """What rounding took from before + x = total."""
    return (before - total) + x if math.fabs(before) >= math.fabs(x) else (x - total) + before


@compiled
def scaled_sum(V: Any, slots: Any, n: int, stride: int, t: int, scale: float) -> float:
    """The sum of scale·x over operands whose own sum leaves the range, or some of which are not finite."""
    total = error = 0.0
    for i in range(n):
        before = total
        x = scale * float64(V[slots[i] * stride + t])
        total += x
        error += lost(total, before, x)
    return total + error if math.isfinite(total) else total


@compiled
def sum_into(V: Any, z: Any, slots: Any, n: int, lanes: int, stride: int) -> None:
    """The sum of n slots."""
    if lanes == 1:
        total = scaled_sum(V, slots, n, stride, 0, 1.0)  # in registers, twice as fast
        if math.isfinite(total):
            z[0] = total
            return
    error = V[SCRATCH * stride :]
    for t in range(lanes):
        z[t] = 0.0
        error[t] = 0.0
    for i in range(n):
        x = V[slots[i] * stride :]
        for t in range(lanes):
            before = float64(z[t])
            z[t] += x[t]
            error[t] += lost(float64(z[t]), before, float64(x[t]))
    for t in range(lanes):
        total = float64(z[t]) + float64(error[t])
        if not math.isfinite(total):
            total = scaled_sum(V, slots, n, stride, t, 0.5**64) * 2.0**64
        z[t] = total


def sum(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """Σ x."""
    wide()
    V = carray(V_, (BUFFER,))
    ix = carray(ix_, (BUFFER,))
    for k in range(0, count * (arity + 1), arity + 1):
        sum_into(V, V[ix[k] * stride :], ix[k + 1 :], arity, lanes, stride)


def mean(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """Σ x / n."""
    wide()
    V = carray(V_, (BUFFER,))
    ix = carray(ix_, (BUFFER,))
    for k in range(0, count * (arity + 1), arity + 1):
        z = V[ix[k] * stride :]
        slots = ix[k + 1 :]
        sum_into(V, z, slots, arity, lanes, stride)
        for t in range(lanes):
            if math.isfinite(z[t]):
                z[t] = z[t] / arity
            else:
                z[t] = scaled_sum(V, slots, arity, stride, t, 1.0 / arity)


def dot(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """Σ w·x + b, of the slots of the w's, the x's and, where their number is odd, b."""
    wide()
    V = carray(V_, (BUFFER,))
    ix = carray(ix_, (BUFFER,))
    n = arity // 2
    for k in range(0, count * (arity + 1), arity + 1):
        z = V[ix[k] * stride :]
        bias = V[ix[k + arity] * stride :] if arity % 2 else V  # slot 0 holds zeros
        if lanes == 1:
            total = float64(bias[0])
            for i in range(k + 1, k + 1 + n):
                total += float64(V[ix[i] * stride]) * float64(V[ix[i + n] * stride])
            z[0] = total
        else:
            for t in range(lanes):
                z[t] = bias[t]
            for i in range(k + 1, k + 1 + n):
                w = V[ix[i] * stride :]
                x = V[ix[i + n] * stride :]
                for t in range(lanes):
                    z[t] += w[t] * x[t]


def prod(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """Π x; a partial product beyond the range is taken in mantissas and exponents."""
    V = carray(V_, (BUFFER,))
    ix = carray(ix_, (BUFFER,))
    for k in range(0, count * (arity + 1), arity + 1):
        z = V[ix[k] * stride :]
        for t in range(lanes):
            product = 1.0
            ranged = True
            ordinary = True
            for i in range(k + 1, k + 1 + arity):
                x = float64(V[ix[i] * stride + t])
                product *= x
                ranged &= 1e-290 < math.fabs(product) < math.inf
                ordinary &= x != 0 and math.isfinite(x)
            if ordinary and not ranged:
                product, exponent = 1.0, 0
                for i in range(k + 1, k + 1 + arity):
                    product, exponent = scaled_product(product, exponent, float64(V[ix[i] * stride + t]))
                product = math.ldexp(product, min_(max_(exponent, -3000), 3000))
            z[t] = product


def products_of_others(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """For every i the product of all x but x_i: of those before it and those after it.

    Behind the slots of the z's come as many for the exponents of products that leave the range.
    """
    wide()
    V = carray(V_, (BUFFER,))
    ix = carray(ix_, (BUFFER,))
    product = V[SCRATCH * stride :]
    ranged = V[(SCRATCH + 1) * stride :]
    for k in range(0, count * 3 * arity, 3 * arity):
        for t in range(lanes):
            product[t] = 1.0
            ranged[t] = 1.0
        for i in range(k, k + arity):
            z = V[ix[i] * stride :]
            x = V[ix[i + 2 * arity] * stride :]
            for t in range(lanes):
                z[t] = product[t]
                product[t] *= x[t]
                ranged[t] = ranged[t] if 1e-290 < math.fabs(product[t]) < math.inf else 0.0
        for t in range(lanes):
            product[t] = 1.0
        for i in range(k + arity - 1, k - 1, -1):
            z = V[ix[i] * stride :]
            x = V[ix[i + 2 * arity] * stride :]
            for t in range(lanes):
                z[t] *= product[t]
                product[t] *= x[t]
                ranged[t] = ranged[t] if 1e-290 < math.fabs(product[t]) < math.inf else 0.0
        for t in range(lanes):
            if ranged[t] == 0:
                scaled_products(V, ix[k:], arity, stride, t)


@compiled
def scaled_products(V: Any, slots: Any, n: int, stride: int, t: int) -> None:
    """The same for one sample, in mantissas and exponents."""
    mantissa, exponent = 1.0, 0
    for i in range(n):
        V[slots[i] * stride + t] = mantissa
        V[slots[i + n] * stride + t] = exponent
        mantissa, exponent = scaled_product(mantissa, exponent, float64(V[slots[i + 2 * n] * stride + t]))
    mantissa, exponent = 1.0, 0
    for i in range(n - 1, -1, -1):
        shift = exponent + int(V[slots[i + n] * stride + t])
        product, again = math.frexp(mantissa * V[slots[i] * stride + t])
        V[slots[i] * stride + t] = math.ldexp(product, min_(max_(shift + again, -3000), 3000))
        mantissa, exponent = scaled_product(mantissa, exponent, float64(V[slots[i + 2 * n] * stride + t]))


@compiled
def scaled_product(mantissa: float, exponent: int, x: float) -> Any:
    """mantissa·2**exponent·x as mantissa and exponent."""
    part, shift = math.frexp(x)
    product, again = math.frexp(mantissa * part)
    return product, exponent + shift + again


@compiled
def min_(x: int, y: int) -> int:
    """The smaller."""
    return x if x < y else y


@compiled
def max_(x: int, y: int) -> int:
    """The greater."""
    return x if x > y else y


@compiled
def extreme(V: Any, z: Any, slots: Any, n: int, lanes: int, stride: int, sign: int) -> None:
    """The greatest of n slots for sign 1, the smallest for -1; nan where one is."""
    x = V[slots[0] * stride :]
    for t in range(lanes):
        z[t] = x[t]
    for i in range(1, n):
        x = V[slots[i] * stride :]
        for t in range(lanes):
            beyond = sign * x[t] > sign * z[t] or x[t] != x[t]
            z[t] = x[t] if beyond else z[t]


def max(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """The greatest x."""
    wide()
    V = carray(V_, (BUFFER,))
    ix = carray(ix_, (BUFFER,))
    for k in range(0, count * (arity + 1), arity + 1):
        extreme(V, V[ix[k] * stride :], ix[k + 1 :], arity, lanes, stride, 1)


def min(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """The smallest x."""
    wide()
    V = carray(V_, (BUFFER,))
    ix = carray(ix_, (BUFFER,))
    for k in range(0, count * (arity + 1), arity + 1):
        extreme(V, V[ix[k] * stride :], ix[k + 1 :], arity, lanes, stride, -1)


def logsumexp(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """log Σ exp(x) = top + log1p(the exponentials of x - top but for one that is 1)."""
    wide()
    V = carray(V_, (BUFFER,))
    ix = carray(ix_, (BUFFER,))
    rest = V[SCRATCH * stride :]
    ones = V[(SCRATCH + 1) * stride :]
    error = V[(SCRATCH + 2) * stride :]
    for k in range(0, count * (arity + 1), arity + 1):
        z = V[ix[k] * stride :]
        extreme(V, z, ix[k + 1 :], arity, lanes, stride, 1)
        for t in range(lanes):
            rest[t] = 0.0
            ones[t] = -1.0
            error[t] = 0.0
        for i in range(k + 1, k + 1 + arity):
            x = V[ix[i] * stride :]
            for t in range(lanes):
                difference = float64(x[t]) - float64(z[t])
                power = exp(difference) * (1 + difference_error(float64(x[t]), float64(z[t]), difference))
                power = 0.0 if difference == 0 else power
                before = float64(rest[t])
                rest[t] += power
                error[t] += lost(float64(rest[t]), before, power)
                ones[t] += 1.0 if difference == 0 else 0.0
        for t in range(lanes):
            top = float64(z[t])
            total = top + log1p(float64(rest[t]) + (float64(ones[t]) + float64(error[t])))
            z[t] = total if math.fabs(top) < math.inf else top


def softmax_all(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """exp(x_i) / Σ exp(x_j) for every i."""
    wide()
    V = carray(V_, (BUFFER,))
    ix = carray(ix_, (BUFFER,))
    top = V[SCRATCH * stride :]
    denominator = V[(SCRATCH + 1) * stride :]
    error = V[(SCRATCH + 2) * stride :]
    for k in range(0, count * 2 * arity, 2 * arity):
        extreme(V, top, ix[k + arity :], arity, lanes, stride, 1)
        for t in range(lanes):
            denominator[t] = 0.0
            error[t] = 0.0
        for i in range(k, k + arity):
            z = V[ix[i] * stride :]
            x = V[ix[i + arity] * stride :]
            for t in range(lanes):
                difference = float64(x[t]) - float64(top[t])
                power = exp(difference) * (1 + difference_error(float64(x[t]), float64(top[t]), difference))
                z[t] = power
                before = float64(denominator[t])
                denominator[t] += power
                error[t] += lost(float64(denominator[t]), before, power)
        for t in range(lanes):
            denominator[t] += error[t]
        for i in range(k, k + arity):
            z = V[ix[i] * stride :]
            for t in range(lanes):
                z[t] /= denominator[t]


def softmax_back(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """x̄_j += s_j·Σ s_i·(s̄_j - s̄_i), of the slots of all s̄, all s and all x̄: what the rules of all components add up to.

    As in the rules 1 - s_j is not computed, which would cancel.
    """
    wide()
    V = carray(V_, (BUFFER,))
    ix = carray(ix_, (BUFFER,))
    total = V[SCRATCH * stride :]
    for k in range(0, count * 3 * arity, 3 * arity):
        for j in range(k, k + arity):
            above = V[ix[j] * stride :]
            for t in range(lanes):
                total[t] = 0.0
            for i in range(k, k + arity):
                if i != j:
                    other, share = V[ix[i] * stride :], V[ix[i + arity] * stride :]
                    for t in range(lanes):
                        total[t] += share[t] * (above[t] - other[t])
            share, below = V[ix[j + arity] * stride :], V[ix[j + 2 * arity] * stride :]
            for t in range(lanes):
                below[t] += share[t] * total[t]


def select(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """x_i, of the slots of i and the x's; nan where there is none."""
    V = carray(V_, (BUFFER,))
    ix = carray(ix_, (BUFFER,))
    for k in range(0, count * (arity + 1), arity + 1):
        z = V[ix[k] * stride :]
        index = V[ix[k + 1] * stride :]
        for t in range(lanes):
            place = chosen(index[t], arity - 1)
            z[t] = V[ix[k + 2 + place] * stride + t] if place >= 0 else math.nan


def select_back(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """Add z̄ to x̄_i, of the slots of z̄, i and the x̄'s: what its rule comes to, without the zeros."""
    V = carray(V_, (BUFFER,))
    ix = carray(ix_, (BUFFER,))
    for k in range(0, count * (arity + 1), arity + 1):
        dz = V[ix[k] * stride :]
        index = V[ix[k + 1] * stride :]
        for t in range(lanes):
            place = chosen(index[t], arity - 1)
            if place >= 0:
                V[ix[k + 2 + place] * stride + t] += dz[t]
            elif index[t] != index[t]:
                for i in range(k + 2, k + 1 + arity):
                    V[ix[i] * stride + t] = math.nan


@compiled
def chosen(index: float, n: int) -> int:
    """The index as a whole number; -1 if it is none from 0 to n - 1."""
    return int(index) if 0 <= index < n and index == math.floor(index) else -1


@compiled
def length(V: Any, slots: Any, n: int, stride: int, t: int, scale: float) -> float:
    """The Euclidean length of scale·x."""
    total = error = 0.0
    for i in range(n):
        x = scale * float64(V[slots[i] * stride + t])
        before = total
        total += x * x
        error += lost(total, before, x * x)
    return math.sqrt(total + error)


@compiled
def largest(V: Any, slots: Any, n: int, stride: int, t: int) -> float:
    """The greatest |x|; inf comes before nan, as in hypot."""
    top = 0.0
    missing = False
    for i in range(n):
        x = math.fabs(float64(V[slots[i] * stride + t]))
        missing |= x != x
        top = x if x > top else top
    return math.nan if missing and top != math.inf else top


@compiled
def scale_for(top: float) -> float:
    """A power of two that brings ``top`` near 1, if squares could leave the range."""
    if 1e-120 < top < 1e120 or top == 0 or not math.isfinite(top):
        return 1.0
    return math.ldexp(1.0, min_(-math.frexp(top)[1], 1000))


def norm(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """√Σ x²."""
    V = carray(V_, (BUFFER,))
    ix = carray(ix_, (BUFFER,))
    for k in range(0, count * (arity + 1), arity + 1):
        z = V[ix[k] * stride :]
        slots = ix[k + 1 :]
        for t in range(lanes):
            top = largest(V, slots, arity, stride, t)
            scale = scale_for(top)
            z[t] = length(V, slots, arity, stride, t, scale) / scale if math.isfinite(top) else top


def direction_all(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """x_i / ‖x‖ for every i; 0 at the origin."""
    V = carray(V_, (BUFFER,))
    ix = carray(ix_, (BUFFER,))
    for k in range(0, count * 2 * arity, 2 * arity):
        slots = ix[k + arity :]
        for t in range(lanes):
            top = largest(V, slots, arity, stride, t)
            scale = scale_for(top)
            infinities = 0.0
            for i in range(arity):
                infinities += 1.0 if math.fabs(float64(V[slots[i] * stride + t])) == math.inf else 0.0
            radius = length(V, slots, arity, stride, t, scale)
            for i in range(arity):
                x = float64(V[slots[i] * stride + t])
                if infinities:  # only they count, alike
                    share = 1.0 / math.sqrt(infinities) if math.fabs(x) == math.inf else 0.0
                    component = math.copysign(share, x)
                else:
                    component = 0.0 if top == 0 else scale * x / radius
                V[ix[k + i] * stride + t] = component
