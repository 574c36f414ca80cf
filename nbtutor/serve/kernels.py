"""How kernels are reached, watched and ended.

A kernel belongs to one page. It ends in one of three ways:

1. *The page is left.* The page sends a beacon to Voilà's ordinary shutdown address as it goes
   (``static/page.js``). Stock Voilà sends such a beacon too, with the page's XSRF token from the
   ``_xsrf`` cookie, but a lesson opened by its own address never gets that cookie: only pages made
   by Jupyter's own templates set it, Voilà's lessons are not. The beacon then carries an empty
   token and is refused (``403: '_xsrf' argument missing``), and kernels pile up. The cure is to
   give the lesson's response the cookie (`nbtutor.serve.handlers.LessonHandler`); the check
   itself stays as strict as it was, and an origin that is not ours is still refused.
2. *The page is gone without a word* (a crash, a lost network): nobody has been connected for
   ``orphan_timeout`` seconds. How busy the kernel looks does not count, since a kernel that sends
   looks busy for ever.
3. *Nothing has happened for a long time*: Jupyter's own ``cull_idle_timeout``.

Kernels that wait in Voilà's pool for a page are not touched by 2 and 3.
"""

from __future__ import annotations

import asyncio
import os
import time
from datetime import datetime, timezone
from functools import partial
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.iostream import StreamBufferFullError
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError
from traitlets import Bool, Dict, Integer, List, Unicode
from voila.request_info_handler import RequestInfoSocketHandler

from .logs import tell
from .processors import count_processors
from .provisioner import use_copies
from .seats import Seats
from .traffic import (
    TOO_MANY,
    Backlog,
    OfflineBuffer,
    Refusal,
    Request,
    read_finished,
    read_request,
)
from .turns import Tick, Turns

PROTOCOL = "v1.kernel.websocket.jupyter.org"


