"""Which nodes of a graph a picture shows, and how many it leaves out.

All of them where they are few.  Of a graph that is too large, the groups that its author has named (``named``), or else
of a network its neurons or its layers, each as one group; of any other graph the nodes nearest to the output.  Every
count is of the whole graph, in time linear in its size.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from operator import attrgetter
from random import Random

from ..value import Value

__all__ = ["Group", "Place", "Selection", "everything", "group_network", "neighbourhood", "neurons", "whole"]

_LABEL = re.compile(r"(?:([Sxb])_(\d+)|(w)_(?:\d(\d)|\d+,(\d+)))\^\((\d+)\)")
"""The labels of nn: S_j^(l), x_j^(l), b_j^(l), w_ij^(l), and w_i,j^(l) where a number has two digits."""

_LONGEST_ACTIVATION = 100
"""An activation function of more nodes than this is not followed from the neuron's output to its sum."""

_FEW = 12
"""So many inputs, or operations after a layer, are drawn one by one beside the groups."""

_SAMPLE = 1000
"""So many members of a group are asked for their operands, to find the arrows between groups."""

Place = tuple[int, int]
"""A layer's number, and a neuron's number in it."""

_by_serial = attrgetter("serial")


class Group:
    """Nodes that are drawn as one box.

    Attributes:
        kind: "neuron", "layer", "inputs", "between" or "named".
        layer: the number of the layer; for "between", that of the layer before.
        neuron: the number of the neuron in it; 0 for the other kinds.
        leaves, operations: the nodes.
        name: of a named group, in its frame.
        frame: the outermost group around a named one; empty if there is none.
        times: how often it was run through with the same operations.
    """

    __slots__ = ("frame", "kind", "layer", "leaves", "name", "neuron", "operations", "times")

    def __init__(self, kind: str, layer: int, neuron: int = 0, name: str = "", frame: str = "") -> None:
        self.name = name
        self.frame = frame
        self.times = 1
        self.kind = kind
        self.layer = layer
        self.neuron = neuron
        self.leaves: list[Value] = []
        self.operations: list[Value] = []


class Selection:
    """What a picture shows of a graph.

    Attributes:
        nodes: those drawn one by one, in topological order.
        total: how many Values the graph has.
        places: the neuron that a node belongs to, for those in one.
        frames: the named group, or the repetition, that a node belongs to, for the others.
        members: where a node stands for many, what is repeated being drawn once: all of these.
        groups: those drawn as one box.
        arrows: (tail, head) of the arrows at groups, each a node or a group, and how many operands it stands for.
        rows: whether the groups stand in frames, a row for each.
        shared: how many leaves are left out that several groups take.
        sampled: whether the arrows at groups were found from some of their members.
        operands, users: for a node drawn, how many of its operands and of its users are not.
        around, depth: the node in the middle and how far away the others may be; None for the whole graph.
    """

    def __init__(self, nodes: Iterable[Value], total: int, places: dict[Value, Place]) -> None:
        self.nodes = sorted(nodes, key=_by_serial)
        self.total = total
        self.places = places
        self.frames: dict[Value, str] = {}
        self.members: dict[Value, list[Value]] = {}
        self.groups: list[Group] = []
        self.arrows: Counter[tuple[Value | Group, Value | Group]] = Counter()
        self.rows = False
        self.shared = 0
        self.sampled = False
        self.operands: dict[Value, int] = {}
        self.users: dict[Value, int] = {}


def everything(outputs: Iterable[Value]) -> dict[Value, None]:
    """Every Value that the outputs depend on, and they themselves, in an order that depends on the graph alone."""
    found: dict[Value, None] = {}
    waiting = [*outputs]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found[node] = None
            parents = node.parents
            # Of many operands most are known already; not to put them on the list is faster.
            waiting += parents if len(parents) < 5 else [x for x in parents if x not in found]
    return found


# ---------------------------------------------------------------------------------------------------------------------
# Nodes one by one.
# ---------------------------------------------------------------------------------------------------------------------


def whole(graph: dict[Value, None]) -> Selection:
    """Every node."""
    return Selection(graph, len(graph), neurons(graph))


