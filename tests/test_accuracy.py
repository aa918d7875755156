"""Every operation × point × order against mpmath: value and first derivative to 1e-14, second and third to 1e-12."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mpmath import mp

import autodiff as ad
from benchmarks.accuracy import known_limits
from tests import measured
from tests.known import KNOWN, TOLERANCE, Known, excused
from tests.measured import HELPERS, TESTED, errors, operation
from tests.truth import ROWS

NAMES_AND_ORDERS = [(name, order) for name, row in ROWS.items() for order in range(row.order + 1)]


def mistakes(name: str, order: int) -> list[str]:
    """The results that miss the tolerance and are not among the known limits."""
    return [
        f"{name}{point} {way} {index}: {got!r}, not {mp.nstr(want, 17)}, relative error {error:.2g}"
        for point, way, index, got, want, error in errors(name, order)
        if error > TOLERANCE[order] and not excused(name, order, way, point, got, want)
    ]


@pytest.mark.parametrize(("name", "order"), NAMES_AND_ORDERS)
def test_agrees_with_mpmath(name: str, order: int) -> None:
    wrong = mistakes(name, order)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: "-".join(known.cases))
def test_known_limits_are_needed_and_as_measured(known: Known) -> None:
    worst = 0.0
    for name, orders in known.cases.items():
        for order in orders:
            needed = [
                known.error(point, got, want)
                for point, way, _, got, want, error in errors(name, order)
                if error > TOLERANCE[order] and known.covers(name, order, way, point, want)
                if known.excuses(point, got, want)
            ]
            assert needed, f"{name}, order {order}: nothing there misses the tolerance any more"
            worst = max([worst, *needed])
    assert known.bound is None or worst >= known.bound / 100


BROKEN_RULES = [
    ("tanh", lambda x, z: 1 - z * z, 19.0),
    ("sigmoid", lambda x, z: z * (1 - z), 36.7),
    ("asinh", lambda x, z: 1 / ad.sqrt(1 + x * x), 1e155),
    ("expm1", lambda x, z: z + 1, -37.0),
    ("softplus", lambda x, z: 1 / (1 + ad.exp(-x)), -710.0),
    ("sin", lambda x, z: ad.cos(x) * (1 + 1e-13), 0.5),
    ("exp", lambda x, z: 1.0, 0.5),
]


@pytest.mark.parametrize(("name", "rule", "x"), BROKEN_RULES, ids=[name for name, *_ in BROKEN_RULES])
def test_a_rule_broken_on_purpose_is_noticed(
    name: str, rule: Callable[..., Any], x: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ad.OPS[name], "partials", (rule,))
    monkeypatch.setattr(measured, "operation", ad.OPS.get)  # the row itself: a method of Value keeps the rule it has
    for way in ("backward", "jvp", "gradients"):
        assert any(line.startswith(f"{name}({x!r},) {way} ") for line in mistakes(name, 1)), way


def test_every_operation_has_a_row() -> None:
    assert set(ad.OPS) == HELPERS | {name for name in TESTED if "**" not in name}


def test_the_page_lists_every_known_limit() -> None:
    page = (Path(__file__).parent.parent / "docs" / "accuracy.md").read_text(encoding="utf-8")
    assert "\n".join(known_limits()) in page, "run python -m benchmarks.accuracy"


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
    ("trunc", (-0.5,), -0.0),
    ("trunc", (-0.0,), -0.0),
    ("fmod", (-6.0, 2.0), -0.0),
    ("copysign", (0.0, -2.0), -0.0),
    ("deg2rad", (-0.0,), -0.0),
    ("floor_divide", (-0.0, 3.0), -0.0),
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
