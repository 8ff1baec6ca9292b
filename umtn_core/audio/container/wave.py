"""WAV files and their kin: RIFF, RIFX, RF64 and BW64."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from umtn_core.audio.container.adpcm import check_blocks
from umtn_core.audio.container.chunks import (
    MOST_CHUNKS,
    STALE,
    Chunk,
    Chunks,
    is_unknown,
    length_of_sound,
    too_many_chunks,
)
from umtn_core.audio.container.found import WIDTHS, Found, Layout, Part, as_found
from umtn_core.audio.container.justified import justified
from umtn_core.audio.container.mpeg import look_into_mpeg
from umtn_core.audio.container.samples import MP3, PACKED, Format, read_format
from umtn_core.errors import UmtnError

RIFFS = (b"RIFF", b"RIFX", b"RF64", b"BW64")
#: The chunks that are looked for where the way to them is broken.
_WANTED = (b"data", b"fmt ")
_SEE_DS64 = 0xFFFFFFFF
_LONG = 1 << 32
#: How packets of AC-3 and of DTS begin, and the bytes in which two of them are looked for.
_SURROUND = (
    b"\x72\xf8\x1f\x4e", b"\xff\x1f\x00\xe8", b"\xfe\x7f\x01\x80", b"\x7f\xfe\x80\x01",
)  # fmt: skip
_BEGINS = 1 << 16


@dataclass
class _Wave:
    """What the chunks of one WAV file say."""

    order: str
    length: int
    format: Format | None = None
    format_body: bytes = b""
    fact: bytes = b""
    long_data: int = 0
    pieces: list[tuple[int, int]] = field(default_factory=list)
    stale: list[int] = field(default_factory=list)
    next: int | None = None


def look_into_wave(file: BinaryIO, begin: int, size: int, path: object) -> Found:
    """Find the sound of a WAV file.

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
    remarks: list[str] = []
    chunks = {big: Chunks(file, size, big=big) for big in (False, True)}
    waves = [_walk(chunks, begin, path, remarks)]
    while (behind := waves[-1].next) is not None:
        if len(waves) == MOST_CHUNKS:
            raise too_many_chunks(path)
        waves.append(_walk(chunks, behind, path, remarks))
    first = waves[0]
    for wave in waves:
        if wave.format is None:
            raise UmtnError(
                f"{path} is damaged: it has no fmt chunk, which says how its samples are written."
            )
        if (wave.format, wave.order) != (first.format, first.order):
            raise UmtnError(
                f"{path} is several WAV files of different forms, one behind another; take them "
                "apart."
            )
    assert first.format is not None
    pieces = [piece for wave in waves for piece in wave.pieces]
    if not sum(length for _, length in pieces):
        raise UmtnError(f"{path} holds no sound: its data chunk is empty or missing.")
    kind = "WAV"
    if first.format.subtype is not None:
        _refuse_surround(file, pieces[0], path)
        layout = _layout(file, first, pieces, path)
        layout = replace(layout, stale=tuple(place for wave in waves for place in wave.stale))
        return as_found(kind, layout, " ".join(remarks))
    if first.format.tag == MP3 and len(pieces) == 1:
        ((offset, length),) = pieces
        return look_into_mpeg(file, offset, offset + length, path)
    if first.format.tag not in PACKED:
        raise UmtnError(
            f"{path} holds samples packed in a way that cannot be read (format "
            f"{first.format.tag:#06x}); convert it to ordinary WAV."
        )
    if len(pieces) > 1:
        raise UmtnError(
            f"{path} has its sound in several chunks of packed samples; export it again."
        )
    (block,) = struct.unpack_from(f"{first.order}H", first.format_body, 12)
    check_blocks(file, pieces[0], first.format.tag, first.format.channels, block, path)
    return Found(kind, [_repaired(first, pieces[0])], remark=" ".join(remarks))


def _walk(chunks: dict[bool, Chunks], begin: int, path: object, remarks: list[str]) -> _Wave:
    """Go through the chunks of one WAV file, up to its end or to the next one's beginning."""
    head = chunks[False].header(begin)
    big = head is not None and head.name == b"RIFX"
    length = 0 if head is None else head.length
    wave, place = _Wave(">" if big else "<", length), begin + 12
    for _ in range(MOST_CHUNKS):
        following = _chunk_at(wave, chunks[big], place, path, remarks)
        if following is None and not wave.pieces:
            following = chunks[big].lost(begin, _WANTED[wave.format is None :])
        if following is None:
            return wave
        place = following
    raise too_many_chunks(path)


