"""Neurons, layers and networks: what they compute, what they record, what they are called."""

import copy
import json
import math
import pickle
import random
import statistics
import subprocess
import sys
from itertools import pairwise, product
from pathlib import Path

import autograd.numpy as anp
import mpmath
import numpy as np
import pytest
from autograd import make_vjp
from cases import load
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
import nn
from autodiff import LengthError, OperandError, Value

# The activations as textbooks write them, for mpmath.
TEXTBOOK = {
    "identity": lambda s: s,
    "sigmoid": lambda s: 1 / (1 + mpmath.exp(-s)),
    "logistic": lambda s: 1 / (1 + mpmath.exp(-s)),
    "relu": lambda s: s if s > 0 else mpmath.mpf(0),
    "tanh": lambda s: mpmath.sinh(s) / mpmath.cosh(s),
    "leaky_relu": lambda s: s if s > 0 else s * mpmath.mpf(0.01),
    "elu": lambda s: s if s > 0 else mpmath.exp(s) - 1,
    "gelu": lambda s: s * (1 + mpmath.erf(s / mpmath.sqrt(2))) / 2,
    "silu": lambda s: s / (1 + mpmath.exp(-s)),
    "softplus": lambda s: mpmath.log(1 + mpmath.exp(s)),
}
POINTS = [-30.0, -2.5, -0.3, 0.7, 4.0, 25.0]


def exact(f, *at, order=0):
    """The value of ``f``, or a derivative, to double precision."""
    with mpmath.workdps(60):
        return float(mpmath.diff(f, at if len(at) > 1 else at[0], order))


def leaf_free(*outputs):
    return [node for node in ad.topological_order(*outputs) if node.parents]


# ---------------------------------------------------------------------------------------------------------------------
# Neurons.
# ---------------------------------------------------------------------------------------------------------------------


def test_every_activation_is_in_the_textbook():
    assert set(nn.ACTIVATIONS) == set(TEXTBOOK)


@pytest.mark.parametrize(("name", "s"), [*product(TEXTBOOK, POINTS)])
def test_activation(name, s):
    """Through a neuron with weight 2 and bias 1, whose S is s."""
    neuron = nn.Neuron(1, name)
    neuron.load_state_dict({"weight": [2.0], "bias": 1.0})
    x = Value((s - 1) / 2)
    output = neuron([x])
    output.backward()
    s = neuron.S.data  # s up to rounding
    slope = exact(TEXTBOOK[name], s, order=1)
    assert output.data == pytest.approx(exact(TEXTBOOK[name], s), rel=1e-14)
    assert neuron.S.grad == pytest.approx(slope, rel=1e-14)
    assert x.grad == pytest.approx(2 * slope, rel=1e-14)


@pytest.mark.parametrize(
    ("activation", "expected"),
    [("tanh", math.tanh(32.5)), (ad.tanh, math.tanh(32.5)), (Value.square, 32.5**2), (lambda s: 1 - s / 2, -15.25)],
    ids=["name", "function", "method", "formula"],
)
def test_activation_by_name_or_function(activation, expected):
    neuron = nn.Neuron(2, activation)
    neuron.load_state_dict({"weight": [3.0, 0.25], "bias": 1.5})
    assert neuron([10.0, 4.0]).data == expected


@pytest.mark.parametrize("bias", [True, False])
def test_two_nodes(bias):
    """S = Σ w·x + b with an edge to every weight, input and bias; then x = g(S)."""
    neuron = nn.Neuron(2, "tanh", bias=bias, seed=3, layer=2, index=4)
    xs = [Value(0.5), Value(-2.0)]
    output = neuron(xs)
    w = [p.data for p in neuron.w]
    assert leaf_free(output) == [neuron.S, output]
    assert (neuron.S.label, output.label) == ("S_4^(2)", "x_4^(2)")
    assert output.parents == (neuron.S,)
    assert set(neuron.S.parents) == {*neuron.w, *xs, *([neuron.b] if bias else [])}
    assert dict(zip(neuron.S.parents, neuron.S.local_derivatives, strict=True)) == {
        neuron.w[0]: 0.5,
        neuron.w[1]: -2.0,
        xs[0]: w[0],
        xs[1]: w[1],
        **({neuron.b: 1.0} if bias else {}),
    }


