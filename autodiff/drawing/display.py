"""A picture for every viewer of notebooks: as an image inside HTML, which survives where an SVG is not trusted.

JupyterLab shows the SVG of a notebook that it does not trust as text.  It shows an image
whose address holds the picture.
"""

from __future__ import annotations

import re
from base64 import b64encode
from html import escape

__all__ = ["as_html"]

_PIXELS = 4 / 3
"""CSS pixels in a point."""

_LEGIBLE = 9
"""Letters are to have so many pixels at least."""

_LETTERS = re.compile(r'font-size="([\d.]+)"')

_PAGE = 900
"""A page is about as wide; what does not fit even at its smallest has a hint."""


def as_html(svg: str, width: float, alternative: str) -> str:
    """An SVG as an image in HTML: at most as wide as the page, but never so small that it cannot be read.

    Args:
        svg: the picture.
        width: its width in points.
        alternative: what it shows, in words, for those who cannot see it.

    >>> as_html("<svg/>", 30, 'x < "y"').partition(" alt=")[2].partition(" width")[0]
    '"x &lt; &quot;y&quot;"'
    """
    natural = round(width * _PIXELS)
    smallest = min(map(float, _LETTERS.findall(svg)), default=_LEGIBLE) * _PIXELS
    least = round(natural * min(_LEGIBLE / smallest, 1.0))
    data = b64encode(svg.encode()).decode()
    hint = ""
    if least > _PAGE:
        hint = f'<div style="font-size:12px;opacity:0.75">⟷ {natural:,} pixels wide: scroll sideways</div>'
    return (
        f'{hint}<div style="overflow-x:auto"><img src="data:image/svg+xml;base64,{data}" '
        f'style="max-width:100%;min-width:{least}px;height:auto" alt="{escape(alternative)}" '
        f'width="{natural}"></div>\n'
    )
