"""The pictures of a graph: one of all of it where it is small; else one of its groups, and one of each group.

Pictures of the same shape, as those of all neurons of a layer are, share their layout.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from ..drawing.style import NAME, shown
from .graph import in_runs
from .groups import LIMIT, groups_of
from .scene import Arrow, Box, placed, tabled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .graph import Graph
    from .groups import Group

__all__ = ["views"]

_OUTSIDE, _GROUPS, _ARROWS = 24, 12, 200
"""So many operands from outside are shown in the picture of a group; of more, so many groups of them, if there are no
more arrows than this; else larger groups."""

Key = int | str
"""Of a box: a node's number, or "g" and the number of a group's view."""


def views(graph: Graph, texts: Sequence[str], name: Callable[[int], str]) -> dict[str, list[dict[str, Any]]]:
    """The pictures, the first one first.

    Args:
        graph: the graph.
        texts: what stands in the first line of each node's box.
        name: what a node is called.

    Returns:
        views: of each its ``name``, the view ``parent`` that it is in or -1, the ``keys`` of its boxes, in runs, and
            its ``shape``; where there are any, how many keys, which come first, stand for what is ``outside``, the
            ``titles`` of groups among those, and how many operands outside are ``hidden``.
        shapes: the layouts, as in ``scene``.
    """
    return _Views(graph, texts, groups_of(graph, name)).data()


class _Views:
    def __init__(self, graph: Graph, texts: Sequence[str], root: Group) -> None:
        self.graph, self.texts = graph, texts
        self.groups: list[Group] = [root]
        self.parents = [-1]
        self.numbers = {root: 0}
        for group in self.groups:  # which grows meanwhile
            for inner in group.groups:
                self.numbers[inner] = len(self.groups)
                self.parents.append(self.numbers[group])
                self.groups.append(inner)
        self.home = {i: number for number, group in enumerate(self.groups) for i in group.nodes}
        self.shapes: dict[str, int] = {}
        self.layouts: list[dict[str, Any]] = []

    def data(self) -> dict[str, list[dict[str, Any]]]:
        return {"views": [self._view(number) for number in range(len(self.groups))], "shapes": self.layouts}

    def _chain(self, view: int) -> list[int]:
        """The views around a view, outermost first, and itself."""
        found = []
        while view >= 0:
            found.append(view)
            view = self.parents[view]
        return found[::-1]

    def _view(self, number: int) -> dict[str, Any]:
        group = self.groups[number]
        columns = self._columns(group)
        owner: dict[int, Key] = {i: i for i in group.nodes}
        for inner in group.groups:
            for part in inner.groups if inner in columns else [inner]:
                owner |= dict.fromkeys(part.everything(), self._key(part))
            owner |= dict.fromkeys(inner.nodes, self._key(inner))
        inside = sorted(owner)
        outside, hidden = self._outside(number, inside, owner)
        refs = [*dict.fromkeys(outside.values())]
        cells = [[self._key(column), *map(self._key, column.groups)] for column in columns]
        others = [self._key(inner) for inner in group.groups if inner not in columns]
        keys: list[Key] = [*refs, *group.nodes, *others, *[key for column in cells for key in column]]
        titles = {key: self._title(number, key) for key in refs if isinstance(key, str)}
        owner |= outside
        places = {key: place for place, key in enumerate(keys)}
        arrows = self._arrows(inside, owner, places)
        sizes = [Box(self._text(key, titles)).size for key in keys]
        if columns:  # what every column uses, parameters, would cover it with arrows
            leaves = {places[self._key(inner)] for inner in group.groups if self._is_of_leaves(inner)}
            arrows = [arrow for arrow in arrows if arrow.tail not in leaves]
        shape = self._shape(sizes, [[places[key] for key in column] for column in cells], arrows)
        found = {"name": group.name, "parent": self.parents[number], "keys": _coded(keys), "shape": shape}
        rare = {"outside": len(refs), "hidden": hidden, "titles": titles}
        return found | {name: x for name, x in rare.items() if x}

    def _key(self, group: Group) -> str:
        return f"g{self.numbers[group]}"

    def _is_of_leaves(self, group: Group) -> bool:
        return all(self.graph.nodes[i].op is None for i in group.everything())

    def _text(self, key: Key, titles: dict[str, str]) -> str:
        if isinstance(key, int):
            return self.texts[key]
        return shown(titles.get(key) or self.groups[int(key[1:])].name, 2 * NAME) + " " * 4

    def _title(self, view: int, key: str) -> str:
        """What a group outside is called: its name, and that of the outermost one around it that is not around this."""
        here = {*self._chain(view)}
        apart = [self.groups[other].name for other in self._chain(int(key[1:])) if other not in here]
        if not apart:
            return f"others of {self.groups[int(key[1:])].name or 'the graph'}"
        return apart[0] if len(apart) == 1 else f"{apart[-1]}, {apart[0]}"

    def _outside(self, number: int, inside: Iterable[int], owner: dict[int, Key]) -> tuple[dict[int, Key], int]:
        """The box of each operand from outside, and how many operands have none.

        A value of its own where there are few, else the innermost group that is not too small.
        """
        crossing = {(j, owner[i]): None for i in inside for _, j in self.graph.operands(i) if j not in owner}
        found = [*dict.fromkeys([j for j, _ in crossing])]
        here = {*self._chain(number)}
        around = {j: [view for view in self._chain(self.home[j]) if view not in here] for j in found}
        deepest = max(map(len, around.values()), default=0)
        boxes: dict[int, Key] = {j: j for j in found}
        for depth in range(deepest, -1, -1):
            arrows = {(boxes[j], head) for j, head in crossing}
            most = _GROUPS if 0 < depth < deepest else _OUTSIDE
            if len({*boxes.values()}) <= most and len(arrows) <= _ARROWS:
                return boxes, 0
            if depth:
                boxes = {j: f"g{apart[:depth][-1] if apart else self.home[j]}" for j, apart in around.items()}
        kept = [key for key, _ in Counter(boxes.values()).most_common(_OUTSIDE)]
        return {j: key for j, key in boxes.items() if key in kept}, sum(key not in kept for key in boxes.values())

    def _arrows(self, inside: Iterable[int], owner: dict[int, Key], places: dict[Key, int]) -> list[Arrow]:
        """Each once: many may lead from one group to another."""
        arrows: dict[Arrow, None] = {}
        for i in inside:
            for position, j in self.graph.operands(i):
                tail, head = owner.get(j), owner[i]
                if tail is not None and tail != head:
                    single = (tail, head) == (j, i)
                    arrows[Arrow(places[tail], places[head], position if single else -1)] = None
        return [*arrows]

    def _columns(self, group: Group) -> list[Group]:
        """Groups that consist of groups of the same names, as the positions of a text do: columns of a table."""
        found = [inner for inner in group.groups if len(inner.groups) > 1 and not self._is_of_leaves(inner)]
        names = {tuple([part.name for part in inner.groups]) for inner in found}
        cells = sum(len(inner.groups) + 1 for inner in found)
        return found if len(found) > 1 and len(names) == 1 and cells <= LIMIT else []

    def _shape(self, sizes: list[tuple[float, float]], columns: list[list[int]], arrows: list[Arrow]) -> int:
        key = json.dumps([sizes, columns, arrows])
        if key not in self.shapes:
            self.shapes[key] = len(self.layouts)
            self.layouts.append(tabled(sizes, columns, arrows) if columns else placed(sizes, arrows))
        return self.shapes[key]


def _coded(keys: Sequence[Key]) -> list[Any]:
    """The keys, numbers among them in runs."""
    found: list[Any] = []
    numbers: list[int] = []
    for key in [*keys, ""]:
        if isinstance(key, int):
            numbers.append(key)
        else:
            found += [*in_runs(numbers), key]
            numbers = []
    return found[:-1]
