"""OSC over UDP."""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import Any, cast

from bridge.server.clients import UdpClients
from bridge.server.packets import too_long
from bridge.server.requests import Requests

#: Packets that are taken before others get a turn, and the size that none is beyond.
_TOGETHER = 64
_LARGEST_DATAGRAM = 1 << 16


class _Datagrams(asyncio.DatagramProtocol):
    """Hands datagrams on; answers go their own way.

    python-osc's server is not used: it would sleep until a bundle's time, match patterns that take
    forever, and know nothing of who is asking.
    """

    def __init__(self, bound: socket.socket, requests: Requests, clients: UdpClients, largest: int):
        self._bound = bound
        self._requests = requests
        self._clients = clients
        self._largest = largest
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers are sent with."""
        # Of this kind, though older Pythons do not say so.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """Take a packet and those behind it: each alone would cost a turn of the loop."""
        self._take(data, addr)
        for _ in range(_TOGETHER if sys.platform != "win32" else 0):
            try:
                data, addr = self._bound.recvfrom(_LARGEST_DATAGRAM)
            except OSError:  # there is none, or what was sent before could not be delivered
                return
            self._take(data, addr)

    def _take(self, data: bytes, addr: tuple[Any, ...]) -> None:
        if not addr[1] or self._requests.is_own(addr):
            # Nobody can be answered at port 0, and the bridge need not answer itself.
            return
        client = self._clients.of(addr, self._transport)
        if len(data) > self._largest:
            self._requests.refuse_bytes(client, too_long(self._largest))
        else:
            self._requests.packet(client, data)
        self._clients.remember(client)


async def serve_udp(
    bound: socket.socket, requests: Requests, clients: UdpClients, largest: int
) -> asyncio.DatagramTransport:
    """Serve what comes in at a socket.

    Parameters
    ----------
    bound
        The socket, bound to its address; the transport that is returned owns it.
    requests
        What to do with packets.
    clients
        Those who send them.
    largest
        The size in bytes that a packet may have.
    """
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Datagrams(bound, requests, clients, largest), sock=bound
    )
    return transport
