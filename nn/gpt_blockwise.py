"""The engine for a large GPT: a block is recorded once, at one position, and compiled for all blocks and positions.

The graph of a document has every neuron anew at each position: with a million weights and eight positions that is eight
million products, and most of a gigabyte.  But all positions are alike, and so are all blocks.  So the network is cut
where positions meet, in the attention, and what lies between is a *stage*, which is recorded once:

    embed   token, position → x
    ask     x → query, key, value                     in each block
    attend  queries, keys, values → what is taken     in each head: of all positions of a document
    think   what is taken, x → x                      in each block
    judge   next token, x → loss

Samples of a stage are positions, or for ``attend`` documents and heads; its parameters are the numbers of one block
after the other.  Forward, what came into each stage is kept.  On the way back a stage is given ∂L/∂y of each of its
outputs y, and derives Σ ∂L/∂y·y, the first factors held: the chain rule.

This module is loaded when it is used, for it needs NumPy and numba.
"""

from __future__ import annotations

from itertools import chain
from math import isfinite, nan
from typing import TYPE_CHECKING

import numpy as np

import autodiff as ad
from autodiff import Value
from autodiff.compiler.update import LR, Update
from autodiff.pausing import recording

from .errors import ArgumentError
from .gpt import sums
from .gpt_engines import TextEngine, megabytes, products
from .losses import cross_entropy
from .recording import leaving_no_trace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from .gpt import GPT, Block
    from .gpt_engines import Documents
    from .module import Module
    from .optim import Optimizer

    Numbers = NDArray[np.float64]

__all__ = ["BlockReader", "BlockwiseGPT"]

_LENGTHS = 8
"""Attention is recorded for as many positions as a multiple of this."""

_AT_ONCE = 64
"""So many documents are measured together."""

_BYTES = 1000
"""What a product takes, recorded and compiled for both directions."""


