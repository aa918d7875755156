"""Text to Values: what is computed, against Python's own arithmetic; what is refused, and where the caret stands."""

import ast
import inspect
import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff
from autodiff import AutodiffError, OperandError, Value
from autodiff.expression import CONSTANTS, FUNCTIONS, MOST_CHARACTERS, ExpressionError, parse_expression


def value_and_gradient(text, **numbers):
    found = parse_expression(text, **numbers)
    found.output.backward()
    return found.output.data, {name: leaf.grad for name, leaf in found.inputs.items()}


# ---------------------------------------------------------------------------------------------------------------------
# What it computes.
# ---------------------------------------------------------------------------------------------------------------------


def test_two_paths():
    """∂f/∂y of f = x²z, x = 2y, z = sin y is 8y·sin y + 4y²·cos y."""
    found = parse_expression("x=2*y; z=sin(y); f=x**2*z", y=3)
    found.output.backward()
    assert found.output.data == pytest.approx(36 * math.sin(3), rel=1e-15)
    assert found.inputs["y"].grad == pytest.approx(24 * math.sin(3) + 36 * math.cos(3), rel=1e-14)
    assert [*found.inputs] == ["y"]
    assert [*found.variables] == ["y", "x", "z", "f"]
    assert all(node.label == name for name, node in found.variables.items())
    assert found.variables["f"] is found.output


@pytest.mark.parametrize(
    ("text", "value", "slope"),
    [  # at y = 3
        ("y", 3, 1),
        ("-y", -3, -1),
        ("+y", 3, 1),
        ("-y**2", -9, -6),
        ("(-y)**2", 9, 6),
        ("2**-y", 0.125, -0.125 * math.log(2)),
        ("y**2**2", 81, 108),
        ("y - 2 - 1", 0, 1),
        ("12 / y / 2", 2, -2 / 3),
        ("y % 2", 1, 1),
        ("2 * (y + 1)", 8, 2),
        ("1_000*y + 0x10 + 1e1 + .5", 3026.5, 1000),
        ("y*y  # a comment", 9, 6),
        ("\ty\\\n  + 1", 4, 1),
        ("x = (y +\n     y)\nx * y", 18, 12),
        ("\n    x = y + 1;\n    x * x\n", 16, 8),
        ("pi * y + e", 3 * math.pi + math.e, math.pi),
        ("hypot(y, 4)", 5, 0.6),
        ("leaky_relu(-y)", -0.03, -0.01),
        ("clamp(y, 0, 2)", 2, 0),
        ("clamp(y)", 3, 1),
        ("max(y, 2, 1)", 3, 1),
        ("max([y, 2, 1])", 3, 1),
        ("sum(y)", 3, 1),
        ("mean(y, y, 0)", 2, 2 / 3),
        ("dot([y, 2], [4, y])", 18, 6),
        ("dot([y], [y], y)", 12, 7),
        ("where(y > 2, y**2, y)", 9, 6),
        ("where(y <= 2, y**2, y)", 3, 1),
        ("where(y == 3, 2*y, y)", 6, 2),
        ("where(y != 3, 2*y, y)", 3, 1),
        ("where(y - 3, 2*y, y)", 3, 1),
        ("power(y, 2) + arctan(0)", 9, 6),
    ],
)
def test_values(text, value, slope):
    found, gradient = value_and_gradient(text, y=3)
    assert found == pytest.approx(value, rel=1e-15)
    assert gradient["y"] == pytest.approx(slope, rel=1e-14)


def test_names_for_numbers():
    """A name that is assigned a number is a leaf, as the ones given are."""
    assert value_and_gradient("w=2*3; x=-1; f=w*x") == (-6, {"w": -1, "x": 6})
    assert value_and_gradient("f = 2*3") == (6, {"f": 1})
    assert value_and_gradient("2*3") == (6, {})


def test_a_second_name_is_the_same_value():
    found = parse_expression("a=y; f=a", y=3)
    assert found.variables["a"] is found.variables["f"] is found.inputs["y"] is found.output
    assert found.output.label == "y"


def test_the_output_has_a_name():
    assert parse_expression("y + 1", y=3).output.label == "output"
    assert parse_expression("2").output.label == "output"
    assert parse_expression("f = y + 1; f", y=3).output.label == "f"


