"""What an engine of ``fit`` does, and the eager one, which records a graph for every sample."""

from __future__ import annotations

import gc
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import autodiff as ad
from autodiff import OperandError, Value

from . import losses
from .errors import NonFiniteLoss
from .module import as_list
from .prediction import Evaluation, measure, numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from typing import Any

    from .history import History
    from .metrics import Metric
    from .module import Module
    from .optim import Optimizer
    from .prediction import Pair

__all__ = ["collector_paused"]


@dataclass(frozen=True)
class Training:
    """All that a step needs: what is trained, on which samples, towards what; each argument of ``fit`` is checked."""

    model: Module
    loss: Callable[..., Any]
    optimizer: Optimizer
    l2: float
    l1: float
    metric: Metric | None
    samples: list[Pair]
    held_out: list[Pair]
    history: History


class Engine:
    """What ``fit`` asks of an engine: an epoch of steps, and a look at the samples held out.

    The loop is here; an engine says how it does a step, and may do several at once.
    """

    name: str

    def __init__(self, training: Training) -> None:
        self.training = training

    def step(self, batch: list[int]) -> tuple[float, list[list[float]]]:
        """Forward, backward, update, for the samples with these numbers.  Their loss and their outputs."""
        raise NotImplementedError

    def steps(self, batches: list[list[int]]) -> Iterator[tuple[float, list[list[float]]]]:
        """The same for several batches, one after the other."""
        return map(self.step, batches)

    def at_work(self) -> AbstractContextManager[None]:
        """Within it are the steps of an epoch."""
        raise NotImplementedError

    def validate(self) -> Evaluation:
        """The loss and the metric of the samples held out."""
        t = self.training
        return measure(t.model, t.held_out, t.loss, t.metric)

    def epoch(self, batches: Iterable[list[int]], bar: Any) -> Evaluation:
        """A step for each batch; the mean loss, and the metric of all outputs."""
        total, outputs, order = 0.0, [], []
        batches = [*batches]
        with self.at_work():
            for batch, (loss, of_batch) in zip(batches, self.steps(batches), strict=True):
                total += loss * len(batch)
                outputs += of_batch
                order += batch
                bar.update()
        t = self.training
        for p in t.optimizer.parameters:  # those of the last step, which no loss has seen yet
            if not isfinite(p.data):
                self.refuse_nonfinite(p)
        metric = t.metric(outputs, [t.samples[i][1] for i in order]) if t.metric else None
        return Evaluation(total / len(order), metric)

    def refuse_nonfinite(self, node: Value) -> None:
        """Raise the error that says where in the graph of this node a nan or an infinity began, if there is one."""
        finding = ad.find_nonfinite(node)
        if finding is not None:
            raise NonFiniteLoss(finding, self.training.history)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Within it Python's garbage collector rests; after it, it is as before.

    A graph is thousands of new objects, and after so many the collector looks through all that there are for cycles
    that nothing refers to.  A graph has none, and is freed without it, so that is time for nothing.
    """
    enabled = gc.isenabled()
    try:
        gc.disable()
        yield
    finally:
        if enabled:
            gc.enable()


class EagerEngine(Engine):
    """A graph for every sample, and one backward pass through those of a batch."""

    name = "eager"
    at_work = staticmethod(nullcontext)

    def __init__(self, training: Training) -> None:
        super().__init__(training)
        self.weights = training.model.weights()

    def step(self, batch: list[int]) -> tuple[float, list[list[float]]]:
        """The loss and the outputs come as numbers, so that the graph is freed."""
        with collector_paused():
            return self._step([self.training.samples[i] for i in batch])

    def _step(self, batch: list[Pair]) -> tuple[float, list[list[float]]]:
        t = self.training
        outputs = [t.model(x) for x, _ in batch]
        loss: Value | float = ad.mean([t.loss(o, y) for o, (_, y) in zip(outputs, batch, strict=True)])
        if not isinstance(loss, Value):
            raise OperandError("the loss gives numbers, and no gradient: compute it with the outputs, not their .data")
        if t.l2:
            loss = loss + losses.l2(self.weights, t.l2, len(batch))
        if t.l1:
            loss = loss + losses.l1(self.weights, t.l1, len(batch))
        t.optimizer.zero_grad()
        loss.backward()
        if not isfinite(sum([p._grad for p in t.optimizer.parameters], loss.data)):
            self.refuse_nonfinite(loss)  # all may be finite, and only their sum not
        t.optimizer.step()
        return loss.data, [as_list(numbers(o)) for o in outputs]
