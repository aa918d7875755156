"""The demonstration ``python -m nn demo``, end to end with few epochs."""

import math
import re
import struct
from base64 import b64decode
from html.parser import HTMLParser
from importlib.util import find_spec
from xml.etree import ElementTree

import pytest
from cases import load

import nn
from nn import demo, demo_code
from nn.__main__ import main

MICROGRAD = load("micrograd_demo.json")


class Page(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    VOID = ("meta", "img", "rect", "path", "polygon")

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.text = [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text += f" {data}"

    def attributes(self, tag, name):
        return [attributes[name] for found, attributes in self.tags if found == tag and name in attributes]


def test_end_to_end(tmp_path, capsys):
    out = tmp_path / "out" / "demo"
    assert main(["demo", "--epochs", "1", "--out", str(out)]) == 0
    printed, progress = capsys.readouterr()
    assert "100%" in progress
    for n in range(1, 7):
        assert f"\n{n}/6  " in printed

    compiled = "compiled" if find_spec("numba") else "eager"
    engines = re.findall(r"^(\d+) epochs? by the (\w+) engine in ([\d.e-]+) s$", printed, re.MULTILINE)
    assert [engine[:2] for engine in engines] == [("1", "eager"), ("1", compiled), ("1", compiled)]
    blockwise = "blockwise" if find_spec("numba") else "eager"  # for so few steps
    assert re.search(rf"^10 steps by the {blockwise} engine in [\d.e-]+ s$", printed, re.MULTILINE)
    found = re.search(r"^loss at step 9: (\S+); in the published run: (\S+)$", printed, re.MULTILINE)
    losses = load("microgpt_losses.json")["losses"]
    assert float(found[1]) == pytest.approx(losses[9], rel=1e-12)
    assert float(found[2]) == losses[9]
    assert {step: losses[step] for step in demo.PUBLISHED_NAMES} == demo.PUBLISHED_NAMES
    assert all(float(seconds) > 0 for *_, seconds in engines)

    text = (out / "index.html").read_text(encoding="utf-8")
    page = Page(text)
    assert not page.open
    assert "$" not in text
    assert "script" not in [tag for tag, _ in page.tags]
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
    drawings = re.findall(r"<svg .*?</svg>", text, re.DOTALL)
    assert [ElementTree.fromstring(svg)[0].text for svg in drawings] == [
        "The graph of f: 5 values and 2 constants",
        "The graph of x₁⁽¹⁾: 7 values",  # 2 inputs, 2 weights, the bias, S and tanh(S)
        "The graph of x₁⁽²⁾: 23 values",  # 2 inputs; 3 neurons of 5 and one of 6, S = Σ wᵢ·xᵢ + b with 3 weights
        "The graph of loss: 7,141 values, in 4 groups",
        "The graph of loss: 5,759 values, in 25 groups",  # embedding, attention, feed-forward, output, loss, five times
    ]
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    pictures = [image["src"] for image in images if not image["src"].startswith("data:")]
    assert len(pictures) == 9
    for image in images:
        _, _, data = image["src"].partition("base64,")
        start = b64decode(data) if data else (out / image["src"]).read_bytes()
        assert struct.unpack(">8x8xII", start[:24]) == (int(image["width"]), int(image["height"]))
        assert len(image["alt"]) > 20
    links = page.attributes("a", "href")
    pages, networks = links[:3], links[3:]
    assert pages == ["two-paths.html", "network.html", "moons-film.html"]
    assert all("<script" in (out / name).read_text(encoding="utf-8") for name in pages)
    assert networks == ["moons.safetensors", "breast_cancer.safetensors", "digits.safetensors", "names.safetensors"]
    assert {path.name for path in out.iterdir()} == {"index.html", *pictures, *links}
    for function in (demo_code.two_paths, demo_code.network, demo_code.moons_step, demo_code.digits, demo_code.names):
        assert all(line.strip() in page.text for part in demo_code.shown(function) for line in part.splitlines())

    model, test = nn.load(out / "digits.safetensors"), nn.data.split(nn.data.load("digits"), test=0.25, seed=42)[1]
    answers = [max(range(10), key=outputs.__getitem__) for outputs in nn.predict(model, test.X)]
    wrong = [pair for pair in zip(answers, test.y, strict=True) if pair[0] != pair[1]]
    assert f"{len(wrong)} of the test samples" in page.text
    shown = re.findall(r"answer <b>(\d)</b></p><p>truth <b>(\d)</b>", text)
    assert [(int(answer), int(truth)) for answer, truth in shown] == wrong[:24]

    closing = re.findall(
        r"^(\w+) +([\d →]+?)  +(\d+)  +([\d.]+) +([\d.]+%) +([\d.]+%) +(\d+ s)$", printed, re.MULTILINE
    )
    assert [row[0] for row in closing] == ["moons", "breast_cancer", "digits"]
    for name, network, parameters, *figures in closing:
        assert len(nn.load(out / f"{name}.safetensors").parameters()) == int(parameters)
        assert re.search(r"\s+".join(map(re.escape, (name, network, parameters, *figures))), page.text)

    for name, _, _, _, training, test, _ in closing[1:]:
        assert main(["evaluate", str(out / f"{name}.safetensors"), name]) == 0
        evaluated = capsys.readouterr().out
        for part, accuracy in {"training": training, "validation": test}.items():
            found = re.search(rf"^{part} .* ([\d.]+)$", evaluated, re.MULTILINE)
            assert 100 * float(found[1]) == pytest.approx(float(accuracy[:-1]), abs=0.06)


def test_two_paths(tmp_path, capsys):
    """∂f/∂y = 8y sin y + 4y² cos y, a term for each path, at y = 3."""
    texts = demo.two_paths(tmp_path)
    explanation, sweep = texts["explanation"], texts["sweep"]
    through_x, through_z = 24 * math.sin(3), 36 * math.cos(3)
    assert [path.product for path in explanation.paths] == pytest.approx([through_x, through_z], rel=1e-12)
    assert sweep[-1].after == pytest.approx(through_x + through_z, rel=1e-12)
    printed = capsys.readouterr().out
    assert "∂f/∂y = ∂f/∂x·∂x/∂y + ∂f/∂z·∂z/∂y" in printed
    assert printed.count("✓") == 2
    assert str(sweep) in printed


def test_micrograd(tmp_path, monkeypatch):
    """The losses and accuracies that the notebook prints, of its first ten steps, from data and weights made anew."""
    histories = []
    monkeypatch.setattr(demo_code, "curves", histories.append)
    monkeypatch.setattr(demo, "_upright", lambda figure: figure)
    monkeypatch.setattr(demo, "_plot", lambda *figure, **size: None)
    result, texts = demo.moons(tmp_path, 10)
    (history,) = histories
    published = MICROGRAD["published"]
    assert history.loss == pytest.approx([step["loss"] for step in published[:10]], rel=0, abs=1e-9)
    assert [100 * x for x in history.accuracy] == [step["acc"] for step in published[:10]]
    assert {k: published[k]["loss"] for k in demo.PUBLISHED} == demo.PUBLISHED
    assert (texts["moons_step"], texts["moons_loss"]) == (0, history.loss[0])
    model = nn.load(tmp_path / "moons.safetensors")
    assert nn.evaluate(model, MICROGRAD["X"], MICROGRAD["y"], "hinge").accuracy == result.training_accuracy


def test_ctrl_c_in_a_training_ends_the_demo(tmp_path, monkeypatch, capsys):
    def press(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("nn.train.minibatches", press)
    assert main(["demo", "--quick", "--out", str(tmp_path)]) == 130
    assert capsys.readouterr().err.endswith("python -m nn: interrupted\n")
    assert not (tmp_path / "index.html").exists()


def test_texts_are_escaped():
    """But what is markup on purpose."""
    assert demo._html(demo.Markup("<svg/>")) == "<svg/>"
    assert demo._html('<b> & "w"') == "&lt;b&gt; &amp; &quot;w&quot;"
    assert demo._html([["<i>", 1]]) == '<tr><th scope="row">&lt;i&gt;</th><td>1</td></tr>'
