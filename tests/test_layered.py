"""The layout in plain Python: nothing lies on anything else, arrows lead where they should, few of them cross."""

import random
import re
from itertools import combinations, pairwise

import pytest

from autodiff.drawing.columns import columns, turned_arrows
from autodiff.drawing.layered import layout


def some_graph(seed, n=40, circles=False):
    """Boxes of many sizes and arrows with and without labels, some twice, some over many columns."""
    rng = random.Random(seed)
    sizes = {f"b{i}": (rng.uniform(5, 120), rng.uniform(5, 60)) for i in range(n)}
    arrows = [(rng.randrange(max(0, i - 10), i), i) for i in range(1, n) for _ in range(rng.choice([0, 1, 2, 2, 3]))]
    arrows += [arrows[3], (0, n - 1)]
    if circles:
        arrows += [(rng.randrange(n), rng.randrange(n)) for _ in range(10)]
    labels = [rng.choice([None, (rng.uniform(10, 60), 12)]) for _ in arrows]
    return sizes, [(f"b{a}", f"b{b}") for a, b in arrows], labels


def points(route, pieces=12):
    """A spline as a line of many corners."""
    found = [route[0]]
    for a, b, c, d in (route[k : k + 4] for k in range(0, len(route) - 1, 3)):
        for t in (k / pieces for k in range(1, pieces + 1)):
            weights = (1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3
            found.append(tuple(sum(w * p[axis] for w, p in zip(weights, (a, b, c, d), strict=True)) for axis in (0, 1)))
    return found


def crossings(routes, ends):
    """How many pairs of arrows cross that have no end in common."""

    def side(p, q, r):
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    pieces = [[*pairwise(points(route, 6))] for route in routes]
    total = 0
    for (k, a), (m, b) in combinations(enumerate(pieces), 2):
        if {*ends[k]} & {*ends[m]}:
            continue
        for p, q in a:
            for r, s in b:
                if max(p[0], q[0]) >= min(r[0], s[0]) and max(r[0], s[0]) >= min(p[0], q[0]):
                    total += side(p, q, r) * side(p, q, s) < 0 and side(r, s, p) * side(r, s, q) < 0
    return total


def edges(middle, size):
    return (middle[0] - size[0] / 2, middle[1] - size[1] / 2, middle[0] + size[0] / 2, middle[1] + size[1] / 2)


def meet(a, b):
    return a[0] < b[2] - 1e-6 and b[0] < a[2] - 1e-6 and a[1] < b[3] - 1e-6 and b[1] < a[3] - 1e-6


@pytest.mark.parametrize("direction", ["LR", "TB", "RL", "BT"])
@pytest.mark.parametrize("seed", range(8))
def test_nothing_lies_on_anything_else(seed, direction):
    sizes, arrows, labels = some_graph(seed, circles=seed % 2 == 1)
    placed = layout(sizes, arrows, labels, direction=direction)
    boxes = [edges(placed.boxes[key], size) for key, size in sizes.items()]
    texts = [edges(at, size) for at, size in zip(placed.labels, labels, strict=True) if size and at]
    assert len(texts) == sum(
        size is not None and tail != head for size, (tail, head) in zip(labels, arrows, strict=True)
    )
    for a, b in combinations(boxes + texts, 2):
        assert not meet(a, b)
    for left, top, right, bottom in boxes + texts:
        assert left >= -1e-6
        assert top >= -1e-6
        assert right <= placed.width + 1e-6
        assert bottom <= placed.height + 1e-6


@pytest.mark.parametrize("direction", ["LR", "TB", "RL", "BT"])
@pytest.mark.parametrize("seed", range(4))
def test_arrows_keep_clear_of_boxes_and_labels(seed, direction):
    sizes, arrows, labels = some_graph(seed, circles=seed % 2 == 1)
    placed = layout(sizes, arrows, labels, direction=direction)
    for number, (route, (tail, head)) in enumerate(zip(placed.routes, arrows, strict=True)):
        if tail == head:
            assert route == []
            continue
        others = [edges(placed.boxes[key], size) for key, size in sizes.items() if key not in (tail, head)]
        others += [edges(at, labels[k]) for k, at in enumerate(placed.labels) if at and k != number]
        for x, y in points(route):
            for left, top, right, bottom in others:
                assert not (left + 0.01 < x < right - 0.01 and top + 0.01 < y < bottom - 0.01)
        for end, key in ((route[0], tail), (route[-1], head)):  # on the edge of its box
            left, top, right, bottom = edges(placed.boxes[key], sizes[key])
            distances = (end[0] - left, end[0] - right, end[1] - top, end[1] - bottom)
            assert min(map(abs, distances)) < 1e-6
            assert left - 1e-6 <= end[0] <= right + 1e-6
            assert top - 1e-6 <= end[1] <= bottom + 1e-6


@pytest.mark.parametrize("seed", range(10))
def test_columns_are_those_of_a_linear_program(seed):
    """The total length of all arrows is the least that there is, by an independent solver."""
    optimize = pytest.importorskip("scipy.optimize")
    rng = random.Random(seed)
    ends = [(rng.randrange(max(0, i - 9), i), i) for i in range(1, 40) for _ in range(rng.choice([1, 2, 3]))]
    column = columns(40, ends)
    assert min(column) == 0
    assert all(column[a] < column[b] for a, b in ends)
    cost = [0] * 40
    rows = []
    for a, b in ends:
        cost[a], cost[b] = cost[a] - 1, cost[b] + 1
        rows.append([(i == a) - (i == b) for i in range(40)])
    best = optimize.linprog(cost, A_ub=rows, b_ub=[-1] * len(ends), bounds=[(0, 40)] * 40)
    assert sum(column[b] - column[a] for a, b in ends) == pytest.approx(best.fun)


@pytest.mark.parametrize("seed", range(10))
def test_without_the_turned_arrows_there_is_no_circle(seed):
    rng = random.Random(seed)
    ends = [(rng.randrange(15), rng.randrange(15)) for _ in range(30)]
    turned = turned_arrows(15, ends)
    left = {*[(b, a) if back else (a, b) for (a, b), back in zip(ends, turned, strict=True) if a != b]}
    for _ in range(15):  # take away what nothing leads to
        left = {(a, b) for a, b in left if a in {head for _, head in left}}
    assert not left


def test_no_more_than_half_as_many_crossings_again_as_graphviz():
    pgv = pytest.importorskip("pygraphviz")
    ours = theirs = 0
    for seed in range(6):
        rng = random.Random(seed)
        ends = [(rng.randrange(max(0, i - 12), i), i) for i in range(1, 40) for _ in range(rng.choice([1, 2, 2]))]
        graph = pgv.AGraph(directed=True, strict=False, rankdir="LR")
        for i in range(40):
            graph.add_node(i, shape="box", fixedsize=True, width=1, height=0.5)
        for number, (a, b) in enumerate(ends):
            graph.add_edge(a, b, key=str(number))
        graph.layout("dot")
        drawn = []
        for number, (a, b) in enumerate(ends):
            found = re.findall(r"(?<![es],)(-?[\d.]+),(-?[\d.]+)", graph.get_edge(a, b, key=str(number)).attr["pos"])
            drawn.append([(float(x), float(y)) for x, y in found][-(1 + 3 * ((len(found) - 1) // 3)) :])
        theirs += crossings(drawn, ends)
        ours += crossings(layout(dict.fromkeys(range(40), (72, 36)), ends).routes, ends)
    assert 0 < ours <= 1.5 * theirs


def test_the_same_again():
    sizes, arrows, labels = some_graph(3)
    assert layout(sizes, arrows, labels) == layout(sizes, arrows, labels)


def test_order_is_kept():
    """Boxes with a number stand in that order, whatever that costs in crossings; so do arrows in their lanes."""
    sizes = {key: (20.0, 20.0) for key in ("x1", "x2", "x3", "a", "b", "c", "end")}
    arrows = [("x1", "c"), ("x2", "b"), ("x3", "a"), ("a", "end"), ("b", "end"), ("c", "end")]
    placed = layout(sizes, arrows, order={"x1": 1, "x2": 2, "x3": 3, "a": 1, "b": 2, "c": 3})
    heights = {key: y for key, (_, y) in placed.boxes.items()}
    assert heights["x1"] < heights["x2"] < heights["x3"]
    assert heights["a"] < heights["b"] < heights["c"]


def test_small_and_empty():
    assert layout({}, []).boxes == {}
    alone = layout({"x": (10, 20)}, [("x", "x")], [(5, 5)])
    assert (alone.boxes, alone.routes, alone.labels) == ({"x": (5, 10)}, [[]], [None])
    assert (alone.width, alone.height) == (10, 20)


def test_a_long_chain_needs_no_recursion():
    n = 3000
    placed = layout(dict.fromkeys(range(n), (10, 10)), [(i, i + 1) for i in range(n - 1)])
    assert {y for _, y in placed.boxes.values()} == {5}
