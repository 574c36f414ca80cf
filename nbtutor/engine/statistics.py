"""What goes on inside training: sizes of gradients and steps, layer by layer."""

from __future__ import annotations

import numpy as np

from nbtutor.engine.parameters import Parameters

Array = np.ndarray


class Statistics:
    """Measures every update, and sums up an epoch.

    Parameters
    ----------
    parameters : Parameters
        Gives the layout.

    Attributes
    ----------
    totals : ndarray of shape (replicas, 3 + 2 * layers), float64
        The sums over the present epoch, which is all that is remembered between updates: of the
        loss times the points, the points, the updates; and by layer of the squares of the
        gradient's length and of the update's relative length.
    """

    def __init__(self, parameters: Parameters) -> None:
        self._starts = parameters.starts
        self._layers = len(parameters.starts)
        self._before = np.empty_like(parameters.flat)
        self._change = np.empty_like(parameters.flat)
        self.totals: Array = np.zeros((len(parameters.flat), 3 + 2 * self._layers))
        self._loss: Array = self.totals[:, 0]
        self._gradient_square: Array = self.totals[:, 3 : 3 + self._layers]
        self._ratio_square: Array = self.totals[:, 3 + self._layers :]

    def begin_update(self, loss: Array, points: int, gradient: Array, parameters: Array) -> None:
        """Take note of a batch before its step.

        Parameters
        ----------
        loss : ndarray of shape (replicas,)
            The batch's mean loss.
        points : int
            In the batch.
        gradient, parameters : ndarray of shape (replicas, parameters)
        """
        np.copyto(self._before, parameters)
        self._loss = loss
        self._gradient_square = self._squares(gradient)
        self.totals[:, 0] += loss * points
        self.totals[:, 1] += points
        self.totals[:, 2] += 1
        self.totals[:, 3 : 3 + self._layers] += self._gradient_square

    def end_update(self, parameters: Array) -> None:
        """Take note of the same update after its step."""
        np.subtract(parameters, self._before, self._change)
        change, size = self._squares(self._change), self._squares(self._before)
        # Weights that are all zero, as some initialisations have it, make the ratio infinite.
        ratio = np.divide(change, size, out=np.full_like(size, np.inf), where=size > 0)
        self._ratio_square = np.where(change > 0, ratio, 0)
        self.totals[:, 3 + self._layers :] += self._ratio_square

    def of_update(self) -> dict[str, Array]:
        """Return the figures of the last update, as columns of the history."""
        return {
            "batch_loss": self._loss,
            "gradient_norm": np.sqrt(self._gradient_square),
            "update_ratio": np.sqrt(self._ratio_square),
        }

    def of_epoch(self) -> dict[str, Array]:
        """Return the figures of the epoch, as columns of the history; NaN before any update."""
        layers = self._layers
        updates = self.totals[:, 2:3]
        with np.errstate(invalid="ignore"):
            squares = self.totals[:, 3:] / updates
            return {
                "running_loss": self.totals[:, 0] / self.totals[:, 1],
                "gradient_norm": np.sqrt(squares[:, :layers]),
                "update_ratio": np.sqrt(squares[:, layers:]),
            }

    def begin_epoch(self) -> None:
        """Forget the last epoch."""
        self.totals.fill(0)

    def _squares(self, flat: Array) -> Array:
        """Return the sum of squares of each layer's block, shape (replicas, layers)."""
        wide = flat.astype(np.float64)
        sums: Array = np.add.reduceat(wide * wide, self._starts, axis=1)
        return sums
