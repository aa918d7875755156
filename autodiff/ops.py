"""Every operation and every derivative of the project: one row each, written once.

A row gives an operation's name, its notation, its value on floats, and its partial derivatives in the operands
``x``, ``y`` and the output ``z``.  A rule only names other operations and uses ``+ - * /``; it never multiplies by
an incoming gradient and never knows who evaluates it.  So the same row serves floats (the local derivative recorded on
a node), Values (a derivative that is itself a graph: any order), forward mode, and the formula printed on an edge.

How the rules are chosen.  Among all ways to write a derivative, a row uses one that is right to the last digits over
the whole range of doubles *and whose own derivative by these rules is right too*: tanh' is ``sech(x)²``, for
``1 - z²`` is 77 % wrong at x = 19, and the second derivative of ``1 / cosh(x)²`` overflows.  Where no operation that
users know has that property, a helper row at the end of the table does.

Numbers follow IEEE 754: no rule and no value raises, 1/0 is inf, log(-1) is nan.
"""

# mypy: disable-error-code="has-type"
# (A rule may name an operation that stands further down in the table.)

from __future__ import annotations

import math
from itertools import accumulate
from math import inf
from operator import mul as multiply
from typing import TYPE_CHECKING

from . import formulas, primitives, special
from .operators import OPS
from .primitives import total
from .row import NaryOp, Op, Shorthand, constant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = ["OPS", "NaryOp", "Op"]

# ---------------------------------------------------------------------------------------------------------------------
# Rules that do not fit a line.
# ---------------------------------------------------------------------------------------------------------------------


def _dot_partials(operands: Sequence[Any], z: Any) -> list[Any]:
    """Of Σ wᵢ·xᵢ + b: the x's for the w's, the w's for the x's, and 1."""
    n, biased = divmod(len(operands), 2)
    partials = [*operands[n : 2 * n], *operands[:n]]
    if biased:
        partials.append(1.0)
    return partials


def _products_of_others(*xs: Any) -> list[Any]:
    """From running products of both sides: linear work, and right when a factor is 0."""
    before = [*accumulate(xs[:-1], multiply, initial=1.0)]
    after = [*accumulate(xs[:0:-1], multiply, initial=1.0)]
    return [*map(multiply, before, reversed(after))]


def _powlog_in_base(x: Any, y: Any, n: float, k: float, z: Any) -> Any:
    """(y - n)·x**(y - n - 1)·log(x)**k + k·x**(y - n - 1)·log(x)**(k - 1)."""
    slope = scaled(y - n, powlog(x, y, n + 1, k))
    return slope + k * powlog(x, y, n + 1, k - 1) if k else slope


def _share_among_ties(xs: Sequence[Any], z: Any) -> list[Any]:
    ties = [1.0 - abs(compare(x, z)) for x in xs]
    count = sum(*ties)
    return [tie / count for tie in ties]


def _select_partials(operands: Sequence[Any], z: Any) -> list[Any]:
    """1 for the one that is picked; the index is a whole number, which has no slope."""
    return [0.0, *[1 - abs(compare(operands[0], float(i))) for i in range(len(operands) - 1)]]


def _softmax_partials(operands: Sequence[Any], z: Any) -> list[Any]:
    """∂p_i/∂x_j = -p_i·p_j, and p_i·(1 - p_i) with 1 - p_i as the sum of the others, which does not cancel."""
    i, shares = int(operands[0]), softmax_all(*operands[1:])
    partials = [-z * share for share in shares]
    partials[i] = z * sum(*shares[:i], *shares[i + 1 :])
    return [0.0, *partials]


def _direction_partials(operands: Sequence[Any], z: Any) -> list[Any]:
    """∂u_i/∂x_j = -u_i·u_j / ‖x‖, and (1 - u_i²) / ‖x‖ with 1 - u_i² from the length of the others."""
    i, xs = int(operands[0]), operands[1:]
    length = norm(*xs)
    partials = [-z * u / length for u in direction_all(*xs)]
    partials[i] = square(norm(*xs[:i], *xs[i + 1 :]) / length) / length
    return [0.0, *partials]


