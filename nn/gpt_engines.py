"""How a step of a GPT's training is done: ``fit_text`` asks one of two engines."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from autodiff import mean, no_grad

from .engine import collector_paused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from .gpt import GPT
    from .optim import Optimizer

    Documents: TypeAlias = Sequence[Sequence[int]]

__all__ = ["EagerGPT"]


class EagerGPT:
    """A graph for every document, and one backward pass through those of a batch."""

    name = "eager"

    def __init__(self, model: GPT, optimizer: Optimizer) -> None:
        self.model, self.optimizer = model, optimizer

    def step(self, batch: Documents) -> float:
        """Forward, backward and, if the loss is finite, update; the mean loss of all positions, as it was before."""
        with collector_paused():
            loss = mean([x for document in batch for x in self.model.losses(document)])
            if isfinite(loss.data):
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
            return loss.data

    def loss(self, documents: Documents) -> float:
        """The mean loss of all positions."""
        with no_grad():
            return mean([x.data for document in documents for x in self.model.losses(document)])

    def write(self) -> None:
        """See to it that the model has its numbers: it has."""
