"""A sweep of learning rates for the settings of a run, in portions between the pictures.

All rates train at once, as one fleet. A portion is small and is made when the page asks for it, as
in the live loop, so neither the pictures nor a slider wait for the sweep.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from nbtutor.engine.validation import check_integer
from nbtutor.experiments import LearningRateSweep, begin_sweep, sweep_so_far
from nbtutor.widgets.live import Run
from nbtutor.widgets.settings import RunSettings

RATES = (
    *(1e-4, 2e-4, 3e-4, 5e-4, 1e-3, 2e-3, 3e-3, 5e-3, 0.01, 0.02, 0.03, 0.05),
    *(0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0),
)
"""Round numbers, those of the slider among them; the present rate is added to them."""

EPOCHS = 50

PORTION = 0.006
"""Seconds of training at most for one request of the page."""


class RateSweep:
    """A sweep of learning rates that is under way, or done.

    Every rate starts from the same first weights as the run, and sees the same batches.

    Parameters
    ----------
    settings : RunSettings
        All but the learning rate is kept.
    rates : sequence of float, optional
        `RATES` and the rate of the settings if they are not given.
    epochs : int, default 50

    Attributes
    ----------
    state : {"running", "stopped", "done"}
    portions : int
        How many portions were trained.

    Raises
    ------
    ParameterError
        If a rate or the number of epochs is not allowed.
    """

    def __init__(
        self,
        settings: RunSettings,
        rates: Sequence[float] | None = None,
        epochs: int = EPOCHS,
    ) -> None:
        if rates is None:
            present = (settings.learning_rate,) if settings.learning_rate > 0 else ()
            rates = sorted({*RATES, *present})
        self.settings = settings
        self.rates = rates
        self.epochs = check_integer("epochs", epochs, low=1, high=100_000)
        self.state: Literal["running", "stopped", "done"] = "running"
        self.portions = 0
        run = Run(settings)
        self._trainer = begin_sweep(
            *(run.network, run.train, run.validation),
            rates=rates,
            config=replace(settings.training, patience=0),  # all rates go to the end
            seed=settings.seed,
        )

    def advance(self, seconds: float, clock: Callable[[], float] = time.perf_counter) -> None:
        """Train a portion, unless the sweep is stopped or done.

        Parameters
        ----------
        seconds : float
            Stop at the first update that ends later than this.
        clock : callable
            Where the time comes from.
        """
        if self.state != "running":
            return
        self.portions += 1
        trainer = self._trainer
        trainer.run(epochs=self.epochs - trainer.epoch, seconds=seconds, clock=clock)
        if trainer.finished or trainer.epoch >= self.epochs:
            self.state = "done"

    def stop(self) -> None:
        """Train no further."""
        if self.state == "running":
            self.state = "stopped"

    @property
    def done(self) -> int:
        """Epochs that all rates have trained."""
        return self.epochs if self.state == "done" else self._trainer.epoch

    def result(self) -> LearningRateSweep:
        """Return what became of the rates, once the sweep is done."""
        return sweep_so_far(self._trainer, np.asarray(self.rates, dtype=float), self.epochs)

    def fits(self, settings: RunSettings) -> bool:
        """Whether these settings are the sweep's, but for the learning rate."""
        return replace(settings, learning_rate=self.settings.learning_rate) == self.settings

    def describe(self, present: RunSettings) -> dict[str, Any]:
        """Return the state for the page, as JSON can hold it.

        Parameters
        ----------
        present : RunSettings
            Of the run that is shown.

        Returns
        -------
        dict
            state, portions, done, total; start (the loss before training); present (the rate in
            use), fits (whether all else is as in the sweep); and of every rate, in lists: rates,
            losses (training loss now, null where it diverged) and outcomes (words of
            `nbtutor.experiments.lr_sweep.OUTCOMES`, or [] before it is done).
        """
        losses = self._trainer.history.train_loss
        last = losses[-1].astype(float)
        last[[divergence.replica for divergence in self._trainer.divergences]] = np.nan
        return {
            "state": self.state,
            "portions": self.portions,
            "done": self.done,
            "total": self.epochs,
            "start": float(losses[0, 0]),
            "present": present.learning_rate,
            "fits": self.fits(present),
            "rates": [float(rate) for rate in self.rates],
            "losses": [float(loss) if np.isfinite(loss) else None for loss in last],
            "outcomes": list(self.result().outcomes) if self.state == "done" else [],
        }
