"""The command line: ``python -m nn --help``; or ``autodiff-nn``, where a file nn.py hides the package."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from importlib.util import find_spec
from inspect import signature
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from autodiff import LengthError
from autodiff.commandline import Parser, exit_code, failed, file_to_write
from autodiff.files import replacing, write_whole

from . import plots
from .activations import ACTIVATIONS
from .arguments import chosen
from .checkpoint import Checkpoint
from .data import DATASETS, Dataset, load, split
from .demo import demo
from .errors import ArgumentError, FileFormatError, MissingExtra, NonFiniteLoss
from .film import Film
from .gpt import GPT
from .gpt_commands import add_commands
from .init import INITIALIZERS
from .layers import MLP
from .losses import LOSSES
from .metrics import confusion_matrix
from .optim import OPTIMIZERS
from .prediction import evaluate, predict
from .storage import load as load_model
from .storage import read_state, save
from .table import table
from .tabular import TASKS, Columns, read
from .task import Task
from .train import ENGINES, fit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from matplotlib.figure import Figure

    from .history import History
    from .module import Module

_PROGRAM = "python -m nn"
_EPILOG = """\
examples:
  python -m nn data
  python -m nn train moons --samples 200 --lr 0.5 --epochs 100 --out out/moons
  python -m nn train breast_cancer --hidden none --l2 0.1 --save model.safetensors
  python -m nn evaluate model.safetensors breast_cancer
  python -m nn train houses.csv --target price --save houses.safetensors
  python -m nn predict houses.safetensors new.csv -o prices.csv
  python -m nn gpt names --steps 1000 --out out/gpt
  python -m nn sample out/gpt/model.safetensors -n 20 --temperature 0.5 --prompt ka
  python -m nn demo
"""
_TRAIN_EPILOG = """\
The network learns from samples that are standardised, a mean of 0 and a deviation of 1 for each feature; then the scale
goes into its weights, so that the file that is saved takes samples as they are.

A file .csv has a line with the names of its columns, then a sample in each row. A column is of numbers or of
categories, each of which becomes an input that is 0 or 1. A target of texts is a class, one of numbers is a number to
predict; --task says otherwise.

examples:
  python -m nn train iris
  python -m nn train digits --hidden 32 --activation relu --lr 0.05 --epochs 15 --out out/digits
  python -m nn train spirals --samples 400 --hidden 16,16 --optimizer adam --lr 0.01 --epochs 200
  python -m nn train breast_cancer --hidden none --l2 0.1 --save model.safetensors
  python -m nn train houses.csv --target price --ignore street --save houses.safetensors
  python -m nn train digits --epochs 100 --checkpoint digits.json --resume
"""
_EVALUATE_EPILOG = """\
A model that `train` saved from the same data set is measured on the samples that it learned from and on those that were
held out; any other on all samples.

example:
  python -m nn evaluate model.safetensors breast_cancer
"""
_DATASET = "one of those that `python -m nn data` lists, or a file .csv"
_PREDICT_EPILOG = """\
The file has the columns that the network learned from, in any order and among others. What is written is a table of one
column, named after the target, with a prediction for each row.

example:
  python -m nn predict houses.safetensors new.csv -o prices.csv
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""

    def run() -> int:
        given = _parser().parse_args(arguments)
        code: int | None = given.run(given)
        return code or 0

    hiding = _hiding(Path.cwd())
    if hiding:
        print(
            f"{_PROGRAM}: note: {hiding} hides the package nn here: `import nn` and `python -m nn` are that file; "
            "rename it, or write autodiff-nn for python -m nn",
            file=sys.stderr,
        )
    return exit_code(_PROGRAM, run, (MissingExtra, NonFiniteLoss))


