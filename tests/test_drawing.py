"""Pictures against the graphs that they show: every node, every operand, every number; and labels are text."""

import html
import math
import os
import pickle
import random
import re
import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

import autodiff as ad
import nn
from autodiff import AutodiffError, LayoutTimeout, MissingDependency, OperandError, Value, draw, topological_order
from autodiff.drawing import OptionError
from tests.steps_taken import lines_run

pgv = pytest.importorskip("pygraphviz")  # reads DOT, and draws where there is no `dot`
ROOT = Path(__file__).parent.parent


class Read:
    """A picture as Graphviz reads it: boxes by name, arrows, clusters."""

    def __init__(self, drawing):
        self.graph = pgv.AGraph(string=drawing.dot)
        self.boxes = {str(n): n for n in self.graph.nodes()}
        self.arrows = [(str(e[0]), str(e[1]), e) for e in self.graph.edges()]

    def frames(self):
        return [graph for graph in self.graph.subgraphs() if (graph.name or "").startswith("cluster")]

    def kind(self, kind):
        return [n for n in self.boxes.values() if n.attr["class"] == kind]

    def text(self, box):
        """What stands in a box, cell by cell."""
        cells = re.findall(r"<TD[^>]*>(.*?)</TD>", self.boxes[box].attr["label"])
        return [
            html.unescape(re.sub("<[^>]*>", "", cell.replace("\\\\", "\\"))).replace("\xa0", " ").strip()
            for cell in cells
        ]

    def named(self, name):
        (box,) = [box for box in self.boxes if self.text(box) and self.text(box)[0].split(" = ")[0] == name]
        return box

    def labels(self):
        return Counter(e.attr["taillabel"] or e.attr["headlabel"] or "" for _, _, e in self.arrows)


def random_graph(seed, n=30):
    """Leaves, constants, unary, binary and n-ary operations, shared and repeated operands."""
    rng = random.Random(seed)
    nodes = [Value(rng.uniform(0.5, 2.0)) for _ in range(3)]
    for _ in range(n):
        x, y = rng.choice(nodes), rng.choice(nodes)
        nodes.append(
            rng.choice(
                [
                    lambda x, y: x * y,
                    lambda x, y: x + y,
                    lambda x, y: x - 0.5,
                    lambda x, y: ad.tanh(x),
                    lambda x, y: x * x,
                    lambda x, y: ad.sum([x, y, x, 1.5]),
                ]
            )(x, y)
        )
    return ad.mean(nodes[-4:])


# ---------------------------------------------------------------------------------------------------------------------
# A whole graph.
# ---------------------------------------------------------------------------------------------------------------------


def two_paths():
    y = Value(3.0)
    x = 2 * y
    z = ad.sin(y)
    f = x**2 * z
    return f, x, y, z


def test_two_paths():
    f, x, y, z = two_paths()
    f.backward()
    picture = Read(draw(f))
    assert picture.text(picture.named("y")) == ["y = 3", "grad", "−32.25"]  # 4·2·3·sin 3 + 36·cos 3 = -32.2528
    assert picture.text(picture.named("x")) == ["x = 2·y", "data", "6", "grad", "1.693"]
    assert picture.text(picture.named("z")) == ["z = sin(y)", "data", "0.1411", "grad", "36"]
    assert picture.text(picture.named("f")) == ["f = v1·z", "data", "5.08", "grad", "1"]
    labels = {(t, h): e.attr["taillabel"] or e.attr["headlabel"] for t, h, e in picture.arrows}
    ends = {name: picture.named(name) for name in ("x", "y", "z", "v1", "f")}
    expected = {"yx": "+2", "yz": "−0.99", "zf": "+36"}
    assert {key: labels[ends[key[0]], ends[key[1]]] for key in expected} == expected
    assert labels[ends["x"], ends["v1"]] == "+12"
    assert labels[ends["v1"], ends["f"]] == "+0.1411"
    assert (x.data, z.data, y.grad) == (6.0, math.sin(3.0), y.grad)


