"""Neural networks built from scalar `Value`s: layers, losses, optimisers, data and training."""

from . import (
    activations,
    backprop,
    data,
    engine,
    errors,
    film,
    gpt,
    gpt_training,
    handover,
    history,
    init,
    layers,
    losses,
    metrics,
    module,
    naive_cost,
    optim,
    plots,
    prediction,
    schedules,
    storage,
    text,
    train,
)
from .activations import *
from .backprop import *
from .engine import *
from .errors import *
from .film import *
from .gpt import *
from .gpt_training import *
from .handover import *
from .history import *
from .init import *
from .layers import *
from .losses import *
from .module import *
from .naive_cost import *
from .optim import *
from .prediction import *
from .storage import *
from .train import *

__all__: list[str] = ["data", "metrics", "plots", "schedules", "text"]
__all__ += activations.__all__ + backprop.__all__ + engine.__all__ + errors.__all__ + film.__all__ + gpt.__all__
__all__ += gpt_training.__all__ + handover.__all__ + history.__all__ + init.__all__ + layers.__all__
__all__ += losses.__all__ + module.__all__ + naive_cost.__all__ + optim.__all__ + prediction.__all__
__all__ += storage.__all__ + train.__all__
