"""Behind a proxy: nginx, with the configuration that the README gives."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from jupyter_client.session import Session
from jupyter_server.services.kernels.connection.base import (
    deserialize_msg_from_ws_v1,
    serialize_msg_to_ws_v1,
)
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from tests.serve.server import V1, Server, kernel_of, running_process, running_server, wait_until

TOKEN = "swordfish-and-chips"
NAME = "course.example.org"
FIRST = "/course/voila/render/00-first.ipynb"


@pytest.fixture(scope="module")
def nginx() -> str:
    """The program."""
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip("no nginx: install one so that it is on the PATH")
    return found


def _block(root: Path, language: str) -> str:
    """Return the README's one block of a language."""
    text = (root / "README.md").read_text("utf-8")
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return str(block)


@pytest.fixture(scope="module")
def server(
    notebooks: Path, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server as the README starts it, but for one learner."""
    given, command, *options = shlex.split(_block(root, "bash").replace("\\\n", " "))
    assert command == "nbtutor"
    variable, _, name = given.partition("=")
    file = tmp_path_factory.mktemp("token") / name
    file.write_text(f"{TOKEN}\n")
    options += ["--seats", "1", "--prewarm", "0"]
    with running_server(notebooks, *options, environment={variable: str(file)}) as running:
        yield running


@contextmanager
def running_nginx(nginx: str, site: str, folder: Path) -> Iterator[Server]:
    """Run nginx with a site, in the foreground, as one child."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    user = "user root;" if os.geteuid() == 0 else ""
    site, listens = re.subn(r"listen \d+;", f"listen 127.0.0.1:{port};", site)
    assert listens == 1
    config = folder / "nginx.conf"
    config.write_text(
        f"{user} daemon off; master_process off; pid {folder}/pid; error_log stderr;"
        f"events {{}} http {{ access_log off; {temporary}\n{site}\n}}"
    )
    with running_process([nginx, "-p", folder, "-e", "stderr", "-c", config]) as running:
        running.url = f"http://127.0.0.1:{port}/"
        wait_until(lambda: _listens(port))
        yield running


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def proxy(
    nginx: str, server: Server, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Nginx in front of the server, as the README sets it up."""
    site = _block(root, "nginx")
    behind = server.url.split("/")[2]
    site, servers = re.subn(r"proxy_pass http://[\w.:]+;", f"proxy_pass http://{behind};", site)
    assert servers == 1
    assert f"server_name {NAME};" in site
    with running_nginx(nginx, site, tmp_path_factory.mktemp("nginx")) as running:
        yield running


def test_a_lesson_comes_through(proxy: Server, server: Server) -> None:
    port = proxy.url.split(":")[2].strip("/")
    host = {"Host": f"{NAME}:{port}"}
    assert proxy.request("/health", headers=host).status == 404  # it is not the course's
    assert proxy.request("/course/voila/static/voila.js", headers=host).status == 200
    assert proxy.request(FIRST, headers=host).headers["Location"].startswith("/course/login?")
    link = proxy.request(f"{FIRST}?token={TOKEN}", headers=host)
    assert link.headers["Location"] == FIRST
    page = proxy.request(FIRST, headers=host, cookies=link.cookies)
    assert page.status == 200
    assert 'href="/course/voila/render/01-second.ipynb"' in page.text
    full = proxy.request(FIRST, headers=host, cookies=link.cookies)
    assert full.status == 503
    assert full.headers["Retry-After"] == "10"
    assert "asks again every few seconds" in full.text
    kernel_id = kernel_of(page)
    cookies = {**link.cookies, **page.cookies}
    address = (
        f"{proxy.url.replace('http', 'ws')}course/api/kernels/{kernel_id}/channels?session_id=t"
    )
    headers = {**host, "Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())}

    async def ask(origin: str) -> None:
        request = HTTPRequest(address, headers={**headers, "Origin": origin})
        page = await websocket_connect(request, subprotocols=[V1])
        session = Session()
        message = session.msg("kernel_info_request", {})
        await page.write_message(
            serialize_msg_to_ws_v1(message, "shell", session.pack), binary=True
        )
        while True:
            received = await page.read_message()
            assert isinstance(received, bytes)
            parts = deserialize_msg_from_ws_v1(received)[1]
            if json.loads(parts[1]).get("msg_id") == message["header"]["msg_id"]:
                break
        page.close()

    asyncio.run(asyncio.wait_for(ask(f"http://{NAME}:{port}"), 60))
    with pytest.raises(Exception, match="403"):
        asyncio.run(asyncio.wait_for(ask("http://evil.example"), 60))
    path = f"/course/voila/api/shutdown/{kernel_id}"
    xsrf = {"_xsrf": page.cookies["_xsrf"]}
    own = {**host, "Origin": f"http://{NAME}:{port}"}
    assert proxy.request(path, data=xsrf, cookies=cookies, headers=own).status == 204
    assert '"taken": 0' in proxy.request("/course/health", headers=host).text


def test_a_cookie_that_came_by_https_is_for_https(server: Server) -> None:
    link = f"/course/?token={TOKEN}"
    plain = server.request(link, headers={"Host": NAME})
    secret = server.request(link, headers={"Host": NAME, "X-Forwarded-Proto": "https"})
    assert "Secure" not in plain.headers["Set-Cookie"]
    assert "Secure" in secret.headers["Set-Cookie"]


def test_without_a_token_only_the_public_name_is_known(notebooks: Path) -> None:
    with running_server(notebooks, "--public-name", NAME, "--prewarm", "0") as server:
        for name, status in ((NAME, 200), (f"{NAME}:8443", 200), ("evil.example", 403)):
            assert server.request("/", headers={"Host": name}).status == status
        assert server.children == []  # no lesson is warm, and none was opened
