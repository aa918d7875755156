"""Independent opinions on the value and the gradient of a scalar program; nothing here comes from `autodiff`.

A row of ``ROWS`` gives an operation's value, in terms of a namespace ``m`` that stands for `math`, for HIPS autograd's
NumPy or for mpmath, and its partial derivatives.  Three peers replay a program on it and return [value, *gradient]:

- ``by_closures``: a naive engine like micrograd: a closure per node, a recursive topological sort;
- ``by_hips``: HIPS autograd, whose derivatives are its own;
- ``by_differences``: mpmath's central differences, which know no derivative at all.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import autograd.numpy as anp
import mpmath
import numpy as np
from autograd import make_vjp


@dataclass(frozen=True)
class Step:
    """One result of a program: an operation on earlier results, which it names by position."""

    op: str
    operands: tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """Results by position: inputs, then constants, then steps.  The output is the sum of those that no step uses."""

    inputs: tuple[float, ...]
    constants: tuple[float, ...] = ()
    steps: tuple[Step, ...] = ()

    def run(
        self,
        apply: Callable[[str, list[Any]], Any],
        inputs: Sequence[Any],
        constants: Sequence[Any],
        passing: Callable[[int, Any], Any] = lambda position, result: result,
    ) -> Any:
        results = [passing(i, x) for i, x in enumerate([*inputs, *constants])]
        used = set(range(len(inputs), len(results)))  # a constant that nothing uses is left out
        for step in self.steps:
            result = apply(step.op, [results[i] for i in step.operands])
            results.append(passing(len(results), result))
            used.update(step.operands)
        return apply("sum", [x for i, x in enumerate(results) if i not in used])


# ---------------------------------------------------------------------------------------------------------------------
# The operations.
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """An operation; ``smooth`` says where every peer can be held to it: inside its domain, and off its kinks."""

    value: Callable[..., Any]  # of (m, *operands)
    partials: Callable[..., Sequence[float]]  # of (*operands)
    smooth: Callable[..., bool] = lambda *xs: True
    least: int = 1  # how many operands, at least and
    most: int = 1  # at most
    ties: bool = True  # whether two operands may be equal without being the same result


def _unary(value, derivative, smooth=lambda x: True):
    return Row(value, lambda x: (derivative(x),), smooth)


def _binary(value, partials, smooth=lambda x, y: True, ties=True):
    return Row(value, partials, smooth, 2, 2, ties)


def _nary(value, partials, smooth=lambda *xs: True, least=1, ties=True):
    return Row(value, partials, smooth, least, 5, ties)


def _within(low, high=math.inf):
    return lambda *xs: all(low < x < high for x in xs)


def _off(*kinks):
    return lambda x: all(abs(x - kink) > 1e-3 for kink in kinks)


def _off_whole(x):
    return abs(x - round(x)) > 1e-3


def _like(x, constant):
    """The constant as a number of the same kind as x."""
    return 0 * x + constant


def _sign(x):
    return 1 if x > 0 else -1


def _cube_root(m, x):
    return _sign(x) * m.exp(m.log(abs(x)) / 3)


def _sigmoid(x):
    return 1 / (1 + math.exp(-x))


def _logsumexp(m, *xs):
    top = max(range(len(xs)), key=lambda i: xs[i])
    return xs[top] + m.log1p(sum(m.exp(x - xs[top]) for i, x in enumerate(xs) if i != top))


def _first_softmax(m, x, *others):
    return 1 / (1 + sum(m.exp(other - x) for other in others))


def _first_softmax_partials(x, *others):
    share, odds = _first_softmax(math, x, *others), [math.exp(other - x) for other in others]
    return [share**2 * sum(odds), *(-(share**2) * ratio for ratio in odds)]


def _product_of_others(*xs):
    return [math.prod(xs[:i] + xs[i + 1 :]) for i in range(len(xs))]


def _split(xs):
    """Operands of dot: w_1 … w_n, x_1 … x_n and perhaps a bias."""
    n = len(xs) // 2
    return xs[:n], xs[n : 2 * n], xs[2 * n :]


def _dot(m, *operands):
    ws, xs, bias = _split(operands)
    return sum([w * x for w, x in zip(ws, xs, strict=True)], sum(bias))


def _dot_partials(*operands):
    ws, xs, bias = _split(operands)
    return [*xs, *ws, *(1 for _ in bias)]


def _pick(choose):
    return lambda m, *xs: choose(xs)


def _picked(choose):
    """The derivative to each of a list of which one is chosen; copies of one result may share it as they like."""
    return lambda *xs: [float(i == xs.index(choose(xs))) for i in range(len(xs))]


ROWS: dict[str, Row] = {
    "add": _binary(lambda m, x, y: x + y, lambda x, y: (1, 1)),
    "sub": _binary(lambda m, x, y: x - y, lambda x, y: (1, -1)),
    "mul": _binary(lambda m, x, y: x * y, lambda x, y: (y, x)),
    "div": _binary(lambda m, x, y: x / y, lambda x, y: (1 / y, -x / y**2), lambda x, y: abs(y) > 0.01),
    "mod": _binary(
        lambda m, x, y: x - y * m.floor(x / y),
        lambda x, y: (1, -math.floor(x / y)),
        lambda x, y: abs(y) > 0.01 and _off_whole(x / y),
    ),
    "pow": _binary(
        lambda m, x, y: m.exp(y * m.log(x)),
        lambda x, y: (y * x ** (y - 1), x**y * math.log(x)),
        lambda x, y: 0.01 < x < 100 and abs(y) < 4,
    ),
    "cube": _unary(lambda m, x: x * x * x, lambda x: 3 * x * x),
    "inverse_square": _unary(lambda m, x: 1 / (x * x), lambda x: -2 / x**3, lambda x: abs(x) > 0.05),
    "neg": _unary(lambda m, x: -x, lambda x: -1),
    "abs": _unary(lambda m, x: x * _sign(x), _sign, _off(0)),
    "square": _unary(lambda m, x: x * x, lambda x: 2 * x),
    "reciprocal": _unary(lambda m, x: 1 / x, lambda x: -1 / x**2, lambda x: abs(x) > 0.01),
    "sqrt": _unary(lambda m, x: m.sqrt(x), lambda x: 0.5 * x**-0.5, _within(1e-3)),
    "cbrt": _unary(_cube_root, lambda x: abs(x) ** (-2 / 3) / 3, _off(0)),
    "exp": _unary(lambda m, x: m.exp(x), math.exp, _within(-20, 7)),
    "exp2": _unary(lambda m, x: m.exp(x * m.log(2)), lambda x: math.log(2) * 2**x, _within(-20, 9)),
    "expm1": _unary(lambda m, x: m.expm1(x), math.exp, _within(-20, 7)),
    "log": _unary(lambda m, x: m.log(x), lambda x: 1 / x, _within(1e-3)),
    "log2": _unary(lambda m, x: m.log(x) / m.log(2), lambda x: 1 / (x * math.log(2)), _within(1e-3)),
    "log10": _unary(lambda m, x: m.log(x) / m.log(10), lambda x: 1 / (x * math.log(10)), _within(1e-3)),
    "log1p": _unary(lambda m, x: m.log1p(x), lambda x: 1 / (1 + x), _within(-0.99)),
    "sin": _unary(lambda m, x: m.sin(x), math.cos),
    "cos": _unary(lambda m, x: m.cos(x), lambda x: -math.sin(x)),
    "tan": _unary(lambda m, x: m.tan(x), lambda x: math.cos(x) ** -2, lambda x: abs(math.cos(x)) > 0.05),
    "asin": _unary(lambda m, x: m.asin(x), lambda x: ((1 - x) * (1 + x)) ** -0.5, _within(-0.99, 0.99)),
    "acos": _unary(lambda m, x: m.acos(x), lambda x: -(((1 - x) * (1 + x)) ** -0.5), _within(-0.99, 0.99)),
    "atan": _unary(lambda m, x: m.atan(x), lambda x: 1 / (1 + x * x)),
    "atan2": _binary(
        lambda m, x, y: m.atan2(x, y),
        lambda x, y: (y / (x * x + y * y), -x / (x * x + y * y)),
        lambda x, y: x * x + y * y > 1e-4 and (abs(x) > 1e-3 or y > 0),  # off its cut, x = 0 beside y < 0
    ),
    "hypot": _binary(
        lambda m, x, y: m.sqrt(x * x + y * y),
        lambda x, y: (x / math.hypot(x, y), y / math.hypot(x, y)),
        lambda x, y: x * x + y * y > 1e-4,
    ),
    "sinh": _unary(lambda m, x: m.sinh(x), math.cosh, _within(-7, 7)),
    "cosh": _unary(lambda m, x: m.cosh(x), math.sinh, _within(-7, 7)),
    "tanh": _unary(lambda m, x: m.tanh(x), lambda x: math.cosh(x) ** -2, _within(-20, 20)),
    "asinh": _unary(lambda m, x: m.asinh(x), lambda x: (1 + x * x) ** -0.5),
    "acosh": _unary(lambda m, x: m.acosh(x), lambda x: ((x - 1) * (x + 1)) ** -0.5, _within(1.01)),
    "atanh": _unary(lambda m, x: m.atanh(x), lambda x: 1 / ((1 - x) * (1 + x)), _within(-0.99, 0.99)),
    "erf": _unary(lambda m, x: m.erf(x), lambda x: 2 / math.sqrt(math.pi) * math.exp(-x * x), _within(-1.5, 1.5)),
    "erfc": _unary(lambda m, x: 1 - m.erf(x), lambda x: -2 / math.sqrt(math.pi) * math.exp(-x * x), _within(-1.5, 1.5)),
    "relu": _unary(lambda m, x: x if x > 0 else 0 * x, lambda x: x > 0, _off(0)),
    "leaky_relu": _unary(lambda m, x: x if x > 0 else 0.01 * x, lambda x: 1 if x > 0 else 0.01, _off(0)),
    "elu": _unary(lambda m, x: x if x > 0 else m.expm1(x), lambda x: math.exp(min(x, 0)), _off(0)),
    "gelu": _unary(
        lambda m, x: x * (1 + m.erf(x / m.sqrt(2))) / 2,
        lambda x: math.erfc(-x / math.sqrt(2)) / 2 + x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi),
        _within(-2, 2),
    ),
    "silu": _unary(lambda m, x: x / (1 + m.exp(-x)), lambda x: _sigmoid(x) * (1 + x * _sigmoid(-x)), _within(-20, 20)),
    "sigmoid": _unary(lambda m, x: 1 / (1 + m.exp(-x)), lambda x: _sigmoid(x) * _sigmoid(-x), _within(-20, 20)),
    "log_sigmoid": _unary(lambda m, x: -m.log1p(m.exp(-x)), lambda x: _sigmoid(-x), _within(-20, 20)),
    "softplus": _unary(lambda m, x: m.log1p(m.exp(x)), _sigmoid, _within(-20, 20)),
    "sign": _unary(lambda m, x: _like(x, _sign(x)), lambda x: 0, _off(0)),
    "step": _unary(lambda m, x: _like(x, x > 0), lambda x: 0, _off(0)),
    "floor": _unary(lambda m, x: m.floor(x), lambda x: 0, _off_whole),
    "ceil": _unary(lambda m, x: -m.floor(-x), lambda x: 0, _off_whole),
    "round": _unary(lambda m, x: m.floor(x + 0.5), lambda x: 0, lambda x: _off_whole(x + 0.5)),
    "maximum": _binary(_pick(max), _picked(max), ties=False),
    "minimum": _binary(_pick(min), _picked(min), ties=False),
    "clamp": Row(
        lambda m, x, low, high: min(max(x, low), high),
        lambda x, low, high: (low <= x <= high, x < low, x > high),
        lambda x, low, high: low < high,
        least=3,
        most=3,
        ties=False,
    ),
    "where": Row(
        lambda m, condition, x, y: x if condition > 0 else y,
        lambda condition, x, y: (0, condition > 0, condition < 0),
        lambda condition, x, y: abs(condition) > 1e-3,
        least=3,
        most=3,
    ),
    "sum": _nary(lambda m, *xs: sum(xs), lambda *xs: [1] * len(xs)),
    "mean": _nary(lambda m, *xs: sum(xs) / len(xs), lambda *xs: [1 / len(xs)] * len(xs)),
    "prod": _nary(lambda m, *xs: math.prod(xs), _product_of_others),
    "dot": _nary(_dot, _dot_partials, least=2),
    "max": _nary(_pick(max), _picked(max), ties=False),
    "min": _nary(_pick(min), _picked(min), ties=False),
    "logsumexp": _nary(
        _logsumexp, lambda *xs: [math.exp(x - _logsumexp(math, *xs)) for x in xs], _within(-20, 20), ties=False
    ),
    "softmax": _nary(_first_softmax, _first_softmax_partials, _within(-20, 20)),  # its first component
    "norm": _nary(
        lambda m, *xs: m.sqrt(sum(x * x for x in xs)),
        lambda *xs: [x / math.hypot(*xs) for x in xs],
        lambda *xs: math.hypot(*xs) > 0.01,
    ),
}


# ---------------------------------------------------------------------------------------------------------------------
# The peers.
# ---------------------------------------------------------------------------------------------------------------------


class Node:
    """As in micrograd: a number, its gradient, and a closure that sends the gradient on."""

    def __init__(self, data: float, parents: Sequence["Node"] = ()) -> None:
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self.send: Callable[[], None] = lambda: None

    def backward(self) -> None:
        order: list[Node] = []
        seen = set()

        def visit(node: Node) -> None:
            if node not in seen:
                seen.add(node)
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            node.send()


def by_closures(program: Program, nudged: int | None = None, by: float = 0.0, *, absolute: bool = False) -> list[float]:
    """The naive engine's opinion; with the result at position ``nudged`` off by the factor 1 + ``by``.

    ``absolute`` adds up the sizes of the contributions of all paths instead of the contributions.
    """

    def apply(op: str, operands: list[Node]) -> Node:
        numbers = [x.data for x in operands]
        result = Node(ROWS[op].value(math, *numbers), operands)
        partials = ROWS[op].partials(*numbers)

        def send() -> None:
            for parent, partial in zip(operands, partials, strict=True):
                parent.grad += (abs(partial) if absolute else partial) * result.grad

        result.send = send
        return result

    def nudge(position: int, result: Node) -> Node:
        if position == nudged:
            result.data *= 1 + by
        return result

    inputs = [Node(x) for x in program.inputs]
    output = program.run(apply, inputs, [Node(x) for x in program.constants], nudge)
    output.backward()
    return [output.data, *(x.grad for x in inputs)]


def _erf_by_quadrature(x: Any) -> Any:
    """2x/√π·∫₀¹ exp(-x²t²) dt by 24 points of Gauss: HIPS has erf only with SciPy, and derives this one by itself."""
    return 2 / math.sqrt(math.pi) * x * anp.dot(_GAUSS_WEIGHTS, anp.exp(-((x * _GAUSS_POINTS) ** 2)))


_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_GAUSS_POINTS, _GAUSS_WEIGHTS = (_POINTS + 1) / 2, _WEIGHTS / 2

HIPS = SimpleNamespace(
    **{name: getattr(anp, name) for name in ("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "floor")},
    **{name: getattr(anp, name) for name in ("sinh", "cosh", "tanh")},
    **{name: getattr(anp, f"arc{name[1:]}") for name in ("asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh")},
    erf=_erf_by_quadrature,
)


def by_hips(program: Program) -> list[float]:
    """The opinion of HIPS autograd."""

    def output(inputs: Any) -> Any:
        result = program.run(lambda op, xs: ROWS[op].value(HIPS, *xs), list(inputs), program.constants)
        return result + 0 * anp.sum(inputs)  # HIPS warns where only flat operations such as floor lead to the output

    vjp, value = make_vjp(output)(anp.array(program.inputs))
    return [float(value), *map(float, vjp(1.0))]


MP = mpmath.mp.clone()
MP.dps = 100
_STEP = MP.mpf(10) ** -20


def exact(program: Program, inputs: Sequence[Any], nudge: Callable[[int, Any], Any] = lambda edge, x: x) -> Any:
    """The value at 100 digits, at inputs that need not be the program's own.

    ``nudge`` may alter what each edge, by its number, carries to an operation.
    """
    edges = itertools.count()

    def apply(op: str, operands: list[Any]) -> Any:
        return ROWS[op].value(MP, *[nudge(next(edges), x) for x in operands])

    return program.run(apply, inputs, [MP.mpf(x) for x in program.constants])


def by_differences(program: Program) -> list[float]:
    """Central differences at 100 digits, right to about 40."""
    at = [MP.mpf(x) for x in program.inputs]
    opinion = [exact(program, at)]
    for i in range(len(at)):
        above, below = ([*at[:i], at[i] + step, *at[i + 1 :]] for step in (_STEP, -_STEP))
        opinion.append((exact(program, above) - exact(program, below)) / (2 * _STEP))
    return [float(x) for x in opinion]


def curvature(program: Program, direction: Sequence[float]) -> tuple[float, float]:
    """The second derivative along ``direction``, by differences right to about 35 digits, and its condition.

    The condition says how far it moves, to first and to second order and in proportion, when what an edge carries is
    nudged, and when how fast that grows is: it is the size of the terms that the derivative adds up.
    """
    at = [MP.mpf(x) for x in program.inputs]
    carried: list[Any] = []

    def carry(edge: int, x: Any) -> Any:
        carried.append(x)
        return x

    exact(program, at, carry)

    def second(nudged: int, value: Any, slope: Any) -> Any:
        def nudge(edge: int, x: Any) -> Any:
            return x + value * x + slope * (x - carried[edge]) if edge == nudged else x

        lines = [[x + k * _STEP * t for x, t in zip(at, direction, strict=True)] for k in (-1, 0, 1)]
        below, here, above = (exact(program, line, nudge) for line in lines)
        return (below - 2 * here + above) / _STEP**2

    curved, condition, by = second(-1, 0, 0), MP.mpf(0), MP.mpf(10) ** -10
    for edge in range(len(carried)):
        for value, slope in ((by, 0), (0, by)):
            more, less = second(edge, value, slope), second(edge, -value, -slope)
            condition += abs(more - less) / (2 * by) + abs(more - 2 * curved + less) / by**2
    return float(curved), float(condition)
