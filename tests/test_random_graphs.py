"""Random programs, with shared and repeated operands, constants and n-ary nodes: the engine against three peers."""

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import oracle
import pytest
from hypothesis import Phase, assume, find, given, settings
from hypothesis import strategies as st
from oracle import ROWS, Program, Step, by_closures, by_differences, by_hips, curvature

import autodiff as ad

# ---------------------------------------------------------------------------------------------------------------------
# Programs.
# ---------------------------------------------------------------------------------------------------------------------

numbers = st.integers(-4000, 4000).map(lambda k: k / 1000)


@st.composite
def programs(draw: st.DrawFn, longest: int = 15, last: str | None = None) -> Program:
    """A program all of whose steps are smooth where it is evaluated; with ``last``, it ends with that operation."""
    inputs = draw(st.lists(numbers, min_size=1, max_size=3))
    constants = draw(st.lists(numbers, max_size=2))
    results, steps = [*inputs, *constants], []
    length = draw(st.integers(0, longest))
    ops = draw(st.lists(st.sampled_from(sorted(ROWS)), min_size=length, max_size=length))
    for op in [*ops, last] if last else ops:
        row = ROWS[op]
        position = st.integers(0, len(results) - 1)
        others = draw(st.lists(position, min_size=row.least - 1, max_size=draw(st.integers(row.least, row.most)) - 1))
        operands = [(*others, i) for i in range(len(results)) if _is_good(row, (*others, i), results)]
        if operands:
            steps.append(Step(op, draw(st.sampled_from(operands))))
            results.append(row.value(math, *(results[i] for i in steps[-1].operands)))
    assume(last is None or (steps and steps[-1].op == last))
    return Program(tuple(inputs), tuple(constants), tuple(steps))


def _is_good(row: oracle.Row, operands: Sequence[int], results: Sequence[float]) -> bool:
    """The operation is smooth here, and its result neither overflows, nor underflows, nor is a residue of rounding."""
    xs = [results[i] for i in operands]
    distinct = [results[i] for i in set(operands)]
    if not row.ties and any(abs(x - y) < 1e-3 for k, x in enumerate(distinct) for y in distinct[:k]):
        return False
    return row.smooth(*xs) and ((size := abs(row.value(math, *xs))) == 0 or 1e-6 < size < 1e3)


# ---------------------------------------------------------------------------------------------------------------------
# The engine, as a user calls it.
# ---------------------------------------------------------------------------------------------------------------------

