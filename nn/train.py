"""Training: forward, backward, step, again and again, with a record of how it went.

>>> from nn import MLP, data
>>> moons = data.load("moons", n=40, seed=0)
>>> model = MLP(2, [8, 1], "tanh", seed=0)
>>> history = fit(model, moons.X, moons.y, "binary_cross_entropy_with_logits", lr=0.5, epochs=50, progress=False)
>>> history
<History of 50 epochs: loss 0.0892, accuracy 0.9750>
>>> evaluate(model, moons.X, moons.y, "binary_cross_entropy_with_logits").accuracy
0.975
"""

from __future__ import annotations

import gc
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from importlib.util import find_spec
from math import ceil, inf, isfinite, isnan
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple
from warnings import catch_warnings, simplefilter

import autodiff as ad
from autodiff import AutodiffError, OperandError, Value
from autodiff.entrance import as_number, is_number

from . import losses
from .data import held_out_rows, minibatches, paired, rows
from .errors import ArgumentError, MissingExtra, NonFiniteLoss, unknown_name
from .layers import Dropout, at_least_one
from .metrics import metric_for
from .optim import OPTIMIZERS, Optimizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, TypeAlias

    from .compiled import CompiledRun
    from .metrics import Metric
    from .module import Module
    from .schedules import Schedule

    Loss: TypeAlias = str | Callable[..., Any]
    Callback: TypeAlias = Callable[[Module, "History"], object]
    Pair: TypeAlias = tuple[list[float], Any]  # a sample and its target

__all__ = ["Evaluation", "History", "collector_paused", "evaluate", "fit", "predict"]

ENGINES = ("auto", "eager", "compiled")
_WORTHWHILE = 1_000_000  # samples times parameters, below which a graph for each sample is soon done


