"""The names of a program's text in each kind of numbers: rows against eager, gradients against the kind's own.

What is true comes from the kind itself: mpmath's differences, SymPy's diff, JAX's grad.
"""

import builtins
import itertools
import math
import random
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as ad
from autodiff import Value
from autodiff.compiler.namespaces import KINDS, build, namespace
from autodiff.compiler.source import write_source
from autodiff.errors import MissingDependency, OperandError
from autodiff.ops import OPS, NaryOp
from tests.terms import terms

np = pytest.importorskip("numpy")

INF, NAN = math.inf, math.nan
SPECIAL = [0.0, -0.0, INF, -INF, NAN, 1.0, -1.0, 0.5, -0.5, 2.0, 3.0, -2.5, 5e-324, -5e-324, 1e-310, 2.3e-308]
SPECIAL += [1e300, -1e300, sys.float_info.max, 1e16, 1e155, -1e-155, 1e-5, -1e-8, 1 + 2**-52, -1 + 2**-53, 355.0, 11.0]
SPECIAL += [28.0, 40.0, -40.0, -38.4, -39.0, 36.7, -36.7, 26.0, -5.9, 700.0, -700.0, 710.0, -745.2, 750.0, -750.0]
COMPONENT = ("softmax", "direction")  # the first operand says which
WHICH = (*COMPONENT, "select")  # … be it a constant or not
ORDER = ("polygamma", "sinc_n")  # the first operand is the order of a derivative


def ulps(got, want, number=float):
    """How many units in the last place of ``number``'s kind lie between; 0 for two nans."""
    got, want = float(got), float(want)
    if got == want or (math.isnan(got) and math.isnan(want)):
        return 0.0
    if math.isinf(got) and abs(want) == np.finfo(number).max:
        return 1.0
    if not (math.isfinite(got) and math.isfinite(want)):
        return INF
    return abs(got - want) / float(np.spacing(number(max(abs(got), abs(want)))))


def ordinary(rng):
    return rng.choice((rng.uniform(-1, 1), rng.uniform(-5, 5), rng.uniform(-40, 40)))


def wide(rng):
    return rng.choice((-1, 1)) * 10 ** rng.uniform(-300, 300)


def points(name, *kinds):
    """Points of a row, by how many operands they have; ``kinds`` draw an operand."""
    op, rng = OPS[name], random.Random(name)
    counts = (2, 3, 4, 5) if isinstance(op, NaryOp) else (len(op.partials),)
    for n in counts:
        several = [[rng.choice(kinds)(rng) for _ in range(n)] for _ in range(150)]
        if n == 1:
            several += [[draw(rng)] for draw in kinds for _ in range(150)]
        for xs in several:
            if name == "clamp" and not xs[1] <= xs[2]:
                xs[1:] = [-1.0, 2.0]
            if name == "powlog":
                xs[2:] = [float(rng.randrange(4)), float(rng.randrange(4))]
            if name in WHICH:
                xs[0] = float(rng.randrange(n - 1))
            if name in ORDER:
                xs[0] = float(rng.randrange(3))
        yield several


def special(rng):
    return rng.choice(SPECIAL)


def apply(names, name, xs):
    if name == "dot":
        n = len(xs) // 2
        return names["dot"](xs[:n], xs[n : 2 * n], *xs[2 * n :])
    return names[name](*xs)


def columns(name, several):
    """The points as columns; the component stays a number."""
    for component, group in itertools.groupby(
        sorted(several, key=lambda xs: xs[0]) if name in COMPONENT + ORDER else several,
        key=lambda xs: xs[0] if name in COMPONENT + ORDER else 0,
    ):
        group = [*group]
        given_columns = [np.array(column) for column in zip(*group, strict=True)]
        yield group, ([component, *given_columns[1:]] if name in COMPONENT + ORDER else given_columns)


# ---------------------------------------------------------------------------------------------------------------------
# Every kind.
# ---------------------------------------------------------------------------------------------------------------------


def installed():
    for kind in KINDS:
        try:
            namespace(kind)
        except MissingDependency:
            continue
        yield kind


INSTALLED = [*installed()]


@pytest.mark.parametrize("kind", INSTALLED)
def test_every_row_has_a_name(kind):
    assert set(OPS) <= set(namespace(kind))
    assert namespace(kind) is not namespace(kind)


def test_unknown_kind():
    with pytest.raises(OperandError, match="'torch' is none of math, numpy"):
        namespace("torch")


