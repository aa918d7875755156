"""Pictures of a GPT and of its training, drawn with Matplotlib, as those of ``nn.plots``.

>>> from nn import GPT
>>> from nn.text import Tokenizer
>>> picture = attention(GPT(27, seed=0), Tokenizer("abcdefghijklmnopqrstuvwxyz"), "emma")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autodiff import no_grad

from .plots import BLUE, GREY, ORANGE, _figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

    from .gpt import GPT
    from .gpt_training import TextHistory
    from .text import Tokenizer

__all__ = ["attention", "learning"]


def learning(history: TextHistory, lines: Mapping[str, float] | None = None) -> Figure:
    """The loss of each step, the mean of the steps around it, and that of the documents held out.

    Args:
        history: of a training.
        lines: losses to compare with, by name: ``{"guessing": log(27)}``.
    """
    figure = _figure(4.5, 3.2)
    axes = figure.subplots()
    steps, reach = range(1, len(history) + 1), max(1, len(history) // 40)
    near = [history.loss[max(0, i - reach) : i + reach + 1] for i in range(len(history))]
    axes.scatter(steps, history.loss, s=2, color=BLUE, alpha=0.25, linewidths=0)
    axes.plot(steps, [sum(few) / len(few) for few in near], color=BLUE, label="loss, averaged")
    if history.validation:
        axes.plot(
            *zip(*history.validation, strict=True), color=ORANGE, marker="o", markersize=4, label="validation loss"
        )
    for style, (name, loss) in zip(("--", ":", "-."), (lines or {}).items(), strict=False):
        axes.axhline(loss, color=GREY, linestyle=style, label=f"{name}, {loss:.2f}")
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def attention(model: GPT, tokenizer: Tokenizer, document: str) -> Figure:
    """How much each position of a document takes of each so far, a square for every block and head; a row adds up to 1.

    Raises:
        ArgumentError: a character is not in the alphabet.
        LengthError: the document is longer than the context.
    """
    tokens, caches = tokenizer.begin(document), model.caches()
    with no_grad():
        model(tokens, caches)
    names = ["·" if token == tokenizer.edge else tokenizer.decode([token]) for token in tokens]
    figure = _figure(1.9 * model.heads, 2.1 * len(caches))
    panels = figure.subplots(len(caches), model.heads, squeeze=False)
    for block, (row, cache) in enumerate(zip(panels, caches, strict=True), 1):
        for head, axes in enumerate(row):
            shares = [[share.data for share in position[head]] for position in cache.shares]
            axes.imshow(
                [[*share, *[0.0] * (len(tokens) - len(share))] for share in shares], cmap="Blues", vmin=0, vmax=1
            )
            for i, share in enumerate(shares):
                for j, x in enumerate(share):
                    colour = "white" if x > 0.5 else "black"
                    axes.text(j, i, f"{100 * x:.0f}", ha="center", va="center", fontsize=6, color=colour)
            axes.set_title(f"head {head + 1}" + f" of block {block}" * (len(caches) > 1), fontsize=8)
            axes.set_xticks(range(len(names)), names, fontsize=7)
            axes.set_yticks(range(len(names)), names, fontsize=7)
    return figure
