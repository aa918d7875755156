"""The explorer's page of a GPT that reads a document: what it foresees, where it looks, where its gradients come from.

>>> from nn import GPT
>>> from nn.text import Tokenizer
>>> explore_document(GPT(4, width=4, heads=2, context=8, seed=0), Tokenizer("abc"), "cab")
<Explorer: loss step by step: 701 values>
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from autodiff import Value, explore, mean
from autodiff.explorer import Cut, Numbers

if TYPE_CHECKING:
    from typing import Any

    from autodiff.explorer import Explorer

    from .gpt import GPT, Cache
    from .text import Tokenizer

__all__ = ["explore_document"]


def explore_document(model: GPT, tokenizer: Tokenizer, document: str) -> Explorer:
    """A page about the loss of one document: ``explore``, with tables of what a GPT consists of.

    Positions go across and blocks down; a click goes into a block, its attention, a head, down to single Values.
    Beside it stand the chances and the loss at each position, how much each head takes of which position, and of a
    parameter that is clicked its gradient by position and by head.

    Args:
        model: the network.
        tokenizer: what its tokens stand for.
        document: a text; characters that the context has no position for are left out.

    Raises:
        ArgumentError: a character is not in the alphabet.
    """
    tokens = tokenizer.encode(document)[: model.context + 1]
    caches = model.caches()
    losses = model.losses(tokens, caches)
    loss = mean(losses)
    signs = [*tokenizer.alphabet, "·"]
    read = [f"{i} {signs[token]}" for i, token in enumerate(tokens[:-1])]
    wanted = [signs[token] for token in tokens[1:]]
    heads = [(b, cache, h) for b, cache in enumerate(caches, 1) for h in range(model.heads)]
    panels: list[Numbers | Cut] = [
        _foreseen(read, wanted, losses, loss, log(model.vocabulary)),
        _chances(read, losses, signs),
        *[_attention(f"block {block}, head {h + 1}", cache, h, read) for block, cache, h in heads],
        *[_cut(f"through block {b}", cache, model) for b, cache in enumerate(caches, 1)],
    ]
    names = {"loss": loss} | {f"loss at {i}": x for i, x in enumerate(losses)}
    for block, cache, h in heads:
        for i, shares in enumerate(cache.shares):
            names |= {f"{i} of {j} ({block}.{h + 1})": share for j, share in enumerate(shares[h])}
    return explore(loss, names=names, panels=panels)


def _foreseen(read: list[str], wanted: list[str], losses: list[Value], loss: Value, guessing: float) -> Numbers:
    """What comes next at each position, the chance that the network gave it, and what that costs."""
    rows: list[Any] = [
        (place, [token, (None, cost), cost, f"{guessing:.4g}"])
        for place, token, cost in zip(read, wanted, losses, strict=True)
    ]
    return Numbers(
        "What it foresees",
        ["it reads", "then comes", "its chance", "loss = −log chance", "guessing costs"],
        [*rows, ("all", [None, None, loss, f"{guessing:.4g}"])],
        "At each position the chance that the network gives to what comes next. The loss is the mean of −log of it.",
    )


def _chances(read: list[str], losses: list[Value], signs: list[str]) -> Numbers:
    """The chance of every token at each position: the loss there is logsumexp of logits, less that of the right one."""
    rows: list[Any] = [
        (place, [(x if isinstance(x, Value) else None, cost) for x in cost.operands])
        for place, cost in zip(read, losses, strict=True)
    ]
    return Numbers("The chance of every character", ["it reads", *signs], rows, "A row adds up to 1.", shaded=True)


def _attention(name: str, cache: Cache, head: int, read: list[str]) -> Numbers:
    """How much each position takes of which: the shares of one head."""
    rows = [
        (place, [*shares[head], *[None] * (len(read) - len(shares[head]))])
        for place, shares in zip(read, cache.shares, strict=True)
    ]
    text = "How much each position, a row, takes of itself and of those before it. A row adds up to 1."
    return Numbers(f"Attention: {name}", ["it reads", *read], rows, text, shaded=True)


def _cut(title: str, cache: Cache, model: GPT) -> Cut:
    """What the heads of a block take: no path leads from one of these numbers to another one."""
    size = model.width // model.heads
    parts = {
        f"head {head + 1}": [x for taken in cache.taken for x in taken[head * size : (head + 1) * size]]
        for head in range(model.heads)
    }
    return Cut(title, parts)
