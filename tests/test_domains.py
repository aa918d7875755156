"""The domain that a row states is where it has a value and derivatives, and all that it has beside it is none."""

import math

import pytest

import autodiff as ad
from autodiff import OPS, Value
from autodiff.row import NaryOp

SINGLE = {name: op for name, op in OPS.items() if not isinstance(op, NaryOp) and len(op.partials) == 1}
STATED = {name: op for name, op in SINGLE.items() if op.domain != (-math.inf, math.inf)}
BEYOND = {"lgamma", "digamma"}  # have values there too, on every second stretch with another sign


def within(low, high):
    """Points of an open interval, near its ends and between; 0, where 1/x and ∛x have none, is not among them."""
    low, high = max(low, -3.0), min(high, 3.0)
    return [low + share * (high - low) for share in (1e-3, 0.21, 0.47, 0.79, 1 - 1e-3)]


def derivatives(op, x):
    """The value, and the first three derivatives."""
    return [ad.derivative(op, x, n) for n in range(4)]


@pytest.mark.parametrize("name", SINGLE)
def test_within_its_domain_a_row_has_a_value_and_derivatives(name):
    for x in within(*SINGLE[name].domain):
        assert all(map(math.isfinite, derivatives(SINGLE[name], x))), x


@pytest.mark.parametrize("name", sorted(set(STATED) - BEYOND))
def test_outside_it_has_none(name):
    low, high = STATED[name].domain
    for x in [*[low - d for d in (1e-3, 0.3, 2.0)], *[high + d for d in (1e-3, 0.3, 2.0)]]:
        if math.isfinite(x):
            z = STATED[name](Value(x))
            assert math.isnan(z.data) or name == "nonneg", x
            assert math.isnan(z.local_derivatives[0]) or name == "nonneg", x
