"""The shapes of the toy data sets.

Each class is a shape: a function that places uniform random numbers in the plane. Gaussian noise
blurs it. So one definition gives the points, and the true probability of a class anywhere.

The first four are those of TensorFlow Playground (Smilkov and Carter, 2016), the moons are
scikit-learn's, on the plane from -6 to 6.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray

DOMAIN = (-6.0, 6.0, -6.0, 6.0)
"""The plane that is shown: x from, x to, y from, y to."""

MAX_CLASSES = 8
"""Classes that a family with a choice of their number can have."""

_RADIUS = 5.0


@dataclass(frozen=True)
class Family:
    """How the points of a classification data set come about.

    Attributes
    ----------
    name : str
        The name in the registry.
    label : str
        The name that a person reads.
    shape : callable
        ``shape(label, u, classes)`` places numbers `u`, uniform in [0, 1] and of shape (n,
        dimensions), in the plane, for class `label` of `classes`; returns shape (n, 2).
    dimensions : int
        Uniform numbers that a point needs: none for a centre, one for a curve, two for a region.
    grid : callable
        ``grid(classes)`` says into how many equal parts each of them is cut where the truth is
        worked out if the noise is narrow.
    blur : callable
        ``blur(noise)`` is the standard deviation, in units of the plane, of the Gaussian noise on
        each coordinate.
    sharpest : float
        The least standard deviation, in units of the plane, that the grid can show: of a narrower
        Gaussian one would see the single nodes.
    classes : int
        How many there are if nothing is said.
    most_classes : int
        How many there can be, at least two; the same as `classes` if there is no choice.
    """

    name: str
    label: str
    shape: Callable[[int, Array, int], Array]
    dimensions: int
    grid: Callable[[int], tuple[int, ...]]
    blur: Callable[[float], float]
    sharpest: float
    classes: int = 2
    most_classes: int = 2

    def nodes(self, label: int, classes: int, width: float) -> Array:
        """Return places spread evenly over the shape of a class, shape (nodes, 2).

        A Gaussian of a standard deviation of `width` around each blurs them into the class's
        density; the wider it is, the fewer places there are.
        """
        # Halved, so that the parts of a shape (quadrants, squares) still get equally many.
        halvings = max(math.floor(math.log2(width / (4 * self.sharpest))), 0)
        parts = [max(n >> halvings, 1) for n in self.grid(classes)]
        grid = np.meshgrid(*[(np.arange(n) + 0.5) / n for n in parts], indexing="ij")
        u = np.column_stack([axis.ravel() for axis in grid]) if grid else np.empty((1, 0))
        return self.shape(label, u, classes)


def _polar(radius: Array, angle: Array) -> Array:
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def _circle(label: int, u: Array, classes: int) -> Array:
    radius = np.where(label == 0, u[:, 0] * 2.5, 3.5 + u[:, 0] * 1.5)
    return _polar(radius, 2 * np.pi * u[:, 1])


def _xor(label: int, u: Array, classes: int) -> Array:
    gap = 0.3
    x = (2 * u[:, 0] - 1) * _RADIUS
    side = np.where(x >= 0, 1.0, -1.0)
    y = side * u[:, 1] * _RADIUS * (1 if label == 0 else -1)
    return np.column_stack([x + gap * side, y + gap * np.where(y >= 0, 1.0, -1.0)])


def _gaussians(label: int, u: Array, classes: int) -> Array:
    centre = 2.0 if label == 0 else -2.0
    return np.full((len(u), 2), centre)


def _spiral(label: int, u: Array, classes: int) -> Array:
    radius = _RADIUS * u[:, 0]
    angle = 1.75 * 2 * np.pi * u[:, 0] + label * np.pi
    return np.column_stack([radius * np.sin(angle), radius * np.cos(angle)])


def _moons(label: int, u: Array, classes: int) -> Array:
    angle = np.pi * u[:, 0]
    moon = np.column_stack([np.cos(angle), np.sin(angle)])
    if label == 1:
        moon = (1, 0.5) - moon
    return (moon - (0.5, 0.25)) * 3


def _rings(label: int, u: Array, classes: int) -> Array:
    """Bands as wide as the gaps between them; the innermost is a disc."""
    width = _RADIUS / (2 * classes - 1)
    return _polar((2 * label + u[:, 0]) * width, 2 * np.pi * u[:, 1])


def _blobs(label: int, u: Array, classes: int) -> Array:
    """Centres evenly on a circle of radius 4, the first at (4, 0)."""
    angle = np.full(len(u), 2 * np.pi * label / classes)
    return _polar(np.full(len(u), 4.0), angle)


def _spirals(label: int, u: Array, classes: int) -> Array:
    """Arms turn the less the more there are, so that they stay as far apart as two."""
    angle = (3.5 / classes * u[:, 0] + label / classes) * 2 * np.pi
    radius = _RADIUS * u[:, 0]
    return np.column_stack([radius * np.sin(angle), radius * np.cos(angle)])


def _checkerboard(label: int, u: Array, classes: int) -> Array:
    """Four by four squares from -5 to 5, with a gap of 0.4 between them."""
    pitch, gap = 2.5, 0.4
    place = np.minimum(u[:, 0] * 8, np.nextafter(8, 0))  # which of the eight squares, and where
    square = np.floor(place)
    row = square // 2
    column = 2 * (square % 2) + (row + label) % 2
    corner = np.column_stack([column, row]) * pitch - _RADIUS + gap / 2
    return corner + np.column_stack([place - square, u[:, 1]]) * (pitch - gap)


def _cloud_width(noise: float) -> float:
    """Return a variance from 0.5 to 4 over the range of the noise."""
    return float((0.5 + 7 * noise) ** 0.5)


FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family("circle", "Circle", _circle, 2, lambda k: (64, 170), lambda noise: 2 * noise, 0.08),
        Family("xor", "Exclusive or", _xor, 2, lambda k: (128, 64), lambda noise: 2 * noise, 0.08),
        Family("gaussians", "Two clouds", _gaussians, 0, lambda k: (), _cloud_width, 0.5),
        Family("spiral", "Spiral", _spiral, 1, lambda k: (4096,), lambda noise: noise, 0.01),
        Family("moons", "Moons", _moons, 1, lambda k: (4096,), lambda noise: 3 * noise, 0.01),
        Family(
            *("rings", "Rings", _rings, 2, lambda k: (48 // k, 420), lambda noise: noise, 0.05),
            classes=3,
            most_classes=MAX_CLASSES,
        ),
        Family(
            *("blobs", "Clouds", _blobs, 0, lambda k: (), _cloud_width, 0.5),
            classes=3,
            most_classes=MAX_CLASSES,
        ),
        Family(
            *("spirals", "Spiral arms", _spirals, 1, lambda k: (8192 // k,)),
            *(lambda noise: noise, 0.01),
            classes=3,
            most_classes=MAX_CLASSES,
        ),
        Family(
            *("checkerboard", "Checkerboard", _checkerboard, 2),
            *(lambda k: (128, 16), lambda noise: noise, 0.08),
        ),
    )
}
"""The classification data sets by name."""

TWO_CLASSES = tuple(name for name, family in FAMILIES.items() if family.most_classes == 2)
"""The names of those that have two classes, and no choice."""
