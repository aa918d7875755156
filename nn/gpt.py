"""A GPT on scalars: a network that reads the tokens of a text, and says at each what may come next.

This is the whole of it.  At every position a list of ``width`` numbers, x, goes through the network:

    x = RMSNorm(token embedding + position embedding)
    x = x + attention(RMSNorm(x))           what earlier positions know comes in
    x = x + feed-forward(RMSNorm(x))        … and is thought over, at each position alone
    logits = output(x)                      a number for each token that may come next

The second and the third line are a block, of which there may be several.  As in all of ``nn``, a neuron is a node S for
the weighted sum and a node g(S) for the activation, where there is one.

>>> from nn.text import Tokenizer
>>> tokenizer = Tokenizer("abcdefghijklmnopqrstuvwxyz")
>>> model = GPT(tokenizer.vocabulary, seed=0)
>>> model
GPT(27, 16, 4, 1, 16)
>>> loss = model.loss(tokenizer.encode("emma"))  # not far from log 27 = 3.296, what guessing costs
>>> loss.backward()
>>> round(loss.data, 3), len(model.parameters())
(3.648, 4192)

Sources: Radford and others, *Language models are unsupervised multitask learners* (2019); in this form, with RMSNorm,
relu and no biases, Karpathy's microgpt (2026), whose published run it repeats to the last digits.
"""

from __future__ import annotations

from contextlib import ExitStack
from math import isfinite
from typing import TYPE_CHECKING, TypeVar

from autodiff import LengthError, Value, dot, group, mean, no_grad, select, softmax

from .arguments import at_least_one, number
from .errors import ArgumentError
from .init import generator, normal
from .layers import Layer
from .losses import cross_entropy
from .module import Module

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from random import Random
    from typing import Any, TypeAlias

    from .gpt_compiled import Reader
    from .init import Initializer
    from .text import Tokenizer

    Vector: TypeAlias = list[Value]

T = TypeVar("T")

__all__ = ["GPT", "Block", "Cache", "CausalSelfAttention", "Embedding", "RMSNorm", "generate"]

_INIT = normal(0.08)


class Embedding(Module):
    """A table with a row of learnt numbers for each of its entries: what a token, or a position, means.

    Args:
        entries: how many rows there are.
        width: how long they are.
        rng, seed, init: as those of a Layer.
        name: stands in the labels: ``w_4,1^(token)`` is the first number of entry 4, and entries count from 0.

    >>> row = Embedding(27, 3, seed=0)(4)
    >>> [x.label for x in row]
    ['w_4,1^(token)', 'w_4,2^(token)', 'w_4,3^(token)']
    """

    def __init__(
        self,
        entries: int,
        width: int,
        rng: Random | None = None,
        init: Initializer = _INIT,
        *,
        seed: int | None = None,
        name: str = "token",
    ) -> None:
        rng, self.entries, width = generator(seed, rng), at_least_one(entries, "entries"), at_least_one(width, "width")
        self.weight = [[Value(init(rng, entries, width)) for _ in range(width)] for _ in range(entries)]
        self._names = [f"w_{i},{j}^({name})" for i in range(entries) for j in range(1, width + 1)]
        for label, p in self._named():
            p.label = label

    def __call__(self, entry: int | Value) -> Vector:
        """The row of that number; of a Value, as an input of a compiled program is one, what it selects.

        Raises:
            ArgumentError: there is none.
        """
        if isinstance(entry, Value):
            return [select(entry, column) for column in zip(*self.weight, strict=True)]
        if entry not in range(self.entries):
            raise ArgumentError(f"an embedding has the entries 0 to {self.entries - 1}, and no entry {entry!r}")
        return self.weight[entry]

    def _named(self) -> Iterator[tuple[str, Value]]:
        """Row by row."""
        return zip(self._names, [p for row in self.weight for p in row], strict=True)

    def state_values(self) -> dict[str, Any]:
        """``weight``, of shape (entries, width)."""
        return {"weight": self.weight}


