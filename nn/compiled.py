"""The compiled engine of ``fit``: the loss of one sample, recorded once, run over each batch by machine code.

The graph of one sample has the numbers of the sample and its target as inputs, and the parameters of the model as
parameters.  ``autodiff.compile`` makes two programs of it: one that steps, with the penalties added, and one that
measures.  The optimiser's own formula then changes all parameters at once.

This module is loaded when it is used, for it needs NumPy and numba.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from math import isfinite
from types import FunctionType, SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

import autodiff as ad
from autodiff import LengthError, OperandError, Value, VerificationError
from autodiff.entrance import as_number, is_number
from autodiff.value import recording

from . import losses, optim
from .activations import identity
from .errors import ArgumentError
from .layers import Dropout, Layer, Neuron, Sequential
from .train import Evaluation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from .module import Module
    from .optim import Optimizer
    from .train import Run

__all__ = ["CompiledRun", "forward", "is_known", "is_known_loss"]


def is_known(model: Module) -> bool:
    """Whether one recording is sure to hold for all samples: nothing in the model is a Python function that may branch.

    So it is for Neurons, Layers, Sequentials and MLPs whose activations are functions of autodiff, and for Dropouts in
    evaluation.

    >>> from nn import MLP
    >>> is_known(MLP(2, [3, 1])), is_known(MLP(2, [3, 1], lambda S: S if S > 0 else 0.1 * S))
    (True, False)
    """
    return all(map(_is_known, model.modules()))


def _is_known(module: Module) -> bool:
    kind = next((kind for kind in (Neuron, Layer, Sequential, Dropout) if isinstance(module, kind)), None)
    if kind is None or type(module).__call__ is not kind.__call__:
        return False
    if not isinstance(module, Neuron):
        return kind is not Dropout or not module.training
    g = module._function
    named = g is identity or getattr(g, "__module__", "") == ad.functions.__name__
    return named and type(module)._output is Neuron._output and all(w.op is None for w in module.parameters())


def is_known_loss(loss: Callable[..., Any]) -> bool:
    """Whether it is one of this package, of which one recording holds for all samples."""
    return loss in losses.LOSSES.values() and loss.__module__ == losses.__name__


def forward(model: Module, samples: list[list[float]]) -> list[list[float]]:
    """The outputs of a known model for each of some samples of one length.

    >>> from nn import MLP
    >>> model = MLP(2, [1], bias=False)
    >>> model.load_state_dict({"layers.0.weight": [[2.0, 3.0]]})
    >>> forward(model, [[1.0, 0.0], [1.0, 1.0]])
    [[2.0], [5.0]]
    """
    xs = [Value(x) for x in samples[0]]
    with recording(), _leaving_no_trace(model):
        outputs = model(xs)
    program = ad.compile(outputs if isinstance(outputs, list) else [outputs], xs, model.parameters())
    found: list[list[float]] = program(np.array(samples).T).T.tolist()
    return found


class CompiledRun:
    """What every step of a training takes, in place of a ``Run``, to which it goes back for a batch with inf or nan.

    Raises:
        ArgumentError: the model has a Dropout, or a target is not what the loss takes.
        LengthError: samples or targets differ in length.
        OperandError: the loss gives no Value, or a target is no number and no list of them.
        VerificationError: a model or a loss that is not known gives other numbers than its recording.
    """

    engine = "compiled"

    def __init__(self, eager: Run) -> None:
        self.eager = eager
        self.optimizer = eager.optimizer
        self.parameters = eager.model.parameters()
        self.known = is_known(eager.model) and is_known_loss(eager.loss)
        if any(isinstance(module, Dropout) for module in eager.model.modules()):
            raise ArgumentError(
                "fit(engine='compiled') records the graph of one sample for all, and a Dropout draws anew for each: "
                "take engine='eager', or 'auto', which does that by itself"
            )
        with _leaving_no_trace(eager.model):
            self._record()
        self.count = len(self.parameters)
        self.numbers = np.zeros(self.count + 2)  # those of the parameters, and λ₂/m and λ₁/m
        self.gradient = np.zeros(self.count)
        place = {p: i for i, p in enumerate(self.parameters)}
        self.places: Any = np.array([place[p] for p in self.optimizer.parameters])
        if self.places.tolist() == list(range(self.count)):
            self.places = slice(0, self.count)  # a view of all, without a copy
        self.vectorised = _vectorised(self.optimizer)
        self._read()
        if not self.known:
            self._verify()

    def _record(self) -> None:
        eager = self.eager
        (x, y), several = eager.training[0], [*eager.training, *eager.held_out]
        xs: list[Any] = [Value(number) for number in x]
        raw = eager.model(xs)
        outputs = raw if isinstance(raw, list) else [raw]
        rows = _targets(eager.loss, [y for _, y in several], len(outputs))
        ys: list[Any] = [Value(number) for number in rows[0]]
        loss: Any
        if eager.loss is losses.cross_entropy and all(sorted(row)[-2:] == [0.0, 1.0] for row in rows):
            loss = _surprise_of_the_true_class(outputs, ys)
        elif is_number(y):
            loss = eager.loss(raw, ys if is_known_loss(eager.loss) else ys[0])
        else:
            loss = eager.loss(raw, ys)
        if not isinstance(loss, Value) or loss.op is None:
            raise OperandError(
                "the loss gives numbers, and no gradient: compute it with the outputs, not their .data, and outside "
                "no_grad()"
            )
        strengths: list[Any] = [Value(1.0), Value(1.0)]
        total = loss
        if eager.l2:
            total = total + losses.l2(eager.weights, strengths[0])
        if eager.l1:
            total = total + losses.l1(eager.weights, strengths[1])
        if any(len(sample) != len(x) for sample, _ in several):
            raise LengthError(f"the first sample has {len(x)} numbers, and another has more or fewer")
        self.stepping = ad.compile(total, [*xs, *ys], [*self.parameters, *strengths])
        self.measuring = ad.compile([loss, *outputs], [*xs, *ys], self.parameters)
        columns = np.array([[*sample, *row] for (sample, _), row in zip(several, rows, strict=True)]).T
        self.columns = columns[:, : len(eager.training)].copy()
        self.held_out = columns[:, len(eager.training) :].copy()

    def _verify(self) -> None:
        """Compare the recording with every sample, as the parameters are now."""
        found = self.measuring(self.columns, parameters=self.numbers[: self.count]).T.tolist()
        for i, ((x, y), here) in enumerate(zip(self.eager.training, found, strict=True)):
            with ad.no_grad():
                outputs = self.eager.model(x)
                expected = [self.eager.loss(outputs, y), *(outputs if isinstance(outputs, list) else [outputs])]
            there = [o.data if isinstance(o, Value) else o for o in expected]
            if len(here) != len(there) or not np.allclose(here, there, rtol=1e-9, atol=1e-12, equal_nan=True):
                raise VerificationError(
                    "fit(engine='compiled') records the graph of one sample for all; for sample "
                    f"{i} that gives the loss {here[0]!r}, and the model and the loss give {there[0]!r}: a Python if "
                    "takes another branch for it, or something is random; write it with where, maximum or relu, or "
                    "take engine='eager'"
                )

    # -----------------------------------------------------------------------------------------------------------------
    # What fit asks for.
    # -----------------------------------------------------------------------------------------------------------------

    def epoch(self, batches: Iterable[list[int]], bar: Any) -> Evaluation:
        """A step for each batch; the mean loss, and the metric of all outputs."""
        total, outputs, order = 0.0, [], []
        self._read()
        try:
            with np.errstate(all="ignore"):  # as Python's own numbers, which become inf in silence
                for batch in batches:
                    loss, of_batch = self._step(batch)
                    total += loss * len(batch)
                    outputs += of_batch
                    order += batch
                    bar.update()
        finally:
            self._write()
        return self.eager.result(total, outputs, order)

    def _step(self, batch: list[int]) -> tuple[float, list[list[float]]]:
        columns = self.columns if len(batch) == self.columns.shape[1] else self.columns.take(batch, axis=1)
        self.numbers[self.count :] = self.eager.l2 / len(batch), self.eager.l1 / len(batch)
        loss, gradient = self.stepping.value_and_grad(columns, parameters=self.numbers)
        slopes = gradient[: self.count]
        if not isfinite(loss + slopes[self.places].sum()):
            return self._step_eagerly(batch)
        outputs: list[list[float]] = []
        if self.eager.metric:
            outputs = self.measuring(columns, parameters=self.numbers[: self.count])[1:].T.tolist()
        self.gradient[self.places] = 0.0
        self.gradient += slopes  # of parameters that the optimiser leaves alone the gradients add up, as in eager
        if self.vectorised is None:
            self._write()
            self.optimizer.step()
            self._read()
        else:
            w = self.numbers[self.places]
            self.optimizer.steps += 1
            slope = self.vectorised.slope(slice(None), SimpleNamespace(data=w, grad=self.gradient[self.places]))
            self.numbers[self.places] = w - self.optimizer.lr * slope
        return loss, outputs

    def _step_eagerly(self, batch: list[int]) -> tuple[float, list[list[float]]]:
        """What is not finite is found in a graph; and where it comes from 0·inf, eager leaves the term out."""
        self._write()
        try:
            return self.eager.step(batch)
        finally:
            self._read()

    def validate(self) -> Evaluation:
        """The loss and the metric of the samples held out."""
        if not self.known:  # it may do otherwise in evaluation
            return self.eager.validate()
        loss, *outputs = self.measuring(self.held_out, parameters=self.numbers[: self.count]).tolist()
        mean = ad.mean(loss)
        if not isfinite(mean):
            return self.eager.validate()
        targets = [y for _, y in self.eager.held_out]
        metric = self.eager.metric
        return Evaluation(mean, metric([list(o) for o in zip(*outputs, strict=True)], targets) if metric else None)

    # -----------------------------------------------------------------------------------------------------------------
    # Parameters and state of the optimiser: arrays within an epoch, and outside as everyone expects them.
    # -----------------------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        self.numbers[: self.count] = [p.data for p in self.parameters]
        self.gradient[:] = [p.grad for p in self.parameters]
        if self.vectorised is not None:
            for name, state in _state(self.optimizer):
                setattr(self.optimizer, name, np.array(state))

    def _write(self) -> None:
        numbers, slopes = self.numbers[: self.count].tolist(), self.gradient.tolist()
        for p, number, slope in zip(self.parameters, numbers, slopes, strict=True):
            p.data, p.grad = number, slope
        if self.vectorised is not None:
            for name, state in _state(self.optimizer):
                setattr(self.optimizer, name, [*map(float, state)])


def _state(optimizer: Optimizer) -> list[tuple[str, Any]]:
    """What the optimiser remembers of each parameter."""
    return [
        (name, x) for name, x in vars(optimizer).items() if isinstance(x, (list, np.ndarray)) and name != "parameters"
    ]


def _vectorised(optimizer: Optimizer) -> Any:
    """The optimiser, its attributes shared, with a ``slope`` that takes arrays; None for one that is not of ``nn``."""
    kind: Any = type(optimizer)
    if kind.__module__ != optim.__name__:
        return None
    twin: Any = object.__new__(_on_arrays(kind))
    twin.__dict__ = vars(optimizer)
    return twin


@cache
def _on_arrays(kind: Any) -> type[Any]:
    """The class with its own formulas, in which the square root is NumPy's; all else in them arrays take as it is."""
    names = vars(optim) | {"sqrt": np.sqrt}
    methods = [getattr(kind, name) for name in ("slope", "_scaled") if hasattr(kind, name)]
    return type(
        kind.__name__,
        (kind,),
        {m.__name__: FunctionType(m.__code__, names, m.__name__, m.__defaults__, m.__closure__) for m in methods},
    )


