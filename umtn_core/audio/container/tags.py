"""Tags that stand before and behind the sound, in any format and number."""

from __future__ import annotations

import struct
from typing import BinaryIO

_ID3V1 = 128
_APE = 32
#: The end mark of Lyrics3, version 2: a length of six digits before it.
_LYRICS_END = b"LYRICS200"
_MOST_TAGS = 1000


def skip_tags(file: BinaryIO, place: int, size: int) -> int:
    """Tell where what follows the tags at a place begins.

    ID3v2's own text asks readers to expect several. A tag that claims to reach beyond the end of
    the file is taken for none.
    """
    for _ in range(_MOST_TAGS):
        file.seek(place)
        head = file.read(_APE)
        length = id3v2_length(head) or _ape_length(head)
        if not length or place + length > size:
            return place
        place += length
    return place


def id3v2_length(head: bytes) -> int:
    """Return the length in bytes of an ID3v2 tag by its first ten; 0 if it is none."""
    if head[:3] != b"ID3" or len(head) < 10 or head[3] == 0xFF or head[4] == 0xFF:
        return 0
    length = 0
    for byte in head[6:10]:
        length = length << 7 | (byte & 0x7F)
    has_footer = head[3] >= 4 and head[5] & 0x10
    return 10 + length + (10 if has_footer else 0)


def _ape_length(head: bytes) -> int:
    """Return the length of an APEv2 tag that begins with its header."""
    if head[:8] != b"APETAGEX" or len(head) < _APE:
        return 0
    length, _, flags = struct.unpack("<III", head[12:24])
    # A header is not counted in the length, a footer is.
    return _APE + int(length) if flags & 0x20000000 else 0


def end_of_sound(file: BinaryIO, begin: int, size: int) -> int:
    """Tell where the tags at the end of a file begin, ID3v1, Lyrics3 and APEv2."""
    end = size
    for _ in range(_MOST_TAGS):
        length = _tag_before(file, begin, end)
        if not length or end - length < begin:
            return end
        end -= length
    return end


def _tag_before(file: BinaryIO, begin: int, end: int) -> int:
    file.seek(max(begin, end - _ID3V1))
    tail = file.read(min(_ID3V1, end - begin))
    if len(tail) == _ID3V1 and tail[:3] == b"TAG":
        return _ID3V1
    if len(tail) >= _APE and tail[-_APE:][:8] == b"APETAGEX":
        length, _, flags = struct.unpack("<III", tail[-_APE:][12:24])
        return int(length) + (_APE if flags & 0x80000000 else 0)
    if tail[-9:] == _LYRICS_END and tail[-15:-9].isdigit():
        return int(tail[-15:-9]) + 15
    if tail[-10:-7] == b"3DI":  # an ID3v2 tag at the end, found by its footer
        return id3v2_length(b"ID3" + tail[-7:])
    return 0


def tag_here(file: BinaryIO, place: int, size: int) -> int:
    """Return the length of a tag that stands anywhere in the file, of any kind; 0 if there is none.

    Parts that were joined have in the middle what had stood at their ends.
    """
    file.seek(place)
    head = file.read(_APE)
    if length := id3v2_length(head) or _ape_length(head):
        return length
    if head[:3] == b"TAG" and place + _ID3V1 <= size:
        return _ID3V1
    if head[:8] == b"APETAGEX" and len(head) == _APE:
        return _APE  # a footer whose header is missing or was cut away
    if head[:11] == b"LYRICSBEGIN":
        # The first version has 5,100 bytes at most, and the second a million.
        for most in (8192, 1_000_100):
            file.seek(place)
            body = file.read(most)
            for mark in (_LYRICS_END, b"LYRICSEND"):
                if (at := body.find(mark)) >= 0:
                    return at + len(mark)
    return 0
