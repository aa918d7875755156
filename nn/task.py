"""From a data set to a network that takes its samples as they are.

>>> from nn import MLP, data, evaluate, fit
>>> training, test = data.split(data.load("xor", n=200))
>>> task = Task(training)
>>> model = MLP(2, [4, task.n_outputs], "tanh", task.output_activation, seed=0)
>>> history = fit(model, *task.scaled(training), task.loss, epochs=60, lr=1.0, progress=False)
>>> task.unscale(model)
>>> evaluate(model, test.X, task.targets(test), task.loss, task.metric).accuracy
1.0
"""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

from . import metrics
from .arguments import unknown_name
from .data import Standardizer, one_hot, signs
from .errors import ArgumentError
from .losses import LOSSES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .data import Dataset
    from .layers import MLP

__all__ = ["Task"]

_OF_NUMBERS = ("squared_error", "mean_squared_error", "huber")
_OF_TWO_CLASSES = ("binary_cross_entropy_with_logits", "binary_cross_entropy", "hinge")


class Task:
    """What a data set asks of a network, and how its numbers are scaled for it.

    Args:
        training: the samples to learn from.
        loss: by its name; by default a cross-entropy for classes, of two or of many, and the squared error for numbers.
        inputs: the scale of the samples; by default that which standardises these.

    Attributes:
        loss: its name.
        n_outputs: one for a number or, where the loss is one of two classes, for two; else one for each class.
        output_activation: what makes of the last sums what the loss takes.
        threshold: above what a single output means class 1.
        metric: the accuracy; None for numbers, where ``fit`` and ``evaluate`` take R² by themselves.

    Raises:
        ArgumentError: there is no loss of that name, or it is one of classes and the targets are numbers.

    >>> from nn import data
    >>> task = Task(data.load("blobs"))
    >>> task.loss, task.n_outputs, task.targets(data.load("blobs", n=4))
    ('cross_entropy', 3, [0, 1, 2, 0])
    """

    def __init__(self, training: Dataset, loss: str | None = None, inputs: Standardizer | None = None) -> None:
        k = len(training.classes)
        self.loss = loss or (_OF_NUMBERS[0] if not k else _OF_TWO_CLASSES[0] if k == 2 else "cross_entropy")
        if self.loss not in LOSSES:
            raise unknown_name("loss", self.loss, LOSSES)
        if not k and self.loss not in _OF_NUMBERS:
            raise ArgumentError(
                f"{self.loss} is a loss of classes, and {training.name} has a number to predict: "
                f"take one of {', '.join(_OF_NUMBERS)}"
            )
        self.n_outputs = 1 if not k or (k == 2 and self.loss in _OF_TWO_CLASSES) else k
        self.output_activation = "sigmoid" if self.loss == "binary_cross_entropy" else "identity"
        self.threshold = metrics.threshold_of(LOSSES[self.loss])
        self.metric = self.accuracy if k else None
        self._inputs = inputs or Standardizer.of(training.X)
        self._outputs = None if k else Standardizer.of([[y] for y in training.y])

    def targets(self, data: Dataset) -> list[Any]:
        """The targets as the loss takes them."""
        if not data.classes or self.loss == "cross_entropy":
            return data.y
        if self.n_outputs == 1:
            return signs(data.y) if self.loss == "hinge" else data.y
        rows = one_hot(data.y, self.n_outputs)
        return [[2 * y - 1 for y in row] for row in rows] if self.loss == "hinge" else rows

    def scaled(self, data: Dataset) -> tuple[list[list[float]], list[Any]]:
        """Samples and targets to train with: scaled, the targets only where they are numbers to predict."""
        y = self.targets(data)
        return self._inputs(data.X), self._outputs([[number] for number in y]) if self._outputs else y

    def unscale(self, model: MLP) -> None:
        """Change a network of scaled numbers into one that does the same with the numbers as they are.

        Σ w·(x - m)/d + b is Σ (w/d)·x + (b - Σ (w/d)·m), so that the scale of the samples goes into the weights of the
        first layer; and that of the targets into those of the last.

        Raises:
            ArgumentError: the network has no biases.
        """
        if not model.bias:
            raise ArgumentError("unscale: a mean goes into the biases, and this network has none")
        layers: list[Any] = model.layers
        for neuron in layers[0].neurons:
            for w, deviation in zip(neuron.w, self._inputs.deviation, strict=True):
                w.data /= deviation
            neuron.b.data -= fsum([w.data * mean for w, mean in zip(neuron.w, self._inputs.mean, strict=True)])
        if self._outputs:
            (neuron,), (mean,), (deviation,) = layers[-1].neurons, self._outputs.mean, self._outputs.deviation
            for p in (*neuron.w, neuron.b):
                p.data *= deviation
            neuron.b.data += mean

    def accuracy(self, outputs: Sequence[Sequence[float]], targets: Sequence[Any]) -> float:
        """The share of the samples whose class is right."""
        return metrics.accuracy(outputs, targets, self.threshold)
