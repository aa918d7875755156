"""An operation of one's own, one of each kind, in every mode: against closed forms and mpmath."""

import math
import pickle
import pydoc
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import mpmath
import pytest

import autodiff as ad
from autodiff import OPS, OperandError, OperationError, Value, operation
from autodiff.compiler.namespaces import build
from autodiff.compiler.source import write_source

softsign = operation("softsign", lambda x: x / (1 + abs(x)), lambda x, z: 1 / ad.square(1 + ad.abs(x)))


@operation(lambda x, y, z: ad.cos(x) * y, lambda x, y, z: ad.sin(x))
def wave(x, y):
    return math.sin(x) * y


def _rms(xs):
    total = 0.0
    for x in xs:
        total += x * x
    return math.sqrt(total / len(xs))


rms = operation("rms", _rms, lambda xs, z: [x / (len(xs) * z) for x in xs], nary=True)
bend = operation("bend", lambda x: x * x / (1 + abs(x)), lambda x, z: softsign(x) + x * (1 - ad.abs(softsign(x))) ** 2)

OWN = {op.name: OPS.pop(op.name) for op in (softsign, wave, rms, bend)}  # other modules list the rows of the table


@pytest.fixture(autouse=True, scope="module")
def _own_operations():
    OPS.update(OWN)
    yield
    for name in OWN:
        del OPS[name]


# Of each kind: the operation, a point, and the same in mpmath.
KINDS = {
    "unary": (softsign, (0.7,), lambda x: x / (1 + abs(x))),
    "binary": (wave, (0.7, -1.3), lambda x, y: mpmath.sin(x) * y),
    "nary": (rms, (0.7, -1.3, 2.1), lambda *xs: mpmath.sqrt(sum(x * x for x in xs) / len(xs))),
    "of another of one's own": (bend, (0.7,), lambda x: x * x / (1 + abs(x))),
}
EVERY = pytest.mark.parametrize(("op", "point", "truth"), KINDS.values(), ids=KINDS)


def derivative(truth, point, *positions):
    order = [positions.count(i) for i in range(len(point))]
    return float(mpmath.diff(truth, point, order) if positions else truth(*point))


def graph(op, point):
    xs = [Value(x, label="xyuv"[i]) for i, x in enumerate(point)]
    output = op(*xs)
    output.label = "f"
    return output, xs


@EVERY
def test_eager_and_in_every_order(op, point, truth):
    assert type(op(*point)) is float
    output, xs = graph(op, point)
    assert output.op is op is OPS[op.name]
    assert output.data == op(*point) == pytest.approx(derivative(truth, point), rel=1e-14)
    output.backward()
    for i, slope in enumerate(ad.gradients(output, xs, create_graph=True)):
        assert xs[i].grad == slope.data == pytest.approx(derivative(truth, point, i), rel=1e-13)
        for j, second in enumerate(ad.gradients(slope, xs, create_graph=True)):
            assert float(second.data) == pytest.approx(derivative(truth, point, i, j), rel=1e-10, abs=1e-12)
    assert ad.gradients(op(*[2.0 * x for x in xs]), xs[0]) == pytest.approx(
        2 * derivative(truth, [2 * x for x in point], 0)
    )


@EVERY
def test_forward_mode_and_checks(op, point, truth):
    value, slope = ad.jvp(lambda *xs: op(*xs), point, [1.0] + [0.0] * (len(point) - 1))
    assert (value, slope) == (op(*point), pytest.approx(derivative(truth, point, 0), rel=1e-13))
    ad.check_grads(op, point, order=2)
    with pytest.raises(OperandError, match=rf"complex step: {op.name} has no value .* method=\"central\""):
        ad.numerical_grad(op, method="complex")(*point)


@EVERY
def test_in_words_and_pictures(op, point, truth):
    output, xs = graph(op, point)
    output.backward()
    assert op.name in str(ad.explain(output, xs[0]))
    assert "x" in str(ad.steps(output))
    assert op.name in ad.draw(output).dot


@EVERY
@pytest.mark.parametrize("kind", ["math", "numpy", "mpmath", "sympy", "jax"])
def test_in_the_text_of_a_program(op, point, truth, kind):
    if kind != "math":
        pytest.importorskip(kind)
    output, xs = graph(op, point)
    run = build(write_source(output, xs), kind)[1]
    if op in (wave, rms) and kind in ("mpmath", "sympy", "jax"):  # written with functions of math
        with pytest.raises(
            OperationError, match=f"operation '{op.name}': its value takes floats alone, no numbers of {kind}"
        ):
            run(point)
        return
    value, slopes, _ = run(point)
    assert float(value) == pytest.approx(output.data, rel=1e-6)
    for i, slope in enumerate(slopes):
        assert float(slope) == pytest.approx(derivative(truth, point, i), rel=1e-6)


