"""Neural networks built from scalar `Value`s: layers, losses, optimisers, data and training."""

from . import activations, errors, init, layers, losses, module, optim, schedules, storage
from .activations import *
from .errors import *
from .init import *
from .layers import *
from .losses import *
from .module import *
from .optim import *
from .storage import *

__all__: list[str] = ["schedules"]
__all__ += activations.__all__
__all__ += errors.__all__
__all__ += init.__all__
__all__ += layers.__all__
__all__ += losses.__all__
__all__ += module.__all__
__all__ += optim.__all__
__all__ += storage.__all__
