"""A Python function comes in, LLVM's language goes out: the part of Python that kernels and drivers are written in.

numba compiles the same functions, and takes a second for what takes ten milliseconds here, where nothing is inferred:
the kinds of the arguments are given, a name keeps the kind of what it first stands for, and a function is written out
anew wherever it is called.  There are whole numbers and floating ones, arrays of them, tuples, ``for`` over a range,
``while``, ``if`` and calls.  What else there is in a function is ``Unsupported``, and left to numba.

Arithmetic is what numba makes of it, instruction by instruction: no product is fused with a sum, division by zero gives
what IEEE 754 says, and single precision is kept where both operands have it.  Indices count from the front.
"""

from __future__ import annotations

import ast
import builtins
import math
import operator
from functools import cache
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from llvmlite import binding, ir
from numba import carray, types
from numba.core.dispatcher import Dispatcher
from numba.core.extending import _Intrinsic

from .definitions import definition, names_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Array", "Number", "Unsupported", "Writer"]


class Unsupported(Exception):
    """The function has something that is not translated."""


class Number(NamedTuple):
    """A number that machine code computes."""

    kind: str
    x: ir.Value


class Array(NamedTuple):
    """Numbers in a row, or rows of them; how many is known where somebody asks."""

    kind: str
    pointer: ir.Value
    shape: tuple[ir.Value | None, ...]


class Known(NamedTuple):
    """What Python knows already: a constant, a function, a module."""

    value: Any


Something = Any  # a Number, an Array, Known, or a tuple of such

KINDS: dict[str, ir.Type] = {
    "int64": ir.IntType(64),
    "uint64": ir.IntType(64),
    "uint32": ir.IntType(32),
    "int32": ir.IntType(32),
    "int16": ir.IntType(16),
    "int8": ir.IntType(8),
    "bool": ir.IntType(1),
    "float64": ir.DoubleType(),
    "float32": ir.FloatType(),
}
_NUMBA: dict[str, Any] = {"int64": types.int64, "uint64": types.uint64, "float64": types.float64}
_NUMBA |= {"float32": types.float32, "bool": types.boolean, "uint32": types.uint32}
_SIZES = {name: np.dtype(name).itemsize for name in KINDS}
_OF_NUMBA = {kind: name for name, kind in _NUMBA.items()}
_FOLDED: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
}
_FLOATING = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}
_WHOLE = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.LShift: "shl", ast.RShift: "lshr"}
_WHOLE |= {ast.BitAnd: "and_", ast.BitOr: "or_", ast.BitXor: "xor"}
_COMPARED = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
# What LLVM itself knows, and may compute in vectors; and what is in the C library.
_OF_LLVM: dict[Any, str] = {math.fabs: "fabs", math.sqrt: "sqrt", math.copysign: "copysign", math.pow: "pow"}
_OF_LLVM |= {math.log: "log", math.exp: "exp", math.floor: "floor"}
_OF_LIBRARY: dict[Any, str] = {math.asin: "asin", math.acos: "acos", math.atan: "atan", math.atan2: "atan2"}
_OF_LIBRARY |= {np.fmod: "fmod"}
_NARROW = ("uint32", "int32", "int16", "int8")
_CONSTANT = (bool, int, float, np.generic)


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


class Writer:
    """Writes functions into a module of LLVM's."""

    def __init__(self, name: str) -> None:
        self.module = ir.Module(name)
        self.module.triple = binding.get_process_triple()
        self.outlined: dict[Any, ir.Function] = {}
        self.allocated: ir.Value | None = None
        """Where the address is kept of what was allocated last, if there is one who frees it; 0 if that is nothing."""

    def function(
        self,
        name: str,
        function: Callable[..., Any],
        kinds: Sequence[ir.Type],
        arguments: Callable[..., Sequence[Any]],
        finish: Callable[[_Scope, Something], None] | None = None,
    ) -> None:
        """Write a function that is called from outside; it returns a double, 0 if there is nothing to return.

        Args:
            name: its symbol.
            function: Python's, or numba's.
            kinds: the types of LLVM that it takes.
            arguments: makes of a builder and what came in what the function is to take.
            finish: does something with what is returned, which is not a number then.
        """
        written = ir.Function(self.module, ir.FunctionType(ir.DoubleType(), kinds), name)
        builder = _begin(written)
        scope = _Scope(self, builder)
        found = scope.inline(getattr(function, "py_func", function), arguments(builder, written.args))
        if finish is not None:
            finish(scope, found)
            found = None
        if not builder.block.is_terminated:
            builder.ret(scope.double(Known(0.0) if found is None else found))

    def outline(self, function: Any, passed: Sequence[Any]) -> ir.Function:
        """A function that returns nothing, for arguments of these kinds, once for all its calls."""
        shapes = [_skeleton(x) for x in passed]
        key = (function, *shapes)
        if key not in self.outlined:
            flat = [x for item in passed for x in _leaves(item)]
            kind = ir.FunctionType(ir.VoidType(), [x.type for x in flat])
            written = ir.Function(self.module, kind, self.module.get_unique_name(function.__name__))
            written.linkage = "internal"
            self.outlined[key] = written
            builder, waiting = _begin(written), iter(written.args)
            _Scope(self, builder).inline(function, [_rebuilt(x, waiting) for x in passed])
            if not builder.block.is_terminated:
                builder.ret_void()
            if len(written.blocks) > 2:
                written.attributes.add("noinline")  # a loop takes longer than a call, and long to compile
        return self.outlined[key]


