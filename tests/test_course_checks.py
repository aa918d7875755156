"""The checks of the course: solutions pass, empty answers fail, and every usual mistake gets its name."""

import ast
import math
import re
import sys
from contextlib import suppress
from inspect import getsource
from pathlib import Path
from random import Random
from textwrap import dedent, indent

import pytest

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))

from checks import Verdict, check  # noqa: E402
from checks.graphs import random_program, true_gradient  # noqa: E402
from checks.judging import DEEP, EMPTY, ENDLESS, EXERCISES, Wrong, exercise  # noqa: E402

CELL = re.compile(
    r"^```\{code-cell\}\n(?::tags: \[(?P<tags>[^\]\n]*)\]\n\n)?(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE
)
SOLUTION = re.compile(r"^(?P<margin> *)# BEGIN SOLUTION\n(?P<code>.*?)^ *# END SOLUTION\n", re.DOTALL | re.MULTILINE)


class Posed:
    """An exercise as its notebook poses it."""

    def __init__(self, name, before, cell, check_cell):
        self.name, self.before, self.cell, self.check_cell = name, before, cell, check_cell

    def judged(self, answer=None, planted=("", ""), engine=None):
        """The verdict on the cell with ``answer`` in place of the solution; by default with the solution.

        ``planted`` is what to put in place of what in all cells before, ``engine`` the class that takes Value's place.
        Of the cells before it only imports, definitions and constants are run, so that no exercise needs another one.
        """
        cell = self.cell
        if answer is not None:
            cell, found = SOLUTION.subn(lambda part: indent(dedent(answer).strip("\n"), part["margin"]) + "\n", cell)
            assert found == 1
        names = {"__name__": "__main__"}
        for code in self.before:
            definitions = [part for part in ast.parse(code.replace(*planted)).body if _is_definition(part)]
            exec(compile(ast.Module(definitions, []), "<lesson>", "exec"), names)
        if engine is not None:
            names["Value"] = engine
        definitions = [part for part in ast.parse(cell).body if not isinstance(part, ast.Expr)]  # calls may need more
        exec(compile(ast.Module(definitions, []), "<answer>", "exec"), names)
        *statements, last = ast.parse(self.check_cell).body
        exec(compile(ast.Module(statements, []), "<check>", "exec"), names)
        return eval(compile(ast.Expression(last.value), "<check>", "eval"), names)


def _is_definition(part):
    if isinstance(part, ast.Assign):
        names = [name for target in part.targets for name in getattr(target, "elts", [target])]
        return all(_is_constant(name) for name in names)
    return isinstance(part, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef))


def _is_constant(name):
    """POINTS, or Value.__add__; but not S or W1, variables as they are written in formulas."""
    if isinstance(name, ast.Name):
        return bool(re.fullmatch("[A-Z_]{2,}", name.id))
    return isinstance(name, ast.Attribute) and isinstance(name.value, ast.Name) and not name.value.id.islower()


def posed():
    for text in sorted((NOTEBOOKS / "text").glob("*.md")):
        before, exercise_cell = [], ""
        for cell in CELL.finditer(text.read_text(encoding="utf-8")):
            tags = cell["tags"] or ""
            if "exercise" in tags:
                exercise_cell = cell["code"]
            elif "check" in tags:
                name = re.search(r'check\("(.*?)"', cell["code"])[1]
                yield Posed(name, [*before], exercise_cell, cell["code"])
                before.append("from checks import check")
            elif cell["code"] != "import ready\n":
                before.append(cell["code"])


POSED = {found.name: found for found in posed()}
for lesson in {name.partition(".")[0] for name in POSED}:
    __import__(f"checks.{lesson}")
MISTAKES = [(name, *mistake) for name in POSED for mistake in EXERCISES[name].mistakes]


def test_every_check_belongs_to_an_exercise():
    files = {file.stem for file in (NOTEBOOKS / "checks").glob("*.py")}
    assert files - {name.partition(".")[0] for name in POSED} == {"__init__", "judging", "comparing", "graphs"}
    assert {*POSED} == {name for name in EXERCISES if not name.startswith("test")}


@pytest.mark.parametrize("name", POSED)
def test_the_solution_is_right(name):
    verdict = POSED[name].judged()
    assert verdict.right, verdict


def own_engine():
    """The class Value of lesson 00, with the solutions of its exercises."""
    last = POSED["an_engine.3"]
    names = {"__name__": "__main__"}
    for code in [*last.before, POSED["an_engine.1"].cell, last.cell]:
        definitions = [part for part in ast.parse(code).body if _is_definition(part)]
        exec(compile(ast.Module(definitions, []), "<lesson>", "exec"), names)
    return names["Value"]


@pytest.mark.parametrize("name", [name for name in POSED if "value_class(" in getsource(EXERCISES[name].judge)])
def test_the_solution_is_right_on_the_students_own_engine(name):
    engine = own_engine()
    made = next(engine.serials)
    verdict = POSED[name].judged(engine=engine)
    assert verdict.right, verdict
    assert next(engine.serials) > made + 3  # it was this engine that ran


