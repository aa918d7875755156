"""Digits that cancellation has taken from a derivative: the graph of the derivative computed anew, with more of them.

sin(x) / x at 1e-8 has the slope cos(x)/x - sin(x)/x², 1e8 - 1e8: nothing is left of the true -3.3e-9.  Every rule is
right there, so that reverse mode, forward mode, differences and even the complex step agree on 0.  Only rounding errors
tell, in three steps, each where the one before leaves a doubt:

1. Every node's rounding error, carried to the derivative, bounds what the derivative may be off by.
2. That is to be expected where the derivative itself turns on the last digits of the inputs, as beside a root of it.
3. Else mpmath computes the recorded operations with digits to spare, and says what the derivative is.
"""

from __future__ import annotations

from math import isfinite
from sys import float_info
from typing import TYPE_CHECKING

from .diagnose import _call, _number
from .forks import no_fork
from .sweep import adjoints, topological_order
from .value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    Scalar = Value | float

__all__ = ["Loss", "Rounding", "lost_digits", "nodes_of", "remedy"]

_EPSILON = float_info.epsilon


class Rounding:
    """How far rounding may carry an output and its derivatives off: every node's error of ε, times its way up."""

    def __init__(self, output: Scalar) -> None:
        nodes = dict.fromkeys(nodes_of(output))
        # Σ over paths to the output of |Π local derivatives|, and 0·∞ is 0, for what does not arrive does no harm.
        self.reach: dict[Any, float] = adjoints(
            nodes,
            {output: 1.0},  # type: ignore[dict-item]  # a number is its own output
            local_derivatives=lambda node: map(abs, node.local_derivatives),
            times=lambda size, reach: size * reach if reach else 0.0,
        )
        inner = [node for node in reversed(nodes) if node.parents and self.reach[node]]  # the number in a leaf is exact
        self.of_output = sum([_EPSILON * abs(self.reach[node] * node.data) for node in inner])
        self.ulps = _EPSILON * (4 + len(nodes))

    def of_slope(self, x: Value) -> float:
        """A bound for the rounding error of the derivative with respect to ``x``."""
        return self.ulps * self.reach.get(x, 0.0)


class Loss:
    """A derivative of which rounding has taken more digits than is due to its inputs.

    Attributes:
        given: the derivative as floats have it.
        true: the derivative of the same graph with digits to spare; None where that could not be computed.
        bound: how far rounding may have carried ``given`` off.
        where: the node at which the digits were lost; without ``true``, why that is not known.
        remedy: what to write in its place.
    """

    def __init__(self, given: float, true: float | None, bound: float, where: str, remedy: str) -> None:
        self.given, self.true, self.bound, self.where, self.remedy = given, true, bound, where, remedy

    def __str__(self) -> str:
        if self.true is None:
            return f"rounding may have carried it off by {self.bound:.2g}; not computed with more digits: {self.where}"
        return f"with more digits it is {self.true!r}: {self.where}\n    remedy: {self.remedy}"


def lost_digits(slope: Scalar, output: Scalar, fixed: Iterable[Value] = (), rtol: float = 1e-9) -> Loss | None:
    """What rounding has taken from ``slope``, a derivative of ``output`` as a graph; None if that is no more than due.

    Args:
        slope: the derivative, recorded by its rules on Values.
        output: what was differentiated, to tell its nodes from those of the derivative.
        fixed: Values whose numbers are given, whatever they were computed from; leaves are in any case.
        rtol: the share of the derivative that may be lost.

    >>> from autodiff import gradients, sin
    >>> x = Value(1e-8, label="x")
    >>> y = sin(x) / x
    >>> print(lost_digits(gradients(y, x, create_graph=True), y))
    with more digits it is -3.3333333333333334e-09: two contributions to it cancel, -100000000.0 and 100000000.0
        remedy: sinc(x / math.pi) for sin(x) / x
    """
    if not isinstance(slope, Value) or not isfinite(slope.data):
        return None
    rounding = Rounding(slope)
    if rounding.of_output <= rtol * abs(slope.data):
        return None
    order, fixed = topological_order(slope), {*fixed}  # a set: a list would look for an equal number
    nodes = dict.fromkeys(order)
    sensitivity = adjoints(nodes, {slope: 1.0})
    due = float_info.min + rounding.ulps * _of_inputs(order, sensitivity, fixed)
    if isfinite(due) and rounding.of_output <= due:
        return None
    within = nodes_of(output)
    given = {node: node.data for node in order if not node.parents or node in fixed}
    try:
        with no_fork:
            from .compiler.precise import with_digits_to_spare

        exact = with_digits_to_spare(order, given)
        if not isfinite(due):  # a product of derivatives is beyond the range: move one input after the other
            moved = [with_digits_to_spare(order, given | {x: x.data * (1 + _EPSILON)})[slope] for x in given]
            due = (4 + len(order)) * sum([abs(there - exact[slope]) for there in moved])
    except Exception as error:  # no mpmath, or an operation of one's own that takes floats alone, or raises
        return Loss(slope.data, None, rounding.of_output, f"{type(error).__name__}: {error}", remedy(within) or _SERIES)
    off = abs(exact[slope] - slope.data)
    if off <= rtol * abs(exact[slope]) + due:
        return None
    emptied = [
        node
        for node in order
        if abs(exact[node] - node.data) > 1e-10 * abs(exact[node])
        and abs((exact[node] - node.data) * sensitivity.get(node, 0.0)) > 0.01 * off
    ]
    node = emptied[0] if emptied else slope
    # That node and what is made of it; none, in the derivative itself.
    around = [other for other in within if other is node or any(x is node for x in other.parents)]
    place = _place(node, in_output=bool(around))
    return Loss(slope.data, float(exact[slope]), rounding.of_output, place, remedy(around or within) or _SERIES)


