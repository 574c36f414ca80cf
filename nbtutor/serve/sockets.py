"""Finding a port to listen on."""

from __future__ import annotations

import errno
from socket import gaierror, socket

from tornado.netutil import bind_sockets

DEFAULT_PORT = 8866
_TRIES = 50


class CannotListen(Exception):
    """There is no listening on this host and port; the message says why and what to do."""


def open_sockets(host: str, port: int | None) -> list[socket]:
    """Return listening sockets on a port.

    Parameters
    ----------
    host
        The address or host name to listen on.
    port
        The port, which must be free; 0 is any free one. None is the usual one or, where that is
        taken, the next free one after it.
    """
    if port is not None:
        return _bind(host, port)
    for candidate in range(DEFAULT_PORT, DEFAULT_PORT + _TRIES):
        try:
            return _bind(host, candidate)
        except _PortTaken:
            continue
    last = DEFAULT_PORT + _TRIES - 1
    msg = f"ports {DEFAULT_PORT} to {last} are all in use: choose another one with --port"
    raise CannotListen(msg)


class _PortTaken(CannotListen):
    """Another program listens there."""


def _bind(host: str, port: int) -> list[socket]:
    try:
        return bind_sockets(port, host)
    except gaierror as error:
        msg = f"--host {host}: this machine has no such address"
        raise CannotListen(msg) from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            msg = (
                f"port {port} is already in use: choose another one with --port, "
                "or leave --port out to take the next free one"
            )
            raise _PortTaken(msg) from error
        if error.errno == errno.EACCES:
            msg = f"port {port} may not be used without special rights: choose one above 1023"
            raise CannotListen(msg) from error
        if error.errno == errno.EADDRNOTAVAIL:
            msg = f"--host {host}: this machine has no such address"
            raise CannotListen(msg) from error
        raise
