"""What a program costs before it has run once: in fresh interpreters, without machine code on the disk and with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.timing import HEADINGS, Times, environment, quick_wanted, say, show_table

ROOT = Path(__file__).parent.parent
LIMIT = 2.0  # seconds, with an empty cache

PROGRAMS = {
    "x·y + tanh(x)": "side = lambda: ad.compile(x * y + ad.tanh(x), [x], [y]).value_and_grad([1.0, 2.0])",
    "micrograd's demo, by sample": """
from benchmarks.compiled import OURS, our_network, task_of
side = our_network(task_of("demo"), 1)[OURS].step""",
    "micrograd's demo as a loop, in + and *": """
from benchmarks.compiled import our_loop, task_of
side = our_loop(task_of("loop"), 1).step""",
    "a GPT of 4,192 parameters on one name": """
from benchmarks import peer_gpt
from benchmarks.compiled import our_graph
side = our_graph(peer_gpt.gpt(peer_gpt.names(1, [6])), 1)[0].step""",
}
# Imports count, recording does not.
TIMED = """
import json, time
start = time.process_time()
import autodiff as ad
imported = time.process_time() - start
x, y = ad.Value(3.0), ad.Value(4.0)
{program}
start = time.process_time()
side()
print(json.dumps(imported + time.process_time() - start))
"""


def first_call(program: str, cache: str, byte_code: str) -> float:
    """Seconds of the processor from the import of autodiff to the first result, without the recording of the graph."""
    return float(json.loads(_run(TIMED.format(program=PROGRAMS[program]), cache, byte_code).splitlines()[-1]))


def _run(text: str, cache: str, byte_code: str) -> str:
    """What a fresh interpreter prints, which has Python's byte code as pip leaves it behind an installation."""
    places = {"XDG_CACHE_HOME": cache, "PYTHONPYCACHEPREFIX": byte_code, "PYTHONDONTWRITEBYTECODE": ""}
    run = subprocess.run(
        [sys.executable, "-c", text], env=os.environ | places, capture_output=True, text=True, check=True, cwd=ROOT
    )
    return run.stdout


def main(quick: bool) -> None:
    print(environment(["numba", "llvmlite", "numpy"]))
    say(
        "Processor time from `import autodiff` to the first value and gradient, in fresh interpreters; the graph is "
        "recorded outside the time, and Python's byte code is there, as pip makes it. With an empty cache the limit "
        f"is {LIMIT:g} s."
    )
    rows = []
    with TemporaryDirectory() as byte_code:
        _run("import autodiff.compiler.runner", byte_code, byte_code)
        for program in PROGRAMS:
            empty, full = Times(), Times()
            for _ in range(1 if quick else 5):
                with TemporaryDirectory() as cache:
                    empty.seconds.append(first_call(program, cache, byte_code))
                    full.seconds.append(first_call(program, cache, byte_code))
            rows.append([program, "empty", *empty.cells(), f"≤ {LIMIT:g} s"])
            rows.append(["", "full", *full.cells(), ""])
    show_table(["first call", "cache", *HEADINGS, "limit"], rows)


if __name__ == "__main__":
    main(quick_wanted(__doc__))
