"""The order of a graph, and reverse sweeps over it: the definition, and forms of it that are faster or tell more.

A reverse sweep goes from an output to the leaves.  Each node passes on its adjoint, ∂output/∂node, to each of its
parents, times the local derivative; that is the chain rule, once per edge.  A node's turn comes after that of
everything that uses it, so its adjoint is complete by then, and the sum over edges is the sum over all paths.
"""

from __future__ import annotations

from itertools import count
from operator import attrgetter, mul
from typing import TYPE_CHECKING

from . import native
from .edges import NO_PARENTS
from .errors import OperandError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from .value import Value

__all__ = ["adjoints", "fast_backward", "in_order", "next_serial", "recorded_from", "recorded_order"]
__all__ += ["topological_order"]

next_serial: Callable[[], int] = count().__next__ if native.node is None else native.node.next_serial
"""The number of a new node, in the order of creation."""


def topological_order(*outputs: Value) -> list[Value]:
    """Every Value that the outputs depend on, and they themselves: parents before children, in order of creation.

    A node is created after its parents, so the order of creation is a topological order.

    >>> from autodiff import Value
    >>> x = Value(2.0, label="x")
    >>> y = x * x
    >>> [node.data for node in topological_order(y + x)]
    [2.0, 4.0, 6.0]
    """
    for output in outputs:
        if not hasattr(output, "parents"):
            raise OperandError(
                f"topological_order takes Values, one by one, not {type(output).__name__} {output!r:.60}"
            )
    return _order_in_c(outputs, False) or in_order(outputs, attrgetter("parents"))


def recorded_order(*outputs: Value) -> list[Value]:
    """Every Value that the outputs were computed from, and they themselves, in order of creation.

    These are more than ``topological_order`` gives where something passes no gradient on, and so has no parents.
    """
    return _order_in_c(outputs, True) or in_order(outputs, recorded_from)


def _order_in_c(outputs: tuple[Value, ...], recorded: bool) -> list[Value] | None:
    """The same; None without the node in C, and where an operand, begun anew, is later than what was made of it."""
    return native.node and native.node.order_of(outputs, recorded)  # type: ignore[no-any-return]


def in_order(outputs: Iterable[Value], before: Callable[[Value], Iterable[Value]]) -> list[Value]:
    """The outputs and every Value that is found from them by ``before``, in order of creation."""
    found: set[Value] = set()
    waiting = [*outputs]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(before(node))
    return sorted(found, key=attrgetter("serial"))


def recorded_from(node: Value) -> Sequence[Value]:
    """The operands of a node that are Values."""
    parents, operands = node.parents, node.operands
    return parents if len(parents) == len(operands) else [x for x in operands if not isinstance(x, float)]


# The definition, which others quote; tests/test_sweep.py holds every other sweep to it, bit for bit.
def backward(output: Value) -> None:
    order = topological_order(output)
    adjoint = dict.fromkeys(order, -0.0)  # -0.0 + x is x, to the sign of a zero
    adjoint[output] = 1.0
    for node in reversed(order):
        for parent, local_derivative in zip(node.parents, node.local_derivatives, strict=True):
            adjoint[parent] += local_derivative * adjoint[node]
    for node in order:
        node.grad = adjoint[node] if node.parents else node.grad + adjoint[node]  # leaves accumulate


def fast_backward(output: Value) -> None:
    """The same, in about half the time: ``grad`` itself holds the adjoint, and nodes are not sorted but counted down.

    Most graphs were recorded without a break, so that nearly every serial below the output's is one of its nodes.
    """
    if output._right is NO_PARENTS:
        output._grad += 1.0  # ∂output/∂output
        return
    output._grad = 1.0
    waiting = {output.serial: output}  # the nodes that have part of their adjoint, by serial
    before: dict[Value, float] = {}  # and of the leaves among them, the gradient from before
    serials: Iterator[int] = count(output.serial, -1)
    missed = 0
    while len(waiting) > len(before):  # until only leaves are left
        for serial in serials:
            node = waiting.pop(serial, None)
            if node is None:  # a number of another graph
                if len(waiting) == len(before):
                    break
                missed += 1
                if 2 * missed > 100 + output.serial - serial:  # most are: go on with the numbers of this graph only
                    serials = iter([node.serial for node in reversed(topological_order(*waiting.values()))])
                    break
                continue
            grad = node._grad
            to_left = node._to_left
            to_right = node._to_right
            if to_left is not None:  # the loop below, for up to two parents in slots
                left = node._left
                if left.serial in waiting:
                    left._grad += to_left * grad
                else:
                    waiting[left.serial] = left
                    if left._right is NO_PARENTS:
                        before[left] = left._grad
                    left._grad = to_left * grad
            elif to_right is None:
                parents, local_derivatives = node._right
                for parent, local_derivative in zip(parents, local_derivatives):  # noqa: B905 (slow)
                    if parent.serial in waiting:
                        parent._grad += local_derivative * grad
                    else:
                        waiting[parent.serial] = parent
                        if parent._right is NO_PARENTS:
                            before[parent] = parent._grad
                        parent._grad = local_derivative * grad
                if not parents:
                    node._grad += before.pop(node)
                continue
            if to_right is not None:
                right = node._right
                if right.serial in waiting:
                    right._grad += to_right * grad
                else:
                    waiting[right.serial] = right
                    if right._right is NO_PARENTS:
                        before[right] = right._grad
                    right._grad = to_right * grad
    for leaf, grad in before.items():
        leaf._grad += grad  # once: so that a second call doubles it exactly


def adjoints(
    nodes: dict[Value, Any],
    seeds: Mapping[Value, Any],
    local_derivatives: Callable[[Value], Iterable[Any]] = attrgetter("local_derivatives"),
    times: Callable[[Any, Any], Any] = mul,
    parents: Callable[[Value], Iterable[Value]] = attrgetter("parents"),
) -> dict[Value, Any]:
    """The adjoint of every one of ``nodes`` from which an output can be reached; nothing on the graph is written.

    Args:
        nodes: the keys are the part of the graph to sweep over, parents before children.
        seeds: the outputs among them, with the adjoint that each has from outside.
        local_derivatives: what to take for those of a node; default: those recorded.
        times: what to take for the product of a local derivative and an adjoint.
        parents: what these local derivatives are with respect to.

    >>> from autodiff import Value
    >>> x = Value(3.0)
    >>> y = x * x
    >>> [*adjoints({x: None, y: None}, {y: 1.0}).values()]
    [1.0, 6.0]
    """
    found = dict(seeds)
    for node in reversed(nodes):
        if node in found:  # else it is on the way to another output only
            adjoint = found[node]
            for parent, local_derivative in zip(parents(node), local_derivatives(node), strict=True):
                if parent in nodes:
                    contribution = times(local_derivative, adjoint)
                    found[parent] = found[parent] + contribution if parent in found else contribution
    return found
