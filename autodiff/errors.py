"""The named errors of the package; each message gives the operation, the argument and the remedy."""

from __future__ import annotations

__all__ = ["AutodiffError", "GradientMismatch", "LengthError", "OperandError"]


class AutodiffError(Exception):
    """Base of every error that this package raises on purpose."""


class OperandError(AutodiffError, TypeError):
    """An operand, an argument or a result is not a real number or a Value."""


class LengthError(AutodiffError, ValueError):
    """Sequences that belong together differ in length, or one that may not be empty is."""


class GradientMismatch(AutodiffError, AssertionError):
    """Two ways of computing the same derivative disagree."""