class History:
    """How a training went: lists with one entry for each epoch that was completed.

    Attributes:
        epoch: its number, from 1 on.
        loss: the mean of the losses of its batches, penalties included, each as it was before the step.
        accuracy: that of the same outputs, from 0 to 1; R² for a regression; None where there is no metric.
        validation_loss, validation_accuracy: of the validation samples after the epoch, without penalties; else None.
        learning_rate: η.
        seconds: how long the epoch took.
        metric: what the accuracies are: "accuracy", "R²", or the name of the function that was given; None without.
        best_epoch: the epoch with the lowest validation loss, without validation samples the lowest loss; 0 before any.
        stopped: why it ended: "epochs" when all were done, "early stopping", "callback" or "interrupted".
        engine: which one ran: "eager" or "compiled".
    """

    COLUMNS = ("epoch", "loss", "accuracy", "validation_loss", "validation_accuracy", "learning_rate", "seconds")

    def __init__(self, metric: str | None = None) -> None:
        self.epoch: list[int] = []
        self.loss: list[float] = []
        self.accuracy: list[float | None] = []
        self.validation_loss: list[float | None] = []
        self.validation_accuracy: list[float | None] = []
        self.learning_rate: list[float] = []
        self.seconds: list[float] = []
        self.metric = metric
        self.best_epoch = 0
        self.stopped = "epochs"
        self.engine = "eager"

    def __len__(self) -> int:
        return len(self.epoch)

    def __repr__(self) -> str:
        return f"<History of {len(self)} epochs{': ' if self.loss else ''}{self.summary()}>"

    def summary(self) -> str:
        """The last losses and accuracies in one line."""
        return ", ".join([f"{name} {column[-1]:.4f}" for name, column in self.measured() if column])

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON can hold it: nan and the infinities, for which it has no numbers, are None."""
        return {name: [*map(_finite, x)] if isinstance(x, list) else x for name, x in vars(self).items()}

    def append(self, *row: Any) -> None:
        """Add an epoch: an entry for each of ``COLUMNS``."""
        for name, entry in zip(self.COLUMNS, row, strict=True):
            getattr(self, name).append(entry)

    def trim(self) -> None:
        """Drop the entries of an epoch that an interrupt has left without its last one."""
        for name in self.COLUMNS:
            del getattr(self, name)[len(self.seconds) :]

    def measured(self) -> list[tuple[str, list[Any]]]:
        """The losses and accuracies that there are, each with its name."""
        columns: list[tuple[str, list[Any]]] = [
            ("loss", self.loss),
            (f"{self.metric}", self.accuracy),
            ("validation loss", self.validation_loss),
            (f"validation {self.metric}", self.validation_accuracy),
        ]
        return [(name, column) for name, column in columns if None not in column]


def _finite(x: Any) -> Any:
    return None if isinstance(x, float) and not isfinite(x) else x


class Evaluation(NamedTuple):
    """What ``evaluate`` gives: the mean loss, without penalties, and the accuracy (R² for a regression)."""

    loss: float
    accuracy: float | None


# ---------------------------------------------------------------------------------------------------------------------
# Training.
# ---------------------------------------------------------------------------------------------------------------------


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
    of autodiff.  A loss, an activation or a module of your own may hold a Python ``if``, which a recording freezes:
    "auto" leaves them to eager.  "compiled" takes them, once it has compared the recording with every sample at the
    initial parameters; what branches later, on a number that changes in training, it cannot see, so write that with
    ``where``, ``maximum`` or ``relu``.  A Dropout draws anew for each sample, and is always eager.

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
        progress: show a bar, in a terminal or a notebook.
        callbacks: functions called after each epoch with the model and the history so far; one that returns True
            ends the training.
        early_stopping: end after so many epochs without a new best, and in any case with the best weights.
        metric: a function (outputs of all samples, their targets) in place of the accuracy.
        engine: "auto", "eager" or "compiled"; ``History.engine`` says which one ran.

    Raises:
        ArgumentError: a name is unknown or a number out of its range; or the optimiser is that of another model.
        LengthError: there are no samples, or not as many targets.
        OperandError: a sample holds what is no number, the schedule gives none, or the loss gives no Value.
        NonFiniteLoss: the loss, a gradient or a parameter became nan or infinite, or the validation loss nan; the
            error tells where, and holds the history.  The weights are set to the best so far.
        MissingExtra: tqdm is not installed, and ``progress`` is not False; or NumPy or numba, and the engine is
            "compiled".
        VerificationError: the engine is "compiled", and what it recorded does not hold for all samples.
    """
    loss = loss_function(loss)
    optimizer = _optimizer(optimizer, model, lr)
    rng = Random(seed)
    for module in model.modules():
        if isinstance(module, Dropout) and not module.seeded:
            module.rng = rng
    training, held_out = _parts(paired(X, y), validation, loss, rng)
    size = len(training) if batch_size is None else at_least_one(batch_size, "batch_size")
    several = size < len(training)
    at_least_one(epochs, "epochs")
    l2, l1 = as_number(l2, "l2"), as_number(l1, "l1")
    if not (0 <= l2 < inf and 0 <= l1 < inf):
        raise ArgumentError(f"l2 and l1 are the strengths of penalties, from 0 on, not {l2!r} and {l1!r}")
    patience = inf if early_stopping is None else at_least_one(early_stopping, "early_stopping")
    if callable(callbacks):
        raise ArgumentError("callbacks is a list of functions: [callback] for a single one")
    callbacks = [*callbacks]
    name, metric = _metric(metric, loss)
    _check_engine(engine)

    history, best, rate = History(name), _Best(model.parameters()), optimizer.lr
    eager = Run(model, loss, optimizer, l2, l1, metric, history, training, held_out)
    with ExitStack() as after:
        after.callback(setattr, optimizer, "lr", rate)
        after.enter_context(_mode(model, training=True))
        bar = after.enter_context(_bar(epochs * ceil(len(training) / size)) if progress else _NoBar())
        try:
            run = _run(eager, engine)
            history.engine = run.engine
            for epoch in range(1, epochs + 1):
                bar.set_description(f"epoch {epoch}/{epochs}", refresh=False)
                start, before = perf_counter(), best.now()
                optimizer.lr = rate * as_number(schedule(epoch - 1), "the schedule", "gives") if schedule else rate
                found = run.epoch(minibatches(range(len(training)), size, rng if several else None), bar)
                validated = run.validate() if held_out else None
                if validated and isnan(validated.loss):
                    raise NonFiniteLoss(
                        "the validation loss is nan: see what the network gives for those samples", history
                    )
                seconds = perf_counter() - start
                history.append(epoch, *found, *(validated or (None, None)), optimizer.lr, seconds)
                bar.set_postfix_str(history.summary())
                # The loss of a single batch is that of the weights before the step.
                kept = best.now() if several or validated else before
                best.offer((validated or found).loss, kept, history)
                if any([_is_true(callback(model, history)) for callback in callbacks]):
                    history.stopped = "callback"
                    break
                if epoch - history.best_epoch >= patience:
                    history.stopped = "early stopping"
                    break
        except KeyboardInterrupt:
            history.trim()
            history.stopped = "interrupted"
            best.restore()
        except NonFiniteLoss:
            best.restore()
            raise
        if early_stopping is not None:
            best.restore()
    return history


