"""Replicas: more networks beside a run, each on a draw of the data of its own.

They have the run's settings and follow its course, update for update, so what they differ in is the
draw of the points and the initial weights. What another draw would have changed is bias and
variance: `nbtutor.experiments.bias_variance` trains the same networks, given the same settings and
seed.

Like the run, they are trained in portions, and where they cannot keep pace, the run waits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nbtutor.engine import Dataset, Generator, History, ParameterError, Trainer, siblings
from nbtutor.engine.datasets import RegressionGenerator
from nbtutor.engine.random import stream
from nbtutor.engine.training import STOPPED_EARLY
from nbtutor.experiments.decomposition import decompose
from nbtutor.experiments.fleets import diverged, fresh_draws, plane_grid
from nbtutor.widgets.replica_pictures import NODES, ReplicaPainter, ReplicaPicture
from nbtutor.widgets.settings import RunSettings

if TYPE_CHECKING:
    from nbtutor.widgets.live import Run

Array = np.ndarray
Clock = Callable[[], float]

BUDGET = 0.02
"""Seconds of training a picture at most, the run's own included."""

TEST_POINTS = 1000
"""Fresh points that bias and variance are measured on."""

MAX_NUMBERS = 12_000_000
"""Outputs of units of all replicas in one pass, at most: some 100 MB."""

_REST = 2.0  # after measuring, so many times as long nothing is measured while it plays
_TRUTH_BLOCK = 100  # points at once; a block takes at most 15 ms
_MOST_TRUTHS = 8
_MOST_ENTRIES = 500


class Course:
    """The settings that a run was trained with, and from which update on.

    Parameters
    ----------
    settings : RunSettings
        Those that it starts with.

    Attributes
    ----------
    marks : list of (int, RunSettings)
        Updates done, and the settings from there on.
    """

    def __init__(self, settings: RunSettings) -> None:
        self.marks = [(0, settings)]
        self._noted = settings
        self._known = {settings: settings}

    def at(self, updates: int) -> RunSettings:
        """Return the settings with which a run went on, or would go on, after so many updates."""
        return next(s for since, s in reversed(self.marks) if since <= updates)

    def note(self, updates: int, settings: RunSettings) -> None:
        """Note what is trained with next. A run that went back takes another course from there."""
        if self._noted is settings and self.marks[-1][0] <= updates:
            return
        self._noted = settings
        self.marks = [mark for mark in self.marks if mark[0] < updates]
        if not self.marks or self.marks[-1][1] != settings:
            # A slider goes back and forth between a few values: what is equal is kept once.
            self.marks.append((updates, self._known.setdefault(settings, settings)))


@dataclass(frozen=True)
class Spread:
    """The expected squared error of a run's replicas, taken apart.

    Of P(class 1) for two classes, of the probabilities of all classes, summed, for more, and of the
    value for regression. The first three make up the fourth; see
    `nbtutor.experiments.decomposition`.

    Attributes
    ----------
    bias2, variance, noise : float
    expected_error : float
    chance : float
        The expected error of the best answer that is the same for all points.
    replicas : int
    epoch : int
        Epochs that they have trained.
    diverged : int
        Those that left the finite numbers; they stand with their last finite weights.
    """

    bias2: float
    variance: float
    noise: float
    expected_error: float
    chance: float
    replicas: int
    epoch: int
    diverged: int


