"""Machine code kept on disk between processes, in a folder that belongs to the user alone.

Whoever can write to that folder can run code as the user.  So nothing is read from a folder, or from below one, that
others can write: the user's own cache folder is taken, or else one in the temporary directory, and where neither is
private nothing is kept.  No name in it can be set up in advance by someone else.

A file is named after all that its code is made from (``fingerprint``) and begins with a hash of what follows.  So a
file that is there is the right one, and whole: one that is cut off, damaged or missing is compiled anew and written
over.  Whatever goes wrong here costs time and is said once; it never changes a number and never stops a program.
"""

from __future__ import annotations

import errno
import logging
import os
import pickle
import tempfile
import time
import warnings
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from stat import S_IMODE, S_ISDIR, S_ISLNK, S_ISREG, S_ISVTX
from typing import TYPE_CHECKING, Any

import numba
from numba.core import serialize, sigutils
from numba.core.ccallback import CFunc
from numba.core.compiler import CompileResult

from ..files import write_whole
from .fingerprint import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["cfunc", "folder", "kept", "njit"]

LIMIT = 256 << 20
"""Bytes, from which on the code that was not used for longest is removed."""

UNUSED = 30 * 24 * 3600
"""Seconds, after which code that no one asked for is removed: that of a version no longer installed."""

_LOG = logging.getLogger("autodiff.compiler")


# ---------------------------------------------------------------------------------------------------------------------
# For numba.
# ---------------------------------------------------------------------------------------------------------------------


def njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """``numba.njit``, its machine code kept here."""

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher = numba.njit(**options)(function)
        if dispatcher is not function:  # which NUMBA_DISABLE_JIT gives back
            dispatcher._cache = _Kept(dispatcher)
        return dispatcher

    return decorate


def cfunc(function: Callable[..., Any], signature: Any, **options: Any) -> Any:
    """``numba.cfunc``, its machine code kept here."""
    made: Any = CFunc(function, sigutils.normalize_signature(signature), locals={}, options=options)
    made._cache = _Kept(function, *sorted(options.items()))
    made.compile()
    return made


def kept(
    function: Any, signature: Any, codegen: Any, more: Any, make: Callable[[str], bytes]
) -> tuple[str, bytes, bool]:
    """The machine code of a function as an object file: its symbol, the code, and whether it was on the disk.

    Args:
        function: Python's, or numba's.
        signature: what it takes.
        codegen: says for which processor, as that of numba does.
        more: what else decides.
        make: makes the code, for a symbol.
    """
    name = _Kept(function, more)._name(signature, codegen)
    symbol = "f" + name.partition(".")[0]
    code = _read(name)
    if code is not None:
        return symbol, code, True
    code = make(symbol)
    _write(name, code)
    return symbol, code, False


class _Kept:
    """What numba asks for the code of a function, and gives it to, for each signature; as ``FunctionCache`` is."""

    def __init__(self, function: Any, *more: object) -> None:
        self.function = function
        self.more = more
        self.cache_path = ""

    def load_overload(self, signature: Any, context: Any) -> Any:
        """The code, or None."""
        context.refresh()
        name = self._name(signature, context.codegen())
        data = _read(name)
        if data is None:
            return None
        try:
            return CompileResult._rebuild(context, *pickle.loads(data))
        except Exception as error:  # it is whole, and yet numba cannot take it
            _warn("damaged", f"the machine code kept in {name} is made anew, for numba cannot take it: {error!r}")
            return None

    def save_overload(self, signature: Any, code: Any) -> None:
        """Keep the code, if that is possible."""
        if not code.library.has_dynamic_globals and all(x.can_cache for x in code.lifted):
            _write(self._name(signature, code.codegen), serialize.dumps(code._reduce()))

    def _name(self, signature: Any, codegen: Any) -> str:
        processor = codegen.magic_tuple()  # with its features
        return f"{fingerprint(self.function, signature, processor, *self.more)}.code"

    def enable(self) -> None:
        """As numba has it; it is always enabled."""

    def disable(self) -> None:
        """As numba has it; it is always enabled."""

    def flush(self) -> None:
        """As numba has it; a key never holds two codes."""


# ---------------------------------------------------------------------------------------------------------------------
# Files.
# ---------------------------------------------------------------------------------------------------------------------


