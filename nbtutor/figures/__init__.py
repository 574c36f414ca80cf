"""Runs and results as matplotlib figures, for what stays: reports, slides, saved notebooks.

Figures are made with `matplotlib.figure.Figure` and never with pyplot, which keeps global state and
is not safe to use from two threads.
"""

from nbtutor.figures import (  # noqa: F401  (they register themselves)
    bias_variance,
    data_quality,
    diagnose,
    distill,
    ensemble,
    gradient_noise,
    learning_curve,
    loss_surface,
    lr_range_test,
    lr_sweep,
    prescribe,
    sanity,
    search,
    stability_limit,
    transfer,
)
from nbtutor.figures.chart import (
    chart_figure,
)
from nbtutor.figures.drawing import (
    draw,
)
from nbtutor.figures.run import (
    run_figure,
)

__all__ = [
    "chart_figure",
    "draw",
    "run_figure",
]
