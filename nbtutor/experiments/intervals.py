"""How sure a mean over seeds is."""

from __future__ import annotations

import math

import numpy as np

Array = np.ndarray

CONFIDENCE = 0.95


def t_interval(values: Array, confidence: float = CONFIDENCE) -> tuple[Array, Array]:
    """Return the mean and the half-width of Student's t interval around it (Student, 1908).

    With few seeds this is wider, and more honest, than an interval from a bootstrap.

    Parameters
    ----------
    values : ndarray of shape (seeds, ...)
        Independent from seed to seed.
    confidence : float, default 0.95
        Above 0 and below 1.

    Returns
    -------
    mean, half_width : ndarray of shape (...)
        One seed tells nothing about the spread: the half-width is then infinite.
    """
    mean = np.asarray(values.mean(axis=0))
    if len(values) < 2:
        return mean, np.full_like(mean, np.inf)
    standard_error = values.std(axis=0, ddof=1) / math.sqrt(len(values))
    return mean, np.asarray(t_quantile((1 + confidence) / 2, len(values) - 1) * standard_error)


def t_quantile(p: float, degrees: int) -> float:
    """Return the number that a t-distributed variable stays below with probability `p`.

    Parameters
    ----------
    p : float
        From 0.5 to below 1.
    degrees : int
        Degrees of freedom, at least 1.
    """
    low, high = 0.0, 1.0
    while _central_share(high, degrees) < 2 * p - 1:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        if _central_share(middle, degrees) < 2 * p - 1:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _central_share(t: float, degrees: int) -> float:
    """P(|T| < t), a finite sum (Abramowitz and Stegun, 1964, 26.7.3 and 26.7.4)."""
    angle = math.atan(t / math.sqrt(degrees))
    sine, square = math.sin(angle), math.cos(angle) ** 2
    odd = degrees % 2 == 1
    term, total = (math.cos(angle), 0.0) if odd else (1.0, 0.0)
    # Odd: cos + 2/3 cos³ + (2·4)/(3·5) cos⁵ ...; even: 1 + 1/2 cos² + (1·3)/(2·4) cos⁴ ...
    for k in range(2 if odd else 1, degrees, 2):
        total += term
        term *= square * k / (k + 1)
    return (angle + sine * total) * 2 / math.pi if odd else sine * total
