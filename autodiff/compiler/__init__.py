"""A recorded graph run over batches of samples: ``autodiff.compile`` and what it is made of.

``graph`` has the graph as arrays, ``lower`` makes instructions of it, ``link`` gives these their machine code, made by
``kernels``, and ``vm`` runs them.  ``source`` writes the same as a text, which ``namespaces`` runs on other kinds of
numbers.  The package is not called ``compile``, for a module of that name would stand in the place of the function.
"""

from .program import Program, compile

__all__ = ["Program", "compile"]
