"""The look of the figures, read from the same tokens as the live views."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from matplotlib.colors import LinearSegmentedColormap

TOKENS = Path(__file__).parents[1] / "static" / "tokens.css"

_COLOUR = re.compile(r"--nbt-([\w-]+):\s*(?:light-dark\()?\s*(#[0-9a-fA-F]{6,8})")

MARKERS = ("o", "s", "^", "D", "X")
"""One marker a class, so that the classes are told apart without colour."""


@cache
def colours() -> dict[str, str]:
    """Return the tokens' colours for a light ground, by name: ``colours()["class-0"]``."""
    return dict(_COLOUR.findall(TOKENS.read_text(encoding="utf-8")))


def field_map() -> LinearSegmentedColormap:
    """Return the colours of the field: class 0 over neutral, at one half, to class 1."""
    ends = [colours()[name] for name in ("field-low", "field-middle", "field-high")]
    return LinearSegmentedColormap.from_list("nbtutor", ends)


def rc() -> dict[Any, Any]:
    """Return matplotlib's settings for a figure in this look."""
    c = colours()
    return {
        "axes.edgecolor": c["line"],
        "axes.labelcolor": c["quiet"],
        "axes.spines.right": False,
        "axes.spines.top": False,
        "font.family": "sans-serif",
        "font.size": 10,
        "text.color": c["text"],
        "xtick.color": c["quiet"],
        "ytick.color": c["quiet"],
    }
