"""Why the loss of one update stands out: its batch, and the point in it that caused it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nbtutor.charts import Axis, Bars, Chart, Line, Mark, Points, Rule
from nbtutor.engine import Trainer
from nbtutor.experiments import UpdateReplay, losses_around, replay_update
from nbtutor.widgets.live import Run
from nbtutor.widgets.settings import RunSettings
from nbtutor.widgets.tutors.batch_size.size_race import EPOCHS, thin
from nbtutor.widgets.tutors.plane_marks import (
    X_AXIS,
    Y_AXIS,
    answer_marks,
    class_marks,
    ring_marks,
)
from nbtutor.widgets.tutors.side_by_side import epoch_of
from nbtutor.widgets.tutors.tutor import Experiment

Array = np.ndarray

DEVIATIONS = 3
"""A spike is so many standard deviations above the mean."""
REACH = 15
"""Updates before and after a spike that are looked at."""
_BARS = 16  # points of a batch that have a bar of their own
_SPIKE = "spike"


@dataclass(frozen=True)
class Spikes:
    """The updates of a run, and those that stand out.

    Attributes
    ----------
    updates : ndarray of int of shape (updates,)
        Their numbers, from 1.
    epochs : ndarray of shape (updates,)
    losses : ndarray of shape (updates,)
        Of each batch, before the update.
    mean, threshold : float
        Of the losses in the second half of the run: their mean, and `DEVIATIONS` standard
        deviations above it.
    spikes : ndarray of int of shape (spikes,)
        Places of the updates in the second half that are above the threshold.
    """

    updates: Array
    epochs: Array
    losses: Array
    mean: float
    threshold: float
    spikes: Array


@dataclass(frozen=True)
class Culprit:
    """What was found about one update.

    Attributes
    ----------
    replay : UpdateReplay
    wrong : ndarray of bool of shape (n,)
        Which points of its batch are mislabelled.
    near, near_losses : ndarray of shape (m,)
        Updates before and after it, and the mean loss of all training points after each.
    """

    replay: UpdateReplay
    wrong: Array
    near: Array
    near_losses: Array

    @property
    def share(self) -> float:
        """The mislabelled points' share of the batch's loss, 0 to 1."""
        losses = self.replay.losses
        return float(losses[self.wrong].sum() / losses.sum()) if losses.sum() else 0.0


class SpikeDetective(Experiment):
    """A run whose every update can be done again, and looked into.

    Parameters
    ----------
    settings : RunSettings

    Attributes
    ----------
    mislabelled : ndarray of bool of shape (n,)
        Which training points bear a wrong label; known, as the same points can be made without
        label noise.
    culprit : Culprit or None
        What was found about the spike that the learner has chosen.
    """

    label: ClassVar[str] = "Spike detective"

    def __init__(self, settings: RunSettings) -> None:
        self._run = Run(settings)
        self._trainer = Trainer(
            *(self._run.network.copy(), self._run.train, self._run.validation),
            *(settings.training, settings.seed),
            keep=EPOCHS + 1,
            detail="updates",
        )
        self.mislabelled = find_mislabelled(settings)
        self.culprit: Culprit | None = None

    def advance(self, seconds: float) -> None:
        """Train a little."""
        self._trainer.run(epochs=EPOCHS - self._trainer.epoch, seconds=seconds)

    @property
    def progress(self) -> tuple[int, int]:
        """Epochs done, and in all."""
        return epoch_of(self._trainer, EPOCHS), EPOCHS

    @property
    def finished(self) -> bool:
        """Whether the run has ended."""
        done, total = self.progress
        return done == total

    @property
    def result(self) -> Spikes:
        """The updates so far."""
        table = self._trainer.history.updates
        losses = table["batch_loss"][:, 0]
        late = losses[len(losses) // 2 :]
        mean, threshold, spikes = np.nan, np.nan, np.zeros(0, np.int64)
        if len(late):
            mean = float(late.mean())
            threshold = mean + DEVIATIONS * float(late.std())
            spikes = len(losses) - len(late) + np.flatnonzero(late > threshold)
        updates = table["update"].astype(np.int64)
        return Spikes(updates, table["epoch"].copy(), losses.copy(), mean, threshold, spikes)

    def investigate(self, update: int) -> Culprit:
        """Do an update again, and look for mislabelled points in its batch.

        Parameters
        ----------
        update : int
            Its number, from 1.

        Raises
        ------
        ParameterError
            If there is no such update.
        """
        replay = replay_update(self._trainer, update)
        wrong = self.mislabelled[replay.points]
        self.culprit = Culprit(replay, wrong, *losses_around(self._trainer, update, REACH))
        return self.culprit

    def pick(self, mark: Line | Points, point: int) -> None:
        """Look into the spike that was chosen."""
        if mark.name == _SPIKE and self.finished:
            result = self.result
            self.investigate(int(result.updates[result.spikes[point]]))

    def tell(self) -> str:
        """Say what is known of the chosen spike, or how many there are."""
        done, total = self.progress
        result = self.result
        if done < total:
            return f"Epoch {done} of {total}, {len(result.updates):,} updates."
        if not len(result.spikes):
            return (
                f"No update is {DEVIATIONS} standard deviations above the mean. Take a smaller "
                "batch, or more label noise."
            )
        if self.culprit is None:
            count = len(result.spikes)
            many = "1 update stands out" if count == 1 else f"{count} updates stand out"
            return f"{many} of {len(result.updates):,}. Click a triangle to look into its batch."
        return _verdict(self.culprit, result.mean)

    def charts(self) -> list[Chart]:
        """Return the loss of every update and the plane, and what is known of a chosen one.

        That is the shares of its points in its loss, and the updates about it.
        """
        charts = [self._losses(), self._plane()]
        if self.culprit is None:
            return charts
        return [*charts, self._shares(self.culprit), self._around(self.culprit)]

    def _losses(self) -> Chart:
        result, history = self.result, self._trainer.history
        marks: list[Mark] = [
            Line("update", *thin(result.epochs, result.losses), "accent", faint=True),
            Line("all points", history.epoch, history.train_loss[:, 0], "text", named=False),
        ]
        if self.finished:
            at = result.spikes
            marks += [
                Rule(f"{DEVIATIONS} deviations", result.threshold, "y", dash="dashed"),
                Points(_SPIKE, result.epochs[at], result.losses[at], "class-1", "triangle"),
            ]
        if self.culprit is not None:
            epoch = float(result.epochs[result.updates == self.culprit.replay.update][0])
            marks.append(Rule("you", epoch, colour="accent"))
        return Chart(
            f"Loss at every update, batches of {self._trainer.config.batch_size}",
            Axis("epoch", limits=(0, EPOCHS)),
            Axis("loss of a batch"),
            marks,
            self.tell(),
        )

    def _plane(self) -> Chart:
        train = self._trainer.train
        if self.culprit is None:
            title, network = "What the network answers now", self._trainer.network
            shown, rings = np.arange(len(train)), np.zeros(0, np.int64)
        else:
            replay = self.culprit.replay
            title, network = f"Just before update {replay.update:,}: its batch", replay.network
            shown, rings = replay.points, replay.points[self.culprit.wrong]
        return Chart(
            title,
            X_AXIS,
            Y_AXIS,
            [
                *answer_marks(network),
                *class_marks(train.X[shown], train.y[shown]),
                *ring_marks("mislabelled", train.X[rings]),
            ],
            self.tell(),
            square=True,
        )

    def _shares(self, culprit: Culprit) -> Chart:
        losses = culprit.replay.losses
        order = np.argsort(losses)[::-1][:_BARS]
        shares, wrong = losses[order] / losses.sum(), culprit.wrong[order]
        place = np.arange(1, len(order) + 1)
        marks: list[Mark] = []
        for name, which, colour, pattern in (
            ("label right", ~wrong, "accent", "plain"),
            ("mislabelled", wrong, "alarm", "rising"),
        ):
            if which.any():
                edges = place[which] - 0.4, place[which] + 0.4
                marks.append(
                    Bars(name, *edges, np.zeros(which.sum()), shares[which], colour, pattern)  # type: ignore[arg-type]
                )
        more = len(losses) - len(order)
        return Chart(
            f"Mislabelled points carry {culprit.share:.0%} of the loss",
            Axis(
                f"the {_BARS} largest of {len(losses)}" if more else "point, largest loss first",
                limits=(0.4, len(order) + 0.6),
                ticks=[(float(at), str(at)) for at in place],
            ),
            Axis("share of the batch's loss", limits=(0, 1)),
            marks,
            self.tell(),
        )

    def _around(self, culprit: Culprit) -> Chart:
        result, update = self.result, culprit.replay.update
        near = (result.updates >= culprit.near[0]) & (result.updates <= culprit.near[-1])
        return Chart(
            f"All points: {culprit.replay.loss_before:.3g} before, "
            f"{culprit.replay.loss_after:.3g} after",
            Axis("update"),
            Axis("loss"),
            [
                Line(
                    "its batch",
                    result.updates[near],
                    result.losses[near],
                    "accent",
                    "dashed",
                    False,
                ),
                Line("all points", culprit.near, culprit.near_losses, "text", "solid", False),
                Rule("you", float(update), colour="accent"),
            ],
            self.tell(),
        )


def find_mislabelled(settings: RunSettings) -> Array:
    """Return which training points bear a wrong label, shape (n,).

    Label noise is the last thing that is drawn of a data set, so the same seed without it gives
    the same points with their true labels.
    """
    labels = [
        settings.split(each.make_data())[0].y
        for each in (settings, settings.changed(label_noise=0.0))
    ]
    changed: Array = labels[0] != labels[1]
    return changed


def _verdict(culprit: Culprit, mean: float) -> str:
    replay = culprit.replay
    count, size = int(culprit.wrong.sum()), len(replay.points)
    loss = replay.losses.mean()
    head = f"Update {replay.update:,} has a loss of {loss:.3g}; the mean is {mean:.2g}."
    if count:
        are = "is mislabelled and carries" if count == 1 else "are mislabelled and carry"
        why = f"{count} of its {size} points {are} {culprit.share:.0%} of it."
    else:
        why = "None of its points is mislabelled: it has points that are hard by their place."
    return (
        f"{head} {why} The update took the loss of all training points from "
        f"{replay.loss_before:.3g} to {replay.loss_after:.3g}."
    )
