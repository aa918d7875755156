"""Run the benchmarks and print their tables, as Markdown.

Each runs in a process of its own, so that none pays for what another has loaded.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

TITLES = {
    "engine": "A training step, beside micrograd",
    "expression": "A scalar expression, beside its peers",
    "graph": "What a node costs",
    "imports": "import autodiff",
    "compiled": "A compiled step, beside its peers",
    "cold": "What the first call costs",
    "guards": "What a branch costs in a compiled function",
    "gpt": "A GPT on scalars",
    "layout": "A picture",
    "explorer": "A page of the explorer",
}
DOCS = Path(__file__).parent.parent / "docs"
# Each page that --write makes: the benchmarks on it, and what it begins with.
PAGES = {
    "engine-benchmarks.md": (
        ["engine", "expression", "graph", "imports"],
        """\
# Benchmarks of the engine

Written by `python -m benchmarks --write`; the command above each section prints it alone. Contenders take turns within
one run, so that a slow spell of the machine hits all of them. Times are processor times, ratios are of medians; another
run differs by several per cent.
""",
    ),
    "drawing-benchmarks.md": (
        ["layout"],
        """\
# Benchmarks of pictures

Written by `python -m benchmarks layout --write`.
""",
    ),
    "gpt-benchmarks.md": (
        ["gpt"],
        """\
# Benchmarks of the GPT

Written by `python -m benchmarks gpt --write`. Contenders take turns within one run; ratios are of medians.
""",
    ),
    "benchmarks.md": (
        ["compiled", "cold", "guards"],
        """\
# Benchmarks of compiled programs

Written by `python -m benchmarks compiled cold guards --write`. Contenders take turns within one run, so that a slow
spell of the machine hits all of them; ratios are of medians, and another run differs by several per cent.
""",
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"which to run: {', '.join(TITLES)}; all of them if none is named"
    )
    parser.add_argument("--quick", action="store_true", help="fewer repeats and smaller sizes: rough figures")
    parser.add_argument("--write", action="store_true", help=f"write what they print to docs: {', '.join(PAGES)}")
    wanted = parser.parse_args()
    if unknown := set(wanted.names) - set(TITLES):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(TITLES)}")
    chosen = wanted.names or list(TITLES)
    pages = {page: names for page, (names, _) in PAGES.items() if set(names) <= set(chosen)}
    if wanted.write and (wanted.quick or set(chosen) != {name for names in pages.values() for name in names}):
        parser.error("--write takes all benchmarks of a page, at full length")

    options = ["--quick"] if wanted.quick else []
    sections = {name: run(name, options + ["--write"] * (wanted.write and name == "compiled")) for name in chosen}
    if wanted.write:
        for page, names in pages.items():
            text = PAGES[page][1] + "".join(sections[name] for name in names)
            (DOCS / page).write_text(text, encoding="utf-8")


def run(name: str, options: list[str]) -> str:
    """Run one benchmark, print its section while it comes, and return it."""
    module = f"benchmarks.{name}"
    section = f"\n## {TITLES[name]}\n\n`{' '.join(['python -m', module, *options])}`\n\n"
    print(section, end="", flush=True)
    with subprocess.Popen(
        [sys.executable, "-u", "-m", module, *options], stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            section += line
    if process.returncode:
        sys.exit(process.returncode)
    return section


if __name__ == "__main__":
    main()
