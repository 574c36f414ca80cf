"""The loss over a plane in one figure, with the walks on it and their losses by three clocks."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nbtutor.experiments.loss_surface import LossSurface, Walk
from nbtutor.figures.drawing import blank_figure, draw
from nbtutor.figures.style import colours

_LEVELS = 18
_CLOCKS = ("epochs", "updates", "seconds")


@draw.register
def _(result: LossSurface) -> Figure:
    if not result.walks:
        with blank_figure(5.5, 4.5) as figure:
            _draw_surface(figure.subplots(), result)
            return figure
    with blank_figure(11, 6) as figure:
        axes = figure.subplot_mosaic([["surface", c] for c in _CLOCKS], width_ratios=(1.5, 1))
        _draw_surface(axes["surface"], result)
        for clock in _CLOCKS:
            _draw_clock(axes[clock], result.walks, clock)
        return figure


def _looks(walks: tuple[Walk, ...]) -> list[tuple[Walk, str]]:
    """Return each walk with its colour, the smallest batches first, so that they lie below."""
    c = colours()
    shades = [c["class-4"], c["class-1"], c["class-2"], c["class-3"], c["class-0"]]
    ordered = sorted(walks, key=lambda walk: walk.batch_size)
    return [(walk, shades[place % len(shades)]) for place, walk in enumerate(ordered)]


def _draw_surface(axes: Axes, result: LossSurface) -> None:
    c = colours()
    low = max(float(result.losses.min()), 1e-12)
    high = max(float(result.losses.max()), low * 1.001)  # a flat surface has a scale, too
    levels = np.geomspace(low * 0.999, high * 1.001, _LEVELS)
    where = (result.a, result.b, np.maximum(result.losses, low))
    filled = axes.contourf(*where, levels=levels, norm=LogNorm(), cmap="bone")
    axes.contour(*where, levels=levels, colors=c["quiet"], linewidths=0.4, alpha=0.6)
    for walk, colour in _looks(result.walks):
        along, across = walk.coordinates.T
        axes.plot(
            along, across, color=colour, linewidth=1.2, label=f"{walk.name} ({walk.batch_size})"
        )
        axes.plot(
            along[-1], across[-1], "o", color=colour, markeredgecolor=c["ground"], markersize=7
        )
    if result.walks:
        start = result.walks[0].coordinates[0]
        axes.plot(*start, "*", color=c["ground"], markeredgecolor=c["text"], markersize=12)
        axes.legend(fontsize=8, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4)
    axes.set(xlabel=result.plane.labels[0], ylabel=result.plane.labels[1])
    axes.xaxis.set_major_locator(MaxNLocator(6))
    scale = axes.figure.colorbar(filled, ax=axes, pad=0.02, format="%.2g")
    scale.ax.minorticks_off()
    scale.set_label("training loss (nats)")
    scale.ax.spines["outline"].set_visible(False)


def _draw_clock(axes: Axes, walks: tuple[Walk, ...], clock: str) -> None:
    for walk, colour in _looks(walks):
        axes.plot(getattr(walk, clock), walk.losses, color=colour, linewidth=1, label=walk.name)
    axes.set(xlabel=clock, ylabel="loss (nats)", yscale="log")
    if clock != "epochs":  # single points do hundreds of updates while full descent does one
        first = 1 if clock == "updates" else min(walk.update_seconds for walk in walks)
        axes.set_xscale("symlog", linthresh=10 ** np.floor(np.log10(first)))
        axes.set_xlim(left=0)
