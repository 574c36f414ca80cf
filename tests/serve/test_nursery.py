"""Kernels that are copies of one process: alike where they should be, and apart where they must."""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path

import psutil
import pytest

from tests.serve.server import Server, running_server, wait_until, with_settings, write_lesson

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="copied on Linux only")

PAGE = "/voila/render/00-a.ipynb"

# What a kernel tells of itself.
TELL = """
import os, random, uuid, psutil
import numpy as np
parent = psutil.Process(os.getppid())
print("told", os.getpid(), os.getsid(0), parent.cmdline()[-2], os.getcwd(), "end")
print("drawn", random.random(), np.random.random(), uuid.uuid4().hex, "end")
"""


def told(server: Server) -> tuple[list[str], list[str]]:
    """Return what the kernel of a new page says of itself, and what it draws at random."""
    text = server.request(PAGE).text
    found = re.search(r"told (.*) end\s+drawn (.*) end", text)
    assert found, text
    return found[1].split(), found[2].split()


def nursery(server: Server) -> psutil.Process:
    """Return the process that kernels are copied from."""
    return next(child for child in server.children if "--nursery" in child.cmdline())


def test_copies_are_alike_and_draw_apart(tmp_path: Path) -> None:
    write_lesson(tmp_path / "00-a.ipynb", "A", TELL)
    with running_server(tmp_path) as server:
        (pid, group, parent, folder), drawn = told(server)
        (other, _, _, _), others = told(server)
        assert pid == group != other
        assert parent == "--nursery"
        assert Path(folder) == tmp_path
        assert set(drawn).isdisjoint(others)
        # When the process that is copied is gone, so are its copies; the next page gets another.
        first = nursery(server)
        copies = first.children()
        assert {int(pid), int(other)} <= {copy.pid for copy in copies}
        first.kill()
        wait_until(lambda: not any(copy.is_running() for copy in copies))
        (_, _, parent, _), _ = told(server)
        assert parent == "--nursery"
        # When the server is gone, all are gone.
        family = server.children
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        wait_until(lambda: not any(child.is_running() for child in family))


def test_copying_can_be_switched_off(tmp_path: Path) -> None:
    write_lesson(tmp_path / "00-a.ipynb", "A", TELL)
    alone = with_settings("config.CourseKernelManager.copy_kernels = False")
    with running_server(tmp_path, program=alone) as server:
        (pid, group, parent, folder), _ = told(server)
        assert pid == group
        assert parent != "--nursery"
        assert Path(folder) == tmp_path
        assert not any("--nursery" in child.cmdline() for child in server.children)
