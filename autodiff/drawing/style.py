"""How a picture looks: shapes and colours, and how numbers and names are written.

Boxes are pale with dark text, which ``svg`` turns round on a dark page, and what stands on the page itself has colours
of medium lightness, so that a picture is readable on both.  Every colour says again what a shape or a sign says.
"""

from __future__ import annotations

import unicodedata
from math import isfinite

from ..naming import superscript

__all__ = [
    "FONT",
    "FRAME",
    "INK",
    "KINDS",
    "LINE",
    "MUTED",
    "NAME",
    "NEGATIVE",
    "NEUTRAL",
    "POSITIVE",
    "number",
    "numerically",
    "shown",
    "sign_colour",
    "signed",
]

POSITIVE, NEGATIVE, NEUTRAL = "#0072B2", "#D55E00", "#767676"
"""Of Okabe and Ito's palette, which the colour-blind can tell apart; 4.5:1 or near it on white and on black alike."""

INK, MUTED, FRAME = "#1B1F24", "#59636E", "#9AA4AE"
"""What is written in a box, what is written there in passing, and the frame of a cluster."""

NAME = 24
"""So many characters of a name, or of what stands on an arrow, are shown."""

LINE = 34
"""How many characters a line in a box may have, and the name of a group."""

FONT = "Helvetica,Arial,sans-serif"

KINDS: dict[str, tuple[str, dict[str, str]]] = {
    "leaf": ("leaf", {"shape": "box", "style": "filled", "fillcolor": "#E6F0FA", "color": "#4F7CA8"}),
    "parameter": ("parameter", {"shape": "note", "style": "filled", "fillcolor": "#FBF0D9", "color": "#A07A2C"}),
    "constant": (
        "constant",
        {"shape": "box", "style": "filled,rounded,dashed", "fillcolor": "#F6F8FA", "color": "#767676"},
    ),
    "operation": ("operation", {"shape": "box", "style": "filled,rounded", "fillcolor": "#F6F8FA", "color": "#767676"}),
    "output": (
        "output",
        {"shape": "box", "style": "filled,rounded", "fillcolor": "#E8F4E8", "color": "#3F7F4C", "peripheries": "2"},
    ),
    "group": ("group", {"shape": "folder", "style": "filled", "fillcolor": "#F0EDF7", "color": "#76689A"}),
    "stub": ("left out", {"shape": "plain"}),
}
"""For each kind of box: what the legend calls it, its shape and its colours."""


def number(x: float) -> str:
    """Four significant digits, with a real minus sign.

    >>> number(6.0), number(-0.27941549), number(1.5e-7), number(float("inf"))
    ('6', '−0.2794', '1.5·10⁻⁷', '∞')
    """
    if not isfinite(x):
        return "nan" if x != x else "∞" if x > 0 else "−∞"
    digits, _, exponent = f"{x + 0.0:.4g}".partition("e")  # + 0.0: no sign of −0
    digits = digits.replace("-", "−")
    return f"{digits}·10{superscript(str(int(exponent)))}" if exponent else digits


def signed(x: float) -> str:
    """The number with its sign, a plus too; 0 has none.

    >>> signed(2.0), signed(-2.0), signed(-0.0)
    ('+2', '−2', '0')
    """
    return f"+{number(x)}" if x > 0 else number(x) if x else "0"


def sign_colour(x: float) -> str:
    """The colour of a number's sign; neutral for 0 and nan."""
    return POSITIVE if x > 0 else NEGATIVE if x < 0 else NEUTRAL


def shown(text: str, longest: int) -> str:
    r"""Text as it is shown: one line of at most ``longest`` characters, whose invisible characters can be seen.

    Control characters, direction marks and the like are written as Python escapes them: they would break the file, or
    reorder what stands beside them.

    >>> print(shown("a\tb", 9), shown("x" * 100, 5))
    a\tb xxxx…
    """
    if len(text) > longest:
        text = text[: longest - 1] + "…"
    return "".join([c if _visible(c) else c.encode("unicode_escape", "replace").decode() for c in text])


def numerically(words: str) -> tuple[int, str]:
    """The place of a frame in their order: layer 2 before layer 10."""
    digits = words.rpartition(" ")[2]
    return (int(digits) if digits.isdecimal() else 0, words)


def _visible(c: str) -> bool:
    return c.isprintable() or (unicodedata.category(c) == "Cf" and c in "\u200c\u200d")