LN_2 = constant("LN_2", 0.6931471805599453)
LOG2_E = constant("LOG2_E", 1.4426950408889634)
LOG10_E = constant("LOG10_E", 0.4342944819032518)
LN_10 = constant("LN_10", 2.302585092994046)
DEGREE, RADIAN = constant("DEGREE", formulas.DEGREE), constant("RADIAN", formulas.RADIAN)
TWO_OVER_SQRT_PI = constant("TWO_OVER_SQRT_PI", 1.1283791670955126)

# ---------------------------------------------------------------------------------------------------------------------
# The table.
# ---------------------------------------------------------------------------------------------------------------------

POSITIVE = (0.0, inf)
PIECES: dict[str, Any] = {"analytic": False, "exact": True, "quick": True}
TRUTH: dict[str, Any] = PIECES | {"flows": False}

# fmt: off
# Arithmetic.
add         = Op("add",        "x + y",         lambda x, y: x + y,    lambda x, y, z: 1.0,    lambda x, y, z: 1.0,
                 quick=True)
sub         = Op("sub",        "x - y",         lambda x, y: x - y,    lambda x, y, z: 1.0,    lambda x, y, z: -1.0,
                 quick=True)
mul         = Op("mul",        "x * y",         lambda x, y: x * y,    lambda x, y, z: y,      lambda x, y, z: x,
                 quick=True)
div         = Op("div",        "x / y",         primitives.div,        lambda x, y, z: 1 / y,  lambda x, y, z: -z / y,
                 quick=True)
mod         = Op("mod",        "x % y",         primitives.mod,
                 lambda x, y, z: 1 + compare(z, z),                              # nan where z is
                 lambda x, y, z: -round(x / y - z / y), **PIECES)                # -⌊x / y⌋
fmod        = Op("fmod",       "fmod(x, y)",    primitives.fmod,
                 lambda x, y, z: 1 + compare(z, z),                              # nan where z is
                 lambda x, y, z: -round(x / y - z / y), **PIECES)                # -trunc(x / y)
floor_divide = Op("floor_divide", "⌊x / y⌋",    primitives.floor_divide, lambda x, y, z: 0.0, lambda x, y, z: 0.0,
                 **PIECES)
pow         = Op("pow",        "x**y",          primitives.pow,
                 lambda x, y, z: scaled(y, powlog(x, y, 1.0, 0.0)),              # y·x**(y - 1)
                 lambda x, y, z: powlog(x, y, 0.0, 1.0), domain=POSITIVE)        # x**y·log(x)
neg         = Op("neg",        "-x",            lambda x: -x,          lambda x, z: -1.0, quick=True)
abs         = Op("abs",        "|x|",           math.fabs,             lambda x, z: sign(x), **PIECES, length=True)
copysign    = Op("copysign",   "copysign(x, y)", primitives.with_sign,
                 lambda x, y, z: sign(x) * copysign(1.0, y),                     # 0 at x = 0, as abs
                 lambda x, y, z: 0.0, **PIECES)
square      = Op("square",     "x²",            lambda x: x * x,       lambda x, z: 2 * x, quick=True)
reciprocal  = Op("reciprocal", "1 / x",         lambda x: primitives.div(1.0, x), lambda x, z: -square(z), quick=True)
sqrt        = Op("sqrt",       "√x",            total(math.sqrt),      lambda x, z: 0.5 / nonneg(z),  # -0 becomes 0
                 domain=POSITIVE)
cbrt        = Op("cbrt",       "∛x",            primitives.cbrt,       lambda x, z: square(1 / z) / 3)

# Exponentials and logarithms.
exp         = Op("exp",        "exp(x)",        primitives.exp,        lambda x, z: z)
exp2        = Op("exp2",       "2**x",          formulas.exp2,         lambda x, z: LN_2 * z)
exp10       = Op("exp10",      "10**x",         formulas.exp10,        lambda x, z: LN_10 * z)
expm1       = Op("expm1",      "exp(x) - 1",    total(math.expm1),     lambda x, z: exp(x))
log         = Op("log",        "log(x)",        primitives.log,        lambda x, z: 1 / nonneg(x), domain=POSITIVE)
log2        = Op("log2",       "log2(x)",       total(math.log2, 0.0), lambda x, z: LOG2_E / nonneg(x),
                 domain=POSITIVE)
