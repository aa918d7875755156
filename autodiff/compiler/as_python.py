"""The value of a user's own operation in machine code: nan wherever Python would raise, as ``operation`` says.

numba follows C, where 1/0, ``0.0**-1``, ``math.exp(1000)`` and ``math.floor(inf)`` are numbers.  Here an operation is
compiled with Python's rule for division, and what else Python checks is replaced by such as raise.
"""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

from numba import njit, types
from numba.core import ir
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.ir_utils import find_callname, guard
from numba.core.untyped_passes import FixupArgs
from numba.extending import overload

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["as_python"]


def as_python(value: Callable[..., Any]) -> Any:
    """A function of floats for numba: nan where Python would raise.

    >>> inverse = as_python(lambda x: 1 / x)
    >>> inverse(2.0), inverse(0.0)
    (0.5, nan)
    """
    exact = njit(error_model="python", pipeline_class=_AsPython)(value)
    exact.stands_for = (_RAISING, _Raising.run_pass, _instead)  # for ``fingerprint``: the machine code is made by them

    def total(*xs: Any) -> float:
        try:
            z = float(exact(*xs))
        except Exception:  # numba tells no kinds apart
            z = math.nan
        return z

    return njit(error_model="numpy")(total)


# ---------------------------------------------------------------------------------------------------------------------
# What Python checks, and C does not.
# ---------------------------------------------------------------------------------------------------------------------


def _checked(function: Any) -> Any:
    """A function of ``math`` of one number: an infinity of a finite number is an error, and so is a nan."""

    def checked(x: Any) -> Any:
        z = function(x)
        if (math.isinf(z) and math.isfinite(x)) or (math.isnan(z) and not math.isnan(x)):
            raise ValueError("math domain error, or math range error")
        return z

    return njit(error_model="numpy")(checked)


def _whole(function: Any) -> Any:
    """One that gives a whole number: there is none of an infinity or nan, nor one of 2⁶³ and more on the machine."""

    def whole(x: Any) -> Any:
        if not -(2.0**63) <= x < 2.0**63:
            raise OverflowError("no whole number of the machine")
        return function(x)

    return njit(error_model="numpy")(whole)


def _power(x: Any, y: Any) -> Any:
    return x**y


@njit(error_model="numpy")
def _float_power(x: Any, y: Any) -> Any:
    z = math.pow(x, y)
    if (math.isinf(z) and math.isfinite(x) and math.isfinite(y)) or (math.isnan(z) and not math.isnan(x + y)):
        raise ValueError("math domain error, or math range error")  # x**y is complex there
    return z


@overload(_power)
def _power_of_types(x: Any, y: Any) -> Any:
    def of_integers(x: Any, y: Any) -> Any:
        return x**y

    def of_floats(x: Any, y: Any) -> Any:
        return _float_power(x, y)

    return of_integers if isinstance(x, types.Integer) and isinstance(y, types.Integer) else of_floats


_RAISING: dict[str, Any] = {
    **{
        f"math.{f.__name__}": _checked(f)
        for f in (
            *(math.exp, math.expm1, math.log, math.log2, math.log10, math.log1p, math.sqrt, math.gamma, math.lgamma),
            *(math.sin, math.cos, math.tan, math.asin, math.acos, math.sinh, math.cosh, math.acosh, math.atanh),
        )
    },
    "math.pow": _float_power,
    **{f"math.{f.__name__}": _whole(f) for f in (math.floor, math.ceil, math.trunc)},
    **{f"builtins.{f.__name__}": _whole(f) for f in (int, round)},
    "**": _power,
}
"""What stands for functions and operators that do not raise."""


@register_pass(mutates_CFG=False, analysis_only=False)
class _Raising(FunctionPass):  # type: ignore[misc, unused-ignore]
    """Puts them in their places, in numba's intermediate representation of a function."""

    _name = "raising_as_python"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        function = state.func_ir
        for block in function.blocks.values():
            body: list[Any] = []
            for statement in block.body:
                found = _instead(function, getattr(statement, "value", None))
                if found is not None:
                    name, operands = found
                    called = block.scope.make_temp(statement.loc)
                    body.append(ir.Assign(ir.Global(name, _RAISING[name], statement.loc), called, statement.loc))
                    function._definitions[called.name].append(body[-1].value)
                    statement.value = ir.Expr.call(called, operands, (), statement.loc)
                body.append(statement)
            block.body = body
        return True


def _instead(function: Any, expression: Any) -> tuple[str, list[Any]] | None:
    """The name of what stands for an expression, and its operands."""
    kind = getattr(expression, "op", None)
    if kind in ("binop", "inplace_binop") and expression.fn in (operator.pow, operator.ipow):
        return "**", [expression.lhs, expression.rhs]
    if kind != "call" or expression.kws or expression.vararg:
        return None
    name = ".".join(reversed(guard(find_callname, function, expression) or ()))
    wanted = 2 if name == "math.pow" else 1
    return (name, expression.args) if name in _RAISING and len(expression.args) == wanted else None


class _AsPython(CompilerBase):  # type: ignore[misc, unused-ignore]
    """numba's own pipeline and that pass."""

    def define_pipelines(self) -> list[Any]:
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes.add_pass_after(_Raising, FixupArgs)
        passes.finalize()
        return [passes]
