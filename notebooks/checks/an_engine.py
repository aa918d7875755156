"""The checks of lesson 00: the student's own engine, by all that goes wrong in the lesson, and by random graphs."""

from __future__ import annotations

from math import exp, isclose
from random import Random
from typing import Any

from .comparing import as_number, call, compare, slope
from .graphs import random_program, true_gradient
from .judging import Wrong, exercise


def _recorded(answer: Any, *arguments: Any) -> Any:
    """The node that the student's function makes."""
    node = call(answer, *arguments)
    if not all(hasattr(node, name) for name in ("data", "parents", "local_derivatives")):
        raise Wrong(f"{answer.__name__} should give a Value with its parents and local derivatives, not {node!r:.60}.")
    return node


def _one_edge(answer: Any) -> Any:
    """A function (what, x, *others): the number, or the one local derivative, that the answer gives for a Value x."""
    Value = answer.__globals__["Value"]

    def found(what: str, x: float, *others: float) -> float:
        leaf = Value(x)
        node = _recorded(answer, leaf, *others)
        if what == "value":
            return as_number(node.data, "the number in the result, .data,")
        if [*node.parents] != [leaf]:
            raise Wrong("The result has one parent, x: its parents are (x,), with a comma.")
        if len(node.local_derivatives) != 1:
            raise Wrong("One parent, so one local derivative, in a tuple: (…,).")
        return as_number(node.local_derivatives[0], "the local derivative")

    found.__name__ = answer.__name__
    return found


@exercise(
    "an_engine.1",
    ("return Value(x.data**n, (x,), (x.data ** (n - 1),))", "factor n"),
    ("return Value(x.data**n, (x,), (n * x.data**n,))", "exponent of the derivative is n − 1"),
    ("return Value(x.data**n, (x,), (n * x.data,))", "right for squares only"),
    ("return Value(x.data**n, (x, n), (n * x.data ** (n - 1), 0.0))", "one parent"),
    ("return Value(x.data**n)", "one parent"),
    ("return x.data**n", "should give a Value"),
    ("return Value(x.data * n, (x,), (n * x.data ** (n - 1),))", "power(x, n).data, for x and n"),
)
def power(answer: Any, random: Random) -> None:
    samples = [(random.uniform(0.5, 3.0), float(n)) for n in (2, 3, -1, 0.5)]
    found = _one_edge(answer)
    compare(lambda x, n: found("value", x, n), samples, lambda x, n: x**n, name="power(x, n).data, for x and n")
    compare(
        lambda x, n: found("slope", x, n),
        samples,
        lambda x, n: slope(lambda x: x**n, x),
        {
            "The factor n is missing: the derivative of x³ is 3x².": lambda x, n: x ** (n - 1),
            "The exponent of the derivative is n − 1: that of x³ is 3x².": lambda x, n: n * x**n,
            "That is right for squares only: the derivative of x³ is 3x².": lambda x, n: n * x,
        },
        name="The local derivative, for x and n",
    )


@exercise(
    "an_engine.2",
    ("return Value(math.exp(x.data), (x,), (x.data * math.exp(x.data),))", "not a power"),
    ("return Value(math.exp(x.data), (x,), (x.data * math.exp(x.data - 1),))", "not a power"),
    ("return Value(math.exp(x.data), (x,), (x.data,))", "not the number that goes in"),
    ("return Value(math.exp(x.data), (x,), (1.0,))", "is eˣ itself"),
    ("return math.exp(x.data)", "should give a Value"),
)
def exponential(answer: Any, random: Random) -> str:
    samples = [(random.uniform(-2.0, 2.0),) for _ in range(4)]
    found = _one_edge(answer)
    compare(lambda x: found("value", x), samples, exp, name="exp(x).data, for x")
    rule = "The derivative of eˣ is eˣ itself: the number that comes out"
    compare(
        lambda x: found("slope", x),
        samples,
        lambda x: slope(exp, x),
        {
            f"{rule}. eˣ is not a power of x: its exponent moves, not its base.": lambda x: x * exp(x),
            f"{rule}, and not a power of x: its exponent moves, not its base.": lambda x: x * exp(x - 1),
            f"{rule}, not the number that goes in.": lambda x: x,
            f"{rule}.": lambda x: 1.0,
        },
        name="The local derivative, for x",
    )
    return "Right: the local derivative of eˣ is the result itself, so it costs nothing."


