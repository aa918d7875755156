"""Training: what a step computes, how a training ends, and what it leaves behind."""

import gc
import json
import signal
import sys
from random import Random
from statistics import mean

import numpy as np
import pytest
from cases import load

import autodiff as ad
import nn
from autodiff import LengthError, OperandError, Value
from nn import data, schedules
from nn.errors import ArgumentError, NonFiniteLoss
from tests.living import living_values

POINTS = data.load("blobs", n=24, classes=2, seed=3)


def network(seed=0, **settings):
    return nn.MLP(2, [4, 1], "tanh", seed=seed, **settings)


def fit(model, X=POINTS.X, y=POINTS.y, loss="binary_cross_entropy_with_logits", **settings):
    return nn.fit(model, X, y, loss, **{"lr": 0.3, "epochs": 5, "progress": False, **settings})


def numbers(model):
    return [p.data for p in model.parameters()]


class PenaliseAll(nn.MLP):
    """As micrograd: the penalty is on the biases, too."""

    def weights(self):
        return self.parameters()


def test_micrograd_demo():
    """All 100 published losses and accuracies, from the same data and the same initial weights."""
    demo = load("micrograd_demo.json")
    model = PenaliseAll(2, [16, 16, 1], seed=1337)
    assert numbers(model) == demo["params0"]
    history = nn.fit(
        model,
        demo["X"],
        demo["y"],
        "hinge",
        lr=1.0,
        schedule=schedules.linear(100, end=0.1),
        epochs=100,
        l2=0.02,  # λ/(2m) is 1e-4 for the 100 samples
        progress=False,
    )
    assert history.loss == pytest.approx([step["loss"] for step in demo["published"]], rel=0, abs=1e-9)
    assert [100 * share for share in history.accuracy] == [step["acc"] for step in demo["published"]]


# ---------------------------------------------------------------------------------------------------------------------
# A step.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("l2", "l1"), [(0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.3, 0.2)])
@pytest.mark.parametrize("batch_size", [None, 24, 100, 10])
def test_an_epoch_is_what_its_formula_says(l2, l1, batch_size):
    """The mean of the losses of the batches and the steps, computed here with the transforms of the engine."""
    model, twin = network(), network()
    history = fit(model, epochs=1, l2=l2, l1=l1, batch_size=batch_size, seed=7)
    pairs, total = list(zip(POINTS.X, POINTS.y, strict=True)), 0.0
    if batch_size == 10:
        Random(7).shuffle(pairs)
    for start in range(0, len(pairs), batch_size or 24):
        batch = pairs[start : start + (batch_size or 24)]
        m, ws = len(batch), twin.weights()
        loss = sum(nn.binary_cross_entropy_with_logits(twin(x), y) for x, y in batch) / m
        loss += l2 / (2 * m) * sum(w * w for w in ws) + l1 / m * sum(abs(w) for w in ws)
        total += m * loss.data
        slopes = ad.gradients(loss, twin.parameters())
        for p, slope in zip(twin.parameters(), slopes, strict=True):
            p.data -= 0.3 * slope
    assert history.loss == [pytest.approx(total / 24, rel=1e-12)]
    assert numbers(model) == pytest.approx(numbers(twin), rel=1e-12)


def test_the_same_seed_is_the_same_run():
    def run(seed):
        model = nn.Sequential(
            nn.Layer(2, 6, "tanh", seed=1), nn.Dropout(0.2, seed=2), nn.Layer(6, 1, "identity", seed=3)
        )
        settings = {"optimizer": "adam", "batch_size": 5, "validation": 0.25, "l2": 0.1, "seed": seed}
        record = fit(model, epochs=4, **settings).to_dict()
        del record["seconds"]
        return record, numbers(model)

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_arrays_do_as_lists():
    models = network(), network()
    fit(models[0])
    fit(models[1], np.array(POINTS.X), np.array(POINTS.y))
    assert numbers(models[0]) == numbers(models[1])
    rows = network()
    fit(rows, [np.array(x) for x in POINTS.X], [np.array([y]) for y in POINTS.y])
    assert numbers(models[0]) == numbers(rows)


