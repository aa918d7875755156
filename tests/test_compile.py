"""The function ``compile`` and its programs: what may be passed, what comes back, which errors, on both engines."""

import copy
import os
import pickle
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

import autodiff as ad
from autodiff import OperandError, Value
from autodiff.errors import AutodiffError, CompileError, LengthError, MissingDependency, VerificationError

np = pytest.importorskip("numpy")

MACHINE = pytest.param(
    "machine", marks=pytest.mark.skipif(find_spec("numba") is None, reason="machine code needs numba")
)
machine_only = MACHINE.marks[0]
ENGINES = pytest.mark.parametrize("engine", ["source", MACHINE])


def squares(engine, **options):
    """(w·x + v·y)² of two inputs and two parameters."""
    x, y, w, v = (Value(a) for a in (0.5, -1.0, 2.0, 3.0))
    return ad.compile((w * x + v * y) ** 2, [x, y], [w, v], engine=engine, **options), [w, v]


A, B = np.array([1.0, 2.0, -1.0]), np.array([0.5, 0.0, 4.0])
S = 2 * A + 3 * B  # w = 2, v = 3


# ---------------------------------------------------------------------------------------------------------------------
# Calls.
# ---------------------------------------------------------------------------------------------------------------------


@ENGINES
def test_columns_of_any_kind(engine):
    program, _ = squares(engine)
    wide = np.zeros((3, 10))
    wide[:, 3], wide[:, 7] = A, B
    frozen = A.copy()
    frozen.flags.writeable = False
    ways = [
        (A, B),
        (A.tolist(), tuple(B.tolist())),
        (np.array([A, B]),),
        (np.array([A, B]).T.copy().T,),
        (wide[:, [3, 7]].T,),
        (wide[:, 3], wide[:, 7]),
        (A[::-1][::-1], B),
        (frozen, B),
        (A.astype(np.int64), B.astype(np.float32)),
        ([1, 2, -1], B),
        (A.astype(">f8"), B),
        (A.astype(np.float16), B),
    ]
    for columns in ways:
        values = program(*columns)
        assert values.dtype == np.float64
        np.testing.assert_allclose(values, S**2, rtol=1e-15)
        value, slopes = program.value_and_grad(*columns)
        assert value == pytest.approx((S**2).mean(), rel=1e-15)
        np.testing.assert_allclose(slopes, [(2 * S * A).mean(), (2 * S * B).mean()], rtol=1e-15)


@ENGINES
def test_a_number_holds_for_all_samples(engine):
    program, _ = squares(engine)
    np.testing.assert_allclose(program(A, 0.5), (2 * A + 1.5) ** 2, rtol=1e-15)
    np.testing.assert_allclose(program(np.float64(1.0), B), (2 + 3 * B) ** 2, rtol=1e-15)


@ENGINES
def test_numbers_alone_give_a_number(engine):
    program, _ = squares(engine)
    value = program(1, 0.5)
    assert type(value) is float
    assert value == 12.25
    value, slopes = program.value_and_grad(1.0, 0.5)
    assert type(value) is float
    assert slopes.tolist() == [7.0, 3.5]
    x = Value(1.0)
    several = ad.compile([x + 1, x * 2], [x], engine=engine)(3.0)
    assert several.shape == (2,)
    assert several.tolist() == [4.0, 6.0]


@ENGINES
def test_lists_of_outputs(engine):
    x, w, c = Value(1.0), Value(2.0), Value(5.0)
    y = x * w
    program = ad.compile([y, x, w, c, y, w * c], [x], [w], engine=engine)
    values = program([1.0, 3.0])
    assert values.tolist() == [[2.0, 6.0], [1.0, 3.0], [2.0, 2.0], [5.0, 5.0], [2.0, 6.0], [10.0, 10.0]]
    assert ad.compile([y], [x], [w], engine=engine)([1.0, 3.0]).tolist() == [[2.0, 6.0]]
    assert ad.compile((y, w), [x], [w], engine=engine)([1.0, 3.0]).tolist() == [[2.0, 6.0], [2.0, 2.0]]


