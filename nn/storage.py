"""Networks on disk, as safetensors or JSON: ``save`` and ``load``.

Neither format can hold a program, so that loading a stranger's file runs nothing: the result is a network or a named
error, whatever the file holds.  Both keep every number to the last bit.

The safetensors format (https://huggingface.co/docs/safetensors) is read and written by its own package, which serves
NumPy, PyTorch and JAX alike (``safetensors.torch.load_file`` and so on).  The tensors are those of
``Module.state_dict``, in double precision.  How to build the network stands in the metadata, under "architecture", in
JSON.

The JSON format is one object: "format", "architecture", "metadata", and "state" in nested lists.  It needs no package.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from autodiff.files import write_whole
from autodiff.forks import no_fork

from .arguments import at_least_one, file_at, named, network
from .errors import ArgumentError, FileFormatError, MissingExtra, StateError
from .gpt import GPT
from .layers import MLP, Dropout, Layer, Neuron, Sequential

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
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
        MissingExtra: the package safetensors is not installed; JSON needs none.
        PathError: an OSError, where the file cannot be written; ``MissingPath``, where there is no such folder.

    >>> from tempfile import TemporaryDirectory
    >>> model = MLP(2, [3, 1], "tanh", seed=0)
    >>> with TemporaryDirectory() as folder:
    ...     save(model, f"{folder}/model.safetensors", {"data": "moons"})
    ...     same = load(f"{folder}/model.safetensors")
    >>> same, same.state_dict() == model.state_dict()
    (MLP(2, [3, 1], 'tanh', 'identity'), True)
    """
    network(model, "save")
    if not isinstance(metadata, Mapping | None):
        raise ArgumentError(f"metadata is text by name, a dict, not {metadata!r:.60}")
    extra = dict(metadata or {})
    if "architecture" in extra or not all(isinstance(text, str) for pair in extra.items() for text in pair):
        raise ArgumentError(f"metadata is text by name, and 'architecture' is taken: {extra!r}")
    path = file_at(path, "save")
    write, _ = _format(path)
    state = model.state_dict()
    shared = len(model.parameters()) < sum(map(_count, state.values()))
    data = write(state, None if shared else model.config(), extra)  # built anew, a shared parameter would be several
    with named(path):
        write_whole(path, data)


def load(path: AnyPath, model: Module | None = None) -> Module:
    """The network that ``save`` wrote to a file, built anew, or ``model`` with the parameters of the file.

    Args:
        path: a file ``….safetensors`` or ``….json``.
        model: where to load the parameters to.  Without it, the file must say how the network is built; it does so
            for a GPT, and for a Neuron, Layer, MLP, Dropout or Sequential of those whose activations have names in
            ``ACTIVATIONS`` and which share no parameters.

    Raises:
        FileFormatError: the file is damaged or of another format, or does not say how to build the network.
        StateError: its parameters do not fit the network, which is then as it was before.
        ArgumentError: the ending of the name is another.
        MissingExtra: the package safetensors is not installed.
        PathError: an OSError, where the file cannot be read; ``MissingPath``, where there is none.
    """
    if model is not None:
        network(model, "load")
    state, architecture, _ = _contents(file_at(path, "load"))
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

    Tensors of safetensors may have the types F64, F32 and F16, and become nested lists of floats.  BF16 is refused,
    since NumPy has no such type; ``tensor.float()`` in PyTorch converts it without loss.

    Raises:
        FileFormatError: the file is damaged or of another format.
        ArgumentError: the ending of the name is another.
        MissingExtra: the package safetensors is not installed.
        PathError: an OSError, where the file cannot be read; ``MissingPath``, where there is none.
    """
    state, _, metadata = _contents(file_at(path, "read_state"))
    return state, metadata


def _contents(path: Path) -> Contents:
    _, parse = _format(path)
    try:
        with named(path):
            return parse(path)
    except FileFormatError as error:
        raise FileFormatError(f"{path}: {error}") from None


def _format(path: Path) -> tuple[Callable[[dict[str, Any], Any, dict[str, str]], bytes], Callable[[Path], Contents]]:
    """How to write and how to parse a file of that name."""
    if path.suffix not in _FORMATS:
        raise ArgumentError(f"the name of a file of weights ends in {' or '.join(_FORMATS)}, not {path.name!r}")
    return _FORMATS[path.suffix]


# ---------------------------------------------------------------------------------------------------------------------
# How to build the network.
# ---------------------------------------------------------------------------------------------------------------------

_KINDS: dict[str, type[Module]] = {kind.__name__: kind for kind in (Neuron, Layer, MLP, Dropout, Sequential, GPT)}


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
    if kind == "GPT":
        names = ("vocabulary", "width", "layers", "context")
        vocabulary, width, layers, context = (at_least_one(architecture[name], name) for name in names)
        return (2 * vocabulary + context) * width + layers * 12 * width * width
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

_TYPES = ("F64", "F32", "F16")


def _package() -> Any:
    try:
        with no_fork:
            import safetensors.numpy
    except ImportError as error:
        raise MissingExtra("a file .safetensors", (error.name or "safetensors").partition(".")[0]) from None
    return safetensors


def _safetensors_bytes(state: dict[str, Any], architecture: Any, metadata: dict[str, str]) -> bytes:
    package = _package()
    import numpy as np

    if architecture is not None:
        metadata = {"architecture": json.dumps(architecture), **metadata}
    arrays = {}
    for name, numbers in state.items():
        try:
            arrays[name] = np.array(numbers, dtype=np.float64)
        except ValueError:
            raise ArgumentError(f"{name} has rows of different lengths, which only JSON can hold") from None
    return _in_order(package.numpy.save(arrays, metadata))


def _in_order(data: bytes) -> bytes:
    """The file with its metadata sorted, so that the same network is the same bytes.

    The package writes them in another order every time (https://github.com/safetensors/safetensors/issues/584); once
    it does not, this function can go.
    """
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    header["__metadata__"] = dict(sorted(header.get("__metadata__", {}).items()))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that the numbers are aligned
    return len(text).to_bytes(8, "little") + text + data[end:]


def _parse_safetensors(path: Path) -> Contents:
    package = _package()
    path.open("rb").close()  # Python's errors say what is wrong, and with which file
    try:
        with package.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            state = {name: _tensor(file, name) for name in file.keys()}  # noqa: SIM118 (it is no dict)
    except FileFormatError:
        raise
    except (package.SafetensorError, ValueError) as error:  # a ValueError: NumPy has no so many dimensions
        raise FileFormatError(f"it is cut off, damaged or no safetensors file: {error}") from None
    return state, _parsed_or_none(metadata.pop("architecture", None)), metadata


def _tensor(file: Any, name: str) -> Any:
    """The numbers in nested lists."""
    part = file.get_slice(name)
    dtype, shape = part.get_dtype(), part.get_shape()
    if dtype not in _TYPES:
        remedy = "; NumPy has no such type: save the tensor as F32, which holds the same numbers" * (dtype == "BF16")
        raise FileFormatError(f"tensor {name!r} has the type {dtype}, not {' or '.join(_TYPES)}{remedy}")
    if 0 in shape:  # of 10**15 rows of no numbers the lists alone would fill the memory
        raise FileFormatError(f"tensor {name!r} is empty")
    return file.get_tensor(name).tolist()


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


def _parse_json(path: Path) -> Contents:
    contents = _json(path.read_bytes())
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
