r"""Rules spelled as text: evaluate a row of the table on symbols instead of numbers, and read what it says.

>>> from autodiff.ops import OPS
>>> local_derivative_formula(OPS["div"], 1)
'-z / y'
>>> local_derivative_formula(OPS["sin"], 0)
'cos(x)'

``Symbol`` spells a rule as it stands, for code.  ``Term`` spells it for people, simplified as it grows:

>>> algebra(OPS["pow"], 0, ["x", 3.0], "z")
'3·x²'
>>> latex(OPS["div"], 1, ["x", "y"], "f")
'-\\frac{f}{y}'
"""

from __future__ import annotations

from functools import reduce
from math import isfinite, nan, pi
from typing import TYPE_CHECKING
from unicodedata import normalize

from . import ops
from .ops import OPS, NaryOp, Op
from .symbol import Symbol, local_derivative_formula

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TypeAlias

    Expression: TypeAlias = "Term | float"

__all__ = [
    "Symbol",
    "Term",
    "algebra",
    "derivative_term",
    "latex",
    "latex_characters",
    "latex_name",
    "latex_text",
    "local_derivative_formula",
    "names_in",
    "number_at",
    "number_text",
    "recorded_term",
    "renamed",
    "text",
    "value_term",
]

# ---------------------------------------------------------------------------------------------------------------------
# A rule as a simplified expression.
# ---------------------------------------------------------------------------------------------------------------------


