"""Data sets and their preparation, held to geometry and to scikit-learn."""

import math
import sys
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from sklearn import datasets, preprocessing

import nn
from autodiff import LengthError, OperandError
from nn import data
from nn.data import (
    DATASETS,
    Dataset,
    Standardizer,
    held_out_rows,
    load,
    minibatches,
    one_hot,
    paired,
    rows,
    signs,
    split,
)
from nn.errors import ArgumentError, MissingExtra

MADE_UP = ["moons", "circles", "spirals", "xor", "blobs", "linear", "sine"]
MEASURED = {  # samples, features, classes: as the documentation of scikit-learn gives them
    "iris": (150, 4, 3),
    "wine": (178, 13, 3),
    "breast_cancer": (569, 30, 2),
    "digits": (1797, 64, 10),
    "diabetes": (442, 10, 0),
}


def test_every_data_set_is_listed():
    assert list(DATASETS) == [*MADE_UP, *MEASURED]


@pytest.mark.parametrize("name", MADE_UP)
def test_made_up_data_follow_the_seed(name):
    first, same, other = load(name, n=31, seed=1), load(name, n=31, seed=1), load(name, n=31, seed=2)
    assert (first.X, first.y) == (same.X, same.y)
    assert first.X != other.X
    assert len(first) == 31
    counts = [first.y.count(c) for c in range(len(first.classes))]
    assert max(counts, default=0) - min(counts, default=0) <= 1


# What is 0 for a point (x, y) of class c without noise.
ON_THE_CURVE = {
    "moons": lambda x, y, c: math.hypot(x - c, y - c / 2) - 1,
    "circles": lambda x, y, c: math.hypot(x, y) - (1 - c / 2),
    "spirals": lambda x, y, c: math.sin(math.atan2(y, x) - 2 * math.pi * (math.hypot(x, y) + c / 2)),
    "xor": lambda x, y, c: abs(x - y) - c,
    "blobs": lambda x, y, c: math.hypot(x - math.cos(2.0943951023931953 * c), y - math.sin(2.0943951023931953 * c)),
}


@pytest.mark.parametrize("name", ON_THE_CURVE)
def test_without_noise_points_lie_on_their_curve(name):
    clean = load(name, n=60, noise=0.0)
    for (x, y), c in zip(clean.X, clean.y, strict=True):
        assert ON_THE_CURVE[name](x, y, c) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("name", "f"), [("linear", lambda x: 2 * x + 1), ("sine", math.sin)])
def test_without_noise_numbers_lie_on_their_curve(name, f):
    clean = load(name, noise=0.0)
    assert clean.y == [f(x) for (x,) in clean.X]
    assert not clean.classes


def test_moons_reach_into_each_other():
    clean = load("moons", n=200, noise=0.0)
    assert all(y >= 0 if c == 0 else y <= 0.5 for (_, y), c in zip(clean.X, clean.y, strict=True))


@pytest.mark.parametrize("name", MADE_UP)
def test_noise_has_the_deviation_that_was_asked_for(name):
    quiet, noisy = (load(name, n=2000, noise=noise) for noise in (0.0, 0.5))
    seen = (lambda points: points.X) if quiet.classes else (lambda points: points.y)
    rest = np.array(seen(noisy)) - np.array(seen(quiet))
    assert np.std(rest) == pytest.approx(0.5, rel=0.05)
    assert np.mean(rest) == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("name", MEASURED)
def test_measured_data_are_those_of_scikit_learn(name):
    ours, theirs = load(name), getattr(datasets, f"load_{name}")()
    assert np.array_equal(ours.X, theirs.data)
    assert np.array_equal(ours.y, theirs.target)
    assert (len(ours), len(ours.features), len(ours.classes)) == MEASURED[name]
    assert {type(y) for y in ours.y} == {int if ours.classes else float}
    assert all(type(text) is str for text in [*ours.features, *ours.classes])


