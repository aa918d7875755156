"""Loops that Python unrolled are found again; the program gives what the recorded graph gives."""

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as ad
from autodiff import Value

np = pytest.importorskip("numpy")
pytest.importorskip("numba", reason="loops are found on the way to machine code")

from autodiff.compiler.graph import read_graph  # noqa: E402
from autodiff.compiler.reroll import reroll  # noqa: E402

FEW = settings(max_examples=40 if os.environ.get("HYPOTHESIS_PROFILE", "ci") == "ci" else 10_000)


class Loops:
    """A random program that loops over its samples, which may be recorded anew at other numbers.

    Every sample goes through the same steps, unless the program branches on its data; the steps take what all share,
    what is the sample's own, what it picks from a table, and what was computed of these before the loop; they may carry
    a state from one sample to the next.  Some results are used outside.  What is made of them is linear or not.
    """

    def __init__(self, seed):
        rng = random.Random(seed)
        self.seed, self.rng = seed, rng
        self.samples, self.width = rng.choice([8, 9, 16, 40, 40, 150, 300]), rng.randint(1, 4)
        self.shared = rng.randint(1, 5)
        self.numbers = [rng.uniform(0.5, 1.5) for _ in range(self.shared + self.samples + 5)]
        kinds = [rng.choice("sspdcotDbnxglyr") for _ in range(rng.randint(4, 25))]
        self.steps = [(kind, [rng.random() for _ in range(4)]) for kind in kinds]
        self.data = [[rng.uniform(-1, 1) for _ in range(self.width)] for _ in range(self.samples)]
        self.category = [rng.randrange(5) for _ in range(self.samples)]
        self.branches, self.carries = rng.random() < 0.3, rng.random() < 0.1
        self.end = rng.choice(["builtin", "sum", "mean", "dot", "weighted", "logsumexp", "sqrt"])
        self.penalty, self.mean_of_others, self.product_of_others = (rng.random() < p for p in (0.5, 0.2, 0.2))

    def record(self, numbers):
        """The loss, and its parameters, with these numbers."""
        parameters = [Value(x) for x in numbers]
        shared, own, table = (
            parameters[: self.shared],
            parameters[self.shared : self.shared + self.samples],
            parameters[-5:],
        )
        scaled, bent = [ad.exp(p) * 0.1 for p in shared], [ad.tanh(p) for p in table]
        self.state = shared[0] * 1.0
        terms, others = [], []
        for i in range(self.samples):
            results = self.sample(i, shared, own[i], table[self.category[i]], scaled, bent[self.category[i]])
            others.append(results[len(results) // 2])
            terms.append(results[-1] + 0.1 * ad.sum(results[-3:]))
        loss = self.ended(terms, shared[0])
        if self.penalty:
            loss = loss + 0.01 * sum(p * p for p in parameters)
        if self.mean_of_others:
            loss = loss + ad.mean(others)
        if self.product_of_others:
            loss = loss + others[0] * others[-1]
        return loss, parameters

    def sample(self, i, shared, own, entry, scaled, bent):
        """The results of the steps for one sample."""
        xs = self.data[i]
        results = [shared[0] * xs[0] + xs[-1]]
        for step, (first, second, third, fourth) in self.steps:
            a, b = results[int(first * len(results))], results[int(second * len(results))]
            p, q = shared[int(third * len(shared))], scaled[int(third * len(scaled))]
            x = xs[int(fourth * self.width)]
            if step == "s":
                z = a * p + b
            elif step == "p":
                z = ad.tanh(a * q)
            elif step == "d":
                z = ad.dot([a, b, p], [p, x, q], q)
            elif step == "c":
                z = a * x - 1.0
            elif step == "o":
                z = a * own
            elif step == "t":
                z = a + entry * p
            elif step == "g":
                z = ad.sin(a) * bent
            elif step == "D":
                z = ad.sum([a, b, x, p]) * 0.3
            elif step == "b":
                z = ad.relu(a - b) + (a if not self.branches or x > 0 else ad.sin(b))
            elif step == "n":
                z = ad.softmax([a, b, p])[self.category[i] % 3 if fourth < 0.1 else 1]
            elif step == "x":
                z = ad.logsumexp([a, b, x])
            elif step == "l":  # a loop in the loop
                z = sum(ad.tanh(a * w + b) for w in shared)
            elif step == "y":  # a neuron, as micrograd has it
                z = sum((w * v for w, v in zip([p, q, p, a], [a, x, b, b], strict=True)), q)
            elif step == "r" and self.carries:
                z = self.state = ad.tanh(self.state * p + a)
            else:
                continue
            results.append(ad.tanh(z) if len(results) % 5 == 0 else z)
        return results

    def ended(self, terms, p):
        """What is made of a number of every sample."""
        if self.end == "builtin":
            return sum(terms) / len(terms)
        if self.end == "dot":
            return ad.dot(terms, [xs[0] for xs in self.data])
        if self.end == "weighted":
            return ad.sum([(2.0 * t - p) * p if i % 2 else -t / 3 for i, t in enumerate(terms)])
        if self.end == "sqrt":
            return ad.sqrt(sum(t * t for t in terms) + 1)
        return {"sum": ad.sum, "mean": ad.mean, "logsumexp": ad.logsumexp}[self.end](terms)


def assert_equal(found, loss, parameters):
    """A value and a gradient are those of the graph."""
    value, gradient = found
    np.testing.assert_allclose(value, loss.data, rtol=1e-12, atol=1e-12)
    true = np.array(ad.gradients(loss, parameters))
    np.testing.assert_allclose(gradient, true, rtol=0, atol=1e-11 * max(1.0, np.abs(true).max()))


@FEW
@given(st.integers(0, 2**32))
def test_a_program_with_loops_gives_what_the_graph_gives(seed):
    loops = Loops(seed)
    loss, parameters = loops.record(loops.numbers)
    program = ad.compile(loss, [], parameters)
    assert_equal(program.value_and_grad(), loss, parameters)
    others = [x + 0.01 for x in loops.numbers]
    moved, others = loops.record(others)
    if len(ad.topological_order(moved)) == len(ad.topological_order(loss)):  # no other branch was taken
        assert_equal(program.value_and_grad(parameters=[p.data for p in others]), moved, others)
    np.testing.assert_allclose(ad.compile(loss, [], parameters)(), loss.data, rtol=1e-12, atol=1e-12)


def found_in(loss, parameters, inputs=()):
    return reroll(read_graph([loss], [*inputs], [*parameters])).loops


def test_the_fuzz_finds_loops():
    counts = [len(found_in(*Loops(seed).record(Loops(seed).numbers))) for seed in range(40)]
    assert sum(count > 0 for count in counts) > 20
    assert sum(count > 1 for count in counts) > 5
