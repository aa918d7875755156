"""A picture for every viewer of notebooks: as an image inside HTML, which survives where an SVG is not trusted.

JupyterLab shows the SVG of a notebook that it does not trust as text.  It shows an image
whose address holds the picture.
"""

from __future__ import annotations

import re
from base64 import b64encode
from html import escape
from math import ceil

__all__ = ["as_html", "legible_width", "width_of"]

_PIXELS = 4 / 3
"""CSS pixels in a point."""

_LEGIBLE = 9
"""Letters are to have so many pixels at least."""

_LETTERS = re.compile(r'font-size="([\d.]+)"')

_PAGE = 900
"""A page is about as wide; what does not fit even at its smallest has a hint."""


_NARROWEST = 320
"""No page is narrower: what fits there never scrolls, and needs no way for the keyboard to scroll it."""


def width_of(svg: str) -> float:
    """The width of a picture in points, as it says itself."""
    return float(svg.partition(' width="')[2].partition("pt")[0])


def legible_width(svg: str, width: float) -> int:
    """How many CSS pixels wide a picture must be shown for its smallest letters to be read.

    >>> legible_width('<svg width="300pt"><text font-size="9"/></svg>', 300)  # 400 pixels, and letters of 12
    300
    """
    smallest = min(map(float, _LETTERS.findall(svg)), default=_LEGIBLE) * _PIXELS
    return ceil(width * _PIXELS * min(_LEGIBLE / smallest, 1.0))


def as_html(svg: str, width: float, alternative: str) -> str:
    """An SVG as an image in HTML: at most as wide as the page, but never so small that it cannot be read.

    Args:
        svg: the picture.
        width: its width in points.
        alternative: what it shows, in words, for those who cannot see it.

    >>> as_html("<svg/>", 30, 'x < "y"').partition(" alt=")[2].partition(" width")[0]
    '"x &lt; &quot;y&quot;"'
    """
    natural, least = round(width * _PIXELS), legible_width(svg, width)
    data = b64encode(svg.encode()).decode()
    hint = ""
    if least > _PAGE:
        hint = f'<div style="font-size:12px;opacity:0.75">⟷ {natural:,} pixels wide: scroll sideways</div>'
    # A sanitiser may drop these; then browsers that let the keyboard into whatever scrolls do without.
    reach = ' tabindex="0" role="group" aria-label="The picture, wider than a phone"' if least > _NARROWEST else ""
    return (
        f'{hint}<div style="overflow-x:auto"{reach}><img src="data:image/svg+xml;base64,{data}" '
        f'style="max-width:100%;min-width:{least}px;height:auto" alt="{escape(alternative)}" '
        f'width="{natural}"></div>\n'
    )
