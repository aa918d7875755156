"""The operations on floats: total functions that follow IEEE 754, right to the last digits over the whole range.

Python's own functions raise where IEEE 754 has a result (``1 / 0``, ``math.log(0)``, ``math.exp(1000)``), some that are
needed do not exist (sigmoid, logsumexp), and some textbook formulas lose all digits in a tail.  Values only: what
looks like a derivative here puts back a rounding error to first order.
"""

from __future__ import annotations

import builtins
import math
from functools import reduce
from itertools import accumulate
from math import copysign, fabs, inf, isfinite, nan
from operator import mul as multiply
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SQRT_HALF, _SQRT_HALF_TAIL = 0.7071067811865476, -4.833646656726457e-17  # √½ as the sum of two doubles
_ONE_OVER_SQRT_PI = 0.5641895835477563
_ONE_OVER_SQRT_2PI = 0.3989422804014327


def total(function: Callable[[float], float], pole: float = nan) -> Callable[[float], float]:
    """Give ``function`` a result where Python raises: ±inf on overflow, -inf at ``pole``, else nan."""

    def value(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return copysign(inf, function(copysign(1.0, x)))
        except ValueError:
            return -inf if x == pole else nan

    return value


# ---------------------------------------------------------------------------------------------------------------------
# Arithmetic and powers.
# ---------------------------------------------------------------------------------------------------------------------


def div(x: float, y: float) -> float:
    """x / y."""
    try:
        return x / y
    except ZeroDivisionError:
        return nan if x == 0 or x != x else copysign(inf, x) * copysign(1.0, y)


def mod(x: float, y: float) -> float:
    """x % y, with the sign of y."""
    try:
        return x % y
    except ZeroDivisionError:
        return nan


def mul0(x: float, y: float) -> float:
    """x·y, where 0·∞ is 0."""
    return 0.0 if (x == 0 and fabs(y) == inf) or (y == 0 and fabs(x) == inf) else x * y


def pow(x: float, y: float) -> float:
    """x**y; nan, never a complex number, for a negative base with a fractional exponent."""
    try:
        return math.pow(x, y)
    except (OverflowError, ValueError):
        if x < 0 and y != math.floor(y):
            return nan
        odd = isfinite(y) and math.fmod(y, 2.0) in (1.0, -1.0)
        return copysign(inf, x) if odd else inf


def powlog(x: float, y: float, n: float, k: float) -> float:
    """x**(y - n)·log(x)**k, with the rounding error of y - n put back and 0·∞ = 0."""
    exponent = y - n
    power = pow(x, exponent)
    if not (y.is_integer() and -1e15 < y < 1e15):  # else y - n is exact
        lost = _difference_error(y, n, exponent)
        if lost:  # at 0 and beyond the range it can only turn the sign, and that of a whole power alone
            power *= pow(x if 0 < fabs(power) < inf else copysign(1.0, x) if y.is_integer() else 1.0, lost)
    return mul0(power, pow(log(x), k)) if k else power


def _cbrt(x: float) -> float:
    if x == 0 or not isfinite(x):
        return x
    root = copysign(math.pow(fabs(x), 1 / 3), x)
    return root - (root - x / (root * root)) / 3  # Newton: pow's exponent is not exactly a third


cbrt: Callable[[float], float] = getattr(math, "cbrt", _cbrt)  # in math from Python 3.11 on


# ---------------------------------------------------------------------------------------------------------------------
# What rounding took: an exact error, to be put back where a function would magnify it.
# ---------------------------------------------------------------------------------------------------------------------


def _difference_error(x: float, y: float, difference: float) -> float:
    """What rounding took from x - y (Knuth's two-sum); 0 where it is not finite."""
    if not isfinite(difference):
        return 0.0
    y_part = x - difference
    x_part = difference + y_part
    return (x - x_part) + (y_part - y)


def _product_error(x: float, y: float, product: float) -> float:
    """What rounding took from x·y (Dekker)."""
    x_high, x_low = _split(x)
    y_high, y_low = _split(y)
    return ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low


def _split(x: float) -> tuple[float, float]:
    """``x`` as the sum of two floats of 26 bits, whose products are exact (Veltkamp)."""
    big = 134217729.0 * x
    high = big - (big - x)
    return high, x - high


# ---------------------------------------------------------------------------------------------------------------------
# Exponentials, logarithms, hyperbolic functions, the normal distribution.
# ---------------------------------------------------------------------------------------------------------------------

exp = total(math.exp)
log = total(math.log, pole=0.0)


def exp2(x: float) -> float:
    """2**x."""
    return pow(2.0, x)


def atanh(x: float) -> float:
    """Inverse of tanh: ±inf at ±1, nan beyond."""
    if fabs(x) < 1:
        return math.atanh(x)
    return copysign(inf, x) if fabs(x) == 1 else nan


def sech(x: float) -> float:
    """1 / cosh(x), also where cosh overflows."""
    decay = math.exp(-fabs(x))
    return 2 * decay / (1 + decay * decay)


def half_sech(x: float) -> float:
    """½ / cosh(x/2), whose square is sigmoid's derivative."""
    return 0.5 * sech(0.5 * x)


def gaussian(x: float) -> float:
    """exp(-x²)."""
    return _exp_minus_square(x, 1.0)


def normal_pdf(x: float) -> float:
    """The density of the standard normal distribution."""
    return _ONE_OVER_SQRT_2PI * _exp_minus_square(x, 0.5)


def _exp_minus_square(x: float, scale: float) -> float:
    """exp(-scale·x²) for scale 1 or ½; exp would magnify the rounding error of x² x² times, so that is put back."""
    if not fabs(x) < 40:
        return nan if x != x else 0.0
    high, low = _split(x)  # x² = high² + low·(x + high), and high² is exact
    return math.exp(-scale * high * high) * math.exp(-scale * low * (x + high))


def normal_cdf(x: float) -> float:
    """½·erfc(-x/√2), with the rounding error of x/√2 put back."""
    t = -x * _SQRT_HALF
    if x >= 0 or t > 28:
        return 0.5 * math.erfc(t)
    # For the exact -x/√2 = t + error: erfc(t + error) = erfc(t) - 2/√π·exp(-t²)·error.
    error = _product_error(-x, _SQRT_HALF, t) - x * _SQRT_HALF_TAIL
    return 0.5 * math.erfc(t) - _ONE_OVER_SQRT_PI * gaussian(t) * error


# ---------------------------------------------------------------------------------------------------------------------
# Activations, steps and selections; nan in, nan out.
# ---------------------------------------------------------------------------------------------------------------------


def relu(x: float) -> float:
    """max(x, 0)."""
    return x if x > 0 or x != x else 0.0


def leaky_relu(x: float, slope: float) -> float:
    """x if x > 0 else slope·x."""
    return x if x > 0 else slope * x


def elu(x: float, alpha: float) -> float:
    """x if x > 0 else alpha·(exp(x) - 1)."""
    return x if x > 0 else alpha * math.expm1(x)


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x))."""
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    decay = math.exp(x)
    return decay / (1 + decay)


def softplus(x: float) -> float:
    """log(1 + exp(x))."""
    return x + math.log1p(math.exp(-x)) if x > 0 else math.log1p(math.exp(x))


def log_sigmoid(x: float) -> float:
    """log(1 / (1 + exp(-x)))."""
    return -softplus(-x)


def silu(x: float) -> float:
    """x·sigmoid(x)."""
    if -inf < x < -700:
        return x * math.exp(x + 64) * math.exp(-64)  # sigmoid(x) alone is subnormal soon, and loses digits
    return mul0(x, sigmoid(x))


def gelu(x: float) -> float:
    """x·Φ(x)."""
    return mul0(x, normal_cdf(x))


def compare(x: float, y: float) -> float:
    """-1, 0 or 1 as x is less than, equal to or greater than y."""
    return nan if x != x or y != y else float(x > y) - float(x < y)


def sign(x: float) -> float:
    """-1, 0 or 1."""
    return x if x == 0 or x != x else copysign(1.0, x)


def step(x: float) -> float:
    """1 if x > 0 else 0."""
    return x if x != x else float(x > 0)


def whole(rounding: Callable[[float], int]) -> Callable[[float], float]:
    """``rounding``, one of floor, ceil and round, from float to float: with infinities, and with the sign of a zero."""

    def value(x: float) -> float:
        return copysign(float(rounding(x)), x) if isfinite(x) else x

    return value


def maximum(x: float, y: float) -> float:
    """The greater one."""
    return nan if x != x or y != y else (x if x > y else y)


def minimum(x: float, y: float) -> float:
    """The smaller one."""
    return nan if x != x or y != y else (x if x < y else y)


def clamp(x: float, low: float, high: float) -> float:
    """``x`` kept between ``low`` and ``high``."""
    return minimum(maximum(x, low), high)


def where(condition: float, x: float, y: float) -> float:
    """x if condition else y."""
    return nan if condition != condition else (x if condition else y)


def nonneg(x: float) -> float:
    """``x`` on its domain x ≥ 0, nan outside; -0 becomes 0."""
    return x + 0.0 if x >= 0 else nan


# ---------------------------------------------------------------------------------------------------------------------
# Any number of operands.
# ---------------------------------------------------------------------------------------------------------------------


def sum(xs: Sequence[float]) -> float:
    """The exact sum, rounded once."""
    try:
        return math.fsum(xs)
    except (OverflowError, ValueError):  # infinities, or partial sums beyond the range
        return math.fsum([x * 0.5**64 for x in xs]) * 2.0**64 if all(map(isfinite, xs)) else float(builtins.sum(xs))


def prod(xs: Sequence[float]) -> float:
    """The product; within the range even where a product of some of the factors is not."""
    products = [*accumulate(xs, multiply, initial=1.0)]
    if all(1e-290 < fabs(p) < inf for p in products) or not all(x and isfinite(x) for x in xs):
        return products[-1]
    return _ldexp(*reduce(_scaled_product, map(math.frexp, xs)))


def products_of_others(xs: Sequence[float]) -> list[float]:
    """For every i the product of all but x_i; mantissas and exponents apart, so that no partial product overflows."""
    parts = [math.frexp(x) for x in xs]
    before = [(1.0, 0), *accumulate(parts[:-1], _scaled_product)]
    after = [(1.0, 0), *accumulate(parts[:0:-1], _scaled_product)]
    return [_ldexp(*_scaled_product(left, right)) for left, right in zip(before, reversed(after), strict=True)]


def _scaled_product(x: tuple[float, int], y: tuple[float, int]) -> tuple[float, int]:
    mantissa, shift = math.frexp(x[0] * y[0])
    return mantissa, x[1] + y[1] + shift


def _ldexp(mantissa: float, exponent: int) -> float:
    try:
        return math.ldexp(mantissa, exponent)
    except OverflowError:
        return copysign(inf, mantissa)


def mean(xs: Sequence[float]) -> float:
    """The sum divided by the count; within the range even where the sum is not."""
    average = sum(xs) / len(xs)
    return average if isfinite(average) else sum([x / len(xs) for x in xs])


def dot(operands: Sequence[float]) -> float:
    """w_1·x_1 + … + w_n·x_n [+ b] of the operands w_1 … w_n, x_1 … x_n [, b]; each product rounded, the sum exact."""
    n, biased = divmod(len(operands), 2)
    terms = [*map(multiply, operands[:n], operands[n:])]
    if biased:
        terms.append(operands[-1])
    return sum(terms)


def norm(xs: Sequence[float]) -> float:
    """The Euclidean length."""
    return math.hypot(*xs)


def rhypot(x: float, y: float) -> float:
    """1 / √(x² + y²)."""
    length = math.hypot(x, y)
    if length == inf and isfinite(x) and isfinite(y):
        return 0.25 / math.hypot(0.25 * x, 0.25 * y)
    return div(1.0, length)


def max(xs: Sequence[float]) -> float:
    """The greatest."""
    return nan if any(x != x for x in xs) else builtins.max(xs)


def min(xs: Sequence[float]) -> float:
    """The smallest."""
    return nan if any(x != x for x in xs) else builtins.min(xs)


def logsumexp(xs: Sequence[float]) -> float:
    """log(exp(x_1) + … + exp(x_n))."""
    top, powers = _exp_shifted(xs)
    if not isfinite(top):
        return top
    powers.remove(1.0)  # exp(top - top): log1p of the rest keeps what log(1 + …) would lose
    return top + math.log1p(sum(powers))


def softmax(operands: Sequence[float]) -> float:
    """Component i of the softmax of the operands i, x_0, x_1 …."""
    return softmax_all(operands[1:])[int(operands[0])]


def softmax_all(xs: Sequence[float]) -> list[float]:
    """exp(x_i) / (exp(x_1) + … + exp(x_n)) for every i."""
    _, powers = _exp_shifted(xs)
    denominator = sum(powers)  # at least 1
    return [power / denominator for power in powers]


def _exp_shifted(xs: Sequence[float]) -> tuple[float, list[float]]:
    """The maximum, and every exp(x - maximum), the rounding error of each difference put back."""
    top = max(xs)
    powers = []
    for x in xs:
        difference = x - top
        powers.append(exp(difference) * (1 + _difference_error(x, top, difference)))
    return top, powers


def direction(operands: Sequence[float]) -> float:
    """Component i of the unit vector along x, of the operands i, x_0, x_1 …."""
    return direction_all(operands[1:])[int(operands[0])]


def direction_all(xs: Sequence[float]) -> list[float]:
    """x_i / ‖x‖ for every i; 0 at the origin."""
    length = norm(xs)
    if length == 0:
        return [0.0] * len(xs)
    if length < 1e-290 or length == inf:  # scaled, so that the length neither overflows nor is subnormal
        largest = builtins.max(map(fabs, xs))
        xs = [x / largest if largest < inf else copysign(float(fabs(x) == inf), x) for x in xs]
        length = norm(xs)
    return [x / length for x in xs]
