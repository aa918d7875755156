"""Data to train on: made up from a seed, or measured and shipped with scikit-learn; nothing is downloaded.

>>> data = load("moons", n=200, seed=1)
>>> data
Dataset('moons', 200 samples of 2 features, 2 classes)
>>> training, test = standardise(*split(data, test=0.25, seed=0))
>>> len(training), len(test)
(150, 50)

All numbers are plain floats in lists, so that no array stands between a sample and the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, fsum, hypot, inf, isfinite, isnan, pi, sin, sqrt
from random import Random
from typing import TYPE_CHECKING

from autodiff import LengthError, OperandError
from autodiff.entrance import as_element, as_number, is_missing, is_number, is_time
from autodiff.forks import no_fork

from .arguments import at_least_one, chosen, listed, number
from .errors import ArgumentError, MissingExtra
from .init import generator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, TypeVar

    Sample = TypeVar("Sample")

__all__ = [
    "DATASETS",
    "Dataset",
    "Standardizer",
    "load",
    "minibatches",
    "one_hot",
    "signs",
    "split",
    "standardise",
]


@dataclass(eq=False, repr=False)
class Dataset:
    """Samples with their targets.

    Attributes:
        name: what ``load`` knows it by.
        X: a list of samples, each a list with a float for each feature; made of an array or a table, if given such.
        y: the target of each sample: the number of its class, from 0 on, or a float to be predicted.
        features: the names of the features.
        classes: the names of the classes; empty where the target is a float.

    >>> Dataset("two points", [[0.0], [1.0]], [0, 1], ["x"], ["left", "right"])
    Dataset('two points', 2 samples of 1 feature, 2 classes)
    """

    name: str
    X: list[list[float]]
    y: list[Any]
    features: Sequence[str]
    classes: Sequence[str] = ()

    def __post_init__(self) -> None:
        self.X, self.y = _lists(self.X), self.y if isinstance(self.y, list) else targets(self.y)
        if len(self.X) != len(self.y):
            raise LengthError(f"{self.name}: {len(self.X)} samples and {len(self.y)} targets; each sample has one")
        self.features, self.classes = list(self.features), list(self.classes)

    def __len__(self) -> int:
        return len(self.X)

    def __repr__(self) -> str:
        target = f"{len(self.classes)} classes" if self.classes else "a number to predict"
        plural = "" if len(self.features) == 1 else "s"
        return f"Dataset({self.name!r}, {len(self)} samples of {len(self.features)} feature{plural}, {target})"

    def select(self, rows: Iterable[int]) -> Dataset:
        """The samples of these numbers, in this order."""
        rows = list(rows)
        return self.replace(X=[self.X[i] for i in rows], y=[self.y[i] for i in rows])

    def replace(self, X: list[list[float]] | None = None, y: list[Any] | None = None) -> Dataset:
        """The same with other samples or targets."""
        return Dataset(self.name, self.X if X is None else X, self.y if y is None else y, self.features, self.classes)


# ---------------------------------------------------------------------------------------------------------------------
# Made up: the same seed gives the same samples.  Sample number i is of class i modulo the number of classes.
# ---------------------------------------------------------------------------------------------------------------------


def moons(n: int = 100, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Two half circles that reach into each other, as scikit-learn's ``make_moons``; noise is a standard deviation."""

    def point(c: int, rng: Random) -> tuple[float, float]:
        t = rng.uniform(0.0, pi)
        return (1 - cos(t), 0.5 - sin(t)) if c else (cos(t), sin(t))

    return _plane("moons", n, noise, seed, ["upper", "lower"], point)


def circles(n: int = 100, noise: float = 0.05, seed: int = 0) -> Dataset:
    """A circle of radius ½ inside one of radius 1."""

    def point(c: int, rng: Random) -> tuple[float, float]:
        t, radius = rng.uniform(0.0, 2 * pi), 0.5 if c else 1.0
        return radius * cos(t), radius * sin(t)

    return _plane("circles", n, noise, seed, ["outer", "inner"], point)


