"""The recorded graph as text: straight-line Python for the value, and for the gradient by one sweep backward.

One line is one operation, and a variable is called as its Value is labelled.  The text names the operations of the rule
table and uses ``+ - * /``, so it runs on whatever kind of numbers the names stand for: ``namespaces.py`` has five.

A gradient line multiplies what the row's own rule says on symbols by the gradient of the result.  Nothing else here
knows a derivative.

>>> x = Value(2.0, label="x")
>>> y = x * x.sin()
>>> y.label = "y"
>>> print(write_source(y, [x]))
# 2 operations on 1 input and 0 parameters.
<BLANKLINE>
<BLANKLINE>
def forward(inputs, parameters=()):
    (x,) = inputs
    v1 = sin(x)
    y = x * v1
    return y
<BLANKLINE>
<BLANKLINE>
def value_and_grad(inputs, parameters=()):
    (x,) = inputs
<BLANKLINE>
    # Forward: every operation, in the order recorded.
    v1 = sin(x)
    y = x * v1
<BLANKLINE>
    # Backward, in reverse: d_v is the derivative of the output to v, and every use of v adds
    # (local derivative) * (gradient of the result).
    d_y = 1.0
    # y = x * v1
    d_x = v1 * d_y
    d_v1 = x * d_y
    # v1 = sin(x)
    d_x = d_x + cos(x) * d_v1
    return y, (d_x,), ()
<BLANKLINE>
"""

from __future__ import annotations

import builtins
import math
from keyword import iskeyword
from operator import add, mul, sub
from typing import TYPE_CHECKING
from unicodedata import normalize

from ..errors import OperandError
from ..operators import Operators
from ..ops import OPS, NaryOp, Op
from ..row import CONSTANTS, SHORTHANDS, Shorthand, unreadable
from ..sweep import in_order, recorded_from
from ..value import Value
from .frozen import Frozen, freeze

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeAlias

    Part: TypeAlias = "str | tuple[Expression, int]"

__all__ = ["WIDTH", "Text", "filled", "indented", "literal", "variable", "write_source"]

WIDTH = 100  # of a line that can be broken

_RESERVED = {*OPS, *CONSTANTS, *SHORTHANDS, *dir(builtins), "inf", "nan", "number"}
_RESERVED |= {"forward", "value_and_grad", "inputs", "parameters", "seeds"}


def write_source(
    outputs: Value | Sequence[Value],
    inputs: Sequence[Value],
    parameters: Sequence[Value] = (),
    frozen: Frozen | None = None,
) -> str:
    """The text of two functions, of a graph's value and of its gradient.

    ``forward(inputs, parameters=())`` gives the value; a tuple of them, for a list of outputs.
    ``value_and_grad(inputs, parameters=())`` gives the value, the tuple of derivatives to the inputs and that of
    derivatives to the parameters.  For a list of outputs it takes ``seeds`` too, one factor for each output, and the
    derivatives are those of the sum of seed·output.

    Inputs and parameters may be any Values: how they came about is left out.  Whatever depends on none of them is a
    constant, by name where it has a label: the number that it has, or had when the graph was ``frozen``.  The text is
    as long as the graph is large.

    Raises:
        OperandError: an output, an input or a parameter is no Value, or an input or a parameter is given twice.
    """
    several = not isinstance(outputs, Value)
    wanted: list[Value] = [*outputs] if not isinstance(outputs, Value) else [outputs]
    given = [*inputs, *parameters]
    for x in [*wanted, *given]:
        if not isinstance(x, Value):
            raise OperandError(f"source: outputs, inputs and parameters are Values of the graph, not {x!r}")
    if len(set(given)) < len(given):
        raise OperandError("source: an input or a parameter is given twice; name each Value once")
    return Text(wanted, [*inputs], [*parameters], several, frozen or freeze(wanted)).write()


# ---------------------------------------------------------------------------------------------------------------------
# Expressions: what a rule says on symbols.
# ---------------------------------------------------------------------------------------------------------------------

