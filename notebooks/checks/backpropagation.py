"""The checks of lesson 06: the base case, the inductive step, and the gradient of a whole network, against nudges."""

# ruff: noqa: E741 (l is the layer, as in the formulas)

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import exp, tanh
from random import Random
from typing import Any

from .comparing import as_number, call, compare, same, slope
from .judging import Wrong, exercise

Rows = Sequence[Sequence[float]]


@exercise(
    "backpropagation.1",
    (
        """
        x = math.tanh(S)
        return (y - x) * (1 - x**2)
        """,
        "sign",
    ),
    ("return math.tanh(S) - y", "g′(S) is missing"),
    ("return 1 - math.tanh(S) ** 2", "how wrong"),
    ("return (S - y) * (1 - math.tanh(S) ** 2)", "x = g(S)"),
    (
        """
        x = math.tanh(S)
        return (x - y) * x * (1 - x)
        """,
        "logistic",
    ),
    (
        """
        x = math.tanh(S)
        return 2 * (x - y) * (1 - x**2)
        """,
        "½",
    ),
    ("return (math.tanh(S) - y) ** 2 / 2", "error itself"),
)
def base_case(answer: Any, random: Random) -> None:
    def error(S: float, y: float) -> float:
        return (tanh(S) - y) ** 2 / 2

    compare(
        answer,
        [(random.uniform(-1.5, 1.5), random.choice([-1.0, 1.0, 0.3])) for _ in range(5)],
        lambda S, y: slope(lambda moved: error(moved, y), S),
        {
            "The sign is the other way round: x − y, what came out less what is right.": lambda S, y: (
                (y - tanh(S)) * (1 - tanh(S) ** 2)
            ),
            "g′(S) is missing: δ is the derivative with respect to the sum S, one arrow further than x.": lambda S, y: (
                tanh(S) - y
            ),
            "That is g′(S) alone: it says nothing of how wrong the output is.": lambda S, y: 1 - tanh(S) ** 2,
            "The output is x = g(S), not S.": lambda S, y: (S - y) * (1 - tanh(S) ** 2),
            "x(1 − x) is the slope of the logistic function; that of tanh is 1 − x².": lambda S, y: (
                (tanh(S) - y) * tanh(S) * (1 - tanh(S))
            ),
            "Twice too much: the ½ in e cancels the 2 of the square.": lambda S, y: (
                2 * (tanh(S) - y) * (1 - tanh(S) ** 2)
            ),
            "That is the error itself; asked is how fast it changes with S.": error,
        },
    )


def _numbers(found: Any, like: Any, what: str) -> Any:
    """Lists of numbers of the same shape, as floats."""
    if found is None or found is ...:
        raise Wrong("There is nothing here yet, or `return` is missing.")
    if isinstance(like, Mapping):
        if not isinstance(found, Mapping) or {*found} != {*like}:
            raise Wrong(f"A dictionary is asked for, with the layers {[*like]} for keys. Yours is {found!r:.60}.")
        return {key: _numbers(found[key], like[key], f"gradient[{key}]") for key in like}
    if not isinstance(like, Sequence):
        return as_number(found, "a number in it")
    if not isinstance(found, (list, tuple)) or len(found) != len(like):
        raise Wrong(f"{what} should be a list of {len(like)}; yours is {found!r:.60}.")
    return [_numbers(x, y, f"a row of {what}") for x, y in zip(found, like, strict=True)]


def _flat(x: Any) -> list[float]:
    if isinstance(x, Mapping):
        x = [*x.values()]
    return [number for part in x for number in _flat(part)] if isinstance(x, Sequence) else [x]


def _agree(found: Any, truth: Any) -> bool:
    return all(map(same, _flat(found), _flat(truth)))


def _weights(random: Random, sizes: Sequence[int]) -> dict[int, list[list[float]]]:
    return {
        l: [[random.uniform(-1, 1) for _ in range(sizes[l - 1])] for _ in range(sizes[l])] for l in range(1, len(sizes))
    }


