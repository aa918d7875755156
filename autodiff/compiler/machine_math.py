"""Elementary functions on doubles, written so that a loop over an array of them becomes vector instructions.

A call of the C library in a loop keeps LLVM from vectorising it, and so does a branch that it cannot turn into a
selection.  Up to the last section there are neither: argument reduction, one polynomial, reconstruction from the bits,
and selections at the ends of the range.  No function assumes NaN or infinity away.

The method is the classic one (Muller, *Elementary Functions*; Cody and Waite, *Software Manual for the Elementary
Functions*).  The polynomials are minimax ones for these intervals, found with Remez' exchange algorithm at 60 digits.
Beside each stands its own error; ``tests/test_machine.py`` holds the functions to mpmath.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir
from numba import extending, njit, types
from numba.core import cgutils

from ..primitives import newton_cbrt

if TYPE_CHECKING:
    from collections.abc import Callable


_OPTIONS: dict[str, Any] = {"error_model": "numpy", "forceinline": True}
_NOT_FROM_PYTHON = _OPTIONS | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def compiled(function: Callable[..., Any]) -> Any:
    """``function`` for numba, inlined wherever compiled code calls it; division by zero gives what IEEE 754 says.

    No fastmath flag is set: error-compensated code stays as it is written, NaN and infinity count.
    """
    return njit(**_OPTIONS)(function)


def part(function: Callable[..., Any]) -> Any:
    """The same for what only compiled code calls: compiled faster, and a call from Python would crash."""
    return njit(**_NOT_FROM_PYTHON)(function)


# ---------------------------------------------------------------------------------------------------------------------
# Single instructions.
# ---------------------------------------------------------------------------------------------------------------------


def intrinsic(function: Callable[..., Any]) -> Any:
    """Decorate a function of numba types that tells numba what LLVM code to write for a call."""
    return extending.intrinsic(function)


def _call(builder: Any, name: str, arguments: Any) -> Any:
    """An operation on doubles that LLVM itself knows, and so can vectorise."""
    double = ir.DoubleType()
    kind = ir.FunctionType(double, [double] * len(arguments))
    function: Any = cgutils.get_or_insert_function
    return builder.call(function(builder.module, kind, f"llvm.{name}.f64"), arguments)


def _instruction(name: str, operands: int) -> Any:
    return types.float64(*[types.float64] * operands), lambda c, builder, s, xs: _call(builder, name, xs)


@intrinsic
def madd(context: Any, x: Any, y: Any, z: Any) -> Any:
    """x·y + z, rounded once where the processor can."""
    return _instruction("fmuladd", 3)


@intrinsic
def fma(context: Any, x: Any, y: Any, z: Any) -> Any:
    """x·y + z, rounded once everywhere, be it slowly: where the rounding error itself is wanted."""
    return _instruction("fma", 3)


@intrinsic
def fabs(context: Any, x: Any) -> Any:
    """|x|."""
    return _instruction("fabs", 1)


@intrinsic
def _copysign(context: Any, x: Any, y: Any) -> Any:
    """|x| with the sign of y."""
    return _instruction("copysign", 2)


@intrinsic
def polynomial(context: Any, x: Any, coefficients: Any) -> Any:
    """Σ cᵢ·xⁱ by Horner's rule."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, coefficients = arguments
        *lower, p = [builder.extract_value(coefficients, i) for i in range(coefficients.type.count)]
        for c in reversed(lower):
            p = _call(builder, "fmuladd", (p, x, c))
        return p

    return types.float64(x, coefficients), generate


@intrinsic
def _floor(context: Any, x: Any) -> Any:
    return _instruction("floor", 1)


@intrinsic
def _ceil(context: Any, x: Any) -> Any:
    return _instruction("ceil", 1)


@intrinsic
def _trunc(context: Any, x: Any) -> Any:
    return _instruction("trunc", 1)


@intrinsic
def _round(context: Any, x: Any) -> Any:
    return _instruction("rint", 1)


@intrinsic
def _sqrt(context: Any, x: Any) -> Any:
    return _instruction("sqrt", 1)


