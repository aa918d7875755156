"""Training: forward, backward, step, again and again, with a record of how it went.

>>> from nn import MLP, data, evaluate
>>> moons = data.load("moons", n=40, seed=0)
>>> model = MLP(2, [8, 1], "tanh", seed=0)
>>> history = fit(model, moons.X, moons.y, "binary_cross_entropy_with_logits", lr=0.5, epochs=50, progress=False)
>>> history
<History of 50 epochs: loss 0.0892, accuracy 0.9750>
>>> evaluate(model, moons.X, moons.y, "binary_cross_entropy_with_logits").accuracy
0.975
"""

from __future__ import annotations

from contextlib import contextmanager
from importlib.util import find_spec
from math import ceil, inf, isnan
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING

from autodiff import AutodiffError
from autodiff.entrance import as_number, is_number
from autodiff.forks import no_fork

from .arguments import at_least_one, chosen, function, listed, network, outside_no_grad, unknown_name
from .best import Best
from .checkpoint import Checkpoint
from .data import held_out_rows, minibatches, paired
from .engine import EagerEngine, Training
from .errors import ArgumentError, MissingExtra, NonFiniteLoss
from .history import History
from .init import generator
from .layers import Dropout
from .metrics import metric_for
from .optim import OPTIMIZERS, Optimizer
from .prediction import in_mode, loss_function, metric_function
from .progress import progress_bar
from .recording import can_compile, is_known, is_known_loss

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, TypeAlias

    from .engine import Engine
    from .metrics import Metric
    from .module import Module
    from .prediction import Loss, Pair
    from .schedules import Schedule

    Callback: TypeAlias = Callable[[Module, History], object]

__all__ = ["fit"]

ENGINES = ("auto", "eager", "compiled")


