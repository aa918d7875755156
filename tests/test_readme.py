"""The README is short and its figures measured; pages that are made from tables and lessons are as these are."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FIGURES = [
    (row[0], figure, page)
    for row in ([cell.strip() for cell in line.strip("|").split("|")] for line in README.splitlines() if "|" in line)
    for page in re.findall(r"\]\((docs/[a-z-]+\.md)\)", row[-1])
    for figure in row[1:-1]
    if re.search(r"\d [µmn]?s", figure)
]


def test_it_is_read_in_a_minute():
    assert len(README.split()) < 1000
    screen = "\n".join(README.splitlines()[:32])
    for needed in ("micrograd", "![", "git clone", "make test", "make demo", "y.grad", "for you if"):
        assert needed in screen


@pytest.mark.parametrize(("row", "figure", "page"), FIGURES)
def test_a_figure_was_measured(row, figure, page):
    assert f" {figure} " in (ROOT / page).read_text(encoding="utf-8")


def test_the_operations_that_peers_get_wrong_are_counted():
    """By the table "What peers get wrong" of docs/accuracy.md: a bare check mark or a dash is no error."""
    accuracy = (ROOT / "docs/accuracy.md").read_text(encoding="utf-8").partition("## What peers get wrong")[2]
    wrong = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in accuracy.splitlines() if line[:3] == "| ∂"
    ]
    right = re.search(r"Right at every point that was compared: (.*?)\.\n", accuracy, flags=re.DOTALL)[1].split("`")[
        1::2
    ]
    jax, pytorch = (sum(row[column] not in ("✓", "–") for row in wrong) for column in (4, 5))
    line = next(line for line in README.splitlines() if line.startswith("| operations with"))
    assert [cell.strip() for cell in line.strip("|").split("|")][1:5] == ["0", "–", str(pytorch), str(jax)]
    assert f"over {len(wrong) + len(right)} operations" in README


def test_the_guide_says_what_the_lessons_say():
    pytest.importorskip("yaml")
    from docs.teaching import PAGE, page

    assert page() == PAGE.read_text(encoding="utf-8"), "run `python docs/teaching.py`"


def test_the_page_of_corner_cases_is_what_the_tests_say():
    pytest.importorskip("mpmath")
    from docs.corners import PAGE, page

    assert page() == PAGE.read_text(encoding="utf-8")
