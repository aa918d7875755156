"""Compiled programs give the numbers of eager graphs, recorded anew for every sample: both engines, every row."""

import math
import random
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.errors import UnsatisfiedAssumption
from oracle import ROWS
from test_random_graphs import _is_good, apply, numbers, programs, tolerances

import autodiff as ad
import nn
from autodiff import Value
from autodiff.ops import OPS, NaryOp
from tests.steps_taken import lines_run
from tests.terms import terms as special_terms

np = pytest.importorskip("numpy")

MACHINE = pytest.param(
    "machine", marks=pytest.mark.skipif(find_spec("numba") is None, reason="machine code needs numba")
)
ENGINES = pytest.mark.parametrize("engine", ["source", MACHINE])
INF, NAN = math.inf, math.nan

# ---------------------------------------------------------------------------------------------------------------------
# Every row at special values: as a function of inputs, sample by sample, and as one of parameters, once in a call.
# ---------------------------------------------------------------------------------------------------------------------

SPECIAL = [0.0, -0.0, INF, -INF, NAN, 1.0, -1.0, 0.5, -0.5, 2.0, 3.0, -2.5, 5e-324, -5e-324, 1e-310, 2.3e-308, 1e-5]
SPECIAL += [1e300, -1e300, sys.float_info.max, 1e16, 1e155, -1e-155, -1e-8, 1 + 2**-52, -1 + 2**-53, 355.0, 28.0, -38.4]
SPECIAL += [36.7, -36.7, 700.0, -700.0, 710.0, -745.2, 750.0, -750.0]
COMPONENT = ("softmax", "direction")  # the first operand says which
WHICH = (*COMPONENT, "select")  # … be it a constant or not
ORDER = ("polygamma", "sinc_n")  # the first operand is the order of a derivative


def points(name: str) -> list[list[float]]:
    """Operands of a row: special values, ties, and random ones of ordinary and of any size."""
    op, rng = OPS[name], random.Random(name)
    draws = [
        lambda: rng.choice(SPECIAL),
        lambda: rng.gauss(0, 3),
        lambda: rng.choice((-1, 1)) * 10 ** rng.uniform(-300, 300),
        lambda: rng.choice((1.0, 2.0, -1.0)),
    ]
    found = []
    for n in (1, 2, 3, 4, 5) if isinstance(op, NaryOp) else (len(op.partials),):
        if n == 1 and name in WHICH:
            continue
        several = [[x] for x in SPECIAL] if n == 1 else []
        several += [[draw() for _ in range(n)] for draw in draws for _ in range(40)]
        several += [[rng.choice(draws)() for _ in range(n)] for _ in range(60)]
        for xs in several:
            if name == "clamp" and not xs[1] <= xs[2]:
                xs[1:] = [-1.0, 2.0]
            if name == "powlog":
                xs[2:] = [float(rng.randrange(3)), float(rng.randrange(3))]
            if name in WHICH:
                xs[0] = float(rng.randrange(n - 1))
            if name in ORDER:
                xs[0] = float(rng.randrange(4))
        found += several
    return [xs for xs in found if name != "dot" or not overflows(xs)]


def overflows(xs: Sequence[float]) -> bool:
    """Whether the sum of the finite terms of a dot may: eager adds exactly, and so has no partial sums."""
    n = len(xs) // 2
    products = [w * x for w, x in zip(xs, xs[n : 2 * n], strict=False)] + [*xs[2 * n :]]
    return math.isinf(sum(abs(x) for x in products if math.isfinite(x)))


def fixed(name: str, xs: Sequence[float]) -> tuple[float, ...]:
    """The operands that are constants of the recording."""
    return tuple(xs[:1] if name in COMPONENT + ORDER else xs[2:] if name == "powlog" else [])


def record(name: str, xs: Sequence[float]) -> tuple[Value, list[Value]]:
    constants = range(1) if name in COMPONENT + ORDER else range(2, 4) if name == "powlog" else ()
    operands = [x if i in constants else Value(x) for i, x in enumerate(xs)]
    return OPS[name](*operands), [x for x in operands if isinstance(x, Value)]


