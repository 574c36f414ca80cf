"""The block of small buttons: examples and sweep, keys, and what takes a run elsewhere."""

from __future__ import annotations

import traitlets

from nbtutor.widgets.exports import EXPORTS
from nbtutor.widgets.gallery import EXAMPLES
from nbtutor.widgets.views.pictures import Picture


class ShareView(Picture):
    """The buttons "Examples", "Keys" and "Copy link", and the menu "Save".

    Parameters
    ----------
    hub : Hub
        What makes the link and the files.

    Attributes
    ----------
    files : list of [str, str]
        For every file, the name that the page asks with, and the label.
    examples : list of [str, str, str, str]
        For every example its name, title, kind and sentence.
    sweep : dict
        The state of the sweep, see `nbtutor.widgets.sweep.RateSweep.describe`; {} for none.
    hidden, locked : list of str
        "examples", "sweep", "link" and "save", if they are not to be seen, or not to be used.
    """

    kind = "share"
    files = traitlets.Any([[name, e.label] for name, e in EXPORTS.items()]).tag(sync=True)
    examples = traitlets.Any(
        [[e.name, e.title, e.kind, e.sentence] for e in EXAMPLES.values()]
    ).tag(sync=True)
    sweep = traitlets.Dict().tag(sync=True)
    hidden = traitlets.Any([]).tag(sync=True)
    locked = traitlets.Any([]).tag(sync=True)
