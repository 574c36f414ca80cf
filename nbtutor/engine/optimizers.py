"""From a gradient to a step."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


class SGD:
    """Gradient descent with momentum, on all parameters at once.

    ``v <- momentum * v + g`` and ``w <- w - learning_rate * v`` (Polyak, 1964, in the form that
    PyTorch uses: the rate scales the velocity, so a change of rate acts at once).

    Parameters
    ----------
    parameters : ndarray of shape (replicas, parameters)
        Gives the shape and dtype.

    Attributes
    ----------
    state : ndarray of shape (1, replicas, parameters)
        The velocity.
    """

    def __init__(self, parameters: Array) -> None:
        self.state: Array = np.zeros((1, *parameters.shape), parameters.dtype)
        self._velocity: Array = self.state[0]
        self._scratch: Array = np.empty_like(parameters)

    def step(
        self, parameters: Array, gradient: Array, learning_rate: Array, momentum: Array | None
    ) -> None:
        """Change `parameters` in place.

        Parameters
        ----------
        parameters, gradient : ndarray of shape (replicas, parameters)
        learning_rate : ndarray of shape () or (replicas, 1)
        momentum : ndarray of shape () or (replicas, 1), or None
            None is no momentum at all, and costs nothing.
        """
        if momentum is None:
            np.multiply(gradient, learning_rate, self._scratch)
        else:
            np.multiply(self._velocity, momentum, self._velocity)
            np.add(self._velocity, gradient, self._velocity)
            np.multiply(self._velocity, learning_rate, self._scratch)
        np.subtract(parameters, self._scratch, parameters)