@compiled
def copysign(x: float, y: float) -> float:
    """|x| with the sign of y."""
    return math.nan if y != y else _copysign(x, y)


@compiled
def abs(x: float) -> float:
    """|x|."""
    return fabs(x)


@compiled
def floor(x: float) -> float:
    """⌊x⌋."""
    return _floor(x)


@compiled
def ceil(x: float) -> float:
    """⌈x⌉."""
    return _ceil(x)


@compiled
def trunc(x: float) -> float:
    """x without its fraction."""
    return _trunc(x)


@compiled
def round(x: float) -> float:
    """The nearest whole number, the even one of two."""
    return _round(x)


@compiled
def sqrt(x: float) -> float:
    """√x."""
    return _sqrt(x)


@compiled
def div(x: float, y: float) -> float:
    """x / y."""
    return x / y


@compiled
def reciprocal(x: float) -> float:
    """1 / x."""
    return 1.0 / x


@compiled
def mul0(x: float, y: float) -> float:
    """x·y, where 0·∞ is 0."""
    return 0.0 if (x == 0.0 and fabs(y) == math.inf) or (y == 0.0 and fabs(x) == math.inf) else x * y


@intrinsic
def bits(context: Any, x: Any) -> Any:
    """The 64 bits of a double."""
    return types.uint64(types.float64), lambda c, builder, s, xs: builder.bitcast(xs[0], ir.IntType(64))


@intrinsic
def from_bits(context: Any, x: Any) -> Any:
    """The double that has these 64 bits."""
    return types.float64(types.uint64), lambda c, builder, s, xs: builder.bitcast(xs[0], ir.DoubleType())


_MANTISSA_BITS = np.uint64(52)
_MANTISSA = np.uint64(2**52 - 1)
_TO_WHOLE = 1.5 * 2.0**52  # a double plus this, minus this, is rounded to a whole number, which the low bits then hold
_LN2 = 0.6931471805599453
_LOG2_E = 1.4426950408889634
_LN2_HIGH = float.fromhex("0x1.62e42fefa38p-1")  # ln 2 in 41 bits, so that its product with an exponent is exact
_LN2_LOW = float.fromhex("0x1.ef35793c7673p-45")


@part
def power_of_two(n: float) -> float:
    """2**n for a whole n from -1022 to 1023."""
    return from_bits(bits(n + (_TO_WHOLE + 1023)) << _MANTISSA_BITS)


# ---------------------------------------------------------------------------------------------------------------------
# Exponentials: exp(x) = 2**n·exp(r) with |r| ≤ ½·ln 2.
# ---------------------------------------------------------------------------------------------------------------------


_EXPM1 = (
    0.5,
    0.16666666666666677,
    0.041666666666666505,
    0.008333333333321608,
    0.0013888888888962912,
    0.00019841269886207815,
    2.4801587171818354e-05,
    2.755724410424278e-06,
    2.755740296023463e-07,
    2.510908140312781e-08,
    2.087532295684062e-09,
)


@part
def expm1_reduced(r: float) -> float:
    """exp(r) - 1 for |r| ≤ ½·ln 2; relative error of the polynomial 2**-59.7."""
    p = polynomial(r, _EXPM1)
    return madd(r * r, p, r)


@part
def nearest_multiple(x: float) -> float:
    """The whole n for which n·ln 2 is nearest to x."""
    return madd(x, _LOG2_E, _TO_WHOLE) - _TO_WHOLE


@part
def remainder(x: float, n: float) -> float:
    """x - n·ln 2."""
    return madd(n, -_LN2_LOW, madd(n, -_LN2_HIGH, x))


@part
def scale(y: float, n: float) -> float:
    """y·2**n for |n| ≤ 2044, rounded once: in two steps, of which the first is exact."""
    half = madd(n, 0.5, _TO_WHOLE) - _TO_WHOLE
    return y * power_of_two(half) * power_of_two(n - half)


