"""``Program.train``: its arguments are checked, and its steps done in one call of the machine, or else one by one."""

from __future__ import annotations

from math import isfinite
from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import CompileError, LengthError, NonFiniteError, OperandError
from .availability import attempt
from .columns import as_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from .program import Program
    from .training import ManySteps

    Numbers = NDArray[np.float64]
    Integers = NDArray[np.int64]

__all__ = ["many_steps", "train"]

_AT_ONCE = 1000  # steps, whose parts are listed before the machine begins with them


def train(program: Program, X: Numbers, optimizer: Any, batches: Any, rates: ArrayLike | None, mean: bool) -> Numbers:
    """The losses, each as it was before its step; what ``Program.train`` says."""
    _check_parameters(program, optimizer)
    chosen = _batches(batches, X.shape[1])
    settled = np.full(len(chosen), optimizer.lr) if rates is None else as_column(rates, "train: rates", ("step",))
    if settled.shape != (len(chosen),):
        raise LengthError(
            f"train takes a rate for each of {len(chosen)} steps; the array given has shape {settled.shape}"
        )
    rate = optimizer.lr
    try:
        for each in np.unique(settled).tolist():
            optimizer.lr = each  # what it does not take it says, before anything runs
    finally:
        optimizer.lr = rate
    training = _training(program, X, optimizer) if program.engine == "machine" else None
    if training is None:
        return _one_by_one(program, X, optimizer, chosen, settled, mean)
    losses = np.empty(len(chosen))
    try:
        for first in range(0, len(chosen), _AT_ONCE):
            kept = training.kept()
            batches = chosen[first : first + _AT_ONCE]
            over = [(X.shape[1] if batch is None else len(batch)) if mean else 1 for batch in batches]
            for _ in training.run([[(0, batch)] for batch in batches], over, settled[first : first + _AT_ONCE]):
                pass
            if not np.isfinite(training.numbers).all():
                training.restore(kept)  # in Python the formula may have raised: these steps are done there
                break
            losses[first : first + len(batches)] = training.losses
            done = int(training.done[0])
            if done < len(batches):
                raise _not_finite(first + done, training.losses[done])
        else:
            return losses
    finally:
        training.write()
        optimizer.lr = rate
        program._steps = training
    losses[first:] = _one_by_one(program, X, optimizer, chosen[first:], settled[first:], mean, first)
    return losses


def many_steps(programs: Sequence[Program], columns: Numbers, optimizer: Any, **more: Any) -> ManySteps | None:
    """A ``training.ManySteps`` of all this; None if these programs or this optimiser are none for that."""

    def make() -> ManySteps | None:
        from .training import ManySteps

        try:
            return ManySteps(programs, columns, optimizer, **more)
        except CompileError:
            return None

    return attempt(make, False)


def _training(program: Program, X: Numbers, optimizer: Any) -> ManySteps | None:
    """What did the last steps of this program, if it would be made the same now; else one made anew, or None."""
    last, program._steps = program._steps, None  # nobody else has it meanwhile
    try:
        if last is None or not last.fits(program, optimizer):
            return many_steps([program], X, optimizer)
    except CompileError:
        return None
    last.columns = as_column(X, "the array", ("input", "sample"))
    last.read()
    return last


def _one_by_one(
    program: Program,
    X: Numbers,
    optimizer: Any,
    batches: list[Integers | None],
    rates: Numbers,
    mean: bool,
    first: int = 0,
) -> Numbers:
    """The losses of steps done in Python; the number of the first one is for messages."""
    losses, rate = np.empty(len(batches)), optimizer.lr
    try:
        for step, batch in enumerate(batches):
            columns = X if batch is None else X.take(batch, axis=1)
            losses[step], gradient = program.value_and_grad(columns, reduce="mean" if mean else "sum", wrt="parameters")
            slopes = dict(zip(map(id, program.parameters), gradient.tolist(), strict=True))
            for p in optimizer.parameters:
                p.grad = slopes[id(p)]
            if not isfinite(losses[step]) or not all(isfinite(p.grad) for p in optimizer.parameters):
                raise _not_finite(first + step, losses[step])
            optimizer.lr = float(rates[step])
            optimizer.step()
    finally:
        optimizer.lr = rate
    return losses


def _not_finite(step: int, loss: float) -> NonFiniteError:
    what = "its gradient is not finite" if isfinite(loss) else f"the loss is {loss}"
    return NonFiniteError(
        f"train stopped at step {step}, counting from 0, where {what}; parameters and optimiser are as before it"
    )


def _check_parameters(program: Program, optimizer: Any) -> None:
    if not hasattr(optimizer, "slope") or not hasattr(optimizer, "parameters"):
        raise OperandError(f"train takes an optimiser, as those of nn are, not {optimizer!r:.60}")
    if not {*map(id, program.parameters)}.issuperset(map(id, optimizer.parameters)):
        raise OperandError("the optimiser changes what is no parameter of this program")


def _batches(batches: Any, samples: int) -> list[Integers | None]:
    """For each step the numbers of its samples; None for all of them in their order."""
    if not samples:
        raise LengthError("there is no sample to train on: the columns are empty")
    if isinstance(batches, (int, np.integer)) and batches >= 0:
        return [None] * index(batches)
    if not hasattr(batches, "__iter__"):
        raise OperandError(
            f"train: batches is a number of steps, from 0 on, or one batch for each, not {batches!r:.60}"
        )
    found: list[Integers | None] = []
    for step, batch in enumerate(batches):
        try:
            numbers = np.asarray(batch)
        except ValueError:  # lists of several lengths
            numbers = np.zeros((0, 0))
        if numbers.ndim != 1 or not numbers.size or numbers.dtype.kind not in "iu":
            raise OperandError(f"train: the batch of step {step} is no list of numbers of samples: {batch!r:.60}")
        if numbers.min() < 0 or numbers.max() >= samples:
            raise LengthError(f"train: the batch of step {step} has a sample that is not in 0 to {samples - 1}")
        found.append(numbers.astype(np.int64))
    return found
