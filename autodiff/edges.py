"""What a node was made of, in the node itself: most have one or two operands, and then no tuple is needed.

``operands``, ``parents`` and ``local_derivatives`` are made when somebody asks.  A tuple costs as much as a node, to
make, to free and above all to Python's garbage collector, which goes through all of them again and again.  How the
four slots are used (a derivative is None where there is no parent):

    made of              _left               _right                        _to_left   _to_right
    one Value            x                   None                          ∂z/∂x      None
    two Values           x                   y                             ∂z/∂x      ∂z/∂y
    Value, constant      x                   a float                       ∂z/∂x      None
    constant, Value      a float             y                             None       ∂z/∂y
    more                 the operands        (parents, local derivatives)  None       None
    a leaf               its operands: ()    NO_PARENTS                    None       None
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from .value import Value

__all__ = ["NO_PARENTS", "SLOTS", "Edges"]

SLOTS = ("_left", "_right", "_to_left", "_to_right")
"""The slots, which the class of the nodes has."""

NO_PARENTS: tuple[tuple[Value, ...], tuple[float, ...]] = (), ()
"""What tells a leaf, by identity."""


class Edges:
    """The edges from a node to what it was made of."""

    if not TYPE_CHECKING:
        __slots__ = ()  # they are the node's

    _left: Any
    _right: Any
    _to_left: float | None
    _to_right: float | None

    @property
    def operands(self) -> tuple[Value | float, ...]:
        """What the operation was applied to, in order: Values, and floats for constants."""
        if self._to_left is None and self._to_right is None:
            return self._left  # type: ignore[no-any-return]
        return (self._left,) if self._right is None else (self._left, self._right)

    @property
    def parents(self) -> tuple[Value, ...]:
        """The operands that are Values, in order; ``x * x`` has two."""
        if self._to_left is None:
            return self._right[0] if self._to_right is None else (self._right,)
        return (self._left,) if self._to_right is None else (self._left, self._right)

    @property
    def local_derivatives(self) -> tuple[float, ...]:
        """∂self/∂parent for each of ``parents``, as they were when the node was recorded."""
        if self._to_left is None:
            return self._right[1] if self._to_right is None else (self._to_right,)
        return (self._to_left,) if self._to_right is None else (self._to_left, self._to_right)

    @local_derivatives.setter
    def local_derivatives(self, local: tuple[float, ...]) -> None:
        self.set_edges(self.operands, self.parents, local)

    def set_edges(
        self, operands: tuple[Value | float, ...], parents: tuple[Value, ...], local: tuple[float, ...]
    ) -> None:
        """Fill the slots."""
        self._to_left = self._to_right = None
        if not parents:
            self._left, self._right = operands, NO_PARENTS
        elif len(operands) == 1:
            (self._left,), self._right, (self._to_left,) = operands, None, local
        elif len(operands) > 2:
            self._left, self._right = operands, (parents, local)
        else:
            self._left, self._right = operands
            if len(parents) == 2:
                self._to_left, self._to_right = local
            elif self._left is parents[0]:
                (self._to_left,) = local
            else:
                (self._to_right,) = local
