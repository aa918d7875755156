"""Machine code of every row and every rule with a fixed number of operands: against eager floats and against mpmath."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("numba", reason="compiled programs need numba")

import numba
import numpy as np
from mpmath import mp, mpf
from numba.core.registry import CPUDispatcher as Dispatcher

from autodiff.compiler import machine_math, nary
from autodiff.compiler.machine import MACHINE, NAMESPACE, bound
from autodiff.ops import OPS, NaryOp, Op
from tests.terms import terms as special_terms

NAN, INF = math.nan, math.inf
MANY = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -2.5, 3.0, 1e-9, 5e-324, -5e-324, 2.3e-308, -700.5, 20.0, 1e16, -1e16]
MANY += [708.5, 710.2, -745.0, -746.0, 1e154, -1e160, 1e-170, 1.7e308, -1.7e308, INF, -INF, NAN]
FEW = [0.0, -0.0, 1.0, -1.0, 0.3, 3.0, 1e300, INF, -INF, NAN]

Array = Any
Kernel = Callable[..., None]


def points(name: str, arity: int) -> Array:
    """Operands by rows: every combination of special values, then random doubles, small, large and of any bits."""
    random = np.random.default_rng(5)
    if name == "powlog":  # its last two are whole numbers
        orders = [*itertools.product((0.0, 1.0, 2.0), repeat=2)]
        pairs = [*itertools.product(MANY, [*FEW, 0.5, 1e15]), *(random.normal(size=(300, 2)) * (30.0, 3.0)).tolist()]
        return np.array([(*pair, *order) for pair in pairs for order in orders]).T.copy()
    if name in ("polygamma", "sinc_n"):  # of an order and a number
        numbers = [*MANY, *random.normal(size=1000) * 3.0, *random.normal(size=1000) * 300.0]
        return np.array([*itertools.product((0.0, 1.0, 2.0, 5.0), numbers)]).T.copy()
    special = np.array([*itertools.product(MANY if arity < 3 else FEW, repeat=arity)]).T
    small = random.normal(size=(arity, 3000)) * 3.0
    large = random.normal(size=(arity, 3000)) * 10.0 ** random.uniform(-6, 3, (arity, 3000))
    any_bits = random.integers(-(2**63), 2**63 - 1, (arity, 3000)).view(float)
    return np.hstack([special, small, large, any_bits])


def kernel(op: Op) -> Kernel:
    """A loop in machine code over the row's value and all its rules."""
    operands = [f"x{i}" for i in range(len(op.partials))]
    given = ", ".join(f"{x}[t]" for x in operands)
    lines = [f"def run({', '.join(operands)}, z, out):", "    for t in range(len(z)):"]
    lines += [f"        out[0, t] = value({given})"]
    lines += [f"        out[{i + 1}, t] = rule{i}({given}, z[t])" for i in range(len(operands))]
    names = {"value": MACHINE[op.name]} | {f"rule{i}": bound(rule) for i, rule in enumerate(op.partials)}
    exec("\n".join(lines), names)
    return numba.njit(error_model="numpy")(names["run"])  # type: ignore[no-any-return]


def terms(name: str, i: int, point: list[float]) -> float:
    """What a result that is a difference is the difference of; eager's own rounding error is as large as theirs."""
    x = point[0]
    if (name, i) == ("silu", 1):
        return OPS["sigmoid"].value(x)  # type: ignore[no-any-return]
    if name == "gelu":  # Φ(x) and φ(x) are subnormal where x·2**-1022 counts
        return max(abs(x) * 2.0**-1022, OPS["normal_cdf"].value(x) if i == 1 else 0.0)
    if (name, i) == ("powlog", 1):
        return abs(point[3] * OPS["powlog"].value(x, point[1], point[2] + 1, point[3] - 1))
    return special_terms(name, i, point)


def operations(rule: Callable[..., Any]) -> int:
    """How many operations a rule names, itself a result of one."""
    return max(1, sum(name in NAMESPACE for name in rule.__code__.co_names))


