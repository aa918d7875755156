"""The code of a function comes in, its definition goes out as it was written: what ``dialect`` translates."""

from __future__ import annotations

import ast
import linecache
import os
from functools import cache
from types import CodeType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Names", "definition", "names_of"]

_OURS = os.path.dirname(os.path.dirname(__file__))  # whose files do not change while they are in use


@cache
def definition(code: CodeType) -> ast.FunctionDef | ast.Lambda | None:
    """The function that has this code; None if its source is not there, or perhaps no longer what it was.

    A function stands at the left margin of a file of ours, or of a generated one; a lambda may stand anywhere.
    """
    if code.co_name == "<lambda>":
        return _lambdas(code.co_filename, code.co_firstlineno).get(_said(code))
    if not code.co_filename.startswith((_OURS, "<")):
        return None
    lines = linecache.getlines(code.co_filename)[code.co_firstlineno - 1 :]
    for text in ("".join(_first(lines)), "".join(lines)):
        try:
            found = ast.parse(text).body[:1]
        except SyntaxError:  # a text in several lines that goes to the left margin
            continue
        for statement in found:
            if isinstance(statement, ast.FunctionDef) and statement.name == code.co_name:
                return statement
    return None


def _first(lines: list[str]) -> Iterator[str]:
    """The lines of the first definition: up to the next thing at the left margin."""
    inside = False
    for line in lines:
        if inside and line[:1] not in " \t\r\n)#":
            return
        inside = inside or line.startswith("def ")
        yield line


@cache
def _lambdas(file: str, line: int) -> dict[Any, ast.Lambda]:
    """The lambdas that begin on a line, by what their code says."""
    return {
        _said(compile(ast.Expression(node), "", "eval").co_consts[0]): node
        for node in _all_lambdas(file)
        if node.lineno == line
    }


@cache
def _all_lambdas(file: str) -> list[ast.Lambda]:
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except SyntaxError:  # it has changed, or is no file of Python's
        return []
    return [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]


def _said(code: CodeType) -> tuple[Any, ...]:
    """What is left of a function's text."""
    constants = tuple([x if isinstance(x, CodeType) else (type(x), repr(x)) for x in code.co_consts])
    return code.co_name, code.co_code, code.co_varnames, code.co_names, constants


@cache
def names_of(function: ast.FunctionDef) -> Names:
    """What a function does with its names."""
    return Names(function)


class Names:
    """What a function does with its names, and where it returns.

    Attributes:
        given: the names that get a value; how often.
        once: those that get it in one place, and are read only behind it in the same block, or further in.
        returns: its statements ``return``.
    """

    def __init__(self, function: ast.FunctionDef) -> None:
        self.returns: list[ast.Return] = []
        self._given: dict[str, list[tuple[int, ...]]] = {}  # in which block, and in which blocks that is
        self._read: dict[str, list[tuple[int, ...]]] = {}
        for statement in function.body:
            self._visit(statement, ())
        self.given = {name: len(places) for name, places in self._given.items()}
        arguments = {x.arg for x in function.args.args}
        self.once = {name for name, n in self.given.items() if n == 1 and name not in arguments and self._inside(name)}

    def _inside(self, name: str) -> bool:
        (block,) = self._given[name]
        return all(path[: len(block)] == block for path in self._read.get(name, ()))

    def _visit(self, node: ast.AST, block: tuple[int, ...]) -> None:
        if isinstance(node, ast.Name):
            places = self._read if isinstance(node.ctx, ast.Load) else self._given
            places.setdefault(node.id, []).append(block)
            return
        if isinstance(node, ast.Return):
            self.returns.append(node)
        for field, found in ast.iter_fields(node):
            if isinstance(found, list):
                within = (*block, id(found)) if field in ("body", "orelse") else block
                for x in found:
                    self._visit(x, within)
            elif field == "target" and isinstance(node, ast.For):
                self._visit(found, (*block, id(node.body)))
            elif isinstance(found, ast.AST):
                self._visit(found, block)