@ENGINES
@pytest.mark.parametrize("which", ["input", "parameter", "constant"])
def test_an_output_that_is_a_leaf(which, engine):
    leaves = {"input": Value(1.0), "parameter": Value(2.0), "constant": Value(5.0)}
    program = ad.compile(leaves[which], [leaves["input"]], [leaves["parameter"]], engine=engine)
    want = {"input": [1.0, 4.0, 4.0], "parameter": [2.0] * 3, "constant": [5.0] * 3}[which]
    assert program([1.0, 4.0, 4.0]).tolist() == want
    value, (dp, dx) = program.value_and_grad([1.0, 4.0, 4.0], wrt="both", reduce="sum")
    assert value == sum(want)
    assert dp.tolist() == [3.0 * (which == "parameter")]
    assert dx.tolist() == [[1.0 * (which == "input")] * 3]
    values, (dp, dx) = program.value_and_grad([1.0, 4.0, 4.0], wrt="both", reduce=None)
    assert values.tolist() == want
    assert dp.tolist() == [3.0 * (which == "parameter")]
    value, (dp, _) = program.value_and_grad([1.0, 4.0, 4.0], wrt="both")
    assert value == pytest.approx(sum(want) / 3)
    assert dp.tolist() == [1.0 * (which == "parameter")]


@ENGINES
def test_inputs_and_parameters_that_are_not_used(engine):
    x, y, w, v = (Value(a) for a in (1.0, 2.0, 3.0, 4.0))
    program = ad.compile(y * v, [x, y], [w, v], engine=engine)
    value, (dp, dx) = program.value_and_grad([9.0, 9.0], [1.0, 2.0], wrt="both", reduce="sum")
    assert (value, dp.tolist(), dx.tolist()) == (12.0, [0.0, 3.0], [[0.0, 0.0], [4.0, 4.0]])


@ENGINES
def test_reductions(engine):
    program, _ = squares(engine)
    dw, dv = 2 * S * A, 2 * S * B
    for reduce, scale in (("mean", 1 / 3), ("sum", 1.0)):
        value, slopes = program.value_and_grad(A, B, reduce=reduce)
        assert type(value) is float
        assert value == pytest.approx((S**2).sum() * scale, rel=1e-15)
        np.testing.assert_allclose(slopes, [dw.sum() * scale, dv.sum() * scale], rtol=1e-15)
        _, slopes = program.value_and_grad(A, B, reduce=reduce, wrt="inputs")
        np.testing.assert_allclose(slopes, np.array([4 * S, 6 * S]) * scale, rtol=1e-15)
    values, slopes = program.value_and_grad(A, B, reduce=None)
    np.testing.assert_allclose(values, S**2, rtol=1e-15)
    np.testing.assert_allclose(slopes, [dw.sum(), dv.sum()], rtol=1e-15)
    _, (for_parameters, for_inputs) = program.value_and_grad(A, B, reduce=None, wrt="both")
    np.testing.assert_allclose(for_parameters, slopes, rtol=1e-15)
    np.testing.assert_allclose(for_inputs, [4 * S, 6 * S], rtol=1e-15)


@ENGINES
def test_by_default_derivatives_are_to_parameters_where_there_are_any(engine):
    x, w = Value(2.0), Value(3.0)
    assert ad.compile(x * w, [x], [w], engine=engine).value_and_grad([2.0])[1].tolist() == [2.0]
    assert ad.compile(x * w, [x], engine=engine).value_and_grad([2.0])[1].tolist() == [[3.0]]
    assert ad.compile(x * w, [], [x, w], engine=engine).value_and_grad()[1].tolist() == [3.0, 2.0]


@ENGINES
def test_parameters_are_read_at_each_call_or_passed(engine):
    program, (w, v) = squares(engine)
    assert program([1.0], [1.0]).tolist() == [25.0]
    w.data = 10.0
    assert program([1.0], [1.0]).tolist() == [169.0]
    assert program([1.0], [1.0], parameters=[1.0, 1.0]).tolist() == [4.0]
    assert program([1.0], [1.0], parameters=np.array([1, 1])).tolist() == [4.0]
    _, slopes = program.value_and_grad([1.0], [1.0], parameters=[1.0, 0.0])
    assert slopes.tolist() == [2.0, 2.0]
    assert program([1.0], [1.0]).tolist() == [169.0]
    assert (w.data, v.data) == (10.0, 3.0)


@ENGINES
def test_constants_stay_as_they_were_recorded(engine):
    x, c = Value(1.0), Value(5.0)
    program = ad.compile(x * c, [x], engine=engine)
    c.data = 7.0
    assert program([1.0]).tolist() in ([5.0], [7.0])  # frozen when first run at the latest
    c.data = 9.0
    assert program([1.0]).tolist() in ([5.0], [7.0])