def _surprise_of_the_true_class(logits: list[Any], one_hot: list[Any]) -> Any:
    """The cross-entropy of logits s and a one-hot target: log Σ_j exp(s_j - s_c), with exp(0) for the true class c."""
    right = ad.dot(one_hot, logits)
    return ad.logsumexp([ad.where(y, 0.0, s - right) for y, s in zip(one_hot, logits, strict=True)])


def _targets(loss: Callable[..., Any], targets: list[Any], outputs: int) -> list[list[float]]:
    """Each target as the numbers that stand in its columns."""
    if is_known_loss(loss):
        return [_checked(loss, y, outputs) for y in targets]
    lengths = {len(y) if isinstance(y, (list, tuple)) else None for y in targets}
    if len(lengths) > 1:
        raise LengthError(
            "fit(engine='compiled') takes targets that are all numbers, or all lists of one length: "
            "take engine='eager' for others"
        )
    return [[as_number(number, "a target") for number in (y if isinstance(y, (list, tuple)) else [y])] for y in targets]


def _checked(loss: Callable[..., Any], target: Any, outputs: int) -> list[float]:
    """A number for each output."""
    if loss is losses.cross_entropy and is_number(target):
        c = losses.true_class(target, outputs)
        return [float(j == c) for j in range(outputs)]
    pairs = losses.pairs(loss.__name__, [0.0] * outputs, target)
    return [as_number(y, "a target") for _, y in pairs]


@contextmanager
def _leaving_no_trace(model: Module) -> Iterator[None]:
    """A neuron's S is that of the last call by anyone else."""
    before = [(vars(module), vars(module).get("S")) for module in model.modules() if isinstance(module, Neuron)]
    try:
        yield
    finally:
        for attributes, S in before:
            attributes.pop("S", None)
            if S is not None:
                attributes["S"] = S
