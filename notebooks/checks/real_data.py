"""The checks of lesson 09: softmax, batches, the confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, isnan
from random import Random
from typing import Any

from .comparing import as_number, call, same
from .judging import Wrong, exercise


@exercise(
    "real_data.1",
    ("return [exp(s) / sum(exp(t) for t in scores) for s in scores]", "too large for exp"),
    ("return [s / sum(scores) for s in scores]", "without exp"),
    ("return [exp(s - max(scores)) for s in scores]", "do not add up to 1"),
    (
        """
        top = max(scores)
        return [exp(s - top) / max(exp(t - top) for t in scores) for s in scores]
        """,
        "the largest is 1",
    ),
    (
        """
        top = sum(scores) / len(scores)
        powers = [exp(s - top) for s in scores]
        return [p / sum(powers) for p in powers]
        """,
        "too large for exp",
    ),
    (
        """
        top = max(scores)
        powers = [exp(top - s) for s in scores]
        return [p / sum(powers) for p in powers]
        """,
        "smallest",
    ),
)
def softmax(answer: Any, random: Random) -> str:
    for _ in range(5):
        scores = [random.uniform(-3, 3) for _ in range(random.randrange(2, 6))]
        _judge_softmax(scores, _numbers(call(answer, [*scores]), len(scores)))
    for scores in ([1000.0, 999.0, 0.0], [-1000.0, -1001.0], [1500.0, 0.0, 0.0, 0.0]):
        try:
            got = _numbers(call(answer, [*scores]), len(scores))
        except Wrong as wrong:
            if "OverflowError" in str(wrong) or "ZeroDivisionError" in str(wrong):
                raise Wrong(
                    f"The formula is right, but fails for the scores {scores}, too large for exp or so small that all "
                    "are 0. Subtract the largest score from all: only differences count."
                ) from None
            raise
        if not all(map(same, got, _softmax(scores))):
            raise Wrong(f"Small scores work. For {scores}, too large for exp, this gives {_listing(got)}.")
    return "Right, for scores of 1000 and −1000 too: only differences count."


def _softmax(scores: Sequence[float]) -> list[float]:
    """By another way than the solution's: one over the sum of e to the differences."""
    return [1 / sum(exp(t - s) if t - s < 700 else float("inf") for t in scores) for s in scores]


def _judge_softmax(scores: Sequence[float], got: Sequence[float]) -> None:
    if all(map(same, got, _softmax(scores))):
        return
    if any(map(isnan, got)):
        raise Wrong("This gives nan.")
    total = sum(scores)
    if all(same(g * total, s) for g, s in zip(got, scores, strict=True)):
        raise Wrong("This divides the scores by their sum, without exp: a negative score gives no probability.")
    if all(map(same, got, _softmax([-s for s in scores]))):
        raise Wrong("The sign is turned: the smallest score gets the largest probability.")
    if same(max(got), 1) and not same(sum(got), 1):
        raise Wrong("These do not add up to 1: divide by the sum of all powers. Yours: the largest is 1.")
    if not same(sum(got), 1):
        raise Wrong(f"The probabilities add up to {sum(got):.4g}, not to 1: divide each power by their sum.")
    raise Wrong(f"The scores {_listing(scores)} should give {_listing(_softmax(scores))}, not {_listing(got)}.")


def _numbers(got: Any, count: int) -> list[float]:
    got = _something(got)
    if not isinstance(got, (list, tuple)) or len(got) != count:
        raise Wrong(f"Return a list of {count} numbers, one for each score, not {got!r:.60}.")
    return [as_number(x, "a probability") for x in got]


def _something(got: Any) -> Any:
    if got is None or got is ...:
        raise Wrong("Nothing comes back: there is nothing here yet, or `return` is missing.")
    return got


def _listing(xs: Sequence[float]) -> str:
    return "[" + ", ".join(f"{x:.4g}" for x in xs) + "]"


@exercise(
    "real_data.2",
    (
        """
        order = list(range(n))
        rng.shuffle(order)
        return [order[i : i + size] for i in range(0, n - size + 1, size)]
        """,
        "the rest is lost",
    ),
    (
        """
        order = list(range(n))
        return [order[i : i + size] for i in range(0, n, size)]
        """,
        "not shuffled",
    ),
    ("return [[rng.randrange(n) for _ in range(size)] for _ in range(n // size)]", "some twice"),
    (
        """
        order = list(range(1, n + 1))
        rng.shuffle(order)
        return [order[i : i + size] for i in range(0, n, size)]
        """,
        "0 to n − 1",
    ),
    (
        """
        order = list(range(n))
        rng.shuffle(order)
        return [order[i : i + size] for i in range(n)]
        """,
        "overlap",
    ),
    (
        """
        order = list(range(n))
        rng.shuffle(order)
        return order
        """,
        "a list of lists",
    ),
    (
        """
        made = [list(range(n))[i : i + size] for i in range(0, n, size)]
        rng.shuffle(made)
        return made
        """,
        "Shuffle the numbers first",
    ),
)
def batches(answer: Any, random: Random) -> str:
    for n, size in ((10, 3), (12, 4), (5, 8), (random.randrange(40, 60), 7)):
        got = _something(call(answer, n, size, Random(random.random())))
        if not isinstance(got, (list, tuple)) or not got or not all(isinstance(part, (list, tuple)) for part in got):
            raise Wrong(f"Return a list of lists, for n = {n} and size = {size}; this is {got!r:.50}.")
        flat = [i for part in got for i in part]
        _judge_batches(n, size, [*map(len, got)], flat)
    n, size = 60, 6
    parts = call(answer, n, size, Random(random.random()))
    if [i for part in parts for i in part] == [*range(n)]:
        raise Wrong("The numbers are not shuffled: rng.shuffle(order) shuffles a list in place.")
    if all([*part] == [*range(part[0], part[0] + size)] for part in parts):
        raise Wrong(
            "Only the batches are shuffled, and there are always the same ones together: shuffle the numbers first."
        )
    return "Right: every digit once an epoch, and each time in other company."


