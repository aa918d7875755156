"""Tables of numbers and categories in CSV files, as data sets; and how the same is made of the next file.

>>> table = parse(["size,colour,price", "1.5,red,3", "2,blue,5"], "shop.csv")
>>> columns = Columns.of(table, "price")
>>> data = columns.dataset(table)
>>> data.features, data.X, data.y
(['size', 'colour=blue', 'colour=red'], [[1.5, 0.0, 1.0], [2.0, 1.0, 0.0]], [3.0, 5.0])
>>> columns.samples(parse(["colour,size", "red,7"], "new.csv"))
[[7.0, 0.0, 1.0]]
>>> columns.samples(parse(["colour,size", "green,7"], "new.csv"))
Traceback (most recent call last):
    ...
nn.errors.FileFormatError: new.csv, line 2, column 'colour': 'green' is not one of its categories, blue, red
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import datetime
from math import inf, isfinite, isnan, nan
from typing import TYPE_CHECKING

from autodiff import LengthError

from .arguments import file_at, named, unknown_name
from .data import Dataset
from .errors import ArgumentError, FileFormatError
from .losses import LOSSES
from .metrics import predicted_classes, threshold_of

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from typing import Any

__all__ = ["Column", "Columns", "Table", "parse", "read"]

TASKS = ("classification", "regression")
MOST_CATEGORIES = 50
_MISSING = ("", "na", "n/a", "nan", "nat", "none", "null", "?")


@dataclass(frozen=True)
class Table:
    """The cells of a file, as texts.

    Attributes:
        name: of the file.
        header: the names of the columns.
        rows: the cells of each line below.
        lines: for each row the number of its line in the file, for errors.
    """

    name: str
    header: list[str]
    rows: list[list[str]]
    lines: list[int]

    def column(self, name: str) -> list[str]:
        """The cells of the column of that name.

        Raises:
            FileFormatError: there is none.
        """
        if name not in self.header:
            raise FileFormatError(f"{self.name}: {unknown_name('column', name, self.header)}")
        j = self.header.index(name)
        return [row[j] for row in self.rows]

    def wrong(self, i: int, name: str, what: str) -> FileFormatError:
        """An error for the cell of row i in the column of that name."""
        return FileFormatError(f"{self.name}, line {self.lines[i]}, column {name!r}: {what}")


def read(path: str | os.PathLike[str]) -> Table:
    """The table in a file: UTF-8, a header, then a row each line; separated by commas, semicolons or tabs.

    Raises:
        FileFormatError: it is no such table; the error names the line.
        PathError: an OSError, where the file cannot be read; ``MissingPath``, where there is none.
    """
    path = file_at(path, "read")
    try:
        with named(path), path.open(encoding="utf-8-sig", newline="") as file:
            return parse(file, str(path))
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{path} is no text in UTF-8: {error.reason} at byte {error.start}") from None


def parse(lines: Iterable[str], name: str) -> Table:
    """The table in the lines of a text; ``name`` is what errors call it.

    Raises:
        FileFormatError: they are no table.
    """
    first, *rest = _cells(lines, name) or [(1, [])]
    header = [cell.strip() for cell in first[1]]
    for j, title in enumerate(header):
        if not title or title in header[:j]:
            given = f"{title!r} stands there twice" if title else f"column {j + 1} has no name"
            raise FileFormatError(f"{name}, line {first[0]}: the first line names the columns, and {given}")
    if not rest:
        raise FileFormatError(f"{name} has no rows: a table is a line with the names of the columns, and rows below")
    for line, cells in rest:
        if len(cells) != len(header):
            raise FileFormatError(f"{name}, line {line}: it has {len(cells)} cells, and the header names {len(header)}")
    return Table(name, header, [[cell.strip() for cell in cells] for _, cells in rest], [line for line, _ in rest])


def _cells(lines: Iterable[str], name: str) -> list[tuple[int, list[str]]]:
    """The cells of each line that is not empty, with the number of the line."""
    text = [*lines]
    separator = max(",;\t", key=text[0].count) if text else ","
    reader = csv.reader(text, delimiter=separator, strict=True)
    try:
        return [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as error:
        raise FileFormatError(f"{name}, line {reader.line_num}: {error}") from None


@dataclass(frozen=True)
class Column:
    """A column of a table that is of numbers, or of these categories."""

    name: str
    categories: list[str] | None = None

    @classmethod
    def of(cls, table: Table, name: str, numbers: bool | None = None) -> Column:
        """What the column of that name is; ``numbers`` says what it shall be, else most of its cells say.

        Raises:
            FileFormatError: a cell is neither; or the texts are too many for categories.
        """
        cells = table.column(name)
        for i, cell in enumerate(cells):
            if cell.lower() in _MISSING:
                raise table.wrong(i, name, f"{cell!r} is a missing cell; fill it in, or leave the row or column out")
        if numbers is None:
            numbers = 2 * sum(_number(cell) is not None for cell in cells) > len(cells)
        if numbers:
            return cls(name)
        if all(map(_is_date, cells)):
            raise table.wrong(0, name, f"{cells[0]!r} is a date; make a number of it, or leave the column out")
        categories = sorted(set(cells), key=_in_order)
        if len(categories) > MOST_CATEGORIES:
            raise FileFormatError(
                f"{table.name}, column {name!r}: {len(categories)} different texts, {cells[0]!r:.60} in line "
                f"{table.lines[0]}, are more than {MOST_CATEGORIES} categories; leave the column out"
            )
        return cls(name, categories)

    @property
    def features(self) -> list[str]:
        """The name of each number that a cell becomes."""
        return [self.name] if self.categories is None else [f"{self.name}={text}" for text in self.categories]

    def read(self, table: Table) -> list[list[float]]:
        """Each cell as its number, or one-hot: 1 for its category, 0 for the others.

        Raises:
            FileFormatError: a cell is no number, or none of the categories; or there is no such column.
        """
        if self.categories is not None:
            places = self.places(table)
            return [[float(j == place) for j in range(len(self.categories))] for place in places]
        return [[number] for number in self.numbers(table)]

    def numbers(self, table: Table) -> list[float]:
        """Each cell as a number."""
        found = []
        for i, cell in enumerate(table.column(self.name)):
            number = _number(cell)
            if number is None:
                what = "is a missing cell" if cell.lower() in _MISSING else "is no number, in a column of numbers"
                raise table.wrong(i, self.name, f"{cell!r} {what}")
            if not isfinite(number):
                raise table.wrong(i, self.name, f"{cell!r} is infinite or too large for a number")
            found.append(number)
        return found

    def places(self, table: Table) -> list[int]:
        """For each cell the place of its category."""
        places = {text: j for j, text in enumerate(self.categories or [])}
        cells = table.column(self.name)
        for i, cell in enumerate(cells):
            if cell not in places:
                known = ", ".join(places)
                raise table.wrong(i, self.name, f"{cell!r} is not one of its categories, {known:.200}")
        return [places[cell] for cell in cells]


@dataclass(frozen=True)
class Columns:
    """How samples and targets are made of the columns of a table.

    Attributes:
        features: what goes into a sample, in order: a number, or categories one-hot.
        target: what is to be predicted: a number, or one of the classes.
    """

    features: list[Column]
    target: Column

    @classmethod
    def of(cls, table: Table, target: str, task: str | None = None, ignore: Iterable[str] = ()) -> Columns:
        """What the columns of the table are, by what stands in them.

        Args:
            table: the samples to learn from.
            target: the column to predict.
            task: "classification" or "regression"; by default the one for texts, the other for numbers.
            ignore: columns to leave out.

        Raises:
            ArgumentError: the task is neither; or the target is to be left out.
            FileFormatError: a column is missing, or holds what is neither number nor category; or all are left out.
        """
        if task is not None and task not in TASKS:
            raise unknown_name("task", task, TASKS)
        goal = Column.of(table, target, numbers=None if task is None else task == "regression")
        if goal.categories is not None and len(goal.categories) < 2:
            raise table.wrong(
                0, target, f"every row has the class {goal.categories[0]!r}, and nothing is to be learned"
            )
        goal.read(table)
        ignored = {*ignore}
        left_out = {target, *ignored}
        if target in ignored:
            raise ArgumentError(f"{target!r} is the column to predict, and cannot be one to ignore")
        for name in left_out:
            table.column(name)
        features = [Column.of(table, name) for name in table.header if name not in left_out]
        if not features:
            raise FileFormatError(f"{table.name}: beside the target {target!r} there is no column to learn from")
        return cls(features, goal)

    def samples(self, table: Table) -> list[list[float]]:
        """The samples of a table, whose columns may stand in any order, among others.

        Raises:
            FileFormatError: a column is missing, or a cell is not what it was in the table of the training.
        """
        parts = [column.read(table) for column in self.features]
        return [[number for part in row for number in part] for row in zip(*parts, strict=True)]

    def dataset(self, table: Table) -> Dataset:
        """Samples and targets of a table that has them."""
        classes = self.target.categories
        targets = self.target.numbers(table) if classes is None else self.target.places(table)
        features = [name for column in self.features for name in column.features]
        return Dataset(table.name, self.samples(table), [*targets], features, classes or [])

    def predictions(self, outputs: list[list[float]], loss: str) -> list[Any]:
        """The number or the class that each output of a network means, trained with the loss of that name.

        Raises:
            LengthError: there are not as many outputs as the target needs.
        """
        classes = self.target.categories
        wanted = {1} if classes is None else {len(classes)} | ({1} if len(classes) == 2 else set())
        if {len(o) for o in outputs} - wanted:
            raise LengthError(f"column {self.target.name!r} needs {min(wanted)} outputs, not {len(outputs[0])}")
        if classes is None:
            return [o for (o,) in outputs]
        threshold = threshold_of(LOSSES[loss]) if loss in LOSSES else 0.0
        return [classes[c] for c in predicted_classes(outputs, threshold)]

    def to_json(self) -> str:
        """The same as a text, for the metadata of a saved network."""
        target = [self.target.name, self.target.categories]
        return json.dumps({"features": [[c.name, c.categories] for c in self.features], "target": target})

    @classmethod
    def from_json(cls, text: str) -> Columns:
        """What ``to_json`` wrote.

        Raises:
            FileFormatError: it is something else.
        """
        try:
            found = json.loads(text)
            *features, target = [_column(*pair) for pair in [*found["features"], found["target"]]]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise FileFormatError(f"these are no columns of a table: {text!r:.60}") from None
        return cls(features, target)


def _column(name: object, categories: object) -> Column:
    texts = categories if isinstance(categories, list) else []
    if not isinstance(name, str) or not (categories is None or texts) or not all(isinstance(x, str) for x in texts):
        raise TypeError("a column is a name, and None or a list of texts")
    return Column(name, texts or None)


def _number(cell: str) -> float | None:
    """The number that a cell holds; None for a text, and for nan, which is a missing cell."""
    try:
        number = nan if "_" in cell else float(cell)
    except ValueError:
        return None
    return None if isnan(number) else number


def _is_date(cell: str) -> bool:
    try:
        datetime.fromisoformat(cell)
    except ValueError:
        return False
    return True


def _in_order(text: str) -> tuple[float, str]:
    """Numbers by their size, then texts by their letters."""
    number = _number(text)
    return (inf if number is None else number), text
