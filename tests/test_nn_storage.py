"""Networks on disk: what is written is read by others, what others write is read, and what is damaged is refused."""

import json
import math
import os
import pickle
import random
import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
import nn
from autodiff.files import replacing, write_whole
from nn.__main__ import main
from nn.checkpoint import Checkpoint
from nn.naive_cost import Costs

BOTH = pytest.mark.parametrize("ending", ["safetensors", "json"])

MODELS = {
    "MLP": lambda: nn.MLP(2, [3, 1], "tanh", "sigmoid", seed=1),
    "one neuron wide": lambda: nn.MLP(1, [1, 1], "elu", seed=2),
    "no biases": lambda: nn.MLP(3, [2, 2], "gelu", bias=False, seed=3),
    "Sequential": lambda: nn.Sequential(nn.Layer(2, 3, "silu", seed=4), nn.Dropout(0.25), nn.Layer(3, 1, "relu")),
    "nested": lambda: nn.Sequential(nn.Sequential(nn.Layer(1, 2, seed=5)), nn.MLP(2, [1], seed=6)),
    "Layer": lambda: nn.Layer(2, 2, "softplus", seed=7),
    "Neuron": lambda: nn.Neuron(3, "leaky_relu", seed=8),
    "Dropout": lambda: nn.Dropout(0.5),
    "function with a name": lambda: nn.MLP(2, [1], output_activation=ad.tanh, seed=9),
}


def bits(state):
    """The state with every number spelled to its last bit, the sign of zero included."""
    if isinstance(state, dict):
        return {name: bits(numbers) for name, numbers in state.items()}
    return [bits(x) for x in state] if isinstance(state, list) else struct.pack("<d", state)


