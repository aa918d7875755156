"""What makes a number infinite or undefined, as ``diagnose`` tells it: its tests in JavaScript, and its words.

>>> print(causes_module({"log"}).splitlines()[1])
  { names: ["log", "log2", "log10"], fits: (x) => x === 0, cause: "the logarithm of 0", remedy: "keep the operand ...
"""

from __future__ import annotations

import ast
import inspect
import json
from functools import cache
from typing import TYPE_CHECKING, Any

from .. import diagnose
from .translate import arrow

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["causes_module"]


def causes_module(names: Collection[str]) -> str:
    """The module for a graph with these rows: CAUSES, in the order in which they are tried, and WORDS."""
    causes = [
        f"  {{ names: {json.dumps(rows.split())}, fits: {test}, "
        f"cause: {json.dumps(cause, ensure_ascii=False)}, remedy: {json.dumps(remedy, ensure_ascii=False)} }},"
        for (rows, _, cause, remedy), test in zip(diagnose.CAUSES, _tests(), strict=True)
        if not {*rows.split()}.isdisjoint(names)
    ]
    words = {
        "slopes": {name: text for name, text in diagnose.REMEDIES_OF_SLOPES.items() if name in names},
        "indefinite": {name: text for name, text in diagnose.INDEFINITE.items() if name in names},
        "scale": diagnose.SCALE,
        "largest": diagnose.LARGEST,
        "notSelected": diagnose.NOT_SELECTED,
        "doubleWhere": diagnose.DOUBLE_WHERE,
    }
    known = f"export const WORDS = {json.dumps(words, ensure_ascii=False)};"
    head = 'import { mod } from "./primitives.js";\n' if any("mod(" in cause for cause in causes) else ""
    return head + "\n".join(["export const CAUSES = [", *causes, "];", known, ""])


@cache
def _tests() -> list[str]:
    """The test of each cause, from the source of the table."""
    for node in ast.parse(inspect.getsource(diagnose)).body:
        match node:
            case ast.AnnAssign(ast.Name("CAUSES"), _, ast.List(rows)):
                return [arrow(_lambda(row)) for row in rows]
    raise LookupError("diagnose has no table of causes")


def _lambda(row: Any) -> ast.Lambda:
    found: ast.Lambda = row.elts[1]
    return found
