"""What the command lines of `autodiff` and `nn` share: how they read arguments, and how they end.

Exit codes: 0 done, 1 failed, 2 a mistake in what was asked for, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import AutodiffError
from .native import engine
from .version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

__all__ = ["Parser", "exit_code", "failed", "file_to_write"]


class Parser(argparse.ArgumentParser):
    """An ``ArgumentParser`` without abbreviations, whose errors are a single line."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **settings)

    def add_version(self, package: str) -> None:
        """Let ``--version`` say what is installed."""
        node = {"c": "C", "python": "Python"}[engine]
        text = f"scalar-autodiff {__version__} ({package}), Python {platform.python_version()}, node in {node}"
        self.add_argument("--version", action="version", version=text, help="print the version and exit")

    def error(self, message: str) -> NoReturn:
        """A single line, where argparse puts the whole usage before it."""
        self.exit(2, f"{self.prog}: error: {message} ({self.prog} --help says more)\n")


def file_to_write(
    *endings: str, as_written: bool = False, is_made: bool = False, or_dash: bool = False
) -> Callable[[str], Path]:
    """An argument's type: a file with one of these endings that can be written, found out before any work is done.

    Args:
        endings: as ".svg"; none for any.
        as_written: what writes the file takes no capitals for them.
        is_made: the folder may be missing, for the command makes it.
        or_dash: "-" is allowed, for the standard output.
    """
    *others, last = endings or ("",)
    which = f"{', '.join(others)} or {last}" if others else last

    def read(text: str) -> Path:
        path = Path(text)
        if or_dash and text == "-":
            return path
        if endings and (path.suffix if as_written else path.suffix.lower()) not in endings:
            raise argparse.ArgumentTypeError(f"{text!r} does not end in {which}")
        if path.is_dir():
            raise argparse.ArgumentTypeError(f"{text!r} is a directory; give the name of a file in it")
        if not is_made and not path.parent.is_dir():
            raise argparse.ArgumentTypeError(f"there is no directory {str(path.parent)!r}")
        return path

    return read


def exit_code(program: str, run: Callable[[], int], failures: tuple[type[Exception], ...]) -> int:
    """Run a command, and say in a line what went wrong; ``failures`` are no mistake in what was asked for."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console that has no ∂ shows a ? for it
    try:
        code = run()
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return failed(program, "interrupted", 130)
    except BrokenPipeError:  # the reader of the output, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return failed(program, f"error: {error}", 1)
    except failures as error:
        return failed(program, f"error: {error}", 1)
    except AutodiffError as error:
        return failed(program, f"error: {error}", 2)
    except (OverflowError, ValueError, MemoryError) as error:  # what no check has foreseen
        return failed(program, f"error: {type(error).__name__}: {error}", 1)


def failed(program: str, message: str, code: int) -> int:
    """Print a message in one line, and return the exit code."""
    print(f"{program}:", message.replace("\n  ", "; ").replace("\n", " "), file=sys.stderr)
    return code
