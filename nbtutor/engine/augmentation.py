"""More training points than there are: each epoch sees them a little changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbtutor.engine.validation import ParameterError, check_number

Array = np.ndarray


@dataclass(frozen=True)
class Augmentation:
    """Random changes of the training points, drawn anew for each epoch; labels stay.

    It helps where the changes leave the truth as it is: a circle may be turned, a spiral not.

    Parameters
    ----------
    jitter : float, default 0
        Standard deviation of Gaussian noise on each coordinate, in the data's units.
    rotation : float, default 0
        Largest turn about the origin either way, in degrees, 0 to 180.
    mirror : bool, default False
        Whether half of the points are mirrored from left to right.

    Raises
    ------
    ParameterError
        If a value is not allowed.
    """

    jitter: float = 0.0
    rotation: float = 0.0
    mirror: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "jitter", check_number("jitter", self.jitter, low=0, high=1e6))
        turn = check_number("rotation", self.rotation, low=0, high=180)
        object.__setattr__(self, "rotation", turn)
        if not isinstance(self.mirror, bool):
            raise ParameterError("mirror", self.mirror, "True or False")

    def __call__(self, X: Array, rng: np.random.Generator) -> Array:
        """Return changed points, shape and order as in `X`: (..., n, coordinates).

        The replicas of a fleet share the random numbers. All of them are drawn whatever is on, so
        that one change does not shift another.

        Parameters
        ----------
        X : ndarray of shape (..., n, coordinates)
            To be turned or mirrored, points need two coordinates.
        rng : numpy.random.Generator
        """
        n, coordinates = X.shape[-2:]
        angle = np.radians(self.rotation) * (2 * rng.random(n) - 1)
        side = np.where(self.mirror & (rng.random(n) < 0.5), -1.0, 1.0)
        noise = self.jitter * rng.standard_normal((n, coordinates))
        if self.rotation or self.mirror:
            x, y = side * X[..., 0], X[..., 1]
            cos, sin = np.cos(angle), np.sin(angle)
            X = np.stack([cos * x - sin * y, sin * x + cos * y], axis=-1)
        changed: Array = X + noise
        return changed
