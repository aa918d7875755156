r"""Formulas of the table: what an operation is, and its local derivatives, from the row's own rules.

>>> from autodiff.ops import OPS
>>> algebra(OPS["pow"], 0, ["x", 3.0], "z")
'3·x²'
>>> latex(OPS["div"], 1, ["x", "y"], "f")
'-\\frac{f}{y}'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .ops import NaryOp, Op
from .row import in_table
from .term import MANY, RECORDED, SIMPLIFIED, Term, apply, shortened, spelled_out
from .typeset import latex_text, number_text, text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .term import Expression

__all__ = ["algebra", "derivative_term", "latex", "recorded_term", "value_term"]


def derivative_term(op: Op, position: int, operands: Sequence[str | Expression], z: str | Expression) -> Expression:
    """∂z/∂(operand at ``position``): the row's own rule, evaluated on symbols and simplified.

    >>> from autodiff.ops import OPS
    >>> derivative_term(OPS["mul"], 0, ["x", 2.0], "z")
    2.0
    """
    terms = _terms(operands)
    if isinstance(op, NaryOp) and op.alike:
        terms, position = shortened(terms, position, int(bool(op.family)))
    (output,) = _terms([z])
    try:
        (derivative,) = op.local_derivatives(terms, output, [position])
    except ZeroDivisionError:  # spell the division by the constant 0
        terms = [x if isinstance(x, Term) else Term.named(number_text(x)) for x in terms]
        (derivative,) = op.local_derivatives(terms, output, [position])
    except Exception:  # a rule from elsewhere that takes numbers alone, math.exp(x) say, has only a name
        if in_table(op.partials[0]):
            raise
        return Term(("call", f"∂{op.name}/∂{position + 1}", *terms))
    return spelled_out(derivative)  # type: ignore[no-any-return]


def value_term(op: Op, operands: Sequence[str | Expression]) -> Expression:
    """What the operation computes.

    >>> from autodiff.ops import OPS
    >>> print(text(value_term(OPS["dot"], ["w", "u", "x", "y", "b"])))
    w·x + u·y + b
    """
    return _value(op, operands, SIMPLIFIED)


def recorded_term(op: Op, operands: Sequence[str | Expression]) -> Expression:
    """What the operation computes, as it stands: x/x remains x/x.

    >>> from autodiff.ops import OPS
    >>> print(text(recorded_term(OPS["div"], ["x", "x"])), text(value_term(OPS["div"], ["x", "x"])))
    x/x 1
    """
    return _value(op, operands, RECORDED)


def _value(op: Op, operands: Sequence[str | Expression], spelled: dict[str, Callable[..., Any]]) -> Expression:
    terms = _terms(operands)
    if op.name == "mean" and len(terms) > MANY:
        return Term(("call", "mean", *shortened(terms)[0]))
    if isinstance(op, NaryOp) and op.name != "dot":
        terms, _ = shortened(terms, 0, int(bool(op.family)))
    return apply(op, tuple(terms), spelled)  # type: ignore[no-any-return]


def _terms(operands: Sequence[str | Expression]) -> list[Expression]:
    return [Term.named(x) if isinstance(x, str) else x for x in operands]


def algebra(op: Op, position: int, operands: Sequence[str | float], z: str) -> str:
    """∂z/∂(operand at ``position``) as readable algebra, from the row's own rule.

    Args:
        op: the row.
        position: which operand to differentiate with respect to.
        operands: the name of each that varies, the number of each constant.
        z: the name of the output.

    Of a row with many operands the formula shows some; "…" stands for the others.  "ties" is how many operands of a
    maximum equal it.

    >>> from autodiff.ops import OPS
    >>> algebra(OPS["sin"], 0, ["y"], "z"), algebra(OPS["div"], 1, ["x", "y"], "z"), algebra(OPS["relu"], 0, ["x"], "z")
    ('cos(y)', '−z/y', '1 if x > 0 else 0')
    """
    return text(derivative_term(op, position, operands, z))


def latex(op: Op, position: int, operands: Sequence[str | float], z: str) -> str:
    r"""``algebra`` in LaTeX, for use between dollar signs.

    >>> from autodiff.ops import OPS
    >>> print(latex(OPS["tanh"], 0, ["x"], "z"))
    \frac{1}{\cosh(x)^{2}}
    """
    return latex_text(derivative_term(op, position, operands, z))