def test_an_optimiser_of_some_parameters_leaves_the_others():
    model = network()
    before = model.state_dict()
    fit(model, optimizer=nn.SGD(model.layers[1].parameters(), lr=0.5), lr=None)
    after = model.state_dict()
    assert {name for name in before if before[name] != after[name]} == {"layers.1.weight", "layers.1.bias"}


@pytest.mark.parametrize("name", nn.OPTIMIZERS)
def test_every_optimiser_and_its_own_learning_rate(name):
    model = network()
    history = fit(model, optimizer=name, lr=None, epochs=30)
    assert history.loss[-1] < history.loss[0]


@pytest.mark.parametrize("name", nn.LOSSES)
def test_every_loss_goes_down(name):
    activation = "sigmoid" if name == "binary_cross_entropy" else "identity"
    outputs = 2 if name == "cross_entropy" else 1
    model = nn.MLP(2, [4, outputs], "tanh", activation, seed=0)
    targets = data.signs(POINTS.y) if name == "hinge" else POINTS.y
    history = fit(model, y=targets, loss=name, epochs=60)
    assert history.loss[-1] < 0.8 * history.loss[0]
    assert history.accuracy[-1] > 0.75
    assert history.metric == ("R²" if "squared" in name or name == "huber" else "accuracy")


def test_a_loss_and_a_metric_of_ones_own():
    def fourth_power(output, target):
        return (output - target) ** 4

    def worst(outputs, targets):
        return max(abs(o - y) for (o,), y in zip(outputs, targets, strict=True))

    plain, measured = fit(network(), loss=fourth_power), fit(network(), loss=fourth_power, metric=worst)
    assert (plain.metric, plain.accuracy) == (None, [None] * 5)
    assert measured.metric == "worst"
    assert measured.accuracy[-1] < measured.accuracy[0]
    assert "None" not in repr(plain)
    assert "worst" in repr(measured)


def test_a_network_that_gives_a_single_value():
    neuron = nn.Neuron(2, "identity", seed=0)
    fit(neuron)
    assert nn.predict(neuron, [[1.0, 2.0]]) == [[neuron([1.0, 2.0]).data]]


# ---------------------------------------------------------------------------------------------------------------------
# History, schedule, validation.
# ---------------------------------------------------------------------------------------------------------------------


def test_history():
    model = network()
    history = fit(model, epochs=6, validation=(POINTS.X, POINTS.y))
    assert history.epoch == [1, 2, 3, 4, 5, 6]
    assert history.stopped == "epochs"
    record = history.to_dict()
    assert all(len(record[name]) == len(history) == 6 for name in nn.History.COLUMNS)
    assert all(seconds > 0 for seconds in history.seconds)
    # Measured after the epoch on the same samples: what the next epoch finds before its step.
    assert history.validation_loss[:-1] == pytest.approx(history.loss[1:], rel=1e-12)
    assert history.validation_accuracy[:-1] == history.accuracy[1:]
    record["loss"].clear()
    assert len(history.loss) == 6


def test_a_history_is_valid_json():
    history = fit(network(), epochs=2, metric=lambda outputs, y: float("nan"))
    history.validation_loss[1] = float("inf")
    record = json.loads(json.dumps(history.to_dict(), allow_nan=False))
    assert record["accuracy"] == record["validation_loss"] == [None, None]
    assert record["loss"] == history.loss


def test_no_validation_is_none():
    history = fit(network())
    assert history.validation_loss == history.validation_accuracy == [None] * 5


def test_a_schedule_sets_the_learning_rate_of_each_epoch():
    model = network()
    optimizer = nn.SGD(model.parameters(), lr=0.4)
    history = fit(model, optimizer=optimizer, lr=None, schedule=schedules.step_decay(2, 0.5))
    assert history.learning_rate == [0.4, 0.4, 0.2, 0.2, 0.1]
    assert optimizer.lr == 0.4