@part
def times_exp(factor: float, x: float, y: float) -> float:
    """factor·exp(x + y) for a small y, which need not change the double x."""
    x = 710.0 if x > 710.0 else x
    x = -746.0 if x < -746.0 else x
    n = nearest_multiple(x)
    return scale(madd(expm1_reduced(remainder(x, n) + y), factor, factor), n)


@compiled
def exp(x: float) -> float:
    """exp(x)."""
    x = 710.0 if x > 710.0 else x  # beyond, the result is inf, as it is there
    x = -746.0 if x < -746.0 else x
    n = nearest_multiple(x)
    return scale(1.0 + expm1_reduced(remainder(x, n)), n)


@compiled
def exp2(x: float) -> float:
    """2**x."""
    x = 1025.0 if x > 1025.0 else x
    x = -1076.0 if x < -1076.0 else x
    n = (x + _TO_WHOLE) - _TO_WHOLE
    return scale(1.0 + expm1_reduced((x - n) * _LN2), n)


@part
def decay(x: float) -> float:
    """exp(-|x|)."""
    x = fabs(x)
    x = 746.0 if x > 746.0 else x
    n = nearest_multiple(-x)
    return scale(1.0 + expm1_reduced(remainder(-x, n)), n)


@compiled
def expm1(x: float) -> float:
    """exp(x) - 1."""
    y = 710.0 if x > 710.0 else x
    y = -50.0 if y < -50.0 else y
    n = nearest_multiple(y)
    half = power_of_two(n - 1.0)  # 2**n may overflow where the result does not
    y = 2.0 * madd(half, expm1_reduced(remainder(y, n)), half - 0.5)
    return x if fabs(x) < 1e-17 else y


@compiled
def tanh(x: float) -> float:
    """Hyperbolic tangent, from exp(2·|x|) - 1."""
    y = 2.0 * fabs(x)
    y = 40.0 if y > 40.0 else y
    n = nearest_multiple(y)
    power = power_of_two(n)
    grown = madd(power, expm1_reduced(remainder(y, n)), power - 1.0)  # exp(2·|x|) - 1
    return _copysign(grown / (grown + 2.0), x)


@compiled
def sinh(x: float) -> float:
    """Hyperbolic sine."""
    y = fabs(x)
    y = 710.5 if y > 710.5 else y  # sinh is inf from 710.48 on
    n = nearest_multiple(y)
    quarter = power_of_two(n - 2.0)  # 2**n may overflow where the result does not
    less = madd(quarter, expm1_reduced(remainder(y, n)), quarter - 0.25)  # ¼·(exp(|x|) - 1)
    y = 2.0 * (less + 0.25 * less / (less + 0.25))
    return x if fabs(x) < 1e-9 else _copysign(y, x)


@compiled
def cosh(x: float) -> float:
    """Hyperbolic cosine."""
    y = fabs(x)
    y = 711.0 if y > 711.0 else y
    n = nearest_multiple(y)
    half = scale(1.0 + expm1_reduced(remainder(y, n)), n - 1.0)
    return half + 0.25 / half


@compiled
def sech(x: float) -> float:
    """1 / cosh(x)."""
    z = decay(x)
    return 2.0 * z / madd(z, z, 1.0)


