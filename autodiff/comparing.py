"""What ``x > 0`` gives for a Value: a truth that remembers what was compared, so that it can be recorded.

To Python it is the truth value: in ``if``, ``and``, ``sorted``, as an index, counted by ``sum``, written as JSON.
Where an operation takes it for an operand it becomes a node: ``where(x > 0, x, 0.1 * x)`` records what was compared.
``&``, ``|``, ``^``, ``~`` of comparisons are remembered in the same way.

>>> from autodiff import Value, where
>>> x, y = Value(3.0, label="x"), Value(4.0, label="y")
>>> x > 0, sum([x > 0, y > 0]), (x > 0) & (y < 1)
(True, 2, False)
>>> where(x > 0, x, y).operands[0].op
<op greater: x > y>

Truths are computed where they are asked for and cost no node.  While a function is traced, asking for one is noted.
"""

from __future__ import annotations

import operator
from numbers import Real
from typing import TYPE_CHECKING

from .entrance import is_number
from .operators import OPS, Operators
from .pausing import is_grad_enabled
from .tracing import current_trace, trace_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .ops import Op
    from .tracing import Trace
    from .value import Value

__all__ = ["Comparison", "compared", "truth_of"]


def _asked(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """An operator that compares truth values."""

    def method(self: Truth, other: Any) -> Any:
        if isinstance(other, Truth):
            return compare(bool(self), bool(other))
        return compare(bool(self), other) if is_number(other) else NotImplemented

    return method


def _joined(row: str, join: Callable[[bool, bool], bool]) -> Callable[[Any, Any], Any]:
    """An operator on two truths, the second a bool perhaps."""

    def method(self: Truth, other: Any) -> Any:
        if isinstance(other, Truth):
            return type(self)(join(self.truth, other.truth), row, (self, other))
        if is_number(other):
            return type(self)(join(self.truth, bool(other)), row, (self, float(other)))
        return NotImplemented

    return method


def _same(row: str, compare: Callable[[bool, bool], bool]) -> Callable[[Any, Any], Any]:
    """An operator that joins two truths, and asks for the one that is compared with a number."""
    joined, asked = _joined(row, compare), _asked(compare)

    def method(self: Truth, other: Any) -> Any:
        return (joined if isinstance(other, Truth) else asked)(self, other)

    return method


class Truth(Operators):
    """A truth value and what it is the truth of: a row of the table and its operands, of which one at least is a Value.

    ``+`` counts: with an integer or another truth it gives an integer.  All other arithmetic records.
    """

    __slots__ = ()

    truth: bool
    row: str
    operands: tuple[Any, ...]
    node: Value | None
    trace: Trace | None = None

    if TYPE_CHECKING:  # both kinds below are made so

        def __init__(self, truth: bool, row: str, operands: tuple[Any, ...]) -> None: ...

    def recorded(self) -> Value:
        """The node of this comparison, 1.0 or 0.0; recorded on first use, after those that it joins."""
        waiting = [self]
        while waiting:
            truth = waiting[-1]
            joins = [x for x in truth.operands if isinstance(x, Truth) and x.node is None]
            waiting += joins
            if not joins:
                waiting.pop()
                operands = [x.node if isinstance(x, Truth) else x for x in truth.operands]
                truth.node = truth.node or OPS[truth.row](*operands)  # type: ignore[misc]  # the kinds have the slot
        assert self.node is not None
        return self.node

    @staticmethod
    def apply_op(op: Op, operands: tuple[Any, ...]) -> Any:
        """Record ``op`` on what was compared."""
        return op(*[x.recorded() if isinstance(x, Truth) else x for x in operands])

    @staticmethod
    def takes(other: object) -> bool:
        """Whether an operator is for ``other``."""
        return is_number(other) or hasattr(other, "apply_op")

    def __bool__(self) -> bool:
        trace = current_trace() or self.trace
        if trace is not None:
            trace.guard(self.recorded, self.truth)
        return self.truth

    def __index__(self) -> int:
        return int(bool(self))

    __int__ = __index__

    def __float__(self) -> float:
        return float(bool(self))

    def __add__(self, other: Any) -> Any:
        if isinstance(other, (Truth, int)):
            return int(self) + int(other)
        return super().__add__(other)

    def __radd__(self, other: Any) -> Any:
        return int(other) + int(self) if isinstance(other, int) else super().__radd__(other)

    __and__ = __rand__ = _joined("logical_and", operator.and_)
    __or__ = __ror__ = _joined("logical_or", operator.or_)
    __xor__ = __rxor__ = _joined("not_equal", operator.ne)

    def __invert__(self) -> Any:
        return type(self)(not self.truth, "logical_not", (self,))

    __eq__, __ne__ = _same("equal", operator.eq), _same("not_equal", operator.ne)
    __lt__, __le__, __gt__, __ge__ = map(_asked, (operator.lt, operator.le, operator.gt, operator.ge))

    def __hash__(self) -> int:
        return hash(bool(self))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        """NumPy's functions take the nodes; its logic, of truths alone, is that of ``&``, ``|``, ``^`` and ``~``."""
        if ufunc.__name__ in _LOGIC and not any(hasattr(x, "shape") and x.shape for x in inputs):
            return _LOGIC[ufunc.__name__](*[x if isinstance(x, Truth) else bool(x) for x in inputs])
        return getattr(ufunc, method)(*[x.recorded() if isinstance(x, Truth) else x for x in inputs], **keywords)

    def __repr__(self) -> str:
        return repr(bool(self))

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(bool(self), spec)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """A copy or a pickle is the truth alone."""
        return bool, (bool(self),)


_LOGIC: dict[str, Callable[..., Any]] = {
    f"{kind}_{name}": operation
    for kind in ("logical", "bitwise")
    for name, operation in {"and": operator.and_, "or": operator.or_, "xor": operator.xor}.items()
}
_LOGIC |= {"logical_not": operator.invert, "invert": operator.invert}


class Comparison(Truth, float):  # type: ignore[misc]
    """A truth outside of traces.  It is a float, so JSON takes it, and NumPy takes no list of them for places."""

    __slots__ = ("node", "operands", "row", "truth")

    def __new__(cls, truth: float, row: str = "", operands: tuple[Any, ...] = ()) -> Any:
        """Faster than a float and its __init__, for every comparison of Values makes one; of a number alone a float."""
        if not row:  # a library makes its result of the kind that it was given, statistics.mean for one
            return float(truth)
        self = float.__new__(cls, truth)
        self.truth = bool(truth)
        self.row = row
        self.operands = operands
        self.node = None
        return self


class TracedComparison(Truth):
    """A truth in a trace.  It is no float, so that nobody reads it without asking."""

    __slots__ = ("node", "operands", "row", "trace", "truth")

    def __init__(self, truth: bool, row: str, operands: tuple[Any, ...], trace: Trace | None = None) -> None:
        self.truth, self.row, self.operands, self.node = truth, row, operands, None
        self.trace = trace or next(x.trace for x in operands if isinstance(x, Truth))


Real.register(TracedComparison)


def compared(truth: bool, row: str, operands: tuple[Any, ...]) -> Any:
    """What the comparison of a row gives in this context: a bool inside ``no_grad()``, but for a trace."""
    for x in operands:
        trace = trace_of(x) if hasattr(x, "serial") else x.trace if isinstance(x, Truth) else None
        if trace is not None:
            return TracedComparison(truth, row, operands, trace)
    return Comparison(truth, row, operands) if is_grad_enabled() else truth


def truth_of(v: Any) -> bool:
    """The truth value of a Value, as in ``if v``: whether its number is not 0."""
    return bool(compared(v._data != 0, "not_equal", (v, 0.0)))
