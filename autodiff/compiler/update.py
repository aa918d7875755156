"""The formula of an optimiser as machine code, from the text of its own methods.

An optimiser says in ``slope(self, i, w)`` what the step of parameter number i takes for the slope, from ``w.data``,
``w.grad``, its settings and what it remembers.  numba compiles that text as it stands, on other things of these names:
``self`` and ``w`` are tuples of numbers and arrays, and a method that is called becomes a function.

======================== =============================
``self.other(i, w)``     becomes ``other(self, i, w)``
``super().slope(i, w)``  becomes ``Base_slope(self, i, w)``
======================== =============================
"""

from __future__ import annotations

import ast
import inspect
import math
import sys
from collections import namedtuple
from dataclasses import dataclass
from functools import cache
from textwrap import dedent
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numba import njit, types

from ..errors import CompileError
from .cache import cfunc
from .fingerprint import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ..value import Value

__all__ = ["LR", "STEPS", "Optimizer", "Update"]

LR, STEPS = 0, 1
"""Where among the settings the learning rate stands, and the number of the step."""


class Optimizer(Protocol):
    """What ``train`` asks of an optimiser: those of ``nn`` are such, and so is one of your own.

    Attributes:
        parameters: the Values that it changes.
        lr: the learning rate.
        steps: how many steps there have been.

    Its other attributes are settings, numbers or tuples of them, and lists with a number for each parameter.
    """

    parameters: list[Value]
    lr: float
    steps: int

    def slope(self, i: int, w: Value) -> float:
        """What is taken for the slope."""

    def step(self) -> None:
        """Change every parameter: w_new = w_old − lr·slope."""


@dataclass(frozen=True)
class Update:
    """An optimiser at work on arrays.

    Attributes:
        optimizer: whose formula it is.
        address: of the machine code ``(numbers, gradient, settings, state, count)``, which changes the first and
            ``state`` in place; the first four are addresses.
        settings: the learning rate, the number of the step, and the other settings.
        state: what it remembers, a row for each list.
    """

    optimizer: Any
    address: int
    settings: NDArray[np.float64]
    state: NDArray[np.float64]

    @classmethod
    def of(cls, optimizer: Any) -> Update:
        """That of an optimiser, as it stands now.

        Raises:
            CompileError: its formula is more than numba can compile, or a step of it more than its formula.
        """
        kind: Any = type(optimizer)
        lists, settings = _parts(optimizer)
        shape = tuple((name, len(x) if isinstance(x, tuple) else 0) for name, x in settings.items())
        numbers = [number for x in settings.values() for number in (x if isinstance(x, tuple) else (x,))]
        state = [list(x) for x in lists.values()] or np.zeros((0, len(optimizer.parameters)))
        return cls(
            optimizer,
            _address(kind, shape, tuple(lists)),
            np.array(numbers, np.float64),
            np.array(state, np.float64),
        )

    def write(self) -> None:
        """Give the optimiser what it is to remember."""
        for name, row in zip(_parts(self.optimizer)[0], self.state.tolist(), strict=True):
            setattr(self.optimizer, name, row)
        self.optimizer.steps = int(self.settings[STEPS])


