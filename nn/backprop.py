"""Backpropagation written out by hand, in plain loops over numbers.

Layers are numbered l = 1 … L; layer 0 is the input.  w_ij^(l) is the weight from node i of layer l-1 to node j of layer l.

    forward          S_j^(l) = Σ_i w_ij^(l) x_i^(l-1) + b_j^(l)          x_j^(l) = g(S_j^(l))
    δ                δ_j^(l) = ∂e/∂S_j^(l)
    base case        δ_j^(L) = ∂e/∂x_j^(L) · g′(S_j^(L))
    inductive step   δ_i^(l-1) = Σ_j δ_j^(l) w_ij^(l) · g′(S_i^(l-1))
    gradient         ∂e/∂w_ij^(l) = δ_j^(l) x_i^(l-1)                     ∂e/∂b_j^(l) = δ_j^(l)

For e = ½ Σ (x_j^(L) - y_j)² the base case is (g(S_j) - y_j) g′(S_j); for a cross-entropy after its sigmoid or softmax it
is x_j - y_j.

Every S, x and δ is computed once and remembered.  Without that, the inductive step would call itself once for each path
from a weight to the output, and there are as many of those as the product of the widths of all layers on the way.

This is a second opinion on ``Value.backward``, so it shares nothing with the engine: the derivatives of activations and
losses, which elsewhere only the table of operations knows, are written here a second time on purpose, as textbooks have
them.  The tests compare the two.
"""

from __future__ import annotations

from math import erfc, exp, expm1, inf, log, log1p, pi, sqrt, tanh

from autodiff import LengthError
from autodiff.ops import as_number, is_number

from .activations import activation_name
from .errors import ArgumentError, StateError
from .layers import Layer
from .module import Module

TYPE_CHECKING = False  # as in autodiff: `typing` takes longer to import than this module
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

    Vector: TypeAlias = list[float]
    Matrix: TypeAlias = list[list[float]]
    Function: TypeAlias = Callable[[float], float]

__all__ = ["Backpropagation", "backpropagate", "deltas"]


# ---------------------------------------------------------------------------------------------------------------------
# Activations: g and g′.
# ---------------------------------------------------------------------------------------------------------------------


def _sigmoid(S: float) -> float:
    return 1 / (1 + exp(-S)) if S > 0 else exp(S) / (1 + exp(S))


def _normal_cdf(S: float) -> float:
    return erfc(-S / sqrt(2)) / 2


def _normal_pdf(S: float) -> float:
    return exp(-S * S / 2) / sqrt(2 * pi)


# fmt: off
ACTIVATIONS: dict[str, tuple[Function, Function]] = {
    "identity":   (lambda S: S,                          lambda S: 1.0),
    "sigmoid":    (_sigmoid,                             lambda S: _sigmoid(S) * (1 - _sigmoid(S))),
    "logistic":   (_sigmoid,                             lambda S: _sigmoid(S) * (1 - _sigmoid(S))),
    "tanh":       (tanh,                                 lambda S: 1 - tanh(S) ** 2),
    "relu":       (lambda S: S if S > 0 else 0.0,        lambda S: 1.0 if S > 0 else 0.0),
    "leaky_relu": (lambda S: S if S > 0 else 0.01 * S,   lambda S: 1.0 if S > 0 else 0.01),
    "elu":        (lambda S: S if S > 0 else expm1(S),   lambda S: 1.0 if S > 0 else exp(S)),
    "gelu":       (lambda S: S * _normal_cdf(S),         lambda S: _normal_cdf(S) + S * _normal_pdf(S)),
    "silu":       (lambda S: S * _sigmoid(S),            lambda S: _sigmoid(S) * (1 + S * (1 - _sigmoid(S)))),
    "softplus":   (lambda S: max(S, 0.0) + log1p(exp(-abs(S))), _sigmoid),
}
"""g and g′ by name, as functions of S; one that is added here works as well."""
# fmt: on


# ---------------------------------------------------------------------------------------------------------------------
# Losses: e and ∂e/∂o_j, of the outputs o and the targets y.
# ---------------------------------------------------------------------------------------------------------------------


def _times_log(y: float, o: float) -> float:
    """y log o, where 0 log 0 = 0."""
    if y == 0:
        return 0.0
    return y * log(o) if o > 0 else -inf


def _ratio(y: float, o: float) -> float:
    """y / o, where 0 / 0 = 0."""
    if y == 0:
        return 0.0
    return y / o if o > 0 else inf


