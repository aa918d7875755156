"""Derivatives of functions: grad, jacobian, hessian, jvp, vjp and their kin, of any order and nested in any way.

A transform calls the function on fresh Values, so that a graph is recorded, and sweeps over the part of the graph
between those inputs and the output; nothing on the graph is written.  Reverse sweeps (``gradients``, ``grad``, ``vjp``)
carry adjoints from the output down, forward sweeps (``jvp``) carry tangents up; both read the same local derivatives.

For a derivative of a derivative, a sweep multiplies by the rules evaluated on Values instead of by the recorded floats,
and so records a graph itself.  Inputs that are Values already, of an outer derivative, enter as a new node each: that
keeps the two apart (perturbation confusion) and yet connected.

Arguments are numbers, Values, or nested lists, tuples, dicts and NumPy arrays of them, and results have the same
structure.  Numbers give floats, unless the function reaches a Value from outside, an argument or one in its closure:
then results are Values, so that no derivative with respect to it is lost.
"""

from __future__ import annotations

from functools import cached_property
from math import inf, isfinite
from operator import attrgetter, index
from typing import TYPE_CHECKING

from . import ops
from .entrance import as_number
from .errors import OperandError
from .operators import Ieee
from .pausing import recording
from .signs import settled, signs
from .sweep import adjoints
from .tracing import current_trace, note_read
from .tree import flatten, leaves_like, unflatten
from .value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from .tree import Structure

    Scalar = Value | float

__all__ = ["derivative", "grad", "gradients", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]


# ---------------------------------------------------------------------------------------------------------------------
# Sweeps over a recorded graph.
# ---------------------------------------------------------------------------------------------------------------------


class _Between:
    """The part of a graph that lies between inputs and outputs.

    Attributes:
        nodes: those that depend on an input and that an output depends on, parents before children.
        reaches_outside: whether an output depends on a Value that is older than the inputs.

    A node older than every input cannot depend on one, so the search stops there: a derivative inside a loop inside
    a derivative costs what its own part of the graph costs.
    """

    def __init__(self, outputs: Iterable[Scalar], inputs: Sequence[Value]) -> None:
        oldest = min([x.serial for x in inputs], default=inf)
        found: set[Value] = set()
        waiting = [output for output in outputs if isinstance(output, Value)]
        self.reaches_outside = False
        while waiting:
            node = waiting.pop()
            if node.serial < oldest:
                self.reaches_outside = True
            elif node not in found:
                found.add(node)
                waiting.extend(node.parents)
        self.inputs = wanted = set(inputs)
        self.nodes: dict[Value, None] = {}  # a set that keeps its order
        depending = self.nodes.keys()
        for node in sorted(found, key=attrgetter("serial")):
            if node in wanted or not depending.isdisjoint(node.parents):
                self.nodes[node] = None

    @cached_property
    def signs(self) -> dict[Value, int]:
        """Of the nodes, those whose sign is plain."""
        return signs(self.nodes)

    def adjoints(self, seeds: Iterable[tuple[Scalar, Scalar]], create_graph: bool) -> dict[Value, Scalar]:
        """Reverse sweep: from pairs (output, its adjoint), the adjoint of every node between."""
        total: dict[Value, Scalar] = {}
        for output, seed in seeds:
            if isinstance(output, Value) and output in self.nodes:
                total[output] = total[output] + seed if output in total else seed
        if create_graph:
            return adjoints(self.nodes, total, self._local, _product, self._parents)
        return adjoints(self.nodes, total)

    def tangents(self, seeds: dict[Value, Scalar], create_graph: bool) -> dict[Scalar, Scalar]:
        """Forward sweep: from the tangents of the inputs, the tangent of every node between."""
        tangents: dict[Scalar, Scalar] = {x: seed for x, seed in seeds.items() if not _is_zero(seed)}
        for node in self.nodes:
            parents = self._parents(node) if create_graph else node.parents
            local = self._local(node) if create_graph else node.local_derivatives
            edges = zip(parents, local, strict=True)
            contributions = [_product(d, tangents[parent]) for parent, d in edges if parent in tangents]
            if contributions and node not in seeds:
                tangents[node] = sum(contributions[1:], start=contributions[0])
        return tangents

    def _local(self, node: Value) -> Sequence[Scalar]:
        """The local derivatives to the parents of ``node`` as a graph, by the rule on Values."""
        if node.op is None:
            return ()
        length = self._squared_length(node)
        if length is not None:
            return [2.0 * x for x in length.parents]
        positions = [i for i, x in enumerate(node.operands) if isinstance(x, Value) and x in self.nodes]
        operands = node.operands if node.op.analytic else settled(node, self.signs)
        try:
            local = iter(node.op.local_derivatives(operands, node, positions))
        except ZeroDivisionError:  # a constant 0 stands in a denominator, where IEEE has an infinity
            constants = [x if isinstance(x, Value) else Ieee(x) for x in operands]
            local = iter([_plain(x) for x in node.op.local_derivatives(constants, node, positions)])
        return [next(local) if parent in self.nodes else 0.0 for parent in node.parents]

    def _parents(self, node: Value) -> Sequence[Value]:
        length = self._squared_length(node)
        return node.parents if length is None else length.parents

    def _squared_length(self, node: Value) -> Value | None:
        """The length whose square ``node`` is: Σ xᵢ² is smooth at the origin too, so it is differentiated by the xᵢ."""
        match node.op and node.op.name, node.operands:
            case ("square", (x,)) | ("pow", (x, 2.0)):
                pass
            case "mul", (x, y) if x is y:
                pass
            case _:
                return None
        return x if isinstance(x, Value) and x.op and x.op.length and x not in self.inputs else None


