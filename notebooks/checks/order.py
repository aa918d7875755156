"""The checks of lesson 03: orders of a graph, and gradients that accumulate."""

from __future__ import annotations

from random import Random
from typing import Any

from .comparing import call, compare, value_class
from .graphs import random_program
from .judging import Wrong, exercise


def _graph(Value: Any, random: Random) -> Any:
    program = random_program(random, "+*", inputs=2, steps=6)
    return program.run([Value(start) for start in program.inputs])


def _good_order(output: Any, random: Random) -> list[Any]:
    """Any order in which each node has its turn after all that uses it."""
    users: dict[int, int] = {id(output): 0}
    nodes, waiting = {id(output): output}, [output]
    while waiting:
        for parent in waiting.pop().parents:
            if id(parent) not in nodes:
                nodes[id(parent)] = parent
                users[id(parent)] = 0
                waiting.append(parent)
            users[id(parent)] += 1
    order, ready = [], [output]
    while ready:
        node = ready.pop(random.randrange(len(ready)))
        order.append(node)
        for parent in node.parents:
            users[id(parent)] -= 1
            if not users[id(parent)]:
                ready.append(parent)
    return order


def _first_too_early(order: list[Any]) -> bool:
    """Whether a node has its turn before one that uses it."""
    done: set[int] = set()
    for node in order:
        if any(id(parent) in done for parent in node.parents):
            return True
        done.add(id(node))
    return False


@exercise(
    "order.1",
    ("return True", "also of an order"),
    ("return False", "every order"),
    (
        """
        done = set()
        for node in order:
            if any(parent not in done for parent in node.parents):
                return False
            done.add(node)
        return True
        """,
        "the forward order",
    ),
    ("return order == sorted(order, key=lambda node: -node.data)", "good order is turned down"),
    ("return order == sorted(order, key=lambda node: -node.serial)", "not the only good"),
    (
        """
        for node, following in zip(order, order[1:]):
            if node in following.parents:
                return False
        return True
        """,
        "look at all that came before",
    ),
    ("return None", "True or False"),
)
def is_good(answer: Any, random: Random) -> str:
    Value = value_class(answer)

    def says(order: list[Any]) -> bool:
        said = call(answer, order)
        if said is not True and said is not False:
            raise Wrong(f"True or False is asked for, and yours gives {said!r:.40}.")
        return said

    a = Value(3.0)
    b = a + 2
    c = b * 5
    d = c + a
    good, forward, apart = [d, c, b, a], [a, b, c, d], [d, a, c, b]
    if says(good) and says(forward) and says(apart):
        raise Wrong("Yours says True also of an order that begins with the leaf a, which the others use.")
    if not says(good):
        if says(forward):
            raise Wrong("That is the forward order, parents first. Here the output is to go first.")
        if not says([a]):
            raise Wrong("Yours says False of every order, even of a list of one node.")
        raise Wrong("A good order is turned down: with b = a + 2, c = b·5 and d = c + a it is d, c, b, a.")
    if says(apart):
        raise Wrong(
            "With b = a + 2, c = b·5, d = c + a, the order d, a, c, b is not good: look at all that came before."
        )
    for _ in range(20):
        order = _good_order(_graph(Value, random), random)
        if not says(order):
            raise Wrong("A good order is turned down: from the latest made to the first is not the only good one.")
        random.shuffle(order)
        if says(order) is _first_too_early(order):
            raise Wrong("Of a shuffled order yours says the opposite of what is true.")
    return "Right, for 20 good orders and 20 shuffled ones."


@exercise(
    "order.2",
    (
        """
        found, waiting = [], [output]
        while waiting:
            node = waiting.pop()
            if node not in found:
                found.append(node)
                waiting.extend(node.parents)
        return found
        """,
        "before a node that uses it",
    ),
    (
        """
        order = [output]
        for node in order:
            order.extend(node.parents)
        return order
        """,
        "more than once",
    ),
    (
        """
        order, seen = [], set()
        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent in node.parents:
                    visit(parent)
                order.append(node)
        visit(output)
        return order
        """,
        "output is to have its turn first",
    ),
    (
        """
        order, seen = [], set()
        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent in node.parents:
                    visit(parent)
                order.append(node)
        visit(output)
        return order[::-1]
        """,
        "calls itself too often",
    ),
    ("return [output]", "missing"),
    ("return [output, *output.parents]", "more than once"),
    ("return output", "A list is asked for"),
)
def order_of(answer: Any, random: Random) -> str:
    Value = value_class(answer)

    def judged(output: Any, what: str) -> None:
        order = call(answer, output)
        if not isinstance(order, (list, tuple)):
            raise Wrong(f"A list is asked for, and yours gives {order!r:.40}.")
        needed = {id(node) for node in _good_order(output, Random(0))}
        if not {id(node) for node in order} >= needed:
            raise Wrong(f"With {what}, nodes are missing: there are {len(needed)}, and yours has {len(order)}.")
        if len(order) > len(needed):
            raise Wrong(f"With {what}, a node stands there more than once, or is none of this graph.")
        if order[0] is not output:
            raise Wrong("The output is to have its turn first: this is the forward order.")
        if _first_too_early([*order]):
            raise Wrong(f"With {what}, a node has its turn before a node that uses it.")

    a = Value(3.0)
    b = a + a
    judged(b, "b = a + a")
    judged(b + a * b, "c = b + a·b")
    judged(a * b + b, "c = a·b + b")
    for _ in range(20):
        judged(_graph(Value, random), "a random graph")
    chain = a
    for _ in range(3000):
        chain = chain + a
    judged(chain, "a chain of 3000 sums")
    return "Right, on 20 random graphs and a chain of 3000 nodes."


