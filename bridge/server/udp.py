"""OSC over UDP."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import AsyncIOOSCUDPServer

from bridge.server.clients import UdpClients
from bridge.server.requests import Requests

#: A burst waits here; the system may give less.
_RECEIVE_BUFFER = 4 << 20


class _ToRequests(Dispatcher):
    """Takes whole packets from python-osc's server.

    Its own dispatcher would sleep until a bundle's time, match patterns that take forever, and
    know nothing of who is asking.
    """

    def __init__(self, requests: Requests, clients: UdpClients, largest: int):
        super().__init__(strict_timing=False)
        self._requests = requests
        self._clients = clients
        self._largest = largest
        self.transport: asyncio.DatagramTransport | None = None

    def call_handlers_for_packet(self, data: bytes, client_address: tuple[Any, ...]) -> list[Any]:
        """Hand a datagram on; answers go their own way."""
        if self.transport is not None and client_address[1]:
            client = self._clients.of(client_address, self.transport)
            if len(data) > self._largest:
                self._requests.refuse_size(client, self._largest)
            else:
                self._requests.packet(client, data)
        return []


async def serve_udp(
    host: str, port: int, requests: Requests, clients: UdpClients, largest: int
) -> asyncio.DatagramTransport:
    """Listen on a port.

    Raises
    ------
    OSError
        If it is taken.
    """
    dispatcher = _ToRequests(requests, clients, largest)
    loop: Any = asyncio.get_running_loop()
    server = AsyncIOOSCUDPServer((host, port), dispatcher, loop)
    transport: Any
    transport, _ = await server.create_serve_endpoint()
    with contextlib.suppress(OSError):
        transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER
        )
    dispatcher.transport = transport
    serving: asyncio.DatagramTransport = transport
    return serving
