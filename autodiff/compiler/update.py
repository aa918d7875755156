"""The formula of an optimiser as machine code, from the text of its own methods.

An optimiser says in ``slope(self, i, w)`` what the step of parameter number i takes for the slope, from ``w.data``,
``w.grad``, its settings and what it remembers.  That text becomes the function of a kernel, in which

======================== ===========================================================
``self.eps``, ``w.grad`` become names of numbers, or of an array, that are passed on
``self.other(i, w)``     becomes a call of a function, ``super().slope(i, w)`` too
``x**y``                 becomes ``pow(x, y)``, that of ``math``
======================== ===========================================================
"""

from __future__ import annotations

import ast
import builtins
import inspect
import linecache
import math
import sys
from ctypes import CFUNCTYPE, c_int64
from dataclasses import dataclass
from functools import cache
from textwrap import dedent
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..errors import CompileError
from .fingerprint import fingerprint
from .kernels import kernel_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from ..value import Value

__all__ = ["LR", "STEPS", "Optimizer", "Update"]

LR, STEPS = 0, 1
"""Where among the settings the learning rate stands, and the number of the step."""

_KERNEL = CFUNCTYPE(None, *[c_int64] * 7)


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
        names: of its settings and of its lists.
        address: of the kernel, on (numbers, nothing, count, gradient, settings, state); it changes the first and the
            last in place.
        settings: the learning rate, the number of the step, and the other settings.
        state: what it remembers, a row for each list.
    """

    optimizer: Any
    names: tuple[tuple[str, ...], tuple[str, ...]]
    address: int
    settings: NDArray[np.float64]
    state: NDArray[np.float64]

    @classmethod
    def of(cls, optimizer: Any) -> Update:
        """That of an optimiser, as it stands now.

        Raises:
            CompileError: its formula is more than the machine knows, or a step of it more than its formula.
        """
        names, address, size = _formula(optimizer)
        made = cls(optimizer, names, address, np.zeros(size), np.zeros((len(names[1]), len(optimizer.parameters))))
        made.read()
        return made

    def holds_for(self, optimizer: Any) -> bool:
        """Whether it would be the same if it were made now; only the numbers may be others.

        Raises:
            CompileError: as ``of``.
        """
        return optimizer is self.optimizer and _formula(optimizer) == (self.names, self.address, len(self.settings))

    def step(self, numbers: NDArray[np.float64], gradient: NDArray[np.float64]) -> None:
        """One step from these numbers, in place: a single call, which nothing interrupts."""
        self.settings[STEPS] += 1.0
        pointers = [x.ctypes.data for x in (gradient, self.settings, self.state)]
        _KERNEL(self.address)(numbers.ctypes.data, 0, len(numbers), *pointers, 0)

    def read(self) -> None:
        """Take settings and what is remembered as they are now."""
        settings, lists = ([getattr(self.optimizer, name) for name in names] for names in self.names)
        self.settings[:] = [number for x in settings for number in (x if isinstance(x, tuple) else (x,))]
        for row, x in zip(self.state, lists, strict=True):
            row[:] = x

    def write(self, kind: Callable[[NDArray[np.float64]], Any] = np.ndarray.tolist) -> None:
        """Give the optimiser what it is to remember, as lists or as another kind of row."""
        for name, row in zip(self.names[1], self.state, strict=True):
            setattr(self.optimizer, name, kind(row))
        self.optimizer.steps = int(self.settings[STEPS])


def _formula(optimizer: Any) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], int, int]:
    """The names of its settings and lists, the address of its kernel, and how many numbers its settings are."""
    kind: Any = type(optimizer)
    settings, lists = _parts(optimizer)
    shape = tuple((name, len(x) if isinstance(x, tuple) else 0) for name, x in settings.items())
    methods = tuple(x for c in kind.__mro__ for x in vars(c).values() if inspect.isfunction(x))
    address = _address(kind, methods, shape, tuple(lists))
    return (tuple(settings), tuple(lists)), address, sum(length or 1 for _, length in shape)


def _parts(optimizer: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Its settings, the learning rate and the number of the step first, and what it remembers of each parameter."""
    given = {name: x for name, x in vars(optimizer).items() if name not in ("parameters", "lr", "steps")}
    lists = {name: x for name, x in given.items() if isinstance(x, (list, np.ndarray))}
    settings = {"lr": optimizer.lr, "steps": optimizer.steps}
    settings |= {name: x for name, x in given.items() if name not in lists}
    count = len(optimizer.parameters)
    if len({*map(id, lists.values())}) < len(lists):
        raise CompileError(
            f"two attributes of {type(optimizer).__name__} are one list, which the machine does not know"
        )
    for name, x in [*lists.items(), *settings.items()]:
        several = x if name in lists or isinstance(x, tuple) else (x,)
        kinds = {*map(type, several)}
        if (name in lists and len(x) != count) or not all(issubclass(kind, (int, float)) for kind in kinds):
            raise CompileError(
                f"the attribute {name} of {type(optimizer).__name__} is neither a number, nor a tuple of numbers, nor "
                "a list with a number for each parameter, which is all that the machine knows"
            )
    return settings, lists


