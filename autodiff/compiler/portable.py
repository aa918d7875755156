"""A program where there is no machine code: its own text, run by NumPy over blocks of samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import formulas, primitives
from .namespaces import build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

__all__ = ["Portable"]

_BLOCK = 4096  # samples at once: their gradients with respect to every parameter are kept apart until they are added


class Portable:
    """The text of a program with one output or several, for so many parameters."""

    def __init__(self, text: str, outputs: int, parameters: int, single: bool, precision: str) -> None:
        self.forward, self.value_and_grad = build(text, "numpy")
        self.outputs, self.parameters, self.single = outputs, parameters, single
        self.precision = np.dtype(precision)

    def evaluate(self, X: Numbers, parameters: Numbers, threads: int) -> Numbers:
        """The outputs, of shape (outputs, N)."""
        Y = np.empty((self.outputs, X.shape[1]))
        for low, columns in self._blocks(X):
            result = self.forward(columns, parameters)
            for row, y in zip(Y, [result] if self.single else result, strict=True):
                row[low : low + _BLOCK] = y
        return Y

    def differentiate(
        self, X: Numbers, parameters: Numbers, threads: int, mean: bool, each: bool
    ) -> tuple[Any, Numbers, Numbers]:
        """The mean or the sum, or each of the outputs; the gradients with respect to parameters and to inputs."""
        N = X.shape[1]
        scale = 1 / N if mean else 1.0
        values, gradient, dX = np.empty(N), np.zeros(self.parameters), np.empty(X.shape)
        with np.errstate(all="ignore"):
            for low, columns in self._blocks(X):
                here = slice(low, low + _BLOCK)
                values[here], for_inputs, for_parameters = self.value_and_grad(columns, parameters)
                for row, slope in zip(dX, for_inputs, strict=True):
                    row[here] = slope
                for i, slope in enumerate(for_parameters):
                    column = np.broadcast_to(slope, values[here].shape)
                    gradient[i] += np.multiply(column, scale, dtype=np.float64).sum()
            dX *= scale
        value = values if each else (formulas.mean if mean else primitives.sum)(values.tolist())
        return value, gradient, dX

    def _blocks(self, X: Numbers) -> Iterator[tuple[int, list[Any]]]:
        for low in range(0, X.shape[1], _BLOCK):
            with np.errstate(all="ignore"):  # beyond the range of float32 is inf or 0
                columns = [row[low : low + _BLOCK].astype(self.precision) for row in X]
            yield low, columns
