"""Pictures that are laid out without Graphviz: the same boxes, arrows, labels and tooltips as with it."""

import re
from collections import Counter
from importlib.util import find_spec
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest

import autodiff as ad
import nn
from autodiff import MissingDependency, Value, draw
from autodiff.drawing import render
from tests.test_drawing import random_graph, samples
from tests.test_layered import meet
from tests.test_svg import SVG

pytestmark = pytest.mark.skipif(find_spec("pygraphviz") is None, reason="there is no Graphviz to compare with")


@pytest.fixture
def bare(monkeypatch):
    """As after a bare ``pip install``: no Graphviz."""
    monkeypatch.setattr(render, "_ways", list)


def parts(svg):
    """The boxes and arrows of a picture: their kind, the texts in them, and their tooltip."""
    found = Counter()
    for group in ElementTree.fromstring(svg).iter(SVG + "g"):
        kind = group.get("class", "")
        if kind.startswith(("node", "edge")):
            said = tuple(sorted("".join(text.itertext()).strip() for text in group.iter(SVG + "text")))
            title = group.find(SVG + "title")
            found[kind, said, "" if title is None else title.text] += 1
    return found


GRAPHS = {
    "random 0": lambda: random_graph(0),
    "random 1": lambda: random_graph(1),
    "random 2": lambda: random_graph(2, 60),
    "a leaf": lambda: Value(2.0, "x"),
    "a square": lambda: Value(3.0) ** 2 * 1.5,
    "cut": lambda: random_graph(3, 2000),
    "constants": lambda: ad.dot([Value(1.0)] * 9, [3.0] * 9),
}


@pytest.mark.parametrize("show", ["backward", "formula", "forward"])
@pytest.mark.parametrize("name", GRAPHS)
def test_the_same_parts_as_graphviz_draws(name, show, monkeypatch):
    output = GRAPHS[name]()
    output.backward()
    options = {"show": show, "max_nodes": 60, "names": {}}
    expected = draw(output, **options)
    assert expected.svg
    monkeypatch.setattr(render, "_ways", list)
    found = draw(output, **options)
    words = [(kind, " ".join(said).replace("\xa0", " ").split(), tip) for kind, said, tip in parts(found.svg)]
    for kind, said, tip in parts(expected.svg):
        assert (kind, " ".join(said).replace("\xa0", " ").split(), tip) in words
    assert sum(parts(found.svg).values()) == sum(parts(expected.svg).values())
    assert (found.title, found.caption) == (expected.title, expected.caption)


def extents(svg):
    """The rectangles of boxes, by their outline."""
    found = []
    for group in ElementTree.fromstring(svg).iter(SVG + "g"):
        if group.get("class", "").startswith("node"):
            shape = next(element for element in group if element.tag in (SVG + "path", SVG + "polygon"))
            pairs = re.findall(r"(-?[\d.]+),(-?[\d.]+)", shape.get("points") or shape.get("d"))
            xs, ys = [float(x) for x, _ in pairs], [float(y) for _, y in pairs]
            found.append((min(xs), min(ys), max(xs), max(ys)))
    return found


def frames(svg):
    return [
        tuple(map(float, (min(xs), min(ys), max(xs), max(ys))))
        for group in ElementTree.fromstring(svg).iter(SVG + "g")
        if group.get("class") == "cluster"
        for pairs in [re.findall(r"(-?[\d.]+),(-?[\d.]+)", group.find(SVG + "path").get("d"))]
        for xs, ys in [([float(x) for x, _ in pairs], [float(y) for _, y in pairs])]
    ]


@pytest.mark.parametrize("direction", ["LR", "TB", "RL", "BT"])
def test_frames_hold_their_neurons_and_lie_apart(direction):
    output = nn.MLP(2, [3, 2, 1], "tanh", seed=0)([Value(0.5), Value(-0.25)])
    output.backward()
    svg = draw(output, direction=direction).svg
    outer, boxes = frames(svg), extents(svg)
    assert len(outer) == 6
    for a, b in combinations(outer, 2):
        assert not meet(a, b)
    for a, b in combinations(boxes, 2):
        assert not meet(a, b)
    for box in boxes:
        inside = [f for f in outer if f[0] <= box[0] and f[1] <= box[1] and box[2] <= f[2] and box[3] <= f[3]]
        assert len(inside) == any(meet(box, frame) for frame in outer)


@pytest.mark.parametrize("inputs", [2, 3, 5])
def test_neurons_and_weights_are_in_order(inputs):
    """From top to bottom: neurons 1, 2, 3, …; and w₁, w₂, …, b in each."""
    output = ad.sum(nn.MLP(inputs, [4, 2], "tanh", seed=1)([Value(0.1 * i, f"x{i}") for i in range(inputs)]))
    heights = {}
    for group in ElementTree.fromstring(draw(output).svg).iter(SVG + "g"):
        if group.get("class", "").startswith(("node", "cluster")):
            text = next(group.iter(SVG + "text"))
            heights[text.text] = float(text.get("y"))

    def from_top(*names):
        return [heights[name] for name in names] == sorted(heights[name] for name in names)

    assert from_top(*[f"layer 1, neuron {j}" for j in (1, 2, 3, 4)])
    assert from_top(*[f"layer 2, neuron {j}" for j in (1, 2)])
    small = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
    order = [f"{i}{j}".translate(small) for j in range(1, 5) for i in range(1, inputs + 1)]
    assert from_top(*[f"w{place}⁽¹⁾" for place in order])
    assert from_top(f"w{order[inputs - 1]}⁽¹⁾", "b₁⁽¹⁾", f"w{order[inputs]}⁽¹⁾")
    assert from_top(*[f"x{i}" for i in range(inputs)])


def test_numbers_end_at_one_edge(bare):
    """By an anchor, not by how wide they are taken to be; and as Graphviz' boxes have it too."""
    output = random_graph(5)
    output.backward()
    for group in ElementTree.fromstring(draw(output).svg).iter(SVG + "g"):
        if group.get("class", "").startswith("node"):
            texts = [*group.iter(SVG + "text")]
            numbers = [b for a, b in pairwise(texts) if a.text.strip() in ("data", "grad")]
            assert {number.get("text-anchor") for number in numbers} <= {"end"}
            assert len({number.get("x") for number in numbers}) <= 1


def test_numbers_end_at_one_edge_in_boxes_of_graphviz():
    test_numbers_end_at_one_edge(None)


def test_a_network_in_groups(bare):
    _, loss = samples(3)
    loss.backward()
    for most in (9, 40, 300):
        svg = draw(loss, max_nodes=most).svg
        boxes = extents(svg)
        assert not any(meet(a, b) for a, b in combinations(boxes, 2))


def test_the_same_bytes_again(bare):
    output = random_graph(4)
    assert draw(output, names={}).svg == draw(output, names={}).svg


def test_other_formats_say_what_they_need(bare, tmp_path):
    drawing = draw(Value(1.0) * 2)
    drawing.save(tmp_path / "f.svg")
    with pytest.raises(MissingDependency, match="pip install"):
        drawing.save(tmp_path / "f.png")
