"""Whole files of each container, and what they consist of, to be spoilt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.umtn_core.audio.kinds import aiff, mp3, ogg, wav
from tests.umtn_core.audio.kinds.kind import (
    by_pedalboard,
    by_soundfile,
    id3,
    id3v1,
    music,
    title,
)

MUSIC = music(0.5)


@dataclass(frozen=True)
class Base:
    """A whole file: its parts in order, and how many of its first bytes are header.

    Where samples stand one by one, `step` bytes of them go together. No reader can tell that one
    byte is missing there, so that all behind it is noise; nor, where frames have no checksum, that
    one of them was changed: such a share of it may be noise.
    """

    name: str
    parts: list[bytes]
    header: int
    step: int = 1
    unchecked: float = 0.1

    @property
    def contents(self) -> bytes:
        """The file."""
        return b"".join(self.parts)


def _wav(name: str, *chunks: bytes, magic: bytes = b"RIFF") -> Base:
    whole = wav.riff(*chunks, magic=magic)
    header = whole.index(b"data") + 8
    return Base(f"{name}.wav", [whole[:12], *chunks], header, step=24)


def _aiff(name: str, *chunks: bytes, kind: bytes = b"AIFF") -> Base:
    whole = aiff.form(*chunks, kind=kind)
    return Base(f"{name}.aif", [whole[:12], *chunks], whole.index(b"SSND") + 16, step=24)


def _flac(name: str, contents: bytes) -> Base:
    """Split at what looks like the beginning of a frame."""
    at = contents.index(b"fLaC")
    parts, last = [contents[:at] + b"fLaC"], False
    at += 4
    while not last:
        last = bool(contents[at] & 0x80)
        size = 4 + int.from_bytes(contents[at + 1 : at + 4], "big")
        parts.append(contents[at : at + size])
        at += size
    header = at
    sync = contents[at : at + 2]
    while at < len(contents):
        end = contents.find(sync, at + 2)
        end = len(contents) if end < 0 else end
        parts.append(contents[at:end])
        at = end
    return Base(f"{name}.flac", parts, header + 16)


def _mp3(name: str, contents: bytes, before: bytes = b"", behind: bytes = b"") -> Base:
    tags = [tag for tag in (before,) if tag]
    ends = [tag for tag in (behind,) if tag]
    parts = [*tags, *mp3.frames(contents), *ends]
    return Base(f"{name}.mp3", parts, len(before) + 200, unchecked=0.4)


def _packed(name: str, contents: bytes, mark: bytes) -> Base:
    """Samples that do not stand one by one, behind a mark that ends the header."""
    header = contents.index(mark) + 8
    return Base(name, [contents[:header], contents[header:]], header, unchecked=0.4)


def _stored(name: str, contents: bytes, mark: bytes) -> Base:
    header = contents.index(mark) + 24
    return Base(name, [contents[:header], contents[header:]], header, step=24)


def _ogg(name: str, contents: bytes) -> Base:
    return Base(name, ogg.pages(contents), 200)


def bases() -> list[Base]:
    """Make them all."""
    data16 = wav.chunk(b"data", wav.integers(MUSIC, 16, 2))
    info = wav.chunk(b"LIST", b"INFOISFT\x04\0\0\0abcd")
    bext, cue = wav.chunk(b"bext", bytes(602)), wav.chunk(b"cue ", bytes(28))
    fmt = wav.fmt(wav.PCM, 16)
    fmt24 = wav.fmt(wav.PCM, 24)
    floats = wav.chunk(b"fmt ", wav.extended(wav.FLOAT, 32, 32))
    sizes = wav.chunk(
        b"ds64",
        (len(data16) + 72).to_bytes(8, "little")
        + (len(data16) - 8).to_bytes(8, "little")
        + MUSIC.shape[1].to_bytes(8, "little")
        + bytes(4),
    )
    long = wav.chunk(b"data", data16[8:], 0xFFFFFFFF)
    comm = aiff.comm(MUSIC.shape[1])
    big = aiff.ssnd(wav.integers(MUSIC, 16, 2, order=">"))
    comm32 = aiff.comm(MUSIC.shape[1], 32, coding=b"fl32")
    lame: Callable[..., bytes] = lambda **options: by_pedalboard(MUSIC, "mp3", **options)  # noqa: E731
    vbr, cbr = lame(quality="V2"), lame(quality=128)
    bare = b"".join(mp3.frames(vbr)[1:])
    short = by_pedalboard(MUSIC, "flac", bit_depth=16)
    vorbis = by_pedalboard(MUSIC, "ogg", quality="192 kbps")
    wide = wav.chunk(b"data", wav.integers(MUSIC, 24, 4, 8))
    slow = by_soundfile(music(0.5, rate=22_050), "MP3", "MPEG_LAYER_III", 22_050)
    eight = np.rint(MUSIC[0] * 127 + 128).astype(np.uint8).tobytes()
    return [
        _wav("16", fmt, data16),
        _wav("16-chunks", bext, fmt, info, data16, cue),
        _wav("24", fmt24, wav.chunk(b"data", wav.integers(MUSIC, 24, 3))),
        _wav("float", floats, wav.chunk(b"data", wav.floats(MUSIC, "<f4"))),
        _wav("rf64", sizes, fmt, long, magic=b"RF64"),
        _wav("ulaw", wav.fmt(wav.ULAW, 8), wav.chunk(b"data", wav.ulaw(MUSIC))),
        _aiff("16", comm, big),
        _aiff("16-chunks", aiff.chunk(b"NAME", b"abc"), comm, big, aiff.chunk(b"ANNO", b"abcd")),
        _aiff("float", comm32, aiff.ssnd(wav.floats(MUSIC, ">f4")), kind=b"AIFC"),
        _flac("16", short),
        _flac("24", by_pedalboard(MUSIC, "flac", bit_depth=24)),
        _flac("tagged", id3(title()) + short),
        _mp3("vbr", vbr),
        _mp3("cbr", cbr),
        _mp3("bare", bare),
        _mp3("tagged", vbr, id3(title() + bytes(50)), id3v1()),
        _ogg("vorbis.ogg", vorbis),
        _ogg("opus.opus", by_soundfile(music(0.5, rate=48_000), "OGG", "OPUS", 48_000)),
        _ogg("flac.oga", ogg.flac_inside()),
        _wav("24-in-4", wav.fmt(wav.PCM, 24, 2, 4), wide),
        _wav("8-mono", wav.fmt(wav.PCM, 8, 1), wav.chunk(b"data", eight)),
        _packed("adpcm.wav", by_soundfile(MUSIC, "WAV", "MS_ADPCM"), b"data"),
        _packed("mp3.wav", wav.mp3_inside(cbr), b"data"),
        Base("22050.mp3", [slow], 200, unchecked=0.4),
        _stored("sony.w64", by_soundfile(MUSIC, "W64", "PCM_16"), b"data"),
        _stored("sun.au", by_soundfile(MUSIC, "AU", "PCM_16"), b".snd"),
        _stored("apple.caf", by_soundfile(MUSIC, "CAF", "PCM_16"), b"data"),
    ]
