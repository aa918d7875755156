"""What is printed: names of any length and script, errors that say what was meant, numbers of any size, versions."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

import autodiff as ad
import nn
from autodiff import OperandError, Value
from autodiff.__main__ import main as command
from autodiff.expression import ExpressionError
from autodiff.formula import latex
from autodiff.ops import OPS, NaryOp
from autodiff.typeset import latex_name
from nn.__main__ import main as nn_command
from nn.errors import ArgumentError

LABELS = {
    **{f"{n} letters": "a" * n for n in (80, 90, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 150, 5000)},
    "many words": "weight of the " * 20,
    "accents": "é" * 120,
    "many indices": "w_11^(1)" * 20,
    "parentheses": "f(" * 60,
    "lines": "a\nb" * 50,
    "emoji": "🙂" * 120,
}


@pytest.mark.parametrize("label", LABELS.values(), ids=LABELS)
def test_labels_of_any_length(label):
    pytest.importorskip("numpy")
    x, w = Value(2.0, label=label), Value(3.0, label=label)
    y = x * w
    y.label = label
    z = -(y + ad.sum([x, y, w])) / y
    z.label = label
    for engine in ("source", "auto"):
        program = ad.compile(z, [x], [w], engine=engine)
        text = program.source()
        compile(text, "<text>", "exec")
        assert all(len(line) <= 110 or max(map(len, line.split())) > 80 for line in text.splitlines())
        assert program([2.0]).tolist() == pytest.approx([z.data], rel=1e-15)
        program.verify([2.0, 3.0])
        assert program.value_and_grad([2.0])[1].tolist() == pytest.approx([ad.gradients(z, w)])


NAMES = [
    *"xλΛϕéÉüåš½中и🙂∞☃œßłøﬁℝ①µÅ…€",
    "w_11^(1)",
    "λy",
    "Γ_1",
    "ñ_ö",
    "x²",
    "x₁",
    "x_½",
    "中文",
    "привет",
    "a🙂b",
    "∂L",
]
NAMES += [
    "∂L/∂w",
    "∇f",
    "α·β",
    "a×b",
    "a−b",
    "√2",
    "‖x‖",
    "x′",
    "x\u0302",
    "a\u200bb",
    "a\u00a0b",
    "a\tb",
    "“a”",
    "a–b",
]


@pytest.mark.parametrize("name", NAMES)
def test_latex_is_ascii(name):
    """Plain pdflatex has no other characters in a formula."""
    text = latex_name(name)
    assert text.isascii()
    assert text.count("{") - text.count("\\{") == text.count("}") - text.count("\\}")
    x = Value(2.0, label=name)
    y = ad.sin(x) * x
    y.label = f"{name} of {name}"
    assert ad.explain(y, x).to_latex().isascii()


def test_characters_in_latex():
    shown = {
        "é": "\\acute{e}",
        "ü": "\\ddot{u}",
        "λy": "{\\lambda}y",
        "Λ": "\\Lambda",
        "½": "U{+}00BD",
        "中": "U{+}4E2D",
    }
    for name, text in shown.items():
        assert text in latex_name(name)


@pytest.mark.parametrize("name", OPS)
def test_the_latex_of_every_rule_is_ascii(name):
    op = OPS[name]
    operands = ["x", "y", "a", "b", "c"][: 5 if isinstance(op, NaryOp) else len(op.partials)]
    if name in ("softmax", "direction"):
        operands[0] = 0.0
    if name == "powlog":
        operands[2:] = [1.0, 1.0]
    for position, operand in enumerate(operands):
        if isinstance(operand, str):
            assert latex(op, position, operands, "z").isascii()


# ---------------------------------------------------------------------------------------------------------------------
# Hints.
# ---------------------------------------------------------------------------------------------------------------------

MEANT = {
    "ln(x)": "'log'",
    "lg(x)": "'log10'",
    "tg(x)": "'tan'",
    "arctg(x)": "'atan'",
    "sgn(x)": "'sign'",
    "sqr(x)": "'sqrt'",
    "SIN(x)": "'sin'",
    "x²": r"written \*\*2",
    "x³": r"written \*\*3",
    "2·x": r"written \*",
    "2×x": r"written \*",
    "x÷2": r"written /",
    "x−1": r"written -",
    "√x": r"written sqrt",
    "π*x": "'pi'",
    "2x": r"as in 2\*x",
    "x^2": r"x\*\*2",
}


@pytest.mark.parametrize(("text", "hint"), MEANT.items(), ids=MEANT)
def test_formulas_as_others_write_them(text, hint):
    with pytest.raises(ExpressionError, match=hint):
        ad.parse_expression(text, **({"x": 1.0} if "π" not in text else {}))


LOSSES = {
    "mse": "mean_squared_error",
    "MSE": "mean_squared_error",
    "se": "squared_error",
    "bce": "binary_cross_entropy",
    "ce": "cross_entropy",
    "cross-entropy": "cross_entropy",
    "CrossEntropy": "cross_entropy",
    "hinges": "hinge",
    "Huber": "huber",
}


@pytest.mark.parametrize(("name", "meant"), LOSSES.items())
def test_losses_as_others_call_them(name, meant, capsys):
    with pytest.raises(ArgumentError, match=f"did you mean '{meant}'"):
        nn.fit(nn.MLP(1, [1]), [[1.0]], [1.0], name)
    assert nn_command(["train", "moons", "--loss", name]) == 2
    assert f"did you mean '{meant}'" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "meant"), {"ReLU": "relu", "LeakyReLU": "leaky_relu", "Tanh": "tanh"}.items())
def test_activations_as_others_call_them(name, meant):
    with pytest.raises(ArgumentError, match=f"did you mean '{meant}'"):
        nn.MLP(1, [1], name)


@pytest.mark.parametrize("function", [math.exp, math.sin, math.log, math.sqrt, float, int, complex])
def test_functions_of_math_are_pointed_to_those_of_autodiff(function):
    with pytest.raises(OperandError, match=r"v\.data for the number, and the functions of autodiff in place of those"):
        function(Value(1.0))


NO_FUNCTIONS = {
    "grad": lambda f: ad.grad(f),
    "value_and_grad": lambda f: ad.value_and_grad(f),
    "jacobian": lambda f: ad.jacobian(f),
    "hessian": lambda f: ad.hessian(f),
    "derivative": lambda f: ad.derivative(f, 1.0),
    "jvp": lambda f: ad.jvp(f, [1.0], [1.0]),
    "vjp": lambda f: ad.vjp(f, 1.0),
    "hvp": lambda f: ad.hvp(f, [1.0], [1.0]),
}


@pytest.mark.parametrize("f", ["a", None, 3.0, Value(2.0), [math.sin]], ids=str)
@pytest.mark.parametrize("transform", NO_FUNCTIONS.values(), ids=NO_FUNCTIONS)
def test_transforms_take_functions(transform, f):
    with pytest.raises(OperandError, match=r"takes a function, not .*gradients\(output, inputs\)"):
        transform(f)


@pytest.mark.parametrize("given", ["a", None, 2.0, [Value(1.0)], {}])
def test_topological_order_takes_values(given):
    with pytest.raises(OperandError, match="topological_order takes Values, one by one, not"):
        ad.topological_order(given)
    with pytest.raises(OperandError, match="topological_order takes Values"):
        ad.topological_order(Value(1.0), given)


# ---------------------------------------------------------------------------------------------------------------------
# Short forms.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [0.0, 1e-9, 12.5, 999999.0, 1e6, -1e130, 1e308, math.inf, -math.inf, math.nan])
def test_a_history_is_short(loss):
    history = nn.History("accuracy")
    history.append(1, loss, loss, loss, loss, 0.1, 0.1)
    assert len(repr(history)) < 130
    found = float(re.search(r"loss (\S+),", repr(history))[1])
    assert found == pytest.approx(loss, rel=1e-3, abs=1e-4, nan_ok=True)


OPTIMIZERS = {
    nn.SGD: "SGD(1 parameter, lr=0.1, weight_decay=0.0, momentum=0.0, nesterov=False)",
    nn.Adam: "Adam(1 parameter, lr=0.1, weight_decay=0.0, betas=(0.9, 0.999), eps=1e-08)",
    nn.AdamW: "AdamW(1 parameter, lr=0.1, weight_decay=0.01, betas=(0.9, 0.999), eps=1e-08)",
    nn.RMSProp: "RMSProp(1 parameter, lr=0.1, weight_decay=0.0, alpha=0.99, eps=1e-08, momentum=0.0)",
}


@pytest.mark.parametrize(("kind", "text"), OPTIMIZERS.items())
def test_an_optimiser_says_its_settings(kind, text):
    assert repr(kind([Value(1.0)], lr=0.1)) == text
    assert repr(kind([Value(1.0), Value(2.0)], lr=0.1)) == text.replace("1 parameter", "2 parameters")


# ---------------------------------------------------------------------------------------------------------------------
# Metrics of what is no number.
# ---------------------------------------------------------------------------------------------------------------------

NAN = math.nan


@pytest.mark.parametrize("outputs", [[NAN, NAN], [NAN, 1.0], [1.0, NAN], [NAN], [NAN, NAN, NAN]], ids=str)
@pytest.mark.parametrize("target", [0, 1])
def test_nan_is_never_right(outputs, target):
    assert nn.metrics.accuracy([outputs], [target]) == 0.0
    assert nn.metrics.accuracy([outputs, [0.0, 1.0]], [target, 1]) == 0.5
    assert nn.metrics.label_accuracy([outputs], [[target] * len(outputs)]) == 0.0
    assert nn.metrics.predicted_classes([outputs]) == [-1]
    assert sum(map(sum, nn.metrics.confusion_matrix([outputs, [0.0, 1.0]], [target, 1]))) == 1


# ---------------------------------------------------------------------------------------------------------------------
# Versions.
# ---------------------------------------------------------------------------------------------------------------------


def test_the_version_is_that_of_the_package():
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    assert ad.__version__ == re.search(r'^version = "(.+)"$', text, re.MULTILINE)[1]


@pytest.mark.parametrize("main", [command, nn_command])
def test_the_command_lines_say_their_version(main, capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert not end.value.code
    assert capsys.readouterr().out.startswith(f"scalar-autodiff {ad.__version__} ")


@pytest.mark.parametrize("package", ["autodiff", "nn"])
def test_as_modules(package):
    ran = subprocess.run([sys.executable, "-m", package, "--version"], capture_output=True, text=True, check=True)
    assert ad.__version__ in ran.stdout
