"""Explanations against a naive listing of every path, and what they say."""

import math
import re
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_random_graphs import apply, programs

import autodiff as ad
import nn
from autodiff import OPS, OperandError, Value
from autodiff.paths import explain
from autodiff.pathwords import count_text
from autodiff.value import record

INF, NAN = math.inf, math.nan
pytestmark = pytest.mark.usefixtures("collector_of_what_is_new")  # lists of paths come by the thousand


def every_path(node, leaf):
    """All paths, each as (nodes, local derivatives), in the order of the operands."""
    found = [([node], [])] if node is leaf else []
    if node is not leaf:
        for parent, local in zip(node.parents, node.local_derivatives, strict=True):
            found += [([node, *nodes], [local, *locals_]) for nodes, locals_ in every_path(parent, leaf)]
    return found


def product(numbers):
    """As the sweep multiplies: from the output on."""
    return math.prod(numbers)


def key(path):
    return tuple(map(id, path[0])), tuple(path[1])


def rank(numbers):
    """The documented order of paths: nan, infinite, by size, 0; the size of a product by its logarithm."""
    if any(map(math.isnan, numbers)) or (0.0 in numbers and any(map(math.isinf, numbers))):
        return 3, 0.0
    if any(map(math.isinf, numbers)):
        return 2, 0.0
    return (0, 0.0) if 0.0 in numbers else (1, math.fsum(math.log(abs(d)) for d in numbers))


def assert_right(output, leaf, explanation, top):
    listed = every_path(output, leaf)
    assert explanation.count == len(listed)
    shown = [(list(path.nodes), list(path.local_derivatives)) for path in explanation.paths]
    for path, (nodes, local) in zip(explanation.paths, shown, strict=True):
        assert path.product == product(local) or math.isnan(path.product)
        assert [edge.child for edge in path.edges][:1] == nodes[:1] or not path.edges
    if len(listed) <= top:
        assert list(map(key, shown)) == list(map(key, listed))  # all of them, in the order of the operands
    else:
        assert not Counter(map(key, shown)) - Counter(map(key, listed))
        best = sorted((rank(local) for _, local in listed), reverse=True)[:top]
        for (kind, size), (_, local) in zip(best, shown, strict=True):
            own_kind, own_size = rank(local)
            assert own_kind == kind
            assert own_size == pytest.approx(size, abs=1e-9)
    if output is not leaf:
        assert explanation.multiplications == sum(len(local) - 1 for _, local in listed)
        used = {(id(n), id(m)) for nodes, _ in listed for n, m in pairwise(nodes)}
        nodes = {id(node): node for nodes, _ in listed for node in nodes[:-1]}.values()
        edges = [(id(node), i) for node in nodes for i, p in enumerate(node.parents) if (id(node), id(p)) in used]
        assert explanation.sweep_multiplications == sum(node != id(output) for node, _ in edges)


@settings(max_examples=100)
@given(programs(longest=8), st.integers(1, 6), st.sets(st.integers(0, 30)), st.booleans())
def test_random_graphs(program, top, named, expand):
    inputs = [Value(x) for x in program.inputs]
    output = program.run(apply, inputs, program.constants)
    nodes = ad.topological_order(output)
    names = {node: f"n{i}" for i, node in enumerate(nodes) if i in named}
    output.backward()
    for x in inputs:
        explanation = explain(output, x, names=names, top=top, expand=expand)
        assert_right(output, x, explanation, top)
        terms = [abs(product(local)) for _, local in every_path(output, x)]
        assert explanation.total == pytest.approx(x.grad, rel=1e-12, abs=1e-13 * sum(terms))
        assert explanation.rest + sum(path.product for path in explanation.paths) == pytest.approx(
            explanation.total, rel=1e-12, abs=1e-12 * sum(terms)
        )
        said = str(explanation)
        assert "✗" not in said
        if explanation.count and output is not x:
            assert "✓ " in said
        assert explanation.to_latex().count("{") == explanation.to_latex().count("}")
        assert explanation.to_markdown()


@st.composite
def wild_graphs(draw):
    """Graphs with any local derivatives whatever."""
    locals_ = st.sampled_from([0.0, -0.0, INF, -INF, NAN, 1.0, -2.0, 3.0, 1e200, 1e-200, 0.5])
    nodes = [Value(1.0)]
    for _ in range(draw(st.integers(1, 7))):
        parents = draw(st.lists(st.sampled_from(nodes), min_size=1, max_size=3))
        local = tuple(draw(st.lists(locals_, min_size=len(parents), max_size=len(parents))))
        nodes.append(record(1.0, OPS["sum"], tuple(parents), tuple(parents), local))
        nodes[-1].label = draw(st.sampled_from(["", "", "v"]))
    return nodes[0], nodes[-1]


