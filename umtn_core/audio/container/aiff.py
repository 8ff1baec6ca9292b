"""AIFF and AIFC files."""

from __future__ import annotations

import math
import struct
from dataclasses import replace
from typing import BinaryIO

from umtn_core.audio.container.chunks import (
    MOST_CHUNKS,
    STALE,
    Chunk,
    Chunks,
    length_of_sound,
    several,
    too_many_chunks,
)
from umtn_core.audio.container.found import SIGNED, Found, Layout, Part, as_found
from umtn_core.errors import UmtnError

#: By AIFC's names, how a sample is written and which end of it comes first; None, by its bits.
_CODINGS: dict[bytes, tuple[str | None, str]] = {
    b"NONE": (None, "BIG"), b"twos": (None, "BIG"), b"sowt": (None, "LITTLE"),
    b"raw ": ("PCM_U8", "BIG"), b"in24": ("PCM_24", "BIG"), b"in32": ("PCM_32", "BIG"),
    b"42ni": ("PCM_24", "LITTLE"), b"23ni": ("PCM_32", "LITTLE"),
    b"fl32": ("FLOAT", "BIG"), b"FL32": ("FLOAT", "BIG"),
    b"fl64": ("DOUBLE", "BIG"), b"FL64": ("DOUBLE", "BIG"),
    b"ulaw": ("ULAW", "BIG"), b"ULAW": ("ULAW", "BIG"),
    b"alaw": ("ALAW", "BIG"), b"ALAW": ("ALAW", "BIG"),
}  # fmt: skip
#: Bytes that may be left free before the sound, so that it begins where a block of a disk does.
_FARTHEST = 1 << 16
#: What libsndfile unpacks.
_PACKED = (b"ima4", b"GSM ")


def look_into_aiff(file: BinaryIO, begin: int, size: int, path: object) -> Found:
    """Find the sound of an AIFF file.

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
        If it is cut off or damaged, or its samples are written in a way that is not known.
    OSError
        If it cannot be read.
    """
    chunks = Chunks(file, size, big=True)
    common, sounds = b"", list[Chunk]()
    place = begin + 12
    remarks: list[str] = []
    stale: list[int] = []
    for _ in range(MOST_CHUNKS):
        chunk = chunks.header(place)
        if chunk is None or not chunks.is_chunk_like(chunk):
            break
        if chunk.name == b"FORM" and sounds:
            raise several(path)
        if chunk.name in STALE:
            stale.append(place)
        length = chunk.length
        if chunk.name == b"COMM":
            body = chunks.read(chunk, 4096)
            if common and body != common:
                raise UmtnError(
                    f"{path} contradicts itself: it has two COMM chunks that differ; export it "
                    "again."
                )
            common = body
        elif chunk.name == b"SSND":
            length = length_of_sound(chunks, chunk.begin, length, 1, path, remarks, empty=8)
            sounds.append(Chunk(chunk.name, chunk.begin, length))
        place = chunks.after(chunk, length)
    else:
        raise too_many_chunks(path)
    if len(common) < 18:
        raise UmtnError(
            f"{path} is damaged: it has no whole COMM chunk, which says how its samples are "
            "written."
        )
    if not sounds:
        raise UmtnError(f"{path} holds no sound: it has no SSND chunk, or is cut off before it.")
    # Some write AIFC's description into what they call AIFF, and the reverse.
    coding = common[18:22] if len(common) >= 22 else b"NONE"
    if coding in _PACKED:
        if len(sounds) > 1:
            raise UmtnError(
                f"{path} has its sound in several chunks of packed samples; export it again."
            )
        return _packed(common, sounds[0])
    layout = replace(_layout(chunks, common, coding, sounds, path), stale=tuple(stale))
    return as_found("AIFF", layout, " ".join(remarks))


def _layout(
    chunks: Chunks, common: bytes, coding: bytes, sounds: list[Chunk], path: object
) -> Layout:
    channels, _, bits = struct.unpack_from(">hIh", common)
    if coding not in _CODINGS:
        raise UmtnError(
            f"{path} holds samples packed as {coding.decode('latin-1')!r}, which cannot be read; "
            "convert it to WAV or FLAC."
        )
    subtype, endian = _CODINGS[coding]
    if subtype is None:
        width = -(-bits // 8)
        if width not in SIGNED:
            raise UmtnError(
                f"{path} holds whole numbers of {bits} bits, which cannot be read; convert it to "
                "24 bits."
            )
        subtype = SIGNED[width]
    if channels < 1:
        raise UmtnError(f"{path} has no channels by its header, which is damaged.")
    layout = Layout((), subtype, endian, channels, _rate(common, path))
    pieces = []
    for sound in sounds:
        offset = _offset(chunks, sound)
        if offset > min(_FARTHEST, max(0, sound.length - 8)):
            raise UmtnError(
                f"{path} is damaged: by its header its sound begins {offset} bytes behind where "
                "it should; export it again."
            )
        length = max(0, sound.length - 8 - offset)
        pieces.append((sound.begin + 8 + offset, length - length % layout.frame_bytes))
    if not sum(length for _, length in pieces):
        raise UmtnError(f"{path} holds no sound: its SSND chunk is empty.")
    return replace(layout, pieces=tuple(pieces))


def _offset(chunks: Chunks, sound: Chunk) -> int:
    (offset,) = struct.unpack(">I", chunks.read(sound, 8).ljust(8, b"\0")[:4])
    return int(offset)


def _rate(common: bytes, path: object) -> int:
    """Read a rate as 80 bits of floating point, to the nearest whole number of hertz.

    Old ones are not whole, such as a Macintosh's 22254.5454.
    """
    exponent, mantissa = struct.unpack_from(">HQ", common, 8)
    # 2^40 hertz and more are no rates; what is left are numbers that a float holds.
    if not mantissa or exponent > 16383 + 40:
        raise UmtnError(f"{path} is damaged: its header has no sample rate; export it again.")
    return round(math.ldexp(mantissa, exponent - 16383 - 63))


def _packed(common: bytes, sound: Chunk) -> Found:
    """Put a header with true lengths before packed samples."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return name + struct.pack(">I", len(body)) + body + b"\0" * (len(body) % 2)

    head = b"AIFC" + chunk(b"FVER", struct.pack(">I", 0xA2805140)) + chunk(b"COMM", common)
    head += b"SSND" + struct.pack(">I", sound.length)
    form = b"FORM" + struct.pack(">I", len(head) + sound.length) + head
    return Found("AIFF", [Part([form, (sound.begin, sound.length)])])
