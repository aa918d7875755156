"""The site that ``make lite`` has written: its lessons run to the end in Chromium, without a network."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages import served

ROOT = Path(__file__).parent.parent
SITE = ROOT / "build/lite"
LESSONS = sorted(path.name for path in SITE.glob("files/*.ipynb"))

pytestmark = pytest.mark.skipif(not SITE.exists(), reason="the site is not built: run `make lite`")
OPENED = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
RUN = "() => jupyterapp.commands.execute('notebook:run-all-cells')"
CELLS = "() => jupyterapp.shell.currentWidget.content.model.toJSON().cells"
MINUTES_20 = 20 * 60 * 1000  # a machine may be busy


@pytest.fixture(scope="module")
def address():
    """The site at an address of this machine."""
    with served(SITE) as address:
        yield address


def test_the_lessons_are_there():
    assert [name[:2] for name in LESSONS] == ["00", "01", "02", "03"]


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_runs_to_the_end(name, address, browser):
    asked: list[str] = []
    page = browser.new_page()
    page.set_default_timeout(MINUTES_20)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/lab/index.html?path={name}")
    page.wait_for_function(OPENED)
    page.evaluate(RUN)
    cells = [cell for cell in page.evaluate(CELLS) if cell["cell_type"] == "code"]
    page.close()
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert [cell["execution_count"] for cell in cells] == [*range(1, len(cells) + 1)]
    assert cells[0]["outputs"][0]["text"] == "ready\n"
    errors = [output for cell in cells for output in cell["outputs"] if output["output_type"] == "error"]
    assert not errors
    checks = [cell for cell in cells if "check" in cell["metadata"].get("tags", ())]
    assert checks
    for cell in checks:
        assert cell["outputs"][-1]["data"]["text/plain"].startswith("✓ ")
