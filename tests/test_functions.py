"""The functions that a user calls: right on numbers, one node on Values, clear errors, and every name that is promised.

What a derivative is, test_accuracy holds; here is the way from a name to its row.
"""

import ast
import builtins
import inspect
import math
import operator
import subprocess
import sys
from collections import deque
from fractions import Fraction
from pathlib import Path

import mpmath
import numpy as np
import pytest

import autodiff as ad
from autodiff import Value, functions
from tests.measured import HELPERS

nan, inf = math.nan, math.inf


def log_sigmoid(x):
    return -np.logaddexp(0.0, -x)


# name: (what Python's math or NumPy says it is, operands to try)
ELEMENTWISE = {
    "neg": (operator.neg, [(2.5,), (-1.0,)]),
    "abs": (builtins.abs, [(2.5,), (-1.0,)]),
    "mod": (operator.mod, [(-7.0, 3.0), (7.5, -2.0)]),
    "pow": (math.pow, [(2.0, 0.5), (-2.0, 3.0), (0.0, 0.0)]),
    "square": (np.square, [(-3.0,), (0.5,)]),
    "reciprocal": (np.reciprocal, [(-4.0,), (0.3,)]),
    "sqrt": (math.sqrt, [(2.0,), (0.0,)]),
    "cbrt": (np.cbrt, [(-2.0,), (27.0,)]),
    "exp": (math.exp, [(0.7,), (-700.0,)]),
    "exp2": (np.exp2, [(0.7,), (-3.0,)]),
    "expm1": (math.expm1, [(0.7,), (1e-9,)]),
    "log": (math.log, [(0.7,), (1e300,)]),
    "log2": (math.log2, [(0.7,), (8.0,)]),
    "log10": (math.log10, [(0.7,), (1e10,)]),
    "log1p": (math.log1p, [(0.7,), (1e-9,)]),
    "sin": (math.sin, [(0.7,), (-3.0,)]),
    "cos": (math.cos, [(0.7,), (-3.0,)]),
    "tan": (math.tan, [(0.7,), (-3.0,)]),
    "asin": (math.asin, [(0.7,), (-1.0,)]),
    "acos": (math.acos, [(0.7,), (-1.0,)]),
    "atan": (math.atan, [(0.7,), (-30.0,)]),
    "atan2": (math.atan2, [(1.0, -2.0), (-1.0, -2.0), (0.0, 0.0)]),
    "hypot": (math.hypot, [(3.0, -4.0), (0.1, 0.2)]),
    "sinh": (math.sinh, [(0.7,), (-3.0,)]),
    "cosh": (math.cosh, [(0.7,), (-3.0,)]),
    "tanh": (math.tanh, [(0.7,), (-3.0,)]),
    "asinh": (math.asinh, [(0.7,), (-3.0,)]),
    "acosh": (math.acosh, [(1.0,), (3.0,)]),
    "atanh": (math.atanh, [(0.7,), (-0.3,)]),
    "erf": (math.erf, [(0.7,), (-3.0,)]),
    "erfc": (math.erfc, [(0.7,), (5.0,)]),
    "relu": (lambda x: np.maximum(x, 0.0), [(0.7,), (-3.0,), (0.0,)]),
    "leaky_relu": (lambda x, slope: np.where(x > 0, x, slope * x), [(0.7, 0.25), (-3.0, 0.25)]),
    "elu": (lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(x)), [(0.7, 1.5), (-3.0, 1.5)]),
    "gelu": (lambda x: x * math.erfc(-x / math.sqrt(2)) / 2, [(0.7,), (-3.0,)]),
    "silu": (lambda x: x * math.exp(log_sigmoid(x)), [(0.7,), (-3.0,)]),
    "sigmoid": (lambda x: math.exp(log_sigmoid(x)), [(0.7,), (-3.0,)]),
    "log_sigmoid": (log_sigmoid, [(0.7,), (-3.0,), (-1000.0,)]),
    "softplus": (lambda x: np.logaddexp(0.0, x), [(0.7,), (-3.0,), (1000.0,)]),
    "sign": (np.sign, [(0.7,), (-3.0,), (0.0,)]),
    "step": (lambda x: np.heaviside(x, 0.0), [(0.7,), (-3.0,), (0.0,)]),
    "floor": (math.floor, [(2.5,), (-2.5,)]),
    "ceil": (math.ceil, [(2.5,), (-2.5,)]),
    "round": (builtins.round, [(2.5,), (-3.5,), (2.6,)]),
    "clamp": (np.clip, [(0.5, 0.0, 1.0), (-2.0, 0.0, 1.0), (2.0, 0.0, 1.0)]),
    "trunc": (math.trunc, [(2.7,), (-2.7,)]),
    "floor_divide": (operator.floordiv, [(-7.0, 2.0), (7.5, -2.0)]),
    "fmod": (math.fmod, [(-7.0, 2.0), (7.5, -2.0)]),
    "copysign": (math.copysign, [(3.0, -0.0), (-3.0, 2.0)]),
    "exp10": (lambda x: 10.0**x, [(0.7,), (-3.0,)]),
    "log1mexp": (lambda x: math.log(-math.expm1(-x)), [(0.7,), (1e-9,)]),
    "logaddexp": (np.logaddexp, [(0.7, -0.3), (1000.0, 1000.0)]),
    "logaddexp2": (np.logaddexp2, [(0.7, -0.3), (1000.0, 1000.0)]),
    "logit": (lambda x: float(mpmath.log(mpmath.mpf(x) / (1 - mpmath.mpf(x)))), [(0.25,), (0.7,)]),
    "xlogy": (lambda x, y: x * math.log(y) if x else 0.0, [(0.7, 3.0), (0.0, 0.0)]),
    "xlog1py": (lambda x, y: x * math.log1p(y) if x else 0.0, [(2.0, 1e-9), (0.0, 0.5)]),
    "sinc": (np.sinc, [(0.5,), (-1.3,), (0.0,)]),
    "deg2rad": (math.radians, [(180.0,), (-45.5,)]),
    "rad2deg": (math.degrees, [(math.pi,), (-0.7,)]),
    "lgamma": (math.lgamma, [(5.0,), (-0.3,)]),
    "digamma": (lambda x: float(mpmath.digamma(x)), [(1.0,), (-0.3,)]),
    "maximum": (np.maximum, [(0.5, 2.0), (2.0, -1.0)]),
    "minimum": (np.minimum, [(0.5, 2.0), (2.0, -1.0)]),
    "where": (np.where, [(1.0, 2.0, 3.0), (0.0, 2.0, 3.0), (-0.5, 2.0, 3.0)]),
}
# name: the same, of one sequence
NARY = {
    "sum": np.sum,
    "prod": np.prod,
    "mean": np.mean,
    "max": np.max,
    "min": np.min,
    "logsumexp": np.logaddexp.reduce,
    "norm": np.linalg.norm,
}
SEQUENCES = [[2.0], [1.0, -2.0, 0.5], [3.0, 3.0, 0.0, 3.0]]
NUMPY_NAMES = {
    **{"arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2"},
    **{"arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh"},
    **{"radians": "deg2rad", "degrees": "rad2deg"},
    **{"absolute": "abs", "fabs": "abs", "negative": "neg", "power": "pow", "rint": "round"},
}
ELEMENTWISE_CASES = [(name, f, point) for name, (f, points) in ELEMENTWISE.items() for point in points]
NARY_CASES = [(name, f, xs) for name, f in NARY.items() for xs in SEQUENCES]


