"""Machine code for one instruction of a flat program: kernels, each compiled by numba when a program first needs it.

A kernel works on one buffer of numbers.  ``value`` applies a row of the table.  ``adjoint`` does the row's share of the
reverse sweep, ``x̄ += ∂z/∂x·z̄``, or ``x̄ = ∂z/∂x·z̄`` where nothing else goes to x̄, with ∂z/∂x computed by the row's
own rule.  Both are generated from the row, in two forms: on *scalars*, one number to a slot, and on *lanes*, where a
slot is a row of samples.

The signature of every kernel is ``(V, ix, count, arity, lanes, real, stride)``:

    V        the buffer; slot s begins at V[s·stride]
    ix       for each of the ``count`` operations the slot of z, then those of its ``arity`` operands; for ``adjoint``
             the slots that ``template.layout`` names
    lanes    how many samples to compute; ``real`` of them are samples, the rest fill up the block

The machine code of a kernel is kept on disk, under a name made from all that the kernel is made from (``cache``): rules
that someone assigns to a row give other kernels, and never change those of another process.
"""

from __future__ import annotations

import linecache
import logging
import sys
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import carray, types

from ..errors import OperationError
from ..ops import OPS
from . import dense, nary, products, rolled
from .assembler import assembled_kernel
from .cache import cfunc, folder
from .fingerprint import fingerprint
from .machine import MACHINE, bound
from .memory import BUFFER, call_kernel
from .operands import Unsupported
from .own_values import is_own
from .template import layout, positions_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["call_kernel", "kernel", "kernel_of"]

_POINTERS = {name: types.CPointer(getattr(types, name)) for name in ("float64", "float32")}


def kernel(kind: str, name: str, form: str, precision: str) -> int:
    """The address of a kernel, compiled now or read from the disk.

    Args:
        kind: "value" or what ``template.adjoint_kind`` makes, "adjoint_add0_store1"; or "nary", "dense", "product",
            "chain", "loop".
        name: the row of the table; or a function of ``nary``, ``dense``, ``products`` (twice), ``rolled``.
        form: "scalars" or "lanes".
        precision: "float64" or "float32", the numbers in the buffer.
    """
    if kind in ("dense", "product", "chain", "loop") or (kind == "nary" and not is_own(name)):
        return _address(kind, name, form, precision, ())
    return _address(kind, name, form, precision, (MACHINE[name], *OPS[name].partials))


@cache
def _address(kind: str, name: str, form: str, precision: str, row: tuple[Any, ...]) -> int:
    """The same; of a row with other rules it is another."""
    if not row:
        function = getattr(
            {"dense": dense, "product": products, "chain": products, "loop": rolled}.get(kind, nary), name
        )
    else:
        function = _of_lists(*row[:1]) if kind == "nary" else _generated(kind, name, form, *row)
    # A dense block may fuse a product with the sum it goes to, and add in any order; nothing else departs from IEEE,
    # and nowhere are NaN and inf assumed away.
    freedom = ["contract", "reassoc"] if kind == "dense" and name != "forward_in_order" else []
    try:
        address, found = assembled_kernel(function, precision, freedom)
    except Unsupported:
        address, found = _by_numba(function, precision, name)
    if not found and all(_FOUND):
        _LOG.warning(
            "compiling machine code for operations used for the first time; it is kept in %s", folder() or "memory"
        )
    _FOUND.append(found)
    return address


def kernel_of(function: Any) -> int:
    """The address of a kernel, on doubles, that has been written down already."""
    try:
        return assembled_kernel(function, "float64")[0]
    except Unsupported:
        return _by_numba(function, "float64", "")[0]


def _by_numba(function: Any, precision: str, name: str) -> tuple[int, bool]:
    """A kernel with what is not in ``dialect``: the same."""
    signature = types.void(_POINTERS[precision], types.CPointer(types.uint32), *[types.int64] * 5)
    try:
        made = cfunc(function, signature, error_model="numpy")
    except Exception as error:  # NumbaError, and whatever its passes stumble over
        if not is_own(name):
            raise
        raise OperationError(
            f"operation {name!r}: numba cannot compile it ({_said(error)}); let its value take "
            "floats and use operators, if and functions of math, or run it with engine='source'"
        ) from error
    _KEPT.append(made)
    return int(made.address), bool(made.cache_hits)


def _said(error: Exception) -> str:
    """The line of an error of numba that tells something."""
    lines = [line for line in str(error).splitlines() if line.strip() and not line.startswith("Failed in")]
    return lines[0].strip() if lines else type(error).__name__


_LOG = logging.getLogger("autodiff.compiler")
_FOUND: list[bool] = []
_KEPT: list[Any] = []
"""The compiled functions, whose code lives only as long as they do."""


# ---------------------------------------------------------------------------------------------------------------------
# Text from a row of the table.
# ---------------------------------------------------------------------------------------------------------------------


def _generated(kind: str, name: str, form: str, value: Any, *rules: Any) -> Any:
    """The kernel of a row in a module of its own, where numba looks for it when it has its machine code from the disk.

    Its name, which is that of its machine code too, is told apart from those of other rules and values of that row.
    """
    names = {"value": value, **{f"rule_{i}": bound(rules[i], len(rules)) for i in _positions(kind)}}
    title = f"{kind}_{name}_{form}_{fingerprint([*names.values()])}"
    module = ModuleType(f"{__package__}._{title}")
    sys.modules[module.__name__] = module
    text, file = "\n".join(_text(kind, name, form, title)), f"<{title}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)  # where its source is looked for
    exec(compile(text, file, "exec"), vars(module))
    vars(module).update(names)
    return getattr(module, title)


