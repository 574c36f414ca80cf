"""Weights and biases of all layers in one array.

An optimizer then needs a handful of NumPy calls whatever the depth, and a layer is a view.
Gradients have the same layout and use the same class.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

Array = np.ndarray


class Parameters:
    """The parameters (or their gradients) of a fleet of networks.

    Parameters
    ----------
    sizes : sequence of int
        Units of every layer, inputs first: ``(2, 8, 8, 1)``.
    replicas : int
        Networks in the fleet.
    dtype : dtype
        float32 or float64.

    Attributes
    ----------
    sizes : tuple of int
    starts : ndarray of int of shape (layers,)
        Where each layer's block begins in `flat`.
    flat : ndarray of shape (replicas, parameters)
        Everything; the other attributes are views of it.
    layers : list of ndarray of shape (replicas, inputs + 1, units)
        One block a layer. The last row holds the biases: the layer's input carries a column of
        ones, so that one matrix product adds them too.
    weights : list of ndarray of shape (replicas, inputs, units)
    biases : list of ndarray of shape (replicas, units)
    """

    def __init__(self, sizes: Sequence[int], replicas: int, dtype: np.typing.DTypeLike) -> None:
        self.sizes = tuple(sizes)
        shapes = [(inputs + 1, units) for inputs, units in pairwise(sizes)]
        ends = np.cumsum([0, *(rows * columns for rows, columns in shapes)])
        self.starts: Array = ends[:-1]
        self.flat: Array = np.zeros((replicas, ends[-1]), dtype)
        self.layers: list[Array] = [
            self.flat[:, start:end].reshape(replicas, *shape)
            for (start, end), shape in zip(pairwise(ends), shapes, strict=True)
        ]
        self.weights: list[Array] = [layer[:, :-1] for layer in self.layers]
        self.biases: list[Array] = [layer[:, -1] for layer in self.layers]


class Penalty:
    """L1 and L2 regularisation of the weights; biases are left alone.

    The objective that is minimised is ``loss + l1 * sum |w| + l2 / 2 * sum w²``, so the gradient
    gains ``l1 * sign(w) + l2 * w`` (Goodfellow, Bengio and Courville, Deep Learning, 2016,
    section 7.1; `l2` is what PyTorch calls weight decay for SGD).

    Parameters
    ----------
    like : Parameters
        Gives the layout.
    l1, l2 : float or ndarray of shape (replicas,)
        The strengths, 0 or more.
    """

    def __init__(self, like: Parameters, l1: float | Array, l2: float | Array) -> None:
        is_weight = Parameters(like.sizes, 1, like.flat.dtype)
        for weights in is_weight.weights:
            weights.fill(1)
        self.l1: Array = _column(l1, like.flat.dtype) * is_weight.flat
        self.l2: Array = _column(l2, like.flat.dtype) * is_weight.flat
        self._has_l1 = bool(np.any(self.l1))
        self._has_l2 = bool(np.any(self.l2))
        self._scratch = np.empty_like(like.flat)

    def value(self, flat: Array) -> Array:
        """Return the penalty of each replica, shape (replicas,)."""
        total: Array = (self.l1 * np.abs(flat) + self.l2 / 2 * flat * flat).sum(axis=1)
        return total

    def add_gradient(self, flat: Array, gradient: Array) -> None:
        """Add the penalty's gradient to `gradient`, in place."""
        if self._has_l2:
            np.multiply(flat, self.l2, self._scratch)
            np.add(gradient, self._scratch, gradient)
        if self._has_l1:
            np.sign(flat, self._scratch)
            np.multiply(self._scratch, self.l1, self._scratch)
            np.add(gradient, self._scratch, gradient)


def _column(value: float | Array, dtype: np.dtype) -> Array:
    return np.asarray(value, dtype).reshape(-1, 1)
