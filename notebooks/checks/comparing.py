"""What checks have in common: to call an answer, and to find the mistake that gives just these numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

from .judging import Wrong

__all__ = ["call", "compare", "name_of", "number", "same", "slope", "value_class"]


def name_of(answer: Any) -> str:
    return getattr(answer, "__name__", "your answer")


def call(answer: Any, *arguments: Any) -> Any:
    """What the student's function gives; if it raises, that is what is said, with the arguments."""
    if not callable(answer):
        raise Wrong(f"A function is asked for, and this is {answer!r:.60}.")
    try:
        got = answer(*arguments)
    except (RecursionError, Wrong):
        raise
    except Exception as error:
        raise Wrong(f"{_called(answer, arguments)} raised {type(error).__name__}: {error}") from error
    return got.tolist() if hasattr(got, "tolist") else got  # an array of NumPy is as good as a list


def number(answer: Any, *arguments: Any) -> float:
    """The number that the student's function gives."""
    return as_number(call(answer, *arguments), _called(answer, arguments))


def as_number(got: Any, what: str) -> float:
    if got is None or got is ...:
        raise Wrong(f"{what} gives no number: there is nothing here yet, or `return` is missing.")
    if hasattr(got, "data") and hasattr(got, "grad"):
        raise Wrong(f"{what} gives a Value; the number in it is its .data.")
    if not isinstance(got, Real):
        raise Wrong(f"{what} should be a number, and is {got!r:.60}.")
    return float(got)


def same(a: float, b: float) -> bool:
    """To nine digits, which no mistake reaches by chance."""
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) or (math.isnan(a) and math.isnan(b))


def compare(
    answer: Any,
    samples: Iterable[tuple[Any, ...]],
    truth: Callable[..., float],
    mistakes: Mapping[str, Callable[..., float]] | None = None,
    name: str = "",
) -> None:
    """Holds the student's function to the truth on all samples.

    Args:
        answer: a function that gives a number.
        samples: its arguments.
        truth: the right function.
        mistakes: what to say to whom, with the function that has this mistake: said if it gives just these numbers.
        name: what to call the number; default: the function's name.
    """
    samples = [*samples]
    got = [number(answer, *sample) for sample in samples]
    expected = [truth(*sample) for sample in samples]
    if all(map(same, got, expected)):
        return
    for message, mistaken in (mistakes or {}).items():
        if all(same(g, mistaken(*sample)) for g, sample in zip(got, samples, strict=True)):
            raise Wrong(message)
    for sample, g, e in zip(samples, got, expected, strict=True):
        if not same(g, e):
            what = f"{name} = {', '.join(map(_short, sample))}" if name else _called(answer, sample)
            raise Wrong(f"{what} should be {e:.6g}, and is {g:.6g}.")


def slope(f: Callable[[float], float], x: float, h: float = 1e-3) -> float:
    """f′(x) by central differences of fourth order: no rule of differentiation comes in, and 9 digits come out."""
    return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h)


def value_class(answer: Any) -> Any:
    """The class Value that the student's notebook uses: the engine's, or the one that they have written themselves."""
    found = getattr(answer, "__globals__", {}).get("Value")
    if found is None:
        from autodiff import Value as found
    return found


def _called(answer: Any, arguments: Sequence[Any]) -> str:
    return f"{name_of(answer)}({', '.join([_short(x) for x in arguments])})"


def _short(x: Any) -> str:
    if isinstance(x, float):
        return f"{x:.4g}"
    if isinstance(x, (list, tuple)):
        return f"[{', '.join([_short(part) for part in x[:3]])}{', …' * (len(x) > 3)}]"
    return "…" if hasattr(x, "data") or callable(x) else f"{x!r:.40}"
