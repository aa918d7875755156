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
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import binding, ir
from numba.core.dispatcher import Dispatcher

from .arithmetic import COMPARED, Arithmetic
from .calls import called, external, known
from .definitions import definition, names_of
from .operands import CONSTANT, KINDS, Array, Known, Number, Something, Unsupported, leaves, rebuilt, skeleton

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Array", "Known", "Number", "Scope", "Unsupported", "Writer"]


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
        finish: Callable[[Scope, Something], None] | None = None,
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
        scope = Scope(self, builder)
        found = scope.inline(getattr(function, "py_func", function), arguments(builder, written.args))
        if finish is not None:
            finish(scope, found)
            found = None
        if not builder.block.is_terminated:
            builder.ret(scope.double(Known(0.0) if found is None else found))

    def outline(self, function: Any, passed: Sequence[Any]) -> ir.Function:
        """A function that returns nothing, for arguments of these kinds, once for all its calls."""
        shapes = [skeleton(x) for x in passed]
        key = (function, *shapes)
        if key not in self.outlined:
            flat = [x for item in passed for x in leaves(item)]
            kind = ir.FunctionType(ir.VoidType(), [x.type for x in flat])
            written = ir.Function(self.module, kind, self.module.get_unique_name(function.__name__))
            written.linkage = "internal"
            self.outlined[key] = written
            builder, waiting = _begin(written), iter(written.args)
            Scope(self, builder).inline(function, [rebuilt(x, waiting) for x in passed])
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


class Scope(Arithmetic):
    """The names of a function while it is written."""

    def __init__(self, writer: Writer, builder: ir.IRBuilder) -> None:
        super().__init__(builder)
        self.writer = writer
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
        inner = Scope(self.writer, self.builder)
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
        python = getattr(function.value, "function", function.value)  # of a driver
        if isinstance(python, Dispatcher):
            if "pipeline_class" in python.targetoptions or python.targetoptions.get("error_model") == "python":
                raise Unsupported("numba's own way")
            inside = python.targetoptions.get("forceinline")
            python = python.py_func
            if not inside and python.__annotations__.get("return") == "None":
                flat = [x for item in passed for x in leaves(item)]
                self.builder.call(self.writer.outline(python, passed), flat)
                return None
        if isinstance(python, FunctionType) and not known(python):
            return self.inline(python, passed)
        return called(self, python, passed)

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
        return rebuilt(item, iter([self.room(x.type) for x in leaves(item)]))

    def write(self, item: Something, places: Something) -> None:
        """Put something into its places."""
        for x, place in zip(leaves(self._firm(item)), leaves(places), strict=True):
            self.builder.store(x, place)

    def read(self, places: Something) -> Something:
        """What is in them."""
        return rebuilt(places, iter([self.builder.load(x) for x in leaves(places)]))

    def _firm(self, item: Something) -> Something:
        """Constants as numbers, for there may be others later."""
        if isinstance(item, Known) and isinstance(item.value, CONSTANT):
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
        if isinstance(known, _Variable) and skeleton(known.places) != skeleton(item):
            if (skeleton(known.places), skeleton(item)) == ("float64", "int64"):
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
                self._store(target, self.binary(operation, self.value(target), self.value(value)))
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
                for part, x in zip(targets, self.parts(item), strict=True):
                    self._store(part, x)
            case ast.Subscript(array, index):
                row, place = self._place(self.value(array), index)
                if isinstance(row, Array):
                    raise Unsupported("a row at once")
                self.put(item, row.kind, place)
            case _:
                raise Unsupported("a target")

    def _return(self, item: Something) -> None:
        if item is not None:
            if self.result is None:
                self.result = self.place(item)
            elif skeleton(self.result) == "float64":
                item = Number("float64", self.double(item))
            if skeleton(self._firm(item)) != skeleton(self.result):
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
                lambda i: self._store(target, self.loaded(items.kind, self._step(items.pointer, i.x))),
                body,
            )
        else:
            if any(isinstance(x, (ast.Break, ast.Continue)) for part in body for x in ast.walk(part)):
                raise Unsupported("leaving a loop that is written out")
            for item in self.parts(items):
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
                return self.binary(operation, self.value(left), self.value(right))
            case ast.UnaryOp(ast.Not(), operand):
                return Number("bool", self.builder.not_(self.condition(operand)))
            case ast.UnaryOp(operation, operand):
                return self.unary(operation, self.value(operand))
            case ast.Compare(left, operations, others):
                operands = [self.value(x) for x in [left, *others]]
                pairs = zip(operands, operations, operands[1:], strict=False)
                tests = [self.compare(COMPARED.get(type(op), ""), x, y) for x, op, y in pairs]
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
        if {*map(skeleton, found)} in ({"float64", "int64"}, {"float64", "float32"}):
            for i, end in enumerate(ends):
                self.builder.position_at_end(end)
                found[i] = Number("float64", self.double(found[i]))
        if skeleton(found[0]) != skeleton(found[1]):
            raise Unsupported("a choice between two kinds")
        for end in ends:
            self.builder.position_at_end(end)
            self.builder.branch(blocks[2])
        self.builder.position_at_end(blocks[2])
        merged = []
        for pair in zip(*map(leaves, found), strict=True):
            phi = self.builder.phi(pair[0].type)
            for x, end in zip(pair, ends, strict=True):
                phi.add_incoming(x, end)
            merged.append(phi)
        return rebuilt(found[0], iter(merged))

    # -----------------------------------------------------------------------------------------------------------------
    # Arrays and tuples.
    # -----------------------------------------------------------------------------------------------------------------

    def parts(self, item: Something) -> list[Something]:
        """What is in a tuple."""
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
        size: ir.Value = ir.Constant(whole, np.dtype(kind).itemsize)
        for n in shape:
            size = builder.mul(size, n, flags=("nsw",))
        size = builder.add(size, ir.Constant(whole, 16))
        if zeros:
            new = external(builder, "calloc", ir.FunctionType(whole, [whole, whole]))
            start = builder.call(new, [ir.Constant(whole, 1), size])
        else:
            start = builder.call(external(builder, "malloc", ir.FunctionType(whole, [whole])), [size])
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
            x = self.loaded(item.kind, self._step(item.pointer, i.x)) if isinstance(item, Array) else item
            self.put(x, array.kind, self._step(array.pointer, i.x))

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
            return self.loaded(row.kind, place)
        at = self.value(index)
        parts = self.parts(array)
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
