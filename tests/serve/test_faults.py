"""A client that means harm, on its own kernel's socket: the server and other pages go on."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jupyter_server.services.kernels.connection.base import serialize_msg_to_ws_v1
from tornado.websocket import WebSocketClosedError

from tests.serve.page_by_hand import PageByHand, page_by_hand
from tests.serve.server import Server, running_server, wait_until, with_settings, write_lesson

LESSON = "00-playground.ipynb"
HOSTILE = """x"'><img src=x onerror=hacked=1></script><script>hacked=1</script>"""
MB = 10**6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of lessons, of which one is hostile by its name, its title and its text."""
    made = tmp_path_factory.mktemp("lessons")
    write_lesson(made / LESSON, "Playground", "import nbtutor\nnbtutor.Playground()")
    write_lesson(made / f"01-{HOSTILE.replace('/', '')}.ipynb", HOSTILE, summary=HOSTILE)
    return made


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with running_server(folder) as running:
        yield running


class Neighbour:
    """An honest page of the same server, whose run plays."""

    def __init__(self, page: PageByHand) -> None:
        self.page = page
        page.load()
        self.seq = page.play()

    def go_on(self, pictures: int = 5) -> None:
        """Ask for pictures, and have each."""
        for _ in range(pictures):
            self.seq += 1
            assert self.page.tick(self.seq - 1)["seq"] == self.seq


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """For all pages: each answers the server's pings while another one is worked."""
    made = asyncio.new_event_loop()
    asyncio.set_event_loop(made)  # a socket that is closed outside it asks for the current one
    yield made
    asyncio.set_event_loop(None)
    made.close()


@pytest.fixture(scope="module")
def neighbour(server: Server, loop: asyncio.AbstractEventLoop) -> Iterator[Neighbour]:
    with page_by_hand(server, LESSON, loop) as page:
        yield Neighbour(page)


@pytest.fixture(scope="module")
def page(server: Server, loop: asyncio.AbstractEventLoop) -> Iterator[PageByHand]:
    with page_by_hand(server, LESSON, loop) as opened:
        opened.load()
        yield opened


@pytest.fixture
def hostile(page: PageByHand, neighbour: Neighbour, server: Server) -> Iterator[PageByHand]:
    """A page whose socket is misused. Afterwards the server is as well as before."""
    page.connect()
    before = _memory(server)
    yield page
    neighbour.go_on()
    page.connect()
    assert page.ask({"type": "sync"})[-1]["full"] is True
    page.disconnect()
    assert _memory(server) < before + 50 * MB
    assert server.request("/").status == 200


def _memory(server: Server) -> int:
    return int(psutil.Process(server.process.pid).memory_info().rss)


def _packed(*parts: bytes, channel: str = "shell") -> bytes:
    packed: bytes = serialize_msg_to_ws_v1(list(parts), channel)
    return packed


HEADER = (
    b'{"msg_id": "7", "msg_type": "comm_msg", "session": "x", "username": "", "version": "5.3"}'
)

GARBAGE: dict[str, bytes | str] = {
    # The first eight bytes are a count: without a check the server counts for ever.
    "more offsets than bytes": b"\xff" * 64,
    "many offsets": (10**9).to_bytes(8, "little") + bytes(1000),
    "an older protocol": b"\x00\x00\x00\x02\x00\x00\x00\x0c" + b'{"header": {}}',
    "nothing": b"",
    "noise": bytes(range(256)) * 40,
    "text": json.dumps({"header": {}, "channel": "shell"}),
    "no JSON": _packed(b"{", b"{}", b"{}", b"{}"),
    "deep JSON": _packed(HEADER, b"{}", b"{}", b"[" * 100_000),
    "a channel of one's own": _packed(HEADER, b"{}", b"{}", b"{}", channel="mine"),
    "too few parts": _packed(HEADER, b"{}"),
    "a huge message": _packed(HEADER, b"{}", b"{}", b"{}", bytes(3 * MB)),
}


def test_garbage_closes_the_socket_and_nothing_else(hostile: PageByHand) -> None:
    codes = {}
    for name, message in GARBAGE.items():
        hostile.connect()
        with contextlib.suppress(
            WebSocketClosedError
        ):  # of a huge one, while it was still being written
            hostile.send_bytes(message)
        codes[name] = hostile.wait_until_closed()
    # A close may be lost with the bytes that were still to come.
    assert codes.pop("a huge message") in (1009, None)
    assert codes.pop("text") == 1003
    assert set(codes.values()) == {1007}