@ENGINES
def test_backward_adds_into_the_parameters(engine):
    program, (w, v) = squares(engine)
    w.grad = 100.0
    value = program.backward(A, B)
    assert type(value) is float
    assert value == pytest.approx((S**2).mean())
    assert w.grad == pytest.approx(100 + (2 * S * A).mean())
    assert v.grad == pytest.approx((2 * S * B).mean())
    program.backward(A, B, reduce="sum")
    assert v.grad == pytest.approx((2 * S * B).mean() + (2 * S * B).sum())


@ENGINES
def test_no_samples(engine):
    program, _ = squares(engine)
    assert program([], []).shape == (0,)
    assert program(np.zeros((2, 0))).shape == (0,)
    x = Value(1.0)
    assert ad.compile([x, x + 1, Value(2.0)], [x], engine=engine)([]).shape == (3, 0)
    for reduce in ("mean", "sum", None):
        with pytest.raises(LengthError, match="no sample"):
            program.value_and_grad([], [], reduce=reduce)


@ENGINES
def test_results_are_the_callers_own(engine):
    program, _ = squares(engine)
    first, (_, slopes) = program(A, B), program.value_and_grad(A, B, wrt="inputs")
    kept = first.copy(), slopes.copy()
    program(A + 1, B)
    program.value_and_grad(A + 1, B, wrt="inputs")
    assert np.array_equal(first, kept[0])
    assert np.array_equal(slopes, kept[1])
    first[:], slopes[:] = 0, 0
    assert program(A, B).tolist() == kept[0].tolist()


@ENGINES
def test_a_value_in_place_of_a_list(engine):
    x, w = Value(1.0), Value(2.0)
    assert ad.compile(x * w, x, w, engine=engine)([3.0]).tolist() == [6.0]
    assert ad.compile(x * w, iter([x]), (p for p in [w]), engine=engine)([3.0]).tolist() == [6.0]


@ENGINES
def test_the_graph_is_left_alone(engine):
    x, w = Value(1.0, label="x"), Value(2.0, label="w")
    z = ad.sin(x * w)
    nodes = ad.topological_order(z)
    before = [(n.data, n.grad, n.label, n.operands) for n in nodes]
    program = ad.compile(z, [x], [w], engine=engine)
    program.value_and_grad([4.0, 5.0], wrt="both", parameters=[3.0])
    program.verify([4.0, 5.0])
    assert [(n.data, n.grad, n.label, n.operands) for n in nodes] == before


@ENGINES
def test_several_threads_of_the_caller(engine):
    from concurrent.futures import ThreadPoolExecutor

    program, _ = squares(engine)
    X = np.random.default_rng(0).normal(size=(8, 2, 5000))
    with ThreadPoolExecutor(4) as pool:
        together = [*pool.map(lambda x: program.value_and_grad(x, wrt="both", reduce=None), X)]
    for x, (values, (dp, dx)) in zip(X, together, strict=True):
        alone = program.value_and_grad(x, wrt="both", reduce=None)
        assert np.array_equal(values, alone[0])
        assert np.array_equal(dp, alone[1][0])
        assert np.array_equal(dx, alone[1][1])


# ---------------------------------------------------------------------------------------------------------------------
# Functions.
# ---------------------------------------------------------------------------------------------------------------------


@ENGINES
def test_functions_are_recorded_on_the_first_call(engine):
    calls = []
    w = Value(3.0)

    def f(x, y):
        calls.append((x.data, y.data))
        return w * x - y

    program = ad.compile(f, parameters=[w], engine=engine)
    assert calls == []
    assert "not recorded" in repr(program)
    assert program([1.0, 2.0], [5.0, 6.0]).tolist() == [-2.0, 0.0]
    assert program([1.0], [2.0]).tolist() == [1.0]
    assert calls == [(1.0, 5.0)]
    assert program.value_and_grad([1.0, 2.0], [5.0, 6.0])[1].tolist() == [1.5]
    assert len(program.inputs) == 2
    with pytest.raises(LengthError, match="2 inputs, and 1 column"):
        program([1.0])


