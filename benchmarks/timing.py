"""Times that can be compared: contenders take turns within one run; medians, spread, and what they were measured on."""

from __future__ import annotations

import argparse
import gc
import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median, quantiles
from textwrap import fill
from time import perf_counter, process_time
from timeit import Timer
from typing import Any

# Processor time of this process: other work on the machine does not count.  (On Windows its ticks are too long.)
clock = perf_counter if sys.platform == "win32" else process_time

COLLECTOR = {
    True: "Collector on, at Python's own thresholds; one full collection before each turn, outside the time.",
    False: "Collector off; one full collection before each turn, outside the time.",
}


class Times:
    """The seconds of one contender, call by call."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    @property
    def median(self) -> float:
        return median(self.seconds)

    def cells(self) -> list[str]:
        """Median, quartiles and minimum, for a table; HEADINGS is over them."""
        low, _, high = quantiles(self.seconds, n=4, method="inclusive") if len(self.seconds) > 1 else self.seconds * 3
        return [duration(self.median), f"{duration(low)} … {duration(high)}", duration(min(self.seconds))]


HEADINGS = ["median", "quartiles", "minimum"]


def take_turns(
    contenders: Mapping[str, Callable[[], Any]],
    *,
    collector: bool,
    rounds: int,
    turn: float = 0.0,
    least: int = 1,
    calls: int = 1,
) -> dict[str, Times]:
    """Time every contender in turn, ``rounds`` times over, so that a slow spell of the machine hits all of them.

    A turn is ``least`` calls in a row, and more until ``turn`` seconds have passed.  A contender that does its work
    ``calls`` times in one call gets the time of one.  What a call returns is freed outside the time.  A first round,
    to warm up, is not counted.
    """
    times = {name: Times() for name in contenders}
    for name, contender in contenders.items():
        _turn(contender, times[name], collector, 0.0, 1)
        times[name].seconds.clear()
    for _ in range(rounds):
        for name, contender in contenders.items():
            _turn(contender, times[name], collector, turn, least)
    for found in times.values():
        found.seconds = [t / calls for t in found.seconds]
    return times


def _turn(contender: Callable[[], Any], times: Times, collector: bool, turn: float, least: int) -> None:
    (gc.enable if collector else gc.disable)()
    try:
        gc.collect()
        done, spent = 0, 0.0
        while done < least or spent < turn:
            start = clock()
            result = contender()
            seconds = clock() - start
            del result  # so that freeing it is not in the time
            times.seconds.append(seconds)
            done, spent = done + 1, spent + seconds
    finally:
        gc.enable()


def compare_statements(loops: Mapping[str, Timer], quick: bool) -> dict[str, Times]:
    """The time of one execution of each statement, in turns, collector off."""
    calls = 2_000 if quick else 20_000
    contenders = {name: (lambda loop=loop: loop.timeit(calls)) for name, loop in loops.items()}
    return take_turns(contenders, collector=False, rounds=3 if quick else 15, calls=calls)


def duration(seconds: float) -> str:
    """Three digits and a unit: 1.23 ms."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= 0.9995 * size:
            return f"{seconds / size:#.3g} {unit}".replace(". ", " ")
    return f"{seconds * 1e9:.0f} ns"


def factor(ratio: float) -> str:
    """Three digits and a times sign: 0.412×."""
    return f"{ratio:#.3g}×".replace(".×", "×")


def say(text: str) -> None:
    """Print a paragraph."""
    print("\n" + fill(text, 120))


def show_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a Markdown table whose source lines up: the first column to the left, numbers to the right."""
    lines = [[*headings], *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])])
    print()
    for first, *rest in lines:
        print("|", " | ".join([first.ljust(widths[0]), *map(str.rjust, rest, widths[1:])]), "|")


def environment(packages: Iterable[str] = ()) -> str:
    """What this run is measured on; of the ``packages``, those installed."""
    parts = [
        f"{platform.python_implementation()} {platform.python_version()}",
        f"{_processor()}, {os.cpu_count()} cores",
    ]
    for package in packages:
        try:
            parts.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            parts.append(f"{package} not installed")
    return "; ".join(parts) + "."


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def quick_wanted(description: str | None) -> bool:
    """Whether the command line of a benchmark says ``--quick``."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="fewer repeats and smaller sizes: rough figures")
    return bool(parser.parse_args().quick)
