"""Scalar reverse-mode automatic differentiation that you can read, see, trust and run fast.

What each module lists in its ``__all__`` and is meant for users stands here under ``autodiff.name``.  Checks, pictures,
explanations and compiled programs are loaded when first used: most of them need more than the standard library, and
none is needed by all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import errors, functions, transforms
from .errors import *
from .functions import *
from .functions import abs as abs
from .functions import max as max
from .functions import min as min
from .functions import pow as pow
from .functions import round as round
from .functions import sum as sum
from .grouping import group
from .native import engine as engine
from .operation import operation
from .ops import OPS
from .pausing import is_grad_enabled, no_grad
from .transforms import *
from .value import Value, topological_order
from .version import __version__ as __version__

if TYPE_CHECKING:
    from typing import Any

    from .compiler import Program as Program
    from .compiler import compile as compile
    from .diagnose import Finding, check_graph, find_nonfinite
    from .drawing import Drawing, OptionError, draw
    from .explorer import Explorer, explore
    from .expression import Expression, ExpressionError, parse_expression
    from .numeric import check_grads, numerical_grad
    from .paths import Explanation, explain
    from .paths import Path as Path
    from .trace import Step, Steps, steps

_LATER = {  # in which module each is; `compile` and `Path` are not in __all__: a star import would hide Python's own
    "Drawing": "drawing",
    "Explanation": "paths",
    "Explorer": "explorer",
    "Expression": "expression",
    "ExpressionError": "expression",
    "Finding": "diagnose",
    "OptionError": "drawing",
    "Path": "paths",
    "Program": "compiler",
    "Step": "trace",
    "Steps": "trace",
    "check_grads": "numeric",
    "check_graph": "diagnose",
    "compile": "compiler",
    "draw": "drawing",
    "explain": "paths",
    "explore": "explorer",
    "find_nonfinite": "diagnose",
    "numerical_grad": "numeric",
    "parse_expression": "expression",
    "steps": "trace",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _LATER.values():
        return import_module(f"{__name__}.{name}")
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})


__all__ = ["OPS", "Value", "group", "is_grad_enabled", "no_grad", "operation", "topological_order"]
__all__ += ["Drawing", "Explanation", "Explorer", "Expression", "ExpressionError", "OptionError", "Step", "Steps"]
__all__ += ["draw", "explain", "explore", "parse_expression", "steps"]
__all__ += ["Finding", "check_grads", "check_graph", "find_nonfinite", "numerical_grad"]
__all__ += errors.__all__
__all__ += functions.__all__
__all__ += transforms.__all__
