"""The two sweeps of one part of a program: the operations in runs, an instruction for each, forward and back.

The reverse sweep takes the runs from the last to the first, and within a run the operations likewise.  An operand that
has no other use, and to which the local derivative is 1, shares the gradient of the result, without an instruction: so
a sum costs nothing on the way back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ops import OPS, NaryOp
from .memory import TRASH, ZERO
from .passes import adjoint_slots, mark_operands, operand_ways, value_slots, write_reverse, write_values
from .recording import LEAF, PER_SAMPLE
from .rows import rows
from .schedule import schedule
from .template import FAMILIES, adjoint_kind, layout, positions_of, template

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .recording import Recording

    Integers = NDArray[np.int64]
    Flags = NDArray[np.bool_]

__all__ = ["Block", "Part", "Sweeps"]

_DOT = rows().names.index("dot")
_ADJOINTS = 1 << 31  # what stands for adjoint 0 until it is known how many slots come before
_END = 99


@dataclass
class Block:
    """A dense block: ``dot`` nodes over the same inputs, their weights and biases numbers of the call.

    Attributes:
        outputs, inputs: how many there are.
        at: where its matrices begin among those of the program: weights, biases, and as much for their adjoints.
        places: which numbers of the matrices are filled.
        sources: from which slots of the per-call part.
        numbers: which numbers of the recording these are.
    """

    outputs: int
    inputs: int
    at: int
    places: Integers
    sources: Integers
    numbers: Integers

    @property
    def size(self) -> int:
        """The numbers of weights and biases together."""
        return self.outputs * (self.inputs + 1)


class Part:
    """One of the two programs.

    Attributes:
        form: "scalars" or "lanes".
        slot: the slot of every number of the recording; -1 for what is not here.
        slots: how many there are.
        adjoint: the number of its adjoint among the adjoints, whose slots follow; -1 for what has none.
        adjoints: how many there are; the first takes what nobody asked for.
        sums: how many of them, the first, are sums and so have to begin at 0.
        kernels: what the instructions call, as (kind, name).
        forward, backward: the instructions: number of the kernel, start in ``ix``, count, arity.
        ix: the slots that the instructions work on.
    """

    def __init__(self, form: str, numbers: int, slots: int) -> None:
        self.form = form
        self.slots = slots
        self.slot = np.full(numbers, -1)
        self.adjoints = self.sums = 1
        self.adjoint = np.full(numbers, -1)
        self.kernels: dict[tuple[str, str], int] = {}
        self.forward: Integers = np.zeros((0, 4), np.int64)
        self.backward: Integers = np.zeros((0, 4), np.int64)
        self.ix: NDArray[np.uint32] = np.zeros(0, np.uint32)

    def allocate(self, count: int) -> Integers:
        """New slots, one after the other."""
        self.slots += count
        return np.arange(self.slots - count, self.slots)

    def kernel(self, kind: str, name: str) -> int:
        """The number of a kernel of this part."""
        return self.kernels.setdefault((kind, name), len(self.kernels))

    def adjoint_slot(self, numbers: Integers) -> Integers:
        """Where the adjoints of these numbers lie, once all slots are known."""
        return self.slots + np.maximum(self.adjoint[numbers], 0)


class Sweeps:
    """Writes the instructions of a part.

    Args:
        recording: the graph.
        part: receives slots and instructions.
        stage: which nodes are the part's.
        used, needed: on what the outputs depend, and whose adjoints are asked for.
        call: the per-call part, where weights and constants are.
        constants: the slots of constants that only a rule names, in the per-call part.
        passed: the numbers whose gradient comes from the other part too.
    """

    def __init__(
        self,
        recording: Recording,
        part: Part,
        stage: int,
        used: Flags,
        needed: Flags,
        call: Part,
        constants: dict[float, int],
        passed: Flags | None = None,
    ) -> None:
        self.recording, self.part, self.stage = recording, part, stage
        self.rows = rows()
        self.needed, self.call = needed, call
        self.call_constants = constants
        self.constants: dict[float, int] = {}
        self.blocks: list[Block] = []
        self.matrices = 0
        self.more: list[Integers] = []  # what instructions beyond one a run work on
        self.end = 0
        self.pieces: dict[str, list[tuple[int, int, int, int, int]]] = {"forward": [], "backward": []}
        count = len(recording.op)
        self.chosen = used[:count] & (recording.op > LEAF) & (recording.stage[:count] == stage)
        self.sizes = np.diff(recording.start)
        self.taken = np.zeros(len(recording.numbers), np.bool_)  # all numbers that operations on lanes take
        if stage == PER_SAMPLE:
            self._spread()
        self.kept = np.zeros(len(recording.numbers), np.bool_)  # what is asked for from outside
        self.kept[recording.outputs] = True
        if passed is not None:
            self.kept |= passed
        ways = self._adjoints_of_operands()
        self.nodes, self.first = self._runs_of_a_kind(ways)
        self.count = np.diff(self.first, append=len(self.nodes))
        heads = self.nodes[self.first]
        self.op, self.arity, self.ways = recording.op[heads], self.sizes[heads], ways[heads]
        self._order_adjoints()
        self._slots_of_results()

    def _adjoints_of_operands(self) -> Integers:
        """Count the adjoints; for each node what it does to those of its operands, as ``operand_ways`` has it."""
        recording, part, chosen = self.recording, self.part, self.chosen
        here = part.slot >= 0
        here[: len(chosen)] |= chosen
        part.adjoint, self.is_sum = adjoint_slots(
            chosen,
            recording.op,
            self.rows.ones,
            self.rows.nary,
            recording.start,
            recording.operands,
            self.needed & here,
            2 * self.kept.astype(np.int64),
            part.adjoints,
        )
        ways = operand_ways(chosen, recording.start, recording.operands, part.adjoint, self.is_sum)
        ways[self.rows.nary[recording.op]] = 0  # their reverse sweep is made of other instructions
        return ways

    def _runs_of_a_kind(self, ways: Integers) -> tuple[Integers, Integers]:
        """The nodes in the order in which they run, and where each run begins: same row, arity and ways."""
        recording = self.recording
        span = int(self.sizes.max(initial=0)) + 1
        code = ((recording.op * 256 + ways) * span + self.sizes) * self.chosen
        kinds, kind = np.unique(code, return_inverse=True)
        return schedule(self.chosen, kind, self.rows.chains[kinds // (256 * span)], recording.start, recording.operands)

    def _order_adjoints(self) -> None:
        """Number the adjoints, sums first, for they have to begin at 0; else as the reverse sweep comes by them."""
        part, count = self.part, len(self.is_sum)
        met = part.adjoint[self.nodes[::-1]]
        every = np.concatenate([[0], met[met >= 0], np.arange(count)])  # number 0 stays with what nobody asked for
        _, when = np.unique(every, return_index=True)
        number = np.empty(count, np.int64)
        number[np.lexsort((when, ~self.is_sum))] = np.arange(count)
        part.adjoint = np.where(part.adjoint >= 0, number[part.adjoint], -1)
        part.adjoints, part.sums = count, int(self.is_sum.sum())

    def _slots_of_results(self) -> None:
        """A slot for every node; without a reverse sweep, which reads them all, those on lanes are used again."""
        recording, part = self.recording, self.part
        if self.needed.any() or part is self.call:
            part.slot[self.nodes] = part.allocate(len(self.nodes))
            return
        kept = self.kept.copy()
        kept[len(self.chosen) :] = True
        kept[: len(self.chosen)] |= ~self.chosen
        part.slots = value_slots(
            self.nodes, self.first, recording.start, recording.operands, kept, part.slot, part.slots
        )

    def _spread(self) -> None:
        """Slots for the numbers of the call that operations on lanes take; a dense block has its weights apart."""
        recording, chosen = self.recording, self.chosen
        spread = self.taken.copy()
        mark_operands(chosen, recording.start, recording.operands, self.taken)
        dots = chosen & (recording.op == _DOT)
        mark_operands(chosen & ~dots, recording.start, recording.operands, spread)
        for n in np.unique(self.sizes[dots]):
            nodes = np.flatnonzero(dots & (self.sizes == n))
            operands = recording.operands[recording.start[nodes][:, None] + np.arange(n)]
            spread[operands[~(self._roles(operands, False) | self._roles(operands, True))]] = True
        fresh = np.flatnonzero(spread & (recording.stage < PER_SAMPLE))
        self.part.slot[fresh] = self.part.allocate(len(fresh))

    def _run(self, run: int) -> tuple[Integers, Integers]:
        """The nodes of a run, and their operands, a row each."""
        nodes = self.nodes[self.first[run] : self.first[run] + self.count[run]]
        starts = self.recording.start[nodes]
        return nodes, self.recording.operands[starts[:, None] + np.arange(self.arity[run])]

    def write(self) -> None:
        """Write the instructions, and the slots that they work on."""
        recording, part = self.recording, self.part
        where = np.concatenate([[0], np.cumsum(self.count * (self.arity + 1))]).astype(np.int64)
        self.end = int(where[-1])
        special = self.rows.family[self.op] | ((self.op == _DOT) & (self.stage == PER_SAMPLE))
        runs = np.arange(len(self.op))
        rest = runs[~special]
        kernels = [part.kernel("nary" if self.rows.nary[op] else "value", self.rows.names[op]) for op in self.op[rest]]
        self.pieces["forward"] += zip(rest, kernels, where[rest], self.count[rest], self.arity[rest], strict=True)
        for run in runs[special | self.rows.nary[self.op]]:
            nodes, operands = self._run(run)
            name = self.rows.names[self.op[run]]
            if name in FAMILIES:
                self._family(int(run), name, nodes, operands)
            elif special[run]:
                self._dots(int(run), nodes, operands)
            else:
                self._adjoints(int(run), name, nodes, operands)
        reverse = self._fixed(runs[~self.rows.nary[self.op]])
        values = np.empty(int(where[-1]), np.uint32)
        write_values(values, self.nodes, recording.start, recording.operands, part.slot)
        more = np.concatenate([np.zeros(0, np.int64), *self.more])
        more = np.where(more >= _ADJOINTS, more - _ADJOINTS + part.slots, more).astype(np.uint32)
        part.ix = np.concatenate([values, more, reverse])
        for way, pieces in self.pieces.items():
            pieces.sort(key=lambda piece: piece[0])  # stable: what belongs to a run stays in order
            setattr(part, way, np.array([piece[1:] for piece in pieces], dtype=np.int64).reshape(-1, 4))

    def _fixed(self, runs: Integers) -> Integers:
        """The reverse instructions of the rows with fixed operands, and what they work on."""
        recording, part = self.recording, self.part
        runs = runs[self.ways[runs] > 0]
        kinds = [adjoint_kind(way) for way in self.ways[runs]]
        names = [self.rows.names[op] for op in self.op[runs]]
        layouts = [layout(name, positions_of(kind)) for name, kind in zip(names, kinds, strict=True)]
        sizes = np.array([len(x) for x in layouts], dtype=np.int64)
        at = np.concatenate([[0], np.cumsum(sizes * self.count[runs])]).astype(np.int64)
        codes = np.full((len(runs), 12), _END)
        for row, entries in zip(codes, layouts, strict=True):
            row[: len(entries)] = [_ENTRY[x] for x in entries]
        ix = np.empty(at[-1], np.uint32)
        write_reverse(
            ix,
            at,
            self.nodes,
            self.first[runs],
            self.count[runs],
            codes,
            recording.start,
            recording.operands,
            part.slot,
            part.slots + part.adjoint,  # no slot for a number comes after this
        )
        kernels = [part.kernel(kind, name) for kind, name in zip(kinds, names, strict=True)]
        self.pieces["backward"] += zip(-runs, kernels, self.end + at[:-1], self.count[runs], sizes, strict=True)
        return ix

    # -----------------------------------------------------------------------------------------------------------------
    # Any number of operands.
    # -----------------------------------------------------------------------------------------------------------------

    def _roles(self, operands: Integers, swapped: bool) -> Flags:
        """For which of these dots the w's, or if swapped the x's, and the bias are numbers of the call."""
        n, biased = divmod(operands.shape[1], 2)
        if n == 0:
            return np.zeros(len(operands), np.bool_)
        samples = self.recording.stage[operands] == PER_SAMPLE
        ws, xs = samples[:, :n], samples[:, n : 2 * n]
        if swapped:
            ws, xs = xs, ws
        free = ~ws.any(axis=1) & xs.all(axis=1)
        return free & ~samples[:, -1] if biased else free

    def _dots(self, run: int, nodes: Integers, operands: Integers) -> None:
        """Dense blocks, one for each set of inputs, and the other dots one by one."""
        n = operands.shape[1] // 2
        left = np.ones(len(nodes), np.bool_)
        for swapped in (False, True):
            chosen = np.flatnonzero(self._roles(operands, swapped) & left)
            left[chosen] = False
            weights, xs = (range(n, 2 * n), range(n)) if swapped else (range(n), range(n, 2 * n))
            blocks: dict[bytes, list[int]] = {}
            for i in chosen:
                blocks.setdefault(operands[i, xs].tobytes(), []).append(int(i))
            for members in blocks.values():
                self._dense(run, nodes[members], operands[members], weights, xs)
        if left.any():
            rows = np.column_stack([self.part.slot[nodes[left]], self.part.slot[operands[left]]])
            self._emit("forward", run, "nary", "dot", self._append(rows), len(rows), operands.shape[1])
            self._adjoints(run, "dot", nodes[left], operands[left])

    def _dense(self, run: int, nodes: Integers, operands: Integers, weights: range, xs: range) -> None:
        """``dot`` nodes over the same inputs as one block."""
        outputs, inputs = len(nodes), len(xs)
        slot, adjoint = self.part.slot, self.part.adjoint
        places = np.arange(outputs * inputs).reshape(outputs, inputs)
        numbers = operands[:, weights]
        if operands.shape[1] % 2:
            places = np.column_stack([places, outputs * inputs + np.arange(outputs)])
            numbers = np.column_stack([numbers, operands[:, -1]])
        block = Block(outputs, inputs, self.matrices, places.ravel(), self.call.slot[numbers.ravel()], numbers.ravel())
        self.matrices += 2 * block.size
        self.blocks.append(block)
        below = operands[0, xs]
        ix = [outputs, inputs, block.at, block.at + outputs * inputs]
        ix += [block.at + block.size, block.at + block.size + outputs * inputs]
        ix += [*slot[below], *slot[nodes]]
        ix += [*np.where(adjoint[nodes] >= 0, _ADJOINTS + adjoint[nodes], ZERO)]
        ix += [*(_ADJOINTS + np.maximum(adjoint[below], 0))]
        at = self._append([ix])
        self._emit("forward", run, "dense", "forward", at, 0, 0)
        if (adjoint[below] >= 0).any():
            self._emit("backward", run, "dense", "backward_inputs", at, 0, 0)
        if self.needed[numbers].any():
            self._emit("backward", run, "dense", "backward_weights", at, 0, 0)

    def _family(self, run: int, name: str, nodes: Integers, operands: Integers) -> None:
        """The components of the same vectors, each vector at once."""
        slot = self.part.slot
        n = operands.shape[1] - 1
        components = self.recording.numbers[operands[:, 0]].astype(np.int64)
        vectors: dict[tuple[bytes, int], list[int]] = {}
        seen: dict[tuple[bytes, int], int] = {}
        for node, row, component in zip(nodes, operands, components, strict=True):
            xs = row[1:].tobytes()
            again = seen[xs, component] = seen.get((xs, component), -1) + 1  # the same component recorded twice
            record = vectors.setdefault((xs, again), [TRASH] * n + [*slot[row[1:]]])
            record[component] = slot[node]
        self._emit("forward", run, "nary", FAMILIES[name], self._append([*vectors.values()]), len(vectors), n)
        for component in np.unique(components):
            chosen = components == component
            self._adjoints(run, name, nodes[chosen], operands[chosen], float(component))

    def _adjoints(
        self, run: int, name: str, nodes: Integers, operands: Integers, component: float | None = None
    ) -> None:
        """The reverse sweep of n-ary nodes: their local derivatives, and then x̄ += ∂z/∂x·z̄ for every operand."""
        slot, adjoint, count = self.part.slot, self.part.adjoint, len(nodes)
        above = adjoint[nodes][:, None]
        wanted = (adjoint[operands] >= 0) & (above >= 0) & (adjoint[operands] != above)
        if not wanted.any():
            return
        made = template(name, operands.shape[1], component)
        edges = [(i, local) for i, local in enumerate(made.local_derivatives) if local and wanted[:, i].any()]
        results = np.zeros((0, count), np.int64)

        def find(operand: tuple[str, Any]) -> Integers:
            where, which = operand
            if where == "operand":
                return slot[operands[:, which]]
            if where == "output":
                return slot[nodes]
            if where == "result":
                return results[which]
            return np.full(count, self._constant(which))

        if any(local[0] == "result" for _, local in edges):
            results = self.part.allocate(made.size * count).reshape(made.size, count)
            for instruction in made.instructions:
                columns = [results[i] for i in instruction.results] + [find(x) for x in instruction.operands]
                row = OPS.get(instruction.name)
                kind = "value" if row and not isinstance(row, NaryOp) else "nary"
                at = self._append(np.column_stack(columns))
                self._emit("backward", run, kind, instruction.name, at, count, len(instruction.operands))
        rows = [
            np.column_stack(
                [
                    _ADJOINTS + np.maximum(adjoint[nodes], 0),
                    _ADJOINTS + np.where(wanted[:, i], adjoint[operands[:, i]], 0),
                    find(local),
                ]
            )
            for i, local in edges
        ]
        if rows:  # x̄ += local derivative·z̄ is what the row mul does for its first operand
            self._emit("backward", run, "adjoint_add0", "mul", self._append(np.vstack(rows)), count * len(rows), 3)

    # -----------------------------------------------------------------------------------------------------------------
    # What they share.
    # -----------------------------------------------------------------------------------------------------------------

    def _constant(self, x: float) -> int:
        """The slot of a constant that a rule names."""
        if x not in self.call_constants:
            (self.call_constants[x],) = map(int, self.call.allocate(1))
        if self.part is self.call:
            return self.call_constants[x]
        if x not in self.constants:
            (self.constants[x],) = map(int, self.part.allocate(1))
        return self.constants[x]

    def _append(self, rows: Any) -> int:
        at = self.end
        flat = np.asarray(rows, dtype=np.int64).ravel()
        self.more.append(flat)
        self.end += len(flat)
        return at

    def _emit(self, way: str, run: int, kind: str, name: str, at: int, count: int, arity: int) -> None:
        place = -run if way == "backward" else run
        self.pieces[way].append((place, self.part.kernel(kind, name), at, count, arity))


_ENTRY = {"dz": -1, "z": -2} | {f"x{i}": i for i in range(4)} | {f"dx{i}": 16 + i for i in range(4)}
"""How ``write_reverse`` is told of the entries of a layout."""
