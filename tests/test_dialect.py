"""What ``dialect`` translates against numba, which compiles the same functions, and against Python, which runs them."""

import ctypes
import linecache
import random

import numpy as np
import pytest

numba = pytest.importorskip("numba")

import autodiff as ad  # noqa: E402
from autodiff.compiler import assembler, cache, kernels, loops, nary  # noqa: E402
from autodiff.compiler.assembler import ArrayFunction, assembled_kernel  # noqa: E402
from autodiff.compiler.dialect import Unsupported  # noqa: E402
from autodiff.compiler.machine import MACHINE  # noqa: E402
from autodiff.compiler.memory import FIRST  # noqa: E402
from autodiff.ops import OPS, NaryOp  # noqa: E402

LANES, SLOTS = 16, 12


def called(address, V, ix, count, arity):
    run = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 7)(address)
    run(V.ctypes.data, ix.ctypes.data, count, arity, LANES, LANES, LANES)
    return V


def rows(precision):
    """Numbers of all sizes in every slot, and what is not finite."""
    rng = np.random.default_rng(0)
    V = np.exp(rng.uniform(-8, 8, (FIRST["lanes"] + SLOTS, LANES))) * rng.choice([-1, 1], LANES)
    V[-1, :4] = [0.0, np.inf, -np.inf, np.nan]
    V[0] = 0.0
    return V.astype(precision)


# Polynomials and bits, tables, branches and the C library, a choice of operands, single precision.
@pytest.mark.parametrize(
    ("name", "precision"),
    [("tanh", "float64"), ("sin", "float64"), ("pow", "float64"), ("select", "float64"), ("sum", "float32")],
)
def test_every_bit_is_that_of_numba(name, precision):
    n_ary = isinstance(OPS[name], NaryOp)
    arity = 5 if n_ary else len(OPS[name].partials)
    function = getattr(nary, name) if n_ary else kernels._generated("value", name, "lanes", MACHINE[name])
    address, _ = assembled_kernel(function, precision)
    of_numba = numba.cfunc(
        numba.void(
            numba.types.CPointer(getattr(numba, precision)), numba.types.CPointer(numba.uint32), *[numba.int64] * 5
        ),
        error_model="numpy",
    )(function)
    first = FIRST["lanes"]
    ix = np.array([first, *[first + SLOTS - 1 - i for i in range(arity)]], np.uint32)
    here = called(address, rows(precision), ix, 1, arity)[first]
    there = called(of_numba.address, rows(precision), ix, 1, arity)[first]
    np.testing.assert_array_equal(here, there)


def test_nearly_everything_is_translated():
    """What is left to numba: a remainder of floats, and powers of a whole number."""
    left = []
    for name, op in OPS.items():
        if not isinstance(op, NaryOp) and not kernels.is_own(name):
            try:
                assembled_kernel(kernels._generated("value", name, "scalars", MACHINE[name]), "float64")
            except Unsupported:
                left.append(name)
    assert set(left) == {"mod", "floor_divide", "polygamma", "sinc_n"}


def graph(seed):
    """A loop over samples, a chain, and what else there is."""
    rng = random.Random(seed)
    w = [ad.Value(rng.uniform(-1, 1)) for _ in range(24)]
    losses = []
    for _ in range(40):
        x = [rng.uniform(-1, 1) for _ in range(5)]
        hidden = [ad.tanh(sum((a * b for a, b in zip(w[k : k + 5], x, strict=True)), w[k + 5])) for k in (0, 6, 12)]
        losses.append((hidden[0] * w[18] + hidden[1] * hidden[2] - rng.uniform(-1, 1)) ** 2)
    return ad.sum(losses) * 0.1 + ad.logsumexp(w), w


def test_the_loops_over_a_graph_are_those_of_python(monkeypatch):
    seen = set()
    run = ArrayFunction.__call__

    def compared(self, *arguments):
        copies = [x.copy() if isinstance(x, np.ndarray) else x for x in arguments]
        found, expected = run(self, *arguments), self.function(*copies)
        for here, there in zip(_several(found), _several(expected), strict=True):
            np.testing.assert_array_equal(here, there)
            assert np.asarray(here).dtype == np.asarray(there).dtype
        for here, there in zip(arguments, copies, strict=True):
            np.testing.assert_array_equal(here, there)  # what it writes to
        seen.add(self.function.__name__)
        return found

    monkeypatch.setattr(ArrayFunction, "__call__", compared)
    monkeypatch.setattr(loops, "_SMALL", 0)
    for seed in range(3):
        output, w = graph(seed)
        value, gradient = ad.compile(output, [], w).value_and_grad()
        output.backward()
        assert value == pytest.approx(output.data, rel=1e-14)
        assert gradient.tolist() == pytest.approx([p.grad for p in w], rel=1e-12)
    assert len(seen) >= 18


