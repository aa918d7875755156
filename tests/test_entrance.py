"""The one entrance for numbers: what every place that takes numbers makes of them, and what it refuses."""

from __future__ import annotations

import array
import copy
import datetime
import math
import pickle
from decimal import Decimal
from fractions import Fraction

import pytest

import autodiff as ad
import nn
from autodiff import OperandError, Value
from nn.errors import ArgumentError

np = pytest.importorskip("numpy")
as_column = pytest.importorskip("autodiff.compiler.columns").as_column

REAL = {
    "int": (3, 3.0),
    "bool": (True, 1.0),
    "a large integer": (2**70, 2.0**70),
    "fraction": (Fraction(1, 3), 1 / 3),
    "float16": (np.float16(0.1), float(np.float16(0.1))),
    "float32": (np.float32(0.1), float(np.float32(0.1))),
    "float64": (np.float64(0.1), 0.1),
    "longdouble": (np.longdouble(0.5), 0.5),
    "int8": (np.int8(-3), -3.0),
    "uint64": (np.uint64(2**63), 2.0**63),
    "bool_": (np.bool_(True), 1.0),
    "nan": (math.nan, math.nan),
    "inf": (np.float32("inf"), math.inf),
}
NOT_REAL = {
    "text": ("7", "convert it first"),
    "bytes": (b"7", "convert it first"),
    "complex": (2j, "real and imaginary parts"),
    "NumPy's complex": (np.complex64(2j), "real and imaginary parts"),
    "an integer too large": (10**400, "does not fit a float"),
    "a list": ([1.0], "each element"),
    "an array": (np.ones(1), "each element"),
    "decimal": (Decimal("1.5"), "float"),
    "a function": (math.sin, "takes a real number"),
    "masked": (np.ma.masked, "fill it in"),
    "a date": (datetime.date(2020, 1, 1), "the days since"),
    "a date of NumPy": (np.datetime64("2020-01-01"), "the days since"),
}


def same(x, y):
    return type(x) is float and (x == y or (x != x and y != y))


# ---------------------------------------------------------------------------------------------------------------------
# data and grad.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "number"), REAL.values(), ids=REAL)
@pytest.mark.parametrize("slot", ["data", "grad"])
def test_what_a_node_takes_becomes_a_float(slot, given, number):
    v = Value(1.0)
    setattr(v, slot, given)
    assert same(getattr(v, slot), number)
    assert same(Value(given).data, number)


@pytest.mark.parametrize(("given", "remedy"), [*NOT_REAL.values(), (Value(2.0), r"v\.data for the number")])
@pytest.mark.parametrize("slot", ["data", "grad"])
def test_what_a_node_refuses_leaves_it_as_it_was(slot, given, remedy):
    v = Value(1.0)
    v.grad = 1.0
    with pytest.raises(OperandError, match=remedy) as caught:
        setattr(v, slot, given)
    assert f"v.{slot}" in str(caught.value)
    assert (v.data, v.grad) == (1.0, 1.0)


def test_none_clears_a_gradient_and_is_no_number():
    v = Value(1.0)
    v.grad = 3.0
    v.grad = None
    assert same(v.grad, 0.0)
    with pytest.raises(OperandError, match=r"v\.data takes a real number, not NoneType"):
        v.data = None
    (v * 2).backward()
    assert v.grad == 2.0


def test_updates_in_place():
    w = Value(1.0)
    w.data -= np.float32(0.5)
    w.grad += np.int64(2)
    w.data *= True
    assert same(w.data, 0.5)
    assert same(w.grad, 2.0)
    with pytest.raises(OperandError, match=r"v\.data takes a real number"):
        w.data -= 0.1 * Value(1.0)


def test_copies_and_pickles_have_both():
    v = Value(2.0, label="v")
    (v * v).backward()
    for twin in (copy.copy(v), copy.deepcopy(v), pickle.loads(pickle.dumps(v))):
        assert (twin.data, twin.grad, twin.label) == (2.0, 4.0, "v")
    with pytest.raises(AttributeError):
        v.gard = 1.0  # a slip of the pen


# ---------------------------------------------------------------------------------------------------------------------
# Columns and parameters of programs.
# ---------------------------------------------------------------------------------------------------------------------


class Exports:
    """An array as other libraries have them."""

    def __init__(self, numbers):
        self.numbers = np.asarray(numbers)

    def __array__(self, dtype=None, copy=None):
        return self.numbers if dtype is None else self.numbers.astype(dtype)


class WillNot:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("call detach() first")


