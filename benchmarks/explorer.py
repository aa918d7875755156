"""The pages of the explorer: how large they are, how soon they are ready, how long a step takes, in Chromium.

Times are of the page's main thread, the least of several, by its own clock and by the processor's: on a loaded machine
the first is that of waiting.  Playwright and a browser are needed for them; without those the sizes alone are printed.
"""

from __future__ import annotations

import argparse
import time
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import autodiff as ad
from autodiff import Value, explore
from nn import GPT, MLP
from nn.gpt_page import explore_document
from nn.text import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable

    from autodiff import Explorer

BROWSER = next(filter(None, map(which, ("chromium", "chromium-browser", "google-chrome"))), None)

STEP = """
() => {
  const start = performance.now();
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true }));
  document.body.getBoundingClientRect();
  return performance.now() - start;
}
"""
MOVE = """
() => {
  const slider = document.querySelector(".leaf-row input[type=range]");
  slider.value = Number(slider.value) + 0.001;
  const start = performance.now();
  slider.dispatchEvent(new Event("input"));
  document.body.getBoundingClientRect();
  return performance.now() - start;
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


def name_of_a_gpt(document: str) -> Explorer:
    """The page of the published GPT that reads a name."""
    return explore_document(GPT(27, seed=0), Tokenizer("abcdefghijklmnopqrstuvwxyz"), document)


def main() -> None:
    argparse.ArgumentParser(prog="python -m benchmarks.explorer", description=__doc__).parse_known_args()
    print("Milliseconds by the page's clock, and in parentheses by the processor's.\n")
    print("| graph | values | written in | size | ready | a step | computed anew |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    cases: dict[str, Callable[[], Explorer]] = {
        "an expression": lambda: explore(expression(150)),
        "a network 64-64-10": lambda: explore(network()),
        "a long expression": lambda: explore(expression(5000)),
        "a GPT that reads emma": lambda: name_of_a_gpt("emma"),
        "a GPT that reads christopherjohn": lambda: name_of_a_gpt("christopherjohn"),
    }
    with TemporaryDirectory() as folder:
        for name, make in cases.items():
            start = time.process_time()
            explorer = make()
            seconds = time.process_time() - start
            path = Path(folder) / "page.html"
            explorer.save(path)
            count = explorer.title.rpartition(": ")[2].partition(" ")[0]
            size = path.stat().st_size
            print(f"| {name} | {count} | {seconds:.2f} s | {size / 1000:,.0f} kB | {in_browser(path)} |", flush=True)


def in_browser(path: Path) -> str:
    """When the page is ready, how long a step takes, and a leaf that moves."""
    if BROWSER is None or find_spec("playwright") is None:
        return "– | – | –"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        ready = []
        for _ in range(5):
            page: Any = browser.new_page(viewport={"width": 1280, "height": 900})
            session = page.context.new_cdp_session(page)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            page.goto(path.as_uri())
            page.wait_for_selector("html[data-ready]")
            clock = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
            ready.append((clock, busy(session)))
        found = [least(ready), *[least([timed(page, session, text) for _ in range(15)]) for text in (STEP, MOVE)]]
        browser.close()
    return " | ".join(found)


def busy(session: Any) -> float:
    """How long the page's main thread has had the processor, in milliseconds."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(1000 * entry["value"] for entry in metrics if entry["name"] == "TaskDuration")


def timed(page: Any, session: Any, text: str) -> tuple[float, float]:
    """What a function of the page takes by its clock, and by the processor's."""
    start = busy(session)
    clock = page.evaluate(text)
    return clock, busy(session) - start


def least(times: list[tuple[float, float]]) -> str:
    clock, processor = [min(column) for column in zip(*times, strict=True)]
    return f"{clock:.0f} ({processor:.0f}) ms"


if __name__ == "__main__":
    main()
