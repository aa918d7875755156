"""What a comparison of Values is to Python, what it is to an operation, and what passes no gradient on."""

import copy
import itertools
import json
import math
import operator
import pickle
import statistics

import numpy as np
import pytest

import autodiff as ad
from autodiff import Value
from autodiff.compiler.namespaces import build
from autodiff.tracing import tracing

COMPARISONS = {
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "less": operator.lt,
    "less_equal": operator.le,
    "equal": operator.eq,
    "not_equal": operator.ne,
}
NUMBERS = [0.0, -0.0, 1.0, -2.5, math.inf, -math.inf, math.nan, 5e-324]
ENGINES = pytest.mark.parametrize("engine", ["source", "machine"])


@pytest.mark.parametrize(("row", "compare"), COMPARISONS.items())
def test_a_comparison_is_pythons_truth_and_its_row_is_too(row, compare):
    for a, b in itertools.product(NUMBERS, NUMBERS):
        truth = compare(a, b)
        for found in (compare(Value(a), Value(b)), compare(Value(a), b), compare(a, Value(b))):
            assert bool(found) is truth
            assert (repr(found), str(found), f"{found}", f"{found:>6}") == (*[str(truth)] * 3, f"{truth:>6}")
        assert ad.OPS[row](a, b) == truth
        node = ad.OPS[row](Value(a), b)
        assert (node.data, node.parents, node.local_derivatives) == (float(truth), (), ())


def test_to_python_it_is_the_truth():
    x, y = Value(3.0), Value(4.0)
    yes, no = x < y, x > y
    assert (yes and "a", no and "a", yes or "b", not no, not yes) == ("a", no, yes, True, False)
    assert (yes == True, yes == 1, no == False, yes != no, yes == (y > x)) == (True,) * 5  # noqa: E712
    assert (["zero", "one"][yes], "ab"[no], {True: "t", False: "f"}[yes], int(yes), float(no)) == (
        *("one", "a", "t", 1, 0.0),
    )
    assert sum(v > 3.5 for v in (x, y, x)) == 1
    assert type(sum([yes, no])) is int
    assert (yes + 1, 1 + yes, True + yes, yes + no) == (2, 2, 2, 1)
    assert [v.data for v in sorted([y, x])] == [3.0, 4.0]
    assert (max([x, y]), min([y, x])) == (y, x)
    assert y in [x, Value(4.0)]
    assert Value(5.0) not in [x, y]
    assert json.dumps({"done": yes}) == '{"done": 1.0}'
    for again in (pickle.loads(pickle.dumps(yes)), copy.copy(yes), copy.deepcopy([yes])[0]):
        assert again is True
    assert math.isclose(math.sqrt(yes), 1.0)
    assert (np.array([1.0, 2.0])[np.array([bool(no), bool(yes)])] == [2.0]).all()
    with pytest.raises(IndexError):  # as numbers they would choose other elements
        np.array([1.0, 2.0])[[yes, no]]
    with ad.no_grad():
        assert (x < y) is True
    with pytest.raises(TypeError):
        yes + "1"


def data(x):
    return x.data if isinstance(x, Value) else float(x)