def terms(name: str, xs: Sequence[float]) -> list[float]:
    """How large the terms of the value and of each derivative are, where these are differences of them."""
    x, sizes = xs[0], [special_terms(name, i, xs) for i in range(len(xs) + 1)]
    if name == "dot":
        n, biased = divmod(len(xs), 2)
        sizes[0] = n * sum(abs(w * x) for w, x in zip(xs[:n], xs[n:], strict=False)) + abs(xs[-1]) * biased
    elif name == "logsumexp":
        sizes[0] = max(abs(x) for x in xs)
    elif name == "silu":
        sizes[1] = OPS["sigmoid"].value(x)
    elif name == "gelu":
        sizes = [abs(x) * 2.0**-1022, OPS["normal_cdf"].value(x)]  # Φ(x) may be subnormal
    elif name == "powlog" and xs[3]:
        sizes[1] = abs(xs[3] * OPS["powlog"].value(x, xs[1], xs[2] + 1, xs[3] - 1))
    return sizes


def ulps(name: str) -> list[float]:
    """4 for each operation: the row's own, then for the derivatives those that the rule names and the row's own."""
    named = [sum(x in OPS or x[1:] in OPS for x in rule.__code__.co_names) for rule in OPS[name].partials]
    every = named * 5 if isinstance(OPS[name], NaryOp) else named
    return [4.0, *(4.0 * (1 + count) for count in every)]


def far_apart(got: float, want: float, ulps: float, size: float = 0.0) -> bool:
    """Whether they differ in kind or by more than ``ulps`` units in the last place of ``want`` or ``size``."""
    if want != want or got != got:
        return (want != want) != (got != got)
    if want == got:
        return False
    want, got = (math.copysign(min(abs(x), 2.0**1023), x) if 1e308 < abs(x) < INF else x for x in (want, got))
    if math.isinf(want) or math.isinf(got):
        return True
    return abs(got - want) > ulps * math.ulp(max(abs(want), size))


def wrong(name: str, several: Any, values: Any, slopes: Any) -> list[str]:
    bounds = ulps(name)
    found = []
    for xs, value, slope in zip(several, values, slopes, strict=True):
        z, operands = record(name, xs)
        sizes = [size if math.isfinite(size) else 0.0 for size in terms(name, xs)]
        want = [z.data, *ad.gradients(z, operands)]
        for i, (got, right) in enumerate(zip([value, *slope], want, strict=True)):
            if far_apart(float(got), right, bounds[i], sizes[i] if i < len(sizes) else 0.0):
                found.append(f"{name}{xs} {f'derivative {i - 1}' if i else 'value'}: {float(got)!r}, eager {right!r}")
    return found


def assert_right(errors: list[str]) -> None:
    assert not errors, f"{len(errors)}:\n" + "\n".join(errors[:10])


def grouped(name: str) -> dict[Any, list[list[float]]]:
    groups: dict[Any, list[list[float]]] = {}
    for xs in points(name):
        groups.setdefault((len(xs), fixed(name, xs)), []).append(xs)
    return groups


@ENGINES
@pytest.mark.parametrize("name", OPS)
def test_rows_on_inputs(name, engine):
    errors = []
    for (n, _), several in grouped(name).items():
        z, inputs = record(name, several[0])
        columns = (
            np.array(several).T[n - len(inputs) :] if name in COMPONENT + ORDER else np.array(several).T[: len(inputs)]
        )
        program = ad.compile(z, inputs, engine=engine)
        values, slopes = program.value_and_grad(columns, reduce=None, wrt="inputs")
        assert np.array_equal(program(columns), values, equal_nan=True)
        errors += wrong(name, several, values, slopes.T)
    assert_right(errors)


@ENGINES
@pytest.mark.parametrize("name", OPS)
def test_rows_on_parameters(name, engine):
    errors = []
    for several in grouped(name).values():
        if engine == "source":
            several = several[:40]  # the text has a line for each
        recorded = [record(name, xs) for xs in several]
        outputs, parameters = [z for z, _ in recorded], [x for _, operands in recorded for x in operands]
        values = ad.compile(outputs, [], parameters, engine=engine)()
        _, slopes = ad.compile(ad.sum(outputs), [], parameters, engine=engine).value_and_grad()
        errors += wrong(name, several, values, slopes.reshape(len(several), -1))
    assert_right(errors)


# ---------------------------------------------------------------------------------------------------------------------
# Graphs: what belongs to a call and what to a sample, shared, repeated and cut.
# ---------------------------------------------------------------------------------------------------------------------

Graph = Callable[[list[Value], list[Value]], Value]


