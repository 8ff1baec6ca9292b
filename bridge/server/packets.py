"""Datagrams and messages: reading what anyone may send, writing what everyone can read.

python-osc is not used for either. It follows bundles to any depth, and forever around a negative
size, skips the types that it does not know and so gives what follows the wrong places, and of a
message with one fault, or one string that is not UTF-8, keeps nothing, not even the id that the
answer is to name. And to write a message it takes three times as long, which counts where a list
has thousands.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.protocol import BY_REPLY, BY_REQUEST, DEEPEST_BUNDLE, LARGEST_REPLY, Message, Value

_BUNDLE = b"#bundle\0"
_HEADER = len(_BUNDLE) + 8  # and a time tag
_TOKEN = b"/umtn/token\0"

#: Numbers by their type tags. Doubles and longs, which some programs send unasked, do too.
_NUMBERS = {"i": ">i", "f": ">f", "h": ">q", "d": ">d"}

#: Types that other programs send and no request has a use for.
_USELESS = {
    "T": "true",
    "F": "false",
    "N": "nil",
    "I": "an impulse, or infinity",
    "b": "a blob",
    "c": "a character",
    "r": "a colour",
    "m": "a MIDI message",
    "t": "a time tag",
    "[": "the beginning of an array",
    "]": "the end of an array",
}


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
    """A message that came in.

    Parameters
    ----------
    address
        The OSC address, whatever bytes of it are not text replaced.
    arguments
        Strings, numbers, and `NotUtf8` in place of strings in another encoding.
    fault
        Why the message cannot be read beyond these arguments; empty where it was read whole.
    """

    address: str
    arguments: list[Any]
    fault: str = ""


def read_packet(packet: bytes) -> list[Received]:
    """Read a message, or a bundle of them, in order. Time tags mean now.

    Raises
    ------
    MalformedPacket
        If it is neither, or a bundle whose parts cannot be told apart. A fault within a message is
        noted in what is returned, and the messages beside it are read.
    """
    return [_read_message(part) for part in _parts(packet, 0)]


def begins_osc(packet: bytes) -> bool:
    """Whether a packet begins as messages or bundles do."""
    return packet.startswith((b"/", _BUNDLE))


def may_begin_osc(begun: bytes) -> bool:
    """Whether a packet that begins so can become a message or a bundle."""
    return begins_osc(begun) or _BUNDLE.startswith(begun)


def token_in(packet: bytes) -> str | None:
    """Return the token that a packet, or the first message of a bundle, shows, if it shows one.

    It takes as long as one message, whatever else is in the packet.
    """
    for _ in range(DEEPEST_BUNDLE):
        if not packet.startswith(_BUNDLE):
            break
        packet = packet[_HEADER + 4 : _HEADER + 4 + int.from_bytes(packet[_HEADER:][:4], "big")]
    if not packet.startswith(_TOKEN):
        return None
    shown = _read_message(packet)
    is_token = not shown.fault and len(shown.arguments) == 1
    token = shown.arguments[0] if is_token else None
    return token if isinstance(token, str) else None


def _parts(packet: bytes, depth: int) -> Iterator[bytes]:
    if not packet.startswith(_BUNDLE):
        if not packet.startswith(b"/"):
            raise MalformedPacket("a message begins with / and a bundle with #bundle")
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


class _Fault(Exception):
    """Something about a message that ends its reading."""


def _read_message(part: bytes) -> Received:
    arguments: list[Any] = []
    address = part.partition(b"\0")[0].decode("utf-8", "replace")
    try:
        _, place = _bytes_of_string(part, 0, "its address")
        for argument in _read_arguments(part, place):
            arguments.append(argument)
    except _Fault as fault:
        return Received(address, arguments, str(fault))
    return Received(address, arguments)


def _read_arguments(part: bytes, place: int) -> Iterator[Any]:
    if not part[place:].strip(b"\0"):
        # Programs older than OSC 1.0 leave the types out, which is no fault where there are none.
        return
    if part[place : place + 1] != b",":
        raise _Fault(
            "after its address there is no type tag string, which begins with a comma and which "
            "OSC 1.0 wants of every message with arguments"
        )
    tags, place = _bytes_of_string(part, place, "its type tag string")
    for number, tag in enumerate(tags[1:].decode("latin-1"), 1):
        name = f"its argument {number}"
        if tag in "sS":
            raw, place = _bytes_of_string(part, place, name)
            yield _text(raw)
        elif tag in _NUMBERS:
            form = _NUMBERS[tag]
            if place + struct.calcsize(form) > len(part):
                raise _Fault(f"it ends within {name}, of type {tag}")
            yield struct.unpack_from(form, part, place)[0]
            place += struct.calcsize(form)
        else:
            about = f"{tag!a} ({_USELESS.get(tag, 'which OSC does not have')})"
            raise _Fault(f"{name} is of type {about}; send numbers as i or f, and text as s")
    if part[place:].strip(b"\0"):
        raise _Fault(f"it has {len(part) - place} bytes more than its types say")


def _bytes_of_string(part: bytes, place: int, name: str) -> tuple[bytes, int]:
    """Return a string and where what follows it begins: at the next multiple of four bytes."""
    end = part.find(b"\0", place)
    after = (end & ~3) + 4
    if end < 0:
        raise _Fault(f"{name} does not end with a zero byte")
    if after > len(part) or part[end:after].strip(b"\0"):
        raise _Fault(f"{name} is not filled up with zero bytes to a multiple of four")
    return part[place:end], after


def _text(raw: bytes) -> str | NotUtf8:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return NotUtf8(raw)


def too_long(largest: int) -> str:
    """Say that a packet has more bytes than it may have."""
    return f"A packet may have {largest} bytes; send shorter ones."


def reply(address: str, *values: Value) -> bytes:
    """Write a reply as `bridge.protocol` defines it; strings that are too long are cut."""
    return _write(BY_REPLY[address], values)


def request(address: str, values: Sequence[Value]) -> bytes:
    """Write a request."""
    return _write(BY_REQUEST[address], values)


def _write(message: Message, values: Sequence[Value]) -> bytes:
    is_reply = message is BY_REPLY.get(message.address)
    tags, data = [","], []
    for place, value in enumerate(values):
        argument = message.arguments[place] if place < len(message.arguments) else None
        if isinstance(value, str):
            if argument is not None and is_reply and argument.maximum:
                value = _cut(value, int(argument.maximum))
            tags.append("s")
            data.append(_string(value))
            continue
        if argument is None:
            kind = _type(value)
        else:
            kind = "f" if "f" in argument.types else "i"
        tags.append(kind)
        data.append(struct.pack(_NUMBERS[kind], value if kind in "fd" else int(value)))
    packet = b"".join((_string(message.address), _string("".join(tags)), *data))
    if is_reply and len(packet) > LARGEST_REPLY:
        raise ValueError(f"a reply {message.address} of {len(packet)} bytes")
    return packet


def _string(text: str) -> bytes:
    """Write a string: what cannot be in one, zeros and halves of surrogate pairs, replaced."""
    raw = text.replace("\0", "?").encode("utf-8", "replace")
    return raw + bytes(4 - len(raw) % 4)


def _type(value: Value) -> str:
    """Return the least type that holds a value as it is: samples of long files are no floats."""
    if isinstance(value, str):
        return "s"
    if isinstance(value, int):
        return "i" if -(2**31) <= value < 2**31 else "h"
    try:
        return "f" if struct.unpack(">f", struct.pack(">f", value))[0] == value else "d"
    except OverflowError:
        return "d"


def _cut(text: str, most: int) -> str:
    """Shorten a text to so many bytes of UTF-8."""
    text_bytes = text.encode("utf-8", "replace")
    if len(text_bytes) <= most:
        return text
    return text_bytes[: most - 3].decode("utf-8", "ignore") + "..."
