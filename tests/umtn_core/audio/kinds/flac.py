"""FLAC as encoders, pipes and taggers write it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tests.umtn_core.audio.kinds.kind import (
    MUSIC,
    RATE,
    Exactly,
    Kind,
    Refused,
    ape,
    by_pedalboard,
    by_soundfile,
    id3,
    id3v1,
    title,
)

FLAC = by_pedalboard(MUSIC, "flac", bit_depth=16)
RIGHT = Exactly(MUSIC)


def _crc(octets: bytes, width: int, polynomial: int) -> bytes:
    value = 0
    for octet in octets:
        value ^= octet << width - 8
        for _ in range(8):
            value = value << 1 ^ (polynomial if value >> width - 1 & 1 else 0)
        value &= (1 << width) - 1
    return value.to_bytes(width // 8, "big")


def streaminfo(frames: int, channels: int, bits: int, rate: int = RATE, block: int = 4096) -> bytes:
    """The one block that each file has, without a checksum."""
    packed = rate << 44 | channels - 1 << 41 | bits - 1 << 36 | frames
    sizes = block.to_bytes(2, "big") * 2
    return b"\x80\0\0\x22" + sizes + bytes(6) + packed.to_bytes(8, "big") + bytes(16)


def verbatim(bits: int = 16) -> list[bytes]:
    """Frames of 4,096 samples of 16 or 32 bits, stored as they are."""
    whole = np.rint(MUSIC * (2.0 ** (bits - 1) - 1)).astype(f">i{bits // 8}")
    form = b"\xff\xf8\x79" + {16: b"\x18", 32: b"\x1e"}[bits]
    made = []
    for number, begin in enumerate(range(0, whole.shape[1], 4096)):
        block = whole[:, begin : begin + 4096]
        size = block.shape[1]
        head = form + bytes([number]) + (size - 1).to_bytes(2, "big")
        head += _crc(head, 8, 0x07)
        body = head + b"".join(b"\x02" + channel.tobytes() for channel in block)
        made.append(body + _crc(body, 16, 0x8005))
    return made


def _headers() -> Iterator[Kind]:
    """Of the length, the checksum and tags."""
    yield Kind("16.flac", FLAC, RIGHT)
    yield Kind("24.flac", by_pedalboard(MUSIC, "flac", bit_depth=24), Exactly(MUSIC, 1e-6))
    yield Kind("8.flac", by_soundfile(MUSIC, "FLAC", "PCM_S8"), Exactly(MUSIC, 0.01))
    yield Kind("id3-before.flac", id3(title() + bytes(100)) + FLAC, RIGHT)
    yield Kind("two-id3-before.flac", id3(title()) + id3(bytes(100)) + FLAC, RIGHT)
    yield Kind("ape-before.flac", ape() + FLAC, RIGHT, ffmpeg=False)
    yield Kind("id3v1-behind.flac", FLAC + id3v1(), RIGHT)
    piped = bytearray(FLAC)
    piped[21] &= 0xF0
    piped[22:26] = bytes(4)
    yield Kind("unknown-length.flac", bytes(piped), RIGHT)
    piped[26:42] = bytes(16)
    yield Kind("unknown-length-no-md5.flac", bytes(piped), RIGHT)
    bare = bytearray(FLAC)
    bare[26:42] = bytes(16)
    yield Kind("no-md5.flac", bytes(bare), RIGHT)
    bare[26:42] = bytes(range(16))
    yield Kind("wrong-md5.flac", bytes(bare), Refused("damaged"))
    stored = b"fLaC" + streaminfo(MUSIC.shape[1], 2, 16) + b"".join(verbatim())
    yield Kind("verbatim.flac", stored, RIGHT)
    wide = b"fLaC" + streaminfo(MUSIC.shape[1], 2, 32) + b"".join(verbatim(32))
    # Which libsndfile does not decode.
    yield Kind("32.flac", wide, Refused("packed in a way of FLAC that is not known"))
    # Behind the first block, one that holds a picture.
    image = bytes(300_000)
    about = b"\0\0\0\3" + b"\0\0\0\x0aimage/jpeg" + bytes(20) + len(image).to_bytes(4, "big")
    cover = bytes([FLAC[4] | 6]) + (len(about) + len(image)).to_bytes(3, "big") + about + image
    start = FLAC[:4] + bytes([FLAC[4] & 0x7F]) + FLAC[5:42]
    yield Kind("picture.flac", start + cover + FLAC[42:], RIGHT)
    # Blocks whose content is none: a picture, a comment.
    empty = bytes([FLAC[4] | 6]) + (3000).to_bytes(3, "big") + b"\xff" * 3000
    yield Kind("broken-picture.flac", start + empty + FLAC[42:], RIGHT)
    comment = bytes([FLAC[4] | 4]) + (30).to_bytes(3, "big") + b"\xff" * 30
    yield Kind("broken-comment.flac", start + comment + FLAC[42:], RIGHT)
    yield Kind("zeros-behind.flac", FLAC + bytes(3000), RIGHT)
    yield Kind("joined.flac", FLAC + FLAC, Exactly(np.tile(MUSIC, 2)))


def _damaged() -> Iterator[Kind]:
    """Cut off, changed, and claims that cannot be."""
    for kept in (0.3, 0.5, 0.9, 0.99):
        yield Kind(f"cut-{kept}.flac", FLAC[: int(len(FLAC) * kept)], Refused("cut off"))
    for kept in (4, 20, 41, 42):
        yield Kind(f"cut-{kept}-bytes.flac", FLAC[:kept], Refused("cut off within its header"))
    yield Kind("cut-60-bytes.flac", FLAC[:60], Refused("damaged"))
    changed = bytearray(FLAC)
    changed[len(FLAC) // 2] ^= 0xFF
    yield Kind("changed.flac", bytes(changed), Refused("damaged"))
    gone = FLAC[: len(FLAC) // 2] + FLAC[len(FLAC) // 2 + 5000 :]
    yield Kind("gap.flac", gone, Refused("damaged"))
    slow = b"fLaC" + streaminfo(MUSIC.shape[1], 2, 16, 3140) + b"".join(verbatim())
    yield Kind("other-rate.flac", slow, Refused("3140 samples a second by its header, and 44100"))
    hours = b"fLaC" + streaminfo(2**35, 1, 16, 48_000) + b"\xff\xf8" + bytes(100)
    yield Kind("hours.flac", hours, Refused("199 hours"))
    few = b"fLaC" + streaminfo(2**31, 1, 16, 48_000) + b"\xff\xf8" + bytes(100)
    yield Kind("a-few-bytes.flac", few, Refused("header is damaged"))
    short = b"fLaC" + streaminfo(MUSIC.shape[1] * 2, 2, 16) + b"".join(verbatim())
    yield Kind("half-of-its-count.flac", short, Refused("cut off"))
    long = b"fLaC" + streaminfo(MUSIC.shape[1] // 2, 2, 16) + b"".join(verbatim())
    yield Kind("twice-its-count.flac", long, RIGHT)


KINDS = [*_headers(), *_damaged()]
