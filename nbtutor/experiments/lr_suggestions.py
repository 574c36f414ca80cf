"""Four ways to read a learning rate off the curve of a range test.

Each is a function of the rates and the (smoothed) losses and nothing else. They are those of
fastai's learning rate finder (Howard and Gugger, 2020, fastai: A Layered API for Deep Learning).
The curve is read up to the first loss that is not finite. Where a curve has no answer, because it
is too short or because no loss is below the one before it, the answer is None.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nbtutor.engine import ParameterError
from nbtutor.engine.validation import is_sequence

Array = np.ndarray
Curve = Sequence[float] | Array

SLIDE_WIDTH = 15
"""Steps between the two ends of the window that slides."""

SLIDE_THRESHOLD = 0.005
"""Two slopes, in loss a step, that differ by no more are the same."""


def suggest_minimum(rates: Curve, losses: Curve) -> float | None:
    """Return a tenth of the rate with the lowest loss.

    At the lowest loss itself the steps are nearly too large already, hence the tenth.

    Parameters
    ----------
    rates : sequence of float, shape (steps,)
        Above 0, each larger than the one before.
    losses : sequence of float, shape (steps,)

    Raises
    ------
    ParameterError
        If these are not two sequences of numbers of the same length, or the rates do not rise.
    """
    curve = _falling_curve(rates, losses)
    if curve is None:
        return None
    x, y = curve
    return float(x[y.argmin()]) / 10


def suggest_steep(rates: Curve, losses: Curve) -> float | None:
    """Return the rate at which the loss falls most steeply.

    The slope is that against the logarithm of the rate, from one step to the next; the rate is the
    one at the beginning of the steepest step. Parameters and errors as in `suggest_minimum`.
    """
    curve = _falling_curve(rates, losses)
    if curve is None:
        return None
    x, y = curve
    slopes = np.diff(y) / np.diff(np.log(x))
    return float(x[slopes.argmin()])


def suggest_valley(rates: Curve, losses: Curve) -> float | None:
    """Return the rate about the middle of the longest decreasing stretch.

    The stretch ends at the last of the longest row of losses each below the one before, in which
    small bumps may be left out (the longest decreasing subsequence; the first, if there are
    several), and is as many steps long as the row has losses. The suggestion is a third and
    a sixth of it along, both in whole steps. Parameters and errors as in `suggest_minimum`.
    """
    curve = _falling_curve(rates, losses)
    if curve is None:
        return None
    x, y = curve
    lengths = np.ones(len(y), np.int64)  # of the longest decreasing row that ends at each loss
    for i in range(1, len(y)):
        above = lengths[:i][y[:i] > y[i]]
        lengths[i] += above.max(initial=0)
    end = int(lengths.argmax())
    length = int(lengths[end])
    # As in the original, the stretch starts one step before a row that has no gaps; there is no
    # such step if the row starts with the curve.
    return float(x[max(end - length + length // 3 + length // 6, 0)])


def suggest_slide(rates: Curve, losses: Curve) -> float | None:
    """Return the rate at which a window, moved left from the end, finds the slope steady.

    The window spans `SLIDE_WIDTH` steps. While the slopes (loss a step) at its two ends differ by
    more than `SLIDE_THRESHOLD` it moves a step to the left; the suggestion is the rate at its left
    end, at the last place where they did. So it is left of the rise at the end of the curve. If
    they never differ, it is the left end of the first window. Parameters and errors as in
    `suggest_minimum`.
    """
    curve = _falling_curve(rates, losses)
    if curve is None or len(curve[0]) <= SLIDE_WIDTH:
        return None
    x, y = curve
    slopes = np.gradient(y)
    left = first = len(y) - 1 - SLIDE_WIDTH
    while left >= 0 and abs(slopes[left + SLIDE_WIDTH] - slopes[left]) > SLIDE_THRESHOLD:
        left -= 1
    return float(x[min(left + 1, first)])


SUGGESTIONS: dict[str, Callable[[Curve, Curve], float | None]] = {
    "minimum": suggest_minimum,
    "steep": suggest_steep,
    "valley": suggest_valley,
    "slide": suggest_slide,
}
"""The suggestions by name."""


def _falling_curve(rates: Curve, losses: Curve) -> tuple[Array, Array] | None:
    """Return the curve up to the first loss that is not finite; None if it never falls."""
    x, y = _numbers("rates", rates), _numbers("losses", losses)
    if len(x) != len(y):
        allowed = f"as many as rates, {len(x)}"
        raise ParameterError("losses", f"{len(y)} numbers", allowed)
    if not (np.isfinite(x).all() and (x > 0).all() and (np.diff(x) > 0).all()):
        raise ParameterError("rates", rates, "finite, above 0, and each larger than the one before")
    bad = np.flatnonzero(~np.isfinite(y))
    end = bad[0] if len(bad) else len(y)
    x, y = x[:end], y[:end]
    return (x, y) if (np.diff(y) < 0).any() else None


def _numbers(name: str, values: Any) -> Array:
    allowed = "a sequence of numbers, one a step"
    if not is_sequence(values):
        raise ParameterError(name, values, allowed)
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise ParameterError(name, values, allowed) from error
    if array.ndim != 1 or (array.size and array.dtype.kind not in "biuf"):
        raise ParameterError(name, values, allowed)
    numbers: Array = array.astype(np.float64)
    return numbers