@pytest.mark.parametrize("seed", range(20))
def test_every_node_and_every_operand(seed):
    output = random_graph(seed)
    output.backward()
    nodes = topological_order(output)
    drawing = draw(output)
    picture = Read(drawing)
    constants = sum(not isinstance(x, Value) for node in nodes for x in node.operands)
    assert len(picture.kind("leaf")) == sum(node.op is None for node in nodes)
    assert len(picture.kind("operation")) == sum(node.op is not None for node in nodes) - 1
    assert len(picture.kind("output")) == 1
    assert len(picture.arrows) == sum(len(node.operands) for node in nodes)
    derivatives = Counter(float(f"{d:.4g}") for node in nodes for d in node.local_derivatives)
    drawn = Counter({_number(label): n for label, n in picture.labels().items() if label})
    assert drawn == derivatives
    contributions = Counter(repr(d * node.grad) for node in nodes for d in node.local_derivatives)
    tooltips = [e.attr["tooltip"] for _, _, e in picture.arrows if e.attr["tooltip"]]
    assert (
        Counter(re.search(r"contribution = local derivative · gradient = .* = (.*)", tip)[1] for tip in tooltips)
        == contributions
    )
    assert f"{len(nodes)} values" in drawing.caption
    assert "Nothing is left out" in drawing.caption
    assert sum("constant" in word for word in [drawing.caption]) == bool(constants)


def _number(label):
    digits, _, exponent = label.replace("−", "-").partition("·10")
    power = exponent.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))
    return float(f"{digits}e{power or 0}")


def test_square_by_multiplication_has_two_arrows():
    x = Value(3.0)
    assert Read(draw(x * x)).labels() == {"+3": 2}


def test_gradient_is_a_dash_until_backward():
    f, *_ = two_paths()
    before = draw(f)
    assert Read(before).text("n0")[-1] == "—"
    assert "No backward pass" in before.caption
    f.backward()
    assert "—" not in draw(f).dot
    assert Read(before).text("n0")[-1] == "—"  # a picture is of its moment


def test_signs_have_a_colour_and_a_character():
    x = Value(2.0)
    output = (3 * x - x) * ad.floor(x)
    output.backward()
    picture = Read(draw(output))
    for _, _, e in picture.arrows:
        label = e.attr["taillabel"] or e.attr["headlabel"]
        expected = {"+": "#0072B2", "−": "#D55E00", "0": "#767676"}[(label or "0")[0]]
        assert e.attr["color"] == expected


def test_width_follows_the_contribution():
    xs = [Value(1.0) for _ in range(5)]
    output = ad.dot(xs, [0.0, 1.0, -2.0, 3.0, 10.0])
    output.backward()
    picture = Read(draw(output))
    arrows = [e for _, _, e in picture.arrows if e.attr["taillabel"]]
    widths = [float(e.attr["penwidth"]) for e in sorted(arrows, key=lambda e: abs(_number(e.attr["taillabel"])))]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1] / 4
    steps = [b - a for a, b in pairwise(widths[:4])]
    assert max(steps) - min(steps) < 0.02  # in proportion


def test_infinite_and_undefined_numbers():
    x = Value(0.0)
    output = ad.log(x) * x
    output.backward()
    picture = Read(draw(output))
    assert "+∞" in picture.labels()
    assert "nan" in "".join(map(str, picture.text(picture.named("x"))))
    ElementTree.fromstring(draw(output).svg)


def test_kinds_differ_in_shape():
    neuron = nn.Neuron(1, seed=0)
    output = neuron([Value(1.0, "input")]) + 3
    picture = Read(draw(output))
    looks = {}
    for kind in ("leaf", "parameter", "constant", "operation", "output"):
        box = picture.kind(kind)[0]
        looks[kind] = (box.attr["shape"], box.attr["style"], box.attr["peripheries"])
    assert len({*looks.values()}) == 5
    assert len(picture.kind("parameter")) == 2
    assert len(picture.kind("leaf")) == 1


def test_several_outputs():
    x = Value(2.0)
    a, b = x * 3, x + 1
    picture = Read(draw([a, b]))
    assert len(picture.kind("output")) == 2
    assert len(picture.boxes) == 5


def test_a_leaf_alone():
    assert Read(draw(Value(2.0, "x"))).text("n0") == ["x = 2", "grad", "—"]


# ---------------------------------------------------------------------------------------------------------------------
# What is shown.
# ---------------------------------------------------------------------------------------------------------------------


def test_formula():
    f, x, y, z = two_paths()
    assert x.data * y.data * z.data
    assert Read(draw(f, show="formula")).labels() == {"2": 1, "cos(y) < 0": 1, "2·x": 1, "z": 1, "v1": 1, "": 2}


