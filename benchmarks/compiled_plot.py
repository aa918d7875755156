"""The plot of docs/benchmarks.md: time of a step against the number of parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

# Okabe and Ito's colours, which the colour-blind tell apart; this engine's line is the thick one.
COLOURS = ["#0072B2", "#767676", "#D55E00", "#E69F00", "#CC79A7", "#009E73", "#000000", "#56B4E9"]
MARKERS = "osD^vPX<"


def draw(lines: Mapping[str, Sequence[tuple[int, float]]], path: Path) -> None:
    """Write the plot as SVG, the same bytes for the same numbers."""
    mpl.rcParams["svg.hashsalt"] = "benchmarks"
    figure = Figure(figsize=(9, 5.5), layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    for (name, line), colour, marker in zip(lines.items(), COLOURS, MARKERS, strict=False):
        counts, seconds = zip(*line, strict=True)
        ours = name.startswith("autodiff")
        axes.loglog(counts, seconds, marker + "-", color=colour, label=name, linewidth=3 if ours else 1.3)
    axes.set_xlabel("parameters of the network 2-h-h-1")
    axes.set_ylabel("seconds a step (value, gradient, update)")
    axes.set_title("A training step on 100 points, one thread: lower is faster")
    axes.grid(which="major", color="#dddddd")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    figure.savefig(path, metadata={"Date": None})
