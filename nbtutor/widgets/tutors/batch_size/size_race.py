"""The same network with batches of one point up to all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile
from typing import ClassVar

import numpy as np

from nbtutor.charts import Axis, Chart, Colour, Dash, Line, Mark, Points, Rule
from nbtutor.engine import Trainer
from nbtutor.engine.tables import MAX_ROWS
from nbtutor.experiments import finite_population, time_update, update_bytes, update_spread
from nbtutor.widgets.live import Run
from nbtutor.widgets.settings import RunSettings
from nbtutor.widgets.tutors.side_by_side import (
    columns,
    epochs_done,
    say_loss,
    train_side_by_side,
)
from nbtutor.widgets.tutors.tutor import Experiment

Array = np.ndarray

EPOCHS = 20
_EPOCH = Axis("epoch", limits=(0, EPOCHS))
_DRAWN = 2000  # points of a line of updates: more than there are pixels


@dataclass(frozen=True)
class SizesResult:
    """What has become of each batch size so far.

    Attributes
    ----------
    sizes : ndarray of int of shape (sizes,)
    losses, validation_losses : ndarray of shape (epochs + 1, sizes)
        Of all training points, and of the validation points; NaN after a divergence.
    spreads : ndarray of shape (sizes,)
        How much the batch's loss varies from update to update in the second half of the updates
        done; see `nbtutor.experiments.update_spread`.
    law : ndarray of shape (sizes,)
        What sampling alone gives: the standard deviation of the single points' losses now, over
        the root of the batch size, with the factor for drawing without replacement.
    seconds : ndarray of shape (sizes,)
        What an update takes on this machine; NaN until it is measured, at the end.
    bytes : ndarray of int of shape (sizes,)
        The memory of an update; see `nbtutor.experiments.update_bytes`.
    """

    sizes: Array
    losses: Array
    validation_losses: Array
    spreads: Array
    law: Array
    seconds: Array
    bytes: Array


class SizeRace(Experiment):
    """One network, the same first weights and rate, with several batch sizes.

    Parameters
    ----------
    settings : RunSettings
        Its batch size is the one that is looked at first.

    Attributes
    ----------
    sizes : tuple of int
    chosen : int
        Number of the size that is looked at.
    """

    label: ClassVar[str] = "Batch sizes"
    SETTINGS: ClassVar = ("noise", "label_noise", "learning_rate", "seed")

    def __init__(self, settings: RunSettings) -> None:
        self._run = Run(settings)
        self.sizes = sizes_for(len(self._run.train))
        self._trainers = [
            Trainer(
                *(self._run.network.copy(), self._run.train, self._run.validation),
                *(replace(settings.training, batch_size=size), settings.seed),
                detail="updates",
            )
            for size in self.sizes
        ]
        self._seconds: list[float] = []
        distance = np.abs(np.log(np.array(self.sizes) / settings.batch_size))
        self.chosen = int(distance.argmin())

    def advance(self, seconds: float) -> None:
        """Train those that are behind; at the end measure what an update takes."""
        if epochs_done(self._trainers, EPOCHS) < EPOCHS:
            train_side_by_side(self._trainers, EPOCHS, seconds)
        elif len(self._seconds) < len(self.sizes):
            size = self.sizes[len(self._seconds)]
            network, train = self._run.network, self._run.train
            self._seconds.append(time_update(network, train, size, repeats=5))

    @property
    def progress(self) -> tuple[int, int]:
        """Epochs done, and in all; the measuring of the times counts as one."""
        timed = len(self._seconds) == len(self.sizes)
        return epochs_done(self._trainers, EPOCHS) + timed, EPOCHS + 1

    @property
    def result(self) -> SizesResult:
        """What has become of each size so far."""
        done = min(self.progress[0], EPOCHS)
        n = len(self._run.train)
        sizes = np.array(self.sizes)
        deviations = np.array([self._deviation(trainer) for trainer in self._trainers])
        seconds = np.full(len(sizes), np.nan)
        seconds[: len(self._seconds)] = self._seconds
        return SizesResult(
            sizes,
            columns(self._trainers, "train_loss", done),
            columns(self._trainers, "validation_loss", done),
            np.array([update_spread(_late(self._updates(number))) for number in range(len(sizes))]),
            deviations / np.sqrt(sizes) * finite_population(sizes, n),
            seconds,
            np.array([update_bytes(self._run.network, size) for size in self.sizes]),
        )

    def _updates(self, number: int) -> Array:
        losses: Array = self._trainers[number].history.updates["batch_loss"][:, 0]
        return losses

    def _deviation(self, trainer: Trainer) -> float:
        """Return the standard deviation of the single training points' losses."""
        network, (inputs, targets) = trainer.network, self._prepared
        with np.errstate(all="ignore"):
            workspace = network.forward(inputs)
            losses = network.point_losses(workspace, targets)[0].astype(float)
            return float(losses.std()) if np.isfinite(losses).all() else np.nan

    @cached_property
    def _prepared(self) -> tuple[Array, Array]:
        network, train = self._run.network, self._run.train
        return network.prepare_inputs(train.X), network.prepare_targets(train.y, len(train))

    def tell(self) -> str:
        """Say what the smallest batch and the full one have come to."""
        result = self.result
        done, total = self.progress
        head = "" if done == total else f"Epoch {min(done, EPOCHS)} of {EPOCHS}. "
        lost = [size for t, size in zip(self._trainers, self.sizes, strict=True) if t.diverged]
        if lost:
            head += f"Batches of {', '.join(map(str, lost))} have diverged. "
        small, full = map(say_loss, result.losses[-1, [0, -1]])
        return (
            f"{head}Training loss: batches of {self.sizes[0]} {small}, all "
            f"{self.sizes[-1]} points at once {full}. You look at batches of "
            f"{self.sizes[self.chosen]}: the loss varies by {result.spreads[self.chosen]:.2g} "
            "from update to update."
        )

    def pick(self, mark: Line | Points, point: int) -> None:
        """Look at the size that was chosen, by a point over the sizes or by its curve."""
        if np.array_equal(np.asarray(mark.x), self.sizes):
            self.chosen = point
        elif mark.name in (names := [self._name(number) for number in range(len(self.sizes))]):
            self.chosen = names.index(mark.name)

    def charts(self) -> list[Chart]:
        """Return the updates of one size, the epochs of all, their spread and their cost."""
        result = self.result
        return [
            self._updates_chart(result),
            self._epochs_chart(result),
            self._spread_chart(result),
            self._cost_chart(result),
        ]

    def _name(self, number: int) -> str:
        return "all" if number == len(self.sizes) - 1 else str(self.sizes[number])

    def _updates_chart(self, result: SizesResult) -> Chart:
        trainer, size = self._trainers[self.chosen], self.sizes[self.chosen]
        updates = trainer.history.updates
        x, y = thin(updates["epoch"], updates["batch_loss"][:, 0])
        epochs, top = np.arange(len(result.losses)), self._top()
        cut = f", cut off at {top:g}" if (y > top).any() else ""
        return Chart(
            f"Loss at every update; you look at batches of {size}",
            _EPOCH,
            # One axis for all sizes, or a small spread would look as wide as a large one.
            Axis(f"loss of a batch{cut}", limits=(0, top)),
            [
                Line("update", x, y, "accent", faint=True),
                Line("all points", epochs, result.losses[:, self.chosen], "text", named=False),
            ],
            f"{trainer.updates} updates of batches of {size}. The loss varies by "
            f"{result.spreads[self.chosen]:.2g} from update to update.",
        )

    def _top(self) -> float:
        """Return where the axis of losses ends: above all of the second size, at least 1."""
        losses = self._updates(min(1, len(self.sizes) - 1))
        top = float(np.nanmax(losses[np.isfinite(losses)], initial=1.0))
        return 0.5 * float(np.ceil(2 * min(top, 1000.0)))

    def _epochs_chart(self, result: SizesResult) -> Chart:
        epochs = np.arange(len(result.losses))
        marks: list[Mark] = []
        for number, losses in enumerate(result.losses.T):
            colour, dash = _STYLES[number % len(_STYLES)]
            colour = "accent" if number == self.chosen else colour
            marks.append(Line(self._name(number), epochs, losses, colour, dash))
        ends = ", ".join(
            f"{self._name(number)} {say_loss(loss)}"
            for number, loss in enumerate(result.losses[-1])
        )
        return Chart(
            "Loss of all training points, by batch size",
            _EPOCH,
            Axis("training loss", "log"),
            marks,
            f"By batch size: {ends}.",
        )

    def _spread_chart(self, result: SizesResult) -> Chart:
        sizes = result.sizes
        law = np.where(result.law > 0, result.law, np.nan)  # the full batch has no chance in it
        marks: list[Mark] = []
        if np.isfinite(result.spreads).any():
            marks = [
                Line("sampling alone", sizes, law, "accent", "dashed", named=False),
                Points("measured", sizes, result.spreads, "text"),
            ]
        marks.append(Rule("you", float(sizes[self.chosen]), colour="accent"))
        numbers = ", ".join(
            f"{self._name(number)} {spread:.2g}" for number, spread in enumerate(result.spreads)
        )
        return Chart(
            "How much the loss varies from update to update",
            self._size_axis(),
            Axis("standard deviation", "log"),
            marks,
            f"By batch size: {numbers}.",
        )

    def _cost_chart(self, result: SizesResult) -> Chart:
        speed = 1 / result.seconds
        marks: list[Mark] = []
        title = "Cost of an update, against the smallest batch"
        sentence = "The times are measured at the end."
        if np.isfinite(speed).all():
            points = speed * result.sizes
            marks = [
                Line("points a second", result.sizes, points / points[0], "text", named=False),
                Line(
                    *("memory", result.sizes, result.bytes / result.bytes[0], "accent", "dashed"),
                    named=False,
                ),
                Line(
                    *("updates a second", result.sizes, speed / speed[0], "class-1", "dotted"),
                    named=False,
                ),
                Rule("you", float(result.sizes[self.chosen]), colour="accent"),
            ]
            per_second = float(f"{speed[self.chosen]:.2g}")
            size = self.sizes[self.chosen]
            memory = result.bytes[self.chosen] / 1000
            title = f"Batches of {size}: {per_second:,.0f} updates/s, {memory:.1f} kB each"
            sentence = (
                f"An update of {size} takes {1e6 * result.seconds[self.chosen]:.0f} "
                f"microseconds on this machine, and {memory:.1f} kB."
            )
        return Chart(title, self._size_axis(), Axis("times as much", "log"), marks, sentence)

    def _size_axis(self) -> Axis:
        ticks = [(float(size), self._name(number)) for number, size in enumerate(self.sizes)]
        limits = (self.sizes[0] / 1.3, self.sizes[-1] * 1.3)
        return Axis("points in a batch", "log", limits, ticks)


