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
        to_left = y
        to_right = x
    except ArithmeticError:
        return general(self, other)
    node = new(Value)
    node._data = z
    node._grad = 0.0
    node.label = ""
    node.op = op
    node._left = self
    node._right = other
    node._to_left = to_left
    node._to_right = to_right
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
from .tracing import keeps_numbers_only

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .ops import Op

__all__ = ["OPERATORS", "accelerate", "method_source", "spell_out"]

OPERATORS = {"add": "add", "sub": "sub", "mul": "mul", "div": "truediv"}
"""The rows that are spelled out, and what Python calls each."""

_METHOD = """\
def {name}(self, other):
    if {unusual}:
        return {fallback}(self, other)
    try:
        x = {x}
        y = {y}
        z = {z}
        to_left = {to_left}
        to_right = {to_right}
    except ArithmeticError:
        return general{suffix}(self, other)
    node = new(Value)
    node._data = z
    node._grad = 0.0
    node.label = ""
    node.op = op
    node._left = {left}
    node._right = {right}
    node._to_left = to_left
    node._to_right = to_right
    node.serial = next_serial()
    return node
"""

# What differs between Value·Value, Value·constant and constant·Value.
_NOT_A_CONSTANT = "(type(other) is not float and type(other) is not int) or paused_somewhere"
_CASES = {
    "two_values": {
        "unusual": "type(other) is not Value or paused_somewhere",
        **{"fallback": "with_constant", "suffix": ""},
        **{"x": "self._data", "y": "other._data", "left": "self", "right": "other"},
    },
    "with_constant": {
        "unusual": _NOT_A_CONSTANT,
        **{"fallback": "general", "suffix": ""},
        **{"x": "self._data", "y": "float(other)", "left": "self", "right": "y", "to_right": "None"},
    },
    "reflected": {
        "unusual": _NOT_A_CONSTANT,
        **{"fallback": "general_reflected", "suffix": "_reflected"},
        **{"x": "float(other)", "y": "self._data", "left": "x", "right": "self", "to_left": "None"},
    },
}


def method_source(op: Op, case: str) -> str:
    """The text of one method: ``op`` on two_values, with_constant on the right, or reflected (constant on the left)."""
    derivatives = {"to_left": local_derivative_formula(op, 0), "to_right": local_derivative_formula(op, 1)}
    return _METHOD.format(name=case, z=op.notation, **{**derivatives, **_CASES[case]})


def _spelled(op: Op, general: Any, general_reflected: Any, scope: dict[str, Any]) -> Any:
    """The operator and its reflected form; the general ones take every case but those of ``_CASES``."""
    methods = "".join(method_source(op, case) for case in _CASES).replace("\n", "\n    ")
    source = f"def make(op, general, general_reflected):\n    {methods}return two_values, reflected\n"
    made: dict[str, Any] = {}
    exec(compile(source, f"<the row {op.name}>", "exec"), scope, made)
    return made["make"](op, general, general_reflected)


def unary_method(op: Op, general: Callable[..., Any], cls: Any, record: Callable[..., Any]) -> Callable[..., Any]:
    """The row as a method of a Value alone."""
    value, (rule,) = op.value, op.on_floats

    def method(self: Any) -> Any:
        x = self._data
        z = value(x)
        if paused_somewhere:
            return cls(z) if keeps_numbers_only() else general(self)
        try:
            slope = rule(x, z)
        except ZeroDivisionError:
            (slope,) = op.float_derivatives((x,), z, (0,))
        return record(z, op, self, None, slope, None)

    return method


def binary_method(op: Op, general: Callable[..., Any], cls: Any, record: Callable[..., Any]) -> Callable[..., Any]:
    """The row as a method of a Value with another or a number; the general method takes what is neither."""
    value, (to_x, to_y) = op.value, op.on_floats

    def method(self: Any, other: Any) -> Any:
        x = self._data
        if isinstance(other, cls):
            y = other._data
            z = value(x, y)
            if paused_somewhere:
                return cls(z) if keeps_numbers_only() else general(self, other)
            try:
                left, right = to_x(x, y, z), to_y(x, y, z)
            except ZeroDivisionError:
                left, right = op.float_derivatives((x, y), z, (0, 1))
            return record(z, op, self, other, left, right)
        if is_number(other) and not isinstance(other, Truth):
            y = as_number(other, op.name)
            z = value(x, y)
            if paused_somewhere:
                return cls(z) if keeps_numbers_only() else general(self, other)
            try:
                left = to_x(x, y, z)
            except ZeroDivisionError:
                (left,) = op.float_derivatives((x, y), z, (0,))
            return record(z, op, self, y, left, None)
        return general(self, other)

    return method


def _named(method: Callable[..., Any], name: str, op: Op) -> Callable[..., Any]:
    """The method with a name and a docstring, for ``help`` and editors."""
    method.__name__, method.__qualname__, method.__doc__ = name, f"Value.{name}", f"{op.notation}."
    return method


def accelerate(cls: type[Operators], record: Callable[..., Any]) -> None:
    """Give ``Value`` faster methods than those of ``Operators``, to the same effect, where it has none of its own.

    ``record`` makes the node of an operation with one operand or two.
    """
    for name, method in vars(Operators).items():
        if callable(method) and method in ROW_OF and vars(cls).get(name, method) is method:
            op = OPS[ROW_OF[method]]
            faster = unary_method if len(op.partials) == 1 else binary_method
            setattr(cls, name, _named(faster(op, method, cls, record), name, op))


def spell_out(cls: type[Operators], next_serial: Callable[[], int]) -> None:
    """Give ``Value`` the operators that are generated; ``next_serial`` gives the number of a node."""
    scope = {"Value": cls, "new": object.__new__, "next_serial": next_serial, "paused_somewhere": paused_somewhere}
    for row, name in OPERATORS.items():
        infix, reflected = f"__{name}__", f"__r{name}__"
        methods = _spelled(OPS[row], getattr(cls, infix), getattr(cls, reflected), scope)
        for which, method in zip((infix, reflected), methods, strict=True):
            setattr(cls, which, _named(method, which, OPS[row]))
