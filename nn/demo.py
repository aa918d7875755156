"""The demonstration: from a gradient as a sum over paths to networks that read digits and make up names.

``python -m nn demo`` and ``make demo`` run it.  Its sections are also examples of how the package is used.
"""

from __future__ import annotations

import json
import platform
from html import escape
from importlib.resources import files
from math import log
from random import Random
from string import Template
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import autodiff as ad
from autodiff import Value
from autodiff.files import replacing, write_whole

from . import data, gpt_plots, metrics, plots, text
from .data import Standardizer
from .engine import collector_paused
from .errors import MissingExtra
from .gpt import GPT, generate
from .gpt_training import fit_text
from .history import History
from .layers import MLP
from .losses import hinge
from .optim import SGD
from .prediction import evaluate, predict
from .schedules import cosine, linear
from .storage import save
from .table import table
from .task import Task
from .train import fit

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any, TypeAlias

    from matplotlib.figure import Figure

    from .data import Dataset
    from .prediction import Evaluation

    Texts: TypeAlias = dict[str, object]  # what the page says, by its name there; the rows of a table are a list

__all__ = ["demo"]


class Result(NamedTuple):
    """A line of the closing table: the loss of the last epoch with its penalties, accuracies from 0 to 1."""

    name: str
    network: str
    parameters: int
    loss: float
    training_accuracy: float
    test_accuracy: float
    seconds: float


def demo(out: Path, epochs: int | None = None) -> list[Result]:
    """Run all sections: print how they go, and write plots, networks and ``index.html``.

    Args:
        out: the directory to write to; it is made where there is none.
        epochs: no more than so many for each network.

    Returns:
        The closing table.

    Raises:
        MissingExtra: a package of the extra ``train`` is not installed.
        KeyboardInterrupt: Ctrl-C, in a training too.
    """
    start = perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    texts = two_paths() | networks()
    results = []
    for section in (moons, breast_cancer, digits):
        result, more = section(out, epochs)
        results.append(result)
        texts |= more
    texts |= names(out, epochs)
    texts["seconds"] = round(perf_counter() - start)
    _write_page(out / "index.html", texts, results)

    _heading("Summary")
    header = ["data set", "network", "parameters", "loss", "training accuracy", "test accuracy", "time"]
    print(table(header, [[r.name, r.network, r.parameters, *_figures(r)] for r in results], "llrrrrr"))
    print(f"\n{texts['seconds']} seconds in all; now open {out / 'index.html'}")
    return results


def _heading(text: str) -> None:
    print(f"\n{text}", flush=True)


def _figures(r: Result) -> list[str]:
    return [f"{r.loss:#.3g}", f"{r.training_accuracy:.1%}", f"{r.test_accuracy:.1%}", f"{r.seconds:.0f} s"]


class Markup(str):
    """A text that is markup already."""

    __slots__ = ()


def _number(x: float) -> str:
    return f"{x:.4g}".replace("-", "−")


def two_paths() -> Texts:
    """The gradient of f = x²z, with x = 2y and z = sin y, path by path and step by step."""
    _heading("1/6  Two paths from y to f: f = x²z with x = 2y and z = sin y, at y = 3")
    y = Value(3.0)
    x = 2 * y
    z = ad.sin(y)
    f = x**2 * z
    f.backward()
    explanation, sweep = ad.explain(f, y), ad.steps(f)
    print(f"{explanation}\n\n{sweep}")
    return {"two_paths": Markup(ad.draw(f).svg), "explanation": explanation, "sweep": sweep}


def networks() -> Texts:
    """A neuron, and a network with a hidden layer, as graphs with the gradient of every parameter."""
    _heading("2/6  A neuron and a network, drawn")
    texts: Texts = {}
    for name, sizes in {"neuron": [1], "network": [3, 1]}.items():
        model = MLP(2, sizes, "tanh", "tanh", seed=1)
        output = model([Value(0.5, "x_1^(0)"), Value(-0.25, "x_2^(0)")])
        output.backward()
        drawing = ad.draw(output)
        print(drawing.title)
        texts[name] = Markup(drawing.svg)
    return texts


# The losses that micrograd's notebook prints, by step (karpathy/micrograd at c911406e, demo.ipynb; MIT licence).
PUBLISHED = {0: 0.8958441028683222, 99: 0.010978370135492717}