class RMSNorm(Module):
    """x / √(mean of x² + ε): the same direction, and numbers of size 1.  It has no parameters.

    Source: Zhang and Sennrich, *Root mean square layer normalization* (2019).

    >>> [round(y.data, 3) for y in RMSNorm()([Value(3.0), Value(-4.0)])]
    [0.849, -1.131]
    """

    def __init__(self, eps: float = 1e-5) -> None:
        self.eps = number(eps, "eps", "a number above 0")

    def __call__(self, x: Vector) -> Vector:
        """As many numbers as in x."""
        scale = (dot(x, x) / len(x) + self.eps) ** -0.5
        return [a * scale for a in x]


class Cache:
    """The keys and values of the positions so far, in one block: all that later positions ask of them.

    They are nodes of the graph as any other: through them a loss at a later position reaches the earlier ones.

    Attributes:
        keys, values: for each position a list of ``width`` Values.
        shares: for each position and head, how much it took of each position so far; they add up to 1.
        taken: for each position what it took, ``width`` Values, those of the first head first.
    """

    def __init__(self) -> None:
        self.keys: list[Vector] = []
        self.values: list[Vector] = []
        self.shares: list[list[Vector]] = []
        self.taken: list[Vector] = []


class CausalSelfAttention(Module):
    """Each position asks itself and those before it, and takes in what they answer.

    From its x a position makes a query, a key and a value.  Its query is compared with the key of each position so
    far; the softmax of that says how much it takes of the value of each.  Every head does so with its own part of the
    three; then the parts are mixed.

    Args:
        width: how long x is.
        heads: how many parts it has, each width / heads long.
        rng, seed, init: as those of a Layer.
        block: the number of its block, for the labels.

    Raises:
        ArgumentError: the width is no multiple of the heads, or either is no whole number from 1 on.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        rng: Random | None = None,
        init: Initializer = _INIT,
        *,
        seed: int | None = None,
        block: int = 1,
    ) -> None:
        rng, self.heads, self.block = generator(seed, rng), at_least_one(heads, "heads"), block
        if at_least_one(width, "width") % heads:
            raise ArgumentError(f"the width {width} is no multiple of {heads} heads, which share it among them")
        self.size = width // heads
        self.query, self.key, self.value, self.mix = (
            _linear(width, width, rng, init, f"{name}.{block}") for name in ("query", "key", "value", "mix")
        )

    def __call__(self, inputs: Sequence[Vector], cache: Cache | None = None) -> list[Vector]:
        """An output for each position, from first to last; with a cache they come after the positions in that."""
        cache = Cache() if cache is None else cache
        places = _places(inputs, len(cache.keys), f"block {self.block}", "attention")
        return [self.mix(self._read(x, cache)) for x in places]

    def _read(self, x: Vector, cache: Cache) -> Vector:
        """What all heads take from the positions so far, of which x is the last."""
        query = self.query(x)
        cache.keys.append(self.key(x))
        cache.values.append(self.value(x))
        taken, shares = [], []
        for head in range(self.heads):
            part = slice(head * self.size, (head + 1) * self.size)
            with group(f"head {head + 1}"):
                share, of_head = self.ask(
                    query[part], [key[part] for key in cache.keys], [value[part] for value in cache.values]
                )
            taken += of_head
            shares.append(share)
        cache.shares.append(shares)
        cache.taken.append(taken)
        return taken

    def ask(self, query: Vector, keys: Sequence[Vector], values: Sequence[Vector]) -> tuple[Vector, Vector]:
        """How much one head takes of each position, and what it takes, from its own part of all three."""
        share = softmax([dot(query, key) / self.size**0.5 for key in keys])
        return share, [dot(share, numbers) for numbers in zip(*values, strict=True)]


class Block(Module):
    """Attention, then a feed-forward network with a hidden layer of relu, four times as wide; x is added to each.

    Args:
        width, heads, rng, seed, init: those of the attention.
        number: which block of the network it is, for the labels.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        rng: Random | None = None,
        init: Initializer = _INIT,
        *,
        seed: int | None = None,
        number: int = 1,
    ) -> None:
        rng, self.number = generator(seed, rng), number
        self.norm = RMSNorm()
        self.attention = CausalSelfAttention(width, heads, rng, init, block=number)
        self.up = _linear(width, 4 * width, rng, init, f"up.{number}", "relu")
        self.down = _linear(4 * width, width, rng, init, f"down.{number}")

    def __call__(self, inputs: Sequence[Vector], cache: Cache | None = None) -> list[Vector]:
        """An output for each position, from first to last; with a cache they come after the positions in that."""
        start, name = len(cache.keys) if cache else 0, f"block {self.number}"
        mixed = self.attention([self.norm(x) for x in _places(inputs, start, name, "attention")], cache)
        xs = [sums(*both) for both in _places(zip(mixed, inputs, strict=True), start, name, "attention")]
        return [self.think(x) for x in _places(xs, start, name, "feed-forward")]

    def think(self, x: Vector) -> Vector:
        """The feed-forward network at one position."""
        return sums(self.down(self.up(self.norm(x))), x)


