"""The pictures in docs are what their command makes now; what a page links to is there, and the commands on it run."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parent.parent
COMMAND = ROOT / "docs/pictures.py"
DIRECTORY = ROOT / "docs/pictures"
PICTURES = ["formula", "gpt", "layers", "micrograd", "mlp-2-3-1", "neuron", "repeated", "two-paths"]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def run(*command, cwd=ROOT):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, *command], cwd=cwd, env=environment, capture_output=True, encoding="utf-8", timeout=120
    )


def texts(name):
    tree = ElementTree.parse(DIRECTORY / f"{name}.svg")
    return ["".join(element.itertext()).strip() for element in tree.iter() if element.tag.endswith("}text")]


@pytest.fixture
def copy(tmp_path):
    """The command with its pictures, in a directory to write in."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    return tmp_path / "docs/pictures.py"


def test_pictures_are_those_that_are_committed():
    done = run(COMMAND, "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(done.stdout.splitlines()) == [f"{name}.svg: the same picture as before" for name in PICTURES]
    assert sorted(path.stem for path in DIRECTORY.iterdir()) == PICTURES


def test_again_the_same_bytes(copy):
    written = []
    for _ in range(2):
        assert run(copy).returncode == 0
        written.append({path.name: path.read_bytes() for path in (copy.parent / "pictures").iterdir()})
    assert written[0] == written[1]


def test_another_picture_is_found(copy):
    pictures = copy.parent / "pictures"
    changed = pictures / "two-paths.svg"
    text = changed.read_text(encoding="utf-8")
    assert ">+12<" in text
    changed.write_text(text.replace(">+12<", ">+13<"), encoding="utf-8")
    (pictures / "neuron.svg").unlink()
    done = run(copy, "--check")
    assert done.returncode == 1
    other = [line for line in done.stdout.splitlines() if line.endswith(": another picture than before")]
    assert sorted(other) == ["neuron.svg: another picture than before", "two-paths.svg: another picture than before"]
    assert changed.read_text(encoding="utf-8") != text  # nothing was written


def test_what_they_show():
    """Numbers from calculus, and from micrograd's README: g = 24.7041, ∂g/∂a = 138.8338, ∂g/∂b = 645.5773."""
    assert {"+2", "+12", "−0.99", "+36", "+0.1411", "−32.25"} <= {*texts("two-paths")}
    assert {"2", "2·x", "cos(y) < 0", "z", "v1"} <= {*texts("formula")}
    assert {"24.7", "138.8", "645.6"} <= {*texts("micrograd")}
    assert sum("tanh(" in text for text in texts("neuron")) == 1
    assert sum("tanh(" in text for text in texts("mlp-2-3-1")) == 3
    parameters = [text for text in texts("mlp-2-3-1") if re.match("[wb][₁₂₃]", text)]
    assert len(parameters) == (2 + 1) * 3 + 3 + 1
    assert {"layer 1", "layer 2", "layer 3"} <= {*texts("layers")}


@pytest.mark.parametrize("name", PICTURES)
def test_they_are_drawn_to_be_read(name):
    root = ElementTree.parse(DIRECTORY / f"{name}.svg").getroot()
    assert root.get("role") == "img"
    assert [element.tag.rpartition("}")[2] for element in root][:2] == ["title", "desc"]
    assert "prefers-color-scheme:dark" in root[2].text


@pages
def test_links_lead_somewhere(page):
    prose = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"(!?)\[([^\]]*)\]\((?!https?:)([^)#\s]+)[^)]*\)", prose)
    for picture, words, target in links:
        assert (page.parent / target).exists(), target
        if picture:
            assert len(words) > 20, "say what the picture shows, for those who cannot see it"
    if page.stem in ("README", "drawing"):
        assert any(picture for picture, _, _ in links)


COMMANDS = sorted(
    {
        line
        for page in PAGES
        for line in re.findall(r"^ +(python -m autodiff [a-z].*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
)


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_do_what_they_are_there_for(line, tmp_path):
    _, *command = shlex.split(line)
    done = run(*command, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout
    if "-o" in command:
        written = tmp_path / command[command.index("-o") + 1]
        if written.suffix == ".html":
            assert written.read_text(encoding="utf-8").lower().startswith("<!doctype html>")
        else:
            assert ElementTree.parse(written).getroot().tag.endswith("}svg")


def test_there_are_commands():
    assert {line.split()[3] for line in COMMANDS} == {"draw", "explain", "explore", "grad", "steps"}
