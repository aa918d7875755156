"""How large the terms are whose difference a result is: of these each engine has its own rounding errors."""

from __future__ import annotations

import math
from collections.abc import Sequence


def terms(name: str, i: int, xs: Sequence[float]) -> float:
    """Of the value (i = 0) and of the derivative to operand i - 1, for the rows of sums and of the gamma function."""
    n, x = (xs[0] if name in ("polygamma", "sinc_n") else 0.0), xs[-1]
    if name in ("logaddexp", "logaddexp2"):
        return max(map(abs, xs)) if i == 0 else 0.0
    if name in ("sinc", "sinc_n"):  # a recurrence; at x all orders are of this size
        order = n + (i > 0)
        return 4 * math.pi**order / max(1.0, abs(x)) if order else 0.0
    if not -1e15 < x < -0.1 or x % 1 == 0 or name not in ("lgamma", "digamma", "polygamma"):
        return 0.0
    if name == "lgamma" and i == 0:
        return 1.0 + abs(math.lgamma(-x))
    order = n + (i > 0) - (name == "lgamma")
    return 4 * math.gamma(order + 1) / abs(x - round(x)) ** (order + 1)
