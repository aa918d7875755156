"""Pictures: what is on them, that they need no display, and that they leave Matplotlib's state alone."""

import subprocess
import sys
from pathlib import Path

import pytest

import nn
from nn import data, metrics, plots
from nn.errors import ArgumentError, MissingExtra

MOONS = data.load("moons", n=40)
MODEL = nn.MLP(2, [4, 1], "tanh", seed=0)
HISTORY = nn.fit(
    MODEL,
    MOONS.X,
    MOONS.y,
    "binary_cross_entropy_with_logits",
    epochs=4,
    validation=(MOONS.X, [1 - c for c in MOONS.y]),
    progress=False,
)


def lines(axes):
    return {line.get_label(): list(line.get_ydata()) for line in axes.lines}


def test_curves():
    figure = plots.curves(HISTORY)
    losses, accuracies = figure.axes
    assert lines(losses)["loss"] == HISTORY.loss
    assert lines(losses)["validation loss"] == HISTORY.validation_loss
    assert lines(accuracies)["accuracy"] == HISTORY.accuracy
    assert f"best epoch, {HISTORY.best_epoch}" in lines(accuracies)
    assert (losses.get_xlabel(), losses.get_ylabel(), accuracies.get_ylabel()) == ("epoch", "loss", "accuracy")


def test_curves_of_a_loss_without_a_metric():
    history = nn.fit(
        nn.MLP(2, [1], seed=0), MOONS.X, MOONS.y, lambda output, y: output**2 - 1, epochs=1, progress=False
    )
    (axes,) = plots.curves(history).axes
    assert lines(axes) == {"loss": history.loss}
    assert axes.get_yscale() == "linear"  # a logarithm has no place for what is not above 0


@pytest.mark.parametrize(("outputs", "classes"), [(1, 2), (2, 2), (3, 3)])
def test_decision_boundary(outputs, classes):
    points = data.load("blobs", n=30, classes=classes)
    model = nn.MLP(2, [outputs], seed=1)
    (axes,) = plots.decision_boundary(model, points.X, points.y, points.classes).axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == points.classes
    right = metrics.accuracy(nn.predict(model, points.X), points.y) * 30
    assert axes.get_title() == f"{right:.0f} of 30 right"
    drawn = [
        tuple(xy)
        for of_class in axes.collections
        if of_class.get_label() in points.classes
        for xy in of_class.get_offsets()
    ]
    assert sorted(drawn) == sorted(map(tuple, points.X))


def test_a_boundary_where_one_class_is_never_chosen():
    model = nn.MLP(2, [1], bias=True, seed=0)
    model.load_state_dict({"layers.0.weight": [[0.0, 0.0]], "layers.0.bias": [1.0]})
    assert "20 of 40" in plots.decision_boundary(model, MOONS.X, MOONS.y).axes[0].get_title()


def test_regression():
    sine = data.load("sine", n=20)
    (axes,) = plots.regression(nn.MLP(1, [3, 1], "tanh", seed=0), sine.X, sine.y).axes
    assert [list(xy) for xy in axes.collections[0].get_offsets()] == [
        [x, y] for (x,), y in zip(sine.X, sine.y, strict=True)
    ]
    assert len(lines(axes)["network"]) == 200


def test_confusion():
    (axes,) = plots.confusion([[3, 1, 0], [0, 2, 0], [0, 0, 4]], ["a", "b", "c"]).axes
    texts = {text.get_position(): text.get_text() for text in axes.texts}
    assert texts == {(0, 0): "3", (1, 0): "1", (1, 1): "2", (2, 2): "4"}
    assert axes.get_title() == "9 of 10 right"
    assert [text.get_text() for text in axes.get_yticklabels()] == ["a", "b", "c"]


def test_first_layer():
    model = nn.MLP(6, [3, 2], seed=0)
    *pictures, bar = plots.first_layer(model, shape=(2, 3)).axes
    shown = [axes.images[0].get_array().tolist() for axes in pictures]
    assert shown == [[w[:3], w[3:]] for w in model.state_dict()["layers.0.weight"]]
    assert bar.get_ylabel() == "weight"


def test_what_cannot_be_drawn():
    with pytest.raises(ArgumentError, match="two features"):
        plots.decision_boundary(nn.MLP(3, [1]), [[1.0, 2.0, 3.0]], [0])
    with pytest.raises(ArgumentError, match="one feature"):
        plots.regression(nn.MLP(2, [1]), [[1.0, 2.0]], [0])
    with pytest.raises(ArgumentError, match="do not look at 8×8 pixels"):
        plots.first_layer(nn.MLP(2, [1]))


def test_a_notebook_gets_the_picture_and_a_file_too(tmp_path):
    figure = plots.curves(HISTORY)
    assert figure._repr_png_().startswith(b"\x89PNG")
    for ending in ("png", "svg", "pdf"):
        figure.savefig(tmp_path / f"curves.{ending}")
        assert (tmp_path / f"curves.{ending}").stat().st_size > 1000


def test_state_of_matplotlib_stays_as_it_is(tmp_path):
    """In a process of its own, with a backend that would fail without a display."""
    program = (
        "import sys, nn, matplotlib; before = dict(matplotlib.rcParams)\n"
        "moons = nn.data.load('moons', n=20)\n"
        "figure = nn.plots.decision_boundary(nn.MLP(2, [1], seed=0), moons.X, moons.y)\n"
        f"figure.savefig({str(tmp_path / 'x.png')!r})\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "assert dict(matplotlib.rcParams) == before\n"
    )
    environment = {"MPLBACKEND": "TkAgg", "PATH": "", "HOME": str(tmp_path)}
    root = Path(__file__).parent.parent
    subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=root, env=environment, check=True)


def test_without_matplotlib(monkeypatch):
    plots._figure_class.cache_clear()
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtra, match=r"a plot needs matplotlib: pip install 'scalar-autodiff\[train\]'"):
        plots.confusion([[1]])


def test_import_does_not_load_matplotlib():
    program = "import sys, nn; assert not {'matplotlib', 'numpy', 'sklearn', 'tqdm'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parent.parent, check=True)