def _judge_batches(n: int, size: int, lengths: Sequence[int], flat: Sequence[int]) -> None:
    if sorted(flat) == [*range(n)]:
        expected = [size] * (n // size) + [n % size] * (n % size > 0)
        if [*lengths] != expected and sorted(lengths) == sorted(expected):
            raise Wrong(
                "The short batch stands last. Are only the batches shuffled? Shuffle the numbers first, then cut."
            )
        if [*lengths] != expected:
            raise Wrong(f"For n = {n} and size = {size} the batches have {expected} numbers, not {[*lengths]}.")
        return
    if sorted(flat) == [*range(1, n + 1)]:
        raise Wrong("The numbers are 0 to n − 1, as places in a list count from 0; these are 1 to n.")
    if len(flat) > n and set(flat) == {*range(n)}:
        raise Wrong("The batches overlap: the next one begins `size` further on.")
    if len({*flat}) < len(flat):
        raise Wrong("In an epoch each number comes once. Here are some twice: shuffle all numbers, do not draw them.")
    if set(flat) < {*range(n)}:
        raise Wrong(f"For n = {n} and size = {size} the rest is lost: {n - len(flat)} numbers come in no batch.")
    raise Wrong(f"For n = {n} the numbers are 0 to {n - 1}, each once; these are {sorted(flat)!r:.60}.")


@exercise(
    "real_data.3",
    (
        """
        matrix = [[0] * k] * k
        for i, j in zip(true, taken):
            matrix[i][j] += 1
        return matrix
        """,
        "one and the same",
    ),
    (
        """
        matrix = [[0] * k for _ in range(k)]
        for i, j in zip(true, taken):
            matrix[j][i] += 1
        return matrix
        """,
        "Rows and columns",
    ),
    (
        """
        matrix = [[0] * k for _ in range(k)]
        for i, j in zip(true, taken):
            matrix[i][j] = 1
        return matrix
        """,
        "whether, not how often",
    ),
    (
        """
        matrix = [[0] * k for _ in range(k)]
        for i, j in zip(true, taken):
            if i != j:
                matrix[i][j] += 1
        return matrix
        """,
        "diagonal",
    ),
    (
        """
        matrix = [[0] * k for _ in range(k)]
        for i, j in zip(true, taken):
            matrix[i][j] += 1 / len(true)
        return matrix
        """,
        "shares",
    ),
)
def confusion(answer: Any, random: Random) -> str:
    for k in (2, 3, random.randrange(4, 8)):
        true = [*range(k), *(random.randrange(k) for _ in range(30)), 0, 0]
        taken = [*range(k), *(i if random.random() < 0.5 else random.randrange(k) for i in true[k:-2]), 1, 1]
        counts = {
            (i, j): sum(pair == (i, j) for pair in zip(true, taken, strict=True)) for i in range(k) for j in range(k)
        }
        got = _something(call(answer, [*true], [*taken], k))
        if (
            not isinstance(got, (list, tuple))
            or [len(row) if isinstance(row, (list, tuple)) else 0 for row in got] != [k] * k
        ):
            raise Wrong(f"For k = {k} return {k} lists of {k} numbers.")
        _judge_confusion(counts, {(i, j): got[i][j] for i in range(k) for j in range(k)}, got, len(true))
    return "Right: its diagonal, added up and divided by all, is the accuracy."


def _judge_confusion(counts: dict[Any, int], found: dict[Any, Any], got: Any, total: int) -> None:
    if found == counts:
        return
    if all(row is got[0] for row in got):
        raise Wrong("All rows are one and the same list: [[0] * k] * k repeats it. Make a new one for each row.")
    for mistaken, message in (
        (lambda i, j: counts[j, i], "Rows and columns are exchanged: the row is the true class."),
        (lambda i, j: int(counts[i, j] > 0), "This says whether, not how often: count with += 1."),
        (lambda i, j: counts[i, j] if i != j else 0, "The diagonal is missing: what is right counts as well."),
        (lambda i, j: counts[i, j] / total, "These are shares; count instead."),
    ):
        if all(same(float(found[place]), mistaken(*place)) for place in counts):
            raise Wrong(message)
    i, j = next(place for place in counts if counts[place] != found[place])
    raise Wrong(f"Row {i}, column {j} should be {counts[i, j]}, and is {found[i, j]!r:.20}.")