@given(st.lists(st.tuples(*[st.floats(-5, 5)] * 2, st.booleans()), min_size=1, max_size=6), st.booleans())
def test_weighted_sum_is_a_dot(operands, bias):
    """Whatever is a constant among the inputs: all, none or some."""
    neuron = nn.Neuron(len(operands), "identity", bias=bias)
    for w, (number, _, _) in zip(neuron.w, operands, strict=True):
        w.data = number
    xs = [Value(x) if is_value else x for _, x, is_value in operands]
    ours, dot = neuron(xs), ad.dot(neuron.w, xs, neuron.b)
    assert ours.data == dot.data
    assert ours.op is dot.op
    assert [*map(id, ours.parents)] == [*map(id, dot.parents)]
    assert ours.local_derivatives == dot.local_derivatives
    assert [type(x) for x in ours.operands] == [type(x) for x in dot.operands]
    assert ours.operands == dot.operands


def test_identity_adds_no_node():
    neuron = nn.Neuron(2, "identity")
    assert neuron([1.0, 2.0]) is neuron.S
    assert neuron.S.label == "S_1^(1)"


@pytest.mark.parametrize("inputs", [[1, 2], (True, 2), np.array([1.0, 2.0]), np.array([1, 2]), iter([1.0, 2.0])])
def test_numbers_of_every_kind_are_constants(inputs):
    output = nn.Neuron(2, "identity", seed=0)(inputs)
    w = [p.data for p in nn.Neuron(2, seed=0).w]
    assert output.data == pytest.approx(w[0] + 2 * w[1], rel=1e-15)
    assert len(output.parents) == 3
    assert all(type(x) is float for x in output.operands if not isinstance(x, Value))


def test_nothing_is_recorded_without_gradients():
    with ad.no_grad():
        output = nn.MLP(2, [3, 1], seed=0)([1.0, 2.0])
    assert output.parents == ()
    assert output.data == nn.MLP(2, [3, 1], seed=0)([1.0, 2.0]).data


# ---------------------------------------------------------------------------------------------------------------------
# A network that is not fully connected: output = f(w²₁·g₁(w¹₁x + w¹₂y) + w²₂·g₂(w¹₃z + w¹₄w)).
# ---------------------------------------------------------------------------------------------------------------------


class TwoBranches(nn.Module):
    def __init__(self, f, g1, g2, weights):
        self.g1 = nn.Neuron(2, g1, bias=False, index=1)
        self.g2 = nn.Neuron(2, g2, bias=False, index=2)
        self.f = nn.Neuron(2, f, bias=False, layer=2)
        for p, number in zip(self.parameters(), weights, strict=True):
            p.data = number

    def __call__(self, inputs):
        x, y, z, w = inputs
        return self.f([self.g1([x, y]), self.g2([z, w])])


@pytest.mark.parametrize(
    ("f", "g1", "g2"), [("sigmoid", "tanh", "relu"), ("identity", "elu", "silu"), ("gelu", "softplus", "leaky_relu")]
)
def test_two_branches(f, g1, g2):
    weights = [0.5, -1.25, 0.75, 0.3, 1.5, -0.8]
    inputs = [0.9, 0.4, -1.1, 2.0]

    def truth(w11, w12, w13, w14, w21, w22):
        x, y, z, w = inputs
        return TEXTBOOK[f](w21 * TEXTBOOK[g1](w11 * x + w12 * y) + w22 * TEXTBOOK[g2](w13 * z + w14 * w))

    gradient = [exact(truth, *weights, order=tuple(int(i == j) for j in range(6))) for i in range(6)]

    network = TwoBranches(f, g1, g2, weights)
    assert [p.label for p in network.parameters()] == [
        *("w_11^(1)", "w_21^(1)", "w_12^(1)", "w_22^(1)", "w_11^(2)", "w_21^(2)")
    ]
    output = network(inputs)
    output.backward()
    assert output.data == pytest.approx(float(truth(*weights)), rel=1e-14)
    assert [p.grad for p in network.parameters()] == pytest.approx(gradient, rel=1e-13)
    assert [node.label for node in leaf_free(output) if node.label] == [
        *(["S_1^(1)", "x_1^(1)", "S_2^(1)", "x_2^(1)"]),
        *(["S_1^(2)"] if f == "identity" else ["S_1^(2)", "x_1^(2)"]),
    ]

    # The same in plain algebra, with no Module.
    w1_1, w1_2, w1_3, w1_4, w2_1, w2_2 = ws = [Value(number) for number in weights]
    x, y, z, w = inputs
    F, G1, G2 = (nn.ACTIVATIONS[name] for name in (f, g1, g2))
    formula = F(w2_1 * G1(w1_1 * x + w1_2 * y) + w2_2 * G2(w1_3 * z + w1_4 * w))
    formula.backward()
    assert formula.data == pytest.approx(output.data, rel=1e-15)
    assert [p.grad for p in ws] == pytest.approx(gradient, rel=1e-13)


