"""What a Value records, how gradients accumulate, what is refused, and what a graph costs."""

import copy
import gc
import io
import itertools
import math
import operator
import pickle
import sys
import threading
import tracemalloc
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff import Value
from autodiff.operators import ROW_OF, Operators
from tests.living import living_values

pytestmark = pytest.mark.usefixtures("collector_of_what_is_new")

# ---------------------------------------------------------------------------------------------------------------------
# What a node records.
# ---------------------------------------------------------------------------------------------------------------------


def identities(nodes):
    """To compare nodes, not their numbers."""
    return [id(node) for node in nodes]


V: Any = Value(3.0, label="v")
W: Any = Value(4.0, label="w")
RECORDED = [  # node, its operation, its operands in order, the local derivatives to those that are Values
    (V + W, "add", (V, W), (1, 1)),
    (V + 2, "add", (V, 2.0), (1,)),
    (2 + V, "add", (2.0, V), (1,)),
    (V - W, "sub", (V, W), (1, -1)),
    (2 - V, "sub", (2.0, V), (-1,)),
    (V * W, "mul", (V, W), (4, 3)),
    (2 * V, "mul", (2.0, V), (2,)),
    (V * True, "mul", (V, 1.0), (1,)),
    (V * V, "mul", (V, V), (3, 3)),
    (V / W, "div", (V, W), (1 / 4, -3 / 16)),
    (6 / V, "div", (6.0, V), (-2 / 3,)),
    (V**W, "pow", (V, W), (4 * 27, 81 * math.log(3))),
    (V**2, "pow", (V, 2.0), (6,)),
    (2**V, "pow", (2.0, V), (8 * math.log(2),)),
    (W % V, "mod", (W, V), (1, -1)),
    (7 % V, "mod", (7.0, V), (-2,)),
    (-V, "neg", (V,), (-1,)),
    (abs(V), "abs", (V,), (1,)),
    (V.exp(), "exp", (V,), (math.exp(3),)),
    (ad.atan2(V, 4), "atan2", (V, 4.0), (4 / 25,)),
    (ad.maximum(5, V), "maximum", (5.0, V), (0,)),
    (ad.clamp(V, 0, W), "clamp", (V, 0.0, W), (1, 0)),
    (ad.sum([V, 1, V]), "sum", (V, 1.0, V), (1, 1)),
    (ad.prod([V, W, V]), "prod", (V, W, V), (12, 9, 12)),
    (ad.dot([V, 2], [W, V], 1), "dot", (V, 2.0, W, V, 1.0), (4, 3, 2)),
    (ad.max([V, 1, W]), "max", (V, 1.0, W), (0, 1)),
]


@pytest.mark.parametrize(("node", "op", "operands", "local"), RECORDED, ids=[repr(row[0]) for row in RECORDED])
def test_node_records_its_operation(node, op, operands, local):
    assert node.op is ad.OPS[op]
    for recorded, given in zip(node.operands, operands, strict=True):
        assert recorded is given if isinstance(given, Value) else (type(recorded), recorded) == (float, given)
    assert identities(node.parents) == identities(x for x in operands if isinstance(x, Value))
    assert node.local_derivatives == pytest.approx(local, rel=1e-15)
    assert all(parent.serial < node.serial for parent in node.parents)


def test_leaf():
    x = Value(2, label="x")
    assert (x.data, x.grad, x.label, x.op) == (2.0, 0.0, "x", None)
    assert x.operands == x.parents == x.local_derivatives == ()


def test_local_derivatives_are_those_of_the_recording():
    x = Value(3.0)
    y = x * x
    x.data = 100.0
    y.backward()
    assert x.grad == 6.0


def test_topological_order_of_a_diamond():
    x = Value(2.0)
    left, right = x * 3, x.exp()
    bottom = left * right + left
    order = ad.topological_order(bottom)
    assert len(order) == len(set(order)) == 5
    assert order[-1] is bottom
    place = {node: i for i, node in enumerate(order)}
    assert all(place[parent] < place[node] for node in order for parent in node.parents)


