"""+ - * / at speed: the methods of Value for them, generated from their rows of the table.

Nearly every node of a scalar program comes from these four, and calling a row's value and its rules costs more than
the arithmetic itself: a generated method takes about two thirds of the time (``python -m benchmarks graph``).  It is
the row spelled out, never a second copy of a derivative: the text is what the row's own functions say of symbols.

>>> from autodiff.ops import OPS
>>> print(method_source(OPS["mul"], "two_values"))
def two_values(self, other):
    if type(other) is not Value or paused_somewhere:
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

from .entrance import as_number, is_number
from .operators import ROW_OF, Operators
from .ops import OPS
from .pausing import paused_somewhere
from .symbol import local_derivative_formula

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .ops import Op

__all__ = ["accelerate", "method_source"]

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
_NOT_A_VALUE = "type(other) is not Value or paused_somewhere"
_NOT_A_CONSTANT = "(type(other) is not float and type(other) is not int) or paused_somewhere"
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


def _generated(op: Op, general: Any, general_reflected: Any, scope: dict[str, Any]) -> Any:
    """The operator and its reflected form; the general ones take every case but those of ``_CASES``."""
    methods = "".join(method_source(op, case) for case in _CASES).replace("\n", "\n    ")
    source = f"def make(op, general, general_reflected):\n    {methods}return two_values, reflected\n"
    made: dict[str, Any] = {}
    exec(compile(source, f"<the row {op.name}>", "exec"), scope, made)
    return made["make"](op, general, general_reflected)


def _unary(op: Op, record: Callable[..., Any]) -> Callable[[Any], Any]:
    value, (rule,) = op.value, op.on_floats

    def method(self: Any) -> Any:
        x = self.data
        z = value(x)
        try:
            local: tuple[float, ...] = (rule(x, z),)
        except ZeroDivisionError:
            local = op.float_derivatives((x,), z, (0,))
        operands = (self,)
        return record(z, op, operands, operands, local)

    return method


def _binary(op: Op, general: Callable[..., Any], cls: type, record: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    """With a Value or a number; the general method takes what is neither."""
    value, (to_x, to_y) = op.value, op.on_floats

    def method(self: Any, other: Any) -> Any:
        x = self.data
        if isinstance(other, cls):
            y = other.data  # type: ignore[attr-defined]
            z = value(x, y)
            try:
                local: tuple[float, ...] = (to_x(x, y, z), to_y(x, y, z))
            except ZeroDivisionError:
                local = op.float_derivatives((x, y), z, (0, 1))
            operands = (self, other)
            return record(z, op, operands, operands, local)
        if type(other) is int or is_number(other):
            y = as_number(other)
            z = value(x, y)
            try:
                local = (to_x(x, y, z),)
            except ZeroDivisionError:
                local = op.float_derivatives((x, y), z, (0,))
            return record(z, op, (self, y), (self,), local)
        return general(self, other)

    return method


def accelerate(cls: type[Operators], record: Callable[..., Any], next_serial: Callable[[], int]) -> None:
    """Give ``Value`` faster methods than those of ``Operators``, to the same effect.

    ``record`` makes the node of an operation, ``next_serial`` gives its number.
    """
    for name, method in vars(Operators).items():
        op = OPS.get(ROW_OF.get(method, "")) if callable(method) else None
        if op:
            setattr(cls, name, _unary(op, record) if len(op.partials) == 1 else _binary(op, method, cls, record))
    scope = {"Value": cls, "new": object.__new__, "next_serial": next_serial, "paused_somewhere": paused_somewhere}
    for row, name in {"add": "add", "sub": "sub", "mul": "mul", "div": "truediv"}.items():
        general, reflected = getattr(cls, f"__{name}__"), getattr(cls, f"__r{name}__")
        faster = _generated(OPS[row], general, reflected, scope)
        for infix, method in zip((f"__{name}__", f"__r{name}__"), faster, strict=True):
            setattr(cls, infix, method)
