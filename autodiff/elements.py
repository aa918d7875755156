"""The elements of what is given to a function of any number of operands, or an error that says how to give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import LengthError, OperandError

if TYPE_CHECKING:
    from typing import Any

__all__ = ["listed"]


def listed(name: str, xs: Any, at_least_one: bool = False) -> list[Any] | tuple[Any, ...]:
    """The elements of what was given to ``name`` for an iterable."""
    elements = xs if isinstance(xs, (list, tuple)) else _elements(name, xs)
    if at_least_one and not elements:
        raise LengthError(f"{name} of no numbers is not defined; give it at least one")
    return elements


def _elements(name: str, xs: Any) -> list[Any]:
    if isinstance(xs, (str, bytes, bytearray)):
        remedy = "convert it first: [float(word) for word in text.split()]"
    elif isinstance(xs, dict):
        remedy = "give its .values()"
    else:
        try:
            elements = iter(xs)
        except TypeError:
            remedy = "put it in a list, [x]"
        else:
            return list(elements)
    raise OperandError(f"{name} takes an iterable of numbers and Values, not {type(xs).__name__}; {remedy}")