def assert_number(got, expected):
    assert type(got) is float
    assert got == pytest.approx(float(expected), rel=1e-14, abs=0)


def assert_one_node(z, row, operands):
    assert z.op is ad.OPS[row]
    assert len(z.operands) == len(operands)
    assert all(x is y if isinstance(y, Value) else x == y for x, y in zip(z.operands, operands, strict=True))
    assert [id(x) for x in z.parents] == [id(x) for x in operands if isinstance(x, Value)]
    assert len(z.local_derivatives) == len(z.parents)


# One to three operands.


@pytest.mark.parametrize(("name", "truth", "point"), ELEMENTWISE_CASES)
def test_numbers_give_a_float(name, truth, point):
    assert_number(getattr(ad, name)(*point), truth(*point))


@pytest.mark.parametrize(("name", "truth", "point"), ELEMENTWISE_CASES)
def test_values_give_one_node_with_its_operands_in_order(name, truth, point):
    operands = [Value(x) for x in point]
    z = getattr(ad, name)(*operands)
    assert_number(z.data, truth(*point))
    assert_one_node(z, name, operands)


@pytest.mark.parametrize(("name", "truth", "point"), [case for case in ELEMENTWISE_CASES if len(case[2]) > 1])
def test_a_value_may_stand_in_any_place_beside_numbers(name, truth, point):
    for place in range(len(point)):
        operands = [Value(x) if i == place else x for i, x in enumerate(point)]
        z = getattr(ad, name)(*operands)
        assert_number(z.data, truth(*point))
        assert_one_node(z, name, operands)
        assert all(type(x) is float for i, x in enumerate(z.operands) if i != place)


