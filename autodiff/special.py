"""Gamma functions, sinc and other operations of SciPy and NumPy on doubles; values only, total, as in ``ieee.py``.

Each is written as expressions and selections with loops of a fixed length, so that the same text can serve floats and
whole arrays.  The sources: DLMF, the NIST Digital Library of Mathematical Functions (dlmf.nist.gov), by the number of
the equation; W. J. Cody, A. J. Strecok and H. C. Thacher, "Chebyshev approximations for the psi function", Mathematics
of Computation 27 (1973); M. Mächler, "Accurately computing log(1 - exp(-|a|))" (2012).
"""

from __future__ import annotations

import math
from math import copysign, fabs, inf, nan

from .ieee import (
    _difference_error,
    atanh,
    div,
    exp,
    exp2,
    log,
    maximum,
    pow,
    total,
    whole,
)

_PI, _LN_2, _LOG2_E = math.pi, 0.6931471805599453, 1.4426950408889634
_DEGREE, _RADIAN = 0.017453292519943295, 57.29577951308232  # π/180 and 180/π
_HALF_LOG_2PI = 0.9189385332046728

_BERNOULLI = (1/6, -1/30, 1/42, -1/30, 5/66, -691/2730, 7/6, -3617/510, 43867/798, -174611/330)  # B₂ … B₂₀  # fmt: skip

log1p = total(math.log1p, -1.0)
expm1 = total(math.expm1)
trunc = whole(math.trunc)
floor = whole(math.floor)
round = whole(round)


# ---------------------------------------------------------------------------------------------------------------------
# Circular functions of πx, and sinc.
# ---------------------------------------------------------------------------------------------------------------------


def _sin_cos_pi(x: float) -> tuple[float, float]:
    """sin(πx) and cos(πx), with 0 exactly where they have it: x loses whole turns before it meets π."""
    turns = round(x)
    part = x - turns  # exact, between -½ and ½
    parity = 1 - 2 * (turns - 2 * floor(0.5 * turns))
    return parity * math.sin(_PI * part), parity * math.sin(_PI * (0.5 - fabs(part)))


def sinc(x: float) -> float:
    """sin(πx) / (πx), 1 at 0 and 0 at ±∞."""
    return 1.0 if x == 0 else 0.0 if fabs(x) == inf else div(_sin_cos_pi(x)[0], _PI * x)


def sinc_n(n: float, x: float) -> float:
    """The derivative of sinc of order n, a whole number ≥ 0.

    s(x) = sinc(x) has x·s = sin(πx)/π, and n derivatives of that give x·s⁽ⁿ⁾ + n·s⁽ⁿ⁻¹⁾ = πⁿ⁻¹·sin(πx + n·π/2).
    Upwards that is stable for |πx| > n; below, downwards, from a high order of which nothing need be known.
    """
    return 0.0 if fabs(x) == inf else _sinc_up(int(n), x) if _PI * fabs(x) > n + 1 else _sinc_down(int(n), x)


def _sinc_up(n: int, x: float) -> float:
    """From s itself."""
    turned = _quarter_turns(x)
    s = div(turned[0] / _PI, x)
    for k in range(1, n + 1):
        s = div(_PI ** (k - 1) * turned[k % 4] - k * s, x)
    return s


