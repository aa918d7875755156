"""Made from functions.py by ``python docs/stubs.py``."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar, overload

from .ops import Op
from .value import Value

Scalar: TypeAlias = Value | float
Kind = TypeVar("Kind", Value, float, Scalar)

class Unary(Protocol):
    """A function of one operand."""
    __name__: str

    def __call__(self, x: Kind) -> Kind:
        ...
class Binary(Protocol):
    """A function of two operands."""
    __name__: str

    @overload
    def __call__(self, x: Kind, y: float) -> Kind:
        ...

    @overload
    def __call__(self, x: Scalar, y: Value) -> Value:
        ...
class Reduction(Protocol):
    """A function of the elements of a list, a tuple, a generator, a one-dimensional NumPy array."""
    __name__: str

    @overload
    def __call__(self, xs: Iterable[float]) -> float:
        ...

    @overload
    def __call__(self, xs: Iterable[Value]) -> Value:
        ...

    @overload
    def __call__(self, xs: Iterable[Scalar]) -> Scalar:
        ...
__all__ = ['absolute', 'acos', 'acosh', 'arccos', 'arccosh', 'arcsin', 'arcsinh', 'arctan', 'arctan2', 'arctanh', 'asin', 'asinh', 'atan', 'atan2', 'atanh', 'cbrt', 'ceil', 'clamp', 'copysign', 'cos', 'cosh', 'deg2rad', 'degrees', 'digamma', 'dot', 'elu', 'erf', 'erfc', 'exp', 'exp2', 'exp10', 'expm1', 'fabs', 'floor', 'floor_divide', 'fmod', 'gelu', 'hypot', 'leaky_relu', 'lgamma', 'log', 'log1mexp', 'log1p', 'log2', 'log10', 'log_sigmoid', 'logaddexp', 'logaddexp2', 'logit', 'logsumexp', 'maximum', 'mean', 'minimum', 'mod', 'neg', 'negative', 'norm', 'polygamma', 'power', 'prod', 'rad2deg', 'radians', 'reciprocal', 'relu', 'rint', 'select', 'sigmoid', 'sign', 'silu', 'sin', 'sinc', 'sinh', 'softmax', 'softplus', 'sqrt', 'square', 'step', 'tan', 'tanh', 'trunc', 'where', 'xlog1py', 'xlogy']
def unary(op: Op, doc: str, method: str='') -> Unary:
    """The function of one operand that a row stands for; ``method`` is Value's own, where its name is another."""

def binary(op: Op, doc: str) -> Binary:
    """The function of two operands that a row stands for."""

def reduction(op: Op, of_nothing: float | None, doc: str) -> Reduction:
    """The function of any number of operands, in one node, that a row stands for; without a value of nothing: error."""

def neg(x: Kind) -> Kind:
    """The negative, -x.

    >>> neg(Value(2.0)).local_derivatives
    (-1.0,)"""

def abs(x: Kind) -> Kind:
    """The absolute value; at the kink, 0, its derivative is taken as 0.

    >>> [abs(Value(x)).local_derivatives for x in (-2.0, 0.0, 2.0)]
    [(-1.0,), (0.0,), (1.0,)]"""

@overload
def mod(x: Kind, y: float) -> Kind:
    """The remainder of x / y with the sign of y, Python's ``x % y``; nan for y = 0.

    >>> mod(7.0, 3.0), mod(-7.0, 3.0), mod(Value(7.0), Value(3.0)).local_derivatives  # 1 and -⌊x / y⌋
    (1.0, 2.0, (1.0, -2.0))"""

@overload
def mod(x: Scalar, y: Value) -> Value:
    """The remainder of x / y with the sign of y, Python's ``x % y``; nan for y = 0.

    >>> mod(7.0, 3.0), mod(-7.0, 3.0), mod(Value(7.0), Value(3.0)).local_derivatives  # 1 and -⌊x / y⌋
    (1.0, 2.0, (1.0, -2.0))"""

@overload
def floor_divide(x: Kind, y: float) -> Kind:
    """The largest whole number that is not above x / y, Python's ``x // y``.
    For y = 0 it is x / y, ±inf or nan; the derivatives are 0.

    >>> floor_divide(-7.0, 2.0), (Value(7.0) // 2.0).data
    (-4.0, 3.0)"""

@overload
def floor_divide(x: Scalar, y: Value) -> Value:
    """The largest whole number that is not above x / y, Python's ``x // y``.
    For y = 0 it is x / y, ±inf or nan; the derivatives are 0.

    >>> floor_divide(-7.0, 2.0), (Value(7.0) // 2.0).data
    (-4.0, 3.0)"""

@overload
def fmod(x: Kind, y: float) -> Kind:
    """The remainder of x / y with the sign of x, as in C; nan for y = 0.

    >>> fmod(-7.0, 2.0), mod(-7.0, 2.0), fmod(Value(-7.0), Value(2.0)).local_derivatives  # 1 and -trunc(x / y)
    (-1.0, 1.0, (1.0, 3.0))"""

