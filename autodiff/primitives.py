"""The operations that each kind of number brings along, here for floats: total functions that follow IEEE 754.

Python's own functions raise where IEEE 754 has a result (``1 / 0``, ``math.log(0)``, ``math.exp(1000)``); these do not.
What can be put together from them and ``math`` stands in ``formulas``, once for all kinds of numbers.
"""

from __future__ import annotations

import builtins
import math
from math import copysign, fabs, inf, isfinite, nan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


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


def whole(rounding: Callable[[float], int]) -> Callable[[float], float]:
    """``rounding``, one of floor, ceil and round, from float to float: with infinities, and with the sign of a zero."""

    def value(x: float) -> float:
        return copysign(float(rounding(x)), x) if isfinite(x) else x

    return value


exp = total(math.exp)
log = total(math.log, pole=0.0)
floor, ceil, round, trunc = whole(math.floor), whole(math.ceil), whole(builtins.round), whole(math.trunc)
is_integer = float.is_integer


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


def floor_divide(x: float, y: float) -> float:
    """⌊x / y⌋ of the exact quotient, Python's ``x // y``; x / y for y = 0."""
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


def pow(x: float, y: float) -> float:
    """x**y; nan, never a complex number, for a negative base with a fractional exponent."""
    try:
        return math.pow(x, y)
    except (OverflowError, ValueError):
        if x < 0 and y != math.floor(y):
            return nan
        odd = isfinite(y) and math.fmod(y, 2.0) in (1.0, -1.0)
        return copysign(inf, x) if odd else inf


def newton_cbrt(x: float) -> float:
    """∛x, where the C library's own is not at hand."""
    if x == 0 or not isfinite(x):
        return x
    root = copysign(math.pow(fabs(x), 1 / 3), x)
    return root - (root - x / (root * root)) / 3  # Newton: pow's exponent is not exactly a third


cbrt: Callable[[float], float] = getattr(math, "cbrt", newton_cbrt)  # in math from Python 3.11 on


def atanh(x: float) -> float:
    """Inverse of tanh: ±inf at ±1, nan beyond."""
    if fabs(x) < 1:
        return math.atanh(x)
    return copysign(inf, x) if fabs(x) == 1 else nan


def ldexp(mantissa: float, exponent: int) -> float:
    """mantissa·2**exponent."""
    try:
        return math.ldexp(mantissa, exponent)
    except OverflowError:
        return copysign(inf, mantissa)


def sum(xs: Sequence[float]) -> float:
    """The exact sum, rounded once."""
    try:
        return math.fsum(xs)
    except (OverflowError, ValueError):  # infinities, which alone decide, or partial sums beyond the range
        infinite = [x for x in xs if not isfinite(x)]
        return float(builtins.sum(infinite)) if infinite else math.fsum([x * 0.5**64 for x in xs]) * 2.0**64


def max(xs: Sequence[float]) -> float:
    """The greatest."""
    return nan if any(x != x for x in xs) else builtins.max(xs)


def min(xs: Sequence[float]) -> float:
    """The smallest."""
    return nan if any(x != x for x in xs) else builtins.min(xs)


def select(xs: Sequence[float]) -> float:
    """Of the numbers behind the first that which the first counts to, from 0 on; nan where there is none."""
    index, *values = xs
    return values[int(index)] if index in range(len(values)) else nan