RECORDED = {
    "where": (lambda x, y: ad.where(x > 0, x, 0.1 * x), lambda x, y: x if x > 0 else 0.1 * x),
    "where of numbers": (lambda x, y: ad.where(x > y, 2.0, -1.0) * x, lambda x, y: 2.0 * x if x > y else -x),
    "reflected": (lambda x, y: ad.where(x > 0, x, y), lambda x, y: x if x > 0 else y),
    "product": (lambda x, y: (x > 0) * y, lambda x, y: (x > 0) * y),
    "product, reflected": (lambda x, y: y * (x > 0), lambda x, y: (x > 0) * y),
    "product with a number": (lambda x, y: 0.5 * (x >= 1) * y, lambda x, y: 0.5 * (x >= 1) * y),
    "sum": (lambda x, y: y + (x > y), lambda x, y: y + (x > y)),
    "sum with a float": (lambda x, y: (0.5 + (x > y)) * y, lambda x, y: (0.5 + (x > y)) * y),
    "difference": (lambda x, y: (1 - (x < y)) * x, lambda x, y: (1 - (x < y)) * x),
    "negated": (lambda x, y: -(x < y) * x, lambda x, y: -(x < y) * x),
    "power": (lambda x, y: y ** (x > 0), lambda x, y: y ** (x > 0)),
    "quotient": (lambda x, y: y / (1.0 + (x > 0)), lambda x, y: y / (1.0 + (x > 0))),
    "and": (lambda x, y: ad.where((x > 0) & (y > 0), x, y), lambda x, y: x if x > 0 and y > 0 else y),
    "or": (lambda x, y: ad.where((x > 0) | (y > 0), x, y), lambda x, y: x if x > 0 or y > 0 else y),
    "xor": (lambda x, y: ad.where((x > 0) ^ (y > 0), x, y), lambda x, y: x if (x > 0) != (y > 0) else y),
    "not": (lambda x, y: ad.where(~(x > 0), x, y), lambda x, y: x if not x > 0 else y),
    "and with a bool": (lambda x, y: ad.where((x > 0) & True, x, y), lambda x, y: x if x > 0 else y),
    "equal": (lambda x, y: ad.where(x == y, x * x, x), lambda x, y: x * x if x == y else x),
    "not equal": (lambda x, y: ad.where(x != 1, x * x, y), lambda x, y: x * x if x != 1 else y),
    "of two operations": (lambda x, y: ad.where(x * y < x + y, x, y), lambda x, y: x if x * y < x + y else y),
    "sum of a list": (lambda x, y: ad.sum([x > 0, y > 0]) * x, lambda x, y: ((x > 0) + (y > 0)) * x),
    "mean of a list": (lambda x, y: ad.mean([x > 0, y > 0]) * x, lambda x, y: ((x > 0) + (y > 0)) / 2 * x),
    "compared again": (lambda x, y: ad.where((x > 0) == (y > 0), x, y), None),
    "a function of it": (lambda x, y: ad.exp(x > 0) * y, lambda x, y: math.exp(x > 0) * y),
}
SAMPLES = [(2.0, 1.5), (-1.0, 0.5), (0.0, 0.0), (-2.0, -3.0), (1.0, 1.0), (0.7, -0.3)]


@ENGINES
@pytest.mark.parametrize("name", [name for name, (_, plain) in RECORDED.items() if plain])
def test_an_operation_records_what_was_compared(name, engine):
    f, plain = RECORDED[name]
    columns = list(zip(*SAMPLES, strict=True))
    expected = [plain(*sample) for sample in SAMPLES]
    for sample, wanted in zip(SAMPLES, expected, strict=True):
        assert f(*map(Value, sample)).data == pytest.approx(wanted, rel=1e-15)
    for sample in SAMPLES[:2]:
        x, y = map(Value, sample)
        z = f(x, y)
        program = ad.compile(z, [x, y], engine=engine)  # whatever it was recorded for
        assert program(*columns) == pytest.approx(expected, rel=1e-15)
        slopes = program.value_and_grad(*columns, reduce=None)[1]
        for i, other in enumerate(SAMPLES):
            xs = [*map(Value, other)]
            assert slopes[:, i] == pytest.approx(ad.gradients(f(*xs), xs), rel=1e-15)
        forward, _ = build(program.source(), "math")
        assert [forward(other) for other in SAMPLES] == pytest.approx(expected, rel=1e-15)
    single = ad.compile(z, [x, y], engine=engine, precision="float32")
    assert single(*columns) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", RECORDED)