@EVERY
@pytest.mark.parametrize("engine", ["source", "machine"])
def test_compiled(op, point, truth, engine):
    np = pytest.importorskip("numpy")
    if engine == "machine":
        pytest.importorskip("numba")
    program = ad.compile(lambda *xs: ad.tanh(op(*xs)), engine=engine)
    columns = np.array(point)[:, None] * np.array([1.0, 0.5, 2.0])
    assert program(columns) == pytest.approx([math.tanh(op(*xs)) for xs in columns.T.tolist()], rel=1e-13)
    _, slopes = program.value_and_grad(columns, wrt="inputs", reduce="sum")
    for xs, got in zip(columns.T.tolist(), slopes.T, strict=True):
        want = [derivative(truth, xs, i) * (1 - math.tanh(op(*xs)) ** 2) for i in range(len(xs))]
        assert got.tolist() == pytest.approx(want, rel=1e-11)


def test_an_activation_of_one_s_own_trains_compiled():
    pytest.importorskip("numba")
    from nn import MLP, fit

    xs = [[x / 10, -x / 5] for x in range(-10, 11)]
    losses = {}
    for engine in ("eager", "compiled"):
        history = fit(
            MLP(2, [4, 1], activation=softsign, seed=1),
            xs,
            [x for x, _ in xs],
            "squared_error",
            epochs=3,
            engine=engine,
            progress=False,
        )
        assert history.engine == engine
        losses[engine] = history.loss
    assert losses["compiled"] == pytest.approx(losses["eager"], rel=1e-9)


def test_what_numba_cannot_compile_harms_nobody_else():
    pytest.importorskip("numba")
    on_floats = operation("on_floats", lambda x: math.exp(x), lambda x, z: math.exp(x))
    dynamic = operation("dynamic", lambda x: __import__("math").sqrt(x), lambda x, z: 0.5 / z)
    assert ad.derivative(on_floats, 1.0) == math.e
    for op, said in ((on_floats, r"cannot be written down .* ad.exp\(x\) for math.exp"), (dynamic, "engine='source'")):
        with pytest.raises(OperationError, match=f"operation '{op.name}': .*{said}"):
            ad.compile(lambda x, op=op: op(x), engine="machine").value_and_grad([4.0], wrt="inputs")
    assert ad.compile(lambda x: dynamic(x), engine="source").value_and_grad([4.0], wrt="inputs")[1] == 0.25
    assert ad.compile(lambda x: ad.exp(x), engine="machine")([0.0]) == 1.0
    output, (x,) = graph(on_floats, (1.0,))
    output.backward()
    assert "on_floats" in str(ad.steps(output))  # the formula of a rule that cannot be read is only its name
    with pytest.raises(OperandError, match=r"autodiff\.exp|v\.data"):
        ad.gradients(output, x, create_graph=True)


@EVERY
@pytest.mark.parametrize("engine", ["source", "machine"])
def test_a_rule_broken_on_purpose_shows(op, point, truth, engine, monkeypatch):
    np = pytest.importorskip("numpy")
    if engine == "machine":
        pytest.importorskip("numba")
    first, *others = op.partials

    def wrong(*operands):
        right = first(*operands)
        return [1.5 * x for x in right] if isinstance(right, list) else 1.5 * right

    monkeypatch.setattr(op, "partials", (wrong, *others))
    _, slopes = ad.compile(lambda *xs: op(*xs), engine=engine).value_and_grad(np.array(point)[:, None], wrt="inputs")
    assert slopes[0].item() == pytest.approx(1.5 * derivative(truth, point, 0), rel=1e-12)


@pytest.mark.parametrize(
    ("value", "at", "expected"),
    [
        (math.sqrt, -1.0, math.nan),
        (lambda x: 1 / x, 0.0, math.nan),
        (math.exp, 1e3, math.nan),
        (lambda x: x**0.5, -1.0, math.nan),
        (lambda x: x > 0, 2.0, 1.0),
    ],
)
def test_a_value_is_total(value, at, expected):
    op = Value(at)
    made = operation(f"total_{len(OPS)}", value, lambda x, z: 1 / x)
    assert made(at) == pytest.approx(expected, nan_ok=True)
    assert made(op).data == pytest.approx(expected, nan_ok=True)
    assert made(op).local_derivatives == (1 / at if at else math.inf,)


def _raises_itself(x):
    if x < 0:
        raise ValueError("of what is negative")
    return x


CHECKED_BY_PYTHON = [
    lambda x: 1 / (1 / x),
    lambda x: 1 // x + 1 % x,
    lambda x: min(math.exp(x), 5.0),
    lambda x: math.log(x) ** 2,
    lambda x: x**2 + x**-1,
    lambda x: x**0.5,
    lambda x: math.floor(x) + 0.5 * int(x),
    lambda x: round(x) + int(x > 0),
    math.lgamma,
    _raises_itself,
]


