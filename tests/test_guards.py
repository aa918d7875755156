"""Functions with branches, compiled: values and gradients are right for every sample, whatever was recorded first."""

import asyncio
import copy
import math
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import autodiff as ad
from autodiff import CompileError, Value, VerificationError
from autodiff.compiler import traces
from autodiff.compiler.namespaces import build

ENGINES = pytest.mark.parametrize("engine", ["source", "machine"])
RNG = np.random.default_rng(7)
X = np.concatenate([RNG.normal(0.0, 1.5, (2, 16)), [[0.0, 1.0, -1.0, 1.0], [0.0, 1.0, 1.0, -1.0]]], axis=1)


def five(x, y):
    if x > 1:
        return x * y if y > 0 else x - y * y
    if x < -1:
        return ad.exp(x) * y
    return ad.sin(y) if y > x else x**3


def loop(x, y):
    s = x * 0.0
    while s < abs(y):
        s = s + x * x + 0.5
    return s * y


def newton(x, y):
    """The square root, until it stands."""
    root = x * x + 1.0
    step = root
    while abs(step) > 1e-9:
        step = (root * root - (x * x + 1.0)) / (2.0 * root)
        root = root - step
    return root * y


def sorts(x, y):
    low, middle, high = sorted([x, y, x * y])
    return low - 2.0 * middle + high * high


def chained(x, y):
    return x * y if -1 < x < 1 < y + 1.5 else x + y


def index(x, y):
    return [x, y, x * y][(x > 0) + (y > 0)]


def table(x, y):
    return {True: x * x, False: y}[x > y]


def counts(x, y):
    return sum(v > 0 for v in (x, y, x + y)) * x


def truthy(x, y):
    return (x or y) * 2.0 if (x and y) else y - 1.0


def numpys(x, y):
    return np.maximum(np.array([x, y]), np.array([y, 0.5 * x])).sum() + np.where(np.array([x > 0]), x, y)[0]


def clips(x, y):
    return min(max(x, -1.0), 1.0) * y


def short(x, y):
    return 2.0 if x > 0 else y


def nested(x, y):
    inner = ad.derivative(lambda t: t * t * t if t > y else t * y, x)
    return inner * x


def gate(x, y):
    return ad.relu(x) * y if not (x > y) else ad.where(y > 0, x, y * y)


def without_recording(x, y):
    with ad.no_grad():
        large = x * x > 1.0
        scale = x * 2.0
    return x * y if large else y * scale


def detached(x, y):
    return (x * y).detach() * x if x.detach() > 0 else y


def in_the_domain(x, y):
    return ad.log(x) * y if x > 0 else ad.sqrt(-x) + y


def floors(x, y):
    return y * int(ad.floor(x) > 0) + range(3)[int(y > 0)] * x


def equals(x, y):
    if x == y:
        return x * 5.0
    return y if x != 0 else x + y


def member(x, y):
    return x * 3.0 if x in [y, 1.0] else y


FUNCTIONS = [
    *(five, loop, newton, sorts, chained, index, table, counts, truthy, numpys, clips, short, nested, gate),
    *(without_recording, detached, in_the_domain, floors, equals, member),
]


def eager(f, samples, parameters=()):
    values, slopes = [], []
    for sample in samples.T.tolist():
        xs = [*map(Value, sample)]
        z = f(*xs)
        values.append(z.data if isinstance(z, Value) else z)
        slopes.append(ad.gradients(z, xs) if isinstance(z, Value) else [0.0] * len(xs))
    return np.array(values), np.array(slopes).T


def close(here, there, ulps=16):
    with np.errstate(invalid="ignore"):  # inf - inf
        near = np.abs(here - there) <= ulps * np.spacing(np.abs(there))
    assert np.all((here == there) | near), (here, there)