def test_data_sets_that_there_are_not():
    with pytest.raises(ArgumentError, match="did you mean 'moons'"):
        load("moon")
    with pytest.raises(ArgumentError, match="iris"):
        load("iris", n=10)
    with pytest.raises(ArgumentError, match="standard deviation"):
        load("xor", noise=-1)
    with pytest.raises(ArgumentError, match="standard deviation"):
        load("xor", noise=math.inf)
    with pytest.raises(ArgumentError, match="whole number"):
        load("xor", n=0)


def test_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingExtra, match=r"data set iris needs scikit-learn: pip install 'scalar-autodiff\[train\]'"):
        load("iris")


def test_a_target_for_each_sample():
    with pytest.raises(LengthError, match="2 samples and 1 targets"):
        Dataset("short", [[0.0], [1.0]], [0], ["x"])


# ---------------------------------------------------------------------------------------------------------------------
# Split.
# ---------------------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 4), min_size=2, max_size=80), st.floats(0.05, 0.95), st.integers(0, 99))
def test_a_split_is_stratified(classes, share, seed):
    wanted = round(share * len(classes))
    if not 0 < wanted < len(classes):
        with pytest.raises(ArgumentError, match="empty"):
            held_out_rows(classes, share, Random(seed))
        return
    rows = held_out_rows(classes, share, Random(seed))
    assert len(set(rows)) == len(rows) == wanted
    for c in set(classes):
        assert abs(sum(classes[i] == c for i in rows) - share * classes.count(c)) < 1


def test_a_split_takes_every_sample_once():
    whole = load("wine")
    training, test = split(whole, 0.3, seed=5)
    assert sorted(training.X + test.X) == sorted(whole.X)
    pairs = list(zip(whole.X, whole.y, strict=True))
    assert all(pair in pairs for pair in zip(test.X, test.y, strict=True))
    assert split(whole, 0.3, seed=5)[1].X == test.X
    assert split(whole, 0.3, seed=6)[1].X != test.X


@pytest.mark.parametrize("share", [math.nan, math.inf, -math.inf, 0, 1, -0.5])
def test_a_share_is_between_0_and_1(share):
    with pytest.raises(ArgumentError, match="a number between 0 and 1"):
        split(load("xor"), test=share)


def test_a_split_of_numbers_to_predict():
    training, test = split(load("diabetes"), 0.25, seed=0)
    assert (len(training), len(test)) == (332, 110)


# ---------------------------------------------------------------------------------------------------------------------
# Preparation.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MEASURED)
def test_standardising_is_that_of_scikit_learn(name):
    training, test = split(load(name))
    scale = preprocessing.StandardScaler().fit(training.X)
    ours, ours_test = data.standardise(training, test)
    np.testing.assert_allclose(ours.X, scale.transform(training.X), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours_test.X, scale.transform(test.X), rtol=1e-9, atol=1e-12)
    assert ours.y == training.y


def test_a_constant_feature_becomes_zero():
    scale = Standardizer.of([[0.1, 1.0], [0.1, 2.0], [0.1, 3.0]])
    assert scale.deviation[0] == 1.0
    assert [x for x, _ in scale([[0.1, 1.0], [0.3, 1.0]])] == [0.0, 0.3 - 0.1]


def test_standardising_nothing():
    with pytest.raises(LengthError):
        Standardizer.of([])


@pytest.mark.parametrize("column", [[1e308, 1.5e308, -1.0], [1.5e308, -1.5e308], [math.inf, -math.inf], [math.nan, 1]])
def test_standardising_what_is_too_large(column):
    with pytest.raises(ArgumentError, match="nan, infinite or too large"):
        Standardizer.of([[x] for x in column])


