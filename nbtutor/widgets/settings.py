"""The settings of a run that a learner can see and change."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from nbtutor.engine import Dataset, Network, TrainingConfig, make_dataset
from nbtutor.engine.activations import ACTIVATIONS
from nbtutor.engine.augmentation import Augmentation
from nbtutor.engine.datasets import DATASETS, FAMILIES, MAX_NOISE, SURFACES
from nbtutor.engine.features import check_features
from nbtutor.engine.initializations import INITIALIZATIONS
from nbtutor.engine.losses import LOSSES
from nbtutor.engine.optimizers import OPTIMIZERS
from nbtutor.engine.schedules import SCHEDULES
from nbtutor.engine.validation import (
    ParameterError,
    check_choice,
    check_integer,
    check_number,
    check_sizes,
)
from nbtutor.widgets.by_layer import BY_LAYER, check_each, fit, settle
from nbtutor.widgets.own_points import MAX_CLASSES, OwnPoints, as_points
from nbtutor.widgets.schedules import LOWEST, MAX_LENGTH, make_schedule

MAX_LAYERS = 6
MAX_UNITS = 64
OWN = "own"
"""The data set that is points of one's own."""

MAX_REDRAWS = 999_999
_REDRAW_STEP = 1_000_003  # a prime above the largest seed, so that no two pairs give one number

LIVE = (
    *("activation", "learning_rate", "batch_size", "dropout", "l1", "l2", "optimizer", "momentum"),
    *("schedule", "schedule_epochs", "schedule_low", "clip_norm", "label_smoothing"),
    *("jitter", "rotation", "mirror", "stop_epoch", "stop_loss", "patience"),
)
"""Settings that may change in mid-run; a change of any other starts the run again."""

BESIDE = ("replicas",)
"""Settings that leave the run itself as it is, and may change at any time too."""

MAX_REPLICAS = 100

WORDS = {
    "dataset": "data set",
    "data": "own points",
    "noise": "noise",
    "label_noise": "label noise",
    "classes": "number of classes",
    "points": "number of points",
    "train_share": "training share",
    "shift": "shift between training and validation",
    "inputs": "inputs",
    "hidden": "layers",
    "activation": "activation",
    "loss": "loss",
    "initialization": "initial weights",
    "redraw": "draw of the initial weights",
    "optimizer": "optimizer",
    "momentum": "momentum",
    "learning_rate": "learning rate",
    "batch_size": "batch size",
    "dropout": "dropout",
    "l1": "L1",
    "l2": "L2",
    "schedule": "schedule of the learning rate",
    "schedule_epochs": "length of the schedule",
    "schedule_low": "low of the schedule",
    "clip_norm": "gradient clipping",
    "label_smoothing": "label smoothing",
    "jitter": "jitter",
    "rotation": "rotation",
    "mirror": "mirroring",
    "stop_epoch": "epoch to stop at",
    "stop_loss": "loss to stop at",
    "patience": "patience",
    "seed": "seed",
    "replicas": "replicas",
}
"""The settings as a person reads them."""


