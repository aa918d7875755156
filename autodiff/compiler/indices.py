"""Columns of whole numbers that ``select`` picks by: one that picks nothing is refused by its sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import OperandError
from ..ops import OPS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

    from ..value import Value

__all__ = ["check_indices", "indices"]


def indices(nodes: Sequence[Value], inputs: Sequence[Value]) -> dict[int, int]:
    """Which inputs are the index of a ``select``, and the number of operands that each picks from, the least of all.

    An index that is computed is no mistake in a column: where it is out of range, the value is nan.
    """
    if not inputs:
        return {}
    place: dict[Any, int] = {x: i for i, x in enumerate(inputs)}
    select = OPS["select"]
    found: dict[int, int] = {}
    for node in nodes:
        if node.op is select:
            column, count = place.get(node.operands[0], -1), len(node.operands) - 1
            if column >= 0:
                found[column] = min(count, found.get(column, count))
    return found


def check_indices(found: dict[int, int], X: NDArray[np.float64]) -> None:
    """Refuse the first number of these columns that picks nothing.

    Raises:
        OperandError: there is one; the message says in which sample of which input.
    """
    for column, count in found.items():
        numbers = X[column]
        wrong = ~((numbers >= 0) & (numbers < count) & (numbers == np.floor(numbers)))
        if wrong.any():
            sample = int(wrong.argmax())
            raise OperandError(
                f"select: the index is a whole number from 0 to {count - 1}, not {float(numbers[sample])!r}: input "
                f"{column}, sample {sample}"
            )