@ENGINES
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_every_sample_takes_its_own_branch(f, engine):
    values, slopes = eager(f, X)
    program = ad.compile(f, engine=engine)
    close(program(*X), values)
    each, dX = program.value_and_grad(*X, reduce=None)
    close(each, values)
    close(dX, slopes)
    total, dX = program.value_and_grad(*X, reduce="sum")
    assert total == pytest.approx(math.fsum(values), rel=1e-14)
    close(dX, slopes)
    mean, dX = program.value_and_grad(*X)
    assert mean == pytest.approx(np.mean(values), rel=1e-13)
    np.testing.assert_allclose(dX * X.shape[1], slopes, rtol=1e-13)
    program.verify(*X, rows=20)
    # The order in which samples come, alone or together, decides nothing.
    for sample, value in zip(X.T[::-1], values[::-1], strict=True):
        close(program(*sample.tolist()), value)
    close(ad.compile(f, engine=engine)(*X[:, ::-1]), values[::-1])


@pytest.mark.parametrize("f", [five, loop, sorts, in_the_domain, detached], ids=lambda f: f.__name__)
def test_the_text_has_every_branch(f):
    program = ad.compile(f, engine="source")
    program(*X[:, :1])
    known = eager(f, X)
    forward, _ = build(program.source(), "numpy")
    first = np.asarray(forward(list(X)))
    assert np.isnan(first).any()  # of the others it says nothing yet
    close(first[~np.isnan(first)], known[0][~np.isnan(first)])
    program(*X)
    for kind in ("numpy", "math"):
        forward, value_and_grad = build(program.source(), kind)
        columns = [X] if kind == "numpy" else X.T[:, :, None]
        for i, column in enumerate(columns):
            samples = slice(None) if kind == "numpy" else slice(i, i + 1)
            xs = [row if kind == "numpy" else float(row[0]) for row in column]
            close(np.asarray(forward(xs)), known[0][samples])
            np.testing.assert_allclose(value_and_grad(xs)[1], known[1][:, samples].reshape(np.shape(xs)), rtol=1e-14)


@ENGINES
def test_parameters_take_part(engine):
    w = Value(2.0)

    def f(x):
        return w * x if w * x > 1 else x * x * w * w

    samples = np.linspace(-2.0, 2.0, 9)
    program = ad.compile(f, parameters=[w], engine=engine)
    for number in (2.0, -1.0, 0.1):
        expected = [number * x if number * x > 1 else (number * x) ** 2 for x in samples]
        slopes = [x if number * x > 1 else 2 * x * x * number for x in samples]
        np.testing.assert_allclose(program(samples, parameters=[number]), expected, rtol=1e-14)
        value, gradient = program.value_and_grad(samples, parameters=[number], reduce="sum")
        assert (value, gradient[0]) == pytest.approx((sum(expected), sum(slopes)), rel=1e-14)
        both = program.value_and_grad(samples, parameters=[number], reduce="sum", wrt="both")
        np.testing.assert_allclose(both[1][0], gradient, rtol=1e-14)
    assert w.data == 2.0
    w.data = -1.0
    assert program.backward(samples, reduce="sum") == pytest.approx(
        sum([-x if -x > 1 else x * x for x in samples]), rel=1e-14
    )


@ENGINES
def test_a_branch_on_a_constant_costs_nothing(engine):
    c = Value(3.0)
    program = ad.compile(lambda x: x * 2 if c > 2 else x, engine=engine)
    assert program([1.0, -1.0]).tolist() == [2.0, -2.0]
    assert "where" not in program.source()
    assert not program._ways[0].decisions


@ENGINES
def test_lists_of_outputs_and_their_shapes(engine):
    program = ad.compile(lambda x: [x, -x] if x > 0 else [x * x, 1.0], engine=engine)
    assert program([2.0, -3.0]).tolist() == [[2.0, 9.0], [-2.0, 1.0]]
    with pytest.raises(CompileError, match=r"a list of 2 .* a single output"):
        ad.compile(lambda x: [x, x] if x > 0 else x, engine=engine)([1.0, -1.0])


