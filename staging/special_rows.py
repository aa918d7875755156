"""The rows as they go into ops.py, tested there by staging/check.py; not for the main branch."""

from autodiff import special
from autodiff.ops import *  # noqa
from autodiff import ops
from autodiff.ops import Op, NaryOp, abs, sign, exp, expm1, log, log1p, nonneg, compare, round, step
_PI = 3.141592653589793
_LN_2 = 0.6931471805599453
_LN_10 = 2.302585092994046
_DEGREE, _RADIAN = 0.017453292519943295, 57.29577951308232  # π/180, 180/π

# fmt: off
# Arithmetic.
floor_divide = Op("floor_divide", "⌊x / y⌋",   special.floor_divide,  lambda x, y, z: 0.0,    lambda x, y, z: 0.0)
fmod        = Op("fmod",       "fmod(x, y)",    special.fmod,
                 lambda x, y, z: 1 + compare(z, z),                              # nan where z is
                 lambda x, y, z: -round(x / y - z / y))                          # -trunc(x / y)
copysign    = Op("copysign",   "copysign(x, y)", special.with_sign,
                 lambda x, y, z: sign(x) * copysign(1.0, y),                     # 0 at x = 0, as abs
                 lambda x, y, z: 0.0)
deg2rad     = Op("deg2rad",    "π/180·x",       special.deg2rad,       lambda x, z: _DEGREE)
rad2deg     = Op("rad2deg",    "180/π·x",       special.rad2deg,       lambda x, z: _RADIAN)

# Exponentials and logarithms.
exp10       = Op("exp10",      "10**x",         special.exp10,         lambda x, z: _LN_10 * z)
log1mexp    = Op("log1mexp",   "log(1 - exp(-x))", special.log1mexp,   lambda x, z: exp(-x) / nonneg(-expm1(-x)))
logaddexp   = Op("logaddexp",  "log(exp(x) + exp(y))", special.logaddexp,
                 lambda x, y, z: share(x, y),
                 lambda x, y, z: share(y, x))
logaddexp2  = Op("logaddexp2", "log2(2**x + 2**y)", special.logaddexp2,
                 lambda x, y, z: share2(x, y),
                 lambda x, y, z: share2(y, x))
logit       = Op("logit",      "log(x / (1 - x))", special.logit,      lambda x, z: 1 / nonneg(times_complement(x)))
xlogy       = Op("xlogy",      "x·log(y)",      special.xlogy,
                 lambda x, y, z: log(y),
                 lambda x, y, z: div0(x, nonneg(y)))
xlog1py     = Op("xlog1py",    "x·log(1 + y)",  special.xlog1py,
                 lambda x, y, z: log1p(y),
                 lambda x, y, z: div0(x, nonneg(1 + y)))

# Circular functions.
sinc        = Op("sinc",       "sin(πx) / (πx)", special.sinc,         lambda x, z: sinc_n(1.0, x))

# The gamma function's.
lgamma      = Op("lgamma",     "log |Γ(x)|",    special.lgamma,        lambda x, z: digamma(x))
digamma     = Op("digamma",    "ψ(x)",          special.digamma,       lambda x, z: polygamma(1.0, x))
polygamma   = Op("polygamma",  "ψ⁽ⁿ⁾(x)",       special.polygamma,     # of n and x; n is a whole constant
                 lambda n, x, z: 0.0,
                 lambda n, x, z: polygamma(n + 1, x))

# Piecewise constant.
trunc       = Op("trunc",      "trunc(x)",      special.trunc,         lambda x, z: 0.0)

# Helpers.
share       = Op("share",      "exp(x) / (exp(x) + exp(y))", special.share,
                 lambda x, y, z: z * share(y, x),
                 lambda x, y, z: -z * share(y, x))
share2      = Op("share2",     "2**x / (2**x + 2**y)", special.share2,
                 lambda x, y, z: _LN_2 * z * share2(y, x),
                 lambda x, y, z: -_LN_2 * z * share2(y, x))
div0        = Op("div0",       "x / y, where 0 / y = 0", special.div0, lambda x, y, z: 1 / y,  lambda x, y, z: -div0(z, y))
times_complement = Op("times_complement", "x·(1 - x)", special.times_complement, lambda x, z: 1 - 2 * x)
sinc_n      = Op("sinc_n",     "sinc⁽ⁿ⁾(x)",    special.sinc_n,        # n is a whole constant
                 lambda n, x, z: 0.0,
                 lambda n, x, z: sinc_n(n + 1, x))
# fmt: on
