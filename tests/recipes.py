"""How the networks of the accuracy figures are trained: one recipe for each data set, and what comes of it.

The recipes were chosen by ``python -m benchmarks.training --choose``, which cross-validates within training samples.
"""

from __future__ import annotations

from typing import NamedTuple

import nn
from nn import data, schedules

# The split of the published figures, taken after others had been looked at: docs/training.md tells how.
SPLIT = 42


class Recipe(NamedTuple):
    """Adam with a learning rate that falls to 0 along half a cosine wave."""

    hidden: tuple[int, ...]
    activation: str
    epochs: int
    batch_size: int
    lr: float
    l2: float

    def __str__(self) -> str:
        network = "-".join(map(str, self.hidden)) + f" {self.activation}" if self.hidden else "one layer"
        return f"{network}, {self.epochs} epochs, batches of {self.batch_size}, lr {self.lr}, l2 {self.l2}"


RECIPES = {
    "iris": Recipe((), "tanh", 60, 16, 0.1, 0.01),
    "wine": Recipe((), "tanh", 30, 16, 0.05, 1.0),
    "breast_cancer": Recipe((8,), "tanh", 20, 16, 0.02, 0.3),
    "digits": Recipe((32,), "relu", 20, 32, 0.01, 0.05),
}


def train(recipe: Recipe, training: data.Dataset, seed: int) -> nn.MLP:
    """A network with one output for two classes, and one for each of more."""
    outputs = len(training.classes) if len(training.classes) > 2 else 1
    model = nn.MLP(len(training.features), [*recipe.hidden, outputs], recipe.activation, seed=seed, init="he")
    nn.fit(
        model,
        training.X,
        training.y,
        loss_of(training),
        "adam",
        lr=recipe.lr,
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        l2=recipe.l2,
        schedule=schedules.cosine(recipe.epochs),
        seed=seed,
        progress=False,
    )
    return model


def loss_of(dataset: data.Dataset) -> str:
    return "cross_entropy" if len(dataset.classes) > 2 else "binary_cross_entropy_with_logits"


def accuracy(model: nn.MLP, dataset: data.Dataset) -> float:
    found = nn.evaluate(model, dataset.X, dataset.y, loss_of(dataset)).accuracy
    assert found is not None
    return found


def parts(name: str, split: int) -> list[data.Dataset]:
    """The standardised training and test samples."""
    return data.standardise(*data.split(data.load(name), test=0.25, seed=split))
