"""What a rule says, in JavaScript: every operation is an expression, and one that is used twice gets a name.

>>> from autodiff.ops import OPS
>>> spelling = Spelling()
>>> x, z = spelling.leaf("x"), spelling.leaf("z")
>>> spelling.text([OPS["silu"].partials[0](x, z)], "[{}]")
'{ const t0 = half_sech(x); return [sigmoid(x) + guard(x, -1500, 1500) * t0 * t0]; }'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import ops
from ..operators import Operators
from ..ops import NaryOp
from .translate import literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ..ops import Op
    from ..row import Shorthand

__all__ = ["OWN", "Spelling", "called", "is_own"]

OWN = "own_"
"""What the name of an operation of the user's own begins with: it may be a keyword of JavaScript."""


_SUM, _PRODUCT, _SIGN, _ATOM = range(4)  # how tightly an operator holds its operands
_INFIX = {"add": (" + ", _SUM), "sub": (" - ", _SUM), "mul": (" * ", _PRODUCT), "div": (" / ", _PRODUCT)}


def is_own(op: Op) -> bool:
    """Whether a row stands elsewhere than in the table."""
    return vars(ops).get(op.name) is not op


def called(op: Op) -> str:
    """What the function of a row is called in JavaScript."""
    return f"{OWN * is_own(op)}{op.name}"


class Spelling:
    """The expressions of one function, in the order in which they were made."""

    def __init__(self) -> None:
        self.expressions: list[_Expression] = []
        self.known: dict[tuple[Any, ...], _Expression] = {}

    def leaf(self, text: str) -> _Expression:
        """A name, or what else stands for a number."""
        return self.expression(text, (), _ATOM)

    def expression(self, template: str, parts: Sequence[Any], binds: int) -> _Expression:
        """The expression that the template makes of its parts; the one there is, if it has been asked for before."""
        key = (template, *[x if isinstance(x, _Expression) else float(x).hex() for x in parts])
        if key not in self.known:
            self.known[key] = _Expression(self, template, parts, binds)
            self.expressions.append(self.known[key])
        return self.known[key]

    def text(self, results: Sequence[Any], template: str = "{}") -> str:
        """The body of an arrow function that gives the results, which the template holds separated by commas."""
        result = self.expression(template.format(", ".join(["{}"] * len(results))), results, _ATOM)
        uses = dict.fromkeys(self.expressions, 0)
        uses[result] = 1
        for expression in reversed(self.expressions):
            if uses[expression]:
                for part in expression.parts:
                    if isinstance(part, _Expression):
                        uses[part] += 1
        lines: list[str] = []
        for expression in self.expressions:
            if uses[expression]:
                expression.write()
                if uses[expression] > 1 and expression.parts:
                    name = f"t{len(lines)}"
                    lines.append(f"const {name} = {expression.text};")
                    expression.text, expression.binds = name, _ATOM
        return f"{{ {' '.join(lines)} return {result.text}; }}" if lines else result.text


class _Expression(Operators):
    __slots__ = ("binds", "parts", "spelling", "template", "text")

    def __init__(self, spelling: Spelling, template: str, parts: Sequence[Any], binds: int) -> None:
        self.spelling, self.template, self.parts, self.binds = spelling, template, parts, binds
        self.text = template

    def write(self) -> None:
        """Put the texts of the parts in, in parentheses where they are needed."""
        texts = []
        for i, part in enumerate(self.parts):
            text, binds = (part.text, part.binds) if isinstance(part, _Expression) else (literal(float(part)), _ATOM)
            if text[0] == "-":
                binds = _SIGN - 1  # --x is something else
            # The right operand needs parentheses already at equal strength: a + (b + c) is rounded otherwise.
            least = self.binds + (i > 0) if self.binds < _ATOM else 0
            texts.append(f"({text})" if binds < least else text)
        self.text = self.template.format(*texts)

    @staticmethod
    def apply_op(op: Op, operands: tuple[Any, ...]) -> _Expression:
        """An operator, or a call; a function of many numbers takes an array."""
        spelling = next(x.spelling for x in operands if isinstance(x, _Expression))
        if op.name in _INFIX:
            sign, binds = _INFIX[op.name]
            return spelling.expression(f"{{}}{sign}{{}}", operands, binds)
        if op.name == "neg":
            return spelling.expression("-{}", operands, _SIGN)
        listed = ", ".join(["{}"] * len(operands))
        template = f"{called(op)}([{listed}])" if isinstance(op, NaryOp) else f"{called(op)}({listed})"
        return spelling.expression(template, operands, _ATOM)

    @staticmethod
    def apply_shorthand(shorthand: Shorthand, operands: tuple[Any, ...]) -> Any:
        """A function of the script by its name."""
        spelling = next(x.spelling for x in operands if isinstance(x, _Expression))
        listed = ", ".join(["{}"] * len(operands))
        if not shorthand.listed:
            return spelling.expression(f"{shorthand.name}({listed})", operands, _ATOM)
        every = spelling.expression(f"{shorthand.name}([{listed}])", operands, _ATOM)
        return [spelling.expression(f"{{}}[{i}]", (every,), _ATOM) for i in range(len(operands))]
