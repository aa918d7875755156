"""The documentation site that ``make docs`` has written: links, hosts, words for pictures, and its look in Chromium."""

from __future__ import annotations

import os
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlparse

import pytest

from tests.pages import AXE, served, with_axe

ROOT = Path(__file__).parent.parent
SITE = ROOT / "build/site"
SHOTS = os.environ.get("SITE_SHOTS")  # a folder for screenshots, to look at
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

pytestmark = pytest.mark.skipif(not SITE.exists(), reason="the site is not built: run `make docs`")


class Page(HTMLParser):
    """What a page refers to: links, and what the browser fetches by itself; its anchors; its pictures without words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.anchors: set[str] = set()
        self.wordless: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag == "a":
            self.links += [given["href"]] * ("href" in given)
        elif tag == "link":
            if "canonical" not in given.get("rel", ""):
                self.fetched.append(given["href"])
        else:
            self.fetched += [given[name] for name in ("src", "poster", "data") if given.get(name)]
        if tag == "img" and not given.get("alt") and given.get("role") != "presentation":
            self.wordless.append(given.get("src", "")[:60])
        if tag == "iframe" and not given.get("title"):
            self.wordless.append("iframe")
        if tag == "iframe" and "srcdoc" in given:
            inner = Page(given["srcdoc"])
            self.fetched += inner.fetched
            self.wordless += inner.wordless


@cache
def pages() -> dict[Path, Page]:
    return {path: Page(path.read_text(encoding="utf-8")) for path in sorted(SITE.rglob("*.html"))}


def elsewhere(address: str) -> bool:
    return bool(urlparse(address).netloc) or address.startswith("//")


def test_there_is_a_page_for_every_document_and_notebook():
    sources = [*ROOT.glob("docs/*.md"), *ROOT.glob("notebooks/*.ipynb")]
    assert len(sources) > 20
    for source in sources:
        assert (SITE / source.relative_to(ROOT)).with_suffix(".html") in pages()


def test_no_internal_link_is_broken():
    broken = []
    for path, page in pages().items():
        for link in page.links:
            address, anchor = urldefrag(link)
            if elsewhere(address) or urlparse(address).scheme:
                continue
            target = (path.parent / unquote(address)).resolve() if address else path
            if not target.exists():
                broken.append(f"{path.relative_to(SITE)}: {link}")
            elif anchor and target in pages() and unquote(anchor) not in pages()[target].anchors:
                broken.append(f"{path.relative_to(SITE)}: {link} has no such place")
    assert not broken, "\n".join(broken)


def test_no_page_fetches_anything_from_another_host():
    found = [
        f"{path.name}: {address}" for path, page in pages().items() for address in page.fetched if elsewhere(address)
    ]
    for style in SITE.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        found += [f"{style.name}: {word}" for word in ("url(http", "url(//", '@import "http') if word in text]
    assert not found, "\n".join(found)


def test_every_file_that_a_page_fetches_is_there():
    for path, page in pages().items():
        for address in page.fetched:
            if not urlparse(address).scheme:
                assert (path.parent / unquote(urlparse(address).path)).exists(), f"{path.name}: {address}"


def test_every_picture_has_words():
    wordless = [f"{path.name}: {picture}" for path, page in pages().items() for picture in page.wordless]
    assert not wordless, "\n".join(wordless)


def test_formulas_are_set_and_shown_once():
    formulas = 0
    for path in pages():
        text = path.read_text(encoding="utf-8")
        formulas += text.count("<math")
        shown = re.sub(r"<(pre|script|style|code).*?</\1>|<[^>]*>", "", text, flags=re.DOTALL)
        assert not re.findall(r"\\(?:frac|partial|cdot|sum|text|quad)\b", shown), path.name
    assert formulas > 50


@pytest.fixture(scope="module")
def address():
    with served(SITE) as address:
        yield address


LOOKS = {
    "light, wide": ("light", {"width": 1280, "height": 900}),
    "dark, on a phone": ("dark", {"width": 390, "height": 844}),
}
SEEN = [path for path in sorted(SITE.rglob("*.html")) if path.parent.name != "explorer" and path.parent != SITE]


@with_axe
@pytest.mark.parametrize("path", SEEN, ids=lambda path: path.relative_to(SITE).as_posix())
def test_a_page_has_no_barrier_nor_scrolls_sideways_nor_asks_another_host(path, browser, address):
    """The explorer's own pages have tests of their own; here they are in frames."""
    name = path.relative_to(SITE).as_posix()
    wrong, asked = [], []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(f"an error: {error}"))
    page.goto(f"{address}/{name}")
    page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
    options = {"runOnly": {"type": "tag", "values": WCAG}, "iframes": False, "resultTypes": ["violations"]}
    for look, (scheme, size) in LOOKS.items():
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(size)
        for found in page.evaluate("options => axe.run(options)", options)["violations"]:
            wrong += [f"{look}: {found['id']}: {node['html'][:160]}" for node in found["nodes"][:3]]
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            wrong.append(f"{look}: scrolls sideways")
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{name.replace('/', '-')}-{look}.png", full_page=True)
    page.close()
    wrong += [url for url in asked if not url.startswith((address, "data:", "about:"))]
    assert not wrong, "\n".join(wrong)