def eager(f: Graph, X: Any, P: Sequence[float]) -> tuple[Any, Any, Any, Any]:
    """Of every sample the output and the gradient to the inputs; the mean gradient to parameters, and of its size."""
    values, to_inputs, to_parameters = [], [], []
    for sample in X.T.tolist():
        xs, ps = [Value(x) for x in sample], [Value(p) for p in P]
        z = f(xs, ps)
        values.append(z.data)
        slopes = ad.gradients(z, [*xs, *ps])
        to_inputs.append(slopes[: len(xs)])
        to_parameters.append(slopes[len(xs) :])
    slopes = np.array(to_parameters).reshape(len(values), -1)
    return np.array(values), np.array(to_inputs).T, slopes.mean(0), np.abs(slopes).mean(0)


def compiled(f: Graph, inputs: int, P: Sequence[float], **options: Any) -> ad.Program:
    xs, ps = [Value(0.3 + 0.1 * i) for i in range(inputs)], [Value(p) for p in P]
    return ad.compile(f(xs, ps), xs, ps, **options)


def samples(count: int, inputs: int = 3, seed: int = 0) -> Any:
    return np.random.default_rng(seed).uniform(-2, 2, (inputs, count))


def assert_equals_eager(f: Graph, X: Any, P: Sequence[float], engine: str, tolerance: float = 1e-13, **options: Any):
    program = compiled(f, len(X), P, engine=engine, **options)
    values, to_inputs, to_parameters, size = eager(f, X, P)
    near = {"rtol": tolerance, "atol": tolerance}
    np.testing.assert_allclose(program(X), values, **near)
    z, (dp, dx) = program.value_and_grad(X, wrt="both")
    assert abs(z - values.mean()) <= tolerance * (1 + np.abs(values).mean())
    assert (np.abs(dp - to_parameters) <= tolerance * (1 + size)).all()
    np.testing.assert_allclose(dx * X.shape[1], to_inputs, **near)
    if len(P):
        z, alone = program.value_and_grad(X, wrt="parameters", reduce="sum")
        assert abs(z - values.sum()) <= tolerance * (1 + np.abs(values).sum())
        assert (np.abs(alone / X.shape[1] - to_parameters) <= tolerance * (1 + size)).all()
    zs, alone = program.value_and_grad(X, wrt="inputs", reduce=None)
    np.testing.assert_allclose(zs, values, **near)
    np.testing.assert_allclose(alone, to_inputs, **near)


def layer(weights: Sequence[Any], xs: Sequence[Any], biases: Sequence[Any]) -> list[Value]:
    n = len(xs)
    return [ad.dot(weights[j * n : (j + 1) * n], xs, b) for j, b in enumerate(biases)]


def shared(x: list[Value], p: list[Value]) -> Value:
    s = p[0] * p[1] + 1  # once in a call
    t = s * x[0]
    return t * t + s + ad.sin(t + s) * s - t


def reused_sums(x: list[Value], p: list[Value]) -> Value:
    a = x[0] + p[0]
    b = a + a
    c = b - a
    d = ad.sum([a, b, c, c, x[1]])
    return (d - d) + d * c + (x[1] - x[1]) + ad.sum([d, d, p[1]]) - (p[1] - p[0])


def cut(x: list[Value], p: list[Value]) -> Value:
    return ad.exp(x[0] * p[0]) * x[1] + x[2]


def two_layers(x: list[Value], p: list[Value]) -> Value:
    hidden = [ad.tanh(s) for s in layer(p[:6], x, p[6:8])]
    return ad.sum(layer(p[1:7], [*hidden, hidden[0]], p[:2])) + 0.01 * ad.sum([w * w for w in p])


