"""The values that are put together from others: each formula once, right to the last digits over the whole range.

Some do not exist in Python (sigmoid, logsumexp), and some textbook formulas lose all digits in a tail.  Values only:
what looks like a derivative here puts back a rounding error to first order.

A formula consists of expressions and of selections, ``x if condition else y``, and leaves open whose numbers they are:
the names that it uses are looked up among the floats here, and among compiled functions in ``compiler/machine.py``.
For arrays ``compiler/lift.py`` reads this source anew, and there both sides of a selection are computed.  So that this
works for all of them, a guard against nan comes first in a selection, a constant is a name or a literal, and a branch
is an early return.
"""

from __future__ import annotations

from functools import reduce
from itertools import accumulate
from math import copysign, erfc, exp, expm1, fabs, frexp, fsum, hypot, inf, isfinite, log1p, nan
from operator import mul as multiply
from types import FunctionType
from typing import TYPE_CHECKING

from . import special
from .primitives import atanh, div, is_integer, ldexp, log, max, pow, sum

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

SQRT_HALF, SQRT_HALF_TAIL = 0.7071067811865476, -4.833646656726457e-17  # √½ as the sum of two doubles
ONE_OVER_SQRT_PI = 0.5641895835477563
ONE_OVER_SQRT_2PI = 0.3989422804014327
EXP_MINUS_64 = 1.603810890548638e-28
LN_2, LOG2_E = 0.6931471805599453, 1.4426950408889634
DEGREE, RADIAN = 0.017453292519943295, 57.29577951308232  # π/180 and 180/π

# ---------------------------------------------------------------------------------------------------------------------
# What rounding took: an exact error, to be put back where a function would magnify it.
# ---------------------------------------------------------------------------------------------------------------------


def difference_error(x: float, y: float, difference: float) -> float:
    """What rounding took from x - y (Knuth's two-sum); 0 where it is not finite."""
    if not isfinite(difference):
        return 0.0
    y_part = x - difference
    x_part = difference + y_part
    return (x - x_part) + (y_part - y)


def product_error(x: float, y: float, product: float) -> float:
    """What rounding took from x·y (Dekker)."""
    x_high, x_low = split(x)
    y_high, y_low = split(y)
    return ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low


def split(x: float) -> tuple[float, float]:
    """``x`` as the sum of two floats of 26 bits, whose products are exact (Veltkamp)."""
    big = 134217729.0 * x
    high = big - (big - x)
    return high, x - high


# ---------------------------------------------------------------------------------------------------------------------
# Products and powers.
# ---------------------------------------------------------------------------------------------------------------------


def mul0(x: float, y: float) -> float:
    """x·y, where 0·∞ is 0."""
    return 0.0 if (x == 0.0 and fabs(y) == inf) or (y == 0.0 and fabs(x) == inf) else x * y


def div0(x: float, y: float) -> float:
    """x / y, where 0 / y is 0."""
    return 0.0 if x == 0.0 else div(x, y)


def times_complement(x: float) -> float:
    """x·(1 - x)."""
    return x * (1.0 - x)


def deg2rad(x: float) -> float:
    """x·π/180."""
    return x * DEGREE


def rad2deg(x: float) -> float:
    """x·180/π."""
    return x * RADIAN


def powlog(x: float, y: float, n: float, k: float) -> float:
    """x**(y - n)·log(x)**k, with the rounding error of y - n put back and 0·∞ = 0."""
    exponent = y - n
    power = pow(x, exponent)
    lost = 0.0 if -1e15 < y < 1e15 and is_integer(y) else difference_error(y, n, exponent)
    # At 0 and beyond the range it can only turn the sign, and that of a whole power alone.
    factor = pow(x if 0.0 < fabs(power) < inf else copysign(1.0, x) if is_integer(y) else 1.0, lost) if lost else 1.0
    power = power * factor
    return mul0(power, pow(log(x), k)) if k else power


def rhypot(x: float, y: float) -> float:
    """1 / √(x² + y²)."""
    length = hypot(x, y)
    if length == inf and isfinite(x) and isfinite(y):
        return 0.25 / hypot(0.25 * x, 0.25 * y)
    return div(1.0, length)


# ---------------------------------------------------------------------------------------------------------------------
# Exponentials, hyperbolic functions, the normal distribution.  ``exp`` is Python's own: nothing here overflows.
# ---------------------------------------------------------------------------------------------------------------------