def _product(local_derivative: Scalar, x: Scalar) -> Scalar:
    """Their product, without a node where one is the constant 1, or the constant 0 and the other finite."""
    for one, other in ((local_derivative, x), (x, local_derivative)):
        if isinstance(other, Value) and not isinstance(one, Value):
            if one == 1.0:
                return other
            if one == 0.0 and isfinite(other._data):
                return 0.0
    return local_derivative * x


def _plain(x: Scalar) -> Scalar:
    return x if isinstance(x, Value) else float(x)


def _is_zero(x: Scalar) -> bool:
    return not isinstance(x, Value) and x == 0.0


def gradients(output: Scalar, inputs: Any, create_graph: bool = False) -> Any:
    """The derivatives of ``output`` with respect to ``inputs``, any Values of its graph; the graph stays as it is.

    Args:
        output: the Value to differentiate; the derivatives of a plain number are 0.
        inputs: a Value, or a nested structure of Values.
        create_graph: give Values, which can be differentiated in turn; floats are constants to an outer derivative.

    Returns:
        The structure of ``inputs``; 0.0 for an input that the output does not depend on.

    Raises:
        OperandError: an input is no Value, or the output no scalar.

    >>> x = Value(3.0)
    >>> y = x**3
    >>> first = gradients(y, x, create_graph=True)
    >>> first.data, gradients(first, x), x.grad
    (27.0, 18.0, 0.0)
    """
    leaves, structure = flatten(inputs)
    for leaf in leaves:
        if not isinstance(leaf, Value):
            raise OperandError(f"gradients: inputs are Values of the graph, not {type(leaf).__name__} {leaf!r}")
    output = _scalar(output, "gradients: the output")
    if not create_graph and isinstance(output, Value):
        note_read(output)
    with recording():
        found = _gradients(output, leaves, _Between([output], leaves), create_graph)
        return unflatten(structure, map(_Finish(create_graph, False), found))


def _gradients(output: Scalar, inputs: Sequence[Value], between: _Between, create_graph: bool) -> list[Scalar]:
    found = between.adjoints([(output, 1.0)], create_graph)
    return [found.get(x, 0.0) for x in inputs]


