"""A run as one figure: the plane and the curves."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nbtutor.engine import Dataset, History, Network
from nbtutor.engine.datasets import DOMAIN
from nbtutor.figures.drawing import blank_figure
from nbtutor.figures.style import MARKERS, colours, field_map

_SIDE = 150


def run_figure(
    network: Network, history: History, train: Dataset, validation: Dataset | None = None
) -> Figure:
    """Draw what the first network of a fleet says over the plane, and its losses.

    Parameters
    ----------
    network : Network
        With two inputs and a sigmoid output.
    history : History
        Of the run.
    train, validation : Dataset
        Filled and hollow markers.

    Returns
    -------
    matplotlib.figure.Figure
        9 by 4 inches.
    """
    with blank_figure(9, 4) as figure:
        plane, curves = figure.subplots(1, 2, width_ratios=(1, 1.15))
        _draw_plane(plane, network, train, validation)
        _draw_curves(curves, history)
        return figure


def _draw_plane(axes: Axes, network: Network, train: Dataset, validation: Dataset | None) -> None:
    x_from, x_to, y_from, y_to = DOMAIN
    x, y = np.meshgrid(np.linspace(x_from, x_to, _SIDE), np.linspace(y_from, y_to, _SIDE))
    points = np.column_stack([x.ravel(), y.ravel()])
    field = network.predict_proba(points)[0, :, 1].reshape(x.shape)
    axes.imshow(
        field,
        cmap=field_map(),
        vmin=0,
        vmax=1,
        extent=DOMAIN,
        origin="lower",
        interpolation="bilinear",
        alpha=0.85,
    )
    if field.min() < 0.5 < field.max():
        axes.contour(x, y, field, levels=[0.5], colors=colours()["boundary"], linewidths=1)
    for data, filled in ((train, True), (validation, False)):
        if data is not None:
            _draw_points(axes, data, filled)
    axes.set(xlim=(x_from, x_to), ylim=(y_from, y_to), xlabel="x", ylabel="y", aspect="equal")
    axes.legend(  # below, where it hides no point
        loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, fontsize=8, frameon=False
    )


def _draw_points(axes: Axes, data: Dataset, filled: bool) -> None:
    c = colours()
    for label in range(data.classes):
        chosen = data.X[data.y == label]
        colour = c[f"class-{label}"]
        axes.scatter(
            chosen[:, 0],
            chosen[:, 1],
            s=16 if filled else 14,
            marker=MARKERS[label],
            facecolors=colour if filled else c["ground"],
            edgecolors=c["outline"] if filled else colour,
            linewidths=0.5 if filled else 1,
            label=f"class {label}" + ("" if filled else ", validation"),
        )


def _draw_curves(axes: Axes, history: History) -> None:
    c = colours()
    rows = history.rows()
    epoch, train_loss, validation_loss = rows.T
    axes.plot(epoch, train_loss, color=c["text"], label="training")
    if np.isfinite(validation_loss).all():
        axes.plot(epoch, validation_loss, color=c["accent"], linestyle="--", label="validation")
        axes.fill_between(epoch, train_loss, validation_loss, color=c["accent"], alpha=0.12)
    for event in history.events:
        axes.axvline(event.epoch, color=c["quiet"], linewidth=0.7)
        axes.annotate(
            event.label,
            (event.epoch, 1),
            xycoords=("data", "axes fraction"),
            xytext=(3, -3),
            textcoords="offset points",
            rotation=90,
            va="top",
            fontsize=7,
            color=c["quiet"],
            bbox={"facecolor": c["ground"], "edgecolor": "none", "pad": 1},
        )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="epoch", ylabel="loss (nats)")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8, frameon=False)