def spirals(n: int = 100, noise: float = 0.02, seed: int = 0, arms: int = 2) -> Dataset:
    """Arms, a class each, that turn once around the origin while they go out to radius 1."""

    def point(c: int, rng: Random) -> tuple[float, float]:
        radius = sqrt(rng.uniform(0.01, 1.0))  # so that the points lie equally dense along the arm
        t = 2 * pi * (radius + c / arms)
        return radius * cos(t), radius * sin(t)

    return _plane("spirals", n, noise, seed, [f"arm {c + 1}" for c in range(at_least_one(arms, "arms"))], point)


def xor(n: int = 100, noise: float = 0.1, seed: int = 0) -> Dataset:
    """The corners of the unit square; the class is whether exactly one coordinate is 1."""

    def point(c: int, rng: Random) -> tuple[float, float]:
        x = rng.randrange(2)
        return x, x ^ c

    return _plane("xor", n, noise, seed, ["same", "different"], point)


def blobs(n: int = 100, noise: float = 0.3, seed: int = 0, classes: int = 3) -> Dataset:
    """A normal cloud for each class, with centres equally spaced on the unit circle."""

    def point(c: int, rng: Random) -> tuple[float, float]:
        return cos(2 * pi * c / classes), sin(2 * pi * c / classes)

    return _plane("blobs", n, noise, seed, [f"blob {c + 1}" for c in range(at_least_one(classes, "classes"))], point)


def linear(n: int = 100, noise: float = 0.1, seed: int = 0) -> Dataset:
    """y = 2x + 1 with noise, for x from -1 to 1."""
    return _curve("linear", n, noise, seed, 1.0, lambda x: 2 * x + 1)


def sine(n: int = 100, noise: float = 0.1, seed: int = 0) -> Dataset:
    """y = sin(x) with noise, for x from -π to π."""
    return _curve("sine", n, noise, seed, pi, sin)


def _plane(
    name: str,
    n: int,
    noise: float,
    seed: int,
    classes: list[str],
    point: Callable[[int, Random], tuple[float, float]],
) -> Dataset:
    """Points of a plane: where ``point`` puts one of class c, plus noise."""
    rng = _generator(name, noise, seed)
    y = [i % len(classes) for i in range(at_least_one(n, f"{name}: n"))]
    X = [[x + rng.gauss(0.0, float(noise)) for x in point(c, rng)] for c in y]
    return Dataset(name, X, y, ["x", "y"], classes)


def _curve(name: str, n: int, noise: float, seed: int, end: float, f: Callable[[float], float]) -> Dataset:
    rng = _generator(name, noise, seed)
    xs = [rng.uniform(-end, end) for _ in range(at_least_one(n, f"{name}: n"))]
    return Dataset(name, [[x] for x in xs], [f(x) + rng.gauss(0.0, float(noise)) for x in xs], ["x"])


def _generator(name: str, noise: float, seed: int) -> Random:
    number(noise, f"{name}: noise", "a standard deviation from 0 on")
    return generator(seed, None)


# ---------------------------------------------------------------------------------------------------------------------
# Measured: the sets that come with scikit-learn.
# ---------------------------------------------------------------------------------------------------------------------


def iris() -> Dataset:
    """150 irises of three species: length and width of sepals and petals, in cm (Fisher 1936)."""
    return _bundled("iris")


def wine() -> Dataset:
    """178 wines of three growers: thirteen chemical measurements (Forina 1988)."""
    return _bundled("wine")


def breast_cancer() -> Dataset:
    """569 tumours, malignant or benign: thirty measures of the cell nuclei (Wolberg, Street, Mangasarian 1995)."""
    return _bundled("breast_cancer")


def digits() -> Dataset:
    """1797 handwritten digits, as 8 × 8 pixels of brightness 0 to 16 (Alpaydin and Kaynak 1998)."""
    return _bundled("digits")


