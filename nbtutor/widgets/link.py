"""A playground as the last part of a page's address, so that it can be passed on.

A link looks like ``#nbt=1;dataset=spiral;hidden=8,8;learning_rate=0.1;lock=dataset,seed``: the
version, then what differs from the defaults. `PROPERTIES` says what it may hold, and both
directions read it. Anyone may write a link, so nothing in one is trusted: `decode` gives values
that are allowed, or an error to be shown.

The page sends its link once, when its first playground comes into sight (of several that are seen
together, the one that stands first in the document), and again when the address changes. A link
holds a whole state: what it leaves out is a default, whatever the page had. One that cannot be
read changes nothing. What was hidden or locked in Python, a link neither changes nor opens.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from nbtutor.engine import ParameterError
from nbtutor.engine.validation import check_choice
from nbtutor.widgets.access import check_names
from nbtutor.widgets.display import DISPLAY, check_display
from nbtutor.widgets.live import SPEEDS
from nbtutor.widgets.own_points import MAX_LINKED, MAX_TEXT, OwnPoints
from nbtutor.widgets.settings import OWN, WORDS, RunSettings, check_setting, unknown_name

FORMAT = "nbtutor settings"
VERSION = 1
MAX_PASSED_ON = 6000
"""Characters of a link to be passed on: `own_points.MAX_LINKED` for own points, and the rest."""

MAX_LENGTH = MAX_TEXT + 1000
"""Characters of any link: with as many points of one's own as there may be."""

_LEFT_OUT = "."
_MOST_SHOWN = 5  # unknown names that a message tells


class LinkError(ValueError):
    """A link that cannot be opened."""


@dataclass(frozen=True)
class Kind:
    """How a value stands in a link: a pair of functions that undo each other."""

    write: Callable[[Any], str]
    read: Callable[[str], Any]


