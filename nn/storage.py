"""Networks on disk, as safetensors or JSON: ``save`` and ``load``.

Neither format can hold a program, so that loading a stranger's file runs nothing: the result is a network or a named
error, whatever the file holds.  Both keep every number to the last bit.

The safetensors format (https://huggingface.co/docs/safetensors) is so small that it is read and written here without
its package: 8 bytes with the length of the header, the header in JSON, then the numbers of all tensors, row by row,
little-endian.  What ``save`` writes is read by NumPy, PyTorch and JAX (``safetensors.numpy.load_file`` and the like),
and what they write of floating-point tensors, ``read_state`` reads.  The tensors are those of ``Module.state_dict``, in
double precision.  How to build the network stands in the header's ``__metadata__``, under "architecture", in JSON.

The JSON format is one object: "format", "architecture", "metadata", and "state" in nested lists.
"""

from __future__ import annotations

import json
import os
import struct
from itertools import pairwise
from math import prod
from pathlib import Path

from .errors import ArgumentError, FileFormatError, StateError
from .layers import MLP, Dropout, Layer, Neuron, Sequential, at_least_one

TYPE_CHECKING = False  # as in autodiff: `typing` takes longer to import than this module
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeAlias

    from .module import Module

    AnyPath: TypeAlias = str | os.PathLike[str]
    Contents: TypeAlias = tuple[dict[str, Any], Any, dict[str, str]]  # state, architecture, metadata

__all__ = ["load", "read_state", "save"]


def save(model: Module, path: AnyPath, metadata: Mapping[str, str] | None = None) -> None:
    """Write the parameters of ``model`` and how to build it to a file ``….safetensors`` or ``….json``.

    A file of that name is replaced as a whole or not at all.

    Args:
        model: any Module.
        path: where to; the ending says in which format.
        metadata: what else to keep, as text by name: the data set, say, or the scale of the inputs.

    Raises:
        ArgumentError: the ending is another; metadata is not text; or a parameter is NaN or infinite, which
            safetensors can hold and JSON cannot.
        OSError: the file cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> model = MLP(2, [3, 1], "tanh", seed=0)
    >>> with TemporaryDirectory() as folder:
    ...     save(model, f"{folder}/model.safetensors", {"data": "moons"})
    ...     same = load(f"{folder}/model.safetensors")
    >>> same, same.state_dict() == model.state_dict()
    (MLP(2, [3, 1], 'tanh', 'identity'), True)
    """
    extra = dict(metadata or {})
    if "architecture" in extra or not all(isinstance(text, str) for pair in extra.items() for text in pair):
        raise ArgumentError(f"metadata is text by name, and 'architecture' is taken: {extra!r}")
    path = Path(path)
    write, _ = _format(path)
    state = model.state_dict()
    shared = len(model.parameters()) < sum(map(_count, state.values()))
    data = write(state, None if shared else model.config(), extra)  # built anew, a shared parameter would be several
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def load(path: AnyPath, model: Module | None = None) -> Module:
    """The network that ``save`` wrote to a file, built anew, or ``model`` with the parameters of the file.

    Args:
        path: a file ``….safetensors`` or ``….json``.
        model: where to load the parameters to.  Without it, the file must say how the network is built; it does so
            for a Neuron, Layer, MLP, Dropout or Sequential of those whose activations have names in ``ACTIVATIONS``
            and which share no parameters.

    Raises:
        FileFormatError: the file is damaged or of another format, or does not say how to build the network.
        StateError: its parameters do not fit the network, which is then as it was before.
        ArgumentError: the ending of the name is another.
        OSError: the file cannot be read.
    """
    state, architecture, _ = _contents(Path(path))
    try:
        if model is None:
            model = _build(architecture, state)
        model.load_state_dict(state)
    except (FileFormatError, StateError) as error:
        raise type(error)(f"{path}: {error}") from None
    except RecursionError:
        raise FileFormatError(f"{path}: it is nested too deep") from None
    return model


def read_state(path: AnyPath) -> tuple[dict[str, Any], dict[str, str]]:
    """What a file ``….safetensors`` or ``….json`` holds: the state, for ``load_state_dict``, and the metadata.

    Tensors of safetensors may have the types F64, F32, F16 and BF16, and become nested lists of floats.

    Raises:
        FileFormatError: the file is damaged or of another format.
        ArgumentError: the ending of the name is another.
        OSError: the file cannot be read.
    """
    state, _, metadata = _contents(Path(path))
    return state, metadata


