"""Optimisers, schedules and clipping against PyTorch's on the same numbers, by facts that PyTorch wrote."""

import json
import math

import numpy as np
import pytest
from cases import load

import nn
from autodiff import OperandError, Value
from nn import schedules
from nn.errors import ArgumentError

FACTS = load("optimiser_facts.json")
OURS = {"SGD": nn.SGD, "RMSprop": nn.RMSProp, "Adam": nn.Adam, "AdamW": nn.AdamW}


def called(fact):
    return f"{fact['call'].rpartition('.')[2]}({', '.join(f'{k}={v}' for k, v in fact['settings'].items())})"


def test_the_first_line_that_a_reader_meets():
    assert nn.optim.__doc__.startswith("w_new = w_old − η ∂L/∂w")


def test_every_optimiser_is_held_to_facts():
    assert {OURS[fact["call"].rpartition(".")[2]] for fact in FACTS["optimisers"]} == set(nn.OPTIMIZERS.values())
    assert {fact["nn"] for fact in FACTS["schedules"]} == set(schedules.__all__)


def run(optimiser_of, facts):
    """The parameters after each step, given the gradients that the facts give."""
    ws = [Value(x) for x in facts["start"]]
    optimiser = optimiser_of(ws, lr=facts["lr"])
    after = []
    for step, gradients in enumerate(facts["gradients"]):
        if step == facts["lr halved at step"]:
            optimiser.lr /= 2
        for w, gradient in zip(ws, gradients, strict=True):
            w.grad = gradient
        optimiser.step()
        after.append([w.data for w in ws])
    return after


@pytest.mark.parametrize("fact", FACTS["optimisers"], ids=called)
def test_updates_are_those_of_pytorch(fact):
    optimiser = OURS[fact["call"].rpartition(".")[2]]
    after = run(lambda ws, lr: optimiser(ws, lr=lr, **fact["settings"]), FACTS)
    np.testing.assert_allclose(after, fact["after each step"], rtol=1e-13, atol=1e-15)


def test_the_facts_tell_settings_apart():
    """A setting that was ignored would show: no two runs end the same."""
    ends = [tuple(fact["after each step"][-1]) for fact in FACTS["optimisers"]]
    assert len(set(ends)) == len(ends)


@pytest.mark.parametrize("fact", FACTS["schedules"], ids=called)
def test_schedules_are_those_of_pytorch(fact):
    schedule = getattr(schedules, fact["nn"])(**fact["nn settings"])
    ours = [FACTS["lr"] * schedule(step) for step in range(len(fact["rates"]))]
    np.testing.assert_allclose(ours, fact["rates"], rtol=1e-13, atol=1e-16)


def with_gradients(gradients):
    ws = [Value(0.0) for _ in gradients]
    for w, gradient in zip(ws, gradients, strict=True):
        w.grad = gradient
    return ws


@pytest.mark.parametrize("fact", FACTS["torch.nn.utils.clip_grad_norm_"], ids=lambda fact: str(fact["max_norm"]))
def test_clipping_by_norm_is_that_of_pytorch(fact):
    ws = with_gradients(FACTS["to clip"])
    assert nn.clip_grad_norm(iter(ws), fact["max_norm"]) == pytest.approx(fact["norm"], rel=1e-15)
    assert [w.grad for w in ws] == pytest.approx(fact["gradients"], rel=1e-15)


@pytest.mark.parametrize("fact", FACTS["torch.nn.utils.clip_grad_value_"], ids=lambda fact: str(fact["clip_value"]))
def test_clipping_by_value_is_that_of_pytorch(fact):
    ws = with_gradients(FACTS["to clip"])
    nn.clip_grad_value(iter(ws), fact["clip_value"])
    assert [w.grad for w in ws] == fact["gradients"]


def test_the_facts_are_those_of_the_torch_installed_here():
    pytest.importorskip("torch", reason="torch is not installed; its facts are in tests/data/optimiser_facts.json")
    from tests.data.make_optimiser_facts import make

    def assert_same(a, b):
        if isinstance(a, dict):
            assert a.keys() == b.keys()
            a, b = list(a.values()), list(b.values())
        if isinstance(a, list):
            for x, y in zip(a, b, strict=True):
                assert_same(x, y)
        else:
            assert a == (pytest.approx(b, rel=1e-14, abs=1e-16) if isinstance(b, float) else b)

    assert_same({**json.loads(json.dumps(make())), "source": None}, {**FACTS, "source": None})


# What PyTorch's facts do not say.


@pytest.mark.parametrize("name", nn.OPTIMIZERS)
def test_each_finds_the_bottom_of_a_valley(name):
    """(x - 3)² + 100·(y + 1)², whose slopes differ a hundredfold."""
    x, y = Value(0.0), Value(0.0)
    lr = 0.005 if name == "sgd" else 0.05
    optimiser = nn.OPTIMIZERS[name]([x, y], lr=lr, weight_decay=0.0)
    decay = schedules.cosine(1000)
    for step in range(1000):
        optimiser.lr = lr * decay(step)
        optimiser.zero_grad()
        ((x - 3) ** 2 + 100 * (y + 1) ** 2).backward()
        optimiser.step()
    assert (x.data, y.data) == pytest.approx((3, -1), abs=0.02)


