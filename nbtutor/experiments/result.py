"""What every experiment returns."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Result:
    """Base of the results: frozen dataclasses of numbers and arrays."""

    def figure(self) -> Any:
        """Return the result as a `matplotlib.figure.Figure`.

        The pictures are above the experiments in the package and matplotlib takes 30 MB, so both
        are looked up by name, here and nowhere else, when a picture is asked for.
        """
        return import_module("nbtutor.figures").draw(self)