def _read_whole(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise ValueError("a whole number")
    return int(text)


def _read_number(text: str) -> float:
    # Stricter than float(), which takes "nan", "1_000" and the digits of every script.
    if len(text) > 32 or not re.fullmatch(r"[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?", text):
        raise ValueError("a number")
    return float(text)


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()


def _read_switch(text: str) -> bool:
    if text not in ("on", "off"):
        raise ValueError("on or off")
    return text == "on"


TEXT = Kind(str, str)
WHOLE = Kind(str, _read_whole)
NUMBER = Kind(repr, _read_number)
SWITCH = Kind(lambda on: "on" if on else "off", _read_switch)
NAMES = Kind(",".join, _split)
POINTS = Kind(OwnPoints.to_text, OwnPoints.from_text)
SIZES = Kind(
    lambda sizes: ",".join(map(str, sizes)),
    lambda text: tuple(map(_read_whole, _split(text))),
)


def _by_layer(one: Kind) -> Kind:
    """Return the kind of what is one value, or one for each hidden layer."""
    return Kind(
        lambda value: ",".join(map(one.write, value if isinstance(value, tuple) else [value])),
        lambda text: tuple(map(one.read, _split(text))) if "," in text else one.read(text),
    )


PROPERTIES: Mapping[str, tuple[Kind, Any]] = {
    "dataset": (TEXT, "circle"),
    "data": (POINTS, None),
    "noise": (NUMBER, 0.0),
    "label_noise": (NUMBER, 0.0),
    "classes": (WHOLE, 3),
    "points": (WHOLE, 500),
    "train_share": (NUMBER, 0.5),
    "shift": (NUMBER, 0.0),
    "inputs": (NAMES, ("x", "y")),
    "hidden": (SIZES, (4, 2)),
    "activation": (_by_layer(TEXT), "tanh"),
    "loss": (TEXT, "cross_entropy"),
    "initialization": (TEXT, "xavier_uniform"),
    "redraw": (WHOLE, 0),
    "optimizer": (TEXT, "sgd"),
    "momentum": (NUMBER, 0.0),
    "learning_rate": (NUMBER, 0.03),
    "batch_size": (WHOLE, 10),
    "dropout": (_by_layer(NUMBER), 0.0),
    "l1": (NUMBER, 0.0),
    "l2": (NUMBER, 0.0),
    "schedule": (TEXT, "constant"),
    "schedule_epochs": (WHOLE, 100),
    "schedule_low": (NUMBER, 0.1),
    "clip_norm": (NUMBER, 0.0),
    "label_smoothing": (NUMBER, 0.0),
    "jitter": (NUMBER, 0.0),
    "rotation": (NUMBER, 0.0),
    "mirror": (SWITCH, False),
    "stop_epoch": (WHOLE, 0),
    "stop_loss": (NUMBER, 0.0),
    "patience": (WHOLE, 0),
    "seed": (WHOLE, 0),
    "replicas": (WHOLE, 0),
    "speed": (TEXT, "normal"),
    **{name: (SWITCH, default) for name, default in DISPLAY.items()},
    "hide": (NAMES, ()),
    "lock": (NAMES, ()),
}
"""What a link may hold: each property's kind, and the value that it has where it is left out."""

OLD_DEFAULTS: Mapping[int, Mapping[str, Any]] = {}
"""For each version before this one, the defaults that were others then.

A link says only what differs from the defaults of its version, so an old link means the old ones.
Whoever changes a default raises `VERSION` and writes the old value down here.
"""


@dataclass(frozen=True)
class Link:
    """What a link holds.

    Attributes
    ----------
    settings : RunSettings
    speed : str
    hide, lock : tuple of str
        Controls that are not shown, or cannot be used; see `nbtutor.widgets.access`.
    unknown : tuple of str
        Names in the link that this version does not know, and has left out.
    show_validation, discretize : bool
        See `nbtutor.widgets.display`.
    left_out : int
        Points of one's own that were too many for the link; it opens with generated ones.
    """

    settings: RunSettings = field(default_factory=RunSettings)
    speed: str = "normal"
    hide: tuple[str, ...] = ()
    lock: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    show_validation: bool = DISPLAY["show_validation"]
    discretize: bool = DISPLAY["discretize"]
    left_out: int = 0

    @property
    def values(self) -> dict[str, Any]:
        """All properties by name."""
        settings = {name: getattr(self.settings, name) for name in WORDS}
        display = {name: getattr(self, name) for name in DISPLAY}
        rules = {"hide": self.hide, "lock": self.lock}
        return settings | {"speed": self.speed} | display | rules


def encode(link: Link, whole: bool = False) -> str:
    """Return the link as text that begins with ``#nbt=``.

    Where points of one's own are too many for a link, it says how many they were, as in
    ``data=.1500``, and opens with generated ones.

    Parameters
    ----------
    link : Link
    whole : bool
        Write as many points as there are: the link is not passed on, but brings a page back.
    """
    values = link.values
    points = link.settings.data
    written = "" if points is None else points.to_text(MAX_TEXT if whole else MAX_LINKED)
    if points is not None and not written:
        values |= {"dataset": PROPERTIES["dataset"][1], "data": None}
    parts = [
        f"{name}={written if name == 'data' else kind.write(values[name])}"
        for name, (kind, default) in PROPERTIES.items()
        if values[name] != default
    ]
    if points is not None and values["data"] is None:
        parts.append(f"data={_LEFT_OUT}{len(points)}")
    return "#" + ";".join([f"nbt={VERSION}", *parts])


def decode(text: str) -> Link:
    """Read a link.

    Parameters
    ----------
    text : str
        Its end, from ``nbt=`` on, or a whole address. Characters may be written as ``%3B``, as mail
        programs do.

    Raises
    ------
    LinkError
        If it is no link, or a value in it is not allowed.
    """
    if len(text) > MAX_LENGTH:
        raise LinkError(f"It is longer than {MAX_LENGTH:,} characters.")
    parts = unquote(text.rpartition("#")[2]).split(";")
    head, *pairs = [part.partition("=")[::2] for part in parts if part] or [("", "")]
    version = _check_version(*head)
    values = {name: default for name, (_, default) in PROPERTIES.items()}
    values |= OLD_DEFAULTS.get(version, {})
    unknown, seen, left_out = [], set(), 0
    for name, written in pairs:
        if name in seen:
            raise LinkError(f"It says {_short(name)} twice.")
        seen.add(name)
        if name == "data" and re.fullmatch(r"\.[0-9]{1,6}", written):
            left_out = int(written[1:])
        elif name in PROPERTIES:
            values[name] = _read(name, written)
        else:
            unknown.append(_short(name))
    if values["data"] is not None:
        values["dataset"] = OWN
    try:
        settings = RunSettings(**{name: values.pop(name) for name in WORDS})
    except ParameterError as error:  # points that are missing, or what is by layer does not fit
        raise LinkError(str(error)) from None
    return Link(settings, unknown=tuple(unknown), left_out=left_out, **values)


def describe_unknown(names: tuple[str, ...]) -> str:
    """Say which names of a link were left out; empty where there are none."""
    if not names:
        return ""
    shown = ", ".join(names[:_MOST_SHOWN])
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return f"The link has names that are not known here, and were left out: {shown}{more}."


def describe_left_out(points: int) -> str:
    """Say that points are not in a link; empty where there were none."""
    if not points:
        return ""
    return (
        f"The link was made with {points:,} own points, too many for a link: they are not in it. "
        "Ask for the settings as a JSON file."
    )


def to_json(link: Link) -> str:
    """Return all properties of the link, defaults included, as JSON."""
    values = link.values
    settings = {name: values.pop(name) for name in WORDS}
    points = link.settings.data
    settings["data"] = None if points is None else points.to_dict()
    document = {"format": FORMAT, "version": VERSION, "settings": settings, **values}
    return json.dumps(document, indent=2) + "\n"


def from_json(text: str) -> Link:
    """Read what `to_json` has written.

    Raises
    ------
    ValueError
        If it is no such text.
    TypeError
        If a setting is unknown.
    ParameterError
        If a value is not allowed.
    """
    document = json.loads(text)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"this is no JSON of nbtutor's settings: its format is not {FORMAT!r}")
    settings = document.get("settings", {})
    for name in settings:
        if name not in WORDS:
            raise unknown_name(name, WORDS)
    return Link(
        RunSettings(**settings),
        check_choice("speed", document.get("speed", "normal"), SPEEDS),
        check_names("hide", document.get("hide", ())),
        check_names("lock", document.get("lock", ())),
        (),
        *(check_display(name, document.get(name, default)) for name, default in DISPLAY.items()),
    )


def _check_version(name: str, written: str) -> int:
    if name != "nbt" or not re.fullmatch(r"[1-9][0-9]{0,5}", written):
        raise LinkError(f"It must begin with #nbt={VERSION}.")
    # A newer version may have more names, and those are told; the others mean the same.
    return int(written)


def read_property(name: str, written: str) -> Any:
    """Return the value of one of `PROPERTIES`, which is still to be checked.

    Raises
    ------
    LinkError
        If it is not written as such a value is.
    """
    kind, _ = PROPERTIES[name]
    try:
        return kind.read(written)
    except ValueError as error:
        raise LinkError(f"{name} must be {error}, not {_short(written)}.") from None


def _read(name: str, written: str) -> Any:
    value = read_property(name, written)
    try:
        if name in WORDS:
            return check_setting(name, value)
        if name == "speed":
            return check_choice(name, value, SPEEDS)
        return value if name in DISPLAY else check_names(name, value)
    except ParameterError as error:
        raise LinkError(str(error)) from None


def _short(text: str, length: int = 30) -> str:
    return repr(text if len(text) <= length else text[: length - 1] + "…")
