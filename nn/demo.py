"""The demonstration: from a gradient as a sum over paths to networks that read digits and make up names.

``python -m nn demo`` and ``make demo`` run it.  Its sections are also examples of how the package is used.
"""

from __future__ import annotations

import json
import platform
from base64 import b64encode
from html import escape
from importlib.resources import files
from io import BytesIO
from math import log
from string import Template
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from autodiff.drawing.display import legible_width, width_of
from autodiff.files import replacing, write_whole
from autodiff.forks import no_fork

from . import data, metrics, text
from . import demo_code as code
from .engine import collector_paused
from .errors import MissingExtra
from .film import Film
from .history import History
from .layers import MLP
from .optim import SGD
from .prediction import evaluate
from .storage import save
from .table import table
from .task import Task

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import TypeAlias

    from matplotlib.figure import Figure

    from autodiff.drawing import Drawing

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
    texts = two_paths(out) | networks(out)
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


class Picture:
    """A drawing on the page: it scrolls where it would be too small to be read, and says so there."""

    def __init__(self, drawing: Drawing) -> None:
        self.title = drawing.title
        self.svg = drawing.svg
        self.least = legible_width(self.svg, width_of(self.svg))

    def __str__(self) -> str:
        return (
            f'<p class="hint w{self.least}">⟷ The picture is wider than the page: scroll sideways.</p>\n'
            f'<div class="scroll" role="region" aria-label="{escape(self.title)}" tabindex="0" '
            f'style="--least: {self.least}px">{self.svg}</div>'
        )


def _number(x: float) -> str:
    return f"{x:.4g}".replace("-", "−")


def two_paths(out: Path) -> Texts:
    """The gradient of f = x²z, with x = 2y and z = sin y, path by path and step by step."""
    _heading("1/6  Two paths from y to f: f = x²z with x = 2y and z = sin y, at y = 3")
    picture, explanation, sweep, page = code.two_paths()
    print(f"{explanation}\n\n{sweep}")
    page.save(out / "two-paths.html")
    texts = {"two_paths": Picture(picture), "explanation": explanation, "sweep": sweep}
    return texts | _code("two_paths", code.two_paths)


def networks(out: Path) -> Texts:
    """A neuron, and a network with a hidden layer, as graphs with the gradient of every parameter."""
    _heading("2/6  A neuron and a network, drawn")
    neuron = code.neuron()
    network, page = code.network()
    print(neuron.title, network.title, sep="\n")
    page.save(out / "network.html")
    texts: Texts = {"neuron": Picture(neuron), "network": Picture(network)}
    return texts | _code("neuron", code.neuron) | _code("network", code.network)


# The losses that micrograd's notebook prints, by step (karpathy/micrograd at c911406e, demo.ipynb; MIT licence).
PUBLISHED = {0: 0.8958441028683222, 99: 0.010978370135492717}


def moons(out: Path, epochs: int | None) -> tuple[Result, Texts]:
    """The data, weights and steps of micrograd's notebook, with the training loop spelled out."""
    _heading("3/6  moons: micrograd's demo")
    start = perf_counter()
    try:
        with no_fork:
            from sklearn.datasets import make_moons
            from tqdm.auto import tqdm
    except ImportError as error:
        raise MissingExtra("the demo", str(error.name)) from None

    X, y = (array.tolist() for array in make_moons(100, noise=0.1, random_state=1337))
    targets = data.signs(y)
    model = MLP(2, [16, 16, 1], seed=1337)
    optimizer = SGD(model.parameters(), lr=1.0)
    history = History("accuracy")
    fresh = data.load("moons", n=1000, noise=0.1, seed=1)
    film = Film(X, targets, fresh.classes)
    steps = range(100)[:epochs]
    for k in tqdm(steps, unit="step"):
        began = perf_counter()
        with collector_paused():
            scores, loss = code.moons_step(model, optimizer, X, targets, k)
        accuracy = metrics.accuracy([[s.data] for s in scores], targets)
        history.append(k + 1, loss.data, accuracy, None, None, optimizer.lr, perf_counter() - began)
        if k % _FILMED == 0 or k == steps[-1]:
            film(model, history)

    _say_engine(history)
    graph = code.moons_graph(loss)
    print(graph.caption)
    step = max(k for k in PUBLISHED if k in steps)
    print(f"loss at step {step}: {history.loss[step]}; in micrograd's notebook: {PUBLISHED[step]}")
    save(model, out / "moons.safetensors", {"data": "make_moons(100, noise=0.1, random_state=1337) of scikit-learn"})
    film.save(out / "moons-film.html")
    boundary, curves = code.moons_plots(model, X, targets, fresh.classes, history)
    _plot(boundary, out / "moons-boundary.png", height=4.4)
    _plot(_upright(curves), out / "moons-curves.png", height=5.6)
    sides = [evaluate(model, X, targets, "hinge"), evaluate(model, fresh.X, data.signs(fresh.y), "hinge")]
    return _result("moons", model, history, sides, start), {
        "moons_step": step,
        "moons_published": PUBLISHED[step],
        "moons_loss": history.loss[step],
        "moons_graph": Picture(graph),
        **_code("moons", code.moons_step, code.moons_graph),
        **_code("moons_plots", code.moons_plots),
    }


