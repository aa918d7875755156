"""A layer's weighted sums as one instruction: every ``dot`` over the same operands, in tiles held in registers.

The operands ``ix`` of these kernels are not slots alone:

    outputs, inputs   how many rows of each
    weights, biases   where the matrix (outputs × inputs, row by row) and the biases begin, from V[count] on
    d_weights, d_biases   where their adjoints do
    x, s              the slots of the inputs and of the sums, for the forward sweep
    d_s, d_x          the slots of their adjoints

What is computed is S_j = b_j + Σ w_ij·x_i; x̄_i += Σ_j w_ij·S̄_j; w̄_ij += Σ S̄_j·x_i and b̄_j += Σ S̄_j over
the samples: the local derivatives of the row ``dot``, its other factor each, which a test holds this to.

All three are products of matrices, and are fast if the sums stay in registers.  A tile of the first two is 4 rows of
the result × 32 samples, 16 registers of 8 numbers; each number of a row that is read then enters four sums::

              x_i[t … t+31]
    w_0i   S_0[t … t+31] += w_0i·x_i
    w_1i   S_1[t … t+31] += w_1i·x_i
    w_2i   S_2[t … t+31] += w_2i·x_i      for every i, and then the tile is written
    w_3i   S_3[t … t+31] += w_3i·x_i

Weights have their sums across the samples.  A tile of 4 × 4 weights has a register for each, which sums every eighth
sample, and its 8 numbers are added up at the end.  With few samples to many outputs that end takes as long as the rest:
there x is transposed first, a panel of 32 samples at a time, and the tile is 4 outputs × 32 inputs, as above.

Smaller tiles do what is left over.  The tiles are vectors of LLVM's, written out: in the loops over samples that it
makes vectors of itself, the sums go to memory and back again and again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llvmlite import ir
from numba import carray, int64, types
from numba.core import cgutils
from numba.extending import intrinsic

from .memory import BUFFER, in_groups, wide

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["backward_inputs", "backward_weights", "forward", "forward_in_order"]

HEADER = 6

GROUP = 8
"""Samples are computed in multiples of this."""

ROWS = (4, 2, 1)
"""The rows of a tile, and of those for what is left over."""

PANEL = 32
"""Samples that are transposed at once."""


def forward(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """S_j = b_j + Σ w_ij·x_i."""
    wide()
    ix = carray(ix_, (BUFFER,))
    outputs, inputs, weights, biases = int64(ix[0]), int64(ix[1]), ix[2] + count, ix[3] + count
    x, s = HEADER, HEADER + inputs
    _product(V_, ix_, s, outputs, x, inputs, weights, inputs, 1, biases, None, in_groups(real), stride)


def forward_in_order(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """The same, of chains: each product is rounded, and added in its turn to b_j and those before it."""
    wide()
    ix = carray(ix_, (BUFFER,))
    outputs, inputs, weights, biases = int64(ix[0]), int64(ix[1]), ix[2] + count, ix[3] + count
    x, s = HEADER, HEADER + inputs
    _product(V_, ix_, s, outputs, x, inputs, weights, inputs, 1, None, biases, in_groups(real), stride)


def backward_inputs(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """x̄_i += Σ_j w_ij·S̄_j."""
    wide()
    ix = carray(ix_, (BUFFER,))
    outputs, inputs, weights = int64(ix[0]), int64(ix[1]), ix[2] + count
    d_s = HEADER + inputs + outputs
    d_x = d_s + outputs
    _product(V_, ix_, d_x, inputs, d_s, outputs, weights, 1, inputs, None, None, in_groups(real), stride)


def backward_weights(V_: Any, ix_: Any, count: int, arity: int, lanes: int, real: int, stride: int) -> None:
    """w̄_ij += Σ S̄_j·x_i and b̄_j += Σ S̄_j, over the real samples; x and S̄ of the others become 0."""
    wide()
    V = carray(V_, (BUFFER,))
    ix = carray(ix_, (BUFFER,))
    outputs, inputs, weights, biases = int64(ix[0]), int64(ix[1]), ix[4] + count, ix[5] + count
    x, d_s = HEADER, HEADER + inputs + outputs
    lanes = in_groups(real)
    for t in range(real, lanes):
        for i in range(inputs):
            V[ix[x + i] * stride + t] = 0
        for j in range(outputs):
            V[ix[d_s + j] * stride + t] = 0
    transposed = inputs // GROUP * GROUP if lanes <= 4 * outputs else 0
    _sums_transposed(V_, ix_, d_s, outputs, x, inputs, transposed, weights, lanes, stride)
    _sums(V_, ix_, d_s, outputs, x, inputs, transposed, weights, biases, lanes, stride)


# ---------------------------------------------------------------------------------------------------------------------
# Products, in the language of LLVM.
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
    first: Any,
    lanes: Any,
    stride: Any,
) -> Any:
    """Rows from rows: z_r = b_r + Σ_k w_rk·y_k, or if there are no biases z_r += Σ_k w_rk·y_k.

    The slots of the ``count`` z_r are from ix[results] on, those of the ``depth`` y_k from ix[rows] on; w_rk is
    V[weights + r·across + k·along] and b_r is V[biases + r], or V[first + r], to which products are added in order.  A
    z may be there twice.
    """
    biased, in_order = (not isinstance(kind, types.NoneType) for kind in (biases, first))
    add_product = _add_in_order if in_order else _add_product

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        V, ix, results, count, rows, depth, weights, across, along, biases, first, lanes, stride = arguments
        at = _Places(builder, V, ix, stride)
        for t, width in _tiles(builder, lanes, _widths(context, at.number)):
            vector = ir.VectorType(at.number, width)
            for r, height in _tiles(builder, count, ROWS):
                tile = [_plus(builder, r, q) for q in range(height)]
                sums = [_zero(builder, vector) for _ in tile]
                for q, total in zip(tile, sums, strict=True):
                    if in_order:
                        b = at.load(at.number, builder.add(first, q))
                        builder.store(_everywhere(builder, b, width), total)
                with cgutils.for_range(builder, depth) as loop:
                    y = at.load(vector, at.sample(builder.add(rows, loop.index), t))
                    column = builder.add(weights, builder.mul(loop.index, along))
                    for q, total in zip(tile, sums, strict=True):
                        w = at.load(at.number, builder.add(column, builder.mul(q, across)))
                        add_product(builder, total, _everywhere(builder, w, width), y)
                for q, total in zip(tile, sums, strict=True):
                    place = at.sample(builder.add(results, q), t)
                    if in_order:
                        at.store(builder.load(total), place)
                    elif biased:
                        b = at.load(at.number, builder.add(biases, q))
                        at.store(builder.fadd(_everywhere(builder, b, width), builder.load(total)), place)
                    else:
                        at.add(builder.load(total), place)
        return context.get_dummy_value()

    return types.void(V, ix, *[types.int64] * 7, biases, first, types.int64, types.int64), code


@intrinsic
def _sums_transposed(
    context: Any,
    V: Any,
    ix: Any,
    left: Any,
    outputs: Any,
    right: Any,
    inputs: Any,
    end: Any,
    weights: Any,
    lanes: Any,
    stride: Any,
) -> Any:
    """Sums over samples, for the inputs before ``end``, a multiple of 8: w_ji += Σ_t e_j·y_i.

    The slots of the e_j are from ix[left] on, those of the y_i from ix[right] on; w_ji is V[weights + j·inputs + i].
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        V, ix, left, outputs, right, inputs, end, weights, lanes, stride = arguments
        at = _Places(builder, V, ix, stride)
        widths = _widths(context, at.number)
        panel = cgutils.alloca_once(builder, at.number, size=PANEL * widths[0])
        panel.align = 64
        inside = _Places(builder, panel, ix, stride)
        group = ir.VectorType(at.number, GROUP)
        zero = lanes.type(0)
        with cgutils.for_range_slice(builder, zero, lanes, lanes.type(PANEL)) as (t, _):
            left_over = builder.sub(lanes, t)
            full = builder.icmp_signed(">", left_over, left_over.type(PANEL))
            samples = builder.select(full, left_over.type(PANEL), left_over)
            for i, width in _tiles(builder, end, widths):
                vector = ir.VectorType(at.number, width)
                with cgutils.for_range_slice(builder, zero, samples, zero.type(GROUP)) as (u, _):
                    for p in range(0, width, GROUP):
                        entries = [builder.add(right, _plus(builder, i, p + q)) for q in range(GROUP)]
                        square = [at.load(group, at.sample(entry, builder.add(t, u))) for entry in entries]
                        for q, column in enumerate(_transposed(builder, square)):
                            place = builder.mul(_plus(builder, u, q), u.type(width))
                            inside.store(column, _plus(builder, place, p))
                for j, height in _tiles(builder, outputs, ROWS):
                    tile = [_plus(builder, j, q) for q in range(height)]
                    sums = [_zero(builder, vector) for _ in tile]
                    with cgutils.for_range(builder, samples) as loop:
                        y = inside.load(vector, builder.mul(loop.index, loop.index.type(width)))
                        sample = builder.add(t, loop.index)
                        for q, total in zip(tile, sums, strict=True):
                            e = at.load(at.number, at.sample(builder.add(left, q), sample))
                            _add_product(builder, total, _everywhere(builder, e, width), y)
                    for q, total in zip(tile, sums, strict=True):
                        row = builder.add(weights, builder.mul(q, inputs))
                        at.add(builder.load(total), builder.add(row, i))
        return context.get_dummy_value()

    return types.void(V, ix, *[types.int64] * 8), code


