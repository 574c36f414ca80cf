"""The left column: pages of controls, of which one is in sight, so that all fit the window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets

from nbtutor.widgets.controls import Controls
from nbtutor.widgets.schedules import describe_schedule, make_schedule, shown_epochs

WIDTH, HEIGHT, _SAMPLES = 276, 44, 160
"""Of the drawing of a schedule, in its own units, and how many points its line has."""

SHIFT = (
    "At 100 % the network trains on the left and is tested on the right. The truth at each point "
    "is the same for both."
)
AUGMENTATION = "Each epoch sees the training points moved, turned or mirrored anew; labels stay."
PAUSE = (
    "The loss is that of validation. Patience is how many epochs may pass without a lower one; "
    "then the best weights are put back."
)


class Pages(ipywidgets.VBox):
    """Named pages, one shown at a time, with a row of buttons to choose it by.

    Parameters
    ----------
    pages : mapping of str to sequence of Widget
        The sections of each page, by the name on its button. The first is shown at first.

    Attributes
    ----------
    choice : ToggleButtons
    """

    def __init__(self, pages: Mapping[str, Sequence[ipywidgets.Widget]]) -> None:
        self.choice = ipywidgets.ToggleButtons(options=list(pages), description="Settings")
        self.choice.add_class("nbt-pages")
        self._boxes = {name: ipywidgets.VBox(sections) for name, sections in pages.items()}
        for box in self._boxes.values():
            box.add_class("nbt-page")
        super().__init__((self.choice, *self._boxes.values()))
        self.add_class("nbt-controls")
        self.choice.observe(self._show, "value")
        self._show({"new": self.choice.value})

    def _show(self, change: dict[str, Any]) -> None:
        for name, box in self._boxes.items():
            box.layout.display = None if name == change["new"] else "none"


def note(text: str) -> ipywidgets.HTML:
    """Return a few plain words to stand under controls."""
    made = ipywidgets.HTML(f"<p>{text}</p>")
    made.add_class("nbt-note")
    return made


class ScheduleNote(ipywidgets.HTML):
    """What the chosen schedule does: a sentence, and a drawing of the learning rate.

    Parameters
    ----------
    controls : Controls
        Its `schedule`, `schedule_epochs`, `schedule_low` and `learning_rate` are followed.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        super().__init__()
        self.add_class("nbt-note")
        for control in (
            *(controls.schedule, controls.schedule_epochs),
            *(controls.schedule_low, controls.learning_rate),
        ):
            control.observe(self._draw, "value")
        self._draw()

    def _draw(self, change: dict[str, Any] | None = None) -> None:
        c = self._controls
        length, low = int(c.schedule_epochs.value), c.schedule_low.value
        self.value = draw_schedule(c.schedule.value, length, low, c.learning_rate.value)


def draw_schedule(name: str, length: int, low: float, rate: float) -> str:
    """Return what a schedule does as HTML: the learning rate over the epochs, and a sentence.

    Parameters
    ----------
    name, length, low
        See `nbtutor.widgets.schedules.make_schedule`.
    rate : float
        The learning rate that is multiplied.
    """
    sentence = f"<p>{describe_schedule(name, length, low)}</p>"
    schedule = make_schedule(name, length, low)
    if schedule is None:
        return sentence
    last = shown_epochs(name, length)
    epochs = [last * i / _SAMPLES for i in range(_SAMPLES + 1)]
    line = " ".join(
        f"{WIDTH * epoch / last:.1f},{2 + (HEIGHT - 4) * (1 - schedule(epoch)):.1f}"
        for epoch in epochs
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true"><polyline points="{line}"/></svg>'
        f'<div aria-hidden="true"><span>epoch 0, highest {rate:g}</span>'
        f"<span>{last:,.0f}</span></div>{sentence}"
    )