# ---------------------------------------------------------------------------------------------------------------------
# Fully connected networks.
# ---------------------------------------------------------------------------------------------------------------------

SMOOTH = {"identity": lambda s: s, "tanh": anp.tanh, "sigmoid": lambda s: 0.5 + 0.5 * anp.tanh(0.5 * s)}
SMOOTH |= {"relu": lambda s: anp.maximum(s, 0.0), "softplus": lambda s: anp.logaddexp(0.0, s)}
widths = st.lists(st.integers(1, 4), min_size=2, max_size=5)


@given(widths, st.sampled_from([*SMOOTH]), st.sampled_from([*SMOOTH]), st.booleans(), st.integers(0, 2**32 - 1))
def test_mlp_is_matrices(sizes, hidden, last, bias, seed):
    """Outputs and gradients as HIPS autograd has them for x = g(W·x + b) in NumPy."""
    model = nn.MLP(sizes[0], sizes[1:], hidden, last, bias=bias, seed=seed)
    rng = random.Random(seed)
    for p in model.parameters():
        p.data = rng.uniform(-1.5, 1.5)
    inputs = [rng.uniform(-2, 2) for _ in range(sizes[0])]
    coefficients = [rng.uniform(-1, 1) for _ in range(sizes[-1])]
    parameters = {name: np.array(numbers) for name, numbers in model.state_dict().items()}

    def scalar(parameters, x):
        for i in range(len(sizes) - 1):
            s = parameters[f"layers.{i}.weight"] @ x
            s = s + parameters[f"layers.{i}.bias"] if bias else s
            x = SMOOTH[last if i == len(sizes) - 2 else hidden](s)
        return anp.dot(anp.array(coefficients), x)

    values = [Value(x) for x in inputs]
    outputs = model(values)
    assert isinstance(outputs, list if sizes[-1] > 1 else Value)
    total = ad.dot(coefficients, outputs if sizes[-1] > 1 else [outputs])
    total.backward()
    expected = scalar(parameters, np.array(inputs))
    pullback, _ = make_vjp(lambda pair: scalar(*pair))((parameters, np.array(inputs)))
    gradients, slopes = pullback(1.0)
    assert total.data == pytest.approx(expected, rel=1e-12, abs=1e-12)
    assert [x.grad for x in values] == pytest.approx(slopes, rel=1e-11, abs=1e-12)
    for name, part in model.state_values().items():
        ours = [p.grad for row in part for p in (row if isinstance(row, list) else [row])]
        assert ours == pytest.approx(gradients[name].ravel(), rel=1e-11, abs=1e-12)
    for layer in model.layers:  # ∂output/∂b_j is δ_j, for b_j is added to S_j
        for neuron in layer.neurons if bias else []:
            assert neuron.S.grad == neuron.b.grad


def test_micrograd_demo():
    """The published initial weights, bit for bit; loss and gradient of the first step."""
    demo = load("micrograd_demo.json")
    model = nn.MLP(2, [16, 16, 1], seed=1337)
    parameters = model.parameters()
    assert [p.data for p in parameters] == demo["params0"]
    again = nn.MLP(2, [16, 16, 1], rng=random.Random(1337))
    assert again.state_dict() == model.state_dict()
    losses = [ad.relu(1 - y * model(x)) for x, y in zip(demo["X"], demo["y"], strict=True)]
    loss = ad.mean(losses) + 1e-4 * ad.dot(parameters, parameters)
    loss.backward()
    assert loss.data == pytest.approx(demo["published"][0]["loss"], abs=1e-9)
    assert [p.grad for p in parameters] == pytest.approx(demo["grad0"], abs=1e-12)


@pytest.mark.parametrize(
    ("activation", "output_activation", "nodes"),
    [("relu", "identity", 2 * 32 + 1), ("relu", "sigmoid", 2 * 33), ("identity", "identity", 33)],
)
def test_nodes_of_a_network(activation, output_activation, nodes):
    """Micrograd's network is 33 neurons; micrograd records over 600 nodes for the same."""
    output = nn.MLP(2, [16, 16, 1], activation, output_activation)([Value(1.0), Value(2.0)])
    assert len(leaf_free(output)) == nodes


