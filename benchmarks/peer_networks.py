"""A step of training a network, as the users of NumPy, JAX, PyTorch, CasADi and micrograd write it, all in float64.

Each writes the same work by hand for a whole batch: the loss, its gradient and the update of plain gradient descent.
Where a tool has several good forms, the fastest one stands here; JAX has three, which differ by what one call does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from math import sqrt
from random import Random
from typing import Any

import numpy as np

RATE = 1e-6  # so small that every contender, however many steps it takes, works at nearly the same weights
STEPS_IN_ONE = 50


@dataclass(frozen=True)
class Task:
    """A network, a loss over samples, and where training stands.

    ``parameters`` go neuron by neuron, each its weights and then its bias.  With the hinge loss the targets are signs;
    with cross-entropy they are numbers of classes.
    """

    widths: tuple[int, ...]
    activation: str
    loss: str
    l2: float
    X: np.ndarray
    y: np.ndarray
    parameters: np.ndarray

    @property
    def last(self) -> int:
        """The number of the last layer, which has no activation."""
        return len(self.widths) - 2

    def layers(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The weights of each layer, a row for each input, and its biases."""
        found, start = [], 0
        for n, m in pairwise(self.widths):
            rows = self.parameters[start : start + m * (n + 1)].reshape(m, n + 1)
            found.append((np.ascontiguousarray(rows[:, :n].T), rows[:, n].copy()))
            start += m * (n + 1)
        return found

    def operations_of_products(self) -> int:
        """Multiplications and additions within the matrix products of a step."""
        sizes = [n * m for n, m in pairwise(self.widths)]
        return 2 * len(self.X) * (2 * sum(sizes) + sum(sizes[1:]))  # forward; weights; inputs of all layers but one


@dataclass(frozen=True)
class Side:
    """A contender: one step, and the loss with its gradient at the task's own parameters; a step does ``steps``."""

    step: Callable[[], Any]
    gradient: Callable[[], tuple[float, np.ndarray]]
    steps: int = 1
    held: Any = None


def random_parameters(widths: tuple[int, ...], seed: int = 1) -> np.ndarray:
    """Weights as micrograd's, uniform, but of a width that keeps the layers' outputs alike; biases small."""
    rng = Random(seed)
    found = []
    for n, m in pairwise(widths):
        for _ in range(m):
            found += [rng.uniform(-1, 1) * sqrt(3 / n) for _ in range(n)] + [rng.uniform(-0.1, 0.1)]
    return np.array(found)


def in_order(layers: list[tuple[Any, Any]]) -> np.ndarray:
    """The gradient in the order of the parameters, from arrays as ``Task.layers`` has them."""
    return np.concatenate([np.vstack([np.asarray(w), np.asarray(b)]).T.ravel() for w, b in layers])


# ---------------------------------------------------------------------------------------------------------------------
# NumPy: the gradient by hand.
# ---------------------------------------------------------------------------------------------------------------------


def numpy_side(task: Task) -> Side:
    layers, X, y = task.layers(), task.X, task.y
    n, rows = len(X), np.arange(len(X))
    tanh = task.activation == "tanh"

    def value_and_gradient() -> tuple[float, list[tuple[np.ndarray, np.ndarray]]]:
        outputs = [X]
        for i, (w, b) in enumerate(layers):
            z = outputs[-1] @ w
            z += b
            if i < task.last:
                np.tanh(z, out=z) if tanh else np.maximum(z, 0.0, out=z)
            outputs.append(z)
        scores = outputs.pop()
        if task.loss == "hinge":
            margins = 1.0 - y * scores[:, 0]
            loss = np.maximum(margins, 0.0).sum() / n
            delta = np.where(margins > 0.0, y * (-1.0 / n), 0.0)[:, None]
        else:
            scores -= scores.max(axis=1, keepdims=True)
            delta = np.exp(scores)
            totals = delta.sum(axis=1, keepdims=True)
            loss = (np.log(totals).sum() - scores[rows, y].sum()) / n
            delta /= totals
            delta[rows, y] -= 1.0
            delta /= n
        gradient = []
        for i in range(task.last, -1, -1):
            a, (w, b) = outputs[i], layers[i]
            dw, db = a.T @ delta, delta.sum(axis=0)
            if i:
                delta = delta @ w.T
                delta *= 1.0 - a * a if tanh else a > 0.0
            if task.l2:
                loss += task.l2 * (np.vdot(w, w) + np.vdot(b, b))
                dw += 2 * task.l2 * w
                db += 2 * task.l2 * b
            gradient.append((dw, db))
        return loss, gradient[::-1]

    def step() -> float:
        loss, gradient = value_and_gradient()
        for (w, b), (dw, db) in zip(layers, gradient, strict=True):
            dw *= RATE
            w -= dw
            db *= RATE
            b -= db
        return loss

    def gradient() -> tuple[float, np.ndarray]:
        loss, found = value_and_gradient()
        return float(loss), in_order(found)

    return Side(step, gradient)


