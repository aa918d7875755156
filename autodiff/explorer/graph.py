"""A recorded graph as data for the page: columns of numbers, which JSON holds.

>>> x = Value(3.0, label="x")
>>> Graph(2 * x * x).data()["operands"]
[[], [-1, 0], [1, 0]]
"""

from __future__ import annotations

from math import isfinite
from operator import attrgetter
from typing import TYPE_CHECKING

from ..value import Value
from .rules import Rule, is_scriptable, rule_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = ["Graph", "as_json", "in_runs"]

LEAF = -1


class Graph:
    """The nodes below an output.

    Attributes:
        output: the last node.
        nodes: all of them, operands first.
        number: the place of each in that list.
        rules: the different rules of the nodes.
    """

    def __init__(self, output: Value) -> None:
        self.output = output
        self.nodes = _everything(output)
        self.number = {node: i for i, node in enumerate(self.nodes)}
        self.rules: dict[Rule, int] = {}
        self._rule = [self._rule_of(node) for node in self.nodes]

    def _rule_of(self, node: Value) -> int:
        if node.op is None:
            return LEAF
        rule = rule_of(node.op, [x if not isinstance(x, Value) else None for x in node.operands])
        return self.rules.setdefault(rule, len(self.rules))

    def operands(self, i: int) -> list[tuple[int, int]]:
        """The operands of node i that are nodes: the place of each, and its number."""
        return [(k, self.number[x]) for k, x in enumerate(self.nodes[i].operands) if isinstance(x, Value)]

    def data(self) -> dict[str, Any]:
        """The columns, an entry for each node.

        rule: its place in ``rules``; -1 for a leaf.
        operands: of each, the node's number; or -1 less the place among the ``constants``; see ``in_runs``.
        values: of a leaf, and of a node whose operation Python alone can compute, what was recorded; else 0.
        slopes: the local derivatives recorded of each such node, by its number.
        still: nodes that have operands and pass no gradient on.
        ops: the name of each rule's row.
        """
        constants: dict[str, int] = {}

        def code(x: Value | float) -> int:
            return self.number[x] if isinstance(x, Value) else -1 - constants.setdefault(repr(x), len(constants))

        operands = [in_runs([code(x) for x in node.operands]) for node in self.nodes]
        foreign = {i for rule, i in self.rules.items() if not is_scriptable(rule)}
        recorded = [rule == LEAF or rule in foreign for rule in self._rule]
        return {
            "rule": self._rule,
            "operands": operands,
            "constants": [as_json(float(x)) for x in constants],
            "values": [as_json(node.data) if kept else 0 for node, kept in zip(self.nodes, recorded, strict=True)],
            "slopes": {
                i: [*map(as_json, self.nodes[i].local_derivatives)]
                for i, rule in enumerate(self._rule)
                if rule in foreign
            },
            "ops": [rule.name for rule in self.rules],
            "still": [i for i, node in enumerate(self.nodes) if node.op and not node.parents],
        }


def _everything(output: Value) -> list[Value]:
    """The nodes that the output's number depends on, also those to which no gradient flows back."""
    found = {output}
    waiting = [output]
    while waiting:
        new = [x for x in waiting.pop().operands if isinstance(x, Value) and x not in found]
        found.update(new)
        waiting += new
    return sorted(found, key=attrgetter("serial"))


def in_runs(numbers: Sequence[int]) -> list[int | list[int]]:
    """The numbers; where four or more count on, the first of them and how many.

    >>> in_runs([7, 3, 4, 5, 6, 1])
    [7, [3, 4], 1]
    """
    found: list[int | list[int]] = []
    start = 0
    for end in range(1, len(numbers) + 1):
        if end == len(numbers) or numbers[end] != numbers[end - 1] + 1 or numbers[start] < 0:
            found += [[numbers[start], end - start]] if end - start > 3 else numbers[start:end]
            start = end
    return found


def as_json(x: float) -> float | str:
    """A number, or its name in JavaScript where JSON has none."""
    return x if isfinite(x) else "NaN" if x != x else "Infinity" if x > 0 else "-Infinity"