log10       = Op("log10",      "log10(x)",      total(math.log10, 0.0), lambda x, z: LOG10_E / nonneg(x),
                 domain=POSITIVE)
log1p       = Op("log1p",      "log(1 + x)",    total(math.log1p, -1.0), lambda x, z: 1 / nonneg(1 + x),
                 domain=(-1.0, inf))
log1mexp    = Op("log1mexp",   "log(1 - exp(-x))", formulas.log1mexp,  lambda x, z: exp(-x) / nonneg(-expm1(-x)),
                 domain=POSITIVE)
logaddexp   = Op("logaddexp",  "log(exp(x) + exp(y))", formulas.logaddexp,
                 lambda x, y, z: share(x, y),
                 lambda x, y, z: share(y, x))
logaddexp2  = Op("logaddexp2", "log2(2**x + 2**y)", formulas.logaddexp2,
                 lambda x, y, z: share2(x, y),
                 lambda x, y, z: share2(y, x))
logit       = Op("logit",      "log(x / (1 - x))", formulas.logit,     lambda x, z: 1 / nonneg(times_complement(x)),
                 domain=(0.0, 1.0))
xlogy       = Op("xlogy",      "x·log(y)",      formulas.xlogy,
                 lambda x, y, z: log(y),
                 lambda x, y, z: div0(x, nonneg(y)))
xlog1py     = Op("xlog1py",    "x·log(1 + y)",  formulas.xlog1py,
                 lambda x, y, z: log1p(y),
                 lambda x, y, z: div0(x, nonneg(1 + y)))

# Circular functions.
sin         = Op("sin",        "sin(x)",        total(math.sin),       lambda x, z: cos(x))
cos         = Op("cos",        "cos(x)",        total(math.cos),       lambda x, z: -sin(x))
tan         = Op("tan",        "tan(x)",        total(math.tan),       lambda x, z: 1 + square(z))
asin        = Op("asin",       "asin(x)",       total(math.asin),      lambda x, z: 1 / sqrt(one_minus_square(x)),
                 domain=(-1.0, 1.0))
acos        = Op("acos",       "acos(x)",       total(math.acos),      lambda x, z: -1 / sqrt(one_minus_square(x)),
                 domain=(-1.0, 1.0))
atan        = Op("atan",       "atan(x)",       math.atan,             lambda x, z: square(rhypot(1.0, x)))
atan2       = Op("atan2",      "atan2(x, y)",   math.atan2,            # the ordinate comes first
                 lambda x, y, z: mul0(direction(1.0, x, y), rhypot(x, y)),       # y / (x² + y²), 0 at the origin
                 lambda x, y, z: mul0(-direction(0.0, x, y), rhypot(x, y)))      # -x / (x² + y²)
hypot       = Op("hypot",      "√(x² + y²)",    math.hypot,
                 lambda x, y, z: direction(0.0, x, y),                           # x / z, 0 at the origin
                 lambda x, y, z: direction(1.0, x, y), length=True)              # y / z
sinc        = Op("sinc",       "sin(πx) / (πx)", special.sinc,         lambda x, z: sinc_n(1.0, x))
deg2rad     = Op("deg2rad",    "x·π/180",       formulas.deg2rad,      lambda x, z: DEGREE, quick=True)
rad2deg     = Op("rad2deg",    "x·180/π",       formulas.rad2deg,      lambda x, z: RADIAN, quick=True)

# Hyperbolic functions.
sinh        = Op("sinh",       "sinh(x)",       total(math.sinh),      lambda x, z: cosh(x))
cosh        = Op("cosh",       "cosh(x)",       total(math.cosh),      lambda x, z: sinh(x))
tanh        = Op("tanh",       "tanh(x)",       math.tanh,             lambda x, z: square(sech(x)))
asinh       = Op("asinh",      "asinh(x)",      math.asinh,            lambda x, z: rhypot(1.0, x))
acosh       = Op("acosh",      "acosh(x)",      total(math.acosh),     lambda x, z: 1 / sqrt(x - 1) / sqrt(x + 1),
                 domain=(1.0, inf))
