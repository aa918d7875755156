"""A node where Python, or code for another library, expects a number: compared, formatted, or refused with a remedy."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from .elsewhere import NamedElsewhere
from .entrance import is_number
from .errors import OperandError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

__all__ = ["NumberLike"]


def _comparison(compare: Callable[[Any, Any], bool]) -> Callable[[NumberLike, Any], bool]:
    def method(self: NumberLike, other: Any) -> bool:
        if isinstance(other, NumberLike):
            return compare(self.data, other.data)
        return compare(self.data, other) if is_number(other) else NotImplemented

    return method


class NumberLike(NamedElsewhere):
    """Equality and order are of the numbers, the hash is of the node."""

    __slots__ = ()

    data: float

    __hash__ = object.__hash__
    __eq__ = _comparison(operator.eq)
    __lt__, __le__ = _comparison(operator.lt), _comparison(operator.le)
    __gt__, __ge__ = _comparison(operator.gt), _comparison(operator.ge)

    def __bool__(self) -> bool:
        return self.data != 0

    def __format__(self, spec: str) -> str:
        """The number in this format, as in f"{loss:.4f}"; without a format, the repr."""
        return format(self.data, spec) if spec else repr(self)

    def __float__(self) -> NoReturn:
        raise OperandError(
            "a Value does not turn into a float by itself, for the gradient would be lost silently: use v.data for the "
            "number, and autodiff.sin(v) or v.sin() in place of math.sin(v) for a function"
        )

    __int__ = __complex__ = __float__
