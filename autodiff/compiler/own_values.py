"""The value of a user's own operation in each kind of numbers: its Python function as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import ops
from ..errors import OperationError
from ..operators import Operators
from ..ops import OPS, NaryOp

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..ops import Op

__all__ = ["is_own", "own_value"]


def is_own(name: str) -> bool:
    """Whether there is a row of this name that stands elsewhere than in the table."""
    return name in OPS and vars(ops).get(name) is not OPS[name]


def own_value(op: Op, kind: str) -> Callable[..., Any]:
    """A row from elsewhere, whatever this kind has under its name: its value on floats, or on numbers of the kind.

    Raises:
        OperationError: when it is called, and its author wrote it for floats alone.
    """

    def of_floats(*xs: Any) -> Any:
        return op.evaluate(xs)

    if kind == "math":
        return of_floats
    if kind == "numpy":
        import numpy as np

        return lambda *xs: np.asarray(np.frompyfunc(of_floats, len(xs), 1)(*xs), np.result_type(*xs, 1.0))[()]
    written = getattr(op.value, "__wrapped__", op.value)

    def value(*xs: Any) -> Any:
        def applied(operands: Any) -> Any:
            return written(operands) if isinstance(op, NaryOp) else written(*operands)

        try:
            applied([_StandIn() for _ in xs])
        except (TypeError, AttributeError) as error:
            raise OperationError(
                f"operation {op.name!r}: its value takes floats alone, no numbers of {kind} ({error}); build it of "
                "operators, or take kind 'math' or 'numpy'"
            ) from error
        return applied(xs)

    return value


class _StandIn(Operators):
    """A number that is known to operators alone: a function of floats, which would drop digits, refuses it."""

    @staticmethod
    def apply_op(op: Op, operands: tuple[Any, ...]) -> _StandIn:
        return _StandIn()