@overload
def fmod(x: Scalar, y: Value) -> Value:
    """The remainder of x / y with the sign of x, as in C; nan for y = 0.

    >>> fmod(-7.0, 2.0), mod(-7.0, 2.0), fmod(Value(-7.0), Value(2.0)).local_derivatives  # 1 and -trunc(x / y)
    (-1.0, 1.0, (1.0, 3.0))"""

@overload
def copysign(x: Kind, y: float) -> Kind:
    """The size of x with the sign of y, where -0 is negative; in y the derivative is 0.

    >>> copysign(3.0, -0.0), copysign(Value(-3.0), 2.0).local_derivatives
    (-3.0, (-1.0,))"""

@overload
def copysign(x: Scalar, y: Value) -> Value:
    """The size of x with the sign of y, where -0 is negative; in y the derivative is 0.

    >>> copysign(3.0, -0.0), copysign(Value(-3.0), 2.0).local_derivatives
    (-3.0, (-1.0,))"""

@overload
def pow(x: Kind, y: float) -> Kind:
    """The power ``x**y``, as a real number.
    A negative base has a value where y is whole, and is nan elsewhere: ``pow(-8, 1/3)`` is nan, ``cbrt(-8)`` is -2.
    The derivative in x is right there too; the one in y, which needs log(x), is nan.  At x = 0 the derivative in y is
    0 for y > 0 and -inf for y < 0.

    >>> pow(Value(2.0), Value(3.0)).local_derivatives  # y·x**(y - 1) and x**y·log(x)
    (12.0, 5.545177444479562)"""

@overload
def pow(x: Scalar, y: Value) -> Value:
    """The power ``x**y``, as a real number.
    A negative base has a value where y is whole, and is nan elsewhere: ``pow(-8, 1/3)`` is nan, ``cbrt(-8)`` is -2.
    The derivative in x is right there too; the one in y, which needs log(x), is nan.  At x = 0 the derivative in y is
    0 for y > 0 and -inf for y < 0.

    >>> pow(Value(2.0), Value(3.0)).local_derivatives  # y·x**(y - 1) and x**y·log(x)
    (12.0, 5.545177444479562)"""

def square(x: Kind) -> Kind:
    """The square, ``x * x``; its derivative is 2·x.

    >>> square(-3.0), square(Value(-3.0)).local_derivatives
    (9.0, (-6.0,))"""

def reciprocal(x: Kind) -> Kind:
    """The reciprocal, ``1 / x``; at ±0 it is ±inf, and its derivative -1/x² is -inf.

    >>> reciprocal(4.0), reciprocal(-0.0)
    (0.25, -inf)"""

def sqrt(x: Kind) -> Kind:
    """The square root; its derivative at 0 is inf, and below 0 both are nan.

    >>> [sqrt(Value(x)).local_derivatives for x in (4.0, 0.0)]
    [(0.25,), (inf,)]"""

def cbrt(x: Kind) -> Kind:
    """The real cube root, of negative numbers too; its derivative at 0 is inf.

    >>> cbrt(-8.0), pow(-8.0, 1 / 3)
    (-2.0, nan)"""

def exp(x: Kind) -> Kind:
    """The exponential, e to the power x, which is its own derivative; inf above x = 709.78.

    >>> exp(Value(1.0)).local_derivatives
    (2.718281828459045,)"""

def exp2(x: Kind) -> Kind:
    """Two to the power x, exact where x is whole; inf from x = 1024 on.

    >>> exp2(10.0), exp2(-1074.0)  # and this is the smallest float above 0
    (1024.0, 5e-324)"""

def exp10(x: Kind) -> Kind:
    """Ten to the power x; inf above x = 308.25.

    >>> exp10(3.0), exp10(Value(0.0)).local_derivatives  # log(10)
    (1000.0, (2.302585092994046,))"""

def expm1(x: Kind) -> Kind:
    """The exponential less 1, exact where x is near 0 and ``exp(x) - 1`` is not.

    >>> expm1(1e-20), exp(1e-20) - 1
    (1e-20, 0.0)"""

def log(x: Kind) -> Kind:
    """The natural logarithm: -inf at 0 with derivative inf; both are nan below 0.

    >>> log(Value(0.5)).local_derivatives, log(0.0), log(-1.0)
    ((2.0,), -inf, nan)"""

def log2(x: Kind) -> Kind:
    """The logarithm to base 2, exact at powers of 2; at 0 and below as ``log``.

    >>> log2(1024.0), log2(5e-324)
    (10.0, -1074.0)"""

def log10(x: Kind) -> Kind:
    """The logarithm to base 10; at 0 and below as ``log``.

    >>> log10(1000.0), log10(1e-300)
    (3.0, -300.0)"""

def log1p(x: Kind) -> Kind:
    """The natural logarithm of 1 + x, exact where x is near 0; -inf at -1, and nan below.

    >>> log1p(1e-20), log(1 + 1e-20)
    (1e-20, 0.0)"""

