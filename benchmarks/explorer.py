"""The pages of the explorer: how large they are, how soon they are ready, how long a step takes, in Chromium.

Playwright and a browser are needed for the times; without them the sizes alone are printed.
"""

from __future__ import annotations

import argparse
import time
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import autodiff as ad
from autodiff import Value, explore
from nn import MLP

BROWSER = next(filter(None, map(which, ("chromium", "chromium-browser", "google-chrome"))), None)

STEP = """
() => {
  const times = [];
  const key = (name) => document.body.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));
  key("Home");
  for (let i = 0; i < 60; i++) {
    const start = performance.now();
    key("ArrowRight");
    document.body.getBoundingClientRect();
    times.push(performance.now() - start);
  }
  return times;
}
"""
MOVE = """
() => {
  const times = [];
  const slider = document.querySelector(".leaf-row input[type=range]");
  for (let i = 1; i <= 15; i++) {
    slider.value = Number(slider.value) + 0.001;
    const start = performance.now();
    slider.dispatchEvent(new Event("input"));
    document.body.getBoundingClientRect();
    times.push(performance.now() - start);
  }
  return times;
}
"""


def expression(size: int) -> Value:
    """An expression by hand of so many values: a recurrence of a few operations."""
    x, y = Value(0.5, "x"), Value(0.25, "y")
    terms, values = [x, y], 2
    while values < size - 1:
        terms.append(ad.sin(terms[-1]) if values % 3 else terms[-1] * terms[-2] + terms[-2])
        values += 1 if values % 3 else 2
    return terms[-1] * terms[-2]


def network() -> Value:
    """A network of about 5,000 values."""
    model = MLP(64, [64, 10], "tanh", seed=0)
    return ad.logsumexp(model([0.1 * (i % 7) for i in range(64)]))


def main() -> None:
    argparse.ArgumentParser(prog="python -m benchmarks.explorer", description=__doc__).parse_known_args()
    print("| graph | values | written in | size | ready | a step, median and worst | computed anew |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    cases = {"an expression": expression(150), "a network 64-64-10": network(), "a long expression": expression(5000)}
    with TemporaryDirectory() as folder:
        for name, output in cases.items():
            start = time.perf_counter()
            explorer = explore(output)
            seconds = time.perf_counter() - start
            path = Path(folder) / "page.html"
            explorer.save(path)
            count = len(ad.topological_order(output))
            size = path.stat().st_size
            print(f"| {name} | {count:,} | {seconds:.2f} s | {size / 1000:,.0f} kB | {in_browser(path)} |", flush=True)


def in_browser(path: Path) -> str:
    """When the page is ready, how long a step takes, and a leaf that moves."""
    if BROWSER is None or find_spec("playwright") is None:
        return "– | – | –"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        ready: list[float] = []
        for _ in range(5):
            page: Any = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(path.as_uri())
            page.wait_for_selector("html[data-ready]")
            ready.append(page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"))
        steps, moves = page.evaluate(STEP), page.evaluate(MOVE)
        browser.close()
    return f"{min(ready):.0f} ms | {median(steps):.1f} ms, {max(steps):.1f} ms | {median(moves):.1f} ms"


if __name__ == "__main__":
    main()
