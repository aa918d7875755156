"""Your own operation: a row like those of the table, in every mode.

>>> from autodiff import Value
>>> cube = operation("cube", lambda x: x * x * x, lambda x, z: 3 * x * x)
>>> x = Value(2.0, label="x")
>>> y = cube(x)
>>> y.backward()
>>> y.data, x.grad, cube(3.0)
(8.0, 12.0, 27.0)
"""

from __future__ import annotations

import builtins
from functools import wraps
from keyword import iskeyword
from math import nan
from typing import TYPE_CHECKING, overload

from . import functions
from .entrance import as_number
from .errors import LengthError, OperationError
from .forks import no_fork
from .ops import OPS
from .row import FLOATS, NaryOp, Op

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Function = Callable[..., Any]

__all__ = ["operation"]


@overload
def operation(name: str, value: Function, /, *derivatives: Function, nary: bool = False) -> Op: ...
@overload
def operation(derivative: Function, /, *derivatives: Function, nary: bool = False) -> Callable[[Function], Op]: ...


def operation(first: Any, /, *others: Any, nary: bool = False) -> Any:  # noqa: D417 (the overloads name them)
    """Add an operation to the table, and get what is called: on numbers it gives a float, on Values a node.

    Args:
        name: a new name, such as "cube"; pictures, formulas and ``OPS`` have it by that.
        value: the number, from one float for each operand.
        derivatives: for each operand the partial derivative, from the operands and the output: ``(x, z)`` or
            ``(x, y, z)``.  Write it with operators and operations, ``ad.cos(x)``, so that it has derivatives of its
            own; ``ad.where`` chooses between cases.
        nary: any number of operands.  Then ``value`` takes a list of floats, and the one derivative (list, output)
            gives the list of all partial derivatives.

    As a decorator it takes the derivatives, and the name of the function.  Defined again in the same place, as when a
    cell of a notebook is run once more, it takes the place of the one before.

    Where ``value`` raises ValueError, ZeroDivisionError or OverflowError, or gives a complex number, the value is nan;
    return ``math.inf`` where that is meant.  A derivative that divides by zero has the result of IEEE 754.

    Raises:
        OperationError: the name is taken or is none, something cannot be called, or there are not as many derivatives
            as operands.

    >>> @operation(lambda x, y, z: 2 * x, lambda x, y, z: -1.0)
    ... def drop(x, y):
    ...     return x * x - y
    >>> drop(3.0, 2.0), drop
    (7.0, <op drop: drop(x, y)>)
    """
    if isinstance(first, str):
        if not others:
            raise OperationError(f"operation {first!r}: its value is missing, a function of floats")
        return _added(first, others[0], others[1:], nary)
    if not callable(first) or len(_parameters(first) or [first] * 2) < 2:
        raise OperationError(
            "operation: first comes the name, a text; as a decorator, the derivatives alone, of the operands and the "
            f"output, not {first!r}"
        )
    return lambda value: _added(getattr(value, "__name__", ""), value, (first, *others), nary)


def _added(name: str, value: Function, derivatives: tuple[Function, ...], nary: bool) -> Op:
    where = f"operation {name!r}"
    if not name.isidentifier() or iskeyword(name) or name.startswith("_"):
        raise OperationError(f"{where}: a name has letters, digits and _, and begins with a letter; take another")
    place = _place(value)
    if place and getattr(OPS.get(name), "place", None) == place:  # a cell of a notebook is run again
        return _replaced(name, value, derivatives, nary)
    if name in OPS:
        raise OperationError(f"{where}: there is one of this name, ad.OPS[{name!r}]; take another name")
    if name in FLOATS or name in _RESERVED or hasattr(builtins, name) or hasattr(functions, name):
        raise OperationError(f"{where}: this name is taken; take another")
    for what, function in [("value", value), *[("derivative", f) for f in derivatives]]:
        if not callable(function):
            raise OperationError(f"{where}: its {what} is a function, not {function!r}")
    names = _parameters(value)
    wanted = 1 if nary else len(derivatives) if names is None else len(names)
    if len(derivatives) != wanted or not derivatives:
        operands = "any number of operands" if nary else f"{wanted} operand{'s' * (wanted != 1)}"
        raise OperationError(
            f"{where} has {operands} and so takes {max(wanted, 1)} derivative{'s' * (wanted > 1)}, "
            f"not {len(derivatives)}"
        )
    takes = 2 if nary else wanted + 1
    for derivative in derivatives:
        given = _parameters(derivative)
        if given is not None and len(given) != takes:
            raise OperationError(
                f"{where}: a derivative takes the operands and the output, {takes} in all, not {len(given)}"
            )
    notation = f"{name}({'…' if nary else ', '.join(names or ['…'])})"
    made: _Own | _OwnNary
    if nary:
        made = _OwnNary(name, notation, _value(where, value, 1), _nary_rule(where, derivatives[0]))
    else:
        made = _Own(name, notation, _value(where, value, wanted), *[_rule(where, f) for f in derivatives])
    made.__doc__, made.place = value.__doc__, place
    return made


