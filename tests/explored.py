"""Random programs over every row of the table, and the page's script run on them by Node."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from random import Random
from shutil import which
from typing import Any

import pytest

from autodiff import Value
from autodiff.explorer.graph import Graph
from autodiff.explorer.rules import rules_module
from autodiff.ops import OPS, NaryOp, Op

SCRIPT = Path(__file__).parent.parent / "autodiff" / "explorer" / "script"
NODE = which("node")
in_node = pytest.mark.skipif(NODE is None, reason="the script of the explorer is not tested: no `node` on the PATH")


def run_module(text: str, folder: Path, rules: str = "export const RULES = [];\n", **data: Any) -> Any:
    """What a module, which may import the script's, sets as ``result``; ``data`` are names in it."""
    for source in SCRIPT.glob("*.js"):
        (folder / source.name).write_bytes(source.read_bytes())
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "rules.js").write_text(rules, encoding="utf-8")
    (folder / "data.json").write_text(json.dumps(data), encoding="utf-8")
    head = f'import {{ readFileSync }} from "node:fs";\nconst {{ {", ".join(data)} }} = JSON.parse('
    head += 'readFileSync(new URL("data.json", import.meta.url), "utf-8"));\n'
    tail = "\nprocess.stdout.write(JSON.stringify(result, (_, x) => typeof x === 'number' && !Number.isFinite(x)"
    tail += " ? String(x) : Object.is(x, -0) ? '-0' : typeof x === 'bigint' ? String(x) : x));\n"
    (folder / "test.js").write_text(head + text + tail, encoding="utf-8")
    run = subprocess.run(
        [NODE or "node", "test.js"], cwd=folder, capture_output=True, encoding="utf-8", timeout=300, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout)


class Program:
    """Operations on inputs, constants and earlier results.

    Attributes:
        inputs: the numbers to begin with, and others to move to.
        steps: pairs of a row and its operands: the place of a result, or a number.
    """

    def __init__(self, inputs: list[float], moved: list[float]) -> None:
        self.inputs, self.moved = inputs, moved
        self.steps: list[tuple[Op, list[int | float]]] = []

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        """Every result, the inputs first."""
        results = [*inputs]
        for op, operands in self.steps:
            results.append(op(*[results[x] if isinstance(x, int) else x for x in operands]))
        return results

    def recorded(self, inputs: Sequence[float]) -> tuple[Value, list[Value]]:
        """The graph, and the inputs that it has."""
        leaves = [Value(x, f"x{i}") for i, x in enumerate(inputs)]
        output = self.run(leaves)[-1]
        return output, leaves


# Where the value jumps, a rounding error in an operand decides.
_JUMPS = {"floor", "ceil", "round", "trunc", "mod", "fmod", "floor_divide"}


def random_program(rng: Random, first: Op, length: int = 8) -> Program:
    """A program whose numbers and slopes are of a middle size, before its inputs move and after."""
    while True:
        count = rng.randint(2, 4)
        program = Program(*[[round(rng.uniform(-3, 3), 3) for _ in range(count)] for _ in range(2)])
        rows = [*OPS.values()]
        program.inputs[0], program.moved[0] = abs(program.inputs[0]) + 0.3, abs(program.moved[0]) + 0.3
        for op in [first, *rng.choices(rows, k=length)]:
            for _ in range(20):
                program.steps.append((op, _operands(op, rng, len(program.inputs) + len(program.steps))))
                if _is_good(program):
                    break
                program.steps.pop()
            else:
                if op is first:
                    break
        else:
            if program.steps:
                everything = [i for i in range(len(program.inputs) + len(program.steps))]
                program.steps.append((OPS["sum"], [*everything[-3:], everything[0]]))
                return program


def _operands(op: Op, rng: Random, size: int) -> list[int | float]:
    count = rng.randint(2, 5) if isinstance(op, NaryOp) else len(op.partials)
    operands: list[int | float] = [rng.randrange(size) for _ in range(count)]
    if (isinstance(op, NaryOp) and op.family) or op.name == "select":
        operands = [float(rng.randrange(count)), *operands]
    elif op.constants:
        for i in op.constants:
            operands[i] = float(rng.randrange(3))
    elif count > 1 and rng.random() < 0.3:
        operands[rng.randrange(count)] = round(rng.uniform(-3, 3), 2)
    return operands


def whole(op: Op) -> tuple[int, ...]:
    """The operands that are whole numbers, an order or an index."""
    return (0,) if op.name == "select" else op.constants


def _is_good(program: Program) -> bool:
    for inputs in (program.inputs, program.moved):
        results = program.run(inputs)
        op, operands = program.steps[-1]
        numbers = [results[x] if isinstance(x, int) else x for x in operands]
        if not all(0.001 < abs(x) < 100 for i, x in enumerate(numbers) if i not in whole(op)):
            return False
        if not ((isfinite(results[-1]) and 1e-3 < abs(results[-1]) < 100) or results[-1] == 0):
            return False
        if op.name in _JUMPS and any(abs(x - round(x)) < 1e-6 for x in [*numbers, _quotient(numbers)]):
            return False
        if op.name == "tan" and abs(results[-1]) > 10:
            return False
        slopes = op.float_derivatives(numbers, results[-1], range(len(numbers)))
        if not all(
            isfinite(slope) and abs(slope) < 100 for i, slope in enumerate(slopes) if isinstance(operands[i], int)
        ):
            return False
    return True


def _quotient(numbers: list[float]) -> float:
    return numbers[0] / numbers[1] if len(numbers) == 2 and numbers[1] else 0.5


def explored(programs: Sequence[Program]) -> tuple[str, list[dict[str, Any]]]:
    """The rules of all programs as one module, and for each its graph as data, with what its inputs move to."""
    graphs = []
    rules: dict[Any, int] = {}
    for program in programs:
        output, leaves = program.recorded(program.inputs)
        graph = Graph(output)
        data = graph.data()
        places = [rules.setdefault(rule, len(rules)) for rule in graph.rules]
        data["rule"] = [places[i] if i >= 0 else i for i in data["rule"]]
        moved = [[graph.number[x], to] for x, to in zip(leaves, program.moved, strict=True) if x in graph.number]
        data["ops"] = {i: rule.name for rule, i in rules.items()}
        graphs.append({"data": data, "moved": moved})
    return rules_module(rules), graphs
