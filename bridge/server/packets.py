"""Datagrams and messages: reading what anyone may send, writing what everyone can read."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.protocol import BY_REPLY, BY_REQUEST, DEEPEST_BUNDLE, LARGEST_REPLY, Message, Value

_BUNDLE = b"#bundle\0"
_HEADER = len(_BUNDLE) + 8  # and a time tag
#: What numbers and strings can be. Doubles and longs, which some programs send unasked, do too.
_TYPES = frozenset(b",ifsbhdTFN")


class MalformedPacket(Exception):
    """Bytes that are not OSC as we take it. Its text says why."""


@dataclass(frozen=True)
class NotUtf8:
    """What stands in place of a string argument whose bytes are not UTF-8.

    Parameters
    ----------
    raw
        The bytes as they came in, without the zeros that end them.
    """

    raw: bytes


@dataclass(frozen=True)
class Received:
    """A message that came in."""

    address: str
    arguments: list[Any]


def read_packet(packet: bytes) -> list[Received]:
    """Read a message, or a bundle of them, in order. Time tags mean now.

    python-osc reads the messages; bundles are taken apart here, since it follows them to any
    depth, and forever around a negative size.

    Raises
    ------
    MalformedPacket
    """
    return [_read_message(part) for part in _parts(packet, 0)]


def _parts(packet: bytes, depth: int) -> Iterator[bytes]:
    if not packet.startswith(_BUNDLE):
        yield packet
        return
    if depth == DEEPEST_BUNDLE:
        raise MalformedPacket(f"bundles are read {DEEPEST_BUNDLE} deep")
    place = _HEADER
    if len(packet) < place:
        raise MalformedPacket("a bundle ends within its time tag")
    while place < len(packet):
        if place + 4 > len(packet):
            raise MalformedPacket("a bundle ends within a size")
        (size,) = struct.unpack_from(">i", packet, place)
        place += 4
        if size <= 0 or size % 4 or place + size > len(packet):
            raise MalformedPacket(f"a bundle says that a part of it has {size} bytes")
        yield from _parts(packet[place : place + size], depth + 1)
        place += size


def _read_message(part: bytes) -> Received:
    if not part.startswith(b"/"):
        raise MalformedPacket("a message begins with / and a bundle with #bundle")
    end = part.find(b"\0")
    tags = part[(end & ~3) + 4 :].partition(b"\0")[0] if end > 0 else b""
    if tags and not tags.startswith(b","):
        raise MalformedPacket("the types of a message begin with a comma")
    strange = set(tags) - _TYPES
    if strange:
        # python-osc would skip these and give what follows the wrong places.
        raise MalformedPacket(f"there is no use for type {chr(min(strange))!a}; send i, f, s or b")
    try:
        message = OscMessage(part)
    except Exception as error:
        # Mostly its ParseError, but also what its readers let through, such as bad UTF-8.
        raise MalformedPacket("its arguments do not fit their types") from error
    return Received(message.address, message.params)


def reply(address: str, *values: Value) -> bytes:
    """Write a reply as `bridge.protocol` defines it; strings that are too long are cut."""
    return _write(BY_REPLY[address], values)


def request(address: str, values: Sequence[Value]) -> bytes:
    """Write a request."""
    return _write(BY_REQUEST[address], values)


def _write(message: Message, values: Sequence[Value]) -> bytes:
    builder = OscMessageBuilder(message.address)
    is_reply = message is BY_REPLY.get(message.address)
    for place, value in enumerate(values):
        if place < len(message.arguments):
            argument = message.arguments[place]
            if isinstance(value, str):
                if is_reply and argument.maximum:
                    value = _cut(value, int(argument.maximum))
                builder.add_arg(_clean(value), "s")
            else:
                kind = "f" if "f" in argument.types else "i"
                builder.add_arg(float(value) if kind == "f" else int(value), kind)
        else:
            builder.add_arg(_clean(value) if isinstance(value, str) else value)
    packet: bytes = builder.build().dgram
    if is_reply and len(packet) > LARGEST_REPLY:
        raise ValueError(f"a reply {message.address} of {len(packet)} bytes")
    return packet


def _cut(text: str, most: int) -> str:
    """Shorten a text to so many bytes of UTF-8."""
    text_bytes = text.encode("utf-8", "replace")
    if len(text_bytes) <= most:
        return text
    return text_bytes[: most - 3].decode("utf-8", "ignore") + "..."


def _clean(text: str) -> str:
    """Replace what cannot be in an OSC string: zeros, and halves of surrogate pairs."""
    return text.replace("\0", "?").encode("utf-8", "replace").decode()
