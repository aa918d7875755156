"""The checks of lesson 07: n + 1 forward passes, and the exponents of costs."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, isclose, log, sin
from random import Random
from typing import Any

from .comparing import as_number, call, compare
from .judging import Wrong, exercise


@exercise(
    "what_it_costs.1",
    ("return [(f([x + 1e-7 for x in xs]) - f(xs)) / 1e-7 for _ in xs]", "one at a time"),
    (
        """
        slopes, unmoved = [], f(xs)
        for i in range(len(xs)):
            xs[i] += 1e-7
            slopes.append((f(xs) - unmoved) / 1e-7)
        return slopes
        """,
        "move each one back",
    ),
    ("return [(f([*xs[:i], x + 1e-7, *xs[i + 1:]]) - f(xs)) / 1e-7 for i, x in enumerate(xs)]", "once is enough"),
    (
        """
        unmoved = f(xs)
        return [f([*xs[:i], x + 1e-7, *xs[i + 1:]]) - unmoved for i, x in enumerate(xs)]
        """,
        "divided by",
    ),
    (
        """
        unmoved = f(xs)
        return [(f([*xs[:i], x + 1e-16, *xs[i + 1:]]) - unmoved) / 1e-16 for i, x in enumerate(xs)]
        """,
        "too small",
    ),
    (
        """
        unmoved = f(xs)
        return [(unmoved - f([*xs[:i], x + 1e-7, *xs[i + 1:]])) / 1e-7 for i, x in enumerate(xs)]
        """,
        "other way round",
    ),
    ("return (f([xs[0] + 1e-7, *xs[1:]]) - f(xs)) / 1e-7", "a list"),
    ("return [f(xs)]", "one slope for each"),
)
def numerical_gradient(answer: Any, random: Random) -> str:
    n = random.randrange(4, 8)
    weights, xs = [random.uniform(1, 2) for _ in range(n)], [random.uniform(2, 3) for _ in range(n)]
    calls = 0

    def f(xs: Sequence[float]) -> float:
        nonlocal calls
        calls += 1
        return sum([w * sin(x) for w, x in zip(weights, xs, strict=True)])

    given = [*xs]
    found = call(answer, f, given)
    truth = [w * cos(x) for w, x in zip(weights, xs, strict=True)]
    if found is None or found is ...:
        raise Wrong("There is nothing here yet, or `return` is missing.")
    if not isinstance(found, (list, tuple)):
        raise Wrong(f"The result is a list of slopes; yours is {found!r:.60}.")
    if len(found) != n:
        raise Wrong(f"There is one slope for each of the {n} numbers; yours are {len(found)}.")
    slopes = [as_number(x, "a slope") for x in found]
    if given != xs:
        raise Wrong("Your function changes xs: move each one back, or move it in a copy.")

    def near(expected: Sequence[float]) -> bool:
        return all(isclose(s, e, rel_tol=1e-4, abs_tol=1e-6) for s, e in zip(slopes, expected, strict=True))

    if not near(truth):
        for mistaken, message in (
            ([sum(truth)] * n, "You move all numbers at once; move one at a time, and the others stay."),
            ([-t for t in truth], "The difference is the other way round: moved less unmoved."),
        ):
            if near(mistaken):
                raise Wrong(message)
        if not any(slopes):
            raise Wrong("All slopes are 0: the nudge is too small, x + h is x.")
        if max(map(abs, slopes)) < 1e-3:
            raise Wrong("That is the change of f; it is to be divided by the nudge.")
        raise Wrong(f"The first slope should be {truth[0]:.5g}, and is {slopes[0]:.5g}.")
    if calls > n + 1:
        raise Wrong(f"Right, but f was called {calls} times for {n} numbers: f(xs) unmoved once is enough.")
    return f"Right: {n} slopes for {calls} calls of f."


@exercise(
    "what_it_costs.2",
    ("return (seconds[-1] / seconds[0]) / (ns[-1] / ns[0])", "without logarithms"),
    ("return math.log(ns[-1] / ns[0]) / math.log(seconds[-1] / seconds[0])", "upside down"),
    ("return math.log(seconds[-1]) / math.log(ns[-1])", "factor c"),
    ("return math.log(seconds[-1] / seconds[0])", "divide by"),
    ("return (seconds[-1] - seconds[0]) / (ns[-1] - ns[0])", "straight line"),
    ("return math.log(seconds[-1] - seconds[0]) / math.log(ns[-1] - ns[0])", "factors, not differences"),
)
def exponent(answer: Any, random: Random) -> None:
    samples = []
    for k in (1.0, 2.0, 0.5, random.uniform(1, 3)):
        c, n = random.uniform(0.01, 0.1), random.randrange(50, 100)
        ns = [n * 2**i for i in range(random.randrange(2, 6))]
        samples.append((ns, [c * n**k for n in ns]))
    compare(
        answer,
        samples,
        lambda ns, seconds: log(seconds[-1] / seconds[0]) / log(ns[-1] / ns[0]),
        {
            "That is the quotient of the two factors, without logarithms: the factor of n to the k is that of time.": (
                lambda ns, seconds: (seconds[-1] / seconds[0]) / (ns[-1] / ns[0])
            ),
            "It is upside down: log of the factor of time over log of the factor of n.": lambda ns, seconds: (
                log(ns[-1] / ns[0]) / log(seconds[-1] / seconds[0])
            ),
            "The factor c is still in it: compare two measurements.": lambda ns, seconds: (
                log(seconds[-1]) / log(ns[-1])
            ),
            "Now divide by the logarithm of the factor of n.": lambda ns, seconds: log(seconds[-1] / seconds[0]),
            "That is the slope of a straight line; on logarithmic axes k is the slope.": lambda ns, seconds: (
                (seconds[-1] - seconds[0]) / (ns[-1] - ns[0])
            ),
            "Compare by factors, not differences.": lambda ns, seconds: (
                log(seconds[-1] - seconds[0]) / log(ns[-1] - ns[0])
            ),
        },
        name="k for ns, seconds",
    )


@exercise(
    "what_it_costs.3",
    ("return seconds * new_n / n", "k = 1"),
    ("return seconds * new_n / n * k", "power"),
    ("return seconds * (n / new_n) ** k", "upside down"),
    ("return seconds * new_n**k", "time for n"),
    ("return (seconds * new_n / n) ** k", "seconds alone"),
)
def scaled(answer: Any, random: Random) -> str:
    samples = [(random.uniform(0.1, 2), random.randrange(100, 200), random.randrange(300, 900), k) for k in (1, 2, 3)]
    compare(
        answer,
        samples,
        lambda seconds, n, new_n, k: seconds * (new_n / n) ** k,
        {
            "That is right for k = 1 only: the factor of n is to the power of k.": lambda seconds, n, new_n, k: (
                seconds * new_n / n
            ),
            "k is a power, not a factor.": lambda seconds, n, new_n, k: seconds * new_n / n * k,
            "It is upside down: more weights take longer.": lambda seconds, n, new_n, k: seconds * (n / new_n) ** k,
            "Seconds were the time for n weights, not for one.": lambda seconds, n, new_n, k: seconds * new_n**k,
            "The power is of the factor new_n / n; seconds alone stay as they are.": lambda seconds, n, new_n, k: (
                (seconds * new_n / n) ** k
            ),
        },
    )
    return "Right. By nudges, 0.5 s for a thousand weights become nearly 6 days for a million; by sweeps, minutes."
