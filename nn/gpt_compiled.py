"""The compiled engine of a GPT's training: a graph for documents of about a length, and many steps in one call.

A document is a column of numbers: a token, and for each token that is to be foreseen this and its weight.  A later
position has no say in an earlier one, so a document that is shorter than its graph needs no mask but one: the weights
behind its end are 0.  A batch is sorted by length and cut into groups, each of which takes the graph of its longest.

This module is loaded when it is used, for it needs NumPy and numba.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

import autodiff as ad
from autodiff import Value
from autodiff.compiler.training import ManySteps
from autodiff.pausing import recording

from .gpt_engines import TextEngine, megabytes, products
from .recording import leaving_no_trace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from autodiff.compiler import Program

    from .gpt import GPT
    from .gpt_engines import Documents
    from .optim import Optimizer

__all__ = ["CompiledGPT", "Reader"]

_STEP = 2
"""Graphs have as many positions as a multiple of this: more are more to record, fewer are more to compute."""

_GROUP = 32
"""So many documents of a batch share a graph: more keep the lanes busier, fewer are more alike in length."""

_READ = 8
"""A reader's graphs have as many positions as a multiple of this."""

_BYTES = 150
"""What a product of a graph takes, recorded and compiled."""

_ALONE = 2
"""Documents in a batch, up to which each is computed for itself: lanes pay from three on."""


class CompiledGPT(TextEngine):
    """A program for each length, and the formula of the optimiser as machine code."""

    name = "compiled"

    def __init__(self, model: GPT, optimizer: Optimizer, documents: Documents, batch_size: int = 1) -> None:
        super().__init__(model, optimizer, documents, batch_size)
        self.alone = batch_size <= _ALONE
        self.table, self.lengths = self._columns(documents)
        self.programs: dict[int, Program] = {}
        self.reading: dict[int, Program] = {}
        self.training: ManySteps | None = None
        self.trained: list[int] = []  # the programs of that, by their positions

    @classmethod
    def needs(cls, model: GPT, longest: int) -> str:
        """The graphs of all lengths."""
        lengths = range(_STEP, longest + _STEP, _STEP)
        count = sum(products(model, min(n, model.context)) for n in lengths)
        return f"compiled: graphs of {len(lengths)} lengths at most, {count:,} products, in {megabytes(_BYTES * count)}"

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
        return sum(float(self._program(n)(table[: 2 * n + 1, group]).sum()) for n, group in parts) / float(
            lengths.sum()
        )

    def reader(self) -> Reader:
        """Programs of the logits, which all readers share."""
        return Reader(self.model, self.reading)

    def _training(self, wanted: set[int]) -> tuple[ManySteps, dict[int, int]]:
        """The training of the programs that are wanted, and others; the place of each in it."""
        if self.training is None or not wanted <= {*self.trained}:
            self.trained = sorted({*self.trained, *wanted})
            programs = [self._program(n) for n in self.trained]
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
            positions = min(-(-int(lengths[group[0]]) // _STEP) * _STEP, self.model.context)
            groups.setdefault(positions, []).extend(group)
        if self.alone:  # a part for each
            return [(positions, [i]) for positions, group in groups.items() for i in group]
        return [*groups.items()]

    def _program(self, positions: int) -> Program:
        """The weighted sum of the losses of so many positions, compiled."""
        if positions not in self.programs:
            tokens, weights = _leaves(positions + 1), _leaves(positions)
            with leaving_no_trace(self.model):
                losses = self.model.losses(tokens)
            inputs = [tokens[0], *chain.from_iterable(zip(tokens[1:], weights, strict=True))]
            self.programs[positions] = ad.compile(ad.dot(weights, losses), inputs, self.model.parameters())
        return self.programs[positions]

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


class Reader:
    """A network that only reads, with its parameters as they are now; ``generate`` takes it in place of the network.

    It reads a text anew for each token, which machine code does faster than Python reads one token more.

    Args:
        model: the network.
        programs: those that earlier readers of it left, by their positions.
    """

    def __init__(self, model: GPT, programs: dict[int, Program] | None = None) -> None:
        self.vocabulary, self.context = model.vocabulary, model.context
        self.model = model
        self.numbers = np.array([p.data for p in model.parameters()])
        self.programs = {} if programs is None else programs

    def caches(self) -> list[int]:
        """The tokens that were read so far: none."""
        return []

    def __call__(self, tokens: Sequence[int], caches: list[int]) -> list[list[float]]:
        """The logits at the last of these positions, which come after those in ``caches``."""
        caches += tokens
        positions = min(-(-len(caches) // _READ) * _READ, self.context)
        read = np.zeros(positions)
        read[: len(caches)] = caches
        logits = self._program(positions)(parameters=np.concatenate([self.numbers, read]))
        last = len(caches) - 1
        return [logits[last * self.vocabulary : (last + 1) * self.vocabulary].tolist()]

    def _program(self, positions: int) -> Program:
        """The logits at all positions, one position's after the other's."""
        if positions not in self.programs:
            tokens = _leaves(positions)
            with leaving_no_trace(self.model), recording():
                logits = [x for row in self.model(tokens) for x in row]
            self.programs[positions] = ad.compile(logits, parameters=[*self.model.parameters(), *tokens])
        return self.programs[positions]


def _leaves(count: int) -> list[Value]:
    return [Value(0.0) for _ in range(count)]
