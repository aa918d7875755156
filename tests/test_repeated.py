"""What is repeated in a graph is drawn once: which boxes there are, what they stand for, and what their numbers say."""

import re
from collections import Counter
from math import fsum
from random import Random

import pytest

import autodiff as ad
from autodiff import OptionError, Value, draw, tanh
from autodiff.drawing.repeated import fold
from autodiff.drawing.selection import everything


def regression(n, seed=0):
    """A loop over n samples: (a·x + b - y)², added up; x and y are leaves."""
    rng = Random(seed)
    a, b, total = Value(1.0, "a"), Value(0.5, "b"), 0.0
    samples = [(Value(rng.gauss(0, 1)), Value(rng.gauss(0, 1))) for _ in range(n)]
    for x, y in samples:
        total = total + (a * x + b - y) ** 2
    return total / n, a, samples


def network(n, hidden=6, inputs=3, seed=0):
    """A loop over n samples, and in it loops over neurons and inputs, by hand; samples are numbers."""
    rng = Random(seed)
    w = [[Value(rng.gauss(0, 1)) for _ in range(inputs)] for _ in range(hidden)]
    v = [Value(rng.gauss(0, 1)) for _ in range(hidden)]
    total = 0.0
    for _ in range(n):
        x, y = [rng.random() for _ in range(inputs)], 0.0
        for j in range(hidden):
            s = 0.0
            for i in range(inputs):
                s = s + w[j][i] * x[i]
            y = y + v[j] * tanh(s)
        total = total + (y - rng.random()) ** 2
    return total / n


def members(output, limit=150):
    selection = fold(everything([output]), [output], limit)
    return {node: selection.members.get(node, [node]) for node in selection.nodes}, selection


def folded(output, **options):
    """Name and multiplicity of each box, by what is in bold in the picture."""
    return Counter(
        [
            int(match[1].replace(",", "")) if (match := re.search(r" × ([\d,]+)</B>", line)) else 1
            for line in draw(output, **options).dot.splitlines()
            if "<B>" in line
        ]
    )


def test_a_loop_over_samples_is_drawn_once():
    loss, _, samples = regression(100)
    boxes, selection = members(loss)
    # a, b and the loss; once 100 each: two leaves, product, sum, difference, square, and the sum that grows.
    assert Counter(map(len, boxes.values())) == {1: 3, 100: 7}
    leaves = [{*map(id, found)} for node, found in boxes.items() if node.op is None and len(found) > 1]
    assert all({*map(id, column)} in leaves for column in zip(*samples, strict=True))
    assert {*selection.frames.values()} == {"× 100"}
    assert len(selection.frames) == 6  # the sum that grows is outside
    assert folded(loss) == {1: 3, 100: 7}


def test_numbers_are_the_least_and_the_greatest_and_arrows_say_the_sum():
    loss, a, samples = regression(60)
    loss.backward()
    dot = draw(loss).dot
    xs = [x.data for x, _ in samples]
    assert f"data from {min(xs)!r} to {max(xs)!r}, 60 numbers" in dot
    grads = [x.grad for x, _ in samples]
    assert f"grad from {min(grads)!r} to {max(grads)!r}, 60 numbers" in dot
    # All of the gradient of a comes through the sixty arrows.
    found = re.search(rf"60 arrows[^\"]*local derivative from {min(xs)!r} to [^\"]*in all (\S+?)\"", dot)
    assert float(found[1]) == pytest.approx(a.grad, rel=1e-12)
    assert "×60: " in dot
    assert "as wide as the sum of their contributions" in draw(loss).caption
    assert "Left out: 413 values that repeat those drawn." in draw(loss).caption  # of 2 + 60·7 + 1, 3 + 7 are drawn


@pytest.mark.parametrize("n", [16, 100])
def test_loops_in_loops(n):
    """Nested: the network by hand is folded until it is easy to read, and every count is a product of loops."""
    loss = network(n)
    boxes, selection = members(loss)
    assert len(boxes) < 40
    assert sum(map(len, boxes.values())) == len(everything([loss]))
    assert {*map(len, boxes.values())} <= {1, 6, n, 6 * n, 3 * n, 18 * n, 12 * n, 5 * n, 18}
    assert {*selection.frames.values()} == {f"× {n}"}
    assert len(draw(loss).svg) < 100_000


