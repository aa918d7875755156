"""The numbers of the explorer's page are those of the engine: random graphs over every operation, in Node."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from mpmath import mp, mpf

import autodiff as ad
from autodiff import Value
from autodiff.explorer.causes import causes_module
from autodiff.explorer.graph import Graph
from autodiff.explorer.rules import rule_of, rules_module
from autodiff.ops import OPS, Op
from tests import truth
from tests.explored import Program, explored, in_node, random_program, run_module, whole
from tests.terms import terms

TOLERANCE = 1e-12

RUN = """
import { Graph } from "./graph.js";
import { paths } from "./paths.js";
import { RULES } from "./rules.js";
const result = graphs.map(({ data, moved }) => {
  const graph = new Graph(data, RULES);
  const state = () => {
    const found = graph.leaves.map((leaf) => paths(graph, graph.output, leaf, 3));
    const told = found.map(({ count, largest, sum }) => [count, sum, largest.map(({ product }) => product)]);
    return [[...graph.values], [...graph.gradients()], told];
  };
  const before = state();
  graph.move(new Map(moved));
  return [before, state()];
});
"""


def numbers(xs: Any) -> list[float]:
    return [float(str(x).replace("Infinity", "inf")) for x in xs]


def absolute_sums(order: list[Value]) -> list[float]:
    """The sum over all paths of the sizes of their products, for each node."""
    sums = dict.fromkeys(order, 0.0)
    sums[order[-1]] = 1.0
    for node in reversed(order):
        for parent, slope in zip(node.parents, node.local_derivatives, strict=True):
            sums[parent] += abs(slope) * sums[node]
    return [*sums.values()]


def sizes_of_values(order: list[Value]) -> list[float]:
    """Of each number its size, or that of the terms which cancelled in it: rounding errors are a share of those."""
    sizes: dict[Value, float] = {}
    for node in order:
        edges = zip(node.parents, node.local_derivatives, strict=True)
        sizes[node] = max(abs(node.data), sum(abs(slope) * sizes[parent] for parent, slope in edges))
    return [*sizes.values()]


def products_of_paths(node: Value, leaf: Value) -> list[float]:
    """The product along every path, one by one."""
    if node is leaf:
        return [1.0]
    edges = zip(node.parents, node.local_derivatives, strict=True)
    return [slope * product for parent, slope in edges for product in products_of_paths(parent, leaf)]


def differences(program: Program, found: Any) -> list[str]:
    wrong = []
    for inputs, (values, gradients, told) in zip((program.inputs, program.moved), found, strict=True):
        output, _ = program.recorded(inputs)
        output.backward()
        order = Graph(output).nodes
        values = dict(zip(order, numbers(values), strict=True))
        sizes = zip(sizes_of_values(order), absolute_sums(order), strict=True)
        for node, gradient, (size, contributions) in zip(order, numbers(gradients), sizes, strict=True):
            value = values[node]
            alone = alone_of(node, values)
            if not abs(value - alone) <= TOLERANCE * abs(alone):
                wrong.append(f"operation {node!r}: {value!r} in place of {alone!r}")
            if not abs(value - node.data) <= TOLERANCE * size:
                wrong.append(f"value {node!r}: {value!r}, sizes {size!r}")
            if not abs(gradient - node.grad) <= TOLERANCE * contributions:
                wrong.append(f"gradient {node!r}: {gradient!r}, sizes {contributions!r}")
        leaves = [node for node in order if node.op is None and not node.operands]
        for leaf, (count, total, largest) in zip(leaves, told, strict=True):
            wrong += differences_of_paths(output, leaf, int(count), *numbers([total, *largest]))
    return wrong


def alone_of(node: Value, values: dict[Value, float]) -> float:
    """What the engine makes of the page's own operands: to the last bits, though terms may cancel."""
    if node.op is None:
        return values[node.operands[0]] if node.operands else node.data
    return node.op.evaluate([values[x] if isinstance(x, Value) else float(x) for x in node.operands])


