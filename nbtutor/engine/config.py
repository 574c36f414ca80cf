"""The settings of a training run."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from nbtutor.engine.augmentation import Augmentation
from nbtutor.engine.optimizers import OPTIMIZERS
from nbtutor.engine.schedules import Schedule, schedule_from_dict
from nbtutor.engine.validation import (
    ParameterError,
    check_choice,
    check_integer,
    check_number,
    check_per_replica,
    check_type,
    is_sequence,
)

PerReplica = float | tuple[float, ...]
Table = tuple[tuple[float, ...], ...]

LIMITS: dict[str, tuple[float, float]] = {
    "learning_rate": (0, 1e6),
    "momentum": (0, 1),
    "dropout": (0, 1),
    "l1": (0, 1e6),
    "l2": (0, 1e6),
}
_BELOW_ONE = ("momentum", "dropout")
MAX_BATCH = 10_000_000


@dataclass(frozen=True)
class TrainingConfig:
    """How to train. Frozen: a slider swaps it whole, so no setting is ever half applied.

    Learning rate, momentum, dropout, L1 and L2 may be one number, or a tuple with one for each
    replica.

    Parameters
    ----------
    learning_rate : float, default 0.03
        0 or more.
    batch_size : int, default 10
        Points an update; more than there are is all of them.
    momentum : float, default 0
        From 0 to below 1; used by the optimizers "sgd" and "nesterov".
    dropout : float, default 0
        Share of hidden units that is dropped at each update, from 0 to below 1. A table sets it by
        layer: a column for each hidden layer, and one row, or one for each replica.
    l1, l2 : float, default 0
        Strength of the penalties; see `Penalty`. With "adamw", `l2` is its weight decay, and no
        part of the objective.
    optimizer : str, default "sgd"
        A name from `OPTIMIZERS`.
    schedule : Schedule, optional
        Multiplies the learning rate in the course of the run; see `nbtutor.engine.schedules`.
    clip_norm : float, optional
        A gradient longer than this is scaled down to it, in each replica.
    label_smoothing : float, default 0
        Share of a label's certainty that is spread over all classes, from 0 to below 1.
    augmentation : Augmentation, optional
        Random changes of the training points.
    shuffle : bool, default True
        Whether each epoch has an order of its own. Without, points come as they are stored.
    patience : int, default 0
        Early stopping (Prechelt, 1998): a replica stops when its validation loss has not improved
        for so many epochs, and gets its best weights back. 0 is never.

    Raises
    ------
    ParameterError
        If a value is not allowed.
    """

    learning_rate: PerReplica = 0.03
    batch_size: int = 10
    momentum: PerReplica = 0.0
    dropout: PerReplica | Table = 0.0
    l1: PerReplica = 0.0
    l2: PerReplica = 0.0
    optimizer: str = "sgd"
    schedule: Schedule | None = None
    clip_norm: float | None = None
    label_smoothing: float = 0.0
    augmentation: Augmentation | None = None
    shuffle: bool = True
    patience: int = 0

    def __post_init__(self) -> None:
        size = check_integer("batch_size", self.batch_size, low=1, high=MAX_BATCH)
        object.__setattr__(self, "batch_size", size)
        for name in LIMITS:
            value = getattr(self, name)
            if name == "dropout" and _is_table(value):
                value = tuple(_check_limits(f"dropout[{i}]", row) for i, row in enumerate(value))
                if len({len(row) if isinstance(row, tuple) else 0 for row in value}) != 1:
                    allowed = "a table with rows of equal length, a column for each hidden layer"
                    raise ParameterError("dropout", self.dropout, allowed)
            else:
                value = _check_limits(name, value)
            object.__setattr__(self, name, value)
        check_choice("optimizer", self.optimizer, OPTIMIZERS)
        if self.schedule is not None:
            check_type("schedule", self.schedule, Schedule)
        if self.clip_norm is not None:
            norm = check_number("clip_norm", self.clip_norm, low=0, high=1e12, include_low=False)
            object.__setattr__(self, "clip_norm", norm)
        smoothing = check_number(
            "label_smoothing", self.label_smoothing, low=0, high=1, include_high=False
        )
        object.__setattr__(self, "label_smoothing", smoothing)
        if self.augmentation is not None:
            check_type("augmentation", self.augmentation, Augmentation)
        if not isinstance(self.shuffle, bool):
            raise ParameterError("shuffle", self.shuffle, "True or False")
        patience = check_integer("patience", self.patience, low=0, high=1_000_000_000)
        object.__setattr__(self, "patience", patience)

    def check_replicas(self, replicas: int, hidden_layers: int) -> None:
        """Check that settings of one for each replica fit a fleet.

        Raises
        ------
        ParameterError
            If one of them has another number of entries.
        """
        for name in LIMITS:
            value = getattr(self, name)
            if isinstance(value, tuple) and len(value) not in (1, replicas):
                allowed = f"one number, or {replicas}, one for each replica"
                raise ParameterError(name, value, allowed)
        row = self.dropout[0] if isinstance(self.dropout, tuple) else 0.0
        if isinstance(row, tuple) and len(row) != hidden_layers:
            allowed = f"a table with {hidden_layers} columns, one for each hidden layer"
            raise ParameterError("dropout", self.dropout, allowed)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON can hold them."""
        settings = {field.name: getattr(self, field.name) for field in fields(self)}
        if self.schedule is not None:
            settings["schedule"] = self.schedule.to_dict()
        if self.augmentation is not None:
            settings["augmentation"] = asdict(self.augmentation)
        return settings

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> TrainingConfig:
        """Return what `to_dict` gave as settings again.

        Raises
        ------
        ParameterError, TypeError
            If a value is not allowed, or a name unknown.
        """
        settings = dict(settings)
        if settings.get("schedule") is not None:
            settings["schedule"] = schedule_from_dict(settings["schedule"])
        if settings.get("augmentation") is not None:
            settings["augmentation"] = Augmentation(**settings["augmentation"])
        return cls(**settings)


def _is_table(value: Any) -> bool:
    return is_sequence(value) and any(map(is_sequence, value))


def _check_limits(name: str, value: Any) -> PerReplica:
    setting = name.partition("[")[0]
    low, high = LIMITS[setting]
    return check_per_replica(
        name, value, low=low, high=high, include_high=setting not in _BELOW_ONE
    )
