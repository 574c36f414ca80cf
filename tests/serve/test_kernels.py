"""Who may end a kernel, who may run code in it, and when it ends by itself."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from jupyter_client.session import Session
from jupyter_server.services.kernels.connection.base import (
    serialize_msg_to_ws_v1,
)
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect
from traitlets.config import Configurable
from voila.voila_kernel_manager import voila_kernel_manager_factory

from nbtutor.serve.kernels import CourseKernelManager
from tests.serve.server import (
    V1,
    Server,
    kernel_of,
    running_server,
    wait_until,
    with_settings,
    write_lesson,
)

FIRST = "/voila/render/00-first.ipynb"
BROKEN = "/voila/render/02-broken.ipynb"


async def _open(request: HTTPRequest) -> WebSocketClientConnection:
    return await websocket_connect(request, subprotocols=[V1])


async def _connect(server: Server, kernel_id: str) -> WebSocketClientConnection:
    return await _open(HTTPRequest(f"{server.socket_of(kernel_id)}?session_id=test"))


class TestShutdown:
    """The beacon of a page that is left."""

    @pytest.fixture
    def page(self, server: Server) -> Iterator[tuple[str, dict[str, str]]]:
        """The kernel and the cookies of a page that was opened by its own address."""
        opened = server.request(BROKEN)
        kernel_id = kernel_of(opened)
        yield kernel_id, opened.cookies
        _shut_down(server, kernel_id, opened.cookies)

    def test_without_a_token_it_is_refused(
        self, server: Server, page: tuple[str, dict[str, str]]
    ) -> None:
        kernel_id, cookies = page
        path = f"/voila/api/shutdown/{kernel_id}"
        assert server.request(path, data={}).status == 403
        assert server.request(path, data={}, cookies=cookies).status == 403
        assert server.request(path, data={"_xsrf": ""}, cookies=cookies).status == 403
        assert server.request(path, data={"_xsrf": cookies["_xsrf"]}).status == 403
        assert server.request(path, data={"_xsrf": "2|0|0|0"}, cookies=cookies).status == 403
        assert server.has_kernel(kernel_id)

    def test_from_another_origin_it_is_refused(
        self, server: Server, page: tuple[str, dict[str, str]]
    ) -> None:
        kernel_id, cookies = page
        answer = server.request(
            f"/voila/api/shutdown/{kernel_id}",
            data={"_xsrf": cookies["_xsrf"]},
            cookies=cookies,
            headers={"Origin": "http://evil.example"},
        )
        assert answer.status in (403, 404)
        assert server.has_kernel(kernel_id)

    def test_with_its_token_it_ends_that_kernel_alone(
        self, server: Server, page: tuple[str, dict[str, str]]
    ) -> None:
        kernel_id, cookies = page
        other = server.request(BROKEN, cookies=cookies)
        assert _shut_down(server, kernel_id, cookies) == 204
        assert not server.has_kernel(kernel_id)
        assert server.has_kernel(kernel_of(other))
        _shut_down(server, kernel_of(other), cookies)

    def test_an_unknown_kernel_is_told(
        self, server: Server, page: tuple[str, dict[str, str]]
    ) -> None:
        unknown = "00000000-0000-4000-8000-000000000000"
        assert _shut_down(server, unknown, page[1]) == 404


def _shut_down(server: Server, kernel_id: str, cookies: dict[str, str]) -> int:
    path = f"/voila/api/shutdown/{kernel_id}"
    return server.request(path, data={"_xsrf": cookies["_xsrf"]}, cookies=cookies).status


def test_a_foreign_page_cannot_open_a_socket(server: Server) -> None:
    kernel_id = kernel_of(server.request(BROKEN))
    request = HTTPRequest(server.socket_of(kernel_id), headers={"Origin": "http://evil.example"})
    with pytest.raises(Exception, match="403"):
        asyncio.run(_open(request))


def test_frames_do_not_wait_for_the_one_before(notebooks: Path) -> None:
    # Looks at the socket as Jupyter's own connection gets it from ours.
    look = """
