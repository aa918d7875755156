"""The notebooks are made from their texts, run from top to bottom, and give the outputs that are committed."""

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from notebooks.run import as_text, changes, keep_what_varies, text_of, whole_streams  # noqa: E402

TEXTS = sorted((ROOT / "notebooks/text").glob("*.md"))
NOTEBOOKS = [ROOT / "notebooks" / f"{text.stem}.ipynb" for text in TEXTS]
notebooks = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def run(*arguments):
    command = [sys.executable, ROOT / "notebooks/run.py", *arguments]
    environment = {**os.environ, "PYTHONPATH": ""}
    return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=300)


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def outputs(path):
    for cell in read(path)["cells"]:
        yield from cell.get("outputs", [])


def tags(cell):
    return cell["metadata"].get("tags", [])


def source(cell):
    return "".join(cell["source"])


def test_every_notebook_has_its_text():
    assert sorted((ROOT / "notebooks").glob("*.ipynb")) == NOTEBOOKS
    assert len(NOTEBOOKS) == len({path.stem[:2] for path in NOTEBOOKS}) > 0


@notebooks
def test_what_is_committed_is_what_the_text_gives(path):
    done = run("--check", path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == f"{path.name}: the same as before\n"


def edited(old, new):
    """The committed notebook of lesson 02, and one in which something is other than that."""
    text = (ROOT / "notebooks/02_two_paths.ipynb").read_text(encoding="utf-8")
    assert old in text
    return nbformat.reads(text, as_version=4), nbformat.reads(text.replace(old, new), as_version=4)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("nudged:  -32.25", "nudged:  -32.26", "+nudged:  -32.26"),
        (">+12<", ">+13<", "+text  +13"),
        ("Not even the sign", "Only the sign", "+Only the sign is right: $f$ goes *down*"),
        ("nudge = 1e-6", "nudge = 1e-7", "+nudge = 1e-7"),
        ('"exercise"', '"check"', "+code 02-two-paths-26 ['check']"),
        ("image/svg+xml", "image/png", "+image/png"),
    ],
)
def test_other_notebooks_are_found(old, new, line):
    """A number, a word in a picture, prose, code, a tag, a picture that is none."""
    committed, other = edited(old, new)
    assert any(found.startswith(line) for found in changes(committed, other))
    assert changes(committed, committed) == []


@pytest.mark.parametrize(("old", "new"), [('text x=\\"', 'text x=\\"1'), ("<iframe", "<iframe id=7")])
def test_where_letters_stand_and_explorer_pages_are_let_pass(old, new):
    assert changes(*edited(old, new)) == []


def test_an_error_in_a_cell_is_said(tmp_path):
    (tmp_path / "text").mkdir()
    (tmp_path / "text/broken.md").write_text("---\ncourse: {}\n---\n\n```{code-cell}\nwhy\n```\n", encoding="utf-8")
    done = run("--check", tmp_path / "broken.ipynb")
    assert done.returncode == 1
    assert "broken.ipynb: " in done.stderr
    assert "name 'why' is not defined" in done.stderr


def test_what_is_printed_in_pieces_is_one_output():
    pieces = [nbformat.v4.new_output("stream", name=name, text=text) for name, text in ("aa", "ab", "bc", "ad")]
    assert [(output.name, output.text) for output in whole_streams(pieces)] == [("a", "ab"), ("b", "c"), ("a", "d")]


def test_what_varies_is_kept():
    """Measured times stay as they were committed, until the code of their cell changes."""

    def notebook(code, text):
        output = nbformat.v4.new_output("stream", text=text)
        cell = nbformat.v4.new_code_cell(code, outputs=[output], metadata={"tags": ["varies"]}, id="a")
        return nbformat.v4.new_notebook(cells=[cell])

    before, now, other = notebook("time()", "1 s"), notebook("time()", "2 s"), notebook("clock()", "3 s")
    assert changes(before, now) == []
    assert changes(before, other) != []
    for found, text in ((now, "1 s"), (other, "3 s")):
        keep_what_varies(found, before)
        assert found.cells[0].outputs[0].text == text


