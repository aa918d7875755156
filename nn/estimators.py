"""Networks as estimators of scikit-learn, for its pipelines, its grid searches and its cross-validation.

>>> from sklearn.datasets import load_iris
>>> from sklearn.pipeline import make_pipeline
>>> from sklearn.preprocessing import StandardScaler
>>> X, y = load_iris(return_X_y=True)
>>> model = make_pipeline(StandardScaler(), NetworkClassifier(hidden=[6], epochs=50, lr=0.1, random_state=0))
>>> model.fit(X, y).score(X, y) > 0.95
True

This module needs scikit-learn, and so it is imported by its own name: ``from nn.estimators import NetworkClassifier``.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from .arguments import listed
from .data import held_out_rows, one_hot
from .errors import ArgumentError, MissingExtra
from .layers import MLP
from .losses import LOSSES
from .prediction import predict
from .recording import can_compile, is_known
from .train import fit

try:
    import numpy as np
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.class_weight import compute_class_weight
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
except ImportError as error:
    raise MissingExtra("nn.estimators", "scikit-learn") from error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

    from .history import History
    from .init import Initializer

    Array: TypeAlias = np.ndarray[Any, Any]

__all__ = ["NetworkClassifier", "NetworkRegressor"]


class _Network(BaseEstimator):  # type: ignore[misc]
    """What both estimators share: the settings, and a training by ``nn.fit``."""

    model_: MLP
    history_: History

    def __init__(
        self,
        hidden: Sequence[int] = (16,),
        *,
        activation: str | Callable[..., Any] = "tanh",
        init: str | Initializer = "xavier",
        optimizer: str = "adam",
        lr: float | None = 0.01,
        epochs: int = 200,
        batch_size: int | None = None,
        l2: float = 0.0,
        l1: float = 0.0,
        early_stopping: int | None = None,
        validation: float = 0.1,
        warm_start: bool = False,
        random_state: Any = None,
        engine: str = "auto",
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.init = init
        self.optimizer = optimizer
        self.lr = lr
        self.epochs = epochs
        self.batch_size = batch_size
        self.l2 = l2
        self.l1 = l1
        self.early_stopping = early_stopping
        self.validation = validation
        self.warm_start = warm_start
        self.random_state = random_state
        self.engine = engine

    def _train(self, X: Array, y: list[Any], loss: str, n_outputs: int, weights: Array | None = None) -> None:
        """Train a new network, or with ``warm_start`` that of before, on samples that are checked."""
        seed = int(check_random_state(self.random_state).randint(2**31))
        if self.warm_start and hasattr(self, "model_"):
            model = self.model_
            self._check_sizes(X.shape[1], n_outputs)
        else:
            sizes = [*listed(self.hidden, "hidden is a list of the sizes of the hidden layers"), n_outputs]
            model = MLP(X.shape[1], sizes, self.activation, init=self.init, seed=seed)
        classes = y if loss == "cross_entropy" else [0] * len(y)
        if weights is not None:
            targets = one_hot(y, n_outputs) if loss == "cross_entropy" else y
            mean = float(weights[weights > 0].mean())
            y = [[*target, weight / mean] for target, weight in zip(targets, weights.tolist(), strict=True)]
        # A sample of weight 0 is as if it were not there.
        rows = [i for i in range(len(y)) if weights is None or weights[i] > 0]
        held_out: set[int] = set()
        if self.early_stopping is not None:
            held_out = {rows[i] for i in held_out_rows([classes[i] for i in rows], self.validation, Random(seed))}
        samples = X.tolist()
        run = partial(
            fit,
            model,
            *_selected([i for i in rows if i not in held_out], samples, y),
            LOSSES[loss] if weights is None else partial(_weighted, LOSSES[loss]),
            self.optimizer,
            lr=self.lr,
            epochs=self.epochs,
            batch_size=self.batch_size,
            l2=self.l2,
            l1=self.l1,
            validation=_selected(sorted(held_out), samples, y) if held_out else None,
            seed=seed,
            progress=False,
            early_stopping=self.early_stopping,
        )
        self.history_ = self._history(run, model, weighted=weights is not None)
        self.model_ = model

    def _history(self, run: Callable[..., History], model: MLP, weighted: bool) -> History:
        """How the training went; "auto" does not know that a weighted loss compiles as well as the loss does."""
        if weighted and self.engine == "auto" and can_compile() and is_known(model):
            with suppress(ImportError):  # numba is installed, and does not go with this Python or NumPy
                return run(engine="compiled")
        return run(engine=self.engine)

    def _check_sizes(self, n_inputs: int, n_outputs: int) -> None:
        """What goes on from the weights of before must be of the same kind."""
        layers: Any = self.model_.layers
        for what, there, here in (
            ("takes {} features, and X has {}", len(layers[0].neurons[0].w), n_inputs),
            ("gives {} numbers a sample, and y has {}", len(layers[-1].neurons), n_outputs),
        ):
            if there != here:
                raise ArgumentError(f"warm_start: the network {what.format(there, here)}; fit a new one")

    def _outputs(self, X: Any) -> Array:
        check_is_fitted(self, "model_")
        return np.array(predict(self.model_, validate_data(self, X, dtype=np.float64, reset=False)))


class NetworkClassifier(ClassifierMixin, _Network):  # type: ignore[misc]
    """A network that tells classes apart: an ``MLP`` with an output for each, trained with the cross-entropy.

    The samples are taken as they are: put a ``StandardScaler`` before it.

    Args:
        hidden: the sizes of the hidden layers; none, ``()``, for a logistic regression.
        activation: of the hidden layers, by its name in ``nn.ACTIVATIONS`` or a function of a Value.
        init: the initial weights, by name in ``nn.INITIALIZERS``.
        optimizer: by its name in ``nn.OPTIMIZERS``.
        lr: the learning rate; None for the optimiser's own.
        epochs: how many, at most.
        batch_size: samples for each step; None takes all.
        l2: λ₂, the strength of the penalty on squares of weights.
        l1: λ₁, that on their absolute values.
        early_stopping: end after so many epochs without a better validation loss, with the best weights; None trains
            for all epochs, and holds nothing out.
        validation: the share of the samples that early stopping holds out, the same of each class.
        class_weight: a weight for each class by its label, 1 for those it does not name; or "balanced", which makes
            them inversely proportional to how often the classes occur, or to the sum of their samples' weights.
        warm_start: go on from the weights of the last ``fit``, on data of the same features and classes.
        random_state: of everything random: a whole number gives the same network each time.
        engine: as that of ``nn.fit``.

    Attributes:
        model_: the MLP.
        history_: the ``History`` of the training.
        classes_: the labels, sorted.
        n_features_in_: how many features a sample has.
        feature_names_in_: what they are called, if the samples were a table whose columns have names.

    >>> classifier = NetworkClassifier(hidden=[], epochs=100, lr=0.1, random_state=0)
    >>> classifier.fit([[-2.0], [-1.0], [1.0], [2.0]], ["low", "low", "high", "high"])
    NetworkClassifier(epochs=100, hidden=[], lr=0.1, random_state=0)
    >>> classifier.predict([[-3.0], [3.0]]).tolist()
    ['low', 'high']
    """

    def __init__(
        self,
        hidden: Sequence[int] = (16,),
        *,
        activation: str | Callable[..., Any] = "tanh",
        init: str | Initializer = "xavier",
        optimizer: str = "adam",
        lr: float | None = 0.01,
        epochs: int = 200,
        batch_size: int | None = None,
        l2: float = 0.0,
        l1: float = 0.0,
        early_stopping: int | None = None,
        validation: float = 0.1,
        class_weight: dict[Any, float] | str | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        engine: str = "auto",
    ) -> None:
        super().__init__(
            hidden,
            activation=activation,
            init=init,
            optimizer=optimizer,
            lr=lr,
            epochs=epochs,
            batch_size=batch_size,
            l2=l2,
            l1=l1,
            early_stopping=early_stopping,
            validation=validation,
            warm_start=warm_start,
            random_state=random_state,
            engine=engine,
        )
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NetworkClassifier:
        """Train on samples X, an array or table of numbers, with the labels y.

        Args:
            X: of the shape (samples, features).
            y: a label for each sample.
            sample_weight: a number from 0 on for each sample: 2 counts as if it were there twice.

        Raises:
            ValueError: scikit-learn's checks of X, y and weights; or nn's, of the settings.
            NonFiniteLoss: the training diverged.
        """
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        weights = _weights(sample_weight, X)
        classes, numbers = np.unique(y, return_inverse=True)
        if self.warm_start and hasattr(self, "model_") and not np.array_equal(classes, self.classes_):
            raise ArgumentError(f"warm_start: the classes were {self.classes_.tolist()}, and are {classes.tolist()}")
        self.classes_: Array = classes
        if self.class_weight is not None:
            of_class = self._class_weights(y, numbers, weights)[numbers]
            weights = of_class if weights is None else weights * of_class
        # The cross-entropy is of two classes at least; where there is but one, the output of the other stays unread.
        self._train(X, numbers.tolist(), "cross_entropy", max(2, len(classes)), weights)
        return self

    def _class_weights(self, y: Array, numbers: Array, weights: Array | None) -> Array:
        """A weight for each class."""
        if isinstance(self.class_weight, str) and self.class_weight == "balanced":
            present = np.bincount(numbers, weights)
            found: Array = present.sum() / len(present) / np.where(present > 0, present, 1.0)
        else:
            found = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
        if not (found >= 0).all():
            raise ArgumentError(f"class_weight: a weight is a number from 0 on, not {found.min()}")
        return found

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, in the order of ``classes_``, for each sample: the softmax of the outputs."""
        logits = self._outputs(X)[:, : len(self.classes_)]
        shares: Array = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        return shares

    def predict(self, X: Any) -> Array:
        """The label of the most probable class for each sample."""
        chosen = self.predict_proba(X).argmax(axis=1)
        found: Array = self.classes_[chosen]
        return found