def test_constants_are_floats():
    """An integer power would have a hundred million digits, or be the integer 0 where a float is -inf."""
    output = parse_expression("y * 2**70 * 3", y=1).output
    assert output.operands[1] == 3.0
    assert {type(x) for x in output.operands} == {Value, float}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function(name):
    """Each is that of autodiff, on as many Values as it takes."""
    numbers = {"a": 0.5, "b": 0.25, "c": 0.75}
    parameters = inspect.signature(FUNCTIONS[name]).parameters
    if name == "dot":
        text, arguments = "dot([a, b], [c, a], b)", ([0.5, 0.25], [0.75, 0.5], 0.25)
    elif "xs" in parameters:
        text, arguments = f"{name}(a, b, c)", ([0.5, 0.25, 0.75],)
    elif name == "select":
        text, arguments = "select(1, [a, b, c])", (1, [0.5, 0.25, 0.75])
    elif name == "polygamma":
        text, arguments = "polygamma(2, b)", (2, 0.25)
    elif name == "clamp":
        text, arguments = "clamp(a, b, c)", (0.5, 0.25, 0.75)
    else:
        n = len(parameters)
        text, arguments = f"{name}({', '.join('abc'[:n])})", (0.5, 0.25, 0.75)[:n]
    used = {x: number for x, number in numbers.items() if x in ast.unparse(ast.parse(text)).partition("(")[2]}
    expected = getattr(autodiff, name)(*arguments)
    found = parse_expression(text, **used).output.data
    assert found == expected or (math.isnan(found) and math.isnan(expected))


def test_the_functions_are_those_of_autodiff():
    missing = {name for name in autodiff.functions.__all__ if name not in FUNCTIONS}
    assert missing == {"softmax"}  # it gives a list


ATOMS = st.sampled_from(["x", "y", "2", "0.5", "3"])
FORMULAS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "%", "**"]), inner).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(" ".join),
        inner.map(lambda t: f"-{t}"),
        inner.map(lambda t: f"sin({t})"),
        st.tuples(inner, inner).map(lambda t: f"hypot({t[0]}, {t[1]})"),
    ),
    max_leaves=12,
)


@given(FORMULAS, st.floats(0.1, 2), st.floats(-2, 2))
def test_random_formulas(text, x, y):
    """The same as Python makes of the text, with the same Values."""
    names = {"x": Value(x), "y": Value(y), "sin": autodiff.sin, "hypot": autodiff.hypot}
    try:
        expected = eval(text, {"__builtins__": {}}, names)
    except ArithmeticError:  # constants alone: a division by 0, an overflow
        return
    except autodiff.OperandError:  # a function of the root of a negative constant
        expected = 1j
    used = {name: number for name, number in (("x", x), ("y", y)) if name in text.replace("hypot", "")}
    if isinstance(expected, complex):  # a root of a negative constant
        with pytest.raises(ExpressionError, match="comes to nan"):
            parse_expression(text, **used)
        return
    found = parse_expression(text, **used).output
    number = expected.data if isinstance(expected, Value) else float(expected)
    assert found.data == pytest.approx(number, rel=1e-12, abs=1e-300, nan_ok=True)
    if isinstance(expected, Value):
        assert len(autodiff.topological_order(found)) == len(autodiff.topological_order(expected))


# ---------------------------------------------------------------------------------------------------------------------
# What it refuses: the message, and what the caret is under.
# ---------------------------------------------------------------------------------------------------------------------