def moons(out: Path, epochs: int | None) -> tuple[Result, Texts]:
    """The data, weights and steps of micrograd's notebook, with the training loop spelled out."""
    _heading("3/6  moons: micrograd's demo")
    start = perf_counter()
    try:
        from sklearn.datasets import make_moons
        from tqdm.auto import tqdm
    except ImportError as error:
        raise MissingExtra("the demo", str(error.name)) from None

    X, y = (array.tolist() for array in make_moons(100, noise=0.1, random_state=1337))
    targets = data.signs(y)
    model = MLP(2, [16, 16, 1], seed=1337)
    parameters = model.parameters()
    optimizer = SGD(parameters, lr=1.0)
    history = History("accuracy")
    steps = range(100)[:epochs]
    for k in tqdm(steps, unit="step"):
        began = perf_counter()
        with collector_paused():
            scores = [model(x) for x in X]
            loss = ad.mean([hinge(s, t) for s, t in zip(scores, targets, strict=True)])
            loss = loss + 1e-4 * ad.dot(parameters, parameters)
            optimizer.zero_grad()
            loss.backward()
        optimizer.lr = 1 - 0.9 * k / 100
        optimizer.step()
        accuracy = metrics.accuracy([[s.data] for s in scores], targets)
        history.append(k + 1, loss.data, accuracy, None, None, optimizer.lr, perf_counter() - began)

    _say_engine(history)
    graph = ad.draw(loss, max_nodes=12)
    print(graph.caption)
    step = max(k for k in PUBLISHED if k in steps)
    print(f"loss at step {step}: {history.loss[step]}; in micrograd's notebook: {PUBLISHED[step]}")
    fresh = data.load("moons", n=1000, noise=0.1, seed=1)
    save(model, out / "moons.safetensors", {"data": "make_moons(100, noise=0.1, random_state=1337) of scikit-learn"})
    _plot(plots.decision_boundary(model, X, targets, fresh.classes), out / "moons-boundary.png", height=4.4)
    _plot(_curves(history), out / "moons-curves.png", height=5.6)
    sides = [evaluate(model, X, targets, "hinge"), evaluate(model, fresh.X, data.signs(fresh.y), "hinge")]
    return _result("moons", model, history, sides, start), {
        "moons_step": step,
        "moons_published": PUBLISHED[step],
        "moons_loss": history.loss[step],
        "moons_graph": Markup(graph.svg),
    }


def breast_cancer(out: Path, epochs: int | None) -> tuple[Result, Texts]:
    """One neuron for two classes, with an L2 penalty, by gradient descent with momentum on all samples at once."""
    _heading("4/6  breast_cancer: logistic regression as a single-layer network")
    start = perf_counter()
    training, test = _split("breast_cancer")
    task = Task(training)
    model = MLP(30, [1], seed=0, init="xavier")
    optimizer = SGD(model.parameters(), lr=0.3, momentum=0.9)
    history = _fit(model, task, training, test, optimizer, epochs=min(150, epochs or 150), l2=1.0)
    weights = [w.data for w in model.weights()]  # of measures that are scaled alike, so that they can be compared
    largest = sorted(zip(training.features, weights, strict=True), key=lambda pair: -abs(pair[1]))[:6]
    return _finish("breast_cancer", model, task, training, test, history, out, start), {
        "cancer_training": len(training),
        "cancer_test": len(test),
        "cancer_weights": [[name, _number(w)] for name, w in largest],
    }


def digits(out: Path, epochs: int | None) -> tuple[Result, Texts]:
    """A hidden layer of 32 and a softmax, by gradient descent on batches of 32 with a falling rate."""
    _heading("5/6  digits: a multilayer network")
    start = perf_counter()
    training, test = _split("digits")
    task = Task(training, inputs=Standardizer(mean=[0.0] * 64, deviation=[16.0] * 64))  # brightness from 0 to 1
    model = MLP(64, [32, 10], "relu", seed=0, init="he")
    optimizer = SGD(model.parameters(), lr=0.5)
    epochs = min(15, epochs or 15)
    schedule = cosine(epochs, end=0.05)
    history = _fit(model, task, training, test, optimizer, epochs=epochs, batch_size=32, schedule=schedule)
    _plot(plots.first_layer(model), out / "digits-weights.png", width=6.4, height=3.6)
    return _finish("digits", model, task, training, test, history, out, start), {
        "digits_training": len(training),
        "digits_test": len(test),
    }


def names(out: Path, epochs: int | None) -> Texts:
    """A GPT, by the published run of microgpt: 1,000 names one by one, then 20 that it makes up."""
    _heading("6/6  names: a GPT on scalars, the published run of microgpt")
    documents, rng = text.load("names"), Random(42)
    tokenizer = text.Tokenizer.of(documents)
    rng.shuffle(documents)
    model = GPT(tokenizer.vocabulary, rng=rng)
    steps = 1000 if epochs is None else min(1000, 10 * epochs)
    # The rate falls as in the whole run, also where only its beginning is wanted.
    history = fit_text(model, tokenizer, documents, steps=steps, schedule=linear(1000), samples=0)
    if history.stopped == "interrupted":
        raise KeyboardInterrupt
    print(f"{steps} steps by the {history.engine} engine in {history.seconds:.3g} s")
    step = max(k for k in PUBLISHED_NAMES if k < steps)
    print(f"loss at step {step}: {history.loss[step]}; in the published run: {PUBLISHED_NAMES[step]}")
    made = [generate(model, tokenizer, temperature=0.5, rng=rng) for _ in range(20)]
    print(*made)
    losses = {"guessing": log(tokenizer.vocabulary), "counting pairs": text.counting_loss(tokenizer, *[documents] * 2)}
    save(model, out / "names.safetensors", {"alphabet": tokenizer.alphabet})
    _plot(gpt_plots.learning(history, losses), out / "names-curve.png", height=4.4)
    _plot(gpt_plots.attention(model, tokenizer, made[0][:9]), out / "names-attention.png", height=2.2, width=8.0)
    return {
        "names_steps": steps,
        "names_seconds": f"{history.seconds:.2g}",
        "names_loss": f"{sum(history.loss[-100:]) / len(history.loss[-100:]):.2f}",
        "names_guessing": f"{losses['guessing']:.2f}",
        "names_counting": f"{losses['counting pairs']:.2f}",
        "names_made": ", ".join(made),
        "names_first": made[0][:9],
    }


