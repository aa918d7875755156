"""The column of each box in a layered layout: every arrow leads to a later one, and all are as short as can be.

By the network simplex of Gansner, Koutsofios, North and Vo, "A technique for drawing directed graphs" (1993).
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["columns", "turned_arrows"]

_WORK = 500_000
"""Beyond so many steps columns stay as they are: good, if not the best."""

_MOVES = 8
"""How often each box is moved by itself before that."""


def turned_arrows(count: int, ends: Sequence[tuple[int, int]]) -> list[bool]:
    """Which arrows are to be turned so that none closes a circle: those that lead to where a search came from.

    >>> turned_arrows(3, [(0, 1), (1, 2), (2, 0)])
    [False, False, True]
    """
    out: list[list[int]] = [[] for _ in range(count)]
    for number, (tail, _) in enumerate(ends):
        out[tail].append(number)
    turned = [False] * len(ends)
    entered = {head for _, head in ends}
    open_, done = set[int](), set[int]()
    for start in sorted(range(count), key=entered.__contains__):
        waiting = [] if start in done else [(start, iter(out[start]))]
        open_.add(start)
        while waiting:
            box, further = waiting[-1]
            for number in further:
                head = ends[number][1]
                if head in done:
                    continue
                if head in open_:
                    turned[number] = True
                    continue
                open_.add(head)
                waiting.append((head, iter(out[head])))
                break
            else:
                open_.discard(box)
                done.add(box)
                waiting.pop()
    return turned


def columns(count: int, ends: Sequence[tuple[int, int]]) -> list[int]:
    """The column of each box, from 0; ``ends`` has no circles.

    >>> columns(4, [(0, 1), (1, 2), (3, 2)])  # the last is a leaf of what it leads to
    [0, 1, 2, 1]
    """
    column = _near(count, ends)
    for part in _parts(count, ends):
        _shorten(column, part, ends)
    return column


def _near(count: int, ends: Sequence[tuple[int, int]]) -> list[int]:
    """Each box as far to the right as it can be, then by itself to the side where it has more arrows."""
    out: list[list[int]] = [[] for _ in range(count)]
    into: list[list[int]] = [[] for _ in range(count)]
    for tail, head in ends:
        out[tail].append(head)
        into[head].append(tail)
    missing = [len(heads) for heads in out]
    waiting = [box for box in range(count) if not missing[box]]
    column = [0] * count
    for box in waiting:
        column[box] = min([column[head] for head in out[box]], default=1) - 1
        for tail in into[box]:
            missing[tail] -= 1
            if not missing[tail]:
                waiting.append(tail)
    for _ in range(_MOVES):
        before = [*column]
        for box in reversed(waiting):
            more = len(into[box]) - len(out[box])
            if more > 0:
                column[box] = max([column[tail] for tail in into[box]]) + 1
            elif more < 0:
                column[box] = min([column[head] for head in out[box]]) - 1
        if column == before:
            break
    return column


def _parts(count: int, ends: Sequence[tuple[int, int]]) -> list[list[int]]:
    """The arrows of each connected part, by their number."""
    root = [*range(count)]

    def find(i: int) -> int:
        while root[i] != i:
            root[i] = root[root[i]]
            i = root[i]
        return i

    for tail, head in ends:
        root[find(tail)] = find(head)
    parts: dict[int, list[int]] = {}
    for number, (tail, _) in enumerate(ends):
        parts.setdefault(find(tail), []).append(number)
    return [*parts.values()]


def _shorten(column: list[int], part: list[int], ends: Sequence[tuple[int, int]]) -> None:
    """Make the arrows of a connected part as short as can be, and begin at column 0.

    A tree of arrows of length 1 holds the boxes together.  Cut at one of them, the boxes fall into two sides; if more
    arrows lead back over the cut than forward, the sides are moved apart, until the first of those that lead back has
    length 1 and takes its place in the tree.
    """
    boxes = sorted({box for number in part for box in ends[number]})
    tree = _tight_tree(column, boxes, part, ends)
    more = dict.fromkeys(boxes, 0)
    for number in part:
        more[ends[number][0]] += 1
        more[ends[number][1]] -= 1
    start = 0
    for _ in range(_WORK // (len(boxes) + len(part))):
        order, up = _walk(boxes[0], tree, ends)
        flow = {**more}  # of all boxes beyond an arrow of the tree: arrows that lead out, less those that lead in
        for box in reversed(order[1:]):
            number = up[box]
            tail, head = ends[number]
            flow[head if tail == box else tail] += flow[box]
        cut = None
        for k in range(len(order) - 1):  # in turn, so that it does not go round in circles
            box = order[1 + (start + k) % (len(order) - 1)]
            if (flow[box] if ends[up[box]][0] == box else -flow[box]) < 0:
                cut, start = up[box], start + k + 1
                break
        if cut is None:
            break
        tree.remove(cut)
        tails = {*_walk(ends[cut][0], tree, ends)[0]}
        back = [number for number in part if ends[number][0] not in tails and ends[number][1] in tails]
        slack, new = min([(column[ends[number][1]] - column[ends[number][0]] - 1, number) for number in back])
        tree.append(new)
        for box in tails:
            column[box] -= slack
    first = min([column[box] for box in boxes])
    for box in boxes:
        column[box] -= first


def _tight_tree(column: list[int], boxes: list[int], part: list[int], ends: Sequence[tuple[int, int]]) -> list[int]:
    """Arrows of length 1 that hold all boxes together; some are moved for that."""
    inside = {boxes[0]}
    tree: list[int] = []
    while len(inside) < len(boxes):
        grown = False
        for number in part:
            tail, head = ends[number]
            if (tail in inside) != (head in inside) and column[head] - column[tail] == 1:
                inside |= {tail, head}
                tree.append(number)
                grown = True
        if grown:
            continue
        leaving = [number for number in part if (ends[number][0] in inside) != (ends[number][1] in inside)]
        slack, number = min([(column[ends[number][1]] - column[ends[number][0]] - 1, number) for number in leaving])
        move = slack if ends[number][0] in inside else -slack
        for box in inside:
            column[box] += move
    return tree


def _walk(start: int, tree: list[int], ends: Sequence[tuple[int, int]]) -> tuple[list[int], dict[int, int]]:
    """The boxes that the tree connects with ``start``, and the arrow by which each was reached."""
    near: dict[int, list[int]] = {}
    for number in tree:
        for box in ends[number]:
            near.setdefault(box, []).append(number)
    order, up = [start], {start: -1}
    for box in order:
        for number in near.get(box, ()):
            tail, head = ends[number]
            other = head if tail == box else tail
            if other not in up:
                up[other] = number
                order.append(other)
    return order, up
