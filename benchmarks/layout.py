"""Pictures: their layout by Graphviz' program `dot` and by the wheel that pygraphviz is, and a million Values."""

from __future__ import annotations

import gc
import os
import random
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from shutil import which
from tempfile import TemporaryDirectory
from time import perf_counter

import autodiff as ad
import nn
from autodiff import Value
from autodiff.drawing.drawing import draw
from autodiff.drawing.render import render
from autodiff.drawing.svg import finish_svg
from autodiff.errors import LayoutTimeout
from benchmarks.timing import COLLECTOR, Times, duration, environment, quick_wanted, say, show_table

TARGETS = {100: 0.2, 1000: 1.5}
TIME_LIMIT = 10.0
MILLION = 1_000_000
MILLION_TARGET = 2.0


def network(boxes: int) -> Value:
    """The loss of a network on one row."""
    width = {100: 5, 1000: 26}[boxes]
    model = nn.MLP(3, [width, width, 1], rng=random.Random(0))
    prediction = model([0.1, -0.2, 0.3])
    return (prediction - 1.0) ** 2


def expression(boxes: int) -> Value:
    """Operations on numbers that were made a while ago, as in a program of some length."""
    rng = random.Random(0)
    nodes = [Value(rng.uniform(0.5, 1.5)) for _ in range(boxes // 10)]
    while len(nodes) < boxes - 1:
        x, y = (nodes[-1 - min(int(rng.expovariate(1 / 15)), len(nodes) - 1)] for _ in "xy")
        operation = rng.choice([Value.__mul__, Value.__add__, ad.atan2])
        nodes.append(operation(x, y))
    used = {id(parent) for node in nodes for parent in node.parents}
    return ad.sum([node for node in nodes if id(node) not in used])


def chain(boxes: int) -> Value:
    """One operation after the other."""
    node = Value(1.0)
    for _ in range(boxes - 1):
        node = ad.sin(node)
    return node


def squares(boxes: int) -> Value:
    """A sum of squared errors."""
    return ad.sum([(Value(float(i)) - 1.0) ** 2 for i in range((boxes - 1) // 4)])


def samples(values: int) -> Value:
    """The loss of a network over as many samples as make so many Values."""
    rng = random.Random(0)
    model = nn.MLP(2, [16, 16, 1], "tanh", rng=rng)
    of_a_sample = 2 * 33 + 2  # two for each neuron but the last; an error, its square, half of it
    points = [[rng.random(), rng.random()] for _ in range(values // of_a_sample)]
    return ad.mean([nn.squared_error(model(point), [1.0]) for point in points])


GRAPHS: dict[str, Callable[[int], Value]] = {
    "a network": network,
    "an expression": expression,
    "a chain": chain,
    "a sum of squares": squares,
}


@contextmanager
def without_dot() -> Iterator[None]:
    """Hide the programs, so that the wheel is taken."""
    path = os.environ["PATH"]
    with TemporaryDirectory() as empty:
        os.environ["PATH"] = empty
        try:
            yield
        finally:
            os.environ["PATH"] = path


def clock() -> float:
    """Processor time of this process and of those that it has started; on Windows the clock on the wall."""
    if sys.platform == "win32":
        return perf_counter()
    from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

    return sum(usage.ru_utime + usage.ru_stime for usage in map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN)))


def seconds(call: Callable[[], object]) -> float:
    """The time of a call; infinite beyond the time limit."""
    start = clock()
    try:
        call()
    except LayoutTimeout:
        return inf
    return clock() - start


def measure(output: Value, repeats: int) -> list[str]:
    """How large the picture is, and how long each way to lay it out takes, and what follows."""
    drawing = draw(output, max_nodes=100_000)
    program, wheel, finishing = Times(), Times(), Times()
    svg = b"<svg/>"

    def lay_out() -> None:
        nonlocal svg
        svg = render(drawing.dot, "svg", time_limit=TIME_LIMIT)

    for _ in range(repeats):
        if which("dot"):
            program.seconds.append(seconds(lay_out))
        with without_dot():
            wheel.seconds.append(seconds(lay_out))
        finishing.seconds.append(seconds(lambda: finish_svg(svg, title="", description="")))
    return [
        *(f"{svg.count(kind):,}" for kind in (b'class="node', b'class="edge')),
        *map(cell, (program, wheel, finishing)),
    ]


def measure_large(build: Callable[[int], Value], repeats: int) -> list[str]:
    """How many Values there are, what the picture shows of them, and how long it takes from the Values to the SVG."""
    gc.disable()  # while the graph grows
    output = build(MILLION)
    gc.enable()
    output.backward()
    times = Times()
    for _ in range(repeats):
        gc.collect()
        start = clock()
        drawing = draw(output)
        svg = drawing.svg
        times.seconds.append(clock() - start)
    boxes = len(re.findall('class="node', svg))
    return [f"{len(ad.topological_order(output)):,}", f"{boxes:,}", cell(times), duration(MILLION_TARGET)]


def cell(times: Times) -> str:
    if not times.seconds:
        return "—"
    return duration(times.median) if times.median < inf else f"over {duration(TIME_LIMIT)}"


def main(quick: bool) -> None:
    print(environment(["graphviz", "pygraphviz"]))
    rows = []
    for boxes, target in TARGETS.items():
        for name, build in GRAPHS.items():
            output = build(boxes)
            output.backward()
            rows.append([name, *measure(output, 3 if quick else 9), duration(target)])
    say(
        "Medians of the processor time, from DOT to SVG, each in a process of its own whose start is included. "
        "The last but one column is what comes after it: the SVG is built anew, harmless and the same every time."
    )
    show_table(["", "boxes", "arrows", "`dot`", "wheel", "finish_svg", "target"], rows)

    say(f"`draw(output).svg` where the graph is too large to be drawn in full. {COLLECTOR[True]}")
    large = {"a network over many samples": samples, "a chain": chain}
    rows = [[name, *measure_large(build, 3 if quick else 9)] for name, build in large.items()]
    show_table(["", "values", "boxes", "draw", "target"], rows)


if __name__ == "__main__":
    main(quick_wanted(__doc__))
