"""The overfitted run that lesson 14 starts from, and its pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nbtutor.charts import (
    Band,
    Bars,
    Chart,
    Colour,
    Contours,
    Field,
    Line,
    Mark,
    Pattern,
)
from nbtutor.engine import Dataset, Network, ParameterError
from nbtutor.engine.families import DOMAIN, TWO_CLASSES
from nbtutor.engine.history import History
from nbtutor.widgets.settings import RunSettings
from nbtutor.widgets.tutors.plane_marks import X_AXIS, Y_AXIS, class_marks

Array = np.ndarray

OVERFITTED: Mapping[str, Any] = {
    "points": 300,
    "jitter": 0.0,
    "inputs": ("x", "y"),
    "hidden": (16, 16),
    "batch_size": 10,
    "dropout": 0.0,
    "l1": 0.0,
    "l2": 0.0,
}
"""The settings that are remedies, as they are in the overfitted run: 30 points of 300 train."""

EPOCHS = 300
EPOCHS_A_PICTURE = 3
"""So that a run is watched for some seconds, however fast the machine."""

NEAR_ZERO = 0.01
"""A weight that is smaller than this, in size, is called near zero."""

BINS = 41
CURVE_ROWS = 400
_REACHES = (1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0)


def overfitted(settings: RunSettings) -> RunSettings:
    """Return the settings of the same run without any remedy."""
    return settings.changed(**OVERFITTED, rotation=0.0, mirror=False, patience=0)


def check_settings(settings: RunSettings) -> None:
    """Do nothing if this lesson's experiments can be made with these settings.

    Raises
    ------
    ParameterError
        If fresh points of two classes cannot be drawn, or the layers' activations differ.
    """
    if settings.dataset not in TWO_CLASSES:
        hint = "This lesson draws fresh points, of two classes, to judge the network by."
        raise ParameterError("dataset", settings.dataset, f"one of {', '.join(TWO_CLASSES)}", hint)
    if not isinstance(settings.activation, str):
        hint = "The remedies change the number of layers."
        raise ParameterError("activation", settings.activation, "one name for all layers", hint)


def shown(value: float, sign: str = "") -> str:
    """Return a difference of losses as a person reads it; with `sign` "+" it always has one."""
    return f"{value:{sign}.2f}".replace("-", "\N{MINUS SIGN}")


def near_zero(weights: Array) -> float:
    """Return the share of the weights that are near zero."""
    return float((np.abs(weights) < NEAR_ZERO).mean())


def all_weights(network: Network, replica: int = 0) -> Array:
    """Return the weights of all layers, without the biases, shape (weights,)."""
    return np.concatenate([layer[replica].ravel() for layer in network.weights])


def plane_chart(
    title: str,
    field: Array,
    data: Dataset,
    sentence: str,
    beside: Array | None = None,
    name: str = "no remedy",
) -> Chart:
    """Return the plane with its field, its boundary and the training points.

    Parameters
    ----------
    title : str
    field : ndarray of shape (SIDE, SIDE)
    data : Dataset
        The training points, of two classes.
    sentence : str
    beside : ndarray of shape (SIDE, SIDE), optional
        The field of another network, of which the boundary is shown as a thin line.
    name : str
        What that network is called.
    """
    marks: list[Mark] = [Field("P(class 1)", field, DOMAIN)]
    if beside is not None:
        marks.append(Contours(name, beside[None], DOMAIN, "text", faint=True))
    marks.append(Contours("boundary", field[None], DOMAIN))
    marks += class_marks(data.X, data.y)
    return Chart(title, X_AXIS, Y_AXIS, marks, sentence, square=True)


def curve(history: History) -> Array:
    """Return epochs, training and validation losses, thinned, shape (3, entries).

    Every second, fourth ... entry is left where there are many, so that what is left stays in its
    place as the run goes on.
    """
    rows = history.rows()[:, :3]
    stride = 1
    while len(rows) > stride * CURVE_ROWS:
        stride *= 2
    kept = rows[::stride]
    thinned: Array = (kept if len(rows) % stride == 1 % stride else np.append(kept, rows[-1:], 0)).T
    return thinned


def loss_marks(history: History) -> list[Mark]:
    """Return both losses of a run, and the gap between them."""
    epochs, train, validation = curve(history)
    low, high = np.minimum(train, validation), np.maximum(train, validation)
    return [
        Band("gap", epochs, low, high),
        Line("training", epochs, train, "text"),
        Line("validation", epochs, validation, "accent", "dashed"),
    ]


def reach_of(*weights: Array) -> float:
    """Return how far the axis of a histogram goes either way, in steps, for these weights."""
    largest = max(float(np.abs(some).max()) for some in weights)
    return next((reach for reach in _REACHES if largest <= reach), largest)


def histogram(
    weights: Array, reach: float, colour: Colour = "accent", pattern: Pattern = "plain"
) -> Bars:
    """Return the histogram of weights, with zero in the middle of a bar."""
    edges, counts = _count(weights, reach)
    return Bars("weights", edges[:-1], edges[1:], np.zeros(BINS), counts, colour, pattern)


def outline(name: str, weights: Array, reach: float) -> Line:
    """Return a histogram as a line, to compare with."""
    edges, counts = _count(weights, reach)
    return Line(name, (edges[:-1] + edges[1:]) / 2, counts, "text", "dotted", named=False)


def _count(weights: Array, reach: float) -> tuple[Array, Array]:
    counts, edges = np.histogram(weights, BINS, (-reach, reach))
    return edges, counts
