"""A training that records itself: weights, decision boundary and loss of each epoch, on one page with a scrubber.

>>> from nn import MLP, data, fit
>>> moons = data.load("moons", n=40, seed=0)
>>> film = Film(moons.X, moons.y)
>>> model = MLP(2, [4, 1], "tanh", seed=0)
>>> loss = "binary_cross_entropy_with_logits"
>>> history = fit(model, moons.X, moons.y, loss, epochs=5, progress=False, callbacks=[film])
>>> film  # film.save("film.html") writes it
<Film of 5 epochs: 5 frames>
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from autodiff.files import write_whole

from .arguments import at_least_one
from .errors import ArgumentError
from .metrics import predicted_classes, true_classes
from .prediction import predict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike
    from typing import Any

    from .history import History
    from .module import Module

__all__ = ["Film"]

_STEPS = 32
"""The plane is asked at so many points in each direction."""

_POINTS = 400
"""So many samples are drawn at most."""

_WEIGHTS = 400
"""The weights of a network with more parameters are not recorded."""

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
"""A class is a digit of the plane."""


class Film:
    """A callback of ``fit``, which looks at the network after an epoch and keeps what it sees.

    A film has a limited number of frames: of a long training every second epoch is kept, or every fourth, and so on.

    Args:
        X: the samples; of two features each, the film shows the plane and what the network takes each point for.
        y: their classes, as the loss takes them; without, there is no plane.
        classes: the names of the classes.
        threshold: above what a single output means class 1; ½ for a probability.
        frames: how many, at most.

    Raises:
        ArgumentError: the number of frames is none.
    """

    def __init__(
        self,
        X: Sequence[Sequence[float]] = (),
        y: Sequence[Any] = (),
        classes: Sequence[str] = (),
        threshold: float = 0.0,
        frames: int = 100,
    ) -> None:
        self.frames: list[dict[str, Any]] = []
        self._most = at_least_one(frames, "frames")
        self._stride = 1
        self._threshold = threshold
        self._model: Module | None = None
        self._history: History | None = None
        self._classes = [str(name) for name in classes]
        self._points: list[tuple[float, float, int]] = []
        self._plane: list[list[float]] = []
        rows = [[float(x) for x in row] for row in X]
        if rows and len(y) == len(rows) and all(len(row) == 2 for row in rows):
            step = -(-len(rows) // _POINTS)
            true = true_classes(y)
            self._points = [(a, b, c) for (a, b), c in zip(rows, true, strict=True)][::step]
            self._axes = [_axis([row[i] for row in rows]) for i in (0, 1)]
            self._plane = [[a, b] for b in reversed(self._axes[1]) for a in self._axes[0]]

    def __call__(self, model: Module, history: History) -> None:
        """Look at the network after an epoch."""
        self._model, self._history = model, history
        if history.epoch[-1] % self._stride == 0:
            self._look(history.epoch[-1])
            if len(self.frames) > self._most:
                self._stride *= 2
                self.frames = [frame for frame in self.frames if frame["epoch"] % self._stride == 0]

    def _look(self, epoch: int) -> None:
        assert self._model is not None  # there was an epoch
        parameters = self._model.parameters()
        frame: dict[str, Any] = {"epoch": epoch}
        if len(parameters) <= _WEIGHTS:
            frame["weights"] = [_rounded(p.data) for p in parameters]
        if self._plane:
            frame["plane"] = "".join(["-" if c < 0 else _DIGITS[c % 36] for c in self._classes_of(self._plane)])
            frame["taken"] = self._classes_of([[a, b] for a, b, _ in self._points])
        self.frames.append(frame)

    def _classes_of(self, points: list[list[float]]) -> list[int]:
        return predicted_classes(predict(self._model, points), self._threshold)  # type: ignore[arg-type]

    @property
    def html(self) -> str:
        """The page.

        Raises:
            ArgumentError: nothing was recorded; ``fit`` takes the film among its callbacks.
        """
        if self._model is None or self._history is None:
            raise ArgumentError("this film is empty: give it to fit, fit(..., callbacks=[film])")
        from autodiff.explorer.page import page

        history = self._history
        if not self.frames or self.frames[-1]["epoch"] != history.epoch[-1]:
            self._look(history.epoch[-1])
        data = {
            "frames": self.frames,
            "epochs": history.epoch,
            "curves": [[name, [_rounded(x) for x in column]] for name, column in history.measured()],
            "weights": [p.label for p in self._model.parameters()] if len(self._model.parameters()) <= _WEIGHTS else [],
            "points": self._points,
            "axes": [[axis[0], axis[-1], len(axis)] for axis in self._axes] if self._plane else [],
            "classes": self._classes,
        }
        return page(self._title(), data, {}, "film")

    def _title(self) -> str:
        return f"A training of {len(self._history or ()):,} epochs"

    def save(self, path: str | PathLike[str]) -> None:
        """Write the page to a file, to be opened in any browser.

        Raises:
            ArgumentError: nothing was recorded.
            OSError: the file cannot be written.
        """
        write_whole(path, self.html.encode())

    def __repr__(self) -> str:
        return f"<Film of {len(self._history or ())} epochs: {len(self.frames)} frames>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        if self._model is None:
            return {"text/plain": repr(self)}
        from autodiff.explorer.page import framed

        return {"text/html": framed(self._title(), self.html), "text/plain": repr(self)}


def _axis(numbers: Sequence[float]) -> list[float]:
    """Equal steps over the range of the numbers, and a tenth beyond on either side."""
    low, high = min(numbers), max(numbers)
    margin = 0.1 * (high - low) or 1.0
    return [low - margin + (high - low + 2 * margin) * i / (_STEPS - 1) for i in range(_STEPS)]


def _rounded(x: float | None) -> float | None:
    """To four digits, which is more than can be seen; None for what is no number to draw."""
    return float(f"{x:.4g}") if x is not None and isfinite(x) else None
