"""The checks of lesson 11: log-sum-exp, the double where, the logistic loss."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, fsum, isfinite, log, log1p
from random import Random
from typing import Any

from .comparing import call, same
from .judging import Wrong, exercise


def _value(got: Any, what: str) -> Any:
    if got is None or got is ...:
        raise Wrong("Nothing comes back: there is nothing here yet, or `return` is missing.")
    if not (hasattr(got, "backward") and hasattr(got, "data")):
        raise Wrong(
            f"{what} is a plain number, {got!r:.20}: calculate with the Values themselves, or no gradient flows."
        )
    return got


@exercise(
    "when_numbers_break.1",
    ("return log(sum(exp(x) for x in xs))", "inf"),
    (
        """
        top = max(xs)
        return log(sum(exp(x - top) for x in xs))
        """,
        "Add the largest back",
    ),
    (
        """
        top = min(xs)
        return top + log(sum(exp(x - top) for x in xs))
        """,
        "smallest",
    ),
    ("return sum(exp(x) for x in xs)", "without the logarithm"),
    (
        """
        top = max(xs)
        return top + sum(log(exp(x - top)) for x in xs)
        """,
        "logarithm of the sum",
    ),
    ("return max(xs)", "only the largest"),
    (
        """
        import math
        return math.log(sum(math.exp(x.data) for x in xs))
        """,
        "a plain number",
    ),
)
def my_logsumexp(answer: Any, random: Random) -> str:
    from autodiff import Value

    for _ in range(4):
        _judge_logsumexp(answer, Value, [random.uniform(-2, 2) for _ in range(random.randrange(2, 6))])
    for numbers in ([1000.0, 999.0, 0.0], [-1000.0, -1001.0], [0.0, 900.0, 0.0, 0.0]):
        xs = [Value(x) for x in numbers]
        found = _value(call(answer, xs), "my_logsumexp(xs)")
        top = max(numbers)
        truth = top + log(fsum(exp(x - top) for x in numbers))
        if not isfinite(found.data):
            raise Wrong(
                f"Small scores work; for {numbers} this gives {found.data}. Subtract the largest from all (not the "
                "smallest, not the mean), so that no power is above 1."
            )
        if not same(found.data, truth):
            raise Wrong(f"Small scores work; for {numbers} it should be {truth:.6g}, and is {found.data:.6g}.")
    return "Right, for 1000 and −1000 too. Its gradient is softmax."


def _judge_logsumexp(answer: Any, Value: Any, numbers: list[float]) -> None:
    xs = [Value(x) for x in numbers]
    found = _value(call(answer, xs), "my_logsumexp(xs)")
    powers = [exp(x) for x in numbers]
    truth = log(fsum(powers))
    for wrong, message in (
        (
            truth - max(numbers),
            "Add the largest back: taking m out of the sum of powers takes it out of the logarithm.",
        ),
        (fsum(powers), "This is the sum of the powers, without the logarithm."),
        (
            max(numbers) + fsum(x - max(numbers) for x in numbers),
            "Take the logarithm of the sum, not the sum of logarithms.",
        ),
        (max(numbers), "This is only the largest score; the others add a little, at most log n."),
    ):
        if same(found.data, wrong) and not same(wrong, truth):
            raise Wrong(message)
    if not same(found.data, truth):
        raise Wrong(f"For {[round(x, 3) for x in numbers]} it should be {truth:.6g}, and is {found.data:.6g}.")
    found.backward()
    for x, power in zip(xs, powers, strict=True):
        if not same(x.grad, power / fsum(powers)):
            raise Wrong(f"The value is right, but a gradient is {x.grad:.6g} in place of {power / fsum(powers):.6g}.")


@exercise(
    "when_numbers_break.2",
    ("return where(x > 0, log(x), 0.0)", "0 · inf"),
    ("return log(x + 1e-12)", "1e-12"),
    ("return where(x > 0, log(abs(x)), 0.0)", "0 · inf"),
    (
        """
        from autodiff import clamp
        return log(clamp(x, 1e-12))
        """,
        "should be 0",
    ),
    (
        """
        harmless = where(x > 0, x, 1.0)
        return where(x > 0, harmless, 0.0)
        """,
        "no logarithm",
    ),
    ("return where(x > 0, log(where(x > 0, x, 2.0)), log(2.0))", "should be 0"),
    ("return where(x > 0, log(where(x > 0, x.data, 1.0)), 0.0)", "No gradient"),
)
def safe_log(answer: Any, random: Random) -> str:
    from autodiff import Value

    for number in (*(random.uniform(1.5, 5) for _ in range(3)), 1e-3, 0.0, -1.0, -random.uniform(0.5, 4)):
        x = Value(number)
        y = call(answer, x)
        truth, slope = (log(number), 1 / number) if number > 0 else (0.0, 0.0)
        data = getattr(y, "data", y)
        if number <= 0 and data == 0 and not hasattr(y, "backward"):
            continue  # a Python if, and a plain 0
        y = _value(y, f"safe_log({number:.3g})")
        if same(data, number) and number > 1:
            raise Wrong("There is no logarithm in this: it gives x back.")
        if same(data, log(number + 1e-12) if number >= 0 else data) and not abs(data - truth) < 1e-15 and number == 0:
            raise Wrong(
                f"log(0 + 1e-12) = {data:.4g}, and it should be 0: a 1e-12 hides the infinity and is wrong by 27.6."
            )
        if not abs(data - truth) < 1e-11 * max(1, abs(truth)) + 1e-9:
            raise Wrong(f"safe_log({number:.4g}) should be {truth:.6g}, and is {data:.6g}.")
        y.backward()
        if not isfinite(x.grad):
            raise Wrong(
                f"The value is right, but at {number:.4g} the gradient is {x.grad}: the branch that is not taken gives "
                "0 · inf. Give the logarithm a harmless operand there."
            )
        if x.grad == 0 and slope:
            raise Wrong("No gradient flows to x: use the Value x, not x.data.")
        if not abs(x.grad - slope) < 1e-6 * max(1, slope):
            raise Wrong(f"At {number:.4g} the gradient should be {slope:.6g}, and is {x.grad:.6g}.")
    return "Right: both branches are harmless now, whichever is taken."


@exercise(
    "when_numbers_break.3",
    (
        """
        from autodiff import log, sigmoid
        p = sigmoid(s)
        return -log(p) if y == 1 else -log(1 - p)
        """,
        "breaks",
    ),
    (
        """
        from autodiff import log, sigmoid
        p = sigmoid(s)
        return -log(p + 1e-12) if y == 1 else -log(1 - p + 1e-12)
        """,
        "27.6",
    ),
    ("return softplus(s) if y == 1 else softplus(-s)", "exchanged"),
    ("return -softplus(-s) if y == 1 else -softplus(s)", "sign"),
    (
        """
        from autodiff import exp, log
        return log(1 + exp(-s)) if y == 1 else log(1 + exp(s))
        """,
        "breaks",
    ),
    ("return softplus(-s)", "y = 0"),
)
def logistic_loss(answer: Any, random: Random) -> str:
    from autodiff import Value

    def truth(s: float, y: int) -> float:
        t = -s if y == 1 else s
        return max(t, 0.0) + log1p(exp(-abs(t)))

    samples = [(random.uniform(0.3, 3) * random.choice([-1, 1]), y) for y in (0, 1, 1, 0)]
    got = [_value(call(answer, Value(s), y), "logistic_loss(s, y)").data for s, y in samples]

    def all_are(mistaken: Callable[[float, int], float]) -> bool:
        return all(abs(g - mistaken(s, y)) < 1e-10 for g, (s, y) in zip(got, samples, strict=True))

    for mistaken, message in (
        (
            lambda s, y: truth(s, 1 - y),
            "The classes are exchanged: for class 1 a large logit is right, and costs little.",
        ),
        (lambda s, y: -truth(s, y), "The sign is wrong: a loss is never negative."),
        (lambda s, y: truth(s, 1), "This is the loss of class 1, for y = 0 as well."),
        (lambda s, y: truth(s, 0), "This is the loss of class 0, for y = 1 as well."),
    ):
        if all_are(mistaken):
            raise Wrong(message)
    for (s, y), g in zip(samples, got, strict=True):
        if abs(g - truth(s, y)) > 1e-10:
            raise Wrong(f"The loss of the logit {s:.4g} with class {y} should be {truth(s, y):.6g}, and is {g:.6g}.")
    for s, y in ((800.0, 0), (-800.0, 1), (800.0, 1), (-800.0, 0), (40.0, 0), (-40.0, 1)):
        x = Value(s)
        loss = call(answer, x, y)
        if 27 < loss.data < 28 and abs(s) > 30:
            raise Wrong(
                f"The loss of the logit {s:g} with class {y} should be {truth(s, y):g}; a 1e-12 caps it at 27.6."
            )
        if not isfinite(loss.data) or not same(loss.data, truth(s, y)):
            raise Wrong(
                f"Small logits work; at {s:g} with class {y} it breaks: {loss.data:.4g} in place of {truth(s, y):g}."
            )
        loss.backward()
        slope = (1.0 if s > 0 else 0.0) - y
        if not abs(x.grad - slope) < 1e-9:
            raise Wrong(
                f"The loss is right, but at {s:g} with class {y} its gradient breaks: {x.grad} in place of {slope:g}."
            )
    return "Right: −log p = softplus(−s). The gradient is p − y, also at ±800."
