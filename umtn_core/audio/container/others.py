"""Formats that store samples one by one and are met less often: W64, CAF and AU."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import BinaryIO

from umtn_core.audio.container.chunks import (
    FEW_BYTES,
    MOST_CHUNKS,
    cut_off,
    is_unknown,
    left_over,
    several,
)
from umtn_core.audio.container.found import FLOATS, SIGNED, WIDTHS, Found, Layout, Part, as_found
from umtn_core.audio.container.justified import justified
from umtn_core.audio.container.samples import read_format
from umtn_core.audio.container.tags import end_of_sound
from umtn_core.errors import UmtnError

_RIFF_GUID = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
_CHUNK_GUID = b"\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
_AU_SUBTYPES = {
    1: "ULAW", 2: "PCM_S8", 3: "PCM_16", 4: "PCM_24", 5: "PCM_32", 6: "FLOAT", 7: "DOUBLE",
    27: "ALAW",
}  # fmt: skip
_CAF_FLOAT, _CAF_LITTLE = 1, 2
#: In 64 bits, lengths from here on stand for one that was not known.
_UNKNOWN = 1 << 62


def look_into_others(
    file: BinaryIO, begin: int, size: int, head: bytes, path: object
) -> Found | None:
    """Find the sound of a W64, CAF or AU file; None if it is none of them.

    Parameters
    ----------
    file
        Open for reading.
    begin
        Where it begins, behind tags.
    size
        The file's size in bytes.
    head
        Its first 16 bytes.
    path
        What to call it.

    Raises
    ------
    UmtnError
        If it is cut off or damaged, or its samples are written in a way that is not known.
    OSError
        If it cannot be read.
    """
    if head == _RIFF_GUID:
        return _w64(file, begin, size, path)
    if head[:4] == b"caff":
        return _caf(file, begin, size, path)
    if head[:4] in (b".snd", b"dns."):
        return _au(file, begin, size, path)
    return None


def _w64(file: BinaryIO, begin: int, size: int, path: object) -> Found:
    place, form, found = begin + 40, None, None
    for _ in range(MOST_CHUNKS):
        file.seek(place)
        head = file.read(24)
        if len(head) < 24 or head[4:16] != _CHUNK_GUID:
            break
        (length,) = struct.unpack("<Q", head[16:])
        if head[:4] == b"fmt ":
            form = read_format(file.read(min(4096, max(0, length - 24))), big=False, path=path)
        elif head[:4] == b"data" and found is None:
            found = (place + 24, _length(length - 24, size - place - 24, path))
            length = found[1] + 24
        place += max(24, length + -length % 8)
        if place >= size:
            break
        file.seek(place)
        if file.read(len(_RIFF_GUID)) == _RIFF_GUID:
            raise several(path)
    if form is None or found is None:
        raise _damaged(path, "W64")
    if form.subtype is None:
        return Found("W64", [Part([(begin, size - begin)])])
    layout = Layout((found,), form.subtype, "LITTLE", form.channels, form.sample_rate)
    return _stored(file, "W64", layout, form.bits, path)


def _caf(file: BinaryIO, begin: int, size: int, path: object) -> Found:
    place, description, found = begin + 8, b"", None
    for _ in range(MOST_CHUNKS):
        file.seek(place)
        head = file.read(12)
        if len(head) < 12:
            break
        name, length = struct.unpack(">4sq", head)
        if name == b"caff" and found is not None:
            raise several(path)
        if name == b"desc":
            description = file.read(32)
        elif name == b"data" and found is None:
            # Behind the number of times that it was edited; -1 stands for a length not known.
            found = (place + 16, _length(length - 4, size - place - 16, path))
            length = found[1] + 4
        place += 12 + length
        if length < 0 or place >= size:
            break
    if len(description) < 32 or found is None:
        raise _damaged(path, "CAF")
    rate, coding, flags, block, per_packet, channels, bits = struct.unpack(">d4sIIIII", description)
    if coding != b"lpcm":
        return Found("CAF", [Part([(begin, size - begin)])])
    width = block // channels if channels and block % channels == 0 else 0
    subtype = (FLOATS if flags & _CAF_FLOAT else SIGNED).get(width)
    if subtype is None or per_packet != 1 or bits > 8 * width or not 0 < rate < 1 << 32:
        raise UmtnError(
            f"{path} writes its samples in a way that cannot be read ({channels} channels of "
            f"{bits} bits in {block} bytes at {rate:g} Hz); convert it to WAV."
        )
    endian = "LITTLE" if flags & _CAF_LITTLE else "BIG"
    layout = Layout((found,), subtype, endian, channels, round(rate))
    return _stored(file, "CAF", layout, bits, path)


def _au(file: BinaryIO, begin: int, size: int, path: object) -> Found:
    file.seek(begin)
    head = file.read(24)
    big = head[:4] == b".snd"
    if len(head) < 24:
        raise _damaged(path, "AU")
    offset, length, coding, rate, channels = struct.unpack(">5I" if big else "<5I", head[4:])
    subtype = _AU_SUBTYPES.get(coding)
    if offset < len(head) or offset % 4:
        raise _damaged(path, "AU")
    if subtype is None or not channels:
        raise UmtnError(
            f"{path} writes its samples in a way that cannot be read (AU, coding {coding}); "
            "convert it to WAV."
        )
    length = _length(length, size - begin - offset, path)
    layout = Layout(
        ((begin + offset, length),), subtype, "BIG" if big else "LITTLE", channels, rate
    )
    found = _stored(file, "AU", layout, 8 * WIDTHS[subtype], path)
    rest = end_of_sound(file, begin + offset + length, size) - begin - offset - length
    if rest <= FEW_BYTES:
        return found
    file.seek(begin + offset + length)
    if file.read(4) == head[:4]:
        raise several(path)
    return replace(found, remark=left_over(length, rest))


def _length(claimed: int, there: int, path: object) -> int:
    """Tell how many bytes of sound there are; none, too few and the most mean "to the end"."""
    if 0 < claimed <= there:
        return claimed
    if claimed <= 0 or claimed >= _UNKNOWN or is_unknown(claimed) or claimed - there <= FEW_BYTES:
        return max(0, there)
    raise cut_off(path, claimed, there)


def _stored(file: BinaryIO, kind: str, layout: Layout, bits: int, path: object) -> Found:
    """Make a part of samples that stand one by one."""
    ((offset, length),) = layout.pieces
    pieces = ((offset, length - length % layout.frame_bytes),)
    if not pieces[0][1]:
        raise UmtnError(f"{path} holds no sound; export it again.")
    return as_found(kind, justified(file, replace(layout, pieces=pieces, bits=bits), path))


def _damaged(path: object, kind: str) -> UmtnError:
    return UmtnError(
        f"{path} is damaged: it is {kind}, but has no whole description of its sound; copy it "
        "again."
    )