@pytest.mark.parametrize(
    ("function", "x", "label"),
    [
        (ad.cos, 3.0, "−sin(x) < 0"),
        (ad.cos, -3.0, "−sin(x) > 0"),
        (ad.sin, 1.0, "cos(x)"),
        (ad.square, -3.0, "2·x < 0"),
        (ad.square, 0.0, "2·x = 0"),
        (ad.relu, -1.0, "1 if x > 0 else 0"),
        (lambda x: -x, 3.0, "−1"),
        (lambda x: x / 3, 3.0, "1/3"),
        (ad.log, math.nan, "1/x"),
    ],
)
def test_a_formula_has_a_sign_that_is_no_colour(function, x, label):
    x = Value(x)
    y = function(x)
    picture = Read(draw(y, show="formula"))
    assert label in picture.labels()
    assert "&lt; 0 negative" in picture.graph.graph_attr["label"]


def test_forward():
    f, *_ = two_paths()
    f.backward()
    picture = Read(draw(f, show="forward"))
    assert {*picture.labels()} == {""}
    assert "grad" not in str([picture.text(box) for box in picture.boxes])


def test_names():
    x, y = Value(1.0), Value(2.0, "label")
    z = x + y
    assert Read(draw(z)).text("n2")[0] == "z = x + label"
    assert Read(draw(z, names={"a": x, "c": z})).text("n2")[0] == "c = a + label"


W1, W2, X1, X2, B = map(Value, (0.5, -2.0, 3.0, 1.5, 0.25), ("w1", "w2", "x1", "x2", "b"))


def added(xs):
    x, *others = [*xs]
    for y in others:
        x = x + y
    return x


EXPANSIONS = {
    "dot": (lambda: ad.dot([W1, W2], [X1, X2], B), lambda: W1 * X1 + W2 * X2 + B),
    "dot without bias": (lambda: ad.dot([W1, W2], [X1, X2]), lambda: W1 * X1 + W2 * X2),
    "dot of constants": (lambda: ad.dot([W1, W2], [2.0, 4.0]), lambda: W1 * 2.0 + W2 * 4.0),
    "sum": (lambda: ad.sum([W1, W2, X1]), lambda: W1 + W2 + X1),
    "sum of the same": (lambda: ad.sum([W1, W1, W1]), lambda: W1 + W1 + W1),
    "mean": (lambda: ad.mean([W1, W2, X1]), lambda: (W1 + W2 + X1) / 3),
    "prod": (lambda: ad.prod([W1, W2, X1]), lambda: W1 * W2 * X1),
    "max": (lambda: ad.max([W1, W2, X1]), lambda: ad.maximum(ad.maximum(W1, W2), X1)),
    "min": (lambda: ad.min([W1, W2, X1]), lambda: ad.minimum(ad.minimum(W1, W2), X1)),
    "logsumexp": (lambda: ad.logsumexp([W1, W2, X1]), lambda: ad.log(added(map(ad.exp, [W1, W2, X1])))),
    "norm": (lambda: ad.norm([X1, X2]), lambda: ad.sqrt(added(map(ad.square, [X1, X2])))),
}


def boxes_and_arrows(drawing):
    """What is written in the boxes and on the arrows, whatever the order."""
    picture = Read(drawing)
    texts = {box: tuple(picture.text(box)) for box in picture.boxes}
    arrows = Counter((texts[t], texts[h], e.attr["taillabel"] or e.attr["headlabel"]) for t, h, e in picture.arrows)
    return Counter(texts.values()), arrows


@pytest.mark.parametrize("case", EXPANSIONS)
@pytest.mark.parametrize("by_node", [False, True])
def test_expanded_is_what_elementary_operations_give(case, by_node):
    nary, elementary = (f() for f in EXPANSIONS[case])
    outer, expected = nary * 5, elementary * 5
    drawings = []
    for node, inner, expand in ((outer, nary, [nary] if by_node else True), (expected, elementary, False)):
        node.zero_grad()
        node.backward()
        drawings.append(draw(node, expand=expand, names={"inner": inner, "outer": node}))
    assert boxes_and_arrows(drawings[0]) == boxes_and_arrows(drawings[1])
    assert "stay whole" not in drawings[0].caption


def test_what_would_say_something_else_stays_whole():
    x, y, z = Value(1.0), Value(1.0), Value(1.0)
    for output in (ad.max([x, y, z]), ad.logsumexp([Value(1000.0), Value(999.0)])):  # ⅓ each; exp(1000) overflows
        drawing = draw(output, expand=True)
        assert len(Read(drawing).kind("output")) == 1
        assert not Read(drawing).kind("operation")
        assert "1 n-ary operation stay" in drawing.caption


def test_expansion_does_not_touch_the_graph():
    output = ad.dot([W1], [X1], B)
    output.zero_grad()
    output.backward()
    before = [(node.data, node.grad, node.parents) for node in topological_order(output)]
    with ad.no_grad():
        draw(output, expand=True)
    assert before == [(node.data, node.grad, node.parents) for node in topological_order(output)]


