"""Backpropagation written out by hand, in plain loops over numbers.

Layers are numbered l = 1 … L, and layer 0 is the input; w_ij^(l) leads from node i of layer l-1 to node j of layer l.

    forward pass     S_j^(l) = Σ_i w_ij^(l) x_i^(l-1) + b_j^(l)           x_j^(l) = g(S_j^(l))
    what δ means     δ_j^(l) = ∂e/∂S_j^(l)
    base case        δ_j^(L) = ∂e/∂x_j^(L) · g′(S_j^(L))
    inductive step   δ_i^(l-1) = Σ_j δ_j^(l) w_ij^(l) · g′(S_i^(l-1))
    gradient         ∂e/∂w_ij^(l) = δ_j^(l) x_i^(l-1)                      ∂e/∂b_j^(l) = δ_j^(l)

With e = ½ Σ_j (x_j^(L) - y_j)² the base case is (g(S_j) - y_j) g′(S_j); with a cross-entropy of a sigmoid or a softmax
it is o_j - y_j, the probability less the target.

Every S, x and δ is computed once and remembered.  Otherwise the inductive step would call itself once for each path to
the output, and there are as many of them as the product of the widths of all layers on the way.

All this is a second opinion on ``Value.backward`` and shares nothing with it.  So the derivatives of activations and
losses stand here a second time, on purpose, as textbooks write them; in the engine they come from the table of
operations alone.  The tests compare the two.  Only what targets a loss takes is asked of ``nn.losses``.
"""

# ruff: noqa: E741 (l is the layer, as in the formulas)

from __future__ import annotations

from math import erfc, exp, expm1, inf, log, log1p, pi, sqrt, tanh
from typing import TYPE_CHECKING

from autodiff import LengthError
from autodiff.entrance import as_number

from .activations import activation_name
from .errors import ArgumentError, StateError
from .layers import Layer
from .losses import target_numbers
from .module import Module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeAlias

    Vector: TypeAlias = list[float]
    Matrix: TypeAlias = list[list[float]]
    LayerGiven: TypeAlias = tuple[Sequence[Sequence[float]], Sequence[float] | None, str]

__all__ = ["Backpropagation", "backpropagate", "deltas"]


class Backpropagation:
    """What one sample gives, by number of the layer: ``delta[2][0]`` is the δ of the first node of layer 2.

    Attributes:
        loss: e.
        S: the weighted sums S_j of layers 1 … L.
        x: the outputs x_j = g(S_j) of layers 1 … L; layer 0 are the inputs.
        delta: δ_j of layers 1 … L.
        weight_gradients: ∂e/∂w_ij as ``[l][j][i]``, one row for each node, like the weights in ``state_dict``.
        bias_gradients: ∂e/∂b_j as ``[l][j]``; of a layer without biases, what they would be.
    """

    def __init__(self, inputs: Vector) -> None:
        self.loss = 0.0
        self.S: dict[int, Vector] = {}
        self.x: dict[int, Vector] = {0: inputs}
        self.delta: dict[int, Vector] = {}
        self.weight_gradients: dict[int, Matrix] = {}
        self.bias_gradients: dict[int, Vector] = {}


def backpropagate(
    network: Module | Iterable[LayerGiven], inputs: Iterable[float], target: Any, loss: str = "squared_error"
) -> Backpropagation:
    """The loss of one sample and its gradient, by the recursion above.  Nothing in the network changes.

    Args:
        network: an MLP, a Layer or a Sequential of Layers; or each layer as (weights, biases, activation): weights of
            shape (n_outputs, n_inputs), n_outputs biases or None, and a name of ``backprop.ACTIVATIONS``.
        inputs: as many numbers as the first layer takes.
        target: a number, or one for each output; for "cross_entropy" the number of a class will do.
        loss: a name of ``nn.LOSSES``.

    Raises:
        ArgumentError: a name is unknown, the network has other parts than Layers, or outputs or targets are not such
            as the loss takes.
        LengthError: weights, biases, inputs and targets do not fit together.

    >>> found = backpropagate([([[2.0, 1.0]], [0.5], "identity")], inputs=[3.0, -1.0], target=4.0)
    >>> found.S, found.delta, found.loss  # S = 2·3 + 1·(-1) + 0.5, δ = S - 4
    ({1: [5.5]}, {1: [1.5]}, 1.125)
    >>> found.weight_gradients
    {1: [[4.5, -1.5]]}
    """
    found = Backpropagation([as_number(x_i, "backpropagate: an input") for x_i in inputs])
    S, x, delta = found.S, found.x, found.delta
    w, b, g, g_prime = _taken_apart(network, len(x[0]))
    L = len(w)

    # Forward pass.
    for l in range(1, L + 1):
        S[l] = []
        for j in range(len(w[l])):
            S_j = b[l][j]
            for i in range(len(x[l - 1])):
                S_j += w[l][j][i] * x[l - 1][i]
            S[l].append(S_j)
        x[l] = [g[l](S_j) for S_j in S[l]]

    # Base case.
    e, e_prime = _looked_up(loss, "loss", LOSSES)
    y = target_numbers(loss, x[L], target)
    found.loss = e(x[L], y)
    if loss == "binary_cross_entropy" and g[L] is _sigmoid:  # g′ = o(1 - o) cancels with e′ = (o - y) / (o(1 - o))
        delta[L] = [x[L][j] - y[j] for j in range(len(S[L]))]
    else:
        slopes = e_prime(x[L], y)
        delta[L] = [slopes[j] * g_prime[L](S[L][j]) for j in range(len(S[L]))]

    # Inductive step.
    for l in range(L, 1, -1):
        delta[l - 1] = []
        for i in range(len(S[l - 1])):
            weighted = 0.0
            for j in range(len(delta[l])):
                weighted += delta[l][j] * w[l][j][i]
            delta[l - 1].append(weighted * g_prime[l - 1](S[l - 1][i]))

    # Gradient.
    for l in range(1, L + 1):
        found.weight_gradients[l] = [[delta_j * x_i for x_i in x[l - 1]] for delta_j in delta[l]]
        found.bias_gradients[l] = [*delta[l]]
    return found