# ---------------------------------------------------------------------------------------------------------------------
# JAX.
# ---------------------------------------------------------------------------------------------------------------------


def jax_loss(task: Task) -> Callable[..., Any]:
    import jax
    import jax.numpy as jnp

    activate = jnp.tanh if task.activation == "tanh" else jax.nn.relu

    def loss(layers: Any, X: Any, y: Any) -> Any:
        for w, b in layers[:-1]:
            X = activate(X @ w + b)
        w, b = layers[-1]
        scores = X @ w + b
        if task.loss == "hinge":
            total = jnp.maximum(1.0 - y * scores[:, 0], 0.0).mean()
        else:
            chosen = jnp.take_along_axis(scores, y[:, None], axis=1)[:, 0]
            total = (jax.nn.logsumexp(scores, axis=1) - chosen).mean()
        if task.l2:
            total += task.l2 * sum((w * w).sum() + (b * b).sum() for w, b in layers)
        return total

    return loss


def jax_sides(task: Task) -> dict[str, Side]:
    """Three forms: parameters as an array a layer; as one vector; many steps in one jit, with no return to Python."""
    import jax
    import jax.numpy as jnp
    from jax.flatten_util import ravel_pytree

    loss = jax_loss(task)
    layers = [(jnp.asarray(w), jnp.asarray(b)) for w, b in task.layers()]
    X, y = jnp.asarray(task.X), jnp.asarray(task.y)
    flat, unravel = ravel_pytree(layers)

    def step_of_layers(layers: Any, X: Any, y: Any) -> Any:
        value, gradient = jax.value_and_grad(loss)(layers, X, y)
        return jax.tree.map(lambda p, g: p - RATE * g, layers, gradient), value

    def of_vector(flat: Any, X: Any, y: Any) -> Any:
        return loss(unravel(flat), X, y)

    def step_of_vector(flat: Any, X: Any, y: Any) -> Any:
        value, gradient = jax.value_and_grad(of_vector)(flat, X, y)
        return flat - RATE * gradient, value

    def many_steps(flat: Any, X: Any, y: Any) -> Any:
        flat, values = jax.lax.scan(lambda flat, _: step_of_vector(flat, X, y), flat, length=STEPS_IN_ONE)
        return flat, values

    def side(step: Callable[..., Any], parameters: Any, steps: int = 1) -> Side:
        compiled = jax.jit(step, donate_argnums=0)
        state = jax.tree.map(jnp.array, parameters)  # a copy, for the step takes its memory over

        def run() -> Any:
            nonlocal state
            state, value = compiled(state, X, y)
            return value.block_until_ready()

        def gradient() -> tuple[float, np.ndarray]:
            value, found = jax.jit(jax.value_and_grad(of_vector))(flat, X, y)
            return float(value), in_order(unravel(found))

        return Side(run, gradient, steps)

    return {
        JAX: side(step_of_vector, flat),
        JAX_LAYERS: side(step_of_layers, layers),
        JAX_LOOP: side(many_steps, flat, STEPS_IN_ONE),
    }