def _huber(d: float) -> float:
    return d * d / 2 if abs(d) <= 1 else abs(d) - 1 / 2


def _softmax(o: Vector) -> Vector:
    powers = [exp(o_j - max(o)) for o_j in o]
    return [power / sum(powers) for power in powers]


def _log_sum_exp(o: Vector) -> float:
    return max(o) + log(sum([exp(o_j - max(o)) for o_j in o]))


def _by_output(
    e: Callable[[float, float], float], slope: Callable[[float, float], float]
) -> tuple[Callable[[Vector, Vector], float], Callable[[Vector, Vector], Vector]]:
    """A loss that is a sum over the outputs."""
    return (
        lambda o, y: sum(map(e, o, y)),
        lambda o, y: list(map(slope, o, y)),
    )


LOSSES: dict[str, tuple[Callable[[Vector, Vector], float], Callable[[Vector, Vector], Vector]]] = {
    "squared_error": _by_output(
        lambda o, y: (o - y) ** 2 / 2,
        lambda o, y: o - y,
    ),
    "mean_squared_error": (
        lambda o, y: sum([(o_j - y_j) ** 2 for o_j, y_j in zip(o, y, strict=True)]) / len(o),
        lambda o, y: [2 * (o_j - y_j) / len(o) for o_j, y_j in zip(o, y, strict=True)],
    ),
    "huber": _by_output(
        lambda o, y: _huber(o - y),
        lambda o, y: min(max(o - y, -1.0), 1.0),
    ),
    "binary_cross_entropy": _by_output(
        lambda o, y: -_times_log(y, o) - _times_log(1 - y, 1 - o),
        lambda o, y: _ratio(1 - y, 1 - o) - _ratio(y, o),
    ),
    "binary_cross_entropy_with_logits": _by_output(
        lambda o, y: -_times_log(y, _sigmoid(o)) - _times_log(1 - y, _sigmoid(-o)),
        lambda o, y: _sigmoid(o) - y,
    ),
    "hinge": _by_output(
        lambda o, y: max(0.0, 1 - y * o),
        lambda o, y: -y if y * o < 1 else 0.0,
    ),
    "cross_entropy": (
        lambda o, y: sum([y_j * (_log_sum_exp(o) - o_j) for o_j, y_j in zip(o, y, strict=True)]),
        lambda o, y: [p_j - y_j for p_j, y_j in zip(_softmax(o), y, strict=True)],
    ),
}
"""e and the list of ∂e/∂o_j by name; huber with delta = 1."""


# ---------------------------------------------------------------------------------------------------------------------
# The recursion.
# ---------------------------------------------------------------------------------------------------------------------


class Backpropagation:
    """All that one sample gives, by number of the layer: ``delta[2][0]`` is δ of the first node of layer 2.

    Attributes:
        loss: e.
        S: the weighted sums, of layers 1 … L.
        x: the outputs x_j = g(S_j) of layers 1 … L, and the inputs as layer 0.
        delta: δ_j = ∂e/∂S_j, of layers 1 … L.
        weight_gradients: ∂e/∂w_ij of layers 1 … L, as ``[l][j][i]``: a row for each node, as in ``state_dict``.
        bias_gradients: ∂e/∂b_j of the layers that have biases.
    """

    def __init__(
        self,
        loss: float,
        S: dict[int, Vector],
        x: dict[int, Vector],
        delta: dict[int, Vector],
        weight_gradients: dict[int, Matrix],
        bias_gradients: dict[int, Vector],
    ) -> None:
        self.loss = loss
        self.S = S
        self.x = x
        self.delta = delta
        self.weight_gradients = weight_gradients
        self.bias_gradients = bias_gradients


