"""Toy data sets in the plane, with their truth.

Each class is a shape, a function that places a uniform random number in the plane, blurred by
Gaussian noise. So one definition gives the points, fresh draws of as many as wanted, and the true
probability of a class at any point of the plane.

The shapes are those of TensorFlow Playground (Smilkov and Carter, 2016), and scikit-learn's moons,
on the plane from -6 to 6.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nbtutor.engine.random import stream
from nbtutor.engine.validation import (
    ParameterError,
    check_choice,
    check_integer,
    check_number,
    check_points,
    check_type,
)

Array = np.ndarray

DOMAIN = (-6.0, 6.0, -6.0, 6.0)
"""The plane that is shown: x from, x to, y from, y to."""

MAX_NOISE = 0.5
MAX_POINTS = 1_000_000
_RADIUS = 5.0
_FARTHEST = 1e6  # beyond, the squares of distances lose the shapes


@dataclass(frozen=True)
class Family:
    """How the points of a data set come about.

    Attributes
    ----------
    name : str
        The name in the registry.
    label : str
        The name that a person reads.
    shape : callable
        ``shape(label, u)`` places numbers `u`, uniform in [0, 1] and of shape (n, dimensions), in
        the plane; returns shape (n, 2).
    grid : tuple of int
        One number for each uniform number that a point needs, none for a centre, one for a curve,
        two for a region: into how many equal parts it is cut where the truth is worked out.
    blur : callable
        ``blur(noise)`` is the standard deviation, in units of the plane, of the Gaussian noise on
        each coordinate.
    classes : int
    """

    name: str
    label: str
    shape: Callable[[int, Array], Array]
    grid: tuple[int, ...]
    blur: Callable[[float], float]
    classes: int = 2

    @property
    def dimensions(self) -> int:
        """Uniform numbers that a point needs."""
        return len(self.grid)


def _circle(label: int, u: Array) -> Array:
    radius = np.where(label == 0, u[:, 0] * 2.5, 3.5 + u[:, 0] * 1.5)
    angle = 2 * np.pi * u[:, 1]
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def _xor(label: int, u: Array) -> Array:
    gap = 0.3
    x = (2 * u[:, 0] - 1) * _RADIUS
    side = np.where(x >= 0, 1.0, -1.0)
    y = side * u[:, 1] * _RADIUS * (1 if label == 0 else -1)
    return np.column_stack([x + gap * side, y + gap * np.where(y >= 0, 1.0, -1.0)])


def _gaussians(label: int, u: Array) -> Array:
    centre = 2.0 if label == 0 else -2.0
    return np.full((len(u), 2), centre)


def _spiral(label: int, u: Array) -> Array:
    radius = _RADIUS * u[:, 0]
    angle = 1.75 * 2 * np.pi * u[:, 0] + label * np.pi
    return np.column_stack([radius * np.sin(angle), radius * np.cos(angle)])


def _moons(label: int, u: Array) -> Array:
    angle = np.pi * u[:, 0]
    moon = np.column_stack([np.cos(angle), np.sin(angle)])
    if label == 1:
        moon = (1, 0.5) - moon
    return (moon - (0.5, 0.25)) * 3


FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family("circle", "Circle", _circle, (64, 170), lambda noise: 2 * noise),
        Family("xor", "Exclusive or", _xor, (128, 64), lambda noise: 2 * noise),
        # A variance from 0.5 to 4 over the range of the noise.
        Family("gaussians", "Two clouds", _gaussians, (), lambda noise: (0.5 + 7 * noise) ** 0.5),
        Family("spiral", "Spiral", _spiral, (4096,), lambda noise: noise),
        Family("moons", "Moons", _moons, (4096,), lambda noise: 3 * noise),
    )
}
"""The data sets by name."""


@dataclass(frozen=True)
class Dataset:
    """Points with their classes.

    Attributes
    ----------
    X : ndarray of shape (n, 2) or (replicas, n, 2), float64
    y : ndarray of shape (n,) or (replicas, n), int64
        Class numbers from 0.
    generator : Generator or None
        Where the points come from; None for data of one's own.
    """

    X: Array
    y: Array
    generator: Generator | None = None

    def __len__(self) -> int:
        return int(self.X.shape[-2])

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return self.generator.classes if self.generator else max(int(self.y.max()) + 1, 2)

    def split(self, share: float) -> tuple[Dataset, Dataset]:
        """Cut into a first part with `share` of the points and the rest.

        Generated points are in random order already, so the cut needs no random numbers, and a
        larger share keeps all the points that a smaller one had. Shuffle points of your own first.

        Parameters
        ----------
        share : float
            Above 0 and below 1. Both parts get at least one point.
        """
        if len(self) < 2:
            raise ParameterError("data", f"{len(self)} point", "at least two points to be split")
        check_number("share", share, low=0, high=1, include_low=False, include_high=False)
        cut = min(max(round(share * len(self)), 1), len(self) - 1)
        first = Dataset(self.X[..., :cut, :], self.y[..., :cut], self.generator)
        return first, Dataset(self.X[..., cut:, :], self.y[..., cut:], self.generator)

    def posterior(self, points: Array) -> Array:
        """Return the true P(class | point), shape (n, classes); see `Generator.posterior`."""
        return self._known_generator().posterior(points)

    def sample(self, n: int, rng: np.random.Generator) -> Dataset:
        """Draw `n` fresh points from where these came from."""
        return self._known_generator().sample(n, rng)

    def _known_generator(self) -> Generator:
        if self.generator is None:
            msg = "The truth behind data of one's own is not known: only generated data has it."
            raise ValueError(msg)
        return self.generator


class Generator:
    """A family of data sets at one level of noise.

    Parameters
    ----------
    name : str
        A name in `FAMILIES`.
    noise : float, default 0
        From 0 to 0.5; its meaning in units of the plane is the family's `blur`.

    Raises
    ------
    ParameterError
        If the name is unknown (near names are suggested) or the noise out of range.
    """

    # A narrower kernel would see the single nodes: around the circle they are 0.13 apart at the
    # edge that faces the other class, elsewhere closer.
    _SHARPEST = 0.08

    def __init__(self, name: str, noise: float = 0.0) -> None:
        self.family = FAMILIES[check_choice("dataset", name, FAMILIES)]
        self.noise = check_number("noise", noise, low=0, high=MAX_NOISE)
        self.classes = self.family.classes

    def sample(self, n: int, rng: np.random.Generator) -> Dataset:
        """Draw `n` points in random order, the classes as equal as they can be."""
        check_integer("n", n, low=1, high=MAX_POINTS)
        check_type("rng", rng, np.random.Generator)
        y = rng.permutation(np.arange(n) % self.classes)
        u = rng.random((n, self.family.dimensions))
        X = np.empty((n, 2))
        for label in range(self.classes):
            X[y == label] = self.family.shape(label, u[y == label])
        X += self.family.blur(self.noise) * rng.standard_normal((n, 2))
        return Dataset(X, y, self)

    def posterior(self, points: Array) -> Array:
        """Return the true probability of every class, shape (n, classes).

        By Bayes' rule with equal priors. The density of a class is the mean of the noise's Gaussian
        over a fine grid of places in its shape. Without noise the classes do not overlap; a very
        narrow Gaussian then stands in, so that the answer is the class that is nearest.

        Parameters
        ----------
        points : array of shape (n, 2)
        """
        points = check_points("points", points, 2)
        if np.abs(points).max() > _FARTHEST:
            allowed = f"within {_FARTHEST:,.0f} of the origin"
            raise ParameterError("points", f"as far as {np.abs(points).max():.2g}", allowed)
        width = max(self.family.blur(self.noise), self._SHARPEST)
        log_density = np.empty((len(points), self.classes))
        rows = 128  # bounds the memory of the table of distances
        for start in range(0, len(points), rows):
            block = points[start : start + rows]
            for label, nodes in enumerate(self._nodes):
                square = ((block**2).sum(1)[:, None] - 2 * block @ nodes.T) + (nodes**2).sum(1)
                exponent = -square / (2 * width**2)
                top = exponent.max(axis=1)
                total = np.exp(exponent - top[:, None]).mean(axis=1)
                log_density[start : start + rows, label] = top + np.log(total)
        log_density -= log_density.max(axis=1, keepdims=True)
        density = np.exp(log_density)
        result: Array = density / density.sum(axis=1, keepdims=True)
        return result

    @cached_property
    def _nodes(self) -> list[Array]:
        """Places spread evenly over each class's shape."""
        middles = [(np.arange(parts) + 0.5) / parts for parts in self.family.grid]
        grid = np.meshgrid(*middles, indexing="ij")
        u = np.column_stack([axis.ravel() for axis in grid]) if grid else np.empty((1, 0))
        return [self.family.shape(label, u) for label in range(self.classes)]


def make_dataset(name: str, n: int = 500, noise: float = 0.0, seed: int = 0) -> Dataset:
    """Make one of the toy data sets.

    Parameters
    ----------
    name : {"circle", "xor", "gaussians", "spiral", "moons"}
    n : int, default 500
        Points, of all classes together; at least 2.
    noise : float, default 0
        From 0 to 0.5.
    seed : int, default 0

    Returns
    -------
    Dataset
        With ``posterior(points)`` and ``sample(n, rng)``.

    Raises
    ------
    ParameterError
        If an argument is not allowed.
    """
    generator = Generator(name, noise)
    check_integer("n", n, low=2, high=MAX_POINTS)
    check_integer("seed", seed, low=0, high=2**63 - 1)
    return generator.sample(n, stream(seed, "data"))
