"""The formulas of the table in JavaScript: their Python source read anew, expression by expression.

A formula consists of expressions, selections, early returns and loops of a fixed length (``formulas.py``), all of which
JavaScript has too.  Lists and tuples are arrays, and functions of many numbers take one.

>>> print(translated("softplus"))
function softplus(x) {
  let rest;
  rest = log1p(exp(x > 0 ? -x : x));
  return x > 0 ? x + rest : rest;
}
"""

from __future__ import annotations

import ast
import inspect
from functools import cache
from typing import TYPE_CHECKING

from ..formulas import FORMULAS, NUMBERS

if TYPE_CHECKING:
    from typing import Any

__all__ = ["arrow", "literal", "translated"]

_OPERATORS: dict[type, tuple[str, int]] = {
    ast.Or: ("||", 2),
    ast.And: ("&&", 3),
    ast.Eq: ("===", 4),
    ast.NotEq: ("!==", 4),
    ast.Lt: ("<", 5),
    ast.LtE: ("<=", 5),
    ast.Gt: (">", 5),
    ast.GtE: (">=", 5),
    ast.Add: ("+", 6),
    ast.Sub: ("-", 6),
    ast.Mult: ("*", 7),
    ast.Div: ("/", 7),
    ast.USub: ("-", 8),
    ast.Not: ("!", 8),
}
_CONDITIONAL, _ATOM = 1, 9
_CALLS: dict[type, str] = {ast.Mod: "mod", ast.FloorDiv: "floor_divide", ast.Pow: "pow"}
_NAMES = {"inf": "Infinity", "nan": "NaN"}


@cache
def translated(name: str) -> str:
    """A formula, or a constant of the formulas, as a declaration in JavaScript."""
    if name in NUMBERS:
        return f"const {name} = {literal(NUMBERS[name])};"
    (function,) = ast.parse(inspect.getsource(FORMULAS[name])).body
    return _function(function)


def literal(x: Any) -> str:
    """A number, or numbers, as JavaScript writes them.

    >>> literal((1.0, 1e-07, float("-inf")))
    '[1, 1e-07, -Infinity]'
    """
    if isinstance(x, (tuple, list)):
        return f"[{', '.join(map(literal, x))}]"
    return repr(x).removesuffix(".0").replace("inf", "Infinity").replace("nan", "NaN")


def arrow(function: ast.Lambda) -> str:
    """A lambda of numbers as an arrow function."""
    return f"({', '.join([x.arg for x in function.args.args])}) => {_text(function.body)}"


