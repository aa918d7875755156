"""The explorer's page: one file, self-contained and harmless, whose numbers, names and pictures are the graph's."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest

import autodiff as ad
from autodiff import Value, explore
from autodiff.__main__ import main
from autodiff.errors import OperandError
from autodiff.explorer.causes import causes_module
from autodiff.explorer.page import bundle
from autodiff.explorer.program import program
from autodiff.sweep import topological_order
from nn import MLP
from tests.test_drawing_security import HOSTILE, labelled


class Parts(HTMLParser):
    """Every element of a page with its attributes, and the text of those that are scripts or styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        kind = dict(attrs).get("type") or tag
        self._inside = kind if tag in ("script", "style", "title") else ""

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, text):
        if self._inside:
            self.texts[self._inside] = self.texts.get(self._inside, "") + text


def two_paths():
    y = Value(3.0)
    x = 2 * y
    z = ad.sin(y)
    f = x**2 * z
    f.label = "f"
    return f


def data_of(html):
    return json.loads(Parts(html).texts["application/json"])


def test_a_page_of_its_own(tmp_path):
    explorer = explore(two_paths())
    explorer.save(tmp_path / "f.html")
    html = (tmp_path / "f.html").read_text(encoding="utf-8")
    assert html == explorer.html
    parts = Parts(html)
    assert [tag for tag, _ in parts.elements if tag in ("script", "style", "link", "meta")] == [
        *["meta", "meta", "meta", "link", "style", "script", "script"]
    ]
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg\b)", html)  # nothing to fetch
    for tag, attributes in parts.elements:
        assert not any(name.startswith("on") or name == "src" for name in attributes), (tag, attributes)
    assert [attributes["href"] for tag, attributes in parts.elements if tag == "link"] == ["data:,"]