@compiled
def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x))."""
    z = decay(x)
    return (z if x < 0.0 else 1.0) / (1.0 + z)


@compiled
def silu(x: float) -> float:
    """x·sigmoid(x)."""
    y = fabs(x)
    y = 800.0 if y > 800.0 else y
    n = nearest_multiple(-y)
    z = 1.0 + expm1_reduced(remainder(-y, n))
    half = madd(n, 0.5, _TO_WHOLE) - _TO_WHOLE
    first, second = power_of_two(half), power_of_two(n - half)
    y = x * (z * first if x < 0.0 else 1.0) / (1.0 + z * first * second)
    y = y * (second if x < 0.0 else 1.0)  # last, for exp(x) alone is subnormal soon, and loses digits
    return (0.0 if x == -math.inf else -0.0) if x < -800.0 else y


# ---------------------------------------------------------------------------------------------------------------------
# Logarithms: log(x) = n·ln 2 + log(1 + f) with √½ < 1 + f < √2.
# ---------------------------------------------------------------------------------------------------------------------

_ONE_BITS = np.float64(1.0).view(np.uint64)
_SQRT_HALF_BITS = np.float64(math.sqrt(0.5)).view(np.uint64)
_ONE_OVER_SQRT_HALF = _ONE_BITS - _SQRT_HALF_BITS
_WHOLE_BITS = np.float64(2.0**52).view(np.uint64)

_LOG10_E = 0.4342944819032518
_LOG10_2_HIGH = float.fromhex("0x1.34413509f7000p-2")  # log10 2 in 41 bits
_LOG10_2_LOW = float.fromhex("0x1.3fde623e2566bp-43")


_LOG1P = (
    0.6666666666666726,
    0.39999999999455416,
    0.2857142873482416,
    0.22222199244606808,
    0.1818353345739654,
    0.15314759835318262,
    0.14789507265182583,
)


@part
def log1p_reduced(f: float, n: float) -> float:
    """log(1 + f) + n·ln 2 for √½ < 1 + f < √2.

    With s = f/(2 + f) it is 2·atanh(s) = 2·s + s·R(s²), and 2·s = f - s·f = f - (½f² - s·½f²), whose leading term f is
    exact.  Relative error of the polynomial R 2**-59.
    """
    s = f / (2.0 + f)
    z = s * s
    p = polynomial(z, _LOG1P)
    half_square = 0.5 * f * f
    rest = half_square - madd(s, madd(p, z, half_square), n * _LN2_LOW)
    return madd(n, _LN2_HIGH, f - rest)


@part
def exponent(u: int) -> float:
    """The exponent of a positive double from its bits plus ``_ONE_OVER_SQRT_HALF``."""
    return from_bits((u >> _MANTISSA_BITS) | _WHOLE_BITS) - (2.0**52 + 1023.0)


@part
def mantissa(u: int) -> float:
    """The double between √½ and √2 that remains."""
    return from_bits((u & _MANTISSA) + _SQRT_HALF_BITS)


@compiled
def log(x: float) -> float:
    """log(x)."""
    tiny = x < 2.0**-1022
    u = bits(x * 2.0**54 if tiny else x) + _ONE_OVER_SQRT_HALF
    y = log1p_reduced(mantissa(u) - 1.0, exponent(u) - (54.0 if tiny else 0.0))
    y = y if x < math.inf else x
    return y if x > 0.0 else (-math.inf if x == 0.0 else math.nan)


@compiled
def log2(x: float) -> float:
    """log2(x)."""
    tiny = x < 2.0**-1022
    u = bits(x * 2.0**54 if tiny else x) + _ONE_OVER_SQRT_HALF
    y = madd(log1p_reduced(mantissa(u) - 1.0, 0.0), _LOG2_E, exponent(u) - (54.0 if tiny else 0.0))
    y = y if x < math.inf else x
    return y if x > 0.0 else (-math.inf if x == 0.0 else math.nan)


@compiled
def log10(x: float) -> float:
    """log10(x)."""
    tiny = x < 2.0**-1022
    u = bits(x * 2.0**54 if tiny else x) + _ONE_OVER_SQRT_HALF
    n = exponent(u) - (54.0 if tiny else 0.0)
    y = madd(n, _LOG10_2_HIGH, madd(log1p_reduced(mantissa(u) - 1.0, 0.0), _LOG10_E, n * _LOG10_2_LOW))
    y = y if x < math.inf else x
    return y if x > 0.0 else (-math.inf if x == 0.0 else math.nan)


@part
def log1p_of(x: float) -> float:
    """log(1 + x) for -1 < x < ∞: what rounding took from 1 + x is put back into f."""
    one_more = 1.0 + x
    u = bits(one_more) + _ONE_OVER_SQRT_HALF
    n = exponent(u)
    lost = x - (one_more - 1.0) if x < 1.0 else 1.0 - (one_more - x)
    return log1p_reduced(madd(lost, power_of_two(-n if n < 1000.0 else -1000.0), mantissa(u) - 1.0), n)


@compiled
def log1p(x: float) -> float:
    """log(1 + x)."""
    y = log1p_of(x)
    y = y if x < math.inf else x
    y = x if fabs(x) < 1e-17 else y
    return y if x > -1.0 else (-math.inf if x == -1.0 else math.nan)


@compiled
def asinh(x: float) -> float:
    """Inverse of sinh."""
    y = fabs(x)
    huge = y > 1e20  # there asinh(x) = log(2·x)
    y = log1p(y if huge else y + y * y / (1.0 + sqrt(madd(y, y, 1.0)))) + (_LN2 if huge else 0.0)
    return _copysign(y, x)


@compiled
def acosh(x: float) -> float:
    """Inverse of cosh."""
    huge = x > 1e20
    y = x - 1.0
    y = log1p(y if huge else y + sqrt(y * (y + 2.0))) + (_LN2 if huge else 0.0)
    return y if x >= 1.0 else math.nan


@compiled
def atanh(x: float) -> float:
    """Inverse of tanh."""
    y = fabs(x)
    return _copysign(0.5 * log1p(2.0 * y / (1.0 - y)), x)


@compiled
def softplus(x: float) -> float:
    """log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|))."""
    z = decay(x)
    beyond = z > 0.41421356237309503
    rest = log1p_reduced(0.5 * (z - 1.0) if beyond else z, 1.0 if beyond else 0.0)
    return (0.0 if x < 0.0 else x) + rest


# ---------------------------------------------------------------------------------------------------------------------
# The error function and the normal distribution.
# ---------------------------------------------------------------------------------------------------------------------

_SQRT_HALF, _SQRT_HALF_TAIL = 0.7071067811865476, -4.833646656726457e-17  # √½ as the sum of two doubles
_TWO_OVER_SQRT_PI = 1.1283791670955126
_ONE_OVER_SQRT_2PI = 0.3989422804014327


@part
def times_exp_minus_square(factor: float, x: float, half: float) -> float:
    """factor·exp(-half·x²) for ``half`` ½ or 1, the rounding error of x² put back."""
    x = fabs(x)
    x = 40.0 if x > 40.0 else x
    big = 134217729.0 * x  # Veltkamp's split: the square of 26 bits is exact
    high = big - (big - x)
    return times_exp(factor, -half * high * high, -half * (x - high) * (x + high))


@compiled
def gaussian(x: float) -> float:
    """exp(-x²)."""
    return times_exp_minus_square(1.0, x, 1.0)


@compiled
def normal_pdf(x: float) -> float:
    """The density of the standard normal distribution."""
    return times_exp_minus_square(_ONE_OVER_SQRT_2PI, x, 0.5)


_ERF = (
    1.1283791670955126,
    -0.3761263890318375,
    0.11283791670954858,
    -0.02686617064507296,
    0.00522397762478137,
    -0.0008548326978765149,
    0.00012055331037551108,
    -1.4925593518728226e-05,
    1.6460972954153765e-06,
    -1.635002619207727e-07,
    1.4657883530919653e-08,
    -1.136567067182716e-09,
    5.945255584223488e-11,
)


@part
def erf_near_0(x: float) -> float:
    """erf(x) for |x| ≤ 1; relative error of the polynomial in x² 2**-62."""
    return x * polynomial(x * x, _ERF)


_ERFCX = (
    1.2471825555846456,
    -0.13874027121193516,
    -0.02631125788845374,
    0.11249586062945299,
    -0.11882720732268516,
    0.08075206465860145,
    -0.037750416494976805,
    0.010680656957613765,
    -0.0003854322098774968,
    -0.0010620269273914989,
    0.00032997757113145947,
    6.583980264841368e-05,
    -5.6131206656899535e-05,
    -2.508979533341856e-06,
    8.712764404966214e-06,
    -2.420700774875642e-08,
    -1.4215176326434792e-06,
    -2.3409822855047793e-08,
    2.320921295890553e-07,
    2.1583129371506596e-08,
    -2.8732518644674296e-08,
    -5.377891163061037e-09,
    8.783539863860142e-10,
)


@part
def erfcx(x: float, lost: float) -> float:
    """exp(x²)·erfc(x) at x + lost, for 0 ≤ x ≤ 28 and a small ``lost``.

    (1 + 2·x)·exp(x²)·erfc(x) as a polynomial in (x - k)/(x + k) (Shepherd and Laframboise, Math. Comp. 36, 1981), with
    a k for which the rounded coefficients happen to be good; relative error of the polynomial 2**-54.8.
    """
    denominator = x + 3.265625
    y = denominator - 3.265625  # exact, and x up to a rounding error; what it lost is put back at the end
    s = (y - 3.265625) / denominator
    p = polynomial(s, _ERFCX)
    p = p / madd(2.0, y, 1.0)
    return madd((x - y) + lost, madd(2.0 * y, p, -_TWO_OVER_SQRT_PI), p)  # the function's own slope


@part
def erfc_tail(x: float) -> float:
    """erfc(|x|), right to the last digits where it is not near 1."""
    y = fabs(x)
    y = 28.0 if y > 28.0 else y
    return times_exp_minus_square(erfcx(y, 0.0), y, 1.0)


@compiled
def erf(x: float) -> float:
    """The error function."""
    y = fabs(x)
    return erf_near_0(x) if y < 1.0 else _copysign(1.0 - erfc_tail(y), x)


@compiled
def erfc(x: float) -> float:
    """1 - erf(x)."""
    tail = erfc_tail(x)
    return 1.0 - erf_near_0(x) if fabs(x) < 0.5 else (2.0 - tail if x < 0.0 else tail)


@compiled
def normal_cdf(x: float) -> float:
    """½·erfc(-x/√2), with the rounding error of x/√2 put back."""
    y = fabs(x)
    y = 39.5 if y > 39.5 else y
    t = y * _SQRT_HALF
    lost = madd(y, _SQRT_HALF_TAIL, fma(y, _SQRT_HALF, -t))
    tail = times_exp_minus_square(0.5 * erfcx(t, lost), y, 0.5)
    return 0.5 + 0.5 * erf_near_0(x * _SQRT_HALF) if y < 0.7 else (1.0 - tail if x > 0.0 else tail)


# ---------------------------------------------------------------------------------------------------------------------
# Circular functions: x = (4·k + quadrant)·π/2 + r with |r| ≤ π/4.
# ---------------------------------------------------------------------------------------------------------------------

_STEP = 8  # binary digits of the exponent between two rows of the table


def _two_over_pi() -> Any:
    """2**(8·k)·2/π without its multiples of 4, as four doubles, for each k.

    Times a whole number, a multiple of 4 changes neither sine nor cosine.  So the digits in front can go, and those
    behind come up that decide (Payne and Hanek, SIGNUM Newsletter 18, 1983).  π by Machin's formula, in integers.
    """
    digits = 1250  # of 2/π behind the point: 980 go at most, 215 are kept

    def arctan_of_inverse(n: int) -> int:
        total, power, k = 0, (1 << digits) // n, 1
        while power:
            total += power // k if k % 4 == 1 else -(power // k)
            power //= n * n
            k += 2
        return total

    pi = 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239))
    ratio = (2 << (2 * digits)) // pi
    rows = []
    for k in range((1023 - 52) // _STEP + 2):
        rest = (ratio << (_STEP * k)) & ((4 << digits) - 1)
        row = []
        for _ in range(4):
            part = rest / (1 << digits)
            row.append(part)
            rest -= int(math.ldexp(part, 300)) << (digits - 300)
        rows.append(row)
    return np.array(rows)


_TWO_OVER_PI = _two_over_pi()
_PI_OVER_2_HIGH, _PI_OVER_2_LOW = 1.5707963267948966, 6.123233995736766e-17
_ONE, _EXPONENT, _BIAS = np.uint64(1), np.uint64(2047), np.uint64(1023)
_LAST_OF_ROW_0, _LOG2_STEP, _SIGN_BIT = np.uint64(1023 + 52), np.uint64(3), np.uint64(63)


@part
def two_sum(x: float, y: float) -> tuple[float, float]:
    """x + y and what rounding took from it (Knuth)."""
    total = x + y
    y_part = total - x
    return total, (x - (total - y_part)) + (y - y_part)


@part
def fast_two_sum(x: float, y: float) -> tuple[float, float]:
    """The same where x is 0, or not less than y (Dekker)."""
    total = x + y
    return total, y - (total - x)


@part
def quadrant(x: float) -> tuple[int, float, float]:
    """The quadrant of x, modulo 4 in its low bits, and r as the sum of two doubles, right to 2**-115."""
    biased = (bits(x) >> _MANTISSA_BITS) & _EXPONENT
    biased = biased if biased > _LAST_OF_ROW_0 else _LAST_OF_ROW_0
    row = (biased - _LAST_OF_ROW_0) >> _LOG2_STEP
    x = x * from_bits((_BIAS - (row << _LOG2_STEP)) << _MANTISSA_BITS)  # from row 1 on a whole number
    c1, c2, c3, c4 = _TWO_OVER_PI[row, 0], _TWO_OVER_PI[row, 1], _TWO_OVER_PI[row, 2], _TWO_OVER_PI[row, 3]
    p1, p2, p3 = x * c1, x * c2, x * c3
    e1, e2, e3 = fma(x, c1, -p1), fma(x, c2, -p2), fma(x, c3, -p3)
    p1 = p1 - 4.0 * round(0.25 * p1)
    # p1 + e1 + p2 + e2 + p3 + e3 + x·c4, less the nearest whole number, as the sum of two doubles.
    a, a_low = two_sum(p2, e1)
    turns, b_low = two_sum(p1, a)
    shifted = turns + _TO_WHOLE
    turns = turns - (shifted - _TO_WHOLE)
    c, c_low = two_sum(e2, p3)
    d, d_low = two_sum(a_low, b_low)
    c, e_low = two_sum(d, c)
    turns, f_low = fast_two_sum(turns, c)  # turns is 0 or a multiple of the last digit of c
    turns, low = fast_two_sum(turns, f_low + (e_low + (d_low + (c_low + madd(x, c4, e3)))))
    r = turns * _PI_OVER_2_HIGH
    low = fma(turns, _PI_OVER_2_HIGH, -r) + madd(turns, _PI_OVER_2_LOW, low * _PI_OVER_2_HIGH)
    return bits(shifted), r, low


_SIN = (
    -0.16666666666666632,
    0.008333333333322441,
    -0.00019841269829825196,
    2.7557313696819495e-06,
    -2.505075874295761e-08,
    1.5896825609227745e-10,
)


@part
def sin_reduced(r: float, low: float) -> float:
    """sin(r + low) for |r| ≤ π/4; relative error of the polynomial 2**-57."""
    z = r * r
    p = polynomial(z, _SIN)
    return r + madd(z * r, p, madd(-0.5 * z, low, low))


_COS = (
    0.0416666666666666,
    -0.001388888888887425,
    2.4801587289549547e-05,
    -2.7557314369441163e-07,
    2.0875725354698964e-09,
    -1.1359745615965733e-11,
)


@part
def cos_reduced(r: float, low: float) -> float:
    """cos(r + low) for |r| ≤ π/4; error of the polynomial 2**-60."""
    z = r * r
    p = polynomial(z, _COS)
    half = 0.5 * z
    first = 1.0 - half
    return first + (((1.0 - first) - half) + madd(z * z, p, -r * low))


@compiled
def sin(x: float) -> float:
    """sin(x)."""
    q, r, low = quadrant(x)
    y = cos_reduced(r, low) if q & _ONE else sin_reduced(r, low)
    y = from_bits(bits(y) ^ ((q >> _ONE) << _SIGN_BIT))
    return x if fabs(x) < 1e-9 else y


@compiled
def cos(x: float) -> float:
    """cos(x)."""
    q, r, low = quadrant(x)
    y = sin_reduced(r, low) if q & _ONE else cos_reduced(r, low)
    return from_bits(bits(y) ^ (((q + _ONE) >> _ONE) << _SIGN_BIT))


@compiled
def tan(x: float) -> float:
    """tan(x)."""
    q, r, low = quadrant(x)
    s = sin_reduced(r, low)
    c = cos_reduced(r, low)
    y = -c / s if q & _ONE else s / c
    return x if fabs(x) < 1e-9 else y


# ---------------------------------------------------------------------------------------------------------------------
# Lengths.
# ---------------------------------------------------------------------------------------------------------------------


@part
def safe_factors(x: float, y: float) -> tuple[float, float]:
    """Two powers of two by which the larger operand's square neither vanishes (first) nor overflows (second)."""
    largest = fabs(x) if fabs(x) > fabs(y) else fabs(y)
    return 2.0**600 if largest < 2.0**-500 else 1.0, 2.0**-600 if largest > 2.0**500 else 1.0