class Term(tuple):  # type: ignore[type-arg]
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
    >>> print(text(2 * x * x + 0 * x))
    2·x²
    """

    __slots__ = ()

    @classmethod
    def named(cls, name: str) -> Term:
        """The variable of this name."""
        return cls(("name", name))

    def __add__(self, other: Any) -> Any:
        return _sum(self, other)

    def __radd__(self, other: Any) -> Any:
        return _sum(other, self)

    def __sub__(self, other: Any) -> Any:
        return _sum(self, _times(-1.0, other))

    def __rsub__(self, other: Any) -> Any:
        return _sum(other, _times(-1.0, self))

    def __mul__(self, other: Any) -> Any:
        return _times(self, other)

    def __rmul__(self, other: Any) -> Any:
        return _times(other, self)

    def __truediv__(self, other: Any) -> Any:
        return _times(self, _power(other, -1.0))

    def __rtruediv__(self, other: Any) -> Any:
        return _times(other, _power(self, -1.0))

    def __neg__(self) -> Any:
        return _times(-1.0, self)

    @staticmethod
    def apply_op(op: Op, operands: tuple[Any, ...]) -> Any:
        """What a rule means by this operation: helpers by what they stand for, guards against overflow left out."""
        return _apply(op, operands, _IN_RULES)


_ELLIPSIS = Term(("name", "…"))  # in place of operands that are left out; functions of it are left out too


def _apply(op: Op, operands: Sequence[Any], spelled: dict[str, Callable[..., Any]]) -> Any:
    if operands == (_ELLIPSIS,):
        return _ELLIPSIS
    if op.name == "sum" and all(_is(x, "cases") and x[3:] == (0.0, 1.0, 0.0) for x in operands):
        return Term(("ties", operands[0][2], *[x[1] for x in operands]))
    function = spelled.get(op.name) or (lambda *xs: Term(("call", op.name, *xs)))
    return _by_cases(lambda *xs: function(*xs) if any(map(_is, xs)) else op(*xs), operands)


def _is(x: Any, kind: str = "") -> bool:
    return isinstance(x, Term) and (not kind or x[0] == kind)


def _by_cases(function: Callable[..., Any], operands: Sequence[Any]) -> Any:
    """The function of the operands; where one is a distinction of cases, the function in each case."""
    for x in operands:
        if _is(x, "cases"):
            values = [_by_cases(function, [_in_case(y, x, i) for y in operands]) for i in (3, 4, 5)]
            return _cases(x[1], x[2], *values)
    return function(*operands)


def _in_case(x: Any, cases: Term, i: int) -> Any:
    return x[i] if _is(x, "cases") and x[1:3] == cases[1:3] else x


def _cases(a: Any, b: Any, *values: Any) -> Any:
    """Of three values that for a > b, a = b or a < b."""
    if a == b:
        return values[1]
    return values[0] if values[0] == values[1] == values[2] else Term(("cases", a, b, *values))


def _factors(x: Any) -> tuple[float, dict[Any, float]]:
    """Its numeric factor, and the exponents of the others."""
    if not isinstance(x, Term):
        sign = -1.0 if x < 0 else 1.0
        number, named = _CONSTANTS.get(abs(x), (abs(x), {}))
        return sign * number, dict(named)
    return (x[1], dict(x[2:])) if x[0] == "product" else (1.0, {x: 1.0})


def _product(number: float, exponents: dict[Any, float]) -> Any:
    if number == 0:
        return 0.0
    for base, exponent in exponents.items():
        if _is(base, "product") and float(exponent).is_integer():
            others = {other: n for other, n in exponents.items() if other != base}
            return _times(_product(number, others), _power(base, exponent))
    pairs = [(base, exponent) for base, exponent in exponents.items() if exponent]
    if not pairs:
        return number
    return pairs[0][0] if number == 1 and len(pairs) == 1 and pairs[0][1] == 1 else Term(("product", number, *pairs))


def _times(x: Any, y: Any) -> Any:
    if _is(x, "cases") or _is(y, "cases"):
        return _by_cases(_times, (x, y))
    if not (_is(x) or _is(y)):
        return x * y
    number, exponents = _factors(x)
    factor, others = _factors(y)
    for base, exponent in others.items():
        exponents[base] = exponents.get(base, 0.0) + exponent if base != _ELLIPSIS else 1.0
    return _product(number * factor, exponents)


def _power(base: Any, exponent: Any) -> Any:
    if base == _ELLIPSIS:
        return base
    if _is(base, "cases") or _is(exponent, "cases"):
        return _by_cases(_power, (base, exponent))
    if _is(exponent):
        return Term(("power", base, exponent))
    if exponent in (0.0, 1.0):
        return base if exponent else 1.0
    if not _is(base):
        return OPS["pow"](base, exponent)
    number, exponents = _factors(base)
    if not float(exponent).is_integer():  # √(x²) is not x
        single = number == 1 and [*exponents.values()] == [1.0]
        return _product(1.0, {next(iter(exponents)) if single else base: exponent})
    result = OPS["pow"](number, exponent)
    for part, old in exponents.items():
        new = old * exponent
        result = _times(result, part if new == 1 else Term(("product", 1.0, (part, new))))
    return result


def _sum(*summands: Any) -> Any:
    if any(_is(x, "cases") for x in summands):
        return _by_cases(_sum, summands)
    terms: list[Any] = []
    for x in summands:
        terms += x[1:] if _is(x, "sum") else [x]
    numbers = [x for x in terms if not _is(x)]
    if len(numbers) > 1:
        terms[terms.index(numbers[0])] = sum(numbers)
        for x in numbers[1:]:
            terms.remove(x)
    terms = [x for x in terms if x != 0]
    if len(terms) < 2:
        return terms[0] if terms else 0.0
    below = [[pair for pair in _factors(x)[1].items() if pair[1] < 0] for x in terms if x != _ELLIPSIS]
    common = [(base, -exponent) for base, exponent in below[0] if all((base, exponent) in pairs for pairs in below)]
    if common:  # a common denominator
        divisor = Term(("product", 1.0, *common))
        return _times(_sum(*[_times(x, divisor) if x != _ELLIPSIS else x for x in terms]), _power(divisor, -1.0))
    return Term(("sum", *terms))


def _call(name: str) -> Callable[..., Any]:
    return lambda *xs: Term(("call", name, *xs))


def _exp(x: Any) -> Any:
    return x if x == _ELLIPSIS else Term(("call", "exp", x))


def _as_recorded_sum(*xs: Any) -> Any:
    """A sum that is written as it was computed: (a + b) + c without the parentheses, and nothing else merged."""
    first, *others = xs
    return Term(("sum", *(first[1:] if _is(first, "sum") else [first]), *others)) if others else first


def _as_recorded_product(x: Any, y: Any) -> Any:
    """Factors side by side, x/x too; a factor that is itself a quotient, or has a number, stays whole."""
    pairs: list[tuple[Any, float]] = []
    number = 1.0
    for i, factor in enumerate((x, y)):
        if not _is(factor) and number == 1:
            number = factor
        elif not _is(factor, "product") or (i and factor[1] != 1) or any(n < 0 for _, n in factor[2:]):
            pairs.append((factor, 1.0))
        else:
            number *= factor[1]
            pairs += factor[2:]
    return Term(("product", number, *pairs))


def _as_recorded_quotient(x: Any, y: Any) -> Any:
    over = x if _is(x, "product") and all(n > 0 for _, n in x[2:]) else _as_recorded_product(1.0, x)
    return Term((*over, (y, -1.0)))


def _as_recorded_power(x: Any, y: Any) -> Any:
    if x == _ELLIPSIS:
        return x
    if _is(y) or not _is(x) or y in (0.0, 1.0):
        return Term(("power", x, y))
    return Term(("product", 1.0, (x, y)))


def _spellings(
    plus: Callable[..., Any], times: Callable[..., Any], over: Callable[..., Any], power: Callable[..., Any]
) -> dict[str, Callable[..., Any]]:
    """How an operation is spelled that is no call under its own name, in sums, products, quotients and powers."""

    def length(*xs: Any) -> Any:
        return power(plus(*[power(x, 2.0) for x in xs]), 0.5)

    def share(i: float, *xs: Any) -> Any:
        powers = [_exp(x) if _is(x) else OPS["exp"](x) for x in xs]
        return over(powers[int(i)], plus(*powers))

    def product(*xs: Any) -> Any:
        result: Any = 1.0
        for x in xs:
            result = times(result, x)
        return result

    def dot(*xs: Any) -> Any:
        n = len(xs) // 2
        return plus(*_shortened(OPS["sum"], [*map(times, xs[:n], xs[n : 2 * n]), *xs[2 * n :]], 0)[0])

    return {
        "add": plus,
        "sub": lambda x, y: plus(x, times(-1.0, y) if _is(y) else -y),
        "mul": times,
        "div": over,
        "neg": lambda x: times(-1.0, x),
        "pow": power,
        "square": lambda x: power(x, 2.0),
        "reciprocal": lambda x: over(1.0, x),
        "sqrt": lambda x: power(x, 0.5),
        "exp": _exp,
        "exp2": lambda x: power(2.0, x),
        "expm1": lambda x: plus(_exp(x), -1.0),
        "log1p": lambda x: Term(("call", "log", plus(1.0, x))),
        "hypot": length,
        "norm": length,
        "sigmoid": _call("σ"),
        "maximum": _call("max"),
        "minimum": _call("min"),
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
        "rhypot": lambda *xs: over(1.0, length(*xs)),
        "direction": lambda i, *xs: over(xs[int(i)], length(*xs)),
        "softmax": share,
        "sech": lambda x: over(1.0, OPS["cosh"](x)),
        "half_sech": lambda x: power(times(OPS["sigmoid"](x), OPS["sigmoid"](-x)), 0.5),  # whose square is σ′
        "gaussian": lambda x: _exp(times(-1.0, power(x, 2.0))),
        "normal_pdf": _call("φ"),
        "normal_cdf": _call("Φ"),
    }


_CONSTANTS: dict[float, tuple[float, dict[Any, float]]] = {
    ops._LN_2: (1.0, {Term(("call", "log", 2.0)): 1.0}),
    ops._LOG2_E: (1.0, {Term(("call", "log", 2.0)): -1.0}),
    ops._LOG10_E: (1.0, {Term(("call", "log", 10.0)): -1.0}),
    ops._TWO_OVER_SQRT_PI: (2.0, {Term(("name", "π")): -0.5}),
}
"""Numbers of the rules by what they are."""

_SPELLED = _spellings(_sum, _times, lambda x, y: _times(x, _power(y, -1.0)), _power)
"""Operations simplified."""

_AS_RECORDED = _spellings(_as_recorded_sum, _as_recorded_product, _as_recorded_quotient, _as_recorded_power)
"""Operations as they stand."""

_IN_RULES: dict[str, Callable[..., Any]] = {
    **_SPELLED,
    "sign": lambda x: _cases(x, 0.0, 1.0, 0.0, -1.0),
    "step": lambda x: _cases(x, 0.0, 1.0, 0.0, 0.0),
    "compare": lambda x, y: _cases(x, y, 1.0, 0.0, -1.0),
    "where": lambda condition, x, y: x if condition else y,
    "clamp": lambda x, low, high: x,  # what x multiplies is 0 beyond
}

_MANY = 8
"""A row with more operands than this is spelled with an ellipsis, where its rule treats all operands alike."""

_INDEXED = {"softmax", "direction"}  # rows whose first operand says which of the others is meant
_ALIKE = {"prod", "max", "min", "logsumexp", "norm", *_INDEXED}


def derivative_term(op: Op, position: int, operands: Sequence[str | Expression], z: str | Expression) -> Expression:
    """∂z/∂(operand at ``position``): the row's own rule, evaluated on symbols and simplified.

    >>> derivative_term(OPS["mul"], 0, ["x", 2.0], "z")
    2.0
    """
    terms = _terms(operands)
    if op.name in _ALIKE:
        terms, position = _shortened(op, terms, position)
    (output,) = _terms([z])
    try:
        (derivative,) = op.local_derivatives(terms, output, [position])
    except ZeroDivisionError:  # spell the division by the constant 0
        terms = [x if isinstance(x, Term) else Term.named(number_text(x)) for x in terms]
        (derivative,) = op.local_derivatives(terms, output, [position])
    return derivative  # type: ignore[no-any-return]


def value_term(op: Op, operands: Sequence[str | Expression]) -> Expression:
    """What the operation computes.

    >>> print(text(value_term(OPS["dot"], ["w", "u", "x", "y", "b"])))
    w·x + u·y + b
    """
    return _value(op, operands, _SPELLED)


def recorded_term(op: Op, operands: Sequence[str | Expression]) -> Expression:
    """What the operation computes, as it stands: x/x remains x/x.

    >>> print(text(recorded_term(OPS["div"], ["x", "x"])), text(value_term(OPS["div"], ["x", "x"])))
    x/x 1
    """
    return _value(op, operands, _AS_RECORDED)


def _value(op: Op, operands: Sequence[str | Expression], spelled: dict[str, Callable[..., Any]]) -> Expression:
    terms = _terms(operands)
    if op.name == "mean" and len(terms) > _MANY:
        return Term(("call", "mean", *_shortened(op, terms, 0)[0]))
    if isinstance(op, NaryOp) and op.name != "dot":
        terms, _ = _shortened(op, terms, 0)
    return _apply(op, tuple(terms), spelled)  # type: ignore[no-any-return]


def _terms(operands: Sequence[str | Expression]) -> list[Expression]:
    return [Term.named(x) if isinstance(x, str) else x for x in operands]


def _shortened(op: Op, terms: list[Expression], position: int) -> tuple[list[Expression], int]:
    """Of many operands the first two, that at ``position`` and the last, and an ellipsis; and where that one is now."""
    start = int(op.name in _INDEXED)
    if len(terms) <= _MANY + start:
        return terms, position
    chosen = int(terms[0]) + 1 if start else 0  # type: ignore[arg-type]
    kept = sorted({start, start + 1, chosen, max(position, start), len(terms) - 1})
    short = [*[terms[i] for i in kept[:-1]], _ELLIPSIS, terms[-1]]
    place = {old: new + (new == len(kept) - 1) for new, old in enumerate(kept)}
    return ([float(place[chosen]), *short], place[max(position, 1)] + 1) if start else (short, place[position])


def renamed(x: Any, names: Callable[[str], str]) -> Any:
    """The expression with other names in it."""
    if _is(x, "name"):
        return Term.named(names(x[1]))
    return type(x)([renamed(part, names) for part in x]) if isinstance(x, tuple) else x


def names_in(x: Any) -> set[str]:
    """The names in the expression."""
    if _is(x, "name"):
        return {x[1]}
    return set().union(*map(names_in, x)) if isinstance(x, tuple) else set()


def number_at(x: Any, numbers: Mapping[str, float]) -> float | None:
    """What the expression comes to with these numbers for its names; None if an ellipsis stands in it.

    >>> number_at(derivative_term(OPS["mul"], 0, ["x", "y"], "z"), {"x": 2.0, "y": 3.0})
    3.0
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
    name = {"sum": "sum", "product": "prod", "power": "pow"}.get(kind) or _CALLED.get(parts[0], parts[0])
    return OPS[name].evaluate(operands) if name in OPS else None


