"""A real ``nbtutor`` server in a process of its own, for tests here and elsewhere."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any

import psutil

import nbtutor

START_SECONDS = 60.0

V1 = "v1.kernel.websocket.jupyter.org"
"""The protocol that a kernel's websocket speaks."""


@dataclass(frozen=True)
class Response:
    """What a server answered, redirects not followed."""

    status: int
    headers: Message
    text: str

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that it sets."""
        pairs = (value.split(";")[0] for value in self.headers.get_all("Set-Cookie") or [])
        return dict(pair.split("=", 1) for pair in pairs)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


# No proxy: the server is on this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())


@dataclass
class Server:
    """A running server."""

    process: subprocess.Popen[str]
    log: Path
    url: str = ""
    output: list[str] = field(default_factory=list)
    _lines: queue.Queue[str | None] = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def wait_for_line(self, pattern: str, seconds: float = START_SECONDS) -> re.Match[str]:
        """Return the match of the next line of standard output that has one."""
        end = time.monotonic() + seconds
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                msg = f"no line like {pattern!r} but {self.output}; messages:\n{self.messages}"
                raise AssertionError(msg)
            self.output.append(line)
            match = re.search(pattern, line)
            if match:
                return match

    @property
    def messages(self) -> str:
        """What it has written to standard error."""
        return self.log.read_text(encoding="utf-8")

    @property
    def children(self) -> list[psutil.Process]:
        """The processes below it."""
        try:
            return list(psutil.Process(self.process.pid).children(recursive=True))
        except psutil.NoSuchProcess:
            return []

    @property
    def kernels(self) -> int:
        """How many kernels it has."""
        count = 0
        for child in self.children:
            try:
                # By its connection file, whichever program the kernel is.
                count += any(re.search(r"kernel-[^/]+\.json$", part) for part in child.cmdline())
            except psutil.NoSuchProcess:
                continue
        return count

    def request(
        self,
        path: str,
        *,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        cookies: Mapping[str, str] | None = None,
        method: str | None = None,
    ) -> Response:
        """Send a GET, or a POST of form data, to a path given as it goes on the wire.

        Another method may be named.
        """
        request = urllib.request.Request(
            urllib.parse.urljoin(self.url, "/") + path.removeprefix("/"),
            data=None if data is None else urllib.parse.urlencode(data).encode(),
            headers=dict(headers or {}),
            method=method,
        )
        if cookies:
            request.add_header("Cookie", "; ".join(f"{k}={v}" for k, v in cookies.items()))
        try:
            answer = _OPENER.open(request, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            text = answer.read().decode("utf-8", "replace")
            return Response(answer.status, answer.headers, text)

    def socket_of(self, kernel_id: str) -> str:
        """Return the address of a kernel's websocket."""
        return f"{self.url.replace('http', 'ws', 1)}api/kernels/{kernel_id}/channels"

    def has_kernel(self, kernel_id: str) -> bool:
        """Tell whether it knows a kernel."""
        return self.request(f"/api/kernels/{kernel_id}").status == 200

    def stop(self, how: signal.Signals = signal.SIGTERM, seconds: float = 30.0) -> int:
        """Stop it and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(seconds)


def kernel_of(page: Response) -> str:
    """Return the id of the kernel behind a lesson's page."""
    return kernel_in(page.text)


def kernel_in(text: str) -> str:
    """Return the id of the kernel that a lesson's page names."""
    found = re.search(r'id="jupyter-config-data"[^>]*>(.*?)</script>', text, re.DOTALL)
    assert found, text
    kernel_id: str = json.loads(found[1])["kernelId"]
    return kernel_id


def wait_until(
    condition: Callable[[], bool], seconds: float = 30.0, tell: Callable[[], object] = str
) -> None:
    """Wait until a condition holds; if it does not, what `tell` returns is told."""
    end = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < end, f"it does not hold after {seconds} s: {tell()}"
        pause.wait(0.05)


def with_settings(*lines: str) -> str:
    """Return a program for `running_server` that changes the server's configuration, ``config``."""
    changes = "\n    ".join(lines)
    return f"""
from nbtutor.serve import settings
usual = settings.voila_settings
def changed(*arguments, **options):
    config = usual(*arguments, **options)
    {changes}
    return config
settings.voila_settings = changed
"""


@contextmanager
def running_server(
    notebooks: Path | None = None,
    *options: str,
    command: str = "serve",
    program: str = "",
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Run ``nbtutor`` on a free port until the block ends.

    Parameters
    ----------
    notebooks
        The folder that it serves, or for ``lab`` the working folder; the command's own default if
        None.
    options
        More command-line options.
    command
        ``serve`` or ``lab``.
    program
        Python code that runs before the command, to change a setting or to look inside.
    cwd
        Its working directory.
    environment
        Variables besides those of this process.
    """
    code = f"{program}\nfrom nbtutor.serve.command import main\nraise SystemExit(main())"
    arguments = [command, *([] if notebooks is None else [str(notebooks)])]
    with running_process(
        [sys.executable, "-c", code, *arguments, "--no-browser", "--port", "0", *options],
        cwd=cwd,
        environment=environment,
    ) as server:
        server.url = server.wait_for_line(r"ready at (\S+)")[1]
        yield server


@contextmanager
def running_process(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    merge: bool = False,
) -> Iterator[Server]:
    """Run any server that finds this package, and leave none of its children behind.

    Parameters
    ----------
    command
        The program and its arguments.
    cwd
        Its working directory.
    environment
        Variables besides those of this process.
    merge
        Whether its messages are lines of its output too.
    """
    package = Path(nbtutor.__file__).resolve().parents[1]
    paths = [str(package), *filter(None, [os.environ.get("PYTHONPATH")])]
    with tempfile.NamedTemporaryFile("w", suffix=".log", delete=False) as messages:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merge else messages,
            stdin=subprocess.DEVNULL,
            text=True,
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **(environment or {})},
        )
    log = Path(messages.name)
    server = Server(process, log)
    try:
        yield server
    finally:
        started = server.children
        try:
            server.stop()
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for child in started:
            if child.is_running():
                child.kill()
        log.unlink()


def write_lesson(path: Path, title: str, *cells: str, summary: str = "") -> None:
    """Write a notebook with a heading, a paragraph and code cells."""
    code: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
    }
    text: dict[str, Any] = {
        "cell_type": "markdown",
        "metadata": {},
        "source": f"# {title}\n\n{summary}",
    }
    notebook = {
        "cells": [
            {"id": f"cell-{number}", **cell}
            for number, cell in enumerate([text, *({**code, "source": cell} for cell in cells)])
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(notebook), encoding="utf-8")
