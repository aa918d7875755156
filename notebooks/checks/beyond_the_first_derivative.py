"""The checks of lesson 10: a step of Newton's method, a Hessian, a nested derivative."""

from __future__ import annotations

from random import Random
from typing import Any

from .comparing import as_number, call, compare, same
from .judging import Wrong, exercise


@exercise(
    "beyond_the_first_derivative.1",
    ("return x - f(x) / derivative(f, x)", "where f itself is 0"),
    ("return x + derivative(f, x) / derivative(f, x, 2)", "sign"),
    ("return x - derivative(f, x, 2) / derivative(f, x)", "upside down"),
    ("return x - 0.1 * derivative(f, x)", "gradient descent"),
    ("return -derivative(f, x) / derivative(f, x, 2)", "only the step"),
    ("return x - derivative(f, x) * derivative(f, x, 2)", "Divide by the curvature"),
)
def newton_step(answer: Any, random: Random) -> str:
    samples, got = [], []
    for _ in range(5):
        a, b, c, x = (random.uniform(0.5, 2) for _ in range(4))
        samples.append((x, a * x**3 + b * x**2 + c * x, 3 * a * x**2 + 2 * b * x + c, 6 * a * x + 2 * b))
        found = call(answer, lambda t, a=a, b=b, c=c: a * t * t * t + b * t * t + c * t, x)
        got.append(as_number(found, "newton_step(f, x)"))

    def all_are(mistaken: Any) -> bool:
        return all(same(g, mistaken(*sample)) for g, sample in zip(got, samples, strict=True))

    if all_are(lambda x, f, d, h: x - d / h):
        return "Right: on a parabola one such step is enough, from anywhere."
    for mistaken, message in (
        (lambda x, f, d, h: x - f / d, "This goes to where f itself is 0. Asked is where its slope is: put f′ for f."),
        (lambda x, f, d, h: x + d / h, "The sign is wrong: x − f′/f″."),
        (lambda x, f, d, h: x - h / d, "The fraction is upside down: slope over curvature."),
        (lambda x, f, d, h: -d / h, "This is only the step; add it to x."),
        (lambda x, f, d, h: d / h, "This is only the step, and with the wrong sign; the next x is x − f′/f″."),
        (lambda x, f, d, h: x - d * h, "Divide by the curvature: where the curve bends much, the step is short."),
        (lambda x, f, d, h: x, "x has not moved."),
    ):
        if all_are(mistaken):
            raise Wrong(message)
    rates = [(x - g) / d for g, (x, _, d, _) in zip(got, samples, strict=True)]
    if all(same(rate, rates[0]) for rate in rates):
        raise Wrong(f"This is gradient descent, with the learning rate {rates[0]:.3g}. Newton puts 1/f″ in its place.")
    (x, _, d, h), g = samples[0], got[0]
    raise Wrong(f"At x = {x:.4g}, with f′ = {d:.4g} and f″ = {h:.4g}, the next x is {x - d / h:.6g}, not {g:.6g}.")


