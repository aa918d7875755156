"""The checks of lesson 14: a local derivative, an optimiser, standardising."""

from __future__ import annotations

from math import exp, fsum, sqrt
from random import Random
from typing import TYPE_CHECKING, Any

from .comparing import as_number, call, same
from .judging import Wrong, exercise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NOTHING = "Nothing comes back: there is nothing here yet, or `return` is missing."


@exercise(
    "your_own.1",
    ("return 2 * x * z", "sign"),
    ("return -2 * x", "inner derivative alone"),
    ("return z", "outer derivative alone"),
    (
        """
        import math
        return -2 * x * math.exp(-x * x)
        """,
        "on floats alone",
    ),
    ("return -x * z", "factor 2"),
    ("return -2 * x * z.data if hasattr(z, 'data') else -2 * x * z", "second derivative"),
)
def bump_slope(answer: Any, random: Random) -> str:
    import autodiff as ad

    samples = [(x, exp(-x * x)) for x in (random.uniform(0.4, 1.5) * random.choice([-1, 1]) for _ in range(5))]
    got = [as_number(call(answer, x, z), "bump_slope(x, z)") for x, z in samples]

    def all_are(mistaken: Callable[[float, float], float]) -> bool:
        return all(same(g, mistaken(*sample)) for g, sample in zip(got, samples, strict=True))

    if not all_are(lambda x, z: -2 * x * z):
        for mistaken, message in (
            (lambda x, z: 2 * x * z, "The sign is wrong: −x² falls as x grows, and so does the bump."),
            (lambda x, z: -2 * x, "This is the inner derivative alone; times that of the exponential, which is z."),
            (lambda x, z: z, "This is the outer derivative alone; times that of −x²."),
            (lambda x, z: -x * z, "A factor 2 is missing: the derivative of x² is 2x."),
        ):
            if all_are(mistaken):
                raise Wrong(message)
        (x, z), g = samples[0], got[0]
        raise Wrong(f"At x = {x:.4g}, where z = {z:.4g}, the slope is {-2 * x * z:.6g}, not {g:.6g}.")
    for number, _ in samples:
        x = ad.Value(number)
        z = ad.exp(-x * x)
        try:
            slope = answer(x, z)
        except Exception as error:
            raise Wrong(
                f"The number is right, but it works on floats alone ({type(error).__name__} on Values): no second "
                "derivative. Use operators, operations of autodiff, or z."
            ) from error
        curvature = ad.gradients(slope, x)
        truth = (4 * number**2 - 2) * exp(-number * number)
        if not same(curvature, truth):
            raise Wrong(
                f"The slope is right, but its own slope, the second derivative, is {curvature:.6g} at {number:.4g} in "
                f"place of {truth:.6g}: do not read .data."
            )
    return "Right, and the second derivative comes by itself: (4x² − 2)·z."


@exercise(
    "your_own.2",
    (
        """
        self.squares[i] += w.grad**2
        return w.grad / (self.squares[i] + 1e-8)
        """,
        "root",
    ),
    (
        """
        self.squares[i] = w.grad**2
        return w.grad / (self.squares[i] ** 0.5 + 1e-8)
        """,
        "forgets",
    ),
    (
        """
        self.squares[0] += w.grad**2
        return w.grad / (self.squares[0] ** 0.5 + 1e-8)
        """,
        "one sum for all",
    ),
    (
        """
        old = self.squares[i]
        self.squares[i] += w.grad**2
        return w.grad / (old**0.5 + 1e-8)
        """,
        "new one included",
    ),
    (
        """
        self.squares[i] += w.grad**2
        return self.lr * w.grad / (self.squares[i] ** 0.5 + 1e-8)
        """,
        "learning rate twice",
    ),
    ("return w.grad", "plain gradient descent"),
    (
        """
        self.squares[i] += abs(w.grad)
        return w.grad / (self.squares[i] ** 0.5 + 1e-8)
        """,
        "should move",
    ),
)
def adagrad(answer: Any, random: Random) -> str:
    from autodiff import Value

    for _ in range(3):
        start = [random.uniform(-2, 2) for _ in range(3)]
        slopes = [[random.uniform(0.3, 3) * random.choice([-1, 1]) for _ in range(3)] for _ in range(4)]
        rate = random.uniform(0.05, 0.5)
        weights = [Value(x) for x in start]
        optimizer = call(answer, weights, rate)
        if not hasattr(optimizer, "step"):
            raise Wrong("The class must be an Optimizer: class AdaGrad(Optimizer).")
        for gradient in slopes:
            for w, slope in zip(weights, gradient, strict=True):
                w.grad = slope
            try:
                optimizer.step()
            except Exception as error:
                if "NoneType" in str(error) or "ellipsis" in str(error):
                    raise Wrong(f"slope(i, w): {NOTHING[0].lower()}{NOTHING[1:]}") from error
                raise Wrong(f"optimizer.step() raised {type(error).__name__}: {error}") from error
        _judge_adagrad(start, slopes, rate, [w.data for w in weights])
    return "Right: with equal gradients the steps get shorter as 1/√n."


