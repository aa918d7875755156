"""Groups that the author of a graph names: which nodes are in them, and how they are drawn."""

import asyncio
from xml.etree import ElementTree

import pytest

import autodiff as ad
from autodiff import OperandError, Value, draw, group, topological_order
from autodiff.grouping import blocks_of


def groups_of(output):
    """For each operation below an output the names of the groups around it."""
    nodes = topological_order(output)
    found = blocks_of(nodes)
    return {node: tuple(block.name for block in found[node].around_it()) if node in found else () for node in nodes}


def texts(drawing):
    return [element.text for element in ElementTree.fromstring(drawing.svg).iter() if element.tag.endswith("}text")]


def test_what_is_recorded_inside_is_in_the_group():
    x = Value(1.0)
    before = x * x
    with group("a"):
        first = before * 2
        with group("b"):
            inner = first * 3
        second = inner * 4
    after = second * 5
    found = groups_of(after)
    assert [found[node] for node in (before, first, inner, second, after)] == [(), ("a",), ("a", "b"), ("a",), ()]


def test_a_group_that_is_still_open():
    x = Value(1.0)
    with group("a"):
        y = x * x
        assert groups_of(y)[y] == ("a",)


def test_a_group_ends_with_an_exception():
    x = Value(1.0)
    with pytest.raises(ZeroDivisionError), group("a"):
        raise ZeroDivisionError
    y = x * x
    assert groups_of(y)[y] == ()


def test_over_a_function():
    @group("f")
    def f(x):
        return x * x

    y = f(Value(2.0))
    assert groups_of(y)[y] == ("f",)


def test_tasks_side_by_side_have_groups_of_their_own_around():
    """The names around a block are those of its own task."""

    async def task(name):
        with group(name):
            await asyncio.sleep(0)
            with group("inner"):
                return Value(1.0) * 2

    async def both():
        return await asyncio.gather(task("a"), task("b"))

    assert [groups_of(y)[y] for y in asyncio.run(both())] == [("a", "inner"), ("b", "inner")]


@pytest.mark.parametrize("name", ["", None, 3, b"head"])
def test_a_name_is_a_text(name):
    with pytest.raises(OperandError, match="group takes a name"), group(name):
        pass


def attention(samples):
    """Two heads for each sample, over the same weights, and a loss."""
    x = [Value(0.1 * i, f"x{i}") for i in range(3)]
    weights = [[Value(0.2 * i + 0.1 * j) for i in range(3)] for j in range(2)]
    losses = []
    for _ in range(samples):
        with group("attention"):
            heads = []
            for j in range(2):
                with group(f"head {j + 1}"):
                    heads.append(ad.tanh(ad.dot(weights[j], x)))
            total = ad.sum(heads)
        with group("loss"):
            losses.append((total - 1.0) ** 2)
    loss = ad.mean(losses)
    loss.backward()
    return loss


def test_each_is_a_frame_where_all_is_drawn():
    drawing = draw(attention(2))
    assert {"attention", "attention (2)", "loss", "loss (2)"} <= {*texts(drawing)}
    assert "Nothing is left out" in drawing.caption
    assert drawing.dot.count("subgraph") == 4


def test_each_is_a_box_where_not_all_is_drawn():
    drawing = draw(attention(100), max_nodes=50)
    said = texts(drawing)
    assert {"attention, head 1 × 100", "attention, head 2 × 100", "attention × 100", "loss × 100"} <= {*said}
    assert said.count("200 operations, 3 leaves") == 2  # the weights are of the only head that uses them
    assert "in 4 groups" in drawing.caption


def test_outer_groups_where_there_is_room_for_no_more():
    drawing = draw(attention(100), max_nodes=4)
    assert {"attention × 100", "loss × 100"} <= {*texts(drawing)}
    assert not any("head" in text for text in texts(drawing))


def test_every_node_is_in_a_group_or_drawn_and_every_operand_is_an_arrow():
    from autodiff.drawing.named import group_named
    from autodiff.drawing.selection import everything

    loss = attention(30)
    nodes = topological_order(loss)
    selection = group_named(everything([loss]), [loss], 50)
    members = [node for group in selection.groups for node in (*group.leaves, *group.operations)]
    assert sorted([*members, *selection.nodes], key=id) == sorted(nodes, key=id)
    owner = {node: group for group in selection.groups for node in (*group.leaves, *group.operations)}
    expected = sum(owner.get(x, x) is not owner.get(node, node) for node in nodes for x in node.parents)
    between = sum(x not in owner and node not in owner for node in nodes for x in node.parents)
    assert sum(selection.arrows.values()) == expected - between


def test_a_loss_of_5000_nodes():
    loss = attention(714)  # 7 operations for a sample, 3 inputs and 6 weights, and the mean
    assert "of loss: 5,008 values, in 4 groups" in draw(loss).caption


@pytest.mark.parametrize("name", ["<script>", '"]; x', "a\nb", "\\N", "layer 1", "x" * 1000, "\ud800", "\0"])
def test_a_name_is_only_text(name):
    x = Value(1.0)
    y = x
    for _ in range(30):
        with group(name):
            y = y * x
    for drawing in (draw(y, max_nodes=20), draw(y)):
        root = ElementTree.fromstring(drawing.svg)
        assert not [element for element in root.iter() if element.tag.endswith("}script")]
    assert "in 1 group" in draw(y, max_nodes=20).caption


def test_the_same_bytes_again():
    loss = attention(3)
    assert draw(loss).svg == draw(loss).svg
    assert draw(loss, max_nodes=5).svg == draw(loss, max_nodes=5).svg
