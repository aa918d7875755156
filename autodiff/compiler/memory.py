"""What all kernels share: the view of a buffer, the width of the vectors, and how a kernel is called."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

__all__ = [
    "BUFFER",
    "FIRST",
    "SCRATCH",
    "TILE",
    "TILES",
    "TRASH",
    "ZERO",
    "call_kernel",
    "in_groups",
    "pointer",
    "wide",
]

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


@intrinsic
def call_kernel(
    context: Any, address: Any, V: Any, ix: Any, count: Any, arity: Any, lanes: Any, real: Any, stride: Any
) -> Any:
    """Call the kernel at an address; V and ix are addresses too."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        integer = ir.IntType(64)
        function = ir.FunctionType(ir.VoidType(), [integer] * 7)
        builder.call(builder.inttoptr(arguments[0], function.as_pointer()), arguments[1:])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 8), code


@intrinsic
def pointer(context: Any, address: Any) -> Any:
    """What is at an address."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))

    return types.voidptr(types.int64), code