def far_apart(got: float, want: float, ulps: float, scale: float) -> bool:
    """Whether they differ by more than ``ulps`` units in the last place of ``want`` or ``scale``, or in kind."""
    if want != want or got != got:
        return (want != want) != (got != got)
    if want == got:
        return want == 0 and math.copysign(1.0, want) != math.copysign(1.0, got)
    want, got = (math.copysign(min(abs(x), 2.0**1023), x) if abs(x) < INF else x for x in (want, got))
    if math.isinf(want) or math.isinf(got):
        return True
    return abs(got - want) > ulps * math.ulp(max(abs(want), scale if scale < INF else 0.0))


FIXED = [name for name, op in OPS.items() if not isinstance(op, NaryOp)]


@pytest.mark.parametrize("name", FIXED)
def test_value_and_rules_are_those_of_eager_floats(name: str) -> None:
    op = OPS[name]
    arity = len(op.partials)
    columns = points(name, arity)
    rows = columns.T.tolist()
    eager = [op.value(*point) for point in rows]
    wants = [(z, *op.float_derivatives(point, z, range(arity))) for point, z in zip(rows, eager, strict=True)]
    out = np.empty((arity + 1, len(rows)))
    kernel(op)(*columns, np.array(eager), out)
    ulps = [4, *(4 * operations(rule) for rule in op.partials)]
    wrong = [
        f"{name}{point} {'value' if i == 0 else f'derivative {i - 1}'}: {got!r}, eager {want!r}"
        for point, gots, wants_here in zip(rows, out.T.tolist(), wants, strict=True)
        for i, (got, want) in enumerate(zip(gots, wants_here, strict=True))
        if far_apart(got, want, ulps[i], terms(name, i, point))
    ]
    assert not wrong, f"{len(wrong)} of {len(rows)}:\n" + "\n".join(wrong[:10])


def test_every_function_written_for_the_machine_is_held_to_its_row() -> None:
    """The test above goes over every row; what is written anew under another name would be a part of none."""
    written = {name for name, x in vars(machine_math).items() if isinstance(x, Dispatcher) and is_whole(x)}
    assert written <= {*OPS}, "name it after its row, or make it a part"
    kernels = {*nary.__all__} - {"softmax_all", "direction_all", "products_of_others"}
    assert kernels == {name for name, op in OPS.items() if isinstance(op, NaryOp)} - {"softmax", "direction"}


def is_whole(function: Dispatcher) -> bool:
    return "no_cpython_wrapper" not in function.targetoptions


# For each: the function in mpmath, the ends of the range to try, and the error allowed in ulp.
TRUTH: dict[str, tuple[Callable[[mpf], mpf], float, float, float]] = {
    "exp": (mp.exp, -745.0, 709.0, 1.0),
    "exp2": (lambda x: mpf(2) ** x, -1074.0, 1023.0, 1.0),
    "expm1": (mp.expm1, -40.0, 709.0, 2.0),
    "log": (mp.log, 0.0, 1e300, 1.0),
    "log2": (lambda x: mp.log(x) / mp.ln2, 0.0, 1e300, 2.0),
    "log10": (mp.log10, 0.0, 1e300, 2.0),
    "log1p": (mp.log1p, -1.0, 1e300, 1.5),
    "sin": (mp.sin, -1e300, 1e300, 1.0),
    "cos": (mp.cos, -1e300, 1e300, 1.0),
    "tan": (mp.tan, -1e300, 1e300, 2.5),
    "sinh": (mp.sinh, -710.0, 710.0, 2.5),
    "cosh": (mp.cosh, -710.0, 710.0, 2.0),
    "tanh": (mp.tanh, -20.0, 20.0, 2.5),
    "asinh": (mp.asinh, -1e300, 1e300, 3.0),
    "acosh": (mp.acosh, 1.0, 1e300, 3.0),
    "atanh": (mp.atanh, -1.0, 1.0, 3.0),
    "erf": (mp.erf, -6.0, 6.0, 2.0),
    "erfc": (mp.erfc, -6.0, 26.5, 3.0),
    "normal_cdf": (mp.ncdf, -37.5, 9.0, 3.0),
    "normal_pdf": (mp.npdf, -37.5, 37.5, 2.0),
    "gaussian": (lambda x: mp.exp(-x * x), -26.5, 26.5, 1.5),
    "sigmoid": (lambda x: 1 / (1 + mp.exp(-x)), -745.0, 40.0, 2.0),
    "half_sech": (lambda x: mp.sech(x / 2) / 2, -1400.0, 1400.0, 2.5),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), -745.0, 800.0, 2.0),
    "log_sigmoid": (lambda x: -mp.log1p(mp.exp(-x)), -800.0, 745.0, 2.0),
    "silu": (lambda x: x / (1 + mp.exp(-x)), -745.0, 40.0, 3.0),
}


