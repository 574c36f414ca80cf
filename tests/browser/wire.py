"""What goes over a page's websocket, read as the Jupyter protocol's messages."""

from __future__ import annotations

import itertools
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page, WebSocket


@dataclass(frozen=True)
class Message:
    """A message of the subprotocol ``v1.kernel.websocket.jupyter.org``."""

    channel: str
    kind: str
    parent: str
    """The number of the message that it answers, or empty."""
    content: dict[str, Any]
    size: int

    @property
    def custom(self) -> dict[str, Any]:
        """The widget's own message, or an empty dictionary."""
        data = self.content.get("data", {})
        content = data.get("content") if data.get("method") == "custom" else None
        return content if isinstance(content, dict) else {}


def read(payload: bytes | str) -> Message:
    """Read one message: a count of offsets, the offsets, and the parts between them."""
    assert isinstance(payload, bytes), f"a message in text: {payload[:80]!r}"
    (count,) = struct.unpack_from("<Q", payload)
    offsets = struct.unpack_from(f"<{count}Q", payload, 8)
    channel, header, parent, _, content = (
        payload[start:end] for start, end in itertools.pairwise(offsets[:6])
    )
    kind = json.loads(header)["msg_type"]
    number = json.loads(parent).get("msg_id", "")
    return Message(channel.decode(), kind, number, json.loads(content), len(payload))


@dataclass
class Traffic:
    """All that a page has sent and received over websockets since this was made."""

    page: Page
    sent: list[Message] = field(default_factory=list)
    received: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("websocket", self._follow)

    def _follow(self, socket: WebSocket) -> None:
        # JupyterLab has other sockets, which carry JSON.
        if "/channels" in socket.url:
            socket.on("framesent", lambda payload: self.sent.append(read(payload)))
            socket.on("framereceived", lambda payload: self.received.append(read(payload)))

    @property
    def ticks(self) -> list[Message]:
        """Requests for a frame."""
        return list(_custom(self.sent, "tick"))

    @property
    def frames(self) -> list[Message]:
        """Frames that came."""
        return list(_custom(self.received, "frame"))

    def forget(self) -> None:
        """Count from now on."""
        self.sent.clear()
        self.received.clear()


def _custom(messages: list[Message], kind: str) -> Iterator[Message]:
    return (message for message in messages if message.custom.get("type") == kind)


# In the page, before any script of its own: keep the kernel's socket and the last tick, so that a
# test can send what no honest page would. A tick's envelope is right in every way; only its
# content, and the widget it goes to, are replaced.
FORGERY = """
(() => {
  const send = WebSocket.prototype.send;
  let socket = null, parts = null;
  const read = (buffer) => {
    const view = new DataView(buffer);
    const count = Number(view.getBigUint64(0, true));
    const at = (i) => Number(view.getBigUint64(8 + 8 * i, true));
    return Array.from({length: count - 1}, (_, i) => buffer.slice(at(i), at(i + 1)));
  };
  const write = (parts) => {
    const head = 8 * (parts.length + 2);
    const size = parts.reduce((sum, part) => sum + part.byteLength, head);
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, BigInt(parts.length + 1), true);
    let at = head;
    parts.forEach((part, i) => {
      view.setBigUint64(8 + 8 * i, BigInt(at), true);
      bytes.set(new Uint8Array(part), at);
      at += part.byteLength;
    });
    view.setBigUint64(8 + 8 * parts.length, BigInt(at), true);
    return bytes.buffer;
  };
  const text = (part) => JSON.parse(new TextDecoder().decode(part));
  const data = (value) => new TextEncoder().encode(JSON.stringify(value)).buffer;
  WebSocket.prototype.send = function (payload) {
    if (payload instanceof ArrayBuffer) {
      const sent = read(payload);
      const content = text(sent[4]);
      if (content?.data?.content?.type === "tick") [socket, parts] = [this, sent];
    }
    return send.call(this, payload);
  };
  window.forge = (data_, comm) => {
    const header = {...text(parts[1]), msg_id: crypto.randomUUID()};
    const content = {comm_id: comm ?? text(parts[4]).comm_id, data: data_};
    send.call(socket, write([parts[0], data(header), parts[2], parts[3], data(content)]));
  };
})();
"""