def test_hidden_layers_of_width_one():
    model = nn.MLP(1, [1, 1, 1], "tanh", seed=0)
    for p, number in zip(model.parameters(), [0.5, 0.1, -2.0, 0.2, 3.0, 0.3], strict=True):
        p.data = number
    output = model([0.7])
    assert output.data == pytest.approx(3 * math.tanh(-2 * math.tanh(0.5 * 0.7 + 0.1) + 0.2) + 0.3, rel=1e-15)


def test_sequential_applies_one_after_the_other():
    class Square(nn.Module):
        def __call__(self, inputs):
            return [x * x for x in inputs]

    first, last = nn.Layer(2, 3, "identity", seed=0), nn.Neuron(3, "identity", seed=1)
    model = nn.Sequential(first, Square(), last)
    hidden = [x.data for x in first([1.0, 2.0])]
    output = model([1.0, 2.0])
    assert output.data == pytest.approx(sum(w.data * x * x for w, x in zip(last.w, hidden, strict=True)), rel=1e-14)
    assert nn.Sequential()((1.0, 2.0)) == [1.0, 2.0]


# ---------------------------------------------------------------------------------------------------------------------
# Names, labels, state.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("i", "j", "layer", "name"),
    [
        (1, 2, 1, "w_12^(1)"),
        (9, 9, 1, "w_99^(1)"),
        (9, 10, 1, "w_9,10^(1)"),
        (3, 12, 2, "w_3,12^(2)"),
        (12, 3, 2, "w_12,3^(2)"),
        (None, 2, 1, "b_2^(1)"),
        (None, 12, 3, "b_12^(3)"),
    ],
)
def test_name_of_a_parameter(i, j, layer, name):
    model = nn.MLP(12, [12, 12, 12])
    neuron = model.layers[layer - 1].neurons[j - 1]
    p = neuron.b if i is None else neuron.w[i - 1]
    assert model.named_parameters()[name] is p
    assert p.label == name
    model([0.0] * 12)
    assert neuron.S.label == f"S_{j}^({layer})"


def test_order_of_the_parameters():
    first = ["w_11^(1)", "w_21^(1)", "b_1^(1)", "w_12^(1)", "w_22^(1)", "b_2^(1)"]
    names = [*first, "w_11^(2)", "w_21^(2)", "b_1^(2)"]
    model = nn.MLP(2, [2, 1])
    assert [*model.named_parameters()] == [p.label for p in model.parameters()] == names
    assert [p.label for p in model.weights()] == [name for name in names if name.startswith("w")]
    assert [*nn.MLP(2, [2, 1], bias=False).named_parameters()] == [name for name in names if name.startswith("w")]


def test_state_has_the_names_and_shapes_of_pytorch():
    model = nn.MLP(2, [3, 1], seed=0)
    shapes = {name: np.shape(numbers) for name, numbers in model.state_dict().items()}
    assert shapes == {
        "layers.0.weight": (3, 2),
        "layers.0.bias": (3,),
        "layers.1.weight": (1, 3),
        "layers.1.bias": (1,),
    }
    assert [*shapes] == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]
    assert model.state_dict()["layers.0.weight"][2][1] == model.named_parameters()["w_23^(1)"].data


def test_layers_are_numbered_through():
    inner = nn.Sequential(nn.Layer(2, 2), nn.Dropout(0.5), nn.Layer(2, 2))
    model = nn.Sequential(nn.Layer(2, 2), inner, nn.Layer(2, 1))
    assert {name.rpartition("^")[2] for name in model.named_parameters()} == {"(1)", "(2)", "(3)", "(4)"}
    assert all(p.label == name for name, p in model.named_parameters().items())
    paths = ["layers.0", "layers.1.layers.0", "layers.1.layers.2", "layers.2"]
    assert [*model.state_dict()] == [f"{path}.{name}" for path in paths for name in ("weight", "bias")]


class Everything(nn.Module):
    """Parameters wherever a module may have them."""

    def __init__(self):
        self.scale = Value(2.0)
        self.bias = Value(0.5)
        self.table = {"a": Value(1.0), "b": [nn.Neuron(1), (Value(3.0), nn.Layer(1, 2))]}
        self.twin = self.table["b"][0]
        self.shared = self.scale
        self.name, self.steps, self.nothing = "everything", 3, None
        self._hidden = Value(4.0)

    def __call__(self, inputs):
        self.last = inputs[0] * self.scale
        return self.last


