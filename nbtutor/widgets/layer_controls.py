"""Controls that set all hidden layers at once, and say so where the layers differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets

BY_LAYER_LABEL = "By layer"


class LayerChoice(ipywidgets.Dropdown):
    """A list for all hidden layers; it has one entry more while they differ.

    Parameters
    ----------
    labels : mapping of str to str
        The names to choose from, and how a person reads them.
    value : str or tuple of str
        A name for all, or one for each layer.
    description : str
    """

    def __init__(self, labels: Mapping[str, str], value: Any, description: str) -> None:
        self._labels = labels
        super().__init__(options=self._entries(value), value=value, description=description)

    def show(self, value: Any) -> None:
        """Set the value; the entry for layers that differ is there as long as they do."""
        with self.hold_sync():
            _offer(self, self._entries(value), value)

    def _entries(self, value: Any) -> tuple[tuple[str, Any], ...]:
        entries = tuple((label, name) for name, label in self._labels.items())
        return (*entries, (BY_LAYER_LABEL, value)) if isinstance(value, tuple) else entries


class LayerShare(ipywidgets.SelectionSlider):
    """A slider of a share for all hidden layers; while they differ, it stands at their mean.

    Parameters
    ----------
    steps : sequence of float
        The shares to choose from, in rising order. Another value takes the nearest one's place.
    value : float or tuple of float
        A share for all, or one for each layer.
    description : str
    """

    def __init__(self, steps: Sequence[float], value: Any, description: str) -> None:
        self._steps = tuple(steps)
        super().__init__(options=self._entries(value), value=value, description=description)

    def show(self, value: Any) -> None:
        """Set the value, as a step of its own if need be."""
        with self.hold_sync():
            _offer(self, self._entries(value), value)

    def _entries(self, value: Any) -> tuple[tuple[str, Any], ...]:
        # As many as ever: the page's slider keeps the length that it was drawn with.
        mean = sum(value) / len(value) if isinstance(value, tuple) else value
        nearest = min(self._steps, key=lambda step: abs(step - mean))
        return tuple(
            (_label(entry), entry)
            for entry in (value if step == nearest else step for step in self._steps)
        )


def _offer(control: Any, entries: tuple[tuple[str, Any], ...], value: Any) -> None:
    if control.options != entries:  # new ones would move it to the first
        control.options = entries
    control.value = value


def _label(share: Any) -> str:
    return BY_LAYER_LABEL.lower() if isinstance(share, tuple) else f"{100 * share:.3g}%"
