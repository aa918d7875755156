"""The functions that a user calls: ``ad.exp(x)``, ``ad.dot(ws, xs, bias)`` and the rest, ``ad`` being ``autodiff``.

Each only calls its row of ``ops.OPS``, where the value and the derivatives are written.  An operand is a Value or a
real number.  Numbers alone give a float; with a Value among the operands the result is a Value, which records the
operation as one node.  Numbers follow IEEE 754: ``log(0)`` is -inf and ``log(-1)`` is nan.  Anything but a real number
raises ``OperandError``.

The names are those of Python's `math` and built-ins, else of NumPy and PyTorch; NumPy's ufunc names work too
(``arcsin`` is ``asin``).  For an array of Values take NumPy's own functions: ``np.exp(array)`` takes the ``exp`` of
each.

>>> x = Value(3.0)
>>> y = hypot(x, 4.0) + exp(0.0)
>>> y.backward()
>>> y.data, x.grad
(6.0, 0.6)
"""

from __future__ import annotations

from math import inf
from operator import mul as multiply
from typing import TYPE_CHECKING

from . import ieee, ops
from .entrance import as_number
from .errors import LengthError, OperandError
from .value import Value, ordered, record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TypeAlias, TypeVar, overload

    Scalar: TypeAlias = Value | float
    Kind = TypeVar("Kind", Value, float, Scalar)  # the type of the operand is the type of the result

__all__ = [  # all but the six that a star import would put in place of Python's own
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
    "maximum",
    "mean",
    "minimum",
    "mod",
    "neg",
    "negative",
    "norm",
    "power",
    "prod",
    "reciprocal",
    "relu",
    "rint",
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
    "tan",
    "tanh",
    "where",
]


# ---------------------------------------------------------------------------------------------------------------------
# Arithmetic.
# ---------------------------------------------------------------------------------------------------------------------


def neg(x: Kind) -> Kind:
    """The negative, -x.

    >>> neg(2.0)
    -2.0
    """
    return x.negative() if isinstance(x, Value) else ops.neg(x)


def abs(x: Kind) -> Kind:
    """The absolute value; its derivative at 0 is taken as 0, as in PyTorch.

    >>> x = Value(-2.0)
    >>> abs(x).backward()
    >>> x.grad
    -1.0
    """
    return x.absolute() if isinstance(x, Value) else ops.abs(x)


if TYPE_CHECKING:

    @overload
    def mod(x: Value, y: Scalar) -> Value: ...
    @overload
    def mod(x: Scalar, y: Value) -> Value: ...
    @overload
    def mod(x: float, y: float) -> float: ...


def mod(x: Any, y: Any) -> Any:
    """The remainder of x / y with the sign of y, Python's ``x % y``; nan for y = 0.

    >>> mod(-7.0, 3.0)
    2.0
    """
    return ops.mod(x, y)


if TYPE_CHECKING:

    @overload
    def pow(x: Value, y: Scalar) -> Value: ...
    @overload
    def pow(x: Scalar, y: Value) -> Value: ...
    @overload
    def pow(x: float, y: float) -> float: ...


def pow(x: Any, y: Any) -> Any:
    """The power ``x**y``, as a real number.

    A negative base has a value where y is whole, and is nan elsewhere: ``pow(-8, 1/3)`` is nan, ``cbrt(-8)`` is -2.
    The derivative in x is right there too; the one in y, which needs log(x), is nan.  At x = 0 the derivative in y is
    0 for y > 0 and -inf for y < 0.

    >>> x = Value(0.0)
    >>> y = pow(x, 2)
    >>> y.backward()
    >>> y.data, x.grad
    (0.0, 0.0)
    """
    return ops.pow(x, y)


def square(x: Kind) -> Kind:
    """The square, ``x * x``.

    >>> square(-3.0)
    9.0
    """
    return x.square() if isinstance(x, Value) else ops.square(x)


def reciprocal(x: Kind) -> Kind:
    """The reciprocal, ``1 / x``; at ±0 it is ±inf.

    >>> reciprocal(4.0)
    0.25
    """
    return x.reciprocal() if isinstance(x, Value) else ops.reciprocal(x)


