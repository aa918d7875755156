"""The checks of lesson 13: the loss of counting, the gradient of an embedding use by use, attention."""

from __future__ import annotations

from math import exp, fsum, log, prod, sqrt
from random import Random
from typing import TYPE_CHECKING, Any

from .comparing import as_number, call, compare, same
from .judging import Wrong, exercise

if TYPE_CHECKING:
    from collections.abc import Sequence

NOTHING = "Nothing comes back: there is nothing here yet, or `return` is missing."


@exercise(
    "a_gpt.1",
    ("return sum(log(counts[a][b] / sum(counts[a])) for a, b in pairs) / len(pairs)", "minus"),
    ("return sum(-log(counts[a][b] / sum(counts[a])) for a, b in pairs)", "mean"),
    ("return -log(sum(counts[a][b] / sum(counts[a]) for a, b in pairs) / len(pairs))", "logarithm of the mean"),
    (
        """
        n = sum(map(sum, counts))
        return sum(-log(counts[a][b] / n) for a, b in pairs) / len(pairs)
        """,
        "its own row",
    ),
    ("return sum(-log(counts[a][b] / sum(row[b] for row in counts)) for a, b in pairs) / len(pairs)", "column"),
    (
        """
        from math import log2
        return sum(-log2(counts[a][b] / sum(counts[a])) for a, b in pairs) / len(pairs)
        """,
        "bits",
    ),
    ("return sum(1 - counts[a][b] / sum(counts[a]) for a, b in pairs) / len(pairs)", "should be"),
)
def counting_loss(answer: Any, random: Random) -> str:
    samples = []
    for k in (2, 3, 5):
        counts = [[random.randrange(1, 20) for _ in range(k)] for _ in range(k)]
        samples.append((counts, [(random.randrange(k), random.randrange(k)) for _ in range(7)]))

    def shares(counts: Any, pairs: Any) -> list[float]:
        return [counts[a][b] / sum(counts[a]) for a, b in pairs]

    def truth(counts: Any, pairs: Any) -> float:
        return -log(prod(shares(counts, pairs))) / len(pairs)

    def everything(counts: Any, pairs: Any) -> float:
        whole = sum(map(sum, counts))
        return -fsum(log(counts[a][b] / whole) for a, b in pairs) / len(pairs)

    def columns(counts: Any, pairs: Any) -> float:
        return -fsum(log(counts[a][b] / sum(row[b] for row in counts)) for a, b in pairs) / len(pairs)

    compare(
        answer,
        samples,
        truth,
        {
            "The minus is missing: log p is negative, and a surprise is not.": lambda c, p: -truth(c, p),
            "This is the sum; the loss is the mean over the pairs.": lambda c, p: truth(c, p) * len(p),
            "The mean of the logarithms, not the logarithm of the mean.": lambda c, p: (
                -log(fsum(shares(c, p)) / len(p))
            ),
            "Divide by the sum of its own row, not by that of all counts: what comes after a?": everything,
            "This divides by the sum of the column. What comes after a is the row of a.": columns,
            "These are bits, with log2; the loss is in natural logarithms.": lambda c, p: truth(c, p) / log(2),
        },
    )
    return "Right: with equal counts it is log 27, what guessing costs."


@exercise(
    "a_gpt.2",
    (
        """
        for token, slopes in zip(letters, d_x):
            if token == letter:
                return slopes
        return [0.0] * len(d_x[0])
        """,
        "only the first use",
    ),
    (
        """
        found = [0.0] * len(d_x[0])
        for token, slopes in zip(letters, d_x):
            if token == letter:
                found = slopes
        return found
        """,
        "only the last use",
    ),
    ("return [sum(numbers) for numbers in zip(*d_x)]", "other letters"),
    (
        """
        uses = [d for token, d in zip(letters, d_x) if token == letter]
        return [sum(n) / len(uses) for n in zip(*uses)] if uses else [0.0] * len(d_x[0])
        """,
        "mean",
    ),
    (
        """
        uses = [d for token, d in zip(letters, d_x) if token == letter]
        return [sum(n) for n in zip(*uses)]
        """,
        "not used",
    ),
    ("return sum(sum(d) for token, d in zip(letters, d_x) if token == letter)", "a list"),
)
def embedding_gradient(answer: Any, random: Random) -> str:
    for letters, letter in (([4, 12, 12], 12), ([3, 1, 3, 1, 3], 3), ([7, 8], 7), ([5, 6], 0)):
        d_x = [[random.uniform(-2, 2) for _ in range(3)] for _ in letters]
        uses = [d for token, d in zip(letters, d_x, strict=True) if token == letter]
        got = _listed(call(answer, [*letters], [[*d] for d in d_x], letter), 3, not uses)
        truth = [fsum(numbers) for numbers in zip(*uses, strict=True)] or [0.0] * 3
        if all(map(same, got, truth)):
            continue
        for wrong, message in (
            (uses[0] if uses else None, "This takes only the first use; every use of the letter adds its share."),
            (
                uses[-1] if uses else None,
                "This takes only the last use: a later one overwrites it. Add: every use counts.",
            ),
            ([fsum(n) for n in zip(*d_x, strict=True)], "This adds the places of other letters, too."),
            (
                [t / len(uses) for t in truth] if uses else None,
                "This is the mean over the uses; the gradient is their sum.",
            ),
        ):
            if wrong and all(map(same, got, wrong)):
                raise Wrong(message)
        raise Wrong(f"The window {letters} and the letter {letter} should give {_text(truth)}, not {_text(got)}.")
    return "Right: the gradient of a row is the sum over its uses, as that of a Value is the sum over its arrows."


