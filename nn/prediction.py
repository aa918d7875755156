"""What comes out of a network: its outputs for samples, and how good they are."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

import autodiff as ad
from autodiff import Value
from autodiff.entrance import as_number

from .arguments import chosen, function, network
from .data import paired, rows
from .losses import LOSSES
from .metrics import metric_for
from .module import as_list
from .recording import can_compile, is_known, is_known_loss, leaving_no_trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeAlias

    from .metrics import Metric
    from .module import Module

    Loss: TypeAlias = str | Callable[..., Any]
    Pair: TypeAlias = tuple[list[float], Any]  # a sample and its target

__all__ = ["Evaluation", "evaluate", "predict"]

_WORTHWHILE = 1_000_000  # samples times parameters, below which a graph for each sample is soon done


class Evaluation(NamedTuple):
    """What ``evaluate`` gives: the mean loss, without penalties, and the accuracy (R² for a regression)."""

    loss: float
    accuracy: float | None


def predict(model: Module, X: Any) -> list[list[float]]:
    """The outputs for each sample, as a list of numbers; without Dropout, and without recording a graph.

    Where samples times parameters are a million or more, and ``fit`` would compile by itself, so does this: the outputs
    are the same to about 1e-12.

    >>> from nn import MLP
    >>> model = MLP(2, [1], bias=False)
    >>> model.load_state_dict({"layers.0.weight": [[2.0, 3.0]]})
    >>> predict(model, [[1.0, 0.0], [1.0, 1.0]])
    [[2.0], [5.0]]
    """
    return [*map(as_list, _outputs(network(model, "predict"), rows(X)))]


def evaluate(model: Module, X: Any, y: Any, loss: Loss = "cross_entropy", metric: Metric | None = None) -> Evaluation:
    """The mean loss of the samples X with the targets y, and the accuracy, R² or other metric.

    The arguments and the errors are those of ``fit``.

    >>> from nn import MLP
    >>> model = MLP(1, [2], seed=0)
    >>> model.load_state_dict({"layers.0.weight": [[1.0], [-1.0]], "layers.0.bias": [0.0, 0.0]})
    >>> evaluate(model, [[1000.0], [-1000.0]], [0, 1])
    Evaluation(loss=0.0, accuracy=1.0)
    """
    loss = loss_function(loss)
    return measure(network(model, "evaluate"), paired(X, y), loss, metric_function(metric, loss)[1])


def measure(model: Module, pairs: list[Pair], loss: Callable[..., Any], metric: Metric | None) -> Evaluation:
    """The mean loss and the metric of samples and targets that are checked."""
    outputs, targets = _outputs(model, [x for x, _ in pairs]), [y for _, y in pairs]
    given = outputs if is_known_loss(loss) else map(_as_values, outputs)  # a function may call their methods
    with ad.no_grad():
        mean = _number(ad.mean([loss(o, y) for o, y in zip(given, targets, strict=True)]))
    return Evaluation(mean, metric([*map(as_list, outputs)], targets) if metric else None)


def _outputs(model: Module, samples: list[list[float]]) -> list[Any]:
    """For each sample what the model gives, as numbers."""
    with in_mode(model, training=False):
        worthwhile = len(samples) * len(model.parameters()) >= _WORTHWHILE
        if worthwhile and can_compile() and is_known(model) and len({len(x) for x in samples}) == 1:
            with suppress(ImportError):  # numba is installed, and does not go with this Python or NumPy
                return compiled_outputs(model, samples)
        with ad.no_grad():
            return [numbers(model(x)) for x in samples]


def compiled_outputs(model: Module, samples: list[list[float]]) -> list[Any]:
    """The same for a known model and samples of one length, from a graph that is recorded for the first of them.

    >>> from nn import MLP
    >>> model = MLP(2, [1], bias=False)
    >>> model.load_state_dict({"layers.0.weight": [[2.0, 3.0]]})
    >>> compiled_outputs(model, [[1.0, 0.0], [1.0, 1.0]])
    [2.0, 5.0]
    """
    xs = [Value(x) for x in samples[0]]
    with leaving_no_trace(model):
        outputs = model(xs)
    columns = zip(*samples, strict=True)
    found: list[Any] = ad.compile(outputs, xs, model.parameters())(*columns).T.tolist()
    return found


def numbers(outputs: Any) -> Any:
    """The outputs of a network without their graph."""
    bare = isinstance(outputs, Value) or not hasattr(outputs, "__iter__")
    return _number(outputs) if bare else [_number(o) for o in outputs]


def _as_values(outputs: Any) -> Any:
    return [*map(Value, outputs)] if isinstance(outputs, list) else Value(outputs)


def _number(output: Any) -> float:
    return output.data if isinstance(output, Value) else as_number(output, "a network", "gives")


def _measured(found: Any) -> float:
    return found.data if isinstance(found, Value) else as_number(found, "the metric", "gives")


@contextmanager
def in_mode(model: Module, training: bool) -> Iterator[None]:
    """Within it, the whole model is in training or in evaluation; after it, each part is as before."""
    before = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, flag in before:
            module.training = flag


def loss_function(loss: Loss) -> Callable[..., Any]:
    """The loss of that name, or ``loss`` itself if it is a function."""
    found: Callable[..., Any] = chosen("loss", loss, LOSSES, "any function of (outputs, target)", takes=2)
    return found


def metric_function(metric: Metric | None, loss: Callable[..., Any]) -> tuple[str | None, Metric | None]:
    """What the metric is called, and its function: the one that was given, or that which goes with the loss."""
    if metric is not None:
        given: Metric = function(metric, "metric", "(outputs of all samples, their targets)", 2)
        return getattr(given, "__name__", "metric"), lambda outputs, targets: _measured(given(outputs, targets))
    return metric_for(loss) or (None, None)
