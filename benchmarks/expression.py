"""The expression of micrograd's README, forward and backward: one small program in every peer installed."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from math import isclose
from typing import Any

import autodiff as ad
from benchmarks.timing import COLLECTOR, HEADINGS, environment, factor, quick_wanted, say, show_table, take_turns

POINT = (-4.0, 2.0)
EXPECTED = (
    24.70408163265306,
    138.83381924198252,
    645.5772594752186,
)  # g, ∂g/∂a, ∂g/∂b, as micrograd's README rounds them


def expression(a: Any, b: Any, relu: Callable[[Any], Any]) -> Any:
    """The README's program, on any scalar."""
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + relu(b + a)
    d += 3 * d + relu(b - a)
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


def _autodiff() -> Iterator[tuple[str, Callable[[], Any]]]:
    def backward() -> tuple[float, float, float]:
        a, b = map(ad.Value, POINT)
        g = expression(a, b, ad.Value.relu)
        g.backward()
        return g.data, a.grad, b.grad

    transformed = ad.value_and_grad(lambda a, b: expression(a, b, ad.relu), argnums=(0, 1))

    def functional() -> tuple[float, float, float]:
        value, (da, db) = transformed(*POINT)
        return value, da, db

    yield "autodiff, backward()", backward
    yield "autodiff, value_and_grad", functional


def _micrograd() -> Iterator[tuple[str, Callable[[], Any]]]:
    value = importlib.import_module("micrograd.engine").Value

    def run() -> tuple[float, float, float]:
        a, b = map(value, POINT)
        g = expression(a, b, value.relu)
        g.backward()
        return g.data, a.grad, b.grad

    yield "micrograd", run


def _hips() -> Iterator[tuple[str, Callable[[], Any]]]:
    autograd, numpy = importlib.import_module("autograd"), importlib.import_module("autograd.numpy")
    differentiated = autograd.value_and_grad(lambda p: expression(*p, lambda x: numpy.maximum(x, 0.0)))

    def run() -> tuple[float, float, float]:
        value, (da, db) = differentiated(POINT)
        return value, da, db

    yield "HIPS autograd", run


def _torch() -> Iterator[tuple[str, Callable[[], Any]]]:
    torch = importlib.import_module("torch")

    def run() -> tuple[float, float, float]:
        a, b = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in POINT)
        g = expression(a, b, torch.relu)
        g.backward()
        return g.item(), a.grad.item(), b.grad.item()

    yield "PyTorch", run


def _jax() -> Iterator[tuple[str, Callable[[], Any]]]:
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    differentiated = jax.value_and_grad(lambda a, b: expression(a, b, jax.nn.relu), argnums=(0, 1))
    compiled = jax.jit(differentiated)

    def eager() -> tuple[float, float, float]:
        value, (da, db) = differentiated(*POINT)
        return value.item(), da.item(), db.item()

    def jitted() -> tuple[float, float, float]:
        value, (da, db) = compiled(*POINT)
        return value.item(), da.item(), db.item()

    yield "JAX, eager", eager
    yield "JAX, jit, compiled before", jitted


def contenders() -> dict[str, Callable[[], Any]]:
    """Those that are installed, each checked against the right numbers."""
    found: dict[str, Callable[[], Any]] = {}
    for make in (_autodiff, _micrograd, _hips, _torch, _jax):
        try:
            found.update(make())
        except ImportError:
            continue
    for name, run in found.items():
        if not all(isclose(x, y, rel_tol=1e-9) for x, y in zip(run(), EXPECTED, strict=True)):
            raise RuntimeError(f"{name} gives {run()}, and {EXPECTED} is right; nothing was timed")
    return found


def main(quick: bool) -> None:
    print(environment(["micrograd", "autograd", "torch", "jax"]))
    say("From two Python floats to the value and two derivatives as Python floats, in float64: all that it takes.")
    for collector in (True, False):
        times = take_turns(
            contenders(),
            collector=collector,
            rounds=3 if quick else 15,
            turn=0.01 if quick else 0.1,
            least=5,
        )
        ours = next(iter(times.values())).median
        say(COLLECTOR[collector])
        show_table(
            ["forward and backward", *HEADINGS, "to autodiff"],
            [[name, *t.cells(), factor(t.median / ours)] for name, t in times.items()],
        )


if __name__ == "__main__":
    main(quick_wanted(__doc__))
