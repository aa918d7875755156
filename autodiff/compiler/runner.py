"""A program on the virtual machine: its buffers, and its samples cut into chunks and blocks."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from math import isfinite
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import formulas, primitives
from . import vm
from .availability import open_in_children
from .chains import chains
from .graph import read_graph
from .link import link
from .lower import lower
from .reroll import reroll

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..value import Value
    from .frozen import Frozen
    from .link import Machine

    Numbers = NDArray[np.float64]

__all__ = ["Runner", "cut", "machine", "worth"]

_NOTHING, _NO_ROWS = np.zeros(0), np.zeros((0, 0))
_TRIED: set[str] = set()
_SMALL = 2.0**-64  # sums of as many numbers stay within the range
_WORTHWHILE = 1 << 18  # slots times samples, below which waking a thread takes longer than it saves


def machine(
    outputs: Sequence[Value],
    inputs: Sequence[Value],
    parameters: Sequence[Value],
    frozen: Frozen,
    precision: str,
    by_parameters: int,
    by_inputs: int,
) -> Machine:
    """A graph lowered and compiled, for derivatives with respect to so many of the parameters, and of the inputs."""
    graph = chains(reroll(read_graph(outputs, inputs, parameters, frozen)))
    wanted = np.concatenate([graph.parameters[:by_parameters], graph.inputs[:by_inputs]])
    return link(graph, lower(graph, wanted[wanted >= 0]), precision)


def cut(samples: int, lanes: int) -> tuple[int, int, int]:
    """Samples in a block and in a chunk, and the chunks; threads have no say in it."""
    blocks = -(-samples // lanes)
    block = min(-(-samples // (8 * blocks)) * 8, lanes)
    length = -(-samples // (block * vm.CHUNKS)) * block
    return block, length, -(-samples // length)


def worth(machine: Machine, threads: int, samples: int, chunks: int) -> int:
    """How many threads have enough to do."""
    return min(threads, chunks, 1 + samples * machine.slots // _WORTHWHILE)


class Runner:
    """A graph lowered and compiled, for derivatives with respect to ``wrt``, "" for none."""

    def __init__(
        self,
        outputs: Sequence[Value],
        inputs: Sequence[Value],
        parameters: Sequence[Value],
        frozen: Frozen,
        wrt: str,
        precision: str,
    ) -> None:
        wanted = [
            len(nodes) * (wrt in (kind, "both")) for kind, nodes in (("parameters", parameters), ("inputs", inputs))
        ]
        self.machine = machine(outputs, inputs, parameters, frozen, precision, *wanted)
        self.wrt = wrt
        self.partials = np.empty((0, self.machine.partial))
        self.cuts: dict[int, tuple[int, int, int]] = {}
        self.inputs, self.parameters = len(inputs), len(parameters)
        self.call_buffer = self.machine.call_buffer()
        self.sample_buffers = [self.machine.sample_buffer()]
        self.lock = Lock()
        open_in_children(self)

    def tried(self) -> Runner:
        """This, after a first run, in which numba compiles the loops of the virtual machine; once in a process."""
        way = "evaluate" if not self.wrt else "differentiate"
        if way not in _TRIED:
            X, parameters = np.zeros((self.inputs, 1)), np.zeros(self.parameters)
            if self.wrt:
                self.differentiate(X, parameters, 1, mean=True, each=False)
            else:
                self.evaluate(X, parameters, 1)
            _TRIED.add(way)
        return self

    def after_fork(self) -> None:
        """Leave what other threads were in the middle of to them: in this process there are none."""
        if self.lock.locked():
            self._renew()
        self.lock = Lock()  # in any case: one that a thread is just being given does not say so yet

    def _renew(self) -> None:
        self.call_buffer, self.sample_buffers = self.machine.call_buffer(), [self.machine.sample_buffer()]
        self.partials = np.empty((0, self.machine.partial))

    def evaluate(self, X: Numbers, parameters: Numbers, threads: int) -> Numbers:
        """The outputs, of shape (outputs, N)."""
        machine = self.machine
        X, parameters = np.ascontiguousarray(X), np.ascontiguousarray(parameters)
        Y = np.empty((len(machine.per_sample), X.shape[1]))
        with self.lock:
            U = self.call_buffer
            vm.begin(machine.plan, U, parameters)
            Y[~machine.per_sample] = U[machine.outputs[~machine.per_sample]][:, None]
            if machine.per_sample.any() and X.shape[1]:
                slots = np.where(machine.per_sample, machine.outputs, -1)
                N = X.shape[1]
                block, length, chunks = self._cut(N)

                def run(V: Any, chunks: range) -> None:
                    vm.spread(machine.plan, U, V)
                    low, high = chunks.start * length, min(N, chunks.stop * length)
                    vm.evaluate(machine.plan, V, X, slots, Y, low, high, block)

                self._share(run, chunks, worth(machine, threads, N, chunks))
        return Y

    def differentiate(
        self, X: Numbers, parameters: Numbers, threads: int, mean: bool, each: bool
    ) -> tuple[Any, Numbers, Numbers]:
        """The mean or the sum, or each of the outputs; the gradients with respect to parameters and to inputs."""
        X, parameters = np.ascontiguousarray(X), np.ascontiguousarray(parameters)
        N = X.shape[1]
        values = np.empty(N) if each else _NOTHING
        dX = np.zeros((self.inputs, N)) if self.wrt != "parameters" else _NO_ROWS
        with self.lock:
            total, gradient, good = self._differentiate(X, parameters, threads, mean, 1.0, values, dX)
            if not good:  # a partial sum may be beyond the range, and the gradient within
                scaled = self._differentiate(X, parameters, threads, mean, _SMALL, _NOTHING, _NO_ROWS)[1]
                with np.errstate(all="ignore"):
                    gradient = np.where(np.isfinite(gradient), gradient, scaled / _SMALL)
        if mean and dX.size:
            with np.errstate(all="ignore"):
                dX /= N
        if each:
            return values if self.machine.per_sample[0] else np.full(N, total), gradient, dX
        if not self.machine.per_sample[0]:
            return total if mean else total * N, gradient, dX
        if not isfinite(total):  # the same of the value
            every = self.evaluate(X, parameters, threads)[0].tolist()
            return (formulas.mean if mean else primitives.sum)(every), gradient, dX
        return total / N if mean else total, gradient, dX

    def _differentiate(
        self, X: Numbers, parameters: Numbers, threads: int, mean: bool, seed: float, values: Numbers, dX: Numbers
    ) -> tuple[float, Numbers, bool]:
        """The sum of the outputs, or the one that is the same for all; its gradient; and whether that is finite."""
        machine, U = self.machine, self.call_buffer
        N, gradient = X.shape[1], np.empty(self.parameters)
        if not machine.per_sample[0]:
            vm.begin(machine.plan, U, parameters)
            none = np.zeros((1, machine.partial))
            total = vm.finish(machine.plan, U, none, seed if mean else seed * N, 1.0, gradient)
            return total, gradient, bool(none[0, 1] == 0)
        block, length, chunks = self._cut(N)
        if len(self.partials) != chunks:
            self.partials = np.empty((chunks, machine.partial))
        partials = self.partials
        threads = worth(machine, threads, N, chunks)
        if threads == 1:
            V = self.sample_buffers[0]
            total = vm.differentiate_alone(
                machine.plan, U, V, X, parameters, mean, block, length, partials, values, dX, gradient, seed
            )
        else:

            def run(V: Any, chunks: range) -> None:
                vm.spread(machine.plan, U, V)
                for i in chunks:
                    low, high = i * length, min(N, (i + 1) * length)
                    vm.differentiate(machine.plan, V, X, seed, low, high, block, partials[i], values, dX)

            vm.begin(machine.plan, U, parameters)
            self._share(run, chunks, threads)
            total = vm.finish(machine.plan, U, partials, 1.0, float(N) if mean else 1.0, gradient)
        return total, gradient, bool(partials[0, 1] == 0)

    def _cut(self, samples: int) -> tuple[int, int, int]:
        if samples not in self.cuts:
            self.cuts = {samples: cut(samples, self.machine.lanes)}  # most calls are like the last one
        return self.cuts[samples]

    def _share(self, run: Any, chunks: int, threads: int) -> None:
        """Run the chunks, each thread its share of them."""
        while len(self.sample_buffers) < threads:
            self.sample_buffers.append(self.machine.sample_buffer())
        shares = [range(i * chunks // threads, (i + 1) * chunks // threads) for i in range(threads)]
        others = [_pool().submit(run, self.sample_buffers[i], shares[i]) for i in range(1, threads)]
        try:
            run(self.sample_buffers[0], shares[0])
            for other in others:
                other.result()
        except BaseException:  # interrupted, and the other threads go on: what they write to is theirs from now on
            self._renew()
            raise


_POOL: list[ThreadPoolExecutor] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_POOL.clear)  # a child has the object, but none of its threads


def _pool() -> ThreadPoolExecutor:
    if not _POOL:
        _POOL.append(ThreadPoolExecutor(thread_name_prefix="autodiff"))
    return _POOL[0]
