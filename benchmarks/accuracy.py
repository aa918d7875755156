"""How accurate derivatives are, beside HIPS autograd, JAX and PyTorch: prints docs/accuracy.md, and writes it.

Run with ``python -m benchmarks.accuracy`` from the root of the repository; it takes the peers that are installed.
Truth, points, tolerance and known limits are those of ``tests/test_accuracy.py``.
"""

from __future__ import annotations

import math
import platform
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from mpmath import mp

from benchmarks.peer_operations import Peer, installed_peers
from tests.known import KNOWN, TOLERANCE, excused
from tests.measured import errors
from tests.truth import ROWS, Point, key, relative_error, truth

WRONG = 1e-10  # of a peer
TARGET = Path(__file__).parent.parent / "docs" / "accuracy.md"
ORDERS = ("value", "first", "second", "third")
LEAST_NORMAL = sys.float_info.min

INTRODUCTION = """\
# Accuracy

Every operation is compared with [mpmath](https://mpmath.org) at points of every kind: ordinary, scattered over the
whole range of doubles, beside roots and singularities, huge, tiny and subnormal, signed zeros, infinities, NaN. The
truth is the function itself at hundreds of digits; derivatives are central differences of it with a step of 2⁻¹³³ or
less, taken with two steps that must agree to 25 digits. So no rule for a derivative is checked against a rule. Where a
difference says nothing (a kink, the edge of a domain, an infinity) the truth is the limit, or else the convention of
PyTorch.

The tolerance is a relative error of 1e-14 for the value and the first derivative, of 1e-12 for the second and the
third. (Half a unit in the last place of a double is a relative error of 1.1e-16 at most.) Two subnormal spacings,
1e-323, count as no error. NaN must be NaN, and what is infinite or exceeds the doubles must be an infinity of the right
sign, in every order of derivative. First derivatives are taken by `backward`, by `jvp` and by `gradients`, each of
which must agree with the truth; higher ones by `gradients` of `gradients`, mixed ones in every sequence of operands.

`tests/test_accuracy.py` holds all of this. `python -m benchmarks.accuracy` measured what follows and wrote this page.
"""
LIMITS = """\
## Known limits

Here a result misses the tolerance. The test holds each limit from both sides: no error exceeds the bound, and an entry
that is no longer needed, or whose bound is a hundred times too wide, fails. The error is relative to the true value
unless another unit is given; "NaN or infinite" means that the result is never a wrong finite number.
"""
BY_ORDER = """\
## In sum

| | results compared | within the tolerance | the worst of them | the others: known limits |
| --- | --- | --- | --- | --- |
"""
COMPOSITES = """\
## Where a formula of one's own loses digits

Each operation is right to the last digits, and a formula made of them may still subtract what is nearly equal. Beside a
singularity that is none, as of sin(x)/x at 0, that takes every digit, of the derivative before the value: at 1e-8 the
slope is 1e8 − 1e8, where −3.3e-9 is true. No rule is wrong there, and reverse mode, forward mode, differences and the
complex step agree on 0. `check_grads` and `explain` bound what rounding may have done; where that is more than is due
to the last digits of the inputs, they compute the graph of the derivative anew with mpmath, and name the node and the
remedy. Without mpmath they say what they did not check. `tests/test_digits.py` has examples, before and after.

| in place of | write | digits are lost |
| --- | --- | --- |
| `sin(x) / x` | `sinc(x / math.pi)` | beside 0; at 0 it is nan |
| `1 - cos(x)` | `2*sin(x/2)**2` | beside 0 |
| `(1 - cos(x)) / x**2` | `sinc(x / (2*math.pi))**2 / 2` | beside 0; at 0 it is nan |
| `exp(x) - 1` | `expm1(x)` | beside 0 |
| `log(1 + x)` | `log1p(x)` | beside 0 |
| `log(1 - exp(-x))` | `log1mexp(x)` | beside 0, and for large x |
| `log(1 + exp(x))`, `log(exp(x) + exp(y))` | `softplus(x)`, `logsumexp([x, y])` | beside a large operand |
| `1 - sigmoid(x)`, `log(sigmoid(x))` | `sigmoid(-x)`, `log_sigmoid(x)` | for large \\|x\\| |
| `log(softmax(xs)[i])` | `xs[i] - logsumexp(xs)` | where the share underflows |
| `1 - erf(x)` | `erfc(x)` | for large x |
| `1 - tanh(x)`, `1 - tanh(x)**2` | `2*sigmoid(-2*x)`, `1 / cosh(x)**2` | for large x |
| `sqrt(x) - sqrt(y)` | `(x - y) / (sqrt(x) + sqrt(y))` | where x ≈ y |
| `x**2 - y**2` | `(x - y) * (x + y)` | where x ≈ y |
| `p * log(p)`, `x * log1p(y)` | `xlogy(p, p)`, `xlog1py(x, y)` | no digits, but at 0 it is nan |
| `expm1(x) / x`, `log1p(x) / x`, `(x - sin(x)) / x**3` … | near 0 a few terms of the series, by `where` | beside 0 |

A series beside 0 is `where(abs(x) < 1e-3, 1 + x/2 + x**2/6 + x**3/24, expm1(x) / x)`, say. If x may be 0 itself, the
other branch needs a harmless operand too, `expm1(safe) / safe` with `safe = where(x == 0, 1.0, x)`.
"""
BY_OPERATION = """\
## By operation

The worst relative error over all points, and for a derivative over all operands. An asterisk: without those of the
known limits. `x**2` and its like have a constant exponent, `2**x` a constant base. A dash: not tested in that order.
"""
PEERS = """\
## What peers get wrong

Their first derivatives, at the same points and against the same truth, in float64 on a CPU. To be fair this leaves out
every point where conventions differ (kinks, edges of a domain, infinities, NaN), the known limits above, and the points
where an operand or a derivative is subnormal. At all the others this project is right to 1e-14.

For each operation that a peer gets wrong by more than 1e-10 there is one example: the most ordinary point among those
where a peer is off by more than 1 %, or else among all where one is wrong. A cell gives the derivative that the peer
returns there, or a check mark where it is right to 1e-10; and in parentheses at how many of the points compared it is
wrong. A dash: the peer has no such operation.
"""


