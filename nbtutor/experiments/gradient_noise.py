"""How far the gradient of a mini-batch is from that of all the points.

The gradient of a batch is the mean of its points' gradients. Its root mean square distance from
the full gradient is sigma / sqrt(B) for B points drawn with replacement, where sigma² is the mean
squared distance of a single point's gradient; drawn without replacement from n points it is
smaller by the factor sqrt((n - B) / (n - 1)) (Cochran, Sampling Techniques, 1977, theorem 2.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbtutor.engine import Dataset, Network, ParameterError, copies
from nbtutor.engine.random import stream
from nbtutor.engine.validation import check_integer, check_number, check_type, is_sequence
from nbtutor.experiments.progress import Counter, Progress
from nbtutor.experiments.result import Result

Array = np.ndarray

MAX_BATCHES = 100_000
_FLEET = 128  # batches that are worked out at once
_POINTS = 50_000  # and the points that they hold together, at most


@dataclass(frozen=True)
class GradientNoise(Result):
    """Gradients of mini-batches beside the full one, and their spread against the batch size.

    Gradients are those of the mean loss (with the L2 penalty, if any) by all weights and biases,
    at one and the same weights. Spread is the root mean square distance from the full gradient.

    Attributes
    ----------
    batch_size : int
    full_norm : float
        Length of the full gradient.
    norms : ndarray of shape (batches,)
        Lengths of the batches' gradients.
    cosines : ndarray of shape (batches,)
        Cosine of the angle of each to the full gradient; NaN where either is zero.
    fan : ndarray of shape (batches, 2)
        The batches' gradients in the plane of the full one (the first axis) and the direction at
        right angles to it in which they spread most (the second).
    fan_share : float
        Share of the spread (squared) that lies in that plane.
    sizes : ndarray of shape (sizes,)
        Batch sizes whose spread was measured.
    spreads : ndarray of shape (sizes,)
        The measured spread.
    spread_errors : ndarray of shape (sizes,)
        Its standard error.
    sigma : float
        Spread of single points, from all of them: exact.
    expected : ndarray of shape (sizes,)
        What theory says, from `sigma`.
    slope : float
        Slope of the logarithm of the spread against that of the batch size, by weighted least
        squares; -1/2 in theory. Without replacement the finite population's factor is divided out
        first. NaN if fewer than two sizes have a spread.
    slope_error : float
        Its standard error, from those of the spreads.
    replacement : bool
    """

    batch_size: int
    full_norm: float
    norms: Array
    cosines: Array
    fan: Array
    fan_share: float
    sizes: Array
    spreads: Array
    spread_errors: Array
    sigma: float
    expected: Array
    slope: float
    slope_error: float
    replacement: bool

    @property
    def angles(self) -> Array:
        """Angle of each batch's gradient to the full one in degrees, shape (batches,)."""
        degrees: Array = np.degrees(np.arccos(np.clip(self.cosines, -1, 1)))
        return degrees