def test_parameters_among_the_attributes():
    module = Everything()
    module([1.0])
    neuron, (inner, layer) = module.table["b"]
    assert module.named_parameters() == {
        "scale": module.scale,
        "bias": module.bias,
        "table.a": module.table["a"],
        "table.b.0.w_11^(1)": neuron.w[0],
        "table.b.0.b_1^(1)": neuron.b,
        "table.b.1.0": inner,
        "table.b.1.1.w_11^(1)": layer.neurons[0].w[0],
        "table.b.1.1.b_1^(1)": layer.neurons[0].b,
        "table.b.1.1.w_12^(1)": layer.neurons[1].w[0],
        "table.b.1.1.b_2^(1)": layer.neurons[1].b,
    }
    assert all(p is q for p, q in zip(module.parameters(), module.named_parameters().values(), strict=True))
    biases = [module.bias, neuron.b, layer.neurons[0].b, layer.neurons[1].b]
    assert [id(p) for p in module.weights()] == [id(p) for p in module.parameters() if not any(p is b for b in biases)]
    assert [type(part).__name__ for part in module.modules()] == ["Everything", "Neuron", "Layer", "Neuron", "Neuron"]
    assert repr(module) == "Everything(10 parameters)"


def test_a_shared_layer_is_one():
    """w·(w·x + b) + b has the derivatives 2·w·x + b and w + 1."""
    layer = nn.Layer(1, 1, "identity")
    model = nn.Sequential(layer, layer)
    w, b = model.parameters()
    w.data, b.data = 3.0, 0.5
    output = model([7.0])
    output.backward()
    assert (output.data, w.grad, b.grad) == (65.0, 42.5, 4.0)


def test_results_never_count_as_parameters():
    class Remembering(nn.Module):
        def __init__(self):
            self.layer = nn.Layer(1, 1, seed=0)
            self.scale = Value(2.0)

        def __call__(self, inputs):
            self.hidden = self.layer(inputs)
            self.last = self.hidden[0] * self.scale
            return [self.last]

    model = Remembering()
    before, state = model.parameters(), model.state_dict()
    for _ in range(2):
        nn.predict(model, [[1.0], [2.0]])
        assert model.parameters() == copy.copy(model).parameters() == before
        assert model.state_dict() == state
        assert len(copy.deepcopy(model).parameters()) == len(before)
        model([1.0])
        assert model.parameters() == before
    with ad.no_grad():
        model.scale = model.scale * 0.5  # a parameter stays one
        model.more = nn.Neuron(1)  # and so do those of a Module
    assert len(model.parameters()) == len(before) + 2
    model.last = Value(1.0)
    assert model.parameters()[-1] is not before[-1]
    assert model.last in model.parameters()


def test_labels_of_the_user_do_not_lose_parameters():
    model = nn.MLP(2, [2, 1])
    for p in model.parameters():
        p.label = "w"
    assert len(model.parameters()) == len(model.named_parameters()) == 9


def test_late_layer_is_refused_by_name():
    model = nn.Sequential(nn.Layer(2, 2))
    model.layers.append(nn.Layer(2, 2))
    assert len(model.parameters()) == 12
    with pytest.raises(nn.ArgumentError, match=r"two parameters are named w_11\^\(1\)"):
        model.named_parameters()


def test_zero_grad_train_and_eval():
    model = nn.Sequential(nn.Layer(2, 2), nn.Dropout(0.5), nn.Layer(2, 1))
    model([1.0, 2.0]).backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert all(p.grad == 0.0 for p in model.parameters())
    assert model.eval() is model
    assert not any(module.training for module in model.modules())
    assert model.train() is model
    assert all(module.training for module in model.modules())


@pytest.mark.parametrize("array", [list, tuple, np.array, lambda x: np.array(x, dtype=np.float32)])
def test_load_state_dict(array):
    state = {"layers.0.weight": [[1, 2], [3, 4]], "layers.0.bias": [5.0, 6.5]}
    model = nn.MLP(2, [2], seed=0)
    model.load_state_dict({name: array(numbers) for name, numbers in state.items()})
    assert model.state_dict() == state
    assert all(type(p.data) is float for p in model.parameters())
    assert [x.data for x in model([10.0, 100.0])] == [215.0, 436.5]