def page(peers: Sequence[Peer]) -> str:
    """The whole of docs/accuracy.md."""
    versions = [f"Python {platform.python_version()}", f"mpmath {version('mpmath')}", *(peer.name for peer in peers)]
    sections = [
        [*INTRODUCTION.splitlines(), "", *_wrapped(f"Measured with {_listed(versions)}.")],
        [*BY_ORDER.splitlines(), *_by_order()],
        [*LIMITS.splitlines(), "", *known_limits()],
        COMPOSITES.splitlines(),
        [*BY_OPERATION.splitlines(), "", *_by_operation()],
    ]
    if peers:
        sections.append(_of_peers(peers))
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def known_limits() -> list[str]:
    """The table of the known limits."""
    lines = [_row("operation: derivatives", "where", "error up to", "why"), _row(*["---"] * 4)]
    for known in KNOWN:
        orders: dict[str, list[str]] = {}
        for name, found in known.cases.items():
            orders.setdefault(", ".join(ORDERS[n] for n in found), []).append(f"`{name}`")
        cases = "; ".join(f"{', '.join(names)}: {which}" for which, names in orders.items())
        bound = "NaN or infinite" if known.bound is None else f"{known.bound:.2g} {known.unit}".rstrip()
        lines.append(_row(cases, known.where, bound, known.reason))
    return lines


# ---------------------------------------------------------------------------------------------------------------------
# This project.
# ---------------------------------------------------------------------------------------------------------------------


def _split(name: str, order: int) -> tuple[list[float], int]:
    """The relative errors of the results of an operation, and how many more are known limits."""
    within, limits = [], 0
    for point, way, _, got, want, error in errors(name, order):
        if error > TOLERANCE[order] and excused(name, order, way, point, got, want):
            limits += 1
        else:
            within.append(error)
    return within, limits


def _by_order() -> Iterator[str]:
    for order, title in enumerate(ORDERS):
        parts = [_split(name, order) for name, row in ROWS.items() if order <= row.order]
        every = [error for within, _ in parts for error in within]
        limits = sum(count for _, count in parts)
        right = sum(error <= TOLERANCE[order] for error in every)
        yield _row(title, str(len(every) + limits), str(right), _number(max(every)), str(limits))


def _by_operation() -> Iterator[str]:
    yield _row("operation", "points", *ORDERS)
    yield _row(*["---"] * 6)
    for name, row in ROWS.items():
        cells = []
        for order in range(len(ORDERS)):
            within, limits = _split(name, order) if order <= row.order else ([], 0)
            cells.append((_number(max(within)) + " \\*" * (limits > 0)) if within else "–")
        yield _row(f"`{name}`", str(len(row.points)), *cells)


# ---------------------------------------------------------------------------------------------------------------------
# The peers.
# ---------------------------------------------------------------------------------------------------------------------


