"""A Python function comes in, machine code goes out: written in LLVM's language, optimised, kept on disk, and loaded.

A kernel is called by its address, from machine code.  A ``Driver`` is called from Python, with arrays of NumPy's: it
finds their numbers where NumPy keeps their address, for what a call costs before any work is done counts.
"""

from __future__ import annotations

import ctypes
import json
import math
import sys
from functools import cache, update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import binding, ir

from ..errors import CompileError
from ..forks import no_fork
from . import arithmetic, calls, definitions, dialect, operands
from .cache import kept
from .calls import processor
from .dialect import Writer
from .operands import KINDS, Array, Known, Number, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["ArrayFunction", "Driver", "assembled_kernel"]

_INTEGER, _DOUBLE = ir.IntType(64), ir.DoubleType()
_FAST = ("fadd", "fsub", "fmul", "fdiv")
ONCE, LOOP, DRIVER, KERNEL = 0, 1, 3, 4
"""How much time machine code is worth: a loop that runs once over a small graph, or over a large one; what runs in each
call, and what takes most of its time."""
_LARGE = 500_000  # numbers, from which on better code for a loop pays at once


def assembled_kernel(function: Callable[..., Any], precision: str, freedom: Sequence[str] = ()) -> tuple[int, bool]:
    """The address of a kernel, and whether its code was on the disk.

    Args:
        function: with the signature of all kernels.
        precision: of the numbers in the buffer.
        freedom: the flags of LLVM that its arithmetic has.

    Raises:
        Unsupported: it is more than ``dialect`` says.
    """

    def write(symbol: str) -> tuple[ir.Module, Any]:
        writer = Writer(symbol)
        number = ir.DoubleType() if precision == "float64" else ir.FloatType()
        kinds = [number.as_pointer(), ir.IntType(32).as_pointer(), *[_INTEGER] * 5]

        def arguments(builder: ir.IRBuilder, given: Sequence[ir.Value]) -> Sequence[Any]:
            V, ix, *numbers = given
            return [Array(precision, V, (None,)), Array("uint32", ix, (None,)), *[Number("int64", x) for x in numbers]]

        writer.function(symbol, function, kinds, arguments)
        for block in [block for written in writer.module.functions for block in written.blocks]:
            for instruction in block.instructions:
                if instruction.opname in _FAST and not instruction.flags:
                    instruction.flags.extend(freedom)
        return writer.module, None

    return _loaded(function, (precision, *freedom), write, KERNEL)[:2]


# ---------------------------------------------------------------------------------------------------------------------
# From Python.
# ---------------------------------------------------------------------------------------------------------------------

_AXES = {"Integers": ("int64", 1), "Numbers": ("float64", 1), "Rows": ("float64", 2), "IntegerRows": ("int64", 2)}
_HEADER = object.__basicsize__  # of an array: behind it are the address of its numbers, how many axes, and their sizes


class Driver:
    """A function in machine code, called from Python.

    Its annotations say what it takes: ``Integers``, ``Numbers``, or ``Lanes`` of the precision of a program; ``Rows``
    of numbers, an array with two axes; ``int``, ``bool`` and ``float``.  All arrays are contiguous.
    """

    def __init__(self, function: Any) -> None:
        self.function, self.py_func, self.targetoptions = function, function.py_func, function.targetoptions
        update_wrapper(self, function.py_func)
        self.kinds = {name: kind for name, kind in self.py_func.__annotations__.items() if name != "return"}
        self.ways = [_as_it_is if kind in ("int", "bool", "float") else id for kind in self.kinds.values()]
        self.lanes = [*self.kinds.values()].index("Lanes") if "Lanes" in self.kinds.values() else None
        self.compiled: dict[str, Any] = {}

    def __call__(self, *arguments: Any) -> float:
        """Run it; what it returns."""
        if len(arguments) < len(self.ways):
            missing = len(arguments) - len(self.ways)
            arguments = (*arguments, *self.py_func.__defaults__[missing:])
        precision = "d" if self.lanes is None else arguments[self.lanes].dtype.char
        run = self.compiled.get(precision) or self._compile(precision)
        found: float = run(*[way(x) for way, x in zip(self.ways, arguments, strict=True)])
        return found

    def _compile(self, precision: str) -> Any:
        with no_fork:
            if precision not in self.compiled:
                axes = {**_AXES, "Lanes": ("float32" if precision == "f" else "float64", 1)}
                _check_header()
                address, _, _ = _loaded(
                    self.function, (precision, *self.kinds.items()), lambda symbol: self._write(symbol, axes), DRIVER
                )
                takes = [ctypes.c_double if kind == "float" else ctypes.c_int64 for kind in self.kinds.values()]
                self.compiled[precision] = ctypes.CFUNCTYPE(ctypes.c_double, *takes)(address)
        return self.compiled[precision]

    def _write(self, symbol: str, axes: dict[str, tuple[str, int]]) -> tuple[ir.Module, Any]:
        writer = Writer(symbol)

        def arguments(builder: ir.IRBuilder, given: Sequence[ir.Value]) -> Sequence[Any]:
            found: list[Any] = []
            for x, kind in zip(given, self.kinds.values(), strict=True):
                if kind in axes:
                    found.append(_array(builder, x, *axes[kind]))
                else:
                    found.append(Number("float64" if kind == "float" else "int64", x))
            return found

        kinds = [_DOUBLE if kind == "float" else _INTEGER for kind in self.kinds.values()]
        writer.function(symbol, self.function, kinds, arguments)
        return writer.module, None


