"""Training: mini-batch gradient descent over a fleet.

An epoch is planned as a whole from the seed and the epoch's number: the order of the points and the
random numbers of dropout. So epoch 40 draws the same batches whether it is reached in one go, after
a rewind, or in a fork with another learning rate.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np

from nbtutor.engine.activations import ACTIVATIONS
from nbtutor.engine.datasets import Dataset
from nbtutor.engine.history import Event, History
from nbtutor.engine.network import Evaluation, Network, Workspace
from nbtutor.engine.optimizers import SGD
from nbtutor.engine.parameters import Penalty
from nbtutor.engine.random import NumberedStream
from nbtutor.engine.validation import (
    ParameterError,
    check_integer,
    check_number,
    check_per_replica,
    check_type,
)

Array = np.ndarray
PerReplica = float | tuple[float, ...]

LIMITS: dict[str, tuple[float, float]] = {
    "learning_rate": (0, 1e6),
    "momentum": (0, 1),
    "dropout": (0, 1),
    "l1": (0, 1e6),
    "l2": (0, 1e6),
}
_BELOW_ONE = ("momentum", "dropout")
MAX_BATCH = 10_000_000


@dataclass(frozen=True)
class TrainingConfig:
    """How to train. Frozen: a slider swaps it whole, so no setting is ever half applied.

    All but `batch_size` may be one number, or a tuple with one for each replica.

    Parameters
    ----------
    learning_rate : float, default 0.03
        0 or more.
    batch_size : int, default 10
        Points an update; more than there are is all of them.
    momentum : float, default 0
        From 0 to below 1.
    dropout : float, default 0
        Share of hidden units that is dropped at each update, from 0 to below 1.
    l1, l2 : float, default 0
        Strength of the penalties; see `Penalty`.

    Raises
    ------
    ParameterError
        If a value is not allowed.
    """

    learning_rate: PerReplica = 0.03
    batch_size: int = 10
    momentum: PerReplica = 0.0
    dropout: PerReplica = 0.0
    l1: PerReplica = 0.0
    l2: PerReplica = 0.0

    def __post_init__(self) -> None:
        check_integer("batch_size", self.batch_size, low=1, high=MAX_BATCH)
        for name, (low, high) in LIMITS.items():
            value = check_per_replica(
                name, getattr(self, name), low=low, high=high, include_high=name not in _BELOW_ONE
            )
            object.__setattr__(self, name, value)


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


@dataclass
class _Checkpoint:
    """Everything that the next update depends on, apart from settings and data."""

    parameters: Array
    optimizer: Array
    epoch: int
    cursor: int
    updates: int


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
        Of batches and dropout. Replicas share both, so a fleet of R gives the runs of R single
        networks.

    Attributes
    ----------
    history : History
    epoch : int
        Epochs completed.
    updates : int
        Updates done.
    divergences : list of Divergence
        One for each time that a replica's weights or training loss would have left the finite
        numbers. Such a replica is put back to its last finite weights and stays there until a
        setting changes.
    """

    def __init__(
        self,
        network: Network,
        train: Dataset,
        validation: Dataset | None = None,
        config: TrainingConfig | None = None,
        seed: int = 0,
    ) -> None:
        check_type("network", network, Network)
        check_type("train", train, Dataset)
        if validation is not None:
            check_type("validation", validation, Dataset)
        self.network = network
        self.config = TrainingConfig() if config is None else config
        self.seed = check_integer("seed", seed, low=0, high=2**63 - 1)
        self.history = History(network.replicas)
        self.divergences: list[Divergence] = []
        self.epoch = 0
        self.updates = 0
        self._cursor = 0
        self._optimizer = SGD(network.parameters.flat)
        self._alive = np.ones(network.replicas, np.bool_)
        self._diverged = False
        self._train = _Points(network, train)
        self._validation = _Points(network, validation) if validation is not None else None
        self._plan = _Epoch(network, self._train, self.seed)
        self._record(self._train.evaluate())

    @property
    def config(self) -> TrainingConfig:
        """The settings; the next call of `run` reads them."""
        return self._config

    @config.setter
    def config(self, config: TrainingConfig) -> None:
        check_type("config", config, TrainingConfig)
        for name in LIMITS:
            value = getattr(config, name)
            if isinstance(value, tuple) and len(value) not in (1, self.network.replicas):
                allowed = f"one number, or {self.network.replicas}, one for each replica"
                raise ParameterError(name, value, allowed)
        self._config = config

    @property
    def diverged(self) -> bool:
        """Whether every replica has diverged, so that nothing is left to train."""
        return self._diverged

    @property
    def progress(self) -> float:
        """Epochs done, counting the part of the present one."""
        return float(self.epoch + self._cursor / self._train.n)

    def change(self, **settings: Any) -> None:
        """Change settings, and note it in the history's events if the run has begun.

        After a change, replicas that have diverged train again, from their last finite weights.

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
        earlier, self.config = self.config, config
        if "activation" in settings:
            try:
                self.network.activation = settings["activation"]
            except ParameterError:
                self.config = earlier
                raise
        after = {**vars(config), "activation": self.network.activation}
        if before != after:
            self._alive[:] = True
            self._diverged = False
        for name in settings:
            if self.updates and before[name] != after[name]:
                self.history.note_change(
                    self.progress, self.updates, name, _show(before[name]), _show(after[name])
                )

    def run(
        self,
        *,
        epochs: int | None = None,
        updates: int | None = None,
        seconds: float | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> int:
        """Train until the first of the given limits is reached, or every replica has diverged.

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
            step = _Step(self)
            checkpoint = self._checkpoint()
            while self.epoch < last_epoch and self.updates < last_update and not self.diverged:
                step()
                if self._cursor == self._train.n:
                    measured = self._train.evaluate()
                    if not self._settle(checkpoint, step, measured.loss):
                        measured = self._train.evaluate()
                    if self.diverged:
                        break
                    self._cursor = 0
                    self.epoch += 1
                    self._record(measured)
                    checkpoint = self._checkpoint()
                if seconds is not None and clock() >= deadline:
                    break
            if self._cursor and self.updates > start:
                self._settle(checkpoint, step, self._train.evaluate().loss)
        return self.updates - start

    def _record(self, measured: Evaluation) -> None:
        columns = {"train_loss": measured.loss, "train_accuracy": measured.accuracy}
        if self._validation is not None:
            measured = self._validation.evaluate()
            columns["validation_loss"] = measured.loss
            columns["validation_accuracy"] = measured.accuracy
        self.history.append(self.epoch, **columns)

    def _checkpoint(self) -> _Checkpoint:
        return _Checkpoint(
            self.network.parameters.flat.copy(),
            self._optimizer.state.copy(),
            self.epoch,
            self._cursor,
            self.updates,
        )

    def _restore(self, checkpoint: _Checkpoint) -> None:
        self.network.parameters.flat[:] = checkpoint.parameters
        self._optimizer.state[:] = checkpoint.optimizer
        self.epoch, self._cursor = checkpoint.epoch, checkpoint.cursor
        self.updates = checkpoint.updates

    def _settle(self, checkpoint: _Checkpoint, step: _Step, loss: Array) -> bool:
        """Find the replicas that left the finite numbers since `checkpoint`, and stop them.

        Looking at every update would slow all runs for the sake of the few that diverge. So only
        the end is looked at, and if it is bad the updates are done again, one by one, up to the
        first bad one: they are the same updates, because batches and dropout belong to the epoch.

        Returns
        -------
        bool
            Whether all was well from the start.
        """
        if (self._finite_weights() & np.isfinite(loss)).all():
            return True
        last = self.updates
        self._restore(checkpoint)
        while self.updates < last and not self.diverged:
            before = self._checkpoint()
            step()
            finite = self._finite_weights() & np.isfinite(self._train.evaluate().loss)
            for replica in np.flatnonzero(~finite & self._alive):
                self.network.parameters.flat[replica] = before.parameters[replica]
                self._optimizer.state[:, replica] = 0
                self._alive[replica] = False
                self._diverged = not self._alive.any()
                found = Divergence(int(replica), self.updates, self.epoch + 1)
                self.divergences.append(found)
                label = f"stopped: the weights overflowed at update {self.updates:,}"
                self.history.events.append(Event(self.progress, self.updates, label))
        if self.diverged:
            # The update that failed did not happen.
            self.updates, self._cursor = before.updates, before.cursor
        return False

    def _finite_weights(self) -> Array:
        """Whether all weights of each replica are finite, shape (replicas,)."""
        finite: Array = np.isfinite(self.network.parameters.flat.sum(axis=1))
        return finite


