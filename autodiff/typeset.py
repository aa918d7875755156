r"""Terms written for people: in one line of ordinary characters, and in LaTeX.

>>> number_text(1 / 3), latex_name("w_11^(1)")
('1/3', 'w_{11}^{(1)}')
"""

from __future__ import annotations

from functools import reduce
from math import isfinite
from typing import TYPE_CHECKING
from unicodedata import normalize

from .term import ELLIPSIS, Term, add_up, is_a, times

if TYPE_CHECKING:
    from typing import Any

    from .term import Expression

__all__ = ["latex_characters", "latex_name", "latex_text", "number_text", "text"]

_ADDED, _MULTIPLIED, _RAISED, _TIGHT = range(4)  # how tightly the outermost operator of a text holds


def text(x: Expression) -> str:
    """The expression in one line of ordinary characters: 2·x, y^(x − 1), √(1 − x²)."""
    return _Plain().write(x)[0]


def latex_text(x: Expression) -> str:
    r"""The expression in LaTeX: 2\,x, y^{x - 1}, \sqrt{1 - x^{2}}."""
    return _Latex().write(x)[0]


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
        if (ELLIPSIS, 1.0) in factors:
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
        return "√" + (self.name(base[1]) if is_a(base, "name") else self.parentheses(self.write(base)[0]))

    def exponentiated(self, base: str, exponent: Any) -> str:
        if isinstance(exponent, float) and exponent.is_integer() and exponent < 1000:
            return base + f"{exponent:.0f}".translate(_SUPERSCRIPTS)
        return f"{base}^{self.held(exponent, _TIGHT)}"

    def power(self, base: Any, exponent: Any) -> tuple[str, int]:
        return self.exponentiated(self.held(base, _TIGHT), exponent), _RAISED

    def cases(self, a: Any, b: Any, above: Any, equal: Any, below: Any) -> tuple[str, int]:
        if (above, equal, below) == (1.0, 0.0, -1.0):
            return self.call("sign", add_up(a, times(-1.0, b)))
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
    if not is_a(base, "name"):
        return 2, "", 0, ""
    return int(base != ELLIPSIS), base[1].rstrip("0123456789"), len(base[1]), base[1]


_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LATEX_FUNCTIONS = {"σ": "\\sigma", "φ": "\\varphi", "Φ": "\\Phi", "ψ": "\\psi"} | {
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
        if exponent == 1 and is_a(base, "call") and base[1] == "exp":
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
