"""The functions that a user calls: ``ad.exp(x)``, ``ad.dot(ws, xs, bias)`` and the rest, ``ad`` being ``autodiff``.

Each only calls its row of ``ops.OPS``, where the value and the derivatives are written.  An operand is a Value or a
real number.  Numbers alone give a float; with a Value among the operands the result is a Value, which records the
operation as one node.  Numbers follow IEEE 754: ``log(0)`` is -inf and ``log(-1)`` is nan.  Anything but a real number
raises ``OperandError``.

The names are those of Python's `math` and built-ins, else of NumPy and PyTorch; NumPy's ufunc names work too
(``arcsin`` is ``asin``).  For an array of Values take NumPy's own functions: ``np.exp(array)`` takes the ``exp`` of
each.

In the examples ``local_derivatives`` are those of the result to each operand that is a Value:

>>> hypot(Value(3.0), Value(4.0)).local_derivatives  # of z = √(x² + y²): x / z and y / z
(0.6, 0.8)
"""

from __future__ import annotations

from math import inf
from operator import mul as multiply
from typing import TYPE_CHECKING, overload

from . import native, ops, primitives
from .elements import listed
from .entrance import as_number
from .errors import LengthError, OperandError
from .operators import ordered
from .value import Value, record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, Protocol, TypeAlias, TypeVar

    from .ops import Op

    Scalar: TypeAlias = Value | float
    Kind = TypeVar("Kind", Value, float, Scalar)  # the type of the operand is the type of the result

    class Unary(Protocol):
        """A function of one operand."""

        __name__: str

        def __call__(self, x: Kind) -> Kind: ...

    class Binary(Protocol):
        """A function of two operands."""

        __name__: str

        @overload
        def __call__(self, x: Kind, y: float) -> Kind: ...
        @overload
        def __call__(self, x: Scalar, y: Value) -> Value: ...

    class Reduction(Protocol):
        """A function of the elements of a list, a tuple, a generator, a one-dimensional NumPy array."""

        __name__: str

        @overload
        def __call__(self, xs: Iterable[float]) -> float: ...
        @overload
        def __call__(self, xs: Iterable[Value]) -> Value: ...
        @overload
        def __call__(self, xs: Iterable[Scalar]) -> Scalar: ...


# fmt: off
__all__ = [  # all but the six that a star import would put in place of Python's own
    "absolute", "acos", "acosh", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "asin",
    "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "clamp", "copysign", "cos", "cosh", "deg2rad", "degrees",
    "digamma", "dot", "elu", "erf", "erfc", "exp", "exp2", "exp10", "expm1", "fabs", "floor", "floor_divide", "fmod",
    "gelu", "hypot", "leaky_relu", "lgamma", "log", "log1mexp", "log1p", "log2", "log10", "log_sigmoid", "logaddexp",
    "logaddexp2", "logit", "logsumexp", "maximum", "mean", "minimum", "mod", "neg", "negative", "norm", "polygamma",
    "power", "prod", "rad2deg", "radians", "reciprocal", "relu", "rint", "select", "sigmoid", "sign", "silu", "sin",
    "sinc", "sinh", "softmax", "softplus", "sqrt", "square", "step", "tan", "tanh", "trunc", "where", "xlog1py",
    "xlogy",
]
# fmt: on


# Kinds of functions.  Each function is declared by its row and by what ``help`` says: meaning, boundary cases, example.


def unary(op: Op, doc: str, method: str = "") -> Unary:
    """The function of one operand that a row stands for; ``method`` is Value's own, where its name is another."""
    of_value: Callable[[Value], Any] = getattr(Value, method or op.name, op)  # faster than the row

    def function(x: Scalar) -> Scalar:
        return of_value(x) if isinstance(x, Value) else op(x)

    return _named(function, op, doc)


def binary(op: Op, doc: str) -> Binary:
    """The function of two operands that a row stands for."""

    def function(x: Scalar, y: Scalar) -> Scalar:
        return op(x, y)

    return _named(function, op, doc)


def reduction(op: Op, of_nothing: float | None, doc: str) -> Reduction:
    """The function of any number of operands, in one node, that a row stands for; without a value of nothing: error."""

    def function(xs: Iterable[Scalar]) -> Any:
        if native.node is not None and (made := native.node.reduce(op, xs)) is not None:
            return made
        operands = listed(op.name, xs, at_least_one=of_nothing is None)
        return op(*operands) if operands else of_nothing

    return _named(function, op, doc)


