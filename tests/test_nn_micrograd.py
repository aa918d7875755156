"""Code written for micrograd runs with its import lines changed: the course's network and the demo's two moons."""

import random

import numpy as np
import pytest
from cases import load

import nn
from autodiff import Value
from nn import MLP, Layer, Neuron


def test_one_output_is_bare_and_a_layer_gives_a_list():
    x = [2.0, 3.0, -1.0]
    assert isinstance(MLP(3, [4, 4, 1])(x), Value)
    assert isinstance(Neuron(3)(x), Value)
    assert [type(o) for o in MLP(3, [4, 2])(x)] == [Value, Value]
    assert [type(o) for o in Layer(3, 1)(x)] == [Value]
    assert isinstance(nn.Sequential(Layer(3, 4), Layer(4, 1))(x), Value)
    inner = nn.Sequential(nn.Dropout(0.5).eval())  # gives a bare number to what follows
    assert isinstance(nn.Sequential(inner, Layer(1, 2), MLP(2, [1]), Neuron(1))([2.0]), Value)
    assert inner([2.0]) == 2.0


@pytest.mark.parametrize(("nonlin", "activation"), [(True, "relu"), (False, "identity")])
def test_nonlin(nonlin, activation):
    for part in (Neuron(2, nonlin=nonlin, seed=1), *Layer(2, 3, nonlin=nonlin, seed=1).neurons):
        assert part.activation == activation
    assert repr(Layer(2, 3, nonlin=nonlin)) == f"Layer(2, 3, {activation!r})"
    assert Layer(2, 1, nonlin=nonlin).config()["activation"] == activation
    with pytest.raises(nn.ArgumentError, match="an activation or nonlin, not both: 'elu' and nonlin="):
        Neuron(2, "elu", nonlin=nonlin)


def test_the_network_of_the_course():
    random.seed(6)
    n = MLP(3, [4, 4, 1])
    xs = [
        [2.0, 3.0, -1.0],
        [3.0, -1.0, 0.5],
        [0.5, 1.0, 1.0],
        [1.0, 1.0, -1.0],
    ]
    ys = [1.0, -1.0, -1.0, 1.0]  # desired targets
    losses = []
    for k in range(20):
        # forward pass
        ypred = [n(x) for x in xs]
        loss = sum((yout - ygt) ** 2 for ygt, yout in zip(ys, ypred))  # noqa: B905
        # backward pass
        for p in n.parameters():
            p.grad = 0.0
        loss.backward()
        # update
        for p in n.parameters():
            p.data += -0.1 * p.grad
        losses.append((k, loss.data))
    assert losses[-1][1] < 0.6 * losses[0][1]


def test_the_demo_of_two_moons_has_the_published_losses():
    """The cells of micrograd's demo.ipynb, on its samples; the losses are those that it prints."""
    published = load("micrograd_demo.json")
    X, y = np.array(published["X"]), np.array(published["y"])

    random.seed(1337)
    model = MLP(2, [16, 16, 1])  # 2-layer neural network
    assert len(model.parameters()) == 337

    def loss(batch_size=None):
        # inline DataLoader :)
        if batch_size is None:
            Xb, yb = X, y
        else:
            ri = np.random.permutation(X.shape[0])[:batch_size]
            Xb, yb = X[ri], y[ri]
        inputs = [list(map(Value, xrow)) for xrow in Xb]

        # forward the model to get scores
        scores = list(map(model, inputs))

        # svm "max-margin" loss
        losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(yb, scores)]  # noqa: B905
        data_loss = sum(losses) * (1.0 / len(losses))
        # L2 regularization
        alpha = 1e-4
        reg_loss = alpha * sum((p * p for p in model.parameters()))  # noqa: UP034
        total_loss = data_loss + reg_loss

        # also get accuracy
        accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(yb, scores)]  # noqa: B905
        return total_loss, sum(accuracy) / len(accuracy)

    for k, step in enumerate(published["published"]):
        # forward
        total_loss, acc = loss()

        # backward
        model.zero_grad()
        total_loss.backward()

        # update (sgd)
        learning_rate = 1.0 - 0.9 * k / 100
        for p in model.parameters():
            p.data -= learning_rate * p.grad

        assert total_loss.data == pytest.approx(step["loss"], rel=0, abs=1e-9)
        assert acc * 100 == step["acc"]

    assert loss(batch_size=10)[0].data >= 0
    inputs = [list(map(Value, xrow)) for xrow in X]
    scores = list(map(model, inputs))
    Z = np.array([s.data > 0 for s in scores])
    assert Z.tolist() == (y > 0).tolist()  # the last published accuracy is 100 %


@pytest.mark.parametrize("engine", ["eager", "compiled"])
def test_losses_metrics_and_predictions_take_the_bare_output(engine):
    moons = nn.data.load("moons", n=20)
    losses = {"mine": lambda output, target: (output - target) ** 2, "squared_error": "squared_error"}
    for loss in losses.values():
        model = MLP(2, [3, 1], "tanh", seed=0)
        history = nn.fit(
            model, moons.X, moons.y, loss, epochs=3, validation=0.25, engine=engine, progress=False, lr=0.01
        )
        assert history.engine == engine
        outputs = [model(x) for x in moons.X]
        assert nn.predict(model, moons.X) == [[o.data] for o in outputs]
        mean = sum([(o.data - y) ** 2 for o, y in zip(outputs, moons.y, strict=True)]) / 20
        assert nn.evaluate(model, moons.X, moons.y, losses["mine"]).loss == pytest.approx(mean, rel=1e-14)
