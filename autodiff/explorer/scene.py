"""Where boxes and arrows of a picture stand: laid out here, drawn by the page's script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..drawing.layered import layout

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

__all__ = ["Arrow", "Box", "placed"]

_LETTER = 6.9  # the width of a character of 12 pixels, on average and a little more
_LINE, _PAD = 17.0, 9.0
_LEAST = 112.0  # "grad −1.234·10⁻¹²" has room
_FIGURES = 8  # room for so many characters on an arrow
_COVERED = 7  # so much of a line is below its head
_CROWDED = 3  # arrows for each box: of more the numbers are left out


class Box(NamedTuple):
    """A box: a node by its number, or a group by that and "g"; what stands in its first line, and how many lines."""

    key: int | str
    text: str
    lines: int


class Arrow(NamedTuple):
    """From a box to a box; ``position`` is the operand's, -1 of an arrow that stands for several."""

    tail: int | str
    head: int | str
    position: int


def placed(boxes: Sequence[Box], arrows: Sequence[Arrow]) -> dict[str, Any]:
    """The picture as data.

    width, height: of the whole.
    boxes: of each its key, its left and upper end, its width and height.
    arrows: of each its tail, its head, the position, the middle of its number or null, its line and its tip.
    """
    sizes: dict[Hashable, tuple[float, float]] = {
        box.key: (max(_LEAST, len(box.text) * _LETTER + 2 * _PAD), _LINE * box.lines + _PAD) for box in boxes
    }
    crowded = len(arrows) > _CROWDED * len(boxes)
    labels = [None if crowded or arrow.position < 0 else (_FIGURES * _LETTER, _LINE) for arrow in arrows]
    users = {arrow.head for arrow in arrows}
    leaves: dict[Hashable, float] = {
        box.key: float(i) for i, box in enumerate(boxes) if box.key not in users
    }  # weights in their order
    found = layout(sizes, [(arrow.tail, arrow.head) for arrow in arrows], labels, order=leaves)
    return {
        "width": round(found.width),
        "height": round(found.height),
        "boxes": [[key, round(found.boxes[key][0] - w / 2), round(found.boxes[key][1] - h / 2), round(w), round(h)]
                  for key, (w, h) in sizes.items()],
        "arrows": [
            [*arrow, middle and _rounded(middle), _line(route), _rounded(route[-1]) if route else None]
            for arrow, middle, route in zip(arrows, found.labels, found.routes, strict=True)
        ],
    }  # fmt: skip


def _line(route: Sequence[tuple[float, float]]) -> str:
    """The spline as SVG's path data, relative, where it is level as one number; its end is hidden below the head."""
    points = [_rounded(point) for point in route]
    if not points:
        return ""
    parts: list[str] = []
    level = 0
    for i in range(1, len(points), 3):
        x, y = points[i - 1]
        piece = points[i : i + 3]
        if all(v == y for _, v in piece):
            level += piece[-1][0] - x
            continue
        parts += [f"h{level}"] * (level != 0)
        level = 0
        parts.append("c" + " ".join([f"{u - x} {v - y}" for u, v in piece]))
    parts += [f"h{level - _COVERED}"] * (level > _COVERED)
    return f"M{points[0][0]} {points[0][1]}" + "".join(parts).replace(" -", "-")


def _rounded(point: tuple[float, float]) -> list[int]:
    return [round(x) for x in point]
