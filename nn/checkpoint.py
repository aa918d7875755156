"""Where a training stands, in a file: it goes on from there, after a stop, as if there had been none.

>>> from tempfile import TemporaryDirectory
>>> from nn import MLP, data, fit
>>> moons = data.load("moons", n=20)
>>> settings = {"optimizer": "adam", "batch_size": 5, "progress": False}
>>> whole, stopped = MLP(2, [3, 2], seed=0), MLP(2, [3, 2], seed=0)
>>> full = fit(whole, moons.X, moons.y, epochs=4, **settings)
>>> with TemporaryDirectory() as folder:
...     file = f"{folder}/moons.json"
...     first = fit(stopped, moons.X, moons.y, epochs=3, checkpoint=Checkpoint(file), **settings)
...     rest = fit(stopped, moons.X, moons.y, epochs=4, checkpoint=Checkpoint(file, resume=True), **settings)
>>> rest.loss == full.loss and stopped.state_dict() == whole.state_dict()
True
"""

from __future__ import annotations

import json
import os
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING

from autodiff.entrance import is_number
from autodiff.files import write_whole

from .arguments import file_at
from .errors import ArgumentError, FileFormatError
from .layers import Dropout

if TYPE_CHECKING:
    from typing import Any

    from .best import Best
    from .engine import Engine

__all__ = ["Checkpoint"]

_FORMAT = "scalar-autodiff checkpoint 1"


class Checkpoint:
    """A file that ``fit`` writes after each epoch, and that a later ``fit`` with the same arguments goes on from.

    It holds the parameters, what the optimiser remembers, the generators of random numbers, the history and the best
    parameters so far.  So the resumed training is that without a stop, to the last bit, unless something of your own
    draws random numbers.  More ``epochs`` may be asked for than before.

    Args:
        path: of the file, which is JSON, and is replaced as a whole or not at all.
        resume: go on from what the file holds, instead of beginning anew.

    Raises:
        ArgumentError: there is no such file to go on from, or no such folder; or, from ``fit``, it is that of another
            training, or the optimiser remembers what is no number.
        FileFormatError: the file is damaged, or no checkpoint.
    """

    def __init__(self, path: str | os.PathLike[str], resume: bool = False) -> None:
        self.path = file_at(path, "checkpoint")
        self.resume = resume
        if not self.path.parent.is_dir():
            raise ArgumentError(f"checkpoint: there is no folder {str(self.path.parent)!r}")
        if self.path.is_dir():
            raise ArgumentError(f"checkpoint: {str(path)!r} is a folder; give the name of a file in it")
        if resume and not self.path.is_file():
            raise ArgumentError(f"checkpoint: there is no file {str(path)!r} to go on from: begin without resume")

    def begin(self, engine: Engine, rng: Random, best: Best, **settings: Any) -> int:
        """Set everything to where the training stood, if it is to go on; how many epochs have been."""
        t = self.training = engine.training
        self.best = best
        dropouts = [module.rng for module in t.model.modules() if isinstance(module, Dropout)]
        self.generators = [rng, *(other for other in dropouts if other is not rng)]
        scalars = {name: x for name, x in vars(t.optimizer).items() if not hasattr(x, "__len__") or name == "betas"}
        self.run = {
            "the model": repr(t.model),
            "number of parameters": len(best.parameters),
            "loss": getattr(t.loss, "__name__", type(t.loss).__name__),
            "engine": engine.name,
            "optimiser": [type(t.optimizer).__name__, scalars],
            "l2 and l1": [t.l2, t.l1],
            "samples and targets": sha256(repr((t.samples, t.held_out)).encode()).hexdigest()[:16],
            **settings,
        }
        if self.resume:
            self._restore()
        return len(t.history)

    def write(self) -> None:
        """Replace the file by where the training stands."""
        try:
            text = json.dumps({"format": _FORMAT, "run": self.run, **self._state()})
        except TypeError as error:
            raise ArgumentError(f"checkpoint: the optimiser remembers what is no number: {error}") from None
        write_whole(self.path, text.encode(), mode=0o600)

    def _state(self) -> dict[str, Any]:
        optimizer = vars(self.training.optimizer)
        return {
            "parameters": self.best.now(),
            "optimizer": {name: _listed(x) for name, x in optimizer.items() if name not in ("parameters", "lr")},
            "generators": [generator.getstate() for generator in self.generators],
            "best": self.best.kept,
            "history": vars(self.training.history),
        }

    def _restore(self) -> None:
        state, t = self._read(), self.training
        for p, number in zip(self.best.parameters, state["parameters"], strict=True):
            p.data = number
        for name, x in state["optimizer"].items():
            setattr(t.optimizer, name, tuple(x) if isinstance(getattr(t.optimizer, name), tuple) else x)
        for generator, (version, numbers, gauss) in zip(self.generators, state["generators"], strict=True):
            generator.setstate((version, tuple(numbers), gauss))
        self.best.kept = state["best"][0], state["best"][1]
        vars(t.history).update(state["history"])
        if t.history.stopped != "early stopping":
            t.history.stopped = "epochs"

    def _read(self) -> dict[str, Any]:
        """What the file holds, once it is sure that all of it fits."""
        try:
            state: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
            if state["format"] != _FORMAT:
                raise ValueError("its format is another")
            there, here = state["run"], json.loads(json.dumps(self.run))
            for name in here:
                if there[name] != here[name]:
                    raise ArgumentError(
                        f"{self.path} is the checkpoint of another training: "
                        f"{name} was {there[name]!r:.90}, and is {here[name]!r:.90}"
                    )
            expected, epochs = self._state(), len(state["history"]["epoch"])
            expected["history"] |= {name: [0.0] * epochs for name in self.training.history.COLUMNS}
            for part, x in expected.items():
                if not _alike(state[part], json.loads(json.dumps(x))):
                    raise ValueError(f"its {part} do not fit")
            for version, numbers, gauss in state["generators"]:
                Random().setstate((version, tuple(numbers), gauss))
        except ArgumentError:
            raise
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            raise FileFormatError(f"{self.path} is no checkpoint, or damaged: {error}") from None
        return state


def _alike(x: Any, y: Any) -> bool:
    """Whether they are built alike, of numbers (or None for one) and texts."""
    if isinstance(x, dict) and isinstance(y, dict):
        return x.keys() == y.keys() and all(_alike(x[name], y[name]) for name in y)
    if isinstance(x, list) and isinstance(y, list):
        return len(x) == len(y) and all(map(_alike, x, y))
    if isinstance(y, str) or isinstance(x, str):
        return isinstance(x, str) and isinstance(y, str)
    return (x is None or is_number(x)) and (y is None or is_number(y))


def _listed(x: Any) -> Any:
    return x.tolist() if hasattr(x, "tolist") else x  # as the compiled engine keeps it
