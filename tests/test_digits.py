"""Derivatives that cancellation has emptied are told from those that are merely near a root, and the remedy helps."""

import math
import sys

import pytest
from mpmath import mp

import autodiff as ad
from autodiff import GradientMismatch, Value, check_grads, explain
from autodiff.digits import lost_digits

TURN = 2 * math.pi


def series_of_expm1(x):
    return ad.where(abs(x) < 1e-3, 1 + x / 2 + x**2 / 6 + x**3 / 24, ad.expm1(x) / x)


# What a user writes; the point; the same in mpmath; what the remedy names; and what the remedy says to write.
LOST = {
    "sin(x)/x": (lambda x: ad.sin(x) / x, 1e-8, lambda x: mp.sin(x) / x, "sinc", lambda x: ad.sinc(x / math.pi)),
    "sin(x)/x further off": (lambda x: ad.sin(x) / x, 3e-4, lambda x: mp.sin(x) / x, "sinc", None),
    "(1-cos(x))/x²": (
        lambda x: (1 - ad.cos(x)) / x**2,
        1e-8,
        lambda x: (1 - mp.cos(x)) / x**2,
        "sinc",
        lambda x: ad.sinc(x / TURN) ** 2 / 2,
    ),
    "(1-cos(x))/x² further off": (
        lambda x: (1 - ad.cos(x)) / x**2,
        1e-3,
        lambda x: (1 - mp.cos(x)) / x**2,
        "sinc",
        None,
    ),
    "log(1+x)/x": (lambda x: ad.log(1 + x) / x, 1e-8, lambda x: mp.log(1 + x) / x, "log1p", None),
    "log1p(x)/x": (lambda x: ad.log1p(x) / x, 1e-8, lambda x: mp.log(1 + x) / x, "series", None),
    "(exp(x)-1)/x": (lambda x: (ad.exp(x) - 1) / x, 1e-8, lambda x: mp.expm1(x) / x, "expm1", series_of_expm1),
    "(-1+exp(x))/x": (lambda x: (-1 + ad.exp(x)) / x, -1e-7, lambda x: mp.expm1(x) / x, "expm1", series_of_expm1),
    "expm1(x)/x": (lambda x: ad.expm1(x) / x, 1e-8, lambda x: mp.expm1(x) / x, "series", series_of_expm1),
    "1/(1-cos(x))": (
        lambda x: 1 / (1 - ad.cos(x)),
        1e-7,
        lambda x: 1 / (1 - mp.cos(x)),
        "sin(x/2)",
        lambda x: 1 / (2 * ad.sin(x / 2) ** 2),
    ),
    "log(1-exp(-x))": (
        lambda x: ad.log(1 - ad.exp(-x)),
        1e-9,
        lambda x: mp.log(1 - mp.exp(-x)),
        "log1mexp",
        ad.log1mexp,
    ),
    "log(1-sigmoid(x))": (
        lambda x: ad.log(1 - ad.sigmoid(x)),
        30.0,
        lambda x: -mp.log(1 + mp.exp(x)),
        "log_sigmoid",
        lambda x: ad.log_sigmoid(-x),
    ),
    "1/(1-sigmoid(x))": (
        lambda x: 1 / (1 - ad.sigmoid(x)),
        30.0,
        lambda x: 1 + mp.exp(x),
        "sigmoid(-x)",
        lambda x: 1 / ad.sigmoid(-x),
    ),
    "log(1-erf(x))": (
        lambda x: ad.log(1 - ad.erf(x)),
        5.5,
        lambda x: mp.log(mp.erfc(x)),
        "erfc",
        lambda x: ad.log(ad.erfc(x)),
    ),
    "log(1-tanh(x)²)": (
        lambda x: ad.log(1 - ad.tanh(x) ** 2),
        17.0,
        lambda x: -2 * mp.log(mp.cosh(x)),
        "cosh",
        lambda x: ad.log(1 / ad.cosh(x) ** 2),
    ),
    "log(1-tanh(x))": (
        lambda x: ad.log(1 - ad.tanh(x)),
        16.0,
        lambda x: mp.log(2) - 2 * x - mp.log(1 + mp.exp(-2 * x)),
        "sigmoid(-2*x)",
        lambda x: ad.log(2 * ad.sigmoid(-2 * x)),
    ),
    "√(x+1) - √x": (
        lambda x: ad.sqrt(x + 1) - ad.sqrt(x),
        1e12,
        lambda x: mp.sqrt(x + 1) - mp.sqrt(x),
        "sqrt",
        lambda x: 1 / (ad.sqrt(x + 1) + ad.sqrt(x)),
    ),
    "1/tan(x) - 1/x": (lambda x: 1 / ad.tan(x) - 1 / x, 1e-6, lambda x: mp.cot(x) - 1 / x, "series", None),
    "(x-sin(x))/x³": (lambda x: (x - ad.sin(x)) / x**3, 1e-3, lambda x: (x - mp.sin(x)) / x**3, "series", None),
    "(tan(x)-sin(x))/x³": (
        lambda x: (ad.tan(x) - ad.sin(x)) / x**3,
        1e-4,
        lambda x: (mp.tan(x) - mp.sin(x)) / x**3,
        "series",
        None,
    ),
}


def slope_of(f, x):
    with mp.workdps(120):
        return float(mp.diff(f, mp.mpf(x), h=mp.mpf(10) ** -50))