@ENGINES
def test_functions_of_other_kinds(engine):
    assert ad.compile(lambda x: [x, x * x, 3], engine=engine)([2.0]).tolist() == [[2.0], [4.0], [3.0]]
    assert ad.compile(lambda x: 1.5, engine=engine)([2.0, 3.0]).tolist() == [1.5, 1.5]
    assert ad.compile(lambda: Value(2.0) * 3, engine=engine)() == 6.0
    assert ad.compile(lambda x: x * x, engine=engine)(np.array([[1.0, 2.0]])).tolist() == [1.0, 4.0]
    assert ad.compile(lambda x: ad.sin(x), engine=engine)([]).shape == (0,)
    with ad.no_grad():
        assert ad.compile(lambda x: x * x, engine=engine)([3.0, 4.0]).tolist() == [9.0, 16.0]


def test_a_function_that_fails_is_recorded_on_the_next_call():
    def f(x):
        if x.data < 0:
            raise ValueError("mine")
        return x * 2

    program = ad.compile(f, engine="source")
    with pytest.raises(ValueError, match="mine"):
        program([-1.0])
    assert program([1.0, -1.0]).tolist() == [2.0, -2.0]
    with pytest.raises(OperandError, match="forget to return"):
        ad.compile(lambda x: None, engine="source")([1.0])


# ---------------------------------------------------------------------------------------------------------------------
# Verification.
# ---------------------------------------------------------------------------------------------------------------------


@ENGINES
def test_verify_finds_a_frozen_branch(engine):
    program = ad.compile(lambda x: x * x if x.data > 0 else -x, engine=engine)
    program.verify([1.0, 2.0])
    with pytest.raises(
        VerificationError, match=r"sample 1: output 0 is 4\.0 here and 2\.0 .*test_compile\.py:\d+, and .* frozen"
    ):
        program.verify([1.0, -2.0])
    x = Value(1.0)
    program = ad.compile(x * x if x > 0 else -x, [x], engine=engine)  # without its function nobody knows of the if
    program.verify([1.0, -2.0])
    with pytest.raises(VerificationError, match=r"sample 1: output 0 is 4\.0 here and 2\.0 .* if .* where, maximum"):
        program.verify([1.0, -2.0], function=lambda x: x * x if x > 0 else -x)
    ad.compile(lambda x: ad.where(ad.step(x), x * x, -x), engine=engine).verify([1.0, -2.0, 0.0])


@ENGINES
def test_verify_finds_a_gradient_and_an_infinity(engine):
    program = ad.compile(lambda x: abs(x) if x.data > 0 else ad.relu(-x), engine=engine)
    program.verify([1.0, -2.0])  # both branches are the same function
    program = ad.compile(lambda x: x * 0 if x.data > 0 else x * x * 0 + (x - x.data) * 2, engine=engine)
    program.verify([1.0, 2.0])
    with pytest.raises(VerificationError, match="sample 1: gradient 0"):
        program.verify([1.0, -2.0])
    program = ad.compile(lambda x: x if x.data > 0 else x / 0, engine=engine)
    program([1.0])
    with pytest.raises(VerificationError, match=r"sample 0: output 0 is -1\.0 here and -inf"):
        program.verify([-1.0])


@ENGINES
def test_verify_chooses_rows_and_takes_another_function(engine):
    program, (w, v) = squares(engine)
    X = np.zeros((2, 1000))
    program.verify(X)
    program.verify(X, function=lambda x, y: (w * x + v * y) ** 2)
    program.verify(X + 1, function=lambda x, y: (5.0 * x + v * y) ** 2, parameters=[5.0, 1.0])
    assert (w.data, v.data) == (2.0, 3.0)
    with pytest.raises(VerificationError, match="sample 0"):
        program.verify(X, function=lambda x, y: (w * x + v * y) ** 2 + 1)
    seen = []
    program.verify(X + np.arange(1000), rows=4, function=lambda x, y: seen.append(x.data) or (w * x + v * y) ** 2)
    assert seen == [0.0, 333.0, 666.0, 999.0]
    several = ad.compile(lambda x: [x, abs(x) if x.data > 0 else x], engine=engine)
    several([1.0])
    with pytest.raises(VerificationError, match="sample 0: output 1"):
        several.verify([-1.0])


@ENGINES
def test_verify_in_single_precision(engine):
    x = Value(1.0)
    program = ad.compile(ad.sin(x) * x, [x], precision="float32", engine=engine)
    program.verify(np.linspace(-3, 3, 20), function=lambda x: ad.sin(x) * x)


