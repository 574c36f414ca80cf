"""Transfer: what a network keeps of one task when it learns another from a few points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from nbtutor.engine import Dataset, Generator, Network, ParameterError, Trainer
from nbtutor.engine.datasets import MAX_POINTS
from nbtutor.engine.validation import check_integer, check_number
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
from nbtutor.experiments.partial import begin
from nbtutor.experiments.progress import Counter, Progress
from nbtutor.experiments.result import Result

Array = np.ndarray

MAX_REPLICAS = 500


@dataclass(frozen=True)
class TransferResult(Result):
    """What `transfer` found. Errors are shares of wrong answers on fresh points of the target task.

    Attributes
    ----------
    sizes : ndarray of shape (sizes,), int
        Points of the target task, rising.
    scratch : ndarray of shape (sizes, replicas)
        Networks that learned only those points, from their initial weights.
    tuned : ndarray of shape (sizes, replicas)
        The same networks, which learned the source task first.
    untuned : ndarray of shape (replicas,)
        The latter as they are before they have seen the target task.
    source_error : ndarray of shape (replicas,)
        Of the latter on fresh points of the source task.
    rotation : float
        Degrees by which the source task is turned.
    diverged : int
        Networks that left the finite numbers, in all stages together.
    """

    sizes: Array
    scratch: Array
    tuned: Array
    untuned: Array
    source_error: Array
    rotation: float
    diverged: int

    @property
    def gain(self) -> Array:
        """What pretraining takes off the error, network by network, shape (sizes, replicas).

        The two networks of a pair had the same initial weights, target points and test points.
        """
        gain: Array = self.scratch - self.tuned
        return gain

    @property
    def mean_gain(self) -> tuple[Array, Array]:
        """Mean of `gain` and its standard error, each of shape (sizes,)."""
        return mean_and_standard_error(self.gain)

    @property
    def helped(self) -> Array:
        """Share of the pairs in which pretraining lowered the error, shape (sizes,)."""
        share: Array = (self.gain > 0).mean(axis=1)
        return share

    @property
    def verdicts(self) -> tuple[str, ...]:
        """For each size "helps", "hurts" or, within two standard errors, "no clear effect"."""
        gains = zip(*self.mean_gain, strict=True)
        return tuple(
            "no clear effect" if abs(mean) <= 2 * doubt else "helps" if mean > 0 else "hurts"
            for mean, doubt in gains
        )


def transfer(
    source: str = "spiral",
    target: str = "spiral",
    rotation: float = 30.0,
    sizes: Sequence[int] = (10, 20, 50, 100, 200),
    replicas: int = 20,
    updates: int = 2000,
    *,
    hidden: Sequence[int] = (8, 8),
    activation: str | Sequence[str] = "tanh",
    source_noise: float = 0.1,
    target_noise: float = 0.1,
    n_source: int = 500,
    source_updates: int = 20_000,
    tuning_rate: float = 0.03,
    n_test: int = 500,
    seed: int = 0,
    progress: Progress | None = None,
    resume: Any = None,
    **training: Any,
) -> TransferResult:
    """Pretrain on one task, fine-tune on a few points of another, and compare with no pretraining.

    The source task is a data set of the same plane, turned by an angle. A small one leaves most of
    what was learned in use. A large one can hurt: moons turned by 180° are moons with their classes
    exchanged, and what was learned is wrong (negative transfer; Pan and Yang, A survey on transfer
    learning, 2010; features that transfer: Yosinski et al., 2014). All layers are fine-tuned.

    Parameters
    ----------
    source, target : str, default "spiral"
        Names of data sets with as many classes as each other.
    rotation : float, default 30
        Degrees, from -360 to 360, by which the source task is turned about the origin.
    sizes : sequence of int, default (10, 20, 50, 100, 200)
        Points of the target task, rising.
    replicas : int, default 20
        Pairs of networks, from 2 to 500, each pair with draws and initial weights of its own. A
        smaller target set is the first part of the larger one.
    updates : int, default 2000
        Updates on the target task, the same for both networks of a pair and at all sizes.
    hidden : sequence of int, default (8, 8)
    activation : str or sequence of str, default "tanh"
    source_noise, target_noise : float, default 0.1
        Of the data, from 0 to 0.5.
    n_source : int, default 500
        Points of the source task.
    source_updates : int, default 20,000
        Updates on the source task. 0 leaves nothing to transfer.
    tuning_rate : float, default 0.03
        The learning rate of fine-tuning. At the rate of training a few points overwrite what was
        learned; at a tenth of it more is kept, whether it helps or hurts.
    n_test : int, default 500
        Fresh points of the target task for each pair, and as many of the source task.
    seed : int, default 0
    progress : callable, optional
        ``progress(parts done, parts)``, pretraining and each size being one; to return False
        cancels.
    resume : object, optional
        `Cancelled.partial` of a cancelled call with the same arguments.
    **training
        Fields of `TrainingConfig`, one number each; `learning_rate` is 0.3 unless it is given.

    Returns
    -------
    TransferResult

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
    The pretrained network has made more updates in all. That is what transfer means: what was paid
    for once is used again. `updates` is what either of a pair pays for the target task.
    """
    arguments = {**locals()}
    del arguments["progress"], arguments["resume"]
    first, second = Generator(source, source_noise), Generator(target, target_noise)
    if first.classes != second.classes:
        allowed = f"a data set with {first.classes} classes, as the source has"
        raise ParameterError("target", target, allowed)
    check_number("rotation", rotation, low=-360, high=360)
    counts = check_rising("sizes", sizes)
    check_integer("replicas", replicas, low=2, high=MAX_REPLICAS)
    check_integer("updates", updates, low=1, high=MAX_UPDATES)
    check_integer("n_source", n_source, low=2, high=MAX_POINTS)
    check_integer("source_updates", source_updates, low=0, high=MAX_UPDATES)
    check_integer("n_test", n_test, low=1, high=MAX_POINTS)
    check_seed(seed)
    config = training_config(training, learning_rate=0.3)
    check_number("tuning_rate", tuning_rate, low=0, high=1e6)
    tuning = replace(config, learning_rate=tuning_rate)

    partial = begin("transfer", arguments, _Work, resume)
    work = partial.work
    counter = Counter(1 + len(counts), progress, partial)

    def fresh() -> Network:
        return learner(hidden, first.classes, activation, replicas, seed)

    if work.pretrained is None:
        data = turned(fresh_draws(first, n_source, replicas, seed, "source draw"), rotation)
        work.pretrained = trained(fresh(), data, config, source_updates, seed)
        counter.advance()
    counter.done = 1 + len(work.rows)
    pretrained = work.pretrained.network
    draws = fresh_draws(second, counts[-1], replicas, seed, "target draw")
    test = fresh_draws(second, n_test, replicas, seed, "test draw")
    for size in counts[len(work.rows) :]:
        part = Dataset(draws.X[:, :size], draws.y[:, :size], second)
        scratch = trained(fresh(), part, config, updates, seed)
        network = fresh()
        network.parameters.flat[:] = pretrained.parameters.flat
        tuned = trained(network, part, tuning, updates, seed)
        work.rows.append(
            _Row(
                wrong_share(scratch.network, test),
                wrong_share(tuned.network, test),
                diverged(scratch) + diverged(tuned),
            )
        )
        counter.advance()
    source_test = turned(fresh_draws(first, n_test, replicas, seed, "source test draw"), rotation)
    return TransferResult(
        sizes=np.array(counts),
        scratch=np.array([row.scratch for row in work.rows]),
        tuned=np.array([row.tuned for row in work.rows]),
        untuned=wrong_share(pretrained, test),
        source_error=wrong_share(pretrained, source_test),
        rotation=float(rotation),
        diverged=diverged(work.pretrained) + sum(row.diverged for row in work.rows),
    )


class _Row(NamedTuple):
    """What is kept of one size."""

    scratch: Array
    tuned: Array
    diverged: int


class _Work:
    """What a cancelled call hands over."""

    def __init__(self) -> None:
        self.pretrained: Trainer | None = None
        self.rows: list[_Row] = []


def turned(data: Dataset, degrees: float) -> Dataset:
    """Return a data set turned counter-clockwise about the origin; its truth is unknown then."""
    if degrees == 0:
        return data
    angle = np.deg2rad(degrees)
    to = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return Dataset(data.X @ to, data.y)


def wrong_share(network: Network, data: Dataset) -> Array:
    """Return the share of wrong answers of every network, shape (replicas,)."""
    share: Array = (network.predict(data.X) != data.y).mean(axis=1)
    return share