def _named(function: Any, op: Op, doc: str) -> Any:
    """The function under the name of its row, for ``help`` and pickles."""
    function.__name__ = function.__qualname__ = op.name
    function.__code__ = function.__code__.replace(co_name=op.name)  # tracebacks and cProfile have no other name
    function.__doc__ = doc.replace("\n    >>>", "\n\n    >>>", 1)
    return function


# fmt: off
# Arithmetic.
neg = unary(ops.neg, """The negative, -x.
    >>> neg(Value(2.0)).local_derivatives
    (-1.0,)""")
abs = unary(ops.abs, method="absolute", doc="""The absolute value; at the kink, 0, its derivative is taken as 0.
    >>> [abs(Value(x)).local_derivatives for x in (-2.0, 0.0, 2.0)]
    [(-1.0,), (0.0,), (1.0,)]""")
mod = binary(ops.mod, """The remainder of x / y with the sign of y, Python's ``x % y``; nan for y = 0.
    >>> mod(7.0, 3.0), mod(-7.0, 3.0), mod(Value(7.0), Value(3.0)).local_derivatives  # 1 and -⌊x / y⌋
    (1.0, 2.0, (1.0, -2.0))""")
floor_divide = binary(ops.floor_divide, """The largest whole number that is not above x / y, Python's ``x // y``.
    For y = 0 it is x / y, ±inf or nan; the derivatives are 0.
    >>> floor_divide(-7.0, 2.0), (Value(7.0) // 2.0).data
    (-4.0, 3.0)""")
fmod = binary(ops.fmod, """The remainder of x / y with the sign of x, as in C; nan for y = 0.
    >>> fmod(-7.0, 2.0), mod(-7.0, 2.0), fmod(Value(-7.0), Value(2.0)).local_derivatives  # 1 and -trunc(x / y)
    (-1.0, 1.0, (1.0, 3.0))""")
copysign = binary(ops.copysign, """The size of x with the sign of y, where -0 is negative; in y the derivative is 0.
    >>> copysign(3.0, -0.0), copysign(Value(-3.0), 2.0).local_derivatives
    (-3.0, (-1.0,))""")
pow = binary(ops.pow, """The power ``x**y``, as a real number.
    A negative base has a value where y is whole, and is nan elsewhere: ``pow(-8, 1/3)`` is nan, ``cbrt(-8)`` is -2.
    The derivative in x is right there too; the one in y, which needs log(x), is nan.  At x = 0 the derivative in y is
    0 for y > 0 and -inf for y < 0.
    >>> pow(Value(2.0), Value(3.0)).local_derivatives  # y·x**(y - 1) and x**y·log(x)
    (12.0, 5.545177444479562)""")
square = unary(ops.square, """The square, ``x * x``; its derivative is 2·x.
    >>> square(-3.0), square(Value(-3.0)).local_derivatives
    (9.0, (-6.0,))""")
reciprocal = unary(ops.reciprocal, """The reciprocal, ``1 / x``; at ±0 it is ±inf, and its derivative -1/x² is -inf.
    >>> reciprocal(4.0), reciprocal(-0.0)
    (0.25, -inf)""")
sqrt = unary(ops.sqrt, """The square root; its derivative at 0 is inf, and below 0 both are nan.
    >>> [sqrt(Value(x)).local_derivatives for x in (4.0, 0.0)]
    [(0.25,), (inf,)]""")
cbrt = unary(ops.cbrt, """The real cube root, of negative numbers too; its derivative at 0 is inf.
    >>> cbrt(-8.0), pow(-8.0, 1 / 3)
    (-2.0, nan)""")

# Exponentials and logarithms.
exp = unary(ops.exp, """The exponential, e to the power x, which is its own derivative; inf above x = 709.78.
    >>> exp(Value(1.0)).local_derivatives
    (2.718281828459045,)""")
exp2 = unary(ops.exp2, """Two to the power x, exact where x is whole; inf from x = 1024 on.
    >>> exp2(10.0), exp2(-1074.0)  # and this is the smallest float above 0
    (1024.0, 5e-324)""")
exp10 = unary(ops.exp10, """Ten to the power x; inf above x = 308.25.
    >>> exp10(3.0), exp10(Value(0.0)).local_derivatives  # log(10)
    (1000.0, (2.302585092994046,))""")