COLUMNS = {
    "numbers": [1, 2.5, True],
    "NumPy's numbers": [np.float32(1), np.float64(2.5), np.int8(1)],
    "fractions": [Fraction(1), Fraction(5, 2), 1],
    "tuple": (1.0, 2.5, 1.0),
    "float16": np.array([1, 2.5, 1], np.float16),
    "float32": np.array([1, 2.5, 1], np.float32),
    "longdouble": np.array([1, 2.5, 1], np.longdouble),
    "objects": np.array([1, 2.5, np.float32(1)], object),
    "every second": np.array([1, 0, 2.5, 0, 1])[::2],
    "big-endian": np.array([1, 2.5, 1], ">f8"),
    "array.array": array.array("d", [1, 2.5, 1]),
    "memoryview": memoryview(array.array("d", [1, 2.5, 1])),
    "of another library": Exports([1, 2.5, 1]),
    "objects of another library": Exports(np.array([1, 2.5, True], object)),
}
NO_COLUMNS = {
    "masked": (np.ma.array([1.0, 2.0], mask=[False, True]), r"masked; fill"),
    "masked, nothing of it": (np.ma.array([1.0, 2.0]), r"masked; fill"),
    "masked in a list": ([1.0, np.ma.masked], "masked"),
    "complex": (np.array([1.0, 2j]), r"sample 0 takes a real number, not complex"),
    "complex in a list": ([1.0, 2j], r"sample 1 takes a real number, not complex"),
    "complex without imaginary part": ([1.0, 2 + 0j], r"sample 1 takes a real number"),
    "text": (["1", "2"], r"sample 0 takes a real number, not str '1'; convert it first"),
    "text among numbers": ([1.0, "2"], r"sample 1 takes a real number, not str"),
    "an array of text": (np.array(["1"]), r"sample 0 takes a real number, not str"),
    "bytes": (np.array([b"1"]), r"sample 0 takes a real number, not bytes"),
    "one text": ("12", r"not str '12'"),
    "dates": (np.array(["2020-01-01"], "M8[D]"), r"sample 0 takes a real number, not date .*; give the days"),
    "Python's dates": ([1.0, datetime.date(2020, 1, 1)], r"sample 1 takes a real number, not date .*days"),
    "durations": (np.array([1], "m8[s]"), r"sample 0 takes a real number, not timedelta .*days"),
    "None": ([1.0, None], r"sample 1 is missing"),
    "None alone": (np.array(None), r"is missing"),
    "an integer too large": ([1.0, 10**400], r"sample 1: an integer of this size"),
    "a Value": ([1.0, Value(2.0)], r"sample 1: a Value does not turn into a float"),
    "decimal": ([Decimal("1.5")], r"sample 0 takes a real number, not Decimal"),
    "dict": ({1.0: 2.0}, "real number"),
    "set": ({1.0}, "real number"),
    "generator": ((x for x in [1.0]), r"in a list"),
    "records": (np.zeros(2, [("a", float)]), "sample 0 takes a real number"),
    "lists of several lengths": ([[1.0], [1.0, 2.0]], "in one array"),
    "that will not": (WillNot(), "call detach"),
}


@pytest.mark.parametrize("engine", ["auto", "source"])
@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_columns(column, engine):
    x = Value(1.0)
    assert ad.compile(2 * x, [x], engine=engine)(column).tolist() == [2.0, 5.0, 2.0]
    numbers = as_column(column, "a column")
    assert numbers.dtype == np.float64
    assert numbers.flags.c_contiguous


@pytest.mark.parametrize(("column", "message"), NO_COLUMNS.values(), ids=NO_COLUMNS)
def test_columns_that_are_refused(column, message):
    x, w = Value(1.0), Value(3.0)
    program = ad.compile(w * x, [x], [w], engine="source")
    with pytest.raises(OperandError, match=rf"^column 0.*{message}"):
        program(column)
    if not hasattr(column, "__next__"):
        with pytest.raises(OperandError, match=rf"^parameters.*{message.replace('sample', 'parameter')}"):
            program([1.0], parameters=column)


def test_what_is_wrong_is_named_in_both_directions():
    x, y = Value(1.0), Value(1.0)
    program = ad.compile(x * y, [x, y], engine="source")
    with pytest.raises(OperandError, match=r"^the array: input 1, sample 2 is missing"):
        program(np.array([[1, 2, 3], [4, 5, None]], object))
    with pytest.raises(OperandError, match=r"^column 1: sample 0 takes a real number, not str 'a'"):
        program([1.0], ["a"])
    with pytest.raises(OperandError, match=r"^verify: rtol takes a real number"):
        program.verify([1.0], [1.0], rtol="small")


def test_tables():
    pd = pytest.importorskip("pandas")
    x = Value(1.0)
    program = ad.compile(2 * x, [x], engine="source")
    for kind in ("int64", "Int64", "Float32", "float16", "category"):
        assert program(pd.Series([1, 3], dtype=kind)).tolist() == [2.0, 6.0]
    assert program(pd.Series([math.nan, 1.0]))[1] == 2.0  # nan is a number
    nullable = [pd.Series([1, None], dtype=kind) for kind in ("Int64", "Float64", "boolean")]
    for wrong in (*nullable, nullable[0].array, pd.Series([pd.Timestamp("2020")]), pd.Series(["a", "b"])):
        with pytest.raises(OperandError, match="column 0: sample"):
            program(wrong)


def test_floats_that_numpy_does_not_know():
    kinds = pytest.importorskip("ml_dtypes")
    x = Value(1.0)
    assert ad.compile(2 * x, [x], engine="source")(np.array([1.5], kinds.bfloat16)).tolist() == [3.0]


