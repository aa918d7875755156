"""What every part of a network has in common: its parameters, their names, and its state as plain numbers.

A network of your own is a class with its parts as attributes and a ``__call__``.  This one,

    output = f(w²₁·g₁(w¹₁·x + w¹₂·y) + w²₂·g₂(w¹₃·z + w¹₄·w))

is not fully connected, and has a different activation in each place:

>>> from random import Random
>>> from nn import Neuron
>>> class TwoBranches(Module):
...     def __init__(self, seed):
...         rng = Random(seed)
...         self.g1 = Neuron(2, "tanh", bias=False, rng=rng, index=1)
...         self.g2 = Neuron(2, "softplus", bias=False, rng=rng, index=2)
...         self.f = Neuron(2, "sigmoid", bias=False, rng=rng, layer=2)
...
...     def __call__(self, inputs):
...         x, y, z, w = inputs
...         return self.f([self.g1([x, y]), self.g2([z, w])])
>>> network = TwoBranches(seed=0)
>>> output = network([1.0, 2.0, 3.0, 4.0])
>>> list(network.named_parameters())
['g1.w_11^(1)', 'g1.w_21^(1)', 'g2.w_12^(1)', 'g2.w_22^(1)', 'f.w_11^(2)', 'f.w_21^(2)']

Nor does it take a class: with Values for the weights, the formula is the network.

>>> from autodiff import sigmoid, softplus, tanh
>>> x, y, z, w = 1.0, 2.0, 3.0, 4.0
>>> w1_1, w1_2, w1_3, w1_4, w2_1, w2_2 = [Value(p.data) for p in network.parameters()]
>>> same = sigmoid(w2_1 * tanh(w1_1 * x + w1_2 * y) + w2_2 * softplus(w1_3 * z + w1_4 * w))
>>> abs(same.data - output.data) < 1e-15
True
>>> output.backward(), same.backward()
(None, None)
>>> abs(w1_3.grad - network.g2.w[0].grad) < 1e-15
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autodiff import OperandError, Value
from autodiff.entrance import as_number
from autodiff.pausing import is_grad_enabled
from autodiff.tree import flatten, unflatten

from .errors import ArgumentError, StateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, TypeVar

    AnyModule = TypeVar("AnyModule", bound="Module")

__all__ = ["Module"]


class Module:
    """A part of a network, or all of it: something with parameters that can be called.

    Its parameters are the leaf Values and those of the Modules among its attributes, also in lists, tuples and dicts,
    in the order in which the attributes were set.  Attributes whose names begin with an underscore do not count.  One
    that is found twice, because two parts share it, is one parameter, under its first name.

    Results are no parameters.  Inside ``no_grad()`` they are leaves as well, so a Value that is assigned there to an
    attribute that held no parameter before does not count: build a network outside.

    Attributes:
        training: True at first, and until ``eval()``; Dropout asks for it.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.bias = Value(2.0), Value(1.0)
    ...
    ...     def __call__(self, inputs):
    ...         return self.slope * inputs[0] + self.bias
    >>> line = Line()
    >>> line([3.0]).data, line.state_dict()
    (7.0, {'slope': 2.0, 'bias': 1.0})
    """

    training: bool = True
    _results: frozenset[str] = frozenset()  # the attributes whose Values were assigned inside no_grad()

    def __setattr__(self, name: str, attribute: Any) -> None:
        if not is_grad_enabled():
            if not any(isinstance(part, Value) for path, part in _parts(self) if path.split(".")[0] == name):
                vars(self)["_results"] = self._results | {name}
        elif name in self._results:
            vars(self)["_results"] = self._results - {name}
        super().__setattr__(name, attribute)

    def __call__(self, inputs: Any) -> Any:
        """Apply the module to the list of its inputs, Values or numbers; each kind of module says what it gives."""
        raise NotImplementedError(f"{type(self).__name__} has no __call__ yet: write what it does to its inputs")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.parameters())} parameters)"

    def modules(self) -> list[Module]:
        """This module and all below it, each once, from the first to the last.

        >>> from nn import MLP
        >>> [type(module).__name__ for module in MLP(1, [1]).modules()]
        ['MLP', 'Layer', 'Neuron']
        """
        found: dict[int, Module] = {}
        waiting: list[Module] = [self]
        while waiting:
            module = waiting.pop()
            if id(module) not in found:
                found[id(module)] = module
                waiting += reversed([part for _, part in _parts(module) if isinstance(part, Module)])
        return [*found.values()]

    def named_parameters(self) -> dict[str, Value]:
        """Every parameter by its name, in a fixed order: the attribute, and after a dot the name within that.

        Raises:
            ArgumentError: two parameters have the same name.

        >>> from nn import Layer
        >>> list(Layer(2, 1).named_parameters())
        ['w_11^(1)', 'w_21^(1)', 'b_1^(1)']
        """
        named: dict[str, Value] = {}
        found: set[Value] = set()
        for name, p in self._named():
            if p not in found:
                found.add(p)
                if named.setdefault(name, p) is not p:
                    raise ArgumentError(f"two parameters are named {name}: layers join a Sequential when it is made")
        return named

    def _named(self) -> Iterator[tuple[str, Value]]:
        """Every parameter with its name, as often as it is found."""
        for path, part in _parts(self):
            if isinstance(part, Value):
                yield path, part
            else:
                for name, p in part._named():
                    yield f"{path}.{name}", p

    def parameters(self) -> list[Value]:
        """Every parameter, in the order of ``named_parameters``."""
        return [*dict.fromkeys([p for _, p in self._named()])]

    def weights(self) -> list[Value]:
        """The parameters without the biases, which a penalty on the weights leaves alone.

        A bias is what has the name ``bias`` in ``state_dict``.

        >>> from nn import MLP
        >>> model = MLP(2, [16, 16, 1])
        >>> len(model.parameters()), len(model.weights())
        (337, 304)
        """
        state = self.state_values()
        biases = {*flatten([part for name, part in state.items() if name.rpartition(".")[2] == "bias"])[0]}
        return [p for p in self.parameters() if p not in biases]

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0.0."""
        for p in self.parameters():
            p.grad = 0.0

    def train(self: AnyModule, mode: bool = True) -> AnyModule:
        """Set ``training`` here and below, and return the module itself."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: AnyModule) -> AnyModule:
        """Leave training, as ``train(False)``: Dropout lets everything pass.

        >>> from nn import Dropout
        >>> Dropout(0.5).eval()([1.0, 2.0])
        [1.0, 2.0]
        """
        return self.train(False)

    def config(self) -> dict[str, Any] | None:
        """How to build the same module anew, as JSON can hold it; None where that cannot say it."""
        return None

    def state_values(self) -> dict[str, Any]:
        """The parameters themselves, named and shaped as in ``state_dict``: Values, or nested lists of them."""
        state: dict[str, Any] = {}
        for path, part in _parts(self):
            below = {"": part} if isinstance(part, Value) else part.state_values()
            state |= {f"{path}.{name}" if name else path: values for name, values in below.items()}
        return state

    def state_dict(self) -> dict[str, Any]:
        """All parameters as plain numbers: floats, or nested lists of them, by name.

        Names and shapes are PyTorch's: a layer has ``weight``, of shape (n_outputs, n_inputs), and ``bias``, of shape
        (n_outputs,); those of an MLP are ``layers.0.weight``, ``layers.0.bias``, ``layers.1.weight`` …

        >>> from nn import MLP
        >>> MLP(2, [2, 1], seed=0).state_dict()["layers.1.bias"]
        [0.0]
        """
        values, names_and_shapes = flatten(self.state_values())
        state: dict[str, Any] = unflatten(names_and_shapes, [p.data for p in values])
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set every parameter to what ``state`` holds: nested lists as ``state_dict`` gives them, or arrays.

        Raises:
            StateError: names are missing or unexpected, a shape is wrong, or what should be a number is none.  The
                module is then as it was before.

        >>> from nn import Neuron
        >>> neuron = Neuron(2, "identity")
        >>> neuron.load_state_dict({"weight": [2.0, 3.0], "bias": 1.0})
        >>> neuron([10.0, 100.0]).data
        321.0
        """
        parts = self.state_values()
        missing = [name for name in parts if name not in state]
        unexpected = [name for name in state if name not in parts]
        if missing or unexpected:
            lacks, excess = (", ".join(names) or "nothing" for names in (missing, unexpected))
            raise StateError(f"the state is not that of {self!r}: it lacks {lacks}, and has {excess} in excess")
        for p, number in [pair for name, part in parts.items() for pair in _pairs(name, part, state[name])]:
            p.data = number


