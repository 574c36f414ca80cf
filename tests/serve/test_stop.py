"""A server that is told to stop leaves nothing behind, whatever it is doing."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.serve.server import V1, kernel_of, running_server, wait_until

FIRST = "/voila/render/00-first.ipynb"


def _left_in(folder: Path) -> list[psutil.Process]:
    """Processes that still work with a server's temporary files, whoever their parent is by now."""
    found = psutil.process_iter(["environ", "cmdline"])
    return [process for process in found if str(folder) in str(process.info)]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_server_and_its_kernels(
    how: signal.Signals, notebooks: Path, tmp_path: Path
) -> None:
    with running_server(notebooks, environment={"TMPDIR": str(tmp_path)}) as server:
        wait_until(lambda: server.kernels == 2)
        # A page takes one of them, and the next is started for the one after it.
        kernel_id = kernel_of(server.request(FIRST))
        wait_until(lambda: server.kernels == 3)
        children = server.children
        assert len(_left_in(tmp_path)) > 3  # with the server

        async def stop() -> None:
            address = server.socket_of(kernel_id)
            page: WebSocketClientConnection = await websocket_connect(address, subprotocols=[V1])
            assert await asyncio.to_thread(server.stop, how) == 0
            while await page.read_message() is not None:
                pass  # the end of the connection comes after what was on its way

        asyncio.run(asyncio.wait_for(stop(), 60))
        assert not [child for child in children if child.is_running()]
        assert _left_in(tmp_path) == []
        assert list(tmp_path.iterdir()) == []
        assert server.messages == ""


def test_a_signal_while_kernels_start_leaves_none(notebooks: Path, tmp_path: Path) -> None:
    with running_server(notebooks, environment={"TMPDIR": str(tmp_path)}) as server:
        wait_until(lambda: bool(server.children))
        children = server.children
        assert server.stop() == 0
        assert not [child for child in children if child.is_running()]
        # One that was started while the server was stopping would be nobody's child by now.
        assert _left_in(tmp_path) == []
        assert list(tmp_path.iterdir()) == []


# The signal comes at the same moment each time: as Voilà is about to be imported.
EARLY = """\
import os, sys
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "voila.app":
            sys.meta_path.remove(self)
            os.kill(os.getpid(), {number})
sys.meta_path.insert(0, Interrupt())
from nbtutor.serve.command import main
raise SystemExit(main(["serve", {folder!r}, "--port", "0", "--no-browser"]))
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_the_server_is_there_is_no_fault(
    how: signal.Signals, notebooks: Path
) -> None:
    program = EARLY.format(number=int(how), folder=str(notebooks))
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == -how
    assert done.stdout + done.stderr == ""


# As it is told to stop, a kernel manager that never comes to an end.
STUCK = """
import time
from nbtutor.serve.kernels import CourseKernelManager
async def shutdown_all(self, now=False):
    print("shutting down", flush=True)
    time.sleep(3600)
CourseKernelManager.shutdown_all = shutdown_all
"""


def test_a_second_signal_stops_it_at_once(notebooks: Path, tmp_path: Path) -> None:
    options = ("--prewarm", "1")
    temporary = {"TMPDIR": str(tmp_path)}
    with running_server(notebooks, *options, program=STUCK, environment=temporary) as server:
        wait_until(lambda: server.kernels == 1)
        children = server.children
        server.process.send_signal(signal.SIGINT)
        server.wait_for_line("shutting down")
        assert server.stop(signal.SIGINT) == 1
        assert not [child for child in children if child.is_running()]
        assert _left_in(tmp_path) == []
        assert list(tmp_path.iterdir()) == []
