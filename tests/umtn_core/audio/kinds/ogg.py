"""Ogg: Vorbis, Opus and FLAC in it, joined, cut off, and beside other streams."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np

from tests.umtn_core.audio.kinds.flac import streaminfo, verbatim
from tests.umtn_core.audio.kinds.kind import (
    MONO,
    MUSIC,
    RATE,
    Exactly,
    Kind,
    Nearly,
    Refused,
    by_pedalboard,
    by_soundfile,
    id3,
    music,
    title,
)

RIGHT = Nearly(MUSIC)
_FIRST, _LAST = 2, 4
_OPEN = "no mark of its end"

#: All bytes with their bits the other way round.
_MIRRORED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))


def checked(page: bytes) -> bytes:
    """The page with the checksum that it should have: zlib's of bits the other way round."""
    blank = page[:22] + bytes(4) + page[26:]
    value = zlib.crc32(blank.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return page[:22] + struct.pack("<I", int(f"{value:032b}"[::-1], 2)) + page[26:]


def page(packet: bytes, serial: int, number: int, granule: int, flags: int = 0) -> bytes:
    """A page that holds one packet."""
    lacing = b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255])
    head = b"OggS\0" + bytes([flags]) + struct.pack("<qIII", granule, serial, number, 0)
    return checked(head + bytes([len(lacing)]) + lacing + packet)


def pages(contents: bytes) -> list[bytes]:
    """The pages of a file."""
    at, found = 0, []
    while at < len(contents):
        segments = contents[at + 27 : at + 27 + contents[at + 26]]
        end = at + 27 + len(segments) + sum(segments)
        found.append(contents[at:end])
        at = end
    return found


def _renumbered(contents: bytes, serial: int) -> bytes:
    return b"".join(
        checked(one[:14] + struct.pack("<I", serial) + one[18:]) for one in pages(contents)
    )


def _later(page: bytes, samples: int, pages: int = 0) -> bytes:
    """The page at a later time of its stream."""
    granule, serial, number = struct.unpack("<qII", page[6:22])
    granule += samples if granule > 0 else 0
    return checked(page[:6] + struct.pack("<qII", granule, serial, number + pages) + page[22:])


def flac_inside() -> bytes:
    """FLAC in Ogg, as its mapping has it; each frame cut into packets that a page can hold."""
    mapping = b"\x7fFLAC\1\0\0\1fLaC" + b"\0" + streaminfo(MUSIC.shape[1], 2, 16)[1:]
    comment = b"\x84\0\0\x08" + bytes(8)
    made = [page(mapping, 7, 0, 0, _FIRST), page(comment, 7, 1, 0)]
    blocks = verbatim()
    for number, block in enumerate(blocks):
        last = number == len(blocks) - 1
        granule = MUSIC.shape[1] if last else 4096 * (number + 1)
        made.append(page(block, 7, number + 2, granule, _LAST if last else 0))
    return b"".join(made)


VORBIS = by_pedalboard(MUSIC, "ogg", quality="192 kbps")
OPUS_MUSIC = music(rate=48_000)
OPUS = by_soundfile(OPUS_MUSIC, "OGG", "OPUS", 48_000)


def _whole() -> Iterator[Kind]:
    """Files that players play."""
    opus = Nearly(OPUS_MUSIC, 48_000, late=400, longer=1000, alike=0.9)
    yield Kind("vorbis.ogg", VORBIS, RIGHT)
    yield Kind("opus.opus", OPUS, opus)
    yield Kind("flac-inside.oga", flac_inside(), Exactly(MUSIC))
    later = b"".join(_later(one, 1_000_000) for one in pages(VORBIS))
    yield Kind("from-a-stream.ogg", later, RIGHT)
    last = pages(VORBIS)[-1]
    open_end = VORBIS[: -len(last)] + checked(last[:5] + b"\0" + last[6:])
    yield Kind("no-end.ogg", open_end, RIGHT, remark=_OPEN, ffmpeg=False)
    skeleton = page(b"fishead\0" + bytes(56), 99, 0, 0, _FIRST)
    end = page(b"", 99, 1, 0, _LAST)
    first, *rest = pages(VORBIS)
    beside = first + skeleton + end + b"".join(rest)
    # FFmpeg knows no stream of nothing but a header.
    yield Kind("skeleton.ogg", beside, RIGHT, ffmpeg=False)
    before = skeleton + first + end + b"".join(rest)
    yield Kind("skeleton-first.ogg", before, RIGHT, ffmpeg=False)
    yield Kind("id3-before.ogg", id3(title() + bytes(50)) + VORBIS, RIGHT)
    yield Kind("noise-behind.ogg", VORBIS + b"whatever" * 50, RIGHT)
    head, rest = pages(VORBIS)[:2], pages(VORBIS)[2:]
    live = head + [_later(one, 1_000_000, 100) for one in rest]
    yield Kind("live.ogg", b"".join(live), Nearly(MUSIC, shorter=1000, longer=1000))
    # Left, right, middle, bass, and behind: Vorbis has another order than WAV.
    six = np.concatenate([music(seed=0), music(seed=1)[:, ::-1], 0.7 * MUSIC])
    six[3] = 0.3 * np.sin(2 * np.pi * 80 * np.arange(six.shape[1]) / RATE)
    surround = by_soundfile(six[[0, 2, 1, 4, 5, 3]], "OGG", "VORBIS")
    yield Kind("surround.ogg", surround, Nearly(six, alike=0.9))
    half = by_soundfile(music(rate=24_000), "OGG", "OPUS", 24_000)
    yield Kind("24000-hz.opus", half, opus)
    yield Kind("behind-the-end.ogg", VORBIS + bytes(500), RIGHT)


