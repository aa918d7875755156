"""The node of a computation graph, and one reverse sweep over it.

A ``Value`` is a number that remembers how it came about: the operation, its operands in order, and the local derivative
to each.  ``backward()`` then applies the chain rule once per edge, from the output back to the leaves:

    parent.grad += local derivative · node.grad

That sum over edges is the sum over all paths, because a node passes its gradient on only when its own is complete.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count
from math import inf
from operator import attrgetter
from threading import local as thread_local
from typing import TYPE_CHECKING

from . import ops
from .arithmetic import generated_methods
from .copying import duplicate, fields, reduce
from .entrance import as_number, is_number
from .errors import OperandError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from typing import Any, NoReturn

    from .ops import Op

__all__ = ["Value", "no_grad", "record", "topological_order"]

next_serial = count().__next__


class _Thread(thread_local):
    """Whether this thread is inside ``no_grad()``, in a list that the context manager can hold on to."""

    def __init__(self) -> None:
        self.pausing = [False]


_thread = _Thread()
paused: list[list[bool]] = []  # what is true of any thread; looking here first is faster


def record(
    data: float, op: Op, operands: tuple[Value | float, ...], parents: tuple[Value, ...], local: tuple[float, ...]
) -> Value:
    """A new node; inside ``no_grad()`` a leaf that only keeps the number."""
    node: Value = object.__new__(Value)
    node.data = data
    node.grad = 0.0
    node.label = ""
    if paused and _thread.pausing[0]:
        node.op = None
        node.operands = node.parents = node.local_derivatives = ()
    else:
        node.op = op
        node.operands = operands
        node.parents = parents
        node.local_derivatives = local
    node.serial = next_serial()
    return node


def _apply(op: Op, operands: tuple[Any, ...]) -> Value:
    """Record ``op`` on Values and numbers, whatever their number."""
    numbers = [x.data for x in operands if type(x) is Value]
    if len(numbers) == len(operands):
        parents = operands
        positions: range | list[int] = range(len(operands))
    else:
        if not set(map(type, operands)) <= {Value, float}:
            operands = tuple([x if isinstance(x, Value) else as_number(x, op.name) for x in operands])
        numbers = [x if type(x) is float else x.data for x in operands]
        positions = [i for i, x in enumerate(operands) if type(x) is not float]
        parents = tuple([x for x in operands if type(x) is not float])
    z = op.evaluate(numbers)
    return record(z, op, operands, parents, op.float_derivatives(numbers, z, positions))


# ---------------------------------------------------------------------------------------------------------------------
# Rows of the table as methods.
# ---------------------------------------------------------------------------------------------------------------------


def _unary(op: Op) -> Callable[[Value], Value]:
    value, (rule,) = op.value, op.on_floats

    def method(self: Value) -> Value:
        x = self.data
        z = value(x)
        try:
            local: tuple[float, ...] = (rule(x, z),)
        except ZeroDivisionError:
            local = op.float_derivatives((x,), z, (0,))
        operands = (self,)
        return record(z, op, operands, operands, local)

    return method


def _binary(op: Op) -> Callable[[Value, Any], Value]:
    operator = _operator(op)

    def method(self: Value, other: Any) -> Value:
        return operator(self, other) if _is_scalar(other) else _apply(op, (self, other))

    return method


def _operator(op: Op) -> Callable[[Value, Any], Value]:
    """Like ``_binary``, but leaves the operation to the other side where that is no scalar, a NumPy array say."""
    value, (to_x, to_y) = op.value, op.on_floats

    def method(self: Value, other: Any) -> Value:
        x = self.data
        if isinstance(other, Value):
            y = other.data
            z: float = value(x, y)
            try:
                local: tuple[float, ...] = (to_x(x, y, z), to_y(x, y, z))
            except ZeroDivisionError:
                local = op.float_derivatives((x, y), z, (0, 1))
            operands = (self, other)
            return record(z, op, operands, operands, local)
        if _is_scalar(other):
            y = as_number(other)
            z = value(x, y)
            try:
                local = (to_x(x, y, z),)
            except ZeroDivisionError:
                local = op.float_derivatives((x, y), z, (0,))
            return record(z, op, (self, y), (self,), local)
        return _not_a_scalar(op, other)  # type: ignore[no-any-return]

    return method


def _reflected(op: Op) -> Callable[[Value, Any], Value]:
    """The operator with the Value on its right."""

    def method(self: Value, other: Any) -> Value:
        return _apply(op, (other, self)) if _is_scalar(other) else _not_a_scalar(op, other)

    return method


def _arithmetic(op: Op) -> tuple[Callable[[Value, Any], Value], Callable[[Value, Any], Value]]:
    """The operator and its reflected form, generated from the row for speed."""
    return generated_methods(op, _operator(op), _reflected(op), globals())


def _not_a_scalar(op: Op, x: object) -> Any:
    """Refuse what is certainly wrong; leave the rest to the other side, as an array applies it to each element."""
    if x is None or isinstance(x, (str, bytes, complex, list, tuple, dict, set)):
        as_number(x, op.name)
    return NotImplemented


def _is_scalar(x: object) -> bool:
    return type(x) is int or isinstance(x, Value) or is_number(x)


def _number_of(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


def ordered(low: Any, high: Any) -> tuple[Any, Any]:
    """The bounds of a clamp, if they are such."""
    for bound in (low, high):
        if not _is_scalar(bound):
            as_number(bound, "clamp")
    if not low <= high:
        raise OperandError(f"clamp needs low <= high, not {low!r} and {high!r}")
    return low, high


class Value:
    """A number in a computation graph.

    Attributes:
        data: the number itself (the primal).
        grad: the derivative of an output to this number (the adjoint), from ``backward()``; 0.0 before.
        op: the row of the operation table that made it; None for a leaf.
        operands: what the operation was applied to, in order: Values, and floats for constants.
        parents: the operands that are Values, in order; ``x * x`` has two.
        local_derivatives: ∂self/∂parent for each of ``parents``, as they were when the node was recorded.
        label: a name for pictures and messages.
        serial: its number in the order of creation; a parent's is always smaller.

    Every operation of the table is a method, under Python's name and under NumPy's, so ``np.arcsin(array_of_values)``
    works; ``+ - * / % **`` take Values and real numbers.  ``<``, ``==`` and the like compare the numbers, and so does
    ``v in a_list``; a Value is hashed by identity, so ``v in a_set`` asks for this very node.

    Raises:
        OperandError: ``data`` is not a real number.

    >>> x = Value(3.0, label="x")
    >>> y = x * x + 2 * x
    >>> y.backward()
    >>> y.data, x.grad
    (15.0, 8.0)
    """

    __slots__ = ("data", "grad", "label", "local_derivatives", "op", "operands", "parents", "serial")

    data: float
    grad: float
    label: str
    op: Op | None
    operands: tuple[Value | float, ...]
    parents: tuple[Value, ...]
    local_derivatives: tuple[float, ...]
    serial: int

    def __init__(self, data: float, label: str = "") -> None:
        self.data = as_number(data)
        self.grad = 0.0
        self.label = label
        self.op = None
        self.operands = self.parents = self.local_derivatives = ()
        self.serial = next_serial()

    def backward(self) -> None:
        """Add the derivative of this Value to the ``grad`` of every leaf that it depends on.

        Interior nodes get theirs anew on each call; leaves accumulate, until ``zero_grad``.

        >>> x, y = Value(2.0), Value(3.0)
        >>> (x * y + x).backward()
        >>> x.grad, y.grad
        (4.0, 2.0)
        """
        if not self.parents:
            self.grad += 1.0  # ∂self/∂self
            return
        self.grad = 1.0
        waiting = {self.serial: self}  # the nodes that have part of their gradient, by serial
        before: dict[Value, float] = {}  # and of the leaves among them, the gradient from before
        serials: Iterator[int] = count(self.serial, -1)
        missed = 0
        while len(waiting) > len(before):  # until only leaves are left
            for serial in serials:
                node = waiting.pop(serial, None)
                if node is None:  # a number of another graph
                    if len(waiting) == len(before):
                        break
                    missed += 1
                    if 2 * missed > 100 + self.serial - serial:  # most are: go on with the numbers of this graph only
                        serials = iter([node.serial for node in reversed(topological_order(*waiting.values()))])
                        break
                    continue
                grad = node.grad
                parents = node.parents
                if len(parents) == 2:  # the loop below unrolled, half as fast again
                    left, right = parents
                    to_left, to_right = node.local_derivatives
                    if left.serial in waiting:
                        left.grad += to_left * grad
                    else:
                        waiting[left.serial] = left
                        if left.op is None:
                            before[left] = left.grad
                        left.grad = to_left * grad
                    if right.serial in waiting:
                        right.grad += to_right * grad
                    else:
                        waiting[right.serial] = right
                        if right.op is None:
                            before[right] = right.grad
                        right.grad = to_right * grad
                elif parents:
                    for parent, local_derivative in zip(parents, node.local_derivatives):  # noqa: B905 (slow)
                        if parent.serial in waiting:
                            parent.grad += local_derivative * grad
                        else:
                            waiting[parent.serial] = parent
                            if parent.op is None:
                                before[parent] = parent.grad
                            parent.grad = local_derivative * grad
                else:
                    node.grad += before.pop(node)
        for leaf, grad in before.items():
            leaf.grad += grad  # once: so that a second call doubles it exactly

    def zero_grad(self) -> None:
        """Set ``grad`` to 0.0 here and on everything that this Value depends on."""
        for node in topological_order(self):
            node.grad = 0.0

    def detach(self) -> Value:
        """A new leaf with the same number and label; no gradient flows through it to this Value's parents."""
        return Value(self.data, self.label)

    def __format__(self, spec: str) -> str:
        """The number in this format, as in f"{loss:.4f}"; without a format, the repr."""
        return format(self.data, spec) if spec else repr(self)

    def __repr__(self) -> str:
        op = f", op={self.op.name}" if self.op else ""
        label = f", label={self.label!r}" if self.label else ""
        return f"Value({self.data!r}, grad={self.grad!r}{op}{label})"

    # Arithmetic.
    __add__, __radd__ = _arithmetic(ops.add)
    __sub__, __rsub__ = _arithmetic(ops.sub)
    __mul__, __rmul__ = _arithmetic(ops.mul)
    __truediv__, __rtruediv__ = _arithmetic(ops.div)
    __mod__, __rmod__ = _operator(ops.mod), _reflected(ops.mod)
    __pow__, __rpow__ = _operator(ops.pow), _reflected(ops.pow)
    __neg__ = neg = negative = _unary(ops.neg)
    __abs__ = abs = absolute = fabs = _unary(ops.abs)
    __floor__ = floor = _unary(ops.floor)
    __ceil__ = ceil = _unary(ops.ceil)

    def __pos__(self) -> Value:
        return self

    def __round__(self, digits: int | None = None) -> Value:
        if digits is not None:
            raise OperandError("round(value, digits) would record no useful derivative; use round(value.data, digits)")
        return self.rint()

    # Functions.
    mod, pow = _binary(ops.mod), _binary(ops.pow)
    square, reciprocal = _unary(ops.square), _unary(ops.reciprocal)
    sqrt, cbrt = _unary(ops.sqrt), _unary(ops.cbrt)
    exp, exp2, expm1 = _unary(ops.exp), _unary(ops.exp2), _unary(ops.expm1)
    log, log2, log10, log1p = _unary(ops.log), _unary(ops.log2), _unary(ops.log10), _unary(ops.log1p)
    sin, cos, tan = _unary(ops.sin), _unary(ops.cos), _unary(ops.tan)
    asin = arcsin = _unary(ops.asin)
    acos = arccos = _unary(ops.acos)
    atan = arctan = _unary(ops.atan)
    atan2 = arctan2 = _binary(ops.atan2)
    hypot = _binary(ops.hypot)
    sinh, cosh, tanh = _unary(ops.sinh), _unary(ops.cosh), _unary(ops.tanh)
    asinh = arcsinh = _unary(ops.asinh)
    acosh = arccosh = _unary(ops.acosh)
    atanh = arctanh = _unary(ops.atanh)
    erf, erfc = _unary(ops.erf), _unary(ops.erfc)
    relu, gelu, silu = _unary(ops.relu), _unary(ops.gelu), _unary(ops.silu)
    sigmoid, log_sigmoid, softplus = _unary(ops.sigmoid), _unary(ops.log_sigmoid), _unary(ops.softplus)
    sign, step, rint = _unary(ops.sign), _unary(ops.step), _unary(ops.round)
    maximum, minimum = _binary(ops.maximum), _binary(ops.minimum)

    def leaky_relu(self, slope: Any = 0.01) -> Value:
        """x for x > 0, slope·x elsewhere; the derivative at 0 is the slope."""
        return _apply(ops.leaky_relu, (self, slope))

    def elu(self, alpha: Any = 1.0) -> Value:
        """x for x > 0, alpha·(exp(x) - 1) elsewhere."""
        return _apply(ops.elu, (self, alpha))

    def clamp(self, low: Any = -inf, high: Any = inf) -> Value:
        """x kept between low and high; the derivative at a bound is 1."""
        return _apply(ops.clamp, (self, *ordered(low, high)))

    # Comparisons are of the numbers.
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self.data == _number_of(other) if _is_scalar(other) else NotImplemented

    def __lt__(self, other: Value | float) -> bool:
        return self.data < _number_of(other) if _is_scalar(other) else NotImplemented

    def __le__(self, other: Value | float) -> bool:
        return self.data <= _number_of(other) if _is_scalar(other) else NotImplemented

    def __gt__(self, other: Value | float) -> bool:
        return self.data > _number_of(other) if _is_scalar(other) else NotImplemented

    def __ge__(self, other: Value | float) -> bool:
        return self.data >= _number_of(other) if _is_scalar(other) else NotImplemented

    def __bool__(self) -> bool:
        return self.data != 0

    def __float__(self) -> NoReturn:
        raise OperandError(
            "a Value does not turn into a float by itself, for the gradient would be lost silently: use v.data for the "
            "number, and autodiff.sin(v) or v.sin() in place of math.sin(v) for a function"
        )

    __int__ = __complex__ = __float__

    @staticmethod
    def apply_op(op: Op, operands: tuple[Any, ...]) -> Value:
        """Record ``op``: what calling a row of the table does when an operand is a Value."""
        return _apply(op, operands)

    # A deep copy or a pickle carries the whole graph below a node.
    def __copy__(self) -> Value:
        twin = object.__new__(type(self))
        _restore(twin, fields(self))
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        return duplicate(self, memo, _restore)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return reduce(self, topological_order, _restore_pickled)


