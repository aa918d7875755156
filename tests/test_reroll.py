"""Loops that Python unrolled are found again; the program gives what the recorded graph gives."""

import os
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as ad
from autodiff import Value

np = pytest.importorskip("numpy")
pytest.importorskip("numba", reason="loops are found on the way to machine code")

from autodiff.compiler.chains import chains  # noqa: E402
from autodiff.compiler.graph import read_graph  # noqa: E402
from autodiff.compiler.namespaces import build  # noqa: E402
from autodiff.compiler.reroll import reroll  # noqa: E402

FEW = settings(max_examples=40 if os.environ.get("HYPOTHESIS_PROFILE", "ci") == "ci" else 10_000)


class Loops:
    """A random program that loops over its samples, which may be recorded anew at other numbers.

    Every sample goes through the same steps, unless the program branches on its data; the steps take what all share,
    what is the sample's own, what it picks from a table, and what was computed of these before the loop; they may carry
    a state from one sample to the next.  Some results are used outside.  What is made of them is linear or not.
    """

    def __init__(self, seed, most=300):
        rng = random.Random(seed)
        self.seed, self.rng = seed, rng
        self.samples, self.width = min(most, rng.choice([8, 9, 16, 40, 40, 150, 300])), rng.randint(1, 4)
        self.shared = rng.randint(1, 5)
        self.numbers = [rng.uniform(0.5, 1.5) for _ in range(self.shared + self.samples + 6)]
        kinds = [rng.choice("sspdcotDbnxglyrv") for _ in range(rng.randint(4, 25))]
        self.steps = [(kind, [rng.random() for _ in range(4)]) for kind in kinds]
        self.data = [[rng.uniform(-1, 1) for _ in range(self.width)] for _ in range(self.samples)]
        self.category = [rng.randrange(5) for _ in range(self.samples)]
        self.branches, self.carries = rng.random() < 0.3, rng.random() < 0.1
        self.end = rng.choice(
            ["builtin", "sum", "mean", "dot", "weighted", "logsumexp", "sqrt", "among", "onto", "with"]
        )
        self.penalty, self.mean_of_others, self.product_of_others = (rng.random() < p for p in (0.5, 0.2, 0.2))

    def record(self, numbers):
        """The loss, and its parameters, with these numbers."""
        parameters = [Value(x) for x in numbers]
        shared, own, table = (
            parameters[: self.shared],
            parameters[self.shared : self.shared + self.samples],
            parameters[-6:-1],
        )
        outside = parameters[-1] * shared[-1]
        scaled, bent = [ad.exp(p) * 0.1 for p in shared], [ad.tanh(p) for p in table]
        self.state = shared[0] * 1.0
        terms, others = [], []
        for i in range(self.samples):
            results = self.sample(i, shared, own[i], table[self.category[i]], scaled, bent[self.category[i]])
            others.append(results[len(results) // 2])
            terms.append(results[-1] + 0.1 * ad.sum(results[-3:]))
        loss = self.ended(terms, shared[0], outside)
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
            elif step == "v":  # what a comparison meets gets no gradient by it
                z = ad.where(a < p, b, x) + (own > q) * a
            elif step == "r" and self.carries:
                z = self.state = ad.tanh(self.state * p + a)
            else:
                continue
            results.append(ad.tanh(z) if len(results) % 5 == 0 else z)
        return results

    def ended(self, terms, p, outside):
        """What is made of a number of every sample, and of one from outside the loop."""
        if self.end == "builtin":
            return sum(terms) / len(terms)
        if self.end == "dot":
            return ad.dot(terms, [xs[0] for xs in self.data])
        if self.end == "weighted":
            return ad.sum([(2.0 * t - p) * p if i % 2 else -t / 3 for i, t in enumerate(terms)])
        if self.end == "among":
            return ad.sum([*terms[:3], outside, *terms[3:]]) - outside
        if self.end == "onto":
            return sum(terms, outside)
        if self.end == "with":
            return ad.mean([outside, *terms]) * 2
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


@FEW
@given(st.integers(0, 2**32))
def test_a_program_with_loops_and_inputs_gives_what_the_graphs_give(seed):
    """What is an input is each sample's own: in the loop, around it, or in both."""
    loops, rng = Loops(seed, most=40), random.Random(seed)
    loss, leaves = loops.record(loops.numbers)
    last = len(leaves) - 1
    chosen = sorted(
        {last, *rng.sample(range(last), rng.randint(0, 2))} if rng.random() < 0.7 else {rng.randrange(last)}
    )
    inputs, parameters = [leaves[i] for i in chosen], [p for i, p in enumerate(leaves) if i not in chosen]
    rows, graphs = [], []
    for shift in (0.0, 0.01, -0.01):
        numbers = [x + shift * (i in chosen) for i, x in enumerate(loops.numbers)]
        rows.append([numbers[i] for i in chosen])
        graphs.append(loops.record(numbers))
    if len({len(ad.topological_order(graph)) for graph, _ in graphs}) > 1:
        return  # another branch was taken
    program = ad.compile(loss, inputs, parameters)
    value, (slopes, by_input) = program.value_and_grad(*zip(*rows, strict=True), wrt="both", reduce="sum")
    true = [np.array(ad.gradients(graph, copies)) for graph, copies in graphs]
    scale = max(1.0, *(np.abs(gradient).max() for gradient in true))
    np.testing.assert_allclose(value, sum(graph.data for graph, _ in graphs), rtol=1e-12, atol=1e-12)
    others = np.array([i not in chosen for i in range(len(leaves))])
    np.testing.assert_allclose(slopes, sum(true)[others], rtol=0, atol=1e-11 * scale)
    np.testing.assert_allclose(by_input.T, [gradient[~others] for gradient in true], rtol=0, atol=1e-11 * scale)


def found_in(loss, parameters, inputs=()):
    return reroll(read_graph([loss], [*inputs], [*parameters])).loops


def test_the_fuzz_finds_loops():
    counts = [len(found_in(*Loops(seed).record(Loops(seed).numbers))) for seed in range(20)]
    assert sum(count > 0 for count in counts) > 10
    assert sum(count > 1 for count in counts) > 1


@pytest.mark.parametrize("seed", range(15))
def test_the_text_of_a_program_with_loops_gives_what_the_graph_gives(seed):
    loops = Loops(seed, most=40)
    loss, parameters = loops.record(loops.numbers)
    text = ad.compile(loss, [], parameters).source()
    assert ("in zip(samples" in text or "in samples" in text) == any(
        len(loop.gathered) < len(loop.columns) for loop in found_in(loss, parameters)
    )
    value, _, gradient = build(text, "math")[1]([], [p.data for p in parameters])
    assert_equal((value, np.array(gradient)), loss, parameters)


# ---------------------------------------------------------------------------------------------------------------------
# Networks.
# ---------------------------------------------------------------------------------------------------------------------


class Network:
    """A neuron layer by layer as micrograd has it: + and *, the bias first, last, or none."""

    def __init__(self, widths, bias="first", seed=0, samples=30):
        rng = random.Random(seed)
        self.widths, self.bias = widths, bias
        self.layers = [
            [([Value(rng.uniform(-1, 1)) for _ in range(n)], Value(rng.uniform(-1, 1))) for _ in range(m)]
            for n, m in pairwise(widths)
        ]
        self.parameters = [p for layer in self.layers for ws, b in layer for p in (*ws, b)]
        self.samples = [[rng.uniform(-1, 1) for _ in range(widths[0])] for _ in range(samples)]

    def neuron(self, weights, b, xs):
        products = (w * x for w, x in zip(weights, xs, strict=True))
        if self.bias == "first":
            return sum(products, b)
        return sum(products) + b if self.bias == "last" else sum(products)

    def __call__(self, xs):
        for layer in self.layers:
            xs = [ad.tanh(self.neuron(weights, b, xs)) for weights, b in layer]
        return xs

    def loss(self):
        return sum((1.0 - sum(self(xs))) ** 2 for xs in self.samples)


def bits(x):
    return np.float64(x).view(np.int64)


@pytest.mark.parametrize("bias", ["first", "last", "none"])
@pytest.mark.parametrize("seed", range(5))
def test_a_chain_of_products_has_the_value_of_the_chain_to_the_last_bit(bias, seed):
    rng = random.Random(seed)
    network = Network([rng.randint(1, 9), rng.randint(1, 9), rng.randint(1, 5)], bias, seed, rng.choice([8, 30, 200]))
    sums = [network.neuron(*neuron, xs) for xs in network.samples for neuron in network.layers[0]]
    loss = network.loss() + sum(x * x for x in sums)
    program = ad.compile(loss, [], network.parameters)
    assert_equal(program.value_and_grad(), loss, network.parameters)
    every = ad.compile(sums, [], network.parameters)  # nothing but the sums themselves: products of matrices
    assert [bits(x) for x in every()] == [bits(x.data) for x in sums]


@pytest.mark.parametrize("bias", ["first", "last", "none"])
def test_a_chain_by_sample_is_exact_too(bias):
    network = Network([7, 5, 3], bias)
    inputs = [Value(x) for x in network.samples[0]]
    sums = [network.neuron(*neuron, inputs) for neuron in network.layers[0]]
    program = ad.compile(sums, inputs, network.parameters)
    found = program(np.array(network.samples).T)
    for i, xs in enumerate(network.samples):
        assert [bits(x) for x in found[:, i]] == [bits(network.neuron(*n, xs).data) for n in network.layers[0]]


@pytest.mark.parametrize("specials", [[0.0, -0.0], [np.inf, -np.inf, 1.0], [np.nan, 1.0], [1e308, -1e308, 1e-320]])
def test_a_chain_of_special_numbers(specials):
    rng = random.Random(1)
    weights = [[Value(rng.choice(specials)) for _ in range(16)] for _ in range(6)]
    rows = [[rng.choice(specials) for _ in range(16)] for _ in range(8)]
    sums = [sum(w * x for w, x in zip(ws, xs, strict=True)) for xs in rows for ws in weights]
    found = ad.compile(sums, [], [w for ws in weights for w in ws])()
    np.testing.assert_array_equal(found, [x.data for x in sums])
    np.testing.assert_array_equal(np.signbit(found[found == 0]), [False for x in sums if x.data == 0])


def kernels(program):
    code = program._engine("parameters").machine.lowered.call
    return [code.kernels[i] for i in code.forward[:, 0]]


def test_a_layer_over_several_inputs_is_one_product_of_matrices():
    network = Network([16, 24, 8], samples=7)
    loss = network.loss()
    program = ad.compile(loss, [], network.parameters)
    assert_equal(program.value_and_grad(), loss, network.parameters)
    assert kernels(program).count(("product", "forward_in_order")) == 2  # one a layer


def test_dots_over_several_inputs_are_one_product_of_matrices():
    network = Network([16, 24, 8], samples=7)
    layer = network.layers[0]
    loss = sum(ad.tanh(ad.dot(weights, xs, b)) for xs in network.samples for weights, b in layer)
    program = ad.compile(loss, [], network.parameters)
    assert_equal(program.value_and_grad(), loss, network.parameters)
    assert ("product", "forward") in kernels(program)


def test_a_matrix_that_several_blocks_share_is_there_once():
    network = Network([4, 6, 6], samples=20)
    x = [[Value(0.1) for _ in range(4)] for _ in range(3)]
    outputs = [z for xs in x for z in network(xs)]
    inputs = [a for xs in x for a in xs]
    program = ad.compile(ad.sum(outputs), inputs, network.parameters)
    rows = np.random.default_rng(0).uniform(-1, 1, (12, 5))
    value, gradient = program.value_and_grad(rows, reduce="sum")
    assert len(program._engine("parameters").machine.lowered.lanes.blocks) == 2
    true = ad.sum([z for row in rows.T for k in range(3) for z in network(row[4 * k : 4 * k + 4].tolist())])
    assert_equal((value, gradient), true, network.parameters)


def test_blocks_of_the_same_weights_in_another_shape_have_matrices_of_their_own():
    """3 neurons of 3 inputs and a bias, 4 of 3 without, 2 of 6: twelve times the same weight."""
    xs, w = [Value(0.1 * i) for i in range(1, 7)], Value(1.5)

    def loss(xs):
        biased = [ad.dot([w] * 3, xs[:3], w) for _ in range(3)]
        plain = [ad.dot([w] * 3, xs[:3]) for _ in range(4)]
        wide = [ad.dot([w] * 6, xs) for _ in range(2)]
        return ad.sum([f(z * 0.1) for f, zs in ((ad.tanh, biased), (ad.sin, plain), (ad.exp, wide)) for z in zs])

    rows = np.random.default_rng(0).uniform(-1, 1, (6, 5))
    found = ad.compile(loss(xs), xs, [w]).value_and_grad(rows, reduce="sum")
    assert_equal(found, ad.sum([loss(row.tolist()) for row in rows.T]), [w])


@pytest.mark.parametrize(
    "aside",
    [lambda r: r.detach(), lambda r: (r > 0) * 1.0, lambda r: ad.where(r > 0, 2.0, 3.0), lambda r: 0.0 * r.detach()],
)
def test_a_lane_whose_result_no_gradient_reaches(aside):
    """What others write where nobody reads is not its gradient."""
    w = Value(0.5)
    lanes = [ad.tanh(w * c + ad.sin(w * c)) * ad.cos(w - c) for c in [i / 40 + 0.1 for i in range(40)]]
    picked = ad.select(ad.floor(w * 2), [w * 1.0, 0.7, *lanes[1:]])
    loss = picked * 5 + ad.square(sum(lanes[1:])) + aside(lanes[0])
    assert len(found_in(loss, [w])) == 1
    assert_equal(ad.compile(loss, [], [w]).value_and_grad(), loss, [w])


# ---------------------------------------------------------------------------------------------------------------------
# What becomes a loop.
# ---------------------------------------------------------------------------------------------------------------------


def test_a_loop_over_samples_leaves_one_operation_for_each_of_the_body():
    network = Network([2, 16, 16, 1], samples=100)
    (loop,) = found_in(network.loss(), network.parameters)
    assert len(loop.results) == 100
    assert len(loop.columns) == 2  # x1 and x2; nothing is gathered
    assert sorted(set(loop.shared.tolist())) == sorted(loop.shared.tolist())
    assert len(loop.shared) == len(network.parameters)
    assert not len(loop.gathered)


def test_parameters_of_a_lane_are_gathered():
    shared, own = [Value(0.5), Value(-0.2)], [Value(i / 50) for i in range(50)]
    loss = sum(ad.tanh(ad.exp(shared[0] * p) * ad.sin(shared[1] + p) - p) for p in own)
    (loop,) = found_in(loss, [*shared, *own])
    assert len(loop.gathered) == 1
    assert_equal(ad.compile(loss, [], [*shared, *own]).value_and_grad(), loss, [*shared, *own])


def test_a_branch_makes_two_loops():
    w = [Value(0.5), Value(-0.2), Value(0.3)]
    xs = [i / 100 - 1 for i in range(201)]
    loss = sum(ad.tanh(w[0] * x + w[1]) if x > 0 else ad.exp(w[2] * x) * ad.sin(x * w[0]) for x in xs)
    loops = found_in(loss, w)
    assert sorted(len(loop.results) for loop in loops) == [100, 101]
    assert_equal(ad.compile(loss, [], w).value_and_grad(), loss, w)


def test_a_recurrence_is_no_loop_over_lanes():
    w, state = [Value(0.5), Value(-0.2)], Value(0.1)
    for i in range(200):
        state = ad.tanh(w[0] * state + w[1] * (i / 200))
    assert not found_in(state, w)
    assert_equal(ad.compile(state, [], w).value_and_grad(), state, w)


def test_what_is_used_outside_the_loop_stays_right():
    w, others = [Value(0.5), Value(-0.2)], []
    loss = 0.0
    for i in range(60):
        inner = ad.exp(w[0] * (i / 60))
        others.append(inner)
        loss = loss + ad.tanh(inner * w[1] + ad.sin(inner))
    loss = loss + ad.logsumexp(others) * others[3]
    assert found_in(loss, w)
    assert_equal(ad.compile(loss, [], w).value_and_grad(), loss, w)


def test_other_components_of_a_softmax_are_another_body():
    w = [Value(0.5), Value(-0.2), Value(0.3)]
    loss = sum(ad.log(ad.softmax([p * (i / 60) for p in w])[i % 3]) * 0.1 + ad.sin(w[0] * i) for i in range(150))
    assert sorted(len(loop.results) for loop in found_in(loss, w)) == [50, 50, 50]
    assert_equal(ad.compile(loss, [], w).value_and_grad(), loss, w)


@pytest.mark.parametrize("samples", [8, 63, 64, 65, 300])
@pytest.mark.parametrize("end", [sum, ad.logsumexp, lambda xs: ad.sqrt(sum(x * x for x in xs))])
def test_any_number_of_lanes(samples, end):
    network = Network([3, 5, 4], samples=samples)
    loss = end([sum(network(xs)) for xs in network.samples])
    (loop,) = found_in(loss, network.parameters)
    assert len(loop.results) == samples
    assert_equal(ad.compile(loss, [], network.parameters).value_and_grad(), loss, network.parameters)


def test_a_loop_beside_what_runs_by_sample():
    network, x = Network([3, 5, 4], samples=40), Value(0.3)
    penalty = network.loss()
    loss = ad.tanh(penalty * 0.01 * x) + x * network.parameters[0]
    program = ad.compile(loss, [x], network.parameters)
    assert len(program._engine("both").machine.loops) == 1
    xs = [0.1, -0.4, 0.7]
    value, (slopes, by_input) = program.value_and_grad(xs, wrt="both", reduce="sum")
    copies = [Value(a) for a in xs]
    true = sum(ad.tanh(penalty * 0.01 * a) + a * network.parameters[0] for a in copies)
    assert_equal((value, slopes), true, network.parameters)
    assert_equal((value, by_input[0]), true, copies)


def test_values_alone_and_gradients_agree():
    network = Network([3, 5, 4], samples=40)
    program = ad.compile([network.loss(), network.parameters[0] * 2], [], network.parameters)
    np.testing.assert_allclose(program(), [network.loss().data, network.parameters[0].data * 2], rtol=1e-13)


def test_chains_leave_numbers_where_they_are():
    network = Network([6, 6, 6], samples=8)
    graph = read_graph([network.loss()], [], network.parameters)
    after = chains(graph)
    assert after.outputs.tolist() == graph.outputs.tolist()
    assert after.parameters.tolist() == graph.parameters.tolist()
    assert len(after.op) == len(graph.op)


def test_a_text_with_a_loop_reads_as_one():
    w = [Value(0.5, label="w"), Value(-0.2, label="b")]
    rng = random.Random(3)
    data = [(rng.uniform(-1, 1), rng.choice([-1.0, 1.0])) for _ in range(40)]
    loss = sum(ad.relu(1.0 - y * ad.tanh(w[0] * x + w[1])) for x, y in data)
    text = ad.compile(loss, [], w).source()
    assert "for x1, x2 in samples:" in text
    assert text.count("tanh") == 4  # forward in both functions, again on the way back, and in a comment
