"""Where a derivative misses the tolerance of the accuracy test: why, and by how much as measured.

``docs/accuracy.md`` prints this list. The test holds each entry from both sides: no error exceeds the bound, the bound
is not a hundred times the largest one, and every operation and order that an entry names does need it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from operator import mul as multiply

from mpmath import mp, mpf

from tests.truth import HUGE, Point

Orders = tuple[int, ...]

TOLERANCE = (1e-14, 1e-14, 1e-12, 1e-12)  # relative: of the value, the first, second and third derivative


@dataclass(frozen=True)
class Known:
    """Some points of some rows, at which some orders of derivative are less accurate than the tolerance."""

    cases: Mapping[str, Orders]  # which orders, by row
    where: str  # the points, for people …
    holds: Callable[[Point, mpf | float], bool]  # … and for the test, from the operands and the true value
    bound: float | None  # the largest error; None: NaN or infinite, so that nobody takes it for the answer
    reason: str
    unit: str = ""  # what the error is measured in, where that is not the true value …
    size: Callable[[Point, mpf | float], mpf | float] = lambda point, want: abs(want)  # … and how large that is
    way: str = ""  # the only way that is concerned, backward, jvp or gradients; "": every way

    def covers(self, name: str, order: int, way: str, point: Point, want: mpf | float) -> bool:
        """Whether the entry speaks of this result."""
        return order in self.cases.get(name, ()) and self.way in ("", way) and self.holds(point, want)

    def error(self, point: Point, got: float, want: mpf | float) -> float:
        """The error in the unit of the entry."""
        with mp.workdps(50):
            return float(abs(mpf(got) - want) / self.size(point, want)) if math.isfinite(got) else math.inf

    def excuses(self, point: Point, got: float, want: mpf | float) -> bool:
        """Whether a result at a point of the entry is no worse than the entry says."""
        return not math.isfinite(got) if self.bound is None else self.error(point, got, want) <= self.bound


def _absolute(point: Point, want: mpf | float) -> float:
    return 1.0


def _tiny(point: Point, want: mpf | float) -> bool:
    return 0 < abs(want) < 1e-300


def _beside_a_root(point: Point, want: mpf | float) -> bool:
    return abs(want) < 1e-3 and all(0.1 < abs(x) < 3 for x in point)


def _beside_a_half(point: Point, want: mpf | float) -> bool:
    powers = [math.exp(x - max(point)) for x in point]
    return any(abs(power / sum(powers) - 0.5) < 1e-3 for power in powers)


def _power_overflows(point: Point, want: mpf | float) -> bool:
    base, exponent = map(abs, point)
    if 0 < base < math.inf and 0 < exponent < math.inf:
        return max((point[1] - 3) * math.log10(base), 3 * math.log10(exponent)) > 308
    return False


def _halves(point: Point) -> tuple[Point, Point]:
    n = len(point) // 2
    return point[:n], point[n : 2 * n]


def _running_products(point: Point) -> list[float]:
    return [abs(p) for p in (*accumulate(point, multiply), *accumulate(point[::-1], multiply))]


# fmt: off
KNOWN: list[Known] = [
    # The derivative is ill-conditioned.
    Known(
        {"pow": (2, 3), "atan": (3,), "atan2": (2, 3), "tanh": (3,), "asinh": (3,), "hypot": (3,), "erf": (3,),
         "erfc": (3,), "gelu": (1, 2, 3), "silu": (1, 2), "sigmoid": (3,), "sinc": (1,)},
        "beside a root of that derivative (gelu′ at −0.75, tanh‴ at 0.66, ∂²atan2/∂x∂y at x = y, say)",
        _beside_a_root, 3e-16,
        "the derivative is a sum whose terms, of the size of 1, cancel there; its error stays that of the terms",
        "absolute", _absolute,
    ),
    Known(
        {"softmax[0]": (2,), "softmax[1]": (2,), "logaddexp": (3,), "logaddexp2": (3,)},
        "where a share p is near ½",
        _beside_a_half, 3e-17,
        "p·(1 − p)·(1 − 2p) has a root at ½, and p itself is rounded",
        "absolute", _absolute,
    ),
    Known(
        {"dot": (0,)},
        "where the products cancel",
        lambda point, want: True, 1.2e-16,
        "each product is rounded; their sum is exact",
        "of Σ |wᵢ·xᵢ|",
        lambda point, want: math.fsum(abs(w * x) for w, x in zip(*_halves(point), strict=True)),
    ),
    # Numbers beside the least double have fewer digits.
    *(
        Known(
            rows,
            "results below 1e-300",
            _tiny, bound,
            "a factor is subnormal, thus a multiple of 5e-324, and the other factors magnify that rounding",
            "absolute", _absolute,
        )
        for rows, bound in (
            ({"gelu": (0, 1), "div": (1,), "pow": (1,), "atan2": (1,)}, 2e-321),
            (dict.fromkeys(("div", "pow", "atan2", "hypot", "norm", "erf", "erfc", "gelu", "exp10"), (2,)), 2e-318),
            (dict.fromkeys(("div", "pow", "atan2", "hypot", "erf", "erfc", "gelu", "silu", "exp10"), (3,)), 3e-315),
        )
    ),
    Known(
        {"hypot": (2,), "norm": (2,)},
        "where the length overflows",
        lambda point, want: all(map(math.isfinite, point)) and math.hypot(*point) == math.inf, 4e-309,
        "1 / length is 0, for a true value below the least normal double",
        "absolute", _absolute,
    ),
    # Something on the way leaves the range of doubles.
    Known(
        {"exp2": (1, 2, 3), "2**x": (1, 2, 3)},
        "1024 ≤ x < 1024.53",
        lambda point, want: 1024 <= point[0] < 1024.53, None,
        "`2**x` overflows where `log(2)·2**x` does not yet",
    ),
    Known(
        {"pow": (1, 2, 3)},
        "where `x**(y − n)` or yⁿ overflows",
        _power_overflows, None,
        "the n-th derivative is `x**(y − n)` times y·(y − 1)… and log(x): an overflow times a small number, say",
    ),
    Known(
        {"pow": (2, 3)},
        "`0**0` and `0**1` with a Value as exponent",
        lambda point, want: point in ((0.0, 0.0), (0.0, 1.0)), None,
        "`y·(y − 1)…·x**(y − n)` is 0·∞; with a constant exponent (`x**0`, `x**1`) it is exact",
    ),
    Known(
        {"atan2": (2, 3), "hypot": (3,)},
        "a distance below 1e-102 from the origin",
        lambda point, want: math.hypot(*point) < 1e-102, None,
        "a power of 1 / (x² + y²) overflows, and ∞ − ∞ is NaN; the true derivative mostly overflows too",
    ),
    Known(
        {"prod": (1,)},
        "by `gradients` with `create_graph=True`, where a product of some of the factors underflows",
        lambda point, want: all(point) and min(_running_products(point)) < 1e-290, 1.0,
        "the graph of the derivative is made of running products, for linear cost; `backward` and `jvp` are right",
        way="gradients",
    ),
    Known(
        {"prod": (1,)},
        "the same, where one overflows",
        lambda point, want: max(_running_products(point)) > HUGE, None,
        "the same",
        way="gradients",
    ),
    Known(
        {"mod": (2, 3), "fmod": (2, 3)},
        "a divisor below 1e-308",
        lambda point, want: abs(point[1]) < 1e-308, None,
        "the quotient overflows, and its derivative is 0·∞",
    ),
    Known(
        {"mod": (1, 2, 3)},
        "an infinite divisor of the other sign",
        lambda point, want: math.isinf(point[1]) and point[0] * point[1] < 0, None,
        "the quotient, −1, would come out of ∞/∞",
    ),
]
# fmt: on


def excused(name: str, order: int, way: str, point: Point, got: float, want: mpf | float) -> bool:
    """Whether a result is that of a known limit."""
    return any(known.covers(name, order, way, point, want) and known.excuses(point, got, want) for known in KNOWN)
