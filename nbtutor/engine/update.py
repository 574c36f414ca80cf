"""One update of a fleet: a batch, its gradient, a step."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nbtutor.engine.batches import Plan
from nbtutor.engine.config import PerReplica, TrainingConfig
from nbtutor.engine.network import Network, Workspace
from nbtutor.engine.optimizers import Optimizer, clip_gradient
from nbtutor.engine.parameters import Penalty
from nbtutor.engine.statistics import Statistics

Array = np.ndarray


class Work(NamedTuple):
    """What one update works on: views that are good until the next one.

    Attributes
    ----------
    stop : int
        The points done of the epoch, after it.
    inputs, targets : ndarray
        Of the batch, as `Network.forward` and `Network.backward` take them.
    workspace : Workspace
    masks : list of ndarray or None
        Of dropout; None where nothing is dropped.
    """

    stop: int
    inputs: Array
    targets: Array
    workspace: Workspace
    masks: list[Array] | None


class Update:
    """Trains a fleet on one batch at each call, with the settings made ready once.

    Parameters
    ----------
    network : Network
        Is changed in place.
    plan : Plan
        Gives the batches.
    optimizer : Optimizer
    config : TrainingConfig
    statistics : Statistics, optional
        Is told of each update.

    Attributes
    ----------
    rate : ndarray of shape () or (replicas, 1)
        The learning rate of the last call; before the first, of the run's beginning.
    penalty : Penalty or None
        What the objective has beside the loss.
    """

    def __init__(
        self,
        network: Network,
        plan: Plan,
        optimizer: Optimizer,
        config: TrainingConfig,
        statistics: Statistics | None = None,
    ) -> None:
        dtype = network.dtype
        self._network, self._plan, self._optimizer = network, plan, optimizer
        self._config = config
        self._statistics = statistics
        self._epoch = -1
        self._base_rate = _per_replica(config.learning_rate, dtype)
        self.rate = self._rate_at(0)
        self._momentum = _per_replica(config.momentum, dtype) if np.any(config.momentum) else None
        self._dropout: list[Array] = []
        if np.any(config.dropout):
            self._dropout = _by_layer(config.dropout, len(network.sizes) - 2, dtype)
        self._smoothing: Array | None = None
        if config.label_smoothing:
            self._smoothing = np.array(config.label_smoothing, dtype)
        l1, l2 = np.asarray(config.l1), np.asarray(config.l2)
        self._decay: Array | None = None
        if optimizer.decoupled and l2.any():
            self._decay = Penalty(network.parameters, 0.0, l2).l2
            l2 = np.zeros(1)
        self.penalty = Penalty(network.parameters, l1, l2) if l1.any() or l2.any() else None

    def prepare(self, epoch: int, cursor: int) -> Work:
        """Return the batch that begins at `cursor`, with the masks of dropout."""
        config = self._config
        if epoch != self._epoch:
            self._plan.begin(epoch, config.shuffle, config.augmentation)
            self._epoch = epoch
        stop, inputs, targets, workspace = self._plan.batch(cursor, config.batch_size)
        masks = self._plan.masks(cursor, stop, self._dropout) if self._dropout else None
        if self._smoothing is not None:
            targets = self._network.smoothed(targets, self._smoothing)
        return Work(stop, inputs, targets, workspace, masks)

    def __call__(self, epoch: int, cursor: int, running: Array | None = None) -> int:
        """Do one update.

        Parameters
        ----------
        epoch : int
            Whole epochs done.
        cursor : int
            Points done of the present one.
        running : ndarray of bool of shape (replicas,), optional
            The replicas that take part; None for all. The others stay as they are.

        Returns
        -------
        int
            The cursor after it.
        """
        network, config = self._network, self._config
        stop, inputs, targets, workspace, masks = self.prepare(epoch, cursor)
        network.forward(inputs, masks, workspace)
        network.backward(inputs, targets, workspace, masks)
        parameters, gradient = network.parameters.flat, network.gradients.flat
        if self.penalty is not None:
            self.penalty.add_gradient(parameters, gradient)
        if config.schedule is not None:
            self.rate = self._rate_at(epoch + cursor / self._plan.n)
        rate, decay = self.rate, self._decay
        if running is not None:
            # At rate zero no optimizer moves a weight, whatever it remembers.
            gradient[~running] = 0
            rate = np.where(running, rate.reshape(-1), 0).astype(rate.dtype)[:, None]
            if decay is not None:  # weights that were about to overflow: their decay does
                decay = np.where(running[:, None], decay, 0)
        if self._statistics is not None:
            loss = network.mean_loss(workspace, targets)
            self._statistics.begin_update(loss, stop - cursor, gradient, parameters)
        if config.clip_norm is not None:
            clip_gradient(gradient, config.clip_norm)
        self._optimizer.step(parameters, gradient, rate, self._momentum, decay)
        if self._statistics is not None:
            self._statistics.end_update(parameters)
        return stop

    def _rate_at(self, epochs: float) -> Array:
        if self._config.schedule is None:
            return self._base_rate
        factor = self._config.schedule(epochs)
        return np.asarray(self._base_rate * factor, self._base_rate.dtype)


def _per_replica(value: PerReplica | Array, dtype: np.dtype, axes: int = 1) -> Array:
    """Return one number without dimensions, or one for each replica with `axes` after it."""
    numbers = np.asarray(value, dtype)
    return numbers.reshape(-1, *[1] * axes) if numbers.size > 1 else numbers.reshape(())


def _by_layer(dropout: object, layers: int, dtype: np.dtype) -> list[Array]:
    """Return the share to drop of each hidden layer, shape () or (replicas, 1, 1)."""
    table = np.asarray(dropout, dtype)
    if table.ndim == 2:
        return [_per_replica(table[:, layer], dtype, axes=2) for layer in range(layers)]
    return [_per_replica(table, dtype, axes=2)] * layers