def test_a_share_for_validation_is_held_out():
    seen = []

    def loss(output, target):
        seen.append((ad.is_grad_enabled(), target))
        return nn.squared_error(output, target)

    targets = [float(i) for i in range(24)]
    fit(network(), y=targets, loss=loss, validation=0.25, epochs=1, lr=1e-6)
    trained = [y for of_graph, y in seen if of_graph]
    validated = [y for of_graph, y in seen if not of_graph]
    assert (len(trained), len(validated)) == (18, 6)
    assert sorted(trained + validated) == targets


def test_a_share_for_validation_of_numpy():
    assert fit(network(), validation=np.float32(0.25)).loss == fit(network(), validation=0.25).loss


def test_a_share_for_validation_is_stratified():
    counted = []

    def metric(outputs, targets):
        counted.append(sorted(targets))
        return 0.0

    fit(network(), validation=0.25, epochs=1, metric=metric)
    assert counted == [[0] * 9 + [1] * 9, [0] * 3 + [1] * 3]


def test_dropout_is_off_in_validation_and_the_modes_come_back():
    class Probe(nn.Module):
        def __call__(self, inputs):
            modes.append((isinstance(inputs[0], Value) and bool(inputs[0].parents), self.training))
            return inputs

    dropout, frozen, probe, modes = nn.Dropout(0.5, seed=0), nn.Dropout(0.5, seed=0).eval(), Probe(), []
    layers = nn.Layer(2, 8, "tanh", seed=0), nn.Layer(8, 1, "identity", seed=1)
    model = nn.Sequential(layers[0], dropout, frozen, probe, layers[1])
    fit(model, validation=(POINTS.X, POINTS.y), epochs=1)
    assert modes == [(True, True)] * 24 + [(False, False)] * 24
    assert (dropout.training, frozen.training) == (True, False)
    assert nn.predict(model, POINTS.X) == nn.predict(model, POINTS.X)


# ---------------------------------------------------------------------------------------------------------------------
# How it ends.
# ---------------------------------------------------------------------------------------------------------------------


def test_early_stopping_keeps_the_best_weights():
    """Validated with the wrong classes, a network gets worse as it learns."""
    model, snapshots = network(), []
    history = fit(
        model,
        epochs=100,
        early_stopping=4,
        validation=(POINTS.X, [1 - c for c in POINTS.y]),
        callbacks=[lambda m, h: snapshots.append(numbers(m))],
    )
    assert history.stopped == "early stopping"
    assert history.best_epoch == 1 + min(range(len(history)), key=history.validation_loss.__getitem__)
    assert len(history) == history.best_epoch + 4
    assert numbers(model) == snapshots[history.best_epoch - 1]


def test_without_validation_the_best_weights_are_those_of_the_lowest_loss():
    """Each of three steps halves the error, and each that follows makes it half as large again."""
    model = nn.MLP(1, [1], bias=False, seed=0)
    settings = {"lr": 0.5, "schedule": lambda epoch: 1.0 if epoch < 3 else 5.0, "early_stopping": 9}
    history = fit(model, [[1.0]], [3.0], loss="squared_error", epochs=8, **settings)
    assert history.loss[3:5] == pytest.approx([history.loss[0] / 64, history.loss[0] / 64 * 2.25])
    assert (history.best_epoch, history.stopped) == (4, "epochs")
    assert nn.evaluate(model, [[1.0]], [3.0], "squared_error").loss == history.loss[3]


def test_callbacks():
    calls = []

    def first(model, history):
        calls.append(("first", len(history)))
        return "not True"

    def second(model, history):
        calls.append(("second", len(history)))
        return len(history) == 3

    history = fit(network(), epochs=9, callbacks=[first, second])
    assert calls == [(name, n) for n in (1, 2, 3) for name in ("first", "second")]
    assert (history.stopped, len(history)) == ("callback", 3)


