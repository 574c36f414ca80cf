"""What lesson 10 watches: many networks, each on a fresh draw of the data, and what is true."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbtutor.engine import Dataset, Generator, History, ParameterError, Trainer, siblings
from nbtutor.engine.random import stream
from nbtutor.experiments import (
    BiasVarianceResult,
    Decomposition,
    VarianceSplit,
    decompose,
    split_variance,
)
from nbtutor.experiments.bias_variance import cross
from nbtutor.experiments.fleets import diverged, fresh_draws, plane_grid
from nbtutor.widgets.replicas import MAX_NUMBERS, TEST_POINTS, truth_of
from nbtutor.widgets.settings import LIVE, OWN, RunSettings

Array = np.ndarray

SIDE = 40
"""The maps have so many points along each side."""

GOES_ON = (*LIVE, "points", "noise", "label_noise")
"""Settings that networks take in mid-run. Other points come to them as another draw."""

_DRAWS = "training draw"  # the name in `bias_variance`, so that both learn from the same points
_STEEP = 16.0  # weighted sums from -8 to 8 are told apart
_MOST_ENTRIES = 500
_NEAR = 0.5  # of the plane from -6 to 6
_SOME = 2  # points of 1000


@dataclass(frozen=True)
class Snapshot:
    """What the networks answer now.

    Attributes
    ----------
    predictions : ndarray of shape (replicas, n), float64
        P(class 1) at the test points.
    fields : ndarray of shape (replicas, side, side)
        P(class 1) over the plane, [y, x].
    crossings : ndarray of shape (replicas, side, side)
        Above one half where `fields` are, and straighter in between: made of weighted sums.
    parts : Decomposition or None
        The expected error in its parts; None while the truth is not known, or where answers are
        too large to compute with.
    """

    predictions: Array
    fields: Array
    crossings: Array
    parts: Decomposition | None

    @property
    def mean(self) -> Array:
        """The networks' mean over the plane, shape (side, side)."""
        mean: Array = self.fields.mean(axis=0, dtype=np.float64)
        return mean

    @property
    def variance(self) -> Array:
        """Their variance about it, shape (side, side)."""
        variance: Array = self.fields.var(axis=0, dtype=np.float64)
        return variance