def log1mexp(x: Kind) -> Kind:
    """The logarithm of 1 - exp(-x) for x ≥ 0, as in R: -inf at 0, nan below.

    >>> log1mexp(1e-20), log1mexp(50.0), log(1 - exp(-50.0))
    (-46.051701859880914, -1.9287498479639178e-22, 0.0)"""

@overload
def logaddexp(x: Kind, y: float) -> Kind:
    """The logarithm of exp(x) + exp(y), without overflow.
    Of two equal infinities it is that infinity, and the derivatives are nan.

    >>> logaddexp(1000.0, 1000.0), logaddexp(Value(0.0), Value(0.0)).local_derivatives
    (1000.6931471805599, (0.5, 0.5))"""

@overload
def logaddexp(x: Scalar, y: Value) -> Value:
    """The logarithm of exp(x) + exp(y), without overflow.
    Of two equal infinities it is that infinity, and the derivatives are nan.

    >>> logaddexp(1000.0, 1000.0), logaddexp(Value(0.0), Value(0.0)).local_derivatives
    (1000.6931471805599, (0.5, 0.5))"""

@overload
def logaddexp2(x: Kind, y: float) -> Kind:
    """The same to base 2, log2(2**x + 2**y).

    >>> logaddexp2(10.0, 10.0)
    11.0"""

@overload
def logaddexp2(x: Scalar, y: Value) -> Value:
    """The same to base 2, log2(2**x + 2**y).

    >>> logaddexp2(10.0, 10.0)
    11.0"""

def logit(x: Kind) -> Kind:
    """The logarithm of x / (1 - x), inverse of sigmoid; ∓inf at 0 and 1, nan outside.

    >>> logit(0.25), logit(Value(0.5)).local_derivatives, sigmoid(logit(0.25))
    (-1.0986122886681096, (4.0,), 0.25)"""

@overload
def xlogy(x: Kind, y: float) -> Kind:
    """The product x·log(y), and 0 where x = 0: a term of an entropy.
    The derivative in x is log(y), -inf at y = 0; in y it is x / y, and 0 where x = 0.

    >>> xlogy(0.0, 0.0), xlogy(Value(0.0), Value(0.0)).local_derivatives
    (0.0, (-inf, 0.0))"""

@overload
def xlogy(x: Scalar, y: Value) -> Value:
    """The product x·log(y), and 0 where x = 0: a term of an entropy.
    The derivative in x is log(y), -inf at y = 0; in y it is x / y, and 0 where x = 0.

    >>> xlogy(0.0, 0.0), xlogy(Value(0.0), Value(0.0)).local_derivatives
    (0.0, (-inf, 0.0))"""

@overload
def xlog1py(x: Kind, y: float) -> Kind:
    """The product x·log(1 + y), exact where y is near 0, and 0 where x = 0.

    >>> xlog1py(2.0, 1e-20), xlog1py(0.0, -1.0)
    (2e-20, 0.0)"""

@overload
def xlog1py(x: Scalar, y: Value) -> Value:
    """The product x·log(1 + y), exact where y is near 0, and 0 where x = 0.

    >>> xlog1py(2.0, 1e-20), xlog1py(0.0, -1.0)
    (2e-20, 0.0)"""

def sin(x: Kind) -> Kind:
    """The sine of an angle in radians; nan at ±inf.

    >>> sin(3.141592653589793)  # not 0: the float next to π falls short of it by this much
    1.2246467991473532e-16"""

def cos(x: Kind) -> Kind:
    """The cosine of an angle in radians; nan at ±inf.

    >>> cos(Value(0.5)).local_derivatives == (-sin(0.5),)
    True"""

def tan(x: Kind) -> Kind:
    """The tangent of an angle in radians, with derivative 1 + tan(x)²; nan at ±inf.

    >>> tan(1.5707963267948966)  # finite: no float is π/2 itself
    1.633123935319537e+16"""

def asin(x: Kind) -> Kind:
    """The angle in [-π/2, π/2] whose sine is x; at ±1 its derivative is inf, beyond both are nan.

    >>> asin(0.5), asin(Value(1.0)).local_derivatives, asin(1.5)
    (0.5235987755982989, (inf,), nan)"""

def acos(x: Kind) -> Kind:
    """The angle in [0, π] whose cosine is x; at ±1 its derivative is -inf, beyond both are nan.

    >>> acos(-1.0), acos(Value(1.0)).local_derivatives, acos(1.5)
    (3.141592653589793, (-inf,), nan)"""

def atan(x: Kind) -> Kind:
    """The angle in [-π/2, π/2] whose tangent is x; its derivative is 1 / (1 + x²).

    >>> 4 * atan(1.0), atan(inf)
    (3.141592653589793, 1.5707963267948966)"""

@overload
def hypot(x: Kind, y: float) -> Kind:
    """The length √(x² + y²), without overflow; at the origin both derivatives are taken as 0.

    >>> hypot(3e300, 4e300), hypot(Value(3.0), 4.0).local_derivatives
    (5e+300, (0.6,))"""