def test_a_callback_with_the_truth_of_numpy():
    assert len(fit(network(), callbacks=[lambda model, history: np.True_])) == 1
    assert len(fit(network(), callbacks=[lambda model, history: np.False_])) == 5


@pytest.mark.parametrize("sample", [0, 1, 23, 24, 24 * 4 + 11])
def test_control_c_in_the_middle(sample):
    """A real signal, while the loss of that sample is computed."""
    model, initial = network(), numbers(network())
    calls, snapshots = [], [initial]

    def loss(outputs, target):
        if len(calls) == sample:
            signal.raise_signal(signal.SIGINT)
        calls.append(target)
        return nn.binary_cross_entropy_with_logits(outputs, target)

    history = fit(
        model, loss=loss, epochs=50, batch_size=6, callbacks=[lambda m, h: snapshots.append(numbers(m))], lr=0.01
    )
    assert history.stopped == "interrupted"
    assert len(history) == sample // 24
    assert {len(column) for column in history.to_dict().values() if isinstance(column, list)} == {len(history)}
    assert numbers(model) == snapshots[history.best_epoch]
    assert gc.isenabled()


def test_control_c_between_the_entries_of_an_epoch(monkeypatch):
    class Interrupting(list):
        def append(self, entry):
            if len(self) == 2:
                raise KeyboardInterrupt
            super().append(entry)

    plain = nn.History.__init__

    def init(self, metric=None):
        plain(self, metric)
        self.validation_loss = Interrupting()

    monkeypatch.setattr(nn.History, "__init__", init)
    history = fit(network())
    assert {len(getattr(history, name)) for name in nn.History.COLUMNS} == {2}


def test_an_epoch_after_an_interrupt_goes_on():
    def interrupt(model, history):
        raise KeyboardInterrupt

    model = network()
    assert len(fit(model, callbacks=[interrupt])) == 1
    assert len(fit(model)) == 5


def test_a_loss_that_is_nan_is_explained():
    def loss(output, target):
        return ad.log(output) if len(losses) == 24 + 3 else losses.append(0) or (output - 5) ** 2

    losses = []
    model = nn.MLP(2, [1], seed=0)
    model.load_state_dict({"layers.0.weight": [[0.0, 0.0]], "layers.0.bias": [-1.0]})
    with pytest.raises(NonFiniteLoss) as caught:
        fit(model, loss=loss, lr=1e-9)
    error = caught.value
    assert error.finding.op == "log"
    assert len(error.history) == 1
    assert "epoch 2" in str(error)
    assert "the logarithm of a negative number" in str(error)
    assert "clamp" in str(error) or "keep the operand" in str(error)
    assert isinstance(error, ArithmeticError)
    assert isinstance(error, ad.AutodiffError)
    assert gc.isenabled()


def test_a_gradient_that_is_infinite_is_explained():
    model = nn.MLP(1, [1], bias=False)
    model.load_state_dict({"layers.0.weight": [[0.0]]})
    with pytest.raises(NonFiniteLoss, match="the derivative of sqrt"):
        fit(model, [[1.0]], [0.0], loss=lambda output, y: ad.sqrt(output))
    assert numbers(model) == [0.0]


def test_a_rate_that_is_too_high_ends_in_an_error_with_the_best_weights():
    model = nn.MLP(1, [1], seed=0)
    with pytest.raises(NonFiniteLoss) as caught:
        fit(model, [[1.0], [2.0]], [1.0, 2.0], loss="squared_error", lr=1e3, epochs=1000)
    losses = caught.value.history.loss
    assert 10 < len(losses) < 1000
    assert min(losses) == losses[0]
    assert nn.evaluate(model, [[1.0], [2.0]], [1.0, 2.0], "squared_error").loss == pytest.approx(losses[0])


@pytest.mark.parametrize("batch_size", [None, 1])
def test_the_last_step_may_be_the_one_too_far(batch_size):
    model = nn.MLP(1, [1], bias=False)
    before = numbers(model)
    settings = {"lr": 1e300, "epochs": 1, "batch_size": batch_size}
    with pytest.raises(NonFiniteLoss, match="epoch 1"):
        fit(model, [[1e10]], [0.0], loss=lambda output, y: output, **settings)
    assert numbers(model) == before


