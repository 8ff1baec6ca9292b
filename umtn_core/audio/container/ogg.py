"""Ogg files: Vorbis, Opus and FLAC in pages."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from umtn_core.audio.container.flac import flac_part
from umtn_core.audio.container.found import Found, Part
from umtn_core.audio.container.tags import end_of_sound
from umtn_core.errors import UmtnError

_HEADER = 27
_FIRST, _LAST = 2, 4
#: How the first packets of streams begin that are played.
_FLAC = b"\x7fFLAC"
_SOUND = (b"\x01vorbis", b"OpusHead", _FLAC)
#: Bytes before the native header: that name, a version, and a number of packets.
_FLAC_IN_OGG = 9
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True)
class _Page:
    """A page: its place, length and header's length, what that says, and how its body begins."""

    place: int
    length: int
    header: int
    flags: int
    serial: int
    number: int
    begins: bytes


@dataclass
class _Link:
    """One of the recordings that follow one another in a file, and the pages of its sound."""

    serial: int | None = None
    firsts: list[bytes] = field(default_factory=list)
    pages: list[_Page] = field(default_factory=list)


def look_into_ogg(file: BinaryIO, begin: int, size: int, path: object) -> Found:
    """Find the pages that hold sound.

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
        If a page is missing or damaged, or none holds sound of a known kind.
    OSError
        If it cannot be read.
    """
    links: list[_Link] = []
    heads = False
    for page in _pages(file, begin, end_of_sound(file, begin, size), path):
        if page.flags & _FIRST:
            if not heads:
                links.append(_Link())
            heads = True
            links[-1].firsts.append(page.begins)
            if links[-1].serial is None and page.begins.startswith(_SOUND):
                links[-1].serial = page.serial
        else:
            heads = False
        if not links:
            raise UmtnError(f"{path} is damaged: the first of its pages is missing.")
        if page.serial == links[-1].serial:
            _take(links[-1], page, path)
    for link in links:
        if link.serial is None:
            raise UmtnError(
                f"{path} holds no Vorbis, Opus or FLAC in its Ogg pages; convert it to WAV or FLAC."
            )
    if not links:
        raise UmtnError(f"{path} is damaged: it has no whole page.")
    remark = ""
    if not links[-1].pages[-1].flags & _LAST:
        remark = "It has no mark of its end, so something may be missing there."
    return Found("Ogg", [_part(file, link, path) for link in links], remark=remark)


def _part(file: BinaryIO, link: _Link, path: object) -> Part:
    if not link.pages[0].begins.startswith(_FLAC):
        return Part(_joined(link.pages))
    # The bodies of its pages, but for a few bytes at the start, are a FLAC file as any other.
    bodies = [(page.place + page.header, page.length - page.header) for page in link.pages]
    bodies[0] = (bodies[0][0] + _FLAC_IN_OGG, bodies[0][1] - _FLAC_IN_OGG)
    return flac_part(file, bodies, path)


def _take(link: _Link, page: _Page, path: object) -> None:
    if link.pages and page.number != (link.pages[-1].number + 1) & 0xFFFFFFFF:
        raise UmtnError(
            f"{path} is damaged: between its pages {link.pages[-1].number} and {page.number} some "
            "are missing; copy it again."
        )
    link.pages.append(page)


def _pages(file: BinaryIO, place: int, end: int, path: object) -> Iterator[_Page]:
    """Read all pages, and compare each with its checksum."""
    file.seek(place)
    while place < end:
        file.seek(place)
        head = file.read(_HEADER)
        if head[:4] != b"OggS":
            if any(head):
                raise UmtnError(
                    f"{path} is damaged at byte {place}, where a page should begin; copy it again."
                )
            return  # filled up with zeros
        counts = file.read(head[26]) if len(head) == _HEADER else b""
        body = file.read(sum(counts))
        if len(head) < _HEADER or len(counts) < head[26] or len(body) < sum(counts):
            raise UmtnError(f"{path} is cut off within its last page; copy it again.")
        flags = head[5]
        serial, number, checksum = struct.unpack_from("<III", head, 14)
        if checksum != _checksum(head[:22] + bytes(4) + head[26:] + counts + body):
            raise UmtnError(
                f"{path} is damaged: its page at byte {place} does not fit its checksum; copy it "
                "again."
            )
        length = _HEADER + len(counts) + len(body)
        yield _Page(place, length, _HEADER + len(counts), flags, serial, number, body[:8])
        place += length


def _checksum(page: bytes) -> int:
    """Return Ogg's checksum of a page: that of zlib with all bits mirrored."""
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


def _joined(pages: list[_Page]) -> list[tuple[int, int]]:
    pieces: list[tuple[int, int]] = []
    for page in pages:
        if pieces and sum(pieces[-1]) == page.place:
            pieces[-1] = (pieces[-1][0], pieces[-1][1] + page.length)
        else:
            pieces.append((page.place, page.length))
    return pieces
