"""Networks as scikit-learn estimators: its own checks, and what those do not ask."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris, make_blobs
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import nn
from nn.estimators import NetworkClassifier, NetworkRegressor

ROOT = Path(__file__).parent.parent
SMALL = {"hidden": [4], "epochs": 60, "lr": 0.05}
SINGLE_LAYER = {"hidden": [], "epochs": 1000, "lr": 0.1, "random_state": 0}


@parametrize_with_checks([NetworkClassifier(**SMALL), NetworkRegressor(**SMALL)])
def test_scikit_learn(estimator, check):
    """No check is expected to fail."""
    check(estimator)


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def overlapping():
    """Two classes that overlap, one of them rare."""
    X, y = make_blobs([60, 20], centers=[[0.0, 0.0], [1.5, 1.0]], random_state=3)
    return X, np.array(["often", "rare"])[y]


def test_in_a_pipeline_and_a_grid_search(iris):
    pipeline = make_pipeline(StandardScaler(), NetworkClassifier(epochs=20, lr=0.1, random_state=0))
    search = GridSearchCV(pipeline, {"networkclassifier__hidden": [[], [5]]}, cv=3).fit(*iris)
    assert search.best_score_ > 0.9
    again = pickle.loads(pickle.dumps(search))
    assert np.array_equal(again.predict_proba(iris[0]), search.predict_proba(iris[0]))


@pytest.mark.parametrize("class_weight", [None, "balanced", {"rare": 5.0}], ids=str)
@pytest.mark.parametrize("sample_weight", [None, np.linspace(0.0, 2.0, 80)], ids=["alike", "weighted"])
def test_weights_are_those_of_a_logistic_regression(overlapping, class_weight, sample_weight):
    """A single layer that is trained to the end is scikit-learn's, which gets there by another method."""
    X, y = overlapping
    peer = LogisticRegression(C=np.inf, class_weight=class_weight).fit(X, y, sample_weight)
    found = NetworkClassifier(class_weight=class_weight, **SINGLE_LAYER).fit(X, y, sample_weight)
    assert found.history_.engine == "compiled"
    assert found.predict_proba(X) == pytest.approx(peer.predict_proba(X), abs=0.005)
    assert found.classes_.tolist() == ["often", "rare"]


def test_several_numbers_are_those_of_least_squares():
    rng = np.random.default_rng(0)
    X, weights = rng.normal(size=(50, 3)), rng.uniform(size=50)
    y = X @ rng.normal(size=(3, 2)) + rng.normal(size=(50, 2))
    peer = LinearRegression().fit(X, y, weights)
    found = NetworkRegressor(**SINGLE_LAYER).fit(X, y, weights)
    assert found.predict(X) == pytest.approx(peer.predict(X), abs=1e-3)
    assert found.score(X, y, weights) == pytest.approx(peer.score(X, y, weights), abs=1e-6)


@pytest.mark.parametrize("kind", [NetworkClassifier, NetworkRegressor])
def test_a_weight_is_how_often_a_sample_is_there(iris, kind):
    """At each step, not only in the end: gradient descent feels the size of a loss."""
    X, y = iris[0].to_numpy(), iris[1].to_numpy()
    times = np.arange(150) % 4
    settings = {**SMALL, "optimizer": "sgd", "epochs": 10, "random_state": 0}
    weighted = kind(**settings).fit(X, y, times)
    repeated = kind(**settings).fit(np.repeat(X, times, axis=0), np.repeat(y, times))
    assert weighted.history_.loss == pytest.approx(repeated.history_.loss, rel=1e-9)


@pytest.mark.parametrize("engine", ["eager", "compiled"])
def test_engines(overlapping, engine):
    """They agree for a weighted loss, too."""
    X, y = overlapping
    settings = {**SMALL, "epochs": 5, "class_weight": "balanced", "random_state": 0}
    found = NetworkClassifier(**settings, engine=engine).fit(X, y)
    assert found.history_.engine == engine
    assert found.history_.loss == pytest.approx(NetworkClassifier(**settings).fit(X, y).history_.loss, rel=1e-12)


@pytest.mark.parametrize("kind", [NetworkClassifier, NetworkRegressor])
@pytest.mark.parametrize("weights", [None, np.linspace(0.5, 2.0, 150)], ids=["alike", "weighted"])
def test_early_stopping(iris, kind, weights):
    settings = {**SMALL, "epochs": 500, "lr": 0.3, "random_state": 0}
    found = kind(**settings, early_stopping=3, validation=0.2).fit(*iris, weights)
    assert found.history_.stopped == "early stopping"
    assert len(found.history_) == found.history_.best_epoch + 3


def test_warm_start(iris):
    """It goes on from where it was, for features and classes of the same kind alone."""
    X, y = iris
    estimator = NetworkClassifier(**SMALL, random_state=0, warm_start=True).fit(X, y)
    first, network = estimator.history_, estimator.model_
    estimator.fit(X, y)
    assert estimator.model_ is network
    assert estimator.history_.loss[0] == pytest.approx(first.loss[-1], rel=0.05)
    with pytest.raises(nn.ArgumentError, match=r"warm_start: the classes were \[0, 1, 2\], and are \[1, 2\]"):
        estimator.fit(X[y > 0], y[y > 0])
    with pytest.raises(nn.ArgumentError, match="warm_start: the network takes 4 features, and X has 2"):
        estimator.fit(X.iloc[:, :2], y)
    assert clone(estimator).fit(X, y).model_ is not network


def test_names_of_features(iris):
    X, y = iris
    estimator = NetworkClassifier(**SMALL, random_state=0).fit(X, y)
    assert estimator.feature_names_in_.tolist() == X.columns.tolist()
    with pytest.raises(ValueError, match="feature names should match"):
        estimator.predict(X.rename(columns={X.columns[0]: "other"}))


def test_random_state(iris):
    def loss(random_state):
        return NetworkClassifier(hidden=[2], epochs=2, random_state=random_state).fit(*iris).history_.loss

    assert loss(1) == loss(1) != loss(2)
    assert loss(np.random.RandomState(1)) == loss(1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden": 5}, "hidden is a list of the sizes of the hidden layers, not 5"),
        ({"batch_size": "all"}, "batch_size is a whole number from 1 on"),
        ({"epochs": 0}, "epochs is a whole number from 1 on"),
        ({"optimizer": "addam"}, "did you mean 'adam'"),
        ({"activation": "tahn"}, "did you mean 'tanh'"),
        ({"early_stopping": 3, "validation": 1.5}, "a share of 1.5"),
        ({"class_weight": {0: -1.0}}, "class_weight: a weight is a number from 0 on"),
        ({"class_weight": "fair"}, "class_weight"),
    ],
)
def test_mistakes(iris, settings, message):
    estimator = NetworkClassifier(**settings)
    with pytest.raises(ValueError, match=message):
        estimator.fit(*iris)
    assert not hasattr(estimator, "model_")


def test_a_broken_numba_is_done_without(overlapping, monkeypatch):
    def broken(training):
        raise ImportError("numba needs another NumPy")

    monkeypatch.setattr("nn.compiled.CompiledEngine", broken)
    assert NetworkClassifier(**SMALL, class_weight="balanced").fit(*overlapping).history_.engine == "eager"


def test_without_scikit_learn():
    code = (
        "import sys; sys.modules['sklearn'] = sys.modules['sklearn.base'] = None\nimport nn\n"
        "try:\n    import nn.estimators\nexcept nn.MissingExtra as error:\n    print(error)"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout == "nn.estimators needs scikit-learn: pip install 'scalar-autodiff[train]'\n"