def test_a_validation_loss_that_is_nan():
    model, snapshots = network(), []

    def loss(output, target):
        lost = len(snapshots) == 2 and not ad.is_grad_enabled()
        return float("nan") if lost else nn.binary_cross_entropy_with_logits(output, target)

    with pytest.raises(NonFiniteLoss, match="in epoch 3: the validation loss is nan") as caught:
        fit(model, loss=loss, validation=0.25, callbacks=[lambda m, h: snapshots.append(numbers(m))])
    assert numbers(model) == snapshots[caught.value.history.best_epoch - 1]


def test_gradients_whose_sum_overflows_are_finite():
    model = nn.MLP(2, [1], bias=False)
    model.load_state_dict({"layers.0.weight": [[0.0, 0.0]]})
    history = fit(model, [[1e308, 1e308]], [0.0], loss=lambda output, y: output, lr=1e-308, epochs=1)
    assert len(history) == 1
    assert numbers(model) == pytest.approx([-1.0, -1.0])


# ---------------------------------------------------------------------------------------------------------------------
# The garbage collector.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("error", [None, ZeroDivisionError, KeyboardInterrupt])
def test_the_collector_rests_while_a_graph_is_built(enabled, error):
    states = []

    def loss(outputs, target):
        states.append(gc.isenabled())
        if error and len(states) == 30:
            raise error
        return nn.squared_error(outputs, target)

    (gc.enable if enabled else gc.disable)()
    try:
        if error is ZeroDivisionError:
            with pytest.raises(ZeroDivisionError):
                fit(network(), loss=loss)
        else:
            fit(network(), loss=loss)
        assert gc.isenabled() is enabled
        assert not any(states)
    finally:
        gc.enable()


def test_a_graph_is_freed_before_the_collector_may_run():
    """No cycles: with the collector off, nothing is left of the steps but the last sample's, on the neurons."""
    model = network()
    gc.collect()
    before = living_values()
    fit(model, epochs=3, engine="eager")
    after = living_values()
    assert after - before <= 2 * 5


# ---------------------------------------------------------------------------------------------------------------------
# Outputs.
# ---------------------------------------------------------------------------------------------------------------------


def test_predict_gives_numbers_and_records_nothing():
    model = network()
    outputs = nn.predict(model, POINTS.X)
    assert outputs == [[model(x).data] for x in POINTS.X]
    nn.predict(model, POINTS.X)
    assert all(not neuron.S.parents for layer in model.layers for neuron in layer.neurons)
    assert model.training


def test_evaluate_is_the_mean_loss():
    model = network()
    for loss in ("squared_error", nn.squared_error):
        found = nn.evaluate(model, POINTS.X, POINTS.y, loss)
        expected = mean(nn.squared_error(model(x), y).data for x, y in zip(POINTS.X, POINTS.y, strict=True))
        assert found.loss == pytest.approx(expected, rel=1e-14)
    assert nn.evaluate(model, POINTS.X, POINTS.y, "squared_error", metric=lambda outputs, y: 7.0).accuracy == 7.0


# ---------------------------------------------------------------------------------------------------------------------
# Progress.
# ---------------------------------------------------------------------------------------------------------------------