def sqrt(x: Kind) -> Kind:
    """The square root; its derivative at 0 is inf, and below 0 both are nan.

    >>> x = Value(4.0)
    >>> sqrt(x).backward()
    >>> x.grad
    0.25
    """
    return x.sqrt() if isinstance(x, Value) else ops.sqrt(x)


def cbrt(x: Kind) -> Kind:
    """The real cube root, of negative numbers too; its derivative at 0 is inf.

    >>> cbrt(-8.0)
    -2.0
    """
    return x.cbrt() if isinstance(x, Value) else ops.cbrt(x)


# ---------------------------------------------------------------------------------------------------------------------
# Exponentials and logarithms.
# ---------------------------------------------------------------------------------------------------------------------


def exp(x: Kind) -> Kind:
    """The exponential, e to the power x; inf above x = 709.78.

    >>> exp(0.0)
    1.0
    """
    return x.exp() if isinstance(x, Value) else ops.exp(x)


def exp2(x: Kind) -> Kind:
    """Two to the power x.

    >>> exp2(3.0)
    8.0
    """
    return x.exp2() if isinstance(x, Value) else ops.exp2(x)


def expm1(x: Kind) -> Kind:
    """The exponential less 1, exact where x is near 0 and ``exp(x) - 1`` is not.

    >>> expm1(1e-20)
    1e-20
    """
    return x.expm1() if isinstance(x, Value) else ops.expm1(x)


def log(x: Kind) -> Kind:
    """The natural logarithm: -inf at 0 with derivative inf; both are nan below 0.

    >>> log(1.0)
    0.0
    """
    return x.log() if isinstance(x, Value) else ops.log(x)


def log2(x: Kind) -> Kind:
    """The logarithm to base 2; at 0 and below as ``log``.

    >>> log2(8.0)
    3.0
    """
    return x.log2() if isinstance(x, Value) else ops.log2(x)


def log10(x: Kind) -> Kind:
    """The logarithm to base 10; at 0 and below as ``log``.

    >>> log10(10.0)
    1.0
    """
    return x.log10() if isinstance(x, Value) else ops.log10(x)


def log1p(x: Kind) -> Kind:
    """The natural logarithm of 1 + x, exact where x is near 0; at -1 and below as ``log`` at 0 and below.

    >>> log1p(1e-20)
    1e-20
    """
    return x.log1p() if isinstance(x, Value) else ops.log1p(x)


# ---------------------------------------------------------------------------------------------------------------------
# Circular functions; angles are in radians.
# ---------------------------------------------------------------------------------------------------------------------


def sin(x: Kind) -> Kind:
    """The sine of an angle in radians.

    >>> x = Value(0.0)
    >>> sin(x).backward()
    >>> x.grad
    1.0
    """
    return x.sin() if isinstance(x, Value) else ops.sin(x)


def cos(x: Kind) -> Kind:
    """The cosine of an angle in radians.

    >>> cos(0.0)
    1.0
    """
    return x.cos() if isinstance(x, Value) else ops.cos(x)


def tan(x: Kind) -> Kind:
    """The tangent of an angle in radians.

    >>> tan(0.0)
    0.0
    """
    return x.tan() if isinstance(x, Value) else ops.tan(x)


def asin(x: Kind) -> Kind:
    """The angle in [-π/2, π/2] whose sine is x; its derivative at ±1 is inf, and beyond both are nan.

    >>> asin(0.0)
    0.0
    """
    return x.asin() if isinstance(x, Value) else ops.asin(x)


def acos(x: Kind) -> Kind:
    """The angle in [0, π] whose cosine is x; its derivative at ±1 is -inf, and beyond both are nan.

    >>> acos(1.0)
    0.0
    """
    return x.acos() if isinstance(x, Value) else ops.acos(x)


def atan(x: Kind) -> Kind:
    """The angle in [-π/2, π/2] whose tangent is x.

    >>> atan(0.0)
    0.0
    """
    return x.atan() if isinstance(x, Value) else ops.atan(x)


if TYPE_CHECKING:

    @overload
    def atan2(y: Value, x: Scalar) -> Value: ...
    @overload
    def atan2(y: Scalar, x: Value) -> Value: ...
    @overload
    def atan2(y: float, x: float) -> float: ...