@given(wild_graphs(), st.integers(1, 5))
def test_any_local_derivatives(graph, top):
    leaf, output = graph
    explanation = explain(output, leaf, top=top)
    assert_right(output, leaf, explanation, top)
    assert str(explanation)
    assert explanation.to_markdown()


def two_paths():
    y = Value(3.0, label="y")
    x, z = 2 * y, ad.sin(y)
    f = x**2 * z
    return f, x, z, y


def test_two_paths():
    f, x, z, y = two_paths()
    f.backward()
    assert z.grad == 36
    explanation = explain(f, y)
    assert "∂f/∂y = ∂f/∂x·∂x/∂y + ∂f/∂z·∂z/∂y\n" in str(explanation)
    assert "f ← x ← y   ∂f/∂x·∂x/∂y = (2·x·z)·2 = 1.693·2    =  3.387" in str(explanation)
    assert "f ← z ← y   ∂f/∂z·∂z/∂y = x²·cos(y) = 36·(−0.99) = −35.64" in str(explanation)
    assert "✓ y.grad" in str(explanation)
    assert "✓ numerical derivative, by complex step" in str(explanation)
    assert [path.product for path in explanation.paths] == pytest.approx(
        [8 * 3 * math.sin(3), 4 * 9 * math.cos(3)], rel=1e-15
    )
    assert explanation.total == pytest.approx(24 * math.sin(3) + 36 * math.cos(3), rel=1e-15)
    assert explanation.to_latex().startswith(
        r"\begin{aligned}\frac{\partial f}{\partial y} &= \frac{\partial f}{\partial x}\,\frac{\partial x}{\partial y}"
        r" + \frac{\partial f}{\partial z}\,\frac{\partial z}{\partial y} \\"
    )
    assert "f ← v1 ← x ← y" in str(explain(f, y, expand=True))
    assert "loss ← x ← y" in str(explain(f, y, names={"loss": f}))
    assert (explanation.multiplications, explanation.sweep_multiplications) == (3, 3)
    assert set(explanation._repr_mimebundle_()) == {"text/plain", "text/markdown", "text/latex"}
    assert [node.grad for node in (f, x)] == [1.0, pytest.approx(12 * math.sin(3))]


def test_one_variable_in_two_places():
    x = Value(3.0)
    y = x * x
    said = str(explain(y, x))
    assert "∂y/∂x = ∂y/∂x⁽¹⁾ + ∂y/∂x⁽²⁾" in said
    assert "sum = 6" in said


def test_direct_and_indirect():
    """The derivative along all paths is not called as the factor along the direct one is."""
    x = Value(3.0)
    y = x * x.sin()
    assert "dy/dx = ∂y/∂x + ∂y/∂v1·∂v1/∂x" in str(explain(y, x))


def test_an_unnamed_meeting_of_paths_is_passed_over():
    t = Value(2.0)
    x, z = t * 3, t.exp()
    f = (x**2 + z**2).sqrt()
    assert "∂f/∂t = ∂f/∂x·∂x/∂t + ∂f/∂z·∂z/∂t" in str(explain(f, t))


def test_an_unnamed_crossing_of_paths_is_a_stop():
    """Two stretches meet there and two go on: to pass it over would make four of them."""
    t = Value(2.0)
    x, z = t * 3, t.exp()
    p, q = (lambda crossing: (crossing.sin(), crossing.exp()))(x * z)
    f = p * q
    explanation = explain(f, t)
    assert explanation.count == 4
    assert "f ← p ← v1 ← x ← t" in str(explanation)


def test_no_path():
    x, other = Value(3.0), Value(2.0)
    y = x * 2
    for output in (other, y):
        explanation = explain(output, other if output is y else x)
        assert (explanation.count, explanation.total, explanation.paths) == (0, 0.0, ())
        assert "no path leads" in str(explanation)
        assert explanation.to_markdown()
        assert explanation.to_latex()


def test_itself():
    x = Value(3.0)
    explanation = explain(x, x)
    assert (explanation.count, explanation.total, len(explanation.paths[0])) == (1, 1.0, 0)
    assert "itself" in str(explanation)


@pytest.mark.parametrize(("output", "input"), [(3.0, Value(1.0)), (Value(1.0), "x"), (None, Value(1.0))])
def test_no_value(output, input):
    with pytest.raises(OperandError, match=r"explain: the (output|input) is a Value of the graph.*; give "):
        explain(output, input)