def deltas(network: Module) -> dict[int, Vector]:
    """The δ's as the engine has them, after ``backward()``: they are the gradients of the S nodes.

    Args:
        network: an MLP, a Layer or a Sequential of Layers; what counts is its last call.

    Returns:
        δ_j by number of the layer, like ``Backpropagation.delta``.

    Raises:
        ArgumentError: the network has other parts than Layers.
        StateError: it has not been called.

    >>> from nn import MLP, squared_error
    >>> model = MLP(2, [1, 1], "identity", seed=0)
    >>> squared_error(model([1.0, 2.0]), 0.0).backward()
    >>> deltas(model) == backpropagate(model, [1.0, 2.0], 0.0).delta
    True
    """
    layers = _layers(network)
    if not all(hasattr(neuron, "S") for layer in layers for neuron in layer.neurons):
        raise StateError("deltas are there after a call of the network and backward() of its loss")
    return {l: [neuron.S.grad for neuron in layer.neurons] for l, layer in enumerate(layers, start=1)}


# ---------------------------------------------------------------------------------------------------------------------
# Activations: g and g′, of S.
# ---------------------------------------------------------------------------------------------------------------------


def _sigmoid(S: float) -> float:
    return 1 / (1 + exp(-S)) if S > 0 else exp(S) / (1 + exp(S))


def _sigmoid_prime(S: float) -> float:
    return _sigmoid(S) * (1 - _sigmoid(S))


def _normal_cdf(S: float) -> float:
    return erfc(-S / sqrt(2)) / 2


def _normal_pdf(S: float) -> float:
    return exp(-S * S / 2) / sqrt(2 * pi)


# fmt: off
ACTIVATIONS: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "identity":   (lambda S: S,                                  lambda S: 1.0),
    "sigmoid":    (_sigmoid,                                     _sigmoid_prime),
    "logistic":   (_sigmoid,                                     _sigmoid_prime),
    "relu":       (lambda S: S if S > 0 else 0.0,                lambda S: 1.0 if S > 0 else 0.0),
    "tanh":       (tanh,                                         lambda S: 1 - tanh(S) ** 2),
    "leaky_relu": (lambda S: S if S > 0 else 0.01 * S,           lambda S: 1.0 if S > 0 else 0.01),
    "elu":        (lambda S: S if S > 0 else expm1(S),           lambda S: 1.0 if S > 0 else exp(S)),
    "gelu":       (lambda S: S * _normal_cdf(S),                 lambda S: _normal_cdf(S) + S * _normal_pdf(S)),
    "silu":       (lambda S: S * _sigmoid(S),                    lambda S: _sigmoid(S) + S * _sigmoid_prime(S)),
    "softplus":   (lambda S: max(S, 0.0) + log1p(exp(-abs(S))),  _sigmoid),
}
# fmt: on
"""g and g′ by name.  An activation of your own works here as soon as it stands in this table."""


# ---------------------------------------------------------------------------------------------------------------------
# Losses: e and the list of all ∂e/∂o_j, of the outputs o and the targets y.
# ---------------------------------------------------------------------------------------------------------------------


def _pairs(o: Vector, y: Vector) -> Iterable[tuple[float, float]]:
    return zip(o, y, strict=True)


def _square(d: float) -> float:
    return d * d  # d**2 would raise where it overflows


