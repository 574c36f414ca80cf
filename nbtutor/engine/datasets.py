"""Toy data sets in the plane, with their truth.

A generator draws as many fresh points as are wanted, and knows what is true of them: the
probability of every class at any point, or the expected value, and the error that no network can
go below. The shapes are in `families`, the surfaces in `surfaces`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nbtutor.engine.families import DOMAIN, FAMILIES
from nbtutor.engine.random import stream
from nbtutor.engine.surfaces import SURFACES
from nbtutor.engine.validation import (
    ParameterError,
    check_choice,
    check_integer,
    check_number,
    check_points,
    check_type,
    is_sequence,
)

__all__ = [
    "DATASETS",
    "DOMAIN",
    "FAMILIES",
    "MAX_NOISE",
    "MAX_POINTS",
    "SURFACES",
    "Dataset",
    "Generator",
    "RegressionGenerator",
    "make_dataset",
    "make_generator",
]

Array = np.ndarray

DATASETS = (*FAMILIES, *SURFACES)
"""The names of all data sets."""

MAX_NOISE = 0.5
MAX_POINTS = 1_000_000
_MAX_FLEET_POINTS = 10_000_000
_FARTHEST = 1e6  # beyond, the squares of distances lose the shapes


@dataclass(frozen=True)
class Dataset:
    """Points with their classes, or with the values that go with them.

    Attributes
    ----------
    X : ndarray of shape (n, 2) or (replicas, n, 2), float64
        Data of one's own may have any number of columns.
    y : ndarray of shape (n,) or (replicas, n)
        Class numbers from 0, int64; or values, float64, for regression. Soft labels have one more
        axis, with a probability for each class.
    generator : Generator, RegressionGenerator or None
        Where the points come from; None for data of one's own.
    """

    X: Array
    y: Array
    generator: Generator | RegressionGenerator | None = None

    def __len__(self) -> int:
        return int(self.X.shape[-2])

    @property
    def task(self) -> str:
        """What is asked of a network: "classification" or "regression"."""
        if self.generator is not None:
            return self.generator.task
        values = self.y.dtype.kind == "f" and not self._soft
        return "regression" if values else "classification"

    @property
    def classes(self) -> int:
        """How many classes there are; 0 for regression."""
        if self.generator is not None:
            return self.generator.classes
        if self._soft:
            return int(self.y.shape[-1])
        return max(int(self.y.max()) + 1, 2) if self.task == "classification" else 0

    @property
    def _soft(self) -> bool:
        return self.y.dtype.kind == "f" and self.y.ndim == self.X.ndim

    def split(self, share: float, shift: float = 0.0) -> tuple[Dataset, Dataset]:
        """Cut into a first part with `share` of the points and the rest.

        Generated points are in random order already, so the cut needs no random numbers, and a
        larger share keeps all the points that a smaller one had. Shuffle points of your own first.

        With a shift, the two parts come from different places: a covariate shift (Shimodaira,
        2000). Where a point goes then depends on its first coordinate, and on nothing else of it,
        so what is true at a point, its `posterior` or `mean`, is the same in both parts.

        Parameters
        ----------
        share : float
            Above 0 and below 1. Both parts get at least one point.
        shift : float, default 0
            From 0 to 1. At 0 the cut is at random; at 1 the first part has the points with the
            lowest first coordinate. Between, points are ranked by (1 - shift) times their place in
            the data plus shift times their place from left to right.
        """
        if len(self) < 2:
            raise ParameterError("data", f"{len(self)} point", "at least two points to be split")
        check_number("share", share, low=0, high=1, include_low=False, include_high=False)
        shift = check_number("shift", shift, low=0, high=1)
        cut = min(max(round(share * len(self)), 1), len(self) - 1)
        if shift:
            return self._split_by_place(cut, shift)
        axis = self.y.ndim - 2 if self._soft else self.y.ndim - 1
        y = np.split(self.y, [cut], axis=axis)
        first = Dataset(self.X[..., :cut, :], y[0], self.generator)
        return first, Dataset(self.X[..., cut:, :], y[1], self.generator)

    def _split_by_place(self, cut: int, shift: float) -> tuple[Dataset, Dataset]:
        """Put the `cut` points that rank lowest into the first part; both keep their order."""
        place = self.X[..., 0].argsort(axis=-1, kind="stable").argsort(axis=-1)
        rank = (1 - shift) * np.arange(len(self)) + shift * place
        order = rank.argsort(axis=-1, kind="stable")
        parts = []
        for chosen in (order[..., :cut], order[..., cut:]):
            rows = np.sort(chosen, axis=-1)
            X = np.take_along_axis(self.X, rows[..., None], axis=-2)
            y = self._rows_of_y(rows)
            parts.append(Dataset(X, y, self.generator))
        return parts[0], parts[1]

    def _rows_of_y(self, rows: Array) -> Array:
        """Return the labels of the points with these numbers, shape (n,) or (replicas, n)."""
        labels = self.y[..., None] if not self._soft else self.y
        labels = np.broadcast_to(labels, (*self.X.shape[:-1], labels.shape[-1]))
        taken = np.take_along_axis(labels, rows[..., None], axis=-2)
        return taken if self._soft else taken[..., 0]

    # What only generated data knows.

    def sample(self, n: int, rng: np.random.Generator) -> Dataset:
        """Draw `n` fresh points from where these came from."""
        return self._known_generator().sample(n, rng)

    def sample_fleet(self, n: int, replicas: int, rng: np.random.Generator) -> Dataset:
        """Draw `n` fresh points for each replica; see `Generator.sample_fleet`."""
        return self._known_generator().sample_fleet(n, replicas, rng)

    def posterior(self, points: ArrayLike) -> Array:
        """Return the true P(class | point), shape (n, classes); see `Generator.posterior`."""
        generator = self._known_generator()
        if isinstance(generator, RegressionGenerator):
            msg = "Regression data has no classes: ask for mean(points), the expected value."
            raise ValueError(msg)
        return generator.posterior(points)

    def mean(self, points: ArrayLike) -> Array:
        """Return the true E[y | point], shape (n,); see `RegressionGenerator.mean`."""
        return self._regression().mean(points)

    @property
    def noise_std(self) -> float:
        """The standard deviation of the noise on the values of regression data."""
        return self._regression().noise_std

    @property
    def bayes_error(self) -> float:
        """The least error that is possible: see the generator's `bayes_error`."""
        return self._known_generator().bayes_error

    def _known_generator(self) -> Generator | RegressionGenerator:
        if self.generator is None:
            msg = "The truth behind data of one's own is not known: only generated data has it."
            raise ValueError(msg)
        return self.generator

    def _regression(self) -> RegressionGenerator:
        generator = self._known_generator()
        if isinstance(generator, Generator):
            msg = "This data has classes, not values: ask for posterior(points)."
            raise ValueError(msg)
        return generator


