"""What a function computes with while it is translated: numbers and arrays of machine code, and what Python knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from llvmlite import ir

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CONSTANT", "KINDS", "NARROW", "Array", "Known", "Number", "Something", "Unsupported", "leaves", "rebuilt"]
__all__ += ["skeleton"]


class Unsupported(Exception):
    """The function has something that is not translated."""


class Number(NamedTuple):
    """A number that machine code computes."""

    kind: str
    x: ir.Value


class Array(NamedTuple):
    """Numbers in a row, or rows of them; how many is known where somebody asks."""

    kind: str
    pointer: ir.Value
    shape: tuple[ir.Value | None, ...]


class Known(NamedTuple):
    """What Python knows already: a constant, a function, a module."""

    value: Any


Something = Any  # a Number, an Array, Known, or a tuple of such

KINDS: dict[str, ir.Type] = {
    "int64": ir.IntType(64),
    "uint64": ir.IntType(64),
    "uint32": ir.IntType(32),
    "int32": ir.IntType(32),
    "int16": ir.IntType(16),
    "int8": ir.IntType(8),
    "bool": ir.IntType(1),
    "float64": ir.DoubleType(),
    "float32": ir.FloatType(),
}
NARROW = ("uint32", "int32", "int16", "int8")
"""Kinds that stand in arrays alone: they are computed with 64 bits."""

CONSTANT = (bool, int, float, np.generic)
"""What Python knows and machine code can hold."""


def leaves(item: Something) -> list[ir.Value]:
    """What LLVM computes of it, in order."""
    if isinstance(item, Number):
        return [item.x]
    if isinstance(item, Array):
        return [item.pointer, *[x for x in item.shape if x is not None]]
    return [] if isinstance(item, Known) else [x for part in item for x in leaves(part)]


def rebuilt(item: Something, waiting: Iterator[ir.Value]) -> Something:
    """The same with other leaves."""
    if isinstance(item, Number):
        return Number(item.kind, next(waiting))
    if isinstance(item, Array):
        pointer = next(waiting)
        return Array(item.kind, pointer, tuple([None if x is None else next(waiting) for x in item.shape]))
    return item if isinstance(item, Known) else tuple([rebuilt(part, waiting) for part in item])


def skeleton(item: Something) -> Any:
    """What is left without them: two that are alike can take each other's place."""
    if isinstance(item, Number):
        return item.kind
    if isinstance(item, Array):
        return item.kind, tuple([x is None for x in item.shape])
    if isinstance(item, Known):
        return "known", type(item.value), repr(item.value) if isinstance(item.value, CONSTANT) else id(item.value)
    return tuple([skeleton(part) for part in item])
