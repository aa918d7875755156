"""The numbers of the explorer's page are those of the engine: random graphs over every operation, in Node."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import pytest

import autodiff as ad
from autodiff import Value
from autodiff.explorer.graph import Graph
from autodiff.explorer.rules import rules_module
from autodiff.ops import OPS
from tests.explored import Program, explored, in_node, random_program, run_module

TOLERANCE = 1e-12

RUN = """
import { Graph } from "./graph.js";
import { RULES } from "./rules.js";
const result = graphs.map(({ data, moved }) => {
  const graph = new Graph(data, RULES);
  const before = [graph.values.slice(), graph.gradients()];
  graph.move(new Map(moved));
  return [before, [graph.values, graph.gradients()]];
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


def differences(program: Program, found: Any) -> list[str]:
    wrong = []
    for inputs, (values, gradients) in zip((program.inputs, program.moved), found, strict=True):
        output, _ = program.recorded(inputs)
        output.backward()
        order = Graph(output).nodes
        for node, value, gradient, size in zip(
            order, numbers(values), numbers(gradients), absolute_sums(order), strict=True
        ):
            if not abs(value - node.data) <= TOLERANCE * abs(node.data):
                wrong.append(f"value {node!r}: {value!r}")
            if not abs(gradient - node.grad) <= TOLERANCE * size:
                wrong.append(f"gradient {node!r}: {gradient!r}, sizes {size!r}")
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
    drawn = [random_program(Random(i), op, length=0) for i, op in enumerate(OPS.values())]
    with monkeypatch.context() as patch:
        for op in OPS.values():
            patch.setattr(op, "partials", tuple([_off(rule) for rule in op.partials]))
        rules, graphs = explored(drawn)
    found = run_module(RUN, tmp_path, rules, graphs=graphs)
    unseen = [program.steps[0] for program, x in zip(drawn, found, strict=True) if not differences(program, x)]
    assert not unseen


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
