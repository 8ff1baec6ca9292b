"""OSC over TCP, framed by SLIP as OSC 1.1 has it."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

from pythonosc import slip
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_tcp_server import AsyncOSCTCPServer

from bridge.server.access import Access
from bridge.server.clients import Client
from bridge.server.followers import Followers
from bridge.server.packets import reply
from bridge.server.requests import Requests

#: Bytes that wait for a reader who does not read; beyond this the connection is given up.
_MOST_UNREAD = 1 << 20

#: Seconds in which a client must have shown the token.
_PATIENCE = 10.0


@dataclass(frozen=True, eq=False)
class TcpTarget:
    """The other end of a connection."""

    writer: asyncio.StreamWriter

    def send(self, packet: bytes) -> None:
        """Send a packet, or end the connection if nobody reads."""
        if self.writer.is_closing():
            return
        if self.writer.transport.get_write_buffer_size() > _MOST_UNREAD:
            self.writer.transport.abort()
            return
        self.writer.write(slip.encode(packet))


class TcpServer(AsyncOSCTCPServer):
    """python-osc's server with its reading replaced.

    That reads without end until a chunk happens to end with a frame, takes two frames with one
    byte between them for a fault, and lets faults end the connection's task.

    Parameters
    ----------
    host, port
        Where to listen.
    requests, followers, access
        What to do with packets, and with those who leave.
    most_clients
        The number of connections at once, at most.
    largest
        The size in bytes that a packet may have.
    """

    def __init__(
        self,
        host: str,
        port: int,
        requests: Requests,
        followers: Followers,
        access: Access,
        most_clients: int,
        largest: int,
    ):
        super().__init__(host, port, Dispatcher())
        self._requests = requests
        self._followers = followers
        self._access = access
        self._most_clients = most_clients
        self._largest = largest
        self._connections: set[asyncio.StreamWriter] = set()

    def __len__(self) -> int:
        """How many are connected."""
        return len(self._connections)

    async def start(self) -> None:
        """Listen.

        Raises
        ------
        OSError
            If the port is taken.
        """
        self._server: asyncio.Server = await asyncio.start_server(
            self.handle, self._server_address, self._port
        )

    async def stop(self) -> None:
        """Close all connections, once what was written has been sent."""
        self._server.close()
        for writer in list(self._connections):
            writer.close()
        await self._server.wait_closed()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        target = TcpTarget(writer)
        peer: Any = writer.get_extra_info("peername")
        client = Client(peer[0] if peer else "", target, self._access.open)
        try:
            if len(self._connections) >= self._most_clients:
                text = "Too many programs are connected to the bridge; close one."
                target.send(reply("/umtn/error", "", "busy", text))
                return
            self._connections.add(writer)
            await self._read(reader, client, target)
        except (OSError, asyncio.TimeoutError, EOFError):
            pass
        finally:
            self._connections.discard(writer)
            self._followers.forget(target)
            with contextlib.suppress(OSError):
                writer.close()

    async def _read(self, reader: asyncio.StreamReader, client: Client, target: TcpTarget) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + _PATIENCE
        bucket = self._requests.buckets.of(client.host)
        rest = b""
        while not target.writer.is_closing():
            left = None if client.authorised else max(0.0, until - loop.time())
            chunk = await asyncio.wait_for(reader.read(self._largest), left)
            if not chunk:
                return
            *frames, rest = (rest + chunk).split(slip.END)
            for frame in filter(None, frames):
                # Unlike over UDP, a sender can be made to wait.
                while wait := bucket.wait():
                    await asyncio.sleep(wait)
                self._frame(client, frame)
            if len(rest) > 2 * self._largest:
                self._requests.refuse_size(client, self._largest)
                return

    def _frame(self, client: Client, frame: bytes) -> None:
        try:
            packet = slip.decode(frame)
        except slip.ProtocolError:
            # Not OSC either, and refused as that.
            packet = frame
        if len(packet) > self._largest:
            self._requests.refuse_size(client, self._largest)
        else:
            self._requests.packet(client, packet)
