"""Going back in a run, going on from there, and keeping runs beside the present one.

Nothing here cuts a run short. A run that is looked at as it was is put back to its end before
anything else happens to it; going on from an earlier epoch makes another run, and keeps the one
that it came from.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nbtutor.engine import Network, ParameterError
from nbtutor.engine.training import MAX_COUNT
from nbtutor.engine.validation import check_integer
from nbtutor.widgets.comparison import describe_difference
from nbtutor.widgets.saved_runs import SavedRun, SavedRuns
from nbtutor.widgets.settings import RunSettings
from nbtutor.widgets.stopping import stopped_early

if TYPE_CHECKING:
    from nbtutor.widgets.live import LiveRun, Run
    from nbtutor.widgets.replicas import News

Array = np.ndarray

MOST_KEPT = 240
"""States that a run keeps at most: about one a pixel of the curve."""

LEAST_KEPT = 30
KEPT_BYTES = 4_000_000
"""What the states of one run may take; a network too large for this keeps `LEAST_KEPT` of them."""

_MOST_NUMBERS = 3  # for a parameter: itself, and what Adam remembers of it


def keep_limit(network: Network) -> int:
    """Return how many states of a run of this network are kept at most."""
    size = _MOST_NUMBERS * network.parameters.flat.nbytes
    return max(LEAST_KEPT, min(MOST_KEPT, KEPT_BYTES // size))


class Scrub:
    """A run that is shown as it was at the end of a kept epoch, and its end, to return to.

    Parameters
    ----------
    run : Run

    Attributes
    ----------
    epoch : int
        The epoch shown.
    end : float
        Where the run's end is, in epochs.
    settings : RunSettings
        Those to go on with.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.end = run.trainer.progress
        self.settings = run.settings
        self.epoch = run.trainer.epoch
        self._last = run.trainer.checkpoint()
        self._activation = run.network.activation

    def show(self, epoch: int) -> None:
        """Bring the network to where it was at the end of a kept epoch."""
        trainer = self.run.trainer
        trainer.restore(trainer.keep_points[epoch])
        self.epoch = epoch
        # The activation may have been another one then; it is no part of a state.
        self.run.network.activation = self._settings_then.activation

    @property
    def _settings_then(self) -> RunSettings:
        """Those of the update that led to what is shown."""
        return self.run.course.at(max(self.run.trainer.updates - 1, 0))

    @property
    def activation(self) -> str | tuple[str, ...]:
        """That of the epoch shown."""
        return self._settings_then.activation

    def leave(self) -> None:
        """Bring the network to where it was at the end."""
        self.run.trainer.restore(self._last)
        self.run.network.activation = self._activation

    def fork(self) -> Run:
        """Return another run that goes on from what is shown; this one returns to its end."""
        shown = self.run.network.parameters.flat.copy()  # may have been changed in Python
        self.leave()
        other = self.run.copy(self.epoch)
        other.network.parameters.flat[:] = shown
        other.change(self.settings)
        return other

    @property
    def share(self) -> float:
        """Which part of the run's updates was done by then."""
        return self.run.trainer.updates / max(self._last.updates, 1)


@dataclass(frozen=True)
class Span:
    """What a page needs to let a learner go back.

    Attributes
    ----------
    end : float
        The run's end, in epochs.
    every : int
        Each how many epochs a state is kept, from 0 on.
    scrubbed : bool
        Whether an earlier epoch is shown.
    """

    end: float
    every: int
    scrubbed: bool


@dataclass(frozen=True)
class Summary:
    """What is told of a kept run.

    Attributes
    ----------
    number : int
    name : str
    epoch, updates : int
    seconds : float
        Of training.
    train_loss, validation_loss : float
        The last ones.
    comparable : bool
        Whether its losses can be drawn in the same picture as the present run's.
    difference : str
        In words.
    """

    number: int
    name: str
    epoch: int
    updates: int
    seconds: float
    train_loss: float
    validation_loss: float
    comparable: bool
    difference: str


