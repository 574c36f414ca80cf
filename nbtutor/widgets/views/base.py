"""What all views share: one bundle of JavaScript and one stylesheet."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

STATIC = Path(__file__).parents[2] / "static"

if not (STATIC / "nbtutor.js").exists():  # a source tree that was never installed
    msg = (
        "nbtutor's views are not built: nbtutor/static/nbtutor.js is missing. "
        "In a copy of the source, run: pip install -e ."
    )
    raise ImportError(msg)


class View(anywidget.AnyWidget):
    """A view from the bundle; `view` says which."""

    _esm = STATIC / "nbtutor.js"
    _css = STATIC / "nbtutor.css"
    view = traitlets.Unicode().tag(sync=True)
