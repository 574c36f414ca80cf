"""What lessons draw on the plane of the inputs: a network's answer, points, and rings."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nbtutor.charts import Axis, Colour, Contours, Field, Mark, Points, Shape
from nbtutor.engine import Network
from nbtutor.engine.datasets import DOMAIN
from nbtutor.widgets.fields import plane_points

Array = np.ndarray

SIDE = 60
"""Pixels of a field along a side."""
_RING = 0.45  # its radius, in units of the plane
_CLASSES: tuple[tuple[str, Colour, Shape], ...] = (
    ("class 0", "class-0", "circle"),
    ("class 1", "class-1", "square"),
)

X_AXIS = Axis("x", limits=DOMAIN[:2])
Y_AXIS = Axis("y", limits=DOMAIN[2:])


class PlaneField:
    """P(class 1) of a network over the plane, again and again.

    Parameters
    ----------
    network : Network
        A single one, with a sigmoid output.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._inputs = network.prepare_inputs(plane_points(SIDE))

    def __call__(self) -> Array:
        """Return the values of now, shape (SIDE, SIDE), the lowest y first."""
        with np.errstate(all="ignore"):  # huge weights overflow here, and show as neutral
            predicted = self._network.predicted(self._network.forward(self._inputs))
        values: Array = np.nan_to_num(predicted.reshape(SIDE, SIDE)[::-1], nan=0.5)
        return values


def answer_marks(network: Network) -> list[Mark]:
    """Return P(class 1) over the plane, and the boundary, of a network with a sigmoid output."""
    values = PlaneField(network)()
    return [Field("P(class 1)", values, DOMAIN), Contours("boundary", values[None], DOMAIN)]


def class_marks(X: ArrayLike, y: ArrayLike, of: str = "") -> list[Mark]:
    """Return the points of two classes, told apart by colour and shape.

    Parameters
    ----------
    X : array of shape (n, 2)
    y : array of shape (n,)
    of : str
        What stands behind the name of a class.
    """
    X, y = np.asarray(X), np.asarray(y)
    return [
        Points(name + of, X[y == label, 0], X[y == label, 1], colour, shape)
        for label, (name, colour, shape) in enumerate(_CLASSES)
        if (y == label).any()
    ]


def ring_marks(name: str, X: ArrayLike) -> list[Mark]:
    """Return a ring about each point.

    Parameters
    ----------
    X : array of shape (n, 2)
    """
    X = np.asarray(X)
    if not len(X):
        return []
    grid = plane_points(2 * SIDE)
    distances = np.linalg.norm(grid - X[:, None], axis=-1).reshape(len(X), 2 * SIDE, 2 * SIDE)
    # It crosses one half on the ring, with a slope that is the same all around.
    inside = np.clip(0.5 + (_RING - distances) / 2, 0, 1)
    return [Contours(name, inside[:, ::-1], DOMAIN, "alarm")]
