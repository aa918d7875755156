"""The command line ``python -m autodiff``: what it prints and writes, exit codes; no mistake ends in a traceback."""

import math
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import pytest

import autodiff
import autodiff.__main__ as command_line
from autodiff.__main__ import main

ROOT = Path(__file__).parent.parent
TWO_PATHS = "x=2*y; z=sin(y); f=x**2*z"
SLOPE = 24 * math.sin(3) + 36 * math.cos(3)  # ∂f/∂y = 8y·sin y + 4y²·cos y


@pytest.fixture
def run(run_command):
    return partial(run_command, main)


def rows(printed):
    """The rows of the table of `grad`: (value, derivative) by name."""
    found = re.findall(r"^(\w+) +([^\s=]+) +(\S+)$", printed, flags=re.MULTILINE)
    return {name: (float(value), float(grad)) for name, value, grad in found if name != "variable"}


# ---------------------------------------------------------------------------------------------------------------------
# grad
# ---------------------------------------------------------------------------------------------------------------------


def test_grad(run):
    code, out, err = run("grad", TWO_PATHS, "y=3")
    assert (code, err) == (0, "")
    first, _, header, _, *lines = out.splitlines()
    assert float(first.removeprefix("f = ")) == pytest.approx(36 * math.sin(3), rel=1e-15)
    assert header.split() == ["variable", "value", "∂f/∂variable"]
    assert len(lines) == 3
    found = rows(out)
    assert found["y"] == pytest.approx((3, SLOPE), rel=1e-14)
    assert found["x"] == pytest.approx((6, 12 * math.sin(3)), rel=1e-14)
    assert found["z"] == pytest.approx((math.sin(3), 36), rel=1e-14)
    assert len({len(line) for line in (header, *lines)}) == 1


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["a*b", "a=2", "b=-3"], {"a": (2, -3), "b": (-3, 2)}),
        (["a*b", " a = 2", "b=1/3"], {"a": (2, 1 / 3), "b": (1 / 3, 2)}),
        (["sin(a)", "a=pi/6"], {"a": (math.pi / 6, 3**0.5 / 2)}),
        (["w=2; w*a", "a=1_0e-1"], {"w": (2, 1), "a": (1, 2)}),
        (["-a**2", "a=3"], {"a": (3, -6)}),
        (["-(a + 1)", "a=3"], {"a": (3, -1)}),
        (["a", "a=3"], {"a": (3, 1)}),
        (["2*3"], {}),
        (["a=2"], {"a": (2, 1)}),
        (["µ**2", "µ=3"], {"μ": (3, 6)}),
    ],
)
def test_grad_of(run, arguments, expected):
    code, out, err = run("grad", *arguments)
    assert (code, err) == (0, "")
    assert rows(out).keys() == expected.keys()
    for name, pair in rows(out).items():
        assert pair == pytest.approx(expected[name], rel=1e-14)


def test_where_a_number_stops_being_finite(run):
    code, out, err = run("grad", "log(y)", "y=0")
    assert code == 0
    assert rows(out)["y"] == (0, math.inf)
    assert "log(y=0.0) is -inf: the logarithm of 0" in err


# ---------------------------------------------------------------------------------------------------------------------
# explain, steps
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [[], ["--wrt", "y"], ["--top", "2"]])
def test_explain(run, which):
    code, out, err = run("explain", TWO_PATHS, "y=3", *which)
    assert (code, err) == (0, "")
    assert "∂f/∂y = ∂f/∂x·∂x/∂y + ∂f/∂z·∂z/∂y" in out
    assert re.search("sum = −32.25$", out, flags=re.MULTILINE)
    assert out.count("✓") == 2
    assert "\033" not in out


def test_explain_an_intermediate_variable(run):
    code, out, _ = run("explain", "--wrt", "x", TWO_PATHS, "y=3")
    assert code == 0
    assert "∂f/∂x" in out
    assert "1.693" in out  # 2·x·z = 12·sin 3