@pytest.mark.parametrize("name", POSED)
def test_nothing_is_wrong(name):
    assert not POSED[name].judged("...").right


@pytest.mark.parametrize("name", POSED)
@pytest.mark.parametrize(
    "answer", ["raise ValueError('no')", "while True: pass", "return 'two'", "return object()", "raise SystemExit"]
)
def test_no_answer_breaks_a_check(name, answer, monkeypatch):
    monkeypatch.setattr("checks.judging.STEPS", 200_000)  # soon done
    verdict = POSED[name].judged(answer)
    assert not verdict.right
    assert verdict.message


@pytest.mark.parametrize(("name", "answer", "part"), MISTAKES)
def test_a_mistake_gets_its_name(name, answer, part):
    verdict = POSED[name].judged(answer)
    assert not verdict.right
    assert part in verdict.message


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("an_engine.1", "return Value(pow(x.data, n), [x], [n * pow(x.data, n) / x.data])"),
        ("an_engine.2", "return Value(math.e**x.data, [x], [math.e**x.data])"),
        ("a_number_that_remembers.1", "return (nudged(f, x, 1e-5) + nudged(f, x, -1e-5)) / 2"),
        ("a_number_that_remembers.2", "return [a / b**2, b**-2, -2 * a * b**-3]"),
        (
            "a_number_that_remembers.3",
            """
            if not result.parents:
                return 1
            return result.local_derivatives[0] * along_the_chain(result.parents[0])
            """,
        ),
        ("two_paths.1", "return y * (2 * math.cos(y) - y * math.sin(y)) + 1"),
        (
            "two_paths.3",
            """
            if id(node) not in known:
                known[id(node)] = 1 if node is leaf else sum(count_paths(p, leaf, known) for p in node.parents)
            return known[id(node)]
            """,
        ),
        (
            "order.1",
            """
            place = {node: i for i, node in enumerate(order)}
            return all(place[p] > i for node, i in place.items() for p in node.parents if p in place)
            """,
        ),
        (
            "order.2",
            """
            found, seen, waiting = [], set(), [(output, False)]
            while waiting:
                node, done = waiting.pop()
                if done:
                    found.append(node)
                elif node not in seen:
                    seen.add(node)
                    waiting += [(node, True)] + [(p, False) for p in node.parents]
            return found[::-1]
            """,
        ),
        ("one_neuron.1", "return sigmoid(sum(w[i] * x[i] for i in range(len(w))) + b)"),
        ("one_neuron.2", "return -math.log(likelihood(ps, ys)) / len(ps)"),
        (
            "one_neuron.3",
            """
            weights = [Value(w_j) for w_j in w]
            p = sigmoid(sum(w_j * x_j for w_j, x_j in zip(weights, x)) + b)
            (-log(p) if y == 1 else -log(1 - p)).backward()
            return weights[i].grad
            """,
        ),
        (
            "layers.1",
            """
            import numpy as np
            return np.array(W2) @ np.array(W1)
            """,
        ),
        ("layers.3", "return len(MLP(sizes[0], sizes[1:]).parameters())"),
        ("backpropagation.1", "return (math.tanh(S) - y) / math.cosh(S) ** 2"),
        ("what_it_costs.1", "return nudge_all(f, xs, 1e-7)"),
        ("what_it_costs.2", "return math.log(seconds[-1] / seconds[0], ns[-1] / ns[0])"),
        ("training.3", "return lam / 2 / m * sum([w * w for w in weights])"),
        (
            "real_data.2",
            """
            order = rng.sample(range(n), n)
            return [order[i : i + size] for i in range(0, n, size)]
            """,
        ),
        ("real_data.3", "return [[[*zip(true, taken)].count((i, j)) for j in range(k)] for i in range(k)]"),
        ("when_numbers_break.1", "return (top := max(x.data for x in xs)) + log(sum(exp(x - top) for x in xs))"),
        ("when_numbers_break.2", "return log(x) if x > 0 else 0.0"),
        ("when_numbers_break.3", "return softplus((1 - 2 * y) * s)"),
        ("compiled.3", "return ad.where(x > -1, ad.abs(x), 2 - x * x)"),
        (
            "a_gpt.2",
            """
            rows = [row for token, row in zip(letters, d_x) if token == letter]
            return [sum(column) for column in zip(*rows)] or [0.0] * len(d_x[0])
            """,
        ),
    ],
)
def test_an_answer_in_other_words_is_right(name, answer):
    verdict = POSED[name].judged(answer)
    assert verdict.right, verdict


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("adjoint[parent] += local", "adjoint[parent] = local", "overwrites"),
        ("adjoint[parent] += local", "adjoint[parent] -= local", "not (-1.0, -1.0)"),
        ("in reversed(order)", "in order", "only that of the sum"),
        ("key=lambda node: node.serial", "key=lambda node: -node.data", "only that of the sum"),
        ("node.grad + adjoint[node]  #", "adjoint[node]  #", "starts anew"),
        ("adjoint[node] if node.parents else node.grad", "node.grad", "Only leaves add up"),
        ("adjoint = dict.fromkeys(order, -0.0)", "adjoint = {node: node.grad for node in order}", "Only leaves add up"),
        ("(b.data, a.data)", "(a.data, b.data)", "local derivatives of a * b"),
        ("a.data + b.data", "a.data + b.data + 1", "a + b is 8"),
        ("if isinstance(x, Value) else Value(x)", "", "plain number"),
        ("Value.__add__ = Value.__radd__ = add", "Value.__add__ = add", "1 + a raised"),
        ("if node not in found:", "if True:", "does not come to an end"),
    ],
)
def test_a_bug_planted_in_the_lesson_is_found(old, new, part):
    """The check of the engine runs what stands in the student's cells."""
    assert any(old in code for code in POSED["an_engine.3"].before)
    verdict = POSED["an_engine.3"].judged(planted=(old, new))
    assert not verdict.right
    assert part in verdict.message


