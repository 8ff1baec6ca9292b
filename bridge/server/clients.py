"""Those who speak to the bridge: what each has said of itself, and how to answer it."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol


class Target(Protocol):
    """Where replies can be sent. Two that mean the same place are equal."""

    def send(self, packet: bytes) -> None:
        """Send a packet; never waits and never fails."""


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
    """

    host: str
    target: Target
    authorised: bool
    reply_to: UdpTarget | None = None
    reply_to_said: float = -math.inf
    heard: float = field(default_factory=time.monotonic)

    def answers(self, port: int | None = None) -> Target:
        """Where answers go; ``port`` is what a single request says about it."""
        if port is not None and isinstance(self.target, UdpTarget):
            return self.target.at(port)
        return self.reply_to or self.target


class UdpClients:
    """UDP senders, by their address and the socket of ours that they send to.

    The longest silent are forgotten when there are too many: first of those who have said neither
    the token, where there is one, nor a port for answers.

    One that was forgotten must send its token and its reply port again, as it must after
    the bridge was restarted.
    """

    def __init__(self, most: int, authorised: Callable[[], bool]):
        self._most = most
        self._authorised = authorised
        self._clients: OrderedDict[UdpTarget, Client] = OrderedDict()

    def __len__(self) -> int:
        """How many are known."""
        return len(self._clients)

    def of(self, address: tuple[Any, ...], transport: Any) -> Client:
        """Return who sends from an address to what a transport receives with."""
        target = UdpTarget(address, transport)
        client = self._clients.get(target)
        if client is None:
            client = Client(address[0], target, self._authorised())
            self._clients[target] = client
            if len(self._clients) > self._most:
                del self._clients[self._least()]
        else:
            client.heard = time.monotonic()
            self._clients.move_to_end(target)
        return client

    def _least(self) -> UdpTarget:
        """Choose who is forgotten; not the newest, who has had no time to say anything."""
        everyone_may = self._authorised()
        *others, _ = self._clients.items()
        strangers = (
            target
            for target, client in others
            if client.reply_to is None and (everyone_may or not client.authorised)
        )
        return next(strangers, others[0][0])
