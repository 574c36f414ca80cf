"""What lesson 14 tries on one overfitted run: remedies in mid-run, early stopping, L1 and L2."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import ClassVar

import numpy as np

from nbtutor.charts import Axis, Chart, Colour, Line, Mark, Pattern, Rule
from nbtutor.engine import Trainer, copies
from nbtutor.engine.random import stream
from nbtutor.widgets.live import Run
from nbtutor.widgets.settings import RunSettings
from nbtutor.widgets.stopping import stopped_early
from nbtutor.widgets.tutors.plane_marks import PlaneField
from nbtutor.widgets.tutors.regularization.overfit import (
    EPOCHS,
    EPOCHS_A_PICTURE,
    NEAR_ZERO,
    OVERFITTED,
    all_weights,
    check_settings,
    curve,
    histogram,
    loss_marks,
    near_zero,
    outline,
    overfitted,
    plane_chart,
    reach_of,
    shown,
)
from nbtutor.widgets.tutors.side_by_side import epoch_of
from nbtutor.widgets.tutors.tutor import Experiment

Array = np.ndarray

MID_RUN = ("jitter", "batch_size", "dropout", "l1", "l2")
"""Remedies that a run takes without starting again."""

FRESH = 2000
"""Points that neither train nor choose, to judge by."""

L1, L2 = 0.01, 0.03
"""Strengths that are compared where the sliders stand at zero."""

_SHOWN_CHANGES = 2


def _portions(seconds: float, epochs: int) -> Callable[[], bool]:
    """Return what says whether there is time for one more epoch of at most `epochs`."""
    end, left = time.perf_counter() + seconds, epochs

    def more() -> bool:
        nonlocal left
        left -= 1
        return left >= 0 and (left == epochs - 1 or time.perf_counter() < end)

    return more


@dataclass(frozen=True)
class Answer:
    """How the run answers to the remedies, beside the same run without any.

    Attributes
    ----------
    epoch : int
    train_loss, validation_loss : float
    bare_train_loss, bare_validation_loss : float
        Of the run without remedies, at the same epoch.
    near_zero : float
        Share of the weights, of all layers, that are near zero.
    near_zero_first : float
        Of those of the first layer.
    """

    epoch: int
    train_loss: float
    validation_loss: float
    bare_train_loss: float
    bare_validation_loss: float
    near_zero: float
    near_zero_first: float

    @property
    def gap(self) -> float:
        """Validation loss minus training loss."""
        return self.validation_loss - self.train_loss

    @property
    def bare_gap(self) -> float:
        """The same without remedies."""
        return self.bare_validation_loss - self.bare_train_loss


class LiveRemedies(Experiment):
    """One overfitted run, to which remedies are given while it trains.

    Beside it the same run goes on without them, epoch for epoch.

    Parameters
    ----------
    settings : RunSettings

    Attributes
    ----------
    settings : RunSettings
        The present ones.
    remedies : list of str
        The settings that differ from the run without remedies.
    """

    label: ClassVar[str] = "One run"
    SETTINGS: ClassVar = (*OVERFITTED, "noise", "seed")

    def __init__(self, settings: RunSettings) -> None:
        check_settings(settings)
        self._note(settings)
        self._run = Run(replace(settings, patience=0))
        self._bare = Run(overfitted(settings))
        self._field = PlaneField(self._run.network)
        self._bare_field = PlaneField(self._bare.network)
        self._end = EPOCHS

    def _note(self, settings: RunSettings) -> None:
        bare = overfitted(settings)
        self.settings = settings
        self.remedies = [n for n in OVERFITTED if getattr(settings, n) != getattr(bare, n)]

    def advance(self, seconds: float) -> None:
        """Train both runs by a few epochs, as many as each other."""
        more = _portions(seconds, min(EPOCHS_A_PICTURE, self._end - self._run.trainer.epoch))
        while more() and not self._run.ended:
            self._run.advance(epochs=1)
            self._bare.advance(epochs=1)

    @property
    def progress(self) -> tuple[int, int]:
        """Epochs done, and where the run pauses: some time after the last change."""
        epoch = self._run.trainer.epoch
        if self._run.ended:
            return max(epoch, 1), max(epoch, 1)
        return epoch, self._end

    def take(self, settings: RunSettings) -> bool:
        """Go on with another penalty, dropout, batch size or jitter."""
        names = (field.name for field in fields(settings))
        changed = {n for n in names if getattr(settings, n) != getattr(self.settings, n)}
        # Patience belongs to another experiment, and changes nothing here.
        if self._run.ended or not changed <= {*MID_RUN, "patience"}:
            return False
        self._run.change(replace(settings, patience=0))
        self._note(settings)
        if changed & set(MID_RUN):
            self._end = max(self._end, self._run.trainer.epoch + EPOCHS)
        return True

    @property
    def result(self) -> Answer:
        """How it stands now."""
        now, bare = self._run.trainer.history.last(), self._bare.trainer.history.last()
        network = self._run.network
        return Answer(
            epoch=self._run.trainer.epoch,
            train_loss=now["train_loss"],
            validation_loss=now["validation_loss"],
            bare_train_loss=bare["train_loss"],
            bare_validation_loss=bare["validation_loss"],
            near_zero=near_zero(all_weights(network)),
            near_zero_first=near_zero(network.weights[0][0]),
        )

    def tell(self) -> str:
        """Say how wide the gap is, with the remedies and without."""
        if self._run.ended:
            return self._run.ended
        found = self.result
        now = (
            f"Epoch {found.epoch:,}: training loss {found.train_loss:.2f}, validation loss "
            f"{found.validation_loss:.2f}. The gap is {shown(found.gap)}"
        )
        return f"{now}; without remedies, {shown(found.bare_gap)}." if self.remedies else f"{now}."

    def charts(self) -> list[Chart]:
        """Return the plane, the losses and the weights."""
        found = self.result
        beside = self._bare_field() if self.remedies else None
        many = len(self._run.train)
        points = f"{many} training point{'' if many == 1 else 's'}"
        plane = plane_chart(
            f"Epoch {found.epoch:,}: boundary, and {points}",
            self._field(),
            self._run.train,
            f"The boundary between two classes, and {points}.",
            beside,
        )
        return [plane, self._losses(found), self._weights(found)]

    def _losses(self, found: Answer) -> Chart:
        history, bare = self._run.trainer.history, self._bare.trainer.history
        marks: list[Mark] = loss_marks(history)
        title = f"Gap {shown(found.gap)}"
        if self.remedies:
            epochs, _, losses = curve(bare)
            marks.insert(0, Line("no remedy", epochs, losses, "quiet", "dotted"))
            title = f"{title}; without remedies {shown(found.bare_gap)}"
        for event in history.events[-_SHOWN_CHANGES:]:
            marks.append(Rule(event.label, event.epoch))
        limits = (0.0, float(max(self._end, 1)))
        return Chart(title, Axis("epoch", limits=limits), Axis("loss"), marks, self.tell())

    def _weights(self, found: Answer) -> Chart:
        weights = all_weights(self._run.network)
        bare = all_weights(self._bare.network)
        reach = reach_of(weights, bare)
        marks: list[Mark] = [histogram(weights, reach)]
        if self.remedies:
            marks.append(outline("no remedy", bare, reach))
        return Chart(
            f"Weights: {found.near_zero:.0%} near zero, {found.near_zero_first:.0%} in layer 1",
            Axis("weight", limits=(-reach, reach)),
            Axis("number of weights"),
            marks,
            f"A histogram of {len(weights)} weights. {found.near_zero:.0%} are nearer to zero "
            f"than {NEAR_ZERO:g}; in the first layer, {found.near_zero_first:.0%}.",
        )


@dataclass(frozen=True)
class Stopped:
    """What early stopping did.

    Attributes
    ----------
    best_epoch : int
        The epoch whose weights are back; the last one if it has not stopped.
    stop_epoch : int
        When it stopped; 0 if it has not.
    validation_loss : ndarray of shape (epochs + 1,)
        Of the run that went on.
    restored_loss, end_loss : float
        On fresh points: of the weights that are back, and of the run that went on.
    """

    best_epoch: int
    stop_epoch: int
    validation_loss: Array
    restored_loss: float
    end_loss: float

    @property
    def lowest_epoch(self) -> int:
        """The epoch of the lowest validation loss of the whole run."""
        return int(self.validation_loss.argmin())


class EarlyStopping(Experiment):
    """The overfitted run, stopped early, and the same run going on to the end."""

    label: ClassVar[str] = "Early stopping"
    SETTINGS: ClassVar = ("patience", "noise", "seed")

    def __init__(self, settings: RunSettings) -> None:
        check_settings(settings)
        bare = overfitted(settings)
        self._patience = settings.patience
        runs = [Run(bare), Run(replace(bare, patience=settings.patience))]
        self._data = runs[0].train
        self._going, self._stopping = (run.trainer for run in runs)
        self._fields = [PlaneField(run.network) for run in (runs[1], runs[0])]
        self._fresh = self._data.sample(FRESH, stream(settings.seed, "fresh points"))

    def advance(self, seconds: float) -> None:
        """Train both by a few epochs; the one that has stopped stays."""
        more = _portions(seconds, min(EPOCHS_A_PICTURE, EPOCHS - self._going.epoch))
        while more() and not self._going.finished:
            self._going.run(epochs=1)
            self._stopping.run(epochs=1)

    @property
    def progress(self) -> tuple[int, int]:
        """Epochs done, and in all."""
        return epoch_of(self._going, EPOCHS), EPOCHS

    @property
    def result(self) -> Stopped:
        """How it stands now."""
        stopped = stopped_early(self._stopping)
        best = self._stopping.best
        return Stopped(
            best_epoch=self._stopping.epoch if not stopped or best is None else int(best.epoch[0]),
            stop_epoch=self._stopping.epoch if stopped else 0,
            validation_loss=self._going.history.validation_loss[:, 0],
            restored_loss=self._judge(self._stopping),
            end_loss=self._judge(self._going),
        )

    def _judge(self, trainer: Trainer) -> float:
        network, fresh = trainer.network, self._fresh
        with np.errstate(all="ignore"):
            inputs = network.prepare_inputs(fresh.X)
            targets = network.prepare_targets(fresh.y, len(fresh))
            return float(network.evaluate(inputs, targets).loss[0])

    def tell(self) -> str:
        """Say where it stopped, and what fresh points say of it."""
        found = self.result
        epoch = self._going.epoch
        if not self._patience:
            return f"Epoch {epoch:,}. Patience is off, so the run goes on to the end."
        if not found.stop_epoch:
            waited = "The run has ended before" if epoch >= EPOCHS else f"Epoch {epoch:,}: not yet"
            return f"{waited} {self._patience} epochs without a lower validation loss."
        return (
            f"Stopped at epoch {found.stop_epoch:,}, and back to epoch {found.best_epoch:,}. On "
            f"{FRESH:,} fresh points its loss is {found.restored_loss:.2f}; of the run that goes "
            f"on, {found.end_loss:.2f}."
        )

    def charts(self) -> list[Chart]:
        """Return the losses with both marks, and both boundaries."""
        found = self.result
        marks = loss_marks(self._going.history)
        if found.stop_epoch:
            marks.append(Rule(f"best {found.best_epoch}", found.best_epoch, colour="accent"))
            marks.append(Rule(f"stop {found.stop_epoch}", found.stop_epoch, dash="dashed"))
        losses = Chart(
            "Losses of the run that goes on",
            Axis("epoch", limits=(0, EPOCHS)),
            Axis("loss"),
            marks,
            self.tell(),
        )
        restored, at_end = (field() for field in self._fields)
        title = f"Epoch {self._going.epoch:,}: not stopped yet"
        if found.stop_epoch:
            title = f"Back at epoch {found.best_epoch:,}, beside epoch {self._going.epoch:,}"
        plane = plane_chart(
            title, restored, self._data, f"{title}. {self.tell()}", at_end, "the run that goes on"
        )
        return [losses, plane]


@dataclass(frozen=True)
class PenaltyResult:
    """The weights of three networks that differ in their penalty: none, L1 and L2.

    Attributes
    ----------
    weights : ndarray of shape (3, weights)
    train_loss, validation_loss : ndarray of shape (3,)
        Without the penalty.
    """

    weights: Array
    train_loss: Array
    validation_loss: Array

    @property
    def near_zero(self) -> Array:
        """Share of the weights that are near zero, shape (3,)."""
        return np.array([near_zero(weights) for weights in self.weights])


class Penalties(Experiment):
    """The overfitted run three times: without a penalty, with L1, and with L2."""

    label: ClassVar[str] = "L1 or L2"
    SETTINGS: ClassVar = ("l1", "l2", "noise", "seed")

    def __init__(self, settings: RunSettings) -> None:
        check_settings(settings)
        bare = overfitted(settings)
        run = Run(bare)
        l1, l2 = settings.l1 or L1, settings.l2 or L2
        config = replace(bare.training, l1=(0.0, l1, 0.0), l2=(0.0, 0.0, l2))
        fleet = copies(run.network, 3)
        self._trainer = Trainer(fleet, run.train, run.validation, config, settings.seed)
        self._names = ("No penalty", f"L1 {l1:g}", f"L2 {l2:g}")

    def advance(self, seconds: float) -> None:
        """Train all three by a few epochs."""
        more = _portions(seconds, min(EPOCHS_A_PICTURE, EPOCHS - self._trainer.epoch))
        while more() and not self._trainer.finished:
            self._trainer.run(epochs=1)

    @property
    def progress(self) -> tuple[int, int]:
        """Epochs done, and in all."""
        return epoch_of(self._trainer, EPOCHS), EPOCHS

    @property
    def result(self) -> PenaltyResult:
        """How they stand now."""
        network, history = self._trainer.network, self._trainer.history
        return PenaltyResult(
            np.stack([all_weights(network, replica) for replica in range(3)]),
            history.train_loss[-1],
            history.validation_loss[-1],
        )

    def tell(self) -> str:
        """Say what each penalty did to the loss."""
        found = self.result
        losses = zip(self._names, found.validation_loss, strict=True)
        said = ", ".join(
            f"{name.lower() if name[0] == 'N' else name} {v:.2f}" for name, v in losses
        )
        return f"Epoch {self._trainer.epoch:,}. Validation loss: {said}."

    def charts(self) -> list[Chart]:
        """Return a histogram of the weights for each penalty, with the one for none in it."""
        found = self.result
        reach = reach_of(found.weights)
        bare, *shares = found.near_zero
        looks: tuple[tuple[Colour, Pattern], ...] = (("class-0", "rising"), ("class-1", "dots"))
        return [
            Chart(
                f"{name}: {share:.0%} near zero; no penalty {bare:.0%}",
                Axis("weight", limits=(-reach, reach)),
                Axis("number of weights"),
                [
                    histogram(weights, reach, *look),
                    outline("no penalty", found.weights[0], reach),
                ],
                f"A histogram of {len(weights)} weights, of which {share:.0%} are nearer to zero "
                f"than {NEAR_ZERO:g}; without a penalty, {bare:.0%}.",
            )
            for name, weights, share, look in zip(
                self._names[1:], found.weights[1:], shares, looks, strict=True
            )
        ]
