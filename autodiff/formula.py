"""Rules spelled as text: evaluate a row of the table on symbols instead of numbers, and read what it says.

>>> from autodiff.ops import OPS
>>> local_derivative_formula(OPS["div"], 1)
'-z / y'
>>> local_derivative_formula(OPS["sin"], 0)
'cos(x)'
"""

from __future__ import annotations

from .ops import NaryOp, Op

TYPE_CHECKING = False  # `typing` itself takes longer to import than all of this package
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Symbol", "local_derivative_formula"]

_SUM, _PRODUCT, _SIGN, _ATOM = range(4)


class Symbol:
    """An expression as text; operations on it spell a longer one.

    >>> 1 + Symbol("x") * (Symbol("y") + 2)
    1 + x * (y + 2)
    """

    __slots__ = ("binds", "text")

    def __init__(self, text: str, binds: int = _ATOM) -> None:
        self.text = text
        self.binds = binds  # how tightly the outermost operator holds its operands

    def __repr__(self) -> str:
        return self.text

    def __add__(self, other: Any) -> Symbol:
        return _infix(self, "+", other, _SUM)

    def __radd__(self, other: Any) -> Symbol:
        return _infix(other, "+", self, _SUM)

    def __sub__(self, other: Any) -> Symbol:
        return _infix(self, "-", other, _SUM)

    def __rsub__(self, other: Any) -> Symbol:
        return _infix(other, "-", self, _SUM)

    def __mul__(self, other: Any) -> Symbol:
        return _infix(self, "*", other, _PRODUCT)

    def __rmul__(self, other: Any) -> Symbol:
        return _infix(other, "*", self, _PRODUCT)

    def __truediv__(self, other: Any) -> Symbol:
        return _infix(self, "/", other, _PRODUCT)

    def __rtruediv__(self, other: Any) -> Symbol:
        return _infix(other, "/", self, _PRODUCT)

    def __neg__(self) -> Symbol:
        return Symbol("-" + _held(self, _SIGN), _SIGN)

    @staticmethod
    def apply_op(op: Op, operands: tuple[Any, ...]) -> Symbol:
        """Spell a call."""
        return Symbol(f"{op.name}({', '.join(map(str, operands))})")


def _infix(left: Any, sign: str, right: Any, binds: int) -> Symbol:
    # The right operand of - and / needs parentheses already at equal strength.
    return Symbol(f"{_held(left, binds)} {sign} {_held(right, binds + (sign in '-/'))}", binds)


def _held(operand: Any, binds: int) -> str:
    """The operand's text, in parentheses where its own operator binds less tightly than ``binds``."""
    return f"({operand})" if isinstance(operand, Symbol) and operand.binds < binds else str(operand)


def local_derivative_formula(op: Op, position: int) -> str:
    """The rule for ∂z/∂(operand at ``position``), in the operands' names of the row and the output z."""
    if isinstance(op, NaryOp):
        raise ValueError(f"{op.name} has one rule for all its operands, written for a list; there is no single formula")
    rule = op.partials[position]
    return str(rule(*map(Symbol, rule.__code__.co_varnames[: rule.__code__.co_argcount])))
