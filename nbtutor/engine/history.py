"""What a run leaves behind: an entry an epoch, one an update if wanted, and the changes made."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from nbtutor.engine.tables import Table
from nbtutor.engine.validation import ParameterError, check_choice, check_integer

Array = np.ndarray

COLUMNS = ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy")

DETAILS = ("losses", "epochs", "updates")
"""How much is written down: losses and accuracies; statistics of each epoch too; and each update.

Statistics are measured at every update, which makes training slower.
"""


@dataclass(frozen=True, slots=True)
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
        The setting that was changed, of one layer as ``"activation of hidden 2"``; empty for what
        was no change of a setting.
    before : str
        The setting's value before, as it stands in the label.
    """

    epoch: float
    update: int
    label: str
    setting: str = ""
    before: str = ""

    @property
    def by_hand(self) -> bool:
        """Whether a weight or a bias was set by hand; `setting` is then its name."""
        return self.setting.startswith(("w(", "b("))


class History:
    """What was measured of a fleet: one entry an epoch, the first before any training.

    Losses are those of the network's loss function; cross-entropy is in nats. Where there is no
    validation set, its columns are NaN. A very long run is thinned (see `Table`), so read `epoch`
    beside a column rather than count its entries.

    Parameters
    ----------
    replicas : int
    layers : int, default 0
        Layers with weights.
    detail : {"losses", "epochs", "updates"}, default "losses"
        See `DETAILS`.

    Attributes
    ----------
    events : list of Event
    """

    def __init__(self, replicas: int, layers: int = 0, detail: str = "losses") -> None:
        self.replicas = replicas
        self.layers = layers
        self.detail = check_choice("detail", detail, DETAILS)
        self.events: list[Event] = []
        one = (replicas,)
        columns: dict[str, tuple[int, ...]] = {"epoch": (), "update": ()}
        columns |= dict.fromkeys((*COLUMNS, "train_objective", "learning_rate"), one)
        self._updates: Table | None = None
        if self.detail != "losses":
            columns |= {
                "running_loss": one,
                "gradient_norm": (replicas, layers),
                "update_ratio": (replicas, layers),
                "dead_units": (replicas, max(layers - 1, 0)),
            }
        if self.detail == "updates":
            of_update = ("batch_loss", "learning_rate")
            self._updates = Table(
                {"epoch": (), "update": ()}
                | dict.fromkeys(of_update, one)
                | dict.fromkeys(("gradient_norm", "update_ratio"), (replicas, layers)),
                watched="batch_loss",
            )
        self._epochs = Table(columns, watched="train_loss")

    def __len__(self) -> int:
        return len(self._epochs)

    @property
    def thinned(self) -> int:
        """How many times entries have been dropped; after that, entries have other numbers."""
        return self._epochs.thinned

    def note_change(
        self,
        epoch: float,
        update: int,
        setting: str,
        before: str,
        after: str,
        continued: bool = False,
    ) -> None:
        """Note that a setting, a weight or a bias was changed.

        Changes of one setting between two updates are one event: a slider that is dragged while
        the run is paused passes many values, and only the last one trains. So are those that are
        said to be `continued`: the same, while it trains. And so are those of one layer, where only
        other layers' of the same setting lie between.
        """
        kind, layer = _split(setting)
        for place in reversed(range(len(self.events))):
            event = self.events[place]
            if event.setting == setting and (continued or event.update == update):
                before = self.events.pop(place).before
                break
            if not (layer and event.update == update and _split(event.setting) == (kind, True)):
                break
        if before != after:
            words = setting.upper() if setting in ("l1", "l2") else setting.replace("_", " ")
            label = f"{words}{':' if layer else ''} {before} → {after}"
            # A slider goes back and forth between the same values for as long as a run lasts.
            label, setting, before = map(sys.intern, (label, setting, before))
            self.events.append(Event(epoch, update, label, setting, before))

    def note_points(
        self, epoch: float, update: int, before: int, after: int, *, go_on: bool = False
    ) -> None:
        """Note that the run has other points.

        Changes between two updates are one event, and so are those that go on with the newest one
        (`go_on`): points that are drawn come one by one. It stays where it began.

        Parameters
        ----------
        epoch, update
            When.
        before, after : int
            How many points there were, and are.
        """
        first = f"{before:,}"
        newest = self.events[-1] if self.events else None
        if newest and newest.setting == "points" and (newest.update == update or go_on):
            self.events.pop()
            epoch, update, first = newest.epoch, newest.update, newest.before
        # Points that were only moved are as many as before.
        label = "points changed" if first == f"{after:,}" else f"points {first} → {after:,}"
        self.events.append(Event(epoch, update, label, "points", first))

    def append(self, epoch: int, **columns: Array | float) -> None:
        """Add the entry of one epoch; a column that is not given is NaN."""
        self._epochs.append({"epoch": epoch, **columns})

    def amend(self, **columns: Array | float) -> None:
        """Replace what the newest entry says in some columns."""
        for name, value in columns.items():
            self._epochs[name][-1] = value

    def append_update(self, **columns: Array | float) -> None:
        """Add the entry of one update, where such are kept."""
        if self._updates is not None:
            self._updates.append(columns)

    def last(self) -> dict[str, float]:
        """Return the newest losses and accuracies of the first replica, by column."""
        return {name: float(self._of_first(name)[-1]) for name in COLUMNS}

    def rows(self, which: int | Array = 0) -> Array:
        """Return the first replica's course.

        Parameters
        ----------
        which : int or ndarray of int
            The entry from which on, or the entries.

        Returns
        -------
        ndarray of shape (entries, 5), float32
            Epoch, training and validation loss, training and validation accuracy; NaN where there
            is none.
        """
        entries = which if isinstance(which, np.ndarray) else slice(which, None)
        columns = (self._epochs["epoch"], *map(self._of_first, COLUMNS))
        chosen = [column[entries] for column in columns]
        return np.stack(chosen, axis=1, dtype=np.float32, casting="same_kind")

    def replica(self, index: int) -> History:
        """Return one replica's history: the same, with columns of shape (entries,)."""
        check_integer("index", index, low=0, high=self.replicas - 1)
        single = _SingleHistory(1, self.layers, self.detail)
        single.events = self.events
        single._epochs = self._epochs.single(index)
        if self._updates is not None:
            single._updates = self._updates.single(index)
        return single

    def copy(self) -> History:
        """Return another history with the same entries and events."""
        copy = type(self)(self.replicas, self.layers, self.detail)
        copy.events = list(self.events)
        copy._epochs = self._epochs.copy()
        if self._updates is not None:
            copy._updates = self._updates.copy()
        return copy

    def truncate(self, epoch: int, update: int) -> None:
        """Drop what came after `epoch` and after `update`."""
        self._epochs.truncate(int((self._epochs["epoch"] <= epoch).sum()))
        self.truncate_updates(update)
        self.events = [event for event in self.events if event.update <= update]

    def truncate_updates(self, update: int) -> None:
        """Drop the entries of the updates after `update`, where such are kept."""
        if self._updates is not None:
            self._updates.truncate(int((self._updates["update"] <= update).sum()))

    def to_arrays(self) -> dict[str, Array]:
        """Return all entries by name, for storing; those of updates begin with ``"updates/"``."""
        arrays = self._epochs.to_arrays()
        if self._updates is not None:
            updates = self._updates.to_arrays()
            arrays |= {f"updates/{name}": column for name, column in updates.items()}
        return arrays

    def fill(self, arrays: dict[str, Array]) -> None:
        """Replace all entries by what `to_arrays` gave."""
        self._epochs.fill(arrays)
        if self._updates is not None:
            prefix = "updates/"
            self._updates.fill(
                {name[len(prefix) :]: a for name, a in arrays.items() if name.startswith(prefix)}
            )

    @property
    def epoch(self) -> Array:
        """Epochs done at each entry, shape (entries,)."""
        return self._epochs["epoch"].astype(np.int64)

    @property
    def update(self) -> Array:
        """Updates done at each entry, shape (entries,)."""
        return self._epochs["update"].astype(np.int64)

    @property
    def train_loss(self) -> Array:
        """Mean loss on the training points, shape (entries, replicas).

        Measured as for a prediction: without penalties, and nothing is dropped.
        """
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

    @property
    def train_objective(self) -> Array:
        """What is minimised: `train_loss` with the penalties, shape (entries, replicas)."""
        return self._column("train_objective")

    @property
    def learning_rate(self) -> Array:
        """The learning rate of the epoch's last update, shape (entries, replicas)."""
        return self._column("learning_rate")

    @property
    def running_loss(self) -> Array:
        """Mean loss of the epoch's batches as they were trained on, shape (entries, replicas).

        So it is measured with dropout, augmentation and smoothed labels, before each update, while
        the weights still change: what many programs print as the training loss. Needs `detail`.
        """
        return self._detailed("running_loss")

    @property
    def gradient_norm(self) -> Array:
        """Length of the objective's gradient by layer, shape (entries, replicas, layers).

        The root mean square over the epoch's updates. Needs `detail`.
        """
        return self._detailed("gradient_norm")

    @property
    def update_ratio(self) -> Array:
        """Length of an update over length of the weights, shape (entries, replicas, layers).

        By layer, the root mean square over the epoch's updates; about 0.001 is usual. Needs
        `detail`.
        """
        return self._detailed("update_ratio")

    @property
    def dead_units(self) -> Array:
        """Dead hidden units, shape (entries, replicas, hidden layers); see `Network.dead_units`.

        Counted on the training points at the end of the epoch. Needs `detail`.
        """
        return self._detailed("dead_units")

    @property
    def updates(self) -> Table:
        """One entry for each update, by column.

        ``epoch`` (with its fraction) and ``update`` after it, ``batch_loss`` before it,
        ``learning_rate``, ``gradient_norm`` and ``update_ratio``; shapes as for epochs.
        """
        if self._updates is None:
            raise self._not_kept("updates", "updates")
        return self._updates

    def _detailed(self, name: str) -> Array:
        if name not in self._epochs:
            raise self._not_kept(name, "epochs")
        return self._column(name)

    def _of_first(self, name: str) -> Array:
        """Return a view of the first replica's column, shape (entries,)."""
        return self._epochs[name][:, 0]

    def _column(self, name: str) -> Array:
        return self._epochs[name].copy()

    def _not_kept(self, name: str, detail: str) -> ParameterError:
        hint = f"Make the trainer with detail={detail!r} to have {name}."
        return ParameterError("detail", self.detail, repr(detail), hint)


class _SingleHistory(History):
    """One replica's part of a history, for reading."""

    def replica(self, index: int) -> History:
        check_integer("index", index, low=0, high=0)
        return self

    def _of_first(self, name: str) -> Array:
        return self._epochs[name]


def _split(setting: str) -> tuple[str, bool]:
    """Return the setting's name, and whether it is that of one layer."""
    kind, of_layer, _ = setting.partition(" of hidden ")
    return kind, bool(of_layer)