@overload
def hypot(x: Scalar, y: Value) -> Value:
    """The length √(x² + y²), without overflow; at the origin both derivatives are taken as 0.

    >>> hypot(3e300, 4e300), hypot(Value(3.0), 4.0).local_derivatives
    (5e+300, (0.6,))"""

def sinc(x: Kind) -> Kind:
    """NumPy's sin(πx) / (πx): 1 at 0, where every derivative exists too, and 0 at ±1, ±2, …

    >>> sinc(0.5), sinc(2.0), sinc(Value(0.0)).local_derivatives
    (0.6366197723675814, 0.0, (0.0,))"""

def deg2rad(x: Kind) -> Kind:
    """An angle in radians, from degrees.

    >>> deg2rad(180.0), sin(deg2rad(Value(0.0))).local_derivatives
    (3.141592653589793, (1.0,))"""

def rad2deg(x: Kind) -> Kind:
    """An angle in degrees, from radians.

    >>> rad2deg(3.141592653589793)
    180.0"""

def sinh(x: Kind) -> Kind:
    """The hyperbolic sine (exp(x) - exp(-x)) / 2, exact near 0; ±inf beyond ±710.47.

    >>> sinh(1e-20), (exp(1e-20) - exp(-1e-20)) / 2
    (1e-20, 0.0)"""

def cosh(x: Kind) -> Kind:
    """The hyperbolic cosine (exp(x) + exp(-x)) / 2; inf beyond ±710.47.

    >>> cosh(Value(2.0)).local_derivatives == (sinh(2.0),)
    True"""

def tanh(x: Kind) -> Kind:
    """The hyperbolic tangent, between -1 and 1.  Its derivative keeps its digits far out.

    >>> tanh(20.0), tanh(Value(20.0)).local_derivatives, 1 - tanh(20.0) ** 2
    (1.0, (1.6993417021166355e-17,), 0.0)"""

def asinh(x: Kind) -> Kind:
    """The number whose hyperbolic sine is x, log(x + √(x² + 1)): exact near 0, without overflow.

    >>> asinh(1e-20), asinh(1e300)
    (1e-20, 691.4686750787736)"""

def acosh(x: Kind) -> Kind:
    """The number ≥ 0 whose hyperbolic cosine is x; at 1 its derivative is inf, below both are nan.

    >>> acosh(Value(1.0)).local_derivatives, acosh(0.5)
    ((inf,), nan)"""

def atanh(x: Kind) -> Kind:
    """The number whose hyperbolic tangent is x: ±inf at ±1 with derivative inf, nan beyond.

    >>> atanh(Value(0.5)).local_derivatives, atanh(1.0), atanh(1.5)
    ((1.3333333333333333,), inf, nan)"""

def erf(x: Kind) -> Kind:
    """The error function 2/√π · ∫₀ˣ exp(-t²) dt, between -1 and 1.

    >>> erf(1 / sqrt(2.0))  # the probability of one standard deviation or less from the mean
    0.6826894921370859"""

def erfc(x: Kind) -> Kind:
    """The complement of the error function, ``1 - erf(x)``, exact in the tail where that is not.

    >>> erfc(10.0), 1 - erf(10.0)
    (2.088487583762545e-45, 0.0)"""

def lgamma(x: Kind) -> Kind:
    """The logarithm of |Γ(x)|, and so of (x - 1)!: inf at 0, -1, -2, …
    Its derivative is digamma.

    >>> lgamma(5.0), log(24.0)
    (3.1780538303479458, 3.1780538303479458)"""

def digamma(x: Kind) -> Kind:
    """The derivative of lgamma, ψ(x): ∓inf at ±0, nan at -1, -2, …

    >>> digamma(1.0)  # minus Euler's constant
    -0.5772156649015329"""

def relu(x: Kind) -> Kind:
    """The positive part max(x, 0), "rectified linear unit"; nan stays nan.
    Its derivative at 0 is taken as 0, as in PyTorch; one lecture note takes 1.

    >>> [relu(Value(x)).local_derivatives for x in (-2.0, 0.0, 2.0)]
    [(0.0,), (0.0,), (1.0,)]"""

def gelu(x: Kind) -> Kind:
    """The product x·Φ(x) with the normal distribution function Φ (Hendrycks and Gimpel 2016).
    This is the exact one, PyTorch's default, not the approximation by tanh.

    >>> gelu(-100.0), gelu(100.0), gelu(Value(0.0)).local_derivatives  # a smooth relu
    (-0.0, 100.0, (0.5,))"""

def silu(x: Kind) -> Kind:
    """The product x·sigmoid(x), also called swish.

    >>> silu(-100.0), silu(100.0), silu(Value(0.0)).local_derivatives
    (-3.7200759760208363e-42, 100.0, (0.5,))"""

