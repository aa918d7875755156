"""The compiled engine of ``fit``: it does what the eager one does, or says why it cannot."""

import json
import signal
import subprocess
import sys
from functools import partial
from random import Random
from types import SimpleNamespace

import numpy as np
import pytest
from cases import load

import autodiff as ad
import nn
from autodiff import LengthError, OperandError, Value, VerificationError
from nn import ArgumentError, data, schedules
from nn.__main__ import main
from nn.errors import MissingExtra, NonFiniteLoss

pytest.importorskip("numba")
from autodiff.compiler.training import ManySteps
from nn.compiled import CompiledEngine
from nn.engine import EagerEngine
from nn.recording import is_known
from nn.vectorised import vectorised

MOONS = data.load("moons", n=60, noise=0.1, seed=0)
SAME = {"rel": 1e-10, "abs": 1e-10}


def both(make, X, y, loss, optimizer="sgd", engines=("eager", "compiled"), **settings):
    """The same training with each engine: the models and the histories, which must agree."""
    runs = []
    for engine in engines:
        model = make()
        chosen = optimizer(model) if callable(optimizer) else optimizer
        history = nn.fit(model, X, y, loss, chosen, engine=engine, progress=False, **settings)
        assert history.engine == ("eager" if engine == "eager" else "compiled")
        runs.append((model, history, chosen))
    (model, history, _), (twin, same, _) = runs
    for name in ("loss", "accuracy", "validation_loss", "validation_accuracy"):
        theirs, mine = getattr(history, name), getattr(same, name)
        assert (None in theirs) == (None in mine)
        assert None in theirs or mine == pytest.approx(theirs, **SAME), name
    for name in ("epoch", "learning_rate", "best_epoch", "stopped", "metric"):
        assert getattr(history, name) == getattr(same, name), name
    for p, q in zip(model.parameters(), twin.parameters(), strict=True):
        assert q.data == pytest.approx(p.data, **SAME)
        assert q.grad == pytest.approx(p.grad, **SAME)
        assert type(q.data) is type(q.grad) is float
    return runs


def network(*sizes, activation="tanh", inputs=2, **settings):
    return lambda: nn.MLP(inputs, [*sizes], activation, seed=0, **settings)


def sgd(**settings):
    return lambda model: nn.SGD(model.parameters(), **{"lr": 0.1, **settings})


# ---------------------------------------------------------------------------------------------------------------------
# The same losses, parameters and metrics along a whole training.
# ---------------------------------------------------------------------------------------------------------------------

TARGETS = {"hinge": data.signs(MOONS.y), "cross_entropy": MOONS.y}


@pytest.mark.parametrize("name", nn.LOSSES)
def test_every_loss(name):
    outputs = 2 if name == "cross_entropy" else 1
    settings = {"output_activation": "sigmoid"} if name == "binary_cross_entropy" else {}
    make = network(4, outputs, **settings)
    both(make, MOONS.X, TARGETS.get(name, MOONS.y), name, sgd(momentum=0.9), epochs=20, batch_size=16, validation=0.25)


@pytest.mark.parametrize("activation", nn.activations.ACTIVATIONS)
def test_every_activation(activation):
    both(network(5, 1, activation=activation), MOONS.X, MOONS.y, "squared_error", epochs=10, lr=0.05)


@pytest.mark.parametrize(
    "targets",
    [
        [[float(c), 1.0 - c] for c in MOONS.y],  # one-hot
        [[0.9, 0.1] if c else [0.2, 0.8] for c in MOONS.y],  # shares
        [1 - c if i % 2 else [float(c), 1.0 - c] for i, c in enumerate(MOONS.y)],  # classes and lists, mixed
        np.array(MOONS.y),
    ],
    ids=["one-hot", "shares", "mixed", "array"],
)
def test_every_kind_of_target_of_a_cross_entropy(targets):
    both(network(4, 2), MOONS.X, targets, "cross_entropy", epochs=10, lr=0.3, batch_size=25)


def test_labels_of_several_outputs_and_soft_ones():
    targets = [[float(c), 0.25, 1.0] for c in MOONS.y]
    both(network(4, 3), MOONS.X, targets, "binary_cross_entropy_with_logits", epochs=10, lr=0.3)


