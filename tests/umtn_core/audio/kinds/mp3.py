"""MP3 as encoders, taggers, pipes and `cat` leave it."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

from tests.umtn_core.audio.kinds.kind import (
    MONO,
    MUSIC,
    RATE,
    Audio,
    Kind,
    Nearly,
    Refused,
    ape,
    by_pedalboard,
    by_soundfile,
    id3,
    id3v1,
    music,
    picture,
    synchsafe,
    title,
)

_RATES = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
#: What LAME puts before the music, as a decoder without its tag plays it.
_DELAY = 1105
#: A decoder that trims both ends knows them to the sample.
RIGHT = Nearly(MUSIC)


def untrimmed(audio: Audio) -> Nearly:
    """As it is decoded where nothing says what the encoder added: delay, and the last frame."""
    return Nearly(audio, late=_DELAY + 1152, longer=4 * 1152)


def frames(contents: bytes) -> list[bytes]:
    """The frames of an MPEG-1 layer III file of 44.1 kHz; the first holds the Xing header."""
    at, found = 0, []
    while at + 4 <= len(contents) and contents[at] == 255 and contents[at + 1] & 0xE0 == 0xE0:
        size = 144_000 * _RATES[contents[at + 2] >> 4] // RATE + (contents[at + 2] >> 1 & 1)
        found.append(contents[at : at + size])
        at += size
    return found


def counted(contents: bytes, frames: int | None = None, octets: int | None = None) -> bytes:
    """The same file with other counts in its Xing or Info header."""
    changed = bytearray(contents)
    at = max(contents.find(b"Xing"), contents.find(b"Info"))
    if frames is not None:
        changed[at + 8 : at + 12] = struct.pack(">I", frames)
    if octets is not None:
        changed[at + 12 : at + 16] = struct.pack(">I", octets)
    return bytes(changed)


VBR = by_pedalboard(MUSIC, "mp3", quality="V2")
CBR = by_pedalboard(MUSIC, "mp3", quality=128)
BARE_VBR, BARE_CBR = (b"".join(frames(contents)[1:]) for contents in (VBR, CBR))


def vbri() -> bytes:
    """Variable frames behind the header that Fraunhofer's encoder writes."""
    music = frames(VBR)[1:]
    first = bytearray(frames(CBR)[0])
    first[4:] = bytes(len(first) - 4)
    size = sum(map(len, music)) + len(first)
    table = b"".join(struct.pack(">H", len(frame)) for frame in music)
    header = struct.pack(">4sHHHIIHHHH", b"VBRI", 1, 0, 75, size, len(music), len(music), 1, 2, 1)
    first[36 : 36 + len(header)] = header
    first[36 + len(header) :] = table[: len(first) - 36 - len(header)]
    return bytes(first) + b"".join(music)


def free_format() -> bytes:
    """Frames of one size that no bit rate names; at 48 kHz they never need padding."""
    plain = bytearray(by_soundfile(music(rate=48_000), "MP3", "MPEG_LAYER_III", 48_000,
                                   bitrate_mode="CONSTANT", compression_level=0.6))  # fmt: skip
    size = 144 * _RATES[plain[2] >> 4] // 48
    for at in range(0, len(plain) - 3, size):
        plain[at + 2] &= 0x0F
    return bytes(plain[size:])