REFUSED = [
    ("y.real", ".real", "no attributes"),
    ("1 + y.sin()", ".sin", "call a function by its name alone"),
    ("math.sin(y)", ".sin", "call a function by its name alone"),
    ("y.__class__.__bases__", ".__bases__", "no attributes"),
    ("(y + 1).real", ".real", "no attributes"),
    ("y[0]", "[0]", "a name of its own"),
    ("lambda: y", "lambda: y", "write the formula itself"),
    ("(lambda x: x)(y)", "lambda x: x", "write the formula itself"),
    ("y + 'text'", "'text'", "this is text"),
    ("sin(b'text')", "b'text'", "this is text"),
    ("f'{y}'", "f'{y}'", "no text"),
    ("True", "True", "no real number"),
    ("None", "None", "no real number"),
    ("...", "...", "no real number"),
    ("y*2j", "2j", "no real number"),
    ("__import__('os')", "__import__", "no function '__import__'"),
    ("eval(y)", "eval", "no function 'eval'; the functions are"),
    ("sine(y)", "sine", "did you mean 'sin'?"),
    ("Tanh(y)", "Tanh", "did you mean 'tanh'?"),
    ("softmax([y])", "softmax", "no function 'softmax'"),
    ("sin + y", "sin", "write sin(…)"),
    ("y(2)", "y", "a product is written y*(…)"),
    ("pi(2)", "pi", "a product is written pi*(…)"),
    ("2(y)", "2", "a product is written with *"),
    ("[sin](y)", "[sin]", "a list stands here only"),
    ("sin(y, y)", "sin(y, y)", "sin(x) takes 1 argument, not 2"),
    ("hypot(y)", "hypot(y)", "hypot(x, y) takes 2 arguments, not 1"),
    ("elu(y, 1, 2)", "elu(y, 1, 2)", "elu(x, alpha) takes 1 or 2 arguments, not 3"),
    ("clamp()", "clamp()", "clamp(x, low, high) takes 1 to 3 arguments, not 0"),
    ("max()", "max()", "needs at least one"),
    ("y + mean([])", "mean([])", "mean of no numbers"),
    ("max([[y]])", "[y]", "a list stands here only"),
    ("max([y], 2)", "[y]", "a list stands here only"),
    ("sin([y])", "[y]", "a list stands here only"),
    ("[y]", "[y]", "a list stands here only"),
    ("dot(y, y)", "y", "dot takes lists"),
    ("y*dot([y], [y, y])", "dot([y], [y, y])", "dot needs one input for each weight"),
    ("clamp(y, 2, 1)", "clamp(y, 2, 1)", "clamp needs low <= high"),
    ("sin(x=y)", "x=y", "arguments have no names"),
    ("sin(**y)", "**y", "arguments have no names"),
    ("sin(*y)", "*y", "one by one"),
    ("y < 2", "y < 2", "only as the condition of where"),
    ("where(y, y > 2, 1)", "y > 2", "only as the condition of where"),
    ("where(0 < y < 2, 1, y)", "0 < y < 2", "one comparison"),
    ("where(y is 2, 1, y)", "y is 2", "one comparison"),
    ("where(y in [2], 1, y)", "y in [2]", "one comparison"),
    ("y if y else 2", "y if y else 2", "where(condition, x, y)"),
    ("y and 2", "y and 2", "where(condition"),
    ("not y", "not y", "where(condition"),
    ("~y", "~y", "no not, ~"),
    ("y ^ 2", "^", "a power is written **"),
    ("(y) ^ (2)", "^", "a power is written **"),
    ("y + 1 // 2", "//", "floor(x / y)"),
    ("y @ y", "@", "dot("),
    ("y << 2", "<<", "only + - * / % **"),
    ("y | 2", "|", "abs(x)"),
    ("[x for x in y]", "[x for x in y]", "only formulas"),
    ("{y}", "{y}", "only formulas"),
    ("{1: y}", "{1: y}", "only formulas"),
    ("(x := y) + 1", "x := y", "in a statement of its own"),
    ("yield y", "yield y", "only formulas"),
    ("y, 2", "y, 2", "separated by ;"),
    ("import os", "import os", "only formulas"),
    ("del y", "del y", "only formulas"),
    ("global y", "global y", "only formulas"),
    ("while y: y", "while y: y", "only formulas"),
    ("def f(): return y", "def f(): return y", "only formulas"),
    ("x: int = y", "x: int = y", "no annotations"),
    ("x = y; x += 1", "x += 1", "take a new name"),
    ("x = y; x = 2", 7, "'x' has a value already"),
    ("y = 2", "y", "'y' has a value already"),
    ("ｘ = y; x = 2", 8, "'x' has a value already"),
    ("a = b = y", "b", "one name at a time"),
    ("a, b = y, 2", "a, b", "one name at a time"),
    ("y.real = 2", ".real", "one name at a time"),
    ("sin = y", "sin", "'sin' is a function"),
    ("softmax = y", "softmax", "'softmax' is a function"),
    ("e = y", "e", "'e' is the constant 2.7183"),
    ("ｓin = y", "ｓin", "'sin' is a function"),
    ("y; y + 1", "y", "comes to nothing"),
    ("f = x; x = y", "x", "assigned only further on"),
    ("x = x + y", 4, "assigned only further on"),
    ("yy + 1", "yy", "no value for yy; did you mean 'y'? Otherwise give one: yy=2"),
    ("Y + 1", "Y", "did you mean 'y'?"),
    ("π*y", "π", "did you mean 'pi'?"),
    ("w*y + b", "w", "no value for w, b; give one: w=2 b=2"),
    ("10**10**10*y", "10**10", "the exponent 1e+10 is too large; 1,000,000 is the most"),
    ("y**(10**10**10)", "10**10", "the exponent 1e+10 is too large"),
    ("y*2**-10**10**10", "10**10", "the exponent 1e+10 is too large"),
    ("y**1000001", "1000001", "the exponent 1e+06 is too large"),
    ("y**-1e300", "-1e300", "the exponent -1e+300 is too large"),
    ("pow(y, 1e7)", "1e7", "the exponent 1e+07 is too large"),
    ("y + 1e999", "1e999", "comes to inf"),
    ("y + 0x1" + "0" * 300, "0x1" + "0" * 300, "comes to inf"),
    ("1/0", "1/0", "comes to inf"),
    ("log(-1)*y", "log(-1)", "comes to nan"),
    ("(0-8)**(1/3)", "(0-8)**(1/3)", "comes to nan"),
    ("2y", "2", "a product is written with *"),
    ("y²", "²", "'²' is written **2"),
    ("3×y", "×", "'×' is written *"),
    ("3\xa0* y", "\xa0", "an ordinary space"),
    ("y\x00", "\x00", "U+0000 cannot stand here"),
    ("y\x1b[31m", "\x1b", "U+001B cannot stand here"),
    ("y # \u202e", "\u202e", "U+202E cannot stand here"),
    ("\ud800", "\ud800", "U+D800 cannot stand here"),
    ("y\x0c", "\x0c", "U+000C cannot stand here"),
    ("y\rz", "\r", "U+000D cannot stand here"),
    ("sin(y", "(", "never closed"),
    ("y = = 2", 4, "no formula that Python can read"),
    ("lambda = 3", "=", "no formula that Python can read"),
    ("y;; 2", 2, "no formula that Python can read"),
]