expm1 = unary(ops.expm1, """The exponential less 1, exact where x is near 0 and ``exp(x) - 1`` is not.
    >>> expm1(1e-20), exp(1e-20) - 1
    (1e-20, 0.0)""")
log = unary(ops.log, """The natural logarithm: -inf at 0 with derivative inf; both are nan below 0.
    >>> log(Value(0.5)).local_derivatives, log(0.0), log(-1.0)
    ((2.0,), -inf, nan)""")
log2 = unary(ops.log2, """The logarithm to base 2, exact at powers of 2; at 0 and below as ``log``.
    >>> log2(1024.0), log2(5e-324)
    (10.0, -1074.0)""")
log10 = unary(ops.log10, """The logarithm to base 10; at 0 and below as ``log``.
    >>> log10(1000.0), log10(1e-300)
    (3.0, -300.0)""")
log1p = unary(ops.log1p, """The natural logarithm of 1 + x, exact where x is near 0; -inf at -1, and nan below.
    >>> log1p(1e-20), log(1 + 1e-20)
    (1e-20, 0.0)""")
log1mexp = unary(ops.log1mexp, """The logarithm of 1 - exp(-x) for x ≥ 0, as in R: -inf at 0, nan below.
    >>> log1mexp(1e-20), log1mexp(50.0), log(1 - exp(-50.0))
    (-46.051701859880914, -1.9287498479639178e-22, 0.0)""")
logaddexp = binary(ops.logaddexp, """The logarithm of exp(x) + exp(y), without overflow.
    Of two equal infinities it is that infinity, and the derivatives are nan.
    >>> logaddexp(1000.0, 1000.0), logaddexp(Value(0.0), Value(0.0)).local_derivatives
    (1000.6931471805599, (0.5, 0.5))""")
logaddexp2 = binary(ops.logaddexp2, """The same to base 2, log2(2**x + 2**y).
    >>> logaddexp2(10.0, 10.0)
    11.0""")
logit = unary(ops.logit, """The logarithm of x / (1 - x), inverse of sigmoid; ∓inf at 0 and 1, nan outside.
    >>> logit(0.25), logit(Value(0.5)).local_derivatives, sigmoid(logit(0.25))
    (-1.0986122886681096, (4.0,), 0.25)""")
xlogy = binary(ops.xlogy, """The product x·log(y), and 0 where x = 0: a term of an entropy.
    The derivative in x is log(y), -inf at y = 0; in y it is x / y, and 0 where x = 0.
    >>> xlogy(0.0, 0.0), xlogy(Value(0.0), Value(0.0)).local_derivatives
    (0.0, (-inf, 0.0))""")
xlog1py = binary(ops.xlog1py, """The product x·log(1 + y), exact where y is near 0, and 0 where x = 0.
    >>> xlog1py(2.0, 1e-20), xlog1py(0.0, -1.0)
    (2e-20, 0.0)""")

# Circular functions; angles are in radians.
sin = unary(ops.sin, """The sine of an angle in radians; nan at ±inf.
    >>> sin(3.141592653589793)  # not 0: the float next to π falls short of it by this much
    1.2246467991473532e-16""")
cos = unary(ops.cos, """The cosine of an angle in radians; nan at ±inf.
    >>> cos(Value(0.5)).local_derivatives == (-sin(0.5),)
    True""")
tan = unary(ops.tan, """The tangent of an angle in radians, with derivative 1 + tan(x)²; nan at ±inf.
    >>> tan(1.5707963267948966)  # finite: no float is π/2 itself
    1.633123935319537e+16""")
asin = unary(ops.asin, """The angle in [-π/2, π/2] whose sine is x; at ±1 its derivative is inf, beyond both are nan.
    >>> asin(0.5), asin(Value(1.0)).local_derivatives, asin(1.5)
    (0.5235987755982989, (inf,), nan)""")
acos = unary(ops.acos, """The angle in [0, π] whose cosine is x; at ±1 its derivative is -inf, beyond both are nan.
    >>> acos(-1.0), acos(Value(1.0)).local_derivatives, acos(1.5)
    (3.141592653589793, (-inf,), nan)""")
atan = unary(ops.atan, """The angle in [-π/2, π/2] whose tangent is x; its derivative is 1 / (1 + x²).
    >>> 4 * atan(1.0), atan(inf)
    (3.141592653589793, 1.5707963267948966)""")
