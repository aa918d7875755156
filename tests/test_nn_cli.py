"""The command line ``python -m nn``: what it writes and prints, and its exit codes; no mistake ends in a traceback."""

import json
import os
import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

import nn
import nn.__main__ as command_line
from nn import data
from nn.__main__ import main
from nn.task import Task

ROOT = Path(__file__).parent.parent


@pytest.fixture
def run(run_command):
    return partial(run_command, main)


def scores(printed):
    """The rows of the table: (samples, loss, accuracy) by the name of the part."""
    found = re.findall(r"^(training|validation|all) +(\d+) +(\S+) +(\S+)$", printed, flags=re.MULTILINE)
    return {name: (int(n), float(loss), float(accuracy)) for name, n, loss, accuracy in found}


# ---------------------------------------------------------------------------------------------------------------------
# What it does.
# ---------------------------------------------------------------------------------------------------------------------


def test_data(run):
    code, out, err = run("data")
    assert (code, err) == (0, "")
    header, _, *lines = out.partition("\n\n")[0].splitlines()
    assert re.split("  +", header) == ["data set", "samples", "features", "classes", "source", "what it is"]
    rows = {line.split()[0]: line.split()[1:5] for line in lines}
    assert rows.keys() == data.DATASETS.keys()
    assert rows["iris"] == ["150", "4", "3", "scikit-learn"]
    assert rows["diabetes"] == ["442", "10", "-", "scikit-learn"]
    assert rows["sine"][3:] == ["made"]


@pytest.mark.parametrize("ending", ["safetensors", "json"])
def test_train_and_evaluate(run, ending):
    file = f"iris.{ending}"
    arguments = ["train", "iris", "--hidden", "6,4", "--epochs", 20, "--seed", 3, "--l2", 0.01, "--quiet"]
    code, trained, err = run(*arguments, "--save", file)
    assert (code, err) == (0, "")
    assert "MLP(4, [6, 4, 3], 'tanh', 'identity'), 73 parameters; cross_entropy; sgd" in trained
    found = scores(trained)
    assert [n for n, _, _ in found.values()] == [112, 38]
    assert found["training"][2] > 0.9

    code, evaluated, err = run("evaluate", file, "iris")
    assert (code, err) == (0, "")
    assert scores(evaluated) == found
    confusion = [[int(n) for n in line.split()[1:]] for line in evaluated.splitlines()[-3:]]
    assert sum(map(sum, confusion)) == 38
    assert sum(confusion[c][c] for c in range(3)) / 38 == pytest.approx(found["validation"][2], abs=1e-4)
    assert run(*arguments, "--save", f"again.{ending}")[0] == 0
    assert Path(file).read_bytes() == Path(f"again.{ending}").read_bytes()


def test_the_saved_network_takes_samples_as_they_are(run):
    _, out, _ = run("train", "wine", "--hidden", "none", "--epochs", 10, "--quiet", "--save", "wine.safetensors")
    training, _ = data.split(data.load("wine"))
    found = nn.evaluate(nn.load("wine.safetensors"), training.X, training.y)
    assert (found.loss, found.accuracy) == pytest.approx(scores(out)["training"][1:], rel=1e-3)


def test_a_number_to_predict(run):
    """A single layer comes to what ordinary least squares gives for the same samples."""
    from sklearn.linear_model import LinearRegression

    arguments = ["--hidden", "none", "--epochs", 400, "--batch-size", 332, "--lr", 0.4]
    code, out, _ = run("train", "diabetes", *arguments, "--quiet", "--out", "results")
    assert code == 0
    sides = data.split(data.load("diabetes"))
    least_squares = LinearRegression().fit(sides[0].X, sides[0].y)
    r2 = [least_squares.score(side.X, side.y) for side in sides]
    assert [row[2] for row in scores(out).values()] == pytest.approx(r2, abs=0.002)
    assert sorted(path.name for path in Path("results").iterdir()) == [
        "curves.png",
        "history.json",
        "model.safetensors",
    ]