@cache
def _address(
    kind: type, methods: tuple[Any, ...], settings: tuple[tuple[str, int], ...], lists: tuple[str, ...]
) -> int:
    """The machine code of an optimiser of this kind, which has these methods now, and these settings and lists."""
    own = [c for c in kind.__mro__ if "slope" in vars(c)]
    step = next((c for c in kind.__mro__ if "step" in vars(c)), None)
    if not own or step is not own[-1]:  # the base class, which has both
        raise CompileError(
            f"a step of {kind.__name__} is more than w − lr·slope(i, w), and the machine does that alone"
        )
    lifting = _Lifting(kind, [*[name for name, _ in settings], *lists])
    slope = lifting.function(own[0], "slope")
    body = "\n".join([*_HEAD, *lifting.texts.values(), *_loop(slope, settings, lists, lifting.passed)])
    title = f"update_{kind.__name__}_{fingerprint(body)}"
    text, file = body.replace("def update(", f"def {title}("), f"<{title}>"
    module = ModuleType(f"{__package__}._{title}")
    sys.modules[module.__name__] = module  # where numba looks for it when it has its machine code from the disk
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec"), vars(module))
    try:
        return kernel_of(getattr(module, title))
    except Exception as error:  # NumbaError, and whatever its passes stumble over
        raise CompileError(f"the formula of {kind.__name__} is more than the machine knows: {error}") from error


_HEAD = [
    "from math import *",
    "from numba import carray, float64, njit",
    "from autodiff.compiler.memory import BUFFER, pointer",
]


def _loop(
    slope: str, settings: tuple[tuple[str, int], ...], lists: tuple[str, ...], passed: list[str]
) -> Iterator[str]:
    """The loop over all parameters, line by line."""
    yield "def update(numbers_, nothing, count, gradient_, settings_, state_, last):"
    yield "    numbers = carray(numbers_, (BUFFER,))"
    for name in ("gradient", "settings", "state"):
        yield f"    {name} = carray(pointer({name}_), (BUFFER,), float64)"
    place = 0
    for name, length in settings:
        items = [f"settings[{place + i}]" for i in range(length or 1)]
        yield f"    self_{name} = " + (f"({', '.join(items)},)" if length else items[0])
        place += len(items)
    for i, name in enumerate(lists):
        yield f"    self_{name} = state[{i} * count :]"
    yield "    for i in range(count):"
    yield "        w_data = numbers[i]"
    yield "        w_grad = gradient[i]"
    yield f"        numbers[i] = w_data - self_lr * {slope}(i, (), {', '.join(passed)})"


