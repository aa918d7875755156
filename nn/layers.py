"""Neurons, layers and networks.

Node j of layer l takes the outputs x_i of layer l-1, and gives x_j = g(S_j) with S_j = Σ w_ij·x_i + b_j.  Layers count
from 1, layer 0 being the input, and so do the nodes of a layer.  In names and pictures the weight from node i of layer
l-1 to node j of layer l is ``w_ij^(l)``; with a comma, ``w_3,12^(2)``, where a number has two digits.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from autodiff import AutodiffError, LengthError, OperandError, Value, dot, native
from autodiff.entrance import as_number
from autodiff.functions import record_dot

from .activations import activation_function, activation_name
from .arguments import at_least_one, number
from .errors import ArgumentError
from .init import generator, initializer
from .module import Module, as_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from random import Random
    from typing import Any

    from .activations import Activation
    from .init import Initializer

__all__ = ["MLP", "Dropout", "Layer", "Neuron", "Sequential"]


class _OfArguments(Module):
    """A module that the arguments of this list build anew; each is an attribute as well."""

    _arguments: tuple[str, ...]

    def __repr__(self) -> str:
        given = [f"{getattr(self, name)!r}" for name in self._arguments if name != "bias"]
        return f"{type(self).__name__}({', '.join(given + ['bias=False'] * (not getattr(self, 'bias', True)))})"

    def config(self) -> dict[str, Any] | None:
        """The arguments of the call that builds the same module."""
        kind = type(self)
        if "_arguments" not in vars(kind):  # a subclass, which may need others
            return None
        found = {name: getattr(self, name) for name in self._arguments}
        found |= {name: activation_name(found[name]) for name in found if name.endswith("activation")}
        return None if None in found.values() else {"kind": kind.__name__, **found}


class Neuron(_OfArguments):
    """A weighted sum and a function of it: two nodes, S = Σ wᵢ·xᵢ + b and x = g(S).

    Args:
        n_inputs: how many inputs it takes, 1 or more.
        activation: g, by its name in ``ACTIVATIONS`` or any function of a Value.  "identity" adds no node: x is S.
        bias: whether there is a b; it starts at 0.
        rng: draws the initial weights, in the order of the inputs; or give a ``seed`` for a generator of its own.
        init: the distribution of the initial weights, by its name in ``INITIALIZERS`` or a function like those.
        seed: in place of ``rng``.
        n_outputs: how many neurons share the inputs, which some initialisers ask for.
        layer: the number of its layer, for the labels.
        index: its number in that layer, for the labels.
        nonlin: as micrograd puts it, in place of an activation: True is "relu" and False "identity".

    Attributes:
        w: the weights, a list of n_inputs Values.
        b: the bias, a Value, or None.
        S: after a call, the node of the weighted sum; after ``backward()`` its ``grad`` is the δ of this neuron.

    Raises:
        ArgumentError: a number is out of its range, a name is unknown, or there are both a seed and an rng.

    >>> neuron = Neuron(2, "tanh", seed=1337)
    >>> [w.data for w in neuron.w]
    [0.23550571390294128, 0.06653114721000164]
    >>> output = neuron([1.0, -2.0])
    >>> neuron.S.label, output.label
    ('S_1^(1)', 'x_1^(1)')
    """

    S: Value
    _arguments = ("n_inputs", "activation", "bias")

    def __init__(
        self,
        n_inputs: int,
        activation: Activation = "tanh",
        bias: bool = True,
        rng: Random | None = None,
        init: str | Initializer = "uniform",
        *,
        seed: int | None = None,
        n_outputs: int = 1,
        layer: int | str = 1,
        index: int = 1,
        nonlin: bool | None = None,
    ) -> None:
        self.n_inputs = at_least_one(n_inputs, "n_inputs")
        self.activation = activation = _named_by(nonlin, activation)
        self._function = activation_function(activation)
        draw, rng = initializer(init), generator(seed, rng)
        self.w = [Value(draw(rng, n_inputs, n_outputs)) for _ in range(n_inputs)]
        self.bias = bool(bias)
        self.b = Value(0.0) if bias else None
        self.relabel(layer, index)

    def relabel(self, layer: int | str, index: int) -> None:
        """Label the parameters, and from the next call on S and x, as those of node ``index`` of ``layer``."""
        node, few = f"{index}^({layer})", range(1, min(self.n_inputs, 9) + 1)
        near = node if index <= 9 else f",{node}"
        self._names = [f"w_{i}{near}" for i in few] + [f"w_{i},{node}" for i in range(10, self.n_inputs + 1)]
        if self.b is not None:
            self._names.append(f"b_{index}^({layer})")
        for name, p in self._named():
            p.label = name
        self._labels = (f"S_{index}^({layer})", f"x_{index}^({layer})")

    def __call__(self, inputs: Iterable[Value | float]) -> Value:
        """The output for n_inputs numbers or Values.

        Raises:
            LengthError: there are more or fewer of them.
            OperandError: one is neither a real number nor a Value, or the activation gave no Value.
            ArgumentError: the activation does not take a Value.
        """
        return self._output(*_read(inputs, self.n_inputs, "a neuron"))

    def _output(self, xs: tuple[Any, ...], numbers: Sequence[float] | None) -> Value:
        S = _weighted_sum(self.w, xs, self.b, numbers)
        S.label, label = self._labels
        vars(self)["S"] = S  # what self.S = S does, but past Module.__setattr__, which takes longer
        try:
            x: Value = self._function(S)
        except AutodiffError:
            raise
        except TypeError as error:
            raise ArgumentError(
                f"the activation {self.activation!r} does not take a Value ({error}); give a name of ACTIVATIONS, or a "
                "function made of those of autodiff"
            ) from error
        try:
            if not x.label:  # identity gives S itself
                x.label = label
        except AttributeError:
            raise OperandError(f"an activation gives a Value, not {type(x).__name__}: {self.activation!r}") from None
        return x

    def __getstate__(self) -> dict[str, Any]:
        """A copy or a pickle holds the neuron, not the graph of its last call."""
        return {name: attribute for name, attribute in vars(self).items() if name != "S"}

    def _named(self) -> Iterator[tuple[str, Value]]:
        """The weights w_1j^(l), w_2j^(l) and so on, and the bias b_j^(l)."""
        return zip(self._names, self.w if self.b is None else [*self.w, self.b], strict=True)

    def state_values(self) -> dict[str, Any]:
        """``weight``, of shape (n_inputs,), and ``bias``, a single Value."""
        return {"weight": self.w} if self.b is None else {"weight": self.w, "bias": self.b}


class Layer(_OfArguments):
    """Neurons side by side, all with the same inputs.

    Args:
        n_inputs: how many inputs each neuron takes.
        n_outputs: how many neurons there are.
        activation, bias, rng, init, seed, nonlin: those of every Neuron; weights are drawn neuron by neuron.
        number: which layer of the network it is, for the labels, which may be a name as well; a Sequential sets it.

    Attributes:
        neurons: the list of them.

    Raises:
        ArgumentError: as for a Neuron.

    >>> layer = Layer(3, 2, "relu", seed=0)
    >>> len(layer([1.0, 2.0, 3.0]))
    2
    """

    _arguments = ("n_inputs", "n_outputs", "activation", "bias")

    def __init__(
        self,
        n_inputs: int,
        n_outputs: int,
        activation: Activation = "tanh",
        bias: bool = True,
        rng: Random | None = None,
        init: str | Initializer = "uniform",
        *,
        seed: int | None = None,
        number: int | str = 1,
        nonlin: bool | None = None,
    ) -> None:
        self.n_inputs = at_least_one(n_inputs, "n_inputs")
        self.n_outputs = at_least_one(n_outputs, "n_outputs")
        self.activation = activation = _named_by(nonlin, activation)
        self.bias = bias
        rng = generator(seed, rng)
        self.number = number
        self.neurons = [
            Neuron(n_inputs, activation, bias, rng, init, n_outputs=n_outputs, layer=number, index=j)
            for j in range(1, self.n_outputs + 1)
        ]

    def relabel(self, number: int | str) -> None:
        """Label all parameters as those of layer ``number``, which may be a name as well."""
        self.number = number
        for j, neuron in enumerate(self.neurons, 1):
            neuron.relabel(number, j)

    def __call__(self, inputs: Iterable[Value | float]) -> list[Value]:
        """The outputs of the n_outputs neurons for n_inputs numbers or Values.

        Raises:
            LengthError: there are more or fewer inputs.
            OperandError: one is neither a real number nor a Value.
        """
        xs, numbers = _read(inputs, self.n_inputs, f"layer {self.number}")
        return [neuron._output(xs, numbers) for neuron in self.neurons]

    def _named(self) -> Iterator[tuple[str, Value]]:
        """Neuron by neuron: w_11^(l), w_21^(l) to b_1^(l), then w_12^(l), w_22^(l) to b_2^(l), and so on."""
        for neuron in self.neurons:
            yield from neuron._named()

    def state_values(self) -> dict[str, Any]:
        """``weight``, of shape (n_outputs, n_inputs), and ``bias``, of shape (n_outputs,)."""
        weight = {"weight": [neuron.w for neuron in self.neurons]}
        return weight | {"bias": [neuron.b for neuron in self.neurons]} if self.bias else weight


class Sequential(Module):
    """Modules one after the other: the outputs of each are the inputs of the next.

    The Layers among them are numbered from 1, in their labels and in the names of their parameters.

    Attributes:
        layers: the list of the modules.

    Raises:
        ArgumentError: one of them is no Module.

    >>> model = Sequential(Layer(2, 4, "tanh"), Dropout(0.1), Layer(4, 1, "identity"))
    >>> list(model.named_parameters())[-1], list(model.state_dict())[-1]
    ('b_1^(2)', 'layers.2.bias')
    """

    def __init__(self, *modules: Module) -> None:
        for module in modules:
            if not isinstance(module, Module):
                raise ArgumentError(
                    f"a Sequential takes Modules, not {type(module).__name__}; unpack a list of them, as in "
                    "Sequential(*layers), and make a function the __call__ of a Module or the activation of a Layer"
                )
        self.layers = [*modules]
        layers = [module for module in self.modules() if isinstance(module, Layer)]
        for place, layer in enumerate(layers, 1):
            layer.relabel(place)

    def __call__(self, inputs: Iterable[Value | float]) -> Any:
        """The outputs of the last module in a list, or, as in micrograd, the output itself if there is only one."""
        xs: Any = inputs
        for module in self.layers:
            xs = as_list(module(xs))
        xs = as_list(xs)  # where there is no module
        return xs[0] if len(xs) == 1 else xs

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.layers))})"

    def config(self) -> dict[str, Any] | None:
        """How to build each module."""
        configs = [module.config() for module in self.layers]
        return None if type(self) is not Sequential or None in configs else {"kind": "Sequential", "layers": configs}

    def _named(self) -> Iterator[tuple[str, Value]]:
        """Those of the Layers are w_ij^(l) and b_j^(l); a module of another kind comes with its path, layers.0 say."""
        for i, module in enumerate(self.layers):
            path = "" if isinstance(module, (Layer, Sequential)) else f"layers.{i}."
            for name, p in module._named():
                yield path + name, p


class MLP(_OfArguments, Sequential):
    """A multilayer perceptron: fully connected layers.

    Args:
        n_inputs: how many inputs it takes.
        sizes: how many neurons each layer has, the last being the output.
        activation: that of the hidden layers.
        output_activation: that of the last layer.
        bias, seed, rng, init: those of every Neuron; weights are drawn layer by layer, neuron by neuron.

    Attributes:
        layers: a list of Layers.

    Raises:
        ArgumentError: as for a Neuron, or there is no layer.

    >>> model = MLP(2, [16, 16, 1], seed=1337)  # micrograd's demo
    >>> model
    MLP(2, [16, 16, 1], 'relu', 'identity')
    >>> len(model.parameters()), model([1.0, 2.0]).label  # one output is a Value, several are a list of them
    (337, 'S_1^(3)')
    """

    _arguments = ("n_inputs", "sizes", "activation", "output_activation", "bias")

    def __init__(
        self,
        n_inputs: int,
        sizes: Iterable[int],
        activation: Activation = "relu",
        output_activation: Activation = "identity",
        bias: bool = True,
        seed: int | None = None,
        rng: Random | None = None,
        init: str | Initializer = "uniform",
    ) -> None:
        try:
            *hidden, n_outputs = sizes
        except (TypeError, ValueError):
            raise ArgumentError(f"sizes is the list of the sizes of all layers, like [16, 1], not {sizes!r}") from None
        rng = generator(seed, rng)
        activation_function(activation)  # refuses a wrong name also where there is no hidden layer to use it
        self.activation, self.output_activation, self.bias = activation, output_activation, bias
        activations = [*[activation] * len(hidden), output_activation]
        edges = zip(pairwise([n_inputs, *hidden, n_outputs]), activations, strict=True)
        layers = [Layer(n, m, g, bias, rng, init) for (n, m), g in edges]
        super().__init__(*layers)
        self.n_inputs, self.sizes = layers[0].n_inputs, [layer.n_outputs for layer in layers]


class Dropout(_OfArguments):
    """Sets each input to 0 with probability p in training, and lets everything pass in evaluation.

    What remains is multiplied by 1/(1 - p), so that the expected value stays the same.

    Args:
        p: from 0 on, and less than 1.
        rng: decides; or give a ``seed``.
        seed: in place of ``rng``.

    Attributes:
        rng: the generator that decides.
        seeded: whether it was given, or a seed; where not, ``rng`` may be replaced to make a training reproducible.

    Raises:
        ArgumentError: p is out of its range, or there are both a seed and an rng.

    Source: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, *Dropout* (2014), in the inverted form of
    PyTorch.

    >>> Dropout(0.5, seed=0)([1.0, 2.0, 3.0])
    [2.0, 4.0, 0.0]
    """

    _arguments = ("p",)

    def __init__(self, p: float, rng: Random | None = None, *, seed: int | None = None) -> None:
        self.p = number(p, "the probability p of a Dropout", "a number from 0 on and less than 1", below=1.0)
        self.seeded = seed is not None or rng is not None
        self.rng = generator(seed, rng)

    def __call__(self, inputs: Iterable[Value | float]) -> list[Value | float]:
        """As many outputs as inputs; a Value for each Value, a number for each number."""
        if not self.training:
            return [*inputs]
        scale = 1 / (1 - self.p)
        return [x * (scale if self.rng.random() >= self.p else 0.0) for x in inputs]


def _named_by(nonlin: bool | None, activation: Activation) -> Activation:
    """The activation that micrograd means by ``nonlin``, or that which was given without it."""
    if nonlin is None:
        return activation
    if activation != "tanh":  # the default
        raise ArgumentError(f"give an activation or nonlin, not both: {activation!r} and nonlin={nonlin!r}")
    return "relu" if nonlin else "identity"


def _read(inputs: Iterable[Value | float], n: int, what: str) -> tuple[tuple[Any, ...], Sequence[float] | None]:
    """The n inputs of ``what``, and their numbers if all are Values or all are floats, as is mostly so."""
    try:
        xs: tuple[Any, ...] = tuple(inputs)
    except TypeError:
        raise OperandError(f"{what} takes a list of {n} numbers or Values, not {type(inputs).__name__}") from None
    if len(xs) != n:
        raise LengthError(f"{what} takes {n} inputs, not {len(xs)}")
    kinds = set(map(type, xs))
    if not kinds <= {Value, float}:
        xs = tuple([x if isinstance(x, Value) else as_number(x, what) for x in xs])
        kinds = set(map(type, xs))
    if kinds == {Value}:
        return xs, [x._data for x in xs]
    return xs, xs if kinds == {float} else None


def _weighted_sum(w: list[Value], xs: tuple[Any, ...], b: Value | None, numbers: Sequence[float] | None) -> Value:
    """What ``dot(w, xs, b)`` records.

    All neurons of a layer have the same inputs, and what these are is found out once for all of them, where ``dot``
    would look at every operand of every neuron; in C that takes no time.
    """
    if numbers is None or native.node is not None:
        S: Value = dot(w, xs, b)
        return S
    return record_dot(w, [p._data for p in w], xs, numbers, b)
