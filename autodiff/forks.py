"""What a fork waits for: a child process has the locks of its parent, and none of the threads that would open them.

What is loaded when first used is imported, and numba compiles, while ``no_fork`` is held.  A child that was forked in
the middle of an import would wait for that module for ever: Python keeps a lock for each, with the thread that has it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from importlib import import_module
from threading import RLock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["forks_wait", "no_fork"]


def forks_wait(acquire: Callable[[], object], release: Callable[[], object]) -> None:
    """Call ``acquire`` before every fork, and ``release`` after it, in both processes; the last one comes first."""

    def done() -> None:
        with suppress(RuntimeError):  # not held: registered while a fork was waiting
            release()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=acquire, after_in_parent=done, after_in_child=done)


class _NoFork:
    """Held by a thread in the middle of something that a child could not go on from; forks of others wait meanwhile."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.first = True
        forks_wait(self.lock.acquire, self.lock.release)

    def __enter__(self) -> None:
        self.lock.acquire()
        if self.first:  # not at import, which would take half as long again
            self.first = False
            for other in (
                "logging",
                "concurrent.futures.thread",
            ):  # they lock before a fork too: theirs after this one,
                import_module(other)  # for who holds this one may wait for theirs
            forks_wait(self.lock.acquire, self.lock.release)

    def __exit__(self, *error: object) -> None:
        self.lock.release()


no_fork = _NoFork()
