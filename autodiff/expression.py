"""A small program of formulas as text, ``x=2*y; z=sin(y); f=x**2*z``, turned into Values.

The text is never executed.  Python only takes it apart (``ast.parse``); what comes of that is read node by node, and
every kind of node that is not known here is refused with a caret under its place.  Known are numbers, names,
``+ - * / % **``, calls of the functions of ``autodiff.functions``, the constants pi and e, lists for functions that
take them, ``dot([w1, w2], [x1, x2], b)``, and a comparison as the condition of ``where``.  All arithmetic is that of
floats, so that ``10**10**10`` is not computed but found to be too large.
"""

from __future__ import annotations

import ast
import inspect
import keyword
import math
import operator
import unicodedata
import warnings
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from . import functions
from .entrance import as_number
from .errors import AutodiffError
from .ops import OPS
from .value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any, NoReturn

__all__ = ["CONSTANTS", "FUNCTIONS", "Expression", "ExpressionError", "parse_expression"]

LARGEST_EXPONENT = 1e6
"""A constant exponent beyond this is a mistake: of almost every number such a power is 0 or infinite."""

MOST_CHARACTERS = 10_000
"""A longer text is refused before Python's parser sees it, for the parser recurses."""

CONSTANTS = {"pi": math.pi, "e": math.e}

FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(functions, name)
    for name in sorted([*functions.__all__, "abs", "max", "min", "pow", "round", "sum"])
    if name != "softmax"  # it gives a list
}
"""What can be called, by name."""

_OF_A_LIST = {"logsumexp", "max", "mean", "min", "norm", "prod", "sum"}
"""These take one list, or their numbers one by one: max(x, y, 0)."""

_WITH_LISTS = {
    "dot": ((0, 1), "lists, as in dot([w1, w2], [x1, x2], b)"),
    "select": ((1,), "a list, as in select(1, [x, y])"),
}
"""The arguments that are lists, and an example."""

_OPERATORS = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Mod: "mod", ast.Pow: "pow"}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}

# What is refused, and what to write instead.
_CHARACTERS = {
    "×": "*", "·": "*", "⋅": "*", "∙": "*", "−": "-", "–": "-", "÷": "/", "²": "**2", "³": "**3", "√": "sqrt(…)",
    "≤": "<=", "≥": ">=", "≠": "!=", "\N{NO-BREAK SPACE}": "with an ordinary space",
}  # fmt: skip
_SYMBOLS: dict[type[ast.operator], tuple[str, str]] = {
    ast.BitXor: ("^", "a power is written **, as in x**2"),
    ast.FloorDiv: ("//", "write floor(x / y)"),
    ast.MatMult: ("@", "write dot([w1, w2], [x1, x2])"),
    ast.BitAnd: ("&", "only + - * / % ** are"),
    ast.BitOr: ("|", "only + - * / % ** are; the absolute value is abs(x)"),
    ast.LShift: ("<<", "only + - * / % ** are"),
    ast.RShift: (">>", "only + - * / % ** are"),
}
_REFUSED: dict[type[ast.AST], str] = {
    ast.Attribute: "no attributes here; call a function by its name alone, sin(y)",
    ast.Subscript: "no subscripts here; give each number a name of its own, w1 and w2",
    ast.IfExp: "no if here; write where(condition, x, y)",
    ast.BoolOp: "no and, or here; nest where(condition, x, y) instead",
    ast.Compare: "a comparison stands here only as the condition of where, as in where(x > 0, x, 0)",
    ast.List: "a list stands here only where a function takes one, as in dot([w1, w2], [x1, x2], b)",
    ast.Tuple: "one formula at a time, separated by ; instead of a comma",
    ast.Lambda: "no functions of your own here; write the formula itself, x=2*y",
    ast.Starred: "list the arguments one by one",
    ast.NamedExpr: "assign in a statement of its own: x=2*y; f=x**2",
    ast.JoinedStr: "no text here, only numbers",
    ast.AugAssign: "a name stands for one value only; take a new name, as in x2 = x + 1",
    ast.AnnAssign: "no annotations here; write x=2*y",
}
_ONLY = "only formulas here, such as x=2*y; f=x**2*sin(y)"


class ExpressionError(AutodiffError, ValueError):
    """A text is no expression that can be turned into Values; the message shows the place and says what to do."""


