"""A plain ``voila`` with the course's configuration file."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from nbtutor.serve.command import main
from tests.serve.server import V1, Server, kernel_of, running_process, wait_until

FIRST = "/voila/render/00-first.ipynb"
COLD = "/voila/render/02-broken.ipynb"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def running_voila(
    folder: Path, config: Path, *options: str, **environment: str
) -> Iterator[Server]:
    """Run Voilà's own command, with the folder of the configuration in Jupyter's variable."""
    port = _free_port()
    address = ["--Voila.ip=127.0.0.1", f"--port={port}", "--Voila.port_retries=0"]
    with running_process(
        [sys.executable, "-m", "voila", str(folder), "--no-browser", *address, *options],
        environment={"JUPYTER_CONFIG_PATH": str(config), **environment},
        cwd=folder,
        merge=True,
    ) as server:
        server.url = server.wait_for_line(r"^(http://\S+?)(\?\S*)?$")[1]
        yield server


@pytest.fixture
def config(capsys: pytest.CaptureFixture[str]) -> Path:
    """The folder that the command tells of."""
    assert main(["config"]) == 0
    return Path(capsys.readouterr().out.strip())


def test_it_is_the_same_server(notebooks: Path, config: Path) -> None:
    seats = "--CourseKernelManager.seat_limit=2"
    with running_voila(notebooks, config, seats, "--base_url=/course/") as server:
        assert server.url.endswith("/course/")
        wait_until(lambda: server.kernels == 2)  # as many as nbtutor keeps warm
        start = server.request("/course/")
        assert "The first lesson" in start.text
        assert "default-src 'self'" in start.headers["Content-Security-Policy"]
        page = server.request(f"/course{FIRST}")
        assert 'class="nbt-bar"' in page.text
        assert 'href="/course/voila/render/01-second.ipynb"' in page.text
        assert server.request("/course/nope").status == 404
        assert "There is no such page" in server.request("/course/nope").text
        # Our websocket: it refuses who does not speak the present protocol.
        kernel_id = kernel_of(page)
        address = server.socket_of(kernel_id)
        with pytest.raises(Exception, match="426"):
            asyncio.run(_connect(address, []))
        asyncio.run(_connect(address, [V1]))
        # Our kernel manager and its seats.
        assert server.request(f"/course{COLD}").status == 200
        full = server.request(f"/course{COLD}")
        assert full.status == 503
        assert "All seats are taken" in full.text
        assert '"taken": 2, "seats": 2' in server.request("/course/health").text
        # The page's beacon ends its kernel.
        ended = server.request(
            f"/course/voila/api/shutdown/{kernel_id}",
            data={"_xsrf": page.cookies["_xsrf"]},
            cookies=page.cookies,
        )
        assert ended.status == 204
        assert '"taken": 1' in server.request("/course/health").text


async def _connect(address: str, protocols: list[str]) -> None:
    (await websocket_connect(HTTPRequest(address), subprotocols=protocols)).close()


def test_it_asks_for_the_token(notebooks: Path, config: Path) -> None:
    token = "swordfish-and-chips"
    with running_voila(notebooks, config, JUPYTER_TOKEN=token) as server:
        assert server.request(FIRST).headers["Location"].startswith("/login?")
        assert "This course asks for a token" in server.request("/login").text
        link = server.request(f"/?token={token}")
        assert "The first lesson" in server.request("/", cookies=link.cookies).text
