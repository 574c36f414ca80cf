"""Learning curves: error against training-set size, and whether more data would help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nbtutor.engine import Dataset, Generator, Network, TrainingConfig
from nbtutor.engine.datasets import MAX_POINTS
from nbtutor.engine.random import stream
from nbtutor.engine.validation import check_choice, check_integer, check_number
from nbtutor.experiments.fleets import (
    MAX_UPDATES,
    check_rising,
    check_seed,
    diverged,
    fresh_draws,
    learner,
    mean_and_standard_error,
    trained,
    training_config,
)
from nbtutor.experiments.jobs import each
from nbtutor.experiments.partial import begin
from nbtutor.experiments.progress import Counter, Progress
from nbtutor.experiments.result import Result

Array = np.ndarray

MEASURES = ("error", "loss")
MAX_REPLICAS = 500
_FLOOR_POINTS = 2000


@dataclass(frozen=True)
class LearningCurve(Result):
    """What `learning_curve` found.

    Attributes
    ----------
    measure : str
        "error", the share of wrong answers, or "loss", the cross-entropy in nats.
    sizes : ndarray of shape (sizes,), int
        Training points, rising.
    train, validation : ndarray of shape (sizes, replicas)
        Of every network on the points that it learned from, and on fresh ones.
    floor : float
        What the best classifier there can be would have: the Bayes error, or the entropy of the
        classes given the point.
    chance : float
        What guessing has: 1 - 1/K, or ln K.
    tolerance : float
        The share of the way from `floor` to `chance` above which bias or variance is high.
    diverged : int
        Networks that left the finite numbers, at all sizes together.

    Notes
    -----
    At each size the mean validation error is ``floor + bias + variance``, with the bias and the
    variance of Ng (Machine Learning Yearning, 2018, chapters 20 to 22): the avoidable bias is how
    far the training error lies above the floor, the variance how far the validation error lies
    above the training error. They are not those of `bias_variance`, which must know the truth at
    every point; these two can be read off any learning curve.
    """

    measure: str
    sizes: Array
    train: Array
    validation: Array
    floor: float
    chance: float
    tolerance: float
    diverged: int

    @property
    def bias(self) -> tuple[Array, Array]:
        """Training error above the floor, and its standard error, each of shape (sizes,).

        Below zero where the networks have learned the noise of their points by heart.
        """
        return mean_and_standard_error(self.train - self.floor)

    @property
    def variance(self) -> tuple[Array, Array]:
        """The gap, validation minus training, and its standard error, each of shape (sizes,)."""
        return mean_and_standard_error(self.validation - self.train)

    @property
    def threshold(self) -> float:
        """What bias or variance may be before it is called high, in units of the measure."""
        return self.tolerance * (self.chance - self.floor)

    @property
    def verdict(self) -> str:
        """What is wrong at the largest size.

        One of "high bias", "high variance", "high bias and high variance", "neither is high".
        """
        high = [
            name
            for name, (values, _) in (("bias", self.bias), ("variance", self.variance))
            if values[-1] > self.threshold
        ]
        return " and ".join(f"high {name}" for name in high) or "neither is high"

    @property
    def certain(self) -> bool:
        """Whether bias and variance are each two standard errors or more from the threshold."""
        return all(
            abs(values[-1] - self.threshold) >= 2 * doubts[-1]
            for values, doubts in (self.bias, self.variance)
        )

    @property
    def last_gain(self) -> tuple[float, float]:
        """What the last step in size took off the validation error, and its standard error.

        Network by network: those of one number learned from the same points and more of them.
        """
        gain, doubt = mean_and_standard_error(self.validation[-2] - self.validation[-1])
        return float(gain), float(doubt)

    @property
    def sentence(self) -> str:
        """The verdict in words, with its numbers."""
        (bias, bias_doubt), (variance, variance_doubt) = self.bias, self.variance
        gain, doubt = self.last_gain
        if abs(gain) <= 2 * doubt:
            more = f"changed it by no more than chance, {_pm(-gain, doubt)}"
        else:
            more = f"{'took off' if gain > 0 else 'added'} {_pm(abs(gain), doubt)}"
        sure = "" if self.certain else " One of the two is too near the threshold to be sure."
        return (
            f"With {self.sizes[-1]:,} points: {self.verdict}. The training {self.measure} lies "
            f"{_pm(bias[-1], bias_doubt[-1])} above the floor, the validation {self.measure} "
            f"{_pm(variance[-1], variance_doubt[-1])} above the training {self.measure}; above "
            f"{self.threshold:.3f} is called high.{sure} As to the validation {self.measure}, "
            f"the last step in size {more}."
        )


def learning_curve(
    dataset: str = "moons",
    hidden: Sequence[int] = (8, 8),
    sizes: Sequence[int] = (10, 20, 40, 80, 160, 320, 640),
    replicas: int = 20,
    updates: int = 2000,
    *,
    noise: float = 0.3,
    activation: str | Sequence[str] = "tanh",
    measure: str = "error",
    n_validation: int = 500,
    tolerance: float = 0.1,
    seed: int = 0,
    n_jobs: int | None = None,
    progress: Progress | None = None,
    resume: Any = None,
    **training: Any,
) -> LearningCurve:
    """Train at several sizes of the training set, each with many draws of it.

    Every network makes the same number of updates, whatever the size of its set: with the same
    number of epochs a small set would also be learned for a shorter time, and the curve would show
    both.

    Parameters
    ----------
    dataset : str, default "moons"
        A name of a data set with classes.
    hidden : sequence of int, default (8, 8)
        Units of the hidden layers.
    sizes : sequence of int, default (10, 20, 40, 80, 160, 320, 640)
        Training points, rising; two sizes or more.
    replicas : int, default 20
        Draws of the training set, from 2 to 500, each for a network of its own. A smaller set is
        the first part of the larger one of the same draw, so the steps from size to size differ
        by the points added and by nothing else.
    updates : int, default 2000
        Updates of each network.
    noise : float, default 0.3
        Of the data, from 0 to 0.5.
    activation : str or sequence of str, default "tanh"
        Of the hidden layers.
    measure : {"error", "loss"}, default "error"
        The share of wrong answers, or the cross-entropy in nats.
    n_validation : int, default 500
        Fresh points for each draw, the same at all sizes.
    tolerance : float, default 0.1
        Above 0 and below 1; see `LearningCurve`.
    seed : int, default 0
    n_jobs : int, optional
        How many sizes are worked on at once, see `nbtutor.experiments.jobs.each`. The numbers do
        not depend on it.
    progress : callable, optional
        ``progress(sizes done, sizes)``; to return False cancels.
    resume : object, optional
        `Cancelled.partial` of a cancelled call with the same arguments.
    **training
        Fields of `TrainingConfig`, one number each; `learning_rate` is 0.3 unless it is given.

    Returns
    -------
    LearningCurve

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
    del arguments["n_jobs"], arguments["progress"], arguments["resume"]
    generator = Generator(dataset, noise)
    counts = check_rising("sizes", sizes)
    check_integer("replicas", replicas, low=2, high=MAX_REPLICAS)
    check_integer("updates", updates, low=1, high=MAX_UPDATES)
    check_choice("measure", measure, MEASURES)
    check_integer("n_validation", n_validation, low=1, high=MAX_POINTS)
    check_number("tolerance", tolerance, low=0, high=1, include_low=False, include_high=False)
    check_seed(seed)
    config = training_config(training, learning_rate=0.3)

    partial = begin("learning_curve", arguments, lambda: list[_Row](), resume)
    rows = partial.work
    counter = Counter(len(counts), progress, partial)
    counter.done = len(rows)
    draws = fresh_draws(generator, counts[-1], replicas, seed, "training draw")
    validation = fresh_draws(generator, n_validation, replicas, seed, "validation draw")
    network = learner(hidden, generator.classes, activation, replicas, seed)
    at_size = _AtSize(draws, validation, network, config, updates, measure, seed)
    for row in each(at_size, counts[len(rows) :], n_jobs):
        rows.append(row)
        counter.advance()
    floor, chance = _floor_and_chance(generator, measure, seed)
    return LearningCurve(
        measure=measure,
        sizes=np.array(counts),
        train=np.array([row.train for row in rows]),
        validation=np.array([row.validation for row in rows]),
        floor=floor,
        chance=chance,
        tolerance=tolerance,
        diverged=sum(row.diverged for row in rows),
    )


