"""OSC over TCP, in either framing."""

from __future__ import annotations

import asyncio
import contextlib
import math
import selectors
import socket
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, SupportsIndex

from bridge.server.access import Access
from bridge.server.clients import Client
from bridge.server.followers import Followers
from bridge.server.framing import BrokenFraming, Framing, SlipFraming, framing_of
from bridge.server.packets import begins_osc, reply, too_long
from bridge.server.requests import Requests

#: Bytes that wait for a reader who does not read; beyond this the connection is given up.
_MOST_UNREAD = 1 << 20

#: Connections that have said nothing yet, or not the token, at most.
MOST_STRANGERS = 32

#: Seconds in which a client must have shown the token, and the wrong ones that it may show.
_PATIENCE = 5.0
_MOST_WRONG = 3

#: Seconds of silence in the middle of a packet, after which the rest of it will not come.
_PAUSE = 5.0

_NO_END = (
    "The end of a packet did not come; end a SLIP frame with the byte C0, and send as many bytes "
    "as a length says."
)

#: Seconds that a client has to read why it is sent away.
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
        if self.unsent > _MOST_UNREAD:
            self.writer.transport.abort()
            return
        self.writer.write(self.framing.encode(packet))

    @property
    def unsent(self) -> int:
        """Bytes that the system has not taken yet."""
        return self.writer.transport.get_write_buffer_size()

    def leave(self) -> None:
        """End the connection, at once where the last words cannot be sent now."""
        if self.unsent:
            self.writer.transport.abort()
        else:
            self.writer.close()


class _Reader(asyncio.StreamReader):
    """Knows whether something came in that nobody has looked at."""

    has_unread = False

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        """Take in what came."""
        self.has_unread = True
        super().feed_data(data)


@dataclass(eq=False)
class _Connection:
    """One that is served.

    Parameters
    ----------
    client, target, reader
        Who is there, how it is answered, and what it says.
    heard
        When it came, and then when a packet of it came last, by the event loop's clock.
    speaks
        Whether what came is OSC so far, so that it can be told something. Before that it may be a
        web browser, which a page has sent here, and which is told nothing.
    had_turn
        Whether anything of what came was looked at.
    """

    client: Client
    target: TcpTarget
    reader: _Reader
    heard: float
    speaks: bool = False
    had_turn: bool = False