class Run:
    """What every step of a training takes, and how the eager engine does it."""

    engine = "eager"

    def __init__(
        self,
        model: Module,
        loss: Callable[..., Any],
        optimizer: Optimizer,
        l2: float,
        l1: float,
        metric: Metric | None,
        history: History,
        training: list[Pair],
        held_out: list[Pair],
    ) -> None:
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.l2 = l2
        self.l1 = l1
        self.metric = metric
        self.history = history
        self.training = training
        self.held_out = held_out
        self.weights = model.weights()

    def epoch(self, batches: Iterable[list[int]], bar: Any) -> Evaluation:
        """A step for each batch, given by the places of its samples; the mean loss, and the metric of all outputs."""
        total, outputs, order = 0.0, [], []
        for batch in batches:
            loss, of_batch = self.step(batch)
            total += loss * len(batch)
            outputs += of_batch
            order += batch
            bar.update()
        return self.result(total, outputs, order)

    def result(self, total: float, outputs: list[list[float]], order: list[int]) -> Evaluation:
        """The mean loss of an epoch from its sum, and the metric of the outputs for the samples in that order."""
        for p in self.optimizer.parameters:  # those of the last step, which no loss has seen yet
            finding = None if isfinite(p.data) else ad.find_nonfinite(p)
            if finding is not None:
                raise NonFiniteLoss(finding, self.history)
        targets = [self.training[i][1] for i in order]
        return Evaluation(total / len(order), self.metric(outputs, targets) if self.metric else None)

    def validate(self) -> Evaluation:
        """The loss and the metric of the samples held out."""
        return _measure(self.model, self.held_out, self.loss, self.metric)

    def step(self, batch: list[int]) -> tuple[float, list[list[float]]]:
        """Forward, backward, update.  The loss and the outputs come as numbers, so that the graph is freed."""
        with collector_paused():
            return self._step([self.training[i] for i in batch])

    def _step(self, batch: list[Pair]) -> tuple[float, list[list[float]]]:
        outputs = [self.model(x) for x, _ in batch]
        loss: Value | float = ad.mean([self.loss(o, y) for o, (_, y) in zip(outputs, batch, strict=True)])
        if not isinstance(loss, Value):
            raise OperandError("the loss gives numbers, and no gradient: compute it with the outputs, not their .data")
        if self.l2:
            loss = loss + losses.l2(self.weights, self.l2, len(batch))
        if self.l1:
            loss = loss + losses.l1(self.weights, self.l1, len(batch))
        self.optimizer.zero_grad()
        loss.backward()
        if not isfinite(sum([p.grad for p in self.optimizer.parameters], loss.data)):
            finding = ad.find_nonfinite(loss)
            if finding is not None:  # None: all are finite, only their sum is not
                raise NonFiniteLoss(finding, self.history)
        self.optimizer.step()
        return loss.data, [_numbers(o) for o in outputs]


def _check_engine(engine: str) -> None:
    if engine not in ENGINES:
        raise unknown_name("engine", engine, ENGINES)
    if engine == "compiled" and not _can_compile():
        raise MissingExtra("fit(engine='compiled')", "numba" if find_spec("numpy") else "numpy", "compile")


def _can_compile() -> bool:
    return find_spec("numpy") is not None and find_spec("numba") is not None


def _run(eager: Run, engine: str) -> Run | CompiledRun:
    """The engine that fits, made ready."""
    if engine == "eager" or not _can_compile():
        return eager
    from .compiled import CompiledRun, is_known, is_known_loss

    if engine == "compiled":
        return CompiledRun(eager)
    if not (is_known(eager.model) and is_known_loss(eager.loss)):
        return eager
    try:
        return CompiledRun(eager)
    except AutodiffError:  # a sample or a target is not as it should be: eager says so when it comes to it
        return eager
    except ImportError:  # numba is installed, and does not go with this Python or NumPy
        return eager


class _Best:
    """The parameters as they were when the loss was lowest."""

    def __init__(self, parameters: list[Value]) -> None:
        self.parameters = parameters
        self.kept = (inf, self.now())

    def now(self) -> list[float]:
        return [p.data for p in self.parameters]

    def offer(self, loss: float, numbers: list[float], history: History) -> None:
        if loss < self.kept[0]:
            self.kept = (loss, numbers)
            history.best_epoch = len(history)

    def restore(self) -> None:
        for p, number in zip(self.parameters, self.kept[1], strict=True):
            p.data = number


