"""A gradient split by the groups that its paths go through: ``group("position 3")``, ``group("head 2")``.

The gradient is a sum over paths.  Sorted by where they end, or by the first group of a family that they come into on
their way from the output, the paths fall into classes, and the gradient is the sum over these.  No path is listed: in
one sweep each node has an adjoint for each class of paths that lead to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from .grouping import blocks_of
from .value import Value

__all__ = ["Split", "split_by_group"]

_ELSEWHERE = "outside of the groups"
_PAST = "past them"


class Split(NamedTuple):
    """One way to split a gradient.

    Attributes:
        title: by what the paths are sorted.
        parts: for each class of paths its name, and what it adds to the gradient.
    """

    title: str
    parts: dict[str, float]


def split_by_group(output: Value, input: Value, between: Iterable[Value]) -> list[Split]:
    """The splits that say something: those with two parts or more that are not 0.

    Groups inside of others are a family: those of one group around them, whichever of the outermost groups that is in.

    Args:
        output: what is differentiated.
        input: with respect to what.
        between: the nodes on the paths between the two, both included, parents first.

    >>> from autodiff import group
    >>> w, terms = Value(3.0), []
    >>> for i in range(2):
    ...     with group(f"position {i}"):
    ...         terms.append(w * (i + 1.0))
    >>> loss = terms[0] + terms[1]
    >>> split_by_group(loss, w, [w, *terms, loss])
    [Split(title='the group where it is used', parts={'position 0': 1.0, 'position 1': 2.0})]
    """
    order = [*between]
    names = {node: tuple([block.name for block in last.around_it()]) for node, last in blocks_of(order).items()}
    if not names:
        return []
    order.remove(input)
    found = [
        Split("the group where it is used", _by_use(output, input, order, names)),
        Split("the first group on the way", _by_way(output, input, order, {n: name[0] for n, name in names.items()})),
    ]
    families: dict[tuple[str, ...], dict[Value, str]] = {}
    for node, name in names.items():
        for depth in range(1, len(name)):
            families.setdefault(name[1:depth], {})[node] = name[depth]
    for family, members in families.items():
        through = f"the way through {', '.join(family)}" if family else "the way through each outermost group"
        found.append(Split(through, _by_way(output, input, order, members)))
    telling: list[Split] = []
    for split in found:
        several = sum([part != 0 for part in split.parts.values()]) > 1
        if several and all(split.parts != other.parts for other in telling):
            telling.append(split)
    return telling


def _by_use(
    output: Value, input: Value, order: Sequence[Value], names: Mapping[Value, tuple[str, ...]]
) -> dict[str, float]:
    """What arrives at the input from each outermost group."""
    adjoints = {output: 1.0}
    parts: dict[str, float] = {names[node][0]: 0.0 for node in order if node in names and input in {*node.parents}}
    inside = {*order}
    for node in reversed(order):
        adjoint = adjoints.get(node, 0.0)
        for x, local in zip(node.parents, node.local_derivatives, strict=True):
            if x is input:
                name = names[node][0] if node in names else _ELSEWHERE
                parts[name] = parts.get(name, 0.0) + adjoint * local
            elif x in inside:
                adjoints[x] = adjoints.get(x, 0.0) + adjoint * local
    return _in_order(parts)


def _by_way(output: Value, input: Value, order: Sequence[Value], groups: Mapping[Value, str]) -> dict[str, float]:
    """What arrives at the input along the paths that first come into each group, and along those past all of them."""
    adjoints: dict[Value, dict[str, float]] = {output: {groups.get(output, _PAST): 1.0}}
    inside = {*order, input}
    for node in reversed(order):
        classes = adjoints.pop(node, {})
        for x, local in zip(node.parents, node.local_derivatives, strict=True):
            if x in inside:
                into = adjoints.setdefault(x, {})
                entered = groups.get(x, _PAST)
                for name, adjoint in classes.items():
                    name = entered if name == _PAST else name
                    into[name] = into.get(name, 0.0) + adjoint * local
    found = adjoints.get(input, {})
    known = dict.fromkeys([groups[node] for node in order if node in groups])
    return _in_order({name: found[name] for name in (*known, _PAST) if name in found})


def _in_order(parts: dict[str, float]) -> dict[str, float]:
    """Position 2 before position 10, whichever was recorded first; what is in no group comes last."""
    rest = (_ELSEWHERE, _PAST)

    def place(name: str) -> tuple[bool, int]:
        number = name.rpartition(" ")[2]
        return name in rest, int(number) if number.isdecimal() else 0

    return {name: parts[name] for name in sorted(parts, key=place)}
