"""What a program has recorded again and again, for every sample or every neuron, found in its graph and drawn once.

As the compiler finds the loops that Python unrolled, for the eye in place of the machine:

1. Operations are of a *kind* if they do the same to operands of the same kinds; all leaves and constants are one kind.
2. The topmost kinds with enough members are where repetitions may end.  Each member is the end of a *lane*.
3. All lanes are walked in step, from their ends down.  The same node in every lane is shared, and stays one.  Different
   operations of one kind are one box; so are the leaves that the lanes have at one place, each its own.
4. A sum that grows term by term, ``total = total + term``, is a *chain*: once the terms are one, so is it.

That which saves most boxes is folded first, then again what is left, so that repetitions inside of repetitions are
found, until the picture is easy to read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple

from ..value import Value
from .selection import Selection

__all__ = ["fold"]

_LANES = 3
"""Fewer repetitions than this are none."""

_TRIED = 8
"""So many kinds are walked, those with most members first."""

_LARGEST = 200_000
"""In larger graphs it would take seconds to look."""

_COMFORTABLE = 3
"""Where there are so many times fewer boxes than there may be, only chains are folded."""

_CONSTANT = -1
"""Stands for an operand that is a number."""


class _Fold(NamedTuple):
    """Nodes that become one, several times over: each column is one box, and so is each set of leaves."""

    columns: list[Sequence[int]]
    leaves: list[set[int]]
    title: str

    def saved(self) -> int:
        return sum([len(column) - 1 for column in (*self.columns, *self.leaves)])


def fold(graph: Iterable[Value], outputs: Iterable[Value], limit: int) -> Selection | None:
    """The graph with what is repeated drawn once; None if that is not enough for ``limit`` boxes, or nothing is."""
    nodes = sorted(graph, key=attrgetter("serial"))
    if len(nodes) > _LARGEST:
        return None
    folding = _Folding(nodes, outputs)
    while possible := folding.possible(len(folding.members) > limit // _COMFORTABLE):
        folding.apply(max(possible, key=_Fold.saved))
    if len(folding.members) > limit or len(folding.members) == len(nodes):
        return None
    selection = Selection([nodes[i] for i in folding.members], len(nodes), {})
    selection.members = {nodes[i]: [nodes[j] for j in all_] for i, all_ in folding.members.items() if len(all_) > 1}
    selection.frames = {nodes[i]: title for i, title in folding.frames.items()}
    return selection


class _Folding:
    """A graph by numbers, folded step by step.

    Attributes:
        members: for each box the nodes that it stands for; the box has the number of the last.
        operands: of each box that is an operation, the boxes that it takes, in order.
        frames: the title of the repetition in which a box stands, the outermost.
    """

    def __init__(self, nodes: Sequence[Value], outputs: Iterable[Value]) -> None:
        number = {node: i for i, node in enumerate(nodes)}
        self.members = {i: [i] for i in range(len(nodes))}
        self.operands = {
            i: tuple([number[x] if isinstance(x, Value) else _CONSTANT for x in node.operands])
            for i, node in enumerate(nodes)
            if node.op is not None
        }
        self.frames: dict[int, str] = {}
        self._ops = {i: node.op for i, node in enumerate(nodes)}
        self._outputs = {number[output] for output in outputs}
        self._titles: Counter[int] = Counter()

    def possible(self, all_: bool) -> list[_Fold]:
        """The folds that there may be: of chains, which are tedious in any case, or all."""
        return [*self._chains(), *(self._repetitions() if all_ else [])]

    def apply(self, chosen: _Fold) -> None:
        """Make one box of each column and of each set of leaves."""
        owner = {}
        framed = any(column[-1] in self.frames for column in chosen.columns)
        for column in (*chosen.columns, *map(sorted, chosen.leaves)):
            box = column[-1]
            self.members[box] = [i for part in column for i in self.members[part]]
            for part in column[:-1]:
                del self.members[part]
                self.operands.pop(part, None)
                owner[part] = box
            if chosen.title and not framed:
                self.frames[box] = chosen.title
        self.operands = {i: tuple([owner.get(x, x) for x in xs]) for i, xs in self.operands.items()}

    def _repetitions(self) -> list[_Fold]:
        kinds = self._kinds()
        members: dict[int, list[int]] = {}
        for i, kind in kinds.items():
            if i not in self._outputs:
                members.setdefault(kind, []).append(i)
        topmost = sorted(self._topmost(kinds, members), key=lambda kind: -len(members[kind]))
        return [self._walked(members[kind], kinds) for kind in topmost[:_TRIED]]

    def _kinds(self) -> dict[int, int]:
        """The kind of each operation, from 1 on; boxes that stand for many are of other kinds than those for one."""
        numbers: dict[tuple[object, ...], int] = {}
        kinds: dict[int, int] = {}
        for i in sorted(self.operands):
            below = [kinds.get(x, 0) for x in self.operands[i]]
            kinds[i] = numbers.setdefault((self._ops[i], len(self.members[i]), *below), len(numbers) + 1)
        return kinds

    def _topmost(self, kinds: dict[int, int], members: dict[int, list[int]]) -> list[int]:
        """The kinds with enough members, but for those found below them."""
        covered: set[int] = set()
        chosen: dict[int, None] = {}
        for i in sorted(self.operands, reverse=True):
            kind = kinds[i]
            if i not in covered and len(members.get(kind, ())) >= _LANES:
                chosen[kind] = None
            if i in covered or kind in chosen:
                covered.update(self.operands[i])
        return [*chosen]

    def _walked(self, ends: Sequence[int], kinds: dict[int, int]) -> _Fold:
        """What the lanes with these ends have at the same places."""
        columns: list[Sequence[int]] = []
        leaves: list[set[int]] = []
        placed: set[int] = set()
        shared: set[int] = set()
        waiting: list[Sequence[int]] = [ends]
        while waiting:
            column = waiting.pop()
            different = {*column}
            if len(different) == 1:
                shared |= different
            elif _CONSTANT in different:
                continue
            elif different.isdisjoint(self.operands):
                leaves.append(different)
            elif (
                len(different) == len(column)
                and placed.isdisjoint(different)
                and len({kinds.get(i, 0) for i in column}) == 1
            ):
                placed |= different
                columns.append(column)
                waiting += zip(*[self.operands[i] for i in column], strict=True)
        return _Fold(columns, _united(leaves, shared), self._title(len(ends)))

    def _title(self, lanes: int) -> str:
        """“× 16”; of a second repetition of as many, “× 16 (2)”."""
        again = sum([title.partition(" (")[0] == f"× {lanes}" for title in {*self.frames.values()}])
        return f"× {lanes} ({again + 1})" if again else f"× {lanes}"

    def _chains(self) -> list[_Fold]:
        """Operations of which each takes the one before, nothing else does, and all else that they take is the same."""
        uses = Counter([x for operands in self.operands.values() for x in operands])
        after: dict[int, int] = {}
        for i, operands in self.operands.items():
            for place, x in enumerate(operands):
                if uses[x] == 1 and x in self.operands and self._ops[x] is self._ops[i] and x not in self._outputs:
                    before = self.operands[x]
                    if before[:place] + before[place + 1 :] == operands[:place] + operands[place + 1 :]:
                        after[x] = i
        chains = []
        for start in sorted(after.keys() - {*after.values()}):
            chain = [start]
            while chain[-1] in after:
                chain.append(after[chain[-1]])
            if len(chain) >= _LANES:
                chains.append(_Fold([chain], [], ""))
        return chains


def _united(sets: Iterable[set[int]], shared: set[int]) -> list[set[int]]:
    """Sets that have a leaf in common are one, as those of a window that moves; what all lanes share is in none."""
    found: list[set[int]] = []
    for leaves in sets:
        leaves = leaves - shared
        apart = []
        for other in found:
            if leaves.isdisjoint(other):
                apart.append(other)
            else:
                leaves |= other
        found = [*apart, leaves] if len(leaves) > 1 else apart
    return found