def assembled(header, buffer=b""):
    """A file as the specification describes it."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + buffer


# ---------------------------------------------------------------------------------------------------------------------
# There and back.
# ---------------------------------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_there_and_back(make, ending, tmp_path):
    model, path = make(), tmp_path / f"model.{ending}"
    rng = random.Random(0)
    for p in model.parameters():
        p.data = rng.choice([5e-324, -0.0, 1.7976931348623157e308, 0.1, rng.uniform(-1, 1)])
    nn.save(model, path)
    again = nn.load(path)
    assert type(again) is type(model)
    assert bits(again.state_dict()) == bits(model.state_dict())
    assert again.config() == model.config() is not None
    other = make()
    assert nn.load(str(path), other) is other
    assert bits(other.state_dict()) == bits(model.state_dict())


def test_nan_and_infinity_need_safetensors(tmp_path):
    model = nn.Neuron(3)
    for p, number in zip(model.parameters(), [math.nan, math.inf, -math.inf, 0.0], strict=True):
        p.data = number
    nn.save(model, tmp_path / "model.safetensors")
    nn.load(tmp_path / "model.safetensors", other := nn.Neuron(3))
    assert bits(other.state_dict()) == bits(model.state_dict())
    with pytest.raises(nn.ArgumentError, match="JSON has no such number"):
        nn.save(model, tmp_path / "model.json")
    assert [*tmp_path.iterdir()] == [tmp_path / "model.safetensors"]


@BOTH
def test_metadata(ending, tmp_path):
    path = tmp_path / f"model.{ending}"
    nn.save(nn.Neuron(1, seed=0), path, metadata := {"data set": "moons", "größe": '日本\n"quoted"', "": ""})
    state, found = nn.read_state(path)
    assert found == metadata
    assert state == nn.Neuron(1, seed=0).state_dict()


@BOTH
def test_the_same_network_is_the_same_bytes(ending, tmp_path):
    path, metadata, files = tmp_path / f"model.{ending}", {f"key {n}": str(n) for n in range(9)}, set()
    for _ in range(5):
        nn.save(nn.MLP(2, [3, 1], seed=0), path, metadata)
        files.add(path.read_bytes())
    assert len(files) == 1


@BOTH
def test_a_network_of_your_own_is_loaded_into_one(ending, tmp_path):
    class Net(nn.Module):
        def __init__(self):
            self.left, self.theta = nn.MLP(2, [1]), ad.Value(3.0)

    path = tmp_path / f"net.{ending}"
    nn.save(net := Net(), path)
    with pytest.raises(nn.FileFormatError, match=r"does not say how the network is built; .*nn\.load\(path, model\)"):
        nn.load(path)
    assert nn.load(path, Net()).state_dict() == net.state_dict()
    with pytest.raises(nn.StateError, match=r"net\..*lacks weight, bias, and has .*left\.layers\.0\.weight"):
        nn.load(path, nn.Neuron(1))


@BOTH
def test_an_activation_of_your_own_needs_a_name(ending, tmp_path, monkeypatch):
    def bent(s):
        return s + ad.sin(s)

    path = tmp_path / f"bent.{ending}"
    nn.save(nn.MLP(1, [2, 1], bent), path)
    with pytest.raises(nn.FileFormatError, match="does not say how the network is built"):
        nn.load(path)
    monkeypatch.setitem(nn.ACTIVATIONS, "bent", bent)
    nn.save(model := nn.MLP(1, [2, 1], bent), path)
    again = nn.load(path)
    assert repr(again) == "MLP(1, [2, 1], 'bent', 'identity')"
    assert again([0.5]).data == model([0.5]).data


@BOTH
def test_sharing_is_not_lost(ending, tmp_path):
    """Built from its file a network would have each of its layers for itself."""

    def twice():
        return nn.Sequential(layer := nn.Layer(2, 2), layer)

    path = tmp_path / f"twice.{ending}"
    nn.save(model := twice(), path)
    with pytest.raises(nn.FileFormatError, match="does not say how the network is built"):
        nn.load(path)
    again = nn.load(path, twice())
    assert again.state_dict() == model.state_dict()
    assert len(again.parameters()) == 6


def test_ragged_state_needs_json(tmp_path):
    class Triangle(nn.Module):
        def state_values(self):
            return {"rows": [[ad.Value(1.0)], [ad.Value(2.0), ad.Value(3.0)]]}

    nn.save(Triangle(), tmp_path / "triangle.json")
    assert nn.read_state(tmp_path / "triangle.json")[0] == {"rows": [[1.0], [2.0, 3.0]]}
    with pytest.raises(nn.ArgumentError, match="rows has rows of different lengths"):
        nn.save(Triangle(), tmp_path / "triangle.safetensors")


def test_a_subclass_is_not_taken_for_its_base(tmp_path):
    class Doubled(nn.MLP):
        def __call__(self, inputs):
            return [2 * y for y in super().__call__(inputs)]

    nn.save(Doubled(1, [1]), tmp_path / "model.json")
    with pytest.raises(nn.FileFormatError, match="does not say how"):
        nn.load(tmp_path / "model.json")


@BOTH
def test_a_file_is_replaced_whole_or_not_at_all(ending, tmp_path, monkeypatch):
    path = tmp_path / f"model.{ending}"
    nn.save(nn.Neuron(1, seed=1), path)
    nn.save(nn.Neuron(1, seed=2), path)
    before = path.read_bytes()
    assert nn.load(path).state_dict() == nn.Neuron(1, seed=2).state_dict()

    def full(draft, path):
        Path(draft).write_bytes(Path(draft).read_bytes()[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        nn.save(nn.Neuron(1, seed=3), path)
    assert path.read_bytes() == before
    assert [*tmp_path.iterdir()] == [path]


# ---------------------------------------------------------------------------------------------------------------------
# The format itself, by the specification and by its own package.
# ---------------------------------------------------------------------------------------------------------------------


def test_written_as_specified(tmp_path):
    """Length, header, numbers: taken apart by hand."""
    model = nn.MLP(2, [3, 1], "tanh", seed=0)
    nn.save(model, tmp_path / "model.safetensors", {"note": "é"})
    data = (tmp_path / "model.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    assert length % 8 == 0
    header, buffer = json.loads(data[8 : 8 + length]), data[8 + length :]
    metadata = header.pop("__metadata__")
    assert metadata.pop("note") == "é"
    assert json.loads(metadata.pop("architecture")) == {
        "kind": "MLP",
        "n_inputs": 2,
        "sizes": [3, 1],
        "activation": "tanh",
        "output_activation": "identity",
        "bias": True,
    }
    assert metadata == {}
    assert {name: entry["shape"] for name, entry in header.items()} == {
        "layers.0.weight": [3, 2],
        "layers.0.bias": [3],
        "layers.1.weight": [1, 3],
        "layers.1.bias": [1],
    }
    for name, numbers in model.state_dict().items():
        start, stop = header[name]["data_offsets"]
        assert header[name]["dtype"] == "F64"
        assert buffer[start:stop] == np.array(numbers, "<f8").tobytes()


# The bit patterns are those of IEEE 754.
TYPES = {
    "F64": (struct.pack("<4d", 1.0, -2.5, 0.1, math.inf), [1.0, -2.5, 0.1, math.inf]),
    "F32": (bytes.fromhex("0000803f 000020c0 cdcccc3d 0000807f"), [1.0, -2.5, 0.10000000149011612, math.inf]),
    "F16": (bytes.fromhex("003c 00c1 662e 007c"), [1.0, -2.5, 0.0999755859375, math.inf]),
}


@pytest.mark.parametrize("shape", [[4], [2, 2], [1, 4], [4, 1], [2, 1, 2]])
@pytest.mark.parametrize("dtype", TYPES)
def test_read_as_specified(dtype, shape, tmp_path):
    buffer, numbers = TYPES[dtype]
    entry = {"dtype": dtype, "shape": shape, "data_offsets": [0, len(buffer)]}
    (tmp_path / "x.safetensors").write_bytes(assembled({"x": entry, "__metadata__": {"format": "pt"}}, buffer))
    state, metadata = nn.read_state(tmp_path / "x.safetensors")
    assert state == {"x": np.reshape(numbers, shape).tolist()}
    assert metadata == {"format": "pt"}


def test_a_single_number_and_tensors_in_any_order(tmp_path):
    header = {
        "b": {"dtype": "F64", "shape": [1], "data_offsets": [8, 16]},
        "a": {"dtype": "F64", "shape": [], "data_offsets": [0, 8]},
    }
    (tmp_path / "x.safetensors").write_bytes(assembled(header, struct.pack("<2d", 3.0, 4.0)))
    assert nn.read_state(tmp_path / "x.safetensors") == ({"a": 3.0, "b": [4.0]}, {})


def test_bf16_is_refused_with_the_remedy(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(assembled({"x": entry(dtype="BF16", data_offsets=[0, 4])}, b"\0" * 4))
    with pytest.raises(
        nn.FileFormatError, match=r"'x' has the type BF16, not F64 or F32 or F16; NumPy .*save .* as F32"
    ):
        nn.read_state(tmp_path / "x.safetensors")


@pytest.mark.parametrize("package", ["safetensors", "numpy"])
def test_missing_package(package, tmp_path, monkeypatch):
    nn.save(model := nn.Neuron(1, seed=0), path := tmp_path / "model.safetensors")
    monkeypatch.delitem(sys.modules, "safetensors.numpy")
    monkeypatch.setitem(sys.modules, package, None)
    for use in (lambda: nn.save(model, path), lambda: nn.load(path), lambda: nn.read_state(path)):
        with pytest.raises(nn.MissingExtra, match=rf"{package}: pip install 'scalar-autodiff\[train\]'"):
            use()
    nn.save(model, tmp_path / "model.json")
    assert nn.load(tmp_path / "model.json").state_dict() == model.state_dict()


def test_the_package_reads_what_is_written(tmp_path):
    path = tmp_path / "model.safetensors"
    nn.save(model := nn.MLP(3, [4, 2], "relu", seed=0), path, {"data": "iris"})
    arrays = safetensors.numpy.load_file(path)
    assert all(array.dtype == np.float64 for array in arrays.values())
    assert {name: array.tolist() for name, array in arrays.items()} == model.state_dict()
    with safetensors.safe_open(path, framework="numpy") as file:
        assert file.metadata()["data"] == "iris"
        assert json.loads(file.metadata()["architecture"])["sizes"] == [4, 2]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_what_the_package_writes_is_read(dtype, tmp_path):
    rng = np.random.default_rng(0)
    arrays = {"weight": rng.normal(size=(5, 3)).astype(dtype), "bias": rng.normal(size=5).astype(dtype)}
    safetensors.numpy.save_file(arrays, tmp_path / "layer.safetensors", metadata={"by": "numpy"})
    model = nn.load(tmp_path / "layer.safetensors", nn.Layer(3, 5, "identity"))
    assert model.state_dict() == {name: array.tolist() for name, array in arrays.items()}
    x = [0.5, -1.5, 2.0]
    expected = arrays["weight"].astype(float) @ x + arrays["bias"].astype(float)
    assert [y.data for y in model(x)] == pytest.approx(expected, rel=1e-14)
    with pytest.raises(nn.FileFormatError, match="does not say how the network is built"):
        nn.load(tmp_path / "layer.safetensors")


def test_pytorch_reads_it_and_computes_the_same(tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    torch_files = pytest.importorskip("safetensors.torch", reason="PyTorch is not installed")
    nn.save(model := nn.MLP(3, [4, 2], "tanh", seed=0), tmp_path / "model.safetensors")
    layers = [torch.nn.Linear(3, 4), torch.nn.Linear(4, 2)]
    peer = torch.nn.Module()
    peer.layers = torch.nn.ModuleList(layers)
    peer.double().load_state_dict(torch_files.load_file(tmp_path / "model.safetensors"))
    x = [0.5, -1.5, 2.0]
    expected = layers[1](torch.tanh(layers[0](torch.tensor(x, dtype=torch.float64))))
    assert [y.data for y in model(x)] == pytest.approx(expected.tolist(), rel=1e-13)
    torch_files.save_file(peer.half().state_dict(), tmp_path / "peer.safetensors")
    nn.load(tmp_path / "peer.safetensors", model)
    assert model.state_dict() == {name: tensor.tolist() for name, tensor in peer.state_dict().items()}


def test_jax_reads_it(tmp_path):
    pytest.importorskip("jax", reason="JAX is not installed")
    jax_files = pytest.importorskip("safetensors.flax", reason="JAX is not installed")
    nn.save(model := nn.Layer(2, 2, seed=0), tmp_path / "model.safetensors")
    arrays = jax_files.load_file(tmp_path / "model.safetensors")
    assert (
        arrays["weight"].tolist() == np.float32(model.state_dict()["weight"]).tolist()
    )  # single unless told otherwise


# ---------------------------------------------------------------------------------------------------------------------
# Damaged and hostile files.
# ---------------------------------------------------------------------------------------------------------------------

REFUSED = (nn.FileFormatError, nn.StateError)


def written(model, ending, folder):
    nn.save(model, folder / f"good.{ending}", {"data": "moons"})
    return (folder / f"good.{ending}").read_bytes()


@BOTH
def test_every_cut_is_noticed(ending, tmp_path):
    good, path = written(nn.MLP(2, [2, 1], seed=0), ending, tmp_path), tmp_path / f"cut.{ending}"
    for length in range(len(good)):
        path.write_bytes(good[:length])
        with pytest.raises(nn.FileFormatError, match=f"cut.{ending}: "):
            nn.load(path)


@BOTH
def test_bytes_too_many_are_noticed(ending, tmp_path):
    good, path = written(nn.MLP(2, [2, 1], seed=0), ending, tmp_path), tmp_path / f"long.{ending}"
    for extra in (b"\0", b"x", b"\0" * 8, good):
        path.write_bytes(good + extra)
        with pytest.raises(nn.FileFormatError, match=f"long.{ending}: "):
            nn.load(path)


def entry(**changes):
    return {"dtype": "F64", "shape": [2], "data_offsets": [0, 16]} | changes


def two(first, second):
    return {"a": entry(data_offsets=first), "b": entry(data_offsets=second)}


HOSTILE = {
    "empty": b"",
    "short": b"\0" * 7,
    "no header": b"\0" * 8,
    "endless header": b"\xff" * 8 + b"{}",
    "header beyond the limit": (100_000_001).to_bytes(8, "little") + b"{}",
    "header longer than the file": (1000).to_bytes(8, "little") + b"{}",
    "a pickle": pickle.dumps({"weight": [1.0, 2.0]}),
    "a zip": b"PK\x03\x04" + b"\0" * 100,
    "text": b"not a model at all, just some words",
    "no JSON": assembled(b"{" * 16),
    "a list": assembled(b"[]"),
    "no UTF-8": assembled(b'{"\xff": 1}'),
    "nested a million deep": assembled(b'{"a":' * 1_000_000),
    "lists a million deep": assembled(b'{"a":' + b"[" * 1_000_000),
    "a name twice": assembled(b'{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},' * 2 + b'"b":1}', b"\0" * 8),
    "a key twice": assembled(b'{"a":{"dtype":"F64","dtype":"F32","shape":[2],"data_offsets":[0,16]}}', b"\0" * 16),
    "NaN in the header": assembled(b'{"a":{"dtype":"F64","shape":[NaN],"data_offsets":[0,16]}}', b"\0" * 16),
    "an endless integer": assembled(b'{"a":{"dtype":"F64","shape":[' + b"9" * 5000 + b'],"data_offsets":[0,16]}}'),
    "metadata a list": assembled({"__metadata__": []}),
    "metadata with numbers": assembled({"__metadata__": {"a": 1}}),
    "entry a number": assembled({"a": 1}),
    "entry a list": assembled({"a": ["F64", [3], [0, 16]]}, b"\0" * 16),
    "entry null": assembled({"a": None}),
    "entry without type": assembled({"a": {"shape": [2], "data_offsets": [0, 16]}}, b"\0" * 16),
    "type a number": assembled({"a": entry(dtype=64)}, b"\0" * 16),
    "type a list": assembled({"a": entry(dtype=["F64"])}, b"\0" * 16),
    "type of integers": assembled({"a": entry(dtype="I64")}, b"\0" * 16),
    "type unknown": assembled({"a": entry(dtype="F65")}, b"\0" * 16),
    "shape a number": assembled({"a": entry(shape=2)}, b"\0" * 16),
    "shape of text": assembled({"a": entry(shape="2")}, b"\0" * 16),
    "shape of fractions": assembled({"a": entry(shape=[2.0])}, b"\0" * 16),
    "shape of truths": assembled({"a": entry(shape=[True, 2])}, b"\0" * 16),
    "shape negative": assembled({"a": entry(shape=[-2])}, b"\0" * 16),
    "shapes twice negative": assembled({"a": entry(shape=[-2, -1])}, b"\0" * 16),
    "shape empty": assembled({"a": entry(shape=[0], data_offsets=[0, 0])}),
    "shape vast and empty": assembled({"a": entry(shape=[10**15, 0], data_offsets=[0, 0])}),
    "shape too large": assembled({"a": entry(shape=[3])}, b"\0" * 16),
    "shape overflows 64 bits": assembled({"a": entry(shape=[2**32, 2**32 + 1])}, b"\0" * 16),
    "one offset": assembled({"a": entry(data_offsets=[16])}, b"\0" * 16),
    "three offsets": assembled({"a": entry(data_offsets=[0, 16, 16])}, b"\0" * 16),
    "offsets reversed": assembled({"a": entry(data_offsets=[16, 0])}, b"\0" * 16),
    "offsets negative": assembled({"a": entry(data_offsets=[-16, 0])}, b"\0" * 16),
    "offsets beyond the file": assembled({"a": entry(data_offsets=[0, 16])}, b"\0" * 8),
    "offsets far beyond": assembled({"a": entry(shape=[2**60], data_offsets=[0, 2**63])}, b"\0" * 16),
    "offsets overlap": assembled(two([0, 16], [8, 24]), b"\0" * 24),
    "offsets coincide": assembled(two([0, 16], [0, 16]), b"\0" * 16),
    "hole at the start": assembled({"a": entry(data_offsets=[8, 24])}, b"\0" * 24),
    "hole between": assembled(two([0, 16], [24, 40]), b"\0" * 40),
    "hole at the end": assembled({"a": entry()}, b"\0" * 24),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_safetensors(data, tmp_path):
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(data)
    for reader in (nn.read_state, nn.load, lambda path: nn.load(path, nn.Neuron(2))):
        with pytest.raises(nn.FileFormatError, match=r"hostile\.safetensors: "):
            reader(path)


def mlp(**changes):
    arguments = {"n_inputs": 1, "sizes": [1], "activation": "relu", "output_activation": "identity", "bias": True}
    return {"kind": "MLP"} | arguments | changes


# The file holds one weight and one bias, so that MLP(1, [1]) is right.
HOSTILE_ARCHITECTURES = {
    "too many parameters": mlp(sizes=[2, 1]),
    "more than any memory": mlp(n_inputs=10**9, sizes=[10**9, 10**9]),
    "size text": mlp(sizes="1"),
    "size a number": mlp(sizes=1),
    "no sizes": mlp(sizes=[]),
    "size zero": mlp(sizes=[0]),
    "size negative": mlp(n_inputs=-3, sizes=[-1]),
    "size a fraction": mlp(sizes=[1.0]),
    "size text times a number": mlp(n_inputs="x" * 1000),
    "unknown activation": mlp(output_activation="eval"),
    "activation a list": mlp(activation=["relu"]),
    "more arguments": mlp(seed=1),
    "an rng": mlp(rng=5),
    "an initialiser": mlp(init="he"),
    "unknown kind": mlp(kind="Module"),
    "kind a list": mlp(kind=["MLP"]),
    "no kind": {"n_inputs": 1},
    "a list": [mlp()],
    "a number": 3,
    "text": "MLP(1, [1])",
    "a label": {"kind": "Neuron", "n_inputs": 1, "activation": "tanh", "bias": True, "layer": "<script>"},
    "layers missing": {"kind": "Sequential"},
    "a layer missing": {"kind": "Sequential", "layers": [None]},
    "probability too large": {"kind": "Sequential", "layers": [mlp(), {"kind": "Dropout", "p": 1.5}]},
    "probability text": {"kind": "Sequential", "layers": [mlp(), {"kind": "Dropout", "p": "0.5"}]},
}


@BOTH
@pytest.mark.parametrize("architecture", HOSTILE_ARCHITECTURES.values(), ids=HOSTILE_ARCHITECTURES)
def test_hostile_architecture(architecture, ending, tmp_path):
    weights = nn.MLP(1, [1], seed=0)
    path = tmp_path / f"hostile.{ending}"

    def write(architecture):
        if ending == "json":
            contents = json.loads(written(weights, "json", tmp_path))
            path.write_text(json.dumps(contents | {"architecture": architecture}))
        else:
            tensors = {
                "layers.0.weight": {"dtype": "F64", "shape": [1, 1], "data_offsets": [0, 8]},
                "layers.0.bias": {"dtype": "F64", "shape": [1], "data_offsets": [8, 16]},
            }
            text = {"architecture": json.dumps(architecture)}
            numbers = struct.pack("<2d", weights.parameters()[0].data, 0.0)
            path.write_bytes(assembled({"__metadata__": text, **tensors}, numbers))

    write(mlp())
    assert nn.load(path).state_dict() == weights.state_dict()
    write(architecture)
    with pytest.raises(REFUSED, match=r"hostile\."):
        nn.load(path)
    assert nn.load(path, nn.MLP(1, [1])).state_dict() == weights.state_dict()  # the weights are whole


def contents(**changes):
    return {"format": "scalar-autodiff nn 1", "state": {"weight": [1.0], "bias": 2.0}, "metadata": {}} | changes


NEURON = {"kind": "Neuron", "n_inputs": 1, "activation": "tanh", "bias": True}
HOSTILE_JSON = {
    "empty": b"",
    "text": b"weights",
    "a list": b"[1, 2]",
    "a number": b"3",
    "another format": json.dumps(contents(format="keras")).encode(),
    "no state": json.dumps({"format": "scalar-autodiff nn 1"}).encode(),
    "state a list": json.dumps(contents(state=[1.0])).encode(),
    "metadata with numbers": json.dumps(contents(metadata={"a": 1})).encode(),
    "metadata a list": json.dumps(contents(metadata=["a"])).encode(),
    "NaN": json.dumps(contents(state={"weight": [math.nan], "bias": 0.0})).encode(),
    "infinity": json.dumps(contents(state={"weight": [math.inf], "bias": 0.0})).encode(),
    "a name twice": b'{"format": "scalar-autodiff nn 1", "state": {}, "state": {}}',
    "nested a million deep": b'{"state": ' + b"[" * 1_000_000,
    "no UTF-8": b'{"\xff": 1}',
    "UTF-16": json.dumps(contents()).encode("utf-16"),
    "text for a number": json.dumps(contents(state={"weight": ["1"], "bias": 0.0}, architecture=NEURON)).encode(),
    "null for a number": json.dumps(contents(state={"weight": [None], "bias": 0.0}, architecture=NEURON)).encode(),
    "no double": json.dumps(contents(state={"weight": [10**400], "bias": 0.0}, architecture=NEURON)).encode(),
    "bias in a list": json.dumps(contents(state={"weight": [1.0], "bias": [0.0]}, architecture=NEURON)).encode(),
    "names swapped": json.dumps(contents(state={"w": [1.0], "b": 0.0}, architecture=NEURON)).encode(),
}


@pytest.mark.parametrize("data", HOSTILE_JSON.values(), ids=HOSTILE_JSON)
def test_hostile_json(data, tmp_path):
    path = tmp_path / "hostile.json"
    path.write_bytes(data)
    with pytest.raises(REFUSED, match=r"hostile\.json: "):
        nn.load(path)
    model = nn.Neuron(1, seed=0)
    with pytest.raises(REFUSED, match=r"hostile\.json: "):
        nn.load(path, model)
    assert model.state_dict() == nn.Neuron(1, seed=0).state_dict()


@pytest.mark.parametrize("depth", [1, 10, 30, 50, 100, 150, 200, 250, 300, 400, 1000])
def test_deep_nesting_is_loaded_or_refused(depth, tmp_path):
    layer = json.dumps(nn.Layer(1, 1).config())
    architecture = '{"kind": "Sequential", "layers": [' * depth + layer + "]}" * depth
    name = "layers.0." * depth
    tensors = {
        name + "weight": {"dtype": "F64", "shape": [1, 1], "data_offsets": [0, 8]},
        name + "bias": {"dtype": "F64", "shape": [1], "data_offsets": [8, 16]},
    }
    path = tmp_path / "deep.safetensors"
    path.write_bytes(assembled({"__metadata__": {"architecture": architecture}, **tensors}, b"\0" * 16))
    try:
        model = nn.load(path)
    except nn.FileFormatError:
        assert depth > 10
    else:
        assert len(model.parameters()) == 2


def test_many_dimensions_do_not_fit(tmp_path):
    path = tmp_path / "deep.safetensors"
    path.write_bytes(assembled({"weight": entry(shape=[1] * 100_000, data_offsets=[0, 8])}, b"\0" * 8))
    with pytest.raises(REFUSED):
        nn.load(path, nn.Neuron(1, bias=False))


@given(data=st.data())
def test_random_damage(data, tmp_path_factory):
    """Whatever bytes are changed, the file is refused by name or gives numbers."""
    folder = tmp_path_factory.mktemp("damage")
    bad = bytearray(written(nn.MLP(1, [2, 1], seed=0), "safetensors", folder))
    header = 8 + int.from_bytes(bad[:8], "little")
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, header - 1) | st.integers(0, len(bad) - 1))
        bad[place : place + data.draw(st.integers(0, 2))] = data.draw(
            st.binary(max_size=2) | st.sampled_from([b"0", b"9", b",", b"]", b"}", b'"', b"F32", b"-1", b"[]"])
        )
    path = folder / "bad.safetensors"
    path.write_bytes(bad)
    try:
        state, _ = nn.read_state(path)
    except nn.FileFormatError:
        pass
    else:
        assert all(np.array(numbers).dtype == np.float64 for numbers in state.values())
    try:
        model = nn.load(path)
    except REFUSED:
        pass
    else:
        assert isinstance(model, nn.Module)


@pytest.mark.parametrize("name", ["model", "model.pt", "model.SAFETENSORS", "safetensors"])
def test_unknown_ending(name, tmp_path):
    for use in (lambda path: nn.save(nn.Neuron(1), path), nn.load, nn.read_state):
        with pytest.raises(nn.ArgumentError, match=r"ends in \.safetensors or \.json, not 'model|not 'safetensors'"):
            use(tmp_path / name)


@pytest.mark.parametrize("metadata", [{"a": 1}, {1: "a"}, {"architecture": "mine"}])
def test_metadata_is_text(metadata, tmp_path):
    with pytest.raises(nn.ArgumentError, match="metadata is text by name"):
        nn.save(nn.Neuron(1), tmp_path / "model.json", metadata)


@BOTH
def test_missing_file(ending, tmp_path):
    with pytest.raises(FileNotFoundError):
        nn.load(tmp_path / f"none.{ending}")


# ---------------------------------------------------------------------------------------------------------------------
# Folders that others write to, and several writers of one file.
# ---------------------------------------------------------------------------------------------------------------------


def _draw(path):
    ad.draw(ad.Value(2.0) * 3.0).save(path)


def _cost(path):
    pytest.importorskip("matplotlib")
    costs = Costs()
    costs.parameters, costs.backpropagation_seconds, costs.numerical_seconds = [1, 2], [1.0, 2.0], [1.0, 4.0]
    costs.plot(path)


def _replaced(path):
    write_whole(path, b"{}")


WRITERS = [
    (lambda path: nn.save(nn.Neuron(1, seed=0), path), "model.safetensors"),
    (lambda path: nn.save(nn.Neuron(1, seed=0), path), "model.json"),
    (_draw, "picture.dot"),
    (_cost, "costs.png"),
    (_replaced, "history.json"),
]
WRITTEN = pytest.mark.parametrize(("write", "name"), WRITERS, ids=[name for _, name in WRITERS])


@WRITTEN
def test_no_link_is_followed(write, name, tmp_path):
    """Neither at the name itself nor at one under which the file might stand until it is complete."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = tmp_path / "shared"
    folder.mkdir()
    for planted in (name, f".{name}.{os.getpid()}.part", f".{name}.part", f"{name}.tmp"):
        (folder / planted).symlink_to(victim)
    write(folder / name)
    assert victim.read_text() == "precious"
    assert not (folder / name).is_symlink()
    assert (folder / f".{name}.{os.getpid()}.part").is_symlink()  # of someone else, and left alone


