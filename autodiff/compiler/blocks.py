"""``dot`` nodes over the same inputs come in, dense blocks go out: a layer as one product of matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .graph import PER_SAMPLE
from .rows import rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from .graph import Graph

    Integers = NDArray[np.int64]

__all__ = ["DOT", "FEWEST", "LEAST", "Block", "Product", "blocks_of", "products_of", "weights_first"]

DOT = rows().names.index("dot")


@dataclass(frozen=True)
class Block:
    """A dense block: all it names are numbers of the graph.

    Attributes:
        outputs: the ``dot`` nodes.
        inputs: what each of them weights.
        weights: of shape (outputs, inputs), or (outputs, inputs + 1) with the biases last.
    """

    outputs: Integers
    inputs: Integers
    weights: Integers

    @property
    def size(self) -> int:
        """How many numbers the matrix and the biases are, biases of 0 included."""
        return len(self.outputs) * (len(self.inputs) + 1)

    @property
    def places(self) -> Integers:
        """Where the weights go, as they stand: first the matrix row by row, then the biases."""
        places = np.arange(self.size)
        matrix = places[: len(self.outputs) * len(self.inputs)].reshape(len(self.outputs), -1)
        biases = places[matrix.size :, None]
        return np.hstack([matrix, biases])[:, : self.weights.shape[1]]


@dataclass(frozen=True)
class Product:
    """Sums of products that are one product of matrices: all it names are numbers of the graph.

    Attributes:
        nodes: of shape (inputs, outputs).
        inputs: a row for each.
        weights: as in ``Block``.
    """

    nodes: Integers
    inputs: Integers
    weights: Integers


def weights_first(graph: Graph, operands: Integers) -> Integers:
    """For each ``dot``, by its operands: 1 if weights stand first and inputs second, 0 if reversed, -1 if neither.

    Weights, and the bias, are numbers of the call; inputs are numbers of a sample.
    """
    n, biased = divmod(operands.shape[1], 2)
    varies = graph.rate[operands] == PER_SAMPLE
    left, right = varies[:, :n], varies[:, n : 2 * n]
    side = np.full(len(operands), -1)
    if n:
        side[~right.any(axis=1) & left.all(axis=1)] = 0
        side[~left.any(axis=1) & right.all(axis=1)] = 1
    if biased:
        side[varies[:, -1]] = -1
    return side


def blocks_of(nodes: Integers, operands: Integers, side: Integers) -> Iterator[Block]:
    """A block for each set of inputs among ``dot`` nodes of one run."""
    n = operands.shape[1] // 2
    factors, bias = [operands[:, :n], operands[:, n : 2 * n]], operands[:, 2 * n :]
    for first in (1, 0):
        over: dict[bytes, list[int]] = {}
        for i in np.flatnonzero(side == first).tolist():
            over.setdefault(factors[first][i].tobytes(), []).append(i)
        for chosen in over.values():
            weights = np.hstack([factors[1 - first][chosen], bias[chosen]])
            rows = np.argsort(weights[:, 0], kind="stable")  # the same matrix looks the same in every block
            yield Block(nodes[chosen][rows], factors[first][chosen[0]], weights[rows])


FEWEST, LEAST = 4, 64
"""Inputs, and products for each of them, for which it pays to gather scalars in matrices."""


def products_of(nodes: Integers, operands: Integers, slots: Integers) -> tuple[list[Product], Integers]:
    """The products of matrices among ``dot`` nodes of one run, and the places of the nodes in none of them.

    Operands are the same if they are in the same slots.
    """
    n = operands.shape[1] // 2
    found = []
    left = np.arange(len(nodes))
    for first in (0, n):
        of_weights = np.concatenate([first + np.arange(n), np.arange(2 * n, operands.shape[1])])
        of_inputs = n - first + np.arange(n)
        weights, inputs = slots[:, of_weights], slots[:, of_inputs]
        often = np.bincount(weights[left, 0])[weights[left, 0]] >= FEWEST if n else np.zeros(len(left), np.bool_)
        over: dict[bytes, dict[bytes, int]] = {}  # for each row of weights the nodes, by their inputs
        for i in left[often].tolist():
            over.setdefault(weights[i].tobytes(), {}).setdefault(inputs[i].tobytes(), i)
        alike: dict[frozenset[bytes], list[dict[bytes, int]]] = {}  # rows of weights over the same inputs
        for row in over.values():
            if len(row) >= FEWEST:
                alike.setdefault(frozenset(row), []).append(row)
        taken = []
        for group in alike.values():
            if len(group) * n >= LEAST:
                places = np.array([[row[x] for row in group] for x in group[0]])
                found.append(
                    Product(nodes[places], operands[places[:, 0]][:, of_inputs], operands[places[0]][:, of_weights])
                )
                taken.append(places.ravel())
        left = np.setdiff1d(left, np.concatenate([left[:0], *taken]))
    return found, left
