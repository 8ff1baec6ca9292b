"""How many may be connected to the HTTP port, and for how long one is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: Connections at once.
MOST = 64

#: Seconds from a connection's begin to its first whole request, and from each to the next. An
#: answer that nobody has read by then is given up too.
PATIENCE = 10.0

#: What a connection has done, for who gives way: the least first.
SILENT, HAS_ASKED, HAS_SHOWN_THE_TOKEN = range(3)


@dataclass(eq=False)
class _Connection:
    """One that is served.

    Parameters
    ----------
    transport
        The connection itself.
    heard
        When the last whole request came, or the connection, by the event loop's clock.
    standing
        What it has done, see above.
    timer
        Ends it when it is waited for no longer.
    """

    transport: asyncio.Transport
    heard: float
    standing: int
    timer: asyncio.TimerHandle


class Connections:
    """The connections of a server.

    When there are too many, one gives its place to a new one: of those that have done least, the
    longest silent. So connections that nobody uses keep nobody out, nor do such without the token
    whoever has it.

    aiohttp limits neither their number nor, in its older versions, the time that a request's head
    may take.

    Parameters
    ----------
    most
        The number of connections at once, at most.
    patience
        Seconds, see `PATIENCE`.
    """

    def __init__(self, most: int = MOST, patience: float = PATIENCE):
        self._most = most
        self._patience = patience
        self._all: dict[asyncio.BaseTransport, _Connection] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._all)

    def counted(self, protocols: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """Make protocols whose connections are counted here.

        Parameters
        ----------
        protocols
            Makes a protocol for each connection, as ``loop.create_server`` has it.
        """
        return lambda: _Counted(self, protocols())

    def asks(
        self, transport: asyncio.BaseTransport | None, standing: int, patience: float | None = None
    ) -> None:
        """Note that a whole request has come, and wait for the next.

        Parameters
        ----------
        transport
            Where it came from; None where that has gone.
        standing
            What this connection has done.
        patience
            Seconds in which it must be over and the next one here, if they are others than usual.
        """
        connection = self._all.get(transport) if transport is not None else None
        if connection is None:
            return
        loop = asyncio.get_running_loop()
        connection.heard = loop.time()
        connection.standing = max(standing, connection.standing)
        connection.timer.cancel()
        connection.timer = loop.call_later(
            self._patience if patience is None else patience, connection.transport.abort
        )

    def add(self, transport: asyncio.Transport) -> None:
        """Take one in, for which another may have to leave."""
        if len(self._all) >= self._most:
            least = min(self._all.values(), key=lambda each: (each.standing, each.heard))
            self.discard(least.transport)
            least.transport.abort()
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._patience, transport.abort)
        self._all[transport] = _Connection(transport, loop.time(), SILENT, timer)

    def discard(self, transport: asyncio.BaseTransport) -> None:
        """Forget one."""
        connection = self._all.pop(transport, None)
        if connection is not None:
            connection.timer.cancel()


class _Counted(asyncio.Protocol):
    """Stands between a connection and the protocol that serves it, and hands everything on."""

    def __init__(self, connections: Connections, inner: asyncio.Protocol):
        self._connections = connections
        self._inner = inner
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._connections.add(self._transport)
        self._inner.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self._transport)
        self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()
