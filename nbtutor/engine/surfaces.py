"""The surfaces of the regression data sets: a value over every point of the plane.

`plane` and `multi_gaussian` stand for the two kinds that TensorFlow Playground has (Smilkov and
Carter, 2016), a slope and bumps of either sign. All values lie in [-1, 1].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Surface:
    """What a network has to find in a regression data set.

    Attributes
    ----------
    name : str
        The name in the registry.
    label : str
        The name that a person reads.
    mean : callable
        ``mean(X)`` is the expected value at points `X` of shape (..., 2); returns shape (...).
    """

    name: str
    label: str
    mean: Callable[[Array], Array]


_BUMP_WIDTH = 1.2  # a standard deviation; the nearest centres are 4 apart, so sums stay in [-1, 1]
_BUMPS = [
    (x, y, 1.0 if (column + row) % 2 == 0 else -1.0)
    for column, x in enumerate((-4.0, 0.0, 4.0))
    for row, y in enumerate((-3.0, 3.0))
]


def _sine(X: Array) -> Array:
    """Waves along x; y has no part in it."""
    result: Array = np.sin(X[..., 0])
    return result


def _plane(X: Array) -> Array:
    """Rise from -1 at the lower left corner of the plane to 1 at the upper right."""
    result: Array = np.clip((X[..., 0] + X[..., 1]) / 12, -1, 1)
    return result


def _multi_gaussian(X: Array) -> Array:
    """Six bumps, up and down by turns like the squares of a board."""
    total: Array = np.zeros(X.shape[:-1])
    for x, y, sign in _BUMPS:
        square = (X[..., 0] - x) ** 2 + (X[..., 1] - y) ** 2
        total += sign * np.exp(-square / (2 * _BUMP_WIDTH**2))
    return total


SURFACES: dict[str, Surface] = {
    surface.name: surface
    for surface in (
        Surface("sine", "Sine", _sine),
        Surface("plane", "Slope", _plane),
        Surface("multi_gaussian", "Bumps", _multi_gaussian),
    )
}
"""The regression data sets by name."""
