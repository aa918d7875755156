"""Derivatives from values alone, and the check of every exact derivative against them.

``numerical_grad`` differentiates any function of numbers by differences.  It knows no rule of calculus, so it is the
independent judge of those who do, and it is the naive way that backpropagation replaces: a gradient in n numbers
costs n + 1 evaluations of the function or more, where one backward sweep costs a few.

``check_grads`` holds reverse mode, forward mode, derivatives of derivatives and differences against each other.
"""

from __future__ import annotations

import math
from functools import partial
from itertools import product
from math import inf, isfinite, nan
from sys import float_info
from typing import TYPE_CHECKING
from warnings import warn

from .complexstep import ComplexStep, step_at
from .digits import Rounding, lost_digits, nodes_of, remedy
from .entrance import as_number
from .errors import GradientMismatch, OperandError
from .pausing import recording
from .transforms import _scalar, argument_numbers, gradients, jvp, positions_of
from .tree import flatten, places, unflatten
from .value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    Scalar = Value | float

__all__ = ["check_grads", "numerical_grad"]

_EPSILON = float_info.epsilon


# ---------------------------------------------------------------------------------------------------------------------
# Differences.
# ---------------------------------------------------------------------------------------------------------------------


def numerical_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, method: str = "central", step: float | None = None
) -> Callable[..., Any]:
    """The function that gives the gradient of ``f`` by differences; ``grad`` gives the same, exactly and faster.

    ========= ========================== ==================== ========================= ===============
    method    slope in each number x     evaluations of f     default step h            digits, at best
    ========= ========================== ==================== ========================= ===============
    forward   (f(x+h) - f(x)) / h        n + 1                √ε·max(1, abs(x))         8
    central   (f(x+h) - f(x-h)) / 2h     2n                   ∛ε·max(1, abs(x))         10
    complex   Im f(x + ih) / h           n                    1e-100, less by 0         16
    ========= ========================== ==================== ========================= ===============

    With ε = 2.2e-16 the rounding error of a difference is about ε/h; what the step leaves out is about h for a forward
    and h² for a central difference.  The steps make the two equal: h = √ε and h = ∛ε.  The complex step subtracts
    nothing, so that h can be tiny (Squire and Trapp, SIAM Review 40, 1998); it needs functions of this package or
    arithmetic, all analytic: abs, relu, max, floor, comparisons and their kin are refused.

    Args:
        f: a function of numbers or of nested structures of them, with one scalar result.  It is called with floats, so
            ``math.sin`` will do; ``method="complex"`` calls it with complex operands.
        argnums: which positional argument to differentiate with respect to, or several.
        method: "forward", "central" or "complex".
        step: the step h for every number, in the unit of that number, in place of the default.

    Returns:
        A function of the same arguments.  Its result has the structure of the argument ``argnums``; for several it is
        a tuple.

    Raises:
        OperandError: the method, the step or ``argnums`` is none; when called, if an argument or the result of ``f``
            is no real number, the step is too small to change one, or the complex step meets an operation that is not
            analytic.

    >>> round(numerical_grad(lambda x: x**3)(2.0), 9)
    12.0
    >>> from autodiff import exp
    >>> numerical_grad(lambda p: p["a"] * exp(p["b"]), method="complex")({"a": 2.0, "b": 0.0})
    {'a': 1.0, 'b': 2.0}
    """
    if method not in _METHODS:
        raise OperandError(f"numerical_grad: there is no method {method!r}; choose from {', '.join(_METHODS)}")
    if step is not None and not as_number(step, "numerical_grad: the step") > 0:
        raise OperandError(f"numerical_grad: the step is a number above 0, not {step!r}")
    positions, one = argument_numbers(argnums, "numerical_grad")

    def gradient(*args: Any, **kwargs: Any) -> Any:
        point = _Point("numerical_grad", args, positions)

        def run(numbers: Sequence[Any]) -> Any:
            try:
                return f(*point.arguments(numbers), **kwargs)
            except AttributeError as error:
                if isinstance(error.obj, float):
                    raise OperandError(
                        f"numerical_grad calls the function with floats, which have no method {error.name!r}: "
                        f"write autodiff.{error.name}(x) in place of x.{error.name}()"
                    ) from error
                raise

        slopes = point.like(_METHODS[method](run, point.numbers, step))
        return slopes[0] if one else slopes

    return gradient


