"""Gamma functions, sinc and their kin on floats beside mpmath: orders that the table of operations does not reach."""

from __future__ import annotations

import math
from itertools import product
from random import Random

import pytest
from mpmath import mp, mpf

from autodiff import OPS, special
from tests.truth import HUGE, SUBNORMAL, relative_error, true_polygamma

nan, inf = math.nan, math.inf
AWKWARD = (0.0, 1.0, 0.5, 2.5, 37.3, 1e10, 1e17, 1e200, HUGE, 1e-200, 1e-310, SUBNORMAL, inf)
EVERY = (*AWKWARD, *(-x for x in AWKWARD), nan)
RANGES = {  # decades of |x|, either sign of it
    "tiny": (-300, -3),
    "small": (-3, 0),
    "ordinary": (0, 1.5),
    "large": (1.5, 4),
}


def points(name: str, count: int = 12) -> list[float]:
    random = Random(name)
    return [random.choice((-1, 1)) * 10 ** random.uniform(*RANGES[name]) for _ in range(count)]


@pytest.mark.parametrize("where", RANGES)
@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 10, 20, 50])
def test_polygamma_of_every_order(n: int, where: str) -> None:
    """To 1e-14; beside a negative root of an even order, of the nearest pole's term instead."""
    for x in points(where):
        with mp.workdps(60 + 2 * n):
            want = true_polygamma(n, mpf(x))
            got = special.polygamma(float(n), x)
            if x < 0 and n % 2 == 0 and mp.isfinite(want) and math.isfinite(got):
                near = abs(mpf(x) - mp.nint(mpf(x)))
                assert abs(got - want) <= 1e-14 * (mp.factorial(n) / near ** (n + 1) + abs(want)), x
            else:
                assert relative_error(got, want) <= 1e-14, x


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 8, 12])
def test_sinc_of_every_order(n: int) -> None:
    """To 1e-14 of the largest value near there: πⁿ/(n + 1) up to |πx| = n + 1, πⁿ⁻¹/|x| beyond."""
    for x in (0.0, *points("small"), *points("ordinary", 20), *points("large", 3)):
        with mp.workdps(200):
            if abs(x) < 10:
                t, ks = mp.pi * mpf(x), range((n + 1) // 2, 120)
                terms = [(-1) ** k * t ** (2 * k - n) / (2 * k + 1) / mp.factorial(2 * k - n) for k in ks]
                want = mp.pi**n * mp.fsum(terms)
            else:
                want = mp.diff(mp.sincpi, mpf(x), n)
            size = mp.pi**n / max(n + 1, mp.pi * abs(mpf(x)))
            assert abs(special.sinc_n(float(n), x) - want) <= 1e-14 * size, x


@pytest.mark.parametrize("where", RANGES)
def test_lgamma(where: str) -> None:
    for x in points(where, 40):
        with mp.workdps(60):
            reflected = mp.log(mp.pi / abs(mp.sinpi(x))) - mp.loggamma(1 - mpf(x)) if x < 0 else mp.loggamma(x)
        assert abs(special.lgamma(x) - reflected) <= 1e-14 * max(abs(reflected), mpf(0.5) if x < -2 else mpf(0)), x


ROOTS = [1 + k * 2.0**-52 for k in (-3, -1, 0, 1, 5)] + [2 + k * 2.0**-51 for k in (-3, -1, 0, 1, 5)]


@pytest.mark.parametrize("x", [*ROOTS, 0.5, 1.5, 2.5, 7.5, 8.0, 8 + 2.0**-49, 8.5])
def test_lgamma_beside_its_roots_and_where_its_pieces_meet(x: float) -> None:
    with mp.workdps(60):
        assert relative_error(special.lgamma(x), mp.loggamma(mpf(x))) <= 1e-15


@pytest.mark.parametrize("steps", [-1000, -1, 0, 1, 1000])
def test_digamma_beside_its_positive_root(steps: int) -> None:
    x = 1.4616321449683622 + steps * 2.0**-52
    with mp.workdps(60):
        assert relative_error(special.digamma(x), mp.digamma(mpf(x))) <= 1e-14


CORNERS = [
    *(("lgamma", (x,), inf) for x in (0.0, -0.0, -1.0, -1e17, inf, -inf)),
    *(("lgamma", (x,), 0.0) for x in (1.0, 2.0)),
    *(("digamma", (x,), y) for x, y in ((0.0, -inf), (-0.0, inf), (-1.0, nan), (inf, inf), (-inf, nan))),
    *(("polygamma", (1.0, x), y) for x, y in ((0.0, inf), (-0.0, inf), (-1.0, inf), (inf, 0.0), (-inf, nan))),
    *(("polygamma", (2.0, x), y) for x, y in ((0.0, -inf), (-0.0, inf), (-1.0, nan), (inf, 0.0))),
    *(("polygamma", (n, 2.0), nan) for n in (-1.0, 0.5, nan, inf)),
    *(("sinc", (x,), y) for x, y in ((0.0, 1.0), (-3.0, 0.0), (1e300, 0.0), (inf, 0.0), (SUBNORMAL, 1.0))),
    *(("logaddexp", (x, y), z) for x, y, z in ((inf, inf, inf), (-inf, -inf, -inf), (inf, -inf, inf), (nan, inf, nan))),
    ("logaddexp2", (3.0, 3.0), 4.0),
    *(("xlogy", (0.0, y), 0.0) for y in (0.0, -1.0, inf)),
    *(("xlog1py", (0.0, y), 0.0) for y in (-1.0, -2.0, inf)),
    *((name, (0.0, nan), nan) for name in ("xlogy", "xlog1py")),
    *(("logit", (x,), y) for x, y in ((0.0, -inf), (0.5, 0.0), (1.0, inf), (1.5, nan), (-0.5, nan))),
    *(("log1mexp", (x,), y) for x, y in ((0.0, -inf), (inf, 0.0), (-1.0, nan))),
    *(("floor_divide", (x, y), z) for x, y, z in ((1.0, 0.0, inf), (1.0, -0.0, -inf), (-5.0, inf, -1.0))),
    ("floor_divide", (0.0, 0.0), nan),
    *(("fmod", (x, y), z) for x, y, z in ((-7.0, 3.0, -1.0), (7.0, -3.0, 1.0), (5.0, 0.0, nan), (-5.0, inf, -5.0))),
    *(("copysign", (x, y), z) for x, y, z in ((3.0, -0.0, -3.0), (-3.0, 0.0, 3.0), (3.0, nan, nan), (nan, 1.0, nan))),
    *(("exp10", (x,), y) for x, y in ((2.0, 100.0), (22.0, 1e22), (-300.0, 1e-300), (309.0, inf), (-400.0, 0.0))),
    *(("trunc", (x,), y) for x, y in ((2.7, 2.0), (-2.7, -2.0), (inf, inf), (1e300, 1e300))),
]


@pytest.mark.parametrize(("name", "operands", "want"), CORNERS)
def test_corners(name: str, operands: tuple[float, ...], want: float) -> None:
    got = OPS[name].value(*operands)
    assert type(got) is float
    assert got == want or (math.isnan(got) and math.isnan(want))


OPERATIONS = {
    name: len(OPS[name].partials)
    for name in (
        *("lgamma", "digamma", "sinc", "exp10", "log1mexp", "logit", "times_complement", "trunc"),
        *("deg2rad", "rad2deg", "logaddexp", "logaddexp2", "share", "share2", "xlogy", "xlog1py", "div0"),
        *("floor_divide", "fmod", "copysign"),
    )
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_nothing_raises_and_nan_goes_through(name: str) -> None:
    for operands in product(EVERY, repeat=OPERATIONS[name]):
        got = OPS[name].value(*operands)
        assert type(got) is float
        assert math.isnan(got) or not any(map(math.isnan, operands)) or (name == "div0" and operands[0] == 0)


@pytest.mark.parametrize("name", ["polygamma", "sinc_n"])
def test_no_order_raises(name: str) -> None:
    for n, x in product((0.0, 1.0, 2.0, 3.0, 30.0, 200.0), EVERY):
        assert type(OPS[name].value(n, x)) is float
