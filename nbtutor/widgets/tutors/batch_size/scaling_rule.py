"""Larger batches with the rate as it is, with the rate scaled, and with a warm-up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from nbtutor.charts import Axis, Band, Chart, Colour, Dash, Line, Mark, Points, Rule, Shape
from nbtutor.engine import Trainer, TrainingConfig, siblings
from nbtutor.engine.schedules import WarmUp
from nbtutor.engine.training import DIVERGED
from nbtutor.widgets.live import Run
from nbtutor.widgets.settings import RunSettings
from nbtutor.widgets.tutors.batch_size.size_race import EPOCHS
from nbtutor.widgets.tutors.side_by_side import epochs_done, say_loss, train_side_by_side
from nbtutor.widgets.tutors.tutor import Experiment

Array = np.ndarray

RUNS = 5
"""Networks of each batch size and way, from as many initial weights."""
WARM_UP = 5
"""Epochs of the warm-up, as in Goyal et al. (2017)."""

SAME, SCALED, WARM = WAYS = ("rate unchanged", "rate \u00d7 k", "with warm-up")
"""What is done with the rate when the batch is k times as large."""

_STYLES: Mapping[str, tuple[Colour, Dash, Shape]] = {
    SAME: ("text", "dotted", "circle"),
    SCALED: ("accent", "solid", "square"),
    WARM: ("class-1", "dashed", "triangle"),
}


@dataclass(frozen=True)
class ScalingResult:
    """What each batch size has come to, by what was done with the rate.

    Attributes
    ----------
    factors : ndarray of int of shape (factors,)
        k: how many times as large as at first the batch is.
    losses, validation_losses : mapping of str to ndarray of shape (factors, runs)
        At the last epoch, by way (`WAYS`); NaN for what diverged.
    """

    factors: Array
    losses: Mapping[str, Array]
    validation_losses: Mapping[str, Array]

    @property
    def base(self) -> float:
        """The median training loss with the batch and the rate as they are set."""
        return float(np.median(self.losses[SAME][0]))

    def closed(self, way: str) -> Array:
        """Return how much of the gap to the small batch a way closes, shape (factors,).

        1 where it ends like the small batch, 0 where it ends as with the rate unchanged. NaN for
        k = 1, which has no gap, and where the larger batch did not end higher.

        Parameters
        ----------
        way : str
            One of `WAYS`.
        """
        gap = np.median(self.losses[SAME], axis=1) - self.base
        left = np.median(self.losses[way], axis=1) - self.base
        gap[gap <= 0] = np.nan
        gap[0] = np.nan
        share: Array = 1 - left / gap
        return share

    def gaps(self, way: str) -> Array:
        """Return validation minus training loss, shape (factors, runs)."""
        gap: Array = self.validation_losses[way] - self.losses[way]
        return gap


class ScalingRule(Experiment):
    """The linear scaling rule: a batch k times as large, with a rate k times as high.

    Parameters
    ----------
    settings : RunSettings
        Its batch size and rate are those of k = 1.

    Attributes
    ----------
    factors : tuple of int
        The values of k: powers of two for which there are points enough.
    chosen : int
        Number of the k that is looked at.
    """

    label: ClassVar[str] = "Scaling rule"

    def __init__(self, settings: RunSettings) -> None:
        run = Run(settings)
        fleet = siblings(run.network, RUNS)
        config = settings.training
        size = min(config.batch_size, len(run.train))
        self.factors = tuple(2**p for p in range(20) if 2**p * size <= len(run.train))
        self._size, self._rate = size, settings.learning_rate
        self._trainers = {
            (way, k): Trainer(fleet.copy(), run.train, run.validation, scaled, settings.seed)
            for k in self.factors
            for way, scaled in scale(replace(config, batch_size=size), k).items()
        }
        # The middle: there the rule is seen to work.
        self.chosen = len(self.factors) // 2

    def advance(self, seconds: float) -> None:
        """Train those that are behind."""
        train_side_by_side(self._trainers.values(), EPOCHS, seconds)

    @property
    def progress(self) -> tuple[int, int]:
        """Epochs done, and in all."""
        return epochs_done(self._trainers.values(), EPOCHS), EPOCHS

    @property
    def result(self) -> ScalingResult:
        """What each has come to so far."""
        done = self.progress[0]
        table = {
            name: {
                way: np.array([self._at(way, k, name, done) for k in self.factors]) for way in WAYS
            }
            for name in ("train_loss", "validation_loss")
        }
        return ScalingResult(np.array(self.factors), table["train_loss"], table["validation_loss"])

    def _of(self, way: str, k: int) -> Trainer:
        """With the batch as it is set, all ways are one."""
        return self._trainers[SAME if k == 1 else way, k]

    def _at(self, way: str, k: int, column: str, epoch: int) -> Array:
        trainer = self._of(way, k)
        table: Array = getattr(trainer.history, column)
        values: Array = table[min(epoch, len(table) - 1)].copy()
        values[trainer.status == DIVERGED] = np.nan
        return values

    def tell(self) -> str:
        """Say what the rule does for the k that is looked at."""
        k = self.factors[self.chosen]
        result = self.result
        base = f"Batches of {self._size}: {say_loss(result.base)}."
        if k == 1:
            return f"{self.so_far}{base} Click a larger k to compare (medians of {RUNS} runs)."
        ends = ", ".join(
            f"{way} {say_loss(np.median(result.losses[way][self.chosen]))}" for way in WAYS
        )
        closed = result.closed(SCALED)[self.chosen]
        share = f" The rule closes {closed:.0%} of the gap." if np.isfinite(closed) else ""
        return f"{self.so_far}{base} Batches of {k * self._size}: {ends}.{share}"

    def pick(self, mark: Line | Points, point: int) -> None:
        """Look at the k that was chosen."""
        if np.array_equal(np.asarray(mark.x), self.factors):
            self.chosen = point

    def charts(self) -> list[Chart]:
        """Return the ends against k, the curves for one k, and two gaps.

        How much of the gap to the small batch is closed, and the gap to the validation loss.
        """
        result = self.result
        return [
            self._ends(result),
            self._curves(result),
            self._closed(result),
            self._gaps(result),
        ]

    def _ends(self, result: ScalingResult) -> Chart:
        marks: list[Mark] = []
        if self.progress[0]:
            for way, (colour, dash, shape) in _STYLES.items():
                middle = np.median(result.losses[way], axis=1)
                marks.append(Line("", result.factors, middle, colour, dash, named=False))
                marks.append(Points(way, result.factors, middle, colour, shape))
            if np.isfinite(result.base):
                marks.append(Rule("", result.base, "y", dash="dashed"))
        marks.append(Rule("you", float(self.factors[self.chosen]), colour="accent"))
        base = say_loss(result.base)
        return Chart(
            f"Loss after {self.progress[0]} epochs, median of {RUNS}; k = 1: {base}",
            self._axis(),
            Axis("training loss", "log"),
            marks,
            self.tell(),
        )

    def _curves(self, result: ScalingResult) -> Chart:
        k = self.factors[self.chosen]
        marks: list[Mark] = []
        for way, (colour, dash, _) in _STYLES.items() if k > 1 else ():
            history = self._of(way, k).history
            middle = np.median(history.train_loss, axis=1)
            marks.append(Line(way, history.epoch, middle, colour, dash, named=False))
        small = self._of(SAME, 1).history
        middle = np.median(small.train_loss, axis=1)
        name = f"batches of {self._size}"
        marks.append(Line(name, small.epoch, middle, "quiet", "dashdot", named=False))
        rate = f"{k * self._rate:.2g}"
        return Chart(
            f"k = {k}: batches of {k * self._size}, rate {self._rate:g} or {rate}",
            Axis("epoch", limits=(0, EPOCHS)),
            Axis("training loss", "log"),
            marks,
            self.tell(),
        )

    def _closed(self, result: ScalingResult) -> Chart:
        marks: list[Mark] = []
        words = []
        for way in (SCALED, WARM) if self.progress[0] else ():
            colour, dash, shape = _STYLES[way]
            closed = result.closed(way)
            marks.append(Line("", result.factors, closed, colour, dash, named=False))
            marks.append(Points(way, result.factors, closed, colour, shape))
            if np.isfinite(closed[-1]):
                words.append(f"{way} {closed[-1]:.0%}")
        marks.append(Rule("as the small batch", 1.0, "y", dash="dashed"))
        marks.append(Rule("you", float(self.factors[self.chosen]), colour="accent"))
        return Chart(
            "How much of the gap to the small batch is closed",
            self._axis(),
            Axis("share of the gap", limits=(0, 1.2)),
            marks,
            f"For k = {self.factors[-1]}: {', '.join(words)}." if words else "",
        )

    def _gaps(self, result: ScalingResult) -> Chart:
        gaps = result.gaps(SCALED)
        marks: list[Mark] = []
        if self.progress[0]:
            middle = np.median(gaps, axis=1)
            marks = [
                Band("all runs", result.factors, gaps.min(axis=1), gaps.max(axis=1)),
                Line("", result.factors, middle, "accent", named=False),
                Points(SCALED, result.factors, middle, "accent", "square"),
                Rule("", 0.0, "y"),
            ]
        return Chart(
            "Validation loss minus training loss",
            self._axis(),
            Axis("gap"),
            marks,
            f"With the rate scaled, for k = 1 the gap is {np.median(gaps[0]):.2g}, for "
            f"k = {self.factors[-1]} it is {np.median(gaps[-1]):.2g}.",
        )

    def _axis(self) -> Axis:
        ticks = [(float(k), str(k)) for k in self.factors]
        limits = (1 / 1.2, self.factors[-1] * 1.2)
        return Axis("k: times as large a batch", "log", limits, ticks)


def scale(config: TrainingConfig, k: int) -> dict[str, TrainingConfig]:
    """Return the training with a batch k times as large, by what is done with the rate.

    The rule is that of Goyal et al. (2017): the rate k times as high too. Their warm-up rises from
    the rate of the small batch in a straight line.

    Parameters
    ----------
    config : TrainingConfig
        Of the small batch.
    k : int
        1 or more; for 1 all ways are one, and only the first is given.
    """
    same = replace(config, batch_size=k * config.batch_size)
    if k == 1:
        return {SAME: same}
    scaled = replace(same, learning_rate=k * config.learning_rate)
    return {
        SAME: same,
        SCALED: scaled,
        WARM: replace(scaled, schedule=WarmUp(epochs=WARM_UP, start=1 / k)),
    }
