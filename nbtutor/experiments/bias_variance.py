"""Bias and variance: what another draw of the training data would have changed.

The expected error of a learner is squared bias, variance and noise, exactly, for squared error over
fresh draws of the training set (Geman, Bienenstock and Doursat, Neural networks and the
bias/variance dilemma, 1992). The data here come from a known generator, so all three can be
measured: no bootstrap, whose draws are too alike and understate the variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from nbtutor.engine import Dataset, Generator, Network, ParameterError, Trainer
from nbtutor.engine.datasets import MAX_POINTS, RegressionGenerator, make_generator
from nbtutor.engine.random import stream
from nbtutor.engine.validation import check_choice, check_integer, is_sequence
from nbtutor.experiments.decomposition import (
    Decomposition,
    VarianceSplit,
    decompose,
    split_variance,
)
from nbtutor.experiments.fleets import (
    MAX_EPOCHS,
    answers,
    check_one_answer,
    check_seed,
    diverged,
    fresh_draws,
    learner,
    mean_and_standard_error,
    plane_grid,
    train_epochs,
    training_config,
)
from nbtutor.experiments.jobs import each
from nbtutor.experiments.partial import begin
from nbtutor.experiments.progress import Counter, Progress
from nbtutor.experiments.result import Result

Array = np.ndarray

MAX_REPLICAS = 1000
MAX_SIDE = 400


@dataclass(frozen=True)
class BiasVarianceResult(Result):
    """What `bias_variance` found. Errors are squared errors of P(class 1), or of the value.

    Below, "answer" is P(class 1), or for regression the predicted value.

    Attributes
    ----------
    totals : Decomposition
        Means over the test points, and the values at each of them.
    split : VarianceSplit or None
        The variance by its source, where the design has `weight_draws`.
    predictions : ndarray of shape (replicas, n_test)
        The answer of every network at every test point.
    truth : ndarray of shape (n_test,)
        The true P(class 1), or the expected value, at every test point.
    test : Dataset
        Fresh points that no network has seen.
    train : Dataset
        The training points, ``X`` of shape (replicas, n_train, 2).
    fields : ndarray of shape (replicas, side, side), float32
        The answer of every network over the plane, [y, x].
    axis : ndarray of shape (side,)
        The coordinates of the fields, along x and along y.
    hidden : tuple of int
        Units of the hidden layers.
    diverged : int
        Networks that left the finite numbers; they stand with their last finite weights.
    """

    totals: Decomposition
    split: VarianceSplit | None
    predictions: Array
    truth: Array
    test: Dataset
    train: Dataset
    fields: Array
    axis: Array
    hidden: tuple[int, ...]
    diverged: int

    @property
    def bias2(self) -> float:
        """Squared bias of the networks' mean: how wrong they are together."""
        return self.totals.bias2

    @property
    def variance(self) -> float:
        """Variance about their mean: how much they differ."""
        return self.totals.variance

    @property
    def noise(self) -> float:
        """Mean of p (1 - p), or the variance of the values: what no network can avoid."""
        return self.totals.noise

    @property
    def expected_error(self) -> float:
        """The expected squared error, over networks and over labels drawn from the posterior."""
        return self.totals.expected_error

    @property
    def variance_unbiased(self) -> float:
        """The variance, right on average: of independent networks, or from the split."""
        return self.totals.variance_unbiased if self.split is None else self.split.total

    @property
    def bias2_unbiased(self) -> float:
        """The squared bias, right on average; may be below zero where the bias is small.

        `expected_error` is right on average as it is, so this is what the others leave of it.
        """
        return self.expected_error - self.noise - self.variance_unbiased

    @property
    def errors(self) -> Array:
        """The expected squared error of every network, shape (replicas,)."""
        by_network: Array = ((self.predictions - self.truth) ** 2).mean(axis=1) + self.noise
        return by_network

    @property
    def measured_error(self) -> float:
        """The squared error against the labels or values that the test points were drawn with."""
        return float(self._label_errors.mean())

    @property
    def measured_standard_error(self) -> float:
        """Its standard error over the test points."""
        return float(mean_and_standard_error(self._label_errors)[1])

    @property
    def _label_errors(self) -> Array:
        by_point: Array = ((self.test.y - self.predictions) ** 2).mean(axis=0)
        return by_point

    @property
    def regression(self) -> bool:
        """Whether the answers are values, not P(class 1)."""
        return self.test.task == "regression"

    @cached_property
    def _known(self) -> tuple[Array, Array]:
        return _truth_and_noise(self.test.generator, plane_grid(len(self.axis))[1])

    @property
    def truth_map(self) -> Array:
        """The true P(class 1), or expected value, over the plane, shape (side, side)."""
        return self._known[0].reshape(self.fields.shape[1:])

    @property
    def noise_map(self) -> Array:
        """The noise over the plane, shape (side, side)."""
        return self._known[1].reshape(self.fields.shape[1:])

    @cached_property
    def mean_map(self) -> Array:
        """The networks' mean answer over the plane, shape (side, side)."""
        mean: Array = self.fields.mean(axis=0, dtype=np.float64)
        return mean

    @cached_property
    def bias2_map(self) -> Array:
        """Squared bias over the plane, shape (side, side)."""
        bias2: Array = (self.truth_map - self.mean_map) ** 2
        return bias2

    @cached_property
    def variance_map(self) -> Array:
        """Variance over the plane, shape (side, side)."""
        variance: Array = self.fields.var(axis=0, dtype=np.float64)
        return variance