@pytest.mark.parametrize(
    "number", [2, True, 2.5, np.float64(2.5), np.float32(2.5), np.int64(2), np.bool_(True)], ids=repr
)
def test_numbers_become_floats(number):
    for data in (Value(number).data, (Value(1.0) * number).operands[1], (number * Value(1.0)).data, ad.exp(number)):
        assert type(data) is float
    assert Value(number).data == float(number)


EXTREMES = [0.0, -0.0, 1.0, -2.5, 1e308, -5e-324, math.inf, -math.inf, math.nan]
UNARY_METHODS = {
    name: "round" if name == "rint" else name for name in dir(Value(1.0)) if name == "rint" or name in ad.OPS
}
BINARY_METHODS = {
    **{f"__{name}__": name for name in ("add", "sub", "mul", "mod", "pow")},
    **{f"__r{name}__": name for name in ("add", "sub", "mul", "mod", "pow")},
    **{"__truediv__": "div", "__rtruediv__": "div"},
    **{name: name for name in ("copysign", "floor_divide", "fmod", "logaddexp", "logaddexp2", "xlog1py", "xlogy")},
    **{"__floordiv__": "floor_divide", "__rfloordiv__": "floor_divide"},
    **{name: name for name in ("atan2", "hypot", "maximum", "minimum", "mod", "pow", "leaky_relu", "elu")},
}


def as_recorded(node):
    """Everything that the row decides, to the sign of a zero."""
    return repr((node.op, [getattr(x, "data", x) for x in node.operands], node.data, node.local_derivatives))


@pytest.mark.parametrize("method", sorted(UNARY_METHODS.keys() - BINARY_METHODS.keys() - {"clamp", "detach"}))
def test_unary_method_keeps_to_its_row(method):
    for x in EXTREMES:
        v = Value(x)
        assert as_recorded(getattr(v, method)()) == as_recorded(ad.OPS[UNARY_METHODS[method]](v))


@pytest.mark.parametrize("method", BINARY_METHODS)
def test_binary_method_keeps_to_its_row(method):
    """Value with Value, and with a constant on either side: each may be a path of its own."""
    row = ad.OPS[BINARY_METHODS[method]]
    for x, y in itertools.product(EXTREMES, repeat=2):
        for left, right in ((Value(x), Value(y)), (Value(x), y)):
            operands = (right, left) if method.startswith("__r") else (left, right)
            assert as_recorded(getattr(left, method)(right)) == as_recorded(row(*operands))


def test_repr_fits_a_line():
    x = Value(-1.2345678901234567e-300, label="a\nlabel")
    y = ad.log_sigmoid(x)
    y.backward()
    for node in (x, y):
        assert "\n" not in repr(node)
        assert len(repr(node)) <= 120


# ---------------------------------------------------------------------------------------------------------------------
# Gradients.
# ---------------------------------------------------------------------------------------------------------------------


def test_repeated_backward_doubles_leaves_only():
    x = Value(0.1)
    inner = x * 3
    y = inner * inner + inner.sin() + 0.7 * x
    y.backward()
    once, inside = x.grad, inner.grad
    y.backward()
    assert (x.grad, inner.grad, y.grad) == (2 * once, inside, 1.0)


def test_two_losses_on_a_shared_subgraph():
    x = Value(2.0)
    shared = x * x
    first, second = 3 * shared, shared.exp()
    first.backward()
    assert (x.grad, shared.grad) == (12.0, 3.0)
    second.backward()
    assert x.grad == 12.0 + math.exp(4) * 4
    assert shared.grad == math.exp(4)  # of the second loss alone


def test_backward_from_an_interior_node_and_then_above_it():
    x = Value(2.0)
    inner = x * x
    outer = inner * inner
    inner.backward()
    outer.backward()
    assert (inner.grad, x.grad) == (8.0, 4.0 + 32.0)


def test_backward_of_a_leaf():
    x = Value(2.0)
    x.backward()
    x.backward()
    assert x.grad == 2.0


