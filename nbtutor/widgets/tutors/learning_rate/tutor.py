"""Lesson 08: the learning rate."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from nbtutor.engine import Trainer
from nbtutor.experiments import (
    LearningRateSweep,
)
from nbtutor.widgets.lesson import Exercise, Exercises, Outcome, Prediction, Program, programs_of
from nbtutor.widgets.live import Run
from nbtutor.widgets.tutors.learning_rate.experiments import (
    EPOCHS,
    RATES,
    OptimizerRace,
    RangeTest,
    RateSweep,
    ScheduleRace,
    loss_of,
)
from nbtutor.widgets.tutors.tutor import Tutor


class LearningRateTutor(Tutor):
    """Lesson 08: how far to step.

    Twenty-four learning rates at once, the range test both ways with its suggestions run for real,
    schedules, and optimizers.

    Parameters
    ----------
    **settings
        Of `nbtutor.widgets.settings.RunSettings`; by default the moons with noise 0.2, two hidden
        layers of 8 and a batch of 10.

    Attributes
    ----------
    prediction : Prediction
    exercises : Exercises
    program : Program
    """

    DEFAULTS: ClassVar = {"dataset": "moons", "noise": 0.2, "hidden": (8, 8), "points": 400}
    CONTROLS = (
        *("dataset", "noise", "activation", "learning_rate", "batch_size", "optimizer"),
        *("momentum", "seed"),
    )
    EXPERIMENTS: ClassVar = {
        "sweep": RateSweep,
        "range_test": RangeTest,
        "schedules": ScheduleRace,
        "optimizers": OptimizerRace,
    }
    CHARTS = 3

    def __init__(self, **settings: object) -> None:
        self.prediction = Prediction(
            "24 networks start from the same weights and see the same batches. Only their learning "
            f"rates differ, from 0.0001 to 10. Which has the lowest loss after {EPOCHS} epochs?",
            (
                "The smallest rate: it takes the most careful steps.",
                "One in between.",
                "The largest rate: it gets ahead fastest.",
            ),
        )
        self.exercises = Exercises(
            "learning-rate",
            (
                Exercise(
                    "good-rate",
                    "Run 24 rates at once. Then click a rate in the U that ends within twice the "
                    "lowest loss.",
                    self._check_good_rate,
                ),
                Exercise(
                    "too-slow",
                    "Look at a rate that is too small: one whose loss has fallen, but by less than "
                    "a quarter.",
                    self._check_too_slow,
                ),
                Exercise(
                    "momentum-moves-the-best",
                    "Set the momentum to 0.9 and run 24 rates again. Is the best rate higher or "
                    "lower than without momentum? Click the best one.",
                    self._check_momentum,
                ),
            ),
        )
        self.program = Program(programs_of(self._write_nbtutor, self._trainer, EPOCHS))
        super().__init__(**settings)

    @property
    def sweep(self) -> RateSweep | None:
        """The 24 rates, if that is the present experiment."""
        return self.work if isinstance(self.work, RateSweep) else None

    def _draw(self) -> None:
        super()._draw()
        if self.sweep is not None and self.stage.finished:
            self.prediction.outcome = self._what_happened(self.sweep.result)

    @staticmethod
    def _what_happened(result: LearningRateSweep) -> str:
        if result.best is None:
            return "Every rate diverged: this set-up needs smaller ones."
        lost = int(result.diverged.sum())
        place = "in between" if 0 < result.best < len(RATES) - 1 else "at an end"
        return (
            f"The lowest loss, {loss_of(result)}, belongs to rate {result.best_rate:.2g}, {place}. "
            f"The smallest rate ended at {result.final_losses[0]:.3g}: in {EPOCHS} epochs it "
            f"hardly moved. {lost} of the largest diverged."
        )

    # The exercises look at what the learner's own sweep has come to.

    def _check_good_rate(self) -> Outcome:
        sweep = self._finished(RateSweep)
        if isinstance(sweep, Outcome):
            return sweep
        result = sweep.result
        loss, lowest = result.final_losses[sweep.chosen], float(np.nanmin(result.final_losses))
        rate = f"{RATES[sweep.chosen]:.2g}"
        if loss <= 2 * lowest:
            return Outcome(True, f"Rate {rate} ended at {loss:.3g}; the lowest is {lowest:.3g}.")
        if not np.isfinite(loss):
            return Outcome(False, f"Rate {rate} diverged. Look further left in the U.")
        side = "left" if sweep.chosen > (result.best or 0) else "right"
        return Outcome(
            False,
            f"Rate {rate} ended at {loss:.3g}, and the lowest is {lowest:.3g}. Click further "
            f"{side} in the U.",
        )

    def _check_too_slow(self) -> Outcome:
        sweep = self._finished(RateSweep)
        if isinstance(sweep, Outcome):
            return sweep
        result = sweep.result
        start, loss = result.losses[0, sweep.chosen], result.final_losses[sweep.chosen]
        rate = f"{RATES[sweep.chosen]:.2g}"
        if 0.75 * start < loss < start:
            return Outcome(True, f"Rate {rate}: from {start:.3g} to {loss:.3g} only. Too slow.")
        if loss <= 0.75 * start:
            return Outcome(False, f"Rate {rate} came from {start:.3g} to {loss:.3g}: not so slow.")
        return Outcome(False, f"Rate {rate} did not learn at all. Slow ones are on the left.")

    def _check_momentum(self) -> Outcome:
        sweep = self._finished(RateSweep)
        if isinstance(sweep, Outcome):
            return sweep
        result = sweep.result
        if not np.isclose(self.settings.momentum, 0.9):
            return Outcome(
                False, f"The momentum is {self.settings.momentum:g}. Set it to 0.9 and run again."
            )
        if sweep.chosen != result.best:
            return Outcome(
                False,
                f"You look at rate {RATES[sweep.chosen]:.2g}. The lowest point of the U is "
                "elsewhere: click it.",
            )
        without = RateSweep(replace(self.settings, momentum=0.0))
        without.advance(3600.0)
        before = without.result.best_rate
        return Outcome(
            True,
            f"With momentum 0.9 the best rate is {result.best_rate:.2g}; without, it is "
            f"{before:.2g}. Momentum 0.9 adds up about ten steps, so each must be smaller.",
        )

    # The program.

    def _write_nbtutor(self) -> str:
        s = self.settings
        return (
            "from nbtutor.engine import Network, TrainingConfig, make_dataset\n"
            "from nbtutor.experiments import lr_sweep\n\n"
            f"data = make_dataset({s.dataset!r}, n={s.points}, noise={s.noise}, seed={s.seed})\n"
            f"train, validation = data.split({s.train_share})\n"
            f"network = Network((2, *{s.hidden}, 1), {s.activation!r}, seed={s.seed})\n"
            f"config = TrainingConfig(batch_size={s.batch_size}, optimizer={s.optimizer!r}, "
            f"momentum={s.momentum})\n"
            f"sweep = lr_sweep(network, train, validation, count={len(RATES)}, low={RATES[0]:g}, "
            f"high={RATES[-1]:g}, epochs={EPOCHS}, config=config, seed={s.seed})\n"
            "sweep.best_rate, sweep.final_losses\n"
            "sweep.figure()\n"
        )

    def _trainer(self) -> Trainer:
        chosen = self.settings.learning_rate
        if self.sweep is not None:
            chosen = float(f"{RATES[self.sweep.chosen]:.4g}")
        return Run(self.settings.changed(learning_rate=chosen)).trainer