@pytest.mark.parametrize(("dataset", "picture"), [("moons", "boundary.png"), ("sine", "regression.png")])
def test_out(run, dataset, picture):
    arguments = ["--samples", 40, "--noise", 0.05, "--hidden", 4, "--epochs", 3, "--quiet"]
    code, out, err = run("train", dataset, *arguments, "--out", "a/b", "--save", "net.json")
    assert (code, err) == (0, "")
    written = {path.name for path in Path("a/b").iterdir()}
    assert {"curves.png", "history.json", picture} <= written
    assert "model.safetensors" not in written
    assert all(Path("a/b", name).read_bytes()[:4] == b"\x89PNG" for name in written if name.endswith(".png"))
    assert json.loads(Path("a/b/history.json").read_text(encoding="utf-8"))["epoch"] == [1, 2, 3]
    assert scores(run("evaluate", "net.json", dataset)[1]) == scores(out)


def test_evaluate_a_network_from_elsewhere(run):
    nn.save(nn.MLP(2, [3, 1], seed=0), "other.safetensors", {"data": "[my own]"})
    code, out, _ = run("evaluate", "other.safetensors", "moons")
    assert code == 0
    assert [*scores(out)] == ["all"]


def test_early_stopping(run):
    code, _, _ = run("train", "moons", "--epochs", 10_000, "--patience", 3, "--quiet", "--out", "here")
    assert code == 0
    history = json.loads(Path("here/history.json").read_text(encoding="utf-8"))
    assert history["stopped"] == "early stopping"


def test_progress(run):
    _, out, err = run("train", "xor", "--epochs", 2)
    assert "epoch 2/2: 100%" in err
    assert "epoch" not in out


