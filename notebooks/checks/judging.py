"""What runs a check: it never raises for an answer, whatever that is, and always comes to an end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from random import Random
from sysconfig import get_paths
from traceback import format_exception_only
from typing import Any

__all__ = ["EXERCISES", "Exercise", "Verdict", "Wrong", "check", "exercise"]

STEPS = 3_000_000  # that an answer may take: a count, so that a slow computer judges as a fast one does
EMPTY = "There is nothing here yet: put your answer in place of the dots."
ENDLESS = "Your code does not come to an end, or takes far too many steps."
DEEP = "Your code calls itself too often: what stops it?"


class Wrong(Exception):
    """What a check raises: the name of the mistake, in a sentence or two."""


class Endless(BaseException):
    """Too many steps; not an Exception, so that an ``except Exception`` of the answer does not hide it."""


@dataclass(frozen=True)
class Verdict:
    """What is said of an answer."""

    right: bool
    message: str

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return f"{'✓' if self.right else '✗'} {self.message}"


Judge = Callable[[Any, Random], str | None]


@dataclass(frozen=True)
class Exercise:
    """A check, and for its tests the usual mistakes: what may stand in place of the solution, and what must be said."""

    judge: Judge
    mistakes: tuple[tuple[str, str], ...]


EXERCISES: dict[str, Exercise] = {}
"""All exercises of the lessons that were imported, by name."""


def exercise(name: str, *mistakes: tuple[str, str]) -> Callable[[Judge], Judge]:
    """Makes the function below it the check of an exercise.

    The function gets the answer and a ``Random``.  It raises ``Wrong``, or returns what to say of a right answer, if
    that is more than "Right.".

    Args:
        name: the lesson, a dot, a number.
        mistakes: usual ones, three at least, each as (code in place of the solution, part of what is said of it).
    """

    def kept(judge: Judge) -> Judge:
        EXERCISES[name] = Exercise(judge, mistakes)
        return judge

    return kept


def check(name: str, answer: Any, seed: int = 0) -> Verdict:
    """Whether ``answer`` is right, tried on random numbers; if not, what is wrong with it.

    Args:
        name: of the exercise, as its heading has it.
        answer: your function, class, number or text.
        seed: another one, other random numbers.

    Raises:
        ValueError: there is no exercise of this name.
    """
    lesson = f"{__package__}.{name.partition('.')[0]}"
    if find_spec(lesson) is not None:
        import_module(lesson)
    if name not in EXERCISES:
        raise ValueError(f"there is no exercise {name!r}; there are {', '.join(sorted(EXERCISES))}")
    if answer is None or answer is ...:
        return Verdict(False, EMPTY)
    try:
        return Verdict(True, _counted(EXERCISES[name].judge, answer, Random(f"{name} {seed}")) or "Right.")
    except Wrong as wrong:
        return Verdict(False, str(wrong))
    except Endless:
        return Verdict(False, ENDLESS)
    except RecursionError:
        return Verdict(False, DEEP)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # exit() in an answer, too
        return Verdict(False, f"Your code raised {''.join(format_exception_only(error)).strip()}")


def _counted(judge: Judge, answer: Any, random: Random) -> str | None:
    """What the check says, or Endless after too many steps of the answer: instructions in it, and calls from it."""
    steps = 0
    libraries = _libraries()

    def count(frame: Any, event: str, argument: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps > STEPS:
            raise Endless
        if event == "call":
            if frame.f_code.co_filename.startswith(libraries):
                return None
            frame.f_trace_opcodes = True  # `while True: pass` is one line
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        return judge(answer, random)
    finally:
        sys.settrace(before)


def _libraries() -> tuple[str, ...]:
    """The folders of code that is not the student's."""
    paths = get_paths()
    packages = [sys.modules[name].__path__[0] for name in ("autodiff", "nn") if name in sys.modules]
    return (str(Path(__file__).parent), paths["stdlib"], paths["purelib"], paths["platlib"], *packages)
