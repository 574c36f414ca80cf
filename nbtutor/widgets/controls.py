"""The controls: ordinary ipywidgets, so that a teacher can use them elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import ipywidgets
import traitlets

from nbtutor.engine.activations import ACTIVATIONS
from nbtutor.engine.datasets import FAMILIES, MAX_NOISE
from nbtutor.engine.features import FEATURES
from nbtutor.engine.initializations import INITIALIZATIONS
from nbtutor.engine.optimizers import OPTIMIZERS
from nbtutor.engine.schedules import SCHEDULES
from nbtutor.engine.surfaces import SURFACES
from nbtutor.engine.validation import ParameterError, check_choice, is_sequence
from nbtutor.widgets.layer_controls import LayerChoice, LayerShare
from nbtutor.widgets.live import SPEEDS
from nbtutor.widgets.own_points import MAX_CLASSES
from nbtutor.widgets.settings import MAX_LAYERS, MAX_UNITS, OWN, RunSettings

RATES = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
COUNTS = (0, 10, 20, 30, 50)
PENALTIES = (0.0, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
DROPOUTS = tuple(step / 20 for step in range(19))
BATCHES = (1, 2, 4, 8, 10, 16, 32, 64, 128, 256, 512)
POINTS = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
LENGTHS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
LOWS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0)
NORMS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
ANGLES = (0.0, 5.0, 10.0, 20.0, 30.0, 45.0, 90.0, 180.0)
JITTERS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0)
STOP_EPOCHS = (0, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
STOP_LOSSES = (0.0, 0.001, 0.003, 0.01, 0.03, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
PATIENCES = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500)
UNITS_OF_A_NEW_LAYER = 4
_DATA_LABELS = {name: family.label for name, family in FAMILIES.items()} | {
    name: surface.label for name, surface in SURFACES.items()
}
_DATA_LABELS[OWN] = "Own points"
LOSS_LABELS = {"cross_entropy": "Cross-entropy", "squared_error": "Squared error"}


class Ladder(ipywidgets.SelectionSlider):
    """A slider over round numbers, which takes any other number too.

    Parameters
    ----------
    steps : sequence of float
        The round numbers, in rising order.
    value : float
        The first value. One that is no step becomes one more step.
    description : str
    shown : str
        The format of a number.
    zero : str
        What is shown for 0.
    """

    def __init__(
        self,
        steps: Sequence[float],
        value: float,
        description: str,
        shown: str = "{:g}",
        zero: str = "0",
    ) -> None:
        self.steps = tuple(sorted({*steps, value}))
        self._shown, self._zero = shown, zero
        super().__init__(options=self._options(), value=value, description=description)

    def show(self, value: float) -> None:
        """Set the value, adding it to the steps if need be."""
        with self.hold_sync():
            if value not in self.steps:
                self.steps = tuple(sorted({*self.steps, value}))
                self.set_trait("options", self._options())
            self.value = value

    def _options(self) -> list[tuple[str, float]]:
        return [(self._shown.format(step) if step else self._zero, step) for step in self.steps]


class Count(ipywidgets.Dropdown):
    """A list of counts, 0 as "Off", which takes any other count too.

    Parameters
    ----------
    counts : sequence of int
    value : int
        The first value. One that is not in the list becomes one more.
    description : str
    """

    def __init__(self, counts: Sequence[int], value: int, description: str) -> None:
        self.counts = tuple(sorted({*counts, value}))
        super().__init__(options=self._options(), value=value, description=description)

    def show(self, value: int) -> None:
        """Set the value, adding it to the list if need be."""
        with self.hold_sync():
            if value not in self.counts:
                self.counts = tuple(sorted({*self.counts, value}))
                self.set_trait("options", self._options())
            self.value = value

    def _options(self) -> list[tuple[str, int]]:
        return [(str(count) if count else "Off", count) for count in self.counts]


class Layers(ipywidgets.HBox):
    """Hidden layers, added and removed, with the units of each.

    Attributes
    ----------
    value : tuple of int
        Units of every hidden layer.
    disabled : bool
    """

    value = traitlets.Any(())
    disabled = traitlets.Bool(False)

    def __init__(self, value: tuple[int, ...]) -> None:
        self.add = _button("Add a layer", "nbt-add")
        self.remove = _button("Remove a layer", "nbt-remove")
        self.units = [
            ipywidgets.BoundedIntText(
                value=UNITS_OF_A_NEW_LAYER,
                min=1,
                max=MAX_UNITS,
                description=f"Units in layer {number}",
            )
            for number in range(1, MAX_LAYERS + 1)
        ]
        for box in self.units:
            box.add_class("nbt-units")
            box.observe(self._read, "value")
        super().__init__(value=value)
        self.add_class("nbt-layers")
        self.add.on_click(lambda _: self._set((*self.value, UNITS_OF_A_NEW_LAYER)))
        self.remove.on_click(lambda _: self._set(self.value[:-1]))
        self._draw()

    def _set(self, value: tuple[int, ...]) -> None:
        self.value = value[:MAX_LAYERS]

    def _read(self, change: dict[str, Any]) -> None:
        boxes = self.units[: len(self.value)]
        if change["owner"] in boxes:
            self.value = tuple(box.value for box in boxes)

    @traitlets.observe("value", "disabled")
    def _draw(self, change: dict[str, Any] | None = None) -> None:
        value = self.value
        for box, units in zip(self.units, value, strict=False):
            box.unobserve(self._read, "value")
            box.value = units
            box.observe(self._read, "value")
        self.children = (self.remove, self.add, *self.units[: len(value)])
        self.add.disabled = self.disabled or len(value) >= MAX_LAYERS
        self.remove.disabled = self.disabled or not value
        for box in self.units:
            box.disabled = self.disabled


class Inputs(ipywidgets.HBox):
    """The inputs, each switched on and off by a button of its own; at least one stays on.

    Attributes
    ----------
    value : tuple of str
        The names of those that are on, in the order of `FEATURES`.
    disabled : bool
    """

    value = traitlets.Any(())
    disabled = traitlets.Bool(False)

    def __init__(self, value: tuple[str, ...]) -> None:
        self.buttons = {
            name: ipywidgets.ToggleButton(description=feature.label, tooltip=feature.label)
            for name, feature in FEATURES.items()
        }
        super().__init__((ipywidgets.Label("Inputs"), *self.buttons.values()), value=value)
        self.add_class("nbt-inputs")
        self._draw()
        for button in self.buttons.values():
            button.observe(self._read, "value")

    def _read(self, change: dict[str, Any]) -> None:
        chosen = tuple(name for name, button in self.buttons.items() if button.value)
        # A network needs an input: the last one cannot be switched off.
        self.value = chosen or self.value
        self._draw()

    @traitlets.observe("value", "disabled")
    def _draw(self, change: dict[str, Any] | None = None) -> None:
        for name, button in self.buttons.items():
            button.unobserve(self._read, "value")
            button.value = name in self.value
            button.disabled = self.disabled
            button.observe(self._read, "value")


@dataclass(frozen=True)
class Transport:
    """The buttons that run the run."""

    play: ipywidgets.Button
    step: ipywidgets.Button
    epoch: ipywidgets.Button
    reset: ipywidgets.Button
    redraw: ipywidgets.Button
    undo: ipywidgets.Button


@dataclass(frozen=True)
class Controls:
    """One control for each setting of a run, by the setting's name, and the speed."""

    dataset: ipywidgets.ToggleButtons
    classes: ipywidgets.BoundedIntText
    noise: ipywidgets.FloatSlider
    label_noise: ipywidgets.FloatSlider
    train_share: ipywidgets.FloatSlider
    points: Ladder
    shift: ipywidgets.FloatSlider
    seed: ipywidgets.BoundedIntText
    inputs: Inputs
    hidden: Layers
    activation: LayerChoice
    learning_rate: Ladder
    batch_size: Ladder
    dropout: LayerShare
    l1: Ladder
    l2: Ladder
    optimizer: ipywidgets.Dropdown
    momentum: ipywidgets.FloatSlider
    loss: ipywidgets.Dropdown
    initialization: ipywidgets.Dropdown
    clip_norm: Ladder
    label_smoothing: ipywidgets.FloatSlider
    jitter: Ladder
    rotation: Ladder
    mirror: ipywidgets.Checkbox
    schedule: ipywidgets.Dropdown
    schedule_epochs: Ladder
    schedule_low: Ladder
    stop_epoch: Ladder
    stop_loss: Ladder
    patience: Ladder
    speed: ipywidgets.Dropdown
    replicas: Count


