"""The checks of lesson 08: a step of gradient descent, momentum, L2."""

from __future__ import annotations

from math import fsum
from random import Random
from typing import Any

from .comparing import as_number, call, same, value_class
from .judging import Wrong, exercise


@exercise(
    "training.1",
    (
        """
        for p in parameters:
            p.data += rate * p.grad
        """,
        "uphill",
    ),
    (
        """
        for p in parameters:
            p.data -= p.grad
        """,
        "learning rate is missing",
    ),
    (
        """
        for p in parameters:
            p = p - rate * p.grad
        """,
        "Nothing has moved",
    ),
    (
        """
        for p in parameters:
            p.data -= rate * p.data
        """,
        "towards 0",
    ),
    (
        """
        for p in parameters:
            p.data = -rate * p.grad
        """,
        "from where it is",
    ),
    (
        """
        for p in parameters:
            p.data -= rate * p.grad
            p.grad = 0.0
        """,
        "gradients as they are",
    ),
    ("parameters[0].data -= rate * parameters[0].grad", "only the first parameter"),
)
def step(answer: Any, random: Random) -> str:
    Value = value_class(answer)
    for _ in range(5):
        numbers = [random.uniform(-3, 3) for _ in range(4)]
        slopes = [random.uniform(0.5, 3) * random.choice([-1, 1]) for _ in range(4)]
        rate = random.uniform(0.01, 0.4)
        parameters = [Value(x) for x in numbers]
        for p, slope in zip(parameters, slopes, strict=True):
            p.grad = slope
        call(answer, parameters, rate)
        moved = [p.data for p in parameters]
        _judge_step(numbers, slopes, rate, moved)
        if [p.grad for p in parameters] != slopes:
            raise Wrong("The weights are right, but leave the gradients as they are: to clear them is the first line.")
    return "Right: every parameter goes down its own slope."


def _judge_step(numbers: list[float], slopes: list[float], rate: float, moved: list[float]) -> None:
    def all_are(mistaken: Any) -> bool:
        return all(same(now, mistaken(x, d)) for now, x, d in zip(moved, numbers, slopes, strict=True))

    if all_are(lambda x, d: x - rate * d):
        return
    if all_are(lambda x, d: x):
        raise Wrong(
            "Nothing has moved. If you wrote `p = p - …`: it makes a new Value. "
            "Change the number in the old one: p.data -= …"
        )
    if all_are(lambda x, d: x + rate * d):
        raise Wrong("This goes uphill: the gradient points to where the loss grows, so subtract.")
    if all_are(lambda x, d: x - d):
        raise Wrong("The learning rate is missing: the step is rate * p.grad.")
    if all_are(lambda x, d: x - rate * x):
        raise Wrong("This pulls every weight towards 0. Subtract the gradient p.grad, not p.data.")
    if all_are(lambda x, d: -rate * d) or all_are(lambda x, d: rate * d):
        raise Wrong("A step goes on from where it is: the old p.data is missing.")
    if same(moved[0], numbers[0] - rate * slopes[0]) and moved[1:] == numbers[1:]:
        raise Wrong("This moves only the first parameter. (If there is a `return` in your loop, it ends the loop.)")
    x, d, now = numbers[0], slopes[0], moved[0]
    raise Wrong(f"From {x:.4g}, with gradient {d:.4g} and rate {rate:.3g}, go to {x - rate * d:.4g}; not to {now:.4g}.")