SPELLINGS: dict[str, Callable[..., Any]] = {
    **{name: getattr(operator, name) for name in ("add", "sub", "mul", "mod", "pow", "neg")},
    "div": operator.truediv,
    "cube": lambda x: x**3,
    "inverse_square": lambda x: x**-2,
    "where": lambda condition, x, y: ad.where(ad.step(condition), x, y),
    "dot": lambda *xs: ad.dot(xs[: len(xs) // 2], xs[len(xs) // 2 : len(xs) // 2 * 2], *xs[len(xs) // 2 * 2 :]),
    "softmax": lambda *xs: ad.softmax(xs)[0],
    **{
        name: lambda *xs, name=name: getattr(ad, name)(xs)
        for name in ("sum", "mean", "prod", "max", "min", "logsumexp", "norm")
    },
}


def apply(op: str, operands: Sequence[Any]) -> Any:
    return (SPELLINGS.get(op) or getattr(ad, op))(*operands)


def by_autodiff(program: Program, apply: Callable[[str, list[Any]], Any] = apply) -> list[float]:
    inputs = [ad.Value(x) for x in program.inputs]
    output = program.run(apply, inputs, program.constants)
    output.backward()
    return [output.data, *(x.grad for x in inputs)]


# ---------------------------------------------------------------------------------------------------------------------
# How near two opinions must be.
# ---------------------------------------------------------------------------------------------------------------------

PRECISION = 2e-15  # of one operation and of one local derivative, relative
DIFFERENCES = 1e-30  # of the differences at 100 digits, absolute
NUDGE = 2.0**-40


def tolerances(program: Program) -> list[float]:
    """How far [value, *gradient] may be off when every operation and every local derivative keeps to ``PRECISION``.

    An error of the result at one position moves the opinion by as much as a nudge of that result does, in proportion.
    An error of a local derivative scales the paths through its edge; a path has no more edges than the program has
    steps and the sum at its end.  To first order these add up to the bound; the engine under test has no part in it.
    """
    opinion = by_closures(program)
    moved = [0.0] * len(opinion)
    for position in range(len(program.inputs) + len(program.constants) + len(program.steps)):
        for k, (x, nudged) in enumerate(zip(opinion, by_closures(program, position, NUDGE), strict=True)):
            moved[k] += abs(nudged - x) / NUDGE
    paths = by_closures(program, absolute=True)
    edges = len(program.steps) + 1
    bounds = [PRECISION * (m + edges * abs(p)) for m, p in zip(moved, paths, strict=True)]
    # A derivative whose bound is not far below what flows along its paths says nothing: no such program counts.
    assume(all(bound <= 1e-10 * p for bound, p in zip(bounds[1:], paths[1:], strict=True)))
    return [bound + DIFFERENCES for bound in bounds]


def disagreement(ours: Sequence[float], theirs: Sequence[float], bounds: Sequence[float]) -> str:
    """What is too far apart; empty where all is near."""
    names = ["value", *(f"derivative to input {i}" for i in range(len(ours) - 1))]
    return "; ".join(
        f"{name}: {x!r} and {y!r} differ by {abs(x - y):.1e}, not {bound:.1e}"
        for name, x, y, bound in zip(names, ours, theirs, bounds, strict=True)
        if not abs(x - y) <= bound
    )


# ---------------------------------------------------------------------------------------------------------------------
# The properties.
# ---------------------------------------------------------------------------------------------------------------------


# The peers of the random graphs lack these; tests/test_accuracy.py and test_special.py hold them to mpmath.
HELD_ELSEWHERE = {"logaddexp", "logaddexp2", "xlogy", "xlog1py", "sinc", "lgamma", "digamma", "polygamma", "logit"}
HELD_ELSEWHERE |= {"log1mexp", "deg2rad", "rad2deg", "floor_divide", "fmod", "trunc", "exp10", "copysign"}
HELD_ELSEWHERE |= {"select"}  # of an index: tests/test_select.py


def test_every_operation_is_drawn():
    """All that a user can call; ROWS adds two spellings of powers, and rules name operations that users do not."""
    public = {name for name in ad.OPS if hasattr(ad, name) or name in SPELLINGS}
    assert set(ROWS) - {"cube", "inverse_square"} == public - HELD_ELSEWHERE


@given(programs())
def test_backward_agrees_with_every_peer(program):
    bounds, ours = tolerances(program), by_autodiff(program)
    for peer in (by_differences, by_hips, by_closures):
        assert not disagreement(ours, peer(program), bounds), peer.__name__


@given(programs(), st.lists(numbers, min_size=3, max_size=3))
def test_every_mode_agrees_with_backward(program, direction):
    bounds, (value, *gradient) = tolerances(program), by_autodiff(program)
    inputs = [ad.Value(x) for x in program.inputs]
    output = program.run(apply, inputs, program.constants)
    assert not disagreement([output.data, *ad.gradients(output, inputs)], [value, *gradient], bounds)
    assert [x.grad for x in inputs] == [0.0] * len(inputs)  # `gradients` writes nothing on the graph

    direction = direction[: len(inputs)]
    along = ad.jvp(lambda xs: program.run(apply, xs, program.constants), (program.inputs,), (tuple(direction),))
    slope = math.fsum(map(operator.mul, gradient, direction))
    bound = sum(abs(t) * b for t, b in zip(direction, bounds[1:], strict=True))
    assert not disagreement(along, (value, slope), (bounds[0], bound))


@given(programs())
def test_second_backward_doubles_the_leaves_only(program):
    inputs = [ad.Value(x) for x in program.inputs]
    output = program.run(apply, inputs, program.constants)
    output.backward()
    once = {node: node.grad for node in ad.topological_order(output)}
    output.backward()
    assert {node: node.grad for node in once} == {node: g if node.parents else 2 * g for node, g in once.items()}


@given(programs(longest=5), st.lists(numbers, min_size=3, max_size=3))
def test_second_derivative_along_a_direction(program, direction):
    direction = tuple(direction[: len(program.inputs)])
    (curved,) = ad.hvp(lambda xs: program.run(apply, xs, program.constants), (program.inputs,), (direction,))
    exact, condition = curvature(program, direction)
    assert abs(ad.dot(curved, direction) - exact) <= PRECISION * (condition + abs(exact)) + DIFFERENCES


# ---------------------------------------------------------------------------------------------------------------------
# A wrong rule does not pass: one partial derivative off by a billionth of itself, or by a billionth where it is 0.
# ---------------------------------------------------------------------------------------------------------------------


def off(partial: Any) -> Any:
    return partial * (1 + 1e-9) if partial else 1e-9


def finds_out(op: str, wrong_peer: Callable[[Program], list[float]]) -> None:
    """Some program with this operation sees the peer disagree; the bounds come from the naive engine as it is."""

    def disagrees(program: Program) -> bool:
        bounds = tolerances(program)
        return bool(disagreement(wrong_peer(program), by_differences(program), bounds))

    find(programs(last=op), disagrees, settings=settings(phases=[Phase.generate], database=None))


PARTIALS = [(op, position) for op, row in ROWS.items() for position in range(row.least)]


@pytest.mark.parametrize(("op", "position"), PARTIALS, ids=[f"{op}-{position}" for op, position in PARTIALS])
def test_a_wrong_rule_of_the_naive_engine_is_found(op, position):
    row = ROWS[op]

    def partials(*xs: float) -> list[float]:
        return [off(partial) if i == position else partial for i, partial in enumerate(row.partials(*xs))]

    def wrong_peer(program: Program) -> list[float]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(ROWS, op, replace(row, partials=partials))
            return by_closures(program)

    finds_out(op, wrong_peer)


@pytest.mark.parametrize("op", ["exp", "tanh", "sigmoid", "atan2", "hypot", "sum", "dot", "logsumexp", "max"])
def test_a_wrong_row_of_the_engine_is_found(op):
    row = ad.OPS[op]
    *others, last = row.partials

    def apply_row(name: str, operands: Sequence[Any]) -> Any:
        return row(*operands) if name == op else apply(name, operands)  # methods took their rules at import

    def wrong(*operands: Any) -> Any:
        partials = last(*operands)
        return [*partials[:-1], off(partials[-1])] if isinstance(partials, list) else off(partials)

    def wrong_peer(program: Program) -> list[float]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(row, "partials", (*others, wrong))
            return by_autodiff(program, apply_row)

    finds_out(op, wrong_peer)
