"""A layered layout in plain Python: boxes in columns, arrows from left to right, every label in a place of its own.

After Sugiyama, Tagawa and Toda (1981), in four steps:

1. **Columns**: every arrow leads to a later column.  Where arrows form a circle, some are turned (``columns``).
2. **Order**: an arrow over several columns passes through each in a lane of its own.  Boxes and lanes of a column are
   ordered by the median of their neighbours, and swapped in pairs, while that saves crossings (Gansner et al., 1993).
3. **Slots**: labels stand in columns of their own, between those of the boxes, so that no label lies on another.
4. **Heights**: boxes and lanes are aligned with their median neighbour, four times, towards each corner; the average
   of the middle two counts (Brandes and Köpf, 2001).

Between columns an arrow is a curve, within one a level line in its lane: it touches no box and no label but its own.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from .columns import columns, turned_arrows

__all__ = ["Layout", "layout"]

Key: TypeAlias = Hashable
Point: TypeAlias = tuple[float, float]
Size: TypeAlias = tuple[float, float]

_APART, _LANE = 14.0, 7.0
"""Between two boxes of a column, and beside a lane or a label."""

_NARROW, _WIDE = 7.0, 30.0
"""Between two columns: the steeper the arrows, the wider."""

_STEEP = 0.08
_HEAD = 10.0
"""The last of an arrow, where its head is, is level."""

_PORT = 9.0
"""Between arrows that leave or enter a box on the same side."""

_ROUNDS = 24
_PATIENCE = 6
"""Rounds of ordering, and how many without success are enough."""

_WORK = 60_000
"""So many boxes and lanes in all the rounds: of more, there are fewer rounds."""

_SWAPS = 8


@dataclass(frozen=True)
class Layout:
    """Where everything stands; x grows to the right and y downwards, from 0.

    Attributes:
        boxes: the middle of each box.
        routes: for each arrow the points of a cubic spline, start, (control, control, end) and so on; empty where an
            arrow leads from a box to itself.
        labels: for each arrow the middle of its label; None if it has none.
        width, height: of the whole.
    """

    boxes: dict[Key, Point]
    routes: list[list[Point]]
    labels: list[Point | None]
    width: float
    height: float

    def turned(self, direction: str) -> Layout:
        """This layout, which is from left to right, in another direction."""

        def turn(point: Point) -> Point:
            x, y = point
            x = self.width - x if direction in ("RL", "BT") else x
            return (y, x) if direction in ("TB", "BT") else (x, y)

        return Layout(
            {key: turn(point) for key, point in self.boxes.items()},
            [[turn(point) for point in route] for route in self.routes],
            [label and turn(label) for label in self.labels],
            *((self.height, self.width) if direction in ("TB", "BT") else (self.width, self.height)),
        )


def layout(
    sizes: Mapping[Key, Size],
    arrows: Sequence[tuple[Key, Key]],
    labels: Sequence[Size | None] | None = None,
    *,
    direction: str = "LR",
    order: Mapping[Key, float] | None = None,
    first: Collection[Key] = (),
    last: Collection[Key] = (),
    tails: Mapping[int, float] | None = None,
    heads: Mapping[int, float] | None = None,
) -> Layout:
    """Place boxes in columns, by the arrows between them, and route the arrows.

    The same arguments give the same layout, to the last bit.

    Args:
        sizes: width and height of each box; where nothing else decides, they are placed in this order.
        arrows: (tail, head), keys of boxes; the same pair may come twice, and circles are allowed.
        labels: width and height of what stands on each arrow, None for nothing.
        direction: "LR", from left to right; or "TB", "RL", "BT".
        order: boxes that have a number here stand in that order where they share a column.
        first: boxes without arrows to them, which stand in the first column.
        last: boxes without arrows from them, which stand in the last.
        tails: where an arrow leaves its box, by its position, as a distance from the middle of the side.
        heads: where it enters its box.

    >>> placed = layout({"x": (40, 20), "y": (40, 20), "z": (40, 20)}, [("x", "z"), ("y", "z")], [(30, 12), None])
    >>> {key: (round(x), round(y)) for key, (x, y) in placed.boxes.items()}
    {'x': (20, 12), 'y': (20, 46), 'z': (124, 29)}
    >>> [len(route) % 3 for route in placed.routes]
    [1, 1]
    """
    upright = direction in ("TB", "BT")
    turned = [(h, w) if upright else (w, h) for w, h in sizes.values()]
    texts = [label and ((label[1], label[0]) if upright else label) for label in labels or [None] * len(arrows)]
    index = {key: i for i, key in enumerate(sizes)}
    ends = [(index[tail], index[head]) for tail, head in arrows]
    plan = _Plan(turned, ends, {index[key] for key in first}, {index[key] for key in last})
    plan.arrange({index[key]: place for key, place in (order or {}).items()})
    plan.open_slots(texts)
    heights = _heights(plan)
    middles, routes, spots, width, height = _route(plan, heights, tails or {}, heads or {})
    return Layout({key: middles[i] for key, i in index.items()}, routes, spots, width, height).turned(direction)


# ---------------------------------------------------------------------------------------------------------------------
# 2 and 3: the order in each column, lanes and slots.
# ---------------------------------------------------------------------------------------------------------------------


class _Plan:
    """Boxes and lanes in their columns.

    Attributes:
        ends: the arrows, those that lead back turned; ``turned`` says which.
        sizes: of boxes, then of lanes.
        lane: whether it is a lane.
        columns: boxes and lanes in order, from top to bottom.
        before, after: the neighbours of each in the column before and after.
        chains: for each arrow all that it passes, from tail to head.
        arrow: of a lane, the number of its arrow; -1 of a box.
        slots: for each arrow the lane in which its label stands.
    """

    def __init__(
        self, sizes: Sequence[Size], ends: Sequence[tuple[int, int]], first: Collection[int], last: Collection[int]
    ) -> None:
        count = len(sizes)
        self.turned = turned_arrows(count, ends)
        self.ends = [(b, a) if turned else (a, b) for (a, b), turned in zip(ends, self.turned, strict=True)]
        column = columns(count, [(tail, head) for tail, head in self.ends if tail != head])
        for box in first:
            column[box] = 0
        for box in last:
            column[box] = max(column)
        self.sizes = [*sizes]
        self.lane = [False] * count
        self.columns: list[list[int]] = [[] for _ in range(1 + max(column, default=-1))]
        self.arrow: list[int] = [-1] * count
        for box, place in enumerate(column):
            self.columns[place].append(box)
        self.chains: list[list[int]] = []
        self.slots: list[int | None] = [None] * len(ends)
        for number, (tail, head) in enumerate(self.ends):
            chain = []
            for place in range(column[tail] + 1, column[head]):
                chain.append(self._new(number))
                self.columns[place].append(chain[-1])
            self.chains.append([tail, *chain, head] if tail != head else [])
        self._connect()

    def _new(self, number: int) -> int:
        """A lane of an arrow."""
        self.sizes.append((0.0, 0.0))
        self.lane.append(True)
        self.arrow.append(number)
        return len(self.lane) - 1

    def _connect(self) -> None:
        self.before: list[list[int]] = [[] for _ in self.lane]
        self.after: list[list[int]] = [[] for _ in self.lane]
        for chain in self.chains:
            for left, right in pairwise(chain):
                self.after[left].append(right)
                self.before[right].append(left)

    def arrange(self, fixed: Mapping[int, float]) -> None:
        """Order the columns so that few arrows cross."""
        best, least = self.columns, float("inf")
        for start in (self._as_operands(), self.columns):
            columns = [_kept(column, fixed) for column in start]
            position = _positions(columns, len(self.lane))
            crossings = self._crossings(columns, position)
            if crossings < least:
                best, least = [[*column] for column in columns], crossings
            idle = 0
            for number in range(max(1, min(_ROUNDS, _WORK // max(len(self.lane), 1)))):
                if not least or idle > _PATIENCE:
                    break
                ties = number % 4 < 2
                self._by_median(columns, position, fixed, forward=number % 2 == 0, ties=ties)
                self._swap(columns, position, fixed, ties)
                crossings = self._crossings(columns, position)
                idle += 1
                if crossings < least:
                    best, least, idle = [[*column] for column in columns], crossings, 0
        self.columns = best

    def _as_operands(self) -> list[list[int]]:
        """Every column in the order in which a search from the results to their operands comes by."""
        seen = [False] * len(self.lane)
        columns: list[list[int]] = [[] for _ in self.columns]
        place = {i: number for number, column in enumerate(self.columns) for i in column}
        for start in [i for column in reversed(self.columns) for i in column]:
            waiting = [start]
            while waiting:
                i = waiting.pop()
                if not seen[i]:
                    seen[i] = True
                    columns[place[i]].append(i)
                    waiting += reversed(self.before[i])
        return columns

    def _crossings(self, columns: list[list[int]], position: list[int]) -> int:
        """How many pairs of arrows cross: inversions, column by column."""
        total = 0
        for column in columns[:-1]:
            passed: list[int] = []
            for i in column:
                heads = sorted([position[j] for j in self.after[i]])
                for head in heads:
                    total += len(passed) - bisect_right(passed, head)
                for head in heads:
                    insort(passed, head)
        return total

    def _by_median(
        self, columns: list[list[int]], position: list[int], fixed: Mapping[int, float], forward: bool, ties: bool
    ) -> None:
        """Order each column by the medians of the neighbours in the one before, or after."""
        neighbours = self.before if forward else self.after
        for column in columns[1:] if forward else columns[-2::-1]:
            medians = {i: _median(sorted([position[j] for j in neighbours[i]])) for i in column}
            free = iter(
                sorted([i for i in (column[::-1] if ties else column) if medians[i] >= 0], key=medians.__getitem__)
            )
            column[:] = _kept([i if medians[i] < 0 else next(free) for i in column], fixed)
            for place, i in enumerate(column):
                position[i] = place

    def _swap(self, columns: list[list[int]], position: list[int], fixed: Mapping[int, float], ties: bool) -> None:
        """Swap neighbours in a column as long as that saves crossings."""
        for _ in range(_SWAPS):
            saved = False
            for column in columns:
                sides = [[sorted([position[j] for j in near[i]]) for i in column] for near in (self.before, self.after)]
                for k in range(len(column) - 1):
                    a, b = column[k], column[k + 1]
                    if a in fixed and b in fixed:
                        continue
                    now = then = 0
                    for side in sides:
                        now += _pairs(side[k], side[k + 1])
                        then += _pairs(side[k + 1], side[k])
                    if then < now or (ties and then == now):
                        saved |= then < now
                        column[k], column[k + 1] = b, a
                        position[a], position[b] = k + 1, k
                        for side in sides:
                            side[k], side[k + 1] = side[k + 1], side[k]
            if not saved:
                break

    def open_slots(self, texts: Sequence[Size | None]) -> None:
        """Between two columns of boxes a column of labels, where there are any."""
        position = _positions(self.columns, len(self.lane))
        out, into = [0] * len(self.lane), [0] * len(self.lane)
        for tail, head in self.ends:
            out[tail] += 1
            into[head] += 1
        place = {i: number for number, column in enumerate(self.columns) for i in column}
        labelled = [False] * len(self.columns)
        at: list[int] = [-1] * len(self.ends)
        for number, chain in enumerate(self.chains):
            if chain and texts[number]:
                # At the end where fewer arrows leave or arrive.
                tail, head = self.ends[number]
                at[number] = place[chain[-2]] if out[tail] > max(into[head], 1) else place[chain[0]]
                labelled[at[number]] = True
        columns = self.columns
        self.columns = []
        for number, column in enumerate(columns):
            self.columns.append(column)
            if not labelled[number]:
                continue
            slots = []
            for arrow, chain in enumerate(self.chains):
                for k, (left, right) in enumerate(pairwise(chain)):
                    if place.get(left) == number:
                        slot = self._new(arrow)
                        chain.insert(k + 1, slot)
                        if at[arrow] == number:
                            self.sizes[slot] = texts[arrow] or (0.0, 0.0)
                            self.slots[arrow] = slot
                        slots.append((position[left], position[right], slot))
                        break
            self.columns.append(_between(slots))
        self._connect()


def _between(slots: list[tuple[int, int, int]]) -> list[int]:
    """Slots in an order in which no two arrows cross that did not, the outer ends of a bundle outside."""
    left = {slot: place for place, (*_, slot) in enumerate(sorted(slots))}
    right = {slot: place for place, (_, _, slot) in enumerate(sorted(slots, key=lambda ends: (ends[1], ends[0])))}
    return sorted(left, key=lambda slot: (left[slot] + right[slot], left[slot]))


def _positions(columns: Iterable[Sequence[int]], count: int) -> list[int]:
    position = [0] * count
    for column in columns:
        for place, i in enumerate(column):
            position[i] = place
    return position


def _kept(column: list[int], fixed: Mapping[int, float]) -> list[int]:
    """The column with those that have a fixed order in it, in the places that they have."""
    if not fixed:
        return column
    ordered = iter(sorted([i for i in column if i in fixed], key=fixed.__getitem__))
    return [next(ordered) if i in fixed else i for i in column]


def _median(places: list[int]) -> float:
    """The median, between the middle two nearer to the side where the others lie closer; -1 of none."""
    n = len(places)
    if n % 2:
        return places[n // 2]
    if n < 3:
        return sum(places) / 2 if n else -1
    left, right = places[n // 2 - 1] - places[0], places[-1] - places[n // 2]
    if not left + right:
        return (places[n // 2 - 1] + places[n // 2]) / 2
    return (places[n // 2 - 1] * right + places[n // 2] * left) / (left + right)


def _pairs(first: list[int], second: list[int]) -> int:
    """Crossings of the arrows of two neighbours, the first above the second."""
    if not first or not second or first[-1] <= second[0]:
        return 0
    return sum([len(first) - bisect_right(first, place) for place in second])


# ---------------------------------------------------------------------------------------------------------------------
# 4: heights.
# ---------------------------------------------------------------------------------------------------------------------


def _heights(plan: _Plan) -> list[float]:
    """The middle of each box and the level of each lane, from the top."""
    columns, before, lane = plan.columns, plan.before, plan.lane
    count = len(lane)
    after: list[list[int]] = [[] for _ in range(count)]
    for i, tails in enumerate(before):
        for j in tails:
            after[j].append(i)
    # A label stands on its arrow.
    above = [height if on_lane else height / 2 for (_, height), on_lane in zip(plan.sizes, lane, strict=True)]
    below = [0.0 if on_lane else height for height, on_lane in zip(above, lane, strict=True)]

    position = _positions(columns, count)
    crossed = _crossed_lanes(columns, before, lane, position)
    results = []
    for forward in (True, False):
        for down in (True, False):
            ordered = columns if forward else columns[::-1]
            ordered = ordered if down else [column[::-1] for column in ordered]
            near, upper, lower = before if forward else after, *((above, below) if down else (below, above))
            heights = _aligned(ordered, near, upper, lower, lane, crossed)
            results.append(heights if down else [-y for y in heights])
    spans = [(min(ys, default=0), max(ys, default=0)) for ys in results]
    top, bottom = min(spans, key=lambda span: span[1] - span[0])
    for k, (ys, (low, high)) in enumerate(zip(results, spans, strict=True)):
        shift = top - low if k % 2 == 0 else bottom - high
        results[k] = [y + shift for y in ys]
    middle = [(a[1] + a[2]) / 2 for a in (sorted(four) for four in zip(*results, strict=True))]
    first = min([y - height for y, height in zip(middle, above, strict=True)], default=0)
    return [y - first for y in middle]


def _crossed_lanes(
    columns: list[list[int]], before: list[list[int]], lane: list[bool], position: list[int]
) -> set[tuple[int, int]]:
    """The parts of arrows that cross one from lane to lane, which is to be straight."""
    crossed = set()
    for column in columns[1:]:
        straight = sorted([(position[j], position[i]) for i in column if lane[i] for j in before[i] if lane[j]])
        if not straight:
            continue
        for i in column:
            for j in before[i]:
                if lane[i] and lane[j]:
                    continue
                for a, b in straight:
                    if (a - position[j]) * (b - position[i]) < 0:
                        crossed.add((j, i))
                        break
    return crossed


def _aligned(
    columns: list[list[int]],
    before: list[list[int]],
    above: Sequence[float],
    below: Sequence[float],
    lane: Sequence[bool],
    crossed: set[tuple[int, int]],
) -> list[float]:
    """Heights in which each is level with its median neighbour in the column before, as far as order allows."""
    count = len(lane)
    position = _positions(columns, count)
    root, align = [*range(count)], [*range(count)]
    for column in columns[1:]:
        reached = -1
        for i in column:
            near = sorted(before[i], key=position.__getitem__)
            for j in near[(len(near) - 1) // 2 : len(near) // 2 + 1]:
                if align[i] == i and reached < position[j] and (j, i) not in crossed and (i, j) not in crossed:
                    align[j] = i
                    align[i] = root[i] = root[j]
                    reached = position[j]
    out: dict[int, dict[int, float]] = {}
    into: dict[int, dict[int, float]] = {}
    for column in columns:
        for a, b in pairwise(column):
            distance = below[a] + above[b] + (_LANE if lane[a] or lane[b] else _APART)
            a, b = root[a], root[b]
            out.setdefault(a, {})[b] = max(distance, out.get(a, {}).get(b, 0.0))
            into.setdefault(b, {})[a] = out[a][b]
    order = _in_order({root[i] for column in columns for i in column}, out, into)
    height: dict[int, float] = {}
    for i in order:
        height[i] = max([height[j] + distance for j, distance in into.get(i, {}).items()], default=0.0)
    for i in reversed(order):
        room = [height[j] - distance for j, distance in out.get(i, {}).items()]
        if room:
            height[i] = max(height[i], min(room))
    return [height.get(root[i], 0.0) for i in range(count)]


def _in_order(
    roots: set[int], out: Mapping[int, Mapping[int, float]], into: Mapping[int, Mapping[int, float]]
) -> list[int]:
    """Each after those above it."""
    missing = {i: len(into.get(i, ())) for i in sorted(roots)}
    order = [i for i, n in missing.items() if not n]
    for i in order:
        for j in out.get(i, ()):
            missing[j] -= 1
            if not missing[j]:
                order.append(j)
    return order


# ---------------------------------------------------------------------------------------------------------------------
# Arrows.
# ---------------------------------------------------------------------------------------------------------------------


def _route(
    plan: _Plan,
    heights: list[float],
    tails: Mapping[int, float],
    heads: Mapping[int, float],
) -> tuple[list[Point], list[list[Point]], list[Point | None], float, float]:
    """Where each box stands, the splines of the arrows, the middles of the labels, and the size of the whole."""
    leaves, enters = _ports(plan, heights, tails, heads)
    widths = [max([plan.sizes[i][0] for i in column], default=0.0) for column in plan.columns]
    place = {i: number for number, column in enumerate(plan.columns) for i in column}
    steep = [0.0] * len(plan.columns)
    levels: list[list[float]] = []
    for number, chain in enumerate(plan.chains):
        level = [heights[i] for i in chain]
        if chain:
            level[0] += leaves[number]
            level[-1] += enters[number]
        levels.append(level)
        for i, (a, b) in zip(chain, pairwise(level), strict=False):
            steep[place[i]] = max(steep[place[i]], abs(a - b))
    left = [0.0]
    for width, rise in zip(widths, steep, strict=True):
        left.append(left[-1] + width + min(max(_NARROW + _HEAD, _STEEP * rise + _HEAD), _WIDE + _HEAD))
    middle = [left[place[i]] + widths[place[i]] / 2 if i in place else 0.0 for i in range(len(plan.sizes))]
    routes = []
    for number, (chain, level) in enumerate(zip(plan.chains, levels, strict=True)):
        points: list[Point] = []
        for k, (a, b) in enumerate(pairwise(chain)):
            start = middle[a] + plan.sizes[a][0] / 2 if k == 0 else left[place[a]] + widths[place[a]]
            end = middle[b] - plan.sizes[b][0] / 2 if k == len(chain) - 2 else left[place[b]]
            points += _curve(
                start,
                left[place[a]] + widths[place[a]],
                left[place[b]] - (_HEAD if k == len(chain) - 2 else 0),
                end,
                level[k],
                level[k + 1],
                not points,
            )
            if k < len(chain) - 2 and widths[place[b]]:
                points += _line(points[-1], (left[place[b]] + widths[place[b]], level[k + 1]))
        routes.append(points[::-1] if plan.turned[number] else points)
    spots: list[Point | None] = [
        None if slot is None else (middle[slot], heights[slot] - plan.sizes[slot][1] / 2) for slot in plan.slots
    ]
    count = plan.lane.index(True) if True in plan.lane else len(plan.lane)
    width = max([middle[i] + plan.sizes[i][0] / 2 for i in range(count)], default=0.0)
    height = max([y + size[1] / 2 for y, size in zip(heights, plan.sizes, strict=True)], default=0.0)
    return [(middle[i], heights[i]) for i in range(count)], routes, spots, width, height


def _ports(
    plan: _Plan, heights: list[float], tails: Mapping[int, float], heads: Mapping[int, float]
) -> tuple[list[float], list[float]]:
    """Where each arrow leaves and enters: side by side, in the order of where it comes from."""
    leaves, enters = [0.0] * len(plan.ends), [0.0] * len(plan.ends)
    at: dict[tuple[int, bool], list[tuple[float, int]]] = {}
    for number, chain in enumerate(plan.chains):
        if chain:
            at.setdefault((chain[0], True), []).append((heights[chain[1]], number))
            at.setdefault((chain[-1], False), []).append((heights[chain[-2]], number))
    for (box, leaving), arrows in at.items():
        step = min(_PORT, (plan.sizes[box][1] - 8) / max(len(arrows) - 1, 1))
        for k, (_, number) in enumerate(sorted(arrows)):
            given = tails if leaving != plan.turned[number] else heads
            offset = given.get(number, (k - (len(arrows) - 1) / 2) * max(step, 0.0))
            (leaves if leaving else enters)[number] = offset
    return leaves, enters


def _line(start: Point, end: Point) -> list[Point]:
    """A straight piece of a spline."""
    (a, b), (c, d) = start, end
    return [(a + (c - a) / 3, b + (d - b) / 3), (a + 2 * (c - a) / 3, b + 2 * (d - b) / 3), end]


def _curve(start: float, right: float, left: float, end: float, a: float, b: float, first: bool) -> list[Point]:
    """From ``start`` at height ``a`` to ``end`` at height ``b``, level outside of the space between two columns."""
    points: list[Point] = [(start, a)] if first else []
    if a == b:
        return [*points, *_line((start, a), (end, b))]
    if right > start:
        points += _line((start, a), (right, a))
    bend = (left - right) / 2
    points += [(right + bend, a), (left - bend, b), (left, b)]
    if end > left:
        points += _line((left, b), (end, b))
    return points
