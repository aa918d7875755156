"""What the printed local derivatives say: each is evaluated and compared with the rule on floats, for every row."""

import math
import re

import mpmath
import pytest

from autodiff import OPS
from autodiff.formula import algebra, latex, recorded_term, value_term
from autodiff.ops import NaryOp
from autodiff.term import number_at
from autodiff.typeset import latex_name, number_text, text

# Names and points of the operands.  In all of them every row is defined and, but for the last, off its kinks.
POINTS = [(0.3, 0.7, 0.45, 0.6, 0.2), (0.9, 0.2, 0.35, 0.15, 0.8), (0.5, 0.5, 0.75, 0.1, 0.3)]
AROUND_0 = [(-1.3,), (0.0,), (2.1,)]
OWN_POINTS = {
    "acosh": [(1.7,), (3.0,)],
    **{name: AROUND_0 for name in ("relu", "step", "sign", "abs", "cbrt", "tanh", "silu", "gelu", "sigmoid")},
    **{name: [(-1.3, 0.2), (1.5, 0.4)] for name in ("leaky_relu", "elu")},
    "clamp": [(0.5, -1.0, 1.0), (-2.0, -1.0, 1.0), (2.0, -1.0, 1.0), (1.0, -1.0, 1.0)],
    "where": [(1.0, 2.0, 3.0), (0.0, 2.0, 3.0), (-1.0, 2.0, 3.0)],
    "powlog": [(1.5, 2.5, 1.0, 1.0), (0.5, 3.2, 0.0, 2.0), (0.5, 3.2, 1.0, 0.0)],
    "max": [(1.0, 3.0, 2.0), (3.0, 3.0, 2.0), (3.0, 3.0, 3.0)],
    "min": [(1.0, 3.0, 2.0), (1.0, 3.0, 1.0)],
    "softmax": [(0.0, 0.3, 0.7, -0.4), (2.0, 0.3, 0.7, -0.4), (0.0, 0.3)],
    "direction": [(0.0, 0.3, 0.7, -0.4), (2.0, 0.3, 0.7, -0.4)],
    "select": [(1.0, 0.3, 0.7, -0.4), (0.0, 0.3)],
    "norm": [(-0.5,), (0.3, -0.4, 1.2)],  # of one number it is √(x²), which is not x
    **{name: [(7.3, 2.0), (-7.3, 2.0)] for name in ("mod", "fmod", "copysign")},
    **{name: [(0.0, 0.3), (1.0, 1.4), (2.0, 0.7)] for name in ("polygamma", "sinc_n")},
}
CONSTANT = {
    "powlog": {2, 3},
    "polygamma": {0},
    "sinc_n": {0},
    "softmax": {0},
    "direction": {0},
}  # operands that are numbers, not variables


def arity(op):
    return 5 if isinstance(op, NaryOp) else op.partials[0].__code__.co_argcount - 1


CASES = [(name, point[: max(arity(op), len(OWN_POINTS.get(name, ((),))[0]))])
         for name, op in OPS.items() for point in OWN_POINTS.get(name, POINTS)]  # fmt: skip

FUNCTIONS = {
    **{name: getattr(math, name) for name in ("exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "sqrt", "log")},
    "σ": lambda x: 1 / (1 + math.exp(-x)),
    "φ": lambda x: float(mpmath.npdf(x)),
    "Φ": lambda x: float(mpmath.ncdf(x)),
    "sign": lambda x: (x > 0) - (x < 0),
    "min": min,
    "max": max,
    "round": round,
    "copysign": math.copysign,
    "ψ": lambda x: float(mpmath.digamma(x)),
    "polygamma": lambda n, x: float(mpmath.polygamma(n, x)),
    "dsinc": lambda n, x: float(mpmath.diff(mpmath.sincpi, x, n)),
    "π": math.pi,
}


def from_text(formula):
    """The formula as Python."""
    formula = formula.replace("·", "*").replace("−", "-").replace("√(", "sqrt(").replace("^", "**").replace("≠", "!=")
    formula = re.sub(r"√(\w+)", r"sqrt(\1)", formula).replace(" = ", " == ").replace("≥", ">=").replace("≤", "<=")
    return re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "**" + m[0].translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")), formula)


def from_latex(formula):
    """The formula in LaTeX as Python; one pair of braces at a time, the innermost first."""
    formula = formula.replace("\\left", "").replace("\\right", "").replace("\\,", "*").replace("\\cdot", "*")
    for name, letter in (
        ("sigma", "σ"),
        ("varphi", "φ"),
        ("Phi", "Φ"),
        ("psi", "ψ"),
        ("pi", "π"),
        ("ne", "!="),
        ("ge", ">="),
        ("le", "<="),
    ):
        formula = re.sub(rf"\\{name}(?![a-z])", letter, formula)
    formula = re.sub(r"\\(sin|cos|tan|sinh|cosh|tanh|log|max|min)(?![a-z])", r"\1", formula)
    formula = re.sub(r"\\(operatorname|mathrm|text)\{(\w+)\}", r"\2", formula)
    cases = re.compile(r"\\begin\{cases\}((?:(?!\\begin).)*?)\\end\{cases\}")
    while cases.search(formula):
        formula = cases.sub(lambda m: f"({from_cases(m[1])})", formula)
    while "{" in formula:
        before = formula
        formula = re.sub(r"(?<![\w}])e\^\{([^{}]*)\}", r"exp(\1)", formula)
        formula = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))", formula)
        formula = re.sub(r"\\sqrt\{([^{}]*)\}", r"sqrt(\1)", formula)
        formula = re.sub(r"\^\{([^{}]*)\}", r"**(\1)", formula)
        assert formula != before, formula
    return re.sub(r"(?<=[\w)])\s+(?=exp)", "*", formula)


