"""Writes the lessons as a site that runs in the browser alone: ``python notebooks/lite.py`` makes ``build/lite``.

It is JupyterLite, with Python as WebAssembly, by Pyodide.  Nothing comes from another host when the site is used:
Pyodide's core is its npm package, what the kernel needs are the wheels of the same versions from PyPI, and our own
package is the wheel without C.  What is not in either place, NumPy for WebAssembly among it, comes from Pyodide's own
server alone: it is left out, so lessons that need it (from 04 on) do not run here.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from jupyterlite_pyodide_kernel.constants import PYODIDE_PYTHON_VERSION, PYODIDE_VERSION

HERE = Path(__file__).parent
LESSONS = ("00", "01", "02", "03")  # those that need no NumPy
CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
KERNEL = ("micropip", "packaging", "ipython", "jedi")  # of Pyodide's own packages, what the kernel loads
COMM = "0.2.3"  # the one package that the kernel asks PyPI for
SETTINGS = "@jupyterlite/pyodide-kernel-extension:kernel"


def run(*command: object, cwd: Path | None = None, **environment: str) -> None:
    """A command, in a folder; what it says is shown where it fails.

    Raises:
        SystemExit: it failed.
    """
    words = [str(word) for word in command]
    environ = {**os.environ, **environment}
    done = subprocess.run(words, cwd=cwd, env=environ, capture_output=True, encoding="utf-8")
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}\n{done.stdout}{done.stderr}")


def wheel(name: str, version: str, to: Path) -> None:
    """A pure wheel from PyPI."""
    options = ["--no-deps", "--only-binary", ":all:", "--python-version", PYODIDE_PYTHON_VERSION, "--dest", to]
    run(sys.executable, "-m", "pip", "download", *options, f"{name}=={version}")


def with_dependencies(names: tuple[str, ...], packages: dict[str, Any]) -> list[str]:
    """The packages, and all that they depend on."""
    found: list[str] = []
    waiting = [*names]
    while waiting:
        name = waiting.pop().replace("_", "-")
        if name not in found:
            found.append(name)
            waiting += packages[name]["depends"]
    return sorted(found)


def distribution(to: Path) -> None:
    """Pyodide with what the kernel needs and with this package, each file under the hash that Pyodide will check."""
    if shutil.which("npm") is None:
        raise SystemExit("npm, which comes with Node.js, is not on the PATH: Pyodide is an npm package")
    npm = to.parent.parent / "npm"
    run("npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", npm, f"pyodide@{PYODIDE_VERSION}")
    source = npm / "node_modules/pyodide"
    to.mkdir(parents=True)
    for name in CORE:
        shutil.copy(source / name, to)
    lock = json.loads((source / "pyodide-lock.json").read_text(encoding="utf-8"))
    names = with_dependencies(KERNEL, lock["packages"])
    lock["packages"] = {name: lock["packages"][name] for name in names}
    for name, package in lock["packages"].items():
        wheel(name, package["version"], to)
        (path,) = to.glob(f"{name.replace('-', '_')}-{package['version']}-*.whl")
        package |= {"file_name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", to, HERE.parent, AUTODIFF_PURE="1")
    (path,) = to.glob("scalar_autodiff-*.whl")
    lock["packages"]["scalar-autodiff"] = {
        "name": "scalar-autodiff",
        "version": path.name.split("-")[1],
        "file_name": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "install_dir": "site",
        "package_type": "package",
        "imports": ["autodiff", "nn"],
        "depends": [],
        "unvendored_tests": False,
    }
    (to / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")


def contents(source: Path, to: Path) -> None:
    """The lessons, with their checks and the module of their first cell."""
    to.mkdir(parents=True)
    for path in sorted(source.glob("*.ipynb")):
        if path.name.startswith(LESSONS):
            shutil.copy(path, to)
    shutil.copy(source / "ready.py", to)
    shutil.copytree(source / "checks", to / "checks", ignore=shutil.ignore_patterns("__pycache__"))


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the lessons as a site for the browser.")
    parser.add_argument("--contents", type=Path, default=HERE, help="lessons; build/course/students has no solutions")
    parser.add_argument("--out", type=Path, default=HERE.parent / "build/lite")
    given = parser.parse_args()
    source = given.out.with_name(f"{given.out.name}-source").resolve()
    for folder in (source, given.out):
        shutil.rmtree(folder, ignore_errors=True)
    distribution(source / "static/pyodide")
    wheel("comm", COMM, source / "pypi")
    contents(given.contents, source / "files")
    settings = {"loadPyodideOptions": {"packages": ["scalar-autodiff"]}, "disablePyPIFallback": True}
    config = {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {"litePluginSettings": {SETTINGS: settings}, "exposeAppInBrowser": True},
    }
    (source / "jupyter-lite.json").write_text(json.dumps(config), encoding="utf-8")
    options = ["--lite-dir", source, "--output-dir", given.out.resolve(), "--contents", source / "files"]
    options += ["--apps", "lab", "--no-sourcemaps"]
    run(sys.executable, "-m", "jupyterlite_core", "build", *options, cwd=source)  # it keeps its notes there
    print(f"{given.out}: written; serve it with `python -m http.server -d {given.out}`")


if __name__ == "__main__":
    main()
