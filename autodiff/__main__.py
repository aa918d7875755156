"""The command line: ``python -m autodiff --help``."""

from __future__ import annotations

import argparse
import os
import re
import sys
import unicodedata
from math import inf, nan
from textwrap import fill
from typing import TYPE_CHECKING

from .commandline import Parser, exit_code, failed, file_to_write
from .errors import LayoutError, LayoutTimeout
from .expression import CONSTANTS, FUNCTIONS, Expression, ExpressionError, parse_expression

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from .value import Value

_PROGRAM = "python -m autodiff"
_EPILOG = f"""\
An expression is one or more formulas, separated by ; or line ends; the last is the output.  Put it in quotes.
  operators  + - * / % **
  constants  {", ".join(CONSTANTS)}
  functions  {fill(", ".join(FUNCTIONS), 100, subsequent_indent=" " * 13)}
  lists      for dot and the like: dot([w1, w2], [x1, x2], b)
  condition  for where: where(x > 0, x, 0)

examples:
  python -m autodiff grad "x=2*y; z=sin(y); f=x**2*z" y=3
  python -m autodiff explain "x=2*y; z=sin(y); f=x**2*z" y=3
  python -m autodiff steps "x=2*y; z=sin(y); f=x**2*z" y=3
  python -m autodiff draw "x=2*y; z=sin(y); f=x**2*z" y=3 -o f.svg
  python -m autodiff explore "x=2*y; z=sin(y); f=x**2*z" y=3 -o f.html
"""
_EXAMPLES = {
    "grad": 'example:\n  python -m autodiff grad "f = x**2 * sin(y)" x=2 y=pi/6',
    "explain": 'example:\n  python -m autodiff explain "x=2*y; z=sin(y); f=x**2*z" y=3 --wrt y',
    "steps": 'example:\n  python -m autodiff steps "x=2*y; z=sin(y); f=x**2*z" y=3',
    "explore": 'example:\n  python -m autodiff explore "x=2*y; z=sin(y); f=x**2*z" y=3 -o f.html',
    "draw": """\
examples:
  python -m autodiff draw "x=2*y; z=sin(y); f=x**2*z" y=3 -o f.svg
  python -m autodiff draw "tanh(dot([w1, w2], [x1, x2], b))" w1=2 w2=-1 x1=3 x2=1 b=0.5 --show formula -o neuron.png""",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    return exit_code(
        _PROGRAM, lambda: _run(sys.argv[1:] if arguments is None else arguments), (ImportError, LayoutError)
    )


def _run(arguments: Sequence[str]) -> int:
    try:
        given = _given(arguments)
        code: int = given.run(given)
        return code
    except ExpressionError as error:  # the lines below the message show the place
        print(f"{_PROGRAM}: error: {error}", file=sys.stderr)
        return 2
    except LayoutTimeout as error:
        text = str(error).replace("max_nodes=", "--max-nodes").replace("time_limit=", "--time-limit")
        return failed(_PROGRAM, f"error: {text}", 1)


# ---------------------------------------------------------------------------------------------------------------------
# What can be given.
# ---------------------------------------------------------------------------------------------------------------------


def _given(arguments: Sequence[str]) -> argparse.Namespace:
    """What was asked for; numbers may stand anywhere behind the expression, and that may begin with a minus."""
    parser = _parser()
    arguments = [f" {text}" if _is_negative(text) else text for text in arguments]
    given, rest = parser.parse_known_args(arguments)
    given.numbers += [text for text in rest if _is_number(text)]
    rest = [text for text in rest if not _is_number(text)]
    if rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return given


def _is_negative(text: str) -> bool:
    """Whether it is an expression such as -x**2 or -(x + 1), which argparse would take for an option."""
    return text.startswith("-") and text[1:2] not in ("", "-", "o", "h")


def _is_number(text: str) -> bool:
    return "=" in text and not text.startswith("-")


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m autodiff",
        description="Differentiate an expression: see its gradient, the paths it comes along, the steps, the graph.",
        epilog=_EPILOG,
    )
    parser.add_version("autodiff")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = commands.add_parser(
            name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=_EXAMPLES[name]
        )
        added.set_defaults(run=run)
        added.add_argument("expression", metavar="EXPRESSION", help="formulas such as 'x=2*y; f=x**2*sin(y)'")
        added.add_argument(
            "numbers", metavar="NAME=NUMBER", nargs="*", help="what a name stands for, such as y=3 or y=pi/2"
        )
        return added

    command("grad", _grad, "print the value and every partial derivative")

    explanation = command("explain", _explain, "explain a derivative as the sum over all paths to a variable")
    explanation.add_argument("--wrt", metavar="NAME", help="the variable; needed where there are several")
    explanation.add_argument("--top", metavar="N", type=_whole, default=10, help="paths that are listed (default: 10)")
    explanation.add_argument("--latex", action="store_true", help="as LaTeX")

    command("steps", _steps, "list the steps of the backward pass, contribution by contribution")

    drawing = command("draw", _draw, "draw the graph with its local derivatives")
    drawing.add_argument(
        "-o", "--out", metavar="FILE", type=file_to_write(".svg", ".png", ".pdf", ".dot", or_dash=True), required=True,
        help="where to; the ending is the format: .svg, .png, .pdf or .dot; - is SVG to standard output",
    )  # fmt: skip
    drawing.add_argument(
        "--show", choices=("forward", "backward", "formula"), default="backward",
        help="no derivatives, numbers, or local derivatives as formulas (default: backward)",
    )  # fmt: skip
    drawing.add_argument(
        "--direction",
        choices=("LR", "TB", "RL", "BT"),
        default="auto",
        help="from left to right, top to bottom … (LR, or TB for what is long and thin)",
    )
    drawing.add_argument("--expand", action="store_true", help="draw dot and the like as sums and products")
    drawing.add_argument("--around", metavar="NAME", help="only this variable and what is near it")
    drawing.add_argument(
        "--depth", metavar="N", type=_whole_from_0, help="steps from --around, or else from the output"
    )
    drawing.add_argument("--max-nodes", metavar="N", type=_whole, default=150, help="draw no more (default: 150)")
    drawing.add_argument(
        "--time-limit", metavar="SECONDS", type=_seconds, default=10.0,
        help="for the layout; beyond it a coarser picture is drawn (default: 10)",
    )  # fmt: skip
    drawing.add_argument("--highlight", metavar="NAMES", help="variables that stand out, as x,z,f")

    exploring = command("explore", _explore, "write a page that steps through the graph, forward and backward")
    exploring.add_argument(
        "-o", "--out", metavar="FILE", type=file_to_write(".html", ".htm"), required=True,
        help="where to, a .html file",
    )  # fmt: skip
    return parser