hypot = binary(ops.hypot, """The length √(x² + y²), without overflow; at the origin both derivatives are taken as 0.
    >>> hypot(3e300, 4e300), hypot(Value(3.0), 4.0).local_derivatives
    (5e+300, (0.6,))""")
sinc = unary(ops.sinc, """NumPy's sin(πx) / (πx): 1 at 0, where every derivative exists too, and 0 at ±1, ±2, …
    >>> sinc(0.5), sinc(2.0), sinc(Value(0.0)).local_derivatives
    (0.6366197723675814, 0.0, (0.0,))""")
deg2rad = unary(ops.deg2rad, """An angle in radians, from degrees.
    >>> deg2rad(180.0), sin(deg2rad(Value(0.0))).local_derivatives
    (3.141592653589793, (1.0,))""")
rad2deg = unary(ops.rad2deg, """An angle in degrees, from radians.
    >>> rad2deg(3.141592653589793)
    180.0""")

# Hyperbolic functions.
sinh = unary(ops.sinh, """The hyperbolic sine (exp(x) - exp(-x)) / 2, exact near 0; ±inf beyond ±710.47.
    >>> sinh(1e-20), (exp(1e-20) - exp(-1e-20)) / 2
    (1e-20, 0.0)""")
cosh = unary(ops.cosh, """The hyperbolic cosine (exp(x) + exp(-x)) / 2; inf beyond ±710.47.
    >>> cosh(Value(2.0)).local_derivatives == (sinh(2.0),)
    True""")
tanh = unary(ops.tanh, """The hyperbolic tangent, between -1 and 1.  Its derivative keeps its digits far out.
    >>> tanh(20.0), tanh(Value(20.0)).local_derivatives, 1 - tanh(20.0) ** 2
    (1.0, (1.6993417021166355e-17,), 0.0)""")
asinh = unary(ops.asinh, """The number whose hyperbolic sine is x, log(x + √(x² + 1)): exact near 0, without overflow.
    >>> asinh(1e-20), asinh(1e300)
    (1e-20, 691.4686750787736)""")
acosh = unary(ops.acosh, """The number ≥ 0 whose hyperbolic cosine is x; at 1 its derivative is inf, below both are nan.
    >>> acosh(Value(1.0)).local_derivatives, acosh(0.5)
    ((inf,), nan)""")
atanh = unary(ops.atanh, """The number whose hyperbolic tangent is x: ±inf at ±1 with derivative inf, nan beyond.
    >>> atanh(Value(0.5)).local_derivatives, atanh(1.0), atanh(1.5)
    ((1.3333333333333333,), inf, nan)""")

# The error function.
erf = unary(ops.erf, """The error function 2/√π · ∫₀ˣ exp(-t²) dt, between -1 and 1.
    >>> erf(1 / sqrt(2.0))  # the probability of one standard deviation or less from the mean
    0.6826894921370859""")
erfc = unary(ops.erfc, """The complement of the error function, ``1 - erf(x)``, exact in the tail where that is not.
    >>> erfc(10.0), 1 - erf(10.0)
    (2.088487583762545e-45, 0.0)""")

# The gamma function.
lgamma = unary(ops.lgamma, """The logarithm of |Γ(x)|, and so of (x - 1)!: inf at 0, -1, -2, …
    Its derivative is digamma.
    >>> lgamma(5.0), log(24.0)
    (3.1780538303479458, 3.1780538303479458)""")
digamma = unary(ops.digamma, """The derivative of lgamma, ψ(x): ∓inf at ±0, nan at -1, -2, …
    >>> digamma(1.0)  # minus Euler's constant
    -0.5772156649015329""")

# Activations.
relu = unary(ops.relu, """The positive part max(x, 0), "rectified linear unit"; nan stays nan.
    Its derivative at 0 is taken as 0, as in PyTorch; one lecture note takes 1.
    >>> [relu(Value(x)).local_derivatives for x in (-2.0, 0.0, 2.0)]
    [(0.0,), (0.0,), (1.0,)]""")
gelu = unary(ops.gelu, """The product x·Φ(x) with the normal distribution function Φ (Hendrycks and Gimpel 2016).
    This is the exact one, PyTorch's default, not the approximation by tanh.
    >>> gelu(-100.0), gelu(100.0), gelu(Value(0.0)).local_derivatives  # a smooth relu
    (-0.0, 100.0, (0.5,))""")