def _hiding(folder: Path) -> Path | None:
    """What Python imports as ``nn`` in that folder, if it is not this package."""
    for path in (folder / "nn" / "__init__.py", folder / "nn.py"):
        if path.is_file():
            return None if path.parent.resolve() == Path(__file__).parent.resolve() else path.relative_to(folder)
    return None


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m nn", description="Train networks of scalar Values, and measure them.", epilog=_EPILOG
    )
    parser.add_version("nn")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    train = commands.add_parser(
        "train", help="train a network on a data set", description="Train a network.", epilog=_TRAIN_EPILOG
    )
    train.set_defaults(run=_train)
    train.add_argument("dataset", metavar="DATASET", help=_DATASET)
    network = train.add_argument_group("the network")
    network.add_argument(
        "--hidden", metavar="SIZES", type=_sizes, default=[16, 16],
        help="sizes of the hidden layers, as 16,16, which is the default; none for a single-layer network",
    )  # fmt: skip
    network.add_argument("--activation", default="tanh", help=f"{_one_of(ACTIVATIONS)} (default: tanh)")
    network.add_argument("--init", help=f"initial weights: {_one_of(INITIALIZERS)} (default: he for relu, else xavier)")
    training = train.add_argument_group("the training")
    training.add_argument("--loss", help=f"{_one_of(LOSSES)} (default: what goes with the data set)")
    training.add_argument("--optimizer", default="sgd", help=f"{_one_of(OPTIMIZERS)} (default: sgd)")
    training.add_argument("--lr", metavar="RATE", type=float, help="learning rate (default: the optimiser's own)")
    training.add_argument("--epochs", metavar="N", type=_whole, default=50, help="default: 50")
    training.add_argument("--batch-size", metavar="N", type=_whole, default=16, help="default: 16")
    training.add_argument("--l2", metavar="LAMBDA", type=_positive, default=0.0, help="penalty λ/(2m) Σ w² on weights")
    training.add_argument("--l1", metavar="LAMBDA", type=_positive, default=0.0, help="penalty λ/m Σ |w| on weights")
    training.add_argument(
        "--patience", metavar="N", type=_whole,
        help="stop after N epochs without a lower validation loss, with the weights of the lowest",
    )  # fmt: skip
    training.add_argument("--engine", default="auto", help=f"{_one_of(ENGINES)} (default: auto, compiled if it can be)")
    training.add_argument("--seed", metavar="N", type=int, default=0, help="of everything random (default: 0)")
    samples = train.add_argument_group("the samples")
    samples.add_argument(
        "--validation", metavar="SHARE", type=float, default=0.25,
        help="share of the samples that is held out (default: 0.25)",
    )  # fmt: skip
    samples.add_argument("--samples", metavar="N", type=_whole, help="how many, of a data set that is made up")
    samples.add_argument("--noise", metavar="DEVIATION", type=_positive, help="of a data set that is made up")
    columns = train.add_argument_group("the columns of a file .csv")
    columns.add_argument("--target", metavar="COLUMN", help="the one to predict")
    columns.add_argument("--task", choices=TASKS, help="default: what the target looks like")
    columns.add_argument(
        "--ignore", metavar="COLUMN", action="append", default=[], help="one to leave out; may be given several times"
    )
    output = train.add_argument_group("what is written")
    weights = file_to_write(".safetensors", ".json", as_written=True)
    page = file_to_write(".html", ".htm", is_made=True)
    output.add_argument("--save", metavar="FILE", type=weights, help="the network, as .safetensors or .json")
    output.add_argument(
        "--out", metavar="DIR", type=Path, help="plots, history.json and, without --save, model.safetensors"
    )
    output.add_argument("--checkpoint", metavar="FILE", help="where the training stands, after each epoch, as JSON")
    output.add_argument(
        "--resume", action="store_true", help="go on from the checkpoint; all else is given as it was, or more --epochs"
    )
    output.add_argument("--film", metavar="FILE", type=page, help="the training as a page with a scrubber, .html")
    output.add_argument("--quiet", action="store_true", help="no progress bar")

    evaluation = commands.add_parser(
        "evaluate", help="measure a saved network", description="Measure a saved network.", epilog=_EVALUATE_EPILOG
    )
    evaluation.set_defaults(run=_evaluate)
    evaluation.add_argument("model", metavar="MODEL", type=Path, help="a file .safetensors or .json")
    evaluation.add_argument("dataset", metavar="DATASET", help=_DATASET)
    evaluation.add_argument("--loss", help=f"{_one_of(LOSSES)} (default: that of the training)")

    prediction = commands.add_parser(
        "predict",
        help="what a saved network says of a file .csv",
        description="Predict the target for each row of a file.",
        epilog=_PREDICT_EPILOG,
    )
    prediction.set_defaults(run=_predict)
    prediction.add_argument("model", metavar="MODEL", type=Path, help="a file that `train` saved, of a file .csv")
    prediction.add_argument("file", metavar="FILE", type=Path, help="a file .csv")
    prediction.add_argument(
        "-o", "--output", metavar="FILE", type=file_to_write(), help="where to write (default: here)"
    )

    add_commands(commands)

    listing = commands.add_parser("data", help="list the data sets", description="List the data sets.")
    listing.set_defaults(run=_data)

    demonstration = commands.add_parser(
        "demo",
        help="two paths, moons, breast_cancer, digits and names, with plots and a page",
        description="Go from a gradient as a sum over paths to networks that read digits and make up names.\n"
        "Writes plots, networks and a page index.html, and prints a table; takes about half a minute.",
    )
    demonstration.set_defaults(run=_demo)
    demonstration.add_argument("--out", metavar="DIR", type=Path, default=Path("out/demo"), help="default: out/demo")
    amount = demonstration.add_mutually_exclusive_group()
    amount.add_argument("--epochs", metavar="N", type=_whole, help="no more than N epochs for each network")
    amount.add_argument("--quick", action="store_const", const=2, dest="epochs", help="the same as --epochs 2")
    return parser


