"""A rule spelled as it stands, for code: evaluate a row of the table on symbols, and read what it says.

>>> from autodiff.ops import OPS
>>> local_derivative_formula(OPS["div"], 1)
'-z / y'
>>> local_derivative_formula(OPS["sin"], 0)
'cos(x)'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .operators import Operators
from .ops import NaryOp

if TYPE_CHECKING:
    from typing import Any

    from .ops import Op

__all__ = ["Symbol", "local_derivative_formula"]

_SUM, _PRODUCT, _SIGN, _ATOM = range(4)  # how tightly an operator holds its operands
_INFIX = {"add": ("+", _SUM), "sub": ("-", _SUM), "mul": ("*", _PRODUCT), "div": ("/", _PRODUCT)}


class Symbol(Operators):
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

    @staticmethod
    def apply_op(op: Op, operands: tuple[Any, ...]) -> Symbol:
        """Spell the operator, or a call."""
        if op.name in _INFIX:
            sign, binds = _INFIX[op.name]
            left, right = operands
            # The right operand of - and / needs parentheses already at equal strength.
            return Symbol(f"{_held(left, binds)} {sign} {_held(right, binds + (sign in '-/'))}", binds)
        if op.name == "neg":
            return Symbol("-" + _held(operands[0], _SIGN), _SIGN)
        return Symbol(f"{op.name}({', '.join(map(str, operands))})")


def _held(operand: Any, binds: int) -> str:
    """The operand's text, in parentheses where its own operator binds less tightly than ``binds``."""
    return f"({operand})" if isinstance(operand, Symbol) and operand.binds < binds else str(operand)


def local_derivative_formula(op: Op, position: int) -> str:
    """The rule for ∂z/∂(operand at ``position``), in the operands' names of the row and the output z."""
    if isinstance(op, NaryOp):
        raise ValueError(f"{op.name} has one rule for all its operands, written for a list; there is no single formula")
    rule = op.partials[position]
    return str(rule(*map(Symbol, rule.__code__.co_varnames[: rule.__code__.co_argcount])))