GRAPHS: dict[str, Graph] = {
    "input": lambda x, p: x[1],
    "parameter": lambda x, p: p[1],
    "constant": lambda x, p: Value(2.5),
    "constant sum": lambda x, p: Value(2.5) + Value(1.5),
    "parameters only": lambda x, p: ad.sin(p[0]) * p[1],
    "inputs only": lambda x, p: ad.sin(x[0]) * x[1],
    "square": lambda x, p: x[0] * x[0],
    "cube": lambda x, p: x[0] * x[0] * x[0] + p[0] * p[0] * p[0],
    "double": lambda x, p: x[0] + x[0],
    "nothing": lambda x, p: x[0] - x[0],
    "opposite": lambda x, p: -x[0] - x[1] - (-x[0]),
    "power of itself": lambda x, p: (x[0] * x[0] + 1) ** (x[0] * x[0] + 1) + p[0] ** x[0],
    "shared": shared,
    "reused sums": reused_sums,
    "chain of sums": lambda x, p: x[0] + x[1] + p[0] + x[0] + x[2] + (x[0] + x[1]) + p[0],
    "sum of one": lambda x, p: ad.sum([x[0]]) + ad.sum([p[0]]),
    "sum of the same": lambda x, p: ad.sum([x[0], x[0], x[0], p[0], p[0]]),
    "sum of sums": lambda x, p: ad.sum([ad.sum([x[0], p[0]]), ad.sum([x[0], p[0]]), 3.0]),
    "mean of the same": lambda x, p: ad.mean([x[0], x[0], p[1]]),
    "max of the same": lambda x, p: ad.max([x[0], x[0], x[1], p[0], p[0]]),
    "min and max": lambda x, p: ad.min([ad.max(x), ad.max([x[0], *p])]),
    "product of the same": lambda x, p: ad.prod([x[0], x[0], x[1], p[0]]),
    "norm": lambda x, p: ad.norm([x[0], x[0], p[0], 2.0]),
    "logsumexp": lambda x, p: ad.logsumexp([*x, x[0], *p]),
    "softmax": lambda x, p: ad.dot(ad.softmax([*x, p[0]]), [1.0, x[0], p[1], 0.5]),
    "softmax twice": lambda x, p: ad.softmax(x)[1] * ad.softmax(x)[1] + ad.softmax(x)[0],
    "softmax of parameters": lambda x, p: ad.dot(ad.softmax(p[:3]), x),
    "softmax of the same": lambda x, p: ad.softmax([x[0], x[0], x[1]])[0],
    "direction": lambda x, p: ad.atan2(x[0], p[0]) * ad.hypot(x[1], p[1]),
    "dot of itself": lambda x, p: ad.dot(x, x) + ad.dot(p, p),
    "dot of the same": lambda x, p: ad.dot([p[0], p[0]], [x[0], x[0]], p[0]),
    "dot, weights are inputs": lambda x, p: ad.dot(x, p[:3], p[3]),
    "dot, mixed": lambda x, p: ad.dot([x[0], p[0], x[1]], [p[1], x[2], x[0]], x[0]),
    "dot, mixed operands": lambda x, p: ad.dot(p[:2], [x[0], p[2]]) + ad.dot([p[0], 2.0], [x[0], x[1]], 3.0),
    "dot, bias is an input": lambda x, p: ad.dot(p[:3], x, x[0] * x[1]),
    "dot of constants": lambda x, p: ad.dot([Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]) * x[0],
    "dot of constants and inputs": lambda x, p: ad.dot([1.0, 2.0, 3.0], x) + ad.dot([1.0, 2.0], p[:2]),
    "dots over the same inputs": lambda x, p: ad.sum([s * s for s in layer([*p, *p], x, [*p[:2], 0.5])]),
    "dots both ways": lambda x, p: ad.dot(p[:3], x) * ad.dot(x, p[1:4]) + ad.dot(p[:3], x),
    "dots of derived weights": lambda x, p: ad.sum(layer([ad.sin(w) for w in p[:6]], x, [p[0] * p[1], p[2]])),
    "two layers": two_layers,
    "penalty": lambda x, p: ad.dot(p[:3], x) ** 2 + 0.1 * ad.sum([w * w for w in p]),
    "selections": lambda x, p: (
        ad.where(ad.step(x[0]), x[1] * p[0], ad.clamp(x[2], -1.0, p[0])) + ad.maximum(x[0], p[0])
    ),
    "ties": lambda x, p: ad.maximum(x[0], x[0]) + ad.minimum(p[0], p[0]) + ad.clamp(x[1], x[1], x[1] + 1),
    "steps": lambda x, p: ad.floor(x[0]) * p[0] + ad.sign(x[1]) + ad.round(x[2]) * x[2],
    "unused operations": lambda x, p: [ad.exp(x[0]) * p[0], x[1] * 2][1],
}
P = [0.7, -1.3, 0.4, 1.1, -0.6, 0.9, 0.2, -0.8]


@ENGINES
@pytest.mark.parametrize("name", GRAPHS)
def test_graphs(name, engine):
    assert_equals_eager(GRAPHS[name], samples(11), P, engine)