def as_list(outputs: Any) -> list[Any]:
    """What a module gave, as a list of outputs: a network with a single one gives it bare."""
    if isinstance(outputs, list):
        return outputs
    return [*outputs] if hasattr(outputs, "__iter__") else [outputs]


def _parts(module: Module) -> Iterator[tuple[str, Any]]:
    """The Modules and leaf Values among the attributes, with the path to each."""
    for name, attribute in vars(module).items():
        if not name.startswith("_"):
            for path, part in _found(name, attribute):
                if isinstance(part, Module) or name not in module._results:
                    yield path, part


def _found(path: str, x: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(x, Module) or (isinstance(x, Value) and x.op is None):
        yield path, x
    elif isinstance(x, (list, tuple, dict)):
        for key, item in x.items() if isinstance(x, dict) else enumerate(x):
            yield from _found(f"{path}.{key}", item)


def _pairs(name: str, part: Any, numbers: Any) -> Iterator[tuple[Value, float]]:
    """Each parameter of ``part`` with its number from ``numbers``, which must have the same shape."""
    if hasattr(numbers, "tolist"):  # a NumPy array, a PyTorch tensor
        numbers = numbers.tolist()
    if isinstance(part, Value):
        if isinstance(numbers, bool):
            raise StateError(f"{name} takes a real number, not bool {numbers}; give 1.0 or 0.0 if that is meant")
        try:
            yield part, as_number(numbers, name)
        except OperandError as error:
            raise StateError(str(error)) from None
    elif not isinstance(numbers, (list, tuple)):
        raise StateError(
            f"{name} has {len(part)} elements in the module, and is a single {type(numbers).__name__} here"
        )
    elif len(part) != len(numbers):
        raise StateError(f"{name} has {len(part)} elements in the module, and {len(numbers)} here")
    else:
        for i, (item, number) in enumerate(zip(part, numbers, strict=True)):
            yield from _pairs(f"{name}[{i}]", item, number)
