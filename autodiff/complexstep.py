"""The complex step: f(x + ih) = f(x) + ih·f'(x) - O(h²), a derivative to the last digits out of values alone.

These are the operations of the table on complex numbers, each from its definition and `cmath`, none from a derivative
rule; what is not analytic is refused.  Nothing is subtracted, so h can be so small that h² is nothing beside any number
(Squire and Trapp, Using complex variables to estimate derivatives of real functions, SIAM Review 40, 1998).
"""

from __future__ import annotations

import cmath
import math
import operator
from math import copysign, isfinite, nan
from numbers import Real
from typing import TYPE_CHECKING

from . import functions
from .entrance import as_number
from .errors import OperandError
from .formulas import with_names
from .operators import Operators
from .ops import OPS, NaryOp
from .value import Value

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from .ops import Op

__all__ = ["ComplexStep", "step_at"]


def step_at(x: float) -> float:
    """A step whose square is nothing beside ``x``, which may be tiny itself, nor beside 1."""
    return 1e-100 if abs(x) > 1e-80 or not x else abs(x) * 1e-20


def _refused(what: str) -> Callable[..., NoReturn]:
    def method(*operands: Any) -> NoReturn:
        raise OperandError(
            f"complex step: {what} is not analytic, so it says nothing about a derivative; "
            'use numerical_grad(f, method="central")'
        )

    return method


