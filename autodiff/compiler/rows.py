"""The rows of the table by number, and what lowering asks of them, as arrays; rows added later come at the end."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ..errors import OperationError
from ..ops import OPS, NaryOp, Op
from .template import ones

__all__ = ["CHAIN", "LANE", "LEAF", "LOOP", "Rows", "rows"]

LEAF = -1

LOOP, LANE, CHAIN = range(3)
"""What only the compiler makes, ahead of the rows: a loop, what one of its lanes gives, a sum of products in order."""

_MADE = ["a loop", "a lane", "a chain"]


class Rows(NamedTuple):
    """What is known of each row, under its number.

    Attributes:
        names: its name.
        number: of each row, and LEAF for None.
        nary: whether it takes a list.
        family: whether it is one of the components that a kernel gives all at once.
        chains: whether an operation may take the result of another in the same run, since it is not gathered.
        flows: whether a gradient passes through it.
        ones: the operands to which the local derivative is 1, in bits.
    """

    names: list[str]
    number: dict[Any, int]
    nary: Any
    family: Any
    chains: Any
    flows: Any
    ones: Any


def rows() -> Rows:
    """The rows there are now."""
    every = tuple(OPS.values())
    return _rows(every, tuple([op._partials for op in every]))


@cache
def _rows(every: tuple[Op, ...], rules: tuple[Any, ...]) -> Rows:
    """Those rows, with these rules."""
    made = len(_MADE)
    return Rows(
        _MADE + [op.name for op in every],
        {None: LEAF} | {op: number for number, op in enumerate(every, made)},
        np.array([True] * made + [isinstance(op, NaryOp) for op in every]),
        np.array([False] * made + [isinstance(op, NaryOp) and bool(op.family) for op in every]),
        np.array([False] * made + [op.quick and not isinstance(op, NaryOp) for op in every]),
        np.array([True] * made + [op.flows for op in every]),
        np.array([0] * made + [_ones(op) for op in every]),
    )


def _ones(op: Op) -> int:
    try:
        return ones(op.name)
    except OperationError:  # of one rule that cannot be read no other program takes notice
        return 0
