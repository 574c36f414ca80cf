"""Bias and variance as a figure: boundaries, maps and bars; and the U of a sweep."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nbtutor.experiments.bias_variance import BiasVarianceResult, BiasVarianceSweep
from nbtutor.figures.drawing import blank_figure, draw
from nbtutor.figures.maps import draw_amount, draw_boundary, draw_field, draw_values
from nbtutor.figures.style import colours

_SPAGHETTI = 50
_LABELS = {"hidden": "units of the hidden layers", "l1": "L1", "l2": "L2"}
_MOST = 0.25
"""The most that noise or variance of a probability can be; bias² can be more, far from the data."""


def part_colours() -> dict[str, str]:
    """Return the colour of each part of the error."""
    c = colours()
    return {"bias²": c["class-3"], "variance": c["accent"], "noise": c["line"]}


@draw.register
def _(result: BiasVarianceResult) -> Figure:
    """Draw boundaries, mean and bars over the maps of the three parts, 11 by 7 inches.

    For regression, the values on a line across the plane stand in for boundaries.
    """
    with blank_figure(11, 7) as figure:
        (spaghetti, mean, bars), parts = figure.subplots(2, 3)
        if result.regression:
            _draw_slice(spaghetti, result)
            shown = draw_values(mean, result.mean_map, float(np.abs(result.truth_map).max()))
            figure.colorbar(shown, ax=mean, shrink=0.8)
        else:
            _draw_spaghetti(spaghetti, result)
            draw_field(mean, result.mean_map)
            draw_boundary(mean, result.axis, result.mean_map, colours()["boundary"], 1.5)
        mean.set_title(f"the networks' mean of {_answer(result)}", fontsize=10)
        _draw_bars(bars, result)
        maps = (result.bias2_map, result.variance_map, result.noise_map)
        most = 2 * float(result.noise_map.max()) if result.regression else _MOST
        most = most or max(float(values.max()) for values in maps)
        seen = result.train.X[0]
        for axes, name, values in zip(parts, part_colours(), maps, strict=True):
            image = draw_amount(axes, values, most)
            axes.scatter(*seen.T, s=3, color=colours()["quiet"], alpha=0.5)
            axes.set_title(f"{name}, and one network's points", fontsize=10)
        figure.colorbar(image, ax=list(parts), label="squared error", shrink=0.85, extend="max")
        return figure


def _draw_spaghetti(axes: Axes, result: BiasVarianceResult) -> None:
    c = colours()
    draw_field(axes, result.truth_map).set_alpha(0.45)
    shown = result.fields[:_SPAGHETTI]
    for field in shown:
        draw_boundary(axes, result.axis, field, c["quiet"], 0.5)
    draw_boundary(axes, result.axis, result.truth_map, c["alarm"], 2)
    axes.set_title(f"{len(shown)} networks' boundaries, and the true one", fontsize=10)


def _draw_slice(axes: Axes, result: BiasVarianceResult) -> None:
    c = colours()
    row = len(result.axis) // 2
    shown = result.fields[:_SPAGHETTI, row]
    axes.plot(result.axis, shown.T, color=c["quiet"], linewidth=0.5)
    axes.plot(result.axis, result.truth_map[row], color=c["alarm"], linewidth=2)
    axes.set(xlabel="x", ylabel="value")
    height = f"{result.axis[row]:.1f}".replace("-", "−")
    axes.set_title(f"{len(shown)} networks at y = {height}, and the truth", fontsize=10)


def _answer(result: BiasVarianceResult) -> str:
    return "the value" if result.regression else "P(class 1)"


def _draw_bars(axes: Axes, result: BiasVarianceResult) -> None:
    c = colours()
    below = 0.0
    values = (result.bias2, result.variance, result.noise)
    for (name, colour), value in zip(part_colours().items(), values, strict=True):
        axes.bar(0, value, bottom=below, color=colour, label=f"{name} {value:.3f}")
        below += value
    axes.bar(1, result.expected_error, color=c["quiet"], label=f"error {below:.3f}")
    axes.errorbar(
        2,
        result.measured_error,
        2 * result.measured_standard_error,
        color=c["text"],
        fmt="D",
        capsize=4,
    )
    axes.set_xticks([0, 1, 2], ["the parts", "expected", "as drawn,\n±2 s.e."])
    axes.set(xlim=(-0.6, 2.6), ylabel=f"squared error of {_answer(result)}")
    axes.set_ylim(top=1.45 * max(below, result.measured_error))
    axes.legend(fontsize=8, frameon=False, loc="upper left", ncols=2)


@draw.register
def _(result: BiasVarianceSweep) -> Figure:
    """Draw the three parts stacked, so that the top line is the U, 8 by 4.2 inches."""
    c = colours()
    places = range(len(result.values))
    with blank_figure(8, 4.2) as figure:
        axes = figure.subplots()
        axes.stackplot(
            places,
            result.noise,
            result.bias2,
            result.variance,
            labels=("noise: the floor", "bias²", "variance"),
            colors=[part_colours()[name] for name in ("noise", "bias²", "variance")],
        )
        axes.errorbar(
            places,
            result.expected_error,
            2 * result.standard_error,
            color=c["text"],
            capsize=3,
            label="expected error, ±2 s.e.",
        )
        best = result.best
        axes.plot(
            best,
            result.expected_error[best],
            "v",
            color=c["alarm"],
            markersize=9,
            zorder=5,
            label=f"smallest: {_name(result.values[best])}",
        )
        axes.set_xticks(list(places), [_name(value) for value in result.values])
        axes.set(
            xlabel=_LABELS.get(result.parameter, result.parameter.replace("_", " ")),
            ylabel="squared error",
            xlim=(-0.2, len(result.values) - 0.8),
            ylim=(0, None),
        )
        axes.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
        return figure


def _name(value: object) -> str:
    """Return a value as a tick: hidden layers as 8-8, numbers short."""
    if isinstance(value, (tuple, list)):
        return "-".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
