"""The paths between two nodes of a graph: how many there are, and which are the largest, without listing them.

There can be 2**60 paths through 60 doublings.  But every path to a node is a path to one of its parents and then one
more edge, so what is asked of all paths (their number, the sum of their sizes, the k largest) follows for each node
from the same figures of its parents: dynamic programming, in time proportional to the number of edges.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterator, Mapping
from heapq import nlargest
from math import isinf, isnan, log, prod
from operator import attrgetter, itemgetter
from typing import Any, TypeAlias

from .value import Value

__all__ = ["Edge", "Path", "PathSearch", "count_paths", "operand_positions"]

_WIDE = 8
"""An unnamed node where more stretches than this meet is a stop of its own."""

_Steps: TypeAlias = "tuple[_Steps, Value, int] | None"

_NAN, _INFINITE, _FINITE, _ZERO = range(4)  # kinds of product, in the order in which paths are ranked


def operand_positions(node: Value) -> list[int]:
    """The places among a node's operands of its parents, in their order; none where no gradient flows on.

    >>> x = Value(3.0)
    >>> operand_positions(2 * x)
    [1]
    """
    return [i for i, x in enumerate(node.operands) if isinstance(x, Value)] if node.parents else []


class Path:
    """One way from the output of a graph to an input.

    Attributes:
        nodes: the Values on it, from the output to the input, both included.
        local_derivatives: one for each edge, in that order.
        product: the product of the local derivatives, which is what the path adds to the gradient.
        edges: the same path in stretches, between nodes that have a name.

    >>> from autodiff.paths import explain
    >>> x = Value(3.0, label="x")
    >>> (path, _) = explain(x * x, x).paths
    >>> path.local_derivatives, path.product
    ((3.0,), 3.0)
    """

    __slots__ = ("edges", "local_derivatives", "nodes", "product")

    def __init__(self, output: Value, edges: tuple[Edge, ...]) -> None:
        steps = [step for edge in edges for step in edge.steps]
        self.edges = edges
        self.nodes = (output, *[node.parents[k] for node, k in steps])
        self.local_derivatives = tuple([node.local_derivatives[k] for node, k in steps])
        self.product = prod(self.local_derivatives)

    def __len__(self) -> int:
        return len(self.local_derivatives)

    def __repr__(self) -> str:
        return f"<path of {len(self)} edges: {self.product!r}>"


class Edge:
    """A stretch of a path from one stop to the next, over nodes that have no name of their own.

    Attributes:
        child: where it starts, on the side of the output.
        source: where it ends, on the side of the input.
        steps: pairs (node, k): it goes from node to its k-th parent.
        factor: the product of its local derivatives.
    """

    __slots__ = ("child", "factor", "kind", "size", "source", "steps")

    def __init__(self, child: Value, source: Value, steps: _Steps, between: Collection[Value]) -> None:
        self.child = child
        self.source = source
        self.steps = [*_listed(steps, source, between)]
        local = [node.local_derivatives[k] for node, k in self.steps]
        self.factor = prod(local)
        infinite, zero = any(map(isinf, local)), 0.0 in local
        self.kind = _FINITE
        if any(map(isnan, local)) or (infinite and zero):
            self.kind = _NAN
        elif infinite or zero:
            self.kind = _INFINITE if infinite else _ZERO
        self.size = sum(map(log, map(abs, local))) if self.kind == _FINITE else 0.0


def _listed(steps: _Steps, source: Value, between: Collection[Value]) -> Iterator[tuple[Value, int]]:
    """Linked steps from the top down; -1 stands for a run of nodes of which one parent each lies between."""
    while steps:
        steps, node, k = steps
        if k >= 0:
            yield node, k
        while k < 0:
            step, parent = _only(node, between)
            yield node, step
            node = parent
            if node is source:
                break


def _only(node: Value, between: Collection[Value]) -> tuple[int, Value]:
    if len(node.parents) == 1:
        return 0, node.parents[0]
    return next((k, parent) for k, parent in enumerate(node.parents) if parent in between)


def count_paths(output: Value, input: Value, between: Collection[Value]) -> int:
    """How many paths there are, exactly: one sweep up the graph with whole numbers, which needs no search.

    Args:
        output: where the paths start.
        input: where they end.
        between: the nodes on them, both included, parents first.
    """
    uses = Counter([x for node in between if node is not input for x in node.parents])
    counts = {input: 1} if input in between else {}
    for node in between:
        if node is input:
            continue
        count = 0
        for x in node.parents:
            count += counts.get(x, 0)
            uses[x] -= 1
            if not uses[x]:  # a count can have as many digits as the graph has nodes
                counts.pop(x, None)
        counts[node] = count
    return counts.get(output, 0)


def _kind_of_product(x: int, y: int) -> int:
    if _NAN in (x, y) or {x, y} == {_INFINITE, _ZERO}:  # 0·∞
        return _NAN
    return y if x == _FINITE else x


class PathSearch:
    """Every path from ``output`` to ``input``, over ``between``, the nodes that lie on one, parents first.

    Attributes:
        count: how many paths there are.
        edges: how many edges of the graph lie on a path.
        multiplications: how many it takes to multiply the local derivatives along every path, path by path …
        sweep_multiplications: … and how many in one reverse sweep, one for each edge that does not start at the output.
        size: the sum of the sizes of their products.
    """

    def __init__(self, output: Value, input: Value, between: Collection[Value], stops: Collection[Value]) -> None:
        self.output, self.input = output, input
        self.edges = self.sweep_multiplications = 0
        self.incoming: dict[Value, list[Edge]] = {}
        self.count = self.multiplications = int(output is input)
        self.size = float(self.count)
        self.order: list[Value] = []
        if output is input or output not in between:
            self.multiplications = 0
            return
        contracted = self._contracted(between, stops)
        waiting = [output]
        while waiting:
            node = waiting.pop()
            if node is not input and node not in self.incoming:
                self.incoming[node] = [Edge(node, source, steps, between) for source, steps in contracted[node]]
                waiting.extend([edge.source for edge in self.incoming[node]])
        self.order = sorted(self.incoming, key=attrgetter("serial"))
        self._total()

    def _contracted(
        self, between: Collection[Value], stops: Collection[Value]
    ) -> dict[Value, list[tuple[Value, _Steps]]]:
        """For each node the stretches that lead to it from stops; each path of the graph is one path over them.

        An unnamed node is passed over where that leaves no more stretches than there were: one leads to it, or one
        goes on from it.  It is not passed over where two stretches between the same two stops would come of it: then
        ∂f/∂x would stand for two different things.
        """
        input, output = self.input, self.output
        uses: Counter[Value] | None = None
        found: dict[Value, list[tuple[Value, _Steps]]] = {}
        run: dict[Value, Value] = {}  # nodes that are passed over with one stretch, and where that ends
        passed: set[Value] = set()  # those with several
        for node in between:
            if node is input:
                continue
            parents = node.parents
            inside = [(k, p) for k, p in enumerate(parents) if p in between] if len(parents) > 1 else [(0, parents[0])]
            self.edges += len(inside)
            if node is not output:
                self.sweep_multiplications += len(inside)
            open = node not in stops and node is not output
            if open and len(inside) == 1 and inside[0][1] not in passed:
                parent = inside[0][1]
                run[node] = run.get(parent, parent)
                continue
            edges = _stretches(node, inside, run, passed, found)
            often = Counter([source for source, _ in edges]) if len(edges) > 1 else {}
            if len(edges) > max(1, len(often)):
                again = {source for source, times in often.items() if times > 1}
                apart = {p for _, p in inside if _ends(p, run, passed, found) & again}
                edges = _stretches(node, inside, run, passed, found, apart)
            found[node] = edges
            if open and 1 < len(edges) <= _WIDE:
                if uses is None:
                    uses = Counter([parent for child in between if child is not input for parent in child.parents])
                if uses[node] == 1:
                    passed.add(node)
        # A node of a run at which a stretch ends after all, lest it meet another one, is a stop too.
        for edges in [*found.values()]:
            waiting = [source for source, _ in edges]
            while waiting:
                node = waiting.pop()
                if node in run and node not in found:
                    found[node] = [(run[node], (None, node, -1))]
        return found

    def _total(self) -> None:
        """The figures of all paths, from the input up."""
        uses = Counter([edge.source for node in self.order for edge in self.incoming[node]])
        figures = {self.input: (1, 0, 1.0)}  # of paths to a node: how many, their edges in all, the sum of their sizes
        for node in self.order:
            count, length, size = 0, 0, 0.0
            for edge in self.incoming[node]:
                paths, edges, sizes = figures[edge.source]
                count += paths
                length += edges + paths * len(edge.steps)
                size += sizes * abs(edge.factor)
                uses[edge.source] -= 1
                if not uses[edge.source]:  # a count can have as many digits as the graph has nodes
                    del figures[edge.source]
            figures[node] = count, length, size
        self.count, length, self.size = figures[self.output]
        self.multiplications = length - self.count

    def total(self) -> float:
        """The sum over all paths: a reverse sweep of its own, for it goes along every stretch once, not every edge."""
        adjoints = {self.output: 1.0}
        for node in reversed(self.order):
            for edge in self.incoming[node]:
                contribution = adjoints[node]
                for child, k in edge.steps:
                    contribution *= child.local_derivatives[k]
                source = edge.source
                adjoints[source] = adjoints[source] + contribution if source in adjoints else contribution
        return adjoints.get(self.input, 0.0)

    def largest(self, k: int) -> list[Path]:
        """The k paths with the largest products by size: nan first, then ±inf, then by size, then 0.

        A product counts as its factors say, even if it overflows or underflows: it is compared by its logarithm.  Of
        equal ones, to rounding, those through the first operands come first.
        """
        if self.output is self.input:
            return [Path(self.output, ())]
        if not self.count:
            return []
        # For each node the best k paths to it of each kind, as (size, last edge, the path before it).  Each kind needs
        # its own list: a path that is 0 now may be nan after an infinite edge, and then come first.
        best: dict[Value, list[list[Any]]] = {self.input: [[], [], [(0.0, None, None)], []]}
        uses = Counter([edge.source for node in self.order for edge in self.incoming[node]])
        for node in self.order:
            kinds: list[list[Any]] = [[], [], [], []]
            for edge in self.incoming[node]:
                for kind, paths in enumerate(best[edge.source]):
                    kinds[_kind_of_product(edge.kind, kind)] += [(path[0] + edge.size, edge, path) for path in paths]
                uses[edge.source] -= 1
                if not uses[edge.source]:
                    del best[edge.source]
            best[node] = [nlargest(k, paths, key=itemgetter(0)) if len(paths) > 1 else paths for paths in kinds]
        ranked = [path for paths in best[self.output] for path in paths][:k]
        return [Path(self.output, tuple(_edges(path))) for path in ranked]


def _stretches(
    node: Value,
    inside: list[tuple[int, Value]],
    run: Mapping[Value, Value],
    passed: Container[Value],
    found: Mapping[Value, list[tuple[Value, _Steps]]],
    apart: Container[Value] = (),
) -> list[tuple[Value, _Steps]]:
    """The stretches to ``node``: (source, linked steps from there up); none goes through a node of ``apart``."""
    edges: list[tuple[Value, _Steps]] = []
    for k, parent in inside:
        if parent in run and parent not in apart:
            edges.append((run[parent], ((None, parent, -1), node, k)))
        elif parent in passed and parent not in apart:
            edges += [(source, (steps, node, k)) for source, steps in found[parent]]
        else:
            edges.append((parent, (None, node, k)))
    return edges


def _ends(
    parent: Value,
    run: Mapping[Value, Value],
    passed: Container[Value],
    found: Mapping[Value, list[tuple[Value, _Steps]]],
) -> set[Value]:
    """Where the stretches through ``parent`` end; nowhere if none goes through it."""
    if parent in run:
        return {run[parent]}
    return {source for source, _ in found[parent]} if parent in passed else set()


def _edges(path: Any) -> Iterator[Edge]:
    while path[1] is not None:
        yield path[1]
        path = path[2]