_CALLED = {"σ": "sigmoid", "φ": "normal_pdf", "Φ": "normal_cdf"}

# ---------------------------------------------------------------------------------------------------------------------
# Writing it down.
# ---------------------------------------------------------------------------------------------------------------------

_ADDED, _MULTIPLIED, _RAISED, _TIGHT = range(4)  # how tightly the outermost operator of a text holds


def text(x: Expression) -> str:
    """The expression in one line of ordinary characters: 2·x, y^(x − 1), √(1 − x²)."""
    return _Plain().write(x)[0]


def latex_text(x: Expression) -> str:
    r"""The expression in LaTeX: 2\,x, y^{x - 1}, \sqrt{1 - x^{2}}."""
    return _Latex().write(x)[0]


def algebra(op: Op, position: int, operands: Sequence[str | float], z: str) -> str:
    """∂z/∂(operand at ``position``) as readable algebra, from the row's own rule.

    Args:
        op: the row.
        position: which operand to differentiate with respect to.
        operands: the name of each that varies, the number of each constant.
        z: the name of the output.

    Of a row with many operands the formula shows some; "…" stands for the others.  "ties" is how many operands of a
    maximum equal it.

    >>> algebra(OPS["sin"], 0, ["y"], "z"), algebra(OPS["div"], 1, ["x", "y"], "z"), algebra(OPS["relu"], 0, ["x"], "z")
    ('cos(y)', '−z/y', '1 if x > 0 else 0')
    """
    return text(derivative_term(op, position, operands, z))