def _chunk_at(
    wave: _Wave, chunks: Chunks, place: int, path: object, remarks: list[str]
) -> int | None:
    """Take in what stands at a place, and tell where the next chunk is."""
    chunk = chunks.header(place)
    if chunk is None or not chunks.is_chunk_like(chunk):
        return None
    if chunk.name in STALE:
        wave.stale.append(place)
    # Its length may be none, so it is read as if it were long.
    if chunk.name in RIFFS and chunks.read(replace(chunk, length=4), 4) == b"WAVE" and wave.pieces:
        wave.next = place
        return None
    if chunk.name == b"ds64":
        body = chunks.read(chunk, 16).ljust(16, b"\0")
        wave.long_data = struct.unpack(f"{wave.order}QQ", body)[1]
    elif chunk.name == b"fmt ":
        body = chunks.read(chunk, 4096)
        form = read_format(body, big=wave.order == ">", path=path)
        if wave.format not in (None, form):
            raise UmtnError(
                f"{path} contradicts itself: it has two fmt chunks that differ; export it again."
            )
        wave.format_body, wave.format = body, form
    elif chunk.name == b"fact":
        wave.fact = chunks.read(chunk, 4)
    elif chunk.name == b"LIST" and chunks.read(chunk, 4) == b"wavl":
        return chunk.begin + 4
    elif chunk.name == b"slnt":
        raise UmtnError(f"{path} leaves silence out (a wave list); export it as ordinary WAV.")
    elif chunk.name == b"data":
        length = _sound(wave, chunks, chunk, path, remarks)
        wave.pieces.append((chunk.begin, length))
        return chunks.after(chunk, length)
    return chunks.after(chunk)


def _sound(wave: _Wave, chunks: Chunks, chunk: Chunk, path: object, remarks: list[str]) -> int:
    claimed = chunk.length
    if claimed == _SEE_DS64 and wave.long_data:
        claimed = wave.long_data
    form = wave.format
    frame = form.channels * WIDTHS[form.subtype] if form is not None and form.subtype else 1
    whole = is_unknown(wave.length) or not wave.length
    return length_of_sound(chunks, chunk.begin, claimed, frame, path, remarks, stale=whole)


def _layout(file: BinaryIO, wave: _Wave, pieces: list[tuple[int, int]], path: object) -> Layout:
    form = wave.format
    assert form is not None and form.subtype is not None
    endian = "BIG" if wave.order == ">" else "LITTLE"
    layout = Layout((), form.subtype, endian, form.channels, form.sample_rate)
    frame = layout.frame_bytes
    whole = tuple((offset, length - length % frame) for offset, length in pieces)
    return justified(file, replace(layout, pieces=whole, bits=form.bits), path)


def _refuse_surround(file: BinaryIO, piece: tuple[int, int], path: object) -> None:
    """Refuse what a receiver of surround sound takes from S/PDIF, which calls itself samples."""
    file.seek(piece[0])
    begins = file.read(min(piece[1], _BEGINS))
    if any(begins.count(mark) > 1 for mark in _SURROUND):
        raise UmtnError(
            f"{path} holds AC-3 or DTS, packed surround sound that plays as noise; unpack it to "
            "ordinary WAV first."
        )


def _repaired(wave: _Wave, piece: tuple[int, int]) -> Part:
    """Put a header with true lengths before packed samples."""

    def chunk(name: bytes, body: bytes) -> bytes:
        length = struct.pack(f"{wave.order}I", len(body))
        return name + length + body + b"\0" * (len(body) % 2)

    head = b"WAVE" + chunk(b"fmt ", wave.format_body)
    if wave.fact:
        head += chunk(b"fact", wave.fact)
    length = min(piece[1], _LONG - len(head) - 64)
    head += b"data" + struct.pack(f"{wave.order}I", length)
    magic = b"RIFX" if wave.order == ">" else b"RIFF"
    riff = magic + struct.pack(f"{wave.order}I", len(head) + length) + head
    return Part([riff, (piece[0], length)])
