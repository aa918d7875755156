"""Pages in a real browser: what the tests of them share."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from shutil import which
from typing import Any

import pytest

BROWSER = next(filter(None, map(which, ("chromium", "chromium-browser", "google-chrome"))), None)
AXE = Path(__file__).parent / "script" / "node_modules" / "axe-core" / "axe.min.js"
with_axe = pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: run `make test-browser`")
PATIENCE = 180_000
"""Milliseconds until what never comes is given up: a busy machine is slow."""

SIZES = {"projector": (1280, 900), "phone": (390, 844)}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced colours": {"forced_colors": "active"},
    "reduced motion": {"reduced_motion": "reduce"},
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

# What scrolls is to be reached by the keyboard; the explorer sees to that when a frame is drawn.
REACHED = """() => [...document.querySelectorAll("main table")].every(
  (table) => table.scrollWidth <= table.clientWidth || table.getAttribute("tabindex") === "0")"""


def barriers(page: Any, rules: list[str] = RULES) -> list[tuple[str, list[str]]]:
    """What axe finds on a page as it is: the rules that it breaks, and where."""
    page.wait_for_function(REACHED)
    page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
    found = page.evaluate("tags => axe.run({runOnly: {type: 'tag', values: tags}})", rules)
    return [(v["id"], [n["html"][:200] for n in v["nodes"]][:3]) for v in found["violations"]]


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address on this machine of a site that lies in a folder."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def sideways(page: Any) -> bool:
    """Whether the page is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))
