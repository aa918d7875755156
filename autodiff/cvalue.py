"""``Value`` at the speed that is there: the class of ``value.py`` with faster methods, or a C type to the same effect.

A class that inherits from a C type would be known to Python's garbage collector, node by node.  So ``Value`` itself is
the C type, and what it does not have the class gives it: docstrings, and every member that need not be fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import native, primitives
from .arithmetic import OPERATORS, accelerate, spell_out
from .edges import Edges
from .numberlike import NumberLike
from .operators import OPS, Operators
from .pausing import innermost_block, paused_somewhere
from .sweep import next_serial
from .tracing import open_traces

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["fastest"]

# The rows of which C has the rules: of any number of operands, and those spelled out, with the methods that take every
# case, with the object on the left or on the right.
_NARY = ("sum", "mean", "dot", "logsumexp", "softmax")
_FUNCTIONS = ("exp", "log", "relu", "tanh")
_SPELLED_OUT = {row: (f"__{name}__", f"__r{name}__") for row, name in {**OPERATORS, "pow": "pow"}.items()}
_SPELLED_OUT |= {name: (name, "") for name in ("neg", *_FUNCTIONS)}
_OF_THE_CLASS = ("__module__", "__dict__", "__weakref__", "__slots__", "__static_attributes__", "__firstlineno__")


def fastest(
    reference: type, record: Callable[..., Any], record_inline: Callable[..., Any]
) -> tuple[Any, Callable[..., Any], Callable[..., Any]]:
    """``Value``, ``record`` and ``record_inline`` to be used, given those of ``value.py``."""
    if native.node is not None:
        try:
            value = _in_c(reference)
            accelerate(value, native.node.record_inline)
            return value, record, native.node.record_inline
        except Exception as error:
            native.give_up(error)
    accelerate(reference, record_inline)
    spell_out(reference, next_serial)
    return reference, record, record_inline


def _in_c(reference: Any) -> Any:
    """The C type with the members of the class ``reference``."""
    given = {"paused_somewhere": paused_somewhere, "innermost_block": innermost_block, "open_traces": open_traces}
    given |= {"reference": reference, "exact_sum": primitives.sum}
    given |= {"data": NumberLike.data, "grad": NumberLike.grad, "local_derivatives": Edges.local_derivatives}
    rows: dict[str, Any] = {name: OPS[name] for name in _NARY}
    for row, names in _SPELLED_OUT.items():
        rows[row] = OPS[row], *[getattr(Operators, name, None) for name in names]
    value = native.node.make_type(reference.__bases__, _documentation(reference), given, rows)
    value.__name__ = "Value"  # as errors have it
    own = {*vars(value), *_OF_THE_CLASS}
    for cls in reversed(reference.__mro__[:-1]):
        for name, member in vars(cls).items():
            inherited = cls is not reference and not name.startswith("__")  # unlike a method that a slot calls
            if name not in own and not inherited and name not in reference.__slots__:
                setattr(value, name, member)
    return value


def _documentation(reference: Any) -> dict[str, str]:
    """The docstrings of the class and of the members that are in C; the signature comes first, as C types have it."""
    attributes = ("data", "grad", "operands", "parents", "local_derivatives")
    found = {name: getattr(reference, name).__doc__ for name in attributes}
    signed = [("Value", "(data, label='', *more)", reference.__doc__)]
    signed += [("set_edges", "($self, operands, parents, local)", reference.set_edges.__doc__)]
    signed += [(name, "($self)", getattr(reference, name).__doc__) for name in ("backward", "zero_grad")]
    signed += [(name, "($self)", f"{OPS[name].notation}.") for name in _FUNCTIONS]
    return found | {name: f"{name}{signature}\n--\n\n{text}" for name, signature, text in signed}
