"""A layer's weighted sums as one instruction: every ``dot`` over the same operands, in tiles held in registers.

The operands ``ix`` of these kernels are not slots alone:

    outputs, inputs   how many rows of each
    weights, biases   where the matrix (outputs × inputs, row by row) and the biases begin, from V[count] on
    d_weights, d_biases   where their adjoints do
    x, s              the slots of the inputs and of the sums, for the forward sweep
    d_s, d_x          the slots of their adjoints

What is computed is S_j = b_j + Σ w_ij·x_i; x̄_i += Σ_j w_ij·S̄_j; w̄_ij += Σ S̄_j·x_i and b̄_j += Σ S̄_j over the
samples: the local derivatives of the row ``dot``, its other factor each, which a test holds this to.

All three are products of matrices, and go as fast as the sums they add to stay in registers.  The first two are one
kernel: a tile is 4 rows of the result × 32 samples, 16 registers of 512 bits, and each x_i that is read is added to four
rows at once::

              x_i[t … t+32]            one row read
    w_i0   S_0[t … t+32]  += w_i0·x_i
    w_i1   S_1[t … t+32]  += w_i1·x_i
    w_i2   S_2[t … t+32]  += w_i2·x_i      for every i, then the tile is written
    w_i3   S_3[t … t+32]  += w_i3·x_i

The third has tiles of 4 × 4 weights, each sum a vector of 8 samples next to each other that is added up at the end, 8
such vectors together.  What is left over is done in tiles of half and a quarter of the size.  The tiles are LLVM's
vectors, written out, since the loops over samples that it makes itself hold no sums in registers from one i to the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llvmlite import binding, ir
from numba import carray, int64, types
from numba.core import cgutils
from numba.extending import intrinsic

from .memory import BUFFER, wide

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["backward_inputs", "backward_weights", "forward"]

HEADER = 6
ROWS = (4, 2, 1)
"""The rows of a tile; the smaller ones are for what is left over."""

GROUP = 8
"""Samples come in multiples of this."""

REGISTERS_512 = bool(binding.get_host_cpu_features().get("avx512f"))
"""Whether there are 32 registers of 512 bits; without them a tile takes one group of samples."""


def forward(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """S_j = b_j + Σ w_ij·x_i."""
    wide()
    ix = carray(ix_, (BUFFER,))
    outputs, inputs, weights, biases = int64(ix[0]), int64(ix[1]), ix[2] + count, ix[3] + count
    x, s = HEADER, HEADER + inputs
    _product(V_, ix_, s, outputs, x, inputs, weights, inputs, 1, biases, lanes, stride)


def backward_inputs(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """x̄_i += Σ_j w_ij·S̄_j."""
    wide()
    ix = carray(ix_, (BUFFER,))
    outputs, inputs, weights = int64(ix[0]), int64(ix[1]), ix[2] + count
    ds = HEADER + inputs + outputs
    _product(V_, ix_, ds + outputs, inputs, ds, outputs, weights, 1, inputs, None, lanes, stride)


def backward_weights(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """w̄_ij += Σ S̄_j·x_i and b̄_j += Σ S̄_j, over the real samples; in the others x and S̄ become 0."""
    wide()
    V = carray(V_, (BUFFER,))
    ix = carray(ix_, (BUFFER,))
    outputs, inputs, weights, biases = int64(ix[0]), int64(ix[1]), ix[4] + count, ix[5] + count
    x, ds = HEADER, HEADER + inputs + outputs
    if real < lanes:
        for i in range(inputs):
            V[ix[x + i] * stride + real : ix[x + i] * stride + lanes] = 0
        for j in range(outputs):
            V[ix[ds + j] * stride + real : ix[ds + j] * stride + lanes] = 0
    _sums(V_, ix_, ds, outputs, x, inputs, weights, biases, lanes, stride)


# ---------------------------------------------------------------------------------------------------------------------
# The tiles, in LLVM's language.
# ---------------------------------------------------------------------------------------------------------------------


@intrinsic
def _product(
    context: Any,
    V: Any,
    ix: Any,
    results: Any,
    count: Any,
    rows: Any,
    depth: Any,
    weights: Any,
    across: Any,
    along: Any,
    biases: Any,
    lanes: Any,
    stride: Any,
) -> Any:
    """Rows from rows: z_r = b_r + Σ_k c_rk·y_k, or if there are no biases z_r += Σ_k c_rk·y_k.

    The slots of the ``count`` results are from ix[results] on, those of the ``depth`` rows from ix[rows] on.  c_rk is
    V[weights + r·across + k·along] and b_r is V[biases + r].  A result may be there twice.
    """
    biased = not isinstance(biases, types.NoneType)

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        V, ix, results, count, rows, depth, weights, across, along, biases, lanes, stride = arguments
        at = _Places(builder, V, ix, stride)
        for t, width in _tiles(builder, lanes, _widths(V)):
            vector = ir.VectorType(V.type.pointee, width)
            for r, height in _tiles(builder, count, ROWS):
                tile = [builder.add(r, r.type(q)) for q in range(height)]
                sums = [_zero(builder, vector) for _ in tile]
                with cgutils.for_range(builder, depth) as loop:
                    y = at.load(vector, at.row(builder.add(rows, loop.index), t))
                    first = builder.add(weights, builder.mul(loop.index, along))
                    for q, total in zip(tile, sums, strict=True):
                        c = at.load(V.type.pointee, builder.add(first, builder.mul(q, across)))
                        _add_product(builder, total, _everywhere(builder, c, width), y)
                for q, total in zip(tile, sums, strict=True):
                    place = at.row(builder.add(results, q), t)
                    if biased:
                        begin = _everywhere(builder, at.load(V.type.pointee, builder.add(biases, q)), width)
                    else:
                        begin = at.load(vector, place)
                    at.store(builder.fadd(begin, builder.load(total)), place)
        return context.get_dummy_value()

    return types.void(V, ix, *[types.int64] * 7, biases, types.int64, types.int64), code


@intrinsic
def _sums(
    context: Any,
    V: Any,
    ix: Any,
    left: Any,
    outputs: Any,
    right: Any,
    inputs: Any,
    weights: Any,
    biases: Any,
    lanes: Any,
    stride: Any,
) -> Any:
    """Sums over samples: w_ji += Σ_t e_j·y_i and b_j += Σ_t e_j.

    The slots of the e_j are from ix[left] on, those of the y_i from ix[right] on; w_ji is V[weights + j·inputs + i] and
    b_j is V[biases + j].
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        V, ix, left, outputs, right, inputs, weights, biases, lanes, stride = arguments
        at = _Places(builder, V, ix, stride)
        vector = ir.VectorType(V.type.pointee, GROUP)
        zero, group = (lanes.type(n) for n in (0, GROUP))
        for j, height in _tiles(builder, outputs, ROWS):
            down = [builder.add(j, j.type(q)) for q in range(height)]
            totals = [_zero(builder, vector) for _ in down]
            with cgutils.for_range_slice(builder, zero, lanes, group) as (t, _):
                for q, total in zip(down, totals, strict=True):
                    e = at.load(vector, at.row(builder.add(left, q), t))
                    builder.store(builder.fadd(builder.load(total), e), total)
            at.add(_added_up(builder, [builder.load(total) for total in totals]), builder.add(biases, j))
            for i, width in _tiles(builder, inputs, ROWS):
                across = [builder.add(i, i.type(p)) for p in range(width)]
                sums = [[_zero(builder, vector) for _ in across] for _ in down]
                with cgutils.for_range_slice(builder, zero, lanes, group) as (t, _):
                    ys = [at.load(vector, at.row(builder.add(right, p), t)) for p in across]
                    for q, totals in zip(down, sums, strict=True):
                        e = at.load(vector, at.row(builder.add(left, q), t))
                        for y, total in zip(ys, totals, strict=True):
                            _add_product(builder, total, e, y)
                together = min(height, GROUP // width)
                for first in range(0, height, together):
                    some = [builder.load(total) for totals in sums[first : first + together] for total in totals]
                    added = _added_up(builder, some)
                    for q in range(together):
                        part = _pick(builder, added, added, range(q * width, (q + 1) * width))
                        row = builder.add(weights, builder.mul(down[first + q], inputs))
                        at.add(part, builder.add(row, i))
        return context.get_dummy_value()

    return types.void(V, ix, *[types.int64] * 8), code


class _Places:
    """Where the numbers of a buffer are; a vector may begin at any of them."""

    def __init__(self, builder: Any, V: Any, ix: Any, stride: Any) -> None:
        self.builder, self.V, self.ix, self.stride = builder, V, ix, stride
        self.align = 8 if isinstance(V.type.pointee, ir.DoubleType) else 4

    def row(self, entry: Any, t: Any) -> Any:
        """The index in V of sample t in the slot at ix[entry]."""
        builder = self.builder
        slot = builder.zext(builder.load(builder.gep(self.ix, [entry])), t.type)
        return builder.add(builder.mul(slot, self.stride), t)

    def load(self, kind: Any, index: Any) -> Any:
        pointer = self.builder.bitcast(self.builder.gep(self.V, [index]), kind.as_pointer())
        return self.builder.load(pointer, align=self.align)

    def store(self, x: Any, index: Any) -> None:
        pointer = self.builder.bitcast(self.builder.gep(self.V, [index]), x.type.as_pointer())
        self.builder.store(x, pointer, align=self.align)

    def add(self, x: Any, index: Any) -> None:
        self.store(self.builder.fadd(self.load(x.type, index), x), index)


def _widths(V: Any) -> tuple[int, ...]:
    """How many samples a tile takes: as many as give 16 sums to 4 rows, and less for what is left over."""
    largest = (4 if REGISTERS_512 else 1) * (8 if isinstance(V.type.pointee, ir.DoubleType) else 16)
    return tuple(width for width in (64, 32, 16, 8) if width <= largest)


def _tiles(builder: Any, length: Any, sizes: tuple[int, ...]) -> Iterator[tuple[Any, int]]:
    """A loop for each size, powers of 2 from the largest: where a tile begins, and its size."""
    start = length.type(0)
    for size in sizes:
        stop = builder.and_(length, length.type(-size))
        with cgutils.for_range_slice(builder, start, stop, length.type(size)) as (first, _):
            yield first, size
        start = stop


def _zero(builder: Any, vector: Any) -> Any:
    """A sum, 0 to begin with; LLVM puts it in registers."""
    place = cgutils.alloca_once(builder, vector)
    builder.store(vector(None), place)
    return place


def _add_product(builder: Any, total: Any, x: Any, y: Any) -> None:
    fuse = ("contract",)
    builder.store(builder.fadd(builder.load(total), builder.fmul(x, y, flags=fuse), flags=fuse), total)


def _everywhere(builder: Any, x: Any, width: int) -> Any:
    """A vector of the same number."""
    one = builder.insert_element(ir.VectorType(x.type, width)(ir.Undefined), x, ir.IntType(32)(0))
    return _pick(builder, one, one, [0] * width)


def _pick(builder: Any, x: Any, y: Any, which: Iterable[int]) -> Any:
    """Elements of two vectors, those of the second counted on."""
    numbers = [*which]
    return builder.shuffle_vector(x, y, ir.VectorType(ir.IntType(32), len(numbers))(numbers))


def _added_up(builder: Any, vectors: list[Any]) -> Any:
    """A vector of the sums over each of the vectors, as many as they have elements or fewer, a power of 2.

    Each step halves the vectors, and what is left of a pair goes into one.
    """
    half = vectors[0].type.count // 2
    while half:
        n = len(vectors) // 2
        if len(vectors) > half:
            places = range(vectors[0].type.count)
            pairs = [
                (
                    _pick(builder, a, b, [p + len(places) * bool(p & half) for p in places]),
                    _pick(builder, a, b, [(p ^ half) + len(places) * bool(p & half) for p in places]),
                )
                for a, b in zip(vectors[:n], vectors[n:], strict=True)
            ]
        else:
            pairs = [(_pick(builder, a, a, range(half)), _pick(builder, a, a, range(half, 2 * half))) for a in vectors]
        vectors = [builder.fadd(a, b) for a, b in pairs]
        half //= 2
    return vectors[0]