@notebooks
def test_every_cell_has_run_in_order_and_without_an_error(path):
    code = [cell for cell in read(path)["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        assert cell["outputs"] or "exercise" in tags(cell) or re.search(r"^(def|class) ", source(cell), re.MULTILINE)
        for output in cell["outputs"]:
            assert output["output_type"] != "error"
            assert output.get("name") != "stderr"


@notebooks
def test_a_lesson_has_all_its_parts(path):
    """The first cell, pictures, an explorer page, exercises that the solution solves, and what its teacher needs."""
    notebook = read(path)
    cells = notebook["cells"]
    assert {*notebook["metadata"]["course"]} == {"question", "minutes", "misconceptions", "show"}
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert source(code[0]) == "import ready"
    assert source({"source": code[0]["outputs"][0]["text"]}) == "ready\n"
    assert any("<iframe" in source({"source": output["data"].get("text/html", "")}) for output in _displayed(path))
    checks = [cell for cell in code if "check" in tags(cell)]
    assert 2 <= len(checks) <= 3
    for number, cell in enumerate(checks, start=1):
        name = f"{path.stem[3:]}.{number}"
        assert source(cell).splitlines()[-1].startswith(f'check("{name}", ')
        assert cell["outputs"][0]["data"]["text/plain"][0].startswith("✓ ")
        before = cells[cells.index(cell) - 1]
        assert "exercise" in tags(before)
        assert source(before).count("# BEGIN SOLUTION\n") == source(before).count("# END SOLUTION") == 1
        assert any(f"### Exercise {name}: " in source(cell) for cell in cells if cell["cell_type"] == "markdown")


def _displayed(path):
    return [output for output in outputs(path) if "data" in output]


@notebooks
def test_pictures_are_there_and_well_formed(path):
    pictures = [
        source({"source": output["data"]["image/svg+xml"]})
        for output in _displayed(path)
        if "image/svg+xml" in output["data"]
    ]
    for picture in pictures:
        assert ElementTree.fromstring(picture).tag.endswith("svg")
    assert pictures or any("image/png" in output["data"] for output in _displayed(path))


@notebooks
def test_nothing_of_the_machine_is_written(path):
    """No paths, times, versions or names of environments; the same text if it is written again."""
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    assert {**notebook["metadata"], "course": None} == {
        "course": None,
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert all({*cell["metadata"]} <= {"tags"} for cell in notebook["cells"])
    assert {tag for cell in notebook["cells"] for tag in tags(cell)} <= {"exercise", "check", "varies"}
    pixels = re.sub(r'"(image/png|text/html)": ("[^"]*"|\[[^]]*\])', "", text)
    assert not re.search(r"/(home|root|tmp|usr|Users|work)/|site-packages|0x[0-9a-f]{6,}", pixels)
    assert text == json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


@notebooks
def test_the_text_is_as_jupytext_writes_it(path):
    """Who saves a notebook in JupyterLab with jupytext changes nothing but what they changed."""
    assert as_text(nbformat.read(path, as_version=4)) == text_of(path).read_text(encoding="utf-8")


@notebooks
def test_a_question_introduces_every_cell(path):
    """Short prose, then short code; headings are questions."""
    cells = read(path)["cells"]
    for before, cell in pairwise(cells):
        if cell["cell_type"] == "code":
            assert before["cell_type"] == "markdown" or "check" in tags(cell) or source(before) == "import ready"
            lines = [line for line in cell["source"] if line.strip()]
            assert len(lines) <= (24 if "exercise" in tags(cell) else 12)
    headings = [line.strip() for cell in cells for line in cell["source"] if line.startswith("## ")]
    assert headings[-1] == "## And now you"
    assert all(heading.endswith("?") for heading in headings[:-1])


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", "The engine is not installed"),
        ("other", "another package of the name autodiff"),
        (str(ROOT), "ready, but from lesson 04 on you also need numpy, matplotlib, scikit-learn"),
    ],
)
def test_the_first_cell_names_the_remedy(path, said, tmp_path):
    """In a Python without any package, with another package of this name, and with the engine alone."""
    (tmp_path / "autodiff.py").write_text("", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path) if path == "other" else path}
    command = [sys.executable, "-S", "-c", "import ready"]
    done = subprocess.run(command, env=environment, cwd=ROOT / "notebooks", capture_output=True, encoding="utf-8")
    assert said in done.stdout + done.stderr
    assert f'-m pip install "{ROOT}[notebook,train,draw,compile]"' in done.stdout + done.stderr
    assert bool(done.returncode) == ("ready" not in said)
