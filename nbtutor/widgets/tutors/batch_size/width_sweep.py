"""Networks of growing width on few points: parameters against samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nbtutor.charts import Axis, Chart, Line, Mark, Points, Rule
from nbtutor.engine import Dataset, Trainer
from nbtutor.experiments import update_spread
from nbtutor.widgets.dials import Steps
from nbtutor.widgets.settings import RunSettings
from nbtutor.widgets.tutors.batch_size.spike_detective import find_mislabelled
from nbtutor.widgets.tutors.plane_marks import (
    X_AXIS,
    Y_AXIS,
    answer_marks,
    class_marks,
    ring_marks,
)
from nbtutor.widgets.tutors.side_by_side import (
    columns,
    epochs_done,
    say_loss,
    train_side_by_side,
)
from nbtutor.widgets.tutors.tutor import Experiment

Array = np.ndarray

WIDTHS = (1, 2, 4, 8, 16, 32, 64)
SAMPLES = 32
"""Training points: few, so that a network of this lesson can have more parameters."""
EPOCHS = 60
MOMENTUM = 0.9
"""With so few points an epoch has few updates; momentum makes them go further (lesson 08)."""

_TRAIN, _VALIDATION = "training", "validation"


@dataclass(frozen=True)
class WidthResult:
    """What each width has come to so far.

    Attributes
    ----------
    widths : ndarray of int of shape (widths,)
    parameters : ndarray of int of shape (widths,)
        Weights and biases.
    samples : int
        Training points.
    losses, validation_losses : ndarray of shape (epochs + 1, widths)
        NaN after a divergence.
    spreads : ndarray of shape (widths,)
        How much the batch's loss varies from update to update in the second half of the updates
        done; see `nbtutor.experiments.update_spread`.
    """

    widths: Array
    parameters: Array
    samples: int
    losses: Array
    validation_losses: Array
    spreads: Array

    @property
    def ratios(self) -> Array:
        """Parameters for each sample, shape (widths,)."""
        ratio: Array = self.parameters / self.samples
        return ratio


class WidthSweep(Experiment):
    """Networks whose layers have 1 to 64 units, all on the same few points.

    Parameters
    ----------
    settings : RunSettings
        Its number of layers counts, not their units.
    samples : float
        How many of its training points are used; at most all.

    Attributes
    ----------
    chosen : int
        Number of the width that is looked at.
    """

    label: ClassVar[str] = "Parameters and samples"
    DIALS: ClassVar = {"samples": Steps("Samples", float(SAMPLES), (8, 16, 32, 64, 128, 256))}

    def __init__(self, settings: RunSettings, samples: float = SAMPLES) -> None:
        data = settings.make_data()
        train, validation = settings.split(data)
        count = min(round(samples), len(train))
        self._few = Dataset(train.X[:count], train.y[:count], train.generator)
        self._mislabelled = find_mislabelled(settings)[:count]
        self._trainers = []
        for width in WIDTHS:
            wide = settings.changed(
                hidden=(width,) * len(settings.hidden), optimizer="sgd", momentum=MOMENTUM
            )
            network = wide.make_network(data)
            self._trainers.append(
                Trainer(
                    *(network, self._few, validation, wide.training, wide.seed), detail="updates"
                )
            )
        self.chosen = WIDTHS.index(8)

    def advance(self, seconds: float) -> None:
        """Train those that are behind."""
        train_side_by_side(self._trainers, EPOCHS, seconds)

    @property
    def progress(self) -> tuple[int, int]:
        """Epochs done, and in all."""
        return epochs_done(self._trainers, EPOCHS), EPOCHS

    @property
    def result(self) -> WidthResult:
        """What each width has come to so far."""
        done = self.progress[0]
        spreads = []
        for trainer in self._trainers:
            losses = trainer.history.updates["batch_loss"][:, 0]
            spreads.append(update_spread(losses[len(losses) // 2 :]))
        return WidthResult(
            np.array(WIDTHS),
            np.array([trainer.network.parameters.flat.shape[1] for trainer in self._trainers]),
            len(self._few),
            columns(self._trainers, "train_loss", done),
            columns(self._trainers, "validation_loss", done),
            np.array(spreads),
        )

    def tell(self) -> str:
        """Say how the width that is looked at does, and which is best for new points."""
        result = self.result
        at = self.chosen
        ends = (
            f"{self.so_far}Width {WIDTHS[at]}: {result.parameters[at]:,} parameters for "
            f"{result.samples} samples, training loss {say_loss(result.losses[-1, at])}, "
            f"validation loss {say_loss(result.validation_losses[-1, at])}."
        )
        last = result.validation_losses[-1]
        if np.isnan(last).all():
            return f"{ends} Every width has diverged."
        best = int(np.nanargmin(last))
        return f"{ends} The lowest validation loss, {last[best]:.3g}, has width {WIDTHS[best]}."

    def pick(self, mark: Line | Points, point: int) -> None:
        """Look at the width that was chosen."""
        if np.array_equal(np.asarray(mark.x), self.result.ratios):
            self.chosen = point

    def charts(self) -> list[Chart]:
        """Return the losses against the ratio, the plane, the curves, and the spread."""
        result = self.result
        return [self._losses(result), self._plane(), self._curves(result), self._spreads(result)]

    def _losses(self, result: WidthResult) -> Chart:
        at, last = self.chosen, (result.losses[-1], result.validation_losses[-1])
        return Chart(
            f"Width {WIDTHS[at]}: {result.ratios[at]:.2g} parameters a sample",
            self._axis(result),
            Axis(f"loss after {self.progress[0]} epochs", "log"),
            [
                Line("", result.ratios, last[0], "text", named=False),
                Line("", result.ratios, last[1], "accent", "dashed", named=False),
                Points(_TRAIN, result.ratios, last[0], "text"),
                Points(_VALIDATION, result.ratios, last[1], "accent", "square", hollow=True),
                *self._rules(result),
            ],
            self.tell(),
        )

    def _plane(self) -> Chart:
        few = self._few
        return Chart(
            f"What the network of width {WIDTHS[self.chosen]} answers",
            X_AXIS,
            Y_AXIS,
            [
                *answer_marks(self._trainers[self.chosen].network),
                *class_marks(few.X, few.y),
                *ring_marks("mislabelled", few.X[self._mislabelled]),
            ],
            self.tell(),
            square=True,
        )

    def _curves(self, result: WidthResult) -> Chart:
        epochs, at = np.arange(len(result.losses)), self.chosen
        return Chart(
            f"Loss of width {WIDTHS[at]}",
            Axis("epoch", limits=(0, EPOCHS)),
            Axis("loss", "log"),
            [
                Line(_TRAIN, epochs, result.losses[:, at], "text", named=False),
                Line(
                    *(_VALIDATION, epochs, result.validation_losses[:, at], "accent", "dashed"),
                    named=False,
                ),
            ],
            self.tell(),
        )

    def _spreads(self, result: WidthResult) -> Chart:
        marks: list[Mark] = []
        if np.isfinite(result.spreads).any():
            marks = [
                Line("", result.ratios, result.spreads, "text", named=False),
                Points("measured", result.ratios, result.spreads, "text"),
            ]
        numbers = ", ".join(
            f"{width} {spread:.2g}" for width, spread in zip(WIDTHS, result.spreads, strict=True)
        )
        return Chart(
            "How much the loss varies from update to update",
            self._axis(result),
            Axis("standard deviation", "log"),
            [*marks, *self._rules(result)],
            f"By width: {numbers}.",
        )

    def _rules(self, result: WidthResult) -> list[Mark]:
        return [
            Rule("as many", 1.0, dash="dashed"),
            Rule("you", float(result.ratios[self.chosen]), colour="accent"),
        ]

    @staticmethod
    def _axis(result: WidthResult) -> Axis:
        limits = (result.ratios[0] / 1.3, result.ratios[-1] * 1.3)
        return Axis("parameters for each sample", "log", limits)
