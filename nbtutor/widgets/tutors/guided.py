"""What takes a learner by the hand: examples, sweeps, and keys for the buttons."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets

from nbtutor.engine import ParameterError
from nbtutor.engine.validation import check_choice, check_integer, check_number
from nbtutor.experiments import Cancelled, LearningRateSweep, Progress
from nbtutor.widgets.access import TRANSPORT, WORDS_OF_NAMES
from nbtutor.widgets.gallery import EXAMPLES, Example, find_example
from nbtutor.widgets.protocol import MAX_SEQ, read_arguments
from nbtutor.widgets.settings import WORDS, RunSettings
from nbtutor.widgets.sweep import EPOCHS, PORTION, RateSweep

if TYPE_CHECKING:
    from typing_extensions import Self

    from nbtutor.widgets.access import Access
    from nbtutor.widgets.controls import Transport
    from nbtutor.widgets.live import LiveRun
    from nbtutor.widgets.tutors.playground import Views

_SLICE = 0.1  # seconds between two words on the progress of a sweep in Python


class Guided(ipywidgets.VBox):
    """The part of a playground that leads: see `Playground`."""

    examples: Mapping[str, Example] = EXAMPLES

    views: Views
    transport: Transport
    _live: LiveRun
    _access: Access
    _sweep: RateSweep | None = None

    if TYPE_CHECKING:

        def _take_over(self) -> None: ...
        def _show(self) -> None: ...

    @classmethod
    def example(cls, name: str, **changed: Any) -> Self:
        """Return a new playground with the settings of an example.

        Parameters
        ----------
        name : str
            A key of `Playground.examples`.
        **changed
            Settings that are to differ, `hide`, `lock` and `controls`.

        Raises
        ------
        ParameterError
            If there is no such example.
        """
        chosen = find_example(name)
        made = cls(**{**chosen.settings, **changed})
        made.speed = chosen.speed
        with made.views.status.lock:
            made._live.say(chosen.note)
            made._show()
        return made

    def open_example(self, name: str) -> None:
        """Take over the settings of an example; `undo` brings a trained run back.

        Parameters
        ----------
        name : str
            A key of `examples`.

        Raises
        ------
        ParameterError
            If there is no such example; nothing is changed then.
        """
        self._load(find_example(name))

    def sweep(
        self,
        rates: Sequence[float] | None = None,
        *,
        epochs: int = EPOCHS,
        progress: Progress | None = None,
    ) -> LearningRateSweep:
        """Train the present settings with many learning rates, from the same first weights.

        The page shows the result as well. The present run is left alone.

        Parameters
        ----------
        rates : sequence of float, optional
            Round numbers from 1e-4 to 10 and the present rate, if they are not given.
        epochs : int, default 50
            From 1 to 100,000.
        progress : callable, optional
            Called with epochs done and in all, for example a `ProgressBar`. Returns it False, the
            sweep is stopped.

        Returns
        -------
        LearningRateSweep
            With what became of each rate in `outcomes`; `figure()` draws it.

        Raises
        ------
        ParameterError
            If an argument is not allowed.
        Cancelled
            If `progress` returned False.
        """
        sweep = self._begin(rates, epochs)
        while sweep.state == "running":
            sweep.advance(_SLICE)
            if progress is not None and progress(sweep.done, sweep.epochs) is False:
                sweep.stop()
        self._tell_sweep()
        if sweep.state == "stopped":
            raise Cancelled(sweep.done, sweep.epochs)
        return sweep.result()

    def _guide(self) -> None:
        """Offer all of this to the page."""
        hub = self.views.status
        hub.offer("example", self._act_example, "examples")
        hub.offer("sweep", self._act_sweep, "sweep")
        hub.offer("take_rate", self._act_rate, "learning_rate")
        for name in TRANSPORT:
            hub.offer(f"press_{name}", partial(self._act_press, name), name)
        self.observe(self._tell_sweep, list(WORDS))

    def _load(self, example: Example, keep: Collection[str] = ()) -> None:
        """Take over an example, but for the settings in `keep`."""
        kept = self._settings_in(keep)
        wanted = RunSettings(**example.settings)
        with self.views.status.lock:
            self._live.play(False)
            self._live.replace(wanted.keeping(kept), example.note)
            self._live.say(example.note)
            self._take_over()
            if "speed" not in keep:
                self.speed = example.speed
            self._show()
            other = [
                name
                for name, value in kept.items()
                if value != getattr(wanted, name) and name != "data"
            ]
            if other:
                words = ", ".join(WORDS_OF_NAMES[name] for name in other)
                self.views.status.error = (
                    f"Locked here, and not as in the example: {words}. It may go another way."
                )

    def _settings_in(self, names: Collection[str]) -> dict[str, Any]:
        """Return the settings of these names; points of one's own go with the data set."""
        names = {*names, "data"} if "dataset" in names else names
        return {name: getattr(self, name) for name in WORDS if name in names}

    def _begin(self, rates: Sequence[float] | None = None, epochs: int = EPOCHS) -> RateSweep:
        self._sweep = RateSweep(self._live.settings, rates, epochs)
        return self._sweep

    def _tell_sweep(self, change: dict[str, Any] | None = None) -> None:
        """Let the page have the state of the sweep, and how it stands to the present settings."""
        if self._sweep is not None:
            self.views.share.sweep = self._sweep.describe(self._live.settings)

    # What the page asks for.

    def _act_example(self, arguments: Mapping[str, object]) -> None:
        (name,) = read_arguments(arguments, "name")
        self._load(find_example(name), self._access.rules.closed)

    def _act_sweep(self, arguments: Mapping[str, object]) -> None:
        what, seen = read_arguments(arguments, "what", "seen")
        check_choice("what", what, ("start", "more", "stop"))
        check_integer("seen", seen, low=0, high=MAX_SEQ)
        if what == "start":
            self._begin()
        elif self._sweep is None:
            return
        elif what == "stop":
            self._sweep.stop()
        elif seen == self._sweep.portions:  # else another page has asked for this portion
            self._sweep.advance(PORTION)
        self._tell_sweep()

    def _act_rate(self, arguments: Mapping[str, object]) -> None:
        (rate,) = read_arguments(arguments, "rate")
        check_number("rate", rate, low=0)
        if self._sweep is None or rate not in self._sweep.rates:
            raise ParameterError("rate", rate, "one of the sweep")
        self.learning_rate = rate

    def _act_press(self, name: str, arguments: Mapping[str, object]) -> None:
        read_arguments(arguments)
        if name == "undo" and not self._live.can_undo:
            self._live.say("There is no earlier run to bring back.")
            self._show()
        else:
            getattr(self.transport, name).click()
