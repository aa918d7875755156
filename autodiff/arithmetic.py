"""+ - * / at speed: the methods of Value for them, generated from their rows of the table.

Nearly every node of a scalar program comes from these four, and calling a row's value and its rules costs more than
the arithmetic itself: a generated method takes about two thirds of the time (``python -m benchmarks graph``).  It is
the row spelled out, never a second copy of a derivative: the text is what the row's own functions say of symbols.

>>> from autodiff.ops import OPS
>>> print(method_source(OPS["mul"], "two_values"))
def two_values(self, other):
    if type(other) is not Value or paused:
        return with_constant(self, other)
    try:
        x = self.data
        y = other.data
        z = x * y
        local_derivatives = (y, x)
    except ArithmeticError:
        return general(self, other)
    node = new(Value)
    node.data = z
    node.grad = 0.0
    node.label = ""
    node.op = op
    node.operands = node.parents = (self, other)
    node.local_derivatives = local_derivatives
    node.serial = next_serial()
    return node
<BLANKLINE>
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .symbol import local_derivative_formula

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .ops import Op

__all__ = ["generated_methods", "method_source"]

_METHOD = """\
def {name}(self, other):
    if {unusual}:
        return {fallback}(self, other)
    try:
        x = {x}
        y = {y}
        z = {z}
        local_derivatives = ({local_derivatives})
    except ArithmeticError:
        return general{suffix}(self, other)
    node = new(Value)
    node.data = z
    node.grad = 0.0
    node.label = ""
    node.op = op
    {edges}
    node.local_derivatives = local_derivatives
    node.serial = next_serial()
    return node
"""

# What differs between Value·Value, Value·constant and constant·Value.
_NOT_A_VALUE = "type(other) is not Value or paused"
_NOT_A_CONSTANT = "(type(other) is not float and type(other) is not int) or paused"
_ONE_PARENT = "node.parents = (self,)\n    node.operands = "
_CASES = {
    "two_values": (
        {"unusual": _NOT_A_VALUE, "fallback": "with_constant", "suffix": "", "x": "self.data", "y": "other.data"},
        {"edges": "node.operands = node.parents = (self, other)"},
    ),
    "with_constant": (
        {"unusual": _NOT_A_CONSTANT, "fallback": "general", "suffix": "", "x": "self.data", "y": "float(other)"},
        {"edges": _ONE_PARENT + "(self, y)"},
    ),
    "reflected": (
        {"unusual": _NOT_A_CONSTANT, "fallback": "general_reflected", "suffix": "_reflected"},
        {"x": "float(other)", "y": "self.data", "edges": _ONE_PARENT + "(x, self)"},
    ),
}


def method_source(op: Op, case: str) -> str:
    """The text of one method: ``op`` on two_values, with_constant on the right, or reflected (constant on the left)."""
    dx, dy = (local_derivative_formula(op, position) for position in (0, 1))
    local_derivatives = {"two_values": f"{dx}, {dy}", "with_constant": f"{dx},", "reflected": f"{dy},"}[case]
    first, second = _CASES[case]
    return _METHOD.format(name=case, z=op.notation, local_derivatives=local_derivatives, **first, **second)


def generated_methods(
    op: Op, general: Callable[..., Any], general_reflected: Callable[..., Any], scope: dict[str, Any]
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The method and its reflected form.

    The general ones take every case but two Values and a Value with a number; ``scope`` is where the methods find
    ``Value``, ``next_serial`` and ``paused`` when they are called.
    """
    methods = "".join(method_source(op, case) for case in _CASES).replace("\n", "\n    ")
    source = f"def make(op, general, general_reflected, new):\n    {methods}return two_values, reflected\n"
    made: dict[str, Callable[..., Any]] = {}
    exec(compile(source, f"<the row {op.name}>", "exec"), scope, made)
    pair: tuple[Callable[..., Any], Callable[..., Any]] = made["make"](op, general, general_reflected, object.__new__)
    return pair