# Losses of the published run, by step (facts of a run of microgpt.py; see tests/data/README.md).
PUBLISHED_NAMES = {9: 3.2228882401182624, 19: 2.74528539365564, 999: 2.6496944697407585}

TEST, SEED = 0.25, 42  # the split of the accuracies in the documentation


def _split(name: str) -> tuple[Dataset, Dataset]:
    return data.split(data.load(name), test=TEST, seed=SEED)


def _fit(model: MLP, task: Task, training: Dataset, test: Dataset, optimizer: SGD, **settings: Any) -> History:
    """Train; the test samples are measured after each epoch, and have no say."""
    X, y = task.scaled(training)
    validation = task.scaled(test)
    history = fit(model, X, y, task.loss, optimizer, validation=validation, metric=task.metric, **settings)
    if history.stopped == "interrupted":
        raise KeyboardInterrupt
    _say_engine(history)
    return history


def _say_engine(history: History) -> None:
    epochs = "1 epoch" if len(history) == 1 else f"{len(history)} epochs"
    print(f"{epochs} by the {history.engine} engine in {sum(history.seconds):.3g} s")


def _finish(
    name: str, model: MLP, task: Task, training: Dataset, test: Dataset, history: History, out: Path, start: float
) -> Result:
    """Save, draw and measure a network."""
    task.unscale(model)
    origin = json.dumps({"name": name, "seed": SEED, "validation": TEST})  # as `python -m nn train` notes it
    save(model, out / f"{name}.safetensors", {"data": origin, "loss": task.loss})
    matrix = metrics.confusion_matrix(predict(model, test.X), test.y, task.threshold)
    height = 3.4 if len(matrix) == 2 else 4.8
    _plot(plots.confusion(matrix, test.classes), out / f"{name}-confusion.png", height)
    _plot(_curves(history), out / f"{name}-curves.png", height=5.6)
    sides = [evaluate(model, side.X, task.targets(side), task.loss, task.metric) for side in (training, test)]
    return _result(name, model, history, sides, start)


def _result(name: str, model: MLP, history: History, sides: list[Evaluation], start: float) -> Result:
    network = " → ".join(map(str, [model.n_inputs, *model.sizes]))
    training, test = [side.accuracy or 0.0 for side in sides]
    return Result(name, network, len(model.parameters()), history.loss[-1], training, test, perf_counter() - start)


def _plot(figure: Figure, path: Path, height: float, width: float = 4.6) -> None:
    """Write a figure, small in inches, so that its letters are large enough on a telephone."""
    figure.set_size_inches(width, height)
    with replacing(path) as file:
        figure.savefig(file, format="png", dpi=200)


def _curves(history: History) -> Figure:
    """The loss above the accuracy, where ``plots.curves`` has them side by side."""
    figure = plots.curves(history)
    rows = figure.add_gridspec(len(figure.axes), 1)
    for i, axes in enumerate(figure.axes):
        axes.set_subplotspec(rows[i, 0])
    return figure


def _write_page(path: Path, texts: Texts, results: list[Result]) -> None:
    rows = [[f"{r.name}\n{r.network}", r.parameters, *_figures(r)] for r in results]
    texts = {**texts, "results": rows, "python": platform.python_version()}
    page = Template(files("nn").joinpath("demo.html").read_text(encoding="utf-8"))
    write_whole(path, page.substitute({name: _html(text) for name, text in texts.items()}).encode())


def _html(text: object) -> str:
    """A text, or the rows of a table, whose first column names them; what it holds is text, unless it is Markup."""
    if isinstance(text, Markup):
        return text
    if not isinstance(text, list):
        return escape(str(text))
    rows = [
        (f'<th scope="row">{_html(name)}</th>', *[f"<td>{_html(cell)}</td>" for cell in cells]) for name, *cells in text
    ]
    return "\n".join([f"<tr>{''.join(row)}</tr>" for row in rows])
