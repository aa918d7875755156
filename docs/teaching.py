"""Writes the last section of ``docs/teaching.md`` from what the lessons' texts say of themselves.

``python docs/teaching.py``; each text has its question, minutes, misconceptions and what to show in its front matter.
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/teaching.md"
BELOW = "do not edit below. -->\n"


def lesson(path: Path) -> str:
    """A lesson's section."""
    _, front, text = path.read_text(encoding="utf-8").split("---\n", 2)
    course = yaml.safe_load(front)["course"]
    title = re.search(r"^# (.+)$", text, re.MULTILINE)[1]
    exercises = re.findall(r"^### Exercise [\w.]+: (.+)$", text, re.MULTILINE)
    show = course["show"]
    return "\n".join(
        [
            f"### {path.stem[:2]} {title}",
            "",
            f"*{course['question']}* [{course['minutes']} minutes](../notebooks/{path.stem}.ipynb).",
            "",
            f"**Show:** {show if isinstance(show, str) else ' '.join(show)}",
            "",
            "**What learners believe:**",
            "",
            *[f"- {words}" for words in course["misconceptions"]],
            "",
            f"**Exercises:** {'; '.join(exercises)}.",
            "",
        ]
    )


def page() -> str:
    """All that is in the file: what was written by hand, and a section for each lesson."""
    by_hand = PAGE.read_text(encoding="utf-8").partition(BELOW)[0]
    notebooks = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
    lessons = [lesson(ROOT / "notebooks/text" / f"{path.stem}.md") for path in notebooks]
    return by_hand + BELOW + "\n" + "\n".join(lessons)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
