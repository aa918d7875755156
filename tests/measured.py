"""What the engine says of an operation at a point: its value and every partial derivative, by each way to get it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import autodiff as ad
from tests.truth import ROWS, Index, Point, key, relative_error, truth

# Rows that are not an autodiff function of their operands: operators, whose floats are Python's own, and the rest.
_OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "mod": operator.mod,
    "pow": operator.pow,
    "x**0": lambda x: x**0,
    "x**1": lambda x: x**1,
    "x**2": lambda x: x**2,
    "x**3": lambda x: x**3,
    "x**-1": lambda x: x**-1,
    "x**-2": lambda x: x**-2,
    "x**0.5": lambda x: x**0.5,
    "x**2.5": lambda x: x**2.5,
    "2**x": lambda x: 2**x,
    "0.5**x": lambda x: 0.5**x,
}
_CALLS: dict[str, Callable[..., Any]] = {
    "where(true)": lambda x, y: ad.where(True, x, y),
    "where(false)": lambda x, y: ad.where(False, x, y),
    "dot": lambda *xs: ad.dot(xs[: len(xs) // 2], xs[len(xs) // 2 : len(xs) // 2 * 2], *xs[len(xs) // 2 * 2 :]),
    **{f"polygamma[{n}]": lambda x, n=n: ad.polygamma(n, x) for n in (1, 2, 7)},
    "select": ad.OPS["select"],  # without the error of an index that picks nothing
    "softmax[0]": lambda *xs: ad.softmax(xs)[0],
    "softmax[1]": lambda *xs: ad.softmax(xs)[1],
}
_OF_SEQUENCE = ("sum", "prod", "mean", "max", "min", "logsumexp", "norm")


def operation(name: str) -> Callable[..., Any]:
    """The engine's function of a row's operands."""
    if name in _OF_SEQUENCE:
        return lambda *xs: getattr(ad, name)(xs)
    return _OPERATORS.get(name) or _CALLS.get(name) or getattr(ad, name)


def measurements(name: str, point: Point, order: int) -> Iterator[tuple[str, Index, float]]:
    """The way, the index and the number for every partial derivative of an order; mixed ones in every sequence."""
    f, n = operation(name), len(point)
    xs = [ad.Value(x) for x in point]
    if order == 0:
        yield "recorded", (), f(*xs).data
        if name not in _OPERATORS:
            yield "on floats", (), f(*point)
        return
    if order == 1:
        output = f(*xs)
        output.backward()
        yield from (("backward", (i,), x.grad) for i, x in enumerate(xs))
        for i, x in enumerate(point):  # the others are constants: a tangent of 0 beside an infinite derivative is NaN
            others = point[:i], point[i + 1 :]
            yield "jvp", (i,), ad.jvp(lambda x, others=others: f(*others[0], x, *others[1]), (x,), (1.0,))[1]
    graphs = {(): f(*(xs := [ad.Value(x) for x in point]))}
    for length in range(order):
        for path in product(range(n), repeat=length):
            for i, partial in enumerate(ad.gradients(graphs[path], xs, create_graph=True)):
                graphs[(*path, i)] = partial
    for path in product(range(n), repeat=order):
        yield "gradients" + " of gradients" * (order - 1), path, graphs[path].data


def errors(name: str, order: int) -> Iterator[tuple[Point, str, Index, float, Any, float]]:
    """The point, the way, the index, what the engine says, the truth, the relative error: wherever there is a truth."""
    for point in ROWS[name].points:
        true = truth(name, key(point))
        for way, index, got in measurements(name, point, order):
            want = true[tuple(sorted(index))]
            if want is not None:
                yield point, way, index, got, want, relative_error(got, want)


def _rows_of_derivatives() -> Iterator[str]:
    """The rows that first and second derivatives of the tested operations are made of."""
    for name, row in ROWS.items():
        xs = [ad.Value(x) for x in row.points[0]]
        slopes = ad.gradients(operation(name)(*xs), xs, create_graph=True)
        bends = [second for slope in slopes for second in ad.gradients(slope, xs, create_graph=True)]
        yield from (node.op.name for node in ad.topological_order(*slopes, *bends) if node.op)


TESTED = {name.split("[")[0].split("(")[0] for name in ROWS}
TRUTHS = {name for name, op in ad.OPS.items() if not op.flows}
"""Comparisons and detach, through which no gradient flows: tests/test_comparing.py has them."""

HELPERS = {"identity", "only_if", *TRUTHS, *_rows_of_derivatives()} - TESTED
"""The rows without points of their own: those that rules name, tested as derivatives, and a Value's new name."""