@pytest.mark.parametrize("one", [1, True, np.float64(1), np.float32(1), np.int64(1), Fraction(1)], ids=type)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_every_kind_of_real_number_is_taken(name, one):
    arity = len(ELEMENTWISE[name][1][0])
    assert_number(getattr(ad, name)(*[one] * arity), getattr(ad, name)(*[1.0] * arity))


@pytest.mark.parametrize("bad", ["3", None, 1j, [1.0], np.ones(2)], ids=lambda bad: type(bad).__name__)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_anything_else_is_refused_in_every_place(name, bad):
    arity = len(ELEMENTWISE[name][1][0])
    for place in range(arity):
        for fellow in (1.0, Value(1.0)):
            operands = [bad if i == place else fellow for i in range(arity)]
            with pytest.raises(ad.OperandError, match=rf"^{name} takes a real number, not "):
                getattr(ad, name)(*operands)


def test_defaults():
    assert ad.leaky_relu(-2.0) == ad.leaky_relu(-2.0, slope=0.01) == -0.02
    assert ad.elu(-1.0) == ad.elu(-1.0, alpha=1.0) == math.expm1(-1.0)
    assert ad.clamp(-1e300) == ad.clamp(-1e300, low=-inf, high=inf) == -1e300
    assert ad.clamp(-2.0, high=1.0) == -2.0
    assert ad.clamp(-2.0, 0.0) == 0.0


@pytest.mark.parametrize("x", [0.5, Value(0.5)], ids=["number", "Value"])
@pytest.mark.parametrize(("low", "high"), [(1.0, 0.0), (nan, 1.0), (0.0, nan), (Value(1.0), 0.0), (1.0, Value(0.0))])
def test_clamp_needs_bounds_in_order(x, low, high):
    with pytest.raises(ad.OperandError, match="clamp needs low <= high"):
        ad.clamp(x, low, high)


@pytest.mark.parametrize("condition", [True, 1, 2.5, Value(1.0), Value(2.0) > 1.0])
def test_where_takes_any_condition(condition):
    x, y = Value(2.0), Value(3.0)
    z = ad.where(condition, x, y)
    z.backward()
    assert (z.data, x.grad, y.grad) == (2.0, 1.0, 0.0)


@pytest.mark.parametrize(("n", "x"), [(0, 0.3), (1, 1.0), (2, -0.3), (np.int64(7), 2.5), (3.0, 20.0)])
def test_polygamma_has_a_whole_constant_for_its_order(n, x):
    want = float(mpmath.polygamma(int(n), x))
    assert_number(ad.polygamma(n, x), want)
    operand = Value(x)
    z = ad.polygamma(n, operand)
    assert_number(z.data, want)
    assert_one_node(z, "polygamma", [float(n), operand])
    assert_number(ad.grad(lambda x: ad.polygamma(n, x))(x), float(mpmath.polygamma(int(n) + 1, x)))


@pytest.mark.parametrize("n", [-1, 0.5, nan, inf, "1", None, Value(1.0)], ids=repr)
def test_polygamma_refuses_any_other_order(n):
    with pytest.raises(ad.OperandError, match="polygamma"):
        ad.polygamma(n, 1.0)


# Any number of operands.


def as_kinds(xs):
    return [xs, tuple(xs), deque(xs), iter(xs), (x for x in xs), np.array(xs)]


