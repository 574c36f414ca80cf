"""Kernels that are born grown up: copies of a process that has imported everything already.

A lesson's kernel takes most of a second to import IPython, NumPy and the widgets, and a class comes
all at once. So the server keeps one process that has imported them and does nothing else, and
each new kernel is a copy of it (``fork``): it is there at once, and shares with all others the
memory that nobody has changed.

The server talks to that process over a socket, one line of JSON each way. When the server is gone,
the socket ends; the process ends with it, and each kernel sees that its parent is gone.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import psutil


@dataclass(frozen=True)
class Birth:
    """What a kernel is to be started with."""

    arguments: list[str]
    environment: dict[str, str]
    folder: str


class ForkedKernel:
    """A process that is not our own child, with what Jupyter asks of a `subprocess.Popen`."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._process = psutil.Process(pid)

    def poll(self) -> int | None:
        """Return None while it lives. How it ended is not known: 0."""
        return None if self._process.is_running() else 0

    def wait(self) -> int:
        """Wait for its end."""
        while self.poll() is None:
            time.sleep(0.01)
        return 0

    def send_signal(self, number: int) -> None:
        """Send it a signal; `ProcessLookupError` if it has ended."""
        if not self._process.is_running():
            raise ProcessLookupError(self.pid)
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


class Nursery:
    """The server's side. It may be asked by several threads.

    Parameters
    ----------
    program : sequence of str
        The command of the process that is copied; it is given the socket's number.
    """

    def __init__(self, program: Sequence[str]) -> None:
        self._program = list(program)
        self._lock = threading.RLock()
        self._closed = False
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Any = None

    def bear(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: str
    ) -> ForkedKernel:
        """Return a new kernel.

        Raises
        ------
        OSError
            If the process that is copied has ended or could make no copy, or after `close`.
        """
        birth = Birth(list(arguments), dict(environment), folder)
        with self._lock:
            if self._closed:
                msg = "the server is stopping"
                raise ChildProcessError(msg)
            if self._process is None or self._process.poll() is not None:
                self._start(environment)
            self._channel.write(json.dumps(asdict(birth)) + "\n")
            self._channel.flush()
            answer = self._channel.readline()
        if not answer:
            msg = "the process that kernels are copied from has ended"
            raise ChildProcessError(msg)
        return ForkedKernel(int(answer))

    def close(self) -> None:
        """End the process that is copied, and start no other, whoever is waiting for a kernel."""
        self._closed = True
        while not self._lock.acquire(timeout=0.05):
            self._end()  # who has the lock waits for an answer, and now gets none
        self._end()
        self._lock.release()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _start(self, environment: Mapping[str, str]) -> None:
        ours, its = socket.socketpair()
        with its:
            self._process = subprocess.Popen(
                [*self._program, str(its.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
                env=dict(environment),
                start_new_session=True,  # Ctrl-C is for the server, which then ends its kernels
            )
        self._channel = ours.makefile("rw", encoding="utf-8")
        ours.close()


def wait_for_birth(descriptor: int) -> list[str]:
    """Copy this process for each one that is asked for; return in the copies only.

    Parameters
    ----------
    descriptor : int
        Of the socket. This process ends when the other end is closed.

    Returns
    -------
    list of str
        The arguments of the kernel that the copy is to be; its environment and folder are set.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a copy that has ended
    gc.collect()
    gc.freeze()  # the collector would touch, and so copy, all that is shared
    own = os.getpid()
    with socket.socket(fileno=descriptor).makefile("rw", encoding="utf-8") as channel:
        for line in channel:
            pid = os.fork()
            if pid == 0:
                birth = Birth(**json.loads(line))
                break
            channel.write(f"{pid}\n")
            channel.flush()
        else:
            sys.exit()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()  # a group of its own, to be interrupted alone
    os.environ.clear()
    os.environ.update(birth.environment)
    os.chdir(birth.folder)
    # What it must not outlive; from the environment it was read at import.
    return [*birth.arguments, f"--IPKernelApp.parent_handle={own}"]