class Timeline:
    """What a learner does with whole runs: go back, go on from there, keep, compare.

    Parameters
    ----------
    live : LiveRun

    Attributes
    ----------
    saved : SavedRuns
    """

    def __init__(self, live: LiveRun) -> None:
        self.saved = SavedRuns()
        self._live = live
        self._scrub: Scrub | None = None
        self._told: dict[int, tuple[object, str]] = {}
        self._turn = 0

    # Back and forth.

    @property
    def scrubbed(self) -> bool:
        """Whether the run is shown as it was, and not at its end."""
        return self._scrub is not None

    @property
    def kept(self) -> tuple[int, ...]:
        """The epochs that can be shown."""
        return self._live.run.trainer.kept

    @property
    def settings(self) -> RunSettings:
        """Those that the run goes on with."""
        return self._live.run.settings if self._scrub is None else self._scrub.settings

    def change(self, settings: RunSettings) -> None:
        """Go on with other settings; a run that is shown as it was is not touched."""
        if self._scrub is None:
            self._live.run.change(settings)
        else:
            self._scrub.settings = settings

    def scrub(self, epoch: int) -> None:
        """Pause, and show the run as it was at the end of a kept epoch.

        Raises
        ------
        ParameterError
            If the epoch was not kept.
        """
        check_integer("epoch", epoch, low=0, high=MAX_COUNT)
        if epoch not in self.kept:
            every = self._live.run.trainer.keep_points.stride
            allowed = f"every {every:,}th, " if every > 1 else ""
            raise ParameterError(
                "epoch", epoch, f"one that is kept ({allowed}0 to {self.kept[-1]})"
            )
        self._live.pause()
        if epoch == self.span.end:
            self.back()
            return
        scrub = self._scrub or Scrub(self._live.run)
        scrub.show(epoch)
        self._scrub = scrub
        self._live.say(
            f"Epoch {epoch:,} of {math.floor(scrub.end):,}. Play makes a new run, and "
            "keeps this one."
        )

    def nearest(self, epoch: int) -> int:
        """Return the kept epoch that is nearest to a given one."""
        return min(self.kept, key=lambda kept: abs(kept - epoch))

    def back(self) -> None:
        """Pause, and show the run's end; settings changed meanwhile hold from there on."""
        self._live.pause()
        if self._scrub is not None:
            settings = self._scrub.settings
            self.leave()
            self._live.run.change(settings)
            self._live.say("")

    def leave(self) -> None:
        """Put the run back to its end, whatever comes next."""
        if self._scrub is not None:
            self._scrub.leave()
            self._scrub = None

    def fork(self) -> bool:
        """Go on from the epoch shown with the present settings; the run so far is kept.

        Returns
        -------
        bool
            Whether there was anything to do: not if the run stands at its end.

        Raises
        ------
        ParameterError
            If too many runs are kept; nothing is changed then.
        """
        if self._scrub is None:
            return False
        self.saved.check_room()
        old, epoch, settings = self._live.run, self._scrub.epoch, self._scrub.settings
        other = self._scrub.fork()
        self._scrub = None
        name = self.saved.add(old, beside=settings).name
        self._live.take(other)
        self._live.say(f"New run from epoch {epoch:,}; the old one is “{name}”.")
        return True

    @property
    def span(self) -> Span:
        """What can be shown."""
        trainer = self._live.run.trainer
        end = trainer.progress if self._scrub is None else self._scrub.end
        return Span(end, trainer.keep_points.stride, self.scrubbed)

    @property
    def activation(self) -> str | tuple[str, ...]:
        """That of what is shown."""
        return (self._scrub or self._live.run.settings).activation

    def losses(self) -> dict[str, float]:
        """Return the losses and accuracies of what is shown, by column."""
        run = self._live.run
        if self._scrub is None or stopped_early(run.trainer):
            return run.figures()
        return run.losses_at(self._scrub.epoch)

    @property
    def seconds(self) -> float:
        """Seconds of training up to what is shown."""
        share = 1.0 if self._scrub is None else self._scrub.share
        return self._live.run.seconds * share

    def place(self, replicas: News | None) -> News | None:
        """Say of the replicas that they do not go back with the run."""
        if self._scrub is None or replicas is None or replicas.picture is None:
            return replicas
        note = f"They stay where they are, at epoch {replicas.epoch:,}."
        return replace(replicas, behind=False, note=note)

    # Kept runs.

    def keep(self, name: str = "") -> SavedRun:
        """Keep the present run, up to its end, beside itself.

        Raises
        ------
        ParameterError
            If there is nothing to keep, too many are kept, or the name is not allowed.
        """
        scrub = self._scrub
        if scrub is not None:
            scrub.leave()
        try:
            return self._keep(name)
        finally:
            if scrub is not None:
                scrub.show(scrub.epoch)

    def _keep(self, name: str) -> SavedRun:
        run = self._live.run
        if not run.trainer.updates:
            raise ParameterError("run", "untrained", "one that was trained", "Press Play first.")
        twin = self.saved.twin(run)
        if twin is not None:
            raise ParameterError("run", "the same", f"another one than “{twin.name}”, kept already")
        saved = self.saved.add(run.copy(), name)
        self._live.say(f"Kept as “{saved.name}”.")
        return saved

    def bring(self, number: int) -> None:
        """Make a kept run the present one; the present one is kept in its place.

        One that was not trained, or is kept already, is not kept again.

        Raises
        ------
        ParameterError
            If no run has this number.
        """
        new = self.saved[number]
        self.leave()
        self._live.pause()
        old = self._live.run
        if old.trainer.updates and self.saved.twin(old) is None:
            self.saved.replace(number, old)
        else:
            self.saved.remove(number)
        new.run.name = new.name
        self._live.take(new.run)
        self._live.say(f"“{new.name}” is the present run, at epoch {new.epoch:,}.")

    def put_away(self, run: Run) -> bool:
        """Keep a run that was kept before it became the present one, if there is room.

        Returns
        -------
        bool
            Whether it is kept.
        """
        if not run.name or self.saved.full or self.saved.twin(run) is not None:
            return False
        self.saved.add(run)
        return True

    def summaries(self) -> list[Summary]:
        """Return what is told of the kept runs.

        A comparison takes about half a millisecond. So it is made only where something has
        changed, and while the run plays, of one kept run at a time.
        """
        self._told = {saved.number: told for saved, told in self._differences()}
        return [self._summarize(saved) for saved in self.saved]

    def _differences(self) -> Iterator[tuple[SavedRun, tuple[object, str]]]:
        run = self._live.run
        self._turn += 1
        for place, saved in enumerate(self.saved):
            epoch = min(saved.epoch, run.trainer.epoch)
            state = (id(run), epoch, run.settings, len(run.trainer.history.events))
            told = self._told.get(saved.number)
            waits = self._live.playing and place != self._turn % len(self.saved)
            if told is None or not (waits or told[0] == state):
                told = state, describe_difference(saved.run, run)
            yield saved, told

    def _summarize(self, saved: SavedRun) -> Summary:
        last = saved.run.trainer.history.last()
        return Summary(
            number=saved.number,
            name=saved.name,
            epoch=saved.epoch,
            updates=saved.updates,
            seconds=saved.seconds,
            train_loss=last["train_loss"],
            validation_loss=last["validation_loss"],
            comparable=saved.run.network.loss == self._live.run.network.loss,
            difference=self._told[saved.number][1],
        )
