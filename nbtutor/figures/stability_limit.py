"""The stability limit in one figure: how it was found, and descent on both sides of it."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nbtutor.experiments.lr_sweep import LearningRateSweep
from nbtutor.experiments.stability_limit import StabilityLimit
from nbtutor.figures.drawing import blank_figure, draw
from nbtutor.figures.style import colours


@draw.register
def _(result: StabilityLimit) -> Figure:
    with blank_figure(9.5 if result.sweep else 5, 4) as figure:
        if result.sweep is None:
            _draw_estimates(figure.subplots(), result)
        else:
            estimates, runs = figure.subplots(1, 2, width_ratios=(1, 1.3))
            _draw_estimates(estimates, result)
            _draw_runs(runs, result, result.sweep)
        return figure


def _draw_estimates(axes: Axes, result: StabilityLimit) -> None:
    c = colours()
    iterations = np.arange(1, result.iterations + 1)
    axes.axhline(result.eigenvalue, color=c["line"], linewidth=1)
    axes.plot(iterations, result.estimates, ".-", color=c["accent"], markersize=4)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="products with the Hessian", ylabel="estimate of $\\lambda_{max}$")
    axes.set_title(
        f"$\\lambda_{{max}}$ = {result.eigenvalue:.3g}, limit of the rate = {result.limit:.3g}",
        fontsize=10,
    )


def _draw_runs(axes: Axes, result: StabilityLimit, sweep: LearningRateSweep) -> None:
    c = colours()
    order = np.argsort(result.factors)
    shades = colormaps["viridis"](np.linspace(0.1, 0.85, len(order)))
    for shade, place in zip(shades, order, strict=True):
        factor = result.factors[place]
        axes.plot(
            sweep.epochs,
            sweep.losses[:, place],
            color=shade,
            linestyle="-" if factor < 1 else "--",
            label=f"{factor:g} × limit" + (", diverged" if sweep.diverged[place] else ""),
        )
    axes.axhline(float(sweep.losses[0].max()), color=c["line"], linewidth=1)
    axes.set(xlabel="update of full-batch descent", ylabel="training loss (nats)", yscale="log")
    axes.legend(fontsize=8, frameon=False)
