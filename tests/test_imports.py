"""Imports point one way, and `import autodiff` needs nothing outside the standard library."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Each module of the package, and those directly below it: it may import them and whatever is below them.
BELOW = {
    "errors": [],
    "files": [],
    "forks": [],
    "version": [],
    "primitives": [],
    "special": ["primitives"],
    "formulas": ["special"],
    "entrance": ["errors"],
    "operators": ["entrance"],
    "row": ["operators"],
    "ops": ["formulas", "row"],
    "symbol": ["ops"],
    "term": ["ops"],
    "typeset": ["term"],
    "formula": ["typeset"],
    "pausing": [],
    "arithmetic": ["symbol", "comparing"],
    "native": [],
    "edges": [],
    "sweep": ["edges", "errors", "native"],
    "copying": ["sweep", "tracing"],
    "tracing": ["pausing", "sweep"],
    "comparing": ["operators", "tracing"],
    "grouping": ["sweep"],
    "elsewhere": ["errors"],
    "numberlike": ["elsewhere", "comparing"],
    "cvalue": ["arithmetic", "numberlike", "sweep"],
    "value": ["copying", "cvalue"],
    "elements": ["errors"],
    "functions": ["value", "elements"],
    "operation": ["functions", "forks"],
    "tree": ["errors"],
    "signs": ["value"],
    "transforms": ["functions", "tree", "signs"],
    "complexstep": ["functions"],
    "compiler": ["functions", "forks"],
    "digits": ["diagnose", "compiler"],
    "numeric": ["transforms", "complexstep", "digits"],
    "naming": ["value"],
    "pathsearch": ["value"],
    "pathsplit": ["grouping", "value"],
    "pathwords": ["pathsearch", "pathsplit", "naming", "formula"],
    "paths": ["pathwords", "transforms", "complexstep", "digits"],
    "trace": ["pathwords"],
    "expression": ["functions"],
    "commandline": ["errors", "native", "version"],
    "diagnose": ["value", "tree"],
}


def reachable(module):
    return {name for below in BELOW[module] for name in (below, *reachable(below))}


def imported(path):
    """Every module that a file imports, at its top or later, save for annotations alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            here = "autodiff." * (node.level > 0)
            yield from [here + node.module] if node.module else [here + alias.name for alias in node.names]


MODULES = sorted(path for path in (ROOT / "autodiff").glob("*.py") if path.stem not in ("__init__", "__main__"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_imports_point_one_way(path):
    assert path.stem in BELOW, "say in BELOW where the new module stands"
    names = set(imported(path))
    own = {name.split(".")[1] for name in names if name.startswith("autodiff.")}
    assert own <= reachable(path.stem)
    others = {name.split(".")[0] for name in names} - {"autodiff"}
    assert others <= sys.stdlib_module_names


# Loaded when first used: `import autodiff` multiplies numbers, and prints no formula.
LATER = ["compiler", "complexstep", "diagnose", "drawing", "explorer", "expression"]
LATER += ["formula", "numeric", "paths", "trace"]


def test_bare_import():
    program = (
        "import sys; before = set(sys.modules); import autodiff, json; print(json.dumps([*set(sys.modules) - before]))"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    names = json.loads(run.stdout)
    assert {name.split(".")[0] for name in names} - sys.stdlib_module_names == {"autodiff"}
    assert {f"autodiff.{name}" for name in LATER}.isdisjoint(names)
