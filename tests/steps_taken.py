"""Work counted in lines of Python that run: the same on every machine, however busy."""

import sys
from collections.abc import Callable
from typing import Any


def lines_run(f: Callable[[], Any]) -> int:
    """How many lines of Python, in whatever function, ``f()`` runs."""
    lines = 0

    def trace(frame: Any, event: str, argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        f()
    finally:
        sys.settrace(before)
    return lines
