"""The engine as scikit-learn estimators.

Only this module needs scikit-learn, and nothing else in the package imports it. The estimators take
part in pipelines, searches and curves like any other of scikit-learn's::

    model = make_pipeline(StandardScaler(), NetworkClassifier(hidden=(8, 8), random_state=0))
    cross_val_score(model, X, y)

With a whole number as `random_state`, a fit is the very run that `Network` and `Trainer` give with
that seed.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from nbtutor.engine import Dataset, Network, ParameterError, Trainer, TrainingConfig
from nbtutor.engine.checkpoints import Checkpoint
from nbtutor.engine.network import MAX_LAYERS, MAX_UNITS
from nbtutor.engine.schedules import Schedule
from nbtutor.engine.validation import check_integer, check_number, check_sizes

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, MultiOutputMixin, RegressorMixin
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import train_test_split
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted
except ImportError as error:
    msg = "nbtutor.sklearn needs scikit-learn. Install it with: pip install scikit-learn"
    raise ImportError(msg) from error

try:
    from sklearn.utils.validation import validate_data
except ImportError:  # before scikit-learn 1.6 it was a method

    def validate_data(estimator: Any, X: Any, y: Any = "no_validation", **options: Any) -> Any:
        """Check the data, and the names and the number of its columns."""
        return estimator._validate_data(X, y, **options)


__all__ = ["NetworkClassifier", "NetworkRegressor"]

Array = np.ndarray
Classifier = TypeVar("Classifier", bound="NetworkClassifier")
Regressor = TypeVar("Regressor", bound="NetworkRegressor")


class _NetworkEstimator(BaseEstimator):
    """What the classifier and the regressor share: to make a network, and to train it."""

    # Of classifiers only.
    loss: str | None = None
    label_smoothing: float = 0.0

    hidden: Sequence[int]
    activation: str | Sequence[str]
    initialization: str
    optimizer: str
    learning_rate: float
    schedule: Schedule | None
    batch_size: int
    epochs: int
    momentum: float
    dropout: float | Sequence[Sequence[float]]
    l1: float
    l2: float
    clip_norm: float | None
    patience: int
    validation_fraction: float
    dtype: str
    random_state: Any

    # What a fit leaves.
    network_: Network
    n_iter_: int
    loss_curve_: Array
    validation_loss_curve_: Array | None
    _seed: int
    _checkpoint: Checkpoint

    def _fit(self, X: Array, y: Array, outputs: int, output: str) -> None:
        """Train a new network; `y` are class numbers or values."""
        epochs = check_integer("epochs", self.epochs, low=1, high=1_000_000_000)
        config = self._config(self.patience)
        network, seed = self._make_network(X.shape[1], outputs, output)
        train, validation = self._split(X, y, seed)
        self._run(Trainer(network, train, validation, config, seed), epochs)

    def _partial_fit(self, X: Array, y: Array, outputs: int, output: str) -> None:
        """Train for one epoch: the first of a new network, or the next."""
        config = self._config(patience=0)  # points that are held out would differ at each call
        point: Checkpoint | None = getattr(self, "_checkpoint", None)
        if point is None:
            network, seed = self._make_network(X.shape[1], outputs, output)
            self._run(Trainer(network, Dataset(X, y), config=config, seed=seed), 1)
            return
        trainer = Trainer(self.network_, Dataset(X, y), config=config, seed=self._seed)
        trainer.restore(point)  # the optimizer's memory, the schedule and the batches go on
        losses = self.loss_curve_
        self._run(trainer, 1)
        self.loss_curve_ = np.append(losses, self.loss_curve_[-1])

    def _make_network(self, features: int, outputs: int, output: str) -> tuple[Network, int]:
        """Return an untrained network, and the seed of the run."""
        hidden = check_sizes("hidden", self.hidden, max_layers=MAX_LAYERS, max_units=MAX_UNITS)
        # Checked in any case. A number is the seed itself, anything else gives one.
        generator = check_random_state(self.random_state)
        whole = isinstance(self.random_state, (int, np.integer))
        seed = int(self.random_state if whole else generator.randint(2**31 - 1))
        network = Network(
            (features, *hidden, outputs),
            self.activation,
            output,
            seed=seed,
            dtype=self.dtype,
            loss=self.loss,
            initialization=self.initialization,
        )
        return network, seed

    def _config(self, patience: int) -> TrainingConfig:
        names = "learning_rate batch_size momentum dropout l1 l2 optimizer schedule clip_norm"
        settings = {name: getattr(self, name) for name in [*names.split(), "label_smoothing"]}
        return TrainingConfig(patience=patience, **settings)

    def _split(self, X: Array, y: Array, seed: int) -> tuple[Dataset, Dataset | None]:
        """Hold points out for early stopping, if it is on."""
        name, share = "validation_fraction", self.validation_fraction
        check_number(name, share, low=0, high=1, include_low=False, include_high=False)
        if not self.patience:
            return Dataset(X, y), None
        options: dict[str, Any] = {"test_size": share, "random_state": seed}
        if isinstance(self, ClassifierMixin):
            options["stratify"] = y
        try:
            X_train, X_validation, y_train, y_validation = train_test_split(X, y, **options)
        except ValueError as error:
            allowed = f"a share that leaves points (and classes) for both parts of {len(X)}"
            raise ParameterError(name, share, allowed, str(error)) from error
        return Dataset(X_train, y_train), Dataset(X_validation, y_validation)

    def _run(self, trainer: Trainer, epochs: int) -> None:
        """Train, and keep what came out of it."""
        trainer.run(epochs=epochs)
        if trainer.diverged:
            update = trainer.divergences[-1].update
            warnings.warn(
                f"The weights overflowed at update {update:,}, and training stopped before it. "
                "Scale the data, or lower learning_rate.",
                ConvergenceWarning,
                stacklevel=4,
            )
        self.network_ = trainer.network
        self.n_iter_ = trainer.epoch
        self.loss_curve_ = trainer.history.train_loss[:, 0]
        self.validation_loss_curve_ = None
        if trainer.validation is not None:
            self.validation_loss_curve_ = trainer.history.validation_loss[:, 0]
        self._seed, self._checkpoint = trainer.seed, trainer.checkpoint()

    def _check_points(self, X: ArrayLike) -> Array:
        """Return points to predict, after a fit."""
        check_is_fitted(self)
        points: Array = validate_data(self, X, dtype=np.float64, reset=False)
        return points


class NetworkClassifier(ClassifierMixin, _NetworkEstimator):
    """A multilayer perceptron that tells classes apart.

    Two classes have one sigmoid output, more have a softmax output with one unit each.

    Parameters
    ----------
    hidden : sequence of int, default (8, 8)
        Units of every hidden layer; () for none.
    activation : str or sequence of str, default "tanh"
        A name from `ACTIVATIONS` for all hidden layers, or one for each.
    loss : {"cross_entropy", "squared_error"}, default "cross_entropy"
        Squared error is the Brier score.
    initialization : str, default "xavier_uniform"
        A name from `INITIALIZATIONS`.
    optimizer : str, default "adam"
        A name from `OPTIMIZERS`.
    learning_rate : float, default 0.01
    schedule : Schedule, optional
        Multiplies the learning rate in the course of the run; see `nbtutor.engine.schedules`.
    batch_size : int, default 32
        Points an update; more than there are is all of them.
    epochs : int, default 200
        1 or more.
    momentum : float, default 0
        From 0 to below 1; used by the optimizers "sgd" and "nesterov".
    dropout : float or sequence of sequence of float, default 0
        Share of hidden units that is dropped at each update, from 0 to below 1; ``[[0.2, 0.5]]``
        sets it by layer.
    l1, l2 : float, default 0
        Strength of the penalties; see `Penalty`. With "adamw", `l2` is its weight decay.
    clip_norm : float, optional
        A gradient longer than this is scaled down to it.
    label_smoothing : float, default 0
        Share of a label's certainty that is spread over all classes, from 0 to below 1.
    patience : int, default 0
        Early stopping: training ends when the loss of points that were held out has not improved
        for so many epochs, and the best weights are taken. 0 is never.
    validation_fraction : float, default 0.1
        The share of the points that is held out if there is early stopping.
    dtype : {"float64", "float32"}, default "float64"
        float32 is a little faster. It rounds a point's prediction differently when the point is
        asked for alone.
    random_state : int, RandomState instance or None, default None
        Of the initial weights, the batches, dropout and the points held out.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    network_ : Network
        The engine's network, a fleet of one.
    loss_curve_ : ndarray of shape (n_iter_ + 1,)
        Loss of the training points before training and after each epoch, without penalties and
        dropout. After `partial_fit` it is the loss on what the call was given. Very long runs are
        thinned as in `History`.
    validation_loss_curve_ : ndarray of shape (n_iter_ + 1,) or None
        The same for the points held out; None if there are none.
    n_iter_ : int
        Epochs trained.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if X has them.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from nbtutor.sklearn import NetworkClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> bool(NetworkClassifier(random_state=0).fit(X, y).score(X, y) > 0.95)
    True
    """

    def __init__(
        self,
        hidden: Sequence[int] = (8, 8),
        activation: str | Sequence[str] = "tanh",
        *,
        loss: str = "cross_entropy",
        initialization: str = "xavier_uniform",
        optimizer: str = "adam",
        learning_rate: float = 0.01,
        schedule: Schedule | None = None,
        batch_size: int = 32,
        epochs: int = 200,
        momentum: float = 0.0,
        dropout: float | Sequence[Sequence[float]] = 0.0,
        l1: float = 0.0,
        l2: float = 0.0,
        clip_norm: float | None = None,
        label_smoothing: float = 0.0,
        patience: int = 0,
        validation_fraction: float = 0.1,
        dtype: str = "float64",
        random_state: Any = None,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.loss = loss
        self.initialization = initialization
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.epochs = epochs
        self.momentum = momentum
        self.dropout = dropout
        self.l1 = l1
        self.l2 = l2
        self.clip_norm = clip_norm
        self.label_smoothing = label_smoothing
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.dtype = dtype
        self.random_state = random_state

    def fit(self: Classifier, X: ArrayLike, y: ArrayLike) -> Classifier:
        """Train a new network.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            Best scaled, as by scikit-learn's ``StandardScaler``.
        y : array of shape (n_samples,)
            Labels of any kind, of two classes or more.

        Returns
        -------
        NetworkClassifier
            The estimator itself.

        Raises
        ------
        ParameterError
            If a parameter has a value that is not allowed, or `y` has one class only.
        """
        points, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        classes, numbers = np.unique(labels, return_inverse=True)
        self.classes_ = _check_classes("y", classes)
        self._fit(points, numbers, *self._outputs)
        return self

    def partial_fit(
        self: Classifier, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None
    ) -> Classifier:
        """Train for one epoch on these points, going on from where the network stands.

        The optimizer's memory and the schedule go on too, so calls with the same points give the
        same run as `fit` with as many epochs. There is no early stopping.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        y : array of shape (n_samples,)
        classes : array of shape (n_classes,), optional
            All labels that will ever come; needed at the first call.

        Returns
        -------
        NetworkClassifier
            The estimator itself.

        Raises
        ------
        ValueError
            If `classes` is missing at the first call or changes later, or a label is not in it.
        """
        first = not hasattr(self, "network_")
        if first and classes is None:
            msg = "classes must be passed on the first call to partial_fit."
            raise ValueError(msg)
        points, labels = validate_data(self, X, y, dtype=np.float64, reset=first)
        check_classification_targets(labels)
        if first:
            self.classes_ = _check_classes("classes", np.unique(np.asarray(classes)))
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            msg = f"classes must be those of the first call, {self.classes_}, not {classes}."
            raise ValueError(msg)
        unknown = np.setdiff1d(labels, self.classes_)
        if len(unknown):
            msg = f"y has labels that are not in classes: {unknown}."
            raise ValueError(msg)
        self._partial_fit(points, np.searchsorted(self.classes_, labels), *self._outputs)
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Return the most probable label of every point, shape (n_samples,).

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        """
        points = self._check_points(X)
        labels: Array = self.classes_[self.network_.predict(points)[0]]
        return labels

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the probability of every class, shape (n_samples, n_classes).

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        """
        points = self._check_points(X)
        probabilities: Array = self.network_.predict_proba(points)[0]
        return probabilities

    def decision_function(self, X: ArrayLike) -> Array:
        """Return the output units' weighted sums (logits).

        Parameters
        ----------
        X : array of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes the log odds of the second; for more, the logarithm of the
            probabilities up to a number that is the same for all classes of a point.
        """
        points = self._check_points(X)
        logits: Array = self.network_.logits(points)[0]
        return logits[:, 0] if logits.shape[1] == 1 else logits

    @property
    def _outputs(self) -> tuple[int, str]:
        """Output units, and their kind."""
        classes = len(self.classes_)
        return (1, "sigmoid") if classes == 2 else (classes, "softmax")


class NetworkRegressor(MultiOutputMixin, RegressorMixin, _NetworkEstimator):
    """A multilayer perceptron with linear outputs that predicts values, one or more for each point.

    The loss is squared error. Targets that are far from 0 and 1 in size are best scaled, as by
    scikit-learn's ``TransformedTargetRegressor``.

    Parameters
    ----------
    hidden : sequence of int, default (8, 8)
        Units of every hidden layer; () for none.
    activation : str or sequence of str, default "tanh"
        A name from `ACTIVATIONS` for all hidden layers, or one for each.
    initialization : str, default "xavier_uniform"
        A name from `INITIALIZATIONS`.
    optimizer : str, default "adam"
        A name from `OPTIMIZERS`.
    learning_rate : float, default 0.01
    schedule : Schedule, optional
        Multiplies the learning rate in the course of the run; see `nbtutor.engine.schedules`.
    batch_size : int, default 32
        Points an update; more than there are is all of them.
    epochs : int, default 200
        1 or more.
    momentum : float, default 0
        From 0 to below 1; used by the optimizers "sgd" and "nesterov".
    dropout : float or sequence of sequence of float, default 0
        Share of hidden units that is dropped at each update, from 0 to below 1; ``[[0.2, 0.5]]``
        sets it by layer.
    l1, l2 : float, default 0
        Strength of the penalties; see `Penalty`. With "adamw", `l2` is its weight decay.
    clip_norm : float, optional
        A gradient longer than this is scaled down to it.
    patience : int, default 0
        Early stopping: training ends when the loss of points that were held out has not improved
        for so many epochs, and the best weights are taken. 0 is never.
    validation_fraction : float, default 0.1
        The share of the points that is held out if there is early stopping.
    dtype : {"float64", "float32"}, default "float64"
        float32 is a little faster. It rounds a point's prediction differently when the point is
        asked for alone.
    random_state : int, RandomState instance or None, default None
        Of the initial weights, the batches, dropout and the points held out.

    Attributes
    ----------
    network_ : Network
        The engine's network, a fleet of one.
    loss_curve_ : ndarray of shape (n_iter_ + 1,)
        Loss of the training points before training and after each epoch, without penalties and
        dropout. After `partial_fit` it is the loss on what the call was given. Very long runs are
        thinned as in `History`.
    validation_loss_curve_ : ndarray of shape (n_iter_ + 1,) or None
        The same for the points held out; None if there are none.
    n_iter_ : int
        Epochs trained.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if X has them.
    """

    def __init__(
        self,
        hidden: Sequence[int] = (8, 8),
        activation: str | Sequence[str] = "tanh",
        *,
        initialization: str = "xavier_uniform",
        optimizer: str = "adam",
        learning_rate: float = 0.01,
        schedule: Schedule | None = None,
        batch_size: int = 32,
        epochs: int = 200,
        momentum: float = 0.0,
        dropout: float | Sequence[Sequence[float]] = 0.0,
        l1: float = 0.0,
        l2: float = 0.0,
        clip_norm: float | None = None,
        patience: int = 0,
        validation_fraction: float = 0.1,
        dtype: str = "float64",
        random_state: Any = None,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.initialization = initialization
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.epochs = epochs
        self.momentum = momentum
        self.dropout = dropout
        self.l1 = l1
        self.l2 = l2
        self.clip_norm = clip_norm
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.dtype = dtype
        self.random_state = random_state

    _y_shape: tuple[int, ...]  # of one point: () or (n_outputs,)

    def fit(self: Regressor, X: ArrayLike, y: ArrayLike) -> Regressor:
        """Train a new network.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            Best scaled, as by scikit-learn's ``StandardScaler``.
        y : array of shape (n_samples,) or (n_samples, n_outputs)

        Returns
        -------
        NetworkRegressor
            The estimator itself.

        Raises
        ------
        ParameterError
            If a parameter has a value that is not allowed.
        """
        X, values = self._check_values(X, y, reset=True)
        self._y_shape = values.shape[1:]
        self._fit(X, values, *self._outputs)
        return self

    def partial_fit(self: Regressor, X: ArrayLike, y: ArrayLike) -> Regressor:
        """Train for one epoch on these points, going on from where the network stands.

        The optimizer's memory and the schedule go on too, so calls with the same points give the
        same run as `fit` with as many epochs. There is no early stopping.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        y : array of shape (n_samples,) or (n_samples, n_outputs)

        Returns
        -------
        NetworkRegressor
            The estimator itself.

        Raises
        ------
        ValueError
            If `y` has another number of outputs than before.
        """
        first = not hasattr(self, "network_")
        X, values = self._check_values(X, y, reset=first)
        if first:
            self._y_shape = values.shape[1:]
        elif values.shape[1:] != self._y_shape:
            shape = ", ".join(map(str, ("n_samples", *self._y_shape)))
            msg = f"y must have shape ({shape}), as at the first call, not {values.shape}."
            raise ValueError(msg)
        self._partial_fit(X, values, *self._outputs)
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Return the values, shape (n_samples,) or (n_samples, n_outputs) as `y` had.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        """
        points = self._check_points(X)
        values: Array = self.network_.predict(points)[0].astype(np.float64)
        return values.reshape(len(points), *self._y_shape)

    def _check_values(self, X: ArrayLike, y: ArrayLike, *, reset: bool) -> tuple[Array, Array]:
        X, y = validate_data(
            *(self, X, y), dtype=np.float64, multi_output=True, y_numeric=True, reset=reset
        )
        return np.asarray(X), np.asarray(y, np.float64)

    @property
    def _outputs(self) -> tuple[int, str]:
        """Output units, and their kind."""
        return (*self._y_shape, 1)[0], "linear"


def _check_classes(name: str, classes: Array) -> Array:
    if len(classes) < 2:
        shown = f"{len(classes)} class only"
        raise ParameterError(name, shown, "of two classes or more", "There is nothing to tell.")
    return classes