def test_zero_grad():
    x, y = Value(2.0), Value(3.0)
    output = x * y
    output.backward()
    x.zero_grad()
    assert (x.grad, y.grad) == (0.0, 2.0)
    output.backward()
    assert (x.grad, y.grad) == (3.0, 4.0)


def test_doubling_sixty_times():
    x = y = Value(1.0)
    for _ in range(60):
        y = y + y
    y.backward()
    assert (y.data, x.grad) == (2.0**60, 2.0**60)
    assert ad.gradients(y, x) == 2.0**60


def test_detach():
    x = Value(3.0)
    y = x * x
    cut = y.detach()
    assert (cut.data, cut.op, cut.parents) == (9.0, None, ())
    (y * cut).backward()
    assert (x.grad, cut.grad) == (54.0, 9.0)


def test_no_grad_records_nothing_and_restores():
    x = Value(3.0)
    with ad.no_grad():
        with ad.no_grad():
            pass
        for node in (x * x, 2 * x, x**2, x.exp(), ad.dot([x], [x]), abs(x)):
            assert isinstance(node, Value)
            assert (node.op, node.operands, node.parents, node.local_derivatives) == (None, (), (), ())
    assert (x * x).parents == (x, x)
    with pytest.raises(OverflowError), ad.no_grad():
        raise OverflowError
    assert (x * x).parents == (x, x)


def test_no_grad_is_of_one_thread():
    x, parents = Value(3.0), []
    with ad.no_grad():
        thread = threading.Thread(target=lambda: parents.append((x * x).parents))
        thread.start()
        thread.join()
        assert (x * x).parents == ()
    assert parents == [(x, x)]


# ---------------------------------------------------------------------------------------------------------------------
# Comparisons.
# ---------------------------------------------------------------------------------------------------------------------


def test_comparisons_are_of_numbers_and_the_hash_is_of_the_node():
    two, other, three = Value(2.0), Value(2.0), Value(3.0)
    assert two == other == 2.0 == two
    assert two != three
    assert two != 3
    assert two < three <= 3 < Value(4)
    assert three > two >= other
    assert two < 2.5
    assert len({two, other, two}) == 2
    assert (bool(two), bool(Value(0.0)), bool(Value(-0.0)), bool(Value(math.nan))) == (True, False, False, True)
    assert Value(math.nan) != Value(math.nan)
    assert max([two, three]) is three


def test_a_value_is_no_text():
    assert Value(3.0) != "3"
    assert Value(3.0) is not None
    with pytest.raises(TypeError):
        assert Value(3.0) < "3"


# ---------------------------------------------------------------------------------------------------------------------
# NumPy.
# ---------------------------------------------------------------------------------------------------------------------

CIRCULAR = ["sin", "cos", "tan", "sinh", "cosh", "tanh"]
UFUNCS = {  # the operation that each records
    **{name: name for name in ["sqrt", "cbrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", *CIRCULAR]},
    **{f"arc{name}": f"a{name}" for name in CIRCULAR},
    **{"negative": "neg", "absolute": "abs", "fabs": "abs", "floor": "floor", "ceil": "ceil", "rint": "round"},
}


@pytest.mark.parametrize("name", UFUNCS)
def test_ufunc_on_an_array_of_values(name):
    at = [1.25, 1.75] if name == "arccosh" else [0.25, 0.75]
    values = np.array([Value(x) for x in at])
    results = getattr(np, name)(values)
    assert [node.op.name for node in results] == [UFUNCS[name]] * 2
    assert [node.data for node in results] == pytest.approx(list(getattr(np, name)(np.array(at))), rel=1e-15)
    assert [identities(node.parents) for node in results] == [[id(v)] for v in values]


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "power", "remainder", "arctan2", "hypot"])
def test_binary_ufunc_on_arrays_of_values(name):
    left, right = np.array([Value(3.5), Value(0.5)]), np.array([Value(2.0), Value(1.5)])
    results = getattr(np, name)(left, right)
    wanted = getattr(np, name)(np.array([3.5, 0.5]), np.array([2.0, 1.5]))
    assert [node.data for node in results] == pytest.approx(list(wanted), rel=1e-15)
    assert [identities(node.parents) for node in results] == [[id(x), id(y)] for x, y in zip(left, right, strict=True)]


