"""Sums and means over samples and of many operands, in every engine: as good as the exact ones."""

from __future__ import annotations

import math
import warnings
from fractions import Fraction

import pytest

import autodiff as ad
from autodiff import Value

np = pytest.importorskip("numpy")
namespace = pytest.importorskip("autodiff.compiler.namespaces").namespace
INF, NAN = math.inf, math.nan

SAMPLES = {
    "beyond the range": [1e308] * 4,
    "beyond the range below": [-1.7e308] * 3,
    "partial sums beyond it": [1e308] * 3 + [-1e308] * 3 + [5.0],
    "cancelling": [1e16, 1.0, -1e16],
    "across chunks": [1e17] + [0.1] * 1000 + [-1e17],
    "tiny": [5e-324] * 3,
    "wide": [1e300, 1e-300, 1e-320],
    "one": [0.1],
}
NOT_FINITE = {  # the sum in IEEE arithmetic without limits of range
    "below, after an overflow": ([1e308, 1e308, -INF], -INF),
    "below, before an overflow": ([-INF, 1e308, 1e308], -INF),
    "below, amid": ([1e308, -INF, 1e308], -INF),
    "above, after an overflow below": ([-1e308, -1e308, INF], INF),
    "above": ([INF, 1e308, 1e308], INF),
    "both": ([INF, 1.0, -INF], NAN),
    "both, after an overflow": ([1e308, 1e308, INF, -INF], NAN),
    "nan": ([1e308, 1e308, NAN], NAN),
    "nan and infinity": ([NAN, INF], NAN),
}


def exact(xs, mean=False):
    total = sum(map(Fraction, xs)) / (len(xs) if mean else 1)
    return float(total) if abs(total) < Fraction(2) ** 1024 else (INF if total > 0 else -INF)


def same(x, y):
    return x == y or (x != x and y != y)


@pytest.fixture(params=["auto", "source"])
def program(request):
    x, w = Value(1.0), Value(1.0)
    return ad.compile(x * w, [x], [w], engine=request.param)


@pytest.mark.parametrize("xs", SAMPLES.values(), ids=SAMPLES)
def test_over_samples(program, xs):
    for reduce, own in (("sum", ad.sum), ("mean", ad.mean)):
        want = exact(xs, reduce == "mean")
        assert own(xs) == want
        found, _ = program.value_and_grad(xs, reduce=reduce)
        assert type(found) is float
        # In twice the digits of a float: what that leaves of numbers so much larger is less than this.
        assert same(found, want) or abs(found - want) <= math.ulp(want) + 1e-30 * math.fsum(map(abs, xs))


@pytest.mark.parametrize("xs", SAMPLES.values(), ids=SAMPLES)
@pytest.mark.parametrize("wrt", ["parameters", "both"])
def test_gradients_over_samples(program, xs, wrt):
    for reduce in ("sum", "mean"):
        want = exact(xs, reduce == "mean")
        gradient = program.value_and_grad(xs, reduce=reduce, wrt=wrt)[1]
        found = float((gradient[0] if wrt == "both" else gradient)[0])
        assert same(found, want) or abs(found - want) <= math.ulp(want) + math.fsum([1e-30 * abs(x) for x in xs])


@pytest.mark.parametrize(("xs", "want"), NOT_FINITE.values(), ids=NOT_FINITE)
def test_infinities_decide_in_gradients(program, xs, want):
    for reduce in ("sum", "mean"):
        assert same(program.value_and_grad(xs, reduce=reduce)[1][0], want)


def test_gradients_of_what_is_done_once_and_of_what_is_not():
    """The slope to w comes through tanh(w), computed once; that to v is the same for all samples."""
    x, w, v = Value(1.0), Value(0.5), Value(2.0)
    xs = [1e16, 1.0, -1e16, 3.0]
    for engine in ("auto", "source"):
        program = ad.compile(ad.tanh(w) * x + v, [x], [w, v], engine=engine)
        to_w, to_v = program.value_and_grad(xs, reduce="sum")[1]
        assert to_v == 4.0
        assert math.isclose(to_w, 4.0 * ad.grad(ad.tanh)(0.5), rel_tol=1e-15)


