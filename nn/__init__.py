"""Neural networks built from scalar `Value`s: layers, losses, optimisers, data and training."""

from . import (
    activations,
    backprop,
    data,
    errors,
    handover,
    init,
    layers,
    losses,
    metrics,
    module,
    naive_cost,
    optim,
    plots,
    schedules,
    storage,
    train,
)
from .activations import *
from .backprop import *
from .errors import *
from .handover import *
from .init import *
from .layers import *
from .losses import *
from .module import *
from .naive_cost import *
from .optim import *
from .storage import *
from .train import *

__all__: list[str] = ["data", "metrics", "plots", "schedules"]
__all__ += activations.__all__
__all__ += backprop.__all__
__all__ += errors.__all__
__all__ += handover.__all__
__all__ += init.__all__
__all__ += layers.__all__
__all__ += losses.__all__
__all__ += module.__all__
__all__ += naive_cost.__all__
__all__ += optim.__all__
__all__ += storage.__all__
__all__ += train.__all__