@ENGINES
def test_too_many_ways_name_the_line(engine):
    def climbs(x):
        n = 0.0
        while x > n:
            n += 1.0
        return x * n

    line = climbs.__code__.co_firstlineno + 2
    program = ad.compile(climbs, engine=engine)
    few = np.arange(traces.LIMIT - 0.0)
    np.testing.assert_array_equal(program(few), few * few)
    with pytest.raises(
        CompileError, match=rf"more than {traces.LIMIT} ways .* part at .*test_guards\.py:{line}: write"
    ):
        program(np.arange(100.0))
    np.testing.assert_array_equal(program(few), few * few)  # it goes on with those it has


@ENGINES
def test_a_nan_of_the_function_itself_is_no_other_way(engine):
    program = ad.compile(lambda x: ad.log(x) if x < 5 else x, engine=engine)
    found = program([-1.0, 1.0, math.nan, 6.0])
    np.testing.assert_array_equal(found, [math.nan, 0.0, math.nan, 6.0])
    assert len(program._ways) == 2  # nan < 5 is False
    alone = ad.compile(lambda x: ad.log(x) if x < 5 else x, engine=engine)
    for _ in range(2):
        np.testing.assert_array_equal(alone([-1.0, 1.0]), [math.nan, 0.0])
        assert math.isnan(alone.value_and_grad([-1.0, 1.0])[0])
    assert len(alone._ways) == 1


@ENGINES
def test_in_fewer_digits_a_sample_on_the_edge_gets_an_answer(engine):
    edge = 0.1 + np.array([-1e-9, 0.0, 1e-9, 1e-17])
    program = ad.compile(lambda x: x if x > 0.1 else x - 1, precision="float32", engine=engine)
    found = program(edge)
    assert all(min(abs(y - x), abs(y - x + 1)) < 1e-7 for x, y in zip(edge, found, strict=True))
    program = ad.compile(five, precision="float32", engine=engine)
    np.testing.assert_allclose(program(*X[:, :16]), eager(five, X[:, :16])[0], rtol=1e-5)


def test_threads_agree_to_the_last_bit():
    samples = RNG.normal(0.0, 1.5, (2, 20_000))
    one, two = ad.compile(five), ad.compile(five)
    np.testing.assert_array_equal(one(*samples, threads=1), two(*samples, threads=2))
    for (a, b), (c, d) in [
        (one.value_and_grad(*samples, threads=1), two.value_and_grad(*samples, threads=2)),
        (one.value_and_grad(*samples[:, ::-1], threads=1), two.value_and_grad(*samples[:, ::-1], threads=3)),
    ]:
        assert a == c
        np.testing.assert_array_equal(b, d)


def test_threads_that_find_new_branches_at_once():
    program = ad.compile(five)
    program(*X[:, :1])
    expected = eager(five, X)[0]
    results = [None] * 8

    def run(i):
        results[i] = program(*X)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        close(result, expected)


def test_a_trace_holds_in_its_own_context():
    async def main():
        inside = asyncio.Event()

        def f(x):
            return x if x > 0 else -x

        async def traced():
            inside.set()
            return ad.compile(f)([1.0, -2.0]).tolist()

        async def beside():
            await inside.wait()
            v = Value(1.0)
            return (v > 0) is True, bool(v > 0), v.data

        return await asyncio.gather(traced(), beside())

    assert asyncio.run(main()) == [[1.0, 2.0], (False, True, 1.0)]
    seen = []

    def g(x):
        thread = threading.Thread(target=lambda: seen.append((Value(2.0).data, bool(Value(2.0) > 1))))
        thread.start()
        thread.join()
        return x * 2

    program = ad.compile(g)
    assert program([1.0]).tolist() == [2.0]
    assert seen == [(2.0, True)]
    assert not program._ways[0].decisions
    assert isinstance(vars(Value).get("data", None), (type(None), type(Value.label)))  # as fast as before


