"""Graphviz lays out a picture: the program ``dot`` where it is on the PATH, or the one that pygraphviz carries.

Either runs in a process of its own.  It can be stopped when the time is up, what it says about fonts stays off the
screen, and if it crashes, the caller does not.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import which

from ..errors import LayoutError, LayoutTimeout, MissingDependency

__all__ = ["render"]

# The wheel has libraries, but no program `dot`; this is one.  Its arguments: where the package is, and the format.
_DOT_OF_THE_WHEEL = """
import sys
sys.path.append(sys.argv[1])
try:
    from pygraphviz import AGraph
    picture = AGraph(string=sys.stdin.buffer.read().decode()).draw(format=sys.argv[2], prog="dot")
    sys.stdout.buffer.write(picture)
except Exception as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""

# Formats that both ways have; the name goes to a command line.
_FORMATS = ("svg", "png", "pdf", "ps", "eps", "jpg", "gif", "plain", "json", "dot")

_REMEDIES = (
    "a picture is laid out by Graphviz, which is not installed: pip install 'scalar-autodiff[draw]' brings it; "
    "or install Graphviz itself (https://graphviz.org/download, then `dot -V` answers) and pip install graphviz"
)


def render(dot: str, format: str, *, time_limit: float | None = None) -> bytes:
    """The picture that ``dot``, in Graphviz's language, describes.

    Args:
        dot: the picture in DOT.
        format: "svg", "png", "pdf", "ps", "eps", "jpg", "gif", "plain", "json" or "dot".
        time_limit: seconds; None for as long as it takes.

    Raises:
        MissingDependency: neither way is installed.
        LayoutTimeout: the time limit has passed; nothing goes on running.
        LayoutError: the format is not one of these, or Graphviz refused ``dot``; with what it said.

    >>> render("digraph { x -> y }", "svg", time_limit=60)[:5]  # doctest: +SKIP
    b'<?xml'
    """
    if format not in _FORMATS:
        raise LayoutError(f"render: the format is one of {', '.join(_FORMATS)}, not {format!r}")
    source = dot.encode("utf-8", "replace")  # half of a surrogate pair has no UTF-8
    package = find_spec("pygraphviz")
    try:
        if which("dot") and find_spec("graphviz"):
            picture = _by_program(source, format, time_limit)
        elif package is not None and package.origin is not None:
            picture = _by_wheel(source, format, time_limit, Path(package.origin).parent.parent)
        else:
            raise MissingDependency(_REMEDIES)
    except subprocess.TimeoutExpired:
        raise LayoutTimeout(
            f"the layout takes longer than {time_limit:g} s: draw less, or allow more (time_limit=)"
        ) from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip() or f"it ended with code {error.returncode}"
        raise LayoutError(f"Graphviz made no picture: {said}") from None
    except (OSError, RuntimeError) as error:  # graphviz makes a RuntimeError of some
        raise LayoutError(f"Graphviz could not be started: {error}") from error
    if not picture:
        raise LayoutError("Graphviz made no picture: there is no graph in the source")
    return picture


def _by_program(source: bytes, format: str, time_limit: float | None) -> bytes:
    from graphviz.backend.dot_command import command
    from graphviz.backend.execute import run_check

    # graphviz.pipe is these two lines, without a time limit.
    run = run_check(command("dot", format), input=source, capture_output=True, quiet=True, timeout=time_limit)
    picture: bytes = run.stdout
    return picture


def _by_wheel(source: bytes, format: str, time_limit: float | None, directory: Path) -> bytes:
    # -I and -S: neither the environment nor start-up files have a say, and it starts sooner.
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _DOT_OF_THE_WHEEL, str(directory), format],
        input=source,
        capture_output=True,
        timeout=time_limit,
        check=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # of Windows: no console flashes up
    )
    return run.stdout