_SUM, _PRODUCT, _SIGN, _ATOM = range(4)


class Expression(Operators):
    """An expression whose text is written late, when it is known how often the expression is used.

    Attributes:
        number: its value, if it is a constant.
        text: what it is written as, once that is known.
        binds: how tightly the outermost operator of the text holds its operands.
        uses: how many expressions it is a part of; from two on it gets a name of its own.
        calls: the calls with many operands in the text that this is written for; None for a constant.
    """

    __slots__ = ("binds", "calls", "number", "parts", "text", "uses")

    def __init__(
        self,
        parts: Iterable[Part],
        binds: int,
        number: float | None = None,
        text: str | None = None,
        uses: float = 0,
        calls: dict[tuple[Any, ...], Expression] | None = None,
    ) -> None:
        self.parts = tuple(parts)
        self.binds = binds
        self.number = number
        self.text = text
        self.uses = uses
        self.calls = calls
        for part in self.parts:
            if not isinstance(part, str):
                part[0].uses += 1
                self.calls = part[0].calls if self.calls is None else self.calls

    @staticmethod
    def apply_op(op: Op, operands: tuple[Any, ...]) -> Expression:
        """Spell a call; one with many operands is long, and so written once in a text."""
        xs = [_expression(x) for x in operands]
        return _once(op.name, xs) if isinstance(op, NaryOp) else _call(op.name, xs)

    @staticmethod
    def apply_shorthand(shorthand: Shorthand, operands: tuple[Any, ...]) -> Any:
        """Each kind of number has its own; only the factor of ``scaled`` may be known already."""
        xs = [_expression(x) for x in operands]
        if shorthand.listed:
            every = _once(shorthand.name, xs)
            every.uses += 1  # even of one component the list gets a name
            return [Expression([(every, _ATOM), f"[{i}]"], _ATOM, uses=-math.inf) for i in range(len(xs))]
        if shorthand.name == "scaled" and xs[0].number is not None:
            return _call("mul0", xs) if xs[0].number else 0.0
        return _call(shorthand.name, xs)


def variable(
    name: str, number: float | None = None, calls: dict[tuple[Any, ...], Expression] | None = None
) -> Expression:
    """A name; of a constant, with its ``number``."""
    return Expression((), _ATOM, number, name, calls=calls)


def _constant(x: float) -> Expression:
    text = literal(x)
    return Expression((), _SIGN if text[0] == "-" else _ATOM, x, text)


def literal(x: float) -> str:
    """The shortest text that reads back as this very number; infinities and nan by name."""
    return repr(x if isinstance(x, int) else float(x))


def _expression(x: Any) -> Expression:
    """An operand as an expression; a number is one that a rule names."""
    if isinstance(x, Expression):
        return x
    named = variable(_NAMED[math.fabs(x)]) if math.fabs(x) in _NAMED else None
    return _constant(x) if named is None else named if x > 0 else -named


_NAMED = {number: name for name, number in CONSTANTS.items()}
_BINDS = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT}
_ON_NUMBERS = {"+": add, "-": sub, "*": mul, "/": OPS["div"].value}


def _infix(x: Expression, sign: str, y: Expression) -> Expression:
    number = None
    if x.number is not None and y.number is not None:
        number = _ON_NUMBERS[sign](x.number, y.number)
        if _is_settled(number, [x.number, y.number]):
            return _constant(number)
    elif sign == "*" and x.number == 1:
        return y
    binds = _BINDS[sign]
    # The right operand of - and / needs parentheses already at equal strength; that of + and * keeps the order too.
    return Expression([(x, binds), f" {sign} ", (y, binds + 1)], binds, number)


def _is_settled(number: float, operands: Sequence[float]) -> bool:
    """Whether a constant expression is written as its value: where no digit is lost, or no digit is left."""
    whole = all(float(x).is_integer() and math.fabs(x) < 2**53 for x in (number, *operands))
    return whole or not math.isfinite(number)


