"""Transfer as a figure: both errors, and the paired gain of pretraining."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from nbtutor.experiments.transfer import TransferResult
from nbtutor.figures.drawing import blank_figure, draw
from nbtutor.figures.style import colours


@draw.register
def _(result: TransferResult) -> Figure:
    """Draw errors by target points, and the gain pair by pair, 10 by 4.2 inches."""
    with blank_figure(10, 4.2) as figure:
        errors, gains = figure.subplots(1, 2)
        _draw_errors(errors, result)
        _draw_gains(gains, result)
        for axes in (errors, gains):
            axes.set_xscale("log")
            axes.set_xticks(result.sizes, [f"{size:,}" for size in result.sizes])
            axes.xaxis.set_minor_locator(NullLocator())
            axes.set_xlabel("points of the target task")
        return figure


def _draw_errors(axes: Axes, result: TransferResult) -> None:
    c = colours()
    for name, values, colour, style, marker in (
        ("from scratch", result.scratch, c["text"], "-", "o"),
        ("pretrained, then tuned", result.tuned, c["accent"], "--", "s"),
    ):
        mean = values.mean(axis=1)
        axes.plot(result.sizes, mean, color=colour, linestyle=style, marker=marker, label=name)
        low, high = np.quantile(values, (0.1, 0.9), axis=1)
        axes.fill_between(result.sizes, low, high, color=colour, alpha=0.13, linewidth=0)
    axes.axhline(
        result.untuned.mean(),
        color=c["quiet"],
        linestyle=":",
        linewidth=1,
        label="pretrained, as it is",
    )
    axes.set_ylabel("share of wrong answers, target task")
    axes.set_ylim(bottom=0)
    axes.set_title(f"source task turned by {result.rotation:g}°", fontsize=10)
    axes.legend(fontsize=8, frameon=False)


def _draw_gains(axes: Axes, result: TransferResult) -> None:
    c = colours()
    mean, doubt = result.mean_gain
    for gains, size in zip(result.gain, result.sizes, strict=True):
        axes.plot(np.full(len(gains), size), gains, ".", color=c["quiet"], alpha=0.5, markersize=4)
    axes.errorbar(
        result.sizes, mean, 2 * doubt, color=c["accent"], marker="D", capsize=4, label="±2 s.e."
    )
    axes.axhline(0, color=c["text"], linewidth=0.8)
    axes.set_ylabel("error saved by pretraining, pair by pair")
    axes.set_title("above the line it helps, below it hurts", fontsize=10)
    axes.legend(fontsize=8, frameon=False)