def bias_variance(
    dataset: str = "moons",
    hidden: Sequence[int] = (8, 8),
    n_train: int = 100,
    replicas: int = 50,
    epochs: int = 200,
    *,
    noise: float = 0.3,
    activation: str | Sequence[str] = "tanh",
    weight_draws: int | None = None,
    n_test: int = 1000,
    side: int = 40,
    seed: int = 0,
    progress: Progress | None = None,
    resume: Any = None,
    **training: Any,
) -> BiasVarianceResult:
    """Train many networks, each on a fresh draw of the data, and take their error apart.

    Parameters
    ----------
    dataset : str, default "moons"
        The name of a data set with two classes, or of one for regression.
    hidden : sequence of int, default (8, 8)
        Units of the hidden layers; () for logistic or linear regression.
    n_train : int, default 100
        Training points of each network, 2 or more.
    replicas : int, default 50
        Networks, from 2 to 1000, trained at once.
    epochs : int, default 200
    noise : float, default 0.3
        Of the data, from 0 to 0.5. At 0 classes hardly overlap, and hardly anything is
        unavoidable.
    activation : str or sequence of str, default "tanh"
        Of the hidden layers.
    weight_draws : int, optional
        None gives every network a draw of the data and initial weights of its own. W gives a
        two-way design: ``replicas / W`` draws of the data, each learned from W initial weights,
        the same W for each; `split` then tells data and weights apart. Both counts must be 2 or
        more. There are fewer draws of the data then, so `bias2` and `variance` as they stand
        are farther off; the unbiased ones are not.
    n_test : int, default 1000
        Fresh points on which everything is measured, 2 or more.
    side : int, default 40
        The maps have side × side points, from 2 to 400.
    seed : int, default 0
        Of everything. Draw r of the data is the same for any number of replicas.
    progress : callable, optional
        ``progress(epochs done, epochs)``; to return False cancels.
    resume : object, optional
        `Cancelled.partial` of a cancelled call with the same arguments.
    **training
        Fields of `TrainingConfig`, one number each; `learning_rate` is 0.3 unless it is given,
        or 0.02 for regression, and the rest as there.

    Returns
    -------
    BiasVarianceResult
        ``bias2 + variance + noise == expected_error``, on the same networks and points.

    Raises
    ------
    ParameterError
        If an argument is not allowed.
    TypeError
        If a name in `training` is unknown.
    Cancelled
        If `progress` returned False.

    Notes
    -----
    All networks meet their points in the same order, and their dropout the same random numbers;
    points of independent draws are exchangeable, so this adds nothing to bias or variance.
    """
    arguments = {**locals()}
    del arguments["progress"], arguments["resume"]
    generator = make_generator(dataset, noise)
    check_one_answer(generator)
    check_seed(seed)
    check_integer("n_train", n_train, low=2, high=MAX_POINTS)
    check_integer("replicas", replicas, low=2, high=MAX_REPLICAS)
    check_integer("epochs", epochs, low=0, high=MAX_EPOCHS)
    check_integer("n_test", n_test, low=2, high=MAX_POINTS)
    check_integer("side", side, low=2, high=MAX_SIDE)
    usual_rate = 0.02 if generator.task == "regression" else 0.3
    config = training_config(training, learning_rate=usual_rate)
    data_draws = _data_draws(replicas, weight_draws)

    def start() -> _Fleet:
        network = learner(hidden, generator.classes, activation, replicas, seed)
        train = fresh_draws(generator, n_train, data_draws, seed, "training draw")
        if weight_draws is not None:
            train = cross(network, train, weight_draws)
        return _Fleet(train, Trainer(network, train, config=config, seed=seed))

    partial = begin("bias_variance", arguments, start, resume)
    train, trainer = partial.work
    train_epochs(trainer, epochs, Counter(epochs, progress, partial))

    test = generator.sample(n_test, stream(seed, "test"))
    truth, variance = _truth_and_noise(generator, test.X)
    predictions = answers(trainer.network, test.X)
    axis, points = plane_grid(side)
    fields = answers(trainer.network, points).astype(np.float32)
    split = None
    if weight_draws is not None:
        split = split_variance(predictions.reshape(data_draws, weight_draws, n_test))
    return BiasVarianceResult(
        totals=decompose(predictions, truth, variance),
        split=split,
        predictions=predictions,
        truth=truth,
        test=test,
        train=train,
        fields=fields.reshape(replicas, side, side),
        axis=axis,
        hidden=trainer.network.sizes[1:-1],
        diverged=diverged(trainer),
    )


