"""What the names in a program's text stand for: the same text on floats, columns, JAX arrays, symbols or 50 digits.

A namespace maps the name of every row of the rule table to its value in one kind of numbers.  Derivatives are in the
text, or, where JAX differentiates the text itself, come from the rows of the table run on JAX arrays.

======== =====================================================================================================
math     Python floats: bit for bit what eager gives.
numpy    columns of samples, float64 or float32; IEEE 754, without warnings.
jax      jax.numpy: for jit, vmap, sharding, and for grad of any order.
sympy    expressions: the closed form of a value and of its gradient.
mpmath   as many digits as the context has.
======== =====================================================================================================

>>> x = Value(3.0, label="x")
>>> text = write_source(x**3 + 1 / x, [x])
>>> forward, value_and_grad = build(text, "math")
>>> forward([2.0]), value_and_grad([0.0])
(8.5, (inf, (-inf,), ()))
"""

from __future__ import annotations

import ast
import importlib
import math
from functools import lru_cache, partial, reduce
from typing import TYPE_CHECKING

from .. import ieee, ops
from ..errors import MissingDependency, OperandError, OperationError
from ..operators import Operators
from ..ops import OPS, NaryOp
from ..row import CONSTANTS, SHORTHANDS, within
from ..value import Value
from .source import write_source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Function = Callable[..., Any]
    Namespace = dict[str, Any]

__all__ = ["KINDS", "Value", "build", "namespace", "write_source"]

KINDS = ("math", "numpy", "jax", "sympy", "mpmath")


def namespace(kind: str, context: Any = None) -> Namespace:
    """The names of a program's text in one kind of numbers, one of ``KINDS``; a new dictionary at each call.

    Rows with any number of operands take them as arguments, ``sum(x, y, z)``; only ``dot(ws, xs)`` and
    ``dot(ws, xs, bias)`` take two lists.  ``context`` is mpmath's, of another precision than ``mpmath.mp``.

    Raises:
        OperandError: there is no such kind.
        MissingDependency: its package is not installed.

    >>> namespace("math")["sum"](1e100, 1.0, -1e100)
    1.0
    """
    if kind not in KINDS:
        raise OperandError(f"namespace: {kind!r} is none of {', '.join(KINDS)}")
    if kind == "mpmath":
        names = _mpmath(context if context is not None else _package("mpmath").mp)
    else:
        names = {"math": _math, "numpy": _numpy, "jax": _jax, "sympy": _sympy}[kind]()
    return {name: _as_written(op, kind) for name, op in OPS.items() if name not in names} | names


def _as_written(op: ops.Op, kind: str) -> Function:
    """A row that this kind has no function for, one that a user added: its value on each sample, or as written."""
    f = _spread(op.value) if isinstance(op, NaryOp) else op.value
    if kind == "math":
        return f
    if kind == "numpy":
        np = _package("numpy")
        return lambda *xs: np.asarray(np.frompyfunc(f, len(xs), 1)(*xs), np.result_type(*xs, 1.0))[()]
    written = getattr(op.value, "__wrapped__", op.value)

    def value(*xs: Any) -> Any:
        try:
            stand_ins = [_StandIn() for _ in xs]
            written(stand_ins) if isinstance(op, NaryOp) else written(*stand_ins)
        except (TypeError, AttributeError) as error:
            raise OperationError(
                f"operation {op.name!r}: its value takes floats alone, no numbers of {kind} ({error}); build it of "
                "operators, or take kind 'math' or 'numpy'"
            ) from error
        return written(xs) if isinstance(op, NaryOp) else written(*xs)

    return value


class _StandIn(Operators):
    """A number that is known to operators alone: a function of floats, which would drop digits, refuses it."""

    @staticmethod
    def apply_op(op: ops.Op, operands: tuple[Any, ...]) -> _StandIn:
        return _StandIn()

    def __abs__(self) -> _StandIn:
        return self


