"""For every test and doctest: an operation that one of them adds is gone after it."""

from collections.abc import Iterator

import pytest

from autodiff import OPS
from autodiff.row import FLOATS


@pytest.fixture(autouse=True)
def _operations_stay_where_they_are_added() -> Iterator[None]:
    before = {*OPS}
    yield
    for name in {*OPS} - before:
        del OPS[name], FLOATS[name]