class ComplexStep(Operators):
    """A number with a tiny imaginary part, which the operations of the table carry along: f(x + ih) ≈ f(x) + ih·f'(x).

    It takes part in arithmetic and in every analytic operation, as function or as method.

    >>> (ComplexStep(3 + 1e-100j) ** 2).z
    (9+6e-100j)
    """

    __slots__ = ("z",)

    def __init__(self, z: complex) -> None:
        self.z = z

    def __repr__(self) -> str:
        return f"ComplexStep({self.z!r})"

    @staticmethod
    def apply_op(op: Op, operands: tuple[Any, ...]) -> ComplexStep:
        """What calling a row of the table does when an operand is a ComplexStep."""
        if not op.analytic:
            _refused(op.name)()
        if op.name not in _ANALYTIC:
            raise OperandError(
                f'complex step: {op.name} has no value here on complex numbers; use numerical_grad(f, method="central")'
            )
        zs = [x.z if isinstance(x, ComplexStep) else complex(as_number(x, op.name)) for x in operands]
        value = op.evaluate([z.real for z in zs])
        if not isfinite(value):  # also where a complex function would go on beyond the domain of the real one
            return ComplexStep(complex(value, nan))
        try:
            return ComplexStep(_ANALYTIC[op.name](*zs))
        except (ArithmeticError, ValueError):  # a point where it is not analytic, such as 0**y
            return ComplexStep(complex(value, nan))

    @staticmethod
    def takes(other: object) -> bool:
        """What is no scalar, a NumPy array, applies an operator to each of its elements."""
        return isinstance(other, (ComplexStep, Value, Real))

    __hash__ = object.__hash__
    __eq__ = _refused("a comparison (==)")
    __lt__ = _refused("a comparison (<)")
    __le__ = _refused("a comparison (<=)")
    __gt__ = _refused("a comparison (>)")
    __ge__ = _refused("a comparison (>=)")
    __bool__ = _refused("a condition (if x)")
    __abs__, __floor__, __ceil__, __round__ = _refused("abs"), _refused("floor"), _refused("ceil"), _refused("round")

    def __float__(self) -> NoReturn:
        raise OperandError(
            "complex step: a function such as math.sin drops the imaginary part, which is the derivative; "
            'write autodiff.sin(x) in place of math.sin(x), or use numerical_grad(f, method="central")'
        )

    __int__ = __float__

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Every function of the package as a method, as on a Value."""
        if name not in functions.__all__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
        function = getattr(functions, name)
        return lambda *others: function(self, *others)


def _pow(x: complex, y: complex) -> complex:
    if x.real < 0:  # real only for whole exponents
        if y.imag != 0:
            return complex(nan, nan)
        return (-x) ** y if y.real % 2 == 0 else -((-x) ** y)
    return x**y


def _cbrt(z: complex) -> complex:
    return z ** (1 / 3) if z.real > 0 else -((-z) ** (1 / 3))


def _expm1(z: complex) -> complex:
    """exp(a + ib) - 1 = expm1(a)·cos(b) - 2·sin²(b/2) + i·exp(a)·sin(b)."""
    real = math.expm1(z.real) * math.cos(z.imag) - 2 * math.sin(z.imag / 2) ** 2
    return complex(real, math.exp(z.real) * math.sin(z.imag))


def _log1p(z: complex) -> complex:
    """The real part log|1 + z| = ½·log1p(2a + a² + b²), where log(1 + z) loses the digits of a small z."""
    if abs(z.real) > 0.5:
        return cmath.log(1 + z)
    return complex(0.5 * math.log1p(z.real * (2 + z.real) + z.imag**2), cmath.phase(1 + z))


def _atan2(y: complex, x: complex) -> complex:
    if abs(x.real) < abs(y.real):
        return copysign(math.pi / 2, y.real) - cmath.atan(x / y)
    return cmath.atan(y / x) + (0.0 if x.real > 0 else copysign(math.pi, y.real))


def _norm(*zs: complex) -> complex:
    largest = max(abs(z.real) for z in zs)
    return largest * cmath.sqrt(sum((z / largest) ** 2 for z in zs))


def _erf(z: complex) -> complex:
    """erf(a) + 2/√π·∫ exp(-t²) dt from a to z; on so short a way the midpoint gives the integral to all digits."""
    a = z.real
    return math.erf(a) + _erf_beyond(z)


def _erfc(z: complex) -> complex:
    return math.erfc(z.real) - _erf_beyond(z)


def _erf_beyond(z: complex) -> complex:
    return 2 / math.sqrt(math.pi) * cmath.exp(-(((z.real + z) / 2) ** 2)) * (z - z.real)


class _Ordered(complex):
    """A complex number whose real part says which way a formula takes."""

    def __lt__(self, other: complex) -> bool:
        return self.real < other.real

    def __gt__(self, other: complex) -> bool:
        return self.real > other.real

    def __le__(self, other: complex) -> bool:
        return self.real <= other.real

    def __ge__(self, other: complex) -> bool:
        return self.real >= other.real

    def __neg__(self) -> _Ordered:
        return _Ordered(-self.real, -self.imag)


_NAMES = with_names(
    {
        **dict(exp=cmath.exp, log1p=_log1p, isfinite=cmath.isfinite, mul0=operator.mul, sum=sum, fsum=sum),
        "max": lambda zs: max(zs, key=lambda z: z.real),
        "normal_cdf": lambda z: _erfc(-z / math.sqrt(2)) / 2,
    }
)


def _by_formula(name: str) -> Callable[..., complex]:
    formula = _NAMES[name]
    if isinstance(OPS[name], NaryOp):
        return lambda *zs: formula([*map(_Ordered, zs)])
    return lambda *zs: formula(*map(_Ordered, zs))


def _softmax(i: complex, *zs: complex) -> complex:
    return _NAMES["softmax_all"](zs)[int(i.real)]  # type: ignore[no-any-return]


_ANALYTIC: dict[str, Callable[..., complex]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": _pow,
    "neg": operator.neg,
    "square": lambda z: z * z,
    "reciprocal": lambda z: 1 / z,
    "sqrt": cmath.sqrt,
    "cbrt": _cbrt,
    "exp": cmath.exp,
    "exp2": lambda z: 2**z,
    "expm1": _expm1,
    "log": cmath.log,
    "log2": lambda z: cmath.log(z) / math.log(2),
    "log10": cmath.log10,
    "log1p": _log1p,
    "sin": cmath.sin,
    "cos": cmath.cos,
    "tan": cmath.tan,
    "asin": cmath.asin,
    "acos": cmath.acos,
    "atan": cmath.atan,
    "atan2": _atan2,
    "hypot": _norm,
    "sinh": cmath.sinh,
    "cosh": cmath.cosh,
    "tanh": cmath.tanh,
    "asinh": cmath.asinh,
    "acosh": cmath.acosh,
    "atanh": cmath.atanh,
    "erf": _erf,
    "erfc": _erfc,
    **{name: _by_formula(name) for name in ("sigmoid", "log_sigmoid", "softplus", "silu", "gelu")},
    "exp10": lambda z: 10**z,
    "deg2rad": lambda z: z * math.pi / 180,
    "rad2deg": lambda z: z * 180 / math.pi,
    "logit": lambda z: cmath.log(z) - _log1p(-z),
    "log1mexp": lambda z: cmath.log(-_expm1(-z)),
    "xlogy": lambda x, y: x * cmath.log(y),
    "xlog1py": lambda x, y: x * _log1p(y),
    "logaddexp": lambda x, y: _NAMES["logsumexp"]([x, y]),
    "logaddexp2": lambda x, y: _NAMES["logsumexp"]([x * math.log(2), y * math.log(2)]) / math.log(2),
    **{name: _by_formula(name) for name in ("mean", "dot", "logsumexp")},
    "sum": lambda *zs: sum(zs),
    "prod": lambda *zs: math.prod(zs),
    "softmax": _softmax,
    "norm": _norm,
}