def build(text: str, kind: str, context: Any = None) -> tuple[Function, Function]:
    """The functions ``forward`` and ``value_and_grad`` of a program's text, on one kind of numbers.

    Operands are converted: to floats; to columns of float64, or of float32 where every input is; to SymPy's and
    mpmath's numbers.  In the last two the numbers written in the text are as well: 0.1 is SymPy's 1/10, and mpmath's
    double.  Division follows IEEE 754, which for ``math`` and ``mpmath`` takes a call in the place of ``/``.  From
    columns every result has the shape that inputs and parameters broadcast to: a gradient is per sample.

    Raises:
        OperandError: there is no such kind.
        MissingDependency: its package is not installed.
    """
    names = namespace(kind, context)
    program: Any = text
    if kind in ("sympy", "mpmath") or (kind == "math" and ("/" in text or "**" in text)):
        program = _with_calls(text, {ast.Div: "div", ast.Pow: "pow"}, literals=kind != "math")
    exec(compile(program, "<the recorded graph>", "exec"), names)
    adapt = {"numpy": _on_columns, "jax": _on_jax_arrays}.get(kind, partial(_on_numbers, names["number"]))
    return adapt(names["forward"]), adapt(names["value_and_grad"])


_SAME_NAME = ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "sech", "asinh", "acosh", "atanh")
"""Rows that SymPy and mpmath have under the same name."""


def _package(name: str) -> Any:
    root = name.partition(".")[0]
    try:
        return importlib.import_module(name)
    except ImportError:
        raise MissingDependency(f"numbers of this kind need {root}: pip install {root}") from None


def _with_calls(text: str, operators: dict[type, str], literals: bool) -> ast.Module:
    program: ast.Module = ast.fix_missing_locations(_Calls(operators, literals).visit(ast.parse(text)))
    return program


class _Calls(ast.NodeTransformer):
    """Some operators become calls of the namespace's own; literals, if asked for, numbers of the namespace's kind."""

    def __init__(self, operators: dict[type, str], literals: bool) -> None:
        self.operators, self.literals = operators, literals

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        name = self.operators.get(type(node.op))
        return _called(name, node.left, node.right) if name else node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return _called("number", node) if self.literals and type(node.value) in (int, float) else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        return node  # the component of a list

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        return node  # seeds=(1.0, 1.0)


def _called(name: str, *operands: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), [*operands], [])


def _nested(f: Function, results: Any) -> Any:
    """``f`` of every number in a result, which is a number or nested tuples of them."""
    return tuple([_nested(f, x) for x in results]) if type(results) is tuple else f(results)


def _on_numbers(number: Function, f: Function) -> Function:
    def on_numbers(inputs: Sequence[Any], parameters: Sequence[Any] = (), seeds: Sequence[Any] | None = None) -> Any:
        given = [[number(x) for x in xs] for xs in (inputs, parameters, seeds) if xs is not None]
        return _nested(number, f(*given))

    return on_numbers


def _on_columns(f: Function) -> Function:
    np = _package("numpy")

    def on_columns(inputs: Sequence[Any], parameters: Sequence[Any] = (), seeds: Sequence[Any] | None = None) -> Any:
        columns = [np.asarray(x) for x in inputs]
        single = [x.dtype == np.float32 for x in columns or [np.asarray(x) for x in parameters]]
        dtype = np.float32 if single and all(single) else np.float64
        given = [[np.asarray(x, dtype)[()] for x in xs] for xs in (columns, parameters, seeds) if xs is not None]
        shape = np.broadcast_shapes(*(x.shape for xs in given[:2] for x in xs))
        with np.errstate(all="ignore"):
            return _nested(lambda x: np.broadcast_to(np.asarray(x, dtype), shape)[()], f(*given))

    return on_columns


def _on_jax_arrays(f: Function) -> Function:
    jnp = _package("jax.numpy")

    def on_jax_arrays(inputs: Sequence[Any], parameters: Sequence[Any] = (), seeds: Sequence[Any] | None = None) -> Any:
        given = [[jnp.asarray(x) * 1.0 for x in xs] for xs in (inputs, parameters)]
        every = [x for xs in given for x in xs]
        shape = jnp.broadcast_shapes(*(x.shape for x in every))
        dtype = jnp.result_type(*every) if every else float
        seeded = [] if seeds is None else [[*seeds]]
        return _nested(lambda x: jnp.broadcast_to(jnp.asarray(x, dtype), shape), f(*given, *seeded))

    return on_jax_arrays


# ---------------------------------------------------------------------------------------------------------------------
# Floats.
# ---------------------------------------------------------------------------------------------------------------------


def _math() -> Namespace:
    names: Namespace = {name: _spread(op.value) if isinstance(op, NaryOp) else op.value for name, op in OPS.items()}
    names |= CONSTANTS | {name: shorthand.value for name, shorthand in SHORTHANDS.items()}
    names |= {"inf": math.inf, "nan": math.nan, "number": float}
    return names | {"dot": _of_lists(names["dot"])}


def _spread(f: Function) -> Function:
    """``f`` of a sequence as a function of its elements."""
    return lambda *xs: f(xs)


