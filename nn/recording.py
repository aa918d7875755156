"""What may be recorded once for all samples: the graph of one is then run over the others by ``autodiff.compile``."""

from __future__ import annotations

from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

import autodiff as ad
from autodiff.pausing import recording

from . import losses
from .activations import identity
from .layers import Dropout, Layer, Neuron, Sequential

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from .module import Module

__all__ = ["can_compile", "is_known", "is_known_loss", "leaving_no_trace"]


def can_compile() -> bool:
    """Whether the packages are installed that ``autodiff.compile`` makes machine code with."""
    return find_spec("numpy") is not None and find_spec("numba") is not None


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
    ours = g is identity or getattr(ad, getattr(g, "__name__", ""), None) is g
    return ours and type(module)._output is Neuron._output and all(w.op is None for w in module.parameters())


def is_known_loss(loss: Callable[..., Any]) -> bool:
    """Whether it is one of this package, of which one recording holds for all samples."""
    return loss in losses.LOSSES.values() and loss.__module__ == losses.__name__


@contextmanager
def leaving_no_trace(model: Module) -> Iterator[None]:
    """For what is recorded once, inside ``no_grad()`` too: a neuron's S is that of the last call by anyone else."""
    before = [(vars(module), vars(module).get("S")) for module in model.modules() if isinstance(module, Neuron)]
    try:
        with recording():
            yield
    finally:
        for attributes, S in before:
            attributes.pop("S", None)
            if S is not None:
                attributes["S"] = S
