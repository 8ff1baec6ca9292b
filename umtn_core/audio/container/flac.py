"""FLAC files, also those that were written into a pipe and do not know their length."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import BinaryIO

from umtn_core.audio.container.flac_frames import first_frame, rate_of, samples_by_last_frame
from umtn_core.audio.container.found import Found, Part
from umtn_core.audio.container.tags import end_of_sound
from umtn_core.audio.container.window import Window
from umtn_core.errors import UmtnError

#: The first block, which every file has, ends here.
_STREAMINFO_END = 42
#: Where the number of samples stands: four bits of one byte, and four bytes.
_TOTAL = 21
#: How every file begins: its name, and a first block of 34 bytes.
_BEGINNING = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")
_BLOCK = 1 << 20
#: Bytes at the end in which the last frame is looked for, at least; frames can be longer.
_TAIL = 1 << 16
#: Real files have a handful of blocks.
_MOST_BLOCKS = 10_000
#: Bytes in which the first frame is looked for where the header is broken.
_SEARCHED = 32 << 20


def look_into_flac(file: BinaryIO, begin: int, size: int, path: object) -> Found:
    """Find the sound of a FLAC file.

    Parameters
    ----------
    file
        Open for reading.
    begin
        Where it begins, behind tags.
    size
        The file's size in bytes.
    path
        What to call it.

    Raises
    ------
    UmtnError
        If it is cut off.
    OSError
        If it cannot be read.
    """
    begins = [begin, *_joined(file, begin, size)]
    parts = []
    for first, next in zip(begins, [*begins[1:], size], strict=True):
        end = end_of_sound(file, first, next)
        parts.append(flac_part(file, [(first, end - first)], path))
    return Found("FLAC", parts)


def _joined(file: BinaryIO, begin: int, size: int) -> list[int]:
    """Find where further files begin, if several were joined."""
    found = []
    place, rest = begin + _STREAMINFO_END, b""
    file.seek(place)
    while block := file.read(_BLOCK):
        block = rest + block
        for match in _BEGINNING.finditer(block):
            found.append(place - len(rest) + match.start())
        place += len(block) - len(rest)
        rest = block[-7:]
    return [each for each in found if each < size]


def flac_part(file: BinaryIO, pieces: Sequence[tuple[int, int]], path: object) -> Part:
    """Make a part of the pieces of a FLAC stream, with a true count of samples in its header.

    Parameters
    ----------
    file
        Open for reading.
    pieces
        Where the stream lies, as (offset, length); the first one holds the first 42 bytes.
    path
        What to call the file.

    Raises
    ------
    UmtnError
        If it is cut off.
    OSError
        If it cannot be read.
    """
    window = Window(file, pieces)
    header = window.read(_STREAMINFO_END)
    if len(window) <= _STREAMINFO_END or header[:4] != b"fLaC" or pieces[0][1] < len(header):
        raise UmtnError(f"{path} is cut off within its header; copy it again.")
    counted = int.from_bytes(header[_TOTAL : _TOTAL + 5], "big") & 0xFFFFFFFFF
    # The last block may be counted among the smallest.
    block = int.from_bytes(header[10:12], "big")
    largest = int.from_bytes(header[15:18], "big")
    window.seek(max(_STREAMINFO_END, len(window) - max(_TAIL, 2 * largest)))
    there = samples_by_last_frame(window.read(), block)
    if there is None and not counted:
        raise UmtnError(f"{path} is cut off within its last frame; copy it again.")
    if there is not None and there < counted:
        raise UmtnError(
            f"{path} is cut off: of {counted} samples that its header counts, {there} are there; "
            "copy it again."
        )
    begin = _first_frame(window)
    window.seek(begin)
    rate, of_frame = int.from_bytes(header[18:21], "big") >> 4, rate_of(window.read(4))
    if of_frame not in (None, rate):
        raise UmtnError(
            f"{path} contradicts itself: it has {rate} samples a second by its header, and "
            f"{of_frame} by that of its first frame; export it again."
        )
    frames = _behind(pieces, begin)
    return Part([_only_block(header, there or counted), *frames], flac_header=header)


def _first_frame(window: Window) -> int:
    """Tell where the sound begins behind tags and pictures, which may be broken without harm."""
    place = _STREAMINFO_END
    window.seek(4)
    is_last = bool(window.read(1)[0] & 0x80)
    for _ in range(_MOST_BLOCKS):
        if is_last:
            break
        window.seek(place)
        block = window.read(4)
        if len(block) < 4:
            break
        is_last = bool(block[0] & 0x80)
        place += 4 + int.from_bytes(block[1:], "big")
    window.seek(place)
    if first_frame(window.read(32)) == 0:
        return place
    window.seek(_STREAMINFO_END)
    return _STREAMINFO_END + (first_frame(window.read(_SEARCHED)) or 0)


def _behind(pieces: Sequence[tuple[int, int]], place: int) -> list[tuple[int, int]]:
    """Leave out what is seen before a place."""
    left = []
    for offset, length in pieces:
        skipped = min(length, place)
        if skipped < length:
            left.append((offset + skipped, length - skipped))
        place -= skipped
    return left


def _only_block(header: bytes, samples: int) -> bytes:
    """Make a header of the first block alone, with a true number of samples."""
    total = samples.to_bytes(5, "big")
    first = bytes([header[_TOTAL] & 0xF0 | total[0]])
    last = bytes([header[4] | 0x80])
    counted = header[:_TOTAL] + first + total[1:] + header[_TOTAL + 5 :]
    return counted[:4] + last + counted[5:]
