"""The node in C is that of value.py: in the words of the table, and to the last bit, word and byte."""

from __future__ import annotations

import copy
import gc
import inspect
import itertools
import math
import operator
import os
import random
import shutil
import struct
import subprocess
import sys
import sysconfig
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import autodiff
from autodiff import OPS, native
from autodiff.compiler import reading
from autodiff.elsewhere import ELSEWHERE
from autodiff.symbol import local_derivative_formula
from tests.engines import bits, carried, in_python, outcome, recorded

ROOT = Path(__file__).parent.parent
SOURCE = "\n".join(part.read_text(encoding="utf-8") for part in sorted((ROOT / "autodiff" / "node").glob("*.h")))
BUILT = native.node is not None
pytestmark = pytest.mark.usefixtures("collector_of_what_is_new")
needs_c = pytest.mark.skipif(not BUILT, reason="the node in C is not built")

SPECIAL = [0.0, 1.0, math.inf, math.nan, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 0.5, 3.0, 710.0, 1e16]
SPECIAL += [-x for x in SPECIAL]


def any_doubles(count, seed=1):
    rng = random.Random(seed)
    return [struct.unpack("d", rng.randbytes(8))[0] for _ in range(count)] + [rng.gauss(0, 3) for _ in range(count)]


def test_where_there_is_a_compiler_the_node_is_in_c():
    compiler = shutil.which((sysconfig.get_config_var("CC") or "cl").split()[0])
    if compiler and not os.environ.get("AUTODIFF_PURE") and not sysconfig.get_config_var("Py_GIL_DISABLED"):
        assert autodiff.engine == "c", "pip install --editable . builds it"


