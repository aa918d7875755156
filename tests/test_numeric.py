"""Numerical differentiation against closed forms and mpmath; and a checker that passes what is right, only that."""

import math
from collections import namedtuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

import autodiff as ad
from autodiff import OPS, GradientMismatch, OperandError, Value, check_grads, numerical_grad
from autodiff.complexstep import ComplexStep
from autodiff.ops import Op

# ---------------------------------------------------------------------------------------------------------------------
# Every user-facing row of the table: what it is in mpmath, and ordinary points.
# ---------------------------------------------------------------------------------------------------------------------

ANY = [(0.7,), (-1.3,), (2.5,), (-0.04,), (6.2,)]
POSITIVE = [(0.7,), (1.3,), (25.0,), (0.004,)]
UNIT = [(0.7,), (-0.3,), (0.04,), (-0.97,)]
PAIRS = [(0.7, 1.9), (-1.3, 0.6), (2.5, -0.8), (-0.4, -3.1)]
LISTS = [(0.7, 1.9, -2.2, 0.3), (3.0, 0.5, 1.5, 2.5)]


def mp_softmax(i, *xs):
    return mp.exp(xs[int(i)]) / mp.fsum(map(mp.exp, xs))


ANALYTIC = {
    "add": (lambda x, y: x + y, PAIRS),
    "sub": (lambda x, y: x - y, PAIRS),
    "mul": (lambda x, y: x * y, PAIRS),
    "div": (lambda x, y: x / y, PAIRS),
    "pow": (lambda x, y: x**y, [(0.7, 1.9), (1.3, -0.6), (25.0, 0.5), (2.0, 3.0)]),
    "neg": (lambda x: -x, ANY),
    "square": (lambda x: x * x, ANY),
    "reciprocal": (lambda x: 1 / x, ANY),
    "sqrt": (mp.sqrt, POSITIVE),
    "cbrt": (lambda x: mp.sign(x) * mp.cbrt(abs(x)), ANY),
    "exp": (mp.exp, ANY),
    "exp2": (lambda x: 2**x, ANY),
    "expm1": (mp.expm1, ANY),
    "log": (mp.log, POSITIVE),
    "log2": (lambda x: mp.log(x, 2), POSITIVE),
    "log10": (mp.log10, POSITIVE),
    "log1p": (mp.log1p, [*POSITIVE, (-0.3,)]),
    "sin": (mp.sin, ANY),
    "cos": (mp.cos, ANY),
    "tan": (mp.tan, ANY),
    "asin": (mp.asin, UNIT),
    "acos": (mp.acos, UNIT),
    "atan": (mp.atan, ANY),
    "atan2": (mp.atan2, PAIRS),
    "hypot": (mp.hypot, PAIRS),
    "sinh": (mp.sinh, ANY),
    "cosh": (mp.cosh, ANY),
    "tanh": (mp.tanh, ANY),
    "asinh": (mp.asinh, ANY),
    "acosh": (mp.acosh, [(1.7,), (1.03,), (25.0,)]),
    "atanh": (mp.atanh, UNIT),
    "erf": (mp.erf, ANY[:4]),
    "erfc": (mp.erfc, ANY[:4]),
    "sigmoid": (lambda x: 1 / (1 + mp.exp(-x)), ANY),
    "log_sigmoid": (lambda x: -mp.log1p(mp.exp(-x)), ANY),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), ANY),
    "silu": (lambda x: x / (1 + mp.exp(-x)), ANY),
    "gelu": (lambda x: x * mp.ncdf(x), ANY),
    "sum": (lambda *xs: mp.fsum(xs), LISTS),
    "mean": (lambda *xs: mp.fsum(xs) / len(xs), LISTS),
    "dot": (lambda a, b, c, d: a * c + b * d, LISTS),
    "prod": (lambda *xs: mp.fprod(xs), LISTS),
    "logsumexp": (lambda *xs: mp.log(mp.fsum(map(mp.exp, xs))), LISTS),
    "softmax": (mp_softmax, LISTS),
    "norm": (lambda *xs: mp.sqrt(mp.fsum(x * x for x in xs)), LISTS),
}
ANALYTIC |= {
    "exp10": (lambda x: mp.mpf(10) ** x, ANY),
    "deg2rad": (lambda x: x * mp.pi / 180, ANY),
    "rad2deg": (lambda x: x * 180 / mp.pi, ANY),
    "logit": (lambda x: mp.log(x / (1 - x)), [(0.7,), (0.3,), (0.04,)]),
    "log1mexp": (lambda x: mp.log(-mp.expm1(-x)), POSITIVE),
    "logaddexp": (lambda x, y: mp.log(mp.exp(x) + mp.exp(y)), PAIRS),
    "logaddexp2": (lambda x, y: mp.log(2**x + 2**y, 2), PAIRS),
    "xlogy": (lambda x, y: x * mp.log(y), [(0.7, 1.9), (-1.3, 0.6)]),
    "xlog1py": (lambda x, y: x * mp.log1p(y), [(0.7, 1.9), (-1.3, 0.6)]),
}
ON_REALS = {  # analytic, but without a value on complex numbers here
    "sinc": ANY,
    "lgamma": POSITIVE[:3],
    "digamma": POSITIVE[:3],
    "polygamma": [(1.0, 0.7), (1.0, 2.5)],
}
NOT_ANALYTIC = {
    **{name: [(7.3, 2.0), (-7.3, 2.1)] for name in ("fmod", "floor_divide", "copysign")},
    "trunc": ANY,
    "mod": [(7.3, 2.0), (-7.3, 2.1)],
    "abs": ANY,
    "relu": ANY,
    "leaky_relu": PAIRS,
    "elu": PAIRS,
    "sign": ANY,
    "step": ANY,
    "floor": ANY,
    "ceil": ANY,
    "round": [(0.7,), (-1.3,), (2.4,), (-0.04,), (6.6,)],
    "maximum": PAIRS,
    "minimum": PAIRS,
    "clamp": [(0.7, -1.0, 2.0), (3.0, -1.0, 2.0), (-3.0, -1.0, 2.0)],
    "where": [(1.0, 2.0, 3.0), (0.0, 2.0, 3.0)],
    "max": LISTS,
    "min": LISTS,
}
POINTS = {name: points for name, (_, points) in ANALYTIC.items()} | NOT_ANALYTIC | ON_REALS
CASES = [(name, point) for name, points in POINTS.items() for point in points]