def test_a_parameter_that_samples_only_compare(name):
    """It has a gradient, but none from the samples; conftest.py puts NaN where its adjoint there would be."""
    f, _ = RECORDED[name]
    columns = [0.5, -2.0, 3.0, 0.0, 1.0]

    def z(x, w):
        return f(x * (x > w), ad.where(w < x, x, 0.25)) + w * w

    x, w = Value(0.5), Value(0.7)
    each = [z(Value(x), w) for x in columns]
    expected = ad.gradients(ad.mean(each), [w])
    value, slopes = ad.compile(z(x, w), [x], [w]).value_and_grad(columns)
    assert (value, *slopes) == pytest.approx((ad.mean(each).data, *expected), rel=1e-14)
    many = [w * 0 + z(Value(x), w) for x in 40 * columns]
    as_loop = ad.compile(ad.mean(many), [], [w])
    assert as_loop.value_and_grad()[1] == pytest.approx(expected, rel=1e-14)
    lowered = as_loop._engine("parameters").machine.lowered
    for part in (lowered, *lowered.bodies):
        assert (part.returned[0] >= 0).all()


def test_derivatives_of_any_order_and_forward_pass_by_it():
    def f(x):
        return ad.where(x > 1, x**3, x * x)

    assert [ad.derivative(f, 2.0, n) for n in range(5)] == [8.0, 12.0, 12.0, 6.0, 0.0]
    assert [ad.derivative(f, 0.5, n) for n in range(4)] == [0.25, 1.0, 2.0, 0.0]
    assert ad.jvp(f, (2.0,), (1.0,)) == (8.0, 12.0)
    assert ad.hessian(lambda v: (v[0] > v[1]) * v[0] * v[1])([2.0, 1.0]) == [[0.0, 1.0], [1.0, 0.0]]


def test_a_comparison_is_shown_as_it_is():
    x = Value(2.0, label="x")
    z = ad.where(x > 0, x, 0.1 * x)
    assert "if x > 0 else" in str(ad.explain(z, x))
    assert "where(1" not in str(ad.explain(z, x))
    assert "greater(x, 0.0)" in ad.compile(z, [x]).source()
    parsed = ad.parse_expression("where(x > 0, x**2, -x)", x=3.0)
    assert ad.compile(parsed.output, [parsed.inputs["x"]])([1.0, -2.0]).tolist() == [1.0, 2.0]


def test_the_same_comparison_is_one_node():
    x = Value(2.0)
    positive = x > 0
    assert ad.where(positive, x, 1.0).operands[0] is ad.where(positive, 2.0, x).operands[0]


def test_nothing_flows_back_where_the_way_back_is_infinite():
    x, w = Value(0.0), Value(1.0)
    y = ad.sqrt(ad.where(x > 1, w, 0.0) + 0.0 * w)  # the adjoint of where is infinite
    y.backward()
    assert x.grad == 0.0
    v = Value(0.0)
    assert ad.gradients(ad.sqrt(v.detach()) * 2.0 + v, v) == 1.0
    for engine in ("source", "machine"):
        program = ad.compile(lambda v: ad.sqrt(v.detach()) * v, engine=engine)
        assert program.value_and_grad([0.0, 4.0], reduce=None)[1].tolist() == [[0.0, 2.0]]
        program = ad.compile(ad.sqrt(ad.where(x > 1, w, 0.0)), [x, w], engine=engine)
        assert program.value_and_grad([0.0], [1.0], reduce=None)[1][0].tolist() == [0.0]


@ENGINES
def test_detach_is_recorded_and_passes_no_gradient_on(engine):
    program = ad.compile(lambda x: x * x.detach(), engine=engine)
    assert program([1.0, 2.0, 3.0]).tolist() == [1.0, 4.0, 9.0]
    assert program.value_and_grad([1.0, 2.0, 3.0], reduce=None)[1].tolist() == [[1.0, 2.0, 3.0]]
    x, w = Value(2.0), Value(5.0)
    of_graph = ad.compile((x * w).detach() * x + w, [x], [w], engine=engine)
    assert of_graph([1.0, 3.0]).tolist() == [10.0, 50.0]
    value, gradient = of_graph.value_and_grad([1.0, 3.0], reduce="sum", wrt="both")
    assert (value, gradient[0].tolist(), gradient[1].tolist()) == (60.0, [2.0], [[5.0, 15.0]])
    w.data = 7.0
    assert of_graph([1.0]).tolist() == [14.0]


