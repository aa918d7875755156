"""The named errors of the package; each message gives the operation, the argument and the remedy."""

from __future__ import annotations

__all__ = [
    "AutodiffError",
    "CompileError",
    "GradientMismatch",
    "LayoutError",
    "LayoutTimeout",
    "LengthError",
    "MissingAttribute",
    "MissingDependency",
    "NonFiniteError",
    "OperandError",
    "OperationError",
    "VerificationError",
]


class AutodiffError(Exception):
    """Base of every error that this package raises on purpose."""


class OperandError(AutodiffError, TypeError):
    """An operand, an argument or a result is not a real number or a Value."""


class OperationError(AutodiffError, ValueError):
    """An operation of one's own is not told as it should be, or is not defined here."""


class LengthError(AutodiffError, ValueError):
    """Sequences that belong together differ in length, or one that may not be empty is."""


class GradientMismatch(AutodiffError, AssertionError):
    """Two ways of computing the same derivative disagree."""


class MissingAttribute(AutodiffError, AttributeError):
    """An attribute that nodes or tensors of other libraries have, and a Value has not."""


class MissingDependency(AutodiffError, ImportError):
    """A package or a program that this needs is not installed."""


class NonFiniteError(AutodiffError, ArithmeticError):
    """A loss or a gradient is nan or infinite, and there is no way on from it."""


class LayoutError(AutodiffError, RuntimeError):
    """Graphviz did not lay out a picture."""


class LayoutTimeout(LayoutError, TimeoutError):
    """Graphviz did not lay out a picture within the time limit."""


class CompileError(AutodiffError, RuntimeError):
    """A program is not ready for what was asked of it."""


class VerificationError(AutodiffError, AssertionError):
    """A compiled program gives other numbers than the graph or function it was made from."""