class _Points:
    """A data set as a network takes it."""

    def __init__(self, network: Network, data: Dataset) -> None:
        self.network = network
        self.inputs = network.prepare_inputs(data.X)
        self.n: int = self.inputs.shape[-1]
        self.targets = network.prepare_targets(data.y, self.n)

    def evaluate(self) -> Evaluation:
        return self.network.evaluate(self.inputs, self.targets)


class _Batch(NamedTuple):
    """What an update works on: views of the shuffled points, and the arrays for as many."""

    stop: int
    inputs: Array
    targets: Array
    workspace: Workspace


class _Epoch:
    """The training points in the order of one epoch, and its random numbers for dropout.

    The arrays are filled anew for each epoch, so the views of its batches are made only once.
    """

    def __init__(self, network: Network, points: _Points, seed: int) -> None:
        self._network = network
        self._points = points
        self._order = NumberedStream(seed, "batches")
        self._dropout = NumberedStream(seed, "dropout")
        self.inputs = points.inputs.copy(order="K")
        self.targets = points.targets.copy()
        self._size = 0
        self._batches: dict[int, _Batch] = {}
        self.begin(0)

    def begin(self, number: int) -> None:
        """Shuffle for an epoch; the same number and seed give the same order."""
        self.number = number
        self._uniform: list[Array] = []
        order = self._order.at(number).permutation(self._points.n)
        self.inputs[...] = self._points.inputs.take(order, axis=-1)
        self.targets[...] = self._points.targets.take(order, axis=-1)

    def batch(self, start: int, size: int) -> _Batch:
        """Return the batch of `size` points, or as many as there are, from `start` on."""
        if size != self._size:
            self._size = size
            self._batches.clear()
        batch = self._batches.get(start)
        if batch is None:
            stop = min(start + size, self._points.n)
            inputs, targets = self.inputs[..., start:stop], self.targets[..., start:stop]
            batch = _Batch(stop, inputs, targets, self._network.workspace(stop - start))
            self._batches[start] = batch
        return batch

    def masks(self, start: int, stop: int, dropout: Array) -> list[Array]:
        """Return 0 for a dropped unit and 1 / (1 - p) for a kept one.

        One number from U(0, 1) for each point and hidden unit decides, in all replicas.

        Parameters
        ----------
        start, stop : int
            The points, in the epoch's order.
        dropout : ndarray of shape () or (replicas, 1, 1)

        Returns
        -------
        list of ndarray of shape (units, points) or (replicas, units, points)
        """
        if not self._uniform:
            rng, network = self._dropout.at(self.number), self._network
            shapes = [(units, self._points.n) for units in network.sizes[1:-1]]
            self._uniform = [rng.random(shape, network.dtype) for shape in shapes]
        scale = 1 / (1 - dropout)
        return [(uniform[:, start:stop] >= dropout) * scale for uniform in self._uniform]