@pytest.mark.parametrize("value", CHECKED_BY_PYTHON)
def test_what_raises_in_python_is_nan_in_machine_code_too(value):
    pytest.importorskip("numba")
    made = operation(f"checked_{len(OPS)}", value, lambda x, z: 1.0)
    points = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e3, -1e3, 2.0**62, math.inf, -math.inf, math.nan]
    points += [1e200, -1e200] * (value not in CHECKED_BY_PYTHON[6:8])  # their whole numbers do not fit the machine's
    eager = [made(x) for x in points]
    assert any(map(math.isnan, eager[:-1]))
    for engine in ("machine", "source"):
        program = ad.compile(lambda x: made(x), engine=engine)
        assert program(points).tolist() == pytest.approx(eager, rel=2e-15, nan_ok=True)


def test_a_list_of_operands_that_raises_is_nan_in_machine_code_too():
    pytest.importorskip("numba")
    made = operation("parallel", lambda xs: 1 / sum([1 / x for x in xs]), lambda xs, z: [z * z] * len(xs), nary=True)
    columns = [[1.0, 0.0, 1.0], [1.0, 2.0, -1.0]]
    for engine in ("machine", "source"):
        got = ad.compile(lambda x, y: made(x, y), engine=engine)(*columns).tolist()
        assert got == pytest.approx([0.5, math.nan, math.nan], nan_ok=True)


def test_what_numba_says_is_told():
    pytest.importorskip("numba")
    made = operation("away", lambda x: math.fsum([x, x]), lambda x, z: 1.0)
    with pytest.raises(OperationError, match=r"operation 'away': numba cannot compile it .*'fsum'"):
        ad.compile(lambda x: made(x), engine="machine")([1.0])


BAD = [
    (("sin", math.sin, lambda x, z: ad.cos(x)), r"'sin': there is one of this name, ad.OPS\['sin'\]; take another"),
    (("softmax_all", abs, abs), "this name is taken"),
    (("len", lambda x: x, lambda x, z: 1.0), "this name is taken"),
    (("arcsin", lambda x: x, lambda x, z: 1.0), "this name is taken"),
    (("my op", lambda x: x, lambda x, z: 1.0), "a name has letters"),
    (("lambda", lambda x: x, lambda x, z: 1.0), "a name has letters"),
    (("new",), "its value is missing"),
    (("new", 3.0, lambda x, z: 1.0), "its value is a function, not 3.0"),
    (("new", lambda x: x, "1"), "its derivative is a function, not '1'"),
    (("new", lambda x: x), "has 1 operand and so takes 1 derivative, not 0"),
    (("new", lambda x, y: x, lambda x, y, z: 1.0), "has 2 operands and so takes 2 derivatives, not 1"),
    (("new", lambda x: x, lambda x: 1.0), "takes the operands and the output, 2 in all, not 1"),
    ((lambda x: x,), "first comes the name, a text; as a decorator, the derivatives"),  # @operation without them
    ((3, lambda x: x, lambda x, z: 1.0), "first comes the name, a text"),
]


@pytest.mark.parametrize(("arguments", "said"), BAD)
def test_what_is_no_operation_is_refused(arguments, said):
    before = dict(OPS)
    with pytest.raises(OperationError, match=said):
        operation(*arguments)
    assert before == OPS


def test_what_is_no_number_is_refused():
    text = operation("text", lambda x: "1", lambda x, z: 1.0)
    forgot = operation("forgot", lambda x: x, lambda x, z: None)
    short = operation("short", sum, lambda xs, z: [1.0], nary=True)
    if find_spec("numba"):
        assert ad.compile(lambda x: ad.exp(x), engine="machine")([0.0]) == 1.0  # all the same
    with pytest.raises(OperandError, match=r"operation 'text': its value is a real number, not str '1'"):
        text(1.0)
    with pytest.raises(OperandError, match=r"operation 'forgot': its derivative is .* forget to return"):
        forgot(Value(1.0))
    with pytest.raises(ad.LengthError, match=r"operation 'short': .* each of the 2 operands"):
        short(Value(1.0), 2.0)
    with pytest.raises(OperandError, match="softsign takes a real number, not str"):
        softsign("1")


def test_a_wrong_number_of_operands_is_named():
    for operands in ((), (1.0, 2.0), (Value(1.0), 2.0)):
        with pytest.raises(ad.LengthError, match=f"operation 'softsign' takes 1 operand, not {len(operands)}"):
            softsign(*operands)


