"""What a row of the table is, and how its rules are evaluated.

A rule, ``lambda x, z: cos(x)``, names operations and leaves open what they compute with.  There are two ways to answer:

Where it stands, a name is a row, and calling it asks the operands.  Whatever has ``apply_op(op, operands)`` says what
the operation makes of it: a Value records a node, a symbol spells a formula, a reference writes down an instruction.
So a rule is called like any function, on any of these.

``within(rule, names)`` is the rule in another namespace, where a name stands for a function of that kind of number.
This is for numbers that cannot be asked: floats, for whom asking would take longer than the arithmetic; what numba
compiles; JAX's arrays.  It is the only place where the code of a rule is taken apart from where it stands.

>>> from autodiff.ops import OPS
>>> (rule,) = OPS["sin"].partials
>>> rule(0.0, 0.0), within(rule, {"cos": "the cosine of {}".format})("x", "z")
(1.0, 'the cosine of x')
"""

from __future__ import annotations

import builtins
from math import inf
from types import FunctionType
from typing import TYPE_CHECKING

from .entrance import as_number
from .errors import OperationError
from .operators import OPS, Ieee

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Rule = Callable[..., Any]

__all__ = ["CONSTANTS", "FLOATS", "SHORTHANDS", "NaryOp", "Op", "Shorthand"]
__all__ += ["constant", "in_table", "unreadable", "within"]

CONSTANTS: dict[str, float] = {}
"""The named numbers of rules: with more digits they are not that double."""

SHORTHANDS: dict[str, Shorthand] = {}
"""What rules name beside operations and constants."""

FLOATS: dict[str, Any] = {"__builtins__": builtins}
"""What the names in a rule stand for on floats: for each operation its value."""


def within(rule: Rule, names: dict[str, Any]) -> Rule:
    """A rule of the table where its names stand for ``names``, which are looked up when it is called."""
    return FunctionType(rule.__code__, names, rule.__name__)


def in_table(rule: Rule) -> bool:
    """Whether a rule is written in ``ops.py``, and so names nothing but what the table has."""
    return isinstance(rule, FunctionType) and rule.__module__ == f"{__package__}.ops"


def constant(name: str, number: float) -> float:
    """Name a number for rules; this returns it."""
    CONSTANTS[name] = FLOATS[name] = number
    return number


def unreadable(op: Op, error: Exception) -> OperationError:
    """What to say where a rule from elsewhere takes numbers alone."""
    return OperationError(
        f"operation {op.name!r}: its derivative cannot be written down ({error}); build it of operators and "
        "operations, ad.exp(x) for math.exp(x), and ad.where for if"
    )


class Op:
    """One row of the table: an operation with a fixed number of operands.

    Calling it applies the operation to floats, or to whatever kind of operand has an ``apply_op(op, operands)``
    method.

    Attributes:
        name: the key in ``OPS``.
        notation: how it is written, in x and y.
        value: float function of the operands; total, IEEE 754.
        partials: for each operand the partial derivative, a function of (operands…, output).
        on_floats: the same functions, in which every operation's name stands for its value on floats.
        constants: the positions of operands that are never Values.
        analytic: whether it is, wherever its value is finite; else it has pieces.
        exact: whether whole numbers give one, to the last digit.
        quick: whether it takes no longer than an addition or two.
        domain: the open interval in which a single operand, or the first, has a value and derivatives.
        called: what it is called in formulas.
        flows: whether a gradient passes through it to its operands; else a node of it has no parents.
        length: whether its square is the sum of the squares of its operands, smooth where the row has a kink.

    >>> OPS["mul"](3.0, 4.0)
    12.0
    >>> OPS["mul"].float_derivatives((3.0, 4.0), 12.0, (0, 1))
    (4.0, 3.0)
    """

    __slots__ = (
        *("_partials", "name", "notation", "on_floats", "value"),
        *("analytic", "called", "constants", "domain", "exact", "flows", "length", "quick"),
    )

    def __init__(
        self,
        name: str,
        notation: str,
        value: Rule,
        *partials: Rule,
        constants: tuple[int, ...] = (),
        analytic: bool = True,
        exact: bool = False,
        quick: bool = False,
        domain: tuple[float, float] = (-inf, inf),
        called: str = "",
        length: bool = False,
        flows: bool = True,
    ) -> None:
        self.name = name
        self.notation = notation
        self.value = value
        self.partials = partials
        self.constants = constants
        self.analytic, self.exact, self.quick = analytic, exact, quick
        self.domain = domain
        self.called = called or name
        self.length = length
        self.flows = flows
        OPS[name] = self
        FLOATS[name] = self._of_floats()

    def _of_floats(self) -> Rule:
        """The value, called as rules call it."""
        return self.value

    @property
    def partials(self) -> tuple[Rule, ...]:
        """The rules.  Others assigned here hold where the row is called; Value's methods keep those of the import."""
        return self._partials

    @partials.setter
    def partials(self, rules: tuple[Rule, ...]) -> None:
        self._partials = rules
        self.on_floats = tuple([within(rule, FLOATS) if in_table(rule) else rule for rule in rules])

    def __repr__(self) -> str:
        return f"<op {self.name}: {self.notation}>"

    def __reduce__(self) -> tuple[Callable[[str], Op], tuple[str]]:
        return _row, (self.name,)

    def __call__(self, *operands: Any) -> Any:
        """Apply the operation: numbers give a float, other kinds of operands what they make of it."""
        for x in operands:
            if hasattr(x, "apply_op"):
                return x.apply_op(self, operands)
        return self.evaluate([as_number(x, self.name) for x in operands])

    def evaluate(self, operands: Sequence[float]) -> float:
        """The value on floats."""
        return self.value(*operands)  # type: ignore[no-any-return]

    def local_derivatives(self, operands: Sequence[Any], z: Any, positions: Sequence[int]) -> tuple[Any, ...]:
        """The partial derivatives at ``operands``, whose output is ``z``, to the operands at ``positions``."""
        return tuple([self.partials[i](*operands, z) for i in positions])

    def float_derivatives(self, operands: Sequence[float], z: float, positions: Sequence[int]) -> tuple[float, ...]:
        """The same, for floats only: faster, and a division by zero has its IEEE result."""
        try:
            return tuple([self.on_floats[i](*operands, z) for i in positions])
        except ZeroDivisionError:
            return self._ieee_derivatives(operands, z, positions)

    def _ieee_derivatives(self, operands: Sequence[float], z: float, positions: Sequence[int]) -> tuple[float, ...]:
        return tuple(map(float, self.local_derivatives([Ieee(x) for x in operands], Ieee(z), positions)))