class _Lifting:
    """The methods of a class as functions, written down in ``texts``, the called before the calling."""

    def __init__(self, kind: type, attributes: list[str]) -> None:
        self.kind, self.attributes = kind, attributes
        self.passed = ["w_data", "w_grad", *[f"self_{name}" for name in attributes]]
        self.texts: dict[str, str] = {}

    def function(self, owner: type, name: str) -> str:
        """The name of the function that the method of this name becomes which stands in ``owner``."""
        method, title = vars(owner)[name], f"{owner.__name__}_{name}"
        if title in self.texts:
            return title
        try:
            tree: Any = ast.parse(dedent(inspect.getsource(method))).body[0]
        except (OSError, TypeError) as error:
            raise CompileError(f"there is no source of {title} to compile: {error}") from error
        plain = isinstance(tree, ast.FunctionDef) and inspect.isfunction(method) and not tree.decorator_list
        given = [argument.arg for argument in tree.args.args] if plain else []
        more = plain and len(given) < len(inspect.signature(method).parameters)  # by name alone, or any number
        free = {*method.__code__.co_freevars} - {"__class__"} if plain else set()
        if given[:1] != ["self"] or more or method.__defaults__ or free:
            raise CompileError(f"{title} is no plain method, and the machine does not know it")
        names = _Names(self, owner, method)
        body = [names.visit(x) for x in tree.body if not isinstance(getattr(x, "value", None), ast.Constant)]
        lines = ast.unparse(ast.fix_missing_locations(ast.Module(body, []))).splitlines()
        head = f"@njit(error_model='numpy')\ndef {title}({', '.join([*given[1:], *self.passed])}):"
        self.texts[title] = "\n    ".join([head, *lines])
        return title


class _Names(ast.NodeTransformer):
    """Attributes and methods become names; whatever else a method reads is in ``math``, for all else may change."""

    def __init__(self, lifting: _Lifting, owner: type, method: Any) -> None:
        self.lifting, self.owner, self.method = lifting, owner, method
        self.locals = method.__code__.co_varnames

    def _refuse(self, node: ast.AST) -> CompileError:
        return CompileError(f"{self.method.__qualname__} has {ast.unparse(node)}, which the machine does not know")

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if node.keywords:
            raise self._refuse(node)
        arguments = [self.visit(x) for x in node.args]
        order = self.lifting.kind.__mro__
        match node.func:
            case ast.Attribute(ast.Name("self"), name):
                pass
            case ast.Attribute(ast.Call(ast.Name("super"), []), name):
                order = order[order.index(self.owner) + 1 :]
            case _:
                return ast.Call(self.visit(node.func), arguments, [])
        owner = next((c for c in order if name in vars(c)), None)
        if owner is None:
            raise self._refuse(node)
        passed = [ast.Name(x, ast.Load()) for x in self.lifting.passed]
        return ast.Call(ast.Name(self.lifting.function(owner, name), ast.Load()), [*arguments, *passed], [])

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        match node:
            case ast.Attribute(ast.Name("self"), name, ast.Load()) if name in self.lifting.attributes:
                return ast.Name(f"self_{name}", ast.Load())
            case ast.Attribute(ast.Name(w), ("data" | "grad") as name, ast.Load()) if w in self.locals:
                return ast.Name(f"w_{name}", ast.Load())
            case ast.Attribute(ast.Name("math"), name) if self.method.__globals__.get("math") is math:
                return ast.Name(name, ast.Load())
        raise self._refuse(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in self.locals and node.id != "self":
            return node
        found = self.method.__globals__.get(node.id, getattr(builtins, node.id, None))
        if found in (abs, min, max, float, range):
            return node
        name = getattr(found, "__name__", "")
        if found is None or getattr(math, name, None) is not found:
            raise self._refuse(node)
        return ast.Name(name, ast.Load())

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if isinstance(node.slice, ast.UnaryOp):  # counted from the end
            raise self._refuse(node)
        return self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Pow):
            return node
        return ast.Call(ast.Name("pow", ast.Load()), [node.left, node.right], [])
