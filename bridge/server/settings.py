"""What the user of a bridge decides about its listening."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.protocol import HTTP_PORT, LARGEST_PACKET, PORT


@dataclass(frozen=True)
class ServerSettings:
    """Where to listen, and how much to put up with.

    Parameters
    ----------
    host
        The address to listen on, or a name, all addresses of which are meant: ``localhost``, both
        loopback addresses.
    port
        The port of OSC over UDP and TCP; 0 chooses a free one.
    http_port
        The port of OSCQuery and metrics; 0 chooses a free one.
    token
        What clients must send first; None where they need not.
    announce
        Whether to announce the bridge by zeroconf.
    most_messages
        The messages a second that one machine may send; 0, any number.
    most_clients
        The TCP connections, and the UDP senders and subscribers remembered, at most.
    largest_packet
        The size in bytes that a packet may have.
    most_waiting
        The number of requests that wait for the disk at once, at most.
    """

    host: str = "localhost"
    port: int = PORT
    http_port: int = HTTP_PORT
    token: str | None = None
    announce: bool = True
    most_messages: float = 2_000.0
    most_clients: int = 256
    largest_packet: int = LARGEST_PACKET
    most_waiting: int = 10_000