JAX, JAX_LAYERS = "JAX jit, parameters in one vector", "JAX jit, an array a layer"
JAX_LOOP = f"JAX jit, {STEPS_IN_ONE} steps in one call"


# ---------------------------------------------------------------------------------------------------------------------
# PyTorch, eager.
# ---------------------------------------------------------------------------------------------------------------------


def torch_sides(task: Task) -> dict[str, Side]:
    """Two forms: as its tutorials write it, with an optimiser; and the fastest found, with less for autograd to do."""
    return {TORCH: _torch_fast(task), TORCH_OPTIMISER: _torch_optimiser(task)}


TORCH, TORCH_OPTIMISER = "PyTorch eager", "PyTorch eager, torch.optim.SGD"


def _torch_loss(task: Task) -> Callable[[list[Any]], Any]:
    import torch
    from torch.nn import functional

    X, y = torch.from_numpy(task.X), torch.from_numpy(task.y)
    activate = torch.tanh if task.activation == "tanh" else torch.relu

    def loss(parameters: list[Any]) -> Any:
        outputs = X
        for i in range(0, len(parameters) - 2, 2):
            outputs = activate(functional.linear(outputs, parameters[i], parameters[i + 1]))
        scores = functional.linear(outputs, *parameters[-2:])
        return (
            torch.relu(1.0 - y * scores[:, 0]).mean() if task.loss == "hinge" else functional.cross_entropy(scores, y)
        )

    return loss


def _torch_order(gradient: Any) -> np.ndarray:
    arrays = [g.detach().numpy() for g in gradient]
    return in_order([(w.T, b) for w, b in zip(arrays[::2], arrays[1::2], strict=True)])


def _torch_fast(task: Task) -> Side:
    """The parameters are views of one vector; the penalty's gradient, known by heart, is left out of autograd."""
    import torch

    loss = _torch_loss(task)
    arrays = [np.ascontiguousarray(a) for w, b in task.layers() for a in (w.T, b)]
    flat = torch.from_numpy(np.concatenate([a.ravel() for a in arrays]))
    pieces = flat.split([a.size for a in arrays])
    parameters = [piece.view(a.shape).requires_grad_() for piece, a in zip(pieces, arrays, strict=True)]

    def step() -> Any:
        value = loss(parameters)
        gradient = torch.autograd.grad(value, parameters)
        with torch.no_grad():
            if task.l2:
                value = value + task.l2 * torch.dot(flat, flat)
                flat.mul_(1.0 - 2 * task.l2 * RATE)
            torch._foreach_add_(parameters, gradient, alpha=-RATE)
        return value

    def gradient() -> tuple[float, np.ndarray]:
        value = loss(parameters)
        found = torch.autograd.grad(value, parameters)
        with torch.no_grad():
            value = value + task.l2 * torch.dot(flat, flat)
            return value.item(), _torch_order([g + 2 * task.l2 * p for g, p in zip(found, parameters, strict=True)])

    return Side(step, gradient)


def _torch_optimiser(task: Task) -> Side:
    import torch

    loss = _torch_loss(task)
    parameters = [
        torch.from_numpy(np.ascontiguousarray(a)).requires_grad_() for w, b in task.layers() for a in (w.T, b)
    ]
    optimiser = torch.optim.SGD(parameters, lr=RATE)

    def run() -> Any:
        value = loss(parameters)
        if task.l2:
            value = value + task.l2 * sum((p * p).sum() for p in parameters)
        optimiser.zero_grad()
        value.backward()
        return value

    def step() -> Any:
        value = run()
        optimiser.step()
        return value

    def gradient() -> tuple[float, np.ndarray]:
        return run().item(), _torch_order([p.grad for p in parameters])

    return Side(step, gradient)


# ---------------------------------------------------------------------------------------------------------------------
# CasADi: a scalar graph of one sample, mapped over the batch by its virtual machine.
# ---------------------------------------------------------------------------------------------------------------------