@pytest.mark.parametrize("command", [[], ["train"], ["evaluate"], ["data"], ["demo"]], ids=" ".join)
def test_help(run, command):
    code, out, err = run(*command, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(" ".join(["usage: python -m nn", *command]))
    assert ("example" in out) == (command not in (["data"], ["demo"]))
    assert max(map(len, out.splitlines())) <= 120


# ---------------------------------------------------------------------------------------------------------------------
# What goes wrong.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "required: COMMAND"),
        ("trian", "invalid choice: 'trian'"),
        ("train", "required: DATASET"),
        ("train moonz", "no data set 'moonz'; did you mean 'moons'?"),
        ("train moons --hidden 4,,4", "--hidden: '' is no whole number from 1 on"),
        ("train moons --hidden 4,0", "--hidden: '0' is no whole number from 1 on"),
        ("train moons --activation tahn", "did you mean 'tanh'?"),
        ("train moons --activation tahn --hidden none", "did you mean 'tanh'?"),
        ("train moons --init zero", "no initialiser 'zero'"),
        ("train moons --loss hinges", "no loss 'hinges'; did you mean 'hinge'?"),
        ("train sine --loss hinge", "hinge is a loss of classes, and sine has a number to predict"),
        ("train moons --optimizer addam --quiet", "did you mean 'adam'?"),
        ("train moons --lr fast", "--lr: invalid float value: 'fast'"),
        ("train moons --lr -1 --quiet", "the learning rate is a number from 0 on, not -1.0"),
        ("train moons --l2 -1", "--l2: '-1' is no number from 0 on"),
        ("train moons --l1 nan", "--l1: 'nan' is no number from 0 on"),
        ("train moons --epochs 0", "--epochs: '0' is no whole number from 1 on"),
        ("train moons --seed 1.5", "--seed: invalid int value: '1.5'"),
        ("train moons --validation 1", "leaves one part of the split empty"),
        ("train moons --validation nan", "a share of nan"),
        ("train moons --validation inf", "a share of inf"),
        ("train moons --noise 1e308", "too large"),
        ("train iris --samples 10", "iris is what it is"),
        ("train moons --save net.pickle", "'net.pickle' does not end in .safetensors or .json"),
        ("train moons --save nowhere/net.json", "there is no directory 'nowhere'"),
        ("train moons --save net.JSON", "'net.JSON' does not end in .safetensors or .json"),
        ("train moons --save folder.json", "'folder.json' is a directory; give the name of a file in it"),
        ("train moons --film folder.html", "'folder.html' is a directory"),
        ("train moons --film film.svg", "'film.svg' does not end in .html or .htm"),
        ("predict net.json moons.csv -o folder.html", "'folder.html' is a directory"),
        ("evaluate net.json", "required: DATASET"),
        ("evaluate net.json moons", "cannot read net.json: "),
        ("evaluate net.txt moons", "not 'net.txt'"),
        ("demo --epochs 3 --quick", "not allowed with"),
        ("data --all", "unrecognized arguments: --all"),
    ],
)
def test_mistakes(run, arguments, message):
    """One line that says what is wrong, and exit code 2."""
    code, _, err = run(*arguments.split())
    assert code == 2
    assert err.startswith("python -m nn")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"", "it is cut off"),
        (b"\xff" * 100, "no safetensors file"),
        ({"data": '{"name": "moons"}'}, "does not say which samples it learned from"),
        ({"data": '{"name": "moons", "seed": [], "validation": 0.5}'}, "does not say which samples"),
        ({"data": '{"name": "moons", "seed": 0, "validation": 0.5, "n": 1e12}'}, "more than a million"),
        ({"data": '{"name": "moons", "seed": 0, "validation": 1e999}'}, "validation is a share"),
        ({"data": '{"name": "moons", "seed": 0, "validation": 0.5, "noise": 1e999}'}, "noise is a number from 0 on"),
        ({"data": '{"name": "moons", "seed": 0, "validation": 0.5, "noise": 1e308}'}, "too large"),
        ({"data": '{"name": "moons", "seed": 0, "validation": 0.5, "arms": 100000000}'}, "'arms'"),
        ({"data": '{"name": "moons", "seed": 0, "validation": 0.5}', "loss": "loss"}, "no loss 'loss'"),
    ],
)
def test_a_damaged_or_hostile_file(run, contents, message):
    path = Path("net.safetensors")
    if isinstance(contents, bytes):
        path.write_bytes(contents)
    else:
        nn.save(nn.MLP(2, [1]), path, contents)
    code, _, err = run("evaluate", path, "moons")
    assert code == 2
    assert message in err
    assert err.count("\n") == 1


def test_a_network_for_other_data(run):
    nn.save(nn.MLP(2, [3, 3]), "net.json")
    code, _, err = run("evaluate", "net.json", "iris")
    assert code == 2
    assert "net.json takes other samples than those of iris: layer 1 takes 2 inputs, not 4" in err
    code, _, err = run("evaluate", "net.json", "moons")
    assert code == 2
    assert "net.json has 3 outputs, and moons with binary_cross_entropy_with_logits needs 1" in err


def test_a_loss_that_is_no_number(run):
    code, _, err = run("train", "moons", "--activation", "relu", "--lr", "1e300", "--quiet", "--save", "net.json")
    assert code == 1
    assert "the training stopped in epoch 1" in err
    assert "a smaller learning rate" in err
    assert err.count("\n") == 1
    assert not Path("net.json").exists()


def test_a_directory_that_cannot_be_made(run):
    Path("file").touch()
    code, _, err = run("train", "moons", "--out", "file")
    assert code == 1
    assert "file" in err


@pytest.mark.parametrize("command", ["data", "train iris", "demo"])
def test_without_scikit_learn(run, monkeypatch, command):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    code, out, err = run(*command.split())
    assert code == 1
    assert "pip install 'scalar-autodiff[train]'" in err
    assert ("circles" in out) == (command == "data")


