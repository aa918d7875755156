"""Backpropagation by hand and ``Value.backward`` agree on every activation and loss, and with published figures."""

# ruff: noqa: E741 (l is the layer, as in the formulas)

import math
from random import Random

import pytest
from cases import load
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import nn
from autodiff import LengthError, OperandError
from nn import backprop
from nn.backprop import backpropagate, deltas
from nn.errors import ArgumentError, StateError
from nn.module import as_list

shapes = st.tuples(st.integers(1, 4), st.lists(st.integers(1, 4), min_size=1, max_size=4))


def target_for(loss, n_outputs, rng):
    if loss == "cross_entropy":
        return rng.choice([rng.randrange(n_outputs), [1 / n_outputs] * n_outputs])
    if loss == "hinge":
        return [rng.choice([-1, 1]) for _ in range(n_outputs)]
    if loss.startswith("binary"):
        return [rng.choice([0, 1, rng.random()]) for _ in range(n_outputs)]
    return [rng.uniform(-2, 2) for _ in range(n_outputs)]


def assert_same(ours, theirs):
    assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-12)


def assert_agrees_with_values(model, inputs, target, loss):
    found = backpropagate(model, inputs, target, loss)
    if loss == "binary_cross_entropy":
        # Further out 1 - o has few digits left, and a derivative that divides by it has no more.
        assume(all(abs(S_j) < 5 for S_j in found.S[len(found.S)]))
    model.zero_grad()
    outputs = model(inputs)
    e = nn.LOSSES[loss](outputs, target)
    e.backward()
    assert_same(found.loss, e.data)
    assert_same(found.x[len(model.layers)], [o.data for o in as_list(outputs)])
    assert found.delta.keys() == deltas(model).keys()
    for l, layer in enumerate(model.layers, start=1):
        assert_same(found.S[l], [neuron.S.data for neuron in layer.neurons])
        assert_same(found.delta[l], deltas(model)[l])
        for j, neuron in enumerate(layer.neurons):
            assert_same(found.weight_gradients[l][j], [w.grad for w in neuron.w])
            if neuron.b is not None:
                assert_same(found.bias_gradients[l][j], neuron.b.grad)