@pytest.mark.parametrize("top", [0, -1, 2.5, "all"])
def test_no_number_of_paths(top):
    x = Value(1.0)
    with pytest.raises(OperandError, match="top is how many paths"):
        explain(x * x, x, top=top)


def checks(explanation):
    return [good for good, _ in explanation.checks()]


def test_checks_that_cannot_be_made_say_why():
    f, _, _, y = two_paths()
    assert "f.backward() has not run" in str(explain(f, y))
    f.backward()
    f.backward()
    assert "perhaps several backward passes" in str(explain(f, y))
    (f * 5).backward()
    assert "another output's" in str(explain(f, y))
    y.data = 4.0
    assert "data of a leaf was changed" in str(explain(f, y))
    w = Value(0.0)
    assert "a kink or a jump here, with slope −1 on the left and 1 on the right" in str(explain(abs(w), w))
    r = Value(0.0)
    assert "slope 0 on the left and 1 on the right" in str(explain(r.relu(), r))


def test_checks_find_a_wrong_derivative():
    x = Value(3.0)
    y = x**2
    y.backward()
    assert checks(explain(y, x)) == [True, True]
    y.local_derivatives = (6.1,)
    assert checks(explain(y, x)) == [None, False]  # the leaf's gradient may come from several passes
    z = Value(3.0)
    u = z.relu() * 2
    u.local_derivatives = (2.1,)
    assert checks(explain(u, z)) == [None, False]
    inner = z * 3
    outer = inner**2
    outer.backward()
    inner.grad = 1.0
    assert checks(explain(outer, inner)) == [False, True]


def test_more_paths_than_anyone_could_list():
    x = Value(1.0)
    v = x
    for _ in range(60):
        v = v + v
    explanation = explain(v, x)
    said = str(explanation)
    assert (explanation.count, len(explanation.paths)) == (2**60, 10)
    assert explanation.total == 2.0**60
    assert (explanation.multiplications, explanation.sweep_multiplications) == (59 * 2**60, 118)
    assert "1,152,921,504,606,846,976 = 2⁶⁰ paths" in said
    assert "and 1,152,921,504,606,846,966 more paths, together = 1.153·10¹⁸" in said
    assert len({tuple(k for edge in path.edges for _, k in edge.steps) for path in explanation.paths}) == 10


def test_the_largest_of_very_many():
    """3 and 0.5 to choose from at each of 50 steps: the largest takes 3 everywhere, the next 0.5 at one of them."""
    x = Value(1.0)
    v = x
    for _ in range(50):
        v = ad.dot([3.0, 0.5], [v, v])
    products = [path.product for path in explain(v, x, top=52).paths]
    assert products[0] == pytest.approx(3.0**50)
    assert products[1:51] == pytest.approx([3.0**49 * 0.5] * 50)
    assert products[51] == pytest.approx(3.0**48 * 0.25)


def test_paths_that_look_alike():
    x = Value(1.0)
    v = x
    for _ in range(30):
        v = (v + v) * 0.5
    said = str(explain(v, x))
    assert "Paths that look alike differ inside the “…”." in said
    assert "look alike" not in str(explain(x * x, x))


# ---------------------------------------------------------------------------------------------------------------------
# What is true of the numbers.
# ---------------------------------------------------------------------------------------------------------------------


def test_operations_with_many_operands():
    model = nn.MLP(2, [8, 8, 1], "tanh", seed=0)
    loss = ad.mean([nn.squared_error(model([i / 100, -i / 100]), [0.0]) for i in range(100)])
    loss.backward()
    x = Value(0.5)
    h = x
    for _ in range(5):
        h = ad.sum([ad.sin(h * k) for k in range(13)])
    w = model.layers[0].neurons[0].w[0]
    for explanation in (explain(loss, w), explain(h, x)):
        bundle = explanation._repr_mimebundle_()
        assert set(bundle) == {"text/plain", "text/markdown", "text/latex"}
        assert repr(explanation) == str(explanation) == bundle["text/plain"]
        assert "✓ numerical derivative" in str(explanation)
        assert re.search(r"… and \d+ more values in these formulas", str(explanation))
        assert not re.search("[\0\ufdd0]", "".join(bundle.values()))
    assert "∂w₁₁⁽¹⁾" in str(explain(loss, w))


