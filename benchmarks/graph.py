"""What a node costs: time and memory from 1,000 to 1,000,000 nodes, each operator, and the sweep of `backward`."""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections.abc import Callable, Sequence
from math import isclose, log
from statistics import linear_regression, median
from timeit import Timer
from typing import Any

import autodiff as ad
from autodiff import OPS, native, sweep, value
from autodiff.arithmetic import binary_method
from autodiff.operators import Operators
from benchmarks.engine import elementary_loss, network_of
from benchmarks.timing import (
    COLLECTOR,
    HEADINGS,
    clock,
    compare_statements,
    duration,
    environment,
    factor,
    quick_wanted,
    say,
    show_table,
    take_turns,
)

# ---------------------------------------------------------------------------------------------------------------------
# Size: build, backward and free.
# ---------------------------------------------------------------------------------------------------------------------


def chain(n: int) -> ad.Value:
    """n products in a row."""
    y, c = ad.Value(1.0), ad.Value(0.999999)
    for _ in range(n):
        y = y * c
    return y


def random_graph(n: int) -> ad.Value:
    """n nodes, products and sums by turns; each sum reaches back to any earlier node, and the numbers stay finite."""
    rng = random.Random(1)
    leaves = [ad.Value(rng.uniform(0.1, 0.5)) for _ in range(10)]
    sums = [ad.Value(1.0)]
    for i in range(n // 2):
        sums.append(sums[-1] * leaves[i % 10] + sums[rng.randrange(len(sums))])
    return sums[-1]


GRAPHS: dict[str, Callable[[int], ad.Value]] = {"chain": chain, "random graph": random_graph}
FAR_REFERENCES = "The larger the random graph, the more of its far references miss the processor's caches."
PHASES = ("build", "backward", "free")


def phases(build: Callable[[int], ad.Value], n: int, collector: bool) -> tuple[float, float, float]:
    """Seconds to build a graph, to run backward, and to free it."""
    gc.collect()
    (gc.enable if collector else gc.disable)()
    try:
        start = clock()
        output = build(n)
        built = clock()
        output.backward()
        swept = clock()
        del output
        return built - start, swept - built, clock() - swept
    finally:
        gc.enable()


def time_by_size(sizes: Sequence[int], collector: bool, quick: bool) -> None:
    say(
        f"{COLLECTOR[collector]} A turn is one graph. The exponent is that of time ~ nodes^exponent. "
        + ("Full collections set in between 10,000 and 100,000 nodes." if collector else FAR_REFERENCES)
    )
    rows = []
    for name, build in GRAPHS.items():
        runs: dict[int, list[tuple[float, float, float]]] = {n: [] for n in sizes}
        for _ in range(2 if quick else 5):
            for n in sizes:
                runs[n] += [phases(build, n, collector) for _ in range(max(1, sizes[-1] // n // 50))]
        medians = {n: [median(times) for times in zip(*runs[n], strict=True)] for n in sizes}
        rows += [[name, f"{n:,}", *(duration(seconds / n) for seconds in medians[n])] for n in sizes]
        rows.append([name, "exponent", *(f"{exponent(sizes, [medians[n][i] for n in sizes]):.2f}" for i in range(3))])
    show_table(["graph", "nodes", *(f"{phase}, a node" for phase in PHASES)], rows)


def exponent(sizes: Sequence[int], amounts: Sequence[float]) -> float:
    return linear_regression([*map(log, sizes)], [*map(log, amounts)]).slope


def memory_by_size(sizes: Sequence[int]) -> None:
    rows = []
    for name, build in GRAPHS.items():
        found = [memory(build, n) for n in sizes]
        rows += [[name, f"{n:,}", *(f"{size / n:.0f}" for size in found[i])] for i, n in enumerate(sizes)]
        rows.append([name, "exponent", *(f"{exponent(sizes, amounts):.2f}" for amounts in zip(*found, strict=True))])
    say("Bytes a binary node by tracemalloc; the target is 350 at most. The peak is that of backward.")
    show_table(["graph", "nodes", "built", "after backward", "peak"], rows)


def memory(build: Callable[[int], ad.Value], n: int) -> tuple[int, int, int]:
    """Bytes held by a graph: built, after backward, and at the peak of backward."""
    gc.collect()
    if native.node is not None:
        native.node.give_back()  # nodes that are kept were allocated before
    tracemalloc.start()
    try:
        output = build(n)
        built, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        output.backward()
        return built, *tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()


# ---------------------------------------------------------------------------------------------------------------------
# Sharing and nesting.
# ---------------------------------------------------------------------------------------------------------------------


def doubled(times: int) -> float:
    """The derivative of y = y + y, so many times over: a graph of 2**times paths."""
    y = x = ad.Value(1.0)
    for _ in range(times):
        y = y + y
    y.backward()
    return x.grad


def inner_steps(k: int) -> float:
    """The derivative, with respect to the curvature x, of where k steps of gradient descent on x·w² arrive."""
    rate = 0.1 / k

    def arrive(x: Any) -> Any:
        w: Any = 1.0
        for _ in range(k):
            w = w - rate * ad.grad(lambda v: x * v * v)(w)
        return w

    return ad.grad(arrive)(2.0)


def time_sharing_and_nesting(quick: bool) -> None:
    if doubled(60) != 2.0**60:
        raise RuntimeError(f"y + y sixty times has derivative {doubled(60)!r}")
    seconds = take_turns({"": lambda: doubled(60)}, collector=False, rounds=5 if quick else 50)[""].median
    say(f"y = y + y sixty times has 2⁶⁰ paths: built and swept in {duration(seconds)}; the derivative is 2⁶⁰ exactly.")

    counts = [100, 200, 400] if quick else [100, 200, 400, 800, 1600]
    for k in counts:
        true = -0.2 * (1 - 0.4 / k) ** (k - 1)  # of (1 - 2·rate·x)^k at x = 2
        if not isclose(inner_steps(k), true, rel_tol=1e-9):
            raise RuntimeError(f"{k} inner steps have derivative {inner_steps(k)!r}, and {true!r} is right")
    times = take_turns(
        {str(k): (lambda k=k: inner_steps(k)) for k in counts}, collector=False, rounds=1 if quick else 5
    )
    say("A gradient in each of k steps of a loop, inside a gradient: how the arrival of gradient descent varies.")
    rows = [[k, duration(t.median), duration(t.median / int(k))] for k, t in times.items()]
    rows.append(["exponent", f"{exponent(counts, [t.median for t in times.values()]):.2f}", ""])
    show_table(["k", "all", "a step"], rows)


# ---------------------------------------------------------------------------------------------------------------------
# Operators, and the sweep of backward.
# ---------------------------------------------------------------------------------------------------------------------


GENERAL_PATH = "general path: "


class General(ad.Value):
    """A Value whose operators take the general path through the row, as those of every other operation do."""

    __slots__ = ()


for row in ("add", "sub", "mul", "div"):
    name = {"div": "truediv"}.get(row, row)
    general = getattr(Operators, f"__{name}__")
    setattr(General, f"__{name}__", binary_method(OPS[row], general, ad.Value, value.record_inline))
    setattr(General, f"__r{name}__", getattr(Operators, f"__r{name}__"))


def time_operators(quick: bool) -> None:
    operators = ["a + b", "a - b", "a * b", "a / b", "a * 2.0", "a * 2", "2 * a", "1 / a"]
    others = ["-a", "a**2", "a**b", "a.relu()", "a.exp()", "a.tanh()", "sum(eight)", "dot(eight, eight, a)"]
    eight = [ad.Value(x) for x in range(8)]
    values = {"a": ad.Value(1.5), "b": ad.Value(0.5), "dot": ad.dot, "sum": ad.sum, "eight": eight}
    loops = {s: Timer(s, globals=values) for s in operators + others}
    loops |= {GENERAL_PATH + s: Timer(s, globals={"a": General(1.5), "b": General(0.5)}) for s in operators}
    times = compare_statements(loops, quick)
    rows = []
    for s in operators + others:
        general = times.get(GENERAL_PATH + s)
        compared = [duration(general.median), factor(general.median / times[s].median)] if general else ["", ""]
        rows.append([f"`{s}`", *times[s].cells(), *compared])
    say(
        "One operation: its node built and freed. The general path calls the functions of the row; + - * / are "
        f"generated from their rows instead (autodiff/arithmetic.py). {COLLECTOR[False]}"
    )
    show_table(["operation", *HEADINGS, "general path", "general / generated"], rows)


def swept_by_one_loop(output: ad.Value) -> None:
    """As Value.backward sweeps, latest node first, but no case is spelled out and leaves add up as they come."""
    output.grad = 1.0
    waiting = {output.serial: output}
    serial, missed = output.serial, 0
    while waiting:
        node = waiting.pop(serial, None)
        serial -= 1
        if node is None:
            missed += 1
            if missed > len(waiting):
                serial = max(waiting)
            continue
        missed = 0
        grad = node.grad
        for parent, local_derivative in zip(node.parents, node.local_derivatives):  # noqa: B905 (slow)
            if parent.parents and parent.serial not in waiting:
                waiting[parent.serial] = parent
                parent.grad = local_derivative * grad
            else:
                parent.grad += local_derivative * grad


SWEEPS = {
    "Value.backward": ad.Value.backward,
    "one loop for any number of parents": swept_by_one_loop,
    "the definition": sweep.backward,
}


def time_sweeps(quick: bool) -> None:
    graphs = {
        "micrograd's demo": elementary_loss(ad.Value, network_of(ad.Value)),
        "random graph": random_graph(50_000),
        "chain": chain(50_000),
    }
    say(f"The sweep of backward on three graphs, and what plainer code takes. {COLLECTOR[False]}")
    rows = []
    for name, output in graphs.items():
        nodes = len(ad.topological_order(output))
        sweeps = {sweep: (lambda run=run, output=output: run(output)) for sweep, run in SWEEPS.items()}
        times = take_turns(sweeps, collector=False, rounds=3 if quick else 15)
        ours = times["Value.backward"].median
        rows += [
            [f"{name}: {s}", duration(t.median / nodes), *t.cells(), factor(t.median / ours)] for s, t in times.items()
        ]
    show_table(["graph and sweep", "a node", *HEADINGS, "to Value.backward"], rows)


def main(quick: bool) -> None:
    print(environment())
    sizes = [1_000, 10_000, 100_000] if quick else [1_000, 10_000, 100_000, 1_000_000]
    time_by_size(sizes, collector=False, quick=quick)
    time_by_size(sizes, collector=True, quick=quick)
    memory_by_size(sizes)
    time_sharing_and_nesting(quick)
    time_operators(quick)
    time_sweeps(quick)


if __name__ == "__main__":
    main(quick_wanted(__doc__))
