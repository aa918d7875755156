"""The named errors of the package, all of them an ``AutodiffError``; each message gives the argument and the remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autodiff import AutodiffError

if TYPE_CHECKING:
    from autodiff import Finding

    from .gpt_training import TextHistory
    from .history import History

__all__ = [
    "ArgumentError",
    "FileFormatError",
    "MissingExtra",
    "MissingPath",
    "NonFiniteLoss",
    "PathError",
    "StateError",
]


class ArgumentError(AutodiffError, ValueError):
    """An argument is out of its range, or a name is in no table."""


class StateError(AutodiffError, ValueError):
    """A state does not fit the module: a name is missing or unexpected, a shape is wrong, or there is no number."""


class FileFormatError(AutodiffError, ValueError):
    """A file of weights is damaged, is of another format, or does not say what is asked of it."""


class PathError(AutodiffError, OSError):
    """A file that cannot be read or written: a folder has its name, or the system refuses."""


class MissingPath(PathError, FileNotFoundError):
    """A file that is not there, or whose folder is not."""


class MissingExtra(AutodiffError, ImportError):
    """A function needs a package that is not installed.

    >>> raise MissingExtra("a plot", "matplotlib")
    Traceback (most recent call last):
        ...
    nn.errors.MissingExtra: a plot needs matplotlib: pip install 'scalar-autodiff[train]'
    """

    def __init__(self, purpose: str, package: str, extra: str = "train") -> None:
        super().__init__(f"{purpose} needs {package}: pip install 'scalar-autodiff[{extra}]'", name=package)


class NonFiniteLoss(AutodiffError, ArithmeticError):
    """A training came to a loss or a gradient that is nan or infinite, and stopped.

    Attributes:
        finding: where it began, as ``autodiff.find_nonfinite`` tells it; for a validation loss in words.
        history: the epochs, or the steps, that were completed before.
    """

    def __init__(self, finding: Finding | str, history: History | TextHistory, unit: str = "epoch") -> None:
        super().__init__(f"the training stopped in {unit} {len(history) + 1}: {finding}")
        self.finding = finding
        self.history = history
