"""How many samples a FLAC file has, by its last frame.

The header may not know it, if it was written into a pipe, or may count what was there before the
file was cut off.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice

#: What may begin a frame: 14 bits that are always so, and a block size and rate that there are.
_MAYBE = re.compile(rb"\xff(?=[\xf8\xf9][\x10-\xfe])")
#: The same with the number 0.
_FIRST = re.compile(rb"\xff[\xf8\xf9][\x10-\xfe].\x00", re.DOTALL)
_BLOCKS = {1: 192, **{code: 144 << code for code in range(2, 6)},
           **{code: 1 << code for code in range(8, 16)}}  # fmt: skip
#: What looks like a frame, and what has a frame's header, is tried so often from the end on.
_MOST_LIKE, _MOST_TRIED = 2000, 8
_RATES = dict(
    enumerate(
        (88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000), 1
    )
)
#: Their headers have at most 16 bytes.
_LONGEST_HEADER = 16


def samples_by_last_frame(tail: bytes, block: int) -> int | None:
    """Tell how many samples there are up to the end of the last frame.

    Parameters
    ----------
    tail
        The last bytes of a FLAC file, without tags; a frame or more.
    block
        The samples of a frame, if all have the same number: the header's smallest block.

    Returns
    -------
    int or None
        None if no whole frame ends where the file ends.
    """
    tried = 0
    for match in list(_MAYBE.finditer(tail))[:-_MOST_LIKE:-1]:
        head = tail[match.start() : match.start() + _LONGEST_HEADER]
        end = _end_behind(head, block)
        if end is None:
            continue
        if _crc16(tail[match.start() :]) == 0:
            return end
        tried += 1
        if tried == _MOST_TRIED:
            break
    return None


def first_frame(data: bytes) -> int | None:
    """Tell where in some bytes of a FLAC file its first frame begins, which has the number 0."""
    for match in islice(_FIRST.finditer(data), _MOST_LIKE):
        head = data[match.start() : match.start() + _LONGEST_HEADER]
        if _end_behind(head, 0) is not None:
            return match.start()
    return None


def rate_of(frame: bytes) -> int | None:
    """Return the rate in hertz that a frame's header says; None if it leaves that to the file's."""
    return _RATES.get(frame[2] & 15) if len(frame) > 2 else None


def _end_behind(head: bytes, block: int) -> int | None:
    """Return the number of the sample behind a frame, by its header; None if that is none."""
    size, rate = head[2] >> 4, head[2] & 15
    number, place = _coded(head)
    if not place or len(head) < place + 5:
        return None
    if size == 6:
        here, place = head[place] + 1, place + 1
    elif size == 7:
        here, place = int.from_bytes(head[place : place + 2], "big") + 1, place + 2
    else:
        here = _BLOCKS.get(size, 0)
    place += {12: 1, 13: 2, 14: 2}.get(rate, 0)
    if not here or len(head) <= place or _crc8(head[:place]) != head[place]:
        return None
    first = number if head[1] & 1 else number * block
    return first + here


def _coded(head: bytes) -> tuple[int, int]:
    """Read the number of a frame or sample, coded like a letter in UTF-8; and where it ends."""
    first = head[4] if len(head) > 4 else 0xFF
    if first < 0x80:
        return first, 5
    more = 8 - (first ^ 0xFF).bit_length() - 1
    rest = head[5 : 5 + more]
    if not 1 <= more <= 6 or len(rest) < more or any(byte & 0xC0 != 0x80 for byte in rest):
        return 0, 0
    number = first & (0x3F >> more)
    for byte in rest:
        number = number << 6 | (byte & 0x3F)
    return number, 5 + more


def _crc8(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ (0x07 if value & 0x80 else 0)) & 0xFF
    return value


def _crc16(data: bytes) -> int:
    """Return the checksum of a frame: 0 if its own is at its end, and right."""
    table, value = _crc16_table(), 0
    for byte in data:
        value = (value << 8 & 0xFFFF) ^ table[value >> 8 ^ byte]
    return value


@lru_cache(maxsize=1)
def _crc16_table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte << 8
        for _ in range(8):
            value = (value << 1 ^ (0x8005 if value & 0x8000 else 0)) & 0xFFFF
        table.append(value)
    return table