WEIGHT, BIAS = [[1.0, 2.0], [3.0, 4.0]], [5.0, 6.0]
WRONG_STATES = {
    "missing": ({"layers.0.weight": WEIGHT}, "lacks layers.0.bias"),
    "unexpected": ({"layers.0.weight": WEIGHT, "layers.0.bias": BIAS, "x": 1.0}, "has x in excess"),
    "few rows": ({"layers.0.weight": WEIGHT[:1], "layers.0.bias": BIAS}, "layers.0.weight has 2 .* and 1 here"),
    "long row": ({"layers.0.weight": [[1, 2], [1, 2, 3]], "layers.0.bias": BIAS}, r"weight\[1\] has 2 .* and 3 here"),
    "flat": ({"layers.0.weight": [1, 2, 3, 4], "layers.0.bias": BIAS}, "layers.0.weight has 2 .* and 4 here"),
    "flat rows": ({"layers.0.weight": [1.0, 2.0], "layers.0.bias": BIAS}, r"weight\[0\] has 2 .* a single float"),
    "too deep": ({"layers.0.weight": WEIGHT, "layers.0.bias": [[5], [6]]}, r"bias\[0\] takes a real number, not list"),
    "text": ({"layers.0.weight": "ab", "layers.0.bias": BIAS}, "layers.0.weight has 2 .* a single str"),
    "words": ({"layers.0.weight": WEIGHT, "layers.0.bias": [5.0, "6"]}, r"bias\[1\] takes a real number, not str '6'"),
    "truth": ({"layers.0.weight": WEIGHT, "layers.0.bias": [5.0, True]}, r"bias\[1\] takes a real number, not bool"),
    "truths": ({"layers.0.weight": WEIGHT, "layers.0.bias": np.array([True, False])}, r"bias\[0\] .* not bool True"),
    "huge": ({"layers.0.weight": WEIGHT, "layers.0.bias": [5.0, 10**400]}, r"bias\[1\].* does not fit a float"),
}


@pytest.mark.parametrize(("state", "message"), WRONG_STATES.values(), ids=WRONG_STATES)
def test_wrong_state_is_refused_whole(state, message):
    model = nn.MLP(2, [2], seed=0)
    before = model.state_dict()
    with pytest.raises(nn.StateError, match=message):
        model.load_state_dict(state)
    assert model.state_dict() == before


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_has_parameters_of_its_own_and_no_graph(copied):
    model = nn.MLP(2, [3, 1], "tanh", seed=0)
    output = model([1.0, 2.0])
    twin = copied(model)
    assert twin([1.0, 2.0]).data == output.data
    assert [*twin.named_parameters()] == [*model.named_parameters()]
    assert {*twin.parameters()}.isdisjoint(model.parameters())
    assert not hasattr(copied(model).layers[0].neurons[0], "S")
    twin([1.0, 2.0]).backward()
    assert all(p.grad == 0.0 for p in model.parameters())


@pytest.mark.parametrize(
    ("module", "text"),
    [
        (nn.Neuron(2), "Neuron(2, 'tanh')"),
        (nn.Layer(2, 3, "relu", bias=False), "Layer(2, 3, 'relu', bias=False)"),
        (nn.Dropout(0.5), "Dropout(0.5)"),
        (nn.MLP(2, (3, 1), bias=False), "MLP(2, [3, 1], 'relu', 'identity', bias=False)"),
        (nn.Sequential(nn.Layer(2, 1), nn.Dropout(0.1)), "Sequential(Layer(2, 1, 'tanh'), Dropout(0.1))"),
    ],
)
def test_repr_is_the_call_that_makes_it(module, text):
    assert repr(module) == text
    assert repr(eval(text, vars(nn))) == text


# ---------------------------------------------------------------------------------------------------------------------
# Initialisation.
# ---------------------------------------------------------------------------------------------------------------------

BOUNDS = {
    "uniform": lambda n, m: 1.0,
    "xavier": lambda n, m: math.sqrt(6 / (n + m)),  # Glorot and Bengio (2010), equation 16
    "he": lambda n, m: math.sqrt(6 / n),  # He et al. (2015): a variance of 2/n, which for ±b is b²/3
}


