"""Settings as traits, so that controls, saved notebooks and Python all see the same value."""

from __future__ import annotations

from typing import Any

import traitlets

from nbtutor.widgets.settings import DEFAULTS, check_setting


class Setting(traitlets.TraitType[Any, Any]):
    """A trait that holds a setting, and refuses what `check_setting` refuses."""

    def validate(self, obj: Any, value: Any) -> Any:
        """Return the value in its proper type; see `check_setting`."""
        return check_setting(self.name or "", value)


class SettingTraits(traitlets.HasTraits):
    """One trait for each setting of a run."""

    dataset = Setting(DEFAULTS.dataset).tag(sync=True)
    data = Setting(DEFAULTS.data)  # not for the page, which has the points in every picture
    noise = Setting(DEFAULTS.noise).tag(sync=True)
    label_noise = Setting(DEFAULTS.label_noise).tag(sync=True)
    classes = Setting(DEFAULTS.classes).tag(sync=True)
    points = Setting(DEFAULTS.points).tag(sync=True)
    train_share = Setting(DEFAULTS.train_share).tag(sync=True)
    shift = Setting(DEFAULTS.shift).tag(sync=True)
    inputs = Setting(DEFAULTS.inputs).tag(sync=True)
    hidden = Setting(DEFAULTS.hidden).tag(sync=True)
    activation = Setting(DEFAULTS.activation).tag(sync=True)
    loss = Setting(DEFAULTS.loss).tag(sync=True)
    initialization = Setting(DEFAULTS.initialization).tag(sync=True)
    redraw = Setting(DEFAULTS.redraw).tag(sync=True)
    optimizer = Setting(DEFAULTS.optimizer).tag(sync=True)
    momentum = Setting(DEFAULTS.momentum).tag(sync=True)
    learning_rate = Setting(DEFAULTS.learning_rate).tag(sync=True)
    batch_size = Setting(DEFAULTS.batch_size).tag(sync=True)
    dropout = Setting(DEFAULTS.dropout).tag(sync=True)
    l1 = Setting(DEFAULTS.l1).tag(sync=True)
    l2 = Setting(DEFAULTS.l2).tag(sync=True)
    schedule = Setting(DEFAULTS.schedule).tag(sync=True)
    schedule_epochs = Setting(DEFAULTS.schedule_epochs).tag(sync=True)
    schedule_low = Setting(DEFAULTS.schedule_low).tag(sync=True)
    clip_norm = Setting(DEFAULTS.clip_norm).tag(sync=True)
    label_smoothing = Setting(DEFAULTS.label_smoothing).tag(sync=True)
    jitter = Setting(DEFAULTS.jitter).tag(sync=True)
    rotation = Setting(DEFAULTS.rotation).tag(sync=True)
    mirror = Setting(DEFAULTS.mirror).tag(sync=True)
    stop_epoch = Setting(DEFAULTS.stop_epoch).tag(sync=True)
    stop_loss = Setting(DEFAULTS.stop_loss).tag(sync=True)
    patience = Setting(DEFAULTS.patience).tag(sync=True)
    seed = Setting(DEFAULTS.seed).tag(sync=True)
    replicas = Setting(DEFAULTS.replicas).tag(sync=True)
