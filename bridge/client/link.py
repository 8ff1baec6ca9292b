"""UDP to the bridge that asks until it is answered."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from typing import Any, cast

from bridge.client.answers import BridgeError
from bridge.client.sending import packet_of
from bridge.discovery.address_file import Address, read_address
from bridge.discovery.living import living_bridge
from bridge.protocol import BY_REPLY, BY_REQUEST, ID
from bridge.server.addresses import places
from bridge.server.packets import MalformedPacket, Received, read_packet

#: Seconds until a request is sent again; each further wait is twice as long.
FIRST_WAIT = 0.25
#: That first wait where nobody was heard yet: that nobody listens is known at once.
_WAIT_FOR_ANYBODY = 0.05

#: Seconds within which a bridge that asks for a token, having just started, says where it is.
_UNTIL_WRITTEN = 1.0

#: Refusals that asking again does not help against.
_FINAL = ("bad_request", "denied", "internal")

Wanted = Callable[[Received], bool]


class _Socket(asyncio.DatagramProtocol):
    """A socket to one address of the bridge."""

    def __init__(self, host: str, heard: Callable[[_Socket, list[Received]], None]):
        self.host = host
        self._heard = heard
        self._transport: asyncio.DatagramTransport | None = None
        #: Why nothing gets there, while nothing does.
        self.error: OSError | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        # Of this kind, though older Pythons do not say so.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def error_received(self, exc: Exception) -> None:
        """Remember why nothing gets there."""
        if isinstance(exc, OSError):
            self.error = exc

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Pass answers on, and nothing else that somebody may send."""
        try:
            messages = [m for m in read_packet(data) if m.address in BY_REPLY and not m.fault]
        except MalformedPacket:
            return
        if messages:
            self.error = None
            self._heard(self, messages)

    def send(self, packet: bytes) -> None:
        """Send a packet."""
        assert self._transport is not None
        self._transport.sendto(packet)

    def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()


