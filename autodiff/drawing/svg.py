"""What becomes of Graphviz's SVG: a picture that can stand in any page, and that every reader can read.

It is built anew from a list of elements and attributes that can do no harm: nothing else is taken over, be it a script,
a link, a comment or a name of an entity.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

__all__ = ["finish_svg"]

_ELEMENTS = {"g", "path", "polygon", "polyline", "ellipse", "text"}
_ORDER = (
    *("id", "class", "transform", "d", "points", "x", "y", "cx", "cy", "rx", "ry"),
    *("fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray"),
    *("text-anchor", "font-family", "font-size", "font-weight", "font-style", "text-decoration", "baseline-shift"),
)
_ATTRIBUTES = {key: place for place, key in enumerate(_ORDER)}
_OWN = {"id", "transform", "d", "points", "x", "y"}
"""Of these each element has its own; of others there are few values."""

_NUMERIC = {"transform", "d", "points", "x", "y", "cx", "cy", "rx", "ry", "font-size", "stroke-width"}

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_UNROUNDED = re.compile(r"\.(?:\d*0|\d{3,})(?!\d)")
"""Of a number with more than hundredths, or with needless zeros; Graphviz writes few."""

_SHAPES = ("path", "polygon")
_PAIR = re.compile(r"(-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?)")
_PADDING = 8.2
"""Between a number and the edge of its box, as ``writing`` asks for."""

_NAME = "\ufdd0"
"""Stands for the picture's name until that is known; no text has this character, since it is no character of XML."""

_IDLE = re.compile(r"scale\(1 1\) rotate\(0\) ")
_TEXT_OF_ANOTHER_KIND = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")
_BARE = re.compile(r"[\w .#,-]*\Z", re.ASCII)

# What stands on the page itself, not in a box.  The first have a contrast of 3.8 or more on white and on
# black; the second are for dark pages, and should the page be light all the same, they still have 3.
_COLOURS = {"positive": ("#0072b2", "#3d9ad6"), "negative": ("#d55e00", "#e06f1a"), "neutral": ("#767676", "#929292")}
_BOXES = {
    "ink": ("#1b1f24", "#e6edf3"),
    "muted": ("#59636e", "#a3adb8"),
    "leaf": ("#e6f0fa", "#16293d"),
    "parameter": ("#fbf0d9", "#38290b"),
    "operation": ("#f6f8fa", "#22272e"),
    "output": ("#e8f4e8", "#16301b"),
    "group": ("#f0edf7", "#2b2540"),
}
"""What boxes are filled with, and what is written in them: pale with dark letters, or the other way round."""

_LIGHT_PAGES = ('[data-jp-theme-light="true"]', ".vscode-light", '[theme="light"]', '[data-theme="light"]', ".light")
_DARK_PAGES = ('[data-jp-theme-light="false"]', ".vscode-dark", '[theme="dark"]', '[data-theme="dark"]', ".dark")


def finish_svg(svg: bytes, *, title: str, description: str) -> str:
    """Graphviz's SVG, made fit to be shown.

    - Well-formed and inert, whatever the labels: no script, link, event, comment, DOCTYPE or entity.
    - ``title`` and ``description`` for screen readers; tooltips are titles, which browsers show.
    - As wide as it needs to be, at most as wide as the page.
    - On a transparent ground, in colours for light and dark pages: by the reader's preference, or as the themes of
      JupyterLab, VS Code and Colab say.
    - The same bytes for the same picture.  Ids begin with a hash of it, so that several can stand in one page.

    Args:
        svg: what Graphviz wrote.
        title: what the picture is, in a few words.
        description: what can be seen in it.

    Raises:
        xml.etree.ElementTree.ParseError: ``svg`` is not what Graphviz writes.

    >>> drawn = b'<svg width="9pt" viewBox="0 0 9 9" xmlns="http://www.w3.org/2000/svg"><!-- v1 --><script/></svg>'
    >>> picture = finish_svg(drawn, title="x < y", description="Two boxes.")
    >>> "x &lt; y</title>" in picture, "script" in picture, "v1" in picture
    (True, False, False)
    """
    source = ElementTree.fromstring(_plain(svg.decode("utf-8", "replace").replace("\r\n", "\n")))
    title, description = _plain(title), _plain(description)
    width, height = [_rounded(x) for x in source.get("viewBox", "0 0 0 0").split()[2:]]
    _align_numbers(source)
    drawn = "".join(_copied(source, None))
    name = "ad-" + sha256("\0".join([width, height, drawn, title, description]).encode()).hexdigest()[:12]
    attributes = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {width} {height}",
        "id": name,
        "width": f"{width}pt",
        "height": f"{height}pt",
        "style": "max-width:100%;height:auto",
        "role": "img",
        "aria-labelledby": f"{name}-title {name}-desc",
    }
    head = "".join([f' {key}="{value}"' for key, value in attributes.items()])
    told = "".join(
        [
            f'<{tag} id="{name}-{tag}">{_escaped(text)}</{tag}>'
            for tag, text in (("title", title), ("desc", description))
        ]
    )
    style = f"<style>{_escaped(_themes(name))}</style>"
    return f"<svg{head}>{told}{style}{drawn.replace(_NAME, name)}</svg>\n"