def atan2(y: Any, x: Any) -> Any:
    """The angle in [-π, π] from the x-axis to the point (x, y): the ordinate comes first, as in `math`.

    At the origin both derivatives are taken as 0.

    >>> y = Value(0.0)
    >>> atan2(y, 2.0).backward()
    >>> y.grad
    0.5
    """
    return ops.atan2(y, x)


if TYPE_CHECKING:

    @overload
    def hypot(x: Value, y: Scalar) -> Value: ...
    @overload
    def hypot(x: Scalar, y: Value) -> Value: ...
    @overload
    def hypot(x: float, y: float) -> float: ...


def hypot(x: Any, y: Any) -> Any:
    """The length √(x² + y²), without overflow on the way; at the origin both derivatives are taken as 0.

    >>> hypot(3.0, 4.0)
    5.0
    """
    return ops.hypot(x, y)


# ---------------------------------------------------------------------------------------------------------------------
# Hyperbolic functions.
# ---------------------------------------------------------------------------------------------------------------------


def sinh(x: Kind) -> Kind:
    """The hyperbolic sine.

    >>> sinh(0.0)
    0.0
    """
    return x.sinh() if isinstance(x, Value) else ops.sinh(x)


def cosh(x: Kind) -> Kind:
    """The hyperbolic cosine.

    >>> cosh(0.0)
    1.0
    """
    return x.cosh() if isinstance(x, Value) else ops.cosh(x)


def tanh(x: Kind) -> Kind:
    """The hyperbolic tangent, between -1 and 1; its derivative keeps its digits far out, where tanh rounds to ±1.

    >>> tanh(0.0)
    0.0
    """
    return x.tanh() if isinstance(x, Value) else ops.tanh(x)


def asinh(x: Kind) -> Kind:
    """The number whose hyperbolic sine is x.

    >>> asinh(0.0)
    0.0
    """
    return x.asinh() if isinstance(x, Value) else ops.asinh(x)


def acosh(x: Kind) -> Kind:
    """The number ≥ 0 whose hyperbolic cosine is x; its derivative at 1 is inf, and below 1 both are nan.

    >>> acosh(1.0)
    0.0
    """
    return x.acosh() if isinstance(x, Value) else ops.acosh(x)


def atanh(x: Kind) -> Kind:
    """The number whose hyperbolic tangent is x: ±inf at ±1 with derivative inf; beyond, both are nan.

    >>> atanh(0.0)
    0.0
    """
    return x.atanh() if isinstance(x, Value) else ops.atanh(x)


# ---------------------------------------------------------------------------------------------------------------------
# The error function.
# ---------------------------------------------------------------------------------------------------------------------


def erf(x: Kind) -> Kind:
    """The error function 2/√π · ∫₀ˣ exp(-t²) dt, between -1 and 1.

    >>> erf(0.0)
    0.0
    """
    return x.erf() if isinstance(x, Value) else ops.erf(x)


def erfc(x: Kind) -> Kind:
    """The complement of the error function, ``1 - erf(x)``, exact in the tail where that difference is not.

    >>> erfc(0.0)
    1.0
    """
    return x.erfc() if isinstance(x, Value) else ops.erfc(x)


# ---------------------------------------------------------------------------------------------------------------------
# Activations.
# ---------------------------------------------------------------------------------------------------------------------


def relu(x: Kind) -> Kind:
    """The positive part max(x, 0), "rectified linear unit"; nan stays nan.

    Its derivative at 0 is taken as 0, as in PyTorch; one lecture note takes 1.

    >>> x = Value(0.0)
    >>> relu(x).backward()
    >>> x.grad
    0.0
    """
    return x.relu() if isinstance(x, Value) else ops.relu(x)


if TYPE_CHECKING:

    @overload
    def leaky_relu(x: Value, slope: Scalar = ...) -> Value: ...
    @overload
    def leaky_relu(x: Scalar, slope: Value) -> Value: ...
    @overload
    def leaky_relu(x: float, slope: float = ...) -> float: ...


def leaky_relu(x: Any, slope: Any = 0.01) -> Any:
    """The identity for x > 0 and slope·x elsewhere; its derivative at 0 is the slope, as in PyTorch.

    The slope may be a Value too, to be learned (PReLU: He et al. 2015).

    >>> leaky_relu(-2.0, slope=0.25)
    -0.5
    """
    return ops.leaky_relu(x, slope)


