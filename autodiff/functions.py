"""The functions that a user calls."""

from __future__ import annotations

from math import inf

from . import ops
from .errors import LengthError, OperandError
from .ops import as_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = [
    "abs",
    "absolute",
    "acos",
    "acosh",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "ceil",
    "clamp",
    "cos",
    "cosh",
    "dot",
    "elu",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "fabs",
    "floor",
    "gelu",
    "hypot",
    "leaky_relu",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_sigmoid",
    "logsumexp",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "mod",
    "neg",
    "negative",
    "norm",
    "pow",
    "power",
    "prod",
    "reciprocal",
    "relu",
    "remainder",
    "rint",
    "round",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "sqrt",
    "square",
    "step",
    "sum",
    "tan",
    "tanh",
    "where",
]


def neg(x: Any) -> Any:
    """neg of x."""
    return ops.neg(x)


def abs(x: Any) -> Any:
    """abs of x."""
    return ops.abs(x)


def exp(x: Any) -> Any:
    """exp of x."""
    return ops.exp(x)


def exp2(x: Any) -> Any:
    """exp2 of x."""
    return ops.exp2(x)


def expm1(x: Any) -> Any:
    """expm1 of x."""
    return ops.expm1(x)


def log(x: Any) -> Any:
    """log of x."""
    return ops.log(x)


def log2(x: Any) -> Any:
    """log2 of x."""
    return ops.log2(x)


def log10(x: Any) -> Any:
    """log10 of x."""
    return ops.log10(x)


def log1p(x: Any) -> Any:
    """log1p of x."""
    return ops.log1p(x)


def sqrt(x: Any) -> Any:
    """sqrt of x."""
    return ops.sqrt(x)


def cbrt(x: Any) -> Any:
    """cbrt of x."""
    return ops.cbrt(x)


def square(x: Any) -> Any:
    """square of x."""
    return ops.square(x)


def reciprocal(x: Any) -> Any:
    """reciprocal of x."""
    return ops.reciprocal(x)


def sin(x: Any) -> Any:
    """sin of x."""
    return ops.sin(x)


def cos(x: Any) -> Any:
    """cos of x."""
    return ops.cos(x)


def tan(x: Any) -> Any:
    """tan of x."""
    return ops.tan(x)


def asin(x: Any) -> Any:
    """asin of x."""
    return ops.asin(x)


def acos(x: Any) -> Any:
    """acos of x."""
    return ops.acos(x)


def atan(x: Any) -> Any:
    """atan of x."""
    return ops.atan(x)


def sinh(x: Any) -> Any:
    """sinh of x."""
    return ops.sinh(x)


def cosh(x: Any) -> Any:
    """cosh of x."""
    return ops.cosh(x)


def tanh(x: Any) -> Any:
    """tanh of x."""
    return ops.tanh(x)


def asinh(x: Any) -> Any:
    """asinh of x."""
    return ops.asinh(x)


def acosh(x: Any) -> Any:
    """acosh of x."""
    return ops.acosh(x)


def atanh(x: Any) -> Any:
    """atanh of x."""
    return ops.atanh(x)


def erf(x: Any) -> Any:
    """erf of x."""
    return ops.erf(x)


def erfc(x: Any) -> Any:
    """erfc of x."""
    return ops.erfc(x)


def relu(x: Any) -> Any:
    """relu of x."""
    return ops.relu(x)


def gelu(x: Any) -> Any:
    """gelu of x."""
    return ops.gelu(x)


def silu(x: Any) -> Any:
    """silu of x."""
    return ops.silu(x)


def sigmoid(x: Any) -> Any:
    """sigmoid of x."""
    return ops.sigmoid(x)


def log_sigmoid(x: Any) -> Any:
    """log_sigmoid of x."""
    return ops.log_sigmoid(x)


def softplus(x: Any) -> Any:
    """softplus of x."""
    return ops.softplus(x)


def sign(x: Any) -> Any:
    """sign of x."""
    return ops.sign(x)


def step(x: Any) -> Any:
    """step of x."""
    return ops.step(x)


def floor(x: Any) -> Any:
    """floor of x."""
    return ops.floor(x)


def ceil(x: Any) -> Any:
    """ceil of x."""
    return ops.ceil(x)