def test_one_step_is_the_first_line():
    w = Value(0.7)
    optimiser = nn.SGD([w], lr=0.3)
    w_old, eta, slope = w.data, 0.3, 1.1
    w.grad = slope
    optimiser.step()
    assert w.data == w_old - eta * slope


def test_gradients_are_cleared_on_request_only():
    w = Value(2.0)
    optimiser = nn.SGD(iter([w]), lr=0.1)
    for times in (1, 2):
        (3 * w).backward()
        assert w.grad == 3.0 * times
        optimiser.step()
        assert w.grad == 3.0 * times
    optimiser.zero_grad()
    assert w.grad == 0.0


@pytest.mark.parametrize("hole", [math.inf, -math.inf, math.nan])
def test_clipping_hides_no_hole(hole):
    ws = with_gradients([3.0, hole])
    norm = nn.clip_grad_norm(ws, 1.0)
    assert norm == math.inf or math.isnan(norm)
    assert ws[0].grad == 3.0
    assert repr(ws[1].grad) == repr(hole)
    nn.clip_grad_value(ws, 1.0)
    assert ws[0].grad == 1.0
    assert repr(ws[1].grad) == ("nan" if math.isnan(hole) else repr(math.copysign(1.0, hole)))


def test_clipping_without_overflow():
    ws = with_gradients([3e200, 4e200])
    assert nn.clip_grad_norm(ws, 1.0) == pytest.approx(5e200)
    assert [w.grad for w in ws] == pytest.approx([0.6, 0.8])
    assert nn.clip_grad_norm([], 1.0) == 0.0


def test_linear_gives_the_rates_of_micrograds_demo():
    schedule = schedules.linear(100, start=1.0, end=0.1)
    assert [schedule(k) for k in range(100)] == pytest.approx([1.0 - 0.9 * k / 100 for k in range(100)], rel=1e-15)


@pytest.mark.parametrize("end", [0.0, 0.3])
def test_cosine_and_linear_stay_at_their_end(end):
    for schedule in (schedules.cosine(5, end), schedules.linear(5, end=end)):
        assert schedule(0) == 1.0
        assert schedule(5) == schedule(6) == schedule(10**9) == end


W = Value(1.0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.SGD([], lr=0.1), ArgumentError, r"needs parameters to change; model.parameters\(\)"),
        (lambda: nn.SGD([1.0], lr=0.1), OperandError, "changes Values, .* not float"),
        (lambda: nn.SGD(W, 0.1), ArgumentError, r"a list of Values, such as model.parameters\(\) or \[w\], not Value"),
        (lambda: nn.SGD([W], "a"), ArgumentError, "learning rate is a number from 0 on, not 'a'"),
        (lambda: nn.Adam([W], betas=0.9), ArgumentError, "betas are two numbers .* not 0.9"),
        (lambda: nn.Adam([W], betas=(0.9, "a")), ArgumentError, "betas are two numbers .* not"),
        (lambda: nn.Adam([W, W]), ArgumentError, "listed twice"),
        (lambda: nn.Adam([W * W]), ArgumentError, "leaves, not what an operation computes"),
        (lambda: nn.SGD([W], lr=-0.1), ArgumentError, "learning rate is a number from 0 on, not -0.1"),
        (lambda: nn.SGD([W], lr=math.nan), ArgumentError, "learning rate is a number from 0 on, not nan"),
        (lambda: nn.SGD([W], lr=math.inf), ArgumentError, "learning rate is a number from 0 on, not inf"),
        (lambda: nn.SGD([W], lr=0.1, weight_decay=-1), ArgumentError, "weight_decay is a number from 0 on, not -1"),
        (lambda: nn.SGD([W], lr=0.1, momentum=1.0), ArgumentError, "momentum is .* below 1, not 1.0"),
        (lambda: nn.SGD([W], lr=0.1, nesterov=True), ArgumentError, "nesterov needs momentum"),
        (lambda: nn.RMSProp([W], alpha=1.0), ArgumentError, "alpha is .* below 1, not 1.0"),
        (lambda: nn.RMSProp([W], eps=0.0), ArgumentError, "eps is a number above 0, not 0.0"),
        (lambda: nn.RMSProp([W], momentum=-0.1), ArgumentError, "momentum is .* below 1, not -0.1"),
        (lambda: nn.Adam([W], betas=(0.9, 1.0)), ArgumentError, r"betas are .* below 1, not \(0.9, 1.0\)"),
        (lambda: nn.AdamW([W], eps=-1e-8), ArgumentError, "eps is a number above 0, not -1e-08"),
        (lambda: nn.clip_grad_norm([W], 0.0), ArgumentError, "max_norm is a length above 0, not 0.0"),
        (lambda: nn.clip_grad_value([W], math.nan), ArgumentError, "clip_value is a size above 0, not nan"),
        (lambda: schedules.cosine(0), ArgumentError, "cosine: steps is a number of steps above 0, not 0"),
        (lambda: schedules.linear(-1), ArgumentError, "linear: steps is a number of steps above 0, not -1"),
        (lambda: schedules.step_decay(0), ArgumentError, "step_decay: every is a number of steps above 0, not 0"),
    ],
)
def test_errors_say_what_is_wrong(call, error, message):
    with pytest.raises(error, match=message):
        call()