def _forward(run: Callable[[Sequence[float]], Any], numbers: Sequence[float], step: float | None) -> list[float]:
    here = _result(run(numbers))
    slopes = []
    for i, x in enumerate(numbers):
        right = x + (step or math.sqrt(_EPSILON) * max(1.0, abs(x)))
        slopes.append((_result(run(_with(numbers, i, right))) - here) / _width(x, right, step))
    return slopes


def _central(run: Callable[[Sequence[float]], Any], numbers: Sequence[float], step: float | None) -> list[float]:
    slopes = []
    for i, x in enumerate(numbers):
        h = step or _EPSILON ** (1 / 3) * max(1.0, abs(x))
        left, right = x - h, x + h
        rise = _result(run(_with(numbers, i, right))) - _result(run(_with(numbers, i, left)))
        slopes.append(rise / _width(left, right, step))
    return slopes


def _complex(run: Callable[[Sequence[ComplexStep]], Any], numbers: Sequence[float], step: float | None) -> list[float]:
    slopes = []
    for i, x in enumerate(numbers):
        h = step or step_at(x)
        operands = [ComplexStep(complex(number)) for number in numbers]
        operands[i] = ComplexStep(complex(x, h))
        result = run(operands)
        slopes.append(result.z.imag / h if isinstance(result, ComplexStep) else 0.0 * _result(result))
    return slopes


_METHODS: dict[str, Callable[..., list[float]]] = {"forward": _forward, "central": _central, "complex": _complex}


def _width(left: float, right: float, step: float | None) -> float:
    if left == right:
        raise OperandError(f"numerical_grad: a step of {step!r} does not change {left!r}, whose neighbours are further")
    return right - left


def _result(x: Any) -> float:
    return x.data if isinstance(x, Value) else as_number(x, "numerical_grad: the result of the function")


def _with(numbers: Sequence[Any], i: int, x: Any) -> list[Any]:
    """``numbers`` with ``x`` at position ``i``."""
    return [*numbers[:i], x, *numbers[i + 1 :]]


class _Point:
    """The numbers among the arguments of a call that are to vary.

    Attributes:
        numbers: those of the arguments ``argnums``, from left to right.
        places: where each stands, such as ``args[0]['w'][1]``.
    """

    def __init__(self, name: str, args: Sequence[Any], argnums: Sequence[int]) -> None:
        self.args = args
        self.positions = positions_of(argnums, args, name)
        self.numbers: list[float] = []
        self.places: list[str] = []
        self.structures = []
        for i in self.positions:
            leaves, structure = flatten(args[i])
            self.numbers += [as_number(leaf, f"{name}: argument {i}") for leaf in leaves]
            self.places += places(structure, f"args[{i}]")
            self.structures.append(structure)

    def arguments(self, numbers: Sequence[Any]) -> list[Any]:
        """The arguments of the call, with ``numbers`` in the places of those that vary."""
        args = list(self.args)
        for i, part in zip(self.positions, self.like(numbers), strict=True):
            args[i] = part
        return args

    def like(self, results: Sequence[Any]) -> tuple[Any, ...]:
        """Results, one for each number, in the structures of the arguments that vary."""
        rest = iter(results)
        return tuple([unflatten(structure, rest) for structure in self.structures])


# ---------------------------------------------------------------------------------------------------------------------
# The check of derivatives.
# ---------------------------------------------------------------------------------------------------------------------


