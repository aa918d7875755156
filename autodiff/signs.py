"""What is never negative whatever its leaves are, and the kinks that it touches but never crosses.

|-x²| is x², also at 0.  The row of abs has the slope sign(u), which at u = 0 is 0, by convention, and leaves nothing of
the second derivative: sign(u)·u″ is 0 for 2.  A rule sees the number of u only, and cannot know from which side u came
to be 0.  Where u has the same sign for all numbers in its leaves, there is only one side, and the rule is right at a
point of that side.  Where the sign is not plain from the operations, as of 1 - cos(x), the convention stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Scalar = Value | float

__all__ = ["settled", "signs"]


def signs(nodes: Iterable[Value]) -> dict[Value, int]:
    """1 for a node that is at least 0 whatever its leaves are, -1 for one that is at most 0; others are left out.

    >>> x = Value(0.0)
    >>> square = x * x
    >>> y = -3 * square
    >>> signs([x, square, y]) == {square: 1, y: -1}
    True
    """
    known: dict[Value, int] = {}
    for node in nodes:
        sign = _sign(node, known) if node.op is not None else 0
        if sign:
            known[node] = sign
    return known


def _sign(node: Value, known: dict[Value, int]) -> int:
    operands = node.operands

    def of(x: Scalar) -> int:
        return known.get(x, 0) if isinstance(x, Value) else (x > 0) - (x < 0)

    match node.op and node.op.name:
        case "square" | "abs" | "norm" | "hypot":
            return 1
        case "pow":
            exponent = operands[1]
            return int(not isinstance(exponent, Value) and exponent > 0 and exponent % 2 == 0)
        case "mul":
            return 1 if operands[0] is operands[1] else of(operands[0]) * of(operands[1])
        case "div":
            return of(operands[0]) * of(operands[1])
        case "neg":
            return -of(operands[0])
        case "add" | "sum" | "mean":
            return _common([of(x) for x in operands if isinstance(x, Value) or x != 0])
        case "sub":
            return _common([of(operands[0]), -of(operands[1])])
    return 0


def _common(of_operands: Sequence[int]) -> int:
    first = of_operands[0] if of_operands else 0
    return first if all(sign == first for sign in of_operands) else 0


_BOTH = (1, -1)
_SLOPES = {"abs": _BOTH, "relu": _BOTH, "copysign": _BOTH, "leaky_relu": (1,), "elu": (1,)}
"""Rows with a kink at 0 of their first operand, and the signs of it for which all slopes are constant in it."""


def settled(node: Value, known: dict[Value, int]) -> Sequence[Scalar]:
    """The operands at which the rule of ``node`` is right: 1 or -1 for one that touches a kink from that side alone."""
    operands = node.operands
    name = node.op.name if node.op else ""
    if name in _SLOPES:
        sign = known.get(operands[0], 0)  # type: ignore[arg-type]
        return (float(sign), *operands[1:]) if sign in _SLOPES[name] else operands
    if name in ("maximum", "minimum") and 0.0 in [x for x in operands if not isinstance(x, Value)]:
        return [float(known.get(x, 0)) or x if isinstance(x, Value) else x for x in operands]
    return operands