def _contents(path: Path) -> Contents:
    _, parse = _format(path)
    try:
        return parse(path.read_bytes())
    except FileFormatError as error:
        raise FileFormatError(f"{path}: {error}") from None


def _format(path: Path) -> tuple[Callable[[dict[str, Any], Any, dict[str, str]], bytes], Callable[[bytes], Contents]]:
    """How to write and how to parse a file of that name."""
    if path.suffix not in _FORMATS:
        raise ArgumentError(f"the name of a file of weights ends in {' or '.join(_FORMATS)}, not {path.name!r}")
    return _FORMATS[path.suffix]


# ---------------------------------------------------------------------------------------------------------------------
# How to build the network.
# ---------------------------------------------------------------------------------------------------------------------

_KINDS: dict[str, type[Module]] = {kind.__name__: kind for kind in (Neuron, Layer, MLP, Dropout, Sequential)}


def _build(architecture: Any, state: dict[str, Any]) -> Module:
    if architecture is None:
        raise FileFormatError("it does not say how the network is built; build it and give it: nn.load(path, model)")
    try:
        # The sizes are compared with what the file holds before anything is built: it may ask for any amount of memory.
        size, held = _size(architecture), sum(map(_count, state.values()))
        if size != held:
            raise FileFormatError(f"the architecture has {size} parameters, and the file holds {held}")
        model = _built(architecture)
    except (KeyError, TypeError, AttributeError, ArgumentError) as error:
        raise FileFormatError(f"no network can be built from its architecture: {error!r}") from None
    if model.config() != architecture:
        raise FileFormatError(f"its architecture says more than how to build {model!r}")
    return model


def _size(architecture: Any) -> int:
    """How many parameters the network has."""
    kind = architecture["kind"]
    if kind == "Dropout":
        return 0
    if kind == "Sequential":
        return sum(map(_size, architecture["layers"]))
    outputs = {"Neuron": [1], "Layer": [architecture.get("n_outputs")], "MLP": architecture.get("sizes")}[kind]
    sizes = [at_least_one(n, "a size") for n in (architecture["n_inputs"], *outputs)]
    return sum((n + bool(architecture["bias"])) * m for n, m in pairwise(sizes))


def _count(x: Any) -> int:
    return sum(map(_count, x)) if isinstance(x, list) else 1


def _built(architecture: Any) -> Module:
    arguments = {**architecture}
    kind = _KINDS[arguments.pop("kind")]
    if kind is Sequential:
        return Sequential(*map(_built, arguments["layers"]))
    return kind(**arguments)


# ---------------------------------------------------------------------------------------------------------------------
# safetensors.
# ---------------------------------------------------------------------------------------------------------------------

_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
_CODES = {"F64": "d", "F32": "f", "F16": "e"}  # those of `struct`
_LONGEST_HEADER = 100_000_000  # as in the safetensors package


def _safetensors_bytes(state: dict[str, Any], architecture: Any, metadata: dict[str, str]) -> bytes:
    if architecture is not None:
        metadata = {"architecture": json.dumps(architecture), **metadata}
    header: dict[str, Any] = {"__metadata__": metadata}
    buffer = bytearray()
    for name, numbers in state.items():
        flat, shape = _flattened(name, numbers)
        start = len(buffer)
        buffer += struct.pack(f"<{len(flat)}d", *flat)
        header[name] = {"dtype": "F64", "shape": shape, "data_offsets": [start, len(buffer)]}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that the numbers are aligned
    return len(text).to_bytes(8, "little") + text + buffer


def _flattened(name: str, numbers: Any) -> tuple[list[float], list[int]]:
    flat, shape = [numbers], []
    while isinstance(flat[0], list):
        if len({len(row) for row in flat}) > 1:
            raise ArgumentError(f"{name} has rows of different lengths, which only JSON can hold")
        shape.append(len(flat[0]))
        flat = [number for row in flat for number in row]
    return flat, shape