def _whole(text: str, least: int = 1) -> int:
    if not text.strip().isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text.strip()!r} is no whole number from {least} on")
    return int(text)


def _whole_from_0(text: str) -> int:
    return _whole(text, 0)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = nan
    if not 0 < seconds < inf:
        raise argparse.ArgumentTypeError(f"{text.strip()!r} is no number of seconds above 0")
    return seconds


def _read(given: argparse.Namespace) -> Expression:
    """The expression, with the numbers that were given for its names."""
    numbers: dict[str, float] = {}
    for text in given.numbers:
        name, sign, number = (part.strip() for part in text.partition("="))
        if not sign:
            raise ExpressionError(f"{text!r} is no NAME=NUMBER, such as y=3; an expression with spaces needs quotes")
        if name in numbers:
            raise ExpressionError(f"{name} is given twice")
        try:
            found = parse_expression(number)
        except ExpressionError as error:
            raise ExpressionError(f"the number for {name}: {error}") from None
        if found.variables:
            raise ExpressionError(f"the number for {name} is {number!r}; give one such as {name}=3 or {name}=pi/2")
        numbers[name] = found.output.data
    return parse_expression(given.expression, **numbers)


def _variable(found: Expression, option: str, name: str) -> Value:
    """The variable called ``name``."""
    name = unicodedata.normalize("NFKC", name.strip())
    if name not in found.variables:
        raise ExpressionError(f"{option}: no variable {name!r}; there are {', '.join(found.variables) or 'none'}")
    return found.variables[name]


