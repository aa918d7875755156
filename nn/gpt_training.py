"""Training a GPT: documents in, a network that makes up more of their kind out.

>>> from nn import GPT, text
>>> names = ["anna", "hannah", "nan", "ann", "hanna", "annah"]
>>> tokenizer = text.Tokenizer.of(names)
>>> model = GPT(tokenizer.vocabulary, width=8, heads=2, context=8, seed=0)
>>> history = fit_text(model, tokenizer, names, steps=60, batch_size=6, progress=False)
>>> history
<TextHistory of 60 steps: loss 0.561>
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from hashlib import sha256
from importlib.util import find_spec
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING

from autodiff import find_nonfinite
from autodiff.entrance import as_number
from autodiff.files import write_whole

from .arguments import at_least_one, chosen, function, listed, number, outside_no_grad
from .checkpoint import Checkpoint
from .errors import ArgumentError, FileFormatError, MissingExtra, NonFiniteLoss
from .gpt import generate
from .gpt_engines import A_STEP, LARGE, EagerGPT, is_plain, products
from .optim import OPTIMIZERS, Adam, Optimizer
from .progress import Lines, progress_bar
from .recording import can_compile
from .schedules import linear

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeAlias

    from .gpt import GPT
    from .gpt_engines import TextEngine
    from .schedules import Schedule
    from .text import Tokenizer

    Callback: TypeAlias = Callable[[GPT, "TextHistory"], object]

__all__ = ["TextHistory", "fit_text"]

ENGINES = ("auto", "eager", "compiled", "blockwise")


@dataclass(repr=False)
class TextHistory:
    """How the training of a GPT went.

    Attributes:
        loss: of each step, as it was before the step.
        validation: pairs of a number of steps, and the mean loss of the documents held out after so many.
        samples: pairs of a number of steps, and the documents that were made up then.
        seconds: how long it took, compiling included.
        stopped: "steps" when all were done, "callback" or "interrupted".
        engine: which one ran: "eager", "compiled" or "blockwise".
        reader: what ``generate`` takes for the network as the training left it: machine code, where that is compiled.
    """

    loss: list[float] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)
    samples: list[tuple[int, list[str]]] = field(default_factory=list)
    seconds: float = 0.0
    stopped: str = "steps"
    engine: str = "eager"
    reader: Any = field(default=None, init=False, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.loss)

    def __repr__(self) -> str:
        return f"<TextHistory of {len(self)} steps{': ' if self.loss else ''}{self.summary()}>"

    def summary(self) -> str:
        """The mean loss of the last 100 steps, and the last validation loss."""
        last = self.loss[-100:]
        parts = [f"loss {sum(last) / len(last):.3g}"] if last else []
        return ", ".join([*parts, *[f"validation loss {loss:.3f}" for _, loss in self.validation[-1:]]])

    def to_dict(self) -> dict[str, Any]:
        """Everything that JSON can hold."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.init}


