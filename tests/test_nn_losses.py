"""Losses against mpmath: values and derivatives in both tails, conventions at the edges, and errors that help.

The formulas below are the textbook's, evaluated at so many digits that nothing can cancel or underflow; derivatives are
central differences of them.  Nothing here comes from a rule of the engine.
"""

import math
from functools import partial
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf

import autodiff as ad
import nn
from autodiff import LengthError, OperandError, Value
from nn.errors import ArgumentError

inf = math.inf
DIGITS, STEP = 520, mpf(10) ** -40  # 1 - sigmoid(1000) is 1e-435


def sigmoid(s):
    return 1 / (1 + mp.exp(-s))


def times_log(y, p):
    return y * mp.log(p) if y else mpf(0)


def cross_entropy_of(probabilities, ys):
    return -mp.fsum(times_log(y, o) + times_log(1 - y, 1 - o) for o, y in zip(probabilities, ys, strict=True))


def huber(d, delta=1):
    return d * d / 2 if abs(d) <= delta else delta * (abs(d) - mpf(delta) / 2)


# name: the formula of (outputs, targets), as it stands in the literature
FORMULAS = {
    "squared_error": lambda os, ys: mp.fsum((o - y) ** 2 for o, y in zip(os, ys, strict=True)) / 2,
    "mean_squared_error": lambda os, ys: mp.fsum((o - y) ** 2 for o, y in zip(os, ys, strict=True)) / len(os),
    "huber": lambda os, ys: mp.fsum(huber(o - y) for o, y in zip(os, ys, strict=True)),
    "binary_cross_entropy": cross_entropy_of,
    "binary_cross_entropy_with_logits": lambda ss, ys: cross_entropy_of([sigmoid(s) for s in ss], ys),
    "hinge": lambda ss, ys: mp.fsum(max(mpf(0), 1 - y * s) for s, y in zip(ss, ys, strict=True)),
    "cross_entropy": lambda ss, ys: (
        -mp.fsum(times_log(y, mp.exp(s) / mp.fsum(mp.exp(other) for other in ss)) for s, y in zip(ss, ys, strict=True))
    ),
}
REAL = [-1000.0, -37.5, -1.25, -1e-9, 0.0, 0.3, 2.0, 36.5, 745.0, 1000.0]
PROBABILITIES = [1e-300, 1e-20, 0.1, 0.5, 0.75, 1 - 2**-53]
# name: the outputs and targets to try; kinks are left to the tests of conventions
POINTS = {
    "squared_error": [([o], [y]) for o, y in product(REAL, [0.0, -2.5])] + [(REAL, REAL[::-1])],
    "mean_squared_error": [([o], [y]) for o, y in product(REAL, [0.0, -2.5])] + [(REAL, REAL[::-1])],
    "huber": [([o], [y]) for o, y in product(REAL, [0.1, -2.5])] + [(REAL, [x + 0.5 for x in REAL[::-1]])],
    "binary_cross_entropy": [([o], [y]) for o, y in product(PROBABILITIES, [0, 1, 0.3])]
    + [(PROBABILITIES, [0, 1, 0, 0.9, 1, 0])],
    "binary_cross_entropy_with_logits": [([s], [y]) for s, y in product(REAL, [0, 1, 0.3])]
    + [(REAL, [0, 1, 1, 0, 0.5, 0.25, 1, 0, 0, 1])],
    "hinge": [([s], [y]) for s, y in product(REAL, [-1, 1])] + [(REAL, [1, -1] * 5)],
    "cross_entropy": [*product(product([-1000.0, -1e-9, 36.5, 1000.0], repeat=3), [[1, 0, 0], [0.25, 0.5, 0.25]])]
    + [([s, 0.0], [0, 1]) for s in REAL],
}


def gradient(loss, outputs, target):
    """The value of a loss, and its derivative in every output."""
    values = [Value(o) for o in outputs]
    e = loss(values, target)
    e.backward()
    return e.data, [o.grad for o in values]


