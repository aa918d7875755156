"""The unit tests of the explorer's script, which Node runs."""

import subprocess
from pathlib import Path

from tests.explored import NODE, in_node


@in_node
def test_units():
    folder = Path(__file__).parent / "script"
    run = subprocess.run([NODE, "--test"], cwd=folder, capture_output=True, encoding="utf-8", check=False, timeout=120)
    assert run.returncode == 0, run.stdout[-3000:]
