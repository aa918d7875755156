"""Derivatives at corners: what the contracts say, in every order and engine that have it."""

from __future__ import annotations

import math

import pytest

import autodiff as ad
from autodiff import Value

INF, NAN = math.inf, math.nan

ZERO_DENOMINATORS = {
    "x / 0": (lambda x: x / 0.0, 1.0, [INF, INF, 0.0]),
    "-x / 0": (lambda x: -x / 0, 1.0, [-INF, -INF, 0.0]),
    "x² / 0": (lambda x: x * x / 0.0, 3.0, [INF, INF, INF]),
    "x³ / -0": (lambda x: x**3 / -0.0, 1.0, [-INF, -INF, -INF]),
    "sin(x) / 0": (lambda x: ad.sin(x) / 0, 1.0, [INF, INF, -INF]),
    "exp(x) / 0": (lambda x: ad.exp(x) / 0, 0.0, [INF, INF, INF]),
    "x % 0": (lambda x: x % 0.0, 1.0, [NAN, NAN, NAN]),
    "0 / x": (lambda x: 0.0 / x, 2.0, [0.0, -0.0, 0.0]),
}


@pytest.mark.parametrize(("f", "x", "want"), ZERO_DENOMINATORS.values(), ids=ZERO_DENOMINATORS)
def test_a_constant_0_in_a_denominator(f, x, want):
    """The numbers are those of IEEE arithmetic on the derivatives as the rules state them."""
    found = [f(Value(x)).data, ad.derivative(f, x), ad.derivative(f, x, 2)]
    assert found == pytest.approx(want, nan_ok=True)
    assert {type(y) for y in found} == {float}
    assert type(ad.hessian(lambda v: f(v[0]))([x])[0][0]) is float
    assert type(ad.jvp(lambda v: ad.derivative(f, v), [x], [1.0])[1]) is float


SYMMETRIC = {
    "leaky_relu": (lambda v: ad.leaky_relu(*v), [0.0, 0.5], [[0.0, 1.0], [1.0, 0.0]]),
    "leaky_relu at -0": (lambda v: ad.leaky_relu(*v), [-0.0, 0.5], [[0.0, 1.0], [1.0, 0.0]]),
    "leaky_relu above": (lambda v: ad.leaky_relu(*v), [2.0, 0.5], [[0.0, 0.0], [0.0, 0.0]]),
    "leaky_relu below": (lambda v: ad.leaky_relu(*v), [-2.0, 0.5], [[0.0, 1.0], [1.0, 0.0]]),
    "leaky_relu of a product": (lambda v: ad.leaky_relu(v[0] * v[1], v[1]), [0.0, 3.0], [[0.0, 6.0], [6.0, 0.0]]),
    "elu": (lambda v: ad.elu(*v), [0.0, 0.5], [[0.5, 1.0], [1.0, 0.0]]),
    "maximum": (lambda v: ad.maximum(*v) ** 2, [1.0, 1.0], [[0.5, 0.5], [0.5, 0.5]]),
    "max": (lambda v: ad.max(v) ** 2, [1.0, 1.0], [[0.5, 0.5], [0.5, 0.5]]),
    "pow": (lambda v: v[0] ** v[1], [0.0, 2.0], [[2.0, 0.0], [0.0, 0.0]]),
    "clamp": (lambda v: ad.clamp(*v) ** 2, [1.0, 1.0, 2.0], [[2.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),
}


@pytest.mark.parametrize(("f", "at", "want"), SYMMETRIC.values(), ids=SYMMETRIC)
def test_hessians_at_a_kink_are_symmetric(f, at, want):
    assert ad.hessian(f)(at) == want
    xs = [Value(x) for x in at]
    firsts = ad.gradients(f(xs), xs, create_graph=True)
    for i, first in enumerate(firsts):
        if isinstance(first, Value):
            assert ad.gradients(first, xs) == want[i]
            for engine in ("auto", "source"):
                pytest.importorskip("numpy")
                slopes = ad.compile(first, xs, engine=engine).value_and_grad(*[[x] for x in at], reduce=None)[1]
                assert slopes[:, 0].tolist() == want[i]


CLAMPS = {  # x, low, high: ∂/∂x
    "bounds that are equal": (1.0, 1.0, 1.0, 0.0),
    "equal, from below": (0.0, 1.0, 1.0, 0.0),
    "equal, from above": (2.0, 1.0, 1.0, 0.0),
    "equal zeros": (0.0, -0.0, 0.0, 0.0),
    "equal infinities": (INF, INF, INF, 0.0),
    "the low one": (1.0, 1.0, 2.0, 1.0),
    "the high one": (2.0, 1.0, 2.0, 1.0),
    "bounds as near as can be": (1.0, 1.0, math.nextafter(1.0, 2.0), 1.0),
    "within": (1.5, 1.0, 2.0, 1.0),
    "beyond": (2.5, 1.0, 2.0, 0.0),
    "no bounds": (1.0, -INF, INF, 1.0),
}


@pytest.mark.parametrize(("x", "low", "high", "slope"), CLAMPS.values(), ids=CLAMPS)
def test_clamp(x, low, high, slope):
    assert ad.derivative(lambda x: ad.clamp(x, low, high), x) == slope
    assert ad.derivative(lambda x: ad.clamp(x, Value(low), Value(high)), x) == slope
    v = Value(x)
    assert v.clamp(low, high).local_derivatives == (slope,)
    assert ad.jvp(lambda x: ad.clamp(x, low, high), [x], [1.0])[1] == slope
    pytest.importorskip("numpy")
    bounds = [Value(low), Value(high)]
    for engine in ("auto", "source"):
        for z, parameters in ((ad.clamp(v, low, high), []), (ad.clamp(v, *bounds), bounds)):
            program = ad.compile(z, [v], parameters, engine=engine)
            assert program.value_and_grad([x], wrt="inputs")[1].tolist() == [[slope]]