def test_matrix_times_vector_of_values():
    weights, x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), [Value(1.0), Value(10.0), Value(100.0)]
    first, second = weights @ np.array(x)
    assert (first.data, second.data) == (321.0, 654.0)
    (first + 2 * second).backward()
    assert [v.grad for v in x] == [9.0, 12.0, 15.0]


def test_array_times_value():
    v = Value(3.0)
    for product in (v * np.array([1.0, 2.0]), np.array([1.0, 2.0]) * v, v * np.array([1, 2])):
        assert product.dtype == object
        assert [node.data for node in product] == [3.0, 6.0]
        assert [identities(node.parents) for node in product] == [[id(v)]] * 2


@pytest.mark.parametrize(
    "scalar", [np.float64(2), np.float32(2), np.int64(2)], ids=lambda scalar: type(scalar).__name__
)
def test_numpy_scalar_with_value(scalar):
    v = Value(3.0)
    table = [(scalar * v, 6), (v * scalar, 6), (scalar - v, -1), (v - scalar, 1), (scalar / v, 2 / 3), (scalar**v, 8)]
    for node, wanted in table:
        assert type(node) is Value
        assert node.data == pytest.approx(wanted, rel=1e-15)
        assert identities(node.parents) == [id(v)]
    assert bool(scalar < v) is True
    assert bool(v == scalar + 1) is True


# ---------------------------------------------------------------------------------------------------------------------
# Bad input: one clear error, which names what is wrong and the remedy.
# ---------------------------------------------------------------------------------------------------------------------

wrong: Any = ad  # what follows is nothing for a type checker
LOST_GRADIENT = (ad.OperandError, "v.data", "autodiff.sin")
BAD = {
    "text": (lambda: wrong.Value("3"), ad.OperandError, "str", "'3'", "float("),
    "none": (lambda: wrong.Value(None), ad.OperandError, "None"),
    "complex": (lambda: wrong.Value(1j), ad.OperandError, "complex", "real"),
    "list": (lambda: wrong.Value([1.0]), ad.OperandError, "list"),
    "array": (lambda: wrong.Value(np.ones(2)), ad.OperandError, "array"),
    "integer beyond the floats": (lambda: wrong.Value(10**400), ad.OperandError, "float"),
    "unknown keyword of Value": (lambda: wrong.Value(1.0, lable="x"), TypeError, "lable"),
    "unknown attribute": (lambda: setattr(wrong.Value(1.0), "lable", "x"), AttributeError, "lable"),
    "float(v)": (lambda: float(V), *LOST_GRADIENT),
    "int(v)": (lambda: int(V), *LOST_GRADIENT),
    "complex(v)": (lambda: complex(V), *LOST_GRADIENT),
    "math.sin(v)": (lambda: math.sin(V), *LOST_GRADIENT),
    "math.pow(v)": (lambda: math.pow(V, 2), *LOST_GRADIENT),
    "v + text": (lambda: V + "3", ad.OperandError, "add", "str", "float("),
    "text + v": (lambda: "3" + V, ad.OperandError, "add", "str", "float("),
    "v * None": (lambda: V * None, ad.OperandError, "mul", "None"),
    "v ** complex": (lambda: V**1j, ad.OperandError, "pow", "complex"),
    "sin(text)": (lambda: wrong.sin("3"), ad.OperandError, "sin", "str", "float("),
    "sin(complex)": (lambda: wrong.sin(1j), ad.OperandError, "sin", "complex"),
    "sin(list)": (lambda: wrong.sin([V]), ad.OperandError, "sin", "list"),
    "atan2(v, text)": (lambda: wrong.atan2(V, "3"), ad.OperandError, "atan2", "str"),
    "sum of text": (lambda: wrong.sum([V, "3"]), ad.OperandError, "sum", "str"),
    "dot of unequal lengths": (lambda: wrong.dot([V, W], [1.0]), ad.LengthError, "dot", "2", "1"),
    "max of nothing": (lambda: wrong.max([]), ad.LengthError, "max"),
    "min of nothing": (lambda: wrong.min([]), ad.LengthError, "min"),
    "mean of nothing": (lambda: wrong.mean([]), ad.LengthError, "mean"),
    "clamp upside down": (lambda: wrong.clamp(V, 2, 1), ad.AutodiffError, "clamp", "low", "high"),
    "unknown keyword of a function": (lambda: wrong.leaky_relu(V, slop=0.1), TypeError, "slop"),
    "round to digits": (lambda: round(V, 2), ad.OperandError, "round", "data"),
    "grad of text": (lambda: wrong.grad(lambda x: "3")(1.0), ad.OperandError, "str"),
    "grad of nothing": (lambda: wrong.grad(lambda x: None)(1.0), ad.OperandError, "None", "return"),
    "grad of a list": (lambda: wrong.grad(lambda x: [x])(1.0), ad.OperandError, "list"),
    "grad at text": (lambda: wrong.grad(lambda x: x)("1"), ad.OperandError, "str"),
    "unknown keyword of grad": (lambda: wrong.grad(lambda x: x, argnum=0), TypeError, "argnum"),
}