OPTIMIZERS = {
    "sgd": nn.SGD,
    "momentum": partial(nn.SGD, momentum=0.9, weight_decay=0.01),
    "nesterov": partial(nn.SGD, momentum=0.8, nesterov=True),
    "rmsprop": partial(nn.RMSProp, weight_decay=0.01),
    "rmsprop with momentum": partial(nn.RMSProp, momentum=0.5, alpha=0.9),
    "adam": partial(nn.Adam, weight_decay=0.01),
    "adamw": partial(nn.AdamW, betas=(0.8, 0.99)),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimiser(name):
    """Their state too, which the next training goes on with."""
    runs = both(
        network(6, 1),
        MOONS.X,
        MOONS.y,
        "binary_cross_entropy_with_logits",
        lambda model: OPTIMIZERS[name](model.parameters(), lr=0.02),
        epochs=15,
        batch_size=16,
        schedule=schedules.cosine(15, end=0.1),
        l2=0.1,
        l1=0.02,
    )
    (_, _, mine), (_, _, same) = runs
    for attribute, state in vars(mine).items():
        if isinstance(state, list) and attribute != "parameters":
            other = getattr(same, attribute)
            assert {*map(type, other)} == {float}
            assert other == pytest.approx(state, **SAME)
    assert mine.steps == same.steps == 15 * 4


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_vectorised_update_is_that_of_the_optimiser_to_the_last_bit(name):
    rng, n = Random(0), 50
    ws = [Value(rng.gauss(0, 1)) for _ in range(n)]
    one, all_at_once = (OPTIMIZERS[name](ws, lr=0.1) for _ in range(2))
    twin = vectorised(all_at_once)
    for attribute, state in vars(all_at_once).items():
        if isinstance(state, list) and attribute != "parameters":
            setattr(all_at_once, attribute, np.array(state))
    for step in range(1, 6):
        for w in ws:
            w.data, w.grad = rng.gauss(0, 1), rng.choice([0.0, 1e-9, 1.0, 1e9]) * rng.gauss(0, 1)
        one.steps = all_at_once.steps = step
        arrays = SimpleNamespace(data=np.array([w.data for w in ws]), grad=np.array([w.grad for w in ws]))
        assert twin.slope(slice(None), arrays).tolist() == [one.slope(i, w) for i, w in enumerate(ws)]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_epoch_in_one_call_is_a_step_at_a_time_to_the_last_bit(monkeypatch, name):
    def trained():
        model = network(6, 1)()
        optimizer = OPTIMIZERS[name](model.parameters(), lr=0.02)
        settings = {"epochs": 5, "batch_size": 16, "schedule": schedules.linear(5), "l2": 0.1, "l1": 0.02, "seed": 3}
        loss = "binary_cross_entropy_with_logits"
        history = nn.fit(model, MOONS.X, MOONS.y, loss, optimizer, progress=False, **settings)
        assert history.engine == "compiled"
        state = {key: x for key, x in vars(optimizer).items() if key != "parameters"}
        return history.loss, history.accuracy, [(p.data, p.grad) for p in model.parameters()], state

    steps = []
    run = ManySteps.run
    monkeypatch.setattr(
        ManySteps, "run", lambda self, parts, *rest: steps.append(len(parts)) or run(self, parts, *rest)
    )
    together = trained()
    monkeypatch.setattr(ManySteps, "for_one_thread", lambda self, samples: False)
    assert trained() == together
    assert steps == [4] * 5


def test_an_optimiser_of_ones_own():
    """Gradients that are cut before the step, and one that asks what a number is."""

    class Clipped(nn.SGD):
        def step(self):
            nn.clip_grad_norm(self.parameters, 0.05)
            super().step()

    class SignDescent(nn.Optimizer):
        def slope(self, i, w):
            return (w.grad > 0) - (w.grad < 0)

    for kind in (Clipped, SignDescent):
        both(
            network(5, 1),
            MOONS.X,
            MOONS.y,
            "squared_error",
            lambda model, kind=kind: kind(model.parameters(), lr=0.02),
            epochs=8,
            batch_size=16,
        )


def test_an_optimiser_of_some_parameters():
    """The others stay; and, as no zero_grad comes by, their gradients add up."""

    def last_layer(model):
        return nn.Adam(model.layers[1].parameters()[::-1], lr=0.1)

    (model, _, _), _ = both(network(5, 1), MOONS.X, MOONS.y, "squared_error", last_layer, epochs=5, batch_size=20)
    assert [p.data for p in model.layers[0].parameters()] == [p.data for p in network(5, 1)().layers[0].parameters()]


def test_micrograd_demo():
    """All 100 published losses, with a penalty on the biases too."""

    class PenaliseAll(nn.MLP):
        def weights(self):
            return self.parameters()

    demo = load("micrograd_demo.json")
    model = PenaliseAll(2, [16, 16, 1], seed=1337)
    rate = schedules.linear(100, end=0.1)
    history = nn.fit(model, demo["X"], demo["y"], "hinge", lr=1.0, schedule=rate, l2=0.02, progress=False)
    assert history.engine == "compiled"
    assert history.loss == pytest.approx([step["loss"] for step in demo["published"]], rel=0, abs=1e-9)
    assert [100 * share for share in history.accuracy] == [step["acc"] for step in demo["published"]]


def test_iris_until_it_stops_early():
    (iris,) = data.standardise(data.load("iris"))
    settings = {"batch_size": 16, "validation": 0.3, "early_stopping": 3, "l2": 0.05, "epochs": 40}
    (_, history, _), _ = both(network(4, 3, inputs=4), iris.X, iris.y, "cross_entropy", "adam", lr=0.05, **settings)
    assert history.stopped == "early stopping"


def test_digits():
    digits = data.load("digits")
    X = [[x / 16 for x in row] for row in digits.X[:300]]
    make = network(32, 10, activation="relu", inputs=64, init="he")
    rate = schedules.cosine(3, end=0.05)
    both(make, X, digits.y[:300], lr=0.3, loss="cross_entropy", epochs=3, batch_size=32, validation=0.2, schedule=rate)


def test_callbacks_see_and_may_change_the_parameters():
    def make_callback():
        def clip(model, history):
            seen.append([p.grad for p in model.parameters()])
            for w in model.weights():
                w.data = max(-0.5, min(0.5, w.data))
            return len(history) == 6

        return clip

    seen = []
    both(network(5, 1), MOONS.X, MOONS.y, "squared_error", epochs=9, batch_size=20, callbacks=[make_callback()])
    assert len(seen) == 12
    assert seen[11] == pytest.approx(seen[5], **SAME)


def test_a_metric_of_ones_own_and_none():
    def worst(outputs, targets):
        return max(abs(o - y) for (o,), y in zip(outputs, targets, strict=True))

    both(network(5, 1), MOONS.X, MOONS.y, "squared_error", epochs=5, batch_size=7, metric=worst, validation=0.5)


def test_a_single_neuron_and_parts_of_a_sequential():
    both(lambda: nn.Neuron(2, ad.sin, seed=1), MOONS.X, MOONS.y, "squared_error", epochs=5)
    parts = lambda: nn.Sequential(nn.Layer(2, 3, seed=1), nn.Sequential(nn.Neuron(3, "identity", seed=2)))  # noqa: E731
    both(parts, MOONS.X, MOONS.y, "squared_error", epochs=5)


def test_the_same_bits_again():
    def run():
        model = network(6, 1)()
        history = nn.fit(model, MOONS.X, MOONS.y, "squared_error", epochs=5, batch_size=16, progress=False)
        return history.loss, [p.data for p in model.parameters()]

    assert run() == run()


# ---------------------------------------------------------------------------------------------------------------------
# Which engine runs.
# ---------------------------------------------------------------------------------------------------------------------


RANDOM = Random(0)


def fit(model=None, X=MOONS.X, y=MOONS.y, loss="squared_error", **settings):
    return nn.fit(model or network(3, 1)(), X, y, loss, **{"epochs": 2, "progress": False, **settings})


def kink(S):
    return S if S > 0 else 0.1 * S


def smooth(S):
    return S * ad.sigmoid(1.5 * S)


class Residual(nn.Module):
    def __init__(self):
        self.layer = nn.Layer(2, 2, seed=0)
        self.scale = Value(0.5)

    def __call__(self, inputs):
        return [self.scale * sum(x + o for x, o in zip(inputs, self.layer(inputs), strict=True))]


class LouderInTraining(nn.MLP):
    def __call__(self, inputs):
        return super().__call__(inputs) * (2 if self.training else 1)


def quartic(output, target):
    return (output - target) ** 4


def test_auto_compiles_what_is_sure_to_be_the_same():
    assert fit().engine == "compiled"
    assert fit(engine="eager").engine == "eager"
    assert fit(network(3, 1, activation=ad.tanh)()).engine == "compiled"
    assert fit(network(3, 1, activation=smooth)()).engine == "eager"
    assert fit(loss=quartic).engine == "eager"
    assert fit(Residual()).engine == "eager"
    dropout = nn.Sequential(nn.Layer(2, 4, seed=0), nn.Dropout(0.5, seed=0), nn.Layer(4, 1, seed=1))
    assert fit(dropout).engine == "eager"
    assert not is_known(dropout)
    assert is_known(dropout.eval())
    assert json.loads(json.dumps(fit().to_dict()))["engine"] == "compiled"


@pytest.mark.parametrize("engine", ["auto", "eager", "compiled"])
def test_inside_no_grad_nothing_would_be_learned(engine):
    with ad.no_grad(), pytest.raises(OperandError, match=r"outside no_grad\(\)"):
        fit(engine=engine)


def test_what_is_added_to_a_table_is_not_known(monkeypatch):
    monkeypatch.setitem(nn.LOSSES, "quartic", quartic)
    monkeypatch.setitem(nn.activations.ACTIVATIONS, "kink", kink)
    assert fit(loss="quartic").engine == "eager"
    assert fit(network(3, 1, activation="kink")()).engine == "eager"


def test_a_call_of_ones_own_is_not_known():
    class Doubled(nn.Layer):
        def __call__(self, inputs):
            return [2 * o for o in super().__call__(inputs)]

    class Shifted(nn.Neuron):
        def _output(self, xs, numbers):
            return super()._output(xs, numbers) + 1

    layer = nn.Layer(2, 1, seed=0)
    layer.neurons[0] = Shifted(2, seed=0)
    assert fit(nn.Sequential(Doubled(2, 1, seed=0))).engine == "eager"
    assert fit(layer).engine == "eager"


def branching(output, y):
    """A hinge written as people write it: its branches change while it is trained."""
    margin = 1 - output if y else 1 + output
    return margin * margin if margin > 0 else 0.01 * output


def detaching(output, y):
    """One part of the error is a target for the other, and passes no gradient on."""
    return (output - y) ** 2 + abs(output.detach() * output - 0.5)


def test_compiled_takes_what_it_has_compared():
    both(network(3, 1), MOONS.X, MOONS.y, quartic, epochs=5, batch_size=16, validation=0.25)
    both(network(3, 1, activation=kink), MOONS.X, MOONS.y, "squared_error", epochs=5, batch_size=16, validation=0.25)
    for loss in (branching, detaching):
        both(network(3, 1), MOONS.X, MOONS.y, loss, epochs=5, batch_size=16, l2=0.1, validation=0.25)
    both(network(3, 1, activation=smooth), MOONS.X, MOONS.y, "squared_error", epochs=5, validation=0.25)
    for make in (Residual, lambda: LouderInTraining(2, [3, 1], "tanh", seed=0)):
        both(make, MOONS.X, MOONS.y, "squared_error", epochs=5, validation=0.25)
    pairs = [[y, 1 - y] for y in MOONS.y]
    both(network(3, 2), MOONS.X, pairs, lambda o, y: (o[0] - y[0]) ** 2 + ad.abs(o[1] - y[1]), epochs=5)


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": lambda output, y: output * RANDOM.random()},
        {"loss": lambda output, y: output * output.data - y},
    ],
    ids=["a random loss", "a loss that reads a number"],
)
def test_compiled_refuses_what_does_not_hold_for_all_samples(settings):
    with pytest.raises(VerificationError, match=r"for sample \d+ that gives the loss .* or engine='eager'"):
        fit(**settings, engine="compiled")


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"engine": "compield"}, ArgumentError, "no engine 'compield'; did you mean 'compiled'"),
        ({"model": nn.Sequential(nn.Layer(2, 1), nn.Dropout(0.5))}, ArgumentError, "Dropout draws anew.* 'auto'"),
        ({"y": [2] * 60, "loss": "hinge"}, ArgumentError, "a target is -1 or"),
        ({"y": [2] * 60, "loss": "cross_entropy", "model": network(2)()}, ArgumentError, "from 0 to 1, not 2"),
        ({"X": [*MOONS.X[:-1], [1.0]]}, LengthError, "more or fewer"),
        ({"loss": quartic, "y": [[1], 1] * 30}, LengthError, "all lists of one length"),
        ({"loss": lambda o, y: 1.0, "y": ["a"] * 60}, OperandError, "a target takes a real number, not str"),
        ({"loss": lambda output, y: output.data - 1}, OperandError, "gives numbers, and no gradient"),
    ],
)
def test_mistakes_are_named(settings, error, message):
    with pytest.raises(error, match=message):
        fit(**{"engine": "compiled", **settings})


