"""Many learning rates in one figure: the loss curves, and the U."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from nbtutor.experiments.lr_sweep import LearningRateSweep
from nbtutor.figures.drawing import blank_figure, draw
from nbtutor.figures.style import colours


@draw.register
def _(result: LearningRateSweep) -> Figure:
    with blank_figure(9.5, 4) as figure:
        curves, u = figure.subplots(1, 2, width_ratios=(1.15, 1))
        _draw_curves(figure, curves, result)
        draw_final_losses(u, result)
        return figure


def _draw_curves(figure: Figure, axes: Axes, result: LearningRateSweep) -> None:
    c, colour_map = colours(), colormaps["viridis"]
    low, high = result.rates[0], result.rates[-1]
    norm = LogNorm(low, high if high > low else 2 * low)
    for rate, losses in zip(result.rates, result.losses.T, strict=True):
        axes.plot(result.epochs, losses, color=colour_map(norm(rate)), linewidth=1)
    if result.best is not None:
        losses = result.losses[:, result.best]
        axes.plot(result.epochs, losses, color=c["text"], linewidth=2, label="best rate")
        axes.legend(fontsize=8, frameon=False, loc="upper right")
    # A rate that is far too large would press all others into one line.
    top = 1.5 * float(result.losses[0].max())
    axes.set(xlabel="epoch", ylabel="training loss (nats)", ylim=(0, top))
    scale = figure.colorbar(ScalarMappable(norm, colour_map), ax=axes, pad=0.02)
    scale.set_label("learning rate")
    scale.ax.spines["outline"].set_visible(False)


def draw_final_losses(axes: Axes, result: LearningRateSweep) -> None:
    """Draw the final losses against the rate: the U, its best rate, and what diverged."""
    c = colours()
    rates, final = result.rates, result.final_losses
    start = float(result.losses[0].max())
    axes.axhline(start, color=c["line"], linewidth=1, label="before training")
    axes.plot(rates, final, "o-", color=c["accent"], markersize=4, label="training")
    if np.isfinite(result.validation_losses[-1]).any():
        validation = result.validation_losses[-1]
        axes.plot(rates, validation, "s--", color=c["class-1"], markersize=3, label="validation")
    axes.set(xscale="log", yscale="log", xlabel="learning rate", ylabel="loss at the end (nats)")
    if result.diverged.any():
        axes.plot(
            rates[result.diverged],
            np.full(result.diverged.sum(), 0.97),
            "X",
            color=c["alarm"],
            transform=axes.get_xaxis_transform(),
            label="diverged",
        )
    if result.best is not None:
        axes.plot(
            rates[result.best],
            final[result.best],
            "o",
            color=c["text"],
            markersize=8,
            fillstyle="none",
            label=f"best: {result.best_rate:.2g}",
        )
    axes.legend(fontsize=8, frameon=False)