def _row(name: str) -> Op:
    if name not in OPS:
        raise OperationError(f"the graph has an operation {name!r}, which is not defined here: define it first")
    return OPS[name]


class NaryOp(Op):
    """A row with any number of operands: ``value(xs)``, and one rule (xs, z) for the list of all partials.

    Attributes:
        family: what gives all components at once, where the row is one of them: operand 0 says which.
        alike: whether the rule treats all operands alike, so that a formula may leave some out.
    """

    __slots__ = ("alike", "family")

    def __init__(
        self, name: str, notation: str, value: Rule, rule: Rule, alike: bool = False, family: str = "", **known: Any
    ) -> None:
        super().__init__(name, notation, value, rule, constants=(0,) if family else (), **known)
        self.alike, self.family = alike, family

    def _of_floats(self) -> Rule:
        value = self.value
        return lambda *xs: value(xs)

    def evaluate(self, operands: Sequence[float]) -> float:
        """The value on floats."""
        return self.value(operands)  # type: ignore[no-any-return]

    def local_derivatives(self, operands: Sequence[Any], z: Any, positions: Sequence[int]) -> tuple[Any, ...]:
        """The partial derivatives at ``operands``, whose output is ``z``, to the operands at ``positions``."""
        (rule,) = self.partials
        every = rule(operands, z)
        return tuple(every) if len(positions) == len(every) else tuple([every[i] for i in positions])

    def float_derivatives(self, operands: Sequence[float], z: float, positions: Sequence[int]) -> tuple[float, ...]:
        """The same, for floats only: faster, and a division by zero has its IEEE result."""
        (rule,) = self.on_floats
        try:
            every = rule(operands, z)
        except ZeroDivisionError:
            return self._ieee_derivatives(operands, z, positions)
        return tuple(every) if len(positions) == len(every) else tuple([every[i] for i in positions])


class Shorthand:
    """What a rule says in place of several operations, called by name like a row.

    Floats compute it in one pass.  For any other kind of number it stands for operations, unless the kind has a method
    ``apply_shorthand(shorthand, operands)``.  It is no row, for a Value never records it.

    Attributes:
        name: the key in ``SHORTHANDS``, and in the namespaces of other kinds of numbers.
        value: float function of the operands.
        of_rows: the same in rows.
        listed: whether it gives a list, a number for each operand.

    >>> SHORTHANDS["products_of_others"](2.0, 3.0, 5.0)
    [15.0, 10.0, 6.0]
    """

    __slots__ = ("listed", "name", "of_rows", "value")

    def __init__(self, name: str, value: Rule, of_rows: Rule, listed: bool = False) -> None:
        self.name, self.value, self.of_rows, self.listed = name, value, of_rows, listed
        SHORTHANDS[name] = self
        FLOATS[name] = value

    def __call__(self, *operands: Any) -> Any:
        """What it comes to on these operands."""
        for x in operands:
            if not isinstance(x, (float, int)):
                return getattr(x, "apply_shorthand", Shorthand._apply)(self, operands)
        return self.value(*operands)

    def _apply(self, operands: tuple[Any, ...]) -> Any:
        return self.of_rows(*operands)
