"""The notebooks run from top to bottom, and give the outputs that are committed with them."""

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
notebooks = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def run(*arguments):
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    command = [sys.executable, ROOT / "notebooks/run.py", *arguments]
    environment = {**os.environ, "PYTHONPATH": ""}
    return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=300)


def outputs(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        yield from cell.get("outputs", [])


def test_there_are_notebooks():
    assert [path.stem for path in NOTEBOOKS] == ["01_two_paths", "02_moons"]


@notebooks
def test_outputs_are_those_that_are_committed(path):
    done = run("--check", path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == f"{path.name}: the same outputs as before\n"


def test_other_outputs_are_found(tmp_path):
    """A number, and a word in a picture, that are not what comes out; and an error in a cell."""
    text = NOTEBOOKS[0].read_text(encoding="utf-8")
    wrong = text.replace("Value(5.080320290155219, grad=0.0, op=mul)", "Value(5.080320290155218, grad=0.0, op=mul)")
    other = text.replace(">+12<", ">+13<")
    assert len({text, wrong, other}) == 3
    changed = tmp_path / "changed.ipynb"
    changed.write_text(wrong, encoding="utf-8")
    redrawn = tmp_path / "redrawn.ipynb"
    redrawn.write_text(other, encoding="utf-8")
    broken = tmp_path / "broken.ipynb"
    broken.write_text(text.replace('"z = sin(y)\\n"', '"z = sin(why)\\n"'), encoding="utf-8")
    done = run("--check", changed, redrawn, broken)
    assert done.returncode == 1
    assert "-Value(5.080320290155218" in done.stdout
    assert "+Value(5.080320290155219" in done.stdout
    assert re.search(r"redrawn.ipynb: other outputs.*-text  \+13", done.stdout, flags=re.DOTALL)
    assert "broken.ipynb: " in done.stderr
    assert "name 'why' is not defined" in done.stderr


@notebooks
def test_every_cell_has_run_in_order_and_without_an_error(path):
    code = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert all(cell["outputs"] for cell in code)
    for output in outputs(path):
        assert output["output_type"] != "error"
        assert output.get("name") != "stderr"


@notebooks
def test_pictures_are_there_and_well_formed(path):
    pictures = [
        "".join(output["data"]["image/svg+xml"])
        for output in outputs(path)
        if "image/svg+xml" in output.get("data", {})
    ]
    assert len(pictures) >= 4
    for picture in pictures:
        assert ElementTree.fromstring(picture).tag.endswith("svg")


def test_plots_are_there():
    plots = [output for output in outputs(ROOT / "notebooks/02_moons.ipynb") if "image/png" in output.get("data", {})]
    assert len(plots) == 3


@notebooks
def test_nothing_of_the_machine_is_written(path):
    """No paths, times, versions or names of environments; the same text if it is written again."""
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    assert notebook["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert all(cell["metadata"] == {} for cell in notebook["cells"])
    assert [cell["id"] for cell in notebook["cells"]] == [
        f"{path.stem.replace('_', '-')}-{i:02}" for i in range(1, len(notebook["cells"]) + 1)
    ]
    pixels = re.sub(r'"image/png": "[^"]*"', "", text)
    assert not re.search(r"/(home|root|tmp|usr|Users|work)/|site-packages|0x[0-9a-f]{6,}", pixels)
    assert text == json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


@notebooks
def test_a_question_introduces_every_cell(path):
    """Short prose, then short code."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for before, cell in pairwise(cells):
        if cell["cell_type"] == "code":
            assert before["cell_type"] == "markdown"
            assert len(cell["source"]) <= 12
    questions = [line for cell in cells for line in cell["source"] if line.startswith("## ")]
    assert all(line.strip().endswith("?") for line in questions if "now you" not in line)
