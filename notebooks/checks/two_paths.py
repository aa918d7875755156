"""The checks of lesson 02: the chain rule as a sum over paths."""

from __future__ import annotations

from math import cos, sin
from random import Random
from typing import Any

from .comparing import compare, number, same, slope, value_class
from .graphs import random_program, true_gradient
from .judging import Wrong, exercise


@exercise(
    "two_paths.1",
    ("return 2 * y * math.cos(y) - y**2 * math.sin(y)", "the path that goes straight from y"),
    ("return 1 - y**2 * math.sin(y)", "the path through x"),
    ("return 2 * y * math.cos(y) + 1", "the path through z"),
    ("return 2 * y * math.cos(y) + y**2 * math.sin(y) + 1", "sign"),
    ("return 2 * y * math.cos(y) * -(y**2) * math.sin(y) * 1", "Along a path you multiply"),
    ("return y**2 * math.cos(y) + y", "That is f itself"),
)
def three_paths(answer: Any, random: Random) -> str:
    def f(y: float) -> float:
        return y**2 * cos(y) + y

    compare(
        answer,
        [(random.uniform(0.5, 3.0),) for _ in range(5)],
        lambda y: 2 * y * cos(y) - y**2 * sin(y) + 1,
        {
            "Two paths of three: the path that goes straight from y to f is missing.": lambda y: (
                2 * y * cos(y) - y**2 * sin(y)
            ),
            "Two paths of three: the path through x is missing.": lambda y: 1 - y**2 * sin(y),
            "Two paths of three: the path through z is missing.": lambda y: 2 * y * cos(y) + 1,
            "One sign is wrong: the derivative of cos y is −sin y.": lambda y: 2 * y * cos(y) + y**2 * sin(y) + 1,
            "Along a path you multiply, but the paths are added.": lambda y: 2 * y * cos(y) * -(y**2) * sin(y),
            "That is f itself; asked is how fast it changes with y.": f,
        },
    )
    y = random.uniform(0.5, 3.0)
    return f"Right: three paths, three terms. At y = {y:.3f} a nudge gives {slope(f, y):.6g} too."


@exercise(
    "two_paths.2",
    (
        """
        if node is leaf:
            return 1.0
        for parent, local in zip(node.parents, node.local_derivatives):
            return local * gradient(parent, leaf)
        return 0.0
        """,
        "only the first arrow",
    ),
    (
        """
        if node is leaf:
            return 1.0
        return sum(gradient(parent, leaf) for parent in node.parents)
        """,
        "counts the paths",
    ),
    (
        """
        if node is leaf:
            return 1.0
        return sum(local + gradient(parent, leaf) for parent, local in zip(node.parents, node.local_derivatives))
        """,
        "Along a path the local derivatives are multiplied",
    ),
    (
        """
        return sum(local * gradient(parent, leaf) for parent, local in zip(node.parents, node.local_derivatives))
        """,
        "0 for every graph",
    ),
    (
        """
        if node is leaf:
            return 1.0
        shares = {parent: local * gradient(parent, leaf) for parent, local in zip(node.parents, node.local_derivatives)}
        return sum(shares.values())
        """,
        "x * x has two arrows",
    ),
    ("return leaf.grad", "0 for every graph"),
)
def gradient(answer: Any, random: Random) -> str:
    Value = value_class(answer)

    def by(arrow: Any, combine: Any = sum, own: float = 1.0) -> Any:
        """A function of the same shape: ``arrow`` of the local derivative and what the operand gives."""

        def mistaken(node: Any, leaf: Any) -> float:
            if node is leaf:
                return own
            arrows = zip(node.parents, node.local_derivatives, strict=True)
            return combine([arrow(local, mistaken(parent, leaf)) for parent, local in arrows])

        return mistaken

    mistakes = {
        "This gives 0 for every graph: what is ∂x/∂x?": lambda node, leaf: 0.0,
        "This counts the paths; each counts as much as the product of its local derivatives.": by(lambda d, g: g),
        "Along a path the local derivatives are multiplied, not added.": by(lambda d, g: d + g),
        "You follow only the first arrow into a node. All of them count.": by(
            lambda d, g: d * g, lambda found: next(iter(found), 0.0)
        ),
        "You follow only the last arrow into a node. All of them count.": by(
            lambda d, g: d * g, lambda found: next(reversed(found), 0.0)
        ),
    }
    x, c = Value(3.0), Value(5.0)
    of_both = {id(x): 5.0, id(c): 3.0}  # x * c
    compare(answer, [(x * c, x), (x * c, c), (x, x)], lambda _, leaf: 1.0 if _ is leaf else of_both[id(leaf)], mistakes)
    if number(answer, x * x, x) != 6:
        raise Wrong("x * x has two arrows, both from x, and both count: at x = 3 that is 3 + 3.")
    if number(answer, c + 1, x) != 0:
        raise Wrong("No path leads from x to c + 1, so the derivative is 0.")
    for _ in range(20):
        program = random_program(random)
        leaves = [Value(start) for start in program.inputs]
        output = program.run(leaves)
        for leaf, name, truth in zip(leaves, "ab", true_gradient(program), strict=True):
            if not same(number(answer, output, leaf), truth):
                raise Wrong(f"With {program}, the derivative of the last to {name} is {truth:g}.")
    return "Right, on 20 random graphs: the sum over all paths in four lines."


@exercise(
    "two_paths.3",
    ("return sum(count_paths(parent, leaf, known) for parent in node.parents)", "0 for every graph"),
    (
        """
        if node is leaf:
            return 1
        return sum(count_paths(parent, leaf, known) for parent in node.parents)
        """,
        "does not come to an end",
    ),
    (
        """
        if node is leaf:
            return 1
        return sum(count_paths(parent, leaf, known) for parent in set(node.parents))
        """,
        "x + x has two paths",
    ),
    (
        """
        if node is leaf:
            return 1
        return 1 + sum(count_paths(parent, leaf, known) for parent in node.parents)
        """,
        "counts nodes",
    ),
)
def count_paths(answer: Any, random: Random) -> str:
    Value = value_class(answer)

    def count(node: Any, leaf: Any) -> float:
        return number(answer, node, leaf, {})

    x, c = Value(1.0), Value(2.0)
    if count(x * c, x) == 0:
        raise Wrong("This gives 0 for every graph: how many paths lead from a node to itself?")
    if count(x * c, x) != 1:
        raise Wrong("One path leads from x to x * c. Perhaps your function counts nodes or arrows, not paths?")
    if count(x + x, x) != 2:
        raise Wrong(f"x + x has two paths, one for each arrow. Yours gives {count(x + x, x):g}.")
    if count(c + 1, x) != 0:
        raise Wrong("No path leads from x to c + 1.")
    for n in (3, random.randrange(4, 8), 60):
        h = x
        for _ in range(n):
            h = h + h
        found = count(h, x)
        if found != 2**n:
            raise Wrong(f"After {n} doublings h = h + h there are 2^{n} paths. Yours gives {found:g}.")
    return "Right: 2⁶⁰ paths counted, and none of them walked."