def latex(op: Op, position: int, operands: Sequence[str | float], z: str) -> str:
    r"""``algebra`` in LaTeX, for use between dollar signs.

    >>> print(latex(OPS["tanh"], 0, ["x"], "z"))
    \frac{1}{\cosh(x)^{2}}
    """
    return latex_text(derivative_term(op, position, operands, z))


def number_text(x: float) -> str:
    """A number as a person would write it: to 4 significant digits, unless it is short or a simple fraction.

    >>> number_text(2.0), number_text(-0.5), number_text(1 / 3), number_text(0.123456789)
    ('2', '−0.5', '1/3', '0.1235')
    """
    short = repr(x).removesuffix(".0")
    if len(short) > 7 and isfinite(x):
        numerator, denominator = _fraction(abs(x))
        rounded = f"{x:.4g}"
        if float(rounded).is_integer():
            rounded = f"{x:.12g}"  # 1.0000001 is not 1
        short = f"{'-' * (x < 0)}{numerator}/{denominator}" if denominator > 1 else rounded
    return short.replace("-", "−")


def _fraction(x: float) -> tuple[int, int]:
    """x as a simple fraction; with denominator 1 where it is none or has a short decimal anyway."""
    if len(repr(x)) > 7 and x < 100:
        for denominator in range(3, 1000):
            numerator = round(x * denominator)
            if numerator and numerator / denominator == x:
                return numerator, denominator
    return 0, 1


