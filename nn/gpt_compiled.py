"""The compiled engine of a GPT's training: the graph of documents of some length, recorded once, as machine code.

The graph begins behind the embeddings, whose rows are looked up, and whose gradients are added up, by token.  A later
position has no say in an earlier one, so a document that is shorter than the graph needs no mask but one: the loss of
the positions behind its end has the weight 0.  A batch is cut into groups of documents that share a graph.

This module is loaded when it is used, for it needs NumPy and numba.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

import autodiff as ad
from autodiff import Value

from .recording import leaving_no_trace
from .vectorised import stepped, to_arrays, to_lists, vectorised

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from autodiff.compiler import Program

    from .gpt import GPT
    from .gpt_engines import Documents
    from .optim import Optimizer

__all__ = ["CompiledGPT"]

_STEP = 3
"""Graphs have as many positions as a multiple of this: more are more to record, fewer are more to compute."""


class CompiledGPT:
    """One graph for each length, and the formula of the optimiser on all parameters at once."""

    name = "compiled"

    def __init__(self, model: GPT, optimizer: Optimizer) -> None:
        self.model, self.optimizer = model, optimizer
        self.parameters = model.parameters()
        self.numbers, self.gradient = np.zeros(len(self.parameters)), np.zeros(len(self.parameters))
        entries = [model.vocabulary, model.context]
        self.tables, self.behind = _tables(self.numbers, entries, model.width)
        self.slopes, self.slopes_behind = _tables(self.gradient, entries, model.width)
        self.programs: dict[int, Program] = {}
        self.update: Any = vectorised(optimizer)
        self.at_work = False  # whether the numbers are in arrays here, and not where everyone expects them

    def step(self, batch: Documents) -> float:
        """Forward, backward and, if the loss is finite, update; the mean loss of all positions, as it was before."""
        self._read()
        self.gradient[:] = 0.0
        groups, total = self._groups(batch), 0.0
        count = sum(weights.sum() for *_, weights in groups)
        for tokens, targets, weights in groups:
            program, columns = self._program(len(tokens)), self._columns(tokens, targets, weights / count)
            loss, (behind, above) = program.value_and_grad(columns, reduce="sum", wrt="both", parameters=self.behind)
            total += loss
            self.slopes_behind += behind
            slopes = above[: len(tokens) * self.model.width].reshape(len(tokens), self.model.width, -1)
            np.add.at(self.slopes[0], tokens, slopes.transpose(0, 2, 1))
            self.slopes[1][: len(tokens)] += slopes.sum(axis=2)
        if not isfinite(total):
            return total
        with np.errstate(all="ignore"):  # as Python's own numbers, which become inf in silence
            self.numbers[:] = stepped(self.update, self.numbers, self.gradient)
        return total

    def loss(self, documents: Documents) -> float:
        """The mean loss of all positions."""
        self._read()
        total = count = 0.0
        for tokens, targets, weights in self._groups(documents):
            columns = self._columns(tokens, targets, weights)
            total += float(self._program(len(tokens))(columns, parameters=self.behind).sum())
            count += weights.sum()
        return total / count

    def write(self) -> None:
        """See to it that the model and the optimiser have their numbers as everyone expects them."""
        if self.at_work:
            for p, number in zip(self.parameters, self.numbers.tolist(), strict=True):
                p._data = number
            to_lists(self.update)
        self.at_work = False

    def _read(self) -> None:
        if not self.at_work:
            self.numbers[:] = [p._data for p in self.parameters]
            to_arrays(self.update)
        self.at_work = True

    def _groups(self, documents: Documents) -> list[tuple[Any, Any, Any]]:
        """Tokens, targets and weights of the documents of about one length, each of shape (positions, documents)."""
        context = self.model.context
        groups: dict[int, list[Sequence[int]]] = {}
        for document in documents:
            read = document[: context + 1]
            positions = min(-(-(len(read) - 1) // _STEP) * _STEP, context)
            groups.setdefault(positions, []).append(read)
        return [_arrays(positions, group) for positions, group in sorted(groups.items())]

    def _columns(self, tokens: Any, targets: Any, weights: Any) -> Any:
        """What the graph takes: embedded tokens, targets, weights."""
        embedded = self.tables[0][tokens] + self.tables[1][: len(tokens), None]
        return np.concatenate([embedded.transpose(0, 2, 1).reshape(-1, tokens.shape[1]), targets, weights])

    def _program(self, positions: int) -> Program:
        """The weighted sum of the losses of so many positions, compiled."""
        if positions not in self.programs:
            embedded = [_leaves(self.model.width) for _ in range(positions)]
            targets, weights = _leaves(positions), _leaves(positions)
            with leaving_no_trace(self.model):
                read = self.model.read(embedded)
            losses = [ad.logsumexp(logits) - ad.select(y, logits) for logits, y in zip(read, targets, strict=True)]
            inputs = [x for xs in [*embedded, targets, weights] for x in xs]
            behind = self.parameters[-len(self.behind) :]
            self.programs[positions] = ad.compile(ad.dot(weights, losses), inputs, behind)
        return self.programs[positions]


def _tables(numbers: Any, entries: list[int], width: int) -> tuple[list[Any], Any]:
    """Views of the embeddings, which come first, and of all that is behind them."""
    first, second = (n * width for n in entries)
    tables = [numbers[:first].reshape(-1, width), numbers[first : first + second].reshape(-1, width)]
    return tables, numbers[first + second :]


def _arrays(positions: int, documents: Documents) -> tuple[Any, Any, Any]:
    tokens = np.zeros((positions, len(documents)), np.int64)
    targets, weights = np.zeros_like(tokens), np.zeros(tokens.shape)
    for i, document in enumerate(documents):
        n = len(document) - 1
        tokens[:n, i], targets[:n, i], weights[:n, i] = document[:-1], document[1:], 1.0
    return tokens, targets, weights


def _leaves(count: int) -> list[Value]:
    return [Value(0.0) for _ in range(count)]