def diabetes() -> Dataset:
    """442 patients: ten measurements, centred and scaled, and the progress of the disease after a year, a number.

    Source: Efron, Hastie, Johnstone and Tibshirani, "Least angle regression", 2004.
    """
    return _bundled("diabetes")


def _bundled(name: str) -> Dataset:
    try:
        with no_fork:
            from sklearn import datasets
    except ImportError:
        raise MissingExtra(f"the data set {name}", "scikit-learn") from None
    bunch = getattr(datasets, f"load_{name}")()
    features, classes = (getattr(bunch, names, ()) for names in ("feature_names", "target_names"))
    return Dataset(name, bunch.data.tolist(), bunch.target.tolist(), [*map(str, features)], [*map(str, classes)])


DATASETS: dict[str, Callable[..., Dataset]] = {
    make.__name__: make
    for make in (moons, circles, spirals, xor, blobs, linear, sine, iris, wine, breast_cancer, digits, diabetes)
}
"""Every data set by name: functions that give a Dataset."""


def load(name: str, **options: Any) -> Dataset:
    """The data set of that name; those that are made up take options such as ``n``, ``noise`` and ``seed``.

    Raises:
        ArgumentError: there is none of that name, or it does not take that option.
        MissingExtra: it comes with scikit-learn, which is not installed.

    >>> load("sine", n=50)
    Dataset('sine', 50 samples of 1 feature, a number to predict)
    """
    make = chosen("data set", name, DATASETS)
    try:
        made: Dataset = make(**options)
        return made
    except TypeError as error:
        raise ArgumentError(f"the data set {name}: {error}") from None


# ---------------------------------------------------------------------------------------------------------------------
# Preparation.
# ---------------------------------------------------------------------------------------------------------------------


def split(data: Dataset, test: float = 0.25, seed: int = 0) -> tuple[Dataset, Dataset]:
    """A part to train on and a part to test with, drawn at random; each keeps the order of the samples.

    It is stratified: of each class the same share goes to the test, as nearly as whole numbers allow.

    Args:
        data: what to split.
        test: the share of the samples that are for the test.
        seed: another seed draws other samples.

    Raises:
        ArgumentError: a part would be empty.

    >>> training, test = split(load("blobs", n=90), test=1 / 3)
    >>> [test.y.count(c) for c in range(3)]
    [10, 10, 10]
    """
    held_out = set(held_out_rows(data.y if data.classes else [0] * len(data), test, Random(seed)))
    rest = [i for i in range(len(data)) if i not in held_out]
    return data.select(rest), data.select(sorted(held_out))


def held_out_rows(classes: Sequence[Any], share: float, rng: Random) -> list[int]:
    """A random share of the sample numbers, the same share of each class."""
    share = as_number(share, "a share to hold out")
    if not 0 < share < 1:
        raise ArgumentError(f"a share of {share!r} leaves one part of the split empty: it is a number between 0 and 1")
    wanted = round(share * len(classes))
    if not 0 < wanted < len(classes):
        raise ArgumentError(f"a share of {share!r} of {len(classes)} samples leaves one part of the split empty")
    rows: dict[Any, list[int]] = {}
    for i, c in enumerate(classes):
        rows.setdefault(c, []).append(i)
    # Whole numbers that add up to what is wanted: round down, then up where most was lost.
    counts = {c: int(share * len(of_class)) for c, of_class in rows.items()}
    lost = sorted(rows, key=lambda c: counts[c] - share * len(rows[c]))
    for c in lost[: wanted - sum(counts.values())]:
        counts[c] += 1
    return [i for c, of_class in rows.items() for i in rng.sample(of_class, counts[c])]