def exact(name, outputs, targets):
    """The same from the formula."""
    with mp.workdps(DIGITS):
        os, ys = [mpf(o) for o in outputs], [mpf(y) for y in targets]

        def at(j, shift):
            return FORMULAS[name]([o + shift * (i == j) for i, o in enumerate(os)], ys)

        steps = [STEP * min(1, abs(o) or 1) for o in os]
        slopes = [(at(j, h) - at(j, -h)) / (2 * h) for j, h in enumerate(steps)]
        return FORMULAS[name](os, ys), slopes


def test_every_loss_is_held_to_a_formula():
    assert set(FORMULAS) == set(POINTS) == set(nn.LOSSES)
    assert all(nn.LOSSES[name] is getattr(nn, name) for name in FORMULAS)


@pytest.mark.parametrize("name", FORMULAS)
def test_values_and_derivatives_are_exact(name):
    """Relative to each figure; to 1 for slopes where targets lie between 0 and 1, for there two terms may cancel."""
    tolerance = 2e-13 if "logits" in name or name == "cross_entropy" else 5e-15  # 1000 ulp of the exponent s_j - s_c
    for outputs, targets in POINTS[name]:
        value, slopes = exact(name, outputs, targets)
        ours = gradient(nn.LOSSES[name], outputs, targets)
        scale = 1.0 if 0 < targets[0] < 1 else 2.0**-1022
        assert abs(ours[0] - value) <= tolerance * max(value, 2.0**-1022)
        for slope, true in zip(ours[1], slopes, strict=True):
            assert abs(slope - true) <= tolerance * max(abs(true), scale), (outputs, targets)


@given(
    st.integers(1, 5).flatmap(
        lambda k: st.tuples(
            st.lists(st.floats(-1000, 1000), min_size=k, max_size=k),
            st.lists(st.floats(0, 1), min_size=k, max_size=k),
        )
    )
)
def test_logits_give_finite_losses_and_bounded_gradients(case):
    logits, shares = case
    e, slopes = gradient(nn.binary_cross_entropy_with_logits, logits, shares)
    assert 0 <= e <= 1000 * len(logits) + 1
    assert all(-1 <= slope <= 1 for slope in slopes)
    if len(logits) > 1:
        for c in range(len(logits)):
            e, slopes = gradient(nn.cross_entropy, logits, c)
            assert 0 <= e <= 2000 + len(logits)
            assert all(abs(slope) <= 1 + 1e-15 for slope in slopes)  # that of c is a sum of shares, each rounded
            assert slopes[c] <= 0
            assert math.fsum(slopes) == pytest.approx(0, abs=1e-15 * len(logits))


@pytest.mark.parametrize("logits", [*product([-1000.0, 1000.0], repeat=3)])
def test_logits_of_a_thousand(logits):
    for target in (*range(3), [1, 0, 0], [0.5, 0.25, 0.25]):
        e, slopes = gradient(nn.cross_entropy, logits, target)
        assert math.isfinite(e)
        assert all(-1 <= slope <= 1 for slope in slopes)


def test_a_class_is_its_one_hot_list():
    logits = [0.3, -2.0, 5.0]
    for c, one_hot in enumerate(np.eye(3)):
        assert gradient(nn.cross_entropy, logits, c) == gradient(nn.cross_entropy, logits, one_hot)
        assert gradient(nn.cross_entropy, logits, c) == gradient(nn.cross_entropy, np.array(logits), np.int64(c))


def test_the_derivatives_of_the_theory():
    """o - y after a sigmoid or a softmax: from probabilities as well as from logits."""
    s = Value(0.7)
    nn.binary_cross_entropy(ad.sigmoid(s), 1).backward()
    assert s.grad == pytest.approx(ad.sigmoid(0.7) - 1, rel=1e-15)
    logits = [0.7, -0.2, 1.5]
    shares = ad.softmax(logits)
    assert gradient(nn.cross_entropy, logits, 2)[1] == pytest.approx([shares[0], shares[1], shares[2] - 1], rel=1e-15)


