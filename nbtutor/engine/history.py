"""What a run leaves behind: one entry an epoch, and the changes made on the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbtutor.engine.validation import check_integer

Array = np.ndarray

COLUMNS = ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy")
_FIRST_CAPACITY = 256


@dataclass(frozen=True)
class Event:
    """A setting that was changed in mid-run, or what ended the run.

    Attributes
    ----------
    epoch : float
        When, in epochs; 12.4 is four tenths into the thirteenth.
    update : int
        When, in updates.
    label : str
        What, in words: ``"learning rate 0.03 → 0.1"``.
    setting : str
        The setting that was changed; empty for what was no change of a setting.
    before : str
        The setting's value before, as it stands in the label.
    """

    epoch: float
    update: int
    label: str
    setting: str = ""
    before: str = ""


class History:
    """Losses and accuracies of a fleet, one entry an epoch, the first before any training.

    Losses are in nats, without penalties and without dropout. Where there is no validation set,
    its columns are NaN.

    Parameters
    ----------
    replicas : int

    Attributes
    ----------
    events : list of Event
    """

    def __init__(self, replicas: int) -> None:
        self.events: list[Event] = []
        self._length = 0
        self._epochs: Array = np.zeros(_FIRST_CAPACITY, np.int64)
        self._values: Array = np.empty((len(COLUMNS), _FIRST_CAPACITY, replicas))

    def __len__(self) -> int:
        return self._length

    def note_change(self, epoch: float, update: int, setting: str, before: str, after: str) -> None:
        """Note that a setting was changed.

        Changes of one setting between two updates are one event: a slider that is dragged while
        the run is paused passes many values, and only the last one trains.
        """
        newest = self.events[-1] if self.events else None
        if newest and newest.setting == setting and newest.update == update:
            self.events.pop()
            before = newest.before
        if before != after:
            words = setting.upper() if setting in ("l1", "l2") else setting.replace("_", " ")
            label = f"{words} {before} → {after}"
            self.events.append(Event(epoch, update, label, setting, before))

    def append(self, epoch: int, **columns: Array) -> None:
        """Add the entry of one epoch; a column that is not given is NaN."""
        if self._length == len(self._epochs):
            # Doubling makes the cost of an entry constant on average.
            self._epochs = np.concatenate([self._epochs, np.zeros_like(self._epochs)])
            self._values = np.concatenate([self._values, np.empty_like(self._values)], axis=1)
        self._epochs[self._length] = epoch
        for column, name in enumerate(COLUMNS):
            self._values[column, self._length] = columns.get(name, np.nan)
        self._length += 1

    def last(self) -> dict[str, float]:
        """Return the newest entry of the first replica, by column."""
        newest = self._values[:, self._length - 1, 0]
        return dict(zip(COLUMNS, newest.tolist(), strict=True))

    def rows(self, start: int = 0) -> Array:
        """Return the first replica's losses from entry `start` on.

        Returns
        -------
        ndarray of shape (entries, 3), float32
            Epoch, training loss, validation loss.
        """
        part = slice(start, self._length)
        return np.column_stack([self._epochs[part], self._values[:2, part, 0].T]).astype(np.float32)

    def replica(self, index: int) -> History:
        """Return one replica's history: the same, with columns of shape (entries,)."""
        check_integer("index", index, low=0, high=self._values.shape[-1] - 1)
        single = _SingleHistory(1)
        single.events = self.events
        single._length = self._length
        single._epochs = self._epochs
        single._values = self._values[:, :, index : index + 1]
        return single

    @property
    def epoch(self) -> Array:
        """Epochs done at each entry, shape (entries,)."""
        return self._epochs[: self._length].copy()

    @property
    def train_loss(self) -> Array:
        """Mean loss on the training points, shape (entries, replicas)."""
        return self._column("train_loss")

    @property
    def validation_loss(self) -> Array:
        """Mean loss on the validation points, shape (entries, replicas)."""
        return self._column("validation_loss")

    @property
    def train_accuracy(self) -> Array:
        """Share of training points that are right, shape (entries, replicas)."""
        return self._column("train_accuracy")

    @property
    def validation_accuracy(self) -> Array:
        """Share of validation points that are right, shape (entries, replicas)."""
        return self._column("validation_accuracy")

    def _column(self, name: str) -> Array:
        return self._values[COLUMNS.index(name), : self._length].copy()


class _SingleHistory(History):
    def _column(self, name: str) -> Array:
        return super()._column(name)[:, 0]
