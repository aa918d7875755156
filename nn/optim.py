"""w_new = w_old − η ∂L/∂w.

Every optimiser here is that line, with its own idea of what to put for the slope ∂L/∂w.  η is the learning rate
``lr``, and ``loss.backward()`` has left ∂L/∂w in ``w.grad``.  One step of training is

    optimizer.zero_grad()                 # gradients add up, so clear those of the step before
    loss(model(x), target).backward()     # ∂L/∂w of every weight
    optimizer.step()                      # w_new = w_old − η ∂L/∂w

The updates are PyTorch's, and so are the names and the defaults of the settings.
"""

from __future__ import annotations

from math import hypot, inf, sqrt
from typing import TYPE_CHECKING

from autodiff import OperandError, Value, clamp
from autodiff.entrance import as_number, is_number

from .arguments import listed, number
from .errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, ClassVar

__all__ = ["OPTIMIZERS", "SGD", "Adam", "AdamW", "Optimizer", "RMSProp", "clip_grad_norm", "clip_grad_value"]


class Optimizer:
    """What the optimisers share; one of your own needs ``slope`` alone.

    Attributes:
        parameters: the Values that ``step`` changes: leaves, each once.
        lr: the learning rate η; set it between two steps to follow a schedule.
        weight_decay: λ, which adds λ·w to the slope of every parameter, biases too: the derivative of ½λ Σ w².
        steps: how many steps there have been.

    Raises:
        ArgumentError: there are no parameters, or one stands there twice or is the result of an operation; or a
            setting is out of its range.
        OperandError: a parameter is no Value.

    >>> class SignDescent(Optimizer):
    ...     def slope(self, i, w):
    ...         return (w.grad > 0) - (w.grad < 0)
    >>> w = Value(3.0)
    >>> (w * w).backward()
    >>> SignDescent([w], lr=0.5).step()
    >>> w.data
    2.5
    """

    settings: ClassVar[dict[str, Callable[[Any], Any]]] = {
        "lr": lambda x: number(x, "the learning rate"),
        "weight_decay": lambda x: number(x, "weight_decay"),
    }
    """What each setting goes through whenever it is set, by the constructor, a schedule or hand: it becomes a float."""

    def __init__(self, parameters: Iterable[Value], lr: float, weight_decay: float = 0.0) -> None:
        self.parameters = _checked(parameters)
        self.lr = lr
        self.weight_decay = weight_decay
        self.steps = 0

    def __setattr__(self, name: str, x: Any) -> None:
        super().__setattr__(name, self.settings[name](x) if name in self.settings else x)

    def __repr__(self) -> str:
        settings = [f"{name}={getattr(self, name)!r}" for name in self.settings]
        return f"{type(self).__name__}({_several(len(self.parameters), 'parameter')}, {', '.join(settings)})"

    def step(self) -> None:
        """Change every parameter: w_new = w_old − η·slope."""
        self.steps += 1
        for i, w in enumerate(self.parameters):
            new = w._data - self.lr * self.slope(i, w)
            w._data = new if type(new) is float else as_number(new, "an optimiser: slope")

    def slope(self, i: int, w: Value) -> float:
        """What the step of parameter number ``i`` takes for the slope: here ∂L/∂w + λ·w."""
        return w.grad + self.weight_decay * w.data

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for w in self.parameters:
            w._grad = 0.0

    def _zeros(self) -> list[float]:
        """A number to remember for each parameter."""
        return [0.0] * len(self.parameters)


class SGD(Optimizer):
    """Gradient descent; with momentum μ along the velocity v = μ·v + ∂L/∂w, which remembers the slopes before.

    With ``nesterov`` it goes along ∂L/∂w + μ·v, the slope as it will be further on (Sutskever et al. 2013).
    "Stochastic" are the batches that ∂L/∂w comes from, not this.

    Args:
        momentum: μ, the share of the velocity that stays from step to step; below 1.
        nesterov: look ahead; needs momentum.

    >>> w = Value(1.0)
    >>> optimizer = SGD([w], lr=0.125)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> w.data  # 1 − 0.125·2
    0.75
    """

    settings = Optimizer.settings | {"momentum": lambda x: _share(x, "momentum"), "nesterov": bool}

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        self.momentum = momentum
        self.nesterov = nesterov
        if nesterov and not momentum:
            raise ArgumentError("nesterov needs momentum; the usual one is 0.9")
        self.velocity = self._zeros()

    def slope(self, i: int, w: Value) -> float:
        """v = μ·v + ∂L/∂w."""
        gradient = super().slope(i, w)
        v = self.velocity[i] = self.momentum * self.velocity[i] + gradient
        return gradient + self.momentum * v if self.nesterov else v


class RMSProp(Optimizer):
    """Each slope divided by its own usual size, the root of a running mean of ∂L/∂w² (Hinton's lecture 6e, 2012).

    So steep and flat directions are gone down at the same pace, about η for each step.

    Args:
        alpha: the share of the running mean that stays from step to step.
        eps: keeps the division away from 0.
        momentum: μ, as that of ``SGD``, of the divided slopes.

    >>> w = Value(5.0)
    >>> (1000 * w).backward()
    >>> RMSProp([w], lr=0.1, alpha=0.75).step()
    >>> round(w.data, 9)  # 5 − 0.1·1000 / √(0.25·1000²)
    4.8
    """

    settings = Optimizer.settings | {
        "alpha": lambda x: _share(x, "alpha"),
        "eps": lambda x: number(x, "eps", "a number above 0"),
        "momentum": lambda x: _share(x, "momentum"),
    }

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        self.alpha, self.eps, self.momentum = alpha, eps, momentum
        self.mean_square = self._zeros()
        self.velocity = self._zeros()

    def slope(self, i: int, w: Value) -> float:
        """∂L/∂w / √(mean of ∂L/∂w²)."""
        gradient = super().slope(i, w)
        s = self.mean_square[i] = self.alpha * self.mean_square[i] + (1 - self.alpha) * gradient * gradient
        v = self.velocity[i] = self.momentum * self.velocity[i] + gradient / (sqrt(s) + self.eps)
        return v