@dataclass(frozen=True)
class Expression:
    """What a text stands for.

    Attributes:
        output: the value of its last formula.
        inputs: the leaves by name: the numbers given, and the names that the text assigns a number.
        variables: every name of the text, inputs and results, in order.
    """

    output: Value
    inputs: dict[str, Value]
    variables: dict[str, Value]


def parse_expression(text: str, /, **numbers: float) -> Expression:
    """Turn a text into Values, each with its name for label; ``numbers`` are the values of its free names.

    Formulas are separated by ``;`` or line ends, and the last is the output, ``output`` if it has no name.  A name is
    assigned once.  As everywhere in Python, names are read in Unicode's form NFKC: ``ｘ`` is ``x``.

    Args:
        text: the formulas, no more than 10,000 characters.
        numbers: finite numbers.

    Raises:
        ExpressionError: the text has something else in it than formulas, a name has no value or two, a constant is too
            large for a float, or a number is given that the text does not use.
        OperandError: something that is given is no real number.

    >>> f = parse_expression("x=2*y; z=sin(y); f=x**2*z", y=3).output
    >>> f.backward()
    >>> f.label, round(f.data, 3)
    ('f', 5.08)
    >>> parse_expression("x = y.real", y=3)
    Traceback (most recent call last):
        ...
    autodiff.expression.ExpressionError: no attributes here; call a function by its name alone, sin(y)
      x = y.real
           ^^^^^
    """
    return _Reader(text, numbers).read()