class Networks:
    """A fleet, and what is true of its data.

    Parameters
    ----------
    settings : RunSettings
        See `check_fit`. Each network learns from `points` points of its own, all of them; there is
        no validation set, because the truth is known.
    weight_draws : int, optional
        As in `nbtutor.experiments.bias_variance`, whose numbers these are.

    Attributes
    ----------
    settings : RunSettings
        The present ones.
    trainer : Trainer
    presence : ndarray of shape (side, side)
        Whether points come to each place of the plane: 1 where they do, 0 where they hardly do.
    """

    def __init__(self, settings: RunSettings, weight_draws: int | None = None) -> None:
        self.settings = settings
        self._weight_draws = weight_draws
        self._find_source()
        one = settings.make_network(settings.make_data())
        network = siblings(one, settings.replicas)
        data = self._draw()
        if weight_draws is not None:
            data = cross(network, data, weight_draws)
        self.trainer = Trainer(network, data, config=settings.training, seed=settings.seed)
        self._seen: tuple[object, Snapshot] | None = None

    def _find_source(self) -> None:
        """Find what the data come from, the test points, and their truth."""
        settings = check_fit(self.settings)
        generator = settings.make_data().generator
        assert isinstance(generator, Generator)  # two classes, so it is neither own nor regression
        self._generator = generator
        self._truth = truth_of(generator, settings.seed, SIDE)
        self._test = generator.sample(TEST_POINTS, stream(settings.seed, "test"))
        self.presence = _presence(self._test.X)

    def _draw(self) -> Dataset:
        draws = self.settings.replicas // (self._weight_draws or 1)
        return fresh_draws(self._generator, self.settings.points, draws, self.settings.seed, _DRAWS)

    @property
    def known(self) -> bool:
        """Whether it is worked out what is true."""
        return self._truth.known

    @property
    def truth_map(self) -> Array | None:
        """The true P(class 1) over the plane, shape (side, side); None until it is known."""
        known: Array = self._truth.means[TEST_POINTS:, 0].reshape(SIDE, SIDE)
        return known if self.known else None

    @property
    def diverged(self) -> int:
        """How many left the finite numbers on the way."""
        return diverged(self.trainer)

    def train(self, epochs: int, seconds: float) -> None:
        """Train for so many epochs, or about so long. What is true is found out first."""
        if not self.known:
            self._truth.work()
        if epochs:
            self.trainer.run(epochs=epochs, seconds=seconds)
        if len(self.trainer.history) > _MOST_ENTRIES:  # nobody reads it
            network = self.trainer.network
            self.trainer.history = History(network.replicas, len(network.weights))

    def take(self, settings: RunSettings) -> bool:
        """Go on with other settings, if they differ in nothing but `GOES_ON`."""
        before = self.settings
        changes = {name: getattr(settings, name) for name in GOES_ON}
        if self._weight_draws is not None or settings != before.changed(**changes):
            return False
        self.settings = check_fit(settings)
        if _data_of(settings) != _data_of(before):
            self._find_source()
            self.trainer.change_data(self._draw())
        self.trainer.change(**settings.changed_from(before))
        return True

    def look(self) -> Snapshot:
        """Return what they answer now."""
        now = (self.trainer.updates, self.settings, self.known)
        if self._seen is None or self._seen[0] != now:
            self._seen = now, self._measure()
        return self._seen[1]

    def _measure(self) -> Snapshot:
        network, count = self.trainer.network, self.trainer.network.replicas
        tests, nodes = np.split(self._truth.points, [TEST_POINTS])
        with np.errstate(all="ignore"):  # huge weights overflow here
            workspace = network.forward(network.prepare_inputs(tests))
            predictions = network.predicted(workspace).reshape(count, -1)
            workspace = network.forward(network.prepare_inputs(nodes))
            fields = network.predicted(workspace).reshape(count, SIDE, SIDE)
            sums = workspace.logits.reshape(count, SIDE, SIDE)
            crossings = 0.5 + np.clip(np.nan_to_num(sums) / _STEEP, -0.5, 0.5)
        predictions, parts = predictions.astype(np.float64), None
        if self.known and np.isfinite(predictions).all():
            truth, noise = (a[:TEST_POINTS, 0] for a in (self._truth.means, self._truth.variances))
            parts = decompose(predictions, truth, noise)
        return Snapshot(predictions, fields, crossings, parts)

    def error_on_labels(self) -> float:
        """Return the mean squared error on labels that are drawn once, one for each test point."""
        return float(((self._test.y - self.look().predictions) ** 2).mean())

    def split(self) -> VarianceSplit:
        """Return where the variance comes from, in the design that has `weight_draws`."""
        table = self.look().predictions.reshape(-1, self._weight_draws or 1, TEST_POINTS)
        return split_variance(table)

    def result(self) -> BiasVarianceResult:
        """Return all that `bias_variance` would, of the networks as they are now.

        Raises
        ------
        ParameterError
            If their answers are too large to compute with.
        """
        while not self.known:
            self._truth.work()
        seen, network = self.look(), self.trainer.network
        if seen.parts is None:
            hint = "The networks' answers are too large to compute with."
            rate = self.settings.learning_rate
            raise ParameterError("learning_rate", rate, "lower for these settings", hint)
        return BiasVarianceResult(
            totals=seen.parts,
            split=None,
            predictions=seen.predictions,
            truth=self._truth.means[:TEST_POINTS, 0],
            test=self._test,
            train=self.trainer.train,
            fields=seen.fields,
            axis=plane_grid(SIDE)[0],
            hidden=network.sizes[1:-1],
            diverged=self.diverged,
        )


def check_fit(settings: RunSettings) -> RunSettings:
    """Return settings with which there is a bias and a variance to be seen.

    Raises
    ------
    ParameterError
        If the points have no known source, there are not two classes, there are too few replicas,
        there is no room for so many, or the run is to stop by its validation loss.
    """
    if settings.dataset == OWN:
        hint = "These points have no known source that more could be drawn from."
        raise ParameterError("dataset", settings.dataset, "the name of a data set", hint)
    data = settings.make_data()
    if data.classes != 2:
        hint = "This lesson shows P(class 1) and the boundary between two classes."
        raise ParameterError("dataset", settings.dataset, "one with two classes", hint)
    if settings.replicas < 2:
        hint = "One network has no variance."
        raise ParameterError("replicas", settings.replicas, "2 or more here", hint)
    if settings.patience:
        hint = "There is no validation set here."
        raise ParameterError("patience", settings.patience, "0 in this lesson", hint)
    units = sum(settings.hidden) + 1
    most = MAX_NUMBERS // (units * max(settings.points, SIDE**2))
    if settings.replicas > most:
        hint = "Or take fewer hidden units, or fewer points: all networks are in memory at once."
        allowed = f"{most} or fewer with so many units and points"
        raise ParameterError("replicas", settings.replicas, allowed, hint)
    return settings


def _presence(points: Array) -> Array:
    """Return how far some of the points are near, shape (side, side), from 0 to 1."""
    axis = plane_grid(SIDE)[0]
    edges = np.append(axis, 2 * axis[-1] - axis[-2]) - (axis[1] - axis[0]) / 2
    counts, _, _ = np.histogram2d(points[:, 1], points[:, 0], bins=[edges, edges])
    bell = np.exp(-(((axis[:, None] - axis) / _NEAR) ** 2) / 2)
    near: Array = np.minimum(bell @ counts @ bell / _SOME, 1)
    return near


def _data_of(settings: RunSettings) -> tuple[object, ...]:
    return settings.dataset, settings.points, settings.noise, settings.label_noise
