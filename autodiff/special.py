"""Gamma functions and sinc, formulas as in ``formulas.py``: values only, for all kinds of numbers.

A loop has a fixed length, or one given by the order n of a derivative, which is a number and never an array.  The
sources: DLMF, the NIST Digital Library of Mathematical Functions (dlmf.nist.gov), by the number of the equation; W. J.
Cody, A. J. Strecok and H. C. Thacher, "Chebyshev approximations for the psi function", Mathematics of Computation 27
(1973).
"""

from __future__ import annotations

from math import copysign, fabs, inf, log1p, nan, sin

from .primitives import div, floor, log, round

PI = 3.141592653589793
HALF_LOG_2PI = 0.9189385332046728

# B₂ … B₂₀
BERNOULLI = (1/6, -1/30, 1/42, -1/30, 5/66, -691/2730, 7/6, -3617/510, 43867/798, -174611/330)  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# Circular functions of πx, and sinc.
# ---------------------------------------------------------------------------------------------------------------------


def sin_cos_pi(x: float) -> tuple[float, float]:
    """sin(πx) and cos(πx), with 0 exactly where they have it: x loses whole turns before it meets π."""
    turns = round(x)
    part = x - turns  # exact, between -½ and ½
    parity = 1 - 2 * (turns - 2 * floor(0.5 * turns))
    return parity * sin(PI * part), parity * sin(PI * (0.5 - fabs(part)))


def sinc(x: float) -> float:
    """sin(πx) / (πx), 1 at 0 and 0 at ±∞."""
    return 1.0 if x == 0 else 0.0 if fabs(x) == inf else div(sin_cos_pi(x)[0], PI * x)


def sinc_n(n: float, x: float) -> float:
    """The derivative of sinc of order n, a whole number ≥ 0.

    s(x) = sinc(x) has x·s = sin(πx)/π, and n derivatives of that give x·s⁽ⁿ⁾ + n·s⁽ⁿ⁻¹⁾ = πⁿ⁻¹·sin(πx + n·π/2).
    Upwards that is stable for |πx| > n; below, downwards, from a high order of which nothing need be known.
    """
    return 0.0 if fabs(x) == inf else sinc_up(int(n), x) if PI * fabs(x) > n + 1 else sinc_down(int(n), x)


def sinc_up(n: int, x: float) -> float:
    """From s itself."""
    turned = quarter_turns(x)
    s = div(turned[0] / PI, x)
    for k in range(1, n + 1):
        s = div(PI ** (k - 1) * turned[k % 4] - k * s, x)
    return s


