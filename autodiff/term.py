"""Expressions as trees, which grow simpler: what a rule says, and what an operation is, as people write it."""

from __future__ import annotations

from functools import partial
from math import nan, pi
from typing import TYPE_CHECKING

from . import ops
from .operators import Operators
from .ops import OPS, Op

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TypeAlias

    from .row import Shorthand

    Expression: TypeAlias = "Term | float"

__all__ = [
    "ELLIPSIS",
    "MANY",
    "RECORDED",
    "SIMPLIFIED",
    "Term",
    "add_up",
    "apply",
    "is_a",
    "names_in",
    "number_at",
    "renamed",
    "shortened",
    "times",
]


class Term(Operators, tuple):  # type: ignore[type-arg]
    """An expression as a tree; operations on it grow a simpler one of the same value.

    Its first entry is its kind, the others depend on it:

    ======= ===================================== =====================================
    name    the text
    call    the function's name, the arguments
    sum     the summands, a number among them or not
    product the numeric factor, pairs (base, exponent)
    power   base, exponent that is no number, or 0 or 1
    cases   a, b, value for a > b, for a = b, for a < b
    ties    z, and the operands among which those that equal z are counted
    whole   an expression that is not taken apart
    ======= ===================================== =====================================

    Simplified is as in school: 0·x is 0 and x/x is 1 whatever x is, and of a number's sign ±0 nothing is left.

    >>> x = Term.named("x")
    >>> 2 * x * x + 0 * x == 2 * x**2, x / x
    (True, 1.0)
    """

    __slots__ = ()

    @classmethod
    def named(cls, name: str) -> Term:
        """The variable of this name."""
        return cls(("name", name))

    @staticmethod
    def apply_op(op: Op, operands: tuple[Any, ...]) -> Any:
        """What a rule means by this operation: helpers by what they stand for, guards against overflow left out."""
        return apply(op, operands, _IN_RULES)

    @staticmethod
    def apply_shorthand(shorthand: Shorthand, operands: tuple[Any, ...]) -> Any:
        """A guard against overflow is what it guards."""
        return operands[0] if shorthand.name == "guard" else shorthand.of_rows(*operands)


ELLIPSIS = Term(("name", "…"))  # in place of operands that are left out; functions of it are left out too


def apply(op: Op, operands: Sequence[Any], spelled: dict[str, Callable[..., Any]]) -> Any:
    """The operation on these operands, as ``spelled`` says or as a call."""
    if operands == (ELLIPSIS,):
        return ELLIPSIS
    if op.name == "sum" and all(is_a(x, "cases") and x[3:] == (0.0, 1.0, 0.0) for x in operands):
        return Term(("ties", operands[0][2], *[x[1] for x in operands]))
    function = spelled.get(op.name) or (lambda *xs: Term(("call", op.called, *xs)))
    return _by_cases(lambda *xs: function(*xs) if any(map(is_a, xs)) else op(*xs), operands)


def is_a(x: Any, kind: str = "") -> bool:
    """Whether it is a term, of this kind if one is given."""
    return isinstance(x, Term) and (not kind or x[0] == kind)


def _by_cases(function: Callable[..., Any], operands: Sequence[Any]) -> Any:
    """The function of the operands; where one is a distinction of cases, the function in each case."""
    for x in operands:
        if is_a(x, "cases"):
            values = [_by_cases(function, [_in_case(y, x, i) for y in operands]) for i in (3, 4, 5)]
            return _cases(x[1], x[2], *values)
    return function(*operands)


def _in_case(x: Any, cases: Term, i: int) -> Any:
    return x[i] if is_a(x, "cases") and x[1:3] == cases[1:3] else x


def _cases(a: Any, b: Any, *values: Any) -> Any:
    """Of three values that for a > b, a = b or a < b."""
    if a == b:
        return values[1]
    return values[0] if values[0] == values[1] == values[2] else Term(("cases", a, b, *values))


_TRUTHS = {
    "greater": (1.0, 0.0, 0.0),
    "greater_equal": (1.0, 1.0, 0.0),
    "less": (0.0, 0.0, 1.0),
    "less_equal": (0.0, 1.0, 1.0),
    "equal": (0.0, 1.0, 0.0),
    "not_equal": (1.0, 0.0, 1.0),
}
"""What comparisons are where the first operand is greater, equal or less."""