# ---------------------------------------------------------------------------------------------------------------------
# The commands.
# ---------------------------------------------------------------------------------------------------------------------


def _grad(given: argparse.Namespace) -> int:
    found = _read(given)
    output = found.output
    output.backward()
    print(f"{output.label} = {output.data!r}")
    rows = [
        (name, repr(node.data), repr(node.grad))
        for name, node in found.variables.items()
        if name in found.inputs or node is not output
    ]
    if rows:
        print(f"\n{_table(('variable', 'value', f'∂{output.label}/∂variable'), rows)}")
    return _warn(output)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns side by side: a column of names, then columns of numbers."""
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join([name.ljust(widths[0]), *map(str.rjust, numbers, widths[1:])]) for name, *numbers in lines
    )


def _warn(output: Value) -> int:
    """Say where a number stopped being finite, if one did; that is no failure."""
    from .diagnose import find_nonfinite

    finding = find_nonfinite(output)
    if finding:
        print(f"python -m autodiff: {finding}", file=sys.stderr)
    return 0


def _explain(given: argparse.Namespace) -> int:
    from .paths import explain

    found = _read(given)
    if given.wrt is not None:
        variable = _variable(found, "--wrt", given.wrt)
    elif len(found.inputs) == 1:
        (variable,) = found.inputs.values()
    elif found.inputs:
        raise ExpressionError(f"a derivative with respect to what? Add --wrt and one of {', '.join(found.inputs)}")
    else:
        raise ExpressionError("there is nothing to differentiate by; give a number a name, as in f=y**2 with y=3")
    found.output.backward()
    explanation = explain(found.output, variable, top=given.top)
    print(explanation.to_latex() if given.latex else _coloured(str(explanation)))
    return _warn(found.output)


def _coloured(text: str) -> str:
    """In a terminal, blue for what adds to the derivative and yellow for what takes away; marks green and red.

    Without colours where https://no-color.org says so.
    """
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    text = re.sub(r"^(.*←.* = +| *sum = )(−?)(\S+)$", _sign_coloured, text, flags=re.MULTILINE)
    return text.replace("✓", "\033[32m✓\033[0m").replace("✗", "\033[31m✗\033[0m")


def _sign_coloured(found: re.Match[str]) -> str:
    before, minus, number = found.groups()
    return f"{before}\033[{33 if minus else 34}m{minus}{number}\033[0m"


def _steps(given: argparse.Namespace) -> int:
    from .trace import steps

    found = _read(given)
    print(steps(found.output))
    return _warn(found.output)


def _draw(given: argparse.Namespace) -> int:
    from .drawing import draw

    found = _read(given)
    found.output.backward()
    drawing = draw(
        found.output,
        show=given.show,
        direction=given.direction,
        expand=given.expand,
        around=None if given.around is None else _variable(found, "--around", given.around),
        depth=given.depth,
        max_nodes=given.max_nodes,
        time_limit=given.time_limit,
        highlight=[
            _variable(found, "--highlight", name) for name in (given.highlight or "").split(",") if name.strip()
        ],
    )
    if str(given.out) == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(drawing.svg.encode())
    else:
        drawing.save(given.out)
        print(f"{given.out}: {drawing.title}")
    return 0


def _explore(given: argparse.Namespace) -> int:
    from .explorer import explore

    explorer = explore(_read(given).output)
    explorer.save(given.out)
    print(f"{given.out}: {explorer.title}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