class _Plain:
    """Writes expressions in one line; each method gives a text and how tightly it holds."""

    dot, minus = "·", "−"
    stacked = False  # whether a fraction has a bar that holds it together
    relations = (">", "≥", "=", "≠", "<", "≤")

    def write(self, x: Any) -> tuple[str, int]:
        if not isinstance(x, Term):
            return self.number(x), _MULTIPLIED if x < 0 or "/" in number_text(x) else _TIGHT
        if x[0] == "name":
            return self.name(x[1]), _TIGHT
        result: tuple[str, int] = getattr(self, x[0])(*x[1:])
        return result

    def held(self, x: Any, binds: int) -> str:
        """The text, in parentheses where it does not hold as tightly as ``binds``."""
        string, own = self.write(x)
        return string if own >= binds else self.parentheses(string)

    def parentheses(self, string: str) -> str:
        return f"({string})"

    def number(self, x: float) -> str:
        return number_text(x)

    def name(self, name: str) -> str:
        return name

    def call(self, name: str, *operands: Any) -> tuple[str, int]:
        return self.function(name) + self.parentheses(", ".join([self.write(x)[0] for x in operands])), _TIGHT

    def function(self, name: str) -> str:
        return name

    def whole(self, x: Any) -> tuple[str, int]:
        return self.write(x)

    def ties(self, z: Any, *operands: Any) -> tuple[str, int]:
        return self.function("ties"), _TIGHT

    def sum(self, *terms: Any) -> tuple[str, int]:
        first, *others = [self.held(x, _MULTIPLIED) for x in terms]
        for other in others:
            negative = other.startswith(self.minus)
            first += f" {self.minus} {other.removeprefix(self.minus)}" if negative else f" + {other}"
        return first, _ADDED

    def product(self, number: float, *factors: tuple[Any, float]) -> tuple[str, int]:
        factors = tuple(sorted(factors, key=_alphabetically))
        if (_ELLIPSIS, 1.0) in factors:
            factors = (*factors[1:-1], factors[0], factors[-1])
        above = [self.raised(base, exponent) for base, exponent in factors if exponent > 0]
        below = [self.raised(base, -exponent) for base, exponent in factors if exponent < 0]
        sign, size = self.minus * (number < 0), abs(number)
        numerator, denominator = _fraction(size)
        if below and size < 1 and (1 / size).is_integer() and 1 / (1 / size) == size:
            numerator, denominator = 1, int(1 / size)
        if denominator > 1:
            below.insert(0, self.number(float(denominator)))
            size = float(numerator)
        if size != 1 or not above:
            above.insert(0, self.number(size))
        over = self.multiplied(above)
        if below:
            return sign + self.quotient(over, below), _RAISED if self.stacked and not sign else _MULTIPLIED
        return sign + over, _RAISED if len(above) == 1 and not sign else _MULTIPLIED

    def multiplied(self, factors: list[str]) -> str:
        return self.dot.join(factors)

    def quotient(self, over: str, below: list[str]) -> str:
        under = self.multiplied(below)
        return f"{over}/{self.parentheses(under) if len(below) > 1 else under}"

    def raised(self, base: Any, exponent: float) -> str:
        """The base to a positive power."""
        if exponent == 1:
            return self.held(base, _RAISED)
        if exponent == 0.5:
            return self.root(base)
        return self.exponentiated(self.held(base, _TIGHT), exponent)

    def root(self, base: Any) -> str:
        return "√" + (self.name(base[1]) if _is(base, "name") else self.parentheses(self.write(base)[0]))

    def exponentiated(self, base: str, exponent: Any) -> str:
        if isinstance(exponent, float) and exponent.is_integer() and exponent < 1000:
            return base + f"{exponent:.0f}".translate(_SUPERSCRIPTS)
        return f"{base}^{self.held(exponent, _TIGHT)}"

    def power(self, base: Any, exponent: Any) -> tuple[str, int]:
        return self.exponentiated(self.held(base, _TIGHT), exponent), _RAISED

    def cases(self, a: Any, b: Any, above: Any, equal: Any, below: Any) -> tuple[str, int]:
        if (above, equal, below) == (1.0, 0.0, -1.0):
            return self.call("sign", _sum(a, _times(-1.0, b)))
        greater, not_less, same, other, less, _ = self.relations
        if above == below:
            order = [(same, equal), ("", above)] if equal else [(other, above), ("", equal)]
        elif equal == below:
            order = [(greater, above), ("", below)]
        elif above == equal:
            order = [(not_less, above), ("", below)] if above else [(less, below), ("", above)]
        else:
            order = [(greater, above), (same, equal), ("", below)]
        return self.distinction(self.write(a)[0], self.write(b)[0], order), _ADDED - 1

    def distinction(self, a: str, b: str, order: list[tuple[str, Any]]) -> str:
        parts = [self.held(x, _ADDED) + (f" if {a} {relation} {b}" if relation else "") for relation, x in order]
        return " else ".join(parts)


