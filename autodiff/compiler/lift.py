"""Python's text for other numbers than floats: what it says in operators and branches, it says in calls.

Python runs one side of ``x if condition else y``.  For an array the condition holds here and not there, and for a
symbol it stays open; so both sides are computed, and ``pick`` takes of each what it needs.  A formula is lifted by
reading its source anew, in which

========================================= ======================================
``x if condition else y``                 becomes ``pick(condition, x, y)``
``if condition: return x``, then the rest the same, of x and what the rest returns
``p and q``, ``p or q``, ``not p``        ``both(p, q)``, ``either(p, q)``, ``negated(p)``
``x < y < z``                             ``both(x < y, y < z)``
========================================= ======================================

>>> print(lifted_source("softplus"))
def softplus(x):
    rest = log1p(exp(pick(x > 0.0, -x, x)))
    return pick(x > 0.0, x + rest, rest)
"""

from __future__ import annotations

import ast
import inspect
from functools import cache, reduce
from typing import TYPE_CHECKING

from ..formulas import FORMULAS, SHARED

if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

    Namespace = dict[str, Any]

__all__ = ["lift", "lifted_source", "with_calls"]


def lift(names: Namespace, literals: bool = False) -> Namespace:
    """Every formula, lifted, on the numbers of a kind; and ``names``, which it looks up.

    Args:
        names: the primitives of the kind, ``pick``, ``both``, ``either``, ``negated`` and ``all``; a formula among
            them takes the place of the lifted one.
        literals: whether a number that is written in a formula is to become one of the kind, by ``number``.
    """
    lifted = dict(SHARED)
    exec(_code(literals), lifted)
    lifted.update(names)
    return lifted


@cache
def _code(literals: bool) -> CodeType:
    text = "\n".join(map(lifted_source, FORMULAS))
    return compile(with_calls(text, {}, literals=True) if literals else text, "<the formulas, lifted>", "exec")


@cache
def lifted_source(name: str) -> str:
    """The text of one formula, lifted."""
    return ast.unparse(ast.fix_missing_locations(_Lift().visit(ast.parse(inspect.getsource(FORMULAS[name])))))


class _Lift(ast.NodeTransformer):
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Without docstring and annotations; an early return is kept in a name, and chosen at the end."""
        self.generic_visit(node)
        node.returns = None
        body: list[ast.stmt] = []
        early: list[list[ast.Name]] = []
        for statement in node.body[1:]:
            match statement:
                case ast.If(test, [ast.Return(ast.expr() as value)], []):
                    names = [ast.Name(f"{name}_{len(early)}") for name in ("condition", "early")]
                    body += [ast.Assign([name], x) for name, x in zip(names, (test, value), strict=True)]
                    early.append(names)
                case ast.Return(ast.expr() as value):
                    for condition, x in reversed(early):
                        value = _called("pick", condition, x, value)
                    body.append(ast.Return(value))
                case _:
                    body.append(statement)
        node.body = body
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(node.arg)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        return _called("pick", node.test, node.body, node.orelse)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        return _joined("both" if isinstance(node.op, ast.And) else "either", node.values)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return _called("negated", node.operand) if isinstance(node.op, ast.Not) else node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        operands = [node.left, *node.comparators]
        pairs = zip(operands, node.ops, operands[1:], strict=False)
        return _joined("both", [ast.Compare(x, [operator], [y]) for x, operator, y in pairs])


def _joined(name: str, conditions: list[Any]) -> ast.expr:
    return reduce(lambda p, q: _called(name, p, q), conditions)


def with_calls(text: str, operators: dict[type, str], literals: bool) -> ast.Module:
    """A program in which some operators are calls of the namespace's own, and literals, if asked for, of ``number``."""
    program: ast.Module = ast.fix_missing_locations(_Calls(operators, literals).visit(ast.parse(text)))
    return program


class _Calls(ast.NodeTransformer):
    def __init__(self, operators: dict[type, str], literals: bool) -> None:
        self.operators, self.literals = operators, literals

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        name = self.operators.get(type(node.op))
        return _called(name, node.left, node.right) if name else node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return _called("number", node) if self.literals and type(node.value) in (int, float) else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        return node  # the component of a list

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        return node  # seeds=(1.0, 1.0)


def _called(name: str, *operands: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), [*operands], [])
