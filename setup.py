"""The node in C, where it can be built; all else about the package is in pyproject.toml.

What is built is optional: without a compiler the package is the one without it.  PyPy, browsers and free-threaded
Python take that one too.
"""

import os
import platform
import sys
import sysconfig
from glob import glob

from setuptools import Extension, setup

WANTED = (
    platform.python_implementation() == "CPython"
    and sys.platform not in ("emscripten", "wasi")
    and not sysconfig.get_config_var("Py_GIL_DISABLED")
    and os.environ.get("AUTODIFF_PURE", "0") in ("", "0")
)
NODE = Extension(
    "autodiff._node",
    ["autodiff/_node.c"],
    depends=sorted(glob("autodiff/node/*.h")),  # what it includes
    py_limited_api=True,  # from Python 3.10 on, as _node.c says
    optional=True,
    # A product added to a sum is rounded first, as in Python.  (For Microsoft's compiler _node.c says so itself.)
    extra_compile_args=[] if sys.platform == "win32" else ["-ffp-contract=off"],
)

setup(
    ext_modules=[NODE] if WANTED else [],
    options={"bdist_wheel": {"py_limited_api": "cp310"}} if WANTED else {},
)
