"""The methods of Value at speed, to the same effect as those of ``Operators``.

A method here calls its row's value and rules itself, where ``Operators`` asks ``apply_op``.  Nearly every node of a
scalar program comes from ``+ - * /``, and for them even those calls cost more than the arithmetic.  So their methods
are generated, which takes about two thirds of the time (``python -m benchmarks graph``): the row spelled out, never a
second copy of a derivative, for the text is what the row's own functions say of symbols.

>>> from autodiff.ops import OPS
>>> print(method_source(OPS["mul"], "two_values"))
def two_values(self, other):
    if type(other) is not Value or paused_somewhere:
        return with_constant(self, other)
    try:
        x = self._data
        y = other._data
        z = x * y
        local_derivatives = (y, x)
    except ArithmeticError:
        return general(self, other)
    node = new(Value)
    node._data = z
    node._grad = 0.0
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

from .comparing import Truth
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
    node._data = z
    node._grad = 0.0
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
        {"unusual": _NOT_A_VALUE, "fallback": "with_constant", "suffix": "", "x": "self._data", "y": "other._data"},
        {"edges": "node.operands = node.parents = (self, other)"},
    ),
    "with_constant": (
        {"unusual": _NOT_A_CONSTANT, "fallback": "general", "suffix": "", "x": "self._data", "y": "float(other)"},
        {"edges": _ONE_PARENT + "(self, y)"},
    ),
    "reflected": (
        {"unusual": _NOT_A_CONSTANT, "fallback": "general_reflected", "suffix": "_reflected"},
        {"x": "float(other)", "y": "self._data", "edges": _ONE_PARENT + "(x, self)"},
    ),
}


def method_source(op: Op, case: str) -> str:
    """The text of one method: ``op`` on two_values, with_constant on the right, or reflected (constant on the left)."""
    dx, dy = (local_derivative_formula(op, position) for position in (0, 1))
    local_derivatives = {"two_values": f"{dx}, {dy}", "with_constant": f"{dx},", "reflected": f"{dy},"}[case]
    first, second = _CASES[case]
    return _METHOD.format(name=case, z=op.notation, local_derivatives=local_derivatives, **first, **second)


def _spelled(op: Op, general: Any, general_reflected: Any, scope: dict[str, Any]) -> Any:
    """The operator and its reflected form; the general ones take every case but those of ``_CASES``."""
    methods = "".join(method_source(op, case) for case in _CASES).replace("\n", "\n    ")
    source = f"def make(op, general, general_reflected):\n    {methods}return two_values, reflected\n"
    made: dict[str, Any] = {}
    exec(compile(source, f"<the row {op.name}>", "exec"), scope, made)
    return made["make"](op, general, general_reflected)


def unary_method(op: Op, general: Callable[..., Any], cls: type, record: Callable[..., Any]) -> Callable[..., Any]:
    """The row as a method of a Value alone."""
    value, (rule,) = op.value, op.on_floats

    def method(self: Any) -> Any:
        x = self._data
        z = value(x)
        try:
            local: tuple[float, ...] = (rule(x, z),)
        except ZeroDivisionError:
            local = op.float_derivatives((x,), z, (0,))
        operands = (self,)
        return record(z, op, operands, operands, local)

    return method


def binary_method(op: Op, general: Callable[..., Any], cls: type, record: Callable[..., Any]) -> Callable[..., Any]:
    """The row as a method of a Value with another or a number; the general method takes what is neither."""
    value, (to_x, to_y) = op.value, op.on_floats

    def method(self: Any, other: Any) -> Any:
        x = self._data
        if isinstance(other, cls):
            y = other._data  # type: ignore[attr-defined]
            z = value(x, y)
            try:
                local: tuple[float, ...] = (to_x(x, y, z), to_y(x, y, z))
            except ZeroDivisionError:
                local = op.float_derivatives((x, y), z, (0, 1))
            operands = (self, other)
            return record(z, op, operands, operands, local)
        if is_number(other) and not isinstance(other, Truth):
            y = as_number(other)
            z = value(x, y)
            try:
                local = (to_x(x, y, z),)
            except ZeroDivisionError:
                local = op.float_derivatives((x, y), z, (0,))
            return record(z, op, (self, y), (self,), local)
        return general(self, other)

    return method


def _named(method: Callable[..., Any], name: str, op: Op) -> Callable[..., Any]:
    """The method with a name and a docstring, for ``help`` and editors."""
    method.__name__, method.__qualname__, method.__doc__ = name, f"Value.{name}", f"{op.notation}."
    return method


def accelerate(cls: type[Operators], record: Callable[..., Any], next_serial: Callable[[], int]) -> None:
    """Give ``Value`` faster methods than those of ``Operators``, to the same effect.

    ``record`` makes the node of an operation, ``next_serial`` gives its number.
    """
    for name, method in vars(Operators).items():
        if callable(method) and method in ROW_OF:
            op = OPS[ROW_OF[method]]
            faster = unary_method if len(op.partials) == 1 else binary_method
            setattr(cls, name, _named(faster(op, method, cls, record), name, op))
    scope = {"Value": cls, "new": object.__new__, "next_serial": next_serial, "paused_somewhere": paused_somewhere}
    for row, name in {"add": "add", "sub": "sub", "mul": "mul", "div": "truediv"}.items():
        infix, reflected = f"__{name}__", f"__r{name}__"
        methods = _spelled(OPS[row], getattr(cls, infix), getattr(cls, reflected), scope)
        for which, method in zip((infix, reflected), methods, strict=True):
            setattr(cls, which, _named(method, which, OPS[row]))
