"""Early stopping: the best weights so far, and when to give up waiting for better ones."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


class Best:
    """The lowest validation loss of each replica, and the weights that gave it.

    Parameters
    ----------
    parameters : ndarray of shape (replicas, parameters)
        The present weights.
    epoch : int
        The present epoch, from which patience counts.

    Attributes
    ----------
    loss : ndarray of shape (replicas,)
    epoch : ndarray of int of shape (replicas,)
        When it was reached.
    parameters : ndarray of shape (replicas, parameters)
    """

    def __init__(self, parameters: Array, epoch: int) -> None:
        self.loss: Array = np.full(len(parameters), np.inf)
        self.epoch: Array = np.full(len(parameters), epoch)
        self.parameters: Array = parameters.copy()

    def note(self, epoch: int, loss: Array, parameters: Array) -> None:
        """Take over the weights of the replicas whose `loss` is the lowest so far."""
        better = loss < self.loss
        self.loss[better] = loss[better]
        self.epoch[better] = epoch
        self.parameters[better] = parameters[better]

    def copy(self) -> Best:
        """Return another record of the same."""
        copy = Best(self.parameters, 0)
        copy.loss, copy.epoch = self.loss.copy(), self.epoch.copy()
        return copy
