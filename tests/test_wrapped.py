"""A long picture in rows: as legible as the layout that it was cut from, and no wider than a page."""

import random
from itertools import combinations

import pytest

from autodiff import Value, draw, sin, tanh
from autodiff.drawing.layered import layout
from autodiff.drawing.wrapped import wrapped
from tests.test_layered import crossings, edges, meet, points

WIDTH = 600.0


def some_chain(seed, n=28):
    """A chain with leaves, operands from one to a few places back, and some labels."""
    rng = random.Random(seed)
    sizes = {i: (rng.uniform(40, 90), rng.uniform(20, 50)) for i in range(n)}
    arrows = [(i - 1, i) for i in range(1, n)]
    for i in range(1, n):
        if rng.random() < 0.4:
            arrows.append((max(0, i - rng.randrange(1, 4)), i))
        if rng.random() < 0.3:
            leaf = len(sizes)
            sizes[leaf] = (30.0, 18.0)
            arrows.append((leaf, i))
    return sizes, arrows, [rng.choice([None, (rng.uniform(10, 40), 12.0)]) for _ in arrows]


@pytest.mark.parametrize("seed", range(4))
def test_rows_are_legible(seed):
    sizes, arrows, labels = some_chain(seed)
    line = layout(sizes, arrows, labels)
    rows = wrapped(line, sizes, labels, WIDTH)
    assert line.width > 2 * WIDTH
    assert rows is not None
    assert rows.width <= WIDTH
    boxes = [edges(rows.boxes[key], size) for key, size in sizes.items()]
    texts = [edges(at, size) for at, size in zip(rows.labels, labels, strict=True) if size and at]
    assert len(texts) == sum(size is not None for size in labels)
    for a, b in combinations(boxes + texts, 2):
        assert not meet(a, b)
    for number, (route, (tail, head)) in enumerate(zip(rows.routes, arrows, strict=True)):
        assert route[0][0] == pytest.approx(rows.boxes[tail][0] + sizes[tail][0] / 2)
        assert route[-1][0] == pytest.approx(rows.boxes[head][0] - sizes[head][0] / 2)
        others = [edges(rows.boxes[key], size) for key, size in sizes.items() if key not in (tail, head)]
        others += [edges(at, labels[k]) for k, at in enumerate(rows.labels) if at and k != number]
        for x, y in points(route):
            assert -1e-6 <= x <= rows.width + 1e-6
            assert -1e-6 <= y <= rows.height + 1e-6
            for left, top, right, bottom in others:
                assert not (left + 0.01 < x < right - 0.01 and top + 0.01 < y < bottom - 0.01)
    assert crossings(rows.routes, arrows) == crossings(line.routes, arrows)


def test_rows_are_read_as_text_is():
    """From left to right, then from the top down."""
    sizes, arrows = {i: (60.0, 30.0) for i in range(30)}, [(i, i + 1) for i in range(29)]
    rows = wrapped(layout(sizes, arrows), sizes, [None] * 29, WIDTH)
    places = [(round(y), round(x)) for x, y in rows.boxes.values()]
    assert places == sorted(places)
    assert 1 < len({y for y, _ in places}) < 8


def test_what_fits_stays_and_what_would_be_a_tangle_is_refused():
    sizes, arrows = {i: (60.0, 30.0) for i in range(30)}, [(i, i + 1) for i in range(29)]
    short = layout({0: (60.0, 30.0)}, [])
    assert wrapped(short, sizes, [], WIDTH) is short
    many = [*arrows, *[(0, i) for i in range(15, 29)]]
    assert wrapped(layout(sizes, many), sizes, [None] * len(many), WIDTH) is None
    back = [*arrows, (29, 0)]
    assert wrapped(layout(sizes, back), sizes, [None] * len(back), WIDTH) is None


def chain(n):
    x = Value(0.3, "x")
    for _ in range(n):
        x = tanh(x) if n % 2 else sin(x) * 1.5
    return x


@pytest.mark.parametrize("n", [19, 20, 60, 61])
def test_a_long_chain_is_drawn_in_rows_and_a_short_one_in_a_line(n):
    def shape(svg):
        width, height = svg.partition('viewBox="0 0 ')[2].partition('"')[0].split()
        return float(width), float(height)

    width, height = shape(draw(chain(n)).svg)
    assert width <= 684
    assert shape(draw(chain(n), direction="LR").svg)[0] > 1400
    assert shape(draw(chain(n), direction="TB").svg)[1] > 2 * height
    assert shape(draw(chain(3)).svg)[1] < 200
