"""Many steps in one call: ``Program.train`` does what a step at a time does."""

import functools
import math
import random
import signal
import threading
from functools import partial
from random import Random

import numpy as np
import pytest

import autodiff as ad
import nn
from autodiff import LengthError, NonFiniteError, OperandError, Value
from autodiff.errors import CompileError

pytest.importorskip("numba")
from autodiff.compiler.training import ManySteps
from autodiff.compiler.update import Update

SAMPLES = 30
RNG = np.random.default_rng(0)
X = np.vstack([RNG.normal(size=(2, SAMPLES)), RNG.choice([-1.0, 1.0], SAMPLES)])

OPTIMIZERS = {
    "sgd": partial(nn.SGD, lr=0.1),
    "momentum": partial(nn.SGD, lr=0.1, momentum=0.9, weight_decay=0.01),
    "nesterov": partial(nn.SGD, lr=0.1, momentum=0.8, nesterov=True),
    "rmsprop": partial(nn.RMSProp, momentum=0.5, alpha=0.9, weight_decay=0.01),
    "adam": partial(nn.Adam, lr=0.02, weight_decay=0.01),
    "adamw": partial(nn.AdamW, lr=0.02, betas=(0.8, 0.99)),
}


def network(l2=0.0, **settings):
    """A loss of two numbers and a target, compiled, and the parameters of the network."""
    model = nn.MLP(2, [5, 1], "tanh", seed=1)
    x, y = [Value(0.0), Value(0.0)], Value(0.0)
    loss = (1 - y * model(x)).relu() + l2 * ad.sum([w * w for w in model.weights()])
    return ad.compile(loss, [*x, y], model.parameters(), **settings), model


def one_by_one(program, columns, optimizer, batches, rates, reduce="mean"):
    """The same with what there was before: the gradient of a batch, and a step of the optimiser in Python."""
    losses = []
    for batch, rate in zip(batches, rates, strict=True):
        optimizer.zero_grad()
        losses.append(program.backward(columns[:, batch], reduce=reduce))
        optimizer.lr = rate
        optimizer.step()
    return losses


def numbers(model):
    return [p.data for p in model.parameters()]


def batches_of(size, steps, seed=0):
    rng = Random(seed)
    return [rng.sample(range(SAMPLES), size) for _ in range(steps)]


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("reduce", ["mean", "sum"])
def test_it_is_a_step_at_a_time_to_the_last_bit(name, reduce):
    batches, rates = batches_of(7, 40), np.linspace(0.05, 0.001, 40)
    (program, model), (twin, same) = network(l2=0.01), network(l2=0.01)
    mine, theirs = OPTIMIZERS[name](model.parameters()), OPTIMIZERS[name](same.parameters())
    losses = program.train(X, optimizer=mine, batches=batches, rates=rates, reduce=reduce)
    assert losses.tolist() == one_by_one(twin, X, theirs, batches, rates, reduce)
    assert numbers(model) == numbers(same)
    assert [p.grad for p in model.parameters()] == [p.grad for p in same.parameters()]
    state, expected = ({k: v for k, v in vars(o).items() if k not in ("parameters", "lr")} for o in (mine, theirs))
    assert state == expected
    assert (type(mine.steps), {type(x) for v in state.values() if isinstance(v, list) for x in v}) == (int, {float})


def test_it_is_the_eager_training_of_a_loop_of_values():
    """A truth that knows no compiler: the loss recorded anew for every sample, and an optimiser that steps."""
    batches = batches_of(4, 25)
    (program, model), eager = network(), nn.MLP(2, [5, 1], "tanh", seed=1)
    losses = program.train(X, optimizer=nn.Adam(model.parameters(), lr=0.05), batches=batches)
    optimizer, expected = nn.Adam(eager.parameters(), lr=0.05), []
    for batch in batches:
        loss = ad.mean([(1 - y * eager([a, b])).relu() for a, b, y in X[:, batch].T.tolist()])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        expected.append(loss.data)
    assert losses == pytest.approx(expected, rel=1e-12)
    assert numbers(model) == pytest.approx(numbers(eager), rel=1e-12)


def test_steps_with_all_samples():
    (program, model), (twin, same) = network(), network()
    losses = program.train(X, optimizer=nn.SGD(model.parameters(), lr=0.1), batches=20)
    optimizer = nn.SGD(same.parameters(), lr=0.1)
    assert losses.tolist() == one_by_one(twin, X, optimizer, [range(SAMPLES)] * 20, [0.1] * 20)
    assert numbers(model) == numbers(same)
    assert optimizer.lr == 0.1