def caret(error):
    """The line that the message shows, and what of it the carets are under."""
    _, shown, carets = str(error).split("\n")
    assert carets.strip(" ") == "^" * carets.count("^") != ""
    start, n = carets.index("^"), carets.count("^")
    columns = "".join(c * (2 if unicodedata.east_asian_width(c) in "FW" else 1) for c in shown)
    return shown, start - 2, columns[start : start + n]


@pytest.mark.parametrize(("text", "place", "message"), REFUSED, ids=[ascii(text)[:40] for text, _, _ in REFUSED])
def test_refused(text, place, message):
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text, y=3.0)
    assert message in str(caught.value)
    _, start, marked = caret(caught.value)
    if isinstance(place, int):
        assert start == place
    elif len(place) < 80:
        shown = "".join("�" if unicodedata.category(c)[0] == "C" else c for c in place)
        assert "".join(c * (2 if unicodedata.east_asian_width(c) in "FW" else 1) for c in shown) == marked
    assert isinstance(caught.value, (AutodiffError, ValueError))


def test_the_caret_in_wide_and_combined_characters():
    """A Chinese character takes two columns, an accent of its own none; a byte of UTF-8 is none."""
    for before, columns in (("日本 = y; ", 10), ("ne\u0301e\u0301 = y; ", 9), ("été = y; ", 9)):
        with pytest.raises(ExpressionError) as caught:
            parse_expression(f"{before}y.real", y=3)
        assert str(caught.value).split("\n")[2] == " " * (2 + columns + 1) + "^^^^^"


def test_the_caret_on_the_right_line():
    with pytest.raises(ExpressionError) as caught:
        parse_expression("x = y\nz = (x +\n  x.real)\nz", y=3)
    assert caret(caught.value) == ("    x.real)", 3, ".real")


@pytest.mark.parametrize(
    ("text", "marked"),
    [("y\\\n.real", "y\\"), ("y[\n0]", "["), ("(y ^\n 2)", "y ^"), ("sin(y,\n y)", "sin(y,"), ("y.\\\nreal", ".\\")],
)
def test_of_several_lines_the_first_is_marked(text, marked):
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text, y=3)
    shown, _, found = caret(caught.value)
    assert (shown, found) == ("  " + text.partition("\n")[0], marked)


@pytest.mark.parametrize("before", [0, 40, 3000])
@pytest.mark.parametrize("after", [0, 40, 3000])
def test_of_a_long_line_the_part_around_the_caret_is_shown(before, after):
    text = "y + " * (before // 4) + "y.real" + " + y" * (after // 4)
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text, y=3)
    shown, _, marked = caret(caught.value)
    assert marked == ".real"
    assert len(shown) <= 95
    assert ("…" in shown) == (before + after > 90)