def test_progress_is_shown(capsys):
    fit(network(), epochs=2, batch_size=12, progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "epoch 2/2: 100%" in shown.err
    assert "4/4" in shown.err
    assert "accuracy 0." in shown.err


def test_nothing_is_shown_without_progress(capsys):
    fit(network())
    shown = capsys.readouterr()
    assert shown.out == shown.err == ""


def test_without_tqdm_it_trains_without_a_bar(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert fit(network(), progress=True).loss == fit(network()).loss
    assert capsys.readouterr().err == ""


# ---------------------------------------------------------------------------------------------------------------------
# Mistakes.
# ---------------------------------------------------------------------------------------------------------------------


WRONG_KINDS = [
    ({"model": lambda x: x}, "fit takes a Module, such as an MLP, not <function"),
    ({"model": nn.MLP}, "fit takes a Module, such as an MLP, not <class 'nn.layers.MLP'>"),
    ({"model": None}, "fit takes a Module, .* not None"),
    ({"X": None}, r"X is a list of samples, .* \[\[x\] for x in xs\] for a single one, not None"),
    ({"X": 3}, "X is a list of samples, .* not 3"),
    ({"X": "12"}, "X is a list of samples, .* not '12'"),
    ({"X": [1.0, 2.0]}, r"X is a list of samples, .* not \[1.0, 2.0\]"),
    ({"X": np.float64(3.0)}, r"X is a list of samples, .* not "),
    ({"y": None}, "y is a list of targets, one for each sample, not None"),
    ({"y": 1.0}, "y is a list of targets, one for each sample, not 1.0"),
    ({"y": np.array(1.0)}, "y is a list of targets, one for each sample, not "),
    ({"validation": (None, [1])}, "X is a list of samples, .* not None"),
    ({"validation": (POINTS.X, 1)}, "y is a list of targets, .* not 1"),
    ({"callbacks": [3]}, r"each of the callbacks is a function of \(model, history\), not 3"),
    ({"callbacks": None}, r"callbacks is a list of functions of \(model, history\): .* not None"),
    ({"callbacks": 7}, "callbacks is a list of functions .* not 7"),
    ({"schedule": 0.5}, "schedule is a function of the number of the epoch, from 0 on, not 0.5"),
    ({"metric": "accuracy"}, r"metric is a function of \(outputs of all samples, their targets\), not 'accuracy'"),
    ({"loss": None}, "no loss None; there are .*any function of"),
    ({"optimizer": None}, "no optimiser None; there are sgd"),
    ({"optimizer": nn.SGD}, "no optimiser <class 'nn.optim.SGD'>; there are sgd"),
    ({"epochs": True}, "epochs is a whole number from 1 on, not True"),
    ({"epochs": 2.0}, "epochs is a whole number from 1 on, not 2.0"),
    ({"epochs": None}, "epochs is a whole number from 1 on, not None"),
    ({"batch_size": True}, "batch_size is a whole number from 1 on, not True"),
    ({"early_stopping": "3"}, "early_stopping is a whole number from 1 on, not '3'"),
    ({"seed": [1]}, r"a seed is a whole number, .* not \[1\]"),
    ({"lr": "fast"}, "the learning rate is a number from 0 on, not 'fast'"),
    ({"engine": None}, "no engine None; there are auto, eager, compiled"),
]


@pytest.mark.parametrize(("given", "message"), WRONG_KINDS)
def test_what_is_wanted_and_what_was_given(given, message):
    with pytest.raises(ArgumentError, match=message):
        fit(**{"model": network(), **given})


@pytest.mark.parametrize(
    "call", [nn.predict, lambda model, X: nn.evaluate(model, X, POINTS.y)], ids=["predict", "evaluate"]
)
@pytest.mark.parametrize(
    ("model", "X", "message"),
    [(len, POINTS.X, "takes a Module"), (network(), None, "X is a list of samples"), (network(), 3, "X is a list of")],
)
def test_what_measures_says_the_same(call, model, X, message):
    with pytest.raises(ArgumentError, match=message):
        call(model, X)


class ForgetsToReturn(nn.Module):
    def __call__(self, inputs):
        pass


def test_a_model_that_gives_no_number():
    with pytest.raises(OperandError, match="a network gives a real number, not NoneType None; did the function forget"):
        nn.predict(ForgetsToReturn(), POINTS.X)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"loss": "hinges"}, ArgumentError, "no loss 'hinges'; did you mean 'hinge'"),
        ({"optimizer": "adan"}, ArgumentError, "no optimiser 'adan'; did you mean 'adam'"),
        ({"epochs": 0}, ArgumentError, "epochs is a whole number from 1 on, not 0"),
        ({"batch_size": 0}, ArgumentError, "batch_size"),
        ({"early_stopping": 0}, ArgumentError, "early_stopping"),
        ({"validation": 0.001}, ArgumentError, "empty"),
        ({"validation": (POINTS.X, POINTS.y[1:])}, LengthError, "24 and 23"),
        ({"l2": -1.0}, ArgumentError, "penalties, from 0 on, not -1.0 and 0.0"),
        ({"loss": lambda output, target: output.data - target}, OperandError, "gives numbers, and no gradient"),
        ({"lr": -1.0}, ArgumentError, "learning rate"),
        ({"loss": []}, ArgumentError, r"no loss \[\]"),
        ({"optimizer": []}, ArgumentError, r"no optimiser \[\]"),
        ({"callbacks": print}, ArgumentError, r"\[callback\] for a single one"),
        ({"validation": float("nan")}, ArgumentError, "a share of nan .* between 0 and 1"),
        ({"validation": (1, 2, 3)}, ArgumentError, r"validation is a share, or .* not \(1, 2, 3\)"),
        ({"schedule": lambda epoch: None}, OperandError, "the schedule gives a real number, not NoneType"),
        ({"l1": -1.0}, ArgumentError, "penalties, from 0 on, not 0.0 and -1.0"),
        ({"l1": "much"}, OperandError, "l1 takes a real number"),
        ({"X": POINTS.X[1:]}, LengthError, "23 and 24"),
        ({"X": [], "y": []}, LengthError, "no samples"),
        ({"X": [[1.0]], "y": [0]}, LengthError, "2 inputs, not 1"),
        ({"X": [["a", "b"]], "y": [0]}, OperandError, "str"),
        ({"y": [2] * 24}, ArgumentError, "from 0 to 1"),
    ],
)
def test_mistakes_are_named(settings, error, message):
    with pytest.raises(error, match=message):
        fit(network(), **settings)