def test_what_makes_no_sense_to_the_kernel(hostile: PageByHand) -> None:
    hub = hostile.hub
    senseless: list[tuple[str, Any]] = [
        ("comm_msg", {}),
        ("comm_msg", {"comm_id": "no such", "data": {}}),
        ("comm_msg", {"comm_id": ["a", "list"], "data": {}}),
        ("comm_msg", {"comm_id": hub}),
        ("comm_msg", {"comm_id": hub, "data": []}),
        ("comm_msg", {"comm_id": hub, "data": {"method": "no such"}}),
        ("comm_msg", {"comm_id": hub, "data": {"method": "update", "state": None}}),
        ("comm_msg", {"comm_id": hub, "data": {"method": "backbone", "sync_data": 1}}),
        ("comm_open", {}),
        ("comm_open", {"comm_id": "one", "target_name": "no such", "data": {}}),
        ("comm_open", {"comm_id": "two", "target_name": "jupyter.widget", "data": {"state": {}}}),
        ("comm_open", {"comm_id": "three", "target_name": "jupyter.widget.control", "data": 7}),
        ("comm_close", {"comm_id": "no such"}),
        ("comm_info_request", {"target_name": {"an": "object"}}),
        ("kernel_info_request", {"more": "x" * 1000}),
        ("no_such_request", {}),
    ]
    for kind, content in senseless:
        hostile.send(kind, content)
    for header in (
        {"date": "no date"},
        {"version": "no version"},
        {"session": 7, "username": None},
        {"subshell_id": "no such"},
        {"msg_type": "__class__"},
    ):
        hostile.send("comm_msg", {"comm_id": hub, "data": {}}, header=header)
    (picture,) = hostile.ask({"type": "sync"})
    assert picture["type"] == "frame"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers()
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=9,
)
messages = st.one_of(
    json_values,
    st.fixed_dictionaries({"type": st.sampled_from(["tick", "sync", "open", "export", "act"])}),
    st.fixed_dictionaries(
        {"type": st.just("tick"), "seen": json_values, "window": json_values, "again": json_values}
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("act"),
            "name": st.sampled_from(
                ["scrub", "own_add", "own_csv", "own_move", "example", "sweep", "rename_run"]
            ),
            "arguments": st.dictionaries(
                st.sampled_from(["points", "text", "epoch", "done", "name", "what", "seen"]),
                json_values,
            ),
        }
    ),
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(messages, min_size=5, max_size=15), st.randoms())
def test_any_message_to_any_widget(hostile: PageByHand, contents: list[Any], random: Any) -> None:
    views = [name for name, state in hostile.states.items() if "view" in state]
    for content in contents:
        hostile.send_custom(content, random.choice(views))
        data = {"method": "update", "state": {"view": content, "learning_rate": content}}
        hostile.send("comm_msg", {"comm_id": random.choice([*hostile.states]), "data": data})
    (picture,) = hostile.ask({"type": "sync"})
    assert picture["full"] is True
    assert picture["layers"] == [2, 4, 2, 1]


REFUSED = (
    *("execute_request", "complete_request", "inspect_request", "history_request"),
    *("is_complete_request", "connect_request", "input_reply", "debug_request"),
    *("interrupt_request", "create_subshell_request", "usage_request", "apply_request"),
)


