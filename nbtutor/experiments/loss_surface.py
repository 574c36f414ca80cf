"""The loss over a plane through the space of weights, and the walks of descent on it.

A network has too many weights to draw its loss, so a plane is cut out: two weights, two random
directions (scaled filter by filter: Li, Xu, Taylor, Studer and Goldstein, 2018, Visualizing the
Loss Landscape of Neural Nets), or the plane that comes closest to given points, such as those of
a walk (the same, section 7).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbtutor.engine import Dataset, Network, ParameterError, Trainer, TrainingConfig, copies
from nbtutor.engine.config import LIMITS
from nbtutor.engine.optimizers import SGD
from nbtutor.engine.parameters import Parameters
from nbtutor.engine.random import stream
from nbtutor.engine.validation import check_integer, check_number, check_type
from nbtutor.experiments.progress import Counter, Progress
from nbtutor.experiments.result import Result

Array = np.ndarray

MAX_SIDE = 501
MAX_KEPT = 100_000
_FLEET = 64  # networks that are evaluated at once


@dataclass(frozen=True)
class Plane:
    """A plane through the space of a network's parameters: ``origin + a * u + b * v``.

    Attributes
    ----------
    origin : ndarray of shape (parameters,)
    u, v : ndarray of shape (parameters,)
        Its two directions, neither zero nor parallel.
    labels : tuple of str
        What the coordinates a and b are.

    Raises
    ------
    ParameterError
        If these are not three such vectors.
    """

    origin: Array
    u: Array
    v: Array
    labels: tuple[str, str]

    def __post_init__(self) -> None:
        shape = np.shape(self.origin)
        for name in ("origin", "u", "v"):
            vector = np.asarray(getattr(self, name))
            if vector.ndim != 1 or vector.shape != shape or not np.isfinite(vector).all():
                allowed = "a vector of finite numbers, as long as the origin"
                raise ParameterError(name, f"shape {vector.shape}", allowed)
        if np.linalg.matrix_rank([self.u, self.v]) < 2:
            raise ParameterError(
                "v", "parallel to u", "a direction of its own", "Neither may be 0."
            )

    def point(self, a: Array, b: Array) -> Array:
        """Return the parameters at coordinates of any shape, shape (..., parameters)."""
        a, b = np.asarray(a)[..., None], np.asarray(b)[..., None]
        points: Array = self.origin + a * self.u + b * self.v
        return points

    def project(self, parameters: Array) -> tuple[Array, Array]:
        """Return where points are on the plane, and how far from it.

        Parameters
        ----------
        parameters : ndarray of shape (points, parameters)

        Returns
        -------
        coordinates : ndarray of shape (points, 2)
            a and b of the nearest point of the plane (least squares).
        distances : ndarray of shape (points,)
            How far that is, in the space of all parameters.
        """
        basis = np.stack([self.u, self.v], axis=1)
        offsets = parameters - self.origin
        coordinates = np.linalg.lstsq(basis, offsets.T, rcond=None)[0].T
        return coordinates, np.linalg.norm(offsets - coordinates @ basis.T, axis=1)


def weights_plane(network: Network, first: int, second: int) -> Plane:
    """Return the plane of two parameters, all others as they are; a and b are their values.

    Parameters
    ----------
    network : Network
        Its first replica.
    first, second : int
        Their places in `Parameters.flat`, counted from 0.
    """
    check_type("network", network, Network)
    origin = network.parameters.flat[0].astype(np.float64)
    check_integer("first", first, low=0, high=origin.size - 1)
    check_integer("second", second, low=0, high=origin.size - 1)
    if first == second:
        raise ParameterError("second", second, "another parameter than the first")
    origin[[first, second]] = 0
    u, v = np.zeros((2, origin.size))
    u[first] = v[second] = 1
    names = _names(network)
    return Plane(origin, u, v, (names[first], names[second]))


def random_plane(network: Network, seed: int = 0, normalise: str = "filter") -> Plane:
    """Return the plane of two random directions through a network's weights.

    Parameters
    ----------
    network : Network
        Its first replica is the origin.
    seed : int, default 0
    normalise : {"filter", "none"}, default "filter"
        With "filter", the weights into each unit are scaled to the length of the network's own,
        and biases are not moved (Li et al., 2018, section 4): one step along a direction is then
        as large as the weights are, whatever their scale. With "none", both directions have
        length one, biases included.
    """
    check_type("network", network, Network)
    check_integer("seed", seed, low=0, high=2**63 - 1)
    if normalise not in ("filter", "none"):
        raise ParameterError("normalise", normalise, "'filter' or 'none'")
    rng = stream(seed, "plane")
    directions = []
    for _ in range(2):
        direction = Parameters(network.sizes, 1, np.float64)
        direction.flat[:] = rng.standard_normal(direction.flat.shape)
        if normalise == "none":
            direction.flat /= np.linalg.norm(direction.flat)
        else:
            for ours, theirs in zip(direction.weights, network.weights, strict=True):
                lengths = np.linalg.norm(ours[0], axis=0)
                ours[0] *= np.linalg.norm(theirs[0].astype(np.float64), axis=0) / lengths
            for biases in direction.biases:
                biases.fill(0)
        directions.append(direction.flat[0])
    if not all(np.any(direction) for direction in directions):
        hint = "Use normalise='none': these weights are all zero and have no scale."
        raise ParameterError("normalise", normalise, "'none' here", hint)
    origin = network.parameters.flat[0].astype(np.float64)
    u, v = directions
    return Plane(origin, u, v, ("first random direction", "second random direction"))


def points_plane(points: Array, seed: int = 0) -> Plane:
    """Return the plane that comes nearest to given points (their first two principal components).

    Three points lie in it. Through two, it is the line from one to the other and a random direction
    at right angles to it. Its directions have length one, so distances are true.

    Parameters
    ----------
    points : ndarray of shape (points, parameters)
        At least two that differ. The last is the origin.
    seed : int, default 0
        Of the random direction, where the points leave one open.
    """
    points = np.asarray(points, np.float64)
    allowed = "an array of two or more points that differ, shape (points, parameters), two or more"
    if points.ndim != 2 or len(points) < 2 or points.shape[1] < 2 or not np.isfinite(points).all():
        raise ParameterError("points", f"shape {points.shape}", allowed)
    check_integer("seed", seed, low=0, high=2**63 - 1)
    origin = points[-1]
    centred = points - points.mean(axis=0)
    _, lengths, directions = np.linalg.svd(centred, full_matrices=False)
    if not lengths[0] > 0:
        raise ParameterError("points", "points that are all the same", allowed)
    u = directions[0]
    if lengths[1] > 1e-9 * lengths[0]:
        v, second = directions[1], "second direction of the points"
    else:
        v = stream(seed, "plane").standard_normal(len(u))
        v -= (v @ u) * u
        v, second = v / np.linalg.norm(v), "a random direction across"
    if (points[0] - origin) @ u > 0:  # the way from the first to the last goes to the right
        u = -u
    return Plane(origin, u, v, ("first direction of the points", second))


@dataclass(frozen=True)
class Walk:
    """One way of descent, from the common start.

    Attributes
    ----------
    name : str
    batch_size : int
    coordinates : ndarray of shape (kept, 2)
        Where it was on the plane; the first is the start.
    distances : ndarray of shape (kept,)
        How far from the plane, in the space of all parameters.
    losses : ndarray of shape (kept,)
        Mean training loss there, in nats (at the weights themselves, not at their place on the
        plane).
    updates : ndarray of shape (kept,)
        When: updates done.
    epochs : ndarray of shape (kept,)
        When: points seen, in units of all points.
    update_seconds : float
        What one update takes on this machine, in seconds: the forward pass, the backward pass and
        the step, the median of several measurements. The only figure here that no seed fixes.
    diverged : bool
        Whether it ended early because the numbers left the finite ones.
    """

    name: str
    batch_size: int
    coordinates: Array
    distances: Array
    losses: Array
    updates: Array
    epochs: Array
    update_seconds: float
    diverged: bool

    @property
    def seconds(self) -> Array:
        """When: wall-clock time of the updates done, shape (kept,)."""
        result: Array = self.updates * self.update_seconds
        return result


@dataclass(frozen=True)
class LossSurface(Result):
    """The training loss over a plane, and walks on it.

    Attributes
    ----------
    plane : Plane
    a : ndarray of shape (side,)
        Coordinates along the first direction.
    b : ndarray of shape (side,)
        Coordinates along the second.
    losses : ndarray of shape (side, side)
        Mean training loss in nats, without penalties; ``losses[i, j]`` is at ``a[j]``, ``b[i]``.
    walks : tuple of Walk
    """

    plane: Plane
    a: Array
    b: Array
    losses: Array
    walks: tuple[Walk, ...]


def loss_surface(
    network: Network,
    train: Dataset,
    plane: Plane | None = None,
    *,
    batch_sizes: Mapping[str, int] | None = None,
    learning_rate: float = 0.1,
    epochs: int = 20,
    side: int = 41,
    reach: float = 1.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> LossSurface:
    """Work out the training loss over a plane, and walk on it by descent with several batch sizes.

    All walks start from the network's weights, which are left alone, have the same rate, and see
    each point as often. Losses are found in float64, by a fleet whose replicas are the points of
    the plane.

    Parameters
    ----------
    network : Network
        Its first replica.
    train : Dataset
        ``X`` of shape (n, inputs).
    plane : Plane, optional
        From `weights_plane`, `random_plane` or `points_plane`. If it is not given, the one that
        comes nearest to the walks, each counted alike.
    batch_sizes : mapping of str to int, optional
        The walks: name and batch size of each. Full descent, mini-batches of 10 and single points
        if it is not given; ``{}`` for none.
    learning_rate : float, default 0.1
        Of the walks.
    epochs : int, default 20
        Of the walks, the same for all: many more updates where batches are small.
    side : int, default 41
        Points along each side of the grid, from 2 to 501.
    reach : float, default 1
        How far the grid goes to each side of the origin (of the network's own values for
        `weights_plane`), in units of the directions. It goes farther where a walk does.
    seed : int, default 0
        Of the batches.
    progress : callable, optional
        Called with parts done and in all; a part is a row of the grid or a walk. See `Progress`.

    Raises
    ------
    ParameterError
        If an argument is not allowed.
    Cancelled
        If `progress` returns False. The experiment is too short to be resumed.
    """
    check_type("network", network, Network)
    check_type("train", train, Dataset)
    if train.X.ndim != 2:
        raise ParameterError("train", f"X of shape {train.X.shape}", "one set of points")
    if plane is not None:
        check_type("plane", plane, Plane)
        if plane.origin.shape != network.parameters.flat[0].shape:
            raise ParameterError(
                "plane", f"{plane.origin.size} parameters", "a plane of this network"
            )
    check_number("learning_rate", learning_rate, low=0, high=LIMITS["learning_rate"][1])
    check_integer("epochs", epochs, low=1, high=MAX_KEPT)
    check_integer("side", side, low=2, high=MAX_SIDE)
    check_number("reach", reach, low=0, high=1e6, include_low=False)
    check_integer("seed", seed, low=0, high=2**63 - 1)
    sizes = _walks(batch_sizes, len(train))
    if plane is None and not sizes:
        raise ParameterError("plane", plane, "given where there are no walks")
    if len(train) * epochs > MAX_KEPT:
        allowed = f"at most {MAX_KEPT // len(train)} with so many points"
        raise ParameterError("epochs", epochs, allowed)

    counter = Counter(side + len(sizes), progress)
    trails: list[Array] = []
    for size in sizes.values():
        config = TrainingConfig(learning_rate, size)
        trails.append(_walk(network, train, config, epochs, seed))
        counter.advance()
    if plane is None:
        plane = _plane_of_walks(trails, seed)
    places = [plane.project(trail) for trail in trails]

    start = network.parameters.flat[:1].astype(np.float64)
    seen = np.concatenate([plane.project(start)[0], *(coordinates for coordinates, _ in places)])
    a, b = (_axis(seen[:, k], reach, side) for k in range(2))
    surface = _Surface(network, train, min(_FLEET, side))
    losses = np.empty((side, side))
    for row in range(side):
        losses[row] = surface.losses(plane.point(a, b[row]))
        counter.advance()

    walks = []
    for (name, size), trail, (coordinates, distances) in zip(
        sizes.items(), trails, places, strict=True
    ):
        per_epoch = -(-len(train) // size)
        updates = np.arange(len(trail))
        within = (updates % per_epoch) * size / len(train)
        walks.append(
            Walk(
                name,
                size,
                coordinates,
                distances,
                surface.losses(trail),
                updates,
                updates // per_epoch + within,
                time_update(network, train, size),
                len(trail) < per_epoch * epochs + 1,
            )
        )
    return LossSurface(plane, a, b, losses, tuple(walks))


def time_update(network: Network, train: Dataset, batch_size: int, repeats: int = 15) -> float:
    """Return what one update with so many points takes, in seconds.

    Forward pass, backward pass and step; the median of `repeats` measurements of several updates.
    """
    copy = copies(network)
    points = slice(0, batch_size)
    inputs = copy.prepare_inputs(train.X[points])
    n = inputs.shape[-1]
    targets, workspace = copy.prepare_targets(train.y[points], n), copy.workspace(n)
    optimizer, rate = SGD(copy.parameters.flat), np.zeros((), copy.dtype)
    together = 20
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        for _ in range(together):
            copy.forward(inputs, None, workspace)
            copy.backward(inputs, targets, workspace)
            optimizer.step(copy.parameters.flat, copy.gradients.flat, rate, None)
        times.append((time.perf_counter() - begin) / together)
    return float(np.median(times))


class _Surface:
    """Evaluates the loss at many points of parameter space, several at once."""

    def __init__(self, network: Network, train: Dataset, together: int) -> None:
        self._fleet = copies(network, together, dtype="float64")
        self._inputs = self._fleet.prepare_inputs(train.X)
        self._targets = self._fleet.prepare_targets(train.y, len(train))

    def losses(self, points: Array) -> Array:
        """Return the mean training loss at each point, shape (points,)."""
        result = np.empty(len(points))
        together = self._fleet.replicas
        for start in range(0, len(points), together):
            part = points[start : start + together]
            self._fleet.parameters.flat[: len(part)] = part  # the rest keeps what it had
            measured = self._fleet.evaluate(self._inputs, self._targets).loss
            result[start : start + len(part)] = measured[: len(part)]
        return result


def _walk(
    network: Network, train: Dataset, config: TrainingConfig, epochs: int, seed: int
) -> Array:
    """Return the parameters at the start and after each update, shape (updates + 1, parameters)."""
    copy = copies(network)
    trainer = Trainer(copy, train, config=config, seed=seed)
    trail = [copy.parameters.flat[0].copy()]
    while trainer.epoch < epochs:
        trainer.run(updates=1)
        if trainer.diverged:
            break
        trail.append(copy.parameters.flat[0].copy())
    return np.array(trail, np.float64)


def _plane_of_walks(trails: Sequence[Array], seed: int) -> Plane:
    """Return the plane nearest to all walks; of a long one, as many points as of a short one."""
    fewest = min(len(trail) for trail in trails)
    chosen = [trail[np.linspace(0, len(trail) - 1, max(fewest, 2)).astype(int)] for trail in trails]
    plane = points_plane(np.concatenate(chosen), seed)
    labels = ("first direction of the walks", "second direction of the walks")
    return Plane(trails[0][0], plane.u, plane.v, labels)


def _axis(seen: Array, reach: float, side: int) -> Array:
    """Return coordinates that reach around the start, and around all that was seen."""
    start = seen[0]
    margin = 0.15 * (seen.max() - seen.min())
    low = min(start - reach, seen.min() - margin)
    return np.linspace(low, max(start + reach, seen.max() + margin), side)


def _walks(batch_sizes: Any, n: int) -> dict[str, int]:
    if batch_sizes is None:
        return {"full": n, "mini-batch": min(10, n), "stochastic": 1}
    if not isinstance(batch_sizes, Mapping):
        raise ParameterError("batch_sizes", batch_sizes, "a mapping from name to batch size")
    return {
        str(name): min(check_integer(f"batch_sizes[{name!r}]", size, low=1, high=10_000_000), n)
        for name, size in batch_sizes.items()
    }


def _names(network: Network) -> list[str]:
    """Return a name for each parameter, in the order of `Parameters.flat`."""
    names = []
    for layer, weights in enumerate(network.weights, start=1):
        inputs, units = weights.shape[1:]
        for source in range(1, inputs + 1):
            names += [f"weight {source} → {unit}, layer {layer}" for unit in range(1, units + 1)]
        names += [f"bias of unit {unit}, layer {layer}" for unit in range(1, units + 1)]
    return names