@exercise(
    "order.3",
    (
        """
        for _ in range(steps):
            loss = (3 * w - 6) ** 2
            loss.backward()
            w.data -= rate * w.grad
        return w.data
        """,
        "earlier gradients",
    ),
    (
        """
        w.grad = 0.0
        for _ in range(steps):
            loss = (3 * w - 6) ** 2
            loss.backward()
            w.data -= rate * w.grad
        return w.data
        """,
        "in every round",
    ),
    (
        """
        for _ in range(steps):
            loss = (3 * w - 6) ** 2
            loss.backward()
            w.grad = 0.0
            w.data -= rate * w.grad
        return w.data
        """,
        "does not move",
    ),
    (
        """
        for _ in range(steps):
            w.grad = 0.0
            loss = (3 * w - 6) ** 2
            loss.backward()
            w.data += rate * w.grad
        return w.data
        """,
        "uphill",
    ),
    (
        """
        loss = (3 * w - 6) ** 2
        for _ in range(steps):
            w.grad = 0.0
            loss.backward()
            w.data -= rate * w.grad
        return w.data
        """,
        "computed anew",
    ),
    (
        """
        w.grad = 0.0
        loss = (3 * w - 6) ** 2
        loss.backward()
        w.data -= rate * w.grad
        return w.data
        """,
        "one step",
    ),
    (
        """
        for _ in range(steps):
            w.grad = 0.0
            loss = (3 * w - 6) ** 2
            loss.backward()
            w = w - rate * w.grad
        return w.data
        """,
        "w.data",
    ),
)
def train(answer: Any, random: Random) -> str:
    Value = value_class(answer)

    def found(w: float, left_over: float, steps: int, rate: float) -> Any:
        given = Value(w)
        given.grad = left_over
        got = call(answer, given, steps, rate)
        if got is not None and given.data == w != got:
            raise Wrong("Change the number in the given w, by w.data -= …: w = w - … makes a new Value beside it.")
        return got

    def by(update: Any) -> Any:
        def trained(w: float, left_over: float, steps: int, rate: float) -> float:
            total, start = left_over, w
            for k in range(steps):
                w, total = update(w, total, rate, k, start)
            return w

        return trained

    def slope(w: float) -> float:
        return 2 * 3 * (3 * w - 6)

    def summing(w: float, total: float, rate: float, k: int, start: float) -> tuple[float, float]:
        total += slope(w)
        return w - rate * total, total

    def summing_since_the_first(w: float, total: float, rate: float, k: int, start: float) -> tuple[float, float]:
        return summing(w, total if k else 0.0, rate, k, start)

    samples = [(random.uniform(-1, 1), random.uniform(5, 9), steps, 0.02) for steps in (1, 2, 5)]
    compare(
        found,
        samples,
        by(lambda w, total, rate, k, start: (w - rate * slope(w), 0.0)),
        {
            "All earlier gradients are still in w.grad: set it to 0.0 before backward().": by(summing),
            "Set w.grad to 0.0 in every round: from the second on, the earlier gradients are in it.": by(
                summing_since_the_first
            ),
            "w does not move: do not clear the gradient between backward() and the step.": lambda w, *more: w,
            "That goes uphill: take the gradient off, for a smaller loss.": by(
                lambda w, total, rate, k, start: (w + rate * slope(w), 0.0)
            ),
            "The loss is to be computed anew in every round: its graph belongs to the w of before.": by(
                lambda w, total, rate, k, start: (w - rate * slope(start), 0.0)
            ),
            "That is one step, however many were asked for.": lambda w, left_over, steps, rate: w - rate * slope(w),
        },
        name="The trained w, for w, left-over gradient, steps, rate",
    )
    return "Right: w goes to 2, also with a gradient left over from before."