def _parse_safetensors(data: bytes) -> Contents:
    if len(data) < 8:
        raise FileFormatError(f"it is cut off, or no safetensors file: {len(data)} bytes do not hold a header")
    length = int.from_bytes(data[:8], "little")
    if length > _LONGEST_HEADER:
        raise FileFormatError(f"this is no safetensors file: a header of {length} bytes is not allowed")
    text, buffer = data[8 : 8 + length], data[8 + length :]
    if len(text) < length:
        raise FileFormatError(f"it is cut off, or no safetensors file: of {length} bytes of header it has {len(text)}")
    if not text.startswith(b"{"):
        raise FileFormatError("this is no safetensors file: its header is not a JSON object")
    header = _json(text)
    metadata = _texts(header.pop("__metadata__", {}))
    spans = {name: _span(name, entry) for name, entry in header.items()}
    end = 0
    for name, (start, stop, _, _) in sorted(spans.items(), key=lambda item: item[1][:2]):
        if start != end:
            raise FileFormatError(f"tensor {name!r} begins at byte {start}, not where the one before ends, {end}")
        end = stop
    if end != len(buffer):
        raise FileFormatError(f"it is cut off or too long: its tensors take {end} bytes, and it has {len(buffer)}")
    state = {name: _tensor(buffer[a:b], dtype, shape) for name, (a, b, dtype, shape) in spans.items()}
    return state, _parsed_or_none(metadata.pop("architecture", None)), metadata


def _span(name: str, entry: Any) -> tuple[int, int, str, list[int]]:
    """The first byte of a tensor, the one after its last, its type and its shape; all in order."""
    try:
        dtype, shape, (start, stop) = entry["dtype"], entry["shape"], entry["data_offsets"]
        whole = all(type(n) is int and n >= 0 for n in (*shape, start, stop))
    except (KeyError, TypeError, ValueError):
        whole = False
    if not whole or len(entry) != 3 or not isinstance(dtype, str):
        raise FileFormatError(f"tensor {name!r} is not described by a dtype, a shape and two data_offsets")
    if dtype not in _BYTES:
        raise FileFormatError(f"tensor {name!r} has the type {dtype}; parameters have one of {', '.join(_BYTES)}")
    if 0 in shape:
        raise FileFormatError(f"tensor {name!r} is empty")
    if stop - start != prod(shape) * _BYTES[dtype]:
        raise FileFormatError(f"tensor {name!r} takes {stop - start} bytes, which is not what {dtype} {shape} takes")
    return start, stop, dtype, shape


def _tensor(data: bytes, dtype: str, shape: list[int]) -> Any:
    """The numbers in nested lists."""
    n = len(data) // _BYTES[dtype]
    if dtype == "BF16":  # the upper half of an F32
        data = struct.pack(f"<{n}I", *(half << 16 for half in struct.unpack(f"<{n}H", data)))
    numbers: list[Any] = [*struct.unpack(f"<{n}{_CODES.get(dtype, 'f')}", data)]
    for size in reversed(shape):
        numbers = [numbers[i : i + size] for i in range(0, len(numbers), size)]
    return numbers[0]


# ---------------------------------------------------------------------------------------------------------------------
# JSON.
# ---------------------------------------------------------------------------------------------------------------------

_JSON_FORMAT = "scalar-autodiff nn 1"


def _json_bytes(state: dict[str, Any], architecture: Any, metadata: dict[str, str]) -> bytes:
    contents = {"format": _JSON_FORMAT, "architecture": architecture, "metadata": metadata, "state": state}
    try:
        return json.dumps(contents, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        raise ArgumentError("a parameter is NaN or infinite: JSON has no such number; save as .safetensors") from None


def _parse_json(data: bytes) -> Contents:
    contents = _json(data)
    if contents.get("format") != _JSON_FORMAT or not isinstance(contents.get("state"), dict):
        raise FileFormatError(f"it has no 'state', or its 'format' is not {_JSON_FORMAT!r}")
    return contents["state"], contents.get("architecture"), _texts(contents.get("metadata", {}))


def _json(data: bytes) -> dict[str, Any]:
    """The object of a JSON text, strictly: no name twice, no NaN, nothing after it."""
    try:
        x = json.loads(data.decode(), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"it is cut off, damaged or no JSON: {error}") from None
    if not isinstance(x, dict):
        raise FileFormatError("its JSON is not an object")
    return x


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return named


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _parsed_or_none(text: str | None) -> Any:
    """The architecture; None where there is none, or another program wrote its own under that name."""
    try:
        return None if text is None else _json(text.encode())
    except FileFormatError:
        return None


def _texts(metadata: Any) -> dict[str, str]:
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise FileFormatError("its metadata is not text by name")
    return metadata


_FORMATS = {".safetensors": (_safetensors_bytes, _parse_safetensors), ".json": (_json_bytes, _parse_json)}
