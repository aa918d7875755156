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
_AT_ONCE = 16  # parameters whose gradients are added together
_SMALL = 2.0**-64  # sums of as many numbers stay within the range


def _two_sum(x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
    """Their sum, and what rounding took from it (Knuth)."""
    total = x + y
    part = total - x
    return total, (x - (total - part)) + (y - part)


def _added_up(rows: Numbers) -> tuple[Numbers, Numbers]:
    """The sum of each row, and what rounding took from it: halves are added to halves."""
    lost = np.zeros(len(rows))
    while rows.shape[1] > 1:
        half = rows.shape[1] // 2
        odd = rows[:, 2 * half :]
        rows, error = _two_sum(rows[:, :half], rows[:, half : 2 * half])
        lost += error.sum(axis=1)
        rows = np.concatenate([rows, odd], axis=1) if odd.size else rows
    return rows[:, 0], lost


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
        values, dX = np.empty(N), np.empty(X.shape)
        with np.errstate(all="ignore"):
            gradient = self._gradient(X, parameters, mean, 1.0, values, dX)
            if not np.isfinite(gradient).all():  # a partial sum may be beyond the range, and the gradient within
                scaled = self._gradient(X, parameters, mean, _SMALL, values, dX) / _SMALL
                gradient = np.where(np.isfinite(gradient), gradient, scaled)
            if mean:
                dX /= N
        value = values if each else (formulas.mean if mean else primitives.sum)(values.tolist())
        return value, gradient, dX

    def _gradient(
        self, X: Numbers, parameters: Numbers, mean: bool, scale: float, values: Numbers, dX: Numbers
    ) -> Numbers:
        """The sum or the mean over the samples, times ``scale``; each output, and its derivatives to the inputs."""
        sums = np.zeros((2, self.parameters))
        for low, columns in self._blocks(X):
            here = slice(low, low + _BLOCK)
            values[here], for_inputs, for_parameters = self.value_and_grad(columns, parameters)
            for row, slope in zip(dX, for_inputs, strict=True):
                row[here] = slope
            for first in range(0, self.parameters, _AT_ONCE):
                some = slice(first, first + _AT_ONCE)
                rows = [np.broadcast_to(slope, values[here].shape) for slope in for_parameters[some]]
                more = _added_up(np.array(rows, np.float64) * scale)
                sums[0, some], lost = _two_sum(sums[0, some], more[0])
                sums[1, some] += lost + more[1]
        total, lost = sums
        gradient: Numbers = np.where(np.isfinite(lost), total + lost, total)
        return gradient / X.shape[1] if mean else gradient

    def _blocks(self, X: Numbers) -> Iterator[tuple[int, list[Any]]]:
        for low in range(0, X.shape[1], _BLOCK):
            with np.errstate(all="ignore"):  # beyond the range of float32 is inf or 0
                columns = [row[low : low + _BLOCK].astype(self.precision) for row in X]
            yield low, columns
