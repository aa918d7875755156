"""What an operation says, in the names of its operands: ``2·y``, ``x²``, ``sin(y)``, ``Σ wᵢ·xᵢ + b``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..naming import superscript
from ..ops import NaryOp, Op

__all__ = ["spelled"]

_SHORT = 26
"""An n-ary operation is spelled out up to so many characters."""

_SIGN = re.compile(r"(?=.*[^xy ])[^\w()]*x[^\w()]*y?[^\w()]*")
"""A notation without words and figures is written as it is, the others as a call."""

_PLAIN = re.compile(r"…|[\w#.\[\]'⁽⁾⁰-⁹]+")
_ENCLOSED = re.compile(r"\w*\([^()]*\)")
_RAISABLE = re.compile(r"(?:[^\W\d]\w*|\d+(?:\.\d+)?)")


def spelled(op: Op, operands: Sequence[str]) -> str:
    """The operation in the names of its operands.

    >>> from autodiff.ops import OPS
    >>> spelled(OPS["pow"], ["x", "(−1)"]), spelled(OPS["mul"], ["x", "(−0.5)"])
    ('x⁻¹', 'x·(−0.5)')
    >>> spelled(OPS["mul"], ["2", "y"]), spelled(OPS["pow"], ["x", "3"]), spelled(OPS["sum"], ["a", "b", "c"])
    ('2·y', 'x³', 'a + b + c')
    """
    if isinstance(op, NaryOp):
        return _nary(op, [_held(name) for name in operands])
    if op.name == "pow" and re.fullmatch(r"[-−]?\d{1,3}", exponent := operands[1].strip("()")):
        return _raised(operands[0]) + superscript(exponent.replace("−", "-"))
    if op.name == "square":
        return _raised(operands[0]) + "²"
    if not _SIGN.fullmatch(op.notation):
        return f"{op.name}({', '.join(operands)})"
    names = dict(zip("xy", operands, strict=False))
    spread = re.fullmatch(r"x [+] y|[|⌊⌈]x.", op.notation)  # needs no parentheses, whatever the name
    text = re.sub("[xy]", lambda match: names[match[0]] if spread else _held(names[match[0]]), op.notation)
    return text.replace(" * ", "·").replace("**", "^").replace("-", "−") if not spread else text


def _held(name: str) -> str:
    return name if _PLAIN.fullmatch(name) or _ENCLOSED.fullmatch(name) else f"({name})"


def _raised(name: str) -> str:
    return name if _RAISABLE.fullmatch(name) or _ENCLOSED.fullmatch(name) else f"({name})"


def _nary(op: NaryOp, names: list[str]) -> str:
    if op.name == "dot":
        n, biased = divmod(len(names), 2)
        pairs = [f"{w}·{x}" for w, x in zip(names[:n], names[n : 2 * n], strict=True)] if n <= 3 else []
        text = " + ".join([*pairs, *names[2 * n :]])
        notation = op.notation if biased else op.notation.partition(" + ")[0]
        return text if pairs and len(text) <= _SHORT else notation
    if op.family:
        return op.notation
    sign = {"Σ xᵢ": " + ", "Π xᵢ": "·"}.get(op.notation)
    text = sign.join(names) if sign else f"{op.name}({', '.join(names)})"
    if len(names) <= 4 and len(text) <= _SHORT and (sign is None or len(names) > 1):
        return text
    return f"{op.notation} of {len(names):,}" if sign else f"{op.name} of {len(names):,}"