def test_an_optimiser_has_its_own_learning_rate():
    model = network()
    with pytest.raises(ArgumentError, match="learning rate of its own"):
        fit(model, optimizer=nn.SGD(model.parameters(), lr=0.1), lr=0.1)


def test_an_optimiser_of_another_model():
    with pytest.raises(ArgumentError, match=r"no parameter of this model: give it model\.parameters\(\)"):
        fit(network(), optimizer=nn.SGD(network().parameters(), lr=0.1), lr=None)


def test_dropout_without_a_seed_follows_that_of_fit():
    def losses(seed):
        model = nn.Sequential(nn.Layer(2, 8, "tanh", seed=0), nn.Dropout(0.5), nn.Layer(8, 1, "identity", seed=1))
        moons = nn.data.load("moons", n=20, seed=0)
        history = nn.fit(
            model, moons.X, moons.y, "binary_cross_entropy_with_logits", epochs=3, seed=seed, progress=False
        )
        return history.loss

    assert losses(1) == losses(1) != losses(2)


# Functions that cannot be called with what they are given, or that give what is no number.
ODD_FUNCTIONS = {
    "a schedule of nothing": ({"schedule": lambda: 1.0}, "schedule is a function of the number of the epoch"),
    "a schedule of two": ({"schedule": lambda epoch, rate: rate}, r"called as f\(a\): missing .* 'rate'"),
    "a maker of schedules": ({"schedule": schedules.step_decay}, "step_decay: every is a number of steps above 0"),
    "a schedule that gives a text": ({"schedule": lambda _: "slow"}, "the schedule gives"),
    "a schedule that gives nothing": ({"schedule": lambda _: None}, "the schedule gives"),
    "a callback of the model alone": ({"callbacks": [lambda model: None]}, r"each of the callbacks is a function of"),
    "a callback of nothing": ({"callbacks": [lambda: None]}, r"each of the callbacks is a function of"),
    "a callback of three": ({"callbacks": [lambda a, b, c: None]}, r"called as f\(a, b\): missing .* 'c'"),
    "a metric of the outputs alone": ({"metric": lambda outputs: 1.0}, r"metric is a function of \(outputs of all"),
    "a metric that gives a text": ({"metric": lambda *_: "good"}, "the metric gives"),
    "a metric that gives nothing": ({"metric": lambda *_: None}, "the metric gives"),
    "a metric that gives a list": ({"metric": lambda *_: [1.0]}, "the metric gives"),
    "a metric that gives an array": ({"metric": lambda *_: np.zeros(2)}, "the metric gives"),
    "a complex metric": ({"metric": lambda *_: 1j}, "the metric gives"),
    "a loss of the outputs alone": (
        {"loss": lambda outputs: outputs[0]},
        r"the loss is a function of \(outputs, target",
    ),
    "a loss of three": ({"loss": lambda a, b, c: a[0]}, r"called as f\(a, b\): missing .* 'c'"),
    "a loss with a keyword to give": ({"loss": lambda a, b, *, scale: a[0]}, "missing .* 'scale'"),
    "validation samples alone": (
        {"validation": ([[0.0, 1.0]],)},
        "validation is a share, or samples and their targets",
    ),
    "validation of three": ({"validation": ([[0.0, 1.0]], [0], [1])}, "validation is a share"),
    "validation without targets": ({"validation": ([[0.0, 1.0]], None)}, None),
    "validation of another width": ({"validation": ([[0.0]], [0])}, None),
    "validation with a text": ({"validation": ([["a", 1.0]], [0])}, None),
}