atanh       = Op("atanh",      "atanh(x)",      primitives.atanh,      lambda x, z: 1 / nonneg(one_minus_square(x)),
                 domain=(-1.0, 1.0))

# The error function.
erf         = Op("erf",        "erf(x)",        math.erf,              lambda x, z: TWO_OVER_SQRT_PI * gaussian(x))
erfc        = Op("erfc",       "erfc(x)",       math.erfc,             lambda x, z: -TWO_OVER_SQRT_PI * gaussian(x))

# The gamma function.
lgamma      = Op("lgamma",     "log |Γ(x)|",    special.lgamma,        lambda x, z: digamma(x), domain=POSITIVE)
digamma     = Op("digamma",    "ψ(x)",          special.digamma,       lambda x, z: polygamma(1.0, x), domain=POSITIVE,
                 called="ψ")
polygamma   = Op("polygamma",  "ψ⁽ⁿ⁾(x)",       special.polygamma,     # of n and x; n is a whole constant
                 lambda n, x, z: 0.0,
                 lambda n, x, z: polygamma(n + 1, x), constants=(0,))

# Activations.  At 0 the derivative is 0 for relu, and that of the left side for leaky_relu and elu, as in PyTorch.
relu        = Op("relu",       "max(x, 0)",     formulas.relu,         lambda x, z: step(x), **PIECES)
leaky_relu  = Op("leaky_relu", "x if x > 0 else y·x", formulas.leaky_relu,
                 lambda x, y, z: where(step(x), 1.0, y),
                 lambda x, y, z: where(step(x), 0.0, x), **PIECES)
elu         = Op("elu",        "x if x > 0 else y·(exp(x) - 1)", formulas.elu,
                 lambda x, y, z: where(step(x), 1.0, y * exp(where(step(x), 0.0, x))),  # never exp of a large x
                 lambda x, y, z: expm1(where(step(x), 0.0, x)), analytic=False)
sigmoid     = Op("sigmoid",    "σ(x)",          formulas.sigmoid,      lambda x, z: square(half_sech(x)), called="σ")
log_sigmoid = Op("log_sigmoid", "log σ(x)",     formulas.log_sigmoid,  lambda x, z: sigmoid(-x))
softplus    = Op("softplus",   "log(1 + exp(x))", formulas.softplus,   lambda x, z: sigmoid(x))
silu        = Op("silu",       "x·σ(x)",        formulas.silu,
                 lambda x, z: sigmoid(x) + guard(x, -1500.0, 1500.0) * half_sech(x) * half_sech(x))
gelu        = Op("gelu",       "x·Φ(x)",        formulas.gelu,
                 lambda x, z: normal_cdf(x) + guard(x, -40.0, 40.0) * normal_pdf(x))

# Piecewise constant: the derivative is 0, at the jumps too.
sign        = Op("sign",       "sign(x)",       formulas.sign,         lambda x, z: 0.0, **PIECES)
step        = Op("step",       "1 if x > 0 else 0", formulas.step,     lambda x, z: 0.0, **PIECES)
floor       = Op("floor",      "⌊x⌋",           primitives.floor,     lambda x, z: 0.0, **PIECES)
ceil        = Op("ceil",       "⌈x⌉",           primitives.ceil,      lambda x, z: 0.0, **PIECES)
round       = Op("round",      "round(x)",      primitives.round,     lambda x, z: 0.0, **PIECES)
trunc       = Op("trunc",      "trunc(x)",      primitives.trunc,      lambda x, z: 0.0, **PIECES)
compare     = Op("compare",    "sign(x - y)",   formulas.compare,      lambda x, y, z: 0.0,  lambda x, y, z: 0.0,
                 **PIECES)