READS = {
    "data": (lambda x: x * x.data, True),
    "grad": (lambda x: (x * x).backward() or x * x.grad, True),
    "a float derivative": (lambda x: x * ad.gradients(x * x, x), True),
    "a copy": (lambda x: x * copy.copy(x), True),
    "a deep copy": (lambda x: x * copy.deepcopy(x * 1), True),
    "a derivative that is recorded": (lambda x: x * ad.derivative(lambda t: t * t, x), False),
    "detach": (lambda x: x * x.detach(), False),
    "no_grad": (without_recording, False),
    "shown": (lambda x: (f"{x:.3f}", str(x), repr(x > 0)) and x * x, False),
}


@pytest.mark.parametrize("name", READS)
def test_what_is_read_is_frozen_and_verify_says_where(name):
    f, frozen = READS[name]
    if name == "no_grad":
        f = lambda x: without_recording(x, x)  # noqa: E731
    program = ad.compile(f)
    program([2.0])
    if not frozen:
        program.verify([2.0, 3.0, -0.5])
        return
    with pytest.raises(VerificationError, match=r"reads the number of a Value at \S*test_guards\.py:\d+, .* frozen"):
        program.verify([2.0, 3.0])


def test_a_program_with_branches_is_copied():
    for again in (copy.copy, copy.deepcopy, lambda program: pickle.loads(pickle.dumps(program))):
        program = ad.compile(five)
        program(*X[:, :4])
        close(again(program)(*X), eager(five, X)[0])


def test_chance_in_a_branch_ends_with_an_answer():
    coin = np.random.default_rng(1)
    program = ad.compile(lambda x: x if x * coin.normal() > 0 else -x)
    assert set(np.abs(program(np.ones(200)))) == {1.0}


def stopped(w, x):
    return ad.sqrt(ad.relu(w * x)).detach()


# Below what passes no gradient on a derivative is infinite: 0·∞ must not come out of it.
STOPPED = {
    "a guard": lambda x, w, b: x * b if ad.log(abs(w * x)) < 9 else b,
    "detach": lambda x, w, b: stopped(w, x) * b,
    "a comparison": lambda x, w, b: (1 / (w * x) > 0) * b,
    "where": lambda x, w, b: ad.where(ad.log(w * x) > 0, b, x),
    "dot": lambda x, w, b: ad.dot([1 / (w * x) > 0, x], [b, b]),
    "no_grad": lambda x, w, b: unrecorded(w * x) * b,
}


def unrecorded(x):
    with ad.no_grad():
        return ad.sqrt(ad.relu(x))


@ENGINES
@pytest.mark.parametrize("name", STOPPED)
def test_nothing_flows_through_what_passes_no_gradient_on(name, engine):
    f = STOPPED[name]
    w, b = Value(2.0), Value(1.5)
    samples = [-1.0, 0.0, 2.0]
    program = ad.compile(lambda x: f(x, w, b), parameters=[w, b], engine=engine)
    slopes = [ad.gradients(f(x, w, b), [x, w, b]) for x in map(Value, samples)]
    _, (for_parameters, for_inputs) = program.value_and_grad(samples, reduce="sum", wrt="both")
    np.testing.assert_allclose(for_inputs[0], [slope[0] for slope in slopes], rtol=1e-14)
    np.testing.assert_allclose(for_parameters, np.sum([slope[1:] for slope in slopes], axis=0), rtol=1e-14)
    assert np.isfinite(for_parameters).all()


