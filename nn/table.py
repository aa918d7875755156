"""Tables of plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["table"]


def table(header: Sequence[str], rows: Iterable[Sequence[object]], align: str = "") -> str:
    """The columns side by side.

    Args:
        header: the name of each column.
        rows: what stands below.
        align: "l" for each column of words and "r" for each column of numbers; by default the first has words.

    >>> print(table(["of", "loss"], [["training", "0.5"], ["test", "12.25"]]))
    of         loss
    --------  -----
    training    0.5
    test      12.25
    """
    align = align or "l".ljust(len(header), "r")
    lines = [[*header], *[[str(cell) for cell in row] for row in rows]]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join(
            cell.ljust(width) if side == "l" else cell.rjust(width)
            for cell, width, side in zip(line, widths, align, strict=True)
        ).rstrip()
        for line in lines
    )
