"""Any chart of a lesson, as a matplotlib figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from nbtutor.charts import Axis, Band, Bars, Chart, Contours, Field, Line, Mark, Points, Rule
from nbtutor.figures.drawing import blank_figure
from nbtutor.figures.style import MARKERS, colours, field_map

DASHES = {"solid": "-", "dashed": "--", "dotted": ":", "dashdot": "-."}
HATCHES = {"plain": "", "rising": "///", "falling": "\\\\\\", "dots": "..."}
SHAPES = dict(zip(("circle", "square", "triangle", "diamond", "cross"), MARKERS, strict=True))


def chart_figure(charts: Sequence[Chart]) -> Figure:
    """Draw charts side by side, as the page shows them; four or more in rows of two.

    Parameters
    ----------
    charts : sequence of Chart
        One or more.
    """
    columns = len(charts) if len(charts) < 4 else 2
    rows = -(-len(charts) // columns)
    with blank_figure(4.6 * columns, 3.8 * rows) as figure:
        for place, chart in enumerate(charts, 1):
            _draw(figure.add_subplot(rows, columns, place), chart)
        return figure


def _draw(ax: Axes, chart: Chart) -> None:
    ax.set_title(chart.title, loc="left", fontsize=10, fontweight="bold", color=colours()["quiet"])
    for mark in chart.marks:
        _mark(ax, mark)
    _set_axis(ax, "x", chart.x)
    _set_axis(ax, "y", chart.y)
    if chart.square:
        ax.set_aspect("equal")
    handles, labels = ax.get_legend_handles_labels()
    by_name = dict(zip(labels, handles, strict=True))
    if by_name:
        pictured = any(isinstance(mark, Field) for mark in chart.marks)
        ax.legend(by_name.values(), by_name.keys(), frameon=pictured, fontsize=8)


def _set_axis(ax: Axes, which: str, axis: Axis) -> None:
    settings: dict[str, Any] = {f"{which}label": axis.label, f"{which}scale": axis.scale}
    if axis.limits is not None:
        settings[f"{which}lim"] = axis.limits
    ax.set(**settings)
    if axis.ticks is not None:
        places, words = [at for at, _ in axis.ticks], [word for _, word in axis.ticks]
        getattr(ax, f"set_{which}ticks")(places, words)


def _mark(ax: Axes, mark: Mark) -> None:
    colour = colours()[mark.colour] if not isinstance(mark, Field) else ""
    match mark:
        case Line():
            ax.plot(
                np.asarray(mark.x),
                np.asarray(mark.y),
                DASHES[mark.dash],
                color=colour,
                alpha=0.35 if mark.faint else 1,
                linewidth=0.8 if mark.faint else 1.6,
                label="" if mark.faint else mark.name,
            )
        case Points():
            ax.plot(
                np.asarray(mark.x),
                np.asarray(mark.y),
                SHAPES[mark.shape],
                color=colour,
                markerfacecolor="none" if mark.hollow else colour,
                markeredgecolor=colour if mark.hollow else colours()["outline"],
                markersize=5,
                label=mark.name,
            )
        case Band():
            ax.fill_between(
                np.asarray(mark.x),
                np.asarray(mark.low),
                np.asarray(mark.high),
                color=colour,
                alpha=0.18,
                linewidth=0,
                label=mark.name,
            )
        case Bars():
            left, right, low, high = (
                np.asarray(edge, float) for edge in (mark.left, mark.right, mark.low, mark.high)
            )
            plain = mark.pattern == "plain"
            ax.bar(
                left,
                high - low,
                right - left,
                low,
                align="edge",
                facecolor=colour if plain else f"{colour}40",
                edgecolor=colour,
                hatch=HATCHES[mark.pattern],
                label=mark.name,
            )
        case Rule():
            across = ax.axvline if mark.axis == "x" else ax.axhline
            across(
                mark.at, color=colour, linestyle=DASHES[mark.dash], linewidth=1, label=mark.label
            )
        case Field():
            sizes = LinearSegmentedColormap.from_list(
                "sizes", [colours()["ground"], colours()["accent"]]
            )
            ax.imshow(
                np.asarray(mark.values),
                extent=mark.extent,
                origin="lower",
                vmin=0,
                vmax=1,
                cmap=field_map() if mark.palette == "probability" else sizes,
                aspect="auto",
                # Pale, as on the page: points of a class are seen on the colour of their class.
                alpha=0.5 if mark.palette == "probability" else 1,
            )
        case Contours():
            values = np.asarray(mark.values)
            left_edge, right_edge, bottom, top = mark.extent
            rows, columns = values.shape[1:]
            x = left_edge + (np.arange(columns) + 0.5) * (right_edge - left_edge) / columns
            y = bottom + (np.arange(rows) + 0.5) * (top - bottom) / rows
            for one in values:
                if one.min() < 0.5 < one.max():
                    ax.contour(
                        *(x, y, one, [0.5]),
                        colors=colour,
                        linewidths=0.7 if mark.faint else 1.6,
                        alpha=0.4 if mark.faint else 1,
                    )
            ax.plot([], [], color=colour, linewidth=0.7 if mark.faint else 1.6, label=mark.name)