@pytest.mark.parametrize("loss", nn.LOSSES)
@pytest.mark.parametrize("activation", backprop.ACTIVATIONS)
@settings(max_examples=settings().max_examples // 15)
@given(shape=shapes, output_activation=st.sampled_from([*backprop.ACTIVATIONS]), bias=st.booleans(), seed=st.integers())
def test_agrees_with_value_backward(activation, loss, shape, output_activation, bias, seed):
    n_inputs, sizes = shape
    if loss == "cross_entropy":
        sizes = [*sizes[:-1], sizes[-1] + 1]
    if loss == "binary_cross_entropy":
        output_activation = "sigmoid"
    rng = Random(seed)
    model = nn.MLP(n_inputs, sizes, activation, output_activation, bias=bias, rng=rng)
    for p in model.parameters():
        p.data = rng.uniform(-1, 1)
    inputs = [rng.uniform(-2, 2) for _ in range(n_inputs)]
    assert_agrees_with_values(model, inputs, target_for(loss, sizes[-1], rng), loss)


def test_everything_in_nn_is_written_out_by_hand():
    assert backprop.ACTIVATIONS.keys() == nn.ACTIVATIONS.keys()
    assert backprop.LOSSES.keys() == nn.LOSSES.keys()


def test_a_wrong_derivative_is_found(monkeypatch):
    g, _ = backprop.ACTIVATIONS["tanh"]
    monkeypatch.setitem(backprop.ACTIVATIONS, "tanh", (g, lambda S: 1 - g(S)))
    model = nn.MLP(2, [3, 1], "tanh", seed=0)
    with pytest.raises(AssertionError):
        assert_agrees_with_values(model, [0.5, -1.0], 1.0, "squared_error")


def test_mazur():
    """The article that most learners work through by hand, and the exact gradient of its network."""
    case = next(case for case in load("published_examples.json") if case["name"] == "mazur")
    w, published = case["inputs"], case["published"]
    found = backpropagate(
        [
            ([[w["w1"], w["w2"]], [w["w3"], w["w4"]]], [w["b1"]] * 2, "logistic"),
            ([[w["w5"], w["w6"]], [w["w7"], w["w8"]]], [w["b2"]] * 2, "logistic"),
        ],
        inputs=[0.05, 0.10],
        target=[0.01, 0.99],
        loss="squared_error",
    )
    assert (found.S[1][0], found.x[1][0], found.x[1][1], found.S[2][0], *found.x[2], found.loss) == pytest.approx(
        [published[name] for name in ("net_h1", "out_h1", "out_h2", "net_o1", "out_o1", "out_o2", "E")],
        rel=0,
        abs=case["tol"],
    )
    gradients = [g for l in (1, 2) for row in found.weight_gradients[l] for g in row]
    exact = [float(case["exact_grad"][f"w{n}"]) for n in range(1, 9)]
    assert gradients == pytest.approx(exact, rel=1e-13)
    assert gradients[0] == pytest.approx(published["dE/dw1"], rel=0, abs=case["tol"])
    for l in (1, 2):  # the article's layers have one bias for both nodes
        assert sum(found.bias_gradients[l]) == pytest.approx(float(case["exact_grad"][f"b{l}"]), rel=1e-13)


def test_base_cases():
    """(g(S) - y) g′(S) for half the squared error; o - y for a cross-entropy of a sigmoid and of a softmax."""
    S, y = 0.8, 0.25

    def base_case(activation, loss):
        return backpropagate([([[1.0]], None, activation)], [S], y, loss).delta[1]

    assert base_case("tanh", "squared_error") == [(math.tanh(S) - y) * (1 - math.tanh(S) ** 2)]
    o = 1 / (1 + math.exp(-S))
    assert base_case("sigmoid", "binary_cross_entropy") == [o - y]
    assert base_case("identity", "binary_cross_entropy_with_logits") == [o - y]
    found = backpropagate([([[1.0], [-1.0]], None, "identity")], [S], 1, "cross_entropy")
    o = math.exp(S) / (math.exp(S) + math.exp(-S))
    assert found.delta[1] == pytest.approx([o, 1 - o - 1], rel=1e-15)


def test_a_certain_sigmoid_still_learns():
    """Where o has rounded to 1, e′ is inf and g′ is 0, but δ = o - y is neither."""
    found = backpropagate([([[1.0]], None, "sigmoid")], [800.0], 0, "binary_cross_entropy")
    assert (found.x[1], found.loss, found.delta[1]) == ([1.0], math.inf, [1.0])


@pytest.mark.parametrize("activation", backprop.ACTIVATIONS)
@pytest.mark.parametrize("loss", backprop.LOSSES)
def test_large_numbers_do_not_raise(activation, loss):
    if loss == "binary_cross_entropy":
        activation = "sigmoid"
    for x in (-1e200, -1000.0, 0.0, 1000.0, 1e200):
        target = [1, -1] if loss == "hinge" else [1, 0]
        found = backpropagate([([[1.0], [-1.0]], None, activation)], [x], target, loss)
        assert not math.isnan(found.delta[1][0])


def test_without_memory_every_path_is_a_call():
    """What the docstring says of the recursion that does not remember its δ's: the same, at another price."""
    widths = [3, 4, 2, 5, 3]
    model = nn.MLP(widths[0], widths[1:], "tanh", "tanh", seed=1)
    found = backpropagate(model, [0.1, -0.2, 0.3], [1.0, 0.0, -1.0])
    L, calls = len(widths) - 1, 0

    def delta(l, i):
        nonlocal calls
        calls += 1
        slope = 1 - math.tanh(found.S[l][i]) ** 2
        if l == L:
            return (found.x[L][i] - [1.0, 0.0, -1.0][i]) * slope
        weights = [neuron.w[i].data for neuron in model.layers[l].neurons]
        return sum(delta(l + 1, j) * w_ij for j, w_ij in enumerate(weights)) * slope

    assert [delta(1, i) for i in range(4)] == pytest.approx(found.delta[1], rel=1e-14)
    assert calls == 4 + 4 * 2 + 4 * 2 * 5 + 4 * 2 * 5 * 3
    assert sum(map(len, found.delta.values())) == 4 + 2 + 5 + 3


def test_networks_of_every_form():
    layer = nn.Layer(2, 3, "relu", seed=0)
    model = nn.Sequential(nn.Layer(2, 3, "relu", seed=0))
    plain = [([[w.data for w in neuron.w] for neuron in layer.neurons], [0, 0, 0], "relu")]
    found = [backpropagate(network, (1, 2), [1, 2, 3]) for network in (layer, model, plain)]
    assert found[0].delta == found[1].delta == found[2].delta
    assert found[0].weight_gradients == found[1].weight_gradients == found[2].weight_gradients
    assert all(p.grad == 0 for p in layer.parameters())
    assert set(map(type, (*found[0].S[1], *found[0].delta[1], *found[0].x[0]))) == {float}


def test_an_activation_of_your_own(monkeypatch):
    monkeypatch.setitem(nn.ACTIVATIONS, "square", lambda x: x * x)
    monkeypatch.setitem(backprop.ACTIVATIONS, "square", (lambda S: S * S, lambda S: 2 * S))
    assert_agrees_with_values(nn.MLP(2, [3, 1], "square", seed=0), [0.5, -1.0], 1.0, "squared_error")


LAYER = ([[1.0, 2.0]], [0.5], "tanh")
TWO = ([[1.0], [2.0]], None, "identity")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: backpropagate([LAYER], [1.0], 0), LengthError, "layer 1 needs a weight for each input, not 2 for 1"),
        (lambda: backpropagate([LAYER, LAYER], [1, 2], 0), LengthError, "layer 2 needs a weight for each input"),
        (
            lambda: backpropagate([([[1.0]], [1, 2], "tanh")], [1], 0),
            LengthError,
            "layer 1 needs a bias for each node, not 2 for 1",
        ),
        (lambda: backpropagate([], [1.0], 0), LengthError, "a layer at least"),
        (lambda: backpropagate([LAYER], [1, 2], [1, 2]), LengthError, "one target for each output, not 2 for 1"),
        (lambda: backpropagate([LAYER], [1, "2"], 1), OperandError, "an input"),
        (lambda: backpropagate([LAYER], [1, 2], ["1"]), OperandError, "a target"),
        (lambda: backpropagate([LAYER], [1, 2], 1, "cross-entropy"), ArgumentError, "'cross-entropy' is not written"),
        (lambda: backpropagate([LAYER], [1, 2], 0, "cross_entropy"), LengthError, "two classes or more, not 1"),
        (lambda: backpropagate([LAYER], [1, 2], [1], "cross_entropy"), LengthError, "two classes or more, not 1"),
        (lambda: backpropagate([TWO], [1], 2, "cross_entropy"), ArgumentError, "true class is a whole number"),
        (lambda: backpropagate([TWO], [1], [0.5, 0.6], "cross_entropy"), ArgumentError, "add up to 1"),
        (lambda: backpropagate([TWO], [1], [2, -1], "cross_entropy"), ArgumentError, "each 0 or more"),
        (lambda: backpropagate([LAYER], [1, 2], 0, "hinge"), ArgumentError, r"-1 or \+1, not 0.0"),
        (lambda: backpropagate([LAYER], [1, 2], 0.5, "hinge"), ArgumentError, r"-1 or \+1, not 0.5"),
        (
            lambda: backpropagate([LAYER], [1, 2], 5.0, "binary_cross_entropy_with_logits"),
            ArgumentError,
            "from 0 to 1, not 5.0",
        ),
        (lambda: backpropagate([LAYER], [-1, 0], 1, "binary_cross_entropy"), ArgumentError, "takes probabilities"),
        (lambda: backpropagate([([[1.0]], None, "cosine")], [1], 0), ArgumentError, "activation 'cosine' is not writ"),
        (lambda: backpropagate(nn.Layer(1, 1, lambda x: x * x), [1], 0), ArgumentError, "the activation '<function"),
        (lambda: backpropagate(nn.Sequential(nn.Dropout(0.5)), [1], 0), ArgumentError, r"not through Dropout\(0.5\)"),
        (lambda: backpropagate(nn.Neuron(1), [1], 0), ArgumentError, "Layers alone, not through Neuron"),
        (lambda: deltas(nn.Dropout(0.5)), ArgumentError, "Layers alone"),
        (lambda: deltas(nn.MLP(1, [1])), StateError, r"after a call of the network and backward\(\)"),
    ],
)
def test_errors_say_what_is_wrong(call, error, message):
    with pytest.raises(error, match=message):
        call()
