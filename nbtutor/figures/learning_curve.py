"""A learning curve as a figure: two bands over the floor, with the verdict."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from nbtutor.experiments.learning_curve import LearningCurve
from nbtutor.figures.drawing import blank_figure, draw
from nbtutor.figures.style import colours

_LABELS = {"error": "share of wrong answers", "loss": "cross-entropy (nats)"}


@draw.register
def _(result: LearningCurve) -> Figure:
    """Draw training and validation error against size, 8 by 4.4 inches.

    Lines are means over the draws; bands hold the middle 80 % of the networks.
    """
    c = colours()
    with blank_figure(8, 4.4) as figure:
        axes = figure.subplots()
        for name, values, colour, style, marker in (
            ("validation", result.validation, c["accent"], "--", "s"),
            ("training", result.train, c["text"], "-", "o"),
        ):
            mean = values.mean(axis=1)
            axes.plot(result.sizes, mean, color=colour, linestyle=style, marker=marker, label=name)
            low, high = np.quantile(values, (0.1, 0.9), axis=1)
            axes.fill_between(result.sizes, low, high, color=colour, alpha=0.13, linewidth=0)
        floor, threshold = result.floor, result.threshold
        axes.axhline(floor, color=c["quiet"], linewidth=1, linestyle=":", label="the floor (Bayes)")
        axes.axhspan(
            floor,
            floor + threshold,
            color=c["class-2"],
            alpha=0.12,
            linewidth=0,
            label=f"bias of at most {threshold:.3f}",
        )
        axes.set_xscale("log")
        axes.set_xticks(result.sizes, [f"{size:,}" for size in result.sizes])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set(xlabel="training points", ylabel=_LABELS[result.measure])
        axes.set_ylim(bottom=0)
        sure = "" if result.certain else " (not sure)"
        axes.set_title(f"with {result.sizes[-1]:,} points: {result.verdict}{sure}", fontsize=10)
        axes.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
        return figure