def check_grads(f: Callable[..., Any], args: Sequence[Any], order: int = 2, rtol: float = 1e-9) -> None:
    """Hold every derivative of ``f`` at ``args``, up to an order, against three other ways to get it.

    For each order: reverse mode on the recorded numbers (what ``grad`` and ``backward`` use), reverse mode by the rules
    on Values (what gives the next order), forward mode (``jvp``), and differences of the order below, extrapolated to
    step 0 (Ridders, Advances in Engineering Software 4, 1982).  From order 2 on that is reverse over reverse and
    forward over reverse.

    How much two ways may differ follows from the point, not from a constant: the rounding error of the graph (every
    node's, carried to the output), four times the error that the extrapolation shows, and ``rtol`` of the size.  What
    rounding hides from a difference stays unseen: a derivative below some 1e-15 of the function, as in a tail of tanh.

    Ways that share the same rounding errors agree on a number that cancellation has emptied: sin(x)/x at 1e-8 has the
    slope 1e8 - 1e8 in all of them.  So where rounding may have taken more than ``rtol`` of a derivative, and more than
    is due to the last digits of its inputs, its graph is computed anew by mpmath with digits to spare; where mpmath is
    not installed, a RuntimeWarning says what is left unchecked.

    Steps are never below 256 units in the last place of x.  From abs(x) = 2**15 on, differences that do not settle are
    therefore no evidence, unless they show a jump; from 2**40 = 1.1e12 on, where sin and floor seem arbitrary or
    straight over the smallest step of 0.06, no differences are taken.  The other ways are compared everywhere.

    Args:
        f: a function of numbers or of nested structures of them, whose result is a scalar or a structure of scalars.
        args: the tuple of its arguments.  The number of derivatives grows as (numbers in args)**order.
        order: the highest order of derivative to check, from 1 on.
        rtol: the relative difference allowed beside the errors above; more for a function that is noisy itself.

    Raises:
        GradientMismatch: two ways disagree, or digits are lost.  The message lists each derivative with its place,
            both numbers, their difference and what was allowed, and says where the function has a kink, or at which
            node digits were lost, and what to write there.
        OperandError: ``args`` is no tuple, an argument or a result is no real number, or the order is no whole number
            from 1 on.

    >>> from autodiff import relu, sin
    >>> check_grads(lambda x, y: x * sin(y), (2.0, 3.0))
    >>> check_grads(lambda p: relu(p["w"][0]), ({"w": [0.0]},), order=1)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autodiff.errors.GradientMismatch: check_grads: 1 derivative is in doubt
      ∂f/∂args[0]['w'][0]: reverse mode gives 0.0, differences 0.5; they differ by 0.5, allowed is 5e-10
        There the function has a kink or jumps: its slope is 0 on the left, 1 right. The derivative is ...
    """
    if not isinstance(args, (tuple, list)):
        raise OperandError(
            "check_grads: args are the tuple of all arguments of the function; for a single one write (x,)"
        )
    if not isinstance(order, int) or order < 1:
        raise OperandError(f"check_grads: the order is a whole number from 1 on, not {order!r}")
    point = _Point("check_grads", args, range(len(args)))
    with recording():
        doubts = [doubt for n in range(1, order + 1) for doubt in _doubts(f, point, n, rtol)]
    if doubts:
        count = "1 derivative is" if len(doubts) == 1 else f"{len(doubts)} derivatives are"
        raise GradientMismatch("\n  ".join([f"check_grads: {count} in doubt", *doubts]))


def _doubts(f: Callable[..., Any], point: _Point, order: int, rtol: float) -> Iterator[str]:
    """What there is to say against the derivatives of this order."""
    results_of_f = places(flatten(f(*point.arguments([Value(x) for x in point.numbers])))[1], "f")
    names = list(product(results_of_f, *[point.places] * (order - 1)))

    def below(*numbers: Any) -> list[Scalar]:
        return _derivatives(f, point, numbers, order - 1)

    inputs = [Value(x) for x in point.numbers]
    outputs = below(*inputs)
    recorded = [gradients(y, inputs) for y in outputs]
    by_rules = [gradients(y, inputs, create_graph=True) for y in outputs]
    rounding = [Rounding(y) for y in outputs]
    for i, (x, place) in enumerate(zip(point.numbers, point.places, strict=True)):

        def run(x: float, i: int = i) -> list[float]:
            return [_number(y) for y in below(*map(Value, _with(point.numbers, i, x)))]

        forward = jvp(below, point.numbers, _with([0.0] * len(inputs), i, 1.0))[1]
        limits = _limits(run, x, [r.of_output for r in rounding])
        for k, name in enumerate(names):
            exact, limit = recorded[k][i], limits[k]
            allowed = rounding[k].of_slope(inputs[i])
            title = f"∂{_superscript(order)}{name[0]}/∂{'∂'.join([*name[1:], place])}: reverse mode gives {exact!r}"
            if not isfinite(exact):
                advice = remedy(nodes_of(outputs[k]))
                yield f"{title}; find_nonfinite says where that comes from{advice and f'; remedy: {advice}'}"
                continue
            loss = lost_digits(by_rules[k][i], outputs[k], rtol=rtol)
            if loss and loss.true is not None:
                yield f"{title}, {loss}"
                continue
            if loss:
                warn(f"check_grads: {title[title.index('∂') :]}, and {loss}", RuntimeWarning, stacklevel=4)
            for way, other in (
                ("by the rules on Values", _number(by_rules[k][i])),
                ("forward mode", _number(forward[k])),
            ):
                if not abs(exact - other) <= allowed:
                    yield f"{title}, {_differs(exact, way, other, allowed)}"
            if abs(x) < _TOO_COARSE:
                doubt = _against(exact, limit, allowed, rtol, abs(x) >= _COARSE, partial(_kink, run, x, k))
                if doubt:
                    yield f"{title}, {doubt}"