def exp2(x: float) -> float:
    """2**x."""
    return pow(2.0, x)


def exp10(x: float) -> float:
    """10**x."""
    return pow(10.0, x)


def log1mexp(x: float) -> float:
    """log(1 - exp(-x)) for x ≥ 0 (M. Mächler, "Accurately computing log(1 - exp(-|a|))", 2012)."""
    return nan if x < 0.0 else log(-expm1(-x)) if x < LN_2 else log1p(-exp(-x))


def logaddexp(x: float, y: float) -> float:
    """log(exp(x) + exp(y))."""
    return maximum(x, y) + log1p(exp(-distance(x, y)))


def logaddexp2(x: float, y: float) -> float:
    """log2(2**x + 2**y)."""
    return maximum(x, y) + (1.0 if x == y else LOG2_E * log1p(exp2(-distance(x, y))))


def distance(x: float, y: float) -> float:
    """|x - y|, 0 of two equal infinities."""
    return 0.0 if x == y else fabs(x - y)


def share(x: float, y: float) -> float:
    """exp(x) / (exp(x) + exp(y)): sigmoid(x - y), with the rounding error of the difference put back."""
    difference = x - y
    return lesser_or_greater(difference, exp(-fabs(difference)), difference_error(x, y, difference))


def share2(x: float, y: float) -> float:
    """2**x / (2**x + 2**y), the same to base 2."""
    difference = x - y
    return lesser_or_greater(difference, exp2(-fabs(difference)), LN_2 * difference_error(x, y, difference))


def lesser_or_greater(difference: float, decay: float, lost: float) -> float:
    """1 / (1 + decay) if the difference is positive, else decay / (1 + decay); and what that was short of."""
    lesser, greater = decay / (1.0 + decay), 1.0 / (1.0 + decay)
    return greater * (1.0 + lost * lesser) if difference >= 0.0 else lesser * (1.0 + lost * greater)


def logit(x: float) -> float:
    """log(x / (1 - x)), which is 2·atanh(2x - 1); near ½ that argument is exact."""
    return 2.0 * atanh(2.0 * x - 1.0) if 0.25 <= x <= 0.75 else log(x) - (log(1.0 - x) if x > 0.5 else log1p(-x))


def xlogy(x: float, y: float) -> float:
    """x·log(y), 0 where x is 0 and y a number."""
    return nan if y != y else 0.0 if x == 0.0 else x * log(y)


def xlog1py(x: float, y: float) -> float:
    """x·log(1 + y), 0 where x is 0 and y a number."""
    return nan if y != y else 0.0 if x == 0.0 else x * (log(1.0 + y) if y < -0.5 else log1p(y))


def sech(x: float) -> float:
    """1 / cosh(x), also where cosh overflows."""
    decay = exp(-fabs(x))
    return 2.0 * decay / (1.0 + decay * decay)


def half_sech(x: float) -> float:
    """½ / cosh(x/2), whose square is sigmoid's derivative."""
    return 0.5 * sech(0.5 * x)


def gaussian(x: float) -> float:
    """exp(-x²)."""
    return exp_minus_square(x, 1.0)


def normal_pdf(x: float) -> float:
    """The density of the standard normal distribution."""
    return ONE_OVER_SQRT_2PI * exp_minus_square(x, 0.5)


def exp_minus_square(x: float, scale: float) -> float:
    """exp(-scale·x²) for scale 1 or ½; exp would magnify the rounding error of x² x² times, so that is put back."""
    if not fabs(x) < 40.0:
        return x if x != x else 0.0
    high, low = split(x)  # x² = high² + low·(x + high), and high² is exact
    return exp(-scale * high * high) * exp(-scale * low * (x + high))


def normal_cdf(x: float) -> float:
    """½·erfc(-x/√2), with the rounding error of x/√2 put back."""
    t = -x * SQRT_HALF
    tail = 0.5 * erfc(t)
    if x >= 0.0 or t > 28.0:
        return tail
    # For the exact -x/√2 = t + error: erfc(t + error) = erfc(t) - 2/√π·exp(-t²)·error.
    error = product_error(-x, SQRT_HALF, t) - x * SQRT_HALF_TAIL
    return tail - ONE_OVER_SQRT_PI * gaussian(t) * error


# ---------------------------------------------------------------------------------------------------------------------
# Activations, steps and selections; nan in, nan out.
# ---------------------------------------------------------------------------------------------------------------------