def breast_cancer(out: Path, epochs: int | None) -> tuple[Result, Texts]:
    """One neuron for two classes, with an L2 penalty, by gradient descent with momentum on all samples at once."""
    _heading("4/6  breast_cancer: logistic regression as a single-layer network")
    start = perf_counter()
    training, test = _split("breast_cancer")
    model, task, history = code.breast_cancer(training, test, min(150, epochs or 150))
    _say_engine(history)
    weights = [w.data for w in model.weights()]  # of measures that are scaled alike, so that they can be compared
    largest = sorted(zip(training.features, weights, strict=True), key=lambda pair: -abs(pair[1]))[:6]
    return _finish("breast_cancer", model, task, training, test, history, out, start), {
        "cancer_training": len(training),
        "cancer_test": len(test),
        "cancer_weights": [[name, _number(w)] for name, w in largest],
        **_code("cancer", code.breast_cancer, code.measured),
    }


def digits(out: Path, epochs: int | None) -> tuple[Result, Texts]:
    """A hidden layer of 32 and a softmax, by gradient descent on batches of 32 with a falling rate."""
    _heading("5/6  digits: a multilayer network")
    start = perf_counter()
    training, test = _split("digits")
    model, task, history = code.digits(training, test, min(15, epochs or 15))
    _say_engine(history)
    _plot(code.looked_for(model), out / "digits-weights.png", width=6.4, height=3.6)
    result = _finish("digits", model, task, training, test, history, out, start)
    wrong = code.wrong(model, test)
    return result, {
        "digits_training": len(training),
        "digits_test": len(test),
        "digits_wrong": Markup("\n".join([_mistake(*mistake) for mistake in wrong[:_MISTAKES]])),
        "digits_wrong_count": f"{len(wrong)} of the test samples"
        + f", the first {_MISTAKES}" * (len(wrong) > _MISTAKES),
        **_code("digits", code.digits, code.measured),
        **_code("digits_wrong", code.wrong),
        **_code("digits_weights", code.looked_for),
    }


def names(out: Path, epochs: int | None) -> Texts:
    """A GPT, by the published run of microgpt: 1,000 names one by one, then 20 that it makes up."""
    _heading("6/6  names: a GPT on scalars, the published run of microgpt")
    steps = 1000 if epochs is None else min(1000, 10 * epochs)
    # The rate falls as in the whole run, also where only its beginning is wanted.
    model, tokenizer, documents, history, made = code.names(steps)
    if history.stopped == "interrupted":
        raise KeyboardInterrupt
    print(f"{steps} steps by the {history.engine} engine in {history.seconds:.3g} s")
    step = max(k for k in PUBLISHED_NAMES if k < steps)
    print(f"loss at step {step}: {history.loss[step]}; in the published run: {PUBLISHED_NAMES[step]}")
    print(*made)
    losses = {"guessing": log(tokenizer.vocabulary), "counting pairs": text.counting_loss(tokenizer, *[documents] * 2)}
    save(model, out / "names.safetensors", {"alphabet": tokenizer.alphabet})
    learning, attention = code.names_plots(model, tokenizer, history, losses, made[0][:9])
    _plot(learning, out / "names-curve.png", height=4.4)
    _plot(attention, out / "names-attention.png", height=2.2, width=8.0)
    return {
        "names_steps": steps,
        "names_seconds": f"{history.seconds:.2g}",
        "names_loss": f"{sum(history.loss[-100:]) / len(history.loss[-100:]):.2f}",
        "names_guessing": f"{losses['guessing']:.2f}",
        "names_counting": f"{losses['counting pairs']:.2f}",
        "names_made": Markup("\n".join([f"<li>{_html(name)}</li>" for name in made])),
        "names_first": made[0][:9],
        "names_graph": Picture(code.names_graph(model, tokenizer)),
        **_code("names", code.names),
        **_code("names_graph", code.names_graph),
        **_code("names_plots", code.names_plots),
    }


