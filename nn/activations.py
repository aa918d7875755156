"""Activation functions by name: what a neuron does to its weighted sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import autodiff as ad

from .arguments import chosen

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Activation: TypeAlias = str | Callable[[Any], Any]

__all__ = ["ACTIVATIONS"]


def identity(x: Any) -> Any:
    """The argument itself: no node is added, so that the output of a neuron is its weighted sum.

    >>> identity(2.0)
    2.0
    """
    return x


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "identity": identity,
    "sigmoid": ad.sigmoid,
    "logistic": ad.sigmoid,
    "relu": ad.relu,
    "tanh": ad.tanh,
    "leaky_relu": ad.leaky_relu,
    "elu": ad.elu,
    "gelu": ad.gelu,
    "silu": ad.silu,
    "softplus": ad.softplus,
}
"""Every activation by name; each takes a number or a Value.  A function that is added here has a name, too."""


def activation_function(activation: Activation) -> Callable[[Any], Any]:
    """The function of that name, or ``activation`` itself if it is a function.

    Raises:
        ArgumentError: there is no activation of that name.
    """
    function: Callable[[Any], Any] = chosen("activation", activation, ACTIVATIONS, "any function of a Value")
    return function


def activation_name(activation: Activation) -> str | None:
    """The name under which ``ACTIVATIONS`` holds it, or None."""
    if isinstance(activation, str):
        return activation
    return next((name for name, function in ACTIVATIONS.items() if function is activation), None)
