"""How far a training is: as a bar, or as lines."""

from __future__ import annotations

from contextlib import nullcontext
from time import perf_counter
from typing import TYPE_CHECKING
from warnings import catch_warnings, simplefilter

from autodiff.forks import no_fork

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

__all__ = ["Lines", "progress_bar"]


def progress_bar(steps: int, shown: bool = True) -> Any:
    """A bar of tqdm that counts batches; if it is not to be shown, or tqdm is not installed, one that shows nothing."""
    if not shown:
        return _NoBar()
    try:
        with no_fork:
            from tqdm import TqdmWarning

        with no_fork, catch_warnings():  # in a notebook without ipywidgets it is a line of text, which will do
            simplefilter("ignore", TqdmWarning)
            from tqdm.auto import tqdm
    except ImportError:
        return _NoBar()
    return tqdm(total=steps, unit="batch")


class _NoBar(nullcontext[None]):
    """Takes what is told to a tqdm bar, and shows nothing."""

    def __enter__(self) -> Any:
        return self

    def _ignore(self, *_: object, **__: object) -> None: ...

    update = set_description = set_postfix_str = _ignore


class Lines(nullcontext[None]):
    """Prints how far a training is: after the first step, and then whenever a second has passed since the last line.

    Args:
        steps: how many there will be.
        losses: those of all steps that are done.
        clock: gives the time in seconds.
    """

    def __init__(self, steps: int, losses: Sequence[float], clock: Callable[[], float] = perf_counter) -> None:
        super().__init__()
        self.steps, self.losses, self.clock = steps, losses, clock
        self.shown, self.since, self.first = len(losses), clock(), True

    def __enter__(self) -> Any:
        return self

    def set_description(self, text: str) -> None:
        """Print it."""
        print(text, flush=True)

    def update(self, done: int) -> None:
        """So many more steps are done."""
        count, seconds = len(self.losses), self.clock() - self.since
        if count > self.shown and (self.first or seconds >= 1):
            each = seconds / (count - self.shown)
            took = f"{each:.2g} s, with all that was prepared" if self.first else f"{each:.2g} s a step"
            print(f"{count} of {self.steps} steps: loss {self.losses[-1]:.3f}, {took}", flush=True)
            self.set_postfix_str()
            self.first = False

    def set_postfix_str(self, text: str = "") -> None:
        """What was reported meanwhile is shown by others, and its time is none of a step."""
        self.shown, self.since = len(self.losses), self.clock()