@exercise(
    "backpropagation.2",
    ("return [sum(delta[j] * w[j][i] for j in range(len(delta))) for i in range(len(S))]", "g′ is missing"),
    (
        """
        slopes = [1 - math.tanh(S_i) ** 2 for S_i in S]
        return [sum(w[j][i] for j in range(len(delta))) * slopes[i] for i in range(len(S))]
        """,
        "δ's of the layer after",
    ),
    (
        """
        slopes = [1 - math.tanh(S_i) ** 2 for S_i in S]
        return [sum(delta) * slopes[i] for i in range(len(S))]
        """,
        "weights on the arrows",
    ),
    (
        """
        slopes = [1 - math.tanh(S_i) ** 2 for S_i in S]
        return [delta[0] * w[0][i] * slopes[i] for i in range(len(S))]
        """,
        "only the first neuron",
    ),
    (
        """
        slopes = [1 - math.tanh(S_i) ** 2 for S_i in S]
        return [sum(delta[j] * w[i][j] for j in range(len(delta))) * slopes[i] for i in range(len(S))]
        """,
        "exchanged",
    ),
    (
        """
        slopes = [math.tanh(S_i) * (1 - math.tanh(S_i)) for S_i in S]
        return [sum(delta[j] * w[j][i] for j in range(len(delta))) * slopes[i] for i in range(len(S))]
        """,
        "logistic",
    ),
    (
        """
        return [sum(delta[j] * w[j][i] for j in range(len(delta))) * math.tanh(S[i]) for i in range(len(S))]
        """,
        "g′(S), not g(S)",
    ),
)
def inductive_step(answer: Any, random: Random) -> str:
    def case(before: int, here: int) -> tuple[list[float], list[list[float]], list[float]]:
        w = _weights(random, [before, here])[1]
        return [random.uniform(-1, 1) for _ in range(here)], w, [random.uniform(-1, 1) for _ in range(before)]

    def by(arrived: Callable[..., float], slope_at: Callable[[float], float]) -> Callable[..., list[float]]:
        return lambda delta, w, S: [arrived(delta, w, i) * slope_at(S_i) for i, S_i in enumerate(S)]

    def total(delta: Sequence[float], w: Rows, i: int) -> float:
        return sum([delta_j * row[i] for delta_j, row in zip(delta, w, strict=True)])

    def tanh_prime(S: float) -> float:
        return 1 - tanh(S) ** 2

    mistakes = {
        "The factor g′ is missing: δ belongs to the sum S_i, one arrow further than the output.": by(
            total, lambda S: 1.0
        ),
        "The δ's of the layer after are missing: each weight is multiplied by the δ it leads to.": by(
            lambda delta, w, i: sum([row[i] for row in w]), tanh_prime
        ),
        "The weights on the arrows are missing: each δ_j comes back times w_ij.": by(
            lambda delta, w, i: sum(delta), tanh_prime
        ),
        "You take only the first neuron of the layer after: add over all that use neuron i.": by(
            lambda delta, w, i: delta[0] * w[0][i], tanh_prime
        ),
        "i and j are exchanged: w[j][i] leads from i to j.": by(
            lambda delta, w, i: sum([delta_j * w_ij for delta_j, w_ij in zip(delta, w[i], strict=True)]), tanh_prime
        ),
        "x(1 − x) is the slope of the logistic function; that of tanh is 1 − tanh².": by(
            total, lambda S: tanh(S) * (1 - tanh(S))
        ),
        "The factor is g′(S), not g(S).": by(total, tanh),
    }
    cases = [case(2, 2), case(2, 2), case(1, 1), case(3, 2), case(2, 4)]
    for k, (delta, w, S) in enumerate(cases):
        # An error whose slopes with respect to the next sums are just these δ's.
        def error(S: Sequence[float], delta: Sequence[float] = delta, w: Rows = w) -> float:
            return sum([delta[j] * w[j][i] * tanh(S[i]) for j in range(len(w)) for i in range(len(S))])

        def along(i: int, S: Sequence[float] = S, error: Any = error) -> float:
            return slope(lambda moved: error([*S[:i], moved, *S[i + 1 :]]), S[i])

        truth = [along(i) for i in range(len(S))]
        found = _numbers(call(answer, delta, w, S), truth, "the result")
        if _agree(found, truth):
            continue
        for message, mistaken in mistakes.items():
            if k < 2 and _agree(found, mistaken(delta, w, S)):
                raise Wrong(message)
        raise Wrong(f"With delta = {delta[0]:.3g}, … the first δ should be {truth[0]:.6g}, and is {found[0]:.6g}.")
    return "Right, as nudges of the sums say."