def _rounded(positions: int) -> int:
    return -(-positions // _LENGTHS) * _LENGTHS


class Stage:
    """A function of Values that is recorded once: its outputs for samples, and the way back through it.

    Args:
        function: gives the list of outputs for that of the inputs.
        inputs: how many there are.
        parameters: whose numbers each call is given.
    """

    def __init__(
        self, function: Callable[[list[Value]], list[Value]], inputs: int, parameters: Sequence[Value] = ()
    ) -> None:
        xs = [Value(0.0) for _ in range(inputs)]
        with recording():  # ``generate`` may be the first to come to this length, inside ``no_grad()``
            ys = function(xs)
            slopes = [Value(0.0) for _ in ys]
            total = ad.dot(ys, slopes)
        self.inputs = inputs
        self.forward = ad.compile(ys, xs, parameters)
        self.weighted = ad.compile(total, [*xs, *slopes], parameters)

    def __call__(self, X: Numbers, numbers: Numbers | None = None) -> Numbers:
        """The outputs for these inputs, of shape (outputs, samples)."""
        Y: Numbers = self.forward(X, parameters=numbers)
        return Y

    def back(self, X: Numbers, dY: Numbers, numbers: Numbers | None = None) -> tuple[Any, Numbers]:
        """From ∂L/∂Y that to the parameters, None if there are none, and ∂L/∂X."""
        given = np.concatenate([X, dY])
        if numbers is None:
            return None, self.weighted.value_and_grad(given, reduce="sum", wrt="inputs")[1][: self.inputs]
        _, slopes = self.weighted.value_and_grad(given, reduce="sum", wrt="both", parameters=numbers)
        return slopes[0], slopes[1][: self.inputs]


class Batch:
    """All positions of some documents, one after the other.

    Attributes:
        read: in a column for each position its token, and its place in its document.
        following: the tokens that come next.
    """

    def __init__(self, documents: Documents, context: int) -> None:
        cut = [document[: context + 1] for document in documents]
        lengths = np.array([len(document) - 1 for document in cut])
        self.rows = np.repeat(np.arange(len(cut)), lengths)
        self.places = np.arange(len(self.rows)) - np.repeat(lengths.cumsum() - lengths, lengths)
        self.read = np.array([[*chain(*[document[:-1] for document in cut])], self.places], np.float64)
        self.following = np.array([[*chain(*[document[1:] for document in cut])]], np.float64)
        self.documents, self.length = len(cut), _rounded(int(lengths.max()))

    def by_heads(self, columns: Numbers, heads: int, size: int) -> Numbers:
        """Columns of positions → those of a head in a document, with all its positions; 0 behind the end of that."""
        vectors = columns.reshape(-1, heads, size, len(self.rows)).transpose(3, 0, 2, 1)
        found = np.zeros((vectors.shape[1], self.length, size, self.documents, heads))
        found[:, self.places, :, self.rows] = vectors
        return found.reshape(-1, self.documents * heads)

    def by_positions(self, columns: Numbers, heads: int, size: int) -> Numbers:
        """And back."""
        vectors = columns.reshape(-1, self.length, size, self.documents, heads)[:, self.places, :, self.rows]
        return vectors.transpose(1, 3, 2, 0).reshape(-1, len(self.rows))


class Stages:
    """The stages of a network.

    Attributes:
        numbers: those of all parameters, in their order, as they are for now.
    """

    def __init__(self, model: GPT) -> None:
        self.model, self.shape = model, (model.heads, model.width // model.heads)
        self.parameters: list[Value] = []
        self.recorded: tuple[Stage, Stage] | None = None
        self.attentions: dict[int, Stage] = {}
        parameters, self.in_embed = self._part(model.token, model.position)
        self.embed = Stage(lambda x: model.norm(sums(model.token(x[0]), model.position(x[1]))), 2, parameters)
        parameters, self.in_judge = self._part(model.output)
        x = [Value(0.0) for _ in range(1 + model.width)]
        with leaving_no_trace(model.output):
            self.judge = ad.compile(cross_entropy(model.output(x[1:]), x[0]), x, parameters)
            self.logits = ad.compile(model.output(x[1:]), x[1:], parameters)
        self.blocks = [self._block(block) for block in model.blocks]
        self.numbers = np.zeros(len(self.parameters))

    def _part(self, *modules: Module) -> tuple[list[Value], slice]:
        """The parameters of some modules, and where they are among all; for modules in their order."""
        found, before = [p for module in modules for p in module.parameters()], len(self.parameters)
        self.parameters += found
        return found, slice(before, len(self.parameters))

    def _block(self, block: Block) -> tuple[Stage, Stage, slice, slice]:
        """What a block does before its attention and after it, and where the parameters of both are."""
        attention, width = block.attention, self.model.width
        ask, in_ask = self._part(attention.query, attention.key, attention.value)
        think, in_think = self._part(attention.mix, block.up, block.down)
        if self.recorded is None:  # all blocks are alike: ``is_plain``

            def asked(x: list[Value]) -> list[Value]:
                normed = block.norm(x)
                return [*attention.query(normed), *attention.key(normed), *attention.value(normed)]

            def thought(x: list[Value]) -> list[Value]:
                return block.think(sums(attention.mix(x[:width]), x[width:]))

            with leaving_no_trace(block):
                self.recorded = Stage(asked, width, ask), Stage(thought, 2 * width, think)
        return *self.recorded, in_ask, in_think

    def attend(self, positions: int) -> Stage:
        """What a head takes at each of so many positions."""
        if positions not in self.attentions:
            attention, size = self.model.blocks[0].attention, self.shape[1]

            def attended(x: list[Value]) -> list[Value]:
                vectors = [x[i : i + size] for i in range(0, len(x), size)]
                queries, keys, values = (vectors[i : i + positions] for i in range(0, len(vectors), positions))
                taken = [attention.ask(q, keys[: i + 1], values[: i + 1])[1] for i, q in enumerate(queries)]
                return [*chain(*taken)]

            self.attentions[positions] = Stage(attended, 3 * size * positions)
        return self.attentions[positions]

    def forward(self, batch: Batch) -> tuple[Numbers, list[tuple[Numbers, Numbers, Numbers]]]:
        """What the output layer is given; and what came into each stage of each block."""
        attend, kept = self.attend(batch.length), []
        x = self.embed(batch.read, self.numbers[self.in_embed])
        for ask, think, in_ask, in_think in self.blocks:
            asked = batch.by_heads(ask(x, self.numbers[in_ask]), *self.shape)
            taken = np.concatenate([batch.by_positions(attend(asked), *self.shape), x])
            kept.append((x, asked, taken))
            x = think(taken, self.numbers[in_think])
        return x, kept

    def losses(self, batch: Batch) -> Numbers:
        """The loss of each position."""
        given = np.concatenate([batch.following, self.forward(batch)[0]])
        found: Numbers = self.judge(given, parameters=self.numbers[self.in_judge])
        return found

    def differentiate(self, batch: Batch) -> tuple[float, Numbers]:
        """The mean loss of all positions, and its gradient."""
        slopes, (x, kept) = np.zeros(len(self.numbers)), self.forward(batch)
        loss, (found, dx) = self.judge.value_and_grad(
            np.concatenate([batch.following, x]), wrt="both", parameters=self.numbers[self.in_judge]
        )
        slopes[self.in_judge] += found
        dx = dx[1:]
        for (ask, think, in_ask, in_think), (x, asked, taken) in zip(self.blocks[::-1], kept[::-1], strict=True):
            found, back = think.back(taken, dx, self.numbers[in_think])
            slopes[in_think] += found
            dtaken, dx = np.split(back, 2)
            back = self.attend(batch.length).back(asked, batch.by_heads(dtaken, *self.shape))[1]
            found, back = ask.back(x, batch.by_positions(back, *self.shape), self.numbers[in_ask])
            slopes[in_ask] += found
            dx = dx + back
        slopes[self.in_embed] += self.embed.back(batch.read, dx, self.numbers[self.in_embed])[0]
        return float(loss), slopes

    def refresh(self) -> None:
        """Take the numbers that the parameters have now."""
        self.numbers[:] = [p._data for p in self.parameters]


class BlockwiseGPT(TextEngine):
    """A stage at a time, and the optimiser's formula on all numbers at once."""

    name = "blockwise"

    def __init__(
        self, model: GPT, optimizer: Optimizer, documents: Documents = (), batch_size: int = 1, steps: int = 0
    ) -> None:
        super().__init__(model, optimizer, documents, batch_size, steps)
        self.stages, self.update = Stages(model), Update.of(optimizer)
        if self.stages.parameters != optimizer.parameters:
            raise ArgumentError("engine='blockwise' takes a GPT whose parts share no parameters, in their usual order")

    @classmethod
    def needs(cls, model: GPT, longest: int) -> str:
        """The parts of one block."""
        width, blocks, length = model.width, len(model.blocks), _rounded(longest)
        recorded = width * (model.vocabulary + 12 * width + length * (length + 1) // model.heads)
        size = megabytes(_BYTES * recorded + 64 * products(model, 1))
        return f"blockwise: one block, recorded once for {blocks}, {recorded:,} products, in {size}"

    def train(
        self, batches: Sequence[Sequence[int]], rates: Sequence[float], losses: list[float], done: Callable[[int], Any]
    ) -> None:
        """Parameters and what the optimiser remembers are arrays meanwhile."""
        self.stages.refresh()
        self.update.read()
        try:
            super().train(batches, rates, losses, done)
        finally:
            for p, number in zip(self.stages.parameters, self.stages.numbers.tolist(), strict=True):
                p._data = number
            self.update.write()

    def step(self, batch: Documents) -> float:
        """Forward through the stages, and back; then the formula of the optimiser on all numbers."""
        loss, slopes = self.stages.differentiate(Batch(batch, self.model.context))
        if not (isfinite(loss) and np.isfinite(slopes).all()):
            return nan
        self.update.settings[LR] = self.optimizer.lr
        self.update.step(self.stages.numbers, slopes)
        return loss

    def loss(self, documents: Documents) -> float:
        """Some documents at a time."""
        self.stages.refresh()
        parts = [documents[i : i + _AT_ONCE] for i in range(0, len(documents), _AT_ONCE)]
        losses = [self.stages.losses(Batch(part, self.model.context)) for part in parts]
        return float(np.concatenate(losses).mean())

    def reader(self) -> BlockReader:
        """The stages at one position at a time."""
        self.stages.refresh()
        return BlockReader(self.stages)


class BlockReader:
    """A network that only reads, with its parameters as they are now; ``generate`` takes it in place of the network."""

    def __init__(self, stages: Stages) -> None:
        self.stages, self.vocabulary, self.context = stages, stages.model.vocabulary, stages.model.context

    def caches(self) -> list[Any]:
        """What each block asked so far, position by position: nothing."""
        return [None for _ in self.stages.blocks]

    def __call__(self, tokens: Sequence[int], caches: list[Any]) -> list[list[float]]:
        """The logits at the last of these positions, which come after those in ``caches``."""
        s, new = self.stages, len(tokens)
        before = 0 if caches[0] is None else caches[0].shape[1]
        batch = Batch([[0] * (before + new + 1)], self.context)
        x = s.embed(np.array([tokens, range(before, before + new)], np.float64), s.numbers[s.in_embed])
        for i, (ask, think, in_ask, in_think) in enumerate(s.blocks):
            asked = ask(x, s.numbers[in_ask])
            caches[i] = asked if caches[i] is None else np.concatenate([caches[i], asked], axis=1)
            taken = s.attend(batch.length)(batch.by_heads(caches[i], *s.shape))
            taken = batch.by_positions(taken, *s.shape)[:, before:]
            x = think(np.concatenate([taken, x]), s.numbers[in_think])
        return [s.logits(x[:, -1:], parameters=s.numbers[s.in_judge])[:, 0].tolist()]
