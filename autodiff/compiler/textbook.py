"""Operations on SymPy's and mpmath's numbers where the formulas of floats would hide a closed form, or drop digits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Namespace = dict[str, Callable[..., Any]]

__all__ = ["of_mpmath", "of_sympy", "textbook"]


def textbook(of: dict[str, Any]) -> Namespace:
    """What both exact kinds write otherwise than floats do, from the elementary functions ``of`` the kind."""
    exp, log, sqrt, erfc, power, two = of["exp"], of["log"], of["sqrt"], of["erfc"], of["pow"], of["number"](2)
    ten, half_turn = of["number"](10), of["number"](180)

    def norm(xs: Sequence[Any]) -> Any:
        return sqrt(of["sum"]([x**2 for x in xs]))

    def direction_all(xs: Sequence[Any]) -> list[Any]:
        size = norm(xs)
        return [x / size if size != 0 else 0 * x for x in xs]

    def powlog(x: Any, y: Any, n: Any, k: Any) -> Any:
        return of["mul0"](power(x, y - n), log(x) ** k) if k != 0 else power(x, y - n)

    return {
        **dict(div=lambda x, y: x / y, reciprocal=lambda x: 1 / x, fabs=abs, fsum=of["sum"], isfinite=lambda x: True),
        **dict(exp2=lambda x: two**x, log2=lambda x: log(x) / log(two), log10=lambda x: log(x) / log(ten)),
        **dict(norm=norm, hypot=lambda *xs: norm(xs), direction_all=direction_all, powlog=powlog),
        "gaussian": lambda x: exp(-(x**2)),
        "normal_pdf": lambda x: exp(-(x**2) / 2) / sqrt(two * of["pi"]),
        "normal_cdf": lambda x: erfc(-x / sqrt(two)) / 2,
        "products_of_others": lambda xs: [of["prod"]([*xs[:i], *xs[i + 1 :]]) for i in range(len(xs))],
        "exp10": lambda x: ten**x,
        "share": lambda x, y: 1 / (1 + exp(y - x)),
        "share2": lambda x, y: 1 / (1 + two ** (y - x)),
        "logaddexp2": lambda x, y: log(two**x + two**y) / log(two),
        "deg2rad": lambda x: x * of["pi"] / half_turn,
        "rad2deg": lambda x: x * half_turn / of["pi"],
        "floor_divide": lambda x, y: of["floor"](x / y),
    }


def of_sympy(sympy: Any) -> Namespace:
    """Those that SymPy has under another name, and those whose guards it has no use for."""

    def sinc_n(n: Any, x: Any) -> Any:
        t = sympy.Dummy("t", real=True)
        at_0 = 0 if n % 2 else (-1) ** (n // 2) * sympy.pi**n / (n + 1)
        beyond = (sympy.sin(sympy.pi * t) / (sympy.pi * t)).diff(t, int(n))
        return sympy.Piecewise((at_0, sympy.Eq(x, 0)), (beyond.subs(t, x), True))

    return {
        "lgamma": lambda x: sympy.log(sympy.Abs(sympy.gamma(x))),
        "digamma": lambda x: sympy.polygamma(0, x),
        "polygamma": sympy.polygamma,
        "sinc": lambda x: sympy.sinc(sympy.pi * x),
        "sinc_n": sinc_n,
        "trunc": lambda x: sympy.sign(x) * sympy.floor(sympy.Abs(x)),
        "fmod": lambda x, y: x - y * sympy.sign(x / y) * sympy.floor(sympy.Abs(x / y)),
        "copysign": lambda x, y: sympy.Abs(x) * sympy.Piecewise((1, y >= 0), (-1, True)),
        "logaddexp": lambda x, y: sympy.log(sympy.exp(x) + sympy.exp(y)),
        "log1mexp": lambda x: sympy.log(1 - sympy.exp(-x)),
        "logit": lambda x: sympy.log(x / (1 - x)),
        "xlogy": lambda x, y: x * sympy.log(y),
        "xlog1py": lambda x, y: x * sympy.log(1 + y),
        "div0": lambda x, y: x / y,
    }


def of_mpmath(mp: Any) -> Namespace:
    """Those that mpmath has under another name, or only on one side of 0."""

    def polygamma(n: Any, x: Any) -> Any:
        """For x < 0, where mpmath takes as many steps as x is long, by reflection: π·cot(πx) is ψ(1 - x) - ψ(x)."""
        n = int(n)
        if x > 0:
            return mp.psi(n, x)
        cot, p = mp.cospi(x) / mp.sinpi(x), [mp.zero, mp.one]  # of a polynomial p of cot: -(1 + cot²)·p′
        for _ in range(n):
            slope = [k * c for k, c in enumerate(p)][1:]
            p = [-a - b for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
        return (-1) ** n * mp.psi(n, 1 - x) - mp.pi ** (n + 1) * mp.polyval(p[::-1], cot)

    def sinc_n(n: Any, x: Any) -> Any:
        """By the recurrence of ``special.sinc_n`` upwards, with the digits that it loses beside 0."""
        n = int(n)
        if x == 0:
            return mp.zero if n % 2 else (-1) ** (n // 2) * mp.pi**n / (n + 1)
        with mp.extradps(10 + (n + 2) * (n + max(0, -math.floor(mp.log10(abs(x)))))):
            sine, cosine, s = mp.sinpi(x), mp.cospi(x), mp.sincpi(x)
            for k in range(1, n + 1):
                s = (mp.pi ** (k - 1) * (sine, cosine, -sine, -cosine)[k % 4] - k * s) / x
        return +s

    return {
        "lgamma": lambda x: mp.re(mp.loggamma(x)),
        "digamma": lambda x: polygamma(0, x),
        "polygamma": polygamma,
        "sinc": mp.sincpi,
        "sinc_n": sinc_n,
        "trunc": lambda x: mp.floor(x) if x > 0 else mp.ceil(x),
        "fmod": lambda x, y: mp.sign(x) * (abs(x) % abs(y)),
        "copysign": lambda x, y: abs(x) if y >= 0 else -abs(x),
    }
