"""n-ary operations spelled out in elementary ones, for a picture: dot as products and sums, mean as a sum divided.

The elements are Values that the rows of the table make; nothing here writes a derivative, and the graph is not touched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from math import isclose
from operator import add, mul, truediv
from typing import Any

from .. import functions
from ..ops import NaryOp
from ..pausing import recording
from ..value import Value, topological_order

__all__ = ["Expansion", "is_expandable"]


def _sum(xs: Sequence[Any]) -> Any:
    return reduce(add, xs)


def _dot(operands: Sequence[Any]) -> Any:
    n, biased = divmod(len(operands), 2)
    products = map(mul, operands[:n], operands[n : 2 * n])
    return _sum([*products, *operands[2 * n :]] if biased else [*products])


def _share(operands: Sequence[Any]) -> Any:
    i, *xs = operands
    powers = [functions.exp(x) for x in xs]
    return powers[int(i)] / _sum(powers)


def _norm(xs: Sequence[Any]) -> Any:
    return functions.sqrt(_sum([functions.square(x) for x in xs]))


_ELEMENTARY: dict[str, Callable[[Sequence[Any]], Any]] = {
    "sum": _sum,
    "mean": lambda xs: truediv(_sum(xs), len(xs)),
    "dot": _dot,
    "prod": lambda xs: reduce(mul, xs),
    "max": lambda xs: reduce(functions.maximum, xs),
    "min": lambda xs: reduce(functions.minimum, xs),
    "logsumexp": lambda xs: functions.log(_sum([functions.exp(x) for x in xs])),
    "softmax": _share,
    "norm": _norm,
    "direction": lambda operands: operands[1 + int(operands[0])] / _norm(operands[1:]),
}


def is_expandable(node: Value) -> bool:
    """Whether the node is an n-ary operation on more than one number."""
    return isinstance(node.op, NaryOp) and node.op.name in _ELEMENTARY and len(node.operands) > 1


class Expansion:
    """One node, spelled out.

    Attributes:
        elements: the new nodes, in topological order; the last stands for the node itself.
        originals: for the leaves of the elements, the operands that they stand for.
        gradients: the derivative of the graph's output to each element.
    """

    __slots__ = ("elements", "gradients", "originals")

    def __init__(self, elements: list[Value], originals: dict[Value, Value], gradients: dict[Value, float]) -> None:
        self.elements = elements
        self.originals = originals
        self.gradients = gradients

    @staticmethod
    def of(node: Value) -> Expansion | None:
        """The node spelled out; None if it would not say the same.

        At a tie of max, where exp overflows, or where the operands have changed since, the elementary operations have
        another value or other derivatives than the node has.
        """
        twins = {x: Value(x.data) for x in node.parents}
        with recording():
            root = _ELEMENTARY[node.op.name if node.op else ""](
                [twins[x] if isinstance(x, Value) else x for x in node.operands]
            )
        root.backward()
        derivatives = dict.fromkeys(twins, 0.0)
        for x, local in zip(node.parents, node.local_derivatives, strict=True):
            derivatives[x] += local
        same = [_close(root.data, node.data)] + [_close(twins[x].grad, d) for x, d in derivatives.items()]
        if not all(same):
            return None
        elements = [element for element in topological_order(root) if element.op is not None]
        originals = {twin: x for x, twin in twins.items()}
        return Expansion(elements, originals, {element: element.grad * node.grad for element in elements})


def _close(a: float, b: float) -> bool:
    return isclose(a, b, rel_tol=1e-9, abs_tol=1e-300)
