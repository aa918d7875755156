"""Scalar reverse-mode automatic differentiation that you can read, see, trust and run fast.

What each module lists in its ``__all__`` and is meant for users stands here under ``autodiff.name``.  Pictures,
explanations and compiled programs are loaded when first used: most of them need more than the standard library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import diagnose, errors, functions, numeric, transforms
from .diagnose import *
from .errors import *
from .functions import *
from .functions import abs as abs
from .functions import max as max
from .functions import min as min
from .functions import pow as pow
from .functions import round as round
from .functions import sum as sum
from .numeric import *
from .operation import operation
from .ops import OPS
from .transforms import *
from .value import Value, no_grad, topological_order

if TYPE_CHECKING:
    from typing import Any

    from .compiler import Program as Program
    from .compiler import compile as compile
    from .drawing import Drawing, OptionError, draw
    from .expression import Expression, ExpressionError, parse_expression
    from .paths import Explanation, explain
    from .paths import Path as Path
    from .trace import Step, Steps, steps

_LATER = {  # in which module each is; `compile` and `Path` are not in __all__: a star import would hide Python's own
    "Drawing": "drawing",
    "Explanation": "paths",
    "Expression": "expression",
    "ExpressionError": "expression",
    "OptionError": "drawing",
    "Path": "paths",
    "Program": "compiler",
    "Step": "trace",
    "Steps": "trace",
    "compile": "compiler",
    "draw": "drawing",
    "explain": "paths",
    "parse_expression": "expression",
    "steps": "trace",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})


__all__ = ["OPS", "Value", "no_grad", "operation", "topological_order"]
__all__ += ["Drawing", "Explanation", "Expression", "ExpressionError", "OptionError", "Step", "Steps"]
__all__ += ["draw", "explain", "parse_expression", "steps"]
__all__ += diagnose.__all__
__all__ += errors.__all__
__all__ += functions.__all__
__all__ += numeric.__all__
__all__ += transforms.__all__
