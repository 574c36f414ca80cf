"""What a chart shows, as data: axes, and marks on them.

A lesson says what is to be seen; `nbtutor.widgets.views.ChartView` draws it in the browser, and
`nbtutor.figures.chart_figure` on paper. So a lesson needs no drawing code of its own, both show the
same, and what they show can be tested without either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from nbtutor.engine.validation import ParameterError, check_choice

Colour = Literal["text", "quiet", "accent", "alarm", "class-0", "class-1", "class-2", "class-3"]
Dash = Literal["solid", "dashed", "dotted", "dashdot"]
Pattern = Literal["plain", "rising", "falling", "dots"]
Shape = Literal["circle", "square", "triangle", "diamond", "cross"]

COLOURS = dict.fromkeys(Colour.__args__)  # type: ignore[attr-defined]
DASHES = dict.fromkeys(Dash.__args__)  # type: ignore[attr-defined]
PATTERNS = dict.fromkeys(Pattern.__args__)  # type: ignore[attr-defined]
SHAPES = dict.fromkeys(Shape.__args__)  # type: ignore[attr-defined]
SCALES = dict.fromkeys(("linear", "log"))


@dataclass(frozen=True)
class Axis:
    """One of the two axes.

    Parameters
    ----------
    label : str
        What it shows, with its unit.
    scale : {"linear", "log"}
        A logarithmic one leaves out what is not above 0.
    limits : pair of float, optional
        Its ends. Without them the axis fits the marks, and grows in steps.
    ticks : sequence of (float, str), optional
        Places and words of its ticks, instead of numbers.
    """

    label: str
    scale: Literal["linear", "log"] = "linear"
    limits: tuple[float, float] | None = None
    ticks: Sequence[tuple[float, str]] | None = None

    def __post_init__(self) -> None:
        check_choice("scale", self.scale, SCALES)
        if self.limits is not None:
            low, high = self.limits
            finite = np.isfinite(low) and np.isfinite(high) and low < high
            if not finite or (self.scale == "log" and low <= 0):
                allowed = "two finite numbers, the lower first; above 0 on a logarithmic axis"
                raise ParameterError("limits", self.limits, allowed)


@dataclass(frozen=True)
class Line:
    """A line through points of ascending x; a NaN is a gap.

    Parameters
    ----------
    name : str
    x, y : array of shape (n,)
    colour, dash
        Lines are told apart by both.
    named : bool
        Whether its name stands at its end; otherwise it is in the legend.
    faint : bool
        One of many, of which the whole is looked at; it has no entry in the legend.
    """

    name: str
    x: ArrayLike
    y: ArrayLike
    colour: Colour = "text"
    dash: Dash = "solid"
    named: bool = True
    faint: bool = False


@dataclass(frozen=True)
class Points:
    """Markers.

    Parameters
    ----------
    name : str
    x, y : array of shape (n,)
    colour, shape
        Kinds of points are told apart by both.
    hollow : bool
    """

    name: str
    x: ArrayLike
    y: ArrayLike
    colour: Colour = "text"
    shape: Shape = "circle"
    hollow: bool = False


@dataclass(frozen=True)
class Band:
    """The room between two lines.

    Parameters
    ----------
    name : str
    x, low, high : array of shape (n,)
    colour
    """

    name: str
    x: ArrayLike
    low: ArrayLike
    high: ArrayLike
    colour: Colour = "accent"


@dataclass(frozen=True)
class Bars:
    """Rectangles: a histogram, or bars on or beside each other.

    Parameters
    ----------
    name : str
    left, right, low, high : array of shape (n,)
        Their edges.
    colour, pattern
        Kinds of bars are told apart by both.
    """

    name: str
    left: ArrayLike
    right: ArrayLike
    low: ArrayLike
    high: ArrayLike
    colour: Colour = "accent"
    pattern: Pattern = "plain"


@dataclass(frozen=True)
class Rule:
    """A thin line across the chart, with a word on it.

    Parameters
    ----------
    label : str
    at : float
    axis : {"x", "y"}
        The axis that `at` is on.
    colour, dash
    """

    label: str
    at: float
    axis: Literal["x", "y"] = "x"
    colour: Colour = "quiet"
    dash: Dash = "solid"


@dataclass(frozen=True)
class Field:
    """A picture of numbers over the plane, under everything else.

    Parameters
    ----------
    name : str
    values : array of shape (rows, columns)
        From 0 to 1; row 0 is the lowest y. NaN counts as 0.
    extent : (float, float, float, float)
        x from, x to, y from, y to: the outer edges of the outer cells.
    palette : {"probability", "size"}
        From the colour of class 0 over neutral, at one half, to that of class 1; or from the ground
        to the accent.
    """

    name: str
    values: ArrayLike
    extent: tuple[float, float, float, float]
    palette: Literal["probability", "size"] = "probability"


@dataclass(frozen=True)
class Contours:
    """For each of several fields, the lines on which it crosses one half.

    Parameters
    ----------
    name : str
    values : array of shape (k, rows, columns)
        As in `Field`.
    extent : (float, float, float, float)
    colour
    faint : bool
        Thin and translucent, so that many are seen as one.
    """

    name: str
    values: ArrayLike
    extent: tuple[float, float, float, float]
    colour: Colour = "text"
    faint: bool = False


Mark: TypeAlias = Line | Points | Band | Bars | Rule | Field | Contours

PALETTES = dict.fromkeys(("probability", "size"))

_ARRAYS: dict[type, tuple[str, tuple[str, ...]]] = {
    Line: ("line", ("x", "y")),
    Points: ("points", ("x", "y")),
    Band: ("band", ("x", "low", "high")),
    Bars: ("bars", ("left", "right", "low", "high")),
    Rule: ("rule", ()),
}


@dataclass(frozen=True)
class Chart:
    """A chart.

    Parameters
    ----------
    title : str
    x, y : Axis
    marks : sequence of Line, Points, Band, Bars, Rule, Field or Contours
        Drawn in this order.
    sentence : str
        What it shows now, in words, for who cannot see it.
    square : bool
        Whether it is drawn as a square, for the plane of the inputs.
    """

    title: str
    x: Axis
    y: Axis
    marks: Sequence[Mark] = ()
    sentence: str = ""
    square: bool = False


def encode(chart: Chart) -> dict[str, Any]:
    """Return a chart as the browser takes it.

    Returns
    -------
    dict
        ``title``, ``sentence``, the axes ``x`` and ``y`` (``label``, ``scale``, ``limits``,
        ``ticks``), ``square``, and ``marks``, each with its ``kind``, its settings, and
        ``arrays``: float32, little-endian; for fields and contours bytes, 256 times the values,
        the top row first, of the ``shape`` (k, rows, columns).

    Raises
    ------
    ParameterError
        If a mark's arrays have not one length, or a colour, dash, pattern or shape is unknown.
    """
    return {
        "title": chart.title,
        "sentence": chart.sentence,
        "square": chart.square,
        "x": _encode_axis(chart.x),
        "y": _encode_axis(chart.y),
        "marks": [_encode_mark(mark) for mark in chart.marks],
    }


def _encode_axis(axis: Axis) -> dict[str, Any]:
    return {
        "label": axis.label,
        "scale": axis.scale,
        "limits": None if axis.limits is None else [float(end) for end in axis.limits],
        "ticks": None if axis.ticks is None else [[float(at), word] for at, word in axis.ticks],
    }


def _encode_mark(mark: Mark) -> dict[str, Any]:
    if isinstance(mark, Field | Contours):
        return _encode_field(mark)
    kind, names = _ARRAYS[type(mark)]
    arrays = [np.ravel(np.asarray(getattr(mark, name), "<f4")) for name in names]
    if len({len(array) for array in arrays}) > 1:
        lengths = ", ".join(f"{name} {len(a)}" for name, a in zip(names, arrays, strict=True))
        raise ParameterError("marks", f"a {kind} with {lengths}", "arrays of one length")
    settings = {name: value for name, value in vars(mark).items() if name not in names}
    known = {"colour": COLOURS, "dash": DASHES, "pattern": PATTERNS, "shape": SHAPES}
    for name in known.keys() & settings.keys():
        check_choice(name, settings[name], known[name])
    return {"kind": kind, **settings, "arrays": [array.tobytes() for array in arrays]}


def _encode_field(mark: Field | Contours) -> dict[str, Any]:
    several = isinstance(mark, Contours)
    values = np.asarray(mark.values, np.float64)
    if values.ndim != 2 + several or values.size == 0:
        wanted = "(k, rows, columns)" if several else "(rows, columns)"
        raise ParameterError("values", f"shape {values.shape}", f"of shape {wanted}")
    settings = {name: value for name, value in vars(mark).items() if name != "values"}
    known = {"colour": COLOURS, "palette": PALETTES}
    for name in known.keys() & settings.keys():
        check_choice(name, settings[name], known[name])
    stack = values.reshape(-1, *values.shape[-2:])[:, ::-1]
    # Rounded down, so that the bytes above 127 are the values above one half.
    bytes_ = np.clip(np.nan_to_num(stack) * 256, 0, 255).astype(np.uint8)
    return {
        "kind": "contours" if several else "field",
        **settings,
        "extent": [float(end) for end in mark.extent],
        "shape": list(stack.shape),
        "arrays": [bytes_.tobytes()],
    }