@pytest.mark.parametrize(("name", "truth", "xs"), NARY_CASES)
def test_numbers_of_any_iterable_give_a_float(name, truth, xs):
    for iterable in as_kinds(xs):
        assert_number(getattr(ad, name)(iterable), truth(xs))


@pytest.mark.parametrize(("name", "truth", "xs"), NARY_CASES)
def test_values_of_any_iterable_give_one_node(name, truth, xs):
    values = [Value(x) for x in xs]
    for iterable in as_kinds(values):
        z = getattr(ad, name)(iterable)
        assert_number(z.data, truth(xs))
        assert_one_node(z, name, values)


@pytest.mark.parametrize(("name", "truth", "xs"), [case for case in NARY_CASES if len(case[2]) > 1])
def test_one_value_among_numbers_is_enough(name, truth, xs):
    for place in range(len(xs)):
        operands = [Value(x) if i == place else x for i, x in enumerate(xs)]
        z = getattr(ad, name)(operands)
        assert_number(z.data, truth(xs))
        assert_one_node(z, name, operands)


def test_a_repeated_operand_has_an_edge_each_time():
    x = Value(3.0)
    z = ad.prod([x, x, x])
    z.backward()
    assert (len(z.parents), x.grad) == (3, 27.0)


@pytest.mark.parametrize(("name", "expected"), [("sum", 0.0), ("prod", 1.0), ("norm", 0.0), ("logsumexp", -inf)])
def test_of_nothing(name, expected):
    for nothing in ([], (), iter([]), np.array([])):
        got = getattr(ad, name)(nothing)
        assert type(got) is float
        assert got == expected


@pytest.mark.parametrize("name", ["mean", "max", "min", "softmax"])
def test_of_nothing_is_an_error(name):
    for nothing in ([], (), iter([]), np.array([])):
        with pytest.raises(ad.LengthError, match=rf"^{name} of no numbers is not defined"):
            getattr(ad, name)(nothing)


WHOLE = {"a Value": Value(1.0), "a number": 1.0, "text": "12", "no text": "", "bytes": b"12", "a dict": {"x": 1.0}}
CALLS = {
    **{name: getattr(ad, name) for name in (*NARY, "softmax")},
    "dot as weights": lambda xs: ad.dot(xs, [1.0]),
    "dot as inputs": lambda xs: ad.dot([1.0], xs),
}


@pytest.mark.parametrize("bad", [*WHOLE.values(), None, np.array(1.0)], ids=[*WHOLE, "None", "0-d array"])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_what_is_no_iterable_of_scalars_is_refused(call, bad):
    with pytest.raises(ad.OperandError, match=rf"takes an iterable of numbers and Values, not {type(bad).__name__}; "):
        call(bad)


NESTED = {"list": [[1.0]], "Values": [[Value(1.0)]], "matrix": np.ones((1, 2)), "words": ["1"], "None": [None]}


@pytest.mark.parametrize("bad", NESTED.values(), ids=NESTED)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_elements_that_are_no_scalars_are_refused(call, bad):
    with pytest.raises(ad.OperandError, match="takes a real number, not "):
        call(bad)


def test_an_error_inside_a_generator_comes_through():
    def broken():
        yield Value(1.0)
        raise TypeError("of the user's own")

    for call in CALLS.values():
        with pytest.raises(TypeError, match="of the user's own"):
            call(broken())


def test_pythons_sum_works_too():
    x = Value(2.0)
    total = builtins.sum([x, x, 1.0])
    total.backward()
    assert (total.data, x.grad) == (5.0, 2.0)


# dot


@pytest.mark.parametrize("bias", [None, 0.0, 2.5])
def test_dot_of_numbers(bias):
    ws, xs = [1.0, -2.0, 0.5], [4.0, 0.25, 8.0]
    for w, x in zip(as_kinds(ws), as_kinds(xs), strict=True):
        assert_number(ad.dot(w, x, bias), np.dot(ws, xs) + (bias or 0.0))