def _align_numbers(source: Element) -> None:
    """Let a number end at the edge of its box, as wide as it may be in the font of the reader.

    Graphviz says where a text begins, by the width that it has in a font here.
    """
    for group in source.iter():
        if not group.get("class", "").startswith("node"):
            continue
        outline = next((element for element in group.iter() if _local(element.tag) in _SHAPES), group)
        corners = _PAIR.findall(outline.get("points") or outline.get("d") or "")
        texts = [element for element in group.iter() if _local(element.tag) == "text"]
        for word, number in pairwise(texts):
            if corners and word.get("fill") == _BOXES["muted"][0] and number.get("text-anchor") == "start":
                number.set("text-anchor", "end")
                number.set("x", f"{max([float(x) for x, _ in corners]) - _PADDING:.2f}")


def _copied(source: Element, group: Element | None) -> list[str]:
    """What is harmless in ``source``, which stands in this group of the copy."""
    parts: list[str] = []
    for element in source:
        tag = _local(element.tag)
        # Links are only used for tooltips; around each is a group of Graphviz' own.
        if tag == "a" or (tag == "g" and element.get("id", "").startswith("a_")):
            parts += _copied(element, group)
        elif tag in _ELEMENTS and not (not parts and _is_ground(element, group)):
            attributes = _attributes(element)
            if tag == "text":
                text = "".join(element.itertext())
                if text != " ".join(text.split()):
                    attributes += ' xml:space="preserve"'  # spaces at an end, or several in a row
                parts.append(f"<text{attributes}>{_escaped(text)}</text>")
                continue
            inner = _copied(element, element) if len(element) else []
            tooltip = _tooltip(element) if tag == "g" and element.get("class") != "graph" else ""
            if tooltip:
                inner.insert(0, f"<title>{_escaped(tooltip)}</title>")
            parts.append(f"<{tag}{attributes}>{''.join(inner)}</{tag}>" if inner else f"<{tag}{attributes} />")
    return parts


def _tooltip(group: Element) -> str:
    """The first title of a link in a group, but not in a group that is copied itself."""
    waiting = [*reversed(group)]
    while waiting:
        element = waiting.pop()
        tag = _local(element.tag)
        if tag == "a":
            text = next((value for key, value in element.items() if _local(key) == "title"), "")
            if text:
                return text
        if tag == "a" or (tag == "g" and element.get("id", "").startswith("a_")):
            waiting.extend(reversed(element))
    return ""


def _is_ground(element: Element, group: Element | None) -> bool:
    """Whether an element is the white sheet that Graphviz puts under a picture, unless told otherwise."""
    return group is not None and group.get("class") == "graph" and element.get("fill") == "white"


def _attributes(element: Element) -> str:
    """Those that are harmless, in one order, with numbers and colours written in one way."""
    found = sorted([(_ATTRIBUTES[key], key, value) for key, value in element.items() if key in _ATTRIBUTES])
    return "".join([_attribute(key, value) if key in _OWN else _repeated(key, value) for _, key, value in found])


def _attribute(key: str, value: str) -> str:
    if key in _NUMERIC:
        if key == "transform":
            value = _IDLE.sub("", value)
        if "-0" in value or _UNROUNDED.search(value):
            value = _NUMBER.sub(lambda match: _rounded(match[0]), value)
    elif value == "transparent":
        value = "none"
    if key == "transform":
        value = _escaped(value).replace('"', "&quot;")
    elif not _BARE.match(value):
        return ""
    return f' {key}="{_NAME + "-" if key == "id" else ""}{value}"'


_repeated = lru_cache(1000)(_attribute)


def _rounded(number: str) -> str:
    """A number to hundredths of a point, without needless digits."""
    shortest = f"{float(number):.2f}".rstrip("0").rstrip(".")
    return "0" if shortest == "-0" else shortest


def _themes(name: str) -> str:
    """A style sheet for this picture alone, with other colours on a dark page.  What knows no variables ignores it."""
    light, dark = (
        "".join([f"--{key}:{pair[i]};" for key, pair in _COLOURS.items()])
        + "".join([f"--in-{key}:{pair[i]};" for key, pair in _BOXES.items()])
        for i in (0, 1)
    )
    rules = [f"#{name}{{{light}}}", f"@media(prefers-color-scheme:dark){{#{name}{{{dark}}}}}"]
    for pages, look in ((_LIGHT_PAGES, light), (_DARK_PAGES, dark)):
        rules.append(",".join([f"{page} #{name}" for page in pages]) + f"{{{look}}}")
    for key, (colour, _) in _COLOURS.items():
        for attribute in ("fill", "stroke"):
            rules.append(f'#{name} :not(.node)>[{attribute}="{colour}"]{{{attribute}:var(--{key})}}')
    for key, (colour, _) in _BOXES.items():
        rules.append(f'#{name} [fill="{colour}"]{{fill:var(--in-{key})}}')
    return "".join(rules)


def _escaped(text: str) -> str:
    """Text in which no character is markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(text: str) -> str:
    """Text without the characters that XML has no place for, and the like: each becomes U+FFFD."""
    return _TEXT_OF_ANOTHER_KIND.sub("\ufffd", text)


def _local(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition("}")[2]
