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

from .. import formulas, ops, primitives
from ..errors import MissingDependency, OperandError
from ..forks import no_fork
from ..formulas import FORMULAS, with_names
from ..ops import OPS, NaryOp
from ..row import CONSTANTS, SHORTHANDS, within
from ..value import Value
from .lift import lift, with_calls
from .own_values import is_own, own_value
from .source import write_source
from .textbook import of_mpmath, of_sympy, textbook

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Function = Callable[..., Any]
    Namespace = dict[str, Any]

__all__ = ["KINDS", "Value", "build", "namespace", "package", "write_source"]

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
    of_kind: dict[str, Callable[[], Namespace]] = {"math": _math, "numpy": _numpy, "jax": _jax, "sympy": _sympy}
    names = _mpmath(context) if kind == "mpmath" else of_kind[kind]()
    return names | {name: own_value(op, kind) for name, op in OPS.items() if name not in names or is_own(name)}


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
        program = with_calls(text, {ast.Div: "div", ast.Pow: "pow"}, literals=kind != "math")
    exec(compile(program, "<the recorded graph>", "exec"), names)
    adapt = {"numpy": _on_columns, "jax": _on_jax_arrays}.get(kind, partial(_on_numbers, names["number"]))
    return adapt(names["forward"]), adapt(names["value_and_grad"])


def package(name: str) -> Any:
    """A package, or a module of one, that a kind of numbers is made of."""
    root = name.partition(".")[0]
    try:
        with no_fork:
            return importlib.import_module(name)
    except ImportError:
        raise MissingDependency(f"numbers of this kind need {root}: pip install {root}") from None


def _nested(f: Function, results: Any) -> Any:
    """``f`` of every number in a result, which is a number or nested tuples of them."""
    return tuple([_nested(f, x) for x in results]) if type(results) is tuple else f(results)


def _on_numbers(number: Function, f: Function) -> Function:
    def on_numbers(inputs: Sequence[Any], parameters: Sequence[Any] = (), seeds: Sequence[Any] | None = None) -> Any:
        given = [[number(x) for x in xs] for xs in (inputs, parameters, seeds) if xs is not None]
        return _nested(number, f(*given))

    return on_numbers


def _on_columns(f: Function) -> Function:
    np = package("numpy")

    def on_columns(inputs: Sequence[Any], parameters: Sequence[Any] = (), seeds: Sequence[Any] | None = None) -> Any:
        columns = [np.asarray(x) for x in inputs]
        single = [x.dtype == np.float32 for x in columns or [np.asarray(x) for x in parameters]]
        dtype = np.float32 if single and all(single) else np.float64
        with np.errstate(all="ignore"):
            given = [[np.asarray(x, dtype)[()] for x in xs] for xs in (columns, parameters, seeds) if xs is not None]
            shape = np.broadcast_shapes(*(x.shape for xs in given[:2] for x in xs))
            return _nested(lambda x: np.broadcast_to(np.asarray(x, dtype), shape)[()], f(*given))

    return on_columns


def _on_jax_arrays(f: Function) -> Function:
    jnp = package("jax.numpy")

    def on_jax_arrays(inputs: Sequence[Any], parameters: Sequence[Any] = (), seeds: Sequence[Any] | None = None) -> Any:
        given = [[jnp.asarray(x) * 1.0 for x in xs] for xs in (inputs, parameters)]
        every = [x for xs in given for x in xs]
        shape = jnp.broadcast_shapes(*(x.shape for x in every))
        dtype = jnp.result_type(*every) if every else float
        seeded = [] if seeds is None else [[*seeds]]
        return _nested(lambda x: jnp.broadcast_to(jnp.asarray(x, dtype), shape), f(*given, *seeded))

    return on_jax_arrays


# ---------------------------------------------------------------------------------------------------------------------
# From what a kind of numbers brings along to what a text may name.
# ---------------------------------------------------------------------------------------------------------------------


def _from(package: Any) -> Namespace:
    """The rows that ``package`` has under the same name and that no formula gives; ``+ - *`` are those of any kind."""
    fixed = {name: op.value for name, op in OPS.items() if name not in FORMULAS and not isinstance(op, NaryOp)}
    theirs = {name: getattr(package, name) for name in fixed if hasattr(package, name)}
    plain = {name: f for name, f in fixed.items() if getattr(f, "__module__", "") == ops.__name__}
    return theirs | {name: f for name, f in plain.items() if not f.__code__.co_names}


def _of_operands(names: Namespace) -> Namespace:
    """The rows and lists of ``names``, where they take a sequence, as functions of its elements."""
    lists = {name for name, shorthand in SHORTHANDS.items() if shorthand.listed}
    rows = {
        name: _spread(f) if name in lists or isinstance(OPS.get(name), NaryOp) else f
        for name, f in names.items()
        if name in OPS or name in lists
    }
    return rows | {"dot": lambda ws, xs, *bias: names["dot"]([*ws, *xs, *bias])}


