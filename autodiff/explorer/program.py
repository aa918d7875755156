"""A graph as a program in Python that records it anew, to be taken along from the page."""

from __future__ import annotations

import json
import re
from keyword import iskeyword
from typing import TYPE_CHECKING

from .. import functions
from ..ops import NaryOp
from ..symbol import Symbol
from ..value import Value
from .spelling import is_own

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..ops import Op

__all__ = ["program"]

_LONGEST = 1000
_OPERATORS = ("add", "sub", "mul", "div", "neg")


def program(nodes: Sequence[Value], names: Sequence[str]) -> list[tuple[int, str, str]]:
    """The lines: the number of a leaf, what stands before its value and behind it; or -1, the line and nothing.

    A graph of very many nodes is no program to read: it has none.
    """
    if len(nodes) > _LONGEST:
        return [(-1, f"# {len(nodes):,} values: too many to be written down one by one.", "")]
    taken = {"ad", "Value"}
    called: dict[Value, str] = {}
    lines = [(-1, "import autodiff as ad", ""), (-1, "from autodiff import Value", ""), (-1, "", "")]
    for i, (node, name) in enumerate(zip(nodes, names, strict=True)):
        called[node] = _identifier(node.label or name, taken)
        if node.op is None:
            label = json.dumps(node.label or name)
            lines.append((i, f"{called[node]} = Value(", f", label={label})"))
        else:
            operands = [called[x] if isinstance(x, Value) else repr(x) for x in node.operands]
            lines.append((-1, f"{called[node]} = {_call(node.op, operands)}", ""))
    last = called[nodes[-1]]
    return [*lines, (-1, f"{last}.backward()", ""), (-1, f"print({last}.data)", "")]


def _identifier(name: str, taken: set[str]) -> str:
    plain = re.sub(r"\W+", "_", name).strip("_") or "v"
    plain = f"v_{plain}" if plain[0].isdigit() else plain
    number, found = 1, plain
    while found in taken or iskeyword(found) or not found.isidentifier():
        number += 1
        found = f"{plain if plain.isidentifier() else 'v'}_{number}"
    taken.add(found)
    return found


def _call(op: Op, operands: Sequence[str]) -> str:
    if op.name in _OPERATORS:
        return str(Symbol.apply_op(op, tuple(map(Symbol, operands))))
    if not isinstance(op, NaryOp) and hasattr(functions, op.name) and not is_own(op):
        return f"ad.{op.name}({', '.join(operands)})"
    return f'ad.OPS["{op.name}"]({", ".join(operands)})'