class _Step:
    """One update, with the settings made ready for it."""

    def __init__(self, trainer: Trainer) -> None:
        config, network = trainer.config, trainer.network
        self.trainer = trainer
        self.batch_size = config.batch_size
        dtype = network.dtype
        self.learning_rate = _per_replica(config.learning_rate, dtype, axes=1)
        self.momentum: Array | None = None
        self.dropout: Array | None = None
        self.penalty: Penalty | None = None
        if np.any(config.momentum):
            self.momentum = _per_replica(config.momentum, dtype, axes=1)
        if np.any(config.dropout):
            self.dropout = _per_replica(config.dropout, dtype, axes=2)
        if np.any(config.l1) or np.any(config.l2):
            self.penalty = Penalty(network.parameters, np.asarray(config.l1), np.asarray(config.l2))

    def __call__(self) -> None:
        trainer, network = self.trainer, self.trainer.network
        plan, start = trainer._plan, trainer._cursor
        if plan.number != trainer.epoch:
            plan.begin(trainer.epoch)
        stop, inputs, targets, workspace = plan.batch(start, self.batch_size)
        masks = None if self.dropout is None else plan.masks(start, stop, self.dropout)

        network.forward(inputs, masks, workspace)
        network.backward(inputs, targets, workspace, masks)
        parameters, gradient = network.parameters.flat, network.gradients.flat
        if self.penalty is not None:
            self.penalty.add_gradient(parameters, gradient)
        if trainer.divergences:
            gradient[~trainer._alive] = 0
        trainer._optimizer.step(parameters, gradient, self.learning_rate, self.momentum)

        trainer._cursor = stop
        trainer.updates += 1


def _per_replica(value: PerReplica, dtype: np.dtype, axes: int) -> Array:
    """Return one number without dimensions, or one for each replica with `axes` after it."""
    numbers = np.asarray(value, dtype)
    return numbers.reshape(-1, *[1] * axes) if numbers.size > 1 else numbers.reshape(())


def _check_count(name: str, value: Any) -> int:
    return check_integer(name, value, low=0, high=1_000_000_000)


def _show(value: object) -> str:
    if isinstance(value, str) and value in ACTIVATIONS:
        return ACTIVATIONS[value].label
    return f"{value:g}" if isinstance(value, float) else str(value)
