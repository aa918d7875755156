"""A step of a scalar GPT, forward and backward, beside the class that the program known as microgpt brings along.

The program is that of tests/scalar_gpt.py, written for any class with + - * / **, exp, log and relu.  The same network
is also written as a user of this engine writes it, with `dot`, `softmax` and `logsumexp` as one node each.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import pairwise
from math import isclose
from typing import Any

import autodiff as ad
from autodiff import dot, logsumexp, mean, softmax
from benchmarks.peer_microgpt import MicrogptValue
from benchmarks.timing import (
    COLLECTOR,
    HEADINGS,
    duration,
    environment,
    factor,
    quick_wanted,
    say,
    show_table,
    take_turns,
)
from tests import scalar_gpt as gpt
from tests.engines import in_python

NAME = "catherine"


# ---------------------------------------------------------------------------------------------------------------------
# The network with dot, softmax and logsumexp.
# ---------------------------------------------------------------------------------------------------------------------


def linear(x: list[Any], matrix: list[list[Any]]) -> list[Any]:
    return [dot(row, x) for row in matrix]


def normalised(x: list[Any]) -> list[Any]:
    scale = (dot(x, x) / len(x) + 1e-5) ** -0.5
    return [a * scale for a in x]


def attention(query: list[Any], keys: list[Any], values: list[Any]) -> list[Any]:
    read: list[Any] = []
    for first in range(0, gpt.WIDTH, gpt.HEAD):
        mine = slice(first, first + gpt.HEAD)
        asked = query[mine]
        weights = softmax([dot(asked, key[mine]) / gpt.HEAD**0.5 for key in keys])
        read += [dot(weights, column) for column in zip(*[value[mine] for value in values], strict=True)]
    return read


def scores_by_dot(weights: dict[str, Any], token: int, position: int, keys: list[Any], values: list[Any]) -> list[Any]:
    x = normalised(gpt.added(weights["token"][token], weights["position"][position]))
    y = normalised(x)
    query = linear(y, weights["query"])
    keys.append(linear(y, weights["key"]))
    values.append(linear(y, weights["value"]))
    x = gpt.added(linear(attention(query, keys, values), weights["mix"]), x)
    hidden = [a.relu() for a in linear(normalised(x), weights["up"])]
    return linear(gpt.added(linear(hidden, weights["down"]), x), weights["output"])


def loss_by_dot(weights: dict[str, Any], name: str) -> Any:
    tokens = [gpt.EDGE, *map(gpt.ALPHABET.index, name), gpt.EDGE]
    keys: list[Any] = []
    values: list[Any] = []
    losses = []
    for position, (token, following) in enumerate(pairwise(tokens)):
        scores = scores_by_dot(weights, token, position, keys, values)
        losses.append(logsumexp(scores) - scores[following])
    return mean(losses)


# ---------------------------------------------------------------------------------------------------------------------
# The contenders.
# ---------------------------------------------------------------------------------------------------------------------


class Contender:
    """A class of nodes, the weights in it, and the loss."""

    def __init__(self, value: type, numbers: dict[str, Any], loss: Callable[..., Any]) -> None:
        self.loss = loss
        self.weights = {key: [[value(x) for x in row] for row in matrix] for key, matrix in numbers.items()}
        self.parameters = [p for matrix in self.weights.values() for row in matrix for p in row]

    def step(self) -> None:
        """Forward and backward; what is left is let go, which this engine frees there and then."""
        for p in self.parameters:
            p.grad = 0.0
        self.loss(self.weights, NAME).backward()

    def gradient(self) -> list[float]:
        self.step()
        return [p.grad for p in self.parameters]


MICROGPT, DOT = "microgpt's Value", "autodiff, with dot, softmax and logsumexp"
NODES = {"python": "autodiff, node in Python", "c": "autodiff, node in C"}


def contenders() -> dict[str, Contender]:
    """Those there are, each checked against microgpt's class."""
    gpt.shuffled(1)
    numbers = {key: [[x.data for x in row] for row in matrix] for key, matrix in gpt.first_weights().items()}
    found = {MICROGPT: Contender(MicrogptValue, numbers, gpt.mean_loss)}
    found[NODES["python"]] = Contender(in_python().Value, numbers, gpt.mean_loss)
    found[NODES[ad.engine]] = Contender(ad.Value, numbers, gpt.mean_loss)
    found[DOT] = Contender(ad.Value, numbers, loss_by_dot)
    expected = found[MICROGPT].gradient()
    for name, contender in found.items():
        pairs = zip(contender.gradient(), expected, strict=True)
        if not all(isclose(x, y, rel_tol=1e-9, abs_tol=1e-12) for x, y in pairs):
            raise RuntimeError(f"{name} has another gradient than microgpt's class; nothing was timed")
    return found


def compare(quick: bool) -> None:
    sys.setrecursionlimit(100_000)  # microgpt's class recurses over the graph
    running = contenders()
    nodes = len(ad.topological_order(running[NODES[ad.engine]].loss(running[NODES[ad.engine]].weights, NAME)))
    say(f"A step of a scalar GPT: forward and backward for one name, {nodes:,} nodes of + - * / ** exp log relu.")
    for collector in (False, True):
        steps = {name: contender.step for name, contender in running.items()}
        times = take_turns(steps, collector=collector, rounds=3 if quick else 15)
        say(COLLECTOR[collector])
        first = times[MICROGPT]
        rows = []
        for name, t in times.items():
            ratios = first.median / t.median, min(first.seconds) / min(t.seconds)
            rows.append([name, *t.cells(), duration(t.median / nodes), *map(factor, ratios)])
        show_table(["a step of", *HEADINGS, "a node", "as fast as microgpt's", "by minima"], rows)


def main(quick: bool) -> None:
    print(environment())
    compare(quick)


if __name__ == "__main__":
    main(quick_wanted(__doc__))