def _call(name: str, xs: Sequence[Expression]) -> Expression:
    """A call of a row, or the shorter expression that has the same value."""
    numbers = [x.number for x in xs if x.number is not None]
    if len(numbers) == len(xs) and name in OPS:
        number = OPS[name].evaluate(numbers)
        if not math.isfinite(number) or (OPS[name].exact and _is_settled(number, numbers)):
            return _constant(number)
    else:
        number = None
    if name in ("add", "sub", "mul", "div"):
        return _infix(xs[0], {"add": "+", "sub": "-", "mul": "*", "div": "/"}[name], xs[1])
    if name == "neg":
        if number is not None and xs[0].text is not None:
            return _constant(number)
        return Expression(["-", (xs[0], _SIGN)], _SIGN, number)
    if name == "identity":
        return xs[0]
    if name == "mul0" and xs[0].number and math.isfinite(xs[0].number):
        return xs[0] * xs[1]  # 0·∞ does not occur
    if name == "powlog" and _is_small_power(xs):
        exponent = xs[1].number - xs[2].number  # type: ignore[operator]
        return _call("pow", [xs[0], _constant(exponent)]) if exponent else _constant(1.0)
    if name == "pow" and number is None and _is_whole(xs[1].number):
        if xs[1].number == 1:
            return xs[0]
        return Expression([(xs[0], _ATOM), f"**{int(xs[1].number)}"], _ATOM)  # type: ignore[arg-type]
    if name == "dot":
        n = len(xs) // 2
        bias: list[Part] = [", ", (xs[-1], 0)] if len(xs) % 2 else []
        weights, others = _listed(xs[:n]), _listed(xs[n : 2 * n])
        return Expression(["dot([", *weights, "], [", *others, "]", *bias, ")"], _ATOM, number)
    if getattr(OPS.get(name), "family", ""):
        xs = [_constant(int(xs[0].number or 0)), *xs[1:]]  # the component
    return Expression([f"{name}(", *_listed(xs), ")"], _ATOM, number)


def _listed(xs: Sequence[Expression]) -> list[Part]:
    parts: list[Part] = []
    for x in xs:
        parts += [", ", (x, 0)]
    return parts[1:]


def _is_whole(x: float | None) -> bool:
    return x is not None and x in range(-9, 10)


def _is_small_power(xs: Sequence[Expression]) -> bool:
    """Whether x**(y - n)·log(x)**k has a constant whole exponent and no logarithm."""
    _, y, n, k = (x.number for x in xs)
    return y is not None and n is not None and y.is_integer() and _is_whole(y - n) and k == 0


def _once(name: str, xs: Sequence[Expression]) -> Expression:
    """The call, the same expression each time in a text."""
    calls = next((x.calls for x in xs if x.calls is not None), {})
    key = (name, *(x.text or x for x in xs))
    if key not in calls:
        calls[key] = _call(name, xs)
    return calls[key]


def _local_derivatives(node: Value, operands: Sequence[Expression], z: Expression, positions: list[int]) -> Any:
    """What the rules of a node say; an operand that is always a constant is a number to them."""
    op = node.op
    assert op is not None
    given: list[Any] = [*operands]
    for i in op.constants:
        given[i] = given[i].number
        if given[i] is None:
            raise OperandError(f"source: operand {i + 1} of {op.name}, {operands[i].text}, has to be a constant")
    try:
        return op.local_derivatives(given, z, positions)
    except Exception as error:  # whatever a rule from elsewhere does
        raise unreadable(op, error) from error


# ---------------------------------------------------------------------------------------------------------------------
# Names.
# ---------------------------------------------------------------------------------------------------------------------


