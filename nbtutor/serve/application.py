"""The web server: Voilà in this process, on sockets that are already open."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Callable
from socket import socket
from typing import Any

import psutil
from jupyter_core.utils import run_sync
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from voila.app import Voila
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from .handlers import SocketHandler
from .logs import tell
from .provisioner import stop_copying

STOP_SECONDS = 10
"""What kernels get to end in good order."""


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

    def init_handlers(self) -> list[Any]:
        """Return Voilà's handlers, with ours for a kernel's websocket; the others are settings."""
        return [
            (path, SocketHandler if handler is VoilaKernelWebsocketHandler else handler, *rest)
            for path, handler, *rest in super().init_handlers()
        ]

    def listen(self) -> None:
        """Serve until a signal says stop."""
        # A proxy in front says whether its client came by https.
        HTTPServer(self.app, xheaders=True).add_sockets(self._sockets)
        self.ioloop.add_callback(self._ready)
        tell("started", seats=self.kernel_manager.seats.limit or None)
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
        tell("stopped")

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
        own = psutil.Process()
        for child in own.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                child.suspend()  # it might start another one, which would be nobody's child
        children = {*own.children(recursive=True)}
        stop_copying()  # kernels that are copies lose their parent, and are not found below us
        children |= {*own.children(recursive=True)}
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        psutil.wait_procs(children, timeout=5)
        shutil.rmtree(self.connection_dir, ignore_errors=True)