@WRITTEN
def test_a_folder_that_is_not_there_is_named(write, name, tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        write(tmp_path / "none" / name)
    assert str(caught.value) == f"[Errno 2] there is no such folder: {str(tmp_path / 'none')!r}"


@WRITTEN
def test_what_is_in_the_way_is_named(write, name, tmp_path):
    (tmp_path / name).mkdir()
    with pytest.raises(OSError, match=f"{name}'$"):
        write(tmp_path / name)
    assert [*tmp_path.iterdir()] == [tmp_path / name]


def test_permissions_are_those_of_the_user_and_of_the_file_before(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "new", b"1")
        assert (tmp_path / "new").stat().st_mode & 0o777 == 0o640
        (tmp_path / "new").chmod(0o600)
        write_whole(tmp_path / "new", b"2")
        assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


@BOTH
def test_the_last_of_several_writers_wins(ending, tmp_path):
    path = tmp_path / f"model.{ending}"
    models = [nn.Neuron(1, seed=seed) for seed in range(8)]

    def work(model):
        for _ in range(30):
            nn.save(model, path)
            assert nn.load(path).state_dict() in states

    states = [model.state_dict() for model in models]
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, model) for model in models]:
            done.result()
    assert [*tmp_path.iterdir()] == [path]


def test_an_error_of_another_file_is_left_as_it_is(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No such file.*elsewhere"), replacing(tmp_path / "file"):
        (tmp_path / "elsewhere").read_bytes()
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("command", [["evaluate", "none.safetensors", "iris"], ["evaluate", "none.json", "iris"]])
def test_evaluate_says_what_is_missing(command, run_command):
    code, out, err = run_command(main, *command)
    assert (code, out) == (2, "")
    assert err.rstrip("\n").endswith(f"cannot read {command[1]}: No such file or directory")
    assert err.count("\n") == 1


BAD_PATHS = {
    "None": (None, nn.ArgumentError, "the path of a file is a text or a Path, not None"),
    "a number": (3, nn.ArgumentError, "not 3"),
    "a list": (["model.json"], nn.ArgumentError, "a text or a Path"),
    "nothing": ("", nn.ArgumentError, "a text or a Path"),
    "a zero byte": ("a\0.json", nn.ArgumentError, "a text or a Path"),
    "no ending": ("a", nn.ArgumentError, r"ends in \.safetensors or \.json"),
    "here": (".", nn.ArgumentError, "ends in"),
    "a folder that is not there": ("none/model.json", nn.MissingPath, "[nN]o such"),
    "a folder": ("folder.json", nn.PathError, "it is a folder; give the name of a file in it"),
    "a folder for tensors": ("folder.safetensors", nn.PathError, "it is a folder"),
}


@pytest.mark.parametrize(("path", "error", "message"), BAD_PATHS.values(), ids=BAD_PATHS)
@pytest.mark.parametrize("use", ["save", "load", "read_state"])
def test_bad_paths_are_named(use, path, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for ending in ("json", "safetensors"):
        (tmp_path / f"folder.{ending}").mkdir()
    with pytest.raises(error, match=message) as caught:
        nn.save(nn.Neuron(1), path) if use == "save" else getattr(nn.storage, use)(path)
    assert isinstance(caught.value, ad.AutodiffError)


@pytest.mark.parametrize("path", [None, 3, "", "none/run.json", "."])
def test_bad_paths_of_a_checkpoint_are_named(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(nn.ArgumentError, match=r"^checkpoint: "):
        Checkpoint(path)


def test_a_file_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    nn.save(nn.Neuron(1), tmp_path / "model.json")

    def refused(*_, **__):
        raise PermissionError(13, "Permission denied", str(tmp_path / "model.json"))

    monkeypatch.setattr("pathlib.Path.read_text", refused)
    monkeypatch.setattr("pathlib.Path.read_bytes", refused)
    with pytest.raises(nn.PathError, match=r"Permission denied: .*model\.json"):
        nn.load(tmp_path / "model.json")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda path: nn.save("a", path), "save takes a Module"),
        (lambda path: nn.save(None, path), "save takes a Module"),
        (lambda path: nn.save(path, nn.Neuron(1)), "save takes a Module"),
        (lambda path: nn.save(nn.MLP, path), "save takes a Module"),
        (lambda path: nn.load(path, "mlp"), "load takes a Module"),
        (lambda path: nn.load(path, nn.MLP), "load takes a Module"),
        (lambda path: nn.save(nn.Neuron(1), path, 3), "metadata is text by name, a dict, not 3"),
        (lambda path: nn.save(nn.Neuron(1), path, ["a"]), "metadata is text by name, a dict"),
        (lambda path: nn.save(nn.Neuron(1), path, "text"), "metadata is text by name, a dict"),
    ],
)
def test_what_is_no_network_or_no_metadata_is_named(call, message, tmp_path):
    nn.save(nn.Neuron(1), tmp_path / "model.json")
    with pytest.raises(nn.ArgumentError, match=message):
        call(str(tmp_path / "model.json"))