class Generator:
    """A family of classification data sets, with its noise.

    Parameters
    ----------
    name : str
        A name in `FAMILIES`.
    noise : float, default 0
        Of the position, from 0 to 0.5; its meaning in units of the plane is the family's `blur`.
    label_noise : float, default 0
        The probability, 0 to 1, that a point bears the label of another class, each of the others
        as likely.
    classes : int, optional
        From 2 to 8 for rings, blobs and spirals (3 if it is not given); the others have two.
    balance : sequence of float, optional
        The share of every class, each above 0, together 1. None for equal shares. These are shares
        before any label is changed.

    Attributes
    ----------
    task : str
        "classification".

    Raises
    ------
    ParameterError
        If the name is unknown (near names are suggested) or a value is not allowed.
    """

    task = "classification"

    def __init__(
        self,
        name: str,
        noise: float = 0.0,
        *,
        label_noise: float = 0.0,
        classes: int | None = None,
        balance: Sequence[float] | None = None,
    ) -> None:
        self.family = FAMILIES[check_choice("dataset", name, FAMILIES)]
        self.noise = check_number("noise", noise, low=0, high=MAX_NOISE)
        self.label_noise = check_number("label_noise", label_noise, low=0, high=1)
        self.classes = self._check_classes(classes)
        self.balance = None if balance is None else _check_shares(balance, self.classes)

    def __repr__(self) -> str:
        return f"Generator({_arguments(self.settings)})"

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments that make the same generator again, ready for JSON."""
        return {
            "name": self.family.name,
            "noise": self.noise,
            "label_noise": self.label_noise,
            "classes": self.classes,
            "balance": self.balance,
        }

    @property
    def priors(self) -> Array:
        """The share of every class before any label is changed, shape (classes,)."""
        return np.array(self.balance or [1 / self.classes] * self.classes)

    def sample(self, n: int, rng: np.random.Generator) -> Dataset:
        """Draw `n` points in random order, the shares of the classes as near as they can be.

        Parameters
        ----------
        n : int
            From 1 to 1,000,000.
        rng : numpy.random.Generator
        """
        check_integer("n", n, low=1, high=MAX_POINTS)
        check_type("rng", rng, np.random.Generator)
        X, y = self._draw(rng.permutation(self._labels(n)), rng)
        return Dataset(X, y, self)

    def sample_fleet(self, n: int, replicas: int, rng: np.random.Generator) -> Dataset:
        """Draw `n` points for each replica, each like a `sample` of its own.

        Parameters
        ----------
        n : int
            Points of each replica; from 1 to 1,000,000.
        replicas : int
            From 1 to 4096; together at most 10,000,000 points.
        rng : numpy.random.Generator

        Returns
        -------
        Dataset
            With X of shape (replicas, n, 2) and y of shape (replicas, n).
        """
        _check_fleet(n, replicas, rng)
        labels = rng.permuted(np.tile(self._labels(n), (replicas, 1)), axis=1)
        X, y = self._draw(labels.reshape(-1), rng)
        return Dataset(X.reshape(replicas, n, 2), y.reshape(replicas, n), self)

    def posterior(self, points: ArrayLike) -> Array:
        """Return the true probability of every label, shape (n, classes).

        By Bayes' rule. The density of a class is the mean of the noise's Gaussian over a fine grid
        of places in its shape; the priors are the shares of the classes. With label noise p, a
        label c is seen where the class is c and was kept, or is another and was changed::

            P(label c | point) = (1 - p) P(c | point) + p (1 - P(c | point)) / (classes - 1)

        Without noise on the position the classes do not overlap; a very narrow Gaussian (the
        family's `sharpest`) then stands in, so that the answer is the class that is nearest.

        Parameters
        ----------
        points : array of shape (n, 2)
        """
        points = check_points("points", points, 2)
        if np.abs(points).max() > _FARTHEST:
            allowed = f"within {_FARTHEST:,.0f} of the origin"
            raise ParameterError("points", f"as far as {np.abs(points).max():.2g}", allowed)
        # In -|point - node|² / (2 width²), |point|² is the same for all nodes, so it may go.
        augmented = np.column_stack([points, np.ones(len(points))])
        log_joint = np.empty((len(points), self.classes))
        for label, nodes in enumerate(self._nodes):
            factors = np.column_stack([nodes, -(nodes**2).sum(axis=1) / 2]).T / self._width**2
            rows = max(1_000_000 // len(nodes), 1)  # bounds the memory of a block
            for start in range(0, len(points), rows):
                exponent = augmented[start : start + rows] @ factors
                top = exponent.max(axis=1)
                exponent -= top[:, None]
                total = np.exp(exponent, out=exponent).mean(axis=1)
                log_joint[start : start + rows, label] = top + np.log(total)
        log_joint += np.log(self.priors)
        log_joint -= log_joint.max(axis=1, keepdims=True)
        joint = np.exp(log_joint)
        clean = joint / joint.sum(axis=1, keepdims=True)
        kept, moved = self._label_weights
        result: Array = moved + (kept - moved) * clean
        return result

    @cached_property
    def bayes_error(self) -> float:
        """The share of labels that the best of all classifiers gets wrong.

        It is 1 - the integral over the plane of the largest P(label, point). Without noise on the
        position the classes do not overlap, and only the changed labels count; noise narrower than
        the family's `sharpest` counts as that wide, which is at most 0.004 too much. It takes up to
        a second or so the first time, and is kept.
        """
        kept, moved = self._label_weights
        certain = self.family.blur(self.noise) == 0
        # Where most labels are changed, the best guess is the least likely class.
        likely = float(kept >= moved) if certain else self._integral(kept >= moved)
        return float(1 - moved - (kept - moved) * likely)

    def _integral(self, largest: bool) -> float:
        """Integrate the largest (or least) P(class, point) of all classes over the plane.

        By the midpoint rule. A Gaussian of the plane is the product of two of a line, so the sum
        over the nodes is a product of matrices, and only the nodes near a strip count in it.
        """
        width, reach = self._width, 8 * self._width
        places = np.concatenate(self._nodes)
        low, high = places.min(axis=0) - reach, places.max(axis=0) + reach
        # As fine as some thousand million products allow: the border between classes is a kink.
        finest = (high - low).max() * np.sqrt(len(places) / 5e9)
        step = float(np.clip(finest, width / 40, width / 2))
        x, y = (np.arange(low[axis], high[axis], step) for axis in (0, 1))
        total, rows = 0.0, max(round(reach / step), 64)
        for start in range(0, len(x), rows):
            strip = x[start : start + rows]
            joint = np.empty((self.classes, len(strip), len(y)))
            for label, nodes in enumerate(self._nodes):
                across = nodes[:, 0]
                near = nodes[(across > strip[0] - reach) & (across < strip[-1] + reach)]
                share = self.priors[label] / len(nodes)
                bells = _bell(strip, near[:, 0], width), _bell(y, near[:, 1], width)
                np.matmul(share * bells[0], bells[1].T, out=joint[label])
            total += float((joint.max(axis=0) if largest else joint.min(axis=0)).sum())
        return min(total * step**2, 1.0)

    def _draw(self, y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Place a point for each class number in `y`, then change some labels."""
        u = rng.random((len(y), self.family.dimensions))
        X = np.empty((len(y), 2))
        for label in range(self.classes):
            own = y == label
            X[own] = self.family.shape(label, u[own], self.classes)
        X += self.family.blur(self.noise) * rng.standard_normal((len(y), 2))
        if self.label_noise:  # last, so that it leaves every point where it is
            changed = rng.random(len(y)) < self.label_noise
            other = (y + rng.integers(1, self.classes, len(y))) % self.classes
            y = np.where(changed, other, y)
        return X, y

    def _labels(self, n: int) -> Array:
        """Return `n` class numbers in order, their counts as near the shares as can be."""
        if self.balance is None:
            return np.arange(n) % self.classes
        counts = np.floor(n * self.priors).astype(int)
        largest_remainders = np.argsort(counts - n * self.priors, kind="stable")
        counts[largest_remainders[: n - counts.sum()]] += 1
        return np.repeat(np.arange(self.classes), counts)

    @property
    def _label_weights(self) -> tuple[float, float]:
        """P(label c | class c), and P(label c | class d) for another class d."""
        return 1 - self.label_noise, self.label_noise / (self.classes - 1)

    @property
    def _width(self) -> float:
        """The standard deviation of the Gaussian that stands for the noise."""
        return max(self.family.blur(self.noise), self.family.sharpest)

    @cached_property
    def _nodes(self) -> list[Array]:
        family, width = self.family, self._width
        return [family.nodes(label, self.classes, width) for label in range(self.classes)]

    def _check_classes(self, value: int | None) -> int:
        family = self.family
        if value is None:
            return family.classes
        if family.most_classes == 2 and value != 2:
            hint = "Take 'rings', 'blobs' or 'spirals' for more classes."
            raise ParameterError("classes", value, f"2, as {family.name!r} has two classes", hint)
        return check_integer("classes", value, low=2, high=family.most_classes)


class RegressionGenerator:
    """A family of regression data sets, with its noise.

    The points are spread evenly over the plane from -6 to 6.

    Parameters
    ----------
    name : str
        A name in `SURFACES`.
    noise : float, default 0
        From 0 to 0.5: the standard deviation of Gaussian noise on the value. The position of a
        point is exact.

    Attributes
    ----------
    task : str
        "regression".
    classes : int
        0.
    noise_std : float
        The standard deviation of the values around `mean`.

    Raises
    ------
    ParameterError
        If the name is unknown (near names are suggested) or the noise out of range.
    """

    task = "regression"
    classes = 0

    def __init__(self, name: str, noise: float = 0.0) -> None:
        self.surface = SURFACES[check_choice("dataset", name, SURFACES)]
        self.noise = check_number("noise", noise, low=0, high=MAX_NOISE)
        self.noise_std = self.noise

    def __repr__(self) -> str:
        return f"RegressionGenerator({_arguments(self.settings)})"

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments that make the same generator again, ready for JSON."""
        return {"name": self.surface.name, "noise": self.noise}

    def sample(self, n: int, rng: np.random.Generator) -> Dataset:
        """Draw `n` points, from 1 to 1,000,000."""
        check_integer("n", n, low=1, high=MAX_POINTS)
        check_type("rng", rng, np.random.Generator)
        return self._draw((n,), rng)

    def sample_fleet(self, n: int, replicas: int, rng: np.random.Generator) -> Dataset:
        """Draw `n` points for each replica; see `Generator.sample_fleet`."""
        _check_fleet(n, replicas, rng)
        return self._draw((replicas, n), rng)

    def mean(self, points: ArrayLike) -> Array:
        """Return the expected value at every point, shape (n,).

        Parameters
        ----------
        points : array of shape (n, 2)
        """
        return self.surface.mean(check_points("points", points, 2))

    @property
    def bayes_error(self) -> float:
        """The squared error of the best of all predictions, the mean: the noise's variance."""
        return self.noise_std**2

    def _draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Dataset:
        low, high = np.array(DOMAIN).reshape(2, 2).T
        X = low + (high - low) * rng.random((*shape, 2))
        y = self.surface.mean(X) + self.noise_std * rng.standard_normal(shape)
        return Dataset(X, y, self)


def make_generator(
    name: str,
    noise: float = 0.0,
    *,
    label_noise: float = 0.0,
    classes: int | None = None,
    balance: Sequence[float] | None = None,
) -> Generator | RegressionGenerator:
    """Return the generator of a data set; the arguments are those of `make_dataset`.

    Raises
    ------
    ParameterError
        If an argument is not allowed. A regression data set has no classes, so it takes none of
        `label_noise`, `classes` and `balance`.
    """
    if check_choice("dataset", name, DATASETS) in FAMILIES:
        return Generator(name, noise, label_noise=label_noise, classes=classes, balance=balance)
    check_number("label_noise", label_noise, low=0, high=1)
    for argument, value, unset in (
        ("label_noise", label_noise, 0.0),
        ("classes", classes, None),
        ("balance", balance, None),
    ):
        if value is not unset and not (unset == 0 and value == 0):
            allowed = f"{unset} here, as {name!r} is regression and has no classes"
            raise ParameterError(argument, value, allowed)
    return RegressionGenerator(name, noise)


def make_dataset(
    name: str,
    n: int = 500,
    noise: float = 0.0,
    seed: int = 0,
    *,
    label_noise: float = 0.0,
    classes: int | None = None,
    balance: Sequence[float] | None = None,
) -> Dataset:
    """Make one of the toy data sets.

    Parameters
    ----------
    name : str
        Two classes: "circle", "xor", "gaussians", "spiral", "moons", "checkerboard". Two to eight
        classes: "rings", "blobs", "spirals". Regression: "sine", "plane", "multi_gaussian".
    n : int, default 500
        Points, of all classes together; at least 2.
    noise : float, default 0
        From 0 to 0.5. It blurs the position of the points; for regression, the values.
    seed : int, default 0
    label_noise : float, default 0
        The probability that a label is replaced by that of another class. The points stay.
    classes : int, optional
        From 2 to 8, for "rings", "blobs" and "spirals"; 3 if it is not given.
    balance : sequence of float, optional
        The share of every class, such as ``(0.9, 0.1)``; equal shares if it is not given.

    Returns
    -------
    Dataset
        With ``posterior(points)`` (``mean(points)`` for regression), ``bayes_error`` and
        ``sample(n, rng)``.

    Raises
    ------
    ParameterError
        If an argument is not allowed.
    """
    generator = make_generator(
        name, noise, label_noise=label_noise, classes=classes, balance=balance
    )
    check_integer("n", n, low=2, high=MAX_POINTS)
    check_integer("seed", seed, low=0, high=2**63 - 1)
    return generator.sample(n, stream(seed, "data"))


def _bell(x: Array, centres: Array, width: float) -> Array:
    """Return the Gaussian density around every centre, shape (len(x), len(centres))."""
    scaled = (x[:, None] - centres) / width
    result: Array = np.exp(-(scaled**2) / 2) / (width * np.sqrt(2 * np.pi))
    return result


def _check_shares(value: Sequence[float], classes: int) -> tuple[float, ...]:
    allowed = f"{classes} shares, one a class, each above 0 and together 1"
    hint = "For example (0.9, 0.1) for two classes of which the first has nine points in ten."
    if not is_sequence(value) or len(value) != classes:
        raise ParameterError("balance", value, allowed, hint)
    shares = [
        check_number(f"balance[{i}]", share, low=0, high=1, include_low=False, hint=hint)
        for i, share in enumerate(value)
    ]
    if abs(sum(shares) - 1) > 1e-6:  # leaves room for shares that were rounded to be written
        raise ParameterError("balance", value, allowed, f"These make {sum(shares):g}. {hint}")
    return tuple(share / sum(shares) for share in shares)


def _check_fleet(n: int, replicas: int, rng: np.random.Generator) -> None:
    check_integer("n", n, low=1, high=MAX_POINTS)
    check_integer("replicas", replicas, low=1, high=4096)
    check_type("rng", rng, np.random.Generator)
    if n * replicas > _MAX_FLEET_POINTS:
        allowed = f"at most {_MAX_FLEET_POINTS // replicas:,} here, for {replicas} replicas"
        raise ParameterError("n", n, allowed)


def _arguments(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in settings.items())
