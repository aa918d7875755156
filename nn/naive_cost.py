"""What a gradient costs the naive way.  Nothing is trained here: two ways are timed on networks that grow.

The numerical gradient moves one weight at a time and looks how the loss changes: ∂e/∂w ≈ (e(w + h) - e(w)) / h.  For n
weights that takes n + 1 forward passes, each of which meets every weight: O(n²) steps, for half of the digits.
Backpropagation meets every weight twice, once forward and once backward: O(n) steps, for all digits.

    print(nn.compare_costs())
"""

from __future__ import annotations

from math import exp, log, sqrt
from statistics import linear_regression
from sys import float_info
from time import get_clock_info, perf_counter, process_time
from timeit import Timer
from typing import TYPE_CHECKING

from autodiff import Value, no_grad

from .errors import ArgumentError, MissingExtra
from .layers import MLP
from .losses import squared_error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike
    from typing import Any

__all__ = ["Costs", "compare_costs", "numerical_gradient"]

WIDTH = 8  # of every hidden layer, and of the input
# Processor time, on which other programs have little influence; but some systems count it in steps of 16 ms.
CLOCK = process_time if get_clock_info("process_time").resolution < 1e-6 else perf_counter


def numerical_gradient(e: Callable[[], Value], parameters: Sequence[Value]) -> list[float]:
    """∂e/∂w of each parameter as (e(w + h) - e(w)) / h, by n + 1 forward passes that record no graph.

    h is 1.5e-8, the root of the relative spacing of floats: a larger step suffers from the curvature of e, a smaller
    one from rounding.

    Args:
        e: computes the loss from the parameters as they are.
        parameters: what to move; each gets its number back.

    >>> w = Value(3.0)
    >>> numerical_gradient(lambda: w * w, [w]), w.data
    ([6.0], 3.0)
    """
    h = sqrt(float_info.epsilon)
    slopes = []
    with no_grad():
        unmoved = e().data
        for w in parameters:
            w_old = w.data
            try:
                w.data = w_old + h
                slopes.append((e().data - unmoved) / h)
            finally:
                w.data = w_old
    return slopes


def _backpropagation(e: Callable[[], Value], parameters: Sequence[Value]) -> list[float]:
    """The same by one forward and one backward pass."""
    for w in parameters:
        w.grad = 0.0
    e().backward()
    return [w.grad for w in parameters]


class Costs:
    """What both ways cost, a figure for each network.  As text, a table.

    Attributes:
        parameters: n, the number of weights and biases.
        backpropagation_seconds: the processor time of one gradient, with the recording of the graph.
        numerical_seconds: the processor time of one gradient, which records nothing.
        differences: the largest difference of the two gradients.
    """

    def __init__(self) -> None:
        self.parameters: list[int] = []
        self.backpropagation_seconds: list[float] = []
        self.numerical_seconds: list[float] = []
        self.differences: list[float] = []

    @property
    def backpropagation_exponent(self) -> float:
        """The k of the best fit of seconds ∝ n**k for backpropagation: 1 in theory."""
        return _power_law(self.parameters, self.backpropagation_seconds)[1]

    @property
    def numerical_exponent(self) -> float:
        """The k of the best fit of seconds ∝ n**k for the numerical gradient: 2 in theory."""
        return _power_law(self.parameters, self.numerical_seconds)[1]

    def to_dict(self) -> dict[str, Any]:
        """All figures by name: what stands in the attributes, and the two exponents."""
        names = [*vars(self), "backpropagation_exponent", "numerical_exponent"]
        return {name: getattr(self, name) for name in names}

    def __str__(self) -> str:
        lines = ["      n  backpropagation  numerical gradient   ratio  largest difference"]
        rows = (self.parameters, self.backpropagation_seconds, self.numerical_seconds, self.differences)
        for n, fast, slow, difference in zip(*rows, strict=True):
            lines.append(
                f"{n:7}  {1000 * fast:12.3f} ms  {1000 * slow:15.1f} ms  {slow / fast:5.0f}×  {difference:18.1e}"
            )
        exponents = f"n^{self.backpropagation_exponent:.2f}", f"n^{self.numerical_exponent:.2f}"
        lines.append("   time  {:>15}  {:>18}".format(*exponents))
        return "\n".join(lines)

    def plot(self, path: str | PathLike[str] | None = None) -> Any:
        """Both times over n, on logarithmic axes, and the fitted powers of n as lines.

        Args:
            path: a file to write the picture to; its ending says in which format.

        Returns:
            A matplotlib ``Figure``.

        Raises:
            MissingExtra: matplotlib is not installed.
        """
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise MissingExtra("a plot of the costs", "matplotlib") from None
        figure = Figure(layout="constrained")
        axes = figure.add_subplot(xscale="log", yscale="log", xlabel="weights and biases, n", ylabel="seconds")
        for name, seconds, marker, colour in (
            ("numerical gradient, n + 1 forward passes", self.numerical_seconds, "s", "#D55E00"),
            ("backpropagation", self.backpropagation_seconds, "o", "#0072B2"),
        ):
            c, k = _power_law(self.parameters, seconds)
            axes.plot(self.parameters, [c * n**k for n in self.parameters], color=colour)
            axes.plot(self.parameters, seconds, marker, color=colour, label=f"{name}: time ∝ n^{k:.2f}")
        axes.set_title("The price of one gradient")
        axes.set_xticks(self.parameters, [str(n) for n in self.parameters])
        axes.set_xticks([], minor=True)
        axes.grid(alpha=0.3)
        axes.legend()
        if path is not None:
            figure.savefig(path)
        return figure


