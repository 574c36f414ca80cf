"""The settings of a run that a learner can see and change."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from nbtutor.engine import TrainingConfig
from nbtutor.engine.activations import ACTIVATIONS
from nbtutor.engine.datasets import MAX_NOISE
from nbtutor.engine.validation import check_choice, check_integer, check_number, check_sizes

# The live network has one sigmoid output and the views draw two classes, so data sets of more
# classes or of values are not offered here.
DATASETS = ("circle", "xor", "gaussians", "spiral", "moons")
"""The data sets of the playground: those of two classes that have a picture."""

MAX_LAYERS = 6
MAX_UNITS = 64

LIVE = ("activation", "learning_rate", "batch_size", "dropout", "l1", "l2")
"""Settings that may change in mid-run; a change of any other starts the run again."""

WORDS = {
    "dataset": "data set",
    "noise": "noise",
    "points": "number of points",
    "train_share": "training share",
    "hidden": "layers",
    "activation": "activation",
    "learning_rate": "learning rate",
    "batch_size": "batch size",
    "dropout": "dropout",
    "l1": "L1",
    "l2": "L2",
    "seed": "seed",
}
"""The settings as a person reads them."""


@dataclass(frozen=True)
class RunSettings:
    """Everything that makes a run: two runs with equal settings give equal numbers.

    Parameters
    ----------
    dataset : {"circle", "xor", "gaussians", "spiral", "moons"}
    noise : float
        From 0 to 0.5.
    points : int
        Points of training and validation together, 10 to 5,000.
    train_share : float
        Share of the points that is trained on, 0.1 to 0.9.
    hidden : sequence of int
        Units of every hidden layer: at most 6 layers of 1 to 64 units.
    activation : str
        Of the hidden layers.
    learning_rate, batch_size, dropout, l1, l2
        See `nbtutor.engine.TrainingConfig`; here each is a single number.
    seed : int
        Of data, initial weights, batches and dropout; 0 to 999,999.

    Raises
    ------
    ParameterError
        If a value is not allowed.
    """

    dataset: str = "circle"
    noise: float = 0.0
    points: int = 500
    train_share: float = 0.5
    hidden: tuple[int, ...] = (4, 2)
    activation: str = "tanh"
    learning_rate: float = 0.03
    batch_size: int = 10
    dropout: float = 0.0
    l1: float = 0.0
    l2: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = check_setting(field.name, getattr(self, field.name))
            object.__setattr__(self, field.name, value)

    @property
    def training(self) -> TrainingConfig:
        """The part of the settings that a trainer takes."""
        return TrainingConfig(
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            dropout=self.dropout,
            l1=self.l1,
            l2=self.l2,
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
            return check_choice(name, value, DATASETS)
        case "activation":
            return check_choice(name, value, ACTIVATIONS)
        case "hidden":
            return check_sizes(name, value, max_layers=MAX_LAYERS, max_units=MAX_UNITS)
        case "noise":
            return check_number(name, value, low=0, high=MAX_NOISE)
        case "train_share":
            return check_number(name, value, low=0.1, high=0.9)
        case "learning_rate":
            return check_number(name, value, low=0, high=1000)
        case "dropout":
            return check_number(name, value, low=0, high=1, include_high=False)
        case "l1" | "l2":
            return check_number(name, value, low=0, high=1000)
        case "batch_size":
            return check_integer(name, value, low=1, high=5000)
        case "points":
            return check_integer(name, value, low=10, high=5000)
        case "seed":
            return check_integer(name, value, low=0, high=999_999)
    raise unknown_name(name, WORDS)


def unknown_name(name: str, known: Iterable[str]) -> TypeError:
    """Return the error for a keyword that does not exist, with near names."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    return TypeError(f"unknown setting {name!r}.{meant} The settings are {', '.join(known)}.")