def test_expansion_keeps_to_max_nodes():
    xs = [Value(float(i)) for i in range(10)]
    output = ad.sum(xs) * ad.mean(xs)
    picture = Read(draw(output, expand=True, max_nodes=23))
    assert len([box for box in picture.boxes.values() if box.attr["class"] != "constant"]) <= 23
    assert "1 n-ary operation stay" in draw(output, expand=True, max_nodes=23).caption


def test_highlight():
    f, _x, y, z = two_paths()
    for highlight in ([y, z, f], type("Path", (), {"nodes": (f, z, y)})()):
        picture = Read(draw(f, highlight=highlight))
        bold = {box for box, n in picture.boxes.items() if n.attr["penwidth"] == "3"}
        assert bold == {picture.named(name) for name in "fyz"}
        strong = {(t, h) for t, h, e in picture.arrows if len(e.attr["color"]) == 7}
        assert strong == {(picture.named("y"), picture.named("z")), (picture.named("z"), picture.named("f"))}


def test_highlighted_path_of_a_large_graph_is_drawn():
    x = Value(1.0, "x")
    y = x
    for _ in range(1000):
        y = y * 1.001
    drawing = draw(y, highlight=[x], max_nodes=20)
    assert Read(drawing).named("x")


# ---------------------------------------------------------------------------------------------------------------------
# Part of a graph.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", range(4))
@pytest.mark.parametrize("seed", range(5))
def test_neighbourhood(seed, depth):
    output = random_graph(seed)
    nodes = topological_order(output)
    around = random.Random(seed).choice(nodes)
    for i, node in enumerate(nodes):
        node.label = f"node{i}"

    def within(step):  # by definition, one step at a time
        reached = {around}
        for _ in range(depth):
            reached |= {b for a in reached for b in step(a)}
        return reached

    users = {node: [u for u in nodes if any(x is node for x in u.parents)] for node in nodes}
    expected = within(lambda node: node.parents) | within(lambda node: users[node])
    drawing = draw(output, around=around, depth=depth)
    picture = Read(drawing)
    drawn = {picture.text(box)[0].split(" = ")[0] for box in picture.boxes if picture.text(box)}
    assert drawn == {node.label for node in expected}
    hidden = Counter()
    for node in expected:
        hidden["operand"] += len({*node.parents} - expected)
        hidden["user"] += len({*users[node]} - expected)
    assert stub_counts(picture) == +hidden


def stub_counts(picture):
    counts = Counter()
    for stub in picture.kind("stub"):
        number, what = re.search(r"⋯ ([\d,]+) (operand|user)", html.unescape(stub.attr["label"])).groups()
        counts[what] += int(number.replace(",", ""))
    return counts


def test_depth_from_the_output():
    x = Value(1.0)
    for _ in range(9):
        x = ad.sin(x)
    assert len(Read(draw(x, depth=3)).boxes) == 5  # 4 and a stub
    assert "of 10 values the 4 nearest" in draw(x, depth=3).caption
    assert len(Read(draw(x, depth=0)).boxes) == 2


@pytest.mark.parametrize("limit", [1, 2, 7, 30])
def test_max_nodes(limit):
    output = random_graph(0, 200)
    total = len(topological_order(output))
    drawing = draw(output, max_nodes=limit)
    picture = Read(drawing)
    drawn = [n for kind in ("leaf", "operation", "output") for n in picture.kind(kind)]
    assert len(drawn) == limit < total
    assert f"Left out: {total - limit} values" in drawing.caption
    assert picture.kind("stub")


def test_wide_node_leaves_room_for_what_is_below():
    output = ad.sum([ad.exp(ad.sin(Value(float(i)))) for i in range(1000)])
    drawing = draw(output, fold=False)
    depths = Counter(re.findall(r"= (exp|sin)\(", drawing.dot))
    assert depths["exp"] >= 12
    assert depths["sin"] >= 12


def samples(n, sizes=(3, 4, 2), inputs=5):
    model = nn.MLP(inputs, sizes, "tanh", seed=0)
    rng = random.Random(0)
    losses = [nn.cross_entropy(model([Value(rng.random()) for _ in range(inputs)]), 1) for _ in range(n)]
    return model, ad.mean(losses)


