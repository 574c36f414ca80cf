"""Controls of an experiment's own: what a learner turns that is no setting of a run.

An experiment names its dials (`nbtutor.widgets.tutors.tutor.Experiment.DIALS`), each with what it
may be and where it stands at first; the tutor makes the controls, and keeps where they stand.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import ipywidgets

from nbtutor.engine.validation import check_choice, check_number
from nbtutor.widgets.boxes import section
from nbtutor.widgets.controls import Ladder


@dataclass(frozen=True)
class Dial(ABC):
    """Something to turn.

    Parameters
    ----------
    label : str
        As a person reads it.
    start : object
        Where it stands at first.
    """

    label: str
    start: Any

    @abstractmethod
    def check(self, name: str, value: Any) -> Any:
        """Return `value` in its proper type.

        Raises
        ------
        ParameterError
            If it is not allowed.
        """

    def read(self, name: str, text: str) -> Any:
        """Return the value that `text` says.

        Raises
        ------
        ParameterError
            If it is not allowed.
        """
        try:
            value: Any = float(text)
        except ValueError:
            value = text
        return self.check(name, value)

    @abstractmethod
    def control(self) -> ipywidgets.DOMWidget:
        """Make the control, which stands at the start."""


@dataclass(frozen=True)
class Slider(Dial):
    """A number on an even scale.

    Parameters
    ----------
    low, high, step : float
        The ends of the scale, and how far two places are apart.
    """

    low: float = 0.0
    high: float = 1.0
    step: float = 0.1

    def check(self, name: str, value: Any) -> float:
        """Return `value` as a float from `low` to `high`."""
        return check_number(name, value, low=self.low, high=self.high)

    def control(self) -> ipywidgets.FloatSlider:
        """Make a slider."""
        decimals = max(0, len(f"{self.step:g}".partition(".")[2]))
        return ipywidgets.FloatSlider(
            value=self.start,
            min=self.low,
            max=self.high,
            step=self.step,
            readout_format=f".{decimals}f",
            description=self.label,
        )


@dataclass(frozen=True)
class Steps(Dial):
    """A number above 0, on a scale of round numbers.

    Parameters
    ----------
    steps : tuple of float
        Rising; a number between the lowest and the highest is allowed too.
    """

    steps: tuple[float, ...] = (1.0,)

    def check(self, name: str, value: Any) -> float:
        """Return `value` as a float from the lowest step to the highest."""
        return check_number(name, value, low=self.steps[0], high=self.steps[-1])

    def control(self) -> Ladder:
        """Make a slider over the steps."""
        return Ladder(self.steps, self.start, self.label)


@dataclass(frozen=True)
class Choice(Dial):
    """One of a list.

    Parameters
    ----------
    options : mapping of str to str
        The names to choose from, and how a person reads them.
    """

    options: Mapping[str, str] = field(default_factory=dict)

    def check(self, name: str, value: Any) -> str:
        """Return `value`, one of the options' names."""
        return check_choice(name, value, self.options)

    def read(self, name: str, text: str) -> str:
        """Return `text`, if it is one of the options' names."""
        return self.check(name, text)

    def control(self) -> ipywidgets.Dropdown:
        """Make a list."""
        return ipywidgets.Dropdown(
            options=[(label, name) for name, label in self.options.items()],
            value=self.start,
            description=self.label,
        )


class Panel:
    """The dials of one experiment: their controls under a heading, and where they stand.

    Parameters
    ----------
    title : str
    dials : mapping of str to Dial
        There may be none.
    on_turn : callable
        Called with the name and the value of a dial that the learner has turned.

    Attributes
    ----------
    values : dict of str to object
        Where each stands.
    controls : dict of str to Widget
    box : Box
        The heading and the controls.
    """

    def __init__(
        self, title: str, dials: Mapping[str, Dial], on_turn: Callable[[str, Any], None]
    ) -> None:
        self._dials = dials
        self.values = {name: dial.start for name, dial in dials.items()}
        self.controls = {name: dial.control() for name, dial in dials.items()}
        for name, control in self.controls.items():
            control.add_class("nbt-control")
            control.observe(lambda change, name=name: on_turn(name, change["new"]), "value")
        self.box = section(title, *self.controls.values())

    def turn(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Turn dials, and return what stands elsewhere now.

        Raises
        ------
        ParameterError
            If a value is not allowed; nothing is changed then.
        TypeError
            If there is no such dial.
        """
        for name in values:
            if name not in self._dials:
                known = ", ".join(self._dials) or "none"
                msg = f"unknown dial {name!r}; this experiment has {known}"
                raise TypeError(msg)
        checked = {name: self._dials[name].check(name, value) for name, value in values.items()}
        turned = {name: value for name, value in checked.items() if value != self.values[name]}
        self.values |= turned
        for name, value in turned.items():
            control = self.controls[name]
            if control.value != value:
                getattr(control, "show", lambda v, c=control: setattr(c, "value", v))(value)
        return turned
