"""An ensemble as a figure: boundaries, the sum, and the error against the number of members."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nbtutor.experiments.ensemble import EnsembleResult
from nbtutor.figures.drawing import blank_figure, draw
from nbtutor.figures.maps import draw_boundary, draw_field
from nbtutor.figures.style import colours

_SPAGHETTI = 50


@draw.register
def _(result: EnsembleResult) -> Figure:
    """Draw the plane, the two parts as bars, and the gain by count, 12 by 3.9 inches."""
    with blank_figure(12, 3.9) as figure:
        plane, bars, counts = figure.subplots(1, 3)
        _draw_plane(plane, result)
        _draw_bars(bars, result)
        _draw_counts(counts, result)
        return figure


def _draw_plane(axes: Axes, result: EnsembleResult) -> None:
    c = colours()
    together = result.fields.mean(axis=0)
    draw_field(axes, together).set_alpha(0.5)
    for field in result.fields[:_SPAGHETTI]:
        draw_boundary(axes, result.axis, field, c["quiet"], 0.5)
    draw_boundary(axes, result.axis, together, c["boundary"], 2)
    axes.set_title("members' boundaries, and the ensemble's", fontsize=10)


def _draw_bars(axes: Axes, result: EnsembleResult) -> None:
    c = colours()
    errors = result.parts.errors
    axes.bar(0, result.mean_error, color=c["quiet"])
    axes.bar(1, result.diversity, bottom=result.error, color=c["class-2"])
    axes.bar(2, result.error, color=c["accent"])
    axes.plot(np.linspace(-0.3, 0.3, len(errors)), errors, ".", color=c["text"], markersize=4)
    heights = (result.mean_error, result.mean_error, result.error)
    values = (result.mean_error, -result.diversity, result.error)
    for place, (height, value) in enumerate(zip(heights, values, strict=True)):
        axes.annotate(
            f"{value:.4f}".replace("-", "−"),
            (place + 0.05, height),
            xytext=(0, 3),
            textcoords="offset points",
            fontsize=8,
            bbox={"facecolor": c["ground"], "edgecolor": "none", "pad": 0.5},
        )
    axes.set_xticks(
        [0, 1, 2], ["members'\nmean error", "less their\ndiversity", "ensemble's\nerror"]
    )
    axes.set(ylabel="squared error of P(class 1)")
    axes.set_ylim(0, 1.1 * max(errors.max(), result.mean_error))


def _draw_counts(axes: Axes, result: EnsembleResult) -> None:
    c = colours()
    count = np.arange(1, len(result.predictions) + 1)
    axes.plot(count, result.error_by_count, "o-", color=c["accent"], markersize=3, label="error")
    axes.axhline(
        result.noise, color=c["quiet"], linestyle=":", linewidth=1, label="noise: the floor"
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="members asked together", ylabel="squared error of P(class 1)")
    axes.set_ylim(0, 1.15 * result.error_by_count[0])
    axes.legend(fontsize=8, frameon=False, loc="upper right")
