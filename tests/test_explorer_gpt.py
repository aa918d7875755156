"""The page of a GPT: its numbers are those of the engine, its splits those of ``split_gradient``, run by Node."""

from __future__ import annotations

from math import fsum
from pathlib import Path

import pytest

import autodiff as ad
from autodiff.errors import OperandError
from autodiff.explorer import Cut, Numbers
from autodiff.explorer.causes import causes_module
from autodiff.explorer.graph import Graph
from autodiff.explorer.rules import rules_module
from nn import GPT, ArgumentError, fit_text, gpt_film, gpt_page
from nn.__main__ import main
from nn.gpt_film import TextFilm
from nn.gpt_split import split_gradient
from nn.text import Tokenizer
from tests.explored import in_node, run_module
from tests.test_explorer import data_of, keys_of

TOLERANCE = 1e-12
TOKENIZER = Tokenizer("abc")
DOCUMENT = "cabba"

RUN = """
import { Graph } from "./graph.js";
import { Model } from "./model.js";
import { RULES } from "./rules.js";
import { byGroup, through } from "./split.js";
import { chance } from "./tables.js";
const model = new Model(page, RULES);
const { graph, views } = model;
const state = () => {
  const { values } = graph;
  const cell = (x) => (typeof x === "number" ? values[x] : Array.isArray(x) ? chance(values, x) : x);
  model.refresh();
  return {
    values: [...values],
    gradients: [...model.gradients],
    tables: model.tables.map(({ rows }) => rows.map(([name, cells]) => cells.map(cell))),
    splits: asked.map((node) => [
      byGroup(graph, views, model.gradients, node),
      model.cuts.map(({ parts }) => through(graph, model.gradients, node, parts)),
    ]),
  };
};
const before = state();
graph.move(new Map(moved));
const result = [before, state()];
"""


def network():
    return GPT(TOKENIZER.vocabulary, width=4, heads=2, layers=2, context=8, seed=3)


def page_of(model):
    return data_of(gpt_page.explore_document(model, TOKENIZER, DOCUMENT).html)


@pytest.fixture(scope="module")
def explored(tmp_path_factory):
    """The model, its page's numbers before and after two parameters moved, and those that were asked about."""
    model = network()
    data = page_of(model)
    graph = Graph(model.loss(TOKENIZER.encode(DOCUMENT)))
    parameters = [p for p in model.parameters() if p in graph.number]
    asked = parameters[::17]
    moved = [[graph.number[p], p.data + 0.05] for p in asked[:2]]
    folder = tmp_path_factory.mktemp("page")
    (folder / "causes.js").write_text(causes_module({rule.name for rule in graph.rules}), encoding="utf-8")
    places = [graph.number[p] for p in asked]
    found = run_module(RUN, folder, rules_module(graph.rules), page=data, asked=places, moved=moved)
    return model, asked, moved, found


def engines(explored):
    """The model as the page has it, before and after, with what the page found."""
    model, asked, moved, found = explored
    yield model, found[0]
    kept = [p.data for p in asked[:2]]
    for p, (_, x) in zip(asked, moved, strict=False):
        p.data = x
    yield model, found[1]
    for p, x in zip(asked, kept, strict=False):
        p.data = x


@in_node
def test_values_and_gradients(explored):
    for model, found in engines(explored):
        loss = model.loss(TOKENIZER.encode(DOCUMENT))
        nodes = Graph(loss).nodes
        gradients = ad.gradients(loss, nodes)
        largest = max(map(abs, gradients))
        for node, gradient, value, slope in zip(nodes, gradients, found["values"], found["gradients"], strict=True):
            assert abs(value - node.data) <= TOLERANCE * max(abs(node.data), 1e-2), node
            assert abs(float(slope) - gradient) <= TOLERANCE * max(abs(gradient), largest), node


@in_node
def test_gradients_are_split_as_the_engine_splits_them(explored):
    asked = explored[1]
    for model, found in engines(explored):
        for parameter, (groups, cuts) in zip(asked, found["splits"], strict=True):
            true = split_gradient(model, TOKENIZER.encode(DOCUMENT), parameter)
            allowed = TOLERANCE * max(1e-3, *map(abs, [*true.positions, *true.heads[0], *true.heads[1]]))
            by_position = {f"position {i}": x for i, x in enumerate(true.positions) if x}
            assert groups or len(by_position) < 2  # of a single one nothing is split
            for name, part in groups:
                assert abs(float(part) - by_position.pop(name, 0.0)) <= allowed
            assert not (groups and by_position)
            for parts, heads in zip(cuts, true.heads, strict=True):
                assert [name for name, _ in parts] == ["head 1", "head 2", "past them"]
                assert [float(part) for _, part in parts] == pytest.approx(heads, abs=allowed)
                assert abs(fsum([float(part) for _, part in parts]) - true.whole) <= allowed


