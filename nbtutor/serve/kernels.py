"""How kernels are reached, watched and ended.

A kernel belongs to one page. It ends in one of three ways:

1. *The page is left.* The page sends a beacon to Voilà's ordinary shutdown address as it goes
   (``static/page.js``). Stock Voilà sends such a beacon too, with the page's XSRF token from the
   ``_xsrf`` cookie, but a lesson opened by its own address never gets that cookie: only pages made
   by Jupyter's own templates set it, Voilà's lessons are not. The beacon then carries an empty
   token and is refused (``403: '_xsrf' argument missing``), and kernels pile up. The cure is to
   give the lesson's response the cookie (`nbtutor.serve.application.LessonHandler`); the check
   itself stays as strict as it was, and an origin that is not ours is still refused.
2. *The page is gone without a word* (a crash, a lost network): nobody has been connected for
   ``orphan_timeout`` seconds. How busy the kernel looks does not count, since a kernel that sends
   looks busy for ever.
3. *Nothing has happened for a long time*: Jupyter's own ``cull_idle_timeout``.

Kernels that wait in Voilà's pool for a page are not touched by 2 and 3.
"""

from __future__ import annotations

import contextlib
import os
import time
from datetime import datetime, timezone
from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError
from traitlets import Dict, Integer, List, Unicode

from .seats import Seats

PROTOCOL = "v1.kernel.websocket.jupyter.org"


class PromptConnection(ZMQChannelsWebsocketConnection):
    """A kernel's websocket that sends each message at once, and speaks Jupyter's present protocol.

    With Nagle's algorithm on, the small ``busy`` message before a frame makes the frame wait for
    the browser's delayed acknowledgement: 40 ms, at every frame.
    """

    async def prepare(self) -> None:
        """Refuse who does not speak the protocol, or prepare as usual.

        A binary message of the protocol before it is read as one of the present protocol: a few
        bytes then hold the server up for good, and fill its memory.
        """
        offered = self.websocket_handler.request.headers.get("Sec-WebSocket-Protocol", "")
        if PROTOCOL not in map(str.strip, offered.split(",")):
            raise HTTPError(426, reason=f"Upgrade Required: {PROTOCOL}")
        await super().prepare()

    def connect(self) -> Any:
        """Switch Nagle's algorithm off, then connect as usual."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()

    @property
    def write_message(self) -> Any:
        """Send a message to the page, or drop it where the page has just gone."""
        return self._write_message

    def _write_message(self, message: bytes | str | dict[str, Any], binary: bool = False) -> None:
        with contextlib.suppress(WebSocketClosedError):
            sent = self.websocket_handler.write_message(message, binary)
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

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
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
        self.seats.free(kernel_id)
        return super().remove_kernel(kernel_id)

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
            self.log.info("Ending kernel %s: its page is gone", kernel_id)
            await self.shutdown_kernel(kernel_id)
            return
        await super().cull_kernel_if_idle(kernel_id)
