"""The checks of lesson 04: a neuron, the cross-entropy, and what a weight learns from it."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log, prod, tanh
from random import Random
from typing import Any

from .comparing import compare, slope
from .judging import exercise

Numbers = Sequence[float]


def _sum(w: Numbers, x: Numbers, b: float) -> float:
    return sum([w_i * x_i for w_i, x_i in zip(w, x, strict=True)], b)


def _logistic(S: float) -> float:
    return 1 / (1 + exp(-S))


def _samples(random: Random) -> list[tuple[list[float], list[float], float]]:
    numbers = [[random.uniform(-1.5, 1.5) for _ in range(2 * n)] for n in (1, 2, 3, 5)]
    return [(both[::2], both[1::2], random.uniform(0.2, 1.0)) for both in numbers]


@exercise(
    "one_neuron.1",
    ("return 1 / (1 + math.exp(-sum(w_i * x_i for w_i, x_i in zip(w, x))))", "bias is missing"),
    ("return b + sum(w_i * x_i for w_i, x_i in zip(w, x))", "the sum S itself"),
    ("return 1 / (1 + math.exp(b + sum(w_i * x_i for w_i, x_i in zip(w, x))))", "minus"),
    ("return 1 / (1 + math.exp(-(b + sum(x))))", "weights are missing"),
    ("return 1 / (1 + math.exp(-sum(w_i * x_i + b for w_i, x_i in zip(w, x))))", "once"),
    ("return math.tanh(b + sum(w_i * x_i for w_i, x_i in zip(w, x)))", "tanh"),
    ("return max(0.0, b + sum(w_i * x_i for w_i, x_i in zip(w, x)))", "ReLU"),
)
def neuron_by_hand(answer: Any, random: Random) -> None:
    compare(
        answer,
        _samples(random),
        lambda w, x, b: _logistic(_sum(w, x, b)),
        {
            "The bias is missing: S = w₁x₁ + w₂x₂ + … + b.": lambda w, x, b: _logistic(_sum(w, x, 0)),
            "That is the sum S itself; the logistic function of it is asked for.": _sum,
            "A minus is missing: σ(S) = 1 / (1 + e⁻ˢ), which grows with S.": lambda w, x, b: _logistic(-_sum(w, x, b)),
            "The weights are missing: each input is multiplied by its own.": lambda w, x, b: _logistic(sum(x) + b),
            "The bias is added once, not once for each input.": lambda w, x, b: _logistic(_sum(w, x, len(w) * b)),
            "That is tanh of S; the logistic function is asked for.": lambda w, x, b: tanh(_sum(w, x, b)),
            "That is ReLU of S; the logistic function is asked for.": lambda w, x, b: max(0.0, _sum(w, x, b)),
        },
        name="The neuron's output for w, x, b",
    )


@exercise(
    "one_neuron.2",
    ("return sum(math.log(p if y == 1 else 1 - p) for p, y in zip(ps, ys)) / len(ps)", "positive"),
    ("return -sum(math.log(p if y == 1 else 1 - p) for p, y in zip(ps, ys))", "mean"),
    ("return -sum(math.log(p) for p, y in zip(ps, ys)) / len(ps)", "1 − p"),
    ("return -sum(y * math.log(p) for p, y in zip(ps, ys)) / len(ps)", "only those with y = 1"),
    ("return -math.log(sum(p if y == 1 else 1 - p for p, y in zip(ps, ys)) / len(ps))", "of each"),
    ("return math.prod(p if y == 1 else 1 - p for p, y in zip(ps, ys))", "likelihood"),
    ("return sum((p - y) ** 2 for p, y in zip(ps, ys)) / len(ps)", "squared error"),
    ("return -sum(math.log10(p if y == 1 else 1 - p) for p, y in zip(ps, ys)) / len(ps)", "natural"),
)
def cross_entropy(answer: Any, random: Random) -> None:
    def of_truth(ps: Numbers, ys: Numbers) -> list[float]:
        return [p if y == 1 else 1 - p for p, y in zip(ps, ys, strict=True)]

    def surprise(ps: Numbers, ys: Numbers) -> float:
        return -sum(map(log, of_truth(ps, ys)))

    samples = [([random.uniform(0.05, 0.95) for _ in range(n)], [k % 2 for k in range(n)]) for n in (2, 3, 5)]
    compare(
        answer,
        samples,
        lambda ps, ys: surprise(ps, ys) / len(ps),
        {
            "The sign is the other way round: a surprise is positive.": lambda ps, ys: -surprise(ps, ys) / len(ps),
            "That is the sum; the mean is asked for.": surprise,
            "With y = 0 the truth got the probability 1 − p.": lambda ps, ys: surprise(ps, [1] * len(ps)) / len(ps),
            "You count only those with y = 1; the others are to get −log(1 − p).": lambda ps, ys: (
                -sum([y * log(p) for p, y in zip(ps, ys, strict=True)]) / len(ps)
            ),
            "Take the logarithm of each probability, then the mean; not the logarithm of the mean.": lambda ps, ys: (
                -log(sum(of_truth(ps, ys)) / len(ps))
            ),
            "That is the likelihood; asked is the mean of −log.": lambda ps, ys: prod(of_truth(ps, ys)),
            "That is the mean squared error; asked is the mean of −log.": lambda ps, ys: (
                sum([(p - y) ** 2 for p, y in zip(ps, ys, strict=True)]) / len(ps)
            ),
            "Take the natural logarithm, math.log.": lambda ps, ys: surprise(ps, ys) / len(ps) / log(10),
        },
        name="The cross-entropy of ps, ys",
    )


@exercise(
    "one_neuron.3",
    (
        """
        S = b + sum(w_j * x_j for w_j, x_j in zip(w, x))
        return (y - 1 / (1 + math.exp(-S))) * x[i]
        """,
        "sign",
    ),
    (
        """
        S = b + sum(w_j * x_j for w_j, x_j in zip(w, x))
        return 1 / (1 + math.exp(-S)) - y
        """,
        "derivative with respect to S",
    ),
    (
        """
        S = b + sum(w_j * x_j for w_j, x_j in zip(w, x))
        return (1 / (1 + math.exp(-S)) - y) * w[i]
        """,
        "input x[i]",
    ),
    (
        """
        S = b + sum(w_j * x_j for w_j, x_j in zip(w, x))
        p = 1 / (1 + math.exp(-S))
        return (p - y) * p * (1 - p) * x[i]
        """,
        "cancels",
    ),
    (
        """
        S = b + sum(w_j * x_j for w_j, x_j in zip(w, x))
        return (S - y) * x[i]
        """,
        "logistic function",
    ),
)
def slope_of_weight(answer: Any, random: Random) -> str:
    def loss(w: Numbers, x: Numbers, b: float, y: int) -> float:
        p = _logistic(_sum(w, x, b))
        return -log(p if y == 1 else 1 - p)

    def truth(w: Numbers, x: Numbers, b: float, y: int, i: int) -> float:
        return slope(lambda w_i: loss([*w[:i], w_i, *w[i + 1 :]], x, b, y), w[i])

    def p(w: Numbers, x: Numbers, b: float) -> float:
        return _logistic(_sum(w, x, b))

    samples = [(*sample, k % 2, random.randrange(len(sample[0]))) for k, sample in enumerate(_samples(random))]
    compare(
        answer,
        samples,
        truth,
        {
            "The sign is the other way round: p − y, so that a step against it makes the loss smaller.": (
                lambda w, x, b, y, i: (y - p(w, x, b)) * x[i]
            ),
            "That is the derivative with respect to S. From S to w[i] there is one more arrow: what stands on it?": (
                lambda w, x, b, y, i: p(w, x, b) - y
            ),
            "The local derivative of S with respect to w[i] is the input x[i], not the weight.": (
                lambda w, x, b, y, i: (p(w, x, b) - y) * w[i]
            ),
            "p(1 − p) cancels with the slope of the logarithm; with the squared error it would stay.": (
                lambda w, x, b, y, i: (p(w, x, b) - y) * p(w, x, b) * (1 - p(w, x, b)) * x[i]
            ),
            "p is the logistic function of S, not S itself.": lambda w, x, b, y, i: (_sum(w, x, b) - y) * x[i],
        },
        name="The derivative for w, x, b, y, i",
    )
    return "Right, as nudges of each weight say."
