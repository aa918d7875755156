"""The code that the demonstration shows beside its pictures: each function is run, and ``shown`` is its body.

Blank lines part a body into what goes with one picture and what goes with the next.
"""

from __future__ import annotations

from inspect import getsource
from random import Random
from textwrap import dedent
from typing import TYPE_CHECKING

from autodiff import Value, dot, draw, explain, explore, mean, sin, steps

from . import text
from .data import Standardizer
from .gpt import GPT, generate
from .gpt_plots import attention, learning
from .gpt_training import fit_text
from .layers import MLP
from .losses import hinge
from .metrics import confusion_matrix
from .optim import SGD
from .plots import confusion, curves, decision_boundary, first_layer
from .prediction import predict
from .schedules import cosine, linear
from .task import Task
from .train import fit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.figure import Figure

    from autodiff.drawing import Drawing
    from autodiff.explorer import Explorer
    from autodiff.paths import Explanation
    from autodiff.trace import Steps

    from .data import Dataset
    from .gpt_training import TextHistory
    from .history import History
    from .text import Tokenizer

__all__ = ["shown"]


def shown(function: Callable[..., object]) -> list[str]:
    """The body of a function without its ``return``, paragraph by paragraph.

    >>> shown(two_paths)[1]
    'explanation = explain(f, y)'
    """
    _, _, body = getsource(function).split('"""')
    lines, _, _ = dedent(body).rpartition("return ")
    return lines.strip().split("\n\n")


def two_paths() -> tuple[Drawing, Explanation, Steps, Explorer]:
    """f = x²z with x = 2y and z = sin y: the graph, its gradient explained and step by step, a page to explore it."""
    y = Value(3.0)
    x = 2 * y
    z = sin(y)
    f = x**2 * z
    f.backward()
    picture = draw(f)

    explanation = explain(f, y)

    sweep = steps(f)

    page = explore(f)
    return picture, explanation, sweep, page


def neuron() -> Drawing:
    """One neuron."""
    x = [Value(0.5, "x_1^(0)"), Value(-0.25, "x_2^(0)")]
    output = MLP(2, [1], "tanh", "tanh", seed=1)(x)
    output.backward()
    picture = draw(output)
    return picture


def network() -> tuple[Drawing, Explorer]:
    """A network with a hidden layer, and a page on which it can be trained."""
    x = [Value(0.5, "x_1^(0)"), Value(-0.25, "x_2^(0)")]
    model = MLP(2, [3, 1], "tanh", "tanh", seed=1)
    output = model(x)
    output.backward()
    picture = draw(output)

    page = explore(model, [0.5, -0.25], 1.0)
    return picture, page


def moons_step(
    model: MLP, optimizer: SGD, X: Sequence[Sequence[float]], targets: Sequence[float], k: int
) -> tuple[list[Value], Value]:
    """A step of gradient descent on all points: their scores, and the loss."""
    scores = [model(x) for x in X]
    loss = mean([hinge(s, t) for s, t in zip(scores, targets, strict=True)])
    loss = loss + 1e-4 * dot(model.parameters(), model.parameters())
    optimizer.zero_grad()
    loss.backward()
    optimizer.lr = 1 - 0.9 * k / 100
    optimizer.step()
    return scores, loss


def moons_graph(loss: Value) -> Drawing:
    """The graph of that loss, a box for each layer."""
    picture = draw(loss, max_nodes=12)
    return picture


def moons_plots(
    model: MLP, X: Sequence[Sequence[float]], targets: Sequence[float], classes: Sequence[str], history: History
) -> list[Figure]:
    """What the network takes each point of the plane for, and how the loss fell."""
    pictures = [decision_boundary(model, X, targets, classes), curves(history)]
    return pictures


def breast_cancer(training: Dataset, test: Dataset, epochs: int) -> tuple[MLP, Task, History]:
    """Logistic regression, by gradient descent with momentum on all samples at once."""
    task = Task(training)
    (X, y), validation = task.scaled(training), task.scaled(test)
    model = MLP(30, [1], seed=0, init="xavier")
    optimizer = SGD(model.parameters(), lr=0.3, momentum=0.9)
    history = fit(model, X, y, task.loss, optimizer, epochs=epochs, l2=1.0, validation=validation)
    return model, task, history


def digits(training: Dataset, test: Dataset, epochs: int) -> tuple[MLP, Task, History]:
    """A network with a hidden layer, by gradient descent on batches with a falling rate."""
    # brightness from 0 to 1
    task = Task(training, inputs=Standardizer(mean=[0.0] * 64, deviation=[16.0] * 64))
    (X, y), validation = task.scaled(training), task.scaled(test)
    model = MLP(64, [32, 10], "relu", seed=0, init="he")
    optimizer = SGD(model.parameters(), lr=0.5)
    schedule = cosine(epochs, end=0.05)
    history = fit(
        model, X, y, task.loss, optimizer, epochs=epochs, batch_size=32, schedule=schedule, validation=validation
    )
    return model, task, history


def measured(model: MLP, task: Task, test: Dataset, history: History) -> list[Figure]:
    """What the network takes the test samples for, and how the loss fell."""
    task.unscale(model)
    matrix = confusion_matrix(predict(model, test.X), test.y, task.threshold)
    pictures = [confusion(matrix, test.classes), curves(history)]
    return pictures


def looked_for(model: MLP) -> Figure:
    """The weights of the hidden neurons, as pictures."""
    picture = first_layer(model)
    return picture


def wrong(model: MLP, test: Dataset) -> list[tuple[list[float], int, int]]:
    """The test samples that the network gets wrong: pixels, its answer, and the truth."""
    answers = [max(range(10), key=outputs.__getitem__) for outputs in predict(model, test.X)]
    samples = zip(test.X, answers, test.y, strict=True)
    mistakes = [(x, answer, truth) for x, answer, truth in samples if answer != truth]
    return mistakes


def names(most: int) -> tuple[GPT, Tokenizer, list[str], TextHistory, list[str]]:
    """A GPT that reads a name a step, and names that it makes up."""
    documents, rng = text.load("names"), Random(42)
    tokenizer = text.Tokenizer.of(documents)
    rng.shuffle(documents)
    model = GPT(tokenizer.vocabulary, rng=rng)
    history = fit_text(model, tokenizer, documents, steps=most, schedule=linear(1000), samples=0)

    made = [generate(model, tokenizer, temperature=0.5, rng=rng) for _ in range(20)]
    return model, tokenizer, documents, history, made


def names_graph(model: GPT, tokenizer: Tokenizer) -> Drawing:
    """The graph of the loss of one name, by position."""
    loss = model.loss(tokenizer.encode("emma"))
    loss.backward()
    picture = draw(loss, max_nodes=30)
    return picture


def names_plots(
    model: GPT, tokenizer: Tokenizer, history: TextHistory, losses: dict[str, float], name: str
) -> list[Figure]:
    """How its loss fell, and how much each letter takes of those before it."""
    pictures = [learning(history, losses), attention(model, tokenizer, name)]
    return pictures
