"""A picture whose boxes and arrows have been placed, written as SVG: what Graphviz writes, of the same parts.

``finish_svg`` makes it fit to be shown, as it does with Graphviz' own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import hypot
from textwrap import wrap

from . import style
from .grid import grid
from .layered import Key, Layout, Point, Size, layout
from .lettering import text_width
from .network import Frame, place
from .picture import Arrow, Box, Picture
from .wrapped import wrapped
from .writing import breadth, heading, largest_contribution, legend, sign

__all__ = ["paint", "paint_in_rows"]

_TEXT, _SMALL, _LABEL = 11.0, 10.5, 10.5
"""The sizes of letters, in points: in a box, of what stands there in passing, and on an arrow."""

_LINE = 15.0
_MARGIN = (5.0, 4.0)
_PAD = 4.0
_POINT = 7.0
"""The length of the point of an arrow."""

_FOLD = 5.0
_ROUND = 5.0

_PAGE = 675.0
"""A row of a long picture: 900 pixels, what a notebook or a page of 1280 pixels has room for."""

_CAPTION = (60, 100)
"""A line of the caption has so many letters at least and at most, as the picture is wide."""


def paint(picture: Picture, direction: str, caption: str) -> bytes:
    """The picture as SVG, laid out without Graphviz; the same bytes for the same picture."""
    sizes, ends, labels = _measured(picture)
    if picture.rows:
        placed, frames = grid(sizes, ends, _cells(picture))
    else:
        placed, frames = place(sizes, ends, labels, {box.key: box.place for box in picture.boxes}, direction)
    return _painted(picture, sizes, placed, frames, direction, caption)


def paint_in_rows(picture: Picture, caption: str) -> bytes | None:
    """The same from left to right in rows as wide as a page, for a long one without frames; None if it has no rows."""
    sizes, ends, labels = _measured(picture)
    placed = wrapped(layout(sizes, ends, labels), sizes, labels, _PAGE)
    return None if placed is None else _painted(picture, sizes, placed, [], "LR", caption)


def _measured(picture: Picture) -> tuple[dict[Key, Size], list[tuple[Key, Key]], list[Size | None]]:
    """The sizes of boxes, the ends of arrows, and the sizes of their labels."""
    return (
        {box.key: _size(box) for box in picture.boxes},
        [(arrow.tail, arrow.head) for arrow in picture.arrows],
        [_label_size(arrow) for arrow in picture.arrows],
    )


def _painted(
    picture: Picture,
    sizes: Mapping[Key, Size],
    placed: Layout,
    frames: Sequence[Frame],
    direction: str,
    caption: str,
) -> bytes:
    largest = largest_contribution(picture)
    parts = [_frame(frame, number) for number, frame in enumerate(frames, 1)]
    for number, arrow in enumerate(picture.arrows):
        parts.append(_arrow(picture, arrow, placed, number, breadth(arrow, largest), direction))
    for number, box in enumerate(picture.boxes, 1):
        parts.append(_box(picture, box, placed.boxes[box.key], sizes[box.key], number))
    foot, width, height = _foot(picture, caption, placed)
    width, height = max(width, placed.width), height + placed.height
    whole = f'viewBox="0 0 {width + 2 * _PAD:.2f} {height + 2 * _PAD:.2f}"'
    return (
        f'<svg {whole} xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<g id="graph0" class="graph" transform="translate({_PAD:g} {_PAD:g})">{foot}{"".join(parts)}</g></svg>'
    ).encode("utf-8", "replace")


def _cells(picture: Picture) -> dict[Key, tuple[str, str]]:
    """The frame of each box in one, and what it is there; names that were cut to the same letters are told apart."""
    cells: dict[Key, tuple[str, str]] = {}
    for box in picture.boxes:
        if box.place:
            cell = box.place[0], box.name
            while cell in cells.values():
                cell = cell[0], cell[1] + "′"
            cells[box.key] = cell
    return cells


# ---------------------------------------------------------------------------------------------------------------------
# Boxes.
# ---------------------------------------------------------------------------------------------------------------------


def _size(box: Box) -> Size:
    """The width and height of a box."""
    name, beside, below = heading(box)
    if box.kind in ("constant", "stub"):
        return text_width(name, _LABEL) + 12, _LINE + 3
    width = text_width(name, _TEXT, bold=True) + (text_width(" " + beside, _TEXT) if beside else 0.0)
    rows = [text_width(word, _SMALL) + 7 + text_width(text, _TEXT) for word, text in box.rows]
    lines = 1 + bool(below) + len(box.rows)
    fold = _FOLD if box.kind == "parameter" else 0.0
    return (
        max(width + fold, text_width(below, _TEXT), *rows, 12.0) + 2 * _MARGIN[0],
        lines * _LINE + 2 * _MARGIN[1] + (4.0 if box.kind == "group" else 0.0),
    )


def _box(picture: Picture, box: Box, middle: Point, size: Size, number: int) -> str:
    """A box and what stands in it."""
    (x, y), (width, height) = middle, size
    left, top = x - width / 2, y - height / 2
    pen = ""
    if picture.highlight:
        pen = ' stroke-width="3"' if box.key in picture.highlight else ' stroke-width="0.5"'
    inside = [_outline(box.kind, left, top, width, height, pen)]
    name, beside, below = heading(box)
    if box.kind in ("constant", "stub"):
        colour = style.NEUTRAL if box.kind == "stub" else style.INK
        inside.append(_text(name, x, y + 3.5, _LABEL, colour, "middle"))
    else:
        line = top + _MARGIN[1] + 11 + (4.0 if box.kind == "group" else 0.0)
        start, end = left + _MARGIN[0], left + width - _MARGIN[0]
        inside.append(_text(name, start, line, _TEXT, style.INK, bold=True))
        if beside:
            after = start + text_width(name, _TEXT, bold=True) + text_width(" ", _TEXT)
            inside.append(_text(beside, after, line, _TEXT, style.INK))
        if below:
            line += _LINE
            inside.append(_text(below, start, line, _TEXT, style.INK))
        for word, text in box.rows:
            line += _LINE
            inside.append(_text(word, start, line, _SMALL, style.MUTED))
            inside.append(_text(text, end, line, _TEXT, style.INK, "end"))
    return _group(f"node{number}", f"node {box.kind}", inside, box.tooltip)


def _outline(kind: str, left: float, top: float, width: float, height: float, pen: str = "") -> str:
    """The shape of a box of this kind."""
    look = style.KINDS[kind][1]
    if "fillcolor" not in look:
        return ""
    paint = f'fill="{look["fillcolor"].lower()}" stroke="{look["color"].lower()}"{pen}'
    if "dashed" in look["style"]:
        paint += ' stroke-dasharray="5,2"'
    right, bottom = left + width, top + height
    if look["shape"] == "note":
        corner = f"{right - _FOLD:.2f},{top:.2f} {right:.2f},{top + _FOLD:.2f}"
        fold = f"{right - _FOLD:.2f},{top:.2f} {right - _FOLD:.2f},{top + _FOLD:.2f} {right:.2f},{top + _FOLD:.2f}"
        sheet = f"{left:.2f},{top:.2f} {corner} {right:.2f},{bottom:.2f} {left:.2f},{bottom:.2f}"
        return f'<polygon {paint} points="{sheet}"/><polyline {paint} points="{fold}"/>'
    if look["shape"] == "folder":
        tab = f"{left:.2f},{top:.2f} {left + 22:.2f},{top:.2f} {left + 26:.2f},{top + 4:.2f} {right:.2f},{top + 4:.2f}"
        return f'<polygon {paint} points="{tab} {right:.2f},{bottom:.2f} {left:.2f},{bottom:.2f}"/>'
    if "rounded" not in look["style"]:
        corners = f"{left:.2f},{top:.2f} {right:.2f},{top:.2f} {right:.2f},{bottom:.2f} {left:.2f},{bottom:.2f}"
        return f'<polygon {paint} points="{corners}"/>'
    shape = f'<path {paint} d="{_rounded(left, top, width, height)}"/>'
    if "peripheries" in look:
        inner = _rounded(left + 2.5, top + 2.5, width - 5, height - 5, _ROUND - 2)
        shape += f'<path fill="none" stroke="{look["color"].lower()}"{pen} d="{inner}"/>'
    return shape


def _rounded(left: float, top: float, width: float, height: float, r: float = _ROUND) -> str:
    """The path of a rectangle with round corners."""
    right, bottom = left + width, top + height
    a = r * 0.45  # from the corner to the control points of a quarter of a circle
    return (
        f"M{left + r:.2f},{top:.2f}"
        f"C{left + r:.2f},{top:.2f} {right - r:.2f},{top:.2f} {right - r:.2f},{top:.2f}"
        f"C{right - a:.2f},{top:.2f} {right:.2f},{top + a:.2f} {right:.2f},{top + r:.2f}"
        f"C{right:.2f},{top + r:.2f} {right:.2f},{bottom - r:.2f} {right:.2f},{bottom - r:.2f}"
        f"C{right:.2f},{bottom - a:.2f} {right - a:.2f},{bottom:.2f} {right - r:.2f},{bottom:.2f}"
        f"C{right - r:.2f},{bottom:.2f} {left + r:.2f},{bottom:.2f} {left + r:.2f},{bottom:.2f}"
        f"C{left + a:.2f},{bottom:.2f} {left:.2f},{bottom - a:.2f} {left:.2f},{bottom - r:.2f}"
        f"C{left:.2f},{bottom - r:.2f} {left:.2f},{top + r:.2f} {left:.2f},{top + r:.2f}"
        f"C{left:.2f},{top + a:.2f} {left + a:.2f},{top:.2f} {left + r:.2f},{top:.2f}Z"
    )


def _frame(frame: Frame, number: int) -> str:
    shape = _rounded(frame.x, frame.y, frame.width, frame.height)
    path = f'<path fill="none" stroke="{style.FRAME.lower()}" d="{shape}"/>'
    title = _text(frame.title, frame.x + 8, frame.y + 13, _LABEL, style.NEUTRAL)
    return _group(f"clust{number}", "cluster", [path, title], frame.title)


# ---------------------------------------------------------------------------------------------------------------------
# Arrows.
# ---------------------------------------------------------------------------------------------------------------------


def _label_size(arrow: Arrow) -> Size | None:
    if not arrow.label:
        return None
    return text_width(style.shown(arrow.label, style.NAME), _LABEL) + 4, 13.0


def _arrow(picture: Picture, arrow: Arrow, placed: Layout, number: int, width: float, direction: str) -> str:
    """An arrow, its point, and its label beside it."""
    route = placed.routes[number]
    colour = arrow.colour.lower()
    faded = picture.highlight and not picture.stands_out(arrow)
    look = f'stroke="{colour}" stroke-width="{width:.3g}"' + ' stroke-opacity="0.33"' * bool(faded)
    inside = []
    if route:
        if not arrow.dashed:
            route, point = _pointed(route, 2.5 + 0.6 * width)
            fade = ' fill-opacity="0.33" stroke-opacity="0.33"' if faded else ""
            inside.append(f'<polygon fill="{colour}" stroke="{colour}"{fade} points="{_points(point)}"/>')
        dashes = ' stroke-dasharray="5,2"' if arrow.dashed else ""
        inside.insert(0, f'<path fill="none" {look}{dashes} d="M{_points(route[:1])}C{_points(route[1:])}"/>')
    spot = placed.labels[number]
    if spot:
        x, y = spot
        text = style.shown(arrow.label, style.NAME)
        if direction in ("TB", "BT"):
            inside.append(_text(text, x + text_width(text, _LABEL) / 2 - 1, y + 3.5, _LABEL, arrow.colour, "end"))
        else:
            inside.append(_text(text, x, y + 2, _LABEL, arrow.colour, "middle"))
    return _group(f"edge{number + 1}", f"edge {sign(arrow)}", inside, arrow.tooltip)


def _pointed(route: list[Point], half: float) -> tuple[list[Point], list[Point]]:
    """The route up to the point of the arrow, and the corners of that."""
    (x, y), back = route[-1], route[-2]
    for back in reversed(route[:-1]):
        if back != route[-1]:
            break
    length = hypot(x - back[0], y - back[1]) or 1.0
    dx, dy = (x - back[0]) / length, (y - back[1]) / length
    base = (x - dx * _POINT, y - dy * _POINT)
    corners = [(x, y), (base[0] - dy * half, base[1] + dx * half), (base[0] + dy * half, base[1] - dx * half)]
    return [*route[:-1], base], corners


def _points(points: Iterable[Point]) -> str:
    return " ".join([f"{x:.2f},{y:.2f}" for x, y in points])


# ---------------------------------------------------------------------------------------------------------------------
# Below the picture.
# ---------------------------------------------------------------------------------------------------------------------


def _foot(picture: Picture, caption: str, placed: Layout) -> tuple[str, float, float]:
    """The legend and the caption, and how much room they take."""
    parts = []
    x, y = 0.0, placed.height + 24
    for what, words in legend(picture):
        width = text_width(words, _SMALL)
        if what in style.KINDS:
            parts.append(_outline(what, x, y - 11, width + 12 + _FOLD, 17))
            parts.append(_text(words, x + 6, y + 1, _SMALL, style.INK))
            x += width + 20 + _FOLD
        else:
            parts.append(_text(words, x, y + 1, _SMALL, what))
            x += width + 12
    low, high = _CAPTION
    lines = wrap(caption, max(low, min(high, round(placed.width / 5))))
    for number, line in enumerate(lines):
        parts.append(_text(line, 0, y + 26 + 14 * number, _LABEL, style.NEUTRAL))
    longest = max([x, *[text_width(line, _LABEL) for line in lines]])
    return "".join(parts), longest, 24 + 26 + 14 * len(lines)


# ---------------------------------------------------------------------------------------------------------------------
# Parts of SVG.
# ---------------------------------------------------------------------------------------------------------------------


def _group(name: str, kind: str, inside: Sequence[str], tooltip: str) -> str:
    """A group with a tooltip, as Graphviz writes it."""
    content = "".join(inside)
    if tooltip:
        content = f'<g id="a_{name}"><a xlink:title="{_quoted(tooltip)}">{content}</a></g>'
    return f'<g id="{name}" class="{kind}">{content}</g>'


def _text(text: str, x: float, y: float, size: float, colour: str, anchor: str = "start", bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text text-anchor="{anchor}" x="{x:.2f}" y="{y:.2f}" font-family="{style.FONT}" font-size="{size:g}"{weight} '
        f'fill="{colour.lower()}">{_quoted(text)}</text>'
    )


def _quoted(text: str) -> str:
    """Text in which no character is markup, also as an attribute."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return text.replace("\n", "&#10;")