def test_the_environment_chooses_the_node_in_python():
    said = [
        subprocess.run(
            [sys.executable, "-c", "import autodiff; print(autodiff.engine, autodiff.Value(2.0) + 1)"],
            env={**os.environ, "AUTODIFF_PURE": choice},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()[0]
        for choice in ("1", "0")
    ]
    assert said == ["python", "c" if BUILT or os.environ.get("AUTODIFF_PURE", "0") != "0" else "python"]


@needs_c
def test_a_node_of_another_version_is_passed_over():
    program = f"""
import importlib.util, sys, warnings
spec = importlib.util.spec_from_file_location("autodiff._node", {native.node.__file__!r})
sys.modules["autodiff._node"] = importlib.util.module_from_spec(spec)
sys.modules["autodiff._node"].make_type = lambda *arguments: 1 / 0
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    import autodiff
x = autodiff.Value(3.0)
(x * x + 2).backward()
print(autodiff.engine, x.grad, len(said), "install again" in str(said[0].message))
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert said.split() == ["python", "6.0", "1", "True"]


# ---------------------------------------------------------------------------------------------------------------------
# One table.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "raises"), [("add", "0"), ("sub", "0"), ("mul", "0"), ("div", "y == 0")])
def test_the_operators_are_in_the_words_of_their_rows(name, raises):
    op = OPS[name]
    assert f"_({name}, {op.notation}, {', '.join(local_derivative_formula(op, i) for i in (0, 1))}, {raises})" in SOURCE


@pytest.mark.parametrize("name", ["neg", "exp", "log", "relu", "tanh"])
def test_the_functions_have_the_derivatives_of_their_rows(name):
    (line,) = [line for line in SOURCE.splitlines() if f"    _({name}, " in line]
    assert f", {local_derivative_formula(OPS[name], 0)}, " in line


@pytest.mark.parametrize("name", ["sum", "mean", "dot", "logsumexp"])
def test_the_rules_of_any_number_of_operands_stand_under_the_notation_of_their_rows(name):
    before, rule, _ = SOURCE.partition(f"static int rule_{name}(")
    assert rule
    assert before.rstrip().splitlines()[-1].startswith(f"/* {OPS[name].notation}")


@needs_c
@pytest.mark.parametrize("name", ["neg", "exp", "log", "relu", "tanh"])
def test_the_functions_to_the_last_bit(name):
    op, method = OPS[name], {"neg": "__neg__"}.get(name, name)
    for x in SPECIAL + any_doubles(2000):
        node = getattr(autodiff.Value(x), method)()
        z = op.evaluate([x])
        assert (bits(node.data), node.op) == (bits(z), op)
        assert [*map(bits, node.local_derivatives)] == [*map(bits, op.float_derivatives([x], z, [0]))], x


OPERATORS = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
}


@needs_c
@pytest.mark.parametrize("name", OPERATORS)
def test_the_operators_to_the_last_bit(name):
    """Value and Value, Value and constant, constant and Value, against the row called on floats."""
    op, apply, Value = OPS[name], OPERATORS[name], autodiff.Value
    numbers = [*SPECIAL, *any_doubles(40), 2, -3, True, 2**53 + 1]
    for x, y in itertools.product(numbers, numbers):
        z = op.evaluate([float(x), float(y)])
        both = op.float_derivatives([float(x), float(y)], z, [0, 1])
        for left, right in ((1, 1), (1, 0), (0, 1)):
            node = apply(Value(x) if left else x, Value(y) if right else y)
            assert bits(node.data) == bits(z), (x, y)
            expected = [slope for slope, there in zip(both, (left, right), strict=True) if there]
            assert [*map(bits, node.local_derivatives)] == [*map(bits, expected)], (x, y, left, right)
            assert [bits(getattr(v, "data", v)) for v in node.operands] == [bits(float(x)), bits(float(y))]


@needs_c
@pytest.mark.parametrize("scale", ["alike", "wild", "cancelling", "ties", "special"])
def test_sums_and_products_are_exact(scale):
    """``sum``, ``dot`` and softmax against the rows of the package in Python, which add with math.fsum."""
    pure, rng = in_python(), random.Random(scale)
    for _ in range(300):
        n = rng.randint(1, 12)
        xs = [rng.gauss(0, 1) * (10.0 ** rng.randint(-300, 300) if scale == "wild" else 1.0) for _ in range(2 * n)]
        if scale == "cancelling":
            xs = [*xs[:n], *[-x * (1 + rng.choice([0, 2**-52])) for x in xs[:n]]]
        if scale == "ties":
            xs = [rng.choice([1.0, 2.0**-53, -(2.0**-53), 2.0**-106, 2.0**53, 3 * 2.0**-54]) for _ in xs]
        if scale == "special":
            xs = [rng.choice(SPECIAL) for _ in xs]
        for name in ("sum", "dot", "softmax", "logsumexp", "mean"):
            found = []
            for ad in (autodiff, pure):
                values = [ad.Value(x) if rng.random() < 2 or name == "sum" else x for x in xs]
                given = (values[:n], values[n:]) if name == "dot" else (values,)
                made = getattr(ad, name)(*given)
                found.append([recorded(ad, z) for z in (made if name == "softmax" else [made])])
            assert found[0] == found[1], (name, xs)


@needs_c
def test_a_graph_as_columns():
    """What the compiler reads of a graph, from C and from the tuples of the nodes."""
    x, y = autodiff.Value(2.0), autodiff.Value(3.0)
    z = (
        autodiff.dot([x, 1.5], [y, x], 0.25) * 2.0
        + autodiff.where(x > y, x, -1.0)
        + (7.0 / y).detach()
        + autodiff.exp(x)
    )
    nodes = autodiff.sweep.recorded_order(z)
    assert [*map(repr, reading.columns_of(nodes))] == [*map(repr, reading._columns_in_python(nodes))]


@needs_c
def test_other_rules_hold_where_a_row_is_called(monkeypatch):
    x = autodiff.Value(2.0)
    monkeypatch.setattr(OPS["sum"], "partials", (lambda xs, z: [7.0] * len(xs),))
    assert autodiff.sum([x, x]).local_derivatives == (7.0, 7.0)
    monkeypatch.setattr(OPS["softmax"], "partials", (lambda xs, z: [5.0] * len(xs),))
    assert autodiff.softmax([x, x])[0].local_derivatives == (5.0, 5.0)


# ---------------------------------------------------------------------------------------------------------------------
# The same Value.
# ---------------------------------------------------------------------------------------------------------------------


@needs_c
def test_the_same_names_and_docstrings():
    mine, other = autodiff.Value, in_python().Value
    assert set(dir(mine)) == set(dir(other)) - {"_left", "_right", "_to_left", "_to_right"}
    for name in dir(other):
        if not name.startswith("_") and name not in ELSEWHERE:
            assert inspect.getdoc(getattr(mine, name)) == inspect.getdoc(getattr(other, name)), name
    assert inspect.getdoc(mine) == inspect.getdoc(other)
    assert [*inspect.signature(mine).parameters] == [*inspect.signature(other).parameters]
    assert (mine.__name__, mine.__qualname__, mine.__module__) == ("Value", "Value", "autodiff.value")


WRONG = {
    "no number": lambda ad: ad.Value("2"),
    "no data": lambda ad: ad.Value(),
    "a keyword": lambda ad: ad.Value(2.0, lable="x"),
    "micrograd's arguments": lambda ad: ad.Value(2.0, (), "+"),
    "a Value": lambda ad: ad.Value(ad.Value(2.0)),
    "a huge integer": lambda ad: ad.Value(10**400),
    "a huge constant": lambda ad: ad.Value(2.0) * 10**400,
    "a text as operand": lambda ad: ad.Value(2.0) + "x",
    "a text on the left": lambda ad: "x" * ad.Value(2.0),
    "None": lambda ad: ad.Value(2.0) / None,
    "an object": lambda ad: ad.Value(2.0) - object,
    "a power of None": lambda ad: ad.Value(2.0) ** None,
    "an unknown attribute": lambda ad: setattr(ad.Value(2.0), "lable", "x"),
    "an attribute that is not there": lambda ad: ad.Value(2.0).lable,
    "of another library": lambda ad: ad.Value(2.0).item(),
    "data": lambda ad: setattr(ad.Value(2.0), "data", "x"),
    "grad": lambda ad: setattr(ad.Value(2.0), "grad", 2j),
    "float": lambda ad: float(ad.Value(2.0)),
    "math": lambda ad: math.sin(ad.Value(2.0)),
    "an array in dot": lambda ad: ad.dot([ad.Value(1.0)], ["x"]),
    "lengths": lambda ad: ad.dot([ad.Value(1.0)], []),
    "no bias": lambda ad: ad.dot([ad.Value(1.0)], [2.0], "x"),
    "nothing to share": lambda ad: ad.softmax([]),
    "a text to share": lambda ad: ad.softmax([ad.Value(1.0), "x"]),
    "order of no Values": lambda ad: ad.topological_order(ad.Value(2.0), 3.0),
    "an item": lambda ad: ad.Value(2.0)[0],
    "a call": lambda ad: ad.Value(2.0)(),
    "a length": lambda ad: len(ad.Value(2.0)),
}


@needs_c
@pytest.mark.parametrize("name", WRONG)
def test_errors_word_for_word(name):
    found = [outcome(WRONG[name], ad) for ad in (autodiff, in_python())]
    assert isinstance(found[0], str)
    assert found[0] == found[1]


@needs_c
def test_numbers_of_other_kinds():
    pure = in_python()
    for x in (True, 2, np.float64(0.5), np.float32(0.1), np.int64(7), np.bool_(True)):
        for apply in (*OPERATORS.values(), operator.mod, operator.floordiv):
            for turned in (False, True):
                found = []
                for ad in (autodiff, pure):
                    v = ad.Value(1.5)
                    found.append(recorded(ad, apply(x, v) if turned else apply(v, x)))
                assert found[0] == found[1]


UNARY = ["exp", "log", "relu", "tanh", "sin", "sqrt", "abs", "neg", "sigmoid", "square", "floor"]
BINARY = ["add", "sub", "mul", "truediv", "pow", "mod"]
NARY = ["sum", "mean", "max", "logsumexp", "norm", "prod"]
NUMBERS = st.sampled_from([0.0, -0.0, 1.0, -2.0, 0.3, 1e200, 1e-200, math.inf, -math.inf, math.nan, 3, True])


class Both(RuleBasedStateMachine):
    """Every step is taken on both nodes; after each, every graph of the one is that of the other."""

    @initialize()
    def begin(self):
        self.packages = (autodiff, in_python())
        self.subclasses = [type("Named", (ad.Value,), {}) for ad in self.packages]
        self.pools = ([], [])
        gc.collect()
        self.living = native.node.living()
        self.add(lambda ad, pool: ad.Value(2.0, "x"))

    def add(self, make):
        """The node that ``make`` gives in each package, or the same error in both."""
        made = [outcome(make, ad, pool) for ad, pool in zip(self.packages, self.pools, strict=True)]
        if any(isinstance(x, str) for x in made):
            assert made[0] == made[1]
            return
        for pool, nodes in zip(self.pools, made, strict=True):
            pool.extend([x for x in (nodes if isinstance(nodes, list) else [nodes]) if not isinstance(x, float)])

    def do(self, action):
        found = [outcome(action, ad, pool) for ad, pool in zip(self.packages, self.pools, strict=True)]
        assert found[0] == found[1]

    def some(self, data):
        return data.draw(st.integers(0, len(self.pools[0]) - 1))

    @rule(x=NUMBERS, label=st.sampled_from(["", "w"]))
    def leaf(self, x, label):
        self.add(lambda ad, pool: ad.Value(x, label))

    @rule(x=NUMBERS)
    def leaf_of_a_subclass(self, x):
        def make(ad, pool):
            node = self.subclasses[self.packages.index(ad)](x)
            node.note = [node]  # a circle, for the collector
            return node

        self.add(make)

    @rule(name=st.sampled_from(UNARY), data=st.data())
    def unary(self, name, data):
        i = self.some(data)
        self.add(lambda ad, pool: getattr(pool[i], name)())
        self.add(lambda ad, pool: getattr(ad, name)(pool[i]))

    @rule(name=st.sampled_from(BINARY), data=st.data())
    def binary(self, name, data):
        i, j = self.some(data), self.some(data)
        self.add(lambda ad, pool: getattr(operator, name)(pool[i], pool[j]))

    @rule(name=st.sampled_from(BINARY), x=NUMBERS | st.sampled_from(["x", None, 10**400]), data=st.data())
    def with_a_constant(self, name, x, data):
        i = self.some(data)
        self.add(lambda ad, pool: getattr(operator, name)(pool[i], x))
        self.add(lambda ad, pool: getattr(operator, name)(x, pool[i]))

    @rule(name=st.sampled_from(NARY), data=st.data(), constants=st.lists(NUMBERS, max_size=2))
    def any_number(self, name, data, constants):
        chosen = [self.some(data) for _ in range(data.draw(st.integers(1, 4)))]
        self.add(lambda ad, pool: getattr(ad, name)([*[pool[i] for i in chosen], *constants]))

    @rule(data=st.data(), constants=st.lists(NUMBERS, max_size=1))
    def softmax(self, data, constants):
        chosen = [self.some(data) for _ in range(data.draw(st.integers(1, 3)))]
        self.add(lambda ad, pool: ad.softmax([*[pool[i] for i in chosen], *constants]))

    @rule(data=st.data(), n=st.integers(0, 3), biased=st.booleans(), x=NUMBERS)
    def dot(self, data, n, biased, x):
        ws, xs = ([self.some(data) for _ in range(n)] for _ in range(2))
        bias = self.some(data)
        self.add(
            lambda ad, pool: ad.dot(
                [pool[i] for i in ws], [pool[i] if i % 2 else x for i in xs], *([pool[bias]] if biased else [])
            )
        )

    @rule(data=st.data())
    def detached(self, data):
        i = self.some(data)
        self.add(lambda ad, pool: pool[i].detach())

    @rule(data=st.data(), x=NUMBERS)
    def compared(self, data, x):
        i, j = self.some(data), self.some(data)
        self.add(lambda ad, pool: ad.where(pool[i] > x, pool[j], pool[i] < pool[j]))

    @rule(data=st.data())
    def backward(self, data):
        i = self.some(data)
        self.do(lambda ad, pool: pool[i].backward())

    @rule(data=st.data())
    def zero_grad(self, data):
        i = self.some(data)
        self.do(lambda ad, pool: pool[i].zero_grad())

    @rule(data=st.data(), name=st.sampled_from(["data", "grad"]), x=NUMBERS | st.sampled_from([None, "x", 2j]))
    def set_a_number(self, data, name, x):
        i = self.some(data)
        self.do(lambda ad, pool: setattr(pool[i], name, x))

    @rule(data=st.data(), x=NUMBERS | st.just("x"))
    def begin_anew(self, data, x):
        i = self.some(data)
        self.do(lambda ad, pool: pool[i].__init__(x, "anew"))

    @rule(data=st.data(), how=st.sampled_from([copy.copy, copy.deepcopy]))
    def copied(self, data, how):
        i = self.some(data)
        if not any(type(x).__name__ == "Named" for x in autodiff.sweep.recorded_order(self.pools[0][i])):
            self.add(lambda ad, pool: how(pool[i]))

    @rule(data=st.data())
    def carried_across(self, data):
        """Both graphs by pickle to the other package, and so in place of each other."""
        i = self.some(data)
        if not any(type(x).__name__ == "Named" for x in autodiff.sweep.recorded_order(self.pools[0][i])):
            there = [carried(self.pools[1 - k][i], self.packages[k]) for k in (0, 1)]
            for pool, node in zip(self.pools, there, strict=True):
                pool.append(node)

    @rule(data=st.data())
    def inside_no_grad(self, data):
        i = self.some(data)

        def paused(ad, pool):
            x = pool[i]
            with ad.no_grad():
                by_operator = [x * x + 2.0, 3.0 / x, x**2, x.exp(), x.sin()]
                return [*by_operator, ad.dot([x], [2.0]), ad.sum([x, 1.0]), ad.max([x, 1]), *ad.softmax([x, 0.0])]

        self.add(paused)

    @rule(data=st.data())
    def while_another_thread_is_paused(self, data):
        i = self.some(data)

        def beside(ad, pool):
            paused, done = threading.Event(), threading.Event()

            def pause():
                with ad.no_grad():
                    paused.set()
                    done.wait()

            thread = threading.Thread(target=pause)
            thread.start()
            paused.wait()
            try:
                return (pool[i] + 1.0).exp()
            finally:
                done.set()
                thread.join()

        self.add(beside)

    @precondition(lambda self: len(self.pools[0]) > 3)
    @rule(data=st.data())
    def forget(self, data):
        i = self.some(data)
        for pool in self.pools:
            del pool[i]

    @invariant()
    def alike(self):
        if hasattr(self, "pools"):
            assert [*map(repr, self.pools[0])] == [*map(repr, self.pools[1])]
            mine, other = [recorded(ad, *pool) for ad, pool in zip(self.packages, self.pools, strict=True)]
            assert mine == other

    def teardown(self):
        if hasattr(self, "pools"):
            before = self.living
            self.pools = ()
            del self.subclasses
            gc.collect()
            assert native.node.living() == before


TestBoth = needs_c(Both.TestCase)
TestBoth.settings = settings(max_examples=15, stateful_step_count=15)


# ---------------------------------------------------------------------------------------------------------------------
# Memory.
# ---------------------------------------------------------------------------------------------------------------------


@needs_c
def test_the_collector_never_sees_a_graph():
    x = autodiff.Value(2.0)
    nodes = [x, autodiff.Value(3, "label"), x * x, autodiff.dot([x, x], [1.0, 2.0]), copy.deepcopy(x * 2), x.detach()]
    assert not any(map(gc.is_tracked, nodes))
    named = type("Named", (autodiff.Value,), {})(1.0)
    assert all(map(gc.is_tracked, [named, named * 2.0, autodiff.sum([x, named, x]), (named + 1) * x]))


@needs_c
def test_a_circle_through_a_subclass_is_collected():
    before = native.node.living()
    named = type("Named", (autodiff.Value,), {})(1.0)
    named.loss = (named * 2.0).exp() + autodiff.sum([named, named, named])
    assert native.node.living() > before
    del named
    gc.collect()
    assert native.node.living() == before


@needs_c
def test_a_circle_through_a_label_is_collected():
    before = native.node.living()
    x = autodiff.Value(1.0)
    x.label = [x]
    del x
    gc.collect()
    assert native.node.living() == before


@needs_c
def test_what_a_node_holds_is_let_go():
    op = OPS["mul"]
    x, y = autodiff.Value(2.0), autodiff.Value(3.0)
    counts = sys.getrefcount(op), sys.getrefcount(x), sys.getrefcount(autodiff.Value)
    for _ in range(100):
        z = x * y + x * 2.0
        z.backward()
        assert z.parents[0].op is op
        z.zero_grad()
        autodiff.softmax([x, y, z])
        autodiff.dot([x, y, z], [1.0, x, 2.0])
        outcome(autodiff.dot, [x, y], [1.0, "x"])
        z.local_derivatives = (1.0, 2.0)
        z.__init__(1.0)
    del z
    assert counts == (sys.getrefcount(op), sys.getrefcount(x), sys.getrefcount(autodiff.Value))


@needs_c
def test_a_long_chain_is_freed_without_recursion():
    before = native.node.living()
    y = autodiff.Value(1.0)
    for i in range(300_000):
        y = y * 1.0 if i % 3 else autodiff.sum([y, 1.0, 2.0])
    y.backward()
    del y
    assert native.node.living() == before


@needs_c
def test_freed_nodes_are_taken_again_in_the_order_of_their_addresses():
    def grown():
        nodes = [autodiff.Value(2.0)]
        for i in range(20_000):
            nodes.append(nodes[-1] + nodes[i // 2])
        return nodes

    for _ in range(5):
        places = [*map(id, grown())]
    native.node.give_back()
    near = sum(0 < later - earlier < 1024 for earlier, later in itertools.pairwise(places))
    assert near > 0.9 * len(places)


@needs_c
def test_nodes_that_stay_unused_are_given_back():
    native.node.give_back()
    x = autodiff.Value(2.0)
    few = [x * x for _ in range(10)]
    del few
    for _ in range(10):
        (x * x).backward()
    tracemalloc.start()
    try:
        many = [x * x for _ in range(10)]
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken > 5 * 112, "fresh memory, for the nodes from before are no longer kept"
    del many


@needs_c
def test_a_node_begun_anew_is_later_than_what_was_made_of_it():
    found = []
    for ad in (autodiff, in_python()):
        x, y = ad.Value(2.0, "x"), ad.Value(3.0, "y")
        z = x * y + x
        for _ in range(2000):  # further numbers in between
            z = z + 1.0
        x.__init__(5.0, "anew")
        w = z * y
        w.backward()
        order = ad.topological_order(w, x)
        w.zero_grad()
        found.append(([node.label for node in order], [bits(node.grad) for node in order]))
    assert found[0] == found[1]
    assert found[0][0][-2:] == ["anew", ""]


STARVED = """
import sys
sys.path.insert(0, {root!r})
import gc
import _testcapi, autodiff as ad
from autodiff import native

def work():
    x, y = ad.Value(2.0), ad.Value(3)
    z = (x * y + 1.0).exp() / 7 - y ** 2
    p, q, r = native.node.softmax((x, y, z)) if sys.version_info < (3, 12) else (x, y, z)
    s = native.node.dot([p, q, r], [x, 2.0, y], z) + native.node.reduce(ad.OPS["sum"], (x, y, z, p))
    s = t = s * native.node.reduce(ad.OPS["mean"], (q, r, 1.0)) + native.node.dot([x] * 70, [y] * 70, None)
    for _ in range(70):
        t = t * 1.0
    s = t + s  # far back
    s.backward()
    s.zero_grad()
    s.local_derivatives = s.local_derivatives
    return ad.topological_order(s, p), s.operands, s.parents

work()
before, failed = native.node.living(), 0
for step in range(400):
    native.node.give_back()
    try:
        _testcapi.set_nomemory(step, step + 1)
        work()
    except MemoryError:
        failed += 1
    finally:
        _testcapi.remove_mem_hooks()
    gc.collect()
    assert native.node.living() == before, (step, native.node.living(), before)
print(failed)
"""


@needs_c
def test_nothing_is_lost_where_memory_ends():
    """Each allocation fails in turn: an error, and no node left over.

    (C is called directly: where a Python function with *arguments finds no memory for its frame, Python leaks them, and
    from 3.12 on it crashes where there is none for a generator, as softmax makes one.)
    """
    pytest.importorskip("_testcapi")
    ran = subprocess.run(
        [sys.executable, "-c", STARVED.format(root=str(ROOT))], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) > 50


@needs_c
@pytest.mark.nightly
def test_no_byte_out_of_place(tmp_path):
    """The tests of this file on a node that was built with AddressSanitizer."""
    compiler = shutil.which("gcc")
    if not compiler or not sys.platform.startswith("linux"):
        pytest.skip("AddressSanitizer is preloaded with gcc on Linux")
    shutil.copytree(ROOT / "autodiff", tmp_path / "autodiff", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    shutil.copytree(ROOT / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copy(ROOT / "conftest.py", tmp_path)
    flags = ["-O1", "-g", "-ffp-contract=off", "-fsanitize=address,undefined", "-fPIC", "-shared"]
    build = [compiler, *flags, "-I", sysconfig.get_path("include"), "_node.c", "-o", "_node.abi3.so", "-lm"]
    subprocess.run(build, cwd=tmp_path / "autodiff", check=True)
    library = subprocess.run([compiler, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    environment = {"LD_PRELOAD": library.stdout.strip(), "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-m", "not nightly", "tests/test_native.py", "-k", "not memory"],
        cwd=tmp_path,
        env={**os.environ, **environment, "HYPOTHESIS_PROFILE": "ci"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
