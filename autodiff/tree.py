"""Nested lists, tuples, dicts and NumPy arrays of scalars: taken apart to a flat list, and put together again."""

from __future__ import annotations

import sys
from itertools import chain, product
from typing import TYPE_CHECKING

from .errors import LengthError, OperandError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, TypeAlias

    Structure: TypeAlias = "tuple[type, Any, list[Structure]] | None"
    """The kind of a container, its keys or shape, and its children; None for a scalar."""

__all__ = ["flatten", "leaves_like", "places", "unflatten"]


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """The scalars of ``tree`` from left to right, and the structure that held them.

    >>> leaves, structure = flatten({"w": [1.0, 2.0], "b": (3.0,)})
    >>> leaves
    [1.0, 2.0, 3.0]
    >>> unflatten(structure, [10.0 * leaf for leaf in leaves])
    {'w': [10.0, 20.0], 'b': (30.0,)}
    """
    structure = _structure(tree)
    return list(_scalars(structure, tree, "an argument or result")), structure


def unflatten(structure: Structure, leaves: Iterable[Any]) -> Any:
    """The tree of this structure with these scalars, from left to right; an iterator is read as far as needed."""
    return _built(structure, iter(leaves))


def leaves_like(structure: Structure, tree: Any, what: str) -> list[Any]:
    """The scalars of ``tree``, which must have the given structure.

    Raises:
        LengthError: a container has another length, shape or other keys; the message says where.
        OperandError: there is another kind of thing in its place.
    """
    return list(_scalars(structure, tree, what))


def places(structure: Structure, root: str) -> list[str]:
    """Where each scalar of a tree called ``root`` stands, from left to right, as Python writes it.

    >>> places(flatten({"w": [1.0, 2.0], "b": 3.0})[1], "p")
    ["p['w'][0]", "p['w'][1]", "p['b']"]
    """
    if structure is None:
        return [root]
    kind, shape, children = structure
    if isinstance(shape, tuple):  # an array, indexed at once
        return [f"{root}[{', '.join(map(str, index))}]" for index in product(*map(range, shape))]
    keys = shape if kind is dict else range(shape)
    return [place for key, child in zip(keys, children, strict=True) for place in places(child, f"{root}[{key!r}]")]


def _is_array(tree: Any) -> bool:
    numpy = sys.modules.get("numpy")  # who holds an array has imported it
    return numpy is not None and isinstance(tree, numpy.ndarray)


def _structure(tree: Any) -> Structure:
    if isinstance(tree, (list, tuple)):
        return type(tree), len(tree), [_structure(child) for child in tree]
    if isinstance(tree, dict):
        return dict, list(tree), [_structure(child) for child in tree.values()]
    if _is_array(tree):
        return type(tree), tree.shape, [None] * tree.size
    return None


def _scalars(structure: Structure, tree: Any, what: str) -> Iterator[Any]:
    if structure is None:
        if isinstance(tree, (list, tuple, dict)) or _is_array(tree):
            raise OperandError(f"{what} has a {type(tree).__name__} where a number belongs")
        yield tree
        return
    kind, shape, children = structure
    if not isinstance(tree, kind) and not (kind is list and _is_array(tree)):
        raise OperandError(f"{what} has a {type(tree).__name__} where a {kind.__name__} belongs")
    if kind is dict:
        if set(tree) != set(shape):
            raise LengthError(f"{what} has the keys {list(tree)} where {shape} belong")
        parts: Any = [tree[key] for key in shape]
    elif isinstance(tree, (list, tuple)):
        if len(tree) != shape:
            raise LengthError(f"{what} has {len(tree)} entries where {shape} belong")
        parts = tree
    else:
        if tree.shape != (shape if isinstance(shape, tuple) else (shape,)):
            raise LengthError(f"{what} has the shape {tree.shape} where {shape} belongs")
        parts = tree.ravel().tolist()
    yield from chain.from_iterable(_scalars(child, part, what) for child, part in zip(children, parts, strict=True))


def _built(structure: Structure, leaves: Iterator[Any]) -> Any:
    if structure is None:
        return next(leaves)
    kind, shape, children = structure
    parts = [_built(child, leaves) for child in children]
    if kind is dict:
        return dict(zip(shape, parts, strict=True))
    if issubclass(kind, list):
        return parts
    if issubclass(kind, tuple):
        return kind(*parts) if hasattr(kind, "_fields") else tuple(parts)  # a named tuple takes its fields one by one
    numpy = sys.modules["numpy"]
    if parts and all(_is_array(part) for part in parts):  # the scalars of a result are arrays of derivatives
        return numpy.stack(parts).reshape(shape + parts[0].shape)
    array = numpy.empty(len(parts), dtype=float if all(isinstance(part, (float, int)) for part in parts) else object)
    for i, part in enumerate(parts):  # not array[:] = parts, which would spread a list over it
        array[i] = part
    return array.reshape(shape)