def _against(
    exact: float, limit: _Limit, rounding: float, rtol: float, coarse: bool, kink: Callable[[float], str]
) -> str:
    """What differences have to say against the derivative ``exact``; where x is coarse, only if they are sure."""
    best, lasting = limit.best, limit.lasting
    tolerance = best.tolerance(exact, rounding, rtol)
    if abs(exact - best.slope) <= tolerance:
        settled = best.settled or best.error <= max(1e-3, rtol) * max(abs(exact), limit.steepness)
        if settled or (coarse and not kink(0.0)):
            return ""
        return f"differences do not settle: {best.slope!r} ± {best.error:.2g}{_UNSETTLED}"
    if lasting.within(0.1) and abs(exact - lasting.slope) <= lasting.tolerance(exact, rounding, rtol):
        return ""
    if lasting.within(1e-3):
        best, tolerance, coarse = lasting, lasting.tolerance(exact, rounding, rtol), False
    remark = kink(exact - best.slope)
    return "" if coarse and not remark else f"{_differs(exact, 'differences', best.slope, tolerance)}{remark}"


def _derivatives(f: Callable[..., Any], point: _Point, numbers: Sequence[Any], order: int) -> list[Scalar]:
    """Every derivative of this order of every result, as a graph above ``numbers``; the last index runs fastest."""
    found = [_scalar(y, "check_grads: a result of the function") for y in flatten(f(*point.arguments(numbers)))[0]]
    for _ in range(order):
        found = [slope for y in found for slope in gradients(y, list(numbers), create_graph=True)]
    return found


def _number(x: Scalar) -> float:
    return x.data if isinstance(x, Value) else x


def _superscript(order: int) -> str:
    return "" if order == 1 else "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(order))


def _differs(exact: float, way: str, other: float, allowed: float) -> str:
    return f"{way} {other!r}; they differ by {abs(exact - other):.2g}, allowed is {allowed:.2g}"


_UNSETTLED = (
    "\n    The function jumps or is noisy there, or the point is too near the edge of its domain: check beside it."
)


def _kink(run: Callable[[float], list[float]], x: float, k: int, difference: float) -> str:
    """A remark on a function that jumps at x, or whose slopes on the two sides differ as the derivatives in doubt do.

    It must do so over short steps and over longer ones alike, lest a fast or a noisy function be taken for such.
    """
    near = 4 * math.ulp(max(1.0, abs(x)))
    h = _step(x, max(math.sqrt(_EPSILON), _smallest_step(x)))
    far = _step(x, _RATIO * h)
    here = run(x)[k]
    (down_near, up_near), (down, up), (down_far, up_far) = ((run(x - d)[k], run(x + d)[k]) for d in (near, h, far))
    before, after = (here - down) / h, (up - here) / h
    kink = abs((here - down_far) / far - before) + abs((up_far - here) / far - after) < 0.01 * abs(after - before)
    jump = abs(down_far - down_near) + abs(up_far - up_near) < 0.01 * abs(up_near - down_near)
    if not jump and not (kink and abs(after - before) >= abs(difference)):
        return ""
    return (
        f"\n    There the function has a kink or jumps: its slope is {before:.4g} on the left, {after:.4g} right. "
        "The derivative is a convention (0 for relu and abs at 0) that differences cannot confirm: check beside it."
    )


_RATIO = math.pi  # of a step to the next; no fraction, lest two steps count the jumps of floor or mod in proportion
_DEGREES = 16  # of the extrapolation: a further one corrects by less than 1 / _RATIO ** 32, which is ε
_COARSE = 2.0**15  # from there on the smallest step is 1e-9 and more
_TOO_COARSE = 2.0**40  # from there on, 0.06


