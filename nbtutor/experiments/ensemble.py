"""Ensembles: many networks asked together, and why that is better than asking one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nbtutor.engine import Dataset, Generator, ParameterError, Trainer, make_dataset
from nbtutor.engine.datasets import MAX_POINTS
from nbtutor.engine.random import stream
from nbtutor.engine.validation import check_integer
from nbtutor.experiments.decomposition import finite_array
from nbtutor.experiments.fleets import (
    MAX_EPOCHS,
    answers,
    check_flag,
    check_one_answer,
    check_seed,
    diverged,
    learner,
    plane_grid,
    train_epochs,
    training_config,
)
from nbtutor.experiments.partial import begin
from nbtutor.experiments.progress import Counter, Progress
from nbtutor.experiments.result import Result

Array = np.ndarray

MAX_MEMBERS = 1000
_SIDE = 60


@dataclass(frozen=True)
class Ambiguity:
    """The squared error of an ensemble in two parts; see `ambiguity`.

    Attributes
    ----------
    errors : ndarray of shape (members,)
        The squared error of every member.
    weights : ndarray of shape (members,)
        How much each counts; they sum to one.
    mean_error : float
        The weighted mean of `errors`.
    diversity : float
        The weighted mean squared distance of the members from the ensemble. Krogh and Vedelsby
        call it the ambiguity.
    error : float
        The squared error of the ensemble, ``mean_error - diversity``.
    """

    errors: Array
    weights: Array
    mean_error: float
    diversity: float
    error: float


def ambiguity(
    predictions: ArrayLike, targets: ArrayLike, weights: ArrayLike | None = None
) -> Ambiguity:
    """Split the squared error of an ensemble into its members' error and their diversity.

    With the ensemble's answer q = sum_m w_m q_m, at every point and for any target y::

        (y - q)²  =  sum_m w_m (y - q_m)²  -  sum_m w_m (q_m - q)²

    (Krogh and Vedelsby, Neural network ensembles, cross validation, and active learning, 1995,
    equation 6). So an ensemble is never worse than its members on average, and better by just as
    much as they differ. It needs no truth: members may be any runs, kept from anywhere.

    Parameters
    ----------
    predictions : array of shape (members, n)
    targets : array of shape (n,)
    weights : array of shape (members,), optional
        0 or more, some above 0; scaled to sum to one. All alike if left out.

    Returns
    -------
    Ambiguity
        Means over the n points.

    Raises
    ------
    ParameterError
        If shapes do not fit, a number is not finite, or weights are not as said.
    """
    q, y = finite_array("predictions", predictions), finite_array("targets", targets)
    if q.ndim != 2 or q.size == 0:
        raise ParameterError("predictions", f"shape {q.shape}", "of shape (members, n)")
    members, n = q.shape
    if y.shape != (n,):
        raise ParameterError("targets", f"shape {y.shape}", f"of shape ({n},), one for each point")
    w = np.ones(members) if weights is None else finite_array("weights", weights)
    if w.shape != (members,) or w.min() < 0 or w.max() <= 0:
        allowed = f"{members} numbers of 0 or more, one for each member, and not all 0"
        raise ParameterError("weights", weights, allowed)
    w = w / w.sum()
    together = w @ q
    errors = ((y - q) ** 2).mean(axis=1)
    return Ambiguity(
        errors=errors,
        weights=w,
        mean_error=float(w @ errors),
        diversity=float(w @ ((q - together) ** 2).mean(axis=1)),
        error=float(((y - together) ** 2).mean()),
    )


@dataclass(frozen=True)
class EnsembleResult(Result):
    """What `ensemble` found. Errors are squared errors of P(class 1) on drawn labels.

    Attributes
    ----------
    parts : Ambiguity
        With all members alike.
    wrong_members : ndarray of shape (members,)
        Share of wrong answers of every member.
    wrong : float
        Share of wrong answers of the ensemble, whose P(class 1) is the members' mean.
    noise : float
        Mean of p (1 - p): no answer has a smaller expected error.
    predictions : ndarray of shape (members, n_test)
        P(class 1) by every member at every test point.
    train, test : Dataset
    fields : ndarray of shape (members, side, side), float32
        P(class 1) by every member over the plane, [y, x].
    axis : ndarray of shape (side,)
    diverged : int
        Members that left the finite numbers.
    """

    parts: Ambiguity
    wrong_members: Array
    wrong: float
    noise: float
    predictions: Array
    train: Dataset
    test: Dataset
    fields: Array
    axis: Array
    diverged: int

    @property
    def mean_error(self) -> float:
        """The members' mean error."""
        return self.parts.mean_error

    @property
    def diversity(self) -> float:
        """How much the members differ, which is what the ensemble gains."""
        return self.parts.diversity

    @property
    def error(self) -> float:
        """The ensemble's error: mean error less diversity."""
        return self.parts.error

    @property
    def error_by_count(self) -> Array:
        """The error of an ensemble of 1, 2, ... of the M members, shape (members,).

        The mean over all choices of k of them: error + S² (1/k - 1/M), where S² is the members'
        variance with the divisor M - 1 (the variance of a mean in sampling without replacement;
        Cochran, Sampling Techniques, 1977, theorem 2.2). It falls as 1/k to a limit.
        """
        members = len(self.predictions)
        count = np.arange(1, members + 1)
        spread = self.diversity * members / (members - 1)
        by_count: Array = self.error + spread * (1 / count - 1 / members)
        return by_count


