"""Runs that are kept beside the present one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nbtutor.engine import History, ParameterError
from nbtutor.widgets.comparison import name_of
from nbtutor.widgets.settings import RunSettings

if TYPE_CHECKING:
    from nbtutor.widgets.live import Run

MOST_RUNS = 6
"""As many as there are dash patterns to tell them apart by."""

MOST_CHARACTERS = 40


@dataclass
class SavedRun:
    """A run that is kept.

    Attributes
    ----------
    number : int
        Its own for as long as it is kept; names may change.
    name : str
    run : Run
    """

    number: int
    name: str
    run: Run

    @property
    def settings(self) -> RunSettings:
        """The settings at its end."""
        return self.run.settings

    @property
    def history(self) -> History:
        """Losses and accuracies, one entry an epoch, each column of shape (entries,)."""
        return self.run.trainer.history.replica(0)

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return self.run.trainer.epoch

    @property
    def updates(self) -> int:
        """Updates done."""
        return self.run.trainer.updates

    @property
    def seconds(self) -> float:
        """Seconds of training."""
        return self.run.seconds


class SavedRuns:
    """The kept runs, in the order in which they came.

    Attributes
    ----------
    version : int
        Rises with every change.
    """

    def __init__(self) -> None:
        self.version = 0
        self._runs: list[SavedRun] = []
        self._made = 0

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[SavedRun]:
        return iter(tuple(self._runs))

    def __getitem__(self, number: int) -> SavedRun:
        """Return the run with a number.

        Raises
        ------
        ParameterError
            If there is none.
        """
        for saved in self._runs:
            if saved.number == number:
                return saved
        raise ParameterError("number", number, "that of a kept run", "It may have been removed.")

    def named(self, name: str) -> SavedRun:
        """Return the run of a name.

        Raises
        ------
        ParameterError
            If there is none.
        """
        for saved in self._runs:
            if saved.name == name:
                return saved
        known = ", ".join(repr(saved.name) for saved in self._runs) or "none is kept"
        raise ParameterError("name", name, f"that of a kept run ({known})")

    @property
    def full(self) -> bool:
        """Whether no further run can be kept."""
        return len(self._runs) >= MOST_RUNS

    def check_room(self) -> None:
        """Check that one more can be kept.

        Raises
        ------
        ParameterError
            If not; none is thrown away for it.
        """
        if self.full:
            hint = f"{MOST_RUNS} runs are kept already: remove one from the list of runs first."
            raise ParameterError("runs", len(self._runs), f"below {MOST_RUNS}", hint)

    def twin(self, run: Run) -> SavedRun | None:
        """Return the kept run that is the same one, at the same place."""
        for saved in self._runs:
            one, other = saved.run.trainer, run.trainer
            if (
                saved.settings == run.settings
                and one.updates == other.updates
                and one.history.events == other.history.events
                and np.array_equal(one.network.parameters.flat, other.network.parameters.flat)
            ):
                return saved
        return None

    def add(self, run: Run, name: str = "", beside: RunSettings | None = None) -> SavedRun:
        """Keep a run.

        Parameters
        ----------
        run : Run
        name : str, optional
            By default the one that it had, or else what differs from `beside`.
        beside : RunSettings, optional
            By default those of the last kept run, or the usual ones.

        Raises
        ------
        ParameterError
            If there are too many, or the name is not allowed.
        """
        self.check_room()
        name = self._name(run, name, beside)
        self._made += 1
        run.fleet = None  # replicas are large, and are trained again when they are asked for
        saved = SavedRun(self._made, name, run)
        self._runs.append(saved)
        self.version += 1
        return saved

    def replace(self, number: int, run: Run) -> SavedRun:
        """Keep a run in the place of another one, which is returned."""
        old = self[number]
        place = self._runs.index(old)
        self._runs.remove(old)
        self._made += 1
        run.fleet = None
        name = self._name(run, "", old.settings)
        self._runs.insert(place, SavedRun(self._made, name, run))
        self.version += 1
        return old

    def rename(self, number: int, name: str) -> None:
        """Give a run another name.

        Raises
        ------
        ParameterError
            If it is not allowed, or another run has it.
        """
        saved = self[number]
        if name != saved.name:
            saved.name = self._check_name(name)
            self.version += 1

    def remove(self, number: int) -> SavedRun:
        """Keep a run no longer, and return it."""
        saved = self[number]
        self._runs.remove(saved)
        self.version += 1
        return saved

    def _name(self, run: Run, name: str, beside: RunSettings | None) -> str:
        if name:
            return self._check_name(name)
        if beside is None:
            beside = self._runs[-1].settings if self._runs else RunSettings()
        proposed = run.name or name_of(run.settings, beside)[: MOST_CHARACTERS - 5]
        taken = {saved.name for saved in self._runs}
        proposals = (f"run {k}" for k in range(1, MOST_RUNS + 2))
        if proposed:
            proposals = (f"{proposed} ({k})" for k in range(2, MOST_RUNS + 2))
            if proposed not in taken:
                return proposed
        return next(one for one in proposals if one not in taken)

    def _check_name(self, name: object) -> str:
        allowed = f"a text of 1 to {MOST_CHARACTERS} characters in one line"
        if not isinstance(name, str):
            raise ParameterError("name", name, allowed)
        name = name.strip()
        if not 1 <= len(name) <= MOST_CHARACTERS or not name.isprintable():
            raise ParameterError("name", name[: 2 * MOST_CHARACTERS], allowed)
        if any(saved.name == name for saved in self._runs):
            raise ParameterError("name", name, "one that no other kept run has")
        return name
