"""``import ready`` is the first cell of a lesson: it says that all is there, or what is missing and how to get it."""

import sys
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLOTS = {"numpy": "numpy", "matplotlib": "matplotlib", "sklearn": "scikit-learn"}  # of the lessons with data and plots


def remedy() -> str:
    """The one command that installs what the lessons need, to be typed into a terminal."""
    wheels = sorted(HERE.glob("scalar_autodiff-*.whl"))
    source = wheels[-1] if wheels else HERE.parent if (HERE.parent / "pyproject.toml").exists() else "scalar-autodiff"
    return f'"{sys.executable}" -m pip install "{source}[notebook,train,draw,compile]"'


def missing() -> str:
    """What keeps the lessons from running, in a sentence; empty if nothing does."""
    if sys.version_info < (3, 10):  # noqa: UP036 (a student may have any)
        return f"This is Python {sys.version_info[0]}.{sys.version_info[1]}, and the course needs 3.10 or newer."
    if find_spec("autodiff") is None:
        return "The engine is not installed."
    import autodiff

    if not hasattr(autodiff, "explore"):
        return f"This is another package of the name autodiff: {autodiff.__file__}."
    return ""


invalidate_caches()  # what was installed since this Python started counts too
problem = missing()
if problem:  # an error, so that the import is tried again when the cell is run again
    raise ImportError(f"{problem} In a terminal:\n\n    {remedy()}\n\nThen run this cell again.")
absent = [package for module, package in PLOTS.items() if find_spec(module) is None]
if absent and sys.platform != "emscripten":  # a browser's Python fetches them when they are imported
    print(f"ready, but from lesson 04 on you also need {', '.join(absent)}. In a terminal:\n\n    {remedy()}")
else:
    print("ready")
