"""The same network for another framework: ``to_torch``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import autodiff as ad
from autodiff import MissingDependency
from autodiff.forks import no_fork

from .activations import identity
from .errors import ArgumentError
from .gpt import GPT
from .gpt_torch import torch_gpt
from .layers import Dropout, Layer, Neuron, Sequential

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from .module import Module

__all__ = ["to_torch"]


def to_torch(model: Module, activations: Mapping[Callable[..., Any], Callable[[], Any]] | None = None) -> Any:
    """The model as a ``torch.nn.Module`` in float64, with the same outputs to 1e-12; a Sequential, but for a GPT.

    It has parameters of its own, which start from the model's numbers as they are now, and it is in training or in
    evaluation as the model is.  Its samples are the rows of a tensor; a Neuron, which gives a single Value, gives a
    column.

    Args:
        model: a Neuron, Layer, Sequential, MLP or Dropout, which become Linears and activations; or a GPT, whose like
            takes tokens of shape (documents, positions).
        activations: what makes the module for an activation of your own, as in ``{mish: torch.nn.Mish}``.

    Raises:
        ArgumentError: a module or an activation has no counterpart, or layers share parameters.
        MissingDependency: PyTorch is not installed.

    >>> from nn import MLP
    >>> to_torch(MLP(2, [3, 1], "tanh"))  # doctest: +SKIP
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): Tanh()
      (2): Linear(in_features=3, out_features=1, bias=True)
    )
    """
    try:
        with no_fork:
            import torch
    except ImportError:
        raise MissingDependency("to_torch needs PyTorch: pip install torch") from None
    if isinstance(model, GPT):
        return torch_gpt(model, torch).train(model.training)
    counterparts = {**_activations(torch), **(activations or {})}
    parts = [made for module in _flat(model) for made in _counterpart(module, counterparts, torch)]
    network = torch.nn.Sequential(*parts)
    network.training = model.training  # not train(), which would set that of each Dropout, too
    copied = sum([p.numel() for p in network.parameters()])
    if copied != len(model.parameters()):
        raise ArgumentError(
            f"to_torch copies layer by layer, and {copied - len(model.parameters())} parameters are shared between "
            "layers, which the copies would not be: build such a network in PyTorch, and load the numbers"
        )
    return network


def _flat(module: Module) -> list[Module]:
    """The modules of a Sequential, and of those within."""
    if isinstance(module, Sequential) and type(module).__call__ is Sequential.__call__:
        return [part for below in module.layers for part in _flat(below)]
    return [module]


def _counterpart(module: Module, activations: dict[Any, Callable[[], Any]], torch: Any) -> list[Any]:
    if isinstance(module, Dropout) and type(module).__call__ is Dropout.__call__:
        return [torch.nn.Dropout(module.p).train(module.training)]
    if isinstance(module, Layer) and type(module).__call__ is Layer.__call__:
        neurons = module.neurons
    elif isinstance(module, Neuron) and type(module).__call__ is Neuron.__call__:
        neurons = [module]
    else:
        raise ArgumentError(
            f"to_torch knows Neurons, Layers, Sequentials, MLPs, Dropouts and GPTs, not {type(module).__name__}: write "
            "that one as a torch.nn.Module, and hand over what is within"
        )
    first, *others = neurons
    if any(neuron._function is not first._function for neuron in others):
        raise ArgumentError(
            f"to_torch: the neurons of {module!r} differ in their activations, and those of a Linear do not"
        )
    bias = first.b is not None
    linear = torch.nn.utils.skip_init(torch.nn.Linear, first.n_inputs, len(neurons), bias=bias, dtype=torch.float64)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[w.data for w in neuron.w] for neuron in neurons], dtype=torch.float64))
        if bias:
            biases = [neuron.b.data for neuron in neurons if neuron.b is not None]
            linear.bias.copy_(torch.tensor(biases, dtype=torch.float64))
    if first._function is identity:
        return [linear]
    if first._function not in activations:
        raise ArgumentError(
            f"to_torch has no module for the activation {first.activation!r}: give what makes one, as in "
            "to_torch(model, activations={mish: torch.nn.Mish})"
        )
    return [linear, activations[first._function]()]


def _activations(torch: Any) -> dict[Any, Callable[[], Any]]:
    """What makes the module for each activation of ``ACTIVATIONS`` but identity, which takes none."""
    return {
        ad.sigmoid: torch.nn.Sigmoid,
        ad.relu: torch.nn.ReLU,
        ad.tanh: torch.nn.Tanh,
        ad.leaky_relu: torch.nn.LeakyReLU,
        ad.elu: torch.nn.ELU,
        ad.gelu: torch.nn.GELU,
        ad.silu: torch.nn.SiLU,
        ad.softplus: lambda: torch.nn.Softplus(threshold=40.0),  # by default 2e-9 is left out from 20 on
    }
