"""Checkpoints: a training that was stopped and goes on is the training without a stop, bit for bit."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

import nn
from nn import schedules
from nn.__main__ import main
from nn.checkpoint import Checkpoint
from nn.errors import ArgumentError, FileFormatError

ROOT = Path(__file__).parent.parent
MOONS = nn.data.load("moons", n=30)
SETTINGS = {
    "sgd": {"optimizer": "sgd", "lr": 0.3, "validation": 0.2},
    "momentum": {"optimizer": partial(nn.SGD, lr=0.1, momentum=0.9, nesterov=True), "l2": 0.01},
    "rmsprop": {"optimizer": "rmsprop", "schedule": schedules.cosine(6), "l1": 0.01},
    "adam": {"optimizer": "adam", "lr": 0.1, "batch_size": None},
    "adamw": {"optimizer": "adamw", "lr": 0.1, "early_stopping": 3, "validation": 0.3},
    # The best is of before the stop.
    "worse": {"lr": 0.1, "schedule": lambda epoch: 50.0**epoch, "early_stopping": 50, "validation": 0.3},
}


def network():
    return nn.MLP(2, [4, 2], "tanh", seed=0)


def trained(model, epochs, optimizer="adam", **settings):
    """The parameters, and the history without the times."""
    if callable(optimizer):
        optimizer = optimizer(model.parameters())
    arguments = {"batch_size": 7, "seed": 5, "progress": False, "engine": "eager"} | settings
    history = nn.fit(model, MOONS.X, MOONS.y, "cross_entropy", optimizer, epochs=epochs, **arguments)
    return [p.data for p in model.parameters()], {k: x for k, x in vars(history).items() if k != "seconds"}


def interrupt(model, history):
    if len(history) == 3:
        raise KeyboardInterrupt


def fail(model, history):
    if len(history) == 3:
        raise RuntimeError("the power is gone")


def end(model, history):
    return len(history) == 3


@pytest.mark.parametrize("engine", ["eager", "compiled"])
@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("stop", [None, interrupt, fail, end], ids=lambda f: getattr(f, "__name__", "fewer epochs"))
def test_as_if_there_had_been_no_stop(tmp_path, engine, name, stop):
    settings, path = {**SETTINGS[name], "engine": engine}, tmp_path / "run.json"
    expected = trained(network(), 6, **settings)
    with suppress(RuntimeError):
        callbacks = [] if stop is None else [stop]
        trained(network(), 6 if stop else 3, **settings, callbacks=callbacks, checkpoint=Checkpoint(path))
    found = trained(nn.MLP(2, [4, 2], "tanh", seed=1), 6, **settings, checkpoint=Checkpoint(path, resume=True))
    assert found == expected


def test_again_and_again(tmp_path):
    expected = trained(network(), 5)
    for epochs in range(1, 6):
        found = trained(network(), epochs, checkpoint=Checkpoint(tmp_path / "run.json", resume=epochs > 1))
    assert found == expected
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_dropouts_draw_as_they_would_have(tmp_path):
    def fresh():
        parts = nn.Layer(2, 4, "tanh", seed=0), nn.Dropout(0.5), nn.Dropout(0.5, seed=3), nn.Layer(4, 2, seed=1)
        return nn.Sequential(*parts)

    expected = trained(fresh(), 6)
    trained(fresh(), 2, checkpoint=Checkpoint(tmp_path / "run.json"))
    assert trained(fresh(), 6, checkpoint=Checkpoint(tmp_path / "run.json", resume=True)) == expected


def test_what_has_ended_is_not_gone_on_with(tmp_path):
    settings = {"optimizer": "sgd", "lr": 3.0, "early_stopping": 1, "validation": 0.3}
    expected = trained(network(), 50, **settings, checkpoint=Checkpoint(tmp_path / "run.json"))
    assert expected[1]["stopped"] == "early stopping"
    assert trained(network(), 50, **settings, checkpoint=Checkpoint(tmp_path / "run.json", resume=True)) == expected


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"optimizer": "sgd", "lr": 0.1}, r"optimiser was \['Adam', .*, and is \['SGD'"),
        ({"lr": 0.5}, r"optimiser was \['Adam', {'lr': 0.001"),
        ({"l2": 0.5}, r"l2 and l1 was \[0.0, 0.0\], and is \[0.5, 0.0\]"),
        ({"batch_size": 5}, "batch_size was 7, and is 5"),
        ({"seed": 1}, "seed was 5, and is 1"),
        ({"engine": "compiled"}, "engine was 'eager', and is 'compiled'"),
        ({"early_stopping": 1}, "early_stopping was None, and is 1"),
        ({"validation": 0.5}, "samples and targets was '[0-9a-f]{16}', and is"),
        ({"model": nn.MLP(2, [5, 2], seed=0)}, "the model was"),
    ],
    ids=str,
)
def test_another_training(tmp_path, changed, message):
    trained(network(), 2, checkpoint=Checkpoint(tmp_path / "run.json"))
    model = changed.pop("model", network())
    with pytest.raises(ArgumentError, match=rf"run.json is the checkpoint of another training: {message}"):
        trained(model, 3, **changed, checkpoint=Checkpoint(tmp_path / "run.json", resume=True))


def damaged(state):
    """The checkpoint with each of its entries left out, and in place of each number or list something else."""
    for name in state:
        yield {k: x for k, x in state.items() if k != name}
        for other in ("text", [], {}, None, 5, [[1, 2, 3]]):
            yield state | {name: other}
    for part in ("optimizer", "history"):
        for name in state[part]:
            yield state | {part: {k: x for k, x in state[part].items() if k != name}}
            if state[part][name] is not None and not isinstance(state[part][name], str):
                yield state | {part: state[part] | {name: "text"}}
    yield state | {"generators": [[3, [1] * 624 + [10**30], None]]}
    yield state | {"generators": [[3, [2**40] * 624 + [-1], None]]}
    yield state | {"best": [0.0, ["a"] * len(state["parameters"])]}


def test_a_damaged_file(tmp_path):
    path = tmp_path / "run.json"
    trained(network(), 2, checkpoint=Checkpoint(path))
    whole = path.read_text(encoding="utf-8")
    texts = ["", "null", "[]", "[" * 100_000, "\0", whole[:-20], *map(json.dumps, damaged(json.loads(whole)))]
    for text in texts:
        path.write_text(text, encoding="utf-8")
        model = network()
        before = model.state_dict()
        with pytest.raises(
            (FileFormatError, ArgumentError), match=r"run.json is (no checkpoint|the checkpoint of anoth)"
        ):
            trained(model, 3, checkpoint=Checkpoint(path, resume=True))
        assert model.state_dict() == before


def test_mistakes(tmp_path):
    with pytest.raises(ArgumentError, match=r"there is no file '.*run.json' to go on from: begin without resume"):
        Checkpoint(tmp_path / "run.json", resume=True)
    with pytest.raises(ArgumentError, match=r"there is no folder '.*nowhere'"):
        Checkpoint(tmp_path / "nowhere" / "run.json")
    with pytest.raises(ArgumentError, match=r"checkpoint is a Checkpoint\(path\), not 'run.json'"):
        trained(network(), 1, checkpoint="run.json")

    class Strange(nn.Optimizer):
        def __init__(self, parameters):
            super().__init__(parameters, 0.1)
            self.memory = object()

    with pytest.raises(ArgumentError, match="the optimiser remembers what is no number"):
        trained(network(), 1, optimizer=Strange, checkpoint=Checkpoint(tmp_path / "run.json"))
    assert [*tmp_path.iterdir()] == []


# ---------------------------------------------------------------------------------------------------------------------
# The command line.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["eager", "compiled"])
def test_resume(run_command, engine):
    arguments = ["train", "moons", "--samples", 20, "--hidden", 3, "--optimizer", "adam", "--quiet", "--engine", engine]
    whole = run_command(main, *arguments, "--epochs", 6, "--save", "whole.json")
    assert whole[0] == 0
    assert run_command(main, *arguments, "--epochs", 2, "--checkpoint", "run.json")[0] == 0
    rest = run_command(main, *arguments, "--epochs", 6, "--checkpoint", "run.json", "--resume", "--save", "rest.json")
    assert rest[0] == 0
    assert Path("whole.json").read_bytes() == Path("rest.json").read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed(run_command):
    """In whatever moment, the file is that of an epoch that was completed."""
    arguments = ["train", "moons", "--samples", "20", "--hidden", "3", "--quiet", "--engine", "eager"]
    more = ["--checkpoint", "run.json"]
    command = [sys.executable, "-m", "nn", *arguments, "--epochs", "100000", *more]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL) as process:
        while not Path("run.json").exists():
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    done = len(json.loads(Path("run.json").read_text(encoding="utf-8"))["history"]["epoch"])
    epochs = ["--epochs", done + 2, "--save"]
    assert run_command(main, *arguments, *epochs, "rest.json", *more, "--resume")[0] == 0
    assert run_command(main, *arguments, *epochs, "whole.json")[0] == 0
    assert Path("whole.json").read_bytes() == Path("rest.json").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--resume", "say from which, with --checkpoint FILE"),
        ("--resume --checkpoint run.json", "there is no file 'run.json' to go on from"),
        ("--checkpoint nowhere/run.json", "there is no folder 'nowhere'"),
    ],
)
def test_mistakes_of_the_command(run_command, arguments, message):
    code, _, err = run_command(main, "train", "moons", "--quiet", *arguments.split())
    assert (code, err.count("\n")) == (2, 1)
    assert message in err