class GPT(Module):
    """The network: embeddings, blocks, and an output layer.

    Args:
        vocabulary: how many tokens there are.
        width: how many numbers go through the network at each position.
        heads: how many heads the attention of each block has.
        layers: how many blocks there are.
        context: how many positions there may be.
        seed: draws the initial weights, from a normal distribution of standard deviation 0.08: token, position, output,
            and block by block query, key, value, mix, up, down, each row by row.
        rng: in place of ``seed``.
        init: another distribution.

    Raises:
        ArgumentError: the width is no multiple of the heads, or a size is no whole number from 1 on.
    """

    def __init__(
        self,
        vocabulary: int,
        width: int = 16,
        heads: int = 4,
        layers: int = 1,
        context: int = 16,
        seed: int | None = None,
        rng: Random | None = None,
        init: Initializer = _INIT,
    ) -> None:
        rng = generator(seed, rng)
        self.vocabulary, self.width, self.heads, self.context = vocabulary, width, heads, context
        self.token = Embedding(vocabulary, width, rng, init)
        self.position = Embedding(context, width, rng, init, name="position")
        self.norm = RMSNorm()
        self.output = _linear(width, vocabulary, rng, init, "output")
        self.blocks = [Block(width, heads, rng, init, number=i + 1) for i in range(at_least_one(layers, "layers"))]

    def __call__(self, tokens: Sequence[int | Value], caches: list[Cache] | None = None) -> list[Vector]:
        """The logits at each position: a list with a number for each token that may come next.

        Args:
            tokens: what to read.
            caches: one for each block, from ``caches()``, and what they hold is read already.  So a text may be read
                token by token, at the cost of reading it once.

        Raises:
            LengthError: there are more positions than the context has.
            ArgumentError: there is no such token.
        """
        caches = self.caches() if caches is None else caches
        start = len(caches[0].keys)
        if start + len(tokens) > self.context:
            raise LengthError(f"the context has {self.context} positions, not {start + len(tokens)}: read a part")
        places = _places(enumerate(tokens, start), start, "embedding")
        return self.read([sums(self.token(token), self.position(i)) for i, token in places], caches)

    def read(self, embedded: Sequence[Vector], caches: list[Cache] | None = None) -> list[Vector]:
        """The same from the sums of the embeddings of token and position."""
        caches = caches or self.caches()
        start = len(caches[0].keys)
        xs = [self.norm(x) for x in _places(embedded, start, "embedding")]
        for block, cache in zip(self.blocks, caches, strict=True):
            xs = block(xs, cache)
        return [self.output(x) for x in _places(xs, start, "output")]

    def caches(self) -> list[Cache]:
        """An empty cache for each block."""
        return [Cache() for _ in self.blocks]

    def losses(self, document: Sequence[int | Value], caches: list[Cache] | None = None) -> list[Value]:
        """At each position -log of the probability that the network gives to the token that comes next.

        Args:
            document: its tokens; those that come after the first context + 1 are left out.
            caches: empty ones, to look into afterwards.

        Raises:
            LengthError: it has fewer than two.
            ArgumentError: there is no such token.
        """
        if len(document) < 2:
            raise LengthError(f"a document has two tokens or more, one of them to be foreseen, not {len(document)}")
        read = document[: self.context + 1]
        logits = self(read[:-1], caches)
        answers = _places(zip(logits, read[1:], strict=True), 0, "loss")
        return [cross_entropy(scores, target) for scores, target in answers]

    def loss(self, document: Sequence[int | Value]) -> Value:
        """The mean of ``losses``."""
        return mean(self.losses(document))

    def config(self) -> dict[str, Any] | None:
        """The arguments of the call that builds the same network."""
        sizes = {"vocabulary": self.vocabulary, "width": self.width, "heads": self.heads}
        return {"kind": "GPT", **sizes, "layers": len(self.blocks), "context": self.context}

    def __repr__(self) -> str:
        return f"GPT({self.vocabulary}, {self.width}, {self.heads}, {len(self.blocks)}, {self.context})"


