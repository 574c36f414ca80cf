"""The checks of a pipeline as a list of gates."""

from __future__ import annotations

from matplotlib.figure import Figure

from nbtutor.experiments.sanity import SanityReport
from nbtutor.figures.drawing import blank_figure, draw
from nbtutor.figures.style import colours


@draw.register
def _(result: SanityReport) -> Figure:
    c = colours()
    count = len(result.checks)
    with blank_figure(11, 0.5 + 0.42 * count) as figure:
        axes = figure.subplots()
        axes.set(xlim=(0, 1), ylim=(count - 0.4, -0.6))
        axes.axis("off")
        for row, check in enumerate(result.checks):
            # The mark and the word say it too, so that it is told without colour.
            colour, mark = (c["class-2"], "o") if check.passed else (c["class-4"], "X")
            axes.plot(0.012, row, mark, color=colour, markersize=9)
            name = check.name.replace("_", " ")
            verdict = "passed" if check.passed else "failed"
            axes.text(0.035, row, name, va="center", fontweight="bold", fontsize=9)
            axes.text(0.175, row, verdict, va="center", color=colour, fontsize=9)
            axes.text(0.245, row, check.sentence, va="center", fontsize=9)
        return figure
