"""Networks placed as networks: layers in columns, neurons in order, and in each neuron its weights in order.

What stands in a frame is laid out by itself: the parameters in a column, in order, and in a lane between them each
input that the neuron takes from outside, beside the weight that it goes with.  Then the frames are boxes of a layout of
their own.  So no frame lies on another, and no arrow on a number.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .layered import Key, Layout, Point, Size, layout
from .style import numerically

__all__ = ["Frame", "place"]

Place: TypeAlias = tuple[str, ...]

_MARGIN = 7.0
"""Around what stands in a frame."""

_TITLE = 16.0
"""The height of the title of a frame, at its top."""


@dataclass(frozen=True)
class Frame:
    """A frame: its title, its left upper corner, its width and its height."""

    title: str
    x: float
    y: float
    width: float
    height: float


@dataclass
class _Block:
    """What stands in a frame, laid out; ``gates`` has where each arrow from or to the outside passes its edge."""

    inside: Layout
    numbers: list[int]
    gates: dict[int, float]
    size: Size


def place(
    sizes: Mapping[Key, Size],
    arrows: Sequence[tuple[Key, Key]],
    labels: Sequence[Size | None],
    places: Mapping[Key, Place],
    direction: str = "LR",
) -> tuple[Layout, list[Frame]]:
    """Place boxes and route arrows as ``layout`` does, with frames around the boxes of a place.

    Args:
        sizes: width and height of each box.
        arrows: (tail, head), keys of boxes.
        labels: width and height of what stands on each arrow, None for nothing.
        places: the frame of each box; () or nothing for none.
        direction: "LR", from left to right; or "TB", "RL", "BT".

    >>> sizes, arrows = {"x": (30, 20), "w": (30, 20), "S": (40, 20)}, [("w", "S"), ("x", "S")]
    >>> placed, (frame,) = place(sizes, arrows, [None, None], {"w": ("neuron 1",), "S": ("neuron 1",)})
    >>> frame.title, frame.x > placed.boxes["x"][0], frame.x < placed.boxes["w"][0] < placed.boxes["S"][0]
    ('neuron 1', True, True)
    """
    members: dict[Place, list[Key]] = {}
    for key in sizes:
        if places.get(key):
            members.setdefault(places[key], []).append(key)
    if not members:
        return layout(sizes, arrows, labels, direction=direction), []
    upright = direction in ("TB", "BT")
    turned = {key: (h, w) if upright else (w, h) for key, (w, h) in sizes.items()}
    texts = [label and ((label[1], label[0]) if upright else label) for label in labels]
    # Turned, the top of a frame may be at another side.
    left, top, right, bottom = {"LR": (0, 1, 0, 0), "RL": (0, 1, 0, 0), "TB": (1, 0, 0, 0), "BT": (0, 0, 1, 0)}[
        direction
    ]
    margins = tuple(_MARGIN + _TITLE * side for side in (left, top, right, bottom))
    inner = _inner_order(arrows, places)
    blocks = {name: _block(keys, turned, arrows, texts, inner, margins) for name, keys in members.items()}
    outer = _outer(turned, arrows, texts, places, blocks)
    placed, frames = _together(turned, arrows, outer, blocks, members, margins)
    return _turned(placed, frames, direction)


def _inner_order(arrows: Sequence[tuple[Key, Key]], places: Mapping[Key, Place]) -> dict[Hashable, float]:
    """Parameters and inputs in order: w₁, x₁, w₂, x₂, …, b; of boxes, and of arrows from outside by their number."""
    order: dict[Hashable, float] = {}
    own: dict[Key, list[Key]] = {}
    others: dict[Key, list[int]] = {}
    for number, (tail, head) in enumerate(arrows):
        if places.get(head):
            if places.get(tail) == places.get(head):
                own.setdefault(head, []).append(tail)
            else:
                others.setdefault(head, []).append(number)
    entered = {head for _, head in arrows}
    before = 0.0
    for head, numbers in others.items():
        weights = [tail for tail in own.get(head, []) if tail not in entered]
        for k, tail in enumerate(weights):
            order.setdefault(tail, before + 2 * k)
        for k, number in enumerate(numbers):
            order[number] = before + 2 * k + 1
        before += 2 * max(len(weights), len(numbers))
    return order


def _block(
    keys: list[Key],
    sizes: Mapping[Key, Size],
    arrows: Sequence[tuple[Key, Key]],
    texts: Sequence[Size | None],
    order: Mapping[Hashable, float],
    margins: tuple[float, ...],
) -> _Block:
    """What stands in a frame; a gate, a box without width, is where an arrow comes in or goes out."""
    inside = {*keys}
    boxes: dict[Key, Size] = {key: sizes[key] for key in keys}
    within: list[tuple[Key, Key]] = []
    numbers, said, gates = [], [], {}
    first, last = set[Key](), set[Key]()
    places = {key: order[key] for key in keys if key in order}
    for number, (tail, head) in enumerate(arrows):
        if not inside & {tail, head}:
            continue
        ends: list[Key] = [tail, head]
        text = texts[number]
        if tail not in inside:
            gates[number] = ends[0] = ("in", number)
            first.add(ends[0])
            if number in order:
                places[ends[0]] = order[number]
        elif head not in inside:
            gates[number] = ends[1] = ("out", number)
            last.add(ends[1])
            text = None
        if number in gates:
            boxes[gates[number]] = (0.0, 2.0)
        within.append((ends[0], ends[1]))
        numbers.append(number)
        said.append(text)
    placed = layout(boxes, within, said, order=places, first=first, last=last)
    left, top, right, bottom = margins
    return _Block(
        placed,
        numbers,
        {number: placed.boxes[gate][1] + top for number, gate in gates.items()},
        (placed.width + left + right, placed.height + top + bottom),
    )


def _outer(
    sizes: Mapping[Key, Size],
    arrows: Sequence[tuple[Key, Key]],
    texts: Sequence[Size | None],
    places: Mapping[Key, Place],
    blocks: Mapping[Place, _Block],
) -> Layout:
    """The layout of the frames, and of the boxes that are in none."""
    boxes: dict[Key, Size] = {}
    order: dict[Key, float] = {}
    names = sorted(blocks, key=lambda name: [*map(numerically, name)])
    for key, size in sizes.items():
        if not places.get(key):
            boxes[key] = size
    for number, name in enumerate(names):
        boxes[name] = blocks[name].size
        order[name] = number
    ends = [(places.get(tail) or tail, places.get(head) or head) for tail, head in arrows]
    for tail, head in ends:
        if tail not in blocks and head in blocks and not any(end == tail for _, end in ends):
            order.setdefault(tail, len(order))  # inputs, as the first neuron takes them
    gates: dict[Key, dict[int, float]] = {
        name: {number: y - block.size[1] / 2 for number, y in block.gates.items()} for name, block in blocks.items()
    }
    leaves: dict[int, float] = {}
    enters: dict[int, float] = {}
    for number, (tail, head) in enumerate(ends):
        for end, offsets in ((tail, leaves), (head, enters)):
            if end in gates and tail != head:
                offsets[number] = gates[end][number]
    outside = [None if head in blocks else text for (_, head), text in zip(ends, texts, strict=True)]
    return layout(boxes, ends, outside, order=order, tails=leaves, heads=enters)


def _together(
    sizes: Mapping[Key, Size],
    arrows: Sequence[tuple[Key, Key]],
    outer: Layout,
    blocks: Mapping[Place, _Block],
    members: Mapping[Place, list[Key]],
    margins: tuple[float, ...],
) -> tuple[Layout, list[Frame]]:
    """One layout of what is outside and what is in the frames."""
    boxes = {key: outer.boxes[key] for key in sizes if key in outer.boxes}
    before: dict[int, list[Point]] = {}
    after: dict[int, list[Point]] = {}
    routes = [*outer.routes]
    labels = [*outer.labels]
    frames = []
    for name, block in blocks.items():
        (x, y), (width, height) = outer.boxes[name], block.size
        x, y = x - width / 2, y - height / 2
        frames.append(Frame(", ".join(name), x, y, width, height))
        dx, dy = x + margins[0], y + margins[1]

        def moved(point: Point, dx: float = dx, dy: float = dy) -> Point:
            return (point[0] + dx, point[1] + dy)

        for key in members[name]:
            boxes[key] = moved(block.inside.boxes[key])
        inside = {*members[name]}
        for number, route, label in zip(block.numbers, block.inside.routes, block.inside.labels, strict=True):
            points = [moved(point) for point in route]
            if label:
                labels[number] = moved(label)
            if arrows[number][0] not in inside:
                after[number] = points
            elif arrows[number][1] not in inside:
                before[number] = points
            else:
                routes[number] = points
    for number in {*before, *after}:
        parts = [part for part in (before.get(number), outer.routes[number], after.get(number)) if part]
        route = parts[0]
        for part in parts[1:]:
            a, b = route[-1], part[0]
            route = [*route, *([a, b, b] if a != b else []), *part[1:]]
        routes[number] = route
    return Layout(boxes, routes, labels, outer.width, outer.height), frames


def _turned(placed: Layout, frames: list[Frame], direction: str) -> tuple[Layout, list[Frame]]:
    """The same in another direction."""
    turned = placed.turned(direction)
    if direction in ("RL", "BT"):
        frames = [Frame(f.title, placed.width - f.x - f.width, f.y, f.width, f.height) for f in frames]
    if direction in ("TB", "BT"):
        frames = [Frame(f.title, f.y, f.x, f.height, f.width) for f in frames]
    return turned, frames