def check_chosen(value: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of the controls that a teacher has chosen, and those of all others.

    Parameters
    ----------
    value : sequence of str or None
        Names in `Controls`. None chooses nothing, and then there are no others.

    Raises
    ------
    ParameterError
        If it is no sequence, is empty, or an entry is no such name; near names are suggested.
    """
    if value is None:
        return (), ()
    if not is_sequence(value) or not len(value):
        hint = "For example ['learning_rate', 'noise']; leave it out to show all."
        raise ParameterError("controls", value, "a sequence of names of controls", hint)
    names = [field.name for field in fields(Controls)]
    chosen = tuple(dict.fromkeys(check_choice("an entry of controls", e, names) for e in value))
    return chosen, tuple(name for name in names if name not in chosen)


def make_transport() -> Transport:
    """Make the buttons; they do nothing yet."""
    return Transport(
        play=_button("Play", "nbt-play", "nbt-primary"),
        step=_button("Step", "nbt-step", tooltip="Train one update, on one batch"),
        epoch=_button("Epoch", "nbt-epoch", tooltip="Train one epoch, on every point once"),
        reset=_button("Reset", "nbt-reset", tooltip="Start again from the same first weights"),
        redraw=_button("New weights", "nbt-redraw", tooltip="Start again from other first weights"),
        undo=_button("Undo", "nbt-undo", tooltip="Bring back the run before the last restart"),
    )


def make_controls(settings: RunSettings, *, own: bool = True) -> Controls:
    """Make one control for each setting, showing `settings`.

    Parameters
    ----------
    settings : RunSettings
    own : bool
        Whether points of one's own can be chosen where there are none yet.
    """
    labels = dict(_DATA_LABELS)
    if not own and settings.dataset != OWN:
        del labels[OWN]
    controls = Controls(
        dataset=ipywidgets.ToggleButtons(
            options=[(label, name) for name, label in labels.items()],
            value=settings.dataset,
            description="Data set",
            tooltips=list(labels),
        ),
        classes=ipywidgets.BoundedIntText(
            value=settings.classes, min=2, max=MAX_CLASSES, description="Classes"
        ),
        noise=_share("Noise", settings.noise, 0, MAX_NOISE),
        label_noise=_share("Label noise", settings.label_noise, 0, MAX_NOISE),
        train_share=_share("Training share", settings.train_share, 0.1, 0.9),
        points=Ladder(POINTS, settings.points, "Points"),
        shift=_share("Shift", settings.shift, 0, 1),
        seed=ipywidgets.BoundedIntText(value=settings.seed, min=0, max=999_999, description="Seed"),
        inputs=Inputs(settings.inputs),
        hidden=Layers(settings.hidden),
        activation=LayerChoice(
            {name: each.label for name, each in ACTIVATIONS.items()},
            settings.activation,
            "Activation",
        ),
        learning_rate=Ladder(RATES, settings.learning_rate, "Learning rate"),
        batch_size=Ladder(BATCHES, settings.batch_size, "Batch size"),
        dropout=LayerShare(DROPOUTS, settings.dropout, "Dropout"),
        l1=Ladder(PENALTIES, settings.l1, "L1"),
        l2=Ladder(PENALTIES, settings.l2, "L2"),
        optimizer=_choice("Optimizer", settings.optimizer, OPTIMIZERS),
        momentum=_share("Momentum", settings.momentum, 0, 0.95),
        loss=ipywidgets.Dropdown(
            options=[(label, name) for name, label in LOSS_LABELS.items()],
            value=settings.loss,
            description="Loss",
        ),
        initialization=_choice("First weights", settings.initialization, INITIALIZATIONS),
        clip_norm=Ladder(NORMS, settings.clip_norm, "Clip gradient", zero="off"),
        label_smoothing=_share("Smooth labels", settings.label_smoothing, 0, 0.5),
        jitter=Ladder(JITTERS, settings.jitter, "Jitter"),
        rotation=Ladder(ANGLES, settings.rotation, "Rotation", "{:g}°", zero="0°"),
        mirror=ipywidgets.Checkbox(
            value=settings.mirror, description="Mirror half of them", indent=False
        ),
        schedule=_choice("Schedule", settings.schedule, SCHEDULES),
        schedule_epochs=Ladder(LENGTHS, settings.schedule_epochs, "Length"),
        schedule_low=Ladder(LOWS, settings.schedule_low, "Lowest rate", "× {:g}"),
        stop_epoch=Ladder(STOP_EPOCHS, settings.stop_epoch, "Stop at epoch", zero="never"),
        stop_loss=Ladder(STOP_LOSSES, settings.stop_loss, "Stop at loss", zero="never"),
        patience=Ladder(PATIENCES, settings.patience, "Patience", zero="never"),
        speed=ipywidgets.Dropdown(
            options=[(label, name) for name, label in SPEEDS.items()],
            value="normal",
            description="Speed",
        ),
        replicas=Count(COUNTS, settings.replicas, "Replicas"),
    )
    controls.dataset.add_class("nbt-datasets")
    for control in vars(controls).values():
        control.add_class("nbt-control")
    return controls


def bind(owner: traitlets.HasTraits, name: str, control: Any) -> Callable[[], None]:
    """Keep a trait of `owner` and a control's value the same.

    Returns
    -------
    callable
        Undoes it.
    """
    show = getattr(control, "show", lambda value: setattr(control, "value", value))

    def to_control(change: dict[str, Any]) -> None:
        # A list that gets other entries passes by its first one: not news.
        control.unobserve(to_owner, "value")
        show(change["new"])
        control.observe(to_owner, "value")

    def to_owner(change: dict[str, Any]) -> None:
        setattr(owner, name, change["new"])

    owner.observe(to_control, name)
    control.observe(to_owner, "value")

    def unbind() -> None:
        owner.unobserve(to_control, name)
        control.unobserve(to_owner, "value")

    return unbind


def _button(description: str, *classes: str, tooltip: str = "") -> ipywidgets.Button:
    button = ipywidgets.Button(description=description, tooltip=tooltip)
    for name in ("nbt-button", *classes):
        button.add_class(name)
    return button


def _choice(description: str, value: str, registry: Mapping[str, Any]) -> ipywidgets.Dropdown:
    """Make a list of what a registry holds, by the names that a person reads."""
    return ipywidgets.Dropdown(
        options=[(entry.label, name) for name, entry in registry.items()],
        value=value,
        description=description,
    )


def _share(description: str, value: float, low: float, high: float) -> ipywidgets.FloatSlider:
    return ipywidgets.FloatSlider(
        value=value,
        min=low,
        max=high,
        step=0.05,
        readout_format=".0%",
        description=description,
    )
