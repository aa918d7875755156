"""Accuracy, confusion matrix and R², held to scikit-learn."""

from math import inf, isnan
from random import Random

import pytest
import sklearn.metrics

from autodiff import LengthError
from nn import losses, metrics


def random_outputs(k, n=60, seed=0):
    rng = Random(seed)
    return [[rng.gauss(0, 1) for _ in range(k)] for _ in range(n)], rng


@pytest.mark.parametrize("k", [2, 3, 10])
def test_several_outputs(k):
    outputs, rng = random_outputs(k)
    y = [rng.randrange(k) for _ in outputs]
    chosen = [max(range(k), key=o.__getitem__) for o in outputs]
    assert metrics.predicted_classes(outputs) == chosen
    assert metrics.accuracy(outputs, y) == sklearn.metrics.accuracy_score(y, chosen)
    labels = range(k)
    assert metrics.confusion_matrix(outputs, y) == sklearn.metrics.confusion_matrix(y, chosen, labels=labels).tolist()
    one_hot = [[float(c == j) for j in range(k)] for c in y]
    assert metrics.accuracy(outputs, one_hot) == metrics.accuracy(outputs, y)


@pytest.mark.parametrize("threshold", [0.0, 0.5])
def test_one_output(threshold):
    outputs, rng = random_outputs(1)
    y = [rng.randrange(2) for _ in outputs]
    chosen = [int(o > threshold) for (o,) in outputs]
    expected = sklearn.metrics.accuracy_score(y, chosen)
    matrix = sklearn.metrics.confusion_matrix(y, chosen).tolist()
    for targets in (y, [2 * c - 1 for c in y], [float(c) for c in y]):
        assert metrics.accuracy(outputs, targets, threshold) == expected
        assert metrics.confusion_matrix(outputs, targets, threshold) == matrix
    assert metrics.label_accuracy(outputs, y, threshold) == expected


def test_labels():
    outputs, rng = random_outputs(3)
    y = [[rng.randrange(2) for _ in range(3)] for _ in outputs]
    chosen = [[int(o > 0.1) for o in row] for row in outputs]
    assert metrics.label_accuracy(outputs, y, 0.1) == sklearn.metrics.accuracy_score(y, chosen)


@pytest.mark.parametrize("k", [1, 3])
def test_r2(k):
    outputs, _ = random_outputs(k)
    y, _ = random_outputs(k, seed=1)
    expected = pytest.approx(sklearn.metrics.r2_score(y, outputs), rel=1e-12)
    assert metrics.r2(outputs, y) == expected
    if k == 1:
        assert metrics.r2(outputs, [t for (t,) in y]) == expected


def test_r2_of_targets_that_do_not_vary():
    assert isnan(metrics.r2([[1.0], [2.0]], [3.0, 3.0]))


def test_a_class_that_was_never_true():
    assert metrics.confusion_matrix([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]], [0, 0]) == [[1, 0, 1], [0, 0, 0], [0, 0, 0]]


def test_no_samples():
    for metric in (metrics.accuracy, metrics.label_accuracy):
        with pytest.raises(LengthError):
            metric([], [])


def test_every_loss_has_a_metric():
    names = {name: metrics.metric_for(loss)[0] for name, loss in losses.LOSSES.items()}
    regressions = {"squared_error", "mean_squared_error", "huber"}
    assert {name for name, metric in names.items() if metric == "R²"} == regressions
    assert {name for name, metric in names.items() if metric == "accuracy"} == set(names) - regressions
    assert metrics.metric_for(lambda outputs, target: outputs[0]) is None


def test_probabilities_are_cut_at_a_half():
    _, metric = metrics.metric_for(losses.binary_cross_entropy)
    assert metric([[0.4], [0.6]], [0, 1]) == 1.0
    _, metric = metrics.metric_for(losses.binary_cross_entropy_with_logits)
    assert metric([[0.4], [0.6]], [0, 1]) == 0.5


def test_targets_in_a_column():
    assert metrics.true_classes([[1], [0], [-1], (2,)]) == [1, 0, 0, 2]
    assert metrics.accuracy([[0.4], [-0.6]], [[1], [-1]]) == 1.0
    assert metrics.confusion_matrix([[0.4], [-0.6]], [[1], [0]]) == [[1, 0], [0, 1]]


def test_hinge_takes_several_labels():
    _, metric = metrics.metric_for(losses.hinge)
    assert metric([[3.0, 1.0, -1.0], [1.0, 2.0, 3.0]], [[1, 1, -1], [-1, -1, 1]]) == 0.5
    assert metric([[0.4], [-0.6]], [[1], [-1]]) == metric([[0.4], [-0.6]], [1, -1]) == 1.0


def test_r2_of_errors_whose_square_overflows():
    assert metrics.r2([[1e200], [0.0]], [0.0, 1.0]) == -inf