class _Names:
    """Variable names from labels: valid, unique, and the same each time."""

    def __init__(self) -> None:
        self.taken = {*_RESERVED, *OPS}
        self.next: dict[str, int] = {}

    def new(self, label: str, otherwise: str) -> str:
        """A name for a Value: from its label, else ``otherwise`` and a number."""
        base = _identifier(label)
        if base:
            if self._take(base):
                return base
            otherwise = base + "_"
        while True:
            self.next[otherwise] = self.next.get(otherwise, 0 if otherwise != base + "_" else 1) + 1
            name = f"{otherwise}{self.next[otherwise]}"
            if self._take(name):
                return name

    def _take(self, name: str) -> bool:
        """Reserve a name and that of its gradient."""
        if name in self.taken or f"d_{name}" in self.taken:
            return False
        self.taken |= {name, f"d_{name}"}
        return True


def _identifier(label: str) -> str:
    """What is left of a label as a Python name: w_11^(1) gives w_11_1."""
    words = "".join([c if f"a{c}".isidentifier() else " " for c in normalize("NFKC", label)])
    name = "_".join(filter(None, words.replace(" _", " ").split()))
    if not name or name[0].isdecimal() or not name.isidentifier():
        name = f"v_{name}" if name else ""
    return f"{name}_" if iskeyword(name) else name


def _beginning(operation: str) -> str:
    """What shows of an operation too long for a line: up to its operands, or as much as there is room for."""
    shown, called, _ = operation.partition("(")
    return f"{shown}(...)" if called and len(shown) <= WIDTH - 5 else f"{operation[: WIDTH - 4]} ..."


def _readable(label: str) -> str:
    """A label inside a comment: text on one line, never code."""
    return label if label.isprintable() else repr(label)


# ---------------------------------------------------------------------------------------------------------------------
# The text.
# ---------------------------------------------------------------------------------------------------------------------