import socket
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection as C
connect = C.connect
def looking(self):
    of = self.websocket_handler.ws_connection.stream.socket
    print("TCP_NODELAY", of.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), flush=True)
    return connect(self)
C.connect = looking
"""
    with running_server(notebooks, program=look) as server:
        kernel_id = kernel_of(server.request(BROKEN))

        async def connect() -> None:
            (await _connect(server, kernel_id)).close()

        asyncio.run(asyncio.wait_for(connect(), 30))
        assert server.wait_for_line(r"TCP_NODELAY (\d+)")[1] != "0"


def test_a_page_that_vanishes_amid_messages_is_no_fault(notebooks: Path) -> None:
    with running_server(notebooks) as server:
        kernel_id = kernel_of(server.request(FIRST))

        async def vanish() -> None:
            connection = await _connect(server, kernel_id)
            session = Session()
            for _ in range(300):
                message = session.msg("kernel_info_request", {})
                connection.write_message(
                    serialize_msg_to_ws_v1(message, "shell", session.pack), binary=True
                )
            await connection.read_message()
            # No farewell: the line is cut.
            assert connection.protocol is not None
            assert connection.protocol.stream is not None
            connection.protocol.stream.close()

        asyncio.run(asyncio.wait_for(vanish(), 30))
        # Another page's answer comes after what the first one was still to be sent.
        server.request(FIRST)
        server.stop()
        assert server.messages == ""


def test_a_kernel_without_a_page_ends_and_the_warm_ones_stay(notebooks: Path) -> None:
    hurry = with_settings(
        "config.CourseKernelManager.orphan_timeout = 2",
        "config.MappingKernelManager.cull_interval = 1",
    )
    with running_server(notebooks, program=hurry) as server:
        wait_until(lambda: server.kernels == 2)
        warm = {child.pid for child in server.children}
        watched = kernel_of(server.request(BROKEN))

        async def watch() -> None:
            connection = await _connect(server, watched)
            # This one has no page: it is opened after the other one, and ends before it.
            orphan = kernel_of(server.request(BROKEN))
            await asyncio.to_thread(wait_until, lambda: not server.has_kernel(orphan))
            assert server.has_kernel(watched)
            connection.close()

        asyncio.run(asyncio.wait_for(watch(), 60))
        wait_until(lambda: not server.has_kernel(watched))
        wait_until(
            lambda: server.kernels == 2,
            tell=lambda: [(child, child.cmdline()) for child in server.children],
        )
        assert warm <= {child.pid for child in server.children}
        # A warm kernel is far older than what an orphan is granted, and yet its page gets it.
        kernel_id = kernel_of(server.request(FIRST))
        assert server.has_kernel(kernel_id)


def test_kernels_without_a_page_end_at_once_and_not_in_a_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def end_a_class() -> list[str]:
        """End thirty kernels, of which each goes on only when all are ending, and two fail."""
        ending, all_ending = [], asyncio.Event()

        class Manager(CourseKernelManager):
            async def shutdown_kernel(self, kernel_id: str) -> None:  # type: ignore[override]
                ending.append(kernel_id)
                if len(ending) == 30:
                    all_ending.set()
                await all_ending.wait()
                if kernel_id in ("7", "21"):
                    raise RuntimeError(f"{kernel_id} does not end")

        manager = Manager(orphan_timeout=1)
        for number in range(30):
            manager._kernels[str(number)] = SimpleNamespace(last_activity=None)
            manager._alone_since[str(number)] = time.monotonic() - 2
        await asyncio.wait_for(manager.cull_kernels(), 30)
        return ending

    assert sorted(asyncio.run(end_a_class()), key=int) == [str(number) for number in range(30)]
    told = [str(record.exc_info[1]) for record in caplog.records if record.exc_info]
    assert told == ["7 does not end", "21 does not end"]


def test_the_minute_of_a_page_begins_when_it_gets_its_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warm kernel that was seen alone while it started is not an orphan as its page opens."""
    ended: list[str] = []
    clock = iter((0.0, 2.0, 4.0, 3600.0, 3602.0, 3604.0, 3661.0, 3662.0))
    now = 0.0

    async def pass_by(self: object, kernel_id: str) -> None:
        """Jupyter's own look, for kernels that have been idle for hours."""

    class Manager(voila_kernel_manager_factory(CourseKernelManager, True, 1)):  # type: ignore[misc]
        async def shutdown_kernel(self, kernel_id: str) -> None:
            ended.append(kernel_id)

    class Course(Configurable):
        """What Voilà wants of its application: a folder, in which there is no lesson here."""

        root_dir = str(tmp_path)
        notebook_path = None

    async def a_day() -> None:
        manager = Manager(orphan_timeout=60, parent=Course())
        starting = asyncio.get_running_loop().create_future()
        manager._pools = {"lesson": [starting]}
        manager._kernels["warm"] = SimpleNamespace(last_activity=None)

        async def look(times: int) -> None:
            nonlocal now
            for _ in range(times):
                now = next(clock)
                await manager.cull_kernels()

        await look(1)
        starting.set_result({"kernel_id": "warm"})
        await look(3)
        # A page takes it out of the pool. Its websocket comes a little later.
        manager._pools["lesson"].clear()
        await look(3)
        assert ended == []
        # But it never came.
        await look(1)
        assert ended == ["warm"]

    monkeypatch.setattr("nbtutor.serve.kernels.time.monotonic", lambda: now)
    monkeypatch.setattr(AsyncMappingKernelManager, "cull_kernel_if_idle", pass_by)
    asyncio.run(a_day())


