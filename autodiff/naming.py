"""Which name a node has in pictures and explanations: the one you gave it, or that of your own variable.

>>> from autodiff import Value
>>> x = Value(3.0)
>>> y = 2 * x
>>> f = y * x
>>> names = Names([x, y, f], {"f": f}, caller_names(1))
>>> names[x], names[y], names[f], names[2.0]
('x', 'y', 'f', '2')
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, count
from typing import Any

from .errors import OperandError
from .value import Value

__all__ = ["Names", "caller_names", "subscripted", "superscript"]

_LONGEST = 1000
"""Containers with more entries than this hold data rather than variables, and are not searched for names."""

_INDEXED = re.compile(r"([^\W\d_]{1,3})_(\d+(?:,\d+)?)(?:\^\((\d+)\))?(#\d+)?")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SUPERSCRIPTS = str.maketrans("0123456789-()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁽⁾")


def caller_names(depth: int = 2) -> dict[Value, str]:
    """The Values among the variables of the frame ``depth`` levels up, and what they are called there.

    1 is the function that calls this one, 2 the function that called that.  Locals come before globals, variables
    before the entries of lists, tuples and dicts, which are called ``w[0]``, ``w[1][2]``, ``p['w']``; the first name
    that is found wins.  Names that begin with an underscore, and IPython's ``In`` and ``Out``, do not count, nor do
    containers of more than 1000 entries.

    >>> w = [Value(1.0), Value(2.0)]
    >>> sorted(caller_names(1).values())
    ['w[0]', 'w[1]']
    """
    frame = sys._getframe(depth)
    found: dict[Value, str] = {}
    for variables in (frame.f_locals, frame.f_globals):
        own = [(name, x) for name, x in variables.items() if not name.startswith("_") and name not in ("In", "Out")]
        entries = chain.from_iterable(_entries(name, x, 2) for name, x in own)
        for name, x in chain(own, entries):
            if isinstance(x, Value):
                found.setdefault(x, name)
    return found


def _entries(name: str, x: object, depth: int) -> Iterator[tuple[str, object]]:
    """The entries of a container, and of the containers in it, with the expression for each."""
    if type(x) not in (list, tuple, dict) or len(x) > _LONGEST:  # type: ignore[arg-type]
        return
    for key, entry in [*x.items()] if isinstance(x, dict) else enumerate(x):  # type: ignore[arg-type]
        if isinstance(key, (str, int)):
            place = f"{name}[{key!r}]"
            yield place, entry
            if depth > 1:
                yield from _entries(place, entry, depth - 1)


class Names:
    """The name of each node, every one different.

    The first of these that there is: its name in ``names``, its label, the name that was ``found``, or v1, v2 and so
    on in the order of the nodes.  A detached copy of x is ``detach(x)``.  Where nodes would have the same name, the
    second is ``x#2``, the third ``x#3``.

    Args:
        nodes: in topological order.
        names: {"x": node} or {node: "x"}; goes before the labels.
        found: what ``caller_names`` found.

    Raises:
        OperandError: ``names`` is no mapping between names and Values.

    >>> x = Value(3.0, label="x")
    >>> y = x * x
    >>> z = Value(1.0, label="x")
    >>> names = Names([x, y, z])
    >>> names[x], names[y], names[z]
    ('x', 'v1', 'x#2')
    """

    def __init__(
        self,
        nodes: Iterable[Value],
        names: Mapping[str, Value] | Mapping[Value, str] | None = None,
        found: Mapping[Value, str] | None = None,
    ) -> None:
        given, found = _by_node(names), found or {}
        nodes = [*nodes]
        wanted = {node: _wanted(node, given, found) for node in nodes}
        taken = {*wanted.values()}
        numbers = count(1)
        seen: dict[str, int] = {}
        self._names: dict[Value, str] = {}
        for node in nodes:
            name = wanted[node]
            if not name:
                name = next(name for i in numbers if (name := f"v{i}") not in taken)
            elif name in seen:
                name = next(other for i in count(seen[name] + 1) if (other := _numbered(name, i, seen)) not in taken)
            else:
                seen[name] = 1
            self._names[node] = name

    def __getitem__(self, operand: Value | float) -> str:
        """The name of a node; a constant is written as a number."""
        return self._names[operand] if isinstance(operand, Value) else f"{operand:.12g}"

    def __contains__(self, node: object) -> bool:
        return isinstance(node, Value) and node in self._names


def _wanted(node: Value, given: Mapping[Value, str], found: Mapping[Value, str]) -> str:
    """What a node is to be called; ``x.detach()``, which has the label of x, is ``detach(x)``."""
    name = given.get(node) or node.label or found.get(node, "")
    if node.op is None and node.operands and node not in given:
        (source,) = node.operands
        of = given.get(source) or source.label or found.get(source, "")  # type: ignore[arg-type, union-attr]
        if of and name in ("", of):
            return f"detach({of})"
    return name


def _numbered(name: str, i: int, seen: dict[str, int]) -> str:
    seen[name] = i
    return f"{name}#{i}"


def _by_node(names: Mapping[Any, Any] | None) -> dict[Value, str]:
    """The names by node, whichever way round they were given."""
    if names is None:
        return {}
    if not isinstance(names, Mapping):
        raise OperandError(f'names is a dict such as {{"x": x}}, not {type(names).__name__}')
    given: dict[Value, str] = {}
    for key, item in names.items():
        if isinstance(key, str) and isinstance(item, Value):
            given.setdefault(item, key)
        elif isinstance(key, Value) and isinstance(item, str):
            given[key] = item
        else:
            pair = f"{type(key).__name__}: {type(item).__name__}"
            raise OperandError(f'names has an entry of {pair}; each is a name and its Value, as in {{"x": x}}')
    return given


def subscripted(name: str) -> str:
    """The name with its numbers set as indices, where it is a short one like those of ``nn``; else as it is.

    >>> subscripted("w_11^(1)"), subscripted("x_2"), subscripted("loss_total")
    ('w₁₁⁽¹⁾', 'x₂', 'loss_total')
    """
    match = _INDEXED.fullmatch(name)
    if match is None:
        return name
    base, index, layer, number = match.groups()
    layer = f"⁽{superscript(layer)}⁾" if layer else ""
    return f"{base}{index.translate(_SUBSCRIPTS)}{layer}{number or ''}"


def superscript(number: str) -> str:
    """The digits of a whole number, raised.

    >>> superscript("-12")
    '⁻¹²'
    """
    return number.translate(_SUPERSCRIPTS)
