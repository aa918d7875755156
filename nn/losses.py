"""How wrong the outputs of a network are for one sample: every loss is a function (outputs, target) with one number.

    outputs   what the model returned: a list of Values, or a single Value
    target    what it should have returned: a number, or a list of one number for each output

A loss of several outputs is the sum over them, as in the derivation of backpropagation; only ``mean_squared_error``
divides by their number.  The loss of a batch is the mean over its samples, plus ``l2`` or ``l1`` of the weights.

Some losses take **logits**, the weighted sums S of the last layer without an activation, rather than probabilities.
They keep their digits in both tails, because no two nearly equal numbers are subtracted: at logits of ±1000 the value
is finite and every derivative lies in [-1, 1], but for its last digit; and where the true class has the probability
1 - 1e-30, the loss is 1e-30 and the gradient of that size, not 0.

Every loss raises ``LengthError`` if there is not one target for each output, and ``OperandError`` if either is no
number.  Floats for outputs give a float, so the same function trains a network and scores one.  Targets may be Values
too: for a graph that is recorded once and replayed on other data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import autodiff as ad
from autodiff import LengthError, Value
from autodiff.entrance import as_number, is_number

from .arguments import number
from .errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeAlias, TypeVar

    Kind = TypeVar("Kind", Value, float)  # outputs that are Values give a Value, floats a float
    Target: TypeAlias = Value | float | Sequence[Value | float]

__all__ = [
    "LOSSES",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "hinge",
    "huber",
    "l1",
    "l2",
    "mean_squared_error",
    "squared_error",
]


# ---------------------------------------------------------------------------------------------------------------------
# Regression.
# ---------------------------------------------------------------------------------------------------------------------


def squared_error(outputs: Kind | Sequence[Kind], target: Target) -> Kind:
    """Half the squared error, ½ Σ (o_j - y_j)²; its derivative in an output is the error o_j - y_j itself.

    >>> o = Value(3.0)
    >>> e = squared_error(o, 1.0)
    >>> e.backward()
    >>> e.data, o.grad
    (2.0, 2.0)
    """
    errors = _errors("squared_error", outputs, target)
    return 0.5 * ad.dot(errors, errors)


def mean_squared_error(outputs: Kind | Sequence[Kind], target: Target) -> Kind:
    """The mean of the squared errors, Σ (o_j - y_j)² / k for k outputs; PyTorch's ``mse_loss`` of one sample.

    >>> mean_squared_error([3.0, 1.0], [1.0, 1.0])
    2.0
    """
    errors = _errors("mean_squared_error", outputs, target)
    return ad.dot(errors, errors) / len(errors)


def huber(outputs: Kind | Sequence[Kind], target: Target, delta: float = 1.0) -> Kind:
    """Σ of ½d² for an error |d| ≤ delta and of delta·(|d| - ½delta) beyond: an outlier pulls with delta at most.

    Source: Huber, "Robust estimation of a location parameter", 1964; PyTorch's ``huber_loss``.

    Raises:
        ArgumentError: delta is not above 0.

    >>> huber(1.5, 1.0), huber(11.0, 1.0)
    (0.125, 9.5)
    """
    delta = _strength(delta, "huber: delta", "the error where the square ends, above 0")
    terms = []
    for d in _errors("huber", outputs, target):
        near = ad.clamp(d, -delta, delta)  # d within, ±delta beyond
        terms.append(near * (d - 0.5 * near))
    return _total(terms)


# ---------------------------------------------------------------------------------------------------------------------
# Two classes; or several labels, each of which holds or not.
# ---------------------------------------------------------------------------------------------------------------------


def binary_cross_entropy(outputs: Kind | Sequence[Kind], target: Target) -> Kind:
    """-Σ [y_j log o_j + (1 - y_j) log(1 - o_j)] of probabilities o_j, such as sigmoids, and targets y_j from 0 to 1.

    With a single output this is the loss of two classes, with k outputs that of k labels.

    0·log 0 counts as 0: a term whose weight is 0 is left out, for IEEE's 0·(-∞) is nan, in the gradient as well.  So
    o = 1 costs nothing where y = 1, and o = 0 costs inf with derivative -inf, as the formula says (PyTorch cuts it off
    at 100).  A sigmoid that has rounded to 0 or 1 ends up there; ``binary_cross_entropy_with_logits`` never does.

    Raises:
        ArgumentError: an output or a target is not from 0 to 1.

    >>> binary_cross_entropy([0.5, 0.0], [1, 0])  # log 2 + 0
    0.6931471805599453
    """
    return _of_two(
        "binary_cross_entropy",
        outputs,
        target,
        if_one=lambda o: -ad.log(o),
        if_zero=lambda o: -ad.log1p(-o),  # log(1 - o) for small o as well
    )


def binary_cross_entropy_with_logits(outputs: Kind | Sequence[Kind], target: Target) -> Kind:
    """``binary_cross_entropy`` of the probabilities o_j = sigmoid(s_j), from the logits s_j.

    That is Σ [y_j log(1 + exp(-s_j)) + (1 - y_j) log(1 + exp(s_j))]; the derivative in a logit is o_j - y_j.

    Raises:
        ArgumentError: a target is not from 0 to 1.

    >>> s = Value(1000.0)
    >>> e = binary_cross_entropy_with_logits(s, 0)
    >>> e.backward()
    >>> e.data, s.grad
    (1000.0, 1.0)
    """
    return _of_two(
        "binary_cross_entropy_with_logits",
        outputs,
        target,
        if_one=lambda s: ad.softplus(-s),
        if_zero=ad.softplus,
    )


def hinge(outputs: Kind | Sequence[Kind], target: Target) -> Kind:
    """Σ max(0, 1 - y_j·s_j) of scores s_j and targets y_j = ±1: the loss of a support vector machine.

    It is 0 from a margin y_j·s_j of 1 on, where its derivative is taken as 0 too.

    Raises:
        ArgumentError: a target is neither -1 nor +1.

    >>> hinge(0.25, 1), hinge(2.0, 1), hinge(2.0, -1)
    (0.75, 0.0, 3.0)
    """
    terms: list[Kind] = []
    for s, y in pairs("hinge", outputs, target):
        terms.append(ad.relu(1 - y * s))
    return _total(terms)


# ---------------------------------------------------------------------------------------------------------------------
# One class of many.
# ---------------------------------------------------------------------------------------------------------------------


def cross_entropy(outputs: Sequence[Kind], target: Target) -> Kind:
    """-log of the probability that the softmax of the logits s_j gives to the true class c: log Σ_j exp(s_j - s_c).

    Its derivative in a logit is softmax(s)_j, less 1 for the true class.

    Args:
        outputs: two logits or more, one for each class.
        target: the number of the true class, from 0 on; it may be a Value, as an input of a compiled program is one.
            Or a list with one number from 0 on for each class, whose sum is 1, one-hot or any other distribution y;
            then the loss is Σ_c y_c · log Σ_j exp(s_j - s_c).

    Raises:
        ArgumentError: no class has that number, or the targets are below 0 or do not add up to 1.
        OperandError: no class has the number of a Value.
        LengthError: there are fewer than two logits, or not one target for each.

    >>> s = [Value(1000.0), Value(0.0)]
    >>> e = cross_entropy(s, 1)
    >>> e.backward()
    >>> e.data, [logit.grad for logit in s]
    (1000.0, [1.0, -1.0])
    """
    logits: list[Kind] = _listed("cross_entropy: an output", outputs)
    if isinstance(target, Value):
        _check_classes(len(logits))
        right = ad.select(target, logits)
        return ad.logsumexp([s - right for s in logits])  # type: ignore[return-value]
    if _is_scalar(target):
        return _surprise(logits, true_class(target, len(logits)))
    shares = [y for _, y in pairs("cross_entropy", logits, target)]
    terms: list[Kind] = [y * _surprise(logits, c) for c, y in enumerate(shares) if isinstance(y, Value) or y != 0]
    return _total(terms)


def _surprise(logits: list[Kind], c: int) -> Kind:
    """-log softmax(logits)_c.  In log Σ exp(s_j) - s_c the difference would come too late: both sides are rounded."""
    right = logits[c]
    return ad.logsumexp([0.0 if j == c else s - right for j, s in enumerate(logits)])  # type: ignore[return-value]


# ---------------------------------------------------------------------------------------------------------------------
# Penalties on the weights: once for each batch.
# ---------------------------------------------------------------------------------------------------------------------


def l2(weights: Iterable[Kind], lam: float, m: int = 1) -> Kind:
    """λ/(2m) Σ w², over the weights of all layers (``model.weights()``, which leaves the biases out).

    Its derivative in a weight is λ/m · w.

    Args:
        weights: the numbers that shall stay small.
        lam: the strength λ of the penalty.
        m: the number of samples in the batch.

    Raises:
        ArgumentError: λ is below 0 or nan, or m is not above 0.

    >>> w = Value(3.0)
    >>> penalty = l2([w, 1.0], lam=0.5, m=2)
    >>> penalty.backward()
    >>> penalty.data, w.grad
    (1.25, 0.75)
    """
    ws = list(weights)
    return ad.dot(ws, ws) * (_per_sample("l2", lam, m) / 2)


def l1(weights: Iterable[Kind], lam: float, m: int = 1) -> Kind:
    """λ/m Σ |w|, which drives weights to 0 altogether; its derivative in a weight is ±λ/m, at 0 it is taken as 0.

    Args:
        weights: the numbers that shall be few.
        lam: the strength λ of the penalty.
        m: the number of samples in the batch.

    Raises:
        ArgumentError: λ is below 0 or nan, or m is not above 0.

    >>> l1([3.0, -1.0], lam=0.5, m=2)
    1.0
    """
    return ad.sum([ad.abs(w) for w in weights]) * _per_sample("l1", lam, m)


def _per_sample(name: str, lam: float, m: int) -> float:
    lam = _strength(lam, f"{name}: the strength lam of the penalty")
    return lam / number(m, f"{name}: m", "the number of samples in the batch, above 0")


# ---------------------------------------------------------------------------------------------------------------------
# Outputs and targets.
# ---------------------------------------------------------------------------------------------------------------------


def _is_scalar(x: object) -> bool:
    return isinstance(x, Value) or is_number(x)


def _listed(what: str, xs: Any) -> list[Any]:
    """The Values and floats of a list of them, or of one alone."""
    if _is_scalar(xs) or isinstance(xs, str) or not hasattr(xs, "__iter__"):
        xs = [xs]
    return [x if isinstance(x, Value) else as_number(x, what) for x in xs]


def _plain(x: Value | float) -> float:
    return x._data if isinstance(x, Value) else x  # to check it, which freezes nothing


def _strength(x: Any, what: str, wanted: str = "a number from 0 on") -> Any:
    """A number from 0 on, or the Value that has it."""
    checked = number(_plain(x), what, wanted)
    return x if isinstance(x, Value) else checked


def pairs(name: str, outputs: Kind | Sequence[Kind], target: Any) -> list[tuple[Kind, Any]]:
    """Each output with its target, both such as the loss of that name takes."""
    os = _listed(f"{name}: an output", outputs)
    ys = _listed(f"{name}: a target", target)
    if len(os) != len(ys) or not os:
        raise LengthError(f"{name} needs one target for each output, not {len(ys)} for {len(os)}")
    if name == "binary_cross_entropy":
        _check_probabilities([_plain(o) for o in os])
    if name == "cross_entropy":
        _check_shares([_plain(y) for y in ys])
    for y in ys:
        if isinstance(y, Value):
            continue
        if name == "hinge" and y not in (-1.0, 1.0):
            raise ArgumentError(f"hinge: a target is -1 or +1, not {y!r}; for labels 0 and 1 give 2*y - 1")
        if name.startswith("binary_cross_entropy") and not 0 <= y <= 1:
            raise ArgumentError(f"{name}: a target is from 0 to 1, not {y!r}; for labels -1 and +1 give (y + 1) / 2")
    return list(zip(os, ys, strict=True))


def _check_probabilities(os: list[float]) -> None:
    """A nan passes: it makes the loss nan, and a training then tells where it began."""
    for o in os:
        if o < 0 or o > 1:
            raise ArgumentError(
                f"binary_cross_entropy takes probabilities, as a sigmoid gives them, not {o!r}; for an output without "
                "activation there is binary_cross_entropy_with_logits"
            )


def _check_classes(classes: int) -> None:
    if classes < 2:
        raise LengthError(
            f"cross_entropy needs a logit for each of two classes or more, not {classes}; "
            "for a single output there is binary_cross_entropy_with_logits"
        )


def _check_shares(ys: list[float]) -> None:
    _check_classes(len(ys))
    whole = sum(ys)
    if not (abs(whole - 1) < 1e-6 and min(ys) >= 0):
        raise ArgumentError(
            f"cross_entropy: the targets {ys} are the shares of the classes, each 0 or more, which add up to 1, "
            f"not {whole!r}; for a single class give its number"
        )


def true_class(target: Any, classes: int) -> int:
    """The target of a cross-entropy as the number of one of the classes."""
    _check_classes(classes)
    if isinstance(target, Value) or target not in range(classes):
        raise ArgumentError(f"cross_entropy: the true class is a whole number from 0 to {classes - 1}, not {target!r}")
    return int(target)


def target_numbers(name: str, outputs: Sequence[float], target: Any) -> list[float]:
    """The target as a number for each output, after the checks of the loss of that name; a class becomes one-hot."""
    if name == "cross_entropy" and is_number(target):
        c = true_class(target, len(outputs))
        return [float(j == c) for j in range(len(outputs))]
    return [as_number(y, f"{name}: a target") for _, y in pairs(name, outputs, target)]


def _errors(name: str, outputs: Kind | Sequence[Kind], target: Any) -> list[Kind]:
    return [o - y for o, y in pairs(name, outputs, target)]


def _of_two(
    name: str,
    outputs: Kind | Sequence[Kind],
    target: Any,
    if_one: Callable[[Any], Any],
    if_zero: Callable[[Any], Any],
) -> Kind:
    """Σ [y·if_one(o) + (1 - y)·if_zero(o)], without the terms whose weight is the number 0."""
    terms: list[Kind] = []
    for o, y in pairs(name, outputs, target):
        if isinstance(y, Value) or 0 < y < 1:
            terms.append(y * if_one(o) + (1 - y) * if_zero(o))
        else:
            terms.append(if_one(o) if y else if_zero(o))
    return _total(terms)


def _total(terms: list[Kind]) -> Kind:
    return terms[0] if len(terms) == 1 else ad.sum(terms)


LOSSES: dict[str, Callable[..., Any]] = {
    loss.__name__: loss
    for loss in (
        squared_error,
        mean_squared_error,
        huber,
        binary_cross_entropy,
        binary_cross_entropy_with_logits,
        hinge,
        cross_entropy,
    )
}
"""Every loss by name."""