@exercise(
    "backpropagation.3",
    ("return {l: [[0.0 for x_i in row] for row in w[l]] for l in w}", "should be"),
    ("return w", "weights themselves"),
    (
        """
        S, x = forward(w, inputs)
        last = max(w)
        delta = {last: [(x_j - y_j) * g_prime(S_j) for x_j, y_j, S_j in zip(x[last], targets, S[last])]}
        for l in range(last, 1, -1):
            delta[l - 1] = [
                sum(delta[l][j] * w[l][j][i] for j in range(len(w[l]))) for i in range(len(S[l - 1]))
            ]
        return {l: [[delta_j * x_i for x_i in x[l - 1]] for delta_j in delta[l]] for l in w}
        """,
        "g′ is missing in the inductive step",
    ),
    (
        """
        S, x = forward(w, inputs)
        last = max(w)
        delta = {last: [(x_j - y_j) for x_j, y_j, S_j in zip(x[last], targets, S[last])]}
        for l in range(last, 1, -1):
            delta[l - 1] = [
                sum(delta[l][j] * w[l][j][i] for j in range(len(w[l]))) * g_prime(S[l - 1][i])
                for i in range(len(S[l - 1]))
            ]
        return {l: [[delta_j * x_i for x_i in x[l - 1]] for delta_j in delta[l]] for l in w}
        """,
        "g′ is missing in the base case",
    ),
    (
        """
        S, x = forward(w, inputs)
        last = max(w)
        delta = {last: [(x_j - y_j) * g_prime(S_j) for x_j, y_j, S_j in zip(x[last], targets, S[last])]}
        for l in range(last, 1, -1):
            delta[l - 1] = [
                sum(delta[l][j] * w[l][j][i] for j in range(len(w[l]))) * g_prime(S[l - 1][i])
                for i in range(len(S[l - 1]))
            ]
        return {l: [[delta_j for x_i in x[l - 1]] for delta_j in delta[l]] for l in w}
        """,
        "input of the weight is missing",
    ),
    (
        """
        S, x = forward(w, inputs)
        last = max(w)
        delta = {last: [(y_j - x_j) * g_prime(S_j) for x_j, y_j, S_j in zip(x[last], targets, S[last])]}
        for l in range(last, 1, -1):
            delta[l - 1] = [
                sum(delta[l][j] * w[l][j][i] for j in range(len(w[l]))) * g_prime(S[l - 1][i])
                for i in range(len(S[l - 1]))
            ]
        return {l: [[delta_j * x_i for x_i in x[l - 1]] for delta_j in delta[l]] for l in w}
        """,
        "All signs",
    ),
    (
        """
        S, x = forward(w, inputs)
        last = max(w)
        delta = {last: [(x_j - y_j) * g_prime(S_j) for x_j, y_j, S_j in zip(x[last], targets, S[last])]}
        for l in range(last, 1, -1):
            delta[l - 1] = [
                sum(delta[l][j] * w[l][j][i] for j in range(len(w[l]))) * g_prime(S[l - 1][i])
                for i in range(len(S[l - 1]))
            ]
        return {l: [[delta_j * x_j for x_j in x[l]] for delta_j in delta[l]] for l in w}
        """,
        "should be a list",
    ),
)
def whole(answer: Any, random: Random) -> str:
    for sizes in ([2, 1], [2, 3, 2], [3, 2, 4, 2]):
        w = _weights(random, sizes)
        inputs = [random.uniform(-1, 1) for _ in range(sizes[0])]
        targets = [random.uniform(0, 1) for _ in range(sizes[-1])]
        truth = _by_nudges(w, inputs, targets)
        found = _numbers(call(answer, w, inputs, targets), truth, "gradient")
        if _agree(found, truth):
            continue
        if _agree(found, w):
            raise Wrong("These are the weights themselves; asked is the gradient.")
        if _agree(found, [-x for x in _flat(truth)]):
            raise Wrong("All signs are the other way round: the base case has x − y.")
        for message, without in {
            "g′ is missing in the base case.": {"base": False},
            "g′ is missing in the inductive step.": {"step": False},
            "The input of the weight is missing: ∂e/∂w_ij is δ_j·x_i.": {"times_input": False},
        }.items():
            if _agree(found, _recursion(w, inputs, targets, **without)):
                raise Wrong(message)
        raise Wrong(f"In a network {sizes} gradient[1][0][0] should be {truth[1][0][0]:.6g}, not {found[1][0][0]:.6g}.")
    return "Right, in networks of one, two and three layers, as nudges of every weight say."


def _g(S: float) -> float:
    return 1 / (1 + exp(-S))


def _forward(w: Mapping[int, Rows], inputs: Sequence[float]) -> dict[int, list[float]]:
    x = {0: [*inputs]}
    for l in w:
        x[l] = [_g(sum([w_ij * x_i for w_ij, x_i in zip(row, x[l - 1], strict=True)])) for row in w[l]]
    return x


def _by_nudges(w: dict[int, list[list[float]]], inputs: Any, targets: Any) -> dict[int, list[list[float]]]:
    def error(l: int, j: int, i: int, moved: float) -> float:
        rows = [[*row] for row in w[l]]
        rows[j][i] = moved
        outputs = _forward({**w, l: rows}, inputs)[max(w)]
        return sum([(x - y) ** 2 / 2 for x, y in zip(outputs, targets, strict=True)])

    return {
        l: [
            [slope(lambda moved, place=(l, j, i): error(*place, moved), w_ij) for i, w_ij in enumerate(row)]
            for j, row in enumerate(w[l])
        ]
        for l in w
    }


def _recursion(
    w: Mapping[int, Rows], inputs: Any, targets: Any, base: bool = True, step: bool = True, times_input: bool = True
) -> dict[int, list[list[float]]]:
    """The textbook's recursion, from which a factor may be left out, to know a mistake by its numbers."""
    x, last = _forward(w, inputs), max(w)

    def slopes(l: int) -> list[float]:
        return [x_j * (1 - x_j) for x_j in x[l]]

    delta = {last: [(x_j - y) * (s if base else 1) for x_j, y, s in zip(x[last], targets, slopes(last), strict=True)]}
    for l in range(last, 1, -1):
        delta[l - 1] = [
            sum([delta_j * row[i] for delta_j, row in zip(delta[l], w[l], strict=True)]) * (s if step else 1)
            for i, s in enumerate(slopes(l - 1))
        ]
    return {l: [[delta_j * (x_i if times_input else 1) for x_i in x[l - 1]] for delta_j in delta[l]] for l in w}
