"""The true values as they go into tests/truth.py."""

import math

from mpmath import mp, mpf

from tests import truth
from tests.truth import (
    _EPS, _MAGNITUDES, _NAMED_POINTS, _OUTSIDE, _SCATTERED, _ZEROS, HUGE, INF, NAN, SUBNORMAL, _exp, _multi, _scattered,
    _spread, _unary, _whole_quotient,
)
from dataclasses import replace

# truth.py: after _SCATTERED
_NAMED_POINTS["negative_whole"] = tuple(
    x for x in (*(-m for m in _MAGNITUDES), *_SCATTERED) if x < 0 and x.is_integer()
)


def _lgamma(x):
    return mp.loggamma(x) if x > 0 else mp.log(mp.pi / abs(mp.sinpi(x))) - mp.loggamma(1 - x)


def _sinc(x):
    return mp.sinpi(x) / (mp.pi * x) if x else mpf(1)


def _logaddexp(x, y):
    return max(x, y) + mp.log1p(_exp(-abs(x - y)))


def _xlog(x, y):
    return x * mp.log(y) if x else mpf(0)


def _truncated(x):
    return mp.sign(x) * mp.floor(abs(x))

_AXIS = {"2": 0.0, "3": 0.0}
_POLE = (NAN, INF, NAN, INF)