def cross(network: Network, data: Dataset, weight_draws: int) -> Dataset:
    """Let each draw of the data meet each of the first draws of the initial weights.

    Parameters
    ----------
    network : Network
        With one replica for each pair. Its weights are changed in place.
    data : Dataset
        ``X`` of shape (draws, n, 2).
    weight_draws : int
        W, so that network ``d * W + w`` learns draw d from initial weights w.

    Returns
    -------
    Dataset
        What each replica learns from, ``X`` of shape (replicas, n, 2).
    """
    first = network.parameters.flat[:weight_draws].copy()
    network.parameters.flat[:] = np.tile(first, (len(data.X), 1))
    X, y = (np.repeat(array, weight_draws, axis=0) for array in (data.X, data.y))
    return Dataset(X, y, data.generator)


SWEPT = (
    "hidden",
    "n_train",
    "epochs",
    "noise",
    "activation",
    "learning_rate",
    "batch_size",
    "momentum",
    "dropout",
    "l1",
    "l2",
)
"""What a sweep may change."""


@dataclass(frozen=True)
class BiasVarianceSweep(Result):
    """What `bias_variance_sweep` found, one entry for each value.

    Attributes
    ----------
    parameter : str
    values : tuple
    bias2, variance, noise, expected_error : ndarray of shape (values,)
        As in `BiasVarianceResult`.
    bias2_unbiased, variance_unbiased : ndarray of shape (values,)
    errors : ndarray of shape (values, replicas)
        The expected error of every network. Networks with the same number learned from the same
        draw of the points, whatever the value (but for a swept `n_train` or `noise`).
    """

    parameter: str
    values: tuple[Any, ...]
    bias2: Array
    variance: Array
    noise: Array
    expected_error: Array
    bias2_unbiased: Array
    variance_unbiased: Array
    errors: Array

    @property
    def standard_error(self) -> Array:
        """Standard error of `expected_error` over the networks, shape (values,)."""
        return mean_and_standard_error(self.errors)[1]

    @property
    def best(self) -> int:
        """The place of the value with the smallest expected error: the bottom of the U."""
        return int(self.expected_error.argmin())

    @property
    def as_good(self) -> tuple[int, ...]:
        """Places of values no worse than the best beyond the doubt of the measurement.

        Those whose error, network by network, is larger by less than two standard errors.
        """
        more, doubt = mean_and_standard_error(self.errors - self.errors[self.best])
        return tuple(int(i) for i in np.flatnonzero(more <= 2 * doubt))