def test_one_hot():
    assert one_hot([1, 0], classes=3) == [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    for wrong in ([3], [-1], [0.5]):
        with pytest.raises(ArgumentError, match="from 0 to 2"):
            one_hot(wrong, classes=3)


def test_signs():
    assert signs([1, 0, 1]) == [1, -1, 1]
    with pytest.raises(ArgumentError, match=r"\[0, 1, 2\]"):
        signs([0, 1, 2])


def test_minibatches():
    samples = list(range(10))
    assert [len(batch) for batch in minibatches(samples, 4)] == [4, 4, 2]
    assert list(minibatches(samples)) == [samples]
    shuffled = [i for batch in minibatches(samples, 4, Random(0)) for i in batch]
    assert shuffled != samples == sorted(shuffled)
    assert samples == list(range(10))
    with pytest.raises(ArgumentError, match="size of a batch"):
        minibatches(samples, 0)


def test_paired():
    assert paired(np.array([[1, 2], [3, 4]]), np.array([0, 1])) == [([1.0, 2.0], 0), ([3.0, 4.0], 1)]
    with pytest.raises(LengthError, match="no samples"):
        paired([], [])
    with pytest.raises(LengthError, match="1 and 2"):
        paired([[1.0]], [0, 1])
    with pytest.raises(ArgumentError, match="each sample a list"):
        paired([1.0, 2.0], [0, 1])
    with pytest.raises(OperandError, match="a sample takes a real number, not str"):
        paired([["1"]], [0])


# ---------------------------------------------------------------------------------------------------------------------
# Arrays and tables.
# ---------------------------------------------------------------------------------------------------------------------


class Exporting:
    """What exports an array and is none, as the tables of several packages do."""

    column_names = ("age", "size")

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array


NUMBERS = [[20.0, 1.0], [30.0, 0.0], [40.0, 1.0]]
TABLE = pd.DataFrame(NUMBERS, columns=["age", "size"], index=[7, 8, 9])


@pytest.mark.parametrize(
    "X",
    [
        TABLE,
        TABLE.astype({"age": int, "size": bool}),
        TABLE.astype({"age": "Int64", "size": "Float32"}),
        TABLE.astype("category"),
        TABLE.astype(object),
        np.array(NUMBERS, dtype=np.float16),
        np.ma.masked_greater(np.array(NUMBERS), 50.0),
        np.array([(20, True), (30, False), (40, True)], dtype=[("age", int), ("size", bool)]),
        Exporting(np.array(NUMBERS)),
        [pd.Series(row) for row in NUMBERS],
        [np.array(row, dtype=np.int8) for row in NUMBERS],
        tuple(map(tuple, NUMBERS)),
    ],
    ids=lambda X: type(X).__name__,
)
def test_a_table_is_its_rows(X):
    y = pd.Series([0, 1, 0], index=[7, 8, 9])
    assert rows(X) == NUMBERS
    assert all(type(x) is float for row in rows(X) for x in row)
    assert paired(X, y) == [([20.0, 1.0], 0), ([30.0, 0.0], 1), ([40.0, 1.0], 0)]
    assert Standardizer.of(X).mean == pytest.approx([30.0, 2 / 3])
    assert Standardizer([0.0, 0.0], [10.0, 1.0])(X) == [[2.0, 1.0], [3.0, 0.0], [4.0, 1.0]]
    dataset = Dataset("people", X, y, ["age", "size"], ["no", "yes"])
    assert (dataset.X, dataset.y) == (NUMBERS, [0, 1, 0])


@pytest.mark.parametrize("y", [pd.Series([0, 1]), pd.Series([0, 1], dtype="Int8"), np.array([0, 1]), [0.0, np.int8(1)]])
def test_a_column_of_classes(y):
    assert one_hot(y) == one_hot(y, 2) == [[1.0, 0.0], [0.0, 1.0]]
    assert signs(y) == [-1, 1]


@pytest.mark.parametrize("y", [[0.5], [-1], ["a"], [3], [None], [math.nan]], ids=str)
def test_one_hot_takes_classes_alone(y):
    with pytest.raises((ArgumentError, OperandError), match=r"a class is a whole number from 0 to 2|is missing"):
        one_hot(y, 3)


def test_what_fits_a_table():
    """The network is that of the same numbers in lists."""
    y = pd.Series([1.0, 2.0, 4.0])
    settings = {"loss": "squared_error", "epochs": 3, "lr": 1e-4, "progress": False}
    models = [nn.MLP(2, [2, 1], seed=0) for _ in range(2)]
    nn.fit(models[0], TABLE, y, validation=(TABLE, y), **settings)
    nn.fit(models[1], NUMBERS, y.tolist(), validation=(NUMBERS, y.tolist()), **settings)
    assert nn.predict(models[0], TABLE) == nn.predict(models[1], NUMBERS)
    assert nn.evaluate(models[0], TABLE, y, "squared_error") == nn.evaluate(models[1], NUMBERS, [*y], "squared_error")


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (TABLE.mask(TABLE == 40.0), "sample 2, feature 'age': nan; fill it in, or leave the sample out"),
        (TABLE.astype("Int64").mask(TABLE == 40.0), "sample 2, feature 'age' is missing or masked"),
        (TABLE.assign(size=["1", "2", "3"]), "sample 0, feature 'size': a sample takes a real number, not str '1'"),
        (TABLE.assign(size=["s", "m", "l"]).astype({"size": "category"}), "sample 0, feature 'size': .* not str 's'"),
        (TABLE.assign(size=pd.Timestamp("2020-01-01")), "sample 0, feature 'size': .* not Timestamp"),
        (TABLE.assign(size=pd.Timedelta(days=1)), "sample 0, feature 'size': .* not Timedelta"),
        (TABLE.assign(size=[1.0, 2j, 3.0]), "sample 0, feature '(age|size)': .* not complex .* real and imaginary"),
        (TABLE.astype(object).assign(size=[1, 10**400, 3]), "sample 1, feature 'size': .* does not fit a float"),
        (TABLE.apply(pd.to_datetime), "sample 0, feature 'age': .* not the time 1970-01-01"),
        (Exporting(np.array([[1.0, math.nan]])), "sample 0, feature 'size': nan"),
        (np.array([[1.0], [math.nan]]), "sample 1, feature 0: nan"),
        (np.ma.masked_equal([[1.0, 2.0], [3.0, 4.0]], 3.0), "sample 1, feature 0 is missing or masked"),
        (np.array([[1.0, 2j]]), "sample 0, feature 0: .* not complex"),
        (np.array([["1"]]), "sample 0, feature 0: .* not str '1'"),
        (np.array([["2020-01-01"]], dtype="M8[ns]"), "sample 0, feature 0: .* not the time 2020-01-01"),
        (np.array([[1, 2]], dtype="m8[D]"), "sample 0, feature 0: .* not the time 1 days"),
        ([[1.0], [np.datetime64("2020-01-01")]], "sample 1, feature 0: .* not the time 2020-01-01"),
        ([np.array(["2020-01-01"], dtype="M8[s]")], "sample 0, feature 0: .* not the time 2020-01-01"),
        ([[1.0, None]], "sample 0, feature 1 is missing or masked"),
        ([[1.0, [2.0]]], "sample 0, feature 1: .* not list"),
        (pd.Series([1.0, 2.0]), "each sample a list of numbers"),
        (csr_array([[1.0, 0.0]]), r"give the toarray\(\) of this csr_array"),
    ],
)
def test_what_is_no_number_has_a_row_and_a_column(X, message):
    with pytest.raises((ArgumentError, OperandError), match=message):
        paired(X, [0, 1, 2])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (pd.Series([1, None, 2], dtype="Int64"), "the target of sample 1 is missing or masked"),
        (np.ma.masked_equal([1, 2, 3], 3), "the target of sample 2 is missing or masked"),
        (pd.Series(pd.to_datetime(["2020-01-01"] * 3)).to_numpy(), "the target of sample 0 is the time 2020-01-01"),
        (pd.Series([1, 2]), "there are 3 and 2"),
    ],
)
def test_what_is_no_target(y, message):
    with pytest.raises((LengthError, OperandError), match=message):
        paired(NUMBERS, y)
