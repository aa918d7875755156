"""The demo's page in a real browser: legible at every width, and accessible.  `make test-browser` runs it."""

from __future__ import annotations

import pytest

from nn.__main__ import main
from tests.pages import AXE, PATIENCE, barriers

pytestmark = pytest.mark.xdist_group("demo")  # one process writes the page, once

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
def address(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo")
    assert main(["demo", "--epochs", "1", "--out", str(out)]) == 0
    return (out / "index.html").as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_is_legible_and_accessible(browser, address, width, scheme):
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
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
        assert not barriers(page)
    assert not troubles
    context.close()
