"""What every operation truly is: values and derivatives from mpmath alone, never from a derivative rule.

A derivative is a central difference with a step of 2**-133 (less beside a tiny operand) at hundreds of digits, taken
with two steps that must agree to 25 digits. Where a difference says nothing (a kink, the edge of a domain, an infinity)
the row gives the truth: the limit, or else the convention of PyTorch. A NaN operand makes the value NaN, and every
derivative that depends on that operand.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache, partial
from itertools import combinations_with_replacement, product
from random import Random
from types import EllipsisType
from typing import Any

from mpmath import mp, mpf

Point = tuple[float, ...]
Index = tuple[int, ...]  # operands to differentiate by, sorted: () is the value, (0, 1) is ∂²/∂x∂y
Truth = mpf | float | None  # None: left out, since conventions differ
Given = Truth | EllipsisType  # ...: what the function itself says

INF, NAN = math.inf, math.nan
SUBNORMAL = 5e-324
HUGE = sys.float_info.max


@dataclass(frozen=True)
class Row:
    """One operation: the function, the points to try, and the truth where a difference cannot say it."""

    f: Callable[..., Any]
    points: tuple[Point, ...]
    given: Mapping[str, Mapping[Index, Given]] = field(default_factory=dict)  # by key(point)
    order: int = 3
    flat: bool = False  # constant between jumps: every derivative is 0 by convention
    derivatives: Callable[[int, mpf], mpf] | None = (
        None  # of each order, where mpmath has them and differences are slow
    )

    def indices(self, point: Point) -> list[Index]:
        """Every partial derivative up to the order of the row, the value first."""
        return [i for n in range(self.order + 1) for i in combinations_with_replacement(range(len(point)), n)]


def key(point: Point) -> str:
    """Tells -0.0 from 0.0, and makes NaN equal to itself."""
    return " ".join(map(repr, point))


@cache
def truth(name: str, point_key: str) -> dict[Index, Truth]:
    """The value and every partial derivative of an operation at one of its points."""
    row = ROWS[name]
    point = next(p for p in row.points if key(p) == point_key)
    indices = row.indices(point)
    given = row.given.get(point_key)
    if given is not None:
        asked = [i for i in indices if given.get(i) is ...]
        computed = _differences(row.f, point, asked) if asked else {}
        return {i: computed.get(i, given.get(i)) for i in indices}
    if any(map(math.isnan, point)):
        probes = [tuple(probe if math.isnan(x) else x for x in point) for probe in (-1.7, -0.3, 0.4, 2.9)]
        return _undecided([_smooth(row, probe) for probe in probes]) | {(): NAN}
    if any(map(math.isinf, point)):
        raise LookupError(f"{name}: the truth at {point} must be given")
    return _smooth(row, point)


def _smooth(row: Row, point: Point) -> dict[Index, Truth]:
    indices = row.indices(point)
    if row.derivatives:
        with mp.workdps(400):
            return {i: row.derivatives(len(i), mpf(point[0])) for i in indices}
    if row.flat:
        return dict.fromkeys(indices, mpf(0)) | _differences(row.f, point, [()])
    return _differences(row.f, point, indices)


def _undecided(truths: Sequence[dict[Index, Truth]]) -> dict[Index, Truth]:
    """NaN where the truths differ; left out where they agree, for there the NaN operand may or may not show."""
    return {i: None if all(other[i] == t for other in truths) else NAN for i, t in truths[0].items()}


_WEIGHTS: tuple[dict[int, mpf], ...] = (
    {0: mpf(1)},
    {-1: mpf(-0.5), 1: mpf(0.5)},
    {-1: mpf(1), 0: mpf(-2), 1: mpf(1)},
    {-2: mpf(-0.5), -1: mpf(1), 1: mpf(-1), 2: mpf(0.5)},
)
_DIGITS = 380  # digits beyond the cancellation, so that noise stays below every double


def _differences(f: Callable[..., Any], point: Point, indices: Iterable[Index]) -> dict[Index, Truth]:
    """Central differences of f, each confirmed by a second step; NaN where f leaves the real numbers."""
    indices = list(indices)
    largest = max([1.0, *map(abs, point)])
    nearest = mpf(min([1.0, *(abs(x) for x in point if x)]))  # how near the next singularity may be
    if len(point) > 1:
        nearest /= largest  # x**y varies over x / y
    bits = 133 - min(0, mp.frexp(nearest)[1] - 1)
    order = max(map(len, indices))
    with mp.workdps(_DIGITS + math.ceil(0.302 * bits) + math.ceil(math.log10(largest))):
        value = _real(f(*map(mpf, point)))
        if mp.isnan(value):
            return {i: NAN for i in indices}
        size = min(700, max(0, int(mp.log10(abs(value)) if value else 0)))
        mp.dps += size + math.ceil(0.302 * order * (bits + 16))
        coarse = _stencils(f, point, indices, mp.ldexp(1, -bits))
        fine = _stencils(f, point, indices, mp.ldexp(1, -bits - 16)) if order else coarse
        agreed = {i: _agree(coarse[i], fine[i], f"∂{i} at {point}") for i in indices}
    with mp.workdps(50):
        return {i: +t for i, t in agreed.items()}


def _stencils(f: Callable[..., Any], point: Point, indices: Sequence[Index], step: mpf) -> dict[Index, mpf]:
    at = [mpf(x) for x in point]

    @cache
    def moved(offsets: Index) -> mpf:
        return _real(f(*(x + k * step for x, k in zip(at, offsets, strict=True))))

    found = {}
    for index in indices:
        total = mpf(0)
        for offsets in product(*(_WEIGHTS[index.count(j)].items() for j in range(len(point)))):
            total += mp.fprod(w for _, w in offsets) * moved(tuple(k for k, _ in offsets))
        found[index] = total / step ** len(index)
    return found


def _real(x: Any) -> mpf:
    return mp.nan if mp.isnan(x) or mp.im(x) else mp.re(x)


def _agree(coarse: mpf, fine: mpf, what: str) -> mpf:
    """The common value of two estimates whose steps differ by 2**-16; one that only shrinks with the step is 0."""
    if mp.isnan(fine) or abs(fine - coarse) <= mpf("1e-25") * abs(fine):
        return fine
    shrinking = mpf("1e-40") * abs(coarse) < abs(fine) < mpf("1e-8") * abs(coarse)
    if shrinking or max(abs(fine), abs(coarse)) < mpf("1e-330"):
        return mpf(0)
    raise ArithmeticError(f"{what}: {mp.nstr(coarse)} and {mp.nstr(fine)} disagree")


def relative_error(got: float, want: mpf | float) -> float:
    """0 for the same NaN or infinity, for a truth that overflows, and within two subnormal spacings."""
    if math.isnan(got) or mp.isnan(want):
        return 0.0 if math.isnan(got) and mp.isnan(want) else INF
    if mp.isinf(want) or math.isinf(got):
        same_side = got * mp.sign(want) > 0
        return 0.0 if same_side and math.isinf(got) and abs(want) >= HUGE * (1 - 2**-50) else INF
    with mp.workdps(50):
        distance = abs(mpf(got) - want)
        if distance <= 2 * mpf(SUBNORMAL):
            return 0.0
        return float(distance / abs(want)) if want else INF


# Points. Each unary row is tried at all of these and at some of its own.
_MAGNITUDES = (
    *(0.1, 0.5, 0.75, 1.0, 1.5, 2.7, 10.0, 40.0, 300.0, 710.0, 1e4),
    *(1e8, 1e16, 1e103, 1e155, 1e160, 1e200, 1e300, HUGE),
    *(1e-3, 1e-5, 1e-8, 1e-17, 1e-80, 1e-155, 1e-160, 1e-300, 2.5e-308, 1e-310, SUBNORMAL),
)
_REALS = (0.0, -0.0, INF, -INF, NAN, *_MAGNITUDES, *(-x for x in _MAGNITUDES))
_NAMED_POINTS = {
    "zero": (0.0, -0.0),
    "plus_zero": (0.0,),
    "minus_zero": (-0.0,),
    "one": (1.0,),
    "minus_one": (-1.0,),
    "inf": (INF,),
    "minus_inf": (-INF,),
    "nan": (NAN,),
}
_EPS = 2.0**-52
_OUTSIDE = (NAN,) * 4
_ZEROS = (0.0,) * 4


def _scattered(*decades: float) -> list[Point]:
    """The same random points on each call, of either sign; an operand lies within that many decades of 1."""
    random = Random(repr(decades))
    return [tuple(random.choice((-1, 1)) * 10 ** random.uniform(-d, d) for d in decades) for _ in range(10)]


def _spread(operands: int) -> list[Point]:
    """Random points of ordinary size, and as many over the whole range of doubles."""
    return _scattered(*[3] * operands) + _scattered(*[300] * operands)


_SCATTERED = [x for (x,) in _spread(1)]
_NAMED_POINTS["negative_whole"] = tuple(x for x in (*_REALS, *_SCATTERED) if -INF < x < 0 and x.is_integer())


def _unary(
    f: Callable[[mpf], Any],
    *points: float,
    flat: bool = False,
    derivatives: Callable[[int, mpf], mpf] | None = None,
    **given: Sequence[Given],
) -> Row:
    """A row over all reals and some points of its own; given: value, 1st, 2nd, 3rd derivative at the named points."""
    table = {
        key((x,)): {(0,) * order: t for order, t in enumerate(truths)}
        for name, truths in given.items()
        for x in _NAMED_POINTS[name]
    }
    return Row(f, tuple((x,) for x in (*points, *_REALS, *_SCATTERED)), table, flat=flat, derivatives=derivatives)


def _multi(
    f: Callable[..., Any],
    points: Sequence[Point],
    given: Sequence[tuple[Point, Mapping[str, Given]]] = (),
    order: int = 3,
    flat: bool = False,
) -> Row:
    """A row of operands x, y, z, w, v; given: {"": value, "x": ∂/∂x, "xy": ∂²/∂x∂y, "1": other first ones, …}."""
    table = {
        key(point): {
            i: truths.get("".join("xyzwv"[j] for j in i), truths.get(str(len(i))))
            for i in Row(f, (), order=order).indices(point)
        }
        for point, truths in given
    }
    return Row(f, (*points, *(point for point, _ in given)), table, order, flat)


# Functions that mpmath lacks, or in which it loses digits or time far out, where every double over- or underflows.
def _exp(x: mpf) -> mpf:
    if abs(x) < 100_000:
        return mp.exp(x)
    return mp.ldexp(x**4, 1_000_000) if x > 0 else mpf(0)  # overflows in every order, as exp does


def _sinh(x: mpf) -> mpf:
    return mp.sinh(x) if abs(x) < 100_000 else (_exp(x) - _exp(-x)) / 2


def _cosh(x: mpf) -> mpf:
    return mp.cosh(x) if abs(x) < 100_000 else (_exp(x) + _exp(-x)) / 2


def _erfc(x: mpf) -> mpf:
    return mp.erfc(x) if abs(x) < 1000 else 1 - mp.sign(x)


def _erf(x: mpf) -> mpf:
    return mp.erf(x) if abs(x) < 1000 else mp.sign(x)


def _softplus(x: mpf) -> mpf:
    return max(x, mpf(0)) + mp.log1p(_exp(-abs(x)))


def _root(x: mpf, n: int) -> mpf:
    return mp.sign(x) * mp.root(abs(x), n)


def _whole_quotient(x: float, y: float) -> mpf:
    return mpf(Fraction(x) // Fraction(y))


def _norm(*xs: mpf) -> mpf:
    return mp.sqrt(mp.fsum(x * x for x in xs))


def _softmax(i: int, *xs: mpf) -> mpf:
    return 1 / mp.fsum(_exp(x - xs[i]) for x in xs)


def _dot(*operands: mpf) -> mpf:
    n = len(operands) // 2
    return mp.fdot(operands[:n], operands[n : 2 * n]) + mp.fsum(operands[2 * n :])


def _lgamma(x: mpf) -> mpf:
    return mp.loggamma(x) if x > 0 else mp.log(mp.pi / abs(mp.sinpi(x))) - mp.loggamma(1 - x)


def true_polygamma(n: int, x: mpf) -> mpf:
    """For x < 0, where mpmath takes as many steps as x is long, by reflection; cot⁽ⁿ⁾ is a polynomial of cot."""
    if x > 0:
        return mp.psi(n, x)
    cot, p = mp.cospi(x) / mp.sinpi(x), [mpf(0), mpf(1)]
    for _ in range(n):  # of p(cot): -(1 + cot²)·p′(cot)
        slope = [k * c for k, c in enumerate(p)][1:]
        p = [-a - b for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    return (-1) ** n * mp.psi(n, 1 - x) - mp.pi ** (n + 1) * mp.polyval(p[::-1], cot)


def _sinc(x: mpf) -> mpf:
    return mp.sinpi(x) / (mp.pi * x) if x else mpf(1)


def _logaddexp(x: mpf, y: mpf) -> mpf:
    return max(x, y) + mp.log1p(_exp(-abs(x - y)))


def _xlog(x: mpf, y: mpf) -> mpf:
    return x * mp.log(y) if x else mpf(0)


def _truncated(x: mpf) -> mpf:
    return mp.sign(x) * mp.floor(abs(x))


_POLE = (NAN, INF, NAN, INF)  # of an odd order: from one side -∞, from the other ∞

# fmt: off
# The rows. A name that is not the operation's own says which of its operands is constant.
ROWS: dict[str, Row] = {
    "add": _multi(
        lambda x, y: x + y,
        [*_spread(2), (1.0, 2.0), (0.1, 0.2), (1e16, 1.0), (-1.0, 1 + _EPS), (HUGE, HUGE),
         (SUBNORMAL, SUBNORMAL), (NAN, 1.0)],
        [
            ((INF, 1.0), {"": INF, "1": 1.0, "2": 0.0, "3": 0.0}),
            ((INF, -INF), {"": NAN, "1": 1.0, "2": 0.0, "3": 0.0}),
        ],
    ),
    "sub": _multi(
        lambda x, y: x - y,
        [*_spread(2), (1.0, 2.0), (0.3, 0.1), (1e16, 1.0), (1.0, 1 + _EPS), (HUGE, -HUGE),
         (SUBNORMAL, -SUBNORMAL), (1.0, NAN)],
        [((INF, INF), {"": NAN, "x": 1.0, "y": -1.0, "2": 0.0, "3": 0.0})],
    ),
    "mul": _multi(
        lambda x, y: x * y,
        [*_spread(2), (3.0, -7.0), (1e200, 1e200), (1e-200, 1e-200), (1e-200, 1e200), (0.0, 5.0), (0.0, 0.0),
         (SUBNORMAL, 0.75)],
        [((INF, 0.0), {"": NAN, "x": 0.0, "y": INF, "xy": 1.0, "2": 0.0, "3": 0.0})],
    ),
    "div": _multi(
        lambda x, y: x / y,
        [*_spread(2), (1.0, 3.0), (-7.0, 0.3), (0.0, 2.0), (1e200, 1e180), (1e-200, 1e-180), (1e300, 1e-300),
         (1e-300, 1e300),
         (1.0, 1e155), (1.0, 1e103), (1.0, 1e80), (SUBNORMAL, 3.0), (1.0, SUBNORMAL), (HUGE, HUGE), (NAN, 1.0),
         (1e-318, -0.003)],
        [
            ((1.0, 0.0), {"": INF, "x": INF, "y": -INF, "xx": 0.0, "xy": -INF, "yy": INF}),
            ((-1.0, 0.0), {"": -INF, "x": INF, "y": INF, "xx": 0.0, "xy": -INF, "yy": -INF}),
            ((1.0, -0.0), {"": -INF, "x": -INF, "y": -INF, "xx": 0.0, "xy": -INF, "yy": -INF}),
            ((0.0, 0.0), {"": NAN, "x": INF, "y": NAN}),
            ((1.0, INF), {"": 0.0, "1": 0.0, "2": 0.0, "3": 0.0}),
            ((INF, 2.0), {"": INF, "x": 0.5, "y": -INF, "xx": 0.0, "xy": -0.25, "yy": INF}),
            ((INF, INF), {"": NAN, "x": 0.0, "y": NAN}),
        ],
    ),
    "mod": _multi(
        lambda x, y: x - y * mp.floor(x / y),
        [*_scattered(3, 3), (7.5, 2.0), (-7.5, 2.0), (7.5, -2.0), (-7.5, -2.0), (0.3, 0.1), (1.0, 0.1), (-1.0, 0.1),
         (NAN, 2.0),
         (1e22, 0.3), (5e15, 0.7), (-1e-20, 1.0), (1e-320, 3.0), (HUGE, -1.7e308)],
        [
            ((6.0, 2.0), {"": 0.0, "x": 1.0, "y": -3.0, "2": 0.0, "3": 0.0}),
            ((-6.0, 2.0), {"": 0.0, "x": 1.0, "y": 3.0, "2": 0.0, "3": 0.0}),
            ((1e300, 3.7), {"": ..., "x": 1.0, "y": -_whole_quotient(1e300, 3.7), "2": 0.0, "3": 0.0}),
            ((3.0, 1e-310), {"": ..., "x": 1.0, "y": -_whole_quotient(3.0, 1e-310), "2": 0.0, "3": 0.0}),
            ((5.0, 0.0), {"": NAN}),
            ((5.0, INF), {"": 5.0, "x": 1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((-5.0, INF), {"": INF, "x": 1.0, "y": 1.0, "2": 0.0, "3": 0.0}),
            ((INF, 5.0), {"": NAN}),
        ],
    ),
    "pow": _multi(
        mp.power,
        [*((abs(x), y) for x, y in _scattered(3, 1) + _scattered(300, 0.3)),
         (2.0, 3.0), (2.0, 0.5), (2.0, -1.5), (0.5, 10.0), (1.0, 0.0), (2.0, 0.0), (3.0, 1.0), (3.0, 2.0), (0.1, 0.1),
         (10.0, 300.0), (10.0, 309.0), (10.0, -320.0), (1e-300, 0.5), (1e300, 0.5), (1e200, -1.5), (7.0, 1e-300),
         (SUBNORMAL, 0.5), (SUBNORMAL, 2.0), (1 + 1e-7, 1e7), (1 + 1e-10, 1e12), (0.999, 1e5), (1 + _EPS, 3.0),
         (-2.0, 3.0), (-2.0, 2.0), (-3.0, -2.0), (-2.0, 0.0), (-1.5, 1.0), (-2.0, 0.5), (-8.0, 1 / 3), (2.0, NAN),
         (1.7, 1 + _EPS), (1.7, 2 - _EPS), (1e-10, 1e-10), (1e-5, 1.0), (1e300, 1.0), (0.7, 1e-17),
         (0.5, 1e300), (1e-200, 1e153), (-7.7, 1e102), (-1 - _EPS, 2.0**54), (-2.0, 1e-20),
         (math.exp(-1), 1.0), (math.exp(-2), 1.0), (4e-318, 4e-318), (1e-160, 1e-160)],
        [
            ((0.0, 0.0), {"": 1.0, "x": 0.0, "xx": 0.0, "xxx": 0.0}),
            ((0.0, 1.0), {"": 0.0, "x": 1.0, "y": 0.0, "xx": 0.0, "yy": 0.0, "xxx": 0.0, "yyy": 0.0}),
            ((0.0, 2.0), {"": 0.0, "x": 0.0, "y": 0.0, "xx": 2.0, "xy": 0.0, "yy": 0.0, "xxx": 0.0, "yyy": 0.0}),
            ((0.0, 3.0), {"": 0.0, "x": 0.0, "y": 0.0, "xx": 0.0, "xy": 0.0, "yy": 0.0, "xxx": 6.0, "yyy": 0.0}),
            ((0.0, 0.5), {"": 0.0, "x": INF, "y": 0.0, "xx": -INF, "yy": 0.0, "xxx": INF, "yyy": 0.0}),
            ((0.0, 1.5), {"": 0.0, "x": 0.0, "y": 0.0, "xx": INF, "xy": 0.0, "yy": 0.0, "xxx": -INF, "yyy": 0.0}),
            ((0.0, 2.5), {"": 0.0, "x": 0.0, "y": 0.0, "xx": 0.0, "xy": 0.0, "yy": 0.0, "xxx": INF, "yyy": 0.0}),
            ((0.0, -1.0), {"": INF, "x": -INF, "y": -INF, "xx": INF}),
            ((-0.0, -1.0), {"": -INF, "x": -INF}),
            ((0.0, -2.0), {"": INF, "x": -INF, "y": -INF, "xx": INF}),
            ((0.0, -0.5), {"": INF, "x": -INF, "y": -INF, "xx": INF}),
            ((INF, 2.0), {"": INF, "x": INF, "y": INF, "xx": 2.0, "xxx": 0.0}),
            ((INF, 0.5), {"": INF, "x": 0.0, "y": INF}),
            ((INF, 0.0), {"": 1.0, "x": 0.0, "y": INF}),
            ((INF, -1.0), {"": 0.0, "x": 0.0, "y": 0.0}),
            ((2.0, INF), {"": INF, "x": INF, "y": INF}),
            ((2.0, -INF), {"": 0.0, "x": 0.0, "y": 0.0}),
            ((0.5, INF), {"": 0.0, "x": 0.0, "y": 0.0}),
            ((NAN, 0.0), {"": 1.0}),
            ((1.0, NAN), {"": 1.0}),
        ],
    ),
    "x**0": _unary(
        lambda x: mpf(1), nan=(1.0, None, None, None), inf=(1.0, 0.0, 0.0, 0.0), minus_inf=(1.0, 0.0, 0.0, 0.0)
    ),
    "x**1": _unary(lambda x: x, inf=(INF, 1.0, 0.0, 0.0), minus_inf=(-INF, 1.0, 0.0, 0.0)),
    "x**2": _unary(lambda x: x**2, inf=(INF, INF, 2.0, 0.0), minus_inf=(INF, -INF, 2.0, 0.0)),
    "x**3": _unary(lambda x: x**3, inf=(INF, INF, INF, 6.0), minus_inf=(-INF, INF, -INF, 6.0)),
    "x**-1": _unary(
        lambda x: 1 / x,
        plus_zero=(INF, -INF, INF, -INF),
        minus_zero=(-INF, -INF, -INF, -INF),
        inf=_ZEROS,
        minus_inf=_ZEROS,
    ),
    "x**-2": _unary(
        lambda x: x**-2,
        plus_zero=(INF, -INF, INF, -INF),
        minus_zero=(INF, INF, INF, INF),
        inf=_ZEROS,
        minus_inf=_ZEROS,
    ),
    "x**0.5": _unary(
        mp.sqrt,
        plus_zero=(0.0, INF, -INF, INF),
        minus_zero=(0.0, INF, None, None),
        inf=(INF, 0.0, 0.0, 0.0),
        minus_inf=(None, None, None, None),
    ),
    "x**2.5": _unary(
        lambda x: x**2 * mp.sqrt(x),
        zero=(0.0, 0.0, 0.0, None),
        inf=(INF, INF, INF, 0.0),
        minus_inf=(None, None, None, None),
    ),
    "2**x": _unary(
        lambda x: _exp(x * mp.ln(2)), 1023.9, 1024.0, -1022.5, -1074.0, -1080.0,
        inf=(INF,) * 4, minus_inf=_ZEROS,
    ),
    "0.5**x": _unary(lambda x: _exp(-x * mp.ln(2)), 1074.0, 1080.0, inf=_ZEROS, minus_inf=(INF, -INF, INF, -INF)),
    # Arithmetic of one operand.
    "neg": _unary(lambda x: -x, inf=(-INF, -1.0, 0.0, 0.0), minus_inf=(INF, -1.0, 0.0, 0.0)),
    "abs": _unary(abs, zero=_ZEROS, inf=(INF, 1.0, 0.0, 0.0), minus_inf=(INF, -1.0, 0.0, 0.0)),
    "square": _unary(lambda x: x * x, inf=(INF, INF, 2.0, 0.0), minus_inf=(INF, -INF, 2.0, 0.0)),
    "reciprocal": _unary(
        lambda x: 1 / x,
        plus_zero=(INF, -INF, INF, -INF),
        minus_zero=(-INF, -INF, -INF, -INF),
        inf=_ZEROS,
        minus_inf=_ZEROS,
    ),
    "sqrt": _unary(mp.sqrt, zero=(0.0, INF, -INF, INF), inf=(INF, 0.0, 0.0, 0.0), minus_inf=_OUTSIDE),
    "cbrt": _unary(
        lambda x: _root(x, 3),
        zero=(0.0, INF, None, INF), inf=(INF, 0.0, 0.0, 0.0), minus_inf=(-INF, 0.0, 0.0, 0.0),
    ),
    # Exponentials and logarithms.
    "exp": _unary(_exp, 709.78, 709.79, -708.4, -745.13, -745.2, inf=(INF,) * 4, minus_inf=_ZEROS),
    "exp2": _unary(
        lambda x: _exp(x * mp.ln(2)), 1023.9, 1024.0, -1022.5, -1074.0, -1080.0,
        inf=(INF,) * 4, minus_inf=_ZEROS,
    ),
    "expm1": _unary(
        lambda x: mp.expm1(x) if abs(x) < 100_000 else _exp(x) - 1,
        *(-37.0, 709.78),
        inf=(INF,) * 4,
        minus_inf=(-1.0, 0.0, 0.0, 0.0),
    ),
    "log": _unary(
        mp.log, 1 + _EPS, 1 - _EPS / 2, 0.999, 1e154,
        zero=(-INF, INF, -INF, INF), inf=(INF, 0.0, 0.0, 0.0), minus_inf=_OUTSIDE,
    ),
    "log2": _unary(
        lambda x: mp.log(x) / mp.ln(2),
        *(1 + _EPS, 1 - _EPS / 2, 8.0, 2.0**-1000),
        zero=(-INF, INF, -INF, INF),
        inf=(INF, 0.0, 0.0, 0.0),
        minus_inf=_OUTSIDE,
    ),
    "log10": _unary(
        mp.log10, 1 + _EPS, 1 - _EPS / 2, 1000.0,
        zero=(-INF, INF, -INF, INF), inf=(INF, 0.0, 0.0, 0.0), minus_inf=_OUTSIDE,
    ),
    "log1p": _unary(
        mp.log1p,
        *(-1 + _EPS / 2, -0.999, 1e-16),
        minus_one=(-INF, INF, -INF, INF),
        inf=(INF, 0.0, 0.0, 0.0),
        minus_inf=_OUTSIDE,
    ),
    # Circular functions.
    "sin": _unary(mp.sin, math.pi, math.pi / 2, 22.0, 355.0, inf=_OUTSIDE, minus_inf=_OUTSIDE),
    "cos": _unary(mp.cos, math.pi, math.pi / 2, 11.0, 355.0, inf=_OUTSIDE, minus_inf=_OUTSIDE),
    "tan": _unary(mp.tan, math.pi, math.pi / 2, 11.0, 355.0, inf=_OUTSIDE, minus_inf=_OUTSIDE),
    "asin": _unary(
        mp.asin,
        *(1 - _EPS / 2, -1 + _EPS / 2, 0.9999, 1 + _EPS),
        one=(..., INF, INF, INF),
        minus_one=(..., INF, -INF, INF),
        inf=_OUTSIDE,
        minus_inf=_OUTSIDE,
    ),
    "acos": _unary(
        mp.acos,
        *(1 - _EPS / 2, -1 + _EPS / 2, 0.9999, 1 + _EPS),
        one=(..., -INF, -INF, -INF),
        minus_one=(..., -INF, INF, -INF),
        inf=_OUTSIDE,
        minus_inf=_OUTSIDE,
    ),
    "atan": _unary(mp.atan, math.sqrt(1 / 3), inf=(mp.pi / 2, 0.0, 0.0, 0.0), minus_inf=(-mp.pi / 2, 0.0, 0.0, 0.0)),
    "atan2": _multi(
        mp.atan2,
        [*_spread(2), (1.0, 2.0), (-1.0, 2.0), (3.0, -4.0), (-3.0, -4.0), (1.0, 1.0), (2.0, 0.0), (-2.0, 0.0),
         (0.0, 3.0),
         (NAN, 1.0),
         (1e200, 1e200), (1e-200, 1e-200), (1e-300, 1.0), (1.0, 1e-300), (1e300, 1.0), (1.0, 1e300), (1e-310, 2e-310),
         (1.0, 1e155), (1e8, 1.0), (1.0, 1 + _EPS), (1.0, math.sqrt(3)), (SUBNORMAL, 1e-300), (HUGE, HUGE),
         (3e-318, -0.0017)],
        [
            ((0.0, 0.0), {"": 0.0, "1": 0.0}),
            ((0.0, -0.0), {"": mp.pi, "1": 0.0}),
            ((0.0, -2.0), {"": mp.pi, "x": -0.5, "y": 0.0, "xx": 0.0, "yy": 0.0, "xy": -0.25, "xxx": 0.25}),
            ((-0.0, -2.0), {"": -mp.pi, "x": -0.5, "y": 0.0, "xx": 0.0, "yy": 0.0, "xy": -0.25, "xxx": 0.25}),
            ((1.0, INF), {"": 0.0, "1": 0.0}),
            ((1.0, -INF), {"": mp.pi, "1": 0.0}),
            ((INF, 1.0), {"": mp.pi / 2, "1": 0.0}),
            ((INF, INF), {"": mp.pi / 4}),
        ],
    ),
    # Hyperbolic functions.
    "sinh": _unary(_sinh, 709.0, 710.4, 711.0, inf=(INF,) * 4, minus_inf=(-INF, INF, -INF, INF)),
    "cosh": _unary(_cosh, 709.0, 710.4, 711.0, inf=(INF,) * 4, minus_inf=(INF, -INF, INF, -INF)),
    "tanh": _unary(
        mp.tanh, math.atanh(math.sqrt(1 / 3)), 5.0, 19.0, 20.0, 350.0, 372.0, -373.0,
        inf=(1.0, 0.0, 0.0, 0.0), minus_inf=(-1.0, 0.0, 0.0, 0.0),
    ),
    "asinh": _unary(mp.asinh, math.sqrt(0.5), inf=(INF, 0.0, 0.0, 0.0), minus_inf=(-INF, 0.0, 0.0, 0.0)),
    "acosh": _unary(
        mp.acosh,
        *(1 + _EPS, 1 + 1e-10, 1.01),
        one=(0.0, INF, -INF, INF),
        inf=(INF, 0.0, 0.0, 0.0),
        minus_inf=_OUTSIDE,
    ),
    "atanh": _unary(
        mp.atanh,
        *(1 - _EPS / 2, -1 + _EPS / 2, 0.9999, 1 + _EPS),
        one=(INF, INF, INF, INF),
        minus_one=(-INF, INF, -INF, INF),
        inf=_OUTSIDE,
        minus_inf=_OUTSIDE,
    ),
    "hypot": _multi(
        _norm,
        [*_spread(2), (3.0, 4.0), (-3.0, 4.0), (3.0, 0.0), (0.0, -3.0), (1e200, 1e200), (1e-200, -1e-200),
         (1e-300, 1.0),
         (1.0, 1e300),
         (HUGE, HUGE), (SUBNORMAL, 0.0), (3e-310, 4e-310), (1e155, 1.0), (1e8, 1.0), (1.0, 1 + _EPS), (NAN, 1.0),
         (1.0, math.sqrt(2)), (3e-318, -0.0017)],
        [
            ((0.0, 0.0), {"": 0.0, "1": 0.0}),
            ((INF, 1.0), {"": INF, "x": 1.0, "y": 0.0}),
            ((-INF, 1.0), {"": INF, "x": -1.0, "y": 0.0}),
            ((INF, INF), {"": INF}),
            ((INF, NAN), {"": INF}),
        ],
    ),
    # The normal distribution's.
    "erf": _unary(
        _erf, math.sqrt(0.5), 3.0, 5.9, 26.0, 27.2,
        inf=(1.0, 0.0, 0.0, 0.0), minus_inf=(-1.0, 0.0, 0.0, 0.0),
    ),
    "erfc": _unary(_erfc, math.sqrt(0.5), 3.0, 5.9, 26.0, 27.2, inf=_ZEROS, minus_inf=(2.0, 0.0, 0.0, 0.0)),
    # Activations.
    "relu": _unary(lambda x: max(x, mpf(0)), zero=_ZEROS, inf=(INF, 1.0, 0.0, 0.0), minus_inf=_ZEROS),
    "leaky_relu": _multi(
        lambda x, a: x if x > 0 else a * x,
        [(x, a) for x in (2.0, -2.0, 1e300, -1e300, SUBNORMAL, -SUBNORMAL) for a in (0.01, 0.0, -1.5)] + [(NAN, 0.01)],
        [
            ((0.0, 0.01), {"": 0.0, "x": 0.01, "y": 0.0, "xx": 0.0, "yy": 0.0}),
            ((INF, 0.01), {"": INF, "x": 1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((-INF, 0.01), {"": -INF, "x": 0.01, "y": -INF, "xy": 1.0, "2": 0.0, "3": 0.0}),
        ],
    ),
    "elu": _multi(
        lambda x, a: x if x > 0 else a * mp.expm1(x),
        [(x, a) for x in (2.0, -2.0, 1e300, -40.0, -700.0, 1e-8, -1e-8, -SUBNORMAL) for a in (1.0, 0.5)] + [(NAN, 1.0)],
        [
            ((0.0, 1.0), {"": 0.0, "x": 1.0, "y": 0.0, "yy": 0.0}),
            ((0.0, 0.5), {"": 0.0, "x": 0.5, "y": 0.0, "yy": 0.0}),
            ((INF, 1.0), {"": INF, "x": 1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((-INF, 1.0), {"": -1.0, "x": 0.0, "y": -1.0, "2": 0.0, "3": 0.0}),
        ],
    ),
    "gelu": _unary(
        lambda x: x * _erfc(-x / mp.sqrt(2)) / 2,
        *(3.0, -3.0, -5.0, 6.0, -6.0, 8.5, -8.5, -20.0, -37.0, -38.4, -39.0),
        *(-0.7517915246935645, math.sqrt(2), 2.0, -2.0),  # roots of the derivatives
        inf=(INF, 1.0, 0.0, 0.0),
        minus_inf=_ZEROS,
    ),
    "silu": _unary(
        lambda x: x / (1 + _exp(-x)),
        *(-36.7, 36.7, -700.0, -745.0, -750.0, -1.2784645427610738, -2.4, 2.3993572805154675, -2.2e-318),
        inf=(INF, 1.0, 0.0, 0.0),
        minus_inf=_ZEROS,
    ),
    "sigmoid": _unary(
        lambda x: 1 / (1 + _exp(-x)), 36.7, -36.7, math.log(2 + math.sqrt(3)), 745.0, -745.0,
        inf=(1.0, 0.0, 0.0, 0.0), minus_inf=_ZEROS,
    ),
    "log_sigmoid": _unary(
        lambda x: -_softplus(-x), 36.7, -36.7, 1000.0, -1000.0, 745.0,
        inf=_ZEROS, minus_inf=(-INF, 1.0, 0.0, 0.0),
    ),
    "softplus": _unary(_softplus, 36.7, -36.7, 1000.0, -1000.0, -745.0, inf=(INF, 1.0, 0.0, 0.0), minus_inf=_ZEROS),
    # Piecewise constant.
    "sign": _unary(mp.sign, flat=True, inf=(1.0, 0.0, 0.0, 0.0), minus_inf=(-1.0, 0.0, 0.0, 0.0)),
    "step": _unary(lambda x: mpf(x > 0), flat=True, inf=(1.0, 0.0, 0.0, 0.0), minus_inf=_ZEROS),
    "floor": _unary(mp.floor, flat=True, inf=(INF, 0.0, 0.0, 0.0), minus_inf=(-INF, 0.0, 0.0, 0.0)),
    "ceil": _unary(mp.ceil, flat=True, inf=(INF, 0.0, 0.0, 0.0), minus_inf=(-INF, 0.0, 0.0, 0.0)),
    "round": _unary(mp.nint, 2.5, 3.5, flat=True, inf=(INF, 0.0, 0.0, 0.0), minus_inf=(-INF, 0.0, 0.0, 0.0)),
    # Selections.
    "clamp": _multi(
        lambda x, low, high: min(max(x, low), high),
        [(0.5, -1.0, 2.0), (-3.0, -1.0, 2.0), (3.0, -1.0, 2.0), (1e-320, 0.0, 1e-300), (HUGE, -1.0, 1.0),
         (NAN, -1.0, 2.0)],
        [
            ((-1.0, -1.0, 2.0), {"": -1.0, "x": 1.0, "2": 0.0}),
            ((2.0, -1.0, 2.0), {"": 2.0, "x": 1.0, "2": 0.0}),
            ((INF, -1.0, 2.0), {"": 2.0, "x": 0.0, "y": 0.0, "z": 1.0, "2": 0.0}),
            ((-5.0, -INF, 2.0), {"": -5.0, "x": 1.0, "y": 0.0, "z": 0.0, "2": 0.0}),
        ],
        order=2,
    ),
    "maximum": _multi(
        max,
        [*_spread(2), (1.0, 2.0), (2.0, 1.0), (-1.0, 1e300), (1.0, 1 + _EPS), (SUBNORMAL, 0.0), (NAN, 1.0),
         (1.0, NAN)],
        [
            ((3.0, 3.0), {"": 3.0, "1": 0.5, "2": 0.0, "3": 0.0}),
            ((0.0, -0.0), {"": 0.0, "1": 0.5, "2": 0.0, "3": 0.0}),
            ((INF, 1.0), {"": INF, "x": 1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((-INF, 1.0), {"": 1.0, "x": 0.0, "y": 1.0, "2": 0.0, "3": 0.0}),
            ((INF, INF), {"": INF, "1": 0.5, "2": 0.0, "3": 0.0}),
        ],
    ),
    "minimum": _multi(
        min,
        [*_spread(2), (1.0, 2.0), (2.0, 1.0), (-1.0, 1e300), (1.0, 1 + _EPS), (SUBNORMAL, 0.0), (NAN, 1.0),
         (1.0, NAN)],
        [
            ((3.0, 3.0), {"": 3.0, "1": 0.5, "2": 0.0, "3": 0.0}),
            ((INF, 1.0), {"": 1.0, "x": 0.0, "y": 1.0, "2": 0.0, "3": 0.0}),
            ((-INF, 1.0), {"": -INF, "x": 1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
        ],
    ),
    "where(true)": _multi(
        lambda x, y: x,
        [(1.0, 2.0), (1e300, 0.0)],
        [((1.0, INF), {"": 1.0, "x": 1.0, "y": 0.0, "2": 0.0}), ((1.0, NAN), {"": 1.0, "x": 1.0, "y": 0.0, "2": 0.0})],
    ),
    "where(false)": _multi(
        lambda x, y: y, [(1.0, 2.0), (1e300, 0.0)], [((NAN, 2.0), {"": 2.0, "x": 0.0, "y": 1.0, "2": 0.0})]
    ),
    # Any number of operands.
    "floor_divide": _multi(
        lambda x, y: mp.floor(x / y),
        [*_scattered(3, 3), (7.5, 2.0), (-7.5, 2.0), (7.5, -2.0), (-7.5, -2.0), (6.0, 2.0), (0.3, 0.1), (1.0, 0.1),
         (-1.0, 0.1), (NAN, 2.0), (1e22, 0.3), (5e15, 0.7), (-1e-20, 1.0), (1e-320, 3.0), (HUGE, -1.7e308),
         (1e300, 3.7), (3.0, 1e-310)],
        [
            ((5.0, 0.0), {"": INF, "1": 0.0}),
            ((-5.0, 0.0), {"": -INF, "1": 0.0}),
            ((0.0, 0.0), {"": NAN}),
            ((5.0, INF), {"": 0.0, "1": 0.0, "2": 0.0, "3": 0.0}),
            ((-5.0, INF), {"": -1.0, "1": 0.0, "2": 0.0, "3": 0.0}),
            ((INF, 5.0), {"": NAN}),
        ],
        flat=True,
    ),
    "fmod": _multi(
        lambda x, y: x - y * _truncated(x / y),
        [*_scattered(3, 3), (7.5, 2.0), (-7.5, 2.0), (7.5, -2.0), (-7.5, -2.0), (0.3, 0.1), (1.0, 0.1), (-1.0, 0.1),
         (NAN, 2.0), (1e22, 0.3), (5e15, 0.7), (-1e-20, 1.0), (1e-320, 3.0), (HUGE, -1.7e308)],
        [
            ((6.0, 2.0), {"": 0.0, "x": 1.0, "y": -3.0, "2": 0.0, "3": 0.0}),
            ((-6.0, 2.0), {"": 0.0, "x": 1.0, "y": 3.0, "2": 0.0, "3": 0.0}),
            ((1e300, 3.7), {"": ..., "x": 1.0, "y": -_whole_quotient(1e300, 3.7), "2": 0.0, "3": 0.0}),
            ((3.0, 1e-310), {"": ..., "x": 1.0, "y": -_whole_quotient(3.0, 1e-310), "2": 0.0, "3": 0.0}),
            ((5.0, 0.0), {"": NAN}),
            ((5.0, INF), {"": 5.0, "x": 1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((-5.0, INF), {"": -5.0, "x": 1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((INF, 5.0), {"": NAN}),
        ],
    ),
    "copysign": _multi(
        lambda x, y: abs(x) * mp.sign(y),
        [*_spread(2), (3.0, -2.0), (-3.0, -2.0), (HUGE, -SUBNORMAL), (-SUBNORMAL, HUGE), (NAN, 1.0)],
        [
            ((0.0, -2.0), {"": -0.0, "1": 0.0, "2": 0.0, "3": 0.0}),
            ((3.0, 0.0), {"": 3.0, "x": 1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((3.0, -0.0), {"": -3.0, "x": -1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((-3.0, -0.0), {"": -3.0, "x": 1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((INF, -1.0), {"": -INF, "x": -1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((1.0, -INF), {"": -1.0, "x": -1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((1.0, NAN), {"": NAN, "x": NAN, "y": None}),
        ],
    ),
    "deg2rad": _unary(
        lambda x: x * mp.pi / 180, 180.0, inf=(INF, mp.pi / 180, 0.0, 0.0), minus_inf=(-INF, mp.pi / 180, 0.0, 0.0)
    ),
    "rad2deg": _unary(
        lambda x: x * 180 / mp.pi, math.pi, inf=(INF, 180 / mp.pi, 0.0, 0.0), minus_inf=(-INF, 180 / mp.pi, 0.0, 0.0)
    ),
    "exp10": _unary(
        lambda x: _exp(x * mp.ln(10)), 22.0, 308.2, 308.3, -307.6, -320.0, -323.6, -330.0, inf=(INF,) * 4,
        minus_inf=_ZEROS
    ),
    "log1mexp": _unary(
        lambda x: mp.log(-mp.expm1(-x)) if x < 100 else mp.log1p(-_exp(-x)),
        *(math.log(2), 0.6, 0.7, 36.7, 700.0, 709.9, 740.0, 745.0),
        zero=(-INF, INF, -INF, INF),
        inf=_ZEROS,
        minus_inf=_OUTSIDE,
    ),
    "logaddexp": _multi(
        _logaddexp,
        [*_spread(2), (1.0, 2.0), (0.1, 0.2), (1000.0, 1000.0), (-1000.0, -1000.5), (1000.0, -1000.0), (0.0, -745.0),
         (0.1, 700.3), (0.0, -40.0), (300.3, 0.1), (0.7, 0.7 + 2.0**-53), (1e300, 1e300), (1e300, -1e300), (NAN, 1.0),
         (-0.3, -2.0)],
        [
            ((-INF, -INF), {"": -INF, "1": NAN}),
            ((INF, INF), {"": INF, "1": NAN}),
            ((-INF, 0.0), {"": 0.0, "x": 0.0, "y": 1.0, "2": 0.0, "3": 0.0}),
            ((INF, 0.0), {"": INF, "x": 1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((INF, -INF), {"": INF, "x": 1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
        ],
    ),
    "logaddexp2": _multi(
        lambda x, y: _logaddexp(x * mp.ln(2), y * mp.ln(2)) / mp.ln(2),
        [*_spread(2), (1.0, 2.0), (0.1, 0.2), (1000.0, 1000.0), (-1000.0, -1000.5), (1000.0, -1000.0), (0.0, -1074.0),
         (0.1, 1000.3), (0.0, -52.0), (300.3, 0.1), (0.7, 0.7 + 2.0**-53), (1e300, 1e300), (1e300, -1e300), (NAN, 1.0),
         (-0.3, -3.0)],
        [
            ((-INF, -INF), {"": -INF, "1": NAN}),
            ((INF, INF), {"": INF, "1": NAN}),
            ((-INF, 0.0), {"": 0.0, "x": 0.0, "y": 1.0, "2": 0.0, "3": 0.0}),
            ((INF, 0.0), {"": INF, "x": 1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
        ],
    ),
    "logit": _unary(
        lambda x: mp.log(x / (1 - x)),
        *(0.25, 0.26, 0.24, 0.5 + _EPS, 0.5 - _EPS, 0.499, 0.51, 0.76, 1 - _EPS / 2, 0.9999, 1 + _EPS),
        zero=(-INF, INF, -INF, INF),
        one=(INF, INF, INF, INF),
        inf=_OUTSIDE,
        minus_inf=_OUTSIDE,
    ),
    "xlogy": _multi(
        _xlog,
        [*((x, abs(y)) for x, y in _spread(2)), (2.0, 3.0), (-2.0, 1.0), (2.0, 1 + _EPS), (0.0, 2.0),
         (-0.0, 2.0), (1e-300, 1e-310), (SUBNORMAL, 0.5), (HUGE, 2.0), (1e300, SUBNORMAL), (NAN, 1.0)],
        [
            ((0.0, 0.0), {"": 0.0, "x": -INF, "y": 0.0}),
            ((0.0, -1.0), {"": 0.0, "x": NAN, "y": 0.0, "yy": 0.0}),
            ((2.0, 0.0), {"": -INF, "x": -INF, "y": INF, "xx": 0.0, "xy": INF, "yy": -INF, "yyy": INF}),
            ((-2.0, 0.0), {"": INF, "x": -INF, "y": -INF, "xx": 0.0, "xy": INF, "yy": INF, "yyy": -INF}),
            ((2.0, -0.0), {"": -INF, "x": -INF, "y": INF}),
            ((0.0, INF), {"": 0.0, "x": INF, "y": 0.0}),
            ((2.0, INF), {"": INF, "x": INF, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((0.0, NAN), {"": NAN, "x": NAN}),
            ((2.0, -1.0), {"": NAN, "1": NAN}),
            ((2.0, NAN), {"": NAN, "1": NAN}),
        ],
    ),
    "xlog1py": _multi(
        lambda x, y: _xlog(x, 1 + y),
        [*((x, abs(y)) for x, y in _spread(2)), (2.0, 3.0), (-2.0, 1e-17), (2.0, -0.5), (2.0, -1 + _EPS),
         (0.0, 2.0), (-0.0, 2.0), (3.0, 0.0), (SUBNORMAL, 0.5), (HUGE, 2.0), (NAN, 1.0)],
        [
            ((0.0, -1.0), {"": 0.0, "x": -INF, "y": 0.0}),
            ((0.0, -2.0), {"": 0.0, "x": NAN, "y": 0.0, "yy": 0.0}),
            ((2.0, -1.0), {"": -INF, "x": -INF, "y": INF, "xx": 0.0, "xy": INF, "yy": -INF, "yyy": INF}),
            ((0.0, INF), {"": 0.0, "x": INF, "y": 0.0}),
            ((2.0, INF), {"": INF, "x": INF, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((0.0, NAN), {"": NAN, "x": NAN}),
            ((2.0, -2.0), {"": NAN, "1": NAN}),
            ((2.0, NAN), {"": NAN, "1": NAN}),
        ],
    ),
    "trunc": _unary(_truncated, 2.5, -2.5, flat=True, inf=(INF, 0.0, 0.0, 0.0), minus_inf=(-INF, 0.0, 0.0, 0.0)),
    "sinc": _unary(_sinc, 1.25, 0.3, 1.43, 3.5, 4.7, 33.3, 1000000.5, inf=_ZEROS, minus_inf=_ZEROS),
    "lgamma": _unary(
        _lgamma,
        *(2.0, 3.0, 1 + _EPS, 1 - _EPS / 2, 2 - _EPS, 2 + 2 * _EPS, 1.1, 1.9, 2.1, 0.51, 1.49, 2.51, 3.5, 7.9),
        *(8.0, 8.1, 171.7, 2.5e305),
        *(-0.3, -0.51, -1.01, -2.3, -2.6, -9.4, -33.3, -1234.56),
        derivatives=lambda n, x: true_polygamma(n - 1, x) if n else _lgamma(x),
        plus_zero=(INF, -INF, INF, -INF),
        minus_zero=(INF, INF, INF, INF),
        negative_whole=(INF, *_POLE[:3]),
        inf=(INF, INF, 0.0, 0.0),
        minus_inf=(INF, NAN, NAN, NAN),
    ),
    "digamma": _unary(
        partial(true_polygamma, 0),
        *(1.4616321449683622, 1.4616, 1.47, 0.49, 0.51, 1.49, 2.0, 2.99, 3.0, 3.01, 4.5, 8.0, 20.0),
        *(-0.3, -0.51, -1.01, -2.3, -9.4, -33.3, -1234.56),
        derivatives=true_polygamma,
        plus_zero=(-INF, INF, -INF, INF),
        minus_zero=(INF, INF, INF, INF),
        negative_whole=_POLE,
        inf=(INF, 0.0, 0.0, 0.0),
        minus_inf=_OUTSIDE,
    ),
    **{
        f"polygamma[{n}]": _unary(
            partial(true_polygamma, n),
            *(0.3, 2.0, 3.0, 4.5, 8.0, 20.0, -0.3, -0.51, -1.01, -2.3, -9.4, -33.3, -1234.56),
            derivatives=partial(lambda n, k, x: true_polygamma(n + k, x), n),
            plus_zero=(INF, -INF, INF, -INF) if n % 2 else (-INF, INF, -INF, INF),
            minus_zero=(INF, INF, INF, INF),
            negative_whole=_POLE[::-1] if n % 2 else _POLE,
            inf=_ZEROS,
            minus_inf=_OUTSIDE,
        )
        for n in (1, 2, 7)
    },
    "sum": _multi(
        lambda *xs: mp.fsum(xs),
        [*_spread(3), (1.0, 2.0, 3.0), (0.1, 0.1, 0.1), (1e16, 1.0, -1e16), (HUGE, HUGE, -HUGE),
         (SUBNORMAL, 1e-320), (5.0,),
         (NAN, 1.0)],
        [((INF, 1.0), {"": INF, "1": 1.0, "2": 0.0}), ((INF, -INF), {"": NAN, "1": 1.0, "2": 0.0})],
        order=2,
    ),
    "prod": _multi(
        lambda *xs: mp.fprod(xs),
        [*_spread(3), (2.0, 3.0, 4.0), (0.0, 3.0, 4.0), (0.0, 0.0, 4.0), (3.0, 0.0, -2.0, 5.0), (5.0,),
         (0.1, 0.2, 0.3, 0.7),
         (NAN, 1.0),
         (1e200, 1e200, 1e-200), (1e200, 1e-200, 1e200), (1e-200, 1e-200, 1e200), (SUBNORMAL, 2.0, 1e300),
         (1e-200, 1.1e-120, 1e200, 2.0), (1e-200, 1e-200, 1e150, 1e200), (1e200, 1e200, 1e-200, 2.0),
         (3e-318, 7.0, 1e301)],
        order=2,
    ),
    "dot": _multi(
        _dot,
        [*_spread(5), (2.0, 3.0), (2.0, 3.0, 0.5), (1.0, -2.0, 3.0, 4.0), (0.1, 0.2, 0.3, 0.7, -1.1),
         (1e200, 1.0, 1e200, 1.0),
         (1e-200, 0.0, 1e-200, 0.0), (1e16, 1.0, 1.0, 1.0, -1e16), (0.1, 0.3, 3.0, -1.0), (NAN, 1.0, 2.0, 1.0)],
        order=2,
    ),
    "mean": _multi(
        lambda *xs: mp.fsum(xs) / len(xs),
        [*_spread(3), (1.0, 2.0, 4.0), (0.1, 0.2, 0.4), (HUGE, HUGE), (HUGE, HUGE, HUGE), (SUBNORMAL, SUBNORMAL),
         (1e16, 1.0, -1e16),
         (5.0,), (NAN, 1.0)],
        order=2,
    ),
    "max": _multi(
        lambda *xs: max(xs),
        [*_spread(3), (1.0, 3.0, 2.0), (-1.0, -3.0), (4.0,), (1.0, 1 + _EPS), (NAN, 1.0, 2.0), (1.0, NAN, 2.0),
         (1.0, 2.0, NAN)],
        [
            ((3.0, 1.0, 3.0), {"": 3.0, "x": 0.5, "y": 0.0, "z": 0.5, "2": 0.0}),
            ((2.0, 2.0, 2.0, 2.0), {"": 2.0, "1": 0.25, "2": 0.0}),
            ((INF, 1.0), {"": INF, "x": 1.0, "y": 0.0, "2": 0.0}),
        ],
        order=2,
    ),
    "min": _multi(
        lambda *xs: min(xs),
        [*_spread(3), (1.0, 3.0, 2.0), (-1.0, -3.0), (4.0,), (1.0, 1 + _EPS), (NAN, 1.0, 2.0), (1.0, NAN, 2.0),
         (1.0, 2.0, NAN)],
        [((3.0, 1.0, 1.0), {"": 1.0, "x": 0.0, "y": 0.5, "z": 0.5, "2": 0.0})],
        order=2,
    ),
    "select": _multi(
        lambda i, *xs: xs[int(mp.nint(i))] if 0 <= mp.nint(i) < len(xs) else mp.nan,
        [(0.0, 0.7), (0.0, 0.7, -1.3), (1.0, 0.7, -1.3), (2.0, 0.1, 1e300, SUBNORMAL), (1.0, 0.0, -0.0, 3.0)],
        [
            ((1.0, INF, 2.0), {"": 2.0, "x": 0.0, "y": 0.0, "z": 1.0, "2": 0.0}),
            ((1.0, NAN, 2.0), {"": 2.0, "x": 0.0, "y": 0.0, "z": 1.0, "2": 0.0}),
            ((2.0, 3.0, 2.0), {"": NAN, "1": 0.0, "2": 0.0}),
            ((0.5, 3.0, 2.0), {"": NAN, "1": 0.0, "2": 0.0}),
        ],
        order=2,
    ),
    "logsumexp": _multi(
        lambda *xs: max(xs) + mp.log(mp.fsum(_exp(x - max(xs)) for x in xs)),
        [*_spread(3), (1.0, 2.0, 3.0), (0.1, 0.2, -0.7), (1000.0, 1000.0), (-1000.0, -1000.5), (1000.0, -1000.0),
         (4.0,),
         (0.0, -745.0),
         (0.0, -40.0), (300.3, 0.1), (0.0, -1e-17, -300.0), (1e300, 1e300), (NAN, 1.0), (1.0, 1.0, 1.0, 1.0)],
        [
            ((-INF, -INF), {"": -INF, "1": NAN}),
            ((-INF, 0.0), {"": 0.0, "x": 0.0, "y": 1.0, "2": 0.0}),
            ((INF, 0.0), {"": INF}),
        ],
        order=2,
    ),
    **{
        f"softmax[{i}]": _multi(
            partial(_softmax, i),
            [*_spread(3), (1.0, 2.0, 3.0), (0.1, 0.2, -0.7), (1000.0, 1000.0), (1000.0, -1000.0), (0.0, -745.0),
             (0.0, -40.0),
             (NAN, 1.0),
             (300.3, 0.1), (0.0, -1e-17, -300.0), (-1000.0, -1000.5), (0.7, 0.7 + 2.0**-53),
             (math.log(5), math.log(3), math.log(2))],
            [((-INF, 0.0), {"": float(i), "1": 0.0, "2": 0.0})],
            order=2,
        )
        for i in (0, 1)
    },
    "norm": _multi(
        _norm,
        [*_spread(3), (3.0, 4.0), (1.0, 2.0, 2.0), (0.1, 0.2, -0.7, 1.3), (1e200, 1e200, 1e200),
         (1e-200, 2e-200, 2e-200), (-3.0,),
         (SUBNORMAL, 0.0), (HUGE, HUGE), (3e-310, 4e-310), (1.0, 1e-300), (1e8, 1.0), (0.0, 0.0, 5.0), (NAN, 1.0),
         (3e-318, -0.0017)],
        [((0.0, 0.0), {"": 0.0, "1": 0.0}), ((INF, 1.0), {"": INF, "x": 1.0, "y": 0.0})],
        order=2,
    ),
}
# fmt: on