def backpropagate(
    network: Module | Sequence[tuple[Any, Any, str]],
    inputs: Sequence[float],
    target: Any,
    loss: str = "squared_error",
) -> Backpropagation:
    """The loss of one sample and its gradient, by the δ recursion above; nothing on the network changes.

    Args:
        network: an MLP, or another Sequential of Layers; or the layers themselves, each as (weights, biases,
            activation): weights of shape (n_outputs, n_inputs), n_outputs biases or None, and a name of ``ACTIVATIONS``.
        inputs: n_inputs numbers.
        target: a number, or one for each output; for "cross_entropy" the number of a class will do.
        loss: a name of ``LOSSES``.

    Raises:
        ArgumentError: the network has other parts than Layers, or there is no activation or loss of that name.
        LengthError: numbers of weights, biases, inputs or targets do not belong together.

    >>> from nn import MLP
    >>> found = backpropagate([([[2.0, 1.0]], [0.5], "identity")], inputs=[3.0, -1.0], target=4.0)
    >>> found.S, found.delta, found.loss  # S = 2·3 - 1 + 0.5, and δ = S - 4
    ({1: [5.5]}, {1: [1.5]}, 1.125)
    >>> found.weight_gradients
    {1: [[4.5, -1.5]]}
    """
    w, b, g, g_prime = _layers(network)
    L = len(w)
    e, e_prime = _looked_up("loss", loss, LOSSES)

    # Forward pass: remember S and g(S).
    S: dict[int, Vector] = {}
    x = {0: [as_number(x_i, "backpropagate: an input") for x_i in inputs]}
    for l in range(1, L + 1):
        _check_shape(l, w[l], b[l], x[l - 1])
        S[l] = []
        for j in range(len(w[l])):
            S_j = b[l][j] if b[l] else 0.0
            for i in range(len(x[l - 1])):
                S_j += w[l][j][i] * x[l - 1][i]
            S[l].append(S_j)
        x[l] = [g[l](S_j) for S_j in S[l]]
    y = _targets(target, loss, len(x[L]))

    # Base case: the last layer.
    delta: dict[int, Vector] = {}
    if loss == "binary_cross_entropy" and g[L] is _sigmoid:  # the o(1 - o) of e′ and of g′ cancel, before they are 0/0
        delta[L] = [o_j - y_j for o_j, y_j in zip(x[L], y, strict=True)]
    else:
        slopes = e_prime(x[L], y)
        delta[L] = [slopes[j] * g_prime[L](S[L][j]) for j in range(len(S[L]))]

    # Inductive step: from layer l to the one before.
    for l in range(L, 1, -1):
        delta[l - 1] = []
        for i in range(len(x[l - 1])):
            through_all_j = 0.0
            for j in range(len(delta[l])):
                through_all_j += delta[l][j] * w[l][j][i]
            delta[l - 1].append(through_all_j * g_prime[l - 1](S[l - 1][i]))

    # Gradient.
    weight_gradients = {
        l: [[delta[l][j] * x[l - 1][i] for i in range(len(x[l - 1]))] for j in range(len(delta[l]))]
        for l in range(1, L + 1)
    }
    bias_gradients = {l: [*delta[l]] for l in range(1, L + 1) if b[l]}
    return Backpropagation(e(x[L], y), S, x, delta, weight_gradients, bias_gradients)


def deltas(network: Module) -> dict[int, Vector]:
    """The δ's of a network of Values after ``backward()``, by number of the layer: the gradients of its S nodes.

    They are of the sample that the network was last called with.

    Raises:
        StateError: the network was not called yet.

    >>> from nn import MLP, squared_error
    >>> model = MLP(2, [3, 1], "tanh", seed=0)
    >>> squared_error(model([1.0, 2.0]), 0.5).backward()
    >>> by_hand = backpropagate(model, [1.0, 2.0], 0.5)
    >>> max(abs(a - b) for l in (1, 2) for a, b in zip(deltas(model)[l], by_hand.delta[l])) < 1e-15
    True
    """
    try:
        return {
            l: [neuron.S.grad for neuron in layer.neurons] for l, layer in enumerate(_layers_of_values(network), start=1)
        }
    except AttributeError:
        raise StateError("deltas: call the network and backward() of its loss first") from None


# ---------------------------------------------------------------------------------------------------------------------
# What the caller gave.
# ---------------------------------------------------------------------------------------------------------------------


def _layers_of_values(network: Module) -> list[Layer]:
    parts = [network] if isinstance(network, Layer) else getattr(network, "layers", [])
    for part in parts:
        if not isinstance(part, Layer):
            raise ArgumentError(f"backpropagation by hand is written out for Layers alone, not for {part!r}")
    return list(parts)


def _layers(
    network: Module | Sequence[tuple[Any, Any, str]],
) -> tuple[dict[int, Matrix], dict[int, Vector | None], dict[int, Function], dict[int, Function]]:
    """Weights, biases, g and g′ by number of the layer, as plain numbers and functions of them."""
    if isinstance(network, Module):
        network = [
            (
                [[w.data for w in neuron.w] for neuron in layer.neurons],
                [neuron.b.data for neuron in layer.neurons if neuron.b is not None],
                activation_name(layer.activation),
            )
            for layer in _layers_of_values(network)
        ]
    ...
