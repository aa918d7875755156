"""An optimiser's own formula on arrays: all parameters at once, to the same bits.

This module is loaded when it is used, for it needs NumPy.
"""

from __future__ import annotations

from functools import cache
from types import FunctionType, SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from . import optim

if TYPE_CHECKING:
    from typing import Any

    from .optim import Optimizer

__all__ = ["stepped", "to_arrays", "to_lists", "vectorised"]


def vectorised(optimizer: Optimizer) -> Any:
    """The optimiser, its attributes shared, with a ``slope`` that takes arrays; None for one that is not of ``nn``."""
    kind: Any = type(optimizer)
    if kind.__module__ != optim.__name__:
        return None
    twin: Any = object.__new__(_on_arrays(kind))
    twin.__dict__ = vars(optimizer)
    return twin


def stepped(twin: Any, numbers: Any, gradient: Any) -> Any:
    """The parameters after a step from these numbers."""
    twin.steps += 1
    return numbers - twin.lr * twin.slope(slice(None), SimpleNamespace(data=numbers, grad=gradient))


def to_arrays(twin: Any) -> None:
    """What the optimiser remembers of each parameter becomes arrays."""
    for name, state in _state(twin):
        setattr(twin, name, np.array(state))


def to_lists(twin: Any) -> None:
    """And lists of floats again, as everyone else expects them."""
    for name, state in _state(twin):
        setattr(twin, name, [*map(float, state)])


def _state(twin: Any) -> list[tuple[str, Any]]:
    return [(name, x) for name, x in vars(twin).items() if isinstance(x, (list, np.ndarray)) and name != "parameters"]


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
