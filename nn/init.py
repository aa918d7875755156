"""Initial weights: what a neuron starts from.

Each initialiser draws one weight: a function of (rng, n_inputs, n_outputs), the generator of random numbers and how
many inputs and outputs the layer has.  Those with a name draw from a uniform distribution with ``rng.uniform``, which
takes nothing but exact arithmetic, so that the same seed gives the same weights bit for bit on every platform; a
``normal`` distribution needs logarithms and cosines, whose last digits vary.
"""

from __future__ import annotations

import random
from math import sqrt
from operator import index
from random import Random
from typing import TYPE_CHECKING

from .arguments import chosen, number
from .errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Initializer: TypeAlias = Callable[[Random, int, int], float]

__all__ = ["INITIALIZERS", "normal"]


def uniform(rng: Random, n_inputs: int, n_outputs: int) -> float:
    """Between -1 and 1, whatever the size of the layer, as in micrograd.

    >>> uniform(Random(1337), 2, 16)
    0.23550571390294128
    """
    return rng.uniform(-1.0, 1.0)


def xavier(rng: Random, n_inputs: int, n_outputs: int) -> float:
    """Between ±√(6 / (n_inputs + n_outputs)), for tanh and sigmoid.

    Source: Glorot and Bengio, *Understanding the difficulty of training deep feedforward neural networks* (2010).
    """
    bound = sqrt(6.0 / (n_inputs + n_outputs))
    return rng.uniform(-bound, bound)


def he(rng: Random, n_inputs: int, n_outputs: int) -> float:
    """Between ±√(6 / n_inputs), for relu and its relatives: the uniform form of He's initialisation.

    Source: He, Zhang, Ren and Sun, *Delving deep into rectifiers* (2015).
    """
    bound = sqrt(6.0 / n_inputs)
    return rng.uniform(-bound, bound)


def normal(deviation: float) -> Initializer:
    """What draws from a normal distribution around 0 with this standard deviation, whatever the size of the layer.

    >>> round(normal(0.08)(Random(1), 2, 16), 12)
    0.103054780252
    """
    deviation = number(deviation, "the standard deviation of weights", "a number above 0")

    def draw(rng: Random, n_inputs: int, n_outputs: int) -> float:
        return rng.gauss(0.0, deviation)

    return draw


INITIALIZERS: dict[str, Initializer] = {"uniform": uniform, "xavier": xavier, "he": he}
"""Every initialiser by name."""


def initializer(init: str | Initializer) -> Initializer:
    """The initialiser of that name, or ``init`` itself if it is a function.

    Raises:
        ArgumentError: there is no initialiser of that name.
    """
    draw: Initializer = chosen("initialiser", init, INITIALIZERS, "any function of (rng, n_inputs, n_outputs)", takes=3)
    return draw


def generator(seed: int | None, rng: Random | None) -> Random:
    """The generator that was given, or a new one from the seed; without either that of Python's ``random``.

    So after ``random.seed(1337)`` a network without a seed has the weights that it has in micrograd.

    Raises:
        ArgumentError: both were given, or the seed is of a kind that ``Random`` does not take.
    """
    if seed is None:
        return rng or random._inst
    if rng is not None:
        raise ArgumentError("give a seed or an rng, not both")
    try:
        return Random(index(seed) if hasattr(seed, "__index__") else seed)  # which takes no number of NumPy
    except TypeError:
        raise ArgumentError(f"a seed is a whole number, or None for one by chance, not {seed!r}") from None