@contextmanager
def collector_paused() -> Iterator[None]:
    """Within it Python's garbage collector rests; after it, it is as before.

    A graph is thousands of new objects, and after so many the collector looks through all that there are for cycles
    that nothing refers to.  A graph has none, and is freed without it, so that is time for nothing.
    """
    enabled = gc.isenabled()
    try:
        gc.disable()
        yield
    finally:
        if enabled:
            gc.enable()


# ---------------------------------------------------------------------------------------------------------------------
# What comes out of a network.
# ---------------------------------------------------------------------------------------------------------------------


def predict(model: Module, X: Any) -> list[list[float]]:
    """The outputs for each sample, as numbers; without Dropout, and without recording a graph.

    Where samples times parameters are a million or more, and ``fit`` would compile by itself, so does this: the outputs
    are the same to about 1e-12.

    >>> from nn import MLP
    >>> model = MLP(2, [1], bias=False)
    >>> model.load_state_dict({"layers.0.weight": [[2.0, 3.0]]})
    >>> predict(model, [[1.0, 0.0], [1.0, 1.0]])
    [[2.0], [5.0]]
    """
    return _outputs(model, rows(X))


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
    return _measure(model, paired(X, y), loss, _metric(metric, loss)[1])


def _measure(model: Module, pairs: list[Pair], loss: Callable[..., Any], metric: Metric | None) -> Evaluation:
    outputs = _outputs(model, [x for x, _ in pairs])
    targets = [y for _, y in pairs]
    mean = ad.mean([loss(o, y) for o, y in zip(outputs, targets, strict=True)])
    return Evaluation(mean, metric(outputs, targets) if metric else None)


def _outputs(model: Module, samples: list[list[float]]) -> list[list[float]]:
    with _mode(model, training=False):
        if len(samples) * len(model.parameters()) >= _WORTHWHILE and _can_compile():
            from .compiled import forward, is_known

            if is_known(model) and len({len(x) for x in samples}) == 1:
                with suppress(ImportError):  # as in fit
                    return forward(model, samples)
        with ad.no_grad():
            return [_numbers(model(x)) for x in samples]


def _numbers(outputs: Any) -> list[float]:
    return [o.data for o in (outputs if isinstance(outputs, list) else [outputs])]


@contextmanager
def _mode(model: Module, training: bool) -> Iterator[None]:
    """Within it, the whole model is in training or in evaluation; after it, each part is as before."""
    before = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, flag in before:
            module.training = flag


# ---------------------------------------------------------------------------------------------------------------------
# Arguments.
# ---------------------------------------------------------------------------------------------------------------------


def loss_function(loss: Loss) -> Callable[..., Any]:
    """The loss of that name, or ``loss`` itself if it is a function.

    Raises:
        ArgumentError: there is no loss of that name.
    """
    if callable(loss):
        return loss
    if not isinstance(loss, str) or loss not in losses.LOSSES:
        raise unknown_name("loss", loss, losses.LOSSES)
    return losses.LOSSES[loss]


def _metric(metric: Metric | None, loss: Callable[..., Any]) -> tuple[str | None, Metric | None]:
    if metric is not None:
        return getattr(metric, "__name__", "metric"), metric
    return metric_for(loss) or (None, None)


def _optimizer(optimizer: str | Optimizer, model: Module, lr: float | None) -> Optimizer:
    if isinstance(optimizer, Optimizer):
        if lr is not None:
            raise ArgumentError("this optimiser has a learning rate of its own: give lr to it, or its name to fit")
        if not set(optimizer.parameters) <= set(model.parameters()):
            raise ArgumentError("this optimiser changes what is no parameter of this model: give it model.parameters()")
        return optimizer
    if not isinstance(optimizer, str) or optimizer not in OPTIMIZERS:
        raise unknown_name("optimiser", optimizer, OPTIMIZERS)
    if lr is None and optimizer == "sgd":
        lr = 0.1
    return OPTIMIZERS[optimizer](model.parameters(), **({} if lr is None else {"lr": lr}))


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


class _NoBar(nullcontext[None]):
    """Takes what is told to a tqdm bar, and shows nothing."""

    def __enter__(self) -> Any:
        return self

    def _ignore(self, *_: object, **__: object) -> None: ...

    update = set_description = set_postfix_str = _ignore


def _bar(steps: int) -> Any:
    """A tqdm bar that counts batches."""
    try:
        from tqdm import TqdmWarning

        with catch_warnings():  # in a notebook without ipywidgets it is a line of text, which will do
            simplefilter("ignore", TqdmWarning)
            from tqdm.auto import tqdm
    except ImportError:
        raise MissingExtra("fit(progress=True)", "tqdm") from None
    return tqdm(total=steps, unit="batch")
