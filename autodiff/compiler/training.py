"""Programs, samples and an optimiser come in: what ``steps`` takes of them, laid out in a few long arrays."""

from __future__ import annotations

from operator import is_
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import CompileError
from . import steps
from .columns import as_column
from .link import aligned, runs
from .program import cores
from .runner import Runner, cut, machine, worth
from .update import Update

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from .link import Machine
    from .program import Program

    Numbers = NDArray[np.float64]
    Integers = NDArray[np.int64]
    Part = tuple[int, Sequence[int] | None]

__all__ = ["ManySteps"]

_A_MOMENT = 0.05
"""Seconds, after which Python may look whether somebody wants it to stop."""

_LINE = 8  # numbers in a cache line


class ManySteps:
    """Steps of some programs over the same parameters.

    Args:
        programs: each with one output and derivable by parameters; those of all are trained by the one optimiser.
        columns: an array of shape (inputs, samples), of which every program takes as many rows as it has inputs.
        optimizer: as ``update.Optimizer`` says.
        given: parameters that the optimiser does not change, and that have other numbers in each step.
        watched: a program whose outputs are wanted for all samples of each step, as they are before it.
        alone: whether every part is to be a single sample, for which there is no need of lanes.

    Attributes:
        numbers: of the parameters that the optimiser changes, as they are now; in place.
        slopes: the gradient of the last step.
        losses: of the steps of the last ``run``.
        done: how many of these there have been.
        seen: for each part since ``run`` began the outputs that were wanted, of shape (outputs, samples).

    Raises:
        CompileError: one of these is not for the machine; step by step it works.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        columns: ArrayLike,
        optimizer: Any,
        given: Sequence[Any] = (),
        watched: Program | None = None,
        alone: bool = False,
    ) -> None:
        self.update = Update.of(optimizer)
        self.columns = as_column(columns, "the array", ("input", "sample"))
        found = {id(p): p for program in programs for p in program.parameters}
        for p in [*optimizer.parameters, *given]:
            found.pop(id(p), None)
        order = [*optimizer.parameters, *found.values(), *given]
        place = {id(p): i for i, p in enumerate(order)}
        self.order, self.trained = order, len(optimizer.parameters)
        self.pool, self.slopes = np.array([p.data for p in order]), np.zeros(len(order))
        self.numbers = self.pool[: self.trained]
        for program in [*programs, *([] if watched is None else [watched])]:
            rows = len(program.inputs) if program._ways else len(self.columns)  # a function is recorded now
            program._columns([self.columns[:rows]])
        self.machines = [_alone(program) if alone else _together(program) for program in programs]
        self.watched = -1
        self.seen: list[Numbers] = []
        if watched is not None:
            self.watched, programs = len(programs), [*programs, watched]
            self.machines.append(_looked_at(watched))
        self.outputs = len(self.machines[-1].outputs) if self.watched >= 0 else 0
        ours = [np.array([place[id(p)] for p in program.parameters], np.int64) for program in programs]
        self._lay_out(programs, alone, [runs(np.arange(len(places)), places).ravel() for places in ours])
        self.losses, self.done, self.room = np.zeros(0), np.zeros(1, np.int64), np.zeros(0)

    def _lay_out(self, programs: Sequence[Program], alone: bool, places: list[Integers]) -> None:
        """Everything of all programs behind each other."""
        plans = [m.plan for m in self.machines]
        rows = np.zeros((len(programs), steps.OUTPUTS_END + 1), np.int64)
        rows[:, steps.PLAN] = _starts(map(len, plans))
        rows[:, steps.CALL] = calls = _starts([m.call_size for m in self.machines])
        rows[:, steps.LANES] = lanes = _starts([m.sample_size for m in self.machines])
        rows[:, steps.INPUTS] = [len(p.inputs) for p in programs]
        rows[:, steps.AS_PARAMETERS] = alone
        rows[:, steps.PARAMETERS] = [len(p.parameters) + alone * len(p.inputs) for p in programs]
        rows[:, steps.PARTIAL] = [m.partial for m in self.machines]
        slots = [[np.where(m.per_sample, m.outputs, -1), m.outputs] for m in self.machines]
        places += [np.concatenate(of_one) for of_one in slots]
        sizes = [*map(len, places)]
        starts = _starts(sizes, 1).reshape(2, -1)
        rows[:, [steps.PLACES, steps.OUTPUTS]] = starts.T
        rows[:, [steps.PLACES_END, steps.OUTPUTS_END]] = (starts + np.reshape(sizes, (2, -1))).T
        self.programs = rows
        precision = self.machines[0].precision
        self.calls = aligned(calls[-1] + self.machines[-1].call_size, np.dtype(np.float64))
        for m, start in zip(self.machines, calls, strict=True):
            m.fill_in(self.calls[start:])
        self.lanes = aligned(lanes[-1] + self.machines[-1].sample_size, precision)
        self.plans = np.zeros(rows[-1, steps.PLAN] + len(plans[-1]), np.int64)
        for plan, start in zip(plans, rows[:, steps.PLAN], strict=True):
            self.plans[start : start + len(plan)] = plan
        self.places = np.concatenate(places)

    def run(
        self, parts: Sequence[Sequence[Part]], over: ArrayLike, rates: ArrayLike, given: ArrayLike | None = None
    ) -> Iterator[int]:
        """Train, and say now and then how many steps are done; a loss or gradient that is not finite ends it.

        Args:
            parts: for each step its parts: the number of the program and those of its samples, None for all in order.
            over: what loss and gradient of each step are divided by: the sum of the outputs over this is the loss.
            rates: the learning rate of each step.
            given: for each step the numbers of the parameters that are given.
        """
        self.losses, self.done[0], self.seen = np.zeros(len(parts)), 0, []
        of_steps = [np.ascontiguousarray(x, np.float64) for x in (over, rates)]
        of_steps.insert(1, np.zeros((len(parts), 0)) if given is None else np.ascontiguousarray(given, np.float64))
        at_once, last = 1, 0
        while self.done[0] == last < len(parts):
            begun, first = perf_counter(), last
            last = min(first + at_once, len(parts))
            table, starts, rows, room = self._table(parts[first:last])
            seen = np.zeros(self.outputs * table[:, steps.COUNT].sum())
            steps.run(
                *(self.programs, table, starts, *[x[first:last] for x in of_steps]),
                *(self.plans, self.calls, self.lanes, self.columns, rows, self.places),
                *(self.pool, self.slopes, self.trained),
                *(self.update.address, self.update.settings, self.update.state),
                *(room, self.losses[first:last], self.done, self.watched, seen),
            )
            if self.watched >= 0:
                parted = np.split(seen, self.outputs * table[:, steps.COUNT].cumsum()[:-1])
                self.seen += [x.reshape(self.outputs, -1) for x in parted[: starts[int(self.done[0]) - first]]]
            yield int(self.done[0])
            at_once = max(1, int(at_once * min(8.0, _A_MOMENT / max(perf_counter() - begun, 1e-9))))

    def _table(self, parts: Sequence[Sequence[Part]]) -> tuple[Integers, Integers, Integers, Numbers]:
        """The parts of some steps, where those of each begin, the samples of all, and room for the largest."""
        flat = [part for step in parts for part in step]
        counts = [self.columns.shape[1] if which is None else len(which) for p, which in flat]
        chosen = [np.zeros(0, np.int64), *[np.asarray(which, np.int64) for _, which in flat if which is not None]]
        table = np.zeros((len(flat), steps.CHUNKS + 1), np.int64)
        table[:, steps.PROGRAM] = [p for p, _ in flat]
        given = np.array([which is not None for _, which in flat])
        table[:, steps.FIRST] = np.where(given, np.cumsum(given * counts) - counts, -1)
        table[:, steps.COUNT] = counts
        cuts = [cut(count, self.machines[p].lanes) for (p, _), count in zip(flat, counts, strict=True)]
        table[:, steps.BLOCK : steps.CHUNKS + 1] = cuts
        inputs, parameters, partial = (
            self.programs[:, i].max() for i in (steps.INPUTS, steps.PARAMETERS, steps.PARTIAL)
        )
        room = 2 * parameters + table[:, steps.CHUNKS].max() * partial + inputs * max(counts)
        if len(self.room) < room:
            self.room = np.zeros(room)
        return table, np.cumsum([0, *map(len, parts)]), np.concatenate(chosen), self.room

    def read(self) -> None:
        """Begin with the numbers that parameters and optimiser have now."""
        self.pool[:] = [p._data for p in self.order]
        self.update.read()

    def fits(self, program: Program, optimizer: Any) -> bool:
        """Whether it would be the same if it were made now of this program alone; columns and numbers may be others."""
        return (
            self.update.holds_for(optimizer)
            and len(optimizer.parameters) == self.trained
            and all(map(is_, optimizer.parameters, self.order))
            and self.machines[0] is _together(program)
        )

    def kept(self) -> list[NDArray[np.float64]]:
        """All that steps change, for ``restore``."""
        return [x.copy() for x in (self.numbers, self.update.settings, self.update.state)]

    def restore(self, kept: list[NDArray[np.float64]]) -> None:
        """Be again where ``kept`` was called."""
        for now, before in zip((self.numbers, self.update.settings, self.update.state), kept, strict=True):
            now[:] = before

    def begin(self, numbers: Numbers) -> None:
        """Begin with these numbers, and the optimiser as it is now."""
        self.numbers[:] = numbers
        self.update.read()

    def for_one_thread(self, samples: int) -> bool:
        """Whether a step with so many samples is nothing to share among threads: all steps here are on one."""
        return all(worth(m, cores(), samples, cut(samples, m.lanes)[2]) == 1 for m in self.machines)

    def write(self) -> None:
        """Give the parameters their numbers, and the optimiser what it is to remember."""
        for p, number, slope in zip(
            self.update.optimizer.parameters, self.numbers.tolist(), self.slopes.tolist(), strict=False
        ):
            p._data, p._grad = number, slope
        self.update.write()


def _together(program: Program) -> Machine:
    """What runs it on lanes."""
    program._check("parameters")
    engine = program._engine("parameters")
    if not isinstance(engine, Runner):
        raise CompileError("a program with branches, or without machine code, is no program for many steps in one call")
    return engine.machine


def _looked_at(program: Program) -> Machine:
    """What runs it forward."""
    engine = program._engine("")
    if not isinstance(engine, Runner):
        raise CompileError("a program with branches, or without machine code, is no program for many steps in one call")
    return engine.machine


def _alone(program: Program) -> Machine:
    """What runs it on one sample, whose numbers are parameters like the others."""
    program._check("parameters")
    if program.engine != "machine" or program._ways[0].held is not None:
        raise CompileError("a program with branches, or without machine code, is no program for many steps in one call")
    if program._alone is None:
        frozen, both = program._ways[0].frozen, [*program.parameters, *program.inputs]
        program._alone = machine(program.outputs, [], both, frozen, program.precision, len(program.parameters), 0)
    return program._alone


def _starts(sizes: Any, line: int = _LINE) -> Integers:
    """Where each begins that is as long as this, on whole cache lines."""
    whole = [-(-size // line) * line for size in sizes]
    return np.cumsum([0, *whole])[: len(whole)]