@exercise(
    "an_engine.3",
    ("return as_value(a) * b", "a / 2 should be 2 with gradient 0.5, not 8"),
    (
        """
        a, b = as_value(a), as_value(b)
        return Value(a.data / b.data, (a, b), (1 / b.data, a.data / b.data**2))
        """,
        "with respect to b is negative",
    ),
    (
        """
        a, b = as_value(a), as_value(b)
        return Value(a.data / b.data, (a, b), (1 / b.data, -a.data / b.data))
        """,
        "b²",
    ),
    ("return Value(a.data / b.data, (a, b), (1 / b.data, -a.data / b.data**2))", "a plain number"),
    (
        """
        a, b = as_value(a), as_value(b)
        return Value(a.data / b.data, (a, b), (-a.data / b.data**2, 1 / b.data))
        """,
        "other way round",
    ),
)
def engine(answer: Any, random: Random) -> str:
    Value = answer
    if not isinstance(Value, type):
        raise Wrong("The class Value itself is asked for.")
    _operations(Value)
    _sums(Value)
    _order(Value)
    _constants(Value)
    _division(Value, random)
    _twice(Value)
    _large(Value)
    for _ in range(30):
        program = random_program(random, "+*-", inputs=random.choice([1, 2, 3]), steps=random.choice([4, 6, 8]))
        leaves = [Value(start) for start in program.inputs]
        program.run(leaves).backward()
        for leaf, name, truth in zip(leaves, "abc", true_gradient(program), strict=False):
            if not isclose(leaf.grad, truth, rel_tol=1e-12):
                raise Wrong(f"With {program}, the gradient of {name} is {truth:g}, not {leaf.grad:g}.")
    return "Right, on 30 random graphs: it is an engine."


def _operations(Value: Any) -> None:
    a, b = Value(3.0), Value(5.0)
    for what, node, number, derivatives in (("a + b", a + b, 8.0, (1.0, 1.0)), ("a * b", a * b, 15.0, (5.0, 3.0))):
        if node.data != number:
            raise Wrong(f"With a = 3 and b = 5, {what} is {number:g}, not {node.data!r:.30}.")
        if tuple(node.local_derivatives) != derivatives:
            raise Wrong(f"With a = 3 and b = 5, the local derivatives of {what} are {derivatives}.")
        a.grad = b.grad = 0.0
        node.backward()
        if (a.grad, b.grad) != derivatives:
            raise Wrong(f"The gradients of a and b in {what} are {derivatives}, not {(a.grad, b.grad)}.")


def _sums(Value: Any) -> None:
    a, b = Value(3.0), Value(2.0)
    (a * b + a).backward()
    if a.grad == 2:
        raise Wrong("With f = a·b + a, a gets a share twice, and the last overwrites the first: add them, by +=.")
    if a.grad == 1:
        raise Wrong(
            "With f = a·b + a, a gets two shares, 2 by the product and 1 by the sum; yours has only that of the sum."
        )
    if a.grad != 3:
        raise Wrong(f"With f = a·b + a at a = 3 and b = 2 the gradient of a is 3, not {a.grad:g}.")
    a = Value(3.0)
    (a * a).backward()
    if a.grad != 6:
        raise Wrong(f"a * a has two parents, and both are a: at a = 3 its gradient is 3 + 3, not {a.grad:g}.")


