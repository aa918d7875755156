"""The rows that a graph uses as a module of JavaScript: what each computes, and its local derivatives.

Nothing here knows an operation.  A rule is evaluated on symbols, as for a printed formula, and what it says is written
down; a formula is translated from its source.  What browsers lack of the primitives is in ``script/primitives.js``.

>>> print(rules_module([rule_of(OPS["sin"], [None])]))
import { cos, sin } from "./primitives.js";
<BLANKLINE>
export const RULES = [
  { name: "sin", value: ([x]) => sin(x), partials: ([x], z) => [cos(x)] },
];
<BLANKLINE>
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from ..formulas import FORMULAS, NUMBERS
from ..ops import OPS, NaryOp, Op
from .spelling import OWN, Spelling, called, is_own
from .translate import translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

__all__ = ["Rule", "is_scriptable", "rule_of", "rules_module"]

_NAMES = [*"xyuvw", *[f"x{i}" for i in range(5, 30)]]
_SHORTHANDS = {"scaled": "(factor, x) => (factor === 0 ? 0 : mul0(factor, x))", "guard": "clamp"}
_WORD = re.compile(r"(?<![\w\"])(?<![\w)\]]\.)[A-Za-z_]\w*")
"""A name in JavaScript: no text, and no property."""


class Rule(NamedTuple):
    """A row for nodes of one kind: their number of operands, and the constants that a rule looks at.

    Attributes:
        name: the row's.
        operands: None for each; for one that is always a constant, which.
    """

    name: str
    operands: tuple[float | None, ...]


def rule_of(op: Op, operands: Sequence[Any]) -> Rule:
    """The rule for a node with these operands; only those at places for constants count as numbers."""
    kept = tuple([float(x) if i in op.constants and x is not None else None for i, x in enumerate(operands)])
    return Rule(op.name, kept)


def rules_module(rules: Iterable[Rule]) -> str:
    """The module: an array RULES with ``value`` and ``partials`` for each, and all that they name.

    The entry is null for an operation of the user's own that Python alone can compute.
    """
    lines = [_row(rule) if is_scriptable(rule) else "  null," for rule in rules]
    needed: dict[str, str] = {}
    imported: set[str] = set()
    waiting = [*lines]
    while waiting:
        for name in _WORD.findall(waiting.pop()):
            if name in _primitives():
                imported.add(name)
            elif name not in needed and (declaration := _declaration(name)):
                needed[name] = declaration
                waiting.append(declaration)
    constants = sorted([text for text in needed.values() if text.startswith("const")])
    functions = sorted([text for text in needed.values() if not text.startswith("const")])
    head = [f'import {{ {", ".join(sorted(imported))} }} from "./primitives.js";'] if imported else []
    parts = ["\n".join(head), "\n".join(constants), *functions, "\n".join(["export const RULES = [", *lines, "];"])]
    return "\n\n".join([part for part in parts if part]) + "\n"


@cache
def _primitives() -> frozenset[str]:
    """The names that ``primitives.js`` exports."""
    text = files(__package__).joinpath("script/primitives.js").read_text(encoding="utf-8")
    listed = " ".join(re.findall(r"export const \{(.*?)\}", text))
    return frozenset(_WORD.findall(listed) + re.findall(r"export (?:const|function) (\w+)", text))


def _declaration(name: str) -> str:
    """What a name stands for that is no primitive."""
    if name in FORMULAS or name in NUMBERS:
        return translated(name)
    if name in _SHORTHANDS:
        return f"const {name} = {_SHORTHANDS[name]};"
    op = OPS.get(name.removeprefix(OWN))
    if op is None or called(op) != name:
        return ""
    names = _NAMES[: len(op.partials)]
    head = "xs" if isinstance(op, NaryOp) else ", ".join(names)
    return f"const {name} = ({head}) => {_value(op, names, head)};"


@cache
def is_scriptable(rule: Rule) -> bool:
    """Whether JavaScript can compute it; not if its author wrote it for Python's floats alone."""
    try:
        return bool(_row(rule))
    except Exception:
        if not is_own(OPS[rule.name]):
            raise
        return False


def _row(rule: Rule) -> str:
    op = OPS[rule.name]
    many = isinstance(op, NaryOp)
    texts = [f"xs[{i}]" for i in range(len(rule.operands))] if many else _NAMES[: len(rule.operands)]
    head = "xs" if many else f"[{', '.join(texts)}]"
    value, partials = _value(op, texts, head if many else ""), _partials(rule, texts)
    return f"  {{ name: {json.dumps(rule.name)}, value: ({head}) => {value}, partials: ({head}, z) => {partials} }},"


def _value(op: Op, texts: Sequence[str], array: str) -> str:
    if not is_own(op) and (op.name in _primitives() or op.name in FORMULAS):
        return f"{op.name}({array or ', '.join(texts)})"
    spelling = Spelling()
    operands = [spelling.leaf(text) for text in texts]
    written = getattr(op.value, "__wrapped__", op.value)
    return spelling.text([written(operands) if isinstance(op, NaryOp) else written(*operands)])


def _partials(rule: Rule, texts: list[str]) -> str:
    """The list of all partial derivatives; 0 for an operand that is always a constant."""
    op = OPS[rule.name]
    spelling = Spelling()
    operands = [spelling.leaf(text) if x is None else x for text, x in zip(texts, rule.operands, strict=True)]
    z = spelling.leaf("z")
    if isinstance(op, NaryOp):
        return spelling.text(op.partials[0](operands, z), "[{}]")
    partials = zip(op.partials, rule.operands, strict=True)
    return spelling.text([0.0 if x is not None else partial(*operands, z) for partial, x in partials], "[{}]")