def test_neurons_are_framed():
    model = nn.MLP(2, [3, 1], "tanh", seed=1)
    output = model([Value(1.0), Value(2.0)])
    picture = Read(draw(output))
    frames = {g.graph_attr["label"]: g for g in picture.frames()}
    layout = pgv.AGraph(draw(output).dot)
    layout.layout("dot")
    inputs = [next(box for box in picture.boxes if picture.text(box)[0].startswith(name)) for name in ("v1", "v2")]
    first, second = (float(layout.get_node(box).attr["pos"].split(",")[1]) for box in inputs)
    assert first > second  # the inputs from the top down
    assert sorted(frames) == [*(f"layer 1, neuron {i}" for i in (1, 2, 3)), "layer 2, neuron 1"]
    assert all(len(g.nodes()) == 5 for g in frames.values())  # w, w, b, S, x; in the last w, w, w, b, S


def test_layers_are_framed():
    """Where each neuron is one box."""
    _, loss = samples(20)
    picture = Read(draw(loss, max_nodes=40))
    frames = {g.graph_attr["label"]: len(g.nodes()) for g in picture.frames()}
    assert frames == {"layer 1": 3, "layer 2": 4, "layer 3": 2}


def test_activation_of_several_operations_belongs_to_the_neuron():
    neuron = nn.Neuron(1, lambda s: ad.exp(-s * s), seed=0)
    picture = Read(draw(neuron([Value(1.0)]) * 2))
    (frame,) = picture.frames()
    assert len(frame.nodes()) == 2 + 4  # w, b; S, s·s or -s and its product, exp


def test_network_collapses_by_neuron():
    model, loss = samples(20)
    loss.backward()
    total = len(topological_order(loss))
    drawing = draw(loss, max_nodes=40)
    picture = Read(drawing)
    groups = [picture.text(str(n)) for n in picture.kind("group")]
    assert Counter(group[0].split()[0] for group in groups) == {"neuron": 9, "inputs": 1, "after": 1}
    parameters = [int(group[group.index("parameters") + 1]) for group in groups if "parameters" in group]
    assert Counter(parameters) == {6: 3, 4: 4, 5: 2}  # inputs + 1
    assert sum("tanh × 20 inputs" in group for group in groups) == 7
    assert f"{total} values".replace(",", "") in drawing.caption.replace(",", "")
    assert any("100 leaves" in group for group in groups)
    norms = sorted(group[-1] for group in groups if "‖grad‖" in group)
    neurons = [neuron for layer in model.layers for neuron in layer.neurons]
    expected = [math.sqrt(sum(p.grad**2 for p in neuron.parameters())) for neuron in neurons]
    assert [float(x) for x in norms] == pytest.approx(sorted(expected), rel=1e-3)


def test_network_collapses_by_layer():
    _, loss = samples(3)
    picture = Read(draw(loss, max_nodes=9))
    groups = {picture.text(str(n))[0]: picture.text(str(n)) for n in picture.kind("group")}
    assert groups["layer 1"][1:4] == ["3 neurons, tanh × 3 inputs", "parameters", "18"]
    assert groups["layer 2"][1:4] == ["4 neurons, tanh × 3 inputs", "parameters", "16"]
    assert groups["layer 3"][1:4] == ["2 neurons × 3 inputs", "parameters", "10"]
    heads = {(picture.text(t)[0], picture.text(h)[0]) for t, h, _ in picture.arrows if t[0] == h[0] == "g"}
    assert {("inputs", "layer 1"), ("layer 1", "layer 2"), ("layer 2", "layer 3")} <= heads
    assert not {("layer 2", "layer 1"), ("layer 1", "layer 3")} & heads


def test_arrows_between_groups_found_from_a_sample():
    def arrows(drawing):
        picture = Read(drawing)
        groups = {str(n) for n in picture.kind("group")}
        assert picture.kind("group")
        return {(picture.text(t)[0], picture.text(h)[0]) for t, h, _ in picture.arrows if {t, h} <= groups}

    few, many = (draw(samples(n)[1], max_nodes=9) for n in (20, 1100))
    assert arrows(few) == arrows(many)
    assert "those of some of their members" not in few.caption
    assert "those of some of their members" in many.caption


def test_every_node_is_in_a_group_or_drawn():
    _, loss = samples(20)
    drawing = draw(loss, max_nodes=40)
    from autodiff.drawing.selection import everything, group_network

    selection = group_network(everything([loss]), [loss], 40)
    members = [node for group in selection.groups for node in (*group.leaves, *group.operations)]
    everyone = [*members, *selection.nodes]
    assert len(everyone) == len({*everyone}) == len(topological_order(loss))
    assert {*everyone} == {*topological_order(loss)}
    assert len(Read(drawing).kind("group")) == len(selection.groups)


