"""How accurate derivatives are, beside HIPS autograd, JAX and PyTorch: prints the table and writes docs/accuracy.md.

Run with ``python -m benchmarks.accuracy`` from the root of the repository. Truth, points and error are those of
``tests/test_accuracy.py``. The peers are compared in the first derivative, at the points where every convention agrees:
finite operands inside the domain and off the kinks, where the operation is differentiable in the ordinary sense.
"""

from __future__ import annotations

import math
import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from mpmath import mp

from benchmarks.peer_operations import Peer, installed_peers
from tests.known import KNOWN
from tests.measured import errors
from tests.truth import ROWS, Point, key, relative_error, truth

WRONG = 1e-10
TARGET = Path(__file__).parent.parent / "docs" / "accuracy.md"

_INTRODUCTION = """\
# Accuracy

Written by `python -m benchmarks.accuracy`. Each operation is compared with mpmath at points of every kind: ordinary,
beside roots and singularities, huge, tiny and subnormal, signed zeros, infinities, NaN. The truth comes from
differences of the function at hundreds of digits, never from a rule for a derivative. A cell is the worst relative
error over all points and all partial derivatives of that order; `exact` is none, and `∞` says that a result is NaN or
infinite where the truth is a number, or the reverse. A unit in the last place of a double is a relative error of
1.1e-16 to 2.2e-16. An error of up to two subnormal spacings (1e-323) counts as none.

The columns of the peers are for first derivatives, at the finite points inside the domain and off the kinks, so that a
mere difference of convention does not count. In parentheses: at how many points of those compared the error exceeds
1e-10; they are listed below the table. `–`: the peer has no such operation, or no derivative of it.
"""


def own_column(name: str, order: int) -> str:
    if order > ROWS[name].order:
        return "–"
    return _number(max(error for *_, error in errors(name, order)))


def peer_errors(peer: Peer, name: str) -> Iterator[tuple[Point, float]]:
    """The worst error of the peer's first derivatives at each point that is fair to compare."""
    for point in ROWS[name].points:
        true = truth(name, key(point))
        wanted = [true[(i,)] for i in range(len(point))]
        if key(point) in ROWS[name].given or not all(t is not None and mp.isfinite(t) for t in wanted):
            continue
        got = peer.gradient(peer.operations[name], point)
        yield point, max(relative_error(g, w) for g, w in zip(got, wanted, strict=True) if g is not None)


def peer_column(peer: Peer, name: str) -> tuple[str, list[Point]]:
    """The cell for a peer, and the points where it is wrong."""
    if name not in peer.operations:
        return "–", []
    try:
        found = list(peer_errors(peer, name))
    except NotImplementedError:
        return "–", []
    wrong = [point for point, error in found if error > WRONG]
    worst = _number(max(error for _, error in found))
    return f"{worst} ({len(wrong)} of {len(found)})" if wrong else worst, wrong


def report(peers: list[Peer]) -> str:
    """The whole page."""
    versions = [f"Python {platform.python_version()}", f"mpmath {version('mpmath')}", *(peer.name for peer in peers)]
    lines = [_INTRODUCTION, f"Measured with {', '.join(versions)}.", ""]
    lines += _table_row(["operation", "points", "value", "first", "second", "third", *(peer.name for peer in peers)])
    lines += _table_row(["---"] * (6 + len(peers)))
    wrong: dict[str, list[str]] = {peer.name: [] for peer in peers}
    for name, row in ROWS.items():
        cells = []
        for peer in peers:
            cell, points = peer_column(peer, name)
            cells.append(cell)
            if points:
                wrong[peer.name].append(f"- `{name}` at {', '.join(map(_point, points))}")
        lines += _table_row([f"`{name}`", str(len(row.points)), *(own_column(name, n) for n in range(4)), *cells])
    lines += ["", "## Known limits", "", *_known_limits()]
    for peer_name, found in wrong.items():
        lines += ["", f"## Where {peer_name} is wrong by more than 1e-10", "", *(found or ["Nowhere."])]
    return "\n".join(lines) + "\n"


def _known_limits() -> Iterator[str]:
    yield "Here a derivative misses 1e-14 (value, first) or 1e-12 (second, third); the test holds the error measured."
    yield ""
    yield from _table_row(["operation", "order", "where", "relative error up to", "why"])
    yield from _table_row(["---"] * 5)
    for known in KNOWN:
        yield from _table_row([f"`{known.name}`", str(known.order), known.where, _number(known.bound), known.reason])


def _table_row(cells: list[str]) -> list[str]:
    return [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"]


def _number(error: float) -> str:
    return "exact" if error == 0 else "∞" if math.isinf(error) else f"{error:.1e}"


def _point(point: Point) -> str:
    numbers = ", ".join(f"{x:.17g}" if len(f"{x:.17g}") < 9 else f"{x:.5g}" for x in point)
    return numbers if len(point) == 1 else f"({numbers})"


def main() -> None:
    page = report(installed_peers())
    print(page)
    TARGET.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