def test_a_single_output_may_stand_alone():
    for name, target in {**dict.fromkeys(nn.LOSSES, 1), "huber": 5.0}.items():
        if name != "cross_entropy":
            loss = nn.LOSSES[name]
            assert (
                loss(Value(0.25), target).data == loss([Value(0.25)], [target]).data == loss(0.25, np.float64(target))
            )


@pytest.mark.parametrize("name", FORMULAS)
def test_floats_give_a_float(name):
    for outputs, targets in POINTS[name][:5]:
        e = nn.LOSSES[name](outputs, targets)
        assert type(e) is float
        assert e == gradient(nn.LOSSES[name], outputs, targets)[0]


@pytest.mark.parametrize("name", FORMULAS)
def test_targets_may_be_values(name):
    for outputs, targets in POINTS[name]:
        with_values = gradient(nn.LOSSES[name], outputs, [Value(y) for y in targets])
        e, slopes = gradient(nn.LOSSES[name], outputs, targets)
        assert with_values[0] == pytest.approx(e, rel=1e-12)
        assert with_values[1] == pytest.approx(slopes, rel=1e-12)


# Conventions where the formula has none.


@pytest.mark.parametrize(
    ("o", "y", "value", "slope"),
    [(0.0, 0, 0.0, 1.0), (1.0, 1, 0.0, -1.0), (0.0, 1, inf, -inf), (1.0, 0, inf, inf), (0.0, 0.5, inf, -inf)],
)
def test_certain_probabilities(o, y, value, slope):
    """0·log 0 is 0, in the gradient too; log 0 alone is what IEEE says."""
    assert gradient(nn.binary_cross_entropy, [o], [y]) == (value, [slope])


def test_a_probability_that_is_nan_is_left_to_the_training():
    assert math.isnan(nn.binary_cross_entropy(math.nan, 1))


def test_kinks():
    assert gradient(nn.hinge, [1.0], [1]) == (0.0, [0.0])
    assert gradient(nn.huber, [1.0], [0.0]) == (0.5, [1.0])
    assert gradient(nn.huber, [-1.0], [0.0]) == (0.5, [-1.0])


@pytest.mark.parametrize("delta", [0.1, 1.0, 2.5])
def test_huber_beyond_delta(delta):
    for d in (-3.0, -0.05, 0.0, 0.05, 2.6):
        value, (slope,) = gradient(partial(nn.huber, delta=delta), [d], [0.0])
        assert value == pytest.approx(float(huber(mpf(d), mpf(delta))), rel=1e-15)
        assert slope == pytest.approx(min(max(d, -delta), delta), rel=1e-15)


def test_graphs_are_small():
    """A picture of the loss is readable, and training does not wait for it."""
    for name, (target, nodes) in {
        "squared_error": ([1.0], 3),
        "mean_squared_error": ([1.0], 3),
        "binary_cross_entropy": ([1], 2),
        "binary_cross_entropy_with_logits": ([0], 1),
        "hinge": ([1], 3),
        "huber": ([0.0], 5),
    }.items():
        assert len(ad.topological_order(nn.LOSSES[name]([Value(0.5)], target))) - 1 == nodes
    logits = [Value(float(j)) for j in range(10)]
    assert len(ad.topological_order(nn.cross_entropy(logits, 3))) - 10 == 10


# Penalties.


@pytest.mark.parametrize("m", [1, 50])
def test_penalties(m):
    numbers = [0.5, -3.0, 0.0, 1e-9]
    for penalty, value, slopes in (
        (nn.l2, 0.2 / (2 * m) * (0.25 + 9 + 1e-18), [0.2 / m * w for w in numbers]),
        (nn.l1, 0.2 / m * (3.5 + 1e-9), [0.2 / m, -0.2 / m, 0.0, 0.2 / m]),
    ):
        weights = [Value(w) for w in numbers]
        e = penalty(iter(weights), 0.2, m)
        e.backward()
        assert e.data == pytest.approx(value, rel=1e-15)
        assert [w.grad for w in weights] == pytest.approx(slopes, rel=1e-15)
    assert len(ad.topological_order(nn.l2(weights, 0.2))) == len(weights) + 2


