"""Arguments, checked in one place: what is given comes back, or an error says what is wanted."""

from __future__ import annotations

from contextlib import contextmanager
from difflib import get_close_matches
from inspect import signature
from math import inf, nan
from operator import index as whole_number
from os import fsdecode
from pathlib import Path
from typing import TYPE_CHECKING

from autodiff import OperandError
from autodiff.entrance import is_number
from autodiff.pausing import is_grad_enabled

from .errors import ArgumentError, MissingPath, PathError
from .module import Module

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

__all__ = [
    "at_least_one",
    "chosen",
    "file_at",
    "function",
    "listed",
    "named",
    "network",
    "number",
    "outside_no_grad",
    "unknown_name",
]


def outside_no_grad(what: str) -> None:
    """An ``OperandError`` inside ``no_grad()``, where nothing has a gradient and nothing would be learned."""
    if not is_grad_enabled():
        raise OperandError(f"{what} trains, which takes a graph: call it outside no_grad()")


def at_least_one(n: Any, what: str) -> int:
    """``n`` as a whole number from 1 on."""
    try:
        number = whole_number(n)
    except TypeError:
        number = 0
    if number < 1 or isinstance(n, bool):
        raise ArgumentError(f"{what} is a whole number from 1 on, not {n!r}")
    return number


def number(x: Any, what: str, wanted: str = "a number from 0 on", below: float = inf) -> float:
    """``x`` as a float from 0 on, and less than ``below``; 0 itself does not count where ``wanted`` says "above 0".

    >>> number(2, "eps", "a number above 0")
    2.0
    >>> number(1.5, "momentum", "a number from 0 to below 1", below=1)
    Traceback (most recent call last):
        ...
    nn.errors.ArgumentError: momentum is a number from 0 to below 1, not 1.5
    """
    given = float(x) if is_number(x) else nan  # which is in no range
    if not (given > 0 if "above 0" in wanted else 0 <= given < below):
        raise ArgumentError(f"{what} is {wanted}, not {x!r}")
    return given


def chosen(what: str, given: Any, table: Mapping[str, Any], otherwise: str = "", takes: int = 1) -> Any:
    """The entry of the table that has this name; or a function that was given itself, if ``otherwise`` names such."""
    if isinstance(given, str) and given in table:
        return table[given]
    if otherwise and callable(given):
        return function(given, f"the {what}", otherwise.partition(" of ")[2] or otherwise, takes)
    raise unknown_name(what, given, [*table, *([otherwise] if otherwise else [])])


def unknown_name(what: str, name: object, known: Iterable[str]) -> ArgumentError:
    """The error for a name that is not among the known ones; it says which were meant, or all of them.

    >>> str(unknown_name("loss", "hinges", ["hinge", "huber"]))
    "no loss 'hinges'; did you mean 'hinge'? There are hinge, huber"
    """
    names = list(known)
    close = _alike(str(name), names)
    meant = f"did you mean {close[0]!r}? There" if close else "there"
    return ArgumentError(f"no {what} {name!r:.60}; {meant} are {', '.join(names)}")


def _alike(name: str, known: list[str]) -> list[str]:
    """The name that is meant by its initials, as mse, in other letters, as ReLU or cross-entropy, or misspelt."""
    plain = name.lower().replace("-", "_").replace(" ", "_")
    initials = [other for other in known if plain == "".join([word[0] for word in other.split("_")])]
    return initials or get_close_matches(plain, known, n=1)


def function(given: Any, what: str, of: str, takes: int) -> Any:
    """A function ``of`` what it is called with, so many arguments, or None.

    >>> function(lambda epoch, rate: rate, "schedule", "the number of the epoch", takes=1)
    Traceback (most recent call last):
        ...
    nn.errors.ArgumentError: schedule is a function of the number of the epoch, called as f(a): missing a required \
argument: 'rate'
    """
    if given is None:
        return None
    if not callable(given):
        raise ArgumentError(f"{what} is a function of {of}, not {given!r:.60}")
    try:
        called = signature(given)
    except (TypeError, ValueError):  # one of C, that does not say
        return given
    try:
        called.bind(*range(takes))
    except TypeError as error:
        call = f"f({', '.join('abcdef'[:takes])})"
        raise ArgumentError(f"{what} is a function of {of}, called as {call}: {error}") from None
    return given


def file_at(path: Any, what: str) -> Path:
    """A path that was given as a text, or as a ``Path``."""
    try:
        text = fsdecode(path)
    except TypeError:
        text = ""
    if not text or "\0" in text:
        raise ArgumentError(f"{what}: the path of a file is a text or a Path, not {path!r:.60}")
    return Path(text)


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Within it, what the system says of a file is a named error, with the remedy."""
    try:
        yield
    except PathError:
        raise
    except FileNotFoundError as error:
        raise MissingPath(error.errno, error.strerror, error.filename) from None
    except OSError as error:
        folder = "it is a folder; give the name of a file in it" if path.is_dir() else error.strerror or str(error)
        raise PathError(error.errno, folder, str(path)) from None


def listed(given: Any, what: str) -> list[Any]:
    """A list of what can be gone through."""
    if isinstance(given, str) or not hasattr(given, "__iter__"):
        raise ArgumentError(f"{what}, not {given!r:.60}")
    return list(given)


def network(model: Any, caller: str) -> Module:
    """A Module that was made, neither its class nor a plain function."""
    if not isinstance(model, Module):
        raise ArgumentError(
            f"{caller} takes a Module, such as an MLP, not {model!r:.60}; "
            "make a function the __call__ of a class of your own that is a Module"
        )
    return model