def operation(name):
    """The row as a function of numbers to differentiate: the condition of where and the index of softmax are none."""
    if name == "softmax":
        return lambda *xs: OPS[name](1.0, *xs)
    if name == "polygamma":
        return lambda n, x: OPS[name](1.0, x)
    if name == "where":
        return lambda condition, x, y: OPS[name](condition.data if isinstance(condition, Value) else condition, x, y)
    return OPS[name]


def test_the_tables_hold_every_row_that_a_user_can_call():
    public = {name for name in OPS if hasattr(ad, name)} - {"select"}  # of an index: tests/test_select.py
    assert set(POINTS) == public | {"add", "sub", "mul", "div"}


# ---------------------------------------------------------------------------------------------------------------------
# Differences.
# ---------------------------------------------------------------------------------------------------------------------

CLOSED_FORMS = [  # function, point, derivative
    (lambda x: x**3, 2.0, 12.0),
    (math.sin, 1.0, math.cos(1.0)),
    (math.exp, -3.0, math.exp(-3.0)),
    (lambda x: 1 / x, 0.25, -16.0),
    (lambda x: x * x, 1e8, 2e8),
    (lambda x: 5.0, 1.0, 0.0),
]


@pytest.mark.parametrize(("f", "x", "slope"), CLOSED_FORMS)
@pytest.mark.parametrize(("method", "tolerance"), [("forward", 5e-7), ("central", 2e-9)])
def test_closed_forms(f, x, slope, method, tolerance):
    assert numerical_grad(f, method=method)(x) == pytest.approx(slope, rel=tolerance, abs=0)


@pytest.mark.parametrize("n", [1, 2, 7])
@pytest.mark.parametrize(
    ("method", "evaluations"), [("forward", lambda n: n + 1), ("central", lambda n: 2 * n), ("complex", lambda n: n)]
)
def test_evaluations(method, evaluations, n):
    calls = []

    def f(xs):
        calls.append(xs)
        return sum(x * x for x in xs)

    assert numerical_grad(f, method=method)([1.0] * n) == pytest.approx([2.0] * n)
    assert len(calls) == evaluations(n)


@pytest.mark.parametrize("method", ["forward", "central"])
def test_default_steps_are_near_the_best(method):
    """No step of a wide range is ten times better in the mean over some points."""

    def error(step):
        return sum(abs(numerical_grad(math.exp, 0, method, step)(x) / math.exp(x) - 1) for x in (-1.0, -0.3, 0.2, 0.9))

    assert error(None) < 10 * min(error(10.0**-k) for k in range(1, 15))


