"""The remedies, ranked."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from nbtutor.experiments.prescribe import Prescription
from nbtutor.figures.drawing import blank_figure, draw
from nbtutor.figures.style import colours


@draw.register
def _(result: Prescription) -> Figure:
    c = colours()
    count = len(result.remedies)
    shades = {"helps": c["class-2"], "harms": c["class-4"], "unclear": c["quiet"]}
    # One remedy that diverged would squeeze all others to a line: the axis leaves it outside.
    limit = 2.5 * float(np.median(np.abs(result.effect))) + 0.05 if count else 1.0
    limit = max(limit, 1.1 * float(result.before_validation.mean()) / 2)
    with blank_figure(9, 1.6 + 0.32 * count) as figure:
        axes = figure.subplots()
        pairs = result.validation_loss - result.before_validation
        for row, name in enumerate(result.names):
            colour = shades[result.verdict(name)]
            effect, half_width = result.effect[row], result.half_width[row]
            axes.scatter(pairs[row], np.full(pairs.shape[1], row), s=8, color=colour, alpha=0.3)
            axes.errorbar(effect, row, xerr=half_width, fmt="o", color=colour, capsize=3)
            if abs(effect) > limit:
                side = 1 if effect > 0 else -1
                axes.annotate(
                    f"{effect:+.2g} →" if side > 0 else f"← {effect:+.2g}",
                    (0.99 if side > 0 else 0.01, row),
                    xycoords=("axes fraction", "data"),
                    ha="right" if side > 0 else "left",
                    va="center",
                    fontsize=8,
                    color=colour,
                )
        axes.axvline(0, color=c["text"], linewidth=0.8)
        axes.set_yticks(range(count), [remedy.sentence for remedy in result.remedies])
        axes.set_ylim(count - 0.5, -0.5)
        axes.set_xlim(-limit, limit)
        axes.set_xlabel(
            f"change of validation loss from {result.before_validation.mean():.2f} (nats), "
            f"{len(result.before_validation)} pairs and their 95 % interval"
        )
        axes.set_title("left of the line the remedy helps", fontsize=9, color=c["quiet"])
        return figure
