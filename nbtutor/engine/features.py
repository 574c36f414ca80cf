"""Inputs made from the two coordinates of a point.

A network of few units draws few lines. With inputs such as x² or sin x it can draw circles and
stripes, because the bend is in the input already. All but `noise` are the inputs that TensorFlow
Playground offers (Smilkov and Carter, 2016).

`noise` is a spurious input: it looks like any other, but says nothing about the class. A network
that is large enough learns the training points by it, and fails on others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nbtutor.engine.validation import ParameterError, check_choice, check_points, is_sequence

Array = np.ndarray


@dataclass(frozen=True)
class Feature:
    """One input made from a point.

    Attributes
    ----------
    name : str
        The name in the registry.
    label : str
        The name that a person reads.
    column : callable
        ``column(X)`` is the input's value at points `X` of shape (..., n, 2); returns shape
        (..., n), float64.
    """

    name: str
    label: str
    column: Callable[[Array], Array]


def _noise(X: Array) -> Array:
    """Return a number in [-1, 1) that depends on nothing but the bits of the point.

    The bits are mixed as in the last step of SplitMix64 (Steele, Lea and Flood, 2014): points that
    are neighbours get numbers that have nothing to do with each other. Drawn numbers would not do,
    because the same point must have the same input whenever it is asked for.
    """
    # A point is the same in float32 and float64, and -0 is 0.
    bits = (X.astype(np.float32) + np.float32(0)).view(np.uint32).astype(np.uint64)
    mixed = (bits[..., 0] << np.uint64(32)) | bits[..., 1]
    mixed += np.uint64(0x9E3779B97F4A7C15)  # else the origin would be mapped to 0
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed ^= mixed >> np.uint64(shift)
        mixed *= np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    share: Array = (mixed >> np.uint64(11)) * 2.0**-53  # as many bits as a float64 holds
    return 2 * share - 1


FEATURES: dict[str, Feature] = {
    feature.name: feature
    for feature in (
        Feature("x", "x", lambda X: X[..., 0]),
        Feature("y", "y", lambda X: X[..., 1]),
        Feature("x2", "x²", lambda X: X[..., 0] ** 2),
        Feature("y2", "y²", lambda X: X[..., 1] ** 2),
        Feature("xy", "xy", lambda X: X[..., 0] * X[..., 1]),
        Feature("sin_x", "sin x", lambda X: np.sin(X[..., 0])),
        Feature("sin_y", "sin y", lambda X: np.sin(X[..., 1])),
        Feature("noise", "noise", _noise),
    )
}
"""The inputs by name."""

_FARTHEST = 1e15  # beyond, a square leaves float32 before long, and a sine has no digit left


def check_features(name: str, value: object) -> tuple[str, ...]:
    """Return `value` as a tuple of names of `FEATURES`, each at most once.

    Parameters
    ----------
    name : str
        The parameter, for the message.
    value : object
        What was passed.

    Raises
    ------
    ParameterError
        If it is not a sequence of such names, is empty, or holds a name twice.
    """
    known = ", ".join(map(repr, FEATURES))
    allowed = f"a sequence of one or more of {known}, each at most once"
    if not is_sequence(value) or not isinstance(value, Sequence | np.ndarray) or len(value) == 0:
        raise ParameterError(name, value, allowed, "For example ('x', 'y').")
    names = tuple(check_choice(f"{name}[{i}]", entry, FEATURES) for i, entry in enumerate(value))
    if len(set(names)) < len(names):
        raise ParameterError(name, value, allowed)
    return names


def expand(X: ArrayLike, names: Sequence[str]) -> Array:
    """Return the inputs called `names` at every point.

    The values are not scaled: on the plane from -6 to 6, x² and y² reach 36.

    Parameters
    ----------
    X : array of shape (n, 2) or (replicas, n, 2)
        Coordinates up to 1e15.
    names : sequence of str
        Names in `FEATURES`, each at most once; the columns come in this order.

    Returns
    -------
    ndarray of shape (n, len(names)) or (replicas, n, len(names)), float64

    Raises
    ------
    ParameterError
        If a name is unknown or there twice, or `X` is no array of finite numbers of this shape.
    """
    chosen = check_features("names", names)
    replicas = len(X) if isinstance(X, np.ndarray) and X.ndim == 3 else None
    points = check_points("X", X, 2, replicas)
    largest = np.abs(points).max()
    if largest > _FARTHEST:
        allowed = f"numbers from {-_FARTHEST:g} to {_FARTHEST:g}"
        raise ParameterError("X", f"numbers up to {largest:.2g}", allowed, "Scale the points.")
    return np.stack([FEATURES[name].column(points) for name in chosen], axis=-1)