def sinc_down(n: int, x: float) -> float:
    """From the order 25 + 2.5·n, whose error is divided by n! and more on the way."""
    turned = quarter_turns(x)
    s = 0.0
    for k in range(25 + 5 * n // 2, n, -1):
        s = (PI ** (k - 1) * turned[k % 4] - x * s) / k
    return s


def quarter_turns(x: float) -> tuple[float, float, float, float]:
    """sin(πx + k·π/2) for k = 0, 1, 2, 3."""
    sine, cosine = sin_cos_pi(x)
    return sine, cosine, -sine, -cosine


# ---------------------------------------------------------------------------------------------------------------------
# The gamma function's logarithm and its derivatives.
# ---------------------------------------------------------------------------------------------------------------------

# Of log Γ(2 + s) = s·Σ cₖ·sᵏ from the last: ±(ζ(k + 1) - 1)/(k + 1) and 1 - γ, DLMF 5.7.3; |s| ≤ ½.
LOG_GAMMA_AT_2 = (
    *(-1.1921401405860912e-09, 2.4836745438024785e-09, -5.183475041970047e-09, 1.0838659214896955e-08),
    *(-2.2711094608943164e-08, 4.7698101693639804e-08, -1.0043224823968099e-07, 2.1207184805554665e-07),
    *(-4.492469198764566e-07, 9.55141213040742e-07, -2.039215753801366e-06, 4.374866789907488e-06),
    *(-9.439488275268397e-06, 2.050721277567069e-05, -4.492623673813314e-05, 9.945751278180853e-05),
    *(-0.00022315475845357939, 0.0005096695247430425, -0.001192753911703261, 0.0028905103307415234),
    *(-0.007385551028673986, 0.020580808427784546, -0.0673523010531981, 0.3224670334241132, 0.42278433509846713),
)

# ψ(x) = (x - root)·P(x)/Q(x) for ½ ≤ x ≤ 3, from Cody, Strecok and Thacher; the root is the sum of two doubles.
PSI_ROOT, PSI_ROOT_TAIL = 1.4616321449683622, 9.549995429965697e-17
PSI_P = (
    *(4.5104681245762934160e-3, 5.4932855833000385356, 3.7646693175929276856e2, 7.9525490849151998065e3),
    *(7.1451595818951933210e4, 3.0655976301987365674e5, 6.3606997788964458797e5, 5.8041312783537569993e5),
    1.6585695029761022321e5,
)
PSI_Q = (
    *(1.0, 9.6141654774222358525e1, 2.6287715790581193330e3, 2.9862497022250277920e4, 1.6206566091533671639e5),
    *(4.3487880712768329037e5, 5.4256384537269993733e5, 2.4242185002017985252e5, 6.4155223783576225996e-8),
)


def horner(x: float, falling: tuple[float, ...]) -> float:
    """By Horner's rule, from the coefficient of the highest power."""
    p = 0.0
    for c in falling:
        p = p * x + c
    return p


def lgamma(x: float) -> float:
    """log |Γ(x)|; ∞ at the poles 0, -1, -2 …."""
    if x < -0.5:
        return lgamma_left(x)
    return lgamma_right(x)


def lgamma_left(x: float) -> float:
    """By Γ(x)·Γ(-x) = -π / (x·sin(πx)), DLMF 5.5.3."""
    return inf if x == round(x) else log(div(PI, fabs(x * sin_cos_pi(x)[0]))) - lgamma_right(-x)


def lgamma_right(x: float) -> float:
    """For x ≥ -½."""
    return stirling(x) if x > 8 else lgamma_near(x)


def stirling(x: float) -> float:
    """log Γ(x) for large x, DLMF 5.11.1: (x - ½)·log(x) - x + ½·log(2π) + Σ B₂ₖ / (2k·(2k - 1)·x²ᵏ⁻¹)."""
    series, power = 0.0, div(1.0, x)
    for k in range(1, 11):
        series += BERNOULLI[k - 1] / (2 * k * (2 * k - 1)) * power
        power = power / x / x
    return (x - 0.5) * (log(x) - 1) + (HALF_LOG_2PI - 0.5 + series)


def lgamma_near(x: float) -> float:
    """log |Γ(x)| for -½ ≤ x ≤ 8, from the series at 2 and the factors of Γ(x) = (x - 1)·(x - 2)…·Γ(2 + s)."""
    m = round(x)
    s = x - m
    factors = 1.0
    for k in range(2, 8):
        factors = factors * (k + s if k < m else 1.0)
    value = s * horner(s, LOG_GAMMA_AT_2) + log(factors)
    value = value - log1p(s) if m < 2 else value
    return value - log(fabs(x)) if m < 1 else value


def digamma(x: float) -> float:
    """ψ(x), the derivative of log Γ; ∓∞ at ±0, nan at -1, -2 … where it comes from both sides."""
    if x < 0:
        return digamma_left(x)
    return psi(x)


def digamma_left(x: float) -> float:
    """By ψ(1 - x) - ψ(x) = π·cot(πx), DLMF 5.5.4."""
    sine, cosine = sin_cos_pi(x)
    return nan if sine == 0 else psi(1 - x) - div(PI * cosine, sine)


def psi(x: float) -> float:
    """ψ(x) for x ≥ 0."""
    near = ((x - PSI_ROOT) - PSI_ROOT_TAIL) * horner(x, PSI_P) / horner(x, PSI_Q)
    return near if 0.5 <= x <= 3 else psi_shifted(x)


def psi_shifted(x: float) -> float:
    """ψ(x) = ψ(x + 10) - Σ 1/(x + k), and log(y) - 1/(2y) - Σ B₂ⱼ / (2j·y²ʲ) of y = x + 10: DLMF 5.5.2, 5.11.2."""
    y = x + 10
    series, power = 0.5 / y, 1.0
    for j in range(1, 11):
        power = power / y / y
        series += BERNOULLI[j - 1] / (2 * j) * power
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
        return polygamma_left(int(n), x)
    return tail(int(n), x) * (1.0 if n % 2 == 1 else -1.0)


def polygamma_left(n: int, x: float) -> float:
    """For x < 0: the sum over all whole k, which only depends on x's distance to the nearest one, less that over k < 0.

    At a negative whole number it is ∞ for odd n, and nan for even n, where its sides differ.
    """
    part = x - round(x)
    near, far = tail(n, fabs(part)), tail(n, 1 - fabs(part))
    every = near + far if n % 2 == 1 else nan if part == 0 else (far - near) * copysign(1.0, part)
    return every - tail(n, 1 - x)


def term(n: int, x: float) -> float:
    """n! / xⁿ⁺¹."""
    term = div(1.0, x)
    for k in range(1, n + 1):
        term *= div(k, x)
    return term


def tail(n: int, x: float) -> float:
    """n!·Σ 1/(x + k)ⁿ⁺¹ over k = 0, 1, 2 … for n ≥ 1, x ≥ 0: ten terms, and DLMF 5.15.8 for the rest."""
    terms = term(n, x)
    for k in range(1, 10):
        terms += term(n, x + k)
    y = x + 10
    series, factor = 1 + 0.5 * n / y, 1.0
    for j in range(1, 11):  # B₂ⱼ/(2j)!·n·(n + 1)…(n + 2j - 1) / y²ʲ
        factor = factor * ((n + 2 * j - 2) / y / (2 * j - 1)) * ((n + 2 * j - 1) / y / (2 * j))
        series += BERNOULLI[j - 1] * factor
    return terms + term(n - 1, y) * series