@pytest.mark.parametrize("n", [6, 7, 8, 9, 12, 13, 26, 27])
@pytest.mark.parametrize("name", ["sum", "mean", "prod", "max", "logsumexp", "norm", "dot", "softmax"])
def test_any_number_of_operands(name, n):
    xs = [Value(1.0 + i / 10) for i in range(n)]
    operands = [v * 0.5 for v in xs]
    if name == "dot":
        output = ad.dot(operands, operands, 1.0)
    else:
        output = ad.softmax(operands)[n // 2] if name == "softmax" else getattr(ad, name)(operands)
    output.backward()
    explanation = explain(output * 2, xs[n // 2], expand=True)
    assert len(explanation._repr_mimebundle_()) == 3


def test_no_repr_ever_raises(monkeypatch):
    x = Value(2.0)
    explanation = explain(x * x, x)
    monkeypatch.setattr(type(explanation._words), "plain", lambda self: 1 / 0)
    assert "derivative is 4.0" in repr(explanation)
    assert list(explanation._repr_mimebundle_()) == ["text/plain"]


@pytest.mark.parametrize(
    ("function", "x", "definition", "formula"),
    [
        (lambda x: ad.sqrt(x) ** 2, -3.0, "f = (√x)² = nan", "∂f/∂x = (2·√x)·(1/(2·√x)) = nan"),
        (lambda x: ad.sqrt(x) ** 2, 3.0, "f = (√x)² = 3", "f ← x   ∂f/∂x = 1"),
        (lambda x: x / x, 0.0, "f = x/x = nan", "∂f/∂x⁽¹⁾ = 1/x"),
        (lambda x: x / x + x, 2.0, "v1 = x/x = 1\n", "∂v1/∂x⁽²⁾ = 1·(−v1/x)"),
        (lambda x: x * 2 / 2, 3.0, "f = 2·x/2 = 3", "f ← x"),
        (lambda x: x * x, 3.0, "f = x·x = 9", "∂f/∂x⁽¹⁾ = x"),
        (lambda x: ad.exp(x) * 0.0, 800.0, "f = 0·exp(x) = nan", "0·exp(x) = nan"),
    ],
)
def test_formulas_are_true_at_the_numbers(function, x, definition, formula):
    """Simplified as in school, x/x is 1; but not where it is nan, and not what was recorded."""
    x = Value(x)
    f = function(x)
    said = str(explain(f, x))
    assert definition in said
    assert formula in said


def test_a_long_chain():
    x = Value(1.0)
    v = x
    for _ in range(50_000):
        v = v * 1.00001
    explanation = explain(v, x)
    assert explanation.total == pytest.approx(1.00001**50_000, rel=1e-9)
    assert len(explanation.paths[0]) == 50_000
    assert "product of 50,000 local derivatives" in str(explanation)
    assert explanation.to_markdown()
    assert explanation.numerical[0] == pytest.approx(explanation.total, rel=1e-9)
    assert "v ← " in str(explain(v, x, expand=True))


def test_labels_are_text():
    evil = "<script>alert(1)</script>|$x$`\\N{}\n\u202e" + "y" * 100
    x = Value(2.0, label=evil)
    f = x.sin() * x
    for said in explain(f, x)._repr_mimebundle_().values():
        assert "\u202e" not in said
    assert "<script" not in explain(f, x).to_markdown()
    assert "<script" not in explain(f, x).to_latex()


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0"), (1000, "1,000"), (1024, "1,024 = 2¹⁰"), (2**200, "2²⁰⁰"), (10**30 + 1, "about 1·10³⁰")],
)
def test_counts(count, said):
    assert count_text(count) == said


@pytest.mark.parametrize("x", [-1.5e-30, -7.25e200, -3.0])
def test_numbers_in_latex(x):
    """No sign and no power of ten that LaTeX does not know, in the table and between dollars."""
    x = Value(x)
    y = ad.sin(x * x * 1e-9) - 1e12 * x
    y.backward()
    said = explain(y, x)
    for formula in [said.to_latex(), *re.findall(r"\$([^$]+)\$", said.to_markdown())]:
        assert "−" not in formula
        assert not re.search(r"\de[+-]?\d", formula)


@pytest.mark.parametrize("shown", [lambda f, y: explain(f, y), lambda f, y: ad.steps(f)], ids=["explain", "steps"])
def test_markup_in_a_label_is_escaped_once(shown):
    y = Value(2.0, label="a<b & c>d")
    f = y * y
    f.backward()
    lines = [line for line in shown(f, y).to_markdown().splitlines() if "&lt;" in line]
    assert lines
    for line in lines:
        assert "a&lt;b &amp; c&gt;d" in line
        assert "&amp;lt;" not in line