def gradient_noise(
    network: Network,
    train: Dataset,
    *,
    batch_size: int = 10,
    batches: int = 50,
    sizes: Sequence[int] | None = None,
    draws: int = 200,
    replacement: bool = True,
    l2: float = 0.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> GradientNoise:
    """Compare mini-batch gradients with the full one, at the present weights of a network.

    The batches are the replicas of a fleet that all have the same weights, so many gradients are
    found at once; in float64.

    Parameters
    ----------
    network : Network
        Its first replica is looked at; it is left alone.
    train : Dataset
        ``X`` of shape (n, inputs), at least two points.
    batch_size : int, default 10
        Points in each batch of the fan.
    batches : int, default 50
        Batches of the fan, at least 2.
    sizes : sequence of int, optional
        Batch sizes whose spread is measured; 1, 2, 4 and so on, up to n or 256, if not given.
    draws : int, default 200
        Batches of each size, at least 2.
    replacement : bool, default True
        Whether one point may be in a batch twice. With False, as in training, sizes go up to n.
    l2 : float, default 0
        Strength of the L2 penalty. It adds the same to all gradients: to the angles, not to the
        spread.
    seed : int, default 0
        Of the batches.
    progress : callable, optional
        Called with batches done and in all; see `Progress`.

    Raises
    ------
    ParameterError
        If an argument is not allowed.
    Cancelled
        If `progress` returns False. The experiment is too short to be resumed.
    """
    check_type("network", network, Network)
    check_type("train", train, Dataset)
    if train.X.ndim != 2 or len(train) < 2:
        raise ParameterError(
            "train", f"X of shape {train.X.shape}", "one set of two or more points"
        )
    n = len(train)
    most = MAX_BATCHES if replacement else n
    check_integer("batch_size", batch_size, low=1, high=most)
    check_integer("batches", batches, low=2, high=MAX_BATCHES)
    check_integer("draws", draws, low=2, high=MAX_BATCHES)
    check_integer("seed", seed, low=0, high=2**63 - 1)
    l2 = check_number("l2", l2, low=0, high=1e6)
    chosen = _sizes(sizes, n, most)

    counter = Counter(batches + draws * len(chosen), progress)
    source = _Source(network, train, l2, replacement, counter)
    alone = source.gradients(np.arange(n)[:, None])
    full = alone.mean(axis=0)
    sigma = float(np.sqrt(((alone - full) ** 2).sum(axis=1).mean()))

    fan = source.draw(stream(seed, "gradient fan"), batches, batch_size)
    norms, full_norm = np.linalg.norm(fan, axis=1), float(np.linalg.norm(full))
    with np.errstate(invalid="ignore", divide="ignore"):  # a gradient of zero has no direction
        cosines = fan @ full / (norms * full_norm)
    coordinates, share = _project(fan, full)

    spreads, errors = np.empty((2, len(chosen)))
    for place, size in enumerate(chosen):
        drawn = source.draw(stream(seed, "gradient noise", int(size)), draws, int(size))
        squares = ((drawn - full) ** 2).sum(axis=1)
        spreads[place] = np.sqrt(squares.mean())
        # The error of a root is half the relative error of what is under it, times the root.
        if spreads[place]:
            standard_error = squares.std(ddof=1) / np.sqrt(draws)
            errors[place] = standard_error / (2 * spreads[place])
        else:
            errors[place] = 0
    correction = np.ones(len(chosen)) if replacement else finite_population(chosen, n)
    slope, slope_error = _fit_slope(chosen, spreads, errors, correction)
    return GradientNoise(
        batch_size,
        full_norm,
        norms,
        cosines,
        coordinates,
        share,
        chosen,
        spreads,
        errors,
        sigma,
        sigma / np.sqrt(chosen) * correction,
        slope,
        slope_error,
        replacement,
    )


def finite_population(size: Array, n: int) -> Array:
    """Return sqrt((n - B) / (n - 1)): how much less a sample without replacement varies.

    Parameters
    ----------
    size : ndarray of int
        Points in the sample, from 1 to n.
    n : int
        Points that there are, 2 or more.
    """
    factor: Array = np.sqrt((n - np.asarray(size)) / (n - 1))
    return factor


class _Source:
    """Draws batches of a data set and finds their gradients, many at once."""

    def __init__(
        self, network: Network, train: Dataset, l2: float, replacement: bool, counter: Counter
    ) -> None:
        self.network, self.train, self.l2 = network, train, l2
        self.replacement, self.counter = replacement, counter

    def draw(self, rng: np.random.Generator, batches: int, size: int) -> Array:
        """Return the gradients of random batches, shape (batches, parameters)."""
        n = len(self.train)
        if self.replacement:
            points = rng.integers(0, n, (batches, size))
        else:
            points = rng.permuted(np.tile(np.arange(n), (batches, 1)), axis=1)[:, :size]
        return self.gradients(points, self.counter)

    def gradients(self, points: Array, counter: Counter | None = None) -> Array:
        """Return the gradients of the batches whose points these are, shape (batches, size)."""
        batches, size = points.shape
        together = min(max(_POINTS // size, 1), _FLEET, batches)
        fleet = copies(self.network, together, dtype="float64")
        result = np.empty((batches, fleet.parameters.flat.shape[1]))
        for start in range(0, batches, together):
            # The last few come with some before them, so that one fleet does for all.
            first = min(start, batches - together)
            chosen = points[first : first + together]
            X, y = self.train.X[chosen], self.train.y[chosen]
            _, gradients = fleet.loss_and_gradients(X, y, l2=self.l2)
            result[first : first + together] = gradients.flat
            if counter is not None:
                counter.advance(min(together, batches - start))
        return result


def _project(fan: Array, full: Array) -> tuple[Array, float]:
    """Return the fan in the plane of the full gradient and its own main spread, and its share."""
    length = np.linalg.norm(full)
    along = full / length if length else np.zeros_like(full)
    apart = fan - full
    across = apart - np.outer(apart @ along, along)
    _, _, directions = np.linalg.svd(across, full_matrices=False)
    side = directions[0]
    side = side * np.sign(side[np.abs(side).argmax()])  # a picture that does not flip
    plane = np.stack([along, side], axis=1)
    total = (apart**2).sum()
    share = float(((apart @ plane) ** 2).sum() / total) if total else 1.0
    return fan @ plane, share


def _fit_slope(
    sizes: Array, spreads: Array, errors: Array, correction: Array
) -> tuple[float, float]:
    """Fit log(spread / correction) by log(size), weighted by the errors (error propagation)."""
    usable = (spreads > 0) & (errors > 0) & (correction > 0)
    if len(np.unique(sizes[usable])) < 2:
        return float("nan"), float("nan")
    x = np.log(sizes[usable])
    y = np.log(spreads[usable] / correction[usable])
    weights = (spreads[usable] / errors[usable]) ** 2  # one over the variance of the logarithm
    x = x - np.average(x, weights=weights)
    information = float((weights * x**2).sum())
    return float((weights * x * y).sum() / information), float(information**-0.5)


def _sizes(sizes: Any, n: int, most: int) -> Array:
    if sizes is None:
        return 2 ** np.arange(int(np.log2(min(n, 256))) + 1)
    if not is_sequence(sizes) or not len(sizes):
        raise ParameterError("sizes", sizes, "a sequence of batch sizes, at least one")
    return np.array(
        [
            check_integer(f"sizes[{place}]", size, low=1, high=most)
            for place, size in enumerate(sizes)
        ]
    )