class _Extrapolation:
    """Central differences for smaller and smaller steps, extrapolated to 0 by Richardson's method.

    Attributes:
        slope: the best estimate so far; nan before two steps gave numbers.
        error: how far off it may be: how far extrapolations of different degree disagree, and the rounding error.
        settled: whether smaller steps could only add rounding error.
        size: the size of the function over the step of that estimate.
    """

    def __init__(self) -> None:
        self.slope, self.error, self.settled, self.size = nan, inf, False, 0.0
        self._off = inf  # how far the difference of that step is from the estimate
        self._row: list[float] = []  # the last difference, extrapolated by 0, 1, 2 … steps before it

    def refine(self, difference: float, noise: float, size: float) -> None:
        """Take in the difference for a step that is 1/π of the one before, its rounding error and the size."""
        row = [difference]
        for degree, coarser in enumerate(self._row[:_DEGREES], start=1):
            finer = row[-1]
            row.append(finer + (finer - coarser) / (_RATIO ** (2 * degree) - 1))
            disagreement = max(abs(row[-1] - finer), abs(row[-1] - coarser))
            if disagreement + noise < self.error:
                self.slope, self.error, self.size = row[-1], disagreement + noise, size
                self.settled = disagreement <= noise
                self._off = abs(difference - self.slope)
        self._row = row

    def contradicted(self, difference: float, noise: float) -> bool:
        """Whether the difference for a smaller step is further off than that of the estimate, and not by rounding."""
        return isfinite(difference) and abs(difference - self.slope) > self._off + 4 * (self.error + noise)

    def within(self, share: float) -> bool:
        """Whether the error is this share of the slope at most; or of the function, if nothing but rounding is left."""
        return self.error <= share * max(abs(self.slope), self.size if self.settled else 0.0)

    def tolerance(self, exact: float, rounding: float, rtol: float) -> float:
        """How much the derivative ``exact``, itself rounded, may differ from the estimate."""
        return rounding + 4 * self.error + rtol * max(abs(exact), abs(self.slope)) + float_info.min


class _Limit:
    """The limit of central differences for a step to 0.

    Attributes:
        best: the estimate of the smallest error.  That is wrong for a function that varies within the steps: over 1e3,
            sin has slopes of about 1e-3, which agree to 1e-3.
        lasting: the estimate from the smaller steps alone, those since a difference last contradicted it.
        steepness: the size of the function over that of x.
    """

    def __init__(self) -> None:
        self.best, self.lasting, self.steepness = _Extrapolation(), _Extrapolation(), 0.0

    def refine(self, up: float, down: float, width: float, rounding: float) -> None:
        """Take in the values right and left of the point, ``width`` apart; it is 1/π of what it was before."""
        size = (abs(up) + abs(down)) / width
        noise = 2 * rounding / width + _EPSILON * size
        difference = (up - down) / width
        if self.lasting.contradicted(difference, noise):
            self.lasting = _Extrapolation()
        self.best.refine(difference, noise, size)
        self.lasting.refine(difference, noise, size)


def _limits(run: Callable[[float], list[float]], x: float, roundings: Sequence[float]) -> list[_Limit]:
    """For every result of ``run`` its derivative at ``x``; ``roundings`` are the errors of the results."""
    limits = [_Limit() for _ in roundings]
    if not abs(x) < _TOO_COARSE:
        return limits
    coarse = abs(x) >= _COARSE  # where sin and floor vary over steps of 1 all the same
    longest, smallest = 0.19 * max(1.0, abs(x)), _smallest_step(x)
    step = 1.0 if coarse else longest
    while step > smallest and (coarse or not all(limit.best.settled for limit in limits)):
        h = _step(x, step)
        for limit, up, down, rounding in zip(limits, run(x + h), run(x - h), roundings, strict=True):
            limit.refine(up, down, 2 * h, rounding)
            limit.steepness = limit.steepness or (abs(up) + abs(down)) / (2 * longest)
        step /= _RATIO
    return limits


def _smallest_step(x: float) -> float:
    return 256 * math.ulp(x) if x else 1e-9


def _step(x: float, h: float) -> float:
    """A step of about ``h`` that takes x to a double."""
    return (x + h) - x
