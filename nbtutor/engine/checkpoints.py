"""States of a run to which it can go back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbtutor.engine.early_stopping import Best

Array = np.ndarray


@dataclass(frozen=True)
class Checkpoint:
    """Everything that the next update depends on, apart from settings and data.

    Attributes
    ----------
    parameters : ndarray of shape (replicas, parameters)
    optimizer : str
        The optimizer that `optimizer_state` belongs to, by name.
    optimizer_state : ndarray of shape (slots, replicas, parameters)
    optimizer_time, epoch, cursor, updates : int
        The optimizer's updates, whole epochs, points done of the next epoch, and updates.
    status : ndarray of int of shape (replicas,)
        See `Trainer.status`.
    statistics : ndarray of shape (replicas, sums)
        See `Statistics.totals`; empty where none are kept.
    best : Best or None
        See `Trainer.best`.
    """

    parameters: Array
    optimizer: str
    optimizer_state: Array
    optimizer_time: int
    epoch: int
    cursor: int
    updates: int
    status: Array
    statistics: Array
    best: Best | None


class KeepPoints:
    """Checkpoints at the end of epochs, evenly spread over the run, the first one among them.

    When there would be too many, every other one is dropped and from then on only half as many are
    kept: so a run of any length fits, and its beginning is never lost.

    Parameters
    ----------
    limit : int
        How many may be kept; 0 is none.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.stride = 1
        self._points: dict[int, Checkpoint] = {}

    @property
    def epochs(self) -> tuple[int, ...]:
        """The epochs that are kept."""
        return tuple(self._points)

    def __getitem__(self, epoch: int) -> Checkpoint:
        return self._points[epoch]

    def wants(self, epoch: int) -> bool:
        """Whether the end of `epoch` is to be kept."""
        return self.limit > 0 and epoch % self.stride == 0

    def keep(self, point: Checkpoint) -> None:
        """Keep a checkpoint."""
        self._points[point.epoch] = point
        while len(self._points) > self.limit:
            self.stride *= 2
            self._points = {e: p for e, p in self._points.items() if e % self.stride == 0}

    def forget_after(self, epoch: int) -> None:
        """Drop what lies behind `epoch`."""
        self._points = {e: p for e, p in self._points.items() if e <= epoch}

    def copy(self) -> KeepPoints:
        """Return another collection of the same checkpoints, which are never changed."""
        copy = KeepPoints(self.limit)
        copy.stride = self.stride
        copy._points = dict(self._points)
        return copy
