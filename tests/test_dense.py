"""The kernels of a dense layer against the definition of its sums, with NumPy, over shapes, precisions and values."""

import numpy as np
import pytest

numba = pytest.importorskip("numba")

from autodiff.compiler import dense  # noqa: E402
from autodiff.compiler.kernels import call_kernel, kernel  # noqa: E402

FIRST = 7  # slots before the first number; 0 is the row of zeros


@numba.njit
def call(address, V, ix, count, lanes, real, stride):
    call_kernel(address, V, ix, count, 0, lanes, real, stride)


class Layer:
    """A buffer with the rows of a layer, in slots drawn at random, and random numbers in every place."""

    def __init__(self, outputs, inputs, lanes, precision, seed=0, spare=0):
        self.outputs, self.inputs, self.lanes, self.precision = outputs, inputs, lanes, precision
        self.stride = lanes + spare
        rng = np.random.default_rng(seed)
        rows = 2 * (outputs + inputs)
        slots = FIRST + rng.permutation(rows + 3)[:rows]
        self.x, self.s, self.d_s, self.d_x = np.split(slots, np.cumsum([inputs, outputs, outputs]))
        self.count = (FIRST + rows + 3) * self.stride
        size = outputs * (inputs + 1)
        self.V = rng.standard_normal(self.count + 2 * size + 64).astype(precision)
        self.rows = self.V[: self.count].reshape(-1, self.stride)
        self.rows[0] = 0
        matrices = self.V[self.count :]
        self.w, self.b, self.d_w, self.d_b = np.split(
            matrices[: 2 * size], np.cumsum([outputs * inputs, outputs, outputs * inputs])
        )
        self.w, self.d_w = self.w.reshape(outputs, inputs), self.d_w.reshape(outputs, inputs)

    def run(self, name, real=None):
        """Call a kernel; the places that it changed, as flags."""
        places = [0, self.w.size, self.w.size + self.b.size, 2 * self.w.size + self.b.size]
        slots = [*self.x, *self.s, *self.d_s, *self.d_x]
        ix = np.array([self.outputs, self.inputs, *places, *slots], np.uint32)
        before = self.V.copy()
        address = kernel("dense", name, "lanes", self.precision)
        real = self.lanes if real is None else real
        call(address, self.V.ctypes.data, ix.ctypes.data, self.count, self.lanes, real, self.stride)
        return self.V.view(f"u{self.V.itemsize}") != before.view(f"u{self.V.itemsize}")

    def flags(self, *parts):
        """Which places these parts are."""
        V = np.zeros(len(self.V), bool)
        rows = V[: self.count].reshape(-1, self.stride)
        for part in parts:
            if part.ndim == 1 and part.dtype.kind == "i":
                rows[part, : self.lanes] = True
            else:
                at = (part.ctypes.data - self.V.ctypes.data) // self.V.itemsize
                V[at : at + part.size] = True
        return V


def close(found, exact, magnitude, terms):
    """Within as many roundings of the magnitude as there are terms."""
    return np.all(np.abs(found - exact) <= (terms + 2) * np.finfo(found.dtype).eps * magnitude)


