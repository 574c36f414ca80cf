"""The web server: Voilà in this process, on sockets that are already open."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Callable
from http import HTTPStatus
from socket import socket
from typing import Any

import psutil
import tornado.web
from jupyter_core.utils import run_sync
from jupyter_server.utils import url_path_join
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from voila.app import Voila
from voila.handler import BaseVoilaHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from .seats import Seat, Usher

FULL = "All seats are taken"

RETRY_AFTER = 10
"""Seconds after which a page that found no seat asks again."""

STOP_SECONDS = 10
"""What kernels get to end in good order."""


class LessonHandler(TornadoVoilaHandler):
    """A lesson's page: it gets a seat, and the XSRF cookie that its shutdown beacon must show."""

    _seat: Seat | None = None

    @tornado.web.authenticated
    async def get(self, path: str | None = None) -> None:
        """Answer with the lesson, or say that all seats are taken."""
        _ = self.xsrf_token  # reading it is what sets the cookie
        self._seat = self.kernel_manager.seats.take()
        if self._seat is None:
            raise tornado.web.HTTPError(503, reason=FULL)
        try:
            await super().get(path)
        finally:
            self._seat.leave()

    def write_error(self, status_code: int, **details: Any) -> None:
        """Answer with a page that a person can read, and programs when to ask again."""
        if status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            self.set_header("Retry-After", str(RETRY_AFTER))
        super().write_error(status_code, **details)

    @property
    def kernel_manager(self) -> Any:
        """Voilà's; while a page is made, what it starts for the page gets the page's seat."""
        manager = super().kernel_manager
        return manager if self._seat is None else Usher(manager, self._seat)


class HealthHandler(tornado.web.RequestHandler):
    """Whether the server answers, and how full it is; for what watches over it.

    It asks for no login and tells nothing of anybody.
    """

    def get(self) -> None:
        """Answer with JSON: status, pages open, and how many may be (null for as many as come)."""
        seats = self.settings["kernel_manager"].seats
        self.set_header("Cache-Control", "no-store")
        self.write({"status": "ok", "taken": seats.taken, "seats": seats.limit or None})


class SocketHandler(VoilaKernelWebsocketHandler):
    """A kernel's websocket, as `nbtutor.serve.kernels.PromptConnection` lets it be used."""

    def write_error(self, status_code: int, **_details: Any) -> None:
        """Refuse in a line. Jupyter's page for it needs files that Voilà does not have."""
        self.finish(f"{status_code} {self._reason}\n")


_OURS = {TornadoVoilaHandler: LessonHandler, VoilaKernelWebsocketHandler: SocketHandler}
"""Handlers in place of Voilà's."""


class UnknownPageHandler(BaseVoilaHandler):
    """Every address that no other handler knows."""

    async def prepare(self) -> None:
        """Refuse, with a page that a person can read."""
        await super().prepare()
        raise tornado.web.HTTPError(404)


class CourseServer(Voila):
    """Voilà, listening on given sockets, telling when it is ready, leaving nothing behind."""

    def __init__(self, sockets: list[socket], ready: Callable[[], None], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._sockets = sockets
        self._ready = ready
        self._told_to_stop = False
        self.port = sockets[0].getsockname()[1]

    def initialize(self, argv: list[str] | None = None) -> None:
        """Read the settings and take over the signals that mean stop."""
        super().initialize(argv)
        self.ioloop = IOLoop.current()
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._handle_signal_stop)

    def init_settings(self) -> dict[str, Any]:
        """Return Voilà's settings, with a readable page for unknown addresses."""
        settings: dict[str, Any] = super().init_settings()
        settings["default_handler_class"] = UnknownPageHandler
        settings["default_handler_args"] = {"voila_configuration": self.voila_configuration}
        return settings

    def init_handlers(self) -> list[Any]:
        """Return Voilà's handlers, with ours in place of some, and for the server's health."""
        handlers = [
            (handler[0], _OURS.get(handler[1], handler[1]), *handler[2:])
            for handler in super().init_handlers()
        ]
        return [(url_path_join(self.server_url, "health"), HealthHandler), *handlers]

    def listen(self) -> None:
        """Serve until a signal says stop."""
        HTTPServer(self.app).add_sockets(self._sockets)
        self.ioloop.add_callback(self._ready)
        try:
            self.ioloop.start()
        finally:
            self.stop()

    def _handle_signal_stop(self, sig: int, frame: object) -> None:
        """Stop in good order; at a second signal, at once."""
        if self._told_to_stop:
            self._leave_nothing()
            os._exit(1)
        self._told_to_stop = True
        super()._handle_signal_stop(sig, frame)

    def stop(self) -> None:
        """End all kernels, whatever state they are in."""
        with contextlib.suppress(Exception):
            run_sync(self._stop_kernels)()
        self._leave_nothing()

    async def _stop_kernels(self) -> None:
        # A kernel that is only just starting is not in the manager's books yet: end what starts it.
        starting = asyncio.all_tasks() - {asyncio.current_task()}
        for task in starting:
            task.cancel()
        if starting:
            await asyncio.wait(starting, timeout=STOP_SECONDS / 2)
        await asyncio.wait_for(self.kernel_manager.shutdown_all(now=True), STOP_SECONDS / 2)

    def _leave_nothing(self) -> None:
        """End the processes that are still there, and remove the files for them."""
        children = psutil.Process().children(recursive=True)
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        psutil.wait_procs(children, timeout=5)
        shutil.rmtree(self.connection_dir, ignore_errors=True)