# ---------------------------------------------------------------------------------------------------------------------
# Labels are text.
# ---------------------------------------------------------------------------------------------------------------------

# A label, and how it is shown.
LABELS = [
    ('say "hi"', 'say "hi"'),
    ("back\\slash", "back\\slash"),
    ("\\N \\G \\E \\l", "\\N \\G \\E \\l"),
    ("ends in \\", "ends in \\"),
    ("two\nlines", "two\\nlines"),
    ("tab\tbed", "tab\\tbed"),
    ("{a|b} <p> [c];", "{a|b} <p> [c];"),
    ("<script>x()</script>", "<script>x()</script>"),
    ("</TD></TR></TABLE>>];", "</TD></TR></TABLE>>];"),
    ("a & b &lt; &#38;", "a & b &lt; &#38;"),
    ("]]>", "]]>"),
    ("nul\0 bell\a", "nul\\x00 bell\\x07"),
    ("rtl\u202eabc\u2066", "rtl\\u202eabc\\u2066"),
    ("half \ud800", "half \\ud800"),
    ("שלום", "שלום"),
    ("∂f/∂x 🙂", "∂f/∂x 🙂"),
    ("x" * 10_000, "x" * 23 + "…"),
    ("-->", "-->"),
    ("subgraph", "subgraph"),
    (" ", ""),
]


@pytest.mark.parametrize(("label", "shown"), LABELS)
def test_a_label_is_text(label, shown):
    x = Value(1.0, label)
    f = x * x
    f.backward()
    drawing = draw(f, names={"f": f})
    picture = Read(drawing)
    assert len(picture.boxes) == 2
    assert len(picture.arrows) == 2
    assert picture.text("n0")[0].removesuffix("= 1").strip() == shown
    drawing.dot.encode()  # UTF-8 throughout
    svg = ElementTree.fromstring(drawing.svg)
    said = "".join(svg.itertext())
    assert shown in said
    assert not [element for element in svg.iter() if element.tag.rpartition("}")[2] in ("script", "a", "foreignObject")]
    tooltip = next(element.text for element in svg.iter() if (element.text or "").endswith("grad 2.0"))
    assert tooltip.startswith(shown[:20])  # backslashes and entities as they are there too


@pytest.mark.parametrize("label", ['a "b" \\N', "<i>&amp;", "\\l\\r\\n"])
def test_a_formula_is_text(label):
    x = Value(2.0, label)
    assert label in [*ElementTree.fromstring(draw(x * Value(3.0), show="formula").svg).itertext()]


# ---------------------------------------------------------------------------------------------------------------------
# The same bytes.
# ---------------------------------------------------------------------------------------------------------------------

PROGRAM = """
import sys
from tests.test_drawing import random_graph, samples
from autodiff import draw
graphs = [random_graph(3), samples(20)[1]]
for output in graphs:
    output.backward()
    near = {"around": output.parents[0], "depth": 3}
    for options in ({}, {"max_nodes": 10}, {"max_nodes": 40}, {"expand": True}, near):
        sys.stdout.buffer.write(draw(output, **options).dot.encode())
"""


def test_byte_identical_in_every_process():
    runs = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    ]
    assert runs[0] == runs[1]
    assert len(runs[0]) > 10_000


def test_byte_identical_when_drawn_again():
    output = random_graph(1)
    output.backward()
    drawings = [draw(output, names={}) for _ in range(2)]
    assert drawings[0].dot == drawings[1].dot
    assert drawings[0].svg == drawings[1].svg


# ---------------------------------------------------------------------------------------------------------------------
# Large graphs.
# ---------------------------------------------------------------------------------------------------------------------


def chain(n):
    x = Value(1.0)
    for _ in range(n):
        x = x + 1e-6
    return x


def test_long_chain():
    drawing = draw(chain(50_000), fold=False)
    assert "of 50,001 values the 150 nearest" in drawing.caption
    assert stub_counts(Read(drawing)) == {"operand": 1}


