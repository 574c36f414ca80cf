"""What takes a run elsewhere: a button that copies its link, and a menu of files."""

from __future__ import annotations

import traitlets

from nbtutor.widgets.exports import EXPORTS
from nbtutor.widgets.views.base import View
from nbtutor.widgets.views.hub import Hub


class ShareView(View):
    """The button "Copy link" and the menu "Save".

    Parameters
    ----------
    hub : Hub
        What makes the link and the files.

    Attributes
    ----------
    files : list of [str, str]
        For every file, the name that the page asks with, and the label.
    hidden, locked : list of str
        "link" and "save", if they are not to be seen, or not to be used.
    """

    hub = traitlets.Unicode().tag(sync=True)
    files = traitlets.Any([[name, e.label] for name, e in EXPORTS.items()]).tag(sync=True)
    hidden = traitlets.Any([]).tag(sync=True)
    locked = traitlets.Any([]).tag(sync=True)

    def __init__(self, hub: Hub) -> None:
        super().__init__(view="share", hub=f"IPY_MODEL_{hub.model_id}")
