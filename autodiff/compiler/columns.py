"""The entrance for columns of numbers: what becomes an array of floats, and what is refused by its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.ma import MaskedArray  # which `np.ma` would import at some later moment

from ..entrance import as_element
from ..errors import OperandError

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

__all__ = ["as_column"]


def as_column(x: Any, where: str, axes: tuple[str, ...] = ("sample",)) -> NDArray[np.float64]:
    """Return ``x`` as an array of floats; refuse what holds anything but real numbers, naming the first such element.

    Lists, arrays, the columns of tables and whatever else NumPy reads may hold what ``as_element`` takes.  NumPy's own
    conversion would read text, drop imaginary parts, count dates in whatever unit they have, and unmask.

    Args:
        x: numbers, or a number alone.
        where: what they were given for.
        axes: what the places of an element are called.

    >>> as_column([1, True, 2.5], "column 0").tolist()
    [1.0, 1.0, 2.5]
    >>> as_column([1.0, None], "column 0")
    Traceback (most recent call last):
        ...
    autodiff.errors.OperandError: column 0: sample 1 is missing or masked; fill it in, or leave it out
    """
    if type(x) is np.ndarray and x.dtype.char == "d" and x.dtype.isnative and x.flags.c_contiguous:
        return x  # a microsecond sooner
    kinds = {type(x), *(map(type, x) if isinstance(x, (list, tuple)) else ())}
    if any(issubclass(kind, MaskedArray) for kind in kinds):
        raise OperandError(f"{where}: elements are masked; fill them in, x.filled(0.0), or leave them out")
    try:
        array = np.asarray(x)
        if not _is_real(array.dtype) or _may_lack(x, array):
            array = np.asarray(x, dtype=object)
            numbers = [_element(element, where, axes, place) for place, element in np.ndenumerate(array)]
            array = np.array(numbers, dtype=np.float64).reshape(array.shape)
        with np.errstate(all="ignore"):  # a longer float may be beyond the range, and is inf or 0
            return array.astype(np.float64, order="C", copy=False)
    except OperandError:
        raise
    except Exception as error:  # whatever __array__ raises, or lists of several lengths
        raise OperandError(f"{where} must hold real numbers, in one array: {error}") from error


def _is_real(dtype: Any) -> bool:
    """Whether all of that type are real numbers; NumPy does not know all such types itself, JAX's bfloat16 for one."""
    return dtype.kind in "biuf" or bool(dtype.kind == "V" and dtype.type.__module__ != "numpy")


def _may_lack(x: Any, array: NDArray[Any]) -> bool:
    """Whether a nan may stand for what is missing in ``x``: pandas converts its own columns so."""
    return array.dtype.kind == "f" and not isinstance(x, (np.ndarray, list, tuple)) and bool(np.isnan(array).any())


def _element(x: Any, where: str, axes: tuple[str, ...], place: tuple[int, ...]) -> float:
    names = ", ".join([f"{axis} {i}" for axis, i in zip(axes[-len(place) :], place, strict=False)]) if place else ""
    at = f"{where}: {names}" if names else where
    if hasattr(x, "apply_op"):
        try:
            return float(x)  # which says why not
        except OperandError as error:
            raise OperandError(f"{at}: {error}") from None
    return as_element(x, at)