class Truth:
    """What is true at some points, worked out block by block, as it may take 0.1 s in all.

    Parameters
    ----------
    generator : Generator or RegressionGenerator
    points : ndarray of shape (n, 2)

    Attributes
    ----------
    points : ndarray of shape (n, 2)
    means, variances : ndarray of shape (n, outputs)
        Of the labels, for each output: class 1 of two, every class of more, or the value.
    """

    def __init__(self, generator: Generator | RegressionGenerator, points: Array) -> None:
        self._generator = generator
        self.points = points
        outputs = 1 if generator.classes <= 2 else generator.classes
        self.means = np.zeros((len(points), outputs))
        self.variances = np.zeros((len(points), outputs))
        self._done = 0

    @property
    def known(self) -> bool:
        """Whether all is worked out."""
        return self._done >= len(self.points)

    def work(self) -> None:
        """Work out one block more."""
        start, generator = self._done, self._generator
        block = slice(start, start + _TRUTH_BLOCK)
        if isinstance(generator, RegressionGenerator):
            self.means[block, 0] = generator.mean(self.points[block])
            self.variances[block] = generator.noise_std**2
        else:
            p = generator.posterior(self.points[block])
            self.means[block] = p = p[:, 1:] if generator.classes == 2 else p
            self.variances[block] = p * (1 - p)
        self._done = start + _TRUTH_BLOCK

    def spread(self, predictions: Array, epoch: int, diverged: int) -> Spread:
        """Take the error of predictions apart, shape (replicas, outputs, n), two replicas or more.

        The squared error of several outputs is the sum of theirs, and so are its parts.
        """
        parts = [
            decompose(predictions[:, k], self.means[:, k], self.variances[:, k])
            for k in range(predictions.shape[1])
        ]
        return Spread(
            bias2=sum(part.bias2 for part in parts),
            variance=sum(part.variance for part in parts),
            noise=sum(part.noise for part in parts),
            expected_error=sum(part.expected_error for part in parts),
            # Var y = E Var[y | x] + Var E[y | x]
            chance=float((self.variances.mean(axis=0) + self.means.var(axis=0)).sum()),
            replicas=len(predictions),
            epoch=epoch,
            diverged=diverged,
        )


_truths: dict[tuple[str, int, int], Truth] = {}


def truth_of(generator: Generator | RegressionGenerator, seed: int, side: int = 0) -> Truth:
    """Return the truth of a generator at fresh test points; the few wanted last are kept.

    Parameters
    ----------
    generator : Generator or RegressionGenerator
    seed : int
        Of the test points.
    side : int, default 0
        With the points of a grid over the plane after them, so many along each side; see
        `nbtutor.experiments.fleets.plane_grid`.
    """
    key = repr(generator), seed, side
    truth = _truths.pop(key, None)
    if truth is None:
        points = generator.sample(TEST_POINTS, stream(seed, "test")).X
        if side:
            points = np.concatenate([points, plane_grid(side)[1]])
        truth = Truth(generator, points)
    _truths[key] = truth
    while len(_truths) > _MOST_TRUTHS:
        _truths.pop(next(iter(_truths)))
    return truth


@dataclass(frozen=True)
class News:
    """What a page is told of the replicas.

    Attributes
    ----------
    count : int
        How many there are.
    epoch : int
        Epochs that they have trained.
    behind : bool
        Whether something is still to be done until they are where the run is.
    note : str
        What is to be said beside the numbers; empty for nothing.
    spread : Spread or None
        None while it is not known.
    picture : ReplicaPicture or None
        None if there is none, or none that is newer than before.
    """

    count: int
    epoch: int
    behind: bool
    note: str
    spread: Spread | None
    picture: ReplicaPicture | None