# Truths, 1 or 0: no gradient flows back from them, so a node of theirs has operands and no parents.
greater     = Op("greater", "x > y", formulas.greater, lambda x, y, z: 0.0, lambda x, y, z: 0.0, **TRUTH)
greater_equal = Op("greater_equal", "x ≥ y", formulas.greater_equal, lambda x, y, z: 0.0, lambda x, y, z: 0.0, **TRUTH)
less        = Op("less", "x < y", formulas.less, lambda x, y, z: 0.0, lambda x, y, z: 0.0, **TRUTH)
less_equal  = Op("less_equal", "x ≤ y", formulas.less_equal, lambda x, y, z: 0.0, lambda x, y, z: 0.0, **TRUTH)
equal       = Op("equal", "x = y", formulas.equal, lambda x, y, z: 0.0, lambda x, y, z: 0.0, **TRUTH)
not_equal   = Op("not_equal", "x ≠ y", formulas.not_equal, lambda x, y, z: 0.0, lambda x, y, z: 0.0, **TRUTH)
logical_and = Op("logical_and", "x ∧ y", formulas.logical_and, lambda x, y, z: 0.0, lambda x, y, z: 0.0, **TRUTH)
logical_or  = Op("logical_or", "x ∨ y", formulas.logical_or, lambda x, y, z: 0.0, lambda x, y, z: 0.0, **TRUTH)
logical_not = Op("logical_not", "¬x",           formulas.logical_not, lambda x, z: 0.0, **TRUTH)

# Selections.  A tie of maximum or minimum gives ½ to each; at a bound clamp gives 1 to x, unless the bounds are equal.
maximum     = Op("maximum",    "max(x, y)",     formulas.maximum,
                 lambda x, y, z: 0.5 * (1 + compare(x, y)),
                 lambda x, y, z: 0.5 * (1 + compare(y, x)), **PIECES, called="max")
minimum     = Op("minimum",    "min(x, y)",     formulas.minimum,
                 lambda x, y, z: 0.5 * (1 + compare(y, x)),
                 lambda x, y, z: 0.5 * (1 + compare(x, y)), **PIECES, called="min")
clamp       = Op("clamp",      "clamp(x, low, high)", formulas.clamp,
                 lambda x, low, high, z: compare(high, low) * (1 - abs(compare(x, z))),
                 lambda x, low, high, z: step(compare(low, x)),
                 lambda x, low, high, z: step(compare(x, high)), **PIECES)
where       = Op("where",      "x if condition else y", formulas.where,
                 lambda condition, x, y, z: 0.0,
                 lambda condition, x, y, z: abs(sign(condition)),
                 lambda condition, x, y, z: 1 - abs(sign(condition)), **PIECES)

# Any number of operands.
sum         = NaryOp("sum",    "Σ xᵢ",          primitives.sum,        lambda xs, z: [1.0] * len(xs))
mean        = NaryOp("mean",   "Σ xᵢ / n",      formulas.mean,         lambda xs, z: [1 / len(xs)] * len(xs))
dot         = NaryOp("dot",    "Σ wᵢ·xᵢ + b",   formulas.dot,          _dot_partials)
prod        = NaryOp("prod",   "Π xᵢ",          formulas.prod,         lambda xs, z: products_of_others(*xs),
                 alike=True)
max         = NaryOp("max",    "max xᵢ",        primitives.max,        _share_among_ties, **PIECES, alike=True)
min         = NaryOp("min",    "min xᵢ",        primitives.min,        _share_among_ties, **PIECES, alike=True)
logsumexp   = NaryOp("logsumexp", "log Σ exp(xᵢ)", formulas.logsumexp, lambda xs, z: softmax_all(*xs), alike=True)
softmax     = NaryOp("softmax", "exp(xᵢ) / Σ exp(xⱼ)", formulas.softmax, _softmax_partials,    # of i, x_0, x_1 …
                 alike=True, family="softmax_all")
select      = NaryOp("select", "xᵢ",            primitives.select,     _select_partials, **PIECES)  # of i, x_0, x_1 …
norm        = NaryOp("norm",   "√(Σ xᵢ²)",      formulas.norm,         lambda xs, z: direction_all(*xs), alike=True,
                 length=True)

# Helpers that rules name, and a new name for a Value.  Where guard stands, what x multiplies is 0 beyond the bounds.
identity    = Op("identity",   "x",             lambda x: x,           lambda x, z: 1.0, quick=True)
detach      = Op("detach",     "x",             lambda x: x,           lambda x, z: 0.0, quick=True, flows=False)
only_if     = Op("only_if",    "x if y else nan", formulas.only_if,    lambda x, y, z: 1.0,    lambda x, y, z: 0.0,
                 quick=True)
