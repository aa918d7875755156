"""The loops over a graph that lowering makes, each of which visits every operand once: compiled where it pays."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np

from .assembler import ArrayFunction
from .cache import njit
from .operands import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["compiled_if_large"]

_SMALL = 5_000  # numbers in the longest argument
_LEAST = 200  # where the machine code is there already, as for the bodies of loops


def compiled_if_large(function: Callable[..., Any]) -> Callable[..., Any]:
    """Machine code for a large graph; for a small one the loop as it is."""
    machine_code, by_numba = ArrayFunction(function), njit()(function)

    @wraps(function)
    def run(*arguments: Any) -> Any:
        small = _LEAST if machine_code.compiled else _SMALL
        if max(x.size for x in arguments if isinstance(x, np.ndarray)) < small:
            return function(*arguments)
        try:
            return machine_code(*arguments)
        except Unsupported:  # on this system
            return by_numba(*arguments)

    return run
