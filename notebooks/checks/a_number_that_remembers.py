"""The checks of lesson 01: slopes, local derivatives, and their product along a chain."""

from __future__ import annotations

from math import cos, exp, isclose, sin
from random import Random
from typing import Any

from .comparing import as_number, call, compare, name_of, number, same, value_class
from .comparing import slope as true_slope
from .judging import Wrong, exercise


@exercise(
    "a_number_that_remembers.1",
    ("return (f(x + 1e-5) - f(x)) / 1e-5", "one side only"),
    ("return (f(x + 1e-5) - f(x - 1e-5)) / 1e-5", "2h apart"),
    ("return (f(x + 1e-5) - f(x - 1e-5)) / 2e-5 * -1", "other way round"),
    ("return f(x + 1e-5) - f(x - 1e-5)", "divided by"),
    ("return (f(x + 1e-14) - f(x - 1e-14)) / 2e-14", "too small"),
    ("return (f(x + 0.5) - f(x - 0.5)) / 1", "too large"),
    ("return 2 * x", "every function"),
)
def slope(answer: Any, random: Random) -> str:
    f, x = exp, random.uniform(0.5, 1.5)
    found, truth, h = number(answer, f, x), exp(x), 1e-5
    if isclose(found, truth, rel_tol=1e-9):
        y = random.uniform(0.5, 1.5)
        if not isclose(number(answer, sin, y), cos(y), rel_tol=1e-8):
            raise Wrong(f"{name_of(answer)}(math.sin, {y:.4g}) should be {cos(y):.6g}.")
        return f"Right. Tried on eˣ at x = {x:.3f}: 10 digits of the slope are right; of a nudge to one side, 5."
    for mistaken, message in (
        ((f(x + h) - f(x)) / h, "That is a nudge to one side only: take f(x + h) and f(x - h)."),
        ((f(x) - f(x - h)) / h, "That is a nudge to one side only: take f(x + h) and f(x - h)."),
        (2 * truth, "Twice the slope: the two points are 2h apart."),
        (-truth, "The difference is the other way round: a curve that rises has a positive slope."),
        (2 * h * truth, "That is the change of f; it is to be divided by the change of x, which is 2h."),
    ):
        if isclose(found, mistaken, rel_tol=1e-9):
            raise Wrong(message)
    if isclose(found, 2 * x):
        raise Wrong("2x is the slope of x²; f may be every function, so ask it for its values.")
    if not isclose(found, truth, rel_tol=0.2):
        raise Wrong(f"The slope of eˣ at {x:.4g} is {truth:.6g}, and yours is {found:.6g}.")
    large = number(answer, lambda x: x**3, 1000.0) - 3e6  # h² of error, if h is large
    if large > 1e-3:
        raise Wrong("The two points are too far apart, h is too large: the curve bends between them.")
    raise Wrong("The two points are too close, h is too small: of the difference only a few digits are left.")


@exercise(
    "a_number_that_remembers.2",
    ("return a / b**2, 1 / b**2, 2 * a / b**3", "larger b makes the result smaller"),
    ("return a / b**2, 1 / b**2, a / (2 * b)", "not the quotient of the derivatives"),
    ("return a / b**2, 1 / b**2, -a / b**3", "factor 2"),
    ("return a / b**2, 1 / b**2, -2 * a / b", "b³"),
    ("return a / b**2, a / b**2, -2 * a / b**3", "while b stays"),
    ("return a / b**2, -2 * a / b**3, 1 / b**2", "other way round"),
    ("return a / b**2", "Three numbers"),
    ("return (a / b) ** 2, 1 / b**2, -2 * a / b**3", "the value"),
)
def over_square(answer: Any, random: Random) -> None:
    def part(i: int) -> Any:
        def found(a: float, b: float) -> float:
            three = call(answer, a, b)
            if three is None or three is ...:
                raise Wrong("There is nothing here yet, or `return` is missing.")
            if not isinstance(three, (tuple, list)) or len(three) != 3:
                raise Wrong(f"Three numbers are asked for: the value and two derivatives. Yours gives {three!r:.60}.")
            return as_number(three[i], f"the {('first', 'second', 'third')[i]} of the three")

        return found

    samples = [(random.uniform(1, 3), random.uniform(1.5, 2.5)) for _ in range(5)]

    def to_a(a: float, b: float) -> float:
        return true_slope(lambda a: a / b**2, a)

    def to_b(a: float, b: float) -> float:
        return true_slope(lambda b: a / b**2, b)

    compare(part(0), samples, lambda a, b: a / b**2, name="First comes the value: a / b² with a, b")
    compare(
        part(1),
        samples,
        to_a,
        {
            "The two derivatives stand the other way round: first that with respect to a.": to_b,
            "With respect to a, while b stays: a / b² is a times a fixed number.": lambda a, b: a / b**2,
        },
        name="The derivative with respect to a, with a, b",
    )
    compare(
        part(2),
        samples,
        to_b,
        {
            "A sign is missing: a larger b makes the result smaller.": lambda a, b: 2 * a / b**3,
            "The derivative of a quotient is not the quotient of the derivatives. Write it as a·b⁻².": lambda a, b: (
                a / (2 * b)
            ),
            "The factor 2 is missing: a·b⁻² has the derivative −2·a·b⁻³.": lambda a, b: -a / b**3,
            "The power of b is wrong: the derivative of b⁻² is −2·b⁻³, so b³ below.": lambda a, b: -2 * a / b,
        },
        name="The derivative with respect to b, with a, b",
    )


@exercise(
    "a_number_that_remembers.3",
    ("return result.local_derivatives[0]", "only the last arrow"),
    (
        """
        total = 0.0
        while result.parents:
            total += result.local_derivatives[0]
            result = result.parents[0]
        return total
        """,
        "multiplied",
    ),
    (
        """
        product = 0.0
        while result.parents:
            product *= result.local_derivatives[0]
            result = result.parents[0]
        return product
        """,
        "starts with 1",
    ),
    (
        """
        product = 1.0
        while result.parents:
            result = result.parents[0]
            product *= result.local_derivatives[0]
        return product
        """,
        "IndexError",
    ),
    (
        """
        product = 1.0
        while result.parents:
            product *= result.data
            result = result.parents[0]
        return product
        """,
        "local derivatives, not",
    ),
    ("while result.parents:\n    pass", "does not come to an end"),
    ("return result.parents[0].grad", "not from grad"),
)
def along_the_chain(answer: Any, random: Random) -> str:
    Value = value_class(answer)
    factors = (3.0, 5.0)
    found = number(answer, Value(2.0) * 3.0 * 5.0)
    for mistaken, message in (
        (0.0, "Yours is 0: a product starts with 1, and it comes from local_derivatives, not from grad."),
        (factors[1], "That is only the last arrow: go on to the parent's parent, until there are no more."),
        (sum(factors), "Along a chain the local derivatives are multiplied, not added."),
        (30.0 * 6.0, "Multiply the local derivatives, not the numbers themselves."),
    ):
        if same(found, mistaken):
            raise Wrong(message)
    for length in (0, 1, 2, 7):
        start = end = Value(random.uniform(0.5, 1.5))
        truth = 1.0
        for _ in range(length):
            factor = random.choice([0.5, 2.0, 3.0, -1.0])
            end = end * factor if random.random() < 0.7 else end + factor
            truth *= end.local_derivatives[0]
        if not same(number(answer, end), truth):
            raise Wrong(f"Along a chain of {length} arrows from {start.data:.3g} the product is {truth:g}.")
    return "Right: the chain rule, in a loop."