def _of_peers(peers: Sequence[Peer]) -> list[str]:
    names = [peer.name for peer in peers]
    lines = [*PEERS.splitlines(), ""]
    lines += [_row("derivative", "at", "true", *names), _row(*["---"] * (3 + len(names)))]
    faultless, subnormal_points, subnormal_wrong = [], 0, [0] * len(peers)
    for name in ROWS:
        points = list(_fair_points(name))
        results = [_results(peer, name, points) for peer in peers]
        if not any(results):
            continue
        normal = [k for k, point in enumerate(points) if not _subnormal(name, point)]
        subnormal_points += len(points) - len(normal)
        for j, found in enumerate(results):
            subnormal_wrong[j] += sum(error > WRONG for k, (*_, error) in enumerate(found) if k not in normal)
        wrong = {k: max(found[k][-1] for found in results if found) for k in normal}
        wrong = {k: error for k, error in wrong.items() if error > WRONG}
        if not wrong:
            faultless.append(f"`{name}`")
            continue
        far_off = [k for k, error in wrong.items() if error > 0.01] or list(wrong)
        example = min(far_off, key=lambda k: _remoteness(points[k]))
        operand = max((found[example] for found in results if found), key=lambda result: result[-1])[0]
        cells = [_peer_cell(found, example, operand, normal) for found in results]
        want = truth(name, key(points[example]))[(operand,)]
        lines.append(_row(f"∂`{name}`/∂{'xyzwv'[operand]}", _point(points[example]), _derivative(want), *cells))
    counts = _listed([f"{name} at {count}" for name, count in zip(names, subnormal_wrong, strict=True)])
    lines += ["", *_wrapped(f"Right at every point that was compared: {', '.join(faultless)}."), ""]
    lines += _wrapped(
        f"{subnormal_points} more points have an operand or a derivative that is subnormal. There this project is "
        f"right too; wrong by more than 1e-10, each in the operations that it has, are {counts}."
    )
    return lines


def _fair_points(name: str) -> Iterator[Point]:
    """The points where every convention agrees, and no known limit lies."""
    for point in ROWS[name].points:
        true = truth(name, key(point))
        wanted = [true[(i,)] for i in range(len(point))]
        ordinary = key(point) not in ROWS[name].given and all(t is not None and mp.isfinite(t) for t in wanted)
        if ordinary and not any(known.covers(name, 1, "backward", point, want) for known in KNOWN for want in wanted):
            yield point


Result = tuple[int, float, float]  # of the worst operand at a point: which, the derivative, its relative error


def _results(peer: Peer, name: str, points: Iterable[Point]) -> list[Result]:
    """The peer's worst derivative at each point; nothing if it has no such operation, or no derivative of it."""
    if name not in peer.operations:
        return []
    found = []
    for point in points:
        true = truth(name, key(point))
        try:
            got = peer.gradient(peer.operations[name], point)
        except NotImplementedError:
            return []
        every = [(i, g, relative_error(g, true[(i,)])) for i, g in enumerate(got) if g is not None]
        found.append(max(every, key=lambda result: result[-1], default=(0, math.nan, 0.0)))
    return found


def _peer_cell(found: Sequence[Result], example: int, operand: int, normal: Sequence[int]) -> str:
    if not found:
        return "–"
    count = sum(found[k][-1] > WRONG for k in normal)
    which, got, error = found[example]
    shown = "✓" if error <= WRONG else _derivative(got) + ("" if which == operand else f" by {'xyzwv'[which]}")
    return f"{shown} ({count} of {len(normal)})" if count else shown


def _subnormal(name: str, point: Point) -> bool:
    slopes = [truth(name, key(point))[(i,)] for i in range(len(point))]
    return any(0 < abs(x) < LEAST_NORMAL for x in (*point, *slopes))


def _remoteness(point: Point) -> float:
    """How far the operands are from 1, in decades."""
    return max(abs(math.log10(abs(x))) if x else 0.0 for x in point)


# ---------------------------------------------------------------------------------------------------------------------
# Text.
# ---------------------------------------------------------------------------------------------------------------------


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 120, break_long_words=False, break_on_hyphens=False)


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _number(error: float) -> str:
    return "exact" if error == 0 else f"{error:.1e}"


def _derivative(x: float) -> str:
    return f"{float(x):.5g}"


def _point(point: Point) -> str:
    return ", ".join(f"{x:.17g}" if len(f"{x:.17g}") < 9 else f"{x:.5g}" for x in point)


def main() -> None:
    text = page(installed_peers())
    print(text)
    TARGET.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
