"""What was changed in mid-run, in words: one line for a setting, or one for each layer of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from nbtutor.engine.activations import ACTIVATIONS
from nbtutor.engine.augmentation import Augmentation
from nbtutor.engine.optimizers import OPTIMIZERS
from nbtutor.engine.schedules import Schedule
from nbtutor.engine.validation import is_sequence

BY_LAYER = ("activation", "dropout")
"""Settings that each hidden layer may have a value of its own of."""


@dataclass(frozen=True)
class Change:
    """A change of a setting.

    Attributes
    ----------
    setting : str
        Its name, as in `nbtutor.engine.Event`: "learning_rate", or "activation of hidden 2".
    before, after : str
        The values as a person reads them.
    """

    setting: str
    before: str
    after: str


def find_changes(setting: str, before: Any, after: Any, layers: int) -> Iterator[Change]:
    """Say what a new value of a setting changes.

    Parameters
    ----------
    setting : str
        A field of `TrainingConfig`, or "activation".
    before, after : any
        The values. Where one of them differs between layers, each layer is told for itself.
    layers : int
        How many hidden layers there are.
    """
    if setting in BY_LAYER and (by_layer(setting, before) or by_layer(setting, after)):
        columns = [_columns(setting, value, layers) for value in (before, after)]
        if columns[0] is not None and columns[1] is not None:
            for layer, (old, new) in enumerate(zip(*columns, strict=True), start=1):
                if old != new:
                    yield Change(name_of_layer(setting, layer), show(old), show(new))
            return
    if before != after:
        yield Change(setting, show(before), show(after))


def name_of_layer(setting: str, layer: int) -> str:
    """Return what a setting of one hidden layer is called, the first being 1."""
    return f"{setting} of hidden {layer}"


def by_layer(setting: str, value: Any) -> bool:
    """Whether a setting has a value for each layer: names, or a table of numbers."""
    if not is_sequence(value):
        return False
    return setting == "activation" or is_sequence(value[0])


def _columns(setting: str, value: Any, layers: int) -> Sequence[object] | None:
    """Return the value of each layer; None for a fleet whose replicas differ."""
    if not is_sequence(value):
        return [value] * layers
    if setting == "activation":
        return list(value)
    return list(value[0]) if by_layer(setting, value) and len(value) == 1 else None


def show(value: object) -> str:
    """Return a setting's value as a person reads it."""
    if isinstance(value, str):
        known = ACTIVATIONS.get(value) or OPTIMIZERS.get(value)
        return known.label if known else value
    if value is None:
        return "off"
    if isinstance(value, Schedule):
        shown = ", ".join(show(getattr(value, field.name)) for field in fields(value))
        return value.label.lower() + (f" ({shown})" if shown else "")
    if isinstance(value, Augmentation):
        amounts = {field.name: getattr(value, field.name) for field in fields(value)}
        words = [n if v is True else f"{n} {v:g}" for n, v in amounts.items() if v]
        return ", ".join(words) or "off"
    return f"{value:g}" if isinstance(value, float) else str(value)
