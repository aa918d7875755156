"""A film of a GPT that learns: a page with a scrubber, from what was seen after every so many steps.

>>> from nn import GPT, fit_text, text
>>> names = ["anna", "hannah", "nan", "ann"]
>>> tokenizer = text.Tokenizer.of(names)
>>> film = TextFilm(tokenizer, "anna")
>>> model = GPT(tokenizer.vocabulary, width=4, heads=2, context=8, seed=0)
>>> history = fit_text(model, tokenizer, names, steps=6, every=2, progress=False, callbacks=[film])
>>> film  # film.save("film.html") writes it
<TextFilm of 6 steps: 3 frames>
"""

from __future__ import annotations

from math import fsum, log
from typing import TYPE_CHECKING

from autodiff import no_grad
from autodiff.files import write_whole

from .errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike
    from typing import Any

    from .gpt import GPT
    from .gpt_training import TextHistory
    from .text import Tokenizer

__all__ = ["TextFilm"]

_POINTS = 300
"""The curve of the loss has about as many."""

_ROUNDS = 60
"""Of the power iteration that finds an axis: what is seen needs no more."""


class TextFilm:
    """A callback of ``fit_text``: the attention on a document, the embeddings of the characters, and what is made up.

    Args:
        tokenizer: what the tokens stand for.
        document: the text on which to look where the network looks.

    Raises:
        ArgumentError: a character of the document is not in the alphabet.
    """

    def __init__(self, tokenizer: Tokenizer, document: str) -> None:
        self.frames: list[dict[str, Any]] = []
        self._tokenizer = tokenizer
        self._tokens = tokenizer.begin(document)
        self._embeddings: list[list[list[float]]] = []
        self._heads: list[str] = []
        self._history: TextHistory | None = None

    def __call__(self, model: GPT, history: TextHistory) -> None:
        """Look at the network as it is now."""
        self._history = history
        tokens, caches = self._tokens[: model.context], model.caches()
        with no_grad():
            model(tokens, caches)
        self._heads = [f"block {b}, head {h + 1}" for b in range(1, len(caches) + 1) for h in range(model.heads)]
        seen = [
            [[round(x.data, 3) for x in position[h]] for position in c.shares]
            for c in caches
            for h in range(model.heads)
        ]
        self._embeddings.append([[x.data for x in row] for row in model.token.weight])
        near = history.loss[-100:]
        made = history.samples[-1][1] if history.samples else []
        self.frames.append(
            {"step": len(history), "loss": fsum(near) / len(near), "attention": seen, "samples": [*made]}
        )

    @property
    def html(self) -> str:
        """The page.

        Raises:
            ArgumentError: nothing was recorded; ``fit_text`` takes the film among its callbacks.
        """
        if self._history is None:
            raise ArgumentError("this film is empty: give it to fit_text, fit_text(..., callbacks=[film])")
        from autodiff.explorer.page import page

        axes = _axes(self._embeddings[-1])
        signs = [*self._tokenizer.alphabet, "·"]
        data = {
            "frames": [
                {**frame, "places": [[round(_dot(row, axis), 3) for axis in axes] for row in rows]}
                for frame, rows in zip(self.frames, self._embeddings, strict=True)
            ],
            "losses": _smooth(self._history.loss),
            "guessing": log(self._tokenizer.vocabulary),
            "read": [
                f"{i} {signs[token]}" for i, token in enumerate(self._tokens[: len(self.frames[-1]["attention"][0])])
            ],
            "heads": self._heads,
            "signs": signs,
        }
        return page(self._title(), data, {}, "text_film")

    def _title(self) -> str:
        return f"A GPT learns: {len(self._history or ()):,} steps"

    def save(self, path: str | PathLike[str]) -> None:
        """Write the page to a file, to be opened in any browser.

        Raises:
            ArgumentError: nothing was recorded.
            OSError: the file cannot be written.
        """
        write_whole(path, self.html.encode())

    def __repr__(self) -> str:
        return f"<TextFilm of {len(self._history or ())} steps: {len(self.frames)} frames>"


def _smooth(losses: Sequence[float]) -> list[list[float]]:
    """Pairs of a step and the mean loss of the steps around it."""
    every = max(1, len(losses) // _POINTS)
    reach = max(1, len(losses) // 40)
    found = []
    for i in range(0, len(losses), every):
        near = losses[max(0, i - reach) : i + reach + 1]
        found.append([i + 1, round(fsum(near) / len(near), 4)])
    return found


def _axes(rows: list[list[float]]) -> list[list[float]]:
    """Two directions in which the rows lie furthest apart, by power iteration (principal components)."""
    middle = [fsum(column) / len(rows) for column in zip(*rows, strict=True)]
    apart = [[x - m for x, m in zip(row, middle, strict=True)] for row in rows]
    axes: list[list[float]] = []
    for start in range(2):
        axis = [1.0 if i % 2 == start else 0.5 for i in range(len(middle))]
        for _ in range(_ROUNDS):
            shares = [_dot(row, axis) for row in apart]
            axis = [fsum(s * row[i] for s, row in zip(shares, apart, strict=True)) for i in range(len(axis))]
            for other in axes:
                along = _dot(axis, other)
                axis = [x - along * y for x, y in zip(axis, other, strict=True)]
            length = _dot(axis, axis) ** 0.5 or 1.0
            axis = [x / length for x in axis]
        axes.append(axis)
    return axes


def _dot(xs: Sequence[float], ys: Sequence[float]) -> float:
    return fsum(x * y for x, y in zip(xs, ys, strict=True))
