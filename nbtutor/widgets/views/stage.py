"""The stage of a lesson: what is trained there is trained in portions, and only while seen."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

import traitlets

from nbtutor.engine import ParameterError
from nbtutor.widgets import protocol
from nbtutor.widgets.views.wired import Wired

BUDGET = 0.012
"""Seconds of work for a picture."""


class Work(Protocol):
    """What a stage works on."""

    def advance(self, seconds: float) -> None:
        """Work for about so long."""

    @property
    def progress(self) -> tuple[int, int]:
        """How much is done, and of how much: epochs, networks, rates ... Of 0: nothing to run."""

    def tell(self) -> str:
        """Say how it stands, in a sentence."""


class Stage(Wired):
    """The buttons and the status line of a lesson, and the wire to what is trained there.

    The browser asks for each portion after it has shown the one before, so a hidden page trains
    nothing and a closed one leaves an idle kernel.

    Parameters
    ----------
    make : callable
        Makes the work, anew at each start.
    show : callable
        Called after each portion, to draw what has become of it.
    invitation : str
        What is said before the first portion.

    Attributes
    ----------
    work : Work
        The present one.
    seq : int
        Number of the last portion.
    lock : threading.RLock
        Held by whoever touches the work: ipykernel may hand a message to another thread.
    error : str
        A sentence that is shown to the learner; empty for none.
    recovery : str
        With which end of its address the page comes back to where the learner is.
    on_open : callable or None
        Takes such an end, if the page was opened with one.
    """

    playing = traitlets.Bool(False).tag(sync=True)
    state = traitlets.Unicode("idle").tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)
    done = traitlets.Int(0).tag(sync=True)
    total = traitlets.Int(0).tag(sync=True)
    recovery = traitlets.Unicode().tag(sync=True)

    on_open: Callable[[str], None] | None = None

    def __init__(
        self,
        make: Callable[[], Work],
        show: Callable[[], None],
        invitation: str = "Press Play.",
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._make = make
        self._show = show
        self._invitation = invitation
        self._clock = clock
        self.seq = 0
        self.work = make()
        super().__init__(view="stage")
        self._tell()

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        done, total = self.work.progress
        return done >= total

    def play(self, playing: bool = True) -> None:
        """Start or pause. A finished work starts again; one with nothing to run stays as it is."""
        with self.lock:
            if not self.work.progress[1]:
                return
            if playing and self.finished:
                self.restart()
            self.playing = playing
            self.error = ""
            self._tell()

    def restart(self) -> None:
        """Put new work in the place of the present one."""
        self.put(self._make())

    def put(self, work: Work) -> None:
        """Put other work in the place of the present one: new, or as it was left."""
        with self.lock:
            self.work = work
            self.playing = False
            self.show()

    def show(self) -> None:
        """Draw the work as it is now: something has changed it."""
        with self.lock:
            self.error = ""
            self._show()
            self._tell()

    def run(self, seconds: float = float("inf")) -> None:
        """Work without a browser, until it is finished or the time is up."""
        with self.lock:
            end = self._clock() + seconds
            while not self.finished and self._clock() < end:
                self.work.advance(BUDGET)
            self._show()
            self._tell()

    def _tell(self) -> None:
        done, total = self.work.progress
        with self.hold_sync():
            self.done, self.total = done, total
            if self.playing and done >= total:
                self.playing = False
            self.state = "playing" if self.playing else "paused" if done else "idle"
            self.message = self.work.tell() if done or not total else self._invitation

    def _refuse(self, error: ParameterError) -> None:
        self.play(False)
        self.error = str(error)

    def _fail(self, error: Exception) -> None:
        self.playing = False
        self._tell()
        self.error = f"Something went wrong, and the run is paused: {error}"

    def _answer(self, message: protocol.Message) -> None:
        match message:
            case protocol.Act("play", _):
                self.play(not self.playing)
            case protocol.Act("restart", _):
                self.restart()
            case protocol.Open(link):
                # Once: another view of the page tells it too, when the learner has gone on.
                on_open, self.on_open = self.on_open, None
                if on_open is not None:
                    on_open(link)
            case protocol.Tick(seen, window, again):
                if not again and (not self.playing or self.seq - seen >= window):
                    return  # the answer is on its way
                started = self._clock()
                if self.playing and not again:
                    self.work.advance(BUDGET)
                    self._show()
                self._tell()
                self._beat(started)
            case protocol.Sync():
                self._beat(self._clock())

    def _beat(self, started: float) -> None:
        self.seq += 1
        took = round(1000 * (self._clock() - started), 2)
        self.send({"type": "beat", "seq": self.seq, "took_ms": took})

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take nothing from the browser: all of the stage's state is the kernel's."""
        self.send(protocol.refuse(protocol.ProtocolError("The stage is not set from the page.")))