@pytest.mark.parametrize(("init", "sizes"), [*product(BOUNDS, [(50, 40), (1, 200), (300, 2)])])
def test_initial_weights(init, sizes):
    layer = nn.Layer(*sizes, init=init, seed=0)
    bound = BOUNDS[init](*sizes)
    weights = [w.data for w in layer.weights()]
    assert len(weights) == sizes[0] * sizes[1]
    assert all(-bound <= w <= bound for w in weights)
    # Of a uniform distribution the mean is 0, the variance b²/3, and the variance of squares 4b⁴/45; five sigma each.
    n = len(weights)
    assert abs(statistics.fmean(weights)) < 5 * bound / math.sqrt(3 * n)
    assert abs(statistics.fmean(w * w for w in weights) - bound**2 / 3) < 5 * bound**2 * math.sqrt(4 / 45 / n)
    assert all(neuron.b.data == 0.0 for neuron in layer.neurons)
    # The very numbers: those of Python's generator, in the order neuron, input.
    rng = random.Random(0)
    assert weights == pytest.approx([bound * rng.uniform(-1, 1) for _ in weights], rel=1e-14, abs=1e-15)


def test_he_and_xavier_name_their_sizes_layer_by_layer():
    """The bound follows the widths of each layer, not those of the network."""
    model = nn.MLP(100, [4, 50, 2], init="xavier", seed=1)
    for layer, (n, m) in zip(model.layers, pairwise([100, 4, 50, 2]), strict=True):
        largest = max(abs(w.data) for w in layer.weights())
        assert 0.8 * BOUNDS["xavier"](n, m) < largest <= BOUNDS["xavier"](n, m)


@pytest.mark.parametrize("init", [*nn.INITIALIZERS, lambda rng, n, m: rng.gauss(0, 1 / n)])
def test_same_seed_same_weights(init):
    def weights(**source):
        return nn.MLP(3, [4, 2], init=init, **source).state_dict()

    assert weights(seed=7) == weights(seed=7) == weights(rng=random.Random(7))
    assert weights(seed=7) != weights(seed=8)
    assert weights() != weights()


def test_a_generator_serves_several_modules():
    rng = random.Random(1337)
    drawn = [w.data for module in (nn.Neuron(2, rng=rng), nn.Layer(2, 3, rng=rng)) for w in module.weights()]
    assert drawn == [w for w in load("micrograd_demo.json")["params0"] if w][:8]


# ---------------------------------------------------------------------------------------------------------------------
# Dropout.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.9])
def test_dropout(p):
    dropout, n = nn.Dropout(p, seed=0), 20_000
    outputs = dropout([3.0] * n)
    assert {*outputs} <= {0.0, 3.0 * (1 / (1 - p))}
    dropped = outputs.count(0.0)
    assert abs(dropped - n * p) <= 5 * math.sqrt(n * p * (1 - p))  # binomial, five sigma
    assert dropout.eval()([3.0] * n) == [3.0] * n
    assert nn.Dropout(p, seed=0)([3.0] * n) == nn.Dropout(p, rng=random.Random(0))([3.0] * n) == outputs


def test_gradient_through_dropout():
    xs = [Value(float(i)) for i in range(1, 50)]
    outputs = nn.Dropout(0.5, seed=1)(xs)
    ad.sum(outputs).backward()
    assert [x.grad for x in xs] == [y.data / x.data for x, y in zip(xs, outputs, strict=True)]
    assert {x.grad for x in xs} == {0.0, 2.0}


def test_dropout_tells_whether_it_was_seeded():
    given = [nn.Dropout(0.5, seed=0), nn.Dropout(0.5, random.Random(0))]
    assert [dropout.seeded for dropout in (*given, nn.Dropout(0.5))] == [True, True, False]
    late = nn.Dropout(0.5)
    late.rng = random.Random(0)
    assert late([1.0] * 20) == given[0]([1.0] * 20)


# ---------------------------------------------------------------------------------------------------------------------
# Errors.
# ---------------------------------------------------------------------------------------------------------------------