@pytest.mark.parametrize("y", [[*MOONS.y[:-1], 3], [*MOONS.y[:-1], "one"]])
def test_auto_leaves_a_mistake_to_eager(y):
    with pytest.raises((ArgumentError, OperandError)) as eager:
        fit(y=y, loss="cross_entropy", model=network(2)(), engine="eager")
    with pytest.raises(eager.type) as auto:
        fit(y=y, loss="cross_entropy", model=network(2)())
    assert str(auto.value) == str(eager.value)


@pytest.mark.parametrize("package", ["numba", "numpy"])
def test_without_numba(monkeypatch, package):
    X, y = MOONS.X, MOONS.y
    monkeypatch.setitem(sys.modules, package, None)
    assert fit(X=X, y=y).engine == "eager"
    with pytest.raises(MissingExtra, match=rf"needs {package}: pip install 'scalar-autodiff\[compile\]'"):
        fit(X=X, y=y, engine="compiled")


def test_a_numba_that_cannot_be_imported(monkeypatch):
    """As where it does not go with the NumPy that is installed."""
    import nn.compiled

    def broken(*_):
        raise ImportError("Numba needs NumPy 1.0 or less")

    monkeypatch.setattr(nn.compiled, "CompiledEngine", broken)
    monkeypatch.setattr(nn.prediction, "compiled_outputs", broken)
    monkeypatch.setattr(nn.prediction, "_WORTHWHILE", 0)
    assert fit().engine == "eager"
    assert len(nn.predict(network(3, 1)(), MOONS.X)) == 60
    with pytest.raises(ImportError, match="Numba needs"):
        fit(engine="compiled")


