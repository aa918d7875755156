"""Writes the course for a class: ``python notebooks/course.py`` makes ``build/course`` from the lessons' texts.

Each lesson becomes a notebook for students and an assignment of otter-grader.  What stands in a text between
``# BEGIN SOLUTION`` and ``# END SOLUTION`` is a solution in otter's own words, and otter takes it out; here our tags
become otter's blocks, and ``check("two_paths.1", answer)`` becomes its tests: one that students have, and hidden ones
with other random numbers.

    build/course/students/            what a class gets: notebooks, checks, and the package to install
    build/course/otter/02_two_paths/  student/ to hand out, autograder/ with the solution and the zip that grades
    build/course/colab, jupyterlite/  the same assignments, for Google Colab and for JupyterLite
"""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import yaml
from nbformat.v4 import new_code_cell, new_raw_cell

HERE = Path(__file__).parent
SEEDS = {"shown": 0, "with_other_numbers": 1, "with_others_again": 2}  # of the tests of an exercise; all but one hidden
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CHECKS = '''\
"""The checks of the exercises, packed, so that nobody reads an answer by accident."""

from pathlib import Path

__path__ = [str(Path(__file__).with_name("checks.zip") / "checks")]

from .judging import Verdict, check  # noqa: E402

__all__ = ["Verdict", "check"]
'''


def blocks(cells: list[Any], tested: bool) -> list[Any]:
    """The cells of a lesson with otter's blocks around each exercise: from its heading to its check.

    Raises:
        ValueError: an exercise has no heading above it or no check below it, or a solution is outside.
    """
    found: list[Any] = []
    waiting = False  # an exercise whose check is still to come
    for cell in cells:
        tags = cell.metadata.pop("tags", [])
        if "exercise" in tags:
            if waiting:
                raise ValueError(f"no check below the exercise before {cell.source}")
            if not found or "### Exercise " not in found[-1].source:
                raise ValueError(f"no heading above the exercise {cell.source}")
            heading, waiting = found.pop(), True
            name = heading.source.rpartition("### Exercise ")[2].partition(":")[0]
            config = f"# BEGIN QUESTION\nname: {name.replace('.', '_')}\npoints: {len(SEEDS)}"
            found += [new_raw_cell(config), heading]
            found += [new_raw_cell("# BEGIN SOLUTION"), cell, new_raw_cell("# END SOLUTION")]
        elif "SOLUTION" in cell.source:
            raise ValueError(f"a solution outside of a cell with the tag exercise: {cell.source}")
        elif "check" in tags:
            found.append(cell)
            if tested:
                made = [new_code_cell(test(cell.source, words, seed)) for words, seed in SEEDS.items()]
                found += [new_raw_cell("# BEGIN TESTS"), *made, new_raw_cell("# END TESTS")]
            found.append(new_raw_cell("# END QUESTION"))
            waiting = False
        else:
            found.append(cell)
    if waiting:
        raise ValueError("no check below the last exercise")
    return found


def test(source: str, words: str, seed: int) -> str:
    """A test of otter's, from the call of ``check`` that ends a cell."""
    call = ast.parse(source).body[-1].value  # type: ignore[attr-defined]
    name, answer = ast.literal_eval(call.args[0]), ast.unparse(call.args[1])
    names = sorted({node.id for node in ast.walk(call.args[1]) if isinstance(node, ast.Name)})
    return f'''\
""" # BEGIN TEST CONFIG
hidden: {"true" if seed else "false"}
points: 1
""" # END TEST CONFIG
def test_{words}({", ".join(names)}):
    from checks import check

    verdict = check("{name}", {answer}, seed={seed})
    assert verdict, verdict.message
'''


def master(text: Path, config: dict[str, Any], tested: bool) -> Any:
    """The notebook that otter reads."""
    notebook = jupytext.read(text)
    first = new_raw_cell("# ASSIGNMENT CONFIG\n" + yaml.safe_dump(config))
    made = nbformat.v4.new_notebook(cells=[first, *blocks(notebook.cells, tested)], metadata=METADATA)
    for i, cell in enumerate(made.cells):
        cell.id = f"{text.stem.replace('_', '-')}-{i:02}"
    return made


def pack(folder: Path) -> list[str]:
    """Writes what every lesson needs into a folder: the checks in a zip, and the first cell's module; their names."""
    (folder / "checks").mkdir(parents=True, exist_ok=True)
    (folder / "checks/__init__.py").write_text(CHECKS, encoding="utf-8")
    with zipfile.ZipFile(folder / "checks/checks.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted((HERE / "checks").glob("*.py")):
            member = zipfile.ZipInfo(f"checks/{path.name}")  # dated 1980, so that the same files give the same bytes
            member.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(member, path.read_bytes())
    shutil.copy(HERE / "ready.py", folder)
    return ["ready.py", "checks/__init__.py", "checks/checks.zip"]


def wheel(to: Path) -> Path:
    """Writes the package into a folder as a wheel without C, which installs on every machine without a compiler."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(to), str(HERE.parent)]
    subprocess.run(command, env={**os.environ, "AUTODIFF_PURE": "1"}, check=True)
    (made,) = to.glob("scalar_autodiff-*.whl")
    return made


def assign(text: Path, to: Path, runs_on: str = "", tested: bool = True) -> None:
    """Lets otter write a lesson's ``autograder`` and ``student`` into a folder, and try its tests on the solution."""
    import otter.assign

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        config = {
            "name": text.stem,
            "files": pack(folder),
            "tests": {"files": True, "ok_format": False},
            "init_cell": tested,
            "export_cell": {"pdf": False, "filtering": False} if tested else False,
            "generate": bool(tested and not runs_on),
            "run_tests": bool(tested and not runs_on),
            "suppress_no_tests_warning": True,
            **({"runs_on": runs_on} if runs_on else {}),
        }
        path = folder / f"{text.stem}.ipynb"
        nbformat.write(master(text, config, tested), path)
        otter.assign.main(str(path), str(to.resolve()))


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the course for a class.")
    parser.add_argument("lessons", nargs="*", type=Path, help="texts; by default all")
    parser.add_argument("--out", type=Path, default=HERE.parent / "build/course")
    given = parser.parse_args()
    texts = given.lessons or sorted((HERE / "text").glob("[0-9]*.md"))
    # The kernel finds the packages of this checkout, installed or not.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
    students = given.out / "students"
    pack(students)
    package = wheel(students)
    for text in texts:
        assign(text, given.out / "otter" / text.stem)
        for place in ("colab", "jupyterlite"):
            assign(text, given.out / place / text.stem, place)
            shutil.rmtree(given.out / place / text.stem / "autograder")  # the first one grades these too
        for place in ("otter", "colab", "jupyterlite"):
            shutil.copy(package, given.out / place / text.stem / "student")
        with tempfile.TemporaryDirectory() as plain:
            assign(text, Path(plain), tested=False)
            shutil.copy(Path(plain) / "student" / f"{text.stem}.ipynb", students)
        print(f"{text.stem}: written")


if __name__ == "__main__":
    main()
