"""The pictures of a graph: one of all of it where it is small; else one of its groups, and one of each group.

The layers and neurons of ``nn`` are groups; other nodes are grouped in the order in which they were recorded.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ..drawing.selection import neurons
from ..drawing.style import NAME, shown
from .scene import Arrow, Box, placed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .graph import Graph

__all__ = ["LIMIT", "views"]

LIMIT = 150
"""A picture has no more nodes."""

_GROUPS = 24
_OUTSIDE, _USES = 24, 4
"""So many operands from outside are shown in the picture of a group, if they are not used more often there."""


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


def views(graph: Graph, texts: Sequence[str], name: Callable[[int], str]) -> list[dict[str, Any]]:
    """The pictures, the first one first; each with its name, the view that it is in, and how many nodes it hides.

    Args:
        graph: the graph.
        texts: what stands in the first line of each node's box.
        name: what a node is called.
    """
    found: list[dict[str, Any]] = []
    waiting: list[tuple[Group, int]] = [(_tree(graph, name), -1)]
    while waiting:
        group, parent = waiting.pop(0)
        found.append(_view(graph, texts, group, parent, len(found) + len(waiting) + 1))
        waiting += [(inner, len(found) - 1) for inner in group.groups]
    return found


def _tree(graph: Graph, name: Callable[[int], str]) -> Group:
    nodes = [*range(len(graph.nodes))]
    if len(nodes) <= LIMIT:
        return Group("", nodes)
    places = {graph.number[node]: place for node, place in neurons(graph.nodes).items()}
    layers = [
        Group(
            f"layer {layer}",
            groups=[_divided(f"neuron {neuron}", [*part], name) for (_, neuron), part in groupby(inside, places.get)],  # type: ignore[misc]
        )
        for layer, inside in groupby(sorted(places, key=lambda i: (places[i], i)), lambda i: places[i][0])
    ]
    rest = _by_use(graph, [i for i in nodes if i not in places])
    return Group("", groups=[*layers, *_divided("", rest, name).groups]) if layers else _divided("", rest, name)


def _by_use(graph: Graph, nodes: Sequence[int]) -> list[int]:
    """In the order recorded; leaves just before they are first used."""
    first: dict[int, int] = {}
    for i, node in enumerate(graph.nodes):
        for x in node.parents:
            first.setdefault(graph.number[x], i)
    return sorted(nodes, key=lambda i: (first.get(i, i) if graph.nodes[i].op is None else i, i))


def _divided(title: str, nodes: Sequence[int], name: Callable[[int], str]) -> Group:
    """The nodes, in groups of groups if there are too many for a picture."""
    if len(nodes) <= LIMIT and title:
        return Group(title, nodes)
    size = max(-(-len(nodes) // _GROUPS), min(LIMIT // 3, len(nodes)) or 1)
    parts = [nodes[i : i + size] for i in range(0, len(nodes), size)]
    return Group(title, groups=[_divided(f"{name(part[0])} … {name(part[-1])}", part, name) for part in parts])


def _view(graph: Graph, texts: Sequence[str], group: Group, parent: int, first: int) -> dict[str, Any]:
    owner: dict[int, int | str] = {i: i for i in group.nodes}
    boxes = [Box(i, texts[i], 3) for i in group.nodes]
    groups = []
    for k, inner in enumerate(group.groups):
        members = inner.everything()
        key = f"g{first + k}"
        owner |= dict.fromkeys(members, key)
        groups.append([first + k, len(members), sum(graph.nodes[i].op is None for i in members)])
        boxes.append(Box(key, shown(inner.name, 2 * NAME) + " " * 4, 3))
    outside = Counter([j for i in group.nodes for _, j in graph.operands(i) if j not in owner])
    drawn = [j for j, times in outside.items() if times <= _USES][:_OUTSIDE]
    inside = sorted(owner)
    owner |= {j: j for j in drawn}
    boxes = [Box(j, texts[j], 3) for j in drawn] + boxes
    arrows: dict[Arrow, None] = {}  # each once: many may lead from one group to another
    for head in inside:
        for position, tail in graph.operands(head):
            ends = owner.get(tail), owner[head]
            if ends[0] is not None and ends[0] != ends[1]:
                single = ends == (tail, head)
                arrows[Arrow(*ends, position if single else -1)] = None  # type: ignore[arg-type]
    return {
        "name": group.name,
        "parent": parent,
        "groups": groups,
        "outside": drawn,
        "hidden": len(outside) - len(drawn),
        **placed(boxes, [*arrows]),
    }
