"""How a step of a GPT's training is done: what ``fit_text`` asks of an engine, and the eager one.

The compiled one, for many steps of a small network, is in ``gpt_compiled.py``; the one for a large network, which
compiles a block for all its uses, in ``gpt_blockwise.py``.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from autodiff import mean, no_grad

from .engine import collector_paused
from .gpt import GPT, Block, CausalSelfAttention, RMSNorm
from .layers import Layer, Neuron

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

    from .optim import Optimizer

    Documents: TypeAlias = Sequence[Sequence[int]]

__all__ = ["A_STEP", "LARGE", "EagerGPT", "TextEngine", "is_plain", "megabytes", "products"]

LARGE = 2_000_000
"""Products of a document, beyond which the graphs of all lengths take too much memory."""

A_STEP = 600
"""Products that are recorded and compiled in the time that a step takes longer block by block."""


def products(model: GPT, positions: int) -> int:
    """So many products have the weighted sums of a document: those with weights, and in the attention those without."""
    width, blocks = model.width, len(model.blocks)
    return positions * width * (model.vocabulary + 12 * blocks * width + blocks * (positions + 1))


def is_plain(model: GPT) -> bool:
    """Whether it is made of the parts of ``nn.gpt`` alone, and all blocks are alike, so that one stands for all."""
    parts = [model, model.norm, model.output, *model.output.neurons, *model.blocks]
    forms = set()
    for block in model.blocks:
        attention = block.attention
        layers = [attention.query, attention.key, attention.value, attention.mix, block.up, block.down]
        neurons = [neuron for layer in layers for neuron in layer.neurons]
        parts += [block.norm, attention, *layers, *neurons]
        functions = [(neuron._function, len(neuron.w), neuron.b is None) for neuron in neurons]
        forms.add(
            (block.norm.eps, attention.heads, attention.size, *[len(layer.neurons) for layer in layers], *functions)
        )
    ours = all(type(part) in (GPT, Block, CausalSelfAttention, RMSNorm, Layer, Neuron) for part in parts)
    return ours and len(forms) == 1 and model.blocks[0].attention.heads == model.heads


def megabytes(size: float) -> str:
    """So many bytes, for people."""
    return f"about {size / 1e6:,.0f} MB"


class TextEngine:
    """What ``fit_text`` asks of an engine.

    Args:
        model: the network.
        optimizer: of all its parameters.
        documents: those that batches are made of, by their numbers.
        batch_size: how many are in one.
        steps: how many there will be, if that is known.
    """

    name: str

    def __init__(
        self, model: GPT, optimizer: Optimizer, documents: Documents = (), batch_size: int = 1, steps: int = 0
    ) -> None:
        self.model, self.optimizer, self.documents = model, optimizer, documents

    @classmethod
    def needs(cls, model: GPT, longest: int) -> str:
        """What it prepares before the first step, for documents of so many positions, and how large that is."""
        raise NotImplementedError

    def train(
        self, batches: Sequence[Sequence[int]], rates: Sequence[float], losses: list[float], done: Callable[[int], Any]
    ) -> None:
        """A step for each batch, up to one whose loss is not finite.

        Args:
            batches: for each step the numbers of its documents.
            rates: the learning rate of each.
            losses: receives the mean loss of all positions of each step that is done, as it was before.
            done: is told now and then how many more these are.
        """
        for batch, rate in zip(batches, rates, strict=True):
            self.optimizer.lr = rate
            loss = self.step([self.documents[i] for i in batch])
            if not isfinite(loss):
                return
            losses.append(loss)
            done(1)

    def step(self, batch: Documents) -> float:
        """Forward, backward and, if the loss is finite, update; the mean loss of all positions, as it was before."""
        raise NotImplementedError

    def loss(self, documents: Documents) -> float:
        """The mean loss of all positions."""
        raise NotImplementedError

    def reader(self) -> Any:
        """What ``generate`` takes for the network as it is now."""
        return self.model


class EagerGPT(TextEngine):
    """A graph for every document, and one backward pass through those of a batch."""

    name = "eager"

    @classmethod
    def needs(cls, model: GPT, longest: int) -> str:
        """A graph for each document."""
        count = products(model, longest)
        return f"eager: a graph for each document, of up to {count:,} products, in {megabytes(96 * count)}"

    def step(self, batch: Documents) -> float:
        """By the network itself and the optimiser's own step."""
        with collector_paused():
            loss = mean([x for document in batch for x in self.model.losses(document)])
            if isfinite(loss.data):
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
            return loss.data

    def loss(self, documents: Documents) -> float:
        """Without a graph."""
        with no_grad():
            return mean([x.data for document in documents for x in self.model.losses(document)])
