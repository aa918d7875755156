"""The best parameters of a training, which it ends with when it is interrupted, fails or stops early."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from .errors import NonFiniteLoss

if TYPE_CHECKING:
    from autodiff import Value

    from .history import History

__all__ = ["Best"]


class Best:
    """The parameters as they were when the loss was lowest; a context that sets them to that where it has to.

    Args:
        parameters: what to keep.
        history: gets the number of the best epoch, and notes an interrupt.
        at_the_end: whether a training that ends in good order is to have them, too.
    """

    def __init__(self, parameters: list[Value], history: History, at_the_end: bool) -> None:
        self.parameters = parameters
        self.history = history
        self.at_the_end = at_the_end
        self.kept = (inf, self.now())

    def now(self) -> list[float]:
        """The parameters as they are."""
        return [p._data for p in self.parameters]

    def offer(self, loss: float, numbers: list[float]) -> None:
        """Keep these parameters if their loss is the lowest yet."""
        if loss < self.kept[0]:
            self.kept = (loss, numbers)
            self.history.best_epoch = len(self.history)

    def __enter__(self) -> Best:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        interrupted = kind is not None and issubclass(kind, KeyboardInterrupt)
        if interrupted:
            self.history.trim()
            self.history.stopped = "interrupted"
        if interrupted or (self.at_the_end if kind is None else issubclass(kind, NonFiniteLoss)):
            for p, number in zip(self.parameters, self.kept[1], strict=True):
                p.data = number
        return interrupted