def sigmoid(x: Kind) -> Kind:
    """The logistic function 1 / (1 + exp(-x)), between 0 and 1.
    It and its derivative keep their digits in both tails, where p·(1 - p) does not.

    >>> sigmoid(40.0), sigmoid(Value(40.0)).local_derivatives, sigmoid(40.0) * (1 - sigmoid(40.0))
    (1.0, (4.248354255291589e-18,), 0.0)"""

def log_sigmoid(x: Kind) -> Kind:
    """The logarithm of sigmoid(x), without underflow: log-probability from a logit.

    >>> log_sigmoid(-1000.0), log(sigmoid(-1000.0))
    (-1000.0, -inf)"""

def softplus(x: Kind) -> Kind:
    """The smooth relu log(1 + exp(x)), without overflow; its derivative is sigmoid(x).

    >>> softplus(1000.0), log(1 + exp(1000.0))
    (1000.0, inf)"""

def sign(x: Kind) -> Kind:
    """The sign: 1, -1, or x itself where that is ±0 or nan; the derivative is 0.

    >>> sign(-3.0), sign(-0.0), sign(Value(-3.0)).local_derivatives
    (-1.0, -0.0, (0.0,))"""

def step(x: Kind) -> Kind:
    """The unit step: 1 for x > 0, 0 elsewhere (at 0 too), nan at nan; the derivative is 0.

    >>> step(-0.5), step(0.0), step(0.5)
    (0.0, 0.0, 1.0)"""

def floor(x: Kind) -> Kind:
    """The largest whole number that is not above x; the derivative is 0.

    >>> floor(2.5), floor(-2.5)
    (2.0, -3.0)"""

def ceil(x: Kind) -> Kind:
    """The smallest whole number that is not below x; the derivative is 0.

    >>> ceil(2.5), ceil(-2.5)
    (3.0, -2.0)"""

def round(x: Kind) -> Kind:
    """The nearest whole number, of two the even one; the derivative is 0.

    >>> round(1.5), round(2.5), round(3.5)
    (2.0, 2.0, 4.0)"""

def trunc(x: Kind) -> Kind:
    """The whole part, x without its fraction; the derivative is 0.

    >>> trunc(2.7), trunc(-2.7)
    (2.0, -2.0)"""

@overload
def maximum(x: Kind, y: float) -> Kind:
    """The larger of two; in a tie each has derivative ½, and nan on either side gives nan.

    >>> [maximum(Value(x), Value(2.0)).local_derivatives for x in (1.0, 2.0, 3.0)]
    [(0.0, 1.0), (0.5, 0.5), (1.0, 0.0)]"""

@overload
def maximum(x: Scalar, y: Value) -> Value:
    """The larger of two; in a tie each has derivative ½, and nan on either side gives nan.

    >>> [maximum(Value(x), Value(2.0)).local_derivatives for x in (1.0, 2.0, 3.0)]
    [(0.0, 1.0), (0.5, 0.5), (1.0, 0.0)]"""

@overload
def minimum(x: Kind, y: float) -> Kind:
    """The smaller of two; in a tie each has derivative ½, and nan on either side gives nan.

    >>> [minimum(Value(x), Value(2.0)).local_derivatives for x in (1.0, 2.0, 3.0)]
    [(1.0, 0.0), (0.5, 0.5), (0.0, 1.0)]"""

@overload
def minimum(x: Scalar, y: Value) -> Value:
    """The smaller of two; in a tie each has derivative ½, and nan on either side gives nan.

    >>> [minimum(Value(x), Value(2.0)).local_derivatives for x in (1.0, 2.0, 3.0)]
    [(1.0, 0.0), (0.5, 0.5), (0.0, 1.0)]"""

@overload
def sum(xs: Iterable[float]) -> float:
    """The sum, exact and rounded once; 0.0 of nothing.
    One node with an edge to each, where Python's ``sum`` records a chain of additions.

    >>> sum([0.1] * 10), 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1
    (1.0, 0.9999999999999999)"""

@overload
def sum(xs: Iterable[Value]) -> Value:
    """The sum, exact and rounded once; 0.0 of nothing.
    One node with an edge to each, where Python's ``sum`` records a chain of additions.

    >>> sum([0.1] * 10), 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1
    (1.0, 0.9999999999999999)"""

@overload
def sum(xs: Iterable[Scalar]) -> Scalar:
    """The sum, exact and rounded once; 0.0 of nothing.
    One node with an edge to each, where Python's ``sum`` records a chain of additions.

    >>> sum([0.1] * 10), 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1
    (1.0, 0.9999999999999999)"""

@overload
def prod(xs: Iterable[float]) -> float:
    """The product; 1.0 of nothing.
    Each derivative is the product of the others, with zeros among them too.

    >>> prod([Value(0.0), Value(3.0), Value(5.0)]).local_derivatives
    (15.0, 0.0, 0.0)"""

@overload
def prod(xs: Iterable[Value]) -> Value:
    """The product; 1.0 of nothing.
    Each derivative is the product of the others, with zeros among them too.

    >>> prod([Value(0.0), Value(3.0), Value(5.0)]).local_derivatives
    (15.0, 0.0, 0.0)"""