def _of_lists(dot: Function) -> Function:
    def of_lists(ws: Sequence[Any], xs: Sequence[Any], *bias: Any) -> Any:
        return dot(*ws, *xs, *bias)

    return of_lists


# ---------------------------------------------------------------------------------------------------------------------
# Arrays: the functions of ``ieee`` for every element, with NumPy or with jax.numpy as ``np``.
# ---------------------------------------------------------------------------------------------------------------------


def _arrays(np: Any, erf: Function, erfc: Function, add_up: Callable[[Sequence[Any]], Any]) -> Namespace:
    """Values alone: both sides of a ``where`` are computed, and the one that is not taken may be anything."""
    where, isnan, isfinite, isinf, inf, nan = np.where, np.isnan, np.isfinite, np.isinf, np.inf, np.nan
    exp, log, log1p, fabs, copysign, ldexp = np.exp, np.log, np.log1p, np.abs, np.copysign, np.ldexp

    def floats(x: Any) -> Any:
        return np.asarray(x, np.result_type(x, 1.0))

    def truth(condition: Any, *xs: Any) -> Any:
        """1.0 or 0.0, of the kind of the operands."""
        return np.asarray(condition, np.result_type(*xs, 1.0))

    def unordered(x: Any, y: Any) -> Any:
        return isnan(x) | isnan(y)

    def mul0(x: Any, y: Any) -> Any:
        return where(((x == 0) & isinf(y)) | ((y == 0) & isinf(x)), 0.0, x * y)

    def power(x: Any, y: Any) -> Any:
        root = (y == 0.5) & ((x == 0) | isinf(x))  # where NumPy takes the square root, which keeps the sign of -0
        return where(root, fabs(x), np.power(x, y))

    def powlog(x: Any, y: Any, n: Any, k: Any) -> Any:
        exponent = y - n
        lost = where((np.floor(y) == y) & (fabs(y) < 1e15), 0.0, difference_error(y, n, exponent))
        result = power(x, exponent)
        whole = where(np.floor(y) == y, copysign(1.0, x), 1.0)
        base = where((fabs(result) > 0) & (fabs(result) < inf), x, whole)
        result = where(lost != 0, result * power(base, lost), result)
        return where(k != 0, mul0(result, power(log(x), k)), result)

    def difference_error(x: Any, y: Any, difference: Any) -> Any:
        y_part = x - difference
        x_part = difference + y_part
        return where(isfinite(difference), (x - x_part) + (y_part - y), 0.0)

    def split(x: Any) -> tuple[Any, Any]:
        bits = int(np.finfo(np.result_type(x)).nmant)
        big = (2.0 ** ((bits + 2) // 2) + 1.0) * x
        high = big - (big - x)
        return high, x - high

    def product_error(x: Any, y: Any, product: Any) -> Any:
        (x_high, x_low), (y_high, y_low) = split(x), split(y)
        return ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low

    def exp_minus_square(x: Any, scale: float) -> Any:
        high, low = split(x)
        near = exp(-scale * high * high) * exp(-scale * low * (x + high))
        return where(fabs(x) < 40, near, where(isnan(x), x, 0.0))

    def normal_cdf(x: Any) -> Any:
        x = floats(x)
        root = np.asarray(ieee._SQRT_HALF, x.dtype)
        tail = (ieee._SQRT_HALF - float(root)) + ieee._SQRT_HALF_TAIL
        t = -x * root
        error = product_error(-x, root, t) - x * tail
        corrected = 0.5 * erfc(t) - ieee._ONE_OVER_SQRT_PI * exp_minus_square(t, 1.0) * error
        return where((x >= 0) | (t > 28), 0.5 * erfc(t), corrected)

    def sigmoid(x: Any) -> Any:
        decay = exp(-fabs(x))
        return where(x >= 0, 1 / (1 + decay), decay / (1 + decay))

    def softplus(x: Any) -> Any:
        return where(x > 0, x, 0.0) + log1p(exp(-fabs(x)))

    def silu(x: Any) -> Any:
        return where((x > -inf) & (x < -700), x * exp(x + 64) * math.exp(-64), mul0(x, sigmoid(x)))

    def sech(x: Any) -> Any:
        decay = exp(-fabs(x))
        return 2 * decay / (1 + decay * decay)

    def compare(x: Any, y: Any) -> Any:
        return where(unordered(x, y), nan, truth(x > y, x, y) - truth(x < y, x, y))

    def maximum(x: Any, y: Any) -> Any:
        return where(unordered(x, y), nan, where(x > y, x, y))

    def minimum(x: Any, y: Any) -> Any:
        return where(unordered(x, y), nan, where(x < y, x, y))

    def clamp(x: Any, low: Any, high: Any) -> Any:
        return minimum(maximum(x, low), high)

    def rhypot(x: Any, y: Any) -> Any:
        length = np.hypot(x, y)
        beyond = isinf(length) & isfinite(x) & isfinite(y)
        return where(beyond, 0.25 / np.hypot(0.25 * x, 0.25 * y), 1 / floats(length))

    def total(xs: Sequence[Any]) -> Any:
        if not xs:
            return np.float64(0)
        plain = add_up(xs)
        finite = reduce(np.logical_and, map(isfinite, xs))
        scaled = add_up([x * 0.5**64 for x in xs]) * 2.0**64  # where only a partial sum is beyond the range
        return where(finite & ~isfinite(plain), scaled, plain)

    def mean(*xs: Any) -> Any:
        average = total(xs) / len(xs)
        return where(isfinite(average), average, total([x / len(xs) for x in xs]))

    def dot(ws: Sequence[Any], xs: Sequence[Any], *bias: Any) -> Any:
        return reduce(np.add, [*map(np.multiply, ws, xs), *bias])

    def times(x: tuple[Any, Any], y: tuple[Any, Any]) -> tuple[Any, Any]:
        mantissa, shift = np.frexp(x[0] * y[0])
        return mantissa, x[1] + y[1] + shift

    def products_of_others(*xs: Any) -> list[Any]:
        """Mantissas and exponents apart, so that no partial product overflows."""
        parts = [np.frexp(floats(x)) for x in xs]
        before: list[Any] = [(1.0, 0)]
        after: list[Any] = [(1.0, 0)]
        for x, y in zip(parts[:-1], parts[:0:-1], strict=True):
            before.append(times(before[-1], x))
            after.append(times(after[-1], y))
        return [ldexp(*times(x, y)) for x, y in zip(before, reversed(after), strict=True)]

    def prod(*xs: Any) -> Any:
        plain, within = floats(xs[0]), True
        for x in xs[1:]:
            plain = plain * x
            within = within & (fabs(plain) > 1e-290) & isfinite(plain)
        usual = reduce(np.logical_and, [(x != 0) & isfinite(x) for x in xs])
        scaled = ldexp(*reduce(times, [np.frexp(floats(x)) for x in xs]))
        return where(usual & np.logical_not(within), scaled, plain)

    def scaled(xs: Sequence[Any]) -> tuple[list[Any], Any]:
        """The operands over a power of 2 near the largest, and its exponent; beside infinities others are 0."""
        largest = reduce(maximum, map(fabs, xs))
        endless = reduce(np.logical_or, map(isinf, xs))
        shift = np.frexp(floats(where(isfinite(largest), largest, 1.0)))[1]
        units = [copysign(truth(isinf(x), x), x) for x in xs]
        return [where(endless, u, ldexp(floats(x), -shift)) for u, x in zip(units, xs, strict=True)], shift

    def length(xs: Sequence[Any]) -> Any:
        return np.sqrt(reduce(np.add, [x * x for x in xs]))

    def norm(*xs: Any) -> Any:
        if not xs:
            return np.float64(0)
        parts, shift = scaled(xs)
        endless = reduce(np.logical_or, map(isinf, xs))
        return where(endless, inf, ldexp(length(parts), shift))

    def direction_all(*xs: Any) -> list[Any]:
        parts, _ = scaled(xs)
        size = length(parts)
        return [where(size == 0, 0.0, x / size) for x in parts]

    def exp_shifted(xs: Sequence[Any]) -> tuple[Any, list[Any]]:
        top = reduce(maximum, xs)
        differences = [x - top for x in xs]
        return top, [exp(d) * (1 + difference_error(x, top, d)) for x, d in zip(xs, differences, strict=True)]

    def logsumexp(*xs: Any) -> Any:
        top, powers = exp_shifted(xs)
        others, met = [], False
        for x, power in zip(xs, powers, strict=True):
            first = (x == top) & np.logical_not(met)
            others.append(where(first, 0.0, power))
            met = met | first
        return where(isfinite(top), top + log1p(add_up(others)), top)  # log1p keeps what log(1 + …) would lose

    def softmax_all(*xs: Any) -> list[Any]:
        _, powers = exp_shifted(xs)
        denominator = add_up(powers)
        return [power / denominator for power in powers]

    return {
        **dict(add=np.add, sub=np.subtract, mul=np.multiply, div=np.divide, mod=np.mod, pow=power),
        **dict(neg=np.negative, abs=np.abs, square=np.square, reciprocal=lambda x: 1 / floats(x), sqrt=np.sqrt),
        **dict(cbrt=np.cbrt, exp=exp, exp2=np.exp2, expm1=np.expm1, log=log, log2=np.log2, log10=np.log10),
        **dict(log1p=log1p, sin=np.sin, cos=np.cos, tan=np.tan, asin=np.arcsin, acos=np.arccos, atan=np.arctan),
        **dict(atan2=np.arctan2, hypot=np.hypot, sinh=np.sinh, cosh=np.cosh, tanh=np.tanh, asinh=np.arcsinh),
        **dict(acosh=np.arccosh, atanh=np.arctanh, erf=erf, erfc=erfc, floor=np.floor, ceil=np.ceil, round=np.rint),
        "relu": lambda x: where((x > 0) | isnan(x), x, 0.0),
        "leaky_relu": lambda x, slope: where(x > 0, x, slope * x),
        "elu": lambda x, alpha: where(x > 0, x, alpha * np.expm1(x)),
        "sigmoid": sigmoid,
        "log_sigmoid": lambda x: -softplus(-x),
        "softplus": softplus,
        "silu": silu,
        "gelu": lambda x: mul0(x, normal_cdf(x)),
        "sign": lambda x: where(x == 0, x, np.sign(x)),
        "step": lambda x: where(isnan(x), x, truth(x > 0, x)),
        "compare": compare,
        "maximum": maximum,
        "minimum": minimum,
        "clamp": clamp,
        "guard": clamp,
        "scaled": lambda factor, x: where(factor == 0, 0.0, mul0(factor, x)),
        "where": lambda condition, x, y: where(isnan(condition), nan, where(condition != 0, x, y)),
        "sum": lambda *xs: total(xs),
        "mean": mean,
        "dot": dot,
        "prod": prod,
        "products_of_others": products_of_others,
        "max": lambda *xs: reduce(maximum, xs),
        "min": lambda *xs: reduce(minimum, xs),
        "logsumexp": logsumexp,
        "softmax": lambda i, *xs: softmax_all(*xs)[int(i)],
        "softmax_all": softmax_all,
        "norm": norm,
        "direction": lambda i, *xs: direction_all(*xs)[int(i)],
        "direction_all": direction_all,
        "identity": lambda x: x,
        "nonneg": lambda x: where(x >= 0, x + 0.0, nan),
        "mul0": mul0,
        "one_minus_square": lambda x: (1 - x) * (1 + x),
        "rhypot": rhypot,
        "sech": sech,
        "half_sech": lambda x: 0.5 * sech(0.5 * x),
        "gaussian": lambda x: exp_minus_square(x, 1.0),
        "normal_pdf": lambda x: ieee._ONE_OVER_SQRT_2PI * exp_minus_square(x, 0.5),
        "normal_cdf": normal_cdf,
        "powlog": powlog,
        "inf": inf,
        "nan": nan,
        **CONSTANTS,
    }


def _numpy() -> Namespace:
    np = _package("numpy")

    def elementwise(f: Callable[[float], float]) -> Function:
        ufunc = np.frompyfunc(f, 1, 1)
        return lambda x: np.asarray(ufunc(x), np.result_type(x, 1.0))[()]

    def add_up(xs: Sequence[Any]) -> Any:
        """The sum as if in twice the digits: what each addition loses is added at the end (Knuth, Neumaier)."""
        total, lost = xs[0], 0.0
        for x in xs[1:]:
            before, total = total, total + x
            part = total - before
            lost = lost + ((before - (total - part)) + (x - part))
        return np.where(np.isfinite(lost), total + lost, total)

    return _arrays(np, elementwise(math.erf), elementwise(math.erfc), add_up) | {"number": float}


# ---------------------------------------------------------------------------------------------------------------------
# JAX: its derivative of a row is the row's.
# ---------------------------------------------------------------------------------------------------------------------


def _jax() -> Namespace:
    jnp, special = _package("jax.numpy"), _package("jax.scipy.special")
    values = _arrays(jnp, special.erf, special.erfc, partial(reduce, jnp.add))
    names: Namespace = {**vars(ops)}
    rows: Namespace = {name: _jax_row(op, values[name], names) for name, op in OPS.items() if name in values}
    names |= rows | {name: within(shorthand.of_rows, names) for name, shorthand in SHORTHANDS.items()}
    return {**values, **names, "dot": _of_lists(rows["dot"]), "scaled": rows["mul0"], "number": float}


def _jax_row(op: ops.Op, value: Function, names: Namespace) -> Function:
    """A row on JAX arrays, which JAX differentiates by the row's rules.

    Python floats among the operands are constants of the function: no derivative to them is asked for, and a rule can
    look at them.
    """
    jax, jnp = _package("jax"), _package("jax.numpy")
    SymbolicZero = _package("jax.custom_derivatives").SymbolicZero
    rules = [within(rule, names) for rule in op.partials]

    def partials(operands: list[Any], z: Any, positions: list[int]) -> list[Any]:
        if isinstance(op, NaryOp):
            every = rules[0](operands, z)
            return [every[i] for i in positions]
        return [rules[i](*operands, z) for i in positions]

    @lru_cache(maxsize=1024)
    def of_arrays(constants: tuple[str, ...]) -> Function:
        arrays = [i for i, constant in enumerate(constants) if not constant]

        def operands(xs: Sequence[Any]) -> list[Any]:
            rest = iter(xs)
            return [float(constant) if constant else next(rest) for constant in constants]

        def on_arrays(*xs: Any) -> Any:
            every = operands(xs)
            if op.name == "dot":
                n = len(every) // 2
                return jnp.asarray(value(every[:n], every[n : 2 * n], *every[2 * n :]))
            return jnp.asarray(value(*every))

        def pushed_forward(xs: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
            z: Any = function(*xs)
            moving = [(i, t) for i, t in zip(arrays, tangents, strict=True) if not isinstance(t, SymbolicZero)]
            local = partials(operands(xs), z, [i for i, _ in moving])
            slope = reduce(jnp.add, [d * t for d, (_, t) in zip(local, moving, strict=True)])
            return z, jnp.broadcast_to(slope, z.shape).astype(z.dtype)

        function: Any = jax.custom_jvp(on_arrays)
        function.defjvp(pushed_forward, symbolic_zeros=True)
        return function

    def row(*xs: Any) -> Any:
        constants = tuple([repr(float(x)) if isinstance(x, (int, float)) else "" for x in xs])
        if all(constants):
            return op.evaluate([float(x) for x in xs])
        return of_arrays(constants)(
            *(jnp.asarray(x) for x, constant in zip(xs, constants, strict=True) if not constant)
        )

    return row


# ---------------------------------------------------------------------------------------------------------------------
# Exact kinds: formulas as in the book, for there is no rounding to be careful about.
# ---------------------------------------------------------------------------------------------------------------------


def _exact(of: Namespace, choose: Callable[[Any, Any, Any], Any]) -> Namespace:
    """The rows from the elementary functions ``of`` the kind, and ``choose(condition, x, y)``."""
    exp, log, log1p, sqrt, erfc, sign = of["exp"], of["log"], of["log1p"], of["sqrt"], of["erfc"], of["sign"]
    add_up, multiply = of["sum"], of["prod"]
    maximum, minimum = of["max"], of["min"]

    def norm(*xs: Any) -> Any:
        return sqrt(add_up(*(x**2 for x in xs)))

    def direction_all(*xs: Any) -> list[Any]:
        length = norm(*xs)
        return [choose(length == 0, 0 * x, x / choose(length == 0, 1 + length, length)) for x in xs]

    def softmax_all(*xs: Any) -> list[Any]:
        top = of["top"](*xs)
        powers = [exp(x - top) for x in xs]
        return [power / add_up(*powers) for power in powers]

    def powlog(x: Any, y: Any, n: Any, k: Any) -> Any:
        return of["mul0"](of["pow"](x, y - n), log(x) ** k) if k != 0 else of["pow"](x, y - n)

    def sigmoid(x: Any) -> Any:
        return 1 / (1 + exp(-x))

    def normal_cdf(x: Any) -> Any:
        return erfc(-x / sqrt(of["number"](2))) / 2

    expm1 = of.get("expm1", lambda x: exp(x) - 1)
    two = of["number"](2)
    rows = {
        **dict(add=lambda x, y: x + y, sub=lambda x, y: x - y, mul=lambda x, y: x * y, div=lambda x, y: x / y),
        **dict(neg=lambda x: -x, square=lambda x: x**2, reciprocal=lambda x: 1 / x, exp2=lambda x: two**x),
        "expm1": expm1,
        "log2": lambda x: log(x) / log(two),
        "log10": lambda x: log(x) / log(5 * two),
        "hypot": norm,
        "rhypot": lambda x, y: 1 / norm(x, y),
        "relu": lambda x: choose(x > 0, x, 0 * x),
        "leaky_relu": lambda x, slope: choose(x > 0, x, slope * x),
        "elu": lambda x, alpha: choose(x > 0, x, alpha * expm1(x)),
        "sigmoid": sigmoid,
        "log_sigmoid": lambda x: -log1p(exp(-x)),
        "softplus": lambda x: log1p(exp(x)),
        "silu": lambda x: x * sigmoid(x),
        "gelu": lambda x: x * normal_cdf(x),
        "step": lambda x: choose(x > 0, 1 + 0 * x, 0 * x),
        "compare": lambda x, y: sign(x - y),
        "maximum": maximum,
        "minimum": minimum,
        "clamp": lambda x, low, high: minimum(maximum(x, low), high),
        "guard": lambda x, low, high: x,
        "scaled": of["mul0"],
        "where": choose,
        "mean": lambda *xs: add_up(*xs) / len(xs),
        "dot": lambda ws, xs, *bias: add_up(*(w * x for w, x in zip(ws, xs, strict=True)), *bias),
        "logsumexp": lambda *xs: of["top"](*xs) + log(add_up(*(exp(x - of["top"](*xs)) for x in xs))),
        "softmax": lambda i, *xs: softmax_all(*xs)[int(i)],
        "softmax_all": softmax_all,
        "norm": norm,
        "direction": lambda i, *xs: direction_all(*xs)[int(i)],
        "direction_all": direction_all,
        "products_of_others": lambda *xs: [multiply(*xs[:i], *xs[i + 1 :]) for i in range(len(xs))],
        "identity": lambda x: x,
        "nonneg": lambda x: x,
        "mul0": lambda x, y: x * y,
        "one_minus_square": lambda x: 1 - x**2,
        "half_sech": lambda x: of["sech"](x / 2) / 2,
        "gaussian": lambda x: exp(-(x**2)),
        "normal_pdf": lambda x: exp(-(x**2) / 2) / sqrt(two * of["pi"]),
        "normal_cdf": normal_cdf,
        "powlog": powlog,
    }
    return {**rows, **of}


def _sympy() -> Namespace:
    sympy = _package("sympy")

    def number(x: Any) -> Any:
        """0.1 is meant as 1/10."""
        if isinstance(x, sympy.Basic):
            return x
        return sympy.Rational(repr(float(x))) if math.isfinite(x) else sympy.sympify(float(x))

    def choose(condition: Any, x: Any, y: Any) -> Any:
        return sympy.Piecewise((x, condition), (y, True))

    def through(f: Function) -> Function:
        """``f`` of each piece, where the pieces are numbers."""

        def of_pieces(x: Any, *others: Any) -> Any:
            if isinstance(x, sympy.Piecewise) and all(piece.is_number for piece, _ in x.args):
                return sympy.Piecewise(*((f(piece, *others), condition) for piece, condition in x.args))
            return f(x, *others)

        return of_pieces

    def where(condition: Any, x: Any, y: Any) -> Any:
        if not isinstance(condition, sympy.Piecewise):
            return choose(sympy.Ne(condition, 0), x, y)
        cases = [case for _, case in condition.args]
        pieces = []
        for i, (truth, case) in enumerate(condition.args):
            chosen = choose(sympy.Ne(truth, 0), x, y)
            # In here it is known which case holds for every other expression of the same cases.
            same = {e: e.args[i][0] for e in chosen.atoms(sympy.Piecewise) if [c for _, c in e.args] == cases}
            pieces.append((chosen.xreplace(same), case))
        return sympy.Piecewise(*pieces)

    def rint(x: Any) -> Any:
        half = sympy.Rational(1, 2)
        return sympy.floor(x + half) - choose(sympy.Eq(sympy.Mod(x, 2), half), 1, 0)  # a half goes to the even side

    names = dict(abs=through(sympy.Abs), sign=through(sympy.sign), floor=sympy.floor, ceil=sympy.ceiling, round=rint)
    names |= dict(sqrt=sympy.sqrt, exp=sympy.exp, log=sympy.log, log1p=lambda x: sympy.log(1 + x), mod=sympy.Mod)
    names |= dict(cbrt=lambda x: sympy.sign(x) * sympy.Abs(x) ** sympy.Rational(1, 3), pow=sympy.Pow, atan2=sympy.atan2)
    names |= {name: getattr(sympy, name) for name in _SAME_NAME}
    names |= dict(erf=sympy.erf, erfc=sympy.erfc, max=sympy.Max, min=sympy.Min, sum=sympy.Add, prod=sympy.Mul)
    names["where"] = where
    names |= {"top": lambda *xs: 0, "mul0": lambda x, y: x * y, "number": number, "pi": sympy.pi}
    return (
        _of_kind(number, _exact(names, choose))
        | _constants(sympy.log, 2 / sympy.sqrt(sympy.pi))
        | {"inf": sympy.oo, "nan": sympy.nan}
    )


def _mpmath(mp: Any) -> Namespace:
    def choose(condition: Any, x: Any, y: Any) -> Any:
        return x if condition else y

    def constant(name: str, value: Callable[[], Any]) -> Any:
        """It has as many digits as the context has when it is used."""

        def rounded(precision: int, rounding: str) -> Any:
            with mp.workprec(precision + 10):
                return value()._mpf_

        return mp.constant(rounded, name)

    def logsumexp(*xs: Any) -> Any:
        first = max(range(len(xs)), key=xs.__getitem__)
        return xs[first] + mp.log1p(mp.fsum(mp.exp(x - xs[first]) for i, x in enumerate(xs) if i != first))

    names = dict(
        abs=abs, sign=mp.sign, floor=mp.floor, ceil=mp.ceil, round=mp.nint, mod=lambda x, y: x % y if y else mp.nan
    )
    names |= dict(cbrt=lambda x: mp.sign(x) * mp.cbrt(abs(x)), pow=mp.power, logsumexp=logsumexp)
    names |= {name: getattr(mp, name) for name in _SAME_NAME}
    for name in ("sqrt", "exp", "expm1", "log", "log1p", "log10", "atan2", "hypot", "erf", "erfc"):
        names[name] = getattr(mp, name)
    names |= dict(max=lambda *xs: max(xs), min=lambda *xs: min(xs))
    names |= dict(sum=lambda *xs: mp.fsum(xs), prod=lambda *xs: mp.fprod(xs))
    names |= {"where": lambda condition, x, y: x if condition != 0 else y, "top": names["max"]}
    names |= {"mul0": lambda x, y: x * y if x and y else mp.mpf(0), "number": mp.mpf, "pi": mp.pi}
    names |= {"one_minus_square": lambda x: (1 - x) * (1 + x), "nonneg": lambda x: x if x >= 0 else mp.nan}
    exact = _of_kind(mp.mpf, _exact(names, choose))
    return {
        **exact,
        **{name: _as_ieee(mp, op, exact[name]) for name, op in OPS.items() if name in exact},
        "LN_2": mp.ln2,
        "LOG2_E": constant("log2(e)", lambda: 1 / mp.ln2),
        "LOG10_E": constant("log10(e)", lambda: 1 / mp.ln10),
        "TWO_OVER_SQRT_PI": constant("2/sqrt(pi)", lambda: 2 / mp.sqrt(mp.pi)),
        "inf": mp.inf,
        "nan": mp.nan,
    }


def _constants(log: Function, two_over_sqrt_pi: Any) -> Namespace:
    return {"LN_2": log(2), "LOG2_E": 1 / log(2), "LOG10_E": 1 / log(10), "TWO_OVER_SQRT_PI": two_over_sqrt_pi}


def _of_kind(number: Function, names: Namespace) -> Namespace:
    """The functions of ``names``, which turn plain numbers among their operands into such of the kind."""

    def convert(x: Any) -> Any:
        return [number(y) for y in x] if isinstance(x, (list, tuple)) else number(x)

    def lifted(f: Function) -> Function:
        return lambda *xs: f(*map(convert, xs))

    return {name: lifted(f) if name in OPS or name in SHORTHANDS else f for name, f in names.items()}


def _as_ieee(mp: Any, op: ops.Op, f: Function) -> Function:
    """``f`` as a total function: where mpmath raises, turns complex or meets an infinity, what the row says."""

    def value(*xs: Any) -> Any:
        flat = [y for x in xs for y in (x if isinstance(x, list) else [x])]
        try:
            z = f(*xs) if all(map(mp.isfinite, flat)) else mp.nan
        except (ZeroDivisionError, ValueError, OverflowError):
            z = mp.nan
        return z if isinstance(z, mp.mpf) and mp.isfinite(z) else mp.mpf(op.evaluate([float(x) for x in flat]))

    return value
