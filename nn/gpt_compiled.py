"""The compiled engine of a GPT's training: a graph for documents of about a length, and many steps in one call.

A document is a column of numbers: a token, and for each token that is to be foreseen this and its weight.  A later
position has no say in an earlier one.  So one graph is recorded, the longest, and shorter ones are parts of it; and a
document that is shorter than its graph needs no mask but one: the weights behind its end are 0.  A batch is sorted by
length and cut into groups, each of which takes the graph of its longest.

This module is loaded when it is used, for it needs NumPy and numba.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

import autodiff as ad
from autodiff import Value
from autodiff.compiler.training import ManySteps

from .gpt_engines import TextEngine, megabytes, products
from .losses import cross_entropy
from .recording import leaving_no_trace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from autodiff.compiler import Program

    from .gpt import GPT
    from .gpt_engines import Documents
    from .optim import Optimizer

__all__ = ["CompiledGPT", "Reader"]

_COMPILING = 400
"""A graph is compiled in the time that this many documents take in it."""

_GROUP = 32
"""So many documents of a batch share a graph: more keep the lanes busier, fewer are more alike in length."""

_READ = 16
"""A reader's graphs have as many positions as this times a power of 2."""

_BYTES = 300
"""What a product of the longest graph takes, recorded, and compiled in several lengths."""

_ALONE = 2
"""Documents in a batch, up to which each is computed for itself: lanes pay from three on."""


class CompiledGPT(TextEngine):
    """A program for each of a few lengths, and the formula of the optimiser as machine code."""

    name = "compiled"

    def __init__(
        self, model: GPT, optimizer: Optimizer, documents: Documents, batch_size: int = 1, steps: int = 0
    ) -> None:
        super().__init__(model, optimizer, documents, batch_size, steps)
        self.alone = batch_size <= _ALONE
        self.table, self.lengths = self._columns(documents)
        together = 1 if self.alone else min(batch_size, _GROUP)
        longest = np.maximum.reduceat(self.lengths, range(0, len(documents), together))
        times = max(1.0, steps * batch_size / len(documents))
        self.cuts = best_cuts(longest, together * times, _COMPILING)
        self.graph = _Graph(model)
        self.training: ManySteps | None = None
        self.trained: list[int] = []  # the programs of that, by their positions

    @classmethod
    def needs(cls, model: GPT, longest: int) -> str:
        """The graph of the longest."""
        count = products(model, longest)
        return f"compiled: a graph of {longest} positions, {count:,} products, in {megabytes(_BYTES * count)}"

    def train(
        self, batches: Sequence[Sequence[int]], rates: Sequence[float], losses: list[float], done: Callable[[int], Any]
    ) -> None:
        """Many steps in one call."""
        parts = [self._groups(self.lengths, batch) for batch in batches]
        training, place = self._training({positions for step in parts for positions, _ in step})
        over = [self.lengths[[*batch]].sum() for batch in batches]
        before = 0
        try:
            for count in training.run([[(place[n], group) for n, group in step] for step in parts], over, rates):
                losses += training.losses[before:count].tolist()
                before, more = count, count - before
                done(more)
        finally:
            training.write()
            losses += training.losses[before : training.done[0]].tolist()

    def loss(self, documents: Documents) -> float:
        """By the programs of the training."""
        table, lengths = self._columns(documents)
        parts = self._groups(lengths, range(len(documents)))
        sums = [self.graph.loss(n)(table[: 2 * n + 1, group]).sum() for n, group in parts]
        return float(sum(sums) / lengths.sum())

    def reader(self) -> Reader:
        """Programs of the logits, from the same graph."""
        return Reader(self.model, self.graph)

    def _training(self, wanted: set[int]) -> tuple[ManySteps, dict[int, int]]:
        """The training of the programs that are wanted, and others; the place of each in it."""
        if self.training is None or not wanted <= {*self.trained}:
            self.trained = sorted({*self.trained, *wanted})
            programs = [self.graph.loss(n) for n in self.trained]
            self.training = ManySteps(programs, self.table, self.optimizer, alone=self.alone)
        else:
            self.training.read()
        return self.training, {n: i for i, n in enumerate(self.trained)}

    def _groups(self, lengths: Any, batch: Sequence[int]) -> list[tuple[int, list[int]]]:
        """The positions of a graph and the documents that share it, the longest first."""
        longest_first = sorted(batch, key=lambda i: -lengths[i])
        size = 1 if self.alone else _GROUP
        groups: dict[int, list[int]] = {}
        for first in range(0, len(longest_first), size):
            group = longest_first[first : first + size]
            positions = next((n for n in self.cuts if n >= lengths[group[0]]), self.model.context)
            groups.setdefault(positions, []).extend(group)
        if self.alone:  # a part for each
            return [(positions, [i]) for positions, group in groups.items() for i in group]
        return [*groups.items()]

    def _columns(self, documents: Documents) -> tuple[Any, Any]:
        """A column for each document, of numbers as ``_program`` takes them, and how many positions each has."""
        context = self.model.context
        lengths = np.array([min(len(document) - 1, context) for document in documents])
        tokens = np.zeros((len(documents), context + 1))
        tokens[np.arange(context + 1) <= lengths[:, None]] = [*chain(*[d[: context + 1] for d in documents])]
        table = np.zeros((2 * context + 1, len(documents)))
        table[0], table[1::2] = tokens[:, 0], tokens[:, 1:].T
        table[2::2] = np.arange(context)[:, None] < lengths
        return table, lengths