def test_the_same_bits_with_any_number_of_threads():
    rng = np.random.default_rng(0)
    xs = rng.normal(size=40_000) * 10.0 ** rng.integers(0, 16, 40_000)
    x, w, v = Value(1.0), Value(0.5), Value(2.0)
    program = ad.compile(ad.sin(w * x) * v + w, [x], [w, v])
    alone = program.value_and_grad(xs, threads=1)[1].tolist()
    assert [program.value_and_grad(xs, threads=n)[1].tolist() for n in (2, 3, 7)] == [alone] * 3


@pytest.mark.parametrize("n", [3, 100, 5000])
def test_weights_of_a_dense_layer_are_summed_plainly(n):
    """The documented bound: n·ε·Σ|g|, of the samples in a chunk, for what is summed in registers."""
    rng = np.random.default_rng(n)
    xs = rng.normal(size=(8, n)) * 10.0 ** rng.integers(0, 12, (8, n))
    inputs, weights = [Value(x) for x in xs[:, 0]], [[Value(0.1) for _ in range(8)] for _ in range(8)]
    outputs = [ad.dot(row, inputs) for row in weights]
    program = ad.compile(ad.sum(outputs), inputs, [w for row in weights for w in row])
    gradient = program.value_and_grad(xs, reduce="sum")[1]
    for i, column in enumerate(xs.tolist() * 8):
        assert abs(gradient[i] - math.fsum(column)) <= n * 2.0**-53 * math.fsum(map(abs, column))


def test_the_gradient_of_a_mean_stays_within_the_range(program):
    assert program.value_and_grad([1e308] * 4)[1].tolist() == [1e308]
    assert program.value_and_grad([1e308] * 4, wrt="both")[1][1].tolist() == [[0.25] * 4]


@pytest.mark.parametrize(("xs", "want"), NOT_FINITE.values(), ids=NOT_FINITE)
def test_infinities_decide(program, xs, want):
    for reduce, own in (("sum", ad.sum), ("mean", ad.mean)):
        assert same(own(xs), want)
        assert same(program.value_and_grad(xs, reduce=reduce)[0], want)


@pytest.mark.parametrize(("xs", "want"), NOT_FINITE.values(), ids=NOT_FINITE)
@pytest.mark.parametrize("row", [ad.sum, ad.mean])
@pytest.mark.parametrize("engine", ["auto", "source"])
def test_infinities_decide_among_operands(row, engine, xs, want):
    values = [Value(x) for x in xs]
    assert same(row(values).data, want)
    program = ad.compile(row(values), values, engine=engine)
    assert same(program(*xs), want)
    assert same(program(*[[x] * 9 for x in xs])[8], want)  # on lanes


@pytest.mark.parametrize(("xs", "want"), NOT_FINITE.values(), ids=NOT_FINITE)
@pytest.mark.parametrize("kind", ["math", "numpy", "jax"])
def test_infinities_decide_in_namespaces(kind, xs, want):
    if kind == "jax":
        jax = pytest.importorskip("jax")
        with jax.experimental.enable_x64():
            assert same(float(namespace("jax")["sum"](*xs)), want)
    else:
        assert same(float(namespace(kind)["sum"](*xs)), want)


LOUD = {
    "overflow": lambda x: ad.exp(1000 * x),
    "division by zero": lambda x: 1 / (x - x),
    "logarithm": lambda x: ad.log(x - 2),
    "underflow": lambda x: ad.exp(-745 * x) * 0.1,
    "inexact": lambda x: x / 3,
    "invalid": lambda x: ad.exp(1000 * x) - ad.exp(1000 * x),
}


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("engine", ["auto", "source"])
@pytest.mark.parametrize("f", LOUD.values(), ids=LOUD)
def test_nobodys_errstate_reaches_into_a_program_and_no_warning_out(f, engine, precision):
    x, w = Value(1.0), Value(1.0)
    program = ad.compile(f(x) * w, [x], [w], engine=engine, precision=precision)
    columns = [1.0, 1e300, -1e300, 1e-300, 0.0, INF, NAN]
    with np.errstate(all="ignore"):
        quiet = (
            program(columns),
            *[program.value_and_grad(columns, wrt="both", reduce=r) for r in ("sum", "mean", None)],
        )
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        loud = program(columns), *[program.value_and_grad(columns, wrt="both", reduce=r) for r in ("sum", "mean", None)]
        program([1.0], parameters=np.array([1e300]))
        program.verify(1.0)
    assert repr(quiet) == repr(loud)