class NetworkRegressor(RegressorMixin, _Network):  # type: ignore[misc]
    """A network that predicts numbers: an ``MLP`` trained with the squared error; one number or several.

    Samples and targets are taken as they are: put a ``StandardScaler`` before it, and where the targets are far from
    the size of 1, a ``TransformedTargetRegressor`` around it.

    The arguments and attributes are those of ``NetworkClassifier``, without ``class_weight`` and ``classes_``.

    >>> regressor = NetworkRegressor(hidden=[], epochs=300, lr=0.1, random_state=0)
    >>> regressor.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).predict([[3.0]]).round(3).tolist()
    [7.0]
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NetworkRegressor:
        """Train on samples X, an array or table of numbers, with the numbers y, one a sample or a row of several.

        The other arguments and the errors are those of ``NetworkClassifier.fit``.
        """
        X, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        rows = y.astype(np.float64).reshape(len(y), -1)
        self._shape = y.shape[1:]
        self._train(X, rows.tolist(), "squared_error", rows.shape[1], _weights(sample_weight, X))
        return self

    def predict(self, X: Any) -> Array:
        """The number, or the row of them, that the network gives for each sample."""
        outputs = self._outputs(X)
        found: Array = outputs.reshape(len(outputs), *self._shape)
        return found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _weights(sample_weight: Any, X: Array) -> Array | None:
    """The weights, checked; None where all samples weigh the same."""
    if sample_weight is None:
        return None
    weights: Array = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    if not weights.any():
        raise ArgumentError("sample_weight: all weights are zero, and there is nothing to learn from")
    return weights


def _weighted(loss: Callable[..., Any], outputs: Any, target: Any) -> Any:
    """The loss of one sample, times its weight, which is the last number of the target."""
    return target[-1] * loss(outputs, target[:-1])


def _selected(rows: Sequence[int], X: list[Any], y: list[Any]) -> tuple[list[Any], list[Any]]:
    return [X[i] for i in rows], [y[i] for i in rows]