class ArrayFunction:
    """A function of arrays and whole numbers that returns such, in machine code for each kind of arguments.

    Raises:
        Unsupported: in a call, if it is more than ``dialect`` says.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.compiled: dict[Any, tuple[Any, Any]] = {}

    def __call__(self, *arguments: Any) -> Any:
        """Run it; the arrays that it returns are copies."""
        if any(isinstance(x, np.ndarray) and not x.dtype.isnative for x in arguments):
            raise Unsupported("bytes in another order")
        arrays = [np.ascontiguousarray(x) if isinstance(x, np.ndarray) else int(x) for x in arguments]
        large = max([x.size for x in arrays if isinstance(x, np.ndarray)], default=0) >= _LARGE
        key = (*[(x.dtype.name, x.ndim) if isinstance(x, np.ndarray) else None for x in arrays], large)
        if key not in self.compiled:
            with no_fork:
                if key not in self.compiled:
                    self.compiled[key] = self._compile(key)
        run, returned = self.compiled[key]
        results = np.zeros(_RESULTS, np.int64)
        failed = run(*[id(x) if isinstance(x, np.ndarray) else x for x in arrays], results.ctypes.data)
        last, *words = results.tolist()
        found = None if failed else _read(returned, iter(words))
        while last:
            before = ctypes.c_int64.from_address(last).value
            _free()(last)
            last = before
        if failed:
            raise MemoryError(f"there is no room for the arrays of {self.function.__name__}")
        return found

    def _compile(self, key: tuple[Any, ...]) -> tuple[Any, Any]:
        _check_header()
        *kinds, large = key
        effort = LOOP if large else ONCE
        address, _, returned = _loaded(
            self.function, (effort, *kinds), lambda symbol: self._write(symbol, kinds), effort
        )
        return ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_int64] * len(key))(address), returned

    def _write(self, symbol: str, key: Sequence[Any]) -> tuple[ir.Module, Any]:
        writer, returned = Writer(symbol), []

        def arguments(builder: ir.IRBuilder, given: Sequence[ir.Value]) -> Sequence[Any]:
            writer.allocated = builder.inttoptr(given[-1], _INTEGER.as_pointer())
            pairs = zip(given, key, strict=False)
            return [Number("int64", x) if kind is None else _array(builder, x, *kind) for x, kind in pairs]

        def finish(scope: Any, found: Any) -> None:
            builder, words = scope.builder, _words(scope.builder, found)
            if len(words) >= _RESULTS:
                raise Unsupported("so many results")
            for i, x in enumerate(words):
                builder.store(x, builder.gep(writer.allocated, [ir.Constant(_INTEGER, i + 1)]))
            returned.append(_described(found))

        writer.function(symbol, self.function, [_INTEGER] * (len(key) + 1), arguments, finish)
        return writer.module, returned[0]


_RESULTS = 32
"""Words that a function writes at most: the address of what it allocated last, and what it returns."""


@cache
def _free() -> Any:
    return ctypes.CFUNCTYPE(None, ctypes.c_int64)(binding.address_of_symbol("free"))


def _words(builder: ir.IRBuilder, item: Any) -> list[ir.Value]:
    """What is returned, in integers."""
    if item is None:
        return []
    if isinstance(item, Array):
        return [builder.ptrtoint(item.pointer, _INTEGER), *item.shape]
    if isinstance(item, Number) and item.kind == "int64":
        return [item.x]
    if isinstance(item, (Number, Known)):
        raise Unsupported("a result that is no whole number")
    return [word for part in item for word in _words(builder, part)]


def _described(item: Any) -> Any:
    if item is None:
        return None
    if isinstance(item, Array):
        return [item.kind, len(item.shape)]
    return "int64" if isinstance(item, Number) else {"tuple": [_described(part) for part in item]}


def _read(described: Any, words: Iterator[int]) -> Any:
    """What these integers say."""
    if described is None:
        return None
    if described == "int64":
        return next(words)
    if isinstance(described, dict):
        return tuple([_read(part, words) for part in described["tuple"]])
    kind, axes = described
    address, shape = next(words), [next(words) for _ in range(axes)]
    count, dtype = math.prod(shape), np.dtype(kind)
    numbers = (ctypes.c_char * (count * dtype.itemsize)).from_address(address)
    return np.frombuffer(numbers, dtype).reshape(shape).copy()


@cache
def _check_header() -> None:
    """See that this NumPy has the numbers of an array where others have them, and read nothing that is not its own."""
    array = np.zeros((2, 3))
    good = sys.implementation.name == "cpython" and ctypes.sizeof(ctypes.c_void_p) == 8
    if good and np.ndarray.__basicsize__ >= _HEADER + 32:
        at = id(array) + _HEADER
        numbers, sizes, strides = (ctypes.c_int64.from_address(at + 8 * i).value for i in (0, 2, 3))
        good = numbers == array.ctypes.data and ctypes.c_int.from_address(at + 8).value == array.ndim
        if good and strides == sizes + 8 * array.ndim:  # in one piece of memory, so both are addresses
            good = [ctypes.c_int64.from_address(sizes + 8 * i).value for i in range(4)] == [2, 3, 24, 8]
            if good:
                return
    raise CompileError("NumPy keeps its arrays in another way than all versions up to 2.4")


def _as_it_is(x: Any) -> Any:
    return x


def _array(builder: ir.IRBuilder, address: ir.Value, kind: str, axes: int) -> Array:
    """What is in an array of NumPy's at an address."""

    def there(offset: int, pointer: ir.Value = address) -> ir.Value:
        place = builder.add(pointer, ir.Constant(_INTEGER, offset))
        return builder.load(builder.inttoptr(place, _INTEGER.as_pointer()))

    sizes = there(_HEADER + 16)
    number = ir.IntType(8) if kind == "bool" else KINDS[kind]
    numbers = builder.inttoptr(there(_HEADER), number.as_pointer())
    return Array(kind, numbers, tuple([there(8 * axis, sizes) for axis in range(axes)]))