def test_no_weights_no_penalty():
    assert nn.l2([], 0.1) == nn.l1([], 0.1) == 0.0


# Errors.


@pytest.mark.parametrize("name", [name for name in FORMULAS if name != "cross_entropy"])
def test_one_target_for_each_output(name):
    for outputs, target in (([0.5, 0.5], [1]), ([0.5], [1, 1]), ([0.5, 0.5], 1), ([], [])):
        with pytest.raises(LengthError, match=f"^{name} needs one target for each output"):
            nn.LOSSES[name](outputs, target)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.hinge(0.5, 0), ArgumentError, r"-1 or \+1, not 0.0; for labels 0 and 1 give 2\*y - 1"),
        (lambda: nn.binary_cross_entropy(0.5, -1), ArgumentError, r"from 0 to 1, not -1.0; for labels -1 and \+1"),
        (lambda: nn.binary_cross_entropy_with_logits(0.5, math.nan), ArgumentError, "from 0 to 1, not nan"),
        (lambda: nn.cross_entropy([0.5], 0), LengthError, "binary_cross_entropy_with_logits"),
        (lambda: nn.cross_entropy(0.5, 0), LengthError, "two classes or more, not 1"),
        (lambda: nn.cross_entropy([0.5, 1.0], 2), ArgumentError, "whole number from 0 to 1, not 2"),
        (lambda: nn.cross_entropy([0.5, 1.0], -1), ArgumentError, "whole number from 0 to 1, not -1"),
        (lambda: nn.cross_entropy([0.5, 1.0], 0.5), ArgumentError, "whole number from 0 to 1, not 0.5"),
        (lambda: nn.cross_entropy([0.5, 1.0], Value(2.0)), OperandError, "whole number from 0 to 1, not 2.0"),
        (lambda: nn.cross_entropy([0.5, 1.0], [1]), LengthError, "one target for each output, not 1 for 2"),
        (lambda: nn.cross_entropy([0.5, 1.0], [1, 1]), ArgumentError, "add up to 1, not 2.0"),
        (lambda: nn.huber(0.5, 0, delta=0), ArgumentError, "above 0, not 0"),
        (lambda: nn.squared_error(0.5, "1"), OperandError, "squared_error: a target"),
        (lambda: nn.squared_error("0.5", 1), OperandError, "squared_error: an output"),
        (lambda: nn.squared_error(0.5, None), OperandError, "squared_error: a target"),
        (lambda: nn.cross_entropy([0.5, 1.0], [2, -1]), ArgumentError, "each 0 or more"),
        (lambda: nn.cross_entropy([0.5, 1.0], [Value(2.0), Value(-1.0)]), ArgumentError, "each 0 or more"),
        (lambda: nn.binary_cross_entropy(1.5, 1), ArgumentError, "probabilities, .* not 1.5; .*_with_logits"),
        (lambda: nn.binary_cross_entropy([Value(-0.5)], 1), ArgumentError, "probabilities, .* not -0.5"),
        (lambda: nn.l2([1.0], -0.1), ArgumentError, "l2: the strength lam .* from 0 on, not -0.1"),
        (lambda: nn.l1([1.0], math.nan), ArgumentError, "l1: the strength lam .* from 0 on, not nan"),
        (lambda: nn.l2([1.0], 0.1, 0), ArgumentError, "l2: m is the number of samples"),
        (lambda: nn.l1([1.0], 0.1, -1), ArgumentError, "l1: m is the number of samples"),
    ],
)  # fmt: skip
def test_errors_say_what_is_wrong(call, error, message):
    with pytest.raises(error, match=message):
        call()
