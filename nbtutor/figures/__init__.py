"""Runs and results as matplotlib figures, for what stays: reports, slides, saved notebooks.

Figures are made with `matplotlib.figure.Figure` and never with pyplot, which keeps global state and
is not safe to use from two threads.
"""

from nbtutor.figures import data_quality as _data_quality  # noqa: F401
from nbtutor.figures import diagnose as _diagnose  # noqa: F401, each adds its result to `draw`
from nbtutor.figures import prescribe as _prescribe  # noqa: F401
from nbtutor.figures import sanity as _sanity  # noqa: F401
from nbtutor.figures import search as _search  # noqa: F401
from nbtutor.figures.drawing import draw
from nbtutor.figures.run import run_figure

__all__ = ["draw", "run_figure"]