def _cases_of(values: tuple[float, ...], a: Any, b: Any) -> Any:
    return _cases(a, b, *values)


def _factors(x: Any) -> tuple[float, dict[Any, float]]:
    """Its numeric factor, and the exponents of the others."""
    if not isinstance(x, Term):
        sign = -1.0 if x < 0 else 1.0
        number, named = _CONSTANTS.get(abs(x), (abs(x), {}))
        return sign * number, dict(named)
    return (x[1], dict(x[2:])) if x[0] == "product" else (1.0, {x: 1.0})


def spelled_out(x: Any) -> Any:
    """A number of the rules as what it is, π/180 say."""
    return x if is_a(x) else _product(*_factors(x))


def _product(number: float, exponents: dict[Any, float]) -> Any:
    if number == 0:
        return 0.0
    for base, exponent in exponents.items():
        if is_a(base, "product") and float(exponent).is_integer():
            others = {other: n for other, n in exponents.items() if other != base}
            return times(_product(number, others), _power(base, exponent))
    pairs = [(base, exponent) for base, exponent in exponents.items() if exponent]
    if not pairs:
        return number
    return pairs[0][0] if number == 1 and len(pairs) == 1 and pairs[0][1] == 1 else Term(("product", number, *pairs))


def times(x: Any, y: Any) -> Any:
    """x·y, with like factors collected."""
    if is_a(x, "cases") or is_a(y, "cases"):
        return _by_cases(times, (x, y))
    if not (is_a(x) or is_a(y)):
        return x * y
    number, exponents = _factors(x)
    factor, others = _factors(y)
    for base, exponent in others.items():
        exponents[base] = exponents.get(base, 0.0) + exponent if base != ELLIPSIS else 1.0
    return _product(number * factor, exponents)


def _power(base: Any, exponent: Any) -> Any:
    if base == ELLIPSIS:
        return base
    if is_a(base, "cases") or is_a(exponent, "cases"):
        return _by_cases(_power, (base, exponent))
    if is_a(exponent):
        return Term(("power", base, exponent))
    if exponent in (0.0, 1.0):
        return base if exponent else 1.0
    if not is_a(base):
        return OPS["pow"](base, exponent)
    number, exponents = _factors(base)
    if not float(exponent).is_integer():  # √(x²) is not x
        single = number == 1 and [*exponents.values()] == [1.0]
        return _product(1.0, {next(iter(exponents)) if single else base: exponent})
    result = OPS["pow"](number, exponent)
    for part, old in exponents.items():
        new = old * exponent
        result = times(result, part if new == 1 else Term(("product", 1.0, (part, new))))
    return result


def add_up(*summands: Any) -> Any:
    """The sum, over a common denominator where there is one."""
    if any(is_a(x, "cases") for x in summands):
        return _by_cases(add_up, summands)
    terms: list[Any] = []
    for x in summands:
        terms += x[1:] if is_a(x, "sum") else [x]
    numbers = [x for x in terms if not is_a(x)]
    if len(numbers) > 1:
        terms[terms.index(numbers[0])] = sum(numbers)
        for x in numbers[1:]:
            terms.remove(x)
    terms = [x for x in terms if x != 0]
    if len(terms) < 2:
        return terms[0] if terms else 0.0
    below = [[pair for pair in _factors(x)[1].items() if pair[1] < 0] for x in terms if x != ELLIPSIS]
    common = [(base, -exponent) for base, exponent in below[0] if all((base, exponent) in pairs for pairs in below)]
    if common:  # a common denominator
        divisor = Term(("product", 1.0, *common))
        return times(add_up(*[times(x, divisor) if x != ELLIPSIS else x for x in terms]), _power(divisor, -1.0))
    return Term(("sum", *terms))


def _exp(x: Any) -> Any:
    return x if x == ELLIPSIS else Term(("call", "exp", x))


def _as_recorded_sum(*xs: Any) -> Any:
    """A sum that is written as it was computed: (a + b) + c without the parentheses, and nothing else merged."""
    first, *others = xs
    return Term(("sum", *(first[1:] if is_a(first, "sum") else [first]), *others)) if others else first


