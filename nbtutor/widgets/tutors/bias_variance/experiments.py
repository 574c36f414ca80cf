"""What there is to try in lesson 10."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from nbtutor.charts import Axis, Chart, Line, Points
from nbtutor.engine import Dataset
from nbtutor.experiments import (
    BiasVarianceResult,
    BiasVarianceSweep,
    Decomposition,
    VarianceSplit,
)
from nbtutor.widgets.settings import RunSettings
from nbtutor.widgets.tutors.bias_variance.charts import (
    boundaries,
    sources,
    sources_over_time,
    split_in_words,
    spread_map,
    sum_in_words,
    sum_of_parts,
    u_curve,
)
from nbtutor.widgets.tutors.bias_variance.networks import Networks
from nbtutor.widgets.tutors.side_by_side import epoch_of
from nbtutor.widgets.tutors.tutor import Experiment

Array = np.ndarray

CONTROLS = (
    *("dataset", "noise", "points", "hidden", "activation", "learning_rate", "batch_size"),
    *("l2", "dropout", "optimizer", "replicas", "seed"),
)
"""The lesson's settings."""

EPOCHS = 200
"""Epochs that networks train, and again so many after a change in mid-run."""

SIZES: tuple[tuple[int, ...], ...] = (
    *((), (2,), (3,), (4,), (8,), (16,)),
    *((8, 8), (16, 16), (32, 32)),
)
"""Units of the hidden layers, from simple to flexible."""

COUNTS = (20, 50, 100, 200, 500)
"""Points that a network learns from."""

DRAWS = 10
"""Draws of the points, and of the first weights, that meet each other."""

_AT_ONCE = 2
"""Epochs a picture at most, so that there is something to watch."""

_STEP = 5
"""Epochs between two measurements of where the variance comes from."""


class Live(Experiment):
    """Networks that train on fresh draws while their settings are dragged."""

    label: ClassVar[str] = "Live"

    def __init__(self, settings: RunSettings) -> None:
        self._networks = Networks(settings)
        self._end = EPOCHS
        self._changed = 0

    def advance(self, seconds: float) -> None:
        """Train all of them a little."""
        left = self._end - self._networks.trainer.epoch
        self._networks.train(min(left, _AT_ONCE), seconds)

    @property
    def progress(self) -> tuple[int, int]:
        """Epochs done, and in all."""
        done = epoch_of(self._networks.trainer, self._end)
        return min(done, self._end - (not self._networks.known)), self._end

    @property
    def settings(self) -> RunSettings:
        """Those that the networks train with now."""
        return self._networks.settings

    @property
    def parts(self) -> Decomposition | None:
        """The error in its parts, as it is now; None while it is not known."""
        return self._networks.look().parts

    @property
    def result(self) -> BiasVarianceResult:
        """All that `nbtutor.experiments.bias_variance` returns, of the networks as they are now."""
        return self._networks.result()

    def take(self, settings: RunSettings) -> bool:
        """Train on with other settings, unless they need other networks."""
        if not self._networks.take(settings):
            return False
        self._changed = self._networks.trainer.epoch
        if self._changed:
            self._end = self._changed + EPOCHS
        return True

    def tell(self) -> str:
        """Say how large the parts are."""
        done, total = self.progress
        words = [f"Epoch {done} of {total}."] if done < total else []
        parts, lost = self.parts, self._networks.diverged
        if parts is not None:
            words.append(f"{sum_in_words(parts)}.")
        elif self._networks.known:
            words.append("The networks' answers are too large to compute with.")
        if lost:
            words.append(f"{lost} networks overflowed and stand still.")
        if self._changed:
            words.append(f"A setting changed at epoch {self._changed}.")
        return " ".join(words)

    def charts(self) -> list[Chart]:
        """Return the boundaries, the two maps, and the bars."""
        networks, seen = self._networks, self._networks.look()
        truth, here, trainer = networks.truth_map, networks.presence, networks.trainer
        bias2 = None if truth is None else (seen.mean - truth) ** 2
        count = len(seen.predictions)
        return [
            boundaries(
                f"Boundaries of {count} networks, over their mean",
                *(seen.mean, seen.crossings, truth),
                points=None if trainer.updates else _of_replica(trainer.train, 0),
            ),
            sum_of_parts("What the error is made of", seen.parts, networks.error_on_labels()),
            spread_map("Bias²: where their mean is wrong", bias2, truth, here, "Bias²"),
            spread_map("Variance: where they differ", seen.variance, truth, here, "Variance"),
        ]