@intrinsic
def _sums(
    context: Any,
    V: Any,
    ix: Any,
    left: Any,
    outputs: Any,
    right: Any,
    inputs: Any,
    begin: Any,
    weights: Any,
    biases: Any,
    lanes: Any,
    stride: Any,
) -> Any:
    """The same for the inputs from ``begin`` on, and b_j += Σ_t e_j; b_j is V[biases + j]."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        V, ix, left, outputs, right, inputs, begin, weights, biases, lanes, stride = arguments
        at = _Places(builder, V, ix, stride)
        group = ir.VectorType(at.number, GROUP)
        steps = lanes.type(0), lanes, lanes.type(GROUP)
        for j, height in _tiles(builder, outputs, ROWS):
            es = [builder.add(left, _plus(builder, j, q)) for q in range(height)]
            totals = [_zero(builder, group) for _ in es]
            with cgutils.for_range_slice(builder, *steps) as (t, _):
                for e, total in zip(es, totals, strict=True):
                    builder.store(builder.fadd(builder.load(total), at.load(group, at.sample(e, t))), total)
            at.add(_added_up(builder, [builder.load(total) for total in totals]), builder.add(biases, j))
            for i, width in _tiles(builder, inputs, ROWS, begin):
                ys = [builder.add(right, _plus(builder, i, p)) for p in range(width)]
                totals = [_zero(builder, group) for _ in range(height * width)]
                with cgutils.for_range_slice(builder, *steps) as (t, _):
                    across = [at.load(group, at.sample(y, t)) for y in ys]
                    down = [at.load(group, at.sample(e, t)) for e in es]
                    for n, total in enumerate(totals):
                        _add_product(builder, total, down[n // width], across[n % width])
                for n in range(0, height * width, GROUP):
                    sums = _added_up(builder, [builder.load(total) for total in totals[n : n + GROUP]])
                    for p in range(0, sums.type.count, width):
                        row = builder.mul(_plus(builder, j, (n + p) // width), inputs)
                        part = _pick(builder, sums, sums, range(p, p + width))
                        at.add(part, builder.add(weights, builder.add(row, i)))
        return context.get_dummy_value()

    return types.void(V, ix, *[types.int64] * 9), code


# ---------------------------------------------------------------------------------------------------------------------
# What they are made of.
# ---------------------------------------------------------------------------------------------------------------------


class _Places:
    """The numbers of a buffer; a vector may begin at any of them."""

    def __init__(self, builder: Any, V: Any, ix: Any, stride: Any) -> None:
        self.builder, self.V, self.ix, self.stride = builder, V, ix, stride
        self.number = V.type.pointee
        self.align = 8 if isinstance(self.number, ir.DoubleType) else 4

    def sample(self, entry: Any, t: Any) -> Any:
        """Where sample t is in the row whose slot is ix[entry]."""
        slot = self.builder.zext(self.builder.load(self.builder.gep(self.ix, [entry])), t.type)
        return self.builder.add(self.builder.mul(slot, self.stride), t)

    def load(self, kind: Any, place: Any) -> Any:
        """A number, or a vector of those that follow."""
        pointer = self.builder.bitcast(self.builder.gep(self.V, [place]), kind.as_pointer())
        return self.builder.load(pointer, align=self.align)

    def store(self, x: Any, place: Any) -> None:
        """Write a vector."""
        pointer = self.builder.bitcast(self.builder.gep(self.V, [place]), x.type.as_pointer())
        self.builder.store(x, pointer, align=self.align)

    def add(self, x: Any, place: Any) -> None:
        """Add a vector to what is there."""
        self.store(self.builder.fadd(self.load(x.type, place), x), place)


def _widths(context: Any, number: Any) -> tuple[int, ...]:
    """How many numbers in a row of a tile: four registers of 512 bits, or else two of 256; fewer for what is left."""
    registers = 4 if "+avx512f" in context.codegen().magic_tuple()[2] else 1
    largest = registers * (8 if isinstance(number, ir.DoubleType) else 16)
    return tuple(width for width in (64, 32, 16, 8) if width <= largest)


def _tiles(builder: Any, end: Any, sizes: tuple[int, ...], begin: Any = None) -> Iterator[tuple[Any, int]]:
    """A loop for each size, powers of 2 from the largest: where a tile begins, and its size."""
    start = end.type(0) if begin is None else begin
    for size in sizes:
        stop = builder.add(start, builder.and_(builder.sub(end, start), end.type(-size)))
        with cgutils.for_range_slice(builder, start, stop, end.type(size)) as (first, _):
            yield first, size
        start = stop


def _zero(builder: Any, vector: Any) -> Any:
    """Where a sum is, 0 to begin with; LLVM makes it a register."""
    place = cgutils.alloca_once(builder, vector)
    builder.store(vector(None), place)
    return place


def _add_product(builder: Any, total: Any, x: Any, y: Any) -> None:
    fused = ("contract",)
    product = builder.fmul(x, y, flags=fused)
    builder.store(builder.fadd(builder.load(total), product, flags=fused), total)


def _add_in_order(builder: Any, total: Any, x: Any, y: Any) -> None:
    builder.store(builder.fadd(builder.load(total), builder.fmul(x, y)), total)


def _plus(builder: Any, place: Any, n: int) -> Any:
    return builder.add(place, place.type(n))


def _everywhere(builder: Any, x: Any, width: int) -> Any:
    """A vector of the same number."""
    one = builder.insert_element(ir.VectorType(x.type, width)(ir.Undefined), x, ir.IntType(32)(0))
    return _pick(builder, one, one, [0] * width)


def _pick(builder: Any, x: Any, y: Any, which: Iterable[int]) -> Any:
    """A vector of elements of two, those of the second counted on."""
    numbers = [*which]
    return builder.shuffle_vector(x, y, ir.VectorType(ir.IntType(32), len(numbers))(numbers))


def _transposed(builder: Any, square: list[Any]) -> list[Any]:
    """Columns for rows: the squares off the diagonal change places, then within each of the four the same."""
    size = half = len(square)
    rows = [*square]
    while half > 1:
        half //= 2
        for q in range(size):
            if not q & half:
                a, b = rows[q], rows[q + half]
                rows[q] = _pick(builder, a, b, [p + (size - half if p & half else 0) for p in range(size)])
                rows[q + half] = _pick(builder, a, b, [p + (size if p & half else half) for p in range(size)])
    return rows


def _added_up(builder: Any, vectors: list[Any]) -> Any:
    """A vector of the sums over each of 1, 2, 4 or 8 vectors of 8.

    A step adds halves to halves.  The sums of a pair share a vector while there are enough of them, the first where
    bit ``half`` of the position is 0.
    """
    half = GROUP
    while half > 1:
        half //= 2
        size, n = vectors[0].type.count, len(vectors) // 2
        if n >= half:
            pairs = [*zip(vectors[:n], vectors[n:], strict=True)]
            kept = [p + (size if p & half else 0) for p in range(size)]
            moved = [(p ^ half) + (size if p & half else 0) for p in range(size)]
        else:
            pairs = [(a, a) for a in vectors]
            kept, moved = [*range(half)], [*range(half, size)]
        vectors = [builder.fadd(_pick(builder, a, b, kept), _pick(builder, a, b, moved)) for a, b in pairs]
    return vectors[0]
