"""A gradient split by groups: classes of paths against all paths listed, and a GPT against ``split_gradient``."""

from collections import Counter
from contextlib import ExitStack
from math import fsum
from random import Random

import pytest

import autodiff as ad
from autodiff import Value, explain, group, tanh
from autodiff.grouping import blocks_of
from nn import GPT
from nn.gpt_split import split_gradient


def all_paths(node, input):
    """Every path from a node down to the input, as its nodes and the product of its local derivatives."""
    if node is input:
        yield [node], 1.0
    for x, local in zip(node.parents, node.local_derivatives, strict=True):
        for nodes, product in all_paths(x, input):
            yield [node, *nodes], local * product


def grouped_graph(seed):
    """A random graph in which half of the nodes are in groups, some of them within others."""
    rng = Random(seed)
    nodes = [Value(rng.uniform(0.5, 1.5)) for _ in range(3)]
    for _ in range(14):
        names = rng.choice([[], [], ["a"], ["b"], ["a", "in 1"], ["b", "in 1"], ["b", "in 2"], ["a", "in 2"]])
        with ExitStack() as around:
            for name in names:
                around.enter_context(group(name))
            x, y = rng.choice(nodes[-6:]), rng.choice(nodes)
            nodes.append(x * y if rng.random() < 0.6 else tanh(x) + y)
    return nodes[-1], nodes[0]


@pytest.mark.parametrize("seed", range(40))
def test_classes_of_paths_against_every_path(seed):
    output, input = grouped_graph(seed)
    paths = [*all_paths(output, input)]
    names = {n: [b.name for b in block.around_it()] for n, block in blocks_of({n for p, _ in paths for n in p}).items()}
    expected = {"the group where it is used": Counter(), "the first group on the way": Counter()}
    inner = Counter()
    for nodes, product in paths:
        if len(nodes) > 1:
            expected["the group where it is used"][names.get(nodes[-2], ["outside of the groups"])[0]] += product
        into = [names[n] for n in nodes[:-1] if n in names]
        expected["the first group on the way"][into[0][0] if into else "past them"] += product
        deep = [name[1] for name in into if len(name) > 1]
        inner[deep[0] if deep else "past them"] += product
    expected["the way through each outermost group"] = inner
    explanation = explain(output, input)
    assert explanation.count == len(paths)
    for split in explanation.splits:
        parts = {name: part for name, part in split.parts.items() if part}
        assert parts == pytest.approx({k: x for k, x in expected[split.title].items() if x}, rel=1e-12)
        assert fsum(split.parts.values()) == pytest.approx(explanation.total, rel=1e-12)
    told = {split.title for split in explanation.splits}
    for title, parts in expected.items():  # what is left out has one part, or repeats another split
        if title not in told:
            alike = [other for name, other in expected.items() if name in told and other == pytest.approx(parts)]
            assert len([part for part in parts.values() if part]) < 2 or alike


@pytest.mark.parametrize("layers", [1, 2])
def test_a_gpt_against_split_gradient(layers):
    model = GPT(5, width=8, heads=2, layers=layers, context=8, seed=1)
    document = [4, 0, 1, 0, 3, 4]
    loss = model.loss(document)
    loss.backward()
    for w in (model.token.weight[0][2], model.position.weight[1][0], model.blocks[0].attention.value.neurons[3].w[1]):
        explanation, known = explain(loss, w), split_gradient(model, document, w)
        splits = {split.title: split.parts for split in explanation.splits}
        used = splits.get("the group where it is used", {f"position {i}": x for i, x in enumerate(known.positions)})
        assert [used.get(f"position {i}", 0.0) for i in range(5)] == pytest.approx(known.positions, rel=1e-9, abs=1e-15)
        for block, heads in enumerate(known.heads, 1):
            parts = splits.get(f"the way through block {block}, attention")
            if parts is None:
                assert sum(abs(x) > 1e-14 for x in heads) < 2
            else:
                found = [parts.get(f"head {i}", 0.0) for i in (1, 2)] + [parts.get("past them", 0.0)]
                assert found == pytest.approx(heads, rel=1e-9, abs=1e-13)


def test_it_is_said_and_checked():
    model = GPT(5, width=8, heads=2, context=8, seed=1)
    loss = model.loss([4, 0, 1, 0, 3, 4])
    loss.backward()
    explanation = explain(loss, model.token.weight[0][2])
    text = str(explanation)
    assert (
        text.index("split by the group where it is used: ") < text.index("split by the way through") < text.index("←")
    )
    assert "✓ the parts add up to " in text
    assert "Split by the way through block 1, attention: " in explanation.to_markdown()
    explanation.splits[0].parts["position 1"] += 1.0
    assert explanation.checks()[0][0] is False


def test_without_groups_nothing_is_said():
    x = Value(2.0)
    assert explain(x * x, x).splits == []
    with group("a"):
        y = x * x
    assert explain(y, x).splits == []


def test_many_parts_are_cut_with_a_count_and_a_sum():
    w, terms = Value(1.0, "w"), []
    for i in range(30):
        with group(f"<b>{i}"):
            terms.append(w * float(i))
    text = str(explain(ad.sum(terms), w))
    assert "(29 others)" not in text
    assert "(19 others)" in text
    assert "<b>29" in text
    assert "&lt;b&gt;29" in explain(ad.sum(terms), w).to_markdown()