@ENGINES
def test_a_comparison_may_be_the_result(engine):
    columns = [-3.0, 1.0, 2.0], [1.0, -2.0, 2.0]
    for f, wanted in [
        (lambda x, y: x > y, [0, 1, 0]),
        (lambda x, y: ~(x > 0), [1, 0, 0]),
        (lambda x, y: (x > 0) & (y > 0), [0, 0, 1]),
        (lambda x, y: x == y, [0, 0, 1]),
        (lambda x, y: [x > y, y], [[0, 1, 0], [1, -2, 2]]),
        (lambda x, y: np.array([x > y, y]), [[0, 1, 0], [1, -2, 2]]),
    ]:
        np.testing.assert_array_equal(ad.compile(f, engine=engine)(*columns), wanted)
    x, y = Value(1.0), Value(2.0)
    np.testing.assert_array_equal(ad.compile(x > y, [x, y], engine=engine)(*columns), [0, 1, 0])
    np.testing.assert_array_equal(ad.compile([x > y, x], [x, y], engine=engine)(*columns), [[0, 1, 0], columns[0]])


@ENGINES
def test_a_whole_number_is_an_index(engine):
    program = ad.compile(lambda x, i: [x, -x, x * x][i] * len(range(i)), engine=engine)
    np.testing.assert_array_equal(program([2.0, 3.0, 4.0, 5.0], [0, 1, 2, 1]), [0.0, -3.0, 32.0, -5.0])
    with pytest.raises(TypeError, match=r"use v\.data"):
        [1, 2][Value(1.0)]
    with pytest.raises(TypeError, match=r"use v\.data"):
        program([2.0], [0.5])


def test_constants_are_those_of_the_first_recording():
    k = Value(2.0)
    program = ad.compile(lambda x: k * x if x > 0 else -(k + 0.0) * x)
    program([1.0])
    k.data = 10.0
    assert program([1.0, -1.0]).tolist() == [2.0, 2.0]
    assert k.data == 10.0


def test_threads_that_the_function_starts_are_traced():
    with ThreadPoolExecutor(2) as pool:

        def f(x, y):
            positive = x > y
            asked = pool.submit(lambda: 1.0 if positive else 0.0).result()
            return sum(pool.map(lambda v: v * 2 if v > 0 else v * 3, [x, y])) + asked

        program = ad.compile(f)
        assert program([-3.0, 1.0, 2.0], [1.0, -2.0, 1.0]).tolist() == [-7.0, -3.0, 7.0]
        reading = ad.compile(lambda x: x * pool.submit(lambda: x.data).result())
        reading([1.0])
        assert [place.rpartition(":")[0] for place in reading.reads] == [__file__]


TRANSFORMS = {
    "grad": lambda x: ad.grad(lambda a: a**3)(x),
    "derivative": lambda x: ad.derivative(lambda a: a**3, x),
    "jvp": lambda x: ad.jvp(lambda a: a**3, (x,), (1.0,))[1],
    "jacobian": lambda x: ad.jacobian(lambda a: [a**3, a])(x)[0],
    "hessian": lambda x: ad.hessian(lambda a: a[0] ** 4 / 4)([x])[0][0],
    "vjp": lambda x: ad.vjp(lambda a: a**3, x)[1](1.0)[0],
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms_inside_no_grad_are_computed_for_every_sample(name):
    def f(x, y):
        with ad.no_grad():
            slope = TRANSFORMS[name](x)
        return slope * y

    program = ad.compile(f)
    np.testing.assert_allclose(program([1.0, 2.0], [1.0, 1.0]), [3.0, 12.0], rtol=1e-14)
    slopes = program.value_and_grad([1.0, 2.0], [1.0, 1.0], reduce=None)[1]
    np.testing.assert_allclose(slopes, [[0.0, 0.0], [3.0, 12.0]], rtol=1e-14)


def test_symbols_keep_the_branches():
    sympy = pytest.importorskip("sympy")
    X, Y = sympy.symbols("x y", real=True)
    program = ad.compile(lambda x, y: x * y if x > 0 and y > 0 else x - y if x == y else ad.where(~(x < y), x, -y))
    program(*X_AND_Y)
    formula = build(program.source(), "sympy")[0]([X, Y])
    for x, y in zip(*X_AND_Y, strict=True):
        assert float(formula.subs({X: x, Y: y})) == program(float(x), float(y))


X_AND_Y = [2, -2, -2, 3, -1], [3, -2, 1, -1, -4]