class _Reader:
    """Reads one text: the variables known so far, and where to put the caret."""

    def __init__(self, text: str, numbers: dict[str, float]) -> None:
        self.lines = _lines(text)
        self.variables: dict[str, Value] = {}
        self.inputs: dict[str, Value] = {}
        for name, number in numbers.items():
            name = unicodedata.normalize("NFKC", name)
            mistake = _not_a_variable(name) or ("it is given twice" if name in self.inputs else "")
            if mistake:
                raise ExpressionError(f"{name!r} cannot be given: {mistake}")
            value = as_number(number, name)
            if not math.isfinite(value):
                raise ExpressionError(f"{name} is given as {value}; give a finite number, at most about 1.8e308")
            self.inputs[name] = self.variables[name] = Value(value, name)
        self.tree = self._tree()

    def read(self) -> Expression:
        given = [*self.inputs]
        used = {node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name)}
        result: Value | float = math.nan
        for statement in self.tree.body:
            if isinstance(statement, ast.Assign):
                result = self._assign(statement)
            elif not isinstance(statement, ast.Expr):
                self._refuse(statement, _REFUSED.get(type(statement), _ONLY))
            elif statement is self.tree.body[-1]:
                result = self._evaluate(statement.value)
            else:
                self._refuse(statement, "this comes to nothing: give it a name, as in x = …, or leave it out")
        unused = [name for name in given if name not in used]
        if unused:
            raise ExpressionError(f"the expression does not use {unused[0]!r}, which is given; leave it out")
        output = result if isinstance(result, Value) else Value(result)
        output.label = output.label or "output"
        return Expression(output, self.inputs, self.variables)

    def _assign(self, statement: ast.Assign) -> Value:
        target, *others = statement.targets
        if others or not isinstance(target, ast.Name):
            self._refuse(others[0] if others else target, "assign to one name at a time: x=2*y; z=sin(y)")
        name = target.id
        mistake = _not_a_variable(name) or (
            f"{name!r} has a value already; take another name" if name in self.variables else ""
        )
        if mistake:
            self._refuse(target, mistake)
        result = self._evaluate(statement.value)
        if not isinstance(result, Value):
            result = self.inputs[name] = Value(result)
        result.label = result.label or name  # z = y is a second name for y
        self.variables[name] = result
        return result

    # Evaluation, without recursion: first the operands of a node, then the node.

    def _evaluate(self, root: ast.expr) -> Value | float:
        self._check_kind(root)
        waiting: list[tuple[ast.expr, int | None]] = [(root, None)]
        results: list[Any] = []
        while waiting:
            node, n = waiting.pop()
            if n is None:
                operands = self._operands(node)
                waiting.append((node, len(operands)))
                waiting.extend((operand, None) for operand in reversed(operands))
            else:
                values = results[len(results) - n :]
                del results[len(results) - n :]
                results.append(self._apply(node, values))
        (result,) = results
        return result  # type: ignore[no-any-return]

    def _operands(self, node: ast.expr) -> list[ast.expr]:
        """The nodes that are to be evaluated before this one, which is of a known kind."""
        if isinstance(node, (ast.Constant, ast.Name)):
            return []
        allowed: dict[int, type[ast.expr]] = {}
        if isinstance(node, ast.Call):
            operands, allowed = self._arguments(node)
        elif isinstance(node, ast.UnaryOp):
            operands = [node.operand]
        elif isinstance(node, ast.BinOp):
            operands = [node.left, node.right]
        elif isinstance(node, ast.Compare):
            if len(node.comparators) > 1 or type(node.ops[0]) not in _COMPARISONS:
                self._refuse(node, "one comparison with < <= > >= == != at a time")
            operands = [node.left, *node.comparators]
        else:
            operands = node.elts if isinstance(node, ast.List) else []
        for i, operand in enumerate(operands):
            self._check_kind(operand, allowed.get(i))
        return operands

    def _check_kind(self, node: ast.expr, allowed: type[ast.expr] | None = None) -> None:
        """Refuse what is not known here, or not at this place."""
        if isinstance(node, ast.BinOp):
            if type(node.op) not in _OPERATORS:
                self._refuse_operator(node)
        elif isinstance(node, ast.UnaryOp):
            if not isinstance(node.op, (ast.UAdd, ast.USub)):
                self._refuse(node, "no not, ~ here; write 1 - x, or where(condition, 0, 1)")
        elif isinstance(node, ast.Constant):
            if type(node.value) not in (int, float):
                kind = "text" if isinstance(node.value, (str, bytes)) else "no real number"
                self._refuse(node, f"this is {kind}; only numbers such as 2 and 0.5 can stand here")
        elif not isinstance(node, (ast.Name, ast.Call)) and (allowed is None or not isinstance(node, allowed)):
            self._refuse(node, _REFUSED.get(type(node), _ONLY))

    def _arguments(self, call: ast.Call) -> tuple[list[ast.expr], dict[int, type[ast.expr]]]:
        """The arguments of a call, and which of them may be a list or a comparison."""
        if not isinstance(call.func, ast.Name):
            remedy = _REFUSED.get(
                type(call.func), "this cannot be called; a product is written with *, as in 2*(x + 1)"
            )
            self._refuse(call.func, remedy)
        name, n = call.func.id, len(call.args)
        if name in self.variables or name in CONSTANTS:
            self._refuse(call.func, f"{name!r} is a number and cannot be called; a product is written {name}*(…)")
        if name not in FUNCTIONS:
            others = "; the functions are those of autodiff, such as sin, exp, log, tanh and relu"
            self._refuse(call.func, f"no function {name!r}{_meant(name, FUNCTIONS) or others}")
        if call.keywords:
            self._refuse(call.keywords[0], "arguments have no names here; give them in their order")
        if name in _OF_A_LIST:
            if not n:
                self._refuse(call, f"{name} needs at least one argument, as in {name}(x, y)")
            return call.args, {0: ast.List} if n == 1 else {}
        parameters = inspect.signature(FUNCTIONS[name]).parameters.values()
        least = sum(parameter.default is parameter.empty for parameter in parameters)
        if not least <= n <= len(parameters):
            span = {0: f"{least}", 1: f"{least} or {len(parameters)}"}
            wanted = span.get(len(parameters) - least, f"{least} to {len(parameters)}")
            takes = f"{name}({', '.join(parameter.name for parameter in parameters)})"
            self._refuse(call, f"{takes} takes {wanted} argument{'s' * (wanted != '1')}, not {n}")
        if name in _WITH_LISTS:
            places, example = _WITH_LISTS[name]
            for place in places:
                if not isinstance(call.args[place], ast.List):
                    self._refuse(call.args[place], f"{name} takes {example}")
            return call.args, dict.fromkeys(places, ast.List)
        return call.args, {0: ast.Compare} if name == "where" else {}

    def _apply(self, node: ast.expr, operands: list[Any]) -> Any:
        try:
            result = self._result(node, operands)
        except ExpressionError:
            raise
        except AutodiffError as error:  # lists of two lengths, bounds in the wrong order
            self._refuse(node, str(error))
        if isinstance(result, float) and not math.isfinite(result):
            self._refuse(node, f"this comes to {result}; write a finite number, at most about 1.8e308")
        return result

    def _result(self, node: ast.expr, operands: list[Any]) -> Any:
        if isinstance(node, ast.Constant):
            try:
                return float(node.value)  # type: ignore[arg-type]
            except OverflowError:
                return math.inf
        if isinstance(node, ast.Name):
            return self._lookup(node)
        if isinstance(node, ast.BinOp):
            if isinstance(node.op, ast.Pow):
                self._check_exponent(node.right, operands[1])
            return OPS[_OPERATORS[type(node.op)]](*operands)
        if isinstance(node, ast.UnaryOp):
            return OPS["neg"](*operands) if isinstance(node.op, ast.USub) else operands[0]
        if isinstance(node, ast.Compare):
            return _COMPARISONS[type(node.ops[0])](*operands)
        if isinstance(node, ast.List):
            return operands
        name = node.func.id  # type: ignore[attr-defined]  # a call by name: all else is refused by now
        if name in _OF_A_LIST and not isinstance(operands[0], list):
            operands = [operands]
        if name == "pow":
            self._check_exponent(node.args[1], operands[1])  # type: ignore[attr-defined]
        return FUNCTIONS[name](*operands)

    def _check_exponent(self, place: ast.expr, exponent: Any) -> None:
        if isinstance(exponent, float) and abs(exponent) > LARGEST_EXPONENT:
            self._refuse(
                place, f"the exponent {exponent:.4g} is too large; {LARGEST_EXPONENT:,.0f} is the most, up or down"
            )

    def _lookup(self, node: ast.Name) -> Value | float:
        name = node.id
        if name in self.variables:
            return self.variables[name]
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name in FUNCTIONS:
            self._refuse(node, f"{name} is a function: write {name}(…)")
        names = [other for other in ast.walk(self.tree) if isinstance(other, ast.Name)]
        assigned = {other.id for other in names if isinstance(other.ctx, ast.Store)}
        if name in assigned:
            self._refuse(node, f"{name!r} is assigned only further on; put its formula first")
        called = {call.func for call in ast.walk(self.tree) if isinstance(call, ast.Call)}
        known = {*self.variables, *CONSTANTS, *FUNCTIONS, *assigned}
        names.sort(key=lambda other: (other.lineno, other.col_offset))
        missing = {other.id: None for other in names if other.id not in known and other not in called}
        given = " ".join(f"{other}=2" for other in missing)
        meant = _meant(name, [*assigned, *self.inputs, *CONSTANTS])
        remedy = f"{meant} Otherwise give one" if meant else "; give one"
        self._refuse(node, f"no value for {', '.join(missing)}{remedy}: {given}")

    # Python's parser, and where a mistake is.

    def _tree(self) -> ast.Module:
        text = "\n".join(self.lines)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of 1if and the like, which are refused anyway
                tree = ast.parse(text)
        except SyntaxError as error:
            self._refuse_syntax(error)
        except (RecursionError, MemoryError):
            raise ExpressionError(
                "the expression is nested too deeply; cut it into parts with names, as in a = …; f = a + …"
            ) from None
        if not tree.body:
            raise ExpressionError(f"there is no expression; {_ONLY}")
        return tree

    def _refuse_syntax(self, error: SyntaxError) -> NoReturn:
        line = min(max(error.lineno or 1, 1), len(self.lines))
        start = max(error.offset or 1, 1) - 1
        end = (error.end_offset or 0) - 1 if error.end_lineno == line else 0
        message = error.msg
        if "integer string conversion" in message:
            message = "a number too large; write it as 1e300, at most about 1.8e308"
        elif "literal" in message:
            message += "; a product is written with *, as in 2*x"
        elif message == "invalid syntax":
            message = f"this is no formula that Python can read; {_ONLY}"
        raise ExpressionError(f"{message}\n{_excerpt(self.lines[line - 1], start, end)}") from None

    def _refuse_operator(self, node: ast.BinOp) -> NoReturn:
        symbol, remedy = _SYMBOLS[type(node.op)]
        (line, _, start), (last, end, _) = self._span(node.left), self._span(node.right)
        if line == last and symbol in (between := self.lines[line][start:end]):
            start += between.index(symbol)
            self._refuse_at(line, start, start + len(symbol), f"{symbol} is not allowed; {remedy}")
        self._refuse(node, f"{symbol} is not allowed; {remedy}")

    def _refuse(self, node: ast.AST, message: str) -> NoReturn:
        self._refuse_at(*self._span(node), message)

    def _refuse_at(self, line: int, start: int, end: int, message: str) -> NoReturn:
        raise ExpressionError(f"{message}\n{_excerpt(self.lines[line], start, end)}")

    def _span(self, node: Any) -> tuple[int, int, int]:
        """The line and the columns of a node, as far as its first line; Python counts columns in bytes of UTF-8."""
        line = node.lineno - 1
        text = self.lines[line].encode()
        start = node.col_offset
        if isinstance(node, (ast.Attribute, ast.Subscript)) and node.value.end_lineno == node.lineno:
            follows = text.find(b"." if isinstance(node, ast.Attribute) else b"[", node.value.end_col_offset)
            start = max(start, follows)  # only what follows the value, .real or [0], if that is on the same line
        end = node.end_col_offset if node.end_lineno == node.lineno else len(text)
        return line, len(text[:start].decode()), len(text[:end].decode())