@in_node
def test_chances_losses_and_attention(explored):
    for model, found in engines(explored):
        caches = model.caches()
        tokens = TOKENIZER.encode(DOCUMENT)
        logits = model(tokens[:-1], caches)
        chances = [ad.softmax([x.data for x in row]) for row in logits]
        foreseen, everything, *attention = found["tables"]
        for row, shares, token in zip(foreseen, chances, tokens[1:], strict=False):
            assert row[1] == pytest.approx(shares[token], rel=1e-12)
        assert [row[1:3] for row in foreseen][-1] == [None, pytest.approx(model.loss(tokens).data, rel=1e-12)]
        assert everything == [pytest.approx([*row], rel=1e-12) for row in chances]
        true = [
            [[x.data for x in shares[h]] for shares in cache.shares] for cache in caches for h in range(model.heads)
        ]
        for table, head in zip(attention, true, strict=True):
            for row, shares in zip(table, head, strict=True):
                assert row == [*[pytest.approx(x, rel=1e-11) for x in shares], *[None] * (len(row) - len(shares))]


def test_positions_across_and_blocks_down():
    data = page_of(network())
    views = data["views"]
    top = [views[int(key[1:])]["name"] for key in keys_of(views[0]) if isinstance(key, str)]
    position = ["embedding", "block 1", "block 2", "output", "loss"]
    assert top[-6 * 6 :] == [name for i in range(6) for name in [f"position {i}", *position]]


@pytest.mark.nightly  # the layout of so many pictures takes some seconds
def test_a_page_of_the_published_size_is_small():
    """The longest name, which fills the context."""
    tokenizer = Tokenizer("abcdefghijklmnopqrstuvwxyz")
    html = gpt_page.explore_document(GPT(27, seed=0), tokenizer, "christopherjohn").html
    assert len(html.encode()) <= 1.5e6


def test_a_panel_shows_what_the_graph_has():
    x, other = ad.Value(2.0), ad.Value(1.0)
    table = Numbers("Two", ["what", "is"], [("x", [x]), ("nothing", [None]), ("a text", ["<b>"])])
    data = data_of(ad.explore(x * x, panels=[table, Cut("through x", {"x": [x]})]).html)
    assert data["tables"][0]["rows"] == [["x", [0]], ["nothing", [None]], ["a text", ["<b>"]]]
    assert data["cuts"] == [{"title": "through x", "parts": [["x", [0]]]}]
    with pytest.raises(OperandError, match="a panel shows Values that the output depends on"):
        ad.explore(x * x, panels=[Numbers("One", ["is"], [("other", [other])])])
    with pytest.raises(OperandError, match="a panel is"):
        ad.explore(x * x, panels=["loss"])


def test_the_command_line(run_command):
    Path("names.txt").write_text("anna\nhannah\nnan\n", encoding="utf-8")
    small = ("gpt", "names.txt", "--width", 4, "--heads", 2, "--context", 8, "--steps", 2, "--quiet")
    pages = ("--explore", "pages/nan.html", "--film", "films/nan.html")
    code, out, err = run_command(main, *small, *pages, "--document", "nan")
    assert (code, err) == (0, "")
    assert out.splitlines()[-2] == "film: films/nan.html"
    assert [frame["step"] for frame in data_of(Path("films/nan.html").read_text())["frames"]] == [1, 2]
    assert out.splitlines()[-1] == "the loss of 'nan', to be explored: pages/nan.html"
    assert [row[1][0] for row in data_of(Path("pages/nan.html").read_text())["tables"][0]["rows"]][:4] == [*"nan·"]
    code, out, err = run_command(main, *small, "--explore", "pages/no.html", "--document", "no")
    assert code != 0
    assert "the character 'o'" in err


def test_a_film_shows_what_the_network_does():
    documents = ["abba", "cab", "bab", "abc"]
    film, seen = TextFilm(TOKENIZER, "cab"), []

    def look(model, history):
        caches = model.caches()
        model(TOKENIZER.begin("cab"), caches)
        seen.append([[[x.data for x in at[h]] for at in cache.shares] for cache in caches for h in range(2)])

    history = fit_text(
        network(), TOKENIZER, documents, steps=9, every=4, engine="eager", progress=False, callbacks=[film, look]
    )
    data = data_of(film.html)
    assert [frame["step"] for frame in data["frames"]] == [4, 8, 9]
    for frame, true in zip(data["frames"], seen, strict=True):
        assert frame["attention"] == [[pytest.approx(row, abs=5.1e-4) for row in head] for head in true]
        assert frame["loss"] == pytest.approx(fsum(history.loss[: frame["step"]]) / frame["step"])
    assert [frame["samples"] for frame in data["frames"]] == [made for _, made in history.samples]
    assert (data["heads"][-1], data["read"], data["signs"]) == (
        "block 2, head 2",
        ["0 ·", "1 c", "2 a", "3 b"],
        [*"abc·"],
    )


def test_characters_are_seen_from_where_they_lie_furthest_apart():
    np = pytest.importorskip("numpy")
    rows = np.random.default_rng(0).normal(size=(27, 16)) * np.arange(16, 0, -1)
    _, _, axes = np.linalg.svd(rows - rows.mean(axis=0))
    for found, true in zip(gpt_film._axes(rows.tolist()), axes, strict=False):
        assert abs(np.dot(found, true)) > 0.999


def test_an_empty_film_says_what_is_missing():
    with pytest.raises(ArgumentError, match="give it to fit_text"):
        _ = TextFilm(TOKENIZER, "cab").html
