"""What two runs have different, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from nbtutor.engine import History
from nbtutor.engine.activations import ACTIVATIONS
from nbtutor.engine.datasets import FAMILIES
from nbtutor.engine.features import FEATURES
from nbtutor.engine.initializations import INITIALIZATIONS
from nbtutor.engine.optimizers import OPTIMIZERS
from nbtutor.engine.surfaces import SURFACES
from nbtutor.widgets.settings import WORDS, RunSettings

if TYPE_CHECKING:
    from nbtutor.widgets.live import Run

DATA = ("dataset", "noise", "label_noise", "classes", "points", "train_share", "data", "shift")
"""Settings with which another problem is solved, so that the losses do not compare."""

_SHORT = {
    "learning_rate": "rate",
    "batch_size": "batch",
    "redraw": "weights",
    "points": "points",
    **dict.fromkeys(("dataset", "optimizer", "activation", "loss"), ""),
}
_REGISTRIES = (FAMILIES, SURFACES, ACTIVATIONS, INITIALIZATIONS, OPTIMIZERS)
_MOST_EVENTS = 2
_MOST_NAMED = 2


def differing(one: RunSettings, other: RunSettings) -> list[str]:
    """Return the names of the settings that differ."""
    return [name for name in WORDS if getattr(one, name) != getattr(other, name)]


def name_of(settings: RunSettings, other: RunSettings) -> str:
    """Return a short name for a run from what it has different, such as "rate 0.1".

    Returns
    -------
    str
        Empty if nothing differs.
    """
    return ", ".join(
        f"{_SHORT.get(name, WORDS[name])} {show_setting(name, getattr(settings, name))}".strip()
        for name in differing(settings, other)[:_MOST_NAMED]
    )


def describe_difference(kept: Run, present: Run) -> str:
    """Say what a kept run has different from the present one, and to what end.

    The losses are those at the last epoch that both have an entry of. Where the data are others,
    they are not compared.
    """
    one, other = kept.settings, present.settings
    names = differing(one, other)
    parts = [
        f"{WORDS[name]} {show_setting(name, getattr(one, name))}, "
        f"now {show_setting(name, getattr(other, name))}"
        for name in names
    ]
    rest = "otherwise the same" if names else "the same settings"
    same_seed = "" if "seed" in names else ", same seed"
    settings = "; ".join([*parts, rest + same_seed])
    shared = parting(kept.trainer.history, present.trainer.history)
    sentences = [
        settings[0].upper() + settings[1:] + ".",
        _describe_course(kept, present, shared),
        _describe_losses(kept, present, shared),
    ]
    return " ".join(filter(None, sentences))


def last_common_epoch(one: History, other: History) -> int:
    """Return the last epoch that both histories have an entry of; both have one of epoch 0."""
    return int(np.intersect1d(one.epoch, other.epoch).max())


def parting(one: History, other: History) -> int:
    """Return the epoch up to which two runs have the same losses; -1 if they never had."""
    epochs, first, second = np.intersect1d(one.epoch, other.epoch, return_indices=True)
    pairs = [
        (getattr(one, name)[first, 0], getattr(other, name)[second, 0])
        for name in ("train_loss", "validation_loss")
    ]
    same = np.all([np.isclose(a, b, rtol=0, atol=0, equal_nan=True) for a, b in pairs], axis=0)
    different = np.flatnonzero(~same)
    shared = len(epochs) if not different.size else int(different[0])
    return int(epochs[shared - 1]) if shared else -1


def show_setting(name: str, value: Any) -> str:
    """Return a setting's value as a person reads it."""
    if name == "data":
        return "generated" if value is None else f"{len(value):,} of one's own"
    if name == "hidden":
        return "-".join(map(str, value)) or "none"
    if name == "inputs":
        return ", ".join(FEATURES[one].label for one in value)
    if isinstance(value, str):
        known = next((r[value] for r in _REGISTRIES if value in r), None)
        return str(getattr(known, "label", value.replace("_", " ")))
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(show_setting(name, one) for one in value)
    return str(value)


def show_loss(loss: float) -> str:
    """Return a loss with three significant digits and at most four decimals, as the page has it."""
    if not math.isfinite(loss):
        return "not known"
    size = abs(loss)
    if size and (size >= 10_000 or size < 0.0005):
        return f"{loss:.1e}"
    decimals = next((d for d, low in enumerate((100, 10, 1, 0.01)) if size >= low), 4)
    return f"{loss:.{decimals if size else 3}f}"


def same_data(one: Run, other: Run) -> bool:
    """Whether two runs have the very same points."""
    pairs = [(one.train, other.train), (one.validation, other.validation)]
    return all(np.array_equal(a.X, b.X) and np.array_equal(a.y, b.y) for a, b in pairs)


def _describe_course(kept: Run, present: Run, shared: int) -> str:
    """Say how long both were one run, and what was changed on the way since."""
    sentences = [f"One run up to epoch {shared:,}."] if shared > 0 else []
    for run, words in ((kept, "Changed on the way"), (present, "Changed on the way now")):
        events = [e for e in run.trainer.history.events if e.setting and e.epoch >= max(shared, 0)]
        told = [f"{e.label} at epoch {math.floor(e.epoch):,}" for e in events[:_MOST_EVENTS]]
        if told:
            more = f", and {len(events) - len(told)} more" if len(events) > len(told) else ""
            sentences.append(f"{words}: {', '.join(told)}{more}.")
    return " ".join(sentences)


def _describe_losses(kept: Run, present: Run, shared: int) -> str:
    if kept.network.loss != present.network.loss:
        return "Another loss function, so the losses do not compare."
    one, other = kept.trainer.history, present.trainer.history
    same = same_data(kept, present)
    if not same and set(differing(kept.settings, present.settings)) & set(DATA):
        return "Other data, so the losses do not compare."
    epoch = last_common_epoch(one, other)
    if epoch == 0 or epoch == shared:
        return ""  # there is nothing to compare yet
    losses = [show_loss(h.validation_loss[h.epoch == epoch][0, 0]) for h in (one, other)]
    where = f"both at epoch {epoch:,}" + ("" if same else ", each on its own points")
    return f"Validation loss {losses[0]}, now {losses[1]}, {where}."
