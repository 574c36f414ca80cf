"""Maps over the plane, for the figures of several experiments."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.image import AxesImage

from nbtutor.engine.datasets import DOMAIN
from nbtutor.figures.style import colours, field_map

Array = np.ndarray


def amount_map() -> LinearSegmentedColormap:
    """Return the colours of an amount that is zero or more: from the ground to the text's."""
    c = colours()
    return LinearSegmentedColormap.from_list("amount", [c["ground"], c["accent"], c["text"]])


def draw_field(axes: Axes, field: Array) -> AxesImage:
    """Draw P(class 1) over the plane, an array of shape (side, side) as [y, x]."""
    return _draw(axes, field, field_map(), 0.0, 1.0)


def draw_amount(axes: Axes, amount: Array, most: float) -> AxesImage:
    """Draw an amount from 0 to `most` over the plane, an array of shape (side, side)."""
    return _draw(axes, amount, amount_map(), 0.0, most)


def draw_values(axes: Axes, values: Array, most: float) -> AxesImage:
    """Draw values from -`most` to `most` over the plane, an array of shape (side, side)."""
    return _draw(axes, values, field_map(), -most, most)


def draw_boundary(axes: Axes, axis: Array, field: Array, colour: str, width: float) -> None:
    """Draw where P(class 1) is one half, if it is anywhere."""
    if field.min() < 0.5 < field.max():
        axes.contour(axis, axis, field, levels=[0.5], colors=colour, linewidths=width)


def _draw(
    axes: Axes, values: Array, colour_map: LinearSegmentedColormap, least: float, most: float
) -> AxesImage:
    # The values belong to points, the outermost on the edge: half a pixel lies beyond.
    half = (DOMAIN[1] - DOMAIN[0]) / (len(values) - 1) / 2
    x_from, x_to, y_from, y_to = DOMAIN
    image = axes.imshow(
        values,
        cmap=colour_map,
        vmin=least,
        vmax=most,
        extent=(x_from - half, x_to + half, y_from - half, y_to + half),
        origin="lower",
        interpolation="bilinear",
    )
    axes.set(xlim=(x_from, x_to), ylim=(y_from, y_to), xlabel="x", ylabel="y", aspect="equal")
    return image
