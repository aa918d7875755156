"""What notebooks get to show: an image inside HTML that survives sanitising, and is never too small to read."""

import re
from base64 import b64decode
from html.parser import HTMLParser
from pathlib import Path

import pytest

from autodiff import Value, draw
from autodiff.drawing.display import as_html

pytest.importorskip("pygraphviz")
ROOT = Path(__file__).parent.parent


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def image(html):
    (found,) = [attributes for tag, attributes in Tags(html).found if tag == "img"]
    return found


def chain(n, label="x"):
    x = Value(1.0, label)
    for _ in range(n):
        x = x * x
    return x


def test_the_image_is_the_picture():
    drawing = draw(chain(2))
    bundle = drawing._repr_mimebundle_()
    assert [*bundle] == ["text/html", "image/svg+xml", "text/plain"]  # the plainest last
    kind, _, data = image(bundle["text/html"])["src"].partition("base64,")
    assert kind == "data:image/svg+xml;"
    assert b64decode(data).decode() == bundle["image/svg+xml"] == drawing.svg


def test_only_what_a_sanitiser_leaves():
    """Tags and attributes that JupyterLab, GitHub and nbconvert let through, but for what is for the keyboard alone."""
    html = draw(chain(40))._repr_mimebundle_()["text/html"]
    for tag, attributes in Tags(html).found:
        assert tag in ("div", "img")
        assert {*attributes} - {"tabindex", "role", "aria-label"} <= {"src", "alt", "width", "style"}


@pytest.mark.parametrize(("points", "reached"), [(200, False), (320, False), (321, True), (3000, True)])
def test_the_keyboard_reaches_what_may_scroll(points, reached):
    """No page is narrower than 320 pixels; letters of 9 points may shrink to three quarters."""
    box = next(a for tag, a in Tags(as_html('<svg font-size="9"/>', points, "x")).found if "overflow" in a["style"])
    assert ("tabindex" in box) == ("role" in box) == ("aria-label" in box) == reached


@pytest.mark.parametrize("label", ['"><script>x()</script>', "' onerror='x()", "</div>", "&quot;"])
def test_a_caption_is_text(label):
    x = Value(1.0)
    y = x * x
    y.label = label
    drawing = draw(y)
    assert [tag for tag, _ in Tags(drawing.html).found] == ["div", "img"]
    assert image(drawing.html)["alt"] == drawing.caption
    assert label in drawing.caption


@pytest.mark.parametrize("points", [100, 600, 3000])
def test_never_too_small_to_read(points):
    html = as_html('<svg><text font-size="11"/><text font-size="9"/></svg>', points, "words")
    natural = int(image(html)["width"])
    assert natural == pytest.approx(points * 96 / 72, abs=1)
    least = int(re.search(r"min-width:(\d+)px", html)[1])
    assert 12 * least / natural >= 9 * 0.99  # letters of 9 points are 12 pixels high
    assert ("scroll sideways" in html) == (points == 3000)


@pytest.mark.parametrize("path", sorted((ROOT / "docs/pictures").glob("*.svg")), ids=lambda path: path.stem)
def test_pictures_of_the_documentation_can_be_read_on_github(path):
    """Where they are at most as wide as its column."""
    svg = path.read_text(encoding="utf-8")
    width = float(re.search(r'width="([\d.]+)pt"', svg)[1]) * 96 / 72
    smallest = min(map(float, re.findall(r'font-size="([\d.]+)"', svg))) * 96 / 72
    assert smallest * min(1, 830 / width) >= 9


def test_no_font_is_told(monkeypatch, tmp_path):
    """Rather than a picture of empty squares."""
    from autodiff.drawing import fonts

    monkeypatch.setattr(fonts, "_directories", lambda: [tmp_path, tmp_path / "missing"])
    monkeypatch.setattr(fonts.sys, "platform", "linux")
    with pytest.warns(RuntimeWarning, match=r"no font is installed.*apt install"):
        draw(chain(1)).save(tmp_path / "f.png")
    draw(chain(1)).save(tmp_path / "f.svg")  # has letters of the reader's own
    (tmp_path / "truetype").mkdir()
    (tmp_path / "truetype/Sans.TTF").touch()
    draw(chain(1)).save(tmp_path / "f.png")


def test_nbconvert_keeps_the_image():
    """The HTML that nbconvert makes of a notebook holds the picture as it is, and no text in place of it."""
    nbconvert = pytest.importorskip("nbconvert")
    from nbformat.v4 import new_code_cell, new_notebook, new_output

    drawing = draw(chain(2))
    output = new_output("execute_result", data=drawing._repr_mimebundle_(), execution_count=1)
    notebook = new_notebook(cells=[new_code_cell("draw(y)", outputs=[output])])
    html, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    sources = [attributes.get("src") for tag, attributes in Tags(html).found if tag == "img"]
    assert sources == [image(drawing.html)["src"]]