def test_a_detached_value_is_a_leaf():
    x = Value(2.0, label="x")
    leaf = (x * x).detach()
    assert (leaf.op, leaf.parents, leaf.data, leaf.label) == (None, (), 4.0, "")
    (leaf * leaf).backward()
    assert (leaf.grad, x.grad) == (8.0, 0.0)
    leaf.backward()
    assert leaf.grad == 9.0
    for again in (copy.deepcopy(leaf * x), pickle.loads(pickle.dumps(leaf * x))):
        below, other = again.parents
        assert (below.parents, below.op, below.operands[0].data, other.data) == ((), None, 4.0, 2.0)
    chain = Value(1.0)
    for _ in range(20_000):
        chain = (chain * 1.0).detach()
    assert pickle.loads(pickle.dumps(chain)).data == 1.0 == copy.deepcopy(chain).data
    assert len(ad.compile(chain * x, [x])([1.0, 2.0])) == 2


def test_a_comparison_in_a_trace_is_read_by_asking_alone():
    x = Value(2.0)
    asked = {
        "bool": bool, "int": int, "float": float, "index": [1, 2].__getitem__, "hash": hash, "repr": repr,
        "format": "{}".format, "sum": lambda c: sum([c]), "equal": lambda c: c == True,  # noqa: E712
        "sqrt": math.sqrt, "sorted": lambda c: sorted([c, c]), "numpy": lambda c: np.array([c], dtype=bool),
        "float array": lambda c: np.array([c], dtype=float), "not": operator.not_, "less": lambda c: c < 1,
        "pickle": pickle.dumps, "isclose": lambda c: math.isclose(c, 1.0),
    }  # fmt: skip
    for name, ask in asked.items():
        with tracing() as trace:
            ask(x > 1)
        assert [guard.truth for guard in trace.guards[:1]] == [True], name
        assert trace.guards[0].node.data == 1.0
    for name, leave in {
        "where": lambda c: ad.where(c, x, 1.0),
        "times": lambda c: c * x,
        "and": lambda c: c & c,
    }.items():
        with tracing() as trace:
            leave(x > 1)
        assert not trace.guards, name
    with tracing() as trace:
        assert x
    assert [guard.node.op.name for guard in trace.guards] == ["not_equal"]


def test_many_joined_comparisons_need_no_recursion():
    x = Value(1.0)
    every = x > 0
    for _ in range(20_000):
        every = every & (x > 0)
    assert ad.where(every, x, 0.0).data == 1.0


def test_numpy_beside_a_comparison_records():
    x, y = Value(3.0), Value(-4.0)
    positive = x > 0
    recorded = [
        (np.float64(2) * positive, 2.0),
        (np.multiply(positive, y), -4.0),
        (np.add(1.5, positive), 2.5),
        (np.array([1.0, 2.0]) * positive, [1.0, 2.0]),
        (np.logical_and(positive, y > 0) * x, 0.0),
        (np.logical_not(positive) * x, 0.0),
        ((np.True_ & positive) * x, 3.0),
        (ad.where((x > 0) == (y > 0), x, y), -4.0),
    ]
    for node, wanted in recorded:
        nodes, numbers = np.atleast_1d(node), np.atleast_1d(wanted)
        assert [v.data for v in nodes] == numbers.tolist()
        program = ad.compile([*nodes], [x, y])
        below = {v.op.name for v in program._ways[0].frozen.nodes if v.op}
        assert "greater" in below
    assert statistics.mean([x > 0, y > 0]) == 0.5


def test_pictures_and_steps_of_comparisons():
    x = Value(1.5, label="x")
    z = ad.where((x > 0) & (x < 2), x, 0.1 * x)
    assert "x" in ad.draw(z).dot
    assert "contribution" in str(ad.steps(z))
    assert "contribution" in str(ad.steps(x * x.detach()))