@pytest.mark.parametrize(
    ("package", "arguments"),
    [("safetensors", "--save net.safetensors"), ("safetensors", "--out here"), ("matplotlib", "--out here")],
)
def test_what_is_not_installed_is_found_out_before_the_training(run, monkeypatch, package, arguments):
    monkeypatch.setitem(sys.modules, package, None)
    code, out, err = run("train", "moons", "--quiet", *arguments.split())
    assert (code, out) == (1, "")
    assert f"needs {package}: pip install" in err
    assert not Path("here").exists()


@pytest.mark.parametrize("mistake", [["--optimizer", "addam"], ["--loss", "hinges"]])
def test_a_wrong_name_is_found_out_before_the_training(run, mistake):
    code, out, _ = run("train", "moons", "--out", "here", *mistake)
    assert (code, out) == (2, "")
    assert not Path("here").exists()


@pytest.mark.parametrize("error", [OverflowError("too large"), ValueError("odd"), MemoryError()])
def test_an_error_that_was_not_foreseen_is_one_line(run, monkeypatch, error):
    def fail(*arguments, **settings):
        raise error

    monkeypatch.setattr(command_line, "fit", fail)
    code, _, err = run("train", "moons", "--quiet")
    assert (code, err) == (1, f"python -m nn: error: {type(error).__name__}: {error}\n")


# ---------------------------------------------------------------------------------------------------------------------
# Ctrl-C, and a reader that goes away.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def interrupt(monkeypatch):
    """Presses Ctrl-C after an epoch of every training."""
    fit = command_line.fit

    def interrupted_after(epoch):
        def press(model, history):
            if len(history) > epoch:
                raise KeyboardInterrupt

        monkeypatch.setattr(
            command_line, "fit", lambda *args, **settings: fit(*args, **settings | {"callbacks": [press]})
        )

    return interrupted_after


def test_interrupted(run, interrupt):
    """The best weights so far are shown and saved, as if the training had ended there."""
    interrupt(after := 3)
    code, out, err = run("train", "moons", "--epochs", 50, "--quiet", "--save", "net.json", "--out", "here")
    assert code == 130
    assert err == "python -m nn: interrupted: the weights are those of epoch 4, the best\n"
    assert scores(run("evaluate", "net.json", "moons")[1]) == scores(out)
    assert len(json.loads(Path("here/history.json").read_text(encoding="utf-8"))["epoch"]) == after + 1


