"""Settings as traits, so that controls, saved notebooks and Python all see the same value."""

from __future__ import annotations

from typing import Any

import traitlets

from nbtutor.widgets.settings import RunSettings, check_setting


class Setting(traitlets.TraitType[Any, Any]):
    """A trait that holds a setting, and refuses what `check_setting` refuses."""

    def validate(self, obj: Any, value: Any) -> Any:
        """Return the value in its proper type; see `check_setting`."""
        return check_setting(self.name or "", value)


class SettingTraits(traitlets.HasTraits):
    """One trait for each setting of a run."""

    dataset = Setting(RunSettings.dataset).tag(sync=True)
    data = Setting(RunSettings.data)  # not for the page, which has the points in every picture
    noise = Setting(RunSettings.noise).tag(sync=True)
    label_noise = Setting(RunSettings.label_noise).tag(sync=True)
    classes = Setting(RunSettings.classes).tag(sync=True)
    points = Setting(RunSettings.points).tag(sync=True)
    train_share = Setting(RunSettings.train_share).tag(sync=True)
    shift = Setting(RunSettings.shift).tag(sync=True)
    inputs = Setting(RunSettings.inputs).tag(sync=True)
    hidden = Setting(RunSettings.hidden).tag(sync=True)
    activation = Setting(RunSettings.activation).tag(sync=True)
    loss = Setting(RunSettings.loss).tag(sync=True)
    initialization = Setting(RunSettings.initialization).tag(sync=True)
    redraw = Setting(RunSettings.redraw).tag(sync=True)
    optimizer = Setting(RunSettings.optimizer).tag(sync=True)
    momentum = Setting(RunSettings.momentum).tag(sync=True)
    learning_rate = Setting(RunSettings.learning_rate).tag(sync=True)
    batch_size = Setting(RunSettings.batch_size).tag(sync=True)
    dropout = Setting(RunSettings.dropout).tag(sync=True)
    l1 = Setting(RunSettings.l1).tag(sync=True)
    l2 = Setting(RunSettings.l2).tag(sync=True)
    schedule = Setting(RunSettings.schedule).tag(sync=True)
    schedule_epochs = Setting(RunSettings.schedule_epochs).tag(sync=True)
    schedule_low = Setting(RunSettings.schedule_low).tag(sync=True)
    clip_norm = Setting(RunSettings.clip_norm).tag(sync=True)
    label_smoothing = Setting(RunSettings.label_smoothing).tag(sync=True)
    jitter = Setting(RunSettings.jitter).tag(sync=True)
    rotation = Setting(RunSettings.rotation).tag(sync=True)
    mirror = Setting(RunSettings.mirror).tag(sync=True)
    stop_epoch = Setting(RunSettings.stop_epoch).tag(sync=True)
    stop_loss = Setting(RunSettings.stop_loss).tag(sync=True)
    patience = Setting(RunSettings.patience).tag(sync=True)
    seed = Setting(RunSettings.seed).tag(sync=True)
    replicas = Setting(RunSettings.replicas).tag(sync=True)