def _order(Value: Any) -> None:
    for make, truth in ((lambda a, b: a * b + b, 14.0), (lambda a, b: b + a * b, 14.0), (lambda a, b: b * b + b, 26.0)):
        a = Value(3.0)
        make(a, a + a).backward()
        if a.grad != truth:
            raise Wrong("A node must wait until all that uses it has had its turn: go from the latest to the first.")


def _constants(Value: Any) -> None:
    a = Value(4.0)
    for what, make, number, truth in (
        ("2 * a", lambda: 2 * a, 8.0, 2.0),
        ("a * 2", lambda: a * 2, 8.0, 2.0),
        ("1 + a", lambda: 1 + a, 5.0, 1.0),
        ("a + 1", lambda: a + 1, 5.0, 1.0),
        ("1 - a", lambda: 1 - a, -3.0, -1.0),
        ("a - 1", lambda: a - 1, 3.0, 1.0),
        ("-a", lambda: -a, -4.0, -1.0),
        ("a / 2", lambda: a / 2, 2.0, 0.5),
        ("2 / a", lambda: 2 / a, 0.5, -0.125),
    ):
        a.grad = 0.0
        try:
            node = make()
            node.backward()
        except (AttributeError, TypeError) as error:
            raise Wrong(
                f"{what} raised {type(error).__name__}: {error}. One of the two may be a plain number."
            ) from error
        if what in ("a / 2", "2 / a") and node.data == number:
            continue  # their derivatives have a check of their own
        if not isclose(node.data, number) or not isclose(a.grad, truth):
            raise Wrong(
                f"At a = 4, {what} should be {number:g} with gradient {truth:g}, not {node.data:g} with {a.grad:g}."
            )


def _division(Value: Any, random: Random) -> None:
    x, y = random.uniform(1, 3), random.uniform(4, 6)
    a, b = Value(x), Value(y)
    (a / b).backward()
    right = 1 / y, slope(lambda y: x / y, y)
    if isclose(a.grad, right[0]) and isclose(b.grad, right[1], rel_tol=1e-8):
        return
    if isclose(a.grad, right[1], rel_tol=1e-8) and isclose(b.grad, right[0]):
        raise Wrong("The two local derivatives of a / b stand the other way round: first that with respect to a.")
    if isclose(b.grad, -right[1], rel_tol=1e-8):
        raise Wrong("The derivative of a / b with respect to b is negative: a larger b makes a smaller result.")
    raise Wrong("The local derivatives of a / b are 1/b and −a/b². One of yours is another.")


def _twice(Value: Any) -> None:
    a = Value(1.0)
    between = a + 2
    d = 5 * between
    d.backward()
    d.backward()
    if a.grad == 15:
        raise Wrong("After two calls the gradient is 15, not 5 + 5: what lay between counted the first call once more.")
    if a.grad == 5:
        raise Wrong("After two calls the gradient of a leaf is the sum of both, 5 + 5; yours starts anew.")
    if between.grad != 5:
        raise Wrong("Only leaves add up the gradients of several calls; what lies between keeps that of the last call.")
    if a.grad != 10:
        raise Wrong(f"After two calls the gradient of a leaf is the sum of both, 5 + 5, not {a.grad:g}.")
    a.grad = 0.0
    (a * 3).backward()
    if a.grad != 3:
        raise Wrong("After a.grad = 0.0 the next gradient is that of the next call alone.")


def _large(Value: Any) -> None:
    start = h = Value(1.0)
    for _ in range(60):
        h = h + h
    h.backward()
    if start.grad != 2.0**60:
        raise Wrong("After 60 doublings the gradient is 2⁶⁰.")
    chain = [Value(0.0)]  # which holds them all: in a browser a long chain that is freed from its end breaks the stack
    for _ in range(3000):
        chain.append(chain[-1] + 1)
    chain[-1].backward()
    if chain[0].grad != 1:
        raise Wrong("A sum of 3000 terms has the gradient 1 for each.")
