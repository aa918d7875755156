"""The node of a computation graph.

A ``Value`` is a number that remembers how it came about: the operation, its operands in order, and the local derivative
to each.  ``backward()`` then applies the chain rule once per edge, from the output back to the leaves.  By definition
(``sweep.py``, which also has a faster form of it) that is::

    def backward(output: Value) -> None:
        order = topological_order(output)
        adjoint = dict.fromkeys(order, -0.0)  # -0.0 + x is x, to the sign of a zero
        adjoint[output] = 1.0
        for node in reversed(order):
            for parent, local_derivative in zip(node.parents, node.local_derivatives, strict=True):
                adjoint[parent] += local_derivative * adjoint[node]
        for node in order:
            node.grad = adjoint[node] if node.parents else node.grad + adjoint[node]  # leaves accumulate

That sum over edges is the sum over all paths, because a node passes its adjoint on only when its own is complete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .comparing import Truth
from .copying import deepcopy_graph, reduce_graph, shallow_copy
from .cvalue import fastest
from .edges import NO_PARENTS, SLOTS, Edges
from .entrance import as_label, as_number, is_number
from .numberlike import NumberLike
from .operators import Operators, ordered
from .pausing import is_grad_enabled, no_grad, paused_somewhere, recording
from .sweep import fast_backward, next_serial, topological_order
from .tracing import keeps_numbers_only

if TYPE_CHECKING:
    from typing import Any, NoReturn

    from .ops import Op

__all__ = ["Value", "no_grad", "ordered", "record", "record_inline", "recording", "topological_order"]


def record(
    data: float, op: Op, operands: tuple[Value | float, ...], parents: tuple[Value, ...], local: tuple[float, ...]
) -> Value:
    """A new node; inside ``no_grad()`` a leaf that only keeps the number, and in a trace where it came from."""
    if paused_somewhere and not is_grad_enabled():
        if keeps_numbers_only():
            return Value(data)
        with recording():
            return record(data, op, operands, parents, local).detach()
    node: Value = object.__new__(Value)
    node._data = data
    node._grad = 0.0
    node.label = ""
    node.op = op
    node.set_edges(operands, parents, local)
    node.serial = next_serial()
    return node


def record_inline(data: float, op: Op, left: Any, right: Any, to_left: float | None, to_right: float | None) -> Value:
    """The same outside of ``no_grad()`` for one operand or two, faster: ``edges.py`` says what is given for them."""
    node: Value = object.__new__(Value)
    node._data = data
    node._grad = 0.0
    node.label = ""
    node.op = op
    node._left = left
    node._right = right
    node._to_left = to_left
    node._to_right = to_right
    node.serial = next_serial()
    return node


def _operand(x: Any, where: str) -> Value | float:
    """What an operation takes for an operand: a Value, the node of a comparison, or a number."""
    if isinstance(x, (Value, Truth)):
        return x if isinstance(x, Value) else x.recorded()
    return as_number(x, where)


class Value(Operators, Edges, NumberLike):
    """A number in a computation graph.

    Attributes:
        data: the number itself (the primal).
        grad: the derivative of an output to this number (the adjoint), from ``backward()``; 0.0 before.
        op: the row of the operation table that made it; None for a leaf.
        operands: what the operation was applied to, in order: Values, and floats for constants.
        parents: the operands that are Values, in order; ``x * x`` has two, ``x > 0`` and ``x.detach()`` none.
        local_derivatives: ∂self/∂parent for each of ``parents``, as they were when the node was recorded.
        label: a name for pictures and messages.
        serial: its number in the order of creation; a parent's is always smaller.

    Functions of one or two numbers are methods, by Python's name and NumPy's: ``np.arcsin(array_of_values)`` works;
    ``+ - * / % **`` take Values and real numbers.  ``<``, ``==`` and ``v in a_list`` compare the numbers; a Value is
    hashed by identity, so ``v in a_set`` asks for this very node.

    Raises:
        OperandError: ``data`` is not a real number, or ``label`` not a text.

    >>> x = Value(3.0, label="x")
    >>> (x * x + 2 * x).backward()
    >>> x
    Value(3.0, grad=8.0, label='x')
    """

    __slots__ = ("_data", "_grad", "label", "op", "serial", *SLOTS)

    label: str
    op: Op | None
    serial: int

    def __init__(self, data: float, label: str = "", *more: NoReturn) -> None:
        self._data = as_number(data)
        self._grad = 0.0
        self.label = label if type(label) is str and not more else as_label(label, *more)
        self.op = None
        self._left = ()
        self._right = NO_PARENTS
        self._to_left = self._to_right = None
        self.serial = next_serial()

    @staticmethod
    def apply_op(op: Op, operands: tuple[Any, ...]) -> Value:
        """Record ``op`` on Values and numbers: what calling a row of the table does when an operand is a Value."""
        numbers = [x._data for x in operands if type(x) is Value]
        parents, positions = operands, [*range(len(operands))]
        if len(numbers) < len(operands):  # there are constants
            operands = tuple([_operand(x, op.name) for x in operands])
            numbers = [x._data if isinstance(x, Value) else x for x in operands]
            positions = [i for i, x in enumerate(operands) if isinstance(x, Value)]
            parents = tuple([operands[i] for i in positions])
        if not op.flows:
            parents, positions = (), []
        z = op.evaluate(numbers)
        if paused_somewhere and keeps_numbers_only():
            return Value(z)
        return record(z, op, operands, parents, op.float_derivatives(numbers, z, positions))

    @staticmethod
    def takes(other: object) -> bool:
        """Whether an operator is for ``other``, if only to refuse it; an array, say, applies it to each element."""
        return is_number(other) or isinstance(other, (Value, str, bytes, complex, list, tuple, dict, set, type(None)))

    def backward(self) -> None:
        """Add the derivative of this Value to the ``grad`` of every leaf that it depends on.

        Interior nodes get theirs anew on each call; leaves accumulate, until ``zero_grad``.

        >>> x, y = Value(2.0), Value(3.0)
        >>> (x * y + x).backward()
        >>> x.grad, y.grad
        (4.0, 2.0)
        """
        fast_backward(self)

    def zero_grad(self) -> None:
        """Set ``grad`` to 0.0 here and on everything that this Value depends on."""
        for node in topological_order(self):
            node.grad = 0.0

    def detach(self) -> Value:
        """A new leaf with the same number and label, through which no gradient flows.

        It keeps this Value as its operand, so that ``compile`` computes it anew for every sample; ``Value(v.data)``
        keeps the number and nothing else.
        """
        leaf = Value(self._data, self.label)
        leaf.set_edges((self,), (), ())
        return leaf

    def __repr__(self) -> str:
        op = f", op={self.op.name}" if self.op else ""
        label = f", label={self.label!r}" if self.label else ""
        return f"Value({self.data!r}, grad={self.grad!r}{op}{label})"

    __copy__, __deepcopy__, __reduce_ex__ = shallow_copy, deepcopy_graph, reduce_graph


if not TYPE_CHECKING:
    Value, record, record_inline = fastest(Value, record, record_inline)