def _lines(text: str) -> list[str]:
    """The lines of a text that is short enough and has only characters that can be shown."""
    if not isinstance(text, str):
        raise ExpressionError(f"an expression is text, not {type(text).__name__}; {_ONLY}")
    if len(text) > MOST_CHARACTERS:
        raise ExpressionError(
            f"the expression has {len(text):,} characters, and {MOST_CHARACTERS:,} is the most; build a graph of this "
            "size in Python, from autodiff.Value"
        )
    lines = inspect.cleandoc(text.replace("\r\n", "\n")).split("\n")
    for line in lines:
        for i, character in enumerate(line):
            if character in _CHARACTERS:
                message = f"{character!r} is written {_CHARACTERS[character]}"
            elif unicodedata.category(character)[0] == "C":
                message = f"the character U+{ord(character):04X} cannot stand here; take it out"
            else:
                continue
            raise ExpressionError(f"{message}\n{_excerpt(line, i, i + 1)}")
    return lines


def _excerpt(line: str, start: int, end: int, most: int = 90) -> str:
    """The line, or the part of it around the place, with carets under the place."""
    start = min(start, len(line))
    first = max(0, min(start - most // 3, len(line) - most))
    last = min(first + most, len(line))
    head = "…" * (first > 0) + line[first:start]
    place = line[start : min(max(end, start + 1), last)]
    shown = "".join("�" if unicodedata.category(c)[0] == "C" else c for c in head + line[start:last])
    return f"  {shown}{'…' * (last < len(line))}\n  {' ' * _columns(head)}{'^' * max(_columns(place), 1)}"


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "FW" else 1 for c in text)


def _not_a_variable(name: str) -> str:
    """Why this cannot be the name of a variable; empty if it can."""
    if name in FUNCTIONS or name == "softmax":
        return f"{name!r} is a function; take another name"
    if name in CONSTANTS:
        return f"{name!r} is the constant {CONSTANTS[name]:.5g}; take another name"
    if not name.isidentifier() or keyword.iskeyword(name):
        return "a name has letters, digits and _, does not begin with a digit, and is no word of Python's own"
    return ""


_OTHERWISE = {
    "π": "pi",
    "ln": "log",
    "lg": "log10",
    "ld": "log2",
    "tg": "tan",
    "arctg": "atan",
    "sh": "sinh",
    "ch": "cosh",
}
_OTHERWISE |= {"th": "tanh", "fabs": "abs", "modulus": "abs", "root": "sqrt", "heaviside": "step", "swish": "silu"}
"""What is called otherwise elsewhere."""


def _meant(name: str, known: Collection[str]) -> str:
    """A guess at what was meant, or nothing."""
    names = _OTHERWISE | {other.casefold(): other for other in known}
    close = get_close_matches(name.casefold(), names, n=1)
    meant = names[close[0]] if close else ""
    return f"; did you mean {meant!r}?" if meant in known else ""