@overload
def prod(xs: Iterable[Scalar]) -> Scalar:
    """The product; 1.0 of nothing.
    Each derivative is the product of the others, with zeros among them too.

    >>> prod([Value(0.0), Value(3.0), Value(5.0)]).local_derivatives
    (15.0, 0.0, 0.0)"""

@overload
def mean(xs: Iterable[float]) -> float:
    """The arithmetic mean; of nothing it is a ``LengthError``.

    >>> mean([Value(1.0), Value(2.0), 4.5, 6.5]).local_derivatives
    (0.25, 0.25)"""

@overload
def mean(xs: Iterable[Value]) -> Value:
    """The arithmetic mean; of nothing it is a ``LengthError``.

    >>> mean([Value(1.0), Value(2.0), 4.5, 6.5]).local_derivatives
    (0.25, 0.25)"""

@overload
def mean(xs: Iterable[Scalar]) -> Scalar:
    """The arithmetic mean; of nothing it is a ``LengthError``.

    >>> mean([Value(1.0), Value(2.0), 4.5, 6.5]).local_derivatives
    (0.25, 0.25)"""

@overload
def max(xs: Iterable[float]) -> float:
    """The largest; for two there is ``maximum(x, y)``; of nothing: ``LengthError``.
    Those that tie share the derivative 1 equally, and nan among them gives nan.

    >>> max([Value(2.0), Value(2.0), Value(1.0)]).local_derivatives
    (0.5, 0.5, 0.0)"""

@overload
def max(xs: Iterable[Value]) -> Value:
    """The largest; for two there is ``maximum(x, y)``; of nothing: ``LengthError``.
    Those that tie share the derivative 1 equally, and nan among them gives nan.

    >>> max([Value(2.0), Value(2.0), Value(1.0)]).local_derivatives
    (0.5, 0.5, 0.0)"""

@overload
def max(xs: Iterable[Scalar]) -> Scalar:
    """The largest; for two there is ``maximum(x, y)``; of nothing: ``LengthError``.
    Those that tie share the derivative 1 equally, and nan among them gives nan.

    >>> max([Value(2.0), Value(2.0), Value(1.0)]).local_derivatives
    (0.5, 0.5, 0.0)"""

@overload
def min(xs: Iterable[float]) -> float:
    """The smallest; for two there is ``minimum(x, y)``; of nothing: ``LengthError``.
    Those that tie share the derivative 1 equally, and nan among them gives nan.

    >>> min([Value(3.0), Value(1.0), Value(2.0)]).local_derivatives
    (0.0, 1.0, 0.0)"""

@overload
def min(xs: Iterable[Value]) -> Value:
    """The smallest; for two there is ``minimum(x, y)``; of nothing: ``LengthError``.
    Those that tie share the derivative 1 equally, and nan among them gives nan.

    >>> min([Value(3.0), Value(1.0), Value(2.0)]).local_derivatives
    (0.0, 1.0, 0.0)"""

@overload
def min(xs: Iterable[Scalar]) -> Scalar:
    """The smallest; for two there is ``minimum(x, y)``; of nothing: ``LengthError``.
    Those that tie share the derivative 1 equally, and nan among them gives nan.

    >>> min([Value(3.0), Value(1.0), Value(2.0)]).local_derivatives
    (0.0, 1.0, 0.0)"""

@overload
def logsumexp(xs: Iterable[float]) -> float:
    """The logarithm of Σ exp(xᵢ), without overflow; -inf of nothing.
    Its derivatives are ``softmax(xs)``.  Where all are -inf it is -inf, with derivatives nan.

    >>> logsumexp([1000.0, 1000.0]), log(exp(1000.0) + exp(1000.0))
    (1000.6931471805599, inf)"""

@overload
def logsumexp(xs: Iterable[Value]) -> Value:
    """The logarithm of Σ exp(xᵢ), without overflow; -inf of nothing.
    Its derivatives are ``softmax(xs)``.  Where all are -inf it is -inf, with derivatives nan.

    >>> logsumexp([1000.0, 1000.0]), log(exp(1000.0) + exp(1000.0))
    (1000.6931471805599, inf)"""

@overload
def logsumexp(xs: Iterable[Scalar]) -> Scalar:
    """The logarithm of Σ exp(xᵢ), without overflow; -inf of nothing.
    Its derivatives are ``softmax(xs)``.  Where all are -inf it is -inf, with derivatives nan.

    >>> logsumexp([1000.0, 1000.0]), log(exp(1000.0) + exp(1000.0))
    (1000.6931471805599, inf)"""

@overload
def norm(xs: Iterable[float]) -> float:
    """The Euclidean length √(Σ xᵢ²), without overflow; 0.0 of nothing.
    Its derivatives are the direction xᵢ / ‖x‖, taken as 0 at the origin.

    >>> norm([3e300, 4e300]), norm([Value(3.0), Value(4.0)]).local_derivatives
    (5e+300, (0.6, 0.8))"""

