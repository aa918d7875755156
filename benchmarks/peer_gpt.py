"""A GPT of 4,192 parameters over names, after Karpathy's microgpt: on scalars as one writes it, and in JAX by hand.

The scalar side is ``tests/scalar_gpt.py`` in short: lists of numbers, + - * / **, ``sum``, ``exp``, ``log``, ``relu``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np

from benchmarks.peer_graphs import Graph
from benchmarks.peer_networks import Side

WIDTH, HEADS, CONTEXT, LETTERS = 16, 4, 16, 26
EDGE = LETTERS  # the token before and after each name
HEAD = WIDTH // HEADS
SHAPES = {"token": (EDGE + 1, WIDTH), "position": (CONTEXT, WIDTH), "output": (EDGE + 1, WIDTH)}
SHAPES |= dict.fromkeys(["query", "key", "value", "mix"], (WIDTH, WIDTH))
SHAPES |= {"up": (4 * WIDTH, WIDTH), "down": (WIDTH, 4 * WIDTH)}


def names(count: int, lengths: Sequence[int], seed: int = 1) -> list[list[int]]:
    """Random names as tokens, edges included."""
    rng = Random(seed)
    return [[EDGE, *(rng.randrange(LETTERS) for _ in range(rng.choice(lengths))), EDGE] for _ in range(count)]


def gpt(texts: Sequence[Sequence[int]], seed: int = 1) -> Graph:
    """The mean over names of the mean loss over their positions."""
    rng = np.random.default_rng(seed)
    at = rng.normal(0, 0.08, sum(rows * columns for rows, columns in SHAPES.values()))

    def build(space: Any, numbers: Sequence[Any]) -> Any:
        weights = dict(_matrices(iter(numbers)))
        return sum(loss(space, weights, text) for text in texts) * (1 / len(texts))

    return Graph(build, at)


def _matrices(numbers: Iterator[Any]) -> Iterator[tuple[str, list[list[Any]]]]:
    for name, (rows, columns) in SHAPES.items():
        yield name, [[next(numbers) for _ in range(columns)] for _ in range(rows)]


def loss(space: Any, weights: Any, text: Sequence[int]) -> Any:
    """The mean of the cross-entropies of the next token."""
    keys: list[Any] = []
    values: list[Any] = []
    found = []
    for position, (token, following) in enumerate(pairwise(text)):
        x = normalised([a + b for a, b in zip(weights["token"][token], weights["position"][position], strict=True)])
        y = normalised(x)
        query = linear(y, weights["query"])
        keys.append(linear(y, weights["key"]))
        values.append(linear(y, weights["value"]))
        read = []
        for first in range(0, WIDTH, HEAD):
            mine = range(first, first + HEAD)
            scores = [sum(query[i] * key[i] for i in mine) / HEAD**0.5 for key in keys]
            shares = softmax(space, scores)
            read += [sum(w * value[i] for w, value in zip(shares, values, strict=True)) for i in mine]
        x = [a + b for a, b in zip(linear(read, weights["mix"]), x, strict=True)]
        hidden = [space.relu(a) for a in linear(normalised(x), weights["up"])]
        x = [a + b for a, b in zip(linear(hidden, weights["down"]), x, strict=True)]
        found.append(-space.log(softmax(space, linear(x, weights["output"]))[following]))
    return sum(found) * (1 / len(found))


def linear(x: Sequence[Any], matrix: Sequence[Sequence[Any]]) -> list[Any]:
    return [sum(w * a for w, a in zip(row, x, strict=True)) for row in matrix]


def softmax(space: Any, scores: Sequence[Any]) -> list[Any]:
    powers = [space.exp(score) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def normalised(x: Sequence[Any]) -> list[Any]:
    scale = (sum(a * a for a in x) / len(x) + 1e-5) ** -0.5
    return [a * scale for a in x]


def gpt_in_jax(graph: Graph, texts: Sequence[Sequence[int]]) -> Side:
    """The same on arrays, names of equal length side by side."""
    import jax
    import jax.numpy as jnp

    tokens = jnp.array(texts)
    ends = np.cumsum([rows * columns for rows, columns in SHAPES.values()])[:-1].tolist()
    causal = jnp.tril(jnp.ones((tokens.shape[1] - 1,) * 2, bool))

    def rms(x: Any) -> Any:
        return x * ((x * x).mean(-1, keepdims=True) + 1e-5) ** -0.5

    def of_numbers(numbers: Any) -> Any:
        parts = [part.reshape(shape) for part, shape in zip(jnp.split(numbers, ends), SHAPES.values(), strict=True)]
        w = dict(zip(SHAPES, parts, strict=True))
        before, following = tokens[:, :-1], tokens[:, 1:]
        x = rms(w["token"][before] + w["position"][: before.shape[1]])
        y = rms(x)
        query, key, value = ((y @ w[name].T).reshape(*before.shape, HEADS, HEAD) for name in ("query", "key", "value"))
        scores = jnp.einsum("nthd,nshd->nhts", query, key) / HEAD**0.5
        shares = jax.nn.softmax(jnp.where(causal, scores, -jnp.inf), axis=-1)
        x = jnp.einsum("nhts,nshd->nthd", shares, value).reshape(x.shape) @ w["mix"].T + x
        x = jax.nn.relu(rms(x) @ w["up"].T) @ w["down"].T + x
        logs = jax.nn.log_softmax(x @ w["output"].T)
        return -jnp.take_along_axis(logs, following[..., None], -1).mean()

    compiled, at = jax.jit(jax.value_and_grad(of_numbers)), jnp.asarray(graph.at)

    def gradient() -> tuple[float, np.ndarray]:
        value, found = compiled(at)
        return float(value), np.asarray(found)

    return Side(lambda: jax.block_until_ready(compiled(at)), gradient)