def _positions(kind: str) -> tuple[int, ...]:
    """The operands whose adjoints the kernel gives something."""
    return positions_of(kind) if kind != "value" else ()


def _text(kind: str, name: str, form: str, title: str) -> Iterator[str]:
    """The kernel of a row, line by line."""
    positions = _positions(kind)
    operands = [f"x{i}" for i in range(len(OPS[name].partials))]
    entries = layout(name, positions) if positions else ["z", *operands]
    yield f'"""{OPS[name].notation}, generated."""'
    yield "from numba import carray, float64"
    yield "from autodiff.compiler.memory import BUFFER, TILE, TILES, in_groups, wide"
    yield ""
    yield f"def {title}(V_, ix_, count, arity, lanes, real, stride):"
    yield "    wide()"
    yield "    V = carray(V_, (BUFFER,))"
    yield "    ix = carray(ix_, (BUFFER,))"
    gathered = not OPS[name].quick
    if form == "lanes" and gathered:  # their loops have no use for more, and the time of a sample counts
        yield "    lanes = in_groups(real)"
    writer = {"lanes": _on_lanes, "scalars": _on_vectors if gathered else _on_scalars}[form]
    signs = {i: "+=" if f"add{i}" in kind else "=" for i in positions}
    yield from writer(entries, operands, signs)


def _call(entries: list[str], operands: list[str], position: int | None, number: str) -> str:
    """The value, or a rule, on its operands; those that it does not read are 0."""
    read = [*operands, "z"] if position is not None else operands
    arguments = ", ".join(number.format(x) if x in entries else "0.0" for x in read)
    return f"value({arguments})" if position is None else f"rule_{position}({arguments})"


def _operations(size: int, back: bool) -> str:
    """A loop over them, from the last if it goes back: one may use the result of another."""
    return f"range({size} * (count - 1), -1, -{size})" if back else f"range(0, {size} * count, {size})"


def _on_lanes(entries: list[str], operands: list[str], signs: dict[int, str]) -> Iterator[str]:
    yield f"    for k in {_operations(len(entries), bool(signs))}:"
    for i, entry in enumerate(entries):
        yield f"        {entry} = V[ix[k + {i}] * stride:]"
    if not signs:
        yield "        for t in range(lanes):"
        yield f"            z[t] = {_call(entries, operands, None, 'float64({}[t])')}"
    for i, sign in signs.items():  # a loop for each operand: x * x has the same twice
        yield "        for t in range(lanes):"
        yield f"            dx{i}[t] {sign} {_call(entries, operands, i, 'float64({}[t])')} * dz[t]"


def _on_scalars(entries: list[str], operands: list[str], signs: dict[int, str]) -> Iterator[str]:
    yield f"    for k in {_operations(len(entries), bool(signs))}:"
    for i, entry in enumerate(entries):
        if entry != "z" or signs:
            yield f"        {entry} = {f'ix[k + {i}]' if entry.startswith('dx') else f'V[ix[k + {i}]]'}"
    if not signs:
        yield f"        V[ix[k]] = {_call(entries, operands, None, '{}')}"
    for i, sign in signs.items():
        yield f"        V[dx{i}] {sign} {_call(entries, operands, i, '{}')} * dz"


def _on_vectors(entries: list[str], operands: list[str], signs: dict[int, str]) -> Iterator[str]:
    """Scalars are gathered, computed side by side, and scattered; no operation here uses the result of another."""
    size = len(entries)
    read = [entry for entry in entries if entry in operands or (entry == "z" and signs)]
    for i, column in enumerate([*read, "result"]):
        yield f"    {column} = V[TILES + {i} * TILE : TILES + {i + 1} * TILE]"
    yield "    for first in range(0, count, TILE):"
    yield "        n = min(TILE, count - first)"
    yield f"        here = ix[{size} * first :]"
    yield "        for t in range(n):"
    for entry in read:
        yield f"            {entry}[t] = V[here[{size} * t + {entries.index(entry)}]]"
    for position in signs or [None]:
        yield "        for t in range(n):"
        yield f"            result[t] = {_call(entries, operands, position, '{}[t]')}"
        yield "        for t in range(n):"
        if position is None:
            yield f"            V[here[{size} * t]] = result[t]"
        else:
            at = entries.index(f"dx{position}")
            yield f"            V[here[{size} * t + {at}]] {signs[position]} result[t] * V[here[{size} * t]]"


def _of_lists(value: Any) -> Any:
    """The kernel of an operation from elsewhere with any number of operands."""

    def of_lists(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
        V = carray(V_, (BUFFER,))
        ix = carray(ix_, (BUFFER,))
        xs = np.empty(arity)
        for k in range(0, count * (arity + 1), arity + 1):
            for t in range(lanes):
                for i in range(arity):
                    xs[i] = V[ix[k + 1 + i] * stride + t]
                V[ix[k] * stride + t] = value(xs)

    return of_lists
