"""Operators on numbers, as instructions of LLVM: those that numba writes for the same kinds."""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir

from .operands import CONSTANT, KINDS, NARROW, Known, Number, Something, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["COMPARED", "Arithmetic"]

_FOLDED: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
}
_FLOATING = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}
_WHOLE = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.LShift: "shl", ast.RShift: "lshr"}
_WHOLE |= {ast.BitAnd: "and_", ast.BitOr: "or_", ast.BitXor: "xor"}
COMPARED = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}


class Arithmetic:
    """Writes what is computed of numbers."""

    def __init__(self, builder: ir.IRBuilder) -> None:
        self.builder = builder

    def number(self, item: Something) -> Number:
        """A number, where it is one."""
        if isinstance(item, Number):
            return item
        if not isinstance(item, Known) or not isinstance(item.value, CONSTANT):
            raise Unsupported("not a number")
        x = item.value
        if isinstance(x, (bool, np.bool_)):
            return Number("bool", ir.Constant(KINDS["bool"], int(x)))
        if isinstance(x, np.uint64):
            return Number("uint64", ir.Constant(KINDS["uint64"], int(x)))
        if isinstance(x, (int, np.integer)):
            if not -(2**63) <= int(x) < 2**63:
                raise Unsupported("a whole number of more than 64 bits")
            return Number("int64", ir.Constant(KINDS["int64"], int(x)))
        return Number("float64", ir.Constant(KINDS["float64"], float(x)))

    def double(self, item: Something) -> ir.Value:
        """A number in double precision."""
        return self.as_kind(item, "float64")

    def as_kind(self, item: Something, kind: str) -> ir.Value:
        """A number as one of another kind."""
        found, x = self.number(item)
        if found == kind:
            return x
        match found, kind:
            case ("bool" | "int64", "float64" | "float32"):
                write = self.builder.uitofp if found == "bool" else self.builder.sitofp
                return write(x, KINDS[kind])
            case "float64", "float32":
                return self.builder.fptrunc(x, KINDS[kind])
            case "float32", "float64":
                return self.builder.fpext(x, KINDS[kind])
            case (("float64" | "float32"), "int64"):
                return self.builder.fptosi(x, KINDS[kind])
            case "bool", "int64":
                return self.builder.zext(x, KINDS[kind])
            case (("int64" | "uint64"), ("int64" | "uint64")):
                return x
        raise Unsupported(f"{found} as {kind}")

    def truth(self, item: Something) -> ir.Value:
        """Whether a number is not 0."""
        x = self.number(item)
        return x.x if x.kind == "bool" else self.compare("!=", x, Number(x.kind, ir.Constant(x.x.type, 0)))

    def binary(self, operation: ast.operator, left: Something, right: Something) -> Something:
        """Two numbers with an operator between them."""
        how = type(operation)
        if how in _FOLDED and all(isinstance(x, Known) and type(x.value) in (int, float) for x in (left, right)):
            return Known(_FOLDED[how](left.value, right.value))
        x, y = self.number(left), self.number(right)
        whole = {x.kind, y.kind} <= {"int64", "uint64", "bool"}
        if not whole or how is ast.Div:
            kind = "float32" if x.kind == y.kind == "float32" else "float64"
            if how not in _FLOATING:
                raise Unsupported(f"{how.__name__} of floats")
            write = getattr(self.builder, _FLOATING[how])
            return Number(kind, write(self.as_kind(x, kind), self.as_kind(y, kind)))
        if x.kind != y.kind:
            if "uint64" in (x.kind, y.kind):
                raise Unsupported("signs")
            x, y = (Number("int64", self.as_kind(z, "int64")) for z in (x, y))
        if how in (ast.FloorDiv, ast.Mod) and x.kind == "int64":
            return Number("int64", self._divided(x.x, y.x, how is ast.Mod))
        if how not in _WHOLE:
            raise Unsupported(f"{how.__name__} of whole numbers")
        if how is ast.RShift and x.kind == "int64":
            return Number("int64", self.builder.ashr(x.x, y.x))
        if x.kind == "bool" and how not in (ast.BitAnd, ast.BitOr, ast.BitXor):
            return self.binary(operation, Number("int64", self.as_kind(x, "int64")), y)
        flags = ("nsw",) if x.kind == "int64" and how in (ast.Add, ast.Sub, ast.Mult) else ()
        write = getattr(self.builder, _WHOLE[how])
        return Number(x.kind, write(x.x, y.x, flags=flags) if flags else write(x.x, y.x))

    def _divided(self, x: ir.Value, y: ir.Value, rest: bool) -> ir.Value:
        """As Python has it: the remainder has the sign of the divisor."""
        builder, zero = self.builder, ir.Constant(ir.IntType(64), 0)
        quotient, remainder = builder.sdiv(x, y), builder.srem(x, y)
        other = builder.icmp_signed("<", builder.xor(remainder, y), zero)
        off = builder.and_(builder.icmp_signed("!=", remainder, zero), other)
        if rest:
            return builder.add(remainder, builder.select(off, y, zero))
        return builder.sub(quotient, builder.zext(off, zero.type))

    def unary(self, operation: ast.unaryop, operand: Something) -> Something:
        """A number with a sign before it."""
        if isinstance(operand, Known) and type(operand.value) in (int, float):
            if not isinstance(operation, (ast.USub, ast.UAdd)):
                raise Unsupported(type(operation).__name__)
            return Known(-operand.value) if isinstance(operation, ast.USub) else operand
        if not isinstance(operation, ast.USub):
            raise Unsupported("unary operator")
        x = self.number(operand)
        if x.kind not in ("int64", "float64", "float32"):
            raise Unsupported(f"- of {x.kind}")
        return Number(x.kind, self.builder.neg(x.x) if x.kind == "int64" else self.builder.fneg(x.x))

    def compare(self, sign: str, left: Something, right: Something) -> ir.Value:
        """Whether two numbers are as the sign says."""
        x, y = self.number(left), self.number(right)
        if {x.kind, y.kind} <= {"int64", "bool"}:
            return self.builder.icmp_signed(sign, self.as_kind(x, "int64"), self.as_kind(y, "int64"))
        if x.kind == y.kind == "uint64":
            return self.builder.icmp_unsigned(sign, x.x, y.x)
        if "uint64" in (x.kind, y.kind):
            raise Unsupported("signs")
        kind = "float32" if x.kind == y.kind == "float32" else "float64"
        compare = self.builder.fcmp_unordered if sign == "!=" else self.builder.fcmp_ordered
        return compare(sign, self.as_kind(x, kind), self.as_kind(y, kind))

    def put(self, item: Something, kind: str, place: ir.Value) -> None:
        """Store a number where an array has its numbers."""
        if kind == "bool":
            x = self.builder.zext(self.truth(item), ir.IntType(8))
        elif kind in NARROW:
            x = self.builder.trunc(self.as_kind(item, "int64"), KINDS[kind])
        else:
            x = self.as_kind(item, kind)
        self.builder.store(x, place)

    def loaded(self, kind: str, place: ir.Value) -> Number:
        """A number of an array; whole ones are computed with 64 bits."""
        x = self.builder.load(place)
        if kind == "bool":
            return Number("bool", self.builder.trunc(x, KINDS["bool"]))
        if kind in NARROW:
            widen = self.builder.zext if kind == "uint32" else self.builder.sext
            return Number("int64", widen(x, KINDS["int64"]))
        return Number(kind, x)
