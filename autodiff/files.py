"""Files that are replaced as a whole or not at all, whoever else writes to the same folder."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from stat import S_IMODE, S_ISREG
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

__all__ = ["replacing", "write_whole"]

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL  # never a file, or a link, that someone else has put there
_NEW |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


@contextmanager
def replacing(path: str | os.PathLike[str], mode: int = 0o666) -> Iterator[IO[bytes]]:
    """A file to write bytes to, which takes the place of ``path`` when all is written.

    Until then it stands beside it under a name that no one can foresee, and is removed if anything fails.  Of several
    threads or processes that write to one path, each writes its own and the last one stays.

    Args:
        path: where to; a link of that name is replaced, and not what it leads to.
        mode: the permissions of a new file, as in ``os.open``; a file that is replaced passes on its own.

    Raises:
        OSError: the file cannot be written; it names ``path``, or the folder that is not there.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with replacing(f"{folder}/greeting.txt") as file:
    ...         _ = file.write(b"hello")
    ...     os.listdir(folder)
    ['greeting.txt']
    """
    path = Path(path)
    draft = path.parent / f".{token_hex(16)}.part"
    try:
        handle = os.open(draft, _NEW, mode)
        try:
            with open(handle, "wb") as file:
                yield file
            with suppress(OSError):  # there is none yet, most often
                before = os.lstat(path).st_mode
                if S_ISREG(before):
                    os.chmod(draft, S_IMODE(before))
            os.replace(draft, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(draft)
            raise
    except OSError as error:
        if error.filename not in (None, str(draft)):
            raise  # of another file
        if isinstance(error, (FileNotFoundError, NotADirectoryError)):
            raise type(error)(error.errno, "there is no such folder", str(path.parent)) from None
        raise OSError(error.errno or errno.EIO, error.strerror or str(error), str(path)) from None


def write_whole(path: str | os.PathLike[str], data: bytes, mode: int = 0o666) -> None:
    """Write a file at once, as ``replacing`` does."""
    with replacing(path, mode) as file:
        file.write(data)
