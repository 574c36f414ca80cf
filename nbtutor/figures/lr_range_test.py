"""A range test in one figure: loss or accuracy against the rate, with the suggestions."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from nbtutor.experiments.lr_range_test import LearningRateRangeTest
from nbtutor.experiments.lr_sweep import LearningRateSweep
from nbtutor.figures.drawing import blank_figure, draw
from nbtutor.figures.style import MARKERS, colours


@draw.register
def _(result: LearningRateRangeTest) -> Figure:
    if result.form == "linear":
        with blank_figure(7, 4) as figure:
            _draw_accuracies(figure.subplots(), result)
            return figure
    with blank_figure(9.5 if result.sweep else 7, 4) as figure:
        if result.sweep is None:
            _draw_losses(figure.subplots(), result)
        else:
            losses, real = figure.subplots(1, 2, width_ratios=(1.4, 1))
            _draw_losses(losses, result)
            _draw_real_runs(real, result, result.sweep)
        return figure


def _looks(result: LearningRateRangeTest) -> dict[str, tuple[str, str]]:
    """Return the marker and colour of each suggestion."""
    c = colours()
    return {
        name: (MARKERS[place], c[f"class-{place}"]) for place, name in enumerate(result.suggestions)
    }


def _draw_losses(axes: Axes, result: LearningRateRangeTest) -> None:
    c = colours()
    axes.plot(result.rates, result.losses, ".", color=c["quiet"], alpha=0.5, label="mini-batch")
    axes.plot(result.rates, result.smoothed, color=c["text"], label="smoothed")
    for name, (marker, colour) in _looks(result).items():
        rate = result.suggestions[name]
        if rate is not None:
            axes.axvline(rate, color=colour, linewidth=1, linestyle=":")
            height = float(result.smoothed[(result.rates <= rate).sum() - 1])
            axes.plot(rate, height, marker, color=colour, label=f"{name}: {rate:.2g}")
    top = 2.5 * float(result.smoothed[0])
    axes.set(xscale="log", xlabel="learning rate", ylabel="loss (nats)", ylim=(0, top))
    axes.legend(fontsize=8, frameon=False, loc="upper left")


def _draw_accuracies(axes: Axes, result: LearningRateRangeTest) -> None:
    axes.plot(result.rates, result.accuracies, color=colours()["accent"])
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set(xlabel="learning rate", ylabel="accuracy", ylim=(0, 1.02))


def _draw_real_runs(axes: Axes, result: LearningRateRangeTest, sweep: LearningRateSweep) -> None:
    for name, (marker, colour) in _looks(result).items():
        rate = result.suggestions[name]
        if rate is not None:
            losses = sweep.losses[:, sweep.rates.tolist().index(rate)]
            every = max(len(losses) // 6, 1)
            axes.plot(
                sweep.epochs, losses, color=colour, marker=marker, markevery=every, label=name
            )
    axes.set(xlabel="epoch", ylabel="training loss (nats)")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8, frameon=False)