if TYPE_CHECKING:

    @overload
    def elu(x: Value, alpha: Scalar = ...) -> Value: ...
    @overload
    def elu(x: Scalar, alpha: Value) -> Value: ...
    @overload
    def elu(x: float, alpha: float = ...) -> float: ...


def elu(x: Any, alpha: Any = 1.0) -> Any:
    """The identity for x > 0 and alpha·(exp(x) - 1) elsewhere (Clevert et al. 2016); its derivative at 0 is alpha.

    >>> elu(2.0), elu(-1000.0)
    (2.0, -1.0)
    """
    return ops.elu(x, alpha)


def gelu(x: Kind) -> Kind:
    """The product x·Φ(x) with the normal distribution function Φ (Hendrycks and Gimpel 2016).

    This is the exact one, PyTorch's default, not the approximation by tanh.

    >>> x = Value(0.0)
    >>> gelu(x).backward()
    >>> x.grad
    0.5
    """
    return x.gelu() if isinstance(x, Value) else ops.gelu(x)


def silu(x: Kind) -> Kind:
    """The product x·sigmoid(x), also called swish.

    >>> x = Value(0.0)
    >>> silu(x).backward()
    >>> x.grad
    0.5
    """
    return x.silu() if isinstance(x, Value) else ops.silu(x)


def sigmoid(x: Kind) -> Kind:
    """The logistic function 1/(1 + exp(-x)), between 0 and 1; it and its derivative keep their digits in both tails.

    >>> x = Value(0.0)
    >>> y = sigmoid(x)
    >>> y.backward()
    >>> y.data, x.grad
    (0.5, 0.25)
    """
    return x.sigmoid() if isinstance(x, Value) else ops.sigmoid(x)


def log_sigmoid(x: Kind) -> Kind:
    """The logarithm of sigmoid(x), without its underflow: the log-probability of a class from its logit.

    >>> log_sigmoid(-1000.0)
    -1000.0
    """
    return x.log_sigmoid() if isinstance(x, Value) else ops.log_sigmoid(x)


def softplus(x: Kind) -> Kind:
    """The smooth relu log(1 + exp(x)), without overflow.

    >>> softplus(1000.0)
    1000.0
    """
    return x.softplus() if isinstance(x, Value) else ops.softplus(x)


# ---------------------------------------------------------------------------------------------------------------------
# Piecewise constant: the derivative is 0 everywhere, at the jumps too.
# ---------------------------------------------------------------------------------------------------------------------


def sign(x: Kind) -> Kind:
    """The sign: 1, -1, or x itself where that is ±0 or nan; the derivative is 0.

    >>> sign(-3.0)
    -1.0
    """
    return x.sign() if isinstance(x, Value) else ops.sign(x)


def step(x: Kind) -> Kind:
    """The unit step: 1 for x > 0, 0 elsewhere (at 0 too), nan at nan; the derivative is 0.

    >>> step(0.0), step(0.5)
    (0.0, 1.0)
    """
    return x.step() if isinstance(x, Value) else ops.step(x)


def floor(x: Kind) -> Kind:
    """The largest whole number that is not above x; the derivative is 0.

    >>> floor(-2.5)
    -3.0
    """
    return x.floor() if isinstance(x, Value) else ops.floor(x)


def ceil(x: Kind) -> Kind:
    """The smallest whole number that is not below x; the derivative is 0.

    >>> ceil(2.5)
    3.0
    """
    return x.ceil() if isinstance(x, Value) else ops.ceil(x)


def round(x: Kind) -> Kind:
    """The nearest whole number, of two the even one; the derivative is 0.

    >>> round(2.5), round(3.5)
    (2.0, 4.0)
    """
    return x.rint() if isinstance(x, Value) else ops.round(x)


# ---------------------------------------------------------------------------------------------------------------------
# Selections.
# ---------------------------------------------------------------------------------------------------------------------


if TYPE_CHECKING:

    @overload
    def maximum(x: Value, y: Scalar) -> Value: ...
    @overload
    def maximum(x: Scalar, y: Value) -> Value: ...
    @overload
    def maximum(x: float, y: float) -> float: ...