@pytest.mark.parametrize("text", ["", "  \n ", "# nothing", ";"])
def test_no_expression(text):
    with pytest.raises(ExpressionError, match="only formulas here, such as"):
        parse_expression(text)


@pytest.mark.parametrize("text", [None, 3, b"y"])
def test_no_text(text):
    with pytest.raises(ExpressionError, match="an expression is text, not"):
        parse_expression(text)


# ---------------------------------------------------------------------------------------------------------------------
# Numbers that are given.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sin", "'sin' is a function"),
        ("pi", "is the constant 3.1416"),
        ("lambda", "no word of Python's own"),
        ("2y", "does not begin with a digit"),
        ("", "a name has letters"),
        ("y z", "a name has letters"),
        ("y\n", "a name has letters"),
    ],
)
def test_names_that_cannot_be_given(name, message):
    with pytest.raises(ExpressionError, match=message):
        parse_expression("y", y=1, **{name: 2})


def test_a_number_that_is_not_used():
    with pytest.raises(ExpressionError, match="does not use 'z'"):
        parse_expression("y", y=1, z=2)


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_a_number_that_is_not_finite(number):
    with pytest.raises(ExpressionError, match="; give a finite number"):
        parse_expression("y", y=number)


@pytest.mark.parametrize("number", ["3", None, 1j, [3], 10**400])
def test_no_number(number):
    with pytest.raises(OperandError, match="y"):
        parse_expression("y", y=number)


def test_names_are_read_as_python_reads_them():
    """In Unicode's form NFKC: the micro sign of a keyboard is the Greek letter, a ligature its letters."""
    found = parse_expression("µ**2", **{"µ": 3.0})
    assert [*found.inputs] == ["μ"]
    assert parse_expression("ｆ = ﬁ + 1; f", fi=2).output.label == "f"
    with pytest.raises(ExpressionError, match="given twice"):
        parse_expression("x", **{"x": 1, "ｘ": 2})


def test_any_name_can_be_given():
    assert parse_expression("text + self + _", text=1, self=2, _=3).output.data == 6


# ---------------------------------------------------------------------------------------------------------------------
# Size and depth.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["y" + "+y" * 4_990, "-" * 9_000 + "y", "y**" * 3_000 + "y", "sin(" * 150 + "y" + ")" * 150]
)
def test_deep_is_computed_or_refused(text):
    try:
        output = parse_expression(text, y=1).output
    except ExpressionError as error:
        assert "nested too deeply; cut it into parts" in str(error) or "too many nested" in str(error)  # noqa: PT017
    else:
        output.backward()
        assert math.isfinite(output.data)


def test_a_sum_of_a_thousand():
    assert value_and_gradient("y" + " + y" * 999, y=2) == (2000, {"y": 1000})


def test_many_statements():
    """Each short, 1,000 together: not nested."""
    text = "; ".join(["x0=y", *[f"x{i}=x{i - 1}+y" for i in range(1, 600)]])
    assert value_and_gradient(text, y=1)[0] == 600


def test_nested_parentheses():
    assert parse_expression("(" * 100 + "y" + ")" * 100, y=1).output.data == 1
    with pytest.raises(ExpressionError, match="nested"):
        parse_expression("(" * 300 + "y" + ")" * 300, y=1)


@pytest.mark.parametrize("n", [MOST_CHARACTERS + 1, 10_000_000])
def test_too_long(n):
    with pytest.raises(ExpressionError, match="characters, and 10,000 is the most"):
        parse_expression("y".ljust(n, " "), y=1)


def test_an_integer_too_long_to_read():
    with pytest.raises(ExpressionError, match=r"a number too large|comes to inf"):  # an old Python reads any length
        parse_expression("y + " + "9" * 5_000, y=1)


def test_warnings_of_the_parser_are_not_the_users():
    with pytest.raises(ExpressionError, match="where"):
        parse_expression("1if y else 2", y=3)


@given(st.text(st.sampled_from("xy01.+-*/%()=;, \n[]'\"^:@#\\²é日e_<>!~lambd"), max_size=20))
def test_no_text_breaks_it(text):
    """Values, or the error with a caret under the text; never another one."""
    try:
        found = parse_expression(text, y=3)
    except ExpressionError as error:
        lines = str(error).split("\n")
        assert len(lines) in (1, 3)
    else:
        assert isinstance(found.output, Value)


def test_the_constants():
    assert {"pi": math.pi, "e": math.e} == CONSTANTS
