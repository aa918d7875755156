"""A label is text, whatever it says: pictures of hostile names stay well-formed, harmless and readable."""

import re
from importlib.util import find_spec
from shutil import which
from xml.etree.ElementTree import fromstring

import pytest

import autodiff as ad
from autodiff import Value
from autodiff.drawing import render as module
from autodiff.drawing.drawing import draw
from tests.test_svg import SVG, in_browser, loaded

ALLOWED = {"svg", "title", "desc", "style", "g", "path", "polygon", "polyline", "ellipse", "text"}

# What each would do if it were anything but text: `pwned` in the page's root element is the flag.
FLAG = "document.documentElement.dataset.pwned=1"
HOSTILE = {
    "script": f"<script>{FLAG}</script>",
    "end of the picture": f"</text></svg><script>{FLAG}</script>",
    "end of the title": f"</title></desc></style><script>{FLAG}</script>",
    "event": f"<img src=x onerror={FLAG}>",
    "attribute": f'" onload="{FLAG}" x="',
    "apostrophe": f"' onclick='{FLAG}' x='",
    "link": f"javascript:{FLAG}",
    "DOT": f'"]; x [URL="javascript:{FLAG}"]; y [label="',
    "DOT, escaped": f'\\"]; x [URL="javascript:{FLAG}"]; y [label="',
    "end of an HTML-like label": f'</TD></TR></TABLE>>, URL="javascript:{FLAG}", label=<<TABLE>',
    "HTML-like": "<b>bold</b>",
    "image": '<IMG SRC="/etc/passwd"/>',
    "quotes": "say \"hi\" and 'ho'",
    "backslash": "a\\b",
    "last backslash": "a\\",
    "backslashes": "\\\\\\",
    "name of the node": "\\N",
    "name of the graph": "\\G and \\L",
    "name of the edge": "\\E \\T \\H",
    "justified lines": "a\\nb\\lc\\r",
    "entity": "&quot; &lt;b&gt;",
    "entity of a backslash": "&#92;N",
    "unknown entity": "&nonsense; &",
    "entity of a script": f"&lt;script&gt;{FLAG}&lt;/script&gt;",
    "newline": "a\nb",
    "lines": "a\r\n\tb\x0bc\u2028d\x85e",
    "record": "{a|<port> b|{c}}",
    "braces": "}} digraph {{",
    "control characters": "a\x00b\x01c\x08d\x1b[31me\x7f",
    "not for XML": "a\ufffeb\uffffc",
    "half of a pair": "a\ud800b",
    "right to left": "a\u202ecba\u202c \u200fd\u2067e",
    "right-to-left letters": "שלום",
    "section": "]]> <![CDATA[x]]>",
    "comment": "<!-- x --> -- ->",
    "instruction": "<?xml version='1.0'?>",
    "declaration": "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>&y;",
    "long": "x" * 10_000,
    "long and hostile": f"<script>{FLAG}</script>" * 400,
    "empty": "",
    "spaces": "   ",
    "emoji": "👩‍👩‍👧 ∂𝔽",
    "style": "</style><style>*{display:none}",
    "percent": "%s %n {0} ${x}",
}


@pytest.fixture(params=["program", "wheel", "our own"])
def way(request, monkeypatch, tmp_path):
    """Each of the ways to lay out; for the wheel `dot` is hidden, for our own both are."""
    if request.param == "our own":
        monkeypatch.setattr(module, "_ways", list)
    elif request.param == "program":
        if which("dot") is None or find_spec("graphviz") is None:
            pytest.skip("no `dot` on the PATH, or no package graphviz")
        monkeypatch.setattr(module, "find_spec", lambda name: find_spec(name) if name == "graphviz" else None)
    else:
        if find_spec("pygraphviz") is None:
            pytest.skip("the package pygraphviz is not installed")
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(module, "_by_program", None)


def labelled(texts):
    """A graph whose leaves, operations and output have these labels."""
    leaves = [Value(2.0, label=text) for text in texts]
    squares = [leaf * leaf for leaf in leaves]
    for text, square in zip(texts, squares, strict=True):
        square.label = f"{text} "
    output = ad.sum(squares)
    output.label = f" {''.join(texts)}"
    output.backward()
    return output


@pytest.fixture
def pictures(way):
    """The ways in which a text comes into a picture: every hostile text in each."""
    texts = [*HOSTILE.values()]
    leaves = [Value(2.0) for _ in texts]
    output = ad.dot(leaves, [3.0] * len(leaves))
    output.backward()
    return [
        draw(labelled(texts), time_limit=60, max_nodes=1000),
        draw(output, names=dict(zip(texts, leaves, strict=True)), time_limit=60, max_nodes=1000),
        draw(labelled(texts), show="formula", direction="TB", time_limit=60, max_nodes=1000),
    ]


def test_pictures_are_well_formed_and_harmless(pictures):
    for picture in pictures:
        root = fromstring(picture.svg)
        assert root.get("aria-labelledby")
        for element in root.iter():
            assert element.tag.startswith(SVG)
            assert element.tag.removeprefix(SVG) in ALLOWED
            for key, value in element.items():
                assert not key.lower().startswith("on")
                assert "href" not in key
                assert "javascript" not in value
                assert "url" not in value
        for start in ("<!", "<?"):
            assert start not in picture.svg
        leaves = [group for group in root.iter(SVG + "g") if "leaf" in group.get("class", "").split()]
        assert len(leaves) == len(HOSTILE)  # none has grown or gone


# Short, and of characters that are shown as they are.
READABLE = [text for text in HOSTILE.values() if text.strip() and len(text) <= 20 and text.isprintable()]


def test_labels_say_what_they_said(pictures):
    for picture in pictures[:2]:
        leaves = [g for g in fromstring(picture.svg).iter(SVG + "g") if "leaf" in g.get("class", "").split()]
        shown = {leaf.find(SVG + "text").text.strip() for leaf in leaves}
        explained = {leaf.find(SVG + "title").text.split("\n")[0].strip() for leaf in leaves}
        assert {text.strip() for text in READABLE} - shown == set()
        assert {text.strip() for text in READABLE} - explained == set()


def test_enough_labels_are_readable():
    assert len(READABLE) >= 12


# ---------------------------------------------------------------------------------------------------------------------
# In a browser.
# ---------------------------------------------------------------------------------------------------------------------


@in_browser
def test_the_flag_would_be_seen(tmp_path):
    assert "data-pwned" in loaded(f"<svg><text>{HOSTILE['end of the picture']}</text></svg>", tmp_path).split(">")[1]


@in_browser
def test_nothing_runs_in_a_page(pictures, tmp_path):
    page = loaded("\n".join(f"<div>{picture.svg}</div>" for picture in pictures), tmp_path)
    assert "data-pwned" not in page.split("<body")[0]
    body = page.split("<body")[1]
    assert body.count("<svg ") == body.count("</svg>") == len(pictures)
    # Nothing has broken out: an HTML parser sees only what the XML parser saw.
    assert {tag.lower() for tag in re.findall(r"<([A-Za-z]\w*)", body)} <= ALLOWED | {"div"}
    assert not re.search(r"<\w+[^>]*\son\w+=", re.sub(r'"[^"]*"', '""', body))