def _alphabetically(factor: tuple[Any, float]) -> tuple[int, str, int, str]:
    """An ellipsis first, then variables, x2 before x10; the others stay as they are."""
    base = factor[0]
    if not _is(base, "name"):
        return 2, "", 0, ""
    return int(base != _ELLIPSIS), base[1].rstrip("0123456789"), len(base[1]), base[1]


_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LATEX_FUNCTIONS = {"σ": "\\sigma", "φ": "\\varphi", "Φ": "\\Phi"} | {
    name: "\\" + name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "max", "min")
}
_GREEK = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau phi chi psi omega"
_LATEX_LETTERS = {
    **{name: "\\" + name for name in _GREEK.split()},
    **{letter: "\\" + name for letter, name in zip("αβγδεζηθικλμνξπρστφχψω", _GREEK.split(), strict=True)},
    **{"…": "\\cdots", "Γ": "\\Gamma", "Δ": "\\Delta", "Θ": "\\Theta", "Λ": "\\Lambda", "Ξ": "\\Xi", "Π": "\\Pi"},
    **{"Σ": "\\Sigma", "Υ": "\\Upsilon", "Φ": "\\Phi", "Ψ": "\\Psi", "Ω": "\\Omega", "∂": "\\partial", "∇": "\\nabla"},
    **{"∞": "\\infty", "·": "\\cdot", "×": "\\times", "−": "-", "√": "\\surd", "∑": "\\Sigma", "→": "\\to", "′": "'"},
}
_LATEX_ACCENTS = {
    "\N{COMBINING GRAVE ACCENT}": "\\grave",
    "\N{COMBINING ACUTE ACCENT}": "\\acute",
    "\N{COMBINING CIRCUMFLEX ACCENT}": "\\hat",
    "\N{COMBINING TILDE}": "\\tilde",
    "\N{COMBINING MACRON}": "\\bar",
    "\N{COMBINING BREVE}": "\\breve",
    "\N{COMBINING DOT ABOVE}": "\\dot",
    "\N{COMBINING DIAERESIS}": "\\ddot",
    "\N{COMBINING RING ABOVE}": "\\mathring",
    "\N{COMBINING CARON}": "\\check",
}
_LATEX_CHARACTERS = {
    **{character: "\\" + character for character in "{}$&#%_"},
    **{"\\": "\\backslash ", "<": "\\lt ", ">": "\\gt ", "|": "\\vert ", "~": "\\sim ", "^": "\\wedge "},
    **{"`": "\\grave{}", "*": "\\ast ", " ": "\\ ", '"': "''"},
}


