"""A learner's page without a browser: over HTTP and a websocket, by the messages of a page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from jupyter_client.session import Session
from jupyter_server.services.kernels.connection.base import serialize_msg_to_ws_v1
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.browser.wire import read
from tests.serve.server import V1, Server, kernel_in

# A page paints, and asks again, no more often than its screen is drawn.
FRAME_SECONDS = 1 / 60
SECONDS = 60.0


class Full(Exception):
    """The server has no seat; it may have one after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"try again in {seconds} s")
        self.seconds = seconds


@dataclass
class Learner:
    """One page with a live board.

    Attributes
    ----------
    frames
        When each picture came, in seconds of `time.perf_counter`.
    epoch
        What the newest picture says.
    window
        How many pictures it asks for ahead, from 1 to 3.
    """

    server: Server
    window: int = 1
    kernel_id: str = ""
    frames: list[float] = field(default_factory=list)
    epoch: float = 0.0
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    _socket: WebSocketClientConnection | None = None
    _session: Session = field(default_factory=Session)
    _idle: dict[str, asyncio.Future[None]] = field(default_factory=dict)
    _begun: dict[str, int] = field(default_factory=dict)
    _next_frame: asyncio.Future[None] | None = None
    _hub: str = ""
    _seq: int = -1
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def open(self, lesson: str) -> None:
        """Ask for a lesson's page, connect to its kernel, and learn which widgets there are.

        Raises
        ------
        Full
            If there is no seat.
        """
        page = await self._get(f"{self.server.url}voila/render/{lesson}")
        if page.code == 503:
            raise Full(float(page.headers["Retry-After"]))
        self.kernel_id = kernel_in(page.body.decode())
        address = self.server.socket_of(self.kernel_id)
        self._socket = await websocket_connect(
            HTTPRequest(f"{address}?session_id={self._session.session}", request_timeout=SECONDS),
            subprotocols=[V1],
        )
        self._tasks.append(asyncio.create_task(self._receive()))
        control = uuid4().hex
        self._send(
            "comm_open",
            {"comm_id": control, "target_name": "jupyter.widget.control", "data": {}},
            metadata={"version": "1.0.0"},
        )
        await self._tell(control, {"method": "request_states"})
        self._hub = next(
            state["hub"].removeprefix("IPY_MODEL_")
            for state in self.states.values()
            if str(state.get("hub", "")).startswith("IPY_MODEL_")
        )

    async def play(self) -> None:
        """Press Play, and ask for one picture after the other from then on."""
        button = self.find(description="Play")
        await self._tell(button, {"method": "custom", "content": {"event": "click"}})
        self._tasks.append(asyncio.create_task(self._ask()))

    async def set(self, model: str, state: Mapping[str, object]) -> float:
        """Move a control; return the seconds until the first picture that knows of it.

        That is the first after the kernel has begun with the message: it takes one after the other.
        """
        start = time.perf_counter()
        update = {"method": "update", "state": dict(state), "buffer_paths": []}
        before = await self._tell(model, update)
        if len(self.frames) == before:
            await self.frame()
        return self.frames[before] - start

    async def frame(self) -> None:
        """Wait for the next picture."""
        if self._next_frame is None:
            self._next_frame = asyncio.get_running_loop().create_future()
        await asyncio.wait_for(asyncio.shield(self._next_frame), SECONDS)

    def find(self, **wanted: object) -> str:
        """Return the one model whose state has these values."""
        found = [
            model
            for model, state in self.states.items()
            if all(state.get(name) == value for name, value in wanted.items())
        ]
        assert len(found) == 1, (wanted, found)
        return found[0]

    def close(self) -> None:
        """Leave the page without a word, as a lost line does."""
        for task in self._tasks:
            task.cancel()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def _get(self, url: str) -> HTTPResponse:
        request = HTTPRequest(url, request_timeout=SECONDS, connect_timeout=SECONDS)
        return await AsyncHTTPClient().fetch(request, raise_error=False)

    async def _tell(self, model: str, data: Mapping[str, object]) -> int:
        """Send a widget a message, and wait until the kernel has dealt with it.

        Returns
        -------
        int
            How many pictures had come when the kernel began.
        """
        message = self._send("comm_msg", {"comm_id": model, "data": dict(data)})
        self._idle[message] = asyncio.get_running_loop().create_future()
        await asyncio.wait_for(self._idle[message], SECONDS)
        return self._begun.pop(message)

    def _send(
        self,
        kind: str,
        content: Mapping[str, object],
        metadata: Mapping[str, object] | None = None,
    ) -> str:
        assert self._socket is not None
        message = self._session.msg(kind, dict(content), metadata=dict(metadata or {}))
        packed = serialize_msg_to_ws_v1(message, "shell", self._session.pack)
        self._socket.write_message(packed, binary=True)
        return str(message["header"]["msg_id"])

    async def _receive(self) -> None:
        assert self._socket is not None
        while True:
            payload = await self._socket.read_message()
            if payload is None:
                return
            message = read(payload)
            data = message.content.get("data", {})
            state = message.content.get("execution_state") if message.kind == "status" else None
            if state == "busy" and message.parent in self._idle:
                self._begun[message.parent] = len(self.frames)
            elif state == "idle":
                waiting = self._idle.pop(message.parent, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(None)
            elif message.custom.get("type") == "frame":
                self._arrived(message.custom)
            elif isinstance(data, dict) and data.get("method") == "update_states":
                for model, known in data["states"].items():
                    self.states[model] = known["state"]

    def _arrived(self, frame: Mapping[str, Any]) -> None:
        self.frames.append(time.perf_counter())
        self.epoch = frame["epoch"]
        self._seq = frame["seq"]
        if self._next_frame is not None and not self._next_frame.done():
            self._next_frame.set_result(None)
        self._next_frame = None

    async def _ask(self) -> None:
        """Ask for pictures, as far ahead as it may."""
        asked = self._seq
        while self._socket is not None:
            start = time.perf_counter()
            asked = max(asked, self._seq)
            if asked < self._seq + self.window:
                asked += 1
                seen = max(self._seq, 0)
                tick = {"type": "tick", "seen": seen, "window": self.window, "again": False}
                data = {"method": "custom", "content": tick}
                self._send("comm_msg", {"comm_id": self._hub, "data": data})
            if asked == self._seq + self.window:
                await self.frame()
            await asyncio.sleep(max(0.0, start + FRAME_SECONDS - time.perf_counter()))
