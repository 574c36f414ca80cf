"""When a run pauses by itself: at an epoch, at a validation loss, or when it gets no better."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from nbtutor.engine import Trainer
from nbtutor.engine.training import STOPPED_EARLY
from nbtutor.widgets.settings import RunSettings

GO_ON = "Press Play to go on."


class Stopper:
    """Trains a run until a limit, or until a condition of its settings is met.

    A condition is met once: whoever goes on after it is not held up by it again. The loss counts
    anew when another one is asked for.
    """

    def __init__(self) -> None:
        self._loss_met = 0.0

    def __call__(
        self,
        trainer: Trainer,
        settings: RunSettings,
        *,
        epochs: int | None = None,
        updates: int | None = None,
        seconds: float | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> str:
        """Train; the limits are those of `Trainer.run`.

        Returns
        -------
        str
            Which condition was met, as sentences; empty for none.
        """
        if stopped_early(trainer):
            trainer.resume()
        begun = trainer.epoch
        if begun < settings.stop_epoch:
            until = settings.stop_epoch - begun
            epochs = until if epochs is None else min(epochs, until)
        wanted, loss = settings.stop_loss, None
        if wanted in (0, self._loss_met):
            trainer.run(epochs=epochs, updates=updates, seconds=seconds, clock=clock)
        else:
            loss = _run_until_loss(trainer, wanted, clock, epochs, updates, seconds)
        if loss is not None:
            self._loss_met = wanted
            return (
                f"Stopped at epoch {trainer.epoch:,}: the validation loss is {loss:.4g}, and was "
                f"to reach {wanted:g}. {GO_ON}"
            )
        if begun < settings.stop_epoch <= trainer.epoch:
            return f"Stopped at epoch {trainer.epoch:,}, as asked. {GO_ON}"
        return describe_early_stop(trainer)


def _run_until_loss(
    trainer: Trainer,
    wanted: float,
    clock: Callable[[], float],
    epochs: int | None,
    updates: int | None,
    seconds: float | None,
) -> float | None:
    """Train epoch by epoch; return the validation loss that is low enough, or None."""
    deadline = math.inf if seconds is None else clock() + seconds
    last_epoch = math.inf if epochs is None else trainer.epoch + epochs
    last_update = math.inf if updates is None else trainer.updates + updates
    while trainer.epoch < last_epoch and trainer.updates < last_update and not trainer.finished:
        begun = trainer.epoch
        trainer.run(
            epochs=1,
            updates=None if updates is None else int(last_update) - trainer.updates,
            seconds=None if seconds is None else max(deadline - clock(), 0.0),
            clock=clock,
        )
        loss = trainer.history.last()["validation_loss"]
        if trainer.epoch > begun and loss <= wanted:
            return loss
        if seconds is not None and clock() >= deadline:
            break
    return None


def stopped_early(trainer: Trainer) -> bool:
    """Whether a run of one network has stopped early, and has its best weights back."""
    return bool(trainer.status[0] == STOPPED_EARLY)


def describe_early_stop(trainer: Trainer) -> str:
    """Say when and why a run stopped early; empty if it did not."""
    if trainer.best is None or not stopped_early(trainer):
        return ""
    best, patience = int(trainer.best.epoch[0]), trainer.config.patience
    epochs = "epoch" if patience == 1 else f"{patience:,} epochs"
    return (
        f"Stopped early at epoch {trainer.epoch:,}: no lower validation loss for {epochs}. "
        f"The weights of epoch {best:,}, the best, are back. {GO_ON}"
    )
