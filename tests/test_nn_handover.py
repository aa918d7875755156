"""What is handed over to PyTorch: the same outputs and gradients; what has no counterpart is named."""

import math
import sys
from random import Random

import numpy as np
import pytest

import autodiff as ad
import nn
from autodiff import no_grad
from nn import data


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


# Ordinary numbers, both tails, and the two sides of 20, where PyTorch's own softplus becomes the identity.
SUMS = [0.0, -0.0, *(s * x for x in (1e-300, 1e-8, 0.3, 1.0, 5.0, 19.9, 20.1, 36.0, 41.0, 700.0, 1e5) for s in (1, -1))]


def outputs(network, X):
    import torch

    with torch.no_grad():
        return network(torch.tensor(X, dtype=torch.float64)).tolist()


@pytest.mark.parametrize("name", nn.activations.ACTIVATIONS)
def test_every_activation_and_its_derivative(torch, name):
    model = nn.MLP(1, [1], output_activation=name)
    model.load_state_dict({"layers.0.weight": [[1.0]], "layers.0.bias": [0.0]})
    network = nn.to_torch(model)
    x = torch.tensor([[s] for s in SUMS], dtype=torch.float64, requires_grad=True)
    y = network(x)
    assert y.dtype == torch.float64
    y.sum().backward()
    for s, (theirs,), (slope,) in zip(SUMS, y.tolist(), x.grad.tolist(), strict=True):
        mine = ad.Value(s)
        output = model([mine])
        output.backward()
        assert theirs == pytest.approx(output.data, rel=1e-12, abs=1e-12), s
        if s != 0:
            assert slope == pytest.approx(mine.grad, rel=1e-12, abs=1e-12), s


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", ["iris", "digits"])
def test_a_network_on_real_data(torch, name, bias):
    X = data.standardise(data.load(name))[0].X[:60]
    model = nn.MLP(len(X[0]), [9, 7, 3], "gelu", "sigmoid", bias=bias, seed=4)
    rng = Random(1)
    for p in model.parameters():
        p.data += rng.gauss(0, 0.3)
    network = nn.to_torch(model)
    assert [type(part).__name__ for part in network] == ["Linear", "GELU", "Linear", "GELU", "Linear", "Sigmoid"]
    for theirs, mine in zip(outputs(network, X), nn.predict(model, X), strict=True):
        assert theirs == pytest.approx(mine, rel=1e-12, abs=1e-12)
    (linear, *_), state = network, model.state_dict()
    assert linear.weight.tolist() == state["layers.0.weight"]
    assert (linear.bias is not None) is bias


def test_it_can_be_trained_on_there_and_leaves_the_model_alone(torch):
    model = nn.MLP(2, [3, 2], "tanh", seed=0)
    before, network = model.state_dict(), nn.to_torch(model)
    loss = torch.nn.functional.cross_entropy(network(torch.ones(4, 2, dtype=torch.float64)), torch.tensor([0, 1, 1, 1]))
    loss.backward()
    torch.optim.SGD(network.parameters(), lr=0.5).step()
    assert model.state_dict() == before
    nn.fit(model, [[1.0, 1.0]] * 4, [0, 1, 1, 1], lr=0.5, epochs=1, progress=False, engine="eager")
    assert network[2].weight.flatten().tolist() == pytest.approx([w.data for w in model.layers[1].weights()], rel=1e-12)


def test_parts_within_parts(torch):
    inner = nn.Sequential(nn.Layer(2, 4, "elu", seed=0), nn.Dropout(0.3, seed=0).eval())
    model = nn.Sequential(inner, nn.Neuron(4, "silu", seed=1))
    network = nn.to_torch(model)
    assert [type(part).__name__ for part in network] == ["Linear", "ELU", "Dropout", "Linear", "SiLU"]
    assert (network.training, network[2].training, network[2].p) == (True, False, 0.3)
    assert outputs(network, [[1.0, -2.0]])[0] == pytest.approx([model([1.0, -2.0])[0].data], rel=1e-12)
    assert not nn.to_torch(model.eval()).training


def test_the_random_numbers_of_torch_are_left_alone(torch):
    before = torch.get_rng_state()
    nn.to_torch(nn.MLP(2, [3, 1]))
    assert torch.equal(before, torch.get_rng_state())


def test_an_activation_of_ones_own(torch):
    def mish(S):
        return S * ad.tanh(ad.softplus(S))

    model = nn.MLP(2, [3, 1], mish, seed=0)
    with pytest.raises(nn.ArgumentError, match=r"no module for the activation .*mish"):
        nn.to_torch(model)
    network = nn.to_torch(model, activations={mish: torch.nn.Mish})
    assert outputs(network, [[1.0, -2.0]])[0] == pytest.approx([model([1.0, -2.0])[0].data], rel=1e-12)


class Own(nn.MLP):
    def __call__(self, inputs):
        return [2 * o for o in super().__call__(inputs)]


def shared():
    model = nn.MLP(2, [2, 2])
    model.layers[1].neurons[0].w = model.layers[0].neurons[0].w
    return model


def mixed():
    model = nn.MLP(2, [2])
    model.layers[0].neurons[1] = nn.Neuron(2, "tanh")
    return model


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Own(2, [1]), "not Own: write that one as a torch.nn.Module"),
        (lambda: nn.Sequential(nn.Module()), "not Module"),
        (shared, "2 parameters are shared"),
        (mixed, "differ in their activations"),
    ],
)
def test_what_has_no_counterpart(torch, make, message):
    with pytest.raises(nn.ArgumentError, match=message):
        nn.to_torch(make())


def test_without_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ad.MissingDependency, match="to_torch needs PyTorch: pip install torch"):
        nn.to_torch(nn.MLP(2, [1]))


def test_infinite_sums_stay_what_they_are(torch):
    model = nn.MLP(1, [1], output_activation="softplus")
    model.load_state_dict({"layers.0.weight": [[1.0]], "layers.0.bias": [0.0]})
    assert outputs(nn.to_torch(model), [[math.inf], [-math.inf]]) == [[math.inf], [0.0]]


@pytest.mark.parametrize("sizes", [(27, 16, 4, 1, 16), (11, 6, 2, 3, 5)])
def test_a_gpt_and_its_file(torch, tmp_path, sizes):
    vocabulary, *_, context = sizes
    model = nn.GPT(*sizes, seed=1)
    network, rng = nn.to_torch(model), Random(2)
    tokens = [[rng.randrange(vocabulary) for _ in range(context)] for _ in range(3)]
    with no_grad():
        ours = [[[x.data for x in logits] for logits in model(document)] for document in tokens]
    theirs = network(torch.tensor(tokens))
    assert theirs.dtype == torch.float64
    np.testing.assert_allclose(theirs.tolist(), ours, rtol=1e-12, atol=1e-12)

    document = [*tokens[0], 1]
    model.loss(document).backward()
    logits = network(torch.tensor([document[:-1]]))[0]
    torch.nn.functional.cross_entropy(logits, torch.tensor(document[1:])).backward()
    slopes = {name: p.grad.tolist() for name, p in network.named_parameters()}
    for name, rows in model.state_values().items():
        np.testing.assert_allclose(slopes[name], [[p.grad for p in row] for row in rows], rtol=1e-12, atol=1e-12)

    safetensors = pytest.importorskip("safetensors.torch")
    nn.save(model, tmp_path / "model.safetensors")
    other = nn.to_torch(nn.GPT(*sizes, seed=3))
    other.load_state_dict(safetensors.load_file(tmp_path / "model.safetensors"))
    assert torch.equal(other(torch.tensor(tokens)), theirs)