def _read(name: str) -> bytes | None:
    """What was kept under a name; None if there is none that can be trusted."""
    here = folder()
    if here is None:
        return None
    try:
        handle = os.open(here / name, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
        with open(handle, "rb") as file:
            found = os.fstat(handle)
            data = file.read() if S_ISREG(found.st_mode) and _is_ours(found) else b""
    except FileNotFoundError:
        return None
    except OSError as error:
        _warn("damaged", f"the machine code kept in {here / name} cannot be read, and is made anew: {error.strerror}")
        return None
    if sha256(data[32:]).digest() != data[:32]:
        _warn("damaged", f"the machine code kept in {here / name} is damaged, and is made anew")
        return None
    if time.time() - found.st_mtime > UNUSED / 30:
        with suppress(OSError):
            os.utime(here / name)  # it is in use
    return data[32:]


def _write(name: str, data: bytes) -> None:
    here = folder()
    if here is None:
        return
    try:
        _make_private(here)  # someone may have tidied up
        write_whole(here / name, sha256(data).digest() + data, 0o600)
        _tidy(here)
    except OSError as error:
        _warn("not kept", f"machine code is not kept, and each process compiles it anew: {error}")


@cache
def _tidy(here: Path) -> None:
    """Once in a process that had something to add: remove what is old, and the oldest if there is too much."""
    now, total = time.time(), 0
    found = []
    for entry in os.scandir(here):
        with suppress(OSError):  # another process tidies too
            info = entry.stat(follow_symlinks=False)
            if not S_ISDIR(info.st_mode):
                found.append((info.st_mtime, info.st_size, entry.path))
            elif now - info.st_mtime > UNUSED:  # of a version that kept its code in folders
                rmtree(entry.path)
    for modified, size, path in sorted(found, reverse=True):
        total += size
        if now - modified > UNUSED or total > LIMIT:
            with suppress(OSError):
                os.unlink(path)


# ---------------------------------------------------------------------------------------------------------------------
# The folder.
# ---------------------------------------------------------------------------------------------------------------------


@cache
def folder() -> Path | None:
    """Where code is kept, a folder that is the user's alone; None where there can be no such."""
    refused = []
    for candidate in _candidates():
        try:
            _make_private(candidate)
        except OSError as error:
            refused.append(f"{error.strerror}: {error.filename}")
            continue
        if refused:
            _warn("not kept", f"machine code is kept in {candidate}, until that is cleaned up: {_remedy(refused)}")
        return candidate
    _warn("not kept", f"machine code is not kept, and each process compiles it anew: {_remedy(refused)}")
    return None


def _remedy(refused: list[str]) -> str:
    where = "LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME"
    return f"{'; '.join(refused) or 'there is no home'} (set {where} to a folder that only you can write)"


def _candidates() -> Iterator[Path]:
    """The folders to try, in order."""
    base = os.environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME", "")
    with suppress(RuntimeError):  # there is no home
        parent = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
        if parent.is_absolute():  # never below wherever the program happens to be started
            yield parent / "scalar-autodiff"
    with suppress(OSError):
        yield Path(tempfile.gettempdir()).absolute() / f"scalar-autodiff-{_user()}"


def _make_private(path: Path) -> None:
    """Make the folder if it is not there, and see that only the user and root can write there or above.

    Raises:
        OSError: that is not so.
    """
    for missing in [parent for parent in reversed(path.parents) if not os.path.lexists(parent)]:
        with suppress(FileExistsError):
            os.mkdir(missing, 0o700)
    with suppress(FileExistsError):
        os.mkdir(path, 0o700)
    if os.name != "nt":  # there a profile is its user's
        for parent in {*path.parents, *Path(os.path.realpath(path)).parents}:
            info = os.lstat(parent)
            others = S_IMODE(info.st_mode) & 0o022 and not info.st_mode & S_ISVTX and not S_ISLNK(info.st_mode)
            if info.st_uid not in _trusted() or others:
                raise PermissionError(errno.EACCES, "others can write to", str(parent))
        info = os.lstat(path)
        if not S_ISDIR(info.st_mode) or not _is_ours(info):
            raise PermissionError(errno.EACCES, "others can write to", str(path))
        if S_IMODE(info.st_mode) != 0o700:
            os.chmod(path, 0o700)
    if not os.access(path, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, "you cannot write to", str(path))


def _is_ours(info: os.stat_result) -> bool:
    """Whether only the user can have written it."""
    return os.name == "nt" or (info.st_uid == _user() and not info.st_mode & 0o022)


@cache
def _trusted() -> set[int]:
    """The user and root, who inside a user namespace is shown as nobody, if root is not in it."""
    with suppress(OSError):
        if "4294967295" not in Path("/proc/self/uid_map").read_text(encoding="ascii"):
            return {0, _user(), int(Path("/proc/sys/kernel/overflowuid").read_text(encoding="ascii"))}
    return {0, _user()}


def _user() -> int:
    return os.geteuid() if hasattr(os, "geteuid") else 0


_TOLD: set[str] = set()


def _warn(kind: str, message: str) -> None:
    """Once a process for each kind: where one file is damaged, others are."""
    if kind not in _TOLD:
        _TOLD.add(kind)
        warnings.warn(message, RuntimeWarning, stacklevel=2)
