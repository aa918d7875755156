"""What becomes of Graphviz's SVG: a picture that can stand in any page, and that every reader can read.

It is built anew from a list of elements and attributes that can do no harm: nothing else is taken over, be it a script,
a link, a comment or a name of an entity.
"""

from __future__ import annotations

import re
from hashlib import sha256
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

__all__ = ["finish_svg"]

_ELEMENTS = {"g", "path", "polygon", "polyline", "ellipse", "text"}
_ATTRIBUTES = (
    *("id", "class", "transform", "d", "points", "x", "y", "cx", "cy", "rx", "ry"),
    *("fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray"),
    *("text-anchor", "font-family", "font-size", "font-weight", "font-style", "text-decoration", "baseline-shift"),
)
_NUMERIC = {"transform", "d", "points", "x", "y", "cx", "cy", "rx", "ry", "font-size", "stroke-width"}

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_IDLE = re.compile(r"scale\(1 1\) rotate\(0\) ")
_TEXT_OF_ANOTHER_KIND = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")
_BARE = re.compile(r"[\w .#,-]*\Z", re.ASCII)

# What stands on the page itself, not in a box.  The first have a contrast of 3.8 or more on white and on
# black; the second are for dark pages, and should the page be light all the same, they still have 3.
_COLOURS = {"positive": ("#0072b2", "#3d9ad6"), "negative": ("#d55e00", "#e06f1a"), "neutral": ("#767676", "#929292")}
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
    root = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {width} {height}"})
    _copy(source, root)

    drawn = ElementTree.tostring(root, encoding="unicode")
    name = "ad-" + sha256("\0".join([drawn, title, description]).encode()).hexdigest()[:12]
    for element in root.iter():
        if "id" in element.attrib:
            element.set("id", f"{name}-{element.get('id')}")

    for key, value in {
        "id": name,
        "width": f"{width}pt",
        "height": f"{height}pt",
        "style": "max-width:100%;height:auto",
        "role": "img",
        "aria-labelledby": f"{name}-title {name}-desc",
    }.items():
        root.set(key, value)
    for position, (tag, text) in enumerate([("title", title), ("desc", description)]):
        root.insert(position, _element(tag, text, id=f"{name}-{tag}"))
    root.insert(2, _element("style", _themes(name)))
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _copy(source: Element, target: Element) -> None:
    """Copy what is harmless in ``source`` to ``target``."""
    for element in source:
        tag = _local(element.tag)
        if tag == "a":  # a tooltip is all that links are used for
            _add_tooltip(element, target)
            _copy(element, target)
        elif tag == "g" and element.get("id", "").startswith("a_"):  # Graphviz' group around a link, within another
            _copy(element, target)
        elif tag in _ELEMENTS and not _is_ground(element, target):
            copy = Element(tag, _attributes(element))
            target.append(copy)
            if tag == "text":
                copy.text = "".join(element.itertext())
                if copy.text != " ".join(copy.text.split()):
                    copy.set("xml:space", "preserve")  # spaces at an end, or several in a row
            else:
                _copy(element, copy)


def _add_tooltip(link: Element, group: Element) -> None:
    """Make the title of a link one of the group around it, unless it has one or is the whole picture."""
    text = next((value for key, value in link.items() if _local(key) == "title"), "")
    if text and group.get("class") != "graph" and not any(child.tag == "title" for child in group):
        group.insert(0, _element("title", text))


def _is_ground(element: Element, parent: Element) -> bool:
    """Whether an element is the white sheet that Graphviz puts under a picture, unless told otherwise."""
    return parent.get("class") == "graph" and not len(parent) and element.get("fill") == "white"


def _attributes(element: Element) -> dict[str, str]:
    """Those that are harmless, in one order, with numbers and colours written in one way."""
    attributes = {}
    for key in _ATTRIBUTES:
        value = element.get(key)
        if value is None:
            continue
        if key in _NUMERIC:
            value = _NUMBER.sub(lambda match: _rounded(match[0]), _IDLE.sub("", value))
        if value == "transparent":
            value = "none"
        if _BARE.match(value) or key == "transform":
            attributes[key] = value
    return attributes


def _rounded(number: str) -> str:
    """A number to hundredths of a point, without needless digits."""
    shortest = f"{float(number):.2f}".rstrip("0").rstrip(".")
    return "0" if shortest == "-0" else shortest


def _themes(name: str) -> str:
    """A style sheet for this picture alone: brighter colours on a dark page.  What knows no variables ignores it."""
    light = "".join([f"--{key}:{colour};" for key, (colour, _) in _COLOURS.items()])
    dark = "".join([f"--{key}:{colour};" for key, (_, colour) in _COLOURS.items()])
    rules = [f"#{name}{{{light}}}", f"@media(prefers-color-scheme:dark){{#{name}{{{dark}}}}}"]
    for pages, look in ((_LIGHT_PAGES, light), (_DARK_PAGES, dark)):
        rules.append(",".join([f"{page} #{name}" for page in pages]) + f"{{{look}}}")
    for key, (colour, _) in _COLOURS.items():
        for attribute in ("fill", "stroke"):
            rules.append(f'#{name} :not(.node)>[{attribute}="{colour}"]{{{attribute}:var(--{key})}}')
    return "".join(rules)


def _element(tag: str, text: str, **attributes: str) -> Element:
    element = Element(tag, attributes)
    element.text = text
    return element


def _plain(text: str) -> str:
    """Text without the characters that XML has no place for, and the like: each becomes U+FFFD."""
    return _TEXT_OF_ANOTHER_KIND.sub("\ufffd", text)


def _local(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition("}")[2]
