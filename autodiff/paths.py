"""A gradient explained path by path: the chain rule as a sum over every path from an output to an input.

>>> from autodiff import Value, sin
>>> y = Value(3.0)
>>> x, z = 2 * y, sin(y)
>>> f = x**2 * z
>>> f.backward()
>>> print(explain(f, y))
2 paths lead from f to y.
<BLANKLINE>
  y = 3
  x = 2·y = 6
  z = sin(y) = 0.1411
  f = x²·z = 5.08
<BLANKLINE>
  ∂f/∂y = ∂f/∂x·∂x/∂y + ∂f/∂z·∂z/∂y
<BLANKLINE>
  f ← x ← y   ∂f/∂x·∂x/∂y = (2·x·z)·2 = 1.693·2    =  3.387
  f ← z ← y   ∂f/∂z·∂z/∂y = x²·cos(y) = 36·(−0.99) = −35.64
                                               sum = −32.25
<BLANKLINE>
  ✓ y.grad, from f.backward(): −32.25
  ✓ numerical derivative, by complex step: −32.25
  3 multiplications path by path, 3 in one reverse sweep, which uses every edge once
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from math import fsum, isclose, isfinite, nan
from typing import Any

from .complexstep import ComplexStep, step_at
from .digits import Loss, Rounding, lost_digits
from .errors import OperandError
from .naming import _by_node, caller_names
from .pathsearch import Path, PathSearch, count_paths
from .pathsplit import Split, split_by_group
from .pathwords import Words, short
from .pausing import recording
from .transforms import _Between, gradients
from .value import Value

__all__ = ["Explanation", "Path", "explain"]

_CHECKED = 50_000
"""Graphs with more nodes than this on the way are not computed anew when an explanation is printed."""


def explain(
    output: Value,
    input: Value,
    *,
    names: Mapping[str, Value] | Mapping[Value, str] | None = None,
    top: int = 10,
    expand: bool = False,
) -> Explanation:
    """Explain ∂output/∂input: each path between them as the product of its local derivatives, and their sum.

    Nodes are called by ``names``, by their labels, or by the caller's variables.  A node that has no name is passed
    over where that leaves each factor the derivative along a single way: its local derivative is multiplied into its
    neighbour's.  Nothing on the graph is written.

    Args:
        output: the Value to differentiate.
        input: the Value to differentiate with respect to, a leaf or any other of the graph.
        names: {"x": x}, to override.
        top: how many paths to show; of more, the largest by size.
        expand: stop at every node, named or not.

    Raises:
        OperandError: output or input is no Value, or ``top`` no whole number above 0.

    >>> x = Value(3.0)
    >>> y = x * x
    >>> explanation = explain(y, x)
    >>> explanation.total, explanation.count, [path.product for path in explanation.paths]
    (6.0, 2, [3.0, 3.0])
    """
    _value(output, "output")
    _value(input, "input")
    if not isinstance(top, int) or top < 1:
        raise OperandError(f"explain: top is how many paths to show, a whole number above 0, not {top!r}")
    return Explanation(output, input, names, caller_names(2), top, expand)


def _value(x: object, what: str) -> None:
    if not isinstance(x, Value):
        remedy = "the Value itself, not its name" if isinstance(x, str) else "a Value that an operation gave, or a leaf"
        raise OperandError(f"explain: the {what} is a Value of the graph, not {type(x).__name__} {x!r}; give {remedy}")


class Explanation:
    """What ``explain`` found; prints itself in a terminal, and as Markdown and LaTeX in a notebook.

    Attributes:
        output: the Value that is differentiated.
        input: the Value with respect to which it is.
        count: how many paths there are, exactly; they are counted at once, and searched when they are asked for.
    """

    def __init__(
        self,
        output: Value,
        input: Value,
        names: Mapping[str, Value] | Mapping[Value, str] | None,
        found: Mapping[Value, str],
        top: int,
        expand: bool,
    ) -> None:
        between = _Between([output], [input])
        given = _by_node(names)
        self.output = output
        self.input = input
        self.count = count_paths(output, input, between.nodes)
        self._between = between.nodes
        self._stops = between.nodes if expand else {n for n in between.nodes if n in given or n.label or n in found}
        self._top = top
        self._names = names
        self._found = found

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """Those that are shown: all of them, or the largest by size (nan first, then infinite ones, 0 last)."""
        paths = self._search.largest(self._top)
        if self.count == len(paths) > 1:  # all of them: in the order of the operands
            paths.sort(key=lambda path: [k for edge in path.edges for _, k in edge.steps])
        return tuple(paths)

    @cached_property
    def total(self) -> float:
        """The sum over all paths: the derivative."""
        return self._search.total()

    @property
    def rest(self) -> float:
        """What the paths that are not shown add up to."""
        shown = [path.product for path in self.paths]
        return self.total - _sum(shown) if self.count > len(shown) else 0.0

    @cached_property
    def splits(self) -> list[Split]:
        """Where ``group`` names parts of the graph, the derivative split by them.

        Each has a ``title``, and ``parts`` by name, which add up to ``total``.
        """
        return split_by_group(self.output, self.input, self._between) if self.count else []

    @property
    def multiplications(self) -> int:
        """How many it takes to multiply out path by path."""
        return self._search.multiplications

    @property
    def sweep_multiplications(self) -> int:
        """How many in one reverse sweep."""
        return self._search.sweep_multiplications

    @cached_property
    def _search(self) -> PathSearch:
        return PathSearch(self.output, self.input, self._between, self._stops)

    @cached_property
    def _size(self) -> float:
        """The sum of the sizes of all paths."""
        return self._search.size

    @cached_property
    def _words(self) -> Words:
        return Words(self, self._names, self._found, self._search.incoming)

    @cached_property
    def numerical(self) -> tuple[float, str]:
        """The derivative from values alone, and how: the recorded operations computed anew with the input shifted.

        By a complex step where every operation is analytic, which is exact to rounding; else by central differences.
        """
        nodes = [node for node in self._between if node is not self.input]
        try:
            h = step_at(self.input.data)
            return _replayed(nodes, self.input, ComplexStep(complex(self.input.data, h)), self.output), "complex step"
        except OperandError:
            h = 6e-6 * max(1.0, abs(self.input.data))
            left, right = self.input.data - h, self.input.data + h
            low, high = (_replayed(nodes, self.input, x, self.output) for x in (left, right))
            return (high - low) / (right - left), "central differences"

    def checks(self) -> list[tuple[bool | None, str]]:
        """Each check of the total: whether it agrees, None where it cannot be made, and what was seen."""
        splits = [self._check_of_splits()] if self.splits else []
        loss = self._loss
        if loss is None:
            return [*splits, self._check_of_grad(), self._check_of_number()]
        f, x = self._words.name(self.output), self._words.name(self.input)
        same = None, f"not compared with {x}.grad, which has the same rounding errors"
        if loss.true is None:
            return [*splits, same, (None, f"no numerical derivative: {loss}")]
        advice = f"digits of ∂{f}/∂{x} are lost: {loss.where}; remedy: {loss.remedy}"
        return [
            *splits,
            same,
            (False, f"numerical derivative, with more digits: {short(loss.true)}, not {short(self.total)}; {advice}"),
        ]

    @cached_property
    def _loss(self) -> Loss | None:
        """What cancellation has taken from the derivative, where that can be told."""
        if len(self._between) > _CHECKED or not self.count or self.output is self.input or not self._as_recorded():
            return None
        return lost_digits(self._slope, self.output, [self.input])

    @cached_property
    def _slope(self) -> Value | float:
        """The derivative as a graph."""
        with recording():
            return gradients(self.output, self.input, create_graph=True)  # type: ignore[no-any-return]

    def _as_recorded(self) -> bool:
        again = self._again()
        return again == self.output.data or again != again

    def _again(self) -> float:
        """The output, computed anew."""
        nodes = [node for node in self._between if node is not self.input]
        return float(_replayed(nodes, self.input, self.input.data, self.output))

    def _check_of_splits(self) -> tuple[bool | None, str]:
        """Whether the parts of each split add up."""
        sums = [_sum(split.parts.values()) for split in self.splits]
        wrong = [x for x in sums if not self._agrees(x, 1e-9)]
        if wrong:
            return False, f"the parts add up to {short(wrong[0])}, not {short(self.total)}"
        return True, f"the parts add up to {short(self.total)}, however it is split"

    def _check_of_grad(self) -> tuple[bool | None, str]:
        f, x = self._words.name(self.output), self._words.name(self.input)
        if self.output.grad == 0:
            return None, f"not compared with {x}.grad: {f}.backward() has not run"
        if self.output.grad != 1 and self.output is not self.input:
            seen = short(self.output.grad)
            return None, f"not compared with {x}.grad: {f}.grad is {seen}, so the last backward() was another output's"
        if self._agrees(self.input.grad, 1e-9):
            return True, f"{x}.grad, from {f}.backward(): {short(self.input.grad)}"
        seen = f"{x}.grad is {short(self.input.grad)}"
        if not self.input.parents:
            return None, f"{seen}: perhaps several backward passes have added up there; zero_grad() first to compare"
        return False, f"{seen}, not {short(self.total)}"

    def _check_of_number(self) -> tuple[bool | None, str]:
        if len(self._between) > _CHECKED:
            size = f"{len(self._between):,} nodes"
            return None, f"not compared with a numerical derivative, for {size} take a while; .numerical is one"
        if not self.count or self.output is self.input:
            return None, "no numerical derivative: there is nothing to compute anew"
        nodes = [node for node in self._between if node is not self.input]
        if not self._as_recorded():
            f, again = self._words.name(self.output), self._again()
            return None, (
                f"no numerical derivative: {f} was recorded as {short(self.output.data)} and would now be "
                f"{short(again)}, so the data of a leaf was changed since; build the graph again"
            )
        slope, method = self.numerical
        if not isfinite(slope) or not isfinite(self.total):
            return None, f"no numerical derivative: {short(slope)} by {method}"
        if method != "complex step":
            left, right = self._one_sided(nodes)
            if not isclose(left, right, rel_tol=1e-3, abs_tol=1e-3 * self._size):
                return None, (
                    f"no numerical derivative: there is a kink or a jump here, with slope {short(left)} on the left "
                    f"and {short(right)} on the right"
                )
        seen = f"numerical derivative, by {method}: {short(slope)}"
        if self._agrees(slope, 1e-9 if method == "complex step" else 1e-5):
            return True, seen
        return False, f"{seen}, not {short(self.total)}"

    def _one_sided(self, nodes: Iterable[Value]) -> tuple[float, float]:
        x = self.input.data
        h = 1e-7 * max(1.0, abs(x))
        low, here, high = (_replayed(nodes, self.input, at, self.output) for at in (x - h, x, x + h))
        return (here - low) / h, (high - here) / h

    def _agrees(self, other: float, tolerance: float) -> bool:
        if other == self.total or (other != other and self.total != self.total):
            return True
        scale = self._size if isfinite(self._size) else abs(self.total)
        off = abs(other - self.total)
        # Beside a root of the derivative, rounding may carry it off by more than a share of the paths.
        return off <= tolerance * scale or (len(self._between) <= _CHECKED and off <= Rounding(self._slope).of_output)

    def __str__(self) -> str:
        return self._words.plain()

    def __repr__(self) -> str:
        try:
            return str(self)
        except Exception as error:  # no repr ever raises
            return f"<Explanation: the derivative is {self.total!r}; no more, for {type(error).__name__}: {error}>"

    def to_latex(self) -> str:
        """The equation in LaTeX: symbols, formulas, numbers, result; for use in display mathematics."""
        return self._words.latex()

    def to_markdown(self) -> str:
        """The equation, a table of the paths, and the checks."""
        return self._words.markdown()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        try:
            return {
                "text/plain": str(self),
                "text/markdown": self.to_markdown(),
                "text/latex": f"$${self.to_latex()}$$",
            }
        except Exception:  # a notebook is shown something in any case
            return {"text/plain": repr(self)}


def _sum(xs: Iterable[float]) -> float:
    """Their sum, rounded once; nan where ∞ - ∞ is in it."""
    try:
        return fsum(xs)
    except (OverflowError, ValueError):
        return nan


def _replayed(nodes: Iterable[Value], input: Value, x: Any, output: Value) -> Any:
    """The output, with the input at ``x``, a float or a ComplexStep (then the derivative, from the imaginary part)."""
    now: dict[Value, Any] = {input: x}
    for node in nodes:
        operands = [now.get(v, v.data) if isinstance(v, Value) else v for v in node.operands]
        if node.op is not None:  # the input is the only leaf on the way
            now[node] = node.op.evaluate(operands) if isinstance(x, float) else node.op(*operands)
    result = now[output]
    return result.z.imag / x.z.imag if isinstance(result, ComplexStep) else result
