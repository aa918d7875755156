"""The one entrance for numbers: what becomes a float, and what is refused with a remedy."""

from __future__ import annotations

import sys
from numbers import Complex, Real

from .errors import OperandError

__all__ = ["as_element", "as_label", "as_number", "is_missing", "is_number", "is_time"]


_MISSING = ("NAType", "NaTType", "MaskedConstant")
_TIMES = ("date", "datetime", "datetime64", "time", "timedelta", "timedelta64", "Timedelta", "Timestamp")


def is_number(x: object) -> bool:
    """Whether ``x`` is a real number: int, bool, float, or a NumPy scalar of such a kind.

    >>> is_number(2), is_number("2"), is_number(2j)
    (True, False, False)
    """
    numpy = sys.modules.get("numpy")  # who holds one of its scalars has imported it
    return isinstance(x, (float, int, Real)) or (numpy is not None and isinstance(x, numpy.bool_))


def is_missing(x: object) -> bool:
    """Whether ``x`` stands where a number is missing: None, or what pandas and masked arrays have for it."""
    return x is None or type(x).__name__ in _MISSING


def is_time(x: object) -> bool:
    """Whether ``x`` is a date or a duration of NumPy, or an array of them."""
    return getattr(getattr(x, "dtype", None), "kind", "") in ("m", "M")


def as_number(x: object, where: str = "a Value", verb: str = "takes") -> float:
    """Return ``x`` as a float; refuse what is not a real number, saying ``where`` it was given.

    int, bool, float and NumPy's real scalars become float.

    >>> as_number(True)
    1.0
    """
    if type(x) is float:
        return x
    if is_number(x):
        try:
            return float(x)  # type: ignore[arg-type]
        except OverflowError:
            raise OperandError(f"{where}: an integer of this size does not fit a float; scale it first") from None
    raise OperandError(f"{where} {verb} a real number, not {type(x).__name__} {_short(x)}{_remedy(x)}")


def as_element(x: object, place: str, what: str = "") -> float:
    """The same for an element of a column, a sample or a table, which may be missing there.

    >>> as_element(None, "sample 3")
    Traceback (most recent call last):
        ...
    autodiff.errors.OperandError: sample 3 is missing or masked; fill it in, or leave it out
    """
    if is_missing(x):
        raise OperandError(f"{place} is missing or masked; fill it in, or leave it out")
    where = f"{place}: {what}" if what else place
    if is_time(x):
        raise OperandError(f"{where} takes a real number, not the time {x}; give the days since a date, say")
    return as_number(x, where)


def as_label(label: object, *more: object) -> str:
    """Return the label of a Value; refuse what is no text, such as micrograd's ``Value(data, children, operation)``.

    >>> as_label((), "+")
    Traceback (most recent call last):
        ...
    autodiff.errors.OperandError: Value(number, label) takes a text as label, not (), '+'; a node with parents comes ...
    """
    if isinstance(label, str) and not more:
        return label
    given = ", ".join([_short(x) for x in (label, *more)])
    raise OperandError(
        f"Value(number, label) takes a text as label, not {given}; a node with parents comes from operating on them, "
        "as in a + b"
    )


def _short(x: object) -> str:
    text = repr(x)
    return text if len(text) <= 40 else text[:37] + "..."


def _remedy(x: object) -> str:
    if isinstance(x, (str, bytes)):
        return "; convert it first: float(text)"
    if type(x).__name__ in _MISSING:
        return "; fill it in, or leave it out"
    if type(x).__name__ in _TIMES:
        return "; give the days since a date, say"
    if isinstance(x, Complex):
        return "; derivatives here are of real functions: use its real and imaginary parts"
    if x is None:
        return "; did the function forget to return?"
    if hasattr(x, "apply_op"):
        return "; it is a Value already: use it as it is, v.detach() for a new leaf, or v.data for the number"
    if hasattr(x, "__next__"):
        return "; put what it gives in a list: [*x]"
    if hasattr(x, "__len__"):
        return "; apply the operation to each element (np.exp(array) does so for arrays of Values)"
    if hasattr(x, "__float__"):
        return "; convert it first: float(x)"
    return ""