def _one_of(names: Any) -> str:
    return ", ".join(names)


def _sizes(text: str) -> list[int]:
    return [] if text == "none" else [_whole(part) for part in text.split(",")]


def _whole(text: str) -> int:
    if not text.strip().isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 on")
    return number


def _train(given: argparse.Namespace) -> int:
    file = given.save or (given.out and given.out / "model.safetensors")
    _check(given, file)
    if given.resume and not given.checkpoint:
        raise ArgumentError("--resume goes on from a checkpoint: say from which, with --checkpoint FILE")
    checkpoint = Checkpoint(given.checkpoint, given.resume) if given.checkpoint else None
    metadata, training, validation = _samples(given)
    task = Task(training, given.loss)
    model = MLP(
        len(training.features),
        [*given.hidden, task.n_outputs],
        given.activation,
        task.output_activation,
        seed=given.seed,
        init=given.init or ("he" if "relu" in given.activation else "xavier"),
    )
    for folder in (given.out, given.film and given.film.parent):
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
    print(f"{given.dataset}: {len(training)} samples to learn from, {len(validation)} held out for validation")
    print(f"{model}, {len(model.parameters())} parameters; {task.loss}; {given.optimizer}", flush=True)
    samples, targets = task.scaled(training)
    film = Film(samples, targets if training.classes else (), training.classes, task.threshold) if given.film else None
    history = fit(
        model,
        samples,
        targets,
        task.loss,
        given.optimizer,
        lr=given.lr,
        epochs=given.epochs,
        batch_size=given.batch_size,
        l2=given.l2,
        l1=given.l1,
        validation=task.scaled(validation),
        seed=given.seed,
        progress=not given.quiet,
        early_stopping=given.patience,
        metric=task.metric,
        engine=given.engine,
        checkpoint=checkpoint,
        callbacks=[film] if film else [],
    )
    if not len(history):  # interrupted before there was anything to show
        raise KeyboardInterrupt
    print(f"trained by the {history.engine} engine in {sum(history.seconds):.3g} s")
    task.unscale(model)
    print(_scores(model, task, {"training": training, "validation": validation}))
    if file:
        save(model, file, {**metadata, "loss": task.loss})
        print(f"network: {file}")
    if film:
        film.save(given.film)
        print(f"film: {given.film}")
    if given.out:
        write_whole(given.out / "history.json", json.dumps(history.to_dict(), indent=1).encode())
        for name, figure in _figures(model, task, history, training, validation):
            with replacing(given.out / f"{name}.png") as picture:
                figure.savefig(picture, format="png", dpi=150)
        print(f"plots and history: {given.out}")
    if history.stopped == "interrupted":
        return failed(_PROGRAM, f"interrupted: the weights are those of epoch {history.best_epoch}, the best", 130)
    return 0