_STYLES: tuple[tuple[Colour, Dash], ...] = (
    ("text", "solid"),
    ("text", "dashed"),
    ("text", "dashdot"),
    ("text", "dotted"),
    ("quiet", "solid"),
)


def sizes_for(n: int) -> tuple[int, ...]:
    """Return the batch sizes for `n` training points: the powers of 4 below, and all.

    Sizes so small that a run would have more updates than its history holds are left out.
    """
    powers = takewhile(lambda size: size < n, (4**power for power in range(20)))
    return (*(size for size in powers if EPOCHS * -(-n // size) <= MAX_ROWS), n)


def thin(x: Array, y: Array) -> tuple[Array, Array]:
    """Return a line of at most some thousand points that looks the same.

    Of each stretch its lowest and its highest point stay, so that no spike is lost.
    """
    stretch = -(-2 * len(x) // _DRAWN)
    if stretch <= 2:
        return x, y
    parts = ((start, y[start : start + stretch]) for start in range(0, len(x), stretch))
    ends = [(start + part.argmin(), start + part.argmax()) for start, part in parts]
    rows = np.unique(np.concatenate(ends))  # a stretch of one point has it twice
    return x[rows], y[rows]


def _late(losses: Array) -> Array:
    """Return the second half: the first is the fall from the start."""
    return losses[len(losses) // 2 :]
