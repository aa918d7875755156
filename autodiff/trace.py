"""The backward pass step by step: what each edge adds to which gradient, and what goes wrong in another order.

>>> from autodiff import Value
>>> x = Value(3.0)
>>> y = 2 * x
>>> f = x * y
>>> print(steps(f))
backward from f: ∂f/∂f = 1
<BLANKLINE>
step  node  upstream  operand  local  contribution  gradient of the operand
   1  f            1  x        y = 6             6  0 → 6
   2  f            1  y        x = 3             3  0 → 3
   3  y            3  x        2                 6  6 → 12
<BLANKLINE>
x.grad = 12, y.grad = 3
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any, overload

from .errors import OperandError
from .formula import algebra
from .naming import Names, _by_node, caller_names
from .pathsearch import operand_positions
from .pathwords import _markdown, short
from .sweep import topological_order
from .value import Value

__all__ = ["Step", "Steps", "steps"]

_SHOWN, _LAST = 60, 20
"""Steps in a table, at most, and how many of them are then the last ones."""
_LISTED = 12
"""Gradients listed below it."""
_NARY = 100
"""A local derivative of a node with more operands is shown as a number alone."""


def steps(
    output: Value,
    *,
    order: Sequence[Value] | None = None,
    names: Mapping[str, Value] | Mapping[Value, str] | None = None,
) -> Steps:
    """The backward pass from ``output`` as a sequence of steps, one for each edge; nothing on the graph is written.

    Each node passes on the gradient that it has to each of its operands, times the local derivative.  That is right
    only if the gradient is complete by then, thus if a node's turn comes after that of every node that uses it: reverse
    topological order.  With another ``order`` the steps show which contributions come too late.

    Args:
        output: where the pass starts, with gradient 1.
        order: the nodes in the order in which they pass their gradients on, the output first in a right one; each
            node that has operands once.  Default: the order of ``backward()``.
        names: {"x": x}, to override the labels and the caller's variables.

    Raises:
        OperandError: the output is no Value, or the order leaves out a node, names one twice or one of another graph.

    >>> x = Value(3.0)
    >>> y = 2 * x
    >>> f = x * y
    >>> [(step.contribution, step.before, step.after) for step in steps(f)]
    [(6.0, 0.0, 6.0), (3.0, 0.0, 3.0), (6.0, 6.0, 12.0)]
    """
    if not isinstance(output, Value):
        raise OperandError(f"steps: the output is a Value of the graph, not {type(output).__name__} {output!r}")
    nodes = topological_order(output)
    found = caller_names(2)
    turns = None if order is None else _checked(order, nodes, Names(nodes, names, found))
    return Steps(output, nodes, turns, names, found)


def _checked(order: Iterable[Value], nodes: Sequence[Value], names: Names) -> list[Value]:
    if isinstance(order, (Value, str)) or not isinstance(order, Iterable):
        raise OperandError(f"steps: order is a list of Values, the output first, not {type(order).__name__} {order!r}")
    turns, known = [*order], {*nodes}
    seen: set[Value] = set()
    for node in turns:
        if not isinstance(node, Value):
            raise OperandError(f"steps: order is a list of Values, and holds a {type(node).__name__} {node!r}")
        if node not in known:
            raise OperandError(f"steps: order holds a Value that the output does not depend on: {node!r}")
        if node in seen:
            raise OperandError(f"steps: order holds {names[node]} twice; each node passes its gradient on once")
        seen.add(node)
    missing = [names[node] for node in nodes if node.parents and node not in seen]
    if missing:
        some = ", ".join(missing[:5]) + ", …" * (len(missing) > 5)
        raise OperandError(f"steps: order leaves out {some}; each node that has operands needs its turn")
    return turns


class Step:
    """What one edge does in a backward pass.

    Attributes:
        node: the Value that passes its gradient on.
        upstream: the gradient that it has by then.
        operand: the Value that it passes it to …
        position: … and which of the node's operands that is, from 0.
        local_derivative: ∂node/∂operand.
        contribution: the local derivative times the upstream gradient.
        before: the operand's gradient before the step …
        after: … and after it.
        too_late: whether the operand had passed its gradient on already, without this contribution.
    """

    __slots__ = (
        "after",
        "before",
        "contribution",
        "local_derivative",
        "node",
        "operand",
        "position",
        "too_late",
        "upstream",
    )

    def __init__(
        self,
        node: Value,
        upstream: float,
        operand: Value,
        position: int,
        local_derivative: float,
        before: float | None,
        too_late: bool,
    ) -> None:
        self.node = node
        self.upstream = upstream
        self.operand = operand
        self.position = position
        self.local_derivative = local_derivative
        self.contribution = local_derivative * upstream
        self.before = 0.0 if before is None else before
        self.after = self.contribution if before is None else before + self.contribution
        self.too_late = too_late

    def __repr__(self) -> str:
        late = ", too late" if self.too_late else ""
        return f"<step: {self.local_derivative!r} · {self.upstream!r}: {self.before!r} → {self.after!r}{late}>"


class Steps(Sequence[Step]):
    """The steps of a backward pass; prints itself as a table.

    Attributes:
        output: the Value from which the pass starts.
        gradients: what the gradient of each node is in the end, in this order …
        right: … and in the right one, as ``backward()`` has it.
        too_late: the steps whose contribution came too late.
    """

    def __init__(
        self,
        output: Value,
        nodes: Sequence[Value],
        turns: Sequence[Value] | None,
        names: Any,
        found: Mapping[Value, str],
    ) -> None:
        self.output = output
        self.right: dict[Value, float] = {}
        self.gradients = self.right
        self._steps = [*_passed(output, nodes[::-1], self.right)]
        if turns is not None:
            self.gradients = {}
            self._steps = [*_passed(output, turns, self.gradients)]
        self.too_late = [step for step in self._steps if step.too_late]
        self._nodes, self._named = nodes, (names, found)
        _by_node(names)  # refuses what is no mapping of names, now rather than when printed

    def __len__(self) -> int:
        return len(self._steps)

    @overload
    def __getitem__(self, i: int) -> Step: ...
    @overload
    def __getitem__(self, i: slice) -> list[Step]: ...
    def __getitem__(self, i: int | slice) -> Step | list[Step]:
        return self._steps[i]

    def __str__(self) -> str:
        if not self:
            return self._headline()
        rows = self._rows()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        right = (0, 2, 5)
        lines = []
        for row in rows:
            cells = [x.rjust(w) if i in right else x.ljust(w) for i, (x, w) in enumerate(zip(row, widths, strict=True))]
            lines.append("  ".join(cells).rstrip())
        return "\n".join([self._headline(), "", *lines, "", *self._results()])

    __repr__ = __str__

    def to_markdown(self) -> str:
        """The table for a notebook."""
        if not self:
            return _markdown(self._headline()) + "\n"
        heading, *rows = [[_markdown(cell) for cell in row] for row in self._rows()]
        table = [
            "| " + " | ".join(row) + " |" for row in (heading, ["--:", ":--", "--:", ":--", ":--", "--:", ":--"], *rows)
        ]
        return "\n\n".join([_markdown(self._headline()), "\n".join(table), *map(_markdown, self._results())]) + "\n"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/markdown": self.to_markdown()}

    def _numbered(self) -> list[tuple[int, Step]]:
        """The steps that are shown, with their numbers."""
        numbered = list(enumerate(self._steps[: _SHOWN - _LAST], 1))
        rest = self._steps[_SHOWN - _LAST :]
        return numbered + list(enumerate(rest, 1 + len(numbered)))[-_LAST:]

    @cached_property
    def _names(self) -> Names:
        """Of the nodes that are shown."""
        shown = {self.output, *self._results_of()[:_LISTED]}
        for step in [*[step for _, step in self._numbered()], *self.too_late[:1]]:
            shown.update([step.node, step.operand])
            shown.update([x for x in step.node.operands if isinstance(x, Value)][:_NARY])
        return Names(sorted(shown, key=attrgetter("serial")), *self._named)

    def _results_of(self) -> list[Value]:
        """The nodes whose gradients are listed below the table: all, or those that come out wrong."""
        nodes = [node for node in self._nodes if node is not self.output]
        if not self.too_late:
            return nodes
        return [node for node in nodes if not _same(self.gradients[node], self.right[node])]

    def _headline(self) -> str:
        f = _shown(self._names[self.output])
        return f"backward from {f}: ∂{f}/∂{f} = 1" + ", and no step: it has no operands" * (not self)

    def _rows(self) -> list[list[str]]:
        names = self._names
        rows = [["step", "node", "upstream", "operand", "local", "contribution", "gradient of the operand"]]
        before = 0
        for number, step in self._numbered():
            if number > before + 1:
                rows.append(["…", "", "", "", f"… {number - before - 1:,} more", "", ""])
            before = number
            local, formula = short(step.local_derivative), ""
            if len(step.node.operands) <= _NARY and step.node.op:
                operands = [_shown(names[x]) if isinstance(x, Value) else x for x in step.node.operands]
                formula = algebra(step.node.op, step.position, operands, _shown(names[step.node]))
            late = f"   too late: {_shown(names[step.operand])} had its turn" if step.too_late else ""
            rows.append(
                [
                    str(number),
                    _shown(names[step.node]),
                    short(step.upstream),
                    _shown(names[step.operand]),
                    local if formula in ("", local) or len(formula) > 40 else f"{formula} = {local}",
                    short(step.contribution),
                    f"{short(step.before)} → {short(step.after)}{late}",
                ]
            )
        return rows

    def _results(self) -> list[str]:
        names = self._names
        listed = self._results_of()
        more = f", … {len(listed) - _LISTED:,} more" if len(listed) > _LISTED else ""
        found, right = (
            ", ".join([f"{_shown(names[node])}.grad = {short(gradients[node])}" for node in listed[:_LISTED]]) + more
            for gradients in (self.gradients, self.right)
        )
        if not self.too_late:
            return [found] if found else []
        late = self.too_late[0]
        operand, node = _shown(names[late.operand]), _shown(names[late.node])
        lines = [
            f"{len(self.too_late):,} of {len(self):,} contributions came too late: {operand}, say, passed its gradient "
            f"on before {node}, which uses it, had passed on its own."
        ]
        if listed:
            lines += [f"wrong: {found}", f"right: {right}"]
        lines.append(
            "In reverse topological order every node comes after all that use it, so its gradient is complete."
        )
        return lines


def _passed(output: Value, turns: Iterable[Value], gradients: dict[Value, float]) -> Iterator[Step]:
    """The steps of a pass, which leaves the gradients in ``gradients``.

    A sweep of its own: it tells of every edge, and its order may be a wrong one.
    """
    gradients[output] = 1.0
    done: set[Value] = set()
    for node in turns:
        done.add(node)
        upstream = gradients.get(node, 0.0)
        positions = operand_positions(node)
        for operand, position, local_derivative in zip(node.parents, positions, node.local_derivatives, strict=True):
            too_late = operand in done and bool(operand.parents)
            step = Step(node, upstream, operand, position, local_derivative, gradients.get(operand), too_late)
            gradients[operand] = step.after
            yield step


def _same(x: float, y: float) -> bool:
    return x == y or (x != x and y != y)


def _shown(name: str) -> str:
    return name if name.isprintable() else name.encode("unicode_escape").decode()