class Standardizer:
    """(x - mean) / deviation for each feature; the deviation is that of the population.

    A feature that is the same in all samples is divided by 1, and so becomes 0.

    Attributes:
        mean: of each feature.
        deviation: of each feature.

    >>> scale = Standardizer.of([[1.0, 5.0], [3.0, 5.0]])
    >>> scale([[1.0, 5.0], [4.0, 6.0]])
    [[-1.0, 0.0], [2.0, 1.0]]
    """

    def __init__(self, mean: Sequence[float], deviation: Sequence[float]) -> None:
        self.mean = list(mean)
        self.deviation = list(deviation)

    @classmethod
    def of(cls, X: Sequence[Sequence[float]]) -> Standardizer:
        """That which gives these samples a mean of 0 and a deviation of 1.

        Raises:
            ArgumentError: a number is nan or infinite, or too large for a mean or a deviation.
            LengthError: there are no samples.
        """
        X = _lists(X)
        if not X:
            raise LengthError("standardising needs a sample at least")
        mean, deviation = [], []
        for column in zip(*X, strict=True):
            try:
                centre = fsum(column) / len(column)
                spread = hypot(*[x - centre for x in column])
            except (OverflowError, ValueError):  # the sum is too large; inf and -inf have none
                spread = inf
            if not isfinite(spread):
                raise ArgumentError("standardising: a feature is nan, infinite or too large")
            constant = min(column) == max(column)
            mean.append(column[0] if constant else centre)
            deviation.append(1.0 if constant else spread / sqrt(len(column)))
        return cls(mean, deviation)

    def __call__(self, X: Sequence[Sequence[float]]) -> list[list[float]]:
        """The samples, standardised."""
        return [[(x - m) / d for x, m, d in zip(row, self.mean, self.deviation, strict=True)] for row in _lists(X)]


def standardise(training: Dataset, *others: Dataset) -> list[Dataset]:
    """The data sets with every feature standardised by the mean and deviation of the first.

    So nothing of the test samples enters the training.  ``Standardizer`` does the same to lists.
    """
    scale = Standardizer.of(training.X)
    return [data.replace(X=scale(data.X)) for data in (training, *others)]


def one_hot(y: Sequence[int], classes: int | None = None) -> list[list[float]]:
    """For each class number a list with 1 at that place and 0 elsewhere.

    Args:
        y: class numbers from 0 on.
        classes: how many there are; the largest number and one more, if not given.

    Raises:
        ArgumentError: a number is not that of a class.

    >>> one_hot([0, 2])
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    y = targets(y)
    wrong = [c for c in y if not (is_number(c) and c >= 0 and c % 1 == 0 and (classes is None or c < classes))]
    if wrong:
        end = "on" if classes is None else f"to {classes - 1}"
        raise ArgumentError(f"one_hot: a class is a whole number from 0 {end}, not {wrong[0]!r}")
    k = int(max(y, default=-1)) + 1 if classes is None else classes
    return [[float(c == j) for j in range(k)] for c in y]


def signs(y: Iterable[int]) -> list[int]:
    """The classes 0 and 1 as -1 and +1, which the hinge loss takes.

    Raises:
        ArgumentError: there is another class.

    >>> signs([0, 1])
    [-1, 1]
    """
    y = targets(y)
    if not set(y) <= {0, 1}:
        raise ArgumentError(f"signs takes the classes 0 and 1, not {sorted(set(y), key=str)}")
    return [2 * int(c) - 1 for c in y]


def minibatches(
    samples: Sequence[Sample], size: int | None = None, rng: Random | None = None
) -> Iterator[list[Sample]]:
    """The samples in lists of ``size``, the last of which may be shorter; shuffled, if there is an ``rng``.

    Raises:
        ArgumentError: ``size`` is less than 1.

    >>> list(minibatches("abcde", 2))
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    if size is not None:
        at_least_one(size, "the size of a batch")
    order = list(samples)
    if rng is not None:
        rng.shuffle(order)
    size = size or len(order)
    return (order[i : i + size] for i in range(0, len(order), size))