@pytest.mark.parametrize("name", POSED)
def test_there_are_three_mistakes_at_least_and_they_are_told_apart(name):
    mistakes = EXERCISES[name].mistakes
    assert len(mistakes) >= 3
    assert len({part for _, part in mistakes}) >= 3


# ---------------------------------------------------------------------------------------------------------------------
# What runs a check.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def judging():
    """An exercise of the tests alone, that asks for a function of which the check decides."""

    @exercise("test.1")
    def judge(answer, random):
        if answer(random.random()) != 1:
            raise Wrong("That is not 1.")
        return None

    yield lambda answer, **options: check("test.1", answer, **options)
    del EXERCISES["test.1"]


def test_verdicts(judging):
    assert repr(judging(lambda x: 1)) == "✓ Right."
    assert repr(judging(lambda x: 2)) == "✗ That is not 1."
    assert judging(lambda x: 1) == Verdict(True, "Right.")
    assert not judging(lambda x: 2)
    assert judging(None).message == judging(...).message == EMPTY


class Hostile(Exception):
    def __str__(self):
        raise RuntimeError


def _raises(error):
    def answer(x):
        raise error

    return answer


def _endless(x):
    while True:
        with suppress(Exception):  # as careless code has it
            _endless_too(x)


def _endless_too(x):
    while True: pass  # fmt: skip # noqa: E701 (one line)


def _deep(x):
    return _deep(x)


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (5, "TypeError: 'int' object is not callable"),
        (lambda: 1, "TypeError"),
        (_raises(ZeroDivisionError("division by zero")), "ZeroDivisionError: division by zero"),
        (_raises(SystemExit()), "SystemExit"),
        (_raises(Hostile()), "Hostile"),
        (_endless, ENDLESS),
        (_deep, DEEP),
    ],
)
def test_no_answer_makes_check_raise(judging, answer, part, monkeypatch):
    monkeypatch.setattr("checks.judging.STEPS", 200_000)
    before = sys.gettrace()
    verdict = judging(answer)
    assert not verdict.right
    assert part in verdict.message
    assert sys.gettrace() is before


def test_an_interrupt_is_none_of_the_answer(judging):
    with pytest.raises(KeyboardInterrupt):
        judging(_raises(KeyboardInterrupt()))


def test_a_wrong_name_is_an_error():
    with pytest.raises(ValueError, match=r"two_paths\.1, two_paths.2"):
        check("two_paths.9", 1)
    with pytest.raises(ValueError, match="no exercise 'paths'"):
        check("paths", 1)


def test_random_numbers_are_the_same_each_time_and_others_for_another_seed(judging):
    seen = []
    for seed in (0, 0, 1):
        judging(lambda x: seen.append(x) or 1, seed=seed)
    assert seen[0] == seen[1] != seen[2]


def test_random_graphs_have_what_engines_stumble_over():
    """In every one a constant, an operand twice in one step, a result that several steps share; gradients by nudges."""
    for seed in range(100):
        program = random_program(Random(seed), "+*-", steps=4 + seed % 4)
        operands = [operands for _, *operands in program.steps]
        assert any(isinstance(x, float) for step in operands for x in step)
        assert any(left == right for left, right in operands)
        interior = range(len(program.inputs), len(program.inputs) + len(operands))
        assert any(sum(x in step for step in operands) >= 2 for x in interior)
        for i, truth in enumerate(true_gradient(program)):
            moved = [[x + h * (i == j) for j, x in enumerate(program.inputs)] for h in (1e-6, -1e-6)]
            up, down = (program.run(inputs) for inputs in moved)
            assert math.isclose((up - down) / 2e-6, truth, rel_tol=1e-5, abs_tol=1e-3 * max(1, abs(up)) ** 0.5)
