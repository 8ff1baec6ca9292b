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
from umtn_core.audio.container.window import append
from umtn_core.errors import UmtnError

_HEADER = 27
_FIRST, _LAST = 2, 4
#: How the first packets of streams begin that are played.
_FLAC = b"\x7fFLAC"
_SOUND = (b"\x01vorbis", b"OpusHead", _FLAC)
#: Vorbis's channels in the order of WAV's, by their number; others are the same.
VORBIS_ORDERS = {
    3: (0, 2, 1), 5: (0, 2, 1, 3, 4), 6: (0, 2, 1, 5, 3, 4), 7: (0, 2, 1, 6, 5, 3, 4),
    8: (0, 2, 1, 7, 5, 6, 3, 4),
}  # fmt: skip
#: Bytes before the native header: that name, a version, and a number of packets.
_FLAC_IN_OGG = 9
#: Every codec's first packet has more than this.
_SHORTEST = 19
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
    granule: int


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
    first = link.pages[0]
    if len(first.begins) < _SHORTEST:
        raise UmtnError(f"{path} is damaged: its first page is too short; copy it again.")
    if first.begins.startswith(b"\x01vorbis"):
        return Part(_joined(link.pages), order=VORBIS_ORDERS.get(first.begins[11]))
    if first.begins.startswith(b"OpusHead"):
        file.seek(first.place)
        page = _at_48_khz(file.read(first.length), first.header)
        # Only its first family of channels is in this order, of all that may be more than two.
        order = VORBIS_ORDERS.get(first.begins[9]) if first.begins[18:19] == b"\x01" else None
        return Part([page, *_joined(link.pages[1:])], order=order)
    # The bodies of its pages, but for a few bytes at the start, are a FLAC file as any other.
    bodies = [(page.place + page.header, page.length - page.header) for page in link.pages]
    bodies[0] = (bodies[0][0] + _FLAC_IN_OGG, bodies[0][1] - _FLAC_IN_OGG)
    return flac_part(file, bodies, path)


def _take(link: _Link, page: _Page, path: object) -> None:
    # Who tunes in on a live stream gets its headers, whose pages count no samples, and then this.
    follows = not link.pages or page.number == (link.pages[-1].number + 1) & 0xFFFFFFFF
    if not follows and link.pages[-1].granule:
        raise UmtnError(
            f"{path} is damaged: between its pages {link.pages[-1].number} and {page.number} some "
            "are missing; copy it again."
        )
    link.pages.append(page)


def _pages(file: BinaryIO, place: int, end: int, path: object) -> Iterator[_Page]:
    """Read all pages, and compare each with its checksum."""
    complete = False
    while place < end:
        file.seek(place)
        head = file.read(_HEADER)
        if head[:4] != b"OggS":
            if any(head) and not complete:
                raise UmtnError(
                    f"{path} is damaged at byte {place}, where a page should begin; copy it again."
                )
            return  # filled up with zeros, or with something that is no sound
        counts = file.read(head[26]) if len(head) == _HEADER else b""
        body = file.read(sum(counts))
        if len(head) < _HEADER or len(counts) < head[26] or len(body) < sum(counts):
            raise UmtnError(f"{path} is cut off within its last page; copy it again.")
        flags = head[5]
        granule, serial, number, checksum = struct.unpack_from("<qIII", head, 6)
        if checksum != _checksum(head[:22] + bytes(4) + head[26:] + counts + body):
            raise UmtnError(
                f"{path} is damaged: its page at byte {place} does not fit its checksum; copy it "
                "again."
            )
        length = _HEADER + len(counts) + len(body)
        complete = bool(flags & _LAST)
        yield _Page(place, length, _HEADER + len(counts), flags, serial, number, body[:20], granule)
        place += length


def _checksum(page: bytes) -> int:
    """Return Ogg's checksum of a page: that of zlib with all bits mirrored."""
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


def _at_48_khz(page: bytes, header: int) -> bytes:
    """Have Opus decoded at its own rate: libsndfile takes that of the source, if that is known."""
    place = header + 12
    page = page[:place] + struct.pack("<I", 48_000) + page[place + 4 :]
    checksum = _checksum(page[:22] + bytes(4) + page[26:])
    return page[:22] + struct.pack("<I", checksum) + page[26:]


def _joined(pages: list[_Page]) -> list[tuple[int, int]]:
    pieces: list[tuple[int, int]] = []
    for page in pages:
        append(pieces, page.place, page.length)
    return pieces
