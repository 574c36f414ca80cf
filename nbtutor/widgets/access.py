"""Which controls a page may use: a teacher hides some, and locks others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import ipywidgets

from nbtutor.engine.validation import ParameterError, check_choice, is_sequence
from nbtutor.widgets.boxes import family
from nbtutor.widgets.display import DISPLAY, WORDS_OF_DISPLAY
from nbtutor.widgets.settings import WORDS

TRANSPORT = ("play", "step", "epoch", "reset", "redraw", "undo")
"""The buttons that run the run. "redraw" is a setting as well."""

SHARING = ("examples", "sweep", "link", "save")
"""The gallery, the sweep in it, the button that copies the link, and the menu of files."""

DIAGRAM = ("hidden", "weights")
"""What the network's diagram is a control of: layers with their units, and weights and biases."""

RUNS = ("timeline", "runs")
"""The way back in a run, and the list of kept runs."""

NAMES = tuple(dict.fromkeys((*WORDS, "speed", *TRANSPORT, *SHARING, *DISPLAY, *DIAGRAM, *RUNS)))
"""All that can be hidden or locked."""

WORDS_OF_NAMES = {
    **{name: f"{name} button" for name in TRANSPORT},
    "redraw": "draw of the initial weights",
    "undo": "Undo button",
    "examples": "examples",
    "sweep": "sweep of learning rates",
    "link": "link",
    "save": "saving of files",
    "timeline": "way back in the run",
    "runs": "keeping of runs",
    "speed": "speed",
    **WORDS_OF_DISPLAY,
    "weights": "weights and biases",
    **WORDS,
}
"""The names as a person reads them."""


def check_names(name: str, value: Any) -> tuple[str, ...]:
    """Return a list of controls as a tuple, each once.

    Parameters
    ----------
    name : {"hide", "lock"}
    value : sequence of str
        Names of settings, "speed", "play", "step", "epoch", "reset", "undo", "examples", "sweep",
        "link", "save", "show_validation", "discretize", "weights", "timeline" or "runs".

    Raises
    ------
    ParameterError
        If it is no sequence, or an entry is no such name; near names are suggested.
    """
    if not is_sequence(value):
        hint = "For example ['dataset', 'step']."
        raise ParameterError(name, value, "a sequence of names of controls", hint)
    return tuple(dict.fromkeys(check_choice(f"an entry of {name}", e, NAMES) for e in value))


def refusal(names: Iterable[str]) -> str:
    """Say why nothing was changed."""
    words = ", ".join(WORDS_OF_NAMES[name] for name in names)
    return f"Nothing was changed. This is locked here: {words}."


def describe_kept(names: Iterable[str]) -> str:
    """Say which settings of a link were left out; empty where there are none."""
    words = ", ".join(WORDS_OF_NAMES[name] for name in names)
    return (
        f"The link has settings that are locked here, and were left out: {words}." if words else ""
    )


class Guard:
    """Keeps the page from a control while it is locked. Python can use it all the same.

    What a page shows as disabled, it can be made to send nevertheless, so messages to the widgets
    of a locked control are refused where they come in.

    Parameters
    ----------
    control : Widget
        Its children are guarded too.
    refuse : callable
        Called for each message that is refused.
    """

    def __init__(self, control: ipywidgets.Widget, refuse: Callable[[], None]) -> None:
        self.control = control
        self.locked = False
        self._refuse = refuse
        for widget in family(control):
            self._stand_before(widget)

    def _stand_before(self, widget: ipywidgets.Widget) -> None:
        def receive(message: dict[str, Any]) -> None:
            if self.locked and message["content"]["data"].get("method") != "request_state":
                self._refuse()
                widget.send_state()  # the page gets the true state back
            else:
                widget._handle_msg(message)

        widget.comm.on_msg(receive)


@dataclass(frozen=True)
class Rules:
    """Names of the controls that are hidden, and of those that are locked."""

    hide: tuple[str, ...] = ()
    lock: tuple[str, ...] = ()

    @property
    def closed(self) -> frozenset[str]:
        """All that a page may not use: what is hidden is locked as well."""
        return frozenset(self.hide) | frozenset(self.lock)


class Access:
    """What a page may see and use of a playground.

    Parameters
    ----------
    widgets : mapping of str to Widget
        Controls and buttons by their names.
    refuse : callable
        Takes the name of a locked control that the page sent something for.

    Attributes
    ----------
    own : Rules
        The teacher's, in Python. A link cannot lift them.
    linked : Rules
        Those of the link that was opened last.
    """

    def __init__(
        self, widgets: Mapping[str, ipywidgets.Widget], refuse: Callable[[str], None]
    ) -> None:
        self.own = Rules()
        self.linked = Rules()
        self._guards = {
            name: Guard(widget, partial(refuse, name)) for name, widget in widgets.items()
        }

    @property
    def rules(self) -> Rules:
        """Those that hold: the teacher's and the link's together."""
        hide = dict.fromkeys((*self.own.hide, *self.linked.hide))
        lock = dict.fromkeys((*self.own.lock, *self.linked.lock))
        return Rules(tuple(hide), tuple(lock))

    def apply(self) -> None:
        """Hide, disable and guard what the rules say, and free the rest."""
        rules = self.rules
        for name, guard in self._guards.items():
            guard.locked = guard.control.disabled = name in rules.closed
            hidden = name in rules.hide
            guard.control.layout.display = "none" if hidden else None
            # The class tells the stylesheet which sections are empty.
            (guard.control.add_class if hidden else guard.control.remove_class)("nbt-hidden")
