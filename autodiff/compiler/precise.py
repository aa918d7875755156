"""A recorded graph computed anew by mpmath, with digits to spare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import OperationError
from ..value import Value
from .namespaces import namespace, package

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

__all__ = ["with_digits_to_spare"]


def with_digits_to_spare(order: Sequence[Value], given: Mapping[Value, float]) -> dict[Value, Any]:
    """The numbers of the nodes ``order``, parents before children, with so many digits that the last one settles.

    Args:
        order: the nodes of the graph.
        given: the numbers of its leaves, and of nodes that are to be taken as they are.

    Raises:
        MissingDependency: mpmath is not installed.
        OperationError: an operation of one's own takes floats alone, or the last node does not settle.

    >>> x = Value(1e-20)
    >>> y = (1 + x) - 1
    >>> found = with_digits_to_spare([x, y.parents[0], y], {x: x.data})
    >>> y.data, float(found[y])
    (0.0, 1e-20)
    """
    before: Any = None
    for bits in (200, 400, 800, 1600, 3200):
        context = package("mpmath").MPContext()
        context.prec = bits
        names = namespace("mpmath", context)
        now: dict[Value, Any] = {}
        for node in order:
            if node.op is None or node in given:
                now[node] = context.mpf(given[node])
                continue
            operands = [now[x] if isinstance(x, Value) else context.mpf(x) for x in node.operands]
            if node.op.name == "dot":  # two lists and perhaps a bias, as in the text of a program
                n = len(operands) // 2
                operands = [operands[:n], operands[n : 2 * n], *operands[2 * n :]]
            now[node] = names[node.op.name](*operands)
        last = now[order[-1]]
        if before is not None and abs(last - before) <= 1e-20 * abs(last):
            return now
        before = last
    raise OperationError("it does not settle with 1,000 digits")
