"""Two irregular scalar graphs without a batch, written once for any scalar: Values, and CasADi's SX.

A namespace gives the elementary functions; all else is + - * / of Python.  So both sides record the same operations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from math import lgamma, log, pi
from random import Random
from typing import Any

import numpy as np

from benchmarks.peer_networks import Side


@dataclass(frozen=True)
class Graph:
    """A scalar function of many numbers, ``build(namespace, numbers)``, and where to evaluate it."""

    build: Callable[[Any, Sequence[Any]], Any]
    at: np.ndarray


# ---------------------------------------------------------------------------------------------------------------------
# The Gaussian mixture of ADBench (Microsoft, MIT).
# ---------------------------------------------------------------------------------------------------------------------

GAMMA, M = 1.0, 0  # of the Wishart prior, as in ADBench's data


def mixture(dimension: int, components: int, points: int, seed: int = 1) -> Graph:
    """The log-likelihood with respect to weights, means, and inverse covariance factors, on random data."""
    rng = Random(seed)
    data = [[rng.gauss(0, 1) for _ in range(dimension)] for _ in range(points)]
    below = dimension * (dimension - 1) // 2
    alphas = [rng.gauss(0, 1) for _ in range(components)]
    means = [rng.random() for _ in range(components * dimension)]
    factors = [rng.gauss(0, 1) * scale for _ in range(components) for scale in [0.5] * dimension + [0.3] * below]

    def build(space: Any, numbers: Sequence[Any]) -> Any:
        numbers = iter(numbers)
        alphas, *rest = ([next(numbers) for _ in range(n)] for n in [components] + [dimension] * components)
        return objective(
            space, alphas, rest, [[next(numbers) for _ in range(dimension + below)] for _ in range(components)], data
        )

    return Graph(build, np.array(alphas + means + factors))


def total(terms: Sequence[Any]) -> Any:
    return reduce(lambda x, y: x + y, terms)


def log_of_sum_of_exponentials(space: Any, terms: Sequence[Any]) -> Any:
    top = reduce(space.maximum, terms)
    return space.log(total([space.exp(t - top) for t in terms])) + top


def objective(space: Any, alphas: Sequence[Any], means: Any, factors: Any, data: Sequence[Sequence[float]]) -> Any:
    """A row of ``factors`` holds logarithms of the diagonal of the factor, then what is below it, column by column."""
    n, d = len(data), len(means[0])
    diagonals = [[space.exp(q) for q in row[:d]] for row in factors]
    offsets = [alpha + total(row[:d]) for alpha, row in zip(alphas, factors, strict=True)]
    lower = [[[row[d + j * d - j * (j + 1) // 2 + i - j - 1] for j in range(i)] for i in range(d)] for row in factors]
    likelihoods = []
    for point in data:
        terms = []
        for offset, mean, diagonal, triangle in zip(offsets, means, diagonals, lower, strict=True):
            x = [p - mu for p, mu in zip(point, mean, strict=True)]
            scaled = [
                total([q * c, *(entry * other for entry, other in zip(row, x, strict=False))])
                for q, c, row in zip(diagonal, x, triangle, strict=True)
            ]
            terms.append(offset - 0.5 * total([z * z for z in scaled]))
        likelihoods.append(log_of_sum_of_exponentials(space, terms))
    result = total(likelihoods) - n * log_of_sum_of_exponentials(space, alphas) - 0.5 * n * d * log(2 * pi)
    return result + total([prior(q, row, d) for q, row in zip(diagonals, factors, strict=True)])


def prior(diagonal: Sequence[Any], row: Sequence[Any], d: int) -> Any:
    """Wishart's prior of one covariance."""
    freedom = d + M + 1
    squares = total([z * z for z in [*diagonal, *row[d:]]])
    log_gamma = 0.25 * d * (d - 1) * log(pi) + sum(lgamma(0.5 * (freedom - j)) for j in range(d))
    normaliser = freedom * d * (log(GAMMA) - 0.5 * log(2)) - log_gamma
    return 0.5 * GAMMA * GAMMA * squares - M * total(row[:d]) - normaliser