silu = unary(ops.silu, """The product x·sigmoid(x), also called swish.
    >>> silu(-100.0), silu(100.0), silu(Value(0.0)).local_derivatives
    (-3.7200759760208363e-42, 100.0, (0.5,))""")
sigmoid = unary(ops.sigmoid, """The logistic function 1 / (1 + exp(-x)), between 0 and 1.
    It and its derivative keep their digits in both tails, where p·(1 - p) does not.
    >>> sigmoid(40.0), sigmoid(Value(40.0)).local_derivatives, sigmoid(40.0) * (1 - sigmoid(40.0))
    (1.0, (4.248354255291589e-18,), 0.0)""")
log_sigmoid = unary(ops.log_sigmoid, """The logarithm of sigmoid(x), without underflow: log-probability from a logit.
    >>> log_sigmoid(-1000.0), log(sigmoid(-1000.0))
    (-1000.0, -inf)""")
softplus = unary(ops.softplus, """The smooth relu log(1 + exp(x)), without overflow; its derivative is sigmoid(x).
    >>> softplus(1000.0), log(1 + exp(1000.0))
    (1000.0, inf)""")

# Piecewise constant: the derivative is 0 everywhere, at the jumps too.
sign = unary(ops.sign, """The sign: 1, -1, or x itself where that is ±0 or nan; the derivative is 0.
    >>> sign(-3.0), sign(-0.0), sign(Value(-3.0)).local_derivatives
    (-1.0, -0.0, (0.0,))""")
step = unary(ops.step, """The unit step: 1 for x > 0, 0 elsewhere (at 0 too), nan at nan; the derivative is 0.
    >>> step(-0.5), step(0.0), step(0.5)
    (0.0, 0.0, 1.0)""")
floor = unary(ops.floor, """The largest whole number that is not above x; the derivative is 0.
    >>> floor(2.5), floor(-2.5)
    (2.0, -3.0)""")
ceil = unary(ops.ceil, """The smallest whole number that is not below x; the derivative is 0.
    >>> ceil(2.5), ceil(-2.5)
    (3.0, -2.0)""")
round = unary(ops.round, method="rint", doc="""The nearest whole number, of two the even one; the derivative is 0.
    >>> round(1.5), round(2.5), round(3.5)
    (2.0, 2.0, 4.0)""")
trunc = unary(ops.trunc, """The whole part, x without its fraction; the derivative is 0.
    >>> trunc(2.7), trunc(-2.7)
    (2.0, -2.0)""")

# Selections.
maximum = binary(ops.maximum, """The larger of two; in a tie each has derivative ½, and nan on either side gives nan.
    >>> [maximum(Value(x), Value(2.0)).local_derivatives for x in (1.0, 2.0, 3.0)]
    [(0.0, 1.0), (0.5, 0.5), (1.0, 0.0)]""")
minimum = binary(ops.minimum, """The smaller of two; in a tie each has derivative ½, and nan on either side gives nan.
    >>> [minimum(Value(x), Value(2.0)).local_derivatives for x in (1.0, 2.0, 3.0)]
    [(1.0, 0.0), (0.5, 0.5), (0.0, 1.0)]""")

# Any number of operands, in one node.
sum = reduction(ops.sum, 0.0, """The sum, exact and rounded once; 0.0 of nothing.
    One node with an edge to each, where Python's ``sum`` records a chain of additions.
    >>> sum([0.1] * 10), 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1
    (1.0, 0.9999999999999999)""")
prod = reduction(ops.prod, 1.0, """The product; 1.0 of nothing.
    Each derivative is the product of the others, with zeros among them too.
    >>> prod([Value(0.0), Value(3.0), Value(5.0)]).local_derivatives
    (15.0, 0.0, 0.0)""")
mean = reduction(ops.mean, None, """The arithmetic mean; of nothing it is a ``LengthError``.
    >>> mean([Value(1.0), Value(2.0), 4.5, 6.5]).local_derivatives
    (0.25, 0.25)""")
max = reduction(ops.max, None, """The largest; for two there is ``maximum(x, y)``; of nothing: ``LengthError``.
    Those that tie share the derivative 1 equally, and nan among them gives nan.
    >>> max([Value(2.0), Value(2.0), Value(1.0)]).local_derivatives
    (0.5, 0.5, 0.0)""")