def _begin(function: ir.Function) -> ir.IRBuilder:
    """What writes the body; before it is a block for the places of variables."""
    builder = ir.IRBuilder(function.append_basic_block())
    body = builder.append_basic_block()
    builder.branch(body)
    builder.position_at_end(body)
    return builder


def _leaves(item: Something) -> list[ir.Value]:
    if isinstance(item, Number):
        return [item.x]
    if isinstance(item, Array):
        return [item.pointer, *[x for x in item.shape if x is not None]]
    return [] if isinstance(item, Known) else [x for part in item for x in _leaves(part)]


def _rebuilt(item: Something, waiting: Any) -> Something:
    """The same with other leaves."""
    if isinstance(item, Number):
        return Number(item.kind, next(waiting))
    if isinstance(item, Array):
        pointer = next(waiting)
        return Array(item.kind, pointer, tuple([None if x is None else next(waiting) for x in item.shape]))
    return item if isinstance(item, Known) else tuple([_rebuilt(part, waiting) for part in item])


def _skeleton(item: Something) -> Any:
    if isinstance(item, Number):
        return item.kind
    if isinstance(item, Array):
        return item.kind, tuple([x is None for x in item.shape])
    if isinstance(item, Known):
        return "known", type(item.value), repr(item.value) if isinstance(item.value, _CONSTANT) else id(item.value)
    return tuple([_skeleton(part) for part in item])


