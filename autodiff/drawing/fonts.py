"""Whether there is a font to draw letters with: without one, a PNG or PDF of Graphviz has an empty square for each."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

__all__ = ["warn_without_fonts"]

_ENDINGS = (".ttf", ".otf", ".ttc", ".otc", ".pfb", ".pfa")


def warn_without_fonts() -> None:
    """Warn if no font is installed; Windows and macOS always have some."""
    if sys.platform not in ("win32", "darwin") and not any(map(_has_font, _directories())):
        warnings.warn(
            "no font is installed, so the letters of a .png or .pdf are empty squares: install one, "
            "on Debian and Ubuntu with apt install fonts-dejavu-core, or save an .svg",
            RuntimeWarning,
            stacklevel=2,
        )


def _directories() -> list[Path]:
    """Where fontconfig looks unless it is told otherwise."""
    home = Path(os.path.expanduser("~"))
    data = os.environ.get("XDG_DATA_HOME") or home / ".local/share"
    shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    own = Path(sys.prefix) / "share/fonts"  # of conda
    return [*[Path(each) / "fonts" for each in shared.split(":")], Path(data) / "fonts", home / ".fonts", own]


def _has_font(directory: Path) -> bool:
    return any(name.lower().endswith(_ENDINGS) for _, _, names in os.walk(directory) for name in names)
