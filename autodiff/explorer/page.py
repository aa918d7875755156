"""The page: one HTML file with data, script and styles in it, which fetches nothing and runs nothing else.

Its content security policy names the script and the style sheet by their hashes.  Data are JSON, without any "<".
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

__all__ = ["bundle", "framed", "page"]

HEIGHT = 860
"""Of a frame in a notebook: some cut outputs at 1,000 pixels."""

_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(const|let|function|class) (\w+|\{[^}]*\}))", re.MULTILINE)
_COMMENT = re.compile(r"^[ ]*(?:/\*\*(?:(?!\*/).)*\*/|//[^\n]*)\n|/\*\*(?:(?!\*/).)*\*/ ?", re.MULTILINE | re.DOTALL)

_INDENT = re.compile(r"^ +", re.MULTILINE)
"""Which no module needs: none has a text over several lines."""


def page(title: str, data: dict[str, Any], made: dict[str, str], script: str = "main") -> str:
    """The file.

    Args:
        title: of the page.
        data: for the script; it finds them in the element ``data``.
        made: modules that the script imports and that are no files, by name.
        script: the module that runs.
    """
    style, text = _source("style.css"), bundle(script, made)
    return Template(_source("page.html")).substitute(
        title=escape(title),
        policy=policy(text, style),
        style=style,
        data=json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
        script=text,
    )


def framed(title: str, html: str, picture: str = "") -> str:
    """The page within another one: in a frame that may run its script and reaches nothing of the page around it.

    Args:
        title: what the frame is called.
        html: the page.
        picture: an SVG to show where there are no frames.  A notebook that is not trusted takes away the frame, and
            with it the style that hides the picture.
    """
    image = b64encode(picture.encode()).decode()
    alone = f'<img alt="{escape(title)}" src="data:image/svg+xml;base64,{image}">' if picture else escape(title)
    return (
        f'<style>.without-frame {{ display: none }}</style><div class="without-frame">{alone}</div>'
        f'<iframe title="{escape(title)}" sandbox="allow-scripts" width="100%" height="{HEIGHT}" frameborder="0" '
        f'srcdoc="{escape(html)}"></iframe>'
    )


def policy(script: str, style: str) -> str:
    """What the page may do: run this script, use this style sheet, and nothing else."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {_hashed(script)}",
            f"style-src {_hashed(style)}",
            "img-src data:",  # an empty icon, so that no browser asks for one
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )


def _hashed(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def bundle(name: str, made: dict[str, str]) -> str:
    r"""A module and all that it imports as one script, each in a scope of its own, in the order of their imports.

    Args:
        name: that of the module, without its ending.
        made: modules that are no files.

    >>> print(bundle("a", {"a": 'import { x } from "./b.js";\nx();\n', "b": "export function x() {}\n"}))
    const module_b = (() => {
    function x() {}
    return { x };
    })();
    const module_a = (() => {
    const { x } = module_b;
    x();
    return {  };
    })();
    <BLANKLINE>
    """
    done: dict[str, str] = {}
    waiting = [name]
    while waiting:
        module = waiting[-1]
        text = made.get(module) or _source(f"script/{module}.js")
        missing = [other for _, other in _IMPORT.findall(text) if other not in done]
        if missing:
            waiting += missing
            continue
        waiting.pop()
        done.setdefault(module, _scoped(module, text))
    return "".join(done.values())


def _scoped(module: str, text: str) -> str:
    text = _INDENT.sub("", _COMMENT.sub("", text))
    names = [name.strip("{} ") for _, name in _EXPORT.findall(text)]
    exported = ", ".join([part.rpartition(":")[2].strip() for name in names for part in name.split(",")])
    text = _IMPORT.sub(lambda match: f"const {match[1].replace(' as ', ': ')} = module_{match[2]};\n", text)
    return f"const module_{module} = (() => {{\n{_EXPORT.sub('', text)}return {{ {exported} }};\n}})();\n"


def _source(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