def test_explain_in_latex(run):
    code, out, err = run("explain", TWO_PATHS, "y=3", "--latex")
    assert (code, err) == (0, "")
    assert "\\frac{\\partial f}{\\partial x}" in out
    assert out.count("{") == out.count("}")


def test_options_and_numbers_in_any_order(run):
    expected = run("explain", "a*b**2", "a=2", "b=3", "--wrt", "b")
    assert expected[::2] == (0, "")
    for arguments in (
        ["--wrt", "b", "a*b**2", "a=2", "b=3"],
        ["a*b**2", "--wrt", "b", "a=2", "b=3"],
        ["a*b**2", "a=2", "--wrt=b", "b=3"],
    ):
        assert run("explain", *arguments) == expected


@pytest.mark.parametrize(
    ("terminal", "variables", "coloured"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_colours_in_a_terminal_only(run, monkeypatch, terminal, variables, coloured):
    plain = run("explain", TWO_PATHS, "y=3")[1]
    for name, value in {"NO_COLOR": "", "TERM": "xterm", **variables}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    out = run("explain", TWO_PATHS, "y=3")[1]
    assert re.sub("\033\\[\\d+m", "", out) == plain
    assert ("\033[34m3.387\033[0m" in out) == coloured
    assert ("\033[33m−32.25\033[0m" in out) == coloured
    assert ("\033[32m✓\033[0m" in out) == coloured


def test_steps(run):
    """Each arrow once, and the gradients that they add up to."""
    code, out, err = run("steps", TWO_PATHS, "y=3")
    assert (code, err) == (0, "")
    assert len(re.findall(r"^ +\d+ ", out, flags=re.MULTILINE)) == 5
    assert "y.grad = −32.25" in out


# ---------------------------------------------------------------------------------------------------------------------
# draw
# ---------------------------------------------------------------------------------------------------------------------


def words(svg):
    """What a reader reads in a picture."""
    elements = ElementTree.fromstring(svg).iter()
    return " ".join("".join(element.itertext()) for element in elements if element.tag.endswith(("text", "desc")))


@pytest.mark.parametrize(
    ("ending", "start"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("PDF", b"%PDF"), ("dot", b"digraph")]
)
def test_draw(run, ending, start):
    code, out, err = run("draw", TWO_PATHS, "y=3", "-o", f"f.{ending}")
    assert (code, err) == (0, "")
    assert out.startswith(f"f.{ending}: ")
    assert "5 values" in out
    assert out.count("\n") == 1
    assert Path(f"f.{ending}").read_bytes().startswith(start)


def test_draw_to_standard_output(run):
    code, out, err = run("draw", "-y**2", "y=3", "-o", "-")
    assert (code, err) == (0, "")
    assert "y" in words(out)
    assert not any(Path.cwd().iterdir())


def test_what_is_shown(run):
    """Gradients of a backward pass, none of them, or algebra; the values always."""
    shown = {}
    for show in ("forward", "backward", "formula"):
        assert run("draw", TWO_PATHS, "y=3", "--show", show, "-o", "f.svg")[0] == 0
        shown[show] = words(Path("f.svg").read_text(encoding="utf-8"))
    assert all("0.1411" in text for text in shown.values())  # z = sin 3
    assert ["32.25" in text for text in shown.values()] == [False, True, True]  # ∂f/∂y
    assert ["cos(y)" in text for text in shown.values()] == [False, False, True]


def test_the_options_of_a_drawing(run):
    numbers = ["w=1", "x=2", "y=3", "b=4"]

    def drawn(*options):
        assert run("draw", "s=dot([w, 2], [x, y], b); f=tanh(s)", *numbers, *options, "-o", "f.dot")[0] == 0
        return Path("f.dot").read_text(encoding="utf-8")

    pictures = [
        drawn(*options)
        for options in [
            [], ["--direction", "TB"], ["--expand"], ["--around", "w", "--depth", "1"], ["--depth", "1"],
            ["--max-nodes", "3"], ["--highlight", "x,s, f"],
        ]
    ]  # fmt: skip
    assert len({*pictures}) == len(pictures)
    assert "rankdir=TB" in re.sub('[ "]', "", pictures[1])


def test_a_directory_cannot_be_written_over(run):
    Path("f.svg").mkdir()
    code, _, err = run("draw", "y", "y=3", "-o", "f.svg")
    assert code == 2  # found out before anything is drawn
    assert "f.svg" in err
    assert err.count("\n") == 1


def test_without_anything_that_lays_out(run, monkeypatch):
    """One line with the remedies."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    code, _, err = run("draw", "y", "y=3", "-o", "f.png")  # SVG needs nothing
    assert code == 1
    assert "pip install 'scalar-autodiff[draw]'" in err
    assert err.count("\n") == 1


# ---------------------------------------------------------------------------------------------------------------------
# What goes wrong.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: COMMAND"),
        (["gard"], "invalid choice: 'gard'"),
        (["grad"], "required: EXPRESSION"),
        (["grad", "y", "y=3", "z"], "'z' is no NAME=NUMBER"),
        (["grad", "y", "--all", "y=3"], "unrecognized arguments: --all"),
        (["grad", "y", "3"], "'3' is no NAME=NUMBER, such as y=3"),
        (["grad", "y", "y=3", "y=4"], "y is given twice"),
        (["grad", "y", "y=3", "z=4"], "does not use 'z'"),
        (["grad", "y", "sin=4"], "'sin' is a function"),
        (["grad", "y", "y=a=2"], "the number for y is 'a=2'; give one such as y=3"),
        (["explain", "a*b", "a=1", "b=2"], "with respect to what? Add --wrt and one of a, b"),
        (["explain", "2*3"], "there is nothing to differentiate by"),
        (["explain", "a*b", "a=1", "b=2", "--wrt", "c"], "no variable 'c'; there are a, b"),
        (["explain", "y", "y=1", "--top", "0"], "'0' is no whole number"),
        (["draw", "y", "y=1", "-o", "f.svg", "--time-limit", "0"], "'0' is no number of seconds above 0"),
        (["draw", "y", "y=1", "-o", "f.svg", "--time-limit", "soon"], "'soon' is no number of seconds"),
        (["draw", "y", "y=1"], "required: -o/--out"),
        (["draw", "y", "y=1", "-o", "f.svg", "--show", "all"], "invalid choice: 'all'"),
        (["draw", "y", "y=1", "-o", "f.jpg"], "'f.jpg' does not end in .svg, .png, .pdf or .dot"),
        (["draw", "y", "y=1", "-o", "nowhere/f.svg"], "there is no directory 'nowhere'"),
        (["draw", "y", "y=1", "-o", "folder.svg"], "'folder.svg' is a directory; give the name of a file in it"),
        (["explore", "y", "y=1", "-o", "folder.html"], "'folder.html' is a directory"),
        (["explore", "y", "y=1", "-o", "f.svg"], "'f.svg' does not end in .html or .htm"),
        (["draw", "y", "y=1", "-o", "f.svg", "--around", "z"], "--around: no variable 'z'; there are y"),
        (["draw", "y", "y=1", "-o", "f.svg", "--highlight", "y,z"], "--highlight: no variable 'z'"),
        (["draw", "a=y; f=y*2", "y=1", "-o", "f.svg", "--around", "f", "--depth", "-1"], "'-1' is no whole number"),
        (["draw", "x=2*y; f=y", "y=1", "-o", "f.svg", "--around", "x"], "the output does not depend on"),
    ],
)
def test_mistakes(run, arguments, message):
    """One line that says what is wrong, and exit code 2."""
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("python -m autodiff")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", ["grad", "explain", "steps", "draw"])
def test_a_mistake_in_the_expression(run, command):
    """One line, and two with the place."""
    code, out, err = run(command, "x = 2*y.real", "y=3", *["-o", "f.svg"] * (command == "draw"))
    assert (code, out) == (2, "")
    assert err == (
        "python -m autodiff: error: no attributes here; call a function by its name alone, sin(y)\n"
        "  x = 2*y.real\n"
        "         ^^^^^\n"
    )
    assert not any(Path.cwd().iterdir())


@pytest.mark.parametrize(
    ("number", "message", "place"),
    [
        ("", "there is no expression", None),
        ("three", "no value for three", "three"),
        ("1e999", "comes to inf", "1e999"),
        ("nan", "no value for nan", "nan"),
        ("3,5", "separated by ; instead of a comma", "3,5"),
    ],
)
def test_a_mistake_in_a_number(run, number, message, place):
    code, out, err = run("grad", "y", f"y={number}")
    assert (code, out) == (2, "")
    assert err.startswith("python -m autodiff: error: the number for y: ")
    assert message in err
    if place:
        _, shown, carets, _ = err.split("\n")
        assert shown.strip() == place
        assert carets.count("^") == len(place)


@pytest.mark.parametrize("error", [OverflowError("too large"), ValueError("odd"), MemoryError()])
def test_an_error_that_was_not_foreseen_is_one_line(run, monkeypatch, error):
    def fail(*arguments, **settings):
        raise error

    monkeypatch.setattr(command_line, "parse_expression", fail)
    code, _, err = run("grad", "y", "y=3")
    assert (code, err) == (1, f"python -m autodiff: error: {type(error).__name__}: {error}\n")


def test_interrupted(run, monkeypatch):
    def press(*arguments, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "parse_expression", press)
    assert run("grad", "y", "y=3") == (130, "", "python -m autodiff: interrupted\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells of a closed pipe in another way")
def test_a_reader_that_has_seen_enough():
    command = [sys.executable, "-m", "autodiff", "grad", TWO_PATHS, "y=3"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")


def test_a_console_without_mathematics():
    """The characters that it cannot show are replaced."""
    command = [sys.executable, "-X", "utf8=0", "-m", "autodiff", "grad", TWO_PATHS, "y=3"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    assert b"?f/?variable" in done.stdout


# ---------------------------------------------------------------------------------------------------------------------
# Help.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [[], ["grad"], ["explain"], ["steps"], ["draw"]], ids=" ".join)
def test_help(run, command):
    code, out, err = run(*command, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(" ".join(["usage: python -m autodiff", *command]))
    assert max(map(len, out.splitlines())) <= 120


def test_the_examples_of_the_help_run(run):
    import shlex

    texts = [command_line._EPILOG, *command_line._EXAMPLES.values()]
    examples = [line.strip() for text in texts for line in text.splitlines() if line.startswith("  python -m autodiff")]
    assert len(examples) == 11
    for example in examples:
        assert run(*shlex.split(example)[3:])[::2] == (0, ""), example


def test_a_depth_of_0_is_the_output_alone(run, tmp_path):
    """As in draw(f, depth=0)."""
    code, out, _ = run("draw", "x=2*y; f=x**2", "y=3", "--depth", "0", "--time-limit", "60", "-o", f"{tmp_path}/f.svg")
    assert code == 0
    assert "of 3 values the 1 nearest" in out


def test_the_remedies_of_a_layout_that_takes_too_long_are_options(run, tmp_path, monkeypatch):
    from autodiff.drawing import render

    def late(*arguments, **options):
        raise autodiff.LayoutTimeout("too long")

    monkeypatch.setattr(render, "render", late)
    code, _, err = run("draw", "x=2*y", "y=3", "-o", f"{tmp_path}/f.svg")
    assert code == 1
    assert err == (
        "python -m autodiff: error: the layout takes longer than 10 s: "
        "draw less (--max-nodes), or allow more (--time-limit)\n"
    )
