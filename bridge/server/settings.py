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
        Address to listen on.
    port
        For OSC over UDP and TCP; 0 chooses a free one.
    http_port
        For OSCQuery and metrics; 0 chooses a free one.
    token
        What clients must send first; None where they need not.
    announce
        Whether to announce the bridge by zeroconf.
    most_messages
        A second from one machine; 0, any number.
    most_clients
        TCP connections, and UDP senders and subscribers remembered.
    largest_packet
        In bytes.
    most_waiting
        Requests that wait for the disk at once.
    """

    host: str = "127.0.0.1"
    port: int = PORT
    http_port: int = HTTP_PORT
    token: str | None = None
    announce: bool = True
    most_messages: float = 2_000.0
    most_clients: int = 256
    largest_packet: int = LARGEST_PACKET
    most_waiting: int = 10_000
