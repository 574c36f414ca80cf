"""Runs and results as matplotlib figures, for what stays: reports, slides, saved notebooks.

Figures are made with `matplotlib.figure.Figure` and never with pyplot, which keeps global state and
is not safe to use from two threads.
"""

from nbtutor.figures import bias_variance, distill, ensemble, learning_curve, transfer
from nbtutor.figures.drawing import draw
from nbtutor.figures.run import run_figure

__all__ = [
    "bias_variance",
    "distill",
    "draw",
    "ensemble",
    "learning_curve",
    "run_figure",
    "transfer",
]