class _Scope:
    """The names of a function while it is written."""

    def __init__(self, writer: Writer, builder: ir.IRBuilder) -> None:
        self.writer, self.builder = writer, builder
        self.names: dict[str, Something] = {}
        self.once: set[str] = set()  # names that need no place
        self.globals: dict[str, Any] = {}
        self.depth = 0  # of statements that may be left out or repeated
        self.loops: list[tuple[ir.Block, ir.Block]] = []
        self.result: Something = None
        self.end: ir.Block | None = None

    # -----------------------------------------------------------------------------------------------------------------
    # Functions.
    # -----------------------------------------------------------------------------------------------------------------

    def inline(self, function: Callable[..., Any], passed: Sequence[Something]) -> Something:
        """Write a function out here; what it returns, or None."""
        node = definition(function.__code__)
        if node is None:
            raise Unsupported(f"there is no source of {function.__name__}")
        inner = _Scope(self.writer, self.builder)
        cells = [cell.cell_contents for cell in function.__closure__ or ()]
        inner.globals = {**function.__globals__, **dict(zip(function.__code__.co_freevars, cells, strict=True))}
        names = [x.arg for x in node.args.args]
        defaults = [Known(x) for x in (function.__defaults__ or ())]
        passed = [*passed, *defaults[len(defaults) - (len(names) - len(passed)) :]]
        if len(passed) != len(names) or node.args.vararg or node.args.kwonlyargs:
            raise Unsupported("arguments")
        if isinstance(node, ast.Lambda):
            inner.names = dict(zip(names, passed, strict=True))
            return inner.value(node.body)
        found = names_of(node)
        inner.once = found.once
        for name, x in zip(names, passed, strict=True):
            if name in found.given:
                inner.assign(name, x)
            else:
                inner.names[name] = x
        returns = found.returns
        if returns == node.body[-1:]:
            inner.statements(node.body[:-1])
            return inner.value(returns[0].value) if returns[0].value else None
        inner.end = self.builder.append_basic_block()
        inner.statements(node.body)
        if not self.builder.block.is_terminated:
            if inner.result is not None:
                raise Unsupported("a way without a result")
            self.builder.branch(inner.end)
        self.builder.position_at_end(inner.end)
        return None if inner.result is None else self.read(inner.result)

    def call(self, function: Something, passed: Sequence[Something]) -> Something:
        """A call of what is known."""
        if not isinstance(function, Known):
            raise Unsupported("a call of what is computed")
        called = getattr(function.value, "function", function.value)  # of a driver
        if isinstance(called, Dispatcher):
            if "pipeline_class" in called.targetoptions or called.targetoptions.get("error_model") == "python":
                raise Unsupported("numba's own way")
            inside = called.targetoptions.get("forceinline")
            called = called.py_func
            if not inside and called.__annotations__.get("return") == "None":
                flat = [x for item in passed for x in _leaves(item)]
                self.builder.call(self.writer.outline(called, passed), flat)
                return None
        if isinstance(called, FunctionType) and called not in _BUILTIN:
            if called is carray:
                return self._viewed(*passed)
            return self.inline(called, passed)
        if isinstance(called, _Intrinsic):
            return self._intrinsic(called, passed)
        if called in _OF_LLVM or called in _OF_LIBRARY:
            return self._of_library(called, passed)
        if called in _BUILTIN:
            found: Something = _BUILTIN[called](self, *passed)
            return found
        if isinstance(called, types.Type) and called in _OF_NUMBA:
            return Number(_OF_NUMBA[called], self.as_kind(passed[0], _OF_NUMBA[called]))
        raise Unsupported(f"a call of {called!r}")

    def _viewed(self, pointer: Something, shape: Something, kind: Something = None) -> Array:
        """numba.carray."""
        if kind is None:
            return pointer
        name = _OF_NUMBA[kind.value]
        return Array(name, self.builder.bitcast(pointer.pointer, KINDS[name].as_pointer()), (None,))

    def _intrinsic(self, called: Any, passed: Sequence[Something]) -> Something:
        """A function of numba's that writes code itself."""
        items = [_numba_type(x) for x in passed]
        signature, write = called._defn(None, *items)
        arguments = []
        for x, wanted in zip(passed, signature.args, strict=True):
            if wanted in _OF_NUMBA:
                arguments.append(self.as_kind(x, _OF_NUMBA[wanted]))
            elif isinstance(x, Array):
                arguments.append(x.pointer)
            elif isinstance(x, Known) and isinstance(x.value, tuple):
                arguments.append(ir.Constant(ir.ArrayType(ir.DoubleType(), len(x.value)), [*map(float, x.value)]))
            else:
                arguments.append(None)
        result = write(_Context(), self.builder, signature, arguments)
        kind = signature.return_type
        if kind in _OF_NUMBA:
            return Number(_OF_NUMBA[kind], result)
        return Array("any", result, (None,)) if kind == types.voidptr else None

    def _of_library(self, called: Any, passed: Sequence[Something]) -> Number:
        double, name = ir.DoubleType(), _OF_LLVM.get(called, "")
        symbol = f"llvm.{name}.f64" if name else _OF_LIBRARY[called]
        kind = ir.FunctionType(double, [double] * len(passed))
        return Number("float64", self.builder.call(self.external(symbol, kind), [self.double(x) for x in passed]))

    def external(self, symbol: str, kind: ir.FunctionType) -> ir.Function:
        """A function from elsewhere."""
        if not symbol.startswith("llvm.") and not binding.address_of_symbol(symbol):
            raise Unsupported(symbol)
        found = self.writer.module.globals.get(symbol)
        return found or ir.Function(self.writer.module, kind, symbol)

    # -----------------------------------------------------------------------------------------------------------------
    # Names.
    # -----------------------------------------------------------------------------------------------------------------

    def room(self, kind: ir.Type) -> ir.Value:
        """A place for a number of this type; LLVM makes it a register."""
        with self.builder.goto_entry_block():
            return self.builder.alloca(kind)

    def place(self, item: Something) -> Something:
        """Places for something."""
        item = self._firm(item)
        return _rebuilt(item, iter([self.room(x.type) for x in _leaves(item)]))

    def write(self, item: Something, places: Something) -> None:
        """Put something into its places."""
        for x, place in zip(_leaves(self._firm(item)), _leaves(places), strict=True):
            self.builder.store(x, place)

    def read(self, places: Something) -> Something:
        """What is in them."""
        return _rebuilt(places, iter([self.builder.load(x) for x in _leaves(places)]))

    def _firm(self, item: Something) -> Something:
        """Constants as numbers, for there may be others later."""
        if isinstance(item, Known) and isinstance(item.value, _CONSTANT):
            return self.number(item)
        if isinstance(item, (Number, Array, Known)):
            return item
        return tuple([self._firm(x) for x in item])

    def assign(self, name: str, item: Something) -> None:
        """Let a name stand for something."""
        item = self._firm(item)
        if name in self.once:
            self.names[name] = item
            return
        known = self.names.get(name)
        if isinstance(known, _Variable) and _skeleton(known.places) != _skeleton(item):
            if (_skeleton(known.places), _skeleton(item)) == ("float64", "int64"):
                item = Number("float64", self.as_kind(item, "float64"))
            elif self.depth:
                raise Unsupported(f"{name} is of two kinds")
            else:
                known = None
        if not isinstance(known, _Variable):
            known = self.names[name] = _Variable(self.place(item))
        self.write(item, known.places)

    def lookup(self, name: str) -> Something:
        """What a name stands for."""
        if name in self.names:
            found = self.names[name]
            return self.read(found.places) if isinstance(found, _Variable) else found
        if name in self.globals:
            return Known(self.globals[name])
        if hasattr(builtins, name):
            return Known(getattr(builtins, name))
        raise Unsupported(f"{name} is not known")

    # -----------------------------------------------------------------------------------------------------------------
    # Statements.
    # -----------------------------------------------------------------------------------------------------------------

    def statements(self, body: Sequence[ast.stmt]) -> None:
        """Some in a row, up to where one leaves."""
        for statement in body:
            if self.builder.block.is_terminated:
                return
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        """One of them."""
        match node:
            case ast.Assign(targets, value):
                found = self.value(value)
                for target in targets:
                    self._store(target, found)
            case ast.AugAssign(target, operation, value):
                self._store(target, self._binary(operation, self.value(target), self.value(value)))
            case ast.Expr(ast.Constant()) | ast.Pass():
                pass
            case ast.Expr(value):
                self.value(value)
            case ast.If(test, body, rest):
                self._if(self.condition(test), lambda: self.statements(body), lambda: self.statements(rest))
            case ast.For(ast.Name(name), ast.Call(ast.Name("range"), bounds, []), body, []):
                self._for(name, [self.value(x) for x in bounds], body)
            case ast.For(target, items, body, []):
                self._for_each(target, self.value(items), body)
            case ast.While(test, body, []):
                self._loop(lambda: self.condition(test), lambda: self.statements(body), lambda: None)
            case ast.Return(value):
                self._return(None if value is None else self.value(value))
            case ast.Continue():
                self.builder.branch(self.loops[-1][0])
            case ast.Break():
                self.builder.branch(self.loops[-1][1])
            case _:
                raise Unsupported(type(node).__name__)

    def _store(self, target: ast.expr, item: Something) -> None:
        match target:
            case ast.Name(name):
                self.assign(name, item)
            case ast.Tuple(targets):
                for part, x in zip(targets, self._parts(item), strict=True):
                    self._store(part, x)
            case ast.Subscript(array, index):
                row, place = self._place(self.value(array), index)
                if isinstance(row, Array):
                    raise Unsupported("a row at once")
                self._put(item, row.kind, place)
            case _:
                raise Unsupported("a target")

    def _put(self, item: Something, kind: str, place: ir.Value) -> None:
        """Store a number where an array has its numbers."""
        if kind == "bool":
            x = self.builder.zext(self.truth(item), ir.IntType(8))
        elif kind in _NARROW:
            x = self.builder.trunc(self.as_kind(item, "int64"), KINDS[kind])
        else:
            x = self.as_kind(item, kind)
        self.builder.store(x, place)

    def _loaded(self, kind: str, place: ir.Value) -> Number:
        """A number of an array; whole ones are computed with 64 bits."""
        x = self.builder.load(place)
        if kind == "bool":
            return Number("bool", self.builder.trunc(x, KINDS["bool"]))
        if kind in _NARROW:
            widen = self.builder.zext if kind == "uint32" else self.builder.sext
            return Number("int64", widen(x, KINDS["int64"]))
        return Number(kind, x)

    def _return(self, item: Something) -> None:
        if item is not None:
            if self.result is None:
                self.result = self.place(item)
            elif _skeleton(self.result) == "float64":
                item = Number("float64", self.double(item))
            if _skeleton(self._firm(item)) != _skeleton(self.result):
                raise Unsupported("results of two kinds")
            self.write(item, self.result)
        self.builder.branch(self.end)

    def _if(self, test: ir.Value, then: Callable[[], None], otherwise: Callable[[], None]) -> None:
        blocks = [self.builder.append_basic_block() for _ in range(3)]
        self.builder.cbranch(test, blocks[0], blocks[1])
        self.depth += 1
        for block, write in zip(blocks, (then, otherwise), strict=False):
            self.builder.position_at_end(block)
            write()
            if not self.builder.block.is_terminated:
                self.builder.branch(blocks[2])
        self.depth -= 1
        self.builder.position_at_end(blocks[2])
        if not any(block is blocks[2] for block in _targets(self.builder.function)):
            self.builder.unreachable()

    def _loop(self, test: Callable[[], ir.Value], body: Callable[[], None], step: Callable[[], None]) -> None:
        head, inside, again, end = [self.builder.append_basic_block() for _ in range(4)]
        self.builder.branch(head)
        self.builder.position_at_end(head)
        self.builder.cbranch(test(), inside, end)
        self.builder.position_at_end(inside)
        self.loops.append((again, end))
        self.depth += 1
        body()
        self.depth -= 1
        self.loops.pop()
        if not self.builder.block.is_terminated:
            self.builder.branch(again)
        self.builder.position_at_end(again)
        step()
        self.builder.branch(head)
        self.builder.position_at_end(end)

    def _for(self, name: str, bounds: list[Something], body: Sequence[ast.stmt]) -> None:
        start, stop, by = [*(bounds if len(bounds) > 1 else [Known(0), *bounds]), Known(1)][:3]
        self._count(start, stop, by, lambda i: self.assign(name, i), body)

    def _for_each(self, target: ast.expr, items: Something, body: Sequence[ast.stmt]) -> None:
        if isinstance(items, Array) and len(items.shape) == 1:
            self._count(
                Known(0),
                Number("int64", items.shape[0]),
                Known(1),
                lambda i: self._store(target, self._loaded(items.kind, self._step(items.pointer, i.x))),
                body,
            )
        else:
            if any(isinstance(x, (ast.Break, ast.Continue)) for part in body for x in ast.walk(part)):
                raise Unsupported("leaving a loop that is written out")
            for item in self._parts(items):
                self._store(target, item)
                self.statements(body)

    def _count(
        self,
        start: Something,
        stop: Something,
        by: Something,
        begin: Callable[[Number], None],
        body: Sequence[ast.stmt],
    ) -> None:
        first, last, size = (self.as_kind(x, "int64") for x in (start, stop, by))
        place = self.room(first.type)
        self.builder.store(first, place)

        def test() -> ir.Value:
            here = self.builder.load(place)
            if isinstance(by, Known):
                return self.builder.icmp_signed("<" if by.value > 0 else ">", here, last)
            up, down = (self.builder.icmp_signed(sign, here, last) for sign in "<>")
            return self.builder.select(self.builder.icmp_signed("<", size, ir.Constant(size.type, 0)), down, up)

        def once() -> None:
            begin(Number("int64", self.builder.load(place)))
            self.statements(body)

        def step() -> None:
            self.builder.store(self.builder.add(self.builder.load(place), size, flags=("nsw",)), place)

        self._loop(test, once, step)

    # -----------------------------------------------------------------------------------------------------------------
    # Expressions.
    # -----------------------------------------------------------------------------------------------------------------

    def value(self, node: ast.expr) -> Something:
        """What an expression stands for."""
        match node:
            case ast.Constant(x):
                return Known(x)
            case ast.Name(name):
                return self.lookup(name)
            case ast.Tuple(items):
                return tuple([self.value(x) for x in items])
            case ast.BinOp(left, operation, right):
                return self._binary(operation, self.value(left), self.value(right))
            case ast.UnaryOp(ast.Not(), operand):
                return Number("bool", self.builder.not_(self.condition(operand)))
            case ast.UnaryOp(operation, operand):
                return self._unary(operation, self.value(operand))
            case ast.Compare(left, operations, others):
                operands = [self.value(x) for x in [left, *others]]
                pairs = zip(operands, operations, operands[1:], strict=False)
                tests = [self._compare(_COMPARED.get(type(op), ""), x, y) for x, op, y in pairs]
                return Number("bool", _joined(self.builder.and_, tests))
            case ast.BoolOp(operation, operands):
                return Number("bool", self._either_or(operation, operands, self._flag))
            case ast.IfExp(test, then, otherwise):
                return self._choice(self.condition(test), then, otherwise)
            case ast.Call(ast.Attribute(array, "reshape"), shape, []):
                rows = self.value(array)
                if any(isinstance(x, ast.UnaryOp) for x in shape):
                    raise Unsupported("a length from the rest")
                return Array(rows.kind, rows.pointer, tuple([self.as_kind(self.value(x), "int64") for x in shape]))
            case ast.Call(ast.Attribute(array, "copy"), [], []):
                return self._copied(self.value(array))
            case ast.Call(function, arguments, []):
                return self.call(self.value(function), [self.value(x) for x in arguments])
            case ast.Attribute(ast.Attribute(array, "ctypes"), "data"):
                return Number("int64", self.builder.ptrtoint(self.value(array).pointer, KINDS["int64"]))
            case ast.Attribute(owner, name):
                return self._attribute(self.value(owner), name)
            case ast.Subscript(array, index):
                return self._item(self.value(array), index)
        raise Unsupported(type(node).__name__)

    def _attribute(self, owner: Something, name: str) -> Something:
        if isinstance(owner, Array) and name == "shape":
            return tuple([Number("int64", x) for x in owner.shape])
        if isinstance(owner, Known) and isinstance(owner.value, ModuleType):
            return Known(getattr(owner.value, name))
        raise Unsupported(f"attribute {name}")

    def _binary(self, operation: ast.operator, left: Something, right: Something) -> Something:
        how = type(operation)
        if how in _FOLDED and all(isinstance(x, Known) and type(x.value) in (int, float) for x in (left, right)):
            return Known(_FOLDED[how](left.value, right.value))
        x, y = self.number(left), self.number(right)
        whole = {x.kind, y.kind} <= {"int64", "uint64", "bool"}
        if not whole or how is ast.Div:
            kind = "float32" if x.kind == y.kind == "float32" else "float64"
            if how not in _FLOATING:
                raise Unsupported(f"{how.__name__} of floats")
            write = getattr(self.builder, _FLOATING[how])
            return Number(kind, write(self.as_kind(x, kind), self.as_kind(y, kind)))
        if x.kind != y.kind:
            if "uint64" in (x.kind, y.kind):
                raise Unsupported("signs")
            x, y = (Number("int64", self.as_kind(z, "int64")) for z in (x, y))
        if how in (ast.FloorDiv, ast.Mod) and x.kind == "int64":
            return Number("int64", self._divided(x.x, y.x, how is ast.Mod))
        if how not in _WHOLE:
            raise Unsupported(f"{how.__name__} of whole numbers")
        if how is ast.RShift and x.kind == "int64":
            return Number("int64", self.builder.ashr(x.x, y.x))
        if x.kind == "bool" and how not in (ast.BitAnd, ast.BitOr, ast.BitXor):
            return self._binary(operation, Number("int64", self.as_kind(x, "int64")), y)
        flags = ("nsw",) if x.kind == "int64" and how in (ast.Add, ast.Sub, ast.Mult) else ()
        write = getattr(self.builder, _WHOLE[how])
        return Number(x.kind, write(x.x, y.x, flags=flags) if flags else write(x.x, y.x))

    def _divided(self, x: ir.Value, y: ir.Value, rest: bool) -> ir.Value:
        """As Python has it: the remainder has the sign of the divisor."""
        builder, zero = self.builder, ir.Constant(ir.IntType(64), 0)
        quotient, remainder = builder.sdiv(x, y), builder.srem(x, y)
        other = builder.icmp_signed("<", builder.xor(remainder, y), zero)
        off = builder.and_(builder.icmp_signed("!=", remainder, zero), other)
        if rest:
            return builder.add(remainder, builder.select(off, y, zero))
        return builder.sub(quotient, builder.zext(off, zero.type))

    def _unary(self, operation: ast.unaryop, operand: Something) -> Something:
        if isinstance(operand, Known) and type(operand.value) in (int, float):
            if not isinstance(operation, (ast.USub, ast.UAdd)):
                raise Unsupported(type(operation).__name__)
            return Known(-operand.value) if isinstance(operation, ast.USub) else operand
        if not isinstance(operation, ast.USub):
            raise Unsupported("unary operator")
        x = self.number(operand)
        if x.kind not in ("int64", "float64", "float32"):
            raise Unsupported(f"- of {x.kind}")
        return Number(x.kind, self.builder.neg(x.x) if x.kind == "int64" else self.builder.fneg(x.x))

    def _compare(self, sign: str, left: Something, right: Something) -> ir.Value:
        x, y = self.number(left), self.number(right)
        if {x.kind, y.kind} <= {"int64", "bool"}:
            return self.builder.icmp_signed(sign, self.as_kind(x, "int64"), self.as_kind(y, "int64"))
        if x.kind == y.kind == "uint64":
            return self.builder.icmp_unsigned(sign, x.x, y.x)
        if "uint64" in (x.kind, y.kind):
            raise Unsupported("signs")
        kind = "float32" if x.kind == y.kind == "float32" else "float64"
        compare = self.builder.fcmp_unordered if sign == "!=" else self.builder.fcmp_ordered
        return compare(sign, self.as_kind(x, kind), self.as_kind(y, kind))

    def condition(self, node: ast.expr) -> ir.Value:
        """Whether an expression is true, where nothing else of it counts."""
        if isinstance(node, ast.BoolOp):
            return self._either_or(node.op, node.values, self.condition)
        return self.truth(self.value(node))

    def _either_or(
        self, operation: ast.boolop, operands: Sequence[ast.expr], flag: Callable[[ast.expr], ir.Value]
    ) -> ir.Value:
        """The later operands count, and are computed, only if the earlier ones leave it open."""
        first, *rest = operands
        place = self.room(KINDS["bool"])
        self.builder.store(flag(first), place)
        for operand in rest:
            found = self.builder.load(place)

            def more(operand: ast.expr = operand) -> None:
                self.builder.store(flag(operand), place)

            self._if(found if isinstance(operation, ast.And) else self.builder.not_(found), more, lambda: None)
        return self.builder.load(place)

    def _flag(self, node: ast.expr) -> ir.Value:
        """Of an operand whose value counts: there are only truth values."""
        x = self.number(self.value(node))
        if x.kind != "bool":
            raise Unsupported("and, or of numbers")
        return x.x

    def _choice(self, test: ir.Value, then: ast.expr, otherwise: ast.expr) -> Something:
        blocks = [self.builder.append_basic_block() for _ in range(3)]
        self.builder.cbranch(test, blocks[0], blocks[1])
        found, ends = [], []
        for block, node in zip(blocks, (then, otherwise), strict=False):
            self.builder.position_at_end(block)
            found.append(self._firm(self.value(node)))
            ends.append(self.builder.block)
        if {*map(_skeleton, found)} in ({"float64", "int64"}, {"float64", "float32"}):
            for i, end in enumerate(ends):
                self.builder.position_at_end(end)
                found[i] = Number("float64", self.double(found[i]))
        if _skeleton(found[0]) != _skeleton(found[1]):
            raise Unsupported("a choice between two kinds")
        for end in ends:
            self.builder.position_at_end(end)
            self.builder.branch(blocks[2])
        self.builder.position_at_end(blocks[2])
        merged = []
        for pair in zip(*map(_leaves, found), strict=True):
            phi = self.builder.phi(pair[0].type)
            for x, end in zip(pair, ends, strict=True):
                phi.add_incoming(x, end)
            merged.append(phi)
        return _rebuilt(found[0], iter(merged))

    # -----------------------------------------------------------------------------------------------------------------
    # Arrays and tuples.
    # -----------------------------------------------------------------------------------------------------------------

    def _parts(self, item: Something) -> list[Something]:
        if isinstance(item, Known) and isinstance(item.value, tuple):
            return [Known(x) for x in item.value]
        if isinstance(item, (Known, Number, Array)):
            raise Unsupported("parts")
        return [*item]

    def allocate(self, kind: str, shape: Sequence[ir.Value], zeros: bool = False) -> Array:
        """An array that lives until what is returned was read; the function returns 1 if there is no room for it."""
        builder, whole, place = self.builder, ir.IntType(64), self.writer.allocated
        if place is None or place.function is not builder.function:
            raise Unsupported("an array that nobody frees")
        size: ir.Value = ir.Constant(whole, _SIZES[kind])
        for n in shape:
            size = builder.mul(size, n, flags=("nsw",))
        size = builder.add(size, ir.Constant(whole, 16))
        if zeros:
            new = self.external("calloc", ir.FunctionType(whole, [whole, whole]))
            start = builder.call(new, [ir.Constant(whole, 1), size])
        else:
            start = builder.call(self.external("malloc", ir.FunctionType(whole, [whole])), [size])
        with builder.if_then(builder.icmp_unsigned("==", start, ir.Constant(whole, 0)), likely=False):
            builder.ret(ir.Constant(ir.DoubleType(), 1.0))
        builder.store(builder.load(place), builder.inttoptr(start, whole.as_pointer()))  # they are linked
        builder.store(start, place)
        pointer = ir.IntType(8) if kind == "bool" else KINDS[kind]
        numbers = builder.inttoptr(builder.add(start, ir.Constant(whole, 16)), pointer.as_pointer())
        return Array(kind, numbers, tuple(shape))

    def fill(self, array: Array, item: Something) -> Array:
        """Write the same number, or those of another array, everywhere."""
        if len(array.shape) != 1:
            raise Unsupported("filling rows")
        size = Number("int64", array.shape[0])

        def put(i: Number) -> None:
            x = self._loaded(item.kind, self._step(item.pointer, i.x)) if isinstance(item, Array) else item
            self._put(x, array.kind, self._step(array.pointer, i.x))

        self._count(Known(0), size, Known(1), put, [])
        return array

    def _copied(self, array: Something) -> Array:
        if not isinstance(array, Array) or len(array.shape) != 1:
            raise Unsupported("copy")
        return self.fill(self.allocate(array.kind, array.shape), array)

    def _item(self, array: Something, index: ast.expr) -> Something:
        if isinstance(array, Known) and isinstance(array.value, np.ndarray):
            array = self._constant(array.value)
        if isinstance(array, Array):
            if isinstance(index, ast.Slice):
                return self._slice(array, index)
            row, place = self._place(array, index)
            if isinstance(row, Array) and row.shape:
                return row
            return self._loaded(row.kind, place)
        at = self.value(index)
        parts = self._parts(array)
        if isinstance(at, Known):
            return parts[at.value]
        table = self._constant(np.array([part.value for part in parts], float)) if isinstance(array, Known) else None
        if table is None:
            raise Unsupported("a place in a tuple that is computed")
        return Number("float64", self.builder.load(self._step(table.pointer, self.as_kind(at, "int64"))))

    def _constant(self, numbers: Any) -> Array:
        """A table within the module."""
        if numbers.dtype != np.float64:
            raise Unsupported("a table")
        kind = ir.ArrayType(ir.DoubleType(), numbers.size)
        table = ir.GlobalVariable(self.writer.module, kind, self.writer.module.get_unique_name("table"))
        table.global_constant, table.linkage = True, "internal"
        table.initializer = ir.Constant(kind, [*map(float, numbers.ravel())])
        pointer = self.builder.bitcast(table, ir.DoubleType().as_pointer())
        return Array("float64", pointer, tuple([ir.Constant(ir.IntType(64), n) for n in numbers.shape]))

    def _step(self, pointer: ir.Value, by: ir.Value) -> ir.Value:
        return self.builder.gep(pointer, [by])

    def _place(self, array: Something, index: ast.expr) -> tuple[Any, ir.Value]:
        """Where an index leads: a number of an array in a row; a row, or the rest of one, of an array with two axes."""
        if not isinstance(array, Array):
            raise Unsupported("an index")
        if len(array.shape) == 1:
            at = self._index(index)
            return Number(array.kind, array.pointer), self._step(array.pointer, at)
        if len(array.shape) != 2:
            raise Unsupported("more than two axes")
        row, *rest = index.elts if isinstance(index, ast.Tuple) else [index]
        by = self.builder.mul(self._index(row), array.shape[1], flags=("nsw",))
        found = Array(array.kind, self._step(array.pointer, by), array.shape[1:])
        if not rest:
            return found, found.pointer
        if isinstance(rest[0], ast.Slice):
            found = self._slice(found, rest[0])
            return found, found.pointer
        return self._place(found, rest[0])

    def _index(self, node: ast.expr) -> ir.Value:
        """An index, from the front."""
        at = self.value(node)
        if isinstance(at, Known) and at.value < 0:
            raise Unsupported("an index from the end")
        return self.as_kind(at, "int64")

    def _slice(self, array: Array, index: ast.Slice) -> Array:
        if index.step is not None:
            raise Unsupported("a slice with steps")
        low = self._index(index.lower) if index.lower else ir.Constant(ir.IntType(64), 0)
        high = self._index(index.upper) if index.upper else array.shape[0]
        size = None if high is None else self.builder.sub(high, low, flags=("nsw",))
        for n in array.shape[1:]:
            low = self.builder.mul(low, n, flags=("nsw",))
        return Array(array.kind, self._step(array.pointer, low), (size, *array.shape[1:]))

    # -----------------------------------------------------------------------------------------------------------------
    # Numbers.
    # -----------------------------------------------------------------------------------------------------------------

    def number(self, item: Something) -> Number:
        """A number, where it is one."""
        if isinstance(item, Number):
            return item
        if not isinstance(item, Known) or not isinstance(item.value, _CONSTANT):
            raise Unsupported("not a number")
        x = item.value
        if isinstance(x, (bool, np.bool_)):
            return Number("bool", ir.Constant(KINDS["bool"], int(x)))
        if isinstance(x, np.uint64):
            return Number("uint64", ir.Constant(KINDS["uint64"], int(x)))
        if isinstance(x, (int, np.integer)):
            if not -(2**63) <= int(x) < 2**63:
                raise Unsupported("a whole number of more than 64 bits")
            return Number("int64", ir.Constant(KINDS["int64"], int(x)))
        return Number("float64", ir.Constant(KINDS["float64"], float(x)))

    def double(self, item: Something) -> ir.Value:
        """A number in double precision."""
        return self.as_kind(item, "float64")

    def as_kind(self, item: Something, kind: str) -> ir.Value:
        """A number as one of another kind."""
        found, x = self.number(item)
        if found == kind:
            return x
        match found, kind:
            case ("bool" | "int64", "float64" | "float32"):
                write = self.builder.uitofp if found == "bool" else self.builder.sitofp
                return write(x, KINDS[kind])
            case "float64", "float32":
                return self.builder.fptrunc(x, KINDS[kind])
            case "float32", "float64":
                return self.builder.fpext(x, KINDS[kind])
            case (("float64" | "float32"), "int64"):
                return self.builder.fptosi(x, KINDS[kind])
            case "bool", "int64":
                return self.builder.zext(x, KINDS[kind])
            case (("int64" | "uint64"), ("int64" | "uint64")):
                return x
        raise Unsupported(f"{found} as {kind}")

    def truth(self, item: Something) -> ir.Value:
        """Whether a number is not 0."""
        x = self.number(item)
        return x.x if x.kind == "bool" else self._compare("!=", x, Number(x.kind, ir.Constant(x.x.type, 0)))