def _spread(f: Function) -> Function:
    """``f`` of a sequence as a function of its elements."""
    return lambda *xs: f(xs)


def _math() -> Namespace:
    values = {name: op.value for name, op in OPS.items()}
    lists = {name: getattr(formulas, name) for name, shorthand in SHORTHANDS.items() if shorthand.listed}
    others = {name: shorthand.value for name, shorthand in SHORTHANDS.items() if not shorthand.listed}
    return _of_operands(values | lists) | others | CONSTANTS | {"inf": math.inf, "nan": math.nan, "number": float}


# ---------------------------------------------------------------------------------------------------------------------
# Arrays, with NumPy or with jax.numpy as ``np``: the primitives for every element, and the formulas lifted.
# ---------------------------------------------------------------------------------------------------------------------


def _arrays(np: Any, erf: Function, erfc: Function, add_up: Callable[[Sequence[Any]], Any]) -> Namespace:
    """Values alone: both sides of a selection are computed, and the one that is not taken may be anything."""
    where, isfinite, isinf, fabs = np.where, np.isfinite, np.isinf, np.abs

    def kind(xs: Sequence[Any]) -> Any:
        return np.result_type(*xs, 1.0)

    def floats(x: Any) -> Any:
        return np.asarray(x, kind([x]))

    def power(x: Any, y: Any) -> Any:
        root = (y == 0.5) & ((x == 0) | isinf(x))  # where NumPy takes the square root, which keeps the sign of -0
        return where(root, fabs(x), np.power(x, y))

    def copysign(x: Any, y: Any) -> Any:
        return where(y != y, np.nan, np.copysign(x, y))

    def split(x: Any) -> tuple[Any, Any]:
        """A constant keeps 12 digits in its first part, for it may meet float32."""
        digits = 53 - 12 if isinstance(x, float) else (np.finfo(np.result_type(x)).nmant + 2) // 2
        big = (2.0**digits + 1.0) * x
        high = big - (big - x)
        return high, x - high

    def total(xs: Sequence[Any]) -> Any:
        if not xs:
            return np.float64(0)
        plain = add_up(xs)
        # Where a partial sum is beyond the range, infinities among the numbers decide, or there are none.
        scaled = add_up([x * 0.5**64 for x in xs]) * 2.0**64
        return where(isfinite(plain), plain, scaled)

    def sum_of_others(xs: Sequence[Any], one: float) -> Any:
        others, met = [], False
        for x in xs:
            first = (x == one) & np.logical_not(met)
            others.append(where(first, 0.0, x))
            met = met | first
        return add_up(others)

    def dot(operands: Sequence[Any]) -> Any:
        n = len(operands) // 2
        return reduce(np.add, [*map(np.multiply, operands[:n], operands[n : 2 * n]), *operands[2 * n :]])

    def scaled(xs: Sequence[Any]) -> tuple[list[Any], Any, Any]:
        """The operands over a power of 2 near the largest, and its exponent; beside infinities others are 0."""
        largest = reduce(np.maximum, map(fabs, xs))
        endless = reduce(np.logical_or, map(isinf, xs))
        shift = np.frexp(floats(where(isfinite(largest), largest, 1.0)))[1]
        units = [np.copysign(np.asarray(isinf(x), np.result_type(x, 1.0)), x) for x in xs]
        return [where(endless, u, np.ldexp(floats(x), -shift)) for u, x in zip(units, xs, strict=True)], shift, endless

    def length(xs: Sequence[Any]) -> Any:
        return np.sqrt(reduce(np.add, [x * x for x in xs]))

    def select(xs: Sequence[Any]) -> Any:
        index, *values = xs
        cases = [*enumerate(values)]
        return reduce(lambda rest, case: where(index == case[0], case[1], rest), cases, np.asarray(np.nan, kind(xs)))

    def norm(xs: Sequence[Any]) -> Any:
        if not xs:
            return np.float64(0)
        parts, shift, endless = scaled(xs)
        return where(endless, np.inf, np.ldexp(length(parts), shift))

    def direction_all(xs: Sequence[Any]) -> list[Any]:
        parts = scaled(xs)[0]
        size = length(parts)
        return [where(size == 0, 0.0, x / size) for x in parts]

    primitives = {
        **dict(pick=where, both=np.logical_and, either=np.logical_or, negated=np.logical_not),
        **dict(all=partial(reduce, np.logical_and), isfinite=isfinite, is_integer=lambda x: np.floor(x) == x),
        **dict(fabs=fabs, copysign=copysign, frexp=lambda x: np.frexp(floats(x)), ldexp=np.ldexp, split=split),
        **dict(fsum=add_up, sum_of_others=sum_of_others, norm=norm, direction_all=direction_all),
        **dict(div=np.divide, pow=power, reciprocal=lambda x: 1 / floats(x), exp2=np.exp2, erf=erf, erfc=erfc),
        **dict(max=partial(reduce, np.maximum), min=partial(reduce, np.minimum), sum=total, dot=dot, select=select),
    }

    def of_their_kind(f: Function) -> Function:
        """A selection of constants has no precision of its own."""
        return lambda *xs: np.asarray(f(*xs), np.result_type(*xs, 1.0))

    names = lift(_from(np) | primitives)
    fixed = {name: of_their_kind(names[name]) for name in FORMULAS if name in OPS and not isinstance(OPS[name], NaryOp)}
    rows = _of_operands(names) | fixed | CONSTANTS
    rows |= {"scaled": lambda factor, x: where(factor == 0, 0.0, names["mul0"](factor, x)), "guard": rows["clamp"]}
    return rows | {"inf": np.inf, "nan": np.nan, "number": float}


