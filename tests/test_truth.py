"""The oracle of the accuracy test against derivatives that a book prints, and against mpmath's own differentiation."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from mpmath import mp, mpf

from tests.truth import ROWS, Index, key, relative_error, truth

BOOK: list[tuple[str, Index, Callable[..., mpf]]] = [
    ("log", (0,), lambda x: 1 / x),
    ("log", (0, 0, 0), lambda x: 2 / x**3),
    ("sqrt", (0, 0), lambda x: -1 / (4 * x * mp.sqrt(x))),
    ("tan", (0, 0), lambda x: 2 * mp.tan(x) * mp.sec(x) ** 2),
    ("asin", (0, 0), lambda x: x / mp.sqrt((1 - x) * (1 + x)) ** 3),
    ("tanh", (0, 0, 0), lambda x: mp.sech(x) ** 2 * (4 * mp.tanh(x) ** 2 - 2 * mp.sech(x) ** 2)),
    ("erf", (0, 0), lambda x: -4 * x * mp.exp(-x * x) / mp.sqrt(mp.pi)),
    ("hypot", (0, 1), lambda x, y: -x * y / mp.sqrt(x * x + y * y) ** 3),
    ("atan2", (0, 0, 0), lambda x, y: y * (6 * x * x - 2 * y * y) / (x * x + y * y) ** 3),
    ("div", (0, 1, 1), lambda x, y: 2 / y**3),
    ("pow", (0, 1), lambda x, y: x ** (y - 1) * (1 + y * mp.log(x))),
]


def plain_points(name: str) -> list[tuple[float, ...]]:
    row = ROWS[name]
    return [p for p in row.points if key(p) not in row.given and all(x == 0 or 1e-300 < abs(x) < 1e300 for x in p)]


@pytest.mark.parametrize(("name", "index", "derivative"), BOOK)
def test_agrees_with_the_book(name: str, index: Index, derivative: Callable[..., mpf]) -> None:
    for point in plain_points(name):
        want = truth(name, key(point))[index]
        if not mp.isnan(want) and max(map(abs, point)) < 1e5:
            with mp.workdps(700):
                got = derivative(*map(mpf, point))
            assert abs(got - want) <= mpf("1e-24") * abs(got) + mpf("1e-330"), point


@pytest.mark.parametrize("name", ["cbrt", "expm1", "log1p", "acosh", "gelu", "silu", "softplus", "log_sigmoid"])
def test_agrees_with_mpmath_diff(name: str) -> None:
    for (x,) in plain_points(name):
        want = truth(name, key((x,)))
        if 0.1 <= abs(x) <= 10 and not mp.isnan(want[(0,)]):
            with mp.workdps(60):
                for order in (1, 2, 3):
                    got = mp.diff(ROWS[name].f, mpf(x), order)
                    assert abs(got - want[(0,) * order]) <= mpf("1e-20") * abs(got) + mpf("1e-60"), (x, order)


@pytest.mark.parametrize(
    ("got", "want", "error"),
    [
        (1.0, mpf(1), 0),
        (float("nan"), float("nan"), 0),
        (0.0, float("nan"), float("inf")),
        (float("nan"), mpf(1), float("inf")),
        (float("inf"), mpf("1e309"), 0),
        (float("-inf"), mpf("1e309"), float("inf")),
        (float("inf"), mpf("1e308"), float("inf")),
        (0.0, mpf("1e-330"), 0),
        (1e-323, mpf("1e-330"), 0),
        (1e-322, mpf(0), float("inf")),
        (1.5, mpf(1), 0.5),
    ],
)
def test_relative_error(got: float, want: mpf | float, error: float) -> None:
    assert relative_error(got, want) == error