def test_interrupted_before_the_first_epoch(run, monkeypatch):
    def press(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("nn.train.minibatches", press)
    code, _, err = run("train", "moons", "--quiet", "--save", "net.json")
    assert (code, err) == (130, "python -m nn: interrupted\n")
    assert not Path("net.json").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for a single process")
def test_ctrl_c():
    command = [sys.executable, "-u", "-m", "nn", "train", "moons", "--epochs", "100000"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        seen = b""
        while b"accuracy" not in seen:  # an epoch is done
            seen += process.stderr.read(1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"interrupted: the weights are those of epoch" in err
    assert b"Traceback" not in err
    assert [*scores(out.decode())] == ["training", "validation"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells of a closed pipe in another way")
def test_a_reader_that_has_seen_enough():
    with subprocess.Popen(
        [sys.executable, "-m", "nn", "data"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")


def test_a_console_without_mathematics():
    """The characters that it cannot show are replaced."""
    command = [sys.executable, "-X", "utf8=0", "-m", "nn", "data"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    assert b"8 ? 8 pixels" in run.stdout


# ---------------------------------------------------------------------------------------------------------------------
# What a data set asks of a network.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", nn.LOSSES)
@pytest.mark.parametrize("dataset", ["moons", "blobs"])
def test_every_loss_learns_classes(dataset, loss):
    training, test = data.split(data.load(dataset, n=120, seed=1))
    task = Task(training, loss)
    model = nn.MLP(2, [6, task.n_outputs], "tanh", task.output_activation, seed=0, init="xavier")
    settings = {"epochs": 30, "batch_size": 10, "metric": task.metric, "progress": False}
    history = nn.fit(model, *task.scaled(training), task.loss, **settings)
    inside = nn.evaluate(model, *task.scaled(test), task.loss, task.metric)
    task.unscale(model)
    outside = nn.evaluate(model, test.X, task.targets(test), task.loss, task.metric)
    assert outside == pytest.approx(inside, rel=1e-9)
    assert history.metric == "accuracy"
    assert outside.accuracy >= 0.8
    one_output = dataset == "moons" and loss in ("hinge", "binary_cross_entropy", "binary_cross_entropy_with_logits")
    assert task.n_outputs == (1 if one_output else len(training.classes))


def test_targets():
    two, three = data.load("moons", n=2), data.load("blobs", n=3)
    assert Task(two, "hinge").targets(two) == [-1, 1]
    assert Task(two, "cross_entropy").targets(two) == [0, 1]
    assert Task(two, "squared_error").targets(two) == [[1, 0], [0, 1]]
    assert Task(three, "hinge").targets(three) == [[1, -1, -1], [-1, 1, -1], [-1, -1, 1]]
    assert Task(three, "binary_cross_entropy").targets(three) == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_numbers_are_unscaled_too():
    sine = data.load("sine")
    far = sine.replace([[1e3 + 50 * x for x in row] for row in sine.X], [7 - 90 * y for y in sine.y])
    near, task = Task(sine), Task(far)
    X, y = task.scaled(far)
    assert (len(y[0]), X[0]) == (1, pytest.approx(near.scaled(sine)[0][0]))
    model = nn.MLP(1, [5, 1], "tanh", seed=0)
    before = nn.predict(model, X)
    task.unscale(model)
    (mean, deviation) = (sum(far.y) / 100, (sum((y - sum(far.y) / 100) ** 2 for y in far.y) / 100) ** 0.5)
    assert nn.predict(model, far.X) == [pytest.approx([mean + deviation * o]) for (o,) in before]


def test_unscale_needs_biases():
    moons = data.load("moons")
    with pytest.raises(nn.ArgumentError, match="this network has none"):
        Task(moons).unscale(nn.MLP(2, [1], bias=False))


# ---------------------------------------------------------------------------------------------------------------------
# Console scripts, and a file of the user's own that is called nn.
# ---------------------------------------------------------------------------------------------------------------------

SCRIPTS = re.findall(
    r'^(autodiff\S*) = "([\w.]+):(\w+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), flags=re.MULTILINE
)


def started_as_a_script(folder, name, module, function, *arguments):
    """What pip makes of it: a file in a folder of its own, from which, and not from the current one, Python imports."""
    (folder / "bin").mkdir()
    script = folder / "bin" / name
    script.write_text(f"import sys\nfrom {module} import {function}\nsys.exit({function}())\n", encoding="utf-8")
    command = [sys.executable, str(script), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False)


@pytest.mark.parametrize(("name", "module", "function"), SCRIPTS, ids=lambda x: x)
def test_scripts(tmp_path, name, module, function):
    found = started_as_a_script(tmp_path, name, module, function, "--help")
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith("usage: ")


def test_there_are_two_scripts():
    assert [name for name, *_ in SCRIPTS] == ["autodiff", "autodiff-nn"]


@pytest.mark.parametrize("mine", ["nn.py", "nn/__init__.py"])
def test_a_file_that_hides_the_package(tmp_path, mine):
    (tmp_path / mine).parent.mkdir(exist_ok=True)
    (tmp_path / mine).write_text("raise SystemExit('my own network')", encoding="utf-8")
    found = started_as_a_script(tmp_path, *SCRIPTS[1], "data")
    assert (found.returncode, found.stdout[:8]) == (0, "data set")
    assert f"note: {Path(mine)} hides the package nn here" in found.stderr
    assert found.stderr.count("\n") == 1


def test_a_folder_that_hides_nothing(run):
    Path("nn").mkdir()  # data, say: Python prefers any package to a folder without __init__.py
    assert run("data")[2] == ""
    assert command_line._hiding(ROOT) is None
