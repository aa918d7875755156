"""What a training must reach on real data: known optima, and accuracies on samples that were held out."""

from statistics import mean

import pytest
from cases import load
from recipes import RECIPES, SPLIT, accuracy, parts, train

import nn
from nn import data

OPTIMA = load("convex_optima.json")


def train_single_layer(name, outputs, loss, lr, momentum, epochs, l2):
    """Nesterov's method from zero on all standardised samples."""
    (whole,) = data.standardise(data.load(name))
    model = nn.MLP(len(whole.features), [outputs], init=lambda rng, n_inputs, n_outputs: 0.0)
    optimizer = nn.SGD(model.parameters(), lr=lr, momentum=momentum, nesterov=True)
    history = nn.fit(model, whole.X, whole.y, loss, optimizer, epochs=epochs, l2=l2, progress=False)
    return whole, model, history


@pytest.mark.parametrize(
    ("name", "outputs", "loss", "lr", "momentum", "epochs"),
    [
        ("iris", 3, "cross_entropy", 1.5, 0.85, 150),
        ("breast_cancer", 1, "binary_cross_entropy_with_logits", 1.4, 0.9, 300),
    ],
)
def test_optimum_of_logistic_regression(name, outputs, loss, lr, momentum, epochs):
    """Σ cross-entropy + ½ Σ w², without the biases, has one minimum."""
    optimum = OPTIMA[name]["optimum_newton"]
    whole, model, _ = train_single_layer(name, outputs, loss, lr, momentum, epochs, l2=1.0)
    found = nn.evaluate(model, whole.X, whole.y, loss)
    objective = found.loss * len(whole) + nn.l2([w.data for w in model.weights()], 1.0)
    assert objective == pytest.approx(optimum["value"], rel=0, abs=1e-8)
    assert found.accuracy == optimum["train_acc"]


def test_least_squares_on_diabetes():
    known = OPTIMA["diabetes"]
    whole, model, history = train_single_layer("diabetes", 1, "squared_error", 0.3, 0.9, 300, l2=0.0)
    assert history.metric == "R²"
    assert history.accuracy[-1] == pytest.approx(known["ols_r2_full"], rel=0, abs=1e-9)
    assert model.layers[0].neurons[0].b.data == pytest.approx(known["intercept"], rel=1e-6)
    # The features are standardised here, and not there.
    deviations = data.Standardizer.of(data.load("diabetes").X).deviation
    slopes = [w.data / deviation for w, deviation in zip(model.weights(), deviations, strict=True)]
    assert slopes == pytest.approx(known["coef"], rel=1e-3)
    assert 2 * history.loss[-1] == pytest.approx(known["ols_mse"], rel=1e-9)
    assert len(whole) == 442


@pytest.mark.parametrize(("name", "least"), [("iris", 0.95), ("wine", 0.97), ("breast_cancer", 0.96)])
def test_accuracy(name, least):
    training, test = parts(name, SPLIT)
    reached = [accuracy(train(RECIPES[name], training, seed), test) for seed in range(5)]
    assert mean(reached) >= least, reached


def test_digits_in_a_few_seconds():
    training, test = parts("digits", SPLIT)
    brief = RECIPES["digits"]._replace(hidden=(16,), epochs=4)
    assert accuracy(train(brief, training, seed=0), test) >= 0.93


@pytest.mark.nightly
def test_digits():
    training, test = parts("digits", SPLIT)
    reached = [accuracy(train(RECIPES["digits"], training, seed), test) for seed in range(5)]
    assert mean(reached) >= 0.96, reached