def ensemble(
    dataset: str = "spiral",
    hidden: Sequence[int] = (8, 8),
    members: int = 20,
    n_train: int = 200,
    epochs: int = 500,
    *,
    bootstrap: bool = False,
    noise: float = 0.1,
    activation: str | Sequence[str] = "tanh",
    n_test: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
    resume: Any = None,
    **training: Any,
) -> EnsembleResult:
    """Train the members of an ensemble on one training set and ask them together.

    Where all members come to nearly the same answer, as on moons, there is little to gain.

    Parameters
    ----------
    dataset : str, default "spiral"
        The name of a data set with two classes.
    hidden : sequence of int, default (8, 8)
        Units of the hidden layers.
    members : int, default 20
        From 2 to 1000; each starts from weights of its own.
    n_train : int, default 200
        Training points, 2 or more.
    epochs : int, default 500
    bootstrap : bool, default False
        Whether each member learns from a resample of its own, `n_train` points drawn with
        replacement (bagging; Breiman, 1996). It makes members worse and more diverse.
    noise : float, default 0.1
        Of the data, from 0 to 0.5.
    activation : str or sequence of str, default "tanh"
    n_test : int, default 1000
        Fresh points on which everything is measured.
    seed : int, default 0
    progress : callable, optional
        ``progress(epochs done, epochs)``; to return False cancels.
    resume : object, optional
        `Cancelled.partial` of a cancelled call with the same arguments.
    **training
        Fields of `TrainingConfig`, one number each; `learning_rate` is 0.3 unless it is given.

    Returns
    -------
    EnsembleResult

    Raises
    ------
    ParameterError
        If an argument is not allowed.
    TypeError
        If a name in `training` is unknown.
    Cancelled
        If `progress` returned False.
    """
    arguments = {**locals()}
    del arguments["progress"], arguments["resume"]
    generator = Generator(dataset, noise)
    check_one_answer(generator)
    check_integer("members", members, low=2, high=MAX_MEMBERS)
    check_integer("n_train", n_train, low=2, high=MAX_POINTS)
    check_integer("epochs", epochs, low=0, high=MAX_EPOCHS)
    check_flag("bootstrap", bootstrap)
    check_integer("n_test", n_test, low=1, high=MAX_POINTS)
    check_seed(seed)
    config = training_config(training, learning_rate=0.3)
    train = make_dataset(dataset, n_train, noise, seed)

    def start() -> Trainer:
        network = learner(hidden, 2, activation, members, seed)
        data = resampled(train, members, seed) if bootstrap else train
        return Trainer(network, data, config=config, seed=seed)

    partial = begin("ensemble", arguments, start, resume)
    trainer = partial.work
    train_epochs(trainer, epochs, Counter(epochs, progress, partial))

    test = generator.sample(n_test, stream(seed, "test"))
    truth = generator.posterior(test.X)[:, 1]
    predictions = answers(trainer.network, test.X)
    axis, points = plane_grid(_SIDE)
    fields = answers(trainer.network, points).astype(np.float32)
    return EnsembleResult(
        parts=ambiguity(predictions, test.y),
        wrong_members=((predictions > 0.5) != test.y).mean(axis=1),
        wrong=float(((predictions.mean(axis=0) > 0.5) != test.y).mean()),
        noise=float((truth * (1 - truth)).mean()),
        predictions=predictions,
        train=train,
        test=test,
        fields=fields.reshape(members, _SIDE, _SIDE),
        axis=axis,
        diverged=diverged(trainer),
    )


def resampled(data: Dataset, draws: int, seed: int) -> Dataset:
    """Return bootstrap resamples of a data set, ``X`` of shape (draws, n, 2)."""
    n = len(data)
    rows = np.stack([stream(seed, "bootstrap", draw).integers(0, n, n) for draw in range(draws)])
    return Dataset(data.X[rows], data.y[rows], data.generator)
