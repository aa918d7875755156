"""A recorded graph as flat arrays: the operation of every node, and what it was applied to."""

from __future__ import annotations

from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..value import topological_order
from .passes import compiled_if_large
from .rows import LEAF, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..value import Value

    Integers = NDArray[np.int64]

__all__ = ["CONSTANT", "LEAF", "PER_CALL", "PER_SAMPLE", "Recording"]


CONSTANT, PER_CALL, PER_SAMPLE = 0, 1, 2
"""What a node depends on: nothing that changes, parameters only, or an input."""


class Recording:
    """The nodes below some outputs, numbered in topological order; then the constants among the operands.

    Attributes:
        op: for each node the number of its operation among ``rows()``, or LEAF.
        start, operands: the operands of node i are ``operands[start[i]:start[i + 1]]``.
        numbers: the value that each node and constant had when it was recorded.
        stage: CONSTANT, PER_CALL or PER_SAMPLE for each node and constant.
        inputs, parameters, outputs: their numbers; -1 for what the outputs do not depend on.
    """

    def __init__(self, outputs: Sequence[Value], inputs: Sequence[Value], parameters: Sequence[Value]) -> None:
        order = topological_order(*outputs)
        count = len(order)
        self.serials = np.fromiter(map(attrgetter("serial"), order), np.int64, count)
        self.op = np.fromiter(map(rows().number.__getitem__, map(attrgetter("op"), order)), np.int64, count)
        operands, parents = [*map(attrgetter("operands"), order)], [*map(attrgetter("parents"), order)]
        lengths = np.fromiter(map(len, operands), np.int64, count)
        variables = np.fromiter(map(len, parents), np.int64, count)
        self.start = np.concatenate([[0], np.cumsum(lengths)])
        constants: list[float] = []
        places: list[int] = []  # of the constants among the operands
        for node in np.flatnonzero(variables < lengths).tolist():
            for place, x in enumerate(operands[node], int(self.start[node])):
                if type(x) is float:
                    constants.append(x)
                    places.append(place)
        self.operands = np.empty(int(self.start[-1]), np.int64)
        constant = np.zeros(len(self.operands), np.bool_)
        constant[places] = True
        self.operands[constant] = count + np.arange(len(constants))
        flat = map(attrgetter("serial"), chain.from_iterable(parents))
        self.operands[~constant] = self._find(np.fromiter(flat, np.int64, int(variables.sum())))
        self.numbers = np.empty(count + len(constants))
        self.numbers[:count] = np.fromiter(map(attrgetter("data"), order), np.float64, count)
        self.numbers[count:] = constants
        self.inputs, self.parameters = self.places(inputs), self.places(parameters)
        self.outputs = self.places(outputs)
        given = np.full(len(self.numbers), CONSTANT)
        given[self.parameters[self.parameters >= 0]] = PER_CALL
        given[self.inputs[self.inputs >= 0]] = PER_SAMPLE
        cut = given > CONSTANT
        self.op[cut[: len(order)]] = LEAF  # an input or parameter need not be a leaf: the graph is cut there
        self.stage = _stages(self.op, self.start, self.operands, given)

    def places(self, nodes: Sequence[Value]) -> Integers:
        """The numbers of these nodes; -1 for one that is not here."""
        wanted = np.array([node.serial for node in nodes], dtype=np.int64)
        place = np.minimum(np.searchsorted(self.serials, wanted), len(self.serials) - 1)
        return np.where(self.serials[place] == wanted, place, -1)

    def _find(self, wanted: Integers) -> Integers:
        """The numbers of the nodes with these serials, all of which are here."""
        low, span = int(self.serials[0]), int(self.serials[-1] - self.serials[0] + 1)
        if span > 8 * len(self.serials):
            return np.searchsorted(self.serials, wanted)
        table = np.zeros(span, np.int64)  # a look-up takes a tenth of the time of a search
        table[self.serials - low] = np.arange(len(self.serials))
        return table[wanted - low]


@compiled_if_large
def _stages(op: Any, start: Any, operands: Any, given: Any) -> Any:
    stage = given.copy()
    for node in range(len(op)):
        if op[node] >= 0:
            for k in range(start[node], start[node + 1]):
                stage[node] = max(stage[node], stage[operands[k]])
    return stage
