"""The functions that ``dialect`` knows: of ``math`` and NumPy, of LLVM and the C library, and numba's intrinsics."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import binding, ir
from numba import carray, types
from numba.core.extending import _Intrinsic

from .operands import KINDS, Array, Known, Number, Something, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .dialect import Scope

__all__ = ["called", "external", "known", "processor"]

_NUMBA: dict[str, Any] = {"int64": types.int64, "uint64": types.uint64, "float64": types.float64}
_NUMBA |= {"float32": types.float32, "bool": types.boolean, "uint32": types.uint32}
_OF_NUMBA = {kind: name for name, kind in _NUMBA.items()}
# What LLVM itself knows, and may compute in vectors; and what is in the C library.
_OF_LLVM: dict[Any, str] = {math.fabs: "fabs", math.sqrt: "sqrt", math.copysign: "copysign", math.pow: "pow"}
_OF_LLVM |= {math.log: "log", math.exp: "exp", math.floor: "floor"}
_OF_LIBRARY: dict[Any, str] = {math.asin: "asin", math.acos: "acos", math.atan: "atan", math.atan2: "atan2"}
_OF_LIBRARY |= {np.fmod: "fmod"}


def known(function: Any) -> bool:
    """Whether a function in Python is one of these, and is not to be written out."""
    return function in _BUILTIN


def called(scope: Scope, function: Any, passed: Sequence[Something]) -> Something:
    """What a known function returns; ``Unsupported`` if it is none."""
    if function in _BUILTIN:
        found: Something = _BUILTIN[function](scope, *passed)
        return found
    if isinstance(function, _Intrinsic):
        return _intrinsic(scope, function, passed)
    if function in _OF_LLVM or function in _OF_LIBRARY:
        return _of_library(scope, function, passed)
    if isinstance(function, types.Type) and function in _OF_NUMBA:
        return Number(_OF_NUMBA[function], scope.as_kind(passed[0], _OF_NUMBA[function]))
    raise Unsupported(f"a call of {function!r}")


def _of_library(scope: Scope, function: Any, passed: Sequence[Something]) -> Number:
    double, name = ir.DoubleType(), _OF_LLVM.get(function, "")
    symbol = f"llvm.{name}.f64" if name else _OF_LIBRARY[function]
    kind = ir.FunctionType(double, [double] * len(passed))
    return Number(
        "float64", scope.builder.call(external(scope.builder, symbol, kind), [scope.double(x) for x in passed])
    )


def external(builder: ir.IRBuilder, symbol: str, kind: ir.FunctionType) -> ir.Function:
    """A function from elsewhere."""
    if not symbol.startswith("llvm.") and not binding.address_of_symbol(symbol):
        raise Unsupported(symbol)
    found = builder.module.globals.get(symbol)
    return found or ir.Function(builder.module, kind, symbol)


def _intrinsic(scope: Scope, function: Any, passed: Sequence[Something]) -> Something:
    """A function of numba's that writes code itself."""
    items = [_numba_type(x) for x in passed]
    signature, write = function._defn(None, *items)
    arguments = []
    for x, wanted in zip(passed, signature.args, strict=True):
        if wanted in _OF_NUMBA:
            arguments.append(scope.as_kind(x, _OF_NUMBA[wanted]))
        elif isinstance(x, Array):
            arguments.append(x.pointer)
        elif isinstance(x, Known) and isinstance(x.value, tuple):
            arguments.append(ir.Constant(ir.ArrayType(ir.DoubleType(), len(x.value)), [*map(float, x.value)]))
        else:
            arguments.append(None)
    result = write(_Context(), scope.builder, signature, arguments)
    kind = signature.return_type
    if kind in _OF_NUMBA:
        return Number(_OF_NUMBA[kind], result)
    return Array("any", result, (None,)) if kind == types.voidptr else None


def _viewed(scope: Scope, pointer: Something, shape: Something, kind: Something = None) -> Array:
    """numba.carray."""
    if kind is None:
        return pointer
    name = _OF_NUMBA[kind.value]
    return Array(name, scope.builder.bitcast(pointer.pointer, KINDS[name].as_pointer()), (None,))


