"""Where boxes and arrows of a picture stand: laid out here, drawn by the page's script."""

from __future__ import annotations

from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

from ..drawing.layered import layout
from ..drawing.wrapped import wrapped

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

__all__ = ["Arrow", "Box", "placed", "tabled"]

_LETTER = 6.9  # the width of a character of 12 pixels, on average and a little more
_LINE, _PAD = 17.0, 9.0
_LEAST = 126.0  # "grad −1.234·10⁻¹²" has room
_STEP = 14.0
_COLUMN, _ROW = 34.0, 36.0  # between the boxes of a table
_FIGURES = 8  # room for so many characters on an arrow
_PAGE = 1200.0  # a row of a picture that is longer
_FLAT = 4  # times as wide as high: such a picture has rows, where few arrows lead from one to the next
_CROWDED = 3  # arrows for each box: of more the numbers are left out


class Box(NamedTuple):
    """What stands in its first line, and how many lines it has."""

    text: str
    lines: int = 3

    @property
    def size(self) -> tuple[float, float]:
        """Width and height; boxes of about the same width have the same, so that pictures can share a layout."""
        width = max(_LEAST, _STEP * ceil((len(self.text) * _LETTER + 2 * _PAD) / _STEP))
        return width, _LINE * self.lines + _PAD


class Arrow(NamedTuple):
    """From a box to a box, by their places; ``position`` is the operand's, -1 of an arrow that stands for several."""

    tail: int
    head: int
    position: int


def placed(sizes: Sequence[tuple[float, float]], arrows: Sequence[Arrow]) -> dict[str, Any]:
    """The picture as data, in layers from left to right; in rows, if it is much wider than a page.

    width, height: of the whole.
    boxes: of each its left and upper end, its width and height.
    arrows: of each its tail, its head, the position, its line in short, and the middle of its number if it has one.
    """
    crowded = len(arrows) > _CROWDED * len(sizes)
    labels = [None if crowded or arrow.position < 0 else (_FIGURES * _LETTER, _LINE) for arrow in arrows]
    heads = {arrow.head for arrow in arrows}
    leaves: dict[Hashable, float] = {i: float(i) for i in range(len(sizes)) if i not in heads}  # weights in their order
    boxes: dict[Hashable, tuple[float, float]] = {**dict(enumerate(sizes))}
    found = layout(boxes, [(arrow.tail, arrow.head) for arrow in arrows], labels, order=leaves)
    if found.width > _FLAT * found.height:
        found = wrapped(found, boxes, labels, _PAGE) or found
    return {
        "width": round(found.width),
        "height": round(found.height),
        "boxes": [_box(found.boxes[i], size) for i, size in enumerate(sizes)],
        "arrows": [
            [*arrow, _line(route), *([_rounded(middle)] if middle else [])]
            for arrow, middle, route in zip(arrows, found.labels, found.routes, strict=True)
        ],
    }


def tabled(
    sizes: Sequence[tuple[float, float]], columns: Sequence[Sequence[int]], arrows: Sequence[Arrow]
) -> dict[str, Any]:
    """The same with some boxes in a table, the others in a column before it or, if anything leads to them, after it.

    Arrows lead downwards, and along a gutter above each row to what is in the same row.

    Args:
        sizes: of every box.
        columns: the boxes of each column, from above.
        arrows: those that are drawn.
    """
    inside = {box for column in columns for box in column}
    wide = max(sizes[i][0] for i in inside)
    high = max(height for _, height in sizes)
    heads = {arrow.head for arrow in arrows}
    before = [i for i in range(len(sizes)) if i not in inside and i not in heads]
    after = [i for i in range(len(sizes)) if i not in inside and i in heads]
    corners: dict[int, tuple[float, float]] = {}
    x = 0.0
    for column in [before, *columns, after]:
        first = max(len(columns[0]) - len(column), 0) if column is after else 0  # results are level with the last row
        corners |= {box: (x, (high + _ROW) * y) for y, box in enumerate(column, first)}
        x += max([wide if i in inside else sizes[i][0] for i in column], default=-_COLUMN) + _COLUMN
    boxes = {i: (*corners[i], wide if i in inside else width, height) for i, (width, height) in enumerate(sizes)}
    return {
        "width": round(x - _COLUMN),
        "height": round(max(y for _, y in corners.values()) + high),
        "boxes": [_rounded(box) for box in boxes.values()],
        "arrows": [[*arrow, _bent(boxes[arrow.tail], boxes[arrow.head])] for arrow in arrows],
    }


def _bent(tail: Sequence[float], head: Sequence[float]) -> str:
    """The line of an arrow in a table, which ends downwards."""
    (x, y, width, height), (u, v, across, _) = tail, head
    if x == u and y < v:
        return f"M{round(x + width / 2)} {round(y + height)}V{round(v)}"
    leave, enter = round(x + 0.75 * width), round(u + 0.25 * across)
    start = y if y >= v else y + height
    return f"M{leave} {round(start)}V{round(v - _ROW / 2)}H{enter}V{round(v)}"


def _box(middle: tuple[float, float], size: tuple[float, float]) -> list[int]:
    (x, y), (width, height) = middle, size
    return [round(x - width / 2), round(y - height / 2), round(width), round(height)]


def _line(route: Sequence[tuple[float, float]]) -> str:
    """The spline in short: from where, then its pieces: level ones, and curves that begin and end level."""
    points = [_rounded(point) for point in route]
    if not points:
        return ""
    parts = [f"M{points[0][0]} {points[0][1]}"]
    level = 0
    for (x, y), (u, v) in pairwise(points[::3]):
        if y == v:
            level += u - x
            continue
        parts += [f"h{level}"] * (level != 0)
        level = 0
        parts.append(f"s{u - x} {v - y}")
    parts += [f"h{level}"] * (level != 0)
    return "".join(parts).replace(" -", "-")


def _rounded(point: Sequence[float]) -> list[int]:
    return [round(x) for x in point]