# Losses of the published run, by step (facts of a run of microgpt.py; see tests/data/README.md).
PUBLISHED_NAMES = {9: 3.2228882401182624, 19: 2.74528539365564, 999: 2.6496944697407585}

_FILMED = 10
"""The film of the moons has a frame for so many steps."""

_PLOTS = (600, 880)
"""The least widths of the plots that scroll, as the page has them."""

_MISTAKES = 24
"""So many digits that were taken for others are shown."""

TEST, SEED = 0.25, 42  # the split of the accuracies in the documentation


def _split(name: str) -> tuple[Dataset, Dataset]:
    return data.split(data.load(name), test=TEST, seed=SEED)


def _say_engine(history: History) -> None:
    if history.stopped == "interrupted":
        raise KeyboardInterrupt
    epochs = "1 epoch" if len(history) == 1 else f"{len(history)} epochs"
    print(f"{epochs} by the {history.engine} engine in {sum(history.seconds):.3g} s")


def _finish(
    name: str, model: MLP, task: Task, training: Dataset, test: Dataset, history: History, out: Path, start: float
) -> Result:
    """Save, draw and measure a network."""
    confusion, curves = code.measured(model, task, test, history)
    origin = json.dumps({"name": name, "seed": SEED, "validation": TEST})  # as `python -m nn train` notes it
    save(model, out / f"{name}.safetensors", {"data": origin, "loss": task.loss})
    _plot(confusion, out / f"{name}-confusion.png", height=3.4 if len(test.classes) == 2 else 4.8)
    _plot(_upright(curves), out / f"{name}-curves.png", height=5.6)
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


def _upright(figure: Figure) -> Figure:
    """The panels of a figure above each other, where they stand side by side."""
    rows = figure.add_gridspec(len(figure.axes), 1)
    for i, axes in enumerate(figure.axes):
        axes.set_subplotspec(rows[i, 0])
    return figure


def _write_page(path: Path, texts: Texts, results: list[Result]) -> None:
    rows = [[f"{r.name}\n{r.network}", r.parameters, *_figures(r)] for r in results]
    # Where a picture fits, its hint is not shown.
    widths = {*_PLOTS, *[text.least for text in texts.values() if isinstance(text, Picture)]}
    hints = [f"@container (min-width: {width}px) {{ .w{width} {{ display: none; }} }}" for width in sorted(widths)]
    texts = {**texts, "results": rows, "hints": "\n".join(hints), "python": platform.python_version()}
    page = Template(files("nn").joinpath("demo.html").read_text(encoding="utf-8"))
    write_whole(path, page.substitute({name: _html(text) for name, text in texts.items()}).encode())


def _code(name: str, *functions: Callable[..., object]) -> Texts:
    """The code of functions for the page, by paragraph: ``code_names_1``, ``code_names_2``; of several in one."""
    paragraphs = [code.shown(function) for function in functions]
    parts = paragraphs[0] if len(functions) == 1 else ["\n\n".join(["\n\n".join(lines) for lines in paragraphs])]
    return {f"code_{name}_{i}": part for i, part in enumerate(parts, 1)}


def _mistake(pixels: list[float], answer: int, truth: int) -> str:
    """A digit that was taken for another, as an entry of a list."""
    from matplotlib.image import imsave

    buffer = BytesIO()
    imsave(buffer, [pixels[i : i + 8] for i in range(0, 64, 8)], cmap="Greys", vmin=0, vmax=16, format="png")
    image = b64encode(buffer.getvalue()).decode()
    alt = f"A written {truth} of 8 by 8 pixels"
    return (
        f'<li><img src="data:image/png;base64,{image}" width="8" height="8" alt="{alt}">'
        f"<p>answer <b>{answer}</b></p><p>truth <b>{truth}</b></p></li>"
    )


def _html(text: object) -> str:
    """A text, or the rows of a table, whose first column names them; what it holds is text, unless it is Markup."""
    if isinstance(text, Markup):
        return text
    if isinstance(text, Picture):
        return str(text)
    if not isinstance(text, list):
        return escape(str(text))
    rows = [
        (f'<th scope="row">{_html(name)}</th>', *[f"<td>{_html(cell)}</td>" for cell in cells]) for name, *cells in text
    ]
    return "\n".join([f"<tr>{''.join(row)}</tr>" for row in rows])