def test_importing_nn_loads_neither():
    program = "import sys, nn; print({'numpy', 'numba', 'nn.compiled'} & {*sys.modules})"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"


def test_a_recording_leaves_no_trace():
    model = network(3, 1)()
    model([1.0, 2.0])
    before = [neuron.S for layer in model.layers for neuron in layer.neurons]
    fit(model)
    assert [neuron.S for layer in model.layers for neuron in layer.neurons] == before
    fresh = network(3, 1)()
    fit(fresh)
    assert not any(hasattr(neuron, "S") for layer in fresh.layers for neuron in layer.neurons)


# ---------------------------------------------------------------------------------------------------------------------
# How it ends.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("epoch", [1, 3])
def test_control_c_in_the_middle(epoch):
    """A real signal, while the metric of that epoch is computed."""
    calls = []

    def metric(outputs, targets):
        calls.append(len(outputs))
        if len(calls) == epoch:
            signal.raise_signal(signal.SIGINT)
        return 0.0

    model, snapshots = network(3, 1)(), [[p.data for p in network(3, 1)().parameters()]]
    optimizer = nn.SGD(model.parameters(), lr=0.01, momentum=0.9)
    history = nn.fit(
        model,
        MOONS.X,
        MOONS.y,
        "squared_error",
        optimizer,
        batch_size=20,
        metric=metric,
        progress=False,
        callbacks=[lambda m, h: snapshots.append([p.data for p in m.parameters()])],
    )
    assert (history.engine, history.stopped, len(history)) == ("compiled", "interrupted", epoch - 1)
    assert [p.data for p in model.parameters()] == snapshots[history.best_epoch]
    assert isinstance(optimizer.velocity, list)


