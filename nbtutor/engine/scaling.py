"""Scaling of columns, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nbtutor.engine.validation import ParameterError

Array = np.ndarray


@dataclass(frozen=True)
class Scaling:
    """Moves and stretches columns: ``scaled = (values - centre) / spread``.

    Attributes
    ----------
    centre, spread : ndarray of shape (columns,), or () for a single column
        `spread` is above 0.
    """

    centre: Array
    spread: Array

    def scale(self, values: ArrayLike) -> Array:
        """Return values of the source as the network gets them, the same shape.

        Parameters
        ----------
        values : array of shape (..., columns), or any shape for a single column
        """
        result: Array = (self._check(values) - self.centre) / self.spread
        return result

    def unscale(self, values: ArrayLike) -> Array:
        """Return scaled values as they were in the source, to rounding; the same shape."""
        result: Array = self._check(values) * self.spread + self.centre
        return result

    def _check(self, values: ArrayLike) -> Array:
        columns = self.centre.shape
        allowed = f"an array of numbers of shape (..., {columns[0]})" if columns else "numbers"
        try:
            given = np.asarray(values)
        except ValueError as error:  # rows of different lengths
            raise ParameterError("values", values, allowed) from error
        if given.dtype.kind not in "iuf":
            raise ParameterError("values", values, allowed)
        if columns and given.shape[-1:] != columns:
            raise ParameterError("values", f"shape {given.shape}", allowed)
        return given.astype(np.float64)


def standardise(values: Array, spread: float) -> Scaling:
    """Return the scaling to mean 0 and a standard deviation of `spread`, by column.

    A column that is the same everywhere is only moved. Mean and deviation are those of all rows,
    also of those that are kept for validation: it changes them little, and the picture's axes stay.

    Parameters
    ----------
    values : ndarray of shape (n, columns) or (n,)
        Finite, up to 1e100.
    spread : float
        Above 0.
    """
    largest = np.maximum(np.abs(values).max(axis=0), 1e-100)
    relative = values / largest  # so that no square overflows
    deviation = relative.std(axis=0) * largest / spread
    same = (np.ptp(values, axis=0) == 0) | (deviation < 1e-100)
    return Scaling(relative.mean(axis=0) * largest, np.where(same, 1.0, deviation))
