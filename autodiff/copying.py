"""copy, deepcopy and pickle of graphs, without recursion: a chain of a million nodes is no deeper than one of two."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from .sweep import in_order, next_serial, recorded_from, recorded_order
from .tracing import note_read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .value import Value

__all__ = ["deepcopy_graph", "reduce_graph", "shallow_copy"]


def _fields(node: Value) -> tuple[Any, ...]:
    """What makes up a node, but for its serial; its parents follow from its operands."""
    note_read(node)  # a copy is not computed from what it copies
    return node._data, node._grad, node.label, node.op, node.operands, node.local_derivatives


def _restore(node: Value, fields: tuple[Any, ...]) -> Value:
    """Fill a blank node; its parents are filled already."""
    node._data, node._grad, node.label, node.op, operands, local_derivatives = fields
    passes_on = node.op is not None and node.op.flows
    parents = tuple([x for x in operands if not isinstance(x, float)]) if passes_on else ()
    node.set_edges(operands, parents, local_derivatives)
    node.serial = next_serial()
    return node


def _blank(node: Value) -> Value:
    return object.__new__(type(node))


def shallow_copy(node: Value) -> Value:
    """The node beside ``node`` for ``copy.copy``, with the same parents."""
    return _restore(_blank(node), _fields(node))


def deepcopy_graph(output: Value, memo: dict[int, Any]) -> Value:
    """The copy of ``output`` for ``copy.deepcopy``, with copies of all it depends on that ``memo`` lacks."""
    for node in in_order([output], lambda node: [x for x in recorded_from(node) if id(x) not in memo]):
        *others, operands, local_derivatives = _fields(node)
        copies = tuple([memo.get(id(x), x) for x in operands])
        memo[id(node)] = _restore(_blank(node), (*others, copies, local_derivatives))
    copied: Value = memo[id(output)]
    return copied


_underway: ContextVar[frozenset[Value]] = ContextVar("underway", default=frozenset())
"""The nodes whose ancestors an outer ``reduce_graph`` is writing."""


class _Ancestors:
    """A list for the pickler, that marks its nodes while they are written.

    A pickler writes an object by writing what ``reduce_graph`` returns for it, and writes an object it met before as
    a reference.  Ancestors in topological order therefore need no recursion: the parents of each are references.
    """

    def __init__(self, nodes: list[Value]) -> None:
        self.nodes = nodes

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (), None, self._marked()

    def _marked(self) -> Iterator[Value]:
        before = _underway.get()
        _underway.set(before.union(self.nodes))
        try:
            yield from self.nodes
        finally:
            _underway.set(before)


def reduce_graph(node: Value, protocol: Any = None) -> tuple[Any, ...]:
    """What ``pickle`` needs of a node: where no outer call sees to it already, all its ancestors come first."""
    ancestors = None if node in _underway.get() else _Ancestors(recorded_order(node)[:-1])
    return object.__new__, (type(node),), (ancestors, _fields(node)), None, None, _restore_pickled


def _restore_pickled(node: Value, state: tuple[Any, tuple[Any, ...]]) -> None:
    _restore(node, state[1])