def fit_text(
    model: GPT,
    tokenizer: Tokenizer,
    documents: Iterable[str],
    *,
    steps: int = 1000,
    batch_size: int = 1,
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    validation: Iterable[str] = (),
    every: int | None = None,
    samples: int = 5,
    temperature: float = 0.5,
    seed: int = 0,
    progress: bool | str = True,
    callbacks: Iterable[Callback] = (),
    engine: str = "auto",
    checkpoint: Checkpoint | None = None,
) -> TextHistory:
    """Change the parameters of ``model`` so that at each position it foresees what comes next in the documents.

    Every step takes the next ``batch_size`` documents, in their order and from the beginning again: shuffle them
    before.  The loss is the mean over all positions of the batch.  Both engines give the same numbers, to about 1e-12
    where the training is no chaos; "auto" compiles where NumPy and numba are installed.

    Args:
        model: the network.
        tokenizer: what its tokens stand for.
        documents: texts; one with more characters than the context has positions is cut.
        steps: how many.
        batch_size: documents for each step.
        optimizer: of ``model.parameters()``, all of them in their order; by default Adam with the learning rate 0.01
            and betas 0.85 and 0.99.
        schedule: gives the factor of the learning rate for each step, from 0 on; by default it falls linearly to 0.
        validation: documents to measure the loss on.
        every: measure it, make up some documents and write the checkpoint after so many steps; by default at the end.
        samples: how many documents to make up.
        temperature: at which.
        seed: of what draws them.
        progress: show a bar, in a terminal or a notebook, if tqdm is installed; "lines" prints what is prepared before
            the first step, and how far it is after that and now and then.
        callbacks: functions called whenever that was done, with the model and the history so far; one that returns
            True ends the training.
        engine: "auto", "eager", "compiled" or "blockwise".
        checkpoint: a file to write, and to go on from: ``nn.checkpoint.Checkpoint(path, resume=True)``.

    Raises:
        OperandError: it is called inside ``no_grad()``.
        ArgumentError: there are no documents, a character is not in the alphabet, or an argument is out of its range.
        NonFiniteLoss: the loss became nan or infinite; the error tells where, and holds the history.
        MissingExtra: NumPy or numba is not installed, and the engine is "compiled".
    """
    outside_no_grad("fit_text")
    documents, validation = _checked(tokenizer, documents, "documents"), _checked(tokenizer, validation, "validation")
    if not documents:
        raise ArgumentError("there are no documents to learn from")
    if model.vocabulary != tokenizer.vocabulary:
        raise ArgumentError(f"a network of {model.vocabulary} tokens, and a tokenizer of {tokenizer.vocabulary}")
    steps, batch_size = at_least_one(steps, "steps"), at_least_one(batch_size, "batch_size")
    every = steps if every is None else at_least_one(every, "every")
    number(temperature, "the temperature", "a number above 0")
    if type(samples) is not int or samples < 0:
        raise ArgumentError(f"samples is a whole number from 0 on, not {samples!r}")
    if not (checkpoint is None or isinstance(checkpoint, Checkpoint)):
        raise ArgumentError(f"checkpoint is a Checkpoint(path), not {checkpoint!r:.60}")
    optimizer = optimizer or Adam(model.parameters(), lr=0.01, betas=(0.85, 0.99))
    if optimizer.parameters != model.parameters():
        raise ArgumentError("the optimiser of a GPT changes model.parameters(), all of them, in their order")
    factor = function(schedule, "schedule", "the number of the step, from 0 on", takes=1) or linear(steps)
    called = [
        function(f, "each of the callbacks", "(model, history)", takes=2)
        for f in listed(callbacks, "callbacks is a list")
    ]
    history, rng, rate, start = TextHistory(), Random(seed), optimizer.lr, perf_counter()
    settings = [repr(model), tokenizer.alphabet, documents, validation, batch_size, every, samples, temperature]
    state = _State(model, optimizer, history, rng, settings) if checkpoint else None
    if state and checkpoint and checkpoint.resume:
        state.read(checkpoint)
    before = history.seconds
    read = [tokenizer.encode(document) for document in documents[: steps * batch_size]]
    held_out = [tokenizer.encode(document) for document in validation]
    longest = min(max(map(len, read)) - 1, model.context)
    kind = _chosen_engine(engine, model, optimizer, longest, steps)
    history.engine, history.stopped, run = kind.name, "steps", None
    try:
        with Lines(steps, history.loss) if progress == "lines" else progress_bar(steps, shown=bool(progress)) as bar:
            bar.set_description(kind.needs(model, longest))
            bar.update(len(history))
            run = kind(model, optimizer, read, batch_size, steps)
            while len(history) < steps:
                first = len(history)
                stretch = range(first, min((first // every + 1) * every, steps))
                rates = [rate * as_number(factor(step), "the schedule", "gives") for step in stretch]
                batches = [
                    [i % len(documents) for i in range(step * batch_size, (step + 1) * batch_size)] for step in stretch
                ]
                run.train(batches, rates, history.loss, bar.update)
                if len(history) < stretch.stop:
                    raise NonFiniteLoss(
                        _finding(model, [read[i] for i in batches[len(history) - first]]), history, "step"
                    )
                if held_out:
                    history.validation.append((stretch.stop, run.loss(held_out)))
                read_by = run.reader() if samples else model
                made = [generate(read_by, tokenizer, temperature=temperature, rng=rng) for _ in range(samples)]
                history.samples.append((stretch.stop, made))
                history.seconds = before + perf_counter() - start
                bar.set_postfix_str(f"{history.summary()}, {' '.join(made)}"[:100])
                stop = any([f(model, history) is True for f in called])
                if state and checkpoint:
                    state.write(checkpoint)
                if stop:
                    history.stopped = "callback"
                    break
    except KeyboardInterrupt:
        history.stopped = "interrupted"
    finally:
        optimizer.lr = rate
    if run:
        history.reader = run.reader()
    history.seconds = before + perf_counter() - start
    return history


def _checked(tokenizer: Tokenizer, documents: Any, what: str) -> list[str]:
    """The documents in a list, all of whose characters are in the alphabet."""
    found: list[str] = listed(documents, f"{what} is a list of texts")
    if not {*"".join(found)} <= {*tokenizer.alphabet}:
        for document in found:  # the error says which
            tokenizer.encode(document)
    return found


def _chosen_engine(engine: str, model: GPT, optimizer: Optimizer, longest: int, steps: int) -> type[TextEngine]:
    """The class of that name, or the fastest for so many steps of this network.

    Raises:
        MissingExtra, ArgumentError: it cannot run here, or not this.
    """
    name = chosen("engine", engine, {name: name for name in ENGINES})
    known = type(optimizer) in OPTIMIZERS.values()  # of one of your own, the formula may not take arrays
    if name == "eager" or (name == "auto" and not (known and can_compile())):
        return EagerGPT
    if not can_compile():
        raise MissingExtra(f"fit_text(engine={engine!r})", "numba" if find_spec("numpy") else "numpy", "compile")
    if not known:
        raise ArgumentError(f"fit_text(engine={engine!r}) takes an optimiser of nn; 'eager' takes one of your own")
    from .gpt_blockwise import BlockwiseGPT
    from .gpt_compiled import CompiledGPT

    if name == "blockwise" and not is_plain(model):
        raise ArgumentError("fit_text(engine='blockwise') takes a GPT as it is, none with other blocks or layers")
    if name == "auto" and is_plain(model):
        count = products(model, longest)
        name = "blockwise" if count > LARGE or count > A_STEP * steps else "compiled"
    return BlockwiseGPT if name == "blockwise" else CompiledGPT


def _finding(model: GPT, batch: Sequence[Sequence[int]]) -> Any:
    """Where in the graph of the batch a nan or an infinity begins."""
    found = (find_nonfinite(model.loss(document)) for document in batch)
    return next(filter(None, found), "the loss is not finite")


class _State:
    """Where a training stands, for a checkpoint."""

    FORMAT = "scalar-autodiff text checkpoint 1"

    def __init__(
        self, model: GPT, optimizer: Optimizer, history: TextHistory, rng: Random, settings: list[Any]
    ) -> None:
        self.model, self.optimizer, self.history, self.rng = model, optimizer, history, rng
        self.run = sha256(repr(settings).encode()).hexdigest()[:16]

    def write(self, checkpoint: Checkpoint) -> None:
        """Replace the file by where the training stands."""
        remembered = {name: x for name, x in vars(self.optimizer).items() if name not in ("parameters", "lr")}
        state = {
            "format": self.FORMAT,
            "run": self.run,
            "parameters": [p.data for p in self.model.parameters()],
            "optimizer": remembered,
            "generator": self.rng.getstate(),
            "history": self.history.to_dict(),
        }
        write_whole(checkpoint.path, json.dumps(state).encode(), mode=0o600)

    def read(self, checkpoint: Checkpoint) -> None:
        """Set everything to where the training stood."""
        try:
            state = json.loads(checkpoint.path.read_text(encoding="utf-8"))
            if state["format"] != self.FORMAT:
                raise ValueError("its format is another")
            if state["run"] != self.run:
                raise ArgumentError(f"{checkpoint.path} is the checkpoint of another training: begin without resume")
            version, numbers, gauss = state["generator"]
            parameters = [*map(float, state["parameters"])]
            remembered, history = state["optimizer"], TextHistory(**state["history"])
            if len(parameters) != len(self.model.parameters()) or remembered.keys() - vars(self.optimizer).keys():
                raise ValueError("its parameters or its optimiser are others")
            self.rng.setstate((version, tuple(numbers), gauss))
        except ArgumentError:
            raise
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise FileFormatError(f"{checkpoint.path} is no checkpoint of a text, or damaged: {error}") from None
        for p, x in zip(self.model.parameters(), parameters, strict=True):
            p.data = x
        for name, x in remembered.items():
            setattr(self.optimizer, name, tuple(x) if name == "betas" else x)
        history.validation = [(step, loss) for step, loss in history.validation]
        history.samples = [(step, made) for step, made in history.samples]
        vars(self.history).update(history.to_dict())