def test_an_error_in_the_middle_leaves_the_parameters_of_the_last_step(monkeypatch):
    def failing(step):
        def _step(self, batch):
            if self.training.optimizer.steps == 5:
                raise ZeroDivisionError
            return step(self, batch)

        return _step

    monkeypatch.setattr(ManySteps, "for_one_thread", lambda self, samples: False)
    monkeypatch.setattr(CompiledEngine, "step", failing(CompiledEngine.step))
    monkeypatch.setattr(EagerEngine, "_step", failing(EagerEngine._step))
    models = network(3, 1)(), network(3, 1)()
    for model, engine in zip(models, ("eager", "compiled"), strict=True):
        with pytest.raises(ZeroDivisionError):
            fit(model, batch_size=20, engine=engine)
    eager, compiled = ([(p.data, p.grad) for p in model.parameters()] for model in models)
    assert compiled == [pytest.approx(pair, **SAME) for pair in eager]
    assert eager != [(p.data, p.grad) for p in network(3, 1)().parameters()]


def test_a_rate_that_is_too_high():
    errors = []
    for engine in ("eager", "compiled"):
        model = nn.MLP(1, [1], seed=0)
        with pytest.raises(NonFiniteLoss) as caught:
            fit(model, [[1.0], [2.0]], [1.0, 2.0], lr=1e3, epochs=1000, engine=engine)
        errors.append((str(caught.value), len(caught.value.history), [p.data for p in model.parameters()]))
    assert errors[0] == errors[1]