def nodes_of(output: Scalar) -> list[Value]:
    """The nodes of a result, which may be a constant."""
    return topological_order(output) if isinstance(output, Value) else []


def _of_inputs(order: Sequence[Value], sensitivity: dict[Value, float], fixed: set[Value]) -> float:
    """How far the derivative moves, over ε, when its inputs, and constants that are rounded, do by a share of ε."""
    total = 0.0
    for node in order:
        if node not in sensitivity:
            continue
        adjoint = sensitivity[node]
        if not node.parents or node in fixed:
            total += abs(adjoint * node.data)
            continue
        rounded = [i for i, x in enumerate(node.operands) if not isinstance(x, Value) and _is_rounded(x)]
        if rounded and adjoint and node.op is not None:
            numbers = [_number(x) for x in node.operands]
            slopes = node.op.float_derivatives(numbers, node.data, rounded)
            total += sum([abs(adjoint * s * numbers[i]) for i, s in zip(rounded, slopes, strict=True)])
    return total


def _is_rounded(x: float) -> bool:
    """Whether a constant stands for another number: 0.1 does, while 3 and 0.25 are meant as they are."""
    return isfinite(x) and x.as_integer_ratio()[0].bit_length() > 20


def _place(node: Value, in_output: bool) -> str:
    if in_output:
        return f"{_call(node)} has lost its digits"
    if node.op is not None and node.op.name in ("add", "sub"):
        x, y = (_number(x) for x in node.operands)
        return f"two contributions to it cancel, {x!r} and {y if node.op.name == 'add' else -y!r}"
    return f"in the rule of its derivative, {_call(node)} has lost its digits"


# ---------------------------------------------------------------------------------------------------------------------
# Remedies.
# ---------------------------------------------------------------------------------------------------------------------


def _is(x: Any, *names: str) -> bool:
    return isinstance(x, Value) and x.op is not None and x.op.name in names


def _has(node: Value, name: str) -> bool:
    return any(_is(x, name) for x in node.operands)


def _has_1(node: Value) -> bool:
    return any(not isinstance(x, Value) and abs(x) == 1 for x in node.operands)


def _beside_1(name: str) -> Callable[[Any], bool]:
    """A sum or a difference of 1 and the operation ``name``, either way round."""
    return lambda node: _is(node, "sub", "add") and _has_1(node) and _has(node, name)


def _of(name: str, test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda node: _is(node, name) and test(node.operands[0])


def _squares(*names: str) -> Callable[[Any], bool]:
    """A square, of one of the operations ``names`` if there are any."""

    def test(node: Any) -> bool:
        squared = _is(node, "square") or (_is(node, "pow") and node.operands[1] == 2)
        squared = squared or (_is(node, "mul") and node.operands[0] is node.operands[1])
        return squared and (not names or _is(node.operands[0], *names))

    return test


_REMEDIES: list[tuple[Callable[[Value], bool], str]] = [  # what fits more closely stands further up
    (_of("log", _beside_1("exp")), "log1mexp(x) for log(1 - exp(-x)), softplus(x) for log(1 + exp(x))"),
    (_of("log", _beside_1("sigmoid")), "log_sigmoid(-x) for log(1 - sigmoid(x))"),
    (_of("log", lambda x: _is(x, "sigmoid")), "log_sigmoid(x) for log(sigmoid(x))"),
    (_of("log", lambda x: _is(x, "softmax")), "x - logsumexp(xs) for the logarithm of a softmax"),
    (_beside_1("cos"), "2*sin(x/2)**2 for 1 - cos(x), and sinc(x / (2*math.pi))**2 / 2 for (1 - cos(x)) / x**2"),
    (_beside_1("exp"), "expm1(x) for exp(x) - 1"),
    (_beside_1("sigmoid"), "sigmoid(-x) for 1 - sigmoid(x)"),
    (_beside_1("erf"), "erfc(x) for 1 - erf(x)"),
    (_beside_1("tanh"), "2*sigmoid(-2*x) for 1 - tanh(x)"),
    (
        lambda x: _is(x, "sub") and _has_1(x) and any(map(_squares("tanh"), x.operands)),
        "1 / cosh(x)**2 for 1 - tanh(x)**2",
    ),
    (_of("log", lambda x: _is(x, "add", "sub") and _has_1(x)), "log1p(x) for log(1 + x)"),
    (_of("log", lambda x: _is(x, "add", "sum") and _has(x, "exp")), "logsumexp(xs) for the log of a sum of exp"),
    (_of("div", lambda x: _is(x, "sin")), "sinc(x / math.pi) for sin(x) / x"),
    (lambda x: _is(x, "sub") and _has(x, "sqrt"), "(x - y) / (sqrt(x) + sqrt(y)) for sqrt(x) - sqrt(y)"),
    (lambda x: _is(x, "sub") and all(map(_squares(), x.operands)), "(x - y) * (x + y) for x**2 - y**2"),
    (lambda x: _is(x, "mul") and _has(x, "log"), "xlogy(x, y) for x * log(y), which is 0 at 0"),
    (lambda x: _is(x, "mul") and _has(x, "log1p"), "xlog1py(x, y) for x * log1p(y), which is 0 at 0"),
]

_SERIES = (
    "write it without a difference of nearly equal numbers, or near this point as a few terms of its series: "
    "where(abs(x) < 1e-3, 1 + x/2 + x**2/6, expm1(x) / x), say"
)


def remedy(nodes: Sequence[Value]) -> str:
    """What to write in the place of those among ``nodes`` that are known to lose digits; empty for none."""
    return next((text for test, text in _REMEDIES if any(map(test, nodes))), "")