@pytest.mark.parametrize("bias", [None, 2.5, Value(2.5)], ids=["no bias", "number", "Value"])
@pytest.mark.parametrize("which", ["weights", "inputs", "both", "some"])
def test_dot_is_one_node_of_weights_inputs_and_bias(which, bias):
    ws, xs = [1.0, -2.0, 0.5], [4.0, 0.25, 8.0]
    w = [Value(v) for v in ws] if which in ("weights", "both") else ws
    x = [Value(v) for v in xs] if which in ("inputs", "both") else xs
    if which == "some":
        w = [1.0, Value(-2.0), 0.5]
    s = ad.dot(w, x, bias)
    assert s.data == 7.5 + (0.0 if bias is None else 2.5)
    assert_one_node(s, "dot", [*w, *x] if bias is None else [*w, *x, bias])
    local_derivatives = [*xs, *ws, 1.0]
    assert s.local_derivatives == tuple(
        d for d, v in zip(local_derivatives, [*w, *x, bias], strict=True) if isinstance(v, Value)
    )


def test_dot_of_nothing_is_the_bias():
    assert_number(ad.dot([], []), 0.0)
    assert_number(ad.dot([], iter([]), 2), 2.0)
    bias = Value(2.0)
    s = ad.dot([], [], bias)
    s.backward()
    assert (s.data, bias.grad) == (2.0, 1.0)


def test_dot_with_a_value_for_bias_only():
    bias = Value(2.0)
    s = ad.dot([1.0], [3.0], bias)
    assert s.data == 5.0
    assert_one_node(s, "dot", [1.0, 3.0, bias])


@pytest.mark.parametrize("make", [list, tuple, iter, np.array])
def test_dot_of_unequal_lengths_names_both(make):
    for weights, inputs in ([1.0, 2.0], [1.0]), ([], [1.0]), ([Value(1.0)] * 2, [1.0] * 3):
        with pytest.raises(ad.LengthError, match=rf"{len(weights)} weights and {len(inputs)} inputs"):
            ad.dot(make(weights), make(inputs))


@pytest.mark.parametrize("bad", ["1", [1.0]])
def test_dot_refuses_a_bias_that_is_no_number(bad):
    with pytest.raises(ad.OperandError, match="dot takes a real number"):
        ad.dot([Value(1.0)], [1.0], bad)


# softmax


def test_softmax_of_numbers():
    xs = [1.0, -2.0, 0.5]
    expected = np.exp(xs) / np.exp(xs).sum()
    for iterable in [*as_kinds(xs), np.array(xs, dtype=np.float32)]:
        shares = ad.softmax(iterable)
        assert type(shares) is list
        for share, truth in zip(shares, expected, strict=True):
            assert_number(share, truth)


def test_softmax_of_values_is_one_node_for_each():
    xs = [Value(1.0), -2, Value(0.5)]
    numbers = np.array([1.0, -2.0, 0.5])
    expected = np.exp(numbers) / np.exp(numbers).sum()
    shares = ad.softmax(x for x in xs)
    for i, (share, truth) in enumerate(zip(shares, expected, strict=True)):
        assert_number(share.data, truth)
        assert_one_node(share, "softmax", [float(i), *xs])
        jacobian_row = truth * ((np.arange(3) == i) - expected)
        assert share.local_derivatives == pytest.approx(jacobian_row[[0, 2]], rel=1e-14)


def test_softmax_far_out_is_without_warnings():
    assert ad.softmax(np.array([1000.0, -1000.0])) == [1.0, 0.0]
    assert ad.softmax([-1000]) == [1.0]


# Names.

OPERATORS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}  # their public form is the operator
OPERATIONS = {*ELEMENTWISE, *NARY, "dot", "select", "softmax", "polygamma"}
BUILTINS = {"abs", "max", "min", "pow", "round", "sum"}


def test_every_operation_has_a_function_and_every_function_a_row():
    assert len(OPERATIONS) == 75
    assert set(ad.OPS) - HELPERS - set(OPERATORS) == OPERATIONS
    assert {*functions.__all__, *BUILTINS} == {*OPERATIONS, *NUMPY_NAMES}
    assert set(functions.__all__) <= set(ad.__all__)
    assert all(getattr(ad, name) is getattr(functions, name) for name in (*OPERATIONS, *NUMPY_NAMES))


@pytest.mark.parametrize(("name", "meant"), NUMPY_NAMES.items())
def test_numpys_names_are_the_same_functions(name, meant):
    assert getattr(ad, name) is getattr(ad, meant)