class TcpServer:
    """Serves TCP connections.

    Those that have said something, after the token where there is one, have places of their own,
    and all others few: strangers keep nobody out, and of too many the longest silent gives way.
    When there are too many that have spoken, one that hears of no job gives its place to a new one,
    the longest silent of all that have not spoken for a while.

    python-osc's server is not used: it reads without end until a chunk happens to end with a
    frame, takes two frames with one byte between them for a fault, lets faults end the connection's
    task, and has one framing for all connections.

    Parameters
    ----------
    requests, followers, access
        What to do with packets, and with those who leave.
    most_clients
        The number of connections at once that have spoken, at most.
    most_strangers
        The number of others, at most.
    largest
        The size in bytes that a packet may have.
    """

    def __init__(
        self,
        requests: Requests,
        followers: Followers,
        access: Access,
        *,
        most_clients: int,
        most_strangers: int,
        largest: int,
    ):
        self._requests = requests
        self._followers = followers
        self._access = access
        self._most_clients = most_clients
        self._most_strangers = most_strangers
        self._largest = largest
        self._strangers: set[_Connection] = set()
        self._clients: set[_Connection] = set()
        self._parting = 0
        self._servers: list[asyncio.Server] = []

    def __len__(self) -> int:
        """How many are connected."""
        return len(self._strangers) + len(self._clients)

    async def serve(self, listening: socket.socket) -> None:
        """Serve what comes in at a socket that listens; there may be several."""
        loop = asyncio.get_running_loop()

        def protocol() -> asyncio.Protocol:
            return asyncio.StreamReaderProtocol(_Reader(loop=loop), self._handle, loop=loop)

        self._servers.append(await loop.create_server(protocol, sock=listening))

    async def stop(self) -> None:
        """Close all connections, once what was written has been sent."""
        for server in self._servers:
            server.close()
        for connection in (*self._strangers, *self._clients):
            connection.target.writer.close()
        for server in self._servers:
            await server.wait_closed()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        assert isinstance(reader, _Reader)
        target = TcpTarget(writer, SlipFraming(self._largest))
        peer: Any = writer.get_extra_info("peername")
        client = Client(peer[0] if peer else "", target, self._access.open)
        connection = _Connection(client, target, reader, asyncio.get_running_loop().time())
        self._strangers.add(connection)
        try:
            if len(self._strangers) > self._most_strangers and not self._spare_stranger(connection):
                return
            try:
                await self._read(connection)
            except BrokenFraming as error:
                await self._give_up(connection, str(error))
        except (OSError, asyncio.TimeoutError, EOFError):
            pass
        finally:
            self._strangers.discard(connection)
            self._clients.discard(connection)
            self._followers.forget(target)
            with contextlib.suppress(OSError):
                writer.close()

    def _spare_stranger(self, newest: _Connection) -> bool:
        """End the stranger that has been silent for the longest time; say if there is room."""
        others = sorted(self._strangers - {newest}, key=lambda each: each.heard)
        # Nobody has looked yet at what some have said, maybe the token: it is their turn at once.
        waiting = _with_something_to_read([each for each in others if not each.had_turn])
        spare = [each for each in others if each not in waiting]
        if spare:
            self._strangers.discard(spare[0])
            spare[0].target.writer.transport.abort()
        return bool(spare) or len(self._strangers) <= 2 * self._most_strangers

    async def _take_in(self, connection: _Connection) -> bool:
        """Give a stranger that has spoken a place, if there is one; else tell it so."""
        if connection in self._clients:
            return True
        if connection not in self._strangers:  # it had to give way
            return False
        if len(self._clients) >= self._most_clients and not self._make_room():
            await self._part(connection, reply("/umtn/error", "", "busy", _TOO_MANY))
            return False
        self._strangers.discard(connection)
        self._clients.add(connection)
        return True

    def _make_room(self) -> bool:
        """End the connection that is needed least, if there is one that can be spared."""
        now = asyncio.get_running_loop().time()
        spare = [each for each in self._clients if self._can_go(each, now)]
        if not spare:
            return False
        least = min(spare, key=lambda each: each.heard)
        self._clients.discard(least)
        least.target.send(reply("/umtn/error", "", "busy", _GIVES_WAY))
        least.target.leave()
        return True

    def _can_go(self, each: _Connection, now: float) -> bool:
        # Who subscribes and then reads nothing hears nothing either.
        hears = self._followers.hears(each.target) and not each.target.unsent
        return not hears and now - each.heard >= _KEPT

    async def _give_up(self, connection: _Connection, why: str) -> None:
        """End a connection in which nothing more can be read."""
        if connection.speaks:
            self._requests.refuse_bytes(connection.client, why)
            await self._part(connection)
        else:
            self._access.refusals.note("connections that are not OSC", connection.client.host)

    async def _part(self, connection: _Connection, last: bytes | None = None) -> None:
        """Let the last answer arrive: to close on bytes that nobody has read takes it back."""
        if self._parting >= _MOST_PARTING:
            return
        self._parting += 1
        self._strangers.discard(connection)
        self._clients.discard(connection)

        async def read_all() -> None:
            while await connection.reader.read(1 << 16):
                pass

        try:
            if last is not None:
                connection.target.send(last)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(read_all(), _PARTING)
        finally:
            self._parting -= 1

    async def _read(self, connection: _Connection) -> None:
        loop = asyncio.get_running_loop()
        client, target = connection.client, connection.target
        until = loop.time() + _PATIENCE
        framing: Framing | None = None
        while not target.writer.is_closing():
            left = math.inf if client.authorised else max(0.0, until - loop.time())
            chunk = await self._chunk(connection.reader, left, target.framing.unfinished)
            connection.had_turn = True
            if not chunk and target.framing.unfinished:
                raise BrokenFraming(_NO_END)
            if not chunk:
                return
            if framing is None:
                framing = target.framing = framing_of(chunk, self._largest)
            for packet in framing.packets(chunk):
                connection.speaks = True
                # Unlike over UDP, a sender can be made to wait.
                while wait := self._requests.wait(client, packet):
                    await asyncio.sleep(wait)
                if not await self._take(connection, packet):
                    return
            connection.speaks = connection.speaks or begins_osc(framing.begun)

    async def _take(self, connection: _Connection, packet: bytes) -> bool:
        """Do what a packet says; whether to go on."""
        client = connection.client
        if client.authorised and not await self._take_in(connection):
            return False
        connection.heard = asyncio.get_running_loop().time()
        if len(packet) > self._largest:
            self._requests.refuse_bytes(client, too_long(self._largest))
        else:
            self._requests.packet(client, packet)
        if client.authorised:
            return await self._take_in(connection)
        if client.wrong >= _MOST_WRONG:
            await self._part(connection)
            return False
        return True

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


def _with_something_to_read(connections: Collection[_Connection]) -> set[_Connection]:
    """Return those that have sent something that nobody has read yet."""
    # Of a kind that needs no descriptor of its own, since there may be none left.
    kind = getattr(selectors, "PollSelector", selectors.SelectSelector)
    with kind() as selector:
        for each in connections:
            with contextlib.suppress(OSError, ValueError):
                place = each.target.writer.get_extra_info("socket").fileno()
                selector.register(place, selectors.EVENT_READ, each)
        found = {key.data for key, _ in selector.select(0)}
    return found | {each for each in connections if each.reader.has_unread}
