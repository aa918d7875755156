"""The operations of the accuracy table in HIPS autograd, JAX and PyTorch, as their own users write them, in float64."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

_OPERATORS: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "mod": lambda x, y: x % y,
    "pow": lambda x, y: x**y,
    "x**0": lambda x: x**0,
    "x**1": lambda x: x**1,
    "x**2": lambda x: x**2,
    "x**3": lambda x: x**3,
    "x**-1": lambda x: x**-1,
    "x**-2": lambda x: x**-2,
    "x**0.5": lambda x: x**0.5,
    "x**2.5": lambda x: x**2.5,
    "2**x": lambda x: 2**x,
    "0.5**x": lambda x: 0.5**x,
    "neg": lambda x: -x,
}
_NUMPY_NAMES = {
    **{name: name for name in ("abs", "square", "reciprocal", "sqrt", "cbrt", "exp", "exp2", "expm1")},
    **{name: name for name in ("log", "log2", "log10", "log1p", "sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{name: "arc" + name.removeprefix("a") for name in ("asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh")},
    **{name: name for name in ("hypot", "maximum", "minimum")},
}


@dataclass(frozen=True)
class Peer:
    """A peer: what it is called, its operations by row name, its partial derivatives at a point (None: it has none)."""

    name: str
    operations: dict[str, Callable[..., Any]]
    gradient: Callable[[Callable[..., Any], Sequence[float]], list[float | None]]


def installed_peers() -> list[Peer]:
    """Those of the three peers that can be imported."""
    found = []
    for make in (_hips, _jax, _torch):
        try:
            found.append(make())
        except ImportError:
            continue
    return found


def _of_arrays(numpy: Any, stack: Callable[[Any], Any]) -> dict[str, Callable[..., Any]]:
    reductions = {name: getattr(numpy, name) for name in ("sum", "prod", "mean", "max", "min")}
    return {
        **_OPERATORS,
        **{name: getattr(numpy, theirs) for name, theirs in _NUMPY_NAMES.items() if hasattr(numpy, theirs)},
        **{name: lambda *xs, reduce=reduce: reduce(stack(xs)) for name, reduce in reductions.items()},
        "norm": lambda *xs: numpy.linalg.norm(stack(xs)),
        "dot": lambda *xs: (
            numpy.dot(stack(xs[: len(xs) // 2]), stack(xs[len(xs) // 2 : len(xs) // 2 * 2]))
            + sum(xs[len(xs) // 2 * 2 :])
        ),
    }


def _hips() -> Peer:
    autograd, numpy = importlib.import_module("autograd"), importlib.import_module("autograd.numpy")

    def gradient(f: Callable[..., Any], point: Sequence[float]) -> list[float | None]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NumPy's, of divisions by zero and the like
            return [float(d) for d in autograd.grad(f, tuple(range(len(point))))(*map(numpy.float64, point))]

    return Peer(f"HIPS autograd {version('autograd')}", _of_arrays(numpy, numpy.array), gradient)


def _jax() -> Peer:
    jax, numpy = importlib.import_module("jax"), importlib.import_module("jax.numpy")
    jax.config.update("jax_enable_x64", True)
    special = importlib.import_module("jax.scipy.special")
    operations = {
        **_of_arrays(numpy, numpy.stack),
        **{name: getattr(jax.nn, name) for name in ("relu", "leaky_relu", "elu", "silu", "sigmoid", "log_sigmoid")},
        "softplus": jax.nn.softplus,
        "clamp": numpy.clip,
        "gelu": lambda x: jax.nn.gelu(x, approximate=False),
        "erf": special.erf,
        "erfc": special.erfc,
        "logsumexp": lambda *xs: special.logsumexp(numpy.stack(xs)),
        "softmax[0]": lambda *xs: jax.nn.softmax(numpy.stack(xs))[0],
        "softmax[1]": lambda *xs: jax.nn.softmax(numpy.stack(xs))[1],
    }

    def gradient(f: Callable[..., Any], point: Sequence[float]) -> list[float | None]:
        return [float(d) for d in jax.grad(f, tuple(range(len(point))))(*map(numpy.float64, point))]

    return Peer(f"JAX {version('jax')}", operations, gradient)


def _torch() -> Peer:
    torch = importlib.import_module("torch")
    functional = torch.nn.functional
    operations = {
        **_of_arrays(torch, torch.stack),
        **{name: getattr(functional, name) for name in ("relu", "silu", "gelu", "softplus")},
        "leaky_relu": lambda x, slope: functional.leaky_relu(x, slope.item()),
        "elu": lambda x, alpha: functional.elu(x, alpha.item()),
        "clamp": torch.clamp,
        "sigmoid": torch.sigmoid,
        "log_sigmoid": functional.logsigmoid,
        "erf": torch.erf,
        "erfc": torch.erfc,
        "logsumexp": lambda *xs: torch.logsumexp(torch.stack(xs), 0),
        "softmax[0]": lambda *xs: torch.softmax(torch.stack(xs), 0)[0],
        "softmax[1]": lambda *xs: torch.softmax(torch.stack(xs), 0)[1],
    }

    def gradient(f: Callable[..., Any], point: Sequence[float]) -> list[float | None]:
        xs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in point]
        output = f(*xs)
        return [None if d is None else d.item() for d in torch.autograd.grad(output, xs, allow_unused=True)]

    return Peer(f"PyTorch {version('torch')}", operations, gradient)