def maximum(x: Any, y: Any) -> Any:
    """The larger of two; where they are equal each has derivative ½, and nan on either side gives nan.

    >>> x = Value(2.0)
    >>> maximum(x, 2.0).backward()
    >>> x.grad
    0.5
    """
    return ops.maximum(x, y)


if TYPE_CHECKING:

    @overload
    def minimum(x: Value, y: Scalar) -> Value: ...
    @overload
    def minimum(x: Scalar, y: Value) -> Value: ...
    @overload
    def minimum(x: float, y: float) -> float: ...


def minimum(x: Any, y: Any) -> Any:
    """The smaller of two; where they are equal each has derivative ½, and nan on either side gives nan.

    >>> minimum(2.0, 3.0)
    2.0
    """
    return ops.minimum(x, y)


if TYPE_CHECKING:

    @overload
    def clamp(x: Value, low: Scalar = ..., high: Scalar = ...) -> Value: ...
    @overload
    def clamp(x: Scalar, low: Value, high: Scalar = ...) -> Value: ...
    @overload
    def clamp(x: Scalar, low: Scalar = ..., *, high: Value) -> Value: ...
    @overload
    def clamp(x: Scalar, low: Scalar, high: Value) -> Value: ...
    @overload
    def clamp(x: float, low: float = ..., high: float = ...) -> float: ...


def clamp(x: Any, low: Any = -inf, high: Any = inf) -> Any:
    """Keep x between low and high; its derivative is 1 from bound to bound, both included, and 0 beyond.

    The bounds may be Values too: the derivative in a bound is 1 where x is beyond it.

    Raises:
        OperandError: ``low <= high`` does not hold.

    >>> x = Value(1.0)
    >>> y = clamp(x, 0.0, 1.0)
    >>> y.backward()
    >>> y.data, x.grad
    (1.0, 1.0)
    """
    return ops.clamp(x, *ordered(low, high))


if TYPE_CHECKING:

    @overload
    def where(condition: Value, x: Scalar, y: Scalar) -> Value: ...
    @overload
    def where(condition: Scalar, x: Value, y: Scalar) -> Value: ...
    @overload
    def where(condition: Scalar, x: Scalar, y: Value) -> Value: ...
    @overload
    def where(condition: float, x: float, y: float) -> float: ...


def where(condition: Any, x: Any, y: Any) -> Any:
    """Select x where the condition (a bool, a number or a Value) is not 0, else y; nan where it is nan.

    The derivative in the condition is 0.  Both x and y are computed before one is selected, and where a derivative on
    the way to the other one is infinite, the gradient becomes 0·inf = nan.  So guard the argument: not
    ``where(x > 0, log(x), 0)`` but ``where(x > 0, log(where(x > 0, x, 1)), 0)``.

    >>> x, y = Value(2.0), Value(3.0)
    >>> where(x > y, x, y).backward()
    >>> x.grad, y.grad
    (0.0, 1.0)
    """
    return ops.where(condition, x, y)


# ---------------------------------------------------------------------------------------------------------------------
# Any number of operands, in one node: xs is a list, a tuple, a generator, a one-dimensional NumPy array …
# ---------------------------------------------------------------------------------------------------------------------


if TYPE_CHECKING:

    @overload
    def sum(xs: Iterable[float]) -> float: ...
    @overload
    def sum(xs: Iterable[Value]) -> Value: ...
    @overload
    def sum(xs: Iterable[Scalar]) -> Scalar: ...


def sum(xs: Iterable[Any]) -> Any:
    """The sum, exact and rounded once; 0.0 of nothing.

    One node with an edge to each, where Python's ``sum`` records a chain of additions.

    >>> x = Value(1.0)
    >>> y = sum([x, x, 0.5])
    >>> y.backward()
    >>> y.data, x.grad
    (2.5, 2.0)
    """
    return ops.sum(*_listed("sum", xs))


if TYPE_CHECKING:

    @overload
    def prod(xs: Iterable[float]) -> float: ...
    @overload
    def prod(xs: Iterable[Value]) -> Value: ...
    @overload
    def prod(xs: Iterable[Scalar]) -> Scalar: ...


def prod(xs: Iterable[Any]) -> Any:
    """The product; 1.0 of nothing.  Each derivative is the product of the others, with zeros among them too.

    >>> x, y = Value(0.0), Value(3.0)
    >>> prod([x, y]).backward()
    >>> x.grad, y.grad
    (3.0, 0.0)
    """
    factors = _listed("prod", xs)
    return ops.prod(*factors) if factors else 1.0


