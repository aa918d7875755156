"""``+ - * / % **`` overloaded once, for everything that rows of the table apply to.

A subclass only says what ``apply_op`` does with an operation and its operands: a Value records a node, a symbol spells
a formula, an IEEE number computes.  An operator names its row and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .ops import Op

__all__ = ["OPS", "Ieee", "Operators"]

OPS: dict[str, Op] = {}
"""Every operation by name; ``ops.py`` fills it."""


def _operator(name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The operator of a row, and its reflected form, which has the object on its right."""

    def method(self: Any, other: Any) -> Any:
        return self.apply_op(OPS[name], (self, other)) if self.takes(other) else NotImplemented

    def reflected(self: Any, other: Any) -> Any:
        return self.apply_op(OPS[name], (other, self)) if self.takes(other) else NotImplemented

    return method, reflected


class Operators:
    """The operators, each as its row of the table; a subclass has ``apply_op(op, operands)``."""

    __slots__ = ()

    __add__, __radd__ = _operator("add")
    __sub__, __rsub__ = _operator("sub")
    __mul__, __rmul__ = _operator("mul")
    __truediv__, __rtruediv__ = _operator("div")
    __mod__, __rmod__ = _operator("mod")
    __pow__, __rpow__ = _operator("pow")

    def __neg__(self) -> Any:
        return self.apply_op(OPS["neg"], (self,))

    def __pos__(self) -> Any:
        return self

    @staticmethod
    def apply_op(op: Op, operands: tuple[Any, ...]) -> Any:
        """What the operation makes of these operands, one of which at least is of this class."""
        raise NotImplementedError

    @staticmethod
    def takes(other: object) -> bool:
        """Whether an operator applies to ``other``; the rest is left to the other side, a NumPy array say."""
        return True


class Ieee(Operators, float):
    """A float whose division follows IEEE 754 where Python's raises; rules are evaluated on it when that happens."""

    __slots__ = ()

    @staticmethod
    def apply_op(op: Op, operands: tuple[Any, ...]) -> Ieee:
        """Compute."""
        return Ieee(op(*map(float, operands)))