class Link:
    """Sends requests again until they are answered, as UDP wants, and hands out what comes back.

    Parameters
    ----------
    token
        The secret, sent before anything else, and again whenever the bridge asks for it; None,
        what the address file says at that time, if the bridge is this user's.
    timeout
        Seconds after which nobody is there.
    """

    def __init__(self, token: str | None, timeout: float):
        self._token = token
        self._timeout = timeout
        self._port = 0
        self._has_token = False
        #: Whether it ever had one: then the bridge's file was read, and will be there again.
        self.had_token = False
        self._sockets: list[_Socket] = []
        self._chosen = asyncio.Event()
        self._listeners: set[asyncio.Queue[Received]] = set()
        #: Whether a bridge was there: then it may be about to be there again.
        self.was_there = False

    async def open(self, host: str, port: int) -> None:
        """Make a socket, which finds out later whether anybody is there.

        Of a host with several addresses, localhost for instance, it is the one of them that answers
        first: the bridge may listen on another than the first, and a render must not be asked of
        two.

        Raises
        ------
        OSError
            If there is no such host.
        BridgeError
            ``bad_request`` if no bridge can have this token, and ``unreachable`` if the host
            has several addresses and none of them answers.
        """
        if self._sockets:
            raise RuntimeError("This client is open already; make another one, or close it first.")
        if self._token is not None:
            packet_of("/umtn/token", [self._token])
        # It may have been open before, and in another event loop.
        self._chosen = asyncio.Event()
        self._peer, self._port = f"{host} port {port}", port
        loop = asyncio.get_running_loop()
        failed: OSError | None = None
        found = await asyncio.to_thread(places, host, port)
        # Where this user's bridge does not listen, another user may; where it does, it answers.
        own = [place for place in found if self._own(place.host) is not None]
        for place in own[:1] or found:
            try:
                _, opened = await loop.create_datagram_endpoint(
                    functools.partial(_Socket, place.host, self._heard),
                    remote_addr=(place.host, port),
                )
            except OSError as error:
                # This machine may have no IPv6, or no way to there.
                failed = error
            else:
                self._sockets.append(opened)
        if failed is not None and not self._sockets:
            raise failed
        try:
            self._show_token()
            if len(self._sockets) > 1:
                await self._choose()
        except BaseException:
            self.close()
            raise

    def check_open(self) -> None:
        """Refuse to wait for answers that nobody can send.

        Raises
        ------
        RuntimeError
            If there is no socket.
        """
        if not self._sockets:
            raise RuntimeError(
                "This client is not open; use it within `async with AsyncBridge() as bridge:`."
            )

    def close(self) -> None:
        """Close the socket, whose port is no longer this client's."""
        while self._sockets:
            self._leave(self._sockets.pop())

    def _leave(self, socket: _Socket) -> None:
        socket.send(packet_of("/umtn/leave", []))
        socket.close()

    async def _choose(self) -> None:
        """Find out at which of several addresses the bridge is."""
        loop = asyncio.get_running_loop()
        until, wait = loop.time() + self._timeout, self._first_wait()
        while (left := until - loop.time()) > 0:
            self.send("/umtn/ping")
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._chosen.wait(), min(wait, left))
                return
            self._check_anybody()
            wait *= 2
            self._show_token()
        raise self._unreachable()

    def _heard(self, socket: _Socket, messages: list[Received]) -> None:
        """Hand what came in to everyone who waits for something."""
        if socket not in self._sockets:
            return
        self.was_there = True
        if len(self._sockets) > 1:
            # This one was the first, whatever it says, and is the only one from now on.
            for other in self._sockets:
                if other is not socket:
                    self._leave(other)
            self._sockets = [socket]
            self._chosen.set()
            return
        for message in messages:
            if _is_error(message, "token"):
                self._show_token()
            for listener in self._listeners:
                listener.put_nowait(message)

    def _own(self, host: str) -> Address | None:
        """Return what is known of this user's bridge, if it is the one at an address."""
        known = read_address()
        return known if known is not None and known.listens_on(host, self._port) else None

    def _show_token(self) -> None:
        """Send the token, if there is one."""
        token = self._token
        if token is None and (own := self._own(self._sockets[0].host)) is not None:
            token = own.token or None
        self._has_token = token is not None
        self.had_token |= self._has_token
        if token is not None:
            self.send("/umtn/token", token)

    def send(self, address: str, *values: Any) -> None:
        """Send a request once.

        Raises
        ------
        BridgeError
            ``bad_request`` if it holds what cannot be sent.
        """
        packet = packet_of(address, values)
        for socket in self._sockets:
            socket.send(packet)

    async def ask(self, address: str, values: Sequence[Any], wanted: Wanted) -> Received:
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
            ``unreachable`` if there is no answer in time, and what the bridge said if all that it
            did was to refuse.
        """
        async with contextlib.aclosing(self.ask_many(address, values, wanted)) as answers:
            async for answer in answers:
                return answer
        raise AssertionError("ask_many ends only by an error")

    async def ask_many(
        self, address: str, values: Sequence[Any], wanted: Wanted
    ) -> AsyncGenerator[Received, None]:
        """Send a request until it is answered, and go on with the answers.

        Whoever iterates stops when it has all. While answers are missing, the request is sent
        again.

        Raises
        ------
        BridgeError
        """
        loop = asyncio.get_running_loop()
        about = values[0] if BY_REQUEST[address].arguments[:1] == (ID,) else ""
        refusal: BridgeError | None = None
        with self.listening() as inbox:
            until = loop.time() + self._timeout
            latest = loop.time() + 10 * self._timeout
            wait = self._first_wait()
            self.send(address, *values)
            while (left := until - loop.time()) > 0:
                try:
                    message = await asyncio.wait_for(inbox.get(), min(wait, left))
                except asyncio.TimeoutError:
                    self._check_anybody()
                    wait *= 2
                    # A bridge that a crowd of strangers keeps busy does not ask for it.
                    self._show_token()
                    self.send(address, *values)
                    continue
                if _is_error(message, "token"):
                    if self._has_token:
                        # It has been sent by now.
                        self.send(address, *values)
                    elif refusal is None or refusal.code != "token":
                        refusal = BridgeError(
                            "token", "This bridge has a token; give it with --token."
                        )
                        if not self.had_token:
                            until = min(until, loop.time() + _UNTIL_WRITTEN)
                        # By now the waits are long, and the file may be there the next moment.
                        wait = FIRST_WAIT
                elif any(_is_error(message, code) and not message.arguments[0] for code in _FINAL):
                    # Said of no job, and no other answer follows.
                    raise _as_error(message)
                elif wanted(message) and not _is_error(message, "rate"):
                    until, wait = min(latest, loop.time() + self._timeout), FIRST_WAIT
                    yield message
                elif message.address == "/umtn/error" and message.arguments[0] in ("", about):
                    # It may do better when it is asked again.
                    refusal = _as_error(message)
        raise refusal or self._unreachable()

    @contextlib.contextmanager
    def listening(self) -> Iterator[asyncio.Queue[Received]]:
        """Put all that comes in within this block into a queue."""
        self.check_open()
        inbox: asyncio.Queue[Received] = asyncio.Queue()
        self._listeners.add(inbox)
        try:
            yield inbox
        finally:
            self._listeners.discard(inbox)

    def _first_wait(self) -> float:
        return FIRST_WAIT if self.was_there else _WAIT_FOR_ANYBODY

    def _check_anybody(self) -> None:
        """Wait no longer where nobody was, and all addresses say that nobody is."""
        if self._is_refused() and not self.was_there:
            raise self._unreachable()

    def _is_refused(self) -> bool:
        errors = [socket.error for socket in self._sockets]
        # At one address this machine may have no way to.
        refused = any(isinstance(error, ConnectionError) for error in errors)
        return refused and all(error is not None for error in errors)

    def _unreachable(self) -> BridgeError:
        errors = [socket.error for socket in self._sockets]
        reason = f"no answer in {self._timeout:g} s"
        if self._is_refused():
            reason = "nobody listens there"
        elif errors[0] is not None:
            reason = reason_of(errors[0])
        if self.was_there:
            return BridgeError(
                "unreachable",
                f"The bridge at {self._peer} does not answer this any more ({reason}); look "
                "whether it still runs.",
            )
        own = living_bridge()
        if own is not None and any(own.listens_on(each.host, self._port) for each in self._sockets):
            return BridgeError(
                "unreachable",
                f"The bridge, process {own.pid}, has not answered in {self._timeout:g} s; look "
                "whether it is stopped or stuck, and start it anew if it is.",
            )
        return BridgeError(
            "unreachable",
            f"There is no bridge at {self._peer} ({reason}); start one with `umtn bridge`.",
        )


def reason_of(error: OSError) -> str:
    """Say what the system says of an error, within a sentence."""
    return (error.strerror or str(error)).lower()


def _as_error(message: Received) -> BridgeError:
    return BridgeError(str(message.arguments[1]), str(message.arguments[2]))


def _is_error(message: Received, code: str) -> bool:
    return message.address == "/umtn/error" and message.arguments[1:2] == [code]