def _keeps_graph(reaches_outside: bool, paused: bool) -> bool:
    """Whether results are Values with a graph: inside ``no_grad()`` in a trace alone, which computes them anew."""
    return reaches_outside and (not paused or current_trace() is not None)


class _Finish:
    """Results as they leave a transform: floats, or Values where the function reaches outside; leaves in no_grad()."""

    def __init__(self, reaches_outside: bool, paused: bool) -> None:
        self.reaches_outside = reaches_outside
        self.paused = paused

    def __call__(self, x: Scalar) -> Scalar:
        if _keeps_graph(self.reaches_outside, self.paused) and isinstance(x, Value):
            return x.detach() if self.paused else x
        number = x.data if isinstance(x, Value) else x
        return Value(number) if self.reaches_outside else number


def _scalar(x: Any, what: str) -> Scalar:
    if isinstance(x, Value):
        return x
    if isinstance(x, (list, tuple, dict)):
        raise OperandError(f"{what} is a {type(x).__name__}, not one scalar; jacobian and vjp take several results")
    return as_number(x, what, "must be")


# ---------------------------------------------------------------------------------------------------------------------
# Transforms of functions.
# ---------------------------------------------------------------------------------------------------------------------


def argument_numbers(argnums: int | Sequence[int], name: str) -> tuple[tuple[int, ...], bool]:
    """``argnums`` of a transform as a tuple, and whether it was a single number.

    Raises:
        OperandError: it is neither a whole number nor several different ones.
    """
    one = hasattr(argnums, "__index__")
    try:
        numbers = tuple(map(index, [argnums] if one else argnums))  # type: ignore[arg-type]
    except TypeError:
        raise OperandError(f"{name}: argnums is the number of an argument, or several, not {argnums!r}") from None
    return numbers, one


def positions_of(argnums: Sequence[int], args: Sequence[Any], name: str) -> list[int]:
    """The places of the arguments ``argnums``, counted from the first.

    Raises:
        OperandError: there is no such argument, or one is named twice.
    """
    for i in argnums:
        if not -len(args) <= i < len(args):
            raise OperandError(f"{name}: no positional argument {i} to differentiate; {len(args)} were given")
    positions = [i % len(args) for i in argnums]
    if len(set(positions)) < len(positions):
        raise OperandError(f"{name}: argnums {tuple(argnums)} names an argument twice")
    return positions


class _Arguments:
    """The arguments of a call, those to differentiate replaced by fresh Values."""

    def __init__(self, name: str, args: Sequence[Any], argnums: Sequence[int]) -> None:
        self.fresh: list[Value] = []
        self.args = list(args)
        self.structures: list[Structure] = []
        for i in positions_of(argnums, args, name):
            leaves, structure = flatten(args[i])
            values = [_fresh(leaf, f"{name}: argument {i}") for leaf in leaves]
            self.args[i] = unflatten(structure, values)
            self.fresh += values
            self.structures.append(structure)

    def like(self, results: Iterable[Any]) -> tuple[Any, ...]:
        """Results, one for each fresh Value, in the structures of the arguments."""
        rest = iter(results)
        return tuple([unflatten(structure, rest) for structure in self.structures])


def _fresh(x: Any, what: str) -> Value:
    """A new Value for an argument: a leaf for a number, a node of its own above a Value of an outer derivative."""
    return ops.identity(x) if isinstance(x, Value) else Value(as_number(x, what, "must be"))