MISTAKES = [
    (lambda: nn.MLP(2, [3, 1])([1.0]), LengthError, "layer 1 takes 2 inputs, not 1"),
    (lambda: nn.MLP(2, [3, 1])([1.0, 2.0, 3.0]), LengthError, "layer 1 takes 2 inputs, not 3"),
    (lambda: nn.Sequential(nn.Layer(2, 3), nn.Layer(2, 1))([1, 2]), LengthError, "layer 2 takes 2 inputs, not 3"),
    (lambda: nn.Neuron(2)([1.0]), LengthError, "a neuron takes 2 inputs, not 1"),
    (lambda: nn.MLP(1, [1])(1.0), OperandError, "layer 1 takes a list of 1 numbers or Values, not float"),
    (lambda: nn.MLP(1, [1])(Value(1.0)), OperandError, "layer 1 takes a list of 1 numbers or Values, not Value"),
    (lambda: nn.Neuron(2)(["1", 2]), OperandError, "a neuron takes a real number, not str '1'"),
    (lambda: nn.Layer(2, 1)(np.eye(2)), OperandError, "layer 1 takes a real number, not ndarray"),
    (lambda: nn.Neuron(1, lambda s: s.data)([1.0]), OperandError, "an activation gives a Value, not float"),
    (lambda: nn.Neuron(1, lambda s: None)([1.0]), OperandError, "an activation gives a Value, not NoneType"),
    (lambda: nn.Neuron(2, "rleu"), nn.ArgumentError, "no activation 'rleu'; did you mean 'relu'?"),
    (lambda: nn.Neuron(2, "x"), nn.ArgumentError, "there are identity, sigmoid,"),
    (lambda: nn.MLP(2, [1], None), nn.ArgumentError, "no activation None"),
    (lambda: nn.Neuron(2, init="zeros"), nn.ArgumentError, "no initialiser 'zeros'; there are uniform, xavier, he"),
    (lambda: nn.Neuron(0), nn.ArgumentError, "n_inputs is a whole number from 1 on, not 0"),
    (lambda: nn.Layer(2, -1), nn.ArgumentError, "n_outputs is a whole number from 1 on, not -1"),
    (lambda: nn.Layer(2.0, 1), nn.ArgumentError, "n_inputs is a whole number from 1 on, not 2.0"),
    (lambda: nn.Layer(True, 1), nn.ArgumentError, "n_inputs is a whole number from 1 on, not True"),
    (lambda: nn.MLP(2, []), nn.ArgumentError, "sizes is the list of the sizes of all layers"),
    (lambda: nn.MLP(2, 3), nn.ArgumentError, "sizes is the list of the sizes of all layers"),
    (lambda: nn.MLP(2, "16,1"), nn.ArgumentError, "n_outputs is a whole number from 1 on, not '1'"),
    (lambda: nn.MLP(2, [1], seed=1, rng=random.Random(1)), nn.ArgumentError, "a seed or an rng, not both"),
    (lambda: nn.Dropout(1.0), nn.ArgumentError, "less than 1, not 1.0"),
    (lambda: nn.Dropout("0.1"), nn.ArgumentError, "a number from 0 on and less than 1, not '0.1'"),
    (lambda: nn.MLP(2, [1], seed=[1]), nn.ArgumentError, "a seed is a whole number, or None for one by chance"),
    (lambda: nn.Sequential(nn.Layer(1, 1), lambda x: x), nn.ArgumentError, "takes Modules, not function"),
    (lambda: nn.Sequential([nn.Layer(1, 1)]), nn.ArgumentError, "not list; unpack a list of them, as in Sequential(*l"),
    (lambda: nn.Neuron(1, len)([1.0]), nn.ArgumentError, "<built-in function len> does not take a Value"),
    (lambda: nn.Neuron(1, math.tanh)([1.0]), OperandError, "autodiff.sin(v)"),
    (lambda: nn.Dropout(-0.1), nn.ArgumentError, "less than 1, not -0.1"),
    (lambda: nn.Dropout(math.nan), nn.ArgumentError, "less than 1, not nan"),
    (lambda: nn.Module()([1.0]), NotImplementedError, "Module has no __call__"),
]


@pytest.mark.parametrize(("mistake", "error", "message"), MISTAKES)
def test_mistakes_are_named(mistake, error, message):
    with pytest.raises(error) as caught:
        mistake()
    assert message in str(caught.value)


@pytest.mark.parametrize("error", [nn.ArgumentError, nn.StateError, nn.FileFormatError, nn.MissingExtra])
def test_one_base_for_all_errors(error):
    assert issubclass(error, ad.AutodiffError)


def test_bare_import():
    program = "import sys; before = set(sys.modules); import nn, json; print(json.dumps([*set(sys.modules) - before]))"
    root = Path(__file__).parent.parent
    run = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in json.loads(run.stdout)}
    assert loaded - sys.stdlib_module_names == {"autodiff", "nn"}
