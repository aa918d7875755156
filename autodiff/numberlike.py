"""A node where Python, or code for another library, expects a number: compared, formatted, or refused with a remedy.

What users set as its number and its gradient goes through the entrance for numbers.  The engine itself reads and writes
the slots of the node, ``_data`` and ``_grad``, which is faster, and puts floats there and nothing else.
"""

from __future__ import annotations

import operator
from operator import attrgetter
from typing import TYPE_CHECKING

from .elsewhere import NamedElsewhere
from .entrance import as_number, is_number
from .errors import OperandError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

__all__ = ["NumberLike"]


def _comparison(compare: Callable[[Any, Any], bool]) -> Callable[[NumberLike, Any], bool]:
    def method(self: NumberLike, other: Any) -> bool:
        if isinstance(other, NumberLike):
            return compare(self._data, other._data)
        return compare(self._data, other) if is_number(other) else NotImplemented

    return method


class NumberLike(NamedElsewhere):
    """Equality and order are of the numbers, the hash is of the node."""

    if not TYPE_CHECKING:
        __slots__ = ()  # they are the node's

    _data: float
    _grad: float

    @property
    def data(self) -> float:
        """The number."""
        return self._data

    @data.setter
    def data(self, x: float) -> None:
        self._data = x if type(x) is float else as_number(x, "v.data")

    @property
    def grad(self) -> float:
        """The derivative of an output to the number; None, with which PyTorch clears a gradient, sets it to 0.0."""
        return self._grad

    @grad.setter
    def grad(self, x: float | None) -> None:
        self._grad = x if type(x) is float else 0.0 if x is None else as_number(x, "v.grad")

    if not TYPE_CHECKING:  # they are read through C, in half the time
        data = property(attrgetter("_data"), data.fset, doc=data.__doc__)
        grad = property(attrgetter("_grad"), grad.fset, doc=grad.__doc__)

    __hash__ = object.__hash__
    __eq__ = _comparison(operator.eq)
    __lt__, __le__ = _comparison(operator.lt), _comparison(operator.le)
    __gt__, __ge__ = _comparison(operator.gt), _comparison(operator.ge)

    def __bool__(self) -> bool:
        return self._data != 0

    def __format__(self, spec: str) -> str:
        """The number in this format, as in f"{loss:.4f}"; without a format, the repr."""
        return format(self._data, spec) if spec else repr(self)

    def __float__(self) -> NoReturn:
        raise OperandError(
            "a Value does not turn into a float by itself, for the gradient would be lost silently: use v.data for the "
            "number, and the functions of autodiff in place of those of math: autodiff.exp(v), autodiff.sin(v)"
        )

    __int__ = __complex__ = __float__
