"""The charts of lesson 10, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from nbtutor.charts import (
    Axis,
    Bars,
    Chart,
    Colour,
    Contours,
    Field,
    Line,
    Mark,
    Pattern,
    Points,
    Rule,
)
from nbtutor.engine import Dataset
from nbtutor.engine.datasets import DOMAIN
from nbtutor.experiments import Decomposition, VarianceSplit
from nbtutor.widgets.tutors.plane_marks import X_AXIS, Y_AXIS, class_marks

Array = np.ndarray

FULL = 0.25
"""A map's full colour: the largest variance that numbers from 0 to 1 can have."""

BEST = "best possible boundary"


def boundaries(
    title: str,
    mean: Array,
    crossings: Array,
    truth: Array | None,
    points: Dataset | None = None,
) -> Chart:
    """Show the boundaries of many networks over their mean.

    Parameters
    ----------
    title : str
    mean : array of shape (side, side)
    crossings : array of shape (replicas, side, side)
    truth : array of shape (side, side), optional
        The true P(class 1).
    points : Dataset, optional
        What one of them learns from.
    """
    marks: list[Mark] = [
        Field("mean of P(class 1)", mean, _extent(mean)),
        Contours("boundary of a network", crossings, _extent(mean), faint=True),
        *_best(truth),
    ]
    if points is not None:
        marks += class_marks(points.X, points.y, of=" of one draw")
    sentence = f"{len(crossings)} boundaries between the classes, over the networks' mean answer."
    return Chart(title, X_AXIS, Y_AXIS, marks, sentence, square=True)


def spread_map(
    title: str, values: Array | None, truth: Array | None, presence: Array, what: str
) -> Chart:
    """Show numbers over the plane, from 0 to `FULL`.

    Parameters
    ----------
    title : str
    values : array of shape (side, side) or None
        None while they are not known.
    truth : array of shape (side, side) or None
    presence : array of shape (side, side)
        From 0 to 1: the map fades where hardly any points come, for they hardly count there.
    what : str
        What the numbers are.
    """
    marks: list[Mark] = []
    sentence = f"{what} is being worked out."
    if values is not None:
        values = values * presence
        row, column = np.unravel_index(values.argmax(), values.shape)
        x, y = (np.linspace(DOMAIN[0], DOMAIN[1], len(values))[at] for at in (column, row))
        sentence = (
            f"{what} over the plane. It is largest, {values.max():.2g}, at ({x:.1f}, {y:.1f})."
        )
        marks = [Field(what, values / FULL, _extent(values), "size"), *_best(truth)]
    return Chart(title, X_AXIS, Y_AXIS, marks, sentence, square=True)


def sum_of_parts(title: str, parts: Decomposition | None, drawn: float) -> Chart:
    """Show noise, squared bias and variance one on the other, and the error that they make up.

    Parameters
    ----------
    title : str
    parts : Decomposition or None
        None while they are not known.
    drawn : float
        The error on labels that were drawn once.
    """
    axis = Axis("", limits=(-0.1, 4.1), ticks=_ticks(*_PARTS, "error"))
    y = Axis("squared error", limits=(0, 0.3))
    if parts is None:
        return Chart(title, axis, y, (), "The parts are being worked out.")
    sizes = (parts.noise, parts.bias2, parts.variance)
    marks = [
        *_stair(sizes, tuple(_PARTS.values()), parts.expected_error),
        Rule("noise floor", parts.noise, "y", dash="dotted"),
        Points("error on labels drawn once", [3.5], [drawn], "accent", "diamond"),
    ]
    sentence = f"{sum_in_words(parts)}. On labels drawn once, the error is {drawn:.3f}."
    return Chart(title, axis, y, marks, sentence)