def bias_variance_sweep(
    parameter: str = "hidden",
    values: Sequence[Any] = ((), (2,), (4,), (8,), (8, 8), (16, 16), (32, 32)),
    *,
    n_jobs: int | None = None,
    progress: Progress | None = None,
    resume: Any = None,
    **arguments: Any,
) -> BiasVarianceSweep:
    """Take the error apart at each of several values of one setting.

    From simple to flexible, bias² falls and variance rises; their sum with the noise is the U,
    which no value can bring below the noise.

    Parameters
    ----------
    parameter : str, default "hidden"
        What is changed, a name in `SWEPT`.
    values : sequence
        Its values, two or more, in the order in which they are drawn.
    n_jobs : int, optional
        How many values are worked on at once, see `nbtutor.experiments.jobs.each`. The numbers do
        not depend on it.
    progress : callable, optional
        ``progress(values done, values)``; to return False cancels.
    resume : object, optional
        `Cancelled.partial` of a cancelled call with the same arguments.
    **arguments
        The other arguments of `bias_variance`.

    Returns
    -------
    BiasVarianceSweep

    Raises
    ------
    ParameterError
        If an argument is not allowed.
    Cancelled
        If `progress` returned False.
    """
    check_choice("parameter", parameter, SWEPT)
    if not is_sequence(values) or len(values) < 2:
        raise ParameterError("values", values, f"a sequence of two or more values of {parameter}")
    if parameter in arguments:
        hint = "It is swept: leave it out."
        raise ParameterError(parameter, arguments[parameter], "given in `values` alone", hint)
    called = {"parameter": parameter, "values": list(values), **arguments}
    partial = begin("bias_variance_sweep", called, lambda: list[_Row](), resume)
    rows = partial.work
    counter = Counter(len(values), progress, partial)
    counter.done = len(rows)
    calls = [{parameter: value, **arguments} for value in values[len(rows) :]]
    for row in each(_row, calls, n_jobs):
        rows.append(row)
        counter.advance()
    totals = [row.totals for row in rows]
    return BiasVarianceSweep(
        parameter=parameter,
        values=tuple(values),
        bias2=np.array([t.bias2 for t in totals]),
        variance=np.array([t.variance for t in totals]),
        noise=np.array([t.noise for t in totals]),
        expected_error=np.array([t.expected_error for t in totals]),
        bias2_unbiased=np.array([row.unbiased[0] for row in rows]),
        variance_unbiased=np.array([row.unbiased[1] for row in rows]),
        errors=np.array([row.errors for row in rows]),
    )


@dataclass(frozen=True)
class _Row:
    """What a sweep keeps of the result at one value."""

    totals: Decomposition
    unbiased: tuple[float, float]
    errors: Array


def _row(arguments: dict[str, Any]) -> _Row:
    result = bias_variance(**arguments)
    return _Row(result.totals, (result.bias2_unbiased, result.variance_unbiased), result.errors)


def _truth_and_noise(
    generator: Generator | RegressionGenerator | None, points: Array
) -> tuple[Array, Array]:
    """Return the mean and the variance of the label, or value, at each point, shape (n,)."""
    if isinstance(generator, RegressionGenerator):
        return generator.mean(points), np.full(len(points), generator.noise_std**2)
    assert generator is not None  # the points were drawn here
    p = generator.posterior(points)[:, 1]
    return p, p * (1 - p)


class _Fleet(NamedTuple):
    """What a cancelled call hands over: the networks in mid-run, and their points."""

    train: Dataset
    trainer: Trainer


def _data_draws(replicas: int, weight_draws: int | None) -> int:
    """Return how many draws of the data there are in the design."""
    if weight_draws is None:
        return replicas
    check_integer("weight_draws", weight_draws, low=2, high=replicas)
    if replicas % weight_draws or replicas // weight_draws < 2:
        allowed = f"a divisor of the {replicas} replicas that leaves two draws of the data or more"
        raise ParameterError("weight_draws", weight_draws, allowed)
    return replicas // weight_draws