def test_a_page_may_only_talk_to_widgets(hostile: PageByHand, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    code = f"open({str(trace)!r}, 'w')"
    content = {
        "code": code,
        "silent": False,
        "cursor_pos": 1,
        "detail_level": 0,
        "value": "x",
        "hist_access_type": "tail",
        "n": 9,
        "output": True,
        "raw": True,
        "user_expressions": {"a": code},
        "allow_stdin": True,
        "store_history": True,
        "seq": 1,
        "type": "request",
        "command": "initialize",
        "arguments": {},
    }
    sent = {
        hostile.send(kind, content, channel=channel): kind
        for channel in ("shell", "control", "stdin")
        for kind in REFUSED
    }
    # Each channel answers in order: what came before these has been dealt with.
    last = [hostile.send("kernel_info_request", {}, channel=way) for way in ("control", "shell")]
    answered: set[str] = set()
    while not answered >= {*last}:
        message = hostile.receive()
        assert message is not None
        if message.kind == "kernel_info_reply":
            answered.add(message.parent["msg_id"])
        assert message.parent.get("msg_id") not in sent, sent[message.parent["msg_id"]]
    assert not trace.exists()


def test_who_never_acknowledges_gets_no_more_than_the_window(hostile: PageByHand) -> None:
    seq = hostile.play()
    tick = {"type": "tick", "seen": seq, "window": 4, "again": False}
    came = [frame for _ in range(50) for frame in hostile.ask(tick)]
    assert [frame["seq"] for frame in came] == [seq + 1, seq + 2, seq + 3, seq + 4]
    hostile.set(playing=False)


def test_a_flood_is_cut_off(hostile: PageByHand, neighbour: Neighbour, server: Server) -> None:
    start, most = _memory(server), 0
    sent = 0
    with contextlib.suppress(WebSocketClosedError):
        while sent < 20_000:
            hostile.send_custom({"type": "sync"})
            sent += 1
            if sent % 200 == 0:
                most = max(most, _memory(server))
    waited = []
    for _ in range(50):
        began = time.perf_counter()
        neighbour.go_on(1)
        waited.append(1000 * (time.perf_counter() - began))
        most = max(most, _memory(server))
    print(
        f"flood: cut off after {sent} requests; the neighbour waited {sorted(waited)[25]:.0f} ms "
        f"for a picture, {max(waited):.0f} at most; the server grew by {(most - start) / MB:.0f} MB"
    )
    assert sent < 20_000
    assert hostile.wait_until_closed() in (1008, None)
    assert most < start + 100 * MB


def test_who_does_not_read_is_cut_off(
    hostile: PageByHand, neighbour: Neighbour, server: Server
) -> None:
    start, most = _memory(server), 0
    port = hostile.port
    for _ in range(60):  # megabytes each
        hostile.send("comm_msg", {"comm_id": "loads", "data": {"method": "request_states"}})

    def closed() -> bool:
        nonlocal most
        neighbour.go_on(1)
        most = max(most, _memory(server))
        connections = psutil.Process(server.process.pid).net_connections("tcp")
        return not [c for c in connections if c.raddr and c.raddr.port == port]

    wait_until(closed)
    print(f"no reader: the server grew by {(most - start) / MB:.0f} MB")
    assert most < start + 150 * MB


def test_a_kernel_that_hangs_does_not_hold_the_others_up(
    folder: Path, loop: asyncio.AbstractEventLoop
) -> None:
    one_at_a_time = with_settings("config.PromptConnection.most_ticks = 1")
    with contextlib.ExitStack() as opened:
        server = opened.enter_context(running_server(folder, program=one_at_a_time))
        stuck, other = (
            Neighbour(opened.enter_context(page_by_hand(server, LESSON, loop))) for _ in range(2)
        )
        (kernel,) = _kernels(server, stuck.page)
        kernel.suspend()
        waiting = stuck.page.send_custom(
            {"type": "tick", "seen": stuck.seq, "window": 1, "again": False}
        )
        other.go_on()
        kernel.resume()
        came = stuck.page.wait_until_done(waiting)
        assert [message.custom["seq"] for message in came if message.custom] == [stuck.seq + 1]


def test_a_click_does_not_stand_in_line(folder: Path, loop: asyncio.AbstractEventLoop) -> None:
    one_at_a_time = with_settings("config.PromptConnection.most_ticks = 1")
    patient = "import nbtutor.serve.turns\nnbtutor.serve.turns.LONGEST = 60\n"
    with contextlib.ExitStack() as opened:
        server = opened.enter_context(running_server(folder, program=patient + one_at_a_time))
        page = opened.enter_context(page_by_hand(server, LESSON, loop))
        playing = Neighbour(page)
        (kernel,) = _kernels(server, page)
        kernel.suspend()
        tick = {"type": "tick", "seen": playing.seq, "window": 4, "again": False}
        asked = [page.send_custom(tick) for _ in range(4)]
        pause = page.send(
            "comm_msg",
            {
                "comm_id": page.playground,
                "data": {"method": "update", "state": {"playing": False}, "buffer_paths": []},
            },
        )
        page.wait_until_read()
        kernel.resume()
        page.wait_until_done(asked[0])
        page.wait_until_done(pause)
        for waiting in asked[1:]:
            came = page.wait_until_done(waiting)
            assert not [message for message in came if message.custom], "it is paused"


def _kernels(server: Server, page: PageByHand) -> list[psutil.Process]:
    return [c for c in server.children if page.kernel_id in " ".join(c.cmdline())]


def test_a_kernel_has_few_sockets(hostile: PageByHand) -> None:
    with contextlib.ExitStack() as opened:
        for _ in range(3):
            opened.callback(hostile.open_another().close)
        with pytest.raises(Exception, match="429"):
            hostile.open_another()


def test_a_lesson_with_a_hostile_name_is_words(server: Server, page: PageByHand) -> None:
    for text in (server.request("/").text, page.page.text, server.request("/no-such").text):
        assert "<img src=x" not in text
        assert "<script>hacked" not in text
        assert "&lt;img src=x onerror=hacked=1&gt;" in text
        (address,) = set(re.findall(r'href="(/voila/render/01-[^"]*)"', text))
        assert not set("<>'\" ") & set(address)


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE"])
def test_no_page_writes_into_the_folder(
    server: Server, page: PageByHand, folder: Path, method: str
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    cookies = page.page.cookies
    token = {"X-XSRFToken": cookies["_xsrf"]}
    for path in (
        *("/voila/api/contents/", f"/voila/api/contents/{LESSON}", "/voila/api/contents/..%2fnew"),
        *("/api/contents/new.ipynb", f"/voila/files/{LESSON}", "/voila/files/..%2fnew.png"),
        *(f"/voila/render/{LESSON}", f"/voila/tree/{LESSON}", "/voila/static/new.js", "/health"),
        *("/api/sessions", "/api/terminals", "/api/kernels", "/"),
    ):
        form = {"_xsrf": cookies["_xsrf"], "type": "file", "content": "x", "format": "text"}
        answer = server.request(path, method=method, data=form, headers=token, cookies=cookies)
        assert answer.status in (403, 404, 405), path
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert not (folder.parent / "new").exists()
