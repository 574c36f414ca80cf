"""Mini-batch gradients in one figure: the fan, the angles, and the law of the square root."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nbtutor.experiments.gradient_noise import GradientNoise
from nbtutor.figures.drawing import blank_figure, draw
from nbtutor.figures.style import colours


@draw.register
def _(result: GradientNoise) -> Figure:
    with blank_figure(12, 4) as figure:
        fan, angles, law = figure.subplots(1, 3, width_ratios=(1.2, 0.9, 1.1))
        _draw_fan(fan, result)
        _draw_angles(angles, result)
        _draw_law(law, result)
        return figure


def _draw_fan(axes: Axes, result: GradientNoise) -> None:
    c = colours()
    along, across = result.fan.T
    still = np.zeros(len(along))
    axes.quiver(
        still,
        still,
        along,
        across,
        angles="xy",
        scale_units="xy",
        scale=1,
        width=0.004,
        color=c["accent"],
        alpha=0.45,
        label=f"{len(along)} batches of {result.batch_size}",
    )
    axes.quiver(
        [0],
        [0],
        [result.full_norm],
        [0],
        angles="xy",
        scale_units="xy",
        scale=1,
        width=0.01,
        color=c["text"],
        label="all points",
    )
    low, high = min(0.0, float(along.min())), max(float(along.max()), result.full_norm)
    reach = max(float(np.abs(across).max()), (high - low) / 4)
    margin = 0.06 * max(high - low, reach) or 1.0
    axes.set(xlim=(low - margin, high + margin), ylim=(-reach - margin, reach + margin))
    axes.set_aspect("equal")  # else the angles would not be true
    axes.set(xlabel="along the full gradient", ylabel="across, where they spread most")
    axes.legend(fontsize=8, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)


def _draw_angles(axes: Axes, result: GradientNoise) -> None:
    c = colours()
    angles = result.angles[np.isfinite(result.angles)]
    axes.hist(angles, bins=np.linspace(0, 180, 25).tolist(), color=c["accent"], alpha=0.7)
    axes.axvline(90, color=c["alarm"], linewidth=1, linestyle="--")
    axes.set(xlabel="angle to the full gradient (degrees)", ylabel="batches", xlim=(0, 180))
    axes.set_xticks([0, 45, 90, 135, 180])
    uphill = int((angles > 90).sum())
    axes.set_title(f"{uphill} of {len(result.angles)} beyond 90°", fontsize=10)


def _draw_law(axes: Axes, result: GradientNoise) -> None:
    c = colours()
    shown = result.expected > 0  # all points without replacement are no longer random
    law = r"$\sigma/\sqrt{B}$" + ("" if result.replacement else ", without replacement")
    order = np.argsort(result.sizes)
    order = order[shown[order]]
    axes.plot(result.sizes[order], result.expected[order], color=c["quiet"], label=law)
    axes.errorbar(
        result.sizes[shown],
        result.spreads[shown],
        2 * result.spread_errors[shown],
        fmt="o",
        color=c["accent"],
        markersize=4,
        label="measured, ±2 standard errors",
    )
    axes.set(xscale="log", yscale="log", xlabel="batch size B")
    axes.set_ylabel("distance from the full gradient (rms)")
    if np.isfinite(result.slope):
        text = f"slope {result.slope:.3f} ± {result.slope_error:.3f}"
        axes.set_title(text, fontsize=10)
    axes.legend(fontsize=8, frameon=False)
