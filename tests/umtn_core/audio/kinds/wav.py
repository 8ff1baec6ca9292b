"""WAV as recorders, pipes and editors write it."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

from tests.umtn_core.audio.kinds.kind import (
    MONO,
    MUSIC,
    RATE,
    Audio,
    Exactly,
    Kind,
    Nearly,
    Refused,
    ape,
    by_pedalboard,
    by_soundfile,
    id3,
    id3v1,
    title,
)

PCM, FLOAT, ULAW, MP3, EXTENSIBLE = 1, 3, 7, 0x55, 0xFFFE
_GUID = bytes.fromhex("000000001000800000aa00389b71")
_TO_THE_END = 0xFFFFFFFF
_CUT_OFF = "cut off"


def chunk(name: bytes, body: bytes, size: int | None = None, pad: bool = True) -> bytes:
    size = len(body) if size is None else size
    return name + struct.pack("<I", size) + body + (b"\0" if pad and len(body) % 2 else b"")


def riff(*chunks: bytes, magic: bytes = b"RIFF", size: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return magic + struct.pack("<I", len(body) if size is None else size) + body


def form(
    tag: int, bits: int, channels: int = 2, width: int | None = None, rate: int = RATE
) -> bytes:
    """The 16 bytes of a fmt chunk; a sample takes `width` bytes."""
    block = channels * (-(-bits // 8) if width is None else width)
    return struct.pack("<HHIIHH", tag, channels, rate, rate * block % 2**32, block, bits)


def extended(tag: int, bits: int, valid: int, channels: int = 2, rate: int = RATE) -> bytes:
    extra = struct.pack("<HHIH", 22, valid, 3 if channels == 2 else 4, tag)
    return form(EXTENSIBLE, bits, channels, rate=rate) + extra + _GUID


def fmt(*arguments: int, **more: int | None) -> bytes:
    return chunk(b"fmt ", form(*arguments, **more))  # type: ignore[arg-type]


def integers(audio: Audio, bits: int, width: int, shift: int = 0, order: str = "<") -> bytes:
    """Samples of so many bits, shifted up, in so many bytes each, interleaved."""
    whole = np.rint(audio.T * (2.0 ** (bits - 1) - 1)).astype("i8") << shift
    octets = np.ascontiguousarray(whole, "<i8").view(np.uint8).reshape(-1, 8)[:, :width]
    return octets[:, :: 1 if order == "<" else -1].tobytes()


def floats(audio: Audio, kind: str) -> bytes:
    return np.ascontiguousarray(audio.T).astype(kind).tobytes()


def ulaw(audio: Audio) -> bytes:
    value = np.clip(np.rint(audio.T * 32767), -32635, 32635).astype(int)
    biased = np.abs(value) + 132
    exponent = np.floor(np.log2(biased)).astype(int) - 7
    code = (value < 0) * 0x80 | exponent << 4 | biased >> exponent + 3 & 15
    return (~code & 255).astype(np.uint8).tobytes()


BYTES = integers(MUSIC, 16, 2)
FMT = fmt(PCM, 16)
DATA = chunk(b"data", BYTES)
PLAIN = riff(FMT, DATA)
RIGHT = Exactly(MUSIC)


def _sizes() -> Iterator[Kind]:
    """Sizes that a program left open, or counted wrong."""
    for size in (0, 0x7FFFFF00, 0x7FFFFFFF, 0x80000000, 0xFFFFFF00, 0xFFFFFFDB, _TO_THE_END):
        data = chunk(b"data", BYTES, size)
        open_riff = riff(FMT, data, size=min(size, _TO_THE_END))
        yield Kind(f"data-{size:x}.wav", open_riff, RIGHT)
        yield Kind(f"data-{size:x}-alone.wav", riff(FMT, data), RIGHT)
    info = chunk(b"LIST", b"INFOISFT" + struct.pack("<I", 14) + b"Lavf60.16.100\0")
    piped = riff(FMT, info, chunk(b"data", BYTES, _TO_THE_END), size=_TO_THE_END)
    yield Kind("piped.wav", piped, RIGHT)
    # A recorder that lost its power, with room that it had set aside.
    lost = riff(chunk(b"FLLR", bytes(4000)), FMT, chunk(b"data", BYTES, 0), size=0)
    yield Kind("no-power.wav", lost, RIGHT)
    for off in (-8, -4, -3, -2, -1, 1, 2, 3, 4, 8):
        data = chunk(b"data", BYTES, len(BYTES) + off)
        # FFmpeg believes a size that is too small.
        yield Kind(f"data-off{off:+d}.wav", riff(FMT, data), RIGHT, ffmpeg=off > 0)
    for size in (0, 4, 36, len(PLAIN) - 9, len(PLAIN), len(PLAIN) + 100, 0x7FFFFFFF, _TO_THE_END):
        yield Kind(f"riff-{size:x}.wav", riff(FMT, DATA, size=size), RIGHT)
    for kept in (0.3, 0.5, 0.9, 0.99):
        yield Kind(f"cut-{kept}.wav", PLAIN[: int(len(PLAIN) * kept)], Refused(_CUT_OFF))
    quarter = riff(FMT, chunk(b"data", BYTES, 4 * len(BYTES)))
    yield Kind("size-of-four-times.wav", quarter, Refused(_CUT_OFF))
    for kept, words in ((12, "no fmt"), (20, "0 bytes"), (30, "10 bytes"), (36, "no sound")):
        yield Kind(f"cut-{kept}-bytes.wav", PLAIN[:kept], Refused(words))
    yield Kind("cut-before-data.wav", PLAIN[:44], Refused("0 are there"))


def _chunks() -> Iterator[Kind]:
    """Chunks that stand elsewhere, twice, or without the byte that makes them even."""
    odd = chunk(b"LIST", b"INFOISFT\x03\0\0\0abc", pad=False)
    cue = chunk(b"cue ", bytes(4))
    junk = chunk(b"JUNK", bytes(28))
    yield Kind("odd-chunk-before.wav", riff(odd, FMT, DATA), RIGHT, ffmpeg=False)
    yield Kind("odd-chunk-between.wav", riff(FMT, odd, DATA), RIGHT, ffmpeg=False)
    yield Kind("odd-chunk-behind.wav", riff(FMT, DATA, odd, cue), RIGHT)
    eight = MONO[:, :10_001]
    few = np.rint(eight[0] * 127 + 128).astype(np.uint8).tobytes()
    for pad in (True, False):
        data = chunk(b"data", few, pad=pad)
        contents = riff(fmt(PCM, 8, 1), data, chunk(b"LIST", b"INFOabcd"))
        yield Kind(f"odd-data-{'padded' if pad else 'bare'}.wav", contents, Exactly(eight, 0.01))
    odd_24 = integers(MONO[:, :10_001], 24, 3)
    for pad in (True, False):
        data = chunk(b"data", odd_24, pad=pad)
        contents = riff(fmt(PCM, 24, 1), data, chunk(b"LIST", b"INFOabcd"))
        right = Exactly(MONO[:, :10_001], 1e-6)
        yield Kind(f"odd-24-{'padded' if pad else 'bare'}.wav", contents, right)
    yield Kind("two-fmt.wav", riff(fmt(PCM, 24), FMT, DATA), Refused("fmt"))
    yield Kind("fmt-twice.wav", riff(FMT, FMT, DATA), RIGHT)
    yield Kind("junk-before.wav", riff(junk, FMT, DATA), RIGHT)
    yield Kind("junk-between.wav", riff(FMT, junk, DATA), RIGHT)
    yield Kind("bext.wav", riff(chunk(b"bext", bytes(602)), FMT, DATA, cue), RIGHT)
    yield Kind("id3-chunk.wav", riff(FMT, DATA, chunk(b"id3 ", id3(bytes(301)))), RIGHT)
    yield Kind("large-chunk-before.wav", riff(FMT, chunk(b"LGWV", bytes(70_000)), DATA), RIGHT)
    yield Kind("behind-the-end.wav", PLAIN + bytes(100), RIGHT)
    nothing = "120 more that belong to nothing"
    yield Kind("noise-behind.wav", PLAIN + b"\x80\x81\x82" * 40, RIGHT, nothing)
    yield Kind("cut-chunk-behind.wav", PLAIN + b"LIST\0\4\0\0INFOI", RIGHT)
    yield Kind("chunk-behind-riff.wav", PLAIN + chunk(b"id3 ", id3(bytes(301))), RIGHT)
    yield Kind("odd-name.wav", riff(FMT, chunk(b"\xffab\x01", bytes(50)), DATA), RIGHT)
    yield Kind("id3v1-behind.wav", PLAIN + id3v1(), RIGHT)
    yield Kind("id3-before.wav", id3(title() + bytes(500)) + PLAIN, RIGHT, ffmpeg=False)
    yield Kind("ape-before.wav", ape() + PLAIN, RIGHT, ffmpeg=False)
    # FFmpeg plays the last chunk, too.
    unsized = riff(FMT, chunk(b"data", BYTES, 0), cue)
    yield Kind("data-size-0-then-chunk.wav", unsized, RIGHT, ffmpeg=False)
    half = len(BYTES) // 8 * 4
    two = riff(FMT, chunk(b"data", BYTES[:half]), cue, chunk(b"data", BYTES[half:]))
    yield Kind("two-data.wav", two, RIGHT, ffmpeg=False)
    yield Kind("empty-data-first.wav", riff(FMT, chunk(b"data", b""), DATA), RIGHT, ffmpeg=False)
    yield Kind("wavl.wav", riff(FMT, chunk(b"LIST", b"wavl" + DATA)), RIGHT, ffmpeg=False)
    silence = chunk(b"slnt", struct.pack("<I", 1000))
    waves = riff(FMT, chunk(b"LIST", b"wavl" + DATA + silence))
    yield Kind("wavl-silence.wav", waves, Refused("leaves silence out"))
    yield Kind("joined.wav", PLAIN + PLAIN, Exactly(np.tile(MUSIC, 2)), ffmpeg=False)
    other = riff(fmt(PCM, 16, rate=48_000), DATA)
    yield Kind("joined-rates.wav", PLAIN + other, Refused("different forms"), ffmpeg=False)
    yield Kind("fmt-behind.wav", riff(DATA, FMT), RIGHT)
    yield Kind("no-fmt.wav", riff(DATA), Refused("fmt"))
    yield Kind("no-data.wav", riff(FMT, chunk(b"xxxx", BYTES)), Refused("no sound"))
    yield Kind("empty-data.wav", riff(FMT, chunk(b"data", b"")), Refused("no sound"))
    yield Kind(
        "empty-chunks.wav", riff(FMT, chunk(b"junk", b"") * 300_000), Refused("10000 chunks")
    )


def _forms() -> Iterator[Kind]:
    """Samples of every width, plain and as WAVE_FORMAT_EXTENSIBLE."""

    def file(name: str, form: bytes, data: bytes, error: float, ffmpeg: bool = True) -> Kind:
        contents = riff(chunk(b"fmt ", form), chunk(b"data", data))
        return Kind(name, contents, Exactly(MUSIC, error), ffmpeg=ffmpeg)

    unsigned = np.rint(MUSIC.T * 127 + 128).astype(np.uint8).tobytes()
    yield file("8.wav", form(PCM, 8), unsigned, 0.01)
    yield file("16-of-14-bytes.wav", form(PCM, 16)[:14], BYTES, 1e-4, ffmpeg=False)
    yield file("16-of-18-bytes.wav", form(PCM, 16) + b"\0\0", BYTES, 1e-4)
    yield file("16-ext.wav", extended(PCM, 16, 16), BYTES, 1e-4)
    yield file("16-in-4.wav", form(PCM, 16, width=4), integers(MUSIC, 16, 4, 16), 1e-4, False)
    yield file("24.wav", form(PCM, 24), integers(MUSIC, 24, 3), 1e-6)
    yield file("24-ext.wav", extended(PCM, 24, 24), integers(MUSIC, 24, 3), 1e-6)
    left, low = integers(MUSIC, 24, 4, 8), integers(MUSIC, 24, 4)
    yield file("24-in-4.wav", form(PCM, 24, width=4), left, 1e-6, False)
    yield file("24-in-4-low.wav", form(PCM, 24, width=4), low, 1e-6, False)  # as ALSA writes it
    yield file("24-in-4-ext.wav", extended(PCM, 32, 24), left, 1e-6, False)
    yield file("20-in-3.wav", form(PCM, 20), integers(MUSIC, 20, 3, 4), 1e-5)
    yield file("20-in-3-ext.wav", extended(PCM, 24, 20), integers(MUSIC, 20, 3, 4), 1e-5)
    yield file("20-in-4.wav", form(PCM, 20, width=4), integers(MUSIC, 20, 4, 12), 1e-5, False)
    yield file("12.wav", form(PCM, 12), integers(MUSIC, 12, 2, 4), 1e-3)
    yield file("12-ext.wav", extended(PCM, 16, 12), integers(MUSIC, 12, 2, 4), 1e-3)
    yield file("32.wav", form(PCM, 32), integers(MUSIC, 32, 4), 1e-6)
    yield file("32-ext.wav", extended(PCM, 32, 32), integers(MUSIC, 32, 4), 1e-6)
    yield file("f32.wav", form(FLOAT, 32), floats(MUSIC, "<f4"), 1e-6)
    yield file("f32-ext.wav", extended(FLOAT, 32, 32), floats(MUSIC, "<f4"), 1e-6)
    yield file("f64.wav", form(FLOAT, 64), floats(MUSIC, "<f8"), 1e-6)
    yield file("f64-ext.wav", extended(FLOAT, 64, 64), floats(MUSIC, "<f8"), 1e-6)
    mask = extended(PCM, 24, 24)[:20] + bytes(4) + extended(PCM, 24, 24)[24:]
    yield file("24-ext-no-mask.wav", mask, integers(MUSIC, 24, 3), 1e-6)
    yield file("24-ext-0-valid.wav", extended(PCM, 24, 0), integers(MUSIC, 24, 3), 1e-6)
    ambisonic = extended(PCM, 16, 16)[:-16] + bytes.fromhex("010000002107d3118644c8c1ca000000")
    yield file("ambisonic.wav", ambisonic, BYTES, 1e-4)
    yield file("ulaw.wav", form(ULAW, 8) + b"\0\0", ulaw(MUSIC), 0.02)
    yield file("ulaw-ext.wav", extended(ULAW, 8, 8), ulaw(MUSIC), 0.02)
    yield file("0-bits.wav", form(PCM, 0, width=2), BYTES, 1e-4, False)
    for name in ("ALAW", "ULAW"):
        yield Kind(f"{name.lower()}-by-libsndfile.wav", by_soundfile(MUSIC, "WAV", name),
                   Exactly(MUSIC, 0.02))  # fmt: skip
    yield file("block-0.wav", struct.pack("<HHIIHH", PCM, 2, RATE, 0, 0, 16), BYTES, 1e-4)


def _refused_forms() -> Iterator[Kind]:
    """Samples that nobody reads, and forms that cannot be."""

    def file(name: str, form: bytes, data: bytes, words: str) -> Kind:
        return Kind(name, riff(chunk(b"fmt ", form), chunk(b"data", data)), Refused(words))

    yield file(
        "f16.wav", form(FLOAT, 16), floats(MUSIC, "<f2"), "floating-point numbers of 16 bits"
    )
    yield file("64.wav", form(PCM, 64), integers(MUSIC, 62, 8), "whole numbers of 64 bits")
    yield file("17-in-2.wav", form(PCM, 17, width=2), BYTES, "17")
    yield file("unknown-tag.wav", form(0x1234, 16), BYTES, "0x1234")
    # A width that the bits do not need holds nothing: here it does.
    yield file("16-in-4-of-stereo.wav", form(PCM, 16, 1, width=4), BYTES, "contradicts itself")
    yield file("0-bits-in-1.wav", form(PCM, 24)[:12] + b"\2\0\0\0", BYTES, "contradicts itself")
    doubles = extended(FLOAT, 64, 32)
    yield file(
        "32-in-8-float.wav", doubles, floats(MUSIC, "<f8"), "samples of 32 bits take 8 bytes"
    )
    # As a receiver of surround sound takes it from S/PDIF: a burst in each 6,144 bytes.
    burst = b"\x72\xf8\x1f\x4e\1\0\0\x38\x77\x0b" + np.random.default_rng(4).bytes(1782)
    yield file("ac-3.wav", form(PCM, 16), burst.ljust(6144, b"\0") * 20, "AC-3 or DTS")
    # As Cool Edit has it: floating point that says 24 bits.
    yield file("cool-edit.wav", form(PCM, 24, width=4), floats(MUSIC, "<f4"), "something else")
    private = extended(PCM, 16, 16)[:-8] + b"whatever"
    yield file("private.wav", private, BYTES, "only its maker knows")
    yield file("short-extensible.wav", form(EXTENSIBLE, 16), BYTES, "ends before it says how")
    yield file("no-channels.wav", form(PCM, 16, 0), BYTES, "no channels")
    yield file("crowd.wav", form(PCM, 16, 1000), BYTES, "1000 channels")
    yield file("65535-channels.wav", form(PCM, 8, 65535), BYTES, "65535 channels")
    for rate in (0, 1, 999, 1_000_001, 2**31):
        yield file(f"{rate}-hz.wav", form(PCM, 16, rate=rate), BYTES, "1000 to 1000000")
    for value, name in ((np.nan, "nan"), (np.inf, "inf")):
        audio = MUSIC.copy()
        audio[1, RATE // 2] = value
        yield file(f"{name}.wav", form(FLOAT, 32), floats(audio, "<f4"), "0.500 s")


def _long() -> Iterator[Kind]:
    """The forms for more than 4 GiB, and the one of the other byte order."""
    sizes = struct.pack("<QQQI", len(PLAIN) + 28, len(BYTES), MUSIC.shape[1], 0)
    data = chunk(b"data", BYTES, _TO_THE_END)
    for magic in (b"RF64", b"BW64"):
        name = magic.decode().lower()

        def file(*chunks: bytes, magic: bytes = magic) -> bytes:
            return riff(*chunks, magic=magic, size=_TO_THE_END)

        whole = file(chunk(b"ds64", sizes), FMT, data)
        yield Kind(f"{name}-short.wav", file(chunk(b"ds64", sizes), FMT, DATA), RIGHT)
        yield Kind(f"{name}.wav", whole, RIGHT)
        yield Kind(f"{name}-cut.wav", whole[: len(whole) // 2], Refused(_CUT_OFF))
        yield Kind(f"{name}-no-ds64.wav", file(FMT, DATA), RIGHT, ffmpeg=False)
        empty = file(chunk(b"ds64", bytes(28)), FMT, data)
        yield Kind(f"{name}-zero-ds64.wav", empty, RIGHT, ffmpeg=False)
        short = file(chunk(b"ds64", sizes[:24]), FMT, data)
        yield Kind(f"{name}-short-ds64.wav", short, RIGHT)
    count = struct.pack(">I", len(BYTES))
    rifx = b"WAVEfmt \0\0\0\x10" + struct.pack(">HHIIHH", PCM, 2, RATE, RATE * 4, 4, 16)
    rifx += b"data" + count + integers(MUSIC, 16, 2, order=">")
    rifx = b"RIFX" + struct.pack(">I", len(rifx)) + rifx
    yield Kind("rifx.wav", rifx, RIGHT, ffmpeg=False)
    yield Kind("rifx-cut.wav", rifx[: len(rifx) // 2], Refused(_CUT_OFF))
    w64 = by_soundfile(MUSIC, "W64", "PCM_16")
    yield Kind("sony.w64", w64, RIGHT)
    yield Kind("sony-cut.w64", w64[: len(w64) // 2], Refused(_CUT_OFF))


def mp3_inside(frames: bytes) -> bytes:
    """MP3 as the sound of a WAV file."""
    extra = struct.pack("<HHIHHH", 12, 1, 2, 417, 1, 1393)
    layer = struct.pack("<HHIIHH", MP3, 2, RATE, 16_000, 1, 0) + extra
    return riff(chunk(b"fmt ", layer), chunk(b"data", frames))


def _coded() -> Iterator[Kind]:
    """Samples that do not stand one by one."""
    for subtype, alike, longer in (("IMA_ADPCM", 0.98, 2000), ("MS_ADPCM", 0.98, 2000)):
        contents = by_soundfile(MUSIC, "WAV", subtype)
        name = subtype.lower().replace("_", "-")
        yield Kind(f"{name}.wav", contents, Nearly(MUSIC, longer=longer, alike=alike))
        yield Kind(f"{name}-cut.wav", contents[: len(contents) // 2], Refused(_CUT_OFF))
    for subtype in ("IMA_ADPCM", "MS_ADPCM"):
        name = subtype.lower().replace("_", "-")
        spoilt = by_soundfile(MUSIC, "WAV", subtype)
        gone = spoilt[:9000] + spoilt[9001:]
        yield Kind(f"{name}-byte-gone.wav", gone, Refused("into its sound"), ffmpeg=False)
        small = spoilt[:32] + b"\6\0" + spoilt[34:]
        yield Kind(f"{name}-small-blocks.wav", small, Refused("6 bytes, which are too few"))
    at = contents.index(b"data")
    packed = contents[at + 8 :]
    twice = contents[12:at] + chunk(b"data", packed[:2048]) + chunk(b"data", packed[2048:])
    yield Kind("ms-adpcm-two-data.wav", riff(twice), Refused("several chunks of packed samples"))
    gsm = by_soundfile(MONO, "WAV", "GSM610")
    yield Kind("gsm.wav", gsm, Nearly(MONO, longer=400, alike=0.9))
    contents = mp3_inside(by_pedalboard(MUSIC, "mp3", quality=128))
    yield Kind("mp3-inside.wav", contents, Nearly(MUSIC, longer=2400, late=2300), ffmpeg=False)


KINDS = [
    Kind("plain.wav", PLAIN, RIGHT),
    *_sizes(),
    *_chunks(),
    *_forms(),
    *_refused_forms(),
    *_long(),
    *_coded(),
]
