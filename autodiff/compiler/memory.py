"""What all kernels share: the view of a buffer, and the width of the vectors."""

from __future__ import annotations

from typing import Any

from numba import njit, types
from numba.extending import intrinsic

__all__ = ["BUFFER", "FIRST", "SCRATCH", "TILE", "TILES", "TRASH", "ZERO", "in_groups", "wide"]

BUFFER = 1 << 40
"""The length that a kernel takes its buffers to have; machine code checks no bounds."""

ZERO, TRASH, SCRATCH = 0, 1, 2
"""Slots that every buffer begins with: zeros, one to write to in vain, three for a kernel's own use."""

TILE, TILES = 64, 5
"""Scalars that a vectored kernel gathers at once; the slots behind the others are for them."""

FIRST = {"lanes": 5, "scalars": TILES + 6 * TILE}
"""The first slot for a number of the program."""


@njit(forceinline=True)
def in_groups(samples: int) -> int:
    """So many samples and as many more as make whole vectors of eight."""
    return (samples + 7) // 8 * 8


@intrinsic
def wide(context: Any) -> Any:
    """Let LLVM use the whole of a vector register here; left alone it stops at 256 bits, measured 1.4 times slower."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.void(), code