class Text:
    """The two functions of a graph, line by line."""

    def __init__(
        self, outputs: list[Value], inputs: list[Value], parameters: list[Value], several: bool, frozen: Frozen
    ) -> None:
        self.numbers = dict(zip(*frozen, strict=True))
        self.outputs, self.inputs, self.parameters, self.several = outputs, inputs, parameters, several
        self.given = dict.fromkeys([*inputs, *parameters])
        self.names = _Names()
        self.calls: dict[tuple[Any, ...], Expression] = {}
        self.symbols: dict[Value, Expression] = {}
        self.renamed: list[tuple[str, str]] = []
        for values, letter in ((inputs, "x"), (parameters, "w")):
            for value in values:
                self._name(value, letter)
        self.nodes: list[Value] = []  # the operations that depend on what is given, parents before children
        self.constants: dict[Value, None] = {}  # what they use besides that has a label
        self.taken: set[Value] = set()  # what stands for others that a gradient passes through
        self._read()
        for x in self.constants:
            self._name(x, "c", self.numbers[x])

    def _read(self) -> None:
        """Find the operations."""
        for node in in_order(self.outputs, lambda node: () if node in self.given else recorded_from(node)):
            self._add(node)

    def _add(self, node: Value) -> bool:
        """Take in what is an operation on what is given; whether it is."""
        variables = recorded_from(node)
        if node in self.given or not any(x in self.symbols for x in variables):
            return False
        for x in variables:
            if x not in self.symbols and x.label and x not in self.constants:
                self.constants[x] = None
        self.nodes.append(node)
        self._name(node, "v")
        return True

    def _name(self, value: Value, letter: str, number: float | None = None) -> None:
        name = self.names.new(value.label, letter)
        if value.label and normalize("NFKC", value.label) != name:
            self.renamed.append((name, value.label))
        self.symbols[value] = variable(name, number, self.calls)

    def _symbol(self, x: Value | float) -> Expression:
        if isinstance(x, Value):
            return self.symbols[x] if x in self.symbols else _constant(self.numbers[x])
        return _constant(x)

    def _spelled(self, x: Value | float) -> str:
        return self._symbol(x).text or ""

    def write(self) -> str:
        """The whole text."""
        forward, operations = self._forward()
        returned = self._tuple(self.outputs) if self.several else self._spelled(self.outputs[0])
        opening = [*self._unpacked("inputs", self.inputs), *self._unpacked("parameters", self.parameters)]
        seeds = f", seeds=({'1.0, ' * len(self.outputs)})".replace(", )", ")" if len(self.outputs) > 1 else ",)")
        seeds = seeds if self.several else ""
        lines = [
            f"# {_count(self.operations(), 'operation')} on {_count(len(self.inputs), 'input')} and "
            f"{_count(len(self.parameters), 'parameter')}.",
            *_names(self.renamed),
            *self.opening(),
            "",
            "",
            "def forward(inputs, parameters=()):",
            *indented([*opening, *forward, *_wrapped("return ", returned)]),
            "",
            "",
            f"def value_and_grad(inputs, parameters=(){seeds}):",
            *indented(
                [
                    *opening,
                    "",
                    "# Forward: every operation, in the order recorded.",
                    *forward,
                    "",
                    "# Backward, in reverse: d_v is the derivative of the output to v, and every use of v adds",
                    "# (local derivative) * (gradient of the result).",
                    *self._backward(operations),
                    *self._gradients(returned),
                ]
            ),
            "",
        ]
        return "\n".join(lines)

    def operations(self) -> int:
        """How many there are."""
        return len(self.nodes)

    def opening(self) -> list[str]:
        """What stands before the functions."""
        return []

    def _unpacked(self, name: str, values: list[Value]) -> list[str]:
        if not values:
            return []
        names = [self._spelled(x) for x in values]
        line = ", ".join(names) + " = " + name
        if len(names) == 1:
            return [f"({names[0]},) = {name}"]
        return [line] if len(line) <= WIDTH else ["(", *filled(names), f") = {name}"]

    def _tuple(self, values: Iterable[Value]) -> str:
        return _tuple([self._spelled(x) for x in values])

    def _forward(self) -> tuple[list[str], list[str]]:
        """The lines, and for each operation its own."""
        lines = [f"{self._spelled(x)} = {literal(self.numbers[x])}" for x in self.constants]
        operations = [self._operation(node) for node in self.nodes]
        return lines + operations, operations

    def _operation(self, node: Value) -> str:
        """The line of one operation."""
        op = node.op or OPS["detach"]
        text = _spell(_call(op.name, [self._symbol(x) for x in node.operands]), None)
        return f"{self._spelled(node)} = {text}"

    def _backward(self, operations: list[str]) -> list[str]:
        lines: list[str] = []
        self.reached: set[Value] = set()
        self._seed(lines)
        for node, operation in zip(reversed(self.nodes), reversed(operations), strict=True):
            if node in self.reached:
                self._reverse(node, operation, lines)
        return lines

    def _seed(self, lines: list[str]) -> None:
        """Where the sweep begins."""
        for i, output in enumerate(self.outputs):
            if output in self.symbols and output not in self.constants:
                self._contribute(output, variable(f"seeds[{i}]") if self.several else _constant(1.0), lines)

    def _reverse(self, node: Value, operation: str, lines: list[str]) -> None:
        """What one operation gives to the adjoints of its operands."""
        lines.append(f"# {operation}" if len(operation) <= WIDTH else f"# {_beginning(operation)}")
        for parent, contribution in self._contributions(node):
            self._contribute(parent, contribution, lines)

    def _contributions(self, node: Value) -> list[tuple[Value, Expression]]:
        positions = [i for i, x in enumerate(node.operands) if self._takes_gradient(x)]
        z = self.symbols[node]
        d_z = variable(f"d_{z.text}")
        local = _local_derivatives(node, [self._symbol(x) for x in node.operands], z, positions)
        return [
            (node.operands[i], _product(derivative, d_z))  # type: ignore[misc]
            for i, derivative in zip(positions, local, strict=True)
        ]

    def _plain(self, contribution: Expression) -> str:
        """The text of an expression, whatever is in it twice."""
        return _spell(contribution, None)

    def _contribute(self, parent: Value, contribution: Expression, lines: list[str]) -> None:
        def temporary() -> str:
            return self.names.new("", "t")

        text = _spell(contribution, lambda name, text: lines.append(f"{name} = {text}"), temporary)
        d = f"d_{self._spelled(parent)}"
        if parent not in self.reached:
            self.reached.add(parent)
            lines.append(f"{d} = {text}")
        elif text[0] == "-":  # of the whole product
            lines.append(f"{d} = {d} - {text[1:]}")
        else:
            lines.append(f"{d} = {d} + {text}")

    def _takes_gradient(self, x: Value | float) -> bool:
        """Whether an operand is given, or a gradient passes through it."""
        if not isinstance(x, Value) or x not in self.symbols or x in self.constants:
            return False
        return x in self.given or x in self.taken or bool(x.parents)

    def _gradients(self, returned: str) -> list[str]:
        """What value_and_grad gives; the derivative is 0.0 to what no output depends on."""
        parts = [returned]
        for values in (self.inputs, self.parameters):
            parts.append(_tuple([f"d_{self._spelled(x)}" if x in self.reached else "0.0" for x in values]))
        line = f"return {', '.join(parts)}"
        if len(line) <= WIDTH:
            return [line]
        return ["return (", *(f"    {line}" for part in parts for line in _wrapped("", part, ",")), ")"]


