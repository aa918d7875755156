"""Every operation of the table with a fixed number of operands, as a scalar function that numba compiles.

A rule of ``ops`` and a formula of ``ieee`` name other functions and leave open who computes them.  Here their code runs
in one more namespace, beside that of rows and that of floats, in which a name stands for a compiled function.  So no
derivative is written again, and a formula only where Python's own is slow in machine code or does not compile.

A loop ``for t in range(n): out[t] = f(x[t])`` over such a function becomes vector instructions, except for those that
call the C library: pow, cbrt, mod, asin, acos, atan, atan2 and powlog.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import ieee
from ..ops import OPS, NaryOp
from ..row import CONSTANTS, within
from . import machine_math
from .machine_math import compiled, part

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..ops import Op

__all__ = ["MACHINE", "NAMESPACE", "bound", "compiled"]

NAMESPACE: dict[str, Any] = {"__name__": __name__}  # numba imports the module of what it has kept on disk
"""What the names in a rule stand for in machine code: for each operation a function that numba compiles."""


def bound(function: Callable[..., Any]) -> Any:
    """A rule or formula for numba: its code, in which every name stands for what ``NAMESPACE`` says.

    The result is compiled on its first call, for the types of its operands, and inlined where compiled code calls it.
    Do not give it to numba's disk cache: that tells functions apart by line and byte code, in which the two rules of
    ``sub``, 1.0 and -1.0, are the same.

    >>> slope = bound(OPS["tanh"].partials[0])
    >>> slope(0.0, 0.0)
    1.0
    """
    return compiled(within(function, NAMESPACE))


@part
def _one_or_zero(condition: bool) -> float:
    """What ``float`` makes of a bool."""
    return 1.0 if condition else 0.0


@part
def _scaled(factor: float, x: float) -> float:
    """The shorthand of this name."""
    return 0.0 if factor == 0.0 else machine_math.mul0(factor, x)


def _value(op: Op) -> Any:
    """The row's value for numba: this package's own, or else the one that stands in the row."""
    return getattr(machine_math, op.name, None) or bound(op.value)


NAMESPACE.update(CONSTANTS)
NAMESPACE.update({name: x for name, x in vars(ieee).items() if type(x) is float})
NAMESPACE.update(copysign=machine_math.copysign, fabs=machine_math.fabs, float=_one_or_zero, isfinite=math.isfinite)
NAMESPACE.update(direction=machine_math.direction)  # the one row of another kind that rules here name

MACHINE: dict[str, Any] = {name: _value(op) for name, op in OPS.items() if not isinstance(op, NaryOp)}
"""For each operation with a fixed number of operands a function that numba compiles; its operands are doubles.

>>> MACHINE["sigmoid"](0.0)
0.5
"""

NAMESPACE.update(MACHINE, scaled=_scaled, guard=MACHINE["clamp"])