def _as_recorded_product(x: Any, y: Any) -> Any:
    """Factors side by side, x/x too; a factor that is itself a quotient, or has a number, stays whole."""
    pairs: list[tuple[Any, float]] = []
    number = 1.0
    for i, factor in enumerate((x, y)):
        if not is_a(factor) and number == 1:
            number = factor
        elif not is_a(factor, "product") or (i and factor[1] != 1) or any(n < 0 for _, n in factor[2:]):
            pairs.append((factor, 1.0))
        else:
            number *= factor[1]
            pairs += factor[2:]
    return Term(("product", number, *pairs))


def _as_recorded_quotient(x: Any, y: Any) -> Any:
    over = x if is_a(x, "product") and all(n > 0 for _, n in x[2:]) else _as_recorded_product(1.0, x)
    return Term((*over, (y, -1.0)))


def _as_recorded_power(x: Any, y: Any) -> Any:
    if x == ELLIPSIS:
        return x
    if is_a(y) or not is_a(x) or y in (0.0, 1.0):
        return Term(("power", x, y))
    return Term(("product", 1.0, (x, y)))


def _spellings(
    plus: Callable[..., Any], times: Callable[..., Any], over: Callable[..., Any], power: Callable[..., Any]
) -> dict[str, Callable[..., Any]]:
    """How an operation is spelled that is no call under its own name, in sums, products, quotients and powers."""

    def length(*xs: Any) -> Any:
        return power(plus(*[power(x, 2.0) for x in xs]), 0.5)

    def share(i: float, *xs: Any) -> Any:
        powers = [_exp(x) if is_a(x) else OPS["exp"](x) for x in xs]
        return over(powers[int(i)], plus(*powers))

    def product(*xs: Any) -> Any:
        result: Any = 1.0
        for x in xs:
            result = times(result, x)
        return result

    def dot(*xs: Any) -> Any:
        n = len(xs) // 2
        return plus(*shortened([*map(times, xs[:n], xs[n : 2 * n]), *xs[2 * n :]])[0])

    return {
        **{row: partial(_cases_of, values) for row, values in _TRUTHS.items()},
        "where": lambda condition, x, y: (
            Term(("call", "where", condition, x, y)) if is_a(condition) else x if condition else y
        ),
        "add": plus,
        "sub": lambda x, y: plus(x, times(-1.0, y) if is_a(y) else -y),
        "mul": times,
        "div": over,
        "neg": lambda x: times(-1.0, x),
        "pow": power,
        "square": lambda x: power(x, 2.0),
        "reciprocal": lambda x: over(1.0, x),
        "sqrt": lambda x: power(x, 0.5),
        "exp": _exp,
        "exp2": lambda x: power(2.0, x),
        "exp10": lambda x: power(10.0, x),
        "expm1": lambda x: plus(_exp(x), -1.0),
        "log1p": lambda x: Term(("call", "log", plus(1.0, x))),
        "hypot": length,
        "norm": length,
        "sum": plus,
        "prod": product,
        "dot": dot,
        "logsumexp": lambda *xs: Term(("call", "log", plus(*map(_exp, xs)))),
        "mean": lambda *xs: over(plus(*xs), float(len(xs))),
        "identity": lambda x: x,
        "nonneg": lambda x: x,
        "mul0": times,
        "powlog": lambda x, y, n, k: times(power(x, plus(y, -n)), power(Term(("call", "log", x)), k)),
        "one_minus_square": lambda x: plus(1.0, times(-1.0, power(x, 2.0))),
        "times_complement": lambda x: times(x, plus(1.0, times(-1.0, x))),
        "div0": over,
        "share": lambda x, y: share(0.0, x, y),
        "share2": lambda x, y: over(power(2.0, x), plus(power(2.0, x), power(2.0, y))),
        "rhypot": lambda *xs: over(1.0, length(*xs)),
        "direction": lambda i, *xs: over(xs[int(i)], length(*xs)),
        "softmax": share,
        "sech": lambda x: over(1.0, OPS["cosh"](x)),
        "half_sech": lambda x: power(times(OPS["sigmoid"](x), OPS["sigmoid"](-x)), 0.5),  # whose square is σ′
        "gaussian": lambda x: _exp(times(-1.0, power(x, 2.0))),
    }


