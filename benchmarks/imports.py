"""`import autodiff` in fresh interpreters: how long it takes, and what it loads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns, rmtree
from tempfile import TemporaryDirectory

from benchmarks.timing import HEADINGS, Times, environment, quick_wanted, say, show_table

PACKAGE = Path(__file__).parent.parent / "autodiff"

# -I keeps the environment out; the path of a copy comes first, so that its bytecode can be had or not at will.
PROGRAM = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
before = set(sys.modules)
start = time.process_time()
import autodiff
seconds = time.process_time() - start
print(json.dumps([seconds, sorted(set(sys.modules) - before)]))
"""


def fresh_import(directory: str, *options: str) -> tuple[float, list[str]]:
    """Seconds that the import takes in a new interpreter, and the modules that it loads."""
    run = subprocess.run(
        [sys.executable, "-I", *options, "-c", PROGRAM, directory], capture_output=True, text=True, check=True
    )
    seconds, modules = json.loads(run.stdout)
    return seconds, modules


def main(quick: bool) -> None:
    print(environment())
    cached, compiled = Times(), Times()
    modules: list[str] = []
    with TemporaryDirectory() as directory:
        copy = Path(directory, "autodiff")
        copytree(PACKAGE, copy, ignore=ignore_patterns("__pycache__"))
        for _ in range(5 if quick else 20):
            rmtree(copy / "__pycache__", ignore_errors=True)
            compiled.seconds.append(fresh_import(directory, "-B")[0])
            fresh_import(directory)  # writes the bytecode
            seconds, modules = fresh_import(directory)
            cached.seconds.append(seconds)
    outside = {name.partition(".")[0] for name in modules} - {"autodiff", *sys.stdlib_module_names}
    say(f"`import autodiff`, {len(cached.seconds)} fresh interpreters each; the target is under 50 ms.")
    show_table(["", *HEADINGS], [["with its bytecode cached", *cached.cells()], ["without", *compiled.cells()]])
    say(
        f"It loads {len(modules)} modules that a bare interpreter has not; outside the standard library: "
        f"{', '.join(sorted(outside)) or 'none'}."
    )


if __name__ == "__main__":
    main(quick_wanted(__doc__))