def _tags() -> Iterator[Kind]:
    """What taggers put before and behind the music."""
    cover = picture(bytes(300_000))
    # A picture that is full of what looks like frames.
    thumbnail = picture(b"\xff\xd8\xff\xe0" + BARE_CBR[:20_000])
    yield Kind("id3.mp3", id3(title() + bytes(500)) + VBR, RIGHT)
    yield Kind("id3-of-2.2.mp3", id3(b"TT2\0\0\5\0Tune" + bytes(50), version=2) + VBR, RIGHT)
    footed = id3(title() + bytes(50), version=4, footer=True)
    yield Kind("id3-with-footer.mp3", footed + VBR, RIGHT)
    yield Kind("id3-unsynchronised.mp3", id3(title() + b"\xff\0\xe0" * 50, flags=0x80) + VBR, RIGHT)
    yield Kind("id3-picture.mp3", id3(cover) + CBR, RIGHT)
    yield Kind("id3-picture-of-frames.mp3", id3(thumbnail) + VBR, RIGHT)
    yield Kind("two-id3.mp3", id3(title() + bytes(200)) + id3(cover) + CBR, RIGHT)
    yield Kind("three-id3.mp3", id3(title()) + id3(cover) + id3(bytes(20), version=4) + VBR, RIGHT)
    yield Kind("two-id3-bare.mp3", id3(title()) + id3(cover) + BARE_VBR, untrimmed(MUSIC))
    yield Kind("id3-padded-between.mp3", id3(title()) + bytes(2000) + VBR, RIGHT, ffmpeg=False)
    word = id3(title(b"Info tune") + bytes(50) + b"Info\0\0\0\x0f\0\0\0\5\0\0\1\0" + bytes(400))
    yield Kind("info-in-padding.mp3", word + BARE_CBR, untrimmed(MUSIC))
    yield Kind("xing-in-tag.mp3", id3(picture(VBR[:2000])) + BARE_VBR, untrimmed(MUSIC))
    large = b"ID3\3\0\0" + synchsafe(1 << 27) + title() + bytes(500)
    yield Kind("id3-larger-than-file.mp3", large + VBR, RIGHT, ffmpeg=False)
    small = b"ID3\3\0\0" + synchsafe(40) + title() + bytes(500)
    yield Kind("id3-size-too-small.mp3", small + VBR, RIGHT, ffmpeg=False)
    for count in (1, 2, 3):
        few = b"".join(frames(BARE_CBR)[:count])
        part = Nearly(MUSIC[:, : count * 1152], late=3000, longer=2000, shorter=1200)
        for behind, after in (("tag", id3v1()), ("zeros", bytes(2000))):
            name = f"{count}-frames-{behind}-behind.mp3"
            yield Kind(name, few + after, part, ffmpeg=behind == "tag" and count > 1)
    # As radio has it, which says the title of each song.
    within = b"".join(frames(BARE_CBR)[:20]) + id3(title()) + b"".join(frames(BARE_CBR)[20:])
    yield Kind("id3-within.mp3", within, untrimmed(MUSIC), ffmpeg=False)
    yield Kind("id3v1.mp3", VBR + id3v1(), RIGHT)
    yield Kind("ape-behind.mp3", VBR + ape() + id3v1(), RIGHT)
    # FFmpeg does not look behind an APE tag for the Xing header.
    yield Kind("ape-before.mp3", ape() + VBR, RIGHT, ffmpeg=False)
    lyrics = b"LYRICSBEGININD0000200LYR00010abcdefghij000037LYRICS200"
    yield Kind("lyrics.mp3", VBR + lyrics + id3v1(), RIGHT, ffmpeg=False)
    old = b"LYRICSBEGIN" + b"la la la " * 20 + b"LYRICSEND"
    yield Kind("old-lyrics.mp3", VBR + old + id3v1(), RIGHT, ffmpeg=False)
    yield Kind("id3-behind.mp3", VBR + id3(title() + bytes(100), version=4, footer=True), RIGHT,
               ffmpeg=False)  # fmt: skip
    yield Kind("zeros-before.mp3", bytes(3000) + CBR, RIGHT, ffmpeg=False)
    yield Kind("zeros-behind.mp3", CBR + bytes(3000), RIGHT, ffmpeg=False)
    junk = np.random.default_rng(1).integers(0, 250, 700).astype(np.uint8).tobytes()
    yield Kind("junk-before.mp3", junk + CBR, RIGHT, ffmpeg=False)