class _Graph:
    """The graph of a document, and programs of its parts; it is recorded anew where a longer one is wanted."""

    def __init__(self, model: GPT) -> None:
        self.model, self.parameters = model, model.parameters()
        self.tokens: list[Value] = []
        self.weights: list[Value] = []
        self.logits: list[list[Value]] = []
        self.losses: list[Value] = []
        self.programs: dict[tuple[str, int], Program] = {}

    def _record(self, positions: int) -> None:
        if positions > len(self.losses):
            positions = _room(positions, self.model.context)  # as a reader takes it
            self.tokens, self.weights = _leaves(positions + 1), _leaves(positions)
            with leaving_no_trace(self.model):
                self.logits = self.model(self.tokens[:-1])
                self.losses = [cross_entropy(x, y) for x, y in zip(self.logits, self.tokens[1:], strict=True)]

    def loss(self, positions: int) -> Program:
        """The weighted sum of the losses of so many positions."""
        if ("loss", positions) not in self.programs:
            self._record(positions)
            tokens, weights = self.tokens[: positions + 1], self.weights[:positions]
            inputs = [tokens[0], *chain(*zip(tokens[1:], weights, strict=True))]
            total = ad.dot(weights, self.losses[:positions])
            self.programs["loss", positions] = ad.compile(total, inputs, self.parameters)
        return self.programs["loss", positions]

    def reading(self, positions: int) -> Program:
        """The logits at so many positions, one position's after the other's; the tokens are the last parameters."""
        if ("logits", positions) not in self.programs:
            self._record(positions)
            logits = [*chain(*self.logits[:positions])]
            parameters = [*self.parameters, *self.tokens[:positions]]
            self.programs["logits", positions] = ad.compile(logits, parameters=parameters)
        return self.programs["logits", positions]


class Reader:
    """A network that only reads, with its parameters as they are now; ``generate`` takes it in place of the network.

    It reads a text anew for each token, which machine code does faster than Python reads one token more.
    """

    def __init__(self, model: GPT, graph: _Graph | None = None) -> None:
        self.vocabulary, self.context = model.vocabulary, model.context
        self.graph = graph or _Graph(model)
        self.numbers = np.array([p.data for p in self.graph.parameters])

    def caches(self) -> list[int]:
        """The tokens that were read so far: none."""
        return []

    def __call__(self, tokens: Sequence[int], caches: list[int]) -> list[list[float]]:
        """The logits at the last of these positions, which come after those in ``caches``."""
        caches += tokens
        read = np.zeros(_room(len(caches), self.context))
        read[: len(caches)] = caches
        logits = self.graph.reading(len(read))(parameters=np.concatenate([self.numbers, read]))
        last = len(caches) - 1
        return [logits[last * self.vocabulary : (last + 1) * self.vocabulary].tolist()]


def best_cuts(lengths: Any, weight: float, compiling: float) -> list[int]:
    """The numbers of positions to compile graphs for, that all documents are done soonest.

    A graph of n positions costs ``compiling``·n, and n for each document that takes it, the shortest that it fits in.

    Args:
        lengths: how many positions the documents have; in a batch, the longest of each group.
        weight: how often a document of each of these lengths is passed through.
        compiling: what a position costs in a graph, counted in documents that pass through it.

    >>> best_cuts([3, 3, 3, 9], 1, 0), best_cuts([3, 3, 3, 9], 1, 100)
    ([3, 9], [9])
    """
    found, counts = np.unique(lengths, return_counts=True)
    best: list[tuple[float, list[int]]] = [(0.0, [])]  # for the documents up to each length
    for last, length in enumerate(found.tolist(), 1):
        ways = [
            (cost + length * (compiling + weight * int(counts[first:last].sum())), [*cuts, length])
            for first, (cost, cuts) in enumerate(best)
        ]
        best.append(min(ways))
    return best[-1][1]


def _room(positions: int, context: int) -> int:
    room = _READ
    while room < positions:
        room *= 2
    return min(room, context)


def _leaves(count: int) -> list[Value]:
    return [Value(0.0) for _ in range(count)]