def _numpy() -> Namespace:
    np = package("numpy")

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

    def in_double(f: Function) -> Function:
        """A sum that cancels beside the function's roots."""
        return lambda *xs: np.asarray(f(*[np.asarray(x, float)[()] for x in xs]), np.result_type(*xs, 1.0))

    names = _arrays(np, elementwise(math.erf), elementwise(math.erfc), add_up)
    gamma = ("lgamma", "digamma", "polygamma", "sinc_n")
    return names | {name: in_double(names[name]) for name in gamma}


def _jax() -> Namespace:
    """The same in rows that JAX differentiates, by their own rules."""
    jnp, special = package("jax.numpy"), package("jax.scipy.special")
    values = _arrays(jnp, special.erf, special.erfc, partial(reduce, jnp.add))
    names: Namespace = {**vars(ops)}
    rows: Namespace = {name: _jax_row(op, values[name], names) for name, op in OPS.items() if name in values}
    names |= rows | {name: within(shorthand.of_rows, names) for name, shorthand in SHORTHANDS.items()}
    names |= {"dot": lambda ws, xs, *bias: rows["dot"](*ws, *xs, *bias), "scaled": rows["mul0"], "number": float}
    return values | names


def _jax_row(op: ops.Op, value: Function, names: Namespace) -> Function:
    """A row on JAX arrays, which JAX differentiates by the row's rules.

    Python floats among the operands are constants of the function: no derivative to them is asked for, and a rule can
    look at them.
    """
    jax, jnp = package("jax"), package("jax.numpy")
    SymbolicZero = package("jax.custom_derivatives").SymbolicZero
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
            if not op.flows:
                return z, jnp.zeros_like(z)
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
        arrays = [jnp.asarray(x) for x, constant in zip(xs, constants, strict=True) if not constant]
        return of_arrays(constants)(*arrays)

    return row


# ---------------------------------------------------------------------------------------------------------------------
# Exact kinds: the formulas, and as in the book those whose guards against rounding would spoil a closed form.
# ---------------------------------------------------------------------------------------------------------------------


