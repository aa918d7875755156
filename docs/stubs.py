"""Writes ``autodiff/functions.pyi``: ``python docs/stubs.py``; ``--check`` fails if it is another than before.

``exp = unary(ops.exp, ...)`` tells an editor that does not run the code neither a signature nor a docstring.  The stub
has a ``def`` for each: the signatures of its kind, ``Unary``, ``Binary`` or ``Reduction``, and what ``help`` says.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "autodiff/functions.py"
STUB = SOURCE.with_suffix(".pyi")

HEAD = '''"""Made from functions.py by ``python docs/stubs.py``."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar, overload

from .ops import Op
from .value import Value

Scalar: TypeAlias = Value | float
Kind = TypeVar("Kind", Value, float, Scalar)
'''


def stub() -> str:
    """The text of the stub, made from the source."""
    program = ast.parse(SOURCE.read_text(encoding="utf-8"))
    kinds = {node.name: node for node in ast.walk(program) if isinstance(node, ast.ClassDef)}
    parts = [HEAD, *map(ast.unparse, kinds.values())]
    overloads: list[ast.FunctionDef] = []  # of the function that comes next
    for node in program.body:
        match node:
            case ast.Assign([ast.Name("__all__")]):
                parts.append(ast.unparse(node))
            case ast.Assign([ast.Name(name)], ast.Call(ast.Name("unary" | "binary" | "reduction" as kind))):
                parts.append(declared(name, kinds[kind.capitalize()], node.value))  # type: ignore[arg-type]
            case ast.Assign(targets, value):
                parts += aliases(targets, value)
            case ast.FunctionDef(decorator_list=[ast.Name("overload")]):
                overloads.append(node)
            case ast.FunctionDef(name) if not name.startswith("_"):
                parts += [spelled(x, ast.get_docstring(node, clean=False)) for x in overloads or [node]]
                overloads.clear()
    return "\n".join(parts) + "\n"


def declared(name: str, kind: ast.ClassDef, call: ast.Call) -> str:
    """The function that such a declaration makes: the calls of its kind, under its name."""
    (doc,) = [str(x.value) for x in ast.walk(call) if isinstance(x, ast.Constant) and " " in str(x.value)]
    calls = [node for node in kind.body if isinstance(node, ast.FunctionDef)]
    return "\n".join(spelled(node, doc.replace("\n    >>>", "\n\n    >>>", 1), name) for node in calls)


def spelled(node: ast.FunctionDef, doc: str | None, name: str = "") -> str:
    """A signature, with the docstring if there is one."""
    arguments = ast.unparse(node.args).removeprefix("self, ")
    overload = "@overload\n" * any(ast.unparse(x) == "overload" for x in node.decorator_list)
    body = f'\n    """{doc}"""\n' if doc else " ..."
    return f"{overload}def {name or node.name}({arguments}) -> {ast.unparse(node.returns)}:{body}"  # type: ignore[arg-type]


def aliases(targets: list[ast.expr], value: ast.expr) -> Iterator[str]:
    """``arcsin, arccos = asin, acos`` and ``absolute = fabs = abs``, a line for each name."""
    for target in targets:
        if isinstance(target, ast.Tuple):
            assert isinstance(value, ast.Tuple)
            yield from (f"{ast.unparse(x)} = {ast.unparse(y)}" for x, y in zip(target.elts, value.elts, strict=True))
        else:
            yield f"{ast.unparse(target)} = {ast.unparse(value)}"


def main() -> None:
    """Write the stub, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the stub is another than before")
    if not parser.parse_args().check:
        STUB.write_text(stub(), encoding="utf-8")
    elif STUB.read_text(encoding="utf-8") != stub():
        sys.exit(f"{STUB.name} is not what functions.py says: run python docs/stubs.py")


if __name__ == "__main__":
    main()