def differences_of_paths(output: Value, leaf: Value, count: int, total: float, *largest: float) -> list[str]:
    products = products_of_paths(output, leaf)
    sizes = [abs(product) for product in products]
    allowed = TOLERANCE * math.fsum(sizes)
    wrong = [f"paths to {leaf!r}: {count} in place of {len(products)}"] * (count != len(products))
    if not abs(total - math.fsum(products)) <= allowed:
        wrong.append(f"paths to {leaf!r} add up to {total!r}, and not {math.fsum(products)!r}")
    for found, true in zip(largest, sorted(sizes, reverse=True), strict=False):
        if not abs(abs(found) - true) <= allowed:
            wrong.append(f"paths to {leaf!r}: one has {found!r}, and not {true!r}")
    return wrong


def programs(count: int, seed: int) -> list[Program]:
    rng = Random(seed)
    rows = [*OPS.values()]
    return [random_program(rng, rows[i % len(rows)]) for i in range(count)]


def check(count: int, seed: int, folder: Any) -> None:
    drawn = programs(count, seed)
    rules, graphs = explored(drawn)
    found = run_module(RUN, folder, rules, graphs=graphs)
    wrong = [
        (i, text) for i, (program, x) in enumerate(zip(drawn, found, strict=True)) for text in differences(program, x)
    ]
    assert not wrong, wrong[:10]


@in_node
def test_random_graphs(tmp_path):
    check(len(OPS), 0, tmp_path)


@in_node
@pytest.mark.nightly
def test_a_thousand_random_graphs(tmp_path):
    check(1000, 1, tmp_path)


@in_node
def test_a_wrong_rule_is_found(tmp_path, monkeypatch):
    """Every derivative of the page's script off by a billionth: each row's graph shows it."""
    drawn = one_of_each()
    with monkeypatch.context() as patch:
        for op in OPS.values():
            patch.setattr(op, "partials", tuple([_off(rule) for rule in op.partials]))
        rules, graphs = explored(drawn)
    found = run_module(RUN, tmp_path, rules, graphs=graphs)
    pairs = zip(drawn, found, strict=True)
    unseen = [p.steps[0] for p, x in pairs if p.steps[0][0].flows and kinds(differences(p, x)) != {"gradient", "paths"}]
    assert not unseen


@in_node
def test_a_wrong_value_is_found(tmp_path):
    drawn = one_of_each()
    rules, graphs = explored(drawn)
    broken = "for (const rule of RULES) { const { value } = rule; rule.value = (xs) => value(xs) + 1e-9; }"
    found = run_module(RUN.replace("const result", f"{broken}\nconst result"), tmp_path, rules, graphs=graphs)
    pairs = zip(drawn, found, strict=True)
    assert not [p.steps[0] for p, x in pairs if not kinds(differences(p, x)) >= {"operation", "value"}]


def one_of_each() -> list[Program]:
    return [random_program(Random(i), op, length=0) for i, op in enumerate(OPS.values())]


def kinds(wrong: list[str]) -> set[str]:
    return {text.partition(" ")[0] for text in wrong}


def _off(rule: Any) -> Any:
    def wrong(*operands: Any) -> Any:
        partials = rule(*operands)
        return [x + 1e-9 for x in partials] if isinstance(partials, list) else partials + 1e-9

    return wrong


@in_node
def test_an_operation_of_ones_own(tmp_path):
    """One that is built of operators is translated; what Python alone can compute keeps what was recorded."""
    names = [f"explored_{kind}" for kind in ("cube", "foreign")]
    try:
        cube = ad.operation(names[0], lambda x: x * x * x, lambda x, z: 3 * x * x)
        foreign = ad.operation(names[1], lambda x: math.sin(x), lambda x, z: math.cos(x))
        x, y = Value(2.0), Value(0.5)
        output = cube(x) * foreign(y)
        graph = Graph(output)
        text = """
            import { Graph } from "./graph.js";
            import { RULES } from "./rules.js";
            const graph = new Graph(data, RULES);
            const fixed = graph.fixed;
            graph.move(new Map([[x, 3]]));
            const result = [graph.values.at(-1), graph.gradients()[x], fixed];
        """
        place = graph.number[x]
        found = run_module(text, tmp_path, rules_module(graph.rules), data=graph.data(), x=place)
        assert found == [27 * math.sin(0.5), 27 * math.sin(0.5), [graph.number[y]]]
    finally:
        for name in names:
            ad.OPS.pop(name, None)


