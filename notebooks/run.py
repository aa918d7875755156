"""Makes the notebooks from their texts: ``python notebooks/run.py`` runs and writes them, ``--check`` compares.

The source of a lesson is ``text/NN_name.md``, Markdown as jupytext reads it; ``NN_name.ipynb`` is the same with
outputs.  Nothing is written that changes from run to run or from machine to machine: no times, no paths, no names.
Cells with the tag ``varies`` show measured times: they keep their outputs for as long as their code stays.

``--check`` compares code and prose with the text, and the outputs of a fresh run with those of the notebook: text word
for word, pictures by the words and shapes in them (where a letter stands depends on the version of Graphviz) with
numbers to 9 digits (the last ones of a trained network depend on the machine), plots, explorer pages and what varies by
their being there.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jupytext
import nbformat
from jupytext.config import load_jupytext_configuration_file
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

HERE = Path(__file__).parent
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
SECONDS = 120  # for a cell
LONG_NUMBER = re.compile(r"\d+\.\d{9,}(e[+-]?\d+)?")


def text_of(path: Path) -> Path:
    """Where the text of a notebook is."""
    return path.parent / "text" / f"{path.stem}.md"


def from_text(path: Path) -> Any:
    """The notebook ``path`` as its text has it: without outputs, every cell with an id."""
    notebook = jupytext.read(text_of(path), fmt="md:myst")
    notebook.metadata = {**deepcopy(METADATA), "course": notebook.metadata["course"]}
    for i, cell in enumerate(notebook.cells, start=1):
        cell.id = f"{path.stem.replace('_', '-')}-{i:02}"
    return notebook


def as_text(notebook: Any) -> str:
    """The text of a notebook as jupytext saves it in JupyterLab."""
    configuration = load_jupytext_configuration_file(str(HERE / "jupytext.toml"))
    saved = nbformat.reads(nbformat.writes(notebook), as_version=4)  # its metadata in the order of a file
    return str(jupytext.writes(saved, fmt="md:myst", config=configuration))


def executed(path: Path) -> Any:
    """The notebook with the outputs that it has now."""
    notebook = from_text(path)
    metadata = deepcopy(notebook.metadata)
    NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],  # not that it listens on this machine
        resources={"metadata": {"path": str(HERE)}},
    ).execute()
    notebook.metadata = metadata
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if "metadata" in output:
                output.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = whole_streams([output for output in cell.outputs if not of_the_first_time(output)])
    return notebook


def of_the_first_time(output: Any) -> bool:
    """What the compiler logs where its machine code is not on the disk yet."""
    return output.get("name") == "stderr" and output.text.startswith("compiling machine code")


def whole_streams(outputs: list[Any]) -> list[Any]:
    """What was printed as one output: a kernel sends it in as many pieces as it happens to take."""
    whole: list[Any] = []
    for output in outputs:
        if whole and output.output_type == "stream" == whole[-1].output_type and output.name == whole[-1].name:
            whole[-1].text += output.text
        else:
            whole.append(output)
    return whole


def varies(cell: Any) -> bool:
    return "varies" in cell.metadata.get("tags", ())


def keep_what_varies(notebook: Any, before: Any) -> None:
    """The outputs that were committed, if all cells that measure times are as before: the figures belong together."""
    now, then = ([cell for cell in found.cells if varies(cell)] for found in (notebook, before))
    if [cell.source for cell in now] == [cell.source for cell in then]:
        for cell, kept in zip(now, then, strict=True):
            cell.outputs = kept.outputs


def written(notebook: Any) -> Iterator[str]:
    """Code and prose, as lines."""
    for cell in notebook.cells:
        yield f"{cell.cell_type} {cell.id} {cell.metadata.get('tags', [])}"
        yield from cell.source.splitlines()


def shown(notebook: Any) -> Iterator[str]:
    """Everything that a reader sees below the code, as lines."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            yield f"In cell {cell.id}:"
            data = output.get("data", {"text/plain": output.get("text", "")})
            for kind, content in sorted(data.items()):
                if kind == "text/html" and ("image/svg+xml" in data or "<iframe" in content):
                    continue  # the same picture once more; or an explorer's page, which has tests of its own
                yield kind
                if kind == "image/svg+xml":
                    yield from sorted(_words_and_shapes(content))
                elif not kind.startswith("image/") and not varies(cell):
                    yield from content.splitlines()


def _words_and_shapes(svg: str) -> Iterator[str]:
    for element in ElementTree.fromstring(svg).iter():
        tag = element.tag.rpartition("}")[2]
        if tag not in ("style", "svg", "g"):
            words = f"{tag} {element.get('class', '')} {''.join(element.itertext()).strip()}"
            yield LONG_NUMBER.sub(lambda found: f"{float(found[0]):.9g}", words)


def changes(before: Any, now: Any) -> list[str]:
    """How the committed notebook differs from its text, or, where these are the same, from a fresh run."""
    for lines, name in ((written, "the text"), (shown, "now")):
        found = [*difflib.unified_diff([*lines(before)], [*lines(now)], "committed", name, n=1, lineterm="")]
        if found:
            return found
    return []


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the notebooks from their texts: run and write them.")
    parser.add_argument("notebooks", nargs="*", type=Path, help="NN_name.ipynb; by default all")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a notebook is another than before")
    given = parser.parse_args()
    # The kernel finds the packages of this checkout, installed or not.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
    failed = 0
    for path in given.notebooks or [HERE / f"{text.stem}.ipynb" for text in sorted(HERE.glob("text/*.md"))]:
        try:
            notebook = executed(path)
        except CellExecutionError as error:
            print(f"{path.name}: {error}", file=sys.stderr)
            failed = 1
            continue
        before = nbformat.read(path, as_version=4) if path.exists() else None
        if given.check:
            found = ["there is none yet"] if before is None else changes(before, notebook)
            print(f"{path.name}: {'another than before' if found else 'the same as before'}", *found, sep="\n")
            failed |= bool(found)
        else:
            if before is not None:
                keep_what_varies(notebook, before)
            text_of(path).write_text(as_text(notebook), encoding="utf-8")
            path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
            print(f"{path.name}: written")
    return failed


if __name__ == "__main__":
    sys.exit(main())
