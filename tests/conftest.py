"""How many random examples Hypothesis tries, HYPOTHESIS_PROFILE=ci (default) or nightly; a command line; a browser.

And the numbers that lie around the buffers of compiled programs are NaN, so that whoever reads them is found out.
"""

import gc
import os
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from tests.pages import BROWSER, PATIENCE

# `ci` tries the same examples in every run, so that a failure is due to the change, and forgives a slow machine.
settings.register_profile(
    "ci",
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
# `nightly` tries new ones each time, and prints how to reproduce one that fails.
settings.register_profile(
    "nightly",
    max_examples=10_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(autouse=True, scope="session")
def fences():
    """NaN before and behind every buffer of a compiled program."""
    if find_spec("numba") is None:
        yield
        return
    from autodiff.compiler import link, training

    aligned, fence = link.aligned, 4096

    def fenced(size, precision):
        buffer = aligned(size + 2 * fence, precision)
        buffer[:fence] = buffer[fence + size :] = np.nan
        return buffer[fence : fence + size]

    with pytest.MonkeyPatch.context() as patch:
        for module in (link, training):
            patch.setattr(module, "aligned", fenced)
        yield


@pytest.fixture(scope="module")
def collector_of_what_is_new():
    """Python's collector looks at what a module's tests make, and not each time at all that others have loaded."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def run_command(capsys, tmp_path, monkeypatch):
    """Runs a command line in an empty directory; gives its exit code and what it printed on either stream."""
    monkeypatch.chdir(tmp_path)

    def run(main, *arguments):
        for name in {*arguments} & {"folder.html", "folder.json", "folder.svg"}:
            (tmp_path / name).mkdir()  # where a command is told to write a file
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:  # how argparse ends
            code = end.code
        return code, *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def browser():
    """Chromium, driven by Playwright."""
    if find_spec("playwright") is None:
        pytest.skip("Playwright is not installed: `make test-browser`, `make docs` and `make lite` install it")
    if BROWSER is None:
        pytest.skip("no browser: Chromium is not on the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"], timeout=PATIENCE)
        yield started
        started.close()
