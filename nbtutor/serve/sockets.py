"""Finding a port to listen on."""

from __future__ import annotations

import errno
import ipaddress
from socket import gaierror, socket

from tornado.netutil import bind_sockets

from .errors import CannotStart

DEFAULT_PORT = 8866
_TRIES = 50


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
    raise CannotStart(msg)


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine, for itself only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _PortTaken(CannotStart):
    """Another program listens there."""


def _bind(host: str, port: int) -> list[socket]:
    try:
        return bind_sockets(port, host)
    except gaierror as error:
        msg = f"--host {host}: this machine has no such address"
        raise CannotStart(msg) from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            msg = (
                f"port {port} is already in use: choose another one with --port, "
                "or leave --port out to take the next free one"
            )
            raise _PortTaken(msg) from error
        if error.errno == errno.EACCES:
            msg = f"port {port} may not be used without special rights: choose one above 1023"
            raise CannotStart(msg) from error
        if error.errno == errno.EADDRNOTAVAIL:
            msg = f"--host {host}: this machine has no such address"
            raise CannotStart(msg) from error
        raise
