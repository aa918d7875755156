"""Graphviz lays out a picture: the program ``dot`` where it is on the PATH, or the one that pygraphviz carries.

Where the first fails, the second has its turn.  Either runs in a process of its own.  It can be stopped when the time
is up, what it says about fonts stays off the screen, and if it crashes, the caller does not.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from time import monotonic
from typing import TYPE_CHECKING

from ..errors import LayoutError, LayoutTimeout, MissingDependency
from ..forks import no_fork

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    _More: TypeAlias = Callable[[], float] | None
    _Way: TypeAlias = Callable[[bytes, str, float | None, _More], bytes]

__all__ = ["is_installed", "render"]

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
_REMEDY_OF_THE_PACKAGE = (
    "Graphviz' program `dot` is here, but the package that calls it is not: pip install graphviz; "
    "or pip install 'scalar-autodiff[draw]', which brings all that is needed"
)


def render(dot: str, format: str, *, time_limit: float | None = None, more: Callable[[], float] | None = None) -> bytes:
    """The picture that ``dot``, in Graphviz's language, describes.

    Args:
        dot: the picture in DOT.
        format: "svg", "png", "pdf", "ps", "eps", "jpg", "gif", "plain", "json" or "dot".
        time_limit: seconds; None for as long as it takes.
        more: asked when they are over for how many more seconds to go on.

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
    end = None if time_limit is None else monotonic() + time_limit
    failure: LayoutError | None = None
    for way in _ways():
        left = None if end is None else end - monotonic()
        if left is not None and left <= 0:
            break
        try:
            picture = way(source, format, left, more)
            if picture:
                return picture
            problem = "Graphviz made no picture: there is no graph in the source"
        except subprocess.TimeoutExpired:
            raise LayoutTimeout(
                f"the layout takes longer than {time_limit:g} s: draw less (max_nodes=), or allow more (time_limit=)"
            ) from None
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace").strip() or f"it ended with code {error.returncode}"
            problem = f"Graphviz made no picture: {said}"
        except OSError as error:
            problem = f"Graphviz could not be started: {error}"
        failure = failure or LayoutError(problem)  # what the first way says, for it is the one that was chosen
    raise failure or MissingDependency(_REMEDY_OF_THE_PACKAGE if which("dot") else _REMEDIES)


def is_installed() -> bool:
    """Whether there is a way to run Graphviz."""
    return bool(_ways())


def _ways() -> list[_Way]:
    """What is installed, the fastest first."""
    ways: list[_Way] = []
    if which("dot") and find_spec("graphviz"):
        ways.append(_by_program)
    package = find_spec("pygraphviz")
    if package is not None and package.origin is not None:
        ways.append(partial(_by_wheel, Path(package.origin).parent.parent))
    return ways


def _by_program(source: bytes, format: str, time_limit: float | None, more: _More) -> bytes:
    with no_fork:
        from graphviz.backend.dot_command import command

    return _run([*map(str, command("dot", format))], source, time_limit, more)


def _by_wheel(directory: Path, source: bytes, format: str, time_limit: float | None, more: _More = None) -> bytes:
    # -I and -S: neither the environment nor start-up files have a say, and it starts sooner.
    program = [sys.executable, "-I", "-S", "-c", _DOT_OF_THE_WHEEL, str(directory), format]
    return _run(program, source, time_limit, more)


def _run(arguments: list[str], source: bytes, time_limit: float | None, more: _More) -> bytes:
    """What a program writes, given the source; when the time is up it ends, and what it has started ends with it.

    Raises:
        subprocess.TimeoutExpired: the time is up.
        subprocess.CalledProcessError: the program failed.
        OSError: it cannot be started.
    """
    process = subprocess.Popen(
        arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # a group of its own: `dot` may be a script that starts the real one
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # of Windows: no console flashes up
    )
    try:
        try:
            picture, said = process.communicate(source, timeout=time_limit)
        except subprocess.TimeoutExpired:
            extra = more() if more else 0
            if extra <= 0:
                raise
            picture, said = process.communicate(timeout=extra)
    except BaseException:  # Ctrl-C too, which does not reach another group by itself
        _end(process)
        raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments, picture, said)
    return picture


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and those that it has started."""
    if sys.platform == "win32":
        with suppress(OSError):
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False)
        process.kill()
    else:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    for pipe in (process.stdin, process.stdout, process.stderr):
        with suppress(OSError):  # what was not yet written to it is lost, and to say so is of no use
            if pipe is not None:
                pipe.close()
    process.wait()  # leaves no zombie
