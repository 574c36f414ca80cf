"""Distillation as a figure: students by temperature between the ensemble and its members."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from nbtutor.experiments.distill import DistillResult
from nbtutor.experiments.fleets import mean_and_standard_error
from nbtutor.figures.drawing import blank_figure, draw
from nbtutor.figures.style import colours


@draw.register
def _(result: DistillResult) -> Figure:
    """Draw wrong answers, cross-entropy and the paired gain by temperature, 12 by 4.2 inches."""
    with blank_figure(12, 4.2) as figure:
        wrong, loss, gain = figure.subplots(1, 3)
        _draw_scores(wrong, result, "wrong", "share of wrong answers")
        _draw_scores(loss, result, "loss", "cross-entropy (nats)")
        _draw_gain(gain, result)
        for axes in (wrong, loss, gain):
            axes.set_xscale("log")
            axes.set_xticks(result.temperatures, [f"{t:g}" for t in result.temperatures])
            axes.xaxis.set_minor_locator(NullLocator())
            axes.set_xlabel("temperature")
        handles, labels = wrong.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
        return figure


def _draw_scores(axes: Axes, result: DistillResult, score: str, label: str) -> None:
    c = colours()
    for name, scores, colour, style in (
        ("one member of the ensemble", result.member, c["quiet"], ":"),
        ("the ensemble, the teacher", result.teacher, c["class-2"], "-."),
        ("student of the labels", result.hard, c["text"], "-"),
    ):
        mean = getattr(scores, score).mean()
        axes.axhline(mean, color=colour, linestyle=style, linewidth=1.5, label=name)
    for name, students, colour, marker, aside in (
        ("student of the teacher, ±2 s.e.", result.soft, c["accent"], "o", 1.0),
        ("the same with further points", result.more, c["class-4"], "s", 1.05),
    ):
        if students is not None:
            mean, doubt = mean_and_standard_error(getattr(students, score))
            axes.errorbar(
                result.temperatures * aside,  # so that one bar does not hide the other
                mean,
                2 * doubt,
                color=colour,
                marker=marker,
                markersize=4,
                capsize=3,
                label=name,
            )
    axes.set_ylabel(label)


def _draw_gain(axes: Axes, result: DistillResult) -> None:
    c = colours()
    mean, doubt = result.gain
    saved = result.hard.wrong - result.soft.wrong
    axes.plot(result.temperatures, saved, ".", color=c["quiet"], alpha=0.5, markersize=4)
    axes.errorbar(result.temperatures, mean, 2 * doubt, color=c["accent"], marker="o", capsize=3)
    axes.axhline(0, color=c["text"], linewidth=0.8)
    axes.set_ylabel("wrong answers saved, pair by pair")