def test_step():
    seen = []
    numerical_grad(lambda x: seen.append(x) or x, step=0.25)(1.0)
    assert sorted(seen) == [0.75, 1.25]
    assert numerical_grad(lambda x: x * x, method="forward", step=0.5)(1.0) == 2.5


@pytest.mark.parametrize("method", ["forward", "central"])
def test_step_too_small_to_change_the_number(method):
    with pytest.raises(OperandError, match=r"a step of 1e-10 does not change 100000000\.0"):
        numerical_grad(math.sin, method=method, step=1e-10)(1e8)
    assert numerical_grad(lambda x: x, method=method, step=1e-8)(1e8) == 1.0  # the next double is 1.5e-8 away


Pair = namedtuple("Pair", "a b")
STRUCTURES = [  # f, arguments, argnums, gradient
    (lambda p: p["w"][0] * p["w"][1] + p["b"], ({"w": [2.0, 3.0], "b": 1},), 0, {"w": [3.0, 2.0], "b": 1.0}),
    (lambda x, y: x * y, (2.0, 3.0), 1, 2.0),
    (lambda x, y: x * y, (2.0, 3.0), -1, 2.0),
    (lambda x, y: x * y, (2.0, 3.0), (0, 1), (3.0, 2.0)),
    (lambda x, y: x * y, (2.0, 3.0), (1, 0), (2.0, 3.0)),
    (lambda p: p.a * p.b, (Pair(2.0, 3.0),), 0, Pair(3.0, 2.0)),
    (lambda p: 1.0, ([],), 0, []),
    (lambda x, name: x * len(name), (2.0, "four"), 0, 4.0),
]


@pytest.mark.parametrize(("f", "args", "argnums", "gradient"), STRUCTURES)
@pytest.mark.parametrize("method", ["forward", "central", "complex"])
def test_structures(f, args, argnums, gradient, method):
    found = numerical_grad(f, argnums, method)(*args)
    assert type(found) is type(gradient)
    flat, flat_wanted = (ad.tree.flatten(tree) for tree in (found, gradient))
    assert flat[1] == flat_wanted[1]
    assert flat[0] == pytest.approx(flat_wanted[0], rel=1e-7)


@pytest.mark.parametrize("method", ["forward", "central", "complex"])
def test_arrays_and_keywords(method):
    weights = np.array([[1.0, 2.0], [3.0, 4.0]])
    found = numerical_grad(lambda w, *, scale: (w @ np.array([1.0, 10.0])).sum() * scale, method=method)(
        weights, scale=2.0
    )
    assert isinstance(found, np.ndarray)
    assert found == pytest.approx(np.array([[2.0, 20.0], [2.0, 20.0]]), rel=1e-7)


def test_result_that_reaches_a_value_counts_as_its_number():
    w = Value(3.0)
    assert numerical_grad(lambda x: w * x)(2.0) == pytest.approx(3.0)
    assert w.grad == 0.0