class Adam(Optimizer):
    """The running mean of ∂L/∂w divided by the root of that of ∂L/∂w²: momentum and RMSProp at once.

    Both means start from 0 and so are too small at first; dividing by 1 − β to the power of the step mends that.
    Source: Kingma and Ba, "Adam: a method for stochastic optimization", 2015.

    Args:
        betas: β1 and β2, the shares of the two running means that stay from step to step.
        eps: keeps the division away from 0.
        weight_decay: λ, adds λ·w to the slope before the means are taken.

    >>> w = Value(5.0)
    >>> (1000 * w).backward()
    >>> Adam([w], lr=0.1).step()
    >>> round(w.data, 9)
    4.9
    """

    settings = Optimizer.settings | {
        "betas": lambda x: _two_shares(x),
        "eps": lambda x: number(x, "eps", "a number above 0"),
    }

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        self.betas, self.eps = betas, eps
        self.mean = self._zeros()
        self.mean_square = self._zeros()

    def slope(self, i: int, w: Value) -> float:
        """Mean of ∂L/∂w / √(mean of ∂L/∂w²)."""
        return self._scaled(i, super().slope(i, w))

    def _scaled(self, i: int, gradient: float) -> float:
        beta1, beta2 = self.betas
        m = self.mean[i] = beta1 * self.mean[i] + (1 - beta1) * gradient
        s = self.mean_square[i] = beta2 * self.mean_square[i] + (1 - beta2) * gradient * gradient
        return m / (1 - beta1**self.steps) / (sqrt(s / (1 - beta2**self.steps)) + self.eps)


class AdamW(Adam):
    """Adam whose weight decay λ·w is added after the division, so that it pulls all weights alike.

    Source: Loshchilov and Hutter, "Decoupled weight decay regularization", 2019.  The arguments are those of ``Adam``.

    >>> w = Value(5.0)
    >>> AdamW([w], lr=0.1, weight_decay=0.5).step()  # no slope, so decay alone: 5 − 0.1·0.5·5
    >>> w.data
    4.75
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)

    def slope(self, i: int, w: Value) -> float:
        """Adam's for ∂L/∂w alone, and λ·w."""
        return self._scaled(i, w.grad) + self.weight_decay * w.data


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {"sgd": SGD, "rmsprop": RMSProp, "adam": Adam, "adamw": AdamW}
"""Every optimiser by name."""


def clip_grad_norm(parameters: Iterable[Value], max_norm: float) -> float:
    """Shorten the gradient, taken as one vector over all parameters, to ``max_norm``; its direction stays.

    Like PyTorch's ``clip_grad_norm_`` it aims 1e-6 lower.  A gradient with inf or nan in it stays as it is, so that
    ``diagnose`` can still tell where that came from.

    Returns:
        The length before.

    Raises:
        ArgumentError: ``max_norm`` is not above 0.

    >>> v, w = Value(1.0), Value(1.0)
    >>> (3 * v + 4 * w).backward()
    >>> clip_grad_norm([v, w], max_norm=1.0)
    5.0
    >>> round(v.grad, 6), round(w.grad, 6)
    (0.6, 0.8)
    """
    max_norm = number(max_norm, "clip_grad_norm: max_norm", "a length above 0")
    parameters = list(parameters)
    norm = hypot(*[w.grad for w in parameters])
    scale = max_norm / (norm + 1e-6)
    if scale < 1 and norm < inf:
        for w in parameters:
            w.grad *= scale
    return norm


def clip_grad_value(parameters: Iterable[Value], clip_value: float) -> None:
    """Keep every gradient from -clip_value to clip_value, as PyTorch's ``clip_grad_value_``; nan stays nan.

    Raises:
        ArgumentError: ``clip_value`` is not above 0.

    >>> w = Value(1.0)
    >>> (-30 * w).backward()
    >>> clip_grad_value([w], 5.0)
    >>> w.grad
    -5.0
    """
    clip_value = number(clip_value, "clip_grad_value: clip_value", "a size above 0")
    for w in parameters:
        w.grad = clamp(w.grad, -clip_value, clip_value)


def _several(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def _share(x: float, what: str) -> float:
    return number(x, what, "a number from 0 to below 1", below=1.0)


def _two_shares(betas: Any) -> tuple[float, float]:
    pair = isinstance(betas, (tuple, list)) and len(betas) == 2
    if not (pair and all(is_number(beta) and 0 <= beta < 1 for beta in betas)):
        raise ArgumentError(f"betas are two numbers from 0 to below 1, not {betas!r}")
    return float(betas[0]), float(betas[1])


def _checked(parameters: Iterable[Value]) -> list[Value]:
    found = listed(parameters, "an optimiser takes a list of Values, such as model.parameters() or [w]")
    if not found:
        raise ArgumentError("an optimiser needs parameters to change; model.parameters() lists them")
    for w in found:
        if not isinstance(w, Value):
            raise OperandError(f"an optimiser changes Values, such as model.parameters() lists, not {type(w).__name__}")
        if w.parents:
            raise ArgumentError(f"an optimiser changes leaves, not what an operation computes anew each time: {w!r}")
    if len(set(found)) < len(found):
        raise ArgumentError("a parameter is listed twice, and each step would change it twice")
    return found
