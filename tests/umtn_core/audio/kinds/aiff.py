"""AIFF and AIFF-C as samplers and editors write them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tests.umtn_core.audio.kinds.kind import (
    MONO,
    MUSIC,
    RATE,
    Exactly,
    Kind,
    Nearly,
    Refused,
    ape,
    by_soundfile,
    id3,
    title,
)
from tests.umtn_core.audio.kinds.wav import floats, integers, ulaw

_COUNT = MUSIC.shape[1]
RIGHT = Exactly(MUSIC)


def chunk(name: bytes, body: bytes, size: int | None = None) -> bytes:
    size = len(body) if size is None else size
    return name + struct.pack(">I", size) + body + (b"\0" if len(body) % 2 else b"")


def form(*chunks: bytes, kind: bytes = b"AIFF", size: int | None = None) -> bytes:
    body = kind + b"".join(chunks)
    return b"FORM" + struct.pack(">I", len(body) if size is None else size) + body


def extended(rate: int) -> bytes:
    """A whole number in the ten bytes of an 80-bit float."""
    exponent = max(rate.bit_length() - 1, 0)
    return struct.pack(">HQ", 16383 + exponent if rate else 0, rate << 63 - exponent)


def comm(
    frames: int = _COUNT, bits: int = 16, channels: int = 2, rate: int = RATE, coding: bytes = b""
) -> bytes:
    named = coding + b"\0\0" if coding else b""
    body = struct.pack(">hIh", channels, frames, bits) + extended(rate) + named
    return chunk(b"COMM", body)


def ssnd(data: bytes, offset: int = 0, size: int | None = None) -> bytes:
    return chunk(b"SSND", struct.pack(">II", offset, 0) + bytes(offset) + data, size)


BYTES = integers(MUSIC, 16, 2, order=">")
SOUND = ssnd(BYTES)
PLAIN = form(comm(), SOUND)


def _headers() -> Iterator[Kind]:
    """Counts, sizes and places of chunks."""
    yield Kind("plain.aif", PLAIN, RIGHT)
    yield Kind("comm-behind.aif", form(SOUND, comm()), RIGHT)
    yield Kind("offset.aif", form(comm(), ssnd(BYTES, 8)), RIGHT)
    yield Kind(
        "chunks-around.aif",
        form(chunk(b"NAME", b"abc"), comm(), SOUND, chunk(b"ANNO", b"x")),
        RIGHT,
    )
    yield Kind("id3-before.aif", id3(title() + bytes(500)) + PLAIN, RIGHT, ffmpeg=False)
    yield Kind("ape-before.aif", ape() + PLAIN, RIGHT, ffmpeg=False)
    yield Kind("behind-the-end.aif", PLAIN + bytes(100), RIGHT)
    for frames in (0, _COUNT // 2, _COUNT - 1, _COUNT + 1, 0xFFFFFFFF):
        contents = form(comm(frames), SOUND)
        yield Kind(f"{frames}-frames.aif", contents, RIGHT, ffmpeg=frames < 1 << 31)
    for size in (0, 0x7F000008, 0x7FFFFFFF, 0xFFFFFFFF):
        piped = form(comm(0), ssnd(BYTES, size=size), size=size)
        # FFmpeg takes a size of 0 at its word.
        yield Kind(f"ssnd-{size:x}.aif", piped, RIGHT, ffmpeg=size > 0)
        yield Kind(f"form-{size:x}.aif", form(comm(), SOUND, size=size), RIGHT, ffmpeg=size > 0)
    unclosed = form(comm(0), ssnd(BYTES, size=8), size=0)
    yield Kind("unclosed.aif", unclosed, RIGHT, ffmpeg=False)
    for kept in (0.3, 0.5, 0.9, 0.99):
        yield Kind(f"cut-{kept}.aif", PLAIN[: int(len(PLAIN) * kept)], Refused("cut off"))
    for kept, words in ((12, "COMM"), (30, "COMM"), (46, "0 are there"), (54, "8 are there")):
        yield Kind(f"cut-{kept}-bytes.aif", PLAIN[:kept], Refused(words))
    yield Kind("no-ssnd.aif", form(comm()), Refused("no sound"))
    yield Kind("empty-ssnd.aif", form(comm(), ssnd(b"")), Refused("SSND chunk is empty"))
    behind = struct.pack(">II", len(BYTES) + 1, 0) + BYTES
    beyond = form(comm(), chunk(b"SSND", behind))
    yield Kind("offset-behind-end.aif", beyond, Refused("176401 bytes behind where it should"))
    # As old Macintoshes have it: 22254.5454 Hz.
    part = struct.pack(">HQ", 16383 + 14, round(22254.5454 * 2**49))
    old = form(chunk(b"COMM", struct.pack(">hIh", 2, _COUNT, 16) + part), SOUND)
    yield Kind("part-of-a-hertz.aif", old, Exactly(MUSIC, rate=22_255))
    wide = form(comm(bits=40), ssnd(bytes(10_000)))
    yield Kind("40.aif", wide, Refused("whole numbers of 40 bits"))
    two = form(comm(rate=48_000), comm(), SOUND)
    yield Kind("two-comm.aif", two, Refused("COMM"))
    yield Kind("joined.aif", PLAIN + PLAIN, Refused("several files"))
    yield Kind("no-comm.aif", form(SOUND), Refused("COMM"))
    yield Kind("no-channels.aif", form(comm(channels=0), SOUND), Refused("no channels"))
    yield Kind("crowd.aif", form(comm(channels=1000), SOUND), Refused("1000 channels"))
    yield Kind("0-hz.aif", form(comm(rate=0), SOUND), Refused("no sample rate"))
    for rate in (1, 2_000_000):
        yield Kind(f"{rate}-hz.aif", form(comm(rate=rate), SOUND), Refused("1000 to 1000000"))
    yield Kind("8svx.aif", form(comm(), SOUND, kind=b"8SVX"), Refused("format"))


def _forms() -> Iterator[Kind]:
    """Widths and codings."""
    for bits, width, error in (
        (8, 1, 0.01),
        (12, 2, 1e-3),
        (20, 3, 1e-5),
        (24, 3, 1e-6),
        (32, 4, 1e-6),
    ):
        data = integers(MUSIC, bits, width, 8 * width - bits, ">")
        yield Kind(f"{bits}.aif", form(comm(bits=bits), ssnd(data)), Exactly(MUSIC, error))

    def coded(coding: bytes, bits: int, data: bytes, error: float, ffmpeg: bool = True) -> Kind:
        contents = form(comm(bits=bits, coding=coding), ssnd(data), kind=b"AIFC")
        return Kind(
            f"{coding.decode().strip()}.aifc", contents, Exactly(MUSIC, error), ffmpeg=ffmpeg
        )

    yield coded(b"NONE", 16, BYTES, 1e-4)
    named = comm(coding=b"NONE")[8:-2] + b"\x0enot compressed\0"
    long = form(chunk(b"COMM", named), SOUND, kind=b"AIFC")
    yield Kind("named-coding.aifc", long, RIGHT)
    swapped = form(comm(coding=b"sowt"), ssnd(integers(MUSIC, 16, 2)))
    yield Kind("sowt-in-aiff.aif", swapped, RIGHT, ffmpeg=False)
    yield Kind("no-coding.aifc", form(comm(), SOUND, kind=b"AIFC"), RIGHT)
    yield coded(b"twos", 16, BYTES, 1e-4)
    yield coded(b"sowt", 16, integers(MUSIC, 16, 2), 1e-4)
    yield coded(b"raw ", 8, bytes(b ^ 0x80 for b in integers(MUSIC, 8, 1)), 0.01)
    yield coded(b"in24", 24, integers(MUSIC, 24, 3, order=">"), 1e-6)
    yield coded(b"in32", 32, integers(MUSIC, 32, 4, order=">"), 1e-6)
    yield coded(b"42ni", 24, integers(MUSIC, 24, 3), 1e-6, False)
    yield coded(b"23ni", 32, integers(MUSIC, 32, 4), 1e-6, False)
    yield coded(b"fl32", 32, floats(MUSIC, ">f4"), 1e-6)
    yield coded(b"FL32", 32, floats(MUSIC, ">f4"), 1e-6)
    yield coded(b"fl64", 64, floats(MUSIC, ">f8"), 1e-6)
    yield coded(b"ulaw", 16, ulaw(MUSIC), 0.02)
    unknown = form(comm(coding=b"XYZW"), SOUND, kind=b"AIFC")
    yield Kind("unknown-coding.aifc", unknown, Refused("XYZW"))
    ima = by_soundfile(MONO, "AIFF", "IMA_ADPCM")
    yield Kind("ima4.aifc", ima, Nearly(MONO, longer=64, alike=0.95))


KINDS = [*_headers(), *_forms()]