if TYPE_CHECKING:

    @overload
    def dot(ws: Iterable[Value], xs: Iterable[Scalar], bias: Scalar | None = ...) -> Value: ...
    @overload
    def dot(ws: Iterable[Scalar], xs: Iterable[Value], bias: Scalar | None = ...) -> Value: ...
    @overload
    def dot(ws: Iterable[Scalar], xs: Iterable[Scalar], bias: Value) -> Value: ...
    @overload
    def dot(ws: Iterable[float], xs: Iterable[float], bias: float | None = ...) -> float: ...
    @overload
    def dot(ws: Iterable[Scalar], xs: Iterable[Scalar], bias: Scalar | None = ...) -> Scalar: ...


def dot(ws: Iterable[Any], xs: Iterable[Any], bias: Any = None) -> Any:
    """The weighted sum Σ wᵢ·xᵢ + bias of a neuron; of no weights and inputs the bias, or 0.0.

    One node, whose operands are all weights, then all inputs, then the bias: the local derivative to a weight is its
    input, to an input its weight, to the bias 1.  The sum of the products is rounded once.

    Raises:
        LengthError: the numbers of weights and of inputs differ.

    >>> w, x = Value(2.0), Value(3.0)
    >>> s = dot([w, 1.0], [x, 4.0], bias=0.5)
    >>> s.data, s.local_derivatives  # to w and to x; 1.0, 4.0 and 0.5 are constants
    (10.5, (3.0, 2.0))
    """
    if not (isinstance(ws, (list, tuple)) and isinstance(xs, (list, tuple))):
        ws, xs = _listed("dot", ws), _listed("dot", xs)
    if len(ws) != len(xs):
        raise LengthError(f"dot needs one input for each weight, not {len(ws)} weights and {len(xs)} inputs")
    w = [v.data for v in ws if type(v) is Value]
    if w and len(w) == len(ws) and (bias is None or type(bias) is Value):
        x = [v.data for v in xs if type(v) is Value]
        if len(x) == len(w):
            return record_dot(ws, w, xs, x, bias)
        if {*map(type, xs)} == {float}:
            return record_dot(ws, w, xs, xs, bias)
    return ops.dot(*ws, *xs) if bias is None else ops.dot(*ws, *xs, bias)


def record_dot(ws: Sequence[Value], w: Sequence[float], xs: Sequence[Any], x: Sequence[float], bias: Any) -> Value:
    """The node of ``dot(ws, xs, bias)`` for a neuron: weights and bias are Values, inputs all Values or all floats.

    ``w`` and ``x`` are the numbers of ``ws`` and ``xs``; ``x`` is ``xs`` itself where that holds floats, which are
    constants.  This is what the row comes to, spelled out, in two thirds of the time; a test holds it to the row.
    """
    tail, one = ((), ()) if bias is None else ((bias,), (1.0,))
    z = ieee.sum([*map(multiply, w, x), *[b.data for b in tail]])
    operands = (*ws, *xs, *tail)
    if x is xs:
        return record(z, ops.dot, operands, (*ws, *tail), (*x, *one))
    return record(z, ops.dot, operands, operands, (*x, *w, *one))


if TYPE_CHECKING:

    @overload
    def mean(xs: Iterable[float]) -> float: ...
    @overload
    def mean(xs: Iterable[Value]) -> Value: ...
    @overload
    def mean(xs: Iterable[Scalar]) -> Scalar: ...


def mean(xs: Iterable[Any]) -> Any:
    """The arithmetic mean.

    Raises:
        LengthError: there is nothing to average.

    >>> mean([1.0, 2.0, 6.0])
    3.0
    """
    return ops.mean(*_at_least_one("mean", xs))


if TYPE_CHECKING:

    @overload
    def max(xs: Iterable[float]) -> float: ...
    @overload
    def max(xs: Iterable[Value]) -> Value: ...
    @overload
    def max(xs: Iterable[Scalar]) -> Scalar: ...


