"""Where a derivative misses the tolerance of the accuracy test: why, and by how much as measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """Points of a row at which an order of derivative is less accurate than the tolerance, with the error measured."""

    name: str
    order: int
    where: str  # for people
    holds: Callable[..., bool]  # the same for the operands
    bound: float
    reason: str


KNOWN: list[Known] = []