# ---------------------------------------------------------------------------------------------------------------------
# LLVM.
# ---------------------------------------------------------------------------------------------------------------------


class _Here:
    """As numba's code generator says for which processor it works."""

    magic_tuple = staticmethod(processor)


@cache
def _ourselves() -> list[str]:
    """What decides beside the function."""
    others = [arithmetic, calls, definitions, dialect, operands]
    return [Path(file).read_text(encoding="utf-8") for file in (__file__, *[str(x.__file__) for x in others])]


def _loaded(
    function: Any, signature: tuple[Any, ...], write: Callable[[str], tuple[ir.Module, Any]], effort: int
) -> tuple[int, bool, Any]:
    """The address of a function, whether its code was on the disk, and what else is known of it."""

    def make(symbol: str) -> bytes:
        try:
            module, more = write(symbol)
            return json.dumps(more).encode() + b"\n" + _assembled(module, effort)
        except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise Unsupported(f"{type(error).__name__}: {error}") from error

    with no_fork:  # there is one engine, which threads share
        name, code, found = kept(function, signature, _Here, _ourselves(), make)
        more, _, code = code.partition(b"\n")
        engine = _engine()
        engine.add_object_file(binding.ObjectFileRef.from_data(code))
        engine.finalize_object()
        return int(engine.get_function_address(name)), found, json.loads(more)


@cache
def _target(level: int) -> Any:
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    triple, name, features = processor()
    target = binding.Target.from_triple(triple)
    return target.create_target_machine(name, features, opt=level, reloc="default", codemodel="jitdefault", jit=True)


@cache
def _engine() -> Any:
    return binding.create_mcjit_compiler(binding.parse_assembly(""), _target(3))


def _assembled(module: ir.Module, effort: int) -> bytes:
    """The machine code of a module; what is left out of LLVM's own ways took long and made nothing faster."""
    parsed = binding.parse_assembly(str(module))
    options = binding.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization, options.slp_vectorization, options.loop_unrolling = True, False, False
    options.loop_interleaving = effort >= KERNEL
    passes = binding.create_pass_builder(_target(3), options)
    if effort >= DRIVER:
        passes.getModulePassManager().run(parsed, passes)
    else:
        manager = binding.create_new_module_pass_manager()
        manager.add_sroa_pass()
        manager.add_simplify_cfg_pass()
        manager.add_loop_rotate_pass()
        manager.add_instruction_combine_pass()
        manager.add_simplify_cfg_pass()
        manager.run(parsed, passes)
    code: bytes = _target(min(effort, 3)).emit_object(parsed)
    return code
