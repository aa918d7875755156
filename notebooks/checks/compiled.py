"""The checks of lesson 12: a program, a reverse sweep by hand, a function without frozen numbers."""

from __future__ import annotations

import sys
from math import cos, sin
from random import Random
from typing import TYPE_CHECKING, Any

from .comparing import as_number, call, same
from .judging import Wrong, exercise

if TYPE_CHECKING:
    from collections.abc import Callable


def _run(f: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """A call of the engine's, whose lines are not counted: what it records and compiles is thousands of them."""
    before = sys.gettrace()
    sys.settrace(None)
    try:
        return f(*arguments, **options)
    finally:
        sys.settrace(before)


@exercise(
    "compiled.1",
    ("return ad.compile(loss, inputs=[x], parameters=[w, b])", "t is frozen"),
    ("return ad.compile(loss, inputs=[t, x], parameters=[w, b])", "order"),
    ("return ad.compile(loss, inputs=[w, b], parameters=[x, t])", "exchanged"),
    ("return ad.compile(loss, inputs=[x, t, w, b])", "no parameters"),
    ("return ad.compile(loss, inputs=[x, t])", "no parameters"),
    ("return ad.compile(loss, inputs=[x, t], parameters=[w])", "b is frozen"),
    ("return loss", "a Value"),
)
def program(answer: Any, random: Random) -> str:
    from autodiff import Value
    from autodiff import compile as compiled

    x, t, w, b = leaves = Value(1.0), Value(3.0), Value(2.0), Value(1.0)
    loss = (w * x + b - t) ** 2
    _run(compiled, loss, inputs=[x], parameters=[w])  # what is loaded for the first program is not counted
    made = call(answer, loss, *leaves)
    if made is None or made is ...:
        raise Wrong("Nothing comes back: there is nothing here yet, or `return` is missing.")
    if hasattr(made, "backward") and not hasattr(made, "value_and_grad"):
        raise Wrong("That is a Value, recorded for one sample; ad.compile(…) makes a program of it.")
    if not hasattr(made, "value_and_grad"):
        raise Wrong(f"A program is asked for, what ad.compile(…) gives, not {made!r:.40}.")
    inputs, parameters = [v.data for v in made.inputs], [v.data for v in made.parameters]
    if not parameters:
        raise Wrong("It has no parameters, so nothing could be trained: parameters=[w, b].")
    if inputs == [1.0] and len(parameters) == 2:
        raise Wrong("Only x is a column: t is frozen at 3, the number it had when the loss was recorded.")
    if len(inputs) == 2 and parameters == [2.0]:
        raise Wrong("b is frozen at 1: list it among the parameters, or it cannot learn.")
    if sorted(inputs) == [1.0, 2.0] and sorted(parameters) == [1.0, 3.0]:
        raise Wrong("Inputs and parameters are exchanged: x and t differ from sample to sample, w and b do not.")
    if len(inputs) != 2 or len(parameters) != 2:
        raise Wrong(f"It has {len(inputs)} inputs and {len(parameters)} parameters, and should have two of each.")
    xs, ts = ([random.uniform(-3, 3) for _ in range(4)] for _ in range(2))
    w, b = random.uniform(1, 3), random.uniform(1, 3)
    got = [float(v) for v in _run(made, xs, ts, parameters=[w, b])]
    if all(map(same, got, [(w * t + b - x) ** 2 for x, t in zip(xs, ts, strict=True)])):
        raise Wrong("The order is wrong: the first column is to be x, the second t.")
    if all(map(same, got, [(b * x + w - t) ** 2 for x, t in zip(xs, ts, strict=True)])):
        raise Wrong("The order is wrong: the first parameter is to be w, the second b.")
    if not all(map(same, got, [(w * x + b - t) ** 2 for x, t in zip(xs, ts, strict=True)])):
        raise Wrong("It computes another loss; is it the one above, (w·x + b − t)²?")
    slopes = _run(made.value_and_grad, xs, ts, parameters=[w, b], reduce="sum")[1]
    errors = [w * x + b - t for x, t in zip(xs, ts, strict=True)]
    truth = [sum(2 * e * x for e, x in zip(errors, xs, strict=True)), sum(2 * e for e in errors)]
    if not all(same(float(s), true) for s, true in zip(slopes, truth, strict=True)):
        raise Wrong(f"The loss is right, but its gradient is {[*map(float, slopes)]}, not {truth}.")
    return "Right: one recording, and it runs over any number of samples."


@exercise(
    "compiled.2",
    (
        """
        d_v1 = v2
        return v3, x * d_v1, w * d_v1
        """,
        "through the sine is missing",
    ),
    (
        """
        d_v2 = v1
        d_v1 = cos(v1) * d_v2
        return v3, x * d_v1, w * d_v1
        """,
        "replaces",
    ),
    (
        """
        d_v1 = v2 + cos(v1) * v1
        return v3, w * d_v1, x * d_v1
        """,
        "exchanged",
    ),
    (
        """
        d_v1 = v2 + cos(v1)
        return v3, x * d_v1, w * d_v1
        """,
        "times the gradient of v2",
    ),
    (
        """
        d_v1 = v2 - cos(v1) * v1
        return v3, x * d_v1, w * d_v1
        """,
        "sign",
    ),
    (
        """
        d_v1 = v2 + cos(v1) * v1
        return v3, d_v1, d_v1
        """,
        "last line",
    ),
)
def value_and_slopes(answer: Any, random: Random) -> str:
    samples = [(random.uniform(0.5, 1.5), random.uniform(0.5, 1.5)) for _ in range(5)]
    got = [_three(call(answer, *sample)) for sample in samples]
    for (w, x), (v, _, _) in zip(samples, got, strict=True):
        if not same(v, w * x * sin(w * x)):
            raise Wrong("Leave the forward sweep as it is: the value is wrong now.")

    def all_are(slope: Callable[[float], float], swapped: bool = False, bare: bool = False) -> bool:
        for (w, x), (_, d_w, d_x) in zip(samples, got, strict=True):
            d = slope(w * x)
            expected = (d, d) if bare else (w * d, x * d) if swapped else (x * d, w * d)
            if not (same(d_w, expected[0]) and same(d_x, expected[1])):
                return False
        return True

    def true(v: float) -> float:
        return sin(v) + v * cos(v)

    if all_are(true):
        return "Right: four lines, an arrow each. The engine writes the same."
    for found, message in (
        (all_are(sin), "The use of v1 through the sine is missing: v1 is used twice, and every use adds."),
        (all_are(lambda v: v * cos(v)), "The second contribution replaces the first: d_v1 = d_v1 + …, not d_v1 = …"),
        (all_are(true, swapped=True), "d_w and d_x are exchanged: the derivative of w·x with respect to w is x."),
        (all_are(lambda v: sin(v) + cos(v)), "cos(v1) is a local derivative only: it comes times the gradient of v2."),
        (all_are(lambda v: sin(v) - v * cos(v)), "One sign is wrong: the derivative of the sine is the cosine."),
        (all_are(true, bare=True), "d_v1 is right, but the last line is missing: from v1 = w·x on to w and to x."),
    ):
        if found:
            raise Wrong(message)
    (w, x), (_, d_w, d_x) = samples[0], got[0]
    d = true(w * x)
    raise Wrong(f"At w = {w:.4g}, x = {x:.4g} it should be {x * d:.6g}, {w * d:.6g}, and is {d_w:.6g}, {d_x:.6g}.")


def _three(got: Any) -> tuple[float, float, float]:
    if got is None or got is ...:
        raise Wrong("Nothing comes back: there is nothing here yet, or `return` is missing.")
    if not isinstance(got, (tuple, list)) or len(got) != 3:
        raise Wrong("Return three numbers: v3, d_w, d_x.")
    v, d_w, d_x = (as_number(x, name) for x, name in zip(got, ("v3", "d_w", "d_x"), strict=True))
    return v, d_w, d_x


@exercise(
    "compiled.3",
    ("return abs(x) if x.data > -1 else 2 - x * x", "frozen: every sample"),
    ("return abs(x.data) if x > -1 else 2 - x * x", "a number is frozen"),
    ("return abs(x) if x > 0 else 2 - x * x", "between −1 and 0"),
    ("return x if x > -1 else 2 - x * x", "|x|"),
    ("return 2 - x * x if x > -1 else abs(x)", "exchanged"),
    ("return abs(x) if x > -1 else 2 - x.data * x", "gradient"),
)
def kinked(answer: Any, random: Random) -> str:
    from autodiff import Value
    from autodiff import compile as compiled

    def truth(x: float) -> float:
        return abs(x) if x > -1 else 2 - x * x

    xs = [random.uniform(0.2, 3), -random.uniform(0.2, 0.8), -random.uniform(1.5, 3), random.uniform(0.2, 3)]
    eager = [call(answer, Value(x)) for x in xs]  # counted, so an endless one ends
    if any(y is None or y is ... for y in eager):
        raise Wrong("Nothing comes back: there is nothing here yet, or `return` is missing.")
    alone = [as_number(getattr(y, "data", y), "kinked(x)") for y in eager]
    if not all(map(same, alone, map(truth, xs))):
        if all(map(same, alone, [2 - x * x if x > -1 else abs(x) for x in xs])):
            raise Wrong("The two branches are exchanged: |x| above −1.")
        if same(alone[0], truth(xs[0])) and same(alone[2], truth(xs[2])):
            raise Wrong(f"Look between −1 and 0: at {xs[1]:.3g} it is |x| = {truth(xs[1]):.3g}, not {alone[1]:.3g}.")
        i = next(i for i, x in enumerate(xs) if not same(alone[i], truth(x)))
        raise Wrong(f"kinked({xs[i]:.4g}) should be {truth(xs[i]):.6g}, and is {alone[i]:.6g}.")
    try:
        program = _run(compiled, answer, engine="source")
        together = [float(y) for y in _run(program, xs)]
    except Exception as error:
        raise Wrong(f"It cannot be compiled: {type(error).__name__}: {error}") from error
    if not all(map(same, together, map(truth, xs))):
        if all(map(same, together, [abs(x) for x in xs])):
            raise Wrong(
                "Compiled, the branch is frozen: every sample goes the way of the first. Compare x, not x.data."
            )
        raise Wrong("Compiled, a number is frozen: where you read x.data, all samples get that of the first.")
    slopes = [float(s) for s in _run(program.value_and_grad, xs, wrt="inputs", reduce=None)[1][0]]
    for x, slope in zip(xs, slopes, strict=True):
        true = (1.0 if x > 0 else -1.0) if x > -1 else -2 * x
        if not same(slope, true):
            raise Wrong(
                f"The values are right, but the gradient at {x:.4g} is {slope:.4g}, not {true:.4g}: where "
                "is x.data read?"
            )
    return "Right: the branch is a guard now, checked for each sample."