def _judge_adagrad(start: Sequence[float], slopes: Sequence[Sequence[float]], rate: float, got: list[float]) -> None:
    def run(shared: bool, slope: Callable[[float, float, float], float]) -> list[float]:
        """``slope`` gets the gradient, and the sum of squares before and with it."""
        weights, sums = [*start], [0.0] * len(start)
        for gradient in slopes:
            for i, g in enumerate(gradient):
                place = 0 if shared else i
                before, sums[place] = sums[place], sums[place] + g * g
                weights[i] -= rate * slope(g, before, sums[place])
        return weights

    def near(weights: Sequence[float]) -> bool:
        return all(abs(a - b) <= 1e-6 * max(1, abs(b)) for a, b in zip(got, weights, strict=True))

    truth = run(False, lambda g, before, now: g / (sqrt(now) + 1e-8))
    if near(truth):
        return
    for weights, message in (
        (run(False, lambda g, before, now: g / (now + 1e-8)), "The root is missing: divide by √(sum of squares)."),
        (run(False, lambda g, before, now: g / (abs(g) + 1e-8)),
         "It forgets: each time there is only the newest square. Add it to the sum: +=."),
        (run(True, lambda g, before, now: g / (sqrt(now) + 1e-8)),
         "There is one sum for all parameters; each has its own, self.squares[i]."),
        (run(False, lambda g, before, now: rate * g / (sqrt(now) + 1e-8)),
         "You take the learning rate twice: step() multiplies the slope by it already."),
        (run(False, lambda g, before, now: g), "This is plain gradient descent."),
    ):  # fmt: skip
        if near(weights):
            raise Wrong(message)
    if max(map(abs, got)) > 1e4:
        raise Wrong("The first step is huge: you divide by the sum before; the new one included, it is never 0.")
    raise Wrong(
        f"After {len(slopes)} steps the first weight should move from {start[0]:.4g} to {truth[0]:.6g}, "
        f"not {got[0]:.6g}."
    )