@pytest.mark.parametrize(("call", "error", "words"), [(row[0], row[1], row[2:]) for row in BAD.values()], ids=list(BAD))
def test_bad_input(call, error, words):
    with pytest.raises(error) as raised:
        call()
    assert [word for word in words if word not in str(raised.value)] == []


def test_gradient_of_a_constant_is_zero():
    assert ad.grad(lambda x: 3.0)(1.0) == 0.0
    assert ad.gradients(V * 1, W) == 0.0


# ---------------------------------------------------------------------------------------------------------------------
# Depth, memory, copies.
# ---------------------------------------------------------------------------------------------------------------------


@contextmanager
def little_stack():
    """Let calls go no more than forty deeper than here, whatever runs the tests."""
    frame, depth = sys._getframe(), 0
    while frame:
        frame, depth = frame.f_back, depth + 1
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + 40)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def chain(length):
    x = y = Value(1.0)
    for _ in range(length):
        y = y + x
    return x, y


@pytest.fixture
def _no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_collector")
def test_chain_of_a_million():
    before = living_values()
    with little_stack():
        x, y = chain(1_000_000)
        y.backward()
    assert (y.data, x.grad) == (1_000_001.0, 1_000_001.0)
    with little_stack():
        assert ad.gradients(y, x) == 1_000_001.0
        del x, y
    assert living_values() == before


@pytest.mark.usefixtures("_no_collector")
@pytest.mark.parametrize(
    "use",
    [
        lambda x: (x * x + x.exp()).backward(),
        lambda x: ad.dot([x, x], [x, 2.0], x).backward(),
        lambda x: ad.softmax([x, 2 * x])[0].backward(),
        lambda x: ad.gradients(x * x, x, create_graph=True).backward(),
        lambda x: ad.hessian(lambda a: a[0] * a[1] ** 2)([1.0, 2.0]),
        lambda x: ad.jvp(lambda a: a.sin(), (1.0,), (1.0,)),
        lambda x: copy.deepcopy(x * x),
        lambda x: pickle.loads(pickle.dumps(x * x)),
    ],
    ids=["backward", "dot", "softmax", "create_graph", "hessian", "jvp", "deepcopy", "pickle"],
)
def test_graph_is_freed_with_its_root(use):
    before = living_values()
    use(Value(2.0))
    assert living_values() == before


@pytest.mark.parametrize("binary", [operator.add, operator.mul, operator.truediv, operator.pow, ad.hypot])
def test_memory_of_a_binary_node(binary):
    length = 20_000
    x = y = Value(1.0)
    tracemalloc.start()
    try:
        for _ in range(length):
            y = binary(y, x)
        y.backward()
        size = tracemalloc.get_traced_memory()[0] / length
    finally:
        tracemalloc.stop()
    assert size <= 350


