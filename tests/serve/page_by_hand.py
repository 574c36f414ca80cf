"""A lesson's page whose websocket is worked by hand, one message at a time, whatever it is.

`tests.serve.learner` is a page that behaves; this one need not.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from jupyter_client.session import Session
from jupyter_server.services.kernels.connection.base import (
    deserialize_msg_from_ws_v1,
    serialize_msg_to_ws_v1,
)
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.serve.server import V1, Response, Server, kernel_of

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Received:
    """A message from the kernel."""

    channel: str
    header: dict[str, Any]
    parent: dict[str, Any]
    content: dict[str, Any]

    @property
    def kind(self) -> str:
        """Its type."""
        return str(self.header["msg_type"])

    @property
    def custom(self) -> dict[str, Any]:
        """A widget's own message, or an empty dictionary."""
        data = self.content.get("data", {})
        return data.get("content", {}) if data.get("method") == "custom" else {}


@dataclass
class PageByHand:
    """A page and its socket. The loop runs while something is waited for, of whichever page."""

    server: Server
    page: Response
    loop: asyncio.AbstractEventLoop
    seconds: float = 30.0
    states: dict[str, Any] = field(default_factory=dict)
    close_code: int | None = None
    _session: Session = field(default_factory=Session)
    _socket: WebSocketClientConnection | None = None

    @property
    def kernel_id(self) -> str:
        """Of the page's kernel."""
        return kernel_of(self.page)

    @property
    def socket(self) -> WebSocketClientConnection:
        """The socket, which is open."""
        assert self._socket is not None
        return self._socket

    def run(self, what: Callable[[], Awaitable[Answer]]) -> Answer:
        """Begin something in the loop, and wait for it."""

        async def inside() -> Answer:
            return await asyncio.wait_for(what(), self.seconds)

        return self.loop.run_until_complete(inside())

    def connect(self) -> None:
        """Open a socket to the kernel in the place of the one before."""
        self.disconnect()
        self._socket = self.open_another()

    def open_another(self) -> WebSocketClientConnection:
        """Return one more socket to the kernel."""
        self._session = Session()
        address = self.server.socket_of(self.kernel_id)
        url = f"{address}?session_id={self._session.session}"
        return self.run(lambda: websocket_connect(HTTPRequest(url), subprotocols=[V1]))

    @property
    def port(self) -> int:
        """Ours, of the socket."""
        assert self.socket.protocol is not None
        assert self.socket.protocol.stream is not None
        return int(self.socket.protocol.stream.socket.getsockname()[1])

    def disconnect(self) -> None:
        """Close the socket, if it is open."""
        if self._socket is not None:
            self._socket.close()
            self.wait_until_closed()

    def close(self) -> None:
        """Close the page: its kernel ends."""
        self.disconnect()
        path, cookies = f"/voila/api/shutdown/{self.kernel_id}", self.page.cookies
        self.server.request(path, data={"_xsrf": cookies["_xsrf"]}, cookies=cookies)

    # To the kernel.

    def send_bytes(self, message: bytes | str) -> None:
        """Send whatever it is."""
        self.run(lambda: self.socket.write_message(message, binary=isinstance(message, bytes)))

    def send(
        self,
        kind: str,
        content: Any,
        *,
        channel: str = "shell",
        header: Mapping[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> str:
        """Send a message and return its id."""
        message = self._session.msg(kind, content, metadata=metadata)
        message["header"] |= header or {}
        packed = serialize_msg_to_ws_v1(message, channel, self._session.pack)
        self.send_bytes(packed)
        return str(message["header"]["msg_id"])

    def send_custom(self, content: Any, comm_id: str | None = None) -> str:
        """Send a custom message to the hub, or to another widget."""
        data = {"method": "custom", "content": content}
        return self.send("comm_msg", {"comm_id": comm_id or self.hub, "data": data})

    def wait_until_read(self) -> None:
        """Wait until the server has read all that was sent: it answers a ping in its turn."""
        answered = self.loop.create_future()
        vars(self.socket)["on_pong"] = answered.set_result  # of this socket alone
        self.socket.ping(b"read?")
        self.run(lambda: answered)
        del vars(self.socket)["on_pong"]

    # From the kernel.

    def receive(self) -> Received | None:
        """Return the next message, or None where the socket was closed."""
        message = self.run(self.socket.read_message)
        if message is None:
            self.close_code, self._socket = self.socket.close_code, None
            return None
        assert isinstance(message, bytes)
        channel, parts = deserialize_msg_from_ws_v1(message)
        header, parent, _, content = map(json.loads, parts[:4])
        return Received(channel, header, parent, content)

    def wait_until_done(self, request: str) -> list[Received]:
        """Wait until the kernel is done with a request; return what came of it."""
        came = []
        while True:
            message = self.receive()
            assert message is not None, f"closed: {self.close_code}"
            if message.parent.get("msg_id") == request:
                came.append(message)
                if message.content.get("execution_state") == "idle":
                    return came

    def wait_until_closed(self) -> int | None:
        """Read until the server closes the socket; return the code."""
        while self.receive() is not None:
            pass
        return self.close_code

    def ask(self, content: Any) -> list[dict[str, Any]]:
        """Send a custom message to the hub; return the custom messages that answer it."""
        came = self.wait_until_done(self.send_custom(content))
        return [message.custom for message in came if message.custom]

    def tick(self, seen: int) -> dict[str, Any]:
        """Ask for the picture after one, and return its header."""
        (frame,) = self.ask({"type": "tick", "seen": seen, "window": 1, "again": False})
        assert frame["type"] == "frame"
        return frame

    # The page's widgets.

    def load(self) -> None:
        """Ask for the states of all widgets, as a page does when it opens."""
        content = {"comm_id": "loads", "target_name": "jupyter.widget.control", "data": {}}
        self.send("comm_open", content, metadata={"version": "1.0.0"})
        request = self.send("comm_msg", {"comm_id": "loads", "data": {"method": "request_states"}})
        for message in self.wait_until_done(request):
            data = message.content.get("data", {})
            if data.get("method") == "update_states":
                self.states = {name: model["state"] for name, model in data["states"].items()}

    @property
    def hub(self) -> str:
        """The model of the status view, which takes the page's requests."""
        (found,) = [name for name, state in self.states.items() if state.get("view") == "status"]
        return found

    @property
    def playground(self) -> str:
        """The model that has the settings."""
        (found,) = [name for name, state in self.states.items() if "learning_rate" in state]
        return found

    def set(self, **settings: Any) -> list[Received]:
        """Set traits of the playground; return what came of it."""
        data = {"method": "update", "state": settings, "buffer_paths": []}
        return self.wait_until_done(
            self.send("comm_msg", {"comm_id": self.playground, "data": data})
        )

    def play(self) -> int:
        """Begin to train, and return the number of the picture that is there."""
        self.set(playing=True)
        (full,) = self.ask({"type": "sync"})
        return int(full["seq"])


@contextmanager
def page_by_hand(
    server: Server, lesson: str, loop: asyncio.AbstractEventLoop
) -> Iterator[PageByHand]:
    """Open a lesson and its socket, and close both at the end."""
    page = server.request(f"/voila/render/{lesson}")
    assert page.status == 200, page.text
    opened = PageByHand(server, page, loop)
    try:
        opened.connect()
        yield opened
    finally:
        opened.close()