def _samples(given: argparse.Namespace) -> tuple[dict[str, str], Dataset, Dataset]:
    """The samples to learn from and those that are held out; and what a saved network says of them."""
    origin = {"name": given.dataset, "seed": given.seed, "validation": given.validation}
    made_up = {name: x for name, x in (("n", given.samples), ("noise", given.noise)) if x is not None}
    if not _is_file(given.dataset):
        if given.target is not None or given.task or given.ignore:
            raise ArgumentError(f"{given.dataset} is no file .csv, and --target, --task and --ignore are for those")
        origin |= made_up
        return {"data": json.dumps(origin)}, *_parts(**origin)
    if made_up:
        raise ArgumentError("--samples and --noise are for data sets that are made up")
    table = read(given.dataset)
    if given.target is None:
        raise ArgumentError(f"--target says which column to predict, one of {', '.join(table.header)}")
    columns = Columns.of(table, given.target, given.task, given.ignore)
    origin["name"] = Path(given.dataset).name
    parts = split(columns.dataset(table), test=given.validation, seed=given.seed)
    return {"data": json.dumps(origin), "columns": columns.to_json()}, *parts


def _is_file(dataset: str) -> bool:
    """Whether the name is that of a file, not of a data set."""
    return dataset not in DATASETS and (Path(dataset).suffix != "" or Path(dataset).is_file())


def _check(given: argparse.Namespace, file: Path | None) -> None:
    """What would else be found out only after the training."""
    chosen("optimiser", given.optimizer, OPTIMIZERS)
    needed = [("a file .safetensors", name) for name in ("safetensors", "numpy") if file and file.suffix != ".json"]
    for purpose, package in [*needed, *([("a plot", "matplotlib")] if given.out else [])]:
        if find_spec(package) is None:
            raise MissingExtra(purpose, package)


def _parts(name: str, seed: int, validation: float, **options: Any) -> tuple[Dataset, Dataset]:
    """The samples to learn from and those that are held out; of a data set that is made up, with these options."""
    if name in DATASETS:
        taken = signature(DATASETS[name]).parameters
        if not taken.keys() >= options.keys():
            raise ArgumentError(f"{name} is what it is: --samples and --noise are for data sets that are made up")
        if "seed" in taken:
            options["seed"] = seed
    return split(load(name, **options), test=validation, seed=seed)


def _scores(model: Module, task: Task, parts: dict[str, Dataset]) -> str:
    """A table with the loss and the accuracy of each part of the samples."""
    rows = []
    for name, part in parts.items():
        found = evaluate(model, part.X, task.targets(part), task.loss, task.metric)
        rows.append([name, len(part), f"{found.loss:.4g}", f"{found.accuracy:.4f}"])
    return table(["", "samples", "loss", "accuracy" if task.metric else "R²"], rows)


def _figures(
    model: MLP, task: Task, history: History, training: Dataset, validation: Dataset
) -> Iterator[tuple[str, Figure]]:
    """The plots, each with its name."""
    yield "curves", plots.curves(history)
    if training.classes:
        matrix = confusion_matrix(predict(model, validation.X), validation.y, task.threshold)
        yield "confusion", plots.confusion(matrix, training.classes)
        if len(training.features) == 2:
            yield "boundary", plots.decision_boundary(model, training.X, training.y, training.classes, task.threshold)
    elif len(training.features) == 1:
        yield "regression", plots.regression(model, training.X, training.y)


def _loaded(path: Path) -> tuple[Module, dict[str, str]]:
    """A saved network and its metadata."""
    try:
        model = load_model(path)
        metadata = read_state(path)[1]
    except OSError as error:
        raise ArgumentError(f"cannot read {path}: {error.strerror}") from None
    if isinstance(model, GPT):
        raise ArgumentError(f"{path} is a GPT, which takes no samples of a data set; `{_PROGRAM} sample` is for it")
    return model, metadata