def by_pickler(pickler, unpickler, protocol):
    def duplicate(thing):
        file = io.BytesIO()
        pickler(file, protocol).dump(thing)
        file.seek(0)
        return unpickler(file).load()

    return duplicate


PICKLERS: list[tuple[str, Any, Any]] = [
    ("C", pickle.Pickler, pickle.Unpickler),
    ("Python", pickle._Pickler, pickle._Unpickler),
]
COPIERS = {
    "deepcopy": copy.deepcopy,
    **{
        f"{language} pickle {protocol}": by_pickler(pickler, unpickler, protocol)
        for language, pickler, unpickler in PICKLERS
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}
each_copier = pytest.mark.parametrize("duplicate", COPIERS.values(), ids=list(COPIERS))


@each_copier
def test_copies_of_a_graph(duplicate):
    x = Value(3.0, label="x")
    inner = x * x
    y = ad.dot([inner, x], [2.0, inner], 1.0)
    y.backward()
    twins = duplicate({"y": y, "several": [x, inner, y], "again": (y, x)})
    twin_x, twin_inner, twin_y = twins["several"]
    assert twins["y"] is twin_y
    assert identities(twins["again"]) == identities([twin_y, twin_x])
    for node, twin in ((x, twin_x), (inner, twin_inner), (y, twin_y)):
        assert twin is not node
        for field in ("data", "grad", "label", "op", "local_derivatives"):
            assert getattr(twin, field) == getattr(node, field), field
    assert identities(twin_inner.parents) == [id(twin_x)] * 2
    assert identities(twin_y.parents) == identities([twin_inner, twin_x, twin_inner])
    assert twin_y.operands[2] == 2.0
    assert all(parent.serial < node.serial for node in ad.topological_order(twin_y) for parent in node.parents)
    twin_y.backward()
    assert (twin_x.grad, x.grad) == (2 * x.grad, 6 * 2 + 9 + 3 * 6)


def check_copy_of_a_chain(duplicate, length):
    x, y = chain(length)
    with little_stack():
        twin_y, twin_x = duplicate([y, x])
        twin_y.backward()
    assert (twin_y.data, twin_x.grad, x.grad) == (length + 1.0, length + 1.0, 0.0)


@each_copier
def test_copy_of_a_chain(duplicate):
    check_copy_of_a_chain(duplicate, 5_000)  # the stack has room for forty


@pytest.mark.parametrize("name", ["deepcopy", f"C pickle {pickle.DEFAULT_PROTOCOL}"])
def test_copy_of_a_chain_of_a_hundred_thousand(name):
    check_copy_of_a_chain(COPIERS[name], 100_000)


def test_shallow_copy_is_a_node_beside_it():
    x = Value(3.0)
    y = x * x
    twin = copy.copy(y)
    assert twin is not y
    assert (twin.data, twin.op, identities(twin.parents)) == (9.0, y.op, [id(x)] * 2)
    twin.backward()
    assert x.grad == 6.0


@pytest.mark.parametrize("exponent", [0.3, 1.3, -1.3, -1.2166531229804667, 2.7])
def test_a_power_of_minus_zero_has_the_derivatives_of_one_of_zero(exponent):
    """The rounding error of exponent - 1, which is put back, once turned them to nan."""
    slopes = []
    for zero in (0.0, -0.0):
        x, y = Value(zero), Value(exponent)
        (x**y).backward()
        slopes.append((x.grad, y.grad))
    assert slopes[0] == slopes[1]


def test_the_faster_methods_are_those_of_operators():
    """Every method of the table, spelled out for speed, records what the one through apply_op records."""
    general = {name: method for name, method in vars(Operators).items() if callable(method) and method in ROW_OF}
    assert len(general) > 60
    for name, method in general.items():
        assert getattr(Value, name) is not method
        for operands in ([V], [V, W], [V, 2], [V, np.float64(0.5)]):
            if len(operands) == len(ad.OPS[ROW_OF[method]].partials):
                assert as_recorded(getattr(Value, name)(*operands)) == as_recorded(method(*operands))
