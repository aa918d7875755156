"""Scalar reverse-mode automatic differentiation that you can read, see, trust and run fast.

What each module lists in its ``__all__`` and is meant for users stands here under ``autodiff.name``.
"""

from . import diagnose, errors, functions, numeric, transforms
from .diagnose import *
from .errors import *
from .functions import *
from .functions import abs as abs
from .functions import max as max
from .functions import min as min
from .functions import pow as pow
from .functions import round as round
from .functions import sum as sum
from .numeric import *
from .ops import OPS
from .transforms import *
from .value import Value, no_grad, topological_order

__all__ = ["OPS", "Value", "no_grad", "topological_order"]
__all__ += diagnose.__all__
__all__ += errors.__all__
__all__ += functions.__all__
__all__ += numeric.__all__
__all__ += transforms.__all__
