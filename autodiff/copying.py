"""copy, deepcopy and pickle of graphs, without recursion: a chain of a million nodes is no deeper than one of two."""

from __future__ import annotations

from operator import attrgetter
from threading import local
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from .value import Value

__all__ = ["duplicate", "fields", "reduce"]


def fields(node: Value) -> tuple[Any, ...]:
    """What makes up a node, but for its serial; its parents follow from its operands."""
    return node.data, node.grad, node.label, node.op, node.operands, node.local_derivatives


def duplicate(output: Value, memo: dict[int, Any], restore: Callable[[Value, tuple[Any, ...]], None]) -> Value:
    """The copy of ``output`` for ``copy.deepcopy``, with copies of all it depends on that ``memo`` lacks.

    ``restore`` fills a blank node with fields.
    """
    missing: set[Value] = set()
    waiting = [output]
    while waiting:
        node = waiting.pop()
        if id(node) not in memo and node not in missing:
            missing.add(node)
            waiting.extend(node.parents)
    for node in sorted(missing, key=attrgetter("serial")):
        data, grad, label, op, operands, local_derivatives = fields(node)
        twin = object.__new__(type(node))
        restore(twin, (data, grad, label, op, tuple([memo.get(id(x), x) for x in operands]), local_derivatives))
        memo[id(node)] = twin
    copied: Value = memo[id(output)]
    return copied


class _Underway(local):
    """The nodes of this thread whose ancestors an outer ``reduce`` is writing."""

    def __init__(self) -> None:
        self.nodes: set[Value] = set()


_underway = _Underway()


class _Ancestors:
    """A list for the pickler, that marks its nodes while they are written.

    A pickler writes an object by writing what ``reduce`` returns for it, and writes an object it met before as
    a reference.  Ancestors in topological order therefore need no recursion: the parents of each are references.
    """

    def __init__(self, nodes: list[Value]) -> None:
        self.nodes = nodes

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (), None, self._marked()

    def _marked(self) -> Iterator[Value]:
        new = set(self.nodes) - _underway.nodes
        _underway.nodes |= new
        try:
            yield from self.nodes
        finally:
            _underway.nodes -= new


def reduce(
    node: Value, order: Callable[[Value], list[Value]], restore: Callable[[Value, tuple[Any, ...]], None]
) -> tuple[Any, ...]:
    """What ``pickle`` needs of a node: where no outer call sees to it already, all its ancestors come first.

    ``order`` gives the ancestors, ``restore`` takes a blank node and the pair (ancestors, fields).
    """
    ancestors = None if node in _underway.nodes else _Ancestors(order(node)[:-1])
    return object.__new__, (type(node),), (ancestors, fields(node)), None, None, restore
