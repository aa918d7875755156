"""``Runs`` and ``Slots`` come in, ``Code`` goes out: an instruction for each run, forward and back.

The reverse sweep takes the runs from the last to the first, and within a run the operations likewise.  Most runs are
one instruction each way; these are written for all runs at once.  What takes several instructions, or lays out its
operands in another way, has a method of ``_Special``: a run comes in, its instructions go out.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..ops import OPS, NaryOp
from .blocks import DOT, blocks_of, products_of, weights_first
from .loops import compiled_if_large
from .memory import TRASH, ZERO
from .rows import CHAIN, LANE, LOOP, rows
from .template import FAMILIES, adjoint_kind, layout, positions_of, template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from .blocks import Block, Product
    from .graph import Graph
    from .regions import Region
    from .schedule import Runs
    from .slots import Slots

    Integers = NDArray[np.int64]

__all__ = ["Code", "instructions"]

_END = 99
_ENTRY = {"dz": -1, "z": -2} | {f"x{i}": i for i in range(4)} | {f"dx{i}": 16 + i for i in range(4)}
"""How ``_write_reverse`` is told of the entries of a layout."""


@dataclass(frozen=True)
class Code:
    """The instructions of a region.

    Attributes:
        form: "scalars" or "lanes".
        kernels: what the instructions call, as (kind, name).
        forward, backward: the instructions: number of the kernel, start in ``ix``, count, arity.
        ix: the slots that the instructions work on.
        slots: where numbers and adjoints are.
        size: how many slots there are.
        constants: the slots of constants that only a rule names.
        blocks: the dense blocks, one for each matrix; these follow each other: weights, biases, and as much for their
            adjoints.
    """

    form: str
    kernels: tuple[tuple[str, str], ...]
    forward: Integers
    backward: Integers
    ix: NDArray[np.uint32]
    slots: Slots
    size: int
    constants: dict[float, int]
    blocks: tuple[Block, ...]


class _Instruction(NamedTuple):
    """An instruction of one run, with the slots that it works on, a row for each operation."""

    way: str
    kernel: tuple[str, str]
    rows: Integers
    operations: int
    arity: int


def instructions(graph: Graph, region: Region, runs: Runs, slots: Slots) -> Code:
    """The code of a region."""
    table = rows()
    special = _Special(graph, region, slots)
    apart = table.family[runs.op] | (runs.op <= CHAIN) | (runs.op == DOT)
    sizes = runs.count * (runs.arity + 1)
    values = np.empty(int(sizes.sum()), np.uint32)
    _write_values(values, runs.nodes, graph.start, graph.operands, slots.value)
    kernels: dict[tuple[str, str], int] = {}

    def number(kernel: tuple[str, str]) -> int:
        return kernels.setdefault(kernel, len(kernels))

    ops, which = np.unique(runs.op, return_inverse=True)
    called = np.array([number(("nary" if table.nary[op] else "value", table.names[op])) for op in ops], np.int64)[which]
    forward = np.column_stack([np.arange(len(apart)), called, np.cumsum(sizes) - sizes, runs.count, runs.arity])[~apart]
    backward, reverse = _reverse(graph, runs, slots, number)
    backward[:, 2] += len(values)
    end = len(values) + len(reverse)
    pieces: dict[str, list[tuple[int, ...]]] = {"forward": [], "backward": []}
    more = []
    for run in np.flatnonzero(apart | table.nary[runs.op]).tolist():
        for made in special.of(int(runs.op[run]), runs.of(run)):
            pieces[made.way].append((run, number(made.kernel), end, made.operations, made.arity))
            more.append(made.rows.ravel().astype(np.uint32))
            end += made.rows.size
    return Code(
        region.form,
        tuple(kernels),
        _in_order(forward, pieces["forward"], 1),
        _in_order(backward, pieces["backward"], -1),
        np.concatenate([values, reverse, *more]),
        slots,
        special.free,
        special.constants,
        tuple(special.blocks),
    )


def _in_order(bulk: Integers, pieces: list[tuple[int, ...]], direction: int) -> Integers:
    """The instructions in the order of their runs, those of one run as they come."""
    every = np.concatenate([bulk, np.array(pieces, np.int64).reshape(-1, 5)])
    return every[np.argsort(direction * every[:, 0], kind="stable"), 1:]


def _reverse(graph: Graph, runs: Runs, slots: Slots, number: Any) -> tuple[Integers, NDArray[np.uint32]]:
    """The reverse instructions of the rows with fixed operands, and what they work on."""
    chosen = np.flatnonzero(runs.ways)
    kinds, which = np.unique(runs.op[chosen] << 8 | runs.ways[chosen], return_inverse=True)
    kernels = [(adjoint_kind(kind & 255), rows().names[kind >> 8]) for kind in kinds.tolist()]
    layouts = np.full((len(kinds), 12), _END)
    for row, (kind, name) in zip(layouts, kernels, strict=True):
        entries = layout(name, positions_of(kind))
        row[: len(entries)] = [_ENTRY[x] for x in entries]
    sizes = (layouts != _END).sum(axis=1)[which]
    called = np.array([number(kernel) for kernel in kernels], np.int64)[which]
    first, count = runs.first[chosen], runs.count[chosen]
    at = np.concatenate([[0], np.cumsum(sizes * count)])
    ix = np.empty(at[-1], np.uint32)
    adjoint = np.maximum(slots.adjoint, slots.nowhere)
    _write_reverse(ix, at, runs.nodes, first, count, layouts, which, graph.start, graph.operands, slots.value, adjoint)
    return np.column_stack([chosen, called, at[:-1], count, sizes]), ix


class _Special:
    """The instructions of runs that are not one instruction each way, and what these need beside the slots."""

    def __init__(self, graph: Graph, region: Region, slots: Slots) -> None:
        self.graph, self.region = graph, region
        self.slot, self.adjoint, self.nowhere = slots.value, slots.adjoint, slots.nowhere
        self.free = slots.free
        self.constants: dict[float, int] = {}
        self.blocks: list[Block] = []
        self.matrices: dict[tuple[int, tuple[int, ...], bytes], int] = {}
        self.end = 0  # of the matrices

    def of(self, op: int, nodes: Integers) -> Iterator[_Instruction]:
        """Those of a run; the reverse sweep takes them in this order too."""
        operands, name = self.graph.operands_of(nodes), rows().names[op]
        if op == LOOP:
            return chain.from_iterable(map(self.loop, nodes.tolist()))
        if op == LANE:
            return iter(())  # the loop has written them
        if op in (CHAIN, DOT):
            return self.dots(nodes, operands, op == CHAIN)
        if name in FAMILIES:
            return self.family(name, nodes, operands)
        return self.selections(nodes, operands) if name == "select" else self.adjoints(name, nodes, operands)

    def selections(self, nodes: Integers, operands: Integers) -> Iterator[_Instruction]:
        """The reverse sweep of ``select``: z̄ goes to the one operand that was picked."""
        above = self.adjoint[nodes]
        index, below = self.slot[operands[:, 0]], np.maximum(self.adjoint[operands[:, 1:]], self.nowhere)
        rows = np.column_stack([above, index, below])[above >= 0]
        if len(rows):
            yield _Instruction("backward", ("nary", "select_back"), rows, len(rows), operands.shape[1])

    def loop(self, node: int) -> Iterator[_Instruction]:
        """The two sweeps of a loop, on operands as ``rolled`` has them."""
        which = [loop.node for loop in self.graph.loops].index(node)
        loop = self.graph.loops[which]
        adjoint = np.maximum(self.adjoint, self.nowhere)
        numbers = [loop.results, loop.shared, loop.sources.ravel()]
        rows = [table[chosen] for chosen in numbers for table in (self.slot, adjoint)]
        above = self.adjoint[loop.results]
        rows[1] = np.where(above >= 0, above, ZERO)  # it is read, and not written to
        rows.append(adjoint[[loop.sink]])
        forward, backward = "forward", "backward"
        if self.adjoint[node] >= 0 and loop.sink >= 0:
            forward, backward = "forward_and_back", "scaled"
        yield _Instruction("forward", ("loop", forward), np.concatenate(rows), which, 0)
        if self.adjoint[node] >= 0:
            yield _Instruction("backward", ("loop", backward), np.concatenate(rows), which, 0)

    def dots(self, nodes: Integers, operands: Integers, in_order: bool) -> Iterator[_Instruction]:
        """Dense blocks, and the other dots one by one; ``in_order`` says whether products are added as they come."""
        if self.region.form == "lanes":
            side = weights_first(self.graph, operands)
            for block in blocks_of(nodes, operands, side):
                yield from self.dense(block, in_order)
            left = np.flatnonzero(side < 0)
        else:
            products, left = products_of(nodes, operands, self.slot[operands])
            for product in products:
                yield from self.product(product, in_order)
        if len(left):
            rows = np.column_stack([self.slot[nodes[left]], self.slot[operands[left]]])
            kernel = ("chain", "in_order") if in_order else ("nary", "dot")
            yield _Instruction("forward", kernel, rows, len(rows), operands.shape[1])
            yield from self.adjoints_of_products(nodes[left], operands[left])

    def product(self, product: Product, in_order: bool) -> Iterator[_Instruction]:
        """The two sweeps of a product of matrices, on operands as ``products`` has them."""
        (sides, outputs), inputs = product.nodes.shape, product.inputs.shape[1]
        lanes = -(-sides // 8) * 8
        size, biased = outputs * (inputs + 1), product.weights.shape[1] - inputs
        rows = 2 * (inputs + outputs)
        room = int(self.allocate((rows + 1) * lanes + 2 * size)[0])
        first = -(-room // lanes)  # the first row in it
        matrix = (first + rows) * lanes
        header = [outputs, inputs, matrix, matrix + outputs * inputs, matrix + size, matrix + size + outputs * inputs]
        places = np.concatenate([product.weights[:, :inputs].ravel(), product.weights[:, inputs:].ravel()])
        above = self.adjoint[product.nodes]
        more = [places, product.inputs, product.nodes]
        slots = [self.slot[numbers].ravel() for numbers in more]
        adjoints = [np.maximum(self.adjoint[numbers], self.nowhere).ravel() for numbers in more[:2]]
        adjoints.append(np.where(above >= 0, above, ZERO).ravel())
        every = np.concatenate([header, first + np.arange(rows), [sides, lanes, biased], *slots, *adjoints])
        yield _Instruction("forward", ("product", "forward_in_order" if in_order else "forward"), every, 0, 0)
        if (above >= 0).any():
            yield _Instruction("backward", ("product", "backward"), every, 0, 0)

    def adjoints_of_products(self, nodes: Integers, operands: Integers) -> Iterator[_Instruction]:
        """The reverse sweep of sums of products: the local derivative to each factor is the other."""
        above, below = self.adjoint[nodes], self.adjoint[operands]
        n, biased = divmod(operands.shape[1], 2)
        wanted = (below >= 0) & (above[:, None] >= 0) & (below != above[:, None])
        if not wanted.any():
            return
        factors = np.column_stack([operands[:, n : 2 * n], operands[:, :n]])
        local = self.slot[factors]
        if biased:
            local = np.column_stack([local, np.full(len(nodes), self.constant(1.0))])
        rows = np.stack([np.broadcast_to(above[:, None], below.shape), below, local], axis=2)[wanted]
        yield _Instruction("backward", ("adjoint_add0", "mul"), rows, len(rows), 3)

    def dense(self, block: Block, in_order: bool) -> Iterator[_Instruction]:
        """The three sweeps of a block, on operands as ``dense`` has them."""
        outputs, inputs = len(block.outputs), len(block.inputs)
        at = self.matrices.setdefault((inputs, block.weights.shape, block.weights.tobytes()), self.end)
        if at == self.end:  # of several blocks with the same weights only the first brings a matrix
            self.blocks.append(block)
            self.end += 2 * block.size
        above, below = self.adjoint[block.outputs], self.adjoint[block.inputs]
        header = [outputs, inputs, at, at + outputs * inputs, at + block.size, at + block.size + outputs * inputs]
        slots = [self.slot[block.inputs], self.slot[block.outputs], np.where(above >= 0, above, ZERO)]
        rows = np.concatenate([header, *slots, np.maximum(below, self.nowhere)])
        yield _Instruction("forward", ("dense", "forward_in_order" if in_order else "forward"), rows, 0, 0)
        if (below >= 0).any():
            yield _Instruction("backward", ("dense", "backward_inputs"), rows, 0, 0)
        if self.region.needed[block.weights].any():
            yield _Instruction("backward", ("dense", "backward_weights"), rows, 0, 0)

    def family(self, name: str, nodes: Integers, operands: Integers) -> Iterator[_Instruction]:
        """The components of the same vectors, each vector at once."""
        n = operands.shape[1] - 1
        components = self.graph.numbers[operands[:, 0]].astype(np.int64)
        vectors: dict[tuple[bytes, int], list[int]] = {}
        seen: dict[tuple[bytes, int], int] = {}
        for node, row, component in zip(nodes, operands, components, strict=True):
            xs = row[1:].tobytes()
            again = seen[xs, component] = seen.get((xs, component), -1) + 1  # the same component recorded twice
            record = vectors.setdefault((xs, again), [TRASH] * n + [*self.slot[row[1:]]])
            record[component] = self.slot[node]
        yield _Instruction("forward", ("nary", FAMILIES[name]), np.array([*vectors.values()]), len(vectors), n)
        whole = np.array([record[:n] for record in vectors.values()])
        index = {key: i for i, key in enumerate(vectors)}
        of_nodes = np.array([index[row[1:].tobytes(), 0] for row in operands])
        known = whole[of_nodes].T if (whole != TRASH).all() else None
        for component in np.unique(components):
            chosen = components == component
            of_chosen = known[:, chosen] if known is not None else None
            yield from self.adjoints(name, nodes[chosen], operands[chosen], float(component), of_chosen)

    def adjoints(
        self,
        name: str,
        nodes: Integers,
        operands: Integers,
        component: float | None = None,
        vectors: Integers | None = None,
    ) -> Iterator[_Instruction]:
        """The reverse sweep of n-ary nodes: their local derivatives, and then x̄ += ∂z/∂x·z̄ for every operand.

        Of components the whole ``vectors`` may be known, a column for each node: no rule need compute them again.
        """
        count = len(nodes)
        above, below = self.adjoint[nodes], self.adjoint[operands]
        wanted = (below >= 0) & (above[:, None] >= 0) & (below != above[:, None])
        if not wanted.any():
            return
        made = template(name, operands.shape[1], component)
        edges = [(i, local) for i, local in enumerate(made.local_derivatives) if local and wanted[:, i].any()]
        results = np.zeros((0, count), np.int64)
        if any(local[0] == "result" for _, local in edges):
            results = self.allocate(made.size * count).reshape(made.size, count)

        def find(operand: tuple[str, Any]) -> Integers:
            where, which = operand
            if where == "operand":
                return self.slot[operands[:, which]]
            if where == "output":
                return self.slot[nodes]
            if where == "result":
                return results[which]
            return np.full(count, self.constant(which))

        same = tuple([("operand", i) for i in range(1, operands.shape[1])])  # as the vector is made of
        for instruction in made.instructions if len(results) else ():
            if vectors is not None and instruction[:2] == (FAMILIES[name], same):
                results[[*instruction.results]] = vectors
                continue
            columns = [results[i] for i in instruction.results] + [find(x) for x in instruction.operands]
            row = OPS.get(instruction.name)
            kind = "value" if row and not isinstance(row, NaryOp) else "nary"
            arity = len(instruction.operands)
            yield _Instruction("backward", (kind, instruction.name), np.column_stack(columns), count, arity)
        above, below = np.maximum(above, self.nowhere), np.where(wanted, below, self.nowhere)
        rows = [np.column_stack([above, below[:, i], find(local)]) for i, local in edges]
        if rows:  # x̄ += local derivative·z̄ is what the row mul does for its first operand
            yield _Instruction("backward", ("adjoint_add0", "mul"), np.vstack(rows), count * len(rows), 3)

    def constant(self, x: float) -> int:
        """The slot of a constant that a rule names."""
        if x not in self.constants:
            self.constants[x] = int(self.allocate(1)[0])
        return self.constants[x]

    def allocate(self, count: int) -> Integers:
        """New slots, one after the other."""
        self.free += count
        return np.arange(self.free - count, self.free)


@compiled_if_large
def _write_values(ix: Any, nodes: Any, start: Any, operands: Any, slot: Any) -> None:
    """For each node the slot of the result, and those of its operands."""
    at = 0
    for node in nodes:
        ix[at] = slot[node]
        at += 1
        for k in range(start[node], start[node + 1]):
            ix[at] = slot[operands[k]]
            at += 1


@compiled_if_large
def _write_reverse(
    ix: Any,
    at: Any,
    nodes: Any,
    first: Any,
    count: Any,
    layouts: Any,
    which: Any,
    start: Any,
    operands: Any,
    slot: Any,
    adjoint: Any,
) -> None:
    """For each node of some runs what its reverse instruction works on; ``adjoint`` has the slots of adjoints.

    A layout lists it by numbers: -1 for z̄, -2 for z, i for operand i, 16 + i for its adjoint; _END ends it.
    """
    for run in range(len(first)):
        k = at[run]
        for i in range(first[run], first[run] + count[run]):
            node = nodes[i]
            for entry in layouts[which[run]]:
                if entry == _END:
                    break
                if entry == -1:
                    ix[k] = adjoint[node]
                elif entry == -2:
                    ix[k] = slot[node]
                elif entry < 16:
                    ix[k] = slot[operands[start[node] + entry]]
                else:
                    ix[k] = adjoint[operands[start[node] + entry - 16]]
                k += 1