# A run keeps one for each change of a setting: slots make that 0.3 KB, and a dict 1.6.
@dataclass(frozen=True, slots=True)
class RunSettings:
    """Everything that makes a run: two runs with equal settings give equal numbers.

    Parameters
    ----------
    dataset : str
        A name from `nbtutor.engine.datasets.DATASETS`, or "own".
    data : OwnPoints or None
        The points of the data set "own", and None for all others; see
        `nbtutor.widgets.own_points.as_points` for what it is made from.
    noise : float
        From 0 to 0.5.
    label_noise : float
        Share of the labels that are replaced by another class, from 0 to 0.5.
    classes : int
        From 2 to 5, for the data sets that have a choice: "rings", "blobs" and "spirals".
    points : int
        Points of training and validation together, 10 to 5,000.
    train_share : float
        Share of the points that is trained on, 0.1 to 0.9.
    shift : float
        How far training and validation points come from different places, 0 to 1; see
        `nbtutor.engine.Dataset.split`.
    inputs : sequence of str
        Names from `nbtutor.engine.features.FEATURES`.
    hidden : sequence of int
        Units of every hidden layer: at most 6 layers of 1 to 64 units.
    activation : str or sequence of str
        Of the hidden layers: one name for all, or one for each; see `nbtutor.widgets.by_layer`.
    loss : {"cross_entropy", "squared_error"}
        For classes; regression has squared error always.
    initialization : str
        How the weights start: a name from `nbtutor.engine.initializations.INITIALIZATIONS`.
    redraw : int
        Another number draws other initial weights, and leaves data and batches as they are.
    dropout : float or sequence of float
        Share of hidden units that is dropped: one number for all layers, or one for each.
    learning_rate, batch_size, l1, l2, optimizer, momentum
        See `nbtutor.engine.TrainingConfig`; here each is a single number.
    schedule : str
        How the learning rate changes in the course of the run: a name from
        `nbtutor.engine.schedules.SCHEDULES`.
    schedule_epochs : int
        The schedule's length, 1 to 100,000 epochs, and
    schedule_low : float
        its lowest factor, 0.0001 to 1; see `nbtutor.widgets.schedules.make_schedule`.
    clip_norm : float
        A longer gradient is scaled down to this length; 0 is never.
    label_smoothing : float
        Share of a label's certainty that is spread over all classes; regression has none.
    jitter, rotation, mirror
        Random changes of the training points, see `nbtutor.engine.augmentation.Augmentation`.
    stop_epoch : int
        The run pauses at this epoch; 0 is never.
    stop_loss : float
        The run pauses when the validation loss is as low as this; 0 is never.
    patience : int
        Epochs without a lower validation loss after which the run gets its best weights back, and
        pauses; 0 is never.
    seed : int
        Of data, initial weights, batches and dropout; 0 to 999,999.
    replicas : int
        Networks that are trained beside the run, each on a draw of the data of its own, 1 to 100;
        0 for none.

    Raises
    ------
    ParameterError
        If a value is not allowed.
    """

    dataset: str = "circle"
    data: OwnPoints | None = None
    noise: float = 0.0
    label_noise: float = 0.0
    classes: int = 3
    points: int = 500
    train_share: float = 0.5
    shift: float = 0.0
    inputs: tuple[str, ...] = ("x", "y")
    hidden: tuple[int, ...] = (4, 2)
    activation: str | tuple[str, ...] = "tanh"
    loss: str = "cross_entropy"
    initialization: str = "xavier_uniform"
    redraw: int = 0
    optimizer: str = "sgd"
    momentum: float = 0.0
    learning_rate: float = 0.03
    batch_size: int = 10
    dropout: float | tuple[float, ...] = 0.0
    l1: float = 0.0
    l2: float = 0.0
    schedule: str = "constant"
    schedule_epochs: int = 100
    schedule_low: float = 0.1
    clip_norm: float = 0.0
    label_smoothing: float = 0.0
    jitter: float = 0.0
    rotation: float = 0.0
    mirror: bool = False
    stop_epoch: int = 0
    stop_loss: float = 0.0
    patience: int = 0
    seed: int = 0
    replicas: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = check_setting(field.name, getattr(self, field.name))
            object.__setattr__(self, field.name, value)
        for name in BY_LAYER:
            value = settle(name, getattr(self, name), len(self.hidden))
            object.__setattr__(self, name, value)
        if self.dataset != OWN:
            object.__setattr__(self, "data", None)
        elif self.data is None:
            hint = "Pass them as data=, for example data=(X, y)."
            raise ParameterError("data", None, "given, as the data set is 'own'", hint)

    def changed(self, **settings: Any) -> RunSettings:
        """Return other settings; what is by layer, and not given, follows the number of layers.

        Raises
        ------
        ParameterError
            If a value is not allowed.
        """
        hidden = check_setting("hidden", settings.get("hidden", self.hidden))
        follow = {name: fit(getattr(self, name), len(hidden)) for name in BY_LAYER}
        return replace(self, **follow | settings)

    def keeping(self, kept: Mapping[str, Any]) -> RunSettings:
        """Return these settings but for some of another run; those by layer fit these layers."""
        layers = len(kept.get("hidden", self.hidden))
        fitted = {n: fit(value, layers) if n in BY_LAYER else value for n, value in kept.items()}
        return self.changed(**fitted)

    @property
    def training(self) -> TrainingConfig:
        """The part of the settings that a trainer takes."""
        return TrainingConfig(
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            dropout=(self.dropout,) if isinstance(self.dropout, tuple) else self.dropout,
            l1=self.l1,
            l2=self.l2,
            optimizer=self.optimizer,
            momentum=self.momentum,
            schedule=make_schedule(self.schedule, self.schedule_epochs, self.schedule_low),
            clip_norm=self.clip_norm or None,
            label_smoothing=0.0 if self._values else self.label_smoothing,
            augmentation=self._augmentation,
            patience=self.patience,
        )

    def changed_from(self, before: RunSettings) -> dict[str, Any]:
        """Return what a trainer has to change that went on with other settings before."""
        old, new = (vars(s.training) | {"activation": s.activation} for s in (before, self))
        return {name: value for name, value in new.items() if value != old[name]}

    @property
    def _values(self) -> bool:
        """Whether values are predicted, and not classes."""
        own = self.data is not None and self.data.task == "regression"
        return own or self.dataset in SURFACES

    @property
    def _augmentation(self) -> Augmentation | None:
        if not (self.jitter or self.rotation or self.mirror):
            return None
        return Augmentation(self.jitter, self.rotation, self.mirror)

    def make_data(self) -> Dataset:
        """Return the points of training and validation together."""
        if self.data is not None:
            return self.data.data
        family = FAMILIES.get(self.dataset)
        choice = family is not None and family.most_classes > family.classes
        return make_dataset(
            self.dataset,
            self.points,
            self.noise,
            self.seed,
            label_noise=self.label_noise if family else 0.0,
            classes=self.classes if choice else None,
        )

    def split(self, data: Dataset) -> tuple[Dataset, Dataset]:
        """Return the points to train on, and those to validate with."""
        return data.split(self.train_share, self.shift)

    def make_network(self, data: Dataset) -> Network:
        """Return a network that fits the data, with its initial weights."""
        kind = "sigmoid" if data.classes == 2 else "softmax"
        output, units = (kind, max(data.classes, 2) - (kind == "sigmoid"))
        if data.task == "regression":
            output, units = "linear", 1
        return Network(
            (len(self.inputs), *self.hidden, units),
            self.activation,
            output,
            seed=self.seed + _REDRAW_STEP * self.redraw,
            loss=None if output == "linear" else self.loss,
            initialization=self.initialization,
            inputs=self.inputs,
        )


