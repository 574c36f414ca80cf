"""The hub: the status line, and the one wire between a live run and all views of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import traitlets

from nbtutor.engine import ParameterError
from nbtutor.widgets import protocol
from nbtutor.widgets.access import refusal
from nbtutor.widgets.exports import File
from nbtutor.widgets.live import LiveRun, Picture
from nbtutor.widgets.views.wired import Wired

_log = logging.getLogger(__name__)

Action = Callable[[Mapping[str, object]], None]
"""Does what a page asks for, with arguments that it must check."""

_SNAPSHOT_EVERY = 300  # pictures: about five seconds of playing


class Hub(Wired):
    """The status line of a run: epoch, losses, and a sentence on what it is doing.

    It also owns the run's wire. The browser's requests come in here, and each picture goes out
    once, for all views.

    Parameters
    ----------
    live : LiveRun
    on_picture : callable
        Called after each picture that the browser asked for.

    Attributes
    ----------
    lock : threading.RLock
        Held by whoever touches the run: ipykernel may hand a message to another thread.
    error : str
        A sentence that is shown to the learner; empty for none.
    link : str
        The present settings as the end of an address, for the button that copies it.
    recovery : str
        The same with all points of one's own, for a page that has lost its kernel; empty where
        links are locked.
    on_open, on_save : callable
        What takes a link, and what makes a file; set by the hub's owner.
    is_closed : callable
        Whether the page may not use the control of this name; set by the hub's owner.
    """

    # The last picture as a trait, so that a view that opens, or a saved notebook, has one to show.
    # Not echoed: the browser has no use for its own copy of 20 KB.
    snapshot = traitlets.Dict().tag(sync=True, echo_update=False)
    state = traitlets.Unicode("idle").tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)
    playing = traitlets.Bool(False).tag(sync=True)
    link = traitlets.Unicode().tag(sync=True)
    recovery = traitlets.Unicode().tag(sync=True)

    on_open: Callable[[str], None] | None = None
    on_save: Callable[[str], File] | None = None
    is_closed: Callable[[str], bool] = staticmethod(lambda _: False)

    def __init__(self, live: LiveRun, on_picture: Callable[[], None]) -> None:
        self.live = live
        self._on_picture = on_picture
        self._actions: dict[str, tuple[Action, str]] = {}
        super().__init__(view="status")
        self._keep(live.picture(full=True))

    def offer(self, name: str, action: Action, control: str) -> None:
        """Let the page ask for an action.

        Parameters
        ----------
        name : str
            What the page calls it.
        action : callable
            Takes the arguments that came from the page, with the lock held. A `ParameterError` or
            `ProtocolError` that it raises is told to the learner.
        control : str
            Name in `nbtutor.widgets.access` that closes it: while that is hidden or locked, the
            action is refused.
        """
        self._actions[name] = action, control

    def publish(self) -> None:
        """Send the present state to all views, and keep it as the snapshot."""
        with self.lock:
            picture = self.live.picture(full=True)
            self._broadcast(picture)
            self._keep(picture)

    def send_picture(self, *, keep: bool) -> None:
        """Send what is new to all views, and keep the present state as the snapshot if wanted."""
        with self.lock:
            self._broadcast(self.live.picture())
            if keep:
                self._keep(self.live.snapshot())

    def answer_change(self) -> None:
        """Show at once what a change does to a playing run.

        It trains a portion, as a request from the browser would: the request that is on its way is
        answered by this, and a slider that is dragged must not hold the training up.
        """
        with self.lock:
            self._train_and_send(self.live.seq, 1)

    def watch(self, *, layers: bool, scores: bool) -> None:
        """Measure the statistics of the layers, and the scores, from now on, or no longer."""
        with self.lock:
            self.live.watch_layers, self.live.watch_scores = layers, scores
            if not self.live.playing:  # else the next picture has them
                self.publish()

    def _answer(self, message: protocol.Message) -> None:
        match message:
            case protocol.Open(link):
                if self.on_open is not None:
                    self.on_open(link)
            case protocol.Save(what):
                self._save(what)
            case protocol.Act(name, arguments):
                self._act(name, arguments)
            case protocol.Sync() | protocol.Tick(again=True):
                self._broadcast(self.live.picture(full=True))
            case protocol.Tick(seen, window):
                self._train_and_send(seen, window)

    def _fail(self, error: Exception) -> None:
        self.live.play(False)
        self.error = f"Something went wrong, and the run is paused: {error}"
        self._on_picture()

    def _save(self, what: str) -> None:
        """Send a file. Whatever goes wrong, the run is not touched by it."""
        if self.on_save is None:
            return
        try:
            self.send(*protocol.encode_file(what, self.on_save(what)))
        except Exception as error:
            if not isinstance(error, ParameterError):
                _log.exception("a file could not be made")
            self.send(protocol.complain(f"The file cannot be made. {error}"))

    def _act(self, name: str, arguments: Mapping[str, object]) -> None:
        if name not in self._actions:
            raise protocol.ProtocolError(f"There is no action {name!r}.")
        action, control = self._actions[name]
        if self.is_closed(control):
            self.send(protocol.complain(refusal([control])))
        else:
            action(arguments)

    def _train_and_send(self, seen: int, window: int) -> None:
        picture = self.live.tick(seen, window)
        if picture is None:
            return
        self._broadcast(picture)
        if picture.seq % _SNAPSHOT_EVERY == 0 or picture.state != "playing":
            self._keep(self.live.snapshot())
        self._on_picture()

    def _broadcast(self, picture: Picture) -> None:
        header, buffers = protocol.encode(picture)
        self.send(header, buffers)

    def _keep(self, picture: Picture) -> None:
        header, buffers = protocol.encode(picture)
        with self.hold_sync():
            self.state, self.message = picture.state, picture.message
            self.playing = picture.state == "playing"
            self.snapshot = {"header": header, "buffers": buffers}

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take nothing from the browser: all of the hub's state is the kernel's."""
        self.send(protocol.refuse(protocol.ProtocolError("The status is not set from the page.")))