@pytest.mark.parametrize("seed", range(20))
def test_every_node_is_in_one_box_and_every_arrow_in_one_arrow(seed):
    """Whatever repeats: boxes hold operations of one kind, and the arrows between them are those of the graph."""
    rng = Random(seed)
    shared = [Value(rng.random()) for _ in range(3)]
    steps = [(rng.choice("+*-"), rng.randrange(6), rng.randrange(6)) for _ in range(8)]
    ends = []
    for _ in range(rng.randrange(20, 40)):
        numbers = [*shared, *[Value(rng.random()) for _ in range(2)], rng.random()]
        for sign, i, j in steps:
            x, y = numbers[i % len(numbers)], numbers[j - len(numbers)] if j % 2 else numbers[-1]
            numbers.append({"+": lambda x, y: x + y, "*": lambda x, y: x * y, "-": lambda x, y: x - y}[sign](x, y))
        end = tanh(numbers[-1])
        ends.append(end if rng.random() < 0.9 else ad.sin(end))  # some are not like the others
    output = ad.mean(ends)
    graph = everything([output])
    selection = fold(graph, [output], len(graph) // 2)
    boxes = {node: selection.members.get(node, [node]) for node in selection.nodes}
    assert len(boxes) <= len(graph) // 2
    assert Counter([id(x) for found in boxes.values() for x in found]) == Counter(map(id, graph))
    for node, found in boxes.items():
        assert {x.op for x in found} == {node.op}
    output.backward()
    drawing = draw(output, max_nodes=len(graph) // 2)
    drawn, through = 0, Counter()
    for tail, tooltip in re.findall(r'^  (n\d+) -> n\d+ \[.* tooltip="([^"]*)"', drawing.dot, re.MULTILINE):
        count = re.match(r"([\d,]+) arrows", tooltip)
        drawn += int(count[1].replace(",", "")) if count else 1
        through[tail] += float(re.search(r"(?:in all|gradient,) (\S+)$", tooltip)[1])
    owner = {id(x): node for node, found in boxes.items() for x in found}
    edges = [(owner[id(x)], owner[id(node)]) for node in graph for x in node.parents]
    assert drawn == sum(tail is not head for tail, head in edges)
    for i, node in enumerate(selection.nodes):  # the sum over its arrows is the gradient of a box, of many their sum
        if node is not output and not any(x is node for tail in boxes[node][1:] for x in tail.parents):
            total = fsum([x.grad for x in boxes[node]])
            assert through[f"n{i}"] == pytest.approx(total, rel=1e-9, abs=1e-12)


def test_one_lane_that_is_another_stays_apart():
    rng = Random(0)
    w, ends = Value(0.5, "w"), []
    for i in range(40):
        z = w * Value(rng.random()) + 1.0
        ends.append(ad.sin(z) if i == 7 else ad.cos(z * z) ** 2)
    boxes, _ = members(ad.sum(ends), limit=50)
    assert {node.op.name: len(found) for node, found in boxes.items() if node.op is not None}["sin"] == 1
    assert [len(found) for node, found in boxes.items() if node.op is not None and node.op.name == "cos"] == [39]


def test_a_window_that_moves_shares_its_leaves():
    xs = [Value(0.1 * i) for i in range(102)]
    boxes, _ = members(ad.mean([(xs[i] + xs[i + 1]) * xs[i + 2] for i in range(100)]))
    assert sorted([len(found) for node, found in boxes.items() if node.op is None]) == [102]


def test_a_chain_is_one_box():
    x = Value(0.5, "x")
    for _ in range(400):
        x = ad.sin(x)
    assert folded(x) == {1: 1, 400: 1} or folded(x) == {1: 2, 399: 1}
    assert "each takes the one before" in draw(x).dot


def test_an_output_stays_one_box():
    x, outputs = Value(0.5), []
    for i in range(200):
        outputs.append(ad.sin(x * (i + 1.0)))
    assert draw([ad.sum(outputs), outputs[3]]).dot.count('class="output"') == 2


def test_small_graphs_and_those_that_repeat_nothing_are_drawn_as_they_were():
    loss, *_ = regression(10)
    assert folded(loss) == {1: 73}
    rng, x = Random(0), [Value(1.0)]
    for _ in range(300):
        x.append(rng.choice([ad.sin, ad.tanh, ad.cos, lambda v: v * x[rng.randrange(len(x))]])(x[-1]))
    drawing = draw(x[-1])
    assert " × 2" not in drawing.dot


def test_it_can_be_turned_off():
    loss, *_ = regression(100)
    assert "the 150 nearest" in draw(loss, fold=False).caption
    assert folded(loss, fold=False) == {1: 150}
    with pytest.raises(OptionError, match="fold is True or False"):
        draw(loss, fold="yes")


def test_named_groups_and_networks_go_before():
    x, total = Value(0.5), 0.0
    for _ in range(100):
        with ad.group("step"):
            total = total + tanh(x * 2.0)
    assert "in 1 group" in draw(total).title


@pytest.mark.parametrize("show", ["backward", "forward", "formula"])
def test_the_same_bytes_and_no_number_that_is_not_one(show):
    loss, _, samples = regression(50)
    samples[3][0].data = float("nan")
    loss.backward()
    assert draw(loss, show=show).svg == draw(loss, show=show).svg


def test_labels_are_text():
    w, total = Value(0.5, "<b>&w</b>"), 0.0
    for i in range(60):
        total = total + (w * Value(float(i), "<script>x</script>") - 1.0) ** 2
    svg = draw(total).svg
    assert "<script" not in svg
    assert "<b>" not in svg
