"""Imports within `nn` point one way, those inside functions too."""

import ast
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "nn"
# Each module of the package, and those directly below it: it may import them and whatever is below them.
BELOW = {
    "errors": [],
    "module": ["errors"],
    "arguments": ["module"],
    "activations": ["arguments"],
    "init": ["arguments"],
    "layers": ["activations", "init"],
    "losses": ["arguments"],
    "metrics": ["losses"],
    "optim": ["arguments"],
    "schedules": ["arguments"],
    "data": ["init"],
    "tabular": ["data", "metrics"],
    "table": [],
    "progress": [],
    "history": [],
    "text": ["arguments"],
    "gpt": ["layers", "losses"],
    "storage": ["gpt"],
    "gpt_split": ["gpt"],
    "gpt_page": ["gpt", "text"],
    "gpt_film": ["gpt", "text"],
    "gpt_torch": [],
    "handover": ["gpt_torch", "gpt"],
    "backprop": ["layers", "losses"],
    "recording": ["layers", "losses"],
    "prediction": ["recording", "metrics", "data"],
    "engine": ["prediction"],
    "vectorised": ["optim"],
    "compiled": ["engine", "vectorised"],
    "best": ["errors"],
    "checkpoint": ["layers"],
    "train": ["checkpoint", "compiled", "best", "history", "progress"],
    "gpt_engines": ["gpt", "engine"],
    "gpt_blockwise": ["gpt_engines"],
    "gpt_compiled": ["gpt_engines"],
    "gpt_training": ["gpt_blockwise", "gpt_compiled", "checkpoint", "optim", "progress", "schedules"],
    "gpt_commands": ["gpt_film", "gpt_page", "gpt_plots", "gpt_training", "storage", "text"],
    "estimators": ["train"],
    "plots": ["prediction"],
    "naive_cost": ["layers", "losses"],
    "film": ["prediction"],
    "task": ["data", "metrics"],
    "gpt_plots": ["gpt_training", "plots"],
    "demo_code": ["gpt_plots", "text", "train", "plots", "task", "schedules"],
    "demo": ["demo_code", "film", "storage", "table"],
    "__main__": ["demo", "film", "tabular", "gpt_commands"],
}
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def reachable(module):
    return {name for below in BELOW[module] for name in (below, *reachable(below))}


def imported(name):
    """Every module of `nn` that this one imports, at its top or later, save for annotations alone."""
    tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield from [node.module] if node.module else [alias.name for alias in node.names]
        else:
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert not {module for module in modules if module.split(".")[0] == "nn"}, "import it as from .module"


@pytest.mark.parametrize("name", NAMES)
def test_imports_point_one_way(name):
    assert name in BELOW, "say in BELOW where the new module stands"
    assert set(imported(name)) <= reachable(name)


def test_every_module_of_the_table_exists():
    assert sorted(BELOW) == NAMES