def _place(value: Function) -> tuple[Any, ...]:
    """Where a function of Python was defined; that of a lambda is its line, for it has no name."""
    code = getattr(value, "__code__", None)
    if code is None:
        return ()
    return value.__module__, value.__qualname__, code.co_firstlineno if value.__name__ == "<lambda>" else 0


def _replaced(name: str, value: Function, derivatives: tuple[Function, ...], nary: bool) -> Op:
    """The operation made anew; the one before stays if it cannot be."""
    before = OPS.pop(name), FLOATS.pop(name)
    try:
        return _added(name, value, derivatives, nary)
    except BaseException:
        OPS[name], FLOATS[name] = before
        raise


class _Own(Op):
    """One with the docstring of its value, and the place where that was defined."""

    place: tuple[Any, ...]


class _OwnNary(NaryOp):
    """The same of any number of operands."""

    place: tuple[Any, ...]


_RESERVED = {"forward", "value_and_grad", "inputs", "parameters", "seeds", "inf", "nan", "number"}
"""What the text of a program calls other things."""


def _parameters(function: Function) -> list[str] | None:
    """The names of what a function takes; None where it does not say how many."""
    with no_fork:
        from inspect import signature  # it takes long to load, and few programs need it

    try:
        found = [*signature(function).parameters.values()]
    except (TypeError, ValueError):
        return None
    if any(x.kind is x.VAR_POSITIONAL for x in found):
        return None
    return [x.name for x in found if x.default is x.empty and x.kind is not x.KEYWORD_ONLY]


def _value(where: str, value: Function, takes: int) -> Function:
    """The value on floats: total, and a float."""

    @wraps(value)
    def total(*operands: Any) -> float:
        if len(operands) != takes:
            raise LengthError(f"{where} takes {takes} operand{'s' * (takes != 1)}, not {len(operands)}")
        try:
            z = value(*operands)
        except (ValueError, ArithmeticError):
            return nan
        return nan if isinstance(z, complex) else as_number(z, f"{where}: its value", "is")

    return total


def _rule(where: str, derivative: Function) -> Function:
    """A derivative; on floats it is total, and a float."""

    @wraps(derivative)
    def rule(*operands: Any) -> Any:
        z = operands[-1]
        if not isinstance(z, float):
            return derivative(*operands)
        try:
            slope = derivative(*operands)
        except ZeroDivisionError:
            if type(z) is float:
                raise  # the row asks again, with numbers that divide as IEEE 754 says
            return nan
        except (ValueError, OverflowError):
            return nan
        return slope if type(slope) is float else nan if isinstance(slope, complex) else _number(where, slope)

    return rule


def _nary_rule(where: str, derivative: Function) -> Function:
    """The derivatives to any number of operands."""

    @wraps(derivative)
    def rule(xs: Any, z: Any) -> Any:
        try:
            slopes = derivative(xs, z)
        except (ValueError, OverflowError):
            if isinstance(z, float):
                return [nan] * len(xs)
            raise
        if not isinstance(slopes, (list, tuple)) or len(slopes) != len(xs):
            raise LengthError(f"{where}: its derivative is a list, one number for each of the {len(xs)} operands")
        return [_number(where, slope) for slope in slopes] if isinstance(z, float) else slopes

    return rule


def _number(where: str, slope: Any) -> float:
    return as_number(slope, f"{where}: its derivative", "is")
