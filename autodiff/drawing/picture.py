"""A picture as boxes and arrows, with what is written on them.

Nothing here chooses which nodes are shown (``selection``), or how they look (``style``, ``writing``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import hypot

from ..formula import algebra
from ..naming import Names, subscripted
from ..ops import Op
from ..value import Value
from . import style
from .expansion import Expansion
from .notation import spelled
from .selection import Group, Selection, is_parameter

__all__ = ["Arrow", "Box", "Picture"]

_FIGURES = re.compile(r"[−\d./]+")

_CONSTANTS = 6
"""A node with more constants than this has one box for all of them."""

_LONG, _THIN = 10, 3
"""A picture of more columns than this is turned, where these are so many times as many as boxes in one of them."""


class Box:
    """One box.

    Attributes:
        key: its name in DOT.
        kind: a key of ``style.KINDS``.
        name: in bold.
        says: the operation, or what a group holds.
        rows: further lines, each a word and what belongs to it.
        tooltip: in full what the box may shorten.
        place: the cluster that it stands in, outermost first.
    """

    __slots__ = ("key", "kind", "name", "place", "rows", "says", "tooltip")

    def __init__(
        self,
        key: str,
        kind: str,
        name: str,
        says: str = "",
        rows: Sequence[tuple[str, str]] = (),
        tooltip: str = "",
        place: tuple[str, ...] = (),
    ) -> None:
        self.key = key
        self.kind = kind
        self.name = name
        self.says = says
        self.rows = rows
        self.tooltip = tooltip
        self.place = place


class Arrow:
    """One arrow.

    Attributes:
        tail, head: keys of boxes.
        label: the local derivative, or nothing.
        colour: that of its sign.
        contribution: what flows back along it; None where that is unknown.
        tooltip: the contribution, in full.
        dashed: whether it carries no derivative.
    """

    __slots__ = ("colour", "contribution", "dashed", "head", "label", "tail", "tooltip")

    def __init__(
        self,
        tail: str,
        head: str,
        label: str = "",
        colour: str = style.NEUTRAL,
        contribution: float | None = None,
        tooltip: str = "",
        dashed: bool = False,
    ) -> None:
        self.tail = tail
        self.head = head
        self.label = label
        self.colour = colour
        self.contribution = contribution
        self.tooltip = tooltip
        self.dashed = dashed


class Picture:
    """Boxes and arrows for a selection of a graph.

    Args:
        selection: what is shown.
        outputs: the nodes that the graph ends in.
        names: the name of each node shown.
        show: "backward", "forward" or "formula".
        expansions: for some of the nodes, how they are spelled out.
        highlight: nodes that stand out, with the arrows between them.
        along: whether these are a path: then only the arrows from each to the next stand out.
    """

    def __init__(
        self,
        selection: Selection,
        outputs: Sequence[Value],
        names: Names,
        show: str,
        expansions: dict[Value, Expansion],
        highlight: Sequence[Value],
        along: bool,
    ) -> None:
        self.boxes: list[Box] = []
        self.arrows: list[Arrow] = []
        self.show = show
        self.rows = selection.rows
        self.ran = any(output.grad != 0 for output in outputs)
        self.constants = 0
        self.highlight: set[str] = set()
        self._outputs = {*outputs}
        self._names = names
        self._places = selection.places
        self._frames = selection.frames
        self._keys: dict[Value | Group, str] = {}
        self._shared: dict[tuple[int, float], str] = {}
        self._elements: dict[Value, Expansion] = {}
        for group in selection.groups:
            self._group(group)
        self._nodes(selection, expansions)
        for (tail, head), count in selection.arrows.items():
            tooltip = "" if selection.sampled else f"{count:,} operands"
            self.arrows.append(Arrow(self._keys[tail], self._keys[head], tooltip=tooltip))
        keys = [self._keys[node] for node in highlight if node in self._keys]
        self.highlight = {*keys}
        self._path = {frozenset(ends) for ends in pairwise(keys)} if along else None

    def stands_out(self, arrow: Arrow) -> bool:
        """Whether an arrow is one of those to highlight."""
        ends = {arrow.tail, arrow.head}
        return ends <= self.highlight if self._path is None else ends in self._path

    def is_long(self) -> bool:
        """Whether it is long and thin, so that from left to right it would be too wide for a page."""
        return not any(box.place for box in self.boxes) and self._is_long()

    def _is_long(self, most: int = _LONG) -> bool:
        column = dict.fromkeys([box.key for box in self.boxes], 0)
        for arrow in self.arrows:  # those to a box come before those from it
            column[arrow.head] = max(column[arrow.head], column[arrow.tail] + 1)
        columns = 1 + max(column.values())
        return columns > most and columns * columns > _THIN * len(self.boxes)

    def named(self, node: Value) -> str:
        """What a node is called, shown or not."""
        name = subscripted(self._names[node]) if node in self._names else subscripted(node.label) or "the output"
        return style.shown(name, style.NAME)

    # -----------------------------------------------------------------------------------------------------------------
    # Nodes.
    # -----------------------------------------------------------------------------------------------------------------

    def _nodes(self, selection: Selection, expansions: dict[Value, Expansion]) -> None:
        """The nodes drawn one by one, and the arrows to them."""
        for node in selection.nodes:
            expansion = expansions.get(node)
            if expansion is None:
                self._node(node, node, node.grad, {})
            else:
                for element in expansion.elements[:-1]:
                    if node in self._places:
                        self._places[element] = self._places[node]
                    if node in self._frames:
                        self._frames[element] = self._frames[node]
                    self._node(element, element, expansion.gradients[element], expansion.originals)
                self._node(node, expansion.elements[-1], node.grad, expansion.originals)
            self._stubs(node, selection)

    def _node(self, node: Value, made: Value, grad: float, originals: dict[Value, Value]) -> None:
        """The box of a node, and the arrows to it from the operands of ``made``, which is the node or stands for it."""
        key = self._keys[node] = f"n{len(self._keys)}"
        name = subscripted(self._names[node])
        operands = [originals.get(x, x) if isinstance(x, Value) else x for x in made.operands]
        says = spelled(made.op, self._written_all(operands)) if made.op else style.number(node.data)
        full = f"{style.shown(self._names[node], 200)}{f' = {made.op.name}' if made.op else ''}\ndata {node.data!r}"
        rows = [("data", style.number(node.data))] if made.op else []
        if self.show != "forward":
            rows.append(("grad", style.number(grad) if self.ran else "—"))
            full += f"\ngrad {grad!r}" if self.ran else "\ngrad — (no backward pass has run)"
        place = self._framed(node)
        self.boxes.append(Box(key, self._kind(node, made), name, says, rows, full, place))
        if made.op is None:
            detached = [self._keys[x] for x in operands if isinstance(x, Value) and x in self._keys]
            self.arrows += [Arrow(tail, key, dashed=True) for tail in detached]
        else:
            self._operands(key, name, made.op, made.local_derivatives, operands, grad, place)

    def _framed(self, node: Value) -> tuple[str, ...]:
        """The frame that a node stands in: its neuron's, or that of a named group."""
        place = self._places.get(node)
        if place is not None:
            return (f"layer {place[0]}", f"neuron {place[1]}")
        return (style.shown(self._frames[node], style.NAME),) if node in self._frames else ()

    def _kind(self, node: Value, made: Value) -> str:
        if made.op is None:
            return "parameter" if is_parameter(node) else "leaf"
        return "output" if node in self._outputs else "operation"

    def _written(self, x: Value | float) -> str:
        """An operand in a formula."""
        if not isinstance(x, Value):
            return style.number(x) if x >= 0 else f"({style.number(x)})"
        name = subscripted(self._names[x]) if x in self._names else subscripted(x.label) or "…"
        return style.shown(name, style.NAME)

    def _written_all(self, operands: Sequence[Value | float]) -> list[str]:
        """The operands in a formula; of many, only the number matters."""
        return [self._written(x) for x in operands] if len(operands) < 10 else ["…"] * len(operands)

    def _operands(
        self,
        key: str,
        name: str,
        op: Op,
        local_derivatives: Sequence[float],
        operands: Sequence[Value | float],
        grad: float,
        place: tuple[str, ...],
    ) -> None:
        local = iter(local_derivatives)
        formulas: list[str | float] = (
            [self._written(x) if isinstance(x, Value) else x for x in operands] if self.show == "formula" else []
        )
        constants = [x for x in operands if not isinstance(x, Value)]
        if len(constants) > _CONSTANTS:
            self._stub(key, f"{len(constants):,} constants", place)
        for position, x in enumerate(operands):
            if not isinstance(x, Value):
                if len(constants) <= _CONSTANTS:
                    tail = self._constant(x, position if len(operands) > 2 else -1, place)
                    self.arrows.append(Arrow(tail, key, dashed=True))
                continue
            derivative = next(local, None)  # None of a comparison, through which none flows
            if x not in self._keys:  # left out; a stub says so
                continue
            if derivative is None:
                self.arrows.append(Arrow(self._keys[x], key, dashed=True))
                continue
            contribution = derivative * grad if self.ran else None
            tooltip = f"local derivative {derivative!r}"
            if self.ran:
                product = f"{derivative!r} · {grad!r} = {derivative * grad!r}"
                tooltip += f"\ncontribution = local derivative · gradient = {product}"
            if self.show == "forward":
                arrow = Arrow(self._keys[x], key)
            elif self.show == "formula":
                text = _with_sign(algebra(op, position, formulas, name), derivative)
                arrow = Arrow(self._keys[x], key, text, style.sign_colour(derivative), contribution, tooltip)
            else:
                text = style.signed(derivative)
                arrow = Arrow(self._keys[x], key, text, style.sign_colour(derivative), contribution, tooltip)
            self.arrows.append(arrow)

    def _constant(self, x: float, position: int, place: tuple[str, ...]) -> str:
        """The box of a constant: its own, but neurons that take the same input share it."""
        key = self._shared.get((position, x)) if position >= 0 else None
        if key is None:
            key = f"c{self.constants}"
            self.constants += 1
            self._shared[position, x] = key
            # Neurons take the same constants, so these stand outside; those of a named group stand in its frame.
            inside = place if position < 0 and self._frames else ()
            self.boxes.append(Box(key, "constant", style.number(x), tooltip=f"constant {x!r}", place=inside))
        return key

    # -----------------------------------------------------------------------------------------------------------------
    # What is left out.
    # -----------------------------------------------------------------------------------------------------------------

    def _stubs(self, node: Value, selection: Selection) -> None:
        for hidden, what in ((selection.operands.get(node), "operand"), (selection.users.get(node), "user")):
            if hidden:
                self._stub(self._keys[node], f"{hidden:,} {what}{'s' * (hidden > 1)}", (), before=what == "operand")

    def _stub(self, key: str, text: str, place: tuple[str, ...], before: bool = True) -> None:
        stub = f"s{sum(box.kind == 'stub' for box in self.boxes)}"
        self.boxes.append(Box(stub, "stub", f"⋯ {text}", tooltip=f"not drawn: {text}", place=place))
        self.arrows.append(Arrow(stub, key, dashed=True) if before else Arrow(key, stub, dashed=True))

    def _norm(self, nodes: Sequence[Value]) -> str:
        return style.number(hypot(*[node.grad for node in nodes])) if self.ran else "—"

    def _group(self, group: Group) -> None:
        key = self._keys[group] = f"g{len(self._keys)}"
        parameters, others = group.leaves, group.operations
        rows = []
        if group.kind == "inputs":
            name, says = "inputs", _count(len(parameters), "leaf", "leaves")
        elif group.kind == "named":
            name = style.shown(group.name, style.LINE) + f" × {group.times}" * (group.times > 1)
            says = ", ".join(
                [_count(len(others), "operation")] * bool(others)
                + [_count(len(parameters), "leaf", "leaves")] * bool(parameters)
            )
            if parameters and self.show != "forward":
                rows = [("‖grad‖", self._norm(parameters))]
        elif group.kind == "between":
            name = f"after layer {group.layer}" if group.layer else "before layer 1"
            says = _count(len(others), "operation")
        else:
            name = f"layer {group.layer}" if group.kind == "layer" else f"neuron {group.neuron}"
            says = _network_says(group, others)
            rows = [("parameters", f"{len(parameters):,}")] if parameters else []
            if parameters and self.show != "forward":
                rows.append(("‖grad‖", self._norm(parameters)))
        place = (f"layer {group.layer}",) if group.kind == "neuron" else ()
        if group.frame:
            place = (style.shown(group.frame, style.NAME),)
        self.boxes.append(Box(key, "group", name, says, rows, f"{name}: {says}", place))


def _with_sign(formula: str, derivative: float) -> str:
    """The formula, and where it has the sign of its number only by colour, that too: cos(y) < 0."""
    if derivative != derivative or _FIGURES.fullmatch(formula):
        return formula
    cases = " if " in formula
    formula = style.shown(formula, style.NAME - 6)
    if derivative < 0:
        return f"({formula}) < 0" if cases else f"{formula} < 0"
    if derivative > 0:
        return f"{formula} > 0" if formula[0] == "−" and not cases else formula
    return formula if cases else f"{formula} = 0"


def _network_says(group: Group, others: Sequence[Value]) -> str:
    """What a layer or a neuron is, from the labels and operations of its nodes."""
    labels = Counter([node.label for node in others])
    sums = {label: count for label, count in labels.items() if label[:1] == "S"}
    output = next((node for node in reversed(others) if node.label[:1] == "x"), None)
    activation = output.op.name if output is not None and output.op else ""
    times = max(sums.values(), default=0)
    parts = [_count(len(sums), "neuron")] if group.kind == "layer" else []
    parts += [activation] * bool(activation)
    text = ", ".join(parts) or "a sum"
    return f"{text} × {_count(times, 'input')}" if times > 1 else text


def _count(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"
