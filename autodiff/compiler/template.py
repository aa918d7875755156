"""What the rule of an n-ary row computes, as a list of instructions: the rule is run once on references.

A rule for a list of operands loops, and how it loops depends on their number alone.  So it is run on stand-ins that
write down every operation of the table that they take part in; any number of nodes with as many operands then share
the list.
"""

from __future__ import annotations

from functools import cache, wraps
from inspect import signature
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from ..operators import Operators
from ..ops import OPS, NaryOp
from ..row import unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..ops import Op
    from ..row import Shorthand

__all__ = ["FAMILIES", "Instruction", "Template", "adjoint_kind", "layout", "ones", "positions_of", "template"]

FAMILIES = {name: op.family for name, op in OPS.items() if isinstance(op, NaryOp) and op.family}
"""Rows that give one component, and the kernels that give all at once, in the time of one."""

Operand = tuple[str, Any]
"""("operand", position), ("output", 0), ("result", number) or ("constant", number)."""


class Instruction(NamedTuple):
    """An operation on the way to a local derivative.

    Attributes:
        name: the row of the table, or a kernel that gives several results.
        operands: what it is applied to.
        results: the numbers of its results.
    """

    name: str
    operands: tuple[Operand, ...]
    results: tuple[int, ...]


class Template(NamedTuple):
    """The local derivatives of a node to each of its operands.

    Attributes:
        instructions: in order.
        size: how many results there are.
        local_derivatives: where each is found; None where it is 0 everywhere.
    """

    instructions: list[Instruction]
    size: int
    local_derivatives: list[Operand | None]


class Reference(Operators):
    """Stands for a number that is not known yet, and writes down what happens to it."""

    __slots__ = ("operand", "tape")

    def __init__(self, operand: Operand, tape: _Tape) -> None:
        self.operand = operand
        self.tape = tape

    @staticmethod
    def apply_op(op: Op, operands: tuple[Any, ...]) -> Reference:
        """Write down ``op``."""
        tape: _Tape = next(x.tape for x in operands if isinstance(x, Reference))
        return tape.write(op.name, operands)

    def apply_shorthand(self, shorthand: Shorthand, operands: tuple[Any, ...]) -> Any:
        """All components come from one kernel; the others are operations."""
        return self.tape.write_all(shorthand.name, operands) if shorthand.listed else shorthand.of_rows(*operands)


class _Tape:
    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self.size = 0
        self.known: dict[tuple[Any, ...], tuple[int, ...]] = {}  # the same operation is done once

    def write(self, name: str, operands: tuple[Any, ...]) -> Reference:
        if name in FAMILIES:
            return self.write_all(FAMILIES[name], operands[1:])[int(operands[0])]
        return self._write(name, operands, 1)[0]

    def write_all(self, name: str, operands: Sequence[Any]) -> list[Reference]:
        """A kernel that gives a result for each operand; one also wants room for as many exponents."""
        room = 2 if name == "products_of_others" else 1
        return self._write(name, operands, room * len(operands))[: len(operands)]

    def _write(self, name: str, operands: Sequence[Any], count: int) -> list[Reference]:
        where = tuple([_operand(x) for x in operands])
        results = self.known.get((name, *where))
        if results is None:
            results = tuple(range(self.size, self.size + count))
            self.size += count
            self.instructions.append(Instruction(name, where, results))
            self.known[(name, *where)] = results
        return [Reference(("result", i), self) for i in results]


def _operand(x: Any) -> Operand:
    return x.operand if isinstance(x, Reference) else ("constant", float(x))


def _of_its_rules(function: Callable[..., Any]) -> Callable[..., Any]:
    """What is said of a row is remembered for as long as the row has these rules."""

    @cache
    def remembered(rules: tuple[Any, ...], name: str, *others: Any) -> Any:
        return function(name, *others)

    @wraps(function)
    def asked(name: str, *others: Any) -> Any:
        return remembered(OPS[name].partials, name, *others)

    return asked