def test_many_samples_in_several_chunks():
    columns = RNG.normal(size=(3, 5000))
    (program, model), (twin, same) = network(), network()
    losses = program.train(columns, optimizer=nn.SGD(model.parameters(), lr=0.1), batches=3)
    assert losses.tolist() == one_by_one(twin, columns, nn.SGD(same.parameters(), lr=0.1), [range(5000)] * 3, [0.1] * 3)
    assert numbers(model) == numbers(same)


def test_single_precision():
    (program, model), (twin, same) = network(precision="float32"), network(precision="float32")
    losses = program.train(X, optimizer=nn.Adam(model.parameters()), batches=batches_of(7, 9))
    assert losses.tolist() == one_by_one(twin, X, nn.Adam(same.parameters()), batches_of(7, 9), [0.001] * 9)
    assert numbers(model) == numbers(same)


def test_an_optimiser_of_some_parameters_in_another_order():
    (program, model), (twin, same) = network(), network()
    some, others = model.parameters()[9:2:-2], same.parameters()[9:2:-2]
    losses = program.train(X, optimizer=nn.Adam(some, lr=0.1), batches=batches_of(7, 20))
    assert losses.tolist() == one_by_one(twin, X, nn.Adam(others, lr=0.1), batches_of(7, 20), [0.1] * 20)
    assert numbers(model) == numbers(same)


def test_training_goes_on_where_it_stopped():
    (program, model), (twin, same) = network(), network()
    optimizer, other = nn.Adam(model.parameters(), lr=0.1), nn.Adam(same.parameters(), lr=0.1)
    batches = batches_of(7, 30)
    losses = program.train(X, optimizer=optimizer, batches=batches)
    parts = [twin.train(X, optimizer=other, batches=batches[i : i + 10]) for i in (0, 10, 20)]
    assert losses.tolist() == np.concatenate(parts).tolist()
    assert numbers(model) == numbers(same)


def test_a_graph_without_inputs():
    """micrograd's course: the loss of all samples is one graph, and a step is a call."""

    def whole():
        model = nn.MLP(2, [5, 1], "tanh", seed=1)
        loss = ad.mean([(1 - y * model([a, b])).relu() for a, b, y in X.T.tolist()])
        return ad.compile(loss, parameters=model.parameters()), model

    (program, model), (twin, same) = whole(), whole()
    losses = program.train(optimizer=nn.SGD(model.parameters(), lr=0.1, momentum=0.9), batches=30)
    optimizer, expected = nn.SGD(same.parameters(), lr=0.1, momentum=0.9), []
    for _ in range(30):
        optimizer.zero_grad()
        expected.append(twin.backward())
        optimizer.step()
    assert losses.tolist() == expected
    assert numbers(model) == numbers(same)


# ---------------------------------------------------------------------------------------------------------------------
# Where the machine does not do it.
# ---------------------------------------------------------------------------------------------------------------------


class OfItsOwn(nn.Optimizer):
    """What numba compiles as well."""

    def slope(self, i, w):
        return math.copysign(1.0, w.grad) + self.weight_decay * w.data


class Bounded(nn.Optimizer):
    """The least and the greatest of numbers that are not whole."""

    def slope(self, i, w):
        return max(-0.05, min(0.05, w.grad))


class OrElse(nn.Optimizer):
    """A number, or another where that is 0."""

    def slope(self, i, w):
        return w.grad * (self.weight_decay or 0.5)


class Clipped(nn.SGD):
    """What a step does besides its formula."""

    def step(self):
        nn.clip_grad_norm(self.parameters, 0.05)
        super().step()


class Noisy(nn.Optimizer):
    """A formula with what numba compiles to something else: it draws from a generator of its own."""

    def slope(self, i, w):
        return w.grad + random.gauss(0.0, 0.1)


class Labelled(nn.Optimizer):
    """A formula that no machine has."""

    def slope(self, i, w):
        return w.grad * len(w.label)


class OneList(nn.Optimizer):
    """Two names for what it remembers."""

    def __init__(self, parameters, lr):
        super().__init__(parameters, lr)
        self.a = self.b = [0.0] * len(self.parameters)

    def slope(self, i, w):
        self.a[i] += w.grad
        return self.a[i] + 2 * self.b[i]


