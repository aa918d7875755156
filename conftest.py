"""For every test and doctest: an operation that one of them adds is gone after it."""

from collections.abc import Iterator

import pytest

from autodiff import OPS
from autodiff.row import FLOATS


@pytest.fixture(autouse=True)
def _operations_stay_where_they_are_added() -> Iterator[None]:
    tables = (OPS, FLOATS)
    before = [{*table} for table in tables]
    yield
    for table, names in zip(tables, before, strict=True):
        for name in {*table} - names:
            del table[name]
