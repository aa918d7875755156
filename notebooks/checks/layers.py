"""The checks of lesson 05: linear layers, a partial derivative written out, and the number of parameters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import exp, prod, tanh
from random import Random
from typing import Any

from .comparing import as_number, call, compare, same, slope
from .judging import Wrong, exercise

Matrix = Sequence[Sequence[float]]


def _product(A: Matrix, B: Matrix) -> list[list[float]]:
    return [[sum([row[j] * B[j][i] for j in range(len(B))]) for i in range(len(B[0]))] for row in A]


def _matrix(random: Random, rows: int, columns: int) -> list[list[float]]:
    return [[float(random.choice([-3, -2, -1, 1, 2, 3])) for _ in range(columns)] for _ in range(rows)]


def _rows(found: Any, rows: int, columns: int) -> list[list[float]]:
    if found is None or found is ...:
        raise Wrong("There is nothing here yet, or `return` is missing.")
    shape = f"{rows} lists of {columns} numbers, one list for each neuron of the second layer"
    if not isinstance(found, (list, tuple)) or not all(isinstance(row, (list, tuple)) for row in found):
        raise Wrong(f"A list of lists is asked for, and yours gives {found!r:.60}.")
    if rows != columns and [len(row) for row in found] == [rows] * columns:
        raise Wrong(f"Rows and columns are exchanged: W[k][i] needs {shape}.")
    if [len(row) for row in found] != [columns] * rows:
        raise Wrong(f"W[k][i] needs {shape}; yours has {[len(row) for row in found]}.")
    return [[as_number(x, "an element of W") for x in row] for row in found]


@exercise(
    "layers.1",
    (
        """
        rows = range(len(W2))
        return [[sum(W2[k][j] * W1[j][i] for j in range(len(W1))) for k in rows] for i in range(len(W1[0]))]
        """,
        "exchanged",
    ),
    ("return [[a * b for a, b in zip(r, s)] for r, s in zip(W2, W1)]", "element by element"),
    ("return [[a + b for a, b in zip(r, s)] for r, s in zip(W2, W1)]", "added"),
    (
        """
        return [[sum(W1[k][j] * W2[j][i] for j in range(len(W2))) for i in range(len(W2[0]))] for k in range(len(W1))]
        """,
        "the order",
    ),
    ("return [[row[0] * W1[0][i] for i in range(len(W1[0]))] for row in W2]", "first neuron in the middle"),
    ("return W1", "the first layer alone"),
)
def collapse(answer: Any, random: Random) -> str:
    W2, W1 = _matrix(random, 2, 2), _matrix(random, 2, 2)
    truth, found = _product(W2, W1), call(answer, W2, W1)
    if found == [[a * b for a, b in zip(r, s, strict=True)] for r, s in zip(W2, W1, strict=True)]:
        raise Wrong("Weights are not multiplied element by element: from i to k there is a path through each neuron j.")
    if found == [[a + b for a, b in zip(r, s, strict=True)] for r, s in zip(W2, W1, strict=True)]:
        raise Wrong("Along a path weights are multiplied, not added.")
    if found == W1:
        raise Wrong("That is the first layer alone.")
    if found == _product(W1, W2) != truth:
        raise Wrong("That is the product in the order W1, W2: first comes the layer that is applied last.")
    if found == [[row[0] * W1[0][i] for i in range(2)] for row in W2] != truth:
        raise Wrong("You take the first neuron in the middle only: every path from i to k counts, through each j.")
    for inputs, middle, outputs in ((3, 2, 1), (2, 3, 4), (1, 2, 3), (2, 2, 2)):
        W2, W1 = _matrix(random, outputs, middle), _matrix(random, middle, inputs)
        rows = _rows(call(answer, W2, W1), outputs, inputs)
        x = [random.uniform(-1, 1) for _ in range(inputs)]
        one = [sum([w * x_i for w, x_i in zip(row, x, strict=True)]) for row in rows]
        hidden = [sum([w * x_i for w, x_i in zip(row, x, strict=True)]) for row in W1]
        two = [sum([w * h for w, h in zip(row, hidden, strict=True)]) for row in W2]
        if not all(map(same, one, two)):
            raise Wrong(f"With W2 = {W2} and W1 = {W1} your one layer gives other outputs than the two.")
    return "Right: for random inputs the one layer gives what the two give. It is the product of two matrices."


@exercise(
    "layers.2",
    (
        """
        left, right = math.tanh(w1[0] * x + w1[1] * y), math.tanh(w1[2] * z + w1[3] * w)
        return w2[1] * (1 - right**2) * z
        """,
        "f′ is missing",
    ),
    (
        """
        left, right = math.tanh(w1[0] * x + w1[1] * y), math.tanh(w1[2] * z + w1[3] * w)
        output = 1 / (1 + math.exp(-(w2[0] * left + w2[1] * right)))
        return output * (1 - output) * (1 - right**2) * z
        """,
        "weight of layer 2",
    ),
    (
        """
        left, right = math.tanh(w1[0] * x + w1[1] * y), math.tanh(w1[2] * z + w1[3] * w)
        output = 1 / (1 + math.exp(-(w2[0] * left + w2[1] * right)))
        return output * (1 - output) * w2[0] * (1 - left**2) * x
        """,
        "with respect to w¹₁",
    ),
    (
        """
        left, right = math.tanh(w1[0] * x + w1[1] * y), math.tanh(w1[2] * z + w1[3] * w)
        output = 1 / (1 + math.exp(-(w2[0] * left + w2[1] * right)))
        return output * (1 - output) * w2[1] * z
        """,
        "g₂′ is missing",
    ),
    (
        """
        left, right = math.tanh(w1[0] * x + w1[1] * y), math.tanh(w1[2] * z + w1[3] * w)
        output = 1 / (1 + math.exp(-(w2[0] * left + w2[1] * right)))
        return output * (1 - output) * w2[1] * (1 - right**2) * w1[2]
        """,
        "with respect to the input z",
    ),
    (
        """
        left, right = math.tanh(w1[0] * x + w1[1] * y), math.tanh(w1[2] * z + w1[3] * w)
        output = 1 / (1 + math.exp(-(w2[0] * left + w2[1] * right)))
        return output * (1 - output) * w2[1] * (1 - right**2)
        """,
        "last factor",
    ),
)
def slope_of_w13(answer: Any, random: Random) -> None:
    def parts(x: float, y: float, z: float, w: float, w1: Sequence[float], w2: Sequence[float]) -> tuple[float, ...]:
        left, right = tanh(w1[0] * x + w1[1] * y), tanh(w1[2] * z + w1[3] * w)
        output = 1 / (1 + exp(-(w2[0] * left + w2[1] * right)))
        return output, output * (1 - output), 1 - left**2, 1 - right**2

    def truth(x: float, y: float, z: float, w: float, w1: Sequence[float], w2: Sequence[float]) -> float:
        return slope(lambda moved: parts(x, y, z, w, [*w1[:2], moved, w1[3]], w2)[0], w1[2])

    def by(product: Any) -> Any:
        return lambda x, y, z, w, w1, w2: product(x, z, w1, w2, *parts(x, y, z, w, w1, w2)[1:])

    samples = [tuple([random.uniform(-1.5, 1.5) for _ in range(4)]) for _ in range(4)]
    weights = [([random.uniform(-1, 1) for _ in range(4)], [random.uniform(-1, 1) for _ in range(2)]) for _ in samples]
    compare(
        answer,
        [(*sample, *both) for sample, both in zip(samples, weights, strict=True)],
        truth,
        {
            "f′ is missing: the path begins at the output, with f′(S).": by(
                lambda x, z, w1, w2, f, g1, g2: w2[1] * g2 * z
            ),
            "The weight of layer 2 is missing: from S to g₂ the arrow carries w²₂.": by(
                lambda x, z, w1, w2, f, g1, g2: f * g2 * z
            ),
            "That is the derivative with respect to w¹₁, along the branch of x and y.": by(
                lambda x, z, w1, w2, f, g1, g2: f * w2[0] * g1 * x
            ),
            "g₂′ is missing: the path goes through the tanh of the inner sum.": by(
                lambda x, z, w1, w2, f, g1, g2: f * w2[1] * z
            ),
            "That is the derivative with respect to the input z. With respect to its weight the last factor is z.": by(
                lambda x, z, w1, w2, f, g1, g2: f * w2[1] * g2 * w1[2]
            ),
            "The last factor is missing: how fast does w¹₃·z change with w¹₃?": by(
                lambda x, z, w1, w2, f, g1, g2: f * w2[1] * g2
            ),
        },
        name="The derivative for x, y, z, w, w1, w2",
    )


@exercise(
    "layers.3",
    ("return sum(before * here for before, here in zip(sizes, sizes[1:]))", "biases are missing"),
    ("return sum((before + 1) * (here + 1) for before, here in zip(sizes, sizes[1:]))", "one for each neuron"),
    ("return sum(before * here for before, here in zip(sizes, sizes[1:])) + sum(sizes)", "Inputs have no bias"),
    ("return math.prod(sizes)", "paths"),
    ("return sum(sizes)", "neurons"),
    ("return sum(before * here + 1 for before, here in zip(sizes, sizes[1:]))", "not one for each layer"),
)
def count_parameters(answer: Any, random: Random) -> None:
    def weights(sizes: Sequence[int]) -> int:
        return sum([before * here for before, here in pairwise(sizes)])

    samples = [([2, 3, 1],), ([4, 1],), ([random.randrange(2, 9) for _ in range(4)],), ([64, 32, 10],)]
    compare(
        answer,
        samples,
        lambda sizes: weights(sizes) + sum(sizes[1:]),
        {
            "The biases are missing, one for each neuron.": weights,
            "The bias is one for each neuron: each has a weight for every node before it, and 1.": lambda sizes: sum(
                [(before + 1) * (here + 1) for before, here in pairwise(sizes)]
            ),
            "Inputs have no bias: they are given.": lambda sizes: weights(sizes) + sum(sizes),
            "That is the number of paths from the inputs to the outputs.": prod,
            "That is the number of neurons, with the inputs.": sum,
            "There is a bias for each neuron, not one for each layer.": lambda sizes: weights(sizes) + len(sizes) - 1,
        },
    )