def _counts() -> Iterator[Kind]:
    """Headers that count, count wrong, or are not there."""
    count, size = len(frames(VBR)) - 1, len(VBR)
    yield Kind("vbr.mp3", VBR, RIGHT)
    yield Kind("cbr.mp3", CBR, RIGHT)
    yield Kind("bare-vbr.mp3", BARE_VBR, untrimmed(MUSIC))
    yield Kind("bare-cbr.mp3", BARE_CBR, untrimmed(MUSIC))
    # A radio's stream, which one joins within a frame.
    middle = BARE_CBR[5 * 418 + 100 :]
    late = MUSIC[:, 6 * 1152 :]
    yield Kind("from-within-a-frame.mp3", middle, Nearly(late, late=2300, longer=5000, alike=0.8))
    # A loud beginning, from which a decoder reckons that the rest is as short.
    louder = np.concatenate([music(0.5), 0.02 * music(4.0, seed=1)], axis=1)
    soft = b"".join(frames(by_pedalboard(louder, "mp3", quality="V2"))[1:])
    yield Kind("bare-vbr-loud-first.mp3", soft, untrimmed(louder))
    yield Kind("vbri.mp3", vbri(), untrimmed(MUSIC), ffmpeg=False)
    for frames_, name in ((10, "few"), (count - 1, "one-less"), (count + 1, "one-more"),
                          (1000, "many"), (0, "no"), (0xFFFFFFFF, "all")):  # fmt: skip
        wrong = counted(VBR, frames=frames_)
        remark = "26.1 s of sound" if frames_ == 1000 else ""
        yield Kind(f"xing-{name}-frames.mp3", wrong, untrimmed(MUSIC), remark, ffmpeg=frames_ != 10)
    yield Kind("xing-few-bytes.mp3", counted(VBR, octets=size // 3), untrimmed(MUSIC))
    # By these bytes there was three times as much, of which the frames know nothing.
    yield Kind("xing-many-bytes.mp3", counted(VBR, octets=3 * size), untrimmed(MUSIC))
    yield Kind("xing-zeros.mp3", counted(VBR, frames=0, octets=0), untrimmed(MUSIC))


def _joined() -> Iterator[Kind]:
    """Files joined by `cat`."""
    second = music(0.7, seed=1)
    more = by_pedalboard(second, "mp3", quality="V2")
    both = np.concatenate([MUSIC, second], axis=1)
    whole = Nearly(both, late=4600, longer=6 * 1152, alike=0.85)
    yield Kind("joined.mp3", VBR + more, whole)
    yield Kind("joined-tagged.mp3", VBR + id3v1() + id3(title()) + more, whole)
    yield Kind("joined-bare.mp3", BARE_VBR + b"".join(frames(more)[1:]), whole)
    other = by_soundfile(music(rate=22_050), "MP3", "MPEG_LAYER_III", 22_050)
    yield Kind("joined-rates.mp3", VBR + other, Refused("different rates"), ffmpeg=False)
    # Of the first file, the header and 24 frames.
    short = b"".join(frames(VBR)[:25]) + more
    rest = np.concatenate([MUSIC[:, : 24 * 1152 - _DELAY], second], axis=1)
    right = Nearly(rest, late=4600, longer=6 * 1152, alike=0.85)
    joint = "something may be missing where parts were joined"
    yield Kind("joined-short-first.mp3", short, right, joint, ffmpeg=False)
    one = by_pedalboard(MONO, "mp3", quality="V2")
    yield Kind("joined-channels.mp3", VBR + one, Refused("channel"), ffmpeg=False)


def _damaged() -> Iterator[Kind]:
    """Cut off, and with a hole."""
    for kept in (0.3, 0.5, 0.9, 0.99):
        yield Kind(f"cut-{kept}.mp3", VBR[: int(len(VBR) * kept)], Refused("cut off"))
        yield Kind(f"cut-{kept}-cbr.mp3", CBR[: int(len(CBR) * kept)], Refused("cut off"))
    last = "ends within a frame"
    bare = BARE_VBR[: len(BARE_VBR) * 2 // 3]
    part = MUSIC[:, : MUSIC.shape[1] * 6 // 10]
    # Nothing says that there was more; the last frame that is whole ends it.
    yield Kind("bare-cut.mp3", bare, Nearly(part, late=2300, longer=9000), remark=last)
    noise = np.random.default_rng(2).integers(0, 256, 3000).astype(np.uint8).tobytes()
    middle = len(VBR) // 2
    hole = VBR[:middle] + noise + VBR[middle + 3000 :]
    yield Kind("hole.mp3", hole, Refused("damaged at 0."), ffmpeg=False)
    gap = VBR[:middle] + VBR[middle + 3000 :]
    yield Kind("gap.mp3", gap, Refused("damaged at 0.50 s"), ffmpeg=False)
    bare_gap = BARE_CBR[:6000] + BARE_CBR[9100:]
    yield Kind("bare-gap.mp3", bare_gap, Refused("damaged at 0."), ffmpeg=False)
    yield Kind("header-only.mp3", VBR[:4], Refused("format"))
    yield Kind("info-only.mp3", frames(VBR)[0], Refused("only a header"))
    # How loud the first frame is, changed.
    loud = bytearray(BARE_CBR)
    loud[16], loud[24], loud[31] = 127, 255, 255
    yield Kind("burst.mp3", bytes(loud), Refused("times as loud as can be"), ffmpeg=False)
    yield Kind("tag-only.mp3", id3(cover := picture(bytes(3000))), Refused("format"))
    yield Kind("tag-cut.mp3", id3(cover)[:1000], Refused("format"))


def _forms() -> Iterator[Kind]:
    """Rates and modes."""
    for rate in (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 48_000):
        audio = music(rate=rate, channels=1)
        contents = by_soundfile(audio, "MP3", "MPEG_LAYER_III", rate)
        yield Kind(
            f"{rate}-hz.mp3", contents, Nearly(audio, rate, longer=2400, late=2400, alike=0.95)
        )
    mono = by_pedalboard(MONO, "mp3", quality="V2")
    yield Kind("mono.mp3", mono, Nearly(MONO))
    alike = np.concatenate([MONO, 0.9 * MONO])
    yield Kind("joint.mp3", by_pedalboard(alike, "mp3", quality=128), Nearly(alike))
    # FFmpeg does not read it either.
    yield Kind("free-format.mp3", free_format(), Refused("format"))


KINDS = [*_tags(), *_counts(), *_joined(), *_damaged(), *_forms()]