def _kill_warm_kernels(server: Server) -> None:
    """Kill the two kernels that wait for a page, and wait until the server knows."""
    wait_until(lambda: server.kernels == 2)
    killed = []
    for child in server.children:
        found = re.search(r"kernel-([^/]+)\.json", " ".join(child.cmdline()))
        if found:
            killed.append(found[1])
            child.kill()
    assert len(killed) == 2
    wait_until(lambda: not any(server.has_kernel(kernel_id) for kernel_id in killed))


def test_no_page_gets_a_warm_kernel_that_has_died(notebooks: Path) -> None:
    with running_server(notebooks) as server:
        _kill_warm_kernels(server)
        page = server.request(FIRST)
        assert "jupyter-config-data" in page.text, server.messages
        assert server.has_kernel(kernel_of(page))


def test_warm_kernels_that_have_died_are_replaced(notebooks: Path) -> None:
    at_once = with_settings("config.CourseKernelManager.refill_delay = 0")
    with running_server(notebooks, program=at_once) as server:
        _kill_warm_kernels(server)
        wait_until(lambda: server.kernels == 2)


# Told by a kernel of itself, and by the system of the kernel.
BOUNDS = """
import os, resource, sys
print("threads", os.environ["OMP_NUM_THREADS"])
print("niceness", os.nice(0))
print("data", resource.getrlimit(resource.RLIMIT_DATA)[0])
print("debugger", any(name.startswith("pydevd") for name in sys.modules))
print("history", get_ipython().history_manager.enabled)
try:
    bytearray(10**9)
except MemoryError:
    print("refused")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know no such bounds")
def test_kernels_are_small_and_within_bounds(tmp_path: Path) -> None:
    write_lesson(tmp_path / "00-a.ipynb", "A", BOUNDS)
    with running_server(tmp_path) as server:
        text = server.request("/voila/render/00-a.ipynb").text
    nice = min(19, os.nice(0) + 5)
    said = {"threads 1", f"niceness {nice}", "data 800000000", "debugger False", "history False"}
    assert all(line in text for line in [*said, "refused"]), text


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know no such bounds")
def test_the_bounds_are_settings(tmp_path: Path) -> None:
    write_lesson(tmp_path / "00-a.ipynb", "A", BOUNDS)
    unbound = with_settings(
        "config.CourseKernelManager.kernel_arguments = ['--LearnerKernelApp.niceness=0']"
    )
    with running_server(tmp_path, program=unbound) as server:
        text = server.request("/voila/render/00-a.ipynb").text
    assert f"niceness {os.nice(0)}" in text
    assert "data -1" in text
    assert "refused" not in text