def sources(title: str, split: VarianceSplit | None) -> Chart:
    """Show the part of the variance from the points, that from the first weights, and their sum."""
    axis = Axis("", limits=(-0.1, 3.1), ticks=_ticks(*_SOURCES, "variance"))
    marks: list[Mark] = []
    sentence = "The variance is being worked out."
    if split is not None:
        sizes = (split.data, split.given_data)
        marks = [*_stair(sizes, tuple(_SOURCES.values()), split.total)]
        sentence = f"{split_in_words(split)}."
    return Chart(title, axis, Axis("variance"), marks, sentence)


def sources_over_time(title: str, epochs: Sequence[int], splits: Sequence[VarianceSplit]) -> Chart:
    """Show both parts of the variance against the epoch."""
    last = Axis("epoch", limits=(0, max(1, *epochs)))
    data, weights, total = (
        np.array([getattr(split, name) for split in splits])
        for name in ("data", "given_data", "total")
    )
    marks = [
        Line("points", epochs, data, "class-2", "dashed"),
        Line("weights", epochs, weights, "class-3", "dashdot"),
        Line("both", epochs, total),
    ]
    return Chart(title, last, Axis("variance"), marks, f"{split_in_words(splits[-1])}.")


def u_curve(
    title: str,
    axis: Axis,
    parts: Sequence[Decomposition],
    chosen: int,
    best: int | None,
    sentence: str,
) -> Chart:
    """Show bias², variance, noise and their sum against a setting, one place for each value."""
    x = np.arange(len(parts))
    marks: list[Mark] = []
    if parts:
        total, bias2, variance = (
            np.array([getattr(each, name) for each in parts])
            for name in ("expected_error", "bias2", "variance")
        )
        marks = [
            Line("bias²", x, bias2, "class-0", "dashed"),
            Line("variance", x, variance, "class-1", "dashdot"),
            Line("error", x, total),
            Line("noise", x, [each.noise for each in parts], "quiet", "dotted"),
            Rule("you look here", float(chosen), colour="accent"),
        ]
        if best is not None:
            marks.append(Points("lowest error", [best], [total[best]], "alarm", "diamond"))
    return Chart(title, axis, Axis("squared error"), marks, sentence)


def sum_in_words(parts: Decomposition) -> str:
    """Say that the parts make up the error."""
    return (
        f"Noise {parts.noise:.3f} + bias² {parts.bias2:.3f} + variance {parts.variance:.3f} = "
        f"expected squared error {parts.expected_error:.3f}"
    )


def split_in_words(split: VarianceSplit) -> str:
    """Say how much of the variance comes from where."""
    return (
        f"Variance from other points {split.data:.3f} + from other first weights "
        f"{split.given_data:.3f} = {split.total:.3f}"
    )


_Style: TypeAlias = tuple[Colour, Pattern]
_PARTS: dict[str, _Style] = {
    "noise": ("quiet", "dots"),
    "bias²": ("class-0", "rising"),
    "variance": ("class-1", "falling"),
}
_SOURCES: dict[str, _Style] = {"points": ("class-2", "rising"), "weights": ("class-3", "falling")}


def _ticks(*words: str) -> list[tuple[float, str]]:
    return [(place + 0.5, word) for place, word in enumerate(words)]


def _stair(sizes: Sequence[float], styles: Sequence[_Style], total: float) -> list[Mark]:
    """Return bars of which each starts where the one before ends, and one of their sum."""
    below = 0.0
    marks: list[Mark] = []
    for place, (size, style) in enumerate(zip(sizes, styles, strict=True)):
        marks.append(Bars("", [place + 0.1], [place + 0.9], [below], [below + size], *style))
        below += size
    place = len(sizes)
    return [*marks, Bars("", [place + 0.1], [place + 0.9], [0], [total], "quiet")]


def _best(truth: Array | None) -> list[Contours]:
    if truth is None:
        return []
    return [Contours(BEST, truth[None], _extent(truth), "text")]


def _extent(field: Array) -> tuple[float, float, float, float]:
    """Return the outer edges of the cells: the outer points lie on the plane's edge."""
    left, right, bottom, top = DOMAIN
    half = (right - left) / (len(field) - 1) / 2
    return left - half, right + half, bottom - half, top + half
