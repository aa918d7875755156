"""How many Values there are, to see that graphs are freed."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from autodiff import Value, native


@contextmanager
def collector_of_what_is_new() -> Iterator[None]:
    """The collector looks at what is made from here on, and not each time at all that other tests have loaded."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def living_values() -> int:
    """By the count of the node in C, which the collector never sees; in Python, by the collector."""
    if native.node is not None:
        return native.node.living()
    return sum(issubclass(type(x), Value) for x in gc.get_objects())  # isinstance would look behind dead proxies