def test_missing_package(monkeypatch):
    imported = builtins.__import__

    def without(name, *rest):
        if name.startswith("jax"):
            raise ImportError(name)
        return imported(name, *rest)

    for name in [name for name in sys.modules if name.startswith("jax")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr("importlib.import_module", without)
    with pytest.raises(MissingDependency, match="pip install jax"):
        build("", "jax")


def network():
    x, y = Value(0.5, label="x"), Value(-1.0, label="y")
    ws = [Value(0.1 * i - 0.3, label=f"w_{i}") for i in range(7)]
    hidden = [ad.tanh(ad.dot(ws[:2], [x, y], ws[2])), ad.relu(ad.dot(ws[3:5], [x, y]) + 0.25)]
    p, q = ad.softmax([*hidden])
    loss = ad.logsumexp([*hidden, 0.3]) - p * ws[5] + q / 3 + ad.max([*hidden, ws[6]]) + ad.norm(hidden) + ad.prod(ws)
    return loss + 0.01 * ad.sum([w**2 for w in ws]) + ad.mean(ws), [x, y], ws


@pytest.mark.parametrize("kind", INSTALLED)
def test_a_network(kind):
    loss, inputs, parameters = network()
    tolerance = 1e-5 if kind == "jax" else 1e-14  # JAX has 32 bits unless told otherwise
    forward, value_and_grad = build(write_source(loss, inputs, parameters), kind)
    at = [x.data for x in inputs], [w.data for w in parameters]
    value, d_inputs, d_parameters = value_and_grad(*at)
    assert float(forward(*at)) == pytest.approx(loss.data, rel=tolerance)
    assert float(value) == pytest.approx(loss.data, rel=tolerance)
    for ours, values in ((d_inputs, inputs), (d_parameters, parameters)):
        assert [*map(float, ours)] == pytest.approx(ad.gradients(loss, values), rel=tolerance, abs=tolerance)


@pytest.mark.parametrize("kind", INSTALLED)
def test_several_outputs_with_seeds(kind):
    x = Value(2.0, label="x")
    _, value_and_grad = build(write_source([x * x, x / 4], [x]), kind)
    values, (slope,), _ = value_and_grad([3.0], seeds=[1.0, 8.0])
    assert [*map(float, values)] == [9.0, 0.75]
    assert float(slope) == 8.0


# ---------------------------------------------------------------------------------------------------------------------
# NumPy.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPS)
def test_numpy_is_within_4_ulp_of_eager(name):
    names = namespace("numpy")
    for several in points(name, special, ordinary, wide):
        for group, operands in columns(name, several):
            with np.errstate(all="ignore"):
                got = np.broadcast_to(apply(names, name, operands), len(group))
            for xs, y in zip(group, got, strict=True):
                want = OPS[name].evaluate(xs)
                scale = sum(map(abs, map(float.__mul__, xs, xs[len(xs) // 2 :]))) if name == "dot" else 0.0
                off = ulps(y, want)
                assert off <= 4 or abs(y - want) <= len(xs) * np.spacing(scale), (xs, y, want, off)


@pytest.mark.parametrize(
    ("name", "xs"),
    [
        ("sum", [1e308, 1e308, -1e308]),
        ("sum", [1e16, 1.0, -1e16]),
        ("sum", [INF, 1e308, 1e308]),
        ("mean", [1.7e308, 1.7e308]),
        ("prod", [1e200, 1e200, 1e-200]),
        ("prod", [1e-200, 1e-200, 1e200, 3.0]),
        ("prod", [0.0, INF, 2.0]),
        ("norm", [3e200, 4e200]),
        ("norm", [3e-320, 4e-320]),
        ("norm", [INF, NAN]),
        ("direction", [0.0, 3e-320, 4e-320]),
        ("direction", [1.0, 1e308, 1e308]),
        ("direction", [0.0, INF, NAN]),
        ("direction", [0.0, 0.0, 0.0]),
        ("logsumexp", [-INF, -INF]),
        ("logsumexp", [0.0, -745.0]),
        ("softmax", [0.0, 1e308, -1e308]),
    ],
)
def test_numpy_at_the_ends_of_the_range(name, xs):
    with np.errstate(all="ignore"):
        assert ulps(apply(namespace("numpy"), name, xs), OPS[name].evaluate(xs)) <= 4


def test_products_of_others_at_the_ends_of_the_range():
    ours, theirs = namespace("numpy")["products_of_others"], namespace("math")["products_of_others"]
    for xs in ([1e200, 1e200, 1e-200], [0.0, 3.0, 4.0], [0.0, 0.0, 2.0], [5e-324, 2.0, 1e300], [7.0]):
        with np.errstate(all="ignore"):
            got = ours(*xs)
        assert max(map(ulps, got, theirs(*xs))) <= 4, xs


@pytest.mark.parametrize("name", OPS)
def test_numpy_keeps_single_precision(name):
    names = namespace("numpy")
    single = [lambda rng: float(np.float32(rng.uniform(-3, 3))), lambda rng: float(rng.randrange(-2, 3))]
    for several in points(name, *single):
        for group, operands in columns(name, several):
            operands = [x if isinstance(x, float) else x.astype(np.float32) for x in operands]
            with np.errstate(all="ignore"):
                got = apply(names, name, operands)
            assert np.result_type(got) == np.float32
            for xs, y in zip(group, np.broadcast_to(got, len(group)), strict=True):
                want = OPS[name].evaluate(xs)
                loose = name in ("sum", "mean", "dot", "mod", "logsumexp", "one_minus_square", "powlog")
                loose |= name in ("logaddexp", "logaddexp2")
                assert ulps(y, np.float32(want), np.float32) <= 8 or (loose and abs(y - want) <= 1e-5 * (1 + abs(want)))


def test_columns_broadcast():
    x, w = Value(1.0, label="x"), Value(2.0, label="w")
    _, value_and_grad = build(write_source(x * w + 1, [x], [w]), "numpy")
    value, (d_x,), (d_w,) = value_and_grad([np.arange(4)], [3.0])
    assert value.tolist() == [1.0, 4.0, 7.0, 10.0]
    assert d_x.tolist() == [3.0] * 4  # a number for each sample, though it is the same
    assert d_w.tolist() == [0.0, 1.0, 2.0, 3.0]
    value, (d_x,), _ = value_and_grad([np.arange(4, dtype=np.float32)], [3.0])
    assert value.dtype == d_x.dtype == np.float32


def test_numpy_warns_of_nothing():
    x = Value(1.0, label="x")
    y = 1 / x + ad.log(x) + ad.exp(x) + x**-2 + ad.sqrt(x) + ad.prod([x, x]) + ad.logsumexp([x, -x])
    forward, value_and_grad = build(write_source(y, [x]), "numpy")
    column = np.array([0.0, -1.0, INF, NAN, 1e300, -1e300])
    with np.errstate(all="raise"):  # and pytest makes an error of each warning
        forward([column])
        _, (slope,), _ = value_and_grad([column])
    for at, d in zip(column, slope, strict=True):
        (want,) = build(write_source(y, [x]), "math")[1]([at])[1]
        assert ulps(d, want) <= 100, at


STEPS = ("add", "mul", "sub", "sin", "tanh", "sigmoid", "gelu", "silu", "softplus", "maximum", "atan", "relu", "erf")
STEPS_OF_MANY = ("dot", "max", "logsumexp", "norm", "mean")


@st.composite
def graphs(draw):
    """A graph of bounded results, so that rounding stays in proportion."""
    inputs = [Value(draw(st.integers(-2000, 2000)) / 1000, label=f"x_{i}") for i in range(draw(st.integers(1, 3)))]
    results = [*inputs, 0.75]
    for name in draw(st.lists(st.sampled_from(STEPS + STEPS_OF_MANY), min_size=1, max_size=10)):
        n = 4 if name == "dot" else 3 if name in STEPS_OF_MANY else len(OPS[name].partials)
        operands = [results[draw(st.integers(0, len(results) - 1))] for _ in range(n)]
        results.append(ad.tanh(OPS[name](*operands)))
    return ad.sum([x for x in results if isinstance(x, Value)]), inputs


def agrees(kind, graph, tolerance):
    output, inputs = graph
    value, gradient, _ = build(write_source(output, inputs), kind)[1]([x.data for x in inputs])
    assert float(value) == pytest.approx(output.data, rel=tolerance, abs=tolerance)
    assert [*map(float, gradient)] == pytest.approx(ad.gradients(output, inputs), rel=tolerance, abs=tolerance)


@given(graphs())
def test_random_graphs_on_columns(graph):
    agrees("numpy", graph, 1e-12)


# ---------------------------------------------------------------------------------------------------------------------
# Points where a row is smooth, for the exact kinds.
# ---------------------------------------------------------------------------------------------------------------------

PIECEWISE = (
    "select",
    "sign",
    "step",
    "floor",
    "ceil",
    "round",
    "trunc",
    "compare",
    "mod",
    "fmod",
    "floor_divide",
    "copysign",
)  # constant pieces, or jumps
DOMAINS = {"asin": (-0.9, 0.9), "acos": (-0.9, 0.9), "atanh": (-0.9, 0.9), "acosh": (1.1, 3.0)}
DOMAINS |= dict.fromkeys(("pow", "powlog", "log", "log2", "log10", "log1p", "sqrt", "nonneg"), (0.2, 3.0))
DOMAINS |= {"logit": (0.1, 0.9), **dict.fromkeys(("log1mexp", "xlogy", "xlog1py", "lgamma", "digamma"), (0.2, 3.0))}


def smooth_points(name):
    op, rng = OPS[name], random.Random(name)
    low, high = DOMAINS.get(name, (-3.0, 3.0))
    for n in (2, 3, 5) if isinstance(op, NaryOp) else (len(op.partials),):
        for _ in range(3):
            xs = [rng.uniform(low, high) for _ in range(n)]
            if name == "clamp":
                xs = [xs[0], -1.25, 1.25]
            if name == "powlog":
                xs[2:] = [float(rng.randrange(3)), float(rng.randrange(3))]
            if name in WHICH:
                xs[0] = float(rng.randrange(n - 1))
            if name in ORDER:
                xs[0] = float(rng.randrange(3))
            yield xs


def operands_of(name, xs):
    """Values, and constants where a row needs them."""
    constant = {"powlog": (2, 3)}.get(name, (0,) if name in COMPONENT + ORDER else ())
    return [x if i in constant else Value(x, label=f"x_{i}") for i, x in enumerate(xs)]


# ---------------------------------------------------------------------------------------------------------------------
# mpmath.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPS)
def test_mpmath_rounds_to_eager(name):
    mpmath = pytest.importorskip("mpmath")
    names = namespace("mpmath")
    with mpmath.workdps(400 if name in ("mod", "fmod", "floor_divide") else 50):
        for several in points(name, special, ordinary):
            for xs in several[:100]:
                if name in ("atan2", "copysign") and 0 in xs:  # mpmath has no negative zero
                    continue
                got, want = apply(names, name, xs), OPS[name].evaluate(xs)
                slack = len(xs) * 2**-51 * max(map(abs, xs)) if name in ("dot", "logsumexp") else 3e-323
                slack += 2**-51 * terms(name, 0, xs)
                assert ulps(got, want) <= 4 or abs(got - want) <= slack, (xs, got, want)


@pytest.mark.parametrize("name", [name for name in OPS if name not in PIECEWISE and OPS[name].flows])
def test_mpmath_has_the_gradient_to_50_digits(name):
    mpmath = pytest.importorskip("mpmath")
    for xs in smooth_points(name):
        operands = operands_of(name, xs)
        inputs = [x for x in operands if isinstance(x, Value)]
        forward, value_and_grad = build(write_source(OPS[name](*operands), inputs), "mpmath")
        with mpmath.workdps(50):
            at = [mpmath.mpf(x.data) for x in inputs]
            _, gradient, _ = value_and_grad(at)
            for i, slope in enumerate(gradient):
                order = tuple(int(i == j) for j in range(len(at)))
                want = mpmath.diff(lambda *ys, forward=forward: forward(ys), tuple(at), order)
                assert abs(slope - want) <= mpmath.mpf("1e-45") * (1 + abs(want)), (xs, i)


def test_the_precision_is_that_of_the_call():
    mpmath = pytest.importorskip("mpmath")
    x = Value(2.0, label="x")
    _, value_and_grad = build(write_source(ad.log2(x) + ad.erf(x) + x / 3, [x]), "mpmath")
    for digits in (30, 80):
        with mpmath.workdps(digits + 10):
            want = 1 / (2 * mpmath.log(2)) + 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-4) + mpmath.mpf(1) / 3
        with mpmath.workdps(digits):
            (slope,) = value_and_grad([2])[1]
            assert abs(slope - want) < mpmath.mpf(10) ** (2 - digits)


def test_another_context():
    mpmath = pytest.importorskip("mpmath")
    context = mpmath.mp.clone()
    context.dps = 60
    x = Value(2.0)
    value = build(write_source(ad.exp(x), [x]), "mpmath", context)[0]([1])
    assert abs(value - context.e) < context.mpf("1e-58")


# ---------------------------------------------------------------------------------------------------------------------
# SymPy.
# ---------------------------------------------------------------------------------------------------------------------


def symbolic(output, inputs):
    sympy = pytest.importorskip("sympy")
    symbols = [sympy.Symbol(x.label, real=True) for x in inputs]
    value, gradient, _ = build(write_source(output, inputs), "sympy")[1](symbols)
    return symbols, value, gradient


@pytest.mark.parametrize("name", OPS)
def test_sympy_has_eager_values_and_slopes(name):
    pytest.importorskip("sympy")
    for xs in itertools.islice(smooth_points(name), 5):
        operands = operands_of(name, xs)
        inputs = [x for x in operands if isinstance(x, Value)]
        output = OPS[name](*operands)
        symbols, value, gradient = symbolic(output, inputs)
        at = {symbol: x.data for symbol, x in zip(symbols, inputs, strict=True)}
        for formula, want in zip((value, *gradient), (output.data, *ad.gradients(output, inputs)), strict=True):
            assert float(formula.subs(at)) == pytest.approx(want, rel=1e-12, abs=1e-14), (xs, formula)


CLOSED = ["square", "sin", "tan", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "reciprocal"]
CLOSED += ["asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "atanh", "erf", "erfc", "sigmoid", "softplus"]
CLOSED += ["log_sigmoid", "silu", "gelu", "atan2", "hypot", "mul", "div", "pow", "sum", "prod", "dot", "mean"]
CLOSED += ["logsumexp", "norm", "sech", "half_sech", "gaussian", "normal_pdf", "rhypot", "one_minus_square"]


@pytest.mark.parametrize("name", CLOSED)
def test_sympy_agrees_with_its_own_derivative(name):
    sympy = pytest.importorskip("sympy")
    operands = operands_of(name, next(iter(smooth_points(name))))
    symbols, value, gradient = symbolic(OPS[name](*operands), operands)
    for symbol, slope in zip(symbols, gradient, strict=True):
        difference = (slope - sympy.diff(value, symbol)).rewrite(sympy.exp)
        assert sympy.simplify(sympy.simplify(difference)) == 0


def test_sympy_forms():
    sympy = pytest.importorskip("sympy")
    x = sympy.Symbol("x", real=True)
    forms = [
        (lambda v: v * v, 2 * x),
        (lambda v: 0.1 * v**3, sympy.Rational(3, 10) * x**2),
        (ad.tanh, sympy.sech(x) ** 2),
        (lambda v: v / 3, sympy.Rational(1, 3)),
        (ad.relu, sympy.Piecewise((1, x > 0), (0, True))),
        (ad.elu, sympy.Piecewise((1, x > 0), (sympy.exp(x), True))),
        (lambda v: 2**v, 2**x * sympy.log(2)),
        (abs, sympy.sign(x)),
    ]
    for f, form in forms:
        v = Value(0.7, label="x")
        assert symbolic(f(v), [v])[2] == (form,)


def test_sympy_two_paths():
    sympy = pytest.importorskip("sympy")
    y = Value(1.0, label="y")
    (symbol,), _, (slope,) = symbolic((2 * y) ** 2 * ad.sin(y), [y])
    assert sympy.simplify(slope - 8 * symbol * sympy.sin(symbol) - 4 * symbol**2 * sympy.cos(symbol)) == 0


# ---------------------------------------------------------------------------------------------------------------------
# JAX.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def jax():
    jax = pytest.importorskip("jax")
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield jax
    jax.config.update("jax_enable_x64", before)


@pytest.mark.parametrize("name", OPS)
def test_jax_has_eager_values(name, jax):
    names = namespace("jax")
    for several in points(name, lambda rng: rng.choice((0.0, 1.0, -1.0, INF, -INF, NAN)), ordinary):
        for group, operands in columns(name, several):
            got = np.asarray(apply(names, name, operands))
            for xs, y in zip(group, np.broadcast_to(got, len(group)), strict=True):
                want = OPS[name].evaluate(xs)
                if 0 < abs(want) < 1e-290:  # XLA has no subnormal numbers, and loses some digits before
                    continue
                assert float(y) == pytest.approx(want, rel=1e-13, abs=1e-14, nan_ok=True), xs


@pytest.mark.parametrize("name", [name for name in OPS if name not in PIECEWISE])
def test_jax_differentiates_by_the_table(name, jax):
    """Its own gradient of the value, to the second order, is eager's, and the text's."""
    for xs in itertools.islice(smooth_points(name), 0, None, 3):
        operands = operands_of(name, xs)
        inputs = [x for x in operands if isinstance(x, Value)]
        output = OPS[name](*operands)
        forward, value_and_grad = build(write_source(output, inputs), "jax")
        at = [x.data for x in inputs]
        first = ad.gradients(output, inputs, create_graph=True)
        assert [*map(float, jax.grad(forward)(at))] == pytest.approx([*map(number, first)], rel=1e-12, abs=1e-13)
        assert [*map(float, value_and_grad(at)[1])] == pytest.approx([*map(number, first)], rel=1e-12, abs=1e-13)
        second = [ad.gradients(slope, inputs) for slope in first]
        for hessian in (jax.hessian(forward)(at), jax.jacobian(lambda ys, f=value_and_grad: f(ys)[1])(at)):
            for ours, theirs in zip(hessian, second, strict=True):
                assert [*map(float, ours)] == pytest.approx(theirs, rel=1e-10, abs=1e-11)


def number(x):
    return x.data if isinstance(x, Value) else x


EDGES = [
    (lambda x: x**2, 0.0),
    (lambda x: x**3, 0.0),
    (ad.abs, 0.0),
    (ad.relu, 0.0),
    (ad.sqrt, 4.0),
    (lambda x: ad.hypot(x, 0.0), 0.0),
    (lambda x: ad.atan2(x, x), 0.0),
    (lambda x: ad.norm([x, x]), 0.0),
    (lambda x: ad.where(ad.step(x), ad.log(x + 1), x * x), 0.0),
    (ad.sigmoid, 800.0),
    (ad.sigmoid, -700.0),
    (ad.softplus, -700.0),
    (ad.tanh, 400.0),
    (ad.gelu, 50.0),
    (ad.silu, 1000.0),
    (ad.elu, 1000.0),
    (lambda x: ad.logsumexp([x, -x]), 1000.0),
    (lambda x: ad.prod([x, x, 3.0]), 0.0),
    (lambda x: ad.max([x, x, 1.0]), 1.0),
    (lambda x: ad.maximum(x, 0.0), 0.0),
    (lambda x: ad.clamp(x, -1, 1), 1.0),
]


@pytest.mark.parametrize(("f", "at"), EDGES)
def test_jax_has_no_nan_where_eager_has_none(f, at, jax):
    x = Value(at, label="x")
    forward, _ = build(write_source(f(x), [x]), "jax")

    def theirs(y):
        return forward([y])

    for order in range(4):
        ours = ad.derivative(f, at, order)
        assert float(theirs(at)) == pytest.approx(ours, rel=1e-11, abs=1e-290, nan_ok=True), order
        theirs = jax.grad(theirs)


@settings(max_examples=50, deadline=None)
@given(graph=graphs())
def test_random_graphs_in_jax(graph):
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        agrees("jax", graph, 1e-11)


def test_jit_and_vmap(jax):
    loss, inputs, parameters = network()
    forward, value_and_grad = build(write_source(loss, inputs, parameters), "jax")
    rng = np.random.default_rng(0)
    xs, ws = rng.normal(size=(2, 5)), [w.data for w in parameters]
    value, d_inputs, d_parameters = jax.jit(value_and_grad)(xs, ws)
    assert value.shape == d_inputs[0].shape == d_parameters[3].shape == (5,)
    mapped = jax.vmap(value_and_grad, in_axes=(1, None))(xs, ws)
    summed = jax.jit(jax.grad(lambda ws: forward(xs, ws).sum()))(ws)
    columnwise = build(write_source(loss, inputs, parameters), "numpy")[1](xs, ws)
    for theirs in ((value, d_inputs, d_parameters), mapped):
        for ours, other in zip(jax.tree.leaves(columnwise), jax.tree.leaves(theirs), strict=True):
            np.testing.assert_allclose(other, ours, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(summed, [d.sum() for d in columnwise[2]], rtol=1e-12, atol=1e-13)


def test_jax_keeps_single_precision(jax):
    x, w = Value(1.0, label="x"), Value(2.0, label="w")
    y = ad.gelu(x * w) + ad.max([x, w]) + ad.relu(x) + x**2.5 + ad.logsumexp([x, w, 1.0])
    value, (d_x,), (d_w,) = build(write_source(y, [x], [w]), "jax")[1]([np.float32([1, 2])], [np.float32(2)])
    assert value.dtype == d_x.dtype == d_w.dtype == np.float32
