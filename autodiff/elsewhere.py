"""What nodes and tensors have elsewhere, in micrograd, microgpt and PyTorch, and what to use here in its place.

Each of these names is a descriptor that raises an error with the remedy, on reading and on setting.  A name that a
Value does have is found as fast as without them, which would not be so with ``__setattr__``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import MissingAttribute

if TYPE_CHECKING:
    from typing import Any

__all__ = ["ELSEWHERE", "NamedElsewhere"]

_NUMBER = "a Value is a single number: v.data is the float"
_ALWAYS = "every Value has a gradient: v.detach() passes none on, and operations inside no_grad() record none"
_SINGLE = "a Value is a single number: keep Values in lists, or in a NumPy array of objects"

ELSEWHERE = {
    "_prev": "v.parents has the Values that v was made from, in order and with repetitions",
    "_children": "v.parents has the Values that v was made from, in order and with repetitions",
    "_op": "v.op is the row of the operation, v.op.name its name; None for a leaf",
    "_local_grads": "v.local_derivatives has one for each of v.parents",
    "_backward": "v.local_derivatives has what such a closure multiplies by; autodiff.operation makes an operation",
    "item": _NUMBER,
    "numpy": _NUMBER,
    "tolist": _NUMBER,
    "requires_grad": _ALWAYS,
    "requires_grad_": _ALWAYS,
    "retain_grad": "every node keeps its grad after backward()",
    "is_leaf": "a leaf has no operation: v.op is None",
    "grad_fn": "v.op is the row of the operation, v.parents are what it was applied to",
    "clone": "v may be used as often as wanted; v * 1.0 is a new node, through which the gradient flows",
    "shape": _SINGLE,
    "T": _SINGLE,
    "dtype": "a Value holds a double, float64; autodiff.compile(f, precision='float32') runs with less",
    "sum": "autodiff.sum(values) is that of a list of Values",
    "mean": "autodiff.mean(values) is that of a list of Values",
}
"""For each name of an attribute elsewhere, what to use here."""


class _Missing:
    """An attribute that is not there, unless a subclass, whose objects have a ``__dict__``, gives them one."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, node: Any, owner: Any = None) -> Any:
        own = getattr(node, "__dict__", {})
        if self.name not in own:
            raise self.error()
        return own[self.name]

    def __set__(self, node: Any, value: Any) -> None:
        if not hasattr(node, "__dict__"):
            raise self.error()
        node.__dict__[self.name] = value

    def error(self) -> MissingAttribute:
        return MissingAttribute(f"a Value has no {self.name}; {ELSEWHERE[self.name]}")


class NamedElsewhere:
    """The attributes that a node has elsewhere, as errors; ``dir`` does not list them, and type checkers report them.

    >>> from autodiff import Value
    >>> Value(2.0).item()
    Traceback (most recent call last):
        ...
    autodiff.errors.MissingAttribute: a Value has no item; a Value is a single number: v.data is the float
    """

    __slots__ = ()

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in ELSEWHERE or hasattr(self, name)]


for _name in ELSEWHERE:
    setattr(NamedElsewhere, _name, _Missing(_name))