def fit(
    model: Module,
    X: Any,
    y: Any,
    loss: Loss = "cross_entropy",
    optimizer: str | Optimizer = "sgd",
    *,
    lr: float | None = None,
    epochs: int = 100,
    batch_size: int | None = None,
    l2: float = 0.0,
    l1: float = 0.0,
    validation: float | tuple[Any, Any] | None = None,
    schedule: Schedule | None = None,
    seed: int = 0,
    progress: bool = True,
    callbacks: Iterable[Callback] = (),
    early_stopping: int | None = None,
    metric: Metric | None = None,
    engine: str = "auto",
    checkpoint: Checkpoint | None = None,
) -> History:
    """Change the parameters of ``model`` so that its outputs for the samples X come near the targets y.

    An epoch goes once through all samples, a batch at a time.  The loss of a batch of m samples is the mean of theirs,
    plus λ₂/(2m) Σ w² + λ₁/m Σ |w| over ``model.weights()``; one backward pass and one step of the optimiser follow.
    The same arguments give the same numbers, bit for bit.

    The engine "eager" records a graph for every sample.  "compiled" records that of one sample, and runs it over whole
    batches by machine code (``autodiff.compile``), dozens of times as fast.  Losses, parameters and all else come out
    the same to about 1e-12 where the training is no chaos, and bit for bit on any number of threads.  The first time it
    compiles for some seconds, and keeps what it compiled on disk.

    "auto" compiles where NumPy and numba are installed and one recording is sure to hold for all samples: the loss is
    one of ``LOSSES``, and the model consists of Neurons, Layers, Sequentials and MLPs whose activations are functions
    of autodiff.  A loss, an activation or a module of your own may read a number, ``v.data``, which a recording
    freezes, or be random: "auto" leaves them to eager.  "compiled" takes them, once it has compared the recording with
    every sample at the initial parameters; a Python ``if`` in them is checked for every sample at every step, and
    recorded anew where it branches.  A Dropout draws anew for each sample, and is always eager.

    Ctrl-C ends the training early but in good order: the weights are set to the best so far, and the history is
    returned.  "Best" is the lowest validation loss, or the lowest loss if nothing is held out for validation.

    Args:
        model: any Module; its Dropouts are active in training, and not in validation.
        X: the samples, lists of numbers or a NumPy array.
        y: the targets, as the loss takes them.
        loss: by its name in ``LOSSES``, or a function (outputs, target) of one sample.
        optimizer: by its name in ``OPTIMIZERS``; or an optimiser of ``model.parameters()`` or some of them, with
            settings of its own.
        lr: the learning rate of an optimiser given by name; by default 0.1 for "sgd", and each other's own.
        epochs: how many, at most.
        batch_size: samples for each step, which are shuffled anew in each epoch; None takes all, in their order.
        l2: λ₂.
        l1: λ₁.
        validation: samples and targets to measure after each epoch, or the share of X and y to hold out for it.
        schedule: gives the factor of the learning rate for each epoch, counted from 0.
        seed: of the shuffling, the holding out, and the Dropouts that were made without a seed.
        progress: show a bar, in a terminal or a notebook, if tqdm is installed.
        callbacks: functions called after each epoch with the model and the history so far; one that returns True
            ends the training.
        early_stopping: end after so many epochs without a new best, and in any case with the best weights.
        metric: a function (outputs of all samples, their targets) in place of the accuracy.
        engine: "auto", "eager" or "compiled"; ``History.engine`` says which one ran.
        checkpoint: a file to write after each epoch, and to go on from: ``nn.checkpoint.Checkpoint(path)``.

    Raises:
        ArgumentError: a name is unknown or a number out of its range; or the optimiser is that of another model.
        LengthError: there are no samples, or not as many targets.
        OperandError: a sample holds what is no number, the schedule gives none, or the loss gives no Value.
        NonFiniteLoss: the loss, a gradient or a parameter became nan or infinite, or the validation loss nan; the
            error tells where, and holds the history.  The weights are set to the best so far.
        MissingExtra: NumPy or numba is not installed, and the engine is "compiled".
        VerificationError: the engine is "compiled", and what it recorded does not hold for all samples.
    """
    loss = loss_function(loss)
    optimizer = _optimizer(optimizer, network(model, "fit"), lr)
    rng = _generator(seed, model)
    outside_no_grad("fit")
    samples, held_out = _parts(paired(X, y), validation, loss, rng)
    size = len(samples) if batch_size is None else at_least_one(batch_size, "batch_size")
    several = size < len(samples)
    at_least_one(epochs, "epochs")
    patience = inf if early_stopping is None else at_least_one(early_stopping, "early_stopping")
    schedule, callbacks = function(schedule, "schedule", "the number of the epoch, from 0 on", 1), _callbacks(callbacks)
    name, metric = metric_function(metric, loss)
    history = History(name)
    training = Training(model, loss, optimizer, *_strengths(l2, l1), metric, samples, held_out, history)
    _check_engine(engine)
    if not (checkpoint is None or isinstance(checkpoint, Checkpoint)):
        raise ArgumentError(f"checkpoint is a Checkpoint(path), not {checkpoint!r:.60}")

    bar = progress_bar(epochs * ceil(len(samples) / size), shown=progress)
    best = Best(model.parameters(), history, at_the_end=early_stopping is not None)
    with _rate_of(optimizer) as rate, in_mode(model, training=True), bar, best:
        run = _engine(training, engine)
        history.engine = run.name
        begun = 0
        if checkpoint:
            begun = checkpoint.begin(run, rng, best, seed=seed, batch_size=size, early_stopping=early_stopping)
            bar.update(begun * ceil(len(samples) / size))
        for epoch in range(begun + 1, epochs + 1 if history.stopped == "epochs" else 0):
            bar.set_description(f"epoch {epoch}/{epochs}", refresh=False)
            start, before = perf_counter(), best.now()
            optimizer.lr = rate * as_number(schedule(epoch - 1), "the schedule", "gives") if schedule else rate
            found = run.epoch(minibatches(range(len(samples)), size, rng if several else None), bar)
            validated = run.validate() if held_out else None
            if validated and isnan(validated.loss):
                raise NonFiniteLoss("the validation loss is nan: see what the network gives for those samples", history)
            history.append(epoch, *found, *(validated or (None, None)), optimizer.lr, perf_counter() - start)
            bar.set_postfix_str(history.summary())
            # The loss of a single batch is that of the weights before the step.
            best.offer((validated or found).loss, best.now() if several or validated else before)
            if any([_is_true(callback(model, history)) for callback in callbacks]):
                history.stopped = "callback"
            elif epoch - history.best_epoch >= patience:
                history.stopped = "early stopping"
            if checkpoint:
                checkpoint.write()
            if history.stopped != "epochs":
                break
    return history