def ulps_from(got: float, want: mpf) -> float:
    return float(abs(mpf(got) - want) / math.ulp(float(want)))


@pytest.mark.parametrize("name", TRUTH)
def test_vectorised_functions_against_mpmath(name: str) -> None:
    f, low, high, allowed = TRUTH[name]
    random = np.random.default_rng(6)
    sizes = random.choice([-1.0, 1.0], 600) * 10.0 ** random.uniform(-12, math.log10(high), 600)
    xs = [*random.uniform(low, high, 200).tolist(), *sizes.tolist(), *random.normal(size=600).tolist()]
    with mp.workprec(1200 if high == 1e300 else 120):
        errors = [(ulps_from(MACHINE[name](x), f(mpf(x))), x) for x in xs if low < x < high]
    assert len(errors) > 400
    assert max(errors)[0] <= allowed, max(errors)


def nearest_to_a_multiple_of_half_pi(exponent: int) -> float:
    """The m·2**exponent with m < 2**53 that is nearest to one, from the continued fraction of 2**exponent·2/π."""
    y = mpf(2) ** exponent * 2 / mp.pi
    before, m = 0, 1
    while True:
        y = 1 / (y - mp.floor(y))
        before, m = m, int(mp.floor(y)) * m + before
        if m >= 2**53:
            return math.ldexp(before, exponent)


def test_sin_cos_and_tan_at_the_hardest_arguments() -> None:
    with mp.workprec(1300):
        for exponent in range(0, 970, 3):
            x = nearest_to_a_multiple_of_half_pi(exponent)
            for name in ("sin", "cos", "tan"):
                assert ulps_from(MACHINE[name](x), getattr(mp, name)(mpf(x))) <= 2.5, (name, x)


def test_ulps_tell_a_double_from_its_neighbours() -> None:
    assert far_apart(1.0 + 5 * 2.0**-52, 1.0, 4, 0.0)
    assert not far_apart(1.0 + 4 * 2.0**-52, 1.0, 4, 0.0)
    assert far_apart(INF, 1.7e308, 4, 0.0)
    assert far_apart(NAN, 1.0, 4, 0.0)
    assert far_apart(0.0, -0.0, 4, 0.0)
    assert ulps_from(1.0 + 2.0**-52, mpf(1)) == 1.0


@pytest.mark.parametrize("name", ["exp", "log", "tanh", "sigmoid", "softplus", "silu", "clamp"])
def test_a_loop_becomes_vector_instructions(name: str) -> None:
    arity = len(OPS[name].partials)
    operands = [f"x{i}" for i in range(arity)]
    given = ", ".join(f"{x}[t]" for x in operands)
    names = {"value": MACHINE[name]}
    source = f"def run({', '.join(operands)}, out):\n    for t in range(len(out)):\n        out[t] = value({given})"
    exec(source, names)
    run = numba.njit(error_model="numpy")(names["run"])
    run.compile((numba.float64[::1],) * (arity + 1))
    (text,) = run.inspect_llvm().values()
    stores = re.findall(r"store <\d+ x double>", text)
    assert stores, f"{name}: no vector is stored"


def test_every_name_in_a_rule_stands_for_machine_code() -> None:
    assert {name for row in FIXED for rule in OPS[row].partials for name in rule.__code__.co_names} <= set(NAMESPACE)
    assert NAMESPACE["exp"] is MACHINE["exp"] is machine_math.exp