def from_cases(rows):
    *conditioned, last = [row.split("&") for row in rows.split(r"\\")]
    return (
        "".join([f"({x}) if {c.replace('=', '==').replace('!==', '!=')} else " for x, c in conditioned])
        + f"({last[0]})"
    )


def names_of(name, point):
    letters = ["a", "b", "c", "d", "g"]
    return [x if i in CONSTANT.get(name, ()) else letters[i] for i, x in enumerate(point)]


@pytest.mark.parametrize(("write", "read"), [(algebra, from_text), (latex, from_latex)], ids=["text", "latex"])
@pytest.mark.parametrize(("name", "point"), CASES, ids=[f"{name}{point}" for name, point in CASES])
def test_every_formula_is_the_derivative(name, point, write, read):
    op, operands = OPS[name], names_of(name, point)
    z = op.evaluate(point)
    scope = {**FUNCTIONS, **{x: value for x, value in zip(operands, point, strict=True) if isinstance(x, str)}, "z": z}
    scope["ties"] = sum(x == z for x in point)
    positions = [i for i, x in enumerate(operands) if isinstance(x, str)]
    exact = op.float_derivatives(point, z, positions)
    for position, derivative in zip(positions, exact, strict=True):
        formula = write(op, position, operands, "z")
        if (name, point, derivative) == ("cbrt", (0.0,), math.inf):
            continue  # 1/(3·z²) at 0: Python raises where the row gives inf
        got = eval(read(formula), scope)
        assert got == pytest.approx(derivative, rel=1e-12, abs=1e-14), formula


@pytest.mark.parametrize("name", sorted(OPS))
def test_no_row_is_tried_only_where_its_derivative_is_0(name):
    op = OPS[name]
    points = [point for other, point in CASES if other == name]
    sizes = [abs(d) for p in points for d in op.float_derivatives(p, op.evaluate(p), range(len(p)))]
    assert (
        max(sizes) > 0.01
        or not op.flows
        or name in ("sign", "step", "floor", "ceil", "round", "trunc", "floor_divide", "compare")
    )


READABLE = [
    ("mul", 0, ["x", "y"], "y", "y"),
    ("mul", 0, ["x", 2.0], "2", "2"),
    ("square", 0, ["x"], "2·x", r"2\,x"),
    ("pow", 0, ["x", 2.0], "2·x", r"2\,x"),
    ("pow", 0, ["x", 3.0], "3·x²", r"3\,x^{2}"),
    ("pow", 0, ["x", 1.0], "1", "1"),
    ("pow", 0, ["x", 0.0], "0", "0"),
    ("pow", 0, ["x", -1.0], "−1/x²", r"-\frac{1}{x^{2}}"),
    ("pow", 0, ["x", "y"], "y·x^(y − 1)", r"y\,x^{y - 1}"),
    ("pow", 1, ["x", "y"], "x^y·log(x)", r"x^{y}\,\log(x)"),
    ("sin", 0, ["y"], "cos(y)", r"\cos(y)"),
    ("tanh", 0, ["x"], "1/cosh(x)²", r"\frac{1}{\cosh(x)^{2}}"),
    ("sigmoid", 0, ["S"], "σ(S)·σ(−S)", r"\sigma(S)\,\sigma(-S)"),
    ("relu", 0, ["x"], "1 if x > 0 else 0", r"\begin{cases} 1 & x > 0 \\ 0 & \text{otherwise} \end{cases}"),
    ("abs", 0, ["x"], "sign(x)", r"\operatorname{sign}(x)"),
    ("div", 0, ["x", "y"], "1/y", r"\frac{1}{y}"),
    ("div", 1, ["x", "y"], "−f/y", r"-\frac{f}{y}"),
    ("div", 0, ["x", 0.0], "1/0", None),
    ("exp", 0, ["x"], "f", "f"),
    ("sqrt", 0, ["x"], "1/(2·f)", r"\frac{1}{2\,f}"),
    ("mean", 1, ["x", "y", "w"], "1/3", r"\frac{1}{3}"),
    ("dot", 0, ["w_1", "w_2", "x_1", "x_2", "b"], "x_1", "x_{1}"),
    ("dot", 4, ["w_1", "w_2", "x_1", "x_2", "b"], "1", "1"),
    ("sum", 0, ["x", "y"], "1", "1"),
    ("asinh", 0, ["x"], "1/√(1 + x²)", r"\frac{1}{\sqrt{1 + x^{2}}}"),
    ("atan2", 1, ["y", "x"], "−y/(x² + y²)", None),
    ("erf", 0, ["x"], "2·exp(−x²)/√π", None),
    ("where", 2, ["c", "x", "y"], "1 if c = 0 else 0", None),
]