def test_zero_times_infinity_is_left_out_as_in_eager():
    """A probability that has rounded to 1 costs nothing where the target is 1; the formula for any target says nan."""
    X, y = [[100.0], [-1.0], [1.0]], [1, 0, 1]
    make = lambda: nn.MLP(1, [1], output_activation="sigmoid", seed=0)  # noqa: E731

    def certain():
        model = make()
        model.load_state_dict({"layers.0.weight": [[1.0]], "layers.0.bias": [0.0]})
        return model

    (_, history, _), _ = both(certain, X, y, "binary_cross_entropy", epochs=4, lr=0.1, validation=(X, y))
    assert all(np.isfinite(history.loss))


def test_gradients_whose_sum_overflows_are_finite():
    def zero():
        model = nn.MLP(2, [1], bias=False)
        model.load_state_dict({"layers.0.weight": [[0.0, 0.0]]})
        return model

    both(zero, [[1e308, 1e308]], [-1.0], "hinge", lr=1e-308, epochs=1)


# ---------------------------------------------------------------------------------------------------------------------
# Outputs of many samples, and the command line.
# ---------------------------------------------------------------------------------------------------------------------


def test_predict_compiles_where_there_is_much_to_do(monkeypatch):
    used = []
    real = nn.prediction.compiled_outputs
    monkeypatch.setattr(nn.prediction, "compiled_outputs", lambda *given: used.append(1) or real(*given))
    model = nn.Sequential(nn.Layer(2, 60, "gelu", seed=0), nn.Dropout(0.5), nn.Layer(60, 2, "sigmoid", seed=1))
    rng = Random(0)
    X = [[rng.gauss(0, 3), rng.gauss(0, 3)] for _ in range(4000)]
    found = nn.predict(model, X)
    assert used == [1]
    assert found[:50] == [pytest.approx(row, rel=1e-12, abs=1e-12) for row in nn.predict(model, X[:50])]
    assert used == [1]
    assert model.layers[1].training
    assert {type(o) for row in found for o in row} == {float}
    with pytest.raises(LengthError, match="2 inputs, not 1"):
        nn.predict(model, [[1.0], *X])
    with pytest.raises(LengthError, match="2 inputs, not 3"):
        nn.predict(model, [[1.0, 2.0, 3.0]] * 4000)


@pytest.mark.parametrize(("engine", "which"), [("auto", "compiled"), ("eager", "eager"), ("compiled", "compiled")])
def test_the_command_line_says_which_engine_ran(capsys, engine, which):
    assert main(["train", "moons", "--epochs", "3", "--quiet", "--engine", engine]) == 0
    assert f"\ntrained by the {which} engine in " in capsys.readouterr().out


def test_the_command_line_names_a_mistake(capsys):
    assert main(["train", "moons", "--quiet", "--engine", "fast"]) == 2
    assert "no engine 'fast'; there are auto, eager, compiled" in capsys.readouterr().err