def _check_function(name: str, f: object) -> None:
    if not callable(f):
        remedy = "for a Value that is computed already there is gradients(output, inputs)"
        raise OperandError(f"{name} takes a function, not {type(f).__name__} {f!r:.60}; {remedy}")


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The function that gives the gradient of ``f``, a function with one scalar result.

    Args:
        f: a function of numbers or of nested structures of them.
        argnums: which positional argument to differentiate with respect to, or several.

    Returns:
        A function of the same arguments, whose result has the structure of that argument; a tuple, for several.

    Raises:
        OperandError: when called, if the result of ``f`` is no real number or Value, or an argument is none.

    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(lambda p: p["a"] * p["b"][0])({"a": 2.0, "b": [5.0]})
    {'a': 5.0, 'b': [2.0]}
    >>> grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0)
    1.0
    """
    with_value = value_and_grad(f, argnums)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        return with_value(*args, **kwargs)[1]

    return gradient


def value_and_grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., tuple[Any, Any]]:
    """Like ``grad``; the function gives the pair (value of f, gradient).

    >>> value_and_grad(lambda x, y: x * y, argnums=(0, 1))(2.0, 3.0)
    (6.0, (3.0, 2.0))
    """
    _check_function("grad", f)
    numbers, one = argument_numbers(argnums, "grad")

    def pair(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        with recording() as paused:
            arguments = _Arguments("grad", args, numbers)
            output = _scalar(f(*arguments.args, **kwargs), "grad: the result of the function")
            between = _Between([output], arguments.fresh)
            slopes = _gradients(output, arguments.fresh, between, _keeps_graph(between.reaches_outside, paused))
            finish = _Finish(between.reaches_outside, paused)
            gradient = arguments.like(map(finish, slopes))
            return finish(output), gradient[0] if one else gradient

    return pair


def derivative(f: Callable[[Any], Any], x: Scalar, n: int = 1) -> Any:
    """The n-th derivative at ``x`` of a function of one number.

    >>> [derivative(lambda x: x**4, 1.0, n) for n in range(6)]
    [1.0, 4.0, 12.0, 24.0, 24.0, 0.0]
    """
    _check_function("derivative", f)
    if not isinstance(n, int) or n < 0:
        raise OperandError(f"derivative: the order n is a whole number from 0 on, not {n!r}")
    with recording() as paused:
        fresh = _fresh(x, "derivative: x")
        y = _scalar(f(fresh), "derivative: the result of the function")
        outside = _Between([y], [fresh]).reaches_outside
        for order in range(n):
            last = order == n - 1 and not _keeps_graph(outside, paused)
            (y,) = _gradients(y, [fresh], _Between([y], [fresh]), create_graph=not last)
        return _Finish(outside, paused)(y)


def jacobian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The function that gives all first derivatives of ``f``, whose result may be a structure of scalars.

    The result has the structure of f's result, with the structure of the argument in the place of each scalar.  It
    takes one reverse sweep per result or one forward sweep per argument, whichever are fewer.

    >>> jacobian(lambda x: [x[0] * x[1], x[0] + 3 * x[1]])([2.0, 5.0])
    [[5.0, 2.0], [1.0, 3.0]]
    """
    _check_function("jacobian", f)
    numbers, one = argument_numbers(argnums, "jacobian")

    def derivatives(*args: Any, **kwargs: Any) -> Any:
        with recording() as paused:
            arguments = _Arguments("jacobian", args, numbers)
            inputs = arguments.fresh
            outputs, structure = _results(f(*arguments.args, **kwargs), "jacobian")
            between = _Between(outputs, inputs)
            graph = _keeps_graph(between.reaches_outside, paused)
            if len(outputs) <= len(inputs):
                rows = [_gradients(y, inputs, _Between([y], inputs), graph) for y in outputs]
            else:
                columns = [between.tangents(_unit(inputs, x), graph) for x in inputs]
                rows = [[column.get(y, 0.0) for column in columns] for y in outputs]
            finish = _Finish(between.reaches_outside, paused)
            parts = [arguments.like(map(finish, row)) for row in rows]
            return unflatten(structure, [part[0] for part in parts] if one else parts)

    return derivatives


def _unit(inputs: Sequence[Value], x: Value) -> dict[Value, Scalar]:
    return {y: 1.0 if y is x else 0.0 for y in inputs}


def _results(tree: Any, name: str) -> tuple[list[Scalar], Structure]:
    leaves, structure = flatten(tree)
    return [_scalar(leaf, f"{name}: a result of the function") for leaf in leaves], structure


