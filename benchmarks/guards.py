"""What a branch costs in a compiled function: beside the same function without it, and with where in its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autodiff as ad
from benchmarks.timing import HEADINGS, environment, factor, quick_wanted, say, show_table, take_turns

SAMPLES = 1000


def curve(x: Any, y: Any) -> Any:
    """Eight operations, two of them functions."""
    z = ad.tanh(0.7 * x + 0.2 * y)
    return (z - y) * (z - y) + ad.sin(x) * z


def network(x: Any, y: Any) -> Any:
    """Sixteen hidden neurons."""
    hidden = [ad.tanh(0.1 * i * x - 0.05 * i * y + 0.3) for i in range(1, 17)]
    return ad.sum([0.2 * h for h in hidden]) - y


FUNCTIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any] | None]] = {
    "8 operations, one guard": (curve, lambda x, y: curve(x, y) if x > -100 else y, None),
    "8 operations, four guards": (curve, lambda x, y: curve(x, y) if -100 < x < 100 and -100 < y < 100 else y, None),
    "a network of 16, one guard": (network, lambda x, y: network(x, y) if y > -100 else y, None),
    "8 operations, half of the samples elsewhere": (
        curve,
        lambda x, y: curve(x, y) if x > 0 else 0.1 * x * y,
        lambda x, y: ad.where(x > 0, curve(x, y), 0.1 * x * y),
    ),
}


def main(quick: bool) -> None:
    print(environment(["numpy", "numba"]))
    say(f"value_and_grad with respect to two inputs, over {SAMPLES} samples, float64, one thread.")
    X = np.random.default_rng(0).normal(size=(2, SAMPLES))
    for engine in ("machine", "source"):
        rows = []
        for name, functions in FUNCTIONS.items():
            programs = [ad.compile(f, engine=engine) for f in functions if f is not None]  # type: ignore[arg-type]
            calls = {
                kind: lambda program=program: program.value_and_grad(X, wrt="inputs", threads=1)
                for kind, program in zip(("without", "guarded", "with where"), programs, strict=False)
            }
            times = take_turns(calls, collector=False, rounds=5 if quick else 25, turn=0.02, least=5)
            least = min(times["without"].seconds)
            for kind, t in times.items():
                rows.append([f"{name}: {kind}", *t.cells(), factor(min(t.seconds) / least)])
        say(f'engine="{engine}"; the last column compares minima.')
        show_table(["program", *HEADINGS, "to without"], rows)


if __name__ == "__main__":
    main(quick_wanted(__doc__))
