"""A run as one figure: the plane and the curves."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nbtutor.engine import Dataset, History, Network
from nbtutor.engine.datasets import DOMAIN
from nbtutor.figures.drawing import blank_figure
from nbtutor.figures.maps import draw_field, draw_values
from nbtutor.figures.style import MARKERS, colours, field_map

_SIDE = 150


def run_figure(
    network: Network, history: History, train: Dataset, validation: Dataset | None = None
) -> Figure:
    """Draw what the first network of a fleet says over the plane, and its losses.

    Parameters
    ----------
    network : Network
        Of points of the plane, for classes or values.
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
        loss = {"cross_entropy": "loss (nats)", "squared_error": "squared error"}[network.loss]
        _draw_curves(curves, history, loss)
        return figure


def _draw_plane(axes: Axes, network: Network, train: Dataset, validation: Dataset | None) -> None:
    x_from, x_to, y_from, y_to = DOMAIN
    x, y = np.meshgrid(np.linspace(x_from, x_to, _SIDE), np.linspace(y_from, y_to, _SIDE))
    points = np.column_stack([x.ravel(), y.ravel()])
    if network.output == "linear":
        image = draw_values(axes, network.predict(points)[0, :, 0].reshape(x.shape), 1)
        axes.figure.colorbar(image, ax=axes, label="value", shrink=0.7)
    else:
        shares = network.predict_proba(points)[0].reshape(*x.shape, -1)
        if network.output == "sigmoid":
            image = draw_field(axes, shares[..., 1])
        else:
            image = axes.imshow(
                _winners(shares), extent=DOMAIN, origin="lower", interpolation="bilinear"
            )
        _draw_boundaries(axes, x, y, shares)
    image.set_alpha(0.85)  # so that the points stand out
    for data, filled in ((train, True), (validation, False)):
        if data is not None:
            (_draw_points if data.task == "classification" else _draw_values)(axes, data, filled)
    axes.set(xlim=(x_from, x_to), ylim=(y_from, y_to), xlabel="x", ylabel="y", aspect="equal")
    axes.legend(  # below, where it hides no point
        loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, fontsize=8, frameon=False
    )


def _winners(shares: np.ndarray) -> np.ndarray:
    """Return the likeliest class's colour, as strong as its lead over the second, (..., 3)."""
    c = colours()
    classes = np.array([to_rgb(c[f"class-{label}"]) for label in range(shares.shape[-1])])
    second, first = np.partition(shares, -2, axis=-1)[..., -2:].transpose(2, 0, 1)
    lead = (first - second)[..., None]
    neutral = np.array(to_rgb(c["field-middle"]))
    mixed: np.ndarray = neutral + lead * (classes[shares.argmax(axis=-1)] - neutral)
    return mixed


def _draw_boundaries(axes: Axes, x: np.ndarray, y: np.ndarray, shares: np.ndarray) -> None:
    """Draw where each class's lead over the best other one crosses zero."""
    for label in range(1, shares.shape[-1]):
        lead = shares[..., label] - np.delete(shares, label, axis=-1).max(axis=-1)
        if lead.min() < 0 < lead.max():
            axes.contour(x, y, lead, levels=[0], colors=colours()["boundary"], linewidths=1)


def _draw_values(axes: Axes, data: Dataset, filled: bool) -> None:
    c = colours()
    value = field_map()((np.clip(data.y, -1, 1) + 1) / 2)
    axes.scatter(
        data.X[:, 0],
        data.X[:, 1],
        s=16 if filled else 14,
        facecolors=value if filled else c["ground"],
        edgecolors=c["outline"] if filled else value,
        linewidths=0.5 if filled else 1,
        label="training" if filled else "validation",
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


def _draw_curves(axes: Axes, history: History, label: str) -> None:
    c = colours()
    epoch, train_loss, validation_loss, *_ = history.rows().T
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
    axes.set(xlabel="epoch", ylabel=label)
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8, frameon=False)
