"""The wire: what is sent can be read back, and what comes in is not trusted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtutor.widgets import protocol
from nbtutor.widgets.exports import EXPORTS, File
from nbtutor.widgets.live import LiveRun

TICK = {"type": "tick", "seen": 3, "window": 2, "again": False}


def read(header: dict[str, Any], buffers: list[bytes], name: str) -> np.ndarray:
    """Read an array as a browser does: from the header's words alone."""
    described = header["arrays"][name]
    dtype = np.dtype(described["dtype"]).newbyteorder("<")
    return np.frombuffer(buffers[described["buffer"]], dtype).reshape(described["shape"])


def test_a_picture_survives_the_wire(make_live: Callable[..., LiveRun]) -> None:
    live = make_live(hidden=(3, 2))
    picture = live.picture(full=True)
    header, buffers = protocol.encode(picture)
    header = json.loads(json.dumps(header, allow_nan=False))
    for name in ("plane", "units", "weights", "curve"):
        np.testing.assert_array_equal(read(header, buffers, name), getattr(picture, name))
    assert picture.structure is not None
    np.testing.assert_array_equal(read(header, buffers, "points"), picture.structure.points)
    np.testing.assert_array_equal(read(header, buffers, "inputs"), picture.structure.input_pictures)
    assert header["layers"] == [2, 3, 2, 1]
    assert header["domain"] == [-6, 6, -6, 6]
    assert header["full"] is True
    assert header["seq"] == picture.seq
    assert header["train_loss"] == pytest.approx(live.run.trainer.history.train_loss[-1, 0])


def test_a_later_picture_is_at_most_20_kb(make_live: Callable[..., LiveRun]) -> None:
    for hidden in ((4, 2), (8, 8), (8,) * 6, (64,) * 6, ()):
        live = make_live(hidden=hidden, points=500)
        live.watch_layers = True
        live.picture(full=True)
        live.play(True)
        picture = live.tick(live.seq)
        assert picture is not None
        header, buffers = protocol.encode(picture)
        assert len(json.dumps(header)) + sum(map(len, buffers)) <= 20 * 1024


def test_a_tick_is_read() -> None:
    assert protocol.parse(TICK) == protocol.Tick(3, 2, False)
    assert protocol.parse({"type": "sync"}) == protocol.Sync()


def test_a_link_and_a_wish_for_a_file_are_read() -> None:
    assert protocol.parse({"type": "open", "link": "#nbt=1"}) == protocol.Open("#nbt=1")
    for what in EXPORTS:
        assert protocol.parse({"type": "export", "what": what}) == protocol.Save(what)


def test_a_wish_for_an_action_is_read() -> None:
    message = {"type": "act", "name": "paint", "arguments": {"colour": "red", "size": 3}}
    act = protocol.parse(message)
    assert act == protocol.Act("paint", {"colour": "red", "size": 3})
    assert protocol.read_arguments(act.arguments, "size", "colour") == (3, "red")


@pytest.mark.parametrize("names", [(), ("size",), ("size", "color"), ("size", "colour", "x")])
def test_arguments_must_have_exactly_their_names(names: tuple[str, ...]) -> None:
    with pytest.raises(protocol.ProtocolError, match="must have the fields"):
        protocol.read_arguments({"colour": "red", "size": 3}, *names)


def test_a_file_is_a_header_and_one_buffer() -> None:
    header, buffers = protocol.encode_file("csv", File("run.csv", "text/csv", b"epoch\n"))
    assert header == {"type": "file", "what": "csv", "name": "run.csv", "mime": "text/csv"}
    assert buffers == [b"epoch\n"]


@pytest.mark.parametrize(
    "message",
    [
        None,
        "tick",
        [],
        {},
        {"type": "train"},
        {"type": ["tick"]},
        {**TICK, "seen": "3"},
        {**TICK, "seen": -1},
        {**TICK, "seen": 2**60},
        {**TICK, "seen": True},
        {**TICK, "seen": 3.0},
        {**TICK, "window": 0},
        {**TICK, "window": 5},
        {**TICK, "window": None},
        {**TICK, "again": 1},
        {**TICK, "epochs": 10**9},
        {"type": "tick", "seen": 3},
        {"type": "sync", "seen": 3},
        {"type": "open"},
        {"type": "open", "link": None},
        {"type": "open", "link": ["#nbt=1"]},
        {"type": "open", "link": "x" * (protocol.MAX_LINK + 1)},
        {"type": "open", "link": "#nbt=1", "lock": []},
        {"type": "export"},
        {"type": "export", "what": "exe"},
        {"type": "export", "what": ["csv"]},
        {"type": "export", "what": "__class__"},
        {"type": "export", "what": "csv", "path": "/etc/passwd"},
        {"type": "act", "name": "paint"},
        {"type": "act", "name": ["paint"], "arguments": {}},
        {"type": "act", "name": "x" * 41, "arguments": {}},
        {"type": "act", "name": "paint", "arguments": [1]},
        {"type": "act", "name": "paint", "arguments": {1: 2}},
        {"type": "act", "name": "paint", "arguments": {}, "control": "play"},
    ],
)
def test_a_malformed_message_is_refused(message: object) -> None:
    with pytest.raises(protocol.ProtocolError):
        protocol.parse(message)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(
    json_values
    | st.fixed_dictionaries(
        {"type": st.sampled_from(["tick", "sync", "open", "export", "act"])},
        optional=dict.fromkeys(
            ("seen", "window", "again", "link", "what", "name", "arguments"), json_values
        ),
    )
)
def test_any_json_is_read_or_refused(message: object) -> None:
    try:
        parsed = protocol.parse(message)
    except protocol.ProtocolError:
        return
    assert isinstance(message, dict)
    if isinstance(parsed, protocol.Tick):
        assert (parsed.seen, parsed.window, parsed.again) == (
            message["seen"],
            message["window"],
            message["again"],
        )
    elif isinstance(parsed, protocol.Open):
        assert message == {"type": "open", "link": parsed.link}
    elif isinstance(parsed, protocol.Save):
        assert message == {"type": "export", "what": parsed.what}
    else:
        assert message == {"type": "sync"}