min = reduction(ops.min, None, """The smallest; for two there is ``minimum(x, y)``; of nothing: ``LengthError``.
    Those that tie share the derivative 1 equally, and nan among them gives nan.
    >>> min([Value(3.0), Value(1.0), Value(2.0)]).local_derivatives
    (0.0, 1.0, 0.0)""")
logsumexp = reduction(ops.logsumexp, -inf, """The logarithm of Σ exp(xᵢ), without overflow; -inf of nothing.
    Its derivatives are ``softmax(xs)``.  Where all are -inf it is -inf, with derivatives nan.
    >>> logsumexp([1000.0, 1000.0]), log(exp(1000.0) + exp(1000.0))
    (1000.6931471805599, inf)""")
norm = reduction(ops.norm, 0.0, """The Euclidean length √(Σ xᵢ²), without overflow; 0.0 of nothing.
    Its derivatives are the direction xᵢ / ‖x‖, taken as 0 at the origin.
    >>> norm([3e300, 4e300]), norm([Value(3.0), Value(4.0)]).local_derivatives
    (5e+300, (0.6, 0.8))""")
# fmt: on


# Functions whose signature is their own.


@overload
def atan2(y: Kind, x: float) -> Kind: ...
@overload
def atan2(y: Scalar, x: Value) -> Value: ...
def atan2(y: Scalar, x: Scalar) -> Scalar:
    """The angle in [-π, π] from the x-axis to the point (x, y): the ordinate comes first, as in `math`.

    Unlike ``atan(y / x)`` it tells all four quadrants apart.  At the origin both derivatives are taken as 0.

    >>> atan2(1.0, -1.0), atan(1.0 / -1.0)
    (2.356194490192345, -0.7853981633974483)
    """
    return ops.atan2(y, x)


def polygamma(n: int, x: Kind) -> Kind:
    """The derivative of digamma of order n ≥ 0: ±inf at ±0; at -1, -2, … inf for odd n, nan for even n.

    Raises:
        OperandError: n is no whole number ≥ 0.

    >>> polygamma(1, 1.0), polygamma(1, Value(1.0)).local_derivatives  # π²/6, and ψ″(1)
    (1.6449340668482264, (-2.404113806319188,))
    """
    if hasattr(n, "apply_op") or not (as_number(n, "polygamma") >= 0 and n % 1 == 0):
        raise OperandError(f"polygamma: the order n is a whole number from 0 on, not {n!r}")
    return ops.polygamma(float(n), x)


@overload
def leaky_relu(x: Kind, slope: float = ...) -> Kind: ...
@overload
def leaky_relu(x: Scalar, slope: Value) -> Value: ...
def leaky_relu(x: Scalar, slope: Scalar = 0.01) -> Scalar:
    """The identity for x > 0 and slope·x elsewhere; its derivative at 0 is the slope, as in PyTorch.

    The slope may be a Value too, to be learned (PReLU: He et al. 2015).

    >>> leaky_relu(Value(-2.0), slope=Value(0.25)).local_derivatives
    (0.25, -2.0)
    """
    return ops.leaky_relu(x, slope)


@overload
def elu(x: Kind, alpha: float = ...) -> Kind: ...
@overload
def elu(x: Scalar, alpha: Value) -> Value: ...
def elu(x: Scalar, alpha: Scalar = 1.0) -> Scalar:
    """The identity for x > 0 and alpha·(exp(x) - 1) elsewhere (Clevert et al. 2016); its derivative at 0 is alpha.

    >>> elu(2.0), elu(-1000.0), elu(Value(0.0), alpha=0.5).local_derivatives
    (2.0, -1.0, (0.5,))
    """
    return ops.elu(x, alpha)


@overload
def clamp(x: Kind, low: float = ..., high: float = ...) -> Kind: ...
@overload
def clamp(x: Scalar, low: Value, high: Scalar = ...) -> Value: ...
@overload
def clamp(x: Scalar, low: Scalar = ..., *, high: Value) -> Value: ...
@overload
def clamp(x: Scalar, low: Scalar, high: Value) -> Value: ...
def clamp(x: Scalar, low: Scalar = -inf, high: Scalar = inf) -> Scalar:
    """Keep x between low and high; its derivative is 1 from bound to bound, both included, and 0 beyond.

    Where the bounds are equal it is 0 everywhere.  The bounds may be Values too: the derivative in a bound is 1 where x
    is beyond it.

    Raises:
        OperandError: ``low <= high`` does not hold.

    >>> [clamp(Value(x), 0.0, 1.0).local_derivatives for x in (-0.5, 0.0, 0.5, 1.0, 1.5)]
    [(0.0,), (1.0,), (1.0,), (1.0,), (0.0,)]
    """
    return ops.clamp(x, *ordered(low, high))