@pytest.mark.parametrize(
    ("engine", "n"),
    [
        *[(engine, n) for engine in ("auto", "source") for n in (5, 16, 17, 33, 100)],
        ("auto", 301),
        pytest.param("source", 301, marks=pytest.mark.nightly),  # a text of n² lines
    ],
)
def test_softmax_of_many_operands_is_within_4_ulp(engine, n):
    columns = np.random.default_rng(n).normal(size=(n, 9)) * [0.1, 1, 1, 1, 5, 5, 5, 30, 30]
    values = [Value(x) for x in columns[:, 0]]
    p, total = ad.softmax(values)[0], ad.logsumexp(values)
    found = ad.compile([p, total, *ad.gradients(total, values, create_graph=True)], values, engine=engine)(columns)
    slopes = ad.compile(p, values, engine=engine).value_and_grad(columns, reduce=None)[1]
    second = ad.compile(ad.gradients(p, values, create_graph=True), values, engine=engine)(columns)
    for here, of_p, again, xs in zip(found.T, slopes.T, second.T, columns.T.tolist(), strict=True):
        values = [Value(x) for x in xs]
        p = ad.softmax(values)
        far = [
            abs(x - y) / math.ulp(y) for x, y in zip(here, [p[0].data, ad.logsumexp(xs), *ad.softmax(xs)], strict=True)
        ]
        assert max(far) <= 4
        # A derivative is a product of two shares, with another operation each.
        for x, y, z in zip(of_p, again, ad.gradients(p[0], values), strict=True):
            assert abs(x - z) <= 8 * math.ulp(z)
            assert abs(y - z) <= 8 * math.ulp(z)


@pytest.mark.parametrize("n", [5, 17, 33])
@pytest.mark.parametrize("engine", ["auto", "source"])
def test_derivatives_of_softmax_against_the_truth(engine, n):
    """The first, p·q, to 4 ulp; the second, a difference of two products of shares, to 8 ulp of these."""
    from mpmath import mp

    columns = np.random.default_rng(n).normal(size=(n, 9)) * [0.1, 1, 1, 1, 5, 5, 5, 30, 30]
    values, pairs = [Value(x) for x in columns[:, 0]], [(j, k) for j in (0, 1) for k in (0, 1, n // 2, n - 1)]
    p = ad.softmax(values)[0]
    first = ad.gradients(p, values, create_graph=True)
    rows = [ad.gradients(first[j], values, create_graph=True) for j in (0, 1)]
    slopes = ad.compile(p, values, engine=engine).value_and_grad(columns, reduce=None)[1]
    again = ad.compile(first, values, engine=engine)(columns)
    second = ad.compile([rows[j][k] for j, k in pairs], values, engine=engine)(columns)
    for of_p, of_graph, found, xs in zip(slopes.T, again.T, second.T, columns.T.tolist(), strict=True):
        with mp.workdps(50):
            powers = [mp.exp(mp.mpf(x) - max(xs)) for x in xs]
            q = [power / mp.fsum(powers) for power in powers]
            for j in range(n):
                true = q[0] * ((j == 0) - q[j])
                for x in (of_p[j], of_graph[j]):
                    assert abs(x - true) <= 4 * math.ulp(float(abs(true)))
            for (j, k), x in zip(pairs, found, strict=True):
                terms = q[0] * ((j == 0) - q[j]) * ((k == 0) - q[k]), q[0] * q[j] * ((j == k) - q[k])
                assert abs(x - (terms[0] - terms[1])) <= 8 * math.ulp(float(abs(terms[0]) + abs(terms[1])))


def test_logsumexp_of_a_great_many_operands():
    xs = np.random.default_rng(0).uniform(-3, 0, 5000).tolist()
    values = [Value(x) for x in xs]
    found = ad.compile(ad.logsumexp(values), values)(*xs)
    assert abs(found - ad.logsumexp(xs)) <= 4 * math.ulp(found)