class _Latex(_Plain):
    """Writes expressions in LaTeX."""

    dot, minus = "\\,", "-"
    stacked = True
    relations = (">", "\\ge", "=", "\\ne", "<", "\\le")

    def parentheses(self, string: str) -> str:
        tall = "\\frac" in string or "\\begin" in string
        return f"\\left({string}\\right)" if tall else f"({string})"

    def number(self, x: float) -> str:
        plain = number_text(x).replace("−", "-").replace("inf", "\\infty").replace("nan", "\\mathrm{nan}")
        if "/" in plain:
            return "{}\\frac{{{}}}{{{}}}".format("-" * (x < 0), *plain.removeprefix("-").split("/"))
        digits, e, power = plain.partition("e")
        return f"{digits} \\cdot 10^{{{int(power)}}}" if e else digits

    def name(self, name: str) -> str:
        return latex_name(name)

    def function(self, name: str) -> str:
        return _LATEX_FUNCTIONS.get(name) or f"\\operatorname{{{latex_characters(name)}}}"

    def call(self, name: str, *operands: Any) -> tuple[str, int]:
        if name == "exp":
            return f"e^{{{self.write(operands[0])[0]}}}", _RAISED
        return super().call(name, *operands)

    def multiplied(self, factors: list[str]) -> str:
        # A thin space is enough between letters; before a figure there must be a dot.
        result = factors[0]
        for factor in factors[1:]:
            result += (" \\cdot " if factor[0].isdigit() else self.dot) + factor
        return result

    def quotient(self, over: str, below: list[str]) -> str:
        return f"\\frac{{{_bare(over)}}}{{{_bare(self.multiplied(below))}}}"

    def raised(self, base: Any, exponent: float) -> str:
        if exponent == 1 and _is(base, "call") and base[1] == "exp":
            return self.write(base)[0]
        return super().raised(base, exponent)

    def root(self, base: Any) -> str:
        return f"\\sqrt{{{self.write(base)[0]}}}"

    def exponentiated(self, base: str, exponent: Any) -> str:
        return f"{base}^{{{self.write(exponent)[0]}}}"

    def distinction(self, a: str, b: str, order: list[tuple[str, Any]]) -> str:
        parts = [f"{self.write(x)[0]} & " + (f"{a} {r} {b}" if r else "\\text{otherwise}") for r, x in order]
        return "\\begin{cases} " + " \\\\ ".join(parts) + " \\end{cases}"


