"""The site that ``make lite`` has written: its lessons run to the end in Chromium, without a network."""

from __future__ import annotations

import functools
import http.server
import threading
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import pytest

ROOT = Path(__file__).parent.parent
SITE = ROOT / "build/lite"
BROWSER = next(filter(None, map(which, ("chromium", "chromium-browser", "google-chrome"))), None)
LESSONS = sorted(path.name for path in SITE.glob("files/*.ipynb"))

pytestmark = [
    pytest.mark.skipif(not SITE.exists(), reason="the site is not built: run `make lite`"),
    pytest.mark.skipif(find_spec("playwright") is None, reason="Playwright is not installed: run `make lite`"),
    pytest.mark.skipif(BROWSER is None, reason="no browser: Chromium is not on the PATH"),
]
OPENED = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
RUN = "() => jupyterapp.commands.execute('notebook:run-all-cells')"
CELLS = "() => jupyterapp.shell.currentWidget.content.model.toJSON().cells"
MINUTES_20 = 20 * 60 * 1000  # a machine may be busy


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address():
    """The site at an address of this machine."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=SITE)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_lessons_are_there():
    assert [name[:2] for name in LESSONS] == ["00", "01", "02", "03"]


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_runs_to_the_end(name, address):
    from playwright.sync_api import sync_playwright

    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(MINUTES_20)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{address}/lab/index.html?path={name}")
        page.wait_for_function(OPENED)
        page.evaluate(RUN)
        cells = [cell for cell in page.evaluate(CELLS) if cell["cell_type"] == "code"]
        browser.close()
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert [cell["execution_count"] for cell in cells] == [*range(1, len(cells) + 1)]
    assert cells[0]["outputs"][0]["text"] == "ready\n"
    errors = [output for cell in cells for output in cell["outputs"] if output["output_type"] == "error"]
    assert not errors
    checks = [cell for cell in cells if "check" in cell["metadata"].get("tags", ())]
    assert checks
    for cell in checks:
        assert cell["outputs"][-1]["data"]["text/plain"].startswith("✓ ")
