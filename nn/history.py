"""How a training went: a line for each epoch, and what was measured in it."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

__all__ = ["History"]


class History:
    """How a training went: lists with one entry for each epoch that was completed.

    Attributes:
        epoch: its number, from 1 on.
        loss: the mean of the losses of its batches, penalties included, each as it was before the step.
        accuracy: that of the same outputs, from 0 to 1; R² for a regression; None where there is no metric.
        validation_loss, validation_accuracy: of the validation samples after the epoch, without penalties; else None.
        learning_rate: η.
        seconds: how long the epoch took.
        metric: what the accuracies are: "accuracy", "R²", or the name of the function that was given; None without.
        best_epoch: the epoch with the lowest validation loss, without validation samples the lowest loss; 0 before any.
        stopped: why it ended: "epochs" when all were done, "early stopping", "callback" or "interrupted".
        engine: which one ran: "eager" or "compiled".
    """

    COLUMNS = ("epoch", "loss", "accuracy", "validation_loss", "validation_accuracy", "learning_rate", "seconds")

    def __init__(self, metric: str | None = None) -> None:
        self.epoch: list[int] = []
        self.loss: list[float] = []
        self.accuracy: list[float | None] = []
        self.validation_loss: list[float | None] = []
        self.validation_accuracy: list[float | None] = []
        self.learning_rate: list[float] = []
        self.seconds: list[float] = []
        self.metric = metric
        self.best_epoch = 0
        self.stopped = "epochs"
        self.engine = "eager"

    def __len__(self) -> int:
        return len(self.epoch)

    def __repr__(self) -> str:
        return f"<History of {len(self)} epochs{': ' if self.loss else ''}{self.summary()}>"

    def summary(self) -> str:
        """The last losses and accuracies in one line."""
        return ", ".join([f"{name} {_short(column[-1])}" for name, column in self.measured() if column])

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON can hold it: nan and the infinities, for which it has no numbers, are None."""
        return {name: [*map(_finite, x)] if isinstance(x, list) else x for name, x in vars(self).items()}

    def append(self, *row: Any) -> None:
        """Add an epoch: an entry for each of ``COLUMNS``."""
        for name, entry in zip(self.COLUMNS, row, strict=True):
            getattr(self, name).append(entry)

    def trim(self) -> None:
        """Drop the entries of an epoch that an interrupt has left without its last one."""
        for name in self.COLUMNS:
            del getattr(self, name)[len(self.seconds) :]

    def measured(self) -> list[tuple[str, list[Any]]]:
        """The losses and accuracies that there are, each with its name."""
        columns: list[tuple[str, list[Any]]] = [
            ("loss", self.loss),
            (f"{self.metric}", self.accuracy),
            ("validation loss", self.validation_loss),
            (f"validation {self.metric}", self.validation_accuracy),
        ]
        return [(name, column) for name, column in columns if None not in column]


def _short(x: float) -> str:
    return f"{x:.4f}" if abs(x) < 1e6 else f"{x:.4g}"  # of a training that diverged, without its 300 digits


def _finite(x: Any) -> Any:
    return None if isinstance(x, float) and not isfinite(x) else x
