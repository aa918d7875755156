"""The text of a graph in which loops were found: each is a ``for`` over its samples, forward and back.

The lanes of a loop are the turns of the ``for``.  The constants of each stand in a list before the functions; what a
turn takes from a table, or has as a parameter of its own, is listed in the function.  Back, a turn does its operations
anew and then their reverse sweep.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..ops import OPS, NaryOp
from ..pausing import recording
from ..sweep import recorded_from
from ..value import Value
from .graph import CONSTANT, read_graph
from .reroll import reroll
from .rows import LANE, LEAF, LOOP, rows
from .source import WIDTH, Text, filled, indented, literal, variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .frozen import Frozen
    from .graph import Graph, Loop

__all__ = ["write_looped_source"]


def write_looped_source(
    outputs: Sequence[Value], inputs: Sequence[Value], parameters: Sequence[Value], several: bool, frozen: Frozen
) -> str | None:
    """The text as ``source.write_source`` has it, but with loops; None where there are none."""
    graph = reroll(read_graph(outputs, inputs, parameters, frozen))
    if not graph.loops:
        return None
    return _LoopedText([*outputs], [*inputs], [*parameters], several, frozen, graph).write()


class _For(NamedTuple):
    """A loop.

    Attributes:
        results: the Values that stand for the results of its turns.
        nodes: the operations of a turn, in order; the last is its result.
        columns, picked: the names of what a turn takes: constants, and numbers from outside, with these for each turn.
        samples, sources: the names of the lists of both; None where there is nothing to list.
        terms: the name of the list of results.
    """

    results: list[Value]
    nodes: list[Value]
    columns: list[Value]
    rows: list[list[float]]
    picked: list[Value]
    taken: list[list[Value | float]]
    samples: str
    sources: str
    terms: str


class _Sum(NamedTuple):
    """Sums one after the other of the results of a loop, as ``sum`` makes them."""

    loop: _For
    nodes: list[Value]
    begin: int  # of what is added after the first sum


class _LoopedText(Text):
    def __init__(
        self,
        outputs: list[Value],
        inputs: list[Value],
        parameters: list[Value],
        several: bool,
        frozen: Frozen,
        graph: Graph,
    ) -> None:
        self.graph, self.values = graph, frozen.nodes
        self.steps: list[Value | _For | _Sum] = []
        super().__init__(outputs, inputs, parameters, several, frozen)

    def _read(self) -> None:
        """Find the operations and the loops."""
        graph = self.graph
        self.term = self.names.new("term", "v")
        loops = {loop.node: loop for loop in graph.loops}
        for node, (op, origin) in enumerate(zip(graph.op.tolist(), graph.origin.tolist(), strict=True)):
            if op == LOOP:
                self.steps.append(self._read_loop(loops[node]))
            elif op > LANE and self._add(self.values[origin]):
                self.steps.append(self.values[origin])
        for step in [*self.steps]:
            if isinstance(step, _For):
                self._find_sum(step)

    def _read_loop(self, loop: Loop) -> _For:
        """Record a turn, and name what is in it."""
        body, graph = loop.body, self.graph
        known: list[Any] = [*body.numbers.tolist()]
        columns: list[Value] = []
        picked: list[Value] = []
        inputs = dict(zip(body.inputs.tolist(), range(len(body.inputs)), strict=True))
        shared = dict(zip(body.parameters.tolist(), loop.shared.tolist(), strict=True))
        gathered = set(loop.gathered.tolist())
        nodes = []
        table = rows().names
        samples, sources, terms = (self.names.new(name, "v") for name in ("samples", "picked", "terms"))
        for node, (op, origin) in enumerate(zip(body.op.tolist(), body.origin.tolist(), strict=True)):
            label = self.values[origin].label if origin >= 0 else ""
            if node in shared:
                known[node] = self.values[graph.origin[shared[node]]]
                continue
            if op == LEAF:
                x = known[node] = Value(known[node], label=label)
                if inputs[node] in gathered:
                    x.label = ""  # that of the first turn says nothing of the others
                (picked if inputs[node] in gathered else columns).append(x)
                self._name(x, "e" if inputs[node] in gathered else "x")
            else:
                operands = body.operands[body.start[node] : body.start[node + 1]].tolist()
                with recording():
                    x = known[node] = OPS[table[op]](*[known[i] for i in operands])
                x.label = label
                nodes.append(x)
                self._name(x, "v")
        self.taken.update(picked)
        results = [self.values[i] for i in graph.origin[loop.results].tolist()]
        for i, result in enumerate(results):
            self.symbols[result] = variable(f"{terms}[{i}]", calls=self.calls)
        constant = [i for i in range(len(body.inputs)) if i not in gathered]
        taken = [[self._outside(number) for number in lane] for lane in loop.sources.T.tolist()]
        return _For(results, nodes, columns, loop.columns[constant].T.tolist(), picked, taken, samples, sources, terms)

    def _outside(self, number: int) -> Value | float:
        graph = self.graph
        if graph.rate[number] == CONSTANT:
            return float(graph.numbers[number])
        return self.values[graph.origin[number]]

    def _find_sum(self, loop: _For) -> None:
        """Take sums of the results, one after the other, together."""
        users: dict[Value, list[Value]] = {}
        for step in self.steps:
            if isinstance(step, Value):
                for x in {*recorded_from(step)}:
                    users.setdefault(x, []).append(step)
        waiting = {x for other in self.steps if isinstance(other, _For) for turn in other.taken for x in turn}
        waiting |= {
            x for other in self.steps if isinstance(other, _For) for node in other.nodes for x in recorded_from(node)
        }

        waiting |= {*self.outputs}

        def only_user(x: Value) -> Value | None:
            found = users.get(x, [])
            alone = len(found) == 1 and x not in waiting and found[0].op is OPS["add"]
            return found[0] if alone and sum(y is x for y in found[0].operands) == 1 else None

        first = only_user(loop.results[0])
        begin = 2 if first is not None and any(x is loop.results[1] for x in first.operands) else 1
        chain = [first]
        for result in loop.results[1 if begin == 1 else 2 :]:
            if chain[-1] is None or only_user(result) is None or only_user(chain[-1]) is not only_user(result):
                return
            chain.append(only_user(result))
        nodes = [x for x in chain if x is not None]
        if len(nodes) < len(chain) or (begin == 2 and only_user(loop.results[1]) is not first):
            return
        for x in nodes:
            self.symbols[x] = self.symbols[nodes[-1]]
        gone = {*nodes[1:]}
        self.steps = [
            _Sum(loop, nodes, begin) if step is nodes[0] else step
            for step in self.steps
            if not (isinstance(step, Value) and step in gone)
        ]

    # -----------------------------------------------------------------------------------------------------------------
    # The lines.
    # -----------------------------------------------------------------------------------------------------------------

    def operations(self) -> int:
        """How many there are, each turn counted."""
        turns = sum(len(step.results) * len(step.nodes) for step in self.steps if isinstance(step, _For))
        return len(self.nodes) + turns

    def opening(self) -> list[str]:
        """The lists of constants."""
        lines = []
        for step in self.steps:
            if isinstance(step, _For) and step.columns:
                lines += _listed(step.samples, [[*map(literal, row)] for row in step.rows])
        return lines and ["", *lines]

    def _forward(self) -> tuple[list[str], list[str]]:
        lines = [f"{self._spelled(x)} = {literal(self.numbers[x])}" for x in self.constants]
        operations = []
        for step in self.steps:
            if isinstance(step, _For):
                if step.picked:
                    lines += _listed(step.sources, [[*map(self._spelled, turn)] for turn in step.taken])
                here = [self._operation(node) for node in step.nodes]
                append = f"{step.terms}.append({self._spelled(step.nodes[-1])})"
                lines += [f"{step.terms} = []", self._head(step), *indented([*here, append])]
            elif isinstance(step, _Sum):
                here = [self._operation(step.nodes[0])]
                total = self._spelled(step.nodes[-1])
                lines += [
                    *here,
                    f"for {self.term} in {step.loop.terms}[{step.begin}:]:",
                    f"    {total} = {total} + {self.term}",
                ]
            else:
                every = self._every(step)
                here = [f"{self._spelled(step)} = {every[0]}(*{every[1].terms})" if every else self._operation(step)]
                lines += here
            operations.append("\n".join(here))
        return lines, operations

    def _every(self, node: Value) -> tuple[str, _For] | None:
        """The operation of a node and the loop whose results, as they come, are its operands."""
        if not isinstance(node.op, NaryOp) or node.op.family or node.op.name == "dot":
            return None
        operands = [*map(id, node.operands)]
        for step in self.steps:
            if isinstance(step, _For) and [*map(id, step.results)] == operands:
                return node.op.name, step
        return None

    def _head(self, loop: _For, back: str = "") -> str:
        """The line that begins a loop; the adjoint of the result of each turn has the name ``back``."""
        lists = [
            ([*map(self._spelled, xs)], name)
            for xs, name in ((loop.columns, loop.samples), (loop.picked, loop.sources))
            if xs
        ]
        lists += [([back], f"d_{loop.terms}")] * bool(back)
        if len(lists) == 1:
            return f"for {', '.join(lists[0][0])} in {lists[0][1]}:"
        turn = ", ".join([_turn(names) for names, _ in lists])
        return f"for {turn} in zip({', '.join([name for _, name in lists])}, strict=True):"

    def _backward(self, operations: list[str]) -> list[str]:
        lines: list[str] = []
        self.reached = set()
        self.listed: set[str] = set()  # the lists of adjoints that there are
        self._seed(lines)
        for step, operation in zip(reversed(self.steps), reversed(operations), strict=True):
            if isinstance(step, _For):
                self._reverse_loop(step, operation, lines)
            elif isinstance(step, _Sum):
                self._reverse_sum(step, operation, lines)
            else:
                if step in self.reached and not self._reverse_every(step, operation, lines):
                    self._reverse(step, operation, lines)
        for step in self.steps:
            if isinstance(step, _For) and f"d_{step.terms}" not in self.listed:
                lines.insert(0, f"d_{step.terms} = [0.0 for _ in {step.terms}]")
        return lines

    def _reverse_every(self, step: Value, operation: str, lines: list[str]) -> bool:
        """The share of an operation on all results of a loop if it is the same, and the first, for each; if it is."""
        every = self._every(step)
        if every is None or self.reached & {*every[1].results}:
            return False
        texts = {self._plain(x) for _, x in self._contributions(step)}
        if len(texts) > 1:
            return False
        terms = every[1].terms
        lines += [f"# {operation}", f"d_{terms} = [{texts.pop()} for _ in {terms}]"]
        self.listed.add(f"d_{terms}")
        self.reached.update(every[1].results)
        return True

    def _reverse_sum(self, step: _Sum, operation: str, lines: list[str]) -> None:
        """The share of sums one after the other."""
        if step.nodes[-1] not in self.reached:
            return
        total, terms = self._spelled(step.nodes[-1]), step.loop.terms
        lines.append(f"# {operation}, and so on")
        lines.append(f"d_{terms} = [d_{total} for _ in {terms}]")
        self.listed.add(f"d_{terms}")
        results = {*step.loop.results}
        for x in step.nodes[0].operands:
            if isinstance(x, Value) and self._takes_gradient(x) and x not in results:
                self._contribute(x, variable(f"d_{total}"), lines)
        self.reached |= results

    def _reverse_loop(self, loop: _For, operation: str, lines: list[str]) -> None:
        """The share of a loop: every turn forward, and back."""
        inside = {*loop.nodes, *loop.columns, *loop.picked}
        for x in dict.fromkeys([x for node in loop.nodes for x in node.parents]):
            if x not in inside and self._takes_gradient(x) and x not in self.reached:
                self.reached.add(x)
                lines.append(f"d_{self._spelled(x)} = 0.0")
        result = loop.nodes[-1]
        self.reached.add(result)
        forward = operation.split("\n")
        back: list[str] = []
        for node, line in zip(reversed(loop.nodes), reversed(forward), strict=True):
            if node in self.reached:
                self._reverse(node, line, back)
        taken = f"d_{loop.sources}"
        if loop.picked:
            adjoints = [f"d_{self._spelled(x)}" if x in self.reached else "0.0" for x in loop.picked]
            back.append(f"{taken}.append({_turn(adjoints)})")
            lines.append(f"{taken} = []")
        lines += [self._head(loop, f"d_{self._spelled(result)}"), *indented([*forward, *back])]
        for i, turn in enumerate(loop.taken):
            for j, outside in enumerate(turn):
                if isinstance(outside, Value) and self._takes_gradient(outside):
                    place = f"{taken}[{i}]" + (f"[{j}]" if len(turn) > 1 else "")
                    self._contribute(outside, variable(place), lines)


def _turn(names: Sequence[str]) -> str:
    """What one turn takes: a name, or several in parentheses."""
    return names[0] if len(names) == 1 else f"({', '.join(names)})"


def _listed(name: str, turns: Sequence[Sequence[str]]) -> list[str]:
    """A list of what each turn takes."""
    if len(turns[0]) == 1:
        return [f"{name} = [", *filled([turn[0] for turn in turns]), "]"]
    lines = []
    for turn in turns:
        line = f"    {_turn(turn)},"
        lines += [line] if len(line) <= WIDTH else ["    (", *indented(filled(turn)), "    ),"]
    return [f"{name} = [", *lines, "]"]
