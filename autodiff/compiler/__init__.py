"""A recorded graph run over batches of samples: ``autodiff.compile`` and what it is made of.

``recording`` has the graph as arrays, ``lower`` makes flat programs of it, ``vm`` runs them with the machine code of
``kernels``; ``source`` writes the same as a text, which ``namespaces`` runs on other kinds of numbers.  The package is
not called ``compile``, for a module of that name would stand in the place of the function.
"""

from .program import Program, compile

__all__ = ["Program", "compile"]