class _Row(NamedTuple):
    """What is kept of one size."""

    train: Array
    validation: Array
    diverged: int


@dataclass(frozen=True)
class _AtSize:
    """Trains networks on the first points of every draw; can be sent to another process."""

    draws: Dataset
    validation: Dataset
    untrained: Network
    config: TrainingConfig
    updates: int
    measure: str
    seed: int

    def __call__(self, size: int) -> _Row:
        part = Dataset(self.draws.X[:, :size], self.draws.y[:, :size], self.draws.generator)
        network = self.untrained.copy()
        trainer = trained(network, part, self.config, self.updates, self.seed)
        return _Row(
            train=_measure(network, part, self.measure),
            validation=_measure(network, self.validation, self.measure),
            diverged=diverged(trainer),
        )


def _measure(network: Network, data: Dataset, measure: str) -> Array:
    """Return the error or the loss of every network on its points, shape (replicas,)."""
    inputs = network.prepare_inputs(data.X)
    found = network.evaluate(inputs, network.prepare_targets(data.y, len(data)))
    return 1 - found.accuracy if measure == "error" else found.loss.astype(np.float64)


def _floor_and_chance(generator: Generator, measure: str, seed: int) -> tuple[float, float]:
    """Return what the true posterior reaches on fresh points, and what guessing does."""
    points = generator.sample(_FLOOR_POINTS, stream(seed, "floor")).X
    posterior = generator.posterior(points)
    if measure == "error":
        floor, chance = 1 - posterior.max(axis=1), 1 - 1 / generator.classes
    else:
        # p log p goes to 0 with p.
        floor = -(posterior * np.log(np.maximum(posterior, 1e-300))).sum(axis=1)
        chance = np.log(generator.classes)
    return float(floor.mean()), float(chance)


def _pm(value: float, doubt: float) -> str:
    return f"{value:.3f} ± {doubt:.3f}"