ROWS = {
    "floor_divide": replace(
        _multi(
            lambda x, y: mp.floor(x / y),
            [*_scattered(3, 3), (7.5, 2.0), (-7.5, 2.0), (7.5, -2.0), (-7.5, -2.0), (6.0, 2.0), (0.3, 0.1), (1.0, 0.1),
             (-1.0, 0.1), (NAN, 2.0), (1e22, 0.3), (5e15, 0.7), (-1e-20, 1.0), (1e-320, 3.0), (HUGE, -1.7e308),
             (1e300, 3.7), (3.0, 1e-310)],
            [
                ((5.0, 0.0), {"": INF, "1": 0.0}),
                ((-5.0, 0.0), {"": -INF, "1": 0.0}),
                ((0.0, 0.0), {"": NAN}),
                ((5.0, INF), {"": 0.0, "1": 0.0, "2": 0.0, "3": 0.0}),
                ((-5.0, INF), {"": -1.0, "1": 0.0, "2": 0.0, "3": 0.0}),
                ((INF, 5.0), {"": NAN}),
            ],
        ),
        flat=True,
    ),
    "fmod": _multi(
        lambda x, y: x - y * _truncated(x / y),
        [*_scattered(3, 3), (7.5, 2.0), (-7.5, 2.0), (7.5, -2.0), (-7.5, -2.0), (0.3, 0.1), (1.0, 0.1), (-1.0, 0.1),
         (NAN, 2.0), (1e22, 0.3), (5e15, 0.7), (-1e-20, 1.0), (1e-320, 3.0), (HUGE, -1.7e308)],
        [
            ((6.0, 2.0), {"": 0.0, "x": 1.0, "y": -3.0, "2": 0.0, "3": 0.0}),
            ((-6.0, 2.0), {"": 0.0, "x": 1.0, "y": 3.0, "2": 0.0, "3": 0.0}),
            ((1e300, 3.7), {"": ..., "x": 1.0, "y": -_whole_quotient(1e300, 3.7), "2": 0.0, "3": 0.0}),
            ((3.0, 1e-310), {"": ..., "x": 1.0, "y": -_whole_quotient(3.0, 1e-310), "2": 0.0, "3": 0.0}),
            ((5.0, 0.0), {"": NAN}),
            ((5.0, INF), {"": 5.0, "x": 1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((-5.0, INF), {"": -5.0, "x": 1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((INF, 5.0), {"": NAN}),
        ],
    ),
    "copysign": _multi(
        lambda x, y: abs(x) * mp.sign(y),
        [*_spread(2), (3.0, -2.0), (-3.0, -2.0), (HUGE, -SUBNORMAL), (-SUBNORMAL, HUGE), (NAN, 1.0)],
        [
            ((0.0, -2.0), {"": -0.0, "1": 0.0, "2": 0.0, "3": 0.0}),
            ((3.0, 0.0), {"": 3.0, "x": 1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((3.0, -0.0), {"": -3.0, "x": -1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((-3.0, -0.0), {"": -3.0, "x": 1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((INF, -1.0), {"": -INF, "x": -1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((1.0, -INF), {"": -1.0, "x": -1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((1.0, NAN), {"": NAN, "x": NAN, "y": None}),
        ],
    ),
    "deg2rad": _unary(
        lambda x: x * mp.pi / 180, 180.0, inf=(INF, mp.pi / 180, 0.0, 0.0), minus_inf=(-INF, mp.pi / 180, 0.0, 0.0)
    ),
    "rad2deg": _unary(
        lambda x: x * 180 / mp.pi, math.pi, inf=(INF, 180 / mp.pi, 0.0, 0.0), minus_inf=(-INF, 180 / mp.pi, 0.0, 0.0)
    ),
    "exp10": _unary(
        lambda x: _exp(x * mp.ln(10)), 22.0, 308.2, 308.3, -307.6, -320.0, -323.6, -330.0, inf=(INF,) * 4, minus_inf=_ZEROS
    ),
    "log1mexp": _unary(
        lambda x: mp.log(-mp.expm1(-x)) if x < 100 else mp.log1p(-_exp(-x)),
        *(math.log(2), 0.6, 0.7, 36.7, 700.0, 709.9, 740.0, 745.0),
        zero=(-INF, INF, -INF, INF),
        inf=_ZEROS,
        minus_inf=_OUTSIDE,
    ),
    "logaddexp": _multi(
        _logaddexp,
        [*_spread(2), (1.0, 2.0), (0.1, 0.2), (1000.0, 1000.0), (-1000.0, -1000.5), (1000.0, -1000.0), (0.0, -745.0),
         (0.1, 700.3), (0.0, -40.0), (300.3, 0.1), (0.7, 0.7 + 2.0**-53), (1e300, 1e300), (1e300, -1e300), (NAN, 1.0), (-0.3, -2.0)],
        [
            ((-INF, -INF), {"": -INF, "1": NAN}),
            ((INF, INF), {"": INF, "1": NAN}),
            ((-INF, 0.0), {"": 0.0, "x": 0.0, "y": 1.0, "2": 0.0, "3": 0.0}),
            ((INF, 0.0), {"": INF, "x": 1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((INF, -INF), {"": INF, "x": 1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
        ],
    ),
    "logaddexp2": _multi(
        lambda x, y: _logaddexp(x * mp.ln(2), y * mp.ln(2)) / mp.ln(2),
        [*_spread(2), (1.0, 2.0), (0.1, 0.2), (1000.0, 1000.0), (-1000.0, -1000.5), (1000.0, -1000.0), (0.0, -1074.0),
         (0.1, 1000.3), (0.0, -52.0), (300.3, 0.1), (0.7, 0.7 + 2.0**-53), (1e300, 1e300), (1e300, -1e300), (NAN, 1.0), (-0.3, -3.0)],
        [
            ((-INF, -INF), {"": -INF, "1": NAN}),
            ((INF, INF), {"": INF, "1": NAN}),
            ((-INF, 0.0), {"": 0.0, "x": 0.0, "y": 1.0, "2": 0.0, "3": 0.0}),
            ((INF, 0.0), {"": INF, "x": 1.0, "y": 0.0, "2": 0.0, "3": 0.0}),
        ],
    ),
    "logit": _unary(
        lambda x: mp.log(x / (1 - x)),
        *(0.25, 0.26, 0.24, 0.5 + _EPS, 0.5 - _EPS, 0.499, 0.51, 0.76, 1 - _EPS / 2, 0.9999, 1 + _EPS),
        zero=(-INF, INF, -INF, INF),
        one=(INF, INF, INF, INF),
        inf=_OUTSIDE,
        minus_inf=_OUTSIDE,
    ),
    "xlogy": _multi(
        _xlog,
        [*((x, abs(y)) for x, y in _spread(2)), (2.0, 3.0), (-2.0, 1.0), (2.0, 1 + _EPS), (0.0, 2.0),
         (-0.0, 2.0), (1e-300, 1e-310), (SUBNORMAL, 0.5), (HUGE, 2.0), (1e300, SUBNORMAL), (NAN, 1.0)],
        [
            ((0.0, 0.0), {"": 0.0, "x": -INF, "y": 0.0}),
            ((0.0, -1.0), {"": 0.0, "x": NAN, "y": 0.0, "yy": 0.0}),
            ((2.0, 0.0), {"": -INF, "x": -INF, "y": INF, "xx": 0.0, "xy": INF, "yy": -INF, "yyy": INF}),
            ((-2.0, 0.0), {"": INF, "x": -INF, "y": -INF, "xx": 0.0, "xy": INF, "yy": INF, "yyy": -INF}),
            ((2.0, -0.0), {"": -INF, "x": -INF, "y": INF}),
            ((0.0, INF), {"": 0.0, "x": INF, "y": 0.0}),
            ((2.0, INF), {"": INF, "x": INF, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((0.0, NAN), {"": NAN, "x": NAN}),
            ((2.0, -1.0), {"": NAN, "1": NAN}),
            ((2.0, NAN), {"": NAN, "1": NAN}),
        ],
    ),
    "xlog1py": _multi(
        lambda x, y: _xlog(x, 1 + y),
        [*((x, abs(y)) for x, y in _spread(2)), (2.0, 3.0), (-2.0, 1e-17), (2.0, -0.5), (2.0, -1 + _EPS),
         (0.0, 2.0), (-0.0, 2.0), (3.0, 0.0), (SUBNORMAL, 0.5), (HUGE, 2.0), (NAN, 1.0)],
        [
            ((0.0, -1.0), {"": 0.0, "x": -INF, "y": 0.0}),
            ((0.0, -2.0), {"": 0.0, "x": NAN, "y": 0.0, "yy": 0.0}),
            ((2.0, -1.0), {"": -INF, "x": -INF, "y": INF, "xx": 0.0, "xy": INF, "yy": -INF, "yyy": INF}),
            ((0.0, INF), {"": 0.0, "x": INF, "y": 0.0}),
            ((2.0, INF), {"": INF, "x": INF, "y": 0.0, "2": 0.0, "3": 0.0}),
            ((0.0, NAN), {"": NAN, "x": NAN}),
            ((2.0, -2.0), {"": NAN, "1": NAN}),
            ((2.0, NAN), {"": NAN, "1": NAN}),
        ],
    ),
    "trunc": _unary(_truncated, 2.5, -2.5, flat=True, inf=(INF, 0.0, 0.0, 0.0), minus_inf=(-INF, 0.0, 0.0, 0.0)),
    "sinc": _unary(_sinc, 1.25, 0.3, 1.43, 3.5, 4.7, 33.3, 1000000.5, inf=_ZEROS, minus_inf=_ZEROS),
    "lgamma": _unary(
        _lgamma,
        *(2.0, 3.0, 1 + _EPS, 1 - _EPS / 2, 2 - _EPS, 2 + 2 * _EPS, 1.1, 1.9, 2.1, 0.51, 1.49, 2.51, 3.5, 7.9, 8.0, 8.1, 171.7, 2.5e305),
        *(-0.3, -0.51, -1.01, -2.3, -2.6, -9.4, -33.3, -1234.56),
        plus_zero=(INF, -INF, INF, -INF),
        minus_zero=(INF, INF, INF, INF),
        negative_whole=(INF, *_POLE[:3]),
        inf=(INF, INF, 0.0, 0.0),
        minus_inf=(INF, NAN, NAN, NAN),
    ),
    "digamma": _unary(
        mp.digamma,
        *(1.4616321449683622, 1.4616, 1.47, 0.49, 0.51, 1.49, 2.0, 2.99, 3.0, 3.01, 4.5, 8.0, 20.0),
        *(-0.3, -0.51, -1.01, -2.3, -9.4, -33.3, -1234.56),
        plus_zero=(-INF, INF, -INF, INF),
        minus_zero=(INF, INF, INF, INF),
        negative_whole=_POLE,
        inf=(INF, 0.0, 0.0, 0.0),
        minus_inf=_OUTSIDE,
    ),
    **{
        f"polygamma[{n}]": _unary(
            lambda x, n=n: mp.psi(n, x),
            *(0.3, 2.0, 3.0, 4.5, 8.0, 20.0, -0.3, -0.51, -1.01, -2.3, -9.4, -33.3, -1234.56),
            plus_zero=(INF, -INF, INF, -INF) if n % 2 else (-INF, INF, -INF, INF),
            minus_zero=(INF, INF, INF, INF),
            negative_whole=_POLE[::-1] if n % 2 else _POLE,
            inf=_ZEROS,
            minus_inf=_OUTSIDE,
        )
        for n in (1, 2, 7)
    },
}


# truth.py: a field of Row, derivatives: Callable[[int, mpf], Any] | None = None, and at the top of _smooth
#     if row.derivatives:
#         with mp.workdps(50): return {i: row.derivatives(len(i), mpf(point[0])) for i in indices}
# mpmath's own polygamma functions: differences of log Γ at a thousand digits take minutes.
def _psi(n, x):
    """ψ⁽ⁿ⁾(x); for x < 0, where mpmath takes as many steps as x is long, by reflection and cot⁽ⁿ⁾ as a polynomial of cot."""
    if x > 0:
        return mp.psi(n, x)
    cot, p = mp.cospi(x) / mp.sinpi(x), [mpf(0), mpf(1)]
    for _ in range(n):
        slope = [k * c for k, c in enumerate(p)][1:]
        p = [-a - b for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    return (-1) ** n * mp.psi(n, 1 - x) - mp.pi ** (n + 1) * mp.polyval(p[::-1], cot)


DERIVATIVES = {
    "lgamma": lambda n, x: _psi(n - 1, x) if n else _lgamma(x),
    "digamma": _psi,
    **{f"polygamma[{k}]": lambda n, x, k=k: _psi(k + n, x) for k in (1, 2, 7)},
}
_by_f = {id(ROWS[name].f): g for name, g in DERIVATIVES.items()}
_plain = truth._smooth
def _smooth(row, point):
    g = _by_f.get(id(row.f))
    if g is None:
        return _plain(row, point)
    with mp.workdps(400):
        return {i: g(len(i), mpf(point[0])) for i in row.indices(point)}
truth._smooth = _smooth