class Sweep(Experiment):
    """The same experiment at each of some values of one setting.

    Parameters
    ----------
    settings : RunSettings

    Attributes
    ----------
    settings : RunSettings
        Those of all values but for the one that is swept.
    chosen : int
        Number of the value that is looked at.
    """

    NAME: ClassVar[str]
    """The setting."""
    VALUES: ClassVar[Sequence[Any]]
    AXIS: ClassVar[Axis]
    TITLE: ClassVar[str]

    def __init__(self, settings: RunSettings) -> None:
        self.settings = settings
        self._networks = [self._make(self.VALUES[0])]
        self._found: list[BiasVarianceResult] = []
        self.chosen = 0

    def _make(self, value: object) -> Networks:
        return Networks(self.settings.changed(**{self.NAME: value}))

    def advance(self, seconds: float) -> None:
        """Train the networks of the present value a little."""
        now = self._networks[-1]
        now.train(EPOCHS - now.trainer.epoch, seconds)
        self.chosen = len(self._networks) - 1
        if not now.known or (now.trainer.epoch < EPOCHS and not now.trainer.finished):
            return
        self._found.append(now.result())
        if not self._finished:
            self._networks.append(self._make(self.VALUES[len(self._found)]))
        else:
            self.chosen = self.result.best

    @property
    def _finished(self) -> bool:
        return len(self._found) == len(self.VALUES)

    @property
    def progress(self) -> tuple[int, int]:
        """Epochs done, and in all, over all values."""
        total = EPOCHS * len(self.VALUES)
        if self._finished:
            return total, total
        now = self._networks[-1].trainer.epoch
        return EPOCHS * len(self._found) + min(now, EPOCHS - 1), total

    @property
    def result(self) -> BiasVarianceSweep:
        """What `nbtutor.experiments.bias_variance_sweep` returns, of the values that are done."""

        def column(name: str) -> Array:
            return np.array([getattr(each, name) for each in self._found])

        return BiasVarianceSweep(
            parameter=self.NAME,
            values=tuple(self.VALUES[: len(self._found)]),
            bias2=column("bias2"),
            variance=column("variance"),
            noise=column("noise"),
            expected_error=column("expected_error"),
            bias2_unbiased=column("bias2_unbiased"),
            variance_unbiased=column("variance_unbiased"),
            errors=column("errors"),
        )

    def tell(self) -> str:
        """Say where the error is lowest."""
        errors = [result.expected_error for result in self._found]
        lowest = f"{min(errors):.3f}" if errors else ""
        best = self._word(self.VALUES[int(np.argmin(errors))]) if errors else ""
        if self._finished:
            noise = self._found[0].noise
            return f"The lowest error, {lowest}, is with {best}. The noise alone is {noise:.3f}."
        words = f"Now training: {self._word(self.VALUES[len(self._found)])}."
        return f"{words} Lowest error so far: {lowest}, with {best}." if errors else words

    @staticmethod
    @abstractmethod
    def _word(value: Any) -> str:
        """Return a value as a person reads it."""

    def pick(self, mark: Line | Points, point: int) -> None:
        """Look at the value that was chosen in the curve."""
        place = float(np.asarray(mark.x)[point])
        if place.is_integer() and 0 <= place < len(self._networks):
            self.chosen = int(place)

    def charts(self) -> list[Chart]:
        """Return the curve, and the boundaries and the parts of the value that is looked at."""
        done = [result.totals for result in self._found]
        best = self.result.best if self._finished else None
        looked = self._networks[self.chosen]
        seen, truth = looked.look(), looked.truth_map
        excess = None if truth is None else (seen.mean - truth) ** 2 + seen.variance
        word = self._word(self.VALUES[self.chosen])
        return [
            u_curve(self.TITLE, self.AXIS, done, self.chosen, best, self.tell()),
            boundaries(f"You look at {word}", seen.mean, seen.crossings, truth),
            sum_of_parts(f"The error with {word}", seen.parts, looked.error_on_labels()),
            spread_map("Bias² + variance", excess, truth, looked.presence, "Bias² + variance"),
        ]


