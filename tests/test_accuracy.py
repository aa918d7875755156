"""Every operation × point × order against mpmath: value and first derivative to 1e-14, second and third to 1e-12."""

from __future__ import annotations

import math

import pytest
from mpmath import mp

import autodiff as ad
from tests.known import KNOWN, Known
from tests.measured import errors, operation
from tests.truth import ROWS

TOLERANCE = (1e-14, 1e-14, 1e-12, 1e-12)  # by order
NAMES_AND_ORDERS = [(name, order) for name, row in ROWS.items() for order in range(row.order + 1)]


def allowed(name: str, order: int, point: tuple[float, ...]) -> float:
    bounds = [k.bound for k in KNOWN if (k.name, k.order) == (name, order) and k.holds(*point)]
    return max([TOLERANCE[order], *bounds])


@pytest.mark.parametrize(("name", "order"), NAMES_AND_ORDERS)
def test_agrees_with_mpmath(name: str, order: int) -> None:
    wrong = [
        f"{name}{point} {way} {index}: {got!r}, not {mp.nstr(want, 17)}, relative error {error:.2g}"
        for point, way, index, got, want, error in errors(name, order)
        if error > allowed(name, order, point)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: f"{known.name}-{known.order}")
def test_known_errors_are_as_measured(known: Known) -> None:
    found = [error for point, *_, error in errors(known.name, known.order) if known.holds(*point)]
    assert known.bound / 100 <= max(found) <= known.bound


# Rows that only rules and transforms name, tested through the operations whose derivatives they are.
HELPERS = {
    *("identity", "compare", "nonneg", "mul0", "one_minus_square", "sech", "gaussian", "normal_pdf", "normal_cdf"),
    *("powlog", "direction"),
}


def test_every_operation_has_a_row() -> None:
    tested = {name.split("(")[0].split("[")[0] for name in ROWS}
    assert set(ad.OPS) - HELPERS == {name for name in tested if "**" not in name}


SIGNED_ZEROS = [
    *((name, (-0.0,), -0.0) for name in ("sin", "tan", "asin", "atan", "sinh", "tanh", "asinh", "atanh", "erf")),
    *((name, (-0.0,), -0.0) for name in ("sqrt", "cbrt", "expm1", "log1p", "floor", "ceil", "round", "x**1", "x**3")),
    ("neg", (0.0,), -0.0),
    ("neg", (-0.0,), 0.0),
    ("abs", (-0.0,), 0.0),
    ("square", (-0.0,), 0.0),
    ("acos", (1.0,), 0.0),
    ("acosh", (1.0,), 0.0),
    ("log", (1.0,), 0.0),
    ("exp", (-math.inf,), 0.0),
    ("reciprocal", (-math.inf,), -0.0),
    ("reciprocal", (math.inf,), 0.0),
    ("ceil", (-0.5,), -0.0),
    ("round", (-0.5,), -0.0),
    ("round", (0.5,), 0.0),
    ("add", (-0.0, -0.0), -0.0),
    ("add", (-0.0, 0.0), 0.0),
    ("add", (1.0, -1.0), 0.0),
    ("sub", (-0.0, 0.0), -0.0),
    ("sub", (0.0, 0.0), 0.0),
    ("mul", (-0.0, 3.0), -0.0),
    ("mul", (-0.0, -3.0), 0.0),
    ("div", (-0.0, 3.0), -0.0),
    ("div", (1.0, -math.inf), -0.0),
    ("mul", (-1e-200, 1e-200), -0.0),
    ("pow", (-0.0, 3.0), -0.0),
    ("pow", (-0.0, 2.0), 0.0),
    ("pow", (-math.inf, -3.0), -0.0),
    ("mod", (-0.0, 2.0), 0.0),  # Python's: the sign of the divisor
    ("mod", (4.0, -2.0), -0.0),
    ("atan2", (-0.0, 1.0), -0.0),
    ("atan2", (0.0, 1.0), 0.0),
    ("hypot", (-0.0, -0.0), 0.0),
]


@pytest.mark.parametrize(("name", "point", "want"), SIGNED_ZEROS)
def test_zero_has_the_sign_of_ieee_754(name: str, point: tuple[float, ...], want: float) -> None:
    got = operation(name)(*map(ad.Value, point)).data
    assert (got, math.copysign(1, got)) == (want, math.copysign(1, want))
