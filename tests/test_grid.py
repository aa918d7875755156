"""Groups in frames as a grid: boxes in rows and columns, no arrow over a box; and a GPT's loss at three depths."""

import re
from itertools import combinations, pairwise
from random import Random

import pytest

import autodiff as ad
from autodiff import Value, draw, group
from autodiff.drawing.display import legible_width, width_of
from autodiff.drawing.grid import grid
from nn import GPT


def crosses(start, end, box, size):
    """Whether a level or upright line touches the inside of a box."""
    (a, b), (c, d), (x, y), (width, height) = start, end, box, size
    return (
        min(a, c) < x + width / 2 - 1e-6
        and max(a, c) > x - width / 2 + 1e-6
        and min(b, d) < y + height / 2 - 1e-6
        and max(b, d) > y - height / 2 + 1e-6
    )


@pytest.mark.parametrize("parts", [[f"part {i}" for i in range(5)], ["in", "head 1", "head 2", "head 3", "out"]])
@pytest.mark.parametrize("seed", range(30))
def test_no_box_on_a_box_and_no_arrow_over_a_box(seed, parts):
    rng = Random(seed)
    rows = [f"position {i}" for i in range(rng.randrange(2, 12))]
    cells = {f"{row} {part}": (row, part) for row in rows for part in parts if rng.random() < 0.8}
    keys = [*cells, "loss", "x"]
    sizes = {key: (rng.uniform(30, 120), rng.uniform(20, 60)) for key in keys}
    arrows = [*{(rng.choice([*cells, "x"]), rng.choice([*cells, "loss"])) for _ in range(40)}]
    arrows = [(tail, head) for tail, head in arrows if tail != head and not ("head" in tail and "head" in head)]
    placed, frames = grid(sizes, arrows, cells)
    for a, b in combinations(keys, 2):
        (x, y), (u, v) = placed.boxes[a], placed.boxes[b]
        (width, height), (across, down) = sizes[a], sizes[b]
        assert abs(x - u) >= (width + across) / 2 or abs(y - v) >= (height + down) / 2
    for (tail, head), route in zip(arrows, placed.routes, strict=True):
        corners = route[::3]
        for start, end in pairwise(corners):
            assert start[0] == pytest.approx(end[0]) or start[1] == pytest.approx(end[1])
            hit = [key for key in keys if crosses(start, end, placed.boxes[key], sizes[key])]
            assert not hit, (tail, head, hit)
    assert [frame.title for frame in frames] == [row for row in rows if any(cell[0] == row for cell in cells.values())]
    for a, b in pairwise(frames):
        assert a.y + a.height < b.y
    for x, y in placed.boxes.values():
        assert 0 < x < placed.width
        assert 0 < y < placed.height


def boxes(drawing):
    return re.findall(r'class="group".*?<B>(.*?)</B>', drawing.dot)


def test_a_gpt_is_drawn_by_position_by_block_and_by_head():
    model = GPT(5, width=8, heads=2, context=8, seed=1)
    loss = model.loss([4, 0, 1, 0, 3, 4])
    loss.backward()
    assert sorted(boxes(draw(loss, max_nodes=7))) == ["inputs", *[f"position {i}" for i in range(5)]]
    parts = ["embedding", "block 1, attention", "block 1, feed-forward", "output", "loss"]
    assert sorted(boxes(draw(loss, max_nodes=30))) == sorted(5 * parts)
    deep = draw(loss)
    assert sorted(boxes(deep)) == sorted(5 * [*parts, "block 1, attention, head 1", "block 1, attention, head 2"])
    assert [f">position {i}<" in deep.svg for i in range(5)] == [True] * 5
    assert "leaves that several of them take" in deep.caption
    assert deep.svg == draw(loss).svg
    assert legible_width(deep.svg, width_of(deep.svg)) < 1280


def test_heads_stand_two_by_two_and_blocks_in_a_row():
    """Four heads, a published size: all on a page of 1280 pixels, with letters of 10 or more."""
    model = GPT(27, seed=0)
    loss = model.loss([26, 4, 12, 12, 0, 26])
    loss.backward()
    svg = draw(loss).svg
    assert 14 * 1230 / (width_of(svg) * 96 / 72) > 10  # letters of 10.5 points
    spots = [f'<text[^>]* x="([^"]*)" y="([^"]*)"[^>]*>block 1, attention, head {i}<' for i in range(1, 5)]
    for (a, b), (c, d), (e, f), (g, h) in zip(*[re.findall(spot, svg) for spot in spots], strict=True):
        assert (a, b, d, f) == (e, d, b, h)
        assert float(a) < float(c) == float(g)
        assert float(b) < float(f)
    cells = {f"{row} {part}": (row, part) for row in "ab" for part in ("block 1", "block 2", "out")}
    arrows = [(f"{row} {a}", f"{row} {b}") for row in "ab" for a, b in (("block 1", "block 2"), ("block 2", "out"))]
    placed, _ = grid(dict.fromkeys(cells, (40, 20)), arrows, cells)
    assert len({y for _, y in placed.boxes.values()}) == 2


@pytest.mark.parametrize("names", [["x" * 100, "x" * 101], ["<b>", "</svg>"]])
def test_names_that_look_alike_have_places_of_their_own(names):
    total = Value(0.0)
    for i in range(3):
        with group(f"row {i}"):
            for name in names:
                with group(name):
                    for _ in range(20):
                        total = ad.sin(total)
    drawing = draw(total, max_nodes=20)
    places = re.findall(r'<g id="[^"]*" class="node group">.*?points="([^"]*)"', drawing.svg)
    assert len(places) == len({*places}) == 6
    assert "<b>" not in drawing.svg