def _product(derivative: Any, d_z: Expression) -> Expression:
    """local derivative · gradient, without a factor ±1."""
    if isinstance(derivative, float) and 0 < derivative < 1 and 1 / round(1 / derivative) == derivative:
        return _constant(1) / _constant(round(1 / derivative)) * d_z  # 1 / 3 has no end in any number of digits
    local = _expression(derivative)
    if local.number in (1.0, -1.0):
        return d_z if local.number == 1 else -d_z
    return local * d_z


def _spell(e: Expression, assign: Callable[[str, str], None] | None, temporary: Callable[[], str] | None = None) -> str:
    """The text of an expression; a part that is used more than once is assigned to a variable first."""
    if e.text is None:
        pieces = []
        for part in e.parts:
            if isinstance(part, str):
                pieces.append(part)
            else:
                text = _spell(part[0], assign, temporary)
                pieces.append(f"({text})" if part[0].binds < part[1] else text)
        e.text = "".join(pieces)
        if e.uses > 1 and assign and temporary:
            name = temporary()
            assign(name, e.text)
            e.text, e.binds = name, _ATOM
    return e.text


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'s' * (n != 1)}"


def _tuple(texts: Sequence[str]) -> str:
    return f"({', '.join(texts)}{',' * (len(texts) == 1)})"


def _wrapped(before: str, text: str, after: str = "") -> list[str]:
    """A line, or a tuple that is too long for one over several."""
    if len(before) + len(text) <= WIDTH or text[0] != "(":
        return [before + text + after]
    return [f"{before}(", *filled(text[1:-1].rstrip(",").split(", ")), f"){after}"]


def filled(names: Sequence[str]) -> list[str]:
    """Names with commas between them, as many to a line as there is room for."""
    lines, line = [], "   "
    for name in names:
        if line.strip() and len(line) + len(name) + 2 > WIDTH:
            lines.append(line)
            line = "   "
        line += f" {name},"
    return [*lines, line]


def _names(renamed: Iterable[tuple[str, str]]) -> list[str]:
    """The comment on names that differ from the labels."""
    lines = filled([f"{name} is {_readable(label)}" for name, label in renamed])
    return [f"#   {line.strip()}" for line in lines if line.strip()] and [
        "# A name is the label without what a name cannot hold:",
        *(f"#   {line.strip()}" for line in lines),
    ]


def indented(lines: Iterable[str]) -> list[str]:
    """The lines, four columns to the right."""
    return [f"    {line}" if line else "" for line in lines]