def _bare(string: str) -> str:
    """Without parentheses around the whole: a fraction's bar needs none."""
    for opening, closing in (("(", ")"), ("\\left(", "\\right)")):
        inner = string.removeprefix(opening).removesuffix(closing)
        if len(inner) == len(string) - len(opening) - len(closing) and _closes_only_at_the_end(string):
            return inner
    return string


def _closes_only_at_the_end(string: str) -> bool:
    depth, rest = 0, len(string)
    for character in string:
        rest -= 1
        depth += (character == "(") - (character == ")")
        if depth == 0 and rest and character == ")":
            return False
    return depth == 0


def latex_name(name: str) -> str:
    r"""A variable's name in LaTeX: Greek letters and indices as in print; whatever else it holds is only shown.

    >>> print(latex_name("w_11^(1)"), latex_name("x1"), latex_name("alpha"), latex_name("loss"), latex_name("w[0][1]"))
    w_{11}^{(1)} x_{1} \alpha \mathrm{loss} w_{0,1}
    """
    rest, _, above = name.partition("^")
    stem, _, below = rest.partition("_")
    if stem.endswith("]") and "[" in stem and not below:
        stem, _, below = stem[:-1].partition("[")
        below = below.replace("][", ",").replace("'", "")
    elif not below and stem.rstrip("0123456789") and len(stem.rstrip("0123456789")) <= 2:
        letters = stem.rstrip("0123456789")
        stem, below = letters, stem[len(letters) :]
    if not stem:
        return f"\\mathrm{{{latex_characters(name)}}}"
    result = _LATEX_LETTERS.get(stem) or (stem if len(stem) == 1 and stem.isascii() and stem.isalpha() else "")
    result = result or f"\\mathrm{{{latex_characters(stem)}}}"
    for mark, part in (("_", below), ("^", above)):
        if part:
            result += f"{mark}{{{_LATEX_LETTERS.get(part) or latex_characters(part)}}}"
    return result


def latex_characters(string: str) -> str:
    """Text for the inside of a formula, where no character of it means anything."""
    shown = string if string.isprintable() else string.encode("unicode_escape").decode()
    return "".join(map(_latex_character, shown))


def _latex_character(character: str) -> str:
    """A character in ASCII, for pdflatex has no others in a formula: by its command, its accent, or its number."""
    if character.isascii():
        return _LATEX_CHARACTERS.get(character, character)
    if character in _LATEX_LETTERS:
        return f"{{{_LATEX_LETTERS[character]}}}"
    base, *marks = list(normalize("NFKD", character))
    if base.isascii() and all(mark in _LATEX_ACCENTS for mark in marks):
        return reduce(lambda inner, mark: f"{_LATEX_ACCENTS[mark]}{{{inner}}}", marks, base)
    return f"U{{+}}{ord(character):04X}"