@overload
def norm(xs: Iterable[Value]) -> Value:
    """The Euclidean length √(Σ xᵢ²), without overflow; 0.0 of nothing.
    Its derivatives are the direction xᵢ / ‖x‖, taken as 0 at the origin.

    >>> norm([3e300, 4e300]), norm([Value(3.0), Value(4.0)]).local_derivatives
    (5e+300, (0.6, 0.8))"""

@overload
def norm(xs: Iterable[Scalar]) -> Scalar:
    """The Euclidean length √(Σ xᵢ²), without overflow; 0.0 of nothing.
    Its derivatives are the direction xᵢ / ‖x‖, taken as 0 at the origin.

    >>> norm([3e300, 4e300]), norm([Value(3.0), Value(4.0)]).local_derivatives
    (5e+300, (0.6, 0.8))"""

@overload
def atan2(y: Kind, x: float) -> Kind:
    """The angle in [-π, π] from the x-axis to the point (x, y): the ordinate comes first, as in `math`.

    Unlike ``atan(y / x)`` it tells all four quadrants apart.  At the origin both derivatives are taken as 0.

    >>> atan2(1.0, -1.0), atan(1.0 / -1.0)
    (2.356194490192345, -0.7853981633974483)
    """

@overload
def atan2(y: Scalar, x: Value) -> Value:
    """The angle in [-π, π] from the x-axis to the point (x, y): the ordinate comes first, as in `math`.

    Unlike ``atan(y / x)`` it tells all four quadrants apart.  At the origin both derivatives are taken as 0.

    >>> atan2(1.0, -1.0), atan(1.0 / -1.0)
    (2.356194490192345, -0.7853981633974483)
    """

def polygamma(n: int, x: Kind) -> Kind:
    """The derivative of digamma of order n ≥ 0: ±inf at ±0; at -1, -2, … inf for odd n, nan for even n.

    Raises:
        OperandError: n is no whole number ≥ 0.

    >>> polygamma(1, 1.0), polygamma(1, Value(1.0)).local_derivatives  # π²/6, and ψ″(1)
    (1.6449340668482264, (-2.404113806319188,))
    """

@overload
def leaky_relu(x: Kind, slope: float=...) -> Kind:
    """The identity for x > 0 and slope·x elsewhere; its derivative at 0 is the slope, as in PyTorch.

    The slope may be a Value too, to be learned (PReLU: He et al. 2015).

    >>> leaky_relu(Value(-2.0), slope=Value(0.25)).local_derivatives
    (0.25, -2.0)
    """

@overload
def leaky_relu(x: Scalar, slope: Value) -> Value:
    """The identity for x > 0 and slope·x elsewhere; its derivative at 0 is the slope, as in PyTorch.

    The slope may be a Value too, to be learned (PReLU: He et al. 2015).

    >>> leaky_relu(Value(-2.0), slope=Value(0.25)).local_derivatives
    (0.25, -2.0)
    """

@overload
def elu(x: Kind, alpha: float=...) -> Kind:
    """The identity for x > 0 and alpha·(exp(x) - 1) elsewhere (Clevert et al. 2016); its derivative at 0 is alpha.

    >>> elu(2.0), elu(-1000.0), elu(Value(0.0), alpha=0.5).local_derivatives
    (2.0, -1.0, (0.5,))
    """

@overload
def elu(x: Scalar, alpha: Value) -> Value:
    """The identity for x > 0 and alpha·(exp(x) - 1) elsewhere (Clevert et al. 2016); its derivative at 0 is alpha.

    >>> elu(2.0), elu(-1000.0), elu(Value(0.0), alpha=0.5).local_derivatives
    (2.0, -1.0, (0.5,))
    """

@overload
def clamp(x: Kind, low: float=..., high: float=...) -> Kind:
    """Keep x between low and high; its derivative is 1 from bound to bound, both included, and 0 beyond.

    Where the bounds are equal it is 0 everywhere.  The bounds may be Values too: the derivative in a bound is 1 where x
    is beyond it.

    Raises:
        OperandError: ``low <= high`` does not hold.

    >>> [clamp(Value(x), 0.0, 1.0).local_derivatives for x in (-0.5, 0.0, 0.5, 1.0, 1.5)]
    [(0.0,), (1.0,), (1.0,), (1.0,), (0.0,)]
    """

@overload
def clamp(x: Scalar, low: Value, high: Scalar=...) -> Value:
    """Keep x between low and high; its derivative is 1 from bound to bound, both included, and 0 beyond.

    Where the bounds are equal it is 0 everywhere.  The bounds may be Values too: the derivative in a bound is 1 where x
    is beyond it.

    Raises:
        OperandError: ``low <= high`` does not hold.

    >>> [clamp(Value(x), 0.0, 1.0).local_derivatives for x in (-0.5, 0.0, 0.5, 1.0, 1.5)]
    [(0.0,), (1.0,), (1.0,), (1.0,), (0.0,)]
    """