def halved(method):
    @functools.wraps(method)
    def half(self, i, w):
        return method(self, i, w) / 2

    return half


class Decorated(nn.Optimizer):
    """The text of the method is not all that is done."""

    @halved
    def slope(self, i, w):
        return w.grad


def enclosed(abs):
    class Enclosed(nn.Optimizer):
        """A name that is not what it looks like."""

        def slope(self, i, w):
            return abs(w.grad)

    return Enclosed


Enclosed = enclosed(lambda x: x)


class Defaults(nn.Optimizer):
    """Names that come from nowhere in the text of the call."""

    def slope(self, i, w, *, factor=0.5):
        return factor * w.grad


@pytest.mark.parametrize(
    ("kind", "compiles"),
    [
        (OfItsOwn, True),
        (Bounded, True),
        (OrElse, True),
        (Clipped, False),
        (Noisy, False),
        (Labelled, False),
        (OneList, False),
        (Decorated, False),
        (Enclosed, False),
        (Defaults, False),
    ],
)
def test_an_optimiser_of_ones_own(kind, compiles):
    (program, model), (twin, same) = network(), network()
    random.seed(0)
    losses = program.train(X, optimizer=kind(model.parameters(), lr=0.02), batches=batches_of(7, 20))
    random.seed(0)
    assert losses.tolist() == one_by_one(twin, X, kind(same.parameters(), lr=0.02), batches_of(7, 20), [0.02] * 20)
    assert numbers(model) == numbers(same)
    if not compiles:
        with pytest.raises(CompileError):
            Update.of(kind(model.parameters(), lr=0.02))


def test_call_after_call_goes_on_from_what_there_is_now():
    """What did the steps before is kept for the next ones; whatever changed between them holds."""
    (program, model), (twin, same) = network(), network()
    mine, theirs = nn.Adam(model.parameters(), lr=0.05), nn.Adam(same.parameters(), lr=0.05)
    batches = batches_of(7, 5)

    def both(columns=X, optimizer=mine, other=theirs):
        losses = program.train(columns, optimizer=optimizer, batches=batches)
        assert losses.tolist() == one_by_one(twin, columns, other, batches, [other.lr] * 5)
        assert numbers(model) == numbers(same)

    both()
    kept = program._steps
    for change in (
        lambda p, o: setattr(p[0], "data", 0.25),
        lambda p, o: setattr(o, "lr", 0.01),
        lambda p, o: setattr(o, "betas", (0.5, 0.9)),
        lambda p, o: setattr(o, "steps", 0),
    ):
        change(model.parameters(), mine)
        change(same.parameters(), theirs)
        both()
    both(np.asfortranarray(X[:, ::-1]))
    assert program._steps is kept
    both(X, nn.SGD(model.parameters(), lr=0.1), nn.SGD(same.parameters(), lr=0.1))
    some, others = model.parameters()[:4], same.parameters()[:4]
    both(X, nn.Adam(some, lr=0.1), nn.Adam(others, lr=0.1))
    both()


def test_a_formula_that_was_replaced():
    """A cell of a notebook that runs again, say."""

    class Patched(nn.Optimizer):
        def slope(self, i, w):
            return w.grad

    w, x = Value(1.0), Value(0.0)
    program = ad.compile(w * x, [x], [w])
    program.train([1.0], optimizer=Patched([w], lr=0.5), batches=1)
    assert w.data == 0.5
    Patched.slope = lambda self, i, w: 3 * w.grad
    program.train([1.0], optimizer=Patched([w], lr=0.5), batches=1)
    assert w.data == -1.0


class Raising(nn.Optimizer):
    """A formula that is 0/0 where there is nothing to learn, which Python refuses."""

    def slope(self, i, w):
        return w.grad / abs(w.grad)


@pytest.mark.parametrize("engine", ["machine", "source"])
@pytest.mark.parametrize("steps", [3, 2000])
def test_a_formula_that_raises_does_so_and_nothing_is_lost(engine, steps):
    w, x = Value(1.0), Value(0.0)
    program = ad.compile(w * x, [x], [w], engine=engine)
    optimizer = Raising([w], lr=0.25)
    with pytest.raises(ZeroDivisionError):
        program.train([1.0, 0.0], optimizer=optimizer, batches=[*[[0]] * (steps - 1), [1], [0]])
    assert w.data == 1.0 - 0.25 * (steps - 1)