class PromptConnection(ZMQChannelsWebsocketConnection):
    """A kernel's websocket that sends each message at once, and speaks Jupyter's present protocol.

    With Nagle's algorithm on, the small ``busy`` message before a frame makes the frame wait for
    the browser's delayed acknowledgement: 40 ms, at every frame.

    It is closed to who sends what cannot be read, or more than there are bounds for.
    """

    most_sockets = Integer(
        0, config=True, help="Websockets that a kernel may have at once; 0: any number."
    )
    most_waiting = Integer(
        0, config=True, help="Messages that may wait for a kernel; 0: any number."
    )
    most_waiting_bytes = Integer(
        16_000_000, config=True, help="Bytes that they may have, where their number has a bound."
    )
    most_unsent = Integer(
        0,
        config=True,
        help="Bytes that may wait to be sent to a page that does not read them; 0: any number.",
    )

    most_ticks = Integer(
        3 * count_processors(),
        config=True,
        help="Pictures that kernels may make at the same time, 0: any number. The others wait "
        "their turn; see nbtutor.serve.turns.",
    )

    _refused = False
    _backlogs: ClassVar[WeakKeyDictionary[Any, Backlog]] = WeakKeyDictionary()
    _turns: ClassVar[Turns | None] = None

    @classmethod
    def backlog_of(cls, kernel_manager: Any) -> Backlog:
        """Return what waits for a kernel."""
        return cls._backlogs.setdefault(kernel_manager, Backlog())

    async def prepare(self) -> None:
        """Refuse who does not speak the protocol, or prepare as usual.

        A binary message of the protocol before it is read as one of the present protocol: a few
        bytes then hold the server up for good, and fill its memory.
        """
        offered = self.websocket_handler.request.headers.get("Sec-WebSocket-Protocol", "")
        if PROTOCOL not in map(str.strip, offered.split(",")):
            raise HTTPError(426, reason=f"Upgrade Required: {PROTOCOL}")
        open_now = self.multi_kernel_manager._kernel_connections.get(self.kernel_id, 0)
        if 0 < self.most_sockets <= open_now:
            raise HTTPError(429, reason="Too many connections to one kernel")
        await super().prepare()

    def connect(self) -> Any:
        """Switch Nagle's algorithm off, bound what may wait to be sent, then connect as usual."""
        self.websocket_handler.set_nodelay(True)
        if self.most_unsent:
            self._stream.max_write_buffer_size = self.most_unsent
        return super().connect()

    @property
    def subprotocol(self) -> str:
        """The protocol of every message, also while the socket is closing.

        Then Jupyter's own says None, and what the kernel still sends is packed for an older
        protocol, which Voilà reads as the present one: it counts for ever, as above.
        """
        return PROTOCOL

    @property
    def _stream(self) -> Any:
        connection: Any = self.websocket_handler.ws_connection
        return connection.stream

    def handle_incoming_message(self, incoming_msg: Any) -> None:
        """Pass on what a page sends, or close the socket."""
        if self._refused or self.websocket_handler.ws_connection is None:
            return  # it is closing, and what was on its way still comes in
        try:
            request = read_request(incoming_msg)
            if self.most_waiting:
                self.backlog_of(self.kernel_manager).add(
                    request,
                    most_messages=self.most_waiting,
                    most_bytes=self.most_waiting_bytes,
                )
            self._pass_on(request, incoming_msg)
        except Refusal as refusal:
            self.log.warning("Closing a socket of kernel %s: %s", self.kernel_id, refusal.reason)
            self._refused = True
            stream = self._stream
            self.websocket_handler.close(refusal.code, refusal.reason)
            if refusal.code == TOO_MANY:  # and more would come while it waits for the answer
                stream.close()

    def _pass_on(self, request: Request, message: Any) -> None:
        """Send a message to the kernel, at once or, where it is a tick, when it is its turn."""
        send = partial(super().handle_incoming_message, message)
        if self.most_ticks and request.tick:
            self.turns.ask(self.kernel_manager, Tick(request.id, self, send))
            return
        send()
        if request.channel == "shell":
            self.turns.moved(self.kernel_manager)

    @property
    def turns(self) -> Turns:
        """The line of all kernels' ticks."""
        known = PromptConnection._turns
        if known is None:
            later = asyncio.get_running_loop().call_later
            known = PromptConnection._turns = Turns(self.most_ticks, later)
        return known

    def disconnect(self) -> Any:
        """Forget what the page has asked for, then disconnect as usual."""
        self.turns.leave(self.kernel_manager, self)
        return super().disconnect()

    def handle_outgoing_message(self, stream: Any, outgoing_msg: list[Any]) -> None:
        """Note what the kernel has done, and pass on what it says."""
        channel = stream if isinstance(stream, str) else getattr(stream, "channel", None)
        if channel == "iopub" and (finished := read_finished(outgoing_msg)):
            self.backlog_of(self.kernel_manager).finish(finished)
            self.turns.done(self.kernel_manager, finished)
        super().handle_outgoing_message(stream, outgoing_msg)

    @property
    def write_message(self) -> Any:
        """Send a message to the page, or drop it where the page has just gone."""
        return self._write_message

    def _write_message(self, message: bytes | str | dict[str, Any], binary: bool = False) -> None:
        try:
            sent = self.websocket_handler.write_message(message, binary)
        except WebSocketClosedError:
            return
        except StreamBufferFullError:
            self.log.warning("Closing a socket of kernel %s: nobody reads it", self.kernel_id)
            self._stream.close()
            return
        if sent is not None:
            # Asked for its outcome, or asyncio would report a failure that nobody looked at.
            sent.add_done_callback(lambda done: done.cancelled() or done.exception())