SHAPES = [(o, i) for o in (1, 2, 3, 4, 5, 7, 8, 10, 16, 33) for i in (1, 2, 3, 4, 6, 9, 16, 40)]


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("lanes", [8, 16, 24, 32, 40, 64, 96, 104, 120, 128])
def test_sums_are_those_of_numpy(lanes, precision):
    for seed, (outputs, inputs) in enumerate(SHAPES):
        layer = Layer(outputs, inputs, lanes, precision, seed, spare=8 * (seed % 2))
        x, d_s, d_x = (layer.rows[k, :lanes].astype(np.longdouble) for k in (layer.x, layer.d_s, layer.d_x))
        w, b, d_w, d_b = (part.astype(np.longdouble) for part in (layer.w, layer.b, layer.d_w, layer.d_b))

        changed = layer.run("forward")
        assert not (changed & ~layer.flags(layer.s)).any()
        found = layer.rows[layer.s, :lanes]
        assert close(found, b[:, None] + w @ x, abs(b[:, None]) + abs(w) @ abs(x), inputs)

        changed = layer.run("backward_inputs")
        assert not (changed & ~layer.flags(layer.d_x)).any()
        found = layer.rows[layer.d_x, :lanes]
        assert close(found, d_x + w.T @ d_s, abs(d_x) + abs(w.T) @ abs(d_s), outputs)

        changed = layer.run("backward_weights")
        assert not (changed & ~layer.flags(layer.d_w, layer.d_b)).any()
        assert close(layer.d_w, d_w + d_s @ x.T, abs(d_w) + abs(d_s) @ abs(x.T), lanes)
        assert close(layer.d_b, d_b + d_s.sum(axis=1), abs(d_b) + abs(d_s).sum(axis=1), lanes)


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize(("lanes", "real"), [(8, 1), (8, 7), (32, 20), (40, 31), (64, 40), (128, 97), (128, 3)])
def test_weights_count_real_samples_alone(lanes, real, precision):
    for outputs, inputs in ((1, 1), (3, 5), (4, 4), (10, 32)):
        layer = Layer(outputs, inputs, lanes, precision, real)
        x, d_s = (layer.rows[k, :real].astype(np.longdouble) for k in (layer.x, layer.d_s))
        d_w, d_b = layer.d_w.astype(np.longdouble), layer.d_b.astype(np.longdouble)
        layer.rows[layer.x, real:lanes], layer.rows[layer.d_s, real:lanes] = np.inf, np.nan
        changed = layer.run("backward_weights", real)
        assert not (changed & ~layer.flags(layer.d_w, layer.d_b, layer.x, layer.d_s)).any()
        assert np.array_equal(layer.rows[layer.x, :real], x)
        assert np.array_equal(layer.rows[layer.d_s, :real], d_s)
        assert not layer.rows[[*layer.x, *layer.d_s], real : -(-real // 8) * 8].any()  # whole vectors
        assert close(layer.d_w, d_w + d_s @ x.T, abs(d_w) + abs(d_s) @ abs(x.T), real)
        assert close(layer.d_b, d_b + d_s.sum(axis=1), abs(d_b) + abs(d_s).sum(axis=1), real)


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("lanes", [8, 40, 128])
def test_nan_and_infinity_go_where_they_belong(lanes, special, precision):
    for seed, (outputs, inputs) in enumerate([(1, 2), (3, 3), (5, 6), (16, 9)]):
        layer = Layer(outputs, inputs, lanes, precision, seed)
        i, j, t, zero = inputs // 2, outputs // 2, lanes - 3, lanes - 1
        layer.rows[layer.x[i], t] = special
        layer.rows[layer.d_s[j], t] = special
        layer.rows[layer.x, zero] = layer.rows[layer.d_s, zero] = 0
        layer.w[j, 0] = np.inf
        with np.errstate(invalid="ignore"):
            x, d_s, d_x = (layer.rows[k, :lanes].copy() for k in (layer.x, layer.d_s, layer.d_x))
            products = {
                "s": layer.b[:, None] + (layer.w[:, :, None] * x[None]).sum(axis=1),
                "d_x": d_x + (layer.w[:, :, None] * d_s[:, None]).sum(axis=0),
                "d_w": layer.d_w + (d_s[:, None] * x[None]).sum(axis=2),
                "d_b": layer.d_b + d_s.sum(axis=1),
            }
        for name in dense.__all__:
            layer.run(name)
        found = {
            "s": layer.rows[layer.s, :lanes], "d_x": layer.rows[layer.d_x, :lanes], "d_w": layer.d_w, "d_b": layer.d_b
        }  # fmt: skip
        for name, expected in products.items():
            for kind in (np.isnan, np.isposinf, np.isneginf):
                assert np.array_equal(kind(found[name]), kind(expected)), name


def test_an_input_taken_twice_gets_both_gradients():
    layer = Layer(3, 6, 40, "float64")
    layer.d_x[1] = layer.d_x[4] = layer.d_x[0]
    before, d_s = layer.rows[layer.d_x[0]].copy(), layer.rows[layer.d_s]
    layer.run("backward_inputs")
    expected = before + layer.w[:, [0, 1, 4]].sum(axis=1) @ d_s
    assert np.allclose(layer.rows[layer.d_x[0]], expected, rtol=1e-13, atol=1e-13)


def test_the_same_numbers_give_the_same_bits():
    once, again = Layer(16, 9, 104, "float64"), Layer(16, 9, 104, "float64")
    for name in dense.__all__:
        once.run(name)
        again.run(name)
    assert once.V.tobytes() == again.V.tobytes()


def test_a_sample_gets_the_same_bits_in_any_lane():
    """The tile that it falls into has no say in what is computed for it."""
    layer = Layer(7, 9, 120, "float64")
    layer.rows[layer.x] = layer.rows[layer.x, :1]
    layer.rows[layer.d_s] = layer.rows[layer.d_s, :1]
    layer.rows[layer.d_x] = 0
    for name in ("forward", "backward_inputs"):
        layer.run(name)
    for slots in (layer.s, layer.d_x):
        assert (layer.rows[slots] == layer.rows[slots, :1]).all()