def _joined() -> Iterator[Kind]:
    """Streams one after another, as `cat` and radio recorders leave them."""
    second = music(0.7, seed=1)
    more = by_pedalboard(second, "ogg", quality="192 kbps")
    both = Nearly(np.concatenate([MUSIC, second], axis=1))
    yield Kind("joined.ogg", VORBIS + _renumbered(more, 12345), both, ffmpeg=False)
    (serial,) = struct.unpack("<I", VORBIS[14:18])
    same = VORBIS + _renumbered(more, serial)
    yield Kind("joined-same-serial.ogg", same, both, ffmpeg=False)
    other = by_soundfile(music(rate=22_050), "OGG", "VORBIS", 22_050)
    yield Kind("joined-rates.ogg", VORBIS + other, Refused("different rates"), ffmpeg=False)
    few = _renumbered(by_pedalboard(MUSIC[:, :256], "ogg", quality="64 kbps"), 1)
    crowd = b"".join(_renumbered(few, serial) for serial in range(1001))
    yield Kind("joined-1001.ogg", crowd, Refused("1001 recordings"))
    one = by_pedalboard(MONO, "ogg", quality="192 kbps")
    yield Kind("joined-channels.ogg", VORBIS + one, Refused("channel"), ffmpeg=False)


def _damaged() -> Iterator[Kind]:
    """Cut off within and between pages, and with a page gone."""
    for name, contents in (("vorbis", VORBIS), ("opus", OPUS), ("flac", flac_inside())):
        for kept in (0.3, 0.5, 0.9, 0.99):
            yield Kind(
                f"cut-{kept}-{name}.ogg", contents[: int(len(contents) * kept)], Refused("cut off")
            )
    for name, contents, audio, rate in (
        ("vorbis", VORBIS, MUSIC, RATE),
        ("opus", OPUS, OPUS_MUSIC, 48_000),
    ):
        between = b"".join(pages(contents)[:-1])
        part = Nearly(audio, rate, late=400, shorter=10_000, alike=0.9)
        yield Kind(f"cut-between-pages-{name}.ogg", between, part, remark=_OPEN)
    counted = b"".join(pages(flac_inside())[:-1])
    yield Kind("cut-between-pages-flac.ogg", counted, Refused("40960 are there"))
    parts = pages(flac_inside())
    gone = b"".join(parts[:5] + parts[6:])
    yield Kind("page-gone.oga", gone, Refused("damaged"), ffmpeg=False)
    footer = b"APETAGEX" + struct.pack("<IIIIQ", 2000, 64, 1, 0, 0)
    yield Kind("nothing-but-tag.ogg", b"OggS" + bytes(28) + footer, Refused("no whole page"))
    heads = pages(VORBIS)[:2]
    silent = heads[0] + checked(heads[1][:5] + bytes([_LAST]) + heads[1][6:])
    yield Kind("header-only.ogg", silent, Refused("holds no sound"))
    for name, head in (("vorbis", b"\1vorbis"), ("opus", b"OpusHead"), ("flac", b"\x7fFLAC")):
        yield Kind(f"short-{name}.ogg", page(head, 1, 0, 0, _FIRST), Refused("damaged"))
    yield Kind("first-page-gone.ogg", b"".join(pages(VORBIS)[1:]), Refused("first of its pages"))
    one, *rest = pages(VORBIS)
    between = one + b"whatever" * 5 + b"".join(rest)
    yield Kind("junk-between.ogg", between, Refused("where a page should begin"))
    changed = bytearray(VORBIS)
    changed[len(VORBIS) // 2] ^= 0xFF
    yield Kind("changed.ogg", bytes(changed), Refused("damaged"), ffmpeg=False)
    unknown = page(b"\x80theora" + bytes(35), 1, 0, 0, _FIRST) + page(b"", 1, 1, 0, _LAST)
    yield Kind("video-only.ogg", unknown, Refused("no Vorbis, Opus or FLAC"))


KINDS = [*_whole(), *_joined(), *_damaged()]
