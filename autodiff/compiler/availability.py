"""Whether there is machine code here, and what is in the way if not: one guard around all that numba does.

numba may be installed and yet of no use: switched off, made for another NumPy, hidden behind a folder of the same name
as something that it imports, unable to compile on this machine.  ``engine="auto"`` then goes on with the text of the
program under NumPy and says why, once; ``engine="machine"`` raises a named error with the remedy.

In a child process everything goes on as if the other threads of its parent had never been: what they were compiling is
waited for before the fork, and locks that they held are open afterwards.
"""

from __future__ import annotations

import os
import sys
import warnings
from functools import cache
from threading import RLock
from types import ModuleType
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from ..errors import AutodiffError, CompileError, MissingDependency
from ..forks import forks_wait, no_fork

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["attempt", "obstacle", "open_in_children"]

_REMEDY = 'or take engine="source", which needs NumPy alone'


def attempt(make: Callable[[], Any], asked: bool) -> Any:
    """What ``make`` makes with numba; None, and a warning, where that is of no use here.

    Args:
        make: imports what needs numba, compiles, and runs it a first time.
        asked: whether machine code was asked for by name, and its absence is an error.

    Raises:
        MissingDependency, CompileError: numba is of no use, and ``asked``.
        AutodiffError: what ``make`` raises about the program itself.
    """
    with no_fork:
        found = obstacle()
        if found is None:
            try:
                return make()
            except (AutodiffError, MemoryError, Warning):  # a warning, where warnings are errors
                raise
            except Exception as error:
                found = CompileError(f"machine code cannot be made: {_told(error)}; report that, {_REMEDY}")
                found.__cause__ = error
    if asked:
        raise found
    _warn(f"the program runs without machine code, which is slower: {found}")
    return None


@cache
def obstacle() -> AutodiffError | None:
    """Why numba is of no use in this process; None if it is."""
    with no_fork:
        try:
            import numba

            if numba.config.DISABLE_JIT:
                return CompileError(f"NUMBA_DISABLE_JIT is set, and numba compiles nothing: unset it, {_REMEDY}")
            from . import runner  # noqa: F401 (all that is decorated with numba comes with it)
        except Exception as error:
            return MissingDependency(
                f"numba cannot be imported: {_told(error)}; mend that (pip install -U 'scalar-autodiff[compile]'), "
                f"{_REMEDY}"
            )
    return None


def _told(error: Exception) -> str:
    """An error in one line; and which folder stands in the place of a package, if that is why."""
    text = f"{type(error).__name__}: {' '.join(str(error).split())}"
    hidden = getattr(error, "obj", None)
    if isinstance(hidden, ModuleType) and getattr(hidden, "__file__", None) is None and hasattr(hidden, "__path__"):
        text += f" (the folder {next(iter(hidden.__path__), '')} stands in the place of that package)"
    return text


@cache
def _warn(message: str) -> None:
    """Once a process."""
    warnings.warn(message, RuntimeWarning, stacklevel=2)


# ---------------------------------------------------------------------------------------------------------------------
# Forks.
# ---------------------------------------------------------------------------------------------------------------------

_OWNERS: WeakSet[Any] = WeakSet()


def open_in_children(owner: Any) -> None:
    """Call ``owner.after_fork()`` in every child process, as long as there is an owner."""
    _OWNERS.add(owner)


def _in_child() -> None:
    for owner in [*_OWNERS]:
        owner.after_fork()


def _of_numba() -> Any:
    """The lock of numba's compiler, which others may use too; a new one while there is no numba."""
    return getattr(sys.modules.get("numba.core.compiler_lock"), "global_compiler_lock", None) or RLock()


forks_wait(lambda: _of_numba().acquire(), lambda: _of_numba().release())
# Who holds no_fork may wait for numba's lock, so a fork takes that one after it.
forks_wait(no_fork.lock.acquire, no_fork.lock.release)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