def mixture_in_jax(graph: Graph, dimension: int, components: int, points: int, seed: int = 1) -> Side:
    """The same objective, vectorised by hand: no longer a scalar graph."""
    import jax
    import jax.numpy as jnp

    rng = Random(seed)
    data = jnp.array([[rng.gauss(0, 1) for _ in range(dimension)] for _ in range(points)])
    columns, rows = np.triu_indices(dimension, 1)

    def of_numbers(numbers: Any) -> Any:
        alphas, means, factors = jnp.split(numbers, [components, components * (dimension + 1)])
        means, factors = means.reshape(components, dimension), factors.reshape(components, -1)
        logs, below = factors[:, :dimension], factors[:, dimension:]
        diagonal = jnp.exp(logs)
        matrices = jax.vmap(jnp.diag)(diagonal).at[:, rows, columns].set(below)
        scaled = jnp.einsum("kij,nkj->nki", matrices, data[:, None] - means)
        terms = alphas + logs.sum(1) - 0.5 * (scaled**2).sum(2)
        result = jax.nn.logsumexp(terms, axis=1).sum() - points * jax.nn.logsumexp(alphas)
        freedom = dimension + M + 1
        log_gamma = 0.25 * dimension * (dimension - 1) * log(pi) + sum(
            lgamma(0.5 * (freedom - j)) for j in range(dimension)
        )
        normaliser = freedom * dimension * (log(GAMMA) - 0.5 * log(2)) - log_gamma
        squares = (diagonal**2).sum() + (below**2).sum()
        priors = 0.5 * GAMMA**2 * squares - M * logs.sum() - components * normaliser
        return result - 0.5 * points * dimension * log(2 * pi) + priors

    compiled, at = jax.jit(jax.value_and_grad(of_numbers)), jnp.asarray(graph.at)

    def gradient() -> tuple[float, np.ndarray]:
        value, found = compiled(at)
        return float(value), np.asarray(found)

    return Side(lambda: jax.block_until_ready(compiled(at)), gradient)


# ---------------------------------------------------------------------------------------------------------------------
# A random graph.
# ---------------------------------------------------------------------------------------------------------------------


def random_graph(nodes: int, leaves: int = 1000, seed: int = 1) -> Graph:
    """About so many operations of random kind, half of the operands near and half anywhere before.

    Every number stays within [-1, 1], and no partial derivative exceeds 1, so that nothing overflows.  The output is
    the mean of all that nothing else uses: no operation is in vain.
    """
    rng, recipe, count = Random(seed), [], 0
    unused = set(range(leaves))

    def operand() -> int:
        n = leaves + len(recipe)
        i = rng.randrange(n - leaves, n) if rng.random() < 0.5 else rng.randrange(n)
        unused.discard(i)
        return i

    while count + len(unused) < nodes:
        kind = rng.choice(["tanh", "sin", "exp", "*", "*", "+", "-"])
        first, second = operand(), operand() if kind in "*+-" else 0
        unused.add(leaves + len(recipe))
        recipe.append((kind, first, second))
        count += 2 if kind in ("exp", "+", "-") else 1
    ends = sorted(unused)

    def build(space: Any, numbers: Sequence[Any]) -> Any:
        known = list(numbers)
        for kind, first, second in recipe:
            x = known[first]
            if kind == "*":
                known.append(x * known[second])
            elif kind == "+":
                known.append(0.5 * (x + known[second]))
            elif kind == "-":
                known.append(0.5 * (x - known[second]))
            elif kind == "exp":
                known.append(space.exp(x - 1.0))
            else:
                known.append(getattr(space, kind)(x))
        return total([known[i] for i in ends]) * (1.0 / len(ends))

    return Graph(build, np.array([rng.uniform(-1, 1) for _ in range(leaves)]))


# ---------------------------------------------------------------------------------------------------------------------
# CasADi's virtual machine for scalar graphs.
# ---------------------------------------------------------------------------------------------------------------------


class Casadi:
    """The elementary functions on SX."""

    def __init__(self) -> None:
        import casadi as cs

        self.exp, self.log, self.sin, self.tanh, self.maximum = cs.exp, cs.log, cs.sin, cs.tanh, cs.fmax
        self.relu = lambda x: cs.fmax(x, 0)


def casadi_sides(graph: Graph) -> tuple[Side, Side]:
    """The gradient with the value, and the value alone."""
    import casadi as cs

    numbers = cs.SX.sym("x", len(graph.at))
    output = graph.build(Casadi(), [numbers[i] for i in range(len(graph.at))])
    value = cs.Function("value", [numbers], [output])
    both = cs.Function("both", [numbers], [output, cs.gradient(output, numbers)])
    return _casadi_side(both, graph.at), _casadi_side(value, graph.at)


def _casadi_side(function: Any, at: np.ndarray) -> Side:
    buffer, run = function.buffer()
    arrays = [at.copy(), *(np.zeros(function.nnz_out(i)) for i in range(function.n_out()))]
    buffer.set_arg(0, memoryview(arrays[0]))
    for i, array in enumerate(arrays[1:]):
        buffer.set_res(i, memoryview(array))

    def gradient() -> tuple[float, np.ndarray]:
        run()
        return float(arrays[1][0]), arrays[-1].copy()

    return Side(run, gradient, held=(function, buffer, arrays))
