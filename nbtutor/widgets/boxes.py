"""Boxes of widgets: how they are made, walked through and closed."""

from __future__ import annotations

from collections.abc import Iterator

import ipywidgets

from nbtutor.widgets.controls import Layers


def box(kind: type[ipywidgets.Box], name: str, *children: ipywidgets.Widget) -> ipywidgets.Box:
    """Return a box with a class of the stylesheet."""
    made = kind(children)
    made.add_class(name)
    return made


def heading(text: str) -> ipywidgets.HTML:
    """Return the heading of a section."""
    made = ipywidgets.HTML(f"<h2>{text}</h2>")
    made.add_class("nbt-heading")
    return made


def section(title: str, *controls: ipywidgets.Widget) -> ipywidgets.Box:
    """Return controls that belong together, under a heading."""
    return box(ipywidgets.VBox, "nbt-section", heading(title), *controls)


def family(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    """Yield a widget and all below it, those that are not in sight now included."""
    yield widget
    below = list(getattr(widget, "children", ()))
    if isinstance(widget, Layers):
        below += [units for units in widget.units if units not in below]
    for child in below:
        yield from family(child)


def close_all(widget: ipywidgets.Widget) -> None:
    """Close a widget and all below it, so that nothing of them is left in the kernel."""
    for member in reversed(list(family(widget))):
        for part in ("layout", "style"):
            if isinstance(getattr(member, part, None), ipywidgets.Widget):
                getattr(member, part).close()
        ipywidgets.Widget.close(member)