def max(xs: Iterable[Any]) -> Any:
    """The largest; those that tie share the derivative 1 equally, and nan among them gives nan.

    For two operands there is ``maximum(x, y)``.

    Raises:
        LengthError: there is nothing to choose from.

    >>> x, y = Value(2.0), Value(2.0)
    >>> max([x, y, 1.0]).backward()
    >>> x.grad, y.grad
    (0.5, 0.5)
    """
    return ops.max(*_at_least_one("max", xs))


if TYPE_CHECKING:

    @overload
    def min(xs: Iterable[float]) -> float: ...
    @overload
    def min(xs: Iterable[Value]) -> Value: ...
    @overload
    def min(xs: Iterable[Scalar]) -> Scalar: ...


def min(xs: Iterable[Any]) -> Any:
    """The smallest; those that tie share the derivative 1 equally, and nan among them gives nan.

    For two operands there is ``minimum(x, y)``.

    Raises:
        LengthError: there is nothing to choose from.

    >>> min([3.0, 1.0, 2.0])
    1.0
    """
    return ops.min(*_at_least_one("min", xs))


if TYPE_CHECKING:

    @overload
    def logsumexp(xs: Iterable[float]) -> float: ...
    @overload
    def logsumexp(xs: Iterable[Value]) -> Value: ...
    @overload
    def logsumexp(xs: Iterable[Scalar]) -> Scalar: ...


def logsumexp(xs: Iterable[Any]) -> Any:
    """The logarithm of Σ exp(xᵢ), without overflow; -inf of nothing.  Its derivatives are ``softmax(xs)``.

    Where all are -inf it is -inf, with derivatives nan.

    >>> x = Value(1000.0)
    >>> y = logsumexp([x, 0.0])
    >>> y.backward()
    >>> y.data, x.grad
    (1000.0, 1.0)
    """
    terms = _listed("logsumexp", xs)
    return ops.logsumexp(*terms) if terms else -inf


if TYPE_CHECKING:

    @overload
    def softmax(xs: Iterable[float]) -> list[float]: ...
    @overload
    def softmax(xs: Iterable[Value]) -> list[Value]: ...
    @overload
    def softmax(xs: Iterable[Scalar]) -> list[Scalar]: ...


def softmax(xs: Iterable[Any]) -> Any:
    """The shares exp(xᵢ) / Σ exp(xⱼ), without overflow: a list of numbers between 0 and 1 whose sum is 1.

    One node for each share, whose operands are the constant i and then all of xs.

    Raises:
        LengthError: there is nothing to share among.

    >>> softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
    terms = [x if hasattr(x, "apply_op") else as_number(x, "softmax") for x in _at_least_one("softmax", xs)]
    return ops.softmax_all(*terms)


if TYPE_CHECKING:

    @overload
    def norm(xs: Iterable[float]) -> float: ...
    @overload
    def norm(xs: Iterable[Value]) -> Value: ...
    @overload
    def norm(xs: Iterable[Scalar]) -> Scalar: ...


def norm(xs: Iterable[Any]) -> Any:
    """The Euclidean length √(Σ xᵢ²), without overflow; 0.0 of nothing.  At the origin each derivative is taken as 0.

    >>> x = Value(3.0)
    >>> norm([x, 4.0]).backward()
    >>> x.grad
    0.6
    """
    return ops.norm(*_listed("norm", xs))


def _listed(name: str, xs: Any) -> list[Any] | tuple[Any, ...]:
    """The elements of what was given to ``name`` for an iterable."""
    if isinstance(xs, (list, tuple)):
        return xs
    if isinstance(xs, (str, bytes, bytearray)):
        remedy = "convert it first: [float(word) for word in text.split()]"
    elif isinstance(xs, dict):
        remedy = "give its .values()"
    else:
        try:
            elements = iter(xs)
        except TypeError:
            remedy = "put it in a list, [x]"
        else:
            return list(elements)
    raise OperandError(f"{name} takes an iterable of numbers and Values, not {type(xs).__name__}; {remedy}")


def _at_least_one(name: str, xs: Any) -> list[Any] | tuple[Any, ...]:
    elements = _listed(name, xs)
    if not elements:
        raise LengthError(f"{name} of no numbers is not defined; give it at least one")
    return elements


# ---------------------------------------------------------------------------------------------------------------------
# NumPy's names.
# ---------------------------------------------------------------------------------------------------------------------

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
rint = round
