"""How wide a text is in Helvetica, and so in Arial and Liberation Sans, whose letters are as wide."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

__all__ = ["text_width"]

_WIDTHS = {
    letter: width
    for width, letters in {
        222: "'`ijl",
        260: "|",
        278: " !,./:;I[\\]ft\xa0·",
        333: "()-r",
        334: "{}",
        355: '"',
        389: "*",
        310: "₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹⁻₋⁽⁾₍₎",
        469: "^",
        500: "Jcksvxyz",
        556: "#$0123456789?L_abdeghnopqu–",
        584: "+<=>~−",
        611: "FTZ",
        667: "&ABEKPSVXY",
        722: "CDHNRUw",
        778: "GOQ",
        833: "Mm",
        889: "%",
        944: "W",
        1000: "…—‖⋯",
        1015: "@",
    }.items()
    for letter in letters
}
"""In thousandths of the size, as the font's metrics have it; what they do not have, from above."""

_OTHER, _SQUARE = 700, 1150
"""Other letters, and those of East Asia and pictures."""

_BOLD = 56
"""By so much a bold letter is wider, at most; figures are not."""


@lru_cache(10_000)
def text_width(text: str, size: float, bold: bool = False) -> float:
    """The width of a line of text, in the unit of ``size``.

    >>> round(text_width("grad", 10), 2), round(text_width("", 10), 2)
    (20.01, 0.0)
    """
    total = 0
    for letter in text:
        width = _WIDTHS.get(letter)
        if width is None:
            if unicodedata.combining(letter):
                continue
            width = _SQUARE if unicodedata.east_asian_width(letter) in "WF" or letter > "\uffff" else _OTHER
        total += width + (_BOLD if bold and letter.isalpha() else 0)
    return total * size / 1000