@pytest.mark.parametrize("engine", ["auto", "eager"])
@pytest.mark.parametrize(("settings", "message"), ODD_FUNCTIONS.values(), ids=ODD_FUNCTIONS)
def test_functions_that_cannot_serve_are_named(settings, message, engine):
    model = nn.MLP(2, [2, 2], "tanh", seed=0)
    with pytest.raises(ad.AutodiffError, match=message):
        nn.fit(model, [[0.0, 1.0], [1.0, 0.0]], [0, 1], epochs=2, progress=False, engine=engine, **settings)


def test_functions_of_any_shape_that_can_be_called_serve():
    class Metric:
        def __call__(self, outputs, targets, weight=1.0):
            return np.float32(0.5)

    history = nn.fit(
        nn.MLP(2, [2, 2], "tanh", seed=0),
        [[0.0, 1.0], [1.0, 0.0]],
        [0, 1],
        epochs=2,
        progress=False,
        metric=Metric(),
        schedule=lambda *epochs: 1.0,
        callbacks=[lambda *_, **__: None, print_nothing],
    )
    assert history.accuracy == [0.5, 0.5]
    assert type(history.accuracy[0]) is float


def print_nothing(model, history=None):
    """A function with a default."""


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.MLP(2, [2, 1], lambda: 1.0), "the activation is a function of a Value"),
        (lambda: nn.MLP(2, [2, 1], lambda a, b: a), "the activation is a function of a Value"),
        (lambda: nn.MLP(2, [2, 1], init=lambda: 1.0), "the initialiser is a function"),
        (lambda: nn.MLP(2, [2, 1], init=lambda rng: 1.0), "the initialiser is a function"),
        (lambda: nn.MLP(2, [2, 1], init=lambda *_: "x"), None),
        (lambda: nn.MLP(2, [2, 1], lambda S: "x")([1.0, 2.0]), None),
        (lambda: nn.MLP(2, [2, 1], lambda S: None)([1.0, 2.0]), None),
        (
            lambda: nn.evaluate(nn.MLP(1, [1], seed=0), [[1.0]], [0], "mean_squared_error", lambda *_: "x"),
            "the metric gives",
        ),
        (lambda: nn.evaluate(nn.MLP(1, [1], seed=0), [[1.0]], [0], lambda outputs: 0.0), "the loss is a function of"),
    ],
)
def test_activations_initialisers_and_metrics_that_cannot_serve_are_named(make, message):
    with pytest.raises(ad.AutodiffError, match=message):
        make()
