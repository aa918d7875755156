"""Pictures as a notebook shows them, in a real browser: legible, and within reach of the keyboard.

`make test-browser` runs it.
"""

from __future__ import annotations

import pytest

from autodiff import Value, draw, sin
from nn import MLP
from tests.pages import LOOKS, PATIENCE, SIZES, barriers, sideways, with_axe

SMALLEST = """all => Math.min(...all.map((image) => {
  const sizes = [...atob(image.src.split(",")[1]).matchAll(/font-size="([\\d.]+)"/g)].map(([, size]) => Number(size));
  return Math.min(...sizes) * 4 / 3 * image.width / Number(image.getAttribute("width"));
}))"""


def chain(n):
    x = Value(0.3, "x")
    for _ in range(n):
        x = sin(x) * 1.5
    return x


def network():
    return MLP(2, [3, 1], "tanh", seed=1)([Value(0.5, "x_1^(0)"), Value(-0.25, "x_2^(0)")])


@pytest.fixture(scope="module")
def page_of_pictures(tmp_path_factory):
    """A long chain, a network and a small graph, as outputs of a notebook."""
    pictures = [draw(output).html for output in (chain(30), network(), chain(1))]
    path = tmp_path_factory.mktemp("pictures") / "page.html"
    head = '<!DOCTYPE html><html lang="en"><title>Pictures</title><meta name="viewport" content="width=device-width">'
    path.write_text(f"{head}<main><h1>Pictures</h1>{''.join(pictures)}</main></html>", encoding="utf-8")
    return path.as_uri()


@with_axe
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("size", SIZES)
def test_pictures_have_no_barrier(browser, page_of_pictures, size, look):
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, **LOOKS[look])
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(page_of_pictures)
    assert not barriers(page)
    assert not sideways(page)
    assert page.locator("img").evaluate_all(SMALLEST) >= 8.99
    boxes = page.locator("main > div")
    scrolls = boxes.evaluate_all("all => all.map((box) => box.scrollWidth > box.clientWidth)")
    assert scrolls == [size == "phone"] * 3
    if size == "phone":
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.querySelector('main > div')")
        page.keyboard.press("ArrowRight")
        page.wait_for_function("document.activeElement.scrollLeft > 0")
    context.close()