@part
def length(x: float, y: float, factor: float) -> float:
    """factor·√(x² + y²)."""
    x, y = x * factor, y * factor
    return sqrt(madd(x, x, y * y))


@compiled
def hypot(x: float, y: float) -> float:
    """√(x² + y²)."""
    up, down = safe_factors(x, y)
    z = length(x, y, up * down) / (up * down)
    return math.inf if fabs(x) == math.inf or fabs(y) == math.inf else z


@compiled
def rhypot(x: float, y: float) -> float:
    """1/√(x² + y²)."""
    up, down = safe_factors(x, y)
    z = up * down / length(x, y, up * down)
    return 0.0 if fabs(x) == math.inf or fabs(y) == math.inf else z


@compiled
def direction(i: float, x: float, y: float) -> float:
    """Component i of the unit vector along (x, y); 0 at the origin, and infinite operands alone count."""
    if fabs(x) == math.inf or fabs(y) == math.inf:
        x = _copysign(1.0 if fabs(x) == math.inf else 0.0, x)
        y = _copysign(1.0 if fabs(y) == math.inf else 0.0, y)
    up, down = safe_factors(x, y)
    z = length(x, y, up * down)
    return 0.0 if z == 0.0 else (x if i == 0.0 else y) * up / z * down


# ---------------------------------------------------------------------------------------------------------------------
# What the C library computes.  A loop over one of these does not become vector instructions.
# ---------------------------------------------------------------------------------------------------------------------