# ---------------------------------------------------------------------------------------------------------------------
# Settings of nn.
# ---------------------------------------------------------------------------------------------------------------------

SETTINGS = {
    "lr": (lambda w, x: nn.SGD([w], lr=x), "lr"),
    "weight_decay": (lambda w, x: nn.Adam([w], weight_decay=x), "weight_decay"),
    "momentum": (lambda w, x: nn.SGD([w], lr=0.1, momentum=x), "momentum"),
    "alpha": (lambda w, x: nn.RMSProp([w], alpha=x), "alpha"),
    "eps of RMSProp": (lambda w, x: nn.RMSProp([w], eps=x), "eps"),
    "eps of Adam": (lambda w, x: nn.AdamW([w], eps=x), "eps"),
}


@pytest.mark.parametrize(("make", "name"), SETTINGS.values(), ids=SETTINGS)
def test_settings_are_floats_from_the_first_and_whenever_they_are_set(make, name):
    """A float32 for the learning rate made float32 of the weights, and the engines differ."""
    tenth = np.float32(0.1)
    w = Value(1.0)
    optimizer = make(w, tenth)
    assert same(getattr(optimizer, name), float(tenth))
    setattr(optimizer, name, np.float16(0.25))
    assert same(getattr(optimizer, name), 0.25)
    w.grad = 1.0
    optimizer.step()
    assert type(w.data) is float
    for wrong in ("0.1", None, -1.0, math.nan, [0.1], Value(0.1)):
        with pytest.raises(ArgumentError):
            setattr(optimizer, name, wrong)
        assert same(getattr(optimizer, name), 0.25)
    assert f"{name}=0.25" in repr(optimizer)


def test_betas():
    optimizer = nn.Adam([Value(1.0)], betas=[np.float32(0.5), 0])
    assert optimizer.betas == (0.5, 0.0)
    assert {type(beta) for beta in optimizer.betas} == {float}
    with pytest.raises(ArgumentError, match="betas are two numbers"):
        optimizer.betas = (0.9, 1.0)


def test_a_slope_of_ones_own_may_be_of_numpy():
    class Descent(nn.optim.Optimizer):
        def slope(self, i, w):
            return np.float32(w.grad)

    w = Value(1.0)
    w.grad = 1.0
    Descent([w], lr=0.5).step()
    assert same(w.data, 0.5)


@pytest.mark.parametrize("engine", ["eager", "auto"])
@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam", "adamw"])
def test_training_with_numpys_numbers_is_that_with_pythons(optimizer, engine):
    found = []
    for kind in (float, np.float32):
        model = nn.MLP(2, [3, 1], seed=0)
        numbers = {"lr": kind(np.float32(0.1)), "l2": kind(np.float32(0.01)), "l1": kind(np.float32(0.02))}
        nn.fit(
            model,
            [[kind(1), kind(2)], [kind(0), kind(1)]],
            [kind(0.5), kind(0.25)],
            nn.squared_error,
            optimizer,
            **numbers,
            epochs=3,
            schedule=nn.schedules.linear(3, start=kind(1), end=kind(0.5)),
            engine=engine,
            progress=False,
        )
        found.append(model.state_dict())
        assert {type(p.data) for p in model.parameters()} == {float}
    assert found[0] == found[1]


TENTH = float(np.float32(0.1))
USED = {
    "huber": lambda x: nn.huber(1.5, 1.0, delta=x),
    "l2": lambda x: nn.losses.l2([0.3], x),
    "l1": lambda x: nn.losses.l1([0.3], x),
    "Dropout": lambda x: nn.Dropout(x, seed=0)([0.3])[0],
    "step_decay": lambda x: nn.schedules.step_decay(1, x)(3),
    "linear": lambda x: nn.schedules.linear(7, end=x)(3),
    "cosine": lambda x: nn.schedules.cosine(7, end=x)(3),
    "noise": lambda x: nn.data.load("moons", n=1, noise=x).X[0][0],
    "leaky_relu": lambda x: ad.leaky_relu(-0.3, x),
    "clamp": lambda x: ad.clamp(0.3, 0.0, x),
    "threshold": lambda x: nn.metrics.accuracy([[TENTH]], [0], x),
}


@pytest.mark.parametrize("use", USED.values(), ids=USED)
def test_settings_of_functions(use):
    assert same(use(np.float32(0.1)), use(TENTH))


def test_clipping_with_numpys_numbers():
    v = Value(1.0)
    for clip in (nn.clip_grad_norm, nn.clip_grad_value):
        found = []
        for limit in (TENTH, np.float32(0.1)):
            v.grad = 0.3
            clip([v], limit)
            found.append(v.grad)
        assert found[0] == found[1]


@pytest.mark.parametrize("seed", [3, np.int64(3), np.uint8(3)])
def test_seeds(seed):
    assert nn.MLP(2, [1], seed=seed).state_dict() == nn.MLP(2, [1], seed=3).state_dict()
    assert nn.data.load("moons", n=4, seed=seed).X == nn.data.load("moons", n=4, seed=3).X
