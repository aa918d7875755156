"""The groups that the author of a graph has named, with ``group("head 2")``: as frames, or each as one box."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import attrgetter
from typing import TypeVar

from ..grouping import Block, blocks_of
from ..value import Value
from .selection import Group, Selection

__all__ = ["group_named", "named_frames"]

_Name = TypeVar("_Name", str, tuple[str, ...])

_FEW = 12
"""So many leaves, or operations outside of all groups, are drawn one by one beside the groups."""

_LEAST = 0.1
"""Groups that hold less than this part of the graph do not make it smaller."""


def named_frames(graph: dict[Value, None]) -> dict[Value, str]:
    """The frame of each node in a group, by the outermost one; another run through it has another frame."""
    blocks = blocks_of(graph)
    names: dict[Block, str] = {}
    runs: Counter[str] = Counter()
    frames: dict[Value, str] = {}
    for node in sorted(blocks, key=attrgetter("serial")):
        block = blocks[node].around_it()[0]
        if block not in names:
            runs[block.name] += 1
            names[block] = block.name if runs[block.name] == 1 else f"{block.name} ({runs[block.name]})"
        frames[node] = names[block]
    for leaf, frame in _used_in_one(graph, frames).items():
        frames[leaf] = frame
    return frames


def group_named(graph: dict[Value, None], outputs: Sequence[Value], limit: int) -> Selection | None:
    """Each group as one box, the innermost ones where there is room for them; None if there are none, or too many.

    All runs through a group are one box, which says how many they are, if they are the same over and over.  Where
    several have groups inside of them, each of these is a frame.
    """
    blocks = blocks_of(graph)
    if len(blocks) < _LEAST * len(graph):
        return None
    deepest = max([len(block.around_it()) for block in {*blocks.values()}], default=0)
    for depth in range(deepest, 0, -1):
        selection = _grouped(graph, blocks, outputs, depth)
        if len(selection.groups) + len(selection.nodes) <= limit:
            return selection
    return None


def _used_in_one(graph: dict[Value, None], owner: dict[Value, _Name]) -> dict[Value, _Name]:
    """The leaves outside of all groups that only the nodes of one use, and that."""
    users: dict[Value, set[_Name | None]] = {}
    for node in graph:
        for x in node.parents:
            if x.op is None and x not in owner:
                users.setdefault(x, set()).add(owner.get(node))
    found = {leaf: used.pop() for leaf, used in users.items() if len(used) == 1}
    return {leaf: name for leaf, name in found.items() if name is not None}


def _grouped(graph: dict[Value, None], blocks: dict[Value, Block], outputs: Sequence[Value], depth: int) -> Selection:
    """The graph in the groups that are no deeper than this."""
    names: dict[Block, tuple[str, ...]] = {}
    run: dict[Block, Block] = {}
    for block in {*blocks.values()}:
        around = block.around_it()[:depth]
        names[block] = tuple([outer.name for outer in around])
        run[block] = around[-1]
    apart = {*outputs}
    outer = {name[0] for name in names.values() if len(name) > 1}
    frames = outer if len(outer) > 1 else set()
    inside = {node: names[block] for node, block in blocks.items() if node not in apart}
    inside.update({leaf: name for leaf, name in _used_in_one(graph, inside).items() if leaf not in apart})
    groups: dict[tuple[str, ...], Group] = {}
    runs: dict[tuple[str, ...], dict[Block, Counter[object]]] = {}
    owner: dict[Value, Group | Value] = {}
    rest: list[Value] = []
    for node in sorted(graph, key=attrgetter("serial")):
        name = inside.get(node)
        if name is None:
            rest.append(node)
            continue
        if name not in groups:
            framed = name[0] in frames
            groups[name] = Group("named", 0, 0, ", ".join(name[framed:] or name), name[0] if framed else "")
        owner[node] = groups[name]
        (groups[name].leaves if node.op is None else groups[name].operations).append(node)
        if node in blocks:
            runs.setdefault(name, {}).setdefault(run[blocks[node]], Counter())[node.op] += 1
    for name, found in runs.items():
        first, *others = found.values()
        groups[name].times = len(found) if all(other == first for other in others) else 1
    selection = Selection((), len(graph), {})
    selection.groups = [*groups.values()]
    selection.rows = bool(frames)
    for kind, members in (
        ("inputs", [node for node in rest if node.op is None and node not in apart]),
        ("named", [node for node in rest if node.op is not None and node not in apart]),
    ):
        if len(members) > _FEW:
            group = Group(kind, 0, name="outside of the groups")
            (group.operations if kind == "named" else group.leaves).extend(members)
            owner.update(dict.fromkeys(members, group))
            selection.groups.append(group)
    selection.nodes = [node for node in rest if node not in owner]
    shared = [group for group in selection.groups if group.kind == "inputs"]
    if frames and shared:  # what all take, as the weights of a network that reads every position, would hide the rest
        selection.groups.remove(shared[0])
        selection.shared = len(shared[0].leaves)
    for node in graph:
        head = owner.get(node, node)
        for x in node.parents:
            tail = owner.get(x, x)
            if tail is head or (isinstance(tail, Value) and isinstance(head, Value)):
                continue
            if not (selection.shared and tail is shared[0]):
                selection.arrows[tail, head] += 1
    return selection
