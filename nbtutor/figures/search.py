"""Three searches over one surface, their shadows on each axis, and how often they hit."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from nbtutor.experiments.search import METHODS, SearchResult
from nbtutor.figures.drawing import blank_figure, draw
from nbtutor.figures.style import colours

_TITLES = {"grid": "grid", "random": "random", "halving": "successive halving, first rung"}


@draw.register
def _(result: SearchResult) -> Figure:
    with blank_figure(10, 7) as figure:
        rows = figure.subplots(2, 3)
        for axes, name in zip(rows[0], METHODS, strict=True):
            _draw_map(axes, result, name)
        rows[0, 0].set_ylabel("L2")
        _draw_law(rows[1, 0], result)
        _draw_hits(rows[1, 1], result)
        _draw_profile(rows[1, 2], result)
        figure.suptitle(
            "the deeper the gold, the lower the loss", fontsize=9, color=colours()["quiet"]
        )
        return figure


def _draw_map(axes: Axes, result: SearchResult, name: str) -> None:
    c = colours()
    surface = result.surface
    rates, l2s = (np.log10(pair) for pair in (surface.task.learning_rate, surface.task.l2))
    extent = (rates[0], rates[1], l2s[0], l2s[1])
    # Losses spread over powers of ten beyond the stable rates: their ranks show the valley.
    ranks = np.argsort(np.argsort(surface.loss, axis=None)).reshape(surface.loss.shape)
    shades = LinearSegmentedColormap.from_list("loss", [c["field-high"], c["ground"], c["line"]])
    axes.imshow(ranks.T, cmap=shades, extent=extent, origin="lower", aspect="auto")
    places = result.picks[name]
    x = rates[0] + places[:, 0] * (rates[1] - rates[0])
    y = l2s[0] + places[:, 1] * (l2s[1] - l2s[0])
    size = 22 if len(places) < 30 else 7
    axes.scatter(x, y, s=size, color=c["class-0"], edgecolors=c["outline"], linewidths=0.4)
    # The shadows: what each axis alone was tried at.
    axes.plot(x, np.full(len(x), 0.03), "|", color=c["text"], transform=axes.get_xaxis_transform())
    axes.plot(np.full(len(y), 0.02), y, "_", color=c["text"], transform=axes.get_yaxis_transform())
    different = len(np.unique(places[:, 0].round(9)))
    axes.set_title(f"{_TITLES[name]}\n{different} learning rates tried", fontsize=9)
    axes.set_xlabel("learning rate")
    for axis, limits in ((axes.xaxis, rates), (axes.yaxis, l2s)):
        whole = np.arange(np.ceil(limits[0]), np.floor(limits[1]) + 1)
        axis.set_ticks(whole, [f"$10^{{{power:.0f}}}$" for power in whole])


def _draw_law(axes: Axes, result: SearchResult) -> None:
    c = colours()
    axes.plot(result.draws, result.law, color=c["text"], label="by probability")
    axes.plot(result.draws, result.simulated, ".", color=c["accent"], ms=3, label="simulated")
    enough = int(np.argmax(result.law >= 0.95))
    if result.law[enough] >= 0.95:
        axes.plot(result.draws[enough], result.law[enough], "o", color=c["alarm"])
        axes.annotate(
            f"{result.draws[enough]} draws: 95 %",
            (result.draws[enough], result.law[enough]),
            xytext=(0, -14),
            textcoords="offset points",
            fontsize=8,
            color=c["alarm"],
        )
    axes.set(xlabel="random draws", ylabel="share with a hit in the best 5 %", ylim=(0, 1.02))
    axes.legend(fontsize=8, frameon=False, loc="lower right")


def _draw_hits(axes: Axes, result: SearchResult) -> None:
    c = colours()
    hits = [result.hits[name] for name in METHODS]
    bars = axes.bar(METHODS, hits, color=c["class-0"], width=0.6)
    counts = [len(result.best[name]) for name in METHODS]
    labels = [f"{hit:.0%}\nof {count:,}" for hit, count in zip(hits, counts, strict=True)]
    axes.bar_label(
        bars,
        labels,
        padding=2,
        fontsize=8,
        color=c["text"],
        bbox={"facecolor": c["ground"], "edgecolor": "none", "pad": 1},
    )
    axes.axhline(
        result.expected_hits,
        color=c["accent"],
        linewidth=1,
        linestyle=":",
        label="random, by probability",
    )
    axes.legend(fontsize=8, frameon=False, loc="upper left")
    epochs = result.surface.task.epochs
    axes.set_title(f"budget: {result.budget} × {epochs} epochs", fontsize=9)
    axes.set(ylabel="share of searches with a hit", ylim=(0, 1.35), yticks=np.linspace(0, 1, 6))


def _draw_profile(axes: Axes, result: SearchResult) -> None:
    """Draw the loss along each axis with the other one left free: which one matters."""
    c = colours()
    loss = np.minimum(result.surface.loss, 2 * np.median(result.surface.loss))
    across = np.linspace(0, 1, loss.shape[0])
    axes.fill_between(across, loss.min(axis=1), loss.max(axis=1), color=c["class-0"], alpha=0.2)
    axes.plot(across, np.median(loss, axis=1), color=c["class-0"], label="along the learning rate")
    along = np.linspace(0, 1, loss.shape[1])
    axes.plot(along, np.median(loss, axis=0), "--", color=c["class-4"], label="along L2")
    axes.set(xlabel="from the smallest to the largest", ylabel="validation loss (nats)")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8, frameon=False)
