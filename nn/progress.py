"""A bar that shows how far a training is."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING
from warnings import catch_warnings, simplefilter

from autodiff.forks import no_fork

if TYPE_CHECKING:
    from typing import Any

__all__ = ["progress_bar"]


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