_CONSTANTS: dict[float, tuple[float, dict[Any, float]]] = {
    ops.LN_2: (1.0, {Term(("call", "log", 2.0)): 1.0}),
    ops.LOG2_E: (1.0, {Term(("call", "log", 2.0)): -1.0}),
    ops.LOG10_E: (1.0, {Term(("call", "log", 10.0)): -1.0}),
    ops.LN_10: (1.0, {Term(("call", "log", 10.0)): 1.0}),
    ops.DEGREE: (1 / 180, {Term(("name", "π")): 1.0}),
    ops.RADIAN: (180.0, {Term(("name", "π")): -1.0}),
    ops.TWO_OVER_SQRT_PI: (2.0, {Term(("name", "π")): -0.5}),
}
"""Numbers of the rules by what they are."""

SIMPLIFIED = _spellings(add_up, times, lambda x, y: times(x, _power(y, -1.0)), _power)
"""Operations simplified."""

RECORDED = _spellings(_as_recorded_sum, _as_recorded_product, _as_recorded_quotient, _as_recorded_power)
"""Operations as they stand."""

_IN_RULES: dict[str, Callable[..., Any]] = {
    **SIMPLIFIED,
    "sign": lambda x: _cases(x, 0.0, 1.0, 0.0, -1.0),
    "step": lambda x: _cases(x, 0.0, 1.0, 0.0, 0.0),
    "compare": lambda x, y: _cases(x, y, 1.0, 0.0, -1.0),
    "where": lambda condition, x, y: x if condition else y,
}

MANY = 8
"""A row with more operands than this is spelled with an ellipsis, where its rule treats all operands alike."""


def shortened(terms: list[Expression], position: int = 0, start: int = 0) -> tuple[list[Expression], int]:
    """Of many operands the first two, that at ``position`` and the last, and an ellipsis; and where that one is now.

    ``start`` is 1 where operand 0 says which of the others is meant.
    """
    if len(terms) <= MANY + start:
        return terms, position
    chosen = int(terms[0]) + 1 if start else 0  # type: ignore[arg-type]
    kept = sorted({start, start + 1, chosen, max(position, start), len(terms) - 1})
    short = [*[terms[i] for i in kept[:-1]], ELLIPSIS, terms[-1]]
    place = {old: new + (new == len(kept) - 1) for new, old in enumerate(kept)}
    return ([float(place[chosen]), *short], place[max(position, 1)] + 1) if start else (short, place[position])


def renamed(x: Any, names: Callable[[str], str]) -> Any:
    """The expression with other names in it."""
    if is_a(x, "name"):
        return Term.named(names(x[1]))
    return type(x)([renamed(part, names) for part in x]) if isinstance(x, tuple) else x


def names_in(x: Any) -> set[str]:
    """The names in the expression."""
    if is_a(x, "name"):
        return {x[1]}
    return set().union(*map(names_in, x)) if isinstance(x, tuple) else set()


def number_at(x: Any, numbers: Mapping[str, float]) -> float | None:
    """What the expression comes to with these numbers for its names; None if an ellipsis stands in it.

    >>> number_at(2 * Term.named("x") + 1, {"x": 3.0})
    7.0
    """
    if not isinstance(x, Term):
        return float(x)
    kind, *parts = x
    if kind == "name":
        return {**numbers, "π": pi}.get(parts[0])
    if kind == "product":
        parts = [parts[0], *[base if n == 1 else Term(("power", base, n)) for base, n in parts[1:]]]
    found = [number_at(part, numbers) for part in (parts[1:] if kind == "call" else parts)]
    operands = [number for number in found if number is not None]
    if len(operands) < len(found):
        return None
    if kind == "cases":
        a, b, *values = operands
        return values[0] if a > b else values[1] if a == b else values[2] if a < b else nan
    if kind == "ties":
        return float(operands[1:].count(operands[0]))
    if kind == "whole":
        return operands[0]
    name = {"sum": "sum", "product": "prod", "power": "pow"}.get(kind, parts[0])
    op = OPS.get(name) or next((op for op in OPS.values() if op.called == name), None)
    return op.evaluate(operands) if op else None