def _function(function: Any) -> str:
    parameters = [argument.arg for argument in function.args.args]
    nodes = [*ast.walk(function)]
    inner = [x for node in nodes if isinstance(node, ast.comprehension) for x in ast.walk(node.target)]
    stored = [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    known = {*parameters, *[x.id for x in inner if isinstance(x, ast.Name)]}
    local = [name for name in dict.fromkeys(stored) if name not in known]
    lines = [f"let {', '.join(local)};"] if local else []
    for statement in function.body[1:]:  # after the docstring
        lines += _statement(statement)
    return "\n".join([f"function {function.name}({', '.join(parameters)}) {{", *_indented(lines), "}"])


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _statement(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.Return(ast.expr() as value):
            return [f"return {_text(value)};"]
        case ast.Assign([target], value):
            return [f"{_text(target)} = {_text(value)};"]
        case ast.AugAssign(target, operator, value):
            return [f"{_text(target)} {_OPERATORS[type(operator)][0]}= {_text(value)};"]
        case ast.If(test, body, []):
            return [f"if ({_text(test)}) {{", *_indented(_block(body)), "}"]
        case ast.For(ast.Name(name), ast.Call(ast.Name("range"), bounds), body):
            start, stop, *step = ["0"] * (len(bounds) == 1) + [*map(_text, bounds)]
            compare, change = (">", "--") if step == ["-1"] else ("<", "++")
            head = f"for ({name} = {start}; {name} {compare} {stop}; {name}{change}) {{"
            return [head, *_indented(_block(body)), "}"]
        case ast.For(ast.Name(name), sequence, body):
            return [f"for ({name} of {_text(sequence)}) {{", *_indented(_block(body)), "}"]
    raise NotImplementedError(f"no JavaScript for {ast.unparse(statement)!r}")


def _block(body: list[ast.stmt]) -> list[str]:
    return [line for statement in body for line in _statement(statement)]


def _text(node: ast.expr, binds: int = 0) -> str:
    """The expression, in parentheses where it does not hold as tightly as ``binds``."""
    text, own = _expression(node)
    return text if own >= binds else f"({text})"


def _expression(node: ast.expr) -> tuple[str, int]:
    match node:
        case ast.Constant(value):
            return literal(value), _ATOM
        case ast.Name(name):
            return _NAMES.get(name, name), _ATOM
        case ast.Tuple(elements) | ast.List(elements):
            return f"[{', '.join(map(_text, elements))}]", _ATOM
        case ast.Starred(value):
            return f"...{_text(value, _ATOM)}", _ATOM
        case ast.IfExp(test, body, orelse):
            return f"{_text(test, 2)} ? {_text(body, 2)} : {_text(orelse, _CONDITIONAL)}", _CONDITIONAL
        case ast.BinOp(ast.List([element]), ast.Mult(), count):
            return f"Array({_text(count)}).fill({_text(element)})", _ATOM
        case ast.BinOp(left, operator, right) if type(operator) in _CALLS:
            return f"{_CALLS[type(operator)]}({_text(left)}, {_text(right)})", _ATOM
        case ast.BinOp(left, operator, right):
            sign, binds = _OPERATORS[type(operator)]
            return f"{_text(left, binds)} {sign} {_text(right, binds + 1)}", binds  # a + (b + c) is rounded otherwise
        case ast.UnaryOp(operator, operand):
            sign, binds = _OPERATORS[type(operator)]
            return sign + _text(operand, binds + 1), binds
        case ast.BoolOp(operator, values):
            sign, binds = _OPERATORS[type(operator)]
            return f" {sign} ".join([_text(value, binds + 1) for value in values]), binds
        case ast.Compare(left, operators, others):
            pairs = [
                f"{_text(x, 6)} {_OPERATORS[type(operator)][0]} {_text(y, 6)}"
                for x, operator, y in zip([left, *others[:-1]], operators, others, strict=True)
            ]
            return " && ".join(pairs), 3 if len(pairs) > 1 else 4
        case ast.Subscript(value, ast.Slice(None, ast.Constant(0), ast.UnaryOp())):  # xs[:0:-1]
            return f"{_text(value, _ATOM)}.slice(1).reverse()", _ATOM
        case ast.Subscript(value, ast.Slice(low, high, None)):
            bounds = [_text(low) if low else "0", *([_text(high)] if high else [])]
            return f"{_text(value, _ATOM)}.slice({', '.join(bounds)})", _ATOM
        case ast.Subscript(value, ast.UnaryOp(ast.USub(), ast.Constant()) as index):
            return f"{_text(value, _ATOM)}.at({_text(index)})", _ATOM
        case ast.Subscript(value, index):
            return f"{_text(value, _ATOM)}[{_text(index)}]", _ATOM
        case ast.ListComp(element, generators):
            return _comprehension(element, generators), _ATOM
        case ast.Call():
            return _call(node), _ATOM
    raise NotImplementedError(f"no JavaScript for {ast.unparse(node)!r}")


def _comprehension(element: ast.expr, generators: list[ast.comprehension]) -> str:
    first, *others = generators
    if others:
        return f"{_text(first.iter, _ATOM)}.flatMap(({_text(first.target)}) => {_comprehension(element, others)})"
    match first:
        case ast.comprehension(ast.Tuple([x, y]), ast.Call(ast.Name("zip"), [left, right])):
            return f"zipped(({_text(x)}, {_text(y)}) => {_text(element)}, {_text(left)}, {_text(right)})"
    return f"{_text(first.iter, _ATOM)}.map(({_text(first.target)}) => {_text(element)})"


def _call(node: ast.Call) -> str:
    match node:
        case ast.Call(ast.Name("len"), [xs]):
            return f"{_text(xs, _ATOM)}.length"
        case ast.Call(ast.Name("abs"), [x]):
            return f"Math.abs({_text(x)})"
        case ast.Call(ast.Name("int"), [x]):
            return f"trunc({_text(x)})"
        case ast.Call(ast.Name("reversed"), [xs]):
            return f"{_text(xs, _ATOM)}.slice().reverse()"
        case ast.Call(ast.Name("reduce"), [f, xs]):
            return f"{_text(xs, _ATOM)}.reduce((x, y) => {_text(f)}(x, y))"
        case ast.Call(ast.Name("map"), [f, xs]):
            return f"{_text(xs, _ATOM)}.map((x) => {_text(f)}(x))"
        case ast.Call(ast.Name("map"), [f, xs, ys]):
            return f"zipped({_text(f)}, {_text(xs)}, {_text(ys)})"
        case ast.Call(ast.Name() as function, operands, keywords):
            return f"{_text(function)}({', '.join(map(_text, [*operands, *[k.value for k in keywords]]))})"
    raise NotImplementedError(f"no JavaScript for {ast.unparse(node)!r}")
