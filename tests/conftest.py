"""How many random examples Hypothesis tries, HYPOTHESIS_PROFILE=ci (default) or nightly; a command line; a browser."""

import os
from importlib.util import find_spec

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


@pytest.fixture
def run_command(capsys, tmp_path, monkeypatch):
    """Runs a command line in an empty directory; gives its exit code and what it printed on either stream."""
    monkeypatch.chdir(tmp_path)

    def run(main, *arguments):
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
        pytest.skip("Playwright is not installed: run `make test-browser`")
    if BROWSER is None:
        pytest.skip("no browser: Chromium is not on the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"], timeout=PATIENCE)
        yield started
        started.close()
