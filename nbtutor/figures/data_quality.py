"""Flagged rows over the plane, and how many of each kind."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nbtutor.engine.faults import KINDS
from nbtutor.experiments.data_quality import DataQuality
from nbtutor.figures.drawing import blank_figure, draw
from nbtutor.figures.style import MARKERS, colours


@draw.register
def _(result: DataQuality) -> Figure:
    with blank_figure(10, 4.4) as figure:
        plane, bars = figure.subplots(1, 2, width_ratios=(1.2, 1))
        _draw_plane(plane, result)
        _draw_counts(bars, result)
        return figure


def _marks() -> dict[str, tuple[str, str]]:
    """Marker and colour of each kind."""
    c = colours()
    return {
        "duplicates": ("D", c["class-2"]),
        "corrupted": ("v", c["text"]),
        "wrong_labels": ("o", c["alarm"]),
        "out_of_range": ("s", c["class-3"]),
    }


def _draw_plane(axes: Axes, result: DataQuality) -> None:
    """Draw the first two columns; what lies outside stands at the edge, NaN at the lower one."""
    c = colours()
    columns = result.X[:, :2] if result.X.shape[1] > 1 else np.repeat(result.X, 2, axis=1)
    usual = np.abs(result.z_scores[:, :2]).max(axis=1) <= np.inf
    for kind in ("corrupted", "out_of_range"):
        usual[result.flags[kind]] = False
    kept = columns[usual] if usual.any() else np.zeros((1, 2))
    low, high = kept.min(axis=0), kept.max(axis=0)
    margin = 0.08 * np.maximum(high - low, 1e-9)
    places = np.clip(np.nan_to_num(columns, nan=-np.inf), low - margin, high + margin)
    for number, label in enumerate(result.classes):
        chosen = places[result.y == label]
        axes.scatter(
            chosen[:, 0],
            chosen[:, 1],
            s=12,
            marker=MARKERS[number % len(MARKERS)],
            color=c[f"class-{number % 5}"],
            alpha=0.6,
            label=f"class {label}",
        )
    for kind, (marker, colour) in _marks().items():
        rows = places[result.flags[kind]]
        axes.scatter(
            rows[:, 0],
            rows[:, 1],
            s=60,
            marker=marker,
            facecolors="none",
            edgecolors=colour,
            linewidths=1.3,
            label=kind.replace("_", " "),
        )
    axes.set(xlabel="first input", ylabel="second input")
    axes.set_title("what lies outside stands at the edge", fontsize=9, color=c["quiet"])
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3, fontsize=8, frameon=False)


def _draw_counts(axes: Axes, result: DataQuality) -> None:
    c = colours()
    names = [kind.replace("_", " ") for kind in KINDS]
    names += [f"class {label}" for label in result.classes]
    counts = [len(result.flags[kind]) for kind in KINDS] + result.counts.tolist()
    shades = [_marks()[kind][1] for kind in KINDS] + [
        c[f"class-{number % 5}"] for number in range(len(result.classes))
    ]
    bars = axes.barh(range(len(names)), counts, color=shades)
    axes.bar_label(bars, padding=3, fontsize=8, color=c["text"])
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.axhline(len(KINDS) - 0.5, color=c["line"], linewidth=0.8)
    word = "imbalanced" if result.imbalanced else "balanced"
    axes.set_title(f"classes {word}: {result.imbalance:.3g} to 1", fontsize=9, color=c["quiet"])
    axes.set_xlabel("rows")
    axes.margins(x=0.12)