def _several(found):
    return found if isinstance(found, tuple) else (found,)


def test_code_from_the_disk_is_not_made_again(monkeypatch, tmp_path):
    tmp_path.chmod(0o700)
    monkeypatch.setattr(cache, "folder", lambda: tmp_path)
    function = kernels._generated("value", "tanh", "scalars", MACHINE["tanh"])
    assert [assembled_kernel(function, "float64")[1] for _ in range(2)] == [False, True]
    monkeypatch.setattr(assembler, "_ourselves", lambda: ["another translator"])
    assert assembled_kernel(function, "float64")[1] is False


def generated(text):
    """The function ``f`` of a text, where its source is found as that of a kernel is."""
    file, names = f"<{hash(text)}>", {}
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec"), names)
    return names["f"]


COUNTED = generated("""
def f(first, last, by):
    total = number = 0
    for i in range(first, last, by):
        total, number = total + i, number + 1
    for i in range(first, last, -by):
        total, number = total - 3 * i, number + 100
    return total, number
""")


@pytest.mark.parametrize("by", [1, 3, -1, -4])
@pytest.mark.parametrize(("first", "last"), [(0, 10), (10, 0), (-5, 7), (4, 4)])
def test_a_range_goes_where_a_step_that_is_computed_leads(first, last, by):
    assert ArrayFunction(COUNTED)(first, last, by) == COUNTED(first, last, by)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("    try:\n        return 1\n    except IndexError:\n        return 0", "Try"),
        ("    return x[-1]", "an index from the end"),
        ("    x = x[-2:]\n    return 1", "an index from the end"),
        ("    x = x[::2]\n    return 1", "a slice with steps"),
        ("    raise ValueError", "Raise"),
        ("    return sum(x)", "a call of"),
    ],
)
def test_the_rest_of_python_is_refused(body, what):
    with pytest.raises(Unsupported, match=what):
        ArrayFunction(generated(f"def f(x):\n{body}\n"))(np.zeros(3, np.int64))


@pytest.mark.parametrize("made", ["np.empty(n)", "np.zeros((n, 2))", "np.full(n, 1, np.int64)"])
def test_an_array_for_which_there_is_no_room_is_an_error(made):
    text = f"import numpy as np\ndef f(x, n):\n    first = x.copy()\n    first[0] = 1\n    return first, {made}\n"
    function = ArrayFunction(generated(text))
    first, _ = function(np.zeros(3, np.int64), 2)
    assert first.tolist() == [1, 0, 0]
    with pytest.raises(MemoryError, match="no room for the arrays of f"):
        function(np.zeros(3, np.int64), 1 << 55)


def test_an_array_that_nobody_frees_is_refused():
    text = "import numpy as np\ndef f(V, ix, count, arity, lanes, real, stride):\n    x = np.empty(arity)\n"
    with pytest.raises(Unsupported, match="nobody frees"):
        assembled_kernel(generated(text), "float64")


@pytest.mark.parametrize("by", [-8, 8, 16, 1000])
def test_arrays_that_are_kept_in_another_way_are_refused_before_they_are_read(by, monkeypatch):
    assembler._check_header.__wrapped__()
    monkeypatch.setattr(assembler, "_HEADER", assembler._HEADER + by)
    with pytest.raises(ad.CompileError, match="another way"):
        assembler._check_header.__wrapped__()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("if x[0] & 1 and x[1]:", [0, 0, 0, 1]),
        ("if x[0] or not x[1]:", [1, 0, 1, 1]),
        ("if not (x[0] and x[1] > 1):", [1, 1, 1, 1]),
    ],
)
def test_a_condition_may_be_of_numbers(body, expected):
    function = generated(f"def f(x):\n    {body}\n        return 1\n    return 0\n")
    compiled = ArrayFunction(function)
    pairs = [np.array(pair) for pair in [(0, 0), (0, 1), (1, 0), (1, 1)]]
    assert [compiled(x) for x in pairs] == [function(x) for x in pairs] == expected


def test_names_that_are_given_once_and_those_that_are_not():
    function = generated("""
def f(x, n):
    total = 0
    last = -1
    for i in range(n):
        step = x[i]
        if step > 2:
            kept = step * 2
        else:
            kept = 1
            inner = step + kept
            total += inner
        last = kept
        late = step
    return total, last, kept, late, i
""")
    x = np.array([1, 5, 2, 3])
    for n in range(1, 5):
        assert ArrayFunction(function)(x, n) == function(x, n)
