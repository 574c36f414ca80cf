"""Where a learner is in a lesson, as the last part of a page's address.

The page outlives its kernel, and comes back by it to the same experiment with the same settings:
``#nbt-lesson=1;tutor=LearningRateTutor;experiment=schedules;learning_rate=0.1;dial.rate=0.3``. As
with a link to a playground (`nbtutor.widgets.link`), anyone may write one, so nothing is trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from nbtutor.widgets.link import PROPERTIES, LinkError, read_property

VERSION = "1"
_HEAD = "nbt-lesson"
_DIAL = "dial."
_LONGEST = 2000


@dataclass(frozen=True)
class Place:
    """A place in a lesson, as far as it differs from where everybody begins.

    Attributes
    ----------
    tutor : str
        The class of the lesson's board.
    experiment : str
    settings : dict of str to object
        Those that were changed; see `nbtutor.widgets.settings.RunSettings`.
    dials : dict of str to str
        Those of the experiment that were turned, as text.
    """

    tutor: str
    experiment: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    dials: Mapping[str, str] = field(default_factory=dict)


def encode(place: Place) -> str:
    """Return the place as text that begins with ``#``."""
    parts = [f"{_HEAD}={VERSION}", f"tutor={place.tutor}", f"experiment={place.experiment}"]
    parts += [f"{name}={PROPERTIES[name][0].write(v)}" for name, v in place.settings.items()]
    parts += [f"{_DIAL}{name}={text}" for name, text in place.dials.items()]
    return "#" + ";".join(parts)


def decode(text: str) -> Place:
    """Read a place. Its names and values need not be those of the lesson.

    Raises
    ------
    LinkError
        If it is none, or a setting in it cannot be read.
    """
    if len(text) > _LONGEST:
        raise LinkError(f"It is longer than {_LONGEST:,} characters.")
    parts = unquote(text.removeprefix("#")).split(";")
    said = dict(part.partition("=")[::2] for part in parts)
    if said.pop(_HEAD, "") != VERSION:
        raise LinkError(f"It must begin with #{_HEAD}={VERSION}.")
    tutor, experiment = said.pop("tutor", ""), said.pop("experiment", "")
    dials = {n.removeprefix(_DIAL): v for n, v in said.items() if n.startswith(_DIAL)}
    settings = {n: read_property(n, written) for n, written in said.items() if n in PROPERTIES}
    return Place(tutor, experiment, settings, dials)
