"""Random graphs, with their gradients by an independent way: forward, with dual numbers, one input at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import add, mul, sub
from random import Random
from typing import Any

__all__ = ["Dual", "Program", "random_program", "true_gradient"]

OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {"+": add, "*": mul, "-": sub}


@dataclass(frozen=True)
class Dual:
    """A number and its derivative to one input, which are computed together; knows nothing of graphs."""

    number: float
    slope: float = 0.0

    def __add__(self, other: Dual | float) -> Dual:
        other = _dual(other)
        return Dual(self.number + other.number, self.slope + other.slope)

    def __mul__(self, other: Dual | float) -> Dual:
        other = _dual(other)
        return Dual(self.number * other.number, self.slope * other.number + self.number * other.slope)

    def __neg__(self) -> Dual:
        return self * -1.0

    def __sub__(self, other: Dual | float) -> Dual:
        return self + -_dual(other)

    def __rsub__(self, other: float) -> Dual:
        return _dual(other) - self

    __radd__, __rmul__ = __add__, __mul__


def _dual(x: Dual | float) -> Dual:
    return x if isinstance(x, Dual) else Dual(x)


@dataclass(frozen=True)
class Program:
    """Steps, each an operation on two earlier results; an operand that is a float is a constant."""

    inputs: tuple[float, ...]
    steps: tuple[tuple[str, int | float, int | float], ...]

    def run(self, inputs: Sequence[Any]) -> Any:
        """The last result, from inputs of any kind that knows the operations."""
        results = [*inputs]
        for operation, *operands in self.steps:
            left, right = (results[x] if isinstance(x, int) else x for x in operands)
            results.append(OPERATIONS[operation](left, right))
        return results[-1]

    def __str__(self) -> str:
        names = ["a", "b", "c", "d"][: len(self.inputs)]
        lines = [f"{name} = {x:g}" for name, x in zip(names, self.inputs, strict=True)]
        for i, (operation, *operands) in enumerate(self.steps, start=1):
            left, right = (names[x] if isinstance(x, int) else f"{x:g}" for x in operands)
            names.append(f"v{i}")
            lines.append(f"v{i} = {left} {operation} {right}")
        return "; ".join(lines)


def random_program(random: Random, operations: str = "+*", inputs: int = 2, steps: int = 4) -> Program:
    """A program in which a result is used twice by one step, one is shared by several, and constants occur.

    All numbers are small integers, so that right gradients are right to the last digit.
    """
    numbers = [random.choice([-3, -2, -1, 2, 3]) for _ in range(inputs)]
    made: list[tuple[str, int | float, int | float]] = []

    def step(left: int | float, right: int | float) -> int:
        made.append((random.choice(operations), left, right))
        return inputs + len(made) - 1

    twice = step(random.randrange(inputs), 0)
    twice = step(twice, twice)  # x + x, x * x
    with_constant = step(*random.sample([twice, float(random.choice([-2, 3, 4]))], 2))
    last = step(with_constant, random.randrange(inputs))
    for _ in range(steps - 4):
        last = step(last, random.randrange(inputs + len(made)))
    step(last, twice)  # shared: an earlier step uses it too
    return Program(tuple(map(float, numbers)), tuple(made))


def true_gradient(program: Program) -> list[float]:
    """The derivative of the last result to each input."""
    slopes = []
    for i in range(len(program.inputs)):
        result = program.run([Dual(x, float(i == j)) for j, x in enumerate(program.inputs)])
        slopes.append(result.slope)
    return slopes