def _sympy() -> Namespace:
    sympy = package("sympy")

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

    def truth(condition: Any) -> Any:
        return choose(condition, 1, 0)

    def holds(x: Any) -> Any:
        """The condition of which x is the truth; or that x is not 0."""
        made = isinstance(x, sympy.Piecewise) and [value for value, _ in x.args] == [1, 0]
        return x.args[0][1] if made else sympy.Ne(x, 0)

    def select(xs: Sequence[Any]) -> Any:
        index, *values = xs
        cases = [(x, sympy.Eq(index, i)) for i, x in enumerate(values)]
        return sympy.Piecewise(*cases, (sympy.nan, True))

    def rint(x: Any) -> Any:
        half = sympy.Rational(1, 2)
        return sympy.floor(x + half) - choose(sympy.Eq(sympy.Mod(x, 2), half), 1, 0)  # a half goes to the even side

    names = _from(sympy) | dict(pick=choose, both=sympy.And, either=sympy.Or, negated=sympy.Not, where=where)
    names |= dict(abs=through(sympy.Abs), sign=through(sympy.sign), floor=sympy.floor, ceil=sympy.ceiling, round=rint)
    names |= dict(equal=lambda x, y: truth(sympy.Eq(x, y)), not_equal=lambda x, y: truth(sympy.Ne(x, y)))
    names |= dict(logical_and=lambda x, y: truth(sympy.And(holds(x), holds(y))))
    names |= dict(logical_or=lambda x, y: truth(sympy.Or(holds(x), holds(y))))
    names |= dict(logical_not=lambda x: truth(sympy.Not(holds(x))))
    names |= dict(only_if=lambda x, condition: choose(holds(condition), x, sympy.nan))
    names |= dict(expm1=lambda x: sympy.exp(x) - 1, log1p=lambda x: sympy.log(1 + x), sech=sympy.sech)
    names |= dict(cbrt=lambda x: sympy.sign(x) * sympy.Abs(x) ** sympy.Rational(1, 3), mod=sympy.Mod, pow=sympy.Pow)
    names |= dict(sum=lambda xs: sympy.Add(*xs), prod=lambda xs: sympy.Mul(*xs), maximum=sympy.Max, minimum=sympy.Min)
    names |= dict(max=lambda xs: sympy.Max(*xs), min=lambda xs: sympy.Min(*xs), nonneg=lambda x: x)
    names |= dict(mul0=lambda x, y: x * y, one_minus_square=lambda x: 1 - x**2, compare=lambda x, y: sympy.sign(x - y))
    names |= dict(sigmoid=lambda x: 1 / (1 + sympy.exp(-x)), silu=lambda x: x / (1 + sympy.exp(-x)))
    names |= dict(softplus=lambda x: sympy.log(1 + sympy.exp(x)), exp_shifted=lambda xs: (0, [*map(sympy.exp, xs)]))
    names |= dict(sum_of_others=lambda xs, x: sympy.Add(*xs) - x, select=select)
    names |= dict(number=number, pi=sympy.pi, inf=sympy.oo, nan=sympy.nan) | of_sympy(sympy)
    del names["div"]  # SymPy's divides polynomials
    constants = dict(LN_2=sympy.log(2), LOG2_E=1 / sympy.log(2), LOG10_E=1 / sympy.log(10))
    constants |= dict(LN_10=sympy.log(10), DEGREE=sympy.pi / 180, RADIAN=180 / sympy.pi)
    constants["TWO_OVER_SQRT_PI"] = 2 / sympy.sqrt(sympy.pi)
    return _exact(number, lift(textbook(names) | names, literals=True)) | constants


def _mpmath(context: Any) -> Namespace:
    mp = package("mpmath").mp if context is None else context

    def constant(name: str, value: Callable[[], Any]) -> Any:
        """It has as many digits as the context has when it is used."""

        def rounded(precision: int, rounding: str) -> Any:
            with mp.workprec(precision + 10):
                return value()._mpf_

        return mp.constant(rounded, name)

    names = _from(mp) | dict(abs=abs, round=mp.nint, mod=lambda x, y: x % y if y else mp.nan)
    names |= dict(cbrt=lambda x: mp.sign(x) * mp.cbrt(abs(x)), pow=mp.power)
    names |= dict(max=max, min=min, sum=mp.fsum, prod=mp.fprod, mul0=lambda x, y: x * y if x and y else mp.mpf(0))
    names |= dict(number=mp.mpf, pi=mp.pi, inf=mp.inf, nan=mp.nan, select=primitives.select) | of_mpmath(mp)
    exact = _exact(mp.mpf, with_names(textbook(names) | names))
    exact |= {name: _as_ieee(mp, op, exact[name]) for name, op in OPS.items() if name in exact}
    return exact | {
        **dict(LN_2=mp.ln2, LN_10=mp.ln10, DEGREE=mp.degree, RADIAN=constant("180/pi", lambda: 180 / mp.pi)),
        "LOG2_E": constant("log2(e)", lambda: 1 / mp.ln2),
        "LOG10_E": constant("log10(e)", lambda: 1 / mp.ln10),
        "TWO_OVER_SQRT_PI": constant("2/sqrt(pi)", lambda: 2 / mp.sqrt(mp.pi)),
    }


def _exact(number: Function, names: Namespace) -> Namespace:
    """What a text may name, on operands of the kind: plain numbers among them become such."""

    def convert(x: Any) -> Any:
        return [number(y) for y in x] if isinstance(x, (list, tuple)) else number(x)

    def of_kind(f: Function) -> Function:
        return lambda *xs: f(*map(convert, xs))

    rows = _of_operands(names) | {"guard": lambda x, low, high: x, "scaled": names["mul0"]}
    return {name: of_kind(f) for name, f in rows.items()} | {name: names[name] for name in ("inf", "nan", "number")}


def _as_ieee(mp: Any, op: ops.Op, f: Function) -> Function:
    """``f`` as a total function: where mpmath raises, turns complex or meets an infinity, what the row says."""

    def value(*xs: Any) -> Any:
        flat = [y for x in xs for y in (x if isinstance(x, list) else [x])]
        try:
            z = mp.convert(f(*xs)) if all(map(mp.isfinite, flat)) else mp.nan
        except (ZeroDivisionError, ValueError, OverflowError):
            z = mp.nan
        return z if isinstance(z, mp.mpf) and mp.isfinite(z) else mp.mpf(op.evaluate([float(x) for x in flat]))

    return value
