"""A page's side of a widget."""

from __future__ import annotations

import ipywidgets


def deliver(widget: ipywidgets.Widget, content: object) -> None:
    """Let a widget have a message, by the way that a page's message takes."""
    data = {"method": "custom", "content": content}
    widget.comm.handle_msg({"content": {"data": data}, "buffers": []})