def check_setting(name: str, value: Any) -> Any:
    """Return the value of one setting in its proper type.

    Raises
    ------
    ParameterError
        If it is not allowed.
    """
    match name:
        case "dataset":
            return check_choice(name, value, (*DATASETS, OWN))
        case "data":
            return as_points(value)
        case "inputs":
            return check_features(name, value)
        case "loss":
            return check_choice(name, value, LOSSES["sigmoid"])
        case "initialization":
            return check_choice(name, value, INITIALIZATIONS)
        case "optimizer":
            return check_choice(name, value, OPTIMIZERS)
        case "activation":
            return check_each(name, value, _check_activation)
        case "hidden":
            return check_sizes(name, value, max_layers=MAX_LAYERS, max_units=MAX_UNITS)
        case "noise" | "label_noise":
            return check_number(name, value, low=0, high=MAX_NOISE)
        case "train_share":
            return check_number(name, value, low=0.1, high=0.9)
        case "learning_rate":
            return check_number(name, value, low=0, high=1000)
        case "schedule":
            return check_choice(name, value, SCHEDULES)
        case "schedule_epochs":
            return check_integer(name, value, low=1, high=MAX_LENGTH)
        case "schedule_low":
            return check_number(name, value, low=LOWEST, high=1)
        case "shift":
            return check_number(name, value, low=0, high=1)
        case "clip_norm" | "stop_loss":
            return check_number(name, value, low=0, high=1000)
        case "jitter":
            return check_number(name, value, low=0, high=6)
        case "rotation":
            return check_number(name, value, low=0, high=180)
        case "mirror":
            if not isinstance(value, bool):
                raise ParameterError(name, value, "True or False")
            return value
        case "stop_epoch" | "patience":
            return check_integer(name, value, low=0, high=1_000_000)
        case "dropout":
            return check_each(name, value, _check_below_one)
        case "momentum" | "label_smoothing":
            return _check_below_one(name, value)
        case "l1" | "l2":
            return check_number(name, value, low=0, high=1000)
        case "classes":
            return check_integer(name, value, low=2, high=MAX_CLASSES)
        case "batch_size":
            return check_integer(name, value, low=1, high=5000)
        case "points":
            return check_integer(name, value, low=10, high=5000)
        case "redraw":
            return check_integer(name, value, low=0, high=MAX_REDRAWS)
        case "replicas":
            return check_integer(name, value, low=0, high=MAX_REPLICAS)
        case "seed":
            return check_integer(name, value, low=0, high=999_999)
    raise unknown_name(name, WORDS)


def _check_activation(name: str, value: Any) -> str:
    return check_choice(name, value, ACTIVATIONS)


def _check_below_one(name: str, value: Any) -> float:
    return check_number(name, value, low=0, high=1, include_high=False)


def name_of_data(dataset: str, settings: Mapping[str, Any]) -> str:
    """Return the name of the data set that was asked for, which points of one's own say alone.

    Raises
    ------
    ParameterError
        If there are points, and yet another data set is named.
    """
    if settings.get("data") is None:
        return dataset
    if dataset not in (OWN, DEFAULTS.dataset):
        hint = "The points in data= are the data set."
        raise ParameterError("dataset", dataset, f"left out, or {OWN!r}", hint)
    return OWN


def unknown_name(name: str, known: Iterable[str]) -> TypeError:
    """Return the error for a keyword that does not exist, with near names."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    return TypeError(f"unknown setting {name!r}.{meant} The settings are {', '.join(known)}.")


DEFAULTS = RunSettings()
"""The settings of a run for which nothing else is said."""