def hessian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The function that gives all second derivatives of ``f``, a function with one scalar result.

    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 5.0])
    [[10.0, 6.0], [6.0, 0.0]]
    """
    return jacobian(grad(f, argnums), argnums)


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Forward mode: the value of ``f`` at ``primals``, and its derivative in the direction of ``tangents``.

    Args:
        f: a function whose result is a scalar or a structure of scalars.
        primals: the tuple of its arguments.
        tangents: a tuple of the same structure.

    Returns:
        The pair (result of f, its directional derivative in the same structure).

    Raises:
        LengthError, OperandError: tangents and primals differ in structure, or hold what is no number.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (6.0, 3.0)
    """
    _check_function("jvp", f)
    primals, tangents = _tuple(primals, "jvp: primals"), _tuple(tangents, "jvp: tangents")
    with recording() as paused:
        directions = leaves_like(flatten(primals)[1], tangents, "jvp: tangents")
        directions = [d if isinstance(d, Value) else as_number(d, "jvp: a tangent", "must be") for d in directions]
        arguments = _Arguments("jvp", primals, range(len(primals)))
        outputs, structure = _results(f(*arguments.args), "jvp")
        between = _Between(outputs, arguments.fresh)
        outside = between.reaches_outside or any(isinstance(d, Value) for d in directions)
        found = between.tangents(dict(zip(arguments.fresh, directions, strict=True)), _keeps_graph(outside, paused))
        finish = _Finish(outside, paused)
        slopes = [finish(found.get(y, 0.0)) for y in outputs]
        return unflatten(structure, map(finish, outputs)), unflatten(structure, slopes)


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Reverse mode: the value of ``f``, and the function that pulls adjoints of its results back to its arguments.

    Returns:
        The pair (result of f, pullback). ``pullback(adjoint)`` takes the structure of the result and gives the tuple of
        derivatives in the structure of ``primals``; it may be called any number of times.

    >>> value, pullback = vjp(lambda x, y: [x * y, x + y], 2.0, 3.0)
    >>> value, pullback([1.0, 0.0]), pullback([0.0, 1.0])
    ([6.0, 5.0], (3.0, 2.0), (1.0, 1.0))
    """
    _check_function("vjp", f)
    with recording() as paused:
        arguments = _Arguments("vjp", primals, range(len(primals)))
        outputs, structure = _results(f(*arguments.args), "vjp")
        between = _Between(outputs, arguments.fresh)
        value = unflatten(structure, map(_Finish(between.reaches_outside, paused), outputs))

    def pullback(adjoint: Any) -> Any:
        with recording() as paused:
            seeds = leaves_like(structure, adjoint, "pullback: the adjoint")
            seeds = [s if isinstance(s, Value) else as_number(s, "pullback: an adjoint", "must be") for s in seeds]
            outside = between.reaches_outside or any(isinstance(s, Value) for s in seeds)
            found = between.adjoints(zip(outputs, seeds, strict=True), _keeps_graph(outside, paused))
            return arguments.like(map(_Finish(outside, paused), [found.get(x, 0.0) for x in arguments.fresh]))

    return value, pullback


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The Hessian of ``f`` at ``primals`` times the vector ``tangents``, for a few times the cost of ``f``.

    Forward over reverse: the derivative of the gradient in the direction of ``tangents``.

    Returns:
        A tuple of the structure of ``primals``.

    >>> hvp(lambda x: x[0] ** 2 * x[1], ([3.0, 5.0],), ([1.0, 0.0],))
    ([10.0, 6.0],)
    """
    primals = _tuple(primals, "hvp: primals")
    return jvp(grad(f, range(len(primals))), primals, _tuple(tangents, "hvp: tangents"))[1]


def _tuple(x: Any, what: str) -> tuple[Any, ...]:
    if not isinstance(x, (tuple, list)):
        raise OperandError(f"{what} are the tuple of all arguments of the function; for a single one write (x,)")
    return tuple(x)
