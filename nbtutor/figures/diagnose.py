"""The kind of fit, with its thresholds drawn."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nbtutor.experiments.diagnose import Diagnosis
from nbtutor.figures.drawing import blank_figure, draw
from nbtutor.figures.style import colours


@draw.register
def _(result: Diagnosis) -> Figure:
    with blank_figure(10, 4.4) as figure:
        if len(result.train_losses) > 1:
            left, right = figure.subplots(1, 2)
            _draw_curves(left, result)
        else:
            right = figure.subplots()
        _draw_verdict(right, result)
        figure.suptitle(result.sentence, fontsize=10, wrap=True)
        return figure


def _draw_curves(axes: Axes, result: Diagnosis) -> None:
    c = colours()
    epochs = np.arange(len(result.train_losses))
    series = (
        ("training", result.train_losses, c["text"], "-"),
        ("validation", result.validation_losses, c["accent"], "--"),
    )
    for name, losses, colour, line in series:
        axes.plot(epochs, losses.mean(axis=1), color=colour, linestyle=line, label=name)
        low, high = np.quantile(losses, [0.1, 0.9], axis=1)
        axes.fill_between(epochs, low, high, color=colour, alpha=0.12, linewidth=0)
    _level(axes, result.chance, "chance")
    _level(axes, result.high_line, "high above")
    if result.floor:
        _level(axes, result.floor, "floor")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="epoch (bands: 80 % of the seeds)", ylabel="loss (nats)")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8, frameon=False)


def _level(axes: Axes, value: float, name: str) -> None:
    quiet = colours()["quiet"]
    axes.axhline(value, color=quiet, linewidth=0.7, linestyle=":")
    axes.annotate(
        name,
        (1, value),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="bottom",
        fontsize=8,
        color=quiet,
    )


def _draw_verdict(axes: Axes, result: Diagnosis) -> None:
    """Training loss against gap: the four kinds of fit are four regions."""
    c = colours()
    right = max(result.chance, result.train_loss) * 1.15
    bottom = min(2 * result.below_line, result.gap * 1.3, -0.1 * result.chance)
    top = max(3 * result.gap_line, (result.gap + min(result.gap_half_width, 1)) * 1.2)
    high, gap, below = result.high_line, result.gap_line, result.below_line
    regions = (
        ("unknown", (0, right), (bottom, below), c["quiet"]),
        ("underfit", (high, right), (below, top), c["class-0"]),
        ("overfit", (0, high), (gap, top), c["class-1"]),
        ("good", (0, high), (below, gap), c["class-2"]),
    )
    for name, (x0, x1), (y0, y1), colour in regions:
        axes.fill_between([x0, x1], y0, y1, color=colour, alpha=0.18, linewidth=0)
        axes.annotate(
            name,
            (x1, y1),
            xytext=(-5, -5),
            textcoords="offset points",
            ha="right",
            va="top",
            color=c["quiet"],
        )
    widths = [w if np.isfinite(w) else 0 for w in (result.train_half_width, result.gap_half_width)]
    axes.errorbar(
        result.train_loss,
        result.gap,
        xerr=widths[0],
        yerr=widths[1],
        fmt="o",
        color=c["text"],
        capsize=3,
    )
    if result.floor:
        axes.axvline(result.floor, color=c["quiet"], linewidth=0.7, linestyle=":")
        axes.annotate(
            "floor",
            (result.floor, 0),
            xycoords=("data", "axes fraction"),
            xytext=(3, 3),
            textcoords="offset points",
            fontsize=8,
            color=c["quiet"],
        )
    axes.set(
        xlim=(0, right),
        ylim=(bottom, top),
        xlabel="training loss (nats)",
        ylabel="validation loss − training loss (nats)",
    )
