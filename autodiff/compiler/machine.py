"""Every operation of the table with a fixed number of operands, as a scalar function that numba compiles.

A rule of ``ops`` and a formula of ``formulas`` name other functions and leave open who computes them.  Here their code
runs in one more namespace, beside that of rows and that of floats, in which a name stands for a compiled function.  So
no derivative is written again, and a formula only where Python's own is slow in machine code or does not compile.

A loop ``for t in range(n): out[t] = f(x[t])`` over such a function becomes vector instructions, except for those that
call the C library: pow, cbrt, mod, fmod, asin, acos, atan, atan2 and powlog.
"""

from __future__ import annotations

import math
from functools import cache
from types import FunctionType
from typing import TYPE_CHECKING, Any

from .. import formulas
from ..ops import OPS, NaryOp
from ..row import CONSTANTS, within
from . import machine_math
from .as_python import as_python
from .machine_math import compiled, part
from .own_values import is_own
from .template import rule_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..ops import Op

__all__ = ["MACHINE", "NAMESPACE", "bound", "compiled"]

NAMESPACE: dict[str, Any] = {"__name__": __name__}  # numba imports the module of what it has kept on disk
"""What the names in a rule stand for in machine code: for each operation a function that numba compiles."""


def bound(function: Callable[..., Any], operands: int = 0) -> Any:
    """A rule or formula for numba: its code, in which every name stands for what ``NAMESPACE`` says.

    The result is compiled on its first call, for the types of its operands, and inlined where compiled code calls it.
    Do not give it to numba's disk cache: that tells functions apart by line and byte code, in which the two rules of
    ``sub``, 1.0 and -1.0, are the same.

    >>> slope = bound(OPS["tanh"].partials[0])
    >>> slope(0.0, 0.0)
    1.0
    """
    if str(function.__module__).partition(".")[0] == "autodiff":
        return compiled(within(function, NAMESPACE))
    names: dict[str, Any] = {**NAMESPACE}
    text = rule_text(function, "rule", operands)
    names |= {name: MACHINE[name] for name in OPS if f" = {name}(" in text and not isinstance(OPS[name], NaryOp)}
    exec(text, names)
    return compiled(names["rule"])


@part
def _scaled(factor: float, x: float) -> float:
    """The shorthand of this name."""
    return 0.0 if factor == 0.0 else machine_math.mul0(factor, x)


@cache
def _value(op: Op) -> Any:
    """The row's value for numba: that of ``machine_math``, or else the one that stands in the row."""
    own = getattr(op.value, "__wrapped__", None)  # of an operation from elsewhere, as its author wrote it
    if own is None:
        return getattr(machine_math, op.name, None) or bound(op.value)
    if isinstance(own, FunctionType):
        return as_python(own)
    return as_python((lambda x: own(x)) if len(op.partials) == 1 else lambda x, y: own(x, y))  # math.sqrt, math.pow


class _Machine(dict[str, Any]):
    """Filled with the table; rows that are added later are compiled when asked for, and another of that name anew."""

    def __missing__(self, name: str) -> Any:
        return _value(OPS[name])


NAMESPACE.update(CONSTANTS)
NAMESPACE.update(formulas.NUMBERS)
NAMESPACE.update({name: bound(f) for name, f in formulas.FORMULAS.items() if name not in OPS})
NAMESPACE.update(fabs=machine_math.fabs, isfinite=math.isfinite)
NAMESPACE.update(direction=machine_math.direction)  # the one row of another kind that rules here name

MACHINE = _Machine({name: _value(op) for name, op in OPS.items() if not isinstance(op, NaryOp) and not is_own(name)})
"""For each operation with a fixed number of operands a function that numba compiles; its operands are doubles.

>>> MACHINE["sigmoid"](0.0)
0.5
"""

NAMESPACE.update(MACHINE, scaled=_scaled, guard=MACHINE["clamp"])