@ENGINES
@pytest.mark.parametrize("count", [1, 7, 8, 9, 127, 128, 129, 1000, 1797])
def test_numbers_of_samples(count, engine):
    assert_equals_eager(two_layers, samples(count), P, engine)
    assert_equals_eager(shared, samples(count), P, engine)


@ENGINES
def test_not_finite_samples_stay_among_themselves(engine):
    X = samples(300)
    X[0, [3, 140, 299]] = NAN, INF, -INF
    values, to_inputs, *_ = eager(two_layers, X, P)
    got, slopes = compiled(two_layers, 3, P, engine=engine).value_and_grad(X, reduce=None, wrt="inputs")
    np.testing.assert_allclose(got, values, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(slopes, to_inputs, rtol=1e-13, atol=1e-13)
    got, slopes = compiled(two_layers, 3, P, engine=engine).value_and_grad(samples(300), reduce=None, wrt="inputs")
    assert np.isfinite(slopes).all()


@ENGINES
def test_interior_values_as_inputs_and_parameters(engine):
    a, b = Value(0.5), Value(1.5)
    x, p = ad.exp(a * b), a + b
    z = ad.sin(x) * p + x * x + a  # a is a constant here, for it is neither
    program = ad.compile(z, [x], [p], engine=engine)
    X = samples(9, 1)
    values, (dp, dx) = program.value_and_grad(X, wrt="both", reduce=None)
    np.testing.assert_allclose(values, np.sin(X[0]) * p.data + X[0] ** 2 + 0.5, rtol=1e-14)
    np.testing.assert_allclose(dx[0], np.cos(X[0]) * p.data + 2 * X[0], rtol=1e-13)
    np.testing.assert_allclose(dp, [np.sin(X[0]).sum()], rtol=1e-13)
    both = ad.compile(z, [a, x], [p], engine=engine)  # x is not computed from a
    np.testing.assert_allclose(both(X[0] * 0, X[0]), values - 0.5, rtol=1e-13)


# ---------------------------------------------------------------------------------------------------------------------
# Random graphs; leaves are inputs, parameters or constants.
# ---------------------------------------------------------------------------------------------------------------------


def bounds_at(program: Any) -> list[float] | None:
    """How near [value, *gradient] must be; None where an operation is not smooth or too much cancels."""
    results = [*program.inputs, *program.constants]
    for step in program.steps:
        row = ROWS[step.op]
        if not _is_good(row, step.operands, results):
            return None
        results.append(row.value(math, *(results[i] for i in step.operands)))
    try:
        return tolerances(program)
    except UnsatisfiedAssumption:
        return None


@ENGINES
@settings(max_examples=60)
@given(programs(longest=10), st.lists(st.sampled_from("ipc"), min_size=3, max_size=3), st.lists(numbers, max_size=4))
def test_random_graphs(engine, program, roles, others):
    roles = roles[: len(program.inputs)]
    varied = [i for i, role in enumerate(roles) if role == "i"]
    points = [program]
    for shift in others:
        moved = [x + shift * (i in varied) for i, x in enumerate(program.inputs)]
        points.append(replace(program, inputs=tuple(moved)))
    judged = [(point, bounds) for point in points if (bounds := bounds_at(point))]
    assume(judged)
    leaves = [Value(x) for x in program.inputs]
    output = program.run(apply, leaves, program.constants)
    assume(isinstance(output, Value))
    inputs = [leaves[i] for i in varied]
    parameters = [x for x, role in zip(leaves, roles, strict=True) if role == "p"]
    chosen = ad.compile(output, inputs, parameters, engine=engine)
    X = np.array([[point.inputs[i] for point, _ in judged] for i in varied]).reshape(len(varied), len(judged))
    wants, slack = [], []
    for point, bounds in judged:
        anew = [Value(x) for x in point.inputs]
        z = point.run(apply, anew, point.constants)
        wants.append([z.data, *ad.gradients(z, anew)])
        slack.append(bounds)
    wants, slack = np.array(wants).T, np.array(slack).T
    if not varied:  # one sample, whatever the number of points
        wants, slack, X = wants[:, :1], slack[:, :1], X[:, :1]
    values = chosen(X)
    assert (np.abs(values - wants[0]) <= slack[0]).all()
    if varied:
        zs, dx = chosen.value_and_grad(X, reduce=None, wrt="inputs")
        assert np.array_equal(zs, values)
        assert (np.abs(dx - wants[1:][varied]) <= slack[1:][varied]).all()
    if parameters:
        rows = [i + 1 for i, role in enumerate(roles) if role == "p"]
        _, dp = chosen.value_and_grad(X, reduce="sum", wrt="parameters")
        room = slack[rows].sum(1) + 1e-15 * len(judged) * np.abs(wants[rows]).sum(1)
        assert (np.abs(dp - wants[rows].sum(1)) <= room).all()


EXACT = ["add", "add", "sub", "sub", "mul", "neg", "identity", "relu", "abs", "square", "where", "maximum", "clamp"]
EXACT += ["sum", "sum", "dot", "dot", "max", "min", "prod"]


@st.composite
def whole(draw: st.DrawFn) -> tuple[list[str], list[tuple[str, list[int]]], list[list[int]]]:
    """The role of each leaf, steps over whole numbers with no rounding, and samples; operands below 0 are constants."""
    roles = draw(st.lists(st.sampled_from("iipc"), min_size=1, max_size=6))
    steps = []
    for i in range(draw(st.integers(1, 16))):
        op = draw(st.sampled_from(EXACT))
        n = draw(st.integers(2, 7)) if isinstance(OPS[op], NaryOp) else len(OPS[op].partials)
        first, *others = draw(st.lists(st.integers(-3, len(roles) + i - 1), min_size=n, max_size=n))
        steps.append((op, [max(first, 0), *others]))
    small = st.lists(st.integers(-3, 3), min_size=len(roles), max_size=len(roles))
    base, *others = draw(st.lists(small, min_size=1, max_size=9))
    vary = [role == "i" for role in roles]
    moved = [[x if v else b for x, b, v in zip(xs, base, vary, strict=True)] for xs in others]
    return roles, steps, [base, *moved]


def run_whole(steps: Sequence[tuple[str, list[int]]], sample: Sequence[float]) -> tuple[list[Value], list[Value]]:
    leaves = [Value(x) for x in sample]
    nodes = [*leaves]
    for op, operands in steps:
        nodes.append(OPS[op](*(nodes[i] if i >= 0 else -float(i) for i in operands)))
    return leaves, nodes


@ENGINES
@settings(max_examples=120)
@given(whole())
def test_random_graphs_without_rounding(engine, drawn):
    """Equal to the last bit, for every node; much is shared, repeated and cut."""
    roles, steps, points = drawn
    leaves, nodes = run_whole(steps, points[0])
    inputs, parameters = ([x for x, r in zip(leaves, roles, strict=True) if r == role] for role in "ip")
    X = np.array([[point[i] for point in points] for i, r in enumerate(roles) if r == "i"], dtype=float)
    X = X.reshape(len(inputs), len(points))
    every, slopes = [], []
    for point in points:
        anew, found = run_whole(steps, point)
        every.append([node.data for node in found])
        slopes.append(ad.gradients(found[-1], anew))
    assume(max(abs(x) for row in (*every, *slopes) for x in row) < 2.0**30)
    assume(all(8 * d == int(8 * d) for row in slopes for d in row))  # shares among three are rounded
    assert np.array_equal(ad.compile(nodes, inputs, parameters, engine=engine)(X), np.array(every).T)
    program = ad.compile(nodes[-1], inputs, parameters, engine=engine)
    slopes = np.array(slopes)
    for wrt in ["inputs"] * bool(inputs) + ["parameters"] * bool(parameters) + ["both"] * bool(inputs and parameters):
        values, found = program.value_and_grad(X, reduce=None, wrt=wrt)
        assert np.array_equal(values, np.array(every)[:, -1])
        if wrt != "parameters":
            want = slopes[:, [r == "i" for r in roles]].T
            assert np.array_equal(found[1] if wrt == "both" else found, want)
        if wrt != "inputs":
            want = slopes[:, [r == "p" for r in roles]].sum(0)
            assert np.array_equal(found[0] if wrt == "both" else found, want)


# ---------------------------------------------------------------------------------------------------------------------
# Threads, single precision, second order.
# ---------------------------------------------------------------------------------------------------------------------


@ENGINES
def test_threads_do_not_change_a_bit(engine):
    program = compiled(two_layers, 3, P, engine=engine)
    X = samples(60_000)
    once = [program(X, threads=1), *program.value_and_grad(X, wrt="both", threads=1)[1]]
    for threads in (2, 3):
        again = [program(X, threads=threads), *program.value_and_grad(X, wrt="both", threads=threads)[1]]
        for first, second in zip(once, again, strict=True):
            assert np.array_equal(first, second)
    if engine == "machine":
        assert any(thread.name.startswith("autodiff") for thread in threading.enumerate())


@ENGINES
@pytest.mark.parametrize("name", ["two layers", "shared", "logsumexp", "softmax", "product of the same", "norm"])
def test_single_precision(name, engine):
    f, X = GRAPHS[name], samples(500).astype(np.float32).astype(float)
    values, to_inputs, to_parameters, size = eager(f, X, P)
    program = compiled(f, 3, P, engine=engine, precision="float32")
    z, (dp, dx) = program.value_and_grad(X, wrt="both", reduce=None)
    assert not np.array_equal(z, values)  # it is single precision
    np.testing.assert_allclose(z, values, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(dx, to_inputs, rtol=1e-5, atol=1e-5)
    assert (np.abs(dp / 500 - to_parameters) <= 1e-5 * (1 + size)).all()


def curved(x: Any, y: Any, p: Any) -> Any:
    return ad.tanh(x * p) * ad.exp(-y * y) + ad.logsumexp([x, y, p]) + x**3 / (1 + y * y) + ad.norm([x, y, 1.0]) * p


@ENGINES
def test_hessians_over_a_batch(engine):
    X, p = samples(20, 2), 0.7
    x, y, w = Value(0.3), Value(0.4), Value(p)
    slopes = ad.gradients(curved(x, y, w), [x, y], create_graph=True)
    rows = [d for slope in slopes for d in ad.gradients(slope, [x, y], create_graph=True)]
    program = ad.compile([*slopes, *rows], [x, y], [w], engine=engine)
    got = program(X)
    for sample, (a, b) in enumerate(X.T.tolist()):
        want = [*ad.grad(curved, (0, 1))(a, b, p), *[d for row in ad.hessian(curved, (0, 1))(a, b, p) for d in row]]
        np.testing.assert_allclose(got[:, sample], want, rtol=1e-12, atol=1e-12)


@ENGINES
def test_hessian_vector_products_over_a_batch(engine):
    X, p = samples(20, 4), 0.7
    x, y, u, v, w = (Value(t) for t in (0.3, 0.4, 1.0, -1.0, p))
    along = ad.dot(ad.gradients(curved(x, y, w), [x, y], create_graph=True), [u, v])
    program = ad.compile(ad.gradients(along, [x, y], create_graph=True), [x, y, u, v], [w], engine=engine)
    got = program(X)
    for sample, (a, b, s, t) in enumerate(X.T.tolist()):
        want = ad.hvp(lambda a, b: curved(a, b, p), (a, b), (s, t))
        np.testing.assert_allclose(got[:, sample], want, rtol=1e-12, atol=1e-12)
    # The same without a graph of the gradient: the reverse sweep of the program of `along`.
    _, slopes = ad.compile(along, [x, y, u, v], [w], engine=engine).value_and_grad(X, reduce=None, wrt="inputs")
    np.testing.assert_allclose(slopes[:2], got, rtol=1e-12, atol=1e-12)


# ---------------------------------------------------------------------------------------------------------------------
# Networks, and graphs without a batch.
# ---------------------------------------------------------------------------------------------------------------------


def classification(count: int) -> tuple[Any, Any]:
    X = samples(count, 2, seed=1)
    return X, np.eye(3)[(X[0] > X[1]).astype(int) + (X.sum(0) > 1)].T


@ENGINES
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_network_with_cross_entropy_and_penalty(activation, engine):
    X, targets = classification(60)
    model = nn.MLP(2, [5, 4, 3], activation, seed=3)
    weights = [*model.parameters()]

    def loss(xs: Sequence[Any], ts: Sequence[Any]) -> Value:
        logits = model(xs)
        return ad.logsumexp(logits) - ad.dot(ts, logits) + 0.01 * ad.sum([w * w for w in weights])

    total = ad.mean([loss(xs, ts) for xs, ts in zip(X.T.tolist(), targets.T.tolist(), strict=True)])
    want = ad.gradients(total, weights)
    inputs, ts = [Value(0.1), Value(-0.2)], [Value(1.0), Value(0.0), Value(0.0)]
    program = ad.compile(loss(inputs, ts), [*inputs, *ts], weights, engine=engine)
    value, slopes = program.value_and_grad(np.vstack([X, targets]))
    assert value == pytest.approx(total.data, rel=1e-12)
    np.testing.assert_allclose(slopes, want, rtol=1e-12, atol=1e-12)
    shares = ad.compile(ad.softmax(model(inputs)), inputs, weights, engine=engine)(X)
    for sample, xs in enumerate(X.T.tolist()):
        np.testing.assert_allclose(shares[:, sample], [p.data for p in ad.softmax(model(xs))], rtol=1e-12)


@ENGINES
def test_a_loss_built_by_a_loop_over_samples(engine):
    X, targets = classification(40)
    model = nn.MLP(2, [4, 3], "tanh", seed=4)
    weights = [*model.parameters()]
    losses = []
    for xs, ts in zip(X.T.tolist(), targets.T.tolist(), strict=True):
        logits = model(xs)
        losses.append(ad.logsumexp(logits) - ad.dot(ts, logits))
    total = ad.mean(losses) + 0.1 * ad.sum([ad.softplus(w) for w in weights])
    value, slopes = ad.compile(total, [], weights, engine=engine).value_and_grad()
    assert value == pytest.approx(total.data, rel=1e-12)
    np.testing.assert_allclose(slopes, ad.gradients(total, weights), rtol=1e-12, atol=1e-13)


def chain(x: Value, p: Value, length: int) -> Value:
    y = x
    for i in range(length // 4):
        y = ad.sin(y + p) * 0.9 + x if i % 3 else ad.maximum(y - p, x) * 0.5 + 0.1
    return y


@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("length", [200_000, pytest.param(1_000_000, marks=pytest.mark.nightly)])
def test_a_long_chain_in_machine_code(length, batched):
    pytest.importorskip("numba", reason="machine code needs numba")
    x, p = Value(0.3), Value(0.2)
    z = chain(x, p, length)
    program = ad.compile(z, [x], [p]) if batched else ad.compile(z, [], [x, p])
    value, slopes = program.value_and_grad([0.3], wrt="both") if batched else program.value_and_grad()
    assert value == pytest.approx(z.data, rel=1e-12)
    got = [slopes[1][0, 0], slopes[0][0]] if batched else slopes
    np.testing.assert_allclose(got, ad.gradients(z, [x, p]), rtol=1e-10)


def test_a_chain_in_source():
    x, p = Value(0.3), Value(0.2)
    z = chain(x, p, 4_000)
    value, (dp, dx) = ad.compile(z, [x], [p], engine="source").value_and_grad([0.3], wrt="both")
    assert value == pytest.approx(z.data, rel=1e-12)
    np.testing.assert_allclose([dx[0, 0], dp[0]], ad.gradients(z, [x, p]), rtol=1e-10)


@pytest.mark.parametrize("batched", [True, False])
def test_deep_narrow_graphs_lower_in_linear_time(batched):
    pytest.importorskip("numba", reason="machine code needs numba")

    def steps(length: int) -> int:
        x, p = Value(0.3), Value(0.2)
        z = chain(x, p, length)

        def lowered() -> None:
            program = ad.compile(z, [x], [p]) if batched else ad.compile(z, [], [x, p])
            program.value_and_grad([0.3]) if batched else program.value_and_grad()

        return lines_run(lowered)

    short, long = (min(steps(length) for _ in range(2)) for length in (5_000, 20_000))  # the first compiles kernels
    assert long < 4.5 * short


@ENGINES
@pytest.mark.parametrize("name", ["sum", "mean", "max", "logsumexp", "prod", "norm", "dot"])
def test_many_operands(name, engine):
    n = {"sum": 100_000, "mean": 100_000}.get(name, 2_000) if engine == "machine" else 500
    x, leaves = Value(0.5), [Value(1 + 0.1 * math.sin(i)) for i in range(n)]
    operands = [*leaves[:-1], x]
    z = ad.dot(operands, [*leaves[1:], x]) if name == "dot" else getattr(ad, name)(operands)
    value, (dp, dx) = ad.compile(z, [x], leaves, engine=engine).value_and_grad([0.5, 0.5], wrt="both")
    assert value == pytest.approx(z.data, rel=1e-12)
    np.testing.assert_allclose([dx.sum(), *dp], ad.gradients(z, [x, *leaves]), rtol=1e-10, atol=1e-300)
    value, slopes = ad.compile(z, [], [x, *leaves], engine=engine).value_and_grad()
    assert value == pytest.approx(z.data, rel=1e-12)
    np.testing.assert_allclose(slopes, ad.gradients(z, [x, *leaves]), rtol=1e-10, atol=1e-300)