def casadi_side(task: Task, threads: int = 1) -> Side:
    import casadi as cs

    sample, target = cs.SX.sym("x", task.widths[0]), cs.SX.sym("y", 1)
    classes = task.widths[-1]
    if task.loss != "hinge":
        target = cs.SX.sym("y", classes)
    flat = cs.SX.sym("p", len(task.parameters))
    outputs, start = [sample[i] for i in range(task.widths[0])], 0
    for layer, (n, m) in enumerate(pairwise(task.widths)):
        sums = []
        for _ in range(m):
            total = flat[start + n]
            for i in range(n):
                total += flat[start + i] * outputs[i]
            sums.append(total)
            start += n + 1
        outputs = (
            sums if layer == task.last else [cs.tanh(s) if task.activation == "tanh" else cs.fmax(s, 0) for s in sums]
        )
    if task.loss == "hinge":
        loss = cs.fmax(1 - target * outputs[0], 0)
    else:
        scores = cs.vertcat(*outputs)
        top = reduce(cs.fmax, outputs)
        loss = cs.log(cs.sum1(cs.exp(scores - top))) + top - cs.dot(target, scores)
    n, names = len(task.X), (["p", "x", "y"], ["f", "g"])
    one = cs.Function("one", [flat, sample, target], [loss, cs.gradient(loss, flat)], *names, {"cse": True})
    if threads == 1:
        batch = one.map("batch", "serial", n, ["p"], ["f", "g"], {})
    else:
        inputs = [cs.MX.sym("p", flat.numel()), cs.MX.sym("x", sample.numel(), n), cs.MX.sym("y", target.numel(), n)]
        batch = cs.Function("batch", inputs, [cs.sum2(r) for r in one.map(n, "thread", threads)(*inputs)], *names)
    targets = task.y if task.loss == "hinge" else np.eye(classes)[task.y]
    columns = [np.ascontiguousarray(task.X), np.ascontiguousarray(targets)]  # CasADi's matrices go column by column
    p, value, found = task.parameters.copy(), np.zeros(1), np.zeros(len(task.parameters))
    buffer, run = batch.buffer()
    for i, array in enumerate([p, *columns]):
        buffer.set_arg(i, memoryview(array.reshape(-1)))
    for i, array in enumerate([value, found]):
        buffer.set_res(i, memoryview(array))

    def value_and_gradient() -> float:
        run()
        np.divide(found, n, out=found)
        if not task.l2:
            return float(value[0] / n)
        np.add(found, 2 * task.l2 * p, out=found)
        return float(value[0] / n + task.l2 * np.dot(p, p))

    def step() -> float:
        loss = value_and_gradient()
        np.subtract(p, RATE * found, out=p)
        return loss

    def gradient() -> tuple[float, np.ndarray]:
        return value_and_gradient(), found.copy()

    return Side(step, gradient, held=(batch, buffer, columns))  # what the memory that `run` uses belongs to


# ---------------------------------------------------------------------------------------------------------------------
# micrograd.
# ---------------------------------------------------------------------------------------------------------------------


def micrograd_side(task: Task) -> Side:
    """Its own network and the loss as its demo writes it; relu and hinge are all that it has."""
    from micrograd.engine import Value
    from micrograd.nn import MLP

    network = MLP(task.widths[0], list(task.widths[1:]))
    for parameter, x in zip(network.parameters(), task.parameters, strict=True):
        parameter.data = float(x)
    X, y = task.X.tolist(), task.y.tolist()

    def run() -> Any:
        scores = [network(list(map(Value, point))) for point in X]
        losses = [(1 + -sign * score).relu() for sign, score in zip(y, scores, strict=True)]
        loss = sum(losses) * (1.0 / len(losses)) + task.l2 * sum(p * p for p in network.parameters())
        network.zero_grad()
        loss.backward()
        return loss

    def step() -> float:
        loss = run()
        for p in network.parameters():
            p.data -= RATE * p.grad
        return loss.data

    def gradient() -> tuple[float, np.ndarray]:
        return run().data, np.array([p.grad for p in network.parameters()])

    return Side(step, gradient)