def test_a_star_import_leaves_pythons_own_functions_alone():
    names = {}
    exec("from autodiff import *", names)
    assert names["exp"] is ad.exp
    assert not {name for name in names if hasattr(builtins, name) and not name.startswith("__")}


def test_every_function_is_documented_with_an_example():
    for name in OPERATIONS:
        function = getattr(ad, name)
        assert function.__name__ == name
        assert ">>> " in function.__doc__


UNARY_UFUNCS = {
    **{name: name for name in ("sqrt", "cbrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p")},
    **{name: name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "floor", "ceil")},
    **{name: name for name in ("trunc", "deg2rad", "rad2deg")},
    **{name: row for name, row in NUMPY_NAMES.items() if row not in ("atan2", "pow")},
    **{"square": "mul", "reciprocal": "div"},  # NumPy's own loops: x * x and 1 / x
}
BINARY_UFUNCS = {
    **{"add": "add", "subtract": "sub", "multiply": "mul", "divide": "div"},
    **{"floor_divide": "floor_divide"},
    **{"remainder": "mod", "mod": "mod", "power": "pow", "arctan2": "atan2", "hypot": "hypot"},
}


@pytest.mark.parametrize(("name", "row"), UNARY_UFUNCS.items())
def test_numpys_unary_functions_work_on_arrays_of_values(name, row):
    numbers = np.array([1.25, 1.5] if name == "arccosh" else [0.25, 0.5])
    values = np.array([Value(x) for x in numbers])
    ufunc = getattr(np, name)
    for got, expected, x in zip(ufunc(values), ufunc(numbers), values, strict=True):
        assert got.data == pytest.approx(expected, rel=1e-15)
        assert got.op is ad.OPS[row]
        assert x in got.parents


@pytest.mark.parametrize(("name", "row"), BINARY_UFUNCS.items())
def test_numpys_binary_functions_work_on_arrays_of_values(name, row):
    numbers, others = np.array([0.25, -1.5]), np.array([2.0, 3.0])
    ufunc = getattr(np, name)
    expected = ufunc(numbers, others)
    left, right = (np.array([Value(x) for x in array]) for array in (numbers, others))
    with np.errstate(invalid="ignore"):  # NumPy up to 2.2 warns of log(-1.5), which is in ∂(x**y)/∂y
        results = [ufunc(left, right), ufunc(left, others)]
        if name not in ("arctan2", "hypot"):  # for these NumPy asks the left operand for a method
            results.append(ufunc(numbers, right))
    for result in results:
        assert [z.data for z in result] == pytest.approx(expected, rel=1e-15)
        assert {z.op for z in result} == {ad.OPS[row]}


METHODS = {*ELEMENTWISE, *NUMPY_NAMES} - {"where", "neg", "abs", "mod", "pow", "round", "power"}


@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_method_is_the_function(name):
    point = ELEMENTWISE[NUMPY_NAMES.get(name, name)][1][0]
    operands = [Value(x) for x in point]
    method = getattr(operands[0], name)(*operands[1:])
    function = getattr(ad, name)(*operands)
    assert (method.op, method.data) == (function.op, function.data)
    assert method.local_derivatives == function.local_derivatives


# Values among Python's and NumPy's own functions, which ask a number for methods.


def test_standard_deviation():
    xs = np.array([Value(1.0), Value(4.0), Value(2.5)])
    s = np.std(xs, ddof=1)
    s.backward()
    assert s.data == 1.5
    assert [x.grad for x in xs] == pytest.approx([-0.5, 0.5, 0.0], abs=1e-16)  # (xᵢ - mean) / ((n - 1)·s)
    assert np.var(xs, ddof=1).data == 2.25
    assert np.vdot(xs, xs).data == 1 + 16 + 6.25
    assert all(x is y for x, y in zip(np.conj(xs), xs, strict=True))


