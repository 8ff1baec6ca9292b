"""A UDP socket to the bridge that asks until it is answered."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from typing import Any, cast

from bridge.client.answers import BridgeError
from bridge.protocol import Value
from bridge.server.packets import MalformedPacket, Received, read_packet, request

#: Seconds until a request is sent again; each further wait is twice as long.
FIRST_WAIT = 0.25

Wanted = Callable[[Received], bool]


class Link(asyncio.DatagramProtocol):
    """Sends requests again until they are answered, as UDP wants, and hands out what comes back.

    Parameters
    ----------
    token
        The secret, sent before anything else, and again whenever the bridge asks for it.
    timeout
        Seconds after which nobody is there.
    """

    def __init__(self, token: str | None, timeout: float):
        self._token = token
        self._timeout = timeout
        self._transport: asyncio.DatagramTransport | None = None
        self._listeners: set[asyncio.Queue[Received]] = set()
        self._gone: OSError | None = None

    async def open(self, host: str, port: int) -> None:
        """Make the socket; a datagram socket finds out later whether anybody is there."""
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, remote_addr=(host, port))
        self._peer = f"{host} port {port}"
        if self._token is not None:
            self.send("/umtn/token", self._token)

    def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        # Of this kind, though older Pythons do not say so.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def error_received(self, exc: Exception) -> None:
        """Remember that nobody listens there; the bridge may be about to start."""
        if isinstance(exc, OSError):
            self._gone = exc

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Hand what came in to everyone who waits for something."""
        try:
            messages = [message for message in read_packet(data) if not message.fault]
        except MalformedPacket:
            return
        self._gone = None
        for message in messages:
            if _is_error(message, "token") and self._token is not None:
                self.send("/umtn/token", self._token)
            for listener in self._listeners:
                listener.put_nowait(message)

    def send(self, address: str, *values: Value) -> None:
        """Send a request once."""
        assert self._transport is not None
        self._transport.sendto(request(address, values))

    async def ask(self, address: str, values: Sequence[Value], wanted: Wanted) -> Received:
        """Send a request until it is answered.

        Parameters
        ----------
        address, values
            The request's OSC address, and its arguments.
        wanted
            Whether a message is an answer to it. Errors count if it says so.

        Raises
        ------
        BridgeError
            ``unreachable`` if there is no answer in time.
        """
        async with contextlib.aclosing(self.ask_many(address, values, wanted)) as answers:
            async for answer in answers:
                return answer
        raise AssertionError("ask_many ends only by an error")

    async def ask_many(
        self, address: str, values: Sequence[Value], wanted: Wanted
    ) -> AsyncGenerator[Received, None]:
        """Send a request until it is answered, and go on with the answers.

        Whoever iterates stops when it has all. While answers are missing, the request is sent
        again.

        Raises
        ------
        BridgeError
        """
        loop = asyncio.get_running_loop()
        with self.listening() as inbox:
            until = loop.time() + self._timeout
            latest = loop.time() + 10 * self._timeout
            wait = FIRST_WAIT
            self.send(address, *values)
            while (left := until - loop.time()) > 0:
                try:
                    message = await asyncio.wait_for(inbox.get(), min(wait, left))
                except asyncio.TimeoutError:
                    wait *= 2
                    self.send(address, *values)
                    continue
                if _is_error(message, "token"):
                    if self._token is None:
                        raise BridgeError("token", "This bridge has a token; give it with --token.")
                    # It has been sent by now.
                    self.send(address, *values)
                elif _is_error(message, "denied") and message.arguments[0] == "":
                    # An id, which every other refusal names, is never empty.
                    raise BridgeError("denied", str(message.arguments[2]))
                elif wanted(message) and not _is_error(message, "rate"):
                    until, wait = min(latest, loop.time() + self._timeout), FIRST_WAIT
                    yield message
        raise self._unreachable()

    @contextlib.contextmanager
    def listening(self) -> Iterator[asyncio.Queue[Received]]:
        """Put all that comes in within this block into a queue."""
        inbox: asyncio.Queue[Received] = asyncio.Queue()
        self._listeners.add(inbox)
        try:
            yield inbox
        finally:
            self._listeners.discard(inbox)

    def _unreachable(self) -> BridgeError:
        reason = "nobody listens there" if self._gone else f"no answer in {self._timeout:g} s"
        return BridgeError(
            "unreachable",
            f"There is no bridge at {self._peer} ({reason}); start one with `umtn bridge`.",
        )


def _is_error(message: Received, code: str) -> bool:
    return message.address == "/umtn/error" and message.arguments[1:2] == [code]
