"""OSC over TCP, in either framing."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
from dataclasses import dataclass
from typing import Any

from bridge.server.access import Access
from bridge.server.clients import Client
from bridge.server.followers import Followers
from bridge.server.framing import BrokenFraming, Framing, SlipFraming, framing_of
from bridge.server.packets import reply, too_long
from bridge.server.requests import Requests

#: Bytes that wait for a reader who does not read; beyond this the connection is given up.
_MOST_UNREAD = 1 << 20

#: Seconds in which a client must have shown the token.
_PATIENCE = 10.0

#: Seconds of silence in the middle of a packet, after which the rest of it will not come.
_PAUSE = 5.0

_NO_END = (
    "The end of a packet did not come; end a SLIP frame with the byte C0, and send as many bytes "
    "as a length says."
)

#: Seconds that a client has to read why it is sent away, and before that, where there is no place
#: for it, to begin to speak, so that it is told in its own framing.
_PARTING = 1.0

#: Connections that are told so at once; more are closed without a word.
_MOST_PARTING = 64

#: Seconds of silence in which whoever has spoken keeps its place.
_KEPT = 10.0

_TOO_MANY = "Too many programs are connected to the bridge; close one."

_GIVES_WAY = (
    "Too many programs are connected to the bridge, and this connection, silent for the longest "
    "time, gives way to a new one; connect again, and subscribe to keep a place."
)


class TcpTarget:
    """The other end of a connection.

    Parameters
    ----------
    writer
        What the bridge sends with.
    framing
        How packets are told apart; that of the client, once it is known.
    """

    def __init__(self, writer: asyncio.StreamWriter, framing: Framing):
        self.writer = writer
        self.framing = framing

    def send(self, packet: bytes) -> None:
        """Send a packet, or end the connection if nobody reads."""
        if self.writer.is_closing():
            return
        if self.writer.transport.get_write_buffer_size() > _MOST_UNREAD:
            self.writer.transport.abort()
            return
        self.writer.write(self.framing.encode(packet))

    def leave(self) -> None:
        """End the connection, at once where the last words cannot be sent now."""
        if self.writer.transport.get_write_buffer_size():
            self.writer.transport.abort()
        else:
            self.writer.close()


@dataclass(eq=False)
class _Connection:
    """One that is served.

    Parameters
    ----------
    client, target
        Who is there, and how it is answered.
    heard
        When something came last, by the event loop's clock.
    has_spoken
        Whether a whole packet has come from it since it might speak.
    """

    client: Client
    target: TcpTarget
    heard: float
    has_spoken: bool = False


class TcpServer:
    """Serves TCP connections.

    When there are too many, one that hears of no job gives its place to a new one: the longest
    silent of those that never said anything, otherwise of all that have not spoken for a while. So
    connections that nobody uses keep nobody out.

    python-osc's server is not used: it reads without end until a chunk happens to end with a
    frame, takes two frames with one byte between them for a fault, lets faults end the connection's
    task, and has one framing for all connections.

    Parameters
    ----------
    requests, followers, access
        What to do with packets, and with those who leave.
    most_clients
        The number of connections at once, at most.
    largest
        The size in bytes that a packet may have.
    """

    def __init__(
        self,
        requests: Requests,
        followers: Followers,
        access: Access,
        most_clients: int,
        largest: int,
    ):
        self._requests = requests
        self._followers = followers
        self._access = access
        self._most_clients = most_clients
        self._largest = largest
        self._connections: set[_Connection] = set()
        self._parting = 0
        self._servers: list[asyncio.Server] = []

    def __len__(self) -> int:
        """How many are connected."""
        return len(self._connections)

    async def serve(self, listening: socket.socket) -> None:
        """Serve what comes in at a socket that listens; there may be several."""
        self._servers.append(await asyncio.start_server(self._handle, sock=listening))

    async def stop(self) -> None:
        """Close all connections, once what was written has been sent."""
        for server in self._servers:
            server.close()
        for connection in list(self._connections):
            connection.target.writer.close()
        for server in self._servers:
            await server.wait_closed()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        target = TcpTarget(writer, SlipFraming(self._largest))
        peer: Any = writer.get_extra_info("peername")
        client = Client(peer[0] if peer else "", target, self._access.open)
        connection = _Connection(client, target, asyncio.get_running_loop().time())
        try:
            if len(self._connections) >= self._most_clients and not self._make_room():
                await self._turn_away(reader, target)
                return
            self._connections.add(connection)
            try:
                await self._read(reader, connection)
            except BrokenFraming as error:
                self._requests.refuse_bytes(client, str(error))
                await _part(reader)
        except (OSError, asyncio.TimeoutError, EOFError):
            pass
        finally:
            self._connections.discard(connection)
            self._followers.forget(target)
            with contextlib.suppress(OSError):
                writer.close()

    def _make_room(self) -> bool:
        """End the connection that is needed least, if there is one that can be spared."""
        now = asyncio.get_running_loop().time()
        spare = [
            each
            for each in self._connections
            if not self._followers.hears(each.target)
            and not (each.has_spoken and now - each.heard < _KEPT)
        ]
        if not spare:
            return False
        least = min(spare, key=lambda each: (each.has_spoken, each.heard))
        self._connections.discard(least)
        least.target.send(reply("/umtn/error", "", "busy", _GIVES_WAY))
        least.target.leave()
        return True

    async def _turn_away(self, reader: asyncio.StreamReader, target: TcpTarget) -> None:
        """Say in the client's framing that there is no place for it."""
        if self._parting >= _MOST_PARTING:
            return
        self._parting += 1
        try:
            with contextlib.suppress(asyncio.TimeoutError, BrokenFraming):
                first = await asyncio.wait_for(reader.read(1), _PARTING)
                target.framing = framing_of(first, self._largest)
            target.send(reply("/umtn/error", "", "busy", _TOO_MANY))
            await _part(reader)
        finally:
            self._parting -= 1

    async def _read(self, reader: asyncio.StreamReader, connection: _Connection) -> None:
        loop = asyncio.get_running_loop()
        client, target = connection.client, connection.target
        until = loop.time() + _PATIENCE
        framing: Framing | None = None
        while not target.writer.is_closing():
            left = math.inf if client.authorised else max(0.0, until - loop.time())
            chunk = await self._chunk(reader, left, target.framing.unfinished)
            if not chunk and target.framing.unfinished:
                raise BrokenFraming(_NO_END)
            if not chunk:
                return
            connection.heard = loop.time()
            if framing is None:
                framing = target.framing = framing_of(chunk, self._largest)
            for packet in framing.packets(chunk):
                # Unlike over UDP, a sender can be made to wait.
                while wait := self._requests.bucket_of(client).wait():
                    await asyncio.sleep(wait)
                if len(packet) > self._largest:
                    self._requests.refuse_bytes(client, too_long(self._largest))
                else:
                    self._requests.packet(client, packet)
                    connection.has_spoken = client.authorised

    async def _chunk(self, reader: asyncio.StreamReader, left: float, unfinished: bool) -> bytes:
        """Return the next bytes. In the middle of a packet they are not waited for long."""
        limit = min(left, _PAUSE) if unfinished else left
        try:
            return await asyncio.wait_for(
                reader.read(self._largest), limit if math.isfinite(limit) else None
            )
        except asyncio.TimeoutError:
            if unfinished:
                raise BrokenFraming(_NO_END) from None
            raise


async def _part(reader: asyncio.StreamReader) -> None:
    """Let the last answer arrive: to close on bytes that nobody has read takes it back."""

    async def read_all() -> None:
        while await reader.read(1 << 16):
            pass

    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(read_all(), _PARTING)
