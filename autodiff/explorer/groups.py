"""What of a large graph belongs together: groups named by its author, layers and neurons of ``nn``, the rest in order.

A leaf belongs to the innermost group that all its users are in; parameters that are used everywhere are groups of their
own, by what their labels have in common.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from ..drawing.selection import neurons
from ..grouping import blocks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .graph import Graph

__all__ = ["LIMIT", "Group", "groups_of"]

LIMIT = 150
"""A picture has no more nodes."""

_GROUPS = 24
_ALIKE = 8
"""So many nodes with one superscript are a group of their own where there are many others."""

_SUPERSCRIPT = re.compile(r".*\^\((.+)\)")
_WEIGHT = re.compile(r"w_(?:(\d)(\d)|(\d+),(\d+))\^.*")

Path = tuple[str, ...]
"""The names of the groups around a node, outermost first."""


class Group:
    """Nodes by their numbers, some of them in groups of their own."""

    def __init__(self, name: str, nodes: Iterable[int] = (), groups: Iterable[Group] = ()) -> None:
        self.name, self.nodes, self.groups = name, [*nodes], [*groups]

    def everything(self) -> list[int]:
        """All nodes in it, those of its groups too."""
        found, waiting = [], [self]
        while waiting:
            group = waiting.pop()
            found += group.nodes
            waiting += group.groups
        return sorted(found)


def groups_of(graph: Graph, name: Callable[[int], str]) -> Group:
    """The whole graph as a group: of nodes where they are few, else of groups.

    Args:
        graph: the graph.
        name: what a node is called.
    """
    nodes = [*range(len(graph.nodes))]
    if len(nodes) <= LIMIT:
        return Group("", nodes)
    return _Divider(graph, name).divided("", nodes)


def _paths(graph: Graph) -> tuple[list[Path], dict[int, list[int]]]:
    """The path of each node; and of those in groups which run through each it was that recorded them."""
    blocks = blocks_of(graph.nodes)
    paths: list[Path | None] = [None] * len(graph.nodes)
    runs: dict[int, list[int]] = {}
    for node, block in blocks.items():
        paths[graph.number[node]] = tuple([around.name for around in block.around_it()])
        runs[graph.number[node]] = [around.first for around in block.around_it()]
    for i in range(len(graph.nodes) - 1, -1, -1):  # users first
        path = paths[i]
        if path is None:
            path = paths[i] = ()
        for x in {j for _, j in graph.operands(i)}:
            if graph.nodes[x].op is None and graph.nodes[x] not in blocks:
                known = paths[x]
                paths[x] = path if known is None else _common(known, path)
    return [path or () for path in paths], runs


def _common(first: Path, second: Path) -> Path:
    """What both begin with."""
    length = next((i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), None)
    return first[:length] if length is not None else min(first, second, key=len)


class _Divider:
    def __init__(self, graph: Graph, name: Callable[[int], str]) -> None:
        self.graph, self.name = graph, name
        self.paths, self.runs = _paths(graph)
        self.places = {graph.number[node]: place for node, place in neurons(graph.nodes).items()}
        self.first_use: dict[int, int] = {}
        for i in range(len(graph.nodes)):
            for _, x in graph.operands(i):
                self.first_use.setdefault(x, i)

    def divided(self, title: str, nodes: Sequence[int], depth: int = 0) -> Group:
        """The nodes, whose paths agree up to this depth, in the groups that there are inside."""
        inside: dict[str, list[int]] = {}
        own = []
        for i in nodes:
            if len(self.paths[i]) > depth:
                inside.setdefault(self.paths[i][depth], []).append(i)
            else:
                own.append(i)
        groups = [self._named(name, part, depth + 1) for name, part in sorted(inside.items(), key=self._first)]
        if not title:
            own, layers = _taken(own, self._layers(own))
            groups = [*layers, *groups]
        if groups or len(own) > LIMIT // 3:
            own, alike = _taken(own, self._alike(own))
            groups = [*alike, *groups]
        if not groups or len(own) > LIMIT:
            rest = self._parts(title, own, depth)
            own, groups = rest.nodes, [*groups, *rest.groups]
        return Group(title, own, groups)

    def _named(self, name: str, nodes: Sequence[int], depth: int) -> Group:
        """A group of the author's: all runs through it, or each by itself if all consist of the same groups."""
        runs = self._by_run(nodes, depth)
        kinds = {frozenset([self.paths[i][depth] for i in part if len(self.paths[i]) > depth]) for part in runs}
        if len(nodes) <= LIMIT or len(runs) < 2 or len(kinds) > 1 or not all(kinds):
            return self.divided(name, nodes, depth)
        return Group(name, groups=[self.divided(f"{name} ({i})", part, depth) for i, part in enumerate(runs, 1)])

    def _by_run(self, nodes: Sequence[int], depth: int) -> list[list[int]]:
        """The nodes by the run through their group; a leaf from before is in that which first uses it."""
        found: dict[int, list[int]] = {}
        for i in nodes:
            runs = self.runs.get(i) or self.runs.get(self.first_use.get(i, -1)) or []
            found.setdefault(runs[depth - 1] if len(runs) >= depth else -1, []).append(i)
        return [*found.values()]

    def _first(self, item: tuple[str, list[int]]) -> int:
        """The first operation of a group: leaves may be older than all that uses them."""
        return min([i for i in item[1] if self.graph.nodes[i].op], default=item[1][0])

    def _layers(self, nodes: Sequence[int]) -> list[Group]:
        """The layers of ``nn``, of neurons."""
        places = {i: self.places[i] for i in nodes if i in self.places}
        return [
            Group(
                f"layer {layer}",
                groups=[self._parts(f"neuron {neuron}", [*part]) for (_, neuron), part in groupby(inside, places.get)],  # type: ignore[misc]
            )
            for layer, inside in groupby(sorted(places, key=lambda i: (places[i], i)), lambda i: places[i][0])
        ]

    def _alike(self, nodes: Sequence[int]) -> list[Group]:
        """The nodes whose labels have the same superscript: weights, and the sums of one layer."""
        found: dict[str, list[int]] = {}
        for i in nodes:
            node = self.graph.nodes[i]
            if match := _SUPERSCRIPT.fullmatch(node.label):
                found.setdefault(f"{'weights of ' * (node.op is None)}{match[1]}", []).append(i)
        return [
            self._rows(name, part) or self._parts(name, part) for name, part in found.items() if len(part) >= _ALIKE
        ]

    def _rows(self, title: str, nodes: Sequence[int]) -> Group | None:
        """The weights of each neuron, or those of each entry of an embedding, where they are too many for a picture."""
        matches = [_WEIGHT.fullmatch(self.graph.nodes[i].label) for i in nodes]
        places = [(match[1] or match[3], match[2] or match[4]) for match in matches if match]
        if len(nodes) <= LIMIT or len(places) < len(nodes):
            return None
        by_entry = places[0][0] == places[1][0]
        rows: dict[str, list[int]] = {}
        for i, (first, second) in zip(nodes, places, strict=True):
            rows.setdefault(first if by_entry else second, []).append(i)
        kind = "entry" if by_entry else "neuron"
        return Group(title, groups=[self._parts(f"{kind} {name}", part) for name, part in rows.items()])

    def _parts(self, title: str, nodes: Sequence[int], depth: int = 0) -> Group:
        """The nodes, by the run that recorded them or else in order, if there are too many for a picture."""
        if len(nodes) <= LIMIT and title:
            return Group(title, nodes)
        runs = self._by_run(nodes, depth) if depth else []
        if 1 < len(runs) <= LIMIT:
            return Group(title, groups=[self._parts(f"{title} ({i})", part) for i, part in enumerate(runs, 1)])
        nodes = self._by_use(nodes)
        size = max(-(-len(nodes) // _GROUPS), min(LIMIT // 3, len(nodes)) or 1)
        parts = [nodes[i : i + size] for i in range(0, len(nodes), size)]
        ends = [f"{self.name(part[0])} … {self.name(part[-1])}" for part in parts]
        return Group(title, groups=[self._parts(end, part) for end, part in zip(ends, parts, strict=True)])

    def _by_use(self, nodes: Sequence[int]) -> list[int]:
        """In the order recorded; leaves just before they are first used."""

        def place(i: int) -> tuple[int, int]:
            return (self.first_use.get(i, i) if self.graph.nodes[i].op is None else i), i

        return sorted(nodes, key=place)


def _taken(nodes: Sequence[int], groups: Sequence[Group]) -> tuple[list[int], Sequence[Group]]:
    """The nodes that are in none of the groups, and the groups."""
    inside = {i for group in groups for i in group.everything()}
    return [i for i in nodes if i not in inside], groups