def _times_log(y: float, p: float) -> float:
    """y log p, with 0 log 0 = 0."""
    return 0.0 if y == 0 else -inf if p == 0 else y * log(p)


def _over(y: float, p: float) -> float:
    """y / p, with 0 / 0 = 0."""
    return 0.0 if y == 0 else inf if p == 0 else y / p


def _huber(d: float) -> float:
    return _square(d) / 2 if abs(d) <= 1 else abs(d) - 1 / 2


def _log_sum_exp(o: Vector) -> float:
    return max(o) + log(sum([exp(o_j - max(o)) for o_j in o]))


LOSSES: dict[str, tuple[Callable[[Vector, Vector], float], Callable[[Vector, Vector], Vector]]] = {
    "squared_error": (
        lambda o, y: sum([_square(o_j - y_j) / 2 for o_j, y_j in _pairs(o, y)]),
        lambda o, y: [o_j - y_j for o_j, y_j in _pairs(o, y)],
    ),
    "mean_squared_error": (
        lambda o, y: sum([_square(o_j - y_j) / len(o) for o_j, y_j in _pairs(o, y)]),
        lambda o, y: [2 * (o_j - y_j) / len(o) for o_j, y_j in _pairs(o, y)],
    ),
    "huber": (  # delta = 1
        lambda o, y: sum([_huber(o_j - y_j) for o_j, y_j in _pairs(o, y)]),
        lambda o, y: [max(-1.0, min(o_j - y_j, 1.0)) for o_j, y_j in _pairs(o, y)],
    ),
    "binary_cross_entropy": (
        lambda o, y: -sum([_times_log(y_j, o_j) + _times_log(1 - y_j, 1 - o_j) for o_j, y_j in _pairs(o, y)]),
        lambda o, y: [_over(1 - y_j, 1 - o_j) - _over(y_j, o_j) for o_j, y_j in _pairs(o, y)],
    ),
    "binary_cross_entropy_with_logits": (
        lambda o, y: sum([_log_sum_exp([0.0, o_j]) - y_j * o_j for o_j, y_j in _pairs(o, y)]),
        lambda o, y: [_sigmoid(o_j) - y_j for o_j, y_j in _pairs(o, y)],
    ),
    "hinge": (
        lambda o, y: sum([max(0.0, 1 - y_j * o_j) for o_j, y_j in _pairs(o, y)]),
        lambda o, y: [-y_j if y_j * o_j < 1 else 0.0 for o_j, y_j in _pairs(o, y)],
    ),
    "cross_entropy": (
        lambda o, y: sum([y_j * (_log_sum_exp(o) - o_j) for o_j, y_j in _pairs(o, y)]),
        lambda o, y: [exp(o_j - _log_sum_exp(o)) - y_j for o_j, y_j in _pairs(o, y)],
    ),
}
"""e and its derivatives by name."""


# ---------------------------------------------------------------------------------------------------------------------
# What the caller gives.
# ---------------------------------------------------------------------------------------------------------------------


def _layers(network: Module) -> list[Layer]:
    parts = [network] if isinstance(network, Layer) else getattr(network, "layers", [network])
    for part in parts:
        if not isinstance(part, Layer):
            raise ArgumentError(f"by hand, backpropagation goes through Layers alone, not through {part!r}")
    return list(parts)


def _plain(layer: Layer) -> LayerGiven:
    biases = [neuron.b.data for neuron in layer.neurons if neuron.b is not None]
    name = activation_name(layer.activation) or repr(layer.activation)
    return [[w.data for w in neuron.w] for neuron in layer.neurons], biases or None, name


def _taken_apart(network: Module | Iterable[LayerGiven], n_inputs: int) -> tuple[dict[int, Any], ...]:
    """Weights, biases, g and g′, each by number of the layer."""
    layers = map(_plain, _layers(network)) if isinstance(network, Module) else network
    w, b, g, g_prime = {}, {}, {}, {}
    for l, (weights, biases, activation) in enumerate(layers, start=1):
        w[l] = weights
        b[l] = [0.0] * len(weights) if biases is None else biases
        g[l], g_prime[l] = _looked_up(activation, "activation", ACTIVATIONS)
        for row in weights:
            if len(row) != n_inputs:
                raise LengthError(f"layer {l} needs a weight for each input, not {len(row)} for {n_inputs}")
        if len(b[l]) != len(weights):
            raise LengthError(f"layer {l} needs a bias for each node, not {len(b[l])} for {len(weights)}")
        n_inputs = len(weights)
    if not w:
        raise LengthError("backpropagation needs a layer at least")
    return w, b, g, g_prime


def _looked_up(name: str, kind: str, table: dict[str, Any]) -> Any:
    if name not in table:
        raise ArgumentError(
            f"the derivative of the {kind} {name!r} is not written out by hand; that of {', '.join(table)} is"
        )
    return table[name]
