"""A long layout broken into rows, as a text is into lines: what leads on runs back below its row, to the left.

A row ends where a column of boxes ends and few arrows go on.  These keep their order: the lowest turns first, so that
none crosses another on the way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from .layered import Key, Layout, Point, Size

__all__ = ["wrapped"]

_LANE = 7.0
"""Between two arrows on their way to the next row."""

_APART = 14.0
"""Above and below them."""

_CARRIED = 6
"""No more arrows lead from a row to the next, or the eye would lose them."""

_FULL = 0.6
"""So much of the width a row fills at least, where it may choose."""

_EXACT = 1e-6


def wrapped(placed: Layout, sizes: Mapping[Key, Size], labels: Sequence[Size | None], width: float) -> Layout | None:
    """The layout, which is from left to right, in rows of this width; None where too many arrows would lead back.

    Args:
        placed: the layout.
        sizes: width and height of each box.
        labels: width and height of what stands on each arrow, None for nothing.
        width: what a row has, with the arrows at its sides.

    >>> from autodiff.drawing.layered import layout
    >>> sizes, arrows = {i: (40.0, 20.0) for i in range(6)}, [(i, i + 1) for i in range(5)]
    >>> rows = wrapped(layout(sizes, arrows), sizes, [None] * 5, 200.0)
    >>> [round(y) for _, y in rows.boxes.values()], rows.width <= 200
    ([10, 10, 10, 58, 58, 58], True)
    """
    if placed.width <= width:
        return placed
    possible = _ends(placed, sizes, labels)
    for carried in range(1, _CARRIED + 1):  # as few as can be
        cuts = _cuts(placed.width, {x: n for x, n in possible.items() if n <= carried}, width - 2 * _LANE * carried)
        if cuts is not None:
            return _Rows(placed, sizes, labels, cuts).layout()
    return None


def _ends(placed: Layout, sizes: Mapping[Key, Size], labels: Sequence[Size | None]) -> dict[float, int]:
    """Where a row could end, and how many arrows lead on from there."""
    spans = [(x - sizes[key][0] / 2, x + sizes[key][0] / 2) for key, (x, _) in placed.boxes.items()]
    for spot, size in zip(placed.labels, labels, strict=True):
        if spot and size:
            spans.append((spot[0] - size[0] / 2, spot[0] + size[0] / 2))
    possible: dict[float, int] = {}
    for x in sorted({x + sizes[key][0] / 2 for key, (x, _) in placed.boxes.items()}):
        if not any(a + _EXACT < x < b - _EXACT for a, b in spans):
            levels = [_level(route, x) for route in placed.routes]
            if all(len(found) < 2 and None not in found for found in levels):
                possible[x] = sum(map(len, levels))
    return possible


def _cuts(whole: float, possible: Mapping[float, int], room: float) -> list[float] | None:
    """Where rows end that are no wider than there is room: as late, or with as few arrows that lead on, as can be."""
    cuts, start = [], 0.0
    while whole - start > room:
        near = [x for x in possible if start + _FULL * room < x <= start + room]
        if not near:
            return None
        start = min(near, key=lambda x: (possible[x], -x))
        cuts.append(start)
    return cuts


def _level(route: Sequence[Point], x: float) -> list[float | None]:
    """How high a route is where it passes x, if it does; None where it is not level there, or leads back."""
    if route and route[0][0] > route[-1][0]:
        return [None]
    found: list[float | None] = []
    for (a, y), (b, v) in pairwise(route[::3]):
        if a < x - _EXACT and x + _EXACT < b:
            found.append(y if y == v else None)
        elif abs(b - x) <= _EXACT and (b, v) != route[-1]:
            found.append(v)
        elif abs(a - x) <= _EXACT and (a, y) == route[0]:
            found.append(y)  # it begins there, and leads on
    return found


class _Rows:
    """Rows being set.

    Attributes:
        starts, ends: where each row is cut out of the layout.
        tops: of each row, what its upper edge was in the layout, and where it is now.
    """

    def __init__(
        self, placed: Layout, sizes: Mapping[Key, Size], labels: Sequence[Size | None], cuts: list[float]
    ) -> None:
        self.placed = placed
        self.starts, self.ends = [0.0, *cuts], [*cuts, placed.width]
        self.pieces = [self._pieces(route) for route in placed.routes]
        self.carried = [self._carried(row) for row in range(len(cuts))]
        self.margin = _LANE * max(map(len, self.carried))
        self.left, self.tops, self.bottoms = self.margin, list[tuple[float, float]](), list[float]()
        y = 0.0
        for row in range(len(self.starts)):
            ys = [
                edge
                for key, (x, middle) in placed.boxes.items()
                if self._row(x) == row
                for edge in (middle - sizes[key][1] / 2, middle + sizes[key][1] / 2)
            ]
            for spot, size in zip(placed.labels, labels, strict=True):
                if spot and size and self._row(spot[0]) == row:
                    ys += [spot[1] - size[1] / 2, spot[1] + size[1] / 2]
            ys += [point[1] for parts in self.pieces for at, points in parts if at == row for point in points]
            self.tops.append((min(ys), y))
            self.bottoms.append(y + max(ys) - min(ys))
            if row < len(cuts):
                y = self.bottoms[-1] + 2 * _APART + _LANE * (len(self.carried[row]) - 1)
        self.height = self.bottoms[-1]

    def _row(self, x: float) -> int:
        """The row of what stands at x."""
        return next((row for row, end in enumerate(self.ends) if x <= end + _EXACT), len(self.ends) - 1)

    def _pieces(self, route: list[Point]) -> list[tuple[int, list[Point]]]:
        """The route, cut where rows end: of each piece its row."""
        if not route:
            return []
        row = self._row(route[0][0])
        points = [route[0]]
        parts = [(row, points)]
        for i in range(0, len(route) - 1, 3):
            first, second, third, last = route[i : i + 4]
            while last[0] > self.ends[row] + _EXACT:
                edge = first if abs(first[0] - self.ends[row]) <= _EXACT else (self.ends[row], first[1])
                if points[-1] != edge:
                    points += _straight(points[-1], edge)
                row, points = row + 1, [edge]
                parts.append((row, points))
            points += [second, third, last] if points[-1] == first else _straight(points[-1], last)
        return parts

    def _carried(self, row: int) -> list[int]:
        """The arrows that lead from a row to the next, from the highest to the lowest."""
        found = []
        for number, parts in enumerate(self.pieces):
            found += [(points[-1][1], number) for at, points in parts[:-1] if at == row]
        return [number for _, number in sorted(found)]

    def _moved(self, row: int, point: Point) -> Point:
        before, now = self.tops[row]
        return point[0] - self.starts[row] + self.left, point[1] - before + now

    def _return(self, row: int, number: int, start: Point, end: Point) -> list[Point]:
        """From the end of a row to the beginning of the next: down at the right, back below, down at the left."""
        rank, count = self.carried[row].index(number), len(self.carried[row])
        right = self.ends[row] - self.starts[row] + self.left + _LANE * (count - rank)
        lane = self.bottoms[row] + _APART + _LANE * (count - 1 - rank)
        left = self.left - _LANE * (rank + 1)
        corners = [start, (right, start[1]), (right, lane), (left, lane), (left, end[1]), end]
        return [point for a, b in pairwise(corners) for point in _straight(a, b)]

    def _route(self, number: int) -> list[Point]:
        route: list[Point] = []
        for row, points in self.pieces[number]:
            moved = [self._moved(row, point) for point in points]
            if route:
                route += self._return(row - 1, number, route[-1], moved.pop(0))
            route += moved
        return route

    def layout(self) -> Layout:
        """All rows, one below the other."""
        spots = [spot and self._moved(self._row(spot[0]), spot) for spot in self.placed.labels]
        return Layout(
            {key: self._moved(self._row(point[0]), point) for key, point in self.placed.boxes.items()},
            [self._route(number) for number in range(len(self.placed.routes))],
            spots,
            max(b - a for a, b in zip(self.starts, self.ends, strict=True)) + self.left + self.margin,
            self.height,
        )


def _straight(a: Point, b: Point) -> list[Point]:
    """A straight piece of a spline, without its start."""
    (x, y), (u, v) = a, b
    return [(x + (u - x) / 3, y + (v - y) / 3), (x + 2 * (u - x) / 3, y + 2 * (v - y) / 3), b]