# ---------------------------------------------------------------------------------------------------------------------
# What a program says of itself.
# ---------------------------------------------------------------------------------------------------------------------


@ENGINES
def test_attributes(engine):
    program, parameters = squares(engine)
    assert program.engine == engine
    assert program.precision == "float64"
    assert program.parameters == parameters
    assert len(program.inputs) == 2
    assert len(program.outputs) == 1
    program.parameters.clear()  # a copy
    assert len(program.parameters) == 2
    assert repr(program) == f"<Program: 2 inputs, 2 parameters, 1 output, engine {engine}>"
    assert isinstance(program, ad.Program)


@ENGINES
def test_source_is_readable_python(engine):
    x, w = Value(1.0, label="x"), Value(2.0, label="w")
    text = ad.compile(ad.tanh(w * x), [x], [w], engine=engine).source()
    compile(text, "<text>", "exec")
    assert "def forward(inputs, parameters=()):" in text
    assert "w * x" in text


def test_auto_takes_machine_code_where_it_can():
    x = Value(1.0)
    assert ad.compile(x, [x]).engine == ("machine" if find_spec("numba") else "source")


# ---------------------------------------------------------------------------------------------------------------------
# Errors: what is wrong, and what to do.
# ---------------------------------------------------------------------------------------------------------------------

X, W = Value(1.0), Value(2.0)
Z = X * W
COMPILE_ERRORS = [
    (lambda: ad.compile(Z, [X], engine="gpu"), OperandError, '"auto", "machine" or "source", not \'gpu\''),
    (lambda: ad.compile(Z, [X], precision="float16"), OperandError, '"float64" or "float32", not \'float16\''),
    (lambda: ad.compile(Z, [X], [X]), OperandError, r"either an input, .* or a parameter"),
    (lambda: ad.compile(Z, [X, X]), OperandError, "twice among the inputs"),
    (lambda: ad.compile(Z, [X], [W, W]), OperandError, "twice among the parameters"),
    (lambda: ad.compile(Z, [1.0]), OperandError, r"Values as inputs, not float 1\.0"),
    (lambda: ad.compile(Z, [X], ["w"]), OperandError, "Values as parameters, not str"),
    (lambda: ad.compile(Z, 3), OperandError, "Values as inputs, not int 3"),
    (lambda: ad.compile(3.0, [X]), OperandError, "Values as output, not float"),
    (lambda: ad.compile([Z, None], [X]), OperandError, "Values as output, not NoneType"),
    (lambda: ad.compile([], [X]), OperandError, "list of outputs is empty"),
    (lambda: ad.compile(lambda x: [])([1.0]), OperandError, "list of outputs is empty"),
    (lambda: ad.compile(lambda x: [], engine="source")([1.0]), OperandError, "list of outputs is empty"),
    (lambda: ad.compile(lambda x: x, [X]), OperandError, "leave out inputs"),
]
CALL_ERRORS = [
    (lambda p: p([1.0]), LengthError, "2 inputs, and 1 column"),
    (lambda p: p([1.0], [1.0], [1.0]), LengthError, "2 inputs, and 3 columns"),
    (lambda p: p(), LengthError, "2 inputs, and 0 columns"),
    (lambda p: p(np.zeros((3, 5))), LengthError, "2 inputs, and 3 columns"),
    (lambda p: p([1.0, 2.0], [1.0]), LengthError, r"shapes \[\(2,\), \(1,\)\]; .*one array of shape"),
    (lambda p: p([[1.0], [2.0]], [1.0]), LengthError, "each holds one number a sample"),
    (lambda p: p(np.zeros((2, 2, 2))), LengthError, "each holds one number a sample"),
    (lambda p: p([1.0], [1.0], parameters=[1.0]), LengthError, r"2 parameters; .* shape \(1,\)"),
    (lambda p: p([1.0], [1.0], parameters=3.0), LengthError, r"2 parameters; .* shape"),
    (lambda p: p([1.0], [1.0], parameters=[[1.0, 2.0]]), LengthError, r"2 parameters; .* shape \(1, 2\)"),
    (lambda p: p([1.0], [1.0], threads=0), OperandError, "whole number from 1 on, not 0"),
    (lambda p: p([1.0], [1.0], threads=1.5), OperandError, "whole number from 1 on"),
    (lambda p: p.value_and_grad([1.0], [1.0], reduce="max"), OperandError, '"mean", "sum" or None'),
    (lambda p: p.value_and_grad([1.0], [1.0], wrt="x"), OperandError, '"parameters", "inputs" or "both"'),
    (lambda p: p.backward([1.0], [1.0], reduce=None), OperandError, '"mean" or "sum"'),
    (lambda p: p(["a"], [1.0]), OperandError, "column 0"),
    (lambda p: p([1.0], [None, 1j]), OperandError, "column 1"),
    (lambda p: p([X], [1.0]), OperandError, "a Value does not turn into a float"),
    (lambda p: p([1.0, [2.0]], [1.0]), AutodiffError, "column"),
    (lambda p: p([1.0], [1.0], parameters=["a", "b"]), OperandError, "parameters"),
]