@pytest.mark.parametrize(("f", "x", "true", "named", "better"), LOST.values(), ids=LOST)
def test_an_emptied_derivative_is_told(f, x, true, named, better):
    want = slope_of(true, x)
    with pytest.raises(GradientMismatch, match="with more digits") as told:
        check_grads(f, (x,), order=1)
    assert repr(want)[:9] in str(told.value)
    assert named in str(told.value).partition("remedy:")[2]
    v = Value(x, label="x")
    y = f(v)
    y.backward()
    explanation = explain(y, v)
    assert [good for good, _ in explanation.checks()] == [None, False]
    assert "✓" not in str(explanation) + explanation.to_markdown()
    loss = lost_digits(ad.gradients(y, v, create_graph=True), y)
    assert loss.given == v.grad
    assert math.isclose(loss.true, want, rel_tol=1e-12)
    assert abs(loss.given - loss.true) <= 4 * loss.bound  # what rounding may do bounds what it did
    if better:
        z = better(v)
        assert lost_digits(ad.gradients(z, v, create_graph=True), z) is None
        assert math.isclose(ad.grad(better)(x), want, rel_tol=1e-9)


# Beside a root of the derivative a few digits are lost whatever one writes: it turns on the last digits of the inputs.
DUE = {
    "cosine at half a turn": (ad.sin, (math.pi / 2,)),
    "entropy at its maximum": (lambda p: -p * ad.log(p), (1 / math.e,)),
    "entropy of little": (lambda p: -p * ad.log(p), (1e-100,)),
    "a minimum between data": (lambda w: (w - 0.1) ** 2 + (w - 0.3) ** 2 + (w - 1.7) ** 2, (0.7,)),
    "data that cancel": (lambda w: (w - 0.1) ** 2 + (w - 0.2) ** 2 + (w + 0.3) ** 2, (0.0,)),
    "1 - cos(x) alone": (lambda x: 1 - ad.cos(x), (1e-3,)),
    "two inputs": (lambda x, y: (x - y) ** 2 * 3, (0.1 + 0.2, 0.3)),
    "a saddle": (lambda x, y: x**2 * y - x * y**2, (0.3, 0.6)),
    "gelu at its lowest": (ad.gelu, (-0.7517915246935645,)),
    "Rosenbrock": (lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2, (1.001, 1.003)),
    "a well-known sine": (lambda x: ad.sin(1e4 * x), (1e8,)),
    "softmax": (lambda x, y: ad.softmax([x, y])[0], (40.0, 0.0)),
    "log of softmax, as it is": (lambda x, y: ad.log(ad.softmax([x, y])[0]), (0.0, 40.0)),
}


@pytest.mark.parametrize(("f", "args"), DUE.values(), ids=DUE)
def test_what_is_due_to_the_inputs_is_not_told(f, args):
    check_grads(f, args)
    values = [Value(x) for x in args]
    y = f(*values)
    y.backward()
    for v in values:
        assert False not in [good for good, _ in explain(y, v).checks()]


def test_the_node_is_named():
    with pytest.raises(GradientMismatch, match=r"sub\(1\.0, 1\.0\) has lost its digits"):
        check_grads(lambda x: (1 - ad.cos(x)) / x**2, (1e-8,), order=1)
    with pytest.raises(GradientMismatch, match=r"two contributions to it cancel, -100000000\.0 and 100000000\.0"):
        check_grads(lambda x: ad.sin(x) / x, (1e-8,), order=1)


def test_each_order_is_looked_at_by_itself():
    with pytest.raises(
        GradientMismatch, match=r"1 derivative is in doubt\n  ∂f/.*with more digits it is 1\.0000000000"
    ) as told:
        check_grads(lambda x: ad.exp(x) - x, (1e-10,), order=2)
    assert "∂²f" not in str(told.value)


@pytest.mark.parametrize("p", [0.0, 1e-310])
def test_a_removable_singularity_has_its_remedy(p):
    with pytest.raises(GradientMismatch, match="xlogy"):
        check_grads(lambda p: p * ad.log(p), (p,), order=1)
    assert math.isclose(ad.grad(lambda p: ad.xlogy(p, 1e-310))(p), math.log(1e-310))


def test_the_input_may_be_a_node():
    x = Value(2e-9)
    y = 5 * x
    z = ad.sin(y) / y
    assert [good for good, _ in explain(z, y).checks()] == [None, False]


def test_without_mpmath_what_is_not_checked_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpmath", None)
    check_grads(lambda x: x * ad.sin(x), (0.7,))
    with pytest.warns(RuntimeWarning, match="rounding may have carried.*pip install mpmath") as told:
        check_grads(lambda x: ad.sin(x) / x, (1e-8,), order=1)
    assert told[0].filename == __file__
    x = Value(1e-8)
    y = ad.sin(x) / x
    y.backward()
    (good, _), (other, number) = explain(y, x).checks()
    assert good is other is None
    assert "pip install mpmath" in number


def test_an_operation_of_floats_alone_is_said():
    sine = ad.operation("own_sine", math.sin, lambda x, z: ad.cos(x))
    with pytest.warns(RuntimeWarning, match="not computed with more digits.*'own_sine'"):
        check_grads(lambda x: sine(x) / x, (1e-8,), order=1)
