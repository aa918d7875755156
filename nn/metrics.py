"""How good the outputs of a network are, in numbers that people read: accuracy, confusion matrix, R².

``outputs`` are those of many samples as ``nn.predict`` gives them: for each sample a list of floats.
"""

from __future__ import annotations

from math import isnan, nan
from typing import TYPE_CHECKING

from autodiff import LengthError
from autodiff.entrance import as_number

from . import losses

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

    Metric: TypeAlias = Callable[[Sequence[Sequence[float]], Sequence[Any]], float]

__all__ = ["accuracy", "confusion_matrix", "label_accuracy", "metric_for", "predicted_classes", "r2", "true_classes"]


def predicted_classes(outputs: Sequence[Sequence[float]], threshold: float = 0.0) -> list[int]:
    """The class that the network chose for each sample: of several outputs the largest, the first of those that tie.

    A single output chooses class 1 above the threshold, 0 for a logit or a score and ½ for a probability, else 0.
    Where an output is nan it chose none, which is -1 here.

    >>> predicted_classes([[0.1, 0.7, 0.2]]), predicted_classes([[0.3], [-0.3]])
    ([1], [1, 0])
    """
    threshold = as_number(threshold, "a threshold")
    return [_chosen(o, threshold) for o in outputs]


def true_classes(targets: Sequence[Any]) -> list[int]:
    """The class that each target means: itself, or the place of the largest of a list; of -1 and +1, 0 and 1.

    A list of one is what it holds.

    >>> true_classes([2, [0.0, 1.0], -1, [1]])
    [2, 1, 0, 1]
    """
    flat = [y[0] if isinstance(y, (list, tuple)) and len(y) == 1 else y for y in targets]
    return [y.index(max(y)) if isinstance(y, (list, tuple)) else max(int(y), 0) for y in flat]


def accuracy(outputs: Sequence[Sequence[float]], targets: Sequence[Any], threshold: float = 0.0) -> float:
    """The share of the samples whose class is right; with nan among its outputs none is.

    >>> accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1])
    0.5
    """
    chosen, true = predicted_classes(outputs, threshold), true_classes(targets)
    return _share([a == b for a, b in zip(chosen, true, strict=True)])


def label_accuracy(outputs: Sequence[Sequence[float]], targets: Sequence[Any], threshold: float = 0.0) -> float:
    """The share of the samples all of whose labels are right: each output is above the threshold if its target is 1.

    No label is right of which the output is nan.

    >>> label_accuracy([[2.0, -1.0], [2.0, 1.0]], [[1, 0], [1, 0]])
    0.5
    """
    threshold = as_number(threshold, "a threshold")
    return _share(
        [
            all(o == o and (o > threshold) == (y > 0.5) for o, y in zip(os, _list(ys), strict=True))
            for os, ys in zip(outputs, targets, strict=True)
        ]
    )


def r2(outputs: Sequence[Sequence[float]], targets: Sequence[Any]) -> float:
    """The share of the variance of the targets that is explained: 1 - Σ(o - y)² / Σ(y - mean)².

    1 is perfect; 0 is as good as always saying the mean.  The mean over several outputs; nan if targets do not vary.

    >>> r2([[1.0], [2.0], [3.0]], [1.0, 2.0, 4.0])
    0.7857142857142857
    """
    shares = []
    for os, ys in zip(zip(*outputs, strict=True), zip(*map(_list, targets), strict=True), strict=True):
        mean = sum(ys) / len(ys)
        rest = sum([_square(o - y) for o, y in zip(os, ys, strict=True)])
        whole = sum([_square(y - mean) for y in ys])
        shares.append(1 - rest / whole if whole else nan)
    return sum(shares) / len(shares)


def confusion_matrix(
    outputs: Sequence[Sequence[float]], targets: Sequence[Any], threshold: float = 0.0
) -> list[list[int]]:
    """How many samples of true class i (the row) the network took for class j (the column).

    A sample with nan among its outputs it took for none, and it is left out.

    >>> confusion_matrix([[0.9], [0.2], [-0.4]], [1, 0, 0])
    [[1, 1], [0, 1]]
    """
    chosen, true = predicted_classes(outputs, threshold), true_classes(targets)
    k = max(2, len(outputs[0]), *(c + 1 for c in true))
    matrix = [[0] * k for _ in range(k)]
    for i, j in zip(true, chosen, strict=True):
        if j >= 0:
            matrix[i][j] += 1
    return matrix


def threshold_of(loss: Callable[..., Any]) -> float:
    """Above what a single output means class 1, in a network trained with this loss."""
    return 0.5 if loss is losses.binary_cross_entropy else 0.0


def metric_for(loss: Callable[..., Any]) -> tuple[str, Metric] | None:
    """The metric that goes with one of ``LOSSES``, and what it is called; None for a function of your own."""
    if loss is losses.cross_entropy:
        return "accuracy", accuracy
    if loss in (losses.hinge, losses.binary_cross_entropy, losses.binary_cross_entropy_with_logits):
        return "accuracy", lambda outputs, targets: label_accuracy(outputs, targets, threshold_of(loss))
    if loss in (losses.squared_error, losses.mean_squared_error, losses.huber):
        return "R²", r2
    return None


def _chosen(outputs: Sequence[float], threshold: float) -> int:
    if any(map(isnan, outputs)):
        return -1
    return int(outputs[0] > threshold) if len(outputs) == 1 else outputs.index(max(outputs))


def _square(d: float) -> float:
    return d * d  # inf where d**2 raises OverflowError


def _list(target: Any) -> Sequence[float]:
    return target if isinstance(target, (list, tuple)) else [target]


def _share(right: Sequence[bool]) -> float:
    if not right:
        raise LengthError("an accuracy needs a sample at least")
    return sum(right) / len(right)