REFUSED = [
    (lambda: numerical_grad(math.sin, method="best"), "no method 'best'; choose from forward, central, complex"),
    (lambda: numerical_grad(math.sin, step=0), "the step is a number above 0, not 0"),
    (lambda: numerical_grad(math.sin, step="1"), "the step takes a real number, not str"),
    (lambda: numerical_grad(math.sin, argnums=1)(1.0), "no positional argument 1 to differentiate; 1 were given"),
    (lambda: numerical_grad(math.sin)("1"), "argument 0 takes a real number, not str"),
    (lambda: numerical_grad(math.sin)(Value(1.0)), "argument 0 takes a real number, not Value"),
    (lambda: numerical_grad(lambda x: [x])(1.0), "the result of the function takes a real number, not list"),
    (lambda: numerical_grad(lambda x: None)(1.0), "did the function forget to return?"),
    (lambda: numerical_grad(lambda x: x.relu())(1.0), r"write autodiff.relu\(x\) in place of x.relu\(\)"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_refused(call, message):
    with pytest.raises(OperandError, match=message):
        call()


@pytest.mark.parametrize("argnums", [(0, 0), (0, -2), 2, -3, "0", None, 1.0, [0, 0.5]])
def test_argnums_are_refused_as_by_grad(argnums):
    def message(transform):
        with pytest.raises(OperandError) as caught:
            transform(lambda x, y: x * y, argnums)(2.0, 3.0)
        return str(caught.value)

    assert message(numerical_grad) == message(ad.grad).replace("grad:", "numerical_grad:")


def test_argnums_are_read_once():
    gradient = numerical_grad(lambda x, y: x * y, iter([1, 0]))
    assert gradient(2.0, 3.0) == gradient(2.0, 3.0) == pytest.approx((2.0, 3.0))
    with pytest.raises(OperandError, match="numerical_grad: argnums is the number of an argument"):
        numerical_grad(math.sin, 0.5)


def test_attribute_error_of_the_function_itself_passes():
    with pytest.raises(AttributeError, match="'list' object"):
        numerical_grad(lambda x: [x].relu())(1.0)


# ---------------------------------------------------------------------------------------------------------------------
# The complex step.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "point"), [(n, p) for n, (_, points) in ANALYTIC.items() for p in points])
def test_complex_step_is_exact_to_the_last_digits(name, point):
    f = ANALYTIC[name][0]
    fixed = (1,) if name == "softmax" else ()
    with mp.workdps(60):
        slopes = [
            mp.diff(lambda x, i=i: f(*fixed, *point[:i], x, *point[i + 1 :]), mp.mpf(point[i]))
            for i in range(len(point))
        ]
    found = numerical_grad(operation(name), range(len(point)), "complex")(*point)
    assert found == pytest.approx([float(slope) for slope in slopes], rel=1e-14, abs=0)


TAILS = [  # function, point, derivative in mpmath: where differences see nothing
    (ad.sigmoid, 40.0, lambda x: 1 / (2 * mp.cosh(x / 2)) ** 2),
    (ad.sigmoid, -300.0, lambda x: 1 / (2 * mp.cosh(x / 2)) ** 2),
    (ad.tanh, 19.0, lambda x: mp.sech(x) ** 2),
    (ad.erfc, 9.0, lambda x: -2 / mp.sqrt(mp.pi) * mp.exp(-x * x)),
    (ad.softplus, -200.0, lambda x: 1 / (1 + mp.exp(-x))),
    (ad.log1p, 1e-20, lambda x: 1 / (1 + x)),
    (ad.expm1, -50.0, mp.exp),
]


@pytest.mark.parametrize(("f", "x", "slope"), TAILS)
def test_complex_step_in_the_tails(f, x, slope):
    with mp.workdps(60):
        wanted = float(slope(mp.mpf(x)))
    assert numerical_grad(f, method="complex")(x) == pytest.approx(wanted, rel=5e-14, abs=0)


@pytest.mark.parametrize(("name", "point"), [(name, points[0]) for name, points in NOT_ANALYTIC.items()])
def test_complex_step_refuses_what_is_not_analytic(name, point):
    with pytest.raises(OperandError, match=rf"complex step: {name} is not analytic.*method=\"central\""):
        numerical_grad(OPS[name], range(len(point)), "complex")(*point)


COMPARISONS = {
    r"a comparison \(<\)": lambda x: x if x < 2 else 2 * x,
    r"a comparison \(>\)": lambda x: x if x > 2 else 2 * x,
    r"a comparison \(<=\)": lambda x: x if x <= 2 else 2 * x,
    r"a comparison \(>=\)": lambda x: x if x >= 2 else 2 * x,
    r"a comparison \(==\)": lambda x: x if x != 2 else 2 * x,
    r"a condition \(if x\)": lambda x: x or 1.0,
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round,
    "mod": lambda x: x % 2,
    "a function such as math.sin drops": math.sin,
    "method int drops|a function such as math.sin drops": int,
    "relu": lambda x: x.relu(),
    "maximum": lambda x: max([x.maximum(0)], key=id),
}


@pytest.mark.parametrize("what", COMPARISONS)
def test_complex_step_refuses_comparisons_and_roundings(what):
    with pytest.raises(OperandError, match=f"complex step: ({what})"):
        numerical_grad(COMPARISONS[what], method="complex")(1.0)


METHODS = [  # every way to write an operation, and its derivative
    (lambda x: x.arcsin() + x.asin(), 0.6, 2 / 0.8),
    (lambda x: 2 + x - (3 - x) * 2, 1.0, 3.0),
    (lambda x: 6 / x + x / 2, 2.0, -1.0),
    (lambda x: 2**x, 3.0, 8 * math.log(2)),
    (lambda x: x**3 + x**-1 + x**0, -2.0, 12 - 0.25),
    (lambda x: -(+x), 2.0, -1.0),
    (lambda x: np.exp(np.array([x, 2 * x])).sum(), 0.5, math.exp(0.5) + 2 * math.e),
    (lambda x: (x * np.array([1.0, 2.0])).sum(), 0.5, 3.0),
    (lambda x: ad.softmax([x, 0.0])[0], 0.0, 0.25),
    (lambda x: (x**200).log(), -2.0, -100.0),
    (lambda x: x**201 / 1e60, -1.5, 201 * 1.5**200 / 1e60),
    (lambda x: x**0 + x**2, 0.0, 0.0),
    (lambda x: x.atan2(-1.0) + ad.atan2(-1.0, x), 0.5, -0.8 + 0.8),
]


@pytest.mark.parametrize(("f", "x", "slope"), METHODS)
def test_complex_step_of_operators_and_methods(f, x, slope):
    assert numerical_grad(f, method="complex")(x) == pytest.approx(slope, rel=1e-14, abs=1e-300)


@pytest.mark.parametrize(
    ("f", "x"),
    [(ad.log, -1.0), (ad.log, 0.0), (ad.sqrt, -1.0), (ad.exp, 1000.0), (ad.acosh, 0.5), (lambda x: (-2.0) ** x, 3.0)],
)
def test_complex_step_is_nan_outside_the_domain(f, x):
    """The complex logarithm goes on below 0, the real one does not."""
    assert math.isnan(numerical_grad(f, method="complex")(x))


@pytest.mark.parametrize("f", [lambda x: x * Value(2.0), lambda x: Value(2.0) * x, lambda x: ad.dot([Value(2.0)], [x])])
def test_complex_step_beside_a_value_is_refused(f):
    with pytest.raises(OperandError, match=r"(mul|dot) takes a real number, not (Value|ComplexStep)"):
        numerical_grad(f, method="complex")(1.0)


def test_complex_operand():
    assert repr(ComplexStep(1 + 2j)) == "ComplexStep((1+2j))"
    with pytest.raises(AttributeError, match="'ComplexStep' object has no attribute 'sine'"):
        ComplexStep(1j).sine()


# ---------------------------------------------------------------------------------------------------------------------
# The checker passes what is right.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "point"), CASES, ids=[f"{name}{point}" for name, point in CASES])
def test_every_row_passes(name, point):
    check_grads(operation(name), point, order=2)


NARROW = {
    "logit": (0.05, 0.95),
    "log1mexp": (0.05, 50.0),
    "pow": (0.05, 8.0),
    "log1p": (-0.9, 9.0),
    "acosh": (1.05, 50.0),
}
NARROW |= dict.fromkeys(["sqrt", "log", "log2", "log10"], (0.001, 500.0))
NARROW |= dict.fromkeys(["asin", "acos", "atanh"], (-0.98, 0.98))
NARROW |= dict.fromkeys(["xlogy", "xlog1py", "lgamma", "digamma", "polygamma"], (0.05, 9.0))  # off poles and edges


@given(st.data(), st.sampled_from(sorted(POINTS)))
def test_every_row_passes_at_random_points(data, name):
    low, high = NARROW.get(name, (-20.0, 20.0))
    numbers = st.floats(low, high).filter(lambda x: abs(x) > 1e-3)
    point = [data.draw(numbers) for _ in POINTS[name][0]]
    jumps = name in ("floor", "ceil", "mod", "round", "trunc", "floor_divide", "fmod")
    near_a_kink = (
        any(abs(x - round(2 * x) / 2) < 1e-3 for x in point[: 1 if jumps else 0])
        or (name in ("mod", "fmod", "floor_divide") and abs(math.remainder(point[0], point[1])) < 1e-3)
        or any(abs(x - y) < 1e-3 for i, x in enumerate(point) for y in point[:i])
    )
    if not near_a_kink and not (name == "clamp" and point[1] > point[2]):
        check_grads(operation(name), point, order=2)


RIGHT = [  # functions and points over many scales
    (lambda x: 1e-30 * ad.sin(x), (1.0,)),
    (lambda x: 1e30 * ad.sin(x), (1.0,)),
    (ad.sin, (1000.5,)),
    (lambda x: ad.sin(1e4 * x), (1.0,)),
    (lambda x: ad.log(x), (1e-9,)),
    (lambda x: ad.log(x), (1e9,)),
    (lambda x: 1e8 + x * x, (0.5,)),
    (lambda x: (x + 1e8) - 1e8 + x**3, (0.5,)),
    (lambda x: ad.exp(x), (100.0,)),
    (lambda x: x**2, (0.0,)),
    (lambda x: x**3, (0.0,)),
    (lambda x: ad.cos(x), (0.0,)),
    (lambda x: ad.relu(x), (1e-3,)),
    (lambda x: abs(x), (-1e-6,)),
    (lambda x: x.tanh().exp().arcsin(), (-0.4,)),
    (lambda x: 1 / (1 + 25 * x * x), (0.1,)),
    (lambda x, y: ad.where(x > y, ad.log(x), x * y), (2.0, 1.0)),
    (lambda x, y: (1 - x) ** 2 + 100 * (y - x * x) ** 2, (-1.2, 1.0)),
    (lambda x: 3.0, (1.0,)),
    (lambda x: [1.0, x], (1.0,)),
    (lambda x, y: x, (1, True)),
    (lambda: [], ()),
]


@pytest.mark.parametrize(("f", "args"), RIGHT)
def test_right_functions_pass(f, args):
    assert check_grads(f, args, order=2) is None


def test_third_order():
    check_grads(lambda x, y: ad.sin(x * y) + x**3 * ad.exp(y), (0.7, -0.3), order=3)


COARSE = [3e4, 3e7, 1e8, -1e8, 1e10 + 0.5, 5e11, 1e12, 3e12, 1e14, 1e17, 1e300, -1.7e308]
AT_ANY_SCALE = {
    "sin": ad.sin,
    "a sine of another scale": lambda x: ad.sin(1e4 * x),
    "a sine on a slope": lambda x: ad.sin(x) + 1e4 * x,
    "sine of a square": lambda x: ad.sin(1e-3 * x * x),
    "mod": lambda x: x % 3.7,
    "square root": lambda x: ad.sqrt(abs(x)),
    "tanh": ad.tanh,
    "logarithm": lambda x: ad.log(x * x),
}


@pytest.mark.parametrize("x", COARSE)
@pytest.mark.parametrize("f", AT_ANY_SCALE.values(), ids=AT_ANY_SCALE)
def test_right_functions_pass_where_doubles_are_far_apart(f, x):
    if math.isfinite(f(x)):
        check_grads(f, (x,), order=2)


@pytest.mark.parametrize("f", [ad.floor, ad.round, lambda x: x % 1.0, lambda x: abs(x % 2 - 1)])
@pytest.mark.parametrize("x", [1e8 + 0.3, 2.0**39 + 0.3, 1e13 + 0.3, 1e17, -1e300])
def test_jumps_and_kinks_elsewhere_do_not_count(f, x):
    check_grads(f, (x,), order=2)


@pytest.mark.parametrize("x", [113.0, 1247.2854330881196, 1e4, -1e5])
def test_fast_functions_pass(x):
    check_grads(lambda x: ad.sin(1e8 * x), (x,), order=2)


def test_derivative_below_the_normal_numbers_passes():
    check_grads(ad.tanh, (364.46494640486196,), order=2)


def test_structured_arguments_and_results():
    def f(p, x):
        return {"sum": ad.dot(p["w"], x, p["b"]), "parts": [w * v for w, v in zip(p["w"], x, strict=True)]}

    check_grads(f, ({"w": [0.5, -0.2], "b": 1.0}, (3.0, 4.0)))
    check_grads(lambda w: np.tanh(w @ np.array([1.0, 2.0])), (np.array([[0.1, 0.2], [0.3, -0.4]]),))


def test_network():
    """Two inputs, four tanh units, one output, over a batch: 17 weights and all 289 second derivatives."""
    batch = [((0.3, -1.2), 1.0), ((-0.7, 0.4), -1.0), ((1.5, 0.9), 1.0)]

    def loss(p):
        def network(x):
            hidden = [ad.tanh(ad.dot(w, x, b)) for w, b in zip(p["w"], p["b"], strict=True)]
            return ad.dot(p["v"], hidden, p["c"])

        return ad.mean([(network(x) - y) ** 2 for x, y in batch])

    weights = iter(np.random.default_rng(1).normal(size=17).tolist())
    p = {"w": [[next(weights) for _ in range(2)] for _ in range(4)], "b": [next(weights) for _ in range(4)]}
    check_grads(loss, (p | {"v": [next(weights) for _ in range(4)], "c": next(weights)},), order=2)


def test_values_of_the_closure_and_no_grad():
    w = Value(3.0)
    with ad.no_grad():
        check_grads(lambda x: w * x * x, (2.0,))
    assert w.grad == 0.0


# ---------------------------------------------------------------------------------------------------------------------
# The checker fails what is wrong.
# ---------------------------------------------------------------------------------------------------------------------


def numbers_of(operands):
    return [x.data if isinstance(x, Value) else x for x in operands]


WRONG = {
    "by a millionth": lambda rule: lambda *operands: rule(*operands) * (1 + 1e-6),
    "in sign": lambda rule: lambda *operands: -rule(*operands),
    "by a constant": lambda rule: lambda *operands: rule(*operands) + 1e-4,
    "in the second derivative": lambda rule: lambda *operands: rule(*numbers_of(operands)),
}
CURVED = {  # rows whose second derivative in the operand is not 0 at the point
    name: POINTS[name][0]
    for name in ANALYTIC
    if not isinstance(OPS[name], ad.ops.NaryOp) and name not in ("add", "sub", "neg", "mul", "deg2rad", "rad2deg")
}


def set_rules(monkeypatch, op, *rules):
    monkeypatch.setattr(op, "on_floats", op.on_floats)  # set with the rules, and so to be restored with them
    monkeypatch.setattr(op, "partials", rules)


def break_rule(monkeypatch, name, position, how):
    rules = list(OPS[name].partials)
    rules[position] = WRONG[how](rules[position])
    set_rules(monkeypatch, OPS[name], *rules)


@pytest.mark.parametrize("how", WRONG)
@pytest.mark.parametrize("name", CURVED)
def test_broken_rule_fails(monkeypatch, name, how):
    point = CURVED[name]
    for position in range(len(point)):
        with monkeypatch.context() as patch:
            break_rule(patch, name, position, how)
            with pytest.raises(GradientMismatch, match=r"differences"):
                check_grads(OPS[name], point, order=2)
        check_grads(OPS[name], point, order=2)


COARSE_CURVED = [("sin", 3e7, 1e-6), ("sin", 1e8, 1e-6), ("sin", 1e12, 1e-2)]
COARSE_CURVED += [("square", 1e8, 1e-4), ("sqrt", 1e8, 1e-2), ("log", 1e8, 1e-2), ("log", 1e10, 0.1)]


@pytest.mark.parametrize(("name", "x", "share"), COARSE_CURVED)
def test_broken_rule_fails_where_doubles_are_far_apart(monkeypatch, name, x, share):
    (rule,) = OPS[name].partials
    set_rules(monkeypatch, OPS[name], lambda x, z: rule(x, z) * (1 + share))
    with pytest.raises(GradientMismatch, match="differences") as caught:
        check_grads(OPS[name], (x,), order=1)
    assert "kink" not in str(caught.value)


@pytest.mark.parametrize("x", [1e12, 1e14, 1e300])
def test_forward_mode_is_compared_where_differences_say_nothing(monkeypatch, x):
    monkeypatch.setattr(
        ad.numeric, "jvp", lambda f, primals, tangents: (None, [1.0 + y for y in ad.jvp(f, primals, tangents)[1]])
    )
    with pytest.raises(GradientMismatch, match=r"forward mode .* they differ by 1, allowed is"):
        check_grads(ad.sin, (x,), order=1)


def test_error_of_the_second_order_is_not_seen_at_the_first(monkeypatch):
    break_rule(monkeypatch, "sin", 0, "in the second derivative")
    check_grads(OPS["sin"], (1.0,), order=1)
    with pytest.raises(
        GradientMismatch, match=r"∂²f/∂args\[0\]∂args\[0\]: reverse mode gives 0.0, differences -0.84147"
    ):
        check_grads(OPS["sin"], (1.0,), order=2)


def test_new_row_with_a_wrong_rule_fails(monkeypatch):
    monkeypatch.setattr(ad.ops, "OPS", dict(OPS))
    fourth = Op("fourth", "x⁴", lambda x: x**4, lambda x, z: 3 * x * x * x)
    with pytest.raises(GradientMismatch):
        check_grads(lambda x: fourth(x) + x, (1.5,), order=1)


def test_rule_for_a_list_fails(monkeypatch):
    set_rules(monkeypatch, OPS["mean"], lambda xs, z: [1.0] * len(xs))
    with pytest.raises(GradientMismatch, match=r"reverse mode gives 1\.0, differences 0\.33333"):
        check_grads(OPS["mean"], (1.0, 2.0, 3.0), order=1)


def test_message_lists_every_mismatch_with_its_place(monkeypatch):
    break_rule(monkeypatch, "sin", 0, "in sign")

    def f(p, x):
        return {"loss": OPS["sin"](p["w"][1]) + p["w"][0] * x[0, 1], "other": [OPS["sin"](x[0, 0])]}

    with pytest.raises(GradientMismatch) as caught:
        check_grads(f, ({"w": [1.0, 2.0]}, np.array([[0.5, 3.0]])), order=1)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert lines[0] == "check_grads: 2 derivatives are in doubt"
    assert lines[1].startswith(
        f"  ∂f['loss']/∂args[0]['w'][1]: reverse mode gives {-math.cos(2.0)!r}, differences -0.41614"
    )
    assert "; they differ by 0.83, allowed is 4" in lines[1]
    assert lines[2].startswith("  ∂f['other'][0]/∂args[1][0, 0]: reverse mode gives -0.87758")


def test_forward_mode_and_rules_on_values_are_compared(monkeypatch):
    monkeypatch.setattr(
        ad.numeric, "jvp", lambda f, primals, tangents: (None, [1.0 + y for y in ad.jvp(f, primals, tangents)[1]])
    )
    with pytest.raises(
        GradientMismatch, match=r"reverse mode gives 1.0, forward mode 2.0; they differ by 1, allowed is"
    ):
        check_grads(lambda x: x + 1, (2.0,), order=1)
    monkeypatch.undo()
    on_values = lambda x, z: 2 * OPS["cos"](x) if isinstance(x, Value) else math.cos(x)  # noqa: E731
    set_rules(monkeypatch, OPS["sin"], on_values)
    with pytest.raises(GradientMismatch, match=r"reverse mode gives 1.0, by the rules on Values 2.0"):
        check_grads(OPS["sin"], (0.0,), order=1)


KINKS = [  # function, point, and what the message says of the two sides
    (ad.relu, 0.0, "slope is 0 on the left, 1 right"),
    (lambda x: ad.leaky_relu(x, 0.5), 0.0, "slope is 0.5 on the left, 1 right"),
    (lambda x: ad.clamp(x, -1.0, 1.0), 1.0, "slope is 1 on the left, 0 right"),
    (lambda x: ad.relu(x) * 3 + x, 0.0, "slope is 1 on the left, 4 right"),
    (lambda x: ad.relu(x - 1e8), 1e8, "slope is 0 on the left, 1 right"),
    (abs, 5e-324, "slope is -1 on the left, 1 right"),
]


@pytest.mark.parametrize(("f", "x", "sides"), KINKS)
def test_kink_is_explained(f, x, sides):
    with pytest.raises(GradientMismatch, match=sides):
        check_grads(f, (x,), order=1)


JUMPS = [(ad.step, 0.0), (ad.floor, 3.0), (ad.sign, 0.0), (ad.round, 2.5)]
JUMPS += [(ad.floor, 1e8), (lambda x: ad.sign(x - 1e8), 1e8), (lambda x: x % 2.0, 1e10)]


@pytest.mark.parametrize(("f", "x"), JUMPS)
def test_jump_fails(f, x):
    with pytest.raises(GradientMismatch, match="jumps"):
        check_grads(f, (x,), order=1)


def test_jump_of_the_derivative_fails_at_the_second_order():
    check_grads(lambda x: ad.relu(x) ** 2, (0.0,), order=1)
    with pytest.raises(GradientMismatch, match=r"∂²f.*\n.*slope is 0 on the left, 2 right"):
        check_grads(lambda x: ad.relu(x) ** 2, (0.0,), order=2)


@pytest.mark.parametrize(
    ("f", "x"), [(ad.log, 0.0), (ad.sqrt, 0.0), (ad.log, -1.0), (ad.sin, math.inf), (ad.exp, math.nan)]
)
def test_derivative_that_is_not_finite_fails(f, x):
    with pytest.raises(GradientMismatch, match="find_nonfinite"):
        check_grads(f, (x,))


def test_noise_needs_a_tolerance():
    def noisy(x):
        return ad.sin(x) + 0.01 * math.sin(1e9 * x.data)

    with pytest.raises(GradientMismatch) as caught:
        check_grads(noisy, (1.0,), order=1)
    assert "kink" not in str(caught.value)
    check_grads(noisy, (1.0,), order=1, rtol=0.1)


@pytest.mark.parametrize(
    ("args", "order", "message"),
    [
        (1.0, 1, r"args are the tuple of all arguments .* write \(x,\)"),
        ((1.0,), 0, "the order is a whole number from 1 on, not 0"),
        ((1.0,), 1.5, "the order is a whole number"),
        (("1",), 1, "check_grads: argument 0 takes a real number, not str"),
    ],
)
def test_bad_arguments_of_the_check(args, order, message):
    with pytest.raises(OperandError, match=message):
        check_grads(ad.sin, args, order)


def test_bad_result_of_the_checked_function():
    with pytest.raises(OperandError, match="a result of the function must be a real number, not str"):
        check_grads(lambda x: "x", (1.0,))