def compare_costs(depths: Sequence[int] = (2, 4, 8, 16, 32), repeats: int = 5, seed: int = 0) -> Costs:
    """Time both ways for half the squared error of networks with more and more hidden layers of 8 tanh neurons.

    Layers of one width let a network grow without changing its kind, so that the times tell of n alone.  The garbage
    collector is off meanwhile.

    Args:
        depths: the numbers of hidden layers, at least two different ones; each layer has 72 weights and biases.
        repeats: how often to time backpropagation, of which the shortest time counts.  The numerical gradient is
            timed once: it repeats itself n + 1 times.
        seed: of the weights.

    Raises:
        ArgumentError: there are fewer than two depths, or one is below 1, or ``repeats`` is.

    >>> costs = compare_costs(depths=[1, 2])
    >>> costs.parameters, max(costs.differences) < 1e-6
    ([81, 153], True)
    """
    if len(set(depths)) < 2 or min(depths) < 1:
        raise ArgumentError(
            f"compare_costs: depths are two numbers of hidden layers or more, from 1 on, not {depths!r}"
        )
    if repeats < 1:
        raise ArgumentError(f"compare_costs: repeats is a number from 1 on, not {repeats!r}")
    costs = Costs()
    for depth in depths:
        model = MLP(WIDTH, [WIDTH] * depth + [1], "tanh", init="xavier", seed=seed)
        exact, backpropagation_seconds = _timed(_backpropagation, model, repeats)
        numerical, numerical_seconds = _timed(numerical_gradient, model, 1)
        costs.parameters.append(len(exact))
        costs.backpropagation_seconds.append(backpropagation_seconds)
        costs.numerical_seconds.append(numerical_seconds)
        costs.differences.append(max([abs(a - b) for a, b in zip(exact, numerical, strict=True)]))
    return costs


def _timed(
    way: Callable[[Callable[[], Value], Sequence[Value]], list[float]], model: MLP, repeats: int
) -> tuple[list[float], float]:
    """The gradient of one sample's loss, and the shortest time that it took."""
    parameters = model.parameters()
    gradients: list[list[float]] = []

    def e() -> Value:
        loss: Value = squared_error(model([1.0, -1.0] * (WIDTH // 2)), 0.5)
        return loss

    timer = Timer(lambda: gradients.append(way(e, parameters)), timer=CLOCK)
    seconds = min(timer.repeat(repeats, number=1))
    return gradients[-1], seconds


def _power_law(ns: Sequence[float], seconds: Sequence[float]) -> tuple[float, float]:
    """The c and k of seconds = c·n**k, by least squares on the logarithms."""
    k, intercept = linear_regression([log(n) for n in ns], [log(t) for t in seconds])
    return exp(intercept), k