def _restore(node: Value, record: tuple[Any, ...]) -> None:
    """Fill a blank node; its parents are filled already."""
    node.data, node.grad, node.label, node.op, node.operands, node.local_derivatives = record
    node.parents = tuple([x for x in node.operands if isinstance(x, Value)])
    node.serial = next_serial()


def _restore_pickled(node: Value, state: tuple[Any, tuple[Any, ...]]) -> None:
    _restore(node, state[1])


def topological_order(*outputs: Value) -> list[Value]:
    """Every Value that the outputs depend on, and they themselves: parents before children, in order of creation.

    A node is created after its parents, so the order of creation is a topological order.

    >>> x = Value(2.0, label="x")
    >>> y = x * x
    >>> [node.data for node in topological_order(y + x)]
    [2.0, 4.0, 6.0]
    """
    found: set[Value] = set()
    waiting = [*outputs]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(node.parents)
    return sorted(found, key=attrgetter("serial"))


@contextmanager
def no_grad() -> Iterator[None]:
    """Within it, operations of this thread record no graph: their results are leaves.

    >>> x = Value(2.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.parents
    ()
    """
    with _pausing(True):
        yield


def recording() -> AbstractContextManager[bool]:
    """Within it, operations are recorded even inside ``no_grad()``: a transform needs the graph of its own function.

    Gives whether ``no_grad()`` held outside, where the results of the transform are to be leaves.
    """
    return _pausing(False)


@contextmanager
def _pausing(pause: bool) -> Iterator[bool]:
    pausing = _thread.pausing
    before = pausing[0]
    pausing[0] = pause
    if pause:
        paused.append(pausing)
    try:
        yield before
    finally:
        pausing[0] = before
        if pause:
            paused.remove(pausing)