def _evaluate(given: argparse.Namespace) -> None:
    model, metadata = _loaded(given.model)
    loss: str | None = None
    if _is_file(given.dataset):
        parts, loss = {"all": _columns(given.model, metadata).dataset(read(given.dataset))}, metadata.get("loss")
    else:
        parts = {"all": load(given.dataset)}
    origin = _origin(metadata)
    if given.dataset in DATASETS and origin.get("name") == given.dataset:
        try:
            _check_origin(**origin)
            parts, loss = dict(zip(("training", "validation"), _parts(**origin), strict=True)), metadata.get("loss")
        except (TypeError, ValueError) as error:
            raise FileFormatError(f"{given.model} does not say which samples it learned from: {error}") from None
    last, data = [*parts.items()][-1]
    task = Task(data, given.loss or loss)
    try:
        (outputs,) = predict(model, data.X[:1])
    except LengthError as error:
        raise ArgumentError(f"{given.model} takes other samples than those of {data.name}: {error}") from None
    if len(outputs) != task.n_outputs:
        raise ArgumentError(
            f"{given.model} has {len(outputs)} outputs, and {data.name} with {task.loss} needs {task.n_outputs}; "
            "another --loss may need others"
        )
    print(f"{model}, {len(model.parameters())} parameters; {task.loss}")
    print(_scores(model, task, parts))
    if data.classes:
        matrix = confusion_matrix(predict(model, data.X), data.y, task.threshold)
        rows = [[name, *row] for name, row in zip(data.classes, matrix, strict=True)]
        print(f"\nHow many of each class, by row, it took for which, by column ({last}):")
        print(table(["", *data.classes], rows))


def _origin(metadata: dict[str, str]) -> dict[str, Any]:
    """Which samples a network learned from, as `train` notes it; nothing if it was saved otherwise."""
    try:
        origin = json.loads(metadata.get("data", ""))
    except (ValueError, RecursionError):
        origin = None
    return origin if isinstance(origin, dict) else {}


def _check_origin(name: str, seed: object, validation: object, n: object = 1, noise: object = 0) -> None:
    """Refuse what `train` would not have noted, so that a file cannot ask for anything else.

    Raises:
        TypeError: a name is missing or unknown.
        ValueError: a number is out of its range.
    """
    if type(seed) is not int:
        raise ValueError("seed is a whole number")
    if not (isinstance(validation, float) and 0 < validation < 1):
        raise ValueError("validation is a share between 0 and 1")
    if not (type(n) is int and 1 <= n <= 1_000_000):
        raise ValueError("n is a whole number from 1 on, and no more than a million")
    if not (isinstance(noise, (int, float)) and 0 <= noise < float("inf")):
        raise ValueError("noise is a number from 0 on")


def _columns(path: Path, metadata: dict[str, str]) -> Columns:
    """The columns of the file that a network learned from."""
    if "columns" not in metadata:
        raise ArgumentError(
            f"{path} does not say from which columns it learned, as a network does that was trained from a file: "
            "python -m nn train data.csv --target column --save model.safetensors"
        )
    try:
        return Columns.from_json(metadata["columns"])
    except FileFormatError as error:
        raise FileFormatError(f"{path}: {error}") from None


def _predict(given: argparse.Namespace) -> None:
    model, metadata = _loaded(given.model)
    columns = _columns(given.model, metadata)
    try:
        outputs = predict(model, columns.samples(read(given.file)))
        predictions = columns.predictions(outputs, metadata.get("loss", ""))
    except LengthError as error:
        raise FileFormatError(f"{given.model} does not fit the columns that it names: {error}") from None
    table = StringIO()
    csv.writer(table, lineterminator="\n").writerows([[columns.target.name], *([x] for x in predictions)])
    if given.output:
        write_whole(given.output, table.getvalue().encode())
        return
    if hasattr(sys.stdout, "reconfigure") and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8")  # a file or a program reads it, and a ? for an é would be wrong
    sys.stdout.write(table.getvalue())


def _data(given: argparse.Namespace) -> None:
    rows, missing = [], None
    for name, make in DATASETS.items():
        size: list[object] = ["?", "?", "?"]
        try:
            data = make()
            size = [len(data), len(data.features), len(data.classes) or "-"]
        except MissingExtra as error:
            missing = error
        source = "made up" if "seed" in signature(make).parameters else "scikit-learn"
        rows.append([name, *size, source, (make.__doc__ or "").partition("\n")[0].replace("``", "")])
    print(table(["data set", "samples", "features", "classes", "source", "what it is"], rows, "lrrrll"))
    print("\nMade up: from a seed, 100 samples or as many as you like.  No classes: a number is to be predicted.")
    if missing:
        raise missing


def _demo(given: argparse.Namespace) -> None:
    demo(given.out, given.epochs)


if __name__ == "__main__":
    sys.exit(main())