@compiled
def mod(x: float, y: float) -> float:
    """x % y, with the sign of y."""
    return x % y


@compiled
def fmod(x: float, y: float) -> float:
    """The remainder with the sign of x."""
    return np.fmod(x, y)


@compiled
def floor_divide(x: float, y: float) -> float:
    """⌊x / y⌋, and x / y for y = 0."""
    return x // y if y != 0.0 else x / y


@compiled
def pow(x: float, y: float) -> float:
    """x**y; for the common exponents without the library, which takes ten times as long."""
    if y == 2.0:
        return x * x
    if y == 1.0:
        return x
    if y == 3.0:
        return x * x * x
    if y == -1.0:
        return 1.0 / x
    return math.pow(x, y)


@compiled
def powlog(x: float, y: float, n: float, k: float) -> float:
    """x**(y - n)·log(x)**k, as ``formulas.powlog``."""
    exponent = y - n
    power = pow(x, exponent)
    lost = two_sum(y, -n)[1]
    if lost != 0.0 and fabs(exponent) < math.inf:
        whole = _copysign(1.0, x) if math.floor(y) == y else 1.0
        power *= pow(x if 0.0 < fabs(power) < math.inf else whole, lost)
    return mul0(power, pow(math.log(x), k)) if k != 0.0 else power


cbrt = compiled(newton_cbrt)


@compiled
def asin(x: float) -> float:
    """Inverse of sin."""
    return math.asin(x)


@compiled
def acos(x: float) -> float:
    """Inverse of cos."""
    return math.acos(x)


@compiled
def atan(x: float) -> float:
    """Inverse of tan."""
    return math.atan(x)


@compiled
def atan2(y: float, x: float) -> float:
    """The angle of the point (x, y)."""
    return math.atan2(y, x)
