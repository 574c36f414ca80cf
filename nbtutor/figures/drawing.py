"""The one way from a result to its figure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import singledispatch

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nbtutor.figures.style import rc


@singledispatch
def draw(result: object) -> Figure:
    """Return the figure of an experiment's result; each kind of result registers its own."""
    msg = f"there is no figure of a {type(result).__name__}"
    raise TypeError(msg)


@contextmanager
def blank_figure(width: float = 9, height: float = 4) -> Iterator[Figure]:
    """Give an empty figure in the project's look, in inches; draw on it inside the block."""
    with mpl.rc_context(rc()):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure
