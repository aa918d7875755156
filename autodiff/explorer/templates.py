"""Formulas of a graph with places for its operands, so that the page can put names in, or numbers.

The place of operand i is a character of its own; so is that of the result.  Nodes alike share their formulas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..drawing.notation import spelled
from ..formula import algebra, recorded_term
from ..ops import NaryOp
from ..pathsearch import operand_positions
from ..typeset import text
from ..value import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..ops import Op

__all__ = ["FIRST", "RESULT", "Templates"]

FIRST = 0xF0000
"""The character of operand 0; those of the others follow.  No font has it, and no name holds it on purpose."""

RESULT = chr(FIRST + 0xFFFD)

_WRITTEN_OUT = 12
"""An operation with more operands is spelled as a picture has it, without numbers."""

_LOOKED_AT = {"pow"}
"""Rows whose formula depends on what a constant is."""


class Templates:
    """The formulas of all nodes.

    Attributes:
        texts: each of them once.
        kinds: of nodes alike, the place in ``texts`` of what they compute, -1 for leaves, and those of their local
            derivatives, in the order of their parents.
        kind: of each node its place in ``kinds``.
    """

    def __init__(self, nodes: Sequence[Value]) -> None:
        self.texts: list[str] = []
        self.kinds: list[tuple[int, list[int]]] = [(-1, [])]
        self._place: dict[str, int] = {}
        self._known: dict[Any, int] = {}
        self.kind = [self._of(node) if node.op else 0 for node in nodes]

    def value(self, i: int) -> str:
        """What node i computes."""
        return self.texts[self.kinds[self.kind[i]][0]]

    def _of(self, node: Value) -> int:
        op: Any = node.op
        operands: list[str | float] = []
        given = node.operands  # the node in C makes its numbers anew when it is asked again
        for i, x in enumerate(given):
            looked_at = not isinstance(x, Value) and (op.name in _LOOKED_AT or i in op.constants)
            first = next(j for j, other in enumerate(given) if other is x) if i < _WRITTEN_OUT else i
            operands.append(float(x) if looked_at else chr(FIRST + first))
        positions = operand_positions(node)
        key = op, *operands, *positions
        if key not in self._known:
            slopes = [self._kept(algebra(op, i, operands, RESULT)) for i in positions]
            self._known[key] = len(self.kinds)
            self.kinds.append((self._kept(_value(op, operands)), slopes))
        return self._known[key]

    def _kept(self, formula: str) -> int:
        if formula not in self._place:
            self._place[formula] = len(self.texts)
            self.texts.append(formula)
        return self._place[formula]


def _value(op: Op, operands: list[str | float]) -> str:
    if isinstance(op, NaryOp) and len(operands) > _WRITTEN_OUT:
        return spelled(op, [f"{x}" for x in operands])
    return text(recorded_term(op, operands))