def _listed(got: Any, count: int, unused: bool = False) -> list[float]:
    if got is None or got is ...:
        raise Wrong(NOTHING)
    if not isinstance(got, (list, tuple)):
        raise Wrong(f"Give a list of {count} numbers, one for each number of the row, not {got!r:.40}.")
    if len(got) != count:
        where = "where the letter is not used, they are all 0.0" if unused else f"not {len(got)}"
        raise Wrong(f"Give a list of {count} numbers; {where}.")
    return [as_number(x, "a number of the list") for x in got]


def _text(xs: Sequence[float]) -> str:
    return "[" + ", ".join(f"{x:.4g}" for x in xs) + "]"


@exercise(
    "a_gpt.3",
    (
        """
        shares = softmax([sum(q * k for q, k in zip(query, key)) for key in keys])
        return [sum(s * v for s, v in zip(shares, n)) for n in zip(*values)]
        """,
        "not divided",
    ),
    (
        """
        shares = softmax([sum(q * k for q, k in zip(query, key)) / len(query) for key in keys])
        return [sum(s * v for s, v in zip(shares, n)) for n in zip(*values)]
        """,
        "root",
    ),
    (
        """
        shares = [sum(q * k for q, k in zip(query, key)) / len(query) ** 0.5 for key in keys]
        return [sum(s * v for s, v in zip(shares, n)) for n in zip(*values)]
        """,
        "without softmax",
    ),
    (
        """
        shares = softmax([sum(q * k for q, k in zip(query, key)) / len(query) ** 0.5 for key in keys])
        return [sum(s * v for s, v in zip(shares, n)) for n in zip(*keys)]
        """,
        "keys",
    ),
    (
        """
        scores = [sum(q * k for q, k in zip(query, key)) for key in keys]
        return values[scores.index(max(scores))]
        """,
        "the best place alone",
    ),
    ("return [sum(n) / len(n) for n in zip(*values)]", "all alike"),
    ("return softmax([sum(q * k for q, k in zip(query, key)) / len(query) ** 0.5 for key in keys])", "the shares"),
)
def look(answer: Any, random: Random) -> str:
    for places, n, m in ((3, 4, 2), (5, 4, 3), (2, 9, 4)):
        query = [random.uniform(-2, 2) for _ in range(n)]
        keys = [[random.uniform(-2, 2) for _ in range(n)] for _ in range(places)]
        values = [[random.uniform(-2, 2) for _ in range(m)] for _ in range(places)]
        got = call(answer, [*query], [[*key] for key in keys], [[*value] for value in values])
        if got is None or got is ...:
            raise Wrong(NOTHING)
        if not isinstance(got, (list, tuple)):
            raise Wrong(f"Give a list of {m} numbers, as many as a value has, not {got!r:.40}.")
        _judge_look([as_number(x, "what is taken in") for x in got], query, keys, values)
    return "Right: this and a few weighted sums are all of attention."


def _judge_look(got: list[float], query: list[float], keys: list[list[float]], values: list[list[float]]) -> None:
    n, m, places = len(query), len(values[0]), len(keys)
    scores = [fsum(q * k for q, k in zip(query, key, strict=True)) for key in keys]

    def taken(shares: Sequence[float], rows: Sequence[Sequence[float]]) -> list[float]:
        return [fsum(s * x for s, x in zip(shares, numbers, strict=True)) for numbers in zip(*rows, strict=True)]

    def softened(scale: float) -> list[float]:
        return [1 / fsum(exp((t - s) / scale) for t in scores) for s in scores]

    def is_it(numbers: Sequence[float]) -> bool:
        return len(got) == len(numbers) and all(map(same, got, numbers))

    truth = taken(softened(sqrt(n)), values)
    if is_it(truth):
        return
    for numbers, message in (
        (taken(softened(1.0), values), "The scores are not divided by √n, n being the length of the query."),
        (taken(softened(float(n)), values), "Divide by the root of n, √n, not by n."),
        (taken([s / sqrt(n) for s in scores], values), "These are the scores times the values, without softmax."),
        (taken(softened(sqrt(n)), keys), "The shares are right, but you add up the keys in place of the values."),
        (values[scores.index(max(scores))], "This takes the best place alone; softmax takes of each its share."),
        (taken([1 / places] * places, values), "This takes of all alike, without asking the query."),
        (softened(sqrt(n)), "These are the shares; the values, each times its share, are to be added."),
    ):
        if is_it(numbers):
            raise Wrong(message)
    if len(got) != m:
        raise Wrong(f"Give a list of {m} numbers, as many as a value has, not {len(got)}.")
    raise Wrong(f"It should take in {_text(truth)}, and takes {_text(got)}.")
