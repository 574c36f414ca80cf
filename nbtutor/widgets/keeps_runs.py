"""What a playground offers, to Python and to its page, for going back and for keeping runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from nbtutor.engine import ParameterError
from nbtutor.engine.validation import check_integer
from nbtutor.widgets.protocol import MAX_SEQ, ProtocolError, read_arguments
from nbtutor.widgets.saved_runs import SavedRun

if TYPE_CHECKING:
    from nbtutor.widgets.live import LiveRun
    from nbtutor.widgets.tutors.playground import Views


class KeepsRuns:
    """The part of a playground that has to do with whole runs."""

    if TYPE_CHECKING:
        _live: LiveRun
        views: Views
        playing: bool

        def _show(self) -> None: ...
        def _follow(self) -> None: ...
        def _take_over(self) -> None: ...

    # What a user asks in Python.

    @property
    def runs(self) -> dict[str, SavedRun]:
        """The kept runs by name; each has `settings`, `history`, `epoch`, `updates`, `seconds`."""
        return {saved.name: saved for saved in self._live.timeline.saved}

    @property
    def kept(self) -> tuple[int, ...]:
        """The epochs that `scrub` can show: evenly spread, 240 at most, fewer for wide networks."""
        return self._live.timeline.kept

    @property
    def seconds(self) -> float:
        """Seconds of training that the run has cost up to here."""
        return self._live.timeline.seconds

    def keep(self, name: str = "") -> SavedRun:
        """Keep the present run as it is, to be compared with; it goes on all the same.

        Parameters
        ----------
        name : str, optional
            At most 40 characters; by default what it has different, such as "rate 0.1".

        Raises
        ------
        ParameterError
            If it is not trained, kept already, or one too many (6 at most); or if the name is not
            allowed.
        """
        with self.views.status.lock:
            saved = self._live.timeline.keep(name)
            self._show()
        return saved

    def forget(self, name: str) -> None:
        """Keep a run no longer.

        Raises
        ------
        ParameterError
            If no kept run has this name.
        """
        with self.views.status.lock:
            saved = self._live.timeline.saved
            saved.remove(saved.named(name).number)
            self._show()

    def bring(self, name: str) -> None:
        """Make a kept run the present one; the present one is kept in its place.

        Raises
        ------
        ParameterError
            If no kept run has this name.
        """
        with self.views.status.lock:
            self._bring(self._live.timeline.saved.named(name).number)

    def scrub(self, epoch: int | None = None) -> None:
        """Show the run as it was at the end of an epoch; nothing of it is lost.

        `network`, the pictures and the verdict are those of that epoch. `history` stays whole. To
        train on, or to press Play, makes a new run from there, as `fork` does.

        Parameters
        ----------
        epoch : int, optional
            One of `kept`. Without it, the run's end is shown again. A run that plays is paused.

        Raises
        ------
        ParameterError
            If the epoch was not kept.
        """
        with self.views.status.lock:
            if epoch is None:
                self._live.timeline.back()
            else:
                self._live.timeline.scrub(epoch)
            self._show()

    def fork(self) -> None:
        """Make a new run from the epoch shown, with the present settings and the same batches.

        The run that it comes from is kept among `runs`. At the run's end there is nothing to do.

        Raises
        ------
        ParameterError
            If too many runs are kept.
        """
        with self.views.status.lock:
            self._live.timeline.fork()
            self._show()

    # What its page asks for.

    def _offer_runs(self) -> None:
        offers: dict[str, tuple[Callable[[Mapping[str, object]], None], str]] = {
            "scrub": (self._scrub_from_page, "timeline"),
            "back": (self._back_from_page, "timeline"),
            "fork": (self._fork_from_page, "timeline"),
            "keep_run": (self._keep_from_page, "runs"),
            "bring_run": (self._bring_from_page, "runs"),
            "rename_run": (self._rename_from_page, "runs"),
            "remove_run": (self._remove_from_page, "runs"),
        }
        for name, (action, control) in offers.items():
            self.views.status.offer(name, action, control)

    def _scrub_from_page(self, arguments: Mapping[str, object]) -> None:
        """Show an epoch; while it is dragged, only what is new is sent."""
        epoch, done = read_arguments(arguments, "epoch", "done")
        if not isinstance(done, bool):
            raise ProtocolError("done must be true or false.")
        timeline = self._live.timeline
        first = not timeline.scrubbed
        # The states kept may have become fewer since the page has drawn its slider.
        timeline.scrub(timeline.nearest(_whole("epoch", epoch)))
        if first or done or not timeline.scrubbed:
            self._show()
        else:
            self.views.status.send_picture(keep=False)
            self._follow()

    def _back_from_page(self, arguments: Mapping[str, object]) -> None:
        read_arguments(arguments)
        self.scrub()

    def _fork_from_page(self, arguments: Mapping[str, object]) -> None:
        read_arguments(arguments)
        if not self._live.timeline.fork():
            return
        if not self.views.status.is_closed("play"):
            note = self._live.message
            self._live.play(True)
            self._live.say(note)
        self._show()

    def _keep_from_page(self, arguments: Mapping[str, object]) -> None:
        read_arguments(arguments)
        self.keep()

    def _bring_from_page(self, arguments: Mapping[str, object]) -> None:
        (number,) = read_arguments(arguments, "number")
        self._bring(_whole("number", number))

    def _rename_from_page(self, arguments: Mapping[str, object]) -> None:
        number, name = read_arguments(arguments, "number", "name")
        if not isinstance(name, str):
            raise ProtocolError("name must be text.")
        self._live.timeline.saved.rename(_whole("number", number), name)
        self._show()

    def _remove_from_page(self, arguments: Mapping[str, object]) -> None:
        (number,) = read_arguments(arguments, "number")
        self._live.timeline.saved.remove(_whole("number", number))
        self._show()

    def _bring(self, number: int) -> None:
        self._live.timeline.bring(number)
        self._take_over()
        self._show()

    def _try(self, action: Callable[..., None], *arguments: Any, **named: Any) -> None:
        """Do what a button asks for, and say why where it is not possible."""
        try:
            action(*arguments, **named)
        except ParameterError as error:
            self._show()
            self.views.status.error = f"Nothing was changed. {error}"


def _whole(name: str, value: object) -> int:
    try:
        return check_integer(name, value, low=0, high=MAX_SEQ)
    except ParameterError as error:
        raise ProtocolError(str(error)) from None
