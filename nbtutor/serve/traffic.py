"""What may come over a kernel's websocket, and how much may wait on either side of it.

A page of ours has a few requests on their way at once, each a few hundred bytes. The bounds are far
above that: whoever meets one is not a page of ours, or has lost its way, and its socket is closed.
An honest page connects again by itself and asks for all there is.
"""

from __future__ import annotations

import json
import struct
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from jupyter_client.session import DELIM

CHANNELS = ("shell", "control", "stdin", "iopub")

WRONG_KIND, UNREADABLE, TOO_MANY = 1003, 1007, 1008
"""Codes of a websocket that is closed."""

_PARTS = 4  # header, parent's header, metadata, content; then buffers
_MOST_BUFFERS = 64
_LONGEST_HEADER = 2_000


class Refusal(Exception):
    """A message that is not passed on.

    Parameters
    ----------
    code : int
        For the websocket that is closed.
    reason : str
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


@dataclass(frozen=True)
class Request:
    """What has to be known of a message to a kernel.

    Attributes
    ----------
    channel, id : str
    size : int
        In bytes.
    tick : bool
        Whether a page asks for its next picture; see `nbtutor.widgets.protocol`.
    """

    channel: str
    id: str
    size: int
    tick: bool = False


def read_request(message: object) -> Request:
    """Read a message of the protocol ``v1.kernel.websocket.jupyter.org`` as far as is needed.

    It begins with a count of offsets and the offsets, in 8 bytes each, and goes on with the channel
    and the parts that the offsets tell apart. Jupyter trusts them: eight random bytes are a count
    that keeps it busy for ever.

    Raises
    ------
    Refusal
        If it is no such message.
    """
    if not isinstance(message, bytes):
        raise Refusal(WRONG_KIND, "a message in text")
    count = int.from_bytes(message[:8], "little")
    start = 8 * (count + 1)
    if not _PARTS + 2 <= count <= _PARTS + 2 + _MOST_BUFFERS or len(message) < start:
        raise Refusal(UNREADABLE, "no count of parts")
    offsets = struct.unpack_from(f"<{count}Q", message, 8)
    ends = (start, *offsets, len(message))
    if any(end < begin for begin, end in pairwise(ends)):
        raise Refusal(UNREADABLE, "parts that overlap")
    channel, *parts = (message[begin:end] for begin, end in pairwise(offsets[: _PARTS + 2]))
    if channel.decode("ascii", "replace") not in CHANNELS:
        raise Refusal(UNREADABLE, "no such channel")
    header, _, _, content = map(_read_object, parts)
    found, kind = header.get("msg_id"), header.get("msg_type")
    if not isinstance(found, str) or not isinstance(kind, str):
        raise Refusal(UNREADABLE, "no header")
    # The kernel repeats it in every answer.
    if len(parts[0]) > _LONGEST_HEADER:
        raise Refusal(UNREADABLE, "a header that is too long")
    return Request(channel.decode(), found, len(message), kind == "comm_msg" and _is_tick(content))


def _is_tick(content: dict[str, Any]) -> bool:
    data = content.get("data")
    custom = data.get("content") if isinstance(data, dict) else None
    return isinstance(custom, dict) and custom.get("type") == "tick"


def _read_object(part: bytes) -> dict[str, Any]:
    try:
        read = json.loads(part)
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise Refusal(UNREADABLE, "no object in JSON")
    return read


def read_finished(message: Sequence[bytes]) -> str:
    """Return the id of the request that a kernel says to be done with, or an empty string.

    Parameters
    ----------
    message
        As it comes from the kernel's socket.
    """
    header, parent, _, content = message[message.index(DELIM) + 2 :][:_PARTS]
    if b'"status"' not in header or b'"idle"' not in content:
        return ""
    if json.loads(header)["msg_type"] != "status":
        return ""
    return str(json.loads(parent).get("msg_id", ""))


class Backlog:
    """What was sent to a kernel, by whatever socket, and is not done yet."""

    def __init__(self) -> None:
        self._waiting: dict[str, dict[str, int]] = {}

    @property
    def messages(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    @property
    def size(self) -> int:
        """How many bytes they are."""
        return sum(sum(waiting.values()) for waiting in self._waiting.values())

    def add(self, request: Request, *, most_messages: int, most_bytes: int) -> None:
        """Take a request that is about to be sent.

        Raises
        ------
        Refusal
            If there are too many, or one of its name waits already; it must not be sent then.
        """
        waiting = self._waiting.setdefault(request.channel, {})
        if request.id in waiting:
            raise Refusal(TOO_MANY, "a message that was sent already")
        if self.messages >= most_messages or self.size + request.size > most_bytes:
            raise Refusal(TOO_MANY, "more than the kernel can work off")
        waiting[request.id] = request.size

    def finish(self, request_id: str) -> None:
        """Forget a request that is done, and those sent before it by the same channel.

        A kernel takes them in turn, so these are done too, or were none that it answers.
        """
        for waiting in self._waiting.values():
            if request_id in waiting:
                while next(iter(waiting)) != request_id:
                    del waiting[next(iter(waiting))]
                del waiting[request_id]


class OfflineBuffer(deque[tuple[str, list[bytes]]]):
    """What a kernel says while its page is away, to be sent when it is back.

    Beyond a number of bytes the oldest is thrown away. A page sees a gap in its pictures and asks
    for all there is.

    Parameters
    ----------
    most_bytes : int
    backlog : Backlog
        Of the kernel.
    """

    def __init__(self, most_bytes: int, backlog: Backlog) -> None:
        super().__init__()
        self._most, self._backlog = most_bytes, backlog
        self._size = 0

    def append(self, item: tuple[str, list[bytes]]) -> None:
        """Take a message of a channel."""
        channel, parts = item
        if channel == "iopub":
            self._backlog.finish(read_finished(parts))
        super().append(item)
        self._size += sum(map(len, parts))
        while self._size > self._most:
            _, oldest = self.popleft()
            self._size -= sum(map(len, oldest))
