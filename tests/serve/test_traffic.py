"""What may come over a kernel's websocket, without a server."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jupyter_client.session import DELIM
from jupyter_server.services.kernels.connection.base import (
    deserialize_msg_from_ws_v1,
    serialize_msg_to_ws_v1,
)

from nbtutor.serve.traffic import (
    Backlog,
    OfflineBuffer,
    Refusal,
    Request,
    read_finished,
    read_request,
)

HEADER = b'{"msg_id": "7", "msg_type": "comm_msg"}'
AMPLE = {"most_messages": 1000, "most_bytes": 10**9}

json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=9,
)


def packed(*parts: bytes, channel: str = "shell") -> bytes:
    message: bytes = serialize_msg_to_ws_v1(list(parts), channel)
    return message


@given(
    st.sampled_from(["shell", "control", "stdin", "iopub"]),
    st.lists(st.binary(max_size=50), max_size=20),
)
def test_a_message_of_the_protocol_is_read(channel: str, buffers: list[bytes]) -> None:
    message = packed(HEADER, b"{}", b"{}", b'{"a": 1}', *buffers, channel=channel)
    assert read_request(message) == Request(channel, "7", len(message))


@pytest.mark.parametrize(
    ("kind", "content", "tick"),
    [
        ("comm_msg", {"comm_id": "1", "data": {"content": {"type": "tick", "seen": 1}}}, True),
        ("comm_msg", {"comm_id": "1", "data": {"content": {"type": "sync"}}}, False),
        ("comm_msg", {"comm_id": "1", "data": {"state": {"type": "tick"}}}, False),
        ("comm_msg", {"comm_id": "1", "data": {"content": ["tick"]}}, False),
        ("comm_msg", {"comm_id": "1", "data": "tick"}, False),
        ("execute_request", {"data": {"content": {"type": "tick"}}}, False),
    ],
)
def test_a_request_for_a_picture_is_known(kind: str, content: object, tick: bool) -> None:
    header = json.dumps({"msg_id": "7", "msg_type": kind}).encode()
    message = packed(header, b"{}", b"{}", json.dumps(content).encode())
    assert read_request(message).tick is tick


@given(st.binary(max_size=200))
@example(b"")
@example(b"\x08" + bytes(7))  # eight offsets, and nothing after them
@example(b"\xff" * 64)  # more offsets than there are bytes in the world
@example(b"\x06" + bytes(7) + b"\xff" * 48)
@example(b"\x06" + bytes(55))
def test_random_bytes_are_refused(message: bytes) -> None:
    with pytest.raises(Refusal):
        read_request(message)


@given(st.data())
def test_a_damaged_message_is_refused_or_safe_to_read(data: st.DataObject) -> None:
    whole = bytearray(packed(HEADER, b"{}", b"{}", b"{}", b"buffer"))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    message = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        request = read_request(message)
    except Refusal as refusal:
        assert refusal.code == 1007
        return
    # Jupyter reads the same from it.
    channel, parts = deserialize_msg_from_ws_v1(message)
    assert channel == request.channel
    assert len(parts) >= 4
    assert json.loads(parts[0])["msg_id"] == request.id


@given(json_values)
def test_any_header_is_read_or_refused(header: object) -> None:
    try:
        read_request(packed(json.dumps(header).encode(), b"{}", b"{}", b"{}"))
    except Refusal as refusal:
        assert refusal.code == 1007
    else:
        assert isinstance(header, dict)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"{",
        b"[" * 9_000,
        b"\xff\xfe{}",
        b'{"msg_id": "7"}',
        b'{"msg_type": "comm_msg"}',
        b'{"msg_id": 7, "msg_type": "comm_msg"}',
        b'{"msg_id": "7", "msg_type": ["comm_msg"]}',
        b'{"msg_type": "comm_msg", "msg_id": "' + b"7" * 3_000 + b'"}',
        b'{"msg_id": "7", "msg_type": "comm_msg", "more": "' + b"x" * 10_000 + b'"}',
    ],
)
def test_a_header_that_is_none(header: bytes) -> None:
    with pytest.raises(Refusal, match=r"header|no object"):
        read_request(packed(header, b"{}", b"{}", b"{}"))


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("in text", "a message in text"),
        (packed(HEADER, b"{}", b"{}"), "no count of parts"),
        (packed(HEADER, *[b"{}"] * 100), "no count of parts"),
        (packed(HEADER, b"{}", b"{}", b"{}", channel="no-such"), "no such channel"),
        (packed(HEADER, b"{}", b"{}", b""), "no object in JSON"),
        (packed(HEADER, b"{}", b"[]", b"{}"), "no object in JSON"),
        (packed(HEADER, b"{}", b"{}", b'{"a": ' + b"[" * 9_000), "no object in JSON"),
    ],
)
def test_why_it_is_refused(message: object, reason: str) -> None:
    with pytest.raises(Refusal, match=reason):
        read_request(message)


def from_kernel(kind: str, state: str, parent: str) -> list[bytes]:
    parts = [{"msg_type": kind}, {"msg_id": parent}, {}, {"execution_state": state}]
    return [b"kernel.status", DELIM, b"signed", *(json.dumps(part).encode() for part in parts)]


def test_the_kernel_says_when_it_is_done() -> None:
    assert read_finished(from_kernel("status", "idle", "7")) == "7"
    assert read_finished(from_kernel("status", "busy", "7")) == ""
    assert read_finished(from_kernel("comm_msg", "idle", "7")) == ""


@given(
    st.lists(st.tuples(st.sampled_from(["add", "finish"]), st.integers(0, 9))), st.integers(1, 5)
)
def test_no_more_wait_than_may(steps: list[tuple[str, int]], most: int) -> None:
    backlog = Backlog()
    waiting: list[int] = []  # in the order in which they were sent
    for step, number in steps:
        if step == "finish":
            backlog.finish(str(number))
            if number in waiting:
                waiting = waiting[waiting.index(number) + 1 :]
        else:
            request = Request("shell", str(number), 10)
            if number in waiting or len(waiting) >= most:
                with pytest.raises(Refusal):
                    backlog.add(request, most_messages=most, most_bytes=10**6)
            else:
                backlog.add(request, most_messages=most, most_bytes=10**6)
                waiting.append(number)
        assert (backlog.messages, backlog.size) == (len(waiting), 10 * len(waiting))


def test_large_messages_are_fewer() -> None:
    backlog = Backlog()
    backlog.add(Request("shell", "1", 600), most_messages=9, most_bytes=1000)
    with pytest.raises(Refusal, match="more than the kernel can work off"):
        backlog.add(Request("control", "2", 600), most_messages=9, most_bytes=1000)


def test_channels_are_worked_off_apart() -> None:
    backlog = Backlog()
    for channel, number in (("shell", "1"), ("control", "2")):
        backlog.add(Request(channel, number, 1), **AMPLE)
    backlog.finish("2")
    assert backlog.messages == 1


def test_the_oldest_goes_first_while_a_page_is_away() -> None:
    backlog = Backlog()
    backlog.add(Request("shell", "7", 1), **AMPLE)
    kept = OfflineBuffer(1000, backlog)
    for number in range(100):
        kept.append(("iopub", [b"x", DELIM, b"", b"{}", b"{}", b"{}", b"%d" % number * 50]))
    assert 1 < len(kept) < 20
    assert kept[-1][1][-1] == b"99" * 50
    assert backlog.messages == 1
    kept.append(("iopub", from_kernel("status", "idle", "7")))
    assert backlog.messages == 0
