"""How the learning rate changes in the course of training.

A schedule gives a factor, usually from 0 to 1, that multiplies the learning rate. It is a function
of the epochs done, the part of the present one counted: at epoch 2.5 the third epoch is half done.
So a run with other batches has the same schedule. One that ends keeps its last value.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar

from nbtutor.engine.validation import ParameterError, check_choice, check_number, check_type

SHORTEST, LONGEST = 1e-6, 1e9
"""Limits of every length, in epochs."""
LATEST = 1e12
"""Limit of the epochs done."""
_AFTER_WARM_UP = "a schedule that is not a warm-up itself"


@dataclass(frozen=True)
class Schedule(ABC):
    """A factor for the learning rate; call it with the epochs done.

    Attributes
    ----------
    name : str
        The name in the registry `SCHEDULES`.
    label : str
        The name that a person reads.
    """

    name: ClassVar[str]
    label: ClassVar[str]

    def __call__(self, epochs: float) -> float:
        """Return the factor.

        Parameters
        ----------
        epochs : float
            Epochs done, from 0.

        Raises
        ------
        ParameterError
            If `epochs` is not a number from 0 to 1e12.
        """
        if not (type(epochs) is float and 0 <= epochs <= LATEST):  # quick: asked at every update
            epochs = check_number("epochs", epochs, low=0, high=LATEST)
        return self._factor(epochs)

    @abstractmethod
    def _factor(self, epochs: float) -> float:
        """Return the factor at an allowed number of epochs."""

    def to_dict(self) -> dict[str, Any]:
        """Return the schedule as what JSON can hold; `schedule_from_dict` reads it."""
        data: dict[str, Any] = {"name": self.name}
        for setting in fields(self):
            value = getattr(self, setting.name)
            data[setting.name] = value.to_dict() if isinstance(value, Schedule) else value
        return data

    def _check_length(self, name: str) -> None:
        value = check_number(name, getattr(self, name), low=SHORTEST, high=LONGEST)
        object.__setattr__(self, name, value)

    def _check_share(self, name: str, *, include_zero: bool = True) -> None:
        value = check_number(name, getattr(self, name), low=0, high=1, include_low=include_zero)
        object.__setattr__(self, name, value)


@dataclass(frozen=True)
class Constant(Schedule):
    """The same rate throughout."""

    name = "constant"
    label = "Constant"

    def _factor(self, epochs: float) -> float:
        return 1.0


@dataclass(frozen=True)
class StepDecay(Schedule):
    """Multiply the rate with a factor every so many epochs.

    Parameters
    ----------
    every : float
        Epochs from one step to the next, 1e-6 to 1e9.
    factor : float, default 0.1
        0 to 1.

    Raises
    ------
    ParameterError
        If a value is not allowed.
    """

    name = "step"
    label = "Steps"

    every: float
    factor: float = 0.1

    def __post_init__(self) -> None:
        self._check_length("every")
        self._check_share("factor")

    def _factor(self, epochs: float) -> float:
        return float(self.factor ** math.floor(epochs / self.every))


@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """Multiply the rate with a factor in the course of every epoch.

    Parameters
    ----------
    factor : float
        Above 0, up to 1.

    Raises
    ------
    ParameterError
        If it is not allowed.
    """

    name = "exponential"
    label = "Exponential decay"

    factor: float

    def __post_init__(self) -> None:
        self._check_share("factor", include_zero=False)

    def _factor(self, epochs: float) -> float:
        return float(self.factor**epochs)


@dataclass(frozen=True)
class CosineDecay(Schedule):
    """From 1 to `end` along half a wave of the cosine (Loshchilov and Hutter, 2017, eq. 5).

    Parameters
    ----------
    epochs : float
        How long it takes, 1e-6 to 1e9.
    end : float, default 0
        The factor at the end and from then on, 0 to 1.

    Raises
    ------
    ParameterError
        If a value is not allowed.
    """

    name = "cosine"
    label = "Cosine decay"

    epochs: float
    end: float = 0.0

    def __post_init__(self) -> None:
        self._check_length("epochs")
        self._check_share("end")

    def _factor(self, epochs: float) -> float:
        return _cosine(1.0, self.end, epochs / self.epochs)


@dataclass(frozen=True)
class WarmUp(Schedule):
    """Rise in a straight line to where another schedule starts, then follow that one.

    Large batches with large rates need it in the first epochs (Goyal et al., 2017, section 2.2).

    Parameters
    ----------
    epochs : float
        How long the rise takes, 1e-6 to 1e9.
    then : Schedule, default Constant()
        Its first epoch is the one after the rise. Any but another warm-up.
    start : float, default 0.1
        The first factor, as a share of what it rises to, 0 to 1.

    Raises
    ------
    ParameterError
        If a value is not allowed.
    """

    name = "warm_up"
    label = "Warm-up"

    epochs: float
    then: Schedule = field(default_factory=Constant)
    start: float = 0.1

    def __post_init__(self) -> None:
        self._check_length("epochs")
        self._check_share("start")
        check_type("then", self.then, Schedule)
        if isinstance(self.then, WarmUp):
            raise ParameterError("then", self.then, _AFTER_WARM_UP)

    def _factor(self, epochs: float) -> float:
        if epochs < self.epochs:
            return _line(self.start, 1.0, epochs / self.epochs) * self.then(0.0)
        return self.then(epochs - self.epochs)


@dataclass(frozen=True)
class Triangular(Schedule):
    """From `low` up to 1 and down again in straight lines, over and over (Smith, 2017).

    Parameters
    ----------
    half_period : float
        Epochs from the lowest rate to the highest, 1e-6 to 1e9.
    low : float, default 0.1
        The lowest factor, 0 to 1.

    Raises
    ------
    ParameterError
        If a value is not allowed.
    """

    name = "triangular"
    label = "Cyclical, triangular"

    half_period: float
    low: float = 0.1

    def __post_init__(self) -> None:
        self._check_length("half_period")
        self._check_share("low")

    def _factor(self, epochs: float) -> float:
        triangle = 1 - abs(epochs / self.half_period % 2 - 1)
        return _line(self.low, 1.0, triangle * self._height(epochs))

    def _height(self, epochs: float) -> float:
        """Return the height of the triangle that these epochs fall into, 0 to 1."""
        return 1.0


@dataclass(frozen=True)
class Triangular2(Triangular):
    """As `Triangular`, with each triangle half as high as the one before (Smith, 2017).

    Parameters
    ----------
    half_period : float
        Epochs from the lowest rate to the highest, 1e-6 to 1e9.
    low : float, default 0.1
        The lowest factor, 0 to 1.

    Raises
    ------
    ParameterError
        If a value is not allowed.
    """

    name = "triangular2"
    label = "Cyclical, halved each time"

    def _height(self, epochs: float) -> float:
        return float(0.5 ** math.floor(epochs / (2 * self.half_period)))


@dataclass(frozen=True)
class ExpRange(Triangular):
    """As `Triangular`, with a height that a factor makes less in every epoch (Smith, 2017).

    Parameters
    ----------
    half_period : float
        Epochs from the lowest rate to the highest, 1e-6 to 1e9.
    low : float, default 0.1
        The lowest factor, 0 to 1.
    factor : float, default 0.95
        Above 0, up to 1.

    Raises
    ------
    ParameterError
        If a value is not allowed.
    """

    name = "exp_range"
    label = "Cyclical, shrinking"

    factor: float = 0.95

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_share("factor", include_zero=False)

    def _height(self, epochs: float) -> float:
        return float(self.factor**epochs)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """One cycle for the whole run: up from `start` to 1, then down to next to nothing.

    Smith and Topin (2018); both ways along half a wave of the cosine, and with the ends of
    PyTorch's OneCycleLR. Only the rate goes through the cycle, not the momentum.

    Parameters
    ----------
    epochs : float
        How long it takes, 1e-6 to 1e9.
    rise : float, default 0.3
        The share of it that goes up, 0 to 1.
    start : float, default 1 / 25
        The first factor, 0 to 1.
    end : float, default 1 / 250,000
        The factor at the end and from then on, 0 to 1.

    Raises
    ------
    ParameterError
        If a value is not allowed.
    """

    name = "one_cycle"
    label = "One cycle"

    epochs: float
    rise: float = 0.3
    start: float = 1 / 25
    end: float = 1 / 250_000

    def __post_init__(self) -> None:
        self._check_length("epochs")
        for name in ("rise", "start", "end"):
            self._check_share(name)

    def _factor(self, epochs: float) -> float:
        done = min(epochs / self.epochs, 1.0)
        if done < self.rise:
            return _cosine(self.start, 1.0, done / self.rise)
        if done == 1:  # also where nothing is left for the way down
            return self.end
        return _cosine(1.0, self.end, (done - self.rise) / (1 - self.rise))


@dataclass(frozen=True)
class LinearRamp(Schedule):
    """From `start` to 1 in a straight line: Smith's range test (2017, section 3.3).

    Parameters
    ----------
    start : float
        The first factor, 0 to 1.
    epochs : float
        How long it takes, 1e-6 to 1e9.

    Raises
    ------
    ParameterError
        If a value is not allowed.
    """

    name = "linear_ramp"
    label = "Linear ramp"

    start: float
    epochs: float

    def __post_init__(self) -> None:
        self._check_share("start")
        self._check_length("epochs")

    def _factor(self, epochs: float) -> float:
        return _line(self.start, 1.0, epochs / self.epochs)


@dataclass(frozen=True)
class ExponentialRamp(Schedule):
    """From `start` to 1, by the same factor in the same time: a range test over decades.

    Parameters
    ----------
    start : float
        The first factor, above 0, up to 1.
    epochs : float
        How long it takes, 1e-6 to 1e9.

    Raises
    ------
    ParameterError
        If a value is not allowed.
    """

    name = "exponential_ramp"
    label = "Exponential ramp"

    start: float
    epochs: float

    def __post_init__(self) -> None:
        self._check_share("start", include_zero=False)
        self._check_length("epochs")

    def _factor(self, epochs: float) -> float:
        return float(self.start ** (1 - min(epochs / self.epochs, 1.0)))


SCHEDULES: dict[str, type[Schedule]] = {
    schedule.name: schedule
    for schedule in (
        Constant,
        StepDecay,
        ExponentialDecay,
        CosineDecay,
        WarmUp,
        Triangular,
        Triangular2,
        ExpRange,
        OneCycle,
        LinearRamp,
        ExponentialRamp,
    )
}
"""The schedules by name."""


def schedule_from_dict(data: Mapping[str, Any]) -> Schedule:
    """Return the schedule that `Schedule.to_dict` has written down.

    Parameters
    ----------
    data : mapping
        ``name``, and the settings of the schedule; those with a default may be left out.

    Raises
    ------
    ParameterError
        If the name or a setting is unknown, one is missing, or a value is not allowed.
    """
    if not isinstance(data, Mapping):
        raise ParameterError("schedule", data, "a dictionary with a name and settings")
    kind = SCHEDULES[check_choice("name", data.get("name"), SCHEDULES)]
    settings = {name: value for name, value in data.items() if name != "name"}
    known = {setting.name: setting for setting in fields(kind)}
    for name in settings:
        if name not in known:
            raise ParameterError("schedule", data, f"without {name!r}", _hint(kind, known))
    for name, setting in known.items():
        required = setting.default is MISSING and setting.default_factory is MISSING
        if required and name not in settings:
            raise ParameterError("schedule", data, f"given with {name!r}", _hint(kind, known))
    then = settings.get("then")
    if isinstance(then, Mapping):
        if then.get("name") == WarmUp.name:  # before it is read: they may be nested without end
            raise ParameterError("then", then, _AFTER_WARM_UP)
        settings["then"] = schedule_from_dict(then)
    return kind(**settings)


def _hint(kind: type[Schedule], known: Iterable[str]) -> str:
    return f"Settings of {kind.name!r}: {', '.join(known) or 'none'}."


def _line(start: float, end: float, done: float) -> float:
    """Return the point of a straight line at a share of the way; the end beyond 1."""
    done = min(done, 1.0)
    return start * (1 - done) + end * done


def _cosine(start: float, end: float, done: float) -> float:
    """Return the point of half a wave at a share of the way; the end beyond 1."""
    return _line(end, start, (1 + math.cos(math.pi * min(done, 1.0))) / 2)