@exercise(
    "your_own.3",
    (
        """
        def one(xs):
            mean = sum(xs) / len(xs)
            spread = (sum((x - mean) ** 2 for x in xs) / len(xs)) ** 0.5 or 1.0
            return [(x - mean) / spread for x in xs]
        return one(training), one(new)
        """,
        "its own mean",
    ),
    (
        """
        mean = sum(training) / len(training)
        spread = sum((x - mean) ** 2 for x in training) / len(training) or 1.0
        return [(x - mean) / spread for x in training], [(x - mean) / spread for x in new]
        """,
        "root",
    ),
    (
        """
        xs = training + new
        mean = sum(xs) / len(xs)
        spread = (sum((x - mean) ** 2 for x in xs) / len(xs)) ** 0.5 or 1.0
        return [(x - mean) / spread for x in training], [(x - mean) / spread for x in new]
        """,
        "together",
    ),
    (
        """
        mean = sum(training) / len(training)
        spread = (sum((x - mean) ** 2 for x in training) / len(training)) ** 0.5
        return [(x - mean) / spread for x in training], [(x - mean) / spread for x in new]
        """,
        "constant",
    ),
    (
        """
        mean = sum(training) / len(training)
        spread = (sum(x * x for x in training) / len(training)) ** 0.5 or 1.0
        return [(x - mean) / spread for x in training], [(x - mean) / spread for x in new]
        """,
        "from the mean",
    ),
    (
        """
        mean = sum(training) / len(training)
        return [x - mean for x in training], [x - mean for x in new]
        """,
        "only shifted",
    ),
    (
        """
        mean = sum(training) / len(training)
        spread = (sum((x - mean) ** 2 for x in training) / (len(training) - 1)) ** 0.5 or 1.0
        return [(x - mean) / spread for x in training], [(x - mean) / spread for x in new]
        """,
        "n − 1",
    ),
)
def standardise(answer: Any, random: Random) -> str:
    for _ in range(3):
        training = [random.uniform(-3, 9) for _ in range(6)]
        new = [random.uniform(-3, 9) for _ in range(4)]
        got = _two_columns(call(answer, [*training], [*new]), 6, 4)
        mean, spread = _mean_and_spread(training)
        if _are(got, training, new, mean, spread):
            continue
        both_mean, both_spread = _mean_and_spread([*training, *new])
        of_new = _mean_and_spread(new)
        if _is(got[0], training, mean, spread) and _is(got[1], new, *of_new):
            raise Wrong(
                "The new column is shifted by its own mean and spread. It must go through the same change as the "
                "training column: a single new sample has no spread."
            )
        square = sqrt(fsum(x * x for x in training) / len(training))
        for m, s, message in (
            (mean, spread**2, "The root is missing: this divides by the variance, not by the spread."),
            (
                both_mean,
                both_spread,
                "Mean and spread are those of both columns together; the new ones have no say in them.",
            ),
            (mean, 1.0, "The columns are only shifted; divide by the spread, too."),
            (0.0, spread, "The columns are only scaled; subtract the mean, too."),
            (mean, square, "The spread is measured from the mean: square x − mean, not x."),
            (mean, spread * sqrt(6 / 5), "This divides by n − 1; asked is the mean square, which divides by n."),
        ):
            if _are(got, training, new, m, s):
                raise Wrong(message)
        raise Wrong(
            f"The first number, {training[0]:.4g}, should become {(training[0] - mean) / spread:.6g}, not "
            f"{got[0][0]:.6g}."
        )
    try:
        got = _two_columns(call(answer, [2.5, 2.5, 2.5], [2.5, 4.0]), 3, 2)
    except Wrong as wrong:
        if "ZeroDivisionError" not in str(wrong):
            raise
        raise Wrong("A constant column has the spread 0, and you divide by it: there, only shift.") from None
    if not _are(got, [2.5, 2.5, 2.5], [2.5, 4.0], 2.5, 1.0):
        raise Wrong("A constant column should only be shifted: [2.5, 4.0] beside it becomes [0.0, 1.5].")
    return "Right: the new column goes through the change that the training column has set."


def _mean_and_spread(xs: Sequence[float]) -> tuple[float, float]:
    mean = fsum(xs) / len(xs)
    return mean, sqrt(fsum((x - mean) ** 2 for x in xs) / len(xs))


def _is(got: Sequence[float], xs: Sequence[float], mean: float, spread: float) -> bool:
    return all(same(g, (x - mean) / spread) for g, x in zip(got, xs, strict=True))


def _are(got: Any, training: Sequence[float], new: Sequence[float], mean: float, spread: float) -> bool:
    return _is(got[0], training, mean, spread) and _is(got[1], new, mean, spread)


def _two_columns(got: Any, n: int, m: int) -> tuple[list[float], list[float]]:
    if got is None or got is ...:
        raise Wrong(NOTHING)
    if not isinstance(got, (list, tuple)) or [len(c) if isinstance(c, (list, tuple)) else -1 for c in got] != [n, m]:
        raise Wrong(f"Give two lists, of {n} and {m} numbers, as many as came in.")
    first, second = ([as_number(x, "a number of the columns") for x in column] for column in got)
    return first, second