# ---------------------------------------------------------------------------------------------------------------------
# What browsers lack, beside 50 digits.
# ---------------------------------------------------------------------------------------------------------------------

PORTED = ["erf", "erfc", "lgamma", "digamma", "sinc", "gelu", "prod", "logit", "log1mexp"]


def _asked(name: str) -> list[tuple[float, ...]]:
    return [p for p in truth.ROWS[name].points if all(math.isfinite(x) and (x == 0 or abs(x) > 1e-290) for x in p)]


@in_node
@pytest.mark.parametrize("name", PORTED)
def test_what_browsers_lack(name, tmp_path):
    op, points = OPS[name], _asked(name)
    rules = list({rule_of(op, [None] * len(point)): None for point in points})
    text = """
        import { RULES } from "./rules.js";
        const result = points.map(([rule, xs]) => RULES[rule].value(xs.map(Number)));
    """
    asked = [[rules.index(rule_of(op, [None] * len(point))), [*map(repr, point)]] for point in points]
    found = numbers(run_module(text, tmp_path, rules_module(rules), points=asked))
    compared = 0
    for point, value in zip(points, found, strict=True):
        try:
            with mp.workdps(50 + int(math.log10(max(1.0, *map(abs, point))))):
                want = truth.ROWS[name].f(*map(mpf, point))
        except ZeroDivisionError:  # a pole
            continue
        if isinstance(want, mpf) and 1e-290 < abs(want) < 1e308:
            assert abs(value - want) <= 1e-13 * max(abs(want), terms(name, 0, point)), (point, want)
            compared += 1
    assert compared > 10


# ---------------------------------------------------------------------------------------------------------------------
# Predicting: each mistake is told from the others, on every operation that allows it.
# ---------------------------------------------------------------------------------------------------------------------

ASK = """
import { Graph } from "./graph.js";
import { backward } from "./passes.js";
import { judged, mistakes, questionOf } from "./predict.js";
import { RULES } from "./rules.js";
const result = graphs.map(({ data }) => {
  const graph = new Graph(data, RULES);
  const steps = backward(graph).steps.filter((step) => step.kind === "edge");
  return steps.map((step) => {
    const question = questionOf(graph, step);
    const made = mistakes(question).flatMap(([name, answers]) => answers.map((x) => [name, x, judged(question, x)]));
    return [data.ops[data.rule[step.edge.node]], question.right, judged(question, question.right), made];
  });
});
"""


def asked_of(op: Op, seed: int) -> Program:
    """The operation times 1.7, and then its operands once more: above is not 1, and something came before."""
    rng = Random(seed)
    while True:
        program = random_program(rng, op, length=0)
        operands = [x for i, x in enumerate(program.steps[0][1]) if i not in whole(op)]
        if len({*operands}) == len(operands) and all(isinstance(x, int) for x in operands):
            break
    (_, chosen), size = program.steps[0], len(program.inputs)
    xs = [program.inputs[x] if isinstance(x, int) else x for x in chosen]
    slopes = dict(zip(chosen, op.float_derivatives(xs, op.evaluate(xs), range(len(xs))), strict=True))
    program.steps[1:] = [(OPS["mul"], [size, 1.7])]
    for i in range(size):
        before = abs(slopes.get(i, 1.0)) or 1.0  # as large as what comes along the operation
        program.steps.append((OPS["mul"], [i, 0.63 * before]))
        program.steps.append((OPS["add"], [size + 2 * i + 1, size + 2 * i + 2]))
    return program


FLAT = {"floor_divide", "sign", "step", "floor", "ceil", "round", "trunc", "compare"}


