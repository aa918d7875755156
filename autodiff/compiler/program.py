"""``autodiff.compile``: a graph that was recorded once, run over many samples, forward and back."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from math import isfinite
from operator import index
from threading import Lock
from typing import TYPE_CHECKING, Any

try:
    import numpy as np

    from .columns import as_column
    from .portable import Portable
    from .traces import Branches, as_node, checked_against, joined, record, way_of
    from .train import train
except ImportError:  # compile() says so
    np = None  # type: ignore[assignment]

from ..comparing import Truth
from ..entrance import as_number
from ..errors import CompileError, LengthError, MissingDependency, OperandError, VerificationError
from ..pausing import recording
from ..transforms import gradients
from ..value import Value
from .availability import attempt, obstacle, open_in_children
from .indices import check_indices, indices
from .namespaces import build
from .source import write_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Literal

    from numpy.typing import ArrayLike, NDArray

    from .frozen import Frozen
    from .traces import Way
    from .update import Optimizer

    Numbers = NDArray[np.float64]

__all__ = ["Program", "compile", "cores"]


def compile(
    output: Value | Sequence[Value] | Callable[..., Any],
    inputs: Iterable[Value] = (),
    parameters: Iterable[Value] = (),
    *,
    precision: Literal["float64", "float32"] = "float64",
    engine: Literal["auto", "machine", "source"] = "auto",
) -> Program:
    """Compile a graph for columns of samples: what was recorded for one sample runs on many.

    A function is traced: every truth value that it takes from a Value, in an ``if``, ``while``, ``max`` or ``sorted``,
    is checked for each sample, and for samples that branch another way the function is recorded anew.  A graph alone is
    what was recorded: a Python ``if`` took one branch then, and the program takes the same for every sample, while
    ``where(x > 0, …)``, ``maximum``, ``relu`` and the like choose anew for each.  ``Program.verify`` compares samples
    with a fresh recording.

    Args:
        output: the Value to compute, or a list of them; or a function of numbers, which is recorded on first use, for
            the first sample given.
        inputs: the Values that have a number of their own in each sample, in the order of the columns.
        parameters: the Values that are the same for all samples; their ``data`` is read at each call.  All other
            leaves are constants, as they are when ``compile`` is called.
        precision: that of the work on samples; sums over samples and what is done once in a call are in float64.
        engine: "machine" runs machine code and takes numba, "source" the text of ``Program.source()`` under NumPy;
            "auto" takes the first where numba is installed, and the second, with a warning that says why, where
            numba turns out to be of no use.

    Raises:
        OperandError: one of the arguments is not what it should be, or a Value is both input and parameter.
        CompileError: in a call, if a function takes too many ways through its branches; it names the line.
        MissingDependency: NumPy, or for "machine" numba, is not installed or cannot be imported.
        CompileError: for "machine" numba is switched off, or cannot compile here.

    >>> from autodiff import Value, sin
    >>> x, y = Value(1.0), Value(3.0)
    >>> program = compile(x * sin(y), inputs=[x], parameters=[y])
    >>> [round(float(z), 3) for z in program([1.0, 2.0, 4.0])]
    [0.141, 0.282, 0.564]
    >>> value, gradient = program.value_and_grad([1.0, 2.0, 4.0])
    >>> round(value, 3), [round(float(d), 3) for d in gradient]
    (0.329, [-2.31])
    >>> compile(lambda x: x * x if x > 0 else -x)([-1.0, 3.0])
    array([1., 9.])
    """
    if engine not in ("auto", "machine", "source"):
        raise OperandError(f'engine is "auto", "machine" or "source", not {engine!r}')
    if precision not in ("float64", "float32"):
        raise OperandError(f'precision is "float64" or "float32", not {precision!r}')
    if np is None:
        raise MissingDependency("compile needs NumPy: pip install 'scalar-autodiff[compile]'")
    numba = find_spec("numba") is not None
    if engine == "machine" and not numba:
        raise MissingDependency(
            "engine='machine' needs numba: pip install 'scalar-autodiff[compile]'; engine='source' runs without"
        )
    missing = obstacle() if engine == "machine" else None
    if missing is not None:
        raise missing
    parameters, inputs = _values(parameters, "parameters"), _values(inputs, "inputs")
    if {id(x) for x in inputs} & {id(x) for x in parameters}:
        raise OperandError("a Value is either an input, a number for each sample, or a parameter, the same for all")
    outputs, function = None, None
    single = isinstance(output, (Value, Truth))
    if callable(output) and not single:
        if inputs:
            raise OperandError("the inputs of a function are its arguments: leave out inputs=")
        function = output
    else:
        several: Any = output if hasattr(output, "__iter__") else [output]
        outputs = _values([as_node(x) if isinstance(x, Truth) else x for x in several], "output")
        if not outputs:
            raise OperandError("the list of outputs is empty: there is nothing to compute")
    return Program(
        precision, numba and engine != "source", engine == "machine", inputs, parameters, outputs, single, function
    )


def _values(nodes: Value | Iterable[Value], where: str) -> list[Value]:
    found: list[Any] = [*nodes] if hasattr(nodes, "__iter__") else [nodes]
    for node in found:
        if not isinstance(node, Value):
            raise OperandError(f"compile takes Values as {where}, not {type(node).__name__} {node!r}"[:200])
    if where != "output" and len({id(node) for node in found}) < len(found):
        raise OperandError(f"a Value stands twice among the {where} of compile; name each once")
    return found


_NO_COLUMNS = None if np is None else np.empty((0, 1))  # of a program without inputs, whose samples are all alike


class Program:
    """A compiled graph; made by ``compile``.

    A program keeps the buffers that it works in, and one call at a time uses them.

    Attributes:
        precision: of the work on samples.
        engine: "machine" or "source"; the first becomes the second if there turns out to be no machine code here.
        inputs, parameters, outputs: the Values it was compiled for; of a function known after the first call.
        reads: the places where a function read a number, which is frozen.
    """

    def __init__(
        self,
        precision: str,
        machine: bool,
        asked: bool,
        inputs: list[Value],
        parameters: list[Value],
        outputs: list[Value] | None,
        single: bool,
        function: Callable[..., Any] | None,
    ) -> None:
        self.precision = precision
        self._asked = asked  # for machine code, and nothing else will do
        self.engine = "machine" if machine else "source"
        self._inputs, self._parameters = inputs, parameters
        self._single = single
        self._ways = [way_of(outputs, single)] if outputs else []  # of a function, for which samples have asked so far
        self._constants: dict[Value, float] = {}  # of a function, as they were when it first met them
        self._function = function
        self._indices: dict[int, int] | None = None  # the columns that must be, found in the first call
        self._runners: dict[str, Any] = {}  # by what they derive with respect to
        self._alone: Any = None  # the machine for a single sample, made by ``training``
        self._steps: Any = None  # what did the steps of the last ``train``, for the next one
        self._derivable: dict[str | None, str] = {}  # what _check has allowed
        self._lock = Lock()
        open_in_children(self)

    def after_fork(self) -> None:
        """Forget what other threads were doing with the program: in this process there are none."""
        self._lock = Lock()

    @property
    def inputs(self) -> list[Value]:
        """The Values that have a number of their own in each sample."""
        return [*self._inputs]

    @property
    def parameters(self) -> list[Value]:
        """The Values that are the same for all samples."""
        return [*self._parameters]

    @property
    def outputs(self) -> list[Value]:
        """The Values computed."""
        return [*self._recorded()]

    @property
    def reads(self) -> list[str]:
        """The places, file and line, where the function that was compiled read the number of a Value: it is frozen."""
        return [*dict.fromkeys(place for way in self._ways for place in way.reads)]

    def __getstate__(self) -> dict[str, Any]:
        """A copy or a pickle has the graph; what runs it is made anew."""
        return vars(self) | {"_runners": {}, "_alone": None, "_steps": None, "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._lock = Lock()
        open_in_children(self)

    def __repr__(self) -> str:
        what = _several(len(self._ways[0].outputs), "output") if self._ways else "not recorded yet"
        inputs, parameters = _several(len(self._inputs), "input"), _several(len(self._parameters), "parameter")
        return f"<Program: {inputs}, {parameters}, {what}, engine {self.engine}>"

    # -----------------------------------------------------------------------------------------------------------------
    # Other forms.
    # -----------------------------------------------------------------------------------------------------------------

    def source(self) -> str:
        """The program as Python: the forward sweep, and the reverse sweep, a line for each operation.

        The text stands on its own but for the names of operations; ``autodiff.compiler.namespaces`` says what they are
        for floats, NumPy, JAX, SymPy and mpmath.  Of a function with branches it has those that samples have taken so
        far, and gives nan for a sample that takes another.

        >>> from autodiff import Value, sin
        >>> x = Value(1.0, label="x")
        >>> "cos(x)" in compile(sin(x), [x]).source()
        True
        """
        self._recorded()
        outputs, frozen = joined(self._ways, self._inputs)
        if find_spec("numba") is not None and obstacle() is None:
            from .looped_source import write_looped_source

            text = write_looped_source(outputs, self._inputs, self._parameters, not self._single, frozen)
            if text is not None:
                return text
        return self._text(outputs, frozen, self._single)

    def _flat_source(self) -> str:
        """The text without loops."""
        self._recorded()
        return self._text(*joined(self._ways, self._inputs), self._single)

    def _text(self, outputs: list[Value], frozen: Frozen, single: bool) -> str:
        return write_source(outputs[0] if single else outputs, self._inputs, self._parameters, frozen)

    def to_jax(self) -> Callable[..., Any]:
        """The program as a pure function of (parameters, inputs) for JAX: jit, vmap, grad and sharding take it.

        Both arguments are sequences, or arrays whose first axis runs over them; the inputs may be columns of samples.
        Of branches it knows what ``source`` knows.

        Raises:
            MissingDependency: JAX is not installed.
        """
        forward, _ = build(self._flat_source(), "jax")
        return lambda parameters, inputs: forward(inputs, parameters)

    def verify(
        self,
        *columns: ArrayLike,
        rows: int = 16,
        function: Callable[..., Any] | None = None,
        rtol: float | None = None,
        parameters: ArrayLike | None = None,
    ) -> None:
        """Compare some of the samples with a graph recorded anew for each: values, and gradients to the inputs.

        Only that shows a number which was read while recording, ``v.data`` say, and is frozen; and in a program
        compiled from a graph alone a Python ``if`` which would have taken another branch for another sample.

        Args:
            columns: as in a call.
            rows: how many samples to compare; the first, the last, and others chosen evenly.
            function: what records the output or outputs from the inputs; by default the function that was compiled.
                For a program compiled from a graph alone, the graph's own operations are done again, one by one,
                which shows no Python ``if``.
            rtol: the relative difference allowed, of each number and of the largest in its row; by default 1e-9, and
                1e-4 for float32.
            parameters: as in a call.

        Raises:
            VerificationError: a sample differs; the message says which, and by how much.

        >>> program = compile(lambda x: x * x if x.data > 0 else -x)
        >>> program.verify([1.0, 2.0])
        >>> program.verify([1.0, -2.0])
        Traceback (most recent call last):
        autodiff.errors.VerificationError: sample 1: output 0 is 4.0 here and 2.0 when recorded anew; ...
        """
        if rtol is None:
            rtol = 1e-9 if self.precision == "float64" else 1e-4
        rtol = as_number(rtol, "verify: rtol")
        X, _ = self._columns(columns)
        numbers = self._numbers(parameters)
        function = function or self._function
        if function is None:
            again = build(self._flat_source(), "math")[0]
        count, rows = X.shape[1], _whole(rows, "rows")
        values = self._engine("").evaluate(X, numbers, 1)
        slopes = (
            self.value_and_grad(X, reduce=None, wrt="inputs", parameters=numbers)[1]
            if self._single and len(X)
            else None
        )
        for sample in np.unique(np.linspace(0, count - 1, min(rows, count)).round().astype(int)).tolist():
            here = X[:, sample].tolist()
            if function is None:
                result = again(here, numbers.tolist())
                _compare(sample, "output", values[:, sample], [result] if self._single else result, rtol, None)
                continue
            with _holding(self._parameters, numbers.tolist()), recording():
                xs = [Value(x) for x in here]
                result = function(*xs)
                expected = [result] if not isinstance(result, (list, tuple)) else result
                reads = self.reads if function is self._function else None
                _compare(sample, "output", values[:, sample], [getattr(x, "data", x) for x in expected], rtol, reads)
                if slopes is not None and isinstance(result, Value):
                    _compare(sample, "gradient", slopes[:, sample], gradients(result, xs), rtol, reads)

    # -----------------------------------------------------------------------------------------------------------------
    # Running.
    # -----------------------------------------------------------------------------------------------------------------

    def __call__(self, *columns: ArrayLike, parameters: ArrayLike | None = None, threads: int | None = None) -> Any:
        """The outputs.

        Args:
            columns: for each input its numbers, one a sample, in arrays of equal length N; a single number holds for
                all samples.  Or one array of shape (inputs, N).
            parameters: numbers to take in place of the parameters' own, in their order.
            threads: how many to use; by default as many as there are cores, if there is work for them.  The result is
                the same to the last bit.

        Returns:
            An array of N numbers, or of shape (outputs, N) if the program was compiled for a list.  Numbers alone in
            place of columns give a number, or one for each output.

        Raises:
            LengthError: there are more or fewer columns or parameters, or their lengths differ.
        """
        X, alone = self._columns(columns)
        values = self._engine("").evaluate(X, self._numbers(parameters), _threads(threads))
        if alone:
            return float(values[0, 0]) if self._single else values[:, 0]
        return values[0] if self._single else values

    def value_and_grad(
        self,
        *columns: ArrayLike,
        reduce: Literal["mean", "sum"] | None = "mean",
        wrt: Literal["parameters", "inputs", "both"] | None = None,
        parameters: ArrayLike | None = None,
        threads: int | None = None,
    ) -> tuple[Any, Any]:
        """The output and its gradient.

        Args:
            columns: as in a call.
            reduce: "mean" or "sum" over the samples; None gives the output of every sample, and the gradient of their
                sum, which for inputs is that of each sample on its own.
            wrt: derive with respect to "parameters", the default where there are any, to "inputs", or to "both".
            parameters: as in a call.
            threads: as in a call.

        Returns:
            The value, a float, or for ``reduce=None`` an array of N; and the gradient: with respect to the parameters
            an array of as many, to the inputs an array of shape (inputs, N), to both a pair of these.

        Raises:
            LengthError: as in a call, or there are no samples.
            OperandError: the program has several outputs, or nothing to derive with respect to.
        """
        X, _ = self._columns(columns)
        chosen = self._derivable.get(wrt) or self._check(wrt)
        if reduce not in ("mean", "sum", None):
            raise OperandError(f'reduce is "mean", "sum" or None, not {reduce!r}')
        if not X.shape[1]:
            raise LengthError("there is no sample to derive a value from: the columns are empty")
        value, for_parameters, for_inputs = self._engine(chosen).differentiate(
            X, self._numbers(parameters), _threads(threads), reduce == "mean", reduce is None
        )
        if chosen == "parameters":
            return value, for_parameters
        return value, for_inputs if chosen == "inputs" else (for_parameters, for_inputs)

    def backward(
        self, *columns: ArrayLike, reduce: Literal["mean", "sum"] = "mean", threads: int | None = None
    ) -> float:
        """Add the gradient to the ``grad`` of every parameter, as ``Value.backward`` does; return the value.

        >>> from autodiff import Value
        >>> x, w = Value(0.0), Value(2.0)
        >>> program = compile((w * x - 1) ** 2, [x], [w])
        >>> program.backward([1.0, 2.0]), w.grad
        (5.0, 7.0)
        """
        if reduce not in ("mean", "sum"):
            raise OperandError(f'reduce is "mean" or "sum", not {reduce!r}')
        value, gradient = self.value_and_grad(*columns, reduce=reduce, wrt="parameters", threads=threads)
        for parameter, slope in zip(self._parameters, gradient.tolist(), strict=True):
            parameter.grad += slope
        return value

    def train(
        self,
        *columns: ArrayLike,
        optimizer: Optimizer,
        batches: int | Iterable[ArrayLike],
        rates: ArrayLike | None = None,
        reduce: Literal["mean", "sum"] = "mean",
    ) -> Numbers:
        """Many steps in one call: for each batch loss and gradient, and the optimiser changes the parameters.

        The result is that of ``backward`` and ``optimizer.step()`` for each batch in turn.  The machine does it without
        Python in between, where it can: the program has no branches, and numba compiles ``optimizer.slope``.

        Args:
            columns: as in a call.
            optimizer: one of ``nn``, or of your own that has its ``parameters``, ``lr``, ``steps`` and a method
                ``slope(i, w)``; its parameters are parameters of the program, and change in place.
            batches: for each step the numbers of its samples, as ``[[0, 2], [1, 3]]``; or how many steps to take with
                all of them.
            rates: the learning rate of each step; by default the optimiser's own for all.
            reduce: "mean" or "sum" over the samples of a batch.

        Returns:
            The losses, each as it was before its step.

        Raises:
            NonFiniteError: a loss or a gradient became nan or infinite; the steps before it are done.
            LengthError, OperandError: as in a call, or of a batch, a rate or the optimiser.

        >>> from autodiff import Value
        >>> from nn import SGD
        >>> x, w = Value(0.0), Value(0.0)
        >>> program = compile((w * x - 1) ** 2, [x], [w])
        >>> program.train([1.0, 2.0], optimizer=SGD([w], lr=0.125), batches=[[0], [1], [0, 1]])
        array([1.   , 0.25 , 0.125])
        >>> w.data
        0.5625
        """
        X, _ = self._columns(columns)
        self._check("parameters")
        if reduce not in ("mean", "sum"):
            raise OperandError(f'reduce is "mean" or "sum", not {reduce!r}')
        return train(self, X, optimizer, batches, rates, reduce == "mean")

    def _check(self, wrt: str | None) -> str:
        """With respect to what to derive, if that is possible."""
        asked = wrt
        if len(self._recorded()) > 1 or not self._single:
            raise OperandError(
                "value_and_grad takes a program with a single output; compile their sum, or the gradients themselves: "
                "compile(gradients(output, inputs, create_graph=True), inputs)"
            )
        if wrt not in ("parameters", "inputs", "both", None):
            raise OperandError(f'wrt is "parameters", "inputs" or "both", not {wrt!r}')
        wrt = wrt or ("parameters" if self._parameters else "inputs")
        for kind, nodes in (("parameters", self._parameters), ("inputs", self._inputs)):
            if wrt in (kind, "both") and not nodes:
                raise OperandError(
                    f"the program was compiled without {kind}, so there is nothing to derive with respect to"
                )
        self._derivable[asked] = wrt
        return wrt

    def _columns(self, columns: Sequence[ArrayLike]) -> tuple[Numbers, bool]:
        """The samples as an array of shape (inputs, N), and whether they were single numbers."""
        if not columns and not self._inputs and self._ways:
            return _NO_COLUMNS, True
        if len(columns) == 1 and getattr(columns[0], "ndim", 0) == 2:
            X, alone = as_column(columns[0], "the array", ("input", "sample")), False
        else:
            arrays = [as_column(column, f"column {i}") for i, column in enumerate(columns)]
            lengths = {array.shape for array in arrays} - {()}
            if any(array.ndim > 1 for array in arrays) or len(lengths) > 1:
                raise LengthError(
                    f"the columns have shapes {[array.shape for array in arrays]}; each holds one number a sample, or "
                    "give one array of shape (inputs, samples)"
                )
            alone = not lengths
            X = np.empty((len(arrays), *(lengths.pop() if lengths else (1,))))
            for row, array in zip(X, arrays, strict=True):
                row[:] = array
        if self._function is not None and not self._ways:
            self._record(X[:, 0].tolist() if X.shape[1] else [0.0] * len(X))
        if len(X) != len(self._inputs):
            asked, given = _several(len(self._inputs), "input"), _several(len(X), "column")
            raise LengthError(f"the program has {asked}, and {given} {'was' if len(X) == 1 else 'were'} given")
        if self._indices is None:  # under a branch an index may be out of range for a sample that goes elsewhere
            way = self._ways[0]
            self._indices = {} if way.decisions else indices(way.frozen.nodes, self._inputs)
        if self._indices:
            check_indices(self._indices, X)
        return X, alone

    def _numbers(self, parameters: ArrayLike | None) -> Numbers:
        if parameters is None:
            return np.array([p._data for p in self._parameters], dtype=np.float64)
        numbers = as_column(parameters, "parameters", ("parameter",))
        if numbers.shape != (len(self._parameters),):
            raise LengthError(
                f"the program has {_several(len(self._parameters), 'parameter')}; "
                f"the array given has shape {numbers.shape}"
            )
        return numbers

    def _recorded(self) -> list[Value]:
        if not self._ways:
            raise CompileError(
                "the function is recorded on the first call, which gives its arguments: call the program first"
            )
        return self._ways[0].outputs

    def _record(self, numbers: Sequence[float]) -> None:
        with self._lock:
            if self._ways or self._function is None:  # another thread was first
                return
            inputs = [Value(x) for x in numbers]
            way = record(self._function, inputs, self._parameters)
            self._inputs, self._single = inputs, way.single
            self._read_constants(way)
            self._ways.append(way)

    def _another(self, sample: Sequence[float], parameters: Numbers) -> int:
        """Record the function anew for a sample; the place of that way among those there are."""
        assert self._function is not None
        with self._lock:
            given = [*self._inputs, *self._parameters, *self._constants]
            with _holding(given, [*sample, *parameters.tolist(), *self._constants.values()]):
                way = record(self._function, self._inputs, self._parameters)
            self._read_constants(way)
            same = [i for i, known in enumerate(self._ways) if known.decisions == way.decisions]
            if same:
                return same[0]
            self._ways.append(checked_against(self._ways, way))
            return len(self._ways) - 1

    def _read_constants(self, way: Way) -> None:
        given = {*self._inputs, *self._parameters}
        for node, number in zip(*way.frozen, strict=True):
            if not node.operands and node not in given:
                self._constants.setdefault(node, number)

    def _engine(self, wrt: str) -> Any:
        """What runs it; for values alone an engine for derivatives will do."""
        key = wrt or next(iter(self._runners), "")
        if key not in self._runners:
            with self._lock:
                if key not in self._runners:
                    self._runners[key] = self._make(key)
        return self._runners[key]

    def _make(self, wrt: str) -> Any:
        outputs, first = self._recorded(), self._ways[0]
        if first.held is None:
            return self._engine_of(outputs, first.frozen, wrt)
        return Branches(
            self._ways, lambda outputs, frozen, wanted: self._engine_of(outputs, frozen, wrt * wanted), self._another
        )

    def _engine_of(self, outputs: list[Value], frozen: Frozen, wrt: str) -> Any:
        """What runs a graph."""
        if self.engine == "machine":
            made = attempt(lambda: self._runner(outputs, frozen, wrt), self._asked)
            if made is not None:
                return made
            self.engine = "source"
        single = self._single and len(outputs) == 1
        text = self._text(outputs, frozen, single)
        return Portable(text, len(outputs), len(self._parameters), single, self.precision)

    def _runner(self, outputs: list[Value], frozen: Frozen, wrt: str) -> Any:
        from .runner import Runner

        return Runner(outputs, self._inputs, self._parameters, frozen, wrt, self.precision).tried()


@contextmanager
def _holding(values: Sequence[Value], numbers: Sequence[float]) -> Iterator[None]:
    """Values at other numbers."""
    before = [v.data for v in values]
    try:
        for v, x in zip(values, numbers, strict=True):
            v.data = x
        yield
    finally:
        for v, x in zip(values, before, strict=True):
            v.data = x


def _compare(
    sample: int, what: str, here: Any, there: Sequence[float], rtol: float, reads: Sequence[str] | None
) -> None:
    """Refuse a difference; ``reads`` is where the function compiled read a number, None for another function."""
    if len(here) != len(there):
        raise VerificationError(f"sample {sample}: {len(here)} {what}s here and {len(there)} when recorded anew")
    largest = max([abs(x) for x in there if isfinite(x)], default=0.0)
    for i, (x, y) in enumerate(zip(map(float, here), there, strict=True)):
        same = x == y or (x != x and y != y)
        if not same and not (isfinite(y) and abs(x - y) <= rtol * max(abs(y), largest)):
            cause = (
                "a Python if that takes another branch for this sample is the usual cause: write it with where, "
                "maximum, relu or clamp"
            )
            if reads is not None:
                cause = "the function does not give the same each time: is something in it random?"
            if reads:
                cause = (
                    f"the function reads the number of a Value at {', '.join(reads)}, and what follows from it is "
                    "frozen: use the Value itself"
                )
            raise VerificationError(f"sample {sample}: {what} {i} is {x!r} here and {y!r} when recorded anew; {cause}")


def _threads(threads: int | None) -> int:
    if threads is None:
        return cores()
    return _whole(threads, "threads")


def _whole(x: Any, what: str) -> int:
    """A number from 1 on."""
    try:
        number = index(x)
    except TypeError:
        number = 0
    if number < 1:
        raise OperandError(f"{what} is a whole number from 1 on, not {x!r}")
    return number


@cache
def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _several(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