# Names that NumPy, SymPy, mpmath, the lifted formulas or the compiler have for something else.
@pytest.mark.parametrize("name", ["angle", "rec", "gamma", "pick", "split", "both", "pi", "np", "exp_shifted"])
def test_a_name_that_others_have_too(name):
    op = operation(name, lambda x: x * x + 1, lambda x, z: 2 * x)
    x = Value(3.0)
    text = write_source(op(x) * x, [x])
    for kind in ("math", "numpy", "sympy", "mpmath"):
        if kind == "math" or find_spec(kind):
            assert build(text, kind)[1]([3.0])[:2] == (30, (28,))
    if find_spec("numba"):
        program = ad.compile(op(x) * x, [x], engine="machine")
        assert program.value_and_grad([3.0], wrt="inputs")[1] == 28.0


def test_a_function_of_math_is_a_value_for_the_machine():
    pytest.importorskip("numba")
    op = operation("root_of_math", math.sqrt, lambda x, z: 0.5 / z)
    assert ad.compile(lambda x: op(x), engine="machine").value_and_grad([4.0], wrt="inputs")[1] == 0.25


def test_pickles():
    output, _ = graph(wave, (0.7, 2.0))
    again = pickle.loads(pickle.dumps(output))
    assert (again.op, again.data) == (wave, output.data)
    program = f"import autodiff, pickle; pickle.loads({pickle.dumps(output)!r})"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "OperationError: the graph has an operation 'wave', which is not defined here: define it first" in run.stderr


# ---------------------------------------------------------------------------------------------------------------------
# A built-in operation is a row, and a line of true values: here it is added, and tried by the tests over all rows.
# ---------------------------------------------------------------------------------------------------------------------

NEW_ROW = """
import sys
import pytest
import autodiff as ad
from autodiff import ops
from tests import truth

row = 'quartic = Op("quartic", "x⁴", lambda x: x * x * x * x, lambda x, z: 4 * x * square(x))'
exec(row, vars(ops))  # as if it stood in the table
ad.quartic = ops.quartic
truth.ROWS["quartic"] = truth.Row(lambda x: x**4, [(x,) for x in (-2.5, -0.5, 0.25, 3.0)])
sys.exit(pytest.main(["-n0", "-q", "-p", "no:cacheprovider", "-k", "quartic", *sys.argv[1:]]))
"""


def test_a_new_row_is_all_that_a_unary_operation_needs():
    over_rows = [f"tests/test_{name}.py" for name in ("accuracy", "formula", "source", "namespaces", "random_graphs")]
    if find_spec("numba"):
        over_rows += ["tests/test_machine.py", "tests/test_compile_equality.py"]
    command = [sys.executable, "-c", NEW_ROW, *over_rows]
    run = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert int(re.search(r"(\d+) passed", run.stdout)[1]) >= 20


def cell(factor):
    """What a cell of a notebook does, which may be run twice, changed or not."""

    @ad.operation(lambda x, z: factor * x)
    def from_a_cell(x):
        """Half a factor times x²."""
        return factor / 2 * x * x

    return from_a_cell


def test_a_cell_may_be_run_again():
    first = cell(2.0)
    assert ad.OPS["from_a_cell"] is first
    again = cell(4.0)
    assert ad.OPS["from_a_cell"] is again
    x = Value(3.0)
    assert [first(3.0), again(3.0), ad.grad(again)(3.0), ad.derivative(again, 3.0, 2)] == [9.0, 18.0, 12.0, 4.0]
    assert pickle.loads(pickle.dumps(again)) is again
    pytest.importorskip("numba")
    for engine in ("machine", "source"):
        assert ad.compile(again(x), [x], engine=engine)([3.0, 1.0]).tolist() == [18.0, 2.0]
        once_more = cell(6.0)
        assert ad.compile(once_more(x), [x], engine=engine)([3.0, 1.0]).tolist() == [27.0, 3.0]
        again = cell(4.0)


def test_a_failing_cell_leaves_the_operation_before():
    def square(derivatives):
        return ad.operation("made_twice", lambda x: x * x, *derivatives)

    before = square([lambda x, z: 2 * x])
    with pytest.raises(ad.OperationError, match="takes 1 derivative, not 2"):
        square([lambda x, z: 2 * x, lambda x, z: 0.0])
    assert ad.OPS["made_twice"] is before
    assert before(3.0) == 9.0


def test_what_is_defined_elsewhere_is_not_replaced():
    cell(2.0)

    def from_a_cell(x):
        return x

    with pytest.raises(ad.OperationError, match="there is one of this name"):
        ad.operation(lambda x, z: 1.0)(from_a_cell)
    with pytest.raises(ad.OperationError, match="there is one of this name"):
        ad.operation("sin", lambda x: x, lambda x, z: 1.0)


def test_help_shows_the_docstring_of_the_value():
    made = cell(2.0)
    assert made.__doc__ == "Half a factor times x²."
    assert "Half a factor times x²." in pydoc.render_doc(made)