@overload
def where(condition: Value, x: Scalar, y: Scalar) -> Value: ...
@overload
def where(condition: Scalar, x: Value, y: Scalar) -> Value: ...
@overload
def where(condition: Scalar, x: Scalar, y: Value) -> Value: ...
@overload
def where(condition: float, x: float, y: float) -> float: ...
def where(condition: Scalar, x: Scalar, y: Scalar) -> Scalar:
    """Select x where the condition (a comparison, a number or a Value) is not 0, else y; nan where it is nan.

    The derivative in the condition is 0; a comparison is recorded, and decides anew in a compiled program.  Both x and
    y are computed before one is selected, and where a derivative on the way to the other one is infinite, the gradient
    becomes 0·inf = nan.  So guard the argument: not ``where(x > 0, log(x), 0)`` but
    ``where(x > 0, log(where(x > 0, x, 1)), 0)``.

    >>> x, y = Value(2.0), Value(3.0)
    >>> z = where(x > y, x, y)
    >>> z.operands[0].op, z.local_derivatives
    (<op greater: x > y>, (0.0, 0.0, 1.0))
    """
    return ops.where(condition, x, y)


@overload
def select(index: float, values: Iterable[float]) -> float: ...
@overload
def select(index: Scalar, values: Iterable[Value]) -> Value: ...
@overload
def select(index: Value, values: Iterable[Scalar]) -> Value: ...
@overload
def select(index: Scalar, values: Iterable[Scalar]) -> Scalar: ...
def select(index: Any, values: Iterable[Any]) -> Any:
    """The value of that number, counted from 0: its derivative is 1 to the one that is picked, and 0 to the others.

    The index may be a Value too, an input of a compiled program, say: so a table is looked up sample by sample.  Its
    own derivative is 0.

    Raises:
        OperandError: no value has that number.
        LengthError: there are no values.

    >>> x, y = Value(2.0), Value(3.0)
    >>> select(1, [x, y]).data, select(1, [x, y]).local_derivatives
    (3.0, (0.0, 1.0))
    """
    operands = listed("select", values, at_least_one=True)
    number = index._data if isinstance(index, Value) else as_number(index, "select")
    if number not in range(len(operands)):
        raise OperandError(f"select: the index is a whole number from 0 to {len(operands) - 1}, not {number!r}")
    return ops.select(index, *operands)


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

    >>> p, q = softmax([Value(1000.0), Value(1000.0)])
    >>> p.data, p.local_derivatives  # p·(1 - p) and -p·q
    (0.5, (0.25, -0.25))
    """
    if native.node is not None and (shares := native.node.softmax(xs)) is not None:
        return shares
    operands = listed("softmax", xs, at_least_one=True)
    return ops.softmax_all(*[x if hasattr(x, "apply_op") else as_number(x, "softmax") for x in operands])


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
    if native.node is not None and (node := native.node.dot(ws, xs, bias)) is not None:
        return node
    if not (isinstance(ws, (list, tuple)) and isinstance(xs, (list, tuple))):
        ws, xs = listed("dot", ws), listed("dot", xs)
    if len(ws) != len(xs):
        raise LengthError(f"dot needs one input for each weight, not {len(ws)} weights and {len(xs)} inputs")
    w = [v._data for v in ws if type(v) is Value]
    if w and len(w) == len(ws) and (bias is None or type(bias) is Value):
        x = [v._data for v in xs if type(v) is Value]
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
    z = primitives.sum([*map(multiply, w, x), *[b._data for b in tail]])
    operands = (*ws, *xs, *tail)
    if x is xs:
        return record(z, ops.dot, operands, (*ws, *tail), (*x, *one))
    return record(z, ops.dot, operands, operands, (*x, *w, *one))


# NumPy's names.
arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
arcsinh, arccosh, arctanh = asinh, acosh, atanh
radians, degrees = deg2rad, rad2deg
absolute = fabs = abs
negative, power, rint = neg, pow, round
