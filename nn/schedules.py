"""How the learning rate changes in the course of training: functions of the step that give a factor for it.

    optimizer.lr = lr * schedule(step)

Any function of a whole number from 0 on is a schedule.  Factors multiply, so a warm-up before a decay is a product:

>>> warm_up, decay = linear(5, start=0.2, end=1.0), step_decay(every=30)
>>> schedule = lambda step: warm_up(step) * decay(step)
>>> [round(schedule(step), 3) for step in (0, 1, 5, 29, 30, 60)]
[0.2, 0.36, 1.0, 1.0, 0.1, 0.01]
"""

from __future__ import annotations

from math import cos, pi
from typing import TYPE_CHECKING

from autodiff.entrance import as_number

from .arguments import number

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Schedule: TypeAlias = Callable[[int], float]

__all__ = ["cosine", "linear", "step_decay"]


def step_decay(every: int, factor: float = 0.1) -> Schedule:
    """Stairs: the rate is multiplied by ``factor`` after each ``every`` steps (PyTorch's ``StepLR``).

    Raises:
        ArgumentError: ``every`` is not above 0.

    >>> schedule = step_decay(every=10, factor=0.5)
    >>> [schedule(step) for step in (0, 9, 10, 20)]
    [1.0, 1.0, 0.5, 0.25]
    """
    factor = as_number(factor, "step_decay: factor")
    number(every, "step_decay: every", "a number of steps above 0")
    return lambda step: float(factor ** (step // every))


def linear(steps: int, start: float = 1.0, end: float = 0.0) -> Schedule:
    """A straight line from ``start`` to ``end``, which is reached after ``steps`` and kept.

    PyTorch's ``LinearLR`` is the same with other defaults, a warm-up from 1/3 to 1 in 5 steps:
    ``linear(5, start=1/3, end=1.0)``.  Here the rate falls from 1 to 0, in ``steps`` that have no default.

    Raises:
        ArgumentError: ``steps`` is not above 0.

    >>> schedule = linear(4, end=0.5)
    >>> [schedule(step) for step in (0, 1, 4, 9)]
    [1.0, 0.875, 0.5, 0.5]
    """
    number(steps, "linear: steps", "a number of steps above 0")
    start, end = as_number(start, "linear: start"), as_number(end, "linear: end")

    def factor(step: int) -> float:
        share = min(step, steps) / steps
        return (1 - share) * start + share * end

    return factor


def cosine(steps: int, end: float = 0.0) -> Schedule:
    """Half a cosine wave from 1 down to ``end``, which is reached after ``steps`` and kept.

    It is gentle at both ends (Loshchilov and Hutter, "SGDR", 2017).  PyTorch's ``CosineAnnealingLR`` is the same up
    to ``steps`` and rises again thereafter.

    Raises:
        ArgumentError: ``steps`` is not above 0.

    >>> schedule = cosine(4)
    >>> [round(schedule(step), 3) for step in (0, 1, 2, 3, 4, 9)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """
    number(steps, "cosine: steps", "a number of steps above 0")
    end = as_number(end, "cosine: end")
    return lambda step: end + (1 - end) * (1 + cos(pi * min(step, steps) / steps)) / 2
