"""Values come in, a ``Graph`` goes out: the nodes as flat arrays, in an order in which operands come first.

What works on a graph as a whole goes from a ``Graph`` to a ``Graph`` and stands between here and ``lower``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .frozen import Frozen, freeze
from .loops import compiled_if_large
from .reading import columns_of
from .rows import LEAF, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..value import Value

    Integers = NDArray[np.int64]

__all__ = ["CONSTANT", "LEAF", "PER_CALL", "PER_SAMPLE", "Graph", "Loop", "at", "rates", "read_graph"]


CONSTANT, PER_CALL, PER_SAMPLE = 0, 1, 2
"""How often a number is computed: it depends on nothing that changes, on parameters only, or on an input."""


@dataclass(frozen=True)
class Graph:
    """The nodes below some outputs, numbered in topological order; then the constants among the operands.

    Attributes:
        op: for each node the number of its operation in ``rows()``, or LEAF.
        start, operands: the operands of node i are ``operands[start[i]:start[i + 1]]``.
        numbers: the value that each node and constant had when it was recorded.
        rate: CONSTANT, PER_CALL or PER_SAMPLE for each node and constant.
        inputs, parameters, outputs: their numbers; -1 for what the outputs do not depend on.
        origin: the place that each node had when the graph was read; -1 for what was not there.
        loops: what was found to be the same again and again; a LOOP node stands for each.
    """

    op: Integers
    start: Integers
    operands: Integers
    numbers: NDArray[np.float64]
    rate: Integers
    inputs: Integers
    parameters: Integers
    outputs: Integers
    origin: Integers
    loops: tuple[Loop, ...] = ()

    @property
    def arity(self) -> Integers:
        """How many operands each node has."""
        return np.diff(self.start)

    def operands_of(self, nodes: Integers) -> Integers:
        """The operands of nodes that have equally many, a row for each node."""
        first = self.start[nodes]
        count = int(self.start[nodes[0] + 1] - first[0]) if len(nodes) else 0
        return self.operands[first[:, None] + np.arange(count)]


@dataclass(frozen=True)
class Loop:
    """Operations that a loop did once for each of its *lanes*: a body, and where each lane takes its numbers from.

    Attributes:
        body: a graph of one output; what differs from lane to lane are its inputs, what is the same its parameters.
        node: the LOOP node, whose operands are all numbers that the loop takes from outside.
        results: the LANE nodes, one for the output of each lane.
        shared: the numbers that the parameters of the body are.
        columns: the constants of each lane, a row for each input.
        gathered: the inputs that are numbers from outside in place of constants.
        sources: those numbers, a row for each of the ``gathered``, a column for each lane.
        sink: a node that the results reach with constant local derivatives, and nothing else but through it; or -1.
        weights: the derivative of the sink to each result.
    """

    body: Graph
    node: int
    results: Integers
    shared: Integers
    columns: NDArray[np.float64]
    gathered: Integers
    sources: Integers
    sink: int
    weights: NDArray[np.float64]


def at(column: Integers, numbers: Integers) -> Integers:
    """What a column holds for each of these numbers; -1 for what is not in the graph."""
    return np.where(numbers >= 0, column[numbers], -1)


def read_graph(
    outputs: Sequence[Value], inputs: Sequence[Value], parameters: Sequence[Value], frozen: Frozen | None = None
) -> Graph:
    """The graph below the outputs, as it was ``frozen`` or as it is; it is cut at inputs and parameters."""
    order, numbers_now = frozen or freeze(outputs)
    count = len(order)
    serials, op, lengths, above, constants = columns_of(order)
    if (np.diff(serials) < 0).any():  # in a copy the nodes of one output all come before those of the next
        place = np.argsort(serials).tolist()
        in_order = Frozen([order[i] for i in place], [numbers_now[i] for i in place])
        graph = read_graph(outputs, inputs, parameters, in_order)
        return replace(graph, origin=np.array(place)[graph.origin])
    op, start, flat = _numbered(serials, op, lengths, above, rows().names.index("detach"))
    numbers = np.empty(count + len(constants))
    numbers[:count] = numbers_now
    numbers[count:] = constants
    for_inputs, for_parameters = _find_some(serials, inputs), _find_some(serials, parameters)
    given = np.full(len(numbers), CONSTANT)
    given[for_parameters[for_parameters >= 0]] = PER_CALL
    given[for_inputs[for_inputs >= 0]] = PER_SAMPLE
    op[given[:count] > CONSTANT] = LEAF  # an input or parameter need not be a leaf: the graph is cut there
    rate = rates(op, start, flat, given)
    found = _find_some(serials, outputs)
    return Graph(op, start, flat, numbers, rate, for_inputs, for_parameters, found, np.arange(count))


def _find_some(serials: Integers, nodes: Sequence[Value]) -> Integers:
    """The numbers of these nodes; -1 for one that is not here."""
    wanted = np.array([node.serial for node in nodes], dtype=np.int64)
    place = np.minimum(np.searchsorted(serials, wanted), len(serials) - 1)
    return np.where(serials[place] == wanted, place, -1)


@compiled_if_large
def _numbered(serials: Any, op: Any, lengths: Any, above: Any, detach: int) -> Any:
    """The operations, where the operands of each begin, and the number of every operand, from the ``Columns``.

    A leaf that has an operand is ``detach``: to its user it is a leaf.
    """
    count = len(serials)
    low = serials[0]
    span = serials[count - 1] - low + 1
    near = span <= 8 * count  # then a look-up takes a tenth of the time of a search
    table = np.zeros(span if near else 1, np.int32)
    made, start = op.copy(), np.zeros(count + 1, np.int64)
    for node in range(count):
        start[node + 1] = start[node] + lengths[node]
        if op[node] < 0 and lengths[node] > 0:
            made[node] = detach
        if near:
            table[serials[node] - low] = node
    operands = np.empty(len(above), np.int64)
    constants = count
    for k in range(len(above)):
        if above[k] < 0:
            operands[k] = constants
            constants += 1
        elif near:
            operands[k] = table[above[k] - low]
        else:
            first, last = 0, count - 1
            while first < last:
                middle = (first + last) // 2
                if serials[middle] < above[k]:
                    first = middle + 1
                else:
                    last = middle
            operands[k] = first
    return made, start, operands


@compiled_if_large
def rates(op: Any, start: Any, operands: Any, given: Any) -> Any:
    """The rate of every number, from those of leaves: an operation is computed as often as what it depends on."""
    rate = np.empty(len(given), np.int8)  # small, to be in the cache
    for number in range(len(given)):
        rate[number] = given[number]
    for node in range(len(op)):
        if op[node] >= 0:
            for k in range(start[node], start[node + 1]):
                rate[node] = max(rate[node], rate[operands[k]])
    found = np.empty(len(given), np.int64)
    for number in range(len(given)):
        found[number] = rate[number]
    return found