class _Context:
    """What the intrinsics of numba ask for."""

    def get_dummy_value(self) -> ir.Value:
        """Of a function that returns nothing."""
        return ir.Constant(ir.IntType(8).as_pointer(), None)

    def get_value_type(self, kind: Any) -> ir.Type:
        """Of a pointer to anything."""
        return ir.IntType(8).as_pointer()

    def codegen(self) -> _Context:
        """As numba has it."""
        return self

    def magic_tuple(self) -> tuple[str, str, str]:
        """The processor."""
        return processor()


@cache
def processor() -> tuple[str, str, str]:
    """System, processor and its features."""
    features = binding.get_host_cpu_features().flatten()
    return binding.get_process_triple(), binding.get_host_cpu_name(), features


def _numba_type(item: Something) -> Any:
    if isinstance(item, Number):
        return _NUMBA[item.kind]
    if isinstance(item, Array):
        return types.CPointer(_NUMBA[item.kind])
    if isinstance(item, Known) and isinstance(item.value, tuple):
        return types.UniTuple(types.float64, len(item.value))
    if isinstance(item, Known) and item.value is None:
        return types.none
    return types.int64 if isinstance(item, Known) and isinstance(item.value, int) else types.float64


def _two_whole(scope: Scope, items: Sequence[Something]) -> list[ir.Value]:
    numbers = [scope.number(item) for item in items]
    if [x.kind for x in numbers] != ["int64", "int64"]:
        raise Unsupported("min or max of other things than two whole numbers")
    return [x.x for x in numbers]


def _greatest(scope: Scope, *items: Something) -> Number:
    x, y = _two_whole(scope, items)
    return Number("int64", scope.builder.select(scope.builder.icmp_signed(">", y, x), y, x))


def _least(scope: Scope, *items: Something) -> Number:
    x, y = _two_whole(scope, items)
    return Number("int64", scope.builder.select(scope.builder.icmp_signed("<", y, x), y, x))


def _allocated(scope: Scope, shape: Something, kind: Something, zeros: bool = False) -> Array:
    name = "float64" if kind is None else np.dtype(kind.value).name
    sizes = shape if isinstance(shape, tuple) and not isinstance(shape, (Number, Known)) else (shape,)
    return scope.allocate(name, [scope.as_kind(x, "int64") for x in sizes], zeros)


def _length(scope: Scope, item: Something) -> Something:
    if isinstance(item, Array):
        if item.shape[0] is None:
            raise Unsupported("a length that is not known")
        return Number("int64", item.shape[0])
    return Known(len(scope.parts(item)))


def _finite(scope: Scope, item: Something) -> Number:
    x = scope.double(item)
    return Number("bool", scope.builder.fcmp_ordered("==", scope.builder.fsub(x, x), ir.Constant(x.type, 0.0)))


def _frexp(scope: Scope, item: Something) -> Something:
    whole = ir.IntType(32)
    exponent = scope.room(whole)
    kind = ir.FunctionType(ir.DoubleType(), [ir.DoubleType(), whole.as_pointer()])
    mantissa = scope.builder.call(external(scope.builder, "frexp", kind), [scope.double(item), exponent])
    found = scope.builder.sext(scope.builder.load(exponent), KINDS["int64"])
    return Number("float64", mantissa), Number("int64", found)


def _ldexp(scope: Scope, item: Something, exponent: Something) -> Something:
    whole = ir.IntType(32)
    kind = ir.FunctionType(ir.DoubleType(), [ir.DoubleType(), whole])
    by = scope.builder.trunc(scope.as_kind(exponent, "int64"), whole)
    return Number("float64", scope.builder.call(external(scope.builder, "ldexp", kind), [scope.double(item), by]))


def _kind_of(kind: str) -> Callable[[Scope, Something], Number]:
    return lambda scope, item: Number(kind, scope.as_kind(item, kind))


_BUILTIN: dict[Any, Callable[..., Something]] = {
    carray: _viewed,
    min: _least,
    max: _greatest,
    np.empty: lambda scope, shape, kind=None: _allocated(scope, shape, kind),
    np.zeros: lambda scope, shape, kind=None: _allocated(scope, shape, kind, zeros=True),
    np.ones: lambda scope, shape, kind=None: scope.fill(_allocated(scope, shape, kind), Known(1)),
    np.full: lambda scope, shape, x, kind: scope.fill(_allocated(scope, shape, kind), x),
    len: _length,
    int: _kind_of("int64"),
    float: _kind_of("float64"),
    math.isfinite: _finite,
    math.frexp: _frexp,
    math.ldexp: _ldexp,
}