def test_whole_division_as_in_python():
    x, y = Value(-7.5), Value(2.0)
    for left, right in ((x, y), (x, 2.0), (-7.5, y)):
        quotient, remainder = divmod(left, right)
        assert (quotient.data, remainder.data) == divmod(-7.5, 2.0)
        assert (left // right).data == -7.5 // 2.0
    assert math.trunc(x).data == -7.0
    assert [z.data for z in np.array([x, y]) // 2.0] == [-4.0, 1.0]
    assert (x / 2.0).data - (x // 2.0).data == 0.25


# Types.

TYPED = """
from collections.abc import Iterable
from typing_extensions import assert_type
import autodiff as ad
from autodiff import Value

Scalar = Value | float

def check(v: Value, f: float, i: int, u: Scalar, vs: list[Value], fs: list[float], us: list[Scalar]) -> None:
    assert_type(ad.exp(v), Value)
    assert_type(ad.exp(f), float)
    assert_type(ad.abs(i), float)
    assert_type(ad.arcsin(u), Value | float)
    assert_type(ad.hypot(v, f), Value)
    assert_type(ad.hypot(i, v), Value)
    assert_type(ad.power(i, f), float)
    assert_type(ad.pow(u, f), Value | float)
    assert_type(ad.leaky_relu(v), Value)
    assert_type(ad.leaky_relu(f, slope=v), Value)
    assert_type(ad.elu(f, 2), float)
    assert_type(ad.clamp(v, 0, 1), Value)
    assert_type(ad.clamp(f, high=v), Value)
    assert_type(ad.clamp(f), float)
    assert_type(ad.where(v > 0, v, 0), Value)
    assert_type(ad.where(True, f, i), float)
    assert_type(ad.sum(vs), Value)
    assert_type(ad.sum(x * x for x in vs), Value)
    assert_type(ad.max([0.0, v]), Value | float)
    assert_type(ad.mean(fs), float)
    assert_type(ad.norm(us), Value | float)
    assert_type(ad.softmax(vs), list[Value])
    assert_type(ad.softmax(fs), list[float])
    assert_type(ad.dot(vs, fs), Value)
    assert_type(ad.dot(fs, vs, bias=1), Value)
    assert_type(ad.dot(fs, fs, v), Value)
    assert_type(ad.dot(fs, fs), float)
    assert_type(ad.dot(us, fs), Value | float)
    ad.exp("1")  # type: ignore[type-var]
    ad.sum(v)  # type: ignore[call-overload]
    ad.hypot(v, "1")  # type: ignore[call-overload]
"""


def test_types_follow_the_operands(tmp_path, monkeypatch):
    api = pytest.importorskip("mypy.api")
    monkeypatch.chdir(Path(__file__).parent.parent)
    (tmp_path / "typed.py").write_text(TYPED)
    out, err, status = api.run(["--strict", str(tmp_path / "typed.py")])
    assert status == 0, out + err


def test_what_editors_read_is_what_the_functions_say():
    root = Path(__file__).parent.parent
    run = subprocess.run([sys.executable, "docs/stubs.py", "--check"], cwd=root, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    stub = ast.parse((root / "autodiff/functions.pyi").read_text(encoding="utf-8"))
    said = {node.name: ast.get_docstring(node) for node in stub.body if isinstance(node, ast.FunctionDef)}
    assert {name: inspect.getdoc(getattr(ad, name)) for name in OPERATIONS} == {name: said[name] for name in OPERATIONS}


@pytest.mark.parametrize("n", [0, 1, 2, 5])
@pytest.mark.parametrize("inputs", ["values", "floats", "mixed", "integers"])
@pytest.mark.parametrize("biased", [True, False])
def test_dot_keeps_to_its_row(n, inputs, biased):
    """``dot`` spells out what its row comes to for a neuron: the record must be that of the row."""
    ws = [Value(0.3 * i - 1e9 * (i == 2)) for i in range(n)]
    kinds = {"values": Value, "floats": float, "integers": int}
    xs = [kinds.get(inputs, (Value, float)[i % 2])(7 - 2 * i) for i in range(n)]
    tail = [Value(0.1)] if biased else []
    node, expected = ad.dot(ws, xs, *tail), ad.OPS["dot"](*ws, *xs, *tail)
    if n or biased:
        assert node.data == expected.data
        assert node.op is expected.op
        assert [*map(id, node.parents)] == [*map(id, expected.parents)]
        assert node.operands == expected.operands
        assert node.local_derivatives == expected.local_derivatives
    else:
        assert node == expected == 0.0
