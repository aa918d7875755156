"""Where the gradient of one parameter of a GPT comes from: which positions, and through which heads.

>>> from nn import GPT
>>> model = GPT(5, width=4, heads=2, context=8, seed=0)
>>> print(split_gradient(model, [4, 0, 1, 0, 4], model.token.weight[0][1]))
∂loss/∂w_0,2^(token) = −0.1177
  used at position 0 1 2 3: 0 −0.1054 0 −0.01235
  through block 1, heads 1 2, past them: −0.0004444 −0.001312 −0.116
"""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING, NamedTuple

from autodiff import gradients, mean
from autodiff.sweep import topological_order

from .errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from autodiff import Value

    from .gpt import GPT

__all__ = ["GradientSplit", "split_gradient"]


class GradientSplit(NamedTuple):
    """The parts of a gradient; each way of splitting it adds up to the whole.

    Attributes:
        name: the label of the parameter.
        whole: the derivative of the loss of the document with respect to it.
        positions: what the use of the parameter at each position contributes.
        heads: for each block what goes through each of its heads, and at last what goes past them, straight on or
            where the parameter comes after them.
    """

    name: str
    whole: float
    positions: list[float]
    heads: list[list[float]]

    def __str__(self) -> str:
        lines = [f"∂loss/∂{self.name} = {_text(self.whole)}"]
        lines.append(f"  used at position {' '.join(map(str, range(len(self.positions))))}: {_row(self.positions)}")
        for block, parts in enumerate(self.heads, 1):
            numbers = " ".join(map(str, range(1, len(parts))))
            lines.append(f"  through block {block}, heads {numbers}, past them: {_row(parts)}")
        return "\n".join(lines)


def split_gradient(model: GPT, document: Sequence[int], parameter: Value) -> GradientSplit:
    """Split the derivative of ``model.loss(document)`` with respect to one of its parameters.

    A path from the loss down to the parameter ends in one use of it, at one position; and in each block it goes through
    what one head takes at one position, or past all of them.  So the gradient, which is a sum over paths, is a sum over
    positions, and over heads.  No path is listed: what goes through a node is the derivative of the loss with respect
    to the node, times that of the node with respect to the parameter.

    Args:
        model: the network.
        document: its tokens.
        parameter: one of ``model.parameters()``.

    Raises:
        ArgumentError: it is none of them.
        LengthError: the document has fewer than two tokens.
    """
    if parameter not in set(model.parameters()):
        raise ArgumentError(f"split_gradient takes a parameter of the model, not {parameter!r:.60}")
    caches = model.caches()
    losses = model.losses(document, caches)
    loss = mean(losses)
    order = topological_order(loss)
    uses = [node for node in order if any(x is parameter for x in node.parents)]
    taken = [node for cache in caches for position in cache.taken for node in position]
    found = gradients(loss, [parameter, *uses, *taken])
    whole, adjoint = found[0], dict(zip([*uses, *taken], found[1:], strict=True))
    tangent = _tangents(order, parameter)
    positions = [0.0] * len(losses)
    for place, node in zip(_places(model, document, parameter, len(losses)), uses, strict=True):
        positions[place] += adjoint[node] * _slope(node, parameter)
    heads = []
    for cache in caches:
        size = model.width // model.heads
        parts = [
            fsum(adjoint[node] * tangent.get(node, 0.0) for position in cache.taken for node in position[i : i + size])
            for i in range(0, model.width, size)
        ]
        heads.append([*parts, whole - fsum(parts)])
    return GradientSplit(parameter.label, whole, positions, heads)


def _places(model: GPT, document: Sequence[int], parameter: Value, positions: int) -> list[int]:
    """The position of each use, in their order: a row of an embedding is used where it is read, all else everywhere."""
    for row, numbers in enumerate(model.token.weight):
        if any(x is parameter for x in numbers):
            return [i for i, token in enumerate(document[:positions]) if token == row]
    for row, numbers in enumerate(model.position.weight):
        if any(x is parameter for x in numbers):
            return [row] if row < positions else []
    return [*range(positions)]


def _tangents(order: Sequence[Value], parameter: Value) -> dict[Value, float]:
    """The derivative of every node with respect to the parameter; nodes without one are left out."""
    tangent = {parameter: 1.0}
    for node in order:
        if any(x in tangent for x in node.parents):
            edges = zip(node.parents, node.local_derivatives, strict=True)
            tangent[node] = fsum(d * tangent[x] for x, d in edges if x in tangent)
    return tangent


def _slope(node: Value, parameter: Value) -> float:
    edges = zip(node.parents, node.local_derivatives, strict=True)
    return fsum(d for x, d in edges if x is parameter)


def _text(x: float) -> str:
    return f"{x:.4g}".replace("-", "−") if x else "0"


def _row(numbers: Iterable[float]) -> str:
    return " ".join(map(_text, numbers))