def generate(
    model: GPT | Reader,
    tokenizer: Tokenizer,
    prompt: str = "",
    temperature: float = 1.0,
    top_k: int | None = None,
    *,
    seed: int | None = None,
    rng: Random | None = None,
) -> str:
    """A document that the network makes up, token by token, up to the edge or the end of its context.

    Args:
        model: the network, or what reads in its place: a ``Reader`` of ``nn.gpt_compiled`` does so as machine code.
        tokenizer: what its tokens stand for.
        prompt: how the document begins.
        temperature: the logits are divided by it.  Below 1 likely tokens become still more likely; near 0 only the
            likeliest remains; above 1 there is more variety.
        top_k: only so many tokens are drawn from, the likeliest; None for all.
        seed: for a generator of random numbers.
        rng: the generator itself, in place of a seed.

    Raises:
        ArgumentError: a character of the prompt is not in the alphabet, or an argument is out of its range.
        LengthError: the prompt is longer than the context.
    """
    temperature = number(temperature, "the temperature", "a number above 0")
    kept = model.vocabulary if top_k is None else at_least_one(top_k, "top_k")
    if model.vocabulary != tokenizer.vocabulary:
        raise ArgumentError(f"a network of {model.vocabulary} tokens, and a tokenizer of {tokenizer.vocabulary}")
    rng, tokens = generator(seed, rng), tokenizer.begin(prompt)
    caches: Any = model.caches()
    with no_grad():
        logits = _numbers(model(tokens, caches)[-1])
        while True:
            likeliest = sorted(range(model.vocabulary), key=lambda token: -logits[token])[:kept]
            drawn_from = sorted(likeliest)
            scaled = [logits[token] / temperature for token in drawn_from]
            if not all(map(isfinite, scaled)):  # near 0 it leaves the range; beside the likeliest it does so downwards
                scaled = [(logits[token] - logits[likeliest[0]]) / temperature for token in drawn_from]
            chances = softmax(scaled)
            tokens += rng.choices(drawn_from, chances)
            if tokens[-1] == tokenizer.edge or len(tokens) > model.context:
                return tokenizer.decode(tokens)
            logits = _numbers(model(tokens[-1:], caches)[-1])


def _numbers(xs: Sequence[Value | float]) -> list[float]:
    return [x.data if isinstance(x, Value) else x for x in xs]


def _linear(n: int, m: int, rng: Random, init: Initializer, name: str, activation: str = "identity") -> Layer:
    """A layer without biases, whose labels bear a name in place of a number."""
    return Layer(n, m, activation, bias=False, rng=rng, init=init, number=name)


def _places(xs: Iterable[T], start: int, *names: str) -> Iterator[T]:
    """One position after the other; what is recorded meanwhile is in groups of these names, for pictures."""
    for place, x in enumerate(xs, start):
        with ExitStack() as around:
            for name in (f"position {place}", *names):
                around.enter_context(group(name))
            yield x


def sums(xs: Vector, ys: Vector) -> Vector:
    """Number by number."""
    return [x + y for x, y in zip(xs, ys, strict=True)]
