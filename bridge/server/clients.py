"""Those who speak to the bridge: what each has said of itself, and how to answer it."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

#: Seconds for which a UDP port that says nothing is taken to belong to who has shown the token.
SILENCE = 60.0


class Target(Protocol):
    """Where replies can be sent. Two that mean the same place are equal."""

    def send(self, packet: bytes) -> None:
        """Send a packet; never waits and never fails."""

    @property
    def unsent(self) -> int:
        """Bytes that the system has not taken yet."""


@dataclass(frozen=True)
class UdpTarget:
    """A UDP port of some machine.

    Parameters
    ----------
    address
        The address as the socket gave it, with the host first and the port second.
    transport
        What the bridge received with and sends with, so that replies come from the address and
        port that the sender knows.
    """

    address: tuple[Any, ...]
    transport: Any

    def send(self, packet: bytes) -> None:
        """Send a datagram; a port that nobody listens on is not noticed."""
        if not self.transport.is_closing():
            self.transport.sendto(packet, self.address)

    @property
    def unsent(self) -> int:
        """Bytes that the system has not taken yet."""
        return int(self.transport.get_write_buffer_size())

    def at(self, port: int) -> UdpTarget:
        """Return another port of the same machine."""
        host, _, *rest = self.address
        return UdpTarget((host, port, *rest), self.transport)


@dataclass(eq=False)
class Client:
    """One sender: a UDP port, or a TCP connection.

    Parameters
    ----------
    host
        The machine's address, for limits that hold for it as a whole.
    target
        The place that its messages come from, and answers go to unless it says otherwise.
    authorised
        Whether it has shown the token, or needs none.
    known
        Whether it has ever shown it; over UDP, that holds for a while only.
    wrong
        The wrong tokens that it has shown.
    """

    host: str
    target: Target
    authorised: bool
    known: bool = False
    wrong: int = 0
    reply_to: UdpTarget | None = None
    reply_to_said: float = -math.inf
    heard: float = -math.inf

    def answers(self, port: int | None = None) -> Target:
        """Where answers go; ``port`` is what a single request says about it."""
        if port is not None and isinstance(self.target, UdpTarget):
            return self.target.at(port)
        return self.reply_to or self.target

    def admit(self) -> None:
        """Let it in, since it has shown the token."""
        self.authorised = self.known = True

    def forget(self, is_open: bool) -> None:
        """Take all back that it has shown and said; in still is who needs no token."""
        self.authorised, self.known, self.reply_to = is_open, False, None


class UdpClients:
    """UDP senders of whom there is something to remember, by their address and our socket.

    That is the token, where there is one, and a port for answers. Of all others nothing is kept, so
    that no number of them pushes anyone out; when there are too many to remember, the longest
    silent are forgotten. A port that has shown the token and says nothing for a while has to show
    it again, since it may have become another program's.

    One that was forgotten must send its token and its reply port again, as it must after
    the bridge was restarted.

    Parameters
    ----------
    most
        How many are remembered, at most.
    is_open
        Whether nobody needs a token.
    clock
        Tells the time in seconds.
    """

    def __init__(self, most: int, is_open: bool, clock: Callable[[], float] = time.monotonic):
        self._most = most
        self._is_open = is_open
        self._clock = clock
        self._clients: OrderedDict[UdpTarget, Client] = OrderedDict()

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._clients)

    def of(self, address: tuple[Any, ...], transport: Any) -> Client:
        """Return who sends from an address to what a transport receives with."""
        target = UdpTarget(address, transport)
        client = self._clients.get(target)
        if client is None:
            return Client(address[0], target, self._is_open)
        if not self._is_open and self._clock() - client.heard > SILENCE:
            client.authorised = False
        return client

    def remember(self, client: Client) -> None:
        """Keep what there is to remember of a sender, once what it sent is done."""
        target = client.target
        assert isinstance(target, UdpTarget)
        if not client.known and client.reply_to is None:
            self._clients.pop(target, None)
        elif client.authorised:
            client.heard = self._clock()
            self._clients[target] = client
            self._clients.move_to_end(target)
            while len(self._clients) > self._most:
                self._clients.popitem(last=False)
