"""Training: mini-batch gradient descent over a fleet, its history, and the way back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from itertools import takewhile
from typing import Any

import numpy as np

from nbtutor.engine.batches import Plan, Points
from nbtutor.engine.changes import find_changes
from nbtutor.engine.checkpoints import Checkpoint, KeepPoints
from nbtutor.engine.config import TrainingConfig
from nbtutor.engine.datasets import Dataset
from nbtutor.engine.early_stopping import Best
from nbtutor.engine.history import COLUMNS, Event, History
from nbtutor.engine.network import Evaluation, Network
from nbtutor.engine.optimizers import OPTIMIZERS, Optimizer
from nbtutor.engine.places import Place
from nbtutor.engine.statistics import Statistics
from nbtutor.engine.update import Update, Work
from nbtutor.engine.validation import ParameterError, check_integer, check_number, check_type

Array = np.ndarray

MAX_KEPT = 10_000
MAX_COUNT = 1_000_000_000

MAX_PARAMETER = 1000
"""The largest size of a weight or a bias that is set by hand."""

RUNNING, DIVERGED, STOPPED_EARLY = range(3)
"""What a replica is doing, in `Trainer.status`."""


@dataclass(frozen=True)
class Divergence:
    """The update that took a network out of the finite numbers.

    Attributes
    ----------
    replica : int
    update : int
        The update that would have overflowed; the weights are those before it.
    epoch : int
        The epoch that it belongs to, from 1.
    """

    replica: int
    update: int
    epoch: int


class Trainer:
    """Trains a network and keeps the run's history.

    Parameters
    ----------
    network : Network
        Is changed in place.
    train : Dataset
    validation : Dataset, optional
        Is measured at each epoch, never trained on.
    config : TrainingConfig, optional
        May be replaced at any time; the next call of `run` uses it.
    seed : int, default 0
        Of batches, augmentation and dropout. Replicas share all three, so a fleet of R gives the
        runs of R single networks.
    keep : int, default 0
        At how many epochs, at most, the state is kept to `rewind` to. They are spread evenly.
    detail : {"losses", "epochs", "updates"}, default "losses"
        What is written into the history; see `nbtutor.engine.history.DETAILS`.

    Attributes
    ----------
    history : History
    epoch : int
        Epochs completed.
    updates : int
        Updates done.
    status : ndarray of int of shape (replicas,)
        `RUNNING`, `DIVERGED` or `STOPPED_EARLY`. Replicas that do not run stay as they are until
        a setting changes.
    changed_at : int
        Updates done when a setting was changed last; -1 if none was.
    best : Best or None
        The best weights by validation loss so far, if `config.patience` is set.
    divergences : list of Divergence
        One for each time that a replica's weights or training loss would have left the finite
        numbers. Such a replica is put back to its last finite weights.
    """

    def __init__(
        self,
        network: Network,
        train: Dataset,
        validation: Dataset | None = None,
        config: TrainingConfig | None = None,
        seed: int = 0,
        *,
        keep: int = 0,
        detail: str = "losses",
    ) -> None:
        check_type("network", network, Network)
        check_type("train", train, Dataset)
        if validation is not None:
            check_type("validation", validation, Dataset)
        self.network = network
        self.train, self.validation = train, validation
        self.seed = check_integer("seed", seed, low=0, high=2**63 - 1)
        self.history = History(network.replicas, len(network.weights), detail)
        self.divergences: list[Divergence] = []
        self.epoch = 0
        self.updates = 0
        self.set_status(np.full(network.replicas, RUNNING))
        self.changed_at = -1
        self.best: Best | None = None
        self.keep_points = KeepPoints(check_integer("keep", keep, low=0, high=MAX_KEPT))
        self._cursor = 0
        self._train = Points(network, train)
        self._validation = Points(network, validation) if validation is not None else None
        self._plan = Plan(network, self._train, self.seed)
        self._statistics: Statistics | None = None
        if detail != "losses":
            self._statistics = Statistics(network.parameters)
        config = TrainingConfig() if config is None else config
        check_type("config", config, TrainingConfig)
        self._optimizer: Optimizer = OPTIMIZERS[config.optimizer](network.parameters.flat)
        self.config = config
        with np.errstate(all="ignore"):  # a start beyond the numbers is told by the first update
            self._record(self._train.evaluate())
        self._keep()

    @property
    def config(self) -> TrainingConfig:
        """The settings; the next call of `run` reads them."""
        return self._config

    @config.setter
    def config(self, config: TrainingConfig) -> None:
        check_type("config", config, TrainingConfig)
        config.check_replicas(self.network.replicas, len(self.network.sizes) - 2)
        self._check_fit(config)
        if self._optimizer.name != config.optimizer:
            self._optimizer = OPTIMIZERS[config.optimizer](self.network.parameters.flat)
        self._config = config
        self._update = Update(self.network, self._plan, self._optimizer, config, self._statistics)
        if not config.patience:
            self.best = None
        elif self.best is None:
            self.best = Best(self.network.parameters.flat, self.epoch)

    def _check_fit(self, config: TrainingConfig) -> None:
        """Check what depends on the data and the network."""
        if config.patience and self.validation is None:
            hint = "Early stopping watches the validation loss: give the trainer a validation set."
            raise ParameterError("patience", config.patience, "0 without one", hint)
        if config.label_smoothing and self.network.output == "linear":
            hint = "A linear output gives values, which have no classes to spread certainty over."
            allowed = "0 for a linear output"
            raise ParameterError("label_smoothing", config.label_smoothing, allowed, hint)
        changes = config.augmentation
        if changes is not None and (changes.rotation or changes.mirror):
            columns = self.train.X.shape[-1]
            if columns != 2:
                allowed = f"jitter only, for points with {columns} coordinates"
                raise ParameterError("augmentation", changes, allowed)

    @property
    def finished(self) -> bool:
        """Whether every replica has diverged or stopped early, so that nothing is left to train."""
        return self._finished

    @property
    def diverged(self) -> bool:
        """Whether every replica has diverged."""
        return bool((self.status == DIVERGED).all())

    @property
    def progress(self) -> float:
        """Epochs done, counting the part of the present one."""
        return float(self.epoch + self._cursor / self._train.n)

    @property
    def kept(self) -> tuple[int, ...]:
        """The epochs to which the run can go back."""
        return self.keep_points.epochs

    def change(self, **settings: Any) -> None:
        """Change settings, and note it in the history's events if the run has begun.

        After a change, replicas that have diverged or stopped early train again, from where they
        stand, and patience counts from here.

        Parameters
        ----------
        **settings
            Fields of `TrainingConfig`, and ``activation``. All are checked before any is used.

        Raises
        ------
        ParameterError
            If a value is not allowed; nothing is changed then.
        TypeError
            If a name is unknown.
        """
        known = [field.name for field in fields(TrainingConfig)]
        for name in settings:
            if name not in (*known, "activation"):
                msg = f"unknown setting {name!r}; known are {', '.join(known)} and activation"
                raise TypeError(msg)
        before = {**vars(self.config), "activation": self.network.activation}
        config = replace(self.config, **{n: v for n, v in settings.items() if n in known})
        self.network.activation = settings.get("activation", self.network.activation)
        try:
            self.config = config
        except ParameterError:
            self.network.activation = before["activation"]
            raise
        after = {**vars(config), "activation": self.network.activation}
        if before != after:
            self._start_all()
            self.changed_at = self.updates
        layers = len(self.network.sizes) - 2
        for name in settings if self.updates else ():
            for change in find_changes(name, before[name], after[name], layers):
                self.history.note_change(
                    self.progress, self.updates, change.setting, change.before, change.after
                )

    def resume(self) -> None:
        """Let replicas that have stopped early train again, from their best weights.

        Patience counts from here, and the best validation loss stays what it was. Replicas that
        have diverged stay as they are until a setting changes.
        """
        stopped = self.status == STOPPED_EARLY
        self.set_status(np.where(stopped, RUNNING, self.status))
        if self.best is not None:
            self.best.epoch[stopped] = self.epoch

    def change_data(
        self, train: Dataset, validation: Dataset | None = None, *, go_on: bool = False
    ) -> None:
        """Train on other points from here on, and note it in the history's events.

        An epoch that has begun is broken off, and the next begins with the new points. The newest
        entry of the history is measured again, on them. The network stays, so the points must be
        for its inputs and outputs.

        Parameters
        ----------
        train : Dataset
        validation : Dataset, optional
        go_on : bool, default False
            Whether this belongs to the change of data before it, as one event: points that are
            drawn come one by one.

        Raises
        ------
        ParameterError
            If the network cannot take them; nothing is changed then.
        """
        check_type("train", train, Dataset)
        if validation is not None:
            check_type("validation", validation, Dataset)
        points = Points(self.network, train)
        held_out = Points(self.network, validation) if validation is not None else None
        before, when = _count(self.train, self.validation), (self.progress, self.updates)
        self.train, self.validation = train, validation
        self._train, self._validation = points, held_out
        self._plan = Plan(self.network, points, self.seed)
        self._cursor = 0
        self.config = self.config  # the updates work on the new plan
        self._start_all()
        self.changed_at = self.updates
        if self._statistics is not None:
            self._statistics.begin_epoch()
        # A thinned history may not have this epoch, and then there is nothing to drop.
        self.history.truncate(self.epoch - 1, self.updates)
        with np.errstate(all="ignore"):
            self._record(self._train.evaluate())
        if self.updates:
            after = _count(train, validation)
            self.history.note_points(*when, before, after, go_on=go_on)

    def set_parameter(self, place: Place, value: float, *, continued: bool = False) -> None:
        """Set a weight or a bias of the first replica by hand.

        The optimizer's memory stays as it is, and the history's events have a note of it. At the
        end of an epoch, the epoch's entry and what is kept of it are those of the network as it is
        now; in mid-epoch, nothing that was measured or kept before is touched. Replicas that have
        diverged or stopped early train again.

        Parameters
        ----------
        place : Place
        value : float
            From -1000 to 1000.
        continued : bool, default False
            Whether the newest event is of the same hand, so that it is to be replaced: a slider
            that is dragged.

        Raises
        ------
        ParameterError
            If there is no such weight or bias, the value is not allowed, or the network's loss
            would be no finite number; nothing is changed then.
        """
        layer, row, unit = place.find(self.network)
        number = check_number("value", value, low=-MAX_PARAMETER, high=MAX_PARAMETER)
        block = self.network.parameters.layers[layer]
        before = float(block[0, row, unit])
        block[0, row, unit] = number
        with np.errstate(all="ignore"):  # overflow is refused
            measured = self._measure()
        if not np.isfinite(measured["train_loss"][0]):
            block[0, row, unit] = before
            hint = "With this one, the numbers in the network grow too large to compute with."
            raise ParameterError("value", value, "one that gives a finite loss", hint)
        self._start_all()
        self.changed_at = self.updates
        old, new = (f"{v:.3g}".replace("-", "\N{MINUS SIGN}") for v in (before, number))
        name = place.name(self.network)
        self.history.note_change(self.progress, self.updates, name, old, new, continued)
        if self._cursor == 0:
            self.history.amend(**measured)
            if self.epoch in self.kept:
                self.keep_points.keep(self.checkpoint())

    def measured(self) -> dict[str, float]:
        """Return the first replica's newest losses and accuracies, by column of the history.

        They are those of the last entry; but if a parameter was set by hand in mid-epoch since
        then, they are measured anew.
        """
        since = self.history.update[-1]
        newest = reversed(self.history.events)
        if not any(e.by_hand for e in takewhile(lambda event: event.update > since, newest)):
            return self.history.last()
        with np.errstate(all="ignore"):
            now = self._measure()
        return {name: float(now[name][0]) if name in now else np.nan for name in COLUMNS}

    def run(
        self,
        *,
        epochs: int | None = None,
        updates: int | None = None,
        seconds: float | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> int:
        """Train until the first of the given limits is reached, or nothing is left to train.

        Parameters
        ----------
        epochs : int, optional
            Stop when so many further epochs are complete.
        updates : int, optional
            Stop after so many updates.
        seconds : float, optional
            Stop at the first update that ends later than this.
        clock : callable
            Where the time comes from.

        Returns
        -------
        int
            Updates done.

        Raises
        ------
        ParameterError
            If no limit is given, or one is not allowed.
        """
        if epochs is None and updates is None and seconds is None:
            raise ParameterError("epochs", None, "given, or updates, or seconds")
        last_epoch = np.inf if epochs is None else self.epoch + _check_count("epochs", epochs)
        last_update = np.inf if updates is None else self.updates + _check_count("updates", updates)
        deadline = np.inf
        if seconds is not None:
            deadline = clock() + check_number("seconds", seconds, low=0)
        start = self.updates
        with np.errstate(all="ignore"):  # overflow is found, and told, by _settle
            checkpoint = self.checkpoint()
            running = self._running()
            while self.epoch < last_epoch and self.updates < last_update and not self._finished:
                self._advance(running)
                if self._cursor == self._train.n:
                    measured = self._train.evaluate()
                    if not self._settle(checkpoint, measured.loss):
                        measured = self._train.evaluate()
                    if self.finished:
                        break
                    self._end_epoch(measured)
                    checkpoint = self.checkpoint()
                    running = self._running()
                if seconds is not None and clock() >= deadline:
                    break
            if self._cursor and self.updates > start:
                self._settle(checkpoint, self._train.evaluate().loss)
        return self.updates - start

    def next_work(self) -> tuple[Array, Work]:
        """Return what the next update will work on; nothing is trained.

        Returns
        -------
        points : ndarray of int of shape (n,)
            The batch, as places in `train`.
        work : Work
            The same points as the network takes them, and the masks of dropout.
        """
        work = self._update.prepare(self.epoch, self._cursor)
        return self._plan.order[self._cursor : work.stop], work

    def checkpoint(self) -> Checkpoint:
        """Return a copy of everything that the next update depends on but settings and data."""
        return Checkpoint(
            parameters=self.network.parameters.flat.copy(),
            optimizer=self._optimizer.name,
            optimizer_state=self._optimizer.state.copy(),
            optimizer_time=self._optimizer.time,
            epoch=self.epoch,
            cursor=self._cursor,
            updates=self.updates,
            status=self.status.copy(),
            statistics=self._statistics.totals.copy() if self._statistics else np.zeros((0, 0)),
            best=None if self.best is None else self.best.copy(),
        )

    def restore(self, point: Checkpoint) -> None:
        """Go back, or forth, to a checkpoint; the history is left alone.

        An optimizer of another kind than the one that the checkpoint was made with starts anew.
        """
        self.network.parameters.flat[:] = point.parameters
        same = self._optimizer.name == point.optimizer
        self._optimizer.state[...] = point.optimizer_state if same else 0
        self._optimizer.time = point.optimizer_time if same else 0
        self.epoch, self._cursor, self.updates = point.epoch, point.cursor, point.updates
        self.set_status(point.status)
        if self._statistics is not None:
            self._statistics.totals[...] = point.statistics
        if self.config.patience:
            new = Best(self.network.parameters.flat, self.epoch)
            self.best = new if point.best is None else point.best.copy()

    def set_status(self, status: Array) -> None:
        """Say what every replica is doing, shape (replicas,)."""
        self.status: Array = status.copy()
        self._finished = bool((status != RUNNING).all())

    def rewind(self, epoch: int) -> None:
        """Go back to the end of a kept epoch; what came after is forgotten. Settings stay.

        Trained on with the same settings, the run takes the same course again: replicas that had
        stopped by then stay so. If a setting has been changed since, all of them train.

        Parameters
        ----------
        epoch : int
            One of `kept`.

        Raises
        ------
        ParameterError
            If this epoch was not kept.
        """
        check_integer("epoch", epoch, low=0, high=MAX_COUNT)
        if epoch not in self.kept:
            shown = ", ".join(map(str, self.kept)) or "none: make the trainer with keep=100"
            raise ParameterError("epoch", epoch, f"one that is kept ({shown})")
        self.restore(self.keep_points[epoch])
        self.keep_points.forget_after(epoch)
        self.history.truncate(self.epoch, self.updates)
        self.divergences = [d for d in self.divergences if d.update <= self.updates]
        if self.changed_at >= self.updates:
            self._start_all()
            self.changed_at = self.updates

    def fork(self, epoch: int | None = None, **settings: Any) -> Trainer:
        """Return another run that goes on from here with the same batches.

        Parameters
        ----------
        epoch : int, optional
            Go on from this kept epoch instead.
        **settings
            Changes for the other run; see `change`.

        Returns
        -------
        Trainer
            With a network and a history of its own; this run is left alone.
        """
        other = Trainer(
            self.network.copy(),
            self.train,
            self.validation,
            self.config,
            self.seed,
            keep=self.keep_points.limit,
            detail=self.history.detail,
        )
        other.restore(self.checkpoint())
        other.history = self.history.copy()
        other.divergences = list(self.divergences)
        other.changed_at = self.changed_at
        other.keep_points = self.keep_points.copy()
        if epoch is not None:
            other.rewind(epoch)
        if settings:
            other.change(**settings)
        return other

    def _advance(self, running: Array | None) -> None:
        self._cursor = self._update(self.epoch, self._cursor, running)
        self.updates += 1
        if self._statistics is not None:
            self.history.append_update(
                epoch=self.progress,
                update=self.updates,
                learning_rate=self._update.rate.reshape(-1),
                **self._statistics.of_update(),
            )

    def _end_epoch(self, measured: Evaluation) -> None:
        self._cursor = 0
        self.epoch += 1
        validation_loss = self._record(measured)
        if self.best is not None and validation_loss is not None:
            self._stop_early(self.best, validation_loss)
        self._keep()

    def _keep(self) -> None:
        if self.keep_points.wants(self.epoch):
            self.keep_points.keep(self.checkpoint())

    def _record(self, measured: Evaluation) -> Array | None:
        """Write the present state into the history; return the validation loss."""
        columns: dict[str, Array | float] = {
            "update": self.updates,
            "learning_rate": self._update.rate.reshape(-1),
        }
        if self._statistics is not None:
            columns |= self._statistics.of_epoch()
            columns["dead_units"] = self.network.count_dead(self._train.inputs)
            self._statistics.begin_epoch()
        measures = self._measure(measured)
        self.history.append(self.epoch, **columns, **measures)
        return measures.get("validation_loss")

    def _measure(self, measured: Evaluation | None = None) -> dict[str, Array]:
        """Return losses and accuracies of the present state; `measured` is on the training set."""
        measured = self._train.evaluate() if measured is None else measured
        flat, penalty = self.network.parameters.flat, self._update.penalty
        columns = {
            "train_loss": measured.loss,
            "train_accuracy": measured.accuracy,
            "train_objective": measured.loss + (0 if penalty is None else penalty.value(flat)),
        }
        if self._validation is not None:
            held_out = self._validation.evaluate()
            columns["validation_loss"] = held_out.loss
            columns["validation_accuracy"] = held_out.accuracy
        return columns

    def _stop_early(self, best: Best, validation_loss: Array) -> None:
        """Stop the replicas that have waited too long, and give them their best weights."""
        flat = self.network.parameters.flat
        best.note(self.epoch, validation_loss, flat)
        waited = self.epoch - best.epoch >= self.config.patience
        for replica in np.flatnonzero(waited & (self.status == RUNNING)):
            flat[replica] = best.parameters[replica]
            self._stop(int(replica), STOPPED_EARLY)
            label = f"stopped early: best at epoch {best.epoch[replica]:,}"
            self.history.events.append(Event(self.progress, self.updates, label))

    def _settle(self, checkpoint: Checkpoint, loss: Array) -> bool:
        """Find the replicas that left the finite numbers since `checkpoint`, and stop them.

        Looking at every update would slow all runs for the sake of the few that diverge. So only
        the end is looked at, and if it is bad the updates are done again, one by one, up to the
        first bad one: they are the same updates, because batches and dropout belong to the epoch.

        Returns
        -------
        bool
            Whether all was well from the start.
        """
        if (self._finite_weights() & np.isfinite(loss) & self._optimizer.finite()).all():
            return True
        last = self.updates
        self.restore(checkpoint)
        self.history.truncate(self.epoch, self.updates)
        while self.updates < last and not self.finished:
            before = self.checkpoint()
            self._advance(self._running())
            weights = self._finite_weights() & np.isfinite(self._train.evaluate().loss)
            finite = weights & self._optimizer.finite()
            for replica in np.flatnonzero(~finite & (self.status == RUNNING)):
                self.network.parameters.flat[replica] = before.parameters[replica]
                self._stop(int(replica), DIVERGED)
                found = Divergence(int(replica), self.updates, self.epoch + 1)
                self.divergences.append(found)
                what = "squared gradients" if weights[replica] else "weights"
                label = f"stopped: the {what} overflowed at update {self.updates:,}"
                self.history.events.append(Event(self.progress, self.updates, label))
        if self.finished:
            # The update that failed did not happen.
            self.updates, self._cursor = before.updates, before.cursor
            self.history.truncate_updates(self.updates)
            if self._statistics is not None:
                self._statistics.totals[...] = before.statistics
        return False

    def _stop(self, replica: int, status: int) -> None:
        status_now = self.status.copy()
        status_now[replica] = status
        self.set_status(status_now)
        self._optimizer.reset(replica)

    def _start_all(self) -> None:
        self.set_status(np.full_like(self.status, RUNNING))
        if self.config.patience:
            self.best = Best(self.network.parameters.flat, self.epoch)

    def _running(self) -> Array | None:
        """Which replicas take part in an update; None for all."""
        running = self.status == RUNNING
        return None if running.all() else running

    def _finite_weights(self) -> Array:
        """Whether all weights of each replica are finite, shape (replicas,)."""
        finite: Array = np.isfinite(self.network.parameters.flat.sum(axis=1))
        return finite


def _check_count(name: str, value: Any) -> int:
    return check_integer(name, value, low=0, high=MAX_COUNT)


def _count(train: Dataset, validation: Dataset | None) -> int:
    return len(train) + (0 if validation is None else len(validation))