class Sizes(Sweep):
    """From simple networks to flexible ones."""

    label: ClassVar[str] = "Sizes"
    SETTINGS = tuple(name for name in CONTROLS if name != "hidden")
    NAME = "hidden"
    VALUES = SIZES
    TITLE = "The error against the network's size"

    @staticmethod
    def _word(value: Any) -> str:
        units = " + ".join(map(str, value))
        return f"{units} hidden units" if value else "no hidden units"

    AXIS = Axis(
        "hidden units",
        limits=(-0.3, len(SIZES) - 0.7),
        ticks=[(n, "+".join(map(str, size)) or "0") for n, size in enumerate(SIZES)],
    )


class MorePoints(Sweep):
    """The same network, with more and more points to learn from."""

    label: ClassVar[str] = "More points"
    SETTINGS = tuple(name for name in CONTROLS if name != "points")
    NAME = "points"
    VALUES = COUNTS
    TITLE = "The error against the number of points"
    AXIS = Axis(
        "points that each network learns from",
        limits=(-0.2, len(COUNTS) - 0.8),
        ticks=[(n, str(count)) for n, count in enumerate(COUNTS)],
    )

    @staticmethod
    def _word(value: Any) -> str:
        return f"{value} points"


class Sources(Experiment):
    """Each of some draws of the points, learned from each of some draws of the first weights."""

    label: ClassVar[str] = "Points or weights"
    SETTINGS = tuple(name for name in CONTROLS if name != "replicas")

    def __init__(self, settings: RunSettings) -> None:
        self.settings = settings
        self._networks = Networks(settings.changed(replicas=DRAWS**2), weight_draws=DRAWS)
        self._epochs = [0]
        self._splits = [self._networks.split()]

    def advance(self, seconds: float) -> None:
        """Train all of them a little."""
        networks = self._networks
        wanted = min(self._epochs[-1] + _STEP, EPOCHS)
        networks.train(wanted - networks.trainer.epoch, seconds)
        arrived = networks.trainer.epoch == wanted or networks.trainer.finished
        if arrived and wanted > self._epochs[-1]:
            self._epochs.append(wanted)
            self._splits.append(networks.split())

    @property
    def progress(self) -> tuple[int, int]:
        """Epochs done, and in all."""
        known = self._networks.known
        return min(self._epochs[-1], EPOCHS - (not known)), EPOCHS

    @property
    def result(self) -> VarianceSplit:
        """Where the variance comes from, as measured last."""
        return self._splits[-1]

    def tell(self) -> str:
        """Say how large the parts are."""
        return f"{self.so_far}{split_in_words(self.result)}."

    def charts(self) -> list[Chart]:
        """Return the boundaries of a row and of a column of the design, and the parts."""
        seen, truth = self._networks.look(), self._networks.truth_map

        def some(title: str, which: slice) -> Chart:
            return boundaries(title, seen.fields[which].mean(axis=0), seen.crossings[which], truth)

        return [
            some("Same points, other first weights", slice(0, DRAWS)),
            some("Same first weights, other points", slice(0, None, DRAWS)),
            sources("Where the variance comes from", self.result),
            sources_over_time("And in the course of training", self._epochs, self._splits),
        ]


def _of_replica(data: Dataset, replica: int) -> Dataset:
    return Dataset(data.X[replica], data.y[replica], data.generator)
