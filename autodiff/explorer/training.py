"""A model and one sample as a graph that the page trains: its inputs, its loss, and its neurons by their labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..drawing.selection import neurons
from ..entrance import as_number, is_number
from ..errors import OperandError
from ..functions import sum as add_up
from ..value import Value

if TYPE_CHECKING:
    from .graph import Graph

__all__ = ["recorded_loss", "training"]


def recorded_loss(model: Any, x: Any, y: Any, loss: Callable[..., Any] | None) -> Value:
    """The loss of a model's outputs for one sample.

    Args:
        model: anything called with a list of inputs that has ``parameters()``, as the modules of ``nn`` do.
        x: the sample, numbers.
        y: the target, as the loss takes it.
        loss: a function (outputs, target); None is ½ Σ (output − target)².

    Raises:
        OperandError: the model is none, the sample no numbers, or the loss gives no Value.
    """
    if not callable(model) or not callable(getattr(model, "parameters", None)):
        raise OperandError(
            f"explore(model, x, y): the model is called with inputs and has parameters(), not {type(model).__name__}; "
            "for a graph give its output alone"
        )
    numbers = [x] if is_number(x) else [*x]
    inputs = [Value(as_number(number, "explore: an input"), f"x_{i}") for i, number in enumerate(numbers, 1)]
    outputs = model(inputs)
    found = (loss or _half_squares)(outputs, y)
    if not isinstance(found, Value):
        raise OperandError(f"explore: the loss gives a Value of the outputs, not {type(found).__name__}")
    if not found.label:
        found.label = "L"
    return found


def _half_squares(outputs: Any, targets: Any) -> Any:
    listed = [outputs] if isinstance(outputs, Value) else [*outputs]
    wanted = [targets] if is_number(targets) else [*targets]
    if len(listed) != len(wanted):
        raise OperandError(f"explore: the model has {len(listed)} outputs, and there are {len(wanted)} targets")
    return 0.5 * add_up([(output - target) ** 2 for output, target in zip(listed, wanted, strict=True)])


def training(graph: Graph, parameters: Sequence[Value]) -> dict[str, Any]:
    """What the page trains: the numbers of the parameters, and of each neuron its place, its sum and its activation."""
    sums: dict[tuple[int, int], int] = {}
    activations: dict[tuple[int, int], int] = {}
    for node, place in neurons(graph.nodes).items():
        if node.label[:1] in ("S", "x"):
            (sums if node.label[0] == "S" else activations)[place] = graph.number[node]
    return {
        "parameters": [graph.number[p] for p in parameters if p in graph.number],
        "neurons": [[*place, sums[place], activations.get(place, sums[place])] for place in sorted(sums)],
    }
