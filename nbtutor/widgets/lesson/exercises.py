"""Exercises that are checked against what the learner's own run has done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import traitlets

from nbtutor.engine.validation import ParameterError
from nbtutor.widgets import protocol
from nbtutor.widgets.lesson.part import Part


@dataclass(frozen=True)
class Outcome:
    """What a check found.

    Parameters
    ----------
    right : bool
    sentence : str
        What was seen in the run; where it is not right yet, a hint that fits it.
    """

    right: bool
    sentence: str


@dataclass(frozen=True)
class Exercise:
    """A task, and how its result is looked for in the run.

    Parameters
    ----------
    name : str
        Of letters, digits and hyphens; the learner's browser remembers it by this.
    task : str
    check : callable
        Looks at the run as it is now.
    """

    name: str
    task: str
    check: Callable[[], Outcome]


class Exercises(Part):
    """A list of exercises, each with a button that checks it.

    The learner's browser remembers what was done, and nothing else does.

    Parameters
    ----------
    lesson : str
        Name of the lesson, under which the browser remembers.
    exercises : sequence of Exercise

    Raises
    ------
    ParameterError
        If two exercises have one name.
    """

    lesson = traitlets.Unicode().tag(sync=True)
    tasks = traitlets.List(traitlets.Dict()).tag(sync=True)
    outcomes = traitlets.Dict().tag(sync=True)

    def __init__(self, lesson: str, exercises: Sequence[Exercise]) -> None:
        self.exercises = {exercise.name: exercise for exercise in exercises}
        if len(self.exercises) < len(exercises):
            names = [exercise.name for exercise in exercises]
            raise ParameterError("exercises", names, "exercises of different names")
        tasks = [{"name": name, "task": one.task} for name, one in self.exercises.items()]
        super().__init__(view="exercises", lesson=lesson, tasks=tasks)

    def check(self, name: Any) -> Outcome:
        """Check an exercise, and show what was found.

        Raises
        ------
        ParameterError
            If there is none of this name.
        """
        if not isinstance(name, str) or name not in self.exercises:
            raise ParameterError("name", name, f"one of {', '.join(self.exercises)}")
        outcome = self.exercises[name].check()
        tries = self.outcomes.get(name, {}).get("tries", 0) + 1
        found = {"right": outcome.right, "sentence": outcome.sentence, "tries": tries}
        self.outcomes = {**self.outcomes, name: found}
        return outcome

    def act(self, name: str, arguments: Mapping[str, object]) -> None:
        """Check an exercise."""
        if name != "check":
            raise protocol.ProtocolError("Exercises can only be checked.")
        (exercise,) = protocol.read_arguments(arguments, "name")
        self.check(exercise)