@exercise(
    "training.2",
    (
        """
        v = mu * v + (1 - mu) * gradient
        w = w - rate * v
        """,
        "running mean",
    ),
    (
        """
        v = mu * v + gradient
        w = w + rate * v
        """,
        "uphill",
    ),
    (
        """
        w = w - rate * v
        v = mu * v + gradient
        """,
        "old velocity",
    ),
    (
        """
        v = mu * v - rate * gradient
        w = w + v
        """,
        "learning rate within",
    ),
    (
        """
        v = mu * v + gradient
        w = w - rate * gradient
        """,
        "plain gradient",
    ),
    (
        """
        v = mu * v + gradient
        w = w - v
        """,
        "learning rate is missing",
    ),
    (
        """
        v = v + gradient
        w = w - rate * v
        """,
        "μ is missing",
    ),
)
def momentum(answer: Any, random: Random) -> str:
    wrong = (  # w and v that a mistake gives, and what to say
        (lambda w, v, g, r, m: (w, v), "Nothing has moved: w and v come back as they were."),
        (lambda w, v, g, r, m: (w - r * (m * v + (1 - m) * g), m * v + (1 - m) * g),
         "Your v is a running mean, μ·v + (1 − μ)·gradient. Momentum adds the whole gradient: μ·v + gradient."),
        (lambda w, v, g, r, m: (w + r * (m * v + g), m * v + g),
         "This goes uphill: w − rate·v."),
        (lambda w, v, g, r, m: (w - r * v, m * v + g),
         "You step along the old velocity: first the new v, then the step along it."),
        (lambda w, v, g, r, m: (w + m * v - r * g, m * v - r * g),
         "Your v has the learning rate within and points downhill, as some books write it. Here v = μ·v + gradient, "
         "and the step is −rate·v."),
        (lambda w, v, g, r, m: (w - r * g, m * v + g),
         "You step along the plain gradient; the velocity has no say in it."),
        (lambda w, v, g, r, m: (w - (m * v + g), m * v + g),
         "The learning rate is missing: w − rate·v."),
        (lambda w, v, g, r, m: (w - r * (v + g), v + g),
         "μ is missing: of the old velocity only the share μ stays."),
    )  # fmt: skip
    samples = [(random.uniform(-2, 2), random.uniform(0.5, 2), random.uniform(0.5, 2), random.uniform(0.1, 0.5),
                random.uniform(0.5, 0.95)) for _ in range(5)]  # fmt: skip
    got = [_two(call(answer, *sample)) for sample in samples]

    def all_are(mistaken: Any) -> bool:
        return all(
            same(a, c) and same(b, d)
            for (a, b), (c, d) in zip(got, [mistaken(*sample) for sample in samples], strict=True)
        )

    if all_are(lambda w, v, g, r, m: (w - r * (m * v + g), m * v + g)):
        return "Right: with μ = 0 it is plain gradient descent, with μ = 0.9 equal slopes add up to ten times."
    for mistaken, message in wrong:
        if all_are(mistaken):
            raise Wrong(message)
    w, v, g, r, m = samples[0]
    raise Wrong(
        f"w = {w:.4g}, v = {v:.4g}, gradient {g:.4g}, rate {r:.4g}, μ = {m:.4g} should give "
        f"w = {w - r * (m * v + g):.6g} and v = {m * v + g:.6g}, not {got[0][0]:.6g} and {got[0][1]:.6g}."
    )


def _two(got: Any) -> tuple[float, float]:
    if not isinstance(got, (tuple, list)) or len(got) != 2:
        raise Wrong("Return two numbers, the new w and the new v.")
    return as_number(got[0], "the new w"), as_number(got[1], "the new v")


@exercise(
    "training.3",
    ("return lam / m * sum(w**2 for w in weights)", "twice as large"),
    ("return lam / 2 * sum(w**2 for w in weights)", "Divide by m"),
    ("return weights[0] * 0 + lam / (2 * m) * sum(w.data**2 for w in weights)", "no gradient"),
    ("return lam / (2 * m) * sum(w.data**2 for w in weights)", "a plain number"),
    ("return lam / (2 * m) * sum(abs(w) for w in weights)", "L1"),
    ("return lam / (2 * m) * sum(weights) ** 2", "Square each weight"),
)
def penalty(answer: Any, random: Random) -> str:
    Value = value_class(answer)
    for _ in range(5):
        numbers = [random.uniform(0.5, 3) * random.choice([-1, 1]) for _ in range(4)]
        lam, m = random.uniform(0.1, 2), random.randrange(3, 40)
        weights = [Value(x) for x in numbers]
        got = call(answer, weights, lam, m)
        if not (hasattr(got, "backward") and hasattr(got, "data")):
            given = as_number(got, "penalty(…)")
            raise Wrong(
                f"This is a plain number, {given:.4g}. Work with the Values, not with w.data, or nothing is pulled."
            )
        squares = fsum(x * x for x in numbers)
        truth = lam / (2 * m) * squares
        for wrong, message in (
            (2 * truth, "This is twice as large: λ/(2m), so that the derivative is λw/m without a 2."),
            (truth * m, "Divide by m, the number of points, too: λ/(2m)."),
            (lam / (2 * m) * fsum(map(abs, numbers)), "That is L1, which adds |w|. L2 adds w²."),
            (lam / (2 * m) * fsum(numbers) ** 2, "Square each weight, then add: this squares the sum."),
        ):
            if same(got.data, wrong):
                raise Wrong(message)
        if not same(got.data, truth):
            raise Wrong(
                f"With weights {numbers[0]:.3g}, {numbers[1]:.3g} … the penalty is {truth:.6g}, not {got.data:.6g}."
            )
        got.backward()
        if all(w.grad == 0 for w in weights):
            raise Wrong("The number is right, but no gradient reaches the weights: use w, not w.data.")
        for w, x in zip(weights, numbers, strict=True):
            if not same(w.grad, lam * x / m):
                raise Wrong(f"The number is right, but the gradient of a weight {x:.4g} is {w.grad:.6g}, not λw/m.")
    return "Right, and backward() gives λw/m: each step pulls a weight towards 0 in proportion to its size."