@_of_its_rules
def template(name: str, arity: int, component: float | None = None) -> Template:
    """The local derivatives of row ``name`` with ``arity`` operands, the constant ``component`` the first of them."""
    tape = _Tape()
    xs: list[Any] = [Reference(("operand", i), tape) for i in range(arity)]
    if component is not None:
        xs[0] = component
    local = _read(OPS[name], xs, tape, range(arity))
    return Template(tape.instructions, tape.size, [None if x == ("constant", 0.0) else x for x in local])


def _read(op: Op, xs: Sequence[Any], tape: _Tape, positions: Sequence[int]) -> list[Operand]:
    """Run the rules; what they do is on the tape then."""
    try:
        return [_operand(x) for x in op.local_derivatives(xs, Reference(("output", 0), tape), positions)]
    except Exception as error:  # whatever a rule from elsewhere does
        raise unreadable(op, error) from error


def rule_text(rule: Callable[..., Any], title: str, operands: int = 0) -> str:
    """A rule from elsewhere as a function whose names are operations, an instruction a line.

    ``operands`` says how many there are where its parameters do not.

    >>> print(rule_text(lambda x, z: 2 * x + z, "slope"))
    def slope(x0, z):
        r0 = mul(2.0, x0)
        r1 = add(r0, z)
        return r1
    """
    tape = _Tape()
    *xs, z = [f"x{i}" for i in range(operands or len(signature(rule).parameters) - 1)] + ["z"]
    spelled: dict[str, Callable[[Any], str]] = {"operand": xs.__getitem__, "output": lambda i: z}
    spelled |= {"result": "r{}".format, "constant": _literal}
    local = _operand(rule(*[Reference(("operand", i), tape) for i in range(len(xs))], Reference(("output", 0), tape)))
    lines = [f"def {title}({', '.join([*xs, z])}):"]
    for name, taken, results in tape.instructions:
        lines.append(f"    r{results[0]} = {name}({', '.join([spelled[kind](x) for kind, x in taken])})")
    return "\n".join([*lines, f"    return {spelled[local[0]](local[1])}"])


def _literal(x: float) -> str:
    return repr(x) if isfinite(x) else f"float({str(x)!r})"


def adjoint_kind(ways: int) -> str:
    """The name of the reverse instruction that adds to some adjoints of operands and stores others.

    >>> adjoint_kind(0b1001)
    'adjoint_add0_store1'
    """
    found = [(i, ways >> 2 * i & 3) for i in range(4)]
    return "_".join(["adjoint", *[f"{'add' if way == 1 else 'store'}{i}" for i, way in found if way]])


def positions_of(kind: str) -> tuple[int, ...]:
    """The operands to whose adjoints such an instruction gives something.

    >>> positions_of("adjoint_add0_store1")
    (0, 1)
    """
    return tuple([int(word[-1]) for word in kind.split("_")[1:]])


@_of_its_rules
def layout(name: str, positions: tuple[int, ...]) -> list[str]:
    """What a reverse instruction of a row with fixed operands works on: z̄, the x̄'s it adds to, what the rules read.

    >>> layout("mul", (0, 1))
    ['dz', 'dx0', 'dx1', 'x0', 'x1']
    """
    read = set()
    for position in positions:
        tape = _Tape()
        xs = [Reference(("operand", i), tape) for i in range(len(OPS[name].partials))]
        found = _read(OPS[name], xs, tape, [position])
        found += [x for instruction in tape.instructions for x in instruction.operands]
        read |= {f"x{i}" if kind == "operand" else "z" for kind, i in found if kind in ("operand", "output")}
    return ["dz", *[f"dx{i}" for i in positions], *sorted(read)]


def ones(name: str) -> int:
    """The operands, in bits, to which the local derivative is the number 1, always; -1 for every operand of a sum.

    >>> ones("sub"), ones("mul"), ones("sum")
    (1, 0, -1)
    """
    op = OPS[name]
    if isinstance(op, NaryOp):
        return -1 if name not in FAMILIES and set(template(name, 3).local_derivatives) == {("constant", 1.0)} else 0
    found = 0
    for position in range(len(op.partials)):
        tape = _Tape()
        xs = [Reference(("operand", i), tape) for i in range(len(op.partials))]
        found |= (_read(op, xs, tape, [position]) == [("constant", 1.0)]) << position
    return found