def round(x: Any) -> Any:
    """round of x."""
    return ops.round(x)


def mod(x: Any, y: Any) -> Any:
    """mod(x, y)."""
    return ops.mod(x, y)


def pow(x: Any, y: Any) -> Any:
    """pow(x, y)."""
    return ops.pow(x, y)


def atan2(y: Any, x: Any) -> Any:
    """atan2(y, x)."""
    return ops.atan2(y, x)


def hypot(x: Any, y: Any) -> Any:
    """hypot(x, y)."""
    return ops.hypot(x, y)


def maximum(x: Any, y: Any) -> Any:
    """maximum(x, y)."""
    return ops.maximum(x, y)


def minimum(x: Any, y: Any) -> Any:
    """minimum(x, y)."""
    return ops.minimum(x, y)


def leaky_relu(x: Any, slope: Any = 0.01) -> Any:
    """Leaky ReLU."""
    return ops.leaky_relu(x, slope)


def elu(x: Any, alpha: Any = 1.0) -> Any:
    """ELU."""
    return ops.elu(x, alpha)


def clamp(x: Any, low: Any = -inf, high: Any = inf) -> Any:
    """Keep x between low and high."""
    clamped = ops.clamp(x, low, high)
    if not low <= high:
        raise OperandError(f"clamp needs low <= high, not {low!r} and {high!r}")
    return clamped


def where(condition: Any, x: Any, y: Any) -> Any:
    """x where the condition holds, else y."""
    return ops.where(condition, x, y)


def _listed(name: str, xs: Any) -> list[Any] | tuple[Any, ...]:
    if isinstance(xs, (list, tuple)):
        return xs
    if isinstance(xs, (str, bytes, dict)):
        raise OperandError(f"{name} takes an iterable of Values and numbers, not {type(xs).__name__} {xs!r}")
    try:
        elements = iter(xs)
    except TypeError:
        raise OperandError(f"{name} takes an iterable of Values and numbers, not {xs!r}: write {name}([x, y])") from None
    return list(elements)


def _some(name: str, xs: Any) -> list[Any] | tuple[Any, ...]:
    xs = _listed(name, xs)
    if not xs:
        raise LengthError(f"{name} of nothing is not defined: give at least one number")
    return xs


def sum(xs: Iterable[Any]) -> Any:
    """Sum."""
    return ops.sum(*_listed("sum", xs))


def prod(xs: Iterable[Any]) -> Any:
    """Product."""
    xs = _listed("prod", xs)
    return ops.prod(*xs) if xs else 1.0


def dot(ws: Iterable[Any], xs: Iterable[Any], bias: Any = None) -> Any:
    """Sum of w*x, plus bias: one node."""
    ws, xs = _listed("dot", ws), _listed("dot", xs)
    if len(ws) != len(xs):
        raise LengthError(f"dot needs as many weights as inputs, not {len(ws)} weights and {len(xs)} inputs")
    return ops.dot(*ws, *xs) if bias is None else ops.dot(*ws, *xs, bias)


def mean(xs: Iterable[Any]) -> Any:
    """Mean."""
    return ops.mean(*_some("mean", xs))


def max(xs: Iterable[Any]) -> Any:
    """Maximum."""
    return ops.max(*_some("max", xs))


def min(xs: Iterable[Any]) -> Any:
    """Minimum."""
    return ops.min(*_some("min", xs))


def logsumexp(xs: Iterable[Any]) -> Any:
    """Logarithm of the sum of exponentials."""
    xs = _listed("logsumexp", xs)
    return ops.logsumexp(*xs) if xs else -inf


def softmax(xs: Iterable[Any]) -> list[Any]:
    """Softmax, a list."""
    xs = [x if hasattr(x, "apply_op") else as_number(x, "softmax") for x in _some("softmax", xs)]
    return ops._softmax_all(xs)


def norm(xs: Iterable[Any]) -> Any:
    """Euclidean length."""
    return ops.norm(*_listed("norm", xs))


arcsin = asin
arccos = acos
arctan = atan
arctan2 = atan2
arcsinh = asinh
arccosh = acosh
arctanh = atanh
absolute = abs
fabs = abs
negative = neg
power = pow
remainder = mod
rint = round
