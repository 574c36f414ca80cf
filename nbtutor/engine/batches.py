"""Which points each update works on, and what is random about them.

An epoch is planned as a whole from the seed, the epoch's number and the settings: the order of the
points, their augmentation and the random numbers of dropout. So epoch 40 draws the same batches
whether it is reached in one go, after a rewind, or in a fork with another learning rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nbtutor.engine.augmentation import Augmentation
from nbtutor.engine.datasets import Dataset
from nbtutor.engine.network import Evaluation, Network, Workspace
from nbtutor.engine.random import NumberedStream

Array = np.ndarray


class Points:
    """A data set as a network takes it."""

    def __init__(self, network: Network, data: Dataset) -> None:
        self.network = network
        self.raw = data.X
        self.inputs = network.prepare_inputs(data.X)
        self.n: int = self.inputs.shape[-1]
        self.targets = network.prepare_targets(data.y, self.n)

    def evaluate(self) -> Evaluation:
        """Return the network's mean loss and accuracy here."""
        return self.network.evaluate(self.inputs, self.targets)


class Batch(NamedTuple):
    """What an update works on: views of the shuffled points, and the arrays for as many."""

    stop: int
    inputs: Array
    targets: Array
    workspace: Workspace


class Plan:
    """The training points in the order of one epoch, and its random numbers for dropout.

    The arrays are filled anew for each epoch, so the views of its batches are made only once.

    Parameters
    ----------
    network : Network
    points : Points
        To be trained on.
    seed : int

    Attributes
    ----------
    n : int
        Points.
    inputs, targets : ndarray
        The points in the epoch's order, as the network takes them.
    order : ndarray of int of shape (n,)
        That order, as places in the data set.
    """

    def __init__(self, network: Network, points: Points, seed: int) -> None:
        self._network = network
        self._points = points
        self.n = points.n
        self._order = NumberedStream(seed, "batches")
        self._changes = NumberedStream(seed, "augmentation")
        self._dropout = NumberedStream(seed, "dropout")
        self.inputs = points.inputs.copy(order="K")
        self.targets = points.targets.copy()
        self.order: Array = np.arange(self.n)
        self._size = 0
        self._batches: dict[int, Batch] = {}
        self._begun: tuple[int, bool, Augmentation | None] | None = None
        self.begin(0)

    def begin(
        self, epoch: int, shuffle: bool = True, augmentation: Augmentation | None = None
    ) -> None:
        """Make ready for an epoch; does nothing if it is ready already."""
        wanted = (epoch, shuffle, augmentation)
        if wanted == self._begun:
            return
        self._begun, self._epoch = wanted, epoch
        self._uniform: list[Array] = []
        inputs, targets = self._points.inputs, self._points.targets
        if augmentation is not None:
            changed = augmentation(self._points.raw, self._changes.at(epoch))
            inputs = self._network.prepare_inputs(changed)
        self.order = np.arange(self.n)
        if shuffle:
            self.order = self._order.at(epoch).permutation(self.n)
            inputs, targets = inputs.take(self.order, -1), targets.take(self.order, -1)
        self.inputs[...] = inputs
        self.targets[...] = targets

    def batch(self, start: int, size: int) -> Batch:
        """Return the batch of `size` points, or as many as there are, from `start` on."""
        if size != self._size:
            self._size = size
            self._batches.clear()
        batch = self._batches.get(start)
        if batch is None:
            stop = min(start + size, self._points.n)
            inputs, targets = self.inputs[..., start:stop], self.targets[..., start:stop]
            batch = Batch(stop, inputs, targets, self._network.workspace(stop - start))
            self._batches[start] = batch
        return batch

    def masks(self, start: int, stop: int, dropout: Sequence[Array]) -> list[Array]:
        """Return 0 for a dropped unit and 1 / (1 - p) for a kept one.

        One number from U(0, 1) for each point and hidden unit decides, in all replicas.

        Parameters
        ----------
        start, stop : int
            The points, in the epoch's order.
        dropout : sequence of ndarray of shape () or (replicas, 1, 1)
            The share for each hidden layer.

        Returns
        -------
        list of ndarray of shape (units, points) or (replicas, units, points)
        """
        if not self._uniform:
            network, rng = self._network, self._dropout.at(self._epoch)
            shapes = [(units, self._points.n) for units in network.sizes[1:-1]]
            self._uniform = [rng.random(shape, network.dtype) for shape in shapes]
        return [
            (uniform[:, start:stop] >= share) * (1 / (1 - share))
            for uniform, share in zip(self._uniform, dropout, strict=True)
        ]