def test_parameters_that_overflow_do_so_as_step_by_step():
    w, x = Value(1e308), Value(0.0)
    program = ad.compile(w * x, [x], [w])
    with pytest.raises(ad.NonFiniteError, match="stopped at step 1"):
        program.train([-1.0, 1.0], optimizer=nn.SGD([w], lr=1e308), batches=[[0], [1]])
    assert w.data == math.inf


def test_a_program_with_branches_and_one_without_machine_code():
    w = Value(1.0)
    branching = ad.compile(lambda x: (w * x - 1) ** 2 if x > 0 else w * x, parameters=[w])
    losses = branching.train([1.0, -1.0], optimizer=nn.SGD([w], lr=0.5), batches=[[0], [1], [0, 1]])
    assert losses.tolist() == [0.0, -1.0, (0.5**2 - 1.5) / 2]
    (program, model), (twin, same) = network(engine="source"), network()
    losses = program.train(X, optimizer=nn.Adam(model.parameters(), lr=0.1), batches=batches_of(7, 20))
    expected = one_by_one(twin, X, nn.Adam(same.parameters(), lr=0.1), batches_of(7, 20), [0.1] * 20)
    assert losses == pytest.approx(expected, rel=1e-12)


# ---------------------------------------------------------------------------------------------------------------------
# How it ends.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["machine", "source"])
def test_a_loss_that_is_not_finite_names_the_step(engine):
    w, x = Value(1.0), Value(0.0)
    program = ad.compile(ad.log(w) * x, [x], [w], engine=engine)
    optimizer = nn.SGD([w], lr=1.0, momentum=0.5)
    with pytest.raises(NonFiniteError, match="stopped at step 2, counting from 0, where the loss is nan"):
        program.train([0.0, 2.0], optimizer=optimizer, batches=[[0], [1], [1], [1]])
    assert (w.data, optimizer.steps, optimizer.velocity, optimizer.lr) == (-1.0, 2, [2.0], 1.0)


def test_an_interrupt_leaves_parameters_and_optimiser_of_the_same_step():
    """A real signal, while the machine is at work."""
    (program, model), (twin, same) = network(), network()
    optimizer, other = nn.Adam(model.parameters(), lr=0.1), nn.Adam(same.parameters(), lr=0.1)
    program.train(X, optimizer=optimizer, batches=1)
    timer = threading.Timer(0.5, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        program.train(X, optimizer=optimizer, batches=10**6)
    timer.join()
    twin.train(X, optimizer=other, batches=optimizer.steps)
    assert 1 < optimizer.steps < 10**6
    assert numbers(model) == numbers(same)
    assert (optimizer.mean, optimizer.lr) == (other.mean, 0.1)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"batches": [[0], []]}, OperandError, "the batch of step 1 is no list of numbers of samples"),
        ({"batches": [[0.5]]}, OperandError, "the batch of step 0 is no list of numbers of samples"),
        ({"batches": [[0], [30]]}, LengthError, "the batch of step 1 has a sample that is not in 0 to 29"),
        ({"batches": [[-1]]}, LengthError, "the batch of step 0 has a sample that is not in 0 to 29"),
        ({"batches": [[0, [1]]]}, OperandError, "the batch of step 0 is no list of numbers of samples"),
        ({"batches": -3}, OperandError, "batches is a number of steps, from 0 on, or one batch for each, not -3"),
        ({"batches": 2.5}, OperandError, "batches is a number of steps, from 0 on, or one batch for each, not 2.5"),
        ({"batches": None}, OperandError, "batches is a number of steps"),
        ({"rates": [0.1]}, LengthError, r"a rate for each of 2 steps; the array given has shape \(1,\)"),
        ({"rates": ["a", "b"]}, OperandError, "train: rates"),
        ({"rates": [0.1, np.nan]}, nn.ArgumentError, "the learning rate is a number from 0 on, not nan"),
        ({"rates": [np.inf, 0.1]}, nn.ArgumentError, "the learning rate is a number from 0 on, not inf"),
        ({"rates": [0.1, -0.1]}, nn.ArgumentError, "the learning rate is a number from 0 on, not -0.1"),
        ({"reduce": None}, OperandError, 'reduce is "mean" or "sum"'),
        ({"optimizer": 0.1}, OperandError, "takes an optimiser, as those of nn are, not 0.1"),
        ({"optimizer": nn.SGD([Value(1.0)], lr=0.1)}, OperandError, "what is no parameter of this program"),
        ({"columns": np.zeros((2, 30))}, LengthError, "3 inputs, and 2 columns"),
        ({"columns": np.zeros((3, 0))}, LengthError, "there is no sample to train on"),
    ],
)
def test_mistakes_are_named_and_nothing_is_lost(change, error, words):
    program, model = network()
    before = numbers(model)
    given = {"columns": X, "optimizer": nn.SGD(model.parameters(), lr=0.1), "batches": [[0], [1]]} | change
    with pytest.raises(error, match=words):
        program.train(given.pop("columns"), **given)
    assert numbers(model) == before


