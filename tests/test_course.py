"""What a class gets: no solution and no hidden test; and otter-grader gives the solutions all points, a blank none.

``make course`` writes ``build/course`` and runs all of this file; without it only what needs no otter-grader runs.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("jupytext")
ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "notebooks"))

import course  # noqa: E402

COURSE = ROOT / "build/course"
TEXTS = sorted((ROOT / "notebooks/text").glob("[0-9]*.md"))
lessons = pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.stem)
SOLUTION = re.compile(r"# BEGIN SOLUTION\n(.*?)# END SOLUTION", flags=re.DOTALL)


def solution_lines(text: Path) -> set[str]:
    """The lines of a lesson's solutions that stand nowhere else in it, and say something."""
    whole = text.read_text(encoding="utf-8")
    public = SOLUTION.sub("", whole)
    lines = {line.strip() for found in SOLUTION.findall(whole) for line in found.splitlines()}
    return {line for line in lines if len(line) > 12 and line not in public}


@lessons
def test_each_exercise_is_a_question_of_otters_with_a_shown_test_and_hidden_ones(text):
    cells = course.master(text, {}, tested=True).cells
    exercises = re.findall(r"### Exercise ([\w.]+):", text.read_text(encoding="utf-8"))
    raw = [cell.source.splitlines() for cell in cells if cell.cell_type == "raw"]
    names = [lines[1] for lines in raw if lines[0] == "# BEGIN QUESTION"]
    assert names == [f"name: {name.replace('.', '_')}" for name in exercises]
    tests = [cell.source for cell in cells if "BEGIN TEST CONFIG" in cell.source]
    assert len(tests) == len(course.SEEDS) * len(exercises)
    assert sum("hidden: false" in source for source in tests) == len(exercises)
    for source in tests:
        assert isinstance(ast.parse(source).body[-1], ast.FunctionDef)


@lessons
def test_nothing_is_a_solution_but_what_otter_takes_out(text):
    """Each solution is inside a cell that otter strips; and there is something to strip."""
    cells = course.master(text, {}, tested=False).cells
    inside = False
    assert solution_lines(text)
    for cell in cells:
        inside = (inside or cell.source == "# BEGIN SOLUTION") and cell.source != "# END SOLUTION"
        if not inside:
            assert not [line for line in solution_lines(text) if line in cell.source]


@pytest.mark.parametrize(
    ("taken", "error"),
    [
        (":tags: [exercise]\n\n", "a solution outside"),
        (":tags: [check]\n\n", "no check"),
        ("### Exercise ", "no heading"),
    ],
)
def test_a_lesson_that_would_give_away_its_solution_is_refused(taken, error, tmp_path):
    text = TEXTS[0].read_text(encoding="utf-8")
    for times in (1, -1):
        (tmp_path / "text.md").write_text(text.replace(taken, "", times), encoding="utf-8")
        with pytest.raises(ValueError, match=error):
            course.master(tmp_path / "text.md", {}, tested=False)


def test_the_packed_checks_work_and_cannot_be_read_by_accident(tmp_path, monkeypatch):
    course.pack(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "checks"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    from checks import check

    assert "checks.zip" in sys.modules["checks.judging"].__file__
    assert not check("two_paths.1", ...)
    for path in tmp_path.rglob("*.*"):
        assert b"lambda" not in path.read_bytes()
    for name in [name for name in sys.modules if name.partition(".")[0] == "checks"]:
        monkeypatch.delitem(sys.modules, name)


# ---------------------------------------------------------------------------------------------------------------------
# What `make course` has written.
# ---------------------------------------------------------------------------------------------------------------------

built = [
    pytest.mark.skipif(not COURSE.exists(), reason="the course is not built: run `make course`"),
    pytest.mark.skipif(find_spec("otter") is None, reason="otter-grader is not installed: run `make course`"),
]


def given_out() -> list[Path]:
    """Every file that reaches students."""
    return [p for p in COURSE.rglob("*") if p.is_file() and "autograder" not in p.parts and p.suffix != ".whl"]


@built[0]
@lessons
def test_students_get_no_solution(text):
    assert (COURSE / "students" / f"{text.stem}.ipynb") in given_out()
    for path in given_out():
        if path.suffix == ".ipynb" and path.stem != text.stem:
            continue  # another lesson may show what is asked for here
        content = path.read_bytes().decode("utf-8", errors="ignore")
        found = [line for line in solution_lines(text) if line in content or json.dumps(line)[1:-1] in content]
        assert not found, (path, found)


@built[0]
def test_students_get_no_hidden_test_and_no_outputs():
    assert len(given_out()) > 4 * len(TEXTS)
    for path in given_out():
        content = path.read_bytes().decode("utf-8", errors="ignore")
        for word in [words for words, seed in course.SEEDS.items() if seed] + ["hidden=True", "BEGIN SOLUTION"]:
            assert word not in content, path
        if path.suffix == ".ipynb":
            assert not [cell["outputs"] for cell in json.loads(content)["cells"] if cell.get("outputs")]


@built[0]
@lessons
def test_students_get_the_package(text):
    folders = [COURSE / "students", *COURSE.glob(f"*/{text.stem}/student")]
    assert len(folders) == 4
    for folder in folders:
        (wheel,) = folder.glob("*.whl")
        with zipfile.ZipFile(wheel) as packed:
            names = packed.namelist()
        assert {"autodiff/value.py", "nn/names.txt"} <= {*names}
        assert not [name for name in names if name.endswith((".so", ".pyd"))]


@built[0]
@built[1]
@lessons
def test_otter_gives_the_solutions_all_points_and_a_blank_none(text, tmp_path):
    lesson = COURSE / "otter" / text.stem
    (grader,) = lesson.glob("autograder/*.zip")
    possible = len(course.SEEDS) * len(re.findall("### Exercise ", text.read_text(encoding="utf-8")))
    for place, share in (("autograder", 1), ("student", 0)):
        submitted = lesson / place / f"{text.stem}.ipynb"
        command = [sys.executable, "-m", "otter", "run", "-a", grader, "-o", tmp_path, submitted]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8")
        assert done.returncode == 0, done.stderr
        scored = [test for test in json.loads((tmp_path / "results.json").read_text())["tests"] if "score" in test]
        assert sum(test["max_score"] for test in scored) == possible
        assert sum(test["score"] for test in scored) == share * possible, done.stdout