@overload
def clamp(x: Scalar, low: Scalar=..., *, high: Value) -> Value:
    """Keep x between low and high; its derivative is 1 from bound to bound, both included, and 0 beyond.

    Where the bounds are equal it is 0 everywhere.  The bounds may be Values too: the derivative in a bound is 1 where x
    is beyond it.

    Raises:
        OperandError: ``low <= high`` does not hold.

    >>> [clamp(Value(x), 0.0, 1.0).local_derivatives for x in (-0.5, 0.0, 0.5, 1.0, 1.5)]
    [(0.0,), (1.0,), (1.0,), (1.0,), (0.0,)]
    """

@overload
def clamp(x: Scalar, low: Scalar, high: Value) -> Value:
    """Keep x between low and high; its derivative is 1 from bound to bound, both included, and 0 beyond.

    Where the bounds are equal it is 0 everywhere.  The bounds may be Values too: the derivative in a bound is 1 where x
    is beyond it.

    Raises:
        OperandError: ``low <= high`` does not hold.

    >>> [clamp(Value(x), 0.0, 1.0).local_derivatives for x in (-0.5, 0.0, 0.5, 1.0, 1.5)]
    [(0.0,), (1.0,), (1.0,), (1.0,), (0.0,)]
    """

@overload
def where(condition: Value, x: Scalar, y: Scalar) -> Value:
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

@overload
def where(condition: Scalar, x: Value, y: Scalar) -> Value:
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

@overload
def where(condition: Scalar, x: Scalar, y: Value) -> Value:
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

@overload
def where(condition: float, x: float, y: float) -> float:
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

@overload
def select(index: float, values: Iterable[float]) -> float:
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

@overload
def select(index: Scalar, values: Iterable[Value]) -> Value:
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

@overload
def select(index: Value, values: Iterable[Scalar]) -> Value:
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

@overload
def select(index: Scalar, values: Iterable[Scalar]) -> Scalar:
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

@overload
def softmax(xs: Iterable[float]) -> list[float]:
    """The shares exp(xᵢ) / Σ exp(xⱼ), without overflow: a list of numbers between 0 and 1 whose sum is 1.

    One node for each share, whose operands are the constant i and then all of xs.

    Raises:
        LengthError: there is nothing to share among.

    >>> p, q = softmax([Value(1000.0), Value(1000.0)])
    >>> p.data, p.local_derivatives  # p·(1 - p) and -p·q
    (0.5, (0.25, -0.25))
    """

@overload
def softmax(xs: Iterable[Value]) -> list[Value]:
    """The shares exp(xᵢ) / Σ exp(xⱼ), without overflow: a list of numbers between 0 and 1 whose sum is 1.

    One node for each share, whose operands are the constant i and then all of xs.

    Raises:
        LengthError: there is nothing to share among.

    >>> p, q = softmax([Value(1000.0), Value(1000.0)])
    >>> p.data, p.local_derivatives  # p·(1 - p) and -p·q
    (0.5, (0.25, -0.25))
    """

@overload
def softmax(xs: Iterable[Scalar]) -> list[Scalar]:
    """The shares exp(xᵢ) / Σ exp(xⱼ), without overflow: a list of numbers between 0 and 1 whose sum is 1.

    One node for each share, whose operands are the constant i and then all of xs.

    Raises:
        LengthError: there is nothing to share among.

    >>> p, q = softmax([Value(1000.0), Value(1000.0)])
    >>> p.data, p.local_derivatives  # p·(1 - p) and -p·q
    (0.5, (0.25, -0.25))
    """

@overload
def dot(ws: Iterable[Value], xs: Iterable[Scalar], bias: Scalar | None=...) -> Value:
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

@overload
def dot(ws: Iterable[Scalar], xs: Iterable[Value], bias: Scalar | None=...) -> Value:
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

@overload
def dot(ws: Iterable[Scalar], xs: Iterable[Scalar], bias: Value) -> Value:
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

@overload
def dot(ws: Iterable[float], xs: Iterable[float], bias: float | None=...) -> float:
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

@overload
def dot(ws: Iterable[Scalar], xs: Iterable[Scalar], bias: Scalar | None=...) -> Scalar:
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

def record_dot(ws: Sequence[Value], w: Sequence[float], xs: Sequence[Any], x: Sequence[float], bias: Any) -> Value:
    """The node of ``dot(ws, xs, bias)`` for a neuron: weights and bias are Values, inputs all Values or all floats.

    ``w`` and ``x`` are the numbers of ``ws`` and ``xs``; ``x`` is ``xs`` itself where that holds floats, which are
    constants.  This is what the row comes to, spelled out, in two thirds of the time; a test holds it to the row.
    """

arcsin = asin
arccos = acos
arctan = atan
arctan2 = atan2
arcsinh = asinh
arccosh = acosh
arctanh = atanh
radians = deg2rad
degrees = rad2deg
absolute = abs
fabs = abs
negative = neg
power = pow
rint = round
