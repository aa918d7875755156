"""A training step beside micrograd, its own demo, and beside microgpt's class, a scalar GPT (scalar_step.py).

The demo (https://github.com/karpathy/micrograd, demo.ipynb): 100 points of two moons, a network 2-16-16-1 with relu,
hinge loss and L2 penalty; a step is forward, backward and update.  It runs with its operations one by one, and with
`dot` as one node.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from itertools import count
from math import isclose
from pathlib import Path
from typing import Any

import autodiff as ad
from benchmarks import scalar_step
from benchmarks.timing import (
    COLLECTOR,
    HEADINGS,
    Times,
    duration,
    environment,
    factor,
    quick_wanted,
    say,
    show_table,
    take_turns,
)

try:
    import micrograd.engine
    import micrograd.nn
except ImportError:
    sys.exit("This benchmark runs micrograd beside the engine: pip install 'scalar-autodiff[bench]'")

DATA = Path(__file__).parent.parent / "tests" / "data" / "micrograd_demo.json"
DEMO = json.loads(DATA.read_text(encoding="utf-8"))
POINTS, SIGNS, WEIGHTS = DEMO["X"], DEMO["y"], DEMO["params0"]
WIDTHS = [2, 16, 16, 1]
TOLERANCE = 1e-9


class Contender:
    """A network and a way to compute its loss; ``step`` is what is timed."""

    def __init__(self, value: type, loss: Callable[[type, micrograd.nn.MLP], Any]) -> None:
        self.value, self.loss = value, loss
        self.network = network_of(value)
        self.steps = count()

    def step(self) -> Any:
        """Forward, backward and update, as in the demo; the result holds the graph."""
        loss = self.loss(self.value, self.network)
        self.network.zero_grad()
        loss.backward()
        rate = max(1.0 - 0.9 * next(self.steps) / 100, 0.1)
        for p in self.network.parameters():
            p.data -= rate * p.grad
        return loss

    def step_and_free(self) -> None:
        """A step, and the graph dropped: this engine's is freed there and then, micrograd's waits for the collector."""
        self.step()

    def gradient(self) -> list[float]:
        return [p.grad for p in self.network.parameters()]

    def nodes(self) -> int:
        """How many nodes the graph of the loss has, counted by the edges that each engine records."""
        edges = "_prev" if self.value is micrograd.engine.Value else "parents"
        loss = self.loss(self.value, self.network)
        found, waiting = {loss}, [loss]
        while waiting:
            new = set(getattr(waiting.pop(), edges)) - found
            found |= new
            waiting += new
        return len(found)


def network_of(value: type) -> micrograd.nn.MLP:
    """micrograd's network, whose code takes any scalar with + * and relu(), with the demo's weights as ``value``s."""
    network = micrograd.nn.MLP(WIDTHS[0], WIDTHS[1:])
    weights = map(value, WEIGHTS)
    for layer in network.layers:
        for neuron in layer.neurons:
            neuron.w = [next(weights) for _ in neuron.w]
            neuron.b = next(weights)
    return network


def elementary_loss(value: type, network: micrograd.nn.MLP) -> Any:
    """The loss as the demo writes it, on either engine."""
    inputs = [list(map(value, point)) for point in POINTS]
    scores = list(map(network, inputs))
    losses = [(1 + -sign * score).relu() for sign, score in zip(SIGNS, scores, strict=True)]
    data_loss = sum(losses) * (1.0 / len(losses))
    return data_loss + 1e-4 * sum(p * p for p in network.parameters())


def dot_loss(_: type, network: micrograd.nn.MLP) -> ad.Value:
    """The same loss as a user of this engine writes it: a neuron is dot and relu, a sum is one node."""
    losses = []
    for point, sign in zip(POINTS, SIGNS, strict=True):
        x = point
        for layer in network.layers:
            x = [ad.dot(neuron.w, x, neuron.b) for neuron in layer.neurons]
            if layer is not network.layers[-1]:
                x = [s.relu() for s in x]
        losses.append((1 + -sign * x[0]).relu())
    weights = network.parameters()
    return ad.mean(losses) + 1e-4 * ad.dot(weights, weights)


MICROGRAD, ELEMENTARY, DOT = "micrograd", "autodiff, the same operations", "autodiff, dot as one node"
UNFREED = ", not freed"


def contenders() -> dict[str, Contender]:
    return {
        MICROGRAD: Contender(micrograd.engine.Value, elementary_loss),
        ELEMENTARY: Contender(ad.Value, elementary_loss),
        DOT: Contender(ad.Value, dot_loss),
    }


def agreement(steps: int) -> float:
    """Train all side by side and compare with the published run: the largest difference, or an error if it is large."""
    running, worst = contenders(), 0.0
    for step in range(steps):
        losses = {name: contender.step().data for name, contender in running.items()}
        expected = running[MICROGRAD].gradient() if step else DEMO["grad0"]
        for name, contender in running.items():
            pairs = [
                (losses[name], DEMO["reproduced_loss_py311"][step]),
                *zip(contender.gradient(), expected, strict=True),
            ]
            for found, wanted in pairs:
                if not isclose(found, wanted, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
                    raise RuntimeError(f"step {step}: {name} has {found!r}, and {wanted!r} is right; nothing was timed")
                worst = max(worst, abs(found - wanted))
    return worst


def main(quick: bool) -> None:
    print(environment(["micrograd"]))
    steps = 2 if quick else 5
    say(
        f"Before timing: the first {steps} steps have the losses and all {len(WEIGHTS)} gradients of the published run "
        f"whichever contender takes them; the largest difference is {agreement(steps):.0e}."
    )
    collector_on(quick)
    collector_off(quick)
    scalar_step.compare(quick)


def collector_on(quick: bool) -> None:
    running = contenders()
    steps = {name: contender.step_and_free for name, contender in running.items()}
    times = take_turns(steps, collector=True, rounds=2 if quick else 5, turn=0.2 if quick else 1.0, least=5)
    say(f"{COLLECTOR[True]} A turn is five steps or more, for each leaves its garbage to the next, as in training.")
    show(times, {name: contender.nodes() for name, contender in running.items()})
    say(f"A step with dot is {factor(times[MICROGRAD].median / times[DOT].median)} as fast; the target is 50×.")


def collector_off(quick: bool) -> None:
    running = contenders()
    steps: dict[str, Callable[[], Any]] = {MICROGRAD: running[MICROGRAD].step}
    for name in (ELEMENTARY, DOT):
        steps |= {name: running[name].step_and_free, name + UNFREED: running[name].step}
    nodes = {name: running[name.removesuffix(UNFREED)].nodes() for name in steps}
    times = take_turns(steps, collector=False, rounds=5 if quick else 25)
    say(
        f"{COLLECTOR[False]} A turn is one step. micrograd's graph, full of cycles, is left to the collection outside "
        "the time; this engine's is freed within it, but for the rows that say otherwise."
    )
    show(times, nodes)
    per_node = {name: t.median / nodes[name] for name, t in times.items()}
    elementary = [factor(per_node[name] / per_node[MICROGRAD]) for name in (ELEMENTARY, ELEMENTARY + UNFREED)]
    dot = [factor(times[MICROGRAD].median / times[name].median) for name in (DOT, DOT + UNFREED)]
    say(
        f"The same operations take {elementary[0]} micrograd's time per node, {elementary[1]} without freeing; the "
        f"target is at most 0.45×. A step with dot is {dot[0]} as fast, {dot[1]} without freeing; the target is 6×."
    )


def show(times: dict[str, Times], nodes: dict[str, int]) -> None:
    rows = [
        [name, nodes[name], *t.cells(), duration(t.median / nodes[name]), factor(times[MICROGRAD].median / t.median)]
        for name, t in times.items()
    ]
    show_table(["a step of", "nodes", *HEADINGS, "a node", "as fast as micrograd"], rows)


if __name__ == "__main__":
    main(quick_wanted(__doc__))