def test_the_policy_names_script_and_style_by_their_hashes():
    parts = Parts(explore(two_paths()).html)
    (policy,) = [a["content"] for tag, a in parts.elements if a.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    for kind, text in (("script-src", parts.texts["module"]), ("style-src", parts.texts["style"])):
        assert rules[kind] == f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
    assert rules["default-src"] == "'none'"
    assert rules["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in policy


def test_the_script_makes_no_code_of_text():
    script = Parts(explore(two_paths()).html).texts["module"]
    for word in (
        "eval(",
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "Function(",
        "import(",
        "fetch",
    ):
        assert word not in script, word
    assert "</" not in script
    assert "<!--" not in script


def test_the_same_graph_gives_the_same_page():
    first, second = [explore(two_paths()).html for _ in range(2)]
    assert first == second


def test_hostile_labels_stay_data():
    html = explore(labelled([*HOSTILE.values()])).html
    assert [tag for tag, _ in Parts(html).elements].count("script") == 2
    body = html.partition('<script type="application/json"')[2].partition("</script>")[0]
    assert "<" not in body.partition(">")[2]
    for text in ("<script>", "onerror="):
        assert text not in html.partition("<body>")[0]
    names = data_of(html)["names"]
    assert {text for text in HOSTILE.values() if text.strip() and len(text) < 20 and text.isprintable()} <= {*names}


def test_names_of_variables_labels_and_dicts():
    y = Value(3.0)
    named = 2 * y
    output = named * y
    assert data_of(explore(output).html)["names"] == ["y", "named", "output"]
    assert data_of(explore(output, names={"w_11^(1)": y}).html)["names"] == ["w₁₁⁽¹⁾", "named", "output"]


@pytest.mark.parametrize("wrong", [2.0, None, [Value(1.0)], "f"])
def test_an_output_is_a_value(wrong):
    with pytest.raises(OperandError, match="the output is a Value"):
        explore(wrong)


def test_a_leaf_alone_has_a_page():
    data = data_of(explore(Value(2.0, "x")).html)
    assert data["graph"]["values"] == [2.0]
    assert len(data["views"]) == 1


def test_a_detached_number_follows_and_passes_nothing_on():
    x = Value(2.0, "x")
    y = x * x
    data = data_of(explore(y.detach() * x).html)
    assert len(data["names"]) in (3, 4)


# ---------------------------------------------------------------------------------------------------------------------
# Large graphs.
# ---------------------------------------------------------------------------------------------------------------------


def chain(length):
    x = Value(0.5, "x")
    y = x
    for _ in range(length):
        y = ad.sin(y) + x
    return y


def grouped(steps):
    """A recurrence in groups: a loop of one name, with two groups in each turn."""
    x, total = Value(0.5, "x"), Value(1.0, "start")
    for _ in range(steps):
        with ad.group("turn"):
            with ad.group("even"):
                total = ad.sin(total) * x + total
            with ad.group("odd"):
                total = ad.cos(total) - x * total
    return total


def positions(count):
    """A loop whose turns have names of their own, and are alike."""
    x, carried, found = Value(0.5, "x"), Value(1.0), []
    for i in range(count):
        with ad.group(f"position {i}"):
            with ad.group("in"):
                read = [ad.sin(carried * k + x) for k in range(5)]
            with ad.group("out"):
                carried = ad.sum(read)
                found.append(ad.tanh(carried) * 2)
    return ad.mean(found)


LARGE = {  # recorded when they are looked at: of the groups of all tests only the last are remembered
    "chain": lambda: chain(1000),
    "network": lambda: ad.sum(MLP(8, [20, 20, 2], "tanh", seed=0)([0.1] * 8)),
    "groups": lambda: grouped(60),
    "positions": lambda: positions(12),
}


def keys_of(view):
    """The keys of the boxes, without runs."""
    runs = [key if isinstance(key, list) else [key] for key in view["keys"]]
    return [key for run in runs for key in (range(run[0], sum(run)) if len(run) == 2 else run)]


@pytest.mark.parametrize("make", LARGE.values(), ids=LARGE)
def test_every_node_has_a_box_in_one_view_and_no_view_is_too_large(make):
    output = make()
    data = data_of(explore(output).html)
    views, shapes = data["views"], data["shapes"]
    keys = [keys_of(view) for view in views]
    own = [key for view, found in zip(views, keys, strict=True) for key in found[view.get("outside", 0) :]]
    assert sorted([key for key in own if isinstance(key, int)]) == [*range(len(topological_order(output)))]
    assert sorted([int(key[1:]) for key in own if isinstance(key, str)]) == [
        number for number, view in enumerate(views) for _ in range(times(views, number)) if view["parent"] >= 0
    ]
    for view, found in zip(views, keys, strict=True):
        shape = shapes[view["shape"]]
        assert len(found) <= 180
        assert len(shape["boxes"]) == len(found) == len({*found})
        assert {end for arrow in shape["arrows"] for end in arrow[:2]} <= {*range(len(found))}


def times(views, number):
    """How often a group has a box: once; those of a table's columns in the table and in their column's own view."""
    shown_at = [i for i, view in enumerate(views) if f"g{number}" in keys_of(view)[view.get("outside", 0) :]]
    assert views[number]["parent"] in shown_at or number == 0
    return len(shown_at)


@pytest.mark.parametrize("make", LARGE.values(), ids=LARGE)
def test_boxes_of_a_picture_are_apart(make):
    for shape in data_of(explore(make()).html)["shapes"]:
        boxes = shape["boxes"]
        for i, (x, y, w, h) in enumerate(boxes):
            assert 0 <= x <= x + w <= shape["width"] + 1
            assert 0 <= y <= y + h <= shape["height"] + 1
            assert not any(x < u + c and u < x + w and y < v + d and v < y + h for u, v, c, d in boxes[:i])


def below(views, number):
    return [view["name"] for view in views if view["parent"] == number]


def test_layers_and_neurons_are_groups():
    views = data_of(explore(LARGE["network"]()).html)["views"]
    assert below(views, 0)[:3] == ["layer 1", "layer 2", "layer 3"]
    assert below(views, 3) == ["neuron 1", "neuron 2"]


def test_groups_of_ones_own():
    views = data_of(explore(grouped(10)).html)["views"]
    assert below(views, 0) == []  # few enough to be seen one by one
    views = data_of(explore(grouped(60)).html)["views"]
    assert below(views, 0) == ["turn"]
    assert below(views, 1) == [f"turn ({i})" for i in range(1, 61)]
    assert below(views, 2) == ["even", "odd"]


def test_alike_groups_are_a_table():
    """Positions across, what they consist of downwards."""
    data = data_of(explore(LARGE["positions"]()).html)
    view = data["views"][0]
    columns: dict[int, list[str]] = {}
    for key, (x, *_) in zip(keys_of(view), data["shapes"][view["shape"]]["boxes"], strict=True):
        if isinstance(key, str):
            columns.setdefault(x, []).append(data["views"][int(key[1:])]["name"])
    assert [*columns.values()] == [[f"position {i}", "in", "out"] for i in range(12)]


def test_the_layout_of_neurons_is_shared():
    data = data_of(explore(LARGE["network"]()).html)
    assert len(data["shapes"]) < len(data["views"]) / 2


# ---------------------------------------------------------------------------------------------------------------------
# The program that a page gives away.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [["x", "y"], ["x", "x"], ["a b", "class"], ["<script>", '"'], ["ad", "Value"]])
def test_the_program_records_the_same_graph(labels):
    x, y = Value(1.5, labels[0]), Value(0.5, labels[1])
    output = ad.softmax([x, y])[0] * ad.dot([x, 2.0], [y, x], 1.0) - ad.where(x > y, x**2, y) / ad.maximum(x, y)
    nodes = topological_order(output)
    names = [node.label or f"v{i}" for i, node in enumerate(nodes)]
    text = "\n".join(
        before if i < 0 else f"{before}{nodes[i].data!r}{after}" for i, before, after in program(nodes, names)
    )
    scope: dict[str, object] = {"print": lambda x: scope.setdefault("found", x)}
    exec(text, scope)
    assert scope["found"] == output.data


# ---------------------------------------------------------------------------------------------------------------------
# The bundle.
# ---------------------------------------------------------------------------------------------------------------------


def test_modules_come_after_those_they_import():
    text = bundle("main", {"rules": "export const RULES = [];\n", "causes": causes_module(())})
    names = re.findall(r"^const module_(\w+) =", text, re.MULTILINE)
    assert names[-1] == "main"
    assert len(names) == len(set(names))
    for module, imported in re.findall(r"const module_(\w+) = |= module_(\w+);", text):
        if module:
            here = module
        else:
            assert names.index(imported) < names.index(here)
    assert not re.search(r"^\s*(import|export) ", text, re.MULTILINE)


# ---------------------------------------------------------------------------------------------------------------------
# In a notebook, and from the command line.
# ---------------------------------------------------------------------------------------------------------------------


def test_a_notebook_shows_the_picture_and_a_frame_that_reaches_nothing():
    explorer = explore(two_paths())
    shown = explorer._repr_mimebundle_()
    parts = Parts(shown["text/html"])
    # What is not trusted loses its style and its frame, and so shows the picture; with both, the picture is hidden.
    assert [tag for tag, _ in parts.elements] == ["style", "div", "img", "iframe"]
    assert "<style>.without-frame { display: none }</style>" in shown["text/html"]
    assert parts.elements[1][1] == {"class": "without-frame"}
    frame = parts.elements[-1][1]
    assert frame["sandbox"] == "allow-scripts"
    assert frame["srcdoc"] == explorer.html
    assert int(frame["height"]) <= 900
    assert parts.elements[2][1]["src"].startswith("data:image/svg+xml;base64,")
    assert shown["text/plain"] == "<Explorer: f step by step: 5 values>"


def test_the_command_line(tmp_path, capsys):
    out = tmp_path / "f.html"
    assert main(["explore", "x=2*y; z=sin(y); f=x**2*z", "y=3", "-o", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}: f step by step: 5 values\n"
    assert data_of(out.read_text(encoding="utf-8"))["names"] == ["y", "x", "z", "v1", "f"]
    for wrong in ("f.svg", str(tmp_path / "missing" / "f.html")):
        with pytest.raises(SystemExit):
            main(["explore", "y**2", "y=3", "-o", wrong])