def _sinc_down(n: int, x: float) -> float:
    """From the order 25 + 2.5·n, whose error is divided by n! and more on the way."""
    turned = _quarter_turns(x)
    s = 0.0
    for k in range(25 + 5 * n // 2, n, -1):
        s = (_PI ** (k - 1) * turned[k % 4] - x * s) / k
    return s


def _quarter_turns(x: float) -> tuple[float, float, float, float]:
    """sin(πx + k·π/2) for k = 0, 1, 2, 3."""
    sine, cosine = _sin_cos_pi(x)
    return sine, cosine, -sine, -cosine


# ---------------------------------------------------------------------------------------------------------------------
# The gamma function's logarithm and its derivatives.
# ---------------------------------------------------------------------------------------------------------------------

# Of log Γ(2 + s) = s·Σ cₖ·sᵏ: 1 - γ and ±(ζ(k + 1) - 1)/(k + 1), DLMF 5.7.3; |s| ≤ ½.
_LOG_GAMMA_AT_2 = (
    *(0.42278433509846713, 0.3224670334241132, -0.0673523010531981, 0.020580808427784546, -0.007385551028673986),
    *(0.0028905103307415234, -0.001192753911703261, 0.0005096695247430425, -0.00022315475845357939),
    *(9.945751278180853e-05, -4.492623673813314e-05, 2.050721277567069e-05, -9.439488275268397e-06),
    *(4.374866789907488e-06, -2.039215753801366e-06, 9.55141213040742e-07, -4.492469198764566e-07),
    *(2.1207184805554665e-07, -1.0043224823968099e-07, 4.7698101693639804e-08, -2.2711094608943164e-08),
    *(1.0838659214896955e-08, -5.183475041970047e-09, 2.4836745438024785e-09, -1.1921401405860912e-09),
)

# ψ(x) = (x - root)·P(x)/Q(x) for ½ ≤ x ≤ 3, from Cody, Strecok and Thacher; the root is the sum of two doubles.
_PSI_ROOT, _PSI_ROOT_TAIL = 1.4616321449683622, 9.549995429965697e-17
_PSI_P = (
    *(4.5104681245762934160e-3, 5.4932855833000385356, 3.7646693175929276856e2, 7.9525490849151998065e3),
    *(7.1451595818951933210e4, 3.0655976301987365674e5, 6.3606997788964458797e5, 5.8041312783537569993e5),
    1.6585695029761022321e5,
)
_PSI_Q = (
    *(1.0, 9.6141654774222358525e1, 2.6287715790581193330e3, 2.9862497022250277920e4, 1.6206566091533671639e5),
    *(4.3487880712768329037e5, 5.4256384537269993733e5, 2.4242185002017985252e5, 6.4155223783576225996e-8),
)


def _polynomial(x: float, falling: tuple[float, ...]) -> float:
    """By Horner's rule, from the coefficient of the highest power."""
    p = 0.0
    for c in falling:
        p = p * x + c
    return p


def lgamma(x: float) -> float:
    """log |Γ(x)|; ∞ at the poles 0, -1, -2 …."""
    if x < -0.5:
        return _lgamma_left(x)
    return _lgamma_right(x)


def _lgamma_left(x: float) -> float:
    """By Γ(x)·Γ(-x) = -π / (x·sin(πx)), DLMF 5.5.3."""
    return inf if x == round(x) else log(div(_PI, fabs(x * _sin_cos_pi(x)[0]))) - _lgamma_right(-x)


def _lgamma_right(x: float) -> float:
    """For x ≥ -½."""
    return _stirling(x) if x > 8 else _lgamma_near(x)


def _stirling(x: float) -> float:
    """log Γ(x) for large x, DLMF 5.11.1: (x - ½)·log(x) - x + ½·log(2π) + Σ B₂ₖ / (2k·(2k - 1)·x²ᵏ⁻¹)."""
    series, power = 0.0, div(1.0, x)
    for k in range(1, 11):
        series += _BERNOULLI[k - 1] / (2 * k * (2 * k - 1)) * power
        power = power / x / x
    return (x - 0.5) * (log(x) - 1) + (_HALF_LOG_2PI - 0.5 + series)


def _lgamma_near(x: float) -> float:
    """log |Γ(x)| for -½ ≤ x ≤ 8, from the series at 2 and the factors of Γ(x) = (x - 1)·(x - 2)…·Γ(2 + s)."""
    m = round(x)
    s = x - m
    factors = 1.0
    for k in range(2, 8):
        factors = factors * (k + s if k < m else 1.0)
    value = s * _polynomial(s, _LOG_GAMMA_AT_2[::-1]) + log(factors)
    value = value - log1p(s) if m < 2 else value
    return value - log(fabs(x)) if m < 1 else value


def digamma(x: float) -> float:
    """ψ(x), the derivative of log Γ; ∓∞ at ±0, nan at -1, -2 … where it comes from both sides."""
    if x < 0:
        return _digamma_left(x)
    return _psi(x)


def _digamma_left(x: float) -> float:
    """By ψ(1 - x) - ψ(x) = π·cot(πx), DLMF 5.5.4."""
    sine, cosine = _sin_cos_pi(x)
    return nan if sine == 0 else _psi(1 - x) - div(_PI * cosine, sine)


def _psi(x: float) -> float:
    """ψ(x) for x ≥ 0."""
    near = ((x - _PSI_ROOT) - _PSI_ROOT_TAIL) * _polynomial(x, _PSI_P) / _polynomial(x, _PSI_Q)
    return near if 0.5 <= x <= 3 else _psi_shifted(x)


def _psi_shifted(x: float) -> float:
    """ψ(x) = ψ(x + 10) - Σ 1/(x + k), and log(y) - 1/(2y) - Σ B₂ⱼ / (2j·y²ʲ) of y = x + 10: DLMF 5.5.2, 5.11.2."""
    y = x + 10
    series, power = 0.5 / y, 1.0
    for j in range(1, 11):
        power = power / y / y
        series += _BERNOULLI[j - 1] / (2 * j) * power
    shifts = div(1.0, x)
    for k in range(1, 10):
        shifts += 1 / (x + k)
    return log(y) - series - shifts


def polygamma(n: float, x: float) -> float:
    """ψ⁽ⁿ⁾(x), n a whole number ≥ 0: (-1)ⁿ⁺¹·n!·Σ 1/(x + k)ⁿ⁺¹ over k = 0, 1, 2 … (DLMF 5.15.1)."""
    if n == 0:
        return digamma(x)
    if not (n > 0 and n % 1 == 0):
        return nan
    if x < 0:
        return _polygamma_left(int(n), x)
    return _tail(int(n), x) * (1.0 if n % 2 == 1 else -1.0)


def _polygamma_left(n: int, x: float) -> float:
    """For x < 0: the sum over all whole k, which only depends on x's distance to the nearest one, less that over k < 0.

    At a negative whole number it is ∞ for odd n, and nan for even n, where its sides differ.
    """
    part = x - round(x)
    near, far = _tail(n, fabs(part)), _tail(n, 1 - fabs(part))
    every = near + far if n % 2 == 1 else nan if part == 0 else (far - near) * copysign(1.0, part)
    return every - _tail(n, 1 - x)


def _term(n: int, x: float) -> float:
    """n! / xⁿ⁺¹."""
    term = div(1.0, x)
    for k in range(1, n + 1):
        term *= div(k, x)
    return term


def _tail(n: int, x: float) -> float:
    """n!·Σ 1/(x + k)ⁿ⁺¹ over k = 0, 1, 2 … for n ≥ 1, x ≥ 0: ten terms, and DLMF 5.15.8 for the rest."""
    terms = _term(n, x)
    for k in range(1, 10):
        terms += _term(n, x + k)
    y = x + 10
    series, factor = 1 + 0.5 * n / y, 1.0
    for j in range(1, 11):  # B₂ⱼ/(2j)!·n·(n + 1)…(n + 2j - 1) / y²ʲ
        factor = factor * ((n + 2 * j - 2) / y / (2 * j - 1)) * ((n + 2 * j - 1) / y / (2 * j))
        series += _BERNOULLI[j - 1] * factor
    return terms + _term(n - 1, y) * series


# ---------------------------------------------------------------------------------------------------------------------
# Exponentials and logarithms.
# ---------------------------------------------------------------------------------------------------------------------


def logaddexp(x: float, y: float) -> float:
    """log(exp(x) + exp(y))."""
    return maximum(x, y) + log1p(exp(-_distance(x, y)))


def logaddexp2(x: float, y: float) -> float:
    """log2(2**x + 2**y)."""
    return maximum(x, y) + (1.0 if x == y else _LOG2_E * log1p(exp2(-_distance(x, y))))


def _distance(x: float, y: float) -> float:
    """|x - y|, 0 of two equal infinities."""
    return 0.0 if x == y else fabs(x - y)


def share(x: float, y: float) -> float:
    """exp(x) / (exp(x) + exp(y)), which is sigmoid(x - y) with the rounding error of the difference put back."""
    difference = x - y
    lost = _difference_error(x, y, difference)
    decay = exp(-fabs(difference))
    lesser, greater = decay / (1 + decay), 1 / (1 + decay)
    return greater * (1 + lost * lesser) if difference >= 0 else lesser * (1 + lost * greater)


def share2(x: float, y: float) -> float:
    """2**x / (2**x + 2**y), the same to base 2."""
    difference = x - y
    lost = _LN_2 * _difference_error(x, y, difference)
    decay = exp2(-fabs(difference))
    lesser, greater = decay / (1 + decay), 1 / (1 + decay)
    return greater * (1 + lost * lesser) if difference >= 0 else lesser * (1 + lost * greater)


def exp10(x: float) -> float:
    """10**x."""
    return pow(10.0, x)


def log1mexp(x: float) -> float:
    """log(1 - exp(-x)) for x ≥ 0: by expm1 up to log(2), by log1p beyond (Mächler)."""
    return log(-expm1(-x)) if x < _LN_2 else log1p(-exp(-x))


def logit(x: float) -> float:
    """log(x / (1 - x)), which is 2·atanh(2x - 1); near ½ that argument is exact."""
    return 2 * atanh(2 * x - 1) if 0.25 <= x <= 0.75 else log(x) - log1p(-x)


def xlogy(x: float, y: float) -> float:
    """x·log(y), 0 where x is 0 and y a number."""
    return nan if y != y else 0.0 if x == 0 else x * log(y)


def xlog1py(x: float, y: float) -> float:
    """x·log(1 + y), 0 where x is 0 and y a number."""
    return nan if y != y else 0.0 if x == 0 else x * log1p(y)


# ---------------------------------------------------------------------------------------------------------------------
# Division, signs, angles.
# ---------------------------------------------------------------------------------------------------------------------


def div0(x: float, y: float) -> float:
    """x / y, 0 where x is 0."""
    return 0.0 if x == 0 else div(x, y)


def times_complement(x: float) -> float:
    """x·(1 - x)."""
    return x * (1 - x)


def floor_divide(x: float, y: float) -> float:
    """⌊x / y⌋, Python's ``x // y``, of the exact quotient; x / y for y = 0."""
    try:
        return x // y
    except ZeroDivisionError:
        return div(x, y)


def fmod(x: float, y: float) -> float:
    """The remainder of x / y with the sign of x, as in C."""
    try:
        return math.fmod(x, y)
    except ValueError:
        return nan


def with_sign(x: float, y: float) -> float:
    """|x| with the sign of y, be it that of a zero."""
    return nan if y != y else copysign(x, y)


def deg2rad(x: float) -> float:
    """x·π/180."""
    return x * _DEGREE


def rad2deg(x: float) -> float:
    """x·180/π."""
    return x * _RADIAN