class Fleet:
    """The replicas of a run.

    Parameters
    ----------
    run : Run
        Has a generator behind its data, see `why_none`.

    Attributes
    ----------
    trainer : Trainer
    spread : Spread or None
        As measured last, and
    picture : ReplicaPicture or None
        what was drawn then.
    held : bool
        Whether the run waits for them.
    """

    def __init__(self, run: Run) -> None:
        self.count = run.settings.replicas
        self.held = False
        self._run = run
        self._data, self._validation = draws_of(run)
        generator = run.train.generator
        assert generator is not None
        self._truth = truth_of(generator, run.settings.seed)
        self.trainer: Trainer
        self._begin()

    def _begin(self) -> None:
        """Start from the run's beginning."""
        self._followed = self._run.course.marks[:1]
        _, self._settings = self._followed[0]
        one = self._settings.make_network(self._run.train)
        network = siblings(one, self.count)
        config, seed = self._settings.training, self._settings.seed
        self.trainer = Trainer(network, self._data, self._validation, config, seed)
        self._paint = ReplicaPainter(network)
        self._inputs = network.prepare_inputs(self._truth.points)
        self._measured: tuple[int, bool] | None = None
        self._rests_until = -math.inf
        self.spread: Spread | None = None
        self.picture: ReplicaPicture | None = None

    # Training.

    @property
    def behind(self) -> bool:
        """Whether the run has done updates that these have not."""
        return self.trainer.updates < self._run.trainer.updates and not self.trainer.finished

    def follow(self, seconds: float | None = None, clock: Clock = time.perf_counter) -> int:
        """Train up to where the run is, with the settings that it had at each update.

        Parameters
        ----------
        seconds : float, optional
            Stop after the first update that ends later than this.
        clock : callable

        Returns
        -------
        int
            Updates done.
        """
        end = None if seconds is None else clock() + seconds
        marks, target = self._run.course.marks, self._run.trainer.updates
        same = self._followed == marks[: len(self._followed)]
        if not same or self.trainer.updates > target:
            self._begin()  # the run has gone back, and perhaps another way
        start = self.trainer.updates
        while self.behind:
            until = self._take_settings(marks, target)
            left = None if end is None else max(0.0, end - clock())
            missing = until - self.trainer.updates
            self.trainer.run(updates=missing, seconds=left, clock=clock)
            if len(self.trainer.history) > _MOST_ENTRIES:  # nobody reads it, and it is large
                network = self.trainer.network
                self.trainer.history = History(network.replicas, len(network.weights))
            if end is not None and clock() >= end:
                break
        return self.trainer.updates - start

    def _take_settings(self, marks: list[tuple[int, RunSettings]], target: int) -> int:
        """Take the settings that hold now, and return until which update they do."""
        for number, (since, settings) in enumerate(marks):
            if since > self.trainer.updates:
                return min(since, target)
            if number >= len(self._followed):
                self._followed.append((since, settings))
                self.trainer.change(**settings.changed_from(self._settings))
                self._settings = settings
        return target

    # Measuring.

    def news(self, hurry: bool, clock: Clock = time.perf_counter) -> News:
        """Return what is to be told, measured anew if it is time.

        Parameters
        ----------
        hurry : bool
            Whether there will soon be another picture: then some may be left out.
        clock : callable
        """
        if not self._truth.known:
            self._truth.work()
        now = clock()
        if self._stale and not (hurry and now < self._rests_until):
            self.measure()
            self._rests_until = clock() + _REST * (clock() - now)
        behind = self.behind or self._stale or not self._truth.known
        epoch, picture = self.trainer.epoch, self.picture
        return News(self.count, epoch, behind, self._note(), self.spread, picture)

    @property
    def _stale(self) -> bool:
        return self._measured != (self.trainer.updates, self._truth.known)

    def measure(self) -> None:
        """Measure and draw the networks as they are now."""
        self._measured = self.trainer.updates, self._truth.known
        self.picture = self._paint()
        self.spread = None
        network = self.trainer.network
        with np.errstate(all="ignore"):  # huge weights overflow here
            predictions = network.predicted(network.forward(self._inputs))
        predictions = predictions.reshape(self.count, -1, TEST_POINTS).astype(np.float64)
        if self._truth.known and self.count > 1 and np.isfinite(predictions).all():
            epoch, lost = self.trainer.epoch, diverged(self.trainer)
            self.spread = self._truth.spread(predictions, epoch, lost)

    def finish(self) -> None:
        """Do all that is missing, whatever the time it takes."""
        self.follow()
        while not self._truth.known:
            self._truth.work()
        if self._stale:
            self.measure()

    def _note(self) -> str:
        done, wanted = self.trainer.epoch, self._run.trainer.epoch
        if self.behind and (self.held or wanted - done > 1):
            waits = " The run waits." if self.held else ""
            return f"They catch up: epoch {done:,} of {wanted:,}.{waits}"
        if self.count < 2:
            return "Bias and variance need two replicas or more."
        if not self._truth.known:
            return "Bias and variance are being worked out."
        if self.spread is None and not self._stale:
            return "Their answers are too large to compute with."
        lost = diverged(self.trainer)
        if lost:
            return f"{lost} of {self.count} overflowed and stand still."
        stopped = int((self.trainer.status == STOPPED_EARLY).sum())
        return f"{stopped} of {self.count} stopped early." if stopped else ""