# ---------------------------------------------------------------------------------------------------------------------
# Lists, arrays and tables, as lists of plain floats.
# ---------------------------------------------------------------------------------------------------------------------


def paired(X: Any, y: Any) -> list[tuple[list[float], Any]]:
    """Each sample as a list of floats, with its target; from lists, arrays or tables.

    Raises:
        LengthError: there are none, or not as many targets as samples.
        OperandError: a sample is no list, or holds what is no number, or nan, from which nothing can be learned.
    """
    samples = rows(X)
    for i, row in enumerate(samples):
        if any(map(isnan, row)):
            j = [*map(isnan, row)].index(True)
            raise OperandError(f"{_place(i, j, feature_names(X))}: nan; fill it in, or leave the sample out")
    found = targets(y)
    if len(samples) != len(found):
        raise LengthError(f"each sample has a target: there are {len(samples)} and {len(found)}")
    return list(zip(samples, found, strict=True))


def rows(X: Any) -> list[list[float]]:
    """Each sample as a list of floats.

    >>> rows([[1, True], (2.5, 0)])
    [[1.0, 1.0], [2.5, 0.0]]
    """
    wanted = "X is a list of samples, and each sample a list of numbers, as in [[x] for x in xs] for a single one"
    names, samples = feature_names(X), _plain(X, wanted)
    if not samples:
        raise LengthError("there are no samples")
    if not all(isinstance(row, (list, tuple)) for row in samples):
        raise ArgumentError(f"{wanted}, not {X!r:.60}")
    return [_sample(i, row, names) for i, row in enumerate(samples)]


def targets(y: Any) -> list[Any]:
    """The targets in a list, those of arrays and tables as Python's own numbers."""
    found = _plain(y, "y is a list of targets, one for each sample")
    for i, target in enumerate(found):
        if is_missing(target):
            raise OperandError(f"the target of sample {i} is missing or masked; fill it in, or leave the sample out")
        if is_time(target):
            raise OperandError(f"the target of sample {i} is the time {target}; give the days since a date, say")
    return found


def feature_names(X: Any) -> list[Any]:
    """What the columns of a table are called; [] for what has none."""
    table_names = ("columns", "column_names")  # of pandas and polars, and of Arrow
    found: Any = next((getattr(X, name) for name in table_names if hasattr(X, name)), None)
    if found is None:
        found = getattr(getattr(X, "dtype", None), "names", None)  # of a structured array
    return [*found] if hasattr(found, "__iter__") else []


def _lists(X: Any) -> list[Any]:
    return X if isinstance(X, list) and all(isinstance(row, list) for row in X) else rows(X)


def _sample(i: int, row: Sequence[Any], names: list[Any]) -> list[float]:
    if all(type(x) is float for x in row):
        return [*row]
    return [x if type(x) is float else as_element(x, _place(i, j, names), "a sample") for j, x in enumerate(row)]


def _place(i: int, j: int, names: list[Any]) -> str:
    return f"sample {i}, feature {(names[j] if j < len(names) else j)!r}"


def _plain(x: Any, wanted: str) -> list[Any]:
    """A list, in which the arrays, tables and numbers of NumPy and pandas are Python's."""
    if hasattr(x, "__array__") and not hasattr(x, "tolist"):
        x = x.__array__()
    exports = [name for name in ("toarray", "to_numpy", "to_pandas") if hasattr(x, name) and not hasattr(x, "tolist")]
    if exports:  # a sparse matrix, or a table that exports no array by itself
        raise ArgumentError(f"{wanted}: give the {exports[0]}() of this {type(x).__name__}")
    return [_of_python(row) for row in listed(_of_python(x), wanted)]


def _of_python(x: Any) -> Any:
    if not hasattr(x, "tolist"):
        return x
    if is_time(x):  # whose tolist gives whole numbers, without their unit
        return [_of_python(part) for part in x] if x.ndim else x
    return x.tolist()