def neighbourhood(
    graph: dict[Value, None],
    outputs: Sequence[Value],
    around: Value | None,
    depth: int | None,
    limit: int,
    keep: set[Value],
) -> Selection:
    """The nodes nearest to the outputs, or to ``around`` in both directions; first of all those in ``keep``.

    Where no depth is asked for, only the first operands of a node with many are taken, so that it does not fill the
    picture.
    """
    distances = dict.fromkeys(outputs if around is None else [around], 0)
    frontier = [*distances]
    distance = 0
    room = limit if around is None else len(graph)  # users are yet to come
    most = None if depth is not None else max(_FEW, limit // 8)
    while frontier and distance != depth and len(distances) < room:
        distance += 1
        frontier = [*dict.fromkeys([x for node in frontier for x in node.parents[:most] if x not in distances])]
        distances.update(dict.fromkeys(frontier, distance))
    if around is not None:
        _add_users(distances, graph, around, depth)
    first = sorted(keep, key=_by_serial)
    nearest = sorted(distances, key=distances.__getitem__)  # stable: operands in order within a distance
    drawn = {*[*dict.fromkeys([*first, *nearest])][:limit]}
    selection = Selection(drawn, len(graph), neurons(drawn))
    selection.operands = {node: hidden for node in selection.nodes if (hidden := len({*node.parents} - drawn))}
    users = Counter(
        [x for node in graph if not drawn.isdisjoint(node.parents) and node not in drawn for x in {*node.parents}]
    )
    selection.users = {node: users[node] for node in selection.nodes if node in users}
    return selection


def _add_users(distances: dict[Value, int], graph: dict[Value, None], around: Value, depth: int | None) -> None:
    """The nodes that depend on ``around``: one pass, for a node comes after its operands."""
    reached = {around}
    later = {around: 0}
    for node in sorted([node for node in graph if node.serial > around.serial], key=_by_serial):
        if not reached.isdisjoint(node.parents):
            distance = 1 + min([later[x] for x in node.parents if x in later])
            if depth is None or distance <= depth:
                later[node] = distance
                reached.add(node)
    distances.update(later)


# ---------------------------------------------------------------------------------------------------------------------
# Neurons and layers.
# ---------------------------------------------------------------------------------------------------------------------


def _place(label: str) -> Place | None:
    match = _LABEL.fullmatch(label)
    if match is None or match[6] == "0":
        return None
    return int(match[6]), int(match[2] or match[4] or match[5])


def is_parameter(node: Value) -> bool:
    """Whether a leaf has the label of a weight or a bias of ``nn``."""
    return node.op is None and node.label[:1] in ("w", "b") and _place(node.label) is not None


def neurons(nodes: Iterable[Value]) -> dict[Value, Place]:
    """The neuron of each node that belongs to one.

    Those are the nodes with the labels of ``nn``: parameters, weighted sum, output; and what lies between the sum and
    the output, where the activation is a function of several operations.
    """
    nodes = [*nodes]
    by_label = {label: _place(label) for label in {node.label for node in nodes}}
    places = {
        node: place
        for node in nodes
        if (place := by_label[node.label]) is not None and (node.op is None) is (node.label[0] in "wb")
    }
    for node in [*places]:
        if node.label[0] == "x" and any(x not in places for x in node.parents):
            places.update(dict.fromkeys(_between(node, places), places[node]))
    return places


def _between(output: Value, places: dict[Value, Place]) -> list[Value]:
    """The nodes between a neuron's output and its weighted sum."""
    found: dict[Value, None] = {}
    waiting = [*output.parents]
    reached = False
    while waiting and len(found) < _LONGEST_ACTIVATION:
        node = waiting.pop()
        if node in places:
            reached = True
        elif node.op is not None and not node.label and node not in found:
            found[node] = None
            waiting.extend(node.parents)
    return [*found] if reached and not waiting else []


def group_network(graph: dict[Value, None], outputs: Sequence[Value], limit: int) -> Selection | None:
    """A network as one box for each neuron, or else for each layer; None if it is none, or has too many layers."""
    by_neuron, rest = _sorted_out(graph)
    if 10 * len(rest) > 9 * len(graph):
        return None
    by_layer: dict[Place, Group] = {}
    for (layer, _), neuron in sorted(by_neuron.items()):
        group = by_layer.setdefault((layer, 0), Group("layer", layer))
        group.leaves += neuron.leaves
        group.operations += neuron.operations
    for groups, few in ((by_neuron, _FEW), (by_layer, _FEW), (by_layer, 0)):
        if len(groups) + len(outputs) <= limit:
            selection = _grouped(graph, rest, outputs, groups, few)
            boxes = len(selection.groups) + len(selection.nodes)
            if boxes <= limit and (groups is by_layer or len(selection.arrows) <= 2 * limit):
                return selection
    return None


def _sorted_out(graph: dict[Value, None]) -> tuple[dict[Place, Group], list[Value]]:
    """The nodes of each neuron, and those of none in topological order.

    Like ``neurons``, but a million nodes are to take no longer than a fraction of a second: an activation of several
    operations is looked for only where one of the first outputs of a neuron has one.
    """
    by_label = {label: _place(label) for label in {node.label for node in graph}}
    groups = {place: Group("neuron", *place) for place in by_label.values() if place is not None}
    rest = []
    for node in graph:
        label = node.label
        place = by_label[label]
        if place is None or (node.op is None) is not (label[0] in "wb"):
            rest.append(node)
        elif node.op is None:
            groups[place].leaves.append(node)
        else:
            groups[place].operations.append(node)
    groups = {place: group for place, group in groups.items() if group.leaves or group.operations}
    first = [node for group in groups.values() for node in group.operations[:_SAMPLE] if node.label[0] == "x"]
    if any(x.op is not None and not x.label for node in first for x in node.parents):
        places = neurons(graph)
        for node in rest:
            if node in places:
                groups[places[node]].operations.append(node)
        rest = [node for node in rest if node not in places]
    rest.sort(key=_by_serial)
    return groups, rest


def _grouped(
    graph: dict[Value, None], rest: list[Value], outputs: Sequence[Value], neurons: dict[Place, Group], few: int
) -> Selection:
    """The network in these groups; of the nodes outside them, more than a ``few`` of a kind in groups as well."""
    labelled = {node.label: group for group in neurons.values() for node in group.leaves}
    labelled |= {label: group for group in neurons.values() for label in {node.label for node in group.operations}}
    unlabelled = {node: group for group in neurons.values() for node in group.operations if not node.label}
    owner: dict[Value, Group | None] = {**unlabelled, **dict.fromkeys(rest)}  # of all whose label does not tell it

    after: dict[Value, int] = {}
    inputs = Group("inputs", 0)
    between: dict[int, Group] = {}
    for node in rest:
        if node.op is None:
            inputs.leaves.append(node)
            continue
        before = [after[x] if x in after else labelled[x.label].layer if x not in owner else 0 for x in node.parents]
        after[node] = max(before)
        between.setdefault(after[node], Group("between", after[node])).operations.append(node)
    apart = {*outputs}
    selection = Selection((), len(graph), {})
    selection.groups = [neurons[place] for place in sorted(neurons)]
    for group in (inputs, *[between[layer] for layer in sorted(between)]):
        members = [node for node in (*group.leaves, *group.operations) if node not in apart]
        if len(members) > few:
            owner.update(dict.fromkeys(members, group))
            selection.groups.append(group)
            group.leaves, group.operations = (
                [x for x in part if owner[x]] for part in (group.leaves, group.operations)
            )
    selection.nodes = [node for node in rest if owner[node] is None]
    _connect(selection, labelled, owner)
    return selection


def _connect(selection: Selection, labelled: dict[str, Group], owner: dict[Value, Group | None]) -> None:
    """Find the arrows at the groups."""
    for group in selection.groups:
        heads = group.operations
        if len(heads) > _SAMPLE:
            selection.sampled = True
            heads = Random(0).sample(heads, _SAMPLE)  # at equal distances they might all be of one kind
        for node in heads:
            for x in node.parents:
                tail: Value | Group = labelled[x.label] if x not in owner else owner[x] or x
                if tail is not group:
                    selection.arrows[tail, group] += 1
    for node in selection.nodes:
        for x in node.parents:
            box = labelled[x.label] if x not in owner else owner[x]
            if box is not None:
                selection.arrows[box, node] += 1
