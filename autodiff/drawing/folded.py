"""A picture in which what is repeated stands once: a box that is many says from where to where its numbers go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan
from typing import NamedTuple

from ..naming import subscripted
from ..value import Value
from . import style
from .expansion import Expansion
from .notation import spelled
from .picture import _CONSTANTS, Arrow, Box, Picture
from .selection import Selection

__all__ = ["FoldedPicture"]

_LONG = 6
"""A picture of more columns is turned, for ranges make boxes wide."""

_DIGITS = 3
"""Significant digits of the ends of a range."""


class _Flow(NamedTuple):
    """What one arrow stands for: a local derivative for each, None of those through which none flows, and gradients."""

    derivatives: list[float | None]
    gradients: list[float]


class FoldedPicture(Picture):
    """Boxes and arrows for a selection in which some nodes stand for many, its ``members``.

    The numbers in such a box are the least and the greatest of them, and so are the local derivatives on an arrow.  Its
    contribution, and so its width, is the sum over all that it stands for.  Where they are not as many as the boxes at
    both of its ends, it says how many.
    """

    def is_long(self) -> bool:
        """Whether it is long and thin, frames or not."""
        return self._is_long(_LONG)

    def _nodes(self, selection: Selection, expansions: dict[Value, Expansion]) -> None:
        self._owner = {node: box for box, members in selection.members.items() for node in members}
        for node in selection.nodes:
            self._keys[node] = f"n{len(self._keys)}"
        for node in selection.nodes:
            self._many(node, selection.members.get(node, [node]))
        self._members = {self._keys[box]: len(members) for box, members in selection.members.items()}
        for node in selection.nodes:
            self._flows(node, selection.members.get(node, [node]))

    def _many(self, node: Value, members: Sequence[Value]) -> None:
        """The box of one or many."""
        times = f" × {len(members):,}" if len(members) > 1 else ""
        name = subscripted(self._names[node])
        data, grads = [x.data for x in members], [x.grad for x in members]
        operands = [self._owner.get(x, x) if isinstance(x, Value) else x for x in node.operands]
        chained = any(x is node for x in operands)
        written = [
            "…" if x is node or self._differs(place, x, members) else text
            for place, (x, text) in enumerate(zip(operands, self._written_all(operands), strict=True))
        ]
        says = style.number(node.data) if not times else _range(data)
        rows = []
        if node.op is not None:
            says = spelled(node.op, written)
            rows = [("data", style.number(node.data) if not times else _range(data))]
        full = f"{style.shown(self._names[node], 200)}{times}{f' = {node.op.name}' if node.op else ''}"
        full += "\neach takes the one before" * chained + f"\ndata {_exactly(data)}"
        if self.show != "forward":
            rows.append(("grad", (style.number(node.grad) if not times else _range(grads)) if self.ran else "—"))
            full += f"\ngrad {_exactly(grads)}" if self.ran else "\ngrad — (no backward pass has run)"
        box = Box(self._keys[node], self._kind(node, node), name + times, says, rows, full, self._framed(node))
        self.boxes.append(box)

    def _differs(self, place: int, x: Value | float, members: Sequence[Value]) -> bool:
        """Whether an operand is a constant that is not the same in all members."""
        return not isinstance(x, Value) and any(
            place < len(member.operands) and member.operands[place] is not x and member.operands[place] != x
            for member in members
        )

    def _flows(self, node: Value, members: Sequence[Value]) -> None:
        """The arrows to a box: one for each operand, but one for all that n-ary operations take from the same box."""
        flows: dict[tuple[str, int], _Flow] = {}
        constants: dict[int, list[float]] = {}
        for member in members:
            local = iter(member.local_derivatives if member.op is not None else [])
            for place, x in enumerate(member.operands):
                if not isinstance(x, Value):
                    constants.setdefault(place, []).append(x)
                    continue
                derivative = next(local, None)
                box = self._owner.get(x, x)
                if box is not node:
                    key = self._keys[box], place if len(member.operands) < 3 else -1
                    flow = flows.setdefault(key, _Flow([], []))
                    flow.derivatives.append(derivative)
                    flow.gradients.append(member.grad)
        head, place_of = self._keys[node], self._framed(node)
        if len(constants) > _CONSTANTS:
            self._stub(head, f"{sum(map(len, constants.values())):,} constants", place_of)
            constants = {}
        for xs in constants.values():
            constant = f"c{self.constants}"
            self.constants += 1
            text = style.number(xs[0]) if len({*xs}) == 1 else _range(xs)
            self.boxes.append(Box(constant, "constant", text, tooltip=f"constant {_exactly(xs)}", place=place_of))
            self.arrows.append(Arrow(constant, head, dashed=True))
        for (tail, _), flow in flows.items():
            self.arrows.append(self._flow(tail, head, flow))

    def _flow(self, tail: str, head: str, flow: _Flow) -> Arrow:
        derivatives = [x for x in flow.derivatives if x is not None]
        if not derivatives:
            return Arrow(tail, head, dashed=True)
        if self.show == "forward":
            return Arrow(tail, head)
        count = len(derivatives)
        alike = count == 1 or count == self._members.get(tail, 1) == self._members.get(head, 1)
        text = style.signed(derivatives[0]) if len({*derivatives}) == 1 else _range(derivatives, style.signed)
        tooltip = f"local derivative {_exactly(derivatives)}"
        contribution = None
        if self.ran:
            parts = [d * g for d, g in zip(flow.derivatives, flow.gradients, strict=True) if d is not None]
            contribution = sum(parts)
            tooltip += f"\ncontribution = local derivative · gradient, {_exactly(parts)}"
            tooltip += f"\nin all {contribution!r}" * (count > 1)
        if count > 1:
            tooltip = f"{count:,} arrows\n{tooltip}"
        colours = {style.sign_colour(x) for x in derivatives}
        colour = colours.pop() if len(colours) == 1 else style.NEUTRAL
        return Arrow(tail, head, text if alike else f"×{count:,}: {text}", colour, contribution, tooltip)


def _range(numbers: Sequence[float], written: Callable[[float], str] = style.number) -> str:
    """The least and the greatest, to three digits; nan where there is one.

    >>> _range([0.25, -1.0, 3.14159]), _range([2.0, 2.0])
    ('−1 … 3.14', '2')
    """
    ends = [nan] if any(x != x for x in numbers) else sorted({min(numbers), max(numbers)})
    return " … ".join([written(float(f"{x:.{_DIGITS}g}")) for x in ends])


def _exactly(numbers: Sequence[float]) -> str:
    """The only number there is, or the least and the greatest, with all digits."""
    if len(numbers) == 1:
        return repr(numbers[0])
    return f"from {min(numbers)!r} to {max(numbers)!r}, {len(numbers):,} numbers"