# ---------------------------------------------------------------------------------------------------------------------
# Several programs.
# ---------------------------------------------------------------------------------------------------------------------


def sequences(alone):
    """A recurrence over 2, 3 and 5 numbers: a program for each length over the same two parameters."""
    w, b = Value(0.5, label="w"), Value(0.1, label="b")
    programs = []
    for length in (2, 3, 5):
        xs, h = [Value(0.0) for _ in range(length)], Value(0.0)
        for x in xs:
            h = (w * h + x + b).tanh()
        programs.append(ad.compile(h * h, xs, [w, b]))
    columns = np.random.default_rng(1).normal(size=(5, 6))  # the first 2, 3 or 5 of which a program takes
    optimizer = nn.Adam([w, b], lr=0.05)
    return ManySteps(programs, columns, optimizer, alone=alone), programs, columns, (w, b)


@pytest.mark.parametrize("alone", [False, True])
def test_samples_of_several_lengths_are_one_loss_and_one_gradient(alone):
    rng, steps = Random(1), 30
    parts = [[(i, rng.sample(range(6), 1 if alone else 2)) for i in rng.sample(range(3), 2)] for _ in range(steps)]
    over = [sum(len(samples) for _, samples in step) for step in parts]
    training, *_ = sequences(alone)
    assert [*training.run(parts, over, [0.05] * steps)][-1] == steps
    _, programs, columns, (w, b) = sequences(alone)
    optimizer, expected = nn.Adam([w, b], lr=0.05), []
    for step, count in zip(parts, over, strict=True):
        found = [programs[i].value_and_grad(columns[: (2, 3, 5)[i], samples], reduce="sum") for i, samples in step]
        for p, slopes in zip((w, b), zip(*[gradient for _, gradient in found], strict=True), strict=True):
            p.grad = sum(slopes) / count
        expected.append(sum(value for value, _ in found) / count)
        optimizer.step()
    assert training.losses == pytest.approx(expected, rel=1e-12)
    training.write()
    assert training.numbers == pytest.approx([w.data, b.data], rel=1e-12)


def test_parameters_that_are_given_in_each_step():
    w, strength, x = Value(1.0), Value(0.0), Value(0.0)
    program = ad.compile((w - x) ** 2 + strength * w, [x], [strength, w])
    training = ManySteps([program], np.array([[0.0, 2.0]]), nn.SGD([w], lr=0.25), given=[strength])
    assert [*training.run([[(0, [0])], [(0, None)]], [1, 2], [0.25, 0.25], [[2.0], [4.0]])][-1] == 2
    # w = 1: 1 + 2; 2·1 + 2 → w = 0.  w = 0: (0 + 4)/2; (0 − 4)/2 + 4 → w = −0.5
    assert (training.losses.tolist(), training.numbers.tolist()) == ([3.0, 2.0], [-0.5])


def test_outputs_that_are_watched_are_those_before_each_step():
    w, x, constant = Value(1.0), Value(0.0), Value(7.0)
    program = ad.compile((w - x) ** 2, [x], [w])
    watched = ad.compile([w * x, constant * w, x], [x], [w])
    training = ManySteps([program], np.array([[0.0, 2.0, 4.0]]), nn.SGD([w], lr=0.25), watched=watched)
    assert [*training.run([[(0, [2, 0])], [(0, None)]], [2, 3], [0.25, 0.25])][-1] == 2
    first, second = training.seen  # w = 1: mean gradient ((1 − 4) + (1 − 0))·2/2 = −2 → w = 1.5
    assert first.tolist() == [[4.0, 0.0], [7.0, 7.0], [4.0, 0.0]]
    assert second.tolist() == [[0.0, 3.0, 6.0], [10.5, 10.5, 10.5], [0.0, 2.0, 4.0]]
