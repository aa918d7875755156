"""Groups in frames that hold the same parts, as the positions that a GPT reads: a row a frame, a column a part.

Boxes of a row stand in the order in which they were recorded; parts that differ by a number and do not lead to each
other, as the heads of an attention, two by two: side by side they would be too wide for a page.  Arrows run in the
space between rows and columns, level or upright, those of each box in lanes of their own, so that none crosses a box.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby, pairwise
from math import ceil, sqrt

from .layered import Key, Layout, Point, Size
from .network import Frame
from .style import numerically

__all__ = ["grid"]

_APART = 12.0
"""Between a box and the first lane beside it."""

_LANE = 5.0
_TITLE = 18.0
_MARGIN = 8.0


def grid(
    sizes: Mapping[Key, Size], arrows: Sequence[tuple[Key, Key]], cells: Mapping[Key, tuple[str, str]]
) -> tuple[Layout, list[Frame]]:
    """Place boxes and route arrows.

    Args:
        sizes: width and height of each box.
        arrows: (tail, head), keys of boxes.
        cells: for boxes in a frame that and the part that they are.  Others stand in a column before all others, or, if
            something leads to them, after all others.

    >>> cells = {"a": ("1", "in"), "b": ("1", "out"), "c": ("2", "in"), "d": ("2", "out")}
    >>> arrows = [("a", "b"), ("c", "d"), ("a", "d"), ("b", "loss"), ("d", "loss")]
    >>> placed, frames = grid(dict.fromkeys([*cells, "loss"], (40, 20)), arrows, cells)
    >>> [frame.title for frame in frames], placed.boxes["a"][1] < placed.boxes["c"][1]
    (['1', '2'], True)
    """
    names = sorted({frame for frame, _ in cells.values()}, key=numerically)
    parts, high, wide = _parts(cells, arrows)
    rows = {name: high * i for i, name in enumerate(names)}
    entered = {head for _, head in arrows}
    place: dict[Key, tuple[int, int]] = {}
    for key, (frame, part) in cells.items():
        row, column = parts[part]
        place[key] = rows[frame] + row, column
    for column in (0, wide + 1):
        outside = [key for key in sizes if key not in cells and (key in entered) is (column > 0)]
        step = high if len(outside) <= len(rows) else 1
        for i, key in enumerate(outside, max(0, (len(rows) - len(outside)) // 2)):
            place[key] = step * i, column
    count = max([row for row, _ in place.values()], default=0) + 1

    bus = _lanes([(place[tail][1], tail) for tail, head in arrows if not _beside(place, tail, head)])
    level = _lanes([(place[head][0], tail) for tail, head in arrows if not _beside(place, tail, head)])
    widths = [0.0] * (wide + 2)
    heights = [0.0] * count
    for key, (width, height) in sizes.items():
        row, column = place[key]
        widths[column], heights[row] = max(widths[column], width), max(heights[row], height)
    lanes = [len({lane for (column, _), lane in bus.items() if column == i}) for i in range(len(widths))]
    left = [_MARGIN]
    for width, number in zip(widths, lanes, strict=True):
        left.append(left[-1] + (width + 2 * _APART + _LANE * number if width else 0.0))
    above = [len({lane for (row, _), lane in level.items() if row == i}) for i in range(count)]
    top, bottom = [], 0.0
    for row, (height, number) in enumerate(zip(heights, above, strict=True)):
        top.append(bottom + (_TITLE if row % high == 0 else 0.0) + _APART + _LANE * number)
        bottom = top[-1] + height + _MARGIN + _APART * (row % high == high - 1)
    boxes = {
        key: (left[place[key][1]] + sizes[key][0] / 2, top[place[key][0]] + heights[place[key][0]] / 2) for key in sizes
    }
    into: dict[Key, list[int]] = {}
    for number, (tail, head) in enumerate(arrows):
        if not _beside(place, tail, head):
            into.setdefault(head, []).append(number)

    routes: list[list[Point]] = []
    for number, (tail, head) in enumerate(arrows):
        (x, y), (u, v) = boxes[tail], boxes[head]
        start, end = (x + sizes[tail][0] / 2, y), (u - sizes[head][0] / 2, v)
        if _beside(place, tail, head):
            routes.append(_straight([start, end]))
            continue
        column, row = place[tail][1], place[head][0]
        across = left[column] + widths[column] + _APART + _LANE * bus[column, tail]
        lane = top[row] - _APART - _LANE * level[row, tail]
        width = sizes[head][0] - 12
        among = into[head]
        port = u - width / 2 + width * (among.index(number) + 1) / (len(among) + 1)
        routes.append(_straight([start, (across, y), (across, lane), (port, lane), (port, v - sizes[head][1] / 2)]))
    frames = []
    for name, row in rows.items():
        inside = [key for key, (frame, _) in cells.items() if frame == name]
        a = min([boxes[key][0] - sizes[key][0] / 2 for key in inside]) - _MARGIN
        b = max([boxes[key][0] + sizes[key][0] / 2 for key in inside]) + _MARGIN
        roof = _APART + _LANE * above[row] + _TITLE - 4
        last = max([place[key][0] for key in inside])
        frames.append(Frame(name, a, top[row] - roof, b - a, roof + top[last] - top[row] + heights[last] + _MARGIN))
    return Layout(boxes, routes, [None] * len(arrows), left[-1], bottom - _APART), frames


def _parts(
    cells: Mapping[Key, tuple[str, str]], arrows: Sequence[tuple[Key, Key]]
) -> tuple[dict[str, tuple[int, int]], int, int]:
    """The row, in a frame, and the column of each part; how many rows a frame has, and how many columns there are."""
    linked = {
        frozenset((cells[tail][1], cells[head][1]))
        for tail, head in arrows
        if tail in cells and head in cells and cells[tail][0] == cells[head][0]
    }
    parts = [*dict.fromkeys([part for _, part in cells.values()])]
    places: dict[str, tuple[int, int]] = {}
    high = column = 1
    for kind, alike in groupby(parts, _kind):
        together = [*alike]
        if not kind or _are_linked(together, linked):
            for part in together:
                places[part] = 0, column
                column += 1
            continue
        across = ceil(len(together) / ceil(sqrt(len(together))))
        for i, part in enumerate(together):
            places[part] = i // across, column + i % across
        column += across
        high = max(high, places[together[-1]][0] + 1)
    return places, high, column - 1


def _kind(part: str) -> str:
    """What parts of one kind have in common, "head" of "head 2"; nothing of a part without a number."""
    stem, _, number = part.rpartition(" ")
    return stem if number.isdecimal() else ""


def _are_linked(parts: Sequence[str], linked: Collection[frozenset[str]]) -> bool:
    return len(parts) < 2 or any({*pair} <= {*parts} and len(pair) == 2 for pair in linked)


def _beside(place: Mapping[Key, tuple[int, int]], tail: Key, head: Key) -> bool:
    """Whether an arrow leads to the next column, in the same row or to what stands outside of the frames."""
    (row, column), (other, next_) = place[tail], place[head]
    return next_ == column + 1 and row == other


def _lanes(uses: Sequence[tuple[int, Key]]) -> dict[tuple[int, Key], int]:
    """A number for each, counted anew in each row or column."""
    found: dict[tuple[int, Key], int] = {}
    counts: dict[int, int] = {}
    for line, key in uses:
        if (line, key) not in found:
            found[line, key] = counts.get(line, 0)
            counts[line] = found[line, key] + 1
    return found


def _straight(points: Sequence[Point]) -> list[Point]:
    """Straight pieces, as a spline."""
    route = [points[0]]
    for (a, b), (c, d) in pairwise(points):
        route += [(a + (c - a) / 3, b + (d - b) / 3), (a + 2 * (c - a) / 3, b + 2 * (d - b) / 3), (c, d)]
    return route
