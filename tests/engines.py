"""Both nodes in one process: the package as it is, and once more under another name, with the node in Python."""

from __future__ import annotations

import importlib.util
import io
import os
import pickle
import struct
import sys
from pathlib import Path

PURE = "autodiff_in_python"


def in_python():
    """The package with the node in Python."""
    if PURE not in sys.modules:
        folder = Path(__file__).parent.parent / "autodiff"
        spec = importlib.util.spec_from_file_location(
            PURE, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        before = os.environ.get("AUTODIFF_PURE")
        os.environ["AUTODIFF_PURE"] = "1"
        try:
            sys.modules[PURE] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(sys.modules[PURE])
        finally:
            del os.environ["AUTODIFF_PURE"]
            if before is not None:
                os.environ["AUTODIFF_PURE"] = before
    return sys.modules[PURE]


def bits(x):
    """A float to the last bit, and to the sign of a zero; one nan is like another."""
    return "nan" if x != x else struct.pack("d", x)


def recorded(ad, *outputs):
    """All that is known of graphs: of every node, in order of creation, what it holds and what it was made of."""
    nodes = ad.sweep.recorded_order(*outputs)
    numbers = {id(node): i for i, node in enumerate(nodes)}
    return [numbers[id(output)] for output in outputs], [
        (
            *(type(node).__name__, bits(node.data), bits(node.grad), node.label, node.op and node.op.name),
            [bits(x) if isinstance(x, float) else numbers[id(x)] for x in node.operands],
            [numbers[id(x)] for x in node.parents],
            [*map(bits, node.local_derivatives)],
        )
        for node in nodes
    ]


def outcome(function, *arguments):
    """What a call gives, or its error word for word."""
    try:
        return function(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}".replace(PURE, "autodiff")


class _Elsewhere(pickle.Unpickler):
    def __init__(self, data, package):
        super().__init__(io.BytesIO(data))
        self.package = package

    def find_class(self, module, name):
        root, *rest = module.split(".")
        return super().find_class(".".join([self.package, *rest]) if root in (PURE, "autodiff") else module, name)


def carried(node, ad):
    """A graph pickled where it is and read by the package ``ad``."""
    return _Elsewhere(pickle.dumps(node), ad.__name__).load()