def relu(x: float) -> float:
    """max(x, 0)."""
    return x if x > 0.0 or x != x else 0.0


def leaky_relu(x: float, slope: float) -> float:
    """x if x > 0 else slope·x."""
    return x if x > 0.0 else slope * x


def elu(x: float, alpha: float) -> float:
    """x if x > 0 else alpha·(exp(x) - 1)."""
    return x if x > 0.0 else alpha * expm1(x)


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x))."""
    decay = exp(-x if x >= 0.0 else x)
    return (1.0 if x >= 0.0 else decay) / (1.0 + decay)


def softplus(x: float) -> float:
    """log(1 + exp(x))."""
    rest = log1p(exp(-x if x > 0.0 else x))
    return x + rest if x > 0.0 else rest


def log_sigmoid(x: float) -> float:
    """log(1 / (1 + exp(-x)))."""
    return -softplus(-x)


def silu(x: float) -> float:
    """x·sigmoid(x)."""
    if -inf < x < -700.0:
        return x * exp(x + 64.0) * EXP_MINUS_64  # sigmoid(x) alone is subnormal soon, and loses digits
    return mul0(x, sigmoid(x))


def gelu(x: float) -> float:
    """x·Φ(x)."""
    return mul0(x, normal_cdf(x))


def compare(x: float, y: float) -> float:
    """-1, 0 or 1 as x is less than, equal to or greater than y."""
    return 1.0 if x > y else -1.0 if x < y else 0.0 if x == y else nan


def greater(x: float, y: float) -> float:
    """1 if x > y else 0; 0 where one is nan."""
    return 1.0 if x > y else 0.0


def greater_equal(x: float, y: float) -> float:
    """1 if x >= y else 0; 0 where one is nan."""
    return 1.0 if x >= y else 0.0


def less(x: float, y: float) -> float:
    """1 if x < y else 0; 0 where one is nan."""
    return 1.0 if x < y else 0.0


def less_equal(x: float, y: float) -> float:
    """1 if x <= y else 0; 0 where one is nan."""
    return 1.0 if x <= y else 0.0


def equal(x: float, y: float) -> float:
    """1 if x == y else 0; 0 where one is nan."""
    return 1.0 if x == y else 0.0


def not_equal(x: float, y: float) -> float:
    """1 if x != y else 0; 1 where one is nan."""
    return 1.0 if x != y else 0.0


def logical_and(x: float, y: float) -> float:
    """1 if neither is 0, else 0."""
    return 1.0 if x != 0.0 and y != 0.0 else 0.0


def logical_or(x: float, y: float) -> float:
    """0 if both are 0, else 1."""
    return 1.0 if x != 0.0 or y != 0.0 else 0.0


def logical_not(x: float) -> float:
    """1 if x is 0, else 0."""
    return 1.0 if x == 0.0 else 0.0


def sign(x: float) -> float:
    """-1, 0 or 1."""
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else x


def step(x: float) -> float:
    """1 if x > 0 else 0."""
    return x if x != x else 1.0 if x > 0.0 else 0.0


def maximum(x: float, y: float) -> float:
    """The greater one."""
    return nan if x != x or y != y else x if x > y else y


def minimum(x: float, y: float) -> float:
    """The smaller one."""
    return nan if x != x or y != y else x if x < y else y


def clamp(x: float, low: float, high: float) -> float:
    """``x`` kept between ``low`` and ``high``."""
    return minimum(maximum(x, low), high)


def only_if(x: float, condition: float) -> float:
    """``x`` if the condition is not 0, else nan."""
    return x if condition != 0.0 else nan


def where(condition: float, x: float, y: float) -> float:
    """x if condition else y."""
    return nan if condition != condition else x if condition else y


def nonneg(x: float) -> float:
    """``x`` on its domain x ≥ 0, nan outside; -0 becomes 0."""
    return x + 0.0 if x >= 0.0 else nan


# ---------------------------------------------------------------------------------------------------------------------
# Any number of operands.
# ---------------------------------------------------------------------------------------------------------------------


def prod(xs: Sequence[float]) -> float:
    """The product; within the range even where a product of some of the factors is not."""
    products = [*accumulate(xs, multiply, initial=1.0)]
    if all([1e-290 < fabs(p) < inf for p in products]) or not all([x and isfinite(x) for x in xs]):
        return products[-1]
    return ldexp(*reduce(scaled_product, map(frexp, xs)))


def products_of_others(xs: Sequence[float]) -> list[float]:
    """For every i the product of all but x_i; mantissas and exponents apart, so that no partial product overflows."""
    parts = [frexp(x) for x in xs]
    before = [(1.0, 0), *accumulate(parts[:-1], scaled_product)]
    after = [(1.0, 0), *accumulate(parts[:0:-1], scaled_product)]
    return [ldexp(*scaled_product(left, right)) for left, right in zip(before, reversed(after), strict=True)]


def scaled_product(x: tuple[float, int], y: tuple[float, int]) -> tuple[float, int]:
    """The product of two numbers that are given as mantissa and exponent."""
    mantissa, shift = frexp(x[0] * y[0])
    return mantissa, x[1] + y[1] + shift


def mean(xs: Sequence[float]) -> float:
    """The sum divided by the count; within the range even where the sum is not."""
    average = sum(xs) / len(xs)
    return average if isfinite(average) else sum([x / len(xs) for x in xs])


def dot(operands: Sequence[float]) -> float:
    """w_1·x_1 + … + w_n·x_n [+ b] of the operands w_1 … w_n, x_1 … x_n [, b]; each product rounded, the sum exact."""
    n = len(operands) // 2
    return sum([*map(multiply, operands[:n], operands[n : 2 * n]), *operands[2 * n :]])


def norm(xs: Sequence[float]) -> float:
    """The Euclidean length."""
    return hypot(*xs)


def logsumexp(xs: Sequence[float]) -> float:
    """log(exp(x_1) + … + exp(x_n))."""
    top, powers = exp_shifted(xs)
    if not isfinite(top):
        return top
    return top + log1p(sum_of_others(powers, 1.0))  # exp(top - top) is 1: log1p keeps what log(1 + …) would lose


def sum_of_others(xs: list[float], x: float) -> float:
    """The sum of all but one that is ``x``."""
    xs.remove(x)
    return fsum(xs)


def softmax(operands: Sequence[float]) -> float:
    """Component i of the softmax of the operands i, x_0, x_1 …."""
    return softmax_all(operands[1:])[int(operands[0])]


def softmax_all(xs: Sequence[float]) -> list[float]:
    """exp(x_i) / (exp(x_1) + … + exp(x_n)) for every i."""
    _, powers = exp_shifted(xs)
    denominator = fsum(powers)  # at least 1
    return [power / denominator for power in powers]


def exp_shifted(xs: Sequence[float]) -> tuple[float, list[float]]:
    """The maximum, and every exp(x - maximum), the rounding error of each difference put back."""
    top = max(xs)
    return top, [exp(d) * (1.0 + difference_error(x, top, d)) for x in xs for d in [x - top]]


def direction(operands: Sequence[float]) -> float:
    """Component i of the unit vector along x, of the operands i, x_0, x_1 …."""
    return direction_all(operands[1:])[int(operands[0])]


def direction_all(xs: Sequence[float]) -> list[float]:
    """x_i / ‖x‖ for every i; 0 at the origin."""
    length = norm(xs)
    if length == 0.0:
        return [0.0] * len(xs)
    if length < 1e-290 or length == inf:  # scaled, so that the length neither overflows nor is subnormal
        largest = max([fabs(x) for x in xs])
        xs = [x / largest if largest < inf else copysign(1.0 if fabs(x) == inf else 0.0, x) for x in xs]
        length = norm(xs)
    return [x / length for x in xs]


_WRITTEN = vars(special) | vars()

FORMULAS = {
    name: x
    for name, x in _WRITTEN.items()
    if isinstance(x, FunctionType) and x.__module__ in (__name__, special.__name__)
}
"""All of them by name."""

NUMBERS = {name: x for name, x in _WRITTEN.items() if type(x) in (float, tuple)}
"""The constants that they name."""

SHARED: dict[str, Any] = NUMBERS | dict(accumulate=accumulate, reduce=reduce, multiply=multiply)
"""What they name that is the same for all kinds of numbers."""


def with_names(names: dict[str, Any]) -> dict[str, Any]:
    """``names``, and every formula that is not among them, in whose code a name stands for what it stands for here.

    >>> with_names({"exp": lambda x: 0.0})["sigmoid"](5.0)
    1.0
    """
    every = SHARED | names
    every |= {name: FunctionType(f.__code__, every) for name, f in FORMULAS.items() if name not in names}
    return every
