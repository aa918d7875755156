"""Writes ``docs/corners.md`` from the tables of the tests: ``python docs/corners.py``.

``tests/truth.py`` says what every operation is where a difference quotient says nothing, and ``tests/test_accuracy.py``
holds every engine to it.  This page is that table.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # the packages of this checkout, installed or not

from tests.truth import ROWS, Point, Truth, key, truth  # noqa: E402

PAGE = ROOT / "docs/corners.md"
HEAD = """\
# Corner cases

The value and the first derivatives of every operation where a difference quotient says nothing: at a kink, at the edge
of a domain, at an infinity. `∂x` is the derivative with respect to the first operand, `∂y`, `∂z`, `∂w` to those after
it; a dash: libraries differ, and nothing is promised. What is not listed is smooth there, or nan outside its domain.
[contracts.md](contracts.md) says why; [accuracy.md](accuracy.md), how exact everything else is.

`python docs/corners.py` wrote this page from the table in `tests/truth.py`, which `tests/test_accuracy.py`
holds every derivative to.

"""


def number(x: Truth) -> str:
    """As it stands in the table."""
    if x is None:
        return "–"
    x = float(x)
    if math.isnan(x):
        return "nan"
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    return f"{x:.6g}".replace("-", "−")


def corners(name: str) -> list[Point]:
    """The points of an operation whose truth is stated, in the order of the table."""
    return list({key(point): point for point in ROWS[name].points if key(point) in ROWS[name].given}.values())


def table(name: str) -> list[str]:
    """The lines of the section of an operation."""
    points = corners(name)
    operands = max(len(point) for point in points)
    lines = [
        f"## {name}",
        "",
        f"| at | value | {' | '.join(f'∂{letter}' for letter in 'xyzw'[:operands])} |",
        "| --- " * (operands + 2) + "|",
    ]
    for point in points:
        true = truth(name, key(point))
        slopes = [number(true.get((i,))) if i < len(point) else "" for i in range(operands)]
        lines.append(f"| {', '.join(map(number, point))} | {number(true[()])} | {' | '.join(slopes)} |")
    return [*lines, ""]


def page() -> str:
    """All that is in the file."""
    return HEAD + "\n".join(line for name in ROWS if corners(name) for line in table(name))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
