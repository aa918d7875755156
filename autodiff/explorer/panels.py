"""What a model adds to its page: tables of its numbers, and the nodes at which gradients are split.

The page computes all of it anew when a leaf is moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import OperandError
from ..value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .graph import Graph

__all__ = ["Cut", "Numbers", "panels_data"]

Cell: TypeAlias = "Value | tuple[Value | None, Value] | str | None"


@dataclass(frozen=True)
class Numbers:
    """A table of numbers of the graph.

    Attributes:
        title: of the panel.
        columns: the heading.
        rows: of each its name, and what stands in it: a Value, a text, None for nothing; or a pair of Values (a, b) for
            exp(a - b), the chance that a logit a means if b is the log of the sum over all; None for a is 0.
        text: what there is to see, a sentence or two.
        shaded: the larger a number, the darker its cell; the numbers are from 0 to 1.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]
    text: str = ""
    shaded: bool = False


@dataclass(frozen=True)
class Cut:
    """Nodes that a path from the output goes through once or not at all, as those that the heads of a block take are.

    A gradient is the sum of what goes through each part, and of what goes past all of them.

    Attributes:
        title: what they are.
        parts: the nodes of each, by its name.
    """

    title: str
    parts: Mapping[str, Sequence[Value]]


def panels_data(graph: Graph, panels: Sequence[Numbers | Cut]) -> dict[str, Any]:
    """The panels as data, with nodes as their numbers.

    Raises:
        OperandError: a Value is not in the graph, or one of the panels is none.
    """

    def number(x: Value) -> int:
        if x not in graph.number:
            raise OperandError(f"explore: a panel shows Values that the output depends on, and not {x!r:.60}")
        return graph.number[x]

    def cell(x: Cell) -> Any:
        if isinstance(x, tuple):
            logit, total = x
            return [None if logit is None else number(logit), number(total)]
        return number(x) if isinstance(x, Value) else x

    tables, cuts = [], []
    for panel in panels:
        if isinstance(panel, Numbers):
            rows = [[name, [*map(cell, cells)]] for name, cells in panel.rows]
            kept = {"title": panel.title, "columns": [*panel.columns], "text": panel.text, "shaded": panel.shaded}
            tables.append({**kept, "rows": rows})
        elif isinstance(panel, Cut):
            parts = [[name, [number(x) for x in nodes if x in graph.number]] for name, nodes in panel.parts.items()]
            cuts.append({"title": panel.title, "parts": parts})
        else:
            raise OperandError(f"explore: a panel is a Numbers or a Cut, not {type(panel).__name__}")
    return {"tables": tables, "cuts": cuts}
