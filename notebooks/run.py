"""Runs the notebooks from top to bottom: ``python notebooks/run.py`` writes their outputs, ``--check`` compares them.

A notebook is written without anything that changes from run to run or from machine to machine: no times, no paths, no
names of environments.  ``--check`` compares text word for word, pictures by the words and shapes in them (where a
letter stands depends on the version of Graphviz) with numbers to 9 digits (the last ones of a trained network depend
on the machine), and plots by their being there.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

HERE = Path(__file__).parent
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
SECONDS = 120  # for a cell
LONG_NUMBER = re.compile(r"\d+\.\d{9,}(e[+-]?\d+)?")


def executed(path: Path) -> Any:
    """The notebook with the outputs that it has now."""
    notebook = nbformat.read(path, as_version=4)
    for i, cell in enumerate(notebook.cells):
        cell.id = f"{path.stem.replace('_', '-')}-{i + 1:02}"
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],  # not that it listens on this machine
        resources={"metadata": {"path": str(HERE)}},
    ).execute()
    notebook.metadata = METADATA
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if "metadata" in output:
                output.metadata = {}
    return notebook


def shown(notebook: Any) -> Iterator[str]:
    """Everything that a reader sees below the code, as lines."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            yield f"In cell {cell.id}:"
            data = output.get("data", {"text/plain": output.get("text", "")})
            for kind, content in sorted(data.items()):
                if kind == "text/html" and "image/svg+xml" in data:
                    continue  # the same picture once more
                yield kind
                if kind == "image/svg+xml":
                    yield from sorted(_words_and_shapes(content))
                elif not kind.startswith("image/"):
                    yield from content.splitlines()


def _words_and_shapes(svg: str) -> Iterator[str]:
    for element in ElementTree.fromstring(svg).iter():
        tag = element.tag.rpartition("}")[2]
        if tag not in ("style", "svg", "g"):
            words = f"{tag} {element.get('class', '')} {''.join(element.itertext()).strip()}"
            yield LONG_NUMBER.sub(lambda found: f"{float(found[0]):.9g}", words)


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the notebooks and write their outputs.")
    parser.add_argument("notebooks", nargs="*", type=Path, help="by default all")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if an output is another than before")
    given = parser.parse_args()
    # The kernel finds the packages of this checkout, installed or not.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
    failed = 0
    for path in given.notebooks or sorted(HERE.glob("*.ipynb")):
        try:
            notebook = executed(path)
        except CellExecutionError as error:
            print(f"{path.name}: {error}", file=sys.stderr)
            failed = 1
            continue
        if given.check:
            before, now = ([*shown(n)] for n in (nbformat.read(path, as_version=4), notebook))
            changes = [*difflib.unified_diff(before, now, "committed", "now", n=1, lineterm="")]
            print(
                f"{path.name}: {'other outputs than before' if changes else 'the same outputs as before'}",
                *changes,
                sep="\n",
            )
            failed |= bool(changes)
        else:
            path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
            print(f"{path.name}: written")
    return failed


if __name__ == "__main__":
    sys.exit(main())