GROWING = pytest.mark.parametrize("build", [chain, lambda n: samples(n // 80, (16, 16, 2), 2)[1]])


@pytest.mark.nightly
@GROWING
def test_a_million_nodes(build):
    output = build(1_000_000)
    output.backward()
    assert draw(output).svg


@GROWING
def test_the_work_grows_with_the_graph_at_most(build):
    short, long = (lines_run(lambda n=n: draw(build(n)).svg) for n in (5_000, 20_000))
    assert long < 4.5 * short


# ---------------------------------------------------------------------------------------------------------------------
# The drawing itself.
# ---------------------------------------------------------------------------------------------------------------------


def test_save(tmp_path):
    f, *_ = two_paths()
    drawing = draw(f)
    starts = {".svg": b"<svg", ".png": b"\x89PNG", ".pdf": b"%PDF", ".dot": b"digraph", ".SVG": b"<svg"}
    for suffix, start in starts.items():
        drawing.save(tmp_path / f"f{suffix}")
        assert (tmp_path / f"f{suffix}").read_bytes().lstrip().startswith(start)
    for name in ("f.gif", "f", str(tmp_path / "svg")):
        with pytest.raises(OptionError, match="by the ending of the name"):
            drawing.save(name)


def test_what_a_notebook_shows():
    f, *_ = two_paths()
    drawing = draw(f)
    bundle = drawing._repr_mimebundle_()
    assert bundle["image/svg+xml"] == drawing.svg
    assert bundle["text/plain"] == repr(drawing) == "<Drawing: The graph of f: 5 values and 2 constants>"


@pytest.mark.parametrize("error", [MissingDependency("pip install 'scalar-autodiff[draw]'"), ZeroDivisionError("oh")])
def test_a_repr_never_fails(monkeypatch, error):
    from autodiff.drawing import render as rendering

    def fail(*args, **options):
        raise error

    monkeypatch.setattr(rendering, "render", fail)
    drawing = draw(two_paths()[0])
    bundle = drawing._repr_mimebundle_()
    assert [*bundle] == ["text/plain"]
    assert str(error) in bundle["text/plain"]
    with pytest.raises(type(error)):
        _ = drawing.svg


def test_a_coarser_picture_when_the_time_is_up(monkeypatch):
    from autodiff.drawing import render as rendering

    real, tried = rendering.render, []

    def slow(dot, format, *, time_limit, more):
        tried.append((dot, time_limit))
        if dot.count("->") > 60:
            assert not more()
            raise LayoutTimeout("too long")
        return real(dot, format, time_limit=None)

    monkeypatch.setattr(rendering, "render", slow)
    drawing = draw(random_graph(0, 400), time_limit=2)
    assert "coarser" not in drawing.caption
    assert drawing.svg
    assert len(tried) > 1
    assert len({dot.count("[") for dot, _ in tried}) == len(tried)  # never the same picture again
    assert sum(limit for _, limit in tried) <= 2.1
    assert "coarser than asked: a finer one could not be laid out within 2 s in all" in drawing.caption
    assert "Nothing is left out" not in drawing.caption
    assert drawing.caption in html.unescape(drawing.svg)
    monkeypatch.setattr(rendering, "render", lambda *a, **k: (_ for _ in ()).throw(LayoutTimeout("never")))
    with pytest.raises(LayoutTimeout, match=r"longer than 10 s: draw less \(max_nodes=\)"):
        _ = draw(random_graph(0, 400)).svg


def test_nothing_coarser(monkeypatch):
    """Where fewer nodes make the same picture, the first attempt has all the time."""
    from autodiff.drawing import render as rendering

    asked = []

    def slow(dot, format, *, time_limit, more):
        asked.append(time_limit + more())
        raise LayoutTimeout("too long")

    monkeypatch.setattr(rendering, "render", slow)
    f, *_ = two_paths()
    with pytest.raises(LayoutTimeout):
        _ = draw(f, time_limit=4).svg
    assert len(asked) == 1
    assert 5 < asked[0] <= 6  # 2, and then, at once here, all that are left


def test_time_limit_bounds_the_whole_wait(monkeypatch, tmp_path):
    if os.name != "posix" or find_spec("graphviz") is None:
        pytest.skip("the stand-in for `dot` is a shell script")
    (tmp_path / "dot").write_text(f"#!/bin/sh\n/bin/sleep 60\n: > {tmp_path}/waited\n", encoding="utf-8")
    (tmp_path / "dot").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LayoutTimeout, match="longer than 1 s"):
        _ = draw(random_graph(0, 400), time_limit=1).svg
    assert not (tmp_path / "waited").exists()


def test_a_drawing_can_be_pickled():
    f, *_ = two_paths()
    f.backward()
    drawing = draw(f)
    again = pickle.loads(pickle.dumps(drawing))
    assert (again.dot, again.svg, again.caption) == (drawing.dot, drawing.svg, drawing.caption)


X = Value(1.0)
Y = ad.sum([X, X])
ERRORS = [
    ({"output": 3.0}, OptionError, "output is a Value or a list of Values, and has float 3.0"),
    ({"output": [Y, "x"]}, OptionError, "has str 'x'"),
    ({"output": []}, OptionError, "not an empty list"),
    ({"direction": "left"}, OptionError, "direction is one of 'LR', 'TB', 'RL', 'BT', not 'left'"),
    ({"direction": None}, OptionError, "direction"),
    ({"show": "all"}, OptionError, "show is one of"),
    ({"show": ["backward"]}, OptionError, "show is one of"),
    ({"depth": -1}, OptionError, "depth is a whole number from 0 on, not -1"),
    ({"depth": 1.5}, OptionError, "depth"),
    ({"max_nodes": 0}, OptionError, "max_nodes is a whole number from 1 on, not 0"),
    ({"max_nodes": True}, OptionError, "max_nodes"),
    ({"time_limit": 0}, OptionError, "time_limit is a number of seconds above 0"),
    ({"time_limit": "1"}, OptionError, "time_limit"),
    ({"time_limit": math.nan}, OptionError, "time_limit"),
    ({"around": Value(1.0)}, OptionError, "around has a node that the output does not depend on"),
    ({"around": 1.0}, OptionError, "around is a Value"),
    ({"highlight": [Value(1.0)]}, OptionError, "highlight has a node"),
    ({"highlight": "x"}, OptionError, "highlight"),
    ({"expand": [X]}, OptionError, "expand is True, or nodes of this graph"),
    ({"expand": 1}, OptionError, "expand"),
    ({"names": ["x"]}, OperandError, "names is a dict"),
]


@pytest.mark.parametrize(("options", "error", "message"), ERRORS)
def test_wrong_options(options, error, message):
    with pytest.raises(error) as caught:
        draw(**{"output": Y, **options})
    assert message in str(caught.value)
    assert isinstance(caught.value, AutodiffError)


def test_highlight_takes_one_path_of_an_explanation():
    x = Value(2.0)
    y = x * x
    for several in (ad.explain(y, x), ad.explain(y, x).paths):
        with pytest.raises(OptionError, match=r"highlight=explanation\.paths\[0\]"):
            draw(y, highlight=several)
    z = ad.sin(x)
    alone = ad.explain(z, x).paths
    assert draw(z, highlight=alone).dot == draw(z, highlight=alone[0]).dot == draw(z, highlight=ad.explain(z, x)).dot


@pytest.mark.parametrize("direction", ["LR", "TB", "RL", "BT"])
def test_labels_of_two_arrows_between_the_same_boxes_stand_apart(direction):
    """Each on the outer side of its arrow, so that neither covers the other."""
    x = Value(5.0)
    layout = pgv.AGraph(draw(x * x, direction=direction).dot)
    layout.layout("dot")
    across = 1 if direction in ("LR", "RL") else 0
    middle = float(layout.get_node("n0").attr["pos"].split(",")[across])
    labels = [float(edge.attr["tail_lp"].split(",")[across]) - middle for edge in layout.edges()]
    arrows = [float(edge.attr["pos"].split()[2].split(",")[across]) - middle for edge in layout.edges()]
    assert sorted(arrows)[0] < 0 < sorted(arrows)[1]
    for label, arrow in zip(labels, arrows, strict=True):
        assert label * arrow > 0
        assert abs(label) > abs(arrow) + 4


def test_what_is_long_and_thin_is_turned():
    def way(output, **options):
        return re.search("rankdir=(..)", draw(output, **options).dot)[1]

    assert way(chain(5)) == way(random_graph(0)) == way(chain(40), direction="LR") == "LR"
    assert way(chain(40)) == "TB"
    assert way(nn.MLP(2, [3] * 12, "tanh", seed=0)([Value(1.0), Value(2.0)])[0], max_nodes=1000) == "LR"


def test_where_no_derivative_flows_an_arrow_is_dashed():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    square = x * x
    output = ad.where(x < y, square, square.detach() * y)
    output.backward()
    picture = Read(draw(output))
    ends = {
        (picture.text(t)[0].split(" = ")[0], picture.text(h)[0].split(" = ")[-1])
        for t, h, e in picture.arrows
        if e.attr["style"] == "dashed"
    }
    assert {("x", "x < y"), ("y", "x < y")} <= ends
    (leaf,) = [
        h for t, h, e in picture.arrows if e.attr["style"] == "dashed" and picture.boxes[h].attr["class"] == "leaf"
    ]
    assert [t for t, h, _ in picture.arrows if h == leaf] == [picture.named("square")]
    assert draw(output).svg
