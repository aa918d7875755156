"""The compiled engine of ``fit``: the loss of one sample, recorded once, run over each batch by machine code.

The loss is a function of the numbers of a sample and its target; the parameters of the model are its parameters.
``autodiff.compile`` traces it, and makes two programs: one that steps, with the penalties added, and one that measures.
The optimiser's own formula then changes all parameters at once.  Where an epoch has several batches, all of this is one
call of the machine; a step that comes to what is not finite is done by itself.

This module is loaded when it is used, for it needs NumPy and numba.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

import autodiff as ad
from autodiff import CompileError, LengthError, OperandError, Value, VerificationError
from autodiff.compiler.train import many_steps
from autodiff.entrance import as_number, is_number

from . import losses
from .engine import EagerEngine, Engine
from .errors import ArgumentError
from .layers import Dropout
from .module import as_list
from .prediction import Evaluation
from .recording import is_known, is_known_loss, leaving_no_trace
from .vectorised import stepped, to_arrays, to_lists, vectorised

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from autodiff.compiler.training import ManySteps

    from .engine import Training

__all__ = ["CompiledEngine"]


class CompiledEngine(Engine):
    """One graph for all samples, compiled; for a batch with inf or nan it goes back to the eager engine.

    Raises:
        ArgumentError: the model has a Dropout, or a target is not what the loss takes.
        LengthError: samples or targets differ in length.
        OperandError: the loss gives no Value, or a target is no number and no list of them.
        VerificationError: a model or a loss that is not known gives other numbers than its recording.
    """

    name = "compiled"

    def __init__(self, training: Training) -> None:
        super().__init__(training)
        self.eager = EagerEngine(training)
        self.optimizer = training.optimizer
        self.parameters = training.model.parameters()
        self.eagerly = False
        self.known = is_known(training.model) and is_known_loss(training.loss)
        if any(isinstance(module, Dropout) for module in training.model.modules()):
            raise ArgumentError(
                "fit(engine='compiled') records the graph of one sample for all, and a Dropout draws anew for each: "
                "take engine='eager', or 'auto', which does that by itself"
            )
        self._record()
        self.count = len(self.parameters)
        self.numbers = np.zeros(self.count + 2)  # those of the parameters, and λ₂/m and λ₁/m
        self.gradient = np.zeros(self.count)
        place = {p: i for i, p in enumerate(self.parameters)}
        self.places: Any = np.array([place[p] for p in self.optimizer.parameters])
        if self.places.tolist() == list(range(self.count)):
            self.places = slice(0, self.count)  # a view of all, without a copy
        self.vectorised = vectorised(self.optimizer)
        self.many: ManySteps | None = None  # what does several steps in one call; made when there are several
        self.singly = self.vectorised is None or not isinstance(self.places, slice)  # that is none of its
        self._read()
        if not self.known:
            self._verify()

    def _record(self) -> None:
        """Make the programs; what they run is traced when a sample first takes a branch."""
        t = self.training
        (x, y), several = t.samples[0], [*t.samples, *t.held_out]
        if any(len(sample) != len(x) for sample, _ in several):
            raise LengthError(f"the first sample has {len(x)} numbers, and another has more or fewer")
        with leaving_no_trace(t.model):
            outputs = as_list(t.model([Value(number) for number in x]))
        rows = _targets(t.loss, [y for _, y in several], len(outputs))
        one_hot = t.loss is losses.cross_entropy and all(sorted(row)[-2:] == [0.0, 1.0] for row in rows)
        strengths: list[Any] = [Value(1.0), Value(1.0)]

        def measured(*numbers: Value) -> list[Any]:
            """The loss of a sample and its target, and the outputs of the model."""
            ys = [*numbers[len(x) :]]
            with leaving_no_trace(t.model):
                raw = t.model([*numbers[: len(x)]])
                outputs = as_list(raw)
                if one_hot:
                    return [_surprise_of_the_true_class(outputs, ys), *outputs]
                target = ys[0] if is_number(y) and not is_known_loss(t.loss) else ys
                return [t.loss(raw, target), *outputs]

        def penalised(*numbers: Value) -> Any:
            total = measured(*numbers)[0]
            if t.l2:
                total = total + losses.l2(self.eager.weights, strengths[0])
            if t.l1:
                total = total + losses.l1(self.eager.weights, strengths[1])
            return total

        loss = measured(*map(Value, [*x, *rows[0]]))[0]
        if not isinstance(loss, Value) or loss.op is None:
            raise OperandError(
                "the loss gives numbers, and no gradient: compute it with the outputs, not their .data, and outside "
                "no_grad()"
            )
        self.strengths = strengths
        self.stepping = ad.compile(penalised, parameters=[*self.parameters, *strengths])
        self.measuring = ad.compile(measured, parameters=self.parameters)
        columns = np.array([[*sample, *row] for (sample, _), row in zip(several, rows, strict=True)]).T
        self.columns = columns[:, : len(t.samples)].copy()
        self.held_out = columns[:, len(t.samples) :].copy()

    def _verify(self) -> None:
        """Compare the recording with every sample, as the parameters are now."""
        found = self.measuring(self.columns, parameters=self.numbers[: self.count]).T.tolist()
        for i, ((x, y), here) in enumerate(zip(self.training.samples, found, strict=True)):
            with ad.no_grad():
                outputs = self.training.model(x)
                expected = [self.training.loss(outputs, y), *as_list(outputs)]
            there = [o.data if isinstance(o, Value) else o for o in expected]
            if len(here) != len(there) or not np.allclose(here, there, rtol=1e-9, atol=1e-12, equal_nan=True):
                raise VerificationError(
                    "fit(engine='compiled') records the graph of one sample for all; for sample "
                    f"{i} that gives the loss {here[0]!r}, and the model and the loss give {there[0]!r}: a number is "
                    "read, v.data say, or something is random; take the Values themselves, or engine='eager'"
                )
        if self.measuring.reads:  # which may matter later, when the parameters are others
            raise VerificationError(
                "fit(engine='compiled') records the model and the loss, and a number that they read is frozen: "
                f"{', '.join(self.measuring.reads)}; take the Values themselves, or engine='eager'"
            )

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Parameters and state of the optimiser are arrays within, and outside as everyone expects them."""
        self._read()
        try:
            with np.errstate(all="ignore"):  # as Python's own numbers, which become inf in silence
                yield
        finally:
            self._write()

    def step(self, batch: list[int]) -> tuple[float, list[list[float]]]:
        """The programs of the whole batch, and the formula of the optimiser on all parameters at once."""
        if self.eagerly:
            return self._step_eagerly(batch)
        t = self.training
        columns = self.columns if len(batch) == self.columns.shape[1] else self.columns.take(batch, axis=1)
        self.numbers[self.count :] = t.l2 / len(batch), t.l1 / len(batch)
        outputs: list[list[float]] = []
        try:
            loss, gradient = self.stepping.value_and_grad(columns, parameters=self.numbers)
            if t.metric:
                outputs = self.measuring(columns, parameters=self.numbers[: self.count])[1:].T.tolist()
        except CompileError as error:  # too many ways through the branches of the model
            warnings.warn(f"fit goes on as engine='eager': {error}", RuntimeWarning, stacklevel=2)
            self.eagerly = True
            return self._step_eagerly(batch)
        slopes = gradient[: self.count]
        if not isfinite(loss + slopes[self.places].sum()):
            return self._step_eagerly(batch)
        self.gradient[self.places] = 0.0
        self.gradient += slopes  # of parameters that the optimiser leaves alone the gradients add up, as in eager
        if self.vectorised is None:
            self._write()
            self.optimizer.step()
            self._read()
        else:
            w, slope = self.numbers[self.places], self.gradient[self.places]
            self.numbers[self.places] = stepped(self.vectorised, w, slope)
        return loss, outputs

    def steps(self, batches: list[list[int]]) -> Iterator[tuple[float, list[list[float]]]]:
        """As many as may be in one call; one whose loss or gradient is not finite by itself."""
        done = 0
        while done < len(batches):
            if len(batches) > 1 and self._takes_many(len(batches[0])):
                for result in self._at_once(batches[done:]):
                    done += 1
                    yield result
            if done < len(batches):
                done += 1
                yield self.step(batches[done - 1])

    def _takes_many(self, samples: int) -> bool:
        """Whether there is a machine for several steps, and a batch of so many samples leaves other threads idle."""
        if self.many is None and not self.singly:
            watched = self.measuring if self.training.metric else None
            self.many = many_steps([self.stepping], self.columns, self.optimizer, given=self.strengths, watched=watched)
            self.singly = self.many is None
        return not (self.singly or self.eagerly or self.many is None) and self.many.for_one_thread(samples)

    def _at_once(self, batches: list[list[int]]) -> Iterator[tuple[float, list[list[float]]]]:
        """Steps for these batches, up to one whose loss or gradient is not finite."""
        t, many = self.training, self.many
        assert many is not None
        many.begin(self.numbers[: self.count])
        every = self.columns.shape[1]
        parts = [[(0, batch if len(batch) < every else None)] for batch in batches]
        sizes = [len(batch) for batch in batches]
        given = [(t.l2 / size, t.l1 / size) for size in sizes]
        before = 0
        try:
            for done in many.run(parts, sizes, [self.optimizer.lr] * len(batches), given):
                for step in range(before, done):
                    outputs = many.seen[step][1:].T.tolist() if t.metric else []
                    yield float(many.losses[step]), outputs
                before = done
        finally:
            self.numbers[: self.count] = many.numbers
            self.gradient[:] = many.slopes[: self.count]
            many.update.write(np.copy)

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
        t = self.training
        loss, *outputs = self.measuring(self.held_out, parameters=self.numbers[: self.count]).tolist()
        mean = ad.mean(loss)
        if not isfinite(mean):
            return self.eager.validate()
        metric = (
            t.metric([list(o) for o in zip(*outputs, strict=True)], [y for _, y in t.held_out]) if t.metric else None
        )
        return Evaluation(mean, metric)

    def _read(self) -> None:
        self.numbers[: self.count] = [p._data for p in self.parameters]
        self.gradient[:] = [p._grad for p in self.parameters]
        if self.vectorised is not None:
            to_arrays(self.vectorised)

    def _write(self) -> None:
        numbers, slopes = self.numbers[: self.count].tolist(), self.gradient.tolist()
        for p, number, slope in zip(self.parameters, numbers, slopes, strict=True):
            p._data, p._grad = number, slope
        if self.vectorised is not None:
            to_lists(self.vectorised)


def _surprise_of_the_true_class(logits: list[Any], one_hot: list[Any]) -> Any:
    """The cross-entropy of logits s and a one-hot target: log Σ_j exp(s_j - s_c), with exp(0) for the true class c."""
    right = ad.dot(one_hot, logits)
    return ad.logsumexp([ad.where(y, 0.0, s - right) for y, s in zip(one_hot, logits, strict=True)])


def _targets(loss: Callable[..., Any], targets: list[Any], outputs: int) -> list[list[float]]:
    """Each target as the numbers that stand in its columns."""
    if is_known_loss(loss):
        return [losses.target_numbers(loss.__name__, [0.0] * outputs, y) for y in targets]
    lengths = {len(y) if isinstance(y, (list, tuple)) else None for y in targets}
    if len(lengths) > 1:
        raise LengthError(
            "fit(engine='compiled') takes targets that are all numbers, or all lists of one length: "
            "take engine='eager' for others"
        )
    return [[as_number(number, "a target") for number in (y if isinstance(y, (list, tuple)) else [y])] for y in targets]
