"""The published cases in tests/data, and how near to an exact figure counts as right."""

import json
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parent / "data"


def load(name: str) -> Any:
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def assert_exact(ours: Any, exact: Any, tolerance: float = 1e-13) -> None:
    """Every figure (a number, a vector, a matrix) is within ``tolerance`` of the largest one."""
    wanted = np.asarray(exact, dtype=float)  # the files spell exact figures as text with 18 digits or more
    np.testing.assert_allclose(np.asarray(ours, dtype=float), wanted, rtol=0, atol=tolerance * np.abs(wanted).max())
