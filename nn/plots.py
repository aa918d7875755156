"""Pictures of a training and of what came of it, drawn with Matplotlib.

Each function gives a figure, which a notebook shows and ``figure.savefig("name.png")`` or ``.svg`` writes.  They need
no display, and leave pyplot and its settings alone.

>>> from nn import MLP, data, fit
>>> moons = data.load("moons")
>>> model = MLP(2, [8, 1], "tanh", seed=0)
>>> history = fit(model, moons.X, moons.y, "binary_cross_entropy_with_logits", epochs=2, progress=False)
>>> pictures = curves(history), decision_boundary(model, moons.X, moons.y)
"""

from __future__ import annotations

from functools import cache
from math import ceil
from typing import TYPE_CHECKING

from autodiff.forks import no_fork

from .errors import ArgumentError, MissingExtra
from .metrics import predicted_classes, true_classes
from .prediction import predict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.figure import Figure

    from .history import History
    from .module import Module

__all__ = ["confusion", "curves", "decision_boundary", "first_layer", "regression"]

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#767676"
# A colour and a shape for each class, told apart without seeing colours (Okabe and Ito).
COLOURS = (BLUE, ORANGE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#767676", "#B8A800", "#5D3A9B", "#000000")
SHAPES = "osD^vP*Xph"


def curves(history: History) -> Figure:
    """The loss of each epoch, and the accuracy where it was measured; dashed those of the validation samples.

    A dotted line marks the best epoch, where that was not the last.
    """
    measured = history.measured()
    losses = [(name, column) for name, column in measured if name.endswith("loss")]
    others = [(name, column) for name, column in measured if not name.endswith("loss")]
    panels = [panel for panel in (losses, others) if panel]
    figure = _figure(4.5 * len(panels), 3.2)
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for name, column in panel:
            validation = name.startswith("validation")
            axes.plot(
                history.epoch, column, color=ORANGE if validation else BLUE, linestyle="--" if validation else "-",
                marker="." if len(column) == 1 else "", label=name,
            )  # fmt: skip
        if 0 < history.best_epoch < len(history):
            axes.axvline(history.best_epoch, color=GREY, linestyle=":", label=f"best epoch, {history.best_epoch}")
        axes.set_xlabel("epoch")
        axes.set_ylabel(panel[0][0])
        axes.grid(alpha=0.3)
        axes.legend()
    if losses and min(min(column) for _, column in losses) > 0:
        figure.axes[0].set_yscale("log")
    return figure


def decision_boundary(
    model: Module, X: Sequence[Sequence[float]], y: Sequence[Any], classes: Sequence[str] = (), threshold: float = 0.0
) -> Figure:
    """What a network with two inputs takes each point of the plane for, and the samples it was to learn.

    A sample that it gets wrong has a black rim.

    Args:
        model: it has two inputs, and one output or one for each class.
        X: the samples, two numbers each.
        y: their targets.
        classes: the names of the classes.
        threshold: above what a single output means class 1; ½ for a probability.

    Raises:
        ArgumentError: a sample has not two features.
    """
    if any(len(point) != 2 for point in X):
        raise ArgumentError("decision_boundary takes samples of two features, which can be drawn in a plane")
    figure = _figure(5, 4.2)
    axes = figure.subplots()
    steps = 60
    xs, ys = (_grid(axis, steps) for axis in zip(*X, strict=True))
    plane = predict(model, [[a, b] for b in ys for a in xs])
    true, mine = true_classes(y), predicted_classes(predict(model, X), threshold)
    k = max(2, len(plane[0]))
    for c in range(k):
        leads = [_lead(outputs, c, threshold) for outputs in plane]
        if max(leads) > 0:
            axes.contourf(xs, ys, _folded(leads, steps), levels=[0, max(leads)], colors=[_colour(c)], alpha=0.25)
    names = list(classes) or [f"class {c}" for c in range(k)]
    for c in range(k):
        of_class = [i for i, t in enumerate(true) if t == c]
        axes.scatter(
            [X[i][0] for i in of_class],
            [X[i][1] for i in of_class],
            c=_colour(c),
            marker=SHAPES[c % len(SHAPES)],
            s=24,
            linewidths=1.2,
            edgecolors=["white" if mine[i] == c else "black" for i in of_class],
            label=names[c],
        )
    wrong = sum(a != b for a, b in zip(true, mine, strict=True))
    axes.set_title(f"{len(true) - wrong} of {len(true)} right")
    axes.legend()
    return figure


def regression(model: Module, X: Sequence[Sequence[float]], y: Sequence[float]) -> Figure:
    """The curve that a network with one input and one output has learned, through the samples.

    Raises:
        ArgumentError: a sample has more than one feature.
    """
    if any(len(point) != 1 for point in X):
        raise ArgumentError("regression takes samples of one feature")
    figure = _figure(5, 3.6)
    axes = figure.subplots()
    xs = _grid([x for (x,) in X], 200)
    axes.scatter([x for (x,) in X], y, s=14, color=GREY, label="samples")
    axes.plot(xs, [o for (o,) in predict(model, [[x] for x in xs])], color=BLUE, label="network")
    axes.set_xlabel("input")
    axes.set_ylabel("output")
    axes.legend()
    return figure


def confusion(matrix: Sequence[Sequence[int]], classes: Sequence[str] = ()) -> Figure:
    """How often the network took each true class (row) for each class (column); see ``metrics.confusion_matrix``."""
    k = len(matrix)
    names = list(classes) or [str(c) for c in range(k)]
    size = 2.2 + 0.45 * k
    figure = _figure(size + 0.4, size)
    axes = figure.subplots()
    shares = [[n / max(1, sum(row)) for n in row] for row in matrix]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, row in enumerate(matrix):
        for j, n in enumerate(row):
            if n:
                colour = "white" if shares[i][j] > 0.5 else "black"
                axes.text(j, i, str(n), ha="center", va="center", color=colour, fontsize=9)
    axes.set_xticks(range(k), names, rotation=45 if max(map(len, names)) > 2 else 0, ha="right")
    axes.set_yticks(range(k), names)
    axes.set_xlabel("taken for")
    axes.set_ylabel("true class")
    right = sum(matrix[i][i] for i in range(k))
    axes.set_title(f"{right} of {sum(map(sum, matrix))} right")
    return figure


def first_layer(model: Module, shape: tuple[int, int] = (8, 8)) -> Figure:
    """The weights of each neuron of the first layer as a picture, in the place of the pixels that they multiply.

    Blue is positive and orange negative, the stronger the larger; white is 0.

    Args:
        model: its first weight matrix has a column for each pixel.
        shape: rows and columns of the pictures it was trained on.

    Raises:
        ArgumentError: the neurons do not have that many inputs.
    """
    weights = next(matrix for name, matrix in model.state_dict().items() if name.endswith("weight"))
    height, width = shape
    if len(weights[0]) != height * width:
        raise ArgumentError(
            f"first_layer: neurons with {len(weights[0])} inputs do not look at {height}×{width} pixels"
        )
    columns = min(8, len(weights))
    figure = _figure(1.0 * columns + 0.9, 1.1 * ceil(len(weights) / columns) + 0.2)
    grid = figure.subplots(ceil(len(weights) / columns), columns, squeeze=False)
    limit = max(abs(w) for row in weights for w in row) or 1.0
    for j, axes in enumerate(grid.flat):
        axes.set_axis_off()
        if j < len(weights):
            image = axes.imshow(_folded(weights[j], width), cmap=_diverging(), vmin=-limit, vmax=limit)
            axes.set_title(f"{j + 1}", fontsize=7, pad=2)
    figure.colorbar(image, ax=grid, shrink=0.8, label="weight")
    return figure


def _folded(row: Sequence[float], width: int) -> list[Sequence[float]]:
    return [row[i : i + width] for i in range(0, len(row), width)]


def _grid(numbers: Sequence[float], steps: int) -> list[float]:
    """Equal steps over the range of the numbers, and a tenth beyond on either side."""
    low, high = min(numbers), max(numbers)
    margin = 0.1 * (high - low) or 1.0
    return [low - margin + (high - low + 2 * margin) * i / (steps - 1) for i in range(steps)]


def _lead(outputs: list[float], c: int, threshold: float) -> float:
    """By how much class c is ahead of all others; below 0 if it is not."""
    if len(outputs) == 1:
        return outputs[0] - threshold if c else threshold - outputs[0]
    return outputs[c] - max(outputs[:c] + outputs[c + 1 :])


def _colour(c: int) -> str:
    return COLOURS[c % len(COLOURS)]


def _figure(width: float, height: float) -> Figure:
    return _figure_class()(figsize=(width, height), layout="constrained", facecolor="white")


@cache
def _figure_class() -> type[Figure]:
    try:
        with no_fork:
            from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("a plot", "matplotlib") from None

    class Picture(Figure):
        """A figure that pyplot does not know of; notebooks ask it for its picture."""

        def _repr_png_(self) -> bytes:
            from io import BytesIO

            with BytesIO() as file:
                self.savefig(file, format="png", dpi=110)
                return file.getvalue()

    return Picture


@cache
def _diverging() -> Any:
    with no_fork:
        from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("orange-white-blue", [ORANGE, "white", BLUE])