@pytest.mark.parametrize(("name", "position", "operands", "plain", "tex"), READABLE)
def test_readable(name, position, operands, plain, tex):
    if name != "atan2":  # the order of the squares is that of the operands
        assert algebra(OPS[name], position, operands, "f") == plain
    if tex:
        assert latex(OPS[name], position, operands, "f") == tex


@pytest.mark.parametrize(
    "name", ["prod", "max", "min", "logsumexp", "norm", "softmax", "direction", "dot", "sum", "mean"]
)
@pytest.mark.parametrize("position", [1, 2, 77, 499, 500])
def test_many_operands_stay_short(name, position):
    operands = [f"x{i}" for i in range(1, 501)]
    if name in ("softmax", "direction"):
        operands = [41.0, *operands]
    formula = algebra(OPS[name], min(position, len(operands) - 1), operands, "z")
    assert len(formula) < 160
    assert len(text(value_term(OPS[name], operands))) < 120


def test_an_ellipsis_stands_for_what_is_left_out():
    operands = [f"x{i}" for i in range(1, 10)]
    assert algebra(OPS["prod"], 4, operands, "z") == "x1·x2·…·x9"
    assert algebra(OPS["norm"], 4, operands, "z") == "x5/√(x1² + x2² + x5² + … + x9²)"
    assert algebra(OPS["softmax"], 9, [4.0, *operands], "z") == "−z·exp(x9)/(exp(x1) + exp(x2) + exp(x5) + … + exp(x9))"
    assert algebra(OPS["softmax"], 1, [4.0, *operands], "z") == "−z·exp(x1)/(exp(x1) + exp(x2) + exp(x5) + … + exp(x9))"


@pytest.mark.parametrize(
    ("name", "tex"),
    [
        ("x", "x"),
        ("x1", "x_{1}"),
        ("loss", r"\mathrm{loss}"),
        ("w_11^(1)", "w_{11}^{(1)}"),
        ("w[0][1]", "w_{0,1}"),
        ("alpha", r"\alpha"),
        ("σ", r"\sigma"),
        ("δ_j", r"\delta_{j}"),
        ("a$b", r"\mathrm{a\$b}"),
        ("</script>", r"\mathrm{\lt /script\gt }"),
        ("\\N{", r"\mathrm{\backslash N\{}"),
        ("a\nb", r"\mathrm{a\backslash nb}"),
        ("_", r"\mathrm{\_}"),
    ],
)
def test_names_in_latex(name, tex):
    assert latex_name(name) == tex


def test_numbers():
    numbers = {0.1: "0.1", 1500.0: "1500", 2 / 3: "2/3", -1 / 7: "−1/7", 1.0000001: "1.0000001", 0.4967141: "0.4967"}
    numbers |= {math.inf: "inf", 1e300: "1e+300"}
    assert {x: number_text(x) for x in numbers} == numbers


def recorded(name, *operands):
    return recorded_term(OPS[name], operands)


@pytest.mark.parametrize(
    ("term", "written"),
    [
        (recorded("div", "x", "x"), "x/x"),
        (recorded("pow", recorded("sqrt", "x"), 2.0), "(√x)²"),
        (recorded("sub", "x", recorded("sub", "y", 1.0)), "x − (y − 1)"),
        (recorded("add", recorded("add", "x", "y"), 1.0), "x + y + 1"),
        (recorded("add", "x", recorded("add", "y", 1.0)), "x + (y + 1)"),
        (recorded("div", "x", recorded("div", "y", "x")), "x/(y/x)"),
        (recorded("div", recorded("mul", 2.0, "x"), 2.0), "2·x/2"),
        (recorded("div", "x", 0.0), "x/0"),
        (recorded("mul", recorded("pow", "x", 2.0), "y"), "x²·y"),
        (recorded("mul", 0.0, "x"), "0·x"),
        (recorded("pow", "x", 0.0), "x⁰"),
        (recorded("neg", recorded("neg", "x")), "−(−x)"),
        (recorded("log1p", recorded("expm1", "x")), "log(1 + (exp(x) − 1))"),
        (recorded("mean", "x", "y"), "(x + y)/2"),
    ],
    ids=str,
)
def test_operations_as_they_were_recorded(term, written):
    """Nothing is simplified."""
    assert text(term) == written


@pytest.mark.parametrize("name", [name for name, op in OPS.items() if not isinstance(op, NaryOp)])
def test_both_spellings_come_to_the_value(name):
    """Of every operation, at a point where all are defined: simplified or not, the formula is the operation."""
    operands = [0.75, 0.5, 2.0, 1.0][: len(OPS[name].partials)]
    names = dict(zip("abcd", operands, strict=False))
    expected = OPS[name].evaluate(operands)
    for spell in (value_term, recorded_term):
        assert number_at(spell(OPS[name], [*names]), names) == pytest.approx(expected, rel=1e-12, nan_ok=True)