nonneg      = Op("nonneg",     "x if x ≥ 0 else nan", formulas.nonneg, lambda x, z: 1.0, quick=True, domain=POSITIVE)
mul0        = Op("mul0",       "x·y, where 0·∞ = 0", formulas.mul0,    lambda x, y, z: y,    lambda x, y, z: x,
                 quick=True)
one_minus_square = Op("one_minus_square", "1 - x²", lambda x: (1 - x) * (1 + x), lambda x, z: -2 * x, quick=True)
rhypot      = Op("rhypot",     "1/√(x² + y²)",  formulas.rhypot,
                 lambda x, y, z: -square(z) * direction(0.0, x, y),
                 lambda x, y, z: -square(z) * direction(1.0, x, y))
div0        = Op("div0",       "x / y, where 0 / y = 0", formulas.div0,
                 lambda x, y, z: 1 / y,
                 lambda x, y, z: -div0(z, y), quick=True)
times_complement = Op("times_complement", "x·(1 - x)", formulas.times_complement, lambda x, z: 1 - 2 * x, quick=True)
share       = Op("share",      "exp(x) / (exp(x) + exp(y))", formulas.share,
                 lambda x, y, z: z * share(y, x),
                 lambda x, y, z: -z * share(y, x))
share2      = Op("share2",     "2**x / (2**x + 2**y)", formulas.share2,
                 lambda x, y, z: LN_2 * z * share2(y, x),
                 lambda x, y, z: -LN_2 * z * share2(y, x))
sinc_n      = Op("sinc_n",     "sinc⁽ⁿ⁾(x)",    special.sinc_n,        # n is a whole constant
                 lambda n, x, z: 0.0,
                 lambda n, x, z: sinc_n(n + 1, x), constants=(0,), called="dsinc")
sech        = Op("sech",       "1 / cosh(x)",   formulas.sech,         lambda x, z: -z * tanh(x))
half_sech   = Op("half_sech",  "½/cosh(½·x)",   formulas.half_sech,    lambda x, z: -0.5 * z * tanh(0.5 * x))
gaussian    = Op("gaussian",   "exp(-x²)",      formulas.gaussian,     lambda x, z: -2 * guard(x, -40.0, 40.0) * z)
normal_pdf  = Op("normal_pdf", "φ(x)",          formulas.normal_pdf,   lambda x, z: -guard(x, -40.0, 40.0) * z,
                 called="φ")
normal_cdf  = Op("normal_cdf", "Φ(x)",          formulas.normal_cdf,   lambda x, z: normal_pdf(x), called="Φ")
powlog      = Op("powlog",     "x**(y - n)·log(x)**k", formulas.powlog, # n and k are whole constants
                 _powlog_in_base,
                 lambda x, y, n, k, z: powlog(x, y, n, k + 1),
                 lambda x, y, n, k, z: 0.0,
                 lambda x, y, n, k, z: 0.0, constants=(2, 3), domain=POSITIVE)
direction   = NaryOp("direction", "xᵢ / ‖x‖",   formulas.direction,    _direction_partials,  # of i, x_0, x_1 …
                 alike=True, family="direction_all")

# Shorthands that rules name: all components in one pass, and what keeps 0·∞ from being nan.
softmax_all = Shorthand("softmax_all", lambda *xs: formulas.softmax_all(xs),
                        lambda *xs: [softmax(float(i), *xs) for i in range(len(xs))], listed=True)
direction_all = Shorthand("direction_all", lambda *xs: formulas.direction_all(xs),
                          lambda *xs: [direction(float(i), *xs) for i in range(len(xs))], listed=True)
products_of_others = Shorthand("products_of_others", lambda *xs: formulas.products_of_others(xs),
                               _products_of_others, listed=True)
scaled      = Shorthand("scaled",                        # the constant 0 where the factor is: x**2 has no third
                        lambda factor, x: 0.0 if factor == 0 else formulas.mul0(factor, x),  # derivative, not even at 0
                        lambda factor, x: 0.0 if isinstance(factor, float) and factor == 0 else mul0(factor, x))
guard       = Shorthand("guard", formulas.clamp,             # keeps finite what multiplies a 0: no formula needs it
                        lambda x, low, high: clamp(x, low, high))
# fmt: on
