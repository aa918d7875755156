"""The demo's page in a real browser: legible at every width, and accessible.  `make test-browser` runs it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from shutil import which

import pytest

from nn.__main__ import main

BROWSER = next(filter(None, map(which, ("chromium", "chromium-browser", "google-chrome"))), None)
AXE = Path(__file__).parent / "script" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
pytestmark = [
    pytest.mark.skipif(find_spec("playwright") is None, reason="Playwright is not installed: run `make test-browser`"),
    pytest.mark.skipif(BROWSER is None, reason="no browser: Chromium is not on the PATH"),
]

LEAST = """() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), sizes = [];
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement, matrix = element.ownerSVGElement && element.getScreenCTM?.();
    if (!texts.currentNode.data.trim() || !element.getClientRects().length) continue;
    sizes.push(parseFloat(getComputedStyle(element).fontSize) * (matrix ? Math.hypot(matrix.a, matrix.b) : 1));
  }
  return Math.min(...sizes);
}"""


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo")
    assert main(["demo", "--epochs", "1", "--out", str(out)]) == 0
    return (out / "index.html").as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_is_legible_and_accessible(browser, address, width, scheme):
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    troubles = []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("requestfailed", lambda request: troubles.append(request.url))
    page.goto(address)
    assert page.evaluate(LEAST) >= 9
    assert page.evaluate("document.documentElement.scrollWidth") == width
    pictures = page.locator(".scroll")
    overflow = pictures.evaluate_all("all => all.map(e => e.scrollWidth > e.clientWidth)")
    assert page.locator(".hint").evaluate_all("all => all.map(e => e.checkVisibility())") == overflow
    assert any(overflow) == (width < 1000)
    if AXE.exists():
        page.add_script_tag(path=str(AXE))
        found = page.evaluate("rules => axe.run({runOnly: rules})", RULES)
        assert not [(violation["id"], violation["nodes"][0]["html"]) for violation in found["violations"]]
    assert not troubles
    context.close()
