"""Sockets that listen: on every address of a host, at one port."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Sequence

from bridge.server.addresses import Place, places_here
from umtn_core.errors import UmtnError

#: Ports that are tried where any will do.
_PORT_TRIES = 10

#: A burst of datagrams waits here; the system may give less.
_RECEIVE_BUFFER = 4 << 20

#: Connections that wait to be taken.
_BACKLOG = 100

#: What a system says of addresses that it does not have, such as ::1 where IPv6 is switched off.
_NOT_HERE = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT})

#: What another port helps against.
_PORTS_FAULT = frozenset({errno.EADDRINUSE, errno.EACCES, errno.EPERM})


class _CannotBind(Exception):
    """One address cannot be listened on."""

    def __init__(self, place: Place, port: int, error: OSError):
        super().__init__(str(error))
        self.place, self.port, self.error = place, port, error


def listen(
    host: str, port: int, kinds: Sequence[socket.SocketKind], option: str
) -> list[socket.socket]:
    """Listen on all addresses of a host that this machine has, at the same port.

    Parameters
    ----------
    host
        An address or a name, see `bridge.server.addresses.places`.
    port
        The port; 0 chooses one that is free on all of them.
    kinds
        ``SOCK_DGRAM`` for UDP, ``SOCK_STREAM`` for TCP, or both.
    option
        What the port is chosen with on the command line.

    Returns
    -------
    list of socket.socket
        One of each kind for each address. They do not block.

    Raises
    ------
    UmtnError
        If there is no such host, or the port is taken on one of its addresses.
    """
    found = places_here(host, port)
    for tries_left in reversed(range(_PORT_TRIES)):
        with contextlib.ExitStack() as opened:
            try:
                sockets = _bind_all(found, port, kinds, opened)
            except _CannotBind as refused:
                # A port that is free for one address or kind may be taken for the next.
                if not port and tries_left and refused.error.errno == errno.EADDRINUSE:
                    continue
                choose = option if refused.error.errno in _PORTS_FAULT else "--bind"
                raise UmtnError(
                    f"Cannot listen on {refused.place.host} port {refused.port} "
                    f"({_reason(refused.error)}); choose another one with {choose}."
                ) from refused.error
            opened.pop_all()
            return sockets
    raise AssertionError("the last try returns or raises")


def _bind_all(
    found: Sequence[Place],
    port: int,
    kinds: Sequence[socket.SocketKind],
    opened: contextlib.ExitStack,
) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    missing: _CannotBind | None = None
    for place in found:
        for kind in kinds:
            try:
                bound = opened.enter_context(_bound(place, port, kind))
            except OSError as error:
                missing = _CannotBind(place, port, error)
                if error.errno not in _NOT_HERE:
                    raise missing from error
                break
            sockets.append(bound)
            port = bound.getsockname()[1]
    if not sockets:
        assert missing is not None
        raise missing
    return sockets


def _bound(place: Place, port: int, kind: socket.SocketKind) -> socket.socket:
    bound = socket.socket(place.family, kind)
    try:
        bound.setblocking(False)
        if place.family == socket.AF_INET6:
            # IPv4 has sockets of its own, and :: would take their ports.
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == socket.SOCK_STREAM and os.name == "posix":
            # Connections of a bridge that has just ended hold the port for a while; elsewhere than
            # on POSIX systems this would share it.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if kind == socket.SOCK_DGRAM:
            with contextlib.suppress(OSError):
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        host, _, *rest = place.address
        bound.bind((host, port, *rest))
        if kind == socket.SOCK_STREAM:
            bound.listen(_BACKLOG)
    except BaseException:
        bound.close()
        raise
    return bound


def hosts_of(sockets: Sequence[socket.socket]) -> list[str]:
    """List the addresses that sockets listen on, each once."""
    return list(dict.fromkeys(Place(s.family, s.getsockname()).host for s in sockets))


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
