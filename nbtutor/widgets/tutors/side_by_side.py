"""Runs that are trained in portions, several at once, so that their curves grow together."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

import numpy as np

from nbtutor.engine import Trainer

Array = np.ndarray


def train_side_by_side(trainers: Collection[Trainer], epochs: int, seconds: float) -> None:
    """Train those that are furthest behind, for about so long.

    Parameters
    ----------
    trainers : collection of Trainer
    epochs : int
        Where they end.
    seconds : float
    """
    end = time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0:
        waiting = [trainer for trainer in trainers if epoch_of(trainer, epochs) < epochs]
        if not waiting:
            return
        min(waiting, key=lambda trainer: trainer.progress).run(epochs=1, seconds=left)


def epoch_of(trainer: Trainer, epochs: int) -> int:
    """Return the epochs that are done, of so many; all where nothing is left to train."""
    return epochs if trainer.finished else trainer.epoch


def epochs_done(trainers: Collection[Trainer], epochs: int) -> int:
    """Return the epochs that all have done; who has diverged waits at the end."""
    return min(epoch_of(trainer, epochs) for trainer in trainers)


def columns(trainers: Sequence[Trainer], name: str, done: int) -> Array:
    """Return a column of each run's history, shape (done + 1, runs); NaN after a divergence.

    Parameters
    ----------
    trainers : sequence of Trainer
        Of one network each.
    name : str
        Of the column, see `nbtutor.engine.History`.
    done : int
        The last epoch.
    """
    table = np.full((done + 1, len(trainers)), np.nan)
    for number, trainer in enumerate(trainers):
        column = getattr(trainer.history, name)[: done + 1, 0]
        table[: len(column), number] = column
    return table


def say_loss(loss: float) -> str:
    """Return a loss in words; what is no number has diverged."""
    return f"{loss:.3g}" if np.isfinite(loss) else "diverged"