@pytest.mark.parametrize(("call", "error", "message"), COMPILE_ERRORS, ids=[e[2] for e in COMPILE_ERRORS])
def test_errors_of_compile(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, AutodiffError)


@ENGINES
@pytest.mark.parametrize(("call", "error", "message"), CALL_ERRORS, ids=[e[2] for e in CALL_ERRORS])
def test_errors_of_calls(call, error, message, engine):
    program, _ = squares(engine)
    with pytest.raises(error, match=message) as caught:
        call(program)
    assert isinstance(caught.value, AutodiffError)
    assert program([1.0], [1.0]).tolist() == [25.0]


@ENGINES
def test_errors_of_what_a_program_has_not(engine):
    x, c = Value(1.0), Value(2.0)
    several = ad.compile([x, c], [x], engine=engine)
    for call in (several.value_and_grad, several.backward):
        with pytest.raises(OperandError, match="single output; compile their sum, or the gradients"):
            call([1.0])
    none = ad.compile(c + 1, engine=engine)
    assert none() == 3.0
    with pytest.raises(OperandError, match=r"without .*nothing to derive"):
        none.value_and_grad()
    inputs = ad.compile(x * c, [x], engine=engine)
    with pytest.raises(OperandError, match="without parameters"):
        inputs.value_and_grad([1.0], wrt="parameters")
    with pytest.raises(OperandError, match="without parameters"):
        inputs.value_and_grad([1.0], wrt="both")
    with pytest.raises(OperandError, match="without parameters"):
        inputs.backward([1.0])
    parameters = ad.compile(x * c, [], [c], engine=engine)
    with pytest.raises(OperandError, match="without inputs"):
        parameters.value_and_grad(wrt="inputs")
    unrecorded = ad.compile(lambda x: x, engine=engine)
    for call in (unrecorded.source, unrecorded.to_jax, lambda: unrecorded.outputs):
        with pytest.raises(CompileError, match="call the program first"):
            call()


def test_missing_packages(monkeypatch):
    def without(*names):
        monkeypatch.setattr("autodiff.compiler.program.find_spec", lambda name: None if name in names else 1)

    x = Value(1.0)
    without("numba")
    assert ad.compile(x * x, [x]).engine == "source"
    assert ad.compile(x * x, [x])([2.0]).tolist() == [4.0]
    with pytest.raises(MissingDependency, match=r"needs numba: pip install 'scalar-autodiff\[compile\]'; .*source"):
        ad.compile(x, [x], engine="machine")
    monkeypatch.setattr("autodiff.compiler.program.np", None)
    with pytest.raises(MissingDependency, match=r"needs NumPy: pip install 'scalar-autodiff\[compile\]'"):
        ad.compile(x, [x])


# ---------------------------------------------------------------------------------------------------------------------
# Imports.
# ---------------------------------------------------------------------------------------------------------------------


def run(program):
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_numpy_and_numba_are_loaded_when_needed():
    heavy = "[name for name in ('numpy', 'numba', 'llvmlite', 'autodiff.compiler') if name in sys.modules]"
    assert run(f"import sys, autodiff; print({heavy})") == "[]\n"
    used = "x = autodiff.Value(1.0); autodiff.compile(x * x, [x], engine='source')([2.0])"
    assert run(f"import sys, autodiff; {used}; print({heavy})") == "['numpy', 'autodiff.compiler']\n"