def _engine(training: Training, engine: str) -> Engine:
    """The engine that fits, made ready."""
    if engine == "eager" or not can_compile():
        return EagerEngine(training)
    if engine == "auto" and not (is_known(training.model) and is_known_loss(training.loss)):
        return EagerEngine(training)
    with no_fork:
        from .compiled import CompiledEngine

    try:
        return CompiledEngine(training)
    except (AutodiffError, ImportError):  # a sample or target is not as it should be: eager says so when it comes to it
        if engine == "compiled":  # or numba is installed, and does not go with this Python or NumPy
            raise
        return EagerEngine(training)


@contextmanager
def _rate_of(optimizer: Optimizer) -> Iterator[float]:
    """The learning rate that a schedule multiplies, and that the optimiser has again afterwards."""
    rate = optimizer.lr
    try:
        yield rate
    finally:
        optimizer.lr = rate


def _generator(seed: int | None, model: Module) -> Random:
    """For all that is random, with the Dropouts that were made without a seed."""
    rng = generator(seed, None)
    for module in model.modules():
        if isinstance(module, Dropout) and not module.seeded:
            module.rng = rng
    return rng


def _callbacks(callbacks: Any) -> list[Any]:
    wanted = "callbacks is a list of functions of (model, history): [callback] for a single one"
    found = listed(callbacks, wanted)
    for callback in found:
        function(callback, "each of the callbacks", "(model, history)", 2)
    return found


def _strengths(l2: Any, l1: Any) -> tuple[float, float]:
    l2, l1 = as_number(l2, "l2"), as_number(l1, "l1")
    if not (0 <= l2 < inf and 0 <= l1 < inf):
        raise ArgumentError(f"l2 and l1 are the strengths of penalties, from 0 on, not {l2!r} and {l1!r}")
    return l2, l1


def _check_engine(engine: str) -> None:
    if engine not in ENGINES:
        raise unknown_name("engine", engine, ENGINES)
    if engine == "compiled" and not can_compile():
        raise MissingExtra("fit(engine='compiled')", "numba" if find_spec("numpy") else "numpy", "compile")


def _optimizer(optimizer: str | Optimizer, model: Module, lr: float | None) -> Optimizer:
    if isinstance(optimizer, Optimizer):
        if lr is not None:
            raise ArgumentError("this optimiser has a learning rate of its own: give lr to it, or its name to fit")
        if not set(optimizer.parameters) <= set(model.parameters()):
            raise ArgumentError("this optimiser changes what is no parameter of this model: give it model.parameters()")
        return optimizer
    make = chosen("optimiser", optimizer, OPTIMIZERS)
    if lr is None and optimizer == "sgd":
        lr = 0.1
    made: Optimizer = make(model.parameters(), **({} if lr is None else {"lr": lr}))
    return made


def _parts(
    pairs: list[Pair], validation: float | tuple[Any, Any] | None, loss: Callable[..., Any], rng: Random
) -> tuple[list[Pair], list[Pair]]:
    """The samples to train on, and those to validate with."""
    if validation is None:
        return pairs, []
    if isinstance(validation, (tuple, list)) and len(validation) == 2:
        return pairs, paired(*validation)
    if not is_number(validation):
        raise ArgumentError(f"validation is a share, or samples and their targets, (X, y); not {validation!r:.60}")
    name, _ = metric_for(loss) or ("", None)
    held_out = set(held_out_rows([str(y) if name == "accuracy" else "" for _, y in pairs], validation, rng))
    return [pairs[i] for i in range(len(pairs)) if i not in held_out], [pairs[i] for i in sorted(held_out)]


def _is_true(x: object) -> bool:
    """Whether it is True, Python's or NumPy's; nothing else counts."""
    return type(x).__name__ in ("bool", "bool_") and bool(x)