class _Variable:
    """A name that stands for one thing and then another of the same kind."""

    def __init__(self, places: Something) -> None:
        self.places = places


def _targets(function: ir.Function) -> list[ir.Block]:
    """The blocks that something leads to."""
    ends = [block.terminator for block in function.blocks if block.is_terminated]
    return [x for end in ends for x in end.operands if isinstance(x, ir.Block)]


def _joined(write: Callable[[Any, Any], Any], items: list[Any]) -> Any:
    first, *rest = items
    for item in rest:
        first = write(first, item)
    return first


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


def _two_whole(scope: _Scope, items: Sequence[Something]) -> list[ir.Value]:
    numbers = [scope.number(item) for item in items]
    if [x.kind for x in numbers] != ["int64", "int64"]:
        raise Unsupported("min or max of other things than two whole numbers")
    return [x.x for x in numbers]


def _greatest(scope: _Scope, *items: Something) -> Number:
    x, y = _two_whole(scope, items)
    return Number("int64", scope.builder.select(scope.builder.icmp_signed(">", y, x), y, x))


def _least(scope: _Scope, *items: Something) -> Number:
    x, y = _two_whole(scope, items)
    return Number("int64", scope.builder.select(scope.builder.icmp_signed("<", y, x), y, x))


def _allocated(scope: _Scope, shape: Something, kind: Something, zeros: bool = False) -> Array:
    name = "float64" if kind is None else np.dtype(kind.value).name
    sizes = shape if isinstance(shape, tuple) and not isinstance(shape, (Number, Known)) else (shape,)
    return scope.allocate(name, [scope.as_kind(x, "int64") for x in sizes], zeros)