def test_a_machine_without_numba():
    program = """
import sys
sys.modules["numba"] = sys.modules["llvmlite"] = None
import autodiff as ad
x, w = ad.Value(1.0), ad.Value(2.0)
program = ad.compile(ad.tanh(x * w), [x], [w])
print(program.engine, program.value_and_grad([0.0, 0.0], reduce="sum")[1].tolist(), program([0.0]).tolist())
"""
    assert run(program) == "source [0.0] [0.0]\n"


# ---------------------------------------------------------------------------------------------------------------------
# Threads, processes, copies.
# ---------------------------------------------------------------------------------------------------------------------


@machine_only
def test_an_interrupted_call_leaves_nothing_behind(monkeypatch):
    x, w = Value(0.5), Value(0.25)
    program = ad.compile((x * w).tanh() ** 2, [x], [w], engine="machine")
    columns = np.linspace(-2, 2, 200_000)
    value, gradient = program.value_and_grad(columns, threads=2)
    runner = program._runners["parameters"]
    held = runner.sample_buffers

    def interrupted(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("autodiff.compiler.runner.vm.spread", interrupted)
        with pytest.raises(KeyboardInterrupt):
            program.value_and_grad(columns, threads=2)
    assert runner.sample_buffers[0] is not held[0]  # a thread may still write to those
    again, slope = program.value_and_grad(columns, threads=2)
    assert (again, slope.tolist()) == (value, gradient.tolist())


def test_a_function_first_called_by_two_threads_is_recorded_once():
    calls = []

    def slow(x):
        calls.append(x)
        time.sleep(0.05)
        return x * x

    program = ad.compile(slow)
    results = []
    threads = [threading.Thread(target=lambda: results.append(program([1.0, 2.0, 3.0]).tolist())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[1.0, 4.0, 9.0]] * 4
    assert len(calls) == 1


@machine_only
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_computes():
    program = """
import os, warnings
import numpy as np
import autodiff as ad
x, w = ad.Value(0.5), ad.Value(0.25)
program = ad.compile((x * w).tanh() ** 2, [x], [w])
columns = np.linspace(-2, 2, 200_000)
before = program.value_and_grad(columns, threads=2)
warnings.simplefilter("ignore")  # that threads and fork do not go together
child = os.fork()
after = program.value_and_grad(columns, threads=2)
assert before[0] == after[0] and before[1] == after[1]
if child:
    assert os.waitpid(child, 0)[1] == 0
else:
    os._exit(0)
"""
    assert not run(program).strip()


def test_a_copy_and_a_pickle_compute_the_same():
    x, w = Value(0.5), Value(0.25)
    program = ad.compile(x * w + w, [x], [w])
    before = program.value_and_grad([1.0, 2.0])
    for twin in (copy.deepcopy(program), pickle.loads(pickle.dumps(program))):
        after = twin.value_and_grad([1.0, 2.0])
        assert after[0] == before[0]
        assert after[1].tolist() == before[1].tolist()


@machine_only
@pytest.mark.parametrize("name", ["logsumexp", "norm", "prod", "max", "sum", "dot"])
def test_the_rule_of_a_wide_operation_looks_at_each_operand_a_few_times(name, monkeypatch):
    from autodiff.compiler import template

    looks = 0
    operand = template._operand

    def counted(x):
        nonlocal looks
        looks += 1
        return operand(x)

    monkeypatch.setattr(template, "_operand", counted)
    template.template.__wrapped__(name, 500)
    assert looks <= 10 * 500


@ENGINES
@pytest.mark.parametrize("of_function", [False, True])
def test_constants_are_read_once(engine, of_function):
    """Whatever form of the program is asked for, and whenever: the constants are those of the beginning."""
    x, w, c = Value(2.0, "x"), Value(3.0, "w"), Value(5.0, "c")
    if of_function:
        program = ad.compile(lambda x, w: c * x * w + c, engine=engine)
        program(2.0, 3.0)
    else:
        program = ad.compile(c * x * w + c, [x, w], engine=engine)
    c.data = 7.0
    again = pickle.loads(pickle.dumps(program)) if not of_function else program
    for form in (program, again, copy.deepcopy(program) if not of_function else program):
        assert form(1.0, 1.0) == 10.0
        for wrt in ("inputs", None):
            value, gradient = form.value_and_grad([1.0], [1.0], wrt=wrt)
            assert value == 10.0
            assert gradient.ravel().tolist() == [5.0, 5.0]
        assert "c = 5.0" in form.source()
