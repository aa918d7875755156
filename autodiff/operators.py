"""``+ - * / % **``, and functions of one or two numbers as methods, for everything that rows apply to.

A subclass only says what ``apply_op`` does with an operation and its operands: a Value records a node, a symbol spells
a formula, an IEEE number computes.  A method names its row and nothing else.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from .entrance import as_number
from .errors import OperandError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from .ops import Op

    Kind = TypeVar("Kind", bound="Operators")

__all__ = ["OPS", "ROW_OF", "Ieee", "Operators", "binary", "infix", "ordered", "unary"]

OPS: dict[str, Op] = {}
"""Every operation by name; ``ops.py`` fills it."""

ROW_OF: dict[object, str] = {}
"""The row of each method that applies one to the object, or to the object and another operand."""


def unary(name: str) -> Callable[[Kind], Kind]:
    """The method that applies a row to the object alone."""

    def method(self: Kind) -> Any:
        return self.apply_op(OPS[name], (self,))

    return _registered(method, name)


def binary(name: str) -> Callable[[Kind, Any], Kind]:
    """The method that applies a row to the object and another operand."""

    def method(self: Kind, other: Any) -> Any:
        return self.apply_op(OPS[name], (self, other))

    return _registered(method, name)


def infix(name: str) -> tuple[Callable[[Kind, Any], Kind], Callable[[Kind, Any], Kind]]:
    """The operator of a row, and its reflected form, which has the object on its right."""

    def method(self: Kind, other: Any) -> Any:
        return self.apply_op(OPS[name], (self, other)) if self.takes(other) else NotImplemented

    def reflected(self: Kind, other: Any) -> Any:
        return self.apply_op(OPS[name], (other, self)) if self.takes(other) else NotImplemented

    return _registered(method, name), reflected


def _registered(method: Callable[..., Any], name: str) -> Callable[..., Any]:
    ROW_OF[method] = name
    return method


def ordered(low: Any, high: Any) -> tuple[Any, Any]:
    """The bounds of a clamp, if they are such."""
    for bound in (low, high):
        if not hasattr(bound, "apply_op"):
            as_number(bound, "clamp")
    if not low <= high:
        raise OperandError(f"clamp needs low <= high, not {low!r} and {high!r}")
    return low, high


class Operators:
    """The methods, each as its row of the table; a subclass has ``apply_op(op, operands)``.

    They have Python's names and NumPy's, so ``np.arcsin(array)`` works on an array of such objects.
    """

    __slots__ = ()

    @staticmethod
    def apply_op(op: Op, operands: tuple[Any, ...]) -> Any:
        """What the operation makes of these operands, one of which at least is of this class."""
        raise NotImplementedError

    @staticmethod
    def takes(other: object) -> bool:
        """Whether an operator applies to ``other``; the rest is left to the other side, a NumPy array say."""
        return True

    # Operators.
    __add__, __radd__ = infix("add")
    __sub__, __rsub__ = infix("sub")
    __mul__, __rmul__ = infix("mul")
    __truediv__, __rtruediv__ = infix("div")
    __mod__, __rmod__ = infix("mod")
    __floordiv__, __rfloordiv__ = infix("floor_divide")
    __pow__, __rpow__ = infix("pow")
    __neg__ = neg = negative = unary("neg")
    __abs__ = abs = absolute = fabs = unary("abs")
    __floor__ = floor = unary("floor")
    __ceil__ = ceil = unary("ceil")
    __trunc__ = trunc = unary("trunc")

    def __divmod__(self: Kind, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self: Kind, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    def __pos__(self: Kind) -> Kind:
        return self

    def __round__(self: Kind, digits: int | None = None) -> Kind:
        if digits is not None:
            raise OperandError("round(value, digits) would record no useful derivative; use round(value.data, digits)")
        return self.rint()

    def conjugate(self: Kind) -> Kind:
        """The number itself, which is real: NumPy's ``var`` and ``std`` ask for it."""
        return self

    conj = conjugate

    # Functions.
    mod, pow, fmod, floor_divide = binary("mod"), binary("pow"), binary("fmod"), binary("floor_divide")
    square, reciprocal = unary("square"), unary("reciprocal")
    sqrt, cbrt = unary("sqrt"), unary("cbrt")
    exp, exp2, exp10, expm1 = unary("exp"), unary("exp2"), unary("exp10"), unary("expm1")
    log, log2, log10, log1p = unary("log"), unary("log2"), unary("log10"), unary("log1p")
    log1mexp, logit = unary("log1mexp"), unary("logit")
    logaddexp, logaddexp2 = binary("logaddexp"), binary("logaddexp2")
    xlogy, xlog1py = binary("xlogy"), binary("xlog1py")
    sin, cos, tan = unary("sin"), unary("cos"), unary("tan")
    asin = arcsin = unary("asin")
    acos = arccos = unary("acos")
    atan = arctan = unary("atan")
    atan2 = arctan2 = binary("atan2")
    hypot = binary("hypot")
    sinc = unary("sinc")
    deg2rad = radians = unary("deg2rad")
    rad2deg = degrees = unary("rad2deg")
    sinh, cosh, tanh = unary("sinh"), unary("cosh"), unary("tanh")
    asinh = arcsinh = unary("asinh")
    acosh = arccosh = unary("acosh")
    atanh = arctanh = unary("atanh")
    erf, erfc, lgamma, digamma = unary("erf"), unary("erfc"), unary("lgamma"), unary("digamma")
    relu, gelu, silu = unary("relu"), unary("gelu"), unary("silu")
    sigmoid, log_sigmoid, softplus = unary("sigmoid"), unary("log_sigmoid"), unary("softplus")
    sign, step, rint = unary("sign"), unary("step"), unary("round")
    maximum, minimum, copysign = binary("maximum"), binary("minimum"), binary("copysign")

    def leaky_relu(self: Kind, slope: Any = 0.01) -> Kind:
        """x for x > 0, slope·x elsewhere; the derivative at 0 is the slope."""
        return self.apply_op(OPS["leaky_relu"], (self, slope))  # type: ignore[no-any-return]

    def elu(self: Kind, alpha: Any = 1.0) -> Kind:
        """x for x > 0, alpha·(exp(x) - 1) elsewhere."""
        return self.apply_op(OPS["elu"], (self, alpha))  # type: ignore[no-any-return]

    def clamp(self: Kind, low: Any = -inf, high: Any = inf) -> Kind:
        """x kept between low and high; the derivative at a bound is 1, unless they are equal."""
        return self.apply_op(OPS["clamp"], (self, *ordered(low, high)))  # type: ignore[no-any-return]


class Ieee(Operators, float):  # type: ignore[misc]  # a float's own floor, ceil, round and ** give something else
    """A float whose division follows IEEE 754 where Python's raises; rules are evaluated on it when that happens."""

    __slots__ = ()

    @staticmethod
    def apply_op(op: Op, operands: tuple[Any, ...]) -> Any:
        """Compute, if all are numbers; else it is for the other kind."""
        for x in operands:
            if not isinstance(x, (float, int)):
                return x.apply_op(op, operands)
        return Ieee(op(*map(float, operands)))