@in_node
def test_each_mistake_is_told_on_every_operation(tmp_path):
    drawn = [asked_of(op, i) for op in OPS.values() for i in range(2)]
    rules, graphs = explored(drawn)
    told: dict[str, set[str]] = {name: set() for name in OPS}
    for steps in run_module(ASK, tmp_path, rules, graphs=graphs):
        for name, right, verdict, made in steps:
            assert verdict == ["right"]
            (true,) = numbers([right])
            answers = [(mistake, *numbers([answer])) for mistake, answer, _ in made]
            for (mistake, answer), (_, _, verdicts) in zip(answers, made, strict=True):
                others = [x for other, x in answers if other != mistake]
                if all(abs(answer - x) > 0.01 * max(abs(answer), abs(x)) for x in [true, *others]):
                    assert verdicts == [mistake], (name, mistake, answer, made)
                    told[name].add(mistake)
    assert not {
        name: found
        for name, found in told.items()
        if name not in FLAT and OPS[name].flows and not found >= {"above", "sum", "sign"}
    }
    # The other operand can be taken where both have a slope, and not just that of the other sign.
    assert {name for name in OPS if "other" in told[name]} >= OTHER


OTHER = {
    "mul",
    "div",
    "pow",
    "mod",
    "atan2",
    "hypot",
    "logaddexp",
    "xlogy",
    "dot",
    "prod",
    "logsumexp",
    "norm",
    "softmax",
}


# ---------------------------------------------------------------------------------------------------------------------
# Where NaN begins.
# ---------------------------------------------------------------------------------------------------------------------

POISONED: dict[str, Callable[[Value, Value], Value]] = {
    "log of 0": lambda x, y: ad.log(x * 0.0) * y,
    "log of less": lambda x, y: ad.log(-x) + y,
    "log1p": lambda x, y: ad.log1p(-3 * x) + y,
    "root": lambda x, y: ad.sqrt(-x) * y,
    "division": lambda x, y: y / (x - x),
    "exp": lambda x, y: ad.exp(1000 * x) * y,
    "inf - inf": lambda x, y: ad.exp(1000 * x) - ad.exp(2000 * x) + y,
    "power": lambda x, y: (-x) ** y,
    "negative power": lambda x, y: (x - x) ** -2.0 * y,
    "asin": lambda x, y: ad.asin(3 * x) + y,
    "atanh": lambda x, y: ad.atanh(x) * y,
    "slope of a root": lambda x, y: ad.sqrt(x - x) + y,
    "slope of asin": lambda x, y: ad.asin(x) + y,
    "bad branch": lambda x, y: ad.where(x > 0.5, y, ad.log(x - 2)),
    "bad slope of a branch": lambda x, y: ad.where(x > 0.5, y, ad.sqrt(x - 1)),
    "leaf": lambda x, y: x * math.inf * y,
    "many": lambda x, y: ad.sum([x, y, 1e308 * x, 1e308 * x]),
    "gradient overflows": lambda x, y: (x * 1e200) * 1e200 * 1e-300 * y,
    "fine": lambda x, y: x * y,
}

FIND = """
import { Graph } from "./graph.js";
import { nonfinite } from "./nonfinite.js";
import { RULES } from "./rules.js";
const result = graphs.map(({ data, names }) => nonfinite(new Graph(data, RULES), names));
"""


@in_node
def test_where_nan_begins_in_the_same_words(tmp_path):
    rules: dict[Any, int] = {}
    graphs, findings = [], []
    for f in POISONED.values():
        output = f(Value(1.0), Value(2.5))
        graph = Graph(output)
        for i, node in enumerate(graph.nodes):
            node.label = f"v{i}"
        data = graph.data()
        places = [rules.setdefault(rule, len(rules)) for rule in graph.rules]
        data |= {
            "rule": [places[i] if i >= 0 else i for i in data["rule"]],
            "ops": {i: r.name for r, i in rules.items()},
        }
        graphs.append({"data": data, "names": [node.label for node in graph.nodes]})
        findings.append(ad.find_nonfinite(output))
    (tmp_path / "causes.js").write_text(causes_module({rule.name for rule in rules}), encoding="utf-8")
    found = run_module(FIND, tmp_path, rules_module(rules), graphs=graphs)
    told = [(x["kind"], x["message"], x["remedy"]) if x else None for x in found]
    assert told == [(x.kind, x.message, x.remedy) if x else None for x in findings]
    assert sum(x is None for x in told) == 1