def draws_of(run: Run) -> tuple[Dataset, Dataset]:
    """Draw training and validation points for each replica of a run, as the run's own were drawn.

    Without a shift between the two, the training points are those of `bias_variance`.
    """
    settings, generator = run.settings, run.train.generator
    assert generator is not None

    def draw(n: int, name: str) -> Dataset:
        return fresh_draws(generator, n, settings.replicas, settings.seed, name)

    if settings.shift:
        whole = draw(len(run.train) + len(run.validation), "training draw")
        return whole.split(settings.train_share, settings.shift)
    return draw(len(run.train), "training draw"), draw(len(run.validation), "validation draw")


def fleet_of(run: Run) -> Fleet | None:
    """Return the replicas of a run, made now if need be; None if it has none."""
    count = run.settings.replicas
    if not count or why_none(run):
        run.fleet = None
    elif run.fleet is None or run.fleet.count != count:
        run.fleet = Fleet(run)
    return run.fleet


def why_none(run: Run) -> str:
    """Say why a run cannot have its replicas; empty if it can."""
    if run.train.generator is None:
        return (
            "These points have no known source that more could be drawn from, so there are no "
            "replicas."
        )
    units = sum(run.network.sizes[1:])
    most = MAX_NUMBERS // (units * max(len(run.train), NODES**2))
    if run.settings.replicas > most:
        return (
            f"This is too much for {run.settings.replicas} replicas: with so many units and points "
            f"there is room for {most}."
        )
    return ""


def news_of(run: Run, hurry: bool, clock: Clock = time.perf_counter) -> News | None:
    """Return what is to be told of a run's replicas; None if they are off."""
    fleet = fleet_of(run)
    if fleet is not None:
        return fleet.news(hurry, clock)
    if not run.settings.replicas:
        return None
    return News(run.settings.replicas, 0, False, why_none(run), None, None)


def spread_of(run: Run) -> Spread:
    """Return bias², variance and noise of a run's replicas, brought to where the run is.

    Raises
    ------
    ParameterError
        If there are no replicas, or only one.
    """
    fleet = fleet_of(run)
    if fleet is None:
        hint = why_none(run) or "Switch them on: playground.replicas = 30."
        raise ParameterError("replicas", run.settings.replicas, "2 or more for this", hint)
    fleet.finish()
    if fleet.spread is None:
        hint = "" if fleet.count < 2 else "Their answers are too large to compute with."
        raise ParameterError("replicas", fleet.count, "2 or more with finite answers", hint)
    return fleet.spread


def train_together(run: Run, fleet: Fleet, speed: str, clock: Clock) -> None:
    """Train one portion of a run and of its replicas, at most `BUDGET` seconds.

    The replicas come first. As long as they are behind, the run goes on only if they gain on it,
    so that they never fall back for good.
    """
    run.paused = ""
    slow = speed == "slow"
    batches = math.ceil(len(run.train) / run.settings.batch_size)
    end = clock() + BUDGET
    gained = fleet.follow(BUDGET, clock)
    fleet.held = fleet.behind and gained < 2 * (1 if slow else batches)
    while not fleet.held:
        limit = {"updates": 1} if slow else {"epochs": 1}
        run.advance(**limit, seconds=BUDGET, clock=clock)
        fleet.follow(max(0.0, end - clock()), clock)
        if speed != "fast" or fleet.behind or run.ended or run.paused or clock() >= end:
            break