def _parts(optimizer: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What it remembers of each parameter, and its settings; the learning rate and the number of the step first."""
    given = {name: x for name, x in vars(optimizer).items() if name not in ("parameters", "lr", "steps")}
    lists = {name: x for name, x in given.items() if isinstance(x, (list, np.ndarray))}
    settings = {"lr": optimizer.lr, "steps": optimizer.steps}
    settings |= {name: x for name, x in given.items() if name not in lists}
    count = len(optimizer.parameters)
    for name, x in [*lists.items(), *settings.items()]:
        wanted = x if name in lists or isinstance(x, tuple) else (x,)
        if (name in lists and len(x) != count) or not all(isinstance(number, (int, float)) for number in wanted):
            raise CompileError(
                f"the attribute {name} of {type(optimizer).__name__} is neither a number, nor a tuple of numbers, nor "
                "a list with a number for each parameter, which is all that the machine knows"
            )
    return lists, settings


@cache
def _address(kind: type, settings: tuple[tuple[str, int], ...], lists: tuple[str, ...]) -> int:
    """The machine code of an optimiser of this kind, whose settings and lists have these names."""
    slope = next((c for c in kind.__mro__ if "slope" in vars(c)), object)
    step = next((c for c in kind.__mro__ if "step" in vars(c)), object)
    if slope is object or not _is_base(step, kind):
        raise CompileError(
            f"{kind.__name__} does more in a step than w − lr·slope(i, w), and the machine does that alone"
        )
    names: dict[str, Any] = {
        "Self": namedtuple("Self", [*[name for name, _ in settings], *lists]),
        "Parameter": namedtuple("Parameter", ["data", "grad"]),
        "slope": _Lifting(kind).function(slope, "slope"),
    }
    text = "\n".join(_text(settings, lists))
    title = f"update_{kind.__name__}_{fingerprint(names['slope'], text)}"
    module = ModuleType(f"{__package__}._{title}")
    sys.modules[module.__name__] = module  # where numba looks for it when it has its machine code from the disk
    exec(text.replace("def update", f"def {title}"), vars(module))
    vars(module).update(names)
    try:
        made = cfunc(getattr(module, title), types.void(*[types.int64] * 5), error_model="numpy")
    except Exception as error:  # NumbaError, and whatever its passes stumble over
        raise CompileError(f"numba cannot compile the formula of {kind.__name__}: {error}") from error
    _KEPT.append(made)
    return int(made.address)


_KEPT: list[Any] = []
"""The compiled functions, whose code lives only as long as they do."""


def _is_base(step: type, kind: type) -> bool:
    """Whether the step of an optimiser is that of the base class, which has the first ``slope`` of all."""
    return step is [c for c in kind.__mro__ if "slope" in vars(c)][-1]


def _text(settings: tuple[tuple[str, int], ...], lists: tuple[str, ...]) -> Iterator[str]:
    """The loop over all parameters, line by line."""
    yield "from numba import carray, float64"
    yield "from autodiff.compiler.memory import BUFFER, pointer"
    yield "def update(numbers_, gradient_, settings_, state_, count):"
    for name in ("numbers", "gradient", "settings", "state"):
        yield f"    {name} = carray(pointer({name}_), (BUFFER,), float64)"
    place, fields = 0, []
    for _, length in settings:
        items = [f"settings[{place + i}]" for i in range(length or 1)]
        fields.append(f"({', '.join(items)},)" if length else items[0])
        place += len(items)
    fields += [f"state[{i} * count : {i + 1} * count]" for i in range(len(lists))]
    yield f"    self = Self({', '.join(fields)})"
    yield "    for i in range(count):"
    yield "        w = Parameter(numbers[i], gradient[i])"
    yield "        numbers[i] = w.data - self.lr * slope(self, i, w)"


class _Lifting:
    """The methods of a class as functions that numba compiles."""

    def __init__(self, kind: type) -> None:
        self.kind = kind
        self.made: dict[tuple[type, str], Any] = {}

    def function(self, owner: type, name: str) -> Any:
        """The method of this name that stands in ``owner``."""
        if (owner, name) in self.made:
            return self.made[owner, name]
        method = vars(owner)[name]
        try:
            tree = ast.parse(dedent(inspect.getsource(method)))
        except (OSError, TypeError) as error:
            raise CompileError(f"there is no source of {self.kind.__name__}.{name} to compile: {error}") from error
        known = inspect.getclosurevars(method)
        for title, x in [*known.globals.items(), *known.nonlocals.items()]:
            if x is not math and getattr(x, "__module__", "") != "math" and title != "__class__":
                raise CompileError(f"{self.kind.__name__}.{name} reads {title}, and the machine knows math alone")
        calls = _Calls(owner, self.kind)
        tree = ast.fix_missing_locations(calls.visit(tree))
        names = {**known.globals, **known.nonlocals, "__name__": __name__}
        names |= {title: self.function(*found) for title, found in calls.found.items()}
        exec(compile(tree, f"<{owner.__name__}.{name}, lifted>", "exec"), names)
        self.made[owner, name] = njit(error_model="numpy")(names[name])
        return self.made[owner, name]


class _Calls(ast.NodeTransformer):
    """Calls of methods become calls of functions."""

    def __init__(self, owner: type, kind: type) -> None:
        self.owner, self.kind = owner, kind
        self.found: dict[str, tuple[type, str]] = {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Without annotations."""
        self.generic_visit(node)
        node.returns, node.decorator_list = None, []
        for argument in node.args.args:
            argument.annotation = None
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        match node.func:
            case ast.Attribute(ast.Name("self"), name):
                order = self.kind.__mro__
            case ast.Attribute(ast.Call(ast.Name("super")), name):
                order = self.kind.__mro__[self.kind.__mro__.index(self.owner) + 1 :]
            case _:
                return node
        owner = next((c for c in order if name in vars(c)), None)
        if owner is None:
            return node
        title = f"{owner.__name__}_{name}"
        self.found[title] = (owner, name)
        return ast.Call(ast.Name(title, ast.Load()), [ast.Name("self", ast.Load()), *node.args], node.keywords)
