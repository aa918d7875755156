"""A function recorded once for each way that its branches go, and samples shared out among the recordings.

A recording holds for the samples whose guards come out as they did when it was made (``tracing.py``).  The first is run
over all samples, with nan in place of what it does not hold for.  Where there is a nan, the guards are run alone, and
each sample goes to the first recording that holds for it; for a sample that has none the function is recorded anew.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from inspect import getattr_static
from itertools import pairwise
from math import nan
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import formulas, primitives
from ..comparing import Truth
from ..errors import CompileError, OperandError
from ..ops import OPS
from ..pausing import recording
from ..sweep import recorded_from, recorded_order
from ..tracing import Guard, note_read, tracing
from ..value import Value
from .frozen import Frozen, freeze

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Integers = NDArray[np.int64]

__all__ = ["LIMIT", "Branches", "Way", "as_node", "joined", "record"]

LIMIT = 64
"""Ways that are recorded of one function at most."""


@dataclass(frozen=True)
class Way:
    """One recording.

    Attributes:
        outputs: what the function gave.
        single: whether that was one output, not a list.
        held: 1.0 for the samples that it holds for; None if it holds for all.
        checked: the outputs; nan for a sample that it does not hold for.
        decisions: the truths that its branches hung on, each with the place that asked, and for what.
        reads: the places where it read a number, which is frozen.
        frozen: the numbers of all this as they were.
    """

    outputs: list[Value]
    single: bool
    held: Value | None
    checked: list[Value]
    decisions: tuple[tuple[Any, ...], ...]
    reads: tuple[str, ...]
    frozen: Frozen


def way_of(outputs: list[Value], single: bool) -> Way:
    """A graph that was recorded by someone else, and holds for whatever it is used for."""
    return Way(outputs, single, None, outputs, (), (), freeze(outputs))


def as_node(x: Any) -> Value:
    """An output as a node: a Value, a comparison of Values, or a constant."""
    return x if isinstance(x, Value) else x.recorded() if isinstance(x, Truth) else Value(x)


def record(function: Callable[..., Any], inputs: Sequence[Value], parameters: Sequence[Value]) -> Way:
    """Trace the function at the numbers that inputs and parameters have now."""
    with recording(), tracing(inputs) as trace, _noting_reads():
        result = function(*inputs)
    if isinstance(result, np.ndarray) and result.ndim == 1:
        result = result.tolist()
    single = not isinstance(result, (list, tuple))
    with recording():
        outputs = [as_node(x) for x in ([result] if single else result)]
    if not outputs:
        raise OperandError("the list of outputs is empty: there is nothing to compute")
    given = {*inputs, *parameters}
    depends: set[Value] = set(given)
    for node in recorded_order(*[guard.node for guard in trace.guards]):
        if any(x in depends for x in recorded_from(node)):
            depends.add(node)
    guards = [guard for guard in trace.guards if guard.node in depends]
    with recording():
        held = reduce(lambda held, guard: _and(held, guard.node, guard.truth), guards, None)
        checked = outputs if held is None else [OPS["only_if"](x, held) for x in outputs]
    decisions = tuple(map(_decision, guards))
    return Way(outputs, single, held, checked, decisions, (*trace.reads,), freeze(checked))


def _decision(guard: Guard) -> tuple[Any, ...]:
    """What tells it from others: x > 0 at a line of a loop is not x > 1 at that line."""
    numbers = [x for x in guard.node.operands if not isinstance(x, Value)]
    return guard.place, guard.truth, guard.node.op, *numbers


def _and(held: Any, node: Value, truth: bool) -> Value:
    """Whether it held so far, and the guard comes out like this too; each is 1 or 0."""
    if held is None:
        return node if truth else OPS["logical_not"](node)
    return OPS["logical_and" if truth else "greater"](held, node)


_READING = Lock()
_TRACES = [0]


@contextmanager
def _noting_reads() -> Iterator[None]:
    """Within it, a trace is told who reads ``data`` and ``grad``; at all other times they are read in half the time."""
    with _READING:
        _TRACES[0] += 1
        if _TRACES[0] == 1:
            for name in _WATCHED:
                setattr(Value, name, _watched(_WATCHED[name]))
    try:
        yield
    finally:
        with _READING:
            _TRACES[0] -= 1
            if not _TRACES[0]:
                for name, (own, original) in _RESTORED.items():
                    setattr(Value, name, original) if own else delattr(Value, name)


_WATCHED = {name: getattr_static(Value, name) for name in ("data", "grad")}
_RESTORED = {name: (name in vars(Value), original) for name, original in _WATCHED.items()}


def _watched(original: Any) -> property:
    def read(v: Value) -> float:
        note_read(v)
        return original.__get__(v, type(v))

    return property(read, original.__set__, doc=original.__doc__)


# ---------------------------------------------------------------------------------------------------------------------
# Running.
# ---------------------------------------------------------------------------------------------------------------------


class Branches:
    """An engine over several recordings; it looks like one over a single recording.

    Attributes:
        ways: the recordings there are; another thread may add to them.
        make: gives the engine for some outputs, with derivatives or without.
        another: records the function anew for a sample, and gives the place of that way among them.
    """

    def __init__(
        self,
        ways: list[Way],
        make: Callable[[list[Value], Frozen, bool], Any],
        another: Callable[[list[float], Numbers], int],
    ) -> None:
        self.ways, self.make, self.another = ways, make, another
        self.engines: dict[tuple[str, int], Any] = {}

    def _engine(self, kind: str, i: int) -> Any:
        """The engine that computes the outputs of a way, checked or not, or whether it holds."""
        if (kind, i) not in self.engines:
            way = self.ways[i]
            outputs: Any = [way.held] if kind == "held" else getattr(way, kind)
            self.engines[kind, i] = self.make(outputs, way.frozen, kind != "held")
        return self.engines[kind, i]

    def evaluate(self, X: Numbers, parameters: Numbers, threads: int) -> Numbers:
        """The outputs, of shape (outputs, N)."""
        if len(self.ways) == 1:
            Y = self._engine("checked", 0).evaluate(X, parameters, threads)
            if not np.isnan(Y).any():
                return Y
        Y = np.empty((len(self.ways[0].outputs), X.shape[1]))
        for i, samples in self._shares(X, parameters, threads):
            Y[:, samples] = self._engine("outputs", i).evaluate(X[:, samples], parameters, threads)
        return Y

    def differentiate(
        self, X: Numbers, parameters: Numbers, threads: int, mean: bool, each: bool
    ) -> tuple[Any, Numbers, Numbers]:
        """The mean or the sum, or each of the outputs; the gradients with respect to parameters and to inputs."""
        if len(self.ways) == 1:
            found = self._engine("checked", 0).differentiate(X, parameters, threads, mean, each)
            if not (np.isnan(found[0]).any() if each else found[0] != found[0]):  # much the faster for a number
                return found
        N = X.shape[1]
        values, gradient, dX = np.empty(N), np.zeros(len(parameters)), np.zeros(X.shape)
        for i, samples in self._shares(X, parameters, threads):
            share = len(samples) / N if mean else 1.0
            engine = self._engine("outputs", i)
            values[samples], for_parameters, for_inputs = engine.differentiate(
                X[:, samples], parameters, threads, mean, True
            )
            gradient += share * for_parameters
            if for_inputs.size:
                dX[:, samples] = share * for_inputs
        value = values if each else (formulas.mean if mean else primitives.sum)(values.tolist())
        return value, gradient, dX

    def _shares(self, X: Numbers, parameters: Numbers, threads: int) -> Iterator[tuple[int, Integers]]:
        """For each recording that is needed the samples that it holds for."""
        left = np.arange(X.shape[1])
        chosen = np.empty(len(left), np.int64)
        i = 0
        while len(left):
            if i == len(self.ways):  # the sample is its way's, whatever the guards say of it in fewer digits
                chosen[left[0]] = self.another(X[:, left[0]].tolist(), parameters)
                left = left[1:]
                continue
            held = np.ones(len(left), np.bool_)
            if self.ways[i].held is not None:
                held = self._engine("held", i).evaluate(X[:, left], parameters, threads)[0] != 0
            chosen[left[held]] = i
            left = left[~held]
            i += 1
        for i in np.unique(chosen).tolist():
            yield i, np.flatnonzero(chosen == i)


def checked_against(ways: Sequence[Way], way: Way) -> Way:
    """One way more, which gives as many outputs as the others.

    Raises:
        CompileError: it gives more or fewer, or there are as many ways as there may be.
    """
    shapes = [len(known.outputs) if not known.single else None for known in (ways[0], way)]
    if shapes[0] != shapes[1]:
        raise CompileError(
            "the function gives {} for one sample and {} for another: give the same for all".format(
                *["a single output" if n is None else f"a list of {n}" for n in shapes]
            )
        )
    if len(ways) < LIMIT:
        return way
    every = sorted([way.decisions for way in ways], key=repr)
    parted = Counter([next((x[0] for x, y in zip(a, b, strict=False) if x != y), a[-1][0]) for a, b in pairwise(every)])
    ((place, _),) = parted.most_common(1)
    raise CompileError(
        f"the function takes more than {LIMIT} ways through its branches, and is recorded once for each; most of them "
        f"part at {place}: write that branch with where, maximum, relu or clamp, or run the function without compile"
    )


# ---------------------------------------------------------------------------------------------------------------------
# All ways in one graph.
# ---------------------------------------------------------------------------------------------------------------------


def joined(ways: Sequence[Way], inputs: Sequence[Value]) -> tuple[list[Value], Frozen]:
    """The outputs as one graph, which chooses among the recordings; nan where none holds.

    A recording that does not hold is given the numbers that it was made for, in which nothing is out of its domain.
    """
    if ways[0].held is None:
        return ways[0].outputs, ways[0].frozen
    numbers: dict[Value, float] = {}
    with recording():
        outputs: list[Any] = [nan] * len(ways[0].outputs)
        for way in reversed(ways):
            known = dict(zip(*way.frozen, strict=True))
            for x in inputs:
                known.setdefault(x, x._data)
            numbers = known | numbers
            given = {x: OPS["where"](way.held, x, known[x]) for x in inputs} if len(ways) > 1 else {}
            outputs = [
                OPS["where"](way.held, x, y) for x, y in zip(_replayed(way.outputs, given), outputs, strict=True)
            ]
    nodes = recorded_order(*outputs)
    return outputs, Frozen(nodes, [numbers.get(node, node._data) for node in nodes])


def _replayed(outputs: Sequence[Value], given: dict[Value, Value]) -> list[Value]:
    """The outputs, recorded again with other Values in the place of some."""
    again = dict(given)
    for node in recorded_order(*outputs) if given else ():
        if node not in again and any(x in again for x in recorded_from(node)):
            operands = [again.get(x, x) if isinstance(x, Value) else x for x in node.operands]
            again[node] = node.op(*operands) if node.op else operands[0].detach()  # type: ignore[union-attr]
    return [again.get(x, x) for x in outputs]