@exercise(
    "beyond_the_first_derivative.2",
    (
        """
        v = [Value(x) for x in point]
        slopes = gradients(f(v), v)
        return [gradients(slope, v) for slope in slopes]
        """,
        "create_graph=True",
    ),
    (
        """
        v = [Value(x) for x in point]
        slopes = gradients(f(v), v)
        return [[a * b for a in slopes] for b in slopes]
        """,
        "products of first derivatives",
    ),
    (
        """
        v = [Value(x) for x in point]
        slopes = gradients(f(v), v, create_graph=True)
        return [[gradients(s, a) if a is b else 0.0 for a in v] for s, b in zip(slopes, v)]
        """,
        "diagonal",
    ),
    (
        """
        v = [Value(x) for x in point]
        slopes = gradients(f(v), v, create_graph=True)
        return [gradients(s, a) for s, a in zip(slopes, v)]
        """,
        "a table",
    ),
    (
        """
        v = [Value(x) for x in point]
        return gradients(f(v), v)
        """,
        "a table",
    ),
)
def my_hessian(answer: Any, random: Random) -> str:
    for n in (2, 3, 3):
        a, b, c = ([random.uniform(0.5, 2) for _ in range(n)] for _ in range(3))
        point = [random.uniform(0.5, 2) for _ in range(n)]

        def f(v: Any, a: Any = a, b: Any = b, c: Any = c, n: int = n) -> Any:
            own = sum(a[i] * v[i] * v[i] * v[i] + c[i] * v[i] for i in range(n))
            return own + sum(b[i] * v[i] * v[i] * v[(i + 1) % n] for i in range(n))

        slopes = [
            3 * a[i] * point[i] ** 2 + c[i] + 2 * b[i] * point[i] * point[(i + 1) % n] + b[i - 1] * point[i - 1] ** 2
            for i in range(n)
        ]
        truth = [[0.0] * n for _ in range(n)]
        for i in range(n):
            j = (i + 1) % n
            truth[i][i] += 6 * a[i] * point[i] + 2 * b[i] * point[j]
            truth[i][j] += 2 * b[i] * point[i]
            truth[j][i] += 2 * b[i] * point[i]
        _judge_hessian(_table(answer, f, point), truth, slopes)
    return "Right, and symmetric, as it must be."


def _table(answer: Any, f: Any, point: list[float]) -> list[list[float]]:
    got, n = call(answer, f, [*point]), len(point)
    if got is None or got is ...:
        raise Wrong("Nothing comes back: there is nothing here yet, or `return` is missing.")
    if not isinstance(got, (list, tuple)) or not all(isinstance(row, (list, tuple)) and len(row) == n for row in got):
        raise Wrong(f"For {n} variables give a table, {n} lists of {n} numbers: every slope has {n} derivatives.")
    if len(got) != n:
        raise Wrong(f"For {n} variables give a table of {n} rows, not {len(got)}.")
    return [[as_number(x.data if hasattr(x, "grad") else x, "an entry of the table") for x in row] for row in got]


def _judge_hessian(got: list[list[float]], truth: list[list[float]], slopes: list[float]) -> None:
    n = len(truth)
    places = [(i, j) for i in range(n) for j in range(n)]

    def all_are(mistaken: Any) -> bool:
        return all(same(got[i][j], mistaken(i, j)) for i, j in places)

    if all_are(lambda i, j: truth[i][j]):
        return
    if all_are(lambda i, j: slopes[i] * slopes[j]):
        raise Wrong("These are products of first derivatives, not second derivatives: differentiate each slope.")
    if all_are(lambda i, j: truth[i][j] if i == j else 0.0):
        raise Wrong("Only the diagonal is there: each slope changes with the other variables, too.")
    if all_are(lambda i, j: 0.0):
        raise Wrong(
            "All are 0. A slope that is a plain number has no graph to differentiate: ask for it with "
            "create_graph=True, and differentiate it to the same Values."
        )
    i, j = next(place for place in places if not same(got[place[0]][place[1]], truth[place[0]][place[1]]))
    raise Wrong(f"Row {i}, column {j} should be {truth[i][j]:.6g}, and is {got[i][j]:.6g}.")


@exercise(
    "beyond_the_first_derivative.3",
    ("return x + 2", "confusion"),
    ("return x", "as if it were a fixed number"),
    ("return x**2", "g itself"),
    ("return 2.0", "inner derivative is x"),
    ("return x * 2 + 2", "should be"),
)
def g_prime(answer: Any, random: Random) -> str:
    compare(
        answer,
        [(random.uniform(3, 9),) for _ in range(5)],
        lambda x: 2 * x,
        {
            "That is perturbation confusion by hand: the inner derivative is with respect to y alone, so it is x and "
            "not 2 + x.": lambda x: x + 2,
            "You took the inner derivative as if it were a fixed number; but it is x, and changes with x.": lambda x: x,
            "That is g itself, x·x; asked is g′.": lambda x: x * x,
            "The inner derivative is x: d/dy (x·y) = x, not y.": lambda x: 2.0,
        },
    )
    return "Right: the inner derivative is x, so g(x) = x² and g′(x) = 2x. With one ε for both it would be x + 2."