class CourseKernelManager(AsyncMappingKernelManager):
    """Jupyter's kernel manager, with an end for kernels whose page is gone."""

    orphan_timeout = Integer(
        60,
        config=True,
        help="Seconds without any client after which a kernel is ended; 0: never.",
    )
    kernel_environment = Dict(
        {"OMP_NUM_THREADS": "1"},
        config=True,
        help="Environment of kernels, where the server's own environment does not say otherwise.",
    )

    kernel_arguments = List(
        Unicode(),
        [
            # Kernels share the server's terminal. They warn at each start that they talk to the
            # server over the loopback interface unencrypted.
            "--IPKernelApp.log_level=ERROR",
            # Each tick is a message, and Jupyter remembers 65,536 of them: 10 MB after 20 minutes.
            "--Session.digest_history_size=4096",
            # A lesson has 230 MB, most of it stacks and buffers that are never touched.
            "--LearnerKernelApp.memory_limit=800",
            # The server answers all pages, and a kernel one: under load the server goes first.
            "--LearnerKernelApp.niceness=5",
        ],
        config=True,
        help="Arguments that each kernel is started with; see nbtutor.serve.kernel for its bounds.",
    )

    seat_limit = Integer(
        0,
        config=True,
        help="Pages that may be open at once; 0: as many as come. See nbtutor.serve.seats.",
    )

    offline_bytes = Integer(
        16_000_000,
        config=True,
        help="Bytes of what a kernel says that are kept for a page whose connection broke.",
    )
    copy_kernels = Bool(
        True,
        config=True,
        help="Whether kernels are copies of a process that has imported the lessons already; "
        "Linux only. See nbtutor.serve.nursery.",
    )

    refill_delay = Integer(
        30,
        config=True,
        help="Seconds after which a warm kernel that died is replaced: what killed it, such as a "
        "want of memory, may last.",
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if self.copy_kernels:
            use_copies()
        self._alone_since: dict[str, float] = {}
        self.seats = Seats(self.seat_limit)

    async def start_kernel(self, **kwargs: Any) -> str:  # type: ignore[override]
        """Start a kernel with the environment and the arguments that all of them get."""
        given = kwargs.get("env")
        kwargs["env"] = {**self.kernel_environment, **(os.environ if given is None else given)}
        kwargs.setdefault("extra_arguments", self.kernel_arguments)
        kernel_id: str = await super().start_kernel(**kwargs)
        return kernel_id

    def remove_kernel(self, kernel_id: str) -> Any:
        """Forget a kernel that has ended."""
        self._alone_since.pop(kernel_id, None)
        seconds = self.seats.free(kernel_id)
        if seconds is not None:
            tell("page_left", kernel=kernel_id, seconds=round(seconds, 1), taken=self.seats.taken)
        # Voilà keeps what it knows of a page's request for ever, its query too.
        RequestInfoSocketHandler._cache.pop(kernel_id, None)
        return super().remove_kernel(kernel_id)

    def _handle_kernel_died(self, kernel_id: str) -> None:
        """Forget a kernel that has died, and replace it if it waited for a page."""
        super()._handle_kernel_died(kernel_id)
        self.drop_dead()

    @property
    def _warm(self) -> dict[str, list[asyncio.Task[dict[str, Any]]]]:
        """What waits for a page or is started for one, by lesson: Voilà's, which adds the pools."""
        return getattr(self, "_pools", {})

    def drop_dead(self) -> None:
        """Take out of the pools what has died there. It is replaced after a while."""
        voila: Any = self  # Voilà makes a class of its own from this one
        for lesson, pool in self._warm.items():
            for warm in [task for task in pool if task.done() and not self._lives(task)]:
                pool.remove(warm)
                fill = partial(voila.fill_if_needed, delay=0, notebook_name=lesson)
                asyncio.get_running_loop().call_later(self.refill_delay, fill)

    def _lives(self, started: asyncio.Task[dict[str, Any]]) -> bool:
        """Whether there is the kernel that one of Voilà's tasks has started."""
        if started.cancelled() or started.exception() is not None:
            return False
        return started.result()["kernel_id"] in self

    def start_buffering(self, kernel_id: str, session_key: str, channels: Any) -> None:
        """Keep what a kernel says for its page, up to a bound."""
        super().start_buffering(kernel_id, session_key, channels)
        if self.buffer_offline_messages:
            backlog = PromptConnection.backlog_of(self._kernels[kernel_id])
            self._kernel_buffers[kernel_id]["buffer"] = OfflineBuffer(self.offline_bytes, backlog)

    async def cull_kernels(self) -> None:
        """Look after every kernel at once: one that ends keeps nobody waiting but itself."""
        for started in [task for pool in self._warm.values() for task in pool if task.done()]:
            # It was alone while it started, when Voilà does not know yet that it is for the pool.
            # Its page's time has not begun, or a page would lose its kernel as it opens.
            if self._lives(started):
                self._alone_since.pop(started.result()["kernel_id"], None)
        kernels = list(self._kernels)
        ends = await asyncio.gather(*map(self.cull_kernel_if_idle, kernels), return_exceptions=True)
        for kernel_id, failure in zip(kernels, ends, strict=True):
            if isinstance(failure, Exception):
                self.log.error("kernel %s was not looked after", kernel_id, exc_info=failure)

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel that nobody is connected to, or that has been idle for too long.

        Voilà calls this only for kernels that have left its pool.
        """
        if kernel_id not in self._alone_since:
            # Seen for the first time out of the pool, where it may have waited for hours: its
            # page is only just opening.
            self._kernels[kernel_id].last_activity = datetime.now(timezone.utc)
            self._alone_since[kernel_id] = time.monotonic()
        if self._kernel_connections.get(kernel_id, 0) > 0:
            self._alone_since[kernel_id] = time.monotonic()
        elif 0 < self.orphan_timeout <= time.monotonic() - self._alone_since[kernel_id]:
            tell("orphan", kernel=kernel_id)
            await self.shutdown_kernel(kernel_id)
            return
        await super().cull_kernel_if_idle(kernel_id)
