"""Where one packet ends and the next begins on a TCP connection; there are two ways to say it.

OSC 1.1 frames packets by SLIP, OSC 1.0 puts the length of each before it, in four bytes. The first
byte of a connection tells: a SLIP frame begins with END, or where its sender leaves that out with
what a packet begins with, and a length that a packet may have begins with a zero.

Web pages can have a browser send nearly anything to any port of its machine, but not from the first
byte on: a request line comes first, or what TLS, STUN or another protocol begins with. So a stream
is given up at the first bytes that are neither a frame nor an OSC packet in one, and what follows
is not looked at.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Protocol

from pythonosc import slip

from bridge.server.packets import begins_osc, may_begin_osc, too_long

_SIZE = struct.Struct(">i")


#: Why a connection is given up.
NOT_OSC = (
    "Over TCP, send OSC packets and nothing else, in SLIP frames, which begin and end with the "
    "byte C0, or each after its length in four bytes, of which the first counts most."
)


class BrokenFraming(Exception):
    """A stream in which no further packet can be found. Its text says why, in a sentence."""


class Framing(Protocol):
    """One way to put packets into a stream."""

    @property
    def unfinished(self) -> bool:
        """Whether the stream has come to the middle of a packet."""

    @property
    def begun(self) -> bytes:
        """What has come of a packet that is not whole yet."""

    def encode(self, packet: bytes) -> bytes:
        """Frame a packet to be sent."""

    def packets(self, chunk: bytes) -> Iterator[bytes]:
        """Take in the next bytes of the stream, and give the packets that are whole now.

        Raises
        ------
        BrokenFraming
        """


class SlipFraming:
    """Packets between END bytes, of which one or two may lie between packets.

    Parameters
    ----------
    largest
        The size in bytes that a packet may have. What is longer once decoded is given as well,
        as long as its frame is no more than twice as long; more is not gathered.
    """

    def __init__(self, largest: int):
        self._largest = largest
        self._rest = b""

    @property
    def unfinished(self) -> bool:
        """Whether a frame has begun."""
        return bool(self._rest)

    @property
    def begun(self) -> bytes:
        """What has come of a frame."""
        return self._rest

    def encode(self, packet: bytes) -> bytes:
        """Frame a packet to be sent."""
        framed: bytes = slip.encode(packet)
        return framed

    def packets(self, chunk: bytes) -> Iterator[bytes]:
        """Take in the next bytes, and give the packets that are whole now."""
        *frames, self._rest = (self._rest + chunk).split(slip.END)
        for frame in filter(None, frames):
            try:
                packet = slip.decode(frame)
            except slip.ProtocolError:
                raise BrokenFraming(NOT_OSC) from None
            yield _checked(packet)
        _check_begun(self._rest)
        if len(self._rest) > 2 * self._largest:
            raise BrokenFraming(too_long(self._largest))


class LengthFraming:
    """Each packet after its length, four bytes of which the first counts most.

    Parameters
    ----------
    largest
        The size in bytes that a packet may have.
    """

    def __init__(self, largest: int):
        self._largest = largest
        self._rest = b""

    @property
    def unfinished(self) -> bool:
        """Whether a length or a packet has begun."""
        return bool(self._rest)

    @property
    def begun(self) -> bytes:
        """What has come of a packet, without its length."""
        return self._rest[_SIZE.size :]

    def encode(self, packet: bytes) -> bytes:
        """Frame a packet to be sent."""
        return _SIZE.pack(len(packet)) + packet

    def packets(self, chunk: bytes) -> Iterator[bytes]:
        """Take in the next bytes, and give the packets that are whole now."""
        self._rest += chunk
        while len(self._rest) >= _SIZE.size:
            (size,) = _SIZE.unpack_from(self._rest)
            if size > self._largest:
                raise BrokenFraming(too_long(self._largest))
            if size <= 0:
                raise BrokenFraming(f"No packet is {size} bytes long, as one is said to be here.")
            end = _SIZE.size + size
            if len(self._rest) < end:
                _check_begun(self.begun)
                return
            packet, self._rest = self._rest[_SIZE.size : end], self._rest[end:]
            yield _checked(packet)


def _checked(packet: bytes) -> bytes:
    if not begins_osc(packet):
        raise BrokenFraming(NOT_OSC)
    return packet


def _check_begun(begun: bytes) -> None:
    if not may_begin_osc(begun):
        raise BrokenFraming(NOT_OSC)


def framing_of(first: bytes, largest: int) -> Framing:
    """Tell by the first byte of a connection how its packets are framed.

    Parameters
    ----------
    first
        What came in first, one byte or more.
    largest
        The size in bytes that a packet may have.

    Raises
    ------
    BrokenFraming
        If it is in neither of the two ways.
    """
    if first.startswith(b"\0"):
        return LengthFraming(largest)
    if first.startswith((slip.END, b"/", b"#")):
        return SlipFraming(largest)
    raise BrokenFraming(NOT_OSC)
