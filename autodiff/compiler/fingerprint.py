"""What the machine code of a function is made from, as one short text: the key under which it may be kept.

Machine code holds more than the function that it is asked for: the functions that this one calls, theirs, and every
number that stands in their modules.  All are visited, so that a rule that someone assigns to a row, a constant that is
improved and a helper that is mended each give another key.  Python, numba and NumPy are known by their versions.
"""

from __future__ import annotations

import platform
import sys
from functools import cache
from hashlib import sha256
from types import CellType, CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import llvmlite
import numba
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["fingerprint"]

_BY_VERSION = sys.stdlib_module_names | {"numba", "llvmlite", "numpy"}


def fingerprint(function: Any, *more: object) -> str:
    """The key: 32 digits, the same in every process that would compile the same code, and in no other.

    Args:
        function: a Python function, or one that numba has decorated.
        more: what else decides: signature, options, processor.

    >>> half = lambda x: x / 2
    >>> fingerprint(half) == fingerprint(lambda y: y / 2), fingerprint(half) == fingerprint(lambda x: x / 3)
    (False, False)
    >>> fingerprint(half) == fingerprint(half), fingerprint(half) == fingerprint(half, "float32")
    (True, False)
    """
    digest = sha256()
    for word in _Walk().words([_versions(), function, *more]):
        digest.update(f"{len(word)}:{word}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:32]


@cache
def _versions() -> tuple[str, ...]:
    return sys.version, platform.machine(), numba.__version__, llvmlite.__version__, np.__version__


class _Walk:
    """Through all that a function reaches; what was visited is named by its number."""

    def __init__(self) -> None:
        self.seen: dict[int, int] = {}
        self.kept: list[Any] = []  # alive, for a number of an object that is gone may be given to another

    def words(self, x: Any, names: Iterable[str] = ()) -> Iterator[str]:
        """What there is to say of an object; of a module only what stands under the names."""
        yield type(x).__name__
        if x is None or isinstance(x, (bool, int, float, complex, str, bytes)):
            yield repr(x)
        elif isinstance(x, np.ndarray):
            yield from (str(x.dtype), str(x.shape), sha256(np.ascontiguousarray(x).tobytes()).hexdigest())
        elif isinstance(x, np.generic):
            yield repr(x)
        elif isinstance(x, ModuleType):  # each time by other names
            yield from self._parts(x, names)
        elif id(x) in self.seen:
            yield str(self.seen[id(x)])
        else:
            self.seen[id(x)] = len(self.seen)
            self.kept.append(x)
            yield from self._parts(x, names)

    def _parts(self, x: Any, names: Iterable[str]) -> Iterator[str]:
        if isinstance(x, (tuple, list)):
            yield str(len(x))
            for item in x:
                yield from self.words(item)
        elif isinstance(x, (set, frozenset)):
            yield from sorted(map(repr, x))  # which have no order, or another in each process
        elif isinstance(x, dict):
            for key, item in x.items():
                yield repr(key)
                yield from self.words(item)
        elif isinstance(x, CodeType):
            yield from self._code(x)
        elif isinstance(x, ModuleType):
            yield x.__name__
            if not _by_version(x.__name__):
                for name in sorted({*names} & vars(x).keys()):
                    yield name
                    yield from self.words(vars(x)[name])
        elif isinstance(x, FunctionType):
            yield from self._function(x)
        elif hasattr(x, "py_func"):  # numba's, compiled when it is called
            yield from self.words(dict(sorted(x.targetoptions.items())))
            yield from self.words(getattr(x, "stands_for", None))
            yield from self.words(x.py_func)
        elif hasattr(x, "_defn"):  # numba's, that writes code itself
            yield from self.words(x._defn)
        elif isinstance(x, type) or hasattr(x, "__name__"):
            yield f"{getattr(x, '__module__', '')}.{getattr(x, '__qualname__', x.__name__)}"
            if isinstance(x, type) and not _by_version(x.__module__):
                for name, method in sorted(vars(x).items()):
                    if isinstance(method, FunctionType):
                        yield name
                        yield from self.words(method)
        else:
            yield f"{type(x).__module__}.{type(x).__qualname__}"
            if str(x) and " at 0x" not in str(x):
                yield str(x)

    def _code(self, code: CodeType) -> Iterator[str]:
        yield code.co_code.hex()
        yield from map(str, (code.co_argcount, code.co_flags, code.co_names, code.co_varnames, code.co_freevars))
        for constant in code.co_consts:
            yield from self.words(constant)

    def _function(self, function: FunctionType) -> Iterator[str]:
        yield f"{function.__module__}.{function.__qualname__}"
        if _by_version(function.__module__ or ""):
            return
        yield from self.words(function.__code__)
        yield from self.words(function.__defaults__)
        for cell in function.__closure__ or ():
            yield from self.words(_contents(cell))
        names = _names(function.__code__)
        for name in names:
            if name in function.__globals__:
                yield name
                yield from self.words(function.__globals__[name], names)


def _names(code: CodeType) -> list[str]:
    """Every name in a function and in those within it."""
    inner = [name for x in code.co_consts if isinstance(x, CodeType) for name in _names(x)]
    return sorted({*code.co_names, *inner})


def _contents(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is still empty
        return None


def _by_version(module: str) -> bool:
    return module.partition(".")[0] in _BY_VERSION