def _length(scope: _Scope, item: Something) -> Something:
    if isinstance(item, Array):
        if item.shape[0] is None:
            raise Unsupported("a length that is not known")
        return Number("int64", item.shape[0])
    return Known(len(scope._parts(item)))


def _finite(scope: _Scope, item: Something) -> Number:
    x = scope.double(item)
    return Number("bool", scope.builder.fcmp_ordered("==", scope.builder.fsub(x, x), ir.Constant(x.type, 0.0)))


def _frexp(scope: _Scope, item: Something) -> Something:
    whole = ir.IntType(32)
    exponent = scope.room(whole)
    kind = ir.FunctionType(ir.DoubleType(), [ir.DoubleType(), whole.as_pointer()])
    mantissa = scope.builder.call(scope.external("frexp", kind), [scope.double(item), exponent])
    found = scope.builder.sext(scope.builder.load(exponent), KINDS["int64"])
    return Number("float64", mantissa), Number("int64", found)


def _ldexp(scope: _Scope, item: Something, exponent: Something) -> Something:
    whole = ir.IntType(32)
    kind = ir.FunctionType(ir.DoubleType(), [ir.DoubleType(), whole])
    by = scope.builder.trunc(scope.as_kind(exponent, "int64"), whole)
    return Number("float64", scope.builder.call(scope.external("ldexp", kind), [scope.double(item), by]))


def _kind_of(kind: str) -> Callable[[_Scope, Something], Number]:
    return lambda scope, item: Number(kind, scope.as_kind(item, kind))


_BUILTIN: dict[Any, Callable[..., Something]] = {
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
