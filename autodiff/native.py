"""Whether the node of ``_node.c`` is there; without it that of ``value.py`` does the same, more slowly.

``autodiff.engine`` says which one it is, and so does ``python -m autodiff --version``.  With AUTODIFF_PURE=1 in the
environment it is the Python one wherever both are.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING
from warnings import warn

if TYPE_CHECKING:
    from typing import Any

__all__ = ["engine", "give_up", "node"]


def _built() -> Any:
    if os.environ.get("AUTODIFF_PURE", "0") not in ("", "0"):
        return None
    try:
        return import_module("._node", __package__)
    except ImportError:  # not built, or for another Python
        return None


node = _built()
"""The module in C, or None."""

engine = "python" if node is None else "c"
"""Which node there is: "c" or "python"."""


def give_up(error: Exception) -> None:
    """Go on with the Python node: the one in C is of another version of this package, say."""
    global node, engine
    node, engine = None, "python"
    warn(
        f"the node in C does not work here, so Value is in Python, and slower; install again ({error!r})", stacklevel=2
    )
