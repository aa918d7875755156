"""A node where Python, or code for another library, expects a number: compared, formatted, or refused with a remedy.

What users set as its number and its gradient goes through the entrance for numbers.  The engine itself reads and writes
the slots, ``_data`` and ``_grad``, which is faster, and puts floats there and nothing else.
"""

from __future__ import annotations

import operator
from operator import attrgetter
from typing import TYPE_CHECKING

from .comparing import Comparison, compared, truth_of
from .elsewhere import NamedElsewhere
from .entrance import as_number, is_number
from .errors import OperandError
from .pausing import paused_somewhere
from .tracing import open_traces, trace_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

__all__ = ["NumberLike"]


def _comparison(row: str, compare: Callable[[Any, Any], bool]) -> Callable[[NumberLike, Any], bool]:
    """The operator of a row: a truth that remembers what was compared; inside ``no_grad()`` a bool."""

    def method(self: NumberLike, other: Any) -> Any:
        if isinstance(other, NumberLike):
            truth = compare(self._data, other._data)
        elif is_number(other):
            truth = bool(compare(self._data, other))
        else:
            return NotImplemented
        if open_traces or paused_somewhere:
            return compared(truth, row, (self, other))
        return Comparison(truth, row, (self, other))

    return method


class NumberLike(NamedElsewhere):
    """Equality and order are of the numbers, the hash is of the node."""

    __slots__ = ("_data", "_grad")

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
    __eq__, __ne__ = _comparison("equal", operator.eq), _comparison("not_equal", operator.ne)
    __lt__, __le__ = _comparison("less", operator.lt), _comparison("less_equal", operator.le)
    __gt__, __ge__ = _comparison("greater", operator.gt), _comparison("greater_equal", operator.ge)

    def __bool__(self) -> bool:
        return truth_of(self) if open_traces else self._data != 0

    def __format__(self, spec: str) -> str:
        """The number in this format, as in f"{loss:.4f}"; without a format, the repr."""
        return format(self._data, spec) if spec else repr(self)

    def __float__(self) -> NoReturn:
        raise OperandError(
            "a Value does not turn into a float by itself, for the gradient would be lost silently: use v.data for the "
            "number, and the functions of autodiff in place of those of math: autodiff.exp(v), autodiff.sin(v)"
        )

    def __index__(self) -> int:
        """A whole number where one is asked for; only while a function is traced, which guards it."""
        if open_traces and trace_of(self) and self._data.is_integer() and self == self._data:  # to ask is the guard
            return int(self._data)
        return self.__float__()

    __int__ = __complex__ = __float__
